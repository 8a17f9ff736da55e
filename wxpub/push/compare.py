"""What was sent against what WeChat keeps: two fragments of HTML in, differences out; asks nobody and decides nothing.

The comparison knows the renames that WeChat makes of every article (developers.weixin.qq.com api_getdraft shows them):
`src` becomes `data-src`, http becomes https, `/0` at the end of a picture's address `/640`, and `id` and `width` of
pictures go. What else differs was lost.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from urllib.parse import urlsplit

from wxpub import style
from wxpub.tree import BLOCKS, VOID

_ENDING = BLOCKS | {"br", "img"}  # elements at which a line of text ends


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was sent: `kind` is text, tag, style, image or link; `what` says which, how often."""

    kind: str
    what: str


@dataclass(slots=True)
class _Content:
    """What a fragment shows: its lines of text, and how often it has each tag, declaration, picture and link."""

    lines: list[str] = field(default_factory=lambda: [""])
    tags: Counter[str] = field(default_factory=Counter)
    styles: Counter[str] = field(default_factory=Counter)
    images: Counter[str] = field(default_factory=Counter)
    links: Counter[str] = field(default_factory=Counter)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.content = _Content()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = self.content
        values = {name: value or "" for name, value in attributes}
        found.tags[tag] += 1
        # Properties are counted by name: their values are WeChat's to write as it likes.
        found.styles.update(name for name, _ in style.pairs(values.get("style", "")))
        if tag == "img":
            found.images[picture_key(values.get("data-src") or values.get("src", ""))] += 1
        if tag == "a" and values.get("href"):
            found.links[values["href"]] += 1
        if tag in _ENDING:
            found.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in _ENDING:
            self.content.lines.append("")

    def handle_data(self, data: str) -> None:
        self.content.lines[-1] += data


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        text = ";".join(filter(None, "".join(values.get("style", "").split()).split(";")))
        picture = picture_key(values.get("data-src") or values.get("src", ""))
        self.parts.append(f"<{tag} {text} {picture} {values.get('href', '')}>")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.parts.append("".join(data.split()))


def form(html: str) -> str:
    """Give what an editor can change of an article and nothing else: elements, styles, pictures, links, words.

    Addresses of pictures come with changing parameters, and WeChat adds attributes of its own when it likes.
    """
    reader = _Form()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)


def _read(html: str) -> _Content:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.content


def picture_key(address: str) -> str:
    """Give what stays the same of a hosted picture's address: host and path, without the size at its end."""
    parts = urlsplit(address)
    return (parts.hostname or "") + re.sub(r"/(0|300|640)$", "", parts.path)


def lines(html: str) -> list[str]:
    """Give the lines that a reader sees, blank ones left out."""
    return [line for each in _read(html).lines if (line := " ".join(each.split()))]


def text_key(title: str, html: str) -> str:
    """Give ten hexadecimal digits that change with any word of title or text, and with nothing else."""
    text = title + "".join(lines(html))
    return sha256(re.sub(r"\s+", "", text).encode()).hexdigest()[:10]


def differences(sent: str, stored: str) -> tuple[Difference, ...]:
    """Say what of `sent` is not in `stored`."""
    before, after = _read(sent), _read(stored)
    found = [Difference(kind, what) for kind, what in _text_loss(before, after)]
    for kind, one, two in (
        ("tag", before.tags, after.tags),
        ("style", before.styles, after.styles),
        ("image", before.images, after.images),
        ("link", before.links, after.links),
    ):
        found += (Difference(kind, f"{name} ({count} of {one[name]})") for name, count in sorted((one - two).items()))
    return tuple(found)


def _text_loss(before: _Content, after: _Content) -> list[tuple[str, str]]:
    one, two = ("".join("".join(each.lines).split()) for each in (before, after))
    if one == two:
        return []
    same = next(
        (place for place, pair in enumerate(zip(one, two, strict=False)) if pair[0] != pair[1]), min(len(one), len(two))
    )
    return [("text", f"from {one[same : same + 30]!r} on: {two[same : same + 30]!r}")]


def diff(old: list[str], new: list[str]) -> list[str]:
    """Give the changed lines with one line around them: `- ` only in `old`, `+ ` only in `new`."""
    from difflib import unified_diff

    shown = list(unified_diff(old, new, lineterm="", n=1))[2:]
    return [re.sub(r"^([-+ ])", r"\1 ", line) if not line.startswith("@@") else "…" for line in shown]
