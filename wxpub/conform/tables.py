"""Tables that scroll: `table` in, a scrolling section around plain rows out, alignment and stripes as classes.

The editor loses the background of `thead` and `tr`, and takes white space between rows for rows (doocs/md #878); the
checker measures a table against the page unless the table itself has data-ignore-width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxpub.conform.content import blank, blocks, has_block, nodes, replace, text
from wxpub.tree import fill, make

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_NARROW = 3  # columns that a phone shows side by side
_SHORT = 12  # characters of a cell that need not break


def shape(table: HtmlElement) -> None:
    """Give a table the form that lasts; one that has it stays."""
    rows = list(_rows(table))
    before = [node for node in nodes(table) if not isinstance(node, str) and node.tag not in _PARTS]
    if not rows:
        replace(table, before)
        return
    if len(rows) > 1 and all(cell.tag == "th" and blank([cell]) for cell in rows[0]):
        del rows[0]  # Markdown asks for a head, so a grid without one has an empty one
    body = make("tbody", content=rows)
    table.append(body)
    wide = max(sum(_span(cell) for cell in row) for row in rows) > _NARROW
    striped = 0
    for row in rows:
        header = all(cell.tag == "th" for cell in row)
        striped = 0 if header else striped + 1
        row.attrib.pop("class", None)
        if striped and striped % 2 == 0:
            row.set("class", "even")
        for cell in row:
            _cell(cell, row.get("align"), wide)
        row.attrib.pop("align", None)
    _hoist(table, rows)
    if table.get("data-ignore-width") is None:
        table.set("data-ignore-width", "")
        scroller = make("section", "table")
        replace(table, [*before, scroller])
        scroller.append(table)


def _hoist(table: HtmlElement, rows: list[HtmlElement]) -> None:
    """Say what all cells have in common once, of the table: cells inherit it."""
    cells = [cell for row in rows for cell in row]
    for name in ("left", "center", "right", "short"):
        if not all(name in (cell.get("class") or "").split() for cell in cells):
            continue
        table.set("class", f"{table.get('class') or ''} {name}".strip())
        for cell in cells:
            rest = " ".join(each for each in cell.get("class", "").split() if each != name)
            if rest:
                cell.set("class", rest)
            else:
                del cell.attrib["class"]


_PARTS = frozenset({"thead", "tbody", "tfoot", "tr", "td", "th"})


def _rows(table: HtmlElement) -> list[HtmlElement]:
    """Take the rows out: of the head, the bodies, the foot, in this order."""
    order = {"thead": 0, "tfoot": 2}
    parts = sorted(
        (each for each in table if each.tag in ("thead", "tbody", "tfoot")), key=lambda each: order.get(each.tag, 1)
    )
    rows = [
        row
        for part in [*parts, table]
        for row in part
        if row.tag == "tr" and any(cell.tag in ("td", "th") for cell in row)
    ]
    for row in rows:
        cells = [cell for cell in nodes(row) if not isinstance(cell, str) and cell.tag in ("td", "th")]
        for cell in cells:
            cell.tail = None
        row.extend(cells)
        row.tail = None
    return rows


def _span(cell: HtmlElement) -> int:
    value = cell.get("colspan") or "1"
    return max(1, min(int(value), 100)) if value.isdigit() else 1


def _cell(cell: HtmlElement, row_align: str | None, wide: bool) -> None:
    align = (cell.attrib.pop("align", None) or row_align or "").lower()
    names = [align] if align in ("left", "center", "right") else []
    parts = list(blocks(nodes(cell)))
    if not has_block(cell) and all(isinstance(part, list) or part.tag == "p" for part in parts):
        for number, part in enumerate(parts):  # paragraphs in a cell become lines: the editor adds its own blocks
            fill(cell, [make("br")] if number else [])
            fill(cell, part if isinstance(part, list) else nodes(part))
    else:
        for part in parts:
            fill(cell, part if isinstance(part, list) else [part])
    content = text([cell]).strip()
    if wide:
        names.append("short" if len(content) <= _SHORT else "long")
    if not content and blank(list(cell)):
        fill(cell, ["\u00a0"])
    if names:
        cell.set("class", " ".join(names))
    else:
        cell.attrib.pop("class", None)
