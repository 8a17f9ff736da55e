"""The issues of a letter as one series: their list in each issue, and where they were published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import ROOT

from wxpub import ledger
from wxpub.cli import cli
from wxpub.desk import archive, letter, table
from wxpub.desk.archive import Series
from wxpub.errors import SourceError


def lists() -> list[tuple[str, dict[str, str], str]]:
    """Read `cases/back-issues.txt`, which says at its top how a case is written."""
    text = (ROOT / "tests/cases/back-issues.txt").read_text(encoding="utf-8")
    found = []
    for case in text.split("\n=== ")[1:]:
        name, _, rest = case.partition("\n")
        given, _, expected = rest.partition("\n.\n")
        files = dict(each.split("\n", 1) for each in f"\n{given}".split("\n--- ")[1:])
        found.append((name, files, expected.rstrip("\n")))
    return found


CASES = {name: (files, expected) for name, files, expected in lists()}


def written(root: Path, files: dict[str, str]) -> Path:
    """Write the files of a letter; give the last one."""
    (root / "wxpub.toml").touch()
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return path


def read(path: Path) -> Series:
    found = letter.find(path)
    return archive.of(found, ledger.published(found.root))


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words, catch_exceptions=False)


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_a_list_of_back_issues_is_completed_in_its_own_form(
    files: dict[str, str], expected: str, tmp_path: Path
) -> None:
    path = written(tmp_path, files)
    series = read(path)
    text = path.read_text(encoding="utf-8")
    if expected.startswith("error: "):
        with pytest.raises(SourceError) as raised:
            table.update(text, path, series)
        assert expected.removeprefix("error: ") in str(raised.value)
        assert table.gaps(text, path, series) == ()
        return
    new, added = table.update(text, path, series)
    assert new.rstrip("\n") == expected
    assert table.gaps(text, path, series) in (added, ())
    assert table.update(new, path, series) == (new, ()), "done once, it is done"


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_completing_a_list_keeps_every_line_end(files: dict[str, str], expected: str, tmp_path: Path) -> None:
    path = written(tmp_path, files)
    series = read(path)
    text = f"\ufeff{path.read_text(encoding='utf-8')}".replace("\n", "\r\n")
    if not expected.startswith("error: "):
        new, _ = table.update(text, path, series)
        assert new.replace("\r\n", "\n").removeprefix("\ufeff").rstrip("\n") == expected
        assert new.count("\r") == new.count("\n")


GRID = CASES["a grid of dates under its years takes the place of a dash"]


def test_the_newest_issue_is_completed_only_when_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, GRID[0])
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    result = run("index", "table")
    assert "+| - | - | [2026-11-01](2026-11-01.md) | [2026-10-18](2026-10-18.md) |" in result.stdout
    assert "add --write" in result.stderr
    assert path.read_bytes() == before
    assert "1 issue added" in run("index", "table", "--write").stderr
    assert path.read_text(encoding="utf-8").rstrip() == GRID[1]
    result = run("index", "table", str(path), "--write", "--json")
    assert json.loads(result.stdout)["result"] == {"files": [{"path": str(path), "added": []}], "written": True}
    assert "complete" in run("index", "table").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("none.md",), "no such file"),
        (("gbk.md",), "is not UTF-8"),
        (("2026-11-01.md",), "has no place for back issues; write a heading"),
        ((), "holds no issues of a letter; its issues have a date or a number in their names"),
    ],
)
def test_what_cannot_be_completed_is_said_in_a_line(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wxpub.toml").touch()
    (tmp_path / "gbk.md").write_bytes("# 往期\n".encode("gbk"))
    if words:
        (tmp_path / "2026-11-01.md").write_text("# 一\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = run("index", "table", *words, "--write")
    assert result.exit_code == 1
    assert said in result.stderr
