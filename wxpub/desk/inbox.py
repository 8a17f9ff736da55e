"""The inbox: links that wait for the next issue, in a Markdown file that people edit as they like.

    ## 论文

    - [title](https://example.org/paper) · site · 2026-11-21 – note

An entry is an item of a list, under the heading of its section or above all of them. The file is read and written line
by line: what is added is a line of its own, what is taken are the lines of the entry, and no other character changes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from unicodedata import normalize

from wxpub.desk.letter import HEADING, RULE, prose

HEAD = """\
# 收集箱

> `wxpub add 网址` 把链接记在这里，`wxpub new` 把它们放进新的一期。可以随意修改。
"""

_BULLET = re.compile(r"[-*+][ \t]+(?=\S)|\d{1,9}[.)][ \t]+(?=\S)")
_LABEL = r"(?:\\.|[^\\\[\]]|\[(?:\\.|[^\\\[\]])*\])*"
_TARGET = r"(?:[^\s()<>]|\([^\s()<>]*\))+"
_LINK = re.compile(
    rf"\[(?P<title>{_LABEL})\]\((?P<url>https?://{_TARGET})\)|<?(?P<bare>https?://[^\s<>，。；、！？）】》」』”’]+)>?",
    re.IGNORECASE,
)
# What the tool writes after the link; what is written otherwise is a person's, and stays as it is.
_REST = re.compile(
    r"(?: · (?P<site>(?!\d{4}-\d\d-\d\d\b)(?:(?! [·–] ).)+?))?"
    r"(?: · (?P<date>\d{4}-\d\d-\d\d))?(?: – (?P<note>.+))?[ \t]*"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A link that waits: `date` is the day on which its page appeared. All but `url` may be ""."""

    url: str
    title: str = ""
    site: str = ""
    date: str = ""
    note: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the inbox: its lines from `start` to before `end`, and the entry if it is written as the tool does.

    `urls` are the addresses in it, whoever wrote it.
    """

    start: int
    end: int
    section: str
    text: str
    urls: tuple[str, ...]
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Inbox:
    """What the file holds, `text`, which may be ""."""

    text: str = ""

    @property
    def items(self) -> tuple[Item, ...]:
        """The items of its lists, in order."""
        return tuple(_items(self._lines))

    @property
    def _lines(self) -> list[str]:
        return _split(self.text)

    def adding(self, entry: Entry) -> Inbox:
        """Give the inbox with one more entry, as the last of its section, which is made if it is not there."""
        lines = self._lines or _split(HEAD)
        end = "\r\n" if any(line.endswith("\r\n") for line in lines) else "\n"
        if lines and not lines[-1].endswith(("\n", "\r")):
            lines[-1] += end
        headings = [each for each in _headings(lines) if each[1] > 1]
        place, limit, empty = self._section(lines, headings, entry.section)
        if place is None:
            gap = [end] if lines and lines[-1].strip() else []
            added = [*gap, f"## {entry.section}{end}", end, write(entry) + end]
            return Inbox("".join([*lines, *added]))
        above: list[str] = []
        below: list[str] = []
        if empty:
            above = [end] if place == limit and place else []
            place += place < limit  # the empty line that is there
            below = [end] if place < len(lines) and lines[place].strip() else []
        return Inbox("".join([*lines[:place], *above, write(entry) + end, *below, *lines[place:]]))

    @staticmethod
    def _section(lines: list[str], headings: list[tuple[int, int, str]], section: str) -> tuple[int | None, int, bool]:
        """Say where the next item of a section goes, where the section ends, and whether it has no item yet."""
        first = headings[0][0] if headings else len(lines)
        start, limit = 0, first
        if section:
            found = next((at for at, each in enumerate(headings) if same_name(each[2], section)), None)
            if found is None:
                return None, 0, True
            start = headings[found][0] + 1
            limit = headings[found + 1][0] if found + 1 < len(headings) else len(lines)
        inside = [item.end for item in _items(lines) if start <= item.start < limit]
        if inside:
            return inside[-1], limit, False
        words = [number for number in range(start, limit) if lines[number].strip()]
        return (words[-1] + 1 if words else start), limit, True

    def without(self, items: Collection[Item]) -> Inbox:
        """Give the inbox without these items."""
        gone = {number for item in items for number in range(item.start, item.end)}
        return Inbox("".join(line for number, line in enumerate(self._lines) if number not in gone))


def same_name(one: str, other: str) -> bool:
    """Whether two names of sections mean the same one."""
    return folded(one) == folded(other)


def folded(text: str) -> str:
    """Give the letters and digits of a text, of whatever width and case: what two titles are compared by."""
    return re.sub(r"[\W_]+", "", normalize("NFKC", text).casefold())


def write(entry: Entry) -> str:
    """Write an entry as an item of a list; one without a title is its bare address."""
    link = f"[{escape(entry.title)}]({target(entry.url)})" if entry.title else target(entry.url)
    parts = [link, *(each for each in (escape(re.sub(r" ([·–]) ", r"\1", entry.site)), entry.date) if each)]
    return f"- {' · '.join(parts)}" + (f" – {' '.join(entry.note.split())}" if entry.note.strip() else "")


# What would begin markup; a bracket is none where it has its partner.
_MARKS = re.compile(r"[\\`*<$~=]|&(?=#?\w+;)|_(?!\w)|(?<!\w)_|!(?=\[)|:(?=\w+:)|\^(?=\[)|\A\^|\[(?=\^)")


def escape(text: str) -> str:
    """Write text in one line so that Markdown reads it as it is."""
    text = " ".join(text.split())
    escaped = _MARKS.sub(lambda mark: f"\\{mark[0]}", text)
    if re.fullmatch(_LABEL, escaped, re.DOTALL):
        return escaped
    return re.sub(rf"{_MARKS.pattern}|[\[\]]", lambda mark: f"\\{mark[0]}", text)


def unescape(text: str) -> str:
    """Give the text that `escape` wrote."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def target(url: str) -> str:
    """Write an address so that a link in Markdown can hold it."""
    url = re.sub(r"[\s<>\\]", lambda each: "".join(f"%{byte:02X}" for byte in each[0].encode()), url)
    return url if re.fullmatch(_TARGET, url) else url.replace("(", "%28").replace(")", "%29")


