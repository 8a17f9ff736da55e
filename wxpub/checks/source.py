"""Rules on an issue as its editor wrote it: its Markdown and the tree of it in, findings with lines out.

What becomes of single links (empty, expiring, unknown back issues) is told by `links` when it resolves them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wxpub import safe
from wxpub.address import parse
from wxpub.article import MAX_BYTES, Article
from wxpub.finding import Finding, Rule, file_and_line, shorten
from wxpub.language import listed, tr
from wxpub.page import Layout
from wxpub.tree import DIAGRAMS, language_of, line_of, text_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from wxpub.issue import Issue

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
MANY = 3  # a link that this many earlier issues have is a standing one (the project, a licence), not old news

LINK_REPEATED = Rule(
    "link-repeated",
    "warning",
    "two items have the same link",
    "drop one of them, or correct its link",
    "source",
    reader="the same page twice in one issue",
)
LINK_KNOWN = Rule(
    "link-known",
    "warning",
    "an earlier issue has this link already",
    "drop the item, or say what is new",
    "source",
    reader="what they have read before",
)
HEADING_REPEATED = Rule(
    "heading-repeated",
    "warning",
    "two sections have the same heading",
    "rename or merge one of them",
    "source",
    reader="two sections of one name, and may think that they have read the second",
)
SECTION_EMPTY = Rule(
    "section-empty",
    "warning",
    "a section is empty",
    "fill it, or take its heading out",
    "source",
    reader="a heading, and the next heading right below it",
)
ITEM_EMPTY = Rule(
    "item-empty",
    "warning",
    "a list item is empty",
    "fill it, or take it out",
    "source",
    reader="a bullet without words",
)
BULLET_LOOKALIKE = Rule(
    "bullet-lookalike",
    "warning",
    "a character that looks like a list marker does not start a list item",
    "write “- ”",
    "source",
    reader="a dash or a dot in a running paragraph instead of a list",
)
MARKUP_SHOWN = Rule(
    "markup-shown",
    "warning",
    "marks that were meant to become something are shown as text",
    "correct them",
    "source",
    reader="brackets, braces or hash signs among the words",
)
COUNT_WRONG = Rule(
    "count-wrong",
    "warning",
    "the 导读 counts other items than the sections hold",
    "correct the number",
    "source",
    reader="a number in the first lines that the issue does not keep",
)
GUIDE_EMPTY = Rule(
    "guide-empty",
    "warning",
    "the 导读 is empty",
    "write it, or take it out",
    "source",
    reader="“导读：” and nothing behind it",
)
LAST_LINE_STRAY = Rule(
    "last-line-stray",
    "warning",
    "the last line looks as if it was pasted by mistake",
    "take it out",
    "source",
    reader="an address or a code of somebody's clipboard as the last words of the issue",
)
READ_MORE_MISSING = Rule(
    "read-more-missing",
    "error",
    "the text sends readers to 阅读原文, and there is none",
    "set source_url in the front matter or in wxpub.toml",
    "source",
    reader="an invitation to tap 阅读原文, and no such button at the end",
)
READ_MORE_MENTIONED = Rule(
    "read-more-mentioned",
    "info",
    "the text speaks of 阅读原文, and there is none",
    "set source_url in the front matter or in wxpub.toml",
    "source",
    reader="the words 阅读原文, and no such button at the end",
)
IMAGE_ALT_MISSING = Rule(
    "image-alt-missing",
    "info",
    "an image has no text for those who cannot see it",
    "write ![what it shows](…)",
    "source",
    reader="the image; who has it read aloud hears only that there is one",
)
DIAGRAM_SOURCE = Rule(
    "diagram-source",
    "warning",
    "a diagram is shown as its source: no program is named that draws it",
    "name one in your own settings (`wxpub doctor` says how), or put a picture in its place",
    "source",
    reader="the words that describe the diagram, in a grey box",
)

DRAWING_SOURCE = Rule(
    "drawing-source",
    "warning",
    "a map or a model is shown as its source: GitHub draws it, and WeChat cannot",
    "put a picture in its place",
    "source",
    reader="the numbers of which the map or the model is made, in a grey box",
)
# Languages of code that GitHub draws, and no program that `DIAGRAMS` knows.
# docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/creating-diagrams
_MAPS_AND_MODELS = ("geojson", "topojson", "stl")

_NUMBERED = re.compile(r"\d{1,3}\s*[、.．)）]")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the body and the blocks up to the next heading; the first section has none."""

    heading: HtmlElement | None
    blocks: tuple[HtmlElement, ...]

    @property
    def title(self) -> str:
        return "" if self.heading is None else text_of(self.heading)

    @property
    def level(self) -> int:
        return 0 if self.heading is None else int(self.heading.tag[1])

    @property
    def items(self) -> list[HtmlElement]:
        """Return the items of its lists, without the lists inside items; where it has none, paragraphs as in “1、…”."""
        listed = [item for block in self.blocks if block.tag in ("ul", "ol") for item in block.iterchildren("li")]
        return listed or [block for block in self.blocks if block.tag == "p" and _NUMBERED.match(text_of(block))]


