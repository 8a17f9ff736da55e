"""The block structure of a document: quotes, lists, paragraphs, code, tables.

In: the lines of a document. Out: a tree of blocks whose text is still Markdown, with link definitions taken out.
Follows the two phases of the CommonMark specification (appendix "A parsing strategy"): each line first goes through
the containers that are open, by columns, then opens new ones, and what is left is text. Must not know inlines, HTML
elements or files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from wxpub.dialect.syntax import CLOSE_TAG, OPEN_TAG, Pattern, Target, definition, fold, unescape

DEPTH = 100  # containers inside each other; cmark-gfm stops lists there too
FILLED_CELLS = (
    20_000  # cells that short table rows are filled up with, so that no table grows with the square of its text
)
CODE_INDENT = 4


# --- the tree ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False, repr=False)
class Block:
    """A piece of the document from `line` to `end`, 1-based lines of the source."""

    line: int
    end: int = field(default=0, init=False)


@dataclass(slots=True, eq=False, repr=False)
class Container(Block):
    """A block that holds blocks."""

    children: list[Block] = field(default_factory=list, init=False)


@dataclass(slots=True, eq=False, repr=False)
class Quote(Container):
    """`> …`"""


@dataclass(slots=True, eq=False, repr=False)
class Item(Container):
    """One item of a list; what belongs to it is indented by `width` columns. `task`: checked, unchecked, or no task."""

    width: int
    task: bool | None = None


@dataclass(slots=True, eq=False, repr=False)
class List(Container):
    """Items with the same `marker`: `-`, `+`, `*` or, with a `start`, `.` and `)`."""

    marker: str
    start: int | None
    open: bool = field(default=True, init=False)

    @property
    def loose(self) -> bool:
        """Whether an empty line stands between two items or between two blocks of one item."""
        return _has_gap(self.children) or any(
            _has_gap(item.children, last=item is self.children[-1]) for item in self.children if isinstance(item, Item)
        )


@dataclass(slots=True, eq=False, repr=False)
class Footnote(Container):
    """`[^label]: …`"""

    label: str


@dataclass(slots=True, eq=False, repr=False)
class Paragraph(Block):
    """Lines of inline Markdown, without their indentation."""

    lines: list[str]
    table_refused: bool = field(default=False, init=False)

    @property
    def text(self) -> str:
        """The inline Markdown, one line of it per line of the source."""
        return "\n".join(self.lines).rstrip(" \t\n")


@dataclass(slots=True, eq=False, repr=False)
class Heading(Block):
    """A heading of level 1 to 6."""

    level: int
    text: str


@dataclass(slots=True, eq=False, repr=False)
class Rule(Block):
    """A thematic break."""


@dataclass(slots=True, eq=False, repr=False)
class Include(Block):
    """`{{ block name }}`: the place of another document."""

    name: str


@dataclass(slots=True, eq=False, repr=False)
class Definitions(Block):
    """The place where a paragraph held nothing but link reference definitions: nothing to see, but a block."""


@dataclass(slots=True, eq=False, repr=False)
class Verbatim(Block):
    """Lines that hold no Markdown."""

    lines: list[str] = field(default_factory=list, init=False)


@dataclass(slots=True, eq=False, repr=False)
class IndentedCode(Verbatim):
    """Code that is indented by four columns."""


@dataclass(slots=True, eq=False, repr=False)
class FencedCode(Verbatim):
    """Code between fences: `mark` repeated `length` times, `indent` columns from the container's edge."""

    mark: str
    length: int
    indent: int
    info: str


@dataclass(slots=True, eq=False, repr=False)
class Math(Verbatim):
    """TeX between `$$` and `$$`."""


@dataclass(slots=True, eq=False, repr=False)
class Html(Verbatim):
    """Raw HTML, up to the line in which `ends` is found; without `ends`, up to an empty line."""

    ends: Pattern | None


@dataclass(slots=True, eq=False, repr=False)
class Table(Block):
    """Rows of cells, the first row is the head; `columns` holds "left", "center", "right" or "" for each column."""

    columns: list[str]
    rows: list[tuple[int, list[str]]]


