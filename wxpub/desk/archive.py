"""The issues of a letter and where each was published: the letter and its ledger in, one series out.

    series = archive.of(letter.find(folder), ledger.published(folder))
    series.issues           the oldest first, as `letter` reads them
    series.urls             the permalinks of those that were published, by file
    series.by_url           the issues by their permalinks

`table` keeps up the list of back issues, `record` fills the ledger with permalinks and says what is wrong with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from wxpub.desk.letter import Letter, Past

_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)")
_MARKS = re.compile(r"(\*\*|__|~~|`|==)(.+?)\1")


@dataclass(frozen=True)
class Series:
    """A letter with the permalinks of its issues."""

    letter: Letter
    urls: Mapping[Path, str]

    @property
    def issues(self) -> tuple[Past, ...]:
        """All issues, the oldest first."""
        return self.letter.issues

    @cached_property
    def by_url(self) -> Mapping[str, Past]:
        """The issues that were published, by their permalinks."""
        return {self.urls[each.path]: each for each in self.issues if each.path in self.urls}

    @cached_property
    def by_stem(self) -> Mapping[str, list[Past]]:
        """The issues by the names of their files, which several folders may have alike."""
        found: dict[str, list[Past]] = {}
        for each in self.issues:
            found.setdefault(each.path.stem, []).append(each)
        return found


def of(letter: Letter, published: Mapping[str, str]) -> Series:
    """Make a series of a letter and the permalinks of its issues, which `ledger.published` maps by absolute path."""
    return Series(letter, {Path(path): url for path, url in published.items()})


def link(issue: Past, folder: Path) -> str:
    """Write a link to an issue for a file in `folder`."""
    return f"[{escaped(plain(issue.title))}]({relative(issue.path, folder)})"


def relative(path: Path, folder: Path) -> str:
    """Write the address of a file as one in `folder` links to it."""
    return quote(Path(os.path.relpath(path, folder)).as_posix())


def escaped(text: str) -> str:
    """Write text so that it can stand in the brackets of a link."""
    return re.sub(r"([\[\]\\])", r"\\\1", text)


def plain(text: str) -> str:
    """Return a line of Markdown as a reader sees it: the words of links and of what is set off."""
    text = _LINK.sub(r"\1", text)
    return " ".join(_MARKS.sub(r"\2", text).split())
