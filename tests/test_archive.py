"""The issues of a letter as one series: their list in each issue, and where they were published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import ROOT, cases

from wxpub import config, language, ledger
from wxpub.cli import cli
from wxpub.desk import archive, letter, record, table
from wxpub.desk.archive import Series
from wxpub.errors import SourceError


def lists() -> list[tuple[str, dict[str, str], str]]:
    found = []
    for name, rest in cases("back-issues.txt"):
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
        assert table.gaps(path, series) == ()
        return
    new, added = table.update(text, path, series)
    assert new.rstrip("\n") == expected
    assert table.gaps(path, series) in (added, ())
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


# --- where issues were published --------------------------------------------------------------------------------------


def addresses() -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Read `cases/addresses.txt`: the letter at its top, and the cases."""
    top = (ROOT / "tests/cases/addresses.txt").read_text(encoding="utf-8").partition("\n=== ")[0]
    files = dict(each.split("  ", 1) for each in top.splitlines() if each.startswith("issues/"))
    found = {}
    for name, rest in cases("addresses.txt"):
        given, _, expected = rest.rstrip("\n").partition("\n.\n")
        found[name] = (given, expected)
    return {name: f"{heading}\n\n字。\n" for name, heading in files.items()}, found


LETTER, LISTS = addresses()
FOUR = "https://mp.weixin.qq.com/s/Four"


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the letter of `cases/addresses.txt`, in its folder."""
    written(tmp_path, LETTER)
    monkeypatch.chdir(tmp_path)
    run("index", "add", "issues/2026-11-29.md", FOUR)
    return tmp_path


@pytest.mark.parametrize(("given", "expected"), LISTS.values(), ids=LISTS)
def test_a_list_of_publications_finds_their_issues(given: str, expected: str, recorded: Path) -> None:
    language.use("en")
    try:
        found = record.match(record.claims(given, Path("list")), read(recorded))
    except SourceError as error:
        assert expected == f"error: {error.message}"
        return
    finally:
        language.use("")
    lines = [f"{each.issue.name} {each.url} {each.by}" for each in found.new]
    lines += [f"differs {each.issue.name} {each.url} {each.by}" for each in found.differ]
    lines += [f"same {found.same}", *(f"left {claim.name}: {reason}" for claim, reason in found.left)]
    assert "\n".join(lines) == expected


def published(root: Path) -> dict[str, str]:
    return {Path(path).name: url for path, url in ledger.published(root).items()}


def test_nothing_is_recorded_unasked_and_nothing_replaced_unasked(recorded: Path) -> None:
    (recorded / "list.txt").write_text(
        "2026-10-18.md https://mp.weixin.qq.com/s/One\n2026-11-29.md https://mp.weixin.qq.com/s/Other\n",
        encoding="utf-8",
    )
    shown = run("index", "import", "list.txt")
    assert "issues/2026-10-18.md  https://mp.weixin.qq.com/s/One  (by its file)" in shown.stdout
    assert "add --write" in shown.stderr
    assert published(recorded) == {"2026-11-29.md": FOUR}
    done = run("index", "import", "list.txt", "--write")
    assert "another address is recorded" in done.stderr and "--replace" in done.stderr
    assert published(recorded) == {"2026-10-18.md": "https://mp.weixin.qq.com/s/One", "2026-11-29.md": FOUR}
    run("index", "import", "list.txt", "--write", "--replace")
    assert published(recorded)["2026-11-29.md"] == "https://mp.weixin.qq.com/s/Other"
    facts = ledger.Ledger(recorded / ledger.FILE_NAME).facts(ledger.Published)
    assert len(facts) == 2, "one address for each issue, whichever account recorded it"
    result = json.loads(run("index", "import", "list.txt", "--json").stdout)["result"]
    assert (result["same"], result["recorded"], result["left"]) == (2, [], [])


def test_what_the_account_published_is_recorded(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXPUB_SANDBOX_DB", str(recorded / "db.sqlite3"))
    run("push", "issues/2026-10-18.md", "--sandbox")
    url = run("publish", "issues/2026-10-18.md", "--sandbox", "--yes").stdout.strip()
    (place,) = recorded.glob("db-*.json")
    place.unlink()
    assert f"issues/2026-10-18.md  {url}  (by its title)" in run("index", "import", "--sandbox").stdout
    assert "1 address recorded" in run("index", "import", "--sandbox", "--write").stderr
    assert url in place.read_text(encoding="utf-8")
    assert published(recorded) == {"2026-11-29.md": FOUR}, "the letter's own ledger is for real accounts"


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "names no address of an article"), ("第 1 期".encode("gbk"), "not UTF-8"), (None, "no such file")],
)
def test_a_list_that_cannot_be_read_is_said_in_a_line(data: bytes | None, said: str, recorded: Path) -> None:
    if data is not None:
        (recorded / "list.txt").write_bytes(data)
    result = run("index", "import", "list.txt", "--write")
    assert (result.exit_code, said in result.stderr) == (1, True)
    assert CliRunner().invoke(cli, ["index", "import", "-"], input=data or b"").exit_code == 1


def test_titles_nearly_alike_are_found_among_thousands(tmp_path: Path) -> None:
    (tmp_path / "wxpub.toml").touch()
    past = [
        letter.Past(tmp_path / f"{n}.md", f"{n}.md", "", None, f"周报：{chr(0x4E00 + n)}{chr(0x5E00 + n)}与别的题目")
        for n in range(2_000)
    ]
    series = archive.Series(letter.Letter(tmp_path, config.find(tmp_path), tuple(past)), {})
    claims = [record.told(f"https://mp.weixin.qq.com/s/N{n}", f"{each.title}！（一）") for n, each in enumerate(past)]
    found = record.match(claims, series)
    assert [each.url for each in found.new] == [each.url for each in claims]
    assert {each.by for each in found.new} == {"similar title"}


# --- what is wrong with the record ------------------------------------------------------------------------------------


def wrong(root: Path) -> list[str]:
    found = record.check(read(root), root / ledger.FILE_NAME)
    return [f"{each.rule} {each.path.name if each.path else ''}" for each in found]


def note(root: Path, **urls: str) -> None:
    facts = {name: ledger.Published(url) for name, url in urls.items()}
    ledger.Ledger(root / ledger.FILE_NAME).record("-", facts)


def test_a_record_in_order_has_nothing_wrong(recorded: Path) -> None:
    for name in LETTER:
        note(recorded, **{name: f"https://mp.weixin.qq.com/s/{Path(name).stem}"})
    assert wrong(recorded) == []
    assert "4 issues: nothing found" in run("index", "check").stderr


def test_issues_without_an_address_are_told_up_to_the_newest_that_has_one(recorded: Path) -> None:
    result = run("index", "check")
    assert "3 issues have no published address: issues/2026-10-18.md, " in result.stderr
    assert result.exit_code == 0
    assert run("index", "check", "--strict").exit_code == 1
    (recorded / ledger.FILE_NAME).unlink()
    note(recorded, **{"issues/2026-10-18.md": FOUR})
    assert wrong(recorded) == [], "the newest may not be published yet"


def test_addresses_of_two_issues_and_issues_without_files_are_told(recorded: Path) -> None:
    urls = {name: f"https://mp.weixin.qq.com/s/{Path(name).stem}" for name in LETTER}
    note(recorded, **urls, **{"issues/gone.md": "https://mp.weixin.qq.com/s/Gone"})
    assert wrong(recorded) == ["record-stray wxpub.ledger.json"]
    note(recorded, **{"issues/2026-11-01.md": "http://mp.weixin.qq.com/s/2026-11-29"})
    assert "address-shared 2026-11-29.md" in wrong(recorded) or "address-shared 2026-11-01.md" in wrong(recorded)
    result = run("index", "check", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["result"] == {"issues": 4, "published": 5}


def test_numbers_that_do_not_follow_the_dates_are_told(recorded: Path) -> None:
    (recorded / "issues/2026-11-15.md").write_text("# 第 2 期\n", encoding="utf-8")
    assert "order-wrong 2026-11-15.md" in wrong(recorded)


def test_lists_that_leave_issues_out_are_told(recorded: Path) -> None:
    rows = "\n".join(f"- [{day}](2026-{day}.md)" for day in ("11-15", "10-18"))
    path = recorded / "issues/2026-11-29.md"
    path.write_text(f"# 第 4 期\n\n## 往期\n\n{rows}\n", encoding="utf-8")
    assert "list-incomplete 2026-11-29.md" in wrong(recorded)
    run("index", "table", "--write")
    assert "list-incomplete 2026-11-29.md" not in wrong(recorded)


def test_a_rebuilt_ledger_keeps_what_was_recorded_and_names_its_copy(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WXPUB_SANDBOX_DB", str(recorded / "db.sqlite3"))
    run("push", "issues/2026-10-18.md", "--sandbox")
    (place,) = recorded.glob("db-*.json")
    by_hand = {f"issues/{number}.md": f"https://mp.weixin.qq.com/s/N{number}" for number in range(42)}
    ledger.Ledger(place).record("sandbox", {name: ledger.Published(url) for name, url in by_hand.items()})
    before = place.read_bytes()
    result = run("index", "rebuild", "--sandbox")
    copy = next(each for each in recorded.glob("db-*.old.json"))
    assert f"the ledger as it was: {copy}" in result.stderr
    assert copy.read_bytes() == before
    facts = ledger.Ledger(place).of_account(ledger.Published, "sandbox")
    assert {name: fact.url for name, fact in facts.items()} == by_hand
