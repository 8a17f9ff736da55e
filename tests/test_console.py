"""Other machines' consoles, locales, paths and line ends: no traceback, and the same article everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest
from conftest import ROOT
from pushing import picture

from wxpub import issue
from wxpub.article import parse
from wxpub.ledger import issue_name

TEXT = "# 第一期\n\n正文，见[链接](https://a.example/)。\n\n![图](图.png)\n"
BARE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # Python's file names and console are ASCII
CONSOLES = {
    "C without UTF-8": BARE,
    "western Windows, in Chinese": {"PYTHONIOENCODING": "cp1252", "WXPUB_LANG": "zh"},
    "Chinese Windows": {"PYTHONIOENCODING": "gbk", "WXPUB_LANG": "zh"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "题.md").write_text(TEXT, encoding="utf-8")
    picture(tmp_path / "图.png")
    return tmp_path


def run(folder: Path, env: dict[str, str], *words: str) -> subprocess.CompletedProcess[bytes]:
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "WXPUB_LANG": "en", **env}
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        given[name] = str(folder / "home")
    return subprocess.run(
        [sys.executable, "-m", "wxpub", *words], cwd=folder, env=given, capture_output=True, timeout=60
    )


@pytest.mark.parametrize("console", CONSOLES)
def test_a_console_that_cannot_print_chinese_gets_replacements(console: str, folder: Path) -> None:
    for words in (["--help"], ["themes"], ["check", "题.md"], ["check", "没有.md"]):
        result = run(folder, CONSOLES[console], *words)
        assert b"Traceback" not in result.stderr, words
        assert result.returncode == int(words[-1] == "没有.md"), result.stderr
    if console.startswith("western"):
        assert b"?" in run(folder, CONSOLES[console], "themes").stdout


@pytest.mark.parametrize("console", CONSOLES)
def test_the_article_and_its_json_are_the_same_on_every_console(console: str, folder: Path) -> None:
    expected = issue.open(folder / "题.md").page().html.encode()
    result = run(folder, CONSOLES[console], "convert", "题.md", "--fragment", "-o", "-")
    assert (result.returncode, result.stdout) == (0, expected)
    document = json.loads(run(folder, CONSOLES[console], "check", "题.md", "--json").stdout.decode())
    assert document["ok"], document
    assert run(folder, CONSOLES[console], "convert", "题.md").returncode == 0
    assert '"file":"题.md"' in (folder / "题.html").read_text(encoding="utf-8")


def test_a_push_from_a_bare_locale_is_the_same_issue_to_the_next_one(folder: Path) -> None:
    first, second = (run(folder, env, "push", "题.md", "--sandbox") for env in (BARE, {"LC_ALL": "C.UTF-8"}))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert b"draft created" in first.stderr and b"draft unchanged" in second.stderr


def test_a_file_whose_name_is_not_utf8_is_converted_and_pushed(folder: Path) -> None:
    name = "题二.md".encode("gbk")
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("# 题\n\n正文。\n", encoding="utf-8")
    for command in (["convert"], ["push", "--sandbox", "--json"]):
        result = run(folder, {}, *command, os.fsdecode(name))
        assert result.returncode == 0, result.stderr


def test_the_version_is_told_on_every_console(folder: Path) -> None:
    for env in CONSOLES.values():
        assert run(folder, env, "--version").stdout.startswith(b"wxpub ")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_other_systems_make_no_difference(end: str, folder: Path) -> None:
    text = "---\ntitle: 题\n---\n\n第一行\n第二行\n\n```\na\n\nb\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    path = folder / "题.md"
    htmls = []
    for each in (text, text.replace("\n", end)):
        path.write_bytes(each.encode())
        htmls.append(issue.open(path).page().html)
    assert htmls[0] == htmls[1]


def test_a_picture_is_found_by_the_path_that_an_editor_on_windows_writes(folder: Path) -> None:
    written = str(PureWindowsPath("images") / "a b.png")
    picture(folder / "images" / "a b.png")
    (folder / "题.md").write_text(f"# 题\n\n![图](<{written}>)\n\n![图](images%5Ca%20b.png)\n", encoding="utf-8")
    found = issue.open(folder / "题.md")
    assert len(found.layout.images) == 2
    assert found.unreadable() == ()


def test_the_paths_of_this_program_are_no_paths_of_windows() -> None:
    assert issue_name(Path("/letter/issues/题.md"), Path("/letter")) == "issues/题.md"
    address = parse("# 题\n", Path("/letter/issues/题.md"), {"source_url": "https://a.example/{path}"}, Path("/letter"))
    assert address.source_url == "https://a.example/issues/%E9%A2%98.md"


def test_no_shipped_file_has_a_name_that_windows_refuses() -> None:
    reserved = {"con", "prn", "aux", "nul", *(f"{each}{n}" for each in ("com", "lpt") for n in range(1, 10))}
    for path in (each for top in ("wxpub", "styles", "examples", "docs", "tests") for each in (ROOT / top).rglob("*")):
        if "node_modules" in path.parts or "__pycache__" in path.parts:
            continue
        assert path.stem.lower() not in reserved, path
        assert not set(path.name) & set('<>:"|?*\\') and not path.name.endswith((".", " ")), path
        assert len(str(path.relative_to(ROOT))) < 150, path
