"""A relay: calls of wxpub clients in, the same calls to WeChat out, from a machine whose address never changes.

WeChat gives tokens only to addresses on an account's whitelist. A client that has no fixed address sends its calls
here, with a key; the few endpoints that a push needs go on to WeChat for the AppIDs that this relay serves, and nothing
else does. What a client sends is read only once its key and its call are known to be good, and nothing of it but what
the call needs is forwarded: no header, no other parameter. Tokens are kept as digests and for as long as WeChat's live,
so that a token is good for the AppID that it was given to. Nothing is written to the disk.
"""

from __future__ import annotations

import hmac
import json
import re
import socket
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import responses
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from wxpub.errors import ConfigError, NetworkError, did_you_mean, reason_of
from wxpub.exchange import RELAY_KEY_HEADER, RELAY_STATE, UPLOAD_RATE, Exchange, Question
from wxpub.language import listed, tr
from wxpub.limits import API_BASE, MATERIAL_IMAGE_BYTES, UPLOADIMG_BYTES
from wxpub.wire import Wire, wait

HOST, PORT = "127.0.0.1", 8787
KEY_CHARS = 32  # a shorter key could be guessed
CALLS_A_MINUTE = 240  # of one key; a push makes one for each picture, and a handful more
CONNECTIONS = 32  # at the same time
HEAD_SECONDS = 10  # until the request's head has come
ANSWER_SECONDS = 60  # until a client has taken its answer
STOP_SECONDS = 30  # that calls under way have when the relay stops

_KB, _MB = 1024, 1024 * 1024
_MULTIPART = 64 * _KB  # around an uploaded file
_TOKENS = 10_000  # digests that are kept
_TOKEN = re.compile(r"[\w.~+/=-]{16,1024}", re.ASCII)
_UPLOAD = re.compile(r"multipart/form-data; ?boundary=[\w'()+,./:=?\"-]{1,100}", re.ASCII)
_JSON = "application/json; charset=utf-8"
_LINE, _HEADERS = 8192, 64  # bytes of a line of a head, and lines
_REQUEST = re.compile(rb"([A-Z]{1,16}) ([!-~]+) HTTP/1\.[01]\r?\n")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)\r?\n")


class Endpoint(NamedTuple):
    """How a call may look: its method, how many bytes its body has at most, what else its query may say."""

    method: str
    most: int
    query: Mapping[str, str] = {}
    upload: bool = False


def _read(most: int = 64 * _KB) -> Endpoint:
    return Endpoint("POST", most)


# The calls of `client`, and no others. A draft has up to eight articles of 1 MB.
ENDPOINTS: Mapping[str, Endpoint] = {
    "stable_token": _read(4 * _KB),
    "token": Endpoint("GET", 0),  # without parameters: WeChat refuses it, and its answer tells the time
    "media/uploadimg": Endpoint("POST", UPLOADIMG_BYTES + _MULTIPART, upload=True),
    "material/add_material": Endpoint("POST", MATERIAL_IMAGE_BYTES + _MULTIPART, {"type": "image"}, upload=True),
    "material/del_material": _read(),
    "material/get_materialcount": Endpoint("GET", 0),
    "draft/add": _read(16 * _MB),
    "draft/update": _read(4 * _MB),
    "draft/get": _read(),
    "draft/delete": _read(),
    "draft/count": Endpoint("GET", 0),
    "draft/batchget": _read(),
    "freepublish/submit": _read(),
    "freepublish/get": _read(),
    "freepublish/batchget": _read(),
    "message/mass/preview": _read(),
    "openapi/quota/get": _read(),
}


