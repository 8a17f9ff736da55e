"""The desk: what a letter's folder tells of it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from conftest import CORPUS, ROOT

from wxpub.desk import letter
from wxpub.desk.letter import Letter


def letters() -> list[tuple[str, str, list[str]]]:
    """Read `cases/letters.txt`, which says at its top how a case is written."""
    text = (ROOT / "tests/cases/letters.txt").read_text(encoding="utf-8")
    found = []
    for case in text.split("\n=== ")[1:]:
        name, _, rest = case.partition("\n")
        files, _, expected = rest.strip("\n").partition("\n.\n")
        found.append((name, files, expected.split("\n")))
    return found


def written(root: Path, files: str) -> Letter:
    (root / "wxpub.toml").touch()
    for line in files.split("\n"):
        name, _, said = line.partition(": ")
        *keys, heading = said.split("; ")
        front = "".join(f"{each.replace('=', ': ', 1)}\n" for each in keys)
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\n{front}---\n\n{heading}\n" if front else f"{heading}\n", encoding="utf-8")
    return letter.find(root)


@pytest.mark.parametrize(("name", "files", "expected"), letters(), ids=[each[0] for each in letters()])
def test_a_letter_is_known_by_its_files(name: str, files: str, expected: list[str], tmp_path: Path) -> None:
    found = written(tmp_path, files)
    day, number = found.following(date.fromisoformat(expected[1]))
    assert [
        f"{found.shape}, {len(found.issues)}, {found.last.name if found.last else '-'}",
        expected[1],
        f"{day}, {number or '-'}, {found.place(day, number).relative_to(tmp_path).as_posix()}",
    ] == expected


def test_a_number_in_chinese_figures_is_read_as_it_is_written() -> None:
    assert [letter.figure(letter.in_figures(number)) for number in range(1, 1000)] == list(range(1, 1000))
    said = {10: "十", 12: "十二", 20: "二十", 105: "一百零五", 110: "一百一十"}
    assert {number: letter.in_figures(number) for number in said} == said


def test_the_real_letter_is_one_series() -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus is not at {CORPUS}")
    found = letter.find(CORPUS)
    assert re.fullmatch(r".*/\{date:%Y-%m-%d\}\.md", found.shape)
    assert len(found.issues) == len(list((CORPUS / "issues").glob("*.md")))
    assert all(each.date == each.path.stem and each.date in each.title for each in found.issues)


def test_a_file_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "wxpub.toml").touch()
    (tmp_path / "2026-11-01.md").write_text("---\ntitle: [\n", encoding="utf-8")
    (tmp_path / "2026-11-08.md").write_bytes("# 第 2 期".encode("gb18030"))
    (tmp_path / "2026-11-15.md").write_text("# 第 3 期\n", encoding="utf-8")
    assert [each.number for each in letter.find(tmp_path).issues] == [None, None, 3]
