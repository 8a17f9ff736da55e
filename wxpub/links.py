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
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit, urlunsplit

from wxpub.finding import Finding, Severity
from wxpub.limits import ARTICLE_HOST
from wxpub.nodes import fill, line_of, make

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from wxpub.article import Article

_OUTSIDE = {"http", "https", "ftp"}
_CONTACT = {"mailto", "tel", "sms"}
_ISSUE_SUFFIXES = {".md", ".markdown", ".html", ".htm", ""}
_DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21}


@dataclass(frozen=True, slots=True)
class Note:
    """One entry of the list at the end: a link outside, or the author's own footnote, whose `url` is empty."""

    number: int
    text: str
    url: str = ""


def resolve(
    root: HtmlElement, article: Article, published: Mapping[str, str]
) -> tuple[tuple[Note, ...], tuple[Finding, ...]]:
    """Turn every link and footnote under `root` into what WeChat keeps, and append the notes and the QR code.

    `published` maps the absolute path of a back issue's Markdown to its permalink.
    """
    footnotes = _take_footnotes(root)
    series = _Series(article, published, footnotes)
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
    notes: list[Note] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _bodies: dict[int, HtmlElement] = field(default_factory=dict)  # of footnotes that are more than an address
    _unknown: list[tuple[str, int | None]] = field(default_factory=list)

    def visit(self, element: HtmlElement) -> None:
        if element.tag == "a":
            self._link(element)
        elif element.get("class") == "footnote-ref":
            self._footnote(element)

    # --- links ---

    def _link(self, a: HtmlElement) -> None:
        href, line = (a.get("href") or "").strip(), line_of(a)
        if a.get("href") is None:
            return _to_text(a)
        if not href:
            text = _text(a)
            self._report("link-empty", f"the link “{text}” has no address", line, "give it one, or make it plain text")
            return _to_text(a)
        if href.startswith("#"):
            return _to_text(a)
        if href.startswith("//"):
            href = "https:" + href
        scheme = _scheme(href)
        if scheme in _OUTSIDE:
            return self._outside(a, href, line)
        if scheme in _CONTACT:
            return _contact(a, href)
        if scheme:
            self._report("link-unsafe", f"a {scheme}: address is no link that WeChat keeps", line, "make it plain text")
            return _to_text(a)
        return self._relative(a, href, line)

    def _outside(self, a: HtmlElement, href: str, line: int | None) -> None:
        if _expires(href):
            message = f"the link “{_text(a)}” expires hours after it was copied, so it is left as text"
            self._report("link-expires", message, line, "open it, and copy the article's permanent address (…/s/…)")
            return _to_text(a)
        if is_permalink(href):
            return _to_live(a, href)
        if _same_address(_text(a), href):
            return _to_address(a)
        if not _text(a) and a.find(".//img") is None:
            a.text = clean(href)
            return _to_address(a)
        return self._note(a, self._number(href, _label(a), clean(href)))

    def _note(self, a: HtmlElement, number: int) -> None:
        """Make `text<sup>[n]</sup>` of a link; the bare span keeps the text together until the tree is written."""
        _to_text(a)
        a.set("class", "ref")
        a.append(make("sup", "note", [f"[{number}]"]))

    def _number(self, target: str, text: str, url: str) -> int:
        key = identity(target)
        if key not in self._numbers:
            self._numbers[key] = len(self.notes) + 1
            self.notes.append(Note(len(self.notes) + 1, text, url))
        return self._numbers[key]

    def _relative(self, a: HtmlElement, href: str, line: int | None) -> None:
        """Link a back issue where it was published; a file that readers do not have becomes text."""
        name = unquote(re.split(r"[?#]", href, maxsplit=1)[0])
        for path in _candidates(self.article.path, name):
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
        alone = _lone_address(body)
        if alone is not None:
            number = self._number(alone.get("href", ""), _label(alone), clean(alone.get("href", "")))
        else:
            number = self._number(f"footnote:{label}", _text(body), "")
            self._bodies.setdefault(number, body)
        ref.attrib.clear()
        ref.set("class", "note")
        ref.text = f"[{number}]"

    # --- the list at the end ---

    def finish(self) -> HtmlElement | None:
        """Number the links inside footnotes, report unknown back issues, and build the list; None without notes."""
        done = 0
        while done < len(self._bodies):  # a footnote may name another one
            body = list(self._bodies.values())[done]
            for element in list(body.iter("a", "sup")):
                self.visit(element)
            done += 1
        if self._unknown:
            names = list(dict.fromkeys(PurePosixPath(name).name for name, _ in self._unknown))
            shown = "、".join(names[:3]) + ("…" if len(names) > 3 else "")
            message = f"{len(names)} back issues have no published address yet, so they are left as text: {shown}"
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


# --- what a link becomes ----------------------------------------------------------------------------------------------


def _to_text(a: HtmlElement) -> None:
    a.tag = "span"
    a.attrib.clear()


def _to_address(a: HtmlElement) -> None:
    _to_text(a)
    a.set("class", "url")


