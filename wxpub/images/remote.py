"""Pictures from the web: an http(s) address in, its bytes out, within bounds of size, time and redirects.

An issue is text that others may have written, so its addresses are not trusted: every name is resolved here, every
address that it has is checked, at every redirect, and the connection goes to a checked address and no other. A proxy
from the environment is not used, since only who resolves the name can check it.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from wxpub.errors import NetworkError, SourceError
from wxpub.limits import IMAGE_FILE_BYTES

if TYPE_CHECKING:
    from requests import Response, Session

REDIRECTS = 5
CONNECT_SECONDS = 10
READ_SECONDS = 20  # without a byte
TOTAL_SECONDS = 60
# Some picture hosts refuse clients without a known name; this one says honestly who asks.
HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; wxpub)", "Accept": "image/png,image/jpeg,image/gif,image/*;q=0.8"}


class _Refused(OSError):
    """The name leads to an address that must not be asked."""


def fetch(url: str, *, allow_private: bool = False) -> bytes:
    """Fetch the picture at `url`.

    Raises SourceError for an answer that will not change by asking again (not found, no picture, too large, a private
    address), NetworkError for one that may.
    """
    import requests

    deadline = time.monotonic() + TOTAL_SECONDS
    with _session(allow_private) as session:
        for _ in range(REDIRECTS + 1):
            _admit(url)
            try:
                response = session.get(
                    url, headers=HEADERS, stream=True, allow_redirects=False, timeout=(CONNECT_SECONDS, READ_SECONDS)
                )
                with closing(response):
                    if response.is_redirect:
                        url = urljoin(url, response.headers["location"])
                        continue
                    return _body(response, url, deadline)
            except (requests.RequestException, ValueError) as error:
                raise _translate(error, url) from None
    raise SourceError(f"image {_shown(url)}: more than {REDIRECTS} redirects")


def _admit(url: str) -> None:
    """Refuse what no redirect may lead to either: other schemes, credentials in the address, no host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SourceError(f"image {_shown(url)} is no valid address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise SourceError(f"image {_shown(url)} is no http(s) address")
    if parts.username or parts.password:
        raise SourceError(
            f"image {_shown(url)}: an address with a password is not fetched", hint="save the picture as a file"
        )


def _body(response: Response, url: str, deadline: float) -> bytes:
    """Read the answer, but no more of it and no longer than a picture may take."""
    if response.status_code >= 500 or response.status_code == 429:
        raise NetworkError(f"image {_shown(url)}: the server answers {response.status_code}")
    if response.status_code != 200:
        raise SourceError(
            f"image {_shown(url)}: the server answers {response.status_code}", hint="open it in a browser and save it"
        )
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not kind.startswith(("image/", "application/octet-stream", "binary/octet-stream", "application/x-")):
        hint = "name the picture itself, not the page that shows it" if "html" in kind else ""
        raise SourceError(f"image {_shown(url)} is {kind}, no picture", hint=hint)
    data = bytearray()
    for chunk in response.iter_content(65536):
        data += chunk
        if len(data) > IMAGE_FILE_BYTES:
            raise SourceError(f"image {_shown(url)} is larger than {IMAGE_FILE_BYTES // 1024 // 1024} MB")
        if time.monotonic() > deadline:
            raise NetworkError(f"image {_shown(url)}: not read within {TOTAL_SECONDS} seconds")
    if not data:
        raise SourceError(f"image {_shown(url)} is empty (0 bytes)")
    return bytes(data)


def _translate(error: Exception, url: str) -> SourceError | NetworkError:
    import requests

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _Refused):
            hint = "allow_private = true under [network] of wxpub.toml admits it"
            return SourceError(f"image {_shown(url)} is at {cause}, an address of the local network", hint=hint)
        cause = getattr(cause, "reason", None) or cause.__context__ or (_first(cause) if cause.args else None)
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, ValueError)):
        return SourceError(f"image {_shown(url)} is no valid address")
    if isinstance(error, requests.exceptions.SSLError):
        return NetworkError(f"image {_shown(url)}: its server's certificate cannot be trusted")
    if isinstance(error, requests.exceptions.Timeout):
        return NetworkError(f"image {_shown(url)}: no answer in time")
    return NetworkError(
        f"image {_shown(url)} cannot be reached", hint="is there a network? or save the picture as a file"
    )


def _first(error: BaseException) -> BaseException | None:
    return error.args[0] if isinstance(error.args[0], BaseException) else None


def _shown(url: str) -> str:
    """Give the address without what could be a key: its query and any password."""
    bare, question, _ = url.partition("?")
    scheme, slashes, rest = bare.partition("//")
    host, slash, path = rest.partition("/")
    shown = f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"
    return (shown if len(shown) <= 120 else shown[:119] + "…") + ("?…" if question else "")


# --- the connection ---------------------------------------------------------------------------------------------------


def _public(address: str) -> bool:
    """Tell whether `address` may be asked: not this machine, not the local network, not a cloud's metadata service."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if inner is None and ip.version == 6 and ip in ipaddress.ip_network("64:ff9b::/96"):  # NAT64
        inner = ipaddress.ip_address(int(ip) & 0xFFFFFFFF)
    ip = inner or ip
    if ip.version == 6 and ip not in ipaddress.ip_network(
        "2000::/3"
    ):  # all that is given out; the rest may lead inside
        return False
    return ip.is_global and not ip.is_multicast


def _connect(host: str, port: int, timeout: Any, options: Any, allow_private: bool) -> socket.socket:
    """Connect to a checked address of `host`; refuse a name that has any address which may not be asked."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not allow_private and (private := [each for each in addresses if not _public(each)]):
        raise _Refused(private[0])
    failure: OSError = OSError("no address")
    for address in addresses:
        try:
            connection = socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = error
            continue
        for option in options or ():
            connection.setsockopt(*option)
        return connection
    raise failure


def _session(allow_private: bool) -> Session:
    """Make a session whose connections all go through `_connect`."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    def connect(self: HTTPConnection) -> socket.socket:
        try:
            return _connect(self.host, self.port, self.timeout, self.socket_options, allow_private)
        except _Refused:
            raise
        except TimeoutError:
            raise ConnectTimeoutError(self, "timed out") from None
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, str(error)) from None

    class Plain(HTTPConnection):
        _new_conn = connect

    class Encrypted(HTTPSConnection):
        _new_conn = connect

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    class Checked(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}

    session = requests.Session()
    session.trust_env = False  # no proxy, no ~/.netrc
    for scheme in ("http://", "https://"):
        session.mount(scheme, Checked(max_retries=0))
    return session
