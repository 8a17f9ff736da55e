"""The elements of a document: those of its blocks, and those of its author's own HTML.

In: the tree of blocks. Out: the tree of elements as GitHub renders it, and what the author should know. Must not read
Markdown beyond what GitHub and this dialect put on top of blocks: alerts, `[TOC]`, tasks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from lxml import etree, html
from lxml.html import HtmlElement

from wxpub.dialect import blocks, inlines
from wxpub.dialect.inlines import LINE, RAW, Element, Scope
from wxpub.dialect.syntax import Pattern
from wxpub.finding import Finding, Rule, shorten
from wxpub.language import tr
from wxpub.tree import PARSER, make

COMMENT_UNCLOSED = Rule(
    "comment-unclosed",
    "warning",
    "a comment that never ends hides the text behind it",
    "end it with -->",
    reader="the article up to the place where the comment begins, and nothing of what comes behind it",
)
FOOTNOTE_UNUSED = Rule(
    "footnote-unused",
    "warning",
    "a footnote that nothing refers to is not printed",
    "refer to it with [^…], or delete it",
    reader="nothing of the footnote",
)
FOOTNOTE_REPEATED = Rule(
    "footnote-repeated",
    "warning",
    "a second footnote of the same label is not printed",
    "give it a label of its own",
    reader="the first footnote of this name in both places",
)
CELLS_DROPPED = Rule(
    "cells-dropped",
    "warning",
    "a table's row has more cells than its head; the rest is not shown",
    "add columns above",
    reader="a row that ends with the last column of the head",
)
FENCE_UNCLOSED = Rule(
    "fence-unclosed",
    "warning",
    "a code block never ends, so everything below is code",
    "end it with such a line",
    reader="the rest of the article in a grey box, as code",
)
CONTAINERS_TOO_DEEP = Rule(
    "containers-too-deep",
    "warning",
    "quotes and lists are nested too deeply; further markers stay text",
    "nest less",
    reader="> and - signs among the words",
)
EMPHASIS_TOO_DEEP = Rule(
    "emphasis-too-deep",
    "warning",
    "emphasis is nested too deeply; what is further inside is plain",
    "nest less",
    reader="plain words where stress was meant",
)
HTML_TOO_DEEP = Rule(
    "html-too-deep",
    "warning",
    "HTML is nested too deeply; what is further inside is left out",
    "nest less",
    reader="nothing of what stands deepest inside",
)
TAG_DROPPED = Rule(
    "tag-dropped",
    "warning",
    "a tag that no article can have is left out, as on GitHub; its words stay",
    "put it between backticks if readers are to see it",
    reader="a sentence in which the name of the tag is missing",
)
TAG_SHOWN = Rule(
    "tag-shown",
    "warning",
    "a tag that HTML does not have is shown to readers as it is written",
    "take it out, or put it between backticks if readers are to see it",
    reader="the tag itself, in angle brackets, among the words",
)
RULES = (
    COMMENT_UNCLOSED,
    FOOTNOTE_UNUSED,
    FOOTNOTE_REPEATED,
    CELLS_DROPPED,
    FENCE_UNCLOSED,
    CONTAINERS_TOO_DEEP,
    EMPHASIS_TOO_DEEP,
    HTML_TOO_DEEP,
    TAG_DROPPED,
    TAG_SHOWN,
)


ALERTS = {"note": "说明", "tip": "提示", "important": "重要", "warning": "警告", "caution": "当心"}
_ALERT = Pattern(r"\[!(note|tip|important|warning|caution)\][ \t]*$", re.I)
EXPANSION = 100_000  # characters that the references of a short document may expand to; cmark has the same bound


def tree(
    document: blocks.Document, path: Path | None = None, *, hard_breaks: bool = False
) -> tuple[HtmlElement, tuple[Finding, ...]]:
    """Make the article's tree, whose root is a `section`, and find what the author of `path` should know."""
    root: HtmlElement = make("section")
    scope = scope_of(document, etree.SubElement, hard_breaks=hard_breaks)

    def read(element: Element, text: str, line: int) -> None:
        inlines.fill(element, text, line, scope)

    builder = Builder(scope, read)
    builder.add_all(root, document.children)
    unused = builder.add_footnotes(root, document)
    cleaner = Cleaner()
    if scope.hosts:
        cleaner.clean(root, scope.hosts)
        _strip(root)
    return root, findings(document, scope, cleaner, unused, path)


