"""Where an article's size goes: its HTML in, characters by section, by CSS property and by kind out; judges nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

from wxpub.style import pairs

_TAG = re.compile(r"<(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*>")
_ATTRIBUTE = re.compile(r"\s([\w:-]+)=(\"[^\"]*\"|'[^']*'|[^\s>]+)")
_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1>", re.DOTALL | re.IGNORECASE)
_NOTE = re.compile(r"(?:\[\d+\])+$")  # the number of a link's note is no part of the heading's name


@dataclass(frozen=True, slots=True)
class Size:
    """Characters of HTML, which WeChat documents a limit of, and bytes of UTF-8, of which it enforces one.

    `kinds` splits the characters into text, style, address, other attributes and tags; `properties` splits the style by
    CSS property, with what stands around each; `sections` splits the whole at its headings ("" comes before the first).
    """

    characters: int
    bytes: int
    kinds: Mapping[str, int]
    sections: tuple[tuple[str, int], ...]
    properties: tuple[tuple[str, int], ...]


def measure(html: str) -> Size:
    """Count the characters of `html` in every way; each adds up to all of them, `properties` to those of the style."""
    kinds: Counter[str] = Counter(text=len(html), style=0, address=0, attribute=0, tag=0)
    properties: Counter[str] = Counter()
    for tag in _TAG.findall(html):
        kinds["text"] -= len(tag)
        kinds["tag"] += len(tag)
        for match in _ATTRIBUTE.finditer(tag):
            name = match[1].lower()
            kind = "style" if name == "style" else "address" if name in ("src", "href", "data-src") else "attribute"
            kinds[kind] += len(match[0])
            kinds["tag"] -= len(match[0])
            if kind == "style":
                properties.update(_by_property(match[2].strip("\"'"), len(match[0])))
    return Size(len(html), len(html.encode()), dict(kinds), sections(html), tuple(properties.most_common()))


@lru_cache(1024)  # an article repeats some fifty styles
def _by_property(style: str, length: int) -> Counter[str]:
    """Share the `length` characters of a style attribute among its properties; ` style=""` itself has its own line."""
    counts: Counter[str] = Counter()
    for name, value in pairs(unescape(style)):
        counts[name] += len(name) + len(value) + 2
    counts['style=""'] = length - sum(counts.values())
    return counts


def sections(html: str) -> tuple[tuple[str, int], ...]:
    """Count the characters from each heading to the next; what comes before the first heading has the name ""."""
    headings = list(_HEADING.finditer(html))
    starts = [0, *(heading.start() for heading in headings)]
    names = ["", *(_NOTE.sub("", unescape(_TAG.sub("", heading[2])).strip()) for heading in headings)]
    ends = [*starts[1:], len(html)]
    return tuple((name, end - start) for name, start, end in zip(names, starts, ends, strict=True) if end > start)
