"""`wxpub index`: the record of where issues were published, kept by hand and out of what the account holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wxpub import address, article, config, wechat
from wxpub.cli import options
from wxpub.errors import SourceError
from wxpub.language import tr, tr_n
from wxpub.ledger import FILE_NAME, Draft, Ledger, Published, issue_name, published

if TYPE_CHECKING:
    from wxpub.desk.archive import Series
    from wxpub.desk.record import Claim, Match, Outcome


@click.group()
def index() -> None:
    """Keep the record of where issues were published.

    A link from one issue to another becomes a live link in WeChat when the record knows the other's address.

    \b
    Examples:
      wxpub index list
      wxpub index add issues/2026-11-06.md https://mp.weixin.qq.com/s/AbCdEf
      wxpub index import album.html
      wxpub index check
      wxpub index table --write
      wxpub index rebuild
    """


@index.command("list")
@options.as_json
def list_published(as_json: bool) -> None:
    """List the published issues and their addresses.

    \b
    Example:
      wxpub index list --json
    """
    facts = Ledger(config.find(Path.cwd()).root / FILE_NAME).facts(Published)
    found = {name: fact.url for (_, name), fact in sorted(facts.items()) if fact.url}
    if as_json:
        options.print_json({"published": [{"name": name, "url": url} for name, url in found.items()]})
        return
    for name, url in found.items():
        options.echo(f"{name}  {url}")
    options.echo(tr_n("{n} published issue", "{n} published issues", len(found)), err=True)


@index.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("url")
@click.option("--account", "account_name", default="", metavar="NAME", help="An account of wxpub.toml.")
@options.as_json
def add(file: Path, url: str, account_name: str, as_json: bool) -> None:
    """Record where an issue was published.

    \b
    Example:
      wxpub index add issues/2026-11-06.md https://mp.weixin.qq.com/s/AbCdEf
    """
    if not address.parse(url).permalink:
        hint = tr("open the article, ⋯ → 复制链接; it looks like https://mp.weixin.qq.com/s/…")
        raise SourceError(tr("{url} is not a permanent address of an article", url=url), hint=hint)
    if not file.is_file():
        raise SourceError(tr("no such file"), file)
    settings = config.find(file)
    ledger = Ledger(settings.root / FILE_NAME)
    with ledger.locked():
        ledger.record(wechat.key_of(settings, account_name), {issue_name(file, settings.root): Published(url)})
    options.echo(tr("recorded: {file}", file=file), err=True)
    options.print_json({"name": issue_name(file, settings.root), "url": url})


@index.command()
@options.account
@options.as_json
def rebuild(account_name: str, sandbox: bool, as_json: bool) -> None:
    """Add to the ledger what the account holds, where the file was lost or damaged.

    Looks through drafts and published articles for the issues of this project. Nothing that the ledger knows is
    dropped; a copy of it is kept beside it.

    \b
    Example:
      wxpub index rebuild --account weekly
    """
    from wxpub.drafts.publish import rebuild as rebuild_ledger

    settings = config.find(Path.cwd())
    with wechat.connect(settings, account_name, sandbox=sandbox, say=options.tell) as account:
        aside, found = rebuild_ledger(account.client, account.ledger_path, account.key, settings.root, settings.project)
    for line in found:
        options.echo(line)
    options.echo(
        tr("{n} found; images that the ledger does not know will be uploaded once more", n=len(found)), err=True
    )
    if aside:
        options.echo(tr("the ledger as it was: {file}", file=aside), err=True)
    options.print_json({"found": list(found), "kept": str(aside) if aside else None})


@index.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@options.account
@options.as_json
def move(old: Path, new: Path, account_name: str, sandbox: bool, as_json: bool) -> None:
    """Say that an issue has another file name now; its draft and its permalink go with it.

    \b
    Example:
      wxpub index move issues/draft.md issues/2026-11-20.md
    """
    settings = config.find(new)
    if not new.is_file():
        raise SourceError(tr("no such file"), new)
    with wechat.connect(settings, account_name, sandbox=sandbox, say=options.tell) as account:
        ledger = account.ledger()
        before, after = issue_name(old, settings.root), issue_name(new, settings.root)
        with ledger.locked():
            moved = ledger.move(Draft, account.key, before, after) | ledger.move(Published, account.key, before, after)
    if not moved:
        raise SourceError(tr("the ledger knows nothing of it"), old)
    options.echo(tr("moved: {before} → {after}", before=before, after=after), err=True)
    options.print_json({"before": before, "after": after})


# --- many at once -----------------------------------------------------------------------------------------------------


@index.command("import")
@click.argument("source", required=False, metavar="[FILE|-]", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Record what was found; without it only show it.")
@click.option("--replace", is_flag=True, help="Record also what differs from what is recorded.")
@options.account
@options.as_json
def import_addresses(
    source: Path | None, write: bool, replace: bool, account_name: str, sandbox: bool, as_json: bool
) -> None:
    """Record where many issues were published, from a list or from the account.

    FILE has lines of a file or title and an address, or it is CSV with a header (file, title, number, date, url), or a
    saved page: an album (合集), or any page of links to articles. An issue is found by its file, else by title, number
    or date; what fits no issue, or several, is listed and left. Without FILE the account is asked what it published,
    which personal and unverified accounts may not. An address that is recorded stays, unless --replace is given.

    \b
    Examples:
      wxpub index import album.html
      wxpub index import addresses.csv --write
      wxpub index import --account weekly --write
      pbpaste | wxpub index import -
    """
    from wxpub.desk import record

    settings = config.find(Path.cwd())
    if source is not None and not sandbox:
        ledger, key = Ledger(settings.root / FILE_NAME), wechat.key_of(settings, account_name)
        claims = record.claims(_list(source), source)
    else:
        with wechat.connect(settings, account_name, sandbox=sandbox, say=options.tell) as account:
            ledger, key = account.ledger(), account.key
            claims = record.claims(_list(source), source) if source else list(_of_account(account))
    found = record.match(claims, _series(Path.cwd(), ledger))
    taken = (*found.new, *(found.differ if replace else ()))
    if write and taken:
        with ledger.locked():
            owners = ledger.facts(Published)
            for each in taken:
                name = issue_name(each.issue.path, settings.root)
                for owner in [owner for owner, known in owners if known == name] or [key]:
                    ledger.record(owner, {name: Published(each.url)})
    _tell_import(found, taken, write=write, replace=replace)
    kept = () if replace else found.differ
    options.print_json(
        {
            "recorded": [_matched(each) for each in taken],
            "kept": [_matched(each) for each in kept],
            "same": found.same,
            "left": [{"name": claim.name, "url": claim.url, "reason": reason} for claim, reason in found.left],
            "written": write,
        }
    )


def _list(source: Path) -> str:
    """Read a list, or standard input for `-`. Raises SourceError if it is no text in UTF-8."""
    from wxpub.desk.record import MOST_BYTES

    data = sys.stdin.buffer.read(MOST_BYTES + 1) if source == article.STDIN else article.contents(source)
    return article.decoded(source, data).removeprefix("\ufeff")


def _of_account(account: wechat.Account) -> Iterator[Claim]:
    """List what the account published, by the day on which that was in China."""
    from wxpub.desk.record import told

    for item in account.client.publications():
        day = datetime.fromtimestamp(item.updated, timezone(timedelta(hours=8))).date().isoformat()
        for each in item.articles:
            if each.url and not each.fields.get("is_deleted"):
                claim = told(each.url, each.title)
                yield claim if claim.date else claim._replace(date=day)


def _matched(match: Match) -> dict[str, str]:
    return {"name": match.issue.name, "url": match.url, "by": match.by}


def _way(by: str) -> str:
    """Say by what an issue was found."""
    return {
        "file": tr("by its file"),
        "title": tr("by its title"),
        "number": tr("by its number"),
        "date": tr("by its date"),
        "similar title": tr("by a similar title"),
    }[by]


def _tell_import(found: Outcome, taken: Sequence[Match], *, write: bool, replace: bool) -> None:
    for each in taken:
        options.echo(f"{each.issue.name}  {each.url}  ({_way(each.by)})")
    for each in () if replace else found.differ:
        said = tr("{name}: another address is recorded; found: {url}", name=each.issue.name, url=each.url)
        options.echo(said, err=True, fg="yellow")
    for claim, reason in found.left:
        said = tr("left: {name}, {url}: {reason}", name=claim.name, url=claim.url, reason=reason)
        options.echo(said, err=True, fg="yellow")
    if found.differ and not replace:
        options.echo(tr("what is recorded stays; --replace takes what was found"), err=True)
    options.echo(tr_n("{n} recorded already", "{n} recorded already", found.same), err=True)
    if write:
        options.echo(tr_n("{n} address recorded", "{n} addresses recorded", len(taken)), err=True)
    elif taken:
        options.echo(tr("nothing is written yet: add --write"), err=True)


@index.command("check")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@options.as_json
@click.pass_context
def check_record(ctx: click.Context, strict: bool, as_json: bool) -> None:
    """Say what is wrong with the record, and with the lists of back issues.

    Issues without a published address, addresses that two issues share, issues whose files are gone, numbers that do
    not follow the dates, lists of back issues that leave some out. Exit code 1 if there is an error.

    \b
    Example:
      wxpub index check
    """
    from wxpub.desk import record

    settings = config.find(Path.cwd())
    series = _series(Path.cwd())
    found = record.check(series, settings.root / FILE_NAME)
    options.say(found)
    if not found:
        options.echo(tr_n("{n} issue: nothing found", "{n} issues: nothing found", len(series.issues)), err=True)
    options.print_json({"issues": len(series.issues), "published": len(series.urls)}, found)
    severities = {each.severity for each in found}
    if "error" in severities or (strict and "warning" in severities):
        ctx.exit(1)


# --- the list of back issues ------------------------------------------------------------------------------------------


@index.command("table")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Write the files; without it only show what would change.")
@options.as_json
def back_issues(files: tuple[Path, ...], write: bool, as_json: bool) -> None:
    """Complete the list of back issues in an issue, in the form that the letter uses.

    The list is found under a heading such as 往期回顾, or between <!-- wxpub:back-issues --> and <!-- /wxpub -->: a
    grid of dates below their years, items, or rows of a table. What it lacks is written like what is there, and nothing
    else changes. An issue without a list gets one like that of the issue before it. Without FILE, the newest issue.

    \b
    Examples:
      wxpub index table
      wxpub index table --write
      wxpub index table issues/2026-11-06.md issues/2026-11-20.md --write
    """
    from wxpub.desk import table

    series = _series(files[0] if files else Path.cwd())
    if not files and not series.issues:
        hint = tr("its issues have a date or a number in their names, as issues/2026-11-06.md")
        raise SourceError(tr("holds no issues of a letter"), series.letter.root, hint=hint)
    changes = []
    for path in files or (series.issues[-1].path,):
        text = _exactly(path)
        new, added = table.update(text, path, series)
        changes.append((path, text, new, added))
    if write:
        for path, text, new, _ in changes:
            if new != text:
                options.write(path, new.encode())
    if as_json:
        named = [{"path": str(path), "added": [each.name for each in added]} for path, _, _, added in changes]
        options.print_json({"files": named, "written": write})
        return
    for path, text, new, added in changes:
        if not added:
            options.echo(tr("{file}: its list of back issues is complete", file=path), err=True)
        elif write:
            message = tr_n("{file}: {n} issue added", "{file}: {n} issues added", len(added), file=path)
            options.echo(message, err=True)
        else:
            options.echo(_difference(path, text, new))
    if not write and any(added for *_, added in changes):
        options.echo(tr("nothing is written yet: add --write"), err=True)


def _series(start: Path, ledger: Ledger | None = None) -> Series:
    from wxpub.desk import archive, letter

    found = letter.find(start)
    return archive.of(found, ledger.permalinks(found.root) if ledger else published(found.root))


def _exactly(path: Path) -> str:
    """Read a file's text with every byte that it has. Raises SourceError as `article.read` does."""
    data = article.contents(path)
    article.read(path, data=data)
    return data.decode()


def _difference(path: Path, old: str, new: str) -> str:
    from difflib import unified_diff

    lines = unified_diff(old.splitlines(), new.splitlines(), str(path), str(path), n=1, lineterm="")
    return "\n".join(lines)
