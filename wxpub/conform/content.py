"""An element's content as a plain list: text and elements without tails, taken out, rearranged and put back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from wxpub.limits import words
from wxpub.tree import Node

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Elements that stand on lines of their own.
BLOCKS = words(
    "section p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre table thead tbody tfoot tr td th hr dl dt dd details summary"
)


def nodes(element: HtmlElement) -> list[Node]:
    """Take out the content of `element`, which is empty afterwards."""
    found: list[Node] = [element.text] if element.text else []
    element.text = None
    for child in list(element):
        tail, child.tail = child.tail, None
        element.remove(child)
        found.append(child)
        if tail:
            found.append(tail)
    return found


def replace(element: HtmlElement, content: Iterable[Node]) -> None:
    """Put `content` where `element` is; its tail stays behind it."""
    parent = element.getparent()
    assert parent is not None
    previous, at, tail = element.getprevious(), parent.index(element), element.tail
    element.tail = None
    parent.remove(element)
    for node in [*content, tail or ""]:
        if not isinstance(node, str):
            parent.insert(at, node)
            previous, at = node, at + 1
        elif previous is None:
            parent.text = (parent.text or "") + node
        else:
            previous.tail = (previous.tail or "") + node


def blocks(content: Iterable[Node]) -> Iterator[HtmlElement | list[Node]]:
    """Group `content`: blocks one by one, and between them runs of text and inline elements, blank ones left out."""
    run: list[Node] = []
    for node in content:
        if isinstance(node, str) or node.tag not in BLOCKS:
            run.append(node)
            continue
        if not blank(run):
            yield run
        run = []
        yield node
    if not blank(run):
        yield run


def blank(content: Iterable[Node]) -> bool:
    """Tell whether `content` shows nothing but spaces and line breaks."""
    return not any(node.strip() if isinstance(node, str) else _shows(node) for node in content)


def _shows(element: HtmlElement) -> bool:
    return not is_empty(element, _SEEN)


_SEEN = frozenset({"img", "svg"})


def is_empty(element: HtmlElement, seen: frozenset[str] = _SEEN | {"br", "hr", "table"}) -> bool:
    """Tell whether `element` holds no text, and nothing that is `seen` without."""
    return not any(
        each.tag in seen or (each.text or "").strip() or (each is not element and (each.tail or "").strip())
        for each in element.iter()
    )


def lines(content: Iterable[Node]) -> list[list[Node]]:
    """Cut inline content at its line breaks, which are left out."""
    found: list[list[Node]] = [[]]
    for node in content:
        if not isinstance(node, str) and node.tag == "br":
            found.append([])
        else:
            found[-1].append(node)
    return found


def text(content: Iterable[Node]) -> str:
    """Give the text that `content` shows."""
    return "".join(node if isinstance(node, str) else "".join(node.itertext()) for node in content)


def has_block(element: HtmlElement) -> bool:
    """Tell whether a block stands somewhere inside `element`."""
    return any(each.tag in BLOCKS for each in element.iterdescendants())
