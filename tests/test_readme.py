"""What is written in both languages says the same, and every command of the READMEs works in an empty folder.

The README and those pages of docs/ that editors read, in docs/zh/: headings, commands, rows of tables and links.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import ROOT

from wxpub import images
from wxpub.cli import cli

CHINESE = (ROOT / "README.md").read_text(encoding="utf-8")
ENGLISH = (ROOT / "README.en.md").read_text(encoding="utf-8")
ISSUE = "# 第一期\n\n> 导读：一句话。\n\n## 新闻\n\n- [一条](https://example.com/a)：值得一读。\n"
# Commands that end only when they are told to, or show a browser: they run up to their own help.
ENDLESS = {"preview", "sandbox", "mcp"}


def blocks(text: str) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.M)


def bare(block: str) -> list[str]:
    """Give a block's lines without comments."""
    block = re.sub(r"/\*.*?\*/", "", block, flags=re.DOTALL)
    lines = [re.sub(r"(^|\s+)#(?![0-9a-f]{6}\b).*", "", line).rstrip() for line in block.splitlines()]
    return [line for line in lines if line]


def levels(text: str) -> list[int]:
    return [len(found) for found in re.findall(r"^(#+) ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.M)]


def rows(text: str) -> int:
    return len(re.findall(r"^\|", text, re.M))


def links(path: Path) -> list[str]:
    """List the targets of a page's links, code aside: addresses, and files from the repository's root."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = []
    for target, address in re.findall(r"\]\(([^)\s]+)\)|<(http[^>]+)>", text):
        if address or target.startswith("http"):
            found.append(address or target)
        else:
            name, hash_mark, place = target.partition("#")
            file = path if not name else Path(os.path.normpath(path.parent / name))
            assert file.exists(), f"{path.relative_to(ROOT)} links to {target}"
            found.append(file.relative_to(ROOT).as_posix() + hash_mark + place)
    return sorted(found)


def in_either_language(targets: list[str]) -> list[str]:
    """Take the Chinese page of a document and its English one for the same; their headings have other names."""
    found = [re.sub(r"^docs/(?:zh/)?([\w-]+\.md)(?:#.*)?$", r"docs/\1", target) for target in targets]
    return sorted(target for target in found if not target.startswith("README"))


def same(chinese: Path, english: Path) -> None:
    here, there = chinese.read_text(encoding="utf-8"), english.read_text(encoding="utf-8")
    assert levels(here) == levels(there)
    assert [bare(each) for each in blocks(here)] == [bare(each) for each in blocks(there)]
    assert rows(here) == rows(there)
    assert in_either_language(links(chinese)) == in_either_language(links(english))


def lines_of_shell() -> list[list[str]]:
    return [bare(block) for block in re.findall(r"```sh\n(.*?)```", CHINESE, re.DOTALL)]


def test_both_have_the_same_headings_commands_settings_and_links() -> None:
    same(ROOT / "README.md", ROOT / "README.en.md")


@pytest.mark.parametrize("name", [page.name for page in sorted((ROOT / "docs/zh").glob("*.md"))])
def test_a_page_in_chinese_has_what_the_english_one_has(name: str) -> None:
    chinese, english = ROOT / "docs/zh" / name, ROOT / "docs" / name
    same(chinese, english)
    assert f"docs/{name}" in links(chinese)
    assert f"docs/zh/{name}" in links(english)


def test_who_reads_chinese_is_led_to_pages_in_chinese() -> None:
    pages = {page.name for page in (ROOT / "docs/zh").glob("*.md")}
    for page in (ROOT / "README.md", *(ROOT / "docs/zh" / name for name in sorted(pages))):
        found = {target.partition("#")[0] for target in links(page)} - {f"docs/{page.name}"}
        assert not found & {f"docs/{name}" for name in pages}, page.name


def test_every_make_target_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in [line for block in lines_of_shell() for line in block if line.startswith("make ")]:
        assert re.search(rf"^{line.split()[1]}:", makefile, re.M), line


@pytest.mark.parametrize(
    "block", [each for each in lines_of_shell() if any(line.startswith("wxpub ") for line in each)]
)
def test_every_command_works_in_an_empty_folder(block: list[str], tmp_path: Path, wechat: Any) -> None:
    """The local WeChat stands in for the account; commands run as the block has them, one after the other."""
    if not any(line.startswith("wxpub init") for line in block):
        (tmp_path / "issue.md").write_text(ISSUE, encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WXPUB_")},
        "PYTHONPATH": str(ROOT),
        "WXPUB_API_BASE": wechat.url,
        "WXPUB_APPID": wechat.appid,
        "WXPUB_SECRET": wechat.secret,
        "WXPUB_SANDBOX_DB": str(tmp_path / "wechat.sqlite3"),
        "BROWSER": "true",
    }
    for line in block:
        script = line
        if line.startswith("export WXPUB_"):  # the example's own credentials are nobody's
            continue
        if line.startswith("wxpub "):
            words = shlex.split(line)
            if words[1] in ENDLESS:
                words = [*words[:2], "--help"]
            if "--online" in words:  # nobody's servers are asked by tests
                words.append("--help")
            if words[1] == "publish":
                words.append("--yes")
            if words[1] == "add":
                words.append("--offline")
            words = [str(match) for word in words for match in sorted(tmp_path.glob(word)) or [word]]  # as a shell does
            script = shlex.join([sys.executable, "-m", *words])
        done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
        missed = line.startswith("wxpub doctor") and images.draw.chinese_font() is None  # which it calls a fault
        assert done.returncode == int(missed), f"{line}\n{done.stdout}{done.stderr}"


def test_the_example_that_is_shown_first_has_nothing_to_mend() -> None:
    done = CliRunner().invoke(cli, ["check", "--strict", *map(str, sorted((ROOT / "examples/issues").glob("*.md")))])
    assert done.exit_code == 0, done.output
    assert done.output.count("nothing found") == 3
