"""Web addresses: text in, what it means to WeChat, to a reader and to a newsletter out; asks no network and no file."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

from wxpub.limits import ARTICLE_HOST, IMAGE_HOSTS

# What a WeChat article is named by in a long address, and what other sites add for their statistics.
_ARTICLE_KEYS = ("__biz", "mid", "idx", "sn")
_FINDERS = frozenset(
    {"fbclid", "gclid", "yclid", "msclkid", "igshid", "mc_cid", "mc_eid", "spm"}
    | {"vd_source", "share_source", "share_medium", "share_token"}
)
OUTSIDE = frozenset({"http", "https", "ftp"})
_DEFAULT_PORTS = {("http", "80"), ("https", "443"), ("ftp", "21")}
#                        scheme                          host and port          path    query        fragment
_PARTS = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#\\]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_HOST = re.compile(r"(?:.*@)?(\[[^\]]*\]|[^:]*)(?::(\d*))?", re.DOTALL)


class Address(NamedTuple):
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
    def lasting(self) -> str:
        """Give the address to keep and to hand on: without what only tells who found it, and where.

        Of a published WeChat article that leaves what names it: `/s/<id>`, or `__biz`, `mid`, `idx` and `sn`, in this
        order.
        """
        if self.permalink:
            said = dict(each.partition("=")[::2] for each in self.query.split("&"))
            named = "&".join(f"{key}={said[key]}" for key in _ARTICLE_KEYS if key in said)
            return f"https://{self.host}{self.path}" + (f"?{named}" if self.path == "/s" else "")
        kept = "&".join(each for each in self.query.split("&") if each.partition("=")[0].lower() not in _FINDERS)
        bare, _, _ = self.url.partition("#")
        bare, _, _ = bare.partition("?")
        return bare + (f"?{kept}" if kept else "") + (f"#{self.fragment}" if self.fragment else "")

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


# --- a newsletter's own addresses -------------------------------------------------------------------------------------
# A template says where the files of a folder can be read: https://github.com/me/letter/blob/main/{path}. One of a
# repository stands for every way in which its host shows a file, on every branch, and for the pages made of it.

_MOST_CHARS = 2_000  # of an address that anybody reads
_MOST_SEGMENTS = 4  # of a branch's name
_SHOWN = "blob|raw|blame|edit|tree|src"
_FIELD = re.compile(r"\{(path|stem|date)\}")
_FIELDS = {"path": "(?P<path>.+)", "stem": "(?P<stem>[^/]+?)", "date": r"(?P<date>\d{4}-\d\d-\d\d)"}
_SUFFIX = r"(?:\.(?:html?|md|markdown))?"
_REPOSITORIES = (
    re.compile(rf"//(?P<host>[^/]+)/(?P<slug>.+?)/(?:-/)?(?:{_SHOWN})/(?:refs/heads/|branch/)?[^/{{}}]+/(?P<rest>.*)"),
    re.compile(r"//(?P<host>raw\.githubusercontent\.com)/(?P<slug>[^/]+/[^/]+)/(?:refs/heads/)?[^/{}]+/(?P<rest>.*)"),
    re.compile(r"//(?P<host>github\.com|gitee\.com|gitlab\.com)/(?P<slug>[^/{}]+/[^/{}]+)/(?P<rest>\{path\})"),
)
_PAGES = {"github.com": "github.io", "gitee.com": "gitee.io", "gitlab.com": "gitlab.io"}


class Named(NamedTuple):
    """What an address says of the file that it shows: its `path` in `folder`, or else only its `stem` and `date`.

    A site may leave off a suffix. One that is not `exact` may be made of a folder further down, like `docs`.
    """

    folder: str
    path: str = ""
    stem: str = ""
    date: str = ""
    exact: bool = False


class _Place(NamedTuple):
    """A template taken apart: an address's `head`, a branch's name if it is `branched`, and the `rest`."""

    folder: str
    head: re.Pattern[str]
    rest: re.Pattern[str]
    branched: bool = False
    exact: bool = False
    asks: bool = False  # whether a query is part of the address


def named(to: Address, templates: Iterable[tuple[str, str]]) -> Iterator[Named]:
    """List the files that `to` may show, the likeliest first, by the `templates` of addresses and their folders.

    A template is an address with `{path}`, or with `{stem}` and `{date}`, as `source_url` is.
    """
    if not to.outside or len(to.url) > _MOST_CHARS:
        return
    whole = to._replace(fragment="").identity
    bare = to._replace(query="", fragment="").identity
    for template, folder in templates:
        for place in _places(template, folder):
            text = whole if place.asks else bare
            if head := place.head.match(text):
                yield from _read(place, text[head.end() :])


def _read(place: _Place, tail: str) -> Iterator[Named]:
    """Read what stands behind the head of an address; a branch's name may have slashes."""
    tails = [tail]
    if place.branched:
        segments = tail.split("/")
        tails = ["/".join(segments[at:]) for at in range(1, min(len(segments), _MOST_SEGMENTS + 1))]
    for each in tails:
        if match := place.rest.fullmatch(each):
            yield Named(place.folder, **match.groupdict(), exact=place.exact)


@lru_cache(64)  # a newsletter has a handful
def _places(template: str, folder: str) -> tuple[_Place, ...]:
    """Take a template apart: one of a repository into every way to show its files, any other as it is."""
    text = parse(template).identity
    if _FIELD.search(text) is None:
        return ()
    repository = next((match for each in _REPOSITORIES if (match := each.fullmatch(text))), None)
    if repository is None:
        head, _, _ = text.partition("{")
        return (_Place(folder, re.compile(re.escape(head)), _rest(text[len(head) :]), asks="?" in text),)
    host, slug, rest = repository["host"], repository["slug"], _rest(repository["rest"])
    if host.startswith("raw."):
        host = "github.com"
    heads = [rf"//{re.escape(host)}(?::\d+)?/{re.escape(slug)}/(?:-/)?(?:{_SHOWN})/(?:refs/heads/|branch/)?"]
    if host == "github.com":
        heads.append(rf"//raw\.githubusercontent\.com/{re.escape(slug)}/(?:refs/heads/)?")
    found = [_Place(folder, re.compile(each, re.IGNORECASE), rest, branched=True, exact=True) for each in heads]
    if host in _PAGES:
        owner, _, name = slug.partition("/")
        site = f"{owner}.{_PAGES[host]}"
        alone = {site.lower()} if host != "gitee.com" else {site.lower(), owner.lower()}
        below = "/" if name.lower() in alone else f"/{name}/"
        found.append(_Place(folder, re.compile(re.escape(f"//{site}{below}"), re.IGNORECASE), rest))
    return tuple(found)


def _rest(text: str) -> re.Pattern[str]:
    """Make the pattern of a template's end; a suffix that it names may be left off."""
    parts = _FIELD.split(re.sub(rf"{_SUFFIX}\Z", "", text))
    names = parts[1::2]
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = (_FIELDS[each] if each not in names[:at] else f"(?P={each})" for at, each in enumerate(names))
    return re.compile("".join(parts) + ("" if text.endswith("{path}") else _SUFFIX))
