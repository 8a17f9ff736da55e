"""One preview from its start to its end: a file and how to load it in, a running server out; prints nothing."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wxpub.errors import ConfigError
from wxpub.preview import server, watch
from wxpub.preview.build import Builder, Issue, View
from wxpub.preview.delivery import Delivery, Pushed, Pusher, Say, Target, Tick
from wxpub.preview.doorman import Doorman
from wxpub.preview.live import Live

if TYPE_CHECKING:
    from flask import Flask

HOST = "127.0.0.1"
PORT = 7788  # the same every day, so that what the browser remembers of the preview is found again


@dataclass(frozen=True, slots=True)
class Session:
    """A preview that is running: where, who may come in, and what it shows."""

    host: str
    port: int
    doorman: Doorman
    live: Live[View]

    @property
    def url(self) -> str:
        """Give the address to open: of this machine in its network where the preview is open to that, with the key."""
        name = _name_in_network() if ipaddress.ip_address(self.host).is_unspecified else self.host
        place = f"http://{f'[{name}]' if ':' in name else name}:{self.port}/"
        return f"{place}?key={self.doorman.key}" if self.doorman.locked else place


def _nobody(target: str, theme: str, say: Say, tick: Tick) -> Pushed:
    raise AssertionError("a preview without targets pushes nothing")


@contextmanager
def serve(
    path: Path,
    load: Callable[[str], Issue],
    *,
    host: str = HOST,
    port: int = PORT,
    pusher: Pusher = _nobody,
    targets: tuple[Target, ...] = (),
) -> Iterator[Session]:
    """Show the issue at `path` live until the block ends; port 0 takes a free one.

    `load` reads the issue in a theme, "" being the one that it asks for. Beyond this machine (`host`) the page opens
    only for those who have the key. Raises ConfigError where `host` and `port` cannot be had.
    """
    address = _address(host)
    host = str(address)
    live: Live[View] = Live(lambda: builder())
    builder = Builder(path, load, live.rebuild)
    delivery = Delivery(pusher, targets, live.nudge)
    doorman = Doorman(locked=not address.is_loopback)
    stop = threading.Event()

    def make(port: int) -> Flask:
        doorman.port = port
        return server.app(live, builder, delivery, doorman)

    try:
        listener = server.bind(host, port, make)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host}:{port}: {error.strerror or error}", hint="choose another --port"
        ) from None
    before = watch.look(builder.files())
    live.rebuild()
    seen = {**watch.look(builder.files()), **before}  # what was changed while it was being read is seen as changed
    watcher = threading.Thread(
        target=watch.follow, args=(builder.files, live.rebuild, stop, seen), name="watch", daemon=True
    )
    listening = threading.Thread(target=listener.serve_forever, args=(0.1,), name="preview", daemon=True)
    watcher.start()
    listening.start()
    try:
        yield Session(host, listener.port, doorman, live)
    finally:
        stop.set()
        listener.shutdown()
        live.nudge()  # let go of everybody who waits
        listener.server_close()
        watcher.join()
        builder.close()


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise ConfigError(f"--host {host} is no address", hint="0.0.0.0 is this machine in all its networks") from None


def _name_in_network() -> str:
    """Find this machine's address in its network: the one that it would send from. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation: it is nobody's
        except OSError:
            return HOST
        return str(probe.getsockname()[0])
