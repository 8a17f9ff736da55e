"""What a test or the account's web page may do that no API call can, by methods or over HTTP: `POST /sandbox/ACTION`.

Move the clock, set faults, change the account, read the log, act as somebody does in the web console.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import flask

from wxpub.errors import ConfigError
from wxpub.language import listed, tr
from wxpub.sandbox import publish
from wxpub.sandbox.call import Endpoint, Refusal
from wxpub.sandbox.store import APPID, FAULTS, QUIRKS, SECRET, Fault, Profile, Store, change, day

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
    """The controls of one account of a sandbox; `table` has the endpoints by their paths."""

    def __init__(self, store: Store, table: Mapping[str, Endpoint], appid: str = APPID) -> None:
        self._store = store
        self._table = table
        self._appid = appid

    # --- the clock ----------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the sandbox's time (seconds since 1970)."""
        return self._store.now()

    def move_clock(self, seconds: float) -> None:
        """Move the sandbox's clock by `seconds`, backwards if negative; raise ConfigError beyond 2000 and 2100."""
        if not EARLIEST <= self.now() + seconds < LATEST:
            raise ConfigError(
                tr("the sandbox's clock cannot be moved by {n} seconds", n=seconds),
                hint=tr("stay within this century"),
            )
        self._store.move_clock(seconds)

    # --- the account --------------------------------------------------------------------------------------------------

    def add_account(self, appid: str, secret: str, name: str = "", **profile: object) -> None:
        """Add an account; `profile` are fields of `Profile`."""
        self._store.add_account(appid, secret, name or appid, change(Profile(), profile))

    def account(self, appid: str) -> Control:
        """Return the controls of another account of this sandbox; raise ConfigError if there is none."""
        if self._store.account(appid) is None:
            raise ConfigError(tr("the sandbox has no account {appid}", appid=appid))
        return Control(self._store, self._table, appid)

    @property
    def profile(self) -> Profile:
        """The account's profile."""
        return self._store.profile(self._appid)

    def set_profile(self, **values: object) -> None:
        """Change fields of the account's `Profile`; raise ConfigError for an unknown name or an impossible value."""
        self._store.change_profile(self._appid, values)

    def revoke_tokens(self) -> None:
        """Replace the account's tokens, as another program does: calls with them are refused with 40001."""
        self._end_tokens(replaced=1)

    def expire_tokens(self) -> None:
        """Let the account's tokens expire: calls with them are refused with 42001."""
        self._end_tokens(replaced=0)

    def _end_tokens(self, replaced: int) -> None:
        sql = "UPDATE token SET expires = min(expires, ?), replaced = ? WHERE appid = ?"
        self._store.run(sql, self.now(), replaced, self._appid)

    def set_quota_left(self, path: str, calls: int) -> None:
        """Leave `calls` of today's quota of an endpoint, as in "/cgi-bin/draft/add"; further ones get 45009."""
        limit = self._table[path].daily if path in self._table else None
        if limit is None:
            raise ConfigError(tr("no daily limit is known for {path!r}", path=path))
        self._store.set_used(self._appid, path, day(self.now()), max(0, limit - calls))

    def quota_used(self, path: str) -> int:
        """Return how many calls of an endpoint were counted today."""
        return self._store.used(self._appid, path, day(self.now()))

    # --- faults and the log -------------------------------------------------------------------------------------------

    def fail(self, kind: str, value: float = 0, *, endpoint: str = "*", times: int = 1) -> None:
        """Let the next `times` calls of `endpoint` (any, if "*") fail as `Fault` says."""
        self._store.add_fault(Fault(kind, value, endpoint, times))

    def faults(self) -> tuple[Fault, ...]:
        """Return the faults that are still to come."""
        return self._store.faults()

    def clear_faults(self) -> None:
        """Forget the faults that are still to come."""
        self._store.run("DELETE FROM fault")

    def calls(self, path: str | None = None) -> tuple[LoggedCall, ...]:
        """Return the API calls since the start of the log, all or those of `path`, oldest first."""
        names = ", ".join(LoggedCall.__slots__)
        sql = f"SELECT {names} FROM call WHERE ?1 IS NULL OR path = ?1 ORDER BY id"  # noqa: S608 - our own names
        return tuple(LoggedCall(*row) for row in self._store.rows(sql, path))

    def clear_calls(self) -> None:
        """Empty the log."""
        self._store.run("DELETE FROM call")

    # --- what is in the account ---------------------------------------------------------------------------------------

    def drafts(self) -> Mapping[str, list[dict[str, object]]]:
        """Return the articles of all drafts by media_id, the latest change first."""
        return {row["media_id"]: json.loads(row["articles"]) for row in self._store.drafts(self._appid)}

    def removed(self, media_id: str, index: int = 0) -> tuple[str, ...]:
        """List what the content filter took out of an article of a draft."""
        text = self._store.value("SELECT traces FROM draft WHERE media_id = ?", media_id)
        if text is None:
            raise ConfigError(tr("the sandbox has no draft {media_id}", media_id=media_id))
        return tuple(entry["what"] for entry in json.loads(text)[index]["removed"])

    def delete_draft(self, media_id: str) -> None:
        """Delete a draft, as somebody does in the web console."""
        self._store.run("DELETE FROM draft WHERE media_id = ? AND appid = ?", media_id, self._appid)

    def edit_draft(self, media_id: str, articles: Sequence[Mapping[str, object]]) -> None:
        """Make `articles` those of a draft, as somebody does in the web console, who may add, move and remove them."""
        traces = json.loads(str(self._store.value("SELECT traces FROM draft WHERE media_id = ?", media_id)))
        traces = [*traces, *(dict(traces[0], removed=[]) for _ in articles)][: len(articles)]
        sql = "UPDATE draft SET articles = ?, traces = ? WHERE media_id = ? AND appid = ?"
        self._store.run(sql, json.dumps(list(articles), ensure_ascii=False), json.dumps(traces), media_id, self._appid)

    def publish(self, media_id: str) -> tuple[str, ...]:
        """Publish a draft at once, as somebody does in the web console; return its articles' permanent addresses."""
        try:
            number = publish.publish_by_hand(self._store, self._appid, media_id)
        except Refusal as refusal:
            raise ConfigError(tr("the sandbox has no draft {media_id}", media_id=media_id)) from refusal
        slugs = self._store.value("SELECT slugs FROM publication WHERE publish_id = ?", number)
        return tuple(publish.permalink(slug) for slug in json.loads(slugs))


