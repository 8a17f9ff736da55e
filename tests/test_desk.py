"""The desk: what a letter's folder tells of it, and the next issue made of it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import CORPUS, cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wxpub import config
from wxpub.cli import cli
from wxpub.desk import letter, skeleton
from wxpub.desk.inbox import Inbox
from wxpub.desk.letter import Letter
from wxpub.issue import open as open_issue


def letters() -> list[tuple[str, str, list[str]]]:
    found = []
    for name, rest in cases("letters.txt"):
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


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.sampled_from("a1-_.{}期第[]%:! \\/2026"), min_size=1, max_size=14))
def test_the_next_file_is_named_like_the_last_whatever_that_is(name: str) -> None:
    stem = re.sub("/+", "/", name.strip("/. ")) or "x"
    shape = letter.shape_of(f"{stem}.md")
    if shape:
        made = letter.Letter(Path("root"), config.Config(Path("root")), (), shape).place(date(2026, 11, 21), 7)
        assert made.suffix == ".md"
        assert letter.shape_of(made.relative_to("root").as_posix()).replace(":01d", ":d") == shape


def test_a_file_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "wxpub.toml").touch()
    (tmp_path / "2026-11-01.md").write_text("---\ntitle: [\n", encoding="utf-8")
    (tmp_path / "2026-11-08.md").write_bytes("# 第 2 期".encode("gb18030"))
    (tmp_path / "2026-11-15.md").write_text("# 第 3 期\n", encoding="utf-8")
    assert [each.number for each in letter.find(tmp_path).issues] == [None, None, 3]


def test_a_block_of_code_ends_with_a_fence_as_long_as_its_first() -> None:
    text = "````\n```\n# 不是\n- https://a.example/1\n```\n````\n\n# 题\n\n- https://a.example/2\n"
    assert letter.heading_in(text) == "题"
    assert [item.urls for item in Inbox(text).items] == [("https://a.example/2",)]


# --- the next issue ---------------------------------------------------------------------------------------------------


def nexts() -> list[tuple[str, dict[str, str], list[str], str]]:
    found = []
    for name, rest in cases("next.txt"):
        given, _, expected = rest.partition("\n.\n")
        given, _, arguments = given.rpartition("\n@@ new")
        found.append((name, files(given), shlex.split(arguments), expected.rstrip("\n")))
    return found


def files(text: str) -> dict[str, str]:
    parts = re.split(r"^@@ (.+)\n", f"{text}\n", flags=re.MULTILINE)
    return {name: each.rstrip("\n") + "\n" for name, each in zip(parts[1::2], parts[2::2], strict=True)}


class Day(date):
    @classmethod
    def today(cls) -> date:
        return date(2026, 11, 21)


@pytest.mark.parametrize(("name", "given", "arguments", "expected"), nexts(), ids=[each[0] for each in nexts()])
def test_the_next_issue_is(
    name: str,
    given: dict[str, str],
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("wxpub.cli.desk.date", Day)
    (tmp_path / "wxpub.toml").touch()
    for place, text in given.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(text, encoding="utf-8")
    done = CliRunner().invoke(cli, ["new", *arguments])
    if expected.startswith("! "):
        assert done.exit_code != 0
        assert expected[2:] in done.output.replace(f"{tmp_path}/", "")
        return
    assert done.exit_code == 0, done.output
    paths = (
        each for each in tmp_path.rglob("*.md") if each.read_text() != given.get(each.relative_to(tmp_path).as_posix())
    )
    changed = {path.relative_to(tmp_path).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    assert {place: text.rstrip("\n") for place, text in changed.items()} == {
        place: text.rstrip("\n") for place, text in files(expected).items()
    }


@pytest.mark.parametrize("files", ["2026-11-07.md: # 灯下（2026-11-07）", ""], ids=["a letter", "the first issue"])
def test_a_run_that_was_killed_before_it_cleared_the_inbox_is_finished_by_the_next(
    files: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("wxpub.cli.desk.date", Day)
    if files:
        written(tmp_path, files)
    (tmp_path / "wxpub.toml").touch()
    inbox, waiting = tmp_path / "inbox.md", "## 论文\n\n- [机](https://example.org/1)\n"
    inbox.write_text(waiting, encoding="utf-8")
    code = (
        "import os\nfrom wxpub.cli import options, cli\nwrite, done = options.write, []\n"
        "def first(*given):\n    os._exit(9) if done else done.append(write(*given))\n"
        "options.write = first\ncli()\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, "new", "2026-11-21"], check=False, capture_output=True)
    (issue,) = (each for each in tmp_path.rglob("2026-11-21.md"))
    text = issue.read_bytes()
    assert (killed.returncode, inbox.read_text(encoding="utf-8")) == (9, waiting)
    done = CliRunner().invoke(cli, ["new", "2026-11-21"])
    assert done.exit_code == 0 and "with 1 item" in done.stderr, done.output
    assert issue.read_bytes() == text and "example.org" not in inbox.read_text(encoding="utf-8")
    inbox.write_text(waiting, encoding="utf-8")
    issue.write_bytes(text + "改过。\n".encode())
    done = CliRunner().invoke(cli, ["new", "2026-11-21"])
    assert done.exit_code == 1 and inbox.read_text(encoding="utf-8") == waiting


def test_a_dry_run_prints_the_file_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "2026-11-07.md").write_text("# 灯下（2026-11-07）\n", encoding="utf-8")
    (tmp_path / "inbox.md").write_text("- [一](https://example.org/1)\n", encoding="utf-8")
    before = everything(tmp_path)
    done = CliRunner().invoke(cli, ["new", "2026-12-05", "--dry-run"])
    assert done.stdout == "# 灯下（2026-12-05）\n\n- [一](https://example.org/1)\n\n"
    assert everything(tmp_path) == before


def test_an_issue_that_is_not_utf_8_is_not_copied_as_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "2026-11-07.md").write_bytes("# 灯下（2026-11-07）\n".encode("gb18030"))
    done = CliRunner().invoke(cli, ["new", "2026-12-05"])
    assert done.exit_code == 1
    assert "2026-11-07.md:1: byte 0xb5 is not UTF-8; it looks like GBK: save it as UTF-8" in done.output
    assert [each.name for each in tmp_path.iterdir()] == ["2026-11-07.md"]


def test_what_a_link_leads_to_outside_is_not_of_the_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository that somebody else made chooses no file of this machine that is read, published or written."""
    secret = tmp_path / "secret.md"
    secret.write_text("# 机密 2026-11-20\n\n- [机](https://example.org/1)\n", encoding="utf-8")
    root = tmp_path / "letter"
    root.mkdir()
    written(root, "2026-11-07.md: # 灯下（2026-11-07）")
    (root / "2026-11-20.md").symlink_to(secret)
    assert [each.name for each in letter.find(root).issues] == ["2026-11-07.md"]
    monkeypatch.chdir(root)
    add = "add --offline https://example.org/2"
    for name, words in (("inbox.md", "new"), ("inbox.md", add), ("template.md", "new")):
        (root / name).symlink_to(secret)
        done = CliRunner().invoke(cli, words.split())
        assert done.exit_code and "out of the newsletter's folder" in done.stderr, words
        assert (root / name).is_symlink() and "机密" not in done.stdout
        (root / name).unlink()
    (root / "2026-11-07.md").unlink()
    (root / "2026-11-20.md").unlink()
    (root / "issues").symlink_to(tmp_path)
    for words in ("new 2026-12-05", "init --yes"):
        assert "out of the newsletter's folder" in CliRunner().invoke(cli, words.split()).stderr
    (root / "issues").unlink()
    (root / ".github").symlink_to(tmp_path)
    assert "out of the newsletter's folder" in CliRunner().invoke(cli, ["init", "--yes", "--workflow"]).stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["letter", "secret.md"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "2026-11-07.md: # 灯下（2026-11-07）")
    os.mkfifo(tmp_path / "2026-11-14.md")
    os.mkfifo(tmp_path / "inbox.md")
    monkeypatch.chdir(tmp_path)
    assert [each.name for each in letter.find(tmp_path).issues] == ["2026-11-07.md"]
    for words in ("new 2026-12-05", "add --offline https://example.org/1"):
        done = CliRunner().invoke(cli, words.split())
        assert done.exit_code == 1 and "inbox.md: not a file" in done.stderr


