"""What an editor should know about an article: findings, and the rules that they break.

A rule is declared once, in the room that raises it, as a constant; `RULE.find(…)` makes a finding of it. So a finding's
severity is always the one that `wxpub check --explain` and docs/rules.md state. Values only; nothing here judges.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from wxpub.language import gettext, listed, tr

Severity = Literal["error", "warning", "info"]
Kind = Literal["source", "metadata", "conversion", "push", "mail", "page", "verdict", "record"]

KINDS: dict[Kind, str] = {
    "source": "the issue's Markdown",
    "metadata": "what surrounds the text: title, author, digest, cover",
    "conversion": "what becomes of the Markdown",
    "push": "what WeChat gets and keeps",
    "mail": "what mail programs make of it, where the issue becomes a mail",
    "page": "the article's HTML",
    "verdict": "what WeChat's own checker says, where `--official` asks it",
    "record": "where issues were published, as `wxpub index check` looks at it",
}


class Finding(NamedTuple):
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

    @property
    def advice(self) -> str:
        """Say what is wrong and, where that is known, what to do about it."""
        return tr("{message}; {fix}", message=self.message, fix=self.fix) if self.fix else self.message

    def to_json(self) -> dict[str, Any]:
        """Give the finding as plain values."""
        return {**self._asdict(), "path": str(self.path) if self.path else None}

    def __str__(self) -> str:
        place = f"{self.place}: " if self.path else ""
        return place + tr("{severity}: {text}", severity=worded(self.severity), text=f"{self.advice} [{self.rule}]")


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is checked: `message` says what goes wrong in general, `fix` what to do about it.

    `reader` says what readers see of it if nothing is done. `severity` "error" stops a push. The words are English; who
    shows them asks `gettext` for those of the user's language.
    """

    id: str
    severity: Severity
    message: str
    fix: str = ""
    kind: Kind = "conversion"
    reader: str = ""

    def find(
        self, message: str = "", path: Path | None = None, line: int | None = None, *, fix: str | None = None
    ) -> Finding:
        """Make the finding that says this rule is broken at `path:line`; by default in the rule's own words."""
        message = message or gettext(self.message)
        return Finding(self.id, self.severity, message, path, line, gettext(self.fix) if fix is None else fix)


# An article may be made of several files. In its tree a line of another file has a number of its own, beyond those of
# the issue, so that one number says everything; whoever shows it to a person takes it apart first.
_FILE_LINES = 1 << 32


def line_in(file: int, line: int | None) -> int | None:
    """Number the `line` of the other file `file`, from 1."""
    return line and file * _FILE_LINES + line


def file_and_line(line: int | None) -> tuple[int, int | None]:
    """Take such a number apart: the other file, 0 for the issue itself, and its line."""
    return divmod(line, _FILE_LINES) if line else (0, line)


def worded(severity: Severity) -> str:
    """Name a severity in the user's language."""
    return {"error": tr("error"), "warning": tr("warning"), "info": tr("info")}[severity]


_FIRST_LINES = 5  # of the lines on which a rule is broken as well, so many are named


def fold(found: Iterable[Finding], apart: Collection[str] = ()) -> tuple[Finding, ...]:
    """Fold what one rule says of one file into its first finding, which counts the others and names their first lines.

    Seventy pictures without a text are one thing to know, not seventy lines that hide the one below them. Of the rules
    `apart`, whose findings differ by more than their lines, only those with the same message are folded.
    """
    folds: dict[tuple[str, Path | None, str], list[Finding]] = {}
    for each in found:
        folds.setdefault((each.rule, each.path, each.message if each.rule in apart else ""), []).append(each)
    return tuple(_told(first, others) for first, *others in folds.values())


def _told(first: Finding, others: list[Finding]) -> Finding:
    if not others:
        return first
    lines = [str(line) for line in dict.fromkeys(each.line for each in others) if line]
    if not lines:
        message = tr("{message} (and {n} more)", message=first.message, n=len(others))
    elif len(lines) == 1:
        message = tr("{message} (and {n} more, on line {line})", message=first.message, n=len(others), line=lines[0])
    else:
        named = [*lines[:_FIRST_LINES], *(["…"] if len(lines) > _FIRST_LINES else [])]
        count, where = len(others), listed(named)
        message = tr("{message} (and {n} more, on lines {lines})", message=first.message, n=count, lines=where)
    return first._replace(message=message)


def shorten(text: str, length: int) -> str:
    """Return `text` on one line, and of more than `length` characters only the beginning, as a message quotes it."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length] + "…"
