"""The inline structure of a paragraph, heading or cell: emphasis, links, code, breaks.

In: one `Source` and what the document defines. Out: the same element, filled with text and elements. Follows the
CommonMark specification (appendix "An algorithm for parsing nested emphasis and links") with GitHub's extensions and
this dialect's; every step of it takes time in proportion to the text. Must not know blocks or files.

The text is first cut into pieces; emphasis and links only mark the pieces where they begin and end; one walk over the
pieces then builds the elements:

    see **[the *paper*](url)**
    "see " Run(**) Bracket "the " Run(*) "paper" Run(*) END Run(**)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, TypeAlias

from wxpub.dialect.syntax import (
    CHINESE_MARKS,
    CLOSE_TAG,
    LABEL_CHARS,
    OPEN_TAG,
    PUNCTUATION,
    Pattern,
    Target,
    emoji,
    entity,
    fold,
    inline_target,
    is_punctuation,
    is_wide,
    joins,
)

DEPTH = 50  # elements of emphasis inside each other
IN_VAIN = 50  # runs that a text may be read again in vain, and twice as many as it has: time in proportion to it

LINE = "data-line"  # the attribute that carries an element's line in the source file
RAW = "raw"  # the tag of an element that stands for the author's own HTML, which is its text

Element: TypeAlias = Any  # of lxml where the tree is the article's, of xml.etree beside other extensions


@dataclass(slots=True)
class Scope:
    """What the document defines for its inlines, and how their elements are made.

    `references` and `footnotes`: link targets and footnote labels, by folded label. `expansion`: how many characters
    references may still expand to, so that no document grows without bound. `hard_breaks`: whether a line end is a
    `<br>`. `make(parent, tag, attributes)` appends an element; `verbatim` marks a text that nobody reads as Markdown
    again. `hosts` become the elements that hold raw HTML, `too_deep` the first line where emphasis was nested deeper
    than DEPTH. `escaped` are the characters that a backslash makes text; `inserted` finds what another extension has
    put into the text, by the mark that stands for it.
    """

    references: dict[str, Target]
    footnotes: dict[str, str]
    expansion: int
    hard_breaks: bool
    make: Callable[[Element, str, dict[str, str]], Element]
    verbatim: Callable[[str], str] = str
    hosts: list[Element] = field(default_factory=list)
    too_deep: int | None = None
    escaped: frozenset[str] = PUNCTUATION
    inserted: Callable[[str, int], tuple[Element | str, int] | None] | None = None

    def raw(self, parent: Element, html: str, line: int) -> None:
        """Append the author's own HTML."""
        self.make(parent, RAW, {LINE: str(line)}).text = self.verbatim(html)
        self.hosts.append(parent)


class _Mark(Enum):
    END = "the end of a link or an image"
    SOFT = "a line end that does not break the line"
    BREAK = "a line break"


@dataclass(slots=True, eq=False)
class _Run:
    """A run of `length` times `*`, `_`, `~` or `=`, of which `count` are still text.

    Whether it can open and whether it can close: on GitHub, and for a Chinese reader.
    """

    char: str
    length: int
    count: int
    github: tuple[bool, bool]
    chinese: tuple[bool, bool]
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Bracket:
    """A `[` or `![`; with a `target`, the start of a link or an image that ends at an END."""

    image: bool
    after: int  # the position in the text behind it
    runs: int  # how many runs were open before it
    line: int
    target: Target | None = None
    width: str | None = None
    followed: bool = False  # another bracket was opened inside


@dataclass(slots=True, eq=False)
class _Leaf:
    """An element that holds nothing but text, or raw HTML; `over` is what stands over the text of a `ruby`."""

    tag: str
    text: str
    attributes: dict[str, str]
    over: str = ""


@dataclass(slots=True, eq=False)
class _Inserted:
    """An element, or a text, that another extension has made."""

    node: Element | str


_Piece = str | _Mark | _Run | _Bracket | _Leaf | _Inserted

