"""Links as a WeChat article can keep them: `a` and footnotes in, live links, one series of notes and text out.

WeChat keeps links to published articles alive and makes every other link dead (api_draft_add, api_uploadimage). So a
link outside becomes its text and a number, its address stands in the list at the end, beside the author's footnotes:

    a                                   becomes
    permalink of a published article    a live link
    back issue that was published       a live link, whether its file or an address of its own was linked to
    other back issue                    text, with one finding for all
    its own address as text             the address, breaking anywhere, without a number
    other address                       text[3], and [3] text, address in the list
    empty, #anchor, mailto:, file       text, with a finding where the reader loses something

What other readers than WeChat's keep, their target says: `live_links`, `anchors`.

Touches no network and no file, but may ask whether a file is there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from lxml import etree

from wxpub import address
from wxpub.address import Address, Named
from wxpub.finding import Finding, Rule, shorten
from wxpub.language import gettext, tr, tr_n
from wxpub.target import API, Target
from wxpub.tree import BLOCKS, HEADINGS, fill, line_of, make, text_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from wxpub.article import Article

LINK_EMPTY = Rule(
    "link-empty",
    "warning",
    "a link has no address, so it is left as text",
    "give it one, or make it plain text",
    reader="plain text where a link should be",
)
LINK_EXPIRES = Rule(
    "link-expires",
    "warning",
    "a link copied from WeChat's search or a preview dies within hours, so it is left as text",
    "open it, and copy the article's permanent address (…/s/…)",
    reader="plain text where a link should be; a live link would say that the page has expired",
)
LINK_UNSAFE = Rule(
    "link-unsafe",
    "warning",
    "WeChat keeps no javascript:, data: or similar address as a link",
    "make it plain text",
    reader="plain text where a link should be",
)
LINK_FILE = Rule(
    "link-file",
    "warning",
    "readers do not have the linked file, so it is left as text",
    "link to its address on the web",
    reader="plain text where a link should be",
)
LINK_LOST = Rule(
    "link-lost",
    "warning",
    "a relative link does not lead to a file",
    "correct the path",
    reader="plain text where a link should be",
)
BACK_ISSUE_UNKNOWN = Rule(
    "back-issue-unknown",
    "warning",
    "back issues that have no published address yet are left as text",
    "record where they were published: wxpub index add FILE URL",
    reader="the names of back issues as plain text",
)
RULES = (LINK_EMPTY, LINK_EXPIRES, LINK_UNSAFE, LINK_FILE, LINK_LOST, BACK_ISSUE_UNKNOWN)

_REMARKS = "注释"  # above the author's footnotes; what stands above the addresses is a setting
_CONTACT = {"mailto", "tel", "sms"}
_MARKDOWN = (".md", ".markdown")
_PAGE = ("", ".html", ".htm")  # how a site names what it made of Markdown
_HTTP = re.compile(r"\Ahttp:(?=//mp\.weixin\.qq\.com/)")
_DATE = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")
# Documents of a repository, which are no issues.
_DOCUMENT = re.compile(
    r"(?:readme|licen[cs]e|contributing|changelog|code_of_conduct|security|support)\b", re.IGNORECASE
)
# The beginning of an address whose scheme was forgotten, or whose colon is Chinese.
_HOST = re.compile(
    r"(?:\W*https?[:：]|(?:[\w-]+\.)+(?:com|cn|net|org|io|dev|ai|app|me|edu|gov)(?:[/:]|\Z))", re.IGNORECASE
)


class Note(NamedTuple):
    """One entry of the list at the end: a link outside, or the author's own footnote, whose `url` is empty."""

    number: int
    text: str
    url: str = ""

    @property
    def mark(self) -> str:
        """What stands in the text for this note."""
        return _mark(self.number)


class Home(NamedTuple):
    """Where the newsletter is at home: the folder `root`, in which paths that begin with / count, and the web.

    `addresses` are templates of the addresses at which files can be read, each with the folder of these files (see
    `address.named`); `exists` tells whether a file is there.
    """

    root: str = ""
    addresses: tuple[tuple[str, str], ...] = ()
    exists: Callable[[str], bool] = lambda path: True


class Resolved(NamedTuple):
    """What `resolve` made of an article's links: its notes, the addresses left out on purpose, and the findings."""

    notes: tuple[Note, ...]
    left: frozenset[str]
    findings: tuple[Finding, ...]


