"""The Flask application: an HTTP request comes in; an API answer, a picture or a page of the account goes out."""

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
from wxpub.sandbox.endpoints import GET, JSON, TABLE, TEXT, Endpoint
from wxpub.sandbox.faults import Fault
from wxpub.sandbox.profiles import CONDITIONS, Profile
from wxpub.sandbox.store import Store
from wxpub.sandbox.wire import WIRE, Wire

if TYPE_CHECKING:
    from flask import Flask, Request
    from werkzeug.wrappers import Response

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# Clients with a hard-coded host may be brought here by name resolution and a private certificate authority.
API_HOSTS = (
    "api.weixin.qq.com",
    "api2.weixin.qq.com",
    "sh.api.weixin.qq.com",
    "sz.api.weixin.qq.com",
    "hk.api.weixin.qq.com",
    "mp.weixin.qq.com",
    "mmbiz.qpic.cn",
)
LOGGED = 65_536  # characters of a request or an answer that the log keeps
FAULT_HEADER = "X-Sandbox-Fault"
HTML_PAGE = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>502 Bad Gateway</body>\r\n</html>\r\n"

_SECRET = re.compile(r"((?:access_token|secret|appsecret)(?:=|\"\s*:\s*\"))([^&\"]{1,4})[^&\"]*")


def make_app(store: Store, hosts: tuple[str, ...] = (), on_call: Callable[[str], None] | None = None) -> Flask:
    """Build the application over `store`; `hosts` are further names that the Host header may have.

    `on_call` is told one line about each API call.
    """
    import flask
    from werkzeug.routing import Rule

    from wxpub.sandbox import pages

    app = flask.Flask(__name__, static_folder="static")
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    known = {*LOOPBACK, *API_HOSTS, *hosts}

    @app.before_request
    def _check_host() -> Response | None:
        host = flask.request.headers.get("Host", "")
        if re.sub(r":\d+\Z", "", host) in known:
            return None
        return flask.Response("403: this sandbox answers to loopback names only\n", 403, mimetype="text/plain")

    def api(path: str = "") -> Response:
        return answer(store, flask.request, on_call)

    # No method is left to Flask: what WeChat does not know, it refuses in its own words.
    app.url_map.add(Rule("/<path:path>", endpoint="api"))
    app.view_functions["api"] = api
    pages.add_to(app, store)
    return app


def answer(store: Store, request: Request, on_call: Callable[[str], None] | None = None) -> Response:
    """Answer one API call, play its faults, and log it."""
    import flask

    started = time.perf_counter()
    now = store.now()
    rid = make_rid(now)
    path = request.path
    body = request.get_data(cache=True)
    note: dict[str, str] = {"appid": ""}
    try:
        playing = (*faults.read(request.headers.get(FAULT_HEADER, "")), *store.take_fault(path))
    except ConfigError as error:
        return flask.Response(f"400: {error}\n", 400, mimetype="text/plain")
    _wait(playing, "delay")
    wire: Wire = request.environ[WIRE]
    if faults.find(playing, "cut-before"):
        wire.hang_up()
        return flask.Response()
    if found := faults.find(playing, "cut-while"):
        wire.hang_up()
        time.sleep(found.value)
    response = _outcome(store, request, body, now, rid, playing, note)
    _wait(playing, "slow")
    whole = response.get_data()
    if faults.find(playing, "html"):
        response = flask.Response(HTML_PAGE, 200, content_type="text/html")
    elif faults.find(playing, "empty"):
        response = flask.Response(b"", 200, content_type=JSON)
    _log(store, request, body, note["appid"], now, rid, response, whole, playing, started, on_call)
    if faults.find(playing, "cut-after"):
        wire.hang_up()
    if found := faults.find(playing, "half", "too-long", "too-short"):
        wire.fault = found.kind
    return response


def _wait(playing: tuple[Fault, ...], kind: str) -> None:
    if found := faults.find(playing, kind):
        time.sleep(found.value)


