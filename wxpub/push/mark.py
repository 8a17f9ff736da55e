"""The mark that every article carries in its draft, by which it is found again when no record of it is left.

    <section data-wxpub="ISSUE.DRAFT.TEXT" …>

ISSUE stands for the issue's name in its project, DRAFT for the one draft that was made, TEXT for title and text as they
were sent. WeChat keeps `data-*` attributes. So a draft tells by itself which issue it is, whether it came of this very
attempt to create it, and whether somebody has changed its words since.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256

from wxpub.push.compare import text_key

ATTRIBUTE = "data-wxpub"
_FORM = re.compile(rf'{ATTRIBUTE}="([0-9a-f]{{10}})\.([0-9a-f]{{12}})\.([0-9a-f]{{10}})"')


@dataclass(frozen=True, slots=True)
class Mark:
    """An article's mark: three groups of hexadecimal digits."""

    issue: str
    draft: str
    text: str

    def __str__(self) -> str:
        return f"{self.issue}.{self.draft}.{self.text}"


def issue_key(name: str) -> str:
    """Give the mark's group for the issue called `name` in the ledger."""
    return sha256(name.encode()).hexdigest()[:10]


def new_draft() -> str:
    """Make the group of a draft that is about to be created."""
    return secrets.token_hex(6)


def put(html: str, mark: Mark) -> str:
    """Write `mark` on the article's outermost element."""
    head, rest = re.match(r"(<[a-z]+)(.*)", html, re.DOTALL).groups()  # type: ignore[union-attr]
    return f'{head} {ATTRIBUTE}="{mark}"{rest}'


def find(html: str) -> Mark | None:
    """Read the mark of a stored article; None if it has none."""
    found = _FORM.search(html)
    return Mark(*found.groups()) if found else None


def read(text: str) -> Mark | None:
    """Read a mark as the ledger keeps it."""
    groups = text.split(".")
    return Mark(*groups) if len(groups) == 3 else None


def intact(title: str, html: str) -> bool:
    """Tell whether title and text are still the words that were sent; False too if there is no mark."""
    mark = find(html)
    return mark is not None and mark.text == text_key(title, html)
