"""What the live page shows: an issue's file in, a `View` out; renders, checks, looks at pictures, pushes nothing."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from wxpub import check, images, theme
from wxpub.errors import ConfigError, SourceError
from wxpub.page import Picture, render
from wxpub.preview import state
from wxpub.preview.pictures import Pictures, Shown

if TYPE_CHECKING:
    from wxpub.article import Article
    from wxpub.finding import Finding
    from wxpub.images import Image
    from wxpub.page import ImageRef, Page
    from wxpub.theme import Theme

COVER = "cover:"  # the cover among the pictures; no source in an article begins like this


@dataclass(frozen=True, slots=True)
class Issue:
    """An article, the theme it is set in, where its back issues were published and its pictures uploaded.

    Pictures are read from inside `root` only. `files` are what it depends on besides the article and its pictures.
    `cover_colours` are those of the cover that a push draws; `fixed_theme` was asked for on the command line, so that
    what a browser remembers does not count.
    """

    article: Article
    theme: Theme
    published: Mapping[str, str]
    root: Path
    uploaded: Mapping[str, str] = field(default_factory=dict)  # a source's key → its address at WeChat
    files: tuple[Path, ...] = ()
    cover_colours: tuple[str, str] = ("#0f4c81", "#f0b429")
    fixed_theme: bool = False
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """An issue as it is now: `state` for the page, the pictures by their sources, and what a copy is made of."""

    issue: Issue
    state: Mapping[str, Any]
    shown: Mapping[str, Shown]

    @property
    def served(self) -> Mapping[str, Image]:
        """Give the pictures by the key under which the page asks for them."""
        return {each.key: each.image for each in self.shown.values() if each.image}

    def fragment(self) -> str:
        """Finish the article for pasting: every picture is inside it, unless the account has it already."""
        issue = self.issue
        pictures = {
            src: _pasted(each.image, issue.uploaded.get(each.source, ""))
            for src, each in self.shown.items()
            if each.image and not images.hosted(src)
        }
        return render(issue.article, issue.theme, published=issue.published, pictures=pictures, target="paste").html


class Builder:
    """Builds views of the issue at `path`.

    `load` reads it in a theme, "" being the one that it asks for; `changed` is called when a picture has arrived late.
    """

    def __init__(self, path: Path, load: Callable[[str], Issue], changed: Callable[[], None]) -> None:
        self.path = path
        self.theme = ""  # as it was chosen
        self._own: Theme | None = None  # the theme that the issue asks for
        self._srcs: tuple[str, ...] = ()  # the pictures of the last view
        self._load = load
        self._titles = {name: theme.load(name).title for name in theme.names()}
        self._pictures = Pictures(path, changed)
        self._followed: frozenset[Path] = frozenset({path})

    def __call__(self) -> View:
        """Build the issue as its files are now. Raises SourceError and ConfigError, and goes on following its files."""
        try:
            issue = self._load(self.theme)
        except (SourceError, ConfigError) as error:
            self._followed |= {error.path} if error.path else set()  # it may be a theme that is met for the first time
            raise
        if not self.theme:
            self._own = issue.theme
        page, shown = self._render(issue)
        self._followed = frozenset(_files(issue, [each.src for each in page.images]))
        findings = check.check(page, root=issue.root, published=issue.published)
        known = {"themes": self._themes(), "fixedTheme": issue.fixed_theme}
        state = {**_state(page, issue, shown, findings), **known}
        return View(issue, state, shown)

    def choose(self, name: str) -> bool:
        """Show the issue in the theme `name` from now on; False if there is none of that name."""
        own = self._own is not None and name == self._own.name
        if not own and name not in self._titles:
            return False
        self.theme = "" if own else name
        return True

    def files(self) -> frozenset[Path]:
        """Give the files that the last view was made of, and those that the next one may be made of."""
        return self._followed

    def close(self) -> None:
        """Begin nothing more."""
        self._pictures.close()

    def _themes(self) -> list[dict[str, str]]:
        """List what can be chosen: the themes that come with the program, and the issue's own if it is another."""
        own = {self._own.name: self._own.title} if self._own else {}
        return [{"name": name, "title": title} for name, title in {**self._titles, **own}.items()]

    def _render(self, issue: Issue) -> tuple[Page, dict[str, Shown]]:
        """Render with pictures at addresses as long as WeChat's, so that sizes are those of what a push sends.

        Which pictures there are is known after rendering; as a rule they are those of the last time.
        """
        look = partial(self._pictures.look, root=issue.root, allow_private=issue.allow_private)
        shown = {src: look(src) for src in self._srcs}
        page = _page(issue, shown)
        self._srcs = tuple(each.src for each in page.images)
        if not shown.keys() >= set(self._srcs):
            shown = {src: look(src) for src in self._srcs}
            page = _page(issue, shown)
        article = page.article
        shown = {src: shown[src] for src in self._srcs}
        shown[COVER] = (
            look(article.cover) if article.cover else self._pictures.cover(article.title, issue.cover_colours)
        )
        self._pictures.forget()
        return page, shown


