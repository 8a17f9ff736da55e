"""`wxpub init` and `wxpub new`: the folder of a newsletter made ready, and the file of its next issue."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from wxpub import article, config
from wxpub.cli import options
from wxpub.desk import founding, letter, skeleton
from wxpub.desk.founding import Answers
from wxpub.desk.inbox import Inbox
from wxpub.desk.letter import INBOX, TEMPLATE, Letter
from wxpub.desk.skeleton import Next
from wxpub.errors import SourceError
from wxpub.language import tr, tr_n


def _day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    match = letter.DATED.fullmatch(value.strip())
    found = article.date_of(match["year"], match["month"], match["day"]) if match else article.date_in(value)
    if not found:
        raise click.BadParameter(tr("{value!r} is not a day, for example 2026-11-21", value=value), ctx, param)
    return date.fromisoformat(found)


@click.command()
@click.argument("folder", default=".", metavar="[FOLDER]", type=click.Path(path_type=Path))
@click.option("--name", metavar="TEXT", help="What the newsletter is called.")
@click.option("--author", metavar="TEXT", help="Who signs its articles.")
@click.option("--url", metavar="URL", help="Where it is on the web: its repository or its site.")
@click.option("--date", "day", metavar="DATE", callback=_day, help="The day of the first issue; today if not given.")
@click.option("--yes", is_flag=True, help="Do not ask; take what is found.")
@options.as_json
def init(
    folder: Path, name: str | None, author: str | None, url: str | None, day: date | None, yes: bool, as_json: bool
) -> None:
    """Make a folder ready for a newsletter.

    Asks for its name, its author and where it is on the web, and writes wxpub.toml, .gitignore, .gitattributes and a
    first issue. In the folder of a newsletter it recognises the issues, settings and Git remote that are there. It
    overwrites nothing, adds to .gitignore and .gitattributes what they lack, and can be run again.

    \b
    Examples:
      wxpub init
      wxpub init letter --name 链接周报 --author 编辑部 --url https://github.com/me/letter --yes
    """
    if folder.exists() and not folder.is_dir():
        raise SourceError(tr("is no folder"), folder)
    found = _letter_in(folder)
    answers = founding.guess(found)
    asks = not yes and not as_json and _asks() and found.settings.path is None
    if found.issues and not as_json:
        last = found.issues[-1]
        options.tell(
            tr_n(
                "{n} issue is there: {last}",
                "{n} issues are there, the last is {last}",
                len(found.issues),
                last=last.name,
            )
        )
    answers = Answers(
        _answer(tr("Name of the newsletter"), name, answers.name, asks),
        _answer(tr("Author"), author, answers.author, asks),
        _answer(tr("Its address on the web, if it has one"), url, answers.url, asks),
    )
    answers = founding.checked(answers)
    found = replace(
        found, settings=replace(found.settings, article={**found.settings.article, "cover_series": answers.name})
    )
    today = day or date.today()
    number = None if found.issues else 1
    wanted = Next(found.place(today, number), today, number)
    files = founding.plan(found, answers, wanted)
    for each in files:
        if each.text is not None:
            options.write(each.path, each.text.encode())
    shown = [(each, _shown(each.path)) for each in files]
    if as_json:
        options.print_json(
            {
                "folder": str(found.root),
                "name": answers.name,
                "issues": len(found.issues),
                "written": [place for each, place in shown if each.text is not None],
                "kept": [place for each, place in shown if each.text is None],
            }
        )
        return
    for each, place in shown:
        options.echo(
            tr("kept: {file}", file=place) if each.text is None else tr("written: {file}", file=place), err=True
        )
    if not found.issues:
        options.tell(tr("Next: wxpub preview {file}", file=_shown(wanted.path)))
    else:
        options.tell(tr("Next: wxpub new"))


def _letter_in(folder: Path) -> Letter:
    """Read the letter in a folder: in the one that a `wxpub.toml` marks, or else in this folder itself."""
    settings = config.find(folder) if folder.exists() else None
    if settings is None or settings.path is None:
        settings = config.Config(folder.resolve())
    return letter.read(settings.root, settings)


def _asks() -> bool:
    """Whether somebody is there who can answer."""
    return sys.stdin.isatty()


def _answer(question: str, given: str | None, default: str, asks: bool) -> str:
    if given is not None:
        return given
    return str(click.prompt(question, default=default, err=True)) if asks else default


def _shown(path: Path) -> str:
    """Name a file as it is named from the working folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


