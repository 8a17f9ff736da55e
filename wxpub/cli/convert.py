"""`wxpub convert`: issues in, pages that stand alone out."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from wxpub.cli import options
from wxpub.errors import SourceError
from wxpub.page import ImageRef, Page, Target, render

_GENERATOR = b'name="generator" content="wxpub'


@click.command()
@options.files
@click.option("-o", "--output", metavar="PATH", help="Write here; `-` is stdout; a folder for several files.")
@click.option("--fragment", is_flag=True, help="Write only the article's HTML, as WeChat takes it.")
@click.option(
    "--target",
    type=click.Choice(["api", "paste"]),
    default="api",
    help="Finish for the API or for the web editor.",
)
@options.theme
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; write files only with -o.")
@click.option("--open", "open_page", is_flag=True, help="Show the page in the browser.")
@click.option("--copy", is_flag=True, help="Put the article on the clipboard, to paste into the web editor.")
def convert(
    files: tuple[Path, ...],
    output: str | None,
    fragment: bool,
    target: Target,
    theme_name: str | None,
    variables: dict[str, str],
    as_json: bool,
    open_page: bool,
    copy: bool,
) -> None:
    """Turn issues into pages to look at and copy from.

    Writes FILE.html beside each FILE: the article in a phone-wide column, what to know about it, and a button that
    copies it for WeChat's web editor. The page needs no network and no other file.

    \b
    Examples:
      wxpub convert issue.md --open
      wxpub convert issues/*.md -o pages/
      wxpub convert issue.md --fragment -o - | wl-copy
      wxpub convert issue.md --json | jq .findings
    """
    places = _places(files, output, quiet=as_json)
    reports = []
    for path, place in zip(files, places, strict=True):
        issue = options.load(path, theme_name, variables)
        page = render(issue.article, issue.theme, published=issue.published, target=target)
        if place is not None or copy:
            page = _deliver(issue, page, place, fragment=fragment, copy=copy, ours=output is None)
        if as_json:
            reports.append(_report(page))
        else:
            _say(page, place)
        if open_page and place is not None and str(place) != "-":
            click.launch(str(place))
    if as_json:
        document: Any = reports[0] if len(reports) == 1 else reports
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _deliver(issue: options.Issue, page: Page, place: Path | None, *, fragment: bool, copy: bool, ours: bool) -> Page:
    """Write and copy what was asked for; gives the page with what was found out about its pictures."""
    if fragment and place is not None:
        _write(place, page.html, ours=False)
        if not copy:
            return page
    from wxpub.preview import pages

    article, root = issue.article, issue.config.picture_root
    pictures, findings = pages.embed(page.images, article.path, root=root)
    page = replace(page, findings=page.findings + findings)
    paste = render(article, issue.theme, published=issue.published, pictures=pictures, target="paste").html
    if place is not None and not fragment:
        covers, _ = pages.embed([ImageRef(article.cover)], article.path, root=root)
        cover = covers[article.cover].url if covers else ""
        alone = pages.standalone(page, fragment=paste, pictures=pictures, theme=issue.theme.name, cover=cover)
        _write(place, alone, ours=ours)
    if copy:
        from wxpub.preview import clipboard

        clipboard.copy_html(paste, clipboard.plain_text(paste))
    return page


def _places(files: tuple[Path, ...], output: str | None, quiet: bool) -> list[Path | None]:
    """Decide where each page goes; None where it is not written."""
    if output == "-":
        if len(files) > 1:
            raise click.UsageError("-o - takes one file")
        return [None if quiet else Path("-")]
    if output is None:
        return [None if quiet else path.with_suffix(".html") for path in files]
    folder = Path(output)
    if len(files) == 1 and not folder.is_dir() and not output.endswith("/"):
        return [folder]
    names = [path.with_suffix(".html").name for path in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise click.UsageError(f"several files would become {folder / twice[0]}")
    if folder.exists() and not folder.is_dir():
        raise click.UsageError(f"{folder} is a file; several files need a folder")
    return [folder / name for name in names]


def _write(place: Path, text: str, ours: bool) -> None:
    """Write the page whole or not at all; a page that somebody else made stays unless it is named with -o."""
    if str(place) == "-":
        sys.stdout.buffer.write(text.encode())
        return
    if ours and place.exists() and _GENERATOR not in place.read_bytes()[:4096]:
        raise SourceError("exists and was not made by wxpub", place, hint="name another place with -o")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(place)
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", place) from None


def _report(page: Page) -> dict[str, Any]:
    article = page.article
    return {
        "title": article.title,
        "author": article.author,
        "digest": article.digest,
        "source_url": article.source_url,
        "html": page.html,
        "characters": page.characters,
        "bytes": page.bytes,
        "notes": [asdict(note) for note in page.notes],
        "images": [asdict(image) for image in page.images],
        "findings": [{**asdict(each), "path": str(each.path) if each.path else None} for each in page.findings],
    }


def _say(page: Page, place: Path | None) -> None:
    for finding in page.findings:
        options.say(finding)
    title = page.article.title or "(no title)"
    size = f"{page.characters:,} characters, {page.bytes:,} bytes"
    counts = f"{options.counted(len(page.notes), 'note')}, {options.counted(len(page.images), 'image')}"
    click.echo(f"{title}: {size}, {counts}", err=True)
    if place is not None and str(place) != "-":
        click.echo(str(place))
