"""An article as text: its HTML in, what a plain-text field should get out; reads nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LINES = {"section", "div", "li", "tr", "p"}  # begin on a line of their own
_PARAGRAPHS = {"h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "pre", "table", "hr"}  # after an empty one


def text(html: str) -> str:
    """Give `html` as readable text.

    A line per block, an empty one between paragraphs, items with their marks, tabs between cells, images as `[alt]`,
    addresses behind the links that are live.
    """
    from lxml.html import fragment_fromstring

    writer = _Writer()
    writer.visit(fragment_fromstring(html, create_parent="section"))
    return writer.text() + "\n"


@dataclass(slots=True)
class _Writer:
    """Collects text; blocks ask for line breaks before and after themselves, and the larger wish is granted once."""

    parts: list[str] = field(default_factory=list)
    breaks: int = 0
    marked: bool = False  # after an item's mark: its first block goes on in the same line

    def text(self) -> str:
        lines = "".join(self.parts).replace("\u00a0", " ")
        return re.sub(r" +\n", "\n", lines).strip("\n ")

    def write(self, text: str, *, always: bool = False) -> None:
        if not text and not always:
            return
        if self.parts:
            self.parts.append("\n" * self.breaks)
        self.parts.append(text)
        self.breaks, self.marked = 0, False

    def part(self, breaks: int) -> None:
        if not self.marked:
            self.breaks = max(self.breaks, breaks)

    def visit(self, element: HtmlElement) -> None:
        tag = element.tag
        if not isinstance(tag, str):  # a comment
            return
        breaks = 2 if _is_paragraph(element) else 1 if tag in _LINES else 0
        self.part(breaks)
        if tag == "br":
            last = element.getnext() is None and not element.tail
            self.write("" if last else "\n", always=True)  # at a block's end it only keeps an empty line open
        elif tag == "img":
            self.write(f"[{element.get('alt') or '图片'}]")
        elif tag == "tr":
            self.write("\t".join(_cell(cell) for cell in element))
        else:
            if tag == "li":
                self.write(_mark(element))
                self.marked = True
            self.inside(element)
            if tag == "a" and (address := element.get("href", "")) not in element.text_content():
                self.write(f"（{address}）")
            self.marked = False
        self.part(breaks)

    def inside(self, element: HtmlElement) -> None:
        self.write(element.text or "")
        for child in element:
            self.visit(child)
            self.write(child.tail or "")


def _is_paragraph(element: HtmlElement) -> bool:
    """Tell whether space stands around a block; WeChat's page gives `p` none, so that its own style decides."""
    if element.tag != "p":
        return element.tag in _PARAGRAPHS
    return re.search(r"margin:(?!0(;|$))", element.get("style", "")) is not None


def _cell(cell: HtmlElement) -> str:
    writer = _Writer()
    writer.inside(cell)
    return " ".join(writer.text().split())


def _mark(item: HtmlElement) -> str:
    parent = item.getparent()
    if parent is None or parent.tag != "ol":
        return "• "
    start = int(parent.get("start") or 1)
    return f"{start + len(list(item.itersiblings('li', preceding=True)))}. "
