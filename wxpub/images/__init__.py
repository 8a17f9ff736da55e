"""Images of an article: a source as the author wrote it in, bytes that WeChat takes out; speaks no API.

    Source  what the author gave: bytes, and a key by which they are known again     read.py: files, data:, web
    Image   what is uploaded: JPEG, PNG or animated GIF within WeChat's limits       fit.py
    Cover   what a cover is drawn of                                                 cover.py
    Store   the images of one issue, each read once and converted once

Reading and fitting are two steps so that an image which was uploaded before need not be converted again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import unquote

from wxpub.errors import SourceError, WxpubError
from wxpub.images import draw, fit, read
from wxpub.images.fit import Image
from wxpub.images.read import Source, hosted, remote
from wxpub.language import tr
from wxpub.limits import COVER_PIXELS

__all__ = ["Image", "Source", "Store", "draw", "fit", "hosted", "read", "remote"]

if TYPE_CHECKING:
    from wxpub.images.cover import Cover

AT_ONCE = 4  # images that are read and converted at the same time

T = TypeVar("T")


class Store:
    """The images of the issue at `article_path`: each is read once and converted once, whoever asks, from any thread.

    What went wrong is remembered like a result and raised again. Files are read from inside `root` only;
    `allow_private` admits addresses of the local network, `renderers` is asked once, when there is a diagram, for the
    commands that draw one, by language. A `src` is what the article calls an image.
    """

    def __init__(
        self,
        article_path: Path,
        root: Path,
        *,
        allow_private: bool = False,
        renderers: Callable[[], Mapping[str, Sequence[str]]] = dict,
    ) -> None:
        self._path, self._root, self._allow_private = article_path, root, allow_private
        self._renderers = _Once(renderers)
        self._sources: dict[str, _Once[Source]] = {}
        self._images: dict[str, _Once[Image]] = {}
        self._large = threading.Lock()  # held while one of the bitmaps is decoded that fill the memory

    def read(self, src: str) -> Source:
        """Return what `src` names: a file, an address, a `data:` URL or a `qrcode:`.

        Raises SourceError if there is no such image or it may not be read, NetworkError if it cannot be reached.
        """

        def make() -> Source:
            if src.startswith(draw.DIAGRAM):
                return self._diagram(src)
            if src.startswith(draw.QRCODE):
                return Source(src, "qrcode.png", draw.qrcode(src.removeprefix(draw.QRCODE)), read.key_of(src.encode()))
            return read.read(src, self._path, self._root, allow_private=self._allow_private)

        return self._sources.setdefault(src, _Once(make))()

    def draws(self, language: str) -> bool:
        """Whether diagrams in `language` can be drawn. Raises ConfigError if the user's own settings are wrong."""
        return language in self._renderers()

    def _diagram(self, src: str) -> Source:
        language, _, text = src.removeprefix(draw.DIAGRAM).partition(":")
        command = self._renderers().get(language)
        if command is None:
            said = tr("no program is named that draws {language}", language=language)
            raise SourceError(said, self._path, hint=tr("name it under [render] in your config.toml"))
        text = unquote(text)
        data = draw.diagram(language, text, command)
        return Source(src, f"{language}.png", data, read.key_of(repr((*command, text)).encode()))

    def fit(self, src: str) -> Image:
        """Return the image that `src` names as WeChat takes it. Raises what `read` raises, and SourceError if that is
        not an image, is a damaged one, or cannot be made small enough.
        """

        def make() -> Image:
            source = self.read(src)
            with self._large if fit.is_large(source.data) else nullcontext():
                return fit.fit(source)

        return self._images.setdefault(src, _Once(make))()

    def forget(self, src: str) -> None:
        """Read and convert `src` anew when it is asked for again, because it has changed."""
        self._sources.pop(src, None)
        self._images.pop(src, None)

    def size(self, src: str) -> tuple[int, int] | None:
        """Return width and height of `src` in pixels, as a browser shows it; None if they are not known.

        Looks at the head of the file only, and never asks the network: an image on the web has no size until it is
        read. Raises nothing.
        """
        known = self._sources.get(src)
        if remote(src) and not (known and known.done):
            return None
        with suppress(WxpubError):
            return fit.size(self.read(src).data)
        return None

    def prepare(self, srcs: Iterable[str], known: Callable[[Source], bool] = lambda source: False) -> None:
        """Read every one of `srcs`, a few at a time, and convert those that are not `known`.

        Raises nothing that concerns an image: `read` and `fit` do, when they are asked for it. Ctrl-C leaves at once
        what is still being fetched.
        """
        left, large = iter(list(dict.fromkeys(srcs))), list[str]()
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    src = next(left, None)
                if src is None:
                    return
                with suppress(Exception):  # a failure, or a bug, comes again where the image is asked for
                    source = self.read(src)
                    if not known(source):
                        large.append(src) if fit.is_large(source.data) else self.fit(src)

        threads = [threading.Thread(target=work, name="images", daemon=True) for _ in range(AT_ONCE)]
        for each in threads:
            each.start()
        for each in threads:
            while each.is_alive():
                each.join(0.2)
        for src in large:  # all in this thread: each thread keeps the memory that it once had
            with suppress(WxpubError):
                self.fit(src)

    def cover(self, wanted: Cover) -> str:
        """Name the cover that `wanted` describes: the `src` that `read` and `fit` take. Equal covers have equal keys.

        Nothing is drawn until `fit` is asked for it, so a cover that was uploaded before costs nothing. `read` raises
        SourceError for a design or a colour that is none, and both raise what its picture and its logo raise.
        """
        from wxpub.images import cover

        def draw(given: Mapping[str, bytes]) -> tuple[bytes, str]:
            return cover.draw(wanted, given.get(wanted.picture, b""), given.get(wanted.logo, b""))

        parts = [each for each in (wanted.picture, wanted.logo) if each]
        check = partial(cover.check, wanted)
        return self._drawn("cover", "cover.png", COVER_PIXELS, parts, partial(cover.key, wanted), draw, check)

    def drawn(
        self,
        name: str,
        size: tuple[int, int],
        parts: Sequence[str],
        key: Callable[..., bytes],
        draw: Callable[[Mapping[str, bytes]], bytes],
    ) -> str:
        """Name a PNG that is drawn when `fit` is first asked for it: the `src` that `read` and `fit` take.

        `parts` are the sources of the images that stand on it: `key` is given the keys of those that are here, and of
        all once it is read, and says what it depends on; `draw` is given their bytes.
        """
        return self._drawn("card", name, size, parts, key, lambda given: (draw(given), ""))

    def _drawn(
        self,
        kind: str,
        name: str,
        size: tuple[int, int],
        parts: Sequence[str],
        key: Callable[..., bytes],
        draw: Callable[[Mapping[str, bytes]], tuple[bytes, str]],
        check: Callable[[], None] = lambda: None,
    ) -> str:
        """Do as `drawn` says; `draw` gives a remark, too, and what `check` raises `read` does."""
        here = [self.read(each).key for each in parts if not remote(each) and self._readable(each)]
        src = f"{kind}:{read.key_of(key(*here))}"

        def source() -> Source:
            check()
            return Source(src, name, b"", read.key_of(key(*(self.read(each).key for each in parts))))

        def make() -> Image:
            self.read(src)
            data, remark = draw({each: self.fit(each).data for each in parts})
            return Image(name, data, "image/png", *size, remark, src)

        self._sources.setdefault(src, _Once(source))
        self._images.setdefault(src, _Once(make))
        return src

    def _readable(self, src: str) -> bool:
        with suppress(SourceError):
            return bool(self.read(src))
        return False

    def stand_in(self, src: str) -> Source:
        """Put a grey box in place of `src`, which cannot be reached now: from here on it is what `src` names."""
        data = draw.stand_in()
        source = Source(src, src, data, read.key_of(data))
        self._sources[src] = _Once(lambda: source)
        self._images.pop(src, None)
        return source

    def embed(self, src: str) -> str:
        """Return `src` as a `data:` URL, for a page that stands alone. Raises what `fit` raises.

        What browsers show is taken as it is. Everything else is converted as for a push, which tells an image from any
        other file of the project: the page is made to be copied and passed on.
        """
        import base64

        source = self.read(src)
        data, kind = source.data, fit.media_type(source.data)
        if not kind:
            image = self.fit(src)
            data, kind = image.data, image.mime
        return f"data:{kind};base64,{base64.b64encode(data).decode()}"


class _Once(Generic[T]):
    """A value that is made when it is first asked for; those who ask meanwhile wait for it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._value: T | WxpubError
        self.done = False

    def __call__(self) -> T:
        with self._lock:
            if not self.done:
                try:
                    self._value = self._make()
                except WxpubError as error:
                    self._value = error
                self.done = True
        if isinstance(self._value, WxpubError):
            raise self._value.with_traceback(None)
        return self._value
