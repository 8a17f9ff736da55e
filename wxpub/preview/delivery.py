"""A push that the page asked for: a pusher in, its progress and its end out; speaks to nobody itself."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from wxpub.errors import WxpubError

Say = Callable[[str], None]
Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a push may go: `name` is "sandbox" or the account's, `title` what the editor calls it."""

    name: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did: `action` is "created", "updated" or "unchanged"; `url` is where the draft can be looked at."""

    action: str
    uploaded: int = 0
    reused: int = 0
    url: str = ""


class Pusher(Protocol):
    """Pushes the issue to `target` in `theme` ("" is its own).

    Calls `say` with what it is doing, and `tick` with how many of how many pictures are uploaded.
    """

    def __call__(self, target: str, theme: str, say: Say, tick: Tick) -> Pushed: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the latest push is: its `steps`, `pictures` as (uploaded, of), at its end a `result` or an `error`."""

    target: str = ""
    running: bool = False
    steps: tuple[str, ...] = ()
    pictures: tuple[int, int] = (0, 0)
    result: Pushed | None = None
    error: str = ""


class Delivery:
    """Pushes in a thread of its own, one push at a time; calls `changed` whenever there is something new to say."""

    def __init__(self, pusher: Pusher, targets: tuple[Target, ...], changed: Callable[[], None]) -> None:
        self.targets = targets
        self.progress = Progress()
        self._pusher, self._changed = pusher, changed
        self._lock = threading.Lock()

    def start(self, target: str, theme: str) -> bool:
        """Begin to push, and tell whether it was begun: not while another push runs, and not to an unknown target."""
        with self._lock:
            if self.progress.running or target not in {each.name for each in self.targets}:
                return False
            self.progress = Progress(target, running=True)
        # No daemon: a push that has begun is finished, lest a draft be made that no receipt tells of.
        threading.Thread(target=self._run, args=(target, theme), name="push").start()
        self._changed()
        return True

    def _run(self, target: str, theme: str) -> None:
        try:
            pushed = self._pusher(target, theme, self._say, self._tick)
        except WxpubError as error:
            self._end(error=str(error))
        except Exception as error:  # a bug: the page has to hear that the push has ended
            traceback.print_exc()
            self._end(error=f"internal error, see the terminal: {type(error).__name__}")
        else:
            self._end(pushed)

    def _say(self, step: str) -> None:
        self.progress = replace(self.progress, steps=(*self.progress.steps, step))
        self._changed()

    def _tick(self, done: int, of: int) -> None:
        self.progress = replace(self.progress, pictures=(done, of))
        self._changed()

    def _end(self, result: Pushed | None = None, error: str = "") -> None:
        self.progress = replace(self.progress, running=False, result=result, error=error)
        self._changed()
