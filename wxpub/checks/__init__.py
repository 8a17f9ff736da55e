"""What an editor should know before a push: an `Issue` or anybody's article HTML in, findings out; repairs nothing.

source rules    the Markdown and what it names        source
links           what their servers say, if asked      online
metadata rules  title, author, digest, cover          metadata
page rules      HTML, as WeChat will treat it         pages, computed, rules.jsonl
the checker's   what WeChat's own service objects to  official, where somebody asks for it

Our own pages keep the page rules by construction, which the tests prove; an issue meets only those that its author can
break: how much WeChat takes, and the colours of HTML in the Markdown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wxpub import conform, darkmode, limits, style
from wxpub.errors import did_you_mean
from wxpub.finding import Finding, Rule
from wxpub.language import gettext, tr
from wxpub.limits import CLIPBOARD_BYTES
from wxpub.style import pairs
from wxpub.target import API, CHANNELS, PASTE, Target

if TYPE_CHECKING:
    from bs4.element import Tag
    from lxml.html import HtmlElement

    from wxpub.checks.pages import Document, PageRule
    from wxpub.config import Config
    from wxpub.issue import Issue
    from wxpub.page import Page

__all__ = ["FILE_UNREADABLE", "check", "check_html", "heeded", "issues_beside", "ordered", "rules"]

FILE_UNREADABLE = Rule(
    "file-unreadable",
    "error",
    "the file cannot be read as an issue",
    "do what the message says",
    reader="nothing: there is no article",
)

_SEVERITIES = {"error": 0, "warning": 1, "info": 2}
_SIZES = ("CONTENT_BYTES", "CONTENT_BYTES_NEAR", "CLIPBOARD_BYTES")


def check(issue: Issue, target: Target = API, *, others: Iterable[Path] | None = None) -> tuple[Finding, ...]:
    """Find everything that is to know about `issue`: what its making found, and what its source and metadata show.

    `others` are the other issues of the newsletter (default: those in the folder). Ordered by line; the same finding
    once; without what the newsletter ignores. Raises ConfigError as `heeded` does.
    """
    from wxpub.checks.metadata import check_drawn, check_metadata, check_newspic
    from wxpub.checks.source import check_source

    beside = issues_beside(issue.path) if others is None else tuple(others)
    page = issue.page(target)
    found = [*page.findings, *check_source(issue, beside)]
    if issue.is_newspic:
        found += check_newspic(page.article, issue.images)
    else:
        found += check_metadata(page.article, issue.images)
        found += () if page.article.cover else check_drawn(issue.cover, issue.path, issue.images)
        found += _check_page(page)
    return heeded(ordered(page.layout.placed(found)), issue.settings)


def heeded(found: tuple[Finding, ...], settings: Config) -> tuple[Finding, ...]:
    """Leave out what the newsletter's `[check] ignore` names.

    An error stays: it stops what WeChat refuses or a reader would miss. Raises ConfigError for the name of an error,
    and for one that is no rule of `rules`.
    """
    if not settings.ignored:
        return found
    known = {rule.id: rule for rule in rules()}
    for name in settings.ignored:
        if name not in known:
            hint = did_you_mean(name, known, tr("`wxpub check --explain all` lists the rules"))
            message = tr("ignore names {name}, but `wxpub check` has no such rule", name=name)
            raise settings.fault(message, "check", "ignore", hint)
        if known[name].severity == "error":
            hint = tr("take it out, and mend what the rule finds")
            message = tr("ignore names {name}: an error cannot be switched off", name=name)
            raise settings.fault(message, "check", "ignore", hint)
    return tuple(each for each in found if each.rule not in settings.ignored)


def check_html(html: str, path: Path | None = None, target: Target | None = None) -> tuple[Finding, ...]:
    """Check article HTML that anybody made, by the page rules, with its line numbers.

    Of a page that `wxpub convert` wrote, or that was saved from WeChat, only the article is looked at. `target` leaves
    out the rules of the other channel; without one all apply, but to a page of `wxpub convert`, which is there to paste
    from, those of pasting.
    """
    from wxpub.checks.pages import is_ours, open_document

    if target is None and is_ours(html):
        target = PASTE
    return ordered(_findings(_rules_for(target), open_document(html, path)))


def _rules_for(target: Target | None) -> list[PageRule]:
    """List the page rules that `target` has to meet, all if it is None: each way into WeChat has some of its own."""
    from wxpub.checks.pages import page_rules

    others = {each.channel for each in CHANNELS.values()} - {target.channel} if target else ()
    return [rule for rule in page_rules() if rule.channel not in others]


def rules() -> tuple[Rule, ...]:
    """List the rules of this room and of those below it, on which an issue stands."""
    from wxpub import article, blocks, dialect, issue, links, newspic, page
    from wxpub.checks import metadata, official, online, pages, source

    rooms = (article, blocks, source, online, metadata, dialect, links, page, conform, issue, newspic)
    return (FILE_UNREADABLE, *(each for room in rooms for each in room.RULES), *pages.page_rules(), *official.rules())


def issues_beside(path: Path) -> tuple[Path, ...]:
    """List the other Markdown files in the folder of the issue at `path`."""
    folder = path.resolve().parent
    return tuple(sorted(each for each in folder.glob("*.md") if each != path.resolve()))


def _check_page(page: Page) -> list[Finding]:
    """Apply the page rules that an author can break to a page of ours."""
    large = page.bytes >= CLIPBOARD_BYTES  # the lowest of the limits
    colours = _own_colours(page.layout.source)
    if not large and not colours:
        return []
    rules = _rules_for(page.target)
    found = _check_size(page, rules) if large else []
    if colours:
        found += _check_colours(page, [rule for rule in rules if rule.id.startswith("dark-")], colours)
    return found


def _check_size(page: Page, rules: Iterable[PageRule]) -> list[Finding]:
    from wxpub.checks.computed import FUNCTIONS

    section, line = _largest_section(page)

    def told(size: object, message: str) -> str:
        if not section:
            return tr("{what}: {message}", what=size, message=message)
        return tr("{size}, most of them in “{section}”: {message}", size=size, section=section, message=message)

    return [
        rule.find(told(size, gettext(rule.message)), page.article.path, line)
        for rule in rules
        if rule.trigger.get("limit") in _SIZES
        for size in FUNCTIONS[rule.trigger["fn"]](page, getattr(limits, rule.trigger["limit"]))
    ]


def _largest_section(page: Page) -> tuple[str, int]:
    """Say which section of the source takes most of the HTML, and on which line it begins; ("", 1) if none does."""
    html = _traced(page)
    places = map(html.find, (f'data-line="{heading.line}"' for heading in page.outline))
    starts = [(start, heading) for start, heading in zip(places, page.outline, strict=True) if start >= 0]
    ends = [*(start for start, _ in starts[1:]), len(html)]
    sizes = [(end - start, heading) for (start, heading), end in zip(starts, ends, strict=False)]
    size, heading = max(sizes, key=lambda each: each[0], default=(0, None))
    if heading is None or 2 * size < len(html):
        return "", 1
    return heading.text, heading.line or 1


def _traced(page: Page) -> str:
    """Write the page's HTML with the lines of the source that its elements come from."""
    return conform.fill(conform.finish(page.layout.root, page.target, lines=True), page.placed)


