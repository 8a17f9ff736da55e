"""Web addresses: text in, what it means to WeChat and to a reader out; asks no network."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, unquote

from wxpub.limits import ARTICLE_HOST, IMAGE_HOSTS

OUTSIDE = frozenset({"http", "https", "ftp"})
_DEFAULT_PORTS = {("http", "80"), ("https", "443"), ("ftp", "21")}
#                        scheme                          host and port          path    query        fragment
_PARTS = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#\\]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_HOST = re.compile(r"(?:.*@)?(\[[^\]]*\]|[^:]*)(?::(\d*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """An address taken apart once. `scheme` and `host` are lower-case; what is none has nothing but a path.

    `url` is as it was written, but without what only counts visitors (`utm_*` parameters, `#:~:text=` fragments), and
    with `%20` for a space: this is what a note prints.
    """

    url: str
    scheme: str
    host: str
    port: str
    path: str
    query: str
    fragment: str

    @property
    def outside(self) -> bool:
        """Tell whether it leads to a page on the web."""
        return self.scheme in OUTSIDE

    @property
    def hosted(self) -> bool:
        """Tell whether WeChat itself serves it: a picture there stays as it is, every other is filtered."""
        served = any(self.host == each or self.host.endswith(f".{each}") for each in IMAGE_HOSTS)
        return served and self.scheme in ("", "http", "https")

    @property
    def expires(self) -> bool:
        """Tell whether it is a WeChat link that lives for hours only.

        It was copied from a search (signature), a preview (tempkey) or a draft (a media_id as its name); draft/add
        refuses the latter two with 45166 (reported by publishing tools).
        """
        if self.host != ARTICLE_HOST:
            return False
        keys = self._keys()
        draft = re.fullmatch(r"/s/[\w-]{64}", self.path, re.ASCII) is not None
        return {"timestamp", "signature"} <= keys or "tempkey" in keys or draft

    @property
    def permalink(self) -> bool:
        """Tell whether it is the permanent address of a published WeChat article, which stays a live link.

        `/s/<id>` or `/s?__biz=…&mid=…&sn=…` on mp.weixin.qq.com.
        """
        if self.host != ARTICLE_HOST or self.scheme not in ("http", "https") or self.expires:
            return False
        if self.path == "/s":
            return {"__biz", "mid", "sn"} <= self._keys()
        return re.fullmatch(r"/s/[\w-]+", self.path, re.ASCII) is not None

    @property
    def identity(self) -> str:
        """Give what the addresses of one page have in common.

        Scheme, counters, default port, trailing slash and percent-encoding tell no two pages apart.
        """
        if not self.outside or not self.host:
            return self.url
        host = self.host
        if not host.isascii():
            with suppress(UnicodeError):  # what is no name that DNS knows is compared as it is written
                host = host.encode("idna").decode()
        port = f":{self.port}" if self.port and (self.scheme, self.port) not in _DEFAULT_PORTS else ""
        query = f"?{self.query}" if self.query else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        return unquote(f"//{host}{port}{self.path.rstrip('/')}{query}{fragment}")

    def _keys(self) -> set[str]:
        return {each.partition("=")[0] for each in self.query.split("&")}


def parse(text: str) -> Address:
    """Take an address apart; anything can be parsed, and nothing raises."""
    text = re.sub(r"\s", lambda space: quote(space[0]), text.strip())
    match = _PARTS.fullmatch(text)
    assert match is not None  # every part is optional, and together they take any text
    scheme, netloc, path, query, fragment = match.groups()
    kept = "&".join(each for each in (query or "").split("&") if not each.lower().startswith("utm_"))
    fragment = re.sub(r":~:.*", "", fragment or "")
    host = _HOST.match(netloc or "")
    assert host is not None
    url = (
        (f"{scheme}:" if scheme else "")
        + (f"//{netloc}" if netloc is not None else "")
        + path
        + (f"?{kept}" if kept else "")
        + (f"#{fragment}" if fragment else "")
    )
    return Address(url, (scheme or "").lower(), host[1].lower(), host[2] or "", path, kept, fragment)


def is_loopback(host: str) -> bool:
    """Tell whether `host`, a name or an address, is this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, and be it 127.example.org
        return False
