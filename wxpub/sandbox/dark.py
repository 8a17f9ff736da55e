"""WeChat's dark mode for the sandbox's article view: inline styles for light come in, those for dark go out.

Written after the description of wechatjs/mp-darkmode 1.2.1 and the conversions measured with it; SVG is left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wxpub.sandbox import colours, markup
from wxpub.sandbox.colours import Colour

if TYPE_CHECKING:
    from bs4 import Tag

PAGE = Colour(0x19, 0x19, 0x19)
TEXT = Colour(0xA3, 0xA3, 0xA3)  # rgba(255,255,255,.6) on the page
LIGHT_TEXT = Colour(0, 0, 0, 0.9)

_GAP = 65  # in perceived brightness, between text and what is behind it
_BRIGHTEST_PANEL = 190
_DARKEST_PANEL = 22  # percent of lightness
_INVISIBLE = 0.05  # opacity
_EDGES = re.compile(r"border(-(top|right|bottom|left))?(-color)?|outline(-color)?|box-shadow|text-shadow|column-rule")
_STROKES = re.compile(r"-webkit-text-stroke(-color)?|text-emphasis(-color)?|text-decoration(-color)?")


def background(colour: Colour) -> Colour:
    """Convert a background (or an edge): light greys are inverted, bright colours dimmed, near-blacks lifted."""
    if colour.alpha < _INVISIBLE:
        return colour
    if (colour.is_grey and colour.lightness > 40) or colour.brightness > 250:
        grey = min(100.0, 110 - colour.lightness) * 2.55
        # The library's colour type cuts what is left of the decimal point.
        return Colour(int(grey), int(grey), int(grey), colour.alpha)
    if colour.brightness > _BRIGHTEST_PANEL:
        return _with_brightness(colour, _BRIGHTEST_PANEL)
    return colour.with_lightness(_DARKEST_PANEL) if colour.lightness < _DARKEST_PANEL else colour


def text(colour: Colour, behind: Colour) -> Colour:
    """Convert a text colour for the converted colour behind it; on the page itself no brighter than `TEXT`."""
    new = _apart(colour, behind)
    if behind == PAGE and new.brightness > TEXT.brightness and colour.brightness < 250:
        return _with_brightness(new, TEXT.brightness)
    return new


def _apart(colour: Colour, behind: Colour) -> Colour:
    if colour.brightness >= 250 or abs(colour.brightness - behind.brightness) >= _GAP:
        return colour
    if behind.brightness >= 100:
        if colour.lightness > 50:
            return _apart(colour.with_lightness(90 - colour.lightness), behind)
        return _with_brightness(colour, behind.brightness - _GAP)
    if colour.lightness <= 40:
        return _apart(colour.with_lightness(90 - colour.lightness), behind)
    return _with_brightness(colour, behind.brightness + _GAP)


def _with_brightness(colour: Colour, brightness: float) -> Colour:
    """Scale the channels to a perceived brightness; green takes what red or blue cannot."""
    factor = brightness / max(1.0, colour.brightness)
    red, green, blue = (min(255.0, channel * factor) for channel in (colour.red, colour.green, colour.blue))
    if green == 0 or red == 255 or blue == 255:
        green = (brightness * 1000 - red * 299 - blue * 114) / 587
    return Colour(red, min(255.0, max(0.0, green)), blue, colour.alpha)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What an element stands on and in: the colour behind it, the text colour of light mode, and both at once."""

    behind: Colour = PAGE
    light_text: Colour = LIGHT_TEXT
    lit: bool = False  # over a picture: light mode stays


def darken(root: Tag) -> None:
    """Rewrite the inline styles under `root`."""
    from bs4 import Tag

    stack = [(child, _Surroundings()) for child in root.children if isinstance(child, Tag)]
    while stack:
        tag, around = stack.pop()
        if tag.name == "svg":
            continue
        inside = _convert(tag, around)
        stack.extend((child, inside) for child in tag.children if isinstance(child, Tag))


def _convert(tag: Tag, around: _Surroundings) -> _Surroundings:
    pieces = [markup.split(piece) for piece in markup.declarations(str(tag.attrs.get("style") or "")) if piece.strip()]
    styles = _with_attributes(tag, pieces)
    own_text = _only_colour(styles.get("color", ""))
    light_text = own_text or around.light_text
    panel = styles.get("background-color", "") + " " + styles.get("background", "") + styles.get("background-image", "")
    if "data-no-dark" in tag.attrs or around.lit:
        return replace(around, light_text=light_text)
    if "url(" in panel.lower():
        tag.attrs["style"] = _join({**styles, "color": light_text.css()})
        return _Surroundings(around.behind, light_text, lit=True)
    behind, changed = around.behind, {}
    layers = [found for found in map(colours.read, colours.PATTERN.findall(panel)) if found is not None]
    if any(layer.alpha >= _INVISIBLE for layer in layers):
        if "gradient(" in panel and not tag.get_text(strip=True):
            changed = {name: _each(value) for name, value in styles.items() if name.startswith("background")}
        else:
            top = next(layer for layer in reversed(layers) if layer.alpha >= _INVISIBLE)
            new = background(top)
            behind = new.over(around.behind)
            changed = {"background": new.css(), "background-color": new.css(), "background-image": "none"}
    if own_text is not None or behind != around.behind:
        changed["color"] = text(light_text, behind).css()
    for name, value in styles.items():
        if _EDGES.fullmatch(name):
            changed[name] = _each(value)
        elif _STROKES.fullmatch(name):
            changed[name] = colours.PATTERN.sub(lambda match: _stroke(match.group(), behind), value)
    if changed:
        tag.attrs["style"] = _join({**styles, **changed})
    return _Surroundings(behind, light_text)


def _with_attributes(tag: Tag, pieces: list[tuple[str, str]]) -> dict[str, str]:
    """Add the colours that old attributes give: `<font color>` and `bgcolor` of table cells."""
    styles = dict(pieces)
    if tag.name == "font" and "color" in tag.attrs:
        styles.setdefault("color", markup.shown(tag.attrs["color"]))
    if tag.name in ("table", "tr", "td", "th") and "bgcolor" in tag.attrs:
        styles.setdefault("background-color", markup.shown(tag.attrs["bgcolor"]))
    return styles


def _only_colour(value: str) -> Colour | None:
    found = colours.PATTERN.search(value)
    return colours.read(found.group()) if found else None


def _each(value: str) -> str:
    return colours.PATTERN.sub(lambda match: _panel(match.group()), value)


def _panel(written: str) -> str:
    colour = colours.read(written)
    return written if colour is None else background(colour).css()


def _stroke(written: str, behind: Colour) -> str:
    colour = colours.read(written)
    return written if colour is None else text(colour, behind).css()


def _join(styles: dict[str, str]) -> str:
    return markup.hidden(";".join(f"{name}:{value}" for name, value in styles.items()))
