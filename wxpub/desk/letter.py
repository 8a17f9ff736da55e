"""What a newsletter's folder is: a path in, a `Letter` out; reads the heads of its issues, renders nothing.

    found = letter.find(Path.cwd())
    found.issues          every issue with its date, number and title, the oldest first
    found.around(path)    the issue before this one, and the one after it
    found.following()     date and number of the next one, as the letter counts
    found.place(...)      the file of an issue of this date and number

Nothing of it is configured: where issues lie and how their files are named is read off the files themselves. Those that
are named alike (issues/2026-11-21.md, 2026/vol-012.md) are a series, and the largest series is the letter. What
a link leads to outside the folder is none of its files.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import median_low

from wxpub import article, config, safe
from wxpub.config import Config
from wxpub.errors import SourceError
from wxpub.language import tr

INBOX = "inbox.md"
PAGE = "index"  # the name of an issue that has a folder of its own
TEMPLATE = "template.md"
FIRST = "issues/{date:%Y-%m-%d}.md"  # how the issues of a letter without any are named
_SUFFIXES = (".md", ".markdown")
_HEAD_BYTES = 8 * 1024  # of an issue, in which its front matter and its title stand
_MOST_FILES = 20_000  # that are looked at
_MOST_FOLDERS = 5_000
_USUAL = 14  # days to the next issue, as long as nothing tells
_WEEKLY = re.compile(r"(?<!双)周[报刊]|(?<!bi)(?<!bi-)weekly", re.IGNORECASE)  # what a title may say of it
_RECENT = 8  # issues whose distances tell how often the letter appears
# Folders that hold no issues of this letter.
_ELSEWHERE = frozenset(
    {"node_modules", "venv", "site-packages", "__pycache__", "blocks"}
    | {"_site", "_includes", "_layouts", "_data", "_build", "_book"}
)
# Documents of a repository, and files of the desk, which are no issues.
_DOCUMENT = re.compile(
    r"(?:readme|licen[cs]e|contributing|changelog|code_of_conduct|security|support|inbox|template)\b", re.IGNORECASE
)
_DAY = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<sep>[-_.]?)(?P<month>\d\d)(?P=sep)(?P<day>\d\d)(?!\d)")
_COUNT = re.compile(r"(?<!\d)\d{1,5}(?!.*\d)")
_COUNTERS = "期号刊周卷辑集回封"  # what issues are counted by: 第十二期, 第七封
_SLUG = re.compile(rf"(\s*[{_COUNTERS}])?(?:[-_ .,:，。：].*)?", re.DOTALL)
# Lines of Markdown: a heading, a thematic break, and what begins and ends a block of code.
HEADING = re.compile(r" {0,3}(#{1,20})[ \t]+(.*?)[ \t]*#*[ \t]*")
RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
# 第 12 期, 第十二封, No. 12, Vol.12, Issue 12, #12
NUMBERED = re.compile(
    rf"第\s*(?P<figure>\d{{1,5}}|[〇零一二三四五六七八九十百]{{1,7}})\s*[{_COUNTERS}]"
    r"|(?<![A-Za-z])(?:issue|vol(?:ume)?|no)\b[.\s]*#?(?P<number>\d{1,5})(?!\d)|#(?P<hash>\d{1,5})(?!\d)",
    re.IGNORECASE,
)
# 2026-11-21, 2026/11/21, 2026.11.21, 2026 年 11 月 21 日
DATED = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<first>\s*[-/._年]\s*)(?P<month>\d{1,2})(?P<second>\s*[-/._月]\s*)"
    r"(?P<day>\d{1,2})(?!\d)"
)


@dataclass(frozen=True, slots=True)
class Past:
    """An issue of the letter, as the head of its file tells; `name` is its path from the letter's folder.

    `date` is "" and `number` None where the issue has none.
    """

    path: Path
    name: str
    date: str
    number: int | None
    title: str


@dataclass(frozen=True)
class Letter:
    """A newsletter: its folder `root`, its settings, its issues in order, and the `shape` of their files' names.

    `shape` is a format of `date` and `number`, as "issues/{date:%Y-%m-%d}.md" or "vol-{number:03d}.md".
    """

    root: Path
    settings: Config
    issues: tuple[Past, ...] = ()
    shape: str = FIRST

    @property
    def last(self) -> Past | None:
        """The newest issue; None where there is none yet."""
        return self.issues[-1] if self.issues else None

    @cached_property
    def places(self) -> Mapping[Path, int]:
        """The place of each file among the issues, from 0."""
        return {each.path: place for place, each in enumerate(self.issues)}

    def before(self, path: Path) -> tuple[Past, ...]:
        """List the issues that came before the one at `path`; all of them for a file that is not among them."""
        return self.issues[: self.places.get(path, len(self.issues))]

    def around(self, path: Path) -> tuple[Past | None, Past | None]:
        """Give the issue before the one at `path` and the one after it; None where there is none."""
        earlier = self.before(path)
        later = self.issues[len(earlier) + 1 :]
        return earlier[-1] if earlier else None, later[0] if later else None

    @property
    def inbox(self) -> Path:
        """Where found links wait for the next issue; the file need not exist. Raises SourceError as `own` does."""
        return own(self.root / INBOX, self.root)

    @property
    def template(self) -> Path | None:
        """What the next issue begins with, if the letter has such a file. Raises SourceError as `own` does."""
        path = own(self.root / TEMPLATE, self.root)
        return path if path.is_file() else None

    def following(self, today: date) -> tuple[date, int | None]:
        """Say when the next issue appears and which number it has: None for a letter that does not count.

        It comes as long after the last one as those before did, but not before `today`.
        """
        days = sorted(date.fromisoformat(each.date) for each in self.issues if each.date)
        recent = days[-_RECENT - 1 :]
        gaps = [(later - sooner).days for sooner, later in pairwise(recent) if later > sooner]
        named = 7 if self.last and _WEEKLY.search(self.last.title) else _USUAL
        usual = median_low(gaps) if gaps else named if days and days[-1] >= today else 0
        due = max(days[-1] + timedelta(usual), today) if days else today
        numbers = [each.number for each in self.issues if each.number is not None]
        counted = self.last is None or self.last.number is not None or "{number" in self.shape
        return due, max(numbers, default=0) + 1 if counted else None

    def place(self, day: date, number: int | None) -> Path:
        """Name the file of an issue. Raises SourceError where a link leads its folder out of the letter's."""
        path = self.root / self.shape.format(date=day, number=number or 1)
        own(path.parent, self.root)
        return path


