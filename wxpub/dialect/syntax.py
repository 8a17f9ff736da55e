"""The small syntax that blocks and inlines share: characters, escapes, labels, destinations, titles, definitions.

In: text and a position in it. Out: what stands there, and where it ends. Must not know blocks or elements.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from html.entities import html5
from typing import Any, NamedTuple


class Pattern:
    """A regular expression that is compiled when it is first used: an issue uses half of them."""

    match: Callable[..., re.Match[str] | None]
    search: Callable[..., re.Match[str] | None]
    fullmatch: Callable[..., re.Match[str] | None]
    finditer: Callable[..., Iterator[re.Match[str]]]
    sub: Callable[..., str]

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern = pattern
        self.flags = flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self.pattern, self.flags)
        found = self.__dict__[name] = getattr(compiled, name)  # the next time it is an attribute
        return found


PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
LABEL_CHARS = 999  # CommonMark: a link label has at most 999 characters
PARENTHESES = 32  # CommonMark: at least three levels in a destination; cmark stops at 32

# Everything that a Chinese typesetter sets in a full square: ideographs, kana, hangul, full-width punctuation.
_WIDE = (
    ("\u2e80", "\ua4cf"),
    ("\uac00", "\ud7af"),
    ("\uf900", "\ufaff"),
    ("\ufe10", "\ufe1f"),
    ("\ufe30", "\ufe4f"),
    ("\uff00", "\uff60"),
    ("\uffe0", "\uffe6"),
    ("\U0001f200", "\U0001f2ff"),
    ("\U00020000", "\U0003ffff"),
)
_HANGUL = (("\u3130", "\u318f"), ("\uac00", "\ud7af"))
CHINESE_MARKS = "‘’“”—…·"  # as much Chinese as Latin

_ENTITY = Pattern(r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")
_ESCAPE_OR_ENTITY = Pattern(r"\\([!-/:-@\[-`{-~])|" + _ENTITY.pattern)

_LABEL = Pattern(r"\[((?:[^\\\[\]]|\\.)*)\]", re.S)
_ANGLE_DESTINATION = Pattern(r"<((?:[^\\<>\n]|\\.)*)>")
_PLAIN_DESTINATION = Pattern(r"(?:[^\\()\x00-\x20\x7f]|\\[!-/:-@\[-`{-~]|\\)*")
_TITLE = Pattern(r""" "((?:[^\\"]|\\.)*)" | '((?:[^\\']|\\.)*)' | \(((?:[^\\()]|\\.)*)\) """, re.S | re.X)
_SPACE = Pattern(r"[ \t\n]*")
_LINE_END = Pattern(r"[ \t]*(?:\n|\Z)")


def is_wide(char: str) -> bool:
    """Whether `char` is East Asian: an ideograph, a syllable, or a punctuation mark of full width."""
    return char >= "\u2e80" and any(first <= char <= last for first, last in _WIDE)


def joins(before: str, after: str) -> bool:
    """Whether a line end between two characters is not a word space.

    So it is between Chinese or Japanese characters; of a quote, dash or ellipsis, the other side decides. Hangul has
    word spaces.
    """
    if _is_chinese(before):
        return _is_chinese(after) or after in CHINESE_MARKS
    return before in CHINESE_MARKS and _is_chinese(after)


def _is_chinese(char: str) -> bool:
    return is_wide(char) and not any(first <= char <= last for first, last in _HANGUL)


def is_punctuation(char: str) -> bool:
    """Whether `char` is punctuation as GitHub's parser sees it: ASCII's, or Unicode's class P."""
    return char in PUNCTUATION or (char > "\x7f" and unicodedata.category(char)[0] == "P")


def entity(text: str, position: int) -> tuple[str, int] | None:
    """Read an HTML entity (`&amp;`, `&#20013;`) at `position`: its character and its end."""
    found = _ENTITY.match(text, position)
    if found is None:
        return None
    character = _character(*found.groups())
    return None if character is None else (character, found.end())


def _character(decimal: str | None, hexadecimal: str | None, name: str | None) -> str | None:
    if name is not None:
        return html5.get(name + ";")
    code = int(decimal) if decimal else int(hexadecimal or "0", 16)
    return chr(code) if _is_text(code) else "\ufffd"


