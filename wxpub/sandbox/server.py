"""HTTP on loopback: a connection comes in, its requests are answered one after the other, faults and log included.

Three steps. `Server` and `_Connection` speak HTTP: the standard library's server with kept-alive connections, one
thread each; unlike Flask's own it reads every request whole before it acts, keeps connections open as WeChat does, and
can end one at any byte. `make_app` finds out who is to answer, the API or a page. `_Exchange` does what WeChat's
gateway does for every endpoint, in its order: path, token, method, the account's state, quota; and it plays the faults.
"""

from __future__ import annotations

import io
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

import flask
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from wxpub.errors import ConfigError
from wxpub.language import tr
from wxpub.sandbox import account, drafts, media, publish
from wxpub.sandbox.call import GET, JSON, MESSAGES, TEXT, Answer, Call, Endpoint, File, Refusal, make_rid, refuse
from wxpub.sandbox.store import CONDITIONS, Fault, Store

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# --- who answers ------------------------------------------------------------------------------------------------------

TABLE: Mapping[str, Endpoint] = {
    endpoint.path: endpoint for room in (account, media, drafts, publish) for endpoint in room.ENDPOINTS
}

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# Clients with a hard-coded host may be brought here by name resolution and a private certificate authority.
API_HOSTS = (
    *("api.weixin.qq.com", "api2.weixin.qq.com", "sh.api.weixin.qq.com", "sz.api.weixin.qq.com"),
    *("hk.api.weixin.qq.com", "mp.weixin.qq.com", "mmbiz.qpic.cn"),
)


def make_app(store: Store, hosts: tuple[str, ...] = (), on_call: Callable[[str], None] | None = None) -> flask.Flask:
    """Build the application over `store`; `hosts` are further names that the Host header may have.

    `on_call` is told one line about each API call. Pages are added to the application by their own room.
    """
    app = flask.Flask(__name__, static_folder="static")
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    known = {*LOOPBACK, *API_HOSTS, *hosts}

    @app.before_request
    def _check_host() -> Response | None:
        host = flask.request.headers.get("Host", "").lower()
        if re.sub(r":\d+\Z", "", host) in known:
            return None
        return flask.Response("403: this sandbox answers to loopback names only\n", 403, mimetype="text/plain")

    def api(path: str = "") -> Response:
        return _Exchange(store, flask.request, on_call).answer()

    # No method is left to Flask: what WeChat does not know, it refuses in its own words.
    app.url_map.add(Rule("/<path:path>", endpoint="api"))
    app.view_functions["api"] = api
    return app


# --- one API call -----------------------------------------------------------------------------------------------------

WIRE = "wxpub.wire"  # the key in the WSGI environment


@dataclass(slots=True)
class Wire:
    """What a call may ask of its connection: `hang_up` ends it at once, `pause` waits seconds or until the server ends.

    `fault` ("half", "too-long", "too-short") spoils the coming answer.
    """

    hang_up: Callable[[], None]
    pause: Callable[[float], object]
    fault: str = ""


FAULT_HEADER = "X-Sandbox-Fault"
HTML_PAGE = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>502 Bad Gateway</body>\r\n</html>\r\n"
LOGGED = 65_536  # characters of a request or an answer that the log keeps

_APPID = re.compile(rb'"appid"\s*:\s*"([A-Za-z0-9_-]{1,64})"')
_TOKEN = re.compile(r"(access_token(?:=|\"\s*:\s*\"))([^&\"]{1,4})[^&\"]*")
_SECRET = re.compile(r"(secret(?:=|\"\s*:\s*\"))[^&\"]+")


class _Exchange:
    """A call and what is learned about it while it is answered."""

    def __init__(self, store: Store, request: flask.Request, on_call: Callable[[str], None] | None) -> None:
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
        try:
            asked = _read_faults(self.request.headers.get(FAULT_HEADER, ""))
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
            self.appid = account.owner(self.store, self.request.args.get("access_token"))
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
            account.count(self.store, self.appid, endpoint, profile, self.now)
        address = self.request.remote_addr or ""
        return endpoint.run(
            Call(self.store, self.request, self.body, endpoint.path, self.appid, profile, self.now, address, TABLE)
        )

    def _claimed(self) -> str:
        """Return the AppID that a call without a token names, "" if there is no such account."""
        named = self.request.args.get("appid", "")
        if not named and (found := _APPID.search(self.body[:LOGGED])):
            named = found.group(1).decode("ascii")
        return named if self.store.account(named) is not None else ""

    def _respond(self, result: Answer) -> Response:
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
    """Return a text without the values of secrets, and with tokens cut to their first four characters."""
    return _SECRET.sub(r"\1…", _TOKEN.sub(r"\1\2…", text))


def _read_faults(header: str) -> tuple[Fault, ...]:
    """Read the faults of one request from its `X-Sandbox-Fault` header: `kind` or `kind=value`, comma-separated."""
    found = []
    for part in filter(None, map(str.strip, header.split(","))):
        kind, _, value = part.partition("=")
        try:
            found.append(Fault(kind.strip(), float(value) if value else 0))
        except ValueError as error:
            raise ConfigError(
                tr("cannot read the fault {fault!r}", fault=part), hint=tr("write kind or kind=number")
            ) from error
    return tuple(found)


