"""An article's HTML: what WeChat keeps of it, what its structure check objects to, and what quirks make of it.

Sources: round trips draft/add -> draft/get by publishing tools between 2026-04 and 2026-10 (wxart, stylewx, mbeditor),
developers.weixin.qq.com api_draft_add and api_uploadimage; the steps are numbered as they act. The structure check is
`POST /article-bin/verify_article_structure` of wechatjs/verify-article-structure-spec, which `verdict` models.

BeautifulSoup over `html.parser` reads the HTML, and what is not changed is written byte for byte as it came: WeChat
keeps what it does not remove just as it was sent. So character references are hidden from the parser.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import Comment, NavigableString, PreformattedString
from bs4.exceptions import ParserRejectedMarkup

from wxpub import limits, verdict
from wxpub.language import tr
from wxpub.sandbox.call import Answer, Call, Refusal

# --- HTML as a tree and back ------------------------------------------------------------------------------------------

# Stand for "&" and, where nothing begins with it, for "<" inside the tree; noncharacters, which no text may use.
AMP, OPEN = "\ufdd0", "\ufdd1"
VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])

# The tree takes time with the square of its depth; browsers stop at 512, and no real article comes near.
DEEPEST = 1500
_NONCHARACTERS = {ord(AMP): None, ord(OPEN): None}
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")

# Where a declaration list may change state; a character reference's semicolon ends no declaration.
_STYLE_MARK = re.compile(f"{AMP}#?\\w{{1,31}};|[;\"'()]")


class _Everywhere(frozenset[str]):
    """All tags: in none of them white space may be run together."""

    def __contains__(self, name: object) -> bool:
        return True


def parse(markup: str) -> BeautifulSoup:
    """Read a fragment; refuse what `html.parser` gives up on (45166)."""
    source = _ended(markup.translate(_NONCHARACTERS).replace("&", AMP))
    if _depth(source) > DEEPEST:
        raise Refusal(45166)
    try:
        # The empty comment keeps BeautifulSoup from wondering whether a text without tags is a file name.
        soup = BeautifulSoup(
            "<!---->" + source, "html.parser", multi_valued_attributes=None, preserve_whitespace_tags=_Everywhere()
        )
    except (ParserRejectedMarkup, AssertionError) as error:
        raise Refusal(45166) from error
    soup.contents[0].extract()
    return soup


def _ended(markup: str) -> str:
    """Hide every `<` whose tag, comment or section does not end: the parser would look for the end of each anew."""
    for begin, end in (("<!--", "-->"), ("<![", "]]>"), ("<", ">")):
        place = markup.rfind(end) + 1
        markup = markup[:place] + markup[place:].replace(begin, OPEN + begin[1:])
    return markup


def _depth(markup: str) -> int:
    """Estimate how deep the tags are nested, as if every one without an end tag stayed open."""
    depth = deepest = 0
    for mark, name in _TAG.findall(markup):
        if mark:
            depth = max(0, depth - 1)
        elif name.lower() not in VOID:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


# The tree is changed by marks only: `unwrap`, `remove` and `contents`. BeautifulSoup's own steps look an element up
# among all its siblings, which takes time with the square of their number.


def unwrap(tag: Tag) -> None:
    """Leave out a tag, but not what is in it."""
    tag.hidden = True


def remove(tag: Tag) -> None:
    """Leave out a tag with all that is in it."""
    tag.hidden = True
    tag.contents = []


def tags(root: Tag, *, left_out: bool = False) -> Iterator[Tag]:
    """Yield the tags in `root` in the order of the text; they may be changed on the way.

    Those that are unwrapped are yielded only if `left_out` is true.
    """
    stack = list(reversed(root.contents))
    while stack:
        node = stack.pop()
        if isinstance(node, Tag):
            if left_out or not node.hidden:
                yield node
            stack.extend(reversed(node.contents))


def serialise(root: Tag) -> str:
    """Write the children of `root` as HTML."""
    parts: list[str] = []
    # A stack of our own: articles may be nested deeper than Python's reaches. A string in it is finished text.
    stack: list[object] = list(reversed(root.contents))
    while stack:
        node = stack.pop()
        if isinstance(node, Tag) and node.hidden:
            stack.extend(reversed(node.contents))
        elif isinstance(node, Tag):
            parts.append(f"<{node.name}{''.join(_attribute(*pair) for pair in node.attrs.items())}>")
            if node.name not in VOID:
                stack.append(_End(f"</{node.name}>"))
                stack.extend(reversed(node.contents))
        elif isinstance(node, PreformattedString):
            parts.append(f"{node.PREFIX}{node}{node.SUFFIX}")
        elif isinstance(node, _End):
            parts.append(node)
        else:
            parts.append(str(node).replace("<", "&lt;").replace(OPEN, "&lt;"))
    return "".join(parts).replace(AMP, "&").replace(OPEN, "<")


class _End(str):
    """An end tag that waits on the stack."""

    __slots__ = ()


def _attribute(name: str, value: object) -> str:
    text = "" if value is None else str(value)
    if '"' not in text:
        return f' {name}="{text}"'
    return f" {name}='{text}'" if "'" not in text else f' {name}="{text.replace(chr(34), AMP + "quot;")}"'


def shown(value: object) -> str:
    """Return an attribute's or text's value with its character references resolved."""
    return html.unescape(str(value).replace(AMP, "&").replace(OPEN, "<"))


def hidden(text: str) -> str:
    """Return a text in the form in which the tree holds an attribute's value."""
    return html.escape(text.translate(_NONCHARACTERS), quote=True).replace("&", AMP)


