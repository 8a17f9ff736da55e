"""The issues of a letter and where each was published: the letter and its ledger in, one series out.

    series = archive.read(folder)
    series.issues           the oldest first, as `letter` reads them
    series.urls             the permalinks of those that were published, by file
    series.around(path)     the issue before this one, and the one after it

`table` keeps up the list of back issues, `record` fills the ledger with permalinks and says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from wxpub import ledger
from wxpub.desk import letter
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
    def places(self) -> Mapping[Path, int]:
        """The place of each file among the issues, from 0."""
        return {each.path: place for place, each in enumerate(self.issues)}

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

    def before(self, path: Path) -> tuple[Past, ...]:
        """List the issues that came before the one at `path`; all of them for a file that is not among them."""
        return self.issues[: self.places.get(path, len(self.issues))]

    def around(self, path: Path) -> tuple[Past | None, Past | None]:
        """Give the issue before the one at `path` and the one after it; None where there is none."""
        earlier = self.before(path)
        later = self.issues[len(earlier) + 1 :]
        return earlier[-1] if earlier else None, later[0] if later else None


def read(start: Path, published: Mapping[str, str] | None = None) -> Series:
    """Read the series that `start`, a file or a folder, belongs to.

    `published` maps absolute paths to permalinks, by default as the ledger says. Raises ConfigError if that, or the
    settings, are damaged.
    """
    found = letter.find(start)
    links = ledger.published(found.root) if published is None else published
    return Series(found, {Path(path): url for path, url in links.items()})


def plain(text: str) -> str:
    """Return a line of Markdown as a reader sees it: the words of links and of what is set off."""
    text = _LINK.sub(r"\1", text)
    return " ".join(_MARKS.sub(r"\2", text).split())