def own(path: Path, root: Path) -> Path:
    """Give the file of the letter that `path` is, or links to. Raises SourceError if links lead out of `root`.

    A repository that somebody else made does not choose which other file of this machine is read or written.
    """
    with suppress(OSError, RuntimeError):  # a circle
        if (real := path.resolve()).is_relative_to(root.resolve()):
            return real if path.is_symlink() else path
    hint = tr("replace the link by the file itself")
    raise SourceError(tr("a link leads from here out of the newsletter's folder"), path, hint=hint)


def find(start: Path) -> Letter:
    """Find the letter that `start`, a file or a folder, belongs to: the folder that `config.find` gives.

    Raises ConfigError for what is wrong in its settings. A file that cannot be read is no issue.
    """
    settings = config.find(start)
    return read(settings.root, settings)


def read(root: Path, settings: Config) -> Letter:
    """Read the letter in the folder `root`."""
    series: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        if shape := shape_of(name):
            series[re.sub(r"\{number:\d*d\}", "{number:d}", shape)].append((shape, path))
    if not series:
        return Letter(root, settings)
    chosen = max(series.values(), key=lambda each: (len(each), max(path.name for _, path in each)))
    issues = tuple(sorted((_past(path, root) for _, path in chosen), key=_order))
    if len(issues) == 1 and not issues[0].date and number_in(issues[0].title) is None:
        return Letter(root, settings)  # a file with a number in its name, like any other
    # 100 follows 099, and does not say by itself that numbers are filled up with zeros: "{number:03d}" < "{number:d}"
    return Letter(root, settings, issues, min(shape for shape, _ in chosen))


def _order(issue: Past) -> tuple[str, int, str]:
    return issue.date, issue.number or 0, issue.name


def _files(root: Path) -> Iterator[Path]:
    """List the Markdown files that may be issues."""
    seen = 0
    for visited, (folder, folders, names) in enumerate(os.walk(root)):
        if visited == _MOST_FOLDERS:
            return
        folders[:] = sorted(each for each in folders if each[0] != "." and each not in _ELSEWHERE)
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not _DOCUMENT.match(name) and name[0] != ".":
                seen += 1
                if seen > _MOST_FILES:
                    return
                path = Path(folder, name)
                with suppress(SourceError):
                    if path.is_symlink():
                        own(path, root)
                    if path.is_file():  # a pipe would be waited for
                        yield path


