"""One API call: who calls what, how its parameters are read, and the words in which WeChat answers or refuses.

The errcodes and their texts are in errcodes.txt. Limits of calls a day: the official page on call limits, for new
accounts; None where no number is published.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from wxpub.sandbox.store import Profile, Store

# --- errcodes ---------------------------------------------------------------------------------------------------------

# What follows a message: gateway and token errors carry a request id, errors about content and material a hint as well.
RID = "rid"
HINT = "hint"


def _read_messages() -> Mapping[int, tuple[str, str]]:
    lines = Path(__file__).with_name("errcodes.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split(" ", 2) for line in lines if not line.startswith("#"))
    return {int(code): (form, text) for code, form, text in rows}


# errcode -> (what follows the message, the message as far as public reports show it)
MESSAGES = _read_messages()

_ALNUM = string.ascii_letters + string.digits


class Refusal(Exception):
    """End a call with an errcode; `values` fill the placeholders of its message."""

    def __init__(self, errcode: int, message: str | None = None, **values: str) -> None:
        self.errcode = errcode
        self.message = MESSAGES[errcode][1].format(**values) if message is None else message
        super().__init__(f"{errcode} {self.message}")


def make_rid(now: float) -> str:
    """Make a request id: three groups of hex digits, the first the time of the request (seconds since 1970)."""
    return f"{int(now) & 0xFFFFFFFF:08x}-{random.getrandbits(32):08x}-{random.getrandbits(32):08x}"


def refuse(errcode: int, message: str, rid: str) -> dict[str, object]:
    """Build the body of a refusal: `errcode`, then `errmsg` with the suffix that this kind of error carries."""
    form, _ = MESSAGES.get(errcode, (RID, ""))
    if form == HINT:
        letters = "".join(random.choices(_ALNUM, k=4))  # noqa: S311 - looks random, protects nothing
        message += f" hint: [{letters}{random.randrange(10**7):07d}-{random.randrange(10)}]"  # noqa: S311 - the same
    return {"errcode": errcode, "errmsg": f"{message} rid: {rid}"}


# --- endpoints --------------------------------------------------------------------------------------------------------

GET, POST = "GET", "POST"
JSON, TEXT = "application/json; encoding=utf-8", "text/plain"
UNPUBLISHED_LIMIT = 100_000  # what openapi/quota/get shows where no limit is published; never enforced


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How one endpoint is asked, who answers, how often a day, and what an account must be allowed.

    `mime` is the Content-Type that users saw, `token` whether it takes an access token.
    """

    path: str
    method: str
    run: Run
    daily: int | None = None
    needs: str = ""
    mime: str = JSON
    token: bool = True

    @property
    def shown_limit(self) -> int:
        """The calls a day that openapi/quota/get tells."""
        return UNPUBLISHED_LIMIT if self.daily is None else self.daily


# --- a call and its parameters ----------------------------------------------------------------------------------------


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
    table: Mapping[str, Endpoint]

    def json(self) -> Mapping[str, object]:
        """Return the JSON object of the body; refuse an empty body (44002) or anything else (47001)."""
        return mapping(read_json(self.body))

    def query(self, name: str) -> str:
        """Return a parameter of the query string, "" if it is missing."""
        return self.request.args.get(name, "")


@dataclass(frozen=True, slots=True)
class File:
    """An answer that is not JSON: a file's bytes, its media type and its name."""

    data: bytes
    mime: str
    name: str


Answer = Mapping[str, object] | File
Run = Callable[[Call], Answer]

OK: Mapping[str, object] = {"errcode": 0, "errmsg": "ok"}


_ESCAPE = re.compile(rb"(?<!\\)(\\\\)*\\u(?!00[01])(?=[0-9a-fA-F]{4})")


def read_articles(body: bytes, charset: str) -> object:
    """Parse the raw body of draft/add or draft/update.

    A `\\uXXXX` escape in it is not a character to WeChat: with charset "literal" it stays the six characters that were
    sent, with "refused" the call ends with 40033, with "decoded" it is what JSON says. Escapes of control characters,
    which JSON cannot do without, are always decoded.
    """
    if charset != "decoded" and _ESCAPE.search(body):
        if charset == "refused":
            raise Refusal(40033)
        body = _ESCAPE.sub(lambda match: (match.group(1) or b"") + rb"\\u", body)
    return read_json(body)


def read_json(body: bytes) -> object:
    """Parse a JSON body; refuse an empty one (44002) and what is not JSON in UTF-8 (47001)."""
    if not body.strip():
        raise Refusal(44002)
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
        # A lone surrogate is not text: it could be neither stored nor sent back.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise Refusal(47001) from error
    return value


def _no_constant(name: str) -> object:
    raise ValueError(name)


def mapping(value: object) -> Mapping[str, object]:
    """Return `value` if it is a JSON object; refuse anything else with 47001."""
    if not isinstance(value, Mapping):
        raise Refusal(47001)
    return value


def text(given: Mapping[str, object], name: str, missing: int | None = None, wrong: int = 47001) -> str:
    """Read a string, which may come as a number; refuse any other type with `wrong`.

    A missing or empty one is refused with `missing`, or read as "" if that is None.
    """
    value = given.get(name)
    if value is None or value == "":
        if missing is not None:
            raise Refusal(missing)
        return ""
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


# --- lists ------------------------------------------------------------------------------------------------------------

LISTED = 20  # batchget: count is 1 to 20
LATE_SECONDS = 60  # quirk "late-list"


def listing(
    call: Call,
    given: Mapping[str, object],
    rows: str,
    values: tuple[object, ...],
    item: Callable[[sqlite3.Row], Mapping[str, object]],
    time: str = "created",
) -> Answer:
    """Answer a `batchget`: one page of `rows`, latest first.

    `rows` is SQL from the table's name on, filled with `values`; `time` is the column to sort by. `offset` below 0 and
    `count` outside 1 to 20 are refused with 40097.
    """
    offset, count = whole(given, "offset", 0), whole(given, "count", None)
    if offset < 0 or not 1 <= count <= LISTED:
        raise Refusal(40097)
    quirks, order = call.profile.quirks, f"{time} DESC, rowid DESC"
    if "late-list" in quirks:
        rows, values = f"{rows} AND {'done' if time == 'done' else 'created'} <= ?", (*values, call.now - LATE_SECONDS)
    if "order-varies" in quirks:
        call.store.use(call.appid, "lists")
        order = f"(rowid * 37 + {call.store.used(call.appid, 'lists') * 17}) % 101, rowid"
    found = call.store.rows(f"SELECT * FROM {rows} ORDER BY {order} LIMIT ? OFFSET ?", *values, count, offset)  # noqa: S608 - our own words
    total = int(call.store.value(f"SELECT count(*) FROM {rows}", *values))  # noqa: S608 - our own words
    told = {} if "no-total" in quirks else {"total_count": min(total, LISTED) if "total-20" in quirks else total}
    return {**told, "item_count": len(found), "item": [item(row) for row in found]}
