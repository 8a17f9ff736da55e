"""What WeChat's dark mode makes of an article: elements in document order in, their styles and colours at night out.

At night WeChat does not invert a page: a script (github.com/wechatjs/mp-darkmode 1.2.1) reads the inline styles of
every element and moves each colour away from what the script holds to be behind it. This is a model of that script, of
its mistakes as well: nothing translucent is mixed with what lies below before it is converted, and text may be measured
against another ground than the one it is seen on. It knows no HTML parser and no rule about what is readable.
"""

from __future__ import annotations

import colorsys
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from typing import NamedTuple

# Thresholds of the script; brightness is 0 to 255, lightness 0 to 100.
_WHITE_LIKE = 250  # brightness from which a colour counts as white
_BRIGHTEST_PANEL = 190  # brightness to which a coloured background is dimmed
_BRIGHT_PANEL = 100  # brightness from which a background asks for darker text
_ENOUGH = 65  # difference in brightness of text and background that is left alone
_FLIPPED = 40  # lightness up to which text is flipped, and above which a grey panel is inverted
_DARKEST_PANEL = 22  # lightness to which a dark background is raised
_INVISIBLE = 0.05  # opacity below which a colour is ignored
_SAME = 1.1  # contrast up to which a panel over an image is left alone

_NAMES_AND_DIGITS = """
aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4
black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0
chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff
darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9
darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000
darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f
darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969
dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc
ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080
honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa
lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff
lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a
lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de
lightyellow ffffe0 lime 00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa
mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee
mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa
mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23
orange ffa500 orangered ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee
palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6
purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072
sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue 6a5acd
slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c teal 008080
thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5
yellow ffff00 yellowgreen 9acd32
"""
_NAMES = dict(zip(*[iter(_NAMES_AND_DIGITS.split())] * 2, strict=True))
_COLOUR = re.compile(r"url\([^)]*\)|#[0-9a-f]{3,8}\b|(?:rgb|hsl)a?\([^)]*\)|[a-z][\w-]*", re.IGNORECASE)
_IMPORTANT = re.compile(r"\s*!\s*important", re.IGNORECASE)


class Colour(NamedTuple):
    """Red, green and blue from 0 to 255, opacity from 0 to 1."""

    r: float
    g: float
    b: float
    a: float = 1.0

    @property
    def brightness(self) -> float:
        """The perceived brightness, 0 to 255 (www.w3.org/TR/AERT)."""
        return (self.r * 299 + self.g * 587 + self.b * 114) / 1000

    @property
    def rgb(self) -> tuple[float, float, float]:
        """The three channels."""
        return self.r, self.g, self.b

    def over(self, under: Colour) -> Colour:
        """Mix with what lies below, as a screen does, in whole steps."""
        opacity = self.a + under.a * (1 - self.a)
        share = self.a / opacity if opacity else 0.0
        mixed = (top * share + low * (1 - share) for top, low in zip(self.rgb, under.rgb, strict=True))
        return _colour(map(_whole, mixed), opacity)

    def __str__(self) -> str:
        red, green, blue = map(_whole, self.rgb)
        return f"#{red:02x}{green:02x}{blue:02x}" if self.a == 1 else f"rgba({red},{green},{blue},{self.a:g})"


