"""Where images come from: a `src` of an article in, its bytes out, within bounds of place, size and time.

An issue is text that others may have written, so nothing in it is trusted. A file is read only from inside the
newsletter's project. The name of a server is resolved here, every address that it has is checked, at every redirect,
and the connection goes to a checked address and no other; a proxy from the environment is not used, since only the one
who resolves the name can check it. Nothing is converted here.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, unquote_to_bytes, urljoin, urlsplit

from wxpub import address
from wxpub.errors import NetworkError, SourceError, WxpubError, near_file, reason_of
from wxpub.language import tr
from wxpub.limits import IMAGE_FILE_BYTES
from wxpub.wire import Wire, wait

# Only an image on the web, or one that is not found, asks for sockets and the like: a conversion starts without them.
if TYPE_CHECKING:
    import socket
    from http.client import HTTPResponse

REDIRECTS = 5
CONNECT_SECONDS = 10
READ_SECONDS = 20  # without a byte
TOTAL_SECONDS = 60  # for everything: names, connections, headers, redirects and the last byte
# Some image hosts refuse clients without a known name; this one says honestly who asks.
HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; wxpub)", "Accept": "image/png,image/jpeg,image/gif,image/*;q=0.8"}
_MB = 1024 * 1024
_REMOTE = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """An image as its author gave it.

    `src` is what the article calls it, `name` what messages call it. `key` is the same for the same image on every
    machine: it is made of the original bytes, not of the converted ones, which differ from one Pillow to the next.
    """

    src: str
    name: str
    data: bytes = field(repr=False)
    key: str


def key_of(data: bytes) -> str:
    """Make the key of `data`: 32 hexadecimal digits of its SHA-256."""
    return sha256(data).hexdigest()[:32]


def remote(src: str) -> bool:
    """Whether `src` is an address on the web."""
    return _REMOTE.match(src) is not None


def hosted(src: str) -> bool:
    """Whether WeChat itself serves `src`: such an image stays as it is."""
    return remote(src) and address.parse(src).hosted


def read(src: str, article_path: Path, root: Path, *, allow_private: bool = False) -> Source:
    """Read the image `src` of the article at `article_path`.

    `src` is a file (relative to the article; with a leading `/`, to `root`; percent-encoded or not), an http(s)
    address, or a `data:` URL. `allow_private` admits addresses of the local network.

    Raises SourceError if there is no such image or it may not be read, NetworkError if it cannot be reached.
    """
    src = src.strip()
    if not src:
        raise SourceError(tr("an image names no file"), article_path, hint=tr("write ![text](file.png)"))
    if src[:5].lower() == "data:":
        return _inline(src, article_path)
    if remote(src):
        url = src if src[0] != "/" else f"https:{src}"
        data = fetch(url, allow_private=allow_private)
        return Source(src, url, data, key_of(data))
    return _file(src, article_path, root)


def _inline(src: str, article_path: Path) -> Source:
    import base64

    head, comma, body = src[5:].partition(",")
    name = f"data:{head[:40]},…"
    try:
        if not comma:
            raise ValueError
        data = unquote_to_bytes(body)
        if head.lower().rstrip().endswith(";base64"):
            data = base64.b64decode(re.sub(rb"\s", b"", data), validate=True)
    except ValueError:
        said = tr("image {image} is not a valid data: URL", image=name)
        raise SourceError(said, article_path, hint=tr("save it as a file and name that")) from None
    if not data:
        raise SourceError(tr("image {image} is empty (0 bytes)", image=name), article_path)
    return Source(src, name, data, key_of(data))


# --- files ------------------------------------------------------------------------------------------------------------


def _file(src: str, article_path: Path, root: Path) -> Source:
    if (scheme := _SCHEME.match(src)) and len(scheme[1]) > 1:
        hint = tr("name a file relative to the issue, or an http(s) address")
        said = tr("image {image}: {scheme}: addresses are not read", image=_cut(src), scheme=scheme[1])
        raise SourceError(said, article_path, hint=hint)
    root = root.resolve()
    path = _find(src, article_path, root)
    if path.is_dir():
        raise SourceError(tr("image {image} is a folder", image=src), article_path)
    try:
        # What was found is opened once, and everything is asked of the open file: the path may lead elsewhere by now.
        handle = _open(path, root)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.ENXIO, "not a file")
            with open(handle, "rb", closefd=False) as file:
                data = file.read(IMAGE_FILE_BYTES + 1)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.EOPNOTSUPP):  # which a socket says to the one who opens it
            said = tr("image {image} is a pipe, a socket or a device, not a file", image=src)
            raise SourceError(said, article_path) from None
        said = tr("image {image} cannot be read: {reason}", image=src, reason=reason_of(error))
        raise SourceError(said, article_path) from None
    if len(data) > IMAGE_FILE_BYTES:
        size, most = max(status.st_size, len(data)) / _MB, IMAGE_FILE_BYTES // _MB
        said = tr("image {image} has {size:.0f} MB; at most {most} are read", image=src, size=size, most=most)
        raise SourceError(said, article_path)
    if not data:
        raise SourceError(tr("image {image} is empty (0 bytes)", image=src), article_path)
    return Source(src, path.name, data, key_of(data))


def _find(src: str, article_path: Path, root: Path) -> Path:
    """Find the file that `src` means: as written, without percent-encoding, without `?raw=true`, with backslashes."""
    plain = re.split(r"[?#]", src, maxsplit=1)[0]
    tries = dict.fromkeys((src, unquote(src), plain, unquote(plain), unquote(plain).replace("\\", "/")))
    outside = False
    for text in filter(None, tries):
        # A leading "/" is the project's folder, as on GitHub; a whole path of this machine may lie in the project too.
        for path in (root / text.lstrip("/"), Path(text)) if text.startswith("/") else (article_path.parent / text,):
            try:
                found: Path = path.resolve()
                if found.exists():
                    if found.is_relative_to(root):
                        return found
                    outside = True
            except (OSError, ValueError, RuntimeError):  # noqa: PERF203  a name too long, a zero byte, a loop of links
                continue
    if outside:
        hint = tr("copy it into the newsletter's project; nothing outside is sent")
        raise SourceError(tr("image {image} is outside {folder}", image=src, folder=root), article_path, hint=hint)
    base = root if src.startswith("/") else article_path.parent
    hint = near_file(base / unquote(plain).lstrip("/"), tr("names are relative to the issue's folder"))
    raise SourceError(tr("image {image}: no such file", image=_cut(src)), article_path, hint=hint)


def _open(path: Path, root: Path) -> int:
    """Open `path`, which was resolved and lies in `root`; give the descriptor.

    From `root` on, one name at a time, and no name may be a link: what has become one since `path` was resolved could
    lead out of the project. A pipe is opened without waiting for somebody who writes.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    if os.open not in os.supports_dir_fd:  # Windows
        return os.open(path, flags)
    inner = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for name in path.relative_to(root).parts:
        outer = inner
        try:
            inner = os.open(name, flags | os.O_NOFOLLOW, dir_fd=outer)
        finally:
            os.close(outer)
    return inner