@dataclass(frozen=True)
class Rules:
    """What a relay lets through: the `keys` of its clients, the AppIDs that it serves, and without which endpoints.

    `secrets` are AppSecrets by AppID that are known here alone: a client sends none. `base` is where calls go.
    """

    keys: Collection[str] = field(repr=False)
    appids: Collection[str]
    without: Collection[str] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    base: str = API_BASE
    calls_a_minute: int = CALLS_A_MINUTE

    def __post_init__(self) -> None:
        """Raise ConfigError where the rules would let too much through, or nothing."""
        if not self.keys:
            raise ConfigError(tr("a relay needs a key"), hint=tr("make one with `wxpub relay --make-key`"))
        if any(len(key) < KEY_CHARS or not key.isascii() or not key.isprintable() for key in self.keys):
            said = tr("a relay's key has at least {n} characters of ASCII", n=KEY_CHARS)
            raise ConfigError(said, hint=tr("make one with `wxpub relay --make-key`"))
        if not self.appids:
            raise ConfigError(tr("a relay serves named accounts only"), hint=tr("name each with --appid"))
        if unknown := sorted(set(self.without) - set(ENDPOINTS)):
            hint = did_you_mean(unknown[0], ENDPOINTS, tr("known: {names}", names=listed(ENDPOINTS)))
            raise ConfigError(tr("there is no endpoint {name}", name=unknown[0]), hint=hint)


