"""The elements that the dialect builds: the two kinds that HTML has no tag for, and how all of them are written.

In: an ElementTree. Out: HTML as a string, text escaped once. Must not know Markdown.
"""

from __future__ import annotations

from typing import cast
from xml.etree.ElementTree import Element

VOID = frozenset({"br", "hr", "img", "input"})
BLOCKS = frozenset({
    "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "table",
    "tbody", "td", "th", "thead", "tr", "ul",
})  # fmt: skip
LINE = "data-line"  # the attribute that carries an element's line in the source file


class Source(str):
    """Inline Markdown that still has to be read: the text of a paragraph, a heading or a cell.

    `line` is the line of the source file where it starts.
    """

    line: int

    def __new__(cls, text: str, line: int) -> Source:
        source = super().__new__(cls, text)
        source.line = line
        return source


def raw(html: str, line: int) -> Element:
    """Make an element that stands for the author's own HTML and is written as it is.

    Its tag is this function, as `xml.etree.ElementTree.Comment` does it for comments.
    """
    element = Element(cast(str, raw), {LINE: str(line)})
    element.text = html
    return element


def fragment() -> Element:
    """Make an element that is written without a tag: the text of a tight list item."""
    return Element(cast(str, None))


def is_raw(element: Element) -> bool:
    """Tell whether `element` came from `raw`."""
    return element.tag is cast(str, raw)


def plain_text(element: Element) -> str:
    """Give the text inside `element` without markup, as an image's alternative text holds it."""
    if is_raw(element):
        return ""
    parts = [element.text or ""]
    for child in element:
        parts += [plain_text(child), child.tail or ""]
    return "".join(parts)


def serialize(root: Element) -> str:
    """Write `root` as HTML, every block on a line of its own; raw HTML stands as the author wrote it."""
    parts: list[str] = []
    _write(root, parts, BLOCKS)
    return "".join(parts)


def serialize_without_space(root: Element) -> str:
    """Write `root` as HTML with no white space that is not in the text."""
    parts: list[str] = []
    _write(root, parts, frozenset())
    return "".join(parts)


def _write(element: Element, parts: list[str], on_own_line: frozenset[str]) -> None:
    tag = element.tag
    if tag is cast(str, raw):
        parts.append(element.text or "")
    else:
        if tag in on_own_line and parts and not parts[-1].endswith("\n"):
            parts.append("\n")
        if tag is not None:
            parts.append(f"<{tag}")
            for name, value in element.items():
                parts.append(f' {name}="{escape(value).replace(chr(34), "&quot;")}"')
            parts.append(">")
        if element.text:
            parts.append(escape(element.text))
        for child in element:
            _write(child, parts, on_own_line)
        if tag is not None and tag not in VOID:
            parts.append(f"</{tag}>")
        if tag in on_own_line:
            parts.append("\n")
    if element.tail:
        parts.append(escape(element.tail))


def escape(text: str) -> str:
    """Write `&`, `<` and `>` so that HTML reads them as text."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text