def declarations(style: str) -> list[str]:
    """Split a `style` at the semicolons that end declarations: not those in quotes, brackets or references."""
    pieces = []
    start, quote, depth = 0, "", 0
    for match in _STYLE_MARK.finditer(style):
        mark = shown(match.group())  # a reference to a quotation mark is one
        if quote:
            quote = "" if mark == quote else quote
        elif mark in ('"', "'"):
            quote = mark
        elif mark == "(":
            depth += 1
        elif mark == ")":
            depth = max(0, depth - 1)
        elif match.group() == ";" and depth == 0:
            pieces.append(style[start : match.start()])
            start = match.end()
    pieces.append(style[start:])
    return pieces


def split(declaration: str) -> tuple[str, str]:
    """Return a declaration's property (lower case) and value, character references resolved."""
    name, _, value = shown(declaration).partition(":")
    return name.strip().lower(), value.strip()


# --- what is kept -----------------------------------------------------------------------------------------------------

# 1. A draft with one of these is refused as a whole (45166).
_COMPONENTS = frozenset(["mp-miniprogram", "mp-common-miniprogram"])
_MEDIA_ID_SLUG = re.compile(r"mp\.weixin\.qq\.com/s/[A-Za-z0-9_-]{40,}")
_TEMPKEY = re.compile(r"tempkey(=|%3D)", re.IGNORECASE)

# 2. Deleted with all that is in them.
_DELETED = frozenset(
    [
        *("script", "style", "link", "meta", "title", "head", "noscript", "template", "base"),
        *("embed", "object", "applet", "video", "audio", "canvas", "frame", "frameset", "mp-common-videosnap"),
        # What is in these is text to a browser and tags to the parser.
        *("xmp", "plaintext", "noembed", "noframes"),
        *("form", "input", "button", "select", "textarea", "label", "option", "fieldset", "progress", "meter"),
    ]
)
_UNWRAPPED = frozenset(["html", "body"])
_TAG_NAME = re.compile(r"[a-z][\w:.-]*")

# 3. Attributes.
_BOOLEAN = re.compile(r"nodeleaf|data-no-dark|data-ignore-.+")
_NAME = re.compile(r"[^\s\"'<>/=&\ufdd0]+")
_ADDRESSES = frozenset(["href", "src", "xlink:href", "data-src", "action", "formaction", "background", "poster"])
_DANGEROUS = re.compile(r"(?:javascript|vbscript|data)\s*:", re.IGNORECASE)

