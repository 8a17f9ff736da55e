"""What is written in a language of its own: code that scrolls, and formulas as outlines.

code       `pre` in, a scrolling section with one `p` per line out, its words classed by what they are. WeChat eats line
           ends and runs of spaces inside code, and its checker refuses a `pre` that is wider than the page. So a line
           is a paragraph, every space is U+00A0, and the scroller a section (doocs/md #894, WeChat's article checker).
formulas   TeX in, an `svg` of plain paths in the text's own colour out; on an error, the TeX as code. WeChat keeps
           drawings, but no fonts, ids or `<use>`; so every glyph is a path, its numbers cut to what a screen shows.
           Chinese characters, which the mathematical font lacks, are `<text>`; that WeChat keeps it is unverified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from wxpub import style
from wxpub.finding import Rule
from wxpub.language import tr
from wxpub.tree import DIAGRAMS, Node, fill, is_empty, language_of, make, replace, take

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

    from wxpub.conform.sanitise import Report

MATH = Rule(
    "math",
    "warning",
    "a formula cannot be read, and is shown as its TeX",
    "correct the TeX",
    reader="the formula as its author typed it, backslashes and all",
)

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
    language = language_of(pre)
    if is_empty(pre, frozenset()):
        pre.drop_tree()
        return
    lines = list(_lines(_text(code), language))
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    scroller = make("section", "code")
    section = make("section", "code-lines", parent=scroller)
    if language in DIAGRAMS:
        make("p", "code-label", [f"图的源码（{language}）"], section)
    for line in lines:
        make("p", "", line or [make("br")], section)
    if number := pre.get("data-line"):
        scroller.set("data-line", number)
    replace(pre, [scroller])


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


# --- formulas ---------------------------------------------------------------------------------------------------------

_SIZE = 24  # what formulas are drawn at, in ziamath's units; the page's font size decides how large they are
_GRID = 10  # steps of the finished outline per such unit: 240 to the em, a fifteenth of a pixel in the text
_TEX_CHARS = 8_000  # of a formula; the longest of real issues has a few hundred
_TEX_NODES = 2_000  # of its MathML; ziamath compares every piece of a row with all before it
# ziamath draws what stands in a row twice, to know how high its brackets are: each row within a row doubles the work.
_ROWS = frozenset({"math", "mrow", "mstyle", "mpadded", "mphantom", "mfenced", "mtd"})
_WORK, _WORK_PER_NODE = 2_000, 32  # drawings of a node that a formula may ask for: a second at most, and some for each
_HAN = "[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"  # compiled when there is a formula: that takes 2 ms
_COMMAND = re.compile(r"([A-Z])([^A-Z]*)")


def formula(element: HtmlElement, report: Report) -> None:
    """Turn the TeX that `element` holds into a drawing."""
    tex = "".join(element.itertext()).strip()
    if not tex or element.find(".//svg") is not None:
        return
    display = element.tag == "section"
    try:
        drawing = draw(tex, display)
    except _Unreadable as error:
        report(MATH, element, tr("the formula {tex} cannot be read: {why}", tex=_short(tex), why=error))
        take(element)
        if display:
            element.set("class", "math-source")
            fill(element, [make("p", content=[make("code", content=[tex])])])
        else:
            replace(element, [make("code", content=[tex])])
        return
    take(element)
    fill(element, [drawing])


# What ziamath trips over in TeX that it does not expect; it has no errors of its own.
_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)


class _Unreadable(Exception):
    """TeX that cannot be drawn."""


def _short(tex: str) -> str:
    tex = " ".join(tex.split())
    return tex if len(tex) <= 40 else tex[:39] + "…"


def _fault(error: Exception) -> str:
    """Say what an author did who wrote such TeX, by the error that latex2mathml raises."""
    match type(error).__name__:
        case "NumeratorNotFoundError":
            return tr("a fraction has no numerator")
        case "DenominatorNotFoundError":
            return tr("a fraction has no denominator")
        case "ExtraLeftOrMissingRightError":
            return tr("\\left and \\right do not come in pairs")
        case "MissingSuperScriptOrSubscriptError":
            return tr("nothing stands behind a ^ or _")
        case "DoubleSubscriptsError":
            return tr("two _ follow one another; put the first part in braces")
        case "DoubleSuperscriptsError":
            return tr("two ^ follow one another; put the first part in braces")
        case "MissingEndError":
            return tr("a \\begin has no \\end")
        case "LimitsMustFollowMathOperatorError":
            return tr("\\limits stands behind no operator")
        case "RecursionError":
            return tr("it is nested too deeply")
        case _:
            return tr("it is not complete, or has something in it that cannot be drawn")


def draw(tex: str, display: bool) -> HtmlElement:
    """Draw `tex` as an `svg` sized in em. Raises _Unreadable, with what the author can mend, if ziamath cannot."""
    from latex2mathml import exceptions
    from lxml import etree
    from ziamath.config import config
    from ziamath.tex import tex2mml
    from ziamath.zmath import Math

    if len(tex) > _TEX_CHARS:
        raise _Unreadable(tr("it has more than {n:,} characters", n=_TEX_CHARS))
    own = [each for each in vars(exceptions).values() if isinstance(each, type) and issubclass(each, Exception)]
    faults: tuple[type[Exception], ...] = (*_FAULTS, *own)
    config.svg2 = False
    try:
        mathml = tex2mml(_plain(tex), inline=not display)
        if "<mi>&</mi>" in mathml:
            raise _Unreadable(tr("an & stands outside of an environment that has columns"))
        mathml, letters = _chinese(_LEAF.sub(_escaped, mathml))
        _weigh(mathml)
        drawn = Math(mathml, size=_SIZE)
        unknown = next((text for text in drawn.mathml.itertext() if re.fullmatch(r"\\[A-Za-z]+", text)), "")
        if unknown:
            raise _Unreadable(tr("unknown command {command}", command=unknown))
        drawing = etree.fromstring(drawn.svg().encode())
    except faults as error:
        raise _Unreadable(_fault(error)) from None
    return _outline(drawing, tex, letters)


# Environments that latex2mathml takes for running text, and how each is begun and ended in words that it knows. As on
# GitHub, lines have the numbers that are written (`\\tag`), and no others.
_ENVIRONMENTS = {
    **dict.fromkeys(
        ("align", "aligned", "alignat", "alignat*", "alignedat", "flalign", "flalign*"),
        (r"\begin{align*}", r"\end{align*}"),
    ),
    **dict.fromkeys(("gather", "gather*", "gathered", "multline", "multline*"), (r"\begin{matrix}", r"\end{matrix}")),
    **dict.fromkeys(("eqnarray", "eqnarray*"), (r"\begin{array}{rcl}", r"\end{array}")),
    "dcases": (r"\begin{cases}", r"\end{cases}"),
    "rcases": (r"\left.\begin{array}{ll}", r"\end{array}\right\}"),
}
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{(\w+\*?)\}((?<=at\})\s*\{\d+\}|(?<=at\*\})\s*\{\d+\}|\s*\[[tcb]\])?")


def _environment(found: re.Match[str]) -> str:
    known = _ENVIRONMENTS.get(found[2])
    return found[0] if known is None else known[found[1] == "end"]


def _plain(tex: str) -> str:
    """Write what latex2mathml does not know in words that it knows: line ends, environments, circles, numbers."""
    tex = re.sub(r"\\newline(?![A-Za-z])", r"\\\\ ", tex)
    tex = re.sub(r"\\label\s*\{[^{}]*\}|\\(?:notag|nonumber)(?![A-Za-z])", "", tex)
    tex = re.sub(r"\\operatorname\s*\*", r"\\operatorname", tex)
    tex = _ENVIRONMENT.sub(_environment, tex)
    tex = re.sub(r"\\textcircled\s*(?:\{\s*([0-9]{1,2}|[A-Za-z])\s*\}|([0-9A-Za-z]))", _circled, tex)
    numbers = re.findall(r"\\tag\*?\s*\{([^{}]*)\}", tex)
    tex = re.sub(r"\\tag\*?\s*\{[^{}]*\}", "", tex)
    return tex + "".join(rf"\qquad\text{{({each})}}" for each in numbers)


def _circled(found: re.Match[str]) -> str:
    from unicodedata import lookup

    name = found[1] or found[2]
    if not name.isdecimal():
        return lookup(f"CIRCLED LATIN {'CAPITAL' if name.isupper() else 'SMALL'} LETTER {name.upper()}")
    number = int(name)
    return chr(0x2460 + number - 1) if 1 <= number <= 20 else "⓪" if number == 0 else found[0]


# The text of a leaf of MathML, into which latex2mathml writes `<` and `&` as they are.
_LEAF = re.compile(r"(<(?P<tag>mi|mo|mn|mtext)\b[^<>]*(?<!/)>)(.*?)(</(?P=tag)>)", re.S)


def _escaped(found: re.Match[str]) -> str:
    text = re.sub(r"\\([&%$#_{}])", r"\1", found[3])
    text = re.sub(r"&(?!#?\w+;)", "&amp;", text).replace("<", "&lt;")
    return found[1] + text + found[4]


# The glyph that stands for a Chinese character, and its share of the character, which keeps clear of lines beside it.
_SQUARE, _SQUARE_EM = "■", 0.88


def _chinese(mathml: str) -> tuple[str, dict[str, str]]:
    """Put squares in the place of Chinese characters, each of its own colour; return them by colour.

    The mathematical font has no such characters; the reader's phone has, and all are as wide as they are high.
    """
    letters: dict[str, str] = {}
    if not re.search(_HAN, mathml):
        return mathml, letters

    def pieces(found: re.Match[str]) -> str:
        parts = []
        for piece in re.split(f"({_HAN})", found[3]):
            if re.fullmatch(_HAN, piece):
                colour = f"#fe{len(letters):04x}"
                letters[colour] = piece
                parts.append(f'<mstyle mathcolor="{colour}"><mtext>{_SQUARE}</mtext></mstyle>')
            elif piece:
                parts.append(found[1] + piece + found[4])
        return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"

    return _LEAF.sub(pieces, mathml), letters


def _weigh(mathml: str) -> None:
    """Raise _Unreadable for a formula whose drawing would take longer than in proportion to its text."""
    from lxml import etree

    nodes, work = 0, 0
    stack = [(etree.fromstring(mathml.encode(), etree.XMLParser(huge_tree=True)), 1)]
    while stack:
        node, times = stack.pop()
        times *= 2 if etree.QName(node).localname in _ROWS else 1
        nodes, work = nodes + 1, work + times
        stack.extend((child, times) for child in node.iterchildren("*"))
    if nodes > _TEX_NODES:
        raise _Unreadable(tr("it is too long to be drawn"))
    if work > _WORK + _WORK_PER_NODE * nodes:
        raise _Unreadable(tr("it is nested too deeply"))


def _outline(drawing: _Element, tex: str, letters: Mapping[str, str]) -> HtmlElement:
    """Put a drawing's shapes into one path per colour, in whole steps of the grid, and `letters` as text.

    `letters` are Chinese characters by the colour of the square that keeps their place.
    """
    left, top, width, height = (float(each) for each in drawing.get("viewBox", "").split())
    svg = make("svg")
    svg.set("viewBox", " ".join(str(round(each * _GRID)) for each in (left, top, width, height)))
    sizes = {"width": width, "height": height, "vertical-align": -(top + height)}
    svg.set("style", style.write({name: f"{_number(value / _SIZE)}em" for name, value in sizes.items()}))
    svg.set("role", "img")
    svg.set("aria-label", tex)
    outlines: dict[tuple[tuple[str, str], ...], list[str]] = {}
    written = []
    for shape in drawing.iter("{*}path", "{*}rect"):
        if shape.get("fill", "") in letters:
            written.append(_letter(letters[shape.get("fill", "")], shape.get("d", "")))
            continue
        look = tuple((name, _ink(shape.get(name, ""))) for name in ("fill", "stroke") if shape.get(name))
        if shape.get("stroke-width"):
            look += (("stroke-width", str(round(float(shape.get("stroke-width", "0")) * _GRID))),)
        path = _relative(shape.get("d", "")) if shape.tag.endswith("path") else _box(shape)
        outlines.setdefault(look, []).append(path)
    for look, paths in outlines.items():
        path = make("path")
        path.set("d", "".join(paths))
        for name, value in look:
            path.set(name, value)
        svg.append(path)
    svg.extend(written)
    return svg


def _letter(char: str, square: str) -> HtmlElement:
    """Write a Chinese character where a square was drawn, centred on it."""
    numbers = [float(each) * _GRID for each in re.findall(r"-?[0-9.]+", square)]
    across, down = numbers[0::2], numbers[1::2]
    size = (max(across) - min(across)) / _SQUARE_EM
    text = make("text", content=[char])
    baseline = (max(down) + min(down)) / 2 + 0.38 * size  # such a character reaches from 0.12 below it to 0.88 above
    places = {"x": (max(across) + min(across)) / 2, "y": baseline, "font-size": size}
    for name, value in places.items():
        text.set(name, str(round(value)))
    text.set("text-anchor", "middle")
    text.set("fill", "currentColor")
    return text


def _ink(colour: str) -> str:
    return "currentColor" if colour == "black" else colour


def _number(value: float) -> str:
    digits = 3 if abs(value) < 1 else 2
    written = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return written.replace("0.", ".", 1) if digits == 3 else written


def _box(rect: _Element) -> str:
    x, y, width, height = (round(float(rect.get(name, "0")) * _GRID) for name in ("x", "y", "width", "height"))
    return f"M{x} {y}h{width}v{max(height, 1)}h{-width}z"


def _relative(path: str) -> str:
    """Rewrite an outline of M, L, Q and Z relative to each point before, which takes half the characters."""
    written, x, y = [], 0, 0
    for command, numbers in _COMMAND.findall(path):
        points = [round(float(each) * _GRID) for each in numbers.split()]
        if command == "Z":
            written.append("z")
            continue
        if command == "M":
            written.append(f"M{points[0]} {points[1]}")
        else:
            steps = [value - (y if index % 2 else x) for index, value in enumerate(points)]
            if any(steps):
                written.append(command.lower() + re.sub(r" (?=-)", "", " ".join(map(str, steps))))
        x, y = points[-2:]
    return "".join(written)