@click.command()
@click.argument("day", required=False, metavar="[DATE]", callback=_day)
@click.option("--number", type=click.IntRange(1, 99_999), help="The number of the issue, if it is not the next one.")
@click.option("--title", default="", metavar="TEXT", help="Its title, if it is not that of the last issue, renewed.")
@click.option("--template", type=click.Path(path_type=Path), help="Start from this file; template.md if there is one.")
@click.option("--dry-run", is_flag=True, help="Print the file, and write nothing.")
@options.as_json
def new(day: date | None, number: int | None, title: str, template: Path | None, dry_run: bool, as_json: bool) -> None:
    """Begin the next issue, with what waits in the inbox.

    The file is made of template.md, or of the last issue without what was its own: title, date, number, sections and
    what stands in every issue are there. The items of inbox.md are sorted into the sections and taken off it; the 导读
    is a frame to fill. DATE is the day on which the issue appears: by default as long after the last one as usual, and
    not before today. Nothing is overwritten.

    \b
    In template.md these are filled in:
      {{ date }} {{ year }} {{ month }} {{ day }} {{ number }} {{ figures }} {{ title }} {{ count }}

    \b
    Examples:
      wxpub new
      wxpub new 2026-12-05 --title "第 12 期：年终特刊"
      wxpub new --dry-run
    """
    found = letter.find(Path.cwd())
    due, following = found.following(date.today())
    wanted = Next(found.place(day or due, number or following), day or due, number or following, title)
    if wanted.path.exists() or wanted.path.is_symlink():
        hint = tr("give another day: wxpub new 2026-12-05")
        raise SourceError(tr("is there already; nothing is overwritten"), wanted.path, hint=hint)
    if template is None and (own := found.root / TEMPLATE).is_file():
        template = own
    waiting = Inbox(_text_of(found.inbox))
    made = skeleton.make(found, wanted, waiting, template)
    left = len(waiting.items) - len(made.taken)
    if not dry_run:
        options.write(wanted.path, made.text.encode())
        if made.taken:  # after the issue is there: whatever happens, no link is lost
            options.write(found.inbox, waiting.without(made.taken).text.encode())
    if as_json:
        said = {"path": str(wanted.path), "title": made.title, "date": wanted.day.isoformat(), "number": wanted.number}
        options.print_json(
            {
                **said,
                "items": len(made.taken),
                "left": left,
                "unlisted": made.unlisted,
                "text": made.text if dry_run else None,
            }
        )
        return
    if dry_run:
        options.echo(made.text)
        return
    options.echo(_shown(wanted.path))
    options.tell(
        tr_n(
            "{title}, with {n} item of the inbox",
            "{title}, with {n} items of the inbox",
            len(made.taken),
            title=made.title,
        )
    )
    if made.unlisted:
        options.echo(
            tr("the list of back issues is that of the last issue: {reason}", reason=made.unlisted),
            fg="yellow",
            err=True,
        )
    if left:
        options.tell(
            tr_n(
                "{n} item without a section stays in {file}: put it under a heading there, or into the issue",
                "{n} items without a section stay in {file}: put them under a heading there, or into the issue",
                left,
                file=INBOX,
            )
        )


def _text_of(path: Path) -> str:
    """Read the inbox as it is, line ends too; "" where there is none. Raises SourceError for one that is not text."""
    try:
        return article.contents(path).decode("utf-8") if path.exists() else ""
    except UnicodeDecodeError:
        raise SourceError(tr("is not UTF-8"), path, hint=tr("save it as UTF-8")) from None