def _page(issue: Issue, shown: Mapping[str, Shown]) -> Page:
    pictures = {src: _hosted(each) for src, each in shown.items() if each.image and not images.hosted(src)}
    return render(issue.article, issue.theme, published=issue.published, pictures=pictures)


def _hosted(shown: Shown) -> Picture:
    """Make up an address of the form and length that an upload returns; `_state` finds it again."""
    assert shown.image
    name = (shown.key * 3)[:86]
    return Picture(f"https://mmbiz.qpic.cn/mmbiz_png/{name}/640?wx_fmt=png", shown.image.width, shown.image.height)


def _state(page: Page, issue: Issue, shown: Mapping[str, Shown], findings: Iterable[Finding]) -> dict[str, Any]:
    html = page.html
    for src, each in shown.items():
        if each.image:
            url = escape(src) if images.hosted(src) else _hosted(each).url
            html = html.replace(f'"{url}"', f'"{address(each.key)}"')
    cover = shown[COVER]
    described = state.describe(
        page,
        fragment=html,
        findings=tuple(findings),
        images=[_image(each, shown[each.src], issue) for each in page.images],
        theme=issue.theme.name,
        cover=address(cover.key) if cover.image else "",
    )
    return {**described, "coverProblem": cover.problem}


def address(key: str) -> str:
    """Give the path under which the page asks for a picture."""
    return f"/image/{key}"


def _image(image: ImageRef, shown: Shown, issue: Issue) -> dict[str, Any]:
    """Describe what a push will do with an image, and what the page can show of it."""
    described: dict[str, Any] = {"src": image.src, "alt": image.alt, "line": image.line}
    if shown.image is None:
        return {**described, "fate": "pending" if shown.pending else "missing", "note": shown.problem}
    picture = shown.image
    return {
        **described,
        "url": address(shown.key),
        "width": picture.width,
        "height": picture.height,
        "bytes": len(picture.data),
        "before": shown.before,
        "kind": picture.mime.partition("/")[2].upper(),
        "fate": "hosted" if images.hosted(image.src) else "uploaded" if shown.source in issue.uploaded else "upload",
        "note": picture.remark,
    }


def _pasted(image: Image, uploaded: str) -> Picture:
    url = uploaded or f"data:{image.mime};base64,{base64.b64encode(image.data).decode()}"
    return Picture(url, image.width, image.height)


def _files(issue: Issue, srcs: Iterable[str]) -> Iterable[Path]:
    """List the files that an issue is made of, there or not yet there."""
    folder = issue.article.path.parent
    yield issue.article.path
    yield from issue.files
    for src in filter(None, [*srcs, issue.article.cover]):
        if not re.match(r"(https?:)?//|data:|qrcode:", src):
            base = issue.root if src.startswith("/") else folder
            yield base / unquote(src.partition("?")[0]).lstrip("/")
