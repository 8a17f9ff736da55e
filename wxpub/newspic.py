"""An issue as a 贴图 (`article_type` newspic): a laid-out tree in, its plain text and a page to look at out.

WeChat shows up to twenty pictures to swipe through, the first of which is the cover, and below them a text of up to
1,000 characters without markup (api_draft_add; measured 2026-08-05). So a link is written out, a list keeps its marks,
a formula is written as its source. Opens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Literal, TypeAlias

from wxpub.finding import Finding, Rule
from wxpub.language import tr
from wxpub.limits import NEWSPIC_CHARS, NEWSPIC_PICTURES
from wxpub.tree import BLOCKS, HEADINGS, line_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from wxpub.article import Article

Kind: TypeAlias = Literal["section", "item", "point", "lead", "text", "picture", "caption"]
Part: TypeAlias = "tuple[Kind, tuple[str, ...]]"

TOO_MANY = Rule(
    "newspic-pictures",
    "error",
    f"a 贴图 has more than {NEWSPIC_PICTURES} pictures",
    "take some out, or make two of it",
    reader="nothing: the push is refused",
)
TOO_LONG = Rule(
    "newspic-text",
    "error",
    f"the text of a 贴图 has more than {NEWSPIC_CHARS:,} characters (45166)",
    "shorten it; links count with their whole addresses",
    reader="nothing: the push is refused",
)
TAG = Rule(
    "newspic-tag",
    "error",
    "the text of a 贴图 has what looks like a tag of HTML, which WeChat refuses (45166)",
    "write ＜ for <, or say it in words",
    reader="nothing: the push is refused",
)
PLAIN = Rule(
    "newspic-plain",
    "warning",
    "the text of a 贴图 is plain, so tables, code and formulas lose their form",
    "show it as a picture, or say it in a sentence",
    reader="the cells of a table on one line, code in the letters of the text, a formula as its source",
)
NO_COVER = Rule(
    "newspic-cover",
    "warning",
    "the cover of a 贴图 is its first picture, so the one that is named is not used",
    "put it first among the pictures",
    reader="the first picture as the cover",
)
RULES = (TOO_MANY, TOO_LONG, TAG, PLAIN, NO_COVER)

_CELLS = frozenset(("td", "th"))
_DECORATION = frozenset(("section-number", "end-mark", "table-hint"))  # words of the theme, not of the author


def judge(
    root: HtmlElement, article: Article, text: str, pictures: Sequence[tuple[str, int | None]]
) -> Iterator[Finding]:
    """Find what WeChat refuses of a 贴图, and what it loses; `pictures` are sources with their lines."""
    path, places = article.path, article.places
    if len(pictures) > NEWSPIC_PICTURES:
        said = tr("{n} pictures; a 贴图 has up to {most}", n=len(pictures), most=NEWSPIC_PICTURES)
        yield TOO_MANY.find(said, path, pictures[NEWSPIC_PICTURES][1])
    if len(text) > NEWSPIC_CHARS:
        said = tr("the text has {n:,} characters; WeChat takes {most:,} of a 贴图", n=len(text), most=NEWSPIC_CHARS)
        yield TOO_LONG.find(said, path, 1)
    if (tag := re.search(r"<[a-zA-Z/!][^<>\s]*>?", text)) is not None:
        yield TAG.find(tr("{text} in the text looks like a tag", text=tag[0]), path, 1)
    for element in root.iter("table"):
        yield PLAIN.find(tr("a table becomes lines of text"), path, line_of(element))
    for element in root.iter("section", "span"):
        if element.get("class") == "code":
            yield PLAIN.find(tr("a block of code becomes lines of text"), path, line_of(element))
        elif element.get("class") == "math":
            yield PLAIN.find(tr("a formula becomes its source"), path, line_of(element))
    if article.is_newspic and article.cover and article.cover not in [src for src, _ in pictures[:1]]:
        yield NO_COVER.find(path=path, line=places.get("cover", 1))


# --- text -------------------------------------------------------------------------------------------------------------


def text_of(root: HtmlElement) -> str:
    """Write the text of a laid-out issue, a blank line between two blocks."""
    blocks = ("\n".join(line for line in _Lines(block).found if line.strip()) for block in root)
    return "\n\n".join(filter(None, blocks))


def summary(article: Article) -> str:
    """Write the text below cards, which have all the words: the digest, and where the whole issue is to be read."""
    return "\n\n".join(filter(None, (article.digest, article.source_url and f"全文：{article.source_url}")))


class _Lines:
    """The lines of a block; code keeps the spaces that begin one. Addresses are `written` behind links, or not."""

    def __init__(self, block: HtmlElement, *, written: bool = True) -> None:
        self.found = [""]
        self._written = written
        self._visit(block)

    def _visit(self, element: HtmlElement) -> None:
        if not isinstance(element.tag, str) or element.get("class") in _DECORATION:
            return
        if (element.tag in BLOCKS and element.tag not in _CELLS) or element.tag == "br":
            self._end()
        if element.tag == "li":
            self.found[-1] = _marker(element)
        if element.tag in _CELLS and element.getprevious() is not None:
            self.found[-1] += " | "
        if element.tag == "svg":
            self.found[-1] += element.get("aria-label", "")
            return
        self._say(element.text)
        for child in element:
            self._visit(child)
            self._say(child.tail)
        if element.tag == "a" and self._written:
            self.found[-1] = _written_out(self.found[-1], element)
        if element.tag in BLOCKS and element.tag not in _CELLS:
            self._end()

    def _say(self, text: str | None) -> None:
        said, line = re.sub(r"[\t\n\r\f ]+", " ", text or ""), self.found[-1]
        if line:  # no-break spaces that begin a line are those of code
            said = re.sub(r"[\u00a0 ]+", " ", said)
        self.found[-1] += (said if line and not line.endswith(" ") else said.removeprefix(" ")).replace("\u00a0", " ")

    def _end(self) -> None:
        line = self.found[-1].rstrip()
        if line and not _is_marker(line):
            self.found[-1:] = [line, ""]


def _marker(item: HtmlElement) -> str:
    """Write what stands before an item: its number, a dot, or nothing where the text has a mark already."""
    around = item.getparent()
    if item.get("class") == "task" or around is None:
        return ""
    if around.tag != "ol":
        return "· "
    before = sum(1 for each in item.itersiblings("li", preceding=True))
    start = around.get("start", "1")
    return f"{int(start) + before if start.isdigit() else before + 1}. "


def _is_marker(line: str) -> bool:
    """Whether a line is still waiting for the words of its item."""
    return re.fullmatch(r"·|\d+\.", line) is not None


def _written_out(line: str, a: HtmlElement) -> str:
    """Write a link's address behind its text, unless the text is the address: nobody can tap on it."""
    href, said = a.get("href", ""), "".join(a.itertext()).strip()
    bare = re.sub(r"^https?://|/$", "", href)
    if not href or bare in said:
        return line
    return f"{line}（{href}）" if said else line + href


