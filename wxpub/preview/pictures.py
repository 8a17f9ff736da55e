"""The pictures of one issue, as they will be uploaded: sources in, images out; slow ones are made ready aside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
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

    `before` is the size of the source in bytes.
    """

    image: Image | None = None
    key: str = ""
    before: int = 0
    problem: str = ""

    @property
    def pending(self) -> bool:
        return self.image is None and not self.problem


PENDING = Shown()


class Pictures:
    """Keeps the pictures of the issue at `path` ready; calls `changed` when one that took longer has arrived.

    Files are read again at every look, and converted again only if their bytes changed. Addresses on the web are asked
    once.
    """

    def __init__(self, path: Path, changed: Callable[[], None]) -> None:
        self._path, self._changed = path, changed
        self._ready: dict[str, Shown] = {}  # by the source's key, or by its address on the web
        self._pending: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="pictures")

    def look(self, srcs: Iterable[str], root: Path, allow_private: bool = False) -> dict[str, Shown]:
        """Give what is known of each of `srcs` now, and forget all others. Does not wait for what is slow."""
        found: dict[str, Shown] = {}
        used: set[str] = set()
        for src in srcs:
            remote = src.startswith(("http:", "https:", "//"))
            try:
                source = None if remote else images.read(src, self._path, root=root)
            except WxpubError as error:
                found[src] = Shown(problem=_reason(error))
                continue
            key = src if source is None else source.key
            used.add(key)
            found[src] = self._find(key, src, source, root, allow_private)
        with self._lock:
            for key in set(self._ready) - used:
                del self._ready[key]
        return found

    def close(self) -> None:
        """Start nothing more; what is being fetched may finish."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _find(self, key: str, src: str, source: Source | None, root: Path, allow_private: bool) -> Shown:
        with self._lock:
            if key in self._ready:
                return self._ready[key]
            if key in self._pending:
                return PENDING
            if source is None or len(source.data) > AT_ONCE:
                self._pending.add(key)
                self._pool.submit(self._later, key, src, source, root, allow_private)
                return PENDING
        shown = _fit(source)
        with self._lock:
            self._ready[key] = shown
        return shown

    def _later(self, key: str, src: str, source: Source | None, root: Path, allow_private: bool) -> None:
        try:
            source = source or images.read(src, self._path, root=root, allow_private=allow_private)
            shown = _fit(source)
        except WxpubError as error:
            shown = Shown(problem=_reason(error))
        with self._lock:
            self._ready[key] = shown
            self._pending.discard(key)
        self._changed()


def _fit(source: Source) -> Shown:
    try:
        image = images.fit(source)
    except WxpubError as error:
        return Shown(before=len(source.data), problem=_reason(error))
    return Shown(image, sha256(image.data).hexdigest()[:32], len(source.data))


def _reason(error: WxpubError) -> str:
    """Say what is wrong without the article's name, which the page shows already."""
    hint = getattr(error, "hint", "")
    return getattr(error, "message", str(error)) + (f"; {hint}" if hint else "")
