"""All issues of a newsletter as a web site: a letter in, a folder of files out that any server shows, or none at all.

    index.html            the newest issues with their covers, all by year, and a search that needs no server
    issues/….html         a page for each issue, with the ones before and after it; links between issues lead to pages
    feed.xml              the newest issues as an Atom feed (RFC 4287), where the site's address is known
    images/ covers/       what the pages show, each named by its bytes
    .wxpub-site.json      what was written here and of what it was made, so that only what has changed is made again

A folder that holds anybody else's files is left alone, a file that somebody put there later is not overwritten, and one
that somebody changed is not removed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from html import escape, unescape
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urljoin

from wxpub import ledger, safe, workers
from wxpub.article import MAX_BYTES, written_in
from wxpub.desk.archive import plain
from wxpub.desk.letter import Letter, Past, own
from wxpub.elsewhere import web
from wxpub.elsewhere.dress import GENERATOR, palette
from wxpub.errors import SourceError, WxpubError, reason_of
from wxpub.finding import Finding, shorten
from wxpub.images import fit, remote
from wxpub.issue import BLOCKS, Issue, Opener
from wxpub.language import tr
from wxpub.page import ImageRef
from wxpub.target import WEB, Placed
from wxpub.tree import HEADINGS, text_of

MANIFEST = ".wxpub-site.json"
CARDS = 24  # issues that the index shows with their covers; those before them by their titles
ENTRIES = 20  # of the feed
_FORMAT = 1  # of the manifest, and of all that is written
_COVER_PIXELS = 480
_MOST_BYTES = 200_000_000  # of the manifest; of 2,000 issues it has some 5 MB
_SEARCHED = 4_000  # characters of an issue that the search knows
_HEAD_BYTES = 16_000  # in which front matter says what only a site asks for
_DRAFT = re.compile(r"^draft\s*[:=]\s*[\"']?(?:true|yes|on|1|是)\b", re.MULTILINE | re.IGNORECASE)
_UPDATED = re.compile(r"^(?:updated|lastmod)\s*[:=]\s*[\"']?(\d{4}-\d\d-\d\d)\b", re.MULTILINE)
_RESERVED = frozenset({"index.html", "feed.xml", "search.js", "search-data.js", "images", "covers"})
_ARTICLE = re.compile(r"<article>(.*?)</article>", re.DOTALL)
_ADDRESS = re.compile(r' (href|src)="([^"]*)"')
_DRAWN = re.compile(r'<svg\b[^>]* aria-label="([^"]*)".*?</svg>', re.DOTALL)  # which has no size without its looks
_LOOK = re.compile(r' (?:class|id|tabindex)="[^"]*"')
_PERMALINK = re.compile(r'(<a href=")(https://mp\.weixin\.qq\.com/[^"]*)(")')


# What a site says to its readers, in the letter's language.
_WORDS = {
    "zh-CN": {
        "earlier": "上一期",
        "later": "下一期",
        "index": "目录",
        "around": "前后两期",
        "count": "共 {n} 期",
        "feed": "订阅（Atom）",
        "search": "搜索标题和条目",
        "none": "没有找到",
    },
    "en": {
        "earlier": "Earlier",
        "later": "Later",
        "index": "Index",
        "around": "Earlier and later",
        "count": "{n} issues",
        "feed": "Subscribe (Atom)",
        "search": "Search titles and items",
        "none": "Nothing found",
    },
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did: files written and removed, those of others left, pages that stayed, and what was found.

    `failed` are the issues that could not be read, each with the reason; `address` is that of the site, "" if unknown.
    """

    folder: Path
    pages: int
    made: tuple[str, ...]
    written: tuple[str, ...]
    removed: tuple[str, ...]
    left: tuple[str, ...]
    drafts: tuple[str, ...]
    failed: Mapping[str, str]
    findings: tuple[Finding, ...]
    address: str


@dataclass(slots=True)
class _Made:
    """An issue as the site has it; what the manifest keeps of it."""

    key: str
    page: str
    title: str
    date: str
    digest: str
    author: str
    updated: str
    files: dict[str, str]  # all that it is made of here, each with the digest of its bytes
    images: dict[str, str]  # what it shows, each with the key of its source
    words: list[str]  # headings and titles, for the search


