"""What was sent against what WeChat keeps: fragments of HTML in, marks and differences out; decides nothing.

Every article carries a mark in its draft, by which it is found again when no record of it is left:

    <section data-wxpub="ISSUE.DRAFT.TEXT" …>

ISSUE stands for the issue's name in its project, DRAFT for the one draft that was made, TEXT for title and text as they
were sent. WeChat keeps `data-*` attributes. So a draft tells by itself which issue it is, whether it came of this very
attempt to create it, and whether somebody has changed its words since.

The comparison knows the renames that WeChat makes of every article (developers.weixin.qq.com api_getdraft shows them):
`src` becomes `data-src`, http becomes https, `/0` at the end of an image's address `/640`, and `id` and `width` of
images go. What else differs was lost.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from typing import Literal
from urllib.parse import urlsplit

from wxpub import style
from wxpub.limits import IMAGE_HOSTS
from wxpub.tree import BLOCKS, VOID

ATTRIBUTE = "data-wxpub"
_ENDING = BLOCKS | {"br", "img"}  # elements at which a line of text ends
_FORM = re.compile(rf'{ATTRIBUTE}="([0-9a-f]{{10}})\.([0-9a-f]{{12}})\.([0-9a-f]{{10}})"')


@dataclass(frozen=True, slots=True)
class Mark:
    """An article's mark: three groups of hexadecimal digits."""

    issue: str
    draft: str
    text: str

    def __str__(self) -> str:
        return f"{self.issue}.{self.draft}.{self.text}"


def issue_key(name: str, project: str = "") -> str:
    """Return the mark's group for the issue that the ledger of `project` calls `name`."""
    return sha256("\n".join(filter(None, (project, name))).encode()).hexdigest()[:10]


def new_draft() -> str:
    """Make the group of a draft that is about to be created."""
    return secrets.token_hex(6)


def put_mark(html: str, mark: Mark) -> str:
    """Write `mark` on the article's outermost element."""
    head, rest = re.match(r"(<[a-z]+)(.*)", html, re.DOTALL).groups()  # type: ignore[union-attr]
    return f'{head} {ATTRIBUTE}="{mark}"{rest}'


def find_mark(html: str) -> Mark | None:
    """Read the mark of a stored article; None if it has none."""
    found = _FORM.search(html)
    return Mark(*found.groups()) if found else None


def read_mark(text: str) -> Mark | None:
    """Read a mark as the ledger keeps it."""
    groups = text.split(".")
    return Mark(*groups) if len(groups) == 3 else None


