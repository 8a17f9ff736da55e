"""`wxpub relay`: the local WeChat behind it, clients and strangers before it."""

from __future__ import annotations

import ast
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import ROOT
from pushing import picture
from relaying import KEY, OTHER, Running, running

from wxpub import wechat as accounts
from wxpub.cli import cli
from wxpub.client import Client
from wxpub.config import Credentials
from wxpub.errors import ApiError, ConfigError, NetworkError
from wxpub.exchange import RELAY_KEY_HEADER
from wxpub.relay import ENDPOINTS, Rules
from wxpub.sandbox import Sandbox


@pytest.fixture
def rules(wechat: Sandbox) -> Rules:
    return Rules([KEY, OTHER], [wechat.appid], base=wechat.url)


@pytest.fixture
def relay(rules: Rules) -> Iterator[Running]:
    with running(rules) as found:
        yield found


def client(relay: Running, wechat: Sandbox, key: str = KEY, **values: str) -> Client:
    account = Credentials("x", wechat.appid, wechat.secret, relay.url, relay_key=key)
    return Client(replace(account, **values), pause=lambda seconds: None)  # type: ignore[arg-type]


# --- clients ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(wechat: Sandbox, relay: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a newsletter's folder, with the relay and its key in the environment, and no AppSecret."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WXPUB_API_BASE", relay.url)
    monkeypatch.setenv("WXPUB_RELAY_KEY", KEY)
    monkeypatch.setenv("WXPUB_APPID", wechat.appid)
    monkeypatch.setenv("WXPUB_SECRET", wechat.secret)
    picture(tmp_path / "a.png")
    (tmp_path / "issue.md").write_text(
        "---\nauthor: 编\nsource_url: https://a.example/\n---\n# 第一期：你好\n\n![图](a.png)\n\n正文。\n",
        encoding="utf-8",
    )
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def test_a_push_and_its_publication_go_through_the_relay(desk: Path, wechat: Sandbox, relay: Running) -> None:
    first = run("push", "issue.md")
    assert first.exit_code == 0, first.output
    (draft,) = wechat.drafts().values()
    assert draft[0]["title"] == "第一期：你好"
    assert "mmbiz.qpic.cn" in draft[0]["content"]
    text = (desk / "issue.md").read_text(encoding="utf-8")
    (desk / "issue.md").write_text(text.replace("正文。", "别的正文。"), encoding="utf-8")
    assert run("push", "issue.md").exit_code == 0
    (draft,) = wechat.drafts().values()
    assert "别的正文" in draft[0]["content"]
    published = run("publish", "issue.md", "--yes")
    assert published.exit_code == 0, published.output
    assert "https://mp.weixin.qq.com/s/" in (desk / "wxpub.ledger.json").read_text(encoding="utf-8")
    ledger = json.loads((desk / "wxpub.ledger.json").read_text(encoding="utf-8"))
    assert "127.0.0.1" not in json.dumps(ledger), "it is the account itself, whatever way leads there"


def test_a_push_that_the_relay_refuses_says_what_to_set_and_not_to_push_a_new_draft(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WXPUB_RELAY_KEY", "k" * 40)
    said = run("push", "issue.md").stderr
    assert "error: the relay does not know the key; set WXPUB_RELAY_KEY to the key" in said
    assert "--new" not in said


def test_an_account_is_the_same_behind_a_relay_and_no_rehearsal(desk: Path, wechat: Sandbox) -> None:
    from wxpub import config

    with accounts.connect(config.find(desk)) as account:
        assert (account.key, account.rehearsal) == (wechat.appid, False)


def test_every_call_of_the_client_is_forwarded_and_no_other() -> None:
    tree = ast.parse((ROOT / "wxpub/client.py").read_text(encoding="utf-8"))
    calls = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("_call", "_pages")
        and isinstance(node.args[0], ast.Constant)
    }
    assert calls | {"token", "stable_token"} == set(ENDPOINTS)


def test_the_relay_fills_in_the_secret_that_it_keeps(wechat: Sandbox, rules: Rules) -> None:
    with running(replace(rules, secrets={wechat.appid: wechat.secret})) as relay:
        assert client(relay, wechat, secret="").count_drafts() == 0
        assert client(relay, wechat, secret="0" * 31 + "1").count_drafts() == 0, "whatever the client sends"


