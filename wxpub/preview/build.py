"""What the live page shows: an issue as its files are now in, a `View` out; pushes nothing.

Each build composes and finishes the issue once, and reads only images whose files have changed: what is slow, large
images and those on the web, is prepared in the background and shown when it is there.
"""

from __future__ import annotations

import base64
import re
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from wxpub import article, config, ledger, safe, theme
from wxpub.checks import check
from wxpub.errors import ConfigError, SourceError, WxpubError, reason_of
from wxpub.images import Image, Source, Store, hosted, remote
from wxpub.images.read import key_of
from wxpub.issue import Issue
from wxpub.language import tr
from wxpub.page import ImageRef, Page
from wxpub.preview import live, pages
from wxpub.target import PASTE, Placed
from wxpub.theme import Theme

ISSUE, SETTINGS = "issue", "settings"  # where a theme is kept: in the front matter, or in wxpub.toml for every issue
COVER = "cover:"  # the cover among the images; no source in an article begins like this
AT_ONCE = 512 * 1024  # bytes of an image that is prepared while the reader waits; larger ones are too slow for that
PATIENCE = 60  # seconds after which an address that could not be reached is asked again


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

    @property
    def data(self) -> str:
        """The image as a `data:` URL."""
        assert self.image
        return f"data:{self.image.mime};base64,{base64.b64encode(self.image.data).decode()}"

    def at(self, url: str) -> Placed:
        """Place the image at `url`."""
        assert self.image
        return Placed(url, self.image.width, self.image.height)


@dataclass(frozen=True, slots=True)
class View:
    """An issue as it is now: `state` for the page, the images by their sources, and which of them the account has."""

    issue: Issue
    state: Mapping[str, Any]
    shown: Mapping[str, Shown]
    uploaded: Mapping[str, str]  # a source's key → its address at WeChat

    @property
    def served(self) -> Mapping[str, Image]:
        """The images by the key under which the page asks for them."""
        return {each.key: each.image for each in self.shown.values() if each.image}

    @property
    def cover(self) -> Shown:
        return self.shown[COVER]

    def fragment(self) -> str:
        """Finish the article for pasting: every image is inside it, unless WeChat has it already."""
        own = {each.src: self.shown[each.src] for each in self.issue.layout.images if not hosted(each.src)}
        placed = {src: each.at(self.uploaded.get(each.source) or each.data) for src, each in own.items() if each.image}
        return self.issue.page(PASTE).fill(placed)