_SPECIAL = Pattern(r"[\n`*_\[\]!\\<&~:={$\x02]")
_SPECIAL_WITH_WWW = Pattern(r"[\n`*_\[\]!\\<&~:={$\x02w]")
_BACKTICKS = Pattern(r"`+")
_AUTOLINK = Pattern(r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\x00-\x20<>]*)>")
_LABEL_ATOM = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_AUTOMAIL = Pattern(rf"<([A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL_ATOM}(?:\.{_LABEL_ATOM})*)>")
_TAG = Pattern(rf"<(?:{OPEN_TAG}|{CLOSE_TAG})", re.A)
_LABEL_REST = Pattern(r"(?:[^\\\[\]]|\\.)*\]", re.S)
_SCHEME = Pattern(r"(?<![A-Za-z])(?:https?|ftp)\Z", re.I)
_HOST = Pattern(r"[^\W_][\w.-]*")
_WIDTH_ATTRIBUTE = Pattern(r"\{[ ]*width[ ]*=[ ]*[\"']?([0-9]{1,5}(?:px|%)?)[\"']?[ ]*\}")
_WIDTH_IN_ALT = Pattern(r"\|[ ]*([0-9]{1,5}(?:px|%)?)(?:[xX×][0-9]+)?[ ]*\Z")
_RUBY = Pattern(r"\{([^{}|\n\\]{1,64})\|([^{}|\n\\]{1,128})\}")
_MATH = Pattern(
    r"""
      \$\$ ( (?:[^$\\]|\\.)+ ) \$\$
    | \$` ( [^`\n]+ ) `\$
    | \$ (?![\s$]) ( (?:[^$\\，。；：、？！]|\\.)+ ) (?<!\s) \$ (?![0-9A-Za-z$])     # not `$5 and $6`
    """,
    re.S | re.X,
)
_EMOJI = Pattern(r"(?<![A-Za-z0-9_:/]):([a-z0-9+_-]{1,60}):(?![A-Za-z0-9_:/])")
_MAIL = Pattern(
    r"(?<![A-Za-z0-9.+_-])(mailto:)?"
    r"([A-Za-z0-9.+_-]+@(?:[A-Za-z0-9_-]+\.)+([A-Za-z0-9_-]+))(?![A-Za-z0-9_@-])"
)

_URL_ASCII = Pattern(r"[!-;=-~]*")
_URL_TAIL = "?!.,:*_~'\""
_ENTITY_TAIL = Pattern(r"&[A-Za-z0-9]+;\Z")


# What a pair of runs makes: how many characters of each it uses up, and the element; by whether both have two left.
_EMPHASIS = {
    ("*", False): (1, "em"),
    ("*", True): (2, "strong"),
    ("_", False): (1, "em"),
    ("_", True): (2, "strong"),
    ("~", True): (2, "del"),
}


def fill(element: Element, text: str, line: int, scope: Scope) -> None:
    """Read the inline Markdown `text`, which begins at `line` of the source, and append it to `element`."""
    if not _SPECIAL.search(text) and "@" not in text and "www." not in text:
        if text:
            append_text(element, text)
        return
    builder = _Builder(element, scope)
    builder.build(_Scanner(text, line, scope).scan())
    if builder.too_deep and scope.too_deep is None:
        scope.too_deep = line


def opaque(text: str, scope: Scope, *, code: bool = False) -> list[tuple[int, int]]:
    """List, in order, from where to where something stands in `text` that no other syntax may look into.

    That is code, escapes, tags, addresses, formulas and the destinations of links; with `code`, code alone.
    """
    scanner = _Scanner(text, 1, replace(scope, expansion=len(text) * 100))
    spans: list[tuple[int, int]] = []
    scanner.spans = spans
    scanner.scan()
    return [(start, end) for start, end in spans if not code or text[start] == "`"]


def append_text(element: Element, text: str) -> None:
    """Put `text` behind everything that `element` holds."""
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


# --- from text to pieces ----------------------------------------------------------------------------------------------


