"""The verdict of WeChat's own article checker: a document in, what the published service says of it out, as findings.

    POST https://mp.weixin.qq.com/article-bin/verify_article_structure    {"content": "<section>…"}
    {"isValid": false, "inValidInfo": {"width": {"violateRules": "…", "items": [{"outerHTML": "<p …>…</p>"}]}}}

Source: wechatjs/verify-article-structure-spec, README section 1. It writes http:; others had answers by https: in June
2026. The service takes no token and knows no account; unverified, since nobody here could ask it. An article that it
objects to can be pushed; the web editor shows the same verdict when something is pasted. Nothing is sent unless `ask`
is called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape, unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from wxpub import address, conform
from wxpub.checks.pages import Document, excerpt, page_rules
from wxpub.errors import NetworkError
from wxpub.exchange import Exchange, Question
from wxpub.finding import Finding, Rule, shorten
from wxpub.language import gettext, tr
from wxpub.limits import CONTENT_BYTES
from wxpub.target import Placed, Target

if TYPE_CHECKING:
    from bs4.element import Tag

    from wxpub.issue import Issue

PATH = "/article-bin/verify_article_structure"
MOST_TIMES = 4  # of what a draft may hold: more is not sent, since no account could use it
_MOST_ITEMS = 200  # of one rule that are told
_SAID = 160  # characters of what the service says that are shown

_HEIGHT = Rule(
    "official-height-nodisplay",
    "warning",
    "what stands in a box of fixed height is higher than the box",
    "remove height",
    kind="verdict",
    reader="text that is cut off, or that lies over what follows",
)
_GRADIENT = Rule(
    "official-darkmode-no-gradient",
    "warning",
    "a gradient stands behind text, of which dark mode makes one colour",
    "use a plain colour or a border, or put the gradient on an element without text",
    kind="verdict",
    reader="one flat colour at night",
)
_ALONE = Rule(
    "official-darkmode-whitelist",
    "info",
    "data-no-dark keeps the colours of the day, also at night",
    "remove it, unless that is meant",
    kind="verdict",
    reader="an element in the colours of the day at night",
)
_OTHER = Rule(
    "official-other",
    "warning",
    "WeChat's checker objects to something that this program does not know yet",
    "see github.com/wechatjs/verify-article-structure-spec",
    kind="verdict",
    reader="something that WeChat's checker warns of",
)


def rules() -> tuple[Rule, ...]:
    """List the rules of this room: one for each of the checker's, in the words of the page rule that models it."""
    modelled = (
        Rule(
            f"official-{each.trigger['verdict']}", "warning", each.message, each.fix, kind="verdict", reader=each.reader
        )
        for each in page_rules()
        if "verdict" in each.trigger
    )
    return (*modelled, _HEIGHT, _GRADIENT, _ALONE, _OTHER)


# --- what is sent -----------------------------------------------------------------------------------------------------


def prepared(issue: Issue, target: Target) -> Document:
    """Finish `issue` for `target` as the checker is asked about it: every element knows its line of the Markdown."""
    page = issue.page(target)
    sizes = {each.src: issue.images.size(each.src) or (0, 0) for each in page.images}
    placed = {src: Placed(src, *size) for src, size in sizes.items()}
    html = conform.fill(conform.finish(page.layout.root, target, lines=True), placed)
    return Document(html, path=issue.path, made=True)


_IMG = re.compile(r"<img\b(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>", re.IGNORECASE)
_SOURCE = re.compile(r"(\s(?:data-)?src\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)
_WIDTH = re.compile(r"\sdata-w\s*=\s*[\"']?(\d{1,5})\b", re.IGNORECASE)
_RATIO = re.compile(r"\sdata-ratio\s*=\s*[\"']?(\d{0,3}\.?\d{1,8})", re.IGNORECASE)
_BLANK = 640, 360  # pixels of a picture of unknown size
_LONG = 2048  # characters; an address that is longer is none of WeChat's


def content(html: str) -> str:
    """Write what is sent of `html`: pictures stay here, and a blank of the same size stands for each.

    The checker loads pictures before it measures, and one that does not load has another width (`layout.ts` of its
    engine). Those that WeChat has already keep their addresses.
    """
    return _IMG.sub(lambda match: _blanked(match[0]), html)


def _blanked(tag: str) -> str:
    width, ratio = _WIDTH.search(tag), _RATIO.search(tag)
    size = (int(width[1]), round(int(width[1]) * float(ratio[1]))) if width and ratio else _BLANK
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}"/>'
    blank = f'"{escape("data:image/svg+xml," + quote(drawing))}"'

    def source(match: re.Match[str]) -> str:
        url = unescape(match[2].strip("\"'")) if len(match[2]) < _LONG else ""
        return match[0] if url and address.parse(url).hosted else match[1] + blank

    return _SOURCE.sub(source, tag)


