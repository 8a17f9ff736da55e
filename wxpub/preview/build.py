"""What the live page shows: an issue's file in, a `View` out; renders, checks, looks at pictures, pushes nothing."""

from __future__ import annotations

import base64
import re
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from wxpub import checks, images, theme
from wxpub.errors import ConfigError, SourceError, WxpubError
from wxpub.preview import pages
from wxpub.target import PASTE, Placed

if TYPE_CHECKING:
    from wxpub.finding import Finding
    from wxpub.images import Image, Store
    from wxpub.issue import Issue
    from wxpub.page import ImageRef, Page
    from wxpub.theme import Theme

COVER = "cover:"  # the cover among the pictures; no source in an article begins like this


@dataclass(frozen=True, slots=True)
class Opened:
    """An issue, and what a preview knows beside it.

    `uploaded` has the addresses of the images that the account has, by their keys; `files` are what the issue depends
    on besides the article and its images; `fixed_theme` was asked for on the command line, so that what a browser
    remembers does not count.
    """

    issue: Issue
    uploaded: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    fixed_theme: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """An issue as it is now: `state` for the page, the pictures by their sources, and what a copy is made of."""

    opened: Opened
    state: Mapping[str, Any]
    shown: Mapping[str, Shown]

    @property
    def served(self) -> Mapping[str, Image]:
        """Give the pictures by the key under which the page asks for them."""
        return {each.key: each.image for each in self.shown.values() if each.image}

    def fragment(self) -> str:
        """Finish the article for pasting: every picture is inside it, unless the account has it already."""
        images_inside = {
            src: _pasted(each.image, self.opened.uploaded.get(each.source, ""))
            for src, each in self.shown.items()
            if each.image and not images.hosted(src)
        }
        return self.opened.issue.page(PASTE).fill(images_inside)


class Builder:
    """Builds views of the issue at `path`.

    `load` reads it in a theme, "" being the one that it asks for; `changed` is called when a picture has arrived late.
    """

    def __init__(self, path: Path, load: Callable[[str], Opened], changed: Callable[[], None]) -> None:
        self.path = path
        self.theme = ""  # as it was chosen
        self._own: Theme | None = None  # the theme that the issue asks for
        self._load = load
        self._titles = {name: theme.load(name).title for name in theme.names()}
        self._images = ImageCache(path, changed)
        self._followed: frozenset[Path] = frozenset({path})

    def __call__(self) -> View:
        """Build the issue as its files are now. Raises SourceError and ConfigError, and goes on following its files."""
        try:
            opened = self._load(self.theme)
        except (SourceError, ConfigError) as error:
            self._followed |= {error.path} if error.path else set()  # it may be a theme that is met for the first time
            raise
        issue = opened.issue
        if not self.theme:
            self._own = issue.theme
        page, shown = self._render(issue)
        self._followed = frozenset(_files(opened))
        known = {"themes": self._themes(), "fixedTheme": opened.fixed_theme}
        state = {**_state(page, opened, shown, checks.check(issue)), **known}
        return View(opened, state, shown)

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
        self._images.close()

    def _themes(self) -> list[dict[str, str]]:
        """List what can be chosen: the themes that come with the program, and the issue's own if it is another."""
        own = {self._own.name: self._own.title} if self._own else {}
        return [{"name": name, "title": title} for name, title in {**self._titles, **own}.items()]

    def _render(self, issue: Issue) -> tuple[Page, dict[str, Shown]]:
        """Place images at addresses as long as WeChat's, so that sizes are those of what a push sends."""
        page, settings = issue.page(), issue.settings
        private = bool(settings.network.get("allow_private"))
        look = partial(self._images.look, root=settings.image_root, allow_private=private)
        article = page.article
        shown = {each.src: look(each.src) for each in page.images}
        placed = {src: _hosted(each) for src, each in shown.items() if each.image and not images.hosted(src)}
        shown[COVER] = look(article.cover) if article.cover else self._images.cover(article.title, issue.cover_colours)
        self._images.forget()
        return replace(page, placed=placed), shown


def _hosted(shown: Shown) -> Placed:
    """Make up an address of the form and length that an upload returns; `_state` finds it again."""
    assert shown.image
    name = (shown.key * 3)[:86]
    return Placed(f"https://mmbiz.qpic.cn/mmbiz_png/{name}/640?wx_fmt=png", shown.image.width, shown.image.height)


def _state(page: Page, opened: Opened, shown: Mapping[str, Shown], findings: Iterable[Finding]) -> dict[str, Any]:
    served = {
        src: Placed(address(each.key), each.image.width, each.image.height) for src, each in shown.items() if each.image
    }
    html = page.fill(served)
    cover = shown[COVER]
    described = pages.describe(
        page,
        fragment=html,
        findings=tuple(findings),
        images=[_image(each, shown[each.src], opened) for each in page.images],
        theme=opened.issue.theme.name,
        cover=address(cover.key) if cover.image else "",
    )
    return {**described, "coverProblem": cover.problem}


def address(key: str) -> str:
    """Give the path under which the page asks for a picture."""
    return f"/image/{key}"