class Builder:
    """Builds views of the issue at `path`, one at a time.

    `open_issue` opens it in a theme, "" being the one that it asks for; `uploaded` says which images the account has.
    With `fixed_theme`, one asked for on the command line, what a browser remembers does not count. `files` are followed
    like those of the issue. `changed` is called when an image has arrived late; whoever shows the views sets it.
    """

    def __init__(
        self,
        path: Path,
        open_issue: Callable[[str], Issue],
        *,
        uploaded: Callable[[], Mapping[str, str]] = dict,
        fixed_theme: bool = False,
        files: Iterable[Path] = (),
    ) -> None:
        self.path = path
        self.theme = ""  # as it was chosen
        self.changed: Callable[[], None] = lambda: None
        self._open, self._uploaded = open_issue, uploaded
        self._fixed_theme, self._files = fixed_theme, tuple(files)
        self._own: Theme | None = None  # the theme that the issue asks for
        self._titles = {name: theme.load(name).title for name in theme.names()}
        self._images: LiveImages | None = None
        self._followed: frozenset[Path] = frozenset({path, *self._files})

    def __call__(self) -> View:
        """Build the issue as its files are now. Raises SourceError and ConfigError, and goes on following its files."""
        try:
            issue = self._open(self.theme)
            uploaded = self._uploaded()
        except (SourceError, ConfigError) as error:
            self._followed |= {error.path} if error.path else set()  # it may be a theme that is met for the first time
            raise
        if not self.theme:
            self._own = issue.theme
        images = self._images_of(issue)
        issue = replace(issue, images=images)
        page = issue.page()
        cover = page.article.cover or images.cover(issue.cover)
        images.keep({*(each.src for each in page.images), cover, issue.cover.picture, issue.cover.logo})
        shown = {each.src: images.look(each.src) for each in page.images} | {COVER: images.look(cover)}
        self._followed = frozenset((*self._files, *_files(issue), *images.files()))
        known = {"themes": self._themes(), "fixedTheme": self._fixed_theme, "keep": self._keepers(issue)}
        return View(issue, {**_state(issue, page, shown, uploaded), **known}, shown, uploaded)

    def choose(self, name: str) -> bool:
        """Show the issue in the theme `name` from now on; False if there is none of that name."""
        own = self._own is not None and name == self._own.name
        if not own and name not in self._titles:
            return False
        self.theme = "" if own else name
        return True

    def keep(self, place: str) -> Path:
        """Write the theme that is shown where the view's state offers it, and return the file that now asks for it.

        Raises SourceError and ConfigError where that cannot be done; nothing is written then.
        """
        issue = self._open(self.theme)
        if place not in (each["place"] for each in self._keepers(issue)):
            raise ConfigError(tr("the theme cannot be kept there now"), issue.path)
        path, name = issue.path if place == ISSUE else _settings(issue), issue.theme.name
        if path.is_symlink():
            hint = tr("write the theme there yourself")
            raise SourceError(tr("is a link: what it leads to is not written"), path, hint=hint)
        try:
            there = path.exists()
            text = path.read_bytes().decode() if there else ""
            mode = path.stat().st_mode & 0o777 if there else 0o666
            changed = (
                article.with_key(text, path, "theme", name) if place == ISSUE else config.with_theme(text, path, name)
            )
            safe.write(path, changed.encode(), mode)
        except (OSError, UnicodeDecodeError) as error:
            reason = reason_of(error)
            raise SourceError(tr("the theme cannot be written: {reason}", reason=reason), path) from None
        if not self._fixed_theme:
            self.theme = ""  # the files ask for it themselves
        return path

    def _keepers(self, issue: Issue) -> list[dict[str, str]]:
        """List where the theme that is shown can be kept: nowhere if the files ask for it, or it is nobody else's.

        `wxpub.toml` is no place for it where the issue's own front matter would win, nor is one made where it would
        mark a folder as a project that is none.
        """
        name = issue.theme.name
        if name not in self._titles or name == (issue.article.theme or theme.DEFAULT):
            return []
        marked = issue.settings.path is not None or (issue.settings.root / ".git").exists()
        offered = [(ISSUE, issue.path)]
        if marked and "theme" not in issue.article.places:
            offered.append((SETTINGS, _settings(issue)))
        return [{"place": place, "file": path.name} for place, path in offered]

    def files(self) -> frozenset[Path]:
        """The files that the last view was made of, and those that the next one may be made of."""
        return self._followed

    def close(self) -> None:
        """Begin nothing more."""
        if self._images:
            self._images.close()

    def _images_of(self, issue: Issue) -> LiveImages:
        """Return the images that are known from the last view, without those that have changed since."""
        terms = (issue.settings.image_root, bool(issue.settings.network.get("allow_private")))
        if self._images is None or self._images.terms != terms:
            self.close()
            self._images = LiveImages(self.path, *terms, changed=lambda: self.changed())
        self._images.refresh()
        return self._images

    def _themes(self) -> list[dict[str, str]]:
        """List what can be chosen: the themes that come with the program, and the issue's own if it is another."""
        own = {self._own.name: self._own.title} if self._own else {}
        return [{"name": name, "title": title} for name, title in {**self._titles, **own}.items()]


def _settings(issue: Issue) -> Path:
    return issue.settings.path or issue.settings.root / config.FILE_NAME


def _files(issue: Issue) -> Iterable[Path]:
    """List the files besides images that an issue is made of, there or not yet there."""
    folder, root = issue.path.parent, issue.settings.root
    yield from (issue.path, folder / config.FILE_NAME, root / config.FILE_NAME, root / ledger.FILE_NAME)
    yield from issue.layout.files
    if issue.article.theme.endswith(".css"):
        yield folder / issue.article.theme


# --- what the page is told --------------------------------------------------------------------------------------------


def _state(issue: Issue, page: Page, shown: Mapping[str, Shown], uploaded: Mapping[str, str]) -> dict[str, Any]:
    """Describe the view. Sizes are those of what a push sends: the addresses counted are as long as WeChat's."""
    here = {src: each.at(address(each.key)) for src, each in shown.items() if each.image}
    sent = {src: each.at(_upload_address(each.key)) for src, each in shown.items() if each.image and not hosted(src)}
    cover = shown[COVER]
    described = pages.describe(
        page,
        html=page.fill(here),
        sent=page.fill(sent),
        findings=check(issue),
        images=[_image(each, shown[each.src], uploaded) for each in page.images],
        theme=issue.theme.name,
        cover=address(cover.key) if cover.image else "",
    )
    return {**described, "coverProblem": cover.problem}


def address(key: str) -> str:
    """Return the path under which the page asks for an image."""
    return f"/image/{key}"


def _upload_address(key: str) -> str:
    """Make up an address of the form and length that an upload returns."""
    return f"https://mmbiz.qpic.cn/mmbiz_png/{(key * 3)[:86]}/640?wx_fmt=png"