# --- what differs -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was sent: `lost` of the `sent` tags, styles, images or links (`kind`) named `what`.

    Of kind "text", `what` is how the words that differ begin, and `instead` what stands in their place.
    """

    kind: Literal["text", "tag", "style", "image", "link"]
    what: str
    lost: int = 0
    sent: int = 0
    instead: str = ""


@dataclass(slots=True)
class _Content:
    """What a fragment shows: its lines of text, and how often it has each tag, declaration, image and link."""

    lines: list[str] = field(default_factory=lambda: [""])
    tags: Counter[str] = field(default_factory=Counter)
    styles: Counter[str] = field(default_factory=Counter)
    images: Counter[str] = field(default_factory=Counter)
    links: Counter[str] = field(default_factory=Counter)


# Properties that a browser writes by parts or together: `border:0;border-top:…` comes back as `border-width:…`.
_FAMILIES = re.compile(r"\A(border|margin|padding|background|list-style|text-decoration|overflow|flex)(?=-|$).*")


class _Reader(HTMLParser):
    """Reads a fragment once: its `content`, and its `form` as parts; of `families` of properties each is one."""

    def __init__(self, html: str, *, families: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.content = _Content()
        self.families = families
        self.form: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = self.content
        values = {name: value or "" for name, value in attributes}
        written, image = values.get("style", ""), image_key(values.get("data-src") or values.get("src", ""))
        found.tags[tag] += 1
        names = [name for name, _ in style.pairs(written)]  # values are WeChat's to write as it likes
        found.styles.update({_FAMILIES.sub(r"\1", name) for name in names} if self.families else names)
        if tag == "img":
            found.images[image] += 1
        if tag == "a" and values.get("href"):
            found.links[values["href"]] += 1
        if tag in _ENDING:
            found.lines.append("")
        declarations = _COLOUR.sub(_hex, ";".join("".join(each.split()) for each in written.split(";") if each.strip()))
        self.form.append(f"<{tag} {declarations} {image} {values.get('href', '')}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in _ENDING:
            self.content.lines.append("")
        if tag not in VOID:
            self.form.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.content.lines[-1] += data
        self.form.append("".join(data.split()))


# WeChat writes colours anew when it likes: as rgb(), in capitals, with doubled digits.
_COLOUR = re.compile(r"rgba?\((\d+),(\d+),(\d+)(?:,1(?:\.0+)?)?\)|#[0-9a-fA-F]{3,8}\b")


def hex_colours(text: str) -> str:
    """Write every colour in a style as digits of its own."""
    return _COLOUR.sub(_hex, text)


def _hex(match: re.Match[str]) -> str:
    if match[1]:
        return "#" + "".join(f"{min(int(each), 255):02x}" for each in match.groups())
    digits = match[0][1:].lower()
    return "#" + ("".join(each * 2 for each in digits) if len(digits) in (3, 4) else digits)


def form(html: str) -> str:
    """Return what an editor can change of an article and nothing else: elements, styles, images, links, words.

    Addresses of images come with changing parameters, and WeChat adds attributes of its own when it likes.
    """
    return "".join(_Reader(html).form)


def image_key(address: str) -> str:
    """Return what stays the same of a hosted image's address: its path, without the size at its end.

    WeChat serves an image from one of its hosts now and from another one then; elsewhere the host counts too.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return address
    return ("" if host.endswith(IMAGE_HOSTS) else host) + re.sub(r"/(0|300|640)$", "", parts.path)


def lines(html: str) -> list[str]:
    """List the lines that a reader sees, blank ones left out."""
    return [line for each in _Reader(html).content.lines if (line := " ".join(each.split()))]


def text_key(title: str, html: str) -> str:
    """Return ten hexadecimal digits that change with any word of title or text, and with nothing else."""
    text = title + "".join(lines(html))
    return sha256(re.sub(r"\s+", "", text).encode()).hexdigest()[:10]


def differences(sent: str, stored: str, *, families: bool = False) -> tuple[Difference, ...]:
    """Say what of `sent` is not in `stored`; `families` where a browser wrote the styles anew in between."""
    before, after = (_Reader(html, families=families).content for html in (sent, stored))
    found = _text_loss(before, after)
    counted: tuple[tuple[Literal["tag", "style", "image", "link"], Counter[str], Counter[str]], ...] = (
        ("tag", before.tags, after.tags),
        ("style", before.styles, after.styles),
        ("image", before.images, after.images),
        ("link", before.links, after.links),
    )
    for kind, one, two in counted:
        found += (Difference(kind, name, count, one[name]) for name, count in sorted((one - two).items()))
    return tuple(found)


def _text_loss(before: _Content, after: _Content) -> list[Difference]:
    one, two = ("".join("".join(each.lines).split()) for each in (before, after))
    if one == two:
        return []
    same = next(
        (place for place, pair in enumerate(zip(one, two, strict=False)) if pair[0] != pair[1]), min(len(one), len(two))
    )
    return [Difference("text", one[same : same + 30], instead=two[same : same + 30])]


def diff(old: list[str], new: list[str]) -> list[str]:
    """List the changed lines with one line around them: `- ` only in `old`, `+ ` only in `new`."""
    from difflib import unified_diff

    shown = list(unified_diff(old, new, lineterm="", n=1))[2:]
    return [re.sub(r"^([-+ ])", r"\1 ", line) if not line.startswith("@@") else "…" for line in shown]
