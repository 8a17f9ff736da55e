"""The page rules as data, article HTML read for them, and where it breaks them; knows no particular rule.

A rule is a line of `rules.jsonl`: its trigger is a selector, a pattern on declarations, attributes, text or white
space, or the name of a function in `computed`, which takes more than a pattern.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import soupsieve
from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning
from bs4.element import NavigableString, Tag
from bs4.exceptions import ParserRejectedMarkup

from wxpub import darkmode, limits, style
from wxpub.finding import Rule, shorten
from wxpub.language import tr
from wxpub.verdict import Node, judge, unlit

# --- rules ------------------------------------------------------------------------------------------------------------

# Where a rule applies, as the letters of `rules.jsonl` say it.
CHANNELS: Mapping[str, str] = {
    "*": "everywhere",
    "P": "pasting into the web editor",
    "D": "the draft API",
    "E": "saving in the web editor",
    "C": "the reader's phone or computer",
    "A": "WeChat's own article checker",
}
# How sure the evidence for a rule is.
CONFIDENCE: Mapping[str, str] = {
    "H": "WeChat's own material, or several independent tests",
    "M": "one test on a live account, or several reports",
    "L": "a single report",
}


@dataclass(frozen=True, slots=True)
class PageRule(Rule):
    """A rule on article HTML: `trigger` says what in the HTML breaks it, `unless` what excuses an element.

    `after` names the rules that say it better: an element is left to them if they found it, or one around it.
    """

    channel: str = "*"
    confidence: str = "H"
    trigger: Mapping[str, Any] = field(default_factory=dict)
    unless: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()


def page_rules() -> tuple[PageRule, ...]:
    """Read the rules on article HTML: one JSON object a line.

    Fields: `id`, `sev`, `ch` (a letter of CHANNELS), `conf` (a letter of CONFIDENCE), `t` the trigger, `ifnot` what
    excuses an element, `after` the rules that say it better, `msg` when or why, `see` what a reader sees, `fix`.
    Triggers: `sel` a CSS selector; `css` `{on?, prop?, val?}`, regexes on parsed inline declarations; `attr` `{on?,
    name, val?}`, regexes; `tag` a regex on names of elements; `markup` a regex on tags and comments as written,
    without what stands in quotes; `text` `{in?, not_in?, re}` on text nodes; `ws` a white-space-only text node whose
    parent matches; `verdict` a rule of WeChat's checker; `fn` a function of `computed`, called with the `limit` of
    that name in `limits`; `any` of several. Words are words: what an article says of HTML breaks no rule on HTML.
    """
    text = Path(__file__).with_name("rules.jsonl").read_text(encoding="utf-8")
    return tuple(_page_rule(json.loads(line)) for line in text.splitlines())


def _page_rule(record: Mapping[str, Any]) -> PageRule:
    return PageRule(
        id=record["id"],
        severity=record["sev"],
        message=record["msg"],
        fix=record["fix"],
        channel=record["ch"],
        confidence=record["conf"],
        kind="page",
        reader=record["see"],
        trigger=record["t"],
        unless=record.get("ifnot", {}),
        after=tuple(record.get("after", ())),
    )


# --- documents --------------------------------------------------------------------------------------------------------

# HTML's own white space: not U+00A0, which neither collapses nor vanishes.
SPACE = " \t\r\n\f"
# fmt: off
BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))
# What shows something without text.
MEDIA = frozenset((
    "img", "svg", "video", "audio", "iframe", "hr", "br", "mpvideo", "mpvoice", "mp-common-profile",
    "mp-common-videosnap", "mp-style-type",
))
# fmt: on

_OPENING = re.compile(r"<[a-z][^\s/>]*(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>", re.IGNORECASE)
# Where the article is, in a page saved from WeChat or from its web editor.
_SAVED = "#js_content,.rich_media_content .ProseMirror,.ProseMirror.rich_media_content"


@dataclass(frozen=True, slots=True)
class Text:
    """A run of text: where it stands and the `line` it begins on."""

    value: str
    parent: Tag
    node: NavigableString
    line: int

    @property
    def visible(self) -> str:
        """Return what a reader sees of it; U+00A0 and zero-width spaces show nothing."""
        return self.value.strip(SPACE + "\u00a0\u200b")


class Document:
    """An HTML fragment with indexes of its elements, attributes, inline declarations and texts.

    `first_line` is the line of the file `path` that the fragment begins on; of one that was `made` from another file,
    elements name their lines there in `data-line`. Nothing changes a document after it was made.
    """

    def __init__(self, html: str, *, first_line: int = 1, path: Path | None = None, made: bool = False) -> None:
        self.html, self.path, self.first_line, self.made = html, path, first_line, made
        self.root = _parse(html)
        self.elements: tuple[Tag, ...] = tuple(node for node in self.root.descendants if isinstance(node, Tag))
        self.texts: tuple[Text, ...] = tuple(self._texts())
        self.by_tag: dict[str, list[Tag]] = {}
        self.by_attribute: dict[str, dict[str, list[Tag]]] = {}
        self.by_declaration: dict[tuple[str, str], list[Tag]] = {}
        # Tags compare and hash by their whole markup, so everything here is keyed by identity.
        self._styles: dict[int, dict[str, str]] = {}
        self._places = {id(tag): place for place, tag in enumerate(self.elements)}
        for tag in self.elements:
            self._index(tag)

    def _index(self, tag: Tag) -> None:
        self.by_tag.setdefault(tag.name.lower(), []).append(tag)
        for name, value in tag.attrs.items():
            self.by_attribute.setdefault(name.lower(), {}).setdefault(str(value), []).append(tag)
        pairs = tuple(style.pairs(str(tag.get("style") or "")))
        for pair in dict.fromkeys(pairs):
            self.by_declaration.setdefault(pair, []).append(tag)
        self._styles[id(tag)] = dict(pairs)

    def _texts(self) -> Iterator[Text]:
        """Walk the texts in order. bs4 knows the lines of tags only: count on from there."""
        line = self.first_line
        for node in self.root.descendants:
            if isinstance(node, Tag):
                line = self.line(node)
                continue
            value = str(node)
            # Comments, style sheets and scripts are NavigableStrings of other types.
            if type(node) is NavigableString and isinstance(node.parent, Tag):
                yield Text(value, node.parent, node, line)
            line += value.count("\n")

    @cached_property
    def nights(self) -> list[darkmode.Night]:
        """The night of every element, in document order."""
        return darkmode.convert(unlit(self._node))

    @cached_property
    def verdict(self) -> Mapping[str, list[Tag]]:
        """What WeChat's checker objects to, by its rules."""
        tags = dict(zip(list(self._node.walk())[1:], self.elements, strict=True))
        return {rule: [tags[each] for each in found] for rule, found in judge(self._node).items()}

    @cached_property
    def _node(self) -> Node:
        nodes = {id(self.root): Node("")}
        for child in self.root.descendants:
            parent = nodes[id(child.parent)]
            if isinstance(child, Tag):
                attributes = {name: str(value) for name, value in child.attrs.items()}
                node = nodes[id(child)] = Node(child.name, self.style(child), attributes, [], parent)
                parent.children.append(node)
            elif type(child) is NavigableString:
                parent.children.append(str(child))
        return nodes[id(self.root)]

    def line(self, tag: Tag) -> int:
        """Return the 1-based line of the file on which `tag` begins."""
        if self.made:
            return next((int(line) for each in chain(tag) if (line := str(each.get("data-line") or "")).isdigit()), 1)
        return (tag.sourceline or 1) - 1 + self.first_line

    def place(self, tag: Tag) -> int:
        """Return the position of `tag` among all elements, in document order."""
        return self._places[id(tag)]

    def style(self, tag: Tag) -> Mapping[str, str]:
        """Return the inline declarations of `tag`: the last one of a property wins."""
        return self._styles.get(id(tag), {})

    def inherited(self, tag: Tag, name: str) -> str:
        """Return the nearest inline value of property `name`, from `tag` outwards; "" where nobody sets it."""
        return next((style[name] for each in chain(tag) if name in (style := self.style(each))), "")

    @property
    def wrapper(self) -> Tag:
        """Return the element around the article's top-level blocks: a lone `section` that holds all, else the root."""
        wrapper: Tag = self.root
        while len(inside := contents(wrapper)) == 1 and isinstance(inside[0], Tag) and inside[0].name == "section":
            wrapper = inside[0]
        return wrapper


