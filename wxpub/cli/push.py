"""`wxpub push`, `pull` and `publish`: issues in, one draft out; its edits back; its permanent address out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wxpub import drafts as pushing
from wxpub import issue as issues
from wxpub import wechat
from wxpub.cli import answer, options
from wxpub.drafts import text_of
from wxpub.finding import Finding
from wxpub.language import listed, tr, tr_n

if TYPE_CHECKING:
    from wxpub.client import StoredArticle
    from wxpub.drafts import Job, Plan, Receipt
    from wxpub.drafts.pull import Pulled
    from wxpub.wechat import Account


@click.command()
@options.files
@options.account
@options.theme
@options.newspic
@click.option("--dry-run", is_flag=True, help="Change nothing at WeChat; say what would be done.")
@options.expect
@click.option("--new", is_flag=True, help="Make a new draft and leave the one before alone.")
@click.option("--force", is_flag=True, help="Overwrite what was changed in the web editor.")
@click.option(
    "--skip-unreachable", is_flag=True, help="Put a grey box in place of images on the web that cannot be reached."
)
@click.option("--preview-to", metavar="WXID", help="Then send WeChat's preview to this follower's phone.")
@click.option("--open", "open_page", is_flag=True, help="With --sandbox: show the draft in the browser, until Ctrl-C.")
@options.as_json
def push(
    files: tuple[Path, ...],
    account_name: str,
    sandbox: bool,
    theme_name: str | None,
    variables: dict[str, str],
    as_newspic: bool,
    dry_run: bool,
    expected: str,
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
      wxpub push issue.md --dry-run
      wxpub push news.md interview.md events.md --account weekly
      wxpub push issue.md --as 贴图
    """
    if open_page and not sandbox:
        raise click.UsageError(tr("--open goes with --sandbox; a real draft is on mp.weixin.qq.com → 草稿箱"))
    opened = list(issues.open_all(files, theme=theme_name, variables=variables, fetch=True, as_newspic=as_newspic))
    with wechat.connect(opened[0].settings, account_name, sandbox=sandbox, say=options.tell) as account:
        job = pushing.prepare(account, opened, keep=not dry_run, skip_unreachable=skip_unreachable, say=options.tell)
        job = replace(job, force=force, new=new)
        _say_findings(job.findings)
        answer.find(job.findings)
        if expected:
            job.expect(expected)
        if dry_run:
            _say_plan(pushing.plan(job), job, as_json)
            return
        with _progress(quiet=as_json) as tick:
            receipt = pushing.push(replace(job, tick=tick))
        _say_receipt(receipt, job, account, as_json)
        if receipt.action == "failed":
            raise click.exceptions.Exit(1)
        if preview_to and receipt.media_id:
            account.client.preview(receipt.media_id, preview_to)
            options.echo(tr("preview sent to {follower}", follower=preview_to), err=True)
        if open_page and receipt.media_id:
            _show(account.draft_url(receipt.media_id))


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while images are uploaded, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn(tr("uploading images")), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield lambda done, of: bar.update(task, completed=done, total=of, visible=True)


def _say_findings(findings: Sequence[Finding]) -> None:
    """Say what stops or endangers the push; what is only worth knowing, `wxpub check` tells."""
    options.say(finding for finding in findings if finding.severity != "info")


def _say_plan(todo: Plan, job: Job, as_json: bool) -> None:
    """Say what a push would do."""
    uploads = len(todo.uploads)
    if as_json:
        changed = [str(job.articles[place].issue.path) for place in todo.changed]
        document = {"action": todo.action, "reason": todo.reason, "uploads": uploads, "changed": changed}
        options.print_json({**document, "replaces": list(todo.replaced), "fingerprint": job.fingerprint})
        return
    n = len(todo.changed)
    what = {
        "create": tr_n("would create a draft of {n} article", "would create a draft of {n} articles", n),
        "update": tr_n("would update {n} article of the draft", "would update {n} articles of the draft", n),
        "nothing": tr("would change nothing"),
        "published": tr("would change nothing: it is published"),
    }[todo.action]
    options.echo(_with_reason(what, todo.reason), err=True)
    if uploads:
        options.echo(tr_n("would upload {n} image", "would upload {n} images", uploads), err=True)
    for old in todo.replaced:
        options.echo(tr("would delete the draft that it replaces: {media_id}", media_id=old), err=True)
    options.echo(tr("exactly this: push with --expect {fingerprint}", fingerprint=job.fingerprint), err=True)


