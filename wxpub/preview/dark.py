"""An article at night: its HTML in, the style of every element as WeChat's dark mode leaves it out; changes no HTML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wxpub import darkmode, style

if TYPE_CHECKING:
    from lxml.html import HtmlElement


def night(html: str) -> tuple[str, ...]:
    """Return the style at night of every element of `html` that has a style, in document order."""
    root = _root(html)
    return tuple(text for element, text in _nights(root) if element.get("style") is not None)


def at_night(html: str) -> str:
    """Return `html` as it looks at night."""
    from lxml.html import tostring

    root = _root(html)
    for element, text in _nights(root):
        if text:
            element.set("style", text)
    return "".join(tostring(each, encoding="unicode") for each in root)


def _root(html: str) -> HtmlElement:
    from lxml.html import fragment_fromstring

    return fragment_fromstring(html, create_parent="section")


def _nights(root: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Yield every element with its style at night."""
    elements = list(_elements(root, 0))
    for (element, _), night in zip(elements, darkmode.convert(each for _, each in elements), strict=True):
        yield element, style.write(night.style)


def _elements(element: HtmlElement, depth: int) -> Iterator[tuple[HtmlElement, darkmode.Element]]:
    declarations = style.read(element.get("style") or "")
    has_text = any(map(str.strip, element.itertext()))
    yield element, darkmode.Element(depth, element.tag, declarations, element.attrib, has_text)
    for child in element.iterchildren("*"):
        yield from _elements(child, depth + 1)
