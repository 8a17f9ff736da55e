"""What is checked: the rules as values, from `rules.jsonl` and from the modules that compute them; judges nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from wxpub.finding import Finding, Severity

Kind = Literal["page", "source", "metadata", "conversion", "push"]

KINDS: Mapping[Kind, str] = {
    "source": "the issue's Markdown",
    "metadata": "what surrounds the text: title, author, digest, cover",
    "conversion": "what becomes of the Markdown",
    "push": "what WeChat gets and keeps",
    "page": "the article's HTML",
}
# Where a rule applies, as the letters of `rules.jsonl` say it.
CHANNELS: Mapping[str, str] = {
    "*": "everywhere",
    "P": "pasting into the web editor",
    "D": "the draft API",
    "E": "saving in the web editor",
    "C": "the reader's phone or computer",
    "A": "WeChat's own article checker",
}
# How sure the evidence for a rule is.
CONFIDENCE: Mapping[str, str] = {
    "H": "WeChat's own material, or several independent tests",
    "M": "one test on a live account, or several reports",
    "L": "a single report",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is checked. `severity` "error" stops a push; `message` says what goes wrong, `fix` what to do.

    A page rule says in `trigger` what in the HTML breaks it and in `unless` what excuses an element.
    """

    id: str
    severity: Severity
    message: str
    fix: str = ""
    kind: Kind = "page"
    channel: str = "*"
    confidence: str = "H"
    trigger: Mapping[str, Any] = field(default_factory=dict)
    unless: Mapping[str, Any] = field(default_factory=dict)

    def find(self, message: str, path: Path | None = None, line: int | None = None, *, fix: str = "") -> Finding:
        """Make the finding that says this rule is broken at `path:line`."""
        return Finding(self.id, self.severity, message, path, line, fix or self.fix)


def page_rules() -> tuple[Rule, ...]:
    """Read the rules on article HTML: one JSON object a line.

    Fields: `id`, `sev`, `ch` (a letter of CHANNELS), `conf` (a letter of CONFIDENCE), `t` the trigger, `ifnot` what
    excuses an element, `msg` when or why, `fix`. Triggers: `sel` a CSS selector; `css` `{on?, prop?, val?}`, regexes on
    parsed inline declarations; `attr` `{on?, name, val?}`, regexes; `re` a regex on the HTML as written; `text`
    `{in?, not_in?, re}` on text nodes; `ws` a white-space-only text node whose parent matches; `fn` a function of
    `computed`; `any` of several.
    """
    text = Path(__file__).with_name("rules.jsonl").read_text(encoding="utf-8")
    return tuple(_page_rule(json.loads(line)) for line in text.splitlines())


def _page_rule(record: Mapping[str, Any]) -> Rule:
    return Rule(
        id=record["id"],
        severity=record["sev"],
        message=record["msg"],
        fix=record["fix"],
        channel=record["ch"],
        confidence=record["conf"],
        trigger=record["t"],
        unless=record.get("ifnot", {}),
    )