class _Scanner:
    """Cut one inline text into pieces."""

    __slots__ = (
        "_absent", "_counted", "_ticks", "brackets", "dead", "line", "pieces", "runs", "scope", "spans", "start",
        "text",
    )  # fmt: skip

    def __init__(self, text: str, line: int, scope: Scope) -> None:
        self.text = text
        self.line = line
        self.scope = scope
        self.pieces: list[_Piece] = []
        self.runs: list[_Run] = []
        self.brackets: list[_Bracket] = []
        self.dead = 0  # how many outer brackets cannot start a link, because one has ended inside them
        self.start = 0  # text from here on is not yet a piece
        self.spans: list[tuple[int, int]] | None = None  # see `opaque`
        self._counted = 0
        self._ticks: dict[int, list[int]] | None = None
        self._absent: set[str] = set()

    def scan(self) -> list[_Piece]:
        """Cut the text into pieces, with links and emphasis marked."""
        text = self.text
        special = _SPECIAL_WITH_WWW if "www." in text else _SPECIAL
        found = special.search(text)
        while found:
            pos = found.start()
            end = _RULES[found[0]](self, pos)
            found = special.search(text, end)
        self._flush(len(text))
        self._pair(0)
        return self.pieces

    # --- keeping pieces

    def _flush(self, pos: int) -> None:
        if pos > self.start:
            self.pieces.append(self.text[self.start : pos])

    def _put(self, piece: _Piece, start: int, end: int) -> int:
        """Let `piece` stand for the text from `start` to `end`."""
        self._flush(start)
        self.pieces.append(piece)
        self.start = end
        if self.spans is not None and not isinstance(piece, (_Run, _Bracket, _Inserted)):
            self.spans.append((start, end))
        return end

    def _line(self, pos: int) -> int:
        """Return the source line of a position, which must not be before those asked for earlier."""
        self.line += self.text.count("\n", self._counted, pos)
        self._counted = pos
        return self.line

    # --- the rules: each looks at the special character at `pos` and gives the position where scanning goes on

    def _break(self, pos: int) -> int:
        """Read a line end, hard behind two spaces; the spaces around it are nothing."""
        text, start = self.text, self.start
        end = pos
        while end > start and text[end - 1] in " \t":
            end -= 1
        hard = pos - end >= 2 and text[pos - 2 : pos] == "  "
        self._flush(end)
        self.pieces.append(_Mark.BREAK if hard or self.scope.hard_breaks else _Mark.SOFT)
        self.start = pos + 1
        return pos + 1

    def _escape(self, pos: int) -> int:
        r"""Read `\*` or a hard break."""
        char = self.text[pos + 1 : pos + 2]
        if char == "\n":
            return self._put(_Mark.BREAK, pos, pos + 2)
        if char and char in self.scope.escaped:
            return self._put(char, pos, pos + 2)
        return pos + 1

    def _entity(self, pos: int) -> int:
        """Read `&copy;`."""
        found = entity(self.text, pos)
        return self._put(found[0], pos, found[1]) if found else pos + 1

    def _code(self, pos: int) -> int:
        """Read a code span: `` `…` ``, with as many backticks behind it as before."""
        found = _BACKTICKS.match(self.text, pos)
        after = found.end() if found else pos + 1
        end = self._next_backticks(after - pos, after)
        if end is None:
            return after
        content = self.text[after:end].replace("\n", " ")
        if content[0] == content[-1] == " " and content.strip(" "):
            content = content[1:-1]
        return self._put(_Leaf("code", content, {}), pos, end + after - pos)

    def _next_backticks(self, length: int, pos: int) -> int | None:
        """Find the next run of `length` backticks; all runs are looked for once, and dropped as they are passed."""
        if self._ticks is None:
            self._ticks = {}
            for run in reversed(list(_BACKTICKS.finditer(self.text, pos))):
                self._ticks.setdefault(run.end() - run.start(), []).append(run.start())
        starts = self._ticks.get(length, [])
        while starts and starts[-1] < pos:
            starts.pop()
        return starts[-1] if starts else None

    def _run(self, pos: int) -> int:
        """Read a run of delimiters and whether it can open or close emphasis."""
        text = self.text
        char = text[pos]
        end = pos + 1
        while text.startswith(char, end):
            end += 1
        length = end - pos
        if char in "~=" and length != 2:
            return end
        if char == "=":
            github = chinese = _marking(text, pos, end)
        else:
            edges = "~" if char in "*_" else ""  # GitHub looks through the tildes around emphasis
            before = _neighbour(text, pos - 1, -1, edges)
            after = _neighbour(text, end, 1, edges)
            github, chinese = _flanking(char, before, after)
        run = _Run(char, length, length, github, chinese)
        if True in chinese:
            self.runs.append(run)
        return self._put(run, pos, end)

    def _bang(self, pos: int) -> int:
        """Read `![`."""
        if self.text.startswith("[", pos + 1):
            return self._open_bracket(pos, pos + 2, image=True)
        return pos + 1

    def _bracket(self, pos: int) -> int:
        """Read `[`."""
        return self._open_bracket(pos, pos + 1, image=False)

    def _open_bracket(self, pos: int, after: int, *, image: bool) -> int:
        if self.brackets:
            self.brackets[-1].followed = True
        bracket = _Bracket(image, after, len(self.runs), self._line(pos))
        self.brackets.append(bracket)
        return self._put(bracket, pos, after)

    def _close_bracket(self, pos: int) -> int:
        """Read `]`, which may end a link, an image or the mark of a footnote.

        [a ![b](u) [c](v) d](w)
              │      │     └ pops the outermost `[`, which is dead: `]` and `(w)` are text
              │      └ pops its `[` and makes a link; every `[` that is still open is dead now
              └ pops `![` and makes an image, which may stand in a link: nothing dies
        """
        if not self.brackets:
            return pos + 1
        opener = self.brackets.pop()
        depth = len(self.brackets)
        alive = opener.image or depth >= self.dead
        self.dead = min(self.dead, depth)
        read = self._target(opener, pos) if alive else None
        if read is None:
            return self._footnote(opener, pos) or pos + 1
        opener.target, end = read
        self._flush(pos)
        self._pair(opener.runs)
        self.pieces.append(_Mark.END)
        if opener.image:
            if found := _WIDTH_ATTRIBUTE.match(self.text, end):
                opener.width, end = found[1], found.end()
        else:
            self.dead = depth
        self.start = end
        if self.spans is not None:
            self.spans.append((pos, end))
        return end

    def _target(self, opener: _Bracket, pos: int) -> tuple[Target, int] | None:
        """Read what follows the `]` at `pos`: `(url "title")`, `[label]`, `[]` or nothing."""
        text = self.text
        if text.startswith("(", pos + 1) and (read := inline_target(text, pos + 1)):
            return read
        if not self.scope.references:
            return None
        end = pos + 1
        label = text[opener.after : pos] if pos - opener.after <= LABEL_CHARS else ""
        nested = opener.followed
        if text.startswith("[", end):
            close = self._label_end(end)
            if close is not None:
                given = text[end + 1 : close]
                end = close + 1
                if given:
                    label, nested = given, False
        if nested or not (label := fold(label)):
            return None
        target = self.scope.references.get(label)
        if target is None:
            return None
        self.scope.expansion -= len(target.url) + len(target.title or "")
        return None if self.scope.expansion < 0 else (target, end)

    def _label_end(self, pos: int) -> int | None:
        found = _LABEL_REST.match(self.text, pos + 1)
        return found.end() - 1 if found and found.end() - pos <= LABEL_CHARS + 2 else None

    def _footnote(self, opener: _Bracket, pos: int) -> int | None:
        """Read `[^label]`, if there is a footnote of that name."""
        text = self.text
        if opener.followed or not text.startswith("^", opener.after) or pos - opener.after > LABEL_CHARS:
            return None
        label = self.scope.footnotes.get(fold(text[opener.after + 1 : pos]))
        if label is None:
            return None
        del self.runs[opener.runs :]
        while self.pieces.pop() is not opener:
            pass
        self.start = pos + 1
        if opener.image:
            self.pieces.append("!")
        self.pieces.append(_Leaf("sup", "", {"class": "footnote-ref", "data-note": label, LINE: str(opener.line)}))
        return pos + 1

    def _angle(self, pos: int) -> int:
        """Read `<https://…>`, `<a@b.c>`, or an HTML tag, comment, instruction, declaration or CDATA section."""
        text = self.text
        if found := _AUTOLINK.match(text, pos):
            return self._put(self._link(found[1], found[1], pos), pos, found.end())
        if found := _AUTOMAIL.match(text, pos):
            return self._put(self._link(f"mailto:{found[1]}", found[1], pos), pos, found.end())
        end = found.end() if (found := _TAG.match(text, pos)) else self._markup_end(pos)
        return pos + 1 if end is None else self._put(_Leaf(RAW, text[pos:end], {LINE: str(self._line(pos))}), pos, end)

    def _markup_end(self, pos: int) -> int | None:
        """Return the end of a comment, instruction, declaration or CDATA section."""
        text = self.text
        if text.startswith("<!--", pos):
            if text.startswith((">", "->"), pos + 4):
                return text.index(">", pos) + 1
            return self._find("-->", pos + 4)
        if text.startswith("<?", pos):
            return self._find("?>", pos + 2)
        if text.startswith("<![CDATA[", pos):
            return self._find("]]>", pos + 9)
        if text.startswith("<!", pos) and text[pos + 2 : pos + 3].isalpha():
            return self._find(">", pos + 2)
        return None

    def _find(self, terminator: str, pos: int) -> int | None:
        """Find the end behind `terminator`; what is not there once is not looked for again."""
        if terminator in self._absent:
            return None
        found = self.text.find(terminator, pos)
        if found < 0:
            self._absent.add(terminator)
            return None
        return found + len(terminator)

    def _colon(self, pos: int) -> int:
        """Read `:tada:`, or `https://…` in running text, whose scheme is not yet a piece."""
        text = self.text
        if not text.startswith("://", pos):
            found = _EMOJI.match(text, pos)
            drawn = emoji(found[1]) if found else ""
            return self._put(drawn, pos, pos + len(found[0])) if found and drawn else pos + 1
        if self.brackets:
            return pos + 1
        scheme = _SCHEME.search(text, max(self.start, pos - 5), pos)
        return (self._address(scheme.start(), pos + 3, "") if scheme else None) or pos + 3

    def _www(self, pos: int) -> int:
        """Read `www.…` in running text."""
        text = self.text
        if not text.startswith("www.", pos) or self.brackets:
            return pos + 1
        if pos and not (text[pos - 1].isspace() or text[pos - 1] in "*_~("):
            return pos + 1
        return self._address(pos, pos, "http://") or pos + 4

    def _address(self, start: int, host: int, scheme: str) -> int | None:
        """Read an address in running text that begins at `start`, its host at `host`; None where there is none."""
        text = self.text
        if not _is_host(text, host, bool(scheme)):
            return None
        end = _trim(text, host, _address_end(text, host))
        if end <= host:
            return None
        url = text[start:end]
        return self._put(self._link(scheme + url, url, start), start, end)

    def _link(self, url: str, label: str, pos: int) -> _Leaf:
        return _Leaf("a", label, {"href": url, LINE: str(self._line(pos))})

    def _brace(self, pos: int) -> int:
        """Read ruby: `{汉字|hànzì}`."""
        found = _RUBY.match(self.text, pos)
        if found is None or not all(is_wide(char) and char.isalpha() for char in found[1]):
            return pos + 1
        return self._put(_Leaf("ruby", found[1], {}, found[2]), pos, found.end())

    def _dollar(self, pos: int) -> int:
        """Read TeX: `$…$`, `` $`…`$ ``, `$$…$$`."""
        before = self.text[pos - 1] if pos else " "
        found = None if before.isalnum() and before.isascii() else _MATH.match(self.text, pos)
        if found is None:
            return pos + (2 if self.text.startswith("$$", pos) else 1)
        return self._put(_Leaf("span", found[1] or found[2] or found[3], {"class": "math"}), pos, found.end())

    def _insertion(self, pos: int) -> int:
        """Read the mark of something that another extension has put here; the source itself cannot hold one."""
        read = self.scope.inserted(self.text, pos) if self.scope.inserted else None
        return self._put(_Inserted(read[0]), pos, read[1]) if read else pos + 1

    # --- emphasis

    def _pair(self, bottom: int) -> None:
        """Pair the runs from number `bottom` on: a closing one with the nearest opening one that fits.

        Emphasis inside a link is paired when the link ends, so that none reaches in or out of it:

            *a [b* c](u) d*
                └ ┘             from `bottom` on, at the end of the link: nothing opens, so its star is text
            └─────────────┘     all the rest, at the end of the text: the outer two find each other

        GitHub's reading holds; what it leaves as text is read again as a Chinese reader does. Marks come last, since
        GitHub has none.
        """
        runs = self.runs[bottom:]
        del self.runs[bottom:]
        emphasis = [run for run in runs if run.char != "="]
        pairing = _Pairing(chinese=False)
        for run in emphasis:
            pairing.take(run)
        if not pairing.whole:
            _mend(emphasis)
        if len(emphasis) < len(runs):
            _mark(runs)


