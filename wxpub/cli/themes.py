"""`wxpub themes`: the list of looks, or one issue in all of them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

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
        click.echo(json.dumps([_described(look) for look in looks], ensure_ascii=False, indent=2))
    else:
        for look in looks:
            click.echo(f"{look.name:10}{look.title:\u3000<6}{look.description}")


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
    from wxpub.cli import options
    from wxpub.page import render
    from wxpub.preview import pages

    issue = options.load(file)
    article, published = issue.article, issue.published
    plain = render(article, issue.theme, published=published)
    pictures, findings = pages.embed(plain.images, article.path, root=issue.config.picture_root)
    for finding in findings:
        click.secho(str(finding), fg="red", err=True)
    looks = [theme.load(name) for name in theme.names()]
    page = pages.gallery([(look, render(article, look, published=published, pictures=pictures)) for look in looks])
    place = output or Path(tempfile.mkdtemp(prefix="wxpub-")) / f"{file.stem}.themes.html"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", place) from None
    click.echo(str(place))
    if open_page:
        click.launch(str(place))
