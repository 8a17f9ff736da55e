"""Article HTML, ours or anybody's, read once for all the rules; knows places and inline styles, judges nothing."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import soupsieve
from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning
from bs4.element import NavigableString, Tag
from bs4.exceptions import ParserRejectedMarkup

from wxpub import darkmode, style
from wxpub.article import Article

# HTML's own white space: U+00A0 is none, it neither collapses nor vanishes.
SPACE = " \t\r\n\f"
# fmt: off
BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))
# What shows something without text.
MEDIA = frozenset((
    "img", "svg", "video", "audio", "iframe", "hr", "br", "mpvideo", "mpvoice", "mp-common-profile",
    "mp-common-videosnap", "mp-style-type",
))
# fmt: on

_OPENING = re.compile(r"<[a-z][^\s/>]*(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>", re.IGNORECASE)
# Where the article is, in a page saved from WeChat or from its web editor.
_SAVED = "#js_content,.rich_media_content .ProseMirror,.ProseMirror.rich_media_content"


@dataclass(frozen=True, slots=True)
class Text:
    """A run of text: where it stands and the `line` it begins on."""

    value: str
    parent: Tag
    node: NavigableString
    line: int

    @property
    def visible(self) -> str:
        """Give what a reader sees of it; U+00A0 and zero-width spaces show nothing."""
        return self.value.strip(SPACE + "\u00a0\u200b")


class Document:
    """An HTML fragment with indexes of its elements, attributes, inline declarations and texts.

    `first_line` is the line of the file that the fragment begins on. `article` says that it is ours: its images count
    as uploaded, as they will be when it is sent. Nothing changes a document after it was made.
    """

    def __init__(
        self, html: str, *, first_line: int = 1, path: Path | None = None, article: Article | None = None
    ) -> None:
        self.html, self.path, self.article, self.first_line = html, path, article, first_line
        self.root = _parse(html)
        self.elements: tuple[Tag, ...] = tuple(node for node in self.root.descendants if isinstance(node, Tag))
        if article is not None:
            for tag in self.elements:
                if tag.name == "img" and tag.get("src"):
                    tag.attrs |= {"src": "https://mmbiz.qpic.cn/mmbiz_png/0/640", "data-w": "1", "data-ratio": "1"}
        self.texts: tuple[Text, ...] = tuple(self._texts())
        self.by_tag: dict[str, list[Tag]] = {}
        self.by_attribute: dict[str, dict[str, list[Tag]]] = {}
        self.by_declaration: dict[tuple[str, str], list[Tag]] = {}
        # Tags compare and hash by their whole markup, so everything here is keyed by identity.
        self._styles: dict[int, dict[str, str]] = {}
        self._places = {id(tag): place for place, tag in enumerate(self.elements)}
        for tag in self.elements:
            self._index(tag)

    def _index(self, tag: Tag) -> None:
        self.by_tag.setdefault(tag.name.lower(), []).append(tag)
        for name, value in tag.attrs.items():
            self.by_attribute.setdefault(name.lower(), {}).setdefault(str(value), []).append(tag)
        pairs = tuple(style.pairs(str(tag.get("style") or "")))
        for pair in dict.fromkeys(pairs):
            self.by_declaration.setdefault(pair, []).append(tag)
        self._styles[id(tag)] = dict(pairs)

    def _texts(self) -> Iterator[Text]:
        """Walk the texts in order. bs4 knows the lines of tags only: count on from there."""
        line = self.first_line
        for node in self.root.descendants:
            if isinstance(node, Tag):
                line = self.line(node)
                continue
            value = str(node)
            # Comments, style sheets and scripts are NavigableStrings of other types.
            if type(node) is NavigableString and isinstance(node.parent, Tag):
                yield Text(value, node.parent, node, line)
            line += value.count("\n")

    @cached_property
    def nights(self) -> list[darkmode.Night]:
        """The night of every element, in document order."""
        elements = []
        depths = {id(self.root): -1}
        for tag in self.elements:
            depth = depths[id(tag)] = depths[id(tag.parent)] + 1
            attributes = {name: str(value) for name, value in tag.attrs.items()}
            has_text = any(map(str.strip, tag.strings))
            elements.append(darkmode.Element(depth, tag.name, self.style(tag), attributes, has_text))
        return darkmode.convert(elements)

    def line(self, tag: Tag) -> int:
        """Give the 1-based line of the file on which `tag` begins."""
        return (tag.sourceline or 1) - 1 + self.first_line

    def place(self, tag: Tag) -> int:
        """Give the position of `tag` among all elements, in document order."""
        return self._places[id(tag)]

    def style(self, tag: Tag) -> Mapping[str, str]:
        """Give the inline declarations of `tag`: the last one of a property wins."""
        return self._styles.get(id(tag), {})

    def inherited(self, tag: Tag, name: str) -> str:
        """Give the nearest inline value of property `name`, from `tag` outwards; "" where nobody sets it."""
        return next((style[name] for each in chain(tag) if name in (style := self.style(each))), "")

    @property
    def wrapper(self) -> Tag:
        """Give the element around the article's top-level blocks: a lone `section` that holds all, else the root."""
        wrapper: Tag = self.root
        while len(inside := contents(wrapper)) == 1 and isinstance(inside[0], Tag) and inside[0].name == "section":
            wrapper = inside[0]
        return wrapper