def _parse(html: str) -> BeautifulSoup:
    """Read HTML; class attributes stay as written, which bs4 would split into lists."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)  # a short text is no mistaken file name here
        try:
            return BeautifulSoup(html, "html.parser", multi_valued_attributes=None)
        except ParserRejectedMarkup:  # `<![` that is no section it knows: to a browser, a comment
            without = re.sub(r"<!\[[^>]*>?", lambda match: "\n" * match[0].count("\n"), html)
            return BeautifulSoup(without, "html.parser", multi_valued_attributes=None)


def open_document(html: str, path: Path | None = None) -> Document:
    """Read somebody's HTML: of a whole page only the article is looked at, where the page shows which part it is."""
    page = _parse(html)
    if (state := soupsieve.select_one("script#state", page)) is not None and is_ours(html):
        return Document(json.loads(state.text)["html"], first_line=state.sourceline or 1, path=path)
    holder = soupsieve.select_one(_SAVED, page)
    if holder is None:
        return Document(html, path=path)
    starts = [0, *(match.end() for match in re.finditer("\n", html))]
    begin = starts[(holder.sourceline or 1) - 1] + (holder.sourcepos or 0)
    opening = _OPENING.match(html, begin)
    begin = opening.end() if opening else begin
    after = _element_after(holder)
    end = len(html) if after is None else starts[(after.sourceline or 1) - 1] + (after.sourcepos or 0)
    # What is left behind the article are closing tags, which the parser drops.
    return Document(html[begin:end].rstrip(), first_line=html.count("\n", 0, begin) + 1, path=path)


