"""What only the network knows of an issue's links: places of addresses in, findings out; for `wxpub check --online`.

Each address is asked once, however many files have it; hosts are asked side by side, one host's addresses one after
the other with a pause between them, and what was learned is kept for a day. A server that refuses programs, or that is
in trouble, tells nothing about what readers see: such a link is not known, never dead.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from wxpub import safe
from wxpub.address import named, parse
from wxpub.errors import NetworkError
from wxpub.fetch import Answer, Failure, fetch, side_by_side
from wxpub.finding import Finding, Rule, shorten
from wxpub.language import tr
from wxpub.limits import ARTICLE_HOST
from wxpub.tree import line_of

if TYPE_CHECKING:
    from wxpub.checks.pages import Document
    from wxpub.issue import Issue

LINK_DEAD = Rule(
    "link-dead",
    "warning",
    "a link leads to a page or a server that does not exist",
    "correct it, or take it out",
    "source",
    reader="an error in place of what was promised",
)
LINK_EXPIRED = Rule(
    "link-expired",
    "warning",
    "WeChat no longer shows the article that a link leads to",
    "take it out, or name another source",
    "source",
    reader="a page on which WeChat says that the article was deleted or taken down",
)
LINK_MOVED = Rule(
    "link-moved",
    "info",
    "a page has moved for good to another address",
    "write the new address",
    "source",
    reader="the page, as long as the old address leads there",
)
LINK_NOT_KNOWN = Rule(
    "link-not-known",
    "info",
    "a server does not tell programs whether a page exists",
    "open it in a browser",
    "source",
    reader="the page, or an error; only a browser tells",
)
RULES = (LINK_DEAD, LINK_EXPIRED, LINK_MOVED, LINK_NOT_KNOWN)

AT_ONCE = 8  # hosts that are asked at the same time, each over one connection
PAUSE = 1.0  # seconds between two questions to one host
SECONDS = 10  # for one question
TRIES = 3  # of a server in trouble
BACKOFF = 1.0  # seconds before the second try; twice as long before each that follows
PATIENCE = 30  # seconds that a server may ask to wait
KEPT_SECONDS = 24 * 3600
CONTROL = f"https://{ARTICLE_HOST}/"  # whose name is known wherever there is a network

_LOST = ("unknown", "silent", "deadline", "unreachable")  # what a machine without a network finds of every address
_CACHE_BYTES = 32 * 1024 * 1024
_PAGE_BYTES = 512 * 1024  # of a page of WeChat; those on which it refuses an article have some 20 KB
# How WeChat says, with status 200, that it does not show an article, and that it takes the one who asks for a program.
# Collected from open-source programs that read such pages (November 2026); unverified. An article that quotes these
# words has the element js_content, which the pages that say them do not have.
_GONE = re.compile(
    "该内容已被发布者删除|该内容已被发送人删除|内容已被作者删除|此内容因违规(?:无法查看|已删除)|该内容暂时无法查看|此内容发送失败无法查看"
    "|此[帐账]号(?:已注销|已被屏蔽|已自主注销|被投诉)[^<。]{0,20}|该公众号已被封禁|根据作者隐私设置，无法查看该内容|链接已过期"
)
_WALL = re.compile("环境异常|访问过于频繁|wappoc_appmsgcaptcha")

Kind = Literal["alive", "moved", "dead", "expired", "not known"]


class Link(NamedTuple):
    """A place at which an address stands. `private` says that one of the local network may be asked."""

    href: str
    path: Path | None
    line: int | None
    private: bool = False

    @property
    def url(self) -> str:
        """What is asked for: the address without its fragment."""
        to = parse(self.href)
        return (to.url if to.scheme else f"https:{to.url}").partition("#")[0]


class Verdict(NamedTuple):
    """What became of an address.

    `status` is that of the answer, 0 without one; `to` is where it has moved; `words` are what WeChat's page says;
    `failure` tells why there is no answer. A verdict with none of these is of one that was not asked.
    """

    kind: Kind
    status: int = 0
    to: str = ""
    words: str = ""
    failure: Failure | None = None

    @property
    def lasting(self) -> bool:
        """Whether the same would be found an hour later."""
        return self.failure is None and 0 < self.status < 1000 and self.status != 429 and self.status // 100 != 5

    @property
    def closes(self) -> bool:
        """Whether its host had better be left alone."""
        silent = self.failure is not None and not self.failure.lasting and self.failure.reason != "unknown"
        return silent or self.status == 429 or (self.kind == "not known" and self.words != "")


def links_in_issue(issue: Issue) -> Iterator[Link]:
    """List the web's addresses in an issue, links and pictures, with their lines.

    Those of the newsletter's own files are left out: they may be published together with the issue.
    """
    private = bool(issue.settings.network.get("allow_private"))
    addresses = issue.settings.addresses
    for element in issue.layout.source.iter("a", "img"):
        href = (element.get("href") or element.get("src") or "").strip()
        if _is_asked(href) and not _is_own(href, addresses):
            yield Link(href, *issue.layout.place(line_of(element)), private)


def links_in_page(document: Document) -> Iterator[Link]:
    """List the web's addresses in anybody's article HTML, with their lines."""
    for tag in document.elements:
        href = str(tag.attrs.get("href" if tag.name == "a" else "src") or "").strip()
        if tag.name in ("a", "img") and _is_asked(href):
            yield Link(href, document.path, document.line(tag))


def _is_asked(href: str) -> bool:
    to = parse(href)
    return bool(to.host) and to.scheme in ("", "http", "https")


def _is_own(href: str, addresses: Iterable[tuple[str, str]]) -> bool:
    return any(each.path and Path(each.folder, each.path).exists() for each in named(parse(href), addresses))


def judge(
    found: Iterable[Link], *, fresh: bool = False, progress: Callable[[int, int], None] = lambda done, all: None
) -> tuple[Finding, ...]:
    """Ask the servers of all links and say what is wrong with them, at every place.

    With `fresh` what was learned within a day is asked anew; `progress` is told how many addresses are done, and of how
    many. What is known is kept even if this is interrupted. Raises NetworkError where there is no network at all.
    """
    found = tuple(found)
    private: dict[str, bool] = {}
    for link in found:
        private[link.url] = private.get(link.url, False) or link.private
    verdicts = _ask(private, fresh, progress)
    return tuple(finding for link in found if (finding := _finding(link, verdicts[link.url])))


def _finding(link: Link, verdict: Verdict) -> Finding | None:
    shown, failure = shorten(link.href, 80), verdict.failure
    match verdict.kind:
        case "dead" if failure is not None and failure.reason == "unknown":
            said = tr("{link}: there is no server of this name", link=shown)
        case "dead":
            said = tr("{link}: the server answers {status}", link=shown, status=verdict.status)
            said = failure.told(shown) if failure else said
        case "expired":
            said = tr("{link}: WeChat says “{words}”", link=shown, words=verdict.words)
        case "moved":
            old, new = parse(link.href), parse(verdict.to)
            place = verdict.to + (f"#{old.fragment}" if old.fragment and not new.fragment else "")
            if old.path.strip("/") and not new.path.strip("/"):
                said = tr("{link} leads to the front page {new} now", link=shown, new=shorten(place, 200))
                fix = tr("look whether the page is still there")
                return LINK_MOVED.find(said, link.path, link.line, fix=fix)
            said = tr("{link} has moved for good to {new}", link=shown, new=shorten(place, 200))
        case "not known" if failure is not None:
            said = failure.told(shown)
        case "not known" if verdict.words:
            said = tr("{link}: WeChat wants to see that a person asks", link=shown)
        case "not known" if verdict.status:
            said = tr("{link}: the server answers {status}", link=shown, status=verdict.status)
        case "not known":
            said = tr("{link}: not asked, since its server did not answer before", link=shown)
        case _:
            return None
    rule = {"dead": LINK_DEAD, "expired": LINK_EXPIRED, "moved": LINK_MOVED}.get(verdict.kind, LINK_NOT_KNOWN)
    return rule.find(said, link.path, link.line)


# --- asking -----------------------------------------------------------------------------------------------------------


def _ask(private: Mapping[str, bool], fresh: bool, progress: Callable[[int, int], None]) -> Mapping[str, Verdict]:
    """Give a verdict on each address, those of AT_ONCE hosts at a time."""
    kept = _read()
    verdicts = {} if fresh else {url: kept[url][1] for url in private if url in kept}
    asked: dict[str, Verdict] = {}
    hosts: dict[str, list[str]] = {}
    for url in private.keys() - verdicts.keys():
        hosts.setdefault(parse(url).host, []).append(url)
    stopped = Event()

    def visit(urls: Iterable[str]) -> None:
        """Ask for addresses of one host, until it had better be left alone."""
        closed = False
        for number, url in enumerate(urls):
            if not closed and number:
                stopped.wait(PAUSE)
            if stopped.is_set():
                return
            asked[url] = Verdict("not known") if closed else _judge(url, private[url], stopped)
            closed = closed or asked[url].closes

    largest_first = sorted(map(sorted, hosts.values()), key=len, reverse=True)
    try:
        side_by_side(visit, largest_first, AT_ONCE, stopped, lambda: progress(len(verdicts) + len(asked), len(private)))
    finally:
        _write({url: each for url, each in asked.items() if each.lasting})
    _doubt(asked.values())
    return {**verdicts, **asked}


def _doubt(verdicts: Iterable[Verdict]) -> None:
    """Raise NetworkError if nobody answered, nor does WeChat: then it is this machine that has no network."""
    asked = [each for each in verdicts if each.status or each.words or each.failure]
    lost = [each for each in asked if each.failure and each.failure.reason in _LOST]
    if not lost or len(lost) < len(asked):
        return
    try:
        fetch(CONTROL, most=0, method="HEAD", seconds=SECONDS, allow_private=True)
    except Failure:
        said = tr("none of the links can be reached, nor can WeChat")
        raise NetworkError(said, hint=tr("is there a network?")) from None


def _judge(url: str, private: bool, stopped: Event) -> Verdict:
    """Ask for `url`, and again, after a while, a server in trouble."""
    verdict, pause = _try(url, private, stopped, head=not _is_article(url))
    for number in range(1, TRIES):
        if pause is None or stopped.wait(max(pause, BACKOFF * 2 ** (number - 1))):
            break
        verdict, pause = _try(url, private, stopped, head=False)
    return verdict


def _try(url: str, private: bool, stopped: Event, *, head: bool) -> tuple[Verdict, float | None]:
    """Ask for the head of a page, and for the page where that is refused; tell how long to wait before the next try.

    No number of seconds means that another try would bring nothing else.
    """

    def asked(method: Literal["GET", "HEAD"], most: int = 0) -> Answer:
        return fetch(url, most=most, method=method, seconds=SECONDS, allow_private=private, stopped=stopped)

    try:
        if head:
            with suppress(Failure):
                answer = asked("HEAD")
                if answer.status < 400:
                    return _of(url, answer)
        return _of(url, asked("GET", _PAGE_BYTES if _is_article(url) else 0))
    except Failure as failure:
        dead = failure.reason in ("unknown", "invalid")
        verdict = Verdict("dead" if dead else "not known", failure=failure)
        return verdict, None if dead or failure.lasting else 0


def _of(url: str, answer: Answer) -> tuple[Verdict, float | None]:
    """Read the verdict off an answer."""
    status = answer.status
    if status in (404, 410):
        return Verdict("dead", status), None
    if status == 429 or 500 <= status < 600:
        pause = _pause(answer.headers.get("retry-after", ""))
        return Verdict("not known", status), pause if pause <= PATIENCE else None
    if status >= 400:
        return Verdict("not known", status), None
    if _is_article(url):
        text = answer.body.decode("utf-8", "replace") if answer.whole else ""
        if wall := _WALL.search(answer.url) or ("js_content" not in text and _WALL.search(text)):
            return Verdict("not known", words=wall[0]), None
        if "js_content" not in text and (gone := _GONE.search(text)):
            return Verdict("expired", status, words=gone[0]), None
    if answer.moved and parse(answer.moved).identity != parse(url).identity:
        return Verdict("moved", status, answer.moved), None
    return Verdict("alive", status), None


def _is_article(url: str) -> bool:
    """Whether WeChat shows an article here, of which the status says nothing."""
    to = parse(url)
    return to.host == ARTICLE_HOST and (to.path == "/s" or to.path.startswith("/s/"))


def _pause(text: str) -> float:
    """Read `Retry-After`: seconds, or a date; 0 for none."""
    from email.utils import parsedate_to_datetime

    if re.fullmatch(r"\d{1,9}", text.strip(), re.ASCII):
        return float(text)
    with suppress(ValueError, OverflowError):
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    return 0.0


# --- what was learned -------------------------------------------------------------------------------------------------


def _place() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("wxpub", appauthor=False) / "links.json"


def _read() -> dict[str, tuple[float, Verdict]]:
    """Read what was learned within a day, and when; a file that is damaged holds nothing."""
    try:
        links = json.loads(safe.read_whole(_place(), _CACHE_BYTES))["links"]
        entries = ((url, _entry(value)) for url, value in links.items())
        return {url: entry for url, entry in entries if entry}
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}


def _entry(value: Any) -> tuple[float, Verdict] | None:
    match value:
        case [float() as at, str() as kind, int() as status, str() as to, str() as words]:
            if kind in get_args(Kind) and 0 <= time.time() - at < KEPT_SECONDS:
                return at, Verdict(kind, status, to, words)  # type: ignore[arg-type]
    return None


def _write(verdicts: Mapping[str, Verdict]) -> None:
    """Add `verdicts` to what is kept. Of two processes that write at once one may lose what it learned, no more."""
    if not verdicts:
        return
    now, place = time.time(), _place()
    kept = {**_read(), **{url: (now, each) for url, each in verdicts.items()}}
    links = {url: (at, each.kind, each.status, each.to, each.words) for url, (at, each) in kept.items()}
    with suppress(OSError):  # a cache that cannot be written costs time only
        place.parent.mkdir(parents=True, exist_ok=True)
        safe.write(place, json.dumps({"links": links}, ensure_ascii=False).encode(), 0o600, lasting=False)