@lru_cache(4096)  # an article has a thousand elements and a handful of colours
def parse(value: str) -> Colour | None:
    """Read a CSS colour: hex, rgb(), rgba(), hsl(), hsla() or a name, in whole steps; None for anything else."""
    value = _IMPORTANT.sub("", value).strip().lower()
    if value == "transparent":
        return Colour(255, 255, 255, 0)
    value = f"#{_NAMES[value]}" if value in _NAMES else value
    if re.fullmatch(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", value):
        digits = value[1:] if len(value) > 5 else "".join(each * 2 for each in value[1:])
        red, green, blue, opacity = (*bytes.fromhex(digits), 255)[:4]
        return Colour(red, green, blue, opacity / 255)
    match = re.fullmatch(r"(rgb|hsl)a?\(([^)]*)\)", value)
    numbers = re.findall(r"([-+]?[\d.]+)(%?)", match[2]) if match else []
    if match is None or len(numbers) not in (3, 4):
        return None
    try:
        first, second, third = (float(number) for number, _ in numbers[:3])
        opacity = float(numbers[3][0]) / (100 if numbers[3][1] else 1) if len(numbers) == 4 else 1.0
    except ValueError:
        return None
    opacity = min(1.0, max(0.0, opacity))
    if match[1] == "hsl":
        return _colour(map(_whole, _from_hsl(first, second, third).rgb), opacity)
    scale = 2.55 if numbers[0][1] else 1
    return _colour((_whole(each * scale) for each in (first, second, third)), opacity)


@lru_cache(4096)
def colours(value: str) -> tuple[Colour, ...]:
    """List the colours of a declaration, in order."""
    return tuple(colour for match in _COLOUR.finditer(value) if (colour := parse(match[0])) is not None)


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2); `one` may be translucent over an opaque `other`."""
    light, dark = sorted((_luminance(one.over(other) if one.a < 1 else one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [each / 255 for each in colour.rgb]
    red, green, blue = (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# --- colours ----------------------------------------------------------------------------------------------------------

PAGE, NIGHT = Colour(255, 255, 255), Colour(25, 25, 25)  # the page by day and by night
_DAY_TEXT = Colour(25, 25, 25)  # what the script takes for text without a colour
NIGHT_TEXT = Colour(163, 163, 163)  # rgba(255,255,255,.6) on the page
_PLAIN = (Colour(0, 0, 0, 0.9), Colour(255, 255, 255, 0.6))  # text that nobody coloured, by day and by night


def panel(colour: Colour) -> Colour:
    """Return what a background becomes: greys and whites are inverted, bright tints dimmed, dark ones raised."""
    hue, saturation, lightness = _hsl(colour)
    if (saturation == 0 and lightness > _FLIPPED) or colour.brightness > _WHITE_LIKE:
        dark = _from_hsl(0, 0, min(100, 100 + _hsl(NIGHT)[2] - lightness))
    elif colour.brightness > _BRIGHTEST_PANEL:
        dark = _brightened(colour, _BRIGHTEST_PANEL)
    elif lightness < _DARKEST_PANEL:
        dark = _from_hsl(hue, saturation, _DARKEST_PANEL)
    else:
        return colour
    return dark._replace(a=colour.a)


def text(colour: Colour, ground: Colour = NIGHT, brightest: Colour = NIGHT_TEXT) -> Colour:
    """Return what a text's colour becomes on a converted `ground`: first its lightness is moved, then its brightness.

    On the page itself no text is brighter than `brightest`, the text without a colour.
    """
    behind = ground.brightness * ground.a + NIGHT.brightness * (1 - ground.a)
    gap, farthest = abs(behind - colour.brightness), brightest.brightness - NIGHT.brightness
    if colour.brightness >= _WHITE_LIKE:
        return colour
    if gap > farthest and behind <= NIGHT.brightness + 2:
        return _brightened(colour, farthest + behind)
    if gap >= _ENOUGH:
        return colour
    hue, saturation, lightness = _hsl(colour)
    bright = behind >= _BRIGHT_PANEL
    if lightness > 90 - _FLIPPED if bright else lightness <= _FLIPPED:
        flipped = _from_hsl(hue, saturation, 90 - lightness)
        return text(flipped._replace(a=colour.a), ground, brightest)
    return _brightened(colour, min(farthest, behind - _ENOUGH if bright else behind + _ENOUGH))


def _brightened(colour: Colour, brightness: float) -> Colour:
    """Scale the channels to a brightness; what one cannot take, another does."""
    factor = brightness / max(colour.brightness, 1e-9)
    red, green, blue = (min(255.0, channel * factor) for channel in colour.rgb)
    if green == 0 or red == 255 or blue == 255:
        green = (brightness * 1000 - red * 299 - blue * 114) / 587
    elif red == 0:
        red = (brightness * 1000 - green * 587 - blue * 114) / 299
    elif blue == 0 or green == 255:
        blue = (brightness * 1000 - red * 299 - green * 587) / 114
    return _colour((min(255.0, max(0.0, each)) for each in (red, green, blue)), colour.a)


def _mix(one: Colour, other: Colour) -> Colour:
    """Mix two colours of a gradient by the weight of the second's opacity (`mix` of the npm package color)."""
    lean, spread = 2 * other.a - 1, other.a - one.a
    weight = ((lean if lean * spread == -1 else (lean + spread) / (1 + lean * spread)) + 1) / 2
    red, green, blue = (weight * b + (1 - weight) * a for a, b in zip(one.rgb, other.rgb, strict=True))
    return Colour(red, green, blue, other.a * other.a + one.a * (1 - other.a))