def resolve(
    root: HtmlElement, article: Article, back_issues: Mapping[str, str], target: Target = API, home: Home | None = None
) -> Resolved:
    """Turn every link and footnote under `root` into what `target` keeps, and append the notes and the QR code.

    `back_issues` maps the absolute path of a back issue's Markdown to its permalink; `home` says by which addresses
    else one may be linked to.
    """
    footnotes = _take_footnotes(root)
    series = _Series(article, back_issues, footnotes, str(article.path.resolve()), target, home or Home())
    for element in list(root.iter("a", "sup")):
        series.visit(element)
    wanted = not _ends_in_qrcode(root) if article.qrcode is None else article.qrcode
    notes = series.finish()
    if notes is not None:
        root.append(notes)
    if article.source_url and wanted and not target.live_links:
        root.append(_qrcode(article.source_url))
    return Resolved(tuple(series.notes), frozenset(series.left), tuple(series.findings))


@dataclass(slots=True)
class _Series:
    """One numbering of an article's notes, in order of appearance; the same address has one number."""

    article: Article
    back_issues: Mapping[str, str]
    footnotes: Mapping[str, HtmlElement]
    path: str
    target: Target
    home: Home
    left: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _bodies: dict[int, HtmlElement] = field(default_factory=dict)  # of footnotes that are more than an address
    _unread: list[HtmlElement] = field(default_factory=list)  # bodies whose own links have no number yet
    _unknown: dict[str, _Linked] = field(default_factory=dict)
    _lost: dict[str, _Linked] = field(default_factory=dict)

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
        if href.startswith("#") and len(href) > 1 and self.target.anchors:
            return _to_live(a, href)
        if href.startswith("#") or a.get("href") is None:
            return _to_text(a)
        text, line = text_of(a), line_of(a)
        if not href:
            self._report(LINK_EMPTY, tr("the link “{text}” has no address", text=text), line)
            return _to_text(a)
        to = address.parse(href)
        if (issue := self._issue(to)) is not None:
            return self._back_issue(a, text, to, issue, line)
        if to.outside:
            return self._outside(a, text, to, line)
        if to.scheme in _CONTACT:
            return _to_live(a, to.url) if self.target.live_links else _contact(a, text, to)
        if to.scheme:
            message = tr("WeChat does not keep a {scheme}: address as a link", scheme=to.scheme)
            self._report(LINK_UNSAFE, message, line)
            return _to_text(a)
        return self._relative(a, to, line)

    def _outside(self, a: HtmlElement, text: str, to: Address, line: int | None) -> None:
        if to.expires:
            message = tr("the link “{text}” expires hours after it was copied, so it is left as text", text=text)
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
        if _says_nothing(label):
            label = _title_around(a) or label
        return self._note(a, self._number(to.identity, label, to.url))

    def _note(self, a: HtmlElement, number: int) -> None:
        """Make `text<sup>[n]</sup>` of a link; the bare span keeps the text together until the tree is written.

        A heading that is nothing but a link shows no number: by its words it is found in the list.
        """
        _to_text(a)
        a.set("class", "ref")
        if _is_heading(a):
            return
        a.append(make("sup", "note", [_mark(number)]))

    def _number(self, key: str, text: str, url: str) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.notes) + 1
            self.notes.append(Note(len(self.notes) + 1, text, url))
        number = self._numbers[key]
        known = self.notes[number - 1]
        if _says_nothing(known.text) and not _says_nothing(text):
            self.notes[number - 1] = Note(number, text, known.url)
        return number

    def _relative(self, a: HtmlElement, to: Address, line: int | None) -> None:
        """Leave a link to a file as text: readers do not have it, if it is there at all."""
        name = unquote(to.path)
        if any(self.home.exists(path) for each in self._named(to) for path in self._issue_paths(each)):
            message = tr("readers do not have the file {name}, so the link to it is left as text", name=name)
            self._report(LINK_FILE, message, line)
        else:
            self._lost.setdefault(name, _Linked(name, line))
        return _to_text(a)

    # --- back issues ---

    def _issue(self, to: Address) -> _Issue | None:
        """Find the newsletter's issue that an address leads to, by its file's path or by an address of its own."""
        likeliest = None
        for named in self._named(to):
            paths = self._issue_paths(named)
            issue = next((each for each in paths if each in self.back_issues), None)
            if issue is not None:
                return _Issue(issue, self.back_issues[issue])
            if self.path in paths:
                return _Issue(self.path)
            there = next(filter(self.home.exists, paths), "")
            likeliest = likeliest or self._like_an_issue(named, there)
            if there:
                break  # what else an address might mean is not meant
        return likeliest

    def _named(self, to: Address) -> Iterator[Named]:
        if to.outside:
            yield from address.named(to, self.home.addresses)
        elif not to.scheme and to.path:
            for path in self._paths(unquote(to.path)):
                yield Named("", path, exact=True)

    def _paths(self, name: str) -> list[str]:
        """List the paths that a relative link may mean: one that begins with / counts from the project's folder."""
        folder = os.path.dirname(self.path)  # noqa: PTH120  as below
        folders = [self.home.root, folder] if name.startswith("/") and self.home.root else [folder]
        # Strings, since a table of back issues has hundreds of links and a Path costs ten times as much.
        return [os.path.normpath(os.path.join(each, name.lstrip("/"))) for each in folders]  # noqa: PTH118

    def _issue_paths(self, named: Named) -> list[str]:
        """List the paths of the Markdown that `named` may be."""
        if not named.path:
            known = [*self.back_issues, self.path]
            alike = [each for each in known if named.stem in ("", PurePosixPath(each).stem)]
            alike = [each for each in alike if named.date in ("", *_DATE.findall(PurePosixPath(each).stem))]
            return alike if len(alike) == 1 else []
        path = os.path.normpath(os.path.join(named.folder, named.path))  # noqa: PTH118  as above
        stem, suffix = os.path.splitext(path)  # noqa: PTH122  as above
        paths = [path]
        if suffix.lower() not in _MARKDOWN:  # what a site shows was made from Markdown of the same name
            bases = dict.fromkeys((stem, path) if suffix.lower() in _PAGE else (path,))
            paths += [base + each for base in bases for each in (*_MARKDOWN, "/index.md")]
        if not named.exact:
            ends = tuple(each.removeprefix(named.folder) for each in paths)
            below = [each for each in self.back_issues if each.endswith(ends)]
            paths += below if len(below) == 1 else []
        return paths

    def _like_an_issue(self, named: Named, there: str) -> _Issue | None:
        """Take a file that was not published for an issue: its name has a number, or it is Markdown beside this one."""
        path = named.path or f"{named.stem or named.date}.md"
        stem, suffix = os.path.splitext(path)  # noqa: PTH122  as above
        name = os.path.basename(stem)  # noqa: PTH119  as above
        if suffix.lower() not in (*_MARKDOWN, *_PAGE) or _DOCUMENT.match(name):
            return None
        markdown = path if suffix.lower() in _MARKDOWN else there
        if there and not markdown.endswith(_MARKDOWN):
            return None
        beside = os.path.normpath(os.path.join(named.folder, markdown, "..")) == os.path.dirname(self.path)  # noqa: PTH118, PTH120
        if not re.search(r"\d", name) and not (markdown.endswith(_MARKDOWN) and beside):
            return None
        return _Issue(there or path)

    def _back_issue(self, a: HtmlElement, text: str, to: Address, issue: _Issue, line: int | None) -> None:
        """Link a back issue where it was published; one that was not yet becomes text, and so does this issue itself.

        The address of this issue is lost on nobody: 阅读原文 leads there.
        """
        left = (a.get("href") or "").strip()
        if issue.permalink:
            self.left.add(left)
            return _to_live(a, _HTTP.sub("https:", issue.permalink))
        itself = issue.path == self.path
        if to.outside and (self.target.live_links or (itself and not self.article.source_url)):
            return self._outside(a, text, to, line)
        if not itself:
            name = PurePosixPath(issue.path).name
            self._unknown.setdefault(issue.path, _Linked(name, line, self.home.exists(issue.path)))
        if to.outside and _says(text, to):
            return _to_printed(a)
        self.left.add(left)
        return _to_text(a)

    # --- footnotes ---

    def _footnote(self, ref: HtmlElement) -> None:
        label = ref.get("data-note", "")
        body = self.footnotes.get(label)
        if body is None:
            return
        text = text_of(body)
        to = _lone_address(body, text)
        if to is not None and self._issue(to) is None:
            number = self._number(to.identity, "" if _says(text, to) else text, to.url)
        else:
            number = self._number(f"footnote:{label}", text, "")
            if number not in self._bodies:
                self._bodies[number] = body
                self._unread.append(body)
        ref.attrib.clear()
        ref.set("class", "note")
        ref.text = None
        fill(ref, [_leading(_mark(number), f"#fn-{number}", self.target.anchors)])

    # --- the list at the end ---

    def finish(self) -> HtmlElement | None:
        """Number the links inside footnotes, report unknown back issues, and build the list; None without notes."""
        for body in self._unread:  # it grows: a footnote may name another one
            for element in list(body.iter("a", "sup")):
                self.visit(element)
        self._report_unknown()
        self._report_lost()
        if not self.notes:
            return None
        section = make("section", "notes")
        digits = max(2, len(str(len(self.notes))))
        for heading, notes in (
            (_REMARKS, [note for note in self.notes if not note.url]),
            (self.article.notes_heading, [note for note in self.notes if note.url]),
        ):
            if notes:
                make("h2", "notes-title", [heading], section)
                entries = make("section", "note-list", parent=section)
                for note in notes:
                    _entry(entries, note, self._bodies.get(note.number), digits, self.target)
        return section

    def _report_unknown(self) -> None:
        if not (unknown := list(self._unknown.values())):
            return
        message = tr_n(
            "{n} back issue has no published address yet, so left as text: {names}",
            "{n} back issues have no published address yet, so left as text: {names}",
            len(unknown),
            names=_some(unknown),
        )
        fix = gettext(BACK_ISSUE_UNKNOWN.fix)
        missing = [each for each in unknown if not each.exists]
        if len(missing) == len(unknown):
            fix = tr("{fix}; or correct the path: there is no such file", fix=fix)
        elif missing:
            fix = tr("{fix}; or correct the path of those that are not there: {names}", fix=fix, names=_some(missing))
        self._report(BACK_ISSUE_UNKNOWN, message, unknown[0].line, fix)

    def _report_lost(self) -> None:
        if not (lost := list(self._lost.values())):
            return
        message = tr_n(
            "{n} link does not lead to a file: {names}",
            "{n} links do not lead to a file: {names}",
            len(lost),
            names=_some(lost),
        )
        hosts = [each for each in lost if _HOST.match(each.name)]
        fix = tr("write https:// before what is an address: {names}", names=_some(hosts)) if hosts else None
        self._report(LINK_LOST, message, lost[0].line, fix)

    def _report(self, rule: Rule, message: str, line: int | None, fix: str | None = None) -> None:
        self.findings.append(rule.find(message, self.article.path, line, fix=fix))


