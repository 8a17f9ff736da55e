"""`wxpub preview` as it is typed, and the system's clipboard for `wxpub convert --copy`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from conftest import ROOT
from previewing import TEXT, write

from wxpub.errors import ConfigError
from wxpub.preview import clipboard

# --- the command ------------------------------------------------------------------------------------------------------


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `wxpub preview` in `folder`; gives the process and the address that it says."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "WXPUB_SANDBOX_DB": str(folder / "sandbox.sqlite3")}
    command = [sys.executable, "-m", "wxpub", "preview", "issue.md", "--no-open", "--port", "0", *arguments]
    process = subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    line = process.stderr.readline()
    if "sandbox only" in line:  # there are no credentials here
        line = process.stderr.readline()
    found = re.search(r"http://\S+", line)
    if not found:
        process.kill()
    assert found, line + process.stderr.read()
    try:
        yield process, found[0]
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def state(url: str, query: str = "") -> dict[str, Any]:
    with urlopen(f"{url}state{query}", timeout=30) as answer:
        held: dict[str, Any] = json.load(answer)
        return held


def until(url: str, true: Any) -> dict[str, Any]:
    """Follow the preview until its state is as wanted."""
    held = state(url)
    deadline = time.monotonic() + 20
    while not true(held):
        assert time.monotonic() < deadline, held.get("error") or held.get("push")
        news = state(url, f"?epoch={held['epoch']}&build={held['build']}")
        held = {**held, **news}
    return held


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    write(tmp_path)
    with running(tmp_path) as (process, url):
        assert state(url)["view"]["title"] == "预览的一期"
        process.send_signal(number)
        assert process.wait(10) == 0


def test_a_file_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wxpub", "preview", "nowhere.md", "--no-open"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "error: nowhere.md: no such file\n")


def test_a_broken_issue_is_shown_and_mended_while_it_runs(tmp_path: Path) -> None:
    write(tmp_path, "---\ntitle: [\n---\n")
    with running(tmp_path) as (_, url):
        assert "issue.md:3" in state(url)["error"]
        write(tmp_path)
        assert until(url, lambda held: not held["error"])["view"]["title"] == "预览的一期"


def test_settings_and_a_theme_of_ones_own_are_followed(tmp_path: Path) -> None:
    write(tmp_path, TEXT.replace("author: 编辑部\n", "theme: mine.css\n"))
    css = tmp_path / "mine.css"
    css.write_text("/* 我的 */\nsection { color: #123456; }\n", encoding="utf-8")
    with running(tmp_path) as (_, url):
        assert "#123456" in state(url)["view"]["html"]
        css.write_text("/* 我的 */\nsection { color: #654321; }\n", encoding="utf-8")
        assert {"name": "mine", "title": "我的"} in until(url, lambda held: "#654321" in held["view"]["html"])["view"][
            "themes"
        ]
        (tmp_path / "wxpub.toml").write_text('[article]\nauthor = "新编辑部"\n', encoding="utf-8")
        until(url, lambda held: held["view"]["author"] == "新编辑部")


def test_a_push_to_the_sandbox_arrives_and_can_be_looked_at(tmp_path: Path) -> None:
    write(tmp_path, TEXT.replace("![远方的图](https://pictures.example.com/far.png)\n", ""))
    with running(tmp_path) as (_, url):
        assert state(url)["destinations"] == [{"name": "sandbox", "title": ""}]
        with urlopen(url, timeout=30) as answer:
            token = re.search(r'name="wxpub-token" content="([^"]*)"', answer.read().decode())
        assert token
        headers = {"Content-Type": "application/json", "X-Wxpub-Token": token[1], "Origin": url.rstrip("/")}
        urlopen(Request(f"{url}push", b'{"destination": "sandbox"}', headers), timeout=30).close()
        held = until(url, lambda held: held["push"]["result"] or held["push"]["error"])
        assert held["push"]["error"] == ""
        assert held["push"]["result"]["action"] == "created"
        with urlopen(held["push"]["result"]["url"], timeout=30) as answer:
            assert "预览的一期" in answer.read().decode()


def test_a_network_gets_a_code_to_scan(tmp_path: Path) -> None:
    write(tmp_path)
    with running(tmp_path, "--host", "0.0.0.0") as (process, url):
        assert "?key=" in url
        process.send_signal(signal.SIGINT)
        assert process.stderr and "█" in process.stderr.read()


# --- the system's clipboard -------------------------------------------------------------------------------------------


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Give a folder of tools that keep what they are given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("wl-copy", "xclip", "osascript", "powershell.exe"):
        tool = folder / name
        tool.write_text(f'#!/bin/sh\necho {name} "$1" "$2" "$3" "$4" > {tmp_path}/arguments\ncat > {tmp_path}/given\n')
        tool.chmod(0o755)
    return folder


posix = pytest.mark.skipif(os.name != "posix", reason="the tools are shell scripts here")


@posix
@pytest.mark.parametrize(
    ("env", "arguments"),
    [
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "wl-copy --type text/html"),
        ({"DISPLAY": ":0"}, "xclip -selection clipboard -t text/html"),
    ],
)
def test_the_desktop_s_tool_is_given_the_html(
    tools: Path, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], arguments: str
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    clipboard.copy_html("<p>一&amp;二</p>", "一&二", {**env, "PATH": str(tools)})
    assert (tools.parent / "given").read_text(encoding="utf-8") == "<p>一&amp;二</p>"
    assert (tools.parent / "arguments").read_text().strip() == arguments


@posix
@pytest.mark.parametrize(
    ("platform", "env", "tool"),
    [("darwin", {}, "osascript"), ("linux", {"WSL_DISTRO_NAME": "Debian"}, "powershell.exe")],
)
def test_other_systems_are_given_both_forms(
    tools: Path, monkeypatch: pytest.MonkeyPatch, platform: str, env: dict[str, str], tool: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    clipboard.copy_html("<p>一</p>", "一", {**env, "PATH": str(tools)})
    given = json.loads((tools.parent / "given").read_bytes().decode("ascii"))
    assert set(given) == {"html", "text"}
    assert (tools.parent / "arguments").read_text().startswith(tool)


def test_without_a_desktop_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(ConfigError, match=r"no desktop here.*open the page"):
        clipboard.copy_html("<p>一</p>", "一", {"PATH": "/nowhere"})
    with pytest.raises(ConfigError, match="install wl-clipboard or xclip"):
        clipboard.copy_html("<p>一</p>", "一", {"PATH": "/nowhere", "DISPLAY": ":0"})


@posix
def test_a_tool_that_fails_is_named(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tools / "xclip").write_text("#!/bin/sh\nexit 3\n")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    with pytest.raises(ConfigError, match="xclip could not take the article: exit code 3"):
        clipboard.copy_html("<p>一</p>", "一", {"DISPLAY": ":0", "PATH": str(tools)})


def test_windows_finds_the_fragment_by_its_bytes() -> None:
    data = clipboard.cf_html("<p>一</p>")
    offset = {name.decode(): int(number) for name, number in re.findall(rb"(\w+):(\d{10})", data)}
    assert data[offset["StartFragment"] : offset["EndFragment"]].decode() == "<p>一</p>"
    assert data[offset["StartHTML"] : offset["EndHTML"]].startswith(b"<html>") and offset["EndHTML"] == len(data)