def _colour(channels: Iterable[float], opacity: float = 1.0) -> Colour:
    red, green, blue = channels
    return Colour(red, green, blue, opacity)


def _whole(channel: float) -> int:
    return min(255, max(0, math.floor(channel + 0.5)))


def _written(colour: Colour) -> Colour:
    """Round as the script does when it writes a colour down: to a tenth, then to a whole step."""
    return _colour((_whole(round(each, 1)) for each in colour.rgb), colour.a)


def _hsl(colour: Colour) -> tuple[float, float, float]:
    hue, lightness, saturation = colorsys.rgb_to_hls(*(each / 255 for each in colour.rgb))
    return hue * 360, saturation * 100, lightness * 100


def _from_hsl(hue: float, saturation: float, lightness: float) -> Colour:
    lightness, saturation = (min(1.0, max(0.0, each / 100)) for each in (lightness, saturation))
    return _colour(each * 255 for each in colorsys.hls_to_rgb(hue % 360 / 360, lightness, saturation))


# --- elements ---------------------------------------------------------------------------------------------------------

_GROUNDS = ("background", "background-color", "background-image")
_FILL = "-webkit-text-fill-color"
_TEXTS = re.compile(rf"color|{_FILL}|-webkit-text-stroke(-color)?|text-decoration(-color)?|text-emphasis-color")
_LINES = re.compile(
    r"(-webkit-)?border-image|border(-(top|right|bottom|left))?(-color)?|border-(block|inline)(-(start|end))?-color"
    r"|outline(-color)?|box-shadow|column-rule(-color)?"
)
_STRIPES = {"ue-table-interlace-color-single": "#fcfcfc", "ue-table-interlace-color-double": "#f7faff"}
_CELLS = ("table", "tr", "td", "th")
_KEYWORDS = ("inherit", "initial", "unset", "revert", "currentcolor", "transparent")
# What the page's own style sheet says by day and by night where an element has no colour.
_NATIVE = {
    "a": (Colour(87, 107, 149), Colour(125, 144, 169)),
    "blockquote": (Colour(0, 0, 0, 0.5), Colour(255, 255, 255, 0.3)),
    "table": _PLAIN,
}


class Element(NamedTuple):
    """An element of an article: how deep it stands, its declarations and attributes, and whether it holds any text."""

    depth: int
    tag: str
    style: Mapping[str, str]
    attributes: Mapping[str, str]
    has_text: bool


@dataclass(slots=True)
class Night:
    """An element at night: its declarations, the colours that a reader sees, and what the script makes of them.

    `text` may be translucent; `behind`, what is seen behind it, is opaque. `ground` and `stamp` are what the script
    holds to be the background and the colour of the text (None: the page's).
    """

    style: dict[str, str] = field(default_factory=dict)
    day_text: Colour = _PLAIN[0]
    day_behind: Colour = PAGE
    text: Colour = _PLAIN[1]
    behind: Colour = NIGHT
    ground: Colour | None = None
    stamp: Colour | None = None
    light: Colour = PAGE  # the background by day, as the script adds it up: it is laid under images
    colour: Colour | None = None  # the nearest inline colour by day: text on a ground without a colour starts from it
    on_image: bool = False  # over an image, text stays as it is by day
    filler: Colour | None = None  # what was laid under the image
    drawing: bool = False  # inside an SVG, which the script passes by