# --- parts ------------------------------------------------------------------------------------------------------------


def parts_of(root: HtmlElement) -> Iterator[Part]:
    """Take a laid-out issue apart for cards: each part with its lines, a picture with its source.

    The list of back issues is left out, since no link leads there from a picture, and what a link leads to as well; a
    section of which nothing is left says nothing.
    """
    headings: list[tuple[str, Part]] = []
    for block in root:
        if block.tag in HEADINGS:
            headings = [each for each in headings if each[0] < block.tag]
            headings.append((block.tag, ("section", tuple(_said(block)))))
        elif parts := tuple(_parts(block)):
            yield from (part for _, part in headings)
            yield from parts
            headings = []


def _parts(block: HtmlElement) -> Iterator[Part]:
    """Take a block that is no heading apart."""
    kind, lines = _kind(block), tuple(_said(block))
    if kind in ("grid", "qrcode", "toc"):
        return
    if block.tag in ("ul", "ol"):
        for item in block:
            yield from _pictures(item)
            if said := tuple(_said(item)):
                yield ("item" if _kind(item) == "item" else "point"), said
    else:
        yield from _pictures(block)
        if lines:
            yield ("lead" if kind == "lead" else "caption" if kind == "caption" else "text"), lines


def _pictures(block: HtmlElement) -> Iterator[Part]:
    return (("picture", (src,)) for image in block.iter("img") if (src := image.get("src", "").strip()))


def _said(block: HtmlElement) -> Iterator[str]:
    """List the lines of a block; an item needs no dot on a card."""
    for line in _Lines(block, written=False).found:
        if said := line.removeprefix("· ").strip():
            yield said


def _kind(block: HtmlElement) -> str:
    return (block.get("class") or "").partition(" ")[0]


# --- pages ------------------------------------------------------------------------------------------------------------

# What a reader sees, as near as HTML without a script comes to it: pictures that snap into place when they are swiped.
_STRIP = "display:flex;gap:8px;padding:1px;overflow-x:auto;scroll-snap-type:x mandatory"
_CARD = "flex:0 0 92%;scroll-snap-align:center;scroll-snap-stop:always"  # the next one peeps in
_EDGE = "border-radius:4px;box-shadow:0 0 0 1px rgba(128,128,128,.25)"  # a white card on a white page
_PICTURE = f"display:block;width:100%;aspect-ratio:3/4;object-fit:contain;{_EDGE}"
_TEXT = "padding:14px 0;font-size:16px;line-height:1.6;word-break:break-word"
_LINE = "margin:0;min-height:1.6em;white-space:pre-wrap"


def parts(pictures: Iterable[tuple[str, str]], text: str) -> Iterator[str | tuple[str, str]]:
    """Write a 贴图 as a page to look at: its pictures, each a source and what it shows, and its text.

    Between the pieces of HTML every picture is a pair: its source, and the attributes of its `img`.
    """
    yield f'<section><section style="{_STRIP}">'
    for src, alt in pictures:
        yield f'<section style="{_CARD}">'
        yield src, f' alt="{escape(alt)}" style="{_PICTURE}"'
        yield "</section>"
    lines = "".join(f'<p style="{_LINE}">{escape(line)}</p>' for line in text.split("\n"))
    yield f'</section><section style="{_TEXT}">{lines}</section></section>'