def shape_of(name: str) -> str:
    """Tell by which rule a file is named, as a format of `date` and `number`; "" for a name without either.

    What follows the date or the number belongs to one issue: 2026-11-21-lamps.md is `{date:%Y-%m-%d}.md`. An issue may
    have a folder of its own: 2026-11-21/index.md.
    """
    *folders, file = name.split("/")
    stem, dot, suffix = file.rpartition(".")
    core = _core(stem)
    if not core and stem == PAGE and folders:
        core = f"{folder}/{PAGE}" if (folder := _core(folders.pop())) else ""
    return "/".join((*map(_folder, folders), f"{core}{dot}{suffix}")) if core else ""


def _core(stem: str) -> str:
    """Read a name up to its date or number, and the word that counts behind that; "" for a name without either."""
    if (day := _DAY.search(stem)) and article.date_in(day[0]):
        tail = stem[day.end() :]
        core = f"{_plain(stem[: day.start()])}{{date:%Y{day['sep']}%m{day['sep']}%d}}"
    elif count := _COUNT.search(stem):
        tail = stem[count.end() :]
        width = f"0{len(count[0])}" if count[0].startswith("0") and len(count[0]) > 1 else ""
        core = f"{_plain(stem[: count.start()])}{{number:{width}d}}"
    else:
        return ""
    return core + _plain(_SLUG.sub(r"\1", tail, count=1))


def _folder(name: str) -> str:
    if re.fullmatch(r"(?:19|20)\d\d", name):
        return "{date:%Y}"
    if match := re.fullmatch(r"((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])", name):
        return f"{{date:%Y{match[2]}%m}}"
    return "{date:%m}" if re.fullmatch(r"0[1-9]|1[0-2]", name) else _plain(name)


def _plain(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


# --- the head of an issue ---------------------------------------------------------------------------------------------


def _past(path: Path, root: Path) -> Past:
    name = path.relative_to(root).as_posix()
    stem = path.parent.name if path.stem == PAGE else path.stem
    try:
        text = safe.read(path, _HEAD_BYTES).decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
        found = article.parse(text, path)
    except (OSError, SourceError):  # what is wrong with it, says whoever opens it
        return Past(path, name, article.date_in(stem), number_in(stem), stem)
    title = found.title or heading_in(found.body) or stem
    written = found.number if found.number.isdecimal() else ""
    number = int(written[:9]) if written else number_in(title)
    if number is None and not article.date_in(stem) and (count := _COUNT.search(stem)):
        number = int(count[0])
    day = found.date or article.date_in(stem) or _day_in(title)
    return Past(path, name, day, number, title)


def heading_in(body: str) -> str:
    """Give the text of the first heading, as it is written; "" where there is none."""
    lines = body.split("\n")
    return next((match[2] for number in prose(lines) if (match := HEADING.fullmatch(lines[number]))), "")


def prose(lines: Iterable[str]) -> Iterator[int]:
    """List the numbers, from 0, of the lines that stand in no block of code."""
    fence = ""
    for number, line in enumerate(lines):
        if found := FENCE.match(line):
            fence = "" if fence and found[1].startswith(fence) else fence or found[1]
        elif not fence:
            yield number


def _day_in(text: str) -> str:
    match = DATED.search(text)
    return article.date_of(match["year"], match["month"], match["day"]) if match else ""


def number_in(text: str) -> int | None:
    """Read the number of an issue off its title, as in 第 12 期 or No. 12; None where it names none."""
    match = NUMBERED.search(text)
    if match is None:
        return None
    return figure(match["figure"] or match["number"] or match["hash"])


# --- numbers in Chinese -----------------------------------------------------------------------------------------------

_FIGURES = "〇一二三四五六七八九"
_HUNDREDS = re.compile(r"(?:([一二三四五六七八九])百)?[零〇]?(?:([一二三四五六七八九]?)(十))?([一二三四五六七八九]?)")


def figure(text: str) -> int | None:
    """Read a number in Arabic or Chinese figures, up to 999; None for what is none."""
    if text.isdecimal():
        return int(text)
    match = _HUNDREDS.fullmatch(text)
    if match is None:
        return None
    hundreds, tens, ten, ones = (each or "" for each in match.groups())
    tens_digit = (_FIGURES.index(tens) if tens else 1) if ten else 0
    return (_FIGURES.index(hundreds) * 100 if hundreds else 0) + tens_digit * 10 + (_FIGURES.index(ones) if ones else 0)


def in_figures(number: int) -> str:
    """Write a number below 1,000 in Chinese figures."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    head = f"{_FIGURES[hundreds]}百" if hundreds else ""
    middle = f"{_FIGURES[tens] if tens > 1 or hundreds else ''}十" if tens else "零" if hundreds and ones else ""
    return head + middle + (_FIGURES[ones] if ones else "") or "〇"