_RULES: dict[str, Callable[[_Scanner, int], int]] = {
    "\n": _Scanner._break,
    "\\": _Scanner._escape,
    "&": _Scanner._entity,
    "`": _Scanner._code,
    **dict.fromkeys("*_~=", _Scanner._run),
    "!": _Scanner._bang,
    "[": _Scanner._bracket,
    "]": _Scanner._close_bracket,
    "<": _Scanner._angle,
    ":": _Scanner._colon,
    "w": _Scanner._www,
    "{": _Scanner._brace,
    "$": _Scanner._dollar,
    "\x02": _Scanner._insertion,
}


def _neighbour(text: str, pos: int, step: int, skipped: str) -> str:
    """Return the character at `pos` or, in the direction of `step`, the first that is not `skipped`."""
    while 0 <= pos < len(text):
        if text[pos] != skipped:
            return text[pos]
        pos += step
    return "\n"


def _flanking(char: str, before: str, after: str) -> tuple[tuple[bool, bool], tuple[bool, bool]]:
    """Whether a run between two characters can open and can close: on GitHub, and for a Chinese reader.

    A run is left-flanking when text follows it, right-flanking when text stands before it:

        space **text      left: opens           text**text     both
        text** space      right: closes         **             neither, between spaces
        text**"text       right only: the quote is punctuation, and no space or punctuation stands before the run
        (**text           left: punctuation before it is as good as a space
        snake_case_name   `_` opens or closes nothing inside a word

    GitHub's rule does not close `**粗体？**后文`, since `？` is punctuation and 后 is not. Chinese has no spaces that
    would tell the two sides of a run, so for all but `_` a full-width neighbour never stands in the way: a full-width
    punctuation mark counts as a letter, and beside a full-width character any punctuation may touch the run. But
    nothing ends right behind an opening bracket, or begins right before a closing one: `**《*题*》 *甲？*乙**`.
    """
    space_before, space_after = before.isspace(), after.isspace()
    mark_before, mark_after = is_punctuation(before), is_punctuation(after)
    left = not space_after and (not mark_after or space_before or mark_before)
    right = not space_before and (not mark_before or space_after or mark_after)
    if char == "_":
        github = left and (not right or mark_before), right and (not left or mark_after)
        return github, github
    if not (is_wide(before) or is_wide(after)):
        return (left, right), (left, right)
    opens = left or not (space_after or (mark_after and unicodedata.category(after) in ("Pe", "Pf")))
    closes = right or not (space_before or (mark_before and unicodedata.category(before) in ("Ps", "Pi")))
    return (left, right), (opens, closes)


