"""The HTML tree of an article, made of its Markdown once.

In: Markdown. Out: one lxml `section`, raw HTML of the author parsed and unsanitised in it, and what was noticed on the
way. Must not read files, speak to the network or know CSS.
"""

from __future__ import annotations

from pathlib import Path

import markdown
from lxml import html
from lxml.html import HtmlElement

from .dialect import GfmExtension, Notice, SoftBreak
from .finding import Finding


def parse(body: str, path: Path | None = None, *, hard_breaks: bool = False) -> tuple[HtmlElement, tuple[Finding, ...]]:
    """Parse Markdown into a tree whose root is a `section`.

    Blocks, links and images carry their 1-based line of `body` in `data-line`. A line end in a paragraph is nothing
    between two Chinese characters, else a space; with `hard_breaks`, a `<br>`.
    """
    extension = GfmExtension(soft_breaks=SoftBreak.BREAK if hard_breaks else SoftBreak.JOIN, lines=True)
    converter = markdown.Markdown(extensions=[extension])
    text = converter.convert(body)
    parser = html.HTMLParser(huge_tree=True)
    document = html.document_fromstring(f"<html><body>{text}</body></html>", parser=parser)
    root = document.body
    document.remove(root)
    root.tag = "section"
    return root, tuple(_finding(notice, path) for notice in extension.notices)


def _finding(notice: Notice, path: Path | None) -> Finding:
    return Finding(
        "nesting",
        "warning",
        "quotes and lists are nested more than 100 levels deep; the markers further inside stay text",
        path,
        notice.line,
    )


def line_of(element: HtmlElement) -> int | None:
    """Give the 1-based source line of `element`, or of the nearest element around it that knows one."""
    current: HtmlElement | None = element
    while current is not None:
        if line := current.get("data-line"):
            return int(line)
        current = current.getparent()
    return None


def make(tag: str, text: str | None = None, name: str = "") -> HtmlElement:
    """Make an element of the class `name` that holds `text`."""
    element: HtmlElement = html.Element(tag)
    if name:
        element.set("class", name)
    element.text = text
    return element
