"""The page rules that take more than a pattern: a document in, the places that break the rule out.

Each function is named in `rules.jsonl` (`fn`) and gives elements, texts, or a phrase about the whole document. What
WeChat's own checker would say is not here: see `verdict`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from bs4.element import Tag

from wxpub import darkmode, safe
from wxpub.checks.pages import (
    BLOCKS,
    MEDIA,
    SPACE,
    Document,
    Functions,
    Places,
    Text,
    chain,
    children,
    contents,
)
from wxpub.finding import shorten
from wxpub.language import listed, tr
from wxpub.limits import CONTENT_BYTES, UPLOADIMG_BYTES

_ROOT_TEXT_STYLES = ("color", "font-size", "line-height")


def _has_text(tag: Tag) -> bool:
    return bool(tag.get_text().strip(SPACE + "\u00a0\u200b"))


def _has_content(tag: Tag) -> bool:
    return _has_text(tag) or tag.name in MEDIA or tag.find(list(MEDIA)) is not None


# --- boxes ------------------------------------------------------------------------------------------------------------


def gradient_behind_text(document: Document) -> Places:
    """Find text on a gradient, which dark mode mixes to one colour, unless `data-ignore-dm` says that it is meant."""
    return (
        tag
        for tag in _backgrounds(document, "gradient(")
        if "text-bg-gradient" not in str(tag.get("data-ignore-dm", ""))
    )


def url_background_behind_text(document: Document) -> Places:
    """Find text on a picture: it keeps its light-mode colour in dark mode."""
    return _backgrounds(document, "url(")


def _backgrounds(document: Document, word: str) -> Iterator[Tag]:
    for (name, value), tags in document.by_declaration.items():
        if name in ("background", "background-image") and word in value.lower():
            yield from filter(_has_text, tags)


# --- lists and white space --------------------------------------------------------------------------------------------


def li_not_single_section(document: Document) -> Places:
    """Find list items that are not one block; the web editor itself writes `<li><p>`, which another rule judges."""
    for tag in document.by_tag.get("li", ()):
        inside = contents(tag)
        if inside and not (len(inside) == 1 and isinstance(inside[0], Tag) and inside[0].name in ("section", "p")):
            yield tag


def newline_between_blocks(document: Document) -> Places:
    """Find line breaks of the source between blocks; lists and tables have rules of their own."""
    for text in document.texts:
        if "\n" not in text.value or text.value.strip(SPACE):
            continue
        if text.parent.name in ("ul", "ol", "table", "thead", "tbody", "tfoot", "tr", "colgroup", "pre", "code", "svg"):
            continue
        around = (text.node.previous_sibling, text.node.next_sibling)
        if any(isinstance(each, Tag) and each.name in BLOCKS for each in around):
            yield text


def space_only_text_between_inline(document: Document) -> Places:
    """Find spaces that stand alone between two inline elements."""
    for text in document.texts:
        if text.value and not text.value.strip(SPACE):
            around = (text.node.previous_sibling, text.node.next_sibling)
            if all(isinstance(each, Tag) and each.name not in BLOCKS | {"br", "img"} for each in around):
                yield text


def first_or_last_node_is_media(document: Document) -> Places:
    """Find a picture, code or table at an edge of the article, where a selection or a paste loses it."""
    blocks = contents(document.wrapper)
    for block, step in ((blocks[0], 0), (blocks[-1], -1)) if len(blocks) > 1 else ():
        node: Tag | str = block
        while isinstance(node, Tag) and node.name not in ("svg", "pre", "table") and (inside := contents(node)):
            node = inside[step]
        if isinstance(node, Tag) and node.name in ("svg", "pre", "table"):
            yield node


# --- tables and code --------------------------------------------------------------------------------------------------


def wide_table_without_scroller(document: Document) -> Places:
    """Find tables too wide for a phone: more than three columns, or cells that do not wrap, and no scroller around."""
    for table in document.by_tag.get("table", ()):
        cells = [tag for tag in table.find_all(["td", "th"]) if isinstance(tag, Tag)]
        width = max((_width(row) for row in table.find_all("tr")), default=0)
        stiff = width > 1 and any(document.style(cell).get("white-space", "").startswith("nowrap") for cell in cells)
        if (width > 3 or stiff) and not any(_scrolls(document, each) for each in chain(table)):
            yield table


def _width(row: Tag) -> int:
    spans = (str(cell.get("colspan", "1")) for cell in children(row) if cell.name in ("td", "th"))
    return sum(int(span) if span.isdecimal() else 1 for span in spans)


def _scrolls(document: Document, tag: Tag) -> bool:
    style = document.style(tag)
    return bool({"auto", "scroll"} & set(f"{style.get('overflow', '')} {style.get('overflow-x', '')}".split()))


def code_without_letter_spacing_reset(document: Document) -> Places:
    """Find blocks of code that inherit the page's `letter-spacing:.034em`."""
    for tag in document.elements:
        mono = re.search(r"mono|menlo|consolas|courier", document.style(tag).get("font-family", ""), re.IGNORECASE)
        if tag.name != "pre" and not (mono and tag.name in BLOCKS):
            continue
        inside = [tag, *tag.find_all(True)]
        if not document.inherited(tag, "letter-spacing") and not any(
            "letter-spacing" in document.style(each) for each in inside
        ):
            yield tag


