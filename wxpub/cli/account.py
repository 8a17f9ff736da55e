"""`wxpub drafts`, `wxpub trust` and `wxpub doctor`: the account's draft box, what a newsletter's settings may do, and
whether all that stands between an issue and its draft works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wxpub import config, safe, wechat
from wxpub import trust as permissions
from wxpub.cli import options
from wxpub.errors import SourceError
from wxpub.language import tr, tr_n
from wxpub.ledger import Draft

if TYPE_CHECKING:
    from wxpub.client import Client, Stored


@click.group()
def drafts() -> None:
    """List, show or delete drafts of the account.

    \b
    Examples:
      wxpub drafts list
      wxpub drafts show MEDIA_ID
      wxpub drafts delete MEDIA_ID --yes
    """


@drafts.command("list")
@options.account
@options.as_json
def list_drafts(account_name: str, sandbox: bool, as_json: bool) -> None:
    """List the drafts, with the issues that were pushed to them from here.

    \b
    Example:
      wxpub drafts list --json | jq -r '.result.drafts[].media_id'
    """
    with wechat.connect(config.find(Path.cwd()), account_name, sandbox=sandbox, say=options.tell) as account:
        facts = account.ledger().of_account(Draft, account.key)
        files = {(fact.media_id, fact.index): name for name, fact in facts.items()}
        found = [_summary(item, files) for item in account.client.drafts(content=False)]
    found.sort(key=lambda each: str(each["updated"]), reverse=True)
    if as_json:
        options.print_json({"drafts": found})
        return
    for each in found:
        options.echo(f"{each['media_id']}  {each['updated'] or '':16}")
        for article in each["articles"]:
            kind = " 贴图" if article["newspic"] else ""
            source = f"  ({article['file']})" if article["file"] else ""
            options.echo(safe.line(f"    《{article['title']}》{kind}{source}"))
    options.echo(tr_n("{n} draft", "{n} drafts", len(found)), err=True)


def _summary(draft: Stored, files: dict[tuple[str, int], str]) -> dict[str, Any]:
    articles = [
        {"title": each.title, "newspic": each.is_newspic, "file": files.get((draft.id, index))}
        for index, each in enumerate(draft.articles)
    ]
    return {"media_id": draft.id, "updated": _time(draft.updated), "articles": articles}


def _time(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M") if seconds else ""
    except (ValueError, OverflowError, OSError):
        return ""


@drafts.command()
@click.argument("media_id")
@options.account
@click.option("--html", is_flag=True, help="Print the articles' HTML as WeChat keeps it.")
@options.as_json
def show(media_id: str, account_name: str, sandbox: bool, html: bool, as_json: bool) -> None:
    """Show a draft as WeChat keeps it: title, settings and text; --json has all that the API answers.

    \b
    Example:
      wxpub drafts show MEDIA_ID --html > kept.html
    """
    from wxpub.drafts.compare import lines

    with wechat.connect(config.find(Path.cwd()), account_name, sandbox=sandbox, say=options.tell) as account:
        articles = account.client.get_draft(media_id)
    if as_json:
        options.print_json({"media_id": media_id, "articles": [each.fields for each in articles]})
        return
    for article in articles:
        if html:
            click.echo(safe.html_text(article.content))
            continue
        options.echo(safe.line(f"《{article.title}》"), bold=True)
        for label in ("author", "digest", "content_source_url", "url"):
            if article.fields.get(label):
                options.echo(safe.line(f"{label}: {article.fields[label]}"))
        if article.is_newspic:
            options.echo(tr_n("{n} picture", "{n} pictures", len(article.pictures)))
        options.echo("\n".join(["", *lines(article.html), ""]))


@drafts.command()
@click.argument("media_ids", nargs=-1, required=True, metavar="MEDIA_ID...")
@options.account
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.as_json
def delete(media_ids: tuple[str, ...], account_name: str, sandbox: bool, yes: bool, as_json: bool) -> None:
    """Delete drafts for good.

    \b
    Example:
      wxpub drafts delete MEDIA_ID --yes
    """
    with wechat.connect(config.find(Path.cwd()), account_name, sandbox=sandbox, say=options.tell) as account:
        ledger = account.ledger()
        deleted: list[str] = []
        for media_id in media_ids:
            titles = "、".join(f"《{each.title}》" for each in account.client.get_draft(media_id))
            options.confirm(tr("Delete {titles} for good?", titles=titles), yes)
            with ledger.locked():
                account.client.delete_draft(media_id)
                facts = ledger.of_account(Draft, account.key)
                gone = [name for name, fact in facts.items() if fact.media_id == media_id]
                ledger.record(account.key, {}, forget=dict.fromkeys(gone, Draft))
            options.echo(tr("deleted: {titles}", titles=titles), err=True)
            deleted.append(media_id)
            options.print_json({"deleted": deleted})  # what is gone, should the next one fail


# --- permissions ------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("folder", default=".", metavar="[FOLDER]", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--list", "listed", is_flag=True, help="List everything that is allowed, and change nothing.")
@click.option("--revoke", is_flag=True, help="Take back what FOLDER was allowed.")
@options.as_json
def trust(folder: Path, yes: bool, listed: bool, revoke: bool, as_json: bool) -> None:
    """Allow a newsletter's wxpub.toml what needs permission.

    A repository that you checked out was written by others. Where its wxpub.toml wants secrets read from a place of
    its own choice, or sent anywhere but to WeChat, wants modules to be run, or belongs to another user, that counts
    only when you have allowed it, once for its folder. What is allowed stands in your own configuration.

    \b
    Examples:
      wxpub trust
      wxpub trust letters/weekly --yes
      wxpub trust --list
      wxpub trust letters/weekly --revoke
    """
    if listed:
        allowed = permissions.permissions()
        options.print_json(_permissions(allowed))
        for name, given in allowed.items():
            options.echo("\n".join([name, *(f"    {each}" for each in given)]))
        return
    if revoke:
        gone = permissions.revoke(folder)
        options.print_json({**_permissions({}), "revoked": list(gone)})
        lines = [tr("no longer allowed: {wish}", wish=each) for each in gone] or [tr("nothing was allowed")]
        options.echo("\n".join(lines), err=True)
        return
    if not folder.is_dir():
        raise SourceError(tr("no such folder"), folder)
    settings = config.find(folder, ask=False)
    wishes = config.wishes(settings)
    options.print_json(_permissions({}))
    if not wishes:
        options.echo(tr("{file}: nothing that needs permission", file=settings.path or folder), err=True)
        return
    for wish in wishes:
        state = tr("allowed already") if permissions.is_allowed(settings.root, wish) else tr("new")
        said = tr(
            "{key} = {value} ({state}): {effect}", key=wish.key, value=wish.value, state=state, effect=wish.effect
        )
        options.echo(said, err=True)
    options.confirm(tr("Allow this to {file}?", file=settings.path), yes)
    permissions.allow(settings.root, wishes)
    options.echo(tr("allowed to {folder}", folder=settings.root), err=True)
    options.print_json(_permissions({str(settings.root): [str(each) for each in wishes]}))


def _permissions(allowed: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Describe what is allowed, by folder."""
    return {
        "allowed": [{"folder": folder, "wishes": list(wishes)} for folder, wishes in allowed.items()],
        "revoked": [],
    }