def _marking(text: str, start: int, end: int) -> tuple[bool, bool]:
    """Whether the `==` from `start` to `end` can open and can close a mark.

    It touches what it marks, on no other side a Latin letter or a digit, and compares nothing: `a ==1` and `a== 1` do,
    with such characters on both sides, whatever spaces are between.
    """
    before, after = _neighbour(text, start - 1, -1, ""), _neighbour(text, end, 1, "")
    if _is_operand(_neighbour(text, start - 1, -1, " ")) and _is_operand(_neighbour(text, end, 1, " ")):
        return False, False
    opens = not (after.isspace() or _is_operand(before))
    return opens, not (before.isspace() or _is_operand(after))


def _is_operand(char: str) -> bool:
    return char.isascii() and char.isalnum()


class _Pairing:
    """Pair runs one after the other, by GitHub's rule or as a Chinese reader does.

    `openers` wait for a run that closes them, `waiting` of them that are no `_`, whose rule is one for all readers;
    `lost`: a run stays text, whatever follows.
    """

    __slots__ = ("chinese", "floor", "lost", "openers", "waiting")

    def __init__(self, *, chinese: bool) -> None:
        self.chinese = chinese
        self.openers: list[_Run] = []
        self.floor: dict[tuple[str, bool, int], int] = {}  # below here no opener fits such a closer
        self.waiting = 0
        self.lost = False

    @property
    def whole(self) -> bool:
        """Whether all runs so far became emphasis."""
        return not (self.lost or self.waiting)

    def take(self, run: _Run) -> None:
        """Pair `run` with those before it, and keep it for those behind it."""
        opens, closes = run.chinese if self.chinese else run.github
        if closes:
            self._close(run)
        if run.count and opens:
            self.openers.append(run)
            self.waiting += run.char != "_"
        elif run.count and run.char != "_":
            self.lost = True

    def _close(self, run: _Run) -> None:
        """Pair the closing `run` with openers, nearest first; openers that are passed over are text.

            **a *b **c***       openers: **  *  **    closer: ***
                   └───┘        two of each make <strong>; that opener is used up, one star is left to close
                └───────┘       the next opener takes it: <em>
            └┘                  stays an opener, and is text if no closer comes

        `floor` remembers, for a kind of closer that found no opener, up to where it looked: the next such closer looks
        only at openers that came later. Without it, `*a_ *a_ *a_ …` would take time in the square of its length.
        """
        openers, floor = self.openers, self.floor
        while run.count:
            key = (run.char, all(run.github), run.length % 3)
            for index in range(len(openers) - 1, floor.get(key, 0) - 1, -1):
                if _fits(openers[index], run):
                    break
            else:
                floor[key] = len(openers)
                return
            if passed := sum(each.char != "_" for each in openers[index + 1 :]):
                self.lost = True
                self.waiting -= passed
            del openers[index + 1 :]
            opener = openers[index]
            used, tag = _EMPHASIS[run.char, opener.count >= 2 and run.count >= 2]
            opener.opened.append(tag)
            run.closed.append(tag)
            opener.count -= used
            run.count -= used
            if not opener.count:
                openers.pop()
                self.waiting -= opener.char != "_"
            for kind, looked in floor.items():
                floor[kind] = min(looked, len(openers))


