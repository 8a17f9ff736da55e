"""Faults on request: what the client sees, and whether the call had its effect."""

from __future__ import annotations

import http.client
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from raw_wechat import Raw

from wxpub.errors import ConfigError
from wxpub.sandbox import Sandbox, serve

ADD = "/cgi-bin/draft/add"
ADMIN = {"X-Sandbox-Admin": "1"}


def seen(raw: Raw, **values: Any) -> str:
    """Add a draft and tell what the client makes of the answer."""
    try:
        answer = raw.request("draft/add", {"articles": [raw.article()]}, **values)
    except requests.exceptions.ConnectionError:
        return "cut"
    except requests.exceptions.ChunkedEncodingError:
        return "incomplete"
    try:
        return "refused" if "errcode" in answer.json() else "done"
    except ValueError:
        return f"{answer.status_code} {answer.headers['Content-Type']} {len(answer.content) > 0}"


# (fault, what the client sees, drafts afterwards)
FAULTS = [
    ("errcode=45009", "refused", 0),
    ("status=502", "502 text/html True", 0),
    ("html", "200 text/html True", 1),
    ("empty", "200 application/json; encoding=utf-8 False", 1),
    ("delay=0.05", "done", 1),
    ("slow=0.05", "done", 1),
    ("cut-before", "cut", 0),
    ("cut-while=0.05", "cut", 1),
    ("cut-after", "cut", 1),
    ("too-short", "200 application/json; encoding=utf-8 True", 1),
]


@pytest.mark.parametrize(("fault", "outcome", "drafts"), FAULTS)
def test_a_fault_is_seen_and_the_effect_is_as_promised(
    raw: Raw, wechat: Sandbox, fault: str, outcome: str, drafts: int
) -> None:
    assert seen(raw, headers={"X-Sandbox-Fault": fault}) == outcome
    assert drafts_after_a_moment(wechat, drafts) == drafts
    assert seen(raw) == "done"


@pytest.mark.parametrize(("fault", "outcome", "drafts"), FAULTS)
def test_the_same_by_an_admin_call(raw: Raw, wechat: Sandbox, fault: str, outcome: str, drafts: int) -> None:
    kind, _, value = fault.partition("=")
    body = {"kind": kind, "value": float(value or 0), "endpoint": ADD}
    answer = requests.post(wechat.url + "/sandbox/fault", json=body, headers=ADMIN, timeout=5)
    assert answer.json() == {"done": "fault"}
    assert seen(raw) == outcome
    assert drafts_after_a_moment(wechat, drafts) == drafts
    assert wechat.faults() == ()


def drafts_after_a_moment(wechat: Sandbox, expected: int) -> int:
    end = time.monotonic() + 20
    while len(wechat.drafts()) != expected and time.monotonic() < end:
        time.sleep(0.01)
    return len(wechat.drafts())


