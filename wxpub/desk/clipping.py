"""What a page says of itself: an address in, its title, site, day and lasting address out; asks the web once.

A page may say anything, so what it says is text and no more: one line, of a bounded length. Another address is believed
only if it is one of the same site. What WeChat's articles carry (`og:title`, `var nickname`, `var ct`) is read off
published pages; unverified: it was not tried on a live account.
"""

from __future__ import annotations

import html
import json
import re
from codecs import lookup
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from wxpub import address, article, fetch
from wxpub.errors import NetworkError
from wxpub.fetch import Answer
from wxpub.language import tr
from wxpub.limits import ARTICLE_HOST

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_MOST_BYTES = 2 * 1024 * 1024  # of a page, whose head tells; a WeChat article has some hundred kilobytes above its text
_SECONDS = 30.0
AT_ONCE = 6  # hosts that are asked at the same time
_UNASKED, _PAUSE = 5, 1.0  # pages of one host that are asked for one after the other, and the seconds between more
_MOST_CHARS = 200  # of a title
_KINDS = ("text/html", "application/xhtml+xml")
_ACCEPT = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"
_CHINA = timezone(timedelta(hours=8))
_UNSEEN = re.compile("[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")
_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
# Of Python's codecs those that pages are written in; some others take their time with the square of the length.
_CODECS = re.compile(r"utf-(?:8|16|32)|gb|hz|big5|cp\d|iso|shift|euc|koi8|ascii|tis")
_TITLES = ("og:title", "twitter:title", "citation_title", "dc.title")
_SITES = ("og:site_name", "application-name")
_DAYS = (
    "article:published_time", "og:published_time", "citation_publication_date", "citation_date", "datepublished",
    "publishdate", "pubdate", "dc.date", "date",
)  # fmt: skip
_NICKNAME = re.compile(r"""\bvar\s+nickname\s*=\s*(?:htmlDecode\()?(["'])(.{1,200}?)\1""")
_SECONDS_SINCE_1970 = re.compile(r"""\b(?:var\s+)?(?:ct|create_time|publish_time)\s*[=:]\s*["']?(1\d{9})\b""")
_BESIDE = r"\s*(?:[|｜_·•–—]|\s-\s|-(?=\S+$))\s*"
_GENERIC = frozenset({"微信公众平台", "知乎专栏"})


@dataclass(frozen=True, slots=True)
class Clipping:
    """What is known of a page; `fault` says why it is no more than its address."""

    url: str
    title: str = ""
    site: str = ""
    date: str = ""
    fault: str = ""


def bare(url: str) -> Clipping:
    """Give what an address says by itself: its lasting form."""
    return Clipping(address.parse(url).lasting)


def clip(urls: Sequence[str], *, allow_private: bool = False) -> list[Clipping]:
    """Ask pages what they are, those of AT_ONCE hosts at a time, of one host one after the other.

    Whatever goes wrong with one, there is its address. `allow_private` admits addresses of the local network.
    """
    hosts: dict[str, list[str]] = {}
    for url in dict.fromkeys(urls):
        hosts.setdefault(address.parse(url).host, []).append(url)
    stopped, found = Event(), {}

    def visit(pages: Sequence[str]) -> None:
        for number, url in enumerate(pages):
            if number >= _UNASKED:
                stopped.wait(_PAUSE)
            if stopped.is_set():
                return
            found[url] = _clip(url, allow_private, stopped)

    fetch.side_by_side(visit, hosts.values(), AT_ONCE, stopped)
    return [found[url] for url in urls]


def _clip(url: str, allow_private: bool, stopped: Event) -> Clipping:
    try:
        answer = fetch.fetch(
            url,
            most=_MOST_BYTES,
            accept=_ACCEPT,
            kinds=_KINDS,
            seconds=_SECONDS,
            allow_private=allow_private,
            stopped=stopped,
        )
    except NetworkError as error:
        return Clipping(bare(url).url, fault=error.message)
    shown = fetch.shown(url)
    if answer.status != 200:
        return Clipping(bare(url).url, fault=tr("{url} answers {status}", url=shown, status=answer.status))
    if answer.kind and not answer.kind.startswith(_KINDS):
        return Clipping(
            bare(answer.moved or url).url,
            fault=tr("{url} is no web page but {kind}", url=shown, kind=_said(answer.kind)),
        )
    return read(_text(answer), answer.moved or url)


