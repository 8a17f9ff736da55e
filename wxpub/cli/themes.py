"""`wxpub themes` and `wxpub cover`: the list of looks, or one issue in all of them; a cover for it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wxpub import issue
from wxpub.cli import options
from wxpub.errors import SourceError

if TYPE_CHECKING:
    from wxpub.theme import Theme


@click.command()
@click.argument("file", required=False, metavar="[FILE]", type=click.Path(path_type=Path))
@click.option(
    "--open", "open_page", is_flag=True, help="Show FILE in every theme, by day and by night, in the browser."
)
@click.option("-o", "--output", metavar="PATH", type=click.Path(path_type=Path), help="Write that page here instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the themes and their variables as JSON.")
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
        _show(file, output, open_page)
    elif open_page or output:
        raise click.UsageError("which issue? wxpub themes --open issue.md")
    elif as_json:
        options.print_json([_described(look) for look in looks])
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


def _show(file: Path, output: Path | None, open_page: bool) -> None:
    """Write the page with all looks of one issue, and open it."""
    from wxpub import theme
    from wxpub.preview import pages

    opened = issue.open(file)
    images, findings = pages.embed(opened)
    options.say(findings)
    looks = [replace(opened, theme=theme.load(name)) for name in theme.names()]
    page = pages.gallery([(look.theme, replace(look.page(), placed=images)) for look in looks])
    place = output or Path(tempfile.mkdtemp(prefix="wxpub-")) / f"{file.stem}.themes.html"
    options.write(place, page.encode())
    options.echo(str(place))
    if open_page:
        options.launch(str(place))


# --- covers -----------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("title", metavar="TITLE|FILE.md")
@click.option(
    "-o", "--output", default="cover.png", show_default=True, type=click.Path(path_type=Path), help="Write here."
)
@click.option("--ground", help="Colour of the ground, #rrggbb; by default the theme's accent.")
@click.option("--accent", help="Colour of the bar below, #rrggbb.")
def cover(title: str, output: Path, ground: str | None, accent: str | None) -> None:
    """Make a cover picture from a title.

    900 × 383 pixels, as WeChat shows it above the first article of a draft. It is the cover that `wxpub push` makes for
    an issue without one.

    \b
    Examples:
      wxpub cover issue.md -o cover.png
      wxpub cover "第 42 期：编译器" --ground "#0f4c81"
    """
    from wxpub.images import COVER_COLOURS, draw

    colours = COVER_COLOURS
    if title.lower().endswith((".md", ".markdown")):
        opened = issue.open(Path(title))
        title, colours = opened.layout.article.title, opened.cover_colours
    if not title.strip():
        raise SourceError("a cover needs a title")
    data, remark = draw.cover(title, (ground or colours[0], accent or colours[1]))
    try:
        foreign = output.exists() and not draw.is_cover(output.read_bytes()[:256])
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", output) from None
    if foreign:
        raise SourceError("exists and was not made by wxpub", output, hint="name another file with -o")
    options.write(output, data)
    if remark:
        options.echo(f"warning: {remark}", fg="yellow", err=True)
    options.echo(str(output))
