"""Style declarations: the one reader and the one writer of `style` attributes, and what WeChat keeps of them.

A semicolon ends a declaration unless it stands in quotes or in parentheses: `background:url(a;b)` is one. Text that is
broken (a quotation mark or a parenthesis that never closes) is still read, up to the end if need be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

PIECE = re.compile(r"""(?:[^;"'(]+|"[^"]*"|'[^']*'|\([^)]*\)?|["'])+""")  # what stands between two semicolons


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield every declaration of a style attribute, repeated ones too: the property in lower case, and its value.

    What has no colon is not a declaration. A value may be empty.
    """
    quoted = "(" in text or '"' in text or "'" in text
    for piece in PIECE.findall(text) if quoted else text.split(";"):
        name, colon, value = piece.partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def read(text: str) -> dict[str, str]:
    """Read a style attribute. Of several values for one property the last one counts, and stands at its own place.

    The place matters: `margin-top:0;margin:8px` is not `margin:8px;margin-top:0`. Empty values are left out.
    """
    found: dict[str, str] = {}
    for name, value in pairs(text):
        if value:
            found.pop(name, None)
            found[name] = value
    return found


def write(declarations: Mapping[str, str]) -> str:
    """Write declarations as a style attribute, without spaces and without a semicolon at the end."""
    return ";".join(f"{name}:{value}" for name, value in declarations.items())


# --- what never reaches a reader --------------------------------------------------------------------------------------
# What WeChat drops or its readers' programs do not know, and what to do instead (probes of draft/add,
# github.com/wechatjs/verify-article-structure-spec). Themes are refused for it, an author's own style loses it, and
# check/rules.jsonl says the same of other people's HTML.

SMALL = 64  # pixels: a bullet or an ornament, which may have a fixed size; text may not

# Why a declaration does not reach a reader, in English; whoever shows it asks `gettext`.
PROPERTY_FAULTS = (
    (r"position|top|right|bottom|left|z-index|inset.*", "WeChat removes position; use margins"),
    (r"(-webkit-)?(backdrop-)?filter", "WeChat removes filters"),
    (r"(-webkit-)?(animation|transition)(-.*)?|will-change", "an article has no keyframes"),
    (r"font", "the font shorthand sets a family; write font-size, font-weight, line-height"),
    (r"caret-color|cursor|user-select", "it makes an article uneditable"),
    (r"text-underline-offset|text-decoration-thickness", "WeChat removes it; use border-bottom"),
    (r"(margin|padding|border)-(inline|block).*|place-.*", "old phones do not know logical properties"),
    (r"content|counter-.*|quotes", "it needs a pseudo-element"),
)
OPEN = "a quotation mark or a parenthesis is left open"
VALUE_FAULTS = (
    (r"!\s*important", "!important fights WeChat's own styles and dark mode"),
    (r"\b(calc|min|max|clamp|env|attr)\(", "WeChat drops the whole declaration; write the result"),
    (r"\burl\(", "images in a style are dropped unless they are WeChat's; use an image"),
    (r"\b(oklch|oklab|lch|lab|color-mix|color|light-dark|hwb)\(", "old phones do not know this colour"),
    (r"\b(var|image|image-set|cross-fade|element|paint)\(", "an article does not know this function"),
    (r"expression|javascript:|vbscript:|behavior|-moz-binding", "scripts do not run in an article"),
    (r"[\d.]rem\b", "the root's font size is not the article's; use em or px"),
    (r"\d(vw|vh|vmin|vmax)\b", "WeChat cuts it at the column's width; use %"),
    (r"#([0-9a-f]{8}|[0-9a-f]{4})\b", "old phones do not know #rrggbbaa; use rgba()"),
    (r"[{}<>@\\]|/\*|undefined|\bNaN|\bnull\b|\[object", "not a value"),
)


_PROPERTIES = "|".join(f"(?:{pattern})" for pattern, _ in PROPERTY_FAULTS)
_VALUES = "|".join(pattern for pattern, _ in VALUE_FAULTS)


def property_fault(name: str) -> str:
    """Say why no declaration of the property `name` reaches a reader; "" if it can."""
    if not re.fullmatch(_PROPERTIES, name):
        return ""
    return next(why for pattern, why in PROPERTY_FAULTS if re.fullmatch(pattern, name))


def value_fault(value: str) -> str:
    """Say why a declaration with this `value` does not reach a reader, whatever its property; "" if it does."""
    if value.count("(") != value.count(")") or value.count('"') % 2 or value.count("'") % 2:
        return OPEN
    if not re.search(_VALUES, value, re.I):
        return ""
    return next(why for pattern, why in VALUE_FAULTS if re.search(pattern, value, re.I))