def _strip(root: HtmlElement) -> None:
    """Take away the white space around everything, which the author's own HTML leaves there."""
    root.text = (root.text or "").lstrip() or None
    if len(root):
        root[-1].tail = (root[-1].tail or "").rstrip() or None
    else:
        root.text = (root.text or "").rstrip() or None


def scope_of(
    document: blocks.Document,
    make: Callable[[Element, str, dict[str, str]], Element],
    verbatim: Callable[[str], str] = str,
    *,
    hard_breaks: bool,
) -> Scope:
    """Return what the inlines of `document` need to know."""
    labels = {key: note.label for key, note in document.footnotes.items()}
    return Scope(document.references, labels, max(EXPANSION, document.size), hard_breaks, make, verbatim)


def findings(
    document: blocks.Document,
    scope: Scope,
    cleaner: Cleaner,
    unused: Iterable[blocks.Footnote],
    path: Path | None,
) -> tuple[Finding, ...]:
    """Gather what every stage has noticed, by line."""
    once = {
        FENCE_UNCLOSED: document.unclosed,
        CONTAINERS_TOO_DEEP: document.too_deep,
        EMPHASIS_TOO_DEEP: scope.too_deep,
        HTML_TOO_DEEP: cleaner.too_deep,
        COMMENT_UNCLOSED: cleaner.unclosed,
    }
    found = [
        *(
            FOOTNOTE_UNUSED.find(tr("nothing refers to footnote [^{label}]", label=note.label), path, note.line)
            for note in unused
        ),
        *(
            FOOTNOTE_REPEATED.find(
                tr("footnote [^{label}] is defined above; this one is not printed", label=note.label), path, note.line
            )
            for note in document.repeated
        ),
        *(CELLS_DROPPED.find(path=path, line=line) for line in document.crowded),
        *(
            TAG_DROPPED.find(tr("the tag <{tag}> is left out, as on GitHub; its words stay", tag=name), path, line)
            for name, line in cleaner.dropped
        ),
        *(
            TAG_SHOWN.find(
                tr("{tag} is not HTML, so readers see it as it is written", tag=shorten(tag, 60)), path, line
            )
            for tag, line in cleaner.shown.values()
        ),
        *(rule.find(path=path, line=line) for rule, line in once.items() if line is not None),
    ]
    return tuple(sorted(found, key=lambda finding: finding.line or 0))


# --- blocks -----------------------------------------------------------------------------------------------------------


