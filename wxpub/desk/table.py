"""The list of back issues in which an issue ends: a text and the series in, the text with that list kept up out.

It stands under a heading such as 往期回顾, or between `<!-- wxpub:back-issues -->` and `<!-- /wxpub -->`, in one of
these forms, which is read off what is there, in this file or else in the newest other issue that has one:

    a grid         cells that hold nothing but a link, a dash or the figures of a year, newest first
    lines          items of a list, or rows of a table, with one link to an issue in each

What is there stays as it is written; what is missing is written like its neighbours, and every other byte of the file
stays. A list begins where it began: one that names the last few issues is not filled up to the first. Reads files of
the series, writes none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, unquote

from wxpub import article, safe
from wxpub.article import MAX_BYTES
from wxpub.desk.archive import Series, escaped, link, plain, relative
from wxpub.desk.letter import DATED, HEADING, NUMBERED, RULE, Past, prose
from wxpub.errors import SourceError
from wxpub.language import tr

BEGIN, END = "<!-- wxpub:back-issues -->", "<!-- /wxpub -->"
BEGINS = re.compile(r" {0,3}<!--\s*wxpub:back-issues\s*-->\s*$")
ENDS = re.compile(r" {0,3}<!--\s*/wxpub\s*-->\s*$")
_TITLE = re.compile(
    r"(?:往期|历史|过往|前期)(?:文章|回顾|推荐|内容|周报|周刊|精彩|简报|目录|列表|期刊|期数)*"
    r"|(?:back|past|previous|earlier) (?:issues|editions)|archives?",
    re.IGNORECASE,
)
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])[ \t]+\S")
_DELIMITER = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_LINK = re.compile(r"(?<!!)\[(?P<label>(?:\\.|[^\[\]\\])*)\]\(\s*(?P<href>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)[^()]*\)")
_BLANK = re.compile(r"[-–—·\s]*$")
_COLUMNS = 4  # of a new grid, as many as a year has figures
_LOOK_BACK = 30  # issues in which a form is looked for


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the list stands: from line `start` to before line `end`, counted from 0.

    For a list that is not there yet both are the same, and empty lines have to stand `above` and `below` it.
    """

    start: int
    end: int
    above: bool = False
    below: bool = False


def update(text: str, path: Path, series: Series) -> tuple[str, tuple[Past, ...]]:
    """Complete the list of back issues in the `text` of the issue at `path`; tell which were added, oldest first.

    Raises SourceError if it has no place for the list, or one in a form that cannot be kept up.
    """
    path = path.parent.resolve() / path.name
    lines = _lines(text)
    place = _place(lines)
    if place is None:
        hint = tr("write a heading such as “## 往期回顾”, or the two lines {begin} and {end}", begin=BEGIN, end=END)
        raise SourceError(tr("has no place for back issues"), path, hint=hint)
    end = "\r\n" if "\r\n" in text else "\n"
    old = lines[place.start : place.end]
    form = _form(old, path, series) if old else None
    if old and form is None:
        hint = tr("a list of links, or a table of links with dashes and years, can be kept up")
        raise SourceError(tr("the list of back issues has an unusual form"), path, place.start + 1, hint)
    missing = tuple(_missing(form, path, series))
    if not missing:
        return text, ()
    if form is None:
        form = _model(path, series)
    new = [each + end for each in form.write(missing, path, series)]
    if old and not old[-1].endswith("\n"):
        new[-1] = new[-1].removesuffix(end)
    if place.above and not lines[place.start - 1].endswith("\n"):
        new.insert(0, end)
    new = [*([end] if place.above else []), *new, *([end] if place.below else [])]
    return "".join((*lines[: place.start], *new, *lines[place.end :])), missing


def gaps(path: Path, series: Series) -> tuple[Past, ...]:
    """List what the list in the issue at `path` leaves out, from its oldest one on; none if there is no list."""
    path = path.parent.resolve() / path.name
    form = _form_in(path, series)
    return () if form is None else tuple(_missing(form, path, series))


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _missing(form: _Form | None, path: Path, series: Series) -> list[Past]:
    """List the issues that belong into the list of the one at `path` and are not there, oldest first.

    It begins where it began. The issue itself belongs there if those before it list themselves.
    """
    known = form.known if form else {}
    earlier = series.letter.before(path)
    first = next((place for place, each in enumerate(earlier) if each.path in known), 0)
    end = len(earlier) + _lists_itself(earlier, series)
    return [each for each in series.issues[first:end] if each.path not in known]


def _lists_itself(earlier: Sequence[Past], series: Series) -> bool:
    for issue in reversed(earlier[-3:]):
        if (form := _form_in(issue.path, series)) is not None:
            return issue.path in form.known
    return False