# 4. Declarations.
_DROPPED = frozenset(["position", "filter", "-webkit-filter", "backdrop-filter", "-webkit-backdrop-filter"])
_COMPUTED = re.compile(r"(?<![\w-])(?:calc|min|max|clamp)\(", re.IGNORECASE)
_URL = re.compile(r"url\(\s*(['\"]?)(.*?)\1\s*\)", re.IGNORECASE | re.DOTALL)
_RAW_QUOTED_URL = re.compile(r"url\(\s*['\"]", re.IGNORECASE)
_PLAIN_DECORATION = re.compile(r"\s*(?:initial|auto)\b", re.IGNORECASE)


class Removed:
    """What the filter took away, counted by description."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def note(self, what: str) -> None:
        """Count one removal."""
        self._counts[what[:200]] += 1

    def to_json(self) -> list[dict[str, object]]:
        """List the removals in the order in which they were first met."""
        return [{"what": what, "times": times} for what, times in self._counts.items()]


def keep(content: str, *, external_links: bool = False) -> tuple[str, list[dict[str, object]]]:
    """Return `content` as WeChat stores it, and what was removed; refuse with 45166 what makes WeChat refuse it all."""
    if "<" not in content:
        return content, []
    soup = parse(content)
    removed = Removed()
    _refuse(soup)
    _delete(soup, removed)
    for tag in tags(soup):
        _attributes(tag, removed)
        _styles(tag, removed)
    for tag in tags(soup):
        if tag.name == "a":
            _link(tag, removed, external_links)
    for tag in tags(soup):
        if tag.name == "img":
            _image(tag, removed)
    _code(soup, removed)
    return serialise(soup), removed.to_json()


def text(content: str) -> str:
    """Return the text of an article's HTML with white space run together, as WeChat takes a digest from it."""
    return " ".join(shown(parse(content).get_text()).split())


def _refuse(soup: BeautifulSoup) -> None:
    for tag in tags(soup):
        if tag.name in _COMPONENTS:
            raise Refusal(45166)
        if tag.name == "a" and "href" in tag.attrs:
            href = shown(tag["href"]).strip()
            dead = href.startswith("#") or (not href and "data-miniprogram-appid" not in tag.attrs)
            if dead or _TEMPKEY.search(href) or _MEDIA_ID_SLUG.search(href):
                raise Refusal(45166)


def _delete(soup: BeautifulSoup, removed: Removed) -> None:
    # Doctypes, CDATA and the like are not part of a fragment, and browsers end comments elsewhere than parsers do.
    for tag in (soup, *tags(soup)):
        kept = [child for child in tag.contents if _stays(child)]
        for _ in range(len(tag.contents) - len(kept)):
            removed.note(tr("comment or declaration"))
        tag.contents = kept
    drawing: set[int] = set()  # what is in an SVG, and the SVG itself
    for tag in tags(soup):
        if tag.name == "svg" or id(tag.parent) in drawing:
            drawing.add(id(tag))
        if tag.name in _DELETED or (tag.name == "iframe" and "video_iframe" in _classes(tag)):
            removed.note(f"<{tag.name}>")
            remove(tag)
        elif tag.name == "iframe":
            removed.note(tr("<iframe>: all attributes and what is in it"))
            tag.contents = []
            tag.attrs.clear()
        elif tag.name == "details":
            removed.note(tr("<details> (the text of <summary> stays)"))
            unwrap(tag)
            tag.contents = [child for child in tag.contents if getattr(child, "name", "") == "summary"][:1]
            for summary in tag.find_all("summary", recursive=False):
                unwrap(summary)
                drawing.update({id(summary)} if id(tag) in drawing else ())
        elif tag.name in _UNWRAPPED or not _TAG_NAME.fullmatch(tag.name) or (tag.name == "a" and id(tag) in drawing):
            removed.note(tr("<{tag}> (what is in it stays)", tag=tag.name))
            unwrap(tag)


