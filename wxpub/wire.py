"""Work over a connection, for which somebody waits until a deadline and no longer.

A timeout of a socket begins anew with every byte, and looking up a name or shaking hands has none at all. So the work
runs in a thread of its own, and the one who waits for it leaves at the deadline, when interrupted, or when everything
is stopped; the connection is cut then, and what still runs holds up nobody.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import socket

T = TypeVar("T")

_WAIT = 0.2  # seconds; short waits, so that Ctrl-C is heard on every system


class Wire:
    """A connection, or the one that took its place, which can be cut from another thread."""

    def __init__(self) -> None:
        self._twin: socket.socket | None = None  # the connection once more, to cut it from outside
        self._over = False
        self._lock = threading.Lock()

    @property
    def connected(self) -> bool:
        """Whether there ever was a connection, by which something may have been sent."""
        return self._twin is not None

    def watch(self, connection: socket.socket) -> None:
        """Let `cut` reach this connection; the object itself is of no use to others once it is encrypted.

        Raises ConnectionError, and closes it, if it comes after the cut.
        """
        with self._lock:
            if self._over:
                connection.close()
                raise ConnectionError("nobody waits any more")
            if self._twin is not None:
                self._twin.close()
            self._twin = connection.dup()

    def cut(self) -> None:
        """End the connection, whatever it waits for, and admit no other."""
        with self._lock:
            self._over = True
            if self._twin is not None:
                with suppress(OSError):  # it has ended already
                    self._twin.shutdown(2)  # in both directions
                self._twin.close()


class _Thread(threading.Thread, Generic[T]):
    """Does `work`; `outcome` is what it gave or raised, and None until then."""

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(name="wire", daemon=True)
        self.outcome: T | Exception | None = None
        self._work = work

    def run(self) -> None:
        try:
            self.outcome = self._work()
        except Exception as error:  # whatever it is, it is said by the one who waits
            self.outcome = error


def wait(
    work: Callable[[], T], wire: Wire, seconds: float, stopped: threading.Event | None = None
) -> T | Exception | None:
    """Do `work` over `wire` and give what it gave or raised; None if it was not done after `seconds` or when `stopped`.

    `wire` is cut then, and also when the one who waits is interrupted; otherwise it stays as it is.
    """
    thread = _Thread(work)
    deadline = time.monotonic() + seconds
    try:
        thread.start()
        while thread.is_alive() and time.monotonic() < deadline and not (stopped and stopped.is_set()):
            thread.join(_WAIT)
        outcome = thread.outcome
    except BaseException:
        wire.cut()
        raise
    if outcome is None:
        wire.cut()
    return outcome
