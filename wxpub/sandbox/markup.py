"""Foreign HTML as a tree and back, byte for byte where nothing was changed: a string comes in, a string goes out.

BeautifulSoup over `html.parser` reads it. Character references are hidden from the parser and come back as they were
written, since WeChat keeps what it does not remove just as it was sent. Nothing here knows WeChat's rules.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from wxpub.sandbox.call import Refusal

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

# Stand for "&" and, where nothing begins with it, for "<" inside the tree; noncharacters, which no text may use.
AMP, OPEN = "\ufdd0", "\ufdd1"
VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])

# The tree takes time with the square of its depth; browsers stop at 512, and no real article comes near.
DEEPEST = 1500
_NONCHARACTERS = {ord(AMP): None, ord(OPEN): None}
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

    source = _ended(markup.translate(_NONCHARACTERS).replace("&", AMP))
    if _depth(source) > DEEPEST:
        raise Refusal(45166)
    try:
        # The empty comment keeps BeautifulSoup from wondering whether a text without tags is a file name.
        soup = BeautifulSoup(
            "<!---->" + source, "html.parser", multi_valued_attributes=None, preserve_whitespace_tags=_Everywhere()
        )
    except (ParserRejectedMarkup, AssertionError) as error:
        raise Refusal(45166) from error
    soup.contents[0].extract()
    return soup


def _ended(markup: str) -> str:
    """Hide every `<` whose tag, comment or section does not end: the parser would look for the end of each anew."""
    for begin, end in (("<!--", "-->"), ("<![", "]]>"), ("<", ">")):
        place = markup.rfind(end) + 1
        markup = markup[:place] + markup[place:].replace(begin, OPEN + begin[1:])
    return markup


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


# The tree is changed by marks only: `unwrap`, `remove` and `contents`. BeautifulSoup's own steps look an element up
# among all its siblings, which takes time with the square of their number.


def unwrap(tag: Tag) -> None:
    """Leave out a tag, but not what is in it."""
    tag.hidden = True


def remove(tag: Tag) -> None:
    """Leave out a tag with all that is in it."""
    tag.hidden = True
    tag.contents = []


def tags(root: Tag, *, left_out: bool = False) -> Iterator[Tag]:
    """Yield the tags in `root` in the order of the text; they may be changed on the way.

    Those that are unwrapped are yielded only if `left_out` is true.
    """
    from bs4 import Tag

    stack = list(reversed(root.contents))
    while stack:
        node = stack.pop()
        if isinstance(node, Tag):
            if left_out or not node.hidden:
                yield node
            stack.extend(reversed(node.contents))


def serialise(root: Tag) -> str:
    """Write the children of `root` as HTML."""
    from bs4 import Tag
    from bs4.element import PreformattedString

    parts: list[str] = []
    # A stack of our own: articles may be nested deeper than Python's reaches. A string in it is finished text.
    stack: list[object] = list(reversed(root.contents))
    while stack:
        node = stack.pop()
        if isinstance(node, Tag) and node.hidden:
            stack.extend(reversed(node.contents))
        elif isinstance(node, Tag):
            parts.append(f"<{node.name}{''.join(_attribute(*pair) for pair in node.attrs.items())}>")
            if node.name not in VOID:
                stack.append(_End(f"</{node.name}>"))
                stack.extend(reversed(node.contents))
        elif isinstance(node, PreformattedString):
            parts.append(f"{node.PREFIX}{node}{node.SUFFIX}")
        elif isinstance(node, _End):
            parts.append(node)
        else:
            parts.append(str(node).replace("<", "&lt;").replace(OPEN, "&lt;"))
    return "".join(parts).replace(AMP, "&").replace(OPEN, "<")


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
    return html.unescape(str(value).replace(AMP, "&").replace(OPEN, "<"))


def hidden(text: str) -> str:
    """Return a text in the form in which the tree holds an attribute's value."""
    return html.escape(text.translate(_NONCHARACTERS), quote=True).replace("&", AMP)


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