def address_of(letter: Letter) -> str:
    """Say where the site of a letter is: at `[site] url`, if that is one address for all files; else ""."""
    found = next((each for each in letter.settings.sites if each.endswith("/{path}") and each.count("{") == 1), "")
    return found.removesuffix("{path}")


def is_address(text: str) -> bool:
    """Whether `text` can be a site's address: one of the web, without a query."""
    return re.fullmatch(r"https?://[^/\s?#]+(?:/[^\s?#]*)?", text) is not None


def build(
    letter: Letter,
    folder: Path,
    *,
    base: str = "",
    name: str = "",
    opener: Opener | None = None,
    watch: Callable[[Iterator[Any], int], Iterator[Any]] = lambda outcomes, count: outcomes,
) -> Report:
    """Write the site of `letter` into `folder`, and there only what has changed.

    `base` is the site's address, without which there is no feed; `name` is what the letter is called; `opener` opens
    the issues; `watch` is handed the issues as they are done, to show that something happens. Raises SourceError for a
    folder that holds others' files or cannot be written, ConfigError for what is wrong in the letter's settings.
    """
    folder = _place(folder, letter)
    base = base and base.rstrip("/") + "/"
    before = _manifest(folder, letter)
    known = {each: _made(found) for each, found in before.get("issues", {}).items()}
    drafts = tuple(each.name for each in letter.issues if _is_draft(each.path))
    issues = tuple(each for each in letter.issues if each.name not in drafts)
    name = name or _name(letter)
    opener = opener or Opener()
    pages = _pages(issues)
    permalinks = _permalinks(letter, pages)
    moved = _moved(before, pages, permalinks)
    there = before.get("files", {})
    begun = {*pages.values(), *(each for each in _RESERVED if "." in each)} - there.keys()
    for each in {(folder / path).parent for path in (*there, *begun, "images/a", "covers/a")}:
        if _is_in(each, folder):
            safe.tidy(each)
    writer = _Writer(folder, there, frozenset(each for each in begun if os.path.lexists(folder / each)))
    spoken = written_in("".join((name, *(each.title for each in issues))))
    # If this ends halfway, the folder is ours, and no page is sure to say what it ought to.
    unsure = {name: {**_kept(entry), "key": ""} for name, entry in known.items()}
    wanted = dict.fromkeys(sorted(begun - writer.theirs), "")
    said = {name: before.get(name, {}) for name in ("pages", "permalinks")}
    writer.keep(files={**wanted, **there}, issues=unsure, **said)
    beside, blocks = _beside(issues), _blocks(letter)
    work = _Work(writer, letter, base, name, spoken, opener, pages, permalinks, known, moved, beside, blocks)
    made: dict[str, _Made] = {}
    changed: list[str] = []
    failed: dict[str, str] = {}
    findings: list[Finding] = []
    with workers.spread(work.make, issues) as outcomes:
        for issue, outcome in zip(issues, watch(outcomes, len(issues)), strict=True):
            findings += outcome.findings
            changed += [issue.name] if outcome.new else []
            if outcome.error:
                failed[issue.name] = outcome.error
            entry = outcome.entry or known.get(issue.name)  # what was there stays until it can be made again
            if entry is not None and (folder / entry.page).is_file():
                made[issue.name] = entry
    files = {path: digest for each in made.values() for path, digest in each.files.items()}
    files |= _around(work, issues, made)
    written = [path for path, digest in files.items() if before.get("files", {}).get(path) != digest]
    removed, left = _cleared(folder, before.get("files", {}), files)
    kept = {each: _kept(entry) for each, entry in made.items()}
    writer.keep(files=files, issues=kept, pages=pages, permalinks=permalinks)
    return Report(
        folder,
        len(made),
        tuple(changed),
        tuple(sorted(written)),
        removed,
        left,
        drafts,
        failed,
        tuple(findings),
        base,
    )


# --- what was here before ---------------------------------------------------------------------------------------------


def _place(folder: Path, letter: Letter) -> Path:
    """Give the site's folder. Raises SourceError for one in the letter that links lead out of it, as `own` does."""
    named, root = Path(os.path.abspath(folder)), letter.root.resolve()  # noqa: PTH100  a link is not followed yet
    return own(named, root).resolve() if named.is_relative_to(root) else folder.resolve()