def exchange(raw: Raw, wechat: Sandbox, fault: str) -> tuple[bytes, int]:
    """Ask for the number of drafts; give the bytes of the body that came and the announced length."""
    raw.get("draft/count")
    parts = urlsplit(wechat.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        head = f"GET /cgi-bin/draft/count?access_token={raw.token} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        connection.sendall(f"{head}X-Sandbox-Fault: {fault}\r\n\r\n".encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    header, _, body = answer.partition(b"\r\n\r\n")
    length = next(line for line in header.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return body, int(length.split(b":")[1])


@pytest.mark.parametrize(("fault", "difference"), [("half", 0.5), ("too-long", 100), ("too-short", -0.5)])
def test_lengths_can_lie(raw: Raw, wechat: Sandbox, fault: str, difference: float) -> None:
    whole = b'{"total_count":0}'
    body, length = exchange(raw, wechat, fault)
    assert body == (whole[: len(whole) // 2] if fault == "half" else whole)
    assert (
        length == {"half": len(whole), "too-long": len(whole) + 100, "too-short": len(whole) - len(whole) // 2}[fault]
    )


def test_a_half_answer_is_an_incomplete_read(raw: Raw, wechat: Sandbox) -> None:
    raw.get("draft/count")
    parts = urlsplit(wechat.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=5)
    path = f"/cgi-bin/draft/count?access_token={raw.token}"
    connection.request("GET", path, headers={"X-Sandbox-Fault": "half"})
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    connection.close()


def test_the_end_of_the_server_ends_a_delay() -> None:
    started = time.monotonic()
    with serve() as wechat:
        wechat.fail("delay", 60)
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(wechat.url + "/cgi-bin/draft/count", timeout=0.1)
    assert time.monotonic() - started < 5


def test_a_fault_hits_as_many_calls_as_asked_for_and_no_other_endpoint(raw: Raw, wechat: Sandbox) -> None:
    wechat.fail("errcode", -1, endpoint="/cgi-bin/draft/count", times=3)
    assert "errcode" not in raw.send("draft/batchget", {"offset": 0, "count": 1})
    assert [raw.get("draft/count").get("errcode") for _ in range(4)] == [-1, -1, -1, None]


def test_a_fault_of_any_endpoint_hits_the_next_call(raw: Raw, wechat: Sandbox) -> None:
    wechat.fail("errcode", 40001)
    assert raw.fetch_token()["errcode"] == 40001
    assert "access_token" in raw.fetch_token()


def test_a_delay_longer_than_the_clients_patience_still_acts(raw: Raw, wechat: Sandbox) -> None:
    cover = raw.add_image()
    body = json.dumps({"articles": [{"title": "t", "content": "x", "thumb_media_id": cover}]})
    wechat.fail("delay", 2, endpoint=ADD)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(wechat.url + ADD, params={"access_token": raw.token}, data=body, timeout=0.1)
    assert drafts_after_a_moment(wechat, 1) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "nonsense"},
        {"kind": "status", "value": 200},
        {"kind": "errcode"},
        {"kind": "errcode", "value": 1.5},
        {"kind": "delay", "value": float("nan")},
        {"kind": "delay", "value": 10_000},
        {"kind": "html", "times": 0},
    ],
)
def test_an_impossible_fault_is_refused(wechat: Sandbox, values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        wechat.fail(**values)


def test_a_nonsense_fault_header_is_answered_with_what_there_is(raw: Raw) -> None:
    answer = raw.request("draft/count", method="GET", headers={"X-Sandbox-Fault": "sulk"})
    assert (answer.status_code, "cut-before" in answer.text) == (400, True)


# --- admin calls ------------------------------------------------------------------------------------------------------


def admin(wechat: Sandbox, action: str, **body: Any) -> dict[str, Any]:
    answer = requests.post(f"{wechat.url}/sandbox/{action}", json=body, headers=ADMIN, timeout=5)
    return dict(answer.json())


def test_admin_calls_do_what_the_methods_do(raw: Raw, wechat: Sandbox) -> None:
    before = wechat.now()
    raw.get("draft/count")
    assert admin(wechat, "clock", seconds=3600) == {"done": "clock"}
    assert 3590 < wechat.now() - before < 3700
    assert admin(wechat, "profile", kind="personal") == {"done": "profile"}
    assert admin(wechat, "quota", path="/cgi-bin/draft/count", calls=0) == {"done": "quota"}
    assert raw.get("draft/count")["errcode"] == 45009
    assert admin(wechat, "account", new_appid="wx9", secret="9" * 32) == {"done": "account"}
    assert "access_token" in raw.fetch_token(appid="wx9", secret="9" * 32)
    assert admin(wechat, "revoke-tokens") == {"done": "revoke-tokens"}
    assert raw.get("draft/count")["errcode"] == 40001
    state = requests.get(wechat.url + "/sandbox/state", headers=ADMIN, timeout=5).json()
    assert state["profile"]["kind"] == "personal"
    calls = requests.get(wechat.url + "/sandbox/calls", headers=ADMIN, timeout=5).json()["calls"]
    assert [call["path"] for call in calls][:2] == ["/cgi-bin/stable_token", "/cgi-bin/draft/count"]
    assert admin(wechat, "clear-calls") == {"done": "clear-calls"}
    assert wechat.calls() == ()


@pytest.mark.parametrize(
    ("action", "body"),
    [
        *[("nothing", {}), ("clock", {}), ("clock", {"seconds": "x"}), ("clock", {"seconds": 1e12})],
        *[
            ("profile", {"kind": 3}),
            ("profile", {"kind": []}),
            ("fault", {"kind": "x"}),
            ("fault", {"kind": "delay=1"}),
        ],
        *[("fault", {"kind": "html", "value": []}), ("quota", {"path": "/x", "calls": 1}), ("account", {})],
    ],
)
def test_a_wrong_admin_call_says_what_is_wrong(wechat: Sandbox, action: str, body: dict[str, Any]) -> None:
    assert "error" in admin(wechat, action, **body)


def test_admin_calls_need_a_header_that_no_page_sends_unasked(wechat: Sandbox) -> None:
    assert requests.post(wechat.url + "/sandbox/clock", json={"seconds": 1}, timeout=5).status_code == 403
