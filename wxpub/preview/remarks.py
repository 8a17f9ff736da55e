"""What colleagues remark on a page of `convert --review`: their file or link in, findings with lines of the issue out.

A remark names the line that it was written beside and the words that it is about; so it finds its place after the issue
was edited. Opens nothing.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from wxpub.errors import SourceError
from wxpub.finding import Finding, Rule, shorten
from wxpub.issue import Issue
from wxpub.language import tr
from wxpub.preview.pages import blocks
from wxpub.tree import text_of

REMARK = Rule(
    "remark",
    "info",
    "a colleague has remarked on it",
    "change the text, or answer",
    "source",
    reader="nothing: remarks are between editors",
)
RULES = (REMARK,)
MOST_BYTES = 16 * 1024 * 1024  # a thousand remarks of ten thousand characters, as the page writes them
_MOST = 1_000
_QUOTED = 30  # characters of the words that a remark is about
_ALIKE = 0.6  # of 1: how much a block has in common with the one that was remarked on
_COMPARED = 200  # characters of the block that a remark stood beside, which is more than the page keeps
_LINK = re.compile(r"[#&]remarks=([\w-]+)")


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody, `by`, says of the `words` in the block that stood at `line` and began with `block`."""

    text: str
    words: str = ""
    block: str = ""
    by: str = ""
    line: int | None = None


def read(text: str, path: Path | None = None) -> tuple[Remark, ...]:
    """Read the file that the page saves, or a link that holds the remarks.

    Raises SourceError for anything else; `path` is the file's name in it.
    """
    try:
        if not text.lstrip().startswith("{") and (found := _LINK.search(text)):
            text = urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)).decode()
        document = json.loads(text)
        listed = document["remarks"]
        if document["wxpub-remarks"] != 1 or not isinstance(listed, list):
            raise ValueError
        return tuple(_remark(each) for each in listed[:_MOST])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        hint = tr("give the file or the link that the page of `wxpub convert --review` makes")
        raise SourceError(tr("holds no remarks"), path, hint=hint) from None


def _remark(value: dict[str, Any]) -> Remark:
    texts = {name: str(value.get(name) or "").strip() for name in ("text", "words", "block", "by")}
    line = value.get("line")
    return Remark(**texts, line=line if type(line) is int and line > 0 else None)


def placed(issue: Issue, remarks: Iterable[Remark]) -> tuple[Finding, ...]:
    """Say each remark at its line of the issue as it is now, in the order of the lines.

    One whose words are not there any more says so, and keeps the line that it had.
    """
    there = [(line, _plain(text_of(element))) for line, _, element in blocks(issue.layout.root)]
    found = []
    for each in remarks:
        line = _line(there, each)
        said = tr("{by}: {text}", by=each.by, text=each.text) if each.by else each.text
        if each.words:
            said = tr("“{words}”: {remark}", words=shorten(each.words, _QUOTED), remark=said)
        gone = "" if line else tr("the words are not there any more")
        found.append((line or each.line or 0, REMARK.find(said, issue.path, line or each.line, fix=gone)))
    return issue.layout.placed(finding for _, finding in sorted(found, key=lambda each: each[0]))


def _line(there: Sequence[tuple[int, str]], remark: Remark) -> int | None:
    """Find the line of the block with a remark's words: the nearest that has them, else the one most like its own."""
    before = remark.line or 0
    words, block = _plain(remark.words), _plain(remark.block[:_COMPARED])
    if not words:  # a picture
        return remark.line
    having = [line for line, text in there if words in text]
    if having:
        return min(having, key=lambda line: abs(line - before))
    likeness = [
        (SequenceMatcher(None, block, text[: len(block)], autojunk=False).ratio(), -abs(line - before), line)
        for line, text in there
    ]
    best = max(likeness, default=(0.0, 0, 0))
    return best[2] if best[0] >= _ALIKE else None


def _plain(text: str) -> str:
    """Return words without spaces and without the numbers of notes, which change."""
    return re.sub(r"\s|\[\d+\]", "", text)