def _model(path: Path, series: Series) -> _Form:
    """Take the form of the newest issue that has such a list; without one, a grid of dates, or else a list."""
    others = [each for each in series.issues if each.path != path]
    for issue in reversed(others[-_LOOK_BACK:]):
        if (form := _form_in(issue.path, series)) is not None:
            return form.emptied()
    return _Grid() if all(each.date for each in others) else _Lines()


def _form_in(path: Path, series: Series) -> _Form | None:
    try:
        text = safe.read_whole(path, MAX_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    lines = _lines(text)
    place = _place(lines)
    return _form(lines[place.start : place.end], path, series) if place and place.start < place.end else None


# --- where it stands --------------------------------------------------------------------------------------------------


def _place(lines: Sequence[str]) -> _Place | None:
    """Find the list: between its marks, or else the first list or table below the heading that announces it."""
    outside = list(prose(lines))
    begin = next((number for number in outside if BEGINS.match(lines[number])), None)
    if begin is not None:
        end = next((number for number in outside if number > begin and ENDS.match(lines[number])), len(lines))
        return _within(lines, begin + 1, end) or _Place(begin + 1, begin + 1)
    for number in outside:
        heading = HEADING.fullmatch(lines[number].rstrip("\r\n"))
        if heading and _TITLE.fullmatch(plain(heading[2]).strip("：: 📚🗂️📖")):
            following = (each for each in outside if each > number)
            end = next((each for each in following if _ends_section(lines[each])), len(lines))
            below = number + 1 < len(lines) and bool(lines[number + 1].strip())
            return _within(lines, number + 1, end) or _Place(number + 1, number + 1, above=True, below=below)
    return None


def _ends_section(line: str) -> bool:
    bare = line.rstrip("\r\n")
    return bool(HEADING.fullmatch(bare) or RULE.fullmatch(bare)) and not _is_row(line)


def _within(lines: Sequence[str], start: int, end: int) -> _Place | None:
    """Find the first run of items, or of rows, between two lines."""
    for kind in (_is_row, lambda line: bool(_ITEM.match(line))):
        first = next((number for number in range(start, end) if kind(lines[number])), None)
        if first is not None:
            last = first
            while last < end and lines[last].strip() and (kind(lines[last]) or lines[last][:1] in " \t"):
                last += 1
            return _Place(first, last)
    return None


def _is_row(line: str) -> bool:
    return line.lstrip().startswith("|")


# --- its forms --------------------------------------------------------------------------------------------------------


def _form(old: Sequence[str], path: Path, series: Series) -> _Form | None:
    """Read the form of the list in the file `path` from its lines; None if it is in none that can be kept up."""
    rows = [each.rstrip("\r\n") for each in old]
    links = [list(_LINK.finditer(row)) for row in rows]
    if not any(links):
        return None
    body = 0
    if _is_row(rows[0]) and len(rows) > 1 and _DELIMITER.match(rows[1]):
        if all(_is_grid_cell(cell) for row in (rows[0], *rows[2:]) for cell in _cells(row)):
            return _Grid.of(rows, path, series)
        body = 2
    if any(len(each) > 1 for each in links[body:]) or any(not (_is_row(row) or _ITEM.match(row)) for row in rows):
        return None
    return _Lines.of(rows, path, series)


def _cells(row: str) -> list[str]:
    inner = row.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [each.strip() for each in re.split(r"(?<!\\)\|", inner)]


def _is_grid_cell(cell: str) -> bool:
    return bool(_BLANK.match(cell) or _LINK.fullmatch(cell) or re.fullmatch(r"\d{1,4}年?|[\d./-]+", cell))


def _issue_of(text: str, path: Path, series: Series) -> Past | None:
    """Find the issue that the first link in `text` leads to: by its permalink, or by the name of its file."""
    link = _LINK.search(text)
    if link is None:
        return None
    if (issue := series.by_url.get(link["href"])) is not None:
        return issue
    to = unquote(link["href"].partition("#")[0].partition("?")[0]).rstrip("/")
    there = Path(os.path.normpath(path.parent / to))
    if "://" not in to and there in series.letter.places:
        return series.issues[series.letter.places[there]]
    alike = series.by_stem.get(re.sub(r"\.(?:md|markdown|html?)$", "", to.rpartition("/")[2], flags=re.IGNORECASE), [])
    return alike[0] if len(alike) == 1 else None


@dataclass(frozen=True, slots=True)
class _Sample:
    """How one issue is written, in a file of the folder `folder`: what others are written like."""

    text: str
    issue: Past
    folder: Path
    urls: Mapping[Path, str]

    def like(self, issue: Past, folder: Path) -> str:
        """Write another issue in the same words, for a file in `folder`."""
        link = _LINK.search(self.text)
        assert link is not None
        around = [self.text[: link.start("label")], link["label"], self.text[link.end("href") :]]
        words, told = zip(*(self._words(each, issue) for each in around), strict=True)
        label = words[1] if told[1] else escaped(_headline(issue))
        return f"{words[0]}{label}]({self._href(link['href'], issue, folder)}{words[2]}"

    def _words(self, text: str, issue: Past) -> tuple[str, bool]:
        """Put title, date and number of `issue` where those of the sample stand; tell whether one did."""
        marker = found[0] if (found := _MARKER.match(text)) else ""
        sayings = reversed(list(zip(_sayings(self.issue), _sayings(issue), strict=True)))  # what comes first wins
        pairs = {old: new for old, new in sayings if old and new}
        wanted = "|".join(rf"(?<!\d){re.escape(each)}(?!\d)" for each in sorted(pairs, key=len, reverse=True))
        if not wanted:
            return text, False
        new, count = re.subn(wanted, lambda found: pairs[found[0]], text[len(marker) :])
        return marker + new, count > 0

    def _href(self, href: str, issue: Past, folder: Path) -> str:
        if href == self.urls.get(self.issue.path):
            return self.urls.get(issue.path) or relative(issue.path, folder)
        elsewhere = href.startswith("/") or "://" in href
        if elsewhere or (folder == self.folder and issue.path.parent == self.issue.path.parent):
            ours, theirs = self.issue.path.stem, issue.path.stem
            for old, new in ((quote(ours), quote(theirs)), (ours, theirs)):
                if old in href:
                    return new.join(href.rsplit(old, 1))
        return relative(issue.path, folder)


# What begins an item, whose number is none of an issue.
_MARKER = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])[ \t]+")


