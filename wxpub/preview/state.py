"""What the preview shows: a rendered page in, one JSON document out, the same for the file and for the live page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wxpub import limits
from wxpub.preview import plaintext, size

if TYPE_CHECKING:
    from wxpub.finding import Finding
    from wxpub.page import ImageRef, Page, Picture


def describe(
    page: Page,
    *,
    fragment: str = "",
    findings: Sequence[Finding] | None = None,
    pictures: Mapping[str, Picture] | None = None,
    theme: str = "",
    cover: str = "",
) -> dict[str, Any]:
    """Describe `page` for the preview's scripts.

    Characters and bytes are those of `page.html`, as it is sent; `fragment` is the same article with images that the
    viewer can see. `pictures` tells what the images became in it; `cover` is an address of the cover.
    """
    article = page.article
    html = fragment or page.html
    shown = _addresses(html)
    return {
        "file": article.path.name,
        "path": str(article.path),
        "theme": theme,
        "title": article.title,
        "author": article.author,
        "date": article.date,
        "digest": article.digest,
        "source_url": article.source_url,
        "cover": cover,
        "html": html,
        "text": plaintext.text(html),
        "outline": [asdict(heading) for heading in page.outline],
        "notes": [asdict(note) for note in page.notes],
        "images": [_image(each, (pictures or {}).get(each.src), shown) for each in page.images],
        "findings": [_finding(each) for each in (page.findings if findings is None else findings)],
        "sizes": sizes(page),
    }


def sizes(page: Page) -> dict[str, Any]:
    """Give the article's measures with their limits, and what its characters are spent on."""
    article = page.article
    return {
        "measures": [
            {"name": "title", "used": len(article.title), "limit": limits.TITLE_CHARS},
            {"name": "author", "used": len(article.author), "limit": limits.AUTHOR_CHARS},
            {"name": "digest", "used": len(article.digest), "limit": limits.DIGEST_CHARS},
            {"name": "characters", "used": page.characters, "limit": limits.CONTENT_CHARS},
            {"name": "bytes", "used": page.bytes, "limit": limits.CONTENT_BYTES},
        ],
        "kinds": size.kinds(page.html),
        "sections": [{"text": unescape(name), "used": used} for name, used in size.sections(page.html)],
    }


def dump(state: Mapping[str, Any]) -> str:
    """Serialise for a `<script type="application/json">`: no `<` in it can end the element or open a comment."""
    return json.dumps(state, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "fix": finding.fix,
        "line": finding.line,
        "place": finding.place,
    }


def _addresses(html: str) -> list[str]:
    """List the addresses of all images in `html`, in order: the page says “the third one” instead of repeating it."""
    return [unescape(address) for address in re.findall(r'<img\b[^>]*?\ssrc="([^"]*)"', html)]


def _image(image: ImageRef, picture: Picture | None, shown: Sequence[str]) -> dict[str, Any]:
    address = picture.url if picture else image.src
    return {
        "src": image.src,
        "alt": image.alt,
        "line": image.line,
        "position": shown.index(address) if address in shown else -1,
        "width": picture.width if picture else 0,
        "height": picture.height if picture else 0,
        "bytes": len(address.partition(",")[2]) * 3 // 4 if address.startswith("data:") else 0,
        "fate": fate(address),
    }


def fate(url: str) -> str:
    """Tell what the web editor does with an image at `url` when an article is pasted.

    It fetches what is public, takes what is embedded, and keeps what WeChat serves already; nothing else arrives.
    """
    parts = urlsplit(url)
    if parts.scheme == "data":
        return "embedded"
    if parts.scheme not in ("http", "https"):
        return "lost"
    host = parts.hostname or ""
    return "hosted" if any(host == each or host.endswith("." + each) for each in limits.IMAGE_HOSTS) else "fetched"
