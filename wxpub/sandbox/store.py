"""The sandbox's state: accounts and their settings, media, drafts, publications, quotas, faults and the log of calls.

Everything the sandbox knows is in one SQLite file, nothing in the process, so that it can be killed at any moment. The
file is in WAL mode with `synchronous=NORMAL`: a commit has reached the operating system before the answer is sent,
which is what survives `kill -9`. Only a power cut could lose the last commits (never the file); a double needs no fsync
per call. What WeChat would answer is decided elsewhere.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import secrets
import sqlite3
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from wxpub import limits
from wxpub.errors import ConfigError
from wxpub.language import listed, tr

APPID = "wx0000000000000000"
SECRET = "0" * 32

# --- what an account may be and do ------------------------------------------------------------------------------------

_EVERYTHING = frozenset({"draft", "publish", "mass", "preview", "comment"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What an account of one kind may do, and how often it may send to all its followers."""

    may: frozenset[str]
    mass_sends: int = 0
    mass_period: str = "day"


# developers.weixin.qq.com "发布能力": since July 2025 personal and uncertified accounts lost all publish APIs; drafts
# still work for them in practice. An expired certification was seen to cost draft/add too (staff reply, 2026-03).
KINDS = {
    "personal": Kind(frozenset({"draft"})),
    "verified": Kind(_EVERYTHING, 1, "day"),
    "service": Kind(_EVERYTHING, 4, "month"),
    "expired": Kind(frozenset()),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The sizes on which the documentation and measurements differ."""

    title_chars: int
    content_chars: int | None
    temporary_image_bytes: int


LIMITS = {
    "measured": Limits(limits.TITLE_CHARS, None, limits.MATERIAL_IMAGE_BYTES),
    # The page of media/upload names both 2 MB and 10 MB for an image; this is the stricter reading.
    "documented": Limits(limits.TITLE_CHARS_DOCUMENTED, limits.CONTENT_CHARS, 2 * 1024 * 1024),
}

# What is wrong with the account as a whole: errcode of the token endpoints, errcode of all others.
CONDITIONS: dict[str, tuple[int | None, int | None]] = {
    "normal": (None, None),
    "secret-frozen": (40243, None),
    "punished": (50004, 48004),
    "frozen": (50007, 50002),
    "unconfirmed-ip": (89503, None),
    "confirmation-pending": (89501, None),
    "refused-for-a-day": (89506, None),
    "refused-for-an-hour": (89507, None),
}

# What WeChat may do to articles and lists without saying so. None of it is documented; each can be switched on, so that
# a client can be shown to survive it.
QUIRKS = {
    "drop-data": "storing an article drops the data-* attributes that are not the editor's own",
    "empty-content": "an article is stored without its content",
    "other-text": "an article is stored with another text in place of its first words",
    "drop-article": "of several articles the last one is not stored",
    "attributes-vary": "attributes are added, reordered and spaced differently at each reading",
    "pictures-vary": "pictures have another host and query at each reading",
    "colours-vary": "colours are written in another notation at each reading",
    "late-list": "a draft or publication is not listed during its first minute",
    "total-20": "total_count of a list is never more than 20",
    "no-total": "lists have no total_count",
    "order-varies": "lists come in another order each time",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """How one account behaves.

    `kind` decides 48001 and 88000; `limits` is "measured" or "documented". `charset` says what a `\\uXXXX` escape in an
    article's text becomes: "literal" (six characters, as WeChat stores it), "refused" (40033) or "decoded" (as JSON
    says). `content_type`: "observed" (JSON or text/plain by endpoint, as users met them), "json" or "text".
    `whitelist` holds addresses and CIDR networks, None means switched off; `client_ip` is the address that the sandbox
    pretends to see. `propagation` is the time in seconds until an uploaded material can be used. `quotas` switches
    45009 and 45011 on; `publish_seconds` is how long publishing takes and `publish_status` how it ends; `draft_leaves`
    says when a draft that is published leaves the draft box: at "submit", when it is "done", or "never".
    `thumb_covers` takes type=thumb material as a cover; `uploadimg_errcode` adds errcode 0 to uploadimg's answer;
    `external_links` keeps links to other sites; `secret_error` is the errcode of a wrong AppSecret; `quirks` are keys
    of `QUIRKS`.
    """

    kind: str = "verified"
    limits: str = "measured"
    condition: str = "normal"
    charset: str = "literal"
    content_type: str = "observed"
    whitelist: tuple[str, ...] | None = None
    client_ip: str = ""
    propagation: float = 0.0
    quotas: bool = True
    publish_seconds: float = 0.0
    publish_status: int = 0
    draft_leaves: str = "done"
    thumb_covers: bool = False
    uploadimg_errcode: bool = False
    external_links: bool = False
    secret_error: int = 40125
    quirks: tuple[str, ...] = ()

    def may(self, permission: str) -> bool:
        """Whether an account of this kind may call what needs `permission`."""
        return not permission or permission in KINDS[self.kind].may

    def sizes(self) -> Limits:
        """Return the sizes that this profile enforces."""
        return LIMITS[self.limits]

    def lets_in(self, address: str) -> bool:
        """Whether `address` is on the IP whitelist, or the whitelist is off."""
        if self.whitelist is None:
            return True
        ip = ipaddress.ip_address(address)
        return any(ip in ipaddress.ip_network(entry, strict=False) for entry in self.whitelist)

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Profile:
        """Read what `asdict` made, perhaps in another version: fields that no longer exist are left out."""
        known = {field.name for field in fields(cls)}
        return change(cls(), {name: value for name, value in values.items() if name in known})


_CHOICES: dict[str, tuple[object, ...]] = {
    "kind": tuple(KINDS),
    "limits": tuple(LIMITS),
    "condition": tuple(CONDITIONS),
    "charset": ("literal", "refused", "decoded"),
    "content_type": ("observed", "json", "text"),
    "publish_status": (0, 2, 3, 4),
    "draft_leaves": ("done", "submit", "never"),
    "secret_error": (40125, 40001),
}


def change(profile: Profile, values: Mapping[str, object]) -> Profile:
    """Return `profile` with `values` in place of its own; raise ConfigError for an unknown name or value."""
    known = {field.name for field in fields(Profile)}
    clean: dict[str, object] = {}
    for name, value in values.items():
        if name not in known:
            raise ConfigError(
                tr("unknown sandbox setting {name!r}", name=name),
                hint=tr("known: {names}", names=listed(sorted(known))),
            )
        clean[name] = _checked(name, value, getattr(profile, name))
    return replace(profile, **clean)  # type: ignore[arg-type]  # each value was checked by its name


def _checked(name: str, value: object, example: object) -> object:
    """Check one setting; `example` is its present value, which shows the type."""

    def wrong(hint: str) -> ConfigError:
        return ConfigError(tr("sandbox setting {name}: {value!r} is not possible", name=name, value=value), hint=hint)

    if name in _CHOICES:
        if value not in _CHOICES[name] or isinstance(value, bool):
            raise wrong(tr("one of: {choices}", choices=listed(map(str, _CHOICES[name]))))
        return value
    if name == "quirks":
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each in QUIRKS for each in value):
            raise wrong(tr("a list of: {choices}", choices=listed(QUIRKS)))
        return tuple(dict.fromkeys(value))
    if name == "whitelist":
        return None if value is None else _networks(value)
    if name == "client_ip":
        return _networks([value])[0] if value else ""
    if isinstance(example, bool):
        if not isinstance(value, bool):
            raise wrong(tr("true or false"))
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**9:
        raise wrong(tr("a number of seconds"))
    return float(value)


def _networks(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ConfigError(
            tr("sandbox setting {name}: {value!r} is not possible", name="whitelist", value=value),
            hint=tr("a list of addresses or CIDR networks"),
        )
    return tuple(_network(entry) for entry in value)


def _network(entry: object) -> str:
    try:
        ipaddress.ip_network(str(entry), strict=False)
    except ValueError as error:
        raise ConfigError(tr("not an address or network: {entry!r}", entry=entry)) from error
    return str(entry)


# --- faults -----------------------------------------------------------------------------------------------------------

FAULTS = {
    "errcode": "answer with this errcode instead of acting",
    "status": "answer with this HTTP status and an HTML page instead of acting",
    "html": "act, then answer with an HTML page instead of JSON",
    "empty": "act, then answer with an empty body",
    "delay": "wait this many seconds before acting",
    "slow": "act, then wait this many seconds before answering",
    "cut-before": "close the connection before acting: nothing happened",
    "cut-while": "close the connection, then act this many seconds later",
    "cut-after": "act, then close the connection without an answer",
    "half": "act, then send half of the answer and close the connection",
    "too-long": "act, then announce more bytes than are sent and close the connection",
    "too-short": "act, then announce fewer bytes than the answer has",
}
MOST_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail: `kind` is a key of `FAULTS`, `value` its errcode, HTTP status or seconds.

    `endpoint` is a path as in "/cgi-bin/draft/add", or "*"; `times` how many calls it will hit.
    """

    kind: str
    value: float = 0
    endpoint: str = "*"
    times: int = 1

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ConfigError(
                tr("unknown fault {kind!r}", kind=self.kind), hint=tr("one of: {choices}", choices=listed(FAULTS))
            )
        if self.kind == "status" and not 400 <= self.value <= 599:
            raise self._wrong(self.value, tr("an HTTP status from 400 to 599"))
        if self.kind in {"delay", "slow", "cut-while"} and not 0 <= self.value <= MOST_SECONDS:
            raise self._wrong(self.value, tr("seconds, at most {most:.0f}", most=MOST_SECONDS))
        if self.kind == "errcode" and (self.value == 0 or self.value % 1 != 0):
            raise self._wrong(self.value, tr("an errcode other than 0"))
        if self.times < 1:
            raise ConfigError(
                tr("fault {kind}: {value!r} is not possible", kind="times", value=self.times), hint=tr("at least 1")
            )

    def _wrong(self, value: float, hint: str) -> ConfigError:
        return ConfigError(tr("fault {kind}: {value!r} is not possible", kind=self.kind, value=value), hint=hint)


