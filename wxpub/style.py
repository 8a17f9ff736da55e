"""Style declarations: the one reader and the one writer of `style` attributes; knows no property.

A semicolon ends a declaration unless it stands in quotes or in parentheses: `background:url(a;b)` is one. Text that is
broken (a quotation mark or a parenthesis that never closes) is still read, up to the end if need be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

PIECE = re.compile(r"""(?:[^;"'(]+|"[^"]*"|'[^']*'|\([^)]*\)?|["'])+""")  # what stands between two semicolons


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield every declaration of a style attribute, repeated ones too: the property in lower case, and its value.

    What has no colon is not a declaration. A value may be empty.
    """
    quoted = "(" in text or '"' in text or "'" in text
    for piece in PIECE.findall(text) if quoted else text.split(";"):
        name, colon, value = piece.partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def read(text: str) -> dict[str, str]:
    """Read a style attribute. Of several values for one property the last one counts, and stands at its own place.

    The place matters: `margin-top:0;margin:8px` is not `margin:8px;margin-top:0`. Empty values are left out.
    """
    found: dict[str, str] = {}
    for name, value in pairs(text):
        if value:
            found.pop(name, None)
            found[name] = value
    return found


def write(declarations: Mapping[str, str]) -> str:
    """Write declarations as a style attribute, without spaces and without a semicolon at the end."""
    return ";".join(f"{name}:{value}" for name, value in declarations.items())
