"""The sandbox's memory: one SQLite file that holds accounts, tokens, media, drafts, articles, quotas, faults and calls.

Everything the sandbox knows is in here, nothing in the process, so that it can be killed at any moment. The file is in
WAL mode with `synchronous=NORMAL`: a commit has reached the operating system before the answer is sent, which is what
survives `kill -9`. Only a power cut could lose the last commits (never the file); a double needs no fsync per call.
It decides nothing about WeChat.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wxpub.sandbox.faults import Fault
from wxpub.sandbox.profiles import Profile

APPID = "wx0000000000000000"
SECRET = "0" * 32

KEPT_CALLS = 2000  # the log keeps this many; a rid can be looked up for seven days anyway
PRUNE_EVERY = 200
SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE account (appid TEXT PRIMARY KEY, secret TEXT NOT NULL, name TEXT NOT NULL, profile TEXT NOT NULL);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE token (
    token TEXT PRIMARY KEY, appid TEXT NOT NULL, kind TEXT NOT NULL, created REAL NOT NULL, expires REAL NOT NULL,
    replaced INTEGER NOT NULL DEFAULT 0, forced INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX token_of ON token (appid, kind, created);
CREATE TABLE file (
    id TEXT PRIMARY KEY, appid TEXT NOT NULL, format TEXT NOT NULL, mime TEXT NOT NULL, data BLOB NOT NULL
);
CREATE TABLE media (
    media_id TEXT PRIMARY KEY, appid TEXT NOT NULL, type TEXT NOT NULL, permanent INTEGER NOT NULL, file TEXT NOT NULL,
    name TEXT NOT NULL, url TEXT NOT NULL, created REAL NOT NULL, description TEXT NOT NULL
);
CREATE INDEX media_of ON media (appid, permanent, type, created);
CREATE TABLE draft (
    media_id TEXT PRIMARY KEY, appid TEXT NOT NULL, articles TEXT NOT NULL, traces TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL
);
CREATE INDEX draft_of ON draft (appid, updated);
CREATE TABLE publication (
    publish_id INTEGER PRIMARY KEY AUTOINCREMENT, appid TEXT NOT NULL, media_id TEXT NOT NULL, article_id TEXT NOT NULL,
    way TEXT NOT NULL, msg_data_id INTEGER NOT NULL, submitted REAL NOT NULL, done REAL NOT NULL,
    status INTEGER NOT NULL, articles TEXT NOT NULL, traces TEXT NOT NULL, slugs TEXT NOT NULL, deleted TEXT NOT NULL
);
CREATE INDEX publication_of ON publication (appid, done);
CREATE INDEX publication_article ON publication (article_id);
CREATE TABLE used (
    appid TEXT NOT NULL, what TEXT NOT NULL, period TEXT NOT NULL, calls INTEGER NOT NULL,
    PRIMARY KEY (appid, what, period)
);
CREATE TABLE fault (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, value REAL NOT NULL, endpoint TEXT NOT NULL,
    remaining INTEGER NOT NULL
);
CREATE TABLE call (
    id INTEGER PRIMARY KEY AUTOINCREMENT, rid TEXT NOT NULL, appid TEXT NOT NULL, at REAL NOT NULL,
    cost_ms INTEGER NOT NULL, ip TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL,
    request TEXT NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL, errcode INTEGER NOT NULL, fault TEXT NOT NULL
);
CREATE INDEX call_rid ON call (rid);
"""