def _headline(issue: Past) -> str:
    """Return what an issue's title says beside the letter's name, number and date; all of it if that is nothing."""
    title = plain(issue.title)
    told = [found.end() for pattern in (NUMBERED, DATED) if (found := pattern.search(title))]
    return title[max(told, default=0) :].strip(" \t\u3000）)】]：:|｜–—·-") or title


def _sayings(issue: Past) -> tuple[str, ...]:
    """List how a line may say which issue it is about: title, date, number."""
    forms = [""] * 9
    if issue.date:
        year, month, day = issue.date.split("-")
        short = f"{int(month)}月{int(day)}日"
        joined = [mark.join((year, month, day)) for mark in ("-", ".", "/", "")]
        forms = [*joined, f"{year}年{short}", short, f"{month}-{day}", f"{month}.{day}", f"{month}/{day}"]
    return (plain(issue.title), _headline(issue), *forms, "" if issue.number is None else str(issue.number))


@dataclass(frozen=True, slots=True)
class _Form:
    """How a letter lists its back issues: `known` has what is written for each, by file, in the order of the list.

    `sample` is the newest of them, None where nothing was ever listed; `oldest_first` says in which order they stand.
    """

    known: Mapping[Path, str] = field(default_factory=dict)
    sample: _Sample | None = None
    oldest_first: bool = False

    def write(self, missing: Sequence[Past], path: Path, series: Series) -> list[str]:
        """Write the list with those that are `missing`, for the issue at `path`: lines without their ends."""
        raise NotImplementedError

    def emptied(self) -> _Form:
        """Return the same form with nothing in it."""
        return replace(self, known={})

    def text_for(self, issue: Past, path: Path) -> str:
        """Write one issue as the others are written."""
        folder = path.parent
        return self.sample.like(issue, folder) if self.sample else self.plain(issue, folder)

    def plain(self, issue: Past, folder: Path) -> str:
        """Write one issue where there is none to go by."""
        raise NotImplementedError


def _reading(texts: Iterable[str], path: Path, series: Series) -> tuple[dict[Path, str], _Sample | None, bool]:
    """Read what is written for which issue: `known`, `sample` and `oldest_first` of a form."""
    known: dict[Path, str] = {}
    for text in texts:
        if (issue := _issue_of(text, path, series)) is not None:
            known.setdefault(issue.path, text)
    places = [series.letter.places[each] for each in known]
    if not places:
        return known, None, False
    newest = series.issues[max(places)]
    sample = _Sample(known[newest.path], newest, path.parent, series.urls)
    return known, sample, places[0] < places[-1]