def links_in(line: str) -> list[tuple[str, str]]:
    """List the links of a line, each with its title: of a Markdown link its label, else the words beside a lone one."""
    found = list(_LINK.finditer(line))
    if len(found) == 1 and found[0]["bare"]:
        words = (line[: found[0].start()] + " " + line[found[0].end() :]).strip(" \t-*+|：:，,。·–—")
        return [(found[0]["bare"], " ".join(words.split()))]
    return [(each["url"] or each["bare"], unescape(each["title"] or "")) for each in found]


# --- reading ----------------------------------------------------------------------------------------------------------


def _split(text: str) -> list[str]:
    """Cut a text into its lines, at line ends and at nothing else that Python takes for one."""
    return re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+", text)


def _kinds(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """Give each line with its number and what it is: "" for those in code and in comments."""
    outside, comment = set(prose(lines)), False
    for number, line in enumerate(lines):
        bare = line.rstrip("\r\n")
        if number not in outside or comment:
            comment = comment and "-->" not in bare
            yield number, "", bare
        elif bare.lstrip().startswith("<!--"):
            comment = "-->" not in bare
            yield number, "", bare
        elif not bare.strip():
            yield number, "blank", bare
        elif HEADING.fullmatch(bare):
            yield number, "heading", bare
        elif _BULLET.match(bare) and not RULE.fullmatch(bare):
            yield number, "bullet", bare
        else:
            yield number, "inner" if bare[0] in " \t" else "text", bare


def _headings(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    for number, kind, bare in _kinds(lines):
        if kind == "heading" and (match := HEADING.fullmatch(bare)):
            yield number, len(match[1]), match[2]


def _items(lines: list[str]) -> Iterator[Item]:
    """Find the items; what is indented below one, or goes on in its paragraph, belongs to it."""
    kinds = list(_kinds(lines))
    section, at = "", 0
    while at < len(kinds):
        number, kind, bare = kinds[at]
        at += 1
        if kind == "heading" and (match := HEADING.fullmatch(bare)):
            section = match[2] if len(match[1]) > 1 else ""
        if kind != "bullet":
            continue
        end, close = at, True  # the line before belongs to it
        while at < len(kinds):
            kind, bare = kinds[at][1:]
            indented = bare[:1] in (" ", "\t")
            if kind in ("heading", "bullet") or (kind != "blank" and not indented and (not close or kind == "")):
                break
            if RULE.fullmatch(bare):
                break
            at += 1
            close = kind != "blank"
            end = at if close else end
        at = end
        yield _item(lines, number, end, section)


def _item(lines: list[str], start: int, end: int, section: str) -> Item:
    text = "".join(lines[start:end])
    first = lines[start].rstrip("\r\n")
    bullet = _BULLET.match(first)
    begin = bullet.end() if bullet else 0
    urls = tuple(match["url"] or match["bare"] for match in _LINK.finditer(text))
    link = _LINK.match(first, begin)
    rest = _REST.fullmatch(first, link.end()) if link else None
    entry = None
    if link and rest and end == start + 1:
        title, site = unescape(link["title"] or ""), unescape(rest["site"] or "")
        url = link["url"] or link["bare"]
        entry = Entry(url, title, site, rest["date"] or "", rest["note"] or "", section)
    return Item(start, end, section, text, urls, entry)
