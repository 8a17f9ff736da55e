"""One API call: the request, the account that its token names, and what the endpoint's parameters are read with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wxpub.sandbox import articles
from wxpub.sandbox.answers import Refusal
from wxpub.sandbox.profiles import Profile
from wxpub.sandbox.store import Store

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

LISTED = 20  # batchget: count is 1 to 20


@dataclass(frozen=True, slots=True)
class Call:
    """A call of `path` by the account that its token belongs to, or (calls without one) that it claims to be."""

    store: Store
    request: Request
    body: bytes
    path: str
    appid: str
    profile: Profile
    now: float
    ip: str

    def json(self) -> Mapping[str, object]:
        """Give the JSON object of the body; refuse an empty body (44002) or anything else (47001)."""
        value = articles.read_json(self.body)
        if not isinstance(value, Mapping):
            raise Refusal(47001)
        return value

    def query(self, name: str) -> str:
        """Give a parameter of the query string, "" if it is missing."""
        return self.request.args.get(name, "")


@dataclass(frozen=True, slots=True)
class File:
    """An answer that is no JSON: a file's bytes, its media type and its name."""

    data: bytes
    mime: str
    name: str


Answer = Mapping[str, object] | File
Run = Callable[[Call], Answer]

OK: Mapping[str, object] = {"errcode": 0, "errmsg": "ok"}


def text(given: Mapping[str, object], name: str, missing: int, wrong: int = 47001) -> str:
    """Read a string; refuse a missing or empty one with `missing`, anything but a string or number with `wrong`."""
    value = given.get(name)
    if value is None or value == "":
        raise Refusal(missing)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refusal(wrong)
    return str(value)


def whole(given: Mapping[str, object], name: str, default: int | None, wrong: int = 40097) -> int:
    """Read a whole number, also one written as a string; refuse anything else, or a missing one without default."""
    value = given.get(name, default)
    if isinstance(value, bool):
        raise Refusal(wrong)
    if isinstance(value, str) and len(value) < 20 and value.isascii() and value.removeprefix("-").isdigit():
        value = int(value)
    if not isinstance(value, int) or abs(value) >= 2**63:
        raise Refusal(wrong)
    return value


def page(given: Mapping[str, object]) -> tuple[int, int]:
    """Read `offset` and `count` of a list; refuse what lies outside 0… and 1–20 with 40097."""
    offset, count = whole(given, "offset", 0), whole(given, "count", None)
    if offset < 0 or not 1 <= count <= LISTED:
        raise Refusal(40097)
    return offset, count
