"""An issue as a web page of its own: live links, one style sheet by day and night, readable on paper, no script.

page     a file that needs no other, with its images inside                      `wxpub convert --format web`
write    the same with images wherever they are placed, for a page of a site
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from wxpub.article import written_in
from wxpub.elsewhere.dress import FONTS, GENERATOR, byline, classed, palette
from wxpub.finding import Finding
from wxpub.images import remote
from wxpub.target import WEB

if TYPE_CHECKING:
    from wxpub.issue import Issue
    from wxpub.target import Placed

_HERE = Path(__file__).parent / "static"
# Nothing runs on a page: its HTML is harmless by construction, and a browser is told so.
POLICY = "default-src 'none'; img-src http: https: data: file: 'self'; style-src 'unsafe-inline'; base-uri 'none'"
_HEADING = re.compile(r"<(h[1-6])\b([^>]*)>(.*?)</\1>", re.DOTALL)
_ANCHOR = re.compile(r'<a href="#([^"]*)"')
_SIZED = re.compile(r' data-w="(\d+)" data-ratio="([\d.]+)"')
_SCROLLED = re.compile(r'(<section)(?= style="[^"]*overflow-x:auto)')
_DEAD = re.compile(r' data-ignore-width(?:="")?')


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a page has around its article: its own address, that of its picture, and HTML of the site it belongs to."""

    url: str = ""
    picture: str = ""
    name: str = ""
    head: str = ""
    before: str = field(default="", repr=False)
    after: str = field(default="", repr=False)


def page(issue: Issue) -> tuple[str, tuple[Finding, ...]]:
    """Make the page of an issue that stands alone; an image that cannot be read gives a finding with its line.

    Its address on the web is the issue's `source_url`, where it has one.
    """
    images, findings = issue.embedded(WEB)
    article = issue.page(WEB).article
    around = Surroundings(url=article.source_url, picture=article.cover if remote(article.cover) else "")
    return write(issue, images, around), findings


def write(issue: Issue, images: Mapping[str, Placed], around: Surroundings) -> str:
    """Write the page of an issue whose images are placed; an image without a place keeps its source."""
    finished = issue.page(WEB)
    article, colours = finished.article, palette(issue.theme.variables)
    body, rules = classed(_plain(finished.fill(images)))
    language = written_in(f"{article.title}{article.digest}" or article.body)
    beside = article.source_url if article.source_url != around.url else ""
    words = "原文：" if language == "zh-CN" else "Source: "
    source = f'<p class="source">{words}<a href="{escape(beside)}">{escape(unquote(beside))}</a></p>' if beside else ""
    said = byline(article)
    return "".join(
        (
            f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n',
            '<meta name="viewport" content="width=device-width,initial-scale=1">\n',
            f'<meta name="generator" content="{GENERATOR}">\n<meta name="color-scheme" content="light dark">\n',
            f"<title>{escape(article.title)}</title>\n",
            "".join(f"{each}\n" for each in _described(issue, around)),
            around.head,
            f"<style>\n{sheet(colours.variables(0), colours.variables(1))}{rules}</style>\n</head>\n<body>\n",
            f"{around.before}<main>\n<header>\n<h1>{escape(article.title)}</h1>\n",
            f'<p class="byline">{said}</p>\n' if said else "",
            f"</header>\n<article>{_anchored(body)}</article>\n{source}</main>\n{around.after}</body>\n</html>\n",
        )
    )


def sheet(day: str, night: str, name: str = "web.css") -> str:
    """Give a shipped style sheet with its colours by day and at night put in."""
    return shipped(name).replace("/*day*/", day).replace("/*night*/", night).replace("/*fonts*/", FONTS)


@cache
def shipped(name: str) -> str:
    """Read a shipped file, once in a process."""
    return (_HERE / name).read_text(encoding="utf-8")


def _described(issue: Issue, around: Surroundings) -> list[str]:
    """Say in the page's head what it is: for search engines, and for sites that show a link to it (ogp.me)."""
    article = issue.page(WEB).article
    named = {"description": article.digest, "author": article.author}
    graph = {
        "og:type": "article",
        "og:title": article.title,
        "og:description": article.digest,
        "og:site_name": around.name,
        "og:url": around.url,
        "og:image": around.picture,
        "article:published_time": article.date,
        "article:author": article.author,
    }
    found = [f'<meta name="{name}" content="{escape(value)}">' for name, value in named.items() if value]
    found += [f'<meta property="{name}" content="{escape(value)}">' for name, value in graph.items() if value]
    return found + ([f'<link rel="canonical" href="{escape(around.url)}">'] if around.url else [])


def _plain(html: str) -> str:
    """Say in HTML what WeChat has attributes of its own for, the size of an image; a keyboard reaches what scrolls."""

    def sized(found: re.Match[str]) -> str:
        width = int(found[1])
        return f' width="{width}" height="{round(width * float(found[2]))}"'

    html = _SCROLLED.sub(r'\1 tabindex="0"', html)
    return _DEAD.sub("", _SIZED.sub(sized, html))


def _anchored(html: str) -> str:
    """Give headings the ids that GitHub gives them, so that links within the page lead there; those to none go.

    A footnote is led to from its number in the text, and back.
    """
    ids: set[str] = set()

    def named(found: re.Match[str]) -> str:
        tag, attributes, inner = found[1], found[2], found[3]
        slug = slug_of(unescape(re.sub(r"<[^>]*>", "", inner)))
        name, count = slug, 0
        while name in ids:
            count += 1
            name = f"{slug}-{count}"
        if not name:
            return found[0]
        ids.add(name)
        return f'<{tag} id="{escape(name)}"{attributes}>{inner}</{tag}>'

    html = _HEADING.sub(named, html)

    jumps = {unquote(unescape(each)) for each in _ANCHOR.findall(html)}

    def led(found: re.Match[str]) -> str:
        name = unquote(unescape(found[1]))
        back = name.replace("fn", "fnref") if name.startswith("fn-") else name.replace("fnref", "fn")
        if back != name and back in jumps:  # a footnote's number leads to it, and its own number back
            own = "" if back in ids else f' id="{back}"'
            ids.add(back)
            return f'<a{own} href="#{name}"'
        return f'<a href="#{quote(name)}"' if name in ids else "<a"

    return _ANCHOR.sub(led, html)


def slug_of(text: str) -> str:
    """Name a heading as GitHub does in an address: lower case, no punctuation, hyphens for spaces."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\- ]", "", text.strip().lower()))
