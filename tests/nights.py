"""Fragments at night, for the tests: HTML in, every element with its night out."""

from __future__ import annotations

from collections.abc import Iterator

from lxml.html import HtmlElement, fragment_fromstring

from wxpub import darkmode, style


def nights(html: str) -> list[tuple[HtmlElement, darkmode.Night]]:
    """List the elements of a fragment, from its one outermost element on, each with its night."""
    elements = list(_walk(fragment_fromstring(html), 0))
    found = darkmode.convert(each for _, each in elements)
    return [(element, night) for (element, _), night in zip(elements, found, strict=True)]


def _walk(element: HtmlElement, depth: int) -> Iterator[tuple[HtmlElement, darkmode.Element]]:
    declarations = style.read(element.get("style") or "")
    text = bool(element.text_content().strip())
    yield element, darkmode.Element(depth, element.tag, declarations, dict(element.attrib), text)
    for child in element.iterchildren("*"):
        yield from _walk(child, depth + 1)
