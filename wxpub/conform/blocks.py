"""All other elements in their lasting form: paragraphs, pictures, folds, definitions, readings, contents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from wxpub import style
from wxpub.conform.content import BLOCKS, blank, blocks, nodes, replace
from wxpub.limits import COLUMN_PIXELS
from wxpub.tree import Node, fill, make

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LARGE = 300  # pixels: a picture that is wider fills the column; WeChat's checker wants one share of every screen


def figure(p: HtmlElement, sizes: Mapping[str, tuple[int, int]]) -> None:
    """Tell a paragraph of pictures from text with a small picture in it; each picture's title becomes a caption."""
    images = [each[0] if each.tag == "a" and len(each) == 1 else each for each in p if each.tag != "br"]
    if not images or any(each.tag != "img" for each in images) or "".join(p.itertext()).strip():
        return
    if not p.get("class"):
        p.set("class", "figure")
    captions = [title for image in images if (title := image.attrib.pop("title", "").strip())]
    for image in images:
        size = sizes.get(image.get("src", ""))
        width = size[0] if size else _number(image.get("data-w"))
        image.set("class", "small" if 0 < width <= _LARGE else "wide")
    if captions:
        caption = make("p", "caption", ["；".join(captions)])
        caption.tail, p.tail = p.tail, None
        p.addnext(caption)


def picture(image: HtmlElement) -> None:
    """Turn a picture's width into a style, and one without a source into its text."""
    if not image.get("src"):
        replace(image, [image.get("alt") or ""])
        return
    for name in ("src", "alt"):
        image.set(name, (image.get(name) or "").strip())
    width = image.attrib.pop("width", "").strip().removesuffix("px")
    found = style.read(image.get("style") or "")
    if re.fullmatch(r"\d{1,3}%", width):
        found["width"] = width
    elif re.fullmatch(r"\d+(\.\d+)?", width):
        pixels = float(width)
        found["width"] = f"{pixels:g}px" if pixels <= _LARGE else f"{min(100, round(pixels / COLUMN_PIXELS * 100))}%"
    if found:
        image.set("style", style.write(found))


def _number(value: str | None) -> float:
    return float(value) if value and value.isdigit() else 0


def align(element: HtmlElement) -> None:
    """Turn the attribute `align` of a block into a style."""
    value = element.attrib.pop("align", "").lower()
    if value in ("left", "center", "right", "justify"):
        found = {"text-align": value, **style.read(element.get("style") or "")}
        element.set("style", style.write(found))


def contents(toc: HtmlElement) -> None:
    """Fill in the table of contents, as text: WeChat refuses links inside a page."""
    *_, root = toc.iterancestors()
    for heading in root.iter("h1", "h2", "h3", "h4"):
        shown = "".join(heading.itertext()).strip()
        if shown and heading.get("class") != "notes-title":
            toc.append(make("p", f"toc-{heading.tag[1]}", [shown]))


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