def _to_live(a: HtmlElement, url: str) -> None:
    a.attrib.clear()
    a.set("href", re.sub(r"^http:", "https:", url))


def _contact(a: HtmlElement, href: str) -> None:
    """Print a mail address or telephone number that the text leaves out: it cannot be tapped, but read."""
    address = unquote(href.split(":", 1)[1].split("?", 1)[0])
    shown = _text(a)
    _to_text(a)
    if address and address not in shown:
        a.append(make("span", "", [f"（{address}）" if shown else address]))


def _entry(note: Note, body: HtmlElement | None) -> Iterator[HtmlElement]:
    """Build one entry: number, text, address on its own line; a footnote keeps its blocks."""
    number = make("span", "note-number", [f"[{note.number}]"])
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


def _lone_address(body: HtmlElement) -> HtmlElement | None:
    """Give the link that is all a footnote says, if it goes outside; such a footnote is a link's note."""
    links = list(body.iter("a"))
    if len(links) != 1 or _text(links[0]) != _text(body) or body.find(".//img") is not None:
        return None
    href = links[0].get("href") or ""
    return links[0] if _scheme(href) in _OUTSIDE and not _expires(href) and not is_permalink(href) else None


# --- addresses --------------------------------------------------------------------------------------------------------


def is_permalink(url: str) -> bool:
    """Tell whether `url` is the permanent address of a published WeChat article, which stays a live link.

    `/s/<id>` or `/s?__biz=…&mid=…&sn=…` on mp.weixin.qq.com; a link copied from a search or a preview expires.
    """
    parts = _split(url)
    if parts.scheme not in ("http", "https") or parts.hostname != ARTICLE_HOST or _expires(url):
        return False
    if parts.path == "/s":
        return {"__biz", "mid", "sn"} <= {key for key, _ in parse_qsl(parts.query, keep_blank_values=True)}
    return re.fullmatch(r"/s/[\w-]+", parts.path, re.ASCII) is not None


def _expires(url: str) -> bool:
    """Tell whether a WeChat link lives for hours only.

    It was copied from a search (signature), a preview (tempkey) or a draft (a media_id as its name); draft/add
    refuses the latter two with 45166 (reported by publishing tools).
    """
    parts = _split(url)
    if parts.hostname != ARTICLE_HOST:
        return False
    keys = {key for key, _ in parse_qsl(parts.query, keep_blank_values=True)}
    return (
        {"timestamp", "signature"} <= keys
        or "tempkey" in keys
        or re.fullmatch(r"/s/[\w-]{64}", parts.path, re.ASCII) is not None
    )


def clean(url: str) -> str:
    """Take off what only counts visitors, `utm_*` parameters and `#:~:text=` fragments; a space becomes `%20`."""
    url = re.sub(r"\s", lambda space: quote(space[0]), url)
    head, mark, fragment = url.partition("#")
    base, question, query = head.partition("?")
    kept = [each for each in query.split("&") if not each.lower().startswith("utm_")] if question else []
    fragment = re.sub(r":~:.*", "", fragment)
    return base + ("?" + "&".join(kept) if any(kept) else "") + (mark + fragment if fragment else "")


def identity(url: str) -> str:
    """Give what the addresses of one page have in common.

    Scheme, counters, default port, trailing slash and percent-encoding tell no two pages apart.
    """
    url = clean(url)
    if _scheme(url) not in _OUTSIDE:
        return url
    parts = _split(url)
    if not parts.hostname:
        return url
    host = parts.hostname
    with suppress(UnicodeError):  # what is no name that DNS knows is compared as it is written
        host = host.encode("idna").decode()
    port = f":{parts.port}" if parts.port not in (None, _DEFAULT_PORTS.get(parts.scheme)) else ""
    return unquote(urlunsplit(("", host + port, parts.path.rstrip("/"), parts.query, parts.fragment)))


def _split(url: str) -> SplitResult:
    """Split an address; what is none (an author may write anything) has a path only."""
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname  # both are read late, and raise late
    except ValueError:
        return SplitResult("", "", url, "", "")
    return parts


def _scheme(href: str) -> str:
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", href)
    return match[1].lower() if match else ""


def _same_address(text: str, href: str) -> bool:
    """Tell whether a link's text already is its address, so that a note would print it twice."""
    if not text or any(char.isspace() for char in text):
        return False
    shown = text if _scheme(text) in _OUTSIDE else "https://" + text
    return identity(shown) == identity(href)


def _candidates(article: Path, name: str) -> Iterable[str]:
    """List the files that a relative link may mean: itself, or the Markdown that a site's `.html` was made from."""
    path = Path(os.path.normpath(article.resolve().parent / name.lstrip("/")))
    yield str(path)
    if path.suffix.lower() in ("", ".html", ".htm"):
        yield str(path.with_suffix(".md"))


def _label(a: HtmlElement) -> str:
    """Give the text that stands for a link in the list: its own, else its image's."""
    text = _text(a)
    if text:
        return text
    image = a.find(".//img")
    return (image.get("alt") or "").strip() if image is not None else ""


def _text(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())