def _fits(opener: _Run, closer: _Run) -> bool:
    # The rule of three: `**a*b**` is bold around `a*b`, since the lone `*` could open as well as close, and 2 + 1 is 3.
    if opener.char != closer.char:
        return False
    if not (all(opener.github) or all(closer.github)):
        return True
    return (opener.length + closer.length) % 3 != 0 or (opener.length % 3 == 0 and closer.length % 3 == 0)


def _mend(runs: list[_Run]) -> None:
    """Read again what GitHub's reading leaves as text, in the shortest stretches that leave nothing.

    **《*题*》**，**粗体？**后文，*斜
    └──────────┘                     GitHub's reading leaves nothing, so it holds
                 └──────┘            it leaves both, a Chinese reader neither
                               └┘    is text for both
    """
    parts = list(_parts(runs))
    left, place = IN_VAIN + 2 * len(runs), 0
    while place < len(parts) and left > 0:
        taken = looked = 0
        if any(run.count and run.char != "_" for run in parts[place]):
            taken, looked = _reread(parts, place)
        if not taken:
            left -= looked
        place += taken or 1


def _reread(parts: list[list[_Run]], first: int) -> tuple[int, int]:
    """Pair the runs of the fewest parts from number `first` on that leave no text, if there are such parts.

    Return the number of these parts, else 0, with everything as it was; and how many runs were looked at.
    """
    pairing = _Pairing(chinese=True)
    before = []
    for place in range(first, len(parts)):
        for run in parts[place]:
            before.append((run, run.count, run.opened, run.closed))
            run.count, run.opened, run.closed = run.length, [], []
            pairing.take(run)
        if pairing.whole:
            return place + 1 - first, len(before)
        if pairing.lost:
            break
    for run, count, opened, closed in before:
        run.count, run.opened, run.closed = count, opened, closed
    return 0, len(before)


