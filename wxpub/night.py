"""An article as it looks at night: HTML in, the styles of its elements in WeChat's dark mode out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
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
    elements = _elements(root)
    for (element, _), night in zip(elements, darkmode.convert(each for _, each in elements), strict=True):
        yield element, style.write(night.style)


def _elements(root: HtmlElement) -> list[tuple[HtmlElement, darkmode.Element]]:
    """List the elements in document order; equal styles are read once."""
    found: list[tuple[HtmlElement, darkmode.Element]] = []
    read = cache(style.read)

    def visit(element: HtmlElement, depth: int) -> None:
        has_text = any(map(str.strip, element.itertext()))
        seen = darkmode.Element(depth, element.tag, read(element.get("style") or ""), element.attrib, has_text)
        found.append((element, seen))
        for child in element.iterchildren("*"):
            visit(child, depth + 1)

    visit(root, 0)
    return found