def _parse(html: str) -> BeautifulSoup:
    """Read HTML; class attributes stay as written, which bs4 would split into lists."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)  # a short text is no mistaken file name here
        try:
            return BeautifulSoup(html, "html.parser", multi_valued_attributes=None)
        except ParserRejectedMarkup:  # `<![` that is no section it knows: to a browser, a comment
            without = re.sub(r"<!\[[^>]*>?", lambda match: "\n" * match[0].count("\n"), html)
            return BeautifulSoup(without, "html.parser", multi_valued_attributes=None)


def open_document(html: str, path: Path | None = None) -> Document:
    """Read somebody's HTML: of a whole page only the article is looked at, where the page shows which part it is."""
    page = _parse(html)
    if (state := soupsieve.select_one("script#state", page)) is not None and is_ours(html):
        return Document(json.loads(state.text)["html"], first_line=state.sourceline or 1, path=path)
    holder = soupsieve.select_one(_SAVED, page)
    if holder is None:
        return Document(html, path=path)
    starts = [0, *(match.end() for match in re.finditer("\n", html))]
    begin = starts[(holder.sourceline or 1) - 1] + (holder.sourcepos or 0)
    opening = _OPENING.match(html, begin)
    begin = opening.end() if opening else begin
    after = _element_after(holder)
    end = len(html) if after is None else starts[(after.sourceline or 1) - 1] + (after.sourcepos or 0)
    # What is left behind the article are closing tags, which the parser drops.
    return Document(html[begin:end].rstrip(), first_line=html.count("\n", 0, begin) + 1, path=path)


def is_ours(html: str) -> bool:
    """Tell whether `html` is a page that stands alone, as `wxpub convert` writes it to be looked at and pasted from."""
    return '<meta name="generator" content="wxpub' in html[:4096]


def _element_after(tag: Tag) -> Tag | None:
    last = tag
    while inside := children(last):
        last = inside[-1]
    after = last.find_next()
    return after if isinstance(after, Tag) else None


def chain(tag: Tag | None) -> Iterator[Tag]:
    """Give `tag` and its ancestors, from the inside out."""
    while tag is not None:
        yield tag
        tag = tag.parent


def contents(tag: Tag) -> list[Tag | str]:
    """Give the children of `tag` without white space and comments."""
    return [
        node if isinstance(node, Tag) else str(node)
        for node in tag.children
        if isinstance(node, Tag) or (type(node) is NavigableString and node.strip(SPACE))
    ]


def children(tag: Tag) -> list[Tag]:
    """Give the element children of `tag`."""
    return [node for node in tag.children if isinstance(node, Tag)]


def excerpt(tag: Tag) -> str:
    """Show `tag` to a person who has to find it: its name and how its text begins."""
    words = ""
    for text in tag.strings:  # a wrapper may hold the whole article: read no more than is shown
        words = " ".join(f"{words} {text}".split())
        if len(words) > 20:
            break
    return f"<{tag.name}> “{shorten(words, 20)}”" if words else f"<{tag.name}>"


def shorten(text: str, length: int) -> str:
    """Give `text` on one line, and of more than `length` characters only the beginning."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length] + "…"
