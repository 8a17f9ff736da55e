"""Where the issues of a letter were published: a list from anywhere in, the addresses of its issues out; and what is
wrong with those that are recorded.

    claims   lines of file and URL, CSV with a header, a saved album (合集) or other page of links   what it says
    match    each claim and its issue: by file, title, number or date; what fits none, or several    Outcome
    check    issues without an address, addresses without an issue, gaps, orders                     findings

Records nothing and asks nobody.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from lxml import html

from wxpub import address, article
from wxpub.desk import inbox, table
from wxpub.desk.archive import Series, plain
from wxpub.desk.letter import DATED, Past, number_in
from wxpub.errors import SourceError
from wxpub.finding import Finding, Rule
from wxpub.language import listed, tr, tr_n
from wxpub.limits import ARTICLE_HOST

ISSUE_UNRECORDED = Rule(
    "issue-unrecorded",
    "warning",
    "an issue has no published address, though a later one has",
    "record where it was published: wxpub index add FILE URL, or wxpub index import",
    "record",
    reader="its name as plain text where other issues link to it",
)
ADDRESS_SHARED = Rule(
    "address-shared",
    "error",
    "two issues are recorded with one address",
    "open it, and record the other one anew",
    "record",
    reader="another issue than the one whose name they tap",
)
RECORD_STRAY = Rule(
    "record-stray",
    "warning",
    "the record names an issue whose file is gone",
    "tell its new name: wxpub index move OLD NEW",
    "record",
    reader="plain text where links to the issue under its new name should be",
)
ORDER_WRONG = Rule(
    "order-wrong",
    "warning",
    "the numbers of two issues do not follow their dates",
    "correct the number or the date in the later one",
    "record",
    reader="back issues in a wrong order",
)
LIST_INCOMPLETE = Rule(
    "list-incomplete",
    "warning",
    "the list of back issues leaves some out",
    "complete it: wxpub index table FILE --write",
    "record",
    reader="a list in which issues are missing",
)
RULES = (ISSUE_UNRECORDED, ADDRESS_SHARED, RECORD_STRAY, ORDER_WRONG, LIST_INCOMPLETE)

MOST_BYTES = 20 * 1024 * 1024  # of a list
_URL = re.compile(r"https?://[^\s<>\"'，。；、）】」]+")
_NAMES = {
    "file": ("file", "path", "name", "文件", "文件名"),
    "title": ("title", "标题", "题目"),
    "number": ("number", "issue", "no", "期号", "期", "期数"),
    "date": ("date", "published", "time", "日期", "发表时间", "发布时间"),
    "url": ("url", "link", "href", "permalink", "address", "链接", "地址", "网址", "永久链接", "文章链接"),
}
_ALIKE = 0.8  # of 1: how much two titles have in common that are one
_COMMON = 0.05  # of a letter's titles: two characters that stand in more of them tell nothing


class Claim(NamedTuple):
    """What a list says of one publication: its address, and as far as it says them file, title, number and date."""

    url: str
    file: str = ""
    title: str = ""
    number: int | None = None
    date: str = ""

    @property
    def name(self) -> str:
        """What it is called in a message."""
        return self.file or self.title or self.date or self.url


class Match(NamedTuple):
    """An issue, where it was published, and by what the two were found to belong together."""

    issue: Past
    url: str
    by: str


class Outcome(NamedTuple):
    """What a list adds to the record: `new` addresses, and those that `differ` from what is recorded.

    `same` counts those that are recorded already; `left` are claims that fit no issue, or several, with the reason.
    """

    new: tuple[Match, ...]
    differ: tuple[Match, ...]
    same: int
    left: tuple[tuple[Claim, str], ...]


# --- what a list says -------------------------------------------------------------------------------------------------


def claims(text: str, path: Path) -> list[Claim]:
    """Read a list of publications in any of its forms. Raises SourceError if it names no address at all."""
    if re.search(r"<(?:html|body|ul|li|a|div)\b", text[:100_000], re.IGNORECASE):
        found = list(_in_page(text))
    else:
        found = list(_in_csv(text)) or list(map(_in_line, filter(_URL.search, text.splitlines())))
    if not found:
        hint = tr("give lines such as {example}, a CSV file with a header, or a saved page", example="a.md https://…")
        raise SourceError(tr("names no address of an article"), path, hint=hint)
    return found


def _in_page(text: str) -> Iterator[Claim]:
    """Read the links of a page; items of WeChat's album pages have theirs in data-link (seen in 2025, unverified)."""
    seen: set[str] = set()
    root = html.fromstring(text)
    for element in root.iter("li", "a"):
        url = (element.get("data-link") or (element.get("href") if element.tag == "a" else "") or "").strip()
        title = " ".join((element.get("data-title") or "".join(map(str, element.itertext()))).split())
        if address.parse(url).host == ARTICLE_HOST and title and not address.parse(url).path.startswith("/mp/"):
            if (key := permalink(url)) not in seen:
                yield told(url, title)
            seen.add(key)


