"""Links as a WeChat article can keep them: `a` and footnotes in, live links, one series of notes and text out.

WeChat keeps links to published articles alive and makes every other link dead (api_draft_add, api_uploadimage). So a
link outside becomes its text and a number, its address stands in the list at the end, beside the author's footnotes:

    a                                   becomes
    permalink of a published article    a live link
    known back issue                    a live link to where it was published
    its own address as text             the address, breaking anywhere, without a number
    other address                       text[3], and [3] text, address in the list
    empty, #anchor, mailto:, file       text, with a finding where the reader loses something

Touches no network and no file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from wxpub import address
from wxpub.address import Address
from wxpub.finding import Finding, Rule
from wxpub.target import API, Target
from wxpub.tree import fill, line_of, make, text_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from wxpub.article import Article

LINK_EMPTY = Rule(
    "link-empty", "warning", "a link has no address, so it is left as text", "give it one, or make it plain text"
)
LINK_EXPIRES = Rule(
    "link-expires",
    "warning",
    "a link copied from WeChat's search or a preview dies within hours, so it is left as text",
    "open it, and copy the article's permanent address (…/s/…)",
)
LINK_UNSAFE = Rule(
    "link-unsafe", "warning", "WeChat keeps no javascript:, data: or similar address as a link", "make it plain text"
)
LINK_FILE = Rule(
    "link-file",
    "warning",
    "readers do not have the linked file, so it is left as text",
    "link to its address on the web",
)
BACK_ISSUE_UNKNOWN = Rule(
    "back-issue-unknown",
    "warning",
    "back issues that have no published address yet are left as text",
    "record where they were published: wxpub index add FILE URL",
)
RULES = (LINK_EMPTY, LINK_EXPIRES, LINK_UNSAFE, LINK_FILE, BACK_ISSUE_UNKNOWN)

_CONTACT = {"mailto", "tel", "sms"}
_ISSUE_SUFFIXES = {".md", ".markdown", ".html", ".htm", ""}


@dataclass(frozen=True, slots=True)
class Note:
    """One entry of the list at the end: a link outside, or the author's own footnote, whose `url` is empty."""

    number: int
    text: str
    url: str = ""

    @property
    def mark(self) -> str:
        """What stands in the text for this note."""
        return _mark(self.number)


def resolve(
    root: HtmlElement, article: Article, back_issues: Mapping[str, str], target: Target = API
) -> tuple[tuple[Note, ...], tuple[Finding, ...]]:
    """Turn every link and footnote under `root` into what `target` keeps, and append the notes and the QR code.

    `back_issues` maps the absolute path of a back issue's Markdown to its permalink.
    """
    footnotes = _take_footnotes(root)
    series = _Series(article, back_issues, footnotes, str(article.path.resolve().parent), target)
    for element in list(root.iter("a", "sup")):
        series.visit(element)
    notes = series.finish()
    if notes is not None:
        root.append(notes)
    if article.source_url and article.qrcode and not target.live_links:
        root.append(_qrcode(article.source_url))
    return tuple(series.notes), tuple(series.findings)


