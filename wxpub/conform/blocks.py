"""All other elements in their lasting form: paragraphs, pictures, folds, definitions, readings, contents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wxpub.conform.content import BLOCKS, blank, blocks, has_block, is_empty, nodes, replace
from wxpub.conform.size import declarations, text_of
from wxpub.limits import COLUMN_PIXELS
from wxpub.nodes import Node, fill, make

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LARGE = 300  # pixels: a picture that is wider fills the column; WeChat's checker wants one share of every screen


def paragraph(p: HtmlElement) -> None:
    """Mend a paragraph: one that holds blocks is a section, one of pictures a figure, an empty one goes."""
    if has_block(p):
        p.tag = "section"
        wrap_runs(p)
    elif is_empty(p):
        p.drop_tree()
    else:
        _figure(p)


def _figure(p: HtmlElement) -> None:
    """Tell a paragraph of pictures from text with a small picture in it; each picture's title becomes a caption."""
    images = [each[0] if each.tag == "a" and len(each) == 1 else each for each in p if each.tag != "br"]
    if not images or any(each.tag != "img" for each in images) or "".join(p.itertext()).strip():
        return
    if not p.get("class"):
        p.set("class", "figure")
    captions = [title for image in images if (title := image.attrib.pop("title", "").strip())]
    for image in images:
        image.set("class", "small" if 0 < _number(image.get("data-w")) <= _LARGE else "wide")
    if captions:
        caption = make("p", "caption", ["；".join(captions)])
        caption.tail, p.tail = p.tail, None
        p.addnext(caption)


def picture(image: HtmlElement) -> None:
    """Turn a picture's width into a style, and one without a source into its text."""
    if not image.get("src"):
        tail = image.tail or ""
        image.tail = None
        replace(image, [(image.get("alt") or "") + tail])
        return
    for name in ("src", "alt"):
        image.set(name, (image.get(name) or "").strip())
    width = image.attrib.pop("width", "").strip().removesuffix("px")
    found = declarations(image.get("style") or "")
    if re.fullmatch(r"\d{1,3}%", width):
        found["width"] = width
    elif re.fullmatch(r"\d+(\.\d+)?", width):
        pixels = float(width)
        found["width"] = f"{pixels:g}px" if pixels <= _LARGE else f"{min(100, round(pixels / COLUMN_PIXELS * 100))}%"
    if found:
        image.set("style", text_of(found))


def _number(value: str | None) -> float:
    return float(value) if value and value.isdigit() else 0


def align(element: HtmlElement) -> None:
    """Turn the attribute `align` of a block into a style."""
    value = element.attrib.pop("align", "").lower()
    if value in ("left", "center", "right", "justify"):
        found = {"text-align": value, **declarations(element.get("style") or "")}
        element.set("style", text_of(found))


def inline(element: HtmlElement) -> None:
    """Let no block stand inside a link or another inline element: each block gets that element inside."""
    if element.tag == "a" and any(each.tag == "a" for each in element.iterancestors()):
        element.drop_tag()
    elif has_block(element):
        _distribute(element)


def _distribute(element: HtmlElement) -> None:
    content: list[Node] = []
    for part in list(blocks(nodes(element))):
        if isinstance(part, list):
            content.append(_shell(element, part))
        elif part.tag in ("ul", "ol", "table", "tbody", "thead", "tfoot", "tr", "hr"):
            content.append(part)  # nothing but blocks can be inside; it keeps its own look
        else:
            inner = _shell(element, nodes(part))
            fill(part, [inner])
            if has_block(inner):
                _distribute(inner)
            content.append(part)
    replace(element, content)


def _shell(element: HtmlElement, content: list[Node]) -> HtmlElement:
    shell = make(element.tag, content=content)
    for name, value in element.items():
        shell.set(name, value)
    return shell


def wrap_runs(section: HtmlElement) -> None:
    """Put the loose text between a section's blocks into paragraphs."""
    for part in list(blocks(nodes(section))):
        if isinstance(part, list):
            p = make("p", content=part)
            section.append(p)
            _figure(p)
        else:
            section.append(part)


def section(element: HtmlElement) -> None:
    """Fill in the place of a table of contents, drop what is empty, put loose text between blocks into paragraphs."""
    if element.get("class") == "toc" and not len(element):
        *_, root = element.iterancestors()
        for heading in root.iter("h1", "h2", "h3", "h4"):
            shown = "".join(heading.itertext()).strip()
            if shown and heading.get("class") != "notes-title":
                element.append(make("p", f"toc-{heading.tag[1]}", [shown]))
    if is_empty(element):
        element.drop_tree()
    elif any(child.tag in BLOCKS for child in element):
        wrap_runs(element)


def panel(element: HtmlElement) -> None:
    """Mark the last block of a quote, an alert or a fold: a margin after it would widen the panel."""
    names = (element.get("class") or "").split()
    if not len(element) or not (element.tag == "blockquote" or {"alert", "details", "definition"} & set(names)):
        return
    last = element[-1]
    if last.tag in BLOCKS and not (last.tail or "").strip():
        last.set("class", f"{last.get('class') or ''} last".strip())


def fold(details: HtmlElement) -> None:
    """Open what a reader could have opened: its title in bold, then its content."""
    content = nodes(details)
    titles = [node for node in content if not isinstance(node, str) and node.tag == "summary"]
    title = nodes(titles[0]) if titles else []
    details.tag = "section"
    details.set("class", "details")
    if not blank(title):
        details.append(make("p", "summary", [make("strong", content=title)]))
    for part in blocks(node for node in content if node not in titles):
        details.append(part if not isinstance(part, list) else make("p", content=part))


def definitions(element: HtmlElement) -> None:
    """Write a definition list as paragraphs and indented sections."""
    for child in element:
        if child.tag == "dt":
            child.tag = "p"
            child.set("class", "term")
        elif child.tag == "dd":
            child.tag = "section"
            child.set("class", "definition")
            if has_block(child):
                wrap_runs(child)
    element.tag = "section"


def reading(ruby: HtmlElement) -> None:
    """Write a reading after its word: 汉字（hànzì）."""
    content: list[Node] = []
    for node in nodes(ruby):
        if isinstance(node, str):
            content.append(node)
        elif node.tag in ("rt", "rp"):
            shown = "".join(node.itertext()).strip()
            content += [f"（{shown}）"] if shown and node.tag == "rt" else []
        else:
            content += nodes(node)
    replace(ruby, content)


def quotation(q: HtmlElement) -> None:
    """Write the marks that a browser would draw around a quotation."""
    content = nodes(q)
    fill(q, ["“", *content, "”"])


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
HOMELESS = frozenset(_HOMES)


def stray(element: HtmlElement) -> None:
    """Take an item, a row or a reading that stands outside its list, table or word for what a browser shows of it."""
    parent = element.getparent()
    if parent is not None and parent.tag not in _HOMES[element.tag]:
        element.tag = "span" if element.tag in ("rt", "rp", "rb") else "section"


def heading(element: HtmlElement) -> None:
    """Let a heading hold text alone; an empty one goes."""
    for inner in list(element.iterdescendants("h1", "h2", "h3", "h4", "h5", "h6")):
        inner.drop_tag()
    if is_empty(element):
        element.drop_tree()