def _in_csv(text: str) -> Iterator[Claim]:
    head = text.lstrip("\ufeff").partition("\n")[0]
    mark = max(",;\t", key=head.count)
    names = [each.strip().strip('"').lower() for each in head.split(mark)]
    known = {key: next((names.index(each) for each in others if each in names), -1) for key, others in _NAMES.items()}
    if known["url"] < 0 or mark not in head:
        return
    for row in list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=mark))[1:]:
        said = {key: row[at].strip() if 0 <= at < len(row) else "" for key, at in known.items()}
        if said["url"]:
            number = re.search(r"\d{1,6}", said["number"])
            claim = told(said["url"], said["title"], said["file"])
            yield claim._replace(
                number=int(number[0]) if number else claim.number, date=_day(said["date"]) or claim.date
            )


def _in_line(line: str) -> Claim:
    """Read a line of an address and what stands beside it: a file, a title, a link of Markdown."""
    url = _URL.search(line)
    assert url is not None
    bare = url[0].rstrip(")]>|")
    rest = re.sub(r"\[([^\[\]]*)\]\([^()]*\)?|[<>]", r"\1", line.replace(bare, "")).replace("()", "")
    rest = re.sub(r"^\s*(?:[-*+]|\d+\.)\s+", "", rest).strip(" \t|,;：:")
    return told(bare, "", rest) if re.search(r"\.(?:md|markdown)$", rest, re.IGNORECASE) else told(bare, plain(rest))


def told(url: str, title: str, file: str = "") -> Claim:
    """Make a claim of what is said beside an address; a title tells number and date."""
    return Claim(url, file, title, number_in(title), _day(title or Path(file).stem))


def _day(text: str) -> str:
    """Find a day in words: 2026-11-21, 2026/11/21, 2026 年 11 月 21 日, 20261121; "" where there is none."""
    found = DATED.search(text)
    return article.date_of(found["year"], found["month"], found["day"]) if found else article.date_in(text)


def permalink(url: str) -> str:
    """Write a permalink in one form: https, and of a long one only what names the article."""
    to = address.parse(url)
    return to.lasting if to.permalink else to.url


# --- whose it is ------------------------------------------------------------------------------------------------------


def match(found: Iterable[Claim], series: Series) -> Outcome:
    """Find the issue of each claim. An issue gets one address, and what could be of two issues is left."""
    search = _Search(series)
    ranked: dict[Path, list[tuple[int, Match, Claim]]] = defaultdict(list)
    left: list[tuple[Claim, str]] = []
    for claim in found:
        if not address.parse(claim.url).permalink:
            left.append((claim, tr("its address is not permanent")))
            continue
        issue, rank = search.find(claim)
        if issue is None:
            left.append((claim, tr("several issues fit") if rank else tr("no issue fits")))
        else:
            ranked[issue.path].append((rank, Match(issue, permalink(claim.url), _WAYS[rank - 1]), claim))
    new, differ, same = [], [], 0
    for path, candidates in ranked.items():
        best = min(rank for rank, _, _ in candidates)
        urls = {each.url for rank, each, _ in candidates if rank == best}
        for rank, each, claim in candidates:
            if rank > best or len(urls) > 1:
                left.append((claim, tr("another address fits {issue} as well", issue=each.issue.name)))
        if len(urls) > 1:
            continue
        chosen = next(each for rank, each, _ in candidates if rank == best)
        recorded = series.urls.get(path, "")
        if not recorded:
            new.append(chosen)
        elif permalink(recorded) == chosen.url:
            same += 1
        else:
            differ.append(chosen)
    order = series.letter.places
    by_place = sorted(new, key=lambda each: order[each.issue.path])
    return Outcome(tuple(by_place), tuple(sorted(differ, key=lambda each: order[each.issue.path])), same, tuple(left))


_WAYS = ("file", "title", "number", "date", "similar title")


