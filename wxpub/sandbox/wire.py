"""What the application may ask of the connection that a request came by: end it, wait, or answer badly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

WIRE = "wxpub.wire"  # the key in the WSGI environment


@dataclass(slots=True)
class Wire:
    """A connection: `hang_up` ends it at once, `pause` waits seconds or until the server ends.

    `fault` ("half", "too-long", "too-short") spoils the coming answer.
    """

    hang_up: Callable[[], None]
    pause: Callable[[float], object]
    fault: str = ""