class _No(Exception):
    """Refuse a request with an HTTP status and a word that `client` has a sentence for."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


class _Asked(NamedTuple):
    """A request whose head is good: who asks, for what, and what its body looks like."""

    key: int  # the number of the key
    endpoint: str
    query: Mapping[str, str]
    length: int
    kind: str


class Relay:
    """What happens to a call, whatever the connection is that it came by. May be used from several threads."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._digests = [sha256(key.encode()).digest() for key in rules.keys]
        self._exchange = Exchange(rules.base)
        self._lock = threading.Lock()
        self._tokens: OrderedDict[bytes, tuple[str, float]] = OrderedDict()  # digest → AppID, end
        self._calls: dict[int, tuple[float, float]] = {}  # key → calls that are left, when that was counted

    def stop(self) -> None:
        """End the calls to WeChat that are under way."""
        self._exchange.stop()

    def admit(self, method: str, target: str, headers: Mapping[str, str], key: str) -> _Asked:
        """Judge a request by its head: its key, its call, the length of its body. Raises _No."""
        number = self._known(key)
        self._count(number)
        path, _, query = target.partition("?")
        if path == RELAY_STATE:
            if method != "GET" or query:
                raise _No(405, "endpoint")
            return _Asked(number, "", {}, 0, "")
        name = path.removeprefix("/cgi-bin/")
        endpoint = ENDPOINTS.get(name) if path == f"/cgi-bin/{name}" and name not in self.rules.without else None
        if endpoint is None:
            raise _No(404, "endpoint")
        if method != endpoint.method:
            raise _No(405, "endpoint")
        length = headers.get("content-length", "0")
        if not re.fullmatch(r"\d{1,10}", length, re.ASCII):
            raise _No(400, "request")
        if int(length) > endpoint.most:
            raise _No(413, "size")
        kind = headers.get("content-type", "") if endpoint.upload else _JSON
        if endpoint.upload and not _UPLOAD.fullmatch(kind):
            raise _No(415, "request")
        return _Asked(number, name, self._parameters(name, query), int(length), kind)

    def _known(self, key: str) -> int:
        """Give the number of a key. Every key is compared, in a time that does not tell how much of it is right."""
        digest = sha256(key.encode("utf-8", "surrogatepass")).digest()
        found = [number for number, each in enumerate(self._digests) if hmac.compare_digest(each, digest)]
        if not found:
            raise _No(401, "key")
        return found[0]

    def _count(self, key: int) -> None:
        """Take one of the calls that a key has; they come back in the course of a minute."""
        most, now = self.rules.calls_a_minute, time.monotonic()
        with self._lock:
            left, then = self._calls.get(key, (most, now))
            left = min(most, left + (now - then) * most / 60)
            if left < 1:
                raise _No(429, "rate")
            self._calls[key] = (left - 1, now)

    def _parameters(self, name: str, query: str) -> Mapping[str, str]:
        """Read the query: exactly the parameters of the call, each once."""
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
        except ValueError:
            raise _No(400, "request") from None
        given, wanted = dict(pairs), dict(ENDPOINTS[name].query)
        token = "" if name in ("token", "stable_token") else given.get("access_token", "")
        if token:
            wanted["access_token"] = token
        if len(pairs) != len(given) or given != wanted or (token and not _TOKEN.fullmatch(token)):
            raise _No(400, "request")
        return given

    def answer(self, asked: _Asked, body: bytes) -> tuple[int, str, bytes, Mapping[str, str], str]:
        """Do the call; give status, AppID, body, headers, and an errcode for the log. Raises _No."""
        if not asked.endpoint:
            return 200, "", json.dumps(self._state()).encode(), {"Content-Type": _JSON}, ""
        if asked.endpoint == "stable_token":
            appid, body = self._token_body(body)
        elif asked.endpoint == "token":
            appid = ""
        else:
            appid = self._owner(asked.query.get("access_token", ""))
            if not appid:  # in WeChat's own words, so that a client asks for a new token; the relay was started anew
                said = {"errcode": 40001, "errmsg": "access_token was not given out by this relay since it started"}
                return 200, "", json.dumps(said).encode(), {"Content-Type": _JSON}, "40001"
        question = Question(f"/cgi-bin/{asked.endpoint}", asked.query, body or None, kind=asked.kind)
        try:
            found = self._exchange.ask(question, asked.endpoint)
        except NetworkError as error:
            raise _No(502, "no-answer" if error.sent else "not-sent") from None
        document = _document(found.body if len(found.body) < 64 * _KB else b"")
        if asked.endpoint == "stable_token":
            self._remember(document, appid)
        headers = {"Content-Type": found.headers.get("content-type", _JSON)}
        if date := found.headers.get("date"):
            headers["Date"] = date
        code = document.get("errcode")
        return found.status, appid, found.body, headers, str(code) if code and isinstance(code, int) else ""

    def _token_body(self, body: bytes) -> tuple[str, bytes]:
        """Write the body of a call for a token anew, with the AppSecret that is kept here or that the client sent."""
        given = _document(body)
        appid = given.get("appid")
        if not isinstance(appid, str) or appid not in self.rules.appids:
            raise _No(403, "appid")
        secret = self.rules.secrets.get(appid) or given.get("secret")
        if not isinstance(secret, str) or not secret:
            raise _No(403, "secret")
        force = given.get("force_refresh") is True
        asked = {"grant_type": "client_credential", "appid": appid, "secret": secret, "force_refresh": force}
        return appid, json.dumps(asked).encode()

    def _remember(self, document: Mapping[str, Any], appid: str) -> None:
        token, seconds = document.get("access_token"), document.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int):
            return
        with self._lock:
            digest = sha256(token.encode()).digest()
            self._tokens[digest] = (appid, time.monotonic() + seconds)
            self._tokens.move_to_end(digest)
            while len(self._tokens) > _TOKENS:
                self._tokens.popitem(last=False)

    def _owner(self, token: str) -> str:
        """Give the AppID that a token was given to, "" for a token that was not given out here, or has ended."""
        with self._lock:
            appid, end = self._tokens.get(sha256(token.encode()).digest(), ("", 0.0))
        return appid if end > time.monotonic() else ""

    def _state(self) -> Mapping[str, Any]:
        from importlib.metadata import version

        endpoints = [name for name in ENDPOINTS if name not in self.rules.without]
        appids = {appid: appid in self.rules.secrets for appid in self.rules.appids}
        return {"relay": "ready", "version": version("wxpub"), "appids": appids, "endpoints": endpoints}


def _document(body: bytes) -> Mapping[str, Any]:
    """Read a JSON object; anything else is an empty one."""
    try:
        found = json.loads(body.decode("utf-8"), strict=False)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


# --- HTTP -------------------------------------------------------------------------------------------------------------


