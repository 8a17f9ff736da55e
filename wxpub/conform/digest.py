"""What a newsletter's items are made of, told by their shape alone: title, source, labelled lines.

    - [title | source](link)          p.item-title: span.title, span.item-source " | source"
      论文：https://…                  p.item-link: span.label "论文：", span.url
      摘要：text                       p.item-line: span.label "摘要：", text

No mark-up is asked of the author. What is not told apart with certainty stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from wxpub.conform.content import blank, lines, nodes, text
from wxpub.tree import Node, fill, make

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LABELS = (
    "论文|文章|原文|摘要|简介|介绍|概要|导读|标题|题目|作者|机构|单位|来源|出处|期刊|会议|时间|日期|地址|链接|网址|主页|官网|网站|代码|"
    "源码|项目|仓库|开源|文档|手册|教程|课程|视频|演示|数据集|数据|模型|博客|白皮书|下载|公众号|注|备注|点评|推荐|看点|"
    "Project|Editor|WeChat|Title|Paper|Code|Link|URL|Demo|Docs|Abstract|Authors?|Source|Repo|GitHub|Homepage|Slides|Video"
)
_LABEL = re.compile(rf"\s*(?:[A-Za-z0-9\u4e00-\u9fff]{{0,6}}?(?:{_LABELS})(?:地址|链接|主页)?)\s?(?:：|:(?!//))", re.I)
_SOURCE = re.compile(r"\s[|｜丨]\s*(?=\S)(?!.*\s[|｜丨]\s)")  # the last bar of a title
_BARS = re.compile(r"[|｜丨]")
_TITLE_CHARS = 120
_LINKS = frozenset({"a", "span"})


def _label(line: str) -> re.Match[str] | None:
    """Find the label that a line begins with; most lines have no colon where one would end."""
    head = line[:24]
    return _LABEL.match(line) if "：" in head or ":" in head else None


def is_item(run: list[Node]) -> bool:
    """Tell whether inline content is an item of a digest: a title on the first line, something about it below.

    A title names its source after a bar, or is a link, or has a labelled line below it.
    """
    first, *rest = lines(run)
    shown = text(first).strip()
    if not shown or len(shown) > _TITLE_CHARS or _label(shown):
        return False
    if _source(first) is not None:
        return True
    if not rest:
        return False
    return _starts_with_link(first) or _label(text(rest[0])) is not None


def paragraphs(run: list[Node]) -> list[HtmlElement]:
    """Make one paragraph of each line of an item."""
    first, *rest = lines(run)
    found = [make("p", "item-title", _title(first))]
    found += [
        make("p", "item-link" if _is_address(line) else "item-line", marked(line)) for line in rest if not blank(line)
    ]
    return found


def _is_address(line: list[Node]) -> bool:
    """Tell whether a line is an address, with no more than a label before it."""
    shown = [node for node in line if not isinstance(node, str) or node.strip()]
    *before, last = shown
    if isinstance(last, str) or last.get("class") != "url":
        return False
    return not before or _LABEL.fullmatch(text(before)) is not None


def marked(run: Iterable[Node]) -> list[Node]:
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
    shown = [node for node in first if not isinstance(node, str) or node.strip()]
    return bool(shown) and _is_link(shown[0])


def _source(first: list[Node]) -> int | None:
    """Find the node of a title's line that names the source after a bar."""
    for index, node in enumerate(first):
        found = (
            node if isinstance(node, str) else (node.text or "") if node.tag in _LINKS and not node.get("style") else ""
        )
        match = _SOURCE.search(found) if _BARS.search(found) else None
        if match and len(found) - match.end() <= 40:
            return index
    return None


def _title(first: list[Node]) -> list[Node]:
    """Mark the title and the source in an item's first line: up to the bar, else the link, else the first note."""
    bar = _source(first)
    end = bar if bar is not None else next((index for index, node in enumerate(first) if _is_link(node)), None)
    if end is None:
        named, notes = _before_notes(first)
        return [*_marks(named), *notes]
    node = first[end]
    if isinstance(node, str):
        title, source = _cut(node)
        return [*_marks([*first[:end], title], source), *first[end + 1 :]]
    content = nodes(node)
    if bar is not None and isinstance(content[0], str):
        title, source = _cut(content[0])
        fill(node, [*_marks([title], source), *content[1:]])
    else:
        linked, notes = _before_notes(content)
        fill(node, [*_marks(linked), *notes])
    return [*_marks(first[:end]), *first[end:]]


def _is_link(node: Node) -> bool:
    return not isinstance(node, str) and node.tag in _LINKS and node.get("class") != "url"


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
