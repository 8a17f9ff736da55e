"""The HTML tree of an article, made of its Markdown once.

In: Markdown. Out: one lxml `section`, raw HTML of the author parsed and unsanitised in it, and what was noticed on the
way. Must not read files, speak to the network or know CSS.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import markdown
from lxml import html
from lxml.html import HtmlElement

from wxpub.dialect import GfmExtension, Notice, SoftBreak
from wxpub.finding import Finding

# What each kind of notice means to the author, and what to do; `{}` is its subject.
_NOTICES: Mapping[str, tuple[str, str]] = {
    "footnote-unused": (
        "footnote [^{}] is never referred to and is not printed",
        "write [^{}] where it belongs, or delete it",
    ),
    "footnote-repeated": (
        "there is another footnote [^{}] above; this one is not printed",
        "give it a label of its own",
    ),
    "cells-dropped": (
        "the row has more cells than the table's head; those too many are not shown",
        "add columns above",
    ),
    "fence-unclosed": ("the code block never ends: everything below is code", "end it with a line like its first"),
    "comment-unclosed": ("a comment that never ends hides the text behind it", "end it with -->"),
    "containers-too-deep": ("quotes and lists are nested more than 100 deep; further markers stay text", ""),
    "emphasis-too-deep": ("emphasis is nested more than 50 deep; what is further inside is plain", ""),
    "html-too-deep": ("HTML tags are nested more than 100 deep; those further inside are left out", ""),
}


def parse(body: str, path: Path | None = None, *, hard_breaks: bool = False) -> tuple[HtmlElement, tuple[Finding, ...]]:
    """Parse Markdown into a tree whose root is a `section`.

    Blocks, links and images carry their 1-based line of `body` in `data-line`. A line end in a paragraph is nothing
    between two Chinese characters, else a space; with `hard_breaks`, a `<br>`.
    """
    soft_breaks = SoftBreak.BREAK if hard_breaks else SoftBreak.JOIN
    extension = GfmExtension(soft_breaks=soft_breaks, for_tree=True)
    text = markdown.Markdown(extensions=[extension]).convert(body)
    root = _element(text)
    return root, tuple(_finding(notice, path) for notice in extension.notices)


def _element(text: str) -> HtmlElement:
    """Parse a fragment of HTML; libxml2 allows 2,048 levels, some four times what the dialect makes."""
    document = html.document_fromstring(f"<html><body>{text}</body></html>", parser=html.HTMLParser(huge_tree=True))
    root: HtmlElement = document[0]
    document.remove(root)
    root.tag = "section"
    return root


def _finding(notice: Notice, path: Path | None) -> Finding:
    message, fix = (text.replace("{}", notice.subject) for text in _NOTICES[notice.kind])
    return Finding(notice.kind, "warning", message, path, notice.line, fix)
