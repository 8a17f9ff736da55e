"""An article at night: its HTML in, the style of every element as WeChat's dark mode leaves it out; changes no HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wxpub.darkmode import PAGE, Shade, convert

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_DECLARATION = re.compile(r"(?:[^;(]|\([^)]*\))+")


def night(html: str) -> dict[str, list[str] | list[int]]:
    """Give the styles at night of all elements of `html` that have one, in document order.

    `styles` lists each once, `use` names the style of each element by its place there.
    """
    from lxml.html import fragment_fromstring

    found: list[str] = []
    _walk(fragment_fromstring(html, create_parent="section"), PAGE, found)
    styles = list(dict.fromkeys(found))
    places = {style: place for place, style in enumerate(styles)}
    return {"styles": styles, "use": [places[style] for style in found]}


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
