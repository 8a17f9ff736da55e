"""Words that were edited in an article, traced back to its Markdown: two articles and a source in, a source out.

    read     an article's HTML as the lines that a reader sees, each with the line of the source that it came of
    trace    the Markdown that renders as the edited article, as far as there is one, and what it cannot say

Nothing is believed: an edit of the source is kept only if the source, rendered anew, has the edited line in its place
and every other line as before. So markup around the words survives where that is possible, and what cannot be written
is told instead of guessed. Opens nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from html import unescape
from html.parser import HTMLParser
from itertools import groupby
from typing import NamedTuple

from wxpub import style
from wxpub.drafts.compare import hex_colours, image_key
from wxpub.tree import BLOCKS, HEADINGS, VOID

OBJECT = "\ufffc"  # begins the token of an image, or of a drawing, which is no character
_MARK = re.compile(r"\s*(\[\d+\]\s*)+")  # the number of a note; it is counted anew whenever the article is rendered
_UNSEEN = re.compile("[\u200b\u2060\ufeff]")
_ALIKE = 0.4  # of 1: how much two lines have in common if one was made of the other
_PAIRS = 2_500  # of lines that are compared with each other
_CELLS = 4_000_000  # of two texts that are compared with each other


class Look(NamedTuple):
    """How a character looks, as far as an editor can change it; `link` is where it leads."""

    bold: bool = False
    italic: bool = False
    code: bool = False
    line: str = ""
    colour: str = ""
    ground: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a reader sees: its characters and images as `tokens`, the look of each.

    `kind` is the block it stands in: a heading's tag, "li", "blockquote", "td", or "p". `line` is the source's; lines
    that the program adds, such as the list of notes, have none.
    """

    tokens: tuple[str, ...]
    looks: tuple[Look, ...]
    kind: str
    line: int | None = None

    @property
    def text(self) -> str:
        """Its words, images left out."""
        return "".join(each for each in self.tokens if each[0] != OBJECT)


@dataclass(frozen=True, slots=True)
class Left:
    """A change that the Markdown does not have: what was found, in `words`, and where in the source that belongs.

    `what` is "words", "look", "image-new", "image-gone", "added" for lines that the program writes, or "note" for a
    footnote to which nothing refers any more.
    """

    what: str
    words: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Traced:
    """The Markdown that has the changes in it, and those that it cannot have."""

    text: str
    left: tuple[Left, ...]


# --- an article as its lines ------------------------------------------------------------------------------------------


def read(html: str) -> list[Line]:
    """List the lines of an article that show something; notes' numbers and characters that nobody sees are left out."""
    return _Lines(html).found


@dataclass(frozen=True, slots=True)
class _Open:
    """An element that is open: what its text looks like, and where it stands."""

    tag: str
    look: Look
    kind: str
    line: int | None
    raised: bool = False


class _Lines(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Line] = []
        self._open = [_Open("", Look(), "p", None)]
        self._tokens: list[str] = []
        self._looks: list[Look] = []
        self._start: _Open | None = None
        self.feed(html)
        self.close()
        self._end_line()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        around = self._open[-1]
        number = values.get("data-line", "")
        line = int(number) if number.isdigit() else around.line
        if tag in BLOCKS or tag == "br":
            self._end_line()
        if tag == "img":
            self._add(OBJECT + image_key(values.get("data-src") or values.get("src", "")))
        if tag == "svg":
            self._add(OBJECT)
        if tag in VOID:
            return
        declared = dict(style.pairs(values.get("style", "")))
        look = _look(tag, values, declared, around.look)
        kind = tag if tag in _KINDS else around.kind
        raised = around.raised or tag == "sup" or declared.get("vertical-align") == "super"
        self._open.append(_Open("svg" if around.tag == "svg" else tag, look, kind, line, raised))

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self._end_line()
        places = [place for place, each in enumerate(self._open) if each.tag == tag]
        if self._open[-1].tag == "svg" and tag != "svg":
            self._open.pop()
        elif places and tag:
            del self._open[places[-1] :]

    def handle_data(self, data: str) -> None:
        around = self._open[-1]
        if around.tag == "svg" or (around.raised and _MARK.fullmatch(data)):
            return
        for character in _UNSEEN.sub("", data):
            self._add(" " if character.isspace() else character)

    def _add(self, token: str) -> None:
        if token.isspace() and (not self._tokens or self._tokens[-1] == " "):
            return
        self._start = self._start or self._open[-1]
        self._tokens.append(token)
        self._looks.append(self._open[-1].look)

    def _end_line(self) -> None:
        if self._tokens and self._tokens[-1] == " ":
            self._tokens.pop()
            self._looks.pop()
        if self._tokens and self._start:
            self.found.append(Line(tuple(self._tokens), tuple(self._looks), self._start.kind, self._start.line))
        self._tokens, self._looks, self._start = [], [], None