@dataclass(slots=True)
class _Series:
    """One numbering of an article's notes, in order of appearance; the same address has one number."""

    article: Article
    back_issues: Mapping[str, str]
    footnotes: Mapping[str, HtmlElement]
    folder: str
    target: Target = API
    notes: list[Note] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _bodies: dict[int, HtmlElement] = field(default_factory=dict)  # of footnotes that are more than an address
    _unread: list[HtmlElement] = field(default_factory=list)  # bodies whose own links have no number yet
    _unknown: list[tuple[str, int | None]] = field(default_factory=list)

    def visit(self, element: HtmlElement) -> None:
        if element.tag == "a":
            self._link(element)
        elif element.get("class") == "footnote-ref":
            self._footnote(element)

    # --- links ---

    def _link(self, a: HtmlElement) -> None:
        href = (a.get("href") or "").strip()
        if href.startswith("//"):
            href = "https:" + href
        if href.startswith("#") or a.get("href") is None:
            return _to_text(a)
        text, line = text_of(a), line_of(a)
        if not href:
            self._report(LINK_EMPTY, f"the link “{text}” has no address", line)
            return _to_text(a)
        to = address.parse(href)
        if to.outside:
            return self._outside(a, text, to, line)
        if to.scheme in _CONTACT:
            return _contact(a, text, to)
        if to.scheme:
            self._report(LINK_UNSAFE, f"WeChat does not keep a {to.scheme}: address as a link", line)
            return _to_text(a)
        return self._relative(a, unquote(to.path), line)

    def _outside(self, a: HtmlElement, text: str, to: Address, line: int | None) -> None:
        if to.expires:
            message = f"the link “{text}” expires hours after it was copied, so it is left as text"
            self._report(LINK_EXPIRES, message, line)
            return _to_text(a)
        if to.permalink:
            return _to_live(a, "https:" + to.url.partition(":")[2])
        if self.target.live_links:
            return _to_live(a, to.url)
        if _says(text, to):
            return _to_printed(a)
        label = text or _image_text(a)
        if label is None:
            a.text = to.url
            return _to_printed(a)
        if not self.target.notes:
            return _to_text(a)
        return self._note(a, self._number(to.identity, label, to.url))

    def _note(self, a: HtmlElement, number: int) -> None:
        """Make `text<sup>[n]</sup>` of a link; the bare span keeps the text together until the tree is written."""
        _to_text(a)
        a.set("class", "ref")
        a.append(make("sup", "note", [_mark(number)]))

    def _number(self, key: str, text: str, url: str) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.notes) + 1
            self.notes.append(Note(len(self.notes) + 1, text, url))
        return self._numbers[key]

    def _relative(self, a: HtmlElement, name: str, line: int | None) -> None:
        """Link a back issue where it was published; a file that readers do not have becomes text."""
        for path in _candidates(self.folder, name):
            if path in self.back_issues:
                return _to_live(a, "https:" + self.back_issues[path].partition(":")[2])
        if PurePosixPath(name).suffix.lower() in _ISSUE_SUFFIXES:
            self._unknown.append((name, line))
        else:
            message = f"readers do not have the file {name}, so the link to it is left as text"
            self._report(LINK_FILE, message, line)
        return _to_text(a)

    # --- footnotes ---

    def _footnote(self, ref: HtmlElement) -> None:
        label = ref.get("data-note", "")
        body = self.footnotes.get(label)
        if body is None:
            return
        text = text_of(body)
        to = _lone_address(body, text)
        if to is not None:
            number = self._number(to.identity, "" if _says(text, to) else text, to.url)
        else:
            number = self._number(f"footnote:{label}", text, "")
            if number not in self._bodies:
                self._bodies[number] = body
                self._unread.append(body)
        ref.attrib.clear()
        ref.set("class", "note")
        ref.text = _mark(number)

    # --- the list at the end ---

    def finish(self) -> HtmlElement | None:
        """Number the links inside footnotes, report unknown back issues, and build the list; None without notes."""
        for body in self._unread:  # it grows: a footnote may name another one
            for element in list(body.iter("a", "sup")):
                self.visit(element)
        if self._unknown:
            names = list(dict.fromkeys(PurePosixPath(name).name for name, _ in self._unknown))
            shown = "、".join(names[:3]) + ("…" if len(names) > 3 else "")
            count = "1 back issue has" if len(names) == 1 else f"{len(names)} back issues have"
            message = f"{count} no published address yet, so left as text: {shown}"
            self._report(BACK_ISSUE_UNKNOWN, message, self._unknown[0][1])
        if not self.notes:
            return None
        section = make("section", "notes")
        section.append(make("h2", "notes-title", [self.article.notes_heading]))
        for note in self.notes:
            section.extend(_entry(note, self._bodies.get(note.number)))
        return section

    def _report(self, rule: Rule, message: str, line: int | None) -> None:
        self.findings.append(rule.find(message, self.article.path, line))