@dataclass(frozen=True, slots=True)
class Reading:
    """An issue as the source rules look at it. `sections` are all, `body` those that hold this issue's own content.

    `tree` is what the Markdown made, `others` are the newsletter's other issues, `folder` is where the issue lies.
    """

    issue: Issue
    others: tuple[Path, ...]
    sections: tuple[Section, ...]
    body: tuple[Section, ...]
    folder: str
    prose: tuple[tuple[int, str], ...]  # the lines that are no code and no comment, numbered

    @property
    def tree(self) -> HtmlElement:
        return self.issue.layout.source

    @property
    def article(self) -> Article:
        return self.issue.layout.article

    @property
    def path(self) -> Path:
        return self.issue.path

    @property
    def lines(self) -> list[str]:
        return self.article.body.split("\n")


def check_source(issue: Issue, others: tuple[Path, ...]) -> list[Finding]:
    """Check the source of `issue` by every rule of this module."""
    sections = tuple(_sections(issue.layout))
    layout = issue.layout
    prose = tuple(each for each in _prose(layout.article.body.split("\n"), layout.source) if not _BLOCK.match(each[1]))
    reading = Reading(issue, others, sections, tuple(_body(sections)), str(issue.path.resolve().parent), prose)
    return [finding for check in CHECKS for finding in check(reading)]


_BLOCK = re.compile(r"\s*\{\{[ \t]*block[ \t]+[^\s{}]+[ \t]*\}\}\s*$")  # the place of a block


def _sections(layout: Layout) -> Iterator[Section]:
    """Cut the tree at its headings. The heading that gave the article its title does not start a section."""
    heading: HtmlElement | None = None
    blocks: list[HtmlElement] = []
    titles = [each.line for each in layout.outline]
    for child in layout.source:
        if file_and_line(line_of(child))[0]:
            continue  # a block stands in many issues, and says nothing of this one
        if child.tag not in HEADINGS:
            blocks.append(child)
        elif line_of(child) in titles or text_of(child) != layout.article.title:
            yield Section(heading, tuple(blocks))
            heading, blocks = child, []
    yield Section(heading, tuple(blocks))


# How the part after an issue's own content begins: back issues, contact, how to subscribe.
_FOOTER = re.compile(
    r"往期|历史|回顾|订阅|关于|联系|投稿|招聘|加入我们|致谢|版权|声明|阅读原文|参考(?:资料|链接|文献)|引用"
    r"|archive|back issues|previous|subscri|about|contact|licen[cs]e",
    re.IGNORECASE,
)


