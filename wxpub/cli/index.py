"""`wxpub index`: the record of where issues were published, kept by hand and out of what the account holds."""

from __future__ import annotations

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


@click.group()
def index() -> None:
    """Keep the record of where issues were published.

    A link from one issue to another becomes a live link in WeChat when the record knows the other's address.

    \b
    Examples:
      wxpub index list
      wxpub index add issues/2026-11-06.md https://mp.weixin.qq.com/s/AbCdEf
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


def _series(start: Path) -> Series:
    from wxpub.desk import archive, letter

    found = letter.find(start)
    return archive.of(found, published(found.root))


def _exactly(path: Path) -> str:
    """Read a file's text with every byte that it has. Raises SourceError as `article.read` does."""
    data = article.contents(path)
    article.read(path, data=data)
    return data.decode()


def _difference(path: Path, old: str, new: str) -> str:
    from difflib import unified_diff

    lines = unified_diff(old.splitlines(), new.splitlines(), str(path), str(path), n=1, lineterm="")
    return "\n".join(lines)