# --- the doctor -------------------------------------------------------------------------------------------------------

_SIGNS = {"ok": ("✓", "green"), "failed": ("✗", "red"), "info": ("·", "yellow")}


@click.command()
@options.account
@click.option("--renew-token", is_flag=True, help="First make WeChat drop the token, because it has leaked.")
@options.as_json
@click.pass_context
def doctor(ctx: click.Context, account_name: str, sandbox: bool, renew_token: bool, as_json: bool) -> None:
    """Check credentials, whitelist, quotas, fonts and clock.

    Says what works, what does not and what to do about it. Exit code 1 if something does not work.

    \b
    Examples:
      wxpub doctor
      wxpub doctor --account weekly --json
    """
    from wxpub.client import Client
    from wxpub.drafts.doctor import examine

    settings = config.find(Path.cwd())

    def client() -> Client:
        found = config.credentials(settings, account_name)
        if notice := config.notice(found):
            options.tell(notice)
        return Client(found, notify=options.tell)

    if renew_token:
        client().renew_token()
    if sandbox:
        with wechat.connect(settings, "", sandbox=True, say=options.tell) as account:
            checks = list(examine(settings, lambda: account.client))
    else:
        checks = list(examine(settings, client))
    if as_json:
        options.print_json({"checks": [asdict(each) for each in checks]})
    else:
        for each in checks:
            sign, colour = _SIGNS[each.state]
            line = tr("{what}: {message}", what=each.name, message=each.message)
            click.echo(f"{click.style(sign, fg=colour)} {safe.line(line)}")
            if each.fix and each.state != "ok":
                options.echo(f"    → {each.fix}")
    if any(each.state == "failed" for each in checks):
        ctx.exit(1)


