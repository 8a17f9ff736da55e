"""What stands once for all issues, and what only one reader gets: parts of a text and blocks of a letter.

    <!-- wxpub:wechat -->      a part: WeChat's readers alone get what stands up to <!-- /wxpub -->; GitHub shows it
    <!-- wxpub:wechat          the same inside one comment, up to -->; GitHub hides it
    {{ block NAME }}           a block: the Markdown of blocks/NAME.md in this place

`read_parts` takes out of a text what its reader does not get; every line keeps its number. `Blocks` puts blocks into a
parsed tree: each is a document of its own, so that its link definitions, footnotes and open fences stay in it. Opens no
file: the text of a block comes from the `load` that it is given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from wxpub.errors import SourceError, did_you_mean
from wxpub.finding import Finding, Rule, line_in
from wxpub.language import listed, tr
from wxpub.tree import replace as put
from wxpub.tree import take

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from wxpub.target import Target

PART_UNKNOWN = Rule(
    "part-unknown",
    "error",
    "a part is for a reader that there is not",
    "name wechat, elsewhere, email or web",
    "source",
    reader="nothing of the part",
)
PART_OPEN = Rule(
    "part-open",
    "error",
    "a part has no end, or one inside another",
    "end it with a line <!-- /wxpub -->, or --> where all of it is one comment",
    "source",
    reader="what is meant for others, or not what is meant for them",
)
PART_MISPLACED = Rule(
    "part-misplaced",
    "warning",
    "the mark of a part does not stand on a line of its own, so it marks nothing",
    "put it on a line of its own, indented by three spaces at the most",
    "source",
    reader="the part, whoever it is for",
)
BLOCK_MISSING = Rule(
    "block-missing",
    "error",
    "a block cannot be read",
    "correct its name, or write the file",
    "source",
    reader="nothing where the block should be",
)
BLOCK_ENDLESS = Rule(
    "block-endless",
    "error",
    "blocks that hold each other have no end",
    "take one of them out of the other",
    "source",
    reader="nothing where the inner block should be",
)
RULES = (PART_UNKNOWN, PART_OPEN, PART_MISPLACED, BLOCK_MISSING, BLOCK_ENDLESS)

WECHAT, ELSEWHERE = "wechat", "elsewhere"
READERS = (WECHAT, ELSEWHERE, "email", "web")
_KEPT = "back-issues"  # a mark that says what stands there, and hides it from nobody
MOST_BLOCKS = 200  # in one article, those in blocks included
MOST_CHARS = 2_000_000  # of all of them

_MARKED = re.compile(r"<!--\s*/?wxpub\b")
_BEGIN = re.compile(r" {0,3}<!--\s*wxpub:([\w-]+(?:[ ,]+[\w-]+)*)\s*(-->)?[ \t]*")
_END = re.compile(r" {0,3}<!--\s*/wxpub\s*-->[ \t]*")
_FENCE = re.compile(r"[ >]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(```+|~~~+)(.*)")
_IN_CODE = re.compile(r"(`+)(?:(?!\1).)+?\1(?!`)")


def has_parts(body: str) -> bool:
    """Whether a text has marks of parts; most have none."""
    return "wxpub" in body and _MARKED.search(body) is not None


def read_parts(body: str, target: Target, path: Path) -> tuple[str, tuple[Finding, ...]]:
    """Return `body` as the reader of `target` gets it, with empty lines for marks and for what others get.

    Marks in code are text, as everything in code is.
    """
    reader = _Parts(target, path)
    lines = [reader.take(number, line) for number, line in enumerate(body.split("\n"), 1)]
    reader.finish()
    return "\n".join(lines), tuple(reader.findings)


def unshown_marks(body: str, shown: str, path: Path) -> tuple[Finding, ...]:
    """Find the marks that `read_parts` left in `body` as text in code, where the article, `shown`, shows them nowhere.

    Lines alone do not tell where code ends: it may with an item or a quote, or be none.
    """
    marks = [(number, line.strip()) for number, line in enumerate(body.split("\n"), 1) if _is_mark(line)]
    texts = [text for _, text in marks]
    lost = [number for number, text in marks if shown.count(text) < texts.count(text)]
    message = tr("a mark stands below a fence of code that does not end, and marks nothing")
    fix = tr("end the code above it with a fence of its own, or indent the fence as its item is")
    return tuple(PART_OPEN.find(message, path, number, fix=fix) for number in lost[:1])


def _is_mark(line: str) -> bool:
    return "wxpub" in line and bool(_BEGIN.fullmatch(line) or _END.fullmatch(line))


@dataclass(slots=True)
class _Parts:
    """Reads a text line by line: the part that is open, and whether it is one comment."""

    target: Target
    path: Path
    findings: list[Finding] = field(default_factory=list)
    begun: int = 0  # the line of the mark of the open part, 0 for none
    shown: bool = True
    comment: bool = False  # the open part ends with the comment
    fence: str = ""

    def take(self, number: int, line: str) -> str:
        if self._in_code(line):
            return line if self.shown else ""
        if self.comment:
            return self._take_comment(number, line)
        if "<!--" in line and (found := _MARKED.search(line)):
            if (begin := _BEGIN.fullmatch(line)) is not None:
                return self._begin(number, line, begin)
            if _END.fullmatch(line):
                self._end(number)
                return ""
            if not any(code.start() < found.start() < code.end() for code in _IN_CODE.finditer(line)):
                self.findings.append(PART_MISPLACED.find(path=self.path, line=number))
        return line if self.shown else ""

    def _in_code(self, line: str) -> bool:
        """Follow the fences of code; whether this line belongs to a block of it."""
        found = _FENCE.fullmatch(line)
        if not self.fence:
            if found and not (found[1][0] == "`" and "`" in found[2]):
                self.fence = found[1]
                return True
            return False
        if found and found[1].startswith(self.fence) and not found[2].strip() and line.lstrip(" >")[:1] in "`~":
            self.fence = ""
        return True

    def _begin(self, number: int, line: str, found: re.Match[str]) -> str:
        names = re.split(r"[ ,]+", found[1])
        if self.begun:
            message = tr("a part begins inside the one of line {line}", line=self.begun)
            self.findings.append(PART_OPEN.find(message, self.path, number))
        if unknown := [each for each in names if each not in (*READERS, _KEPT)]:
            message = tr("there is no reader {name}", name=unknown[0])
            fix = did_you_mean(unknown[0], READERS, tr("known: {names}", names=listed(READERS)))
            self.findings.append(PART_UNKNOWN.find(message, self.path, number, fix=fix))
        self.begun, self.comment = number, found[2] is None
        own = {self.target.name, WECHAT if self.target.wechat else ELSEWHERE, _KEPT}
        self.shown = not own.isdisjoint(names)
        return ""

    def _take_comment(self, number: int, line: str) -> str:
        """Read a line of a part that is one comment; it ends where GitHub ends it, at the first -->."""
        text, end, rest = line.partition("-->")
        if not end:
            return line if self.shown else ""
        if text.strip() or rest.strip():
            message = tr("the comment that is a part ends in the middle of a line")
            self.findings.append(PART_OPEN.find(message, self.path, number, fix=tr("put --> on a line of its own")))
        shown, self.begun, self.shown, self.comment = self.shown, 0, True, False
        return (text if shown else "") + rest

    def _end(self, number: int) -> None:
        if not self.begun:
            message = tr("a part ends here that has not begun")
            fix = tr("take the line out, or write <!-- wxpub:wechat --> above the part")
            self.findings.append(PART_OPEN.find(message, self.path, number, fix=fix))
        self.begun, self.shown = 0, True

    def finish(self) -> None:
        if self.begun:
            self.findings.append(PART_OPEN.find(tr("a part has no end"), self.path, self.begun))


# --- blocks -----------------------------------------------------------------------------------------------------------


class Block(NamedTuple):
    """The text of a block, and the file that it is from; None for one that is made."""

    text: str
    path: Path | None = None


Parse = Callable[[str, Path], "tuple[HtmlElement, tuple[Finding, ...]]"]


@dataclass(slots=True)
class Blocks:
    """Puts blocks into the tree of one article.

    `load` gives a block by its name, or by its file where that has a suffix, and raises SourceError for one that there
    is not; without it there are none. `parse` makes a tree of Markdown, with the lines of its file. Paths in a block
    are from its own file: they become paths from the folder `root`, with a / before them.
    """

    load: Callable[[str], Block] | None
    parse: Parse
    path: Path
    root: str
    files: list[Path] = field(default_factory=list)  # of blocks, in the order in which they were met
    findings: list[Finding] = field(default_factory=list)
    _count: int = 0
    _chars: int = 0

    def fill(self, root: HtmlElement) -> None:
        """Put every block that the tree under `root` names into its place."""
        self._fill(root, ())

    def tree(self, name: str, line: int) -> list[HtmlElement]:
        """Return the content of one block that stands nowhere in the text: a header, a footer."""
        root = self._read(name, line, ())
        return [] if root is None else [each for each in take(root) if not isinstance(each, str)]

    def _fill(self, root: HtmlElement, around: tuple[str, ...]) -> None:
        for element in [each for each in root.iter("section") if each.get("data-block")]:
            name, line = element.get("data-block") or "", int(element.get("data-line") or 0)
            block = self._read(name, line, around)
            put(element, [] if block is None else take(block))

    def _read(self, name: str, line: int, around: tuple[str, ...]) -> HtmlElement | None:
        """Parse the block `name`, which `line` asks for, with the blocks in it; None if there is no sense in it."""
        self._count += 1
        try:
            if self.load is None:
                raise SourceError(tr("there are no blocks here"))
            block = self.load(name)
        except SourceError as error:
            message = tr("block {name}: {message}", name=name, message=error.message)
            self.findings.append(BLOCK_MISSING.find(message, self.path, line, fix=error.hint or None))
            self.files += [error.path] if error.path else []  # it may be there the next time
            return None
        self._chars += len(block.text)
        key = str(block.path or name)
        endless = key in around or self._count > MOST_BLOCKS or self._chars > MOST_CHARS
        if endless:
            if not any(each.rule == BLOCK_ENDLESS.id for each in self.findings):  # hundreds would say the same
                message = tr("the block {name} is put into itself, or there are too many blocks", name=name)
                self.findings.append(BLOCK_ENDLESS.find(message, self.path, line))
            return None
        root, found = self.parse(block.text, block.path or self.path)
        file = 0
        if block.path is not None:
            if block.path not in self.files:
                self.files.append(block.path)
            file = self.files.index(block.path) + 1
        self.findings += [each._replace(line=line_in(file, each.line) if file else line) for each in found]
        for element in root:
            inner = next((each for each in element.iter("*") if each.get("data-line")), None)
            if inner is not None:  # a list has no line, and would have that of nothing
                element.set("data-line", inner.get("data-line") or "")
        for element in root.iter("*"):
            own = element.get("data-line") or ""
            if own.isdigit():
                element.set("data-line", str(line_in(file, int(own)) if file else line))
            if label := element.get("data-note"):  # footnotes of a block are its own
                element.set("data-note", f"{name}/{label}")
            if block.path is not None:
                self._rebase(element, block.path)
        self._fill(root, (*around, key))
        return root

    def _rebase(self, element: HtmlElement, path: Path) -> None:
        for key in ("src", "href"):
            value = (element.get(key) or "").strip()
            if value and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|[/#?\\]", value):
                folder = os.path.relpath(path.parent.resolve(), self.root or self.path.parent)
                moved = os.path.normpath(os.path.join(folder, value))  # noqa: PTH118  as an address has it
                element.set(key, "/" + quote(moved.replace(os.sep, "/"), safe="/%#?=&"))


def top_of(element: HtmlElement, root: HtmlElement) -> HtmlElement:
    """Return the child of `root` that `element` is in, or is."""
    while (parent := element.getparent()) is not None and parent is not root:
        element = parent
    return element