def _outcome(
    store: Store,
    request: Request,
    body: bytes,
    now: float,
    rid: str,
    playing: tuple[Fault, ...],
    note: dict[str, str],
) -> Response:
    import flask

    if found := faults.find(playing, "status"):
        return flask.Response(HTML_PAGE, int(found.value), content_type="text/html")
    endpoint = TABLE.get(request.path)
    try:
        if found := faults.find(playing, "errcode"):
            code = int(found.value)
            raise Refusal(
                code, MESSAGES[code][1].replace("{ip}", request.remote_addr or "") if code in MESSAGES else "error"
            )
        result = _run(store, request, body, now, endpoint, note)
    except Refusal as refusal:
        result = refuse(refusal.errcode, refusal.message, rid)
    profile = store.profile(note["appid"])
    return _respond(result, endpoint, profile)


def _run(
    store: Store, request: Request, body: bytes, now: float, endpoint: Endpoint | None, note: dict[str, str]
) -> Answer:
    if endpoint is None:
        raise Refusal(40066)
    appid, profile = "", Profile()
    if endpoint.token:
        appid = note["appid"] = tokens.owner(store, request.args.get("access_token"))
        profile = store.profile(appid)
    if request.method != endpoint.method:
        raise Refusal(43001 if endpoint.method == GET else 43002)
    if endpoint.token:
        _, refused = CONDITIONS[profile.condition]
        if refused is not None:
            raise Refusal(refused)
        if not profile.may(endpoint.needs):
            raise Refusal(48001)
        quotas.count(store, appid, endpoint.path, endpoint.daily if profile.quotas else None, now)
    return endpoint.run(Call(store, request, body, endpoint.path, appid, profile, now, request.remote_addr or ""))


def _respond(result: Answer, endpoint: Endpoint | None, profile: Profile) -> Response:
    import flask

    if isinstance(result, File):
        response = flask.Response(result.data, content_type=result.mime)
        response.headers["Content-disposition"] = f'attachment; filename="{quote(result.name, safe="")}"'
        return response
    mime = {"json": JSON, "text": TEXT, "observed": endpoint.mime if endpoint else JSON}[profile.content_type]
    if "errcode" in result and result["errcode"] != 0:
        mime = TEXT if profile.content_type == "text" else JSON
    return flask.Response(json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode(), content_type=mime)


def _log(
    store: Store,
    request: Request,
    body: bytes,
    appid: str,
    now: float,
    rid: str,
    response: Response,
    whole: bytes,
    playing: tuple[Fault, ...],
    started: float,
    on_call: Callable[[str], None] | None,
) -> None:
    milliseconds = int((time.perf_counter() - started) * 1000)
    text = _logged(response.mimetype or "", whole)
    errcode = _errcode(text)
    store.log(
        rid=rid,
        appid=appid or request.args.get("appid", ""),
        at=now,
        cost_ms=milliseconds,
        ip=request.remote_addr or "",
        method=request.method,
        path=request.path,
        query=_masked(request.full_path.rstrip("?")),
        request=_logged_request(request, body),
        status=response.status_code,
        answer=_masked(text),
        errcode=errcode,
        fault=", ".join(fault.kind for fault in playing),
    )
    if on_call:
        on_call(f"{request.method} {request.path} → {errcode or 'ok'} ({milliseconds} ms)")


def _errcode(text: str) -> int:
    found = re.match(r'\{"errcode":(-?\d+)', text)
    return int(found.group(1)) if found else 0


def _masked(text: str) -> str:
    """Give a text with the values of tokens and secrets cut to four characters."""
    return _SECRET.sub(r"\1\2…", text)


def _logged(mimetype: str, data: bytes) -> str:
    if mimetype.startswith(("text/", "application/json")):
        return data[: 4 * LOGGED].decode("utf-8", "replace")[:LOGGED]
    return f"({mimetype}, {len(data)} bytes)"


def _logged_request(request: Request, body: bytes) -> str:
    if request.mimetype == "multipart/form-data":
        parts = [
            f"{name}: {file.filename!r}, {file.mimetype}, {file.stream.seek(0, 2)} bytes"
            for name, file in request.files.items(multi=True)
        ]
        return "; ".join(parts) or f"(multipart, {len(body)} bytes)"
    return _masked(body[: 4 * LOGGED].decode("utf-8", "replace")[:LOGGED])
