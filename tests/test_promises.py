"""What docs/push.md promises about other servers, other people's files and waiting: no other test would see it broken.

Nothing waits here: a pause moves the account's clock, or does what WeChat would have done meanwhile.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from pushing import SECRET, Newsletter, no_pause, picture

from wxpub.cli import cli
from wxpub.client import Client
from wxpub.drafts.publish import publish
from wxpub.errors import NetworkError
from wxpub.sandbox import Sandbox, serve
from wxpub.sandbox.control import LoggedCall

APPID = "wx0000000000000001"


def calls(paper: Newsletter, start: str) -> list[LoggedCall]:
    """List the account's calls of the endpoints whose path begins so."""
    made = [each for each in paper.box.calls() if each.appid == paper.account.appid]
    return [each for each in made if each.path.startswith(f"/cgi-bin/{start}")]


# --- "Accounts are kept apart by AppID, and by server where that is not WeChat's own" ---------------------------------


def test_an_account_of_the_same_name_on_another_server_is_another_account(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "1.png")
    (tmp_path / "wxpub.toml").write_text("", encoding="utf-8")
    (tmp_path / "a.md").write_text("# 第一期\n\n正文。\n\n![图](1.png)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WXPUB_APPID", APPID)
    monkeypatch.setenv("WXPUB_SECRET", SECRET)

    def push_to(server: Sandbox) -> dict[str, object]:
        monkeypatch.setenv("WXPUB_API_BASE", server.url)
        result = CliRunner().invoke(cli, ["push", "a.md", "--json"])
        assert result.exit_code == 0, result.stderr
        receipt: dict[str, object] = json.loads(result.stdout)["result"]
        return receipt

    with serve() as other:
        for server in (sandbox, other):
            server.add_account(APPID, SECRET)
        here, there = push_to(sandbox), push_to(other)
        assert (here["action"], there["action"]) == ("created", "created")
        asked = "".join(each.query + each.request for each in other.account(APPID).calls())
        (article,) = sandbox.account(APPID).drafts()[str(here["media_id"])]
        assert str(here["media_id"]) not in asked
        assert str(article["thumb_media_id"]) not in asked
        assert push_to(sandbox)["action"] == push_to(other)["action"] == "unchanged"


# --- credentials and tokens -------------------------------------------------------------------------------------------


def test_what_netrc_has_for_the_host_is_not_sent(
    paper: Newsletter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine api.example.invalid login somebody password hunter2\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    sent: list[str | None] = []

    class Relay(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.headers.get("Authorization"))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.wfile.write(b'HTTP/1.0 200 OK\r\n\r\n{"access_token": "x", "expires_in": 7200}')

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Relay) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        proxy = f"http://127.0.0.1:{server.server_port}"  # by way of it: a name that is not this machine's is reached
        account = replace(paper.account, api_base="http://api.example.invalid", proxy=proxy)
        assert Client(account, pause=no_pause).token() == "x"
        server.shutdown()
    assert sent == [None]


@pytest.mark.parametrize(("age", "tokens"), [(7200 - 300, 1), (7200 - 60, 2)])
def test_a_token_is_not_used_in_its_last_minute(
    paper: Newsletter, monkeypatch: pytest.MonkeyPatch, age: float, tokens: int
) -> None:
    client = Client(paper.account, pause=no_pause)
    client.count_drafts()
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + age)
    client.count_drafts()
    assert len(calls(paper, "stable_token")) == tokens


# --- "An unanswered draft/add is looked for …, at once and after two and six seconds, before it is sent once more" ----


@pytest.mark.parametrize("due", [0, 2, 8], ids=["at once", "after two seconds", "after six more"])
def test_a_draft_that_wechat_makes_a_little_late_is_found_and_not_made_again(
    paper: Newsletter, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, due: float
) -> None:
    sent: list[bytes] = []
    waited = 0.0
    request = requests.Session.request

    def listening(self: requests.Session, method: str, url: str, **kwargs: Any) -> requests.Response:
        if url.endswith("draft/add"):
            sent.append(kwargs["data"])
        return request(self, method, url, **kwargs)

    def pause(seconds: float) -> None:
        nonlocal waited
        waited += seconds
        if waited == due:
            monkeypatch.undo()
            Client(paper.account).add_draft(json.loads(sent[0])["articles"])

    paper.issue("a.md", "第一期")
    sandbox.fail("cut-before", endpoint="/cgi-bin/draft/add")
    monkeypatch.setattr(requests.Session, "request", listening)
    receipt = paper.push("a.md", pause=pause)
    assert list(paper.drafts()) == [receipt.media_id]
    assert paper.acted("draft/add") == 1, "what was carried out late, and nothing more"
    assert waited == due


def test_a_draft_that_was_never_made_is_sent_once_more_after_three_looks(paper: Newsletter, sandbox: Sandbox) -> None:
    paper.issue("a.md", "第一期")
    sandbox.fail("cut-before", endpoint="/cgi-bin/draft/add")
    waited: list[float] = []
    assert paper.push("a.md", pause=waited.append).action == "created"
    assert waited == [0, 2, 6]
    asked = [each.path.rpartition("/")[2] for each in calls(paper, "draft/")]
    looks = ["batchget"] * 3  # the first `add` was cut off before the sandbox wrote it down
    assert asked[:6] == ["batchget", *looks, "add", "get"]


# --- publishing waits ten minutes for WeChat's verdict ----------------------------------------------------------------


def test_a_verdict_that_takes_nine_minutes_is_waited_for(paper: Newsletter) -> None:
    assert published(paper, seconds=9 * 60)[0]["a.md"].startswith("https://mp.weixin.qq.com/s/")


def test_after_ten_minutes_the_command_ends_and_the_next_one_sees_the_result(paper: Newsletter) -> None:
    with pytest.raises(NetworkError, match="run the same command later"):
        published(paper, seconds=3600)
    assert len(calls(paper, "freepublish/get")) < 50, "a day has a hundred"
    paper.box.move_clock(3600)
    urls, waited = published(paper, seconds=3600)
    assert urls["a.md"].startswith("https://mp.weixin.qq.com/s/")
    assert waited == 0
    assert paper.acted("freepublish/submit") == 1


def published(paper: Newsletter, seconds: float) -> tuple[dict[str, str], float]:
    """Push an issue and publish it, which takes WeChat `seconds`; return the permalinks and how long we waited."""
    paper.box.set_profile(kind="verified", publish_seconds=seconds)
    if not (paper.root / "a.md").exists():
        paper.issue("a.md", "第一期")
        paper.push("a.md")
    waited = 0.0

    def pause(seconds: float) -> None:
        nonlocal waited
        waited += seconds
        paper.box.move_clock(seconds)
        assert waited < 610, "ten minutes are over"

    account = paper.account
    return publish(Client(account, pause=no_pause), paper.ledger(), account.appid, "a.md", pause), waited


# --- what WeChat changes by itself ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["/0", "/300", "/640"])
def test_another_size_of_a_stored_image_is_not_an_edit(paper: Newsletter, size: str) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png")
    receipt = paper.push("a.md")
    client = Client(paper.account)
    article = {
        key: value
        for key, value in paper.drafts()[receipt.media_id][0].items()
        if key in ("title", "author", "digest", "content", "content_source_url", "thumb_media_id")
    }
    stored = str(article["content"]).replace("data-src=", "src=")
    assert "/640" in stored
    client.update_draft(receipt.media_id, 0, {**article, "content": stored.replace("/640", size)})
    assert paper.push("a.md").action == "unchanged"
    paper.issue("a.md", "第一期", "改过的正文。", "1.png")
    assert paper.push("a.md").action == "updated"