def _manifest(folder: Path, letter: Letter) -> dict[str, Any]:
    """Read what an earlier build wrote here. Raises SourceError for somebody else's folder, and the letter's own."""
    if folder == letter.root.resolve() or letter.root.resolve().is_relative_to(folder):
        raise SourceError(tr("the newsletter itself is in this folder"), folder, hint=_another())
    if folder.exists() and not folder.is_dir():
        raise SourceError(tr("is a file, not a folder"), folder, hint=_another())
    try:
        text = safe.read(folder / MANIFEST, _MOST_BYTES)
    except FileNotFoundError:
        text = b""
    except OSError as error:
        raise SourceError(tr("cannot be read: {reason}", reason=reason_of(error)), folder / MANIFEST) from None
    if not text:
        if folder.is_dir() and not all(map(safe.is_left, folder.iterdir())):
            raise SourceError(tr("holds files that wxpub site did not write"), folder, hint=_another())
        return {}
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or not str(found.get("made by", "")).startswith("wxpub"):
            raise ValueError(MANIFEST)
        if found.get("format") != _FORMAT:
            return {"files": _strings(found.get("files"))}
        for each in found["issues"].values():
            _made(each)
        return {**found, "files": _strings(found["files"]), "pages": _strings(found["pages"])}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        hint = tr("delete the folder, and build the site anew")
        raise SourceError(tr("is damaged"), folder / MANIFEST, hint=hint) from None


def _another() -> str:
    return tr("name an empty folder, or one that does not exist")


def _strings(found: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in (found or {}).items()}


def _made(found: Mapping[str, Any]) -> _Made:
    files, images = _strings(found["files"]), _strings(found["images"])
    words = [str(each) for each in found["words"]]
    texts = {key: str(found[key]) for key in ("key", "page", "title", "date", "digest", "author", "updated")}
    return _Made(**texts, files=files, images=images, words=words)


def _kept(entry: _Made) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__slots__}


def _moved(
    before: Mapping[str, Any], pages: Mapping[str, str], permalinks: Mapping[str, str]
) -> tuple[str, ...] | None:
    """List by what an issue would name another one that came, went or was published since; None for too many.

    An issue that holds none of these says the same as before, whatever became of the others.
    """
    if "pages" not in before:
        return None
    found: set[str] = set()
    for each in {*before["pages"].items()} ^ {*pages.items()}:
        path = PurePosixPath(each[0])
        stem = path.parent.name if path.stem == "index" else path.stem
        found |= {stem, quote(stem), *re.findall(r"\d{4}-\d\d-\d\d", stem)}
    for url, _ in {*before["permalinks"].items()} ^ {*permalinks.items()}:
        found.add(url.rpartition("/")[2])
    return tuple(sorted(found - {""})) if len(found) < _MOST_MOVED else None


_MOST_MOVED = 100


# --- the issues -------------------------------------------------------------------------------------------------------


def _is_draft(path: Path) -> bool:
    with suppress(OSError):
        return bool(_DRAFT.search(_front(safe.read(path, _HEAD_BYTES))))
    return False


def _front(data: bytes) -> str:
    """Return the front matter of a file that begins with one."""
    text = data[:_HEAD_BYTES].decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    found = re.match(r"(---|\+\+\+)\n(.*?)\n\1", text, re.DOTALL)
    return found[2] if found else ""


def _pages(issues: Sequence[Past]) -> dict[str, str]:
    """Give each issue its page, by the path of its file; one that would take the place of another gets a number."""
    taken, pages = set(_RESERVED), {}
    for each in issues:
        path = PurePosixPath(each.name).with_suffix(".html")
        if path.parts[0] in _RESERVED:
            path = PurePosixPath("issues", *path.parts)
        count, page = 1, path
        while str(page) in taken:
            count += 1
            page = path.with_stem(f"{path.stem}-{count}")
        taken.add(str(page))
        pages[each.name] = str(page)
    return pages


