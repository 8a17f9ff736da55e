"""What tests and the sandbox's own pages may do that no API call can: move the clock, set faults, read the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from wxpub.errors import ConfigError
from wxpub.sandbox import profiles, publish, quotas, tokens
from wxpub.sandbox.answers import Refusal
from wxpub.sandbox.faults import Fault
from wxpub.sandbox.profiles import Profile
from wxpub.sandbox.store import Store

EARLIEST, LATEST = 946_684_800, 4_102_444_800  # 2000 and 2100


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One API call as the log keeps it: tokens and secrets cut short, long bodies cut off."""

    rid: str
    appid: str
    at: float
    cost_ms: int
    method: str
    path: str
    query: str
    request: str
    status: int
    answer: str
    errcode: int
    fault: str


class Control:
    """The strings behind one account of a sandbox."""

    def __init__(self, store: Store, appid: str) -> None:
        self._store = store
        self._appid = appid

    # --- the clock ----------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Give the sandbox's time (seconds since 1970)."""
        return self._store.now()

    def move_clock(self, seconds: float) -> None:
        """Move the sandbox's clock by `seconds`, backwards if negative; raise ConfigError beyond 2000 and 2100."""
        if not EARLIEST <= self.now() + seconds < LATEST:
            raise ConfigError(
                f"the sandbox's clock cannot be moved by {seconds} seconds", hint="stay within this century"
            )
        self._store.move_clock(seconds)

    # --- the account --------------------------------------------------------------------------------------------------

    def add_account(self, appid: str, secret: str, name: str = "", **profile: object) -> None:
        """Add an account; `profile` are fields of `Profile`."""
        self._store.add_account(appid, secret, name or appid, profiles.change(Profile(), profile))

    def account(self, appid: str) -> Control:
        """Give the control of another account of this sandbox; raise ConfigError if there is none."""
        if self._store.account(appid) is None:
            raise ConfigError(f"the sandbox has no account {appid}")
        return Control(self._store, appid)

    @property
    def profile(self) -> Profile:
        """Give the account's profile."""
        return self._store.profile(self._appid)

    def set_profile(self, **values: object) -> None:
        """Change fields of the account's `Profile`; raise ConfigError for an unknown name or an impossible value."""
        with self._store.transaction():
            self._store.set_profile(self._appid, profiles.change(self.profile, values))

    def revoke_tokens(self) -> None:
        """Replace the account's tokens, as another program does: calls with them are refused with 40001."""
        tokens.revoke(self._store, self._appid, 40001)

    def expire_tokens(self) -> None:
        """Let the account's tokens expire: calls with them are refused with 42001."""
        tokens.revoke(self._store, self._appid, 42001)

    def set_quota_left(self, path: str, calls: int) -> None:
        """Leave `calls` of today's quota of an endpoint, as in "/cgi-bin/draft/add"; further ones get 45009."""
        from wxpub.sandbox.endpoints import TABLE

        if path not in TABLE or TABLE[path].daily is None:
            raise ConfigError(f"no daily limit is known for {path!r}")
        limit = TABLE[path].daily or 0
        self._store.set_used(self._appid, path, quotas.day(self.now()), max(0, limit - calls))

    def quota_used(self, path: str) -> int:
        """Give how many calls of an endpoint were counted today."""
        return self._store.used(self._appid, path, quotas.day(self.now()))

    # --- faults and the log -------------------------------------------------------------------------------------------

    def fail(self, kind: str, value: float = 0, *, endpoint: str = "*", times: int = 1) -> None:
        """Let the next `times` calls of `endpoint` (any, if "*") fail as `Fault` tells."""
        self._store.add_fault(Fault(kind, value, endpoint, times))

    def faults(self) -> tuple[Fault, ...]:
        """Give the faults that are still to come."""
        return self._store.faults()

    def clear_faults(self) -> None:
        """Forget the faults that are still to come."""
        self._store.clear_faults()

    def calls(self, path: str | None = None) -> tuple[LoggedCall, ...]:
        """Give the API calls since the start of the log, all or those of `path`, oldest first."""
        names = ", ".join(LoggedCall.__slots__)
        rows = self._store.rows(
            f"SELECT {names} FROM call WHERE ? IS NULL OR path = ? ORDER BY id",  # noqa: S608 - our own names
            path,
            path,
        )
        return tuple(LoggedCall(*row) for row in rows)

    def clear_calls(self) -> None:
        """Empty the log."""
        self._store.run("DELETE FROM call")

    # --- what is in the account ---------------------------------------------------------------------------------------

    def drafts(self) -> Mapping[str, list[dict[str, object]]]:
        """Give the articles of all drafts by media_id, the latest change first."""
        rows = self._store.rows("SELECT * FROM draft WHERE appid = ? ORDER BY updated DESC, rowid DESC", self._appid)
        return {row["media_id"]: json.loads(row["articles"]) for row in rows}

    def removed(self, media_id: str, index: int = 0) -> tuple[str, ...]:
        """Tell what the content filter took out of an article of a draft."""
        text = self._store.value("SELECT traces FROM draft WHERE media_id = ?", media_id)
        if text is None:
            raise ConfigError(f"the sandbox has no draft {media_id}")
        return tuple(entry["what"] for entry in json.loads(text)[index]["removed"])

    def delete_draft(self, media_id: str) -> None:
        """Delete a draft, as somebody does in the web console."""
        self._store.run("DELETE FROM draft WHERE media_id = ? AND appid = ?", media_id, self._appid)

    def publish(self, media_id: str) -> tuple[str, ...]:
        """Publish a draft, as somebody does in the web console; give its articles' permanent addresses."""
        try:
            number = publish.publish(self._store, self._appid, Profile(), media_id, "freepublish", self.now())
        except Refusal as refusal:
            raise ConfigError(f"the sandbox has no draft {media_id}") from refusal
        slugs = self._store.value("SELECT slugs FROM publication WHERE publish_id = ?", number)
        return tuple(publish.permalink(slug) for slug in json.loads(slugs))
