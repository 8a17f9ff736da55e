"""The client: what belongs to every call, held against the sandbox."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pushing import SECRET, no_pause

from wxpub import client as clients
from wxpub.client import Client
from wxpub.config import Credentials
from wxpub.errors import ApiError, ConfigError, NetworkError
from wxpub.exchange import Answer
from wxpub.sandbox import Sandbox
from wxpub.sandbox.control import Control


@dataclass(frozen=True)
class Picture:
    name: str = "a.png"
    data: bytes = b""
    mime: str = "image/png"


@pytest.fixture(scope="module")
def png() -> Picture:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (30, 30), "red").save(out, "PNG")
    return Picture(data=out.getvalue())


@pytest.fixture
def box(sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[Control]:
    appid = f"wx{abs(hash(request.node.name)):x}"[:18]
    sandbox.add_account(appid, SECRET)
    yield sandbox.account(appid)
    sandbox.clear_faults()


@pytest.fixture
def account(sandbox: Sandbox, box: Control, request: pytest.FixtureRequest) -> Credentials:
    return Credentials("x", f"wx{abs(hash(request.node.name)):x}"[:18], SECRET, sandbox.url)


@pytest.fixture
def it(account: Credentials) -> Client:
    return Client(account, pause=no_pause)


def article(it: Client, png: Picture, **fields: Any) -> dict[str, Any]:
    media_id, _ = it.add_image(png)
    return {"title": "你好，世界", "content": "<p>正文：“引号”</p>", "thumb_media_id": media_id, **fields}


def paths(sandbox: Sandbox, account: Credentials) -> list[str]:
    return [each.path.removeprefix("/cgi-bin/") for each in sandbox.calls() if account.appid in (each.appid, "")]


def test_text_goes_and_comes_as_it_is(it: Client, png: Picture, box: Control) -> None:
    for content_type in ("observed", "text", "json"):
        box.set_profile(content_type=content_type)
        media_id = it.add_draft([article(it, png)])
        (stored,) = it.get_draft(media_id)
        assert stored.title == "你好，世界"
        assert "“引号”" in stored.content


def test_one_token_serves_every_call_and_every_thread(it: Client, sandbox: Sandbox, account: Credentials) -> None:
    before = len(sandbox.calls())
    threads = [threading.Thread(target=it.count_drafts) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.path for each in sandbox.calls()[before:]].count("/cgi-bin/stable_token") == 1


@pytest.mark.parametrize("how", ["revoke_tokens", "expire_tokens"])
def test_a_token_that_wechat_no_longer_knows_is_renewed_once(it: Client, box: Control, how: str) -> None:
    before = len(box.calls("/cgi-bin/stable_token"))
    it.count_drafts()
    getattr(box, how)()
    assert it.count_drafts() == 0
    asked = [json.loads(each.request) for each in box.calls("/cgi-bin/stable_token")[before:]]
    assert [each["force_refresh"] for each in asked] == [False, False]


def test_a_token_that_stays_unknown_is_not_asked_for_for_ever(it: Client, sandbox: Sandbox) -> None:
    sandbox.fail("errcode", 40001, endpoint="/cgi-bin/draft/count", times=5)
    before = len(sandbox.calls())
    with pytest.raises(ApiError, match="40001"):
        it.count_drafts()
    assert [each.path for each in sandbox.calls()[before:]].count("/cgi-bin/draft/count") == 2


def test_a_leaked_token_is_replaced_only_when_told(it: Client, box: Control) -> None:
    first = it.token()
    box.move_clock(60)
    it.renew_token()
    assert it.token() != first


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("errcode", -1),
        ("errcode", 45011),
        ("status", 502),
        ("cut-before", 0),
        ("cut-after", 0),
        ("half", 0),
        ("html", 0),
    ],
)
def test_what_may_be_repeated_is_repeated(it: Client, sandbox: Sandbox, kind: str, value: float) -> None:
    sandbox.fail(kind, value, endpoint="/cgi-bin/draft/count", times=3)
    assert it.count_drafts() == 0


@pytest.mark.parametrize(
    ("kind", "value"),
    [("errcode", -1), ("status", 502), ("cut-before", 0), ("cut-after", 0), ("half", 0), ("empty", 0)],
)
def test_draft_add_is_never_blindly_repeated(
    it: Client, sandbox: Sandbox, png: Picture, kind: str, value: float
) -> None:
    given = article(it, png)
    sandbox.fail(kind, value, endpoint="/cgi-bin/draft/add", times=3)
    with pytest.raises(NetworkError) as unknown:
        it.add_draft([given])
    assert unknown.value.sent
    assert [each.times for each in sandbox.faults()] == [2]


@pytest.mark.parametrize("code", [45011, 40001])
def test_draft_add_is_repeated_where_wechat_said_no_for_now(
    it: Client, sandbox: Sandbox, png: Picture, code: int
) -> None:
    given = article(it, png)
    sandbox.fail("errcode", code, endpoint="/cgi-bin/draft/add", times=1)
    assert it.add_draft([given])


def test_a_refused_connection_is_tried_again_even_for_draft_add(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    it = Client(Credentials("x", "wx1", SECRET, "http://127.0.0.1:1"), pause=pauses.append)
    with pytest.raises(NetworkError) as refusal:
        it.add_draft([])
    assert not refusal.value.sent
    assert len(pauses) == clients.ATTEMPTS - 1
    assert pauses[0] < pauses[1] < pauses[2] or max(pauses) <= clients.FIRST_PAUSE * 4


def test_waiting_for_the_next_minute_reaches_it(it: Client, sandbox: Sandbox) -> None:
    pauses: list[float] = []
    it._pause = pauses.append
    sandbox.fail("errcode", 45011, endpoint="/cgi-bin/draft/count", times=3)
    it.count_drafts()
    assert sum(pauses) >= 60


def test_a_large_draft_box_is_read_whole_and_every_draft_once(it: Client, png: Picture) -> None:
    given = article(it, png)
    made = {it.add_draft([given]) for _ in range(43)}
    assert [each.id for each in it.drafts(content=False)].__len__() == 43
    assert {each.id for each in it.drafts()} == made
    assert it.count_drafts() == 43


def test_deleting_what_is_gone_is_no_error(it: Client, png: Picture) -> None:
    media_id = it.add_draft([article(it, png)])
    it.delete_draft(media_id)
    it.delete_draft(media_id)


def test_a_preview_goes_to_a_phone(it: Client, png: Picture, box: Control) -> None:
    box.set_profile(kind="verified")
    it.preview(it.add_draft([article(it, png)]), "my-wechat-id")


def test_a_server_that_redirects_is_not_given_the_token(sandbox: Sandbox) -> None:
    asked: list[str] = []

    class Redirect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(302)
            self.send_header("Location", f"{sandbox.url}/cgi-bin/stable_token")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Redirect)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    before = len(sandbox.calls())
    with pytest.raises(Exception, match="302"):
        Client(Credentials("x", "wx1", SECRET, f"http://127.0.0.1:{server.server_port}"), pause=no_pause).token()
    server.shutdown()
    server.server_close()
    assert len(asked) == 1
    assert len(sandbox.calls()) == before


def test_a_proxy_of_the_settings_is_used_and_one_of_the_system_is_not_for_this_machine(
    account: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.wfile.write(b'HTTP/1.0 200 OK\r\n\r\n{"access_token": "x", "expires_in": 7200}')

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    proxy = f"http://127.0.0.1:{server.server_port}"
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert Client(account, pause=no_pause).token()
    assert not asked
    assert Client(Credentials("x", "wx1", SECRET, "http://api.example.invalid", proxy), pause=no_pause).token() == "x"
    assert asked == ["http://api.example.invalid/cgi-bin/stable_token"]
    server.shutdown()
    server.server_close()


def test_control_characters_in_an_answer_do_no_harm(monkeypatch: pytest.MonkeyPatch, it: Client) -> None:
    it.token()
    answer = Answer(200, {}, '{"total_count": 3, "note": "a\u0001\tb"}'.encode())
    monkeypatch.setattr(it._exchange, "ask", lambda *args: answer)
    assert it.count_drafts() == 3


def test_requests_are_raw_utf8(it: Client) -> None:
    assert clients._encode({"title": "你好"}) == '{"title":"你好"}'.encode()
    assert json.loads(clients._encode({"title": "“x”"})) == {"title": "“x”"}


def test_neither_secret_nor_token_shows_in_what_is_printed(it: Client) -> None:
    token = it.token()
    assert SECRET not in repr(it.account)
    assert token not in repr(it)
    assert "***" in it._clean(f"…?access_token={token}&x")


@pytest.mark.parametrize("base", ["https://a..b", f"https://{'a' * 70}.example", "https://host:99999"])
def test_a_host_that_is_none_is_said(base: str) -> None:
    with pytest.raises(ConfigError, match="no valid address"):
        Client(Credentials("x", "wx", "canary", base)).token()
