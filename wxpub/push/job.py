"""The values of a push: what is asked for, what is there, what is to be done and what was done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from wxpub.client import Client, Json
from wxpub.finding import Finding
from wxpub.ledger import Draft, Ledger, issue_name
from wxpub.push.gather import Bundle

Done = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Job:
    """One push: ready bundles in the order of the draft, and where they go; `account` is its name in the ledger.

    `force` overwrites what was changed in the web editor, `new` makes a draft beside the old one. `say` is told what
    happens, `tick` how many of how many pictures are uploaded, `pause` waits a number of seconds.
    """

    bundles: tuple[Bundle, ...]
    client: Client
    ledger: Ledger
    account: str
    force: bool = False
    new: bool = False
    say: Callable[[str], None] = lambda text: None
    tick: Callable[[int, int], None] = lambda done, of: None
    pause: Callable[[float], None] = time.sleep

    @property
    def names(self) -> tuple[str, ...]:
        """Give the issues' names in the ledger."""
        return tuple(issue_name(each.issue.article.path, each.issue.root) for each in self.bundles)


@dataclass(frozen=True, slots=True)
class Standing:
    """A draft that holds the issues: what we know of it, and its articles as WeChat keeps them.

    `first` is the place of the first issue in it: not 0 where one of several articles is pushed alone.
    """

    media_id: str
    facts: tuple[Draft, ...]
    articles: tuple[Json, ...] = ()
    first: int = 0

    @property
    def ours(self) -> tuple[Json, ...]:
        """Give the articles that this push is about."""
        return self.articles[self.first : self.first + len(self.facts)]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a push would do: `action` and why.

    `uploads` are the pictures that WeChat lacks, as (use, key); `changed` the places of the articles to send; `draft`
    the group of their marks that stands for the draft; `replaced` the drafts whose place a new one takes.
    """

    action: Literal["create", "update", "nothing"]
    reason: str
    standing: Standing | None
    uploads: tuple[tuple[str, str], ...]
    changed: tuple[int, ...]
    draft: str
    replaced: tuple[str, ...] = ()
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """One article of a receipt; `index` is its place in the draft, from 0."""

    path: Path
    title: str
    index: int
    changed: bool
    characters: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a push did. `url` is WeChat's own temporary link to the draft ("" if it gave none)."""

    action: Done
    reason: str
    account: str
    media_id: str
    url: str
    articles: tuple[Sent, ...]
    uploaded: int
    reused: int
    findings: tuple[Finding, ...]

    def to_json(self) -> Json:
        """Give the receipt as plain values."""
        return {
            **{name: getattr(self, name) for name in ("action", "reason", "account", "media_id", "url")},
            "articles": [{**asdict(each), "path": str(each.path)} for each in self.articles],
            "images": {"uploaded": self.uploaded, "reused": self.reused},
            "findings": [finding_json(each) for each in self.findings],
        }


def finding_json(finding: Finding) -> Json:
    """Give a finding as plain values."""
    return {**asdict(finding), "path": str(finding.path) if finding.path else None}
