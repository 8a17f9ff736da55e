"""Style attributes as short as they can be: declarations in, only those that change something out, shortest first.

WeChat counts characters of HTML, markup included, so what an element inherits anyway, or has by default in WeChat's
own pages, is not said again. Knows no theme and no document: one element's style and what it inherits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from wxpub import style
from wxpub.limits import words

INHERITED = words(
    "color font-size font-weight font-style font-family line-height letter-spacing word-spacing text-align "
    "text-indent text-transform white-space word-break overflow-wrap list-style-type visibility font-variant-numeric"
)
# What a block has to say itself where the root may be lost: a selection in the clipboard holds only its blocks.
TEXT = ("font-size", "line-height", "color", "text-align", "letter-spacing", "word-spacing")

# What a tag sets of the properties that would be inherited, in the pages of WeChat or in every browser; None: unknown,
# so that nothing is taken for granted below it. (Headings are reset to 400 and 16px, links have their own colour.)
_OWN: Mapping[str, Mapping[str, str | None]] = {
    "strong": {"font-weight": "700"},
    "b": {"font-weight": "700"},
    "em": {"font-style": "italic"},
    "i": {"font-style": "italic"},
    "a": {"color": None},
    "code": {"font-family": None, "font-size": None},
    "blockquote": {"color": None, "font-size": None},
    "th": {"font-weight": "700", "text-align": None},
    "ul": {"list-style-type": None},
    "ol": {"list-style-type": None},
    **{tag: {"font-weight": "400", "font-size": None} for tag in ("h1", "h2", "h3")},
}
# WeChat's pages say `* { margin: 0; padding: 0 }`; these tags get something back from other rules there, a list from
# the class that the web editor gives it.
_SPACED = frozenset({"blockquote", "table", "td", "th", "hr", "ul", "ol"})
_RULED = _SPACED - {"ul", "ol"} | {"a", "code", "img"}  # may have lines and the like from there
_GROUNDS = frozenset({"background", "background-color"})
_DEFAULTS = {
    "background": {"transparent", "none"},
    "background-color": {"transparent"},
    "border": {"0", "none"},
    "border-radius": {"0"},
    "text-decoration": {"none"},
    "vertical-align": {"baseline"},
    "box-shadow": {"none"},
    "opacity": {"1"},
    "float": {"none"},
}
_SIDES = ("top", "right", "bottom", "left")
_RELATIVE = re.compile(r"[\d.](em|ex|ch|%)")

Context = frozenset[tuple[str, "str | None"]]  # what is inherited: each property with its value, None if unknown


@lru_cache(maxsize=4096)  # a few dozen different questions for each theme
def lean(tag: str, text: str, context: Context = frozenset()) -> tuple[Mapping[str, str], Context]:
    """Return what of a style says something new on a `tag` that inherits `context`, and what children inherit."""
    own = _OWN.get(tag)
    if not text and own is None:
        return {}, context
    outer = dict(context)
    inherited = {**outer, **own} if own else dict(outer)
    kept = {}
    for name, value in _boxes(tag, style.read(text)).items():
        value = shorten(name, value)
        if name in INHERITED:
            computed = _computed(name, value, outer, inherited)
            if inherited.get(name) == computed or (name == "font-size" and value in ("1em", "100%")):
                continue
            inherited[name] = computed
        elif value in _DEFAULTS.get(name, ()) and (name in _GROUNDS or tag not in _RULED):
            continue
        kept[name] = value
    if "color" not in kept and any(name in _GROUNDS for name in kept) and (color := inherited.get("color")):
        kept["color"] = color  # WeChat's checker reads text on a ground of its own in the colour of what is around it
    color = kept.get("background-color")
    if color is not None and not any(name != "background-color" and name.startswith("background") for name in kept):
        kept = {"background" if name == "background-color" else name: value for name, value in kept.items()}
    return kept, context if inherited == outer else frozenset(inherited.items())


def _computed(name: str, value: str, outer: Mapping[str, str | None], inherited: Mapping[str, str | None]) -> str:
    """Name what children inherit: the value, and what it is relative to."""
    if not _RELATIVE.search(value) or name == "font-family":
        return value
    base = outer.get("font-size") if name == "font-size" else inherited.get("font-size")
    return f"{value} of {base}"


def _boxes(tag: str, found: dict[str, str]) -> dict[str, str]:
    """Write margins and paddings in their shortest form, and not at all where they are the default."""
    for box in ("margin", "padding"):
        names = [name for name in found if name == box or name.startswith(f"{box}-")]
        if not names:
            continue
        sides: dict[str, str] = {} if tag in _SPACED else dict.fromkeys(_SIDES, "0")
        for name in names:
            value = found[name]
            if name == box:
                parts = value.split()
                if len(parts) > 4 or "(" in value:
                    break
                top, right, bottom, left = (parts * 4)[:4] if len(parts) != 3 else [*parts, parts[1]]
                sides.update(zip(_SIDES, (top, right, bottom, left), strict=True))
            elif name.removeprefix(f"{box}-") in _SIDES:
                sides[name.removeprefix(f"{box}-")] = value
        else:
            sides = {side: shorten(box, value) for side, value in sides.items()}
            first = list(found).index(names[0])
            rest = [(name, value) for name, value in found.items() if name not in names]
            found = dict([*rest[:first], *_shortest(tag, box, sides), *rest[first:]])
    return found


def _shortest(tag: str, box: str, sides: Mapping[str, str]) -> list[tuple[str, str]]:
    if len(sides) < 4:
        return [(f"{box}-{side}", value) for side, value in sides.items()]
    if tag not in _SPACED and set(sides.values()) == {"0"}:
        return []
    top, right, bottom, left = (sides[side] for side in _SIDES)
    if right != left:
        value = f"{top} {right} {bottom} {left}"
    elif top != bottom:
        value = f"{top} {right} {bottom}"
    else:
        value = top if top == right else f"{top} {right}"
    set_sides = [(f"{box}-{side}", each) for side, each in sides.items() if each != "0"]
    if tag not in _SPACED and len(set_sides) == 1 and len("".join(set_sides[0])) < len(box + value):
        return set_sides
    return [(box, value)]


@lru_cache(maxsize=4096)
def shorten(name: str, value: str) -> str:
    """Write a value in its shortest form."""
    value = " ".join(value.replace('"', "'").split())
    if "," in value or "/" in value:
        value = _SEPARATOR.sub(r"\1", value)
    if name == "font-family":
        return value
    if "(" in value:
        value = _RGB.sub(_hex, _PARENTHESIS.sub(lambda match: match[0].strip(), value))
    if "#" in value:
        value = _HEX.sub(lambda match: _short_hex(match[0].lower()), value)
    if "." in value:
        value = _TRAILING_ZEROS.sub(lambda match: match[1].rstrip(".") or "0", _LEADING_ZERO.sub(r"\1", value))
    if "0" in value:
        value = _ZERO_UNIT.sub("0", value)
    if name == "font-weight":
        return {"bold": "700", "normal": "400"}.get(value, value)
    return "0" if name == "border" and value == "none" else value


_SEPARATOR = re.compile(r"\s*([,/])\s*")
_PARENTHESIS = re.compile(r"\(\s+|\s+\)")
_RGB = re.compile(r"\brgb\((\d{1,3}),(\d{1,3}),(\d{1,3})\)")
_HEX = re.compile(r"#[0-9a-fA-F]{3,8}\b")
_LEADING_ZERO = re.compile(r"(?<![\w.#])0+(\.\d+)")
_TRAILING_ZEROS = re.compile(r"(?<![\w#])(\d*\.\d*?)0+(?=\D|$)")
_ZERO_UNIT = re.compile(r"(?<![\w.#-])0(px|em|pt|ex|ch|%)(?![\w%])")


def _hex(match: re.Match[str]) -> str:
    return "#" + "".join(f"{min(int(each), 255):02x}" for each in match.groups())


def _short_hex(color: str) -> str:
    if len(color) == 7 and color[1::2] == color[2::2]:
        return "#" + color[1::2]
    return color
