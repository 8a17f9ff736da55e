"""Every other element in its lasting form: paragraphs, images, tables, folds, definitions, readings, contents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from wxpub import style
from wxpub.limits import COLUMN_PIXELS
from wxpub.tree import BLOCKS, Node, blank, blocks, fill, make, replace, shown, take

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
    content = take(details)
    titles = [node for node in content if not isinstance(node, str) and node.tag == "summary"]
    title = take(titles[0]) if titles else []
    details.tag = "section"
    details.set("class", "details")
    if not blank(title):
        details.append(make("p", "summary", [make("strong", content=title)]))
    for part in blocks(node for node in content if node not in titles[:1]):
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
    for node in take(ruby):
        if isinstance(node, str):
            content.append(node)
        elif node.tag in ("rt", "rp"):
            shown = "".join(node.itertext()).strip()
            content += [f"（{shown}）"] if shown and node.tag == "rt" else []
        else:
            content += take(node)
    replace(ruby, content)


def quotation(q: HtmlElement) -> None:
    """Write the marks that a browser would draw around a quotation."""
    content = take(q)
    fill(q, ["“", *content, "”"])


# --- tables -----------------------------------------------------------------------------------------------------------
# A scrolling section around plain rows: the editor loses the background of `thead` and `tr`, and takes white space
# between rows for rows (doocs/md #878); the checker measures a table against the page unless the table itself has
# data-ignore-width.

_NARROW = 3  # columns that a phone shows side by side
_SHORT = 12  # characters of a cell that need not break


def table(element: HtmlElement) -> None:
    """Give a table the form that lasts, one that scrolls; alignment and stripes become classes.

    One that has the form stays.
    """
    rows, astray = _rows(element)
    before = [make("p", content=part) if isinstance(part, list) else part for part in blocks(astray)]
    if not rows:
        replace(element, before)
        return
    if len(rows) > 1 and all(cell.tag == "th" and blank([cell]) for cell in rows[0]):
        del rows[0]  # Markdown asks for a head, so a grid without one has an empty one
    body = make("tbody", content=rows)
    element.append(body)
    wide = max(sum(_span(cell) for cell in row) for row in rows) > _NARROW
    striped = 0
    cells: dict[HtmlElement, list[str]] = {}
    for row in rows:
        header = all(cell.tag == "th" for cell in row)
        striped = 0 if header else striped + 1
        row.attrib.pop("class", None)
        if striped and striped % 2 == 0:
            row.set("class", "even")
        align = row.attrib.pop("align", None)
        cells |= {cell: _cell(cell, align, wide) for cell in row}
    _hoist(element, cells)
    if element.get("data-ignore-width") is None:
        element.set("data-ignore-width", "")
        scroller = make("section", "table")
        replace(element, [*before, scroller])
        scroller.append(element)


def _hoist(table: HtmlElement, cells: Mapping[HtmlElement, list[str]]) -> None:
    """Say the classes that all cells have in common once, of the table: cells inherit them."""
    shared = [name for name in ("left", "center", "right", "short") if all(name in names for names in cells.values())]
    if shared:
        table.set("class", " ".join(filter(None, [table.get("class"), *shared])))
    for cell, names in cells.items():
        if own := [name for name in names if name not in shared]:
            cell.set("class", " ".join(own))
        else:
            cell.attrib.pop("class", None)


_PARTS = frozenset({"thead", "tbody", "tfoot", "tr", "td", "th"})


def _rows(table: HtmlElement) -> tuple[list[HtmlElement], list[Node]]:
    """Take the rows out: of the head, the bodies, the foot, in this order; and what stands in no cell of theirs."""
    order = {"thead": 0, "tfoot": 2}
    parts = sorted(
        (each for each in table if each.tag in ("thead", "tbody", "tfoot")), key=lambda each: order.get(each.tag, 1)
    )
    rows: list[HtmlElement] = []
    astray: list[Node] = []
    for part in [*parts, table]:
        for node in take(part):
            if isinstance(node, str) or node.tag not in _PARTS:
                astray.append(node)
            elif node.tag == "tr":
                content = take(node)
                node.extend(each for each in content if not isinstance(each, str) and each.tag in ("td", "th"))
                astray += [each for each in content if isinstance(each, str) or each.tag not in ("td", "th")]
                rows += [node] if len(node) else []
    return rows, astray


def _span(cell: HtmlElement) -> int:
    value = cell.get("colspan") or "1"
    return max(1, min(int(value), 100)) if value.isdigit() else 1


def _cell(cell: HtmlElement, row_align: str | None, wide: bool) -> list[str]:
    """Give a cell's content its form; return the cell's classes."""
    align = (cell.attrib.pop("align", None) or row_align or "").lower()
    names = [align] if align in ("left", "center", "right") else []
    parts = list(blocks(take(cell)))
    lines = all(isinstance(part, list) or part.tag == "p" for part in parts)
    for number, part in enumerate(parts):
        if not lines:
            fill(cell, part if isinstance(part, list) else [part])
            continue
        if number:  # paragraphs in a cell become lines: the editor adds its own blocks
            fill(cell, [make("br")])
        fill(cell, part if isinstance(part, list) else take(part))
    content = shown([cell]).strip()
    if wide:
        names.append("short" if len(content) <= _SHORT else "long")
    if not content and blank(list(cell)):
        fill(cell, ["\u00a0"])
    return names