def is_ours(html: str) -> bool:
    """Whether `html` is a page that stands alone, as `wxpub convert` writes it to be looked at and pasted from."""
    return '<meta name="generator" content="wxpub' in html[:4096]


def _element_after(tag: Tag) -> Tag | None:
    last = tag
    while inside := children(last):
        last = inside[-1]
    after = last.find_next()
    return after if isinstance(after, Tag) else None


def chain(tag: Tag | None) -> Iterator[Tag]:
    """Return `tag` and its ancestors, from the inside out."""
    while tag is not None:
        yield tag
        tag = tag.parent


def contents(tag: Tag) -> list[Tag | str]:
    """Return the children of `tag` without white space and comments."""
    return [
        node if isinstance(node, Tag) else str(node)
        for node in tag.children
        if isinstance(node, Tag) or (type(node) is NavigableString and node.strip(SPACE))
    ]


def children(tag: Tag) -> list[Tag]:
    """Return the element children of `tag`."""
    return [node for node in tag.children if isinstance(node, Tag)]


def excerpt(tag: Tag) -> str:
    """Show `tag` to a person who has to find it: its name and how its text begins."""
    words = ""
    for text in tag.strings:  # a wrapper may hold the whole article: read no more than is shown
        words = " ".join(f"{words} {text}".split())
        if len(words) > 20:
            break
    return f"<{tag.name}> “{shorten(words, 20)}”" if words else f"<{tag.name}>"


# --- triggers ---------------------------------------------------------------------------------------------------------


