"""`wxpub site`: all issues of the newsletter as a web site in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from wxpub.cli import options
from wxpub.issue import Opener
from wxpub.language import tr, tr_n


@click.command()
@click.argument("folder", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--base-url", metavar="URL", help="Where the site will be; by default [site] url. Makes the feed.")
@click.option("--name", default="", metavar="NAME", help="What the letter is called.")
@options.theme
@options.as_json
def site(
    folder: Path,
    base_url: str | None,
    name: str,
    theme_name: str | None,
    variables: dict[str, str],
    as_json: bool,
) -> None:
    """Write all issues as a web site into a folder.

    Makes a page for each issue of the newsletter in the working folder, an index with covers and a search, and an Atom
    feed. Links between issues lead to the site's pages. The site needs no server: it can be opened from the folder, and
    shown by any host of files. When it is written again, only what has changed is. Issues with `draft: true` are left
    out. OUT has to be empty, or to hold a site that was written before.

    \b
    Examples:
      wxpub site public/
      wxpub site public/ --base-url https://letter.example/
      wxpub site docs/ --name 嵌入式简报 --theme paper
    """
    from wxpub.desk import letter
    from wxpub.elsewhere import site as sites

    found = letter.find(Path.cwd())
    base = sites.address_of(found) if base_url is None else base_url
    if base and not sites.is_address(base):
        raise click.BadParameter(tr("{url} is not an address of the web", url=base), param_hint="--base-url")

    def watch(outcomes: Iterator[Any], count: int) -> Iterator[Any]:
        return outcomes if as_json else options.watched(outcomes, count, tr("writing pages"))

    report = sites.build(found, folder, base=base, name=name, opener=Opener(theme_name, variables), watch=watch)
    if as_json:
        result = {
            "folder": str(folder),
            "address": report.address,
            "pages": report.pages,
            "made": list(report.made),
            "written": list(report.written),
            "removed": list(report.removed),
            "left": list(report.left),
            "drafts": list(report.drafts),
            "failed": [{"name": each, "reason": reason} for each, reason in report.failed.items()],
        }
        options.print_json(result, report.findings)
    else:
        _say(report, folder)
    if report.failed:
        raise click.exceptions.Exit(1)


def _say(report: Any, folder: Path) -> None:
    options.say(each for each in report.findings if each.severity == "error")
    for reason in report.failed.values():
        options.echo(tr("error: {error}", error=reason), fg="red", err=True)
    for each in report.left:
        said = tr("{path} was changed since it was written here, and stays", path=folder / each)
        options.echo(said, fg="yellow", err=True)
    if not report.address:
        options.tell(
            tr("without the site's address there is no feed: give --base-url, or set [site] url in wxpub.toml")
        )
    if report.drafts:
        options.tell(tr_n("{n} draft is left out", "{n} drafts are left out", len(report.drafts)))
    pages = tr_n("{n} page", "{n} pages", report.pages)
    made = tr_n("{n} made anew", "{n} made anew", len(report.made))
    files = tr_n("{n} file written", "{n} files written", len(report.written))
    removed = tr_n("{n} removed", "{n} removed", len(report.removed))
    options.echo(
        tr("{pages}, {made}; {files}, {removed}", pages=pages, made=made, files=files, removed=removed), err=True
    )
    options.echo(str(folder / "index.html"))