# --- the local WeChat -------------------------------------------------------------------------------------------------


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8888, show_default=True, help="0 takes a free one.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="Remember in this SQLite file.")
@click.option("--temporary", is_flag=True, help="Forget everything at the end.")
@click.option(
    "--profile",
    "kind",
    type=click.Choice(["personal", "verified", "service", "expired"]),
    help="The kind of account; decides what it may do.",
)
@click.option("--limits", type=click.Choice(["measured", "documented"]), help="Which sizes to enforce.")
@click.option(
    "--charset",
    type=click.Choice(["literal", "refused", "decoded"]),
    help="What a \\uXXXX escape in an article becomes.",
)
@click.option("--content-type", type=click.Choice(["observed", "json", "text"]), help="What answers say they are.")
@click.option("--whitelist", metavar="IP[,IP…]|off", help="Addresses and CIDR networks that get tokens; off: all.")
@click.option("--propagation", type=click.FloatRange(0, 3600), metavar="SECONDS", help="Until a material can be used.")
@click.option(
    "--draft-leaves", type=click.Choice(["done", "submit", "never"]), help="When a published draft leaves the box."
)
@click.option("--quirks", metavar="NAME[,NAME…]|off", help="What it does without a word (docs/sandbox.md); off: none.")
@click.option("--quotas/--no-quotas", default=None, help="Limit the calls a day, or do not.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen at; 0.0.0.0 is for containers."
)
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="Answer to this Host header too.")
@click.option("-q", "--quiet", is_flag=True, help="Do not print a line for each call.")
@options.as_json
def sandbox(
    port: int,
    db: Path | None,
    temporary: bool,
    kind: str | None,
    limits: str | None,
    charset: str | None,
    content_type: str | None,
    whitelist: str | None,
    propagation: float | None,
    draft_leaves: str | None,
    quirks: str | None,
    quotas: bool | None,
    host: str,
    hosts: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Run a local WeChat to try everything on.

    It is the Official Account API on loopback, with a web page of the account's drafts and articles. What it is told
    about its account (--profile and the like) it remembers.

    \b
    Example:
      wxpub sandbox --port 8888
      export WXPUB_API_BASE=http://127.0.0.1:8888
      export WXPUB_APPID=wx0000000000000000 WXPUB_SECRET=00000000000000000000000000000000
      wxpub push issue.md
    """
    from wxpub.sandbox import serve
    from wxpub.wechat import sandbox_db

    if temporary and db:
        raise click.UsageError(tr("--temporary and --db exclude each other"))
    values: dict[str, object] = {
        "kind": kind,
        "limits": limits,
        "charset": charset,
        "content_type": content_type,
        "propagation": propagation,
        "draft_leaves": draft_leaves,
        "quotas": quotas,
    }
    given = {name: value for name, value in values.items() if value is not None}
    if whitelist is not None:
        given["whitelist"] = None if whitelist == "off" else [entry.strip() for entry in whitelist.split(",")]
    if quirks is not None:
        given["quirks"] = [] if quirks == "off" else [name.strip() for name in quirks.split(",")]
    store = None if temporary else db or sandbox_db()
    on_call = None if quiet else lambda line: options.echo(line, err=True)
    served = serve(store, port, host=host, hosts=hosts, on_call=on_call, **given)
    with options.stopping() as wait, served as wechat:
        known = {"url": wechat.url, "appid": wechat.appid, "secret": wechat.secret}
        options.print_json({**known, "db": str(store) if store else None}, now=True)
        options.echo(tr("WeChat sandbox: {url}", url=wechat.url))
        options.echo(f"  AppID          {wechat.appid}")
        options.echo(f"  AppSecret      {wechat.secret}")
        kept = (
            tr("remembers in   {file}", file=store) if store else tr("remembers nothing: all is forgotten at the end")
        )
        options.echo(f"  {kept}")
        options.echo(tr("Point wxpub at it:"))
        options.echo(f"  export WXPUB_API_BASE={wechat.url}")
        options.echo(f"  export WXPUB_APPID={wechat.appid} WXPUB_SECRET={wechat.secret}")
        options.echo(tr("Ctrl-C stops it."))
        wait()