# An element, a text, an element and what to say of it, or a phrase about the whole document.
Places = Iterable["Tag | Text | tuple[Tag, str] | str"]
Functions = Mapping[str, Callable[..., Places]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that breaks a rule: `what` stands there, on `line` (1-based; None for the document as a whole).

    `tag` is the element that breaks it, if one does.
    """

    what: str
    line: int | None = None
    tag: Tag | None = None


def hits(
    rule: PageRule, document: Document, functions: Functions, where: Callable[[Tag], bool] = lambda tag: True
) -> list[Hit]:
    """List every place in `document` that breaks `rule`, in order; `functions` are those of `computed`, by name.

    Of elements only those count that `where` is true of.
    """
    found = _trigger(rule.trigger, document, functions)
    return [
        _hit(document, tag, what, line)
        for tag, what, line in found
        if tag is None or (where(tag) and not (rule.unless and _excused(rule.unless, document, tag)))
    ]


# What a trigger finds: the element concerned (None: the document), what to show ("": the element), its line if known.
_Found = tuple["Tag | None", str, "int | None"]


def _hit(document: Document, tag: Tag | None, what: str, line: int | None) -> Hit:
    if tag is not None:
        return Hit(what or excerpt(tag), line or document.line(tag), tag)
    return Hit(what, line)


def _trigger(trigger: Mapping[str, Any], document: Document, functions: Functions) -> Iterable[_Found]:
    match trigger:
        case {"any": several}:
            return [found for each in several for found in _trigger(each, document, functions)]
        case {"sel": selector}:
            return ((tag, "", None) for tag in select(selector, document))
        case {"css": wanted}:
            return _css(wanted, document)
        case {"attr": wanted}:
            return _attributes(wanted, document)
        case {"tag": pattern}:
            name = _regex(pattern)
            return ((tag, "", None) for tag in document.elements if name.fullmatch(tag.name))
        case {"markup": pattern}:
            return _markup(pattern, document)
        case {"text": wanted}:
            return _texts(wanted, document)
        case {"ws": {"parent": selector}}:
            return _white_space(selector, document)
        case {"verdict": name}:
            return ((tag, "", None) for tag in document.verdict.get(name, ()))
        case {"fn": name, **rest}:
            limit = (getattr(limits, rest["limit"]),) if "limit" in rest else ()
            return _computed(functions[name](document, *limit))
    raise ValueError(f"unknown trigger {trigger}")


def _computed(places: Places) -> Iterator[_Found]:
    for place in places:
        match place:
            case Text():
                yield place.parent, _between(place), place.line
            case Tag():
                yield place, "", None
            case (tag, what):
                yield tag, what, None
            case str():
                yield None, place, None


def _css(wanted: Mapping[str, str], document: Document) -> Iterator[_Found]:
    prop, value = _regex(wanted.get("prop", ".*")), _regex(wanted.get("val", ""))
    found: dict[int, tuple[Tag, str]] = {}
    for (name, text), tags in document.by_declaration.items():
        if prop.fullmatch(name) and value.search(text):
            for tag in _on(wanted, tags):
                found.setdefault(document.place(tag), (tag, _of(f"{name}:{text}", tag)))
    for _, (tag, what) in sorted(found.items()):
        yield tag, what, None


def _attributes(wanted: Mapping[str, str], document: Document) -> Iterator[_Found]:
    attribute, value = _regex(wanted["name"]), _regex(wanted.get("val", ""))
    found: dict[int, tuple[Tag, str]] = {}
    for name, values in document.by_attribute.items():
        if not attribute.fullmatch(name):
            continue
        for text, tags in values.items():
            if value.search(text):
                for tag in _on(wanted, tags):
                    found.setdefault(document.place(tag), (tag, _of(f"{name}={shorten(text, 60)}", tag)))
    for _, (tag, what) in sorted(found.items()):
        yield tag, what, None


def _of(written: str, tag: Tag) -> str:
    return tr("{written} on {element}", written=written, element=excerpt(tag))


def _on(wanted: Mapping[str, str], tags: Iterable[Tag]) -> Iterator[Tag]:
    if "on" not in wanted:
        return iter(tags)
    selector = soupsieve.compile(wanted["on"])
    return (tag for tag in tags if selector.match(tag))


_MARKUP = re.compile(r"<!--.*?(?:-->|\Z)|<[!/a-z](?:\"[^\"]*\"|'[^']*'|[^<>\"'])*>?", re.IGNORECASE | re.DOTALL)
_IN_QUOTES = re.compile(r"\"[^\"]*\"|'[^']*'")


def _markup(pattern: str, document: Document) -> Iterator[_Found]:
    wanted = _regex(pattern)
    for written in _MARKUP.finditer(document.html):
        if match := wanted.search(_IN_QUOTES.sub('""', written[0])):
            line = document.html.count("\n", 0, written.start()) + document.first_line
            yield None, shorten(match[0], 60), line


def _texts(wanted: Mapping[str, str], document: Document) -> Iterator[_Found]:
    pattern = _regex(wanted["re"])
    for text in document.texts:
        if (match := pattern.search(text.value)) is None:
            continue
        inside = "in" not in wanted or _within(text.parent, wanted["in"])
        outside = "not_in" not in wanted or not _within(text.parent, wanted["not_in"])
        if inside and outside:
            yield text.parent, "", text.line + text.value.count("\n", 0, match.start())


def _within(tag: Tag, selector: str) -> bool:
    compiled = soupsieve.compile(selector)
    return any(compiled.match(each) for each in chain(tag) if each.parent is not None)


def _white_space(selector: str, document: Document) -> Iterator[_Found]:
    compiled = soupsieve.compile(selector)
    for text in document.texts:
        if not text.value.strip(SPACE) and text.parent.parent is not None and compiled.match(text.parent):
            yield text.parent, _between(text), text.line


def _between(text: Text) -> str:
    """Show where a text that shows nothing stands."""
    before = text.node.previous_sibling
    if isinstance(before, Tag):
        return tr("white space behind <{name}>", name=before.name)
    return tr("white space in <{name}>", name=text.parent.name)


def _excused(unless: Mapping[str, Any], document: Document, tag: Tag) -> bool:
    match unless:
        case {"sel": selector}:
            return bool(soupsieve.match(selector, tag))
        case {"css": wanted}:
            prop, value = _regex(wanted["prop"]), _regex(wanted.get("val", ""))
            return any(prop.fullmatch(name) and value.search(text) for name, text in document.style(tag).items())
        case {"attr": wanted}:
            name, value = _regex(wanted["name"]), _regex(wanted.get("val", ""))
            return any(name.fullmatch(key) and value.search(str(text)) for key, text in tag.attrs.items())
        case {"fn": "no_collapsible_whitespace"}:  # then `white-space` changes nothing
            return not any(re.search(r"[\t\n\r\f]|^ | $| {2}", text) for text in tag.strings)
    raise ValueError(f"unknown excuse {unless}")


_IMAGE_HOST = rf"(?:[a-z0-9-]+\.)*(?:{'|'.join(map(re.escape, limits.IMAGE_HOSTS))})"


def _regex(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of `rules.jsonl`, in which {IMAGE_HOST} is any host that WeChat serves pictures from."""
    return re.compile(pattern.replace("{IMAGE_HOST}", _IMAGE_HOST), re.IGNORECASE)


# --- selectors --------------------------------------------------------------------------------------------------------
# A page has a thousand elements and the rules have two hundred selectors. Nearly all name a tag or an attribute that
# the matching element itself must have: only elements that have it are put to soupsieve.


def select(selector: str, document: Document) -> list[Tag]:
    """Return the elements of `document` that match a CSS `selector`, in order."""
    found: dict[int, Tag] = {}
    for alternative in _split(selector):
        candidates = _candidates(alternative, document)
        if candidates:
            compiled = soupsieve.compile(alternative)
            found |= {id(tag): tag for tag in candidates if compiled.match(tag)}
    return sorted(found.values(), key=document.place)


def _candidates(alternative: str, document: Document) -> Iterable[Tag]:
    bare = _without_arguments(alternative)
    subject = re.split(r"[\s>+~]+(?![^\[]*\])", bare.strip())[-1]
    if tag := re.match(r"[a-z][\w-]*", subject, re.IGNORECASE):
        return document.by_tag.get(tag[0].lower(), ())
    if attribute := re.search(r"\[((?:[\w-]|\\.)+)", subject):
        values = document.by_attribute.get(attribute[1].replace("\\", "").lower(), {})
        return [tag for tags in values.values() for tag in tags]
    return document.elements


def _split(selector: str) -> list[str]:
    """Split at the commas that stand in no bracket."""
    parts, depth = [""], 0
    for char in selector:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _without_arguments(selector: str) -> str:
    """Drop `(…)`: what stands in `:not()` and `:has()` is about other elements."""
    while (shorter := re.sub(r"\([^()]*\)", "", selector)) != selector:
        selector = shorter
    return selector
