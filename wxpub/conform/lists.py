"""Lists as WeChat's editor leaves them alone: one `section` in every item, deeper levels and odd numbers as text.

The editor takes a list inside a list apart, and an item whose content is not one block (github.com/wechatjs issues,
doocs/md #447, WeMD #10). So the first level stays a list,

    ul > li > section > text | p…  section.sublist > p.subitem "◦ text" …

and what is deeper becomes paragraphs with literal markers; so does a list whose numbers do not start at 1, or which
goes on after something else.

What a newsletter's items are made of is known by their shape alone: title, source, labelled lines.

    - [title | source](link)          p.item-title: span.title, span.item-source " | source"
      论文：https://…                  p.item-link: span.label "论文：", span.url
      摘要：text                       p.item-line: span.label "摘要：", text

No mark-up is asked of the author. What cannot be told apart for certain stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from wxpub.tree import Node, blank, blocks, fill, lines, make, replace, shown, take

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
    told = []
    for item in items:
        item.attrib.pop("value", None)
        section, parts = _opened(item)
        first = parts[0] if parts else []
        told.append((item, section, parts, _paragraphs(first) if isinstance(first, list) else []))
    digest = bool(items) and sum(bool(lines_of) for *_, lines_of in told) * 2 >= len(items)
    if digest:
        element.set("class", "items")
    for item, section, parts, lines_of in told:
        if digest and not lines_of and parts and isinstance(parts[0], list):
            lines_of = _paragraphs(parts[0], among_items=True)
        _item(item, section, parts, lines_of)
        if digest or lines_of:
            item.set("class", "item")


def _opened(item: HtmlElement) -> tuple[HtmlElement, list[HtmlElement | list[Node]]]:
    """Take an item's content out, block by block, and give the one section that is to hold it."""
    content = take(item)
    section: HtmlElement | None = None
    if sum(1 for node in content if not isinstance(node, str) or node.strip()) == 1:
        section = next((node for node in content if not isinstance(node, str) and node.tag == "section"), None)
    if section is None or section.get("class"):
        section = make("section", parent=item)
    else:
        content = take(section)
        item.append(section)
    return section, [_run(part) for part in blocks(_joined(content))]


def _item(
    item: HtmlElement,
    section: HtmlElement,
    parts: list[HtmlElement | list[Node]],
    told: list[tuple[str, list[Node]]],
) -> None:
    """Put everything of an item into its section, the lines of a newsletter's item told apart."""
    if not parts:
        item.drop_tree()
        return
    first = parts[0]
    if len(parts) == 1 and len(told) == 1:
        section.set("class", "item-title")
        fill(section, told[0][1])
    elif len(parts) == 1 and isinstance(first, list) and not told:
        fill(section, first)
    else:
        for names, content in told:
            make("p", names, content, section)
        for part in parts[1:] if told else parts:
            _add(section, part)


def _joined(content: list[Node]) -> list[Node]:
    """Put a task's box into the paragraph after it, where a loose list has one."""
    if len(content) > 1 and isinstance(content[0], str) and content[0].strip() in _BOXES:
        following = content[1]
        if not isinstance(following, str) and following.tag == "p":
            following.text = content[0] + (following.text or "")
            return content[1:]
    return content


def _add(section: HtmlElement, part: HtmlElement | list[Node]) -> None:
    if isinstance(part, list):
        make("p", "", part, section)
    else:
        section.append(part)


def _run(part: HtmlElement | list[Node]) -> HtmlElement | list[Node]:
    """Take the inline content out of a plain paragraph; everything else stays."""
    if isinstance(part, list) or part.tag != "p" or part.get("class") or part.get("style"):
        return part
    return take(part)


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
        for part in map(_run, blocks(_joined(take(item)))):
            if isinstance(part, list):
                boxed = element.tag == "ul" and _has_box(part)  # a box takes the place of a bullet, not of a number
                label = [marker] if fresh and not boxed else []
                make("p", "subitem" if fresh else "more", [*label, *_marked(part)], found)
            else:
                if fresh:
                    make("p", "subitem", [marker], found)
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
    step = 1 if element.get("reversed") is None else -1
    number = _start(element) if element.get("start") or step == 1 else len(element)
    for item in element:
        value = item.get("value")
        number = int(value) if value and value.lstrip("-").isdigit() else number
        yield _numeral(number, element.get("type") or "1") + ".\u00a0"
        number += step