def _body(sections: tuple[Section, ...]) -> Iterator[Section]:
    """Return the sections that hold this issue's content: no footer, nor what follows a rule after all headings."""
    for number, section in enumerate(sections):
        if section.heading is not None and _FOOTER.search(section.title):
            return
        if number < len(sections) - 1:
            yield section
            continue
        rules = [place for place, block in enumerate(section.blocks) if block.tag == "hr"]
        yield Section(section.heading, section.blocks[: rules[0]] if rules else section.blocks)


# --- links ------------------------------------------------------------------------------------------------------------


def check_repeated_links(reading: Reading) -> list[Finding]:
    """Find links that stand in two items of this issue; within one item a title and its 链接： line may agree."""
    first: dict[str, int | None] = {}
    found = []
    for item in _items(reading):
        links = _links(item)
        for key, (href, line) in links.items():
            if key in first:
                message = tr(
                    "{link} stands in the item of line {line} already", link=shorten(href, 80), line=first[key]
                )
                found.append(LINK_REPEATED.find(message, reading.path, line))
        first = {key: line for key, (_, line) in links.items()} | first
    return found


def check_known_links(reading: Reading) -> list[Finding]:
    """Find links of this issue's items that an earlier issue's items have too.

    A site's front page, and what stands in many issues, is not news in one of them.
    """
    earlier = [path for path in reading.others if _is_earlier(path, reading.path)]
    links = {
        key: (href, line)
        for item in _items(reading)
        for key, (href, line) in _links(item).items()
        if parse(href).path.strip("/") or parse(href).query
    }
    if not links:
        return []
    words = re.compile("|".join(sorted({re.escape(_telling(href)) for href, _ in links.values()})))
    places: dict[str, list[str]] = {}
    for path in earlier:
        for key, number in _links_in_file(path, words).items():
            if key in links:
                places.setdefault(key, []).append(f"{path.name}:{number}")
    found = []
    for key, where in places.items():
        if len(where) < MANY:
            href, line = links[key]
            message = tr("{link} stands in {places} already", link=shorten(href, 80), places=listed(where))
            found.append(LINK_KNOWN.find(message, reading.path, line))
    return found


def _is_earlier(other: Path, path: Path) -> bool:
    """Say by the numbers in their names which of two issues came first; a file without a number is not an issue."""
    theirs, ours = ([int(figures) for figures in re.findall(r"\d+", each.stem)] for each in (other, path))
    return bool(theirs) and (not ours or theirs < ours)


def _items(reading: Reading) -> Iterator[HtmlElement]:
    return (item for section in reading.body for item in section.items)


def _links(item: HtmlElement) -> dict[str, tuple[str, int | None]]:
    """Return the pages of the web that `item` is about, each once, with the line of its first link; no people."""
    found: dict[str, tuple[str, int | None]] = {}
    for a in item.iter("a"):
        href = (a.get("href") or "").strip()
        if re.match("https?://", href, re.IGNORECASE) and not _is_person(text_of(a), href):
            found.setdefault(parse(href).identity, (href, line_of(a)))
    return found


# Where people have pages, and how such an address begins: what comes next is the name, and nothing comes behind it.
_PEOPLE = re.compile(
    r"(?:www\.)?(?:(?:github|gitlab|gitee|x|twitter|weibo|instagram)\.com|codeberg\.org|space\.bilibili\.com"
    r"|zhihu\.com/people|juejin\.cn/user|linkedin\.com/in|v2ex\.com/member|sspai\.com/u|[^/]+(?=/@))/[^/?#]+/?",
    re.IGNORECASE,
)


def _is_person(text: str, href: str) -> bool:
    """Whether a link leads to whoever wrote or sent something, as in “来自 @某人”: the same people come back."""
    return text.startswith(("@", "＠")) or _PEOPLE.fullmatch(href.partition("://")[2]) is not None


_ADDRESS = re.compile(r"https?://[^\s<>\[\]\"'，。；：、！？）】」”’]+", re.IGNORECASE)
_LIST_MARKER = re.compile(r"\s*(?:(?:[-*+]|\d+[.)])\s|\d+、)")


