"""`wxpub check --online`, against servers of this machine that play whatever servers do."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from conftest import ROOT

from wxpub.checks import online
from wxpub.checks.online import Link, judge
from wxpub.cli import cli
from wxpub.errors import NetworkError
from wxpub.finding import Finding

DOUBT = online._doubt
Say = Callable[["Asked"], None]


class Asked(BaseHTTPRequestHandler):
    """One question to a `Host`, which is answered as the host's script says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        host = self.server
        assert isinstance(host, Host)
        path = self.path.partition("?")[0]
        with host.lock:
            host.asked.append(f"{self.command} {path}")
            host.times.append(time.monotonic())
            host.now += 1
            host.most = max(host.most, host.now)
            script = host.script.get(f"{self.command} {path}", host.script.get(path, [200]))
            step = script.pop(0) if len(script) > 1 else script[0]
        try:
            if callable(step):
                step(self)
            else:
                status, headers = step if isinstance(step, tuple) else (step, {})
                self.answer(status, headers)
        finally:
            with host.lock:
                host.now -= 1

    do_HEAD = do_GET

    def answer(self, status: int = 200, headers: Mapping[str, str] = {}, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


class Host(ThreadingHTTPServer):
    """A host of its own on 127.0.0.x: its script, path → answers in turn, and what it was asked."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), Asked)
        self.script: dict[str, list[Any]] = {}
        self.asked: list[str] = []
        self.times: list[float] = []
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.now = self.most = 0
        self.url = f"http://{address}:{self.server_port}"

    def handle_error(self, *words: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Callable[[], Host]]:
    """Give what makes hosts, each at its own address."""
    hosts: list[Host] = []

    def make() -> Host:
        hosts.append(Host(f"127.0.0.{len(hosts) + 2}"))
        threading.Thread(target=hosts[-1].serve_forever, args=(0.02,), daemon=True).start()
        return hosts[-1]

    yield make
    for host in hosts:
        host.over.set()
        host.shutdown()
        host.server_close()


@pytest.fixture
def host(web: Callable[[], Host]) -> Host:
    return web()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Wait less than for real servers, and know nothing yet."""
    monkeypatch.setattr(online, "PAUSE", 0.0)
    monkeypatch.setattr(online, "BACKOFF", 0.01)
    monkeypatch.setattr(online, "SECONDS", 2)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(online, "_doubt", lambda verdicts: None)


def link(url: str, line: int = 1) -> Link:
    return Link(url, Path("a.md"), line, True)


def found(*urls: str, **options: Any) -> list[Finding]:
    return list(judge([link(url, number) for number, url in enumerate(urls, 1)], **options))


def told(host: Host, *script: Any, path: str = "/a") -> tuple[str, str]:
    """Say what is found of one address of a host with this script: the rule, and the message without the address."""
    host.script[path] = list(script)
    each = found(host.url + path)
    return (each[0].rule, each[0].message.replace(host.url, "")) if each else ("", "")


# --- dead, moved, not known -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        (200, ""),
        (206, ""),
        (404, "link-dead"),
        (410, "link-dead"),
        (401, "link-not-known"),
        (403, "link-not-known"),
        (405, "link-not-known"),
        (418, "link-not-known"),
        (429, "link-not-known"),
        (451, "link-not-known"),
        (500, "link-not-known"),
        (503, "link-not-known"),
        (999, "link-not-known"),
    ],
)
def test_only_a_page_that_is_not_there_is_dead(status: int, rule: str, host: Host) -> None:
    assert told(host, status) == (rule, f"/a: the server answers {status}" if rule else "")


@pytest.mark.parametrize("status", [403, 404, 405, 500, 501])
def test_the_page_counts_where_its_head_is_refused(status: int, host: Host) -> None:
    host.script["HEAD /a"] = [status]
    assert told(host, 200) == ("", "")
    assert host.asked == ["HEAD /a", "GET /a"]


def test_the_head_is_enough_where_it_is_good(host: Host) -> None:
    assert told(host, 200) == ("", "")
    assert host.asked == ["HEAD /a"]


def moved(status: int, place: str) -> tuple[int, dict[str, str]]:
    return status, {"Location": place}


@pytest.mark.parametrize(
    ("status", "place", "message"),
    [
        (301, "/b?x=1", "/a has moved for good to /b?x=1"),
        (308, "/b", "/a has moved for good to /b"),
        (302, "/b", ""),
        (307, "/b", ""),
        (301, "/a/", ""),
        (301, "/", "/a leads to the front page / now"),
    ],
)
def test_a_page_that_has_moved_for_good_is_told_with_its_new_address(
    status: int, place: str, message: str, host: Host
) -> None:
    assert told(host, moved(status, place)) == ("link-moved" if message else "", message)


