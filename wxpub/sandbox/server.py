"""The sandbox's HTTP server on loopback: connections come in, the application's answers go out, faults and all.

The standard library's server with kept-alive connections, one thread each: unlike Flask's own it reads every request
whole before it acts, keeps connections open as WeChat does, and can end one at any byte.
"""

from __future__ import annotations

import io
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from wxpub.errors import ConfigError
from wxpub.sandbox.control import Control
from wxpub.sandbox.profiles import Profile, change
from wxpub.sandbox.store import APPID, SECRET, Store
from wxpub.sandbox.wire import WIRE, Wire

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
MOST_BYTES = 64 * 1024 * 1024  # of a request's body
IDLE_SECONDS = 75  # of a kept-alive connection, as nginx has it

# Headers that the environment has elsewhere, or that are done with once the body is read.
_TAKEN = frozenset(["HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"])


class Sandbox(Control):
    """A running sandbox: where it listens, its first account, and everything that tests may want of it."""

    def __init__(self, store: Store, url: str) -> None:
        super().__init__(store, APPID)
        self.url = url
        self.appid = APPID
        self.secret = SECRET


@contextmanager
def serve(
    db: Path | None = None,
    port: int = 0,
    *,
    hosts: tuple[str, ...] = (),
    on_call: Callable[[str], None] | None = None,
    **options: object,
) -> Iterator[Sandbox]:
    """Run the sandbox in this process until the block ends.

    `db` is the SQLite file that it remembers in, None a store that ends with the block. `port` 0 takes a free one.
    `hosts` are further values that the Host header may have; `on_call` is told one line about each API call; all other
    `options` are fields of `Profile` for the first account. Raise ConfigError for an option that is unknown or
    impossible, a port that is taken, or a file that cannot be used.
    """
    from wxpub.sandbox.app import make_app

    store = _open(db)
    try:
        store.add_account(APPID, SECRET, "沙盒公众号", Profile())
        if options:
            store.set_profile(APPID, change(store.profile(APPID), options))
        with _listen(make_app(store, hosts, on_call), port) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="wxpub-sandbox", daemon=True)
            thread.start()
            try:
                yield Sandbox(store, f"http://{HOST}:{server.server_port}")
            finally:
                server.shutdown()
                thread.join()
    finally:
        store.close()


def _open(db: Path | None) -> Store:
    try:
        if db is not None:
            db.parent.mkdir(parents=True, exist_ok=True)
        return Store(db)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError("cannot use the sandbox's file", db, hint=str(error)) from error


@contextmanager
def _listen(app: WSGIApplication, port: int) -> Iterator[_Server]:
    try:
        server = _Server(app, port)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {HOST}:{port}: {error.strerror or error}", hint="choose another port"
        ) from error
    try:
        yield server
    finally:
        server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True
    block_on_close = False

    def __init__(self, app: WSGIApplication, port: int) -> None:
        self.app = app
        self._open: set[socket.socket] = set()
        self._idle = threading.Condition()
        self.closing = threading.Event()
        super().__init__((HOST, port), _Connection)

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
    server: _Server
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
            elif self.request_version == "HTTP/0.9":  # a line without a version is no request today
                self.send_error(400)
            else:
                body = self._read_body()
                if body is not None:
                    self._answer(body)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _read_body(self) -> bytes | None:
        """Read the body whole; answer for what cannot be read and give None."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        length = self.headers.get("Content-Length", "0")
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

    def _read_chunks(self) -> bytes | None:
        body = bytearray()
        while True:
            line = self.rfile.readline(1024).split(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                size = -1
            if size < 0 or len(body) + size > MOST_BYTES:
                self.send_error(413 if size > 0 else 400)
                return None
            if size == 0:
                break
            body += self.rfile.read(size)
            self.rfile.readline(1024)
        while self.rfile.readline(65537).strip():  # trailers
            pass
        return bytes(body)

    def _answer(self, body: bytes) -> None:
        from werkzeug.wrappers import Response

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
        """Answer what is no HTTP request with a page as nginx has it."""
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
