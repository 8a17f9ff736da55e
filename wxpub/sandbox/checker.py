"""The structure check that WeChat offers to other editors: HTML comes in, the rules that it breaks go out.

`POST /article-bin/verify_article_structure` of wechatjs/verify-article-structure-spec (2026-08). WeChat lays the
article out in a browser; here only the rules that inline styles and tags tell are checked, and nothing is measured.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
    rules = violations(content)
    answer: dict[str, object] = {"isValid": not rules}
    if rules:
        answer["inValidInfo"] = {
            "rule": {
                "violateRules": list(rules),
                "items": [{"rule": rule, "html": html} for rule, found in rules.items() for html in found],
            }
        }
    return answer


def violations(content: str) -> dict[str, list[str]]:
    """Give the rules that `content` breaks, each with the start tags that break it."""
    found: dict[str, list[str]] = {}
    for tag in markup.parse(content).find_all(True):
        styles = dict(markup.split(piece) for piece in markup.declarations(str(tag.attrs.get("style") or "")))
        for rule, breaks in _RULES.items():
            if breaks(tag, styles):
                found.setdefault(rule, []).append(_start(tag))
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
    return bool(tag.get_text(strip=True))


_Rule = Callable[["Tag", Mapping[str, str]], bool]
_RULES: dict[str, _Rule] = {
    "opacity": lambda tag, styles: (
        tag.name == "img" and re.fullmatch(r"0(\.0+)?%?", styles.get("opacity", "")) is not None
    ),
    "caret-color": lambda tag, styles: styles.get("caret-color", "").lower() == "transparent",
    "line-height": lambda tag, styles: (
        re.fullmatch(r"0(\.0+)?(px|em|%)?", styles.get("line-height", "")) is not None and _has_text(tag)
    ),
    "text-align": lambda tag, styles: styles.get("text-align", "").lower() in ("start", "end"),
    "height": lambda tag, styles: (
        re.fullmatch(r"0(\.0+)?(px|em|%)?", styles.get("height", "")) is not None
        and _has_text(tag)
        and tag.name != "svg"
        and tag.find_parent("svg") is None
    ),
    "animate-begin": lambda tag, styles: (
        "touchstart" in str(tag.attrs.get("begin", "")) and "click" not in str(tag.attrs.get("begin", ""))
    ),
    "nestNodes": lambda tag, styles: _is_chain(tag),
    "redundant-node": lambda tag, styles: _is_padded(tag),
    "darkmode-no-gradient": lambda tag, styles: (
        "gradient(" in styles.get("background", "") + styles.get("background-image", "")
        and _has_text(tag)
        and "data-ignore-dm" not in tag.attrs
    ),
}
