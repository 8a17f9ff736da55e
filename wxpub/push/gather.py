"""Everything that a push needs, gathered before anything is sent: issues in, rendered pages and loaded pictures out.

Whatever is wrong with any page or picture is found here, all of it at once, while nothing has been done yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from wxpub import images
from wxpub.article import Article
from wxpub.errors import NetworkError, SourceError
from wxpub.finding import Finding
from wxpub.images import Image, Source
from wxpub.page import ImageRef, Page, render
from wxpub.theme import Theme

LOADERS = 4  # pictures that are loaded at once
COVER_COLOURS = ("#0f4c81", "#f0b429")  # where the theme has no accent
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

    `sources` are its pictures by their `src`, the cover apart; `loaded` holds, by use and key, those that have to be uploaded.
    """

    issue: Issue
    page: Page
    sources: Mapping[str, Source]
    cover: Source
    loaded: Mapping[tuple[str, str], Image]
    findings: tuple[Finding, ...]

    @property
    def pictures(self) -> tuple[tuple[str, str], ...]:
        """List every picture as (use, key), use being body or cover."""
        return (*(("body", source.key) for source in self.sources.values()), ("cover", self.cover.key))


def gather(
    issues: Sequence[Issue],
    known: Known,
    *,
    allow_private: bool = False,
    skip_unreachable: bool = False,
    check: Callable[[Page, Issue], tuple[Finding, ...]] | None = None,
) -> tuple[Bundle, ...]:
    """Render every issue and load every picture of it.

    `known(use, key)` tells which pictures are uploaded already: those are read, but not converted. With
    `skip_unreachable` a remote picture that cannot be reached is replaced by a grey one, with a warning; without, it is
    an error among the findings. `check` gives further findings about a page.
    """
    return tuple(_gather(issue, known, allow_private, skip_unreachable, check) for issue in issues)


def _gather(
    issue: Issue,
    known: Known,
    allow_private: bool,
    skip_unreachable: bool,
    check: Callable[[Page, Issue], tuple[Finding, ...]] | None,
) -> Bundle:
    page = render(issue.article, issue.theme, published=issue.published)
    findings = list(check(page, issue) if check else page.findings)
    article = issue.article

    def load(image: ImageRef) -> tuple[ImageRef, Source | None, Image | None, Finding | None]:
        try:
            source = images.read(image.src, article.path, root=issue.picture_root, allow_private=allow_private)
            picture = None if known("body", source.key) else images.fit(source)
        except SourceError as error:
            return image, None, None, _finding("image", "error", error.message, error.hint, article.path, image.line)
        except NetworkError as error:
            if not skip_unreachable:
                fix = f"{error.hint or 'try again later'}; --skip-unreachable pushes without it"
                return image, None, None, _finding("image", "error", error.message, fix, article.path, image.line)
            source, picture = images.stand_in(image.src)
            fix = "push again when it can be reached"
            return image, source, picture, _finding("image", "warning", error.message, fix, article.path, image.line)
        remark = picture.remark if picture else ""
        warning = _finding("image", "warning", f"image {source.name}: {remark}", "", article.path, image.line)
        return image, source, picture, warning if remark else None

    sources: dict[str, Source] = {}
    loaded: dict[tuple[str, str], Image] = {}
    own = [image for image in page.images if not images.hosted(image.src)]
    with ThreadPoolExecutor(LOADERS) as pool:
        for image, source, picture, finding in pool.map(load, own):
            if source:
                sources[image.src] = source
            if source and picture:
                loaded["body", source.key] = picture
            if finding:
                findings.append(finding)
    cover, picture, finding = _cover(page.article, issue, known, allow_private)
    if picture:
        loaded["cover", cover.key] = picture
    if finding:
        findings.append(finding)
    return Bundle(issue, page, sources, cover, loaded, tuple(findings))


def _cover(
    article: Article, issue: Issue, known: Known, allow_private: bool
) -> tuple[Source, Image | None, Finding | None]:
    """Give the cover that the author named, else one drawn from the title."""
    path = article.path
    try:
        if article.cover:
            source = images.read(article.cover, path, root=issue.picture_root, allow_private=allow_private)
        else:
            source = images.cover_source(article.title, cover_colours(issue.theme))
        picture = None if known("cover", source.key) else images.fit(source)
    except (SourceError, NetworkError) as error:
        finding = _finding("cover", "error", f"cover: {error.message}", error.hint, path, 1)
        return Source("", "cover", b"", ""), None, finding
    if not (picture and picture.remark):
        return source, picture, None
    fix = "install one, for example fonts-noto-cjk" if not article.cover else ""
    return source, picture, _finding("cover", "warning", picture.remark, fix, path, None)


def cover_colours(theme: Theme) -> tuple[str, str]:
    """Give the colours of a cover that goes with `theme`: ground and bar."""
    return theme.variables.get("accent", COVER_COLOURS[0]), COVER_COLOURS[1]


def _finding(rule: str, severity: str, message: str, fix: str, path: Path, line: int | None) -> Finding:
    finding = Finding(rule, "error", message, path, line, fix)
    return finding if severity == "error" else replace(finding, severity="warning")
