"""Diagrams: a finding where nobody draws them, else pictures, by programs that the user alone can name."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import CHROMIUM, ROOT
from PIL import Image
from pushing import newsletter

from wxpub import config, issue
from wxpub.checks import check
from wxpub.cli import cli
from wxpub.errors import ConfigError
from wxpub.images import draw, fit
from wxpub.sandbox import Sandbox
from wxpub.tree import DIAGRAMS

DOT = "digraph { 甲 -> 乙 }"
SOURCE = f"---\ntitle: 图\n---\n\n前文。\n\n```dot\n{DOT}\n```\n\n后文。\n"
# What a program is that draws: it writes down what it was given, and answers with a small PNG.
PAINTER = """
import json, os, sys
from PIL import Image
log = {log!r}
with open(log, "a", encoding="utf-8") as file:
    words = [sys.stdin.read(), *sys.argv[1:]]
    file.write(json.dumps([words, sorted(os.environ), os.listdir(".")]) + "\\n")
Image.new("RGB", (30, 20), "#336699").save(sys.argv[2] if len(sys.argv) > 2 else sys.stdout.buffer, "PNG")
"""


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def settings(text: str) -> Path:
    place = config.own_place()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    place.chmod(0o600)
    return place


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "letter").mkdir()
    monkeypatch.chdir(tmp_path / "letter")
    Path("issue.md").write_text(SOURCE, encoding="utf-8")
    return tmp_path / "letter"


def program(folder: Path, code: str, words: str = "", language: str = "dot") -> Path:
    """Name a program of Python's in the user's settings."""
    place = folder.parent / "program.py"
    place.write_text(code, encoding="utf-8")
    return settings(f"[render]\n{language} = '''{sys.executable} {place} {words}'''\n")


def painter(folder: Path, words: str = "") -> Path:
    """Name a program that draws; return its log."""
    log = folder.parent / "log"
    program(folder, PAINTER.format(log=str(log)), words)
    return log


def drawn(log: Path) -> list[list[list[str]]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def problems(path: Path = Path("issue.md")) -> list[tuple[str, int | None, str]]:
    found = check(issue.open(path))
    return [(each.rule, each.line, each.message) for each in found if each.rule in ("diagram-source", "image-missing")]


# --- without a program ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", DIAGRAMS)
def test_a_diagram_that_nobody_draws_is_a_finding_and_stays_readable(language: str, folder: Path) -> None:
    Path("issue.md").write_text(SOURCE.replace("```dot", f"```{language}"), encoding="utf-8")
    ((rule, line, message),) = problems()
    assert (rule, line) == ("diagram-source", 7)
    assert language in message
    text = run("convert", "issue.md", "--fragment", "-o", "-").output
    assert f"图的源码（{language}）" in text
    assert "甲" in text
    assert "<img" not in text


def test_other_code_is_no_diagram(folder: Path) -> None:
    painter(folder)
    Path("issue.md").write_text(SOURCE.replace("```dot", "```python"), encoding="utf-8")
    assert not problems()
    assert "图的源码" not in run("convert", "issue.md", "--fragment", "-o", "-").output


# --- with one ---------------------------------------------------------------------------------------------------------


def test_a_diagram_is_drawn_once_and_uploaded_like_any_picture(folder: Path, wechat: Sandbox) -> None:
    log = painter(folder)
    letter = newsletter(wechat, folder)
    first, second = letter.write("a.md", SOURCE), letter.write("b.md", SOURCE)
    for path in (first, second, first):
        result = run("push", str(path), "--sandbox")
        assert result.exit_code == 0, result.output
    assert len(drawn(log)) == 1
    assert run("check", "--strict", "a.md").output.count("diagram") == 0
    page = run("convert", "a.md", "--fragment", "-o", "-").output
    assert DOT not in page
    assert "diagram:dot:digraph" in page


def test_another_text_or_another_command_is_drawn_anew(folder: Path) -> None:
    log = painter(folder)
    assert not problems()
    Path("issue.md").write_text(SOURCE.replace("甲", "丙"), encoding="utf-8")
    assert not problems()
    painter(folder, "{in}")
    assert not problems()
    assert len(drawn(log)) == 3


def test_the_text_comes_by_standard_input_or_by_file_and_the_picture_goes_either_way(folder: Path) -> None:
    log = painter(folder)
    assert not problems()
    painter(folder, "{in} {out}")
    assert not problems()
    (by_input, _, _), (by_file, _, beside) = drawn(log)
    assert by_input == [DOT + "\n"]
    assert [Path(each).name for each in by_file[1:]] == ["diagram.txt", "diagram.png"]
    assert {*beside} == {"diagram.txt", "output", "said"}


def test_no_shell_reads_the_command_or_the_diagram(folder: Path) -> None:
    log = painter(folder, "'$(touch owned)' ;")
    Path("issue.md").write_text(SOURCE.replace("甲", "$(touch owned); `touch owned`"), encoding="utf-8")
    problems()
    assert "$(touch owned)" in drawn(log)[0][0]
    assert not list(folder.parent.rglob("owned"))


def test_the_program_gets_no_secret(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXPUB_SECRET", "0" * 32)
    monkeypatch.setenv("GITHUB_TOKEN", "ghp")
    log = painter(folder)
    assert not problems()
    names = {*drawn(log)[0][1]}
    assert not {"WXPUB_SECRET", "GITHUB_TOKEN"} & names
    assert {"SERVER_NAME", "PLANTUML_SECURITY_PROFILE"} <= names


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; print('at x.py\\nError: line 3 is odd', file=sys.stderr); sys.exit(1)", "Error: line 3 is odd"),
        ("import sys; sys.exit(7)", "the program ended with 7"),
        ("", "the program made no picture"),
        ("print('<html>')", "the program made no picture"),
        ("print('x' * 2_000_000)", "more than 1 MB were written"),
        ("while True: print('x' * 1_000_000)", "more than 1 MB were written"),
        ("import time; time.sleep(600)", "not done after 1 seconds"),
    ],
)
def test_a_program_that_fails_is_an_error_on_the_diagrams_line(
    code: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draw, "DIAGRAM_SECONDS", 1)
    monkeypatch.setattr(draw, "DIAGRAM_BYTES", 1024**2)
    program(folder, code)
    ((rule, line, message),) = problems()
    assert (rule, line) == ("image-missing", 7)
    assert message == f"the dot diagram cannot be drawn: {said}"
    assert run("push", "issue.md", "--sandbox").exit_code == 1


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no list of processes to look into")
def test_what_a_program_started_ends_with_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw, "DIAGRAM_SECONDS", 2)
    left = folder.parent / "pid"
    program(
        folder,
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(left)!r}, 'w').write(str(child.pid)); time.sleep(600)\n",
    )
    problems()
    status = Path("/proc", left.read_text(), "stat")
    while status.exists() and ") Z " not in status.read_text():  # its end is asked for, and comes when there is time
        time.sleep(0.02)


def test_a_program_that_is_not_there_is_named(folder: Path) -> None:
    settings('[render]\ndot = "no-such-program {in}"\n')
    ((rule, _, message),) = problems()
    assert rule == "image-missing"
    assert message == "the dot diagram cannot be drawn: there is no program no-such-program"


def test_a_picture_that_asks_for_a_drawing_finds_no_program(folder: Path) -> None:
    Path("issue.md").write_text("# 题\n\n![图](diagram:dot:digraph%7B%7D)\n", encoding="utf-8")
    assert [each[2] for each in problems()] == ["no program is named that draws dot"]


# --- whose settings ---------------------------------------------------------------------------------------------------


def test_a_project_names_no_program(folder: Path) -> None:
    Path("wxpub.toml").write_text('[article]\n\n[render]\ndot = "touch owned"\n', encoding="utf-8")
    result = run("check", "issue.md")
    assert result.exit_code == 1
    assert "wxpub.toml:3: [render] names programs to run, and a project may not" in result.output
    assert str(config.own_place()) in result.output
    assert not Path("owned").exists()
    Path("wxpub.toml").unlink()
    Path("config.toml").write_text('[render]\ndot = "touch owned"\n', encoding="utf-8")
    assert [each[0] for each in problems()] == ["diagram-source"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[render]\nmermad = "mmdc"\n', "2: [render]: unknown key mermad; did you mean mermaid?"),
        ("[render]\ndot = 3\n", "2: [render]: dot has a value of the wrong kind; give text in quotes"),
        ('[render]\ndot = ""\n', '2: [render]: dot is no command; write it as in a terminal: "mmdc -i {in} -o {out}"'),
        ('[render]\ndot = "dot \'"\n', "2: [render]: dot is no command; "),
        ('render = "dot"\n', "1: render is not a table; write [render]"),
        ("[article]\n", "1: unknown table article; known tables: render"),
        ("[render\n", "1: not valid TOML: "),
    ],
)
def test_a_mistake_in_the_users_settings_is_said(text: str, said: str, folder: Path) -> None:
    place = settings(text)
    with pytest.raises(ConfigError) as error:
        config.renderers()
    assert str(error.value).startswith(f"{place}:{said}")
    result = run("check", "issue.md")
    assert result.exit_code == 1
    assert said in result.output


@pytest.mark.skipif(os.name != "posix", reason="files have no owner here")
def test_settings_that_others_could_write_run_nothing(folder: Path) -> None:
    log = painter(folder)
    config.own_place().chmod(0o666)
    assert "could be changed by other users" in run("check", "issue.md").output
    assert not log.exists()


def test_an_issue_without_diagrams_asks_for_no_settings(folder: Path) -> None:
    settings("[render\n")
    Path("issue.md").write_text("# 题\n\n```python\nprint()\n```\n", encoding="utf-8")
    assert not problems()


def test_the_doctor_offers_what_is_there_and_says_what_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = folder.parent / "bin"
    here.mkdir()
    for name in ("dot", "plantuml"):
        (here / name).write_text("#!/bin/sh\n")
        (here / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(here))
    lines = run("doctor", "--json").output
    assert "dot could draw dot" in lines
    assert "plantuml -tpng -pipe" in lines
    assert "mmdc" not in lines
    settings('[render]\ndot = "dot -Tpng"\nmermaid = "mmdc -i {in} -o {out}"\n')
    lines = run("doctor", "--json").output
    assert f"{here / 'dot'} draws dot" in lines
    assert "mmdc, which draws mermaid, is not to be found" in lines


# --- real programs ----------------------------------------------------------------------------------------------------


@pytest.mark.graphviz
def test_graphviz_draws(folder: Path, wechat: Sandbox) -> None:
    from wxpub.drafts.doctor import RENDERERS

    settings(f'[render]\ndot = "{RENDERERS["dot"]}"\n')
    letter = newsletter(wechat, folder)
    result = run("push", str(letter.write("a.md", SOURCE)), "--sandbox")
    assert result.exit_code == 0, result.output
    text = run("convert", "a.md", "--json").output
    width, height = fit.size(draw.diagram("dot", DOT + "\n", tuple(RENDERERS["dot"].split()))) or (0, 0)
    assert width > 60 < height
    assert "diagram:dot:" in text
    secret = folder / "secret.png"
    Image.new("RGB", (2_000, 2_000)).save(secret)
    own = draw.diagram("dot", f'digraph {{ 甲 [image="{secret}"] }}', tuple(RENDERERS["dot"].split()))
    assert max(fit.size(own) or (0, 0)) < 1_000, "a diagram has read a file"
    Path("a.md").write_text(SOURCE.replace("甲", "{"), encoding="utf-8")
    ((_, line, message),) = problems(Path("a.md"))
    assert line == 7
    assert "syntax error in line 1" in message


def test_mermaid_draws(folder: Path) -> None:
    mmdc = shutil.which("mmdc", path=f"{os.environ['PATH']}:{ROOT / 'tests/js/node_modules/.bin'}")
    if mmdc is None or CHROMIUM is None:
        pytest.skip("no mmdc found: npm install --global @mermaid-js/mermaid-cli, with a Chromium beside it")
    browser = folder.parent / "browser.json"
    browser.write_text(json.dumps({"executablePath": CHROMIUM, "args": ["--no-sandbox"]}))
    settings(f"[render]\nmermaid = '{mmdc} -p {browser} -i {{in}} -o {{out}}'\n")
    Path("issue.md").write_text("# 题\n\n```mermaid\ngraph LR\n  A[开始] --> B{判断}\n```\n", encoding="utf-8")
    opened = issue.open(Path("issue.md"))
    (image,) = opened.layout.images
    width, height = opened.images.size(image.src) or (0, 0)
    assert width > 2 * height > 60
    assert not problems()
    Path("issue.md").write_text("# 题\n\n```mermaid\ngraph LR\n  A[开始 --> B\n```\n", encoding="utf-8")
    ((_, line, message),) = problems()
    assert line == 3
    assert "Parse error on line" in message
