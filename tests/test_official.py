"""`wxpub check --official`: what is sent to WeChat's article checker, and what becomes of its verdict."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import corpus_files
from pushing import picture
from test_verdict import AGREEMENT, measured, needs_fragments

from wxpub import issue
from wxpub.checks import official
from wxpub.checks.pages import Document, page_rules
from wxpub.cli import cli
from wxpub.errors import NetworkError
from wxpub.exchange import Exchange
from wxpub.sandbox import Sandbox, serve
from wxpub.target import API, CHANNELS

TINT = "background:rgba(217,119,6,.1);color:#7c2d12"


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


def asked(html: str, box: Sandbox) -> list[tuple[str, int | None]]:
    return [(each.rule, each.line) for each in official.ask(Document(html), Exchange(box.url))]


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli, ["check", *arguments], env=environment)


# --- the local WeChat's answer ----------------------------------------------------------------------------------------


@needs_fragments
def test_the_local_wechat_says_what_the_engine_said(box: Sandbox) -> None:
    wrong: Counter[str] = Counter()
    cases = measured()[3::8]
    for html, rules in cases:
        wrong.update({rule.removeprefix("official-") for rule, _ in asked(html, box)} ^ rules)
    assert len(cases) == 100 and set(wrong) <= set(AGREEMENT)
    least = {rule: share - 0.03 for rule, share in AGREEMENT.items()}  # an eighth of the fragments may be the worse one
    assert {rule for rule in AGREEMENT if 1 - wrong[rule] / len(cases) < least[rule]} == set()


def test_an_element_is_found_on_its_line_of_the_file(box: Sandbox) -> None:
    bad = '<p style="text-align:start">一</p>'
    html = f'<section>\n<p>x</p>\n{bad}\n<p>\n<b style="{TINT}">二</b></p>\n{bad}\n</section>'
    assert asked(html, box) == [
        ("official-darkmode-low-contrast", 5),
        ("official-text-align", 3),
        ("official-text-align", 6),
    ]


def test_an_element_of_an_issue_is_found_on_its_line_of_the_markdown(box: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(f'---\ntitle: 题\n---\n\n一段。\n\n- 甲\n- 乙 <span style="{TINT}">丙</span>\n', encoding="utf-8")
    found = official.ask(official.prepared(issue.open(path), API), Exchange(box.url))
    assert [(each.rule, each.line, each.severity) for each in found] == [
        ("official-darkmode-low-contrast", 8, "warning")
    ]
    assert "<span> “丙”" in found[0].message


@pytest.mark.parametrize("path", corpus_files()[-3:], ids=lambda path: path.name)
def test_the_checker_has_nothing_against_a_real_issue(path: Path, box: Sandbox) -> None:
    for target in CHANNELS.values():
        assert official.ask(official.prepared(issue.open(path), target), Exchange(box.url)) == ()


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_pictures_stay_here_and_keep_their_sizes(box: Sandbox, tmp_path: Path) -> None:
    picture(tmp_path / "secret.png", size=(300, 150))
    path = tmp_path / "a.md"
    kept = "https://mmbiz.qpic.cn/mmbiz_png/a/640"
    path.write_text(f"# 题\n\n![图](secret.png)\n\n![外](https://a.example/b.png?key=1)\n\n![微]({kept})\n", "utf-8")
    box.clear_calls()
    assert official.ask(official.prepared(issue.open(path), API), Exchange(box.url)) == ()
    (call,) = box.calls()
    sent = json.loads(call.request)["content"]
    assert kept in sent
    assert "secret.png" not in sent and "a.example" not in sent
    assert re.search(r'src="data:image/svg[^"]*width%3D%22300%22%20height%3D%22150%22[^"]*"[^>]* data-w="300"', sent)
    assert "access_token" not in call.request


def test_a_page_to_paste_from_is_sent_without_its_pictures() -> None:
    html = "<p><img class=a data-src='data:image/png;base64,AAAA' src=data:image/png;base64,BBBB alt='a>b'>字</p>"
    sent = official.content(html)
    assert "AAAA" not in sent and "BBBB" not in sent and "image/png" not in sent
    assert sent.count("data:image/svg+xml,") == 2 and sent.endswith(" alt='a>b'>字</p>")


def test_nothing_is_sent_unless_it_is_asked_for_and_a_person_is_told_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.md").write_text("# 题\n\n字。\n", encoding="utf-8")
    nobody = {"WXPUB_PROXY": "http://127.0.0.1:1"}  # what would be sent ends there
    assert run("a.md", **nobody).exit_code == 0
    result = run("a.md", "--official", **nobody)
    assert result.exit_code == 1
    told, error = result.output.strip().splitlines()[-2:]
    assert "characters of HTML to https://mp.weixin.qq.com/article-bin/verify_article_structure, without pic" in told
    assert error.startswith("error: verify_article_structure: the proxy ")


def test_the_local_wechat_is_asked_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.html").write_text('<p style="text-align:end">字</p>', encoding="utf-8")
    result = run("a.html", "--official", "--sandbox", "--json")
    found = json.loads(result.stdout)["findings"]
    assert ("official-text-align", 1) in {(each["rule"], each["line"]) for each in found}
    assert "to http://127.0.0.1:" in result.stderr
    Path("wxpub.toml").write_text('[check]\nignore = ["official-text-align"]\n', encoding="utf-8")
    assert "official-" not in run("a.html", "--official", "--sandbox").stdout


def test_the_sandbox_alone_asks_nobody(tmp_path: Path) -> None:
    result = run("a.md", "--sandbox")
    assert result.exit_code == 2 and "--sandbox says whom --official asks" in result.output


# --- other answers ----------------------------------------------------------------------------------------------------


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[Exchange]:
    """Run a checker that gives one answer to everything."""

    class Checker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Checker)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield Exchange(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()


def verdict(**broken: object) -> bytes:
    return json.dumps({"isValid": False, "inValidInfo": broken}).encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            verdict(novel={"violateRules": "新的\n规则", "items": [{"outerHTML": "<p>字</p>"}]}),
            ("other", 2, "novel 新的 规则"),
        ),
        (verdict(novel=None), ("other", None, "novel")),
        (verdict(), ("other", None, "does not know")),
        (
            verdict(width={"violateRules": "宽", "items": [{"outerHTML": "<p>别的</p>"}, {}, 3]}),
            ("width", None, "“别的”"),
        ),
        (verdict(width={"items": [{"outerHTML": '<p style="x">字</p>'}]}), ("width", 2, "“字”")),
        (verdict(width={"items": "?"}), ("width", None, "wide")),
        (
            verdict(**{"darkmode-whitelist": {"items": [{"outerHTML": "<p>字</p>"}]}}),
            ("darkmode-whitelist", 2, "night"),
        ),
    ],
)
def test_whatever_it_objects_to_is_one_finding(body: bytes, expected: tuple[str, int | None, str]) -> None:
    with answering(body) as exchange:
        (found,) = official.ask(Document("\n<p>字</p>"), exchange)
    rule, line, words = expected
    assert (found.rule, found.line) == (f"official-{rule}", line)
    assert words in found.message


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"<html>502</html>", 502, "the checker answers HTTP 502"),
        (b"<html>please log in</html>", 200, "the answer is no verdict"),
        (b"", 200, "the answer is no verdict"),
        (b'{"ret":-1,"errmsg":"busy"}', 200, "the answer is no verdict"),
        (b"[" * 100_000, 200, "the answer is no verdict"),
    ],
)
def test_what_is_no_verdict_is_an_error(body: bytes, status: int, words: str) -> None:
    with answering(body, status) as exchange, pytest.raises(NetworkError, match=words):
        official.ask(Document("<p>字</p>"), exchange)


def test_an_article_that_no_account_could_use_is_not_sent() -> None:
    with pytest.raises(NetworkError, match="larger than 4 MB") as error:
        official.ask(Document("<p>" + "字" * 1_500_000 + "</p>"), Exchange("http://127.0.0.1:1"))
    assert not error.value.sent


def test_every_rule_that_is_modelled_here_has_one_for_the_checkers_own_word() -> None:
    names = {rule.id for rule in official.rules()}
    assert {f"official-{each.trigger['verdict']}" for each in page_rules() if "verdict" in each.trigger} <= names
