"""What others wrote only shows: no terminal and no CI obeys it, and JSON and HTML mean the same."""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pushing import SECRET
from raw_wechat import RawWeChat, http

from wxpub import safe
from wxpub.cli import cli

EVIL = (
    "\x1b]0;title\x07\x1b[31m\x9b2J\u202egnp.\u2066x\u2069\r::error file=z::oops\n"
    "  ::set-output name=a::b\n##[error]old ##vso[x]"
)
OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]|^\\s*::|##\\[|##vso\\[", re.MULTILINE
)


def test_text_only_shows() -> None:
    shown = safe.text(EVIL)
    assert not OBEYED.search(shown)
    assert "\\x1b]0;title\\x07" in shown
    assert "\\u202egnp." in shown
    assert "\\x0d::error file=z::oops\n  \\::set-output" in shown
    assert "\n" not in safe.line(EVIL)
    assert safe.text("你好，“世界” \t → C++::std a::b 🎉") == "你好，“世界” \t → C++::std a::b 🎉"
    assert safe.text("\udcff.md") == "\\udcff.md"


def test_json_and_html_mean_what_they_meant() -> None:
    value = {"title": EVIL, "name": "\udcff"}
    document = safe.json_text(json.dumps(value, ensure_ascii=False))
    assert not OBEYED.search(document)
    assert json.loads(document) == value
    page = safe.html_text(EVIL.replace("\x07", "").replace("\x1b", "").replace("\x9b", "").replace("\r", ""))
    assert not OBEYED.search(page)
    assert html.unescape(page) == EVIL.replace("\x07", "").replace("\x1b", "").replace("\x9b", "").replace("\r", "")


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def harmless(result: Result) -> None:
    """Hold that nothing is obeyed, but for the annotations that are ours."""
    own = re.sub(r"^::(?:error|warning|notice) (?:file=|title=)", "", result.stdout, flags=re.MULTILINE)
    assert not OBEYED.search(own), result.stdout
    assert not OBEYED.search(result.stderr), result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.skipif(os.name != "posix", reason="no file has such a name there")
@pytest.mark.parametrize("body", ["# 题\n\n正文。[x](#nowhere)\n", "", "\udcff"])
def test_a_file_name_steers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    monkeypatch.chdir(tmp_path)
    name = f"x\n::error file=z::{EVIL.replace('/', '')}.md"
    Path(name).write_text(body, encoding="utf-8", errors="surrogateescape")
    for words in (
        ("check", name),
        ("check", name, "--format", "github"),
        ("check", name, "--json"),
        ("convert", name),
        ("convert", name, name, "-o", "-"),
        ("convert", name, "--json"),
        ("push", name, "--sandbox"),
        ("publish", name, "--sandbox", "--yes"),
        ("index", "add", name, "https://mp.weixin.qq.com/s/AbCdEf"),
        ("index", "list"),
        ("drafts", "list", "--sandbox"),
        ("trust", name),
        ("cover", name),
        ("push", name + ".not-there", "--sandbox"),
    ):
        harmless(run(*words))


def test_what_wechat_says_steers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("wxpub.client.ATTEMPTS", 1)
    Path("a.md").write_text("# 题\n\n正文。\n", encoding="utf-8")
    with RawWeChat() as wechat:
        for name, value in {"APPID": "wx1", "SECRET": SECRET, "API_BASE": wechat.url}.items():
            monkeypatch.setenv(f"WXPUB_{name}", value)
        article = dict.fromkeys(("title", "author", "digest", "content_source_url", "url"), EVIL)
        wechat.drafts["one"] = [{**article, "content": f"<p>{EVIL}</p>"}]
        for words in ("list", "list --json", "show one", "show one --json", "show one --html", "delete one --yes"):
            harmless(run("drafts", *words.split()))
        for reply in (http({"errcode": 40013, "errmsg": EVIL}), http(EVIL), http(EVIL, 502, kind="text/x")):
            wechat.answers["*"] = lambda asked, reply=reply: reply
            for line in ("drafts list", "push a.md", "push a.md --json", "doctor", "doctor --json", "index rebuild"):
                harmless(run(*line.split()))
            del wechat.answers["*"]


def test_settings_steer_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.md").write_text("# 题\n\n正文。\n", encoding="utf-8")
    quoted = json.dumps(EVIL)
    for text in (
        f"[network]\napi_base = {quoted}\n",
        f"[network]\nproxy = {quoted}\n",
        f"[accounts.default]\nappid = 'wx1'\nsecret_file = {quoted}\n",
        f"[accounts.default]\nappid = 'wx1'\nsecret_env = {quoted}\n",
        f"[accounts.{quoted}]\nappid = 'wx1'\n",
        f"[{quoted}]\n",
        f"[markdown]\nextensions = [{quoted}]\n",
        f"[article]\ntheme = {quoted}\n",
        f"[theme]\n{quoted} = 'x'\n",
    ):
        Path("wxpub.toml").write_text(text, encoding="utf-8")
        for words in (("push", "a.md"), ("check", "a.md"), ("trust", "--yes"), ("doctor",), ("trust", "--list")):
            harmless(run(*words))


def test_a_written_file_is_whole_and_follows_no_link(tmp_path: Path) -> None:
    place = tmp_path / "page[1].html"
    safe.write(place, b"one")
    safe.write(place, b"two")
    assert place.read_bytes() == b"two"
    assert [each.name for each in tmp_path.iterdir()] == [place.name]
    stale = tmp_path / f".{place.name}.0123456789abcdef.tmp"
    stale.write_bytes(b"half")
    os.utime(stale, (1, 1))
    (tmp_path / f".{place.name}.new.tmp").write_bytes(b"another process is at work")
    safe.write(place, b"three")
    assert sorted(each.name for each in tmp_path.iterdir()) == [f".{place.name}.new.tmp", place.name]