# --- what comes back --------------------------------------------------------------------------------------------------


def ask(document: Document, exchange: Exchange) -> tuple[Finding, ...]:
    """Send `document` to the checker at the other end of `exchange`, and tell what it objects to, with lines.

    Raises NetworkError where no verdict comes, and for an article that is too large to be sent.
    """
    body = json.dumps({"content": content(document.html)}, ensure_ascii=False).encode("utf-8", "replace")
    endpoint = PATH.rpartition("/")[2]
    if len(body) > MOST_TIMES * CONTENT_BYTES:
        what = tr("the article is larger than {mb} MB and is not sent", mb=MOST_TIMES * CONTENT_BYTES // 1024 // 1024)
        raise NetworkError(what, endpoint, sent=False)
    answer = exchange.ask(Question(PATH, {}, body), endpoint)
    if answer.status != 200:
        raise NetworkError(tr("the checker answers HTTP {status}", status=answer.status), endpoint, hint=_without())
    return tuple(_findings(_verdict(answer.body, endpoint), document))


def _without() -> str:
    return tr("without --official the same rules are checked here, as far as that is possible")


def _verdict(body: bytes, endpoint: str) -> Mapping[str, Any]:
    """Read the rules that are broken out of an answer."""
    try:
        answer = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("isValid"), bool):
        raise NetworkError(tr("the answer is no verdict"), endpoint, hint=_without())
    broken = answer.get("inValidInfo")
    if answer["isValid"] or not isinstance(broken, dict):
        return {} if answer["isValid"] else {"": None}
    return broken or {"": None}  # it objects, and does not say to what


def _findings(broken: Mapping[str, Any], document: Document) -> Iterator[Finding]:
    known = {rule.id: rule for rule in rules()}
    for name, told in broken.items():
        told = told if isinstance(told, dict) else {}
        rule = known.get(f"official-{name}", _OTHER)
        message = gettext(rule.message)
        if rule is _OTHER:
            said = shorten(" ".join(f"{name} {told.get('violateRules') or ''}".split()), _SAID)
            message = tr("{message} ({said})", message=message, said=said) if said else message
        items = told.get("items")
        places = _places(items if isinstance(items, list) else [], document)
        for tag, what in places or [(None, "")]:
            text = tr("WeChat's checker objects to {what}: {message}", what=what, message=message) if what else message
            yield rule.find(text, document.path, document.line(tag) if tag is not None else None)


def _places(items: list[Any], document: Document) -> list[tuple[Tag | None, str]]:
    """Find the elements that the checker shows, each with what to call it; of several alike, one after another."""
    found: list[tuple[Tag | None, str]] = []
    taken: dict[tuple[str, ...], int] = {}
    for item in items[:_MOST_ITEMS]:
        html = item.get("outerHTML") if isinstance(item, dict) else None
        shown = next(iter(Document(html).elements), None) if isinstance(html, str) else None
        if shown is None:
            continue
        alike, exact = _alike(shown, document)
        turn = taken[exact] = taken.get(exact, -1) + 1
        found.append((alike[min(turn, len(alike) - 1)] if alike else None, excerpt(shown)))
    return found


def _alike(shown: Tag, document: Document) -> tuple[list[Tag], tuple[str, ...]]:
    """List the elements of `document` that look like `shown`: by tag, words and style, else by tag and words."""
    words, style = _words(shown), str(shown.get("style") or "")
    same = [each for each in document.by_tag.get(shown.name.lower(), ()) if _words(each) == words]
    styled = [each for each in same if str(each.get("style") or "") == style]
    return styled or same, (shown.name, words, style)


def _words(tag: Tag) -> str:
    return "".join(tag.get_text().split())