def _permalinks(letter: Letter, pages: Mapping[str, str]) -> dict[str, str]:
    """Map the permalinks of issues to their pages."""
    root = letter.root
    found = {}
    for path, url in ledger.published(root).items():
        with suppress(ValueError):
            if page := pages.get(Path(path).relative_to(root).as_posix()):
                found[url] = page
    return found


def _blocks(letter: Letter) -> list[str]:
    """Give the names and digests of a letter's blocks."""
    return [f"{each.name} {_digest_of(each)}" for each in sorted((letter.root / BLOCKS).glob("*"))]


def _digest_of(path: Path) -> str:
    with suppress(OSError, ValueError):
        return _digest(safe.read_whole(path, MAX_BYTES))
    return ""


def _name(letter: Letter) -> str:
    """Find what the letter is called: the series of its covers, else its author, else its folder."""
    own = letter.settings.article
    return str(own.get("cover_series") or own.get("author") or letter.root.resolve().name)


def _beside(issues: Sequence[Past]) -> dict[str, tuple[Past | None, Past | None]]:
    """Tell for each issue which come before and after it."""
    around = [None, *issues, None]
    return {each.name: (around[at], around[at + 2]) for at, each in enumerate(issues)}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of an issue: its entry, whether its page was made, what was found; or what is wrong with it."""

    entry: _Made | None
    new: bool = False
    findings: tuple[Finding, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Work:
    """What the making of every page needs; each of several processes has its own."""

    writer: _Writer
    letter: Letter
    base: str
    name: str
    language: str
    opener: Opener
    pages: Mapping[str, str]
    permalinks: Mapping[str, str]
    known: Mapping[str, _Made]
    moved: tuple[str, ...] | None
    beside: Mapping[str, tuple[Past | None, Past | None]]
    blocks: Sequence[str]  # digests of the letter's blocks, which may be in every page
    _links: dict[str, dict[str, str]] = field(default_factory=dict)

    def make(self, past: Past) -> _Outcome:
        """Make the page of an issue, unless the one that is there says the same."""
        try:
            issue = self.opener.open(past.path)
            text = safe.read_whole(past.path, MAX_BYTES)
            key = self._key(past, issue, text)
            known = self.known.get(past.name)
            if known is not None and known.key == key and self._stays(known, issue, text.decode(errors="replace")):
                return _Outcome(known)
            return self._made(past, issue, text, key)
        except WxpubError as error:
            return _Outcome(None, error=str(error))
        except OSError as error:
            return _Outcome(None, error=f"{past.path}: {reason_of(error)}")

    def _key(self, past: Past, issue: Issue, text: bytes) -> str:
        """Name all that a page is made of but for its images and what it says of other issues."""
        blocks = [_digest_of(self.letter.root / name) for name in (issue.article.header, issue.article.footer) if name]
        around = [[each.name, plain(each.title)] if each else None for each in self.beside[past.name]]
        made_of = [
            _FORMAT,
            GENERATOR,
            self.base,
            self.name,
            self.language,
            self.pages[past.name],
            around,
            issue.theme.css,
        ]
        return _digest(json.dumps([*made_of, issue.settings.text, self.blocks, blocks]).encode() + text)

    def _stays(self, known: _Made, issue: Issue, text: str) -> bool:
        """Whether nothing that a page was made of has changed, and all of it is still there."""
        if self.moved is None or any(each in text for each in self.moved):
            return False
        if not all((self.writer.folder / path).is_file() for path in known.files):
            return False
        with suppress(WxpubError):
            return all(issue.images.read(src).key == key for src, key in known.images.items())
        return False

    def _made(self, past: Past, issue: Issue, text: bytes, key: str) -> _Outcome:
        page = self.pages[past.name]
        up = "../" * page.count("/")
        back_issues = {**issue.back_issues, **self._links_from(up)}
        issue = replace(issue, back_issues=back_issues, letters={issue.settings.root: self.letter})
        found = issue.page(WEB)
        files: dict[str, str] = {}
        images: dict[str, Placed] = {}
        keys: dict[str, str] = {}
        findings: list[Finding] = []
        for each in (image for image in found.images if not remote(image.src)):
            placed = self._place(issue, each, up, files, keys)
            if isinstance(placed, Placed):
                images[each.src] = placed
            else:
                findings.append(placed)
        article = found.article
        picture = article.cover if remote(article.cover) else ""
        if article.cover and not picture:
            with suppress(SourceError):
                keys[article.cover] = issue.images.read(article.cover).key
                picture = self._image(issue, article.cover, files)
                picture = self.base and self.base + picture
        around = web.Surroundings(
            self.base and self.base + quote(page), picture, self.name, self._head(up), *self._navigation(past, up)
        )
        html = _PERMALINK.sub(lambda link: self._own(link, up), web.write(issue, images, around))
        files[page] = self.writer.write(page, html.encode())
        updated = _UPDATED.search(_front(text))
        entry = _Made(
            key,
            page,
            article.title,
            past.date,
            article.digest,
            article.author,
            updated[1] if updated else past.date,
            files,
            keys,
            _words(issue),
        )
        return _Outcome(entry, True, found.findings + tuple(findings))

    def _links_from(self, up: str) -> dict[str, str]:
        """Map the files of all issues to their pages, as they are named from a folder of a certain depth."""
        if up not in self._links:
            root = self.letter.root.resolve()
            self._links[up] = {str(root / name): up + quote(page) for name, page in self.pages.items()}
        return self._links[up]

    def _own(self, link: re.Match[str], up: str) -> str:
        page = self.permalinks.get(unescape(link[2]))
        return f"{link[1]}{up}{quote(page)}{link[3]}" if page else link[0]

    def _place(
        self, issue: Issue, image: ImageRef, up: str, files: dict[str, str], keys: dict[str, str]
    ) -> Placed | Finding:
        """Write an image and say where it is; or find that it cannot be read."""
        try:
            path = self._image(issue, image.src, files)
        except SourceError as error:
            return issue.missing(image, error)
        keys[image.src] = issue.images.read(image.src).key
        return Placed(up + path, *(issue.images.size(image.src) or (0, 0)))

    def _image(self, issue: Issue, src: str, files: dict[str, str]) -> str:
        """Write an image as browsers show it and return its path; a drawing becomes pixels, since it could run."""
        source = issue.images.read(src)
        data, kind = source.data, fit.media_type(source.data)
        if not kind or kind == "image/svg+xml":
            fitted = issue.images.fit(src)
            data, kind = fitted.data, fitted.mime
        path = f"images/{_digest(data)[:20]}.{kind.partition('/')[2].replace('jpeg', 'jpg')}"
        files[path] = self.writer.write(path, data)
        return path

    def _head(self, up: str) -> str:
        if not self.base:
            return ""
        return f'<link rel="alternate" type="application/atom+xml" title="{escape(self.name)}" href="{up}feed.xml">\n'

    def _navigation(self, past: Past, up: str) -> tuple[str, str]:
        """Lead to the index, and to the issues before and after this one."""
        earlier, later = self.beside[past.name]
        say = _WORDS[self.language]
        links = [
            f'<a rel="{kind}" href="{up}{quote(self.pages[each.name])}">'
            f"<span>{words}</span>{escape(plain(each.title))}</a>"
            for kind, each, words in (("prev", earlier, say["earlier"]), ("next", later, say["later"]))
            if each is not None
        ]
        top = f'<nav class="top" aria-label="{say["index"]}"><a href="{up}index.html">{escape(self.name)}</a></nav>\n'
        return top, f'<nav class="around" aria-label="{say["around"]}">{"".join(links)}</nav>\n' if links else ""


def _words(issue: Issue) -> list[str]:
    """List what the search knows of an issue: its headings, and the titles of its items."""
    root = issue.page(WEB).layout.root
    found = dict.fromkeys(filter(None, map(text_of, root.iter(*HEADINGS, "a", "strong"))))
    words, length = [], 0
    for each in found:
        length += len(each)
        if length > _SEARCHED:
            break
        words.append(each)
    return words


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()


# --- what is written --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes into the site's folder, nowhere else, only what is not there yet, and over nothing of `theirs`."""

    folder: Path
    known: Mapping[str, str]
    theirs: Collection[str] = ()

    def write(self, path: str, data: bytes) -> str:
        """Write a file of the site unless it is there, and return the digest of its bytes. Raises SourceError."""
        place, digest = self.folder / path, _digest(data)
        try:
            if self.known.get(path) == digest and place.is_file() and place.stat().st_size == len(data):
                return digest
            if path in self.theirs:
                said = tr("is a file that wxpub site did not write")
                raise SourceError(said, place, hint=tr("move it away; nothing is overwritten"))
            if not _is_in(place.parent, self.folder):
                raise SourceError(tr("leads out of the site's folder"), place.parent, hint=tr("remove the link"))
            place.parent.mkdir(parents=True, exist_ok=True)
            safe.write(place, data, lasting=False)
        except OSError as error:
            raise SourceError(tr("cannot be written: {reason}", reason=reason_of(error)), place) from None
        return digest

    def keep(self, **state: Mapping[str, Any]) -> None:
        """Write down what is here, and of what it was made."""
        said = {"made by": GENERATOR, "format": _FORMAT, **state}
        self.write(MANIFEST, json.dumps(said, ensure_ascii=False, indent=0, sort_keys=True).encode())