class Server(ThreadingTCPServer):
    """Listens at `host` and `port`, and gives each connection a thread, up to CONNECTIONS, and one request.

    `say` is told a line about each request. Raises ConfigError for a port that cannot be had.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, relay: Relay, host: str = HOST, port: int = PORT, say: Callable[[str], None] = print) -> None:
        self.relay, self.say = relay, say
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        self._idle = threading.Condition()
        self._open = 0
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Connection)
        except OSError as error:
            place, reason = f"{host}:{port}", reason_of(error)
            said = tr("cannot listen on {place}: {reason}", place=place, reason=reason)
            raise ConfigError(said, hint=tr("choose another port")) from None

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        with self._idle:
            self._open += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()
            with self._idle:
                self._open -= 1
                self._idle.notify_all()

    def stop(self) -> None:
        """Take no more requests, let those under way be answered, and end what is still open after STOP_SECONDS."""
        self.shutdown()
        self.server_close()
        with self._idle:
            if not self._idle.wait_for(lambda: not self._open, STOP_SECONDS):
                self.relay.stop()
                self._idle.wait_for(lambda: not self._open, 1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.say(f"{client_address[0]} - {type(sys.exc_info()[1]).__name__}")


class _Connection(StreamRequestHandler):
    """One connection and its one request: whoever wants to ask again connects again, so no request hides in another.

    A head is read more strictly than HTTP allows: whatever two readers could understand in two ways is refused.
    """

    disable_nagle_algorithm = True
    server: Server
    _expects = _whole = False

    def handle(self) -> None:
        started = time.monotonic()
        wire = Wire()
        wire.watch(self.connection)
        name, appid, errcode = "-", "", ""
        try:
            try:
                head = wait(self._head, wire, HEAD_SECONDS)
                if not isinstance(head, _Asked):
                    raise head or TimeoutError
                name = head.endpoint or RELAY_STATE
                body = wait(lambda: self._body(head.length), wire, HEAD_SECONDS + head.length / UPLOAD_RATE)
                if not isinstance(body, bytes):
                    raise body or TimeoutError
                status, appid, data, headers, errcode = self.server.relay.answer(head, body)
            except _No as no:
                status, headers = no.status, {"Content-Type": _JSON}
                data, errcode = json.dumps({"relay": no.why}).encode(), no.why
            wait(lambda: self._write(status, headers, data), wire, ANSWER_SECONDS)
        except OSError:
            status, errcode = 0, "broken"
        finally:
            wire.cut()
        seconds = time.monotonic() - started
        said = " ".join(filter(None, (self.client_address[0], name, appid, str(status), errcode)))
        self.server.say(f"{said} {seconds:.2f} s")

    def _head(self) -> _Asked:
        """Read the request's head and have it judged. Raises _No."""
        line = self.rfile.readline(_LINE + 1)
        if not line:
            raise ConnectionError("nobody asks")
        first = _REQUEST.fullmatch(line)
        headers: dict[str, str] = {}
        for _ in range(_HEADERS):
            line = self.rfile.readline(_LINE + 1)
            if line in (b"\r\n", b"\n"):
                break
            header = _HEADER.fullmatch(line)
            if header is None or header[1].lower().decode() in headers:
                raise _No(400, "request")
            headers[header[1].lower().decode()] = header[2].strip().decode("latin-1")
        else:
            raise _No(400, "request")
        if first is None or "transfer-encoding" in headers:
            raise _No(400, "request")
        self._expects = headers.get("expect", "").lower() == "100-continue"
        self._whole = headers.get("content-length", "0") == "0"  # nothing follows
        key = headers.get(RELAY_KEY_HEADER.lower(), "")
        return self.server.relay.admit(first[1].decode(), first[2].decode("latin-1"), headers, key)

    def _body(self, length: int) -> bytes:
        if self._expects:
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError("the body is cut")
        self._whole = True
        return body

    def _write(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        from email.utils import formatdate

        lines = {"Date": formatdate(usegmt=True), **headers, "Content-Length": str(len(data)), "Connection": "close"}
        first = f"HTTP/1.1 {status} {responses.get(status, '')}"
        head = "\r\n".join((first, *(f"{name}: {value}" for name, value in lines.items())))
        self.wfile.write(head.encode("latin-1", "replace") + b"\r\n\r\n" + data)
        if self._whole:
            return
        with suppress(OSError):  # a client that is still sending would lose the answer with the connection
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1)
            for _ in range(512):
                if not self.connection.recv(64 * _KB):
                    break