def _cut(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"


# --- the web ----------------------------------------------------------------------------------------------------------


class _Refused(OSError):
    """The name leads to an address that must not be asked."""


def fetch(url: str, *, allow_private: bool = False) -> bytes:
    """Fetch the image at `url`; within TOTAL_SECONDS there is an answer or an error.

    Raises SourceError for an answer that will not change by asking again (not found, not an image, too large, a private
    address), NetworkError for one that may.
    """
    wire = Wire()
    try:
        outcome = wait(lambda: _follow(url, wire, allow_private), wire, TOTAL_SECONDS)
    finally:
        wire.cut()
    if isinstance(outcome, bytes):
        return outcome
    said = tr("image {image}: not read within {seconds} seconds", image=_shown(url), seconds=TOTAL_SECONDS)
    raise outcome or NetworkError(said)


def _follow(url: str, wire: Wire, allow_private: bool) -> bytes:
    """Follow the redirects to the image."""
    try:
        for _ in range(REDIRECTS + 1):
            answer = _ask(url, wire, allow_private)
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer)
    except Exception as error:
        raise _translate(error, url) from None
    raise SourceError(tr("image {image}: more than {n} redirects", image=_shown(url), n=REDIRECTS))


def _ask(url: str, wire: Wire, allow_private: bool) -> bytes | str:
    """Ask for `url`; give the image, or the address that the answer points to."""
    from http.client import HTTPConnection

    parts = _admitted(url)
    encrypted = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if encrypted else 80)
    connection = HTTPConnection(host, port)
    connection.default_port = 443 if encrypted else 80  # which the Host header leaves out
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~[]") + (
        f"?{quote(parts.query, safe='/?%:@!$&()*+,;=~[]')}" if parts.query else ""
    )
    plain = _connect(host, port, allow_private)
    wire.watch(plain)
    with closing(_encrypted(plain, host) if encrypted else plain) as connection.sock:
        connection.request("GET", target, headers=HEADERS)
        with connection.getresponse() as response:
            place = response.getheader("location", "")
            if response.status in (301, 302, 303, 307, 308) and place:
                return place.encode("latin-1").decode("utf-8", "replace")
            return _body(response, url)


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
    import ssl

    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # not every Python finds the system's
    return context.wrap_socket(connection, server_hostname=host)


