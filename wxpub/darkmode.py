"""What WeChat's dark mode makes of colours: one element's declarations in, the dark ones out; knows no HTML.

At night WeChat does not invert a page: a script reads the inline styles of every element and gives each text a colour
that stands out from its background by a measure of brightness (github.com/wechatjs/mp-darkmode 1.2.1, `sdk.ts`). The
rules here are that script's, so that a theme can be checked, and shown, without a phone. Pictures and SVG are not
touched by it, apart from `currentColor`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

# Thresholds of the script; brightness is 0…255, lightness 0…100.
_WHITE_LIKE = 250  # brightness from which a colour counts as white
_BRIGHTEST_PANEL = 190  # brightness to which a coloured background is dimmed
_BRIGHT_PANEL = 100  # brightness from which a background asks for darker text
_ENOUGH = 65  # difference in brightness of text and background that is left alone
_FLIPPED = 40  # lightness up to which text is flipped, and above which a grey panel is inverted
_DARKEST_PANEL = 22  # lightness to which a dark background is raised
_INVISIBLE = 0.05  # alpha below which a colour is ignored

_NAMES = {
    "black": "#000000", "white": "#ffffff", "red": "#ff0000", "green": "#008000", "blue": "#0000ff",
    "gray": "#808080", "grey": "#808080", "silver": "#c0c0c0", "maroon": "#800000", "purple": "#800080",
    "fuchsia": "#ff00ff", "lime": "#00ff00", "olive": "#808000", "yellow": "#ffff00", "navy": "#000080",
    "teal": "#008080", "aqua": "#00ffff", "orange": "#ffa500", "pink": "#ffc0cb", "gold": "#ffd700",
    "brown": "#a52a2a", "crimson": "#dc143c", "tomato": "#ff6347", "coral": "#ff7f50", "darkred": "#8b0000",
    "darkgreen": "#006400", "darkblue": "#00008b", "dimgray": "#696969", "lightgray": "#d3d3d3",
    "whitesmoke": "#f5f5f5", "gainsboro": "#dcdcdc", "indigo": "#4b0082", "skyblue": "#87ceeb",
}  # fmt: skip
_COLOUR = re.compile(rf"#[0-9a-f]{{3,8}}\b|(?:rgb|hsl)a?\([^)]*\)|(?<![\w-])(?:{'|'.join(_NAMES)})(?![\w-])", re.I)


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green and blue from 0 to 255, opacity from 0 to 1."""

    r: float
    g: float
    b: float
    a: float = 1.0

    @property
    def brightness(self) -> float:
        """Give the perceived brightness, 0 to 255 (www.w3.org/TR/AERT)."""
        return (self.r * 299 + self.g * 587 + self.b * 114) / 1000

    def over(self, under: Colour) -> Colour:
        """Mix with an opaque colour below."""
        red, green, blue = (
            _round(top * self.a + low * (1 - self.a)) for top, low in zip(self.rgb, under.rgb, strict=True)
        )
        return Colour(red, green, blue)

    @property
    def rgb(self) -> tuple[float, float, float]:
        """Give the three channels."""
        return self.r, self.g, self.b

    def __str__(self) -> str:
        red, green, blue = (min(255, max(0, _round(each))) for each in self.rgb)
        if self.a == 1:
            return f"#{red:02x}{green:02x}{blue:02x}"
        return f"rgba({red},{green},{blue},{self.a:g})"