class Builder:
    """Make the elements of blocks; `read` is called with each piece of inline Markdown: element, text and line."""

    def __init__(self, scope: Scope, read: Callable[[Element, str, int], None]) -> None:
        self.scope = scope
        self.make = scope.make
        self.read = read

    def add_all(self, parent: Element, children: list[blocks.Block], *, loose: bool = True) -> None:
        """Append the elements of `children` to `parent`; if it is not `loose`, its paragraphs are text of its own."""
        for block in children:
            if isinstance(block, blocks.Paragraph) and not loose:
                self.read(parent, block.text, block.line)
            else:
                self._add(parent, block)

    def add_footnotes(self, root: Element, document: blocks.Document) -> list[blocks.Footnote]:
        """Append the footnotes in the order in which the text, or one of them, first refers to them.

        Return those that nothing refers to.
        """
        notes = {note.label: note for note in document.footnotes.values()}
        if not notes:
            return []
        waiting = _references(root)
        section: Element = None
        for label in waiting:  # grows while it is walked
            if label in notes:
                if section is None:
                    section = self.make(root, "section", {"class": "footnotes"})
                note = notes.pop(label)
                element = self.make(section, "section", {"class": "footnote", "data-note": label, LINE: str(note.line)})
                self.add_all(element, note.children)
                waiting += _references(element)
        return list(notes.values())

    def _add(self, parent: Element, block: blocks.Block) -> None:
        if isinstance(block, blocks.Paragraph):
            self._add_paragraph(parent, block)
        elif isinstance(block, blocks.List):
            self._add_list(parent, block)
        elif isinstance(block, blocks.Heading):
            self.read(self._element(parent, f"h{block.level}", block.line), block.text, block.line)
        elif isinstance(block, blocks.Quote):
            self._add_quote(parent, block)
        elif isinstance(block, blocks.Rule):
            self._element(parent, "hr", block.line)
        elif isinstance(block, blocks.Include):
            self._element(parent, "section", block.line).set("data-block", block.name)
        elif isinstance(block, blocks.Html):
            self.scope.raw(parent, "".join(f"{line}\n" for line in block.lines), block.line)
        elif isinstance(block, blocks.Math):
            self._add_math(parent, "\n".join(block.lines).strip("$"), block.line)
        elif isinstance(block, blocks.Verbatim):
            self._add_code(parent, block)
        elif isinstance(block, blocks.Table):
            self._add_table(parent, block)

    def _element(self, parent: Element, tag: str, line: int) -> Element:
        return self.make(parent, tag, {LINE: str(line)})

    def _add_paragraph(self, parent: Element, block: blocks.Paragraph) -> None:
        text = block.text
        if text in ("[TOC]", "[toc]"):
            self._element(parent, "section", block.line).set("class", "toc")
        else:
            self.read(self._element(parent, "p", block.line), text, block.line)

    def _add_list(self, parent: Element, block: blocks.List) -> None:
        element = self.make(parent, "ul" if block.start is None else "ol", {})
        if block.start not in (None, 1):
            element.set("start", str(block.start))
        loose = block.loose
        for item in block.children:
            if isinstance(item, blocks.Item):
                self._add_item(element, item, loose)

    def _add_item(self, parent: Element, item: blocks.Item, loose: bool) -> None:
        element = self._element(parent, "li", item.line)
        if item.task is not None:
            element.set("class", "task")
            box = self.make(element, "input", {"type": "checkbox", "disabled": ""})
            if item.task:
                box.set("checked", "")
        self.add_all(element, item.children, loose=loose)

    def _add_quote(self, parent: Element, block: blocks.Quote) -> None:
        first = block.children[0] if block.children else None
        found = _ALERT.match(first.lines[0]) if isinstance(first, blocks.Paragraph) else None
        if found is None or not isinstance(first, blocks.Paragraph):
            self.add_all(self._element(parent, "blockquote", block.line), block.children)
            return
        kind = found[1].lower()
        alert = self._element(parent, "section", block.line)
        alert.set("class", f"alert alert-{kind}")
        title = self._element(alert, "p", block.line)
        title.set("class", "alert-title")
        title.text = self.scope.verbatim(ALERTS[kind])
        if len(first.lines) > 1:
            rest = blocks.Paragraph(first.line + 1, first.lines[1:])
            self._add_paragraph(alert, rest)
        self.add_all(alert, block.children[1:])

    def _add_math(self, parent: Element, tex: str, line: int) -> None:
        element = self._element(parent, "section", line)
        element.set("class", "math")
        element.text = self.scope.verbatim(tex.strip())

    def _add_code(self, parent: Element, block: blocks.Verbatim) -> None:
        lines, language = block.lines, ""
        if isinstance(block, blocks.FencedCode):
            language = next(iter(block.info.split(maxsplit=1)), "")
            if language == "math":
                self._add_math(parent, "\n".join(lines), block.line)
                return
        else:
            while lines and not lines[-1].strip(" \t"):
                lines.pop()
        code = self.make(self._element(parent, "pre", block.line), "code", {})
        if language:
            code.set("class", f"language-{language}")
        code.text = self.scope.verbatim("".join(f"{line}\n" for line in lines))

    def _add_table(self, parent: Element, block: blocks.Table) -> None:
        table = self._element(parent, "table", block.line)
        (line, head), *body = block.rows
        self._add_row(self.make(table, "thead", {}), "th", line, head, block.columns)
        if body:
            rows = self.make(table, "tbody", {})
            for line, cells in body:
                self._add_row(rows, "td", line, cells, block.columns)

    def _add_row(self, parent: Element, tag: str, line: int, cells: list[str], columns: list[str]) -> None:
        row = self._element(parent, "tr", line)
        for cell, alignment in zip(cells, columns, strict=True):
            element = self.make(row, tag, {"align": alignment} if alignment else {})
            if cell:
                self.read(element, cell, line)