def _numeral(number: int, kind: str) -> str:
    found = str(number)
    if kind in ("a", "A") and 1 <= number <= 26:
        found = chr(ord("a") + number - 1)
    elif kind in ("i", "I") and 1 <= number < 40:
        found, rest = "", number
        for value, letters in _ROMAN:
            found += letters * (rest // value)
            rest %= value
    return found.upper() if kind in ("A", "I") else found


# --- a newsletter's items ---------------------------------------------------------------------------------------------

_LABEL = re.compile(
    r"\s*(?:(?-i:[A-Za-z0-9\u4e00-\u9fff]){0,6}?(?:"  # no letter of its own case: Python would look at all 20,000
    "论文|文章|原文|摘要|简介|介绍|概要|导读|标题|题目|作者|机构|单位|来源|出处|期刊|会议|时间|日期|地址|链接|网址|主页|官网|网站|代码|"
    "源码|项目|仓库|开源|文档|手册|教程|课程|视频|演示|数据集|数据|模型|博客|白皮书|下载|公众号|注|备注|点评|推荐|看点|"
    "Project|Editor|WeChat|Title|Paper|Code|Link|URL|Demo|Docs|Abstract|Authors?|Source|Repo|GitHub|Homepage|Slides|Video"
    r")(?:地址|链接|主页)?)\s?(?:：|:(?!//))",
    re.I,
)
_BARS = "|｜丨"
_SOURCE = re.compile(rf"\s[{_BARS}]\s*(?=\S)(?!.*\s[{_BARS}]\s)")  # the last bar of a title
_TITLE_WIDTH = 240  # of a title, in Latin letters: a Chinese character takes the room of two
_SOURCE_CHARS = 40
_LINKS = frozenset({"a", "span"})


def _label(line: str) -> re.Match[str] | None:
    """Find the label that a line begins with; most lines have no colon where one would end."""
    head = line[:24]
    return _LABEL.match(line) if "：" in head or ":" in head else None


def _paragraphs(run: list[Node], *, among_items: bool = False) -> list[tuple[str, list[Node]]]:
    """Tell the class and the content of each line of an item; none if inline content is not a newsletter's item.

    An item has a title on its first line and something about it below. The title names its source after a bar, or is a
    link, or has a labelled line below it; `among_items` of that kind, any line may be one.
    """
    first, *rest = lines(run)
    title = shown(first).strip()
    if not title or len(title) + sum(each > "\u2e7f" for each in title) > _TITLE_WIDTH or _label(title):
        return []
    bar = _bar(first)
    if bar is None and not among_items and not (rest and (_starts_with_link(first) or _label(shown(rest[0])))):
        return []
    below = [("item-link" if _is_address(line) else "item-line", _marked(line)) for line in rest if not blank(line)]
    return [("item-title", _title(first, bar)), *below]


def _is_address(line: list[Node]) -> bool:
    """Whether a line is an address, with no more than a label before it."""
    *before, last = (node for node in line if not isinstance(node, str) or node.strip())
    if isinstance(last, str) or last.get("class") != "url":
        return False
    return not before or _LABEL.fullmatch(shown(before)) is not None


def _marked(run: Iterable[Node]) -> list[Node]:
    """Mark the label that a line begins with, on every line of `run`."""
    found: list[Node] = []
    fresh = True
    for node in run:
        if fresh and isinstance(node, str) and (match := _label(node)):
            found += [make("span", "label", [match[0].lstrip()]), node[match.end() :]]
        else:
            found.append(node)
        fresh = not isinstance(node, str) and node.tag == "br"
    return found


def _starts_with_link(first: list[Node]) -> bool:
    return _is_link(next((node for node in first if not isinstance(node, str) or node.strip()), ""))


def _is_link(node: Node) -> bool:
    return not isinstance(node, str) and node.tag in _LINKS and node.get("class") != "url"


def _bar(first: list[Node]) -> int | None:
    """Find the node of a title's line that names the source after a bar: text, or a link that begins with text."""
    for index, node in enumerate(first):
        text = node if isinstance(node, str) else node.text if node.tag in _LINKS and not node.get("style") else ""
        if text and any(bar in text for bar in _BARS):
            match = _SOURCE.search(text)
            if match and len(text) - match.end() <= _SOURCE_CHARS:
                return index
    return None


def _title(first: list[Node], bar: int | None) -> list[Node]:
    """Mark the title and the source in an item's first line: up to the bar, else the link, else the first note."""
    end = bar if bar is not None else next((index for index, node in enumerate(first) if _is_link(node)), None)
    if end is None:
        named, notes = _before_notes(first)
        return [*_marks(named), *notes]
    node = first[end]
    if isinstance(node, str):
        title, source = _cut(node)
        return [*_marks([*first[:end], title], source), *first[end + 1 :]]
    content = take(node)
    if bar is not None and isinstance(content[0], str):
        title, source = _cut(content[0])
        fill(node, [*_marks([title], source), *content[1:]])
    else:
        linked, notes = _before_notes(content)
        fill(node, [*_marks(linked), *notes])
    return [*_marks(first[:end]), *first[end:]]


def _before_notes(content: list[Node]) -> tuple[list[Node], list[Node]]:
    """Cut content at its first note's number."""
    end = next((n for n, node in enumerate(content) if not isinstance(node, str) and node.tag == "sup"), len(content))
    return content[:end], content[end:]


def _marks(title: list[Node], source: str = "") -> list[Node]:
    found: list[Node] = [] if blank(title) else [make("span", "title", title)]
    return [*found, make("span", "item-source", [source])] if source else found


def _cut(line: str) -> tuple[str, str]:
    match = _SOURCE.search(line)
    assert match is not None
    return line[: match.start()], line[match.start() :]