# --- the tree ---------------------------------------------------------------------------------------------------------


def gt_20_children_gt_15_empty(document: Document) -> Places:
    """Find blocks of more than twenty children of which more than fifteen are empty (the web editor's rule 2.1)."""
    for tag in document.elements:
        inside = children(tag)
        if len(inside) > 20 and sum(not _has_content(each) for each in inside) > 15:
            yield tag


def text_style_only_on_root(document: Document) -> Places:
    """Find text styles that would be lost with the wrapper: no top-level block repeats them."""
    wrapper = document.wrapper
    blocks = [each for each in contents(wrapper) if isinstance(each, Tag) and _has_text(each)]
    lost = [
        name
        for name in _ROOT_TEXT_STYLES
        if document.inherited(wrapper, name) and not any(name in document.style(each) for each in blocks)
    ]
    if lost and len(blocks) > 1:
        yield tr("{properties} of the outermost section", properties=listed(lost))


def text_block_without_color(document: Document) -> Places:
    """Find blocks whose text has no inline colour, neither its own nor one to inherit."""
    seen = set()
    for text in document.texts:
        around = list(chain(text.parent))
        block = next((each for each in around if each.name in BLOCKS), None)
        if not text.visible or block is None or id(block) in seen or document.inherited(text.parent, "color"):
            continue
        if not any(each.name in ("svg", "a") for each in around):  # the page colours links, and leaves drawings alone
            seen.add(id(block))
            yield block


# --- dark mode --------------------------------------------------------------------------------------------------------
# `darkmode` tells what becomes of the colours; contrast is WCAG's.

# A tenth less than WCAG 2 wants for level AA: plain red has 4.49 at night, plain grey 4.45, and everybody reads them.
WEAK_CONTRAST = 4.4

_COLOURED = ("color", "background", "background-color")


def weak_contrast_at_night(document: Document) -> Iterator[tuple[Tag, str]]:
    """Find text that is not read with ease at night, as a reader sees it, opacity and all."""
    for text, night in _nights(document):
        ratio = darkmode.contrast(night.text, night.behind)
        silenced = "low-contrast" in str(text.parent.get("data-ignore-dm", "")).split()
        if ratio < WEAK_CONTRAST and not silenced:
            shown = f"{int(ratio * 100) / 100:.2f}"  # cut, not rounded: 4.499 is not 4.50
            what = tr(
                "“{words}” has contrast {contrast} at night ({colour} on {ground})",
                words=shorten(text.visible, 20),
                contrast=shown,
                colour=night.text,
                ground=night.behind,
            )
            yield text.parent, what


def text_brightness_90_127_on_default_bg(document: Document) -> Iterable[tuple[Tag, str]]:
    """Find coloured text on the page's own background that dark mode leaves as it is, and too dark."""
    for text, night in _nights(document):
        colour = darkmode.parse(document.inherited(text.parent, "color"))
        if colour is None or night.behind != darkmode.NIGHT:
            continue
        weak = darkmode.contrast(night.text, night.behind) < WEAK_CONTRAST
        if 90 <= colour.brightness <= 127 and weak:
            yield text.parent, tr("{colour} of “{words}”", colour=colour, words=shorten(text.visible, 20))


def bg_nongrey_brightness_190_250(document: Document) -> Iterable[tuple[Tag, str]]:
    """Find panels of a bright tint: dark mode only dims them, where it inverts greys and what is nearly white.

    A marked word may shine.
    """
    for tag in document.elements:
        colour = _background(document, tag)
        if tag.name not in BLOCKS or colour is None or colour.a < 1 or colour.r == colour.g == colour.b:
            continue
        if 190 <= colour.brightness <= 250 and tag.get_text(strip=True):
            yield tag, tr("background {colour} of <{name}>", colour=colour, name=tag.name)


