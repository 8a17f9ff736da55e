"""An article at night: its HTML in, the style of every element as WeChat's dark mode leaves it out; changes no HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxpub import style
from wxpub.darkmode import PAGE, Shade, convert

if TYPE_CHECKING:
    from lxml.html import HtmlElement


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
    for element, text in zip(styled, night(html), strict=True):
        element.set("style", text)
    return "".join(tostring(each, encoding="unicode") for each in root)


def _walk(element: HtmlElement, shade: Shade, found: list[str]) -> None:
    """Convert `element` and what is inside it; a drawing stays as it is, since WeChat's script passes it by."""
    written = element.get("style")
    if element.tag == "svg":
        found.extend(each.get("style", "") for each in element.iter() if each.get("style") is not None)
        return
    dark, inside = convert(element.tag, style.read(written or ""), shade)
    if written is not None:
        found.append(style.write(dark))
    for child in element.iterchildren("*"):
        _walk(child, inside, found)
