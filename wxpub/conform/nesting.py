"""Nesting that a browser leaves alone: any sanitised tree in, blocks in blocks and text in paragraphs out.

HTML that is nested against its rules means something else after it has been written and read again: a block ends the
paragraph around it, a link ends the link around it. WeChat's editor takes such places apart as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxpub.limits import words
from wxpub.tree import BLOCKS, HEADINGS, Node, blocks, fill, has_block, is_empty, make, replace, take

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Where an element belongs; elsewhere it is no more than a block or a piece of text.
_HOMES = {
    "li": ("ul", "ol"),
    **dict.fromkeys(("thead", "tbody", "tfoot"), ("table",)),
    "tr": ("table", "thead", "tbody", "tfoot"),
    **dict.fromkeys(("td", "th"), ("tr",)),
    **dict.fromkeys(("dt", "dd"), ("dl",)),
    "summary": ("details",),
    **dict.fromkeys(("rt", "rp", "rb"), ("ruby",)),
}
_BOXES = words("section blockquote dl dd")  # may hold blocks or text, but not both
_VANISHING = _BOXES | {"p", *HEADINGS}  # show nothing when they hold nothing
_ONLY_BLOCKS = words("ul ol table thead tbody tfoot tr hr dl")  # cannot hold text themselves


def mend(root: HtmlElement) -> bool:
    """Mend the nesting under `root`, a section: from above what has no place, from below the rest.

    Return whether there was anything to mend, as there never is in what Markdown alone makes.
    """
    mended = False
    for element in root.iter(*_HOMES):
        parent = element.getparent()
        if element is not root and parent is not None and parent.tag not in _HOMES[element.tag]:
            element.tag = "span" if element.tag in ("rt", "rp", "rb") else "section"
            mended = True
    for element in reversed(list(root.iterdescendants("*"))):
        if element.getparent() is not None and _mend(element):
            mended = True
    wrap_text(root)
    return mended


def _mend(element: HtmlElement) -> bool:
    tag = element.tag
    if tag not in BLOCKS:
        if tag == "a" and next(element.iterancestors("a"), None) is not None:
            element.drop_tag()
            return True
        if tag == "svg" or not has_block(element):
            return False
        _push_in(element)
        return True
    if tag in ("ul", "ol"):
        _adopt(element)
    elif tag == "p" and has_block(element):
        element.tag = "section"
        wrap_text(element)
        return True
    elif tag in _BOXES and any(child.tag in BLOCKS for child in element):
        wrap_text(element)
    elif tag in _VANISHING and element.get("class") != "toc" and is_empty(element):
        element.drop_tree()
        return True
    elif tag in HEADINGS and has_block(element):
        for inner in list(element.iterdescendants(*HEADINGS)):
            inner.tag = "section"
        _push_in(element)
        return True
    return False


def _adopt(element: HtmlElement) -> None:
    """Leave only items that show something: a stray list belongs to the item before it, stray text becomes an item."""
    if element.text or any(child.tag != "li" or child.tail for child in element):
        for node in take(element):
            if not isinstance(node, str) and node.tag == "li":
                element.append(node)
            elif isinstance(node, str) and not node.strip():
                continue
            elif len(element):
                fill(element[-1], [node])
            else:
                element.append(make("li", content=[node]))
    for item in list(element):
        if is_empty(item):
            element.remove(item)
    if not len(element):
        element.drop_tree()


def wrap_text(box: HtmlElement) -> None:
    """Put the loose text between a box's blocks into paragraphs."""
    if not box.text and all(child.tag in BLOCKS and not child.tail for child in box):
        return
    for part in list(blocks(take(box))):
        box.append(make("p", content=part) if isinstance(part, list) else part)


def _push_in(element: HtmlElement) -> None:
    """Put an inline element, or a heading, inside the blocks that it holds instead of around them."""
    content: list[Node] = []
    for part in list(blocks(take(element))):
        if isinstance(part, list):
            content.append(_shell(element, part))
        elif part.tag in _ONLY_BLOCKS:
            content.append(part)
        elif part.tag == "p" and element.tag in HEADINGS:
            content.append(_shell(element, take(part)))
        else:
            inner = _shell(element, take(part))
            fill(part, [inner])
            if has_block(inner):
                _push_in(inner)
            content.append(part)
    replace(element, content)


def _shell(element: HtmlElement, content: list[Node]) -> HtmlElement:
    shell = make(element.tag, content=content)
    for name, value in element.items():
        shell.set(name, value)
    return shell
