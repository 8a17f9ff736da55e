"""What is checked: the rules as values, from `rules.jsonl` and from the modules that compute them; judges nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wxpub.finding import Rule

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
class PageRule(Rule):
    """A rule on article HTML: `trigger` says what in the HTML breaks it, `unless` what excuses an element."""

    channel: str = "*"
    confidence: str = "H"
    trigger: Mapping[str, Any] = field(default_factory=dict)
    unless: Mapping[str, Any] = field(default_factory=dict)


def page_rules() -> tuple[PageRule, ...]:
    """Read the rules on article HTML: one JSON object a line.

    Fields: `id`, `sev`, `ch` (a letter of CHANNELS), `conf` (a letter of CONFIDENCE), `t` the trigger, `ifnot` what
    excuses an element, `msg` when or why, `fix`. Triggers: `sel` a CSS selector; `css` `{on?, prop?, val?}`, regexes on
    parsed inline declarations; `attr` `{on?, name, val?}`, regexes; `re` a regex on the HTML as written; `text`
    `{in?, not_in?, re}` on text nodes; `ws` a white-space-only text node whose parent matches; `fn` a function of
    `computed`; `any` of several.
    """
    text = Path(__file__).with_name("rules.jsonl").read_text(encoding="utf-8")
    return tuple(_page_rule(json.loads(line)) for line in text.splitlines())


def _page_rule(record: Mapping[str, Any]) -> PageRule:
    return PageRule(
        id=record["id"],
        severity=record["sev"],
        message=record["msg"],
        fix=record["fix"],
        channel=record["ch"],
        confidence=record["conf"],
        kind="page",
        trigger=record["t"],
        unless=record.get("ifnot", {}),
    )
