"""CSS colours as numbers: a colour's text comes in, red, green, blue and opacity go out, and the other way round."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass

_HEX = r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b"
_FUNCTION = r"(?:rgb|hsl)a?\([^()]*\)"
# The names that Word, editors and people really write.
_NAMES = {
    "black": "#000000",
    "white": "#ffffff",
    "red": "#ff0000",
    "green": "#008000",
    "blue": "#0000ff",
    "yellow": "#ffff00",
    "orange": "#ffa500",
    "purple": "#800080",
    "gray": "#808080",
    "grey": "#808080",
    "silver": "#c0c0c0",
    "navy": "#000080",
    "teal": "#008080",
    "maroon": "#800000",
    "transparent": "#00000000",
    "whitesmoke": "#f5f5f5",
    "lightgray": "#d3d3d3",
    "lightgrey": "#d3d3d3",
    "darkgray": "#a9a9a9",
    "dimgray": "#696969",
}
PATTERN = re.compile(rf"{_HEX}|{_FUNCTION}|(?<![\w-])(?:{'|'.join(_NAMES)})(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green and blue from 0 to 255, opacity from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    @property
    def brightness(self) -> float:
        """Give the perceived brightness, 0 to 255, by WeChat's weights."""
        return (299 * self.red + 587 * self.green + 114 * self.blue) / 1000

    @property
    def lightness(self) -> float:
        """Give the lightness of HSL in percent."""
        channels = (self.red, self.green, self.blue)
        return (max(channels) + min(channels)) / 5.1

    @property
    def is_grey(self) -> bool:
        """Tell whether red, green and blue are the same."""
        return self.red == self.green == self.blue

    def with_lightness(self, percent: float) -> Colour:
        """Give the colour with another HSL lightness."""
        hue, _, saturation = colorsys.rgb_to_hls(self.red / 255, self.green / 255, self.blue / 255)
        red, green, blue = colorsys.hls_to_rgb(hue, percent / 100, saturation)
        return Colour(red * 255, green * 255, blue * 255, self.alpha)

    def over(self, below: Colour) -> Colour:
        """Give what is seen where the colour lies over an opaque one."""
        rest = 1 - self.alpha
        return Colour(
            self.red * self.alpha + below.red * rest,
            self.green * self.alpha + below.green * rest,
            self.blue * self.alpha + below.blue * rest,
        )

    def css(self) -> str:
        """Write the colour for CSS."""
        red, green, blue = (min(255, max(0, int(channel + 0.500001))) for channel in (self.red, self.green, self.blue))
        if self.alpha >= 1:
            return f"#{red:02x}{green:02x}{blue:02x}"
        return f"rgba({red},{green},{blue},{self.alpha:g})"


def read(text: str) -> Colour | None:
    """Read a colour that `PATTERN` matches; None for one that is badly formed."""
    text = _NAMES.get(text.lower(), text.lower())
    if text.startswith("#"):
        digits = text[1:] if len(text) > 5 else "".join(digit * 2 for digit in text[1:])
        channels = bytes.fromhex(digits)
        return Colour(channels[0], channels[1], channels[2], channels[3] / 255 if len(channels) > 3 else 1.0)
    numbers = re.findall(r"-?[\d.]+%?", text.partition("(")[2])
    try:
        values = [float(number.rstrip("%")) for number in numbers]
    except ValueError:
        return None
    if len(values) < 3:
        return None
    alpha_value = values[3] / (100 if numbers[3].endswith("%") else 1) if len(values) > 3 else 1.0
    opacity = min(1.0, max(0.0, alpha_value))
    if text.startswith("hsl"):
        red, green, blue = colorsys.hls_to_rgb(values[0] % 360 / 360, min(1, values[2] / 100), min(1, values[1] / 100))
        return Colour(red * 255, green * 255, blue * 255, opacity)
    scale = 2.55 if numbers[0].endswith("%") else 1
    red, green, blue = (min(255.0, max(0.0, value * scale)) for value in values[:3])
    return Colour(red, green, blue, opacity)