def _image(image: ImageRef, shown: Shown, opened: Opened) -> dict[str, Any]:
    """Describe what a push will do with an image, and what the page can show of it."""
    described: dict[str, Any] = {"src": image.src, "alt": image.alt, "line": image.line}
    if shown.image is None:
        return {**described, "status": "pending" if shown.pending else "missing", "note": shown.problem}
    picture = shown.image
    return {
        **described,
        "url": address(shown.key),
        "width": picture.width,
        "height": picture.height,
        "bytes": len(picture.data),
        "before": shown.before,
        "kind": picture.mime.partition("/")[2].upper(),
        "status": "hosted" if images.hosted(image.src) else "uploaded" if shown.source in opened.uploaded else "upload",
        "note": picture.remark,
    }


def _pasted(image: Image, uploaded: str) -> Placed:
    url = uploaded or f"data:{image.mime};base64,{base64.b64encode(image.data).decode()}"
    return Placed(url, image.width, image.height)


def _files(opened: Opened) -> Iterable[Path]:
    """List the files that an issue is made of, there or not yet there."""
    issue = opened.issue
    yield issue.path
    yield from opened.files
    for src in filter(None, [*(each.src for each in issue.layout.images), issue.article.cover]):
        if not re.match(r"(https?:)?//|data:|qrcode:", src):
            base = issue.settings.image_root if src.startswith("/") else issue.path.parent
            yield base / unquote(src.partition("?")[0]).lstrip("/")


# --- images -----------------------------------------------------------------------------------------------------------

AT_ONCE = 512 * 1024  # bytes of a picture that is made ready while the reader waits; larger ones are too slow for that


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of a source: an `image` and the key of its bytes, or a `problem`, or neither while it is `pending`.

    `source` is the key by which a push knows the source again, `before` its size in bytes.
    """

    image: Image | None = None
    key: str = ""
    source: str = ""
    before: int = 0
    problem: str = ""

    @property
    def pending(self) -> bool:
        return self.image is None and not self.problem


PENDING = Shown()
PATIENCE = 60  # seconds after which an address that could not be reached is asked again


class ImageCache:
    """Keeps the pictures of the issue at `path` ready; calls `changed` when one that took longer has arrived.

    Files are read again at every look, and converted again only if their bytes changed. Addresses on the web are asked
    once; where that failed, again at the first look after a minute.
    """

    def __init__(self, path: Path, changed: Callable[[], None]) -> None:
        self._path, self._changed = path, changed
        self._ready: dict[str, Shown] = {}  # by the source's key, or by its address on the web
        self._again: dict[str, float] = {}  # when a failure is worth another try
        self._pending: set[str] = set()
        self._used: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="images")

    def look(self, src: str, root: Path, *, allow_private: bool = False) -> Shown:
        """Give what is known of the picture `src` now; what is slow is begun and not waited for."""
        store = images.Store(self._path, root, allow_private=allow_private)
        if images.remote(src):

            def fetch() -> Shown:
                return _fit(store, src)

            return self._find(src, fetch, at_once=False)
        try:
            source = store.read(src)
        except WxpubError as error:
            return Shown(problem=_reason(error))
        return self._find(source.key, lambda: _fit(store, src), at_once=len(source.data) <= AT_ONCE)

    def cover(self, title: str, colours: tuple[str, str]) -> Shown:
        """Give the cover that a push would draw of `title`, once it is drawn."""
        store = images.Store(self._path, self._path.parent)
        source = store.cover(title, colours)
        return self._find(source.key, lambda: _shown(store.fit(source.src)), at_once=False)

    def forget(self) -> None:
        """Drop every picture that was not asked for since the last time."""
        with self._lock:
            self._ready = {key: shown for key, shown in self._ready.items() if key in self._used}
            self._again = {key: due for key, due in self._again.items() if key in self._used}
            self._used.clear()

    def close(self) -> None:
        """Start nothing more; what is being fetched may finish."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _find(self, key: str, make: Callable[[], Shown], *, at_once: bool) -> Shown:
        with self._lock:
            self._used.add(key)
            due = time.monotonic() > self._again.get(key, float("inf"))
            if key in self._ready and not due:
                return self._ready[key]
            if not at_once:
                if key not in self._pending:
                    self._pending.add(key)
                    self._pool.submit(self._later, key, make)
                return self._ready.get(key, PENDING)
        shown = _try(make)
        with self._lock:
            self._ready[key] = shown
        return shown

    def _later(self, key: str, make: Callable[[], Shown]) -> None:
        try:
            shown = _try(make)
        except Exception:  # a bug: without this, nobody would ever hear of it
            traceback.print_exc()
            shown = Shown(problem="internal error, see the terminal")
        with self._lock:
            self._ready[key] = shown
            self._again[key] = time.monotonic() + PATIENCE if shown.problem else float("inf")
            self._pending.discard(key)
        self._changed()


def _try(make: Callable[[], Shown]) -> Shown:
    try:
        return make()
    except WxpubError as error:
        return Shown(problem=_reason(error))


def _fit(store: Store, src: str) -> Shown:
    source = store.read(src)
    return _shown(store.fit(src), source.key, len(source.data))


def _shown(image: Image, source: str = "", before: int = 0) -> Shown:
    return Shown(image, sha256(image.data).hexdigest()[:32], source, before)


def _reason(error: WxpubError) -> str:
    """Say what is wrong without the article's name, which the page shows already."""
    hint = getattr(error, "hint", "")
    return getattr(error, "message", str(error)) + (f"; {hint}" if hint else "")
