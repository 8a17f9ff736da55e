"""`wxpub cover`: a title or an issue in, a cover picture out."""

from __future__ import annotations

from pathlib import Path

import click

from wxpub.cli import options
from wxpub.errors import SourceError


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
    from wxpub.page import render
    from wxpub.push.gather import cover_colours

    colours = COVER_COLOURS
    if title.lower().endswith((".md", ".markdown")):
        issue = options.load(Path(title))
        title, colours = render(issue.article, issue.theme).article.title, cover_colours(issue.theme)
    if not title.strip():
        raise SourceError("a cover needs a title")
    data, remark = draw.cover(title, (ground or colours[0], accent or colours[1]))
    try:
        if output.exists() and not draw.is_cover(output.read_bytes()[:256]):
            raise SourceError("exists and was not made by wxpub", output, hint="name another file with -o")
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(data)
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", output) from None
    if remark:
        click.secho(f"warning: {remark}", fg="yellow", err=True)
    click.echo(str(output))
