"""An author's own HTML made harmless: any tree in, only elements, attributes, addresses and styles from the lists out.

Everything is decided by what is allowed; what is not known goes. Since no raw-text element, comment or foreign document
stays in the tree, nothing can be read differently when the browser parses it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from wxpub import address, style
from wxpub.conform.content import replace
from wxpub.conform.styles import harmless
from wxpub.limits import ARTICLE_HOST, SVG_ATTRIBUTES, SVG_TAGS, words

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Report = Callable[[str, str, "HtmlElement", str], None]  # rule, message, element, fix

_KEPT = words(
    "section p h1 h2 h3 h4 h5 h6 blockquote ul ol li pre code table thead tbody tfoot tr td th hr br dl dt "
    "dd details summary span strong b em i u s del strike ins mark kbd samp tt var sup sub small big cite "
    "dfn abbr time q label font ruby rt rp rb a img svg"
)
_SECTIONS = words("div article main header footer aside nav hgroup address figure center fieldset dialog")
_RENAMED = {
    **dict.fromkeys(_SECTIONS, "section"),
    "figcaption": "p",
    "legend": "p",
    "caption": "p",
    "menu": "ul",
    "dir": "ul",
}
_SCRIPTS = words("script noscript template style link meta base title head xml")
_PLAYERS = words("iframe frame frameset object embed applet video audio canvas mpvideo mpvoice")
_DROPPED = (
    _SCRIPTS
    | _PLAYERS
    | words(
        "select textarea input option optgroup datalist progress meter math noembed noframes plaintext xmp listing "
        "image bgsound keygen"
    )
)
_ATTRIBUTES = {
    "a": frozenset({"href"}),
    "img": frozenset({"src", "alt", "title", "width", "data-w", "data-ratio"}),
    "td": frozenset({"colspan", "rowspan", "align"}),
    "th": frozenset({"colspan", "rowspan", "align"}),
    "tr": frozenset({"align"}),
    "ol": frozenset({"start", "type", "reversed"}),
    "li": frozenset({"value"}),
    "table": frozenset({"data-ignore-width"}),
    **dict.fromkeys(("section", "p", "h1", "h2", "h3", "h4", "h5", "h6"), frozenset({"align"})),
}
_CLASS = re.compile(r"[A-Za-z][\w-]*")
_BOXES = {False: "☐", True: "☑"}

_UNSEEN = re.compile("[\u200b\ufeff]|[\u200c\u200d](?![\U0001f000-\U0001ffff\u2600-\u27bf\ufe0f])")
_PICTURE_DATA = re.compile(r"data:image/(?:png|jpe?g|gif|webp|bmp)[;,]", re.I)
_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2000-\u200f\u2028-\u202f\ufeff]+")
_SVG_NAMES = {name.lower(): name for name in SVG_ATTRIBUTES}
_BAD_INK = re.compile(r"url\(|javascript:|expression|[<>\\]", re.I)
_INK = re.compile(r"#000(?:000)?|black|#333(?:333)?|rgb\(0,\s*0,\s*0\)", re.I)


_DEEPEST = 100  # levels of nesting; what stands deeper loses its tag, not its text


def sanitise(root: HtmlElement, report: Report) -> None:
    """Leave under `root` only what may reach the page; `report` what a reader would have seen or a script have done."""
    unseen = _UNSEEN.search("".join(root.itertext())) is not None
    stack = [(root, 0)]
    while stack:
        element, depth = stack.pop()
        if unseen:
            _show(element)
        tag = element.tag
        if not isinstance(tag, str):
            replace(element, [])  # a comment or a processing instruction
            continue
        tag = tag.lower()
        if tag == "svg":
            _drawing(element, report)
        elif tag == "input" and (element.get("type") or "").lower() == "checkbox":
            _checkbox(element)
        elif tag in _DROPPED:
            _report_dropped(tag, element, report)
            replace(element, [])
        else:
            stack.extend([(child, depth + 1) for child in element.iterchildren(reversed=True)])
            if element is root or (_RENAMED.get(tag, tag) in _KEPT and depth <= _DEEPEST):
                _element(element, tag, report)
            else:
                element.drop_tag()


def _show(element: HtmlElement) -> None:
    """Drop characters that show nothing but make the editor break lines; a joiner inside an emoji stays."""
    if element.text and _UNSEEN.search(element.text):
        element.text = _UNSEEN.sub("", element.text)
    if element.tail and _UNSEEN.search(element.tail):
        element.tail = _UNSEEN.sub("", element.tail)


def _report_dropped(tag: str, element: HtmlElement, report: Report) -> None:
    if tag in _PLAYERS:
        report("html-lost", f"WeChat takes no <{tag}>", element, "insert it in WeChat's editor, or show a picture")
    elif tag in _SCRIPTS:
        report("html-unsafe", f"<{tag}> never reaches a reader", element, "remove it")


def _element(element: HtmlElement, tag: str, report: Report) -> None:
    proper = _RENAMED.get(tag, tag)
    if proper != element.tag:
        element.tag = proper
    if tag == "figcaption":
        element.set("class", "caption")
    elif tag == "center":
        element.set("align", "center")
    elif tag == "font" and element.get("color"):
        element.set("style", f"color:{element.get('color')};{element.get('style') or ''}")
    _attributes(element, proper, report)
    if tag == "a" and not _is_article(element.get("href") or ""):
        element.tag = "span"
        element.attrib.pop("href", None)


def _attributes(element: HtmlElement, tag: str, report: Report) -> None:
    allowed = _ATTRIBUTES.get(tag, frozenset())
    for name, value in element.items():
        if name == "data-line" or name == "data-note":
            continue
        if name == "style":
            kept = harmless(value, tag)
            if kept:
                element.set("style", kept)
            else:
                del element.attrib[name]
            if re.search(r"expression\s*\(|javascript:", value, re.I):
                report("html-unsafe", "a script in a style never reaches a reader", element, "remove it")
        elif name == "class":
            names = " ".join(_CLASS.findall(value))
            element.set("class", names)
        elif name.lower().startswith("on"):
            del element.attrib[name]
            report("html-unsafe", f"the script in {name}= never reaches a reader", element, "remove it")
        elif name not in allowed or (
            name in ("colspan", "rowspan", "start", "value", "data-w") and not re.fullmatch(r"-?\d{1,6}", value.strip())
        ):
            del element.attrib[name]
        elif name == "src" and not is_safe_source(value):
            del element.attrib[name]
            report("html-unsafe", "the address of a picture is a script or a document", element, "give it a picture")


def is_safe_source(url: str) -> bool:
    """Tell whether a picture may come from `url`: a file, the web, bitmap data, or a QR code to be drawn."""
    url = _CONTROLS.sub("", url)
    if _PICTURE_DATA.match(url):
        return True
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url) is None or re.match(r"https?:|qrcode:", url, re.I) is not None


def _is_article(url: str) -> bool:
    """Tell whether a link leads to an article in WeChat, the only kind that stays alive."""
    target = address.parse(_CONTROLS.sub("", url))
    return target.scheme in ("http", "https") and target.host == ARTICLE_HOST


def _checkbox(element: HtmlElement) -> None:
    tail = (element.tail or "").lstrip(" ")
    element.tail = None
    replace(element, [_BOXES[element.get("checked") is not None] + "\u00a0" + tail])


# --- drawings ---------------------------------------------------------------------------------------------------------


def _drawing(svg: HtmlElement, report: Report) -> None:
    """Keep a drawing's shapes; what needs an id, a script or HTML inside cannot survive."""
    lost: set[str] = set()
    gone: set[HtmlElement] = set()
    for element in list(svg.iter()):
        if element in gone:
            continue
        if not isinstance(element.tag, str):
            replace(element, [])
        elif element.tag.lower() not in SVG_TAGS or (element.tag == "svg" and element is not svg):
            lost.add(element.tag)
            for child in element.iterdescendants():
                gone.add(child)
            replace(element, [])
        else:
            _shape(element)
            if element.tag not in ("text", "tspan"):
                element.text = None
            if (
                element is not svg
                and (parent := element.getparent()) is not None
                and parent.tag not in ("text", "tspan")
            ):
                element.tail = None
    width, height = (re.match(r"\s*([\d.]+)(?:px)?\s*$", svg.get(name) or "") for name in ("width", "height"))
    if svg.get("viewBox") is None and width and height:
        svg.set("viewBox", f"0 0 {width[1]} {height[1]}")
    if svg.get("viewBox") is None or not len(svg):
        report("svg-lost", "a drawing without viewBox or shapes cannot be shown", svg, "use a PNG picture")
        return replace(svg, [])
    found = style.read(svg.get("style") or "")
    for name in ("width", "height"):
        value = svg.attrib.pop(name, "")
        if re.fullmatch(r"[\d.]+(?:px)?", value) and float(value.removesuffix("px")) > 300:
            found["width"] = "100%"
            found.pop("height", None)
            break
        if re.fullmatch(r"[\d.]+(?:px|em|ex|%)?", value):
            found.setdefault(name, value + ("px" if value[-1].isdigit() else ""))
    if found:
        svg.set("style", style.write(found))
    if not svg.get("aria-hidden"):
        svg.set("role", "img")
    if lost - {"title", "desc", "metadata", "animate", "animatetransform", "animatemotion", "set"}:
        names = ", ".join(sorted(lost))
        report("svg-lost", f"a drawing loses what WeChat removes: {names}", svg, "use a PNG picture")
    return None


def _shape(element: HtmlElement) -> None:
    for name, value in list(element.attrib.items()):
        if name in ("data-line",):
            continue
        del element.attrib[name]
        proper = _SVG_NAMES.get(name.lower())
        if proper is None or (proper != "aria-label" and _BAD_INK.search(value)):
            continue
        if proper == "style":
            value = harmless(value, "svg")
        elif proper in ("fill", "stroke") and _INK.fullmatch(value.strip()):
            value = "currentColor"
        if value.strip():
            element.set(proper, value.strip())
