"""Changes of files: paths in, a call for every change that has come to rest out; reads no file's content.

Folders are watched, not files: editors replace a file by renaming another one onto it, and the file that was watched is
gone. Whatever happens in a folder, what counts is whether one of the paths looks different from before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

Look = tuple[tuple[Path, int, int, int], ...]

QUIET = 0.03  # seconds without another change, after which a file counts as written
PATIENCE = 0.2  # seconds that a missing or an empty file is given to come (back)
POLL = 250  # milliseconds between looks where the system reports no changes (network drives)


def look(paths: Iterable[Path]) -> Look:
    """Describe what is at `paths`: inode, time and size, which a change does not leave alone."""
    return tuple(_look(path) for path in sorted(paths))


def _look(path: Path) -> tuple[Path, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return path, 0, 0, -1
    return path, found.st_ino, found.st_mtime_ns, found.st_size


def follow(paths: Callable[[], Iterable[Path]], changed: Callable[[], None], stop: threading.Event) -> None:
    """Call `changed` after every change at `paths`, until `stop` is set.

    `paths` is asked again after every call: what an issue is made of changes with it. Paths may be missing yet.
    """
    from watchfiles import watch

    before = look(paths())
    while not stop.is_set():
        folders = _folders(paths())
        events = watch(
            *folders,
            recursive=False,
            debounce=50,
            step=10,
            rust_timeout=POLL,
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for _ in events:
            while look(paths()) != before:  # again, if it went on changing while it was being read
                before = _rest(paths, before)
                changed()
            if _folders(paths()) != folders:
                break  # and watch the new ones


def _rest(paths: Callable[[], Iterable[Path]], before: Look) -> Look:
    """Wait until nothing changes any more, and give what is there then.

    A file that is suddenly missing or empty is about to be written, as a rule: it gets a little longer.
    """
    there = {path for path, *_, size in before if size > 0}
    deadline = time.monotonic() + PATIENCE
    now = look(paths())
    while True:
        time.sleep(QUIET)
        then, now = now, look(paths())
        gone = any(size <= 0 and path in there for path, *_, size in now)
        if then == now and not (gone and time.monotonic() < deadline):
            return now


def _folders(paths: Iterable[Path]) -> frozenset[Path]:
    """Give the folders to watch: each path's own, or the nearest that exists; for a symbolic link its target's, too."""
    found = set()
    for path in paths:
        for each in {path.absolute(), path.resolve()}:
            found.add(next(folder for folder in each.parents if folder.is_dir()))
    return frozenset(found)