def _is_text(code: int) -> bool:
    """Whether XML, and so an lxml tree, can hold the character."""
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF


def emoji(name: str) -> str:
    """Return the emoji that GitHub draws for `:name:`, "" if it knows none; its list is read when first asked for."""
    from pymdownx import gemoji_db

    colons = f":{name}:"
    entry = gemoji_db.emoji.get(gemoji_db.aliases.get(colons, colons), {})
    codes = entry.get("unicode_alt") or entry.get("unicode")  # the former asks for colours
    return "".join(chr(int(code, 16)) for code in codes.split("-")) if codes else ""


def unescape(text: str) -> str:
    r"""Resolve backslash escapes and entities, as in a destination, a title or the info string of a fence."""
    if "\\" not in text and "&" not in text:
        return text
    return _ESCAPE_OR_ENTITY.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return found[1]
    character = _character(found[2], found[3], found[4])
    return found[0] if character is None else character


def fold(label: str) -> str:
    """Bring a link label into the form by which labels are compared."""
    return " ".join(label.split()).casefold()


def destination(text: str, position: int) -> tuple[str, int] | None:
    """Read a link destination, `<…>` or plain with balanced parentheses: its value and its end."""
    if text.startswith("<", position):
        found = _ANGLE_DESTINATION.match(text, position)
        return None if found is None else (unescape(found[1]), found.end())
    start, depth = position, 0
    while True:
        found = _PLAIN_DESTINATION.match(text, position)
        position = found.end() if found else position
        char = text[position : position + 1]
        if char == "(":
            depth += 1
            if depth > PARENTHESES:
                return None
        elif char == ")" and depth:
            depth -= 1
        else:
            break
        position += 1
    return None if depth else (unescape(text[start:position]), position)


def title(text: str, position: int) -> tuple[str, int] | None:
    """Read a link title in `"…"`, `'…'` or `(…)`: its value and its end."""
    found = _TITLE.match(text, position)
    if found is None:
        return None
    return unescape(next(group for group in found.groups() if group is not None)), found.end()


def skip_space(text: str, position: int) -> int:
    """Return the position after white space, line ends included."""
    found = _SPACE.match(text, position)
    return found.end() if found else position


class Target(NamedTuple):
    """Where a link or an image points."""

    url: str
    title: str | None


def inline_target(text: str, position: int) -> tuple[Target, int] | None:
    """Read `(url "title")` at `position`: the target and the end of it."""
    position = skip_space(text, position + 1)
    read = destination(text, position)
    if read is None:
        return None
    url, position = read
    after = skip_space(text, position)
    name = None
    if after > position and (titled := title(text, after)):
        name, position = titled
        after = skip_space(text, position)
    return (Target(url, name), after + 1) if text.startswith(")", after) else None


def definition(text: str, position: int) -> tuple[str, Target, int] | None:
    """Read a link reference definition at `position`: its folded label, its target, and the start of the next line.

    [label]: destination "title"
    """
    found = _LABEL.match(text, position)
    if found is None or len(found[1]) > LABEL_CHARS or not text.startswith(":", found.end()):
        return None
    label = fold(found[1])
    start = skip_space(text, found.end() + 1)
    read = destination(text, start)
    if not label or read is None or read[1] == start:
        return None
    url, position = read
    after = skip_space(text, position)
    if after > position and (titled := title(text, after)):
        ended = _LINE_END.match(text, titled[1])
        if ended:
            return label, Target(url, titled[0]), ended.end()
    ended = _LINE_END.match(text, position)
    return (label, Target(url, None), ended.end()) if ended else None


# --- tags -------------------------------------------------------------------------------------------------------------

# What stands between `<` and the end of a tag: name, attributes, `>`.
_ATTRIBUTE = r"""\s+[A-Za-z_:][\w.:-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?"""
OPEN_TAG = rf"[A-Za-z][A-Za-z0-9-]*(?:{_ATTRIBUTE})*\s*/?>"
CLOSE_TAG = r"/[A-Za-z][A-Za-z0-9-]*\s*>"