def test_an_inbox_that_is_a_link_within_the_letter_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "2026-11-07.md: # 灯下（2026-11-07）")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/found.md").write_text("- https://example.org/1\n", encoding="utf-8")
    (tmp_path / "inbox.md").symlink_to("notes/found.md")
    monkeypatch.chdir(tmp_path)
    assert not CliRunner().invoke(cli, ["add", "--offline", "https://example.org/2"]).exit_code
    assert (tmp_path / "inbox.md").is_symlink()
    assert (tmp_path / "notes/found.md").read_text(encoding="utf-8").count("example.org") == 2


@pytest.mark.skipif(os.name != "posix", reason="files have no rights here")
def test_a_file_that_is_written_anew_keeps_its_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "2026-11-07.md: # 灯下（2026-11-07）")
    monkeypatch.chdir(tmp_path)
    assert not CliRunner().invoke(cli, ["add", "--offline", "https://example.org/1"]).exit_code
    (tmp_path / "inbox.md").chmod(0o600)
    assert not CliRunner().invoke(cli, ["add", "--offline", "https://example.org/2"]).exit_code
    assert (tmp_path / "inbox.md").read_text(encoding="utf-8").count("example.org") == 2
    assert (tmp_path / "inbox.md").stat().st_mode & 0o777 == 0o600