@dataclass(frozen=True, slots=True)
class _Lines(_Form):
    """Items of a list, or rows of a table, one for each issue; `lines` are all of them, those of no issue too."""

    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, lines: Sequence[str], path: Path, series: Series) -> _Lines:
        return cls(*_reading(lines, path, series), tuple(lines))

    def emptied(self) -> _Form:
        head = self.lines[:2] if self.lines and _is_row(self.lines[0]) else ()
        return replace(self, known={}, lines=head)

    def write(self, missing: Sequence[Past], path: Path, series: Series) -> list[str]:
        """Put each that is missing before the first line of an issue that comes after it, else behind the last one."""
        lines = list(self.lines)
        sign = 1 if self.oldest_first else -1
        places = {text: sign * series.letter.places[each] for each, text in self.known.items()}
        for issue in missing:
            text, own = self.text_for(issue, path), sign * series.letter.places[issue.path]
            ours = [number for number, line in enumerate(lines) if line in places]
            last = ours[-1] + 1 if ours else len(lines)
            lines.insert(next((number for number in ours if places[lines[number]] > own), last), text)
            places[text] = own
        return lines

    def plain(self, issue: Past, folder: Path) -> str:
        return f"- {link(issue, folder)}"


@dataclass(frozen=True, slots=True)
class _Grid(_Form):
    """Cells of links, newest first, below the figures of their years.

    `years` is how a year is written: "spread" over the cells of a row, alone in its first cell ("{year}年"), or "" for
    not at all; then `head` is the table's own. `rows` are the rows as they are written, by their links; `strange` are
    links to no issue of the series, with the dates in them.
    """

    columns: int = _COLUMNS
    years: str = "spread"
    head: str = ""
    rule: str = "|" + ":---:|" * _COLUMNS
    rows: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    strange: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, rows: Sequence[str], path: Path, series: Series) -> _Grid:
        table = [_cells(row) for row in (rows[0], *rows[2:])]
        cells = [cell for row in table for cell in row if _LINK.search(cell)]
        known, sample, oldest_first = _reading(cells, path, series)
        years = next(filter(None, map(_year_form, table)), "")
        written = {_links(row): raw for row, raw in zip(table[1:], rows[2:], strict=True) if _links(row)}
        strange = tuple((article.date_in(cell), cell) for cell in cells if _issue_of(cell, path, series) is None)
        head = "" if years or _links(table[0]) else rows[0]
        return cls(known, sample, oldest_first, len(table[0]), years, head, rows[1], written, strange)

    def emptied(self) -> _Form:
        return replace(self, known={}, rows={}, strange=())

    def write(self, missing: Sequence[Past], path: Path, series: Series) -> list[str]:
        """Write all rows: of each year the newest first, whose row is filled up with dashes; all others are full."""
        written = [(series.issues[series.letter.places[each]], text) for each, text in self.known.items()]
        written += [(each, self.text_for(each, path)) for each in missing]
        cells = [(issue.date, series.letter.places[issue.path], text) for issue, text in written]
        oldest = min((each[0] for each in cells), default="")
        cells += [(date or oldest, -1 - number, text) for number, (date, text) in enumerate(self.strange)]
        cells.sort(key=lambda each: each[:2], reverse=not self.oldest_first)
        groups: dict[str, list[str]] = {}
        for date, _, text in cells:
            groups.setdefault(date[:4] if self.years else "", []).append(text)
        found = [self.head] if self.head else []
        for year, texts in groups.items():
            if self.years:
                found.append(_row(self._year(year)))
            rest = -len(texts) % self.columns
            blank = ["-"] * rest
            texts = [*texts, *blank] if self.oldest_first else [*blank, *texts]
            whole = [texts[at : at + self.columns] for at in range(0, len(texts), self.columns)]
            found += [self.rows.get(_links(row)) or _row(row) for row in whole]
        if not self.years and not self.head:
            found.insert(0, _row([" "] * self.columns))
        return [found[0], self.rule, *found[1:]]

    def _year(self, year: str) -> list[str]:
        figures = list(year) if self.years == "spread" else [self.years.format(year=year)]
        return [*figures, *[""] * (self.columns - len(figures))]

    def plain(self, issue: Past, folder: Path) -> str:
        label = issue.date or (str(issue.number) if issue.number is not None else issue.path.stem)
        return f"[{label}]({relative(issue.path, folder)})"


def _links(row: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell for cell in row if _LINK.search(cell))


def _year_form(row: Sequence[str]) -> str:
    """Say how a row writes a year: "spread", or how its one cell does; "" if it is no row of a year."""
    words = [cell for cell in row if not _BLANK.match(cell)]
    year = re.fullmatch(r"(?:19|20)\d\d(年?)", "".join(words))
    if year is None:
        return ""
    return f"{{year}}{year[1]}" if len(words) == 1 else "spread"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