def test_a_page_that_has_moved_keeps_the_place_within_it(host: Host) -> None:
    host.script["/a"] = [moved(301, "/b")]
    assert [each.message for each in found(f"{host.url}/a#two")] == [
        f"{host.url}/a#two has moved for good to {host.url}/b#two"
    ]


def test_what_has_moved_to_nowhere_is_dead(host: Host) -> None:
    host.script["/b"] = [404]
    assert told(host, moved(301, "/b")) == ("link-dead", "/a: the server answers 404")


def test_redirects_in_a_circle_are_not_known(host: Host) -> None:
    assert told(host, moved(302, "/a")) == ("link-not-known", "/a: more than 5 redirects")


def test_a_name_that_nobody_has_is_dead(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = socket.getaddrinfo

    def found_by_name(name: str, *rest: Any, **named: Any) -> Any:
        if name.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return whole(name, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", found_by_name)
    one, two = found("http://no.invalid/a", "http://no.invalid/b")
    assert (one.rule, one.message) == ("link-dead", "http://no.invalid/a: there is no server of this name")
    assert two.message == "http://no.invalid/b: there is no server of this name"


def test_an_address_that_is_none_is_dead() -> None:
    (each,) = found("http://127.0.0.2:port/")
    assert (each.rule, each.message) == ("link-dead", "http://127.0.0.2:port/ is not a valid address")


def test_addresses_of_the_local_network_are_not_asked(host: Host) -> None:
    (each,) = judge([Link(f"{host.url}/a", None, 1, private=False)])
    assert each.rule == "link-not-known"
    assert "is at 127.0.0.2, an address of the local network" in each.message
    assert host.asked == []


# --- servers in trouble -----------------------------------------------------------------------------------------------


def test_a_server_in_trouble_is_asked_again(host: Host) -> None:
    assert told(host, 500, 502, 503, 200) == ("", "")
    assert host.asked == ["HEAD /a", "GET /a", "GET /a", "GET /a"]


def test_a_server_in_trouble_is_not_asked_for_ever(host: Host) -> None:
    told(host, 500)
    assert len(host.asked) == 1 + online.TRIES


def test_a_server_that_wants_to_be_left_is_asked_after_the_time_that_it_names(
    host: Host,
) -> None:
    waits: list[float | None] = []

    class Watch(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return False

    retry = [(429, {"Retry-After": text}) for text in ("1", "7", "8")]  # the first of them to the head
    host.script["/a"] = [*retry, 200]
    assert online._judge(f"{host.url}/a", True, Watch()).kind == "alive"
    assert waits == [7, 8]


@pytest.mark.parametrize("late", ["31", "86400", "a date"])
def test_nobody_waits_longer_for_a_server_than_for_half_a_minute(late: str, host: Host) -> None:
    late = formatdate(time.time() + 3600, usegmt=True) if late == "a date" else late
    assert told(host, (429, {"Retry-After": late}))[0] == "link-not-known"
    assert host.asked == ["HEAD /a", "GET /a"]


def test_a_date_that_is_past_or_none_at_all_asks_for_no_time() -> None:
    past = formatdate(time.time() - 3600, usegmt=True)
    assert [online._pause(text) for text in (past, "", "soon", "-1", "9" * 30)] == [0.0] * 5


def test_a_host_that_wants_to_be_left_is_left(host: Host) -> None:
    host.script["/a"] = [(429, {"Retry-After": "3600"})]
    one, two = found(f"{host.url}/a", f"{host.url}/b")
    assert one.message.endswith("the server answers 429")
    assert two.message.endswith("/b: not asked, since its server did not answer before")
    assert host.asked == ["HEAD /a", "GET /a"]


def never(asked: Asked) -> None:
    asked.server.over.wait()  # type: ignore[attr-defined]


def cut(asked: Asked) -> None:
    asked.connection.shutdown(socket.SHUT_RDWR)


def drip(asked: Asked) -> None:
    asked.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
    with suppress(OSError):
        while not asked.server.over.wait(0.01):  # type: ignore[attr-defined]
            asked.wfile.write(b"x")


def endless(asked: Asked) -> None:
    """Answer the head with an error, and the page with a body that has no end."""
    if asked.command == "HEAD":
        return asked.answer(405)
    asked.send_response(200)
    asked.end_headers()
    with suppress(OSError):
        while not asked.server.over.is_set():  # type: ignore[attr-defined]
            asked.wfile.write(b"x" * 65536)
    return None


BOMB = gzip.compress(b"\0" * 50_000_000)


def bomb(asked: Asked) -> None:
    if asked.command == "HEAD":
        return asked.answer(405)
    return asked.answer(200, {"Content-Encoding": "gzip"}, BOMB)


@pytest.mark.parametrize(
    ("say", "rule"),
    [
        (never, "link-not-known"),
        (drip, "link-not-known"),
        (cut, "link-not-known"),
        (endless, ""),
        (bomb, ""),
    ],
)
def test_a_server_without_manners_holds_up_nobody(
    say: Say, rule: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    if say in (never, drip):
        monkeypatch.setattr(online, "SECONDS", 0.3)
    host.script["/a"] = [say]
    assert [each.rule for each in found(f"{host.url}/a")] == ([rule] if rule else [])
    assert found(f"{host.url}/b") == [], "it answers others"


def test_the_page_counts_where_the_head_cuts_the_line(host: Host) -> None:
    host.script["HEAD /a"] = [cut]
    assert told(host, 200) == ("", "")


def test_a_server_that_cannot_prove_who_it_is_is_not_known(host: Host) -> None:
    (each,) = found(host.url.replace("http", "https") + "/a")
    assert each.rule == "link-not-known"
    assert "certificate cannot be trusted" in each.message or "cannot be reached" in each.message


# --- WeChat -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def wechat(host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Give a host that counts as WeChat's own for articles."""
    monkeypatch.setattr(online, "ARTICLE_HOST", host.url.removeprefix("http://").partition(":")[0])
    return host


def page(words: str) -> Say:
    return lambda asked: asked.answer(200, {"Content-Type": "text/html; charset=UTF-8"}, words.encode())


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ('<div class="weui-msg"><h2>该内容已被发布者删除</h2></div>', "link-expired"),
        ("<p>此内容因违规无法查看</p>", "link-expired"),
        ("<p>此帐号已被屏蔽, 内容无法查看</p>", "link-expired"),
        ("<p>当前环境异常，完成验证后即可继续访问。</p>", "link-not-known"),
        ('<div id="js_content">怎样处理“该内容已被发布者删除”和“环境异常”？</div>', ""),
        ("<p>别的页面</p>", ""),
        ("<p>该内容已被发布者删除</p>" + " " * 600_000, ""),
    ],
)
def test_what_wechat_says_of_an_article_that_it_does_not_show(words: str, rule: str, wechat: Host) -> None:
    assert told(wechat, page(words), path="/s/abc")[0] == rule
    assert wechat.asked == ["GET /s/abc"], "its status says nothing, so its page is read at once"


def test_wechat_that_wants_to_see_a_person_is_left(wechat: Host) -> None:
    wechat.script["/s/a"] = [moved(302, "/mp/wappoc_appmsgcaptcha?poc_token=x")]
    one, two = found(f"{wechat.url}/s/a", f"{wechat.url}/s/b")
    assert one.message.endswith("/s/a: WeChat wants to see that a person asks")
    assert two.message.endswith("not asked, since its server did not answer before")


# --- how it is asked --------------------------------------------------------------------------------------------------


def test_a_host_is_asked_one_thing_at_a_time_with_a_pause(
    web: Callable[[], Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online, "PAUSE", 0.05)
    hosts = [web() for _ in range(3)]
    found(*(f"{host.url}/{number}" for number in range(5) for host in hosts))
    for host in hosts:
        assert (len(host.asked), host.most) == (5, 1)
        assert all(later - earlier >= 0.05 for earlier, later in zip(host.times, host.times[1:], strict=False))


def test_hosts_are_asked_side_by_side_but_not_all_at_once(
    web: Callable[[], Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online, "AT_ONCE", 3)
    hosts = [web() for _ in range(8)]
    gate, now, most = threading.Barrier(3), Counter[str](), Counter[str]()
    lock = threading.Lock()

    def together(asked: Asked) -> None:
        """Answer only when three are being asked."""
        with lock:
            now["hosts"] += 1
            most["hosts"] = max(most["hosts"], now["hosts"])
        with suppress(threading.BrokenBarrierError):
            gate.wait(1)
        with lock:
            now["hosts"] -= 1
        asked.answer()

    for host in hosts[:6]:
        host.script["/a"] = [together]
    assert found(*(f"{host.url}/a" for host in hosts)) == []
    assert most["hosts"] == 3


def test_an_address_is_asked_once_and_told_at_every_place(host: Host) -> None:
    host.script["/a"] = [404]
    each = found(f"{host.url}/a", f"{host.url}/a#b", f"{host.url}/a?utm_source=x", f"{host.url}/b")
    assert [finding.line for finding in each] == [1, 2, 3]
    assert sorted(host.asked) == ["GET /a", "HEAD /a", "HEAD /b"]


def test_no_password_of_an_address_is_sent(host: Host) -> None:
    (each,) = found(host.url.replace("http://", "http://me:word@") + "/a")
    assert each.rule == "link-not-known"
    assert host.asked == []


@pytest.fixture
def doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this machine's own network doubted, which the other tests need not."""
    monkeypatch.setattr(online, "_doubt", DOUBT)
    monkeypatch.setattr(online, "CONTROL", "http://127.0.0.1:1/")


@pytest.mark.usefixtures("doubt")
@pytest.mark.parametrize("reason", [socket.EAI_AGAIN, socket.EAI_NONAME, None])
def test_where_there_is_no_network_at_all_nothing_is_said_of_links(
    reason: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(name: str, *rest: Any, **named: Any) -> Any:
        raise socket.gaierror(reason, "no network")

    if reason is not None:
        monkeypatch.setattr(socket, "getaddrinfo", lost)
    with pytest.raises(NetworkError, match="is there a network"):
        found("http://127.0.0.2:1/a", "http://127.0.0.2:1/b", "http://127.0.0.3:1/b")


@pytest.mark.usefixtures("doubt")
def test_a_host_that_is_down_is_not_taken_for_a_network_that_is(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [each.rule for each in found("http://127.0.0.9:1/a", f"{host.url}/a")] == ["link-not-known"], "one answers"
    monkeypatch.setattr(online, "CONTROL", f"{host.url}/")
    assert [each.rule for each in found("http://127.0.0.9:1/a")] == ["link-not-known"], "WeChat answers"


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_what_was_learned_is_kept_for_a_day(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.script |= {"/a": [404], "/b": [moved(301, "/c")], "/d": [403]}
    urls = [f"{host.url}/{name}" for name in "abcd"]
    first, asked = found(*urls), len(host.asked)
    assert (found(*urls), len(host.asked)) == (first, asked)
    assert found(*urls, fresh=True) == first
    assert len(host.asked) == 2 * asked
    whole = time.time
    monkeypatch.setattr(online.time, "time", lambda: whole() + online.KEPT_SECONDS + 1)
    assert found(*urls) == first
    assert len(host.asked) == 3 * asked


@pytest.mark.parametrize("script", [[429], [500], [cut]])
def test_what_may_be_different_soon_is_not_kept(script: list[Any], host: Host) -> None:
    assert told(host, *script)[0] == "link-not-known"
    assert told(host, 200) == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"links": 1}',
        '{"links": {"URL": 1}}',
        '{"links": {"URL": [1e999, "alive", 200, "", ""]}}',
        '{"links": {"URL": ["now", "alive", 200, "", ""]}}',
        '{"links": {"URL": [1.0, "alive", 200, "", ""]}}',
        '{"links": {"URL": [9e9, "alive", 200, "", ""]}}',
        '{"links": {"URL": [1.0, "", 200, "", "", ""]}}',
        "[" * 100_000,
        "\xff",
    ],
)
def test_a_damaged_record_is_as_good_as_none(text: str, host: Host) -> None:
    place = online._place()
    place.parent.mkdir(parents=True)
    place.write_bytes(text.replace("URL", f"{host.url}/a").encode("latin-1"))
    assert told(host, 404)[0] == "link-dead"
    assert json.loads(place.read_text(encoding="utf-8"))["links"].keys() == {f"{host.url}/a"}


def test_a_record_that_cannot_be_written_costs_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert told(host, 404)[0] == "link-dead"


def test_two_processes_keep_what_both_have_learned(web: Callable[[], Host]) -> None:
    one, two = web(), web()
    threads = [threading.Thread(target=found, args=(f"{host.url}/a",)) for host in (one, two)]
    for each in threads:
        each.start()
        each.join()
    found(f"{one.url}/a", f"{two.url}/a")
    assert len(one.asked) == len(two.asked) == 1


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in the folder of a newsletter that may ask this machine."""
    folder = tmp_path / "letter"
    folder.mkdir()
    (folder / "wxpub.toml").write_text('[article]\nauthor = "编"\n[network]\nallow_private = true\n', encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["check", *arguments])


def issue(name: str, *lines: str) -> str:
    Path(name).write_text("# 题\n\n> 导读：一件事。\n\n" + "\n\n".join(lines) + "\n", encoding="utf-8")
    return name


def of_links(result: Result) -> list[str]:
    return [line for line in result.stdout.splitlines() if rule_of(line).startswith("link-")]


def rule_of(line: str) -> str:
    return line.rpartition("[")[2].rstrip("]")


def test_dead_and_moved_links_are_told_with_file_and_line(desk: Path, host: Host) -> None:
    host.script |= {"/a": [404], "/b": [moved(301, "/c")], "/p.png": [410]}
    first = issue(
        "1.md",
        f"看[甲]({host.url}/a)。",
        f"又看[乙]({host.url}/b)。",
        f"![图]({host.url}/p.png)",
        f"[甲]({host.url}/a)",
    )
    second = issue("2.md", "字。", f"也看[丙]({host.url}/a)。")
    result = run(first, second, "--online")
    assert of_links(result) == [
        f"1.md:5: warning: {host.url}/a: the server answers 404 (and 1 more, on line 11); correct it, or take it out"
        " [link-dead]",
        f"1.md:7: info: {host.url}/b has moved for good to {host.url}/c; write the new address [link-moved]",
        f"1.md:9: warning: {host.url}/p.png: the server answers 410; correct it, or take it out [link-dead]",
        f"2.md:7: warning: {host.url}/a: the server answers 404; correct it, or take it out [link-dead]",
    ]
    assert result.exit_code == 0
    assert run(first, "--online", "--strict").exit_code == 1
    assert host.asked.count("GET /a") == 1


def test_findings_of_links_are_in_json_and_annotations(desk: Path, host: Host) -> None:
    host.script["/a"] = [404]
    name = issue("1.md", f"看[甲]({host.url}/a)。")
    report = json.loads(run(name, "--online", "--json").stdout)
    (finding,) = [each for each in report["findings"] if each["rule"] == "link-dead"]
    assert (finding["path"], finding["line"]) == ("1.md", 5)
    assert "::warning file=1.md,line=5,title=link-dead::" in run(name, "--online", "--format", "github").stdout


def test_an_article_of_anybody_is_asked_too(desk: Path, host: Host) -> None:
    host.script["/a"] = [404]
    Path("a.html").write_text(f'<section>\n<p><a href="{host.url}/a">字</a></p></section>', encoding="utf-8")
    Path("wxpub.toml").write_text("", encoding="utf-8")
    result = run("a.html", "--online", "--json")
    assert {"link-not-known"} == {
        each["rule"] for each in json.loads(result.stdout)["findings"] if "link-" in each["rule"]
    }
    assert host.asked == [], "which is of this machine, and no newsletter allows it"


def test_the_letters_own_files_are_not_asked(desk: Path, host: Host) -> None:
    Path("wxpub.toml").write_text(
        f'[network]\nallow_private = true\n[site]\nurl = "{host.url}/letter/"\n', encoding="utf-8"
    )
    issue("1.md", "字。")
    name = issue("2.md", f"[上期]({host.url}/letter/1.md)和[没有的]({host.url}/letter/0.md)")
    run(name, "--online")
    assert set(host.asked) == {"HEAD /letter/0.md"}


def test_only_who_asks_for_it_asks_servers(desk: Path, host: Host) -> None:
    assert run(issue("1.md", f"看[甲]({host.url}/a)。")).exit_code == 0
    assert host.asked == []
    assert "--fresh asks servers again: give --online too" in run("1.md", "--fresh").output


def test_a_newsletter_ignores_links_that_are_not_known(desk: Path, host: Host) -> None:
    host.script["/a"] = [403]
    with Path("wxpub.toml").open("a", encoding="utf-8") as file:
        file.write('[check]\nignore = ["link-not-known"]\n')
    assert of_links(run(issue("1.md", f"看[甲]({host.url}/a)。"), "--online")) == []
    assert host.asked


@pytest.mark.usefixtures("doubt")
def test_without_a_network_the_command_says_so(desk: Path) -> None:
    result = run(issue("1.md", "看[甲](http://127.0.0.9:1/a)。"), "--online")
    assert result.exit_code == 1
    assert "none of the links can be reached, nor can WeChat; is there a network?" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a single process")
def test_ctrl_c_ends_it_at_once_and_leaves_what_is_known(desk: Path, web: Callable[[], Host], tmp_path: Path) -> None:
    import signal

    quick, slow = web(), web()
    slow.script["/a"] = [never]
    issue("1.md", f"[甲]({quick.url}/a)[乙]({slow.url}/a)")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "WXPUB_LANG": "en"}
    command = [sys.executable, "-m", "wxpub", "check", "1.md", "--online"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while not (quick.asked and slow.asked) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=8)
    assert (process.returncode, b"interrupted" in said) == (130, True)
    assert f"{quick.url}/a" in online._place().read_text(encoding="utf-8")
