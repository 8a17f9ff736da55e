"""The page that stands alone: a rendered page in, one HTML file out; needs no server, no network and no other file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape, unescape
from typing import TYPE_CHECKING, Any

from wxpub import address
from wxpub.page import Picture
from wxpub.preview import assets, state

if TYPE_CHECKING:
    from wxpub.finding import Finding
    from wxpub.page import Page


def make(
    page: Page,
    *,
    fragment: str = "",
    findings: Sequence[Finding] | None = None,
    pictures: Mapping[str, Picture] | None = None,
    theme: str = "",
    cover: str = "",
) -> str:
    """Make the file that `wxpub convert` writes: the article in a phone, what to know about it, a button to copy it.

    `fragment` is what is shown and copied: the article finished for pasting, with its images embedded; without it,
    `page.html`. Characters and bytes are counted in `page.html`, as it is sent. `findings` default to the page's own;
    `pictures` tells what the images became; `theme` is the theme's name, `cover` a data: address.

    The article cannot run: it lives in a sandboxed frame, and the page's Content-Security-Policy allows one script by
    its hash and no address outside the file.
    """
    fragment = fragment or page.html
    article = page.article
    script = assets.script("standalone.js")
    images = _images(page, pictures or {}, fragment)
    described = state.describe(page, fragment=fragment, findings=findings, images=images, theme=theme, cover=cover)
    return assets.fill(
        "standalone.html",
        policy=policy(script),
        title=escape(article.title or article.path.name),
        style=assets.read("static/preview.css"),
        frame=escape(assets.frame()),
        state=state.dump(described),
        script=script,
    )


def policy(script: str) -> str:
    """Allow this script, inline styles (all that an article has) and embedded images; nothing else."""
    allowed = {
        "default-src": "'none'",
        "script-src": assets.source_hash(script),
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{kind} {source}" for kind, source in allowed.items())


def _images(page: Page, pictures: Mapping[str, Picture], fragment: str) -> list[dict[str, Any]]:
    """Describe the images; each stands once in the file, so the list names it by its position in the article."""
    shown = [unescape(src) for src in re.findall(r'<img\b[^>]*?\ssrc="([^"]*)"', fragment)]
    described = []
    for image in page.images:
        picture = pictures.get(image.src, Picture(image.src))
        embedded = picture.url.partition(",")[2] if picture.url.startswith("data:") else ""
        described.append(
            {
                "src": image.src,
                "alt": image.alt,
                "line": image.line,
                "position": shown.index(picture.url) if picture.url in shown else -1,
                "width": picture.width,
                "height": picture.height,
                "bytes": len(embedded) * 3 // 4,
                "fate": fate(picture.url),
            }
        )
    return described


def fate(url: str) -> str:
    """Tell what the web editor does with an image at `url` when an article is pasted.

    It keeps what WeChat serves already, uploads what is embedded unless it is SVG, fetches what is public; nothing else
    arrives (reported by publishing tools).
    """
    if url[:5].lower() == "data:":
        return "lost" if url.startswith("data:image/svg") else "embedded"
    target = address.parse(url)
    if target.scheme not in ("http", "https"):
        return "lost"
    return "hosted" if target.hosted else "fetched"
