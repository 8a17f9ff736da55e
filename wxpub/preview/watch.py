"""Changes of files: paths in, a call for every change that has come to rest out; reads no file's content.

Folders are watched, not files: editors replace a file by renaming another one onto it, and the file that was watched is
gone. Whatever happens in a folder, what counts is whether one of the paths looks different from before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

# What a change does not leave alone: inode, time in nanoseconds, and size in bytes (-1: there is none).
Look = dict[Path, tuple[int, int, int]]

QUIET = 0.03  # seconds without another change, after which a file counts as written
PATIENCE = 0.2  # seconds that a missing or an empty file is given to come (back)
POLL = 250  # milliseconds between looks where the system reports no changes (network drives)


def look(paths: Iterable[Path]) -> Look:
    """Describe what is at `paths` now."""
    return {path: _look(path) for path in paths}


def _look(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, -1
    return found.st_ino, found.st_mtime_ns, found.st_size


def follow(paths: Callable[[], Iterable[Path]], changed: Callable[[], None], stop: threading.Event, seen: Look) -> None:
    """Call `changed` after every change at `paths` since they were `seen`, until `stop` is set.

    `paths` is asked again after every call: what an issue is made of changes with it. Paths may be missing yet.
    """
    from watchfiles import watch

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
            while _differs(seen, look(paths())):  # again, if they went on changing while they were being read
                seen = _rest(paths, seen)
                changed()
            seen = {**look(paths()), **seen}
            if _folders(paths()) != folders:
                break  # and watch the new ones


def _differs(seen: Look, now: Look) -> bool:
    """Tell whether a path has changed; one that is new among them has not."""
    return any(seen.get(path, each) != each for path, each in now.items())


def _rest(paths: Callable[[], Iterable[Path]], seen: Look) -> Look:
    """Wait until nothing changes any more, and give what is there then.

    A file that is suddenly missing or empty is about to be written, as a rule: it gets a little longer.
    """
    deadline = time.monotonic() + PATIENCE
    now = look(paths())
    while True:
        time.sleep(QUIET)
        then, now = now, look(paths())
        gone = any(size <= 0 < seen.get(path, (0, 0, 0))[2] for path, (_, _, size) in now.items())
        if then == now and not (gone and time.monotonic() < deadline):
            return now


def _folders(paths: Iterable[Path]) -> frozenset[Path]:
    """Give the folders to watch: each path's own, or the nearest that exists; for a symbolic link its target's, too."""
    found = set()
    for path in paths:
        for each in {path.absolute(), path.resolve()}:
            found.add(next(folder for folder in each.parents if folder.is_dir()))
    return frozenset(found)
