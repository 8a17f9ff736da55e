"""A server that is not WeChat, or not itself today: a call ends, in bounded memory, in one line and without secrets.

The server is a bare socket (`raw_wechat.RawWeChat`); bounds of time are made small, nothing is measured by the clock.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import logging
import os
import re
import signal
import subprocess
import sys
import traceback
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from click.testing import CliRunner
from conftest import ROOT
from pushing import no_pause, picture
from raw_wechat import Asked, RawWeChat, http

from wxpub import client as clients
from wxpub import exchange
from wxpub.cli import cli
from wxpub.client import Client
from wxpub.config import Credentials
from wxpub.errors import ApiError, ConfigError, NetworkError, WxpubError
from wxpub.safe import Mask, environment

SECRET = "c4f1e9d07a8b52367e0d1c9b8a4f3e25"
JSON = "application/json"
TOKEN = "tok-" + "kJ7_wQ2zLmN8-pXs5RtV" * 6


@pytest.fixture
def wechat(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawWeChat]:
    monkeypatch.setattr(clients, "ATTEMPTS", 1)
    with RawWeChat() as server:
        yield server


@pytest.fixture
def it(wechat: RawWeChat) -> Client:
    return Client(Credentials("x", "wx1", SECRET, wechat.url), pause=no_pause)


# --- it ends ----------------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
ENDLESS: dict[str, Callable[[RawWeChat], Iterator[bytes]]] = {
    "nothing": lambda server: server.silence(),
    "trickled headers": lambda server: server.for_ever(b"x", begin=HEAD + b"X-Slow: "),
    "trickled body": lambda server: server.for_ever(b" ", begin=HEAD + b"Content-Length: 99999999\r\n\r\n"),
    "trickled chunks": lambda server: server.for_ever(
        b"1\r\n \r\n", begin=HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    ),
    "a chunk without end": lambda server: server.for_ever(b"0", begin=HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
    "100 Continue": lambda server: server.for_ever(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a redirect that trickles": lambda server: server.for_ever(
        b" ", begin=b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 99999999\r\n\r\n"
    ),
}


@pytest.mark.parametrize("how", ENDLESS)
@pytest.mark.parametrize("endpoint", ["stable_token", "draft/count"])
def test_an_answer_without_end_ends_at_the_deadline(
    wechat: RawWeChat, it: Client, monkeypatch: pytest.MonkeyPatch, how: str, endpoint: str
) -> None:
    monkeypatch.setattr(exchange, "TOTAL_SECONDS", 0.3)
    wechat.answers[endpoint] = lambda asked: ENDLESS[how](wechat)
    with pytest.raises(NetworkError, match="no whole answer within 0 s") as caught:
        it.count_drafts()
    assert caught.value.sent


def test_a_server_that_is_cut_off_serves_the_next_call(
    wechat: RawWeChat, it: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    it.token()
    monkeypatch.setattr(exchange, "TOTAL_SECONDS", 0.3)
    wechat.answers["draft/count"] = lambda asked: wechat.silence()
    with pytest.raises(NetworkError):
        it.count_drafts()
    del wechat.answers["draft/count"]
    assert it.count_drafts() == 0


def test_what_is_uploaded_has_more_time_the_larger_it_is(
    wechat: RawWeChat, it: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    it.token()
    monkeypatch.setattr(exchange, "TOTAL_SECONDS", 0.1)
    monkeypatch.setattr(exchange, "UPLOAD_RATE", 2000)
    wechat.answers["draft/add"] = lambda asked: wechat.silence()
    with pytest.raises(NetworkError, match="no whole answer within 1 s"):
        it.add_draft([{"content": "x" * 1000}])


def test_everything_that_runs_is_stopped_at_once(wechat: RawWeChat, it: Client) -> None:
    from threading import Event, Thread

    it.token()
    arrived = Event()
    wechat.answers["draft/count"] = lambda asked: (arrived.set(), wechat.silence())[1]
    said: list[str] = []

    def call() -> None:
        try:
            it.count_drafts()
        except NetworkError as error:
            said.append(str(error))

    threads = [Thread(target=call) for _ in range(4)]
    for each in threads:
        each.start()
    assert arrived.wait(10)
    it.stop()
    for each in threads:
        each.join(10)
    assert said == ["draft/count: interrupted"] * 4
    with pytest.raises(NetworkError, match="interrupted"):
        it.count_drafts()


@pytest.mark.skipif(os.name != "posix", reason="signals are sent otherwise there")
@pytest.mark.parametrize("endpoint", ["stable_token", "draft/batchget"])
def test_ctrl_c_ends_a_command_that_waits_for_wechat(wechat: RawWeChat, tmp_path: Path, endpoint: str) -> None:
    wechat.answers[endpoint] = lambda asked: wechat.silence()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "WXPUB_API_BASE": wechat.url}
    env |= {"WXPUB_APPID": "wx1", "WXPUB_SECRET": SECRET}
    command = [sys.executable, "-m", "wxpub", "drafts", "list"]
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=-1, stderr=-1, text=True) as process:
        while not wechat.calls(endpoint):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)  # a minute and more without the signal
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted"
    assert "Traceback" not in said


PACKED = [
    ("gzip", gzip.compress(b" " * 300_000)),
    ("deflate", zlib.compress(b" " * 300_000)),
    ("deflate", zlib.compress(b" " * 300_000)[2:-4]),
    ("", b" " * 300_000),
]


@pytest.mark.parametrize(("encoding", "data"), PACKED, ids=["gzip", "zlib", "deflate", "plain"])
def test_an_answer_is_read_and_unpacked_up_to_a_bound(
    wechat: RawWeChat, it: Client, monkeypatch: pytest.MonkeyPatch, encoding: str, data: bytes
) -> None:
    it.token()
    wechat.answers["draft/count"] = lambda asked: http(data, headers={"Content-Encoding": encoding} if encoding else {})
    monkeypatch.setattr(exchange, "ANSWER_BYTES", 200_000)
    with pytest.raises(NetworkError, match="the answer is larger than"):
        it.count_drafts()
    monkeypatch.setattr(exchange, "ANSWER_BYTES", 400_000)
    with pytest.raises(NetworkError, match="the answer is not JSON"):  # and all of it was read
        it.count_drafts()


def test_a_bomb_is_not_unpacked(wechat: RawWeChat, it: Client) -> None:
    import tracemalloc

    it.token()
    bomb = gzip.compress(b"\0" * (128 * 1024 * 1024), 1)
    for status in (200, 302):
        wechat.answers["draft/count"] = lambda asked, status=status: http(
            bomb, status, {"Content-Encoding": "gzip", "Location": "/x"}
        )
        tracemalloc.start()
        with pytest.raises(NetworkError, match="larger than 32 MB"):
            it.count_drafts()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 100 * 1024 * 1024


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("gzip", b"{}"),
        ("br", b"{}"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}"))),
        ("gzip", gzip.compress(b'{"total_count": 1}')[:-9]),
    ],
    ids=["not packed", "brotli", "twice", "cut off"],
)
def test_what_cannot_be_unpacked_is_said(wechat: RawWeChat, it: Client, encoding: str, data: bytes) -> None:
    it.token()
    wechat.answers["draft/count"] = lambda asked: http(data, headers={"Content-Encoding": encoding})
    with pytest.raises(NetworkError, match="cannot be unpacked"):
        it.count_drafts()


def test_packed_answers_are_read(wechat: RawWeChat, it: Client) -> None:
    for encoding, data in (("gzip", gzip.compress(b'{"total_count": 3}')), ("identity", b'{"total_count": 3}')):
        wechat.answers["draft/count"] = lambda asked, encoding=encoding, data=data: http(
            data, headers={"Content-Encoding": encoding}
        )
        assert it.count_drafts() == 3


# --- lists ------------------------------------------------------------------------------------------------------------


def entry(name: object) -> dict[str, object]:
    return {"media_id": name, "content": {"news_item": [{"title": str(name)}]}, "update_time": 1}


def names(it: Client) -> list[str]:
    return [each.id for each in it.drafts(content=False)]


def listing(wechat: RawWeChat, total: Callable[[int], object], order: Callable[[int], list[str]]) -> None:
    """Let the list be `order` at the n-th call, and the count what `total` makes of its length."""

    def answer(asked: Asked) -> bytes:
        held = order(wechat.calls("draft/batchget"))
        at = asked.json["offset"]
        page = [entry(name) for name in held[at : at + asked.json["count"]]]
        count = total(len(held))
        return http({"item": page, **({} if count is None else {"total_count": count})})

    wechat.answers["draft/batchget"] = answer


HELD = [f"d{number}" for number in range(45)]


@pytest.mark.parametrize("total", [lambda n: n, lambda n: None, lambda n: 20, lambda n: 0, lambda n: -1, lambda n: "x"])
def test_a_list_is_read_to_its_end_whatever_its_count_says(
    wechat: RawWeChat, it: Client, total: Callable[[int], object]
) -> None:
    listing(wechat, total, lambda call: HELD)
    assert names(it) == HELD


def test_a_list_of_one_page_that_is_counted_right_costs_one_call(wechat: RawWeChat, it: Client) -> None:
    listing(wechat, lambda n: n, lambda call: HELD[:7])
    assert names(it) == HELD[:7]
    assert wechat.calls("draft/batchget") == 1


def test_a_list_whose_order_changes_between_pages_is_read_whole(wechat: RawWeChat, it: Client) -> None:
    listing(wechat, lambda n: n, lambda call: HELD if call % 2 else HELD[::-1])
    assert sorted(names(it)) == sorted(HELD)


def test_a_list_that_loses_an_entry_while_it_is_read_is_read_whole(wechat: RawWeChat, it: Client) -> None:
    listing(wechat, lambda n: n, lambda call: HELD if call == 1 else HELD[1:])
    assert set(HELD) - set(names(it)) == set()


def test_a_page_that_comes_again_ends_the_list(wechat: RawWeChat, it: Client) -> None:
    wechat.answers["draft/batchget"] = lambda asked: http({"total_count": 10**9, "item": [entry("a"), entry("b")]})
    assert names(it) == ["a", "b"]
    assert wechat.calls("draft/batchget") <= 2 * clients.PASSES


def test_a_list_without_end_is_left(wechat: RawWeChat, it: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "PAGES", 5)
    wechat.answers["draft/batchget"] = lambda asked: http({"item": [entry(f"d{asked.json['offset']}")]})
    with pytest.raises(NetworkError, match="the list does not end after 5 pages"):
        names(it)


# --- answers of wrong kinds -------------------------------------------------------------------------------------------

NUMBERS = ["Infinity", "-Infinity", "NaN", "1e999", "1" + "0" * 400, "true", '"x"', "[]", "{}", "1.5", "1" * 5000]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda text: text[:12])
def test_a_wrong_errcode_is_said(wechat: RawWeChat, it: Client, number: str) -> None:
    it.token()
    wechat.answers["draft/count"] = lambda asked: http(f'{{"errcode": {number}, "total_count": 1}}')
    with pytest.raises(NetworkError, match=r"errcode is not a number|is not JSON"):
        it.count_drafts()


@pytest.mark.parametrize("number", [*NUMBERS, "-5", "0", "null"], ids=lambda text: text[:12])
def test_a_token_with_a_wrong_end_serves_at_least_one_call(wechat: RawWeChat, it: Client, number: str) -> None:
    wechat.answers["stable_token"] = lambda asked: http(f'{{"access_token": "{wechat.token}", "expires_in": {number}}}')
    try:
        assert it.count_drafts() == 0
    except NetworkError as error:
        assert "the answer is not JSON" in str(error)  # a number of 5,000 digits


WRONG = [
    ("draft/batchget", '{"item": 7}'),
    ("draft/batchget", '{"item": [7]}'),
    ("draft/batchget", '{"item": [{"media_id": "a", "content": [1]}]}'),
    ("draft/batchget", '{"item": [{"media_id": "a", "content": {"news_item": 7}}]}'),
    ("draft/batchget", '{"item": [{"media_id": "a", "content": {"news_item": [7]}}]}'),
    ("draft/batchget", "[]"),
    ("draft/batchget", "[" * 100_000),
    ("draft/get", '{"news_item": {"a": 1}}'),
    ("draft/get", '{"news_item": [1]}'),
    ("draft/get", "{}"),
    ("draft/add", '{"media_id": 7}'),
    ("draft/add", '{"errcode": 0}'),
    ("media/uploadimg", '{"url": ["x"]}'),
    ("stable_token", '{"access_token": 7}'),
    ("stable_token", "{}"),
]


@pytest.mark.parametrize(("endpoint", "body"), WRONG, ids=lambda text: text[:60])
def test_an_answer_of_the_wrong_kind_is_a_clear_error(
    wechat: RawWeChat, it: Client, endpoint: str, body: str, tmp_path: Path
) -> None:
    wechat.answers[endpoint] = lambda asked: http(body)
    calls: dict[str, Callable[[], object]] = {
        "draft/batchget": lambda: names(it),
        "draft/get": lambda: it.get_draft("a"),
        "draft/add": lambda: it.add_draft([]),
        "media/uploadimg": lambda: it.upload_image(Upload()),
        "stable_token": it.token,
    }
    with pytest.raises(NetworkError) as caught:
        calls[endpoint]()
    assert str(caught.value).startswith(f"{endpoint}: ")
    assert "\n" not in str(caught.value)


class Upload:
    name, data, mime = "a.png", b"x", "image/png"


@pytest.mark.parametrize("status", [301, 302, 307, 401, 403, 404, 407, 408, 413, 418, 500, 502, 503])
def test_a_status_is_said_and_nothing_is_followed(wechat: RawWeChat, it: Client, status: int) -> None:
    it.token()
    elsewhere = {"Location": f"{wechat.url}/cgi-bin/draft/elsewhere"}
    wechat.answers["draft/count"] = lambda asked: http("<html>no</html>", status, elsewhere)
    with pytest.raises((NetworkError, ConfigError), match=f"the server answers {status}"):
        it.count_drafts()
    assert wechat.calls("draft/elsewhere") == 0


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\0" * 100,
        b"HTTP/9.9 hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 99999 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe{}",
    ],
    ids=lambda reply: repr(reply[:60]),
)
def test_what_is_not_http_is_one_line(wechat: RawWeChat, it: Client, reply: bytes) -> None:
    it.token()
    wechat.answers["draft/count"] = lambda asked: reply
    with pytest.raises(NetworkError) as caught:
        it.count_drafts()
    assert "\n" not in str(caught.value)
    assert "api_base or proxy is no valid address" not in str(caught.value)


# --- secrets ----------------------------------------------------------------------------------------------------------


def wide(text: str) -> str:
    """Write JSON escapes, as a relay that rewrites JSON does."""
    return "".join(f"\\u{ord(each):04x}" for each in text)


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "percent": lambda text: "".join(f"%{ord(each):02X}" for each in text),
    "percent, lower case": lambda text: "".join(f"%{ord(each):02x}" for each in text),
    "percent, here and there": lambda text: "".join(f"%{ord(c):02x}" if n % 3 else c for n, c in enumerate(text)),
    "percent twice": lambda text: quote("".join(f"%{ord(each):02X}" for each in text)),
    "JSON": wide,
    "JSON in JSON": lambda text: wide(text).replace("\\", "\\\\"),
    "JavaScript": lambda text: "".join(f"\\x{ord(each):02x}" for each in text),
    "HTML, decimal": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(each):X};" for each in text),
    "HTML twice": lambda text: "".join(f"&amp;#{ord(each)};" for each in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 after one": lambda text: base64.b64encode(b":" + text.encode() + b"!!").decode(),
    "base64 after two": lambda text: base64.b64encode(b"::" + text.encode() + b"!").decode(),
    "base64 of addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64, upper case within": lambda text: base64.b64encode(text.upper().encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, upper case": lambda text: text.encode().hex().upper(),
}


def readings(text: str) -> Iterator[str]:
    """Read a text in every way in which somebody may read a secret in it, without what the program knows of that."""
    plain = text
    for _ in range(3):
        yield plain
        plain = html.unescape(unquote(plain))
        plain = re.sub(r"\\+(?:u00|x)([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), plain)
    for run in re.findall(r"[A-Za-z0-9+/_-]{10,}", text):
        for start in range(4):
            piece = run[start:].replace("-", "+").replace("_", "/")
            yield base64.b64decode(piece[: len(piece) // 4 * 4]).decode("latin-1")
    for run in re.findall(r"[0-9a-fA-F]{16,}", text):
        for start in range(2):
            piece = run[start:]
            yield bytes.fromhex(piece[: len(piece) // 2 * 2]).decode("latin-1")


def leaks(text: str, *secrets: str) -> str:
    """Find a piece of a secret of eight characters that somebody can read in `text`; "" if there is none."""
    pieces = {secret[at : at + 8].lower() for secret in secrets for at in range(len(secret) - 7)}
    for reading in readings(text):
        folded = reading.lower()
        if found := next((piece for piece in pieces if piece in folded), ""):
            return found
    return ""


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_oracle_sees_what_is_hidden(encoding: str) -> None:
    assert leaks(f"x {ENCODINGS[encoding](SECRET)} y", SECRET)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_is_masked_at_every_offset_whole_and_in_pieces(encoding: str) -> None:
    token = TOKEN
    mask = Mask()
    mask.add(SECRET)
    mask.add(token)
    for secret in (SECRET, token):
        for start, stop in ((0, None), (0, 31), (5, None), (0, 8), (3, 11), (11, 24), (-8, None)):
            written = ENCODINGS[encoding](secret[start:stop])
            for offset in range(81):
                text = "." * offset + written + ". rid: abc"
                assert not leaks(mask.clean(text)[:60], SECRET, token), (start, stop, offset)
                assert mask.clean(text).endswith(". rid: abc")


def test_what_holds_no_secret_stays_as_it_is() -> None:
    mask = Mask()
    mask.add(SECRET)
    for text in ("invalid ip 1.2.3.4, rid: 6543abcd-12345678-9abcdef0", "100 % & <b> \\ 你好 İstanbul", "", "0" * 40):
        assert mask.clean(text) == text
    mask.add("0" * 32)  # the local WeChat's
    assert mask.clean("wx0000000000000000") == "wx0000000000000000"


def silent(error: BaseException, *secrets: str) -> None:
    """Hold that an error, and every error behind it, shows nothing."""
    seen: BaseException | None = error
    while seen is not None:
        assert not leaks(f"{seen} {seen!r} {seen.args!r} {vars(seen)!r}", *secrets)
        seen = seen.__cause__ or seen.__context__
    assert not leaks("".join(traceback.format_exception(error)), *secrets)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("endpoint", ["stable_token", "draft/count"])
def test_no_error_quotes_a_secret_wherever_the_answer_echoes_it(
    wechat: RawWeChat, it: Client, caplog: pytest.LogCaptureFixture, endpoint: str, encoding: str
) -> None:
    caplog.set_level(logging.DEBUG)
    if endpoint != "stable_token":
        it.token()
    secrets = (SECRET, wechat.token)
    written = " ".join(ENCODINGS[encoding](each) for each in secrets)
    offsets = range(81) if encoding == "plain" else (0, 7, 52, 80)
    for offset in offsets:
        said = "." * offset + written
        replies = [http({"errcode": 40013, "errmsg": said}), http(said)]
        if offset in (0, 80):
            replies += [
                http({"errcode": said}),
                http(said, 502),
                http("\ufeff" + json.dumps({"access_token": wechat.token, "errmsg": said})),
                http("{}x", headers={"X-Echo": said, "Content-Type": said}),
                b"HTTP/1.1 200 " + said.encode() + b"\r\n" + said.encode() + b"\r\n\r\nx",
            ]
        for reply in replies:
            wechat.answers[endpoint] = lambda asked, reply=reply: reply
            with pytest.raises(WxpubError) as caught:
                it.count_drafts()
            silent(caught.value, *secrets)
    assert not leaks(caplog.text, *secrets)


@pytest.mark.parametrize("body", ['{"access_token": "{token}', "\ufeff{token}", "x{token}", "{token}", '["{token}"]'])
def test_a_token_that_is_not_json_is_never_quoted(wechat: RawWeChat, it: Client, body: str) -> None:
    for token in (wechat.token, "short", "shortish-1"):
        wechat.answers["stable_token"] = lambda asked, token=token: http(body.replace("{token}", token), kind=JSON)
        with pytest.raises(NetworkError) as caught:
            it.count_drafts()
        assert "stable_token: the answer is not JSON but application/json; " in str(caught.value)
        assert token not in str(caught.value)
        silent(caught.value, SECRET, wechat.token)


@pytest.mark.parametrize(("length", "shown"), [(23, True), (24, False), (512, False)])
def test_a_refusal_of_the_token_quotes_no_24_characters_in_one(
    wechat: RawWeChat, it: Client, length: int, shown: bool
) -> None:
    unknown = ("aB3_" * length)[:length]  # a token that nobody has told us
    wechat.answers["stable_token"] = lambda asked: http({"errcode": 40013, "errmsg": f"invalid appid {unknown} hint"})
    with pytest.raises(ApiError) as caught:
        it.token()
    assert "invalid appid " in str(caught.value)
    assert (unknown in str(caught.value)) == shown


def echoing(wechat: RawWeChat, encoding: str) -> Callable[[Asked], bytes]:
    """Answer rightly, but with secret and token in everything that says something."""

    def answer(asked: Asked) -> bytes:
        body = json.loads(wechat.answer(asked).partition(b"\r\n\r\n")[2])
        if asked.endpoint == "stable_token":
            return http(body)
        echo = " ".join(ENCODINGS[encoding](each) for each in (wechat.secret, wechat.token))
        for articles in [body.get("news_item") or [], *[each["content"]["news_item"] for each in body.get("item", [])]]:
            for article in articles:
                article.update(title=f"题目 {echo}", content=f"<p>{echo}</p>", digest=echo, author=echo, url=echo)
        return http({**body, "note": echo, echo: 1})

    return answer


@pytest.mark.parametrize("encoding", ["plain", "percent", "base64", "HTML, decimal"])
def test_no_command_shows_or_writes_what_an_answer_echoes(
    wechat: RawWeChat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CACHE", "DATA", "CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / "home" / name))
    for name, value in {"APPID": "wx1", "SECRET": SECRET, "API_BASE": wechat.url}.items():
        monkeypatch.setenv(f"WXPUB_{name}", value)
    picture(tmp_path / "1.png")
    (tmp_path / "a.md").write_text("# 第一期\n\n正文。\n\n![](1.png)\n", encoding="utf-8")
    wechat.answers["*"] = echoing(wechat, encoding)
    lines = ["push a.md", "push a.md --json", "push a.md --dry-run --json", "doctor", "doctor --json"]
    said = [CliRunner().invoke(cli, line.split()) for line in lines]
    (name, *_) = wechat.drafts
    lines = [
        "list",
        "list --json",
        f"show {name}",
        f"show {name} --html",
        f"show {name} --json",
        f"delete {name} --yes",
    ]
    said += [CliRunner().invoke(cli, ["drafts", *line.split()]) for line in lines]
    lines = ["publish a.md --yes", "index rebuild", "index list --json"]
    said += [CliRunner().invoke(cli, line.split()) for line in lines]
    for result in said:
        assert not leaks(result.stdout + result.stderr, SECRET, wechat.token), result.stdout + result.stderr
        assert result.exception is None or isinstance(result.exception, SystemExit)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or not leaks(path.read_text("latin-1"), SECRET, wechat.token), path


def test_no_child_process_is_given_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    from wxpub.safe import without_secrets

    monkeypatch.setenv("WXPUB_SECRET", SECRET)
    monkeypatch.setenv("WEEKLY", SECRET)  # as secret_env names it
    monkeypatch.setenv("WXPUB_PROXY", "http://me:hunter2@relay.test")
    monkeypatch.setenv("LANG", "C.UTF-8")
    code = "import os; print(sorted(os.environ.values()))"
    given = environment()
    assert given["LANG"] == "C.UTF-8"
    with without_secrets():
        inherited = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=given).stdout
    assert SECRET not in asked + inherited
    assert "hunter2" not in asked + inherited
    assert os.environ["WEEKLY"] == SECRET


def test_a_password_of_a_proxy_is_a_secret_too(wechat: RawWeChat) -> None:
    it = Client(Credentials("x", "wx1", SECRET, "http://relay.test", f"http://me:hunter2hunter2@{wechat.url[7:]}"))
    wechat.answers["*"] = lambda asked: http({"errcode": 40013, "errmsg": "you are me:hunter2hunter2"})
    with pytest.raises(ApiError, match=r"40013 you are me:\*\*\*"):
        it.token()