def _with_reason(what: str, reason: str) -> str:
    return tr("{what} ({reason})", what=what, reason=reason) if reason else what


def _say_receipt(receipt: Receipt, job: Job, account: Account, as_json: bool) -> None:
    """Say what was done, and what is left to an editor's hands."""
    if as_json:
        document = receipt.to_json()
        del document["findings"]
        options.print_json(document, receipt.findings)
        return
    _say_findings(receipt.findings)
    titles = listed(f"《{each.title}》" for each in receipt.articles)
    if receipt.action == "published":
        options.echo(tr("published already, and unchanged since: {url}", url=receipt.url), fg="yellow", err=True)
        options.echo(tr("--new makes a draft of it all the same"), err=True)
        return
    if receipt.action == "failed":
        options.echo(tr("the draft is not as it was sent: {titles}", titles=titles), fg="red", err=True)
        return
    what = {
        "created": tr("draft created: {titles}", titles=titles),
        "updated": tr("draft updated: {titles}", titles=titles),
        "unchanged": tr("draft unchanged: {titles}", titles=titles),
    }[receipt.action]
    images = tr_n("{n} image uploaded", "{n} images uploaded", receipt.uploaded) if receipt.uploaded else ""
    options.echo(_with_reason(_with_reason(what, receipt.reason), images), fg="green", err=True)
    if not account.rehearsal:
        options.echo(
            tr(
                "left to do by hand, if you want it: 原创 (original), 合集 (album), 赞赏 (tips), "
                "群发 (send to followers)"
            ),
            err=True,
        )
    options.echo(tr("look at it: {place}", place=_place(account, receipt.media_id)), err=True)


def _place(account: Account, media_id: str) -> str:
    """Say where a person can look at the draft."""
    if not account.rehearsal:
        return "mp.weixin.qq.com → 内容管理 → 草稿箱"
    if account.sandbox:  # which ends with this command
        return tr("{command}, then {url}", command=_sandbox_command(), url=f"http://127.0.0.1:8888/draft/{media_id}")
    return account.draft_url(media_id)


def _sandbox_command() -> str:
    """Name the command that shows the sandbox's draft box."""
    from os import environ

    return f"wxpub sandbox --db {wechat.sandbox_db()}" if environ.get("WXPUB_SANDBOX_DB") else "wxpub sandbox"


def _show(url: str) -> None:
    """Open the draft in the sandbox and keep it there until Ctrl-C."""
    from threading import Event

    options.echo(tr("the draft is at {url} until you press Ctrl-C", url=url), err=True)
    options.launch(url)
    try:
        Event().wait()
    except KeyboardInterrupt:
        options.echo("", err=True)