def _stays(node: object) -> bool:
    """Whether a node is a tag, text, or a comment that browsers and parsers read alike."""
    plain = isinstance(node, Comment) and not re.search("[<>]|--", node)
    return plain or not isinstance(node, PreformattedString)


def _classes(tag: Tag) -> list[str]:
    return str(tag.get("class", "")).split()


def _attributes(tag: Tag, removed: Removed) -> None:
    for name in list(tag.attrs):
        value = shown(tag.attrs[name] or "")
        dangerous = name in _ADDRESSES and _DANGEROUS.match(re.sub(r"[\x00-\x20]", "", value))
        # A data: image goes with its element below; anywhere else such an address is dropped.
        if dangerous and tag.name == "img" and value.lstrip().lower().startswith("data:"):
            continue
        if (
            dangerous
            or name == "id"
            or name.startswith("on")
            or (name == "width" and tag.name == "img")
            or not _NAME.fullmatch(name)
        ):
            removed.note(tr("attribute {name} (<{tag}>)", name=name, tag=tag.name))
            del tag.attrs[name]
        elif not value and _BOOLEAN.fullmatch(name):
            tag.attrs[name] = name


def _styles(tag: Tag, removed: Removed) -> None:
    style = tag.attrs.get("style")
    if not style:
        return
    if _RAW_QUOTED_URL.search(str(style)):
        removed.note(tr("<{tag}> (quotes in url() of its style; what is in it stays)", tag=tag.name))
        unwrap(tag)
        return
    pieces = declarations(str(style))
    kept = [piece for piece in pieces if not _is_dropped(piece, tag, removed)]
    result = ";".join(_rehosted(piece) for piece in kept)
    if result != style:
        tag.attrs["style"] = result


def _is_dropped(declaration: str, tag: Tag, removed: Removed) -> bool:
    name, value = split(declaration)
    foreign = name in {"background", "background-image"} and any(
        not is_picture_address(url) for _, url in _URL.findall(value)
    )
    underline = name == "text-underline-offset" or (
        name == "text-decoration-thickness" and not _PLAIN_DECORATION.match(value)
    )
    if foreign or underline or name in _DROPPED or _COMPUTED.search(value):
        removed.note(tr("style {name}: {value} (<{tag}>)", name=name, value=value, tag=tag.name))
        return True
    return False


def _rehosted(declaration: str) -> str:
    """Return a declaration with the addresses of WeChat's pictures in the form in which it stores them."""
    if "url(" not in declaration.lower() or "q" not in declaration:
        return declaration
    return _URL.sub(lambda match: match.group().replace(match.group(2), _stored(match.group(2))), declaration)


