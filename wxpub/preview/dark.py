"""An article at night: its HTML in, the style of every element as WeChat's dark mode leaves it out; changes no HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wxpub.darkmode import PAGE, Shade, convert

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_DECLARATION = re.compile(r"(?:[^;(]|\([^)]*\))+")


def night(html: str) -> tuple[str, ...]:
    """Give the style at night of every element of `html` that has a style, in document order."""
    from lxml.html import fragment_fromstring

    found: list[str] = []
    _walk(fragment_fromstring(html, create_parent="section"), PAGE, found)
    return tuple(found)


def at_night(html: str) -> str:
    """Give `html` as it looks at night."""
    from lxml.html import fragment_fromstring, tostring

    root = fragment_fromstring(html, create_parent="section")
    styled = (each for each in root.iter("*") if each.get("style") is not None)
    for element, style in zip(styled, night(html), strict=True):
        element.set("style", style)
    return "".join(tostring(each, encoding="unicode") for each in root)


def _walk(element: HtmlElement, shade: Shade, found: list[str]) -> None:
    """Convert `element` and what is inside it; a drawing stays as it is, since WeChat's script passes it by."""
    written = element.get("style")
    if element.tag == "svg":
        found.extend(each.get("style", "") for each in element.iter() if each.get("style") is not None)
        return
    style, inside = convert(element.tag, _declarations(written or ""), shade)
    if written is not None:
        found.append(";".join(f"{name}:{value}" for name, value in style.items()))
    for child in element.iterchildren("*"):
        _walk(child, inside, found)


def _declarations(style: str) -> dict[str, str]:
    pairs = (each.partition(":") for each in _DECLARATION.findall(style))
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}
