"""Code that scrolls: `pre` in, a scrolling section with one `p` per line out, its words classed by what they are.

WeChat eats line ends and runs of spaces inside code, and its checker refuses a `pre` that is wider than the page. So a
line is a paragraph, every space is U+00A0, and the scroller a section (doocs/md #894, verify-article-structure-spec).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wxpub.conform.content import is_empty
from wxpub.tree import Node, make

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Pygments has a hundred kinds of token; a reader tells a few colours apart.
_ROLES = {
    "Comment": "comment",
    "Keyword": "keyword",
    "Operator.Word": "keyword",
    "Literal.String": "string",
    "Literal.Number": "number",
    "Name.Function": "name",
    "Name.Class": "name",
    "Name.Decorator": "name",
    "Name.Tag": "name",
    "Name.Builtin": "builtin",
    "Name.Attribute": "builtin",
    "Generic.Inserted": "inserted",
    "Generic.Deleted": "deleted",
    "Generic.Heading": "keyword",
    "Generic.Subheading": "keyword",
}
_MOST = 60_000  # characters: beyond, colours would cost more than the whole article may


def shape(pre: HtmlElement) -> None:
    """Give a code block the form that lasts."""
    code = pre[0] if len(pre) == 1 and pre[0].tag == "code" else pre
    names = (code.get("class") or "").split()
    language = next((name.partition("-")[2] for name in names if name.startswith(("language-", "lang-"))), "")
    if is_empty(pre, frozenset()):
        pre.drop_tree()
        return
    lines = list(_lines(_text(code), language))
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    section = make("section", "code-lines", [make("p", content=line or [make("br")]) for line in lines])
    tail = pre.tail
    line_number = pre.get("data-line")
    for child in list(pre):
        pre.remove(child)
    pre.text = None
    pre.attrib.clear()
    pre.tag, pre.tail = "section", tail
    pre.set("class", "code")
    if line_number:
        pre.set("data-line", line_number)
    pre.append(section)


def _text(code: HtmlElement) -> str:
    for br in list(code.iter("br")):
        br.tail = "\n" + (br.tail or "")
    text = "".join(code.itertext()).replace("\r", "").expandtabs(4).removeprefix("\n").rstrip("\n")
    return "\n".join(line.rstrip() for line in text.split("\n"))


def _lines(text: str, language: str) -> Iterator[list[Node]]:
    """Cut code into lines of text and classed spans. A space alone belongs to the word before it: alone it would go."""
    line: list[tuple[str, str]] = []
    for role, piece in _tokens(text, language):
        for number, part in enumerate(piece.split("\n")):
            if number:
                yield _spans(line)
                line = []
            if not part:
                continue
            if line and (line[-1][0] == role or not part.strip()):
                line[-1] = (line[-1][0], line[-1][1] + part)
            elif line and not line[-1][1].strip():
                line[-1] = (role, line[-1][1] + part)
            else:
                line.append((role, part))
    yield _spans(line)


def _spans(line: list[tuple[str, str]]) -> list[Node]:
    content: list[Node] = []
    for role, part in line:
        part = part.replace(" ", "\u00a0")
        content.append(make("span", role, [part]) if role else part)
    return content


def _tokens(text: str, language: str) -> Iterator[tuple[str, str]]:
    """Tell the words of `text` apart as far as its language is known."""
    if not language or len(text) > _MOST:
        yield "", text
        return
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        yield "", text
        return
    for token, piece in lexer.get_tokens(text):
        name = str(token).removeprefix("Token.")
        while name and name not in _ROLES:
            name = name.rpartition(".")[0]
        yield _ROLES.get(name, ""), piece