def _telling(href: str) -> str:
    """Return the longest word of an address's path: it stands in every way to write it, and in few other addresses."""
    address = parse(href)
    return max(re.findall(r"[A-Za-z0-9]+", f"{address.path}?{address.query}"), key=len, default="")


def _links_in_file(path: Path, words: re.Pattern[str]) -> dict[str, int]:
    """Find the addresses with one of `words` in another issue's list items, with their lines.

    The issue is not parsed, since there may be hundreds.
    """
    try:
        text = safe.read_whole(path, MAX_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return {}
    found: dict[str, int] = {}
    inside = False
    for number, line in enumerate(text.splitlines() if words.search(text) else (), 1):
        if line.startswith("#") and _FOOTER.search(line):
            break
        inside = bool(_LIST_MARKER.match(line)) or (inside and bool(line.strip()) and not line.startswith(("#", "|")))
        if inside and words.search(line):
            for url in filter(words.search, _ADDRESS.findall(line)):
                found.setdefault(parse(_balanced(url)).identity, number)
    return found


def _balanced(address: str) -> str:
    """Cut an address at the `)` that closes the Markdown link around it."""
    depth = 0
    for place, char in enumerate(address):
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return address[:place]
    return address.rstrip(".,;:!?*_")


# --- sections and items -----------------------------------------------------------------------------------------------


def check_repeated_headings(reading: Reading) -> list[Finding]:
    """Find equal headings under the same parent: 小结 may end several chapters, but not stand twice in one."""
    parents: list[Section] = []
    first: dict[tuple[str, ...], int | None] = {}
    found = []
    for section in reading.sections[1:]:
        parents = [each for each in parents if each.level < section.level]
        key = (*(each.title for each in parents), section.title.casefold())
        line = line_of(section.heading) if section.heading is not None else None
        if section.title and key in first:
            message = tr(
                "the heading “{heading}” stands on line {line} already", heading=section.title, line=first[key]
            )
            found.append(HEADING_REPEATED.find(message, reading.path, line))
        first.setdefault(key, line)
        parents.append(section)
    return found


def check_empty_sections(reading: Reading) -> list[Finding]:
    """Find headings with nothing under them, or with nothing but a 注 that belongs to what is missing."""
    found = []
    for number, section in enumerate(reading.sections):
        heading = section.heading
        following = reading.sections[number + 1] if number + 1 < len(reading.sections) else None
        has_parts = following is not None and following.level > section.level
        if heading is None or has_parts or any(map(_is_content, section.blocks)):
            continue
        if next(heading.iter("img"), None) is None and not _is_caption(heading, following):
            message = tr("the section “{heading}” is empty", heading=section.title)
            found.append(SECTION_EMPTY.find(message, reading.path, line_of(heading)))
    return found


def _is_caption(heading: HtmlElement, following: Section | None) -> bool:
    """Whether a heading stands under a picture and names it: it is centred, or ranks below what comes next."""
    above = heading.getprevious()
    if above is None or text_of(above) or next(above.iter("img", "svg"), None) is None:
        return False
    centred = "center" in f"{heading.get('align') or ''} {heading.get('style') or ''}"
    return centred or (following is not None and following.level < int(heading.tag[1]))


def _is_content(block: HtmlElement) -> bool:
    if block.tag == "hr":
        return False
    if block.tag == "blockquote" and re.match(r"注\s*[:：]", text_of(block)):
        return False
    return bool(text_of(block)) or next(block.iter("img", "input", "svg"), None) is not None


def check_empty_items(reading: Reading) -> list[Finding]:
    return [
        ITEM_EMPTY.find(tr("the list item is empty"), reading.path, line_of(item))
        for item in reading.tree.iter("li")
        if not _is_content(item)
    ]


# --- the 导读 ---------------------------------------------------------------------------------------------------------

_GUIDE = re.compile(r"(?:导读|导语|本期提要)\s*[:：]?\s*")
# 本期18条, 本次内容20条, 共 15 篇: the count of the whole issue, and not the 3 of “推荐3个项目”.
_COUNT = re.compile(
    r"(?:本[期次刊周]|这[期次周]|全[期刊]|共计?|合计|总计)[^\d一二三四五六七八九十。；;，,「【]{0,8}?"
    r"(?P<number>\d{1,3}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])\s*"
    r"(?:条|篇|则|项)(?=[。，,；;：:！!、\s「【（(]|$|内容|资讯|新闻|链接|消息)"
)


# The name of a section with nothing behind it, as in the frame that `wxpub new` writes: 【新闻】；「论文」。
_UNSAID = re.compile(r"(?<=[；;。：:])\s*[【「]([^】」]{1,12})[】」]\s*(?=[；;。]|$)")


def check_guide(reading: Reading) -> list[Finding]:
    """Look at the 导读: that it says something, and that its count of the items is right."""
    found = []
    for block in (*reading.tree.iter("blockquote"), *reading.tree.iterchildren("p")):
        text = text_of(block)
        if not (match := _GUIDE.match(text)):
            continue
        if unsaid := _UNSAID.findall(text):
            message = tr("the 导读 says nothing of {sections}", sections=listed(unsaid))
            found.append(GUIDE_EMPTY.find(message, reading.path, line_of(block)))
        if claim := _COUNT.search(text):
            found += _compare(reading, _number(claim["number"]), line_of(block))
        elif match.end() == len(text) and block.tag == "blockquote":
            found.append(GUIDE_EMPTY.find(path=reading.path, line=line_of(block)))
    return found


def _compare(reading: Reading, claimed: int, line: int | None) -> list[Finding]:
    """Compare a claimed count with the items of the sections, with or without the short news before the first one.

    An issue whose items are neither in lists nor numbered is not counted.
    """
    levels = [section.level for section in reading.body if section.level]
    usual = max(levels, key=levels.count, default=1)  # a long title may stand in the body, above the sections
    parted = [section for section in reading.body if section.level >= usual]
    inside = sum(len(section.items) for section in parted)
    before = sum(len(section.items) for section in reading.body) - inside
    other = not inside and any(_is_content(block) for section in parted for block in section.blocks)
    if claimed in (inside, inside + before) or other:
        return []
    parts = listed([f"{section.title} {len(section.items)}" for section in parted if section.items])
    held = inside if parted else before
    message = tr("the 导读 says {claimed}, the sections hold {held}", claimed=claimed, held=held)
    if parts:
        message = tr(
            "the 导读 says {claimed}, the sections hold {held} ({parts})", claimed=claimed, held=held, parts=parts
        )
    return [COUNT_WRONG.find(message, reading.path, line)]


def _number(text: str) -> int:
    """Read a number in Arabic or Chinese figures, up to 99."""
    if text.isdecimal():
        return int(text)
    figures = {figure: value for value, figure in enumerate("一二三四五六七八九", 1)}
    tens, ten, ones = text.rpartition("十")
    return (figures.get(tens, 1) * 10 if ten else 0) + figures.get(ones, 0)


# 点击文末【阅读原文】, 详见“阅读原文”: the button that is not there; 如需阅读原文，请访问… may be something else.
_POINTS = re.compile(
    r"[【「『“‘《\[\"'〖]\s*阅读原文|阅读原文\s*[】」』”’》\]\"'〗]|(?:[点戳击触按见看从去到]|通过|文末|末尾|底部|左下|下方)[^。；;！!？?]{0,12}阅读原文"
)


def check_read_more(reading: Reading) -> list[Finding]:
    """Find text that points to 阅读原文 while no source_url makes that button; a link of this name is another one."""
    if reading.issue.article.source_url:  # what is drawn as a 贴图 leads there by a code
        return []
    for block in reading.tree.iter("p", "li", "td", "th", *HEADINGS, "blockquote"):
        words = _said(block)
        if "阅读原文" in words:
            line = _line_with(reading, "阅读原文", line_of(block))
            rule = READ_MORE_MISSING if _POINTS.search(words) else READ_MORE_MENTIONED
            return [rule.find(path=reading.path, line=line)]
    return []


def _said(element: HtmlElement) -> str:
    """Return the text of `element` without its links, code and formulas."""
    inside = (f"{'' if _is_quoted(each) else _said(each)}{each.tail or ''}" for each in element)
    return (element.text or "" if isinstance(element.tag, str) else "") + "".join(inside)


def _is_quoted(element: HtmlElement) -> bool:
    return element.tag in ("a", "code", "pre") or element.get("class") == "math"


def _line_with(reading: Reading, words: str, begin: int | None) -> int | None:
    """Return the first line from `begin` on that has `words`: a block is known by its first line only."""
    numbers = enumerate(reading.lines[(begin or 1) - 1 :], begin or 1)
    return next((number for number, line in numbers if words in line), begin)


# --- lines ------------------------------------------------------------------------------------------------------------

# A dash that is not a hyphen.
_DASH = re.compile(r"\s*(?P<mark>[–‒‐‑−－﹣⁃]|—(?=\[))(?=\s|\[|[^\W\d_])")
_DOT = re.compile(r"\s*(?:>\s*)*(?P<mark>[•●▪◦‣∙·])\s*\S")
_COUNTED = re.compile(r"\s*(?:>\s*)*(?P<mark>\d{1,2}(?:、|[.．](?=[^\s\d])))")
_NO_SPACE = re.compile(r"\s*(?:>\s*)*(?P<mark>[-*+])(?=\[[^\]]+\]\()")
_FENCE = re.compile(r"\s*(?:>\s*)*(`{3,}(?!.*`)|~{3,})")


def check_bullets(reading: Reading) -> list[Finding]:
    """Find lines that were meant as list items: one finding for lines that follow one another.

    Dots look like a list, even if they make none, until lines run together.
    """
    found: list[Finding] = []
    last, previous = -1, ""
    quoted = False  # behind a quotation, a dash names who said it
    for number, line in reading.prose:
        dot = next((each for each in (_DOT, _COUNTED) if each.match(line) and each.match(previous)), None)
        joined = bool(previous.strip()) and not previous.endswith(("  ", "\\")) and not reading.article.hard_breaks
        match = _DASH.match(line) or _NO_SPACE.match(line) or (dot.match(line) if dot and joined else None)
        if match and not (_DASH.match(line) and quoted):
            if number > last + 1:
                found.append(_bullet(match["mark"], reading.path, number))
            last = number
        quoted = line.lstrip().startswith(">") or (quoted and not line.strip())
        previous = line
    return found


def _bullet(mark: str, path: Path, line: int) -> Finding:
    if mark[0].isdigit():
        said = tr("“{mark}” does not start a list item, and the line runs on from the one above", mark=mark)
        fix = tr("write “{mark}. ”, or leave a line empty between them", mark=mark[:-1])
        return BULLET_LOOKALIKE.find(said, path, line, fix=fix)
    if mark in "-*+":
        said = tr("“{mark}” does not start a list item without a space behind it", mark=mark)
        return BULLET_LOOKALIKE.find(said, path, line, fix=tr("write “{mark} ”", mark=mark))
    said = tr("“{mark}” (U+{code:04X}) does not start a list item", mark=mark, code=ord(mark))
    return BULLET_LOOKALIKE.find(said, path, line)


def _prose(lines: list[str], tree: HtmlElement) -> Iterator[tuple[int, str]]:
    """Return the lines, numbered from 1, that stand in no code and no comment.

    The tree knows where code begins and how many lines it has; the fences around it stand in the lines alone.
    """
    code: set[int] = set()
    for block in tree.iter("pre"):
        if begin := line_of(block):
            code.update(range(begin, begin + len("".join(block.itertext()).splitlines())))
    fence = ""
    comment = False
    for number, line in enumerate(lines, 1):
        match = _FENCE.match(line)
        if not fence and (comment or line.lstrip().startswith("<!--")):
            comment = "-->" not in line
        elif fence:
            fence = "" if match and match[1].startswith(fence) and not line.strip(" >`~") else fence
        elif match:
            fence = match[1]
        elif number not in code:
            yield number, line


# What readers would see of a link, a heading, a footnote or a site generator's tag that failed: its marks, and how
# `_told` calls it.
_MARKUP = (
    (
        re.compile(
            r"\{%.{1,200}?%\}|(?<!\$)\{\{.{1,200}?\}\}|^\s*\{:[^{}]+\}"
            r"|\{:\s*(?:[.#][\w-]|[a-z]{1,20}=)[^{}]{0,200}\}|(?<=\s)\{[.#][\w-]{1,60}(?:\s[^{}]{1,100})?\}(?=\s*$)"
            r"|(?<=\])\{[.#][^{}]{1,100}\}|(?<=[\])])\{(?:width|height)=[^{}]{1,100}\}"
            r"|^ {0,3}:{3,}(?:\s*[\w{].{0,100})?$"
        ),
        "generator",
    ),
    (re.compile(r"^ {0,3}\+(?:-{3,}\+)+(?=\s*$)"), "grid"),
    (re.compile(r"\[[^\[\]]+\](?:\(|（(?=https?:|www\.))"), "link"),
    (re.compile(r"^ {0,3}(#{2,6}[^\s#*_`\[]{1,8})"), "heading"),
    (re.compile(r"\[\^[^\[\]^\s]+\](?!:)"), "footnote"),
    (re.compile(r"(?<![\w:/]):[a-z][a-z0-9_+-]*[a-z0-9]:(?![\w:/])", re.ASCII), "emoji"),
    (re.compile(r"(?<=[\w)\]])\^[0-9A-Za-z+-]{1,8}\^|(?<=[A-Za-z)\]])~[0-9]{1,3}[+-]?~(?![~\d])"), "script"),
    (re.compile(r"(?<![*\w\\])\*\*[^*\n]{1,80}\*\*(?!\*)|(?<=[^\x00-\x7f])\*\*[^*\n]{1,80}\*\*(?!\*)"), "strong"),
)


def _told(kind: str, mark: str) -> tuple[str, str]:
    """Say what is wrong with a mark, and what to do about it."""
    if kind == "generator" and re.match(r"\{\{\s*block\s", mark):
        message = tr("“{mark}” does not stand on a line of its own, so it is shown as it is", mark=mark)
        return message, tr("put it on a line of its own")
    if kind == "generator":
        message = tr("“{mark}” is shown as it is: there is no site generator to read it", mark=mark)
        return message, tr("take it out, or write out what it stands for")
    if kind == "link":
        fix = tr("write ( and ) around the address, and %20 for a space in it")
        return tr("“{mark}…” is not a link", mark=mark), fix
    if kind == "heading":
        return tr("“{mark}…” is not a heading", mark=mark), tr("write a space behind the #")
    if kind == "grid":
        fix = tr("write its rows as | a | b |, with | --- | --- | below the head")
        return tr("“{mark}…” draws no table", mark=mark), fix
    if kind == "script":
        fix = tr("write <sup>2</sup> for what is raised, and <sub>2</sub> for what is lowered")
        return tr("“{mark}” is shown as it is", mark=mark), fix
    if kind == "strong":
        fix = tr("take the spaces beside the asterisks out; below a line that is an HTML tag, leave one line empty")
        return tr("“{mark}” is shown with its asterisks", mark=mark), fix
    if kind == "footnote":
        return tr("there is no footnote {mark}", mark=mark), tr("write what it says, or take it out")
    return tr("{mark} is shown as it is: it names no emoji", mark=mark), tr("write the emoji itself")


def check_markup(reading: Reading) -> list[Finding]:
    """Find lines whose marks the reader would see: the first of each line, where the rendered text has it too."""
    shown = " ".join(_said(reading.tree).split())
    found = []
    for number, line in reading.prose:
        for pattern, kind in _MARKUP:
            marks = (match[match.lastindex or 0] for match in pattern.finditer(line))
            if mark := next((each for each in marks if " ".join(each.split()) in shown), None):
                said, fix = _told(kind, shorten(mark, 40))
                found.append(MARKUP_SHOWN.find(said, reading.path, number, fix=fix))
                break
    return found


# What a clipboard leaves behind: an address of a machine, an identifier, a path; never a sentence, a date or a version.
_STRAY = re.compile(
    r"(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?:/\d{1,2})?"  # IPv4
    r"|\[?(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}\]?(?::\d+)?"  # IPv6, MAC
    r"|localhost(?::\d+)?\S*"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # UUID
    r"|(?=\S*\d)(?=\S*[a-z])[0-9a-f]{12,}"  # a hash
    r"|(?=\S*\d)(?=\S*[a-z])[a-z0-9_+/=-]{24,}"  # a token
    r"|(?:~|/(?:home|Users|tmp|var|etc|usr|opt|mnt))/\S*|[a-z]:\\\S*",  # a path
    re.IGNORECASE,
)


def check_last_line(reading: Reading) -> list[Finding]:
    written = [(number, line.strip()) for number, line in reading.prose if line.strip()]
    if written and _STRAY.fullmatch(written[-1][1]):
        number, line = written[-1]
        said = tr("the last line is only “{line}”", line=shorten(line, 80))
        return [LAST_LINE_STRAY.find(said, reading.path, number)]
    return []


# --- images -----------------------------------------------------------------------------------------------------------


def check_image_texts(reading: Reading) -> list[Finding]:
    return [
        IMAGE_ALT_MISSING.find(
            tr("the image {image} has no text", image=shorten(image.src, 80)), reading.issue.file_of(image), image.line
        )
        for image in reading.issue.layout.images
        if not image.alt.strip()
    ]


def check_image_files(reading: Reading) -> list[Finding]:
    """Find images that a push could not read; those on the web are not fetched."""
    return list(reading.issue.unreadable())


def check_diagrams(reading: Reading) -> list[Finding]:
    """Find diagrams that are not drawn, as those are that have become images; maps and models never are."""
    found = []
    for pre in reading.tree.iter("pre"):
        if (language := language_of(pre)) in DIAGRAMS:
            said = tr(
                "the {language} diagram is shown as its source: no program is named that draws it", language=language
            )
            found.append(DIAGRAM_SOURCE.find(said, reading.path, line_of(pre)))
        elif language in _MAPS_AND_MODELS:
            said = tr(
                "the {language} block is shown as its source: GitHub draws it, and WeChat cannot", language=language
            )
            found.append(DRAWING_SOURCE.find(said, reading.path, line_of(pre)))
    return found


CHECKS = (
    check_repeated_links,
    check_known_links,
    check_repeated_headings,
    check_empty_sections,
    check_empty_items,
    check_guide,
    check_read_more,
    check_bullets,
    check_markup,
    check_last_line,
    check_image_texts,
    check_image_files,
    check_diagrams,
)
RULES = (
    LINK_REPEATED,
    LINK_KNOWN,
    HEADING_REPEATED,
    SECTION_EMPTY,
    ITEM_EMPTY,
    BULLET_LOOKALIKE,
    MARKUP_SHOWN,
    COUNT_WRONG,
    GUIDE_EMPTY,
    LAST_LINE_STRAY,
    READ_MORE_MISSING,
    READ_MORE_MENTIONED,
    IMAGE_ALT_MISSING,
    DIAGRAM_SOURCE,
    DRAWING_SOURCE,
)