# --- days, as WeChat counts them --------------------------------------------------------------------------------------

BEIJING = timezone(timedelta(hours=8))


def day(now: float) -> str:
    """Return the Beijing day of a time, as in 2026-11-20."""
    return datetime.fromtimestamp(now, BEIJING).strftime("%Y-%m-%d")


def month(now: float) -> str:
    """Return the Beijing month of a time, as in 2026-11."""
    return day(now)[:7]


def minute(now: float) -> str:
    """Return the minute of a time."""
    return datetime.fromtimestamp(now, BEIJING).strftime("%Y-%m-%dT%H:%M")


# --- the file ---------------------------------------------------------------------------------------------------------

KEPT_CALLS = 2000  # the log keeps this many; a rid can be looked up for seven days anyway
PRUNE_EVERY = 200
SCHEMA_VERSION = 2

# One step for each version after schema.sql, the first. `leaves` is when the draft leaves the draft box, NULL while
# nobody has published it.
_STEPS = ("ALTER TABLE draft ADD COLUMN leaves REAL",)
_TABLES = {"account", "setting", "token", "file", "media", "draft", "publication", "used", "fault", "call"}

IN_BOX = "(leaves IS NULL OR leaves > ?)"  # of table draft, with the time


class Store:
    """One SQLite database, shared by all threads of the server through one connection and one lock."""

    def __init__(self, path: Path | None) -> None:
        """Open the database at `path`, creating it if need be; None keeps it in memory until `close`.

        Raise sqlite3.Error if the file is not a database, not a sandbox's, or a later version's.
        """
        self._lock = threading.RLock()
        self._depth = 0
        name = ":memory:" if path is None else str(path)
        self._db = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=30)
        self._db.row_factory = sqlite3.Row
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        version = self._version()  # before anything is written: the file may be another program's
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        if version < SCHEMA_VERSION:
            with self.transaction():
                version = self._version()
                schema = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
                for statement in (*(schema.split(";\n") if version == 0 else ()), *_STEPS[max(0, version - 1) :]):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def _version(self) -> int:
        # In one statement: another process may be creating the tables just now.
        sql = "SELECT user_version, (SELECT group_concat(name) FROM sqlite_master WHERE type = 'table') AS tables"
        row = self.rows(sql + " FROM pragma_user_version")[0]
        version, tables = int(row["user_version"]), set((row["tables"] or "").split(","))
        if version > SCHEMA_VERSION:
            raise sqlite3.DatabaseError(tr("it was made by a later version of wxpub"))
        if (row["tables"] and not version) or (version and not tables >= _TABLES):
            raise sqlite3.DatabaseError(tr("it is a database of another program"))
        return version

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    # --- SQL ----------------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside one durable step; nested ones join the outermost."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def run(self, sql: str, *values: object) -> None:
        """Run one statement."""
        with self._lock:
            self._db.execute(sql, values)

    def insert(self, table: str, **values: object) -> int:
        """Insert a row and return its number."""
        marks = ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"  # noqa: S608 - our own names
        with self._lock:
            return self._db.execute(sql, tuple(values.values())).lastrowid or 0

    def rows(self, sql: str, *values: object) -> Sequence[sqlite3.Row]:
        """Return all rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a query, if there is one."""
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return found

    def value(self, sql: str, *values: object) -> Any:
        """Return the first column of a query's first row, None if there is none."""
        found = self.row(sql, *values)
        return None if found is None else found[0]

    # --- settings and the clock ---------------------------------------------------------------------------------------

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a setting's value."""
        text = self.value("SELECT value FROM setting WHERE name = ?", name)
        return default if text is None else json.loads(text)

    def set_setting(self, name: str, value: object) -> None:
        """Keep a setting."""
        self.run("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, json.dumps(value))

    def now(self) -> float:
        """Return the sandbox's time: the system's, moved by as much as tests asked for (seconds since 1970)."""
        return time.time() + float(self.setting("clock_offset", 0.0))

    def move_clock(self, seconds: float) -> None:
        """Move the sandbox's clock by `seconds`."""
        with self.transaction():
            self.set_setting("clock_offset", float(self.setting("clock_offset", 0.0)) + seconds)

    # --- accounts -----------------------------------------------------------------------------------------------------

    def add_account(self, appid: str, secret: str, name: str, profile: Profile) -> None:
        """Add an account unless it exists."""
        text = json.dumps(asdict(profile))
        self.run("INSERT OR IGNORE INTO account VALUES (?, ?, ?, ?)", appid, secret, name, text)

    def account(self, appid: str) -> sqlite3.Row | None:
        """Return an account's row."""
        return self.row("SELECT * FROM account WHERE appid = ?", appid)

    def profile(self, appid: str) -> Profile:
        """Return an account's profile, the usual one if there is no such account."""
        text = self.value("SELECT profile FROM account WHERE appid = ?", appid)
        return Profile.from_json(json.loads(text)) if text else Profile()

    def change_profile(self, appid: str, values: Mapping[str, object]) -> None:
        """Change fields of an account's profile; raise ConfigError for an unknown name or value."""
        with self.transaction():
            profile = change(self.profile(appid), values)
            self.run("UPDATE account SET profile = ? WHERE appid = ?", json.dumps(asdict(profile)), appid)

    def drafts(self, appid: str) -> Sequence[sqlite3.Row]:
        """Return what is in an account's draft box, the latest change first."""
        sql = f"SELECT * FROM draft WHERE appid = ? AND {IN_BOX} ORDER BY updated DESC, rowid DESC"  # noqa: S608 - ours
        return self.rows(sql, appid, self.now())

    def draft(self, media_id: str, appid: str | None = None) -> sqlite3.Row | None:
        """Return a draft that is in the draft box, of any account if `appid` is None."""
        sql = f"SELECT * FROM draft WHERE media_id = ? AND {IN_BOX}"  # noqa: S608 - our own words
        found = self.row(sql, media_id, self.now())
        return found if found is None or appid in (None, found["appid"]) else None

    @staticmethod
    def new_media_id(appid: str) -> str:
        """Make an id of 64 URL-safe characters, the first 20 the same for all ids of the account, as WeChat's are."""
        prefix = urlsafe_b64encode(hashlib.sha256(appid.encode()).digest()).decode()[:19]
        return "S" + prefix + secrets.token_urlsafe(33)

    # --- quotas -------------------------------------------------------------------------------------------------------

    def used(self, appid: str, what: str, period: str = "") -> int:
        """Return how often `what` was used in `period`."""
        sql = "SELECT calls FROM used WHERE appid = ? AND what = ? AND period = ?"
        return int(self.value(sql, appid, what, period) or 0)

    def use(self, appid: str, what: str, period: str = "", most: int | None = None) -> bool:
        """Count one more use of `what` in `period`, unless there were `most` already; return whether it was counted."""
        with self.transaction():
            if most is not None and self.used(appid, what, period) >= most:
                return False
            if "T" in period:  # a minute: nobody asks for the ones before
                sql = "DELETE FROM used WHERE appid = ? AND what = ? AND period LIKE '%T%' AND period != ?"
                self.run(sql, appid, what, period)
            sql = "INSERT INTO used VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET calls = calls + 1"
            self.run(sql, appid, what, period)
            return True

    def set_used(self, appid: str, what: str, period: str, calls: int) -> None:
        """Set how often `what` was used in `period`."""
        self.run("INSERT OR REPLACE INTO used VALUES (?, ?, ?, ?)", appid, what, period, calls)

    # --- faults and the log -------------------------------------------------------------------------------------------

    def add_fault(self, fault: Fault) -> None:
        """Keep a fault until it has hit as many calls as it is for."""
        self.insert("fault", kind=fault.kind, value=fault.value, endpoint=fault.endpoint, remaining=fault.times)

    def faults(self) -> tuple[Fault, ...]:
        """Return the faults that are still to come."""
        rows = self.rows("SELECT kind, value, endpoint, remaining FROM fault ORDER BY id")
        return tuple(Fault(*row) for row in rows)

    def take_fault(self, endpoint: str) -> tuple[Fault, ...]:
        """Take the oldest fault that hits a call of `endpoint`, if there is one."""
        if not self.value("SELECT 1 FROM fault LIMIT 1"):
            return ()
        with self.transaction():
            row = self.row("SELECT * FROM fault WHERE endpoint IN (?, '*') ORDER BY id LIMIT 1", endpoint)
            if row is None:
                return ()
            self.run("UPDATE fault SET remaining = remaining - 1 WHERE id = ?", row["id"])
            self.run("DELETE FROM fault WHERE remaining < 1")
            return (Fault(row["kind"], row["value"], row["endpoint"], 1),)

    def log(self, **values: object) -> None:
        """Keep one call; the oldest beyond `KEPT_CALLS` are forgotten."""
        with self.transaction():
            number = self.insert("call", **values)
            if number % PRUNE_EVERY == 0:
                self.run("DELETE FROM call WHERE id <= ?", number - KEPT_CALLS)
