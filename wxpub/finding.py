"""What an editor should know about an article: findings, and the rules that they break.

A rule is declared once, in the room that raises it, as a constant; `RULE.find(…)` makes a finding of it. So a finding's
severity is always the one that `wxpub check --explain` and docs/rules.md state. Values only; nothing here judges.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
Kind = Literal["source", "metadata", "conversion", "push", "page"]

KINDS: dict[Kind, str] = {
    "source": "the issue's Markdown",
    "metadata": "what surrounds the text: title, author, digest, cover",
    "conversion": "what becomes of the Markdown",
    "push": "what WeChat gets and keeps",
    "page": "the article's HTML",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem in an article: `rule` names its kind, `fix` says what to do about it.

    `severity` "error" stops a push; `line` is 1-based in the file `path`.
    """

    rule: str
    severity: Severity
    message: str
    path: Path | None = None
    line: int | None = None
    fix: str = ""

    @property
    def place(self) -> str:
        """Give `path:line` as far as it is known, as editors and terminals make it clickable."""
        if self.path is None:
            return ""
        return str(self.path) if self.line is None else f"{self.path}:{self.line}"

    def to_json(self) -> dict[str, Any]:
        """Give the finding as plain values."""
        return {**asdict(self), "path": str(self.path) if self.path else None}

    def __str__(self) -> str:
        place = f"{self.place}: " if self.path else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{place}{self.severity}: {self.message}{fix} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is checked: `message` says what goes wrong in general, `fix` what to do about it.

    `severity` "error" stops a push.
    """

    id: str
    severity: Severity
    message: str
    fix: str = ""
    kind: Kind = "conversion"

    def find(
        self, message: str = "", path: Path | None = None, line: int | None = None, *, fix: str | None = None
    ) -> Finding:
        """Make the finding that says this rule is broken at `path:line`; by default in the rule's own words."""
        return Finding(self.id, self.severity, message or self.message, path, line, self.fix if fix is None else fix)


def shorten(text: str, length: int) -> str:
    """Return `text` on one line, and of more than `length` characters only the beginning, as a message quotes it."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length] + "…"