def convert(elements: Iterable[Element], brightest: Colour = NIGHT_TEXT) -> list[Night]:
    """Return the night of every element; they come in document order, `brightest` is text without a colour.

    Elements that are alike in the same night have one Night together: an article has a thousand, of some fifty sorts.
    """
    nights: list[Night] = []
    path: list[Night] = []
    page = Night()
    known: dict[tuple[object, ...], Night] = {}
    for element in elements:
        del path[element.depth :]
        outside = path[-1] if path else page
        # The night outside is one of `nights`, so that its id stays its own.
        attributes = tuple(element.attributes.items())
        sort = (id(outside), element.tag, element.has_text, tuple(element.style.items()), attributes)
        night = known.get(sort)
        if night is None:
            night = known[sort] = _night(element, outside, brightest)
        path.append(night)
        nights.append(night)
    return nights


def _night(element: Element, outside: Night, brightest: Colour) -> Night:
    """Return the night of an element that stands in the night `outside`."""
    night = replace(outside, style=dict(element.style), drawing=outside.drawing or element.tag == "svg")
    if not night.drawing and "data-no-dark" not in element.attributes and element.tag not in ("mpcps", "iframe"):
        _convert(element, night, brightest)
    night.day_text, night.day_behind = _seen(element, element.style, (outside.day_text, outside.day_behind), 0)
    night.text, night.behind = _seen(element, night.style, (outside.text, outside.behind), 1)
    return night


def _seen(
    element: Element, style: Mapping[str, str], outside: tuple[Colour, Colour], scheme: int
) -> tuple[Colour, Colour]:
    """Return the colour of an element's text and what is behind it, by day (scheme 0) or by night (1)."""
    ink, behind = outside
    attribute = element.attributes.get("color", "") if element.tag == "font" else ""
    own = next(filter(None, map(parse, (style.get(_FILL, ""), style.get("color", ""), attribute))), None)
    if own is None and element.tag in _NATIVE and "color" not in style:
        own = _NATIVE[element.tag][scheme]
    ink = own or ink
    attribute = element.attributes.get("bgcolor", "") if element.tag in _CELLS else ""
    for value in [attribute, *(style[name] for name in style if name in _GROUNDS)][::-1]:
        if "currentcolor" in value.lower():
            return ink, ink.over(behind)
        if found := colours(value):
            return ink, reduce(_mix, found).over(behind)
    return ink, behind


def _convert(element: Element, night: Night, brightest: Colour) -> None:
    """Convert the declarations of an element, and hand on what its descendants start from."""
    pairs = _declarations(element)
    has_colour = any(name in ("color", _FILL) for name, _ in pairs)
    has_image = any("url(" in value for name, value in pairs if name in _GROUNDS or "border-image" in name)
    behind: Colour | None = None
    for name, value in pairs:
        found = colours(value)
        gradient = reduce(_mix, found) if found and "gradient" in value else None  # it becomes one colour
        dark: dict[Colour, Colour] = {}
        for colour in (gradient,) if gradient else found:
            if colour.a < _INVISIBLE or colour in dark:
                continue
            new = _dark(name, colour, night, has_colour, brightest)
            kept = dark[colour] = _written(colour if new is None or has_image else new)
            if len(dark) == 1 and name in _GROUNDS:
                night.ground, night.light = kept, colour.over(night.light)
            elif len(dark) == 1 and name in ("color", _FILL):
                night.stamp, night.colour = kept, colour
        written = _rewritten(value, gradient, dark)
        if "url(" in value and name in _GROUNDS:
            night.on_image = True
            if not has_colour:
                night.stamp = night.colour or _DAY_TEXT
                night.style["color"] = str(night.stamp)
            if element.has_text:
                night.filler = night.light
                _lay_under(night, name, value)
        elif gradient is None or element.has_text:
            night.style[name] = written
            if gradient and name in _GROUNDS:
                behind = gradient
    if behind:  # a gradient with text on it is laid over what it was turned into, and the text is moved once more
        night.ground, night.light = behind.over(night.ground or NIGHT), behind.over(night.light)
        ink = parse(pairs[-1][1]) if pairs[-1][0] == "color" and not night.on_image else None
        if ink and (new := _written(text(ink, night.ground, brightest))) != ink:
            night.style["color"] = str(new)


