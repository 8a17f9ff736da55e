"""A page as a picture, drawn by a browser of this machine: the command for it, and the page made safe for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from wxpub.errors import WxpubError
from wxpub.language import tr

WIDTH, HEIGHT = 390, 15_000  # of a phone, and so much that a long issue fits; Chromium draws no picture above 16,384
# Where Chromium's kin are when no name of theirs is on the PATH; on Windows and macOS unverified.
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
# Beside the page's own policy, of which both hold: no file and no host is asked for a picture.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def closed(page: str) -> str:
    """Return a page that shows only what it holds itself."""
    return page.replace("<head>", f'<head>\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">', 1)


def command(page: Path, target: Path, *, dark: bool = False) -> list[str]:
    """Write the command that draws the file `page` as the PNG `target`. Raises WxpubError where no browser is found."""
    browser = next(filter(None, map(shutil.which, (*_NAMES, *_PLACES))), None)
    if browser is None:
        hint = tr("install Chromium or Chrome; `wxpub convert` writes a page that any browser shows")
        raise WxpubError(tr("no browser was found that can draw a picture"), hint)
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # for whom Chromium has no sandbox of its own
    return [
        browser,
        "--headless",
        *(["--no-sandbox"] if root else []),
        "--disable-gpu",
        "--hide-scrollbars",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={target.with_suffix('.profile')}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        f"--window-size={WIDTH},{HEIGHT}",
        f"--screenshot={target}",
        page.as_uri(),
    ]
