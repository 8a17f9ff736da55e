"""The author's own HTML, made fit to stand among the elements of the document.

In: a tree whose raw HTML stands as it was written. Out: the same tree, where every raw tag is one that HTML knows and
nothing raw can hide text, close an element of the dialect's or nest without bound. Must not judge what WeChat keeps.

    <model, accuracy>        text: no tag of HTML
    <List<String>>           text
    <!-- … -->, <?php … ?>   gone, as a browser shows them
    </div> without <div>     gone: it could close an element around it
    <b> without </b>         ends where the paragraph or item ends that it stands in
    <html>, <body>           gone: an article has none
    <script> without its end text, as GitHub shows it: it would hide all that follows
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from wxpub.dialect.nodes import LINE, is_raw, raw

DEPTH = 100  # raw elements inside each other
TAGS = frozenset({
    "a", "abbr", "acronym", "address", "area", "article", "aside", "audio", "b", "base", "bdi", "bdo",
    "big", "blockquote", "br", "button", "canvas", "caption", "center", "cite", "code", "col", "colgroup",
    "datalist", "dd", "del", "details", "dfn", "dialog", "dir", "div", "dl", "dt", "em", "embed",
    "fieldset", "figcaption", "figure", "font", "footer", "form", "frame", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hgroup", "hr", "i", "iframe", "img", "input", "ins", "kbd", "label", "legend", "li",
    "link", "main", "map", "mark", "marquee", "menu", "meta", "meter", "nav", "nobr", "noembed", "noframes",
    "noscript", "object", "ol", "optgroup", "option", "output", "p", "param", "picture", "pre", "progress",
    "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "script", "section", "select", "small", "source",
    "span", "strike", "strong", "style", "sub", "summary", "sup", "svg", "table", "tbody", "td", "template",
    "textarea", "tfoot", "th", "thead", "time", "title", "tr", "track", "tt", "u", "ul", "var", "video",
    "wbr", "xmp",
})  # fmt: skip
SVG_TAGS = frozenset({
    "animate", "animatemotion", "animatetransform", "circle", "clippath", "defs", "desc", "ellipse",
    "filter", "foreignobject", "g", "image", "line", "lineargradient", "marker", "mask", "path", "pattern",
    "polygon", "polyline", "radialgradient", "rect", "set", "stop", "symbol", "text", "textpath", "tspan",
    "use",
})  # fmt: skip
SHELL_TAGS = frozenset({"html", "head", "body", "frameset"})
# A browser reads no tags between these and their end; GitHub shows them as text.
TEXT_TAGS = frozenset({"iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"})
VOID_TAGS = frozenset({
    "area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip
# A browser ends these by itself when the next of them starts.
SELF_ENDING_TAGS = frozenset({
    "dd", "dt", "li", "option", "p", "tbody", "td", "tfoot", "th", "thead", "tr",
})  # fmt: skip
_CUSTOM_TAG = re.compile(r"mp[a-z]+|mp-[a-z-]+|qqmusic|wx-[a-z-]+")  # WeChat's own: cards, voices, videos

_MARKUP = re.compile(
    r"""
      <!--(?:>|->|.*?(?P<closed>-->)|.*)           # comment
    | <\?(?:(?!<\?).)*?\?> | <!\[CDATA\[(?:(?!<!\[).)*?\]\]> | <![A-Za-z][^<>]*>
    | <(?P<end>/)?(?P<name>[A-Za-z][A-Za-z0-9-]*)(?P<rest>(?:[\s/](?:[^<>"']|"[^"]*"|'[^']*')*)?)>
    | <
    """,
    re.S | re.X,
)


class Cleaner:
    """Clean the raw HTML of one document, in its order; what one piece opens, a later one beside it may end.

    `too_deep` is the first line where raw elements were nested deeper than DEPTH, `unclosed` the line of a comment
    that hides the rest of its block.
    """

    def __init__(self) -> None:
        self.open: list[str] = []
        self.floor = 0  # what is open below here stands outside the element that is being cleaned
        self.too_deep: int | None = None
        self.unclosed: int | None = None

    def clean(self, root: Element) -> None:
        """Rewrite all raw HTML in `root`."""
        floor, self.floor = self.floor, len(self.open)
        for child in root:
            if is_raw(child):
                child.text = self._piece(child.text or "", int(child.get(LINE, "1")))
            else:
                self.clean(child)
        if len(self.open) > self.floor:
            root.append(raw("".join(f"</{name}>" for name in reversed(self.open[self.floor :])), 0))
            del self.open[self.floor :]
        self.floor = floor

    def _piece(self, html: str, line: int) -> str:
        parts: list[str] = []
        done = counted = 0
        absent: set[str] = set()
        while found := _MARKUP.search(html, done):
            parts.append(html[done : found.start()])
            line += html.count("\n", counted, found.start())
            counted, done = found.start(), found.end()
            name = (found["name"] or "").lower()
            if name in TEXT_TAGS:
                ended = None
                if not found["end"] and name not in absent:
                    ended = re.compile(rf"</{name}\s*>", re.I).search(html, done)
                if ended is None:
                    absent.add(name)
                    parts.append("&lt;" + found[0][1:])
                else:
                    parts.append(_start_tag(found, line) + html[done : ended.end()])
                    done = ended.end()
            elif name:
                parts.append(self._tag(found, name, line))
            elif found[0] == "<":
                parts.append("&lt;")
            elif found[0].startswith("<!--") and found["closed"] is None and len(found[0]) > 6:
                self.unclosed = self.unclosed or line
        parts.append(html[done:])
        return "".join(parts)

    def _tag(self, found: re.Match[str], name: str, line: int) -> str:
        if name in SHELL_TAGS:
            return ""
        if not (name in TAGS or _CUSTOM_TAG.fullmatch(name) or (name in SVG_TAGS and "svg" in self.open)):
            return "&lt;" + found[0][1:]
        return self._end_tag(name) if found["end"] else self._start_tag(found, name, line)

    def _start_tag(self, found: re.Match[str], name: str, line: int) -> str:
        if name in VOID_TAGS or ("svg" in self.open and found["rest"].endswith("/")):
            return _start_tag(found, line)
        while name in SELF_ENDING_TAGS and name in self._near() and self.open[-1] in SELF_ENDING_TAGS:
            self.open.pop()
        if len(self.open) >= DEPTH:
            self.too_deep = self.too_deep or line
            return ""
        self.open.append(name)
        return _start_tag(found, line)

    def _near(self) -> list[str]:
        """Give the innermost open elements: a row's cells and what a browser ends with them."""
        return self.open[max(self.floor, len(self.open) - 4) :]

    def _end_tag(self, name: str) -> str:
        if name not in self.open[self.floor :]:
            return "<br>" if name == "br" else ""
        while self.open.pop() != name:
            pass
        return f"</{name}>"


def _start_tag(found: re.Match[str], line: int) -> str:
    return f'<{found["name"]} {LINE}="{line}"{found["rest"]}>'
