"""The pictures of one issue, as they will be uploaded: sources in, images out; slow ones are made ready aside."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from wxpub import images
from wxpub.errors import WxpubError

if TYPE_CHECKING:
    from wxpub.images import Image, Source

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


class Pictures:
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
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="pictures")

    def look(self, src: str, root: Path, *, allow_private: bool = False) -> Shown:
        """Give what is known of the picture `src` now; what is slow is begun and not waited for."""
        if src.startswith(("http:", "https:", "//")):

            def fetch() -> Shown:
                return _fit(images.read(src, self._path, root=root, allow_private=allow_private))

            return self._find(src, fetch, at_once=False)
        try:
            source = images.read(src, self._path, root=root)
        except WxpubError as error:
            return Shown(problem=_reason(error))
        return self._find(source.key, lambda: _fit(source), at_once=len(source.data) <= AT_ONCE)

    def cover(self, title: str, colours: tuple[str, str]) -> Shown:
        """Give the cover that a push would draw of `title`, once it is drawn."""
        key = images.cover_source(title, colours).key
        return self._find(key, lambda: _shown(images.cover(title, colours)), at_once=False)

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


def _fit(source: Source) -> Shown:
    return _shown(images.fit(source), source.key, len(source.data))


def _shown(image: Image, source: str = "", before: int = 0) -> Shown:
    return Shown(image, sha256(image.data).hexdigest()[:32], source, before)


def _reason(error: WxpubError) -> str:
    """Say what is wrong without the article's name, which the page shows already."""
    hint = getattr(error, "hint", "")
    return getattr(error, "message", str(error)) + (f"; {hint}" if hint else "")
