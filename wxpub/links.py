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
from wxpub.finding import Finding, Severity
from wxpub.tree import fill, line_of, make, text_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from wxpub.article import Article

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
    root: HtmlElement, article: Article, published: Mapping[str, str]
) -> tuple[tuple[Note, ...], tuple[Finding, ...]]:
    """Turn every link and footnote under `root` into what WeChat keeps, and append the notes and the QR code.

    `published` maps the absolute path of a back issue's Markdown to its permalink.
    """
    footnotes = _take_footnotes(root)
    series = _Series(article, published, footnotes, str(article.path.resolve().parent))
    for element in list(root.iter("a", "sup")):
        series.visit(element)
    notes = series.finish()
    if notes is not None:
        root.append(notes)
    if article.source_url and article.qrcode:
        root.append(_qrcode(article.source_url))
    return tuple(series.notes), tuple(series.findings)


@dataclass(slots=True)
class _Series:
    """One numbering of an article's notes, in order of appearance; the same target has one number."""

    article: Article
    published: Mapping[str, str]
    footnotes: Mapping[str, HtmlElement]
    folder: str
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
            self._report("link-empty", f"the link “{text}” has no address", line, "give it one, or make it plain text")
            return _to_text(a)
        target = address.parse(href)
        if target.outside:
            return self._outside(a, text, target, line)
        if target.scheme in _CONTACT:
            return _contact(a, text, target)
        if target.scheme:
            message = f"a {target.scheme}: address is no link that WeChat keeps"
            self._report("link-unsafe", message, line, "make it plain text")
            return _to_text(a)
        return self._relative(a, unquote(target.path), line)

    def _outside(self, a: HtmlElement, text: str, target: Address, line: int | None) -> None:
        if target.expires:
            message = f"the link “{text}” expires hours after it was copied, so it is left as text"
            self._report("link-expires", message, line, "open it, and copy the article's permanent address (…/s/…)")
            return _to_text(a)
        if target.permalink:
            return _to_live(a, target.url)
        if _says(text, target):
            return _to_printed(a)
        label = text or _image_text(a)
        if label is None:
            a.text = target.url
            return _to_printed(a)
        return self._note(a, self._number(target.identity, label, target.url))

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
            if path in self.published:
                return _to_live(a, self.published[path])
        if PurePosixPath(name).suffix.lower() in _ISSUE_SUFFIXES:
            self._unknown.append((name, line))
        else:
            message = f"readers do not have the file {name}, so the link to it is left as text"
            self._report("link-file", message, line, "link to its address on the web")
        return _to_text(a)

    # --- footnotes ---

    def _footnote(self, ref: HtmlElement) -> None:
        label = ref.get("data-note", "")
        body = self.footnotes.get(label)
        if body is None:
            return
        text = text_of(body)
        target = _lone_target(body, text)
        if target is not None:
            number = self._number(target.identity, "" if _says(text, target) else text, target.url)
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
            fix = "record where they were published: wxpub index add FILE URL"
            self._report("back-issue-unknown", message, self._unknown[0][1], fix)
        if not self.notes:
            return None
        section = make("section", "notes")
        section.append(make("h2", "notes-title", [self.article.notes_heading]))
        for note in self.notes:
            section.extend(_entry(note, self._bodies.get(note.number)))
        return section

    def _report(self, rule: str, message: str, line: int | None, fix: str, severity: Severity = "warning") -> None:
        self.findings.append(Finding(rule, severity, message, self.article.path, line, fix))


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
    a.set("href", "https:" + url.partition(":")[2])


def _contact(a: HtmlElement, text: str, target: Address) -> None:
    """Print a mail address or telephone number that the text leaves out: it cannot be tapped, but read."""
    _to_text(a)
    printed = unquote(target.path)
    if printed and printed not in text and not _behind(a).lstrip(" （(:：").startswith(printed):
        a.append(make("span", "", [f"（{printed}）" if text else printed]))


def _behind(a: HtmlElement) -> str:
    """Give the text right behind a link: up to the end of the element that follows."""
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


def _lone_target(body: HtmlElement, text: str) -> Address | None:
    """Give the address outside that is all a footnote says; such a footnote is a link's note."""
    links = list(body.iter("a"))
    if len(links) != 1 or text_of(links[0]) != text or body.find(".//img") is not None:
        return None
    target = address.parse(links[0].get("href") or "")
    return target if target.outside and not target.expires and not target.permalink else None


def _says(text: str, target: Address) -> bool:
    """Tell whether a link's text already is its address, so that a note would print it twice."""
    if not text or " " in text:
        return False
    shown = address.parse(text)
    if not shown.outside and "." not in text:
        return False
    return (shown if shown.outside else address.parse(f"https://{text}")).identity == target.identity


def _candidates(folder: str, name: str) -> Iterator[str]:
    """List the files that a relative link may mean: itself, or the Markdown that a site's `.html` was made from."""
    path = os.path.normpath(os.path.join(folder, name.lstrip("/")))  # noqa: PTH118  thirty a page, and no file is asked
    yield path
    stem, suffix = os.path.splitext(path)  # noqa: PTH122
    if suffix.lower() in ("", ".html", ".htm"):
        yield stem + ".md"


def _image_text(a: HtmlElement) -> str | None:
    """Give the text of the image that a link consists of; None if it has none."""
    image = a.find(".//img")
    return None if image is None else (image.get("alt") or "").strip()