class Store:
    """One SQLite database, shared by all threads of the server through one connection and one lock."""

    def __init__(self, path: Path | None) -> None:
        """Open the database at `path`, made if need be; None keeps it in memory until `close`."""
        self._lock = threading.RLock()
        self._depth = 0
        name = ":memory:" if path is None else str(path)
        self._db = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=30)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        with self.transaction():
            version = self.value("PRAGMA user_version")
            if version > SCHEMA_VERSION:
                raise sqlite3.DatabaseError("made by a later version of wxpub")
            if version < SCHEMA_VERSION:
                for statement in _SCHEMA.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

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

    def run(self, sql: str, *values: object) -> int:
        """Run one statement; give the number of rows that it changed."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def insert(self, sql: str, *values: object) -> int:
        """Run one INSERT; give the new row's number."""
        with self._lock:
            return self._db.execute(sql, values).lastrowid or 0

    def rows(self, sql: str, *values: object) -> Sequence[sqlite3.Row]:
        """Give all rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Give the first row of a query, if there is one."""
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return found

    def value(self, sql: str, *values: object) -> Any:
        """Give the first column of a query's first row, None if there is none."""
        found = self.row(sql, *values)
        return None if found is None else found[0]

    # --- settings and the clock ---------------------------------------------------------------------------------------

    def setting(self, name: str, default: Any = None) -> Any:
        """Give a setting's value."""
        text = self.value("SELECT value FROM setting WHERE name = ?", name)
        return default if text is None else json.loads(text)

    def set_setting(self, name: str, value: object) -> None:
        """Keep a setting."""
        self.run("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, json.dumps(value))

    def now(self) -> float:
        """Give the sandbox's time: the system's, moved by as much as tests asked for (seconds since 1970)."""
        return time.time() + float(self.setting("clock_offset", 0.0))

    def move_clock(self, seconds: float) -> None:
        """Move the sandbox's clock by `seconds`."""
        with self.transaction():
            self.set_setting("clock_offset", float(self.setting("clock_offset", 0.0)) + seconds)

    # --- accounts -----------------------------------------------------------------------------------------------------

    def add_account(self, appid: str, secret: str, name: str, profile: Profile) -> None:
        """Add an account unless it is there."""
        self.run(
            "INSERT OR IGNORE INTO account VALUES (?, ?, ?, ?)", appid, secret, name, json.dumps(profile.to_json())
        )

    def account(self, appid: str) -> sqlite3.Row | None:
        """Give an account's row."""
        return self.row("SELECT * FROM account WHERE appid = ?", appid)

    def profile(self, appid: str) -> Profile:
        """Give an account's profile."""
        text = self.value("SELECT profile FROM account WHERE appid = ?", appid)
        return Profile.from_json(json.loads(text)) if text else Profile()

    def set_profile(self, appid: str, profile: Profile) -> None:
        """Keep an account's profile."""
        self.run("UPDATE account SET profile = ? WHERE appid = ?", json.dumps(profile.to_json()), appid)

    # --- ids ----------------------------------------------------------------------------------------------------------

    @staticmethod
    def new_media_id(appid: str) -> str:
        """Make an id of 64 URL-safe characters, the first 20 the same for all ids of the account, as WeChat's are."""
        prefix = urlsafe_b64encode(hashlib.sha256(appid.encode()).digest()).decode()[:19]
        return "S" + prefix + secrets.token_urlsafe(33)

    # --- quotas -------------------------------------------------------------------------------------------------------

    def used(self, appid: str, what: str, period: str) -> int:
        """Give how often `what` was used in `period`."""
        return int(
            self.value("SELECT calls FROM used WHERE appid = ? AND what = ? AND period = ?", appid, what, period) or 0
        )

    def use(self, appid: str, what: str, period: str, calls: int = 1) -> None:
        """Count `calls` more uses of `what` in `period`."""
        self.run(
            "INSERT INTO used VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
            appid,
            what,
            period,
            calls,
        )

    def set_used(self, appid: str, what: str, period: str, calls: int) -> None:
        """Set how often `what` was used in `period`."""
        self.run("INSERT OR REPLACE INTO used VALUES (?, ?, ?, ?)", appid, what, period, calls)

    # --- faults -------------------------------------------------------------------------------------------------------

    def add_fault(self, fault: Fault) -> None:
        """Keep a fault until it has hit as many calls as it is for."""
        self.run(
            "INSERT INTO fault (kind, value, endpoint, remaining) VALUES (?, ?, ?, ?)",
            fault.kind,
            fault.value,
            fault.endpoint,
            fault.times,
        )

    def faults(self) -> tuple[Fault, ...]:
        """Give the faults that are still to come."""
        return tuple(
            Fault(row["kind"], row["value"], row["endpoint"], row["remaining"])
            for row in self.rows("SELECT * FROM fault ORDER BY id")
        )

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

    def clear_faults(self) -> None:
        """Forget all faults."""
        self.run("DELETE FROM fault")

    # --- the log ------------------------------------------------------------------------------------------------------

    def log(self, **values: object) -> None:
        """Keep one call; the oldest beyond `KEPT_CALLS` are forgotten."""
        names = ", ".join(values)
        with self.transaction():
            number = self.insert(
                f"INSERT INTO call ({names}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608 - our own names
                *values.values(),
            )
            if number % PRUNE_EVERY == 0:
                self.run("DELETE FROM call WHERE id <= ?", number - KEPT_CALLS)