def read(page: str, url: str) -> Clipping:
    """Read what the HTML of the page at `url` says of it."""
    from lxml import etree
    from lxml.html import document_fromstring

    try:
        tree = document_fromstring(re.sub(r"\A\s*<\?xml[^>]*>", "", page.replace("\0", "")))
    except (etree.ParserError, ValueError):
        return bare(url)
    metas = _metas(tree)
    site = next((metas[name] for name in _SITES if name in metas), "")
    if address.parse(url).host == ARTICLE_HOST:
        nickname = _NICKNAME.search(page)
        site = _said(html.unescape(nickname[2])) if nickname else _words(tree, "//*[@id='js_name']") or site
    site = "" if site in _GENERIC else site
    title = next((metas[name] for name in _TITLES if name in metas), "") or _words(tree, "//head/title|//title")
    title, site = (title or _words(tree, "//h1"))[:_MOST_CHARS], site[:_MOST_CHARS]
    title = _without_site(title, site, address.parse(url).host)
    return Clipping(_lasting(tree, metas, url), title, site, _day(tree, metas, page))


def _text(answer: Answer) -> str:
    """Decode a page: as its server says, as it says itself, or as its bytes allow."""
    data = answer.body
    said = re.search(r"""charset\s*=\s*["']?([\w-]+)""", answer.headers.get("content-type", ""), re.IGNORECASE)
    meta = _CHARSET.search(data[:4096])
    names = [said[1] if said else "", meta[1].decode("ascii", "replace") if meta else "", "utf-8", "gb18030"]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        names.insert(0, "utf-16")
    for name in names:
        with suppress(LookupError, UnicodeError):
            # GBK and GB2312 are said of what is GB18030; a page may be cut in the middle of a character
            codec = "gb18030" if name.lower() in ("gbk", "gb2312") else lookup(name).name if name else ""
            if _CODECS.match(codec):
                return data.decode(codec) if answer.whole else data.decode(codec, "ignore")
    return data.decode("utf-8", "replace")


def _metas(tree: HtmlElement) -> dict[str, str]:
    """Give what the `meta` elements say, the first of each name."""
    found: dict[str, str] = {}
    for each in tree.iter("meta"):
        name = (each.get("property") or each.get("name") or each.get("itemprop") or "").strip().lower()
        if name and (said := _said(each.get("content") or "")):
            found.setdefault(name, said)
    return found


def _words(tree: HtmlElement, path: str) -> str:
    found = tree.xpath(path)
    return _said(found[0].text_content()) if isinstance(found, list) and found else ""


def _said(text: str) -> str:
    """Make one line of text that only shows of what a page says."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def _without_site(title: str, site: str, host: str) -> str:
    """Take the site's name off a title's ends: `Title - Site`, `Site | Title`."""
    names = [each for each in (site, host.removeprefix("www."), host.split(".")[-2] if "." in host else "") if each]
    for name in names:
        cut = re.sub(
            rf"{_BESIDE}{re.escape(name)}\s*\Z|\A\s*{re.escape(name)}{_BESIDE}", "", title, flags=re.IGNORECASE
        )
        title = cut.strip() or title
    return title


def _lasting(tree: HtmlElement, metas: Mapping[str, str], url: str) -> str:
    """Give the page's address as it calls it itself, if that is one of the same site and no front page."""
    here = address.parse(url)
    links = (each.get("href") for each in tree.iter("link") if (each.get("rel") or "").lower() == "canonical")
    for said in (*links, metas.get("og:url")):
        to = address.parse(urljoin(url, said or ""))
        alike = to.host.removeprefix("www.") == here.host.removeprefix("www.")
        same = to.scheme in ("http", "https") and alike and to.port == here.port
        if said and same and (to.path.strip("/") or not here.path.strip("/")) and not to.expires:
            return to.lasting
    return here.lasting


def _day(tree: HtmlElement, metas: Mapping[str, str], page: str) -> str:
    """Give the day on which the page appeared; "" where it does not say."""
    times = (each.get("datetime") or "" for each in tree.iter("time"))
    for said in (*(metas.get(name, "") for name in _DAYS), *_linked_days(tree), *times):
        if found := _day_in(said):
            return found
    if seconds := _SECONDS_SINCE_1970.search(page):
        return datetime.fromtimestamp(int(seconds[1]), _CHINA).date().isoformat()
    return ""


def _day_in(said: str) -> str:
    """Read a day, or a time, as in China if it says how far from Greenwich it is."""
    match = re.match(r"\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})", said)
    if match is None:
        return article.date_in(said[:8]) if re.match(r"\d{8}", said) else ""
    with suppress(ValueError, OverflowError):
        time = datetime.fromisoformat(said.strip().replace("Z", "+00:00"))
        if time.tzinfo:
            return time.astimezone(_CHINA).date().isoformat()
    return article.date_of(*match.groups())


def _linked_days(tree: HtmlElement) -> Iterator[str]:
    """List the days that a page's JSON-LD names."""
    for script in tree.iter("script"):
        if (script.get("type") or "").lower() != "application/ld+json":
            continue
        with suppress(ValueError, RecursionError):
            left: list[Any] = [json.loads(script.text or "")]
            while left:
                value = left.pop()
                if isinstance(value, dict):
                    if isinstance(value.get("datePublished"), str):
                        yield value["datePublished"]
                    left += value.values()
                elif isinstance(value, list):
                    left += value