def _admitted(url: str) -> SplitResult:
    """Refuse what no redirect may lead to either: other schemes, credentials in the address, no host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SourceError(tr("image {image} is not a valid address", image=_shown(url))) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise SourceError(tr("image {image} is not an http(s) address", image=_shown(url)))
    if parts.username or parts.password:
        said = tr("image {image}: an address with a password is not fetched", image=_shown(url))
        raise SourceError(said, hint=tr("save the image as a file"))
    return parts


def _body(response: HTTPResponse, url: str) -> bytes:
    """Read the answer, but no more of it than an image may have."""
    import zlib

    shown = _shown(url)
    if response.status != 200:
        said = tr("image {image}: the server answers {status}", image=shown, status=response.status)
        if response.status >= 500 or response.status == 429:
            raise NetworkError(said)
        raise SourceError(said, hint=tr("open it in a browser and save it"))
    kind = response.getheader("content-type", "").partition(";")[0].strip().lower()
    if kind and not kind.startswith(("image/", "application/octet-stream", "binary/octet-stream", "application/x-")):
        hint = tr("name the image itself, not the page that shows it") if "html" in kind else ""
        raise SourceError(tr("image {image} is {kind}, not an image", image=shown, kind=kind), hint=hint)
    data = response.read(IMAGE_FILE_BYTES + 1)
    if response.length and len(data) <= IMAGE_FILE_BYTES:
        raise ConnectionError("the answer is cut")
    if response.getheader("content-encoding", "identity").strip().lower() != "identity":  # nobody asked for it
        try:
            data = zlib.decompressobj(47).decompress(data, IMAGE_FILE_BYTES + 1)
        except zlib.error:
            raise SourceError(tr("image {image} comes in an encoding that is not read", image=shown)) from None
    if len(data) > IMAGE_FILE_BYTES:
        raise SourceError(tr("image {image} is larger than {n} MB", image=shown, n=IMAGE_FILE_BYTES // _MB))
    if not data:
        raise SourceError(tr("image {image} is empty (0 bytes)", image=shown))
    return data


def _translate(error: Exception, url: str) -> WxpubError:
    import ssl
    from http.client import InvalidURL

    shown = _shown(url)
    if isinstance(error, WxpubError):
        return error
    if isinstance(error, _Refused):
        hint = tr("allow_private = true under [network] of wxpub.toml admits it")
        said = tr("image {image} is at {address}, an address of the local network", image=shown, address=error)
        return SourceError(said, hint=hint)
    if isinstance(error, (InvalidURL, ValueError)) and not isinstance(error, OSError):
        return SourceError(tr("image {image} is not a valid address", image=shown))
    if isinstance(error, ssl.SSLError):
        return NetworkError(tr("image {image}: its server's certificate cannot be trusted", image=shown))
    if isinstance(error, TimeoutError):
        return NetworkError(tr("image {image}: no answer in time", image=shown))
    hint = tr("is there a network? or save the image as a file")
    return NetworkError(tr("image {image} cannot be reached", image=shown), hint=hint)


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


def _shown(url: str) -> str:
    """Name an address without what could be a key: its query and any password."""
    bare, question, _ = url.partition("?")
    scheme, slashes, rest = bare.partition("//")
    host, slash, path = rest.partition("/")
    return _cut(f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}") + ("?…" if question else "")
