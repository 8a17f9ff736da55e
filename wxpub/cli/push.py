"""`wxpub push`: issues in, one draft in the draft box out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wxpub import push as pushing
from wxpub.cli import options, wechat
from wxpub.finding import Finding

if TYPE_CHECKING:
    from wxpub.cli.wechat import WeChat
    from wxpub.push import Job, Plan, Receipt

BY_HAND = "原创 (original), 合集 (album), 赞赏 (tips), 群发 (send to followers)"


@click.command()
@options.files
@wechat.account_options
@options.theme
@click.option("--dry-run", is_flag=True, help="Do everything but change something at WeChat; say what would be done.")
@click.option("--new", is_flag=True, help="Make a new draft and leave the one before alone.")
@click.option("--force", is_flag=True, help="Overwrite what was changed in the web editor.")
@click.option(
    "--skip-unreachable", is_flag=True, help="Put a grey box in place of pictures on the web that cannot be reached."
)
@click.option("--preview-to", metavar="WXID", help="Then send WeChat's preview to this follower's phone.")
@click.option("--open", "open_page", is_flag=True, help="With --sandbox: show the draft in the browser, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document about what was done.")
def push(
    files: tuple[Path, ...],
    account_name: str,
    sandbox: bool,
    theme_name: str | None,
    variables: dict[str, str],
    dry_run: bool,
    new: bool,
    force: bool,
    skip_unreachable: bool,
    preview_to: str | None,
    open_page: bool,
    as_json: bool,
) -> None:
    """Put an issue into the account's draft box.

    Pictures are uploaded, the draft is created or, if the issue was pushed before, updated; then it is read back and
    compared. Pushing again changes nothing unless the issue has changed. Several files become one draft with up to
    eight articles. Whatever breaks off a push, run it again.

    \b
    Examples:
      wxpub push issue.md --sandbox --open
      wxpub push issue.md
      wxpub push issue.md --preview-to my-wechat-id
      wxpub push news.md interview.md events.md --account weekly
    """
    if open_page and not sandbox:
        raise click.UsageError("--open goes with --sandbox; a real draft is on mp.weixin.qq.com → 草稿箱")
    loaded = [options.load(path, theme_name, variables) for path in files]
    with wechat.connect(loaded[0].config, account_name, sandbox) as account:
        job = wechat.job(account, loaded, keep=not dry_run, skip_unreachable=skip_unreachable)
        job = replace(job, force=force, new=new)
        _say_findings([each for bundle in job.bundles for each in bundle.findings])
        if dry_run:
            _say_plan(pushing.plan(job), job, as_json)
            return
        with _progress(quiet=as_json) as tick:
            receipt = pushing.push(replace(job, tick=tick))
        _say_receipt(receipt, job, account, as_json)
        if preview_to:
            account.client.preview(receipt.media_id, preview_to)
            click.echo(f"preview sent to {preview_to}", err=True)
        if open_page and account.sandbox:
            _show(f"{account.sandbox.url}/draft/{receipt.media_id}")


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while pictures are uploaded, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("uploading pictures"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield lambda done, of: bar.update(task, completed=done, total=of, visible=True)


def _say_findings(findings: list[Finding]) -> None:
    """Say what stops or endangers the push; what is only worth knowing is counted."""
    for finding in findings:
        if finding.severity != "info":
            options.say(finding)
    remarks = sum(finding.severity == "info" for finding in findings)
    if remarks:
        click.secho(f"{remarks} more remark{'s' if remarks > 1 else ''}: wxpub check", dim=True, err=True)


def _say_plan(todo: Plan, job: Job, as_json: bool) -> None:
    """Say what a push would do."""
    pictures = len(todo.uploads)
    if as_json:
        changed = [str(job.bundles[place].issue.article.path) for place in todo.changed]
        plan = {
            "action": todo.action,
            "reason": todo.reason,
            "uploads": pictures,
            "changed": changed,
            "replaces": todo.replaced,
        }
        click.echo(json.dumps(plan, ensure_ascii=False, indent=2))
        return
    what = {"create": "create a draft", "update": "update the draft", "nothing": "change nothing"}[todo.action]
    count = len(todo.changed)
    of = f" of {count} article{'s' if count > 1 else ''}" if count else ""
    because = f" ({todo.reason})" if todo.reason else ""
    click.echo(f"would upload {pictures} picture{'' if pictures == 1 else 's'} and {what}{of}{because}", err=True)
    for old in todo.replaced:
        click.echo(f"would delete the draft that it replaces: {old}", err=True)


def _say_receipt(receipt: Receipt, job: Job, account: WeChat, as_json: bool) -> None:
    """Say what was done, and what is left to an editor's hands."""
    if as_json:
        findings = [each for bundle in job.bundles for each in bundle.findings]
        document = receipt.to_json()
        document["findings"] = [*(pushing.finding_json(each) for each in findings), *document["findings"]]
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    _say_findings(list(receipt.findings))
    titles = "、".join(f"《{each.title}》" for each in receipt.articles)
    because = f" ({receipt.reason})" if receipt.reason else ""
    click.secho(f"{receipt.action}: {titles}{because}", fg="green", err=True)
    click.echo(f"pictures: {receipt.uploaded} uploaded, {receipt.reused} there already", err=True)
    if account.sandbox:
        click.echo(f"look at it: {_sandbox_command()}, then http://127.0.0.1:8888/draft/{receipt.media_id}", err=True)
    elif account.rehearsal:
        click.echo(f"look at it: {account.client.account.api_base}/draft/{receipt.media_id}", err=True)
    else:
        click.echo("look at it: mp.weixin.qq.com → 内容管理 → 草稿箱", err=True)
        click.echo(f"left to do there by hand, as far as you want it: {BY_HAND}", err=True)
    click.echo(receipt.media_id)


def _sandbox_command() -> str:
    """Give the command that shows the sandbox's draft box."""
    from os import environ

    return f"wxpub sandbox --db {wechat.sandbox_db()}" if environ.get("WXPUB_SANDBOX_DB") else "wxpub sandbox"


def _show(url: str) -> None:
    """Open the draft in the sandbox and keep it there until Ctrl-C."""
    from threading import Event

    click.echo(f"the draft is at {url} until you press Ctrl-C", err=True)
    click.launch(url)
    try:
        Event().wait()
    except KeyboardInterrupt:
        click.echo("", err=True)
