"""The pipeline: an `Article` and a `Theme` in, the `Page` that WeChat keeps out; pure, and its own documentation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from wxpub import conform, dialect, links, theme
from wxpub.article import Article
from wxpub.finding import Finding
from wxpub.limits import DIGEST_CHARS, TITLE_CHARS
from wxpub.links import Note
from wxpub.target import TARGETS, Placed
from wxpub.tree import fill, line_of, text_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from wxpub.theme import Theme

Target = Literal["api", "paste"]
Picture = Placed
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image that the article shows: `src` as the source names it, `line` of its first use."""

    src: str
    alt: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the body, for outlines: `level` 1 to 6."""

    level: int
    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """An article as WeChat will keep it: `article` with title and digest filled in, `html` the content to send."""

    article: Article
    html: str
    notes: tuple[Note, ...] = ()
    images: tuple[ImageRef, ...] = ()
    outline: tuple[Heading, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def characters(self) -> int:
        """Count as WeChat documents its limit of 20,000: characters of HTML, markup included."""
        return len(self.html)

    @property
    def bytes(self) -> int:
        """Count the UTF-8 bytes of the HTML, which WeChat limits to 1 MB."""
        return len(self.html.encode())


def render(
    article: Article,
    style: Theme,
    *,
    published: Mapping[str, str] | None = None,
    pictures: Mapping[str, Picture] | None = None,
    target: Target = "api",
) -> Page:
    """Render `article` in the theme `style`.

    `published` maps back issues (absolute path of their Markdown) to their WeChat permalinks; `pictures` maps image
    sources to what they became. An image without a picture keeps its source. Equal input gives equal pages.
    """
    root, findings = dialect.parse(article.body, article.path, hard_breaks=article.hard_breaks)
    article, found = _complete(article, root)
    findings += found
    outline = _outline(root)
    notes, found = links.resolve(root, article, published or {})
    findings += found
    images = _images(root)
    placed = pictures or {}
    sizes = {src: (each.width, each.height) for src, each in placed.items() if each.width and each.height}
    findings += conform.shape(root, article.path, sizes)
    theme.apply(root, style)
    html = conform.fill(conform.finish(root, TARGETS[target]), placed)
    return Page(article, html, notes, images, outline, findings)


def _complete(article: Article, root: HtmlElement) -> tuple[Article, tuple[Finding, ...]]:
    """Fill in the title and the digest from the body.

    The heading that gives the title leaves the body, but for its pictures: WeChat shows the title itself. One that is
    longer than WeChat takes is shortened, and stays, so that no word is lost.
    """
    title, digest, findings = article.title, article.digest, []
    if not title and (heading := _title_heading(root)) is not None:
        whole = text_of(heading)
        title = shorten(whole, TITLE_CHARS)
        if title == whole:
            _take_title(heading)
        else:
            said = f"the title has {len(whole)} characters, WeChat takes {TITLE_CHARS}; it is shortened to “{title}”"
            fix = 'choose a short one with "title:"; the heading then leaves the text'
            findings.append(Finding("title-shortened", "warning", said, article.path, line_of(heading), fix))
    if not digest:
        guides = (_guide(quote) for quote in root.iter("blockquote"))
        digest = shorten(next(filter(None, guides), ""), DIGEST_CHARS)
    return replace(article, title=title, digest=digest), tuple(findings)


def _title_heading(root: HtmlElement) -> HtmlElement | None:
    """Find the heading that names the issue: the first `#`, or a lone heading above all others.

    Where several headings share the highest rank below `#` they are sections, and none of them is the title. Nor is one
    without words, which holds a banner.
    """
    headings = [heading for heading in root.iter(*HEADINGS) if text_of(heading)]
    if not headings:
        return None
    rank = min(heading.tag for heading in headings)
    top = [heading for heading in headings if heading.tag == rank]
    return top[0] if rank == "h1" or len(top) == 1 else None


def _take_title(heading: HtmlElement) -> None:
    """Take the title's heading out of the body; pictures in it, a logo for one, stay as a paragraph."""
    pictures = list(heading.iter("img"))
    if not pictures:
        heading.drop_tree()
        return
    heading.tag, heading.text = "p", None
    for child in list(heading):
        heading.remove(child)
    for picture in pictures:
        picture.tail = None
    fill(heading, pictures)


def _guide(quote: HtmlElement) -> str:
    """Give the text of a `> 导读：…` quote, "" for any other quote."""
    text = re.sub(r"(?<=[，。；：！？、]) ", "", text_of(quote))
    match = re.match(r"【?导读】?\s*[:：]?\s*(.*)", text)
    return match[1] if match else ""


def shorten(text: str, limit: int) -> str:
    """Cut `text` to at most `limit` characters: after a sentence, else after a clause, else where it must be."""
    if len(text) <= limit:
        return text
    for marks, ending in ("。！？!?", ""), ("；;，,、/|｜", "…"):
        cut = max(text.rfind(mark, limit // 2, limit) for mark in marks)
        if cut > 0:
            return text[: cut + 1 - len(ending)] + ending
    return text[: limit - 1] + "…"


def _images(root: HtmlElement) -> tuple[ImageRef, ...]:
    """List the images that the article shows, each source once, in order; what `conform` will refuse is none."""
    found: dict[str, ImageRef] = {}
    for image in root.iter("img"):
        src = image.get("src", "").strip()
        if conform.is_safe_source(src):
            found.setdefault(src, ImageRef(src, image.get("alt", ""), line_of(image)))
    return tuple(found.values())


def _outline(root: HtmlElement) -> tuple[Heading, ...]:
    return tuple(Heading(int(each.tag[1]), text_of(each), line_of(each)) for each in root.iter(*HEADINGS))