def _parts(runs: list[_Run]) -> Iterator[list[_Run]]:
    """Cut paired runs wherever no pair is open."""
    depth = begin = 0
    for end, run in enumerate(runs, 1):
        depth += len(run.opened) - len(run.closed)
        if not depth:
            yield runs[begin:end]
            begin = end


def _mark(runs: list[_Run]) -> None:
    """Pair the `==` among paired runs, those in the same element of emphasis."""
    around: list[list[_Run]] = []
    openers: list[_Run] = []
    for run in runs:
        if run.char != "=":
            for _ in run.closed:
                openers = around.pop()
            for _ in run.opened:
                around.append(openers)
                openers = []
            continue
        opens, closes = run.github
        if closes and openers:
            opener = openers.pop()
            opener.count = run.count = 0
            opener.opened.append("mark")
            run.closed.append("mark")
        elif opens:
            openers.append(run)


# --- addresses in running text ----------------------------------------------------------------------------------------


def _is_host(text: str, pos: int, dotted: bool) -> bool:
    """Whether a host name stands at `pos`: no `_` in its last two labels; `dotted`: it must have a dot."""
    found = _HOST.match(text, pos)
    if found is None:
        return False
    labels = found[0].rstrip("_").split(".")
    if any("_" in label for label in labels[-2:]):
        return False
    return len(labels) > 1 or not dotted


def _address_end(text: str, pos: int) -> int:
    """Return the position of the first character behind `pos` that cannot belong to an address."""
    while True:
        found = _URL_ASCII.match(text, pos)
        pos = found.end() if found else pos
        if pos == len(text) or not _belongs_to_address(text, pos):
            return pos
        pos += 1


def _belongs_to_address(text: str, pos: int) -> bool:
    """Whether the character at `pos`, which is `<`, a space or not ASCII, can go on an address.

    Full-width punctuation ends it. A Chinese letter goes on a host, a path or a query: behind a delimiter or another
    such letter (`/wiki/深度学习`), not right behind a Latin one (`…/a的说明`).
    """
    char, before = text[pos], text[pos - 1]
    if not is_wide(char):
        return not (char == "<" or char in CHINESE_MARKS or char.isspace())
    if not char.isalpha() or char >= "\uff00":
        return False
    return before in "/=#_%&?+-" or is_wide(before) or (before == "." and is_wide(text[pos - 2]))


def _trim(text: str, start: int, end: int) -> int:
    """Return the end of an address without the punctuation behind it that belongs to the sentence."""
    opened = text.count("(", start, end)
    closed = text.count(")", start, end)
    while end > start:
        char = text[end - 1]
        if char in _URL_TAIL:
            end -= 1
        elif char == ")" and closed > opened:
            closed -= 1
            end -= 1
        elif char == ";":
            found = _ENTITY_TAIL.search(text, max(start, end - 34), end)
            end = found.start() if found else end - 1
        else:
            break
    return end


# --- from pieces to elements ------------------------------------------------------------------------------------------