class _Issue(NamedTuple):
    """An issue of the newsletter: the path of its Markdown, and where it was published, "" if it was not."""

    path: str
    permalink: str = ""


class _Linked(NamedTuple):
    """What a link that became text led to, and whether that file is there."""

    name: str
    line: int | None
    exists: bool = False


def _some(links: Sequence[_Linked]) -> str:
    """Name the first of what links led to."""
    return "、".join(each.name for each in links[:3]) + ("…" if len(links) > 3 else "")


def _mark(number: int) -> str:
    return f"[{number}]"


# --- what a link becomes ----------------------------------------------------------------------------------------------


def _to_text(a: HtmlElement) -> None:
    a.tag = "span"
    a.attrib.clear()


def _to_printed(a: HtmlElement) -> None:
    _to_text(a)
    a.set("class", "url")


def _is_heading(a: HtmlElement) -> bool:
    """Whether a heading says nothing beside this link."""
    inner = a
    for around in a.iterancestors():
        beside = f"{around.text or ''}{inner.tail or ''}".strip()
        if beside or inner.getprevious() is not None or inner.getnext() is not None:
            return False
        if around.tag in HEADINGS:
            return bool(text_of(a))
        inner = around
    return False


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


def _leading(text: str, url: str, live: bool) -> HtmlElement | str:
    """Write text as a link, where links of this kind are `live`."""
    if not live:
        return text
    a = make("a", "", [text])
    a.set("href", url)
    return a


