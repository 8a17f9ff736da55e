"""Everything that a push needs, gathered before anything is sent: issues in, rendered pages and loaded pictures out.

Whatever is wrong with any page or picture is found here, all of it at once, while nothing has been done yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wxpub import images
from wxpub.article import Article
from wxpub.check import check
from wxpub.errors import NetworkError, SourceError
from wxpub.finding import Finding
from wxpub.images import Image, Source, Store
from wxpub.page import ImageRef, Page, render
from wxpub.theme import Theme

READERS = {"read-more-missing"}  # errors that only a reader would meet
Known = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Issue:
    """An article, the theme it is set in, its project's folder, and where its back issues were published.

    Pictures are read from inside `picture_root` only.
    """

    article: Article
    theme: Theme
    root: Path
    picture_root: Path
    published: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bundle:
    """An issue that is ready to go: `page` still names the pictures of the source.

    `sources` are its pictures by their `src`, the cover apart; `loaded` holds, by use and key, those to upload. `store`
    has them all.
    """

    issue: Issue
    page: Page
    store: Store
    sources: Mapping[str, Source]
    cover: Source
    loaded: Mapping[tuple[str, str], Image]
    findings: tuple[Finding, ...]

    @property
    def all_sources(self) -> tuple[Source, ...]:
        """List the sources of every picture, the cover last."""
        return (*self.sources.values(), self.cover)

    @property
    def pictures(self) -> tuple[tuple[str, str], ...]:
        """List every picture as (use, key), use being body or cover."""
        return (*(("body", source.key) for source in self.sources.values()), ("cover", self.cover.key))


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms pictures and findings are taken.

    `known(use, key)` tells which pictures are uploaded already: those are read, but not converted. `allow_private`
    admits pictures of the local network. With `skip_unreachable`, and in a `rehearsal`, a picture on the web that
    cannot be reached is replaced by a grey one; in a rehearsal what only readers would miss stops nothing either.
    """

    known: Known
    allow_private: bool = False
    skip_unreachable: bool = False
    rehearsal: bool = False


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What became of one picture: its source, its bytes if they have to be uploaded, and what there is to say."""

    source: Source | None = None
    image: Image | None = None
    finding: Finding | None = None


def gather(issues: Sequence[Issue], terms: Terms) -> tuple[Bundle, ...]:
    """Render and check every issue and load every picture of it. What is wrong is among the bundles' findings."""
    return tuple(_gather(issue, terms) for issue in issues)


def _gather(issue: Issue, terms: Terms) -> Bundle:
    page = render(issue.article, issue.theme, published=issue.published)
    own = [image for image in page.images if not images.hosted(image.src)]
    store = Store(issue.article.path, issue.picture_root, allow_private=terms.allow_private)
    store.prepare([image.src for image in own], lambda source: terms.known("body", source.key))
    body = [_body(image, store, issue, terms) for image in own]
    cover = _cover(page.article, store, issue, terms)
    loaded = {("body", each.source.key): each.image for each in body if each.source and each.image}
    if cover.source and cover.image:
        loaded["cover", cover.source.key] = cover.image
    return Bundle(
        issue,
        page,
        store,
        {image.src: each.source for image, each in zip(own, body, strict=True) if each.source},
        cover.source or Source("", "cover", b"", ""),
        loaded,
        (*_checked(page, issue, terms), *(each.finding for each in (*body, cover) if each.finding)),
    )


def _checked(page: Page, issue: Issue, terms: Terms) -> tuple[Finding, ...]:
    """Check the page, but for its pictures: those are loaded here, which says more."""
    found = check(page, root=issue.picture_root, published=issue.published)
    kept = (each for each in found if each.rule != "image-missing")
    if terms.rehearsal:
        kept = (replace(each, severity="warning") if each.rule in READERS else each for each in kept)
    return tuple(kept)


def _body(image: ImageRef, store: Store, issue: Issue, terms: Terms) -> _Loaded:
    """Load a picture of the text."""
    path = issue.article.path
    try:
        source = store.read(image.src)
        picture = None if terms.known("body", source.key) else store.fit(image.src)
    except SourceError as error:
        return _Loaded(finding=Finding("image", "error", error.message, path, image.line, error.hint))
    except NetworkError as error:
        if not (terms.skip_unreachable or terms.rehearsal):
            fix = f"{error.hint or 'try again later'}; --skip-unreachable pushes without it"
            return _Loaded(finding=Finding("image", "error", error.message, path, image.line, fix))
        fix = "a grey box takes its place; push again when it can be reached"
        source = store.stand_in(image.src)
        return _Loaded(source, store.fit(image.src), Finding("image", "warning", error.message, path, image.line, fix))
    if picture and picture.remark:
        said = f"image {source.name}: {picture.remark}"
        return _Loaded(source, picture, Finding("image", "warning", said, path, image.line))
    return _Loaded(source, picture)


def _cover(article: Article, store: Store, issue: Issue, terms: Terms) -> _Loaded:
    """Give the cover that the author named, else one drawn from the title."""
    path = article.path
    try:
        source = store.read(article.cover) if article.cover else store.cover(article.title, cover_colours(issue.theme))
        picture = None if terms.known("cover", source.key) else store.fit(source.src)
    except (SourceError, NetworkError) as error:
        return _Loaded(finding=Finding("cover", "error", f"cover: {error.message}", path, 1, error.hint))
    if not (picture and picture.remark):
        return _Loaded(source, picture)
    fix = "" if article.cover else "install one, for example fonts-noto-cjk"
    return _Loaded(source, picture, Finding("cover", "warning", picture.remark, path, None, fix))


def cover_colours(theme: Theme) -> tuple[str, str]:
    """Give the colours of a cover that goes with `theme`: ground and bar."""
    return theme.variables.get("accent", images.COVER_COLOURS[0]), images.COVER_COLOURS[1]