def _image(image: ImageRef, shown: Shown, uploaded: Mapping[str, str]) -> dict[str, Any]:
    """Describe what a push will do with an image, and what the page can show of it."""
    described: dict[str, Any] = {"src": image.src, "alt": image.alt, "line": image.line}
    fitted = shown.image
    if fitted is None:
        return {**described, "status": "pending" if shown.pending else "missing", "note": shown.problem}
    return {
        **described,
        "url": address(shown.key),
        "width": fitted.width,
        "height": fitted.height,
        "bytes": len(fitted.data),
        "before": shown.before,
        "kind": fitted.mime.partition("/")[2].upper(),
        "status": "hosted" if hosted(image.src) else "uploaded" if shown.source in uploaded else "upload",
        "note": fitted.remark,
    }


# --- images -----------------------------------------------------------------------------------------------------------


class LiveImages(Store):
    """The images of an issue that changes: each is read again only when its file looks different.

    An address on the web that failed is asked again after a minute. `changed` is called when a slow one has arrived.
    """

    def __init__(self, path: Path, root: Path, allow_private: bool, changed: Callable[[], None]) -> None:
        super().__init__(path, root, allow_private=allow_private, renderers=config.renderers)
        self.terms = root, allow_private
        self._folder, self._changed = path.parent, changed
        self._looks: dict[str, live.Look] = {}  # how the files of a source looked before it was read
        self._ready: dict[str, Shown] = {}
        self._again: dict[str, float] = {}  # when a failure is worth another try
        self._pending: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="images")

    def read(self, src: str) -> Source:
        self._note(src)
        return super().read(src)

    def _note(self, src: str) -> None:
        """Keep how the files of `src` look, unless that is known: it is the same object until `src` is forgotten."""
        if src not in self._looks:
            self._looks[src] = live.look(self._paths(src))

    def look(self, src: str) -> Shown:
        """Return what is known of the image `src` now; what is slow is begun and not waited for."""
        with self._lock:
            known, due = self._ready.get(src), time.monotonic() > self._again.get(src, float("inf"))
            if known and not due:
                return known
            if remote(src) or self._is_slow(src):
                if src not in self._pending:
                    self._pending.add(src)
                    if due:
                        super().forget(src)
                    self._note(src)
                    self._pool.submit(self._later, src)
                return known or Shown()
        shown = self._make(src)
        with self._lock:
            self._ready[src] = shown
        return shown

    def refresh(self) -> None:
        """Forget the images whose files have changed."""
        with self._lock:
            for src in [src for src, look in self._looks.items() if live.look(look) != look]:
                self.forget(src)

    def keep(self, srcs: Collection[str]) -> None:
        """Forget all images but `srcs`."""
        with self._lock:
            for src in {*self._looks, *self._ready} - {*srcs}:
                self.forget(src)

    def forget(self, src: str) -> None:
        super().forget(src)
        for known in (self._looks, self._ready, self._again):
            known.pop(src, None)

    def files(self) -> Iterable[Path]:
        """List the files that the images are, there or not yet there."""
        return [path for look in self._looks.values() for path in look]

    def close(self) -> None:
        """Start nothing more; what is being fetched may finish."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _paths(self, src: str) -> Iterable[Path]:
        if re.match(r"(https?:)?//|data:|qrcode:|diagram:|cover:|card:", src, re.IGNORECASE):
            return []
        base = self.terms[0] if src.startswith("/") else self._folder
        return [base / name.lstrip("/") for name in dict.fromkeys((src, unquote(src.partition("?")[0])))]

    def _is_slow(self, src: str) -> bool:
        """Whether an image takes long to convert: a large one, or a cover to be drawn, which has no bytes yet."""
        try:
            return not 0 < len(self.read(src).data) <= AT_ONCE
        except WxpubError:
            return False

    def _later(self, src: str) -> None:
        look, shown = self._looks.get(src), None
        try:
            if look is not None:  # else the article has dropped it already
                shown = self._make(src)
        except Exception:  # a bug: without this, nobody would ever hear of it
            traceback.print_exc()
            shown = Shown(problem=tr("internal error, see the terminal"))
        with self._lock:
            self._pending.discard(src)
            if shown and look is self._looks.get(src):  # else it was dropped, or it has changed and is made anew
                self._ready[src] = shown
                if shown.problem:
                    self._again[src] = time.monotonic() + PATIENCE
        self._changed()

    def _make(self, src: str) -> Shown:
        try:
            source, image = self.read(src), self.fit(src)
        except WxpubError as error:  # without the article's name, which the page shows already
            message, fix = error.message, error.hint
            return Shown(problem=tr("{message}; {fix}", message=message, fix=fix) if fix else message)
        return Shown(image, key_of(image.data), source.key, len(source.data))
