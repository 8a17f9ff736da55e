"""Many pieces of work on all processors, in processes that leave nothing half done.

Each ends by itself, when it is told that nothing is left: never by a signal, which could come while it writes a file,
or which the program around it may have taken for something else. Ctrl-C is for the one that waits for them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from wxpub import language
from wxpub.errors import WxpubError
from wxpub.language import tr

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

_COPIES = sys.platform == "linux"  # a process is a copy there, and has what was read before; elsewhere it begins anew
MANY = 8 if _COPIES else 100  # pieces, from which several processes are quicker than one
_MOST_PROCESSES = 61  # that Windows waits for
_MOST_AT_ONCE = 16  # pieces that a process takes, and does even if nobody wants them any more


def processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@contextmanager
def spread(
    make: Callable[[_Item], _Made], items: Sequence[_Item], anew: Callable[[_Item], _Made] | None = None
) -> Iterator[Iterator[_Made]]:
    """Give what `make` makes of each of `items`, in their order; many of them on all processors.

    The first is made here, so that what they share has been read when the others begin. Where a process is no copy of
    this one, `anew` does the same and can be pickled; without it all is done here. Whoever leaves early waits for what
    has been begun, and no more. Raises WxpubError when a process ends that should not, besides what `make` raises.
    """
    if len(items) < MANY or processors() < 2 or not (_COPIES or anew):
        yield map(make, items)
        return
    from concurrent.futures import process
    from multiprocessing import get_context

    first = make(items[0])
    executor = process.ProcessPoolExecutor(
        min(processors(), _MOST_PROCESSES),
        get_context("fork" if _COPIES else "spawn"),
        initializer=_begin,
        initargs=(make if _COPIES or anew is None else anew, language.asked()),
    )
    try:
        yield _after(first, executor.map(_do, items[1:], chunksize=min(_MOST_AT_ONCE, len(items) // 32 + 1)))
    except process.BrokenProcessPool:
        raise WxpubError(
            tr("a process that worked on this was ended"), tr("see whether there is memory enough, and try again")
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)


def _after(first: _Made, rest: Iterator[_Made]) -> Iterator[_Made]:
    yield first
    yield from rest


_work: list[Callable[[Any], Any]] = []  # of a process: the one thing that it does


def _begin(make: Callable[[Any], Any], spoken: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    language.use(spoken)
    _work.append(make)


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # killed, so that nobody says that nothing is left


def _do(item: Any) -> Any:
    return _work[0](item)
