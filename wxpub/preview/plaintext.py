"""An article as text: its HTML in, what a plain-text field should get out; reads nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "pre", "table", "hr"}
_BLOCKS = _PARAGRAPHS | {"section", "div"}


def text(html: str) -> str:
    """Give `html` as readable text: a line per block, items with their marks, tabs between cells, images as `[alt]`."""
    from lxml.html import fragment_fromstring

    lines = "".join(_pieces(fragment_fromstring(html, create_parent="section"))).replace("\u00a0", " ")
    lines = re.sub(r"[ \t]+\n", "\n", lines)
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _pieces(element: HtmlElement) -> Iterator[str]:
    """Walk the tree; every block begins and ends on a line of its own, `text` removes the breaks that are too many."""
    tag = element.tag
    if not isinstance(tag, str):  # a comment
        return
    if tag == "br":
        yield "\n"
    elif tag == "img":
        yield f"[{element.get('alt') or '图片'}]"
    elif tag == "li":
        yield "\n" + _mark(element)
        yield "".join(_inside(element)).strip("\n") + "\n"
    elif tag in ("td", "th"):
        yield "".join(_inside(element)).strip("\n").replace("\n", " ") + "\t"
    elif tag == "tr":
        yield "\n" + "".join(_inside(element)).removesuffix("\t")
    elif tag in _BLOCKS:
        gap = "\n\n" if tag in _PARAGRAPHS else "\n"
        yield gap + "".join(_inside(element)).strip("\n") + gap
    else:
        yield from _inside(element)


def _inside(element: HtmlElement) -> Iterator[str]:
    if element.text:
        yield element.text
    for child in element:
        yield from _pieces(child)
        if child.tail:
            yield child.tail


def _mark(item: HtmlElement) -> str:
    parent = item.getparent()
    if parent is None or parent.tag != "ol":
        return "• "
    start = int(parent.get("start") or 1)
    return f"{start + len(list(item.itersiblings('li', preceding=True)))}. "
