"""Strangers' servers are asked with care: no address of the inside, no key, no end of patience."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from strangers import saying, speak

from wxpub import fetch, wire
from wxpub.fetch import Answer, Failure


def ask(url: str, **options: Any) -> Answer:
    return fetch.fetch(url, **{"most": 1000, "allow_private": True, **options})


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd12::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b:1::7f00:1", False),
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("fec0::1", False),
    ],
)
def test_only_public_addresses_are_asked(address: str, public: bool) -> None:
    assert fetch._public(address) is public


def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    with pytest.raises(Failure, match=r"10\.0\.0\.1"):
        ask("http://rebind.example/a.png", allow_private=False)


# --- servers of another kind ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        "silence",
        "a status line by the byte",
        "headers by the byte",
        "headers without end",
        "100 Continue without end",
        "a body by the byte",
        "chunks of a byte",
    ],
)
def test_a_server_that_never_ends_is_left(kind: str, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "TOTAL_SECONDS", 0.3)
    url = server(lambda connection, over: speak(kind, connection, over))
    # A server that sends headers without end is refused for their number, all others when the time is over.
    with pytest.raises(Failure, match=r"not read within 0\.3 seconds|cannot be reached"):
        ask(f"{url}/a.png")
    left = [each for each in threading.enumerate() if each.name == "wire"]
    for each in left:
        each.join(5)
        assert not each.is_alive(), "its connection was cut, so it has ended"


def test_a_handshake_that_never_ends_is_left(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "TOTAL_SECONDS", 0.3)
    url = server(lambda connection, over: over.wait() and None)
    with pytest.raises(Failure, match="not read within"):
        ask(url.replace("http", "https") + "/a.png")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a certificate of this machine that nobody has signed."""
    if not (program := shutil.which("openssl")):
        pytest.skip("no openssl found to make a certificate with")
    place = tmp_path / "own.pem"
    what = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([program, *what, *names, "-keyout", place, "-out", f"{place}.crt"], check=True, capture_output=True)
    place.write_bytes(place.read_bytes() + Path(f"{place}.crt").read_bytes())
    return place


@pytest.fixture
def read_anew() -> Iterator[None]:
    """Let a test have its own certificates, and nobody after it."""
    fetch._context.cache_clear()
    yield
    fetch._context.cache_clear()


@pytest.mark.usefixtures("read_anew")
@pytest.mark.parametrize("trusted", [False, True])
def test_only_a_server_that_is_trusted_is_asked(
    trusted: bool, server: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def answer(connection: socket.socket, over: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            encrypted.recv(4096)
            encrypted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")

    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    url = server(answer).replace("http://127.0.0.1", "https://localhost") + "/a.png"
    if trusted:
        assert ask(url).body == b"abc"
    else:
        with pytest.raises(Failure, match="certificate cannot be trusted"):
            ask(url)


def test_a_name_that_is_never_found_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(fetch, "TOTAL_SECONDS", 0.3)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) and [])
    with pytest.raises(Failure, match="not read within"):
        ask("http://slow.example/a.png", allow_private=False)
    over.set()


