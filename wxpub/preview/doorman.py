"""Who may talk to the live page: a request's headers in, yes or no out; keeps one key and the sessions it opened.

A page on the web can make a browser send requests to this machine. It cannot choose their Host or Origin, does not know
the token, and, where the server is open to the local network, not the key that only the terminal shows.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class Doorman:
    """Lets in who belongs here. `locked` asks for a key first, as on a network; `token` goes with changes."""

    locked: bool = False
    port: int = 0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    key: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    opened: Callable[[], None] = lambda: None  # called when a key was used: the next one has taken its place
    _sessions: set[str] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def knows_host(self, host: str) -> bool:
        """Tell whether a Host header names this server: a literal address or localhost, with its port.

        Any other name may be an attacker's that was made to point here (DNS rebinding).
        """
        try:
            parts = urlsplit(f"http://{host}")
            if (parts.port or 80) != self.port or parts.username is not None:
                return False
            name = parts.hostname or ""
            return name == "localhost" or _is_local(name, network=self.locked)
        except ValueError:
            return False

    def knows_token(self, token: str | None) -> bool:
        return hmac.compare_digest((token or "").encode(), self.token.encode())

    def knows_session(self, session: str | None) -> bool:
        return not self.locked or session in self._sessions

    def open(self, key: str) -> str | None:
        """Take the key, which works once: a new one takes its place. Gives a session, or None for a wrong key."""
        with self._lock:
            if not hmac.compare_digest(key.encode(), self.key.encode()):
                return None
            self.key = secrets.token_urlsafe(16)
            session = secrets.token_urlsafe(24)
            self._sessions.add(session)
        self.opened()
        return session


def _is_local(name: str, network: bool) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or network
