"""Quotas: an account and an endpoint come in, the call is counted or refused; days and months are Beijing's."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from wxpub.sandbox.answers import Refusal
from wxpub.sandbox.store import Store

BEIJING = timezone(timedelta(hours=8))

TOKEN_A_MINUTE = 10_000  # stable_token: api_getstableaccesstoken
FORCED_A_DAY = 20  # stable_token with force_refresh
CLEARED_A_MONTH = 10  # clear_quota and clear_quota/v2 together: api_clearquota
CLEARED_PATHS_A_MONTH = 50  # openapi/quota/clear: api_clearapiquota


def day(now: float) -> str:
    """Give the Beijing day of a time, as in 2026-11-20."""
    return datetime.fromtimestamp(now, BEIJING).strftime("%Y-%m-%d")


def month(now: float) -> str:
    """Give the Beijing month of a time, as in 2026-11."""
    return day(now)[:7]


def minute(now: float) -> str:
    """Give the minute of a time."""
    return datetime.fromtimestamp(now, BEIJING).strftime("%Y-%m-%dT%H:%M")


def count(store: Store, appid: str, path: str, daily: int | None, now: float) -> None:
    """Count one call of `path`; refuse with 45009 when the `daily` calls are used up (None: never)."""
    with store.transaction():
        if daily is not None and store.used(appid, path, day(now)) >= daily:
            raise Refusal(45009)
        store.use(appid, path, day(now))


def count_minute(store: Store, appid: str, path: str, most: int, now: float) -> None:
    """Count one call of `path`; refuse with 45011 when the minute's calls are used up."""
    period = minute(now)
    with store.transaction():
        if store.used(appid, path, period) >= most:
            raise Refusal(45011)
        store.run(
            "DELETE FROM used WHERE appid = ? AND what = ? AND period LIKE '%T%' AND period != ?", appid, path, period
        )
        store.use(appid, path, period)