_KINDS = frozenset((*HEADINGS, "li", "blockquote", "td", "th"))


def _look(tag: str, values: Mapping[str, str], declared: Mapping[str, str], around: Look) -> Look:
    weight, lines = declared.get("font-weight", ""), declared.get("text-decoration", "")
    bold = around.bold if not weight else weight in ("bold", "600", "700", "800", "900")
    tilt = declared.get("font-style", "")
    colour, ground = declared.get("color"), declared.get("background-color", declared.get("background"))
    return Look(
        bold=bold or tag in ("strong", "b"),
        italic=tag in ("em", "i") or (tilt == "italic" if tilt else around.italic),
        code=around.code or tag == "code",
        line=lines.split()[0] if lines else around.line,
        colour=around.colour if colour is None else hex_colours(colour),
        ground=around.ground if ground is None else hex_colours(ground),
        link=values.get("href", "") if tag == "a" else around.link,
    )


# --- what was changed -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Change:
    """A line of ours that was edited (`old` and `new`) or removed (`old`), or one that was put before `at` (`new`)."""

    at: int
    old: Line | None
    new: Line | None
    order: int = 0  # among those that were put in one place


def _changes(ours: Sequence[Line], theirs: Sequence[Line]) -> Iterator[_Change]:
    matcher = SequenceMatcher(None, [each.tokens for each in ours], [each.tokens for each in theirs], autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            continue
        at, order = i1, 0
        for one, two in _pairs(ours[i1:i2], theirs[j1:j2]):
            order = order + 1 if one is None else 0
            yield _Change(at, one, two, order)
            at += one is not None


def _pairs(ours: Sequence[Line], theirs: Sequence[Line]) -> list[tuple[Line | None, Line | None]]:
    """Pair lines with what became of them, in their order; None stands for nothing."""
    if len(ours) == len(theirs) == 1:
        return [(ours[0], theirs[0])]
    if len(ours) * len(theirs) > _PAIRS:
        both: list[tuple[Line | None, Line | None]] = list(zip(ours, theirs, strict=False))
        both += [(each, None) for each in ours[len(theirs) :]]
        return both + [(None, each) for each in theirs[len(ours) :]]
    # best[i][j]: the most that ours[i:] and theirs[j:] can have in common
    likeness = [[_likeness(one, two) for two in theirs] for one in ours]
    best = [[0.0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i in reversed(range(len(ours))):
        for j in reversed(range(len(theirs))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], likeness[i][j] + best[i + 1][j + 1])
    found: list[tuple[Line | None, Line | None]] = []
    i = j = 0
    while i < len(ours) or j < len(theirs):
        if i < len(ours) and j < len(theirs) and likeness[i][j] and best[i][j] == likeness[i][j] + best[i + 1][j + 1]:
            found.append((ours[i], theirs[j]))
            i, j = i + 1, j + 1
        elif i < len(ours) and (j == len(theirs) or best[i][j] == best[i + 1][j]):
            found.append((ours[i], None))
            i += 1
        else:
            found.append((None, theirs[j]))
            j += 1
    return list(_in_place_of(found))


def _in_place_of(pairs: Iterable[tuple[Line | None, Line | None]]) -> Iterator[tuple[Line | None, Line | None]]:
    """Pair what has nothing in common, but where one thing of a kind is gone and another one has come."""
    for paired, run in groupby(pairs, key=lambda each: None not in each):
        if paired:
            yield from run
            continue
        gone, come = [], []
        for one, two in run:
            gone += [one] if one else []
            come += [two] if two else []
        while gone and come and gone[0].kind == come[0].kind:
            yield gone.pop(0), come.pop(0)
        yield from ((each, None) for each in gone)
        yield from ((None, each) for each in come)


def _likeness(one: Line, two: Line) -> float:
    matcher = SequenceMatcher(None, one.tokens, two.tokens, autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0
    ratio = matcher.ratio()
    return ratio if ratio >= _ALIKE else 0


# --- the source -------------------------------------------------------------------------------------------------------

_SPANS = re.compile(
    r"""(?P<image>!\[[^\]\n]*\]\(\s*<?(?P<src>[^)\s>]*)[^)\n]*\)|<img\b[^>]*?\bsrc\s*=\s*["'](?P<html>[^"'>]*)[^>]*>)"""
    r"""|(?P<unseen>\]\((?:[^()\n]|\([^()\n]*\))*\)|\]\[[^\]\n]*\]|\[\^[^\]\n]+\]|<!--.*?-->"""
    r"""|</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>)"""
    r"""|(?P<escape>\\[!-/:-@\[-`{-~])|(?P<entity>&(?:\#\d+|\#[xX][\da-fA-F]+|[A-Za-z]\w*);)""",
    re.DOTALL,
)
_PREFIX = re.compile(r"\s*(?:>[ \t]?)*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?)?(?:#{1,6}[ \t]+)?")
_SHELL = re.compile(r"[\s>|*+_~`#-]*(?:\d{1,9}[.)]\s*)?[\s|]*")  # what is left of a line without its words
_HOLLOW = re.compile(r"!?\[\s*\](?:\([^()\n]*\)|\[[^\]\n]*\])|(?<!\*)\*\*\*\*(?!\*)|(?<!~)~~~~(?!~)|(?<!`)``(?!`)")


class _Token(NamedTuple):
    """A character or an image of the source, and what of the text it takes."""

    said: str
    start: int
    end: int


@dataclass(frozen=True)
class _Source:
    """A Markdown text, and by the images' addresses in it the tokens that stand for them."""

    text: str
    images: Mapping[str, str]

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins, and the end of the text."""
        found = [0, *(match.end() for match in re.finditer("\n", self.text))]
        return [*found, len(self.text) + 1] if found[-1] != len(self.text) else [*found, len(self.text)]

    def offset(self, line: int) -> int:
        """Where the 1-based `line` begins; the end of the text for one behind it."""
        return min(self.starts[min(line, len(self.starts)) - 1], len(self.text))

    def line_at(self, offset: int) -> int:
        """Give the 1-based line in which a place lies."""
        return bisect_right(self.starts, offset)

    def tokens(self, start: int, end: int, *, plain: bool = False) -> list[_Token]:
        """List what a part of the text may show; with `plain` every character, as in code."""
        found: list[_Token] = []
        at = start
        spans = () if plain else _SPANS.finditer(self.text, start, end)
        for span in spans:
            found += self._characters(at, span.start())
            at = span.end()
            if span["image"]:
                found.append(_Token(self.images.get(span["src"] or unescape(span["html"] or ""), ""), *span.span()))
            elif span["escape"]:
                found.append(_Token(span[0][1], *span.span()))
            elif span["entity"]:
                found.append(_Token(unescape(span[0]), *span.span()))
        return [*found, *self._characters(at, end)]

    def _characters(self, start: int, end: int) -> Iterator[_Token]:
        for at in range(start, end):
            character = self.text[at]
            yield _Token(" " if character.isspace() else character, at, at + 1)


class _Region(NamedTuple):
    """Where in the source a line of the article comes from: places from `start` to `end`, shared with `lines` of it."""

    start: int
    end: int
    lines: tuple[int, ...]


def _regions(source: _Source, ours: Sequence[Line]) -> list[_Region | None]:
    anchors = sorted({each.line for each in ours if each.line})
    holders: dict[int, list[int]] = {}
    for index, each in enumerate(ours):
        if each.line:
            holders.setdefault(each.line, []).append(index)
    found: list[_Region | None] = []
    for each in ours:
        if not each.line:
            found.append(None)
            continue
        after = bisect_right(anchors, each.line)
        end = source.offset(anchors[after]) if after < len(anchors) else len(source.text)
        found.append(_Region(source.offset(each.line), end, tuple(holders[each.line])))
    return found


# --- one change, written into the source ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Writer:
    """Writes changes into a source; each method yields texts to try, the likeliest first."""

    source: _Source
    ours: Sequence[Line]
    regions: Sequence[_Region | None]

    def write(self, change: _Change) -> Iterator[str]:
        if change.old is None:
            assert change.new
            yield from self._insert(change.at, change.new)
        elif region := self.regions[change.at]:
            if change.new is None and len(region.lines) == 1:
                yield from self._remove(region, change.at)
            for plain in (False, True):
                places = self._places(region, change.at, plain=plain)
                if places:
                    yield from self._edit(change.old, change.new, places)
            yield from self._found(change, region.start, region.end)
        else:
            yield from self._found(change, 0, len(self.source.text))

    def _places(self, region: _Region, index: int, *, plain: bool) -> dict[int, _Token]:
        """Say for the tokens of line `index`, by place, where in the source they stand."""
        said: list[str] = []
        start = 0
        for each in region.lines:
            if each == index:
                start = len(said)
            said += [*self.ours[each].tokens, "\n"]
        there = self.source.tokens(region.start, region.end, plain=plain)
        if len(said) * len(there) > _CELLS:
            return {}
        matcher = SequenceMatcher(None, said, [each.said for each in there], autojunk=False)
        ours = range(start, start + len(self.ours[index].tokens))
        return {
            block.a + n - start: there[block.b + n]
            for block in matcher.get_matching_blocks()
            for n in range(block.size)
            if block.a + n in ours
        }

    def _edit(self, old: Line, new: Line | None, places: Mapping[int, _Token]) -> Iterator[str]:
        """Replace the words that differ, and leave what stands around and between them."""
        wanted = new.tokens if new else ()
        alike = SequenceMatcher(None, old.tokens, wanted, autojunk=False)
        marked = SequenceMatcher(None, _marked(old), _marked(new) if new else (), autojunk=False)
        for matcher, escaped in ((marked, False), (marked, True), (alike, False), (alike, True)):
            edits: list[tuple[int, int, str]] = []
            for kind, i1, i2, j1, j2 in matcher.get_opcodes():
                if kind == "equal":
                    continue
                if any(place not in places for place in range(i1, i2) if old.tokens[place] != " "):
                    break
                gone = [places[place] for place in range(i1, i2) if place in places]
                edits += [(each.start, each.end, "") for each in gone]
                if j2 > j1 and new and not gone:
                    at = self._between(old, new, places, i1, j1)
                    if at is None:
                        break
                    edits.append((at, at, self._words(wanted[j1:j2], escaped=escaped)))
                elif new:
                    edits += self._in_place(old, new, places, range(i1, i2), range(j1, j2), escaped=escaped)
            else:
                text = _edited(self.source.text, edits)
                low = min((start for start, _, _ in edits), default=0)
                yield from self._tidied(text, low, len(text) - len(self.source.text))

    def _in_place(
        self, old: Line, new: Line, places: Mapping[int, _Token], gone: range, put: range, *, escaped: bool
    ) -> Iterator[tuple[int, int, str]]:
        """Put words where others were, bold ones where bold ones were."""
        was, now = _marked(old), _marked(new)
        spots = [place for place in gone if place in places]
        at = spots[0]
        for mark, run in groupby(put, key=lambda place: now[place][1:]):
            at = next((each for each in spots if each >= at and was[each][1:] == mark), at)
            start = places[at].start
            yield start, start, self._words([new.tokens[place] for place in run], escaped=escaped)

    def _between(self, old: Line, new: Line, places: Mapping[int, _Token], i: int, j: int) -> int | None:
        """Find where to put words before token `i`: by the neighbour that looks like them, or else the one before."""
        before, after = places.get(i - 1), places.get(i)
        alike_before = j > 0 and new.looks[j] == new.looks[j - 1]
        if after and (before is None or (not alike_before and i < len(old.looks) and new.looks[j] == old.looks[i])):
            return after.start
        return before.end if before else None

    def _words(self, tokens: Sequence[str], *, escaped: bool) -> str:
        known = {token: src for src, token in self.source.images.items()}
        return "".join(
            f"![]({known[each]})" if each[0] == OBJECT and each in known else _escaped(each) if escaped else each
            for each in tokens
            if each[0] != OBJECT or each in known
        )

    def _tidied(self, text: str, low: int, grown: int) -> Iterator[str]:
        """Yield `text` without the markup that has nothing left in it, then as it is."""
        start = text.rfind("\n", 0, low) + 1
        end = text.find("\n", max(low, low + grown))
        end = len(text) if end < 0 else end
        part = text[start:end]
        if len(_HOLLOW.findall(part)) > len(_HOLLOW.findall(self.source.text[start : end - grown])):
            tidy = _HOLLOW.sub("", part)
            yield text[:start] + tidy + text[end:]
            yield _without_shells(text[:start] + tidy, start, text[end:])
        elif _SHELL.fullmatch(part):
            yield _without_shells(text[:end], start, text[end:])
        yield text

    def _found(self, change: _Change, start: int, end: int) -> Iterator[str]:
        """Replace the words with those around them where they stand in the source but once: in footnotes, say."""
        assert change.old
        old, new = change.old.text, change.new.text if change.new else ""
        number = _MARK.match(old)
        if number and new.startswith(number[0]):  # of a note in its list
            old, new = old[number.end() :], new[number.end() :]
        same = next(
            (n for n, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), min(len(old), len(new))
        )
        rest = min(len(old), len(new)) - same
        tail = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
        for around in (40, 20, 10, 4):
            first, last = max(0, same - around), min(len(old), len(old) - tail + around)
            piece = old[first:last]
            if piece.strip() and self.source.text.count(piece, start, end) == 1:
                at = self.source.text.find(piece, start, end) + same - first
                for words in (new[same : len(new) - tail], "".join(map(_escaped, new[same : len(new) - tail]))):
                    yield _edited(self.source.text, [(at, at + len(old) - tail - same, words)])

    def _remove(self, region: _Region, index: int) -> Iterator[str]:
        """Remove the block that shows nothing but line `index`, with one blank line beside it."""
        text, end = self.source.text, self._block_end(region, index)
        before, after = text[: region.start], text[end:]
        yield _joined(before, after)
        if end != region.end:
            yield _joined(before, text[region.end :])

    def _block_end(self, region: _Region, index: int) -> int:
        """Say where the block of line `index` ends: before a blank line, or where the next one begins."""
        places = self._places(region, index, plain=False) or self._places(region, index, plain=True)
        last = max((each.end for each in places.values()), default=region.end)
        blank = re.compile(r"\n[ \t]*(?=\n|\Z)").search(self.source.text, max(region.start, last - 1), region.end)
        return blank.start() + 1 if blank else region.end

    def _insert(self, at: int, new: Line) -> Iterator[str]:
        """Put a line between two others, in the form of the nearest one of its kind."""
        before = next((n for n in range(at - 1, -1, -1) if self.regions[n]), None)
        after = next((n for n in range(at, len(self.ours)) if self.regions[n]), None)
        shared = before is not None and after is not None and self.regions[before] == self.regions[after]
        prefixes = list(dict.fromkeys(self._prefixes(before, after, new.kind)))
        for words in self._markdown(new):
            if before is None:
                place = self.regions[after] if after is not None else None
                start = place.start if place else len(self.source.text)
                yield from (_put(self.source.text, start, f"{each}{words}\n\n") for each in prefixes)
                continue
            region = self.regions[before]
            assert region
            places = self._places(region, before, plain=False) or self._places(region, before, plain=True)
            last = max((each.end for each in places.values()), default=region.end)
            ends = [self._line_end(last)] if shared else [self._block_end(region, before), region.end]
            for end in dict.fromkeys(self._trimmed(region.start, each) for each in ends):
                for prefix in prefixes:
                    for gap in _gaps(prefix, shared=shared):
                        yield _put(self.source.text, end, f"{gap}{prefix}{words}")

    def _line_end(self, place: int) -> int:
        end = self.source.text.find("\n", place)
        return len(self.source.text) if end < 0 else end

    def _trimmed(self, start: int, end: int) -> int:
        return start + len(self.source.text[start:end].rstrip())

    def _prefixes(self, before: int | None, after: int | None, kind: str) -> Iterator[str]:
        """Yield what may stand before the words of a block: what stands before the nearest lines of its kind."""
        near = [each for each in (before, after) if each is not None]
        middle = near[0] if near else 0
        alike = sorted((n for n, each in enumerate(self.ours) if each.kind == kind), key=lambda n: abs(n - middle))
        for index in [each for each in alike if self.regions[each]][:3] if kind != "p" else []:
            region = self.regions[index]
            assert region
            if match := _PREFIX.match(self.source.text, region.start, region.end):
                yield match[0]
        if kind in HEADINGS:
            yield "#" * int(kind[1]) + " "
        yield {"li": "- ", "blockquote": "> "}.get(kind, "")

    def _markdown(self, new: Line) -> Iterator[str]:
        """Write a line with its bold and slanted words, code and links; then as its words alone, raw and escaped."""
        runs: list[tuple[Look, list[str]]] = []
        plain = new.kind in HEADINGS
        for token, look in zip(new.tokens, new.looks, strict=True):
            shown = Look(
                bold=look.bold and not plain,
                italic=look.italic,
                code=look.code,
                line=look.line if look.line == "line-through" else "",
                link=look.link,
            )
            if not runs or runs[-1][0] != shown:
                runs.append((shown, []))
            runs[-1][1].append(token)
        for escaped in (False, True):
            yield "".join(_run(look, self._words(tokens, escaped=escaped and not look.code)) for look, tokens in runs)
        for escaped in (False, True):
            yield self._words(new.tokens, escaped=escaped)


def _marked(line: Line) -> list[tuple[str, bool, bool, bool]]:
    """Return a line's tokens with what Markdown has marks for, so that words are compared with those of their kind."""
    return [(token, look.bold, look.italic, look.code) for token, look in zip(line.tokens, line.looks, strict=True)]


def _gaps(prefix: str, *, shared: bool) -> tuple[str, ...]:
    """Say what may part a new block from the one before it."""
    quote = prefix.rstrip() if prefix.lstrip().startswith(">") else ""
    if shared:
        return ("\n", "\n\n", "  \n", "<br>")
    if quote:
        return (f"\n{quote}\n", "\n\n")
    return ("\n", "\n\n") if re.match(r"\s*(?:[-*+]|\d+[.)])\s", prefix) else ("\n\n",)


def _run(look: Look, text: str) -> str:
    inner = text.strip()
    if not inner or look == Look():
        return text
    start, end = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if look.code:
        inner = f"`{inner}`"
    for wanted, mark in ((look.line, "~~"), (look.italic, "*"), (look.bold, "**")):
        inner = f"{mark}{inner}{mark}" if wanted else inner
    return f"{start}[{inner}]({look.link}){end}" if look.link else f"{start}{inner}{end}"


def _escaped(token: str) -> str:
    return f"\\{token}" if re.fullmatch(r"[!-/:-@\[-`{-~]", token) else token


def _edited(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """Replace parts of `text`; of two at one place what is put in comes first."""
    parts, at = [], 0
    for start, end, words in sorted(edits, key=lambda each: (each[0], each[1])):
        parts += [text[at:start], words]
        at = max(at, end)
    return "".join((*parts, text[at:]))


def _put(text: str, at: int, words: str) -> str:
    return text[:at] + words + text[at:]


def _joined(before: str, after: str) -> str:
    """Join what stands around a block that is gone, with no more blank lines than there were on one side."""
    if (before.endswith("\n\n") or not before) and after.startswith("\n"):
        after = after[1:]
    return before + after if after.strip() or not before.strip() else before.rstrip("\n") + "\n"


def _without_shells(head: str, start: int, tail: str) -> str:
    """Leave out the line that begins at `start` of `head`, of which nothing but its markup is left."""
    return _joined(head[:start], tail.removeprefix("\n")) if _SHELL.fullmatch(head[start:]) else head + tail


# --- all changes ------------------------------------------------------------------------------------------------------


def trace(
    text: str,
    ours: Sequence[Line],
    theirs: Sequence[Line],
    render: Callable[[str], Sequence[Line] | None],
    images: Mapping[str, str],
) -> Traced:
    """Write into the Markdown `text`, which renders as `ours`, what is otherwise in `theirs`.

    `render` gives the lines of a text, or None for one that cannot be laid out; `images` maps the images' sources to
    the addresses that `read` sees. Changes are made from the end to the beginning, so that those before stay in place.
    """
    tokens = {src: OBJECT + image_key(url) for src, url in images.items()}
    known = {token for each in ours for token in each.tokens if token[0] == OBJECT}
    kept, strange = _without_strangers(theirs, known)
    changes = sorted(_changes(ours, kept), key=lambda each: _place(ours, each), reverse=True)
    made = [each for each in changes if each.new is None and each.old and each.old.line is None]
    written, failed = _write_all(text, ours, [each for each in changes if each not in made], render, tokens)
    written, notes = _without_notes(text, written, ours, kept, render)
    now = render(written) or ours
    still = _added(now) - (_added(ours) - _added(each.old for each in made if each.old))
    failed += [each for each in made if each.old and _unnumbered(each.old) in still]
    left = [_told(each, ours) for each in failed]
    left += [Left("image-new", token[1:], _line_before(ours, kept, place)) for token, place in strange]
    return Traced(written, (*left, *notes, *_other_looks(now, kept)))


def _added(lines: Iterable[Line]) -> Counter[str]:
    """Count the lines that the program adds, by their words."""
    return Counter(_unnumbered(each) for each in lines if not each.line)


def _unnumbered(line: Line) -> str:
    """Return a line's words without the number that begins it in the list of notes."""
    number = _MARK.match(line.text)
    return line.text[number.end() :] if number else line.text


# --- footnotes --------------------------------------------------------------------------------------------------------

_FOOTNOTE = re.compile(r"^ {0,3}\[\^([^\]\s]+)\]:.*\n?(?:(?:[ \t]*\n)*[ \t]+\S.*\n?)*", re.MULTILINE)


def _without_notes(
    before: str,
    text: str,
    ours: Sequence[Line],
    theirs: Sequence[Line],
    render: Callable[[str], Sequence[Line] | None],
) -> tuple[str, list[Left]]:
    """Take the footnotes out of `text` that it refers to no more, and `before` did.

    One that `theirs` still shows stays and is told: the next push would take it out of the draft.
    """
    left: list[Left] = []
    for found in _FOOTNOTE.finditer(before):
        refers = re.compile(re.escape(f"[^{found[1]}]") + "(?!:)", re.IGNORECASE)
        if refers.search(text) or not refers.search(before):
            continue
        note = next((each for each in _FOOTNOTE.finditer(text) if each[1] == found[1]), None)
        if note is None:
            continue
        shown = _notes(ours) - _notes(render(before[: found.start()] + before[found.end() :]) or ours)
        without = _joined(text[: note.start()], text[note.end() :])
        if shown & _notes(theirs) or not _alike(render(without), render(text)):
            line = before.count("\n", 0, found.start()) + 1
            left.append(Left("note", next(iter(shown), found[0].strip()), line))
        else:
            text = without
    return text, left


def _notes(lines: Iterable[Line]) -> Counter[str]:
    """Count the entries of the list of notes, by their words."""
    return Counter(_unnumbered(each) for each in lines if not each.line and _MARK.match(each.text))


def _alike(one: Sequence[Line] | None, two: Sequence[Line] | None) -> bool:
    return one is not None and two is not None and [each.tokens for each in one] == [each.tokens for each in two]


def _place(ours: Sequence[Line], change: _Change) -> tuple[int, int, bool, int]:
    """Rank a change by its place in the source, what is put before a line before the line's own change.

    Those of lines without a place rank lowest.
    """
    line = next((each.line for each in ours[change.at :] if each.line), 1 << 30)
    if change.old and change.old.line is None:
        line = -1
    return line, change.at, change.old is not None, change.order


def _without_strangers(theirs: Sequence[Line], known: set[str]) -> tuple[list[Line], list[tuple[str, int]]]:
    """Leave out images that were put in by hand, whose files nobody has here; they are named beside."""
    kept: list[Line] = []
    strange: list[tuple[str, int]] = []
    for each in theirs:
        at = [place for place, token in enumerate(each.tokens) if token[0] != OBJECT or token in known]
        strange += [(token, len(kept)) for token in each.tokens if token[0] == OBJECT and token not in known]
        if len(at) == len(each.tokens):
            kept.append(each)
        elif at:
            tokens, looks = tuple(each.tokens[n] for n in at), tuple(each.looks[n] for n in at)
            kept.append(replace(each, tokens=tokens, looks=looks))
    return kept, strange


def _write_all(
    text: str,
    ours: Sequence[Line],
    changes: Sequence[_Change],
    render: Callable[[str], Sequence[Line] | None],
    images: Mapping[str, str],
) -> tuple[str, list[_Change]]:
    """Write all changes at once if the first way of each does it; else one by one, whatever does it."""
    at_once = text
    for change in changes:
        source = _Source(at_once, images)
        at_once = next(_Writer(source, ours, _regions(source, ours)).write(change), at_once)
    if changes and _shows(render(at_once), ours, changes):
        return at_once, []
    done: list[_Change] = []
    failed: list[_Change] = []
    for change in changes:
        source = _Source(text, images)
        tried = dict.fromkeys(_Writer(source, ours, _regions(source, ours)).write(change))
        found = next((each for each in tried if _shows(render(each), ours, [*done, change])), None)
        if found is None:
            failed.append(change)
        else:
            text = found
            done.append(change)
    return text, failed


def _shows(lines: Sequence[Line] | None, ours: Sequence[Line], done: Iterable[_Change]) -> bool:
    """Whether `lines` are ours with what was `done`: the source's lines in order; the program's own count anew."""
    if lines is None:
        return False
    replaced: dict[int, list[Line]] = {}
    inserted: dict[int, list[_Change]] = {}
    for each in done:
        if each.old is None:
            inserted.setdefault(each.at, []).append(each)
        else:
            replaced[each.at] = [each.new] if each.new else []
    expected: list[tuple[str, ...]] = []
    others: list[tuple[str, ...]] = []
    for index in range(len(ours) + 1):
        new = sorted(inserted.get(index, ()), key=lambda each: each.order)
        expected += [each.new.tokens for each in new if each.new]
        if index == len(ours):
            break
        now = [each.tokens for each in replaced.get(index, [ours[index]])]
        if ours[index].line:
            expected += now
        elif index in replaced:
            others += now
    if [each.tokens for each in lines if each.line] != expected:
        return False
    return not Counter(others) - Counter(each.tokens for each in lines if not each.line)


def _told(change: _Change, ours: Sequence[Line]) -> Left:
    near = change.old.line if change.old else next((each.line for each in reversed(ours[: change.at]) if each.line), 1)
    if change.old and change.old.line is None:
        return Left("added", change.new.text if change.new else change.old.text, None)
    if change.new is None:
        assert change.old
        gone = [each for each in change.old.tokens if each[0] == OBJECT]
        return Left("image-gone" if gone and not change.old.text else "words", change.old.text, near)
    return Left("words", change.new.text, near)


def _line_before(ours: Sequence[Line], theirs: Sequence[Line], place: int) -> int | None:
    """Say after which line of the source something stands that was put before `theirs[place]`."""
    known = {each.tokens: each.line for each in ours if each.line}
    return next((known[each.tokens] for each in reversed(theirs[:place]) if each.tokens in known), None)


def _other_looks(ours: Sequence[Line], theirs: Sequence[Line]) -> Iterator[Left]:
    """Find lines with the same words that look otherwise: bold, struck, coloured, linked, or of another kind."""
    one, two = [each.tokens for each in ours], [each.tokens for each in theirs]
    for block in SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks():
        for n in range(block.size):
            line, other = ours[block.a + n], theirs[block.b + n]
            if line.line is None:
                continue
            odd = [at for at, pair in enumerate(zip(line.looks, other.looks, strict=True)) if pair[0] != pair[1]]
            odd = [at for at in odd if line.tokens[at] != " "]
            if odd:
                words = "".join(each for each in line.tokens[odd[0] : odd[-1] + 1] if each[0] != OBJECT)
                yield Left("look", words, line.line)
            elif line.kind != other.kind:
                yield Left("look", line.text, line.line)
