"""The page rules that take more than a pattern: a document in, the places that break the rule out.

Each function is named in `rules.jsonl` (`fn`) and gives elements, texts, or a phrase about the whole document. What
WeChat's article checker (github.com/wechatjs/verify-article-structure-spec) measures on a laid-out page is estimated
here from inline styles, on the side of silence.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from bs4.element import Tag

from wxpub.checks import dark
from wxpub.checks.document import BLOCKS, MEDIA, SPACE, Document, Text, chain, children, contents
from wxpub.limits import UPLOADIMG_BYTES

# An element, a text, an element and what to say of it, or a phrase about the whole document.
Places = Iterable["Tag | Text | tuple[Tag, str] | str"]

PAGE_FONT_PIXELS = 17  # WeChat's page CSS
PHONE_COLUMN_PIXELS = 343  # a phone of 375 px without the page's padding
_NUMBER = r"(\d+\.?\d*|\.\d+)"
_ROOT_TEXT_STYLES = ("color", "font-size", "line-height")


def _has_text(tag: Tag) -> bool:
    return bool(tag.get_text().strip(SPACE + "\u00a0\u200b"))


def _has_content(tag: Tag) -> bool:
    return _has_text(tag) or tag.name in MEDIA or tag.find(list(MEDIA)) is not None


# --- boxes ------------------------------------------------------------------------------------------------------------


def height_zero_with_text(document: Document) -> Places:
    """Find text in a box of no height; the checker lets SVG and `data-mode="svg"` pass."""
    for (name, value), tags in document.by_declaration.items():
        if name == "height" and re.fullmatch(r"0(\.0+)?(px|em|%)?(\s*!important)?", value):
            yield from (
                tag
                for tag in tags
                if _has_text(tag) and tag.find_parent("svg") is None and tag.get("data-mode") != "svg"
            )


def line_height_lt_font_size(document: Document) -> Places:
    """Find lines that overlap: a line height under 0.95 of the font size; U+00A0 alone cannot overlap."""
    for tag in document.elements:
        style = document.style(tag)
        if ("line-height" in style or "font-size" in style) and _overlaps(document, tag) and _has_text(tag):
            yield tag


def _overlaps(document: Document, tag: Tag) -> bool:
    """Tell whether the lines in `tag` are lower than its font: a factor is inherited as such, a length as a length."""
    holder = next((each for each in chain(tag) if "line-height" in document.style(each)), tag)
    value = document.style(holder).get("line-height", "").partition("!")[0].strip()
    size = _font_pixels(document, tag)
    factor = re.fullmatch(_NUMBER, value)
    height = float(factor[1]) * size if factor else _pixels(value, _font_pixels(document, holder))
    return height is not None and height < 0.95 * size


def _pixels(value: str, size: float) -> float | None:
    """Give a CSS length in pixels where the font size is `size`; None for what depends on more than that."""
    match = re.fullmatch(_NUMBER + r"(px|pt|em|ex|%)", value.partition("!")[0].strip(), re.IGNORECASE)
    units = {"px": 1.0, "pt": 4 / 3, "em": size, "ex": size / 2, "%": size / 100}
    return float(match[1]) * units[match[2].lower()] if match else None


def _font_pixels(document: Document, tag: Tag) -> float:
    """Give the font size of `tag` as far as inline styles tell it."""
    size = float(PAGE_FONT_PIXELS)
    for each in reversed(list(chain(tag))):
        size = _pixels(document.style(each).get("font-size", ""), size) or size
    return size


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


def no_collapsible_whitespace(document: Document, tag: Tag) -> bool:
    """Tell whether `white-space` changes nothing in `tag`, because no white space there would collapse."""
    return not any(re.search(r"[\t\n\r\f]|^ | $| {2}", text) for text in tag.strings)


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


def pre_may_overflow(document: Document) -> Places:
    """Find `pre` with a line that is longer than a phone is wide and does not wrap."""
    for pre in document.by_tag.get("pre", ()):
        codes = [pre, *pre.find_all("code")]
        wraps = any(
            document.style(tag).get("white-space", "").startswith(("pre-wrap", "pre-line", "normal", "break-spaces"))
            for tag in codes
        )
        size = _font_pixels(document, codes[-1])
        # A column of a monospaced font is six tenths of its size wide.
        if not wraps and max(map(_columns, _lines(pre)), default=0) * size * 0.6 > PHONE_COLUMN_PIXELS:
            yield pre


def _lines(tag: Tag) -> list[str]:
    parts = []
    for node in tag.descendants:
        if isinstance(node, Tag):
            parts.append("\n" if node.name in BLOCKS | {"br", "code"} else "")
        else:
            parts.append(str(node))
    return "".join(parts).split("\n")


def _columns(line: str) -> int:
    """Count the columns of a monospaced font: two for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line.rstrip())


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