def test_redirects_do_not_begin_the_time_anew(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "TOTAL_SECONDS", 0.5)
    monkeypatch.setattr(fetch, "REDIRECTS", 1000)

    def answer(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(4096)
        over.wait(0.02)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(Failure, match="not read within"):
        ask(server(answer) + "/a.png")


def test_ctrl_c_leaves_a_fetch_at_once(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = server(lambda connection, over: speak("silence", connection, over))
    waited: list[float | None] = []

    def impatient(self: threading.Thread, timeout: float | None = None) -> None:
        waited.append(timeout)
        raise KeyboardInterrupt

    monkeypatch.setattr(wire._Thread, "join", impatient)
    with pytest.raises(KeyboardInterrupt):
        ask(f"{url}/a.png")
    assert waited and waited[0] is not None and waited[0] < 1


def test_a_server_gets_the_address_as_it_was_written_and_no_more_than_it_needs(server: Any) -> None:
    heard: list[bytes] = []

    def answer(connection: socket.socket, over: threading.Event) -> None:
        heard.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")

    url = server(answer)
    assert ask(f"{url}/图 一/a%20b.png?x=1&y=二#frag").body == b"abc"
    first, *headers = heard[0].decode().split("\r\n")
    assert first == "GET /%E5%9B%BE%20%E4%B8%80/a%20b.png?x=1&y=%E4%BA%8C HTTP/1.1"
    assert f"Host: {url.removeprefix('http://')}" in headers
    assert {each.partition(":")[0] for each in headers if each} == {"Host", "Accept-Encoding", "User-Agent", "Accept"}


def test_headers_of_the_author_cannot_be_smuggled_into_a_request() -> None:
    with pytest.raises(Failure, match="is not"):
        ask("http://127.0.0.1:1\r\nX-A: b/a.png")


# --- what comes back --------------------------------------------------------------------------------------------------


def test_a_good_answer_comes_back_with_its_body(server: Any) -> None:
    kind = b"Content-Type: Text/HTML; charset=utf-8\r\n"
    answer = ask(server(saying("200 OK", kind, b"<html>")), kinds=("text/html",))
    assert (answer.status, answer.kind, answer.body, answer.whole) == (200, "text/html", b"<html>", True)


def test_an_answer_of_another_status_comes_back_without_its_body(server: Any) -> None:
    answer = ask(server(saying("404 Not Found", b"Retry-After: 7\r\n", b"<html>")))
    assert (answer.status, answer.headers["retry-after"], answer.body) == (404, "7", b"")


def test_what_is_not_wanted_is_not_read(server: Any) -> None:
    without_end = b"Content-Type: video/mp4\r\nContent-Length: 100000000000\r\n"
    answer = ask(server(saying("200 OK", without_end, b"x")), kinds=("text/html",))
    assert (answer.kind, answer.body, answer.whole) == ("video/mp4", b"", False)


def test_the_head_alone_can_be_asked_for(server: Any) -> None:
    heard: list[bytes] = []

    def answer(connection: socket.socket, over: threading.Event) -> None:
        heard.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")

    assert (ask(server(answer), method="HEAD").status, heard[0][:5]) == (200, b"HEAD ")


def test_no_more_is_read_than_is_wanted(server: Any) -> None:
    answer = ask(server(saying("200 OK", b"", b"x" * 5000)))
    assert (answer.body, answer.whole) == (b"x" * 1000, False)


def test_no_more_is_unpacked_than_is_wanted(server: Any) -> None:
    bomb = gzip.compress(b"\0" * 20 * 1024 * 1024)
    url = server(saying("200 OK", b"Content-Encoding: gzip\r\n", bomb))
    tracemalloc.start()
    try:
        answer = ask(url, most=100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(answer.body), answer.whole) == (100_000, False)
    assert peak < 2_000_000


def leading(statuses: dict[str, str]) -> Callable[[socket.socket, threading.Event], None]:
    """Answer `/a` with the status that it has here and the way to the next of them, and the last with 200."""
    names = [*statuses, "end"]

    def answer(connection: socket.socket, over: threading.Event) -> None:
        name = connection.recv(4096).split()[1].decode().strip("/")
        following = dict(pairwise(names)).get(name)
        head = f"{statuses[name]} X\r\nLocation: /{following}" if following else "200 OK"
        connection.sendall(f"HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n".encode())

    return answer


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [
        (["301"], "/end"),
        (["308", "301"], "/end"),
        (["301", "302", "301"], "/b"),
        (["302", "301"], ""),
        (["307"], ""),
        ([], ""),
    ],
)
def test_an_address_has_moved_as_far_as_redirects_are_for_good(statuses: list[str], moved: str, server: Any) -> None:
    url = server(leading(dict(zip("abc", statuses, strict=False))))
    answer = ask(f"{url}/a" if statuses else f"{url}/end")
    assert answer.url == f"{url}/end"
    assert answer.moved == (moved and url + moved)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://[::1", "invalid"),
        ("ftp://a.example/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("http://user:word@a.example/", "password"),
        ("http://127.0.0.1/", "private"),
        ("http://nowhere.invalid/", "unknown"),
    ],
)
def test_a_failure_tells_its_reason_and_names_the_address(
    url: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(host: str, *args: Any, **named: Any) -> Any:
        if host == "nowhere.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 80))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    with pytest.raises(Failure) as raised:
        ask(url, allow_private=False)
    assert raised.value.reason == reason
    assert str(raised.value).startswith(fetch.shown(url))
    assert "word" not in str(raised.value).replace("password", "")


def test_what_could_be_a_key_is_not_shown() -> None:
    assert fetch.shown("https://me:word@a.example/b?token=1#c") == "https://a.example/b?…"
