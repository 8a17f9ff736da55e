"""The page rules on dark mode: a document in, the places that a reader at night cannot read well out.

`darkmode` tells what becomes of the colours (github.com/wechatjs/mp-darkmode); contrast is WCAG's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bs4.element import Tag

from wxpub import darkmode
from wxpub.checks.document import BLOCKS, Document, Text, chain, shorten
from wxpub.darkmode import Colour, Night

OFFICIAL_CONTRAST = 1.5  # below, WeChat's article checker reports a violation
READABLE_CONTRAST = 4.5  # WCAG 2, level AA

_COLOURED = ("color", "background", "background-color")


def dark_contrast_lt_1_5(document: Document) -> Iterable[tuple[Tag, str]]:
    """Find text that can hardly be seen at night."""
    return _texts_between(document, 0, OFFICIAL_CONTRAST)


def dark_contrast_lt_4_5(document: Document) -> Iterable[tuple[Tag, str]]:
    """Find text that is seen at night, but not read with ease."""
    return _texts_between(document, OFFICIAL_CONTRAST, READABLE_CONTRAST)


def _texts_between(document: Document, least: float, most: float) -> Iterator[tuple[Tag, str]]:
    for text, night in _nights(document):
        ratio = darkmode.contrast(night.text, night.behind)
        silenced = any("low-contrast" in str(each.get("data-ignore-dm", "")) for each in chain(text.parent))
        if least <= ratio < most and not silenced:
            colours = f"{night.text} on {night.behind}"
            shown = f"{int(ratio * 100) / 100:.2f}"  # cut, not rounded: 4.499 is no 4.50
            yield text.parent, f"“{shorten(text.visible, 20)}” has contrast {shown} at night ({colours})"


def text_brightness_90_127_on_default_bg(document: Document) -> Iterable[tuple[Tag, str]]:
    """Find coloured text on the page's own background that dark mode leaves as it is, and too dark."""
    for text, night in _nights(document):
        colour = darkmode.parse(document.inherited(text.parent, "color"))
        if colour is None or night.behind != darkmode.NIGHT:
            continue
        weak = darkmode.contrast(night.text, night.behind) < READABLE_CONTRAST
        if 90 <= colour.brightness <= 127 and weak:
            yield text.parent, f"{colour} of “{shorten(text.visible, 20)}”"


def bg_nongrey_brightness_190_250(document: Document) -> Iterable[tuple[Tag, str]]:
    """Find panels of a bright tint: dark mode only dims them, where it inverts greys and what is nearly white.

    A marked word may shine.
    """
    for tag in document.elements:
        colour = _background(document, tag)
        if tag.name not in BLOCKS or colour is None or colour.a < 1 or colour.r == colour.g == colour.b:
            continue
        if 190 <= colour.brightness <= 250 and tag.get_text(strip=True):
            yield tag, f"background {colour} of <{tag.name}>"


def no_dark_with_styled_children(document: Document) -> Iterable[Tag]:
    """Find `data-no-dark` around elements with colours of their own, which it does not protect."""
    for values in document.by_attribute.get("data-no-dark", {}).values():
        for tag in values:
            inside = (
                each for each in tag.find_all(True) if isinstance(each, Tag) and not each.has_attr("data-no-dark")
            )
            if any(name in document.style(each) for each in inside for name in _COLOURED):
                yield tag


def _background(document: Document, tag: Tag) -> Colour | None:
    style = document.style(tag)
    return darkmode.parse(style.get("background-color") or style.get("background", "").partition(" ")[0])


def _nights(document: Document) -> Iterator[tuple[Text, Night]]:
    """Yield the first text of every element that shows one, with its colours; dark mode leaves SVG alone."""
    seen = set()
    for text in document.texts:
        if text.visible and id(text.parent) not in seen and text.parent is not document.root:
            seen.add(id(text.parent))
            night = document.nights[document.place(text.parent)]
            if not night.drawing:
                yield text, night
