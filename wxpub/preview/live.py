"""The moving parts of the live preview: the newest view and who waits for it, changes of files, a push in progress.

    Live     a builder in, its latest result and an epoch out; viewers wait for another epoch (a long poll)
    follow   paths in, a call for every change that has come to rest out; reads no file's content
    Pusher   a push in, its progress and its outcome out

Knows nothing of what is built or watched, and shows nothing.
"""

from __future__ import annotations

import itertools
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from wxpub.errors import WxpubError
from wxpub.language import tr

T = TypeVar("T")


# --- the newest view --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[T]):
    """What there is to see: the last `value` that could be built and its number, and why there is no newer one.

    `epoch` changes with everything that a viewer may want to show, `build` only with `value`.
    """

    epoch: int
    build: int
    value: T | None = None
    error: str = ""


class Live(Generic[T]):
    """Holds the latest result of `builder`; safe to call from any thread."""

    def __init__(self, builder: Callable[[], T]) -> None:
        self._builder = builder
        self._building = threading.Lock()
        self._changed = threading.Condition()
        # Numbers begin with the time, so that a page that outlived its server sees that the next one is another.
        self._numbers = itertools.count(int(time.time() * 1000))
        first = next(self._numbers)
        self._snapshot: Snapshot[T] = Snapshot(first, first)

    @property
    def snapshot(self) -> Snapshot[T]:
        return self._snapshot

    def rebuild(self) -> None:
        """Build, and wake everybody who waits. A failure is shown beside the last value, which stays."""
        with self._building:
            try:
                value = self._builder()
            except WxpubError as error:
                self._publish(error=str(error))
            except Exception as error:  # a bug: an editor who is writing should not lose the preview to it
                traceback.print_exc()
                self._publish(error=tr("internal error, see the terminal: {what}", what=repr(error)))
            else:
                self._publish(value)

    def announce(self) -> None:
        """Give the same value a new epoch, because something else that viewers show has changed."""
        with self._changed:
            self._snapshot = replace(self._snapshot, epoch=next(self._numbers))
            self._changed.notify_all()

    def wait(self, epoch: int, timeout: float) -> Snapshot[T]:
        """Return the snapshot as soon as its epoch is not `epoch`, or after `timeout` seconds as it is then."""
        with self._changed:
            self._changed.wait_for(lambda: self._snapshot.epoch != epoch, timeout)
            return self._snapshot

    def _publish(self, value: T | None = None, error: str = "") -> None:
        with self._changed:
            number = next(self._numbers)
            if error:
                self._snapshot = replace(self._snapshot, epoch=number, error=error)
            else:
                self._snapshot = Snapshot(number, number, value)
            self._changed.notify_all()


# --- changes of files -------------------------------------------------------------------------------------------------

# Folders are watched, not files: editors replace a file by renaming another one onto it, and the file that was watched
# is gone. Whatever happens in a folder, what counts is whether one of the paths looks different from before.

# What a change never leaves as it was: inode, time in nanoseconds, size in bytes (-1 where there is no file).
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
    except (OSError, ValueError):  # ValueError: a zero byte in its name
        return 0, 0, -1
    return found.st_ino, found.st_mtime_ns, found.st_size


def follow(paths: Callable[[], Iterable[Path]], changed: Callable[[], None], stop: threading.Event, seen: Look) -> None:
    """Call `changed` after every change at `paths` since they were `seen`, until `stop` is set; keep `seen` up to date.

    `paths` is asked again after every call: what an issue is made of changes with it. A path need not exist yet.
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
                seen.update(rest(paths, seen))
                changed()
            add(seen, paths())
            if _folders(paths()) != folders:
                break  # and watch the new ones


def add(seen: Look, paths: Iterable[Path]) -> None:
    """Add what is at `paths` now to what was `seen`; one that was seen before is not looked at."""
    for path in paths:
        if path not in seen:
            seen[path] = _look(path)


def _differs(seen: Look, now: Look) -> bool:
    """Whether a path has changed; one that is new among them has not."""
    return any(seen.get(path, each) != each for path, each in now.items())


def rest(paths: Callable[[], Iterable[Path]], seen: Look) -> Look:
    """Wait until nothing changes any more; return what is there then.

    A file that is there no longer, or empty, and was not so when it was `seen`, is usually about to be written, so it
    gets a little longer.
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
    """List the folders to watch: each path's own or the nearest that exists, for a symbolic link its target's too."""
    found = set()
    for path in paths:
        for each in {path.absolute(), path.resolve()}:
            found.add(next(folder for folder in each.parents if folder.is_dir()))
    return frozenset(found)


# --- a push that the page asked for -----------------------------------------------------------------------------------

Say = Callable[[str], None]
Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a push may go: `name` is what the page sends, `title` what the editor calls the account."""

    name: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a push did: `action` is "created", "updated" or "unchanged"; `url` is where the draft can be looked at."""

    action: str
    uploaded: int = 0
    reused: int = 0
    url: str = ""


# Pushes the issue to a destination (its name) in a theme ("" is the one that it asks for); says what it is doing, and
# ticks how many of how many images are uploaded.
Push = Callable[[str, str, Say, Tick], Outcome]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the latest push is: its `steps`, `images` as (uploaded, of), at its end a `result` or an `error`."""

    destination: str = ""
    running: bool = False
    steps: tuple[str, ...] = ()
    images: tuple[int, int] = (0, 0)
    result: Outcome | None = None
    error: str = ""


class Pusher:
    """Pushes in a thread of its own, one push at a time; calls `changed` whenever there is something new to show."""

    def __init__(self, push: Push, destinations: tuple[Destination, ...], changed: Callable[[], None]) -> None:
        self.destinations = destinations
        self.progress = Progress()
        self._push, self._changed = push, changed
        self._lock = threading.Lock()

    def start(self, destination: str, theme: str) -> bool:
        """Begin to push. False, and nothing is begun, while another push runs or where `destination` is unknown."""
        with self._lock:
            if self.progress.running or destination not in {each.name for each in self.destinations}:
                return False
            self.progress = Progress(destination, running=True)
        # Not a daemon: once begun, a push runs to its end, or WeChat would keep a draft that the ledger does not know.
        threading.Thread(target=self._run, args=(destination, theme), name="push").start()
        self._changed()
        return True

    def _run(self, destination: str, theme: str) -> None:
        try:
            outcome = self._push(destination, theme, self._say, self._tick)
        except WxpubError as error:
            self._update(running=False, error=str(error))
        except Exception as error:  # a bug: the page has to hear that the push has ended
            traceback.print_exc()
            what = type(error).__name__
            self._update(running=False, error=tr("internal error, see the terminal: {what}", what=what))
        else:
            self._update(running=False, result=outcome)

    def _say(self, step: str) -> None:
        self._update(steps=(*self.progress.steps, step))

    def _tick(self, done: int, of: int) -> None:
        self._update(images=(done, of))

    def _update(self, **changes: Any) -> None:
        with self._lock:  # images are uploaded by several threads
            self.progress = replace(self.progress, **changes)
        self._changed()