def _is_in(path: Path, folder: Path) -> bool:
    with suppress(OSError, RuntimeError):  # a circle of links
        return path.resolve().is_relative_to(folder)
    return False


def _cleared(
    folder: Path, before: Mapping[str, str], files: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remove what the site no longer has; a file that is not as it was written stays. Returns both."""
    removed, left = [], []
    for path, digest in sorted(before.items()):
        if path in files:
            continue
        place = folder / path
        if not _is_in(place.parent, folder) or place.is_symlink():
            continue
        with suppress(OSError):
            if _digest(place.read_bytes()) != digest:
                left.append(path)
                continue
            place.unlink()
            removed.append(path)
            for parent in place.relative_to(folder).parents:
                if str(parent) != ".":
                    (folder / parent).rmdir()  # ends at the first that holds something
    return tuple(removed), tuple(left)


def _around(work: _Work, issues: Sequence[Past], made: Mapping[str, _Made]) -> dict[str, str]:
    """Write what stands around the pages: the index with its covers, the search, the feed."""
    there = [each for each in reversed(issues) if each.name in made]
    shown = [made[each.name] for each in there]
    write = work.writer.write
    files: dict[str, str] = {}
    covers = {}
    newest: Issue | None = None
    for each in there[:CARDS]:
        with suppress(WxpubError):
            issue = work.opener.open(each.path)
            newest = newest or issue
            if path := _cover(work, issue, files):
                covers[made[each.name].page] = path
    colours = palette(newest.theme.variables if newest is not None else {})
    index = _index(work, shown, covers, web.sheet(colours.variables(0), colours.variables(1), "site.css"))
    files["index.html"] = write("index.html", index.encode())
    data = [[each.page, each.title, each.date, [each.digest, *each.words]] for each in shown]
    listed = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    listed = listed.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    files["search-data.js"] = write("search-data.js", f"window.letter = {listed};\n".encode())
    files["search.js"] = write("search.js", web.shipped("search.js").encode())
    if work.base and (entries := [each for each in shown if each.date][:ENTRIES]):
        files["feed.xml"] = write("feed.xml", _feed(work, entries).encode())
    return files


def _cover(work: _Work, issue: Issue, files: dict[str, str]) -> str:
    """Write an issue's cover, small, and return its path; one that is drawn is drawn once."""
    src = issue.article.cover or issue.images.cover(issue.cover)
    source = issue.images.read(src)
    path = f"covers/{sha256(source.key.encode()).hexdigest()[:20]}.jpg"
    if path in work.writer.known and (work.writer.folder / path).is_file():
        files[path] = work.writer.known[path]
    else:
        files[path] = work.writer.write(path, fit.small(issue.images.fit(src), _COVER_PIXELS))
    return path


def _index(work: _Work, shown: Sequence[_Made], covers: Mapping[str, str], sheet: str) -> str:
    """Write the index: cards of the newest issues, all others by year."""
    cards, years = [], dict[str, list[str]]()
    for at, each in enumerate(shown):
        link = f'<a href="{quote(each.page)}">{escape(each.title)}</a>'
        day = f'<time datetime="{each.date}">{each.date}</time>' if each.date else ""
        if at < CARDS:
            cover = covers.get(each.page, "")
            image = f'<img src="{cover}" alt="" width="480" height="204" loading="lazy">' if cover else ""
            digest = f"<p>{escape(shorten(each.digest, _DIGEST_CHARS))}</p>" if each.digest else ""
            cards.append(f"<li>{image}<h2>{link}</h2>{day}{digest}</li>\n")
        else:
            years.setdefault(each.date[:4] or "—", []).append(f"<li>{link}{day}</li>\n")
    older = "".join(f"<h2>{year}</h2>\n<ol>\n{''.join(rows)}</ol>\n" for year, rows in years.items())
    say = _WORDS[work.language]
    feed = (
        f'<a class="feed" href="feed.xml">{say["feed"]}</a>' if work.base and any(each.date for each in shown) else ""
    )
    name = escape(work.name)
    address = f'<link rel="canonical" href="{escape(work.base)}">\n' if work.base else ""
    return (
        f'<!doctype html>\n<html lang="{work.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f'<meta name="generator" content="{GENERATOR}">\n<meta name="color-scheme" content="light dark">\n'
        f'<title>{name}</title>\n<meta property="og:type" content="website">\n'
        f'<meta property="og:title" content="{name}">\n{address}{work._head("")}'
        f"<style>\n{sheet}</style>\n</head>\n<body>\n<main>\n<header>\n<h1>{name}</h1>\n"
        f"<p><span>{say['count'].format(n=len(shown))}</span>{feed}</p>\n"
        f'<form role="search" hidden><input type="search" aria-label="{say["search"]}" placeholder="{say["search"]}">'
        f'</form>\n</header>\n<ol id="found" aria-live="polite" data-none="{say["none"]}"></ol>\n'
        f'<div id="issues">\n<ol class="cards">\n{"".join(cards)}</ol>\n{older}</div>\n</main>\n'
        '<script src="search.js"></script>\n</body>\n</html>\n'
    )


_DIGEST_CHARS = 80


def _feed(work: _Work, entries: Sequence[_Made]) -> str:
    """Write the newest issues as an Atom feed (RFC 4287): an entry's id is its address, its dates are the issue's."""
    base, name = work.base, _xml(work.name)
    written = [
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{work.language}">\n'
        f"<title>{name}</title>\n<id>{_xml(base)}</id>\n"
        f'<link rel="self" type="application/atom+xml" href="{_xml(base)}feed.xml"/>\n'
        f'<link rel="alternate" type="text/html" href="{_xml(base)}"/>\n'
        f"<updated>{_moment(max(max(each.updated, each.date) for each in entries))}</updated>\n"
        f"<author><name>{name}</name></author>\n<generator>wxpub</generator>\n"
    ]
    for each in entries:
        url = _xml(base + quote(each.page))
        author = f"<author><name>{_xml(each.author)}</name></author>\n" if each.author else ""
        summary = f"<summary>{_xml(each.digest)}</summary>\n" if each.digest else ""
        written.append(
            f"<entry>\n<title>{_xml(each.title)}</title>\n<id>{url}</id>\n"
            f'<link rel="alternate" type="text/html" href="{url}"/>\n'
            f"<published>{_moment(each.date)}</published>\n<updated>{_moment(max(each.updated, each.date))}</updated>\n"
            f'{author}{summary}<content type="html">{_xml(_content(work, each))}</content>\n</entry>\n'
        )
    return "".join(written) + "</feed>\n"


def _content(work: _Work, entry: _Made) -> str:
    """Take an issue's article off its page, without its looks and with addresses that hold anywhere."""
    page = safe.read_whole(work.writer.folder / entry.page, _MOST_BYTES).decode()
    found = _ARTICLE.search(page)
    here = work.base + quote(entry.page)
    html = _LOOK.sub("", _DRAWN.sub(r"<code>\1</code>", found[1])) if found else ""
    return _ADDRESS.sub(lambda each: f' {each[1]}="{escape(urljoin(here, unescape(each[2])))}"', html)


def _moment(day: str) -> str:
    return f"{day}T00:00:00+08:00"


def _xml(text: str) -> str:
    """Write text for XML, which has no control characters."""
    return escape(_CONTROL.sub("", text))


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
