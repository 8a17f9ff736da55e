"""An author's own `style` attribute: anything in, only declarations that WeChat keeps and that do no harm out."""

from __future__ import annotations

import re
from collections.abc import Callable

from wxpub import address, style
from wxpub.limits import CSS_PROPERTIES

_BAD = re.compile(
    r"expression|javascript:|vbscript:|behavior|-moz-binding|@|\\|[<>{}]|/\*|undefined|\bNaN\b|gradient\(|"
    r"\b(?:calc|min|max|clamp|env|attr|var|image|image-set|cross-fade|element|paint|"
    r"oklch|oklab|lch|lab|color-mix|color|light-dark|hwb)\(|\d(?:vw|vh|vmin|vmax)\b",
    re.I,
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.S)
_URL = re.compile(r"url\(\s*([^)]*?)\s*\)", re.I)
_HEX_ALPHA = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})\b", re.I)
_SMALL = 64  # pixels: an ornament may have a fixed size, text may not
_DISPLAYS = re.compile(r"block|inline|inline-block|flex|table(-\w+)*|list-item")
# Values that hide text, overlap it or run off the page, by property.
_LASTING: dict[str, Callable[[str], bool]] = {
    "display": lambda value: _DISPLAYS.fullmatch(value) is not None,
    "opacity": lambda value: _number(value) >= 0.1,
    "font-size": lambda value: _number(value) >= (8 if value.endswith("px") else 0.5),
    "line-height": lambda value: not re.fullmatch(r"[\d.]+", value) or _number(value) >= 1.2,
    "white-space": lambda value: value in ("normal", "nowrap"),
    "font-family": lambda value: re.search(r"mono|menlo|consolas|courier", value, re.I) is not None,
    "text-align": lambda value: value in ("left", "right", "center", "justify"),
    "overflow": lambda value: " " not in value,
}


def harmless(text: str, tag: str = "section") -> str:
    """Keep of the style attribute `text` of a `tag` what can reach a reader."""
    kept = {}
    for name, value in style.read(re.sub(r"\s+", " ", _COMMENT.sub("", text))).items():
        value = re.sub(r"\s*!\s*important", "", value, flags=re.I)
        if name in CSS_PROPERTIES and _is_sound(value):
            value = _modest(name, value)
            if _lasts(name, value, tag):
                kept[name] = value
    return style.write(kept)


def _is_sound(value: str) -> bool:
    """Tell whether a value is whole, free of scripts, and shows no picture from elsewhere."""
    whole = value.count("(") == value.count(")") and not value.count('"') % 2 and not value.count("'") % 2
    return whole and not _BAD.search(value) and all(map(is_wechat_picture, _URL.findall(value)))


def _modest(name: str, value: str) -> str:
    """Say the same in a way that old phones know."""
    value = re.sub(r"(?<=[\d.])rem\b", "em", value.replace('"', "'"))
    value = _HEX_ALPHA.sub(_with_alpha, value)
    return {"start": "left", "end": "right"}.get(value, value) if name == "text-align" else value


def _with_alpha(match: re.Match[str]) -> str:
    red, green, blue, alpha = (int(each, 16) for each in match.groups())
    return f"rgba({red},{green},{blue},{alpha / 255:.2g})"


def _lasts(name: str, value: str, tag: str) -> bool:
    if name in _LASTING:
        return _LASTING[name](value)
    if name.startswith("margin"):
        return not any(float(each) < -20 for each in re.findall(r"-?[\d.]+(?=px)", value) if each.strip("-."))
    if tag not in ("img", "svg") and re.fullmatch(r"(min-|max-)?(width|height)", name):
        return not name.endswith("height") and (not value.endswith("px") or _number(value) <= _SMALL)
    return not (tag == "img" and name == "height")


def _number(value: str) -> float:
    match = re.match(r"\d*\.?\d+", value)
    return float(match[0]) if match else 0.0


def is_wechat_picture(url: str) -> bool:
    """Tell whether a picture is served by WeChat; draft/add drops every other from a style, and all in quotes."""
    target = address.parse(url)
    return target.scheme == "https" and target.hosted
