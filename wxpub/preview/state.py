"""What the preview shows: a rendered page in, one JSON document out, the same for the file and for the live page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from wxpub import limits
from wxpub.check.size import measure
from wxpub.preview import plaintext
from wxpub.preview.dark import night

if TYPE_CHECKING:
    from wxpub.finding import Finding
    from wxpub.page import Page

PROPERTIES = 8  # of CSS, those that cost most


def describe(
    page: Page,
    *,
    fragment: str = "",
    findings: Sequence[Finding] | None = None,
    images: Sequence[Mapping[str, Any]] = (),
    theme: str = "",
    cover: str = "",
) -> dict[str, Any]:
    """Describe `page` for the preview's scripts.

    Characters and bytes are those of `page.html`, as it is sent; `fragment` is the same article with images that the
    viewer can see, and `images` says what becomes of each. `cover` is an address of the cover.
    """
    article = page.article
    html = fragment or page.html
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
        "coverName": article.cover,
        "html": html,
        "dark": _numbered(night(html)),
        "text": plaintext.text(html),
        "outline": [asdict(heading) for heading in page.outline],
        "notes": [asdict(note) for note in page.notes],
        "images": list(images),
        "findings": [_finding(each) for each in (page.findings if findings is None else findings)],
        "sizes": sizes(page),
    }


def sizes(page: Page) -> dict[str, Any]:
    """Give the article's measures with their limits, and what its characters are spent on."""
    article, size = page.article, measure(page.html)
    return {
        "measures": [
            {"name": "title", "used": len(article.title), "limit": limits.TITLE_CHARS},
            {"name": "author", "used": len(article.author), "limit": limits.AUTHOR_CHARS},
            {"name": "digest", "used": len(article.digest), "limit": limits.DIGEST_CHARS},
            {"name": "characters", "used": size.characters, "limit": limits.CONTENT_CHARS},
            {"name": "bytes", "used": size.bytes, "limit": limits.CONTENT_BYTES},
        ],
        "kinds": {
            "text": size.kinds["text"],
            "style": size.kinds["style"],
            "address": size.kinds["address"],
            "markup": size.kinds["tag"] + size.kinds["attribute"],
        },
        "sections": [{"text": text, "used": used} for text, used in size.sections],
        "properties": [{"text": text, "used": used} for text, used in size.properties[:PROPERTIES]],
    }


def _numbered(styles: Sequence[str]) -> dict[str, list[Any]]:
    """Write every style once: an article has a thousand elements, and some fifty styles."""
    numbers = {style: number for number, style in enumerate(dict.fromkeys(styles))}
    return {"styles": list(numbers), "use": [numbers[style] for style in styles]}


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
