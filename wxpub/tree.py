"""Small steps on the tree that every room which changes it takes: making an element, and telling its source line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from lxml import etree, html

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Node: TypeAlias = "str | HtmlElement"


def make(tag: str, names: str = "", content: Iterable[Node] = ()) -> HtmlElement:
    """Make an element of the class `names` that holds `content`."""
    element: HtmlElement = html.Element(tag)
    if names:
        element.set("class", names)
    fill(element, content)
    return element


def fill(element: HtmlElement, content: Iterable[Node]) -> None:
    """Append `content`, text and elements, to `element`."""
    for node in content:
        if not isinstance(node, str):
            element.append(node)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + node
        else:
            element.text = (element.text or "") + node


# What parts words on the page without a space in the text.
_PARTING = (
    *("br", "p", "li", "dt", "dd", "div", "section", "blockquote", "pre", "tr", "th", "td", "summary"),
    *("h1", "h2", "h3", "h4", "h5", "h6"),
)


def text_of(element: HtmlElement) -> str:
    """Give the text of `element` on one line; where the page begins a new line, there is a space."""
    if next(element.iterdescendants(*_PARTING), None) is None:
        return " ".join("".join(element.itertext()).split())
    parts = [element.text or ""]
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node is element:
            continue
        space = " " if node.tag in _PARTING else ""
        parts.append(space + (node.text or "") if event == "start" else space + (node.tail or ""))
    return " ".join("".join(parts).split())


def line_of(element: HtmlElement) -> int | None:
    """Give the 1-based source line of `element`, or of the nearest element around it that knows one."""
    current: HtmlElement | None = element
    while current is not None:
        line = current.get("data-line") or ""
        if line.isdigit():
            return int(line)
        current = current.getparent()
    return None
