"""An article as a phone shows it: stored HTML comes in, the HTML that the reader's page really lays out goes out.

First what the page's own script does on load, then what the client makes of it (sources: WeChat's article page scripts
and style sheet as mirrored publicly, measurements on phones by publishing tools). The result is for display only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from wxpub import darkmode, limits
from wxpub.sandbox import markup
from wxpub.sandbox.filter import is_picture_address

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

# The classes that the page's script leaves alone; all others are blanked.
_CLASSES = frozenset(
    [
        *("rich_pages", "blockquote_info", "blockquote_biz", "blockquote_other", "blockquote_article", "js_jump_icon"),
        *("h5_image_link", "js_banner_container", "js_list_container", "js_cover", "js_tx_video_container"),
        *("img_loading", "list-paddingleft-1", "list-paddingleft-2", "list-paddingleft-3", "selectTdClass"),
        *("noBorderTable", "ue-table-interlace-color-single", "ue-table-interlace-color-double", "__bg_gif"),
        *("weapp_text_link", "weapp_image_link", "js_img_loading", "db"),
    ]
)
_CLASS_STARTS = ("cps_inner", "bizsvr_", "code-snippet", "qa__", "wx-edui-", "js_product_", "wx_video_")
_BLOCKS = ["section", "p", "div", "ul", "ol", "table", "blockquote", "pre", *(f"h{level}" for level in range(1, 7))]
_CHINESE_FONT = re.compile(
    r"[^\x00-\x7f]|pingfang|hiragino|heiti|songti|kaiti|stkaiti|stsong|stheiti|stfangsong|yahei|simsun|simhei|kaiti|"
    r"fangsong|noto s\w+ (cjk|sc|tc)|source han|lantinghei|yuanti|xingkai",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"(?:https?:)?//mmbiz\.qpic\.cn/", re.IGNORECASE)
_SLUG = re.compile(rf"https?://{re.escape(limits.ARTICLE_HOST)}/s/([A-Za-z0-9_-]+)")


def shown(content: str, *, dark_mode: bool = False, knows: Callable[[str], bool] = lambda slug: False) -> str:
    """Give an article's HTML as a phone shows it; pictures and the articles that `knows` has point to the sandbox."""
    soup = markup.parse(content)
    _load(soup)
    for tag in soup.find_all(True):
        _client(tag)
    if dark_mode:
        _darken(soup)
    for tag in soup.find_all(True):
        _localise(tag, knows)
    return markup.serialise(soup)


def _load(soup: BeautifulSoup) -> None:
    """Do what the page's script does on load."""
    for tag in soup.find_all("map"):
        tag.decompose()
    for tag in soup.find_all(True):
        tag.attrs.pop("contenteditable", None)
        if "class" in tag.attrs:
            kept = [name for name in str(tag.attrs["class"]).split() if _is_known(name)]
            tag.attrs["class"] = " ".join(kept)
        if "data-src" in tag.attrs:
            tag.attrs["src"] = tag.attrs.pop("data-src")


def _is_known(name: str) -> bool:
    return name in _CLASSES or name.startswith(_CLASS_STARTS)


def _client(tag: Tag) -> None:
    """Do what the phone's client does to one element."""
    if tag.decomposed:
        return
    if tag.name == "div":
        tag.attrs.pop("style", None)
    if "nodeleaf" in tag.attrs:
        for child in tag.find_all(_BLOCKS, recursive=False):
            child.decompose()
    style = str(tag.attrs.get("style") or "")
    if "font-family" in style or "filter" in style:
        pieces = [_rendered(piece) for piece in markup.declarations(style)]
        tag.attrs["style"] = ";".join(piece for piece in pieces if piece)


def _rendered(declaration: str) -> str:
    """Give a declaration as the client takes it: no Chinese font families, no filters."""
    name, value = markup.split(declaration)
    if name in ("filter", "-webkit-filter", "backdrop-filter"):
        return ""
    if name != "font-family":
        return declaration
    families = [family for family in value.split(",") if not _CHINESE_FONT.search(family)]
    return markup.hidden(f"font-family:{','.join(families)}") if families else ""


def _darken(soup: BeautifulSoup) -> None:
    """Rewrite the inline styles as the page's dark mode does."""
    depths = {id(soup): -1}
    elements = []
    tags = soup.find_all(True)
    for tag in tags:
        depth = depths[id(tag)] = depths[id(tag.parent)] + 1
        pairs = map(markup.split, markup.declarations(str(tag.attrs.get("style") or "")))
        style = {name: value for name, value in pairs if value}
        attributes = {name: markup.shown(value or "") for name, value in tag.attrs.items()}
        has_text = any(map(str.strip, tag.strings))
        elements.append(darkmode.Element(depth, tag.name, style, attributes, has_text))
    for tag, element, night in zip(tags, elements, darkmode.convert(elements), strict=True):
        if night.style != element.style:
            style_text = ";".join(f"{name}:{value}" for name, value in night.style.items())
            tag.attrs["style"] = markup.hidden(style_text)


def _localise(tag: Tag, knows: Callable[[str], bool]) -> None:
    for name in ("src", "href", "xlink:href", "style"):
        value = str(tag.attrs.get(name) or "")
        if "qpic.cn" in value:
            tag.attrs[name] = local(value)
    if tag.name == "img" and not is_local(str(tag.attrs.get("src", ""))):
        tag.attrs.pop("src", None)
    if tag.name == "a" and (found := _SLUG.match(markup.shown(tag.attrs.get("href") or ""))) and knows(found.group(1)):
        tag.attrs["href"] = "/s/" + found.group(1)


def local(address: str) -> str:
    """Give the sandbox's own address of one of WeChat's pictures."""
    return _PICTURE.sub("/", address)


def is_local(address: str) -> bool:
    """Tell whether an address is one of the sandbox's own."""
    return address.startswith("/") and not address.startswith("//") and not is_picture_address(address[1:])