def _mark(number: int) -> str:
    return f"[{number}]"


# --- what a link becomes ----------------------------------------------------------------------------------------------


def _to_text(a: HtmlElement) -> None:
    a.tag = "span"
    a.attrib.clear()


def _to_printed(a: HtmlElement) -> None:
    _to_text(a)
    a.set("class", "url")


def _to_live(a: HtmlElement, url: str) -> None:
    a.attrib.clear()
    a.set("href", url)


def _contact(a: HtmlElement, text: str, to: Address) -> None:
    """Print a mail address or telephone number that the text leaves out: it cannot be tapped, but read."""
    _to_text(a)
    printed = unquote(to.path)
    if printed and printed not in text and not _behind(a).lstrip(" （(:：").startswith(printed):
        a.append(make("span", "", [f"（{printed}）" if text else printed]))


def _behind(a: HtmlElement) -> str:
    """Return the text right behind a link: up to the end of the element that follows."""
    following = a.getnext()
    return (a.tail or "") + ("" if following is None else "".join(following.itertext()))


def _entry(note: Note, body: HtmlElement | None) -> Iterator[HtmlElement]:
    """Build one entry: number, text, address on its own line; a footnote keeps its blocks."""
    number = make("span", "note-number", [note.mark])
    entry = make("p", "note-item", [number, " "])
    entry.set("data-note", str(note.number))
    if body is None:
        if note.text:
            fill(entry, [make("span", "note-text", [note.text]), make("br")])
        fill(entry, [make("span", "url", [note.url])])
        yield entry
        return
    first, *rest = list(body) or [None]
    if first is not None and first.tag == "p":
        fill(entry, [first.text or "", *first])
    elif first is not None:
        rest.insert(0, first)
    yield entry
    yield from rest


def _qrcode(url: str) -> HtmlElement:
    """Show 阅读原文 as a picture: a reader on a phone long-presses it."""
    image = make("img")
    image.set("src", f"qrcode:{url}")
    image.set("alt", "阅读原文的二维码")
    return make("section", "qrcode", [image, make("p", "caption", ["长按识别二维码，阅读原文"])])


def _take_footnotes(root: HtmlElement) -> dict[str, HtmlElement]:
    """Take the footnotes' section off the tree; each by its label."""
    found = {}
    for section in list(root.iterchildren("section")):
        if section.get("class") == "footnotes":
            for footnote in section:
                found[footnote.get("data-note", "")] = footnote
            section.drop_tree()
    return found


def _lone_address(body: HtmlElement, text: str) -> Address | None:
    """Return the address outside that is all a footnote says; such a footnote is a link's note."""
    links = list(body.iter("a"))
    if len(links) != 1 or text_of(links[0]) != text or body.find(".//img") is not None:
        return None
    to = address.parse(links[0].get("href") or "")
    return to if to.outside and not to.expires and not to.permalink else None


def _says(text: str, to: Address) -> bool:
    """Tell whether a link's text already is its address, so that a note would print it twice."""
    if not text or " " in text:
        return False
    shown = address.parse(text)
    if not shown.outside and "." not in text:
        return False
    return (shown if shown.outside else address.parse(f"https://{text}")).identity == to.identity


def _candidates(folder: str, name: str) -> Iterator[str]:
    """List the files that a relative link may mean: itself, or the Markdown that a site's `.html` was made from."""
    path = os.path.normpath(os.path.join(folder, name.lstrip("/")))  # noqa: PTH118  thirty a page, and no file is asked
    yield path
    stem, suffix = os.path.splitext(path)  # noqa: PTH122
    if suffix.lower() in ("", ".html", ".htm"):
        yield stem + ".md"


def _image_text(a: HtmlElement) -> str | None:
    """Return the text of the image that a link consists of; None if it has none."""
    image = a.find(".//img")
    return None if image is None else (image.get("alt") or "").strip()