class Sandbox(Control):
    """A running sandbox: where it listens, its first account, and everything that tests may want of it."""

    def __init__(self, store: Store, table: Mapping[str, Endpoint], url: str) -> None:
        super().__init__(store, table)
        self.url = url
        self.appid = APPID
        self.secret = SECRET


# --- over HTTP, for tests in other languages --------------------------------------------------------------------------

HEADER = "X-Sandbox-Admin"  # no other site's page can send it unasked


def _state(control: Control) -> dict[str, object]:
    return {
        "now": control.now(),
        "profile": asdict(control.profile),
        "faults": [asdict(fault) for fault in control.faults()],
        "known_faults": FAULTS,
        "known_quirks": QUIRKS,
    }


_LOOKS: Mapping[str, Callable[[Control], dict[str, object]]] = {
    "state": _state,
    "calls": lambda control: {"calls": [asdict(call) for call in control.calls()]},
}
_ACTIONS: Mapping[str, Callable[[Control, Mapping[str, Any]], None]] = {
    "clock": lambda control, given: control.move_clock(float(given["seconds"])),
    "fault": lambda control, given: control.fail(
        str(given["kind"]),
        float(given.get("value", 0)),
        endpoint=str(given.get("endpoint", "*")),
        times=int(given.get("times", 1)),
    ),
    "profile": lambda control, given: control.set_profile(**given),
    "quota": lambda control, given: control.set_quota_left(str(given["path"]), int(given["calls"])),
    "account": lambda control, given: control.add_account(
        str(given["new_appid"]), str(given["secret"]), str(given.get("name", ""))
    ),
    "revoke-tokens": lambda control, given: control.revoke_tokens(),
    "expire-tokens": lambda control, given: control.expire_tokens(),
    "clear-faults": lambda control, given: control.clear_faults(),
    "clear-calls": lambda control, given: control.clear_calls(),
}


def add_to(app: flask.Flask, control: Control) -> None:
    """Add `/sandbox/ACTION` to the application: JSON comes in, JSON goes out."""
    app.add_url_rule("/sandbox/<action>", "admin", lambda action: _answer(control, action), methods=["GET", "POST"])


def _answer(first: Control, action: str) -> flask.Response:
    def answer(value: object, status: int = 200) -> flask.Response:
        return flask.Response(json.dumps(value, ensure_ascii=False) + "\n", status, mimetype="application/json")

    if HEADER not in flask.request.headers:
        return flask.Response(f"403: send the header {HEADER}: 1\n", 403, mimetype="text/plain")
    given = flask.request.get_json(silent=True, force=True) if flask.request.data else {}
    if not isinstance(given, dict):
        return answer({"error": tr("the body is not a JSON object")}, 400)
    method = flask.request.method
    known: Mapping[str, object] = _LOOKS if method == "GET" else _ACTIONS
    if action not in known:
        said = tr("unknown call {call}; there are: {known}", call=f"{method} /sandbox/{action}", known=listed(known))
        return answer({"error": said}, 400)
    try:
        control = first.account(str(given.pop("appid", APPID)))
        if method == "GET":
            return answer(_LOOKS[action](control))
        _ACTIONS[action](control, given)
        return answer({"done": action})
    except ConfigError as error:
        return answer({"error": str(error)}, 400)
    except (TypeError, ValueError, KeyError) as error:
        return answer({"error": tr("{action}: wrong parameters: {reason}", action=action, reason=error)}, 400)
