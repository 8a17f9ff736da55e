"""One API call from request to answer: an HTTP request comes in, an HTTP response goes out, faults and log included.

What WeChat's gateway does for every endpoint is here, in its order: path, token, method, the account's state, quota.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from wxpub.errors import ConfigError
from wxpub.sandbox import faults, quotas, tokens
from wxpub.sandbox.answers import MESSAGES, Refusal, make_rid, refuse
from wxpub.sandbox.call import Answer, Call, File
from wxpub.sandbox.endpoints import GET, JSON, TABLE, TEXT
from wxpub.sandbox.faults import Fault
from wxpub.sandbox.profiles import CONDITIONS
from wxpub.sandbox.store import Store
from wxpub.sandbox.wire import WIRE, Wire

if TYPE_CHECKING:
    from flask import Request
    from werkzeug.wrappers import Response

FAULT_HEADER = "X-Sandbox-Fault"
HTML_PAGE = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>502 Bad Gateway</body>\r\n</html>\r\n"
LOGGED = 65_536  # characters of a request or an answer that the log keeps

_APPID = re.compile(rb'"appid"\s*:\s*"([A-Za-z0-9_-]{1,64})"')
_TOKEN = re.compile(r"(access_token(?:=|\"\s*:\s*\"))([^&\"]{1,4})[^&\"]*")
_SECRET = re.compile(r"(secret(?:=|\"\s*:\s*\"))[^&\"]+")


class Exchange:
    """A call and what is learned about it while it is answered."""

    def __init__(self, store: Store, request: Request, on_call: Callable[[str], None] | None) -> None:
        self.store = store
        self.request = request
        self.on_call = on_call
        self.started = time.perf_counter()
        self.now = store.now()
        self.rid = make_rid(self.now)
        self.body = request.get_data(cache=True)
        self.endpoint = TABLE.get(request.path)
        self.appid = ""
        self.playing: tuple[Fault, ...] = ()

    def answer(self) -> Response:
        """Answer the call, play its faults, and log it."""
        import flask

        try:
            asked = faults.read(self.request.headers.get(FAULT_HEADER, ""))
        except ConfigError as error:
            return flask.Response(f"400: {error}\n", 400, mimetype="text/plain")
        self.playing = (*asked, *self.store.take_fault(self.request.path))
        wire: Wire = self.request.environ[WIRE]
        if found := self._plays("delay"):
            wire.pause(found.value)
        if self._plays("cut-before"):
            wire.hang_up()
            return flask.Response()
        if found := self._plays("cut-while"):
            wire.hang_up()
            wire.pause(found.value)
        response = self._outcome()
        if found := self._plays("slow"):
            wire.pause(found.value)
        self._log(response)
        if self._plays("cut-after"):
            wire.hang_up()
        if found := self._plays("half", "too-long", "too-short"):
            wire.fault = found.kind
        if self._plays("html"):
            return flask.Response(HTML_PAGE, 200, content_type="text/html")
        return flask.Response(b"", 200, content_type=JSON) if self._plays("empty") else response

    def _plays(self, *kinds: str) -> Fault | None:
        return next((fault for fault in self.playing if fault.kind in kinds), None)

    # --- acting -------------------------------------------------------------------------------------------------------

    def _outcome(self) -> Response:
        import flask

        if found := self._plays("status"):
            return flask.Response(HTML_PAGE, int(found.value), content_type="text/html")
        try:
            if found := self._plays("errcode"):
                raise self._asked_refusal(int(found.value))
            result = self._run()
        except Refusal as refusal:
            result = refuse(refusal.errcode, refusal.message, self.rid)
        return self._respond(result)

    def _asked_refusal(self, errcode: int) -> Refusal:
        _, text = MESSAGES.get(errcode, ("", "error"))
        return Refusal(errcode, text.replace("{ip}", self.request.remote_addr or ""))

    def _run(self) -> Answer:
        endpoint = self.endpoint
        if endpoint is None:
            raise Refusal(40066)
        if endpoint.token:
            self.appid = tokens.owner(self.store, self.request.args.get("access_token"))
        else:
            self.appid = self._claimed()
        if self.request.method != endpoint.method:
            raise Refusal(43001 if endpoint.method == GET else 43002)
        profile = self.store.profile(self.appid)
        if endpoint.token:
            _, refused = CONDITIONS[profile.condition]
            if refused is not None:
                raise Refusal(refused)
            if not profile.may(endpoint.needs):
                raise Refusal(48001)
            limit = endpoint.daily if profile.quotas else None
            quotas.count(self.store, self.appid, endpoint.path, limit, self.now)
        address = self.request.remote_addr or ""
        return endpoint.run(
            Call(self.store, self.request, self.body, endpoint.path, self.appid, profile, self.now, address)
        )

    def _claimed(self) -> str:
        """Give the AppID that a call without a token names, "" if there is no such account."""
        named = self.request.args.get("appid", "")
        if not named and (found := _APPID.search(self.body[:LOGGED])):
            named = found.group(1).decode("ascii")
        return named if self.store.account(named) is not None else ""

    def _respond(self, result: Answer) -> Response:
        import flask

        if isinstance(result, File):
            response = flask.Response(result.data, content_type=result.mime)
            response.headers["Content-disposition"] = f'attachment; filename="{quote(result.name, safe="")}"'
            return response
        told = self.store.profile(self.appid).content_type
        if told == "observed":
            seen_as_text = self.endpoint is not None and self.endpoint.mime == TEXT and not result.get("errcode")
            told = "text" if seen_as_text else "json"
        data = json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode()
        return flask.Response(data, content_type=TEXT if told == "text" else JSON)

    # --- the log ------------------------------------------------------------------------------------------------------

    def _log(self, response: Response) -> None:
        milliseconds = int((time.perf_counter() - self.started) * 1000)
        answer = _readable(response.mimetype or "", response.get_data())
        found = re.match(r'\{"errcode":(-?\d+)', answer)
        errcode = int(found.group(1)) if found else 0
        request = self.request
        self.store.log(
            rid=self.rid,
            appid=self.appid,
            at=self.now,
            cost_ms=milliseconds,
            ip=request.remote_addr or "",
            method=request.method,
            path=request.path,
            query=_masked(request.full_path.rstrip("?")),
            request=self._sent(),
            status=response.status_code,
            answer=_masked(answer),
            errcode=errcode,
            fault=", ".join(fault.kind for fault in self.playing),
        )
        if self.on_call:
            self.on_call(f"{request.method} {request.path} → {errcode or 'ok'} ({milliseconds} ms)")

    def _sent(self) -> str:
        if self.request.mimetype != "multipart/form-data":
            return _masked(_readable("text/", self.body))
        parts = [
            f"{name}: {file.filename!r}, {file.mimetype}, {file.stream.seek(0, 2)} bytes"
            for name, file in self.request.files.items(multi=True)
        ]
        return "; ".join(parts) or f"(multipart, {len(self.body)} bytes)"


def _readable(mimetype: str, data: bytes) -> str:
    if mimetype.startswith(("text/", "application/json")):
        return data[: 4 * LOGGED].decode("utf-8", "replace")[:LOGGED]
    return f"({mimetype}, {len(data)} bytes)"


def _masked(text: str) -> str:
    """Give a text without the values of secrets, and with tokens cut to their first four characters."""
    return _SECRET.sub(r"\1…", _TOKEN.sub(r"\1\2…", text))
