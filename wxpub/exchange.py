"""One request to the API and its answer: bytes out, bytes in, within bounds of time and size; knows no endpoint."""

from __future__ import annotations

import logging
import re
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wxpub import address
from wxpub.errors import ConfigError, NetworkError
from wxpub.language import tr
from wxpub.wire import Wire, wait

if TYPE_CHECKING:
    import socket

    import requests

CONNECT_SECONDS = 10
READ_SECONDS = 60  # without a byte
TOTAL_SECONDS = 120  # for everything: names, connection, headers and the last byte
UPLOAD_RATE = 20_000  # bytes a second that the slowest line is taken to send; what is uploaded adds to the time
ANSWER_BYTES = 32 * 1024 * 1024  # of an answer, as it comes and as it unpacks; twenty full drafts are half of it
RELAY_KEY_HEADER = "X-Wxpub-Relay-Key"
RELAY_STATE = "/relay"  # where a relay tells about itself
_STEP = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers by lower-case name, and the unpacked body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent to `path` below the server's address."""

    path: str
    query: Mapping[str, str] = field(repr=False)
    data: bytes | None = field(default=None, repr=False)
    file: tuple[str, bytes, str] | None = field(default=None, repr=False)  # name, bytes, media type
    kind: str = "application/json; charset=utf-8"  # of `data`

    @property
    def size(self) -> int:
        """How many bytes there are to upload."""
        return len(self.data or b"") + (len(self.file[1]) if self.file else 0)


class Exchange:
    """Asks one server, `base`, through `proxy` if that is not empty. May be used from several threads at once.

    `key` goes along with every question: it is what a relay knows its clients by.
    """

    def __init__(self, base: str, proxy: str = "", key: str = "") -> None:
        self._base, self._proxy, self._key = base, proxy, key
        self._idle: list[_Line] = []
        self._stopped = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether nothing is to be asked any more."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """End everything that is under way, in whatever thread, and ask nothing more."""
        self._stopped.set()

    def pause(self, seconds: float) -> None:
        """Wait, unless everything is stopped."""
        self._stopped.wait(seconds)

    def ask(self, question: Question, endpoint: str) -> Answer:
        """Send `question` and wait for the whole answer; errors name `endpoint`.

        Raises NetworkError, whose `sent` says whether the question may have arrived, and ConfigError for an address
        that is not one. No error holds a text of the other side, and none has another behind it.
        """
        if self.stopped:
            raise NetworkError(tr("interrupted"), endpoint, sent=False)
        line = self._idle.pop() if self._idle else _Line(self._base, self._proxy, self._key)
        seconds = TOTAL_SECONDS + question.size / UPLOAD_RATE
        url = f"{self._base}{question.path}"
        outcome = wait(lambda: _send(line, url, question), line.wire, seconds, self._stopped)
        if outcome is None:
            what = tr("interrupted") if self.stopped else tr("no whole answer within {seconds:.0f} s", seconds=seconds)
            raise NetworkError(what, endpoint, sent=line.wire.connected)
        self._idle.append(line)
        if isinstance(outcome, Answer):
            return outcome
        raise _translate(outcome, endpoint, self._base, bool(self._proxy))


class _TooMuch(Exception):
    """The answer is larger than any that is wanted."""


class _Packed(Exception):
    """The answer cannot be unpacked."""


def _send(line: _Line, url: str, asked: Question) -> Answer:
    """Send the request and read the answer."""
    with line.session.request(
        "GET" if asked.data is None and asked.file is None else "POST",
        url,
        params=dict(asked.query),
        data=asked.data,
        files={"media": asked.file} if asked.file else None,
        headers={"Content-Type": asked.kind} if asked.data is not None else {},
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        proxies=line.proxies,
        allow_redirects=False,  # another host must not be given the token
        stream=True,
    ) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        body = _unpacked(_read(response), headers.get("content-encoding", ""))
        return Answer(response.status_code, headers, body)


def _read(response: requests.Response) -> bytes:
    """Read the body as it comes, up to a bound."""
    body = bytearray()
    while piece := response.raw.read(_STEP, decode_content=False):
        body += piece
        if len(body) > ANSWER_BYTES:
            raise _TooMuch
    return bytes(body)


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Unpack a body, up to a bound: a few bytes of gzip may stand for gigabytes."""
    names = [each.strip().lower() for each in encoding.split(",") if each.strip().lower() not in ("", "identity")]
    if not names or not body:
        return body
    if len(names) > 1 or names[0] not in ("gzip", "x-gzip", "deflate"):
        raise _Packed
    failure = True
    for window in (47, -15):  # gzip or zlib, by their heads; and deflate without one, as some servers send it
        unpacking = zlib.decompressobj(window)
        with suppress(zlib.error):
            found = unpacking.decompress(body, ANSWER_BYTES + 1)
            if len(found) > ANSWER_BYTES:
                raise _TooMuch
            failure = not unpacking.eof
            break
    if failure:
        raise _Packed
    return found