class _Search:
    """Finds issues by what is said of them, the surest way first."""

    def __init__(self, series: Series) -> None:
        self.issues = series.issues
        self.by_name: dict[str, list[Past]] = defaultdict(list)
        for each in self.issues:
            for name in {each.name, each.path.name, each.path.stem, str(each.path)}:
                self.by_name[name].append(each)
        titles = [inbox.folded(plain(each.title)) for each in self.issues]
        self.by_title = _grouped(zip(titles, self.issues, strict=True))
        self.by_number = _grouped((each.number, each) for each in self.issues if each.number is not None)
        self.by_date = _grouped((each.date, each) for each in self.issues if each.date)
        self.pairs = list(map(_pairs, titles))
        count = Counter(pair for pairs in self.pairs for pair in pairs)
        most = max(3, int(len(self.issues) * _COMMON))
        self.telling: dict[str, list[int]] = defaultdict(list)
        for place, pairs in enumerate(self.pairs):
            for pair in pairs:
                if count[pair] <= most:
                    self.telling[pair].append(place)

    def find(self, claim: Claim) -> tuple[Past | None, int]:
        """Give the issue, and the rank of the way by which it was found; None and a rank where several fit."""
        name = claim.file.removeprefix("./").replace("\\", "/")
        ways: tuple[Sequence[Past], ...] = (
            (self.by_name.get(name) or self.by_name.get(name.rpartition("/")[2], [])) if name else [],
            self.by_title.get(inbox.folded(claim.title), []) if claim.title else [],
            self.by_number.get(claim.number, []) if claim.number is not None else [],
            self.by_date.get(claim.date, []) if claim.date else [],
            self._alike(claim.title),
        )
        if name and not ways[0]:
            return None, 0  # a file that is named and not there is not another one
        for rank, issues in enumerate(ways, 1):
            if len(issues) == 1:
                return issues[0], rank
        return None, next((rank for rank, issues in enumerate(ways, 1) if issues), 0)

    def _alike(self, title: str) -> list[Past]:
        """List the issues whose titles are nearly the same, or begin with one that WeChat has cut off."""
        pairs = _pairs(inbox.folded(title))
        if len(pairs) < 4:
            return []
        places = Counter(place for pair in pairs for place in self.telling.get(pair, ()))
        shares = {place: 2 * len(pairs & self.pairs[place]) / (len(pairs) + len(self.pairs[place])) for place in places}
        return [self.issues[place] for place, share in shares.items() if share >= _ALIKE]


def _grouped(pairs: Iterable[tuple[object, Past]]) -> Mapping[object, list[Past]]:
    found: dict[object, list[Past]] = defaultdict(list)
    for key, each in pairs:
        found[key].append(each)
    return found


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[at : at + 2] for at in range(len(text) - 1))


# --- what is wrong ----------------------------------------------------------------------------------------------------


def check(series: Series, ledger: Path) -> list[Finding]:
    """Find what is wrong with the record of a letter, and with the lists of back issues in its issues."""
    return [*_unrecorded(series), *_shared(series), *_stray(series, ledger), *_disordered(series), *_incomplete(series)]


def _unrecorded(series: Series) -> Iterator[Finding]:
    """Find issues without an address among those before the newest that has one, as one finding."""
    recorded = [place for place, each in enumerate(series.issues) if each.path in series.urls]
    missing = [each for each in series.issues[: max(recorded, default=0)] if each.path not in series.urls]
    if missing:
        message = tr_n(
            "{n} issue has no published address: {names}",
            "{n} issues have no published address: {names}",
            len(missing),
            names=_some(missing),
        )
        yield ISSUE_UNRECORDED.find(message, missing[0].path)


def _some(issues: Sequence[Past]) -> str:
    return listed([each.name for each in issues[:5]] + (["…"] if len(issues) > 5 else []))


def _shared(series: Series) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for path, url in series.urls.items():
        key = permalink(url)
        if key in first:
            message = tr("has the address of {file}: {url}", file=first[key].name, url=url)
            yield ADDRESS_SHARED.find(message, path)
        first.setdefault(key, path)


def _stray(series: Series, ledger: Path) -> Iterator[Finding]:
    for path, url in series.urls.items():
        if not path.exists():
            message = tr("{file} was published at {url}, and is gone", file=path.name, url=url)
            yield RECORD_STRAY.find(message, ledger)


def _disordered(series: Series) -> Iterator[Finding]:
    numbered = [each for each in series.issues if each.number is not None and each.date]
    for before, after in pairwise(numbered):
        if (before.number or 0) >= (after.number or 0):
            message = tr(
                "number {number} of {date} comes after number {other} of {file}",
                number=after.number,
                date=after.date,
                other=before.number,
                file=before.name,
            )
            yield ORDER_WRONG.find(message, after.path, 1)


def _incomplete(series: Series) -> Iterator[Finding]:
    for issue in series.issues:
        if missing := table.gaps(issue.path, series):
            message = tr_n(
                "its list of back issues lacks {n}: {names}",
                "its list of back issues lacks {n}: {names}",
                len(missing),
                names=_some(missing),
            )
            yield LIST_INCOMPLETE.find(message, issue.path)