def _check_colours(page: Page, rules: Iterable[PageRule], colours: set[darkmode.Colour]) -> list[Finding]:
    """Apply the rules on dark mode to elements in the author's own colours: no theme knows what they will stand on."""
    from wxpub.checks.pages import Document, chain

    document = Document(_traced(page), path=page.article.path, made=True)

    def in_own_colours(tag: Tag) -> bool:
        return any(colours.intersection(darkmode.colours(style.write(document.style(each)))) for each in chain(tag))

    return _findings(rules, document, in_own_colours)


def _own_colours(source: HtmlElement) -> set[darkmode.Colour]:
    """Collect the colours that the author gave elements in the Markdown."""
    texts = (f"{each.get('style') or ''};{each.get('color') or ''}" for each in source.iter("*"))
    return {colour for text in texts if text != ";" for colour in darkmode.colours(text)}


def _findings(
    rules: Iterable[PageRule], document: Document, where: Callable[[Tag], bool] = lambda tag: True
) -> list[Finding]:
    """Apply page rules; what breaks a rule several times on a line is one finding, and so is one fault."""
    from wxpub.checks.computed import FUNCTIONS
    from wxpub.checks.pages import chain, hits

    found = []
    broken = {rule.id: hits(rule, document, FUNCTIONS, where) for rule in rules}
    for rule in rules:
        better = {id(hit.tag) for each in rule.after for hit in broken.get(each, ()) if hit.tag is not None}
        lines: dict[int | None, list[str]] = {}
        for hit in broken[rule.id]:
            if better.isdisjoint(map(id, chain(hit.tag))):
                lines.setdefault(hit.line, []).append(hit.what)
        for line, whats in lines.items():
            what, n = whats[0], len(whats) - 1
            what = tr("{message} (and {n} more)", message=what, n=n) if n else what
            message = tr("{what}: {message}", what=what, message=gettext(rule.message))
            found.append(rule.find(message, document.path, line))
    return found


def ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Order findings as an editor works: down the file, the worse first, and what concerns the whole article last."""

    def place(finding: Finding) -> tuple[bool, int, int]:
        return finding.line is None, finding.line or 0, _SEVERITIES[finding.severity]

    return tuple(sorted(dict.fromkeys(found), key=place))


# --- where an article's size goes -------------------------------------------------------------------------------------

_TAG = re.compile(r"<(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*>")
_ATTRIBUTE = re.compile(r"\s([\w:-]+)=(\"[^\"]*\"|'[^']*'|[^\s>]+)")
_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1>", re.DOTALL | re.IGNORECASE)
_NOTE = re.compile(r"(?:\[\d+\])+$")  # the number of a link's note is no part of the heading's name


class Size(NamedTuple):
    """Characters of HTML, which WeChat documents a limit of, and bytes of UTF-8, of which it enforces one.

    `kinds` splits the characters into text, style, address, other attributes and tags; `properties` splits the style by
    CSS property, with what stands around each; `sections` splits the whole at its headings ("" comes before the first).
    """

    characters: int
    bytes: int
    kinds: Mapping[str, int]
    sections: tuple[tuple[str, int], ...]
    properties: tuple[tuple[str, int], ...]


def measure(html: str) -> Size:
    """Count the characters of `html` in every way; each adds up to all of them, `properties` to those of the style."""
    kinds: Counter[str] = Counter(text=len(html), style=0, address=0, attribute=0, tag=0)
    properties: Counter[str] = Counter()
    for tag, times in Counter(_TAG.findall(html)).items():  # most tags of an article are like others
        kinds["text"] -= times * len(tag)
        kinds["tag"] += times * len(tag)
        for match in _ATTRIBUTE.finditer(tag):
            name, length = match[1].lower(), times * len(match[0])
            kind = "style" if name == "style" else "address" if name in ("src", "href", "data-src") else "attribute"
            kinds[kind] += length
            kinds["tag"] -= length
            if kind == "style":
                for property, used in _by_property(match[2].strip("\"'"), len(match[0])).items():
                    properties[property] += times * used
    return Size(len(html), len(html.encode()), dict(kinds), sections(html), tuple(properties.most_common()))


@lru_cache(1024)  # an article repeats some fifty styles
def _by_property(style: str, length: int) -> Counter[str]:
    """Share the `length` characters of a style attribute among its properties; ` style=""` itself has its own line."""
    counts: Counter[str] = Counter()
    for name, value in pairs(unescape(style)):
        counts[name] += len(name) + len(value) + 2
    counts['style=""'] = length - sum(counts.values())
    return counts


def sections(html: str) -> tuple[tuple[str, int], ...]:
    """Count the characters from each heading to the next; what comes before the first heading has the name ""."""
    headings = list(_HEADING.finditer(html))
    starts = [0, *(heading.start() for heading in headings)]
    names = ["", *(_NOTE.sub("", unescape(_TAG.sub("", heading[2])).strip()) for heading in headings)]
    ends = [*starts[1:], len(html)]
    return tuple((name, end - start) for name, start, end in zip(names, starts, ends, strict=True) if end > start)
