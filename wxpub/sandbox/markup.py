"""Foreign HTML as a tree and back, byte for byte where nothing was changed: a string comes in, a string goes out.

BeautifulSoup over `html.parser` reads it. Character references are hidden from the parser and come back as they were
written, since WeChat keeps what it does not remove just as it was sent. Nothing here knows WeChat's rules.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from wxpub.sandbox.call import Refusal

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

AMP = "\ufdd0"  # stands for "&" inside the tree; a noncharacter, which no text may use
VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])

# The tree takes time with the square of its depth; browsers stop at 512, and no real article comes near.
DEEPEST = 1500
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")

# Where a declaration list may change state; a character reference's semicolon ends no declaration.
_STYLE_MARK = re.compile(f"{AMP}#?\\w{{1,31}};|[;\"'()]")


class _Everywhere(frozenset[str]):
    """All tags: in none of them white space may be run together."""

    def __contains__(self, name: object) -> bool:
        return True


def parse(markup: str) -> BeautifulSoup:
    """Read a fragment; refuse what `html.parser` gives up on (45166)."""
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup

    if _depth(markup) > DEEPEST:
        raise Refusal(45166)
    # The empty comment keeps BeautifulSoup from wondering whether a text without tags is a file name.
    source = "<!---->" + markup.replace(AMP, "").replace("&", AMP)
    try:
        soup = BeautifulSoup(
            source, "html.parser", multi_valued_attributes=None, preserve_whitespace_tags=_Everywhere()
        )
    except (ParserRejectedMarkup, AssertionError) as error:
        raise Refusal(45166) from error
    soup.contents[0].extract()
    return soup


def _depth(markup: str) -> int:
    """Estimate how deep the tags are nested, as if every one without an end tag stayed open."""
    depth = deepest = 0
    for mark, name in _TAG.findall(markup):
        if mark:
            depth = max(0, depth - 1)
        elif name.lower() not in VOID:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def serialise(root: Tag) -> str:
    """Write the children of `root` as HTML."""
    from bs4 import Tag
    from bs4.element import PreformattedString

    parts: list[str] = []
    # A stack of our own: articles may be nested deeper than Python's reaches. A string in it is finished text.
    stack: list[object] = list(reversed(root.contents))
    while stack:
        node = stack.pop()
        if isinstance(node, Tag):
            parts.append(f"<{node.name}{''.join(_attribute(*pair) for pair in node.attrs.items())}>")
            if node.name not in VOID:
                stack.append(_End(f"</{node.name}>"))
                stack.extend(reversed(node.contents))
        elif isinstance(node, PreformattedString):
            parts.append(f"{node.PREFIX}{node}{node.SUFFIX}")
        elif isinstance(node, _End):
            parts.append(node)
        else:
            parts.append(str(node).replace("<", "&lt;"))
    return "".join(parts).replace(AMP, "&")


class _End(str):
    """An end tag that waits on the stack."""

    __slots__ = ()


def _attribute(name: str, value: object) -> str:
    text = "" if value is None else str(value)
    if '"' not in text:
        return f' {name}="{text}"'
    return f" {name}='{text}'" if "'" not in text else f' {name}="{text.replace(chr(34), AMP + "quot;")}"'


def shown(value: object) -> str:
    """Return an attribute's or text's value with its character references resolved."""
    return html.unescape(str(value).replace(AMP, "&"))


def hidden(text: str) -> str:
    """Return a text in the form in which the tree holds an attribute's value."""
    return html.escape(text.replace(AMP, ""), quote=True).replace("&", AMP)


def declarations(style: str) -> list[str]:
    """Split a `style` at the semicolons that end declarations: not those in quotes, brackets or references."""
    pieces = []
    start, quote, depth = 0, "", 0
    for match in _STYLE_MARK.finditer(style):
        mark = shown(match.group())  # a reference to a quotation mark is one
        if quote:
            quote = "" if mark == quote else quote
        elif mark in ('"', "'"):
            quote = mark
        elif mark == "(":
            depth += 1
        elif mark == ")":
            depth = max(0, depth - 1)
        elif match.group() == ";" and depth == 0:
            pieces.append(style[start : match.start()])
            start = match.end()
    pieces.append(style[start:])
    return pieces


def split(declaration: str) -> tuple[str, str]:
    """Return a declaration's property (lower case) and value, character references resolved."""
    name, _, value = shown(declaration).partition(":")
    return name.strip().lower(), value.strip()
