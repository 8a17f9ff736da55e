"""The newest of something that is built again and again: a builder in, its latest result and an epoch out.

Knows nothing of what is built. A viewer that has seen epoch 7 waits for another one (a long poll); whoever notices that
a source changed calls `rebuild`.
"""

from __future__ import annotations

import itertools
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from wxpub.errors import WxpubError

T = TypeVar("T")


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
        """Build, and tell everybody who waits. A failure is shown beside the last value and leaves it as it was."""
        with self._building:
            try:
                value = self._builder()
            except WxpubError as error:
                self._publish(error=str(error))
            except Exception as error:  # a bug: an editor who is writing should not lose the preview to it
                traceback.print_exc()
                self._publish(error=f"internal error, see the terminal: {error!r}")
            else:
                self._publish(value)

    def nudge(self) -> None:
        """Give a new epoch to the same value: something else that viewers show has changed."""
        with self._changed:
            self._snapshot = replace(self._snapshot, epoch=next(self._numbers))
            self._changed.notify_all()

    def wait(self, epoch: int, timeout: float) -> Snapshot[T]:
        """Give the snapshot as soon as its epoch is not `epoch`, at the latest after `timeout` seconds."""
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