def _references(root: Element) -> list[str]:
    return [sup.get("data-note", "") for sup in root.iter("sup") if sup.get("class") == "footnote-ref"]


# --- the author's own HTML --------------------------------------------------------------------------------------------

HTML_DEPTH = 100  # raw elements inside each other
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
# No article can have these, and their words stay: an element of theirs would hide them.
_DISSOLVED = frozenset({
    "canvas", "datalist", "meter", "noscript", "optgroup", "option", "progress", "select", "template",
})  # fmt: skip
# Only what has an end is an element: else it would hold, or hide, all that follows.
_PLAYERS = frozenset({"audio", "object", "video"})
_ENDED = frozenset({"svg", "table"}) | _PLAYERS
_CHILDLESS = frozenset({"embed", "source", "track", "wbr"})  # libxml2 does not know that they have no content
# Parts of a table, which inside a cell of Markdown's would end that cell.
_PARTS = frozenset({"caption", "col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"})
_CUSTOM_TAG = Pattern(r"mp[a-z]+|mp-[a-z-]+|qqmusic|wx-[a-z-]+")  # WeChat's own: cards, voices, videos

_MARKUP = Pattern(
    r"""
      <!--(?:>|->|.*?(?P<closed>-->)|.*)           # comment
    | <\?(?:(?!<\?).)*?\?> | <!\[CDATA\[(?:(?!<!\[).)*?\]\]> | <![A-Za-z][^<>]*>
    | <(?P<end>/)?(?P<name>[A-Za-z][A-Za-z0-9-]*)(?P<rest>(?:[\s/](?:[^<>"']|"[^"]*"|'[^']*')*)?)>
    | <
    """,
    re.S | re.X,
)


# What a piece of raw HTML, or the dialect, opens inside these never ends them.
_CONTAINERS = frozenset({"section", "blockquote"})


