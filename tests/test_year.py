"""A letter's year: an empty folder, then a fortnight twenty-six times, from links found to an issue and a feed.

Everything goes by the command line, into a local WeChat, and no word is typed that the tool knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lxml import etree
from strangers import serving

from wxpub.cli import cli

ISSUES = 26
SITES = {"新闻": "127.0.0.1", "论文": "127.0.0.2", "项目": "127.0.0.3"}  # each section has a site of its own
FIRST = date(2026, 1, 2)


class Site(BaseHTTPRequestHandler):
    """A site whose pages say what they are: `/7/2` is the second link of the seventh fortnight."""

    def do_GET(self) -> None:
        _, fortnight, number = self.path.partition("?")[0].split("/")
        name = next(section for section, host in SITES.items() if host == self.server.server_address[0])
        page = (
            f"<meta property='og:title' content='{name}：第 {fortnight} 个双周的第 {number} 条 | 甲站'>"
            "<meta property='og:site_name' content='甲站'><link rel=canonical href='"
            + self.path.partition("?")[0]
            + "'>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def sites() -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        yield {section: f"http://{host}:{stack.enter_context(serving(Site, host))}" for section, host in SITES.items()}


def wxpub(*words: str) -> dict[str, Any]:
    """Run a command and give what it answers."""
    done = CliRunner().invoke(cli, [*words, "--json"])
    assert done.exit_code == 0, f"{words}\n{done.output}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def fill(path: Path) -> None:
    """Write what only an editor can: of every section a word in the 导读, of every link one beside it."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"【(\w+)】(?=[；。])", r"【\1】值得一看", text)
    text = re.sub(r"^(- \[.*\))$", r"\1：一句话。", text, flags=re.M)
    path.write_text(text, encoding="utf-8")


def test_a_year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wechat: Any, sites: dict[str, str]) -> None:
    today = FIRST

    class Calendar(date):
        @classmethod
        def today(cls) -> date:
            return today

    for name, value in {"API_BASE": wechat.url, "APPID": wechat.appid, "SECRET": wechat.secret}.items():
        monkeypatch.setenv(f"WXPUB_{name}", value)
    monkeypatch.setattr("wxpub.cli.desk.date", Calendar)
    monkeypatch.chdir(tmp_path)
    wxpub("init", "--name", "灯下", "--author", "编辑部", "--url", "https://letter.example/")
    settings = tmp_path / "wxpub.toml"
    settings.write_text(settings.read_text() + "\n[network]\nallow_private = true\n", encoding="utf-8")

    issues = [tmp_path / f"issues/{FIRST}.md"]
    urls: list[str] = []
    for fortnight in range(1, ISSUES + 1):
        path = issues[-1]
        if fortnight > 1:
            fill(path)
        assert wxpub("check", "--strict", str(path))["findings"] == [], path.read_text()
        wxpub("push", str(path))
        (draft,) = wechat.account(wechat.appid).drafts().values()
        live = re.findall(r'<a\b[^>]*href="([^"]+)"', draft[0]["content"])
        assert live == urls[::-1]  # the newest first
        (published,) = wxpub("publish", str(path), "--yes")["result"]["published"]
        urls.append(published["url"])
        if fortnight == ISSUES:
            break

        today = date.fromisoformat(path.stem) + timedelta(14 if fortnight == 1 else 11)
        for section, address in sites.items():
            told = ["--section", section] if fortnight < 3 else []
            found = [f"{address}/{fortnight}/{number}?utm_source=x" for number in (1, 2)]
            wxpub("add", *found, *told)
        new = wxpub("new")["result"]
        assert (new["number"], new["items"], new["left"], new["unlisted"]) == (fortnight + 1, 6, 0, "")
        issues.append(Path(new["path"]))

    days = [FIRST + timedelta(14 * number) for number in range(ISSUES)]
    assert [path.relative_to(tmp_path).as_posix() for path in issues] == [f"issues/{day}.md" for day in days]
    for number, path in enumerate(issues[1:], 1):
        text = path.read_text(encoding="utf-8")
        listed = re.findall(r"\[(\d{4}-\d\d-\d\d)\]\(\1\.md\)", text)
        assert listed == [str(day) for day in days[:number]][::-1]
        sections = re.split(r"^## ", text, flags=re.M)[1:]
        assert [each.split("\n")[0] for each in sections] == [*SITES, "往期回顾"]
        for section, body in zip(SITES, sections, strict=False):
            links = [f"{sites[section]}/{number}/{link}" for link in (1, 2)]
            assert re.findall(r"^- \[.*? \| 甲站\]\((.*?)\)：一句话。$", body, re.M) == links
        assert f"# 灯下 第 {number + 1} 期（{days[number]}）" in text
    assert not re.search(r"^- ", (tmp_path / "inbox.md").read_text(encoding="utf-8"), re.M)

    written = wxpub("site", "out")["result"]
    assert (written["pages"], written["failed"], written["drafts"]) == (ISSUES, [], [])
    entries = etree.parse(tmp_path / "out/feed.xml").findall("{*}entry")
    titles = [f"灯下 第 {number} 期（{day}）" for number, day in enumerate(days, 1)]
    assert [each.findtext("{*}title") for each in entries] == titles[: -len(entries) - 1 : -1]

    (again,) = wxpub("add", f"{sites['论文']}/7/2")["result"]["links"]
    assert (again["state"], again["before"]["date"], again["before"]["number"]) == ("sent", str(days[7]), 8)