def no_dark_with_styled_children(document: Document) -> Iterable[Tag]:
    """Find `data-no-dark` around elements with colours of their own, which it does not protect."""
    for values in document.by_attribute.get("data-no-dark", {}).values():
        for tag in values:
            inside = (
                each for each in tag.find_all(True) if isinstance(each, Tag) and not each.has_attr("data-no-dark")
            )
            if any(name in document.style(each) for each in inside for name in _COLOURED):
                yield tag


def _background(document: Document, tag: Tag) -> darkmode.Colour | None:
    style = document.style(tag)
    return darkmode.parse(style.get("background-color") or style.get("background", "").partition(" ")[0])


def _nights(document: Document) -> Iterator[tuple[Text, darkmode.Night]]:
    """Yield the first text of every element that shows one, with its colours; dark mode leaves SVG alone."""
    seen = set()
    for text in document.texts:
        if text.visible and id(text.parent) not in seen and text.parent is not document.root:
            seen.add(id(text.parent))
            night = document.nights[document.place(text.parent)]
            if not night.drawing:
                yield text, night


# --- text -------------------------------------------------------------------------------------------------------------

_ESCAPE = re.compile(r"\\u[0-9a-f]{4}", re.IGNORECASE)


def escaped_throughout(document: Document) -> Places:
    """Find an article whose every character beyond ASCII became `\\uXXXX` on the way, not one that speaks of escapes.

    Escaped Chinese is nearly nothing but escapes, and no character of its own is left beside them.
    """
    code = {id(each) for name in ("code", "pre") for tag in document.by_tag.get(name, ()) for each in tag.descendants}
    text = "".join(each.value for each in document.texts if id(each.node) not in code)
    if text.isascii() and (escapes := _ESCAPE.findall(text)) and 2 * len("".join(escapes)) > len("".join(text.split())):
        yield tr("{n} escapes and no character beyond ASCII", n=len(escapes))


# --- sizes and files ----------------------------------------------------------------------------------------


def utf8_bytes_ge(document: Document, limit: int) -> Places:
    if (size := len(document.html.encode())) >= limit:
        yield tr("{n:,} bytes", n=size)


def utf8_bytes_near(document: Document, limit: int) -> Places:
    """Find content from `limit` on that WeChat still takes: what is larger breaks another rule."""
    if limit <= (size := len(document.html.encode())) < CONTENT_BYTES:
        yield tr("{n:,} bytes", n=size)


def newspic_chars_gt(document: Document, limit: int) -> Places:
    """Judge a picture article (`article_type` newspic), whose content is plain text: no element is in the document."""
    if document.html.strip() and not document.elements:
        size = len(document.html.strip())
        if size > limit:
            yield tr("the text of a picture article has {n:,} characters of {limit:,}", n=size, limit=limit)


def uploadimg_not_jpg_png_or_ge_1mb(document: Document) -> Places:
    """Find pictures in the page or beside it that media/uploadimg refuses, by their bytes, not by their names."""
    for tag in document.by_tag.get("img", ()):
        data = _picture(str(tag.get("src") or ""), document.path)
        if data and (not data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or len(data) >= UPLOADIMG_BYTES):
            yield tag


def _picture(src: str, path: Path | None) -> bytes:
    try:
        if src.startswith("data:"):
            head, _, body = src.partition(",")
            return base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body)
        if path is not None and src and not re.match(r"[a-z][\w+.-]*:|//", src, re.IGNORECASE):
            return safe.read(path.parent / unquote(re.split(r"[?#]", src)[0]), UPLOADIMG_BYTES)
    except (OSError, ValueError, binascii.Error):
        pass  # that it is missing is another rule's finding
    return b""


FUNCTIONS: Functions = {
    check.__name__: check
    for check in (
        gradient_behind_text,
        url_background_behind_text,
        li_not_single_section,
        newline_between_blocks,
        space_only_text_between_inline,
        first_or_last_node_is_media,
        wide_table_without_scroller,
        code_without_letter_spacing_reset,
        gt_20_children_gt_15_empty,
        text_style_only_on_root,
        text_block_without_color,
        weak_contrast_at_night,
        bg_nongrey_brightness_190_250,
        text_brightness_90_127_on_default_bg,
        no_dark_with_styled_children,
        escaped_throughout,
        utf8_bytes_ge,
        utf8_bytes_near,
        newspic_chars_gt,
        uploadimg_not_jpg_png_or_ge_1mb,
    )
}
