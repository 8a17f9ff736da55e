"""What an article's size is made of: its HTML in, characters by kind and by section out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

_TAG = re.compile(r"<[^>]*>")
_STYLE = re.compile(r'\sstyle="[^"]*"')
_ADDRESS = re.compile(r'\s(?:src|href)="[^"]*"')
_NOTE = re.compile(r"(?:\[\d+\])+$")  # the number of a link's note is no part of the heading's name
_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1>", re.DOTALL)


def kinds(html: str) -> Mapping[str, int]:
    """Count the characters of `html` that are text, inline styles, addresses of images and links, and other markup."""
    tags = _TAG.findall(html)
    styles = sum(len(each) for tag in tags for each in _STYLE.findall(tag))
    addresses = sum(len(each) for tag in tags for each in _ADDRESS.findall(tag))
    markup = sum(map(len, tags))
    return {
        "text": len(html) - markup,
        "style": styles,
        "address": addresses,
        "markup": markup - styles - addresses,
    }


def sections(html: str) -> tuple[tuple[str, int], ...]:
    """Count the characters from each heading to the next; what comes before the first heading has the name ""."""
    headings = list(_HEADING.finditer(html))
    starts = [0, *(heading.start() for heading in headings)]
    names = ["", *(_NOTE.sub("", unescape(_TAG.sub("", heading[2])).strip()) for heading in headings)]
    ends = [*starts[1:], len(html)]
    return tuple((name, end - start) for name, start, end in zip(names, starts, ends, strict=True) if end > start)