def is_picture_address(url: str) -> bool:
    """Whether `url` is a picture on one of WeChat's own hosts."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in {"http", "https", ""} and any(
        host == known or host.endswith("." + known) for known in limits.IMAGE_HOSTS
    )


def _stored(url: str) -> str:
    """Return a picture's address as WeChat stores it: https, 640 pixels wide, marked with where it came from.

    `url` may hold hidden ampersands; they stay hidden.
    """
    url = url.strip()
    if url.startswith("http://"):
        url = "https://" + url[7:]
    elif url.startswith("//"):
        url = "https:" + url
    address, mark, query = url.partition("?")
    if address.endswith("/0"):
        address = address[:-1] + "640"
        if "from=appmsg" not in query:
            query = f"{query}{AMP}amp;from=appmsg" if query else "from=appmsg"
        mark = "?"
    return address + mark + query


def _link(tag: Tag, removed: Removed, external_links: bool) -> None:
    href = shown(tag.get("href") or "").strip()
    if href and not _is_article(href) and not (external_links and href.lower().startswith(("http://", "https://"))):
        removed.note(tr("link {url} (its text stays)", url=href))
        unwrap(tag)


def _is_article(href: str) -> bool:
    try:
        parts = urlsplit(href)
        return parts.scheme in {"http", "https"} and parts.hostname == limits.ARTICLE_HOST
    except ValueError:
        return False


def _image(tag: Tag, removed: Removed) -> None:
    source = str(tag.attrs.get("src") or tag.attrs.get("data-src") or "")
    if not is_picture_address(shown(source)):
        removed.note(tr("image {url}", url=shown(source)[:120]) if shown(source) else tr("image without an address"))
        remove(tag)
        return
    # The address keeps the place that `src` had among the attributes.
    tag.attrs = {
        "data-src" if name in {"src", "data-src"} else name: _stored(source) if name in {"src", "data-src"} else value
        for name, value in tag.attrs.items()
    }


def _code(soup: BeautifulSoup, removed: Removed) -> None:
    code: set[int] = set()
    for tag in tags(soup, left_out=True):
        if tag.name not in ("code", "pre") and id(tag.parent) not in code:
            continue
        code.add(id(tag))
        for place, child in enumerate(tag.contents):
            if isinstance(child, NavigableString) and "\n" in child:
                removed.note(tr("line break in code"))
                tag.contents[place] = type(child)(child.replace("\n", ""))


# --- quirks -----------------------------------------------------------------------------------------------------------

OTHER_TEXT = "（平台改写的文字）"
# The data-* attributes that the editor writes or reads itself.
_EDITORS = re.compile(
    r"data-(?:src|w|ratio|type|s|imgfileid|galleryid|croporisrc|backw|backh|fileid|no-dark|ignore-.+|miniprogram-.+|"
    r"weui-theme|pluginname|id|linktype|itemshowtype|lang|textnode|col-pn|formula)"
)
_HOSTS = ("mmbiz.qpic.cn", "mmecoa.qpic.cn", "mmbiz.qlogo.cn")
_HEX = re.compile(r"#([0-9a-fA-F]{6})\b")


def misstored(content: str, quirks: Collection[str]) -> str:
    """Return what is stored of filtered `content` by a WeChat with these quirks."""
    if "empty-content" in quirks:
        return ""
    if not {"drop-data", "other-text"} & set(quirks):
        return content
    soup = parse(content)
    if "drop-data" in quirks:
        for tag in tags(soup):
            tag.attrs = {
                name: value
                for name, value in tag.attrs.items()
                if not name.startswith("data-") or _EDITORS.fullmatch(name)
            }
    if "other-text" in quirks:
        words = soup.find(string=lambda text: bool(text and text.strip()))
        if words is not None:
            words.replace_with(OTHER_TEXT)
    return serialise(soup)


def shown_articles(call: Call, articles: str, with_content: bool) -> list[dict[str, Any]]:
    """Read the articles of a draft or publication as an answer shows them."""
    found: list[dict[str, Any]] = json.loads(articles)
    varying = [name for name in _VARIANTS if name in call.profile.quirks]
    if varying:
        call.store.use(call.appid, "readings")
    for article in found:
        if not with_content:
            del article["content"]
        elif varying:
            reading = call.store.used(call.appid, "readings")
            for name in varying:
                article["content"] = _VARIANTS[name](article["content"], reading)
    return found


def _vary_attributes(content: str, reading: int) -> str:
    soup = parse(content)
    for tag in tags(soup):
        if tag.name == "img":
            own = {"class": "rich_pages wxw-img", "data-type": "png", "data-imgfileid": str(100_000_000 + reading)}
            tag.attrs = {**tag.attrs, **own}
        if "style" in tag.attrs:
            pieces = declarations(str(tag.attrs["style"]))
            tag.attrs["style"] = ("; " if reading % 2 else ";").join(piece.strip() for piece in pieces)
        if reading % 2:
            tag.attrs = dict(reversed(tag.attrs.items()))
    return serialise(soup)


def _vary_pictures(content: str, reading: int) -> str:
    host = _HOSTS[reading % len(_HOSTS)]
    return re.sub(
        r"(?<=://)mmbiz\.qpic\.cn(/[^\s\"'?)]*)(\?)?",
        lambda match: f"{host}{match[1]}?wxfrom={reading}" + ("&amp;" if match[2] else ""),
        content,
    )


def _vary_colours(content: str, reading: int) -> str:
    def written(match: re.Match[str]) -> str:
        red, green, blue = bytes.fromhex(match[1])
        return f"rgb({red}, {green}, {blue})" if reading % 2 else match[0].upper()

    soup = parse(content)
    for tag in tags(soup):
        if "style" in tag.attrs:
            tag.attrs["style"] = _HEX.sub(written, str(tag.attrs["style"]))
    return serialise(soup)


_VARIANTS: Mapping[str, Callable[[str, int], str]] = {
    "attributes-vary": _vary_attributes,
    "pictures-vary": _vary_pictures,
    "colours-vary": _vary_colours,
}


# --- the structure check ----------------------------------------------------------------------------------------------
# What the checker says of each rule that it reports; `verdict` is the checker.

RULES: Mapping[str, str] = {
    "opacity": "图片的透明度不能为 0",
    "caret-color": "光标颜色不能透明",
    "line-height": "行高小于字体大小，可能导致文字重叠",
    "text-align": "对齐不能用 start 或 end",
    "width": "宽度在不同屏幕下不一致，或溢出",
    "height": "有文字的元素高度不能为 0",
    "height-nodisplay": "固定高度导致内容显示不全",
    "pre": "代码块的内容溢出",
    "animate-begin": "由 touchstart 触发的动画也要由 click 触发",
    "nestNodes": "节点嵌套过深",
    "darkmode-low-contrast": "文字与背景色对比度太低",
    "darkmode-whitelist": "此处包含白名单属性，会跳过深色模式转换",
}


def verify(call: Call) -> Answer:
    """Answer `POST /article-bin/verify_article_structure`."""
    content = call.json().get("content")
    if not isinstance(content, str):
        raise Refusal(47001)
    found = violations(content)
    return {
        "isValid": not found,
        "inValidInfo": {
            name: {
                "violateRules": RULES[name],
                "items": [{"paragraphIndex": place, "outerHTML": tag} for place, tag in places],
            }
            for name, places in found.items()
        },
    }


def violations(content: str) -> dict[str, list[tuple[int, str]]]:
    """List the rules that `content` breaks: the paragraph (counted from 0) and the HTML of every place."""
    soup = parse(content)
    root, elements = _nodes(soup)
    places: dict[verdict.Node, int] = {}
    for place, paragraph in enumerate(verdict.paragraphs(root)):
        for node in (*paragraph.walk(), *paragraph.around()):
            places.setdefault(node, place)
    return {
        rule: [(places.get(node, 0), _outer(elements[node])) for node in nodes]
        for rule, nodes in verdict.judge(root).items()
    }


def _nodes(soup: BeautifulSoup) -> tuple[verdict.Node, dict[verdict.Node, Tag]]:
    """Make what the checker reads of a tree, and remember which element is which."""
    root = verdict.Node("")
    nodes, elements = {id(soup): root}, {}
    for child in soup.descendants:
        parent = nodes[id(child.parent)]
        if isinstance(child, Tag):
            pairs = map(split, declarations(str(child.attrs.get("style") or "")))
            attributes = {name: shown(value or "") for name, value in child.attrs.items()}
            node = nodes[id(child)] = verdict.Node(child.name, dict(pairs), attributes, [], parent)
            elements[node] = child
            parent.children.append(node)
        elif type(child) is NavigableString:
            parent.children.append(shown(child))
    return root, elements


def _outer(tag: Tag) -> str:
    """Write an element whole, start tag and all."""
    start = f"<{tag.name}{''.join(_attribute(*pair) for pair in tag.attrs.items())}>".replace(AMP, "&")
    return start if tag.name in VOID else f"{start}{serialise(tag)}</{tag.name}>"
