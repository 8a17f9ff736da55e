"""The pipeline: an `Article` and a `Theme` in, a `Page` that WeChat keeps out; pure, and short enough to be its own documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from wxpub import conform, links, theme, tree
from wxpub.article import Article
from wxpub.finding import Finding
from wxpub.links import Note

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from wxpub.theme import Theme

Target = Literal["api", "paste"]


@dataclass(frozen=True, slots=True)
class Picture:
    """What an image of the source becomes: where it is served from, and its size in pixels (0 if unknown)."""

    url: str
    width: int = 0
    height: int = 0


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
    """An article as WeChat will keep it. `article` has its title and digest filled in; `html` is the content to send."""

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
    root, findings = tree.parse(article.body, article.path, hard_breaks=article.hard_breaks)
    article = _complete(article, root)
    notes, found = links.resolve(root, article, published or {})
    findings += found
    images = _images(root)
    _place(root, pictures or {})
    findings += conform.shape(root, article.path)
    outline = _outline(root)
    theme.apply(root, style)
    html = conform.finish(root, target)
    return Page(article, html, notes, images, outline, findings)


def _complete(article: Article, root: HtmlElement) -> Article:
    """Fill in the title and the digest from the body. The heading that gives the title leaves it: WeChat shows the title itself."""
    title, digest = article.title, article.digest
    if not title and (heading := next(root.iter(*_HEADINGS), None)) is not None:
        title = _text(heading)
        _remove(heading)
    if not digest:
        digest = next(filter(None, map(_guide, root.iter("blockquote"))), "")
    return replace(article, title=title, digest=shorten(digest, DIGEST_CHARS))