# --- what was edited in the draft -------------------------------------------------------------------------------------


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@options.account
@click.option("--write", is_flag=True, help="Write the changes into the file.")
@options.as_json
def pull(file: Path, account_name: str, sandbox: bool, write: bool, as_json: bool) -> None:
    """Bring what was edited in the draft back into the Markdown.

    Shows as a diff what was changed in WeChat's web editor since the push: words in their lines, with the markup around
    them, paragraphs put in and taken out, title, author and digest. With --write the file is changed, and the next push
    goes on from there. What Markdown cannot say, such as colours and new images, is listed with its line; as long as
    something is, a push does not overwrite the draft without --force. Only one issue at a time, and nothing is changed
    at WeChat.

    \b
    Examples:
      wxpub pull issue.md
      wxpub pull issue.md --write
    """
    from wxpub.drafts import pull as pulling

    issue = issues.open(file, fetch=True)
    with wechat.connect(issue.settings, account_name, sandbox=sandbox, say=options.tell) as account:
        job = pushing.prepare(account, [issue], keep=write, skip_unreachable=True, say=options.tell)
        pulled = pulling.pull(job)
        if write:
            pulling.keep(job, pulled)
    if as_json:
        document = {"path": str(file), "diff": pulled.diff, "written": write and bool(pulled.diff)}
        options.print_json(document, pulled.left)
        return
    if pulled.diff:
        options.echo(pulled.diff.rstrip("\n"))
    for each in pulled.left:  # each of them is somebody's work: none is folded away
        options.echo(each, fg=options.COLOURS[each.severity], err=True)
    options.echo(_after_pull(pulled, file, write=write), fg="green", err=True)


def _after_pull(pulled: Pulled, file: Path, *, write: bool) -> str:
    """Say how things stand."""
    if not pulled.diff and not pulled.left:
        return tr("nothing to pull: the draft says what {file} says", file=file)
    if not pulled.diff:
        return tr("nothing to write into {file}", file=file)
    return tr("written: {file}", file=file) if write else tr("to write it into {file}, pull with --write", file=file)


# --- publishing -------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.account
@options.newspic
@click.option("--dry-run", is_flag=True, help="Publish nothing; say what would become public.")
@options.expect
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--again", is_flag=True, help="Publish what was published before, or may have been.")
@options.as_json
def publish(
    file: Path,
    account_name: str,
    sandbox: bool,
    as_newspic: bool,
    dry_run: bool,
    expected: str,
    yes: bool,
    again: bool,
    as_json: bool,
) -> None:
    """Publish the draft of an issue.

    The draft that `wxpub push` made gets a permanent address and leaves the draft box; followers are not notified
    (that is 群发, on mp.weixin.qq.com). Every article of the draft becomes public; you are told their titles before
    you are asked. Waits for WeChat's verdict, up to ten minutes, and records the addresses, so that later issues can
    link to this one; Ctrl-C does not stop WeChat, and the same command goes on waiting. Nothing is published twice
    unless you say --again. WeChat lets verified accounts only do this.

    \b
    Examples:
      wxpub publish issue.md
      wxpub publish issue.md --dry-run
      wxpub publish issue.md --sandbox --yes
    """
    from wxpub.drafts.job import shown
    from wxpub.drafts.publish import publish as publish_draft

    issue = issues.open(file, as_newspic=as_newspic)

    def confirm(articles: Sequence[StoredArticle]) -> None:
        titles, fingerprint = [each.title for each in articles], shown(account.key, articles, expected)
        options.tell(tr("becomes public: {titles}", titles=listed(f"《{each}》" for each in titles)))
        if dry_run:
            options.echo(tr("exactly this: publish with --expect {fingerprint}", fingerprint=fingerprint), err=True)
            options.print_json({"titles": titles, "fingerprint": fingerprint})
            raise click.exceptions.Exit(0)
        options.confirm(
            tr_n("Publish {n} article for everybody?", "Publish {n} articles for everybody?", len(titles)), yes
        )

    with wechat.connect(issue.settings, account_name, sandbox=sandbox, say=options.tell) as account:
        ledger = account.ledger()
        with ledger.locked(lambda: options.tell(tr("another push is at work; waiting for it"))):
            urls = publish_draft(
                account.client,
                ledger,
                account.key,
                issue.name,
                _wait,
                text=text_of(issue),
                again=again,
                confirm=confirm,
            )
    if as_json:
        options.print_json({"published": [{"name": name, "url": url} for name, url in urls.items()]})
        return
    for name, url in urls.items():
        options.echo(tr("published: {name}", name=name), fg="green", err=True)
        options.echo(url)


def _wait(seconds: float) -> None:
    options.tell(tr("WeChat is at work on it; looking again in {seconds:.0f} s", seconds=seconds))
    time.sleep(seconds)