def same_tag_same_style_single_chain_gt_10(document: Document) -> Places:
    """Find more than ten equal wrappers around one another, which the web editor deletes (its rule 2.1)."""
    depth: dict[int, int] = {}
    for tag in document.elements:
        depth.setdefault(id(tag), 1)
        inside = contents(tag)
        if len(inside) == 1 and isinstance(only := inside[0], Tag) and _alike(tag, only):
            depth[id(only)] = depth[id(tag)] + 1
            if depth[id(only)] == 11:
                yield only


def _alike(one: Tag, other: Tag) -> bool:
    return one.name == other.name and one.get("style") == other.get("style")


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
        yield f"{', '.join(lost)} of the outermost section"


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


# --- sizes, metadata and files ----------------------------------------------------------------------------------------


def utf8_bytes_ge(document: Document, limit: int) -> Places:
    if (size := len(document.html.encode())) >= limit:
        yield f"{size:,} bytes"


def chars_ge(document: Document, limit: int) -> Places:
    if (size := len(document.html)) >= limit:
        yield f"{size:,} characters of HTML"


def title_chars_gt(document: Document, limit: int) -> Places:
    return _longer("the title", document.article.title if document.article else "", limit)


def author_chars_gt(document: Document, limit: int) -> Places:
    return _longer("the author", document.article.author if document.article else "", limit)


def digest_chars_gt(document: Document, limit: int) -> Places:
    return _longer("the digest", document.article.digest if document.article else "", limit)


def source_url_bytes_gt(document: Document, limit: int) -> Places:
    size = len(document.article.source_url.encode()) if document.article else 0
    if size > limit:
        yield f"source_url has {size:,} bytes of {limit:,}"


def newspic_chars_gt(document: Document, limit: int) -> Places:
    """Judge a picture article (`article_type` newspic), whose content is plain text: no element is in the document."""
    if document.html.strip() and not document.elements:
        yield from _longer("the text of a picture article", document.html.strip(), limit)


def _longer(name: str, text: str, limit: int) -> Places:
    if len(text) > limit:
        yield f"{name} has {len(text):,} characters of {limit:,}"


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
            return (path.parent / unquote(re.split(r"[?#]", src)[0])).read_bytes()
    except (OSError, ValueError, binascii.Error):
        pass  # that it is missing is another rule's finding
    return b""


CHECKS: Mapping[str, Callable[..., Places]] = {
    check.__name__: check
    for check in (
        height_zero_with_text,
        line_height_lt_font_size,
        gradient_behind_text,
        url_background_behind_text,
        li_not_single_section,
        newline_between_blocks,
        space_only_text_between_inline,
        first_or_last_node_is_media,
        wide_table_without_scroller,
        pre_may_overflow,
        code_without_letter_spacing_reset,
        same_tag_same_style_single_chain_gt_10,
        gt_20_children_gt_15_empty,
        text_style_only_on_root,
        text_block_without_color,
        dark.dark_contrast_lt_1_5,
        dark.dark_contrast_lt_4_5,
        dark.bg_nongrey_brightness_190_250,
        dark.text_brightness_90_127_on_default_bg,
        dark.no_dark_with_styled_children,
        utf8_bytes_ge,
        chars_ge,
        title_chars_gt,
        author_chars_gt,
        digest_chars_gt,
        source_url_bytes_gt,
        newspic_chars_gt,
        uploadimg_not_jpg_png_or_ge_1mb,
    )
}
EXCUSES: Mapping[str, Callable[[Document, Tag], bool]] = {"no_collapsible_whitespace": no_collapsible_whitespace}
