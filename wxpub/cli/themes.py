"""`wxpub themes`, `cover` and `cards`: the list of looks, or one issue in all of them; pictures drawn of it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wxpub import issue, safe
from wxpub.cli import options
from wxpub.errors import SourceError, reason_of
from wxpub.language import gettext, tr
from wxpub.newspic import TOO_MANY

if TYPE_CHECKING:
    from wxpub.finding import Finding
    from wxpub.theme import Theme

_MOST_BYTES = 50_000_000  # of a picture that is there, which has to be read whole to know whose it is


@click.command()
@click.argument("file", required=False, metavar="[FILE]", type=click.Path(path_type=Path))
@click.option(
    "--open", "open_page", is_flag=True, help="Show FILE in every theme, by day and by night, in the browser."
)
@click.option("-o", "--output", metavar="PATH", type=click.Path(path_type=Path), help="Write that page here instead.")
@options.as_json
def themes(file: Path | None, open_page: bool, output: Path | None, as_json: bool) -> None:
    """List the themes, or show an issue in all of them.

    A theme is one CSS file: copy one, change it, and give its path to --theme. Every variable of a theme can be set
    with --set, in front matter, or under [theme] in wxpub.toml.

    \b
    Examples:
      wxpub themes
      wxpub themes --open issue.md
      wxpub convert issue.md --theme digest --set accent=#166534
    """
    from wxpub import theme

    looks = [theme.load(name) for name in theme.names()]
    if file is not None:
        page, findings = _show(file, output, open_page)
        options.print_json({"themes": [_described(look) for look in looks], "page": str(page)}, findings)
    elif open_page or output:
        raise click.UsageError(tr("name an issue to show: wxpub themes --open issue.md"))
    elif as_json:
        options.print_json({"themes": [_described(look) for look in looks], "page": None})
    else:
        for look in looks:
            options.echo(f"{look.name:10}{look.title:\u3000<6}{look.description}")


def _described(look: Theme) -> dict[str, object]:
    return {
        "name": look.name,
        "title": look.title,
        "description": look.description,
        "variables": dict(look.variables),
    }


def _show(file: Path, output: Path | None, open_page: bool) -> tuple[Path, tuple[Finding, ...]]:
    """Write the page with all looks of one issue, and open it; give its place and what was found about its images."""
    from wxpub import theme
    from wxpub.preview import pages

    opened = issue.open(file)
    images, findings = opened.embedded()
    options.say(findings)
    looks = [replace(opened, theme=theme.load(name)) for name in theme.names()]
    page = pages.gallery([(look.theme, replace(look.page(), placed=images)) for look in looks])
    place = output or Path(tempfile.mkdtemp(prefix="wxpub-")) / f"{file.stem}.themes.html"
    options.write(place, page.encode())
    options.echo(str(place))
    if open_page:
        options.launch(str(place))
    return place, findings


# --- covers -----------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("title", metavar="TITLE|FILE.md")
@click.option(
    "-o", "--output", default="cover.png", show_default=True, type=click.Path(path_type=Path), help="Write here."
)
@click.option("--design", metavar="NAME", help="How it is laid out: numeral, card, masthead, mosaic, grid or hills.")
@click.option("--series", help="What the newsletter is called; by default what the title begins with.")
@click.option("--number", help="The issue's number: 42, or as it shall stand there.")
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="The issue's date.")
@click.option("--picture", metavar="PATH", help="An image for the ground.")
@click.option("--logo", metavar="PATH", help="An image to stand above the words.")
@click.option("--ground", help="Colour of the ground, #rrggbb; by default the theme's accent.")
@click.option("--accent", help="Colour of what stands out, #rrggbb.")
@options.as_json
def cover(title: str, output: Path, date: datetime | None, as_json: bool, **options_given: str | None) -> None:
    """Make a cover picture from a title.

    900 × 383 pixels, as WeChat shows it above the first article of a draft; all words are in the middle square, which
    is what WeChat shows everywhere else. Of an issue it is the cover that `wxpub push` makes where its author names
    none; series, number and date are read off the title. A file that is there is written over only if it is a cover
    that wxpub drew and nobody has changed.

    \b
    Examples:
      wxpub cover issue.md -o cover.png
      wxpub cover issue.md --design masthead
      wxpub cover "某某周刊（第 42 期）：编译器" --design mosaic --ground "#166534"
    """
    from wxpub.images import cover as covers
    from wxpub.images.draw import FONT_PACKAGES

    given = {name: value for name, value in options_given.items() if value}
    if date:
        given["date"] = date.date().isoformat()
    images = {name: _named(given[name]) for name in ("picture", "logo") if name in given}
    if title.lower().endswith((".md", ".markdown")):
        opened = issue.open(Path(title))
        fields: dict[str, Any] = {
            name if name in ("number", "date") else f"cover_{name}": value for name, value in given.items()
        }
        opened = replace(opened, article=replace(opened.article, **fields))
        text, wanted = opened.layout.article.title, opened.cover
        for name in ("picture", "logo"):
            if (src := getattr(wanted, name)) and name not in images:
                images[name] = opened.images.fit(src).data
    else:
        words = {name: given.pop(name, "") for name in ("series", "number", "date")}
        text, wanted = title, covers.Cover(**{**given, **covers.read_title(title, **words)})
    if not text.strip():
        raise SourceError(tr("a cover needs a title"))
    try:
        foreign = output.exists() and not covers.is_ours(safe.read(output, _MOST_BYTES))
    except OSError as error:
        raise SourceError(tr("cannot be written: {reason}", reason=reason_of(error)), output) from None
    if foreign:
        raise SourceError(tr("exists and is not a cover that wxpub made"), output, hint=tr("name another file with -o"))
    data, remark = covers.draw(wanted, **images)
    options.write(output, data)
    if remark:
        text = tr("{message}; {fix}", message=remark, fix=gettext(FONT_PACKAGES))
        options.echo(tr("{severity}: {text}", severity=tr("warning"), text=text), fg="yellow", err=True)
    options.echo(str(output))
    options.print_json({"path": str(output), "remark": remark})


def _named(path: str) -> bytes:
    """Read an image that the user named, wherever it is."""
    from wxpub.images import Store

    here = Path.cwd()
    try:
        return Store(here / "cover.png", Path(here.anchor)).fit(path).data
    except SourceError as error:
        raise SourceError(error.message, hint=error.hint) from None


# --- cards ------------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="FOLDER", type=click.Path(path_type=Path), help="Write here instead of FILE.cards."
)
@options.theme
@options.as_json
def cards(file: Path, output: Path | None, theme_name: str | None, variables: dict[str, str], as_json: bool) -> None:
    """Draw an issue as cards to swipe through.

    Pictures of 1080 × 1440 pixels in the theme's colours: the title, sections and items with their pictures, and a QR
    code of source_url, card-01.png and so on. They are what `wxpub push --as 贴图` sends, and do for other places too.
    A picture of this name that is there is written over, or removed, only if it is a card that wxpub drew and nobody
    has changed.

    \b
    Examples:
      wxpub cards issue.md
      wxpub cards issue.md -o pictures --theme digest
    """
    from wxpub.desk.letter import own
    from wxpub.images import cover as covers

    opened = issue.open(file, theme=theme_name, variables=variables, fetch=True, as_newspic=True)
    opened = replace(opened, article=replace(opened.article, type="", image_list=()))
    folder = output or own(file.with_name(f"{file.stem}.cards"), opened.settings.root)
    drawn = {folder / f"card-{n:02}.png": image.src for n, image in enumerate(opened.layout.images, 1)}
    try:
        there = {place: safe.read(place, _MOST_BYTES) for place in folder.glob("card-[0-9][0-9].png")}
    except OSError as error:
        raise SourceError(tr("cannot be read: {reason}", reason=reason_of(error)), folder) from None
    if foreign := next((place for place, data in sorted(there.items()) if not covers.is_ours(data)), None):
        hint = tr("name another folder with -o")
        raise SourceError(tr("exists and is not a card that wxpub drew"), foreign, hint=hint)
    for place, src in drawn.items():
        options.write(place, opened.images.fit(src).data)
        options.echo(str(place))
    for place in there.keys() - drawn.keys():
        place.unlink()
    findings = [each for each in opened.layout.findings if each.rule == TOO_MANY.id]
    options.say(findings)
    paths = [str(place) for place in drawn]
    options.print_json({"folder": str(folder), "cards": paths, "text": opened.layout.text}, findings)