def _entry(entries: HtmlElement, note: Note, body: HtmlElement | None, digits: int, target: Target) -> None:
    """Append one entry: number, text, address on its own line; a footnote keeps its blocks.

    Numbers hang in a column that is as wide for one digit as for `digits`: two spaces are as wide as one digit.
    """
    column = "\u00a0\u00a0" * (digits - len(str(note.number))) + " "
    mark = _leading(note.mark, f"#fnref-{note.number}", target.anchors)
    entry = make("p", "note-item", [make("span", "note-number", [mark]), column], entries)
    entry.set("data-note", str(note.number))
    if body is None:
        if note.text:
            fill(entry, [make("span", "note-text", [note.text]), make("br")])
        fill(entry, [make("span", "url", [_leading(note.url, note.url, target.live_links)])])
        return
    first, *rest = list(body) or [None]
    if first is not None and first.tag == "p":
        fill(entry, [first.text or "", *first])
    elif first is not None:
        rest.insert(0, first)
    if rest:
        make("section", "note-more", rest, entries)


_QRCODE = re.compile(r"(?<![a-z\d])qr|qr[-_]?code|二维码|扫码|erweima", re.I)
_LAST_BLOCKS = 10  # below which an issue says whom it is from, what it may be used for, and how to follow it


def _ends_in_qrcode(root: HtmlElement) -> bool:
    """Whether one of the last blocks has a picture that calls itself a QR code."""
    images = (image for block in root[-_LAST_BLOCKS:] for image in block.iter("img"))
    return any(
        _QRCODE.search(
            f"{PurePosixPath(image.get('src') or '').name} {image.get('alt') or ''} {image.get('title') or ''}"
        )
        for image in images
    )


