"""GitHub's Markdown with what Chinese newsletters need: text in, the article's tree and findings out.

`parse` reads a document. Its way, a module for each step:

    blocks        lines → blocks that hold inline Markdown
    inlines       inline Markdown → elements
    elements      blocks → the tree of elements, and the author's own HTML in it
    syntax        what blocks and inlines share: labels, destinations, characters
    extension     the same reading as an extension of Python-Markdown, for the company of others

`docs/dialect.md` says what is read as GitHub reads it and what is not. Must not read files, nor know CSS or WeChat.
"""

from __future__ import annotations

from pathlib import Path

from lxml.html import HtmlElement

from wxpub.dialect import blocks, elements
from wxpub.dialect.elements import RULES
from wxpub.finding import Finding

__all__ = ["RULES", "parse"]


def parse(body: str, path: Path | None = None, *, hard_breaks: bool = False) -> tuple[HtmlElement, tuple[Finding, ...]]:
    """Parse Markdown into a tree whose root is a `section`; return it with what the author of `path` should know.

    Blocks, links and images carry their 1-based line of `body` in `data-line`. A line end in a paragraph is nothing
    between two Chinese characters, else a space; with `hard_breaks`, a `<br>`. Beside other extensions of
    Python-Markdown it is `extension.parse` that reads, and makes the same tree.
    """
    return elements.tree(blocks.read(blocks.lines_of(body)), path, hard_breaks=hard_breaks)
