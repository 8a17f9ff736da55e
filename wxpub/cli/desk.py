"""`wxpub init`, `wxpub add`, `wxpub new`: a newsletter's folder, the links it collects, the file of its next issue."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from wxpub import address, article, config, ledger
from wxpub.cli import options
from wxpub.desk import clipping, founding, letter, sent, skeleton
from wxpub.desk.clipping import Clipping
from wxpub.desk.founding import Answers
from wxpub.desk.inbox import Entry, Inbox, links_in
from wxpub.desk.letter import INBOX, Letter
from wxpub.desk.sent import Place
from wxpub.desk.skeleton import Made, Next
from wxpub.errors import SourceError
from wxpub.finding import shorten
from wxpub.language import listed, tr, tr_n


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
@click.option("--workflow", is_flag=True, help="Write a workflow for GitHub that checks, and pushes after a merge.")
@click.option("--yes", is_flag=True, help="Do not ask; take what is found.")
@options.as_json
def init(
    folder: Path,
    name: str | None,
    author: str | None,
    url: str | None,
    day: date | None,
    workflow: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Make a folder ready for a newsletter.

    Asks for its name, its author and where it is on the web, and writes wxpub.toml, .gitignore, .gitattributes and a
    first issue. In the folder of a newsletter it recognises the issues, settings and Git remote that are there. It
    overwrites nothing, adds to .gitignore and .gitattributes what they lack, and can be run again.

    \b
    Examples:
      wxpub init
      wxpub init --workflow
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
    files = founding.plan(found, answers, wanted) + ([founding.workflow(found)] if workflow else [])
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
    """Read the letter in a folder: in the one that a `wxpub.toml` marks, or else in this folder itself.

    Issues that show pictures of the folder above belong to a letter there, if that is in the same repository: from
    below, no picture above would be read.
    """
    settings = config.find(folder) if folder.exists() else None
    if settings is not None and settings.path is not None:
        return letter.read(settings.root, settings)
    root = folder.resolve()
    found = letter.read(root, config.Config(root))
    if (root / ".git").exists() or config.repository_around(root) is None or not founding.reaches_up(found):
        return found
    options.tell(
        tr("its issues show pictures of the folder above, so that is the newsletter's: {folder}", folder=root.parent)
    )
    return letter.read(root.parent, config.Config(root.parent))


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


# --- links ------------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option("--section", default="", metavar="TEXT", help="The section that it is for, for example 论文.")
@click.option("--note", default="", metavar="TEXT", help="What is to be said of it.")
@click.option("--offline", is_flag=True, help="Do not ask the page for its title; keep the bare address.")
@click.option("--again", is_flag=True, help="Add it even if an issue had it already.")
@options.as_json
def add(urls: tuple[str, ...], section: str, note: str, offline: bool, again: bool, as_json: bool) -> None:
    """Put links into the inbox of the next issue.

    Asks each page for its title, its site, the day on which it appeared and its lasting address, without what counts
    visitors, and writes a line into inbox.md, which is Markdown to be edited by hand. Says where a link was sent
    before, and does not add that again; one with nearly the same title is added, and said. Without --section it goes
    where links of its site usually stood. `-` reads lines with links from standard input; words beside a link are its
    title.

    \b
    Examples:
      wxpub add https://example.org/paper --section 论文 --note 值得一读
      wxpub add https://a.example/1 https://b.example/2
      pbpaste | wxpub add - --offline
    """
    if note and (len(urls) > 1 or urls == ("-",)):
        raise click.UsageError(tr("--note is for one link: give one address"))
    found, letters = _found(urls), letter.find(Path.cwd())
    private = bool(letters.settings.network.get("allow_private"))
    known = (
        [clipping.bare(url) for url, _ in found]
        if offline
        else clipping.clip([url for url, _ in found], allow_private=private)
    )
    known = [replace(each, title=title or each.title) for each, (_, title) in zip(known, found, strict=True)]
    places = sent.before(letters, [(each.url, each.title) for each in known])
    given = section.strip()
    sections = [given] * len(known) if given else sent.sections(letters, [(each.url, each.site) for each in known])
    with _alone(letters):
        inbox = before = Inbox(_text_of(letters.inbox))
        waiting = {sent.key(url) for item in inbox.items for url in item.urls}
        answers: list[dict[str, Any]] = []
        for each, place, name in zip(known, places, sections, strict=True):
            state = (
                "waiting"
                if sent.key(each.url) in waiting
                else "sent"
                if place and place.same and not again
                else "added"
            )
            if state == "added":
                waiting.add(sent.key(each.url))
                inbox = inbox.adding(Entry(each.url, each.title, each.site, each.date, note, " ".join(name.split())))
            answers.append(_answered(each, name if state == "added" else "", state, place))
            _tell_of(each, name, state, place)
        if inbox != before:
            options.write(letters.inbox, inbox.text.encode())
    options.print_json({"inbox": str(letters.inbox), "links": answers})


def _found(urls: Sequence[str]) -> list[tuple[str, str]]:
    """Read the addresses on the command line, and those of standard input with the words beside them.

    Raises UsageError where there is none.
    """
    found: list[tuple[str, str]] = []
    for given in urls:
        if given == "-":
            lines = sys.stdin.buffer.read(article.MAX_BYTES).decode("utf-8", "replace").splitlines()
            found += [each for line in lines for each in links_in(line)]
            continue
        if not (links := links_in(given)):
            hint = tr("write for example {example}", example="https://example.org/paper")
            raise click.UsageError(tr("{url} is not an address of the web; {hint}", url=given, hint=hint))
        found += links
    if not found:
        raise click.UsageError(tr("standard input has no link"))
    return list({url: (url, title) for url, title in reversed(found)}.values())[::-1]


def _answered(each: Clipping, section: str, state: str, place: Place | None) -> dict[str, Any]:
    told = {"url": each.url, "title": each.title, "site": each.site, "date": each.date, "section": section}
    sent_before = place and {
        "path": str(place.issue.path),
        "line": place.line,
        "date": place.issue.date,
        "number": place.issue.number,
        "same": place.same,
    }
    return {**told, "state": state, "before": sent_before, "fault": each.fault}


def _tell_of(each: Clipping, section: str, state: str, place: Place | None) -> None:
    name = shorten(each.title or each.url, 80)
    if each.fault:
        options.echo(each.fault, fg="yellow", err=True)
    if address.parse(each.url).expires:
        said = tr(
            "{url} dies within hours: open it, and copy the article's permanent address", url=shorten(each.url, 80)
        )
        options.echo(said, fg="yellow", err=True)
    if place:
        where, when = f"{_shown(place.issue.path)}:{place.line}", _when(place)
        if place.same:
            options.echo(
                tr("sent before, {when}: {name} ({where})", when=when, name=name, where=where), fg="yellow", err=True
            )
        else:
            said = tr(
                "nearly the same title was sent before, {when}: {name} ({where})", when=when, name=name, where=where
            )
            options.echo(said, fg="yellow", err=True)
    if state == "waiting":
        options.tell(tr("is in the inbox already: {name}", name=name))
    elif state == "sent":
        options.tell(tr("not added; --again adds it"))
    elif section:
        options.echo(tr("added to {section}: {name}", section=section, name=name), err=True)
    else:
        options.echo(tr("added: {name}", name=name), err=True)


def _when(place: Place) -> str:
    """Name an issue by its day and its number."""
    number = "" if place.issue.number is None else tr("No. {n}", n=place.issue.number)
    return listed(each for each in (place.issue.date, number) if each) or place.issue.title


# --- the next issue ---------------------------------------------------------------------------------------------------


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
    with _alone(found):
        waiting = Inbox(_text_of(found.inbox))
        template = template or found.template
        begun = _broken_off(found, day, number, title, waiting, template)
        if begun:
            wanted, made = begun
        else:
            wanted = _wanted(found, day, number, title)
            made = skeleton.make(found, wanted, waiting, template)
        left = len(waiting.items) - len(made.taken)
        if not dry_run:
            if not begun:
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


def _wanted(found: Letter, day: date | None, number: int | None, title: str) -> Next:
    """Say which issue is begun. Raises SourceError where it is there, and where the next one is and no day is given."""
    today = date.today()
    due, following = found.following(today)
    if day is None and found.last and found.last.date > today.isoformat():
        hint = tr("to begin the one after it, give its day: wxpub new {date}", date=due.isoformat())
        raise SourceError(tr("is the next issue already"), found.last.path, hint=hint)
    wanted = _next(found, day, number, title)
    if wanted.path.exists() or wanted.path.is_symlink():
        hint = tr("move it away, or give another day")
        if found.place(due, following) != wanted.path:
            hint = tr("the next issue that is not there yet: wxpub new {date}", date=due.isoformat())
        raise SourceError(tr("is there already; nothing is overwritten"), wanted.path, hint=hint)
    return wanted


def _broken_off(
    found: Letter, day: date | None, number: int | None, title: str, waiting: Inbox, template: Path | None
) -> tuple[Next, Made] | None:
    """Find the issue that the same command wrote before it was killed: its items are still to be taken off the inbox.

    It is the last one, and exactly what would be written now.
    """
    if found.last is None or not waiting.items:
        return None
    before = replace(found, issues=found.issues[:-1])
    wanted = _next(before, day, number, title)
    if wanted.path != found.last.path:
        return None
    made = skeleton.make(before, wanted, waiting, template)
    return (wanted, made) if made.taken and made.text.encode() == article.contents(wanted.path) else None


def _next(found: Letter, day: date | None, number: int | None, title: str) -> Next:
    """Say where the issue of a day and a number goes; by default those that the letter has next."""
    due, following = found.following(date.today())
    day, number = day or due, number or following
    return Next(found.place(day, number), day, number, title)


def _alone(found: Letter) -> AbstractContextManager[None]:
    """Keep other commands from the inbox while it is read and written: several links may be added at once."""
    return ledger.alone(found.inbox, found.inbox.resolve())


def _text_of(path: Path) -> str:
    """Read the inbox as it is, line ends too; "" where there is none. Raises SourceError for one that is not text."""
    if path.exists() and not path.is_file():
        raise SourceError(tr("not a file"), path)
    return article.decoded(path, article.contents(path)) if path.exists() else ""
