"""A relay that runs for a test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wxpub.relay import Relay, Rules, Server

KEY = "k3y-" + "z" * 40
OTHER = "0ther-" + "y" * 40


class Running:
    """A relay that runs, with what it logged."""

    def __init__(self, server: Server, log: list[str]) -> None:
        self.server, self.log = server, log
        self.port = server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"


@contextmanager
def running(rules: Rules) -> Iterator[Running]:
    log: list[str] = []
    server = Server(Relay(rules), "127.0.0.1", 0, log.append)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Running(server, log)
    finally:
        server.stop()