class _Line:
    """A session, and `wire`, the one connection that it keeps open."""

    def __init__(self, base: str, proxy: str, key: str) -> None:
        import requests

        class Session(requests.Session):
            def get_redirect_target(self, resp: requests.Response) -> str | None:
                """Follow nothing: `requests` would read the whole answer to know where it leads."""
                return None

        logging.getLogger("urllib3.connectionpool").addFilter(_redact)
        logging.getLogger("urllib3.connection").addFilter(_redact)
        self.session = Session()
        self.session.headers["Accept-Encoding"] = "gzip, deflate"
        if key:
            self.session.headers[RELAY_KEY_HEADER] = key
        self.session.auth = lambda request: request  # keeps ~/.netrc out
        self.proxies = {"http": proxy, "https": proxy} if proxy else None
        if address.is_loopback(urlsplit(base).hostname or "") and not proxy:
            self.session.trust_env = False  # a system-wide proxy cannot reach this machine's own services
        self.wire = Wire()
        adapter = _adapter(self.wire)
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)


def _adapter(wire: Wire) -> Any:
    """Make what lets `requests` connect so that `wire` knows every connection."""
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            wire.watch(connection)
            return connection

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            wire.watch(connection)
            return connection

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    pools = {"http": PlainPool, "https": EncryptedPool}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *words: Any, **named: Any) -> None:
            super().init_poolmanager(*words, **named)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *words: Any, **named: Any) -> Any:
            manager = super().proxy_manager_for(*words, **named)
            manager.pool_classes_by_scheme = pools
            return manager

    return Adapter(pool_connections=1, pool_maxsize=1)


def _redact(record: logging.LogRecord) -> bool:
    """Take out what urllib3 logs for those who debug: every address whole, with its token, and headers it cannot read.

    The latter is a warning, which is printed where nobody has set up logging; it quotes the other side.
    """
    if record.exc_info:
        return False
    if isinstance(record.args, tuple):
        record.args = tuple(
            re.sub(r"(access_token=)[^&\s]+", r"\1***", each) if isinstance(each, str) else each for each in record.args
        )
    return True


def _translate(error: Exception, endpoint: str, base: str, proxied: bool) -> NetworkError | ConfigError:
    """Say in our words why no answer came; those of `requests` quote the whole address with its token."""
    import requests.exceptions as known
    from urllib3.exceptions import NameResolutionError, NewConnectionError, TimeoutError

    if isinstance(error, _TooMuch):
        return NetworkError(tr("the answer is larger than {mb} MB", mb=ANSWER_BYTES // 1024 // 1024), endpoint)
    if isinstance(error, _Packed):
        return NetworkError(tr("the answer cannot be unpacked"), endpoint, hint=tr("is a proxy in between?"))
    if isinstance(error, known.InvalidHeader):
        what = tr("the answer's headers contradict each other")
        return NetworkError(what, endpoint, hint=tr("is a proxy in between?"))
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, known.ProxyError):
        what = tr("the proxy cannot be reached or refuses")
        return NetworkError(what, endpoint, sent=False, hint=tr("check proxy and WXPUB_PROXY"))
    if isinstance(error, known.SSLError):
        hint = tr("a wrong clock or a filtering network can be the cause")
        what = tr("the certificate of {server} cannot be trusted", server=base)
        return NetworkError(what, endpoint, sent=False, hint=hint)
    if isinstance(error, known.ConnectTimeout):
        what = tr("{server} does not answer (no connection in {n} s)", server=base, n=CONNECT_SECONDS)
        return NetworkError(what, endpoint, sent=False)
    if isinstance(reason, NameResolutionError):
        what = tr("cannot find {server}", server=base)
        return NetworkError(what, endpoint, sent=False, hint=tr("is there a network?"))
    if isinstance(reason, NewConnectionError):
        refused = tr("{server} refuses the connection", server=base)
        what = tr("the proxy refuses the connection") if proxied else refused
        return NetworkError(what, endpoint, sent=False, hint=tr("is there a network? is api_base right?"))
    if isinstance(error, (known.Timeout, TimeoutError)):
        return NetworkError(tr("no answer within {n} s", n=READ_SECONDS), endpoint)
    if isinstance(error, ValueError):  # among them all invalid addresses of `requests`
        return ConfigError(tr("api_base or proxy is no valid address"), hint=tr("write https://host[:port]"))
    return NetworkError(tr("the connection was cut before the whole answer came"), endpoint)
