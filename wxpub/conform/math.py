"""Formulas as outlines: TeX in, an `svg` of plain paths in the text's own colour out; on an error, the TeX as code.

WeChat keeps drawings, but no fonts, ids or `<use>`; so every glyph is a path, its numbers cut to what a screen shows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wxpub.conform.content import nodes, replace
from wxpub.tree import fill, make

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element
    from lxml.html import HtmlElement

_SIZE = 24  # what formulas are drawn at, in ziamath's units; the page's font size decides how large they are
_GRID = 10  # steps of the finished outline per such unit: 240 to the em, a fifteenth of a pixel in the text
_HAN = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_COMMAND = re.compile(r"([A-Z])([^A-Z]*)")


def shape(element: HtmlElement, report: Callable[[str, str, HtmlElement, str], None]) -> None:
    """Turn the TeX that `element` holds into a drawing."""
    tex = "".join(element.itertext()).strip()
    if not tex or element.find(".//svg") is not None:
        return
    display = element.tag == "section"
    try:
        drawing = draw(tex, display)
    except _Unreadable as error:
        why = f": {error}" if str(error) else ""
        report("math", f"the formula {_short(tex)} cannot be read{why}", element, "correct the TeX")
        nodes(element)
        if display:
            element.set("class", "math-source")
            fill(element, [make("p", content=[make("code", content=[tex])])])
        else:
            replace(element, [make("code", content=[tex])])
        return
    nodes(element)
    fill(element, [drawing])


# What ziamath trips over in TeX that it does not expect; it has no errors of its own.
_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, SyntaxError, TypeError, ValueError)


class _Unreadable(Exception):
    """TeX that cannot be drawn."""


def _short(tex: str) -> str:
    return tex if len(tex) <= 40 else tex[:39] + "…"


def draw(tex: str, display: bool) -> HtmlElement:
    """Draw `tex` as an `svg` sized in em. Raises _Unreadable if ziamath cannot."""
    from latex2mathml import exceptions
    from lxml import etree
    from ziamath.config import config
    from ziamath.zmath import Latex

    if _HAN.search(tex):
        raise _Unreadable("the mathematical font has no Chinese characters; write them outside the formula")
    own = [each for each in vars(exceptions).values() if isinstance(each, type) and issubclass(each, Exception)]
    faults: tuple[type[Exception], ...] = (*_FAULTS, *own)
    config.svg2 = False
    try:
        formula = Latex(tex, size=_SIZE, inline=not display)
        unknown = next((text for text in formula.mathml.itertext() if re.fullmatch(r"\\[A-Za-z]+", text)), "")
        if unknown:
            raise _Unreadable(f"unknown command {unknown}")
        drawing = etree.fromstring(formula.svg().encode())
    except faults as error:
        raise _Unreadable(str(error)) from None
    return _outline(drawing, tex)


def _outline(drawing: _Element, tex: str) -> HtmlElement:
    """Put a drawing's shapes into one path per colour, in whole steps of the grid."""
    left, top, width, height = (float(each) for each in drawing.get("viewBox", "").split())
    svg = make("svg")
    svg.set("viewBox", " ".join(str(round(each * _GRID)) for each in (left, top, width, height)))
    sizes = {"width": width, "height": height, "vertical-align": -(top + height)}
    svg.set("style", ";".join(f"{name}:{_number(value / _SIZE)}em" for name, value in sizes.items()))
    svg.set("role", "img")
    svg.set("aria-label", tex)
    outlines: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for shape in drawing.iter("{*}path", "{*}rect"):
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
    return svg


def _ink(colour: str) -> str:
    return "currentColor" if colour == "black" else colour


def _number(value: float) -> str:
    return (
        f"{value:.3f}".rstrip("0").rstrip(".").replace("0.", ".", 1)
        if abs(value) < 1
        else f"{value:.2f}".rstrip("0").rstrip(".")
    )


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