def test_a_relay_without_a_secret_says_so(wechat: Sandbox, relay: Running) -> None:
    with pytest.raises(ConfigError, match="neither the relay nor this computer has the account's AppSecret"):
        client(relay, wechat, secret="").count_drafts()


def test_what_wechat_refuses_is_said_as_without_a_relay(wechat: Sandbox, relay: Running) -> None:
    with pytest.raises(ApiError) as raised:
        client(relay, wechat).get_draft("x" * 64)
    assert raised.value.errcode == 40007
    wechat.set_profile(whitelist=["203.0.113.1"])
    with pytest.raises(ApiError, match="40164"):
        client(relay, wechat).count_drafts()


def test_a_client_goes_on_when_the_relay_was_started_anew(wechat: Sandbox, rules: Rules) -> None:
    with running(rules) as relay:
        own = client(relay, wechat)
        assert own.count_drafts() == 0
        relay.server.relay._tokens.clear()  # as a new one has none
        assert own.count_drafts() == 0
        assert sum("40001" in line for line in relay.log) == 1


def test_the_clock_behind_a_relay_is_wechats(wechat: Sandbox, relay: Running) -> None:
    assert abs((client(relay, wechat).server_time() or 0) - time.time()) < 60
    assert wechat.calls("/cgi-bin/token")


@pytest.mark.parametrize(("fault", "sent"), [("cut-before", True), ("cut-after", True), ("status", True)])
def test_a_call_without_an_answer_is_of_unknown_outcome(
    fault: str, sent: bool, wechat: Sandbox, relay: Running
) -> None:
    own = client(relay, wechat)
    own.token()
    wechat.fail(fault, 502, endpoint="/cgi-bin/draft/add")
    with pytest.raises(NetworkError) as raised:
        own.add_draft([{"title": "题", "content": "<p>字</p>", "thumb_media_id": "x"}])
    assert raised.value.sent is sent
    assert len(wechat.calls("/cgi-bin/draft/add")) <= 1


def test_a_wechat_that_is_not_to_be_reached_is_said(wechat: Sandbox, rules: Rules) -> None:
    with running(replace(rules, base="http://127.0.0.1:1")) as relay:
        with pytest.raises(NetworkError, match="the relay cannot reach WeChat") as raised:
            client(relay, wechat).token()
        assert raised.value.sent is False


# --- strangers --------------------------------------------------------------------------------------------------------


def raw(relay: Running, request: bytes, *, seconds: float = 10) -> bytes:
    """Send these bytes and give what comes back until the connection ends."""
    with socket.create_connection(("127.0.0.1", relay.port), seconds) as connection:
        connection.sendall(request)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionError:
            pass
    return answer


def request(
    method: str = "GET",
    target: str = "/cgi-bin/draft/count?access_token=T",
    body: bytes = b"",
    headers: Mapping[str, str] = {},
    *,
    key: str | None = KEY,
) -> bytes:
    given = {"Host": "relay.example", **({} if key is None else {RELAY_KEY_HEADER: key}), **headers}
    if body and "Content-Length" not in headers:
        given["Content-Length"] = str(len(body))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def status(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d+) ", answer)
    return int(found[1]) if found else 0


def token(relay: Running, wechat: Sandbox) -> str:
    return client(relay, wechat).token()


def asked(wechat: Sandbox) -> int:
    return len(wechat.calls())


TOKEN_CALL = json.dumps({"grant_type": "client_credential", "appid": "APPID", "secret": "SECRET"}).encode()

