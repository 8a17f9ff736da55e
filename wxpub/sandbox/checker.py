"""The structure check that WeChat offers to other editors: HTML comes in, the rules that it breaks go out.

`POST /article-bin/verify_article_structure` of wechatjs/verify-article-structure-spec (2026-08). WeChat lays the
article out in a browser; here only the rules that inline styles and tags tell are checked, and nothing is measured.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wxpub.sandbox import articles, markup
from wxpub.sandbox.answers import Refusal
from wxpub.sandbox.call import Answer, Call

if TYPE_CHECKING:
    from bs4 import Tag

DEEPEST_CHAIN = 15  # the validator's constant; the specification says 10
_CHILDREN, _EMPTY = 20, 15


def verify(call: Call) -> Answer:
    """Answer `POST /article-bin/verify_article_structure`."""
    given = articles.read_json(call.body)
    content = given.get("content") if isinstance(given, Mapping) else None
    if not isinstance(content, str):
        raise Refusal(47001)
    found = violations(content)
    return {
        "isValid": not found,
        "inValidInfo": {
            name: {"violateRules": RULES[name].text, "items": [_item(place, tag) for place, tag in places]}
            for name, places in found.items()
        },
    }


def _item(place: int, tag: str) -> dict[str, object]:
    return {"paragraphIndex": place, "outerHTML": tag}


def violations(content: str) -> dict[str, list[tuple[int, str]]]:
    """Give the rules that `content` breaks: the top-level block (counted from 0) and start tag of every place."""
    found: dict[str, list[tuple[int, str]]] = {}
    for place, block in enumerate(markup.parse(content).find_all(True, recursive=False)):
        for tag in (block, *block.find_all(True)):
            styles = dict(markup.split(piece) for piece in markup.declarations(str(tag.attrs.get("style") or "")))
            for name, rule in RULES.items():
                if rule.breaks(tag, styles):
                    found.setdefault(name, []).append((place, _start(tag)))
    return found


def _start(tag: Tag) -> str:
    attributes = "".join(f' {name}="{markup.shown(value)}"' for name, value in tag.attrs.items())
    return f"<{tag.name}{attributes}>"[:300]


def _is_chain(tag: Tag) -> bool:
    """Tell whether `tag` ends a chain of too many single children of the same name and style."""
    length, node = 1, tag
    while length <= DEEPEST_CHAIN:
        parent = node.parent
        if (
            parent is None
            or (parent.name, parent.attrs.get("style")) != (node.name, node.attrs.get("style"))
            or len(parent.contents) != 1
        ):
            return False
        length, node = length + 1, parent
    return True


def _is_padded(tag: Tag) -> bool:
    """Tell whether `tag` has many children of which most are empty."""
    children = tag.find_all(True, recursive=False)
    if len(children) <= _CHILDREN:
        return False
    media = ("img", "svg", "br", "video", "iframe")
    empty = [
        child
        for child in children
        if child.name not in media and not child.find(media) and not child.get_text(strip=True)
    ]
    return len(empty) > _EMPTY


def _has_text(tag: Tag) -> bool:
    return bool(markup.shown(tag.get_text()).strip())


def _is_zero(value: str) -> bool:
    return re.fullmatch(r"0(\.0+)?(px|em|%)?", value) is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what it demands, and whether an element with its inline styles breaks it."""

    text: str
    breaks: Callable[[Tag, Mapping[str, str]], bool]


RULES = {
    "opacity": Rule(
        "图片的透明度不能为 0",
        lambda tag, styles: tag.name == "img" and _is_zero(styles.get("opacity", "")),
    ),
    "caret-color": Rule(
        "光标颜色不能透明",
        lambda tag, styles: styles.get("caret-color", "").lower() == "transparent",
    ),
    "line-height": Rule(
        "有文字的元素行高不能为 0",
        lambda tag, styles: _is_zero(styles.get("line-height", "")) and _has_text(tag),
    ),
    "text-align": Rule(
        "对齐不能用 start 或 end",
        lambda tag, styles: styles.get("text-align", "").lower() in ("start", "end"),
    ),
    "height": Rule(
        "有文字的元素高度不能为 0",
        lambda tag, styles: (
            _is_zero(styles.get("height", ""))
            and _has_text(tag)
            and tag.name != "svg"
            and tag.find_parent("svg") is None
        ),
    ),
    "animate-begin": Rule(
        "由 touchstart 触发的动画也要由 click 触发",
        lambda tag, styles: (
            "touchstart" in str(tag.attrs.get("begin", "")) and "click" not in str(tag.attrs.get("begin", ""))
        ),
    ),
    "nestNodes": Rule("同一标签、同一样式的单子节点嵌套过深", lambda tag, styles: _is_chain(tag)),
    "redundant-node": Rule("空节点过多", lambda tag, styles: _is_padded(tag)),
    "darkmode-no-gradient": Rule(
        "有文字的元素不能用渐变背景",
        lambda tag, styles: (
            "gradient(" in styles.get("background", "") + styles.get("background-image", "")
            and _has_text(tag)
            and "data-ignore-dm" not in tag.attrs
        ),
    ),
}
