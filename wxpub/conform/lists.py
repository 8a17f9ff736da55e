"""Lists as WeChat's editor leaves them alone: one `section` in every item, deeper levels and odd numbers as text.

The editor takes a list inside a list apart, and an item whose content is not one block (github.com/wechatjs issues,
doocs/md #447, WeMD #10). So the first level stays a list,

    ul > li > section > text | p…  section.sublist > p.subitem "◦ text" …

and what is deeper becomes paragraphs with literal markers; so does a list whose numbers do not start at 1, or which
goes on after something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wxpub.conform import digest
from wxpub.conform.content import blocks, nodes, replace
from wxpub.tree import Node, fill, make

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_BULLETS = ("•", "◦", "▪")
_BOXES = ("☐", "☑")
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


def shape(element: HtmlElement) -> None:
    """Give a `ul` or `ol`, whose inner lists have their form already, the form that lasts."""
    if _level(element) > 1 or element.get("class") == "literal":
        replace(element, [_flat(element)])
        return
    for attribute in ("start", "type", "reversed"):
        element.attrib.pop(attribute, None)
    items = list(element)
    for item in items:
        item.attrib.pop("value", None)
        _item(item)
    if items and sum(item.get("class") == "item" for item in items) * 2 >= len(items):
        element.set("class", "items")


def _item(item: HtmlElement) -> None:
    """Put everything of an item into one section, lines of a digest's item told apart."""
    content = nodes(item)
    section = None
    if sum(1 for node in content if not isinstance(node, str) or node.strip()) == 1:
        section = next((node for node in content if not isinstance(node, str) and node.tag == "section"), None)
    if section is None or section.get("class"):
        section = make("section")
    else:
        content = nodes(section)
    item.append(section)
    parts = [_run(part) for part in blocks(_joined(content))]
    if not parts:
        item.drop_tree()
        return
    first = parts[0]
    if isinstance(first, list) and digest.is_item(first):
        item.set("class", "item")
        parts[:1] = digest.paragraphs(first)
    if len(parts) == 1 and isinstance(first, list):
        if not isinstance(parts[0], list):
            section.set("class", "item-title")
        fill(section, _content(parts[0]))
        return
    for part in parts:
        section.append(make("p", content=part) if isinstance(part, list) else part)


def _content(part: HtmlElement | list[Node]) -> list[Node]:
    return part if isinstance(part, list) else nodes(part)


def _joined(content: list[Node]) -> list[Node]:
    """Put a task's box into the paragraph after it, where a loose list has one."""
    if len(content) > 1 and isinstance(content[0], str) and content[0].strip() in _BOXES:
        following = content[1]
        if not isinstance(following, str) and following.tag == "p":
            following.text = content[0] + (following.text or "")
            return content[1:]
    return content


def _run(part: HtmlElement | list[Node]) -> HtmlElement | list[Node]:
    """Take the inline content out of a plain paragraph; everything else stays."""
    if isinstance(part, list) or part.tag != "p" or part.get("class") or part.get("style"):
        return part
    return nodes(part)


# --- literal markers --------------------------------------------------------------------------------------------------


def mark(root: HtmlElement) -> None:
    """Mark the numbered lists that do not count 1, 2, 3…, and those that such a list carries on.

    Two halves of one series look alike that way. All lists have to be there still, none in its final form.
    """
    for element in reversed(list(root.iter("ol"))):
        plain = _start(element) == 1 and element.get("type", "1") == "1" and element.get("reversed") is None
        end = len(element) + _start(element)
        following = next(element.itersiblings("ol"), None)
        carried_on = following is not None and following.get("class") == "literal" and _start(following) == end
        if not plain or carried_on or any(item.get("value") is not None for item in element):
            element.set("class", "literal")


def _start(element: HtmlElement) -> int:
    try:
        return int(element.get("start") or 1)
    except ValueError:
        return 1


def _flat(element: HtmlElement) -> HtmlElement:
    """Write a list as paragraphs in a section, each item with its marker, the rest of an item indented below."""
    found = make("section", "sublist")
    for marker, item in zip(_markers(element), list(element), strict=True):
        fresh = True
        for part in map(_run, blocks(_joined(nodes(item)))):
            if isinstance(part, list):
                label = [marker] if fresh and not _has_box(part) else []
                found.append(make("p", "subitem" if fresh else "more", [*label, *digest.marked(part)]))
            else:
                if fresh:
                    found.append(make("p", "subitem", [marker]))
                found.append(part if part.get("class") == "sublist" else make("section", "more", [part]))
            fresh = False
    return found


def _has_box(run: list[Node]) -> bool:
    return isinstance(run[0], str) and run[0].lstrip().startswith(_BOXES)


def _level(element: HtmlElement) -> int:
    """Count the lists that `element` stands in, itself included."""
    return 1 + sum(1 for _ in element.iterancestors("li"))


def _markers(element: HtmlElement) -> Iterator[str]:
    if element.tag == "ul":
        for _ in element:
            yield _BULLETS[min(_level(element), len(_BULLETS)) - 1] + "\u00a0"
        return
    number = _start(element) if element.get("start") or element.get("reversed") is None else len(element)
    for item in element:
        value = item.get("value")
        number = int(value) if value and value.lstrip("-").isdigit() else number
        yield _numeral(number, element.get("type") or "1") + ".\u00a0"
        number += -1 if element.get("reversed") is not None else 1


def _numeral(number: int, kind: str) -> str:
    if kind in ("a", "A") and 1 <= number <= 26:
        letter = chr(ord("a") + number - 1)
        return letter.upper() if kind == "A" else letter
    if kind in ("i", "I") and 1 <= number < 40:
        roman, rest = "", number
        for value, letters in _ROMAN:
            roman += letters * (rest // value)
            rest %= value
        return roman.upper() if kind == "I" else roman
    return str(number)