class _Builder:
    """Build the elements inside one block from its pieces."""

    __slots__ = ("last", "link", "make", "open", "parent", "previous", "scope", "text", "too_deep")

    def __init__(self, parent: Element, scope: Scope) -> None:
        self.scope = scope
        self.make = scope.make
        self.parent = parent
        self.last: Element | None = parent[-1] if len(parent) else None  # the last child of `parent`
        self.open: list[tuple[Element, bool]] = []  # the elements around `parent`, and whether it is one of its own
        self.link = 0  # how many links are open: 0 or 1
        self.too_deep = False
        self.text: list[str] = []  # not yet in the tree
        self.previous = ""  # the last character written

    def build(self, pieces: list[_Piece]) -> None:
        """Put all pieces into the tree."""
        position, count = 0, len(pieces)
        while position < count:
            piece = pieces[position]
            position += 1
            if type(piece) is str:
                self.text.append(piece)
            elif type(piece) is _Run:
                self._add_run(piece)
            elif type(piece) is _Leaf:
                self._add_leaf(piece)
            elif type(piece) is _Bracket:
                if piece.target is None:
                    self.text.append("![" if piece.image else "[")
                elif piece.image:
                    position = self._add_image(piece, piece.target, pieces, position)
                else:
                    self._open_link(piece, piece.target)
            elif piece is _Mark.END:
                self._close()
                self.link -= 1
            elif piece is _Mark.SOFT:
                self._add_soft_break(pieces, position)
            elif piece is _Mark.BREAK:
                self._add("br", {})
                self.previous = " "
            elif type(piece) is _Inserted:
                self._add_inserted(piece)
        self._flush()

    def _flush(self) -> None:
        if not self.text:
            return
        text = "".join(self.text)
        self.text.clear()
        self.previous = text[-1:]
        if "@" in text and not self.link:
            self._add_mail(text)
        else:
            self._add_text(text)

    def _add_text(self, text: str) -> None:
        if self.last is None:
            self.parent.text = (self.parent.text or "") + text
        else:
            self.last.tail = (self.last.tail or "") + text

    def _add_mail(self, text: str) -> None:
        start = 0
        for found in _MAIL.finditer(text):
            if not found[3].replace("_", "").isalpha() or found[3].endswith("_"):
                continue  # `A76@2.0GHz` is not an address
            self._add_text(text[start : found.start()])
            self.last = self.make(self.parent, "a", {"href": f"mailto:{found[2]}"})
            self.last.text = self.scope.verbatim(found[0])
            start = found.end()
        self._add_text(text[start:])

    def _add(self, tag: str, attributes: dict[str, str]) -> Element:
        """Add an element that stays empty or is given a text."""
        if self.text:
            self._flush()
        self.last = element = self.make(self.parent, tag, attributes)
        return element

    def _add_leaf(self, leaf: _Leaf) -> None:
        tag = leaf.tag
        if self.link and tag == "a":
            self.text.append(leaf.text)
            return
        element = self._add(tag, leaf.attributes)
        if leaf.text:
            element.text = self.scope.verbatim(leaf.text)
        if tag == RAW:
            self.scope.hosts.append(self.parent)
        elif leaf.over:
            self.make(element, "rt", {}).text = self.scope.verbatim(leaf.over)
        if edge := _edge_text(leaf):
            self.previous = edge[-1]

    def _add_inserted(self, inserted: _Inserted) -> None:
        node = inserted.node
        if isinstance(node, str):
            self.text.append(node)
            return
        self._flush()
        node.tail = None
        self.parent.append(node)
        self.last = node
        if edge := _edge_text(inserted):
            self.previous = edge[-1]

    def _add_run(self, run: _Run) -> None:
        for _ in run.closed:
            self._close()
        if run.count:
            self.text.append(run.char * run.count)
        for tag in reversed(run.opened):
            if len(self.open) < DEPTH:
                self._open(tag, {})
            else:
                self._open(None, {})
                self.too_deep = True

    def _open_link(self, bracket: _Bracket, target: Target) -> None:
        attributes = {"href": target.url, LINE: str(bracket.line)}
        if target.title is not None:
            attributes["title"] = target.title
        self._open("a", attributes)
        self.link += 1

    def _open(self, tag: str | None, attributes: dict[str, str]) -> None:
        """Open an element; without a `tag`, nothing that its end would close."""
        self.open.append((self.parent, tag is not None))
        if tag is not None:
            self._flush()
            self.parent = self.make(self.parent, tag, attributes)
            self.last = None

    def _close(self) -> None:
        parent, own = self.open.pop()
        if own:
            self._flush()
            self.last, self.parent = self.parent, parent

    def _add_soft_break(self, pieces: list[_Piece], position: int) -> None:
        before = self.text[-1][-1] if self.text else self.previous or " "
        if not joins(before, _next_character(pieces, position)):
            self.text.append(" ")

    def _add_image(self, bracket: _Bracket, target: Target, pieces: list[_Piece], position: int) -> int:
        """Make an image of the pieces up to its end; return the position behind it."""
        words: list[str] = []
        depth = 1
        while depth:
            piece = pieces[position]
            position += 1
            if isinstance(piece, _Bracket) and piece.target is not None:
                depth += 1
            elif piece is _Mark.END:
                depth -= 1
            else:
                words.append(_words(piece))
        alt, width = "".join(words), bracket.width
        if width is None and (found := _WIDTH_IN_ALT.search(alt)):
            alt, width = alt[: found.start()].rstrip(), found[1]
        attributes = {"src": target.url, "alt": alt, LINE: str(bracket.line)}
        if target.title is not None:
            attributes["title"] = target.title
        if width is not None:
            attributes["width"] = width.removesuffix("px")
        self._add("img", attributes)
        self.previous = " "
        return position


def _words(piece: _Piece) -> str:
    """Return what a piece adds to the alternative text of an image."""
    if isinstance(piece, str):
        return piece
    if isinstance(piece, _Run):
        return piece.char * piece.count
    if isinstance(piece, _Bracket):
        return "![" if piece.image else "["
    if isinstance(piece, _Leaf):
        return piece.text + piece.over
    if isinstance(piece, _Inserted):
        return piece.node if isinstance(piece.node, str) else "".join(piece.node.itertext())
    return " "


def _edge_text(piece: _Piece) -> str:
    """Return the text that a line break beside `piece` touches; "" where it looks through it: tags, footnote marks."""
    return "" if isinstance(piece, _Leaf) and piece.tag == RAW else _words(piece)


def _next_character(pieces: list[_Piece], position: int) -> str:
    """Return the first character of text behind `position`, if it is near; else a space."""
    for piece in pieces[position : position + 8]:
        if isinstance(piece, _Bracket) and piece.target is not None and not piece.image:
            continue
        if piece is not _Mark.END and (text := _edge_text(piece)):
            return text[0]
    return " "
