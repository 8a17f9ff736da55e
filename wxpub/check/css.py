"""Inline styles: a `style` attribute in, its declarations out; knows no property."""

from __future__ import annotations

import re


def declarations(style: str) -> tuple[tuple[str, str], ...]:
    """Split a `style` attribute into (property in lower case, value); what has no colon is no declaration."""
    pairs = []
    for part in re.findall(r"(?:[^;\"'(]|\"[^\"]*\"|'[^']*'|\([^)]*\)?|[\"'])+", style):
        name, colon, value = part.partition(":")
        if colon:
            pairs.append((name.strip().lower(), value.strip()))
    return tuple(pairs)