HOSTILE: dict[str, tuple[bytes, int]] = {
    "no key": (request(key=None), 401),
    "an empty key": (request(key=""), 401),
    "a wrong key": (request(key=KEY[:-1] + "x"), 401),
    "the beginning of a key": (request(key=KEY[:20]), 401),
    "both keys": (request(key=f"{KEY} {OTHER}"), 401),
    "a key that is no text": (request(key="\xff" * 40), 401),
    "the key twice": (request(headers={RELAY_KEY_HEADER.lower(): KEY}), 400),
    "another path": (request(target="/"), 404),
    "another endpoint": (request(target="/cgi-bin/user/get?access_token=T"), 404),
    "an endpoint below another": (request(target="/cgi-bin/draft/count/x"), 404),
    "a path with dots": (request(target="/cgi-bin/../cgi-bin/draft/count"), 404),
    "dots that leave": (request(target="/cgi-bin/draft/../user/get"), 404),
    "encoded dots": (request(target="/cgi-bin/%2e%2e/draft/count"), 404),
    "an encoded slash": (request(target="/cgi-bin/draft%2fcount"), 404),
    "an encoded letter": (request(target="/cgi-bin/draft/coun%74"), 404),
    "two slashes": (request(target="//cgi-bin/draft/count"), 404),
    "a backslash": (request(target="/cgi-bin\\draft\\count"), 404),
    "a semicolon": (request(target="/cgi-bin/draft/count;x=1"), 404),
    "capitals": (request(target="/CGI-BIN/draft/count"), 404),
    "another host in the address": (request(target="http://api.weixin.qq.com/cgi-bin/draft/count"), 404),
    "a connection to elsewhere": (request("CONNECT", "api.weixin.qq.com:443"), 404),
    "the sandbox's own controls": (request("POST", "/sandbox/profile", b"{}"), 404),
    "another method": (request("DELETE", "/cgi-bin/draft/count?access_token=T"), 405),
    "a head": (request("HEAD", "/cgi-bin/draft/count?access_token=T"), 405),
    "a post for a get": (request("POST", "/cgi-bin/draft/count?access_token=T"), 405),
    "a parameter too many": (request(target="/cgi-bin/draft/count?access_token=" + "t" * 20 + "&x=1"), 400),
    "a token twice": (
        request(target="/cgi-bin/draft/count?access_token=" + "t" * 20 + "&access_token=" + "u" * 20),
        400,
    ),
    "a token that is none": (request(target="/cgi-bin/draft/count?access_token=a%0d%0ab" + "t" * 20), 400),
    "no token": (request(target="/cgi-bin/draft/count"), 200),
    "a token of elsewhere": (request(target="/cgi-bin/draft/count?access_token=" + "t" * 40), 200),
    "a token for the call for a token": (request("POST", "/cgi-bin/stable_token?access_token=x", TOKEN_CALL), 400),
    "parameters for the clock": (request(target="/cgi-bin/token?grant_type=x&appid=y&secret=z"), 400),
    "another kind of material": (
        request(
            "POST",
            "/cgi-bin/material/add_material?type=video&access_token=" + "t" * 20,
            b"x",
            {"Content-Type": "multipart/form-data; boundary=x"},
        ),
        400,
    ),
    "an upload that is none": (
        request("POST", "/cgi-bin/media/uploadimg?access_token=" + "t" * 20, b"x", {"Content-Type": "text/plain"}),
        415,
    ),
    "a body for a get": (request(body=b"x"), 413),
    "a body that is too long": (request("POST", "/cgi-bin/stable_token", headers={"Content-Length": "4097"}), 413),
    "a body without an end": (request("POST", "/cgi-bin/stable_token", headers={"Content-Length": "9" * 10}), 413),
    "a length that is none": (request("POST", "/cgi-bin/stable_token", headers={"Content-Length": "+1"}), 400),
    "a length below nothing": (request("POST", "/cgi-bin/stable_token", headers={"Content-Length": "-1"}), 400),
    "two lengths": (
        request("POST", "/cgi-bin/stable_token", b"x", {"Content-Length": "1", "content-length": "2"}),
        400,
    ),
    "a length and chunks": (
        request("POST", "/cgi-bin/stable_token", b"0\r\n\r\n", {"Content-Length": "5", "Transfer-Encoding": "chunked"}),
        400,
    ),
    "chunks": (request("POST", "/cgi-bin/stable_token", b"0\r\n\r\n", {"Transfer-Encoding": "chunked"}), 400),
    "a space before the colon": (
        b"POST /cgi-bin/stable_token HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello",
        400,
    ),
    "a header over two lines": (request(headers={"X-A": "b\r\n Transfer-Encoding: chunked"}), 400),
    "a line that is no header": (b"GET / HTTP/1.1\r\nhello\r\n\r\n", 400),
    "another account": (request("POST", "/cgi-bin/stable_token", TOKEN_CALL), 403),
    "an account that is no text": (request("POST", "/cgi-bin/stable_token", b'{"appid": ["x"]}'), 403),
    "a call for a token that is no JSON": (request("POST", "/cgi-bin/stable_token", b"\xff"), 403),
    "no HTTP": (b"hello\r\n\r\n", 400),
    "HTTP of another age": (b"GET /relay\r\n\r\n", 400),
    "HTTP to come": (b"GET /relay HTTP/2.0\r\n\r\n", 400),
    "a line without end": (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 400),
    "headers without end": (b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n", 400),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_request_that_is_not_meant_is_not_forwarded(kind: str, wechat: Sandbox, relay: Running) -> None:
    data, expected = HOSTILE[kind]
    answer = raw(relay, data)
    assert status(answer) == expected, answer
    assert asked(wechat) == 0
    if expected == 200:
        assert b'"errcode": 40001' in answer


def test_no_second_request_hides_behind_the_first(wechat: Sandbox, relay: Running) -> None:
    given = token(relay, wechat)
    one = request(target=f"/cgi-bin/draft/count?access_token={given}")
    before = asked(wechat)
    answer = raw(relay, one + one)
    assert answer.count(b"HTTP/1.1") == 1
    assert asked(wechat) == before + 1


def test_a_token_is_good_for_what_it_was_given_for_and_no_longer(wechat: Sandbox, relay: Running) -> None:
    given = token(relay, wechat)
    assert b"total_count" in raw(relay, request(target=f"/cgi-bin/draft/count?access_token={given}"))
    other = raw_token(wechat)
    assert other == given or b"40001" in raw(relay, request(target=f"/cgi-bin/draft/count?access_token={other}"))
    owned = relay.server.relay._tokens
    for digest, (appid, _) in list(owned.items()):
        owned[digest] = (appid, time.monotonic() - 1)
    assert b"40001" in raw(relay, request(target=f"/cgi-bin/draft/count?access_token={given}"))


def raw_token(wechat: Sandbox) -> str:
    """Get a token past the relay."""
    wechat.add_account("wx9999999999999999", "9" * 32)
    own = Credentials("y", "wx9999999999999999", "9" * 32, wechat.url)
    return Client(own).token()


def test_an_account_that_is_not_named_is_not_served(wechat: Sandbox, relay: Running) -> None:
    wechat.add_account("wx9999999999999999", "9" * 32)
    with pytest.raises(ConfigError, match="the relay does not serve this AppID"):
        client(relay, wechat, appid="wx9999999999999999", secret="9" * 32).token()


def test_an_endpoint_can_be_left_out(wechat: Sandbox, rules: Rules) -> None:
    with running(replace(rules, without=["freepublish/submit"])) as relay:
        with pytest.raises(ConfigError, match="freepublish/submit: the relay does not forward this call"):
            client(relay, wechat).publish("x")
        assert client(relay, wechat).count_drafts() == 0


def test_each_key_has_so_many_calls_a_minute(wechat: Sandbox, rules: Rules) -> None:
    with running(replace(rules, calls_a_minute=3)) as relay:
        assert [status(raw(relay, request(target="/relay"))) for _ in range(4)] == [200, 200, 200, 429]
        assert status(raw(relay, request(target="/relay", key=OTHER))) == 200
        with pytest.raises(NetworkError, match="no more calls this minute") as raised:
            client(relay, wechat).token()
        assert raised.value.sent is False


def test_nothing_secret_is_logged(desk: Path, wechat: Sandbox, relay: Running) -> None:
    assert run("push", "issue.md").exit_code == 0
    given = token(relay, wechat)
    for data, _ in HOSTILE.values():
        raw(relay, data)
    log = "\n".join(relay.log)
    for word in (KEY, OTHER, wechat.secret, given, "access_token", "你好", "grant_type", "?", "x=1"):
        assert word not in log, word
    assert re.search(rf"^127\.0\.0\.1 draft/add {wechat.appid} 200 \d+\.\d\d s$", log, re.MULTILINE), log


def test_a_client_that_never_ends_is_left(wechat: Sandbox, relay: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wxpub.relay.HEAD_SECONDS", 0.3)
    assert raw(relay, b"GET /relay HTTP/1.1\r\nX-A: ") == b""
    slow = request("POST", "/cgi-bin/stable_token", b"x", {"Content-Length": "100"})
    assert raw(relay, slow) == b""
    assert asked(wechat) == 0
    assert client(relay, wechat).count_drafts() == 0


def test_so_many_connections_are_served_and_no_more(
    wechat: Sandbox, relay: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay.server, "_free", threading.BoundedSemaphore(2))
    held = [socket.create_connection(("127.0.0.1", relay.port), 5) for _ in range(2)]
    for each in held:
        each.sendall(b"GET")
    deadline = time.monotonic() + 5
    while relay.server._open < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert raw(relay, request(target="/relay")) == b""
    for each in held:
        each.close()


def test_an_upload_that_is_refused_hears_why(wechat: Sandbox, relay: Running) -> None:
    given = token(relay, wechat)
    own = client(relay, wechat)
    own._token, own._token_ends = given, time.monotonic() + 100

    class File:
        name, data, mime = "a.png", b"x" * 3_000_000, "image/png"

    with pytest.raises(ConfigError, match="413, too large"):
        own.upload_image(File())
    assert not wechat.calls("/cgi-bin/media/uploadimg")


def test_who_sends_before_it_reads_hears_why_too(wechat: Sandbox, relay: Running) -> None:
    assert status(raw(relay, request("POST", "/cgi-bin/stable_token", b"x" * 5_000_000))) == 413


def test_who_waits_to_be_told_to_send_a_body_is_told_only_if_it_is_wanted(wechat: Sandbox, relay: Running) -> None:
    wanted = {"Expect": "100-continue", "Content-Length": str(len(TOKEN_CALL))}
    refused = raw(relay, request("POST", "/cgi-bin/stable_token", headers=wanted, key="x"))
    assert (status(refused), b"100 Continue" in refused) == (401, False)
    with socket.create_connection(("127.0.0.1", relay.port), 5) as connection:
        connection.sendall(request("POST", "/cgi-bin/stable_token", headers=wanted))
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(TOKEN_CALL)
        assert b"403" in connection.recv(1024)


# --- the doctor and the command ---------------------------------------------------------------------------------------


def doctor() -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", run("doctor").output)


def test_the_doctor_tries_the_relay(desk: Path, wechat: Sandbox, relay: Running) -> None:
    said = doctor()
    assert f"{relay.url} serves {wechat.appid}" in said
    assert "the relay's address is let in" in said


def test_the_doctor_says_what_is_wrong_with_the_relay(
    desk: Path, relay: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WXPUB_RELAY_KEY", "x" * 40)
    assert "the relay does not know the key" in doctor()
    monkeypatch.delenv("WXPUB_RELAY_KEY")
    assert "set WXPUB_RELAY_KEY to the key that the relay was started with" in doctor()
    monkeypatch.setenv("WXPUB_RELAY_KEY", KEY)
    monkeypatch.delenv("WXPUB_SECRET")
    assert "neither the relay nor this computer has the account's AppSecret" in doctor()
    monkeypatch.setenv("WXPUB_APPID", "wx1111111111111111")
    assert "the relay does not serve wx1111111111111111" in doctor()


def test_the_doctor_knows_a_server_that_is_no_relay(
    desk: Path, wechat: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WXPUB_API_BASE", wechat.url)
    assert f"no relay of wxpub answers at {wechat.url}" in doctor()
    monkeypatch.delenv("WXPUB_RELAY_KEY")
    assert "relay" not in doctor().replace("set WXPUB_RELAY", "")


def test_the_key_of_a_relay_is_not_sent_to_wechat(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wxpub import config

    for base in ("", "https://api.weixin.qq.com", "https://sh.api.weixin.qq.com"):
        monkeypatch.setenv("WXPUB_API_BASE", base)
        assert config.credentials(config.find(desk)).relay_key == ""
    assert KEY not in repr(config.credentials(config.find(desk)))


def test_a_newsletter_cannot_name_the_key(desk: Path) -> None:
    (desk / "wxpub.toml").write_text('[network]\nrelay_key = "x"\n', encoding="utf-8")
    assert "relay_key" in run("doctor").output
    assert run("doctor").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["--appid", "wx1"], {}, "a relay needs a key; make one with `wxpub relay --make-key`"),
        (["--appid", "wx1"], {"WXPUB_RELAY_KEY": "short"}, "a relay's key has at least 32 characters"),
        ([], {"WXPUB_RELAY_KEY": KEY}, "a relay serves named accounts only; name each with --appid"),
        (
            ["--appid", "wx1", "--without", "x"],
            {"WXPUB_RELAY_KEY": KEY},
            "there is no endpoint x; known: stable_token",
        ),
        (["--appid", "wx1", "--secret-env", "X"], {"WXPUB_RELAY_KEY": KEY, "X": "y"}, "X does not hold an AppSecret"),
        (["--appid", "a", "--appid", "b", "--secret-env", "X"], {"WXPUB_RELAY_KEY": KEY}, "give one --appid"),
        (["--appid", "wx1", "--api-base", "http://x.example"], {"WXPUB_RELAY_KEY": KEY}, "unencrypted"),
        (["--appid", "wx1", "--host", "203.0.113.1"], {"WXPUB_RELAY_KEY": KEY}, "cannot listen on 203.0.113.1:8787"),
    ],
)
def test_a_relay_that_would_be_unsafe_does_not_start(
    arguments: list[str], environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = run("relay", *arguments)
    assert result.exit_code in (1, 2)
    assert said in result.output


def test_a_key_that_is_made_is_good_enough() -> None:
    one, two = (run("relay", "--make-key").output.strip() for _ in range(2))
    assert one != two
    Rules([one, two], ["wx1"])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_the_command_forwards_until_it_is_stopped_and_answers_what_is_under_way(wechat: Sandbox) -> None:
    import signal

    env = {**os.environ, "PYTHONPATH": str(ROOT), "WXPUB_RELAY_KEY": KEY, "X_SECRET": wechat.secret}
    command = [sys.executable, "-m", "wxpub", "relay", "--appid", wechat.appid, "--port", "0", "--api-base", wechat.url]
    command += ["--secret-env", "X_SECRET"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        url = process.stdout.readline().split()[1]
        own = Client(Credentials("x", wechat.appid, "", url, relay_key=KEY), pause=lambda seconds: None)
        own.token()
        wechat.fail("delay", 1.0, endpoint="/cgi-bin/draft/count")
        counted: list[int] = []
        thread = threading.Thread(target=lambda: counted.append(own.count_drafts()))
        thread.start()
        time.sleep(0.4)
        process.send_signal(signal.SIGTERM)
        thread.join(10)
        _, said = process.communicate(timeout=10)
    assert (counted, process.returncode) == ([0], 0)
    assert "draft/count" in said
    assert wechat.secret not in said


# --- what the documents promise ---------------------------------------------------------------------------------------

PAGE = (ROOT / "docs/relay.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_and_of_the_container_are_the_commands() -> None:
    lines = re.findall(r"^wxpub relay .*$", PAGE, re.MULTILINE) + re.findall(r"`(wxpub relay [^`]+)`", PAGE)
    container = (ROOT / "Containerfile.relay").read_text(encoding="utf-8")
    entry = json.loads(container.partition("ENTRYPOINT ")[2])
    for words in (*map(str.split, lines), [*entry, "--appid", "wx1"]):
        assert words[:2] == ["wxpub", "relay"]
        assert run(*words[1:], "--help").exit_code == 0, words


def test_the_page_counts_and_names_what_the_relay_does() -> None:
    from wxpub import relay as room

    assert "the seventeen that wxpub makes" in PAGE
    assert len(ENDPOINTS) == 17
    assert f"{room.CALLS_A_MINUTE} for each key" in PAGE
    assert f"At least {room.KEY_CHARS} characters" in PAGE
    assert f"{room.CONNECTIONS} connections are served" in PAGE
    assert f"{room.HOST}:{room.PORT}" in PAGE
    source = (ROOT / "wxpub/relay.py").read_text(encoding="utf-8")
    raised = set(re.findall(r'_No\(\d+, "([\w-]+)"', source)) | {"no-answer", "not-sent"}
    assert raised == set(re.findall(r"^\| [\d, ]+ \| `([\w-]+)` \|", PAGE, re.MULTILINE))
