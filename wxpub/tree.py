"""The lxml tree: the small steps that every room takes on it, and the sets of tags that they go by.

In lxml the text after an element is the element's `tail`. Here the content of an element is a plain list instead, text
and elements without tails: `take` takes it out, `fill` and `replace` put it in, the rest rearranges it between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from lxml import etree, html

from wxpub.limits import words

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Node: TypeAlias = "str | HtmlElement"

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# Elements that stand on lines of their own, in an author's HTML as well as in what becomes of it.
BLOCKS = frozenset(HEADINGS) | words(
    "address article aside blockquote dd details div dl dt fieldset figcaption figure footer form header hr li main "
    "nav ol p pre section summary table tbody td tfoot th thead tr ul"
)
# Languages of code that is meant as a drawing, and as what it is drawn.
DIAGRAMS = {"mermaid": "mermaid", "plantuml": "plantuml", "puml": "plantuml", "dot": "dot", "graphviz": "dot"}
# Elements that have no content and no closing tag, in all of HTML.
VOID = words("area base br col embed frame hr img input link meta param source track wbr")


# lxml's own HTML parser asks a Python function which class an element has, each time that one is looked at. All
# elements have the same class here, and C code knows it: reading a tree takes a third of the time.
_CLASSES = {"element": html.HtmlElement, "comment": html.HtmlComment, "pi": html.HtmlProcessingInstruction}
PARSER = html.HTMLParser(huge_tree=True)  # 2,048 levels of nesting, not 256
PARSER.set_element_class_lookup(etree.ElementDefaultClassLookup(**_CLASSES))


def language_of(pre: HtmlElement) -> str:
    """Return the language that a block of code names, "" for none."""
    code = pre[0] if len(pre) == 1 and pre[0].tag == "code" else pre
    names = (code.get("class") or "").split()
    return next((name.partition("-")[2] for name in names if name.startswith(("language-", "lang-"))), "")


def make(tag: str, names: str = "", content: Sequence[Node] = (), parent: HtmlElement | None = None) -> HtmlElement:
    """Make an element of the class `names` that holds `content`.

    With a `parent` it becomes its last child, which takes half the time: without one it is a document of its own.
    """
    element: HtmlElement = PARSER.makeelement(tag) if parent is None else etree.SubElement(parent, tag)
    if names:
        element.set("class", names)
    if len(content) == 1 and isinstance(content[0], str):
        element.text = content[0]
    elif content:
        fill(element, content)
    return element


def fill(element: HtmlElement, content: Iterable[Node]) -> None:
    """Append `content`, text and elements, to `element`."""
    last = element[-1] if len(element) else None
    for node in content:
        if not isinstance(node, str):
            element.append(node)
            last = node
        elif last is not None:
            last.tail = (last.tail or "") + node
        else:
            element.text = (element.text or "") + node


def take(element: HtmlElement) -> list[Node]:
    """Take the content out of `element`, which is empty afterwards."""
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
    """Put `content` where `element` is; the text after it stays where it is."""
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
        if run and not blank(run):
            yield run
        run = []
        yield node
    if run and not blank(run):
        yield run


def lines(content: Iterable[Node]) -> list[list[Node]]:
    """Cut inline content at its line breaks, which are left out."""
    found: list[list[Node]] = [[]]
    for node in content:
        if not isinstance(node, str) and node.tag == "br":
            found.append([])
        else:
            found[-1].append(node)
    return found


# What a reader sees although it holds no text; a break or a line counts where a whole element is asked about, not
# among inline content.
_DRAWN = frozenset({"img", "svg"})
_SEEN = _DRAWN | {"br", "hr", "table"}


def blank(content: Iterable[Node]) -> bool:
    """Whether `content` shows nothing but spaces and line breaks."""
    return not any(node.strip() if isinstance(node, str) else not is_empty(node, _DRAWN) for node in content)


def is_empty(element: HtmlElement, seen: frozenset[str] = _SEEN) -> bool:
    """Whether `element` holds no text, and nothing that is `seen` without."""
    if (text := element.text) and text.strip():
        return False
    if not len(element):
        return element.tag not in seen
    return not any(
        each.tag in seen or (each.text or "").strip() or (each is not element and (each.tail or "").strip())
        for each in element.iter()
    )


def has_block(element: HtmlElement) -> bool:
    """Whether a block stands somewhere inside `element`."""
    return bool(len(element)) and any(each.tag in BLOCKS for each in element.iterdescendants())


def shown(content: Iterable[Node]) -> str:
    """Return the text of `content`, spaces as they are."""
    return "".join(node if isinstance(node, str) else "".join(node.itertext()) for node in content)


_PARTING = BLOCKS | {"br"}  # what parts words on the page without a space in the text


def text_of(element: HtmlElement) -> str:
    """Return the text of `element` on one line; where the page begins a new line, there is a space."""
    if not len(element) or next(element.iterdescendants(*_PARTING), None) is None:
        return " ".join("".join(element.itertext()).split())
    parts = [element.text or ""]
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node is element:
            continue
        space = " " if node.tag in _PARTING else ""
        parts.append(space + (node.text or "") if event == "start" else space + (node.tail or ""))
    return " ".join("".join(parts).split())


def line_of(element: HtmlElement) -> int | None:
    """Return the 1-based source line of `element`, or of the nearest element around it that knows one."""
    current: HtmlElement | None = element
    while current is not None:
        line = current.get("data-line") or ""
        if line.isdigit():
            return int(line)
        current = current.getparent()
    return None
