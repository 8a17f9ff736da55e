"""The form of an article that WeChat keeps: a semantic tree in, HTML that survives its five filters out.

    shape    the author's HTML made harmless, every node in its lasting structure, roles as classes
    (here a theme puts styles on)
    finish   WeChat's own tags, the shortest styles, no white space, no classes; text

Pasting, saving, draft/add, the page's script and the phone each take something away; what is written here is what none
of them touches. Opens no file and no connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wxpub.conform import blocks, code, lists, nesting, sanitise, write
from wxpub.conform.sanitise import is_safe_source
from wxpub.conform.write import Slot, fill, without_guards
from wxpub.finding import Finding, Rule
from wxpub.target import API, Target
from wxpub.tree import HEADINGS, line_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["RULES", "Slot", "fill", "finish", "furnish", "is_safe_source", "shape", "without_guards"]

RULES = (code.MATH, sanitise.LOST, sanitise.UNSAFE, sanitise.DRAWING_LOST)
_ALIGNED = frozenset(("section", "p", *HEADINGS))


def shape(
    root: HtmlElement,
    path: Path | None = None,
    sizes: Mapping[str, tuple[int, int]] | None = None,
    captions: str = "title",
    target: Target = API,
) -> tuple[Finding, ...]:
    """Give the tree under `root`, a `section`, the structure that WeChat keeps, with roles as classes for a theme.

    `sizes` has images' widths and heights in pixels by their `src`: a large image fills the column; a small one, and
    one whose size is unknown, keeps its own. `captions` says what stands below them: "title", "alt" or "none".
    Links outside stay where `target` has live links.
    Findings name what of the author's own HTML a reader will not see, with its line.
    """
    findings: list[Finding] = []
    sizes = sizes or {}

    def report(rule: Rule, element: HtmlElement, message: str, fix: str | None = None) -> None:
        findings.append(rule.find(message, path, line_of(element), fix=fix))

    alive = list(root.iter())  # lxml frees the Python half of an element that nobody holds, and makes it anew each time
    sanitise.sanitise(root, report, live_links=target.live_links)
    mended = nesting.mend(root)
    lists.mark(root)
    root.set("class", "article")
    for element in reversed(list(root.iterdescendants("*"))):  # what is inside has its form before what is around it
        if element.get("align") is not None and element.tag in _ALIGNED:
            blocks.align(element)
        if element.get("class") == "math" and element.tag in ("span", "section"):
            code.formula(element, report)
        elif element.tag == "img":
            blocks.picture(element, sizes)
        elif element.tag == "p" or _is_division(element):
            blocks.figure(element, sizes, captions)
        elif element.tag in _FORMS and element.getparent() is not None:
            _FORMS[element.tag](element)
    if mended:
        nesting.mend(root)  # what the forms made of it
    for element in root.iter("section", "blockquote"):
        blocks.panel(element)
    del alive
    return tuple(sorted(findings, key=lambda each: each.line or 0))


def _is_division(element: HtmlElement) -> bool:
    """Whether an element is a section that has no part in a structure: an item's own section stays one."""
    parent = element.getparent()
    return element.tag == "section" and not element.get("class") and parent is not None and parent.tag != "li"


def _section(element: HtmlElement) -> None:
    if element.get("class") == "toc" and not len(element):
        blocks.contents(element)


_FORMS = {
    "section": _section,
    "ul": lists.shape,
    "ol": lists.shape,
    "pre": code.shape,
    "table": blocks.table,
    "details": blocks.fold,
    "dl": blocks.definitions,
    "ruby": blocks.reading,
    "q": blocks.quotation,
}


def furnish(root: HtmlElement, *, number: str = "", end: str = "") -> None:
    """Tell a shaped letter's lead and the card to follow it; add the numbers of its sections and the mark at its end.

    `number` is the first section's: "01", "1", "一", or a text with one of these. Neither is there where it is "".
    """
    blocks.roles(root)
    blocks.number(root, number)
    blocks.end(root, end)


def finish(root: HtmlElement, target: Target = API, *, lines: bool = False) -> tuple[str | Slot, ...]:
    """Write the styled tree as the article's HTML on one line: a `Slot` for every image, and the text between.

    `fill` joins them. With `lines`, elements say in `data-line` which line of the source they come from, for those
    who judge the HTML and have to name a place. Without guards text styles stand on the root alone; where
    `target.guards`, on every top-level block too, since the web editor may lose the root, and paragraphs that can be
    lost stand first and last.
    """
    return write.parts_of(root, guards=target.guards, lines=lines)