def _qrcode(url: str) -> HtmlElement:
    """Show the address of 阅读原文 as a picture: a reader on a phone long-presses it."""
    image = make("img")
    image.set("src", f"qrcode:{url}")
    image.set("alt", "网页版的二维码")
    return make("section", "qrcode", [image, make("p", "caption", ["长按识别二维码，看网页版"])])


# --- what a note calls a link that says nothing -----------------------------------------------------------------------

_EMPTY_LABEL = re.compile(
    r"\W*(?:\d{0,3}|[①-⑳]|(?:请|欢迎)?(?:点击|点|戳|看|见|查看|访问|阅读)?(?:这里|此处|这儿|这个|我|详情|更多)?的?"
    r"(?:链接|地址|网址|原文|全文|来源|出处|传送门)?(?:地址|链接)?"
    r"|via|here|link|source|url|more|read more|click here|this|original|details?)\W*",
    re.IGNORECASE,
)
_LABEL_CHARS = 16  # of the longest label that says nothing
_TITLE_CHARS = 60
_BLOCKS_BACK = 40  # among which an item's title is looked for
_NUMBERED = re.compile(r"\d{1,3}\s*[、.．)）]\s*")
_BESIDE_TITLE = re.compile(r"\s[|｜丨]\s.*|[（(【\[]\s*[)）\]】]|[\s：:，,。；;、—-]+\Z")


_MORE = re.compile(r"\s*[：:，,。|｜丨—–-]")  # behind a title, before what is said of it


def _says_nothing(label: str) -> bool:
    """Whether a link's text tells nothing of what it leads to, as 这里, via and [1] do."""
    return len(label) <= _LABEL_CHARS and _EMPTY_LABEL.fullmatch(label) is not None


def _title_around(a: HtmlElement) -> str:
    """Return the title of the item that a link stands in, else that of its section, "" if there is none."""
    around = list(a.iterancestors())
    for item in (each for each in around if each.tag == "li"):
        if title := _title_of(item, a):
            return title
    block = around[-2] if len(around) > 1 else a
    for each in islice(chain((block,), block.itersiblings(preceding=True)), _BLOCKS_BACK):
        begins = each.tag in HEADINGS or (each.tag == "p" and _begins_item(each))
        if begins and (title := _title_of(each, a)):
            return title
    return ""


def _begins_item(p: HtmlElement) -> bool:
    """Whether a paragraph is the first of an item: it begins with a number, or in bold."""
    text, first = (p.text or "").strip(), next(iter(p), None)
    return _NUMBERED.match(text) is not None or (not text and first is not None and first.tag in ("strong", "b"))


def _title_of(block: HtmlElement, link: HtmlElement) -> str:
    """Return what the first line of a block says beside `link`: all of it, or of a sentence what is set off in it."""
    line, set_off = "", ""
    begin: dict[HtmlElement, int] = {}  # where what is set off begins in the line
    walk = etree.iterwalk(block, events=("start", "end"))
    for seen, (event, node) in enumerate(walk):
        if event == "end":
            if node in begin and _says_nothing(set_off):
                set_off = line[begin[node] :].strip()
            line += (node.tail or "") if node is not block else ""
        elif node is link or node.tag == "sup" or not isinstance(node.tag, str):
            walk.skip_subtree()
        elif node.tag == "br" or (node.tag in BLOCKS and line.strip()):
            break
        else:
            if node.tag in ("a", "strong", "b") or node.get("class") == "ref":
                begin[node] = len(line)
            line += node.text or ""
        if len(line) > 2 * _TITLE_CHARS or seen > 4 * _TITLE_CHARS:
            break
    line = _NUMBERED.sub("", " ".join(line.split()), count=1)
    named = bool(set_off) and line.startswith(set_off) and _MORE.match(line, len(set_off)) is not None
    title = set_off if set_off and (named or len(line) > _TITLE_CHARS) else line
    title = _BESIDE_TITLE.sub("", _BESIDE_TITLE.sub("", title)).strip()
    return "" if _says_nothing(title) else shorten(title, _TITLE_CHARS)


# --- footnotes --------------------------------------------------------------------------------------------------------


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


def _image_text(a: HtmlElement) -> str | None:
    """Return the text of the image that a link consists of; None if it has none."""
    image = a.find(".//img")
    return None if image is None else (image.get("alt") or "").strip()
