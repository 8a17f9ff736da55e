"""The form of an article that WeChat keeps: a semantic tree in, HTML that survives its five filters out.

    shape    the author's HTML made harmless, every node in its lasting structure, roles as classes
    (here a theme puts styles on)
    finish   WeChat's own tags, the shortest styles, no white space, no classes; text

Pasting, saving, draft/add, the page's script and the phone each take something away; what is written here is what none
of them touches. Opens no file and no connection.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wxpub.conform import blocks, code, lists, math, sanitise, tables, write
from wxpub.finding import Finding
from wxpub.limits import words

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Target = Literal["api", "paste"]

_INLINE = words("a span strong b em i u s del ins mark kbd sup sub small big code cite var abbr font label")
_PANELS = frozenset({"blockquote", "section", "details", "dd"})
_ALIGNED = words("section p h1 h2 h3 h4 h5 h6")


def shape(root: HtmlElement, path: Path | None = None) -> tuple[Finding, ...]:
    """Give the tree under `root`, a `section`, the structure that WeChat keeps, with roles as classes for a theme.

    Findings name what of the author's own HTML a reader will not see, with its line.
    """
    findings: list[Finding] = []

    def report(rule: str, message: str, element: HtmlElement, fix: str) -> None:
        line = next(
            (each.get("data-line") for each in (element, *element.iterancestors()) if each.get("data-line")), None
        )
        findings.append(Finding(rule, "warning", message, path, int(line) if line and line.isdigit() else None, fix))

    sanitise.sanitise(root, report)
    root.set("class", "article")
    blocks.wrap_runs(root)
    for element in root.iter(*blocks.HOMELESS):
        blocks.stray(element)
    for element in reversed(list(root.iterdescendants("*"))):  # what is inside has its form before what is around it
        if element.getparent() is None:
            continue
        if element.get("align") is not None and element.tag in _ALIGNED:
            blocks.align(element)
        tag = element.tag
        if tag == "img":
            blocks.picture(element)
        elif tag in ("span", "section") and element.get("class") == "math":
            math.shape(element, report)
        elif tag in _INLINE:
            blocks.inline(element)
        elif tag in _SHAPERS:
            _SHAPERS[tag](element)
        if tag in _PANELS:
            blocks.panel(element)
    return tuple(findings)


_SHAPERS = {
    "p": blocks.paragraph,
    "ul": lists.shape,
    "ol": lists.shape,
    "pre": code.shape,
    "table": tables.shape,
    "section": blocks.section,
    "details": blocks.fold,
    "dl": blocks.definitions,
    "ruby": blocks.reading,
    "q": blocks.quotation,
    "blockquote": blocks.section,
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), blocks.heading),
}


def finish(root: HtmlElement, target: Target = "api") -> str:
    """Write the styled tree as the article's HTML, on one line.

    "api" is lean: text styles stand on the root alone. "paste" says them on every top-level block too, since the web
    editor may lose the root, and puts a paragraph first and last that can be lost in place of a block.
    """
    return write.html_of(root, paste=target == "paste")


def canonical(html: str) -> str:
    """Conform a fragment of HTML that anybody wrote; what `finish` wrote comes back unchanged."""
    from lxml.html import HTMLParser, document_fromstring

    document: HtmlElement = document_fromstring(f"<html><body>{html}</body></html>", parser=HTMLParser(huge_tree=True))
    body = document.body
    root = body[0] if len(body) == 1 and body[0].tag == "section" and not (body.text or "").strip() else body
    root.tag = "section"
    sentinels = [each for each in root.iterchildren("p") if write.is_sentinel(each)]
    for each in sentinels:
        each.drop_tree()
    shape(root)
    return finish(root, "paste" if sentinels else "api")