def test_real_letters_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From every issue of the real letter on, the next has its frame, and nothing that only the last one said."""
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus is not at {CORPUS}")
    found = letter.read(CORPUS, config.Config(CORPUS))
    for count in range(2, len(found.issues) + 1):
        so_far = replace(found, issues=found.issues[:count])
        day, number = so_far.following(date(2026, 11, 21))
        wanted = skeleton.Next(so_far.place(day, number), day, number)
        text = skeleton.make(so_far, wanted, Inbox("## 论文\n\n- [一](https://example.org/1)\n")).text
        last = so_far.issues[-1].path.read_text(encoding="utf-8")
        said = [found.text for found in skeleton.cut(last) if found.kind == "item" and "摘要" in found.text]
        assert said and not any(each in text for each in said)
        assert text.count("\n## ") >= 4
        assert "2026-11-21" in text.split("\n# ", 1)[1].split("\n")[0]
        assert "## 论文" in text and text.index("## 论文") < text.index("https://example.org/1")


# --- a letter begun ---------------------------------------------------------------------------------------------------


def init(*words: str, answers: str | None = None) -> str:
    done = CliRunner().invoke(cli, ["init", *words], input=answers)
    assert done.exit_code == 0, done.output
    return done.output


def everything(root: Path) -> dict[str, bytes]:
    paths = (each for each in sorted(root.rglob("*")) if each.is_file() and ".git/" not in each.as_posix())
    return {each.relative_to(root).as_posix(): each.read_bytes() for each in paths}


def test_a_new_letter_checks_clean_converts_and_pushes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wechat: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    init(
        "letter",
        "--name",
        "灯下",
        "--author",
        "编辑部",
        "--url",
        "https://github.com/Me/letter",
        "--date",
        "2026-11-21",
    )
    issue = Path("letter/issues/2026-11-21.md")
    run = CliRunner().invoke
    checked = run(cli, ["check", "--strict", str(issue)])
    assert checked.exit_code == 0
    assert "nothing found" in checked.output
    assert run(cli, ["convert", str(issue)]).exit_code == 0
    monkeypatch.setenv("WXPUB_API_BASE", wechat.url)
    monkeypatch.setenv("WXPUB_APPID", wechat.appid)
    monkeypatch.setenv("WXPUB_SECRET", wechat.secret)
    pushed = run(cli, ["push", str(issue)])
    assert pushed.exit_code == 0, pushed.output
    opened = open_issue(issue)
    assert opened.layout.article.title == "灯下 第 1 期（2026-11-21）"
    assert opened.layout.article.author == "编辑部"
    assert opened.layout.article.source_url == "https://github.com/Me/letter/blob/HEAD/issues/2026-11-21.md"
    assert opened.cover.series == "灯下"


def test_it_can_be_run_again_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    init("--name", "灯下")
    before = everything(tmp_path)
    assert sorted(before) == [".gitattributes", ".gitignore", f"issues/{date.today()}.md", "wxpub.toml"]
    said = init("--name", "别的名字")
    assert everything(tmp_path) == before
    assert said.count("kept: ") == 3


def test_what_was_there_stays_and_gets_the_lines_that_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wxpub.toml").write_bytes(b"[article]\nauthor = 'x'\n")
    (tmp_path / ".gitignore").write_bytes(b"*.pyc\r\n/issues/*.html\r\n# end")
    (tmp_path / ".gitattributes").write_bytes(b"wxpub.ledger.json -merge\n")
    init()
    assert (tmp_path / "wxpub.toml").read_bytes() == b"[article]\nauthor = 'x'\n"
    ignored = (tmp_path / ".gitignore").read_bytes()
    added = b"/issues/*.eml\r\n/issues/*.cards/\r\n/wxpub.ledger.*.old.json\r\n.*.tmp\r\n"
    assert ignored == b"*.pyc\r\n/issues/*.html\r\n# end\r\n" + added
    merged = (tmp_path / ".gitattributes").read_bytes()
    assert merged == b"wxpub.ledger.json -merge\ninbox.md merge=union\n"


def test_a_letter_that_is_there_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text('[remote "origin"]\n\turl = git@github.com:Me/Lamps.git\n', encoding="utf-8")
    for day in ("2026-10-24", "2026-11-07"):
        text = f"---\nauthor: 某人\n---\n\n# 灯下（{day}）：题目\n"
        (tmp_path / f"{day}.md").write_text(text, encoding="utf-8")
    (tmp_path / "2026-11-07.html").touch()  # which another tool made
    said = init("--yes")
    settings = config.find(tmp_path)
    assert settings.article["author"] == "某人"
    assert settings.article["cover_series"] == "灯下"
    assert settings.article["source_url"] == "https://github.com/Me/Lamps/blob/HEAD/{path}"
    assert "2 issues are there, the last is 2026-11-07.md" in said
    assert sorted(each.name for each in tmp_path.glob("*.md")) == ["2026-10-24.md", "2026-11-07.md"]
    assert "html" not in (tmp_path / ".gitignore").read_text()


def test_a_letter_below_its_repository_is_shown_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text('[remote "origin"]\n\turl = https://gitee.com/me/all\n', encoding="utf-8")
    (tmp_path / "letters/lamps").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "letters/lamps")
    init("--yes")
    found = config.find(Path()).article["source_url"]
    assert found == "https://gitee.com/me/all/blob/HEAD/letters/lamps/{path}"


@pytest.mark.parametrize(("picture", "home"), [("../qr.png", "."), ("qr.png", "issues")])
def test_a_letter_whose_issues_show_pictures_above_is_the_folder_above(
    picture: str, home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "issues").mkdir()
    for day in ("2026-10-24", "2026-11-07"):
        text = f"# 灯下（{day}）\n\n字\n\n![二维码]({picture})\n"
        (tmp_path / f"issues/{day}.md").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "issues")
    init("--yes")
    assert [each.parent for each in tmp_path.rglob("wxpub.toml")] == [tmp_path / home]


@pytest.mark.parametrize(
    ("url", "source", "sites"),
    [
        ("https://letter.example/", "https://letter.example/", ("https://letter.example/{path}",)),
        ("https://letter.example/{stem}", "https://letter.example/{stem}", ()),
        ("https://github.com/me/letter/", "https://github.com/me/letter/blob/HEAD/{path}", ()),
        ("", None, ()),
    ],
)
def test_its_address_becomes_what_the_reader_opens(
    url: str, source: str | None, sites: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    init("--name", '灯 "下" \\', "--url", url)
    found = config.find(tmp_path)
    assert (found.article.get("source_url"), found.sites) == (source, sites)
    assert found.article["cover_series"] == '灯 "下" \\'


def test_three_questions_are_asked_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("wxpub.cli.desk._asks", lambda: True)
    said = init(answers="灯下\n\nhttps://letter.example/\n")
    assert [said.count(each) for each in ("Name of the newsletter", "Author [编辑部]", "on the web")] == [1, 1, 1]
    found = config.find(tmp_path).article
    assert (found["cover_series"], found["author"], found["source_url"]) == (
        "灯下",
        "编辑部",
        "https://letter.example/",
    )
    assert "Name" not in init()  # the settings answer them


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--name", " "], "the letter has no name; give it with --name"),
        (["--url", "letter.example"], "letter.example is not an address of the web"),
        (["--url", "https://letter.example/{slug}"], "url has an unknown {slug}; known: {path}, {stem}, {date}"),
        (["--date", "2026-02-30"], "'2026-02-30' is not a day, for example 2026-11-21"),
        (["file"], "file: is no folder"),
    ],
)
def test_init_refuses(words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    done = CliRunner().invoke(cli, ["init", *words])
    assert done.exit_code != 0
    assert said in done.output
    assert sorted(everything(tmp_path)) == ["file"]