Leaf = Paragraph | Heading | Rule | Include | Verbatim | Table


@dataclass(slots=True, eq=False, repr=False)
class Document(Container):
    """Everything, with the definitions that stood between."""

    references: dict[str, Target] = field(default_factory=dict)
    footnotes: dict[str, Footnote] = field(default_factory=dict)
    repeated: list[Footnote] = field(default_factory=list)  # footnotes whose label was taken
    crowded: list[int] = field(default_factory=list)  # lines of table rows with words in more cells than the head has
    unclosed: int | None = None  # the line of a fence that swallows the rest
    size: int = 0  # characters
    filled: int = 0  # cells made up for short table rows
    too_deep: int | None = None  # the line where containers first went deeper than DEPTH


def _has_gap(blocks: list[Block], *, last: bool = True) -> bool:
    """Whether an empty line stands between two of the blocks.

    An empty line behind definitions counts for nothing, nor does one before them at the `last` of all.
    """
    end = len(blocks)
    while last and end and isinstance(blocks[end - 1], Definitions):
        end -= 1
    return any(
        after.line - before.end > 1 and not isinstance(before, Definitions) for before, after in pairwise(blocks[:end])
    )


# --- the patterns -----------------------------------------------------------------------------------------------------

_SPACES = Pattern(r"[ \t]*")
_ATX = Pattern(r"(#+)(?:[ \t]+|$)")
_SETEXT = Pattern(r"(?:=+|-+)[ \t]*$")
_RULE = Pattern(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_FENCE = Pattern(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
_MARKER = Pattern(r"(?:[-+*]|([0-9]{1,9})([.)]))(?=[ \t]|$)")
_TASK = Pattern(r"\[([ xX])\](?=[ \t])")
_FOOTNOTE = Pattern(r"\[\^([^\]\s]+)\]:[ \t]*")
_INCLUDE = Pattern(r"\{\{[ \t]*block[ \t]+(\w[\w.-]{0,99})[ \t]*\}\}[ \t]*$")
_DELIMITER_ROW = Pattern(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*(?:\|[ \t]*)?$")
_CELL = Pattern(r"(?:[^|\\]+|\\.|\\$)*")

_BLOCK_TAGS = (
    "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt"
    "|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu"
    "|menuitem|nav|noframes|ol|optgroup|option|p|param|section|source|title|summary|table|tbody|td|tfoot|th|thead|title"
    "|tr|track|ul"
)

_TEXT_TAGS = "script|pre|style|textarea"
# The first six of the seven kinds of HTML block: how each starts and, unless it ends at an empty line, what ends it.
_HTML: tuple[tuple[Pattern, Pattern | None], ...] = (
    (Pattern(rf"<(?:{_TEXT_TAGS})(?:[ \t>]|$)", re.I), Pattern(rf"</(?:{_TEXT_TAGS})>", re.I)),
    (Pattern(r"<!--"), Pattern(r"-->")),
    (Pattern(r"<\?"), Pattern(r"\?>")),
    (Pattern(r"<![A-Za-z]"), Pattern(r">")),
    (Pattern(r"<!\[CDATA\["), Pattern(r"\]\]>")),
    (Pattern(rf"</?(?:{_BLOCK_TAGS})(?:[ \t>]|/>|$)", re.I), None),
)
# The seventh, which does not interrupt a paragraph: any one tag alone on its line.
_LONE_TAG = Pattern(rf"<(?:{OPEN_TAG}|{CLOSE_TAG})[ \t]*$", re.A)


# --- the reader -------------------------------------------------------------------------------------------------------


_CONTROL = Pattern("[\x01-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def lines_of(text: str, kept: str = "") -> list[str]:
    """Return the lines of a document, without their ends and without what no HTML can hold, but for what is `kept`."""
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub(
        lambda found: found[0] if found[0] in kept else "", text.replace("\0", "\ufffd").replace("\f", " ")
    )
    return text.removesuffix("\n").split("\n")


def opens_fence(line: str) -> bool:
    """Whether a block of code starts with this line."""
    return bool(_FENCE.match(line.lstrip(" "))) and not line.startswith(" " * CODE_INDENT)


def read(lines: Iterable[str]) -> Document:
    """Read the block structure of a document from its lines, which have no line ends."""
    reader = Reader(Document(1))
    reader.take_all(lines)
    reader.document.children = reader.finish()
    return reader.document


class _Start(Enum):
    """What the start of a block made of the line."""

    NONE = "no such block starts here"
    LEAF = "a leaf took the rest of the line"
    CONTAINER = "a container was opened, and the line goes on inside"


class Reader:
    """Read blocks line by line, from number `first` of the source on; what they define goes into `document`.

    Its state between two lines: the containers that are open, and the leaf that the next line may go on with.
    """

    __slots__ = (
        "before", "blank", "document", "indent", "last", "leaf", "lines", "math_found", "math_scan", "next", "number",
        "open", "pos", "root", "rule_from", "text",
    )  # fmt: skip

    def __init__(self, document: Document, first: int = 1) -> None:
        self.document = document
        self.lines: list[str] = []
        self.before = first - 1  # how many lines there are before the first
        self.root = Container(first)
        self.open: list[Container] = [self.root]
        self.leaf: Leaf | None = None
        self.number = self.before  # of the current line
        self.last = self.before  # the last line that was not empty
        self.text = ""  # the current line …
        self.pos = 0  # … read up to here …
        self.next = 0  # … where its next character stands that is not a space …
        self.indent = 0  # … how many columns away
        self.blank = True
        self.math_scan = 0  # up to this line the search for the end of a formula is known …
        self.math_found = False  # … to have found one
        self.rule_from = 0  # behind here the line holds nothing but characters of thematic breaks

    def take_all(self, lines: Iterable[str]) -> None:
        """Read lines, which have no line ends."""
        more = list(lines)
        self.lines += more
        for line in more:
            self.document.size += len(line)
            self._take(line)

    def goes_on(self, text: str) -> bool:
        """Whether the line `text` would belong to a list, a quote, a footnote or code that is open."""
        leaf = self.leaf
        self.text, self.pos = text, 0
        self._look()
        if len(self.open) > 1:
            return self._match_containers() > 1
        return isinstance(leaf, Verbatim) and (self.indent >= CODE_INDENT or not isinstance(leaf, IndentedCode))

    def finish(self) -> list[Block]:
        """Close everything that is open; return the blocks."""
        if isinstance(self.leaf, FencedCode):
            self.document.unclosed = self.leaf.line
        self._close(0)
        return self.root.children

    def _take(self, text: str) -> None:
        """Read one line."""
        self.number += 1
        self.text = text
        self.pos = 0
        self.rule_from = -1
        self._look()
        depth = self._match_containers() if len(self.open) > 1 else 1
        whole = depth == len(self.open)
        leaf = self.leaf
        if whole and isinstance(leaf, Verbatim) and self._take_verbatim(leaf):
            return
        if self.blank:
            self._close(depth)
            return
        start = self._start_blocks(depth, leaf if whole else None)
        if start is _Start.NONE:
            self._go_on(depth, whole)
        elif start is _Start.CONTAINER and not self.blank:
            self._add(Paragraph(self.number, [self.text[self.next :]]))
        self.last = self.number

    def _go_on(self, depth: int, whole: bool) -> None:
        """Add a line on which no block starts: to the open paragraph, to the table, or as a paragraph of its own.

        A paragraph takes the line even where the markers of the containers around it are missing, "lazily":

            > - one        quote, list, item, paragraph
            two            no marker, no block starts here: the same paragraph goes on

        Nothing else does: below `> - one`, the line `- two` is a list outside the quote, and `---` a rule.
        """
        text = self.text[self.next :]
        if isinstance(self.leaf, Paragraph):
            self.leaf.lines.append(text)
        elif whole and isinstance(self.leaf, Table):
            self._add_row(self.leaf)
        else:
            self._close(depth)
            self._add(Paragraph(self.number, [text]))

    # --- position

    def _look(self) -> None:
        """Find the next character that is not a space, and how many columns it is away."""
        text, pos = self.text, self.pos
        found = _SPACES.match(text, pos)
        end = found.end() if found else pos
        self.next = end
        self.blank = end == len(text)
        self.indent = end - pos
        if self.indent and "\t" in text[pos:end]:
            self.indent = _columns(text[:end]) - _columns(text[:pos])

    def _move(self, pos: int) -> None:
        self.pos = pos
        self._look()

    def _skip_columns(self, columns: int) -> None:
        """Skip this many columns of white space; a tab that is cut becomes spaces."""
        text, pos = self.text, self.pos
        if "\t" not in text[pos : self.next]:
            self.pos += columns
            self.indent -= columns
            return
        column = _columns(text[:pos])
        while columns > 0:
            width = 1 if text[pos] == " " else CODE_INDENT - column % CODE_INDENT
            if width > columns:
                text = text[:pos] + " " * width + text[pos + 1 :]
                continue
            pos, column, columns = pos + 1, column + width, columns - width
        self.text = text
        self._move(pos)

    # --- containers that are open

    def _match_containers(self) -> int:
        """Go through the containers that the line continues; return their number.

        open       document   quote   list item (two columns)   quote
        `>   > a`  always     `> `    two spaces                `> `     4: all of them go on
        `> b`      always     `> `    no indentation                     2: the item, and what is in it, ends
        """
        depth = 1
        quote: Container | None = None
        for container in self.open[1:]:
            if type(container) is Quote:
                if self.indent >= CODE_INDENT or not self.text.startswith(">", self.next):
                    break
                self._skip_quote_marker()
                quote = container
            elif not self._continues(container):
                break
            depth += 1
        if quote is not None:
            quote.end = self.number  # a line with its marker belongs to a quote even when nothing follows
        return depth

    def _continues(self, container: Container) -> bool:
        width = container.width if isinstance(container, Item) else CODE_INDENT
        if self.indent >= width:
            self._skip_columns(width)
            return True
        if self.blank and container.children:
            self.pos, self.indent = self.next, 0
            return True
        return False

    def _skip_quote_marker(self) -> None:
        self._move(self.next + 1)
        if self.indent:
            self._skip_columns(1)

    def _close(self, depth: int) -> None:
        """Close the open leaf and all containers but the outermost `depth`."""
        leaf = self.leaf
        if leaf is not None:
            leaf.end = self.last
            self.leaf = None
            if type(leaf) is Paragraph:
                self._settle(leaf)
        while len(self.open) > depth:
            container = self.open.pop()
            if container.children:
                container.end = max(container.end, container.children[-1].end)
            if type(container) is Item:
                self.open[-1].children[-1].end = container.end  # of its list

    def _settle(self, paragraph: Paragraph) -> None:
        """Finish a paragraph: nothing is left of one that holds only definitions."""
        self._take_definitions(paragraph)
        if not paragraph.lines:
            self._replace_last(Definitions(paragraph.line), self.last)

    def _replace_last(self, block: Block, end: int) -> None:
        """Put `block`, which ends at line `end`, in the place of the last one of the innermost container."""
        block.end = end
        self.open[-1].children[-1] = block

    def _take_definitions(self, paragraph: Paragraph) -> None:
        """Take the link reference definitions out of the head of a paragraph.

        Only when the paragraph ends is it known what it was, since a title may stand on a line of its own:

            [label]: /url      a definition …
            "title             … but the title never ends:
            text               the first line is the definition, the rest is the paragraph
        """
        if not (paragraph.lines and paragraph.lines[0].startswith("[")):
            return
        text, pos = paragraph.text, 0
        while text.startswith("[", pos) and (found := definition(text, pos)):
            label, target, pos = found
            self.document.references.setdefault(label, target)
        if not pos:
            return
        used = text[:pos].count("\n")
        if pos < len(text):
            siblings = self.open[-1].children
            siblings.insert(-1, Definitions(paragraph.line))
            siblings[-2].end = paragraph.line + used - 1
            paragraph.line += used
            del paragraph.lines[:used]
        else:
            paragraph.lines.clear()

    def _add(self, block: Leaf | Container, *, done: bool = False) -> None:
        """Put a block into the innermost open container."""
        siblings = self.open[-1].children
        if siblings and type(siblings[-1]) is List:
            siblings[-1].open = False
        siblings.append(block)
        block.end = self.number
        if isinstance(block, Container):
            self.open.append(block)
        elif not done:
            self.leaf = block

    # --- leaves that go on

    def _take_verbatim(self, leaf: Verbatim) -> bool:
        """Add the line to code, math or raw HTML; say whether it belongs there."""
        if isinstance(leaf, FencedCode):
            if not self._closes_fence(leaf):
                self._skip_columns(min(self.indent, leaf.indent))
                leaf.lines.append(self.text[self.pos :])
        elif isinstance(leaf, IndentedCode):
            if self.indent >= CODE_INDENT:
                self._skip_columns(CODE_INDENT)
            elif self.blank:
                self.pos = self.next
            else:
                return False
            leaf.lines.append(self.text[self.pos :])
            if self.blank:
                return True  # and does not count as a line of the code
        elif isinstance(leaf, Html):
            if leaf.ends is None and self.blank:
                return False
            self._add_html(leaf)
        elif isinstance(leaf, Math):
            self._add_math(leaf)
        self.last = self.number
        return True

    def _closes_fence(self, leaf: FencedCode) -> bool:
        rest = self.text[self.next :].rstrip(" \t")
        if self.indent >= CODE_INDENT or len(rest) < leaf.length or rest.strip(leaf.mark):
            return False
        self.last = self.number
        leaf.end = self.number
        self.leaf = None
        return True

    def _add_html(self, leaf: Html) -> None:
        leaf.lines.append(self.text[self.pos :])
        if leaf.ends and leaf.ends.search(self.text, self.pos):
            leaf.end = self.number
            self.leaf = None

    def _add_math(self, leaf: Math) -> None:
        line = self.text[self.next :].rstrip(" \t")
        leaf.lines.append(line)
        if line.endswith("$$"):
            leaf.end = self.number
            self.leaf = None

    def _add_row(self, table: Table) -> None:
        cells = _cells(self.text[self.next :])
        columns = len(table.columns)
        self.document.filled += max(0, columns - len(cells))
        if not cells or self.document.filled > FILLED_CELLS:
            self._close(len(self.open))
            self._add(Paragraph(self.number, [self.text[self.next :]]))
            return
        if any(cells[columns:]):
            self.document.crowded.append(self.number)
        table.rows.append((self.number, (cells + [""] * (columns - len(cells)))[:columns]))

    # --- blocks that start

    def _start_blocks(self, depth: int, leaf: Leaf | None) -> _Start:
        """Open the blocks that start on this line, one inside the other."""
        opened = _Start.NONE
        may_be_lazy = isinstance(self.leaf, Paragraph)
        paragraph = leaf if isinstance(leaf, Paragraph) else None
        while not self.blank:
            if self.indent >= CODE_INDENT:
                if may_be_lazy:
                    return opened
                code = IndentedCode(self.number)
                self._close(depth)
                self._add(code)
                self._take_verbatim(code)
                return _Start.LEAF
            start_block = _STARTS.get(self.text[self.next])
            start = start_block(self, depth, paragraph) if start_block else _Start.NONE
            if start is _Start.NONE:
                return opened
            if start is _Start.LEAF:
                return start
            opened, may_be_lazy, paragraph = start, False, None
            depth = len(self.open)
        return opened

    # Each of these looks whether its kind of block starts here: `depth` containers go on, `paragraph` is what the line
    # would interrupt. What it opens closes everything else.

    def _start_quote(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`> …`"""
        if not self._may_nest(depth):
            return _Start.NONE
        self._close(depth)
        self._add(Quote(self.number))
        self._skip_quote_marker()
        return _Start.CONTAINER

    def _start_heading(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`## … ##`; seven and more `#` are the title where nothing stands before them."""
        found = _ATX.match(self.text, self.next)
        if found is None:
            return _Start.NONE
        level = len(found[1])
        if level > 6:
            if self.root.children or self.before:
                return _Start.NONE
            level = 1  # a first line of many # is the title
        text = self.text[found.end() :].rstrip(" \t")
        bare = text.rstrip("#")
        if not bare or bare[-1] in " \t":
            text = bare.rstrip(" \t")
        self._close(depth)
        self._add(Heading(self.number, level, text), done=True)
        return _Start.LEAF

    def _start_fence(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """```` ```info ````, `~~~info`"""
        found = _FENCE.match(self.text, self.next)
        if found is None:
            return _Start.NONE
        fence, info = (found[1], found[2]) if found[1] else (found[3], found[4])
        self._close(depth)
        self._add(FencedCode(self.number, fence[0], len(fence), self.indent, unescape(info.strip(" \t"))))
        return _Start.LEAF

    def _start_html(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`<div>`, `<!-- …`, `<b>` alone on its line"""
        text, pos = self.text, self.next
        kind = next((kind for kind in _HTML if kind[0].match(text, pos)), None)
        if kind is None and (paragraph is not None or not _LONE_TAG.match(text, pos)):
            return _Start.NONE
        self._close(depth)
        html = Html(self.number, kind[1] if kind else None)
        self._add(html)
        self._add_html(html)
        return _Start.LEAF

    def _start_include(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`{{ block name }}`"""
        found = _INCLUDE.match(self.text, self.next)
        if found is None:
            return _Start.NONE
        self._close(depth)
        self._add(Include(self.number, found[1]), done=True)
        return _Start.LEAF

    def _start_underline(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`===` or `---` below a paragraph, of which it makes a heading"""
        if paragraph is None or not _SETEXT.match(self.text, self.next):
            return _Start.NONE
        self._take_definitions(paragraph)
        if not paragraph.lines:  # nothing but definitions: the line is text
            paragraph.line = self.number
            return _Start.NONE
        level = 1 if self.text[self.next] == "=" else 2
        self._replace_last(Heading(paragraph.line, level, paragraph.text), self.number)
        self.leaf = None
        return _Start.LEAF

    def _start_rule(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`---`, `* * *`"""
        if self.rule_from < 0:
            self.rule_from = len(self.text.rstrip("*-_ \t"))
        if self.next < self.rule_from or not _RULE.match(self.text, self.next):
            return _Start.NONE
        self._close(depth)
        self._add(Rule(self.number), done=True)
        return _Start.LEAF

    def _start_item(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`- …`, `1. …`, and how far what belongs to it is indented."""
        found = _MARKER.match(self.text, self.next)
        if found is None:
            return _Start.NONE
        start = None if found[1] is None else int(found[1])
        marker = found[2] or found[0]
        if paragraph is not None and (start not in (None, 1) or not self.text[found.end() :].strip(" \t")):
            return _Start.NONE  # does not interrupt a paragraph
        if not self._may_nest(depth):
            return _Start.NONE
        self._close(depth)
        width = self.indent + len(found[0])
        self._move(found.end())
        if self.blank or self.indent > CODE_INDENT:
            width += 1
            if not self.blank:
                self._skip_columns(1)
        else:
            width += self.indent
            self._skip_columns(self.indent)
        self._add_item(marker, start, Item(self.number, width))
        return _Start.CONTAINER

    def _add_item(self, marker: str, start: int | None, item: Item) -> None:
        siblings = self.open[-1].children
        last = siblings[-1] if siblings else None
        if not (type(last) is List and last.open and last.marker == marker):
            if type(last) is List:
                last.open = False
            last = List(self.number, marker, start)
            siblings.append(last)
        if found := _TASK.match(self.text, self.next):
            item.task = found[1] != " "
            self._move(found.end())
        last.children.append(item)
        item.end = self.number
        self.open.append(item)

    def _start_footnote(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`[^label]: …`"""
        found = _FOOTNOTE.match(self.text, self.next)
        if found is None or not self._may_nest(depth):
            return _Start.NONE
        self._close(depth)
        footnote = Footnote(self.number, found[1])
        self._add(footnote)
        if self.document.footnotes.setdefault(fold(found[1]), footnote) is not footnote:
            self.document.repeated.append(footnote)
        self._move(found.end())
        return _Start.CONTAINER

    def _start_math(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`$$ … $$`, on one line or with its end before the next empty line"""
        line = self.text[self.next :].rstrip(" \t")
        if not line.startswith("$$"):
            return _Start.NONE
        whole = len(line) > 4 and line.endswith("$$")
        if "$" in line[2 : -2 if whole else None] or not (whole or self._math_ends()):
            return _Start.NONE
        self._close(depth)
        math = Math(self.number)
        self._add(math, done=whole)
        math.lines.append(line)
        return _Start.LEAF

    def _math_ends(self) -> bool:
        """Whether a line between this one and the next empty one ends with `$$`; look at no line twice."""
        if self.number >= self.math_scan:
            number, lines = self.number - self.before, self.lines
            while number < len(lines) and (line := lines[number].strip("> \t")) and not line.endswith("$$"):
                number += 1
            self.math_scan = number + self.before + 1
            self.math_found = number < len(lines) and bool(lines[number].strip("> \t"))
        return self.math_found

    def _start_table(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`--- | :-:` below a paragraph, whose last line becomes the head of a table"""
        if paragraph is None or not paragraph.lines or paragraph.table_refused:
            return _Start.NONE
        if not _DELIMITER_ROW.match(self.text, self.next):
            return _Start.NONE
        columns = [_alignment(cell) for cell in _cells(self.text[self.next :])]
        head = _cells(paragraph.lines[-1])
        if len(head) != len(columns):
            paragraph.table_refused = True  # as GitHub: the next lines are not tried
            return _Start.NONE
        del paragraph.lines[-1]
        if paragraph.lines:
            self.last -= 1
            self._close(depth)
            self.last += 1
        else:
            self.open[-1].children.pop()
            self.leaf = None
        self._add(Table(self.number - 1, columns, [(self.number - 1, head)]))
        return _Start.LEAF

    def _start_rule_or_item(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`* * *` or `* …`"""
        made = self._start_rule(depth, paragraph)
        return self._start_item(depth, paragraph) if made is _Start.NONE else made

    def _start_dash(self, depth: int, paragraph: Paragraph | None) -> _Start:
        """`---` below a paragraph, `---`, `- …` or `-|-`"""
        made = self._start_underline(depth, paragraph)
        if made is _Start.NONE and not (paragraph and not paragraph.lines):
            made = self._start_rule_or_item(depth, paragraph)
            if made is _Start.NONE:
                made = self._start_table(depth, paragraph)
        return made

    def _may_nest(self, depth: int) -> bool:
        """Whether one more container may open, and remember the first place where it may not."""
        if depth <= DEPTH:
            return True
        if self.document.too_deep is None:
            self.document.too_deep = self.number
        return False


# By the first character of what is left of the line.
_STARTS: dict[str, Callable[[Reader, int, Paragraph | None], _Start]] = {
    ">": Reader._start_quote,
    "#": Reader._start_heading,
    "`": Reader._start_fence,
    "~": Reader._start_fence,
    "<": Reader._start_html,
    "=": Reader._start_underline,
    "-": Reader._start_dash,
    "*": Reader._start_rule_or_item,
    "_": Reader._start_rule,
    "+": Reader._start_item,
    **dict.fromkeys("0123456789", Reader._start_item),
    "[": Reader._start_footnote,
    "$": Reader._start_math,
    "|": Reader._start_table,
    ":": Reader._start_table,
    "{": Reader._start_include,
}


def _columns(text: str) -> int:
    return len(text.expandtabs(CODE_INDENT))


def _cells(line: str) -> list[str]:
    r"""Split a table row at its bars; `\|` is a bar inside a cell."""
    line = line.strip(" \t")
    pos = 1 if line.startswith("|") else 0
    cells = []
    while pos < len(line):
        found = _CELL.match(line, pos)
        end = found.end() if found else len(line)
        cells.append(line[pos:end].strip(" \t").replace("\\|", "|"))
        pos = end + 1
    return cells


def _alignment(cell: str) -> str:
    left, right = cell.startswith(":"), cell.endswith(":")
    return "center" if left and right else "left" if left else "right" if right else ""
