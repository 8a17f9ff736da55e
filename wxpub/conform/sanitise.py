"""An author's own HTML made harmless: any tree in, only elements, attributes, addresses and styles from the lists out.

Everything is decided by what is allowed; what is not known goes. Since no raw-text element, comment or foreign document
stays in the tree, nothing can be read differently when the browser parses it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from wxpub import address, style
from wxpub.finding import Rule, shorten
from wxpub.language import listed, tr
from wxpub.limits import ARTICLE_HOST, CSS_PROPERTIES, SVG_ATTRIBUTES, SVG_TAGS, words
from wxpub.tree import make, replace

if TYPE_CHECKING:
    from lxml.html import HtmlElement

LOST = Rule(
    "html-lost",
    "warning",
    "WeChat takes no such element",
    "insert it in WeChat's editor, or show a picture",
    reader="the address of the video, or the words that stood in the element, where the element should be",
)
UNSAFE = Rule(
    "html-unsafe",
    "warning",
    "scripts never reach a reader",
    "remove it",
    reader="nothing of it",
)
DRAWING_LOST = Rule(
    "svg-lost",
    "warning",
    "a drawing loses what WeChat removes",
    "use a PNG picture",
    reader="the drawing without that part",
)


class Report(Protocol):
    """Takes a finding: the rule that is broken, the element that breaks it, and what there is to say in particular."""

    def __call__(self, rule: Rule, element: HtmlElement, message: str, fix: str | None = None) -> None: ...


_KEPT = words(
    "section p h1 h2 h3 h4 h5 h6 blockquote ul ol li pre code table thead tbody tfoot tr td th hr br dl dt "
    "dd details summary span strong b em i u s del strike ins mark kbd samp tt var sup sub small big cite "
    "dfn abbr time q label font ruby rt rp rb a img svg"
)
_PLAIN = _KEPT - {"a", "font", "svg"}  # kept as they are, but for attributes
_LINE = ["data-line"]
_SECTIONS = words("div article main header footer aside nav hgroup address figure center fieldset dialog")
_RENAMED = {
    **dict.fromkeys(_SECTIONS, "section"),
    "figcaption": "p",
    "legend": "p",
    "caption": "p",
    "menu": "ul",
    "dir": "ul",
}
# What stands in these is hidden by a browser, or by GitHub; all other elements leave their words.
_SCRIPTS = words("script style link meta base title head xml")
_HIDDEN = _SCRIPTS | words("textarea noembed noframes plaintext xmp listing image bgsound keygen")
_PLAYERS = {
    "video": "视频",
    "mpvideo": "视频",
    "audio": "音频",
    "mpvoice": "音频",
    **dict.fromkeys(("iframe", "frame", "embed", "object", "applet"), "嵌入内容"),
    # Cards of WeChat's editor. Whether draft/add keeps one that has every attribute of the editor's is unverified.
    "mp-common-profile": "公众号",
    "mp-common-miniprogram": "小程序",
    "mp-miniprogram": "小程序",
    "mp-common-videosnap": "视频号",
    "mp-common-mpaudio": "音频",
    "qqmusic": "音乐",
    "mp-common-qqmusic": "音乐",
}
_CARD_NAMES = (
    "data-nickname",
    "data-miniprogram-title",
    "data-miniprogram-nickname",
    "music_name",
    "data-title",
    "name",
)
_FRAMES = frozenset({"iframe", "frame"})  # what stands in them is shown by no browser
_OWN = re.compile(r"(?:mp|wx|qqmusic)[a-z-]*")  # elements of WeChat's editor
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
_LIVE = frozenset({"http", "https", "mailto", "tel", "sms"})
_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2000-\u200f\u2028-\u202f\ufeff]+")
_SVG_NAMES = {name.lower(): name for name in SVG_ATTRIBUTES}
_BAD_INK = re.compile(r"url\(|javascript:|expression|[<>\\]", re.I)
_INK = re.compile(r"#000(?:000)?|black|#333(?:333)?|rgb\(0,\s*0,\s*0\)", re.I)


_DEEPEST = 100  # levels of nesting; what stands deeper loses its tag, not its text


def sanitise(root: HtmlElement, report: Report, *, live_links: bool = False) -> None:
    """Leave under `root` only what may reach the page; `report` what a reader would have seen or a script have done.

    With `live_links` every link to the web, to a heading or to a person stays, else those to articles in WeChat.
    """
    text = "".join(root.itertext())
    unseen = any(each in text for each in "\u200b\ufeff\u200c\u200d")
    stack = [(root, 0)]
    while stack:
        element, depth = stack.pop()
        if unseen:
            _show(element)
        tag = element.tag
        children = [(child, depth + 1) for child in element.iterchildren(reversed=True)] if len(element) else []
        if tag in _PLAIN and depth <= _DEEPEST:  # nearly all that Markdown makes
            names = element.keys()
            if names and names != _LINE:
                _attributes(element, tag, report)
            stack += children
        elif not isinstance(tag, str):
            replace(element, [])  # a comment or a processing instruction
        elif _stays(element, tag.lower(), element is root or depth <= _DEEPEST, report):
            stack += children
    for a in list(root.iter("a")):
        if not _is_kept(a.get("href") or "", live_links):
            a.tag = "span"
            a.attrib.pop("href", None)


def _stays(element: HtmlElement, tag: str, shallow: bool, report: Report) -> bool:
    """Treat an element that is not plain; return whether its content stays, to be looked at as well."""
    if tag == "svg":
        if not any(isinstance(each.tag, str) and each.tag.lower() in SVG_TAGS for each in element):
            report(DRAWING_LOST, element, tr("a drawing without shapes cannot be shown"))
            element.drop_tag()
            return True
        _drawing(element, report)
    elif tag == "input" and (element.get("type") or "").lower() == "checkbox":
        _checkbox(element)
    elif tag in _PLAYERS:
        return _player(element, tag, report)
    elif tag in _HIDDEN:
        report(UNSAFE if tag in _SCRIPTS else LOST, element, tr("<{tag}> never reaches a reader", tag=tag))
        replace(element, [])
    elif shallow and _RENAMED.get(tag, tag) in _KEPT:
        _element(element, tag, report)
        return True
    else:
        if _OWN.fullmatch(tag):
            report(LOST, element, tr("WeChat takes no <{tag}>", tag=tag))
        element.drop_tag()
        return True
    return False


def _player(element: HtmlElement, tag: str, report: Report) -> bool:
    """Print the address of what plays, or shows another page, or else its name; return whether the words in it stay."""
    nodes = [element, *element.iter("source", "embed", "param")]
    found = (node.get(name) or "" for node in nodes for name in ("src", "data", "data-src"))
    link = next(filter(None, (_web(_CONTROLS.sub("", each)) for each in found)), "")
    said, left = tr("WeChat takes no <{tag}>", tag=tag), link
    if link:
        said = tr("WeChat takes no <{tag}>; its address is printed: {address}", tag=tag, address=shorten(link, 120))
    elif _OWN.fullmatch(tag):
        left = next(filter(None, ((element.get(name) or "").strip() for name in _CARD_NAMES)), "")
        if left:
            said = tr("WeChat takes no <{tag}>; its name is printed: {name}", tag=tag, name=shorten(left, 120))
    report(LOST, element, said)
    if left:
        printed = make("p", content=[f"{_PLAYERS[tag]}：{left}"])
        if line := element.get("data-line"):
            printed.set("data-line", line)
        element.addprevious(printed)
    if tag in _FRAMES:
        replace(element, [])
        return False
    element.drop_tag()
    return True


def _web(url: str) -> str:
    """Return an address of the web in full, "" for any other."""
    url = f"https:{url}" if url.startswith("//") else url
    return url if re.match(r"https?://", url, re.I) else ""


def _show(element: HtmlElement) -> None:
    """Drop characters that show nothing but make the editor break lines; a joiner inside an emoji stays."""
    if element.text and _UNSEEN.search(element.text):
        element.text = _UNSEEN.sub("", element.text)
    if element.tail and _UNSEEN.search(element.tail):
        element.tail = _UNSEEN.sub("", element.tail)


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
                report(UNSAFE, element, tr("a script in a style never reaches a reader"))
        elif name == "class":
            element.set("class", " ".join(_CLASS.findall(value)))
        elif name.lower().startswith("on"):
            del element.attrib[name]
            report(UNSAFE, element, tr("the script in {attribute}= never reaches a reader", attribute=name))
        elif name not in allowed or (
            name in ("colspan", "rowspan", "start", "value", "data-w") and not re.fullmatch(r"-?\d{1,6}", value.strip())
        ):
            del element.attrib[name]
        elif name == "src" and not is_safe_source(value):
            del element.attrib[name]
            if re.match(r"[A-Za-z]:[\\/]", value):
                said = tr("the picture is named by a path of one computer: {path}", path=shorten(value, 60))
                fix = tr("put it into the newsletter's project, and write its path from the issue's folder, with /")
            else:
                said = tr("the address of a picture is a script or a document")
                fix = tr("give it a picture")
            report(UNSAFE, element, said, fix)


def is_safe_source(url: str) -> bool:
    """Whether an image may come from `url`: a file, the web, bitmap data, or a QR code or a diagram to be drawn."""
    url = _CONTROLS.sub("", url)
    if _PICTURE_DATA.match(url):
        return True
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url) is None:
        return True
    return re.match(r"https?:|qrcode:|diagram:", url, re.I) is not None


def _is_kept(url: str, live_links: bool) -> bool:
    """Whether a link stays alive: in WeChat one to its own articles, with `live_links` all that do no harm."""
    url = _CONTROLS.sub("", url)
    target = address.parse(url)
    if live_links:
        return target.scheme in _LIVE or (bool(url) and ":" not in url.partition("/")[0])
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
            parent = element.getparent()
            if element is not svg and parent is not None and parent.tag not in ("text", "tspan"):
                element.tail = None
    width, height = (re.match(r"\s*([\d.]+)(?:px)?\s*$", svg.get(name) or "") for name in ("width", "height"))
    if svg.get("viewBox") is None and width and height:
        svg.set("viewBox", f"0 0 {width[1]} {height[1]}")
    if svg.get("viewBox") is None or not len(svg):
        report(DRAWING_LOST, svg, tr("a drawing without viewBox or shapes cannot be shown"))
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
    if lost := lost - {"title", "desc", "metadata"}:
        names = listed(sorted(lost))
        report(DRAWING_LOST, svg, tr("a drawing loses what WeChat removes: {names}", names=names))
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


# --- styles -----------------------------------------------------------------------------------------------------------

_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.S)
_URL = re.compile(r"url\(\s*([^)]*?)\s*\)", re.I)
_MODEST = re.compile(r"url(?=\()|(?<=[\d.])rem\b|#(?:[0-9a-f]{4}){1,2}\b", re.I)
_FLAT = re.compile(
    r"gradient\(", re.I
)  # at night WeChat makes it one colour behind text; a theme knows where there is none
_HEX_ALPHA = re.compile(r"#((?:[0-9a-f]{4}){1,2})\b", re.I)
_DISPLAYS = re.compile(r"block|inline|inline-block|flex|table(-\w+)*|list-item")
# Values that hide text, overlap it or run off the page, by property.
_LASTING: dict[str, Callable[[str], bool]] = {
    "display": lambda value: _DISPLAYS.fullmatch(value) is not None,
    "opacity": lambda value: _number(value) >= 0.1,
    "font-size": lambda value: _number(value) >= (8 if value.endswith("px") else 0.5),
    "line-height": lambda value: not re.fullmatch(r"[\d.]+", value) or _number(value) >= 1.2,
    "white-space": lambda value: value in ("normal", "nowrap"),
    "font-family": lambda value: re.search(r"mono|menlo|consolas|courier", value, re.I) is not None,
    "text-align": lambda value: value in ("left", "right", "center", "justify"),
    "overflow": lambda value: " " not in value,
}


def harmless(text: str, tag: str = "section") -> str:
    """Keep of the style attribute `text` of a `tag` what can reach a reader."""
    kept = {}
    for name, value in style.read(re.sub(r"\s+", " ", _COMMENT.sub("", text))).items():
        value = re.sub(r"\s*!\s*important", "", value, flags=re.I)
        if name in CSS_PROPERTIES and _is_sound(value):
            value = _modest(name, value)
            if _lasts(name, value, tag):
                kept[name] = value
    return style.write(kept)


def _is_sound(value: str) -> bool:
    """Whether a value is whole, reaches a reader, and shows no image from elsewhere.

    WeChat's own images may stand in a style, and what `_modest` can say for old phones may be said otherwise.
    """
    if not all(map(is_wechat_picture, _URL.findall(value))):
        return False
    return not _FLAT.search(value) and not style.value_fault(_MODEST.sub("", value))


def _modest(name: str, value: str) -> str:
    """Say the same in a way that old phones know."""
    value = re.sub(r"(?<=[\d.])rem\b", "em", value.replace('"', "'"))
    value = _HEX_ALPHA.sub(_with_alpha, value)
    return {"start": "left", "end": "right"}.get(value, value) if name == "text-align" else value


def _with_alpha(match: re.Match[str]) -> str:
    digits = match[1] if len(match[1]) == 8 else "".join(digit * 2 for digit in match[1])
    red, green, blue, alpha = bytes.fromhex(digits)
    return f"rgba({red},{green},{blue},{alpha / 255:.2g})"


def _lasts(name: str, value: str, tag: str) -> bool:
    if name in _LASTING:
        return _LASTING[name](value)
    if name.startswith("margin"):
        return not re.search(r"-(?:(?:2\d|[3-9]\d|\d{3,})(?:\.\d+)?px|[\d.]+%)", value)
    if tag not in ("img", "svg") and re.fullmatch(r"(min-|max-)?(width|height)", name):
        return not name.endswith("height") and (not value.endswith("px") or _number(value) <= style.SMALL)
    return not (tag == "img" and name == "height")


def _number(value: str) -> float:
    match = re.match(r"\d*\.?\d+", value)
    return float(match[0]) if match else 0.0


def is_wechat_picture(url: str) -> bool:
    """Whether an image is served by WeChat; draft/add drops every other from a style, and all in quotes."""
    target = address.parse(url)
    return target.scheme == "https" and target.hosted