# --- HTTP -------------------------------------------------------------------------------------------------------------

HOST = "127.0.0.1"
MOST_BYTES = 64 * 1024 * 1024  # of a request's body
IDLE_SECONDS = 75  # of a kept-alive connection, as nginx has it

# Headers that the environment has elsewhere, or that are done with once the body is read.
_TAKEN = frozenset(["HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"])
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,12}")  # int() would take a sign, "0x" and underscores too


class Server(ThreadingHTTPServer):
    """Listens on a port of `host` and gives each connection a thread; raises OSError for a port that is taken."""

    request_queue_size = 256
    daemon_threads = True
    block_on_close = False

    def __init__(self, app: WSGIApplication, port: int, host: str = HOST) -> None:
        self.app = app
        self._open: set[socket.socket] = set()
        self._idle = threading.Condition()
        self.closing = threading.Event()
        super().__init__((host, port), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._idle:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._idle:
            self._open.discard(request)
            self._idle.notify_all()

    def server_close(self) -> None:
        """Stop listening, end the open connections and wait for the calls that are being answered."""
        super().server_close()
        self.closing.set()
        with self._idle:
            for connection in self._open:
                _shut(connection, socket.SHUT_RD)
            self._idle.wait_for(lambda: not self._open, timeout=5)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    """One connection and its requests, one after the other."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: Server
    _gone = False

    def handle_one_request(self) -> None:
        self.close_connection = True
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline:
                return
            if len(self.raw_requestline) > 65536:
                self.requestline = self.request_version = self.command = ""
                self.send_error(414)
            elif not self.parse_request():
                return
            elif self.request_version == "HTTP/0.9":  # a line without a version is not a request today
                self.send_error(400)
            else:
                body = self._read_body()
                if body is not None:
                    self._answer(body)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _read_body(self) -> bytes | None:
        """Read the body whole; answer what cannot be read, as nginx does, and return None."""
        coding = self.headers.get_all("Transfer-Encoding", [])
        lengths = self.headers.get_all("Content-Length", [])
        if len(coding) + len(lengths) > 1:  # two headers, two readings of where the next request begins
            self.send_error(400)
            return None
        if coding:
            return self._read_chunks(coding[0])
        length = lengths[0] if lengths else "0"
        if not (length.isascii() and length.isdigit()):
            self.send_error(400)
            return None
        if len(length) > 12 or int(length) > MOST_BYTES:
            self.send_error(413)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # the client went away
            self.close_connection = True
            return None
        return body

    def _read_chunks(self, coding: str) -> bytes | None:
        body = bytearray()
        while True:
            line = self.rfile.readline(1024).split(b";")[0].strip()
            if coding.strip().lower() != "chunked" or not _CHUNK_SIZE.fullmatch(line):
                self.send_error(400)
                return None
            size = int(line, 16)
            if len(body) + size > MOST_BYTES:
                self.send_error(413)
                return None
            if size == 0:
                break
            body += self.rfile.read(size)
            self.rfile.readline(1024)
        while self.rfile.readline(65537).strip():  # trailers
            pass
        return bytes(body)

    def _answer(self, body: bytes) -> None:
        wire = Wire(self._hang_up, self.server.closing.wait)
        environ = self._environ(body)
        environ[WIRE] = wire
        response = Response.from_app(self.server.app, environ, buffered=True)
        data = response.get_data()
        if self._gone:
            return
        length = len(data) + {"too-long": 100, "too-short": -(len(data) // 2)}.get(wire.fault, 0)
        self.send_response_only(response.status_code)
        self.send_header("Connection", "close" if self.close_connection or wire.fault else "keep-alive")
        self.send_header("Date", self.date_time_string())
        for name, value in response.headers:
            if name.lower() not in ("content-length", "connection", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if wire.fault:
            self.close_connection = True
            data = data[: len(data) // 2] if wire.fault == "half" else data
        if self.command != "HEAD":
            self.wfile.write(data)

    def _environ(self, body: bytes) -> dict[str, Any]:
        target = urlsplit(
            self.path if self.path.startswith("/") else "/" + self.path.partition("://")[2].partition("/")[2]
        )
        path, query = target.path, target.query
        if self.path.startswith("//"):  # no host, whatever urlsplit thinks
            path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": HOST,
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if "_" not in name and key not in environ and key not in _TAKEN:
                environ[key] = value
        return environ

    def _hang_up(self) -> None:
        """End the connection now, whatever is being done."""
        self._gone = True
        self.close_connection = True
        _shut(self.connection, socket.SHUT_RDWR)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not an HTTP request with a page as nginx has it."""
        self.close_connection = True
        reason = self.responses[code][0] if code in self.responses else "Error"
        data = f"<html>\r\n<head><title>{code} {reason}</title></head>\r\n</html>\r\n".encode()
        self.request_version = "HTTP/1.1"
        self.send_response_only(code, reason)
        self.send_header("Connection", "close")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: API calls are in the sandbox's own log."""


def _shut(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError:  # it is closed already
        return
