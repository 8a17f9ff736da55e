"""What was sent before: a letter and links in, the issues that had them out; one pass over all issues.

Two links are the same if their addresses are, whatever the way to write them, and nearly the same if their titles are.
Most issues have neither: they are told by words that a link of theirs would have, and only the others are read closely.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from urllib.parse import unquote

from wxpub import safe
from wxpub.address import parse
from wxpub.article import MAX_BYTES
from wxpub.desk.inbox import folded
from wxpub.desk.letter import HEADING, Letter, Past
from wxpub.limits import ARTICLE_HOST

_ALIKE = 0.85  # of 1: how much two titles have to have in common
_TITLE = 6  # letters: a shorter title says too little
_MOST_CHARS = 300  # of a title, far above any
_PIECES = 4  # of a title, of which one at least stands in every title like it
_RECENT = 30  # issues that tell in which section a site usually stands
_USUAL, _SHARE = 3, 0.75  # links of a site that are in one section, and their share of all its links
_LINK = re.compile(
    r"\[(?P<label>(?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]\(\s*<?(?P<url>https?://(?:[^\s()<>]|\([^\s()<>]*\))+)"
    r"|(?P<bare>https?://[^\s<>\[\]()\"'，。；、：！？）】》」』”’|]+)",
    re.IGNORECASE,
)
_PAPER = re.compile(
    r"//(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/([^?#]+?)(?:v\d+)?(?:\.pdf)?(?:[?#].*)?", re.DOTALL
)
_SOURCE = re.compile(r"\s+[|｜]\s+[^|｜]*$|\s*[（(][^（）()]*[）)]\s*$")


@dataclass(frozen=True, slots=True)
class Link:
    """A link in an issue: where it stands, in which section, and what it says."""

    issue: Past
    line: int
    section: str
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a link was sent: the issue, the line in its file; `same` if its address is it, and not only its title."""

    issue: Past
    line: int
    same: bool


def key(url: str) -> str:
    """Give what all ways to write an address have in common; of a paper on arXiv, all its versions and formats."""
    found = parse(parse(url).lasting).identity
    paper = _PAPER.fullmatch(found)
    return f"//arxiv.org/abs/{paper[1]}" if paper else re.sub(r"^//www\.", "//", found)


def words(title: str) -> str:
    """Give what a title says, without the source behind it."""
    return folded(_SOURCE.sub("", title[:_MOST_CHARS]))


def before(letter: Letter, wanted: Sequence[tuple[str, str]]) -> list[Place | None]:
    """Say of links, each an address and a title or "", where they were sent last, None where they were not."""
    keys = [key(url) for url, _ in wanted]
    titles = [words(title) for _, title in wanted]
    telling = [_telling(each) for each in keys]
    pieces = [_pieces(title) for _, title in wanted]
    same: list[Place | None] = [None] * len(wanted)
    near: list[Place | None] = [None] * len(wanted)
    for issue in reversed(letter.issues):
        text = _read(issue)
        lower = text.lower()
        by_address = [at for at, each in enumerate(telling) if same[at] is None and all(word in lower for word in each)]
        by_title = [
            at
            for at, each in enumerate(pieces)
            if same[at] is None and near[at] is None and any(piece in lower for piece in each)
        ]
        links = list(_links(issue, text)) if by_address or by_title else []
        for at in by_address:
            alike = (link for link in links if telling[at][0] in link.url.lower())
            line = next((link.line for link in alike if key(link.url) == keys[at]), None)
            same[at] = None if line is None else Place(issue, line, True)
        for at in by_title:
            line = next((link.line for link in links if _near(words(link.label), titles[at])), None)
            near[at] = None if line is None else Place(issue, line, False)
    return [one or other for one, other in zip(same, near, strict=True)]


def sections(letter: Letter, wanted: Sequence[tuple[str, str]]) -> list[str]:
    """Say of links, each an address and the name of its site or "", in which section those of the site usually stand.

    "" where they stand in several. One pass over the last issues.
    """
    sites = [_site(url, name) for url, name in wanted]
    hosts = {_host(url) for url, _ in wanted}
    counts: dict[str, Counter[str]] = {site: Counter() for site in sites}
    for issue in letter.issues[-_RECENT:]:
        text = _read(issue)
        for link in _links(issue, text) if any(host in text for host in hosts) else ():
            if link.section and (site := _site(link.url, _source(link.label))) in counts:
                counts[site][link.section] += 1
    return [_usual(counts[site]) for site in sites]


def _usual(counts: Counter[str]) -> str:
    (name, times), *_ = counts.most_common(1) or [("", 0)]
    return name if times >= _USUAL and times >= _SHARE * counts.total() else ""


def _read(issue: Past) -> str:
    """Read an issue; one that cannot be read says nothing."""
    try:
        return safe.read_whole(issue.path, MAX_BYTES).decode("utf-8-sig", errors="replace")
    except OSError:
        return ""


def _links(issue: Past, text: str) -> Iterator[Link]:
    name = ""
    for number, line in enumerate(text.split("\n"), 1):
        if (heading := HEADING.fullmatch(line.rstrip("\r"))) and len(heading[1]) > 1:
            name = heading[2]
        for match in _LINK.finditer(line):
            yield Link(issue, number, name, match["url"] or match["bare"], match["label"] or "")


def _telling(address: str) -> list[str]:
    """List words of an address that a text has to have if it has the address, in any writing, the rarest first."""
    host, _, rest = unquote(address).lower().removeprefix("//").partition("/")
    rest = rest.removeprefix("abs/") if host == "arxiv.org" else rest  # other forms of the paper have other words
    found = sorted(re.findall(r"[a-z0-9_-]+", rest), key=len, reverse=True)
    name = host.rpartition(".")[0].rpartition(".")[2] or host
    return [*found, *([] if found and "xn--" in host else [name])]  # which may be written in its own letters


def _pieces(title: str) -> list[str]:
    """Cut a title into parts of which each that is like it has one at least, in the letters that it is written in."""
    said = _SOURCE.sub("", title[:_MOST_CHARS]).lower()
    if len(words(title)) < _TITLE:
        return []
    size = max(2, len(said) // _PIECES)
    cut = [said[at : at + size] for at in range(0, len(said), size)]
    runs = (max(re.findall(r"\w+", each), key=len, default="") for each in cut)
    return [each for each in runs if len(each) > 1]


def _near(one: str, other: str) -> bool:
    """Whether two titles, as `words` gives them, say nearly the same."""
    short = min(len(one), len(other))
    if short < _TITLE or 2 * short < _ALIKE * (len(one) + len(other)):  # which is the most that they can be alike
        return False
    if re.findall(r"\d+", one) != re.findall(r"\d+", other):  # another version, another part
        return False
    return one == other or SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE


def _source(label: str) -> str:
    match = _SOURCE.search(label[:_MOST_CHARS])
    return match[0] if match else ""


def _site(url: str, site: str) -> str:
    """Name a site: its host, or the account of a WeChat article."""
    host = _host(url)
    return f"{host} {folded(site)}" if host == ARTICLE_HOST else host


def _host(url: str) -> str:
    return parse(url).host.removeprefix("www.")