def parse(value: str) -> Colour | None:
    """Read a CSS colour: hex, rgb(), rgba(), hsl(), or a common name; None for anything else."""
    value = value.strip().lower()
    value = _NAMES.get(value, value)
    if value == "transparent":
        return Colour(255, 255, 255, 0)
    if re.fullmatch(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", value):
        digits = value[1:] if len(value) > 5 else "".join(each * 2 for each in value[1:])
        red, green, blue, opacity = (*bytes.fromhex(digits), 255)[:4]
        return Colour(red, green, blue, opacity / 255)
    match = re.fullmatch(r"(rgb|hsl)a?\(([^)]*)\)", value)
    numbers = re.findall(r"(-?[\d.]+)(%?)", match[2]) if match else []
    if match is None or len(numbers) not in (3, 4):
        return None
    try:
        first, second, third = (float(number) for number, _ in numbers[:3])
        alpha = float(numbers[3][0]) / (100 if numbers[3][1] else 1) if len(numbers) == 4 else 1.0
    except ValueError:
        return None
    if match[1] == "hsl":
        return _from_hsl(first % 360, second, third, alpha)
    whole = 100 if numbers[0][1] else 255
    red, green, blue = (min(255.0, max(0.0, each / whole * 255)) for each in (first, second, third))
    return Colour(red, green, blue, min(1.0, max(0.0, alpha)))


def contrast(one: Colour, other: Colour) -> float:
    """Give the contrast of two colours, 1 to 21 (WCAG 2); `one` may be translucent over an opaque `other`."""
    light, dark = sorted((_luminance(one.over(other) if one.a < 1 else one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [each / 255 for each in colour.rgb]
    red, green, blue = (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@dataclass(frozen=True, slots=True)
class Shade:
    """The colours at one place of an article: what is seen by day and by night, and what the script starts from."""

    day_background: Colour
    day_text: Colour
    night_background: Colour
    night_text: Colour
    inline_text: Colour  # the nearest inline colour: what an element with a background alone starts from


_DAY, _NIGHT = Colour(255, 255, 255), Colour(25, 25, 25)
_DAY_TEXT, _NIGHT_TEXT = Colour(25, 25, 25), Colour(163, 163, 163)  # rgba(0,0,0,.9) and rgba(255,255,255,.6), mixed
PAGE = Shade(_DAY, _DAY_TEXT, _NIGHT, _NIGHT_TEXT, _DAY_TEXT)
_FARTHEST = _NIGHT_TEXT.brightness - _NIGHT.brightness  # text on the page is never brighter than the page's own

# What the page's own style sheet says by day and by night where an element has no inline colour.
_NATIVE = {
    "a": (Colour(87, 107, 149), Colour(125, 144, 169)),
    "blockquote": (Colour(0, 0, 0, 0.5), Colour(255, 255, 255, 0.3)),
}
_TEXT = frozenset({"color", "-webkit-text-fill-color"})
_LINES = re.compile(
    r"border(-(top|right|bottom|left))?(-color)?|outline(-color)?|box-shadow|column-rule(-color)?|text-.*"
)


def convert(tag: str, style: Mapping[str, str], shade: Shade = PAGE) -> tuple[dict[str, str], Shade]:
    """Give the declarations of a `tag` as they are at night, and the shade for what is inside.

    `shade` is that of the parent. Only what changes colour is different from `style`.
    """
    night = dict(style)
    inside = shade
    if tag in _NATIVE and "color" not in style:
        day_text, night_text = _NATIVE[tag]
        inside = replace(inside, day_text=day_text, night_text=night_text)
    for name, value in style.items():
        if name in ("background", "background-color", "background-image"):
            night[name], inside = _background(value, inside)
    painted = inside.night_background != shade.night_background or inside.day_background != shade.day_background
    written = next(
        (each for name in ("-webkit-text-fill-color", "color") if (each := parse(style.get(name, "")))), None
    )
    if written is not None and written.a >= _INVISIBLE:
        colour = text(written, inside.night_background)
        night["color"] = str(colour)
        inside = replace(inside, day_text=written, night_text=colour, inline_text=written)
    elif painted:
        colour = text(inside.inline_text, inside.night_background)
        night["color"] = str(colour)
        inside = replace(inside, night_text=colour)
    for name, value in style.items():
        if _LINES.fullmatch(name):
            night[name] = _COLOUR.sub(lambda match: _line(match[0]), value)
    return night, inside


def _background(value: str, shade: Shade) -> tuple[str, Shade]:
    """Convert a background; a gradient becomes the mix of its colours, as it does behind text."""
    colours = [colour for each in _COLOUR.findall(value) if (colour := parse(each)) is not None]
    if not colours or "url(" in value.lower():
        return value, shade
    colour = colours[0]
    for each in colours[1:]:
        colour = _mean(colour, each)
    if colour.a < _INVISIBLE:
        return value, shade
    dark = panel(colour, shade.night_background)
    inside = replace(
        shade,
        day_background=colour.over(shade.day_background),
        night_background=dark.over(shade.night_background),
    )
    return (str(dark) if len(colours) > 1 else _COLOUR.sub(str(dark), value, count=1)), inside


def _mean(one: Colour, other: Colour) -> Colour:
    """Mix two colours of a gradient by the weight of the second's opacity (`mix` of the npm package color)."""
    lean, spread = 2 * other.a - 1, other.a - one.a
    weight = ((lean if lean * spread == -1 else (lean + spread) / (1 + lean * spread)) + 1) / 2
    red, green, blue = (weight * b + (1 - weight) * a for a, b in zip(one.rgb, other.rgb, strict=True))
    return Colour(red, green, blue, other.a * other.a + one.a * (1 - other.a))


def _line(value: str) -> str:
    colour = parse(value)
    return value if colour is None or colour.a < _INVISIBLE else str(text(colour, _NIGHT))


def panel(colour: Colour, under: Colour = _NIGHT) -> Colour:
    """Give what a background becomes over the dark background `under`."""
    mixed = colour.over(under)
    hue, saturation, lightness = _hsl(mixed)
    if (saturation == 0 and lightness > _FLIPPED) or mixed.brightness > _WHITE_LIKE:
        dark = _from_hsl(0, 0, min(100, 100 + _hsl(_NIGHT)[2] - lightness))
    elif mixed.brightness > _BRIGHTEST_PANEL:
        dark = _brightened(mixed, _BRIGHTEST_PANEL)
    elif lightness < _DARKEST_PANEL:
        dark = _from_hsl(hue, saturation, _DARKEST_PANEL)
    else:
        dark = mixed
    return _front(dark, colour.a)


def text(colour: Colour, background: Colour = _NIGHT) -> Colour:
    """Give what a text's colour becomes on the dark `background`."""
    mixed = colour.over(background)
    gap = abs(background.brightness - mixed.brightness)
    if mixed.brightness >= _WHITE_LIKE:
        return colour
    on_page = background.brightness <= _NIGHT.brightness + 2
    if not (gap > _FARTHEST and on_page) and gap >= _ENOUGH:
        return colour
    return _front(_legible(mixed, background), colour.a)


def _legible(colour: Colour, background: Colour) -> Colour:
    """Move a text's colour away from its background: first by its lightness, then by its brightness."""
    gap = abs(background.brightness - colour.brightness)
    if colour.brightness >= _WHITE_LIKE:
        return colour
    if gap > _FARTHEST and background.brightness <= _NIGHT.brightness + 2:
        return _brightened(colour, _FARTHEST + background.brightness)
    if gap >= _ENOUGH:
        return colour
    hue, saturation, lightness = _hsl(colour)
    if background.brightness >= _BRIGHT_PANEL:
        if lightness > 90 - _FLIPPED:
            return _legible(_from_hsl(hue, saturation, 90 - lightness), background)
        return _brightened(colour, min(_FARTHEST, background.brightness - _ENOUGH))
    if lightness <= _FLIPPED:
        return _legible(_from_hsl(hue, saturation, 90 - lightness), background)
    return _brightened(colour, min(_FARTHEST, background.brightness + _ENOUGH))


def _brightened(colour: Colour, target: float) -> Colour:
    """Scale a colour to the brightness `target`; what one channel cannot give, another does."""
    ratio = target / (colour.brightness or 1)
    red, green, blue = (min(255.0, each * ratio) for each in colour.rgb)
    if green == 0 or red == 255 or blue == 255:
        green = (target * 1000 - red * 299 - blue * 114) / 587
    elif red == 0:
        red = (target * 1000 - green * 587 - blue * 114) / 299
    elif blue == 0 or green == 255:
        blue = (target * 1000 - red * 299 - green * 587) / 114
    red, green, blue = (min(255.0, max(0.0, each)) for each in (red, green, blue))
    return Colour(red, green, blue)


def _front(mixed: Colour, alpha: float) -> Colour:
    """Give the converted colour its opacity back; the script does not make up for what shines through (measured).

    The script writes one decimal, which the browser rounds.
    """
    red, green, blue = (min(255, max(0, _round(_round(each * 10) / 10))) for each in mixed.rgb)
    return Colour(red, green, blue, alpha)


def _round(value: float) -> int:
    """Round halves up, as JavaScript does."""
    return math.floor(value + 0.5)


def _hsl(colour: Colour) -> tuple[float, float, float]:
    """Give hue (0 to 360), saturation and lightness (0 to 100), in the steps of the npm package color-convert."""
    red, green, blue = (each / 255 for each in colour.rgb)
    low, high = min(red, green, blue), max(red, green, blue)
    lightness, span = (low + high) / 2, high - low
    if not span:
        return 0.0, 0.0, lightness * 100
    if red == high:
        hue = (green - blue) / span
    elif green == high:
        hue = 2 + (blue - red) / span
    else:
        hue = 4 + (red - green) / span
    saturation = span / (high + low) if lightness <= 0.5 else span / (2 - high - low)
    return (hue * 60) % 360, saturation * 100, lightness * 100


def _from_hsl(hue: float, saturation: float, lightness: float, alpha: float = 1.0) -> Colour:
    hue, saturation, lightness = hue / 360, saturation / 100, lightness / 100
    if not saturation:
        return Colour(lightness * 255, lightness * 255, lightness * 255, alpha)
    high = lightness * (1 + saturation) if lightness < 0.5 else lightness + saturation - lightness * saturation
    low = 2 * lightness - high
    parts = []
    for shift in (1 / 3, 0.0, -1 / 3):
        place = (hue + shift) % 1
        if 6 * place < 1:
            part = low + (high - low) * 6 * place
        elif 2 * place < 1:
            part = high
        elif 3 * place < 2:
            part = low + (high - low) * (2 / 3 - place) * 6
        else:
            part = low
        parts.append(part * 255)
    return Colour(parts[0], parts[1], parts[2], alpha)
