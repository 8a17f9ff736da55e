"""Servers that nobody can rely on: each answers a connection in the way that a test gives it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[socket.socket, threading.Event], None]  # a connection, and what tells that the test is over


@contextmanager
def stranger() -> Iterator[Callable[[Answer], str]]:
    over, threads = threading.Event(), []
    listener = socket.create_server(("127.0.0.1", 0))

    def start(answer: Answer) -> str:
        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    answer(connection, over)

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    over.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join(5)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], host: str = "127.0.0.1") -> Iterator[int]:
    """Serve HTTP at any free port of `host`; gives the port."""
    server = ThreadingHTTPServer((host, 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def drip(connection: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.01):
        connection.sendall(b"x")


def speak(kind: str, connection: socket.socket, over: threading.Event) -> None:
    """Answer a request in a way that never ends, or that ends in too much."""
    connection.recv(4096)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
    if kind == "silence":
        over.wait()
    elif kind == "a status line by the byte":
        drip(connection, over)
    elif kind == "headers by the byte":
        connection.sendall(head + b"X-A: ")
        drip(connection, over)
    elif kind == "headers without end":
        connection.sendall(head)
        while not over.wait(0.01):
            connection.sendall(b"X-A: b\r\n")
    elif kind == "100 Continue without end":
        while not over.wait(0.01):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    elif kind == "a body by the byte":
        connection.sendall(head + b"Content-Length: 1000000\r\n\r\n")
        drip(connection, over)
    elif kind == "chunks of a byte":
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        while not over.wait(0.01):
            connection.sendall(b"1\r\nx\r\n")


def saying(status: str, head: bytes = b"", body: bytes = b"") -> Answer:
    """Answer every request with this and close."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 " + status.encode() + b"\r\n" + head + b"\r\n" + body)

    return answer
