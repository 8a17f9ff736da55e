"""`wxpub preview`: an issue in, a page in the browser that follows every change of it until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wxpub.cli import options

if TYPE_CHECKING:
    from wxpub.preview.server import Session


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Listen here; 0 takes a free port.")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="0.0.0.0 lets a phone in that has the key.")
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
@click.option("--account", "account_name", default="", metavar="NAME", help="Push to this account of wxpub.toml.")
@options.theme
def preview(
    file: Path,
    port: int | None,
    host: str,
    no_open: bool,
    account_name: str,
    theme_name: str | None,
    variables: dict[str, str],
) -> None:
    """Show an issue in the browser, live while you write.

    The page follows every change of the file, its images, wxpub.toml and the theme; it copies the article for
    WeChat's web editor, and pushes it. Ctrl-C ends it.

    \b
    Examples:
      wxpub preview issue.md
      wxpub preview issue.md --theme digest --port 8000
      wxpub preview issue.md --host 0.0.0.0      also on a phone in the same network
    """
    from wxpub.preview.server import serve

    with serve(
        file,
        theme=theme_name,
        variables=variables,
        account=account_name,
        host=host,
        port=port,
        say=options.tell,
    ) as session:
        ended = _listen()
        _say(session)
        if not no_open:
            options.launch(session.url)
        while not ended.wait(0.5):  # on Windows a signal does not end a wait
            pass


def _say(session: Session) -> None:
    """Say where the preview is; where a key opens it, also as a code to scan, again whenever the key has been used."""
    from wxpub.images.draw import terminal_qrcode

    options.echo(f"preview: {session.url}  (Ctrl-C ends it)", err=True)
    if session.access.locked:
        options.echo(f"each key lets one browser in; scan it with a phone:\n{terminal_qrcode(session.url)}", err=True)
        session.access.opened = lambda: _say(session)


def _listen() -> threading.Event:
    """Make an event that Ctrl-C and SIGTERM set."""
    ended = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda number, frame: ended.set())
    return ended
