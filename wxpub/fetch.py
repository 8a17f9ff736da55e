"""What strangers' servers hold: an address in, the answer out, within bounds of place, size and time.

Addresses come from articles that others may have written, so nothing about them is trusted. The name of a server is
resolved here, every address that it has is checked, at every redirect, and the connection goes to a checked address and
no other; a proxy from the environment is not used, since only the one who resolves the name can check it. No password,
cookie or key is sent. What an answer means is for the one who asks: a picture, a page, a link that is dead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from wxpub.errors import NetworkError
from wxpub.language import tr
from wxpub.wire import Wire, wait

# Only what is on the web asks for sockets and the like: a conversion starts without them.
if TYPE_CHECKING:
    import socket
    import ssl
    import threading
    from http.client import HTTPResponse

REDIRECTS = 5
CONNECT_SECONDS = 10
READ_SECONDS = 20  # without a byte
TOTAL_SECONDS = 60  # for everything: names, connections, headers, redirects and the last byte
# Some servers refuse clients without a known name; this one says honestly who asks.
AGENT = "Mozilla/5.0 (compatible; wxpub)"
_PERMANENT, _TEMPORARY = (301, 308), (302, 303, 307)  # redirects

Reason = Literal[
    "invalid",  # it is no address
    "scheme",  # it is none of http or https
    "password",  # it holds one
    "private",  # it leads into the local network
    "redirects",  # it leads from one to the next
    "packed",  # the answer cannot be unpacked
    "unknown",  # there is no server of this name
    "certificate",  # the server cannot prove to be the one that is meant
    "silent",  # a server does not answer, or stops in the middle
    "deadline",  # the time for everything is over
    "unreachable",  # there is no connection, or it was cut
]
# Asking again will not help.
_LASTING: Collection[Reason] = ("invalid", "scheme", "password", "private", "redirects", "packed")


class Answer(NamedTuple):
    """What a server answered, with any status.

    `url` is the address that answered, after all redirects. `moved` is the one to which redirects lead that are meant
    for good (301, 308), "" if the first is none of them. `headers` have lower-case names; `kind` is the media type,
    lower-case and without parameters. `body` is unpacked; `whole` says that there is no more of it.
    """

    url: str
    moved: str
    status: int
    headers: Mapping[str, str]
    kind: str
    body: bytes
    whole: bool


class Failure(NetworkError):
    """Say why there is no answer from `url`, the address that failed, at the end of any redirects.

    `lasting` tells that it would be the same if asked again.
    """

    def __init__(self, reason: Reason, url: str, detail: object = "") -> None:
        self.reason, self.url, self._detail = reason, url, detail
        self.lasting = reason in _LASTING
        super().__init__(self.told(shown(url)))

    def told(self, name: str) -> str:
        """Say it of `name`: of "image http://…" instead of the bare address."""
        match self.reason:
            case "invalid":
                return tr("{name} is not a valid address", name=name)
            case "scheme":
                return tr("{name} is not an http(s) address", name=name)
            case "password":
                return tr("{name}: an address with a password is not fetched", name=name)
            case "private":
                return tr("{name} is at {address}, an address of the local network", name=name, address=self._detail)
            case "redirects":
                return tr("{name}: more than {n} redirects", name=name, n=self._detail)
            case "packed":
                return tr("{name} comes in an encoding that is not read", name=name)
            case "certificate":
                return tr("{name}: its server's certificate cannot be trusted", name=name)
            case "silent":
                return tr("{name}: no answer in time", name=name)
            case "deadline":
                return tr("{name}: not read within {seconds} seconds", name=name, seconds=self._detail)
            case "unknown":
                return tr("{name}: its server's name is not found", name=name)
            case "unreachable":
                return tr("{name} cannot be reached", name=name)


def fetch(
    url: str,
    *,
    most: int,
    accept: str = "*/*",
    kinds: Collection[str] = (),
    method: Literal["GET", "HEAD"] = "GET",
    seconds: float | None = None,
    allow_private: bool = False,
    stopped: threading.Event | None = None,
) -> Answer:
    """Ask for `url` and follow its redirects; within `seconds`, or else TOTAL_SECONDS, there is an answer or an error.

    The body is read of an answer with status 200, up to `most` bytes, and only if its kind begins with one of `kinds`,
    where any are named, or is not said. `accept` goes into the header of this name. `allow_private` admits addresses
    of the local network. Nothing is waited for any more once `stopped` is set.

    Raises Failure.
    """
    wire, seconds = Wire(), TOTAL_SECONDS if seconds is None else seconds
    asked = _Asked(method, {"User-Agent": AGENT, "Accept": accept}, tuple(kinds), most, allow_private)
    try:
        outcome = wait(lambda: _follow(url, wire, asked), wire, seconds, stopped)
    finally:
        wire.cut()
    if isinstance(outcome, Answer):
        return outcome
    raise outcome or Failure("deadline", url, seconds)


def side_by_side(
    visit: Callable[[Sequence[str]], None],
    hosts: Iterable[Sequence[str]],
    at_once: int,
    stopped: threading.Event,
    waiting: Callable[[], None] = lambda: None,
) -> None:
    """Let `visit` go through the addresses of each host, of `at_once` hosts at a time; returns when all are done.

    Calls `waiting` several times a second. Sets `stopped` at the end, also where that is Ctrl-C or what `visit` raises.
    """
    from concurrent import futures

    pool = futures.ThreadPoolExecutor(at_once, thread_name_prefix="fetch")
    try:
        left = {pool.submit(visit, urls) for urls in hosts}
        while left:
            done, left = futures.wait(left, timeout=0.2)  # short, so that Ctrl-C is heard on every system
            waiting()
            for each in done:
                each.result()
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


def shown(url: str) -> str:
    """Name an address without what could be a key: its query and any password."""
    bare, question, _ = url.partition("?")
    scheme, slashes, rest = bare.partition("//")
    host, slash, path = rest.partition("/")
    short = f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"
    return (short if len(short) <= 120 else short[:119] + "…") + ("?…" if question else "")


class _Asked(NamedTuple):
    """How every address on the way is asked."""

    method: str
    headers: Mapping[str, str]
    kinds: tuple[str, ...]
    most: int
    allow_private: bool


class _Refused(OSError):
    """The name leads to an address that must not be asked."""


def _follow(url: str, wire: Wire, asked: _Asked) -> Answer:
    """Follow the redirects to an answer."""
    from http.client import HTTPException

    moved, lasting = "", True
    for _ in range(REDIRECTS + 1):
        try:
            answer = _ask(url, moved, wire, asked)
            place = answer.headers.get("location", "")
            if answer.status not in (*_PERMANENT, *_TEMPORARY) or not place:
                return answer
            url = urljoin(url, place.encode("latin-1").decode("utf-8", "replace"))
        except (OSError, HTTPException, ValueError) as error:
            raise _translate(error, url) from None
        lasting = lasting and answer.status in _PERMANENT
        moved = url if lasting else moved
    raise Failure("redirects", url, REDIRECTS)


def _ask(url: str, moved: str, wire: Wire, asked: _Asked) -> Answer:
    """Ask for `url` and no other."""
    from http.client import HTTPConnection

    parts = _admitted(url)
    encrypted = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if encrypted else 80)
    connection = HTTPConnection(host, port)
    connection.default_port = 443 if encrypted else 80  # which the Host header leaves out
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~[]") + (
        f"?{quote(parts.query, safe='/?%:@!$&()*+,;=~[]')}" if parts.query else ""
    )
    plain = _connect(host, port, asked.allow_private)
    wire.watch(plain)
    with closing(_encrypted(plain, host) if encrypted else plain) as connection.sock:
        connection.request(asked.method, target, headers=dict(asked.headers))
        with connection.getresponse() as response:
            headers = {name.lower(): value for name, value in response.getheaders()}
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            wanted = response.status == 200 and (not kind or not asked.kinds or kind.startswith(asked.kinds))
            body, whole = _body(response, url, asked.most) if wanted and asked.most else (b"", False)
            return Answer(url, moved, response.status, headers, kind, body, whole)


def _body(response: HTTPResponse, url: str, most: int) -> tuple[bytes, bool]:
    """Read and unpack no more than `most` bytes, and say whether that is all: a little gzip may stand for gigabytes."""
    import zlib

    data = response.read(most + 1)
    if response.length and len(data) <= most:
        raise ConnectionError("the answer is cut")
    if response.getheader("content-encoding", "identity").strip().lower() != "identity":  # nobody asked for it
        try:
            data = zlib.decompressobj(47).decompress(data, most + 1)
        except zlib.error:
            raise Failure("packed", url) from None
    return data[:most], len(data) <= most


def _connect(host: str, port: int, allow_private: bool) -> socket.socket:
    """Connect to a checked address of `host`; refuse a name that has any address which may not be asked."""
    import socket

    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not allow_private and (private := [each for each in addresses if not _public(each)]):
        raise _Refused(private[0])
    failure = OSError("no address")
    for each in addresses:
        try:
            connection = socket.create_connection((each, port), CONNECT_SECONDS)
        except OSError as error:
            failure = error
            continue
        connection.settimeout(READ_SECONDS)
        return connection
    raise failure


def _encrypted(connection: socket.socket, host: str) -> socket.socket:
    return _context().wrap_socket(connection, server_hostname=host)


@cache
def _context() -> ssl.SSLContext:
    """Read whom to trust, once: it takes longer than many an answer."""
    import ssl

    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # not every Python finds the system's
    return context


def _admitted(url: str) -> SplitResult:
    """Refuse what no redirect may lead to either: other schemes, credentials in the address, no host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Failure("invalid", url) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise Failure("scheme", url)
    if parts.username or parts.password:
        raise Failure("password", url)
    return parts


def _translate(error: Exception, url: str) -> Failure:
    import socket
    import ssl
    from http.client import InvalidURL

    if isinstance(error, Failure):
        return error
    if isinstance(error, _Refused):
        return Failure("private", url, error)
    if isinstance(error, (InvalidURL, ValueError)) and not isinstance(error, OSError):
        return Failure("invalid", url)
    if isinstance(error, ssl.SSLError):
        return Failure("certificate", url)
    if isinstance(error, TimeoutError):
        return Failure("silent", url)
    if isinstance(error, socket.gaierror) and error.errno != socket.EAI_AGAIN:
        return Failure("unknown", url)
    return Failure("unreachable", url)


def _public(address: str) -> bool:
    """Whether `address` may be asked: not this machine, not the local network, not a cloud's metadata service."""
    import ipaddress

    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if inner is None and ip.version == 6 and ip in ipaddress.ip_network("64:ff9b::/96"):  # NAT64
        inner = ipaddress.ip_address(int(ip) & 0xFFFFFFFF)
    ip = inner or ip
    if ip.version == 6 and ip not in ipaddress.ip_network("2000::/3"):  # all that is given out
        return False
    return ip.is_global and not ip.is_multicast
