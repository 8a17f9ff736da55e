"""The elements of a document, made of its blocks.

In: the tree of blocks. Out: an ElementTree as GitHub renders it, whose inline Markdown is still to be read (`Source`).
Must not read Markdown beyond what GitHub and this dialect put on top of blocks: alerts, `[TOC]`, tasks.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement

from wxpub.dialect import blocks
from wxpub.dialect.nodes import LINE, Source, fragment, raw

ALERTS = {"note": "说明", "tip": "提示", "important": "重要", "warning": "警告", "caution": "当心"}
_ALERT = re.compile(r"\[!(note|tip|important|warning|caution)\][ \t]*$", re.I)


def build(document: blocks.Document, root: Element) -> None:
    """Add the elements of the document's blocks to `root`."""
    _add_all(root, document.children)


def footnote(definition: blocks.Footnote) -> Element:
    """Make the element that holds the blocks of one footnote."""
    section = Element("section", {"class": "footnote", "data-note": definition.label, LINE: str(definition.line)})
    _add_all(section, definition.children)
    return section


def _add_all(parent: Element, children: list[blocks.Block]) -> None:
    for block in children:
        _add(parent, block)


def _add(parent: Element, block: blocks.Block) -> None:
    if isinstance(block, blocks.Paragraph):
        _add_paragraph(parent, block)
    elif isinstance(block, blocks.List):
        _add_list(parent, block)
    elif isinstance(block, blocks.Heading):
        _element(parent, f"h{block.level}", block.line).text = Source(block.text, block.line)
    elif isinstance(block, blocks.Quote):
        _add_quote(parent, block)
    elif isinstance(block, blocks.Rule):
        _element(parent, "hr", block.line)
    elif isinstance(block, blocks.Html):
        parent.append(raw("".join(f"{line}\n" for line in block.lines), block.line))
    elif isinstance(block, blocks.Math):
        _add_math(parent, "\n".join(block.lines).strip("$"), block.line)
    elif isinstance(block, blocks.Verbatim):
        _add_code(parent, block)
    elif isinstance(block, blocks.Table):
        _add_table(parent, block)


def _element(parent: Element, tag: str, line: int) -> Element:
    return SubElement(parent, tag, {LINE: str(line)})


def _add_paragraph(parent: Element, block: blocks.Paragraph) -> None:
    text = block.text
    if text in ("[TOC]", "[toc]"):
        _element(parent, "section", block.line).set("class", "toc")
    else:
        _element(parent, "p", block.line).text = Source(text, block.line)


def _add_list(parent: Element, block: blocks.List) -> None:
    element = SubElement(parent, "ul" if block.start is None else "ol")
    if block.start not in (None, 1):
        element.set("start", str(block.start))
    loose = block.loose
    for item in block.children:
        if isinstance(item, blocks.Item):
            _add_item(element, item, loose)


def _add_item(parent: Element, item: blocks.Item, loose: bool) -> None:
    element = _element(parent, "li", item.line)
    if item.task is not None:
        element.set("class", "task")
        box = SubElement(element, "input", {"type": "checkbox", "disabled": ""})
        if item.task:
            box.set("checked", "")
    for block in item.children:
        if isinstance(block, blocks.Paragraph) and not loose:
            text = fragment()
            text.text = Source(block.text, block.line)
            element.append(text)
        else:
            _add(element, block)


def _add_quote(parent: Element, block: blocks.Quote) -> None:
    first = block.children[0] if block.children else None
    found = _ALERT.match(first.lines[0]) if isinstance(first, blocks.Paragraph) else None
    if found is None or not isinstance(first, blocks.Paragraph):
        _add_all(_element(parent, "blockquote", block.line), block.children)
        return
    kind = found[1].lower()
    alert = _element(parent, "section", block.line)
    alert.set("class", f"alert alert-{kind}")
    title = _element(alert, "p", block.line)
    title.set("class", "alert-title")
    title.text = ALERTS[kind]
    if len(first.lines) > 1:
        rest = blocks.Paragraph(first.line + 1, first.lines[1:])
        _add_paragraph(alert, rest)
    _add_all(alert, block.children[1:])


def _add_math(parent: Element, tex: str, line: int) -> None:
    element = _element(parent, "section", line)
    element.set("class", "math")
    element.text = tex.strip()


def _add_code(parent: Element, block: blocks.Verbatim) -> None:
    lines, language = block.lines, ""
    if isinstance(block, blocks.FencedCode):
        language = block.info.split(maxsplit=1)[0] if block.info else ""
        if language == "math":
            _add_math(parent, "\n".join(lines), block.line)
            return
    else:
        while lines and not lines[-1].strip(" \t"):
            lines.pop()
    code = SubElement(_element(parent, "pre", block.line), "code")
    if language:
        code.set("class", f"language-{language}")
    code.text = "".join(f"{line}\n" for line in lines)


def _add_table(parent: Element, block: blocks.Table) -> None:
    table = _element(parent, "table", block.line)
    (line, head), *body = block.rows
    _add_row(SubElement(table, "thead"), "th", line, head, block.columns)
    if body:
        rows = SubElement(table, "tbody")
        for line, cells in body:
            _add_row(rows, "td", line, cells, block.columns)


def _add_row(parent: Element, tag: str, line: int, cells: list[str], columns: list[str]) -> None:
    row = _element(parent, "tr", line)
    for cell, alignment in zip(cells, columns, strict=True):
        element = SubElement(row, tag)
        if alignment:
            element.set("align", alignment)
        element.text = Source(cell, line)
