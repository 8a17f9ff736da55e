"""Access tokens: an account comes in, a token and its remaining seconds go out; and the other way round.

Classic and stable tokens live apart (api_getstableaccesstoken): a new one of a kind leaves its predecessor five more
minutes, `force_refresh` leaves it none.
"""

from __future__ import annotations

import re
import secrets

from wxpub.sandbox import quotas
from wxpub.sandbox.answers import Refusal
from wxpub.sandbox.store import Store

SECONDS = 7200
OVERLAP = 300  # old and new token both work for five minutes
FORCE_PAUSE = 30  # a forced refresh sooner than this after the last one changes nothing

_SHAPE = re.compile(r"\d{1,4}_[A-Za-z0-9_-]{100,}\Z")


def classic(store: Store, appid: str) -> tuple[str, int]:
    """Make a new classic token; its predecessor lives five more minutes, older ones die."""
    now = store.now()
    with store.transaction():
        store.run(
            "UPDATE token SET expires = min(expires, ?), replaced = 1 WHERE appid = ? AND kind = 'classic'",
            now + OVERLAP,
            appid,
        )
        return _new(store, appid, "classic", now), SECONDS


def stable(store: Store, appid: str, force: bool) -> tuple[str, int]:
    """Give the stable token with its remaining seconds: renewed in its last five minutes, or by force."""
    now = store.now()
    with store.transaction():
        row = store.row(
            "SELECT * FROM token WHERE appid = ? AND kind = 'stable' AND replaced = 0 AND expires > ? "
            "ORDER BY created DESC LIMIT 1",
            appid,
            now + OVERLAP,
        )
        if force:
            forced = store.value("SELECT max(created) FROM token WHERE appid = ? AND forced = 1", appid)
            if row is None or forced is None or now - float(forced) >= FORCE_PAUSE:
                _count_forced(store, appid, now)
                store.run("UPDATE token SET expires = ?, replaced = 1 WHERE appid = ? AND kind = 'stable'", now, appid)
                return _new(store, appid, "stable", now, forced=1), SECONDS
        if row is not None:
            return row["token"], int(row["expires"] - now)
        return _new(store, appid, "stable", now), SECONDS


def _count_forced(store: Store, appid: str, now: float) -> None:
    if store.used(appid, "force_refresh", quotas.day(now)) >= quotas.FORCED_A_DAY:
        raise Refusal(45009)
    store.use(appid, "force_refresh", quotas.day(now))


def _new(store: Store, appid: str, kind: str, now: float, forced: int = 0) -> str:
    token = f"95_{secrets.token_urlsafe(102)}"
    store.run("DELETE FROM token WHERE appid = ? AND expires < ?", appid, now - 86400)
    store.run("INSERT INTO token VALUES (?, ?, ?, ?, ?, 0, ?)", token, appid, kind, now, now + SECONDS, forced)
    return token


def owner(store: Store, token: str | None) -> str:
    """Give the AppID that `token` belongs to; refuse what is missing, malformed, replaced or expired."""
    if not token:
        raise Refusal(41001)
    if not _SHAPE.match(token):
        raise Refusal(40014)
    row = store.row("SELECT * FROM token WHERE token = ?", token)
    if row is None:
        raise Refusal(40001)
    if row["expires"] <= store.now():
        raise Refusal(40001 if row["replaced"] else 42001)
    return str(row["appid"])


def revoke(store: Store, appid: str, errcode: int) -> None:
    """Kill all tokens of an account: as replaced by another program (40001) or as expired (42001)."""
    now = store.now()
    store.run(
        "UPDATE token SET expires = min(expires, ?), replaced = ? WHERE appid = ?", now, int(errcode == 40001), appid
    )
