"""What an editor should know about an article: a value that every room can make and nobody raises."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning", "info"]


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

    def __str__(self) -> str:
        place = f"{self.place}: " if self.path else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{place}{self.severity}: {self.message}{fix} [{self.rule}]"
