"""The file of the next issue: a letter, and what its inbox holds, in; Markdown out.

Without a template the last issue is one, without what is its own. What the letter says in every issue and what one
issue said is told by comparing: a paragraph, quote or heading that earlier issues have as well is the letter's, and
the rest goes. Dates and numbers of the last issue become those of the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise, takewhile
from pathlib import Path

from wxpub import article, ledger
from wxpub.article import KEYS
from wxpub.desk import archive, inbox, table
from wxpub.desk.inbox import Inbox, Item
from wxpub.desk.letter import DATED, FENCE, HEADING, NUMBERED, RULE, Letter, Past, figure, in_figures
from wxpub.errors import SourceError, did_you_mean
from wxpub.language import listed, tr

EARLIER = 3  # issues that the last one is compared with
_PART = re.compile(r" {0,3}<!--\s*wxpub:[\w ,-]+-->[ \t]*")
_SPACED = 4  # lines between two paragraphs of an item
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
_NOTE = re.compile(r" {0,3}\[\^[^\]\s]+\]:")
_BULLET = re.compile(r" {0,3}(?:[-*+][ \t]|\d{1,3}(?:[.)][ \t]|、))")
_GUIDE = re.compile(r"(?P<head>(?:>[ \t]*)?(?:导读|导语|本期提要)\s*(?P<colon>[:：]?)[ \t]*)(?P<said>.*)", re.DOTALL)
_COUNTED = re.compile(
    r"^(?P<before>[^\d。；;【「]{0,10}?)(?P<count>\d+)(?P<after>\s*[条篇则项][^。；;【「]{0,6}?[。；;，,]?)"
)
_BRACKETED = re.compile(r"([【「\[])([^】」\]\n]{1,12})([】」\]])")
_BACK = re.compile(r"往期|历史(?:文章|消息|回顾)|过刊|back issues|previous issues|past issues", re.IGNORECASE)
# Sections that say in every issue the same, below the issue's own.
_STANDING = re.compile(
    r"(?:关于|联系|投稿|订阅|合作|声明|版权|致谢)(?:我们|本刊|作者|方式|说明|渠道|与.{1,4})?"
    r"|about(?: us)?|contact(?: us)?|subscri(?:be|ption).*|licen[cs]e|imprint",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_BESIDE = re.compile(r"(?:[：:|｜/—–]|\s-\s)")
_FRONT = re.compile(
    r"(?:[ \t]*\n)*(---|\+\+\+)[ \t]*\n(.*?)^(?:---|\+\+\+|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_KEY = re.compile(r"""(["']?)([\w-]+)\1([ \t]*[:=][ \t]*)(.*)""")
_COUNT = "{{ count }}"
_FIRST = """\
---
number: {number}
date: {date}
---

# {title}

> 导读：本期 1 条。【新闻】这里写本期的看点，它也是文章的摘要。

## 新闻

- [用 Markdown 写公众号简报 | wxpub](https://example.com/)：每条一个链接、一句话。写第一期时，把这一条换成你的。
"""
# What an issue says of itself alone, even where no other issue tells.
_OWN = frozenset(name for key in ("digest", "cover", "cover_picture") for name in (key, *KEYS[key]))
_NAMES: Mapping[str, str] = {name: key for key in ("title", "number", "date") for name in (key, *KEYS[key])}


_Key = tuple[str, str, int, str]


@dataclass(frozen=True, slots=True)
class Next:
    """An issue that is to be made: its file, day and number, and its title where an editor gave one."""

    path: Path
    day: date
    number: int | None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of it: the `text` of the file, the `title` in it, and the items of the inbox that are in it.

    `unlisted` says why the list of back issues is that of the last issue; "" where it is complete, or there is none.
    """

    text: str
    title: str
    taken: tuple[Item, ...]
    unlisted: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, an item, a paragraph … of an issue, with its lines and the number of empty lines above it."""

    kind: str
    text: str
    gap: int = 1
    level: int = 0  # of a heading

    @property
    def words(self) -> str:
        """The words of a heading, without links."""
        match = HEADING.fullmatch(self.text.partition("\n")[0])
        said = match[2] if match else self.text.partition("\n")[0]
        return _bare(said)


def make(letter: Letter, wanted: Next, waiting: Inbox, template: Path | None = None) -> Made:
    """Make the next issue of a template, or of the last issue; with the items that `waiting` has for it.

    An item goes into the section whose name is its own, which is made where there is none; without a section it goes
    into an issue that has none either, and else stays. Raises SourceError for a file that cannot be read, and for a
    place that a template cannot have.
    """
    if template is not None:
        front, blocks = _of_template(template, wanted)
    elif letter.last is not None:
        front, blocks = _of_last(letter, letter.last, wanted)
    else:
        front, body = _parted(first(letter, wanted))
        blocks = cut(body)
        blocks = _alone(blocks, _title_of(front, blocks, wanted.path))
    named = _title_of(front, blocks, wanted.path)
    placed, taken = _sorted_in(blocks, named, waiting, _form(letter))
    counts = {heading: len(items) for heading, items in placed if items}
    found = [_framed(block, counts) if _is_guide(block) else block for block in _joined(blocks, placed)]
    text, unlisted = front + _text(found), ""
    try:
        name = wanted.path.relative_to(letter.root).as_posix()
        own = Past(wanted.path, name, wanted.day.isoformat(), wanted.number, named)
        series = archive.of(replace(letter, issues=(*letter.issues, own)), ledger.published(letter.root))
        text, _ = table.update(text, wanted.path, series)
    except SourceError as error:  # no place for a list of back issues, or a form that only a person can keep up
        unlisted = error.message if any(map(_is_back, blocks)) else ""
    return Made(text, named or wanted.path.stem, taken, unlisted)


def _title_of(front: str, blocks: Iterable[Block], path: Path) -> str:
    """Give an issue's title: of the front matter, or the first heading if it has its rank alone; "" for none."""
    if front and (said := article.parse(front, path).title):
        return said
    headings = [block for block in blocks if block.kind == "heading"]
    alone = headings and all(each.level > headings[0].level for each in headings[1:])
    return headings[0].words if alone else ""


def first(letter: Letter, wanted: Next) -> str:
    """Write the first issue of a letter, which shows how an issue is written."""
    number = wanted.number or 1
    title = wanted.title or f"{name_of(letter)} 第 {number} 期（{wanted.day.isoformat()}）"
    return _FIRST.format(number=number, date=wanted.day.isoformat(), title=title)


def name_of(letter: Letter) -> str:
    """Give the name of a letter: what its settings say, or its titles without date, number and headline."""
    said = letter.settings.article.get("cover_series")
    if said or letter.last is None:
        return str(said or letter.root.name)
    title = _bare(letter.last.title)
    found = min((match.start() for match in (DATED.search(title), NUMBERED.search(title)) if match), default=0)
    name = title[:found] if found else _BESIDE.split(title)[0]
    return name.strip(" \t(（[【《「·-—–:：|｜") or letter.root.name


# --- what the next issue takes over -----------------------------------------------------------------------------------


def _of_template(path: Path, wanted: Next) -> tuple[str, list[Block]]:
    """Fill the places of a template, which is kept as it is otherwise; `{{ count }}` is known last."""
    template = _read(path)
    number = "" if wanted.number is None else str(wanted.number)
    values = {
        "date": wanted.day.isoformat(),
        "year": f"{wanted.day:%Y}",
        "month": f"{wanted.day:%m}",
        "day": f"{wanted.day:%d}",
        "number": number,
        "figures": in_figures(wanted.number) if wanted.number else "",
        "title": wanted.title,
        "count": _COUNT,
    }

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            line = template.count("\n", 0, found.start()) + 1
            known = tr("known: {names}", names=listed(f"{{{{ {each} }}}}" for each in values))
            what = tr("{place} is nothing that an issue has", place=found[0])
            raise SourceError(what, path, line, did_you_mean(found[1], values, known))
        return values[found[1]]

    front, body = _parted(_PLACE.sub(value, template))
    return front, cut(body)


def _of_last(letter: Letter, last: Past, wanted: Next) -> tuple[str, list[Block]]:
    """Take from the last issue what is the letter's; the second one begins the list of back issues."""
    earlier = letter.issues[-EARLIER - 1 : -1]
    front, body = _parted(_read(last.path))
    others = [(each, *_parted(_read(each.path, strict=False))) for each in earlier]
    fields = [{_masked(field, each) for field in _fields(head)} for each, head, _ in others]
    known = [_said_in(cut(text), each) for each, _, text in others]
    blocks = cut(body)
    title = wanted.title or _title(last, earlier, wanted)
    keep = _common(blocks, last, known) if known else _alone(blocks, _bare(last.title))
    kept, back = [], False
    for block in keep:
        if block.kind in ("heading", "rule"):
            back = _is_back(block)
        if _is_title(block, last):
            kept.append(replace(block, text=f"{'#' * block.level} {title}"))
        else:
            as_is = back or block.kind == "back"
            kept.append(block if as_is else replace(block, text=_renewed(block.text, last, wanted)))
    kept = _without_strange_notes(kept)
    begins = not earlier and table.BEGIN not in body and not any(map(_is_back, kept))  # the first had none to list
    if begins and any(_is_section(block, title) for block in kept):
        kept.insert(_end(kept), Block("heading", "## 往期回顾", 1, 2))
    return _front(front, last, wanted, title, fields), kept


def _common(blocks: Sequence[Block], last: Past, known: Sequence[set[_Key]]) -> list[Block]:
    """Keep what half of the earlier issues have as well, headings that one of them has, frames and the foot."""
    kept, back, foot = [], False, _foot(blocks)
    for number, (block, key) in enumerate(zip(blocks, _keys(blocks, last), strict=True)):
        if block.kind in ("heading", "rule"):
            back = _is_back(block)
        times = sum(key in each for each in known)
        enough = times > 0 if block.kind == "heading" else 2 * times >= len(known)
        frame = _is_guide(block) or block.kind == "back" or _is_title(block, last)
        if enough or frame or back or number >= foot:
            kept.append(block)
        elif block.kind == "heading" and any((*key[:3], _named(key[3])) in each for each in known):
            kept.append(replace(block, text=f"{'#' * block.level} {_named(block.words)}"))
    return kept


def _without_strange_notes(blocks: Sequence[Block]) -> list[Block]:
    """Leave out the footnotes to which nothing refers that is kept."""
    said = "\n".join(block.text for block in blocks if block.kind != "note")
    return [block for block in blocks if block.kind != "note" or block.text.lstrip().partition(":")[0] in said]


def _named(heading: str) -> str:
    """Give what a section is called every time: 本周话题 of “本周话题：旧手机能做什么”."""
    return re.split(r"[：:]", heading, maxsplit=1)[0].strip()


def _alone(blocks: Sequence[Block], title: str) -> list[Block]:
    """Keep of an only issue its frame: headings of sections, quotes, the foot, and what stands before the items."""
    usual = _usual(blocks, title)
    foot = _foot(blocks)
    first = next(
        (at for at, block in enumerate(blocks) if block.kind == "item" or _is_section(block, title)), len(blocks)
    )
    kept, back = [], False
    for at, block in enumerate(blocks):
        if block.kind in ("heading", "rule"):
            back = _is_back(block) or _is_standing(block)
        note = block.kind == "quote" and (at < first or blocks[at - 1].kind == "heading")
        frame = note or block.kind in ("back", "rule") or (block.kind == "heading" and block.level <= usual)
        if frame or back or at >= foot or (at < first and block.kind in ("text", "part", "comment")):
            kept.append(block)
    return kept


def _is_back(block: Block) -> bool:
    return block.kind == "heading" and _BACK.search(block.words) is not None


def _is_standing(block: Block) -> bool:
    return block.kind == "heading" and _STANDING.fullmatch(block.words) is not None


def _is_section(block: Block, title: str) -> bool:
    return block.kind == "heading" and block.words != title


def _usual(blocks: Iterable[Block], title: str) -> int:
    """Give the rank of the headings of sections: the highest that several have, and else the highest."""
    levels = [block.level for block in blocks if _is_section(block, title)]
    return min((each for each in levels if levels.count(each) > 1), default=min(levels, default=2))


def _foot(blocks: Sequence[Block]) -> int:
    """Find where the foot of an issue begins: at the first rule below its last heading."""
    last = max((at for at, block in enumerate(blocks) if block.kind == "heading"), default=0)
    return next((at for at, block in enumerate(blocks) if at > last and block.kind == "rule"), len(blocks))


def _is_title(block: Block, last: Past) -> bool:
    return block.kind == "heading" and block.words in (last.title, _bare(last.title))


def _bare(title: str) -> str:
    return re.sub(r"!?\[([^\]]*)\](?:\([^)]*\))?", r"\1", title).strip()


def _keys(blocks: Iterable[Block], issue: Past) -> list[_Key]:
    """Give for each block what tells whether two issues say the same, in sections of the same name."""
    found, section = [], ""
    for block in blocks:
        text = _masked(block.words if block.kind == "heading" else block.text, issue)
        if block.kind == "heading":
            section = "" if _is_title(block, issue) else _named(text)
        found.append((section, block.kind, block.level, text))
    return found


def _said_in(blocks: Iterable[Block], issue: Past) -> set[_Key]:
    """Give what an earlier issue says, its headings both whole and by their names."""
    keys = _keys(blocks, issue)
    return {*keys, *((*key[:3], _named(key[3])) for key in keys if key[1] == "heading")}


def _masked(text: str, issue: Past) -> str:
    return " ".join(_replaced(text, issue, lambda day: "0", lambda number: "0").split())


def _renewed(text: str, last: Past, wanted: Next) -> str:
    """Let the last issue's date and number in a text be the next one's, written as they are."""

    def day(found: re.Match[str]) -> str:
        padded = len(found["month"]) == 2 and len(found["day"]) == 2
        month, number = (f"{each:02d}" if padded else str(each) for each in (wanted.day.month, wanted.day.day))
        return f"{wanted.day.year}{found['first']}{month}{found['second']}{number}"

    def number(written: str) -> str:
        if wanted.number is None:
            return written
        return (
            str(wanted.number).zfill(len(written) if written[0] == "0" else 0)
            if written.isdecimal()
            else (in_figures(wanted.number))
        )

    return _replaced(text, last, day, number)


def _replaced(text: str, issue: Past, day: Callable[[re.Match[str]], str], number: Callable[[str], str]) -> str:
    """Replace an issue's own date and number wherever a text has them."""

    def dated(found: re.Match[str]) -> str:
        own = article.date_of(found["year"], found["month"], found["day"]) == issue.date
        return day(found) if own and issue.date else found[0]

    def numbered(found: re.Match[str]) -> str:
        name = found.lastgroup or ""
        if issue.number is None or figure(found[name]) != issue.number:
            return found[0]
        start, end = (place - found.start() for place in found.span(name))
        return found[0][:start] + number(found[name]) + found[0][end:]

    return NUMBERED.sub(numbered, DATED.sub(dated, text))


def _title(last: Past, earlier: Sequence[Past], wanted: Next) -> str:
    """Make the title: of its parts those with a date or a number, and those that an earlier title has too."""
    own = _bare(last.title)
    ends = [0, *(found.end() for found in _BESIDE.finditer(own)), len(own)]
    parts = [own[start:end] for start, end in pairwise(ends)]
    others = [_masked(_bare(each.title), each) for each in earlier]

    def is_letters(part: str) -> bool:
        said = _masked(part, last).strip()
        return said != " ".join(part.split()) or any(said and said in other for other in others)

    telling = [at for at, part in enumerate(parts) if is_letters(part)]
    kept = [part for at, part in enumerate(parts) if at in telling or (not others and at < max(telling, default=0))]
    title = re.sub(rf"\s*{_BESIDE.pattern}\s*\Z", "", "".join(kept or [own])).strip()
    return _renewed(title, last, wanted) or own


# --- front matter -----------------------------------------------------------------------------------------------------


def _parted(text: str) -> tuple[str, str]:
    """Cut front matter off, with its fences, and the empty lines below it off the rest."""
    match = _FRONT.match(text)
    front = text[: match.end()] if match and _KEY.match(match[2].lstrip()) else ""
    return front, text[len(front) :]


def _front(front: str, last: Past, wanted: Next, title: str, others: Sequence[set[str]]) -> str:
    """Renew the front matter: number, date and title are the next one's; what was one issue's own is empty."""
    number = "" if wanted.number is None else str(wanted.number)
    known = {"title": title, "date": wanted.day.isoformat(), "number": number}
    lines = []
    for field in _fields(front):
        match = _KEY.fullmatch(field.partition("\n")[0])
        if match is None:
            lines.append(field)
            continue
        quote, name, mark, value = match.groups()
        times = sum(_masked(field, last) in each for each in others)
        if key := _NAMES.get(name):
            lines.append(f"{quote}{name}{quote}{mark}{_value(key, value, known[key], '=' in mark)}")
        elif (2 * times < len(others)) if others else name in _OWN:
            nothing = '""' if "=" in mark else ""
            lines.append(f"{quote}{name}{quote}{mark}{nothing}".rstrip())
        else:
            lines.append(_renewed(field, last, wanted))
    return "\n".join(lines)


def _fields(front: str) -> list[str]:
    """Cut front matter into its fences and its keys, each with all lines of its value."""
    found: list[str] = []
    for line in front.split("\n"):
        if found and line[:1] in (" ", "\t", "-", "]") and not line.startswith("---"):
            found[-1] += f"\n{line}"
        else:
            found.append(line)
    return found


def _value(key: str, before: str, value: str, toml: bool) -> str:
    """Write a value as the one before was written: with its quotation marks, and the time after a date."""
    time = re.match(r"""["']?\d{4}-\d\d-\d\d([T ][^"'#]*?)?["']?\s*$""", before) if key == "date" else None
    value += (time[1] or "") if time else ""
    if before[:1] == "'" and "'" not in value:
        return f"'{value}'"
    special = re.search(r"^[^\w]|[:：]\s|\s#|:$", value) is not None
    quoted = before[:1] in ("'", '"') or (key == "title" and (toml or special))
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"' if quoted else value


# --- the inbox's items ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Form:
    """How the letter writes an item: what stands between title and source, and before the words on it."""

    bullet: str = "-"
    beside: str = " | "
    lead: str = "："

    def write(self, item: Item) -> str:
        """Write an item of the inbox; one that a person wrote otherwise stays as it is."""
        entry = item.entry
        if entry is None:
            return item.text.rstrip("\r\n").replace("\r\n", "\n")
        source = f"{self.beside}{entry.site}" if entry.site and self.beside and entry.site not in entry.title else ""
        label = inbox.escape(f"{entry.title}{source}")
        link = f"[{label}]({inbox.target(entry.url)})" if entry.title else f"<{inbox.target(entry.url)}>"
        return f"{self.bullet} {link}{self.lead}{entry.note}" if entry.note else f"{self.bullet} {link}"


def _form(letter: Letter) -> Form:
    """Read off the last issue how its items are written."""
    items = [
        block.text.split("\n")
        for issue in letter.issues[-1:]
        for block in cut(_parted(_read(issue.path))[1])
        if block.kind == "item" and re.match(r" {0,3}[-*+]\s+\[.*?\]\(http", block.text)
    ]
    if not items:
        return Form()
    half = len(items) / 2
    bullets = [lines[0].lstrip()[0] for lines in items]
    beside = sum(re.search(r"\S \| \S[^\]]*\]\(", lines[0]) is not None for lines in items)
    below = [
        match[1] for lines in items if len(lines) > 1 and (match := re.match(r"\s*([^\s：:]{1,6}[：:])", lines[1]))
    ]
    name = max(below, key=below.count, default="")
    lead = f"  \n{name}" if len(below) > half else "："
    return Form(max(bullets, key=bullets.count), " | " if beside > half else "", lead)


def _sorted_in(
    blocks: list[Block], title: str, waiting: Inbox, form: Form
) -> tuple[list[tuple[str, list[str]]], tuple[Item, ...]]:
    """Sort the items by the headings of the issue; headings that are missing are added to `blocks`."""
    usual = _usual(blocks, title)
    headings = [block for block in blocks if _is_section(block, title) and block.level >= usual]
    sections = [block.words for block in headings if not (_is_back(block) or _is_standing(block))]
    gap = headings[-1].gap if headings else 1
    placed: dict[str, list[str]] = {name: [] for name in sections}
    placed.setdefault("", [])
    taken = []
    for item in waiting.items:
        name = _section(item.section, sections)
        if name is None and not item.section and sections:
            continue
        if name is None and item.section:
            name = item.section
            sections.append(name)
            blocks.insert(_end(blocks), Block("heading", f"{'#' * usual} {name}", gap, usual))
        placed.setdefault(name or "", []).append(form.write(item))
        taken.append(item)
    return list(placed.items()), tuple(taken)


def _section(wanted: str, sections: Sequence[str]) -> str | None:
    """Find the section that a name means: the one of this name, or the only one of which it is a part."""
    name = inbox.folded(wanted)
    if not name:
        return None
    same = [each for each in sections if inbox.folded(each) == name]
    part = [each for each in sections if name in inbox.folded(each) or (inbox.folded(each) or name + " ") in name]
    return same[0] if same else part[0] if len(part) == 1 else None


def _end(blocks: Sequence[Block]) -> int:
    """Find where the issue's own sections end: at its back issues, at what it says of itself, or at its foot."""
    back = (at for at, block in enumerate(blocks) if _is_back(block) or _is_standing(block))
    return min([*back, _foot(blocks)])


def _joined(blocks: Sequence[Block], placed: Sequence[tuple[str, Sequence[str]]]) -> list[Block]:
    """Put the items into their sections, below what the letter says there in every issue."""
    left = dict(placed)
    bare = left.pop("", [])
    found: list[Block] = []
    at = 0
    while at < len(blocks):
        block = blocks[at]
        at += 1
        found.append(block)
        if block.kind == "heading" and left.get(block.words):
            words = list(takewhile(lambda each: each.kind not in ("heading", "rule"), blocks[at:]))
            found += words
            at += len(words)
            found += _listed(left.pop(block.words))
    known = {heading for heading, _ in placed}
    sections = (at for at, block in enumerate(found) if block.kind == "heading" and block.words in known)
    end = next(sections, _end(found))
    return [*found[:end], *_listed(bare), *found[end:]]


def _listed(items: Iterable[str]) -> list[Block]:
    return [Block("item", text, 0 if number else 1) for number, text in enumerate(items)]


# --- the 导读 ---------------------------------------------------------------------------------------------------------


def _is_guide(block: Block) -> bool:
    return block.kind in ("quote", "text") and _GUIDE.match(block.text) is not None


def _framed(block: Block, counts: Mapping[str, int]) -> Block:
    """Make of a 导读 a frame to fill: the count, and the name of each section that has items, written as before."""
    match = _GUIDE.match(block.text)
    assert match is not None
    if _COUNT in block.text:
        return replace(block, text=block.text.replace(_COUNT, str(sum(counts.values()))))
    said = match["said"]
    count = _COUNTED.match(said)
    total = sum(counts.values())
    head = f"{count['before']}{total}{count['after']}" if count else "" if said.strip() else f"本期 {total} 条。"
    names = [found.groups() for found in _BRACKETED.finditer(said)]
    first, last = (names[0][0], names[0][2]) if names else ("【", "】")
    short = [each for _, each, _ in names]
    labels = []
    for section in counts:
        known = next((each for each in short if each in section or section in each), section)
        labels.append(f"{first}{known}{last}")
    if not (names or not said.strip()) or not any(counts):
        labels = []
    parts = "；".join(dict.fromkeys(labels))
    return replace(block, text=f"{match['head']}{head}{parts}{'。' if parts else ''}".rstrip())


# --- blocks -----------------------------------------------------------------------------------------------------------


def cut(body: str) -> list[Block]:
    """Cut an issue's Markdown into blocks: headings, rules, items with all that belongs to them, and paragraphs."""
    found: list[Block] = []
    lines = body.split("\n")
    at = gap = 0
    while at < len(lines):
        if not lines[at].strip():
            at, gap = at + 1, gap + 1
            continue
        kind, end = _block(lines, at)
        text = "\n".join(lines[at:end])
        level = 0
        if match := HEADING.fullmatch(text) if kind == "heading" else None:
            level = len(match[1])
        elif kind == "text" and end < len(lines) and (line := _UNDERLINE.fullmatch(lines[end])) and "|" not in text:
            kind, level, end = "heading", 1 if line[1][0] == "=" else 2, end + 1
            text = f"{'#' * level} {' '.join(text.split())}"
        found.append(Block(kind, text, gap, level))
        at, gap = end, 0
    return found


def _block(lines: Sequence[str], at: int) -> tuple[str, int]:
    """Say what begins at a line, and where it ends."""
    line, end = lines[at], at + 1
    if fence := FENCE.match(line):
        while end < len(lines) and not (lines[end].strip().startswith(fence[1]) and not lines[end].strip().strip("`~")):
            end += 1
        return "fence", min(end + 1, len(lines))
    if _PART.fullmatch(line):
        while end < len(lines) and not table.ENDS.match(lines[end]):
            end += 1
        return "back" if table.BEGINS.match(line) else "part", min(end + 1, len(lines))
    if line.lstrip().startswith("<!--"):
        while "-->" not in lines[end - 1] and end < len(lines):
            end += 1
        return "comment", end
    if HEADING.fullmatch(line):
        return "heading", end
    if RULE.fullmatch(line):
        return "rule", end
    kind = "item" if _BULLET.match(line) else "quote" if line.lstrip().startswith(">") else "text"
    kind = "note" if _NOTE.match(line) else kind
    while end < len(lines) and not _ends(kind, lines, end):
        end += 1
    return kind, end


def _ends(kind: str, lines: Sequence[str], at: int) -> bool:
    """Whether an item, a quote or a paragraph has ended before a line."""
    line = lines[at]
    if not line.strip():
        inner = next((each for each in lines[at : at + _SPACED] if each.strip()), "")
        return kind not in ("item", "note") or not inner.startswith(("  ", "\t"))
    if kind == "quote" and not line.lstrip().startswith(">"):
        return True
    if HEADING.fullmatch(line) or RULE.fullmatch(line) or line.startswith("<!--"):
        return True
    if kind == "item":
        return _BULLET.match(line) is not None and not line.startswith("  ")
    begins = _BULLET.match(line) or FENCE.match(line) or _NOTE.match(line)
    return begins is not None or (kind == "text" and line.lstrip().startswith(">"))


def _text(blocks: Sequence[Block]) -> str:
    """Write blocks with the space that they had, and one empty line where something between them is gone."""
    parts: list[str] = []
    for before, block in zip([None, *blocks], blocks, strict=False):
        tight = before is not None and before.kind == block.kind == "item"
        parted = before is not None and ("heading" in (before.kind, block.kind) or before.kind != block.kind == "note")
        least = 0 if before is None or tight else int(parted)
        parts.append("\n" * max(min(block.gap, 2), least) + block.text.rstrip("\n") + "\n")
    return "".join(parts)


def _read(path: Path, *, strict: bool = True) -> str:
    """Read an issue with unix line ends. Raises SourceError if it cannot be read, or is not UTF-8 and has to be."""
    data = article.contents(path)
    return article.unix(article.decoded(path, data) if strict else data.decode("utf-8", errors="replace"))