def _dark(name: str, colour: Colour, night: Night, has_colour: bool, brightest: Colour) -> Colour | None:
    """Convert one colour of a declaration; None if it stays."""
    if name not in _GROUNDS:
        if night.on_image:
            return None
        ground = night.ground if _TEXTS.fullmatch(name) else None  # a line is always taken to stand on the page
        return panel(colour) if name == "text-shadow" else text(colour, ground or NIGHT, brightest)
    night.on_image = False
    if night.filler is not None:
        if contrast(night.filler._replace(a=1), colour._replace(a=1)) < _SAME:
            return None
        night.filler = None
    ground = panel(colour)
    if not has_colour:  # text without a colour gets one that fits, from the nearest inline colour by day
        night.style["color"] = str(_written(text(night.colour or _DAY_TEXT, ground, brightest)))
    return ground


def _rewritten(value: str, gradient: Colour | None, dark: Mapping[Colour, Colour]) -> str:
    """Write the colours of a declaration anew; what stays is not touched."""

    def replaced(match: re.Match[str]) -> str:
        colour = parse(match[0])
        if colour is None or (gradient is None and dark.get(colour, colour) == colour):
            return match[0]
        return str(_written(dark.get(gradient, gradient)) if gradient else dark[colour])

    written = _COLOUR.sub(replaced, value)
    return value if written == value else _IMPORTANT.sub("", written)


def _lay_under(night: Night, name: str, value: str) -> None:
    """Lay the light background under an image, in every list that counts layers."""
    if name == "background" and colours(value):
        return  # a colour must be in the last layer: the browser drops what the script writes
    light = _written(night.light)
    night.style[name] = f"{value},linear-gradient({light},{light})"
    for other, layer in (("background-position", "top left"), ("background-size", "100%")):
        if other in night.style:
            night.style[other] += f",{layer}"


def _declarations(element: Element) -> list[tuple[str, str]]:
    """List the declarations as the script takes them: backwards, text strokes first, the text's colour last."""
    pairs = []
    for name, value in [*element.style.items()][::-1]:
        if name in ("color", _FILL) and parse(value) is None and value.split("!")[0].strip().lower() not in _KEYWORDS:
            continue  # not a colour: the browser drops it
        if name in _GROUNDS or _TEXTS.fullmatch(name) or _LINES.fullmatch(name) or name == "text-shadow":
            pairs.append((name, value))
    if element.tag in _CELLS and not any("background" in name for name in element.style):
        stripes = (_STRIPES[each] for each in element.attributes.get("class", "").split() if each in _STRIPES)
        if ground := next(stripes, element.attributes.get("bgcolor", "")):
            pairs.append(("background-color", ground))
    if element.tag == "font" and "color" in element.attributes and "color" not in element.style:
        pairs.append(("color", element.attributes["color"]))
    if any(name == _FILL for name, _ in pairs):
        pairs = [pair for pair in pairs if pair[0] != "color"]
    rank = {"color": 3, _FILL: 3, "background-image": 2}
    return sorted(pairs, key=lambda pair: 0 if "-stroke" in pair[0] else rank.get(pair[0], 1))
