"""The methods of `Control` over HTTP, for tests in other languages: JSON comes in, JSON goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from wxpub.errors import ConfigError
from wxpub.sandbox.control import Control
from wxpub.sandbox.faults import KINDS
from wxpub.sandbox.store import APPID, Store

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.wrappers import Response

HEADER = "X-Sandbox-Admin"  # no other site's page can send it unasked


def add_to(app: Flask, store: Store) -> None:
    """Add `/sandbox/ACTION` to the application."""

    @app.route("/sandbox/<action>", methods=["GET", "POST"])
    def admin(action: str) -> Response:
        return answer(store, action)


def answer(store: Store, action: str) -> Response:
    """Answer an admin call."""
    import flask

    if HEADER not in flask.request.headers:
        return flask.Response(f"403: send the header {HEADER}: 1\n", 403, mimetype="text/plain")
    given = flask.request.get_json(silent=True, force=True) if flask.request.data else {}
    if not isinstance(given, dict):
        return _json({"error": "the body is no JSON object"}, 400)
    appid = str(given.pop("appid", APPID))
    try:
        control = Control(store, APPID).account(appid)
        if flask.request.method == "GET":
            return _json(_look(control, action))
        _act(control, action, given)
        return _json({"done": action})
    except ConfigError as error:
        return _json({"error": str(error)}, 400)
    except (TypeError, ValueError, KeyError) as error:
        return _json({"error": f"{action}: wrong parameters: {error}"}, 400)


def _look(control: Control, action: str) -> dict[str, object]:
    if action == "state":
        return {
            "now": control.now(),
            "profile": control.profile.to_json(),
            "faults": [fault.to_json() for fault in control.faults()],
            "known_faults": KINDS,
        }
    if action == "calls":
        return {"calls": [asdict(call) for call in control.calls()]}
    raise ConfigError(f"unknown admin call GET /sandbox/{action}", hint="state or calls")


def _act(control: Control, action: str, given: Mapping[str, Any]) -> None:
    if action == "clock":
        control.move_clock(float(given["seconds"]))
    elif action == "fault":
        control.fail(
            str(given["kind"]),
            float(given.get("value", 0)),
            endpoint=str(given.get("endpoint", "*")),
            times=int(given.get("times", 1)),
        )
    elif action == "profile":
        control.set_profile(**given)
    elif action == "quota":
        control.set_quota_left(str(given["path"]), int(given["calls"]))
    elif action == "account":
        control.add_account(str(given["new_appid"]), str(given["secret"]), str(given.get("name", "")))
    elif action in _PLAIN:
        _PLAIN[action](control)
    else:
        known = ["clock", "fault", "profile", "quota", "account", *_PLAIN]
        raise ConfigError(f"unknown admin call POST /sandbox/{action}", hint=f"one of {', '.join(known)}")


_PLAIN = {
    "revoke-tokens": Control.revoke_tokens,
    "expire-tokens": Control.expire_tokens,
    "clear-faults": Control.clear_faults,
    "clear-calls": Control.clear_calls,
}


def _json(value: object, status: int = 200) -> Response:
    import flask

    return flask.Response(json.dumps(value, ensure_ascii=False) + "\n", status, mimetype="application/json")
