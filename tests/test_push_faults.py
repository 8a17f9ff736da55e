"""Whole pushes to a WeChat of another make, on a bare socket, that answers as proxies, portals and WeChat itself may.

For each fault: whether the first push gets through, whether the second one does, and what lies in the draft box then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pushing import no_pause
from raw_wechat import Answerer, Asked, RawWeChat, Reply, http, png
from relaying import KEY, running

from wxpub import config, drafts
from wxpub.client import Client
from wxpub.config import Credentials
from wxpub.errors import ApiError, WxpubError
from wxpub.issue import Opener
from wxpub.ledger import FILE_NAME
from wxpub.relay import Rules
from wxpub.wechat import Account

SECRET = "c4f1e9d07a8b52367e0d1c9b8a4f3e25"
PORTAL = "<html><title>请登录校园网</title></html>"


@pytest.fixture
def wechat() -> Iterator[RawWeChat]:
    with RawWeChat() as server:
        yield server


@dataclass(frozen=True)
class Fault:
    """`endpoint` ("*": every one) is answered so, `times` times, with or without having `acted`."""

    endpoint: str
    reply: Callable[[bytes], Reply]
    acted: bool = True
    times: int = 1
    first: bool = True
    second: bool = True
    held: int = 1


def whole(body: object, status: int = 200) -> Callable[[bytes], Reply]:
    return lambda answer: http(body, status)


def refused(code: int | str) -> Callable[[bytes], Reply]:
    return whole({"errcode": code, "errmsg": "no"})


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def never(endpoint: str, reply: Callable[[bytes], Reply]) -> Fault:
    """Whoever calls `endpoint` is answered so each time, and nothing is done."""
    return Fault(endpoint, reply, acted=False, times=99, first=False, second=False, held=0)


ADD = "draft/add"
ELSEWHERE = {"Location": "http://elsewhere.example/"}
FAULTS = {
    "a portal answers for draft/add, which acted": Fault(ADD, whole(PORTAL)),
    "a portal answers for draft/add, which did not": Fault(ADD, whole(PORTAL), acted=False),
    "502 for draft/add, which acted": Fault(ADD, whole("Bad Gateway", 502)),
    "502 for draft/add, again and again": never(ADD, whole("Bad Gateway", 502)),
    "a byte order mark before the answer": Fault(ADD, lambda answer: http(b"\xef\xbb\xbf" + body_of(answer))),
    "rubbish behind the answer": Fault(ADD, lambda answer: http(body_of(answer) + b"<!-- x -->")),
    "errcode 0 and no media_id": Fault(ADD, whole({"errcode": 0, "errmsg": "ok"})),
    "draft/add cut after it acted": Fault(ADD, lambda answer: b""),
    "draft/add cut before it acted": Fault(ADD, lambda answer: b"", acted=False),
    "half of the answer": Fault(ADD, lambda answer: answer[:-20]),
    "-1 for draft/add": Fault(ADD, refused(-1), acted=False),
    "a portal for every call": never("*", whole(PORTAL)),
    "a portal for every call, for a while": Fault("*", whole(PORTAL), acted=False, times=4, first=False),
    "40001 as a string": Fault("media/uploadimg", refused("40001"), acted=False),
    "the token is stale in the middle, 40014": Fault(ADD, refused(40014), acted=False),
    "the token is stale in the middle, 42001": Fault(ADD, refused(42001), acted=False),
    "45011, once": Fault(ADD, refused(45011), acted=False),
    **{f"{code} for draft/add": never(ADD, refused(code)) for code in (45009, 48001, 61004, 40164, 50002)},
    "302 for the token": never("stable_token", lambda answer: http(PORTAL, 302, ELSEWHERE)),
    "307 for draft/add": never(ADD, lambda answer: http(PORTAL, 307, ELSEWHERE)),
    "a portal answers for the read-back": Fault("draft/get", whole(PORTAL), acted=False, times=4, first=False),
    "an upload is cut": Fault("media/uploadimg", lambda answer: b""),
}


def faulty(wechat: RawWeChat, fault: Fault) -> Answerer:
    left = [fault.times]

    def answer(asked: Asked) -> Reply:
        if fault.acted:
            done = wechat.answer(asked)
        if not left[0]:
            return wechat.answer(asked) if not fault.acted else done
        left[0] -= 1
        return fault.reply(done if fault.acted else b"")

    return answer


@pytest.fixture(params=["directly", "through a relay"])
def way(request: pytest.FixtureRequest, wechat: RawWeChat) -> Iterator[Credentials]:
    """Give the account, and the way to it: the relay takes nothing from what a push promises, and adds nothing."""
    if request.param == "directly":
        yield Credentials("x", "wx1", SECRET, wechat.url)
        return
    with running(Rules([KEY], ["wx1"], base=wechat.url)) as relay:
        yield Credentials("x", "wx1", SECRET, relay.url, relay_key=KEY)


def push(way: Credentials, folder: Path) -> str:
    settings = config.find(folder)
    client = Client(way, pause=no_pause)
    account = Account(client, folder / FILE_NAME, "wx1", rehearsal=False)
    issue = Opener(fetch=True).open(folder / "a.md", settings)
    return drafts.push(drafts.prepare(account, [issue], pause=no_pause)).action


@pytest.mark.parametrize("name", FAULTS)
def test_one_draft_whatever_is_answered(name: str, wechat: RawWeChat, way: Credentials, tmp_path: Path) -> None:
    fault = FAULTS[name]
    (tmp_path / "wxpub.toml").write_text("", encoding="utf-8")
    (tmp_path / "1.png").write_bytes(png(40, 30))
    (tmp_path / "a.md").write_text("# 题\n\n正文。\n\n![图](1.png)\n", encoding="utf-8")
    wechat.answers[fault.endpoint] = faulty(wechat, fault)
    for through in (fault.first, fault.second):
        try:
            assert push(way, tmp_path) in ("created", "unchanged", "updated")
            assert through
        except WxpubError as error:  # noqa: PERF203  two pushes
            assert not through, error
            assert SECRET not in str(error)
            assert wechat.token not in str(error)
            if isinstance(error, ApiError):
                assert error.hint, "an errcode says what to do about it"
    assert len(wechat.drafts) == fault.held
    wechat.answers.clear()
    assert push(way, tmp_path) in ("created", "unchanged", "updated")
    assert len(wechat.drafts) == 1
    assert "正文" in next(iter(wechat.drafts.values()))[0]["content"]