class Cleaner:
    """Make the raw HTML of one document safe, in its order, and put its elements into the tree.

    What one piece opens, a later one beside it may end: `<div align=center>`, Markdown, `</div>`. But raw HTML
    cannot end an element of the dialect's, hide text, or nest without bound:

        <model, accuracy>        text: not a tag of HTML
        <List<String>>           text
        <!-- … -->, <?php … ?>   gone, as a browser shows them
        </div> without <div>     gone
        <b> without </b>         ends where the paragraph or item ends that it stands in
        <svg> without </svg>     gone, and its words stay; the same for a table
        <video> without </video> ends at once: what follows is no part of it
        <select>, <template>     gone, with or without an end, and their words stay
        <html>, <body>           gone: an article has none
        <script> without its end text, as GitHub shows it: it would hide all that follows

    `too_deep` is the first line where raw elements were nested deeper than HTML_DEPTH, `unclosed` the line of a comment
    that hides the rest of its block, `dropped` has names and lines of tags that went although an author may miss them,
    `shown` by name the first tag that became text although it is written like a page's, not like an example's.
    """

    def __init__(self) -> None:
        self.open: list[str] = []
        self.starts: list[tuple[list[str], int, int]] = []  # of each that is open: its piece, the place in it, its line
        self.floor = 0  # what is open below here stands outside the element that is being cleaned
        self.in_cell = False  # whether a cell of Markdown's is being cleaned
        self.too_deep: int | None = None
        self.unclosed: int | None = None
        self.dropped: list[tuple[str, int]] = []
        self.shown: dict[str, tuple[str, int]] = {}

    def clean(self, root: HtmlElement, hosts: list[HtmlElement]) -> None:
        """Replace the raw HTML inside the `hosts`, all of them in `root`, by its elements."""
        around = {*hosts}
        for host in hosts:
            for element in host.iterancestors():
                if element in around:
                    break
                around.add(element)
        self._clean_inside(root, around)

    def clean_text(self, host: Element) -> None:
        """Make the raw HTML inside `host` safe to be written among the elements, and leave it as text."""
        floor, self.floor, self.in_cell = self.floor, len(self.open), host.tag in ("td", "th")
        pieces: list[tuple[Element, list[str]]] = []
        for child in host:
            if child.tag == RAW:
                pieces.append((child, self._piece(child.text or "", int(child.get(LINE, "1")))))
            else:
                self.clean_text(child)
        if rest := self._end_tags():
            host.append(host.makeelement(RAW, {}))
            host[-1].text = rest
        for child, parts in pieces:
            child.text = "".join(parts)
        self.floor = floor

    def _end_tags(self) -> str:
        """End what is still open in the element that is being cleaned; return the tags that do it."""
        tags = []
        while len(self.open) > self.floor:
            tags.append(self._end_unended())
        return "".join(tags)

    def _end_unended(self) -> str:
        """End the innermost open element, whose own end tag is missing; return the tag that does it."""
        name, (parts, at, line) = self.open.pop(), self.starts.pop()
        if name not in _ENDED:
            return f"</{name}>"
        if name in _PLAYERS and " src=" in parts[at]:
            parts[at] += f"</{name}>"
        else:
            parts[at] = ""
            self.dropped.append((name, line))
        return ""

    def _clean_inside(self, host: HtmlElement, around: set[HtmlElement]) -> list[HtmlElement]:
        """Clean what `host` holds; return what stands in its place, which is more where a raw tag ended it."""
        groups: list[list[HtmlElement]] = []  # from a raw tag that opens something to the one that ends it
        pieces: list[tuple[HtmlElement, list[str]]] = []
        floor, self.floor, self.in_cell = self.floor, len(self.open), host.tag in ("td", "th")
        for child in list(host):
            inside = len(self.open) > self.floor
            if child.tag == RAW:
                pieces.append((child, self._piece(child.text or "", int(child.get(LINE, "1")))))
                if not inside:
                    groups.append([])
                groups[-1].append(child)
            else:
                nodes = self._clean_inside(child, around) if child in around else [child]
                if inside:
                    groups[-1] += nodes
        if rest := self._end_tags():
            groups[-1].append(etree.SubElement(host, RAW))
            groups[-1][-1].text = rest
        for child, parts in pieces:
            child.text = "".join(parts)
        self.floor = floor
        if groups and host.tag not in _CONTAINERS:
            return self._read_whole(host)
        for group in groups:
            self._read_group(host, group)
        return [host]

    def _read_group(self, host: HtmlElement, group: list[HtmlElement]) -> None:
        """Replace some children of `host` by what their HTML says."""
        place = host.index(group[0])
        parts: list[str] = []
        slots: list[HtmlElement] = []
        _write(group, parts, slots)
        body = self._read("".join(parts), slots)
        for child in group:
            if child.tag == RAW:
                host.remove(child)
        if body.text and place:
            host[place - 1].tail = (host[place - 1].tail or "") + body.text
        elif body.text:
            host.text = (host.text or "") + body.text
        host[place:place] = list(body)

    def _read_whole(self, host: HtmlElement) -> list[HtmlElement]:
        """Replace `host` by what its HTML says; return all that stands in its place."""
        parent, tail = host.getparent(), host.tail
        assert parent is not None
        place = parent.index(host)
        parts = [f'<{host.tag} {LINE}="-1">', _escape(host.text or "")]
        slots = [host]
        _write(host, parts, slots)
        body = self._read("".join([*parts, f"</{host.tag}>"]), slots, host)
        nodes = list(body)
        if tail:
            nodes[-1].tail = (nodes[-1].tail or "") + tail
        parent[place:place] = nodes
        return nodes

    def _read(self, text: str, slots: list[HtmlElement], host: HtmlElement | None = None) -> HtmlElement:
        """Parse HTML and put the elements of `slots` where their places are kept; return its body.

        The place of `host`, if it is among them, holds its new content.
        """
        body: HtmlElement = html.document_fromstring(f"<html><body>{text}</body></html>", parser=PARSER)[0]
        for place in list(body.iter()):
            line = place.get(LINE)
            if not line or line[0] != "-":
                continue
            element: Element = slots[int(line[1:]) - 1]
            around = place.getparent()
            if host is not None and element is host:
                for child in list(element):
                    element.remove(child)
                element.text = place.text
                element.extend(list(place))
            element.tail = place.tail
            assert around is not None
            around.replace(place, element)
        return body

    def _piece(self, html: str, line: int) -> list[str]:
        """Clean one piece of HTML; a start tag in what is returned may still go, if its end does not come."""
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
                    ended = Pattern(rf"</{name}\s*>", re.I).search(html, done)
                if ended is None:
                    absent.add(name)
                    parts.append("&lt;" + found[0][1:])
                else:
                    parts.append(_start_tag(found, line) + html[done : ended.end()])
                    done = ended.end()
            elif name:
                parts.append(self._tag(found, name, line, parts))
            elif found[0] == "<":
                parts.append("&lt;")
            elif found[0].startswith("<!--") and found["closed"] is None and len(found[0]) > 6:
                self.unclosed = self.unclosed or line
        parts.append(html[done:])
        return parts

    def _tag(self, found: re.Match[str], name: str, line: int, parts: list[str]) -> str:
        if name in SHELL_TAGS:
            return ""
        if name in _DISSOLVED or (name in _PARTS and self.in_cell and "table" not in self.open[self.floor :]):
            if name in _DISSOLVED and not found["end"]:
                self.dropped.append((name, line))
            return ""
        if not (name in TAGS or _CUSTOM_TAG.fullmatch(name) or (name in SVG_TAGS and "svg" in self.open)):
            if found["end"] or "=" in found["rest"] or found["rest"].endswith("/"):  # a component's, as in MDX
                self.shown.setdefault(name, (found[0], line))
            return "&lt;" + found[0][1:]
        return self._end_tag(name) if found["end"] else self._start_tag(found, name, line, parts)

    def _start_tag(self, found: re.Match[str], name: str, line: int, parts: list[str]) -> str:
        if name in _CHILDLESS:
            return f"{_start_tag(found, line)}</{name}>"
        if name in VOID_TAGS or ("svg" in self.open and found["rest"].endswith("/")):
            return _start_tag(found, line)
        while name in SELF_ENDING_TAGS and name in self._near() and self.open[-1] in SELF_ENDING_TAGS:
            self.open.pop()
            self.starts.pop()
        if len(self.open) >= HTML_DEPTH:
            self.too_deep = self.too_deep or line
            return ""
        self.open.append(name)
        self.starts.append((parts, len(parts), line))
        return _start_tag(found, line)

    def _near(self) -> list[str]:
        """Return the innermost open elements: a row's cells and what a browser ends with them."""
        return self.open[max(self.floor, len(self.open) - 4) :]

    def _end_tag(self, name: str) -> str:
        if name not in self.open[self.floor :]:
            return "<br>" if name == "br" else ""
        while self.open[-1] != name:
            self._end_unended()
        self.open.pop()
        self.starts.pop()
        return f"</{name}>"


def _start_tag(found: re.Match[str], line: int) -> str:
    return f'<{found["name"]} {LINE}="{line}"{found["rest"]}>'


def _write(nodes: Iterable[HtmlElement], parts: list[str], slots: list[HtmlElement]) -> None:
    """Append raw HTML and, for each other element, an empty one that keeps its place: its line is its slot."""
    for node in nodes:
        if node.tag == RAW:
            parts.append(node.text or "")
        else:
            slots.append(node)
            end = "" if node.tag in VOID_TAGS else f"</{node.tag}>"
            parts.append(f'<{node.tag} {LINE}="-{len(slots)}">{end}')
        if node.tail:
            parts.append(_escape(node.tail))


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
