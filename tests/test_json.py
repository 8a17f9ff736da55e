"""What `--json` answers: one document of one form for every command, whatever becomes of it.

`pytest tests/test_json.py --update` writes the fields of every command into docs/json.md.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from conftest import ROOT
from jsonschema import Draft202012Validator
from pushing import SECRET, picture

from wxpub.cli import COMMANDS, answer, cli, schema
from wxpub.errors import WxpubError

PAGE = ROOT / "docs/json.md"
SESSION = [
    line.split(maxsplit=2)
    for line in (ROOT / "tests/cases/json.txt").read_text(encoding="utf-8").splitlines()
    if re.match(r"\d", line)
]
ENDLESS = {"preview", "sandbox"}  # they answer as soon as they are ready


def leaves() -> Iterator[tuple[str, click.Command]]:
    """List all commands that do something, by their words."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from ((f"{name} {each}", inner) for each, inner in command.commands.items())
        else:
            yield name, command


LEAVES = dict(leaves())
ANSWERING = sorted(LEAVES.keys() - schema.SPEAKING)


def strict(form: Any) -> Any:
    """Allow no field that the schema does not name."""
    if isinstance(form, list):
        return [strict(each) for each in form]
    if not isinstance(form, dict):
        return form
    found = {key: strict(each) for key, each in form.items()}
    return found | ({"additionalProperties": False} if "required" in form and "if" not in form else {})


FORM = Draft202012Validator(strict(schema.schema()))


def document(text: str) -> dict[str, Any]:
    """Read a document, and hold it to the schema."""
    found: dict[str, Any] = json.loads(text)
    problems = [f"{'.'.join(map(str, each.absolute_path))}: {each.message}" for each in FORM.iter_errors(found)]
    assert not problems, problems
    return found


def run(line: str, **kwargs: Any) -> Result:
    result = CliRunner().invoke(cli, line.split(), **kwargs)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a newsletter with three issues, one of them broken, and stand in it."""
    folder = tmp_path / "letter"
    folder.mkdir()
    picture(folder / "1.png")
    (folder / "wxpub.toml").write_text('[network]\nproxy = "http://127.0.0.1:9"\n', encoding="utf-8")
    (folder / "a.md").write_text("# 第一期\n\n正文。\n\n![图](1.png)\n\n## 新闻\n\n- [一条](https://a.example/)。\n")
    (folder / "b.md").write_text("# 第二期\n\n正文。\n", encoding="utf-8")
    (folder / "c.md").write_text("# 第三期\n\n正文。\n", encoding="utf-8")
    for day in ("2026-11-06", "2026-11-20"):
        (folder / f"{day}.md").write_text(f"# {day}\n\n正文。\n\n## 往期回顾\n\n- [x](x.md)\n", encoding="utf-8")
    (folder / "bad.md").write_text("# 题\n\n[空]()\n\n![图](missing.png)\n", encoding="utf-8")
    (folder / "a.html").write_text("<div>字<a href='https://mp.weixin.qq.com/s/A'>A</a></div>", encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("WXPUB_SANDBOX_DB", str(tmp_path / "sandbox" / "db.sqlite3"))
    return folder


@pytest.mark.font  # for the cards
def test_every_command_answers_in_the_form_of_the_schema_whether_it_works_or_not(letter: Path) -> None:
    known = {"draft": "", "url": ""}
    worked: set[str] = set()
    for code, kind, words in SESSION:
        line = f"{words.format(**known)} --json"
        result = run(line)
        found = document(result.stdout)
        said = found["error"]["kind"] if found["error"] else "-"
        assert (found["exit_code"], said) == (int(code), kind), f"{line}\n{result.output}"
        assert result.exit_code == found["exit_code"]
        assert found["ok"] == (result.exit_code == 0)
        if found["ok"] or words == "doctor":  # which says that there is no account
            assert found["result"] is not None, line
            worked.add(found["command"])
        if found["command"] == "push" and found["ok"]:
            known["draft"] = found["result"].get("media_id", "")
        if found["command"] == "publish" and found["ok"] and "published" in found["result"]:
            known["url"] = found["result"]["published"][0]["url"]
    assert worked | ENDLESS == set(ANSWERING), "every command belongs into tests/cases/json.txt"


def test_every_command_has_json_and_its_form_is_described() -> None:
    assert set(schema.RESULTS) == set(ANSWERING)
    for name in ANSWERING:
        assert "--json" in [option for param in LEAVES[name].params for option in param.opts], name
    Draft202012Validator.check_schema(json.loads(run("--schema").stdout))
    for name in ANSWERING:
        Draft202012Validator.check_schema(schema.of(name))


@pytest.mark.parametrize("name", ANSWERING)
def test_a_command_that_is_called_wrongly_says_so_in_json(name: str) -> None:
    result = run(f"{name} --json --nonsense")
    found = document(result.stdout)
    assert (found["command"], found["exit_code"], found["error"]["kind"]) == (name, 2, "usage")
    assert "--nonsense" in found["error"]["message"]


@pytest.mark.parametrize("line", ["--json", "--nonsense --json", "nonsense --json", "drafts --json"])
def test_what_is_no_command_is_answered_too(line: str) -> None:
    found = document(run(line).stdout)
    assert (found["ok"], found["exit_code"], found["error"]["kind"]) == (False, 2, "usage")


@pytest.mark.parametrize("line", ["check --json --help", "check a.md", "--help", "check -- --json", "themes"])
def test_who_asks_for_help_or_not_for_json_gets_no_document(letter: Path, line: str) -> None:
    assert not run(line).stdout.startswith("{")


def test_findings_have_one_form_everywhere_and_are_there_though_the_push_fails(letter: Path) -> None:
    found = {
        name: document(run(f"{line} --json").stdout)["findings"]
        for name, line in (("check", "check bad.md"), ("convert", "convert bad.md"), ("push", "push bad.md --sandbox"))
    }
    told = {name: {(each["rule"], each["path"], each["line"]) for each in rows} for name, rows in found.items()}
    assert ("link-empty", "bad.md", 3) in told["check"] & told["convert"] & told["push"]
    assert ("image-missing", "bad.md", 5) in told["check"]
    assert ("image", "bad.md", 5) in told["push"]


def test_the_error_that_people_read_goes_to_stderr(letter: Path) -> None:
    result = run("push none.md --sandbox --json")
    error = document(result.stdout)["error"]
    assert error["message"] in result.stderr
    assert error["path"] == "none.md"


def test_what_wechat_refuses_comes_with_its_number(letter: Path) -> None:
    error = document(run("drafts show nonsense --sandbox --json").stdout)["error"]
    assert (error["kind"], error["errcode"], error["endpoint"]) == ("wechat", 40007, "draft/get")


def test_what_cannot_be_reached_is_an_error_of_the_network(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (letter / "wxpub.toml").write_text("", encoding="utf-8")
    for name, value in (("APPID", "wx1"), ("SECRET", SECRET), ("API_BASE", "http://127.0.0.1:1")):
        monkeypatch.setenv(f"WXPUB_{name}", value)
    result = run("drafts list --json")
    assert document(result.stdout)["error"]["kind"] == "network"
    assert SECRET not in result.output


def test_somebody_elses_draft_is_a_conflict(letter: Path) -> None:
    pushed = document(run("push a.md --sandbox --json").stdout)["result"]
    other = letter / "other"
    other.mkdir()
    assert pushed["action"] == "created"
    (letter / "a.md").rename(letter / "renamed.md")
    (letter / "renamed.md").write_text("# 别的题\n\n别的正文。\n", encoding="utf-8")
    error = document(run("push renamed.md --sandbox --json").stdout)["error"]
    assert (error["kind"], "index move" in error["hint"]) == ("conflict", True)


def test_a_fault_of_our_own_is_answered_and_keeps_its_traceback(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object, **named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("wxpub.checks.check", broken)
    result = CliRunner().invoke(cli, ["check", "a.md", "--json"])
    found = document(result.stdout)
    assert (found["exit_code"], found["error"]["kind"], found["error"]["message"]) == (
        1,
        "internal",
        "ZeroDivisionError",
    )
    assert isinstance(result.exception, ZeroDivisionError)


def test_the_kinds_of_errors_are_all_told_apart() -> None:
    families = {each for each in answer.KINDS if issubclass(each, WxpubError)}
    assert families == {WxpubError, *WxpubError.__subclasses__()}


# --- processes --------------------------------------------------------------------------------------------------------


def process(line: str, stdin: int = subprocess.DEVNULL, **env: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "wxpub", *line.split()]
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def test_ctrl_c_is_answered(letter: Path) -> None:
    (letter / "wxpub.toml").write_text("", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:  # it hears, and never answers
        base = f"http://127.0.0.1:{server.getsockname()[1]}"
        running = process("drafts list --json", WXPUB_APPID="wx1", WXPUB_SECRET=SECRET, WXPUB_API_BASE=base)
        connection, _ = server.accept()
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=60)
        connection.close()
    found = document(stdout)
    assert (running.returncode, found["exit_code"], found["error"]["kind"]) == (130, 130, "interrupted")
    assert found["command"] == "drafts list"
    assert "interrupted" in stderr


@pytest.mark.skipif(os.name != "posix", reason="terminals are POSIX's")
def test_a_no_is_an_answer(letter: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    running = process("trust --json", stdin=theirs)
    os.write(ours, b"n\n")
    stdout, _ = running.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    found = document(stdout)
    assert (found["exit_code"], found["error"]["kind"]) == (1, "declined")


@pytest.mark.parametrize("line", ["preview a.md --no-open --json", "sandbox --temporary --port 0 --json"])
def test_a_command_that_goes_on_answers_when_it_is_ready(letter: Path, line: str) -> None:
    running = process(line, PYTHONUNBUFFERED="1")
    assert running.stdout
    lines: list[str] = []
    while not lines or lines[-1] != "}\n":
        lines.append(running.stdout.readline())
        assert lines[-1], "it ended without an answer"
    found = document("".join(lines))
    assert found["ok"] and found["result"]["url"].startswith("http://127.0.0.1:")
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=60)
    assert (rest, running.returncode) == ("", 0)


def test_the_document_is_utf_8_whatever_the_console_speaks(letter: Path) -> None:
    running = process("convert a.md --json", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert document(running.communicate()[0])["result"]["files"][0]["article"]["title"] == "第一期"


# --- the page ---------------------------------------------------------------------------------------------------------

MARK = "<!-- What follows is made from wxpub/cli/schema.py: pytest tests/test_json.py --update -->\n"


def fields(form: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """Yield a line for each field of an object, those of its fields below it."""
    for name, field in form["properties"].items():
        inner = field
        while inner.get("type") in ("array", ["array", "null"]):
            inner = inner["items"]
        yield f"{'  ' * depth}- `{name}` ({kind(field)}): {field.get('description', '')}".rstrip(": ")
        if "properties" in inner:
            yield from fields(inner, depth + 1)


def kind(field: dict[str, Any]) -> str:
    if field.keys() == {"description"}:
        return "object or null"
    if "anyOf" in field:
        return " or ".join(kind(each) for each in field["anyOf"])
    if "$ref" in field:
        return f"[{field['$ref'].rpartition('/')[2]}](#{field['$ref'].rpartition('/')[2]})"
    if "enum" in field:
        return " | ".join(f"`{each}`" for each in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    names = {"string": "text", "integer": "number", "boolean": "true or false", "object": "object", "null": "null"}
    types = field["type"] if isinstance(field["type"], list) else [field["type"]]
    words = [names.get(each, "") for each in types]
    if "array" in types:
        words[types.index("array")] = f"list of {kind(field['items'])}"
    return " or ".join(words)


def page() -> str:
    """Write what the page says of every field."""
    lines = [MARK]
    whole = schema.envelope({"description": "see the command"})
    for title, form in (("The document", whole), ("finding", schema.FINDING), ("error", schema.ERROR)):
        lines += [f"## {title}\n", form["description"] + "\n", *fields(form), ""]
    lines += ["## The commands\n"]
    for name, result in schema.RESULTS.items():
        lines.append(f"### {name}\n")
        for form in result.get("anyOf", [result]):
            lines += [form["description"] + "\n", *fields(form), ""]
    return "\n".join(lines)


def test_the_page_describes_the_form_as_it_is(update: bool) -> None:
    text = PAGE.read_text(encoding="utf-8")
    current = text[: text.index(MARK)] + page()
    if update:
        PAGE.write_text(current, encoding="utf-8")
    assert text == current or update, "run pytest tests/test_json.py --update"


def test_the_page_names_every_kind_of_error_and_every_exit_code() -> None:
    head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    rows = re.findall(r"^\| `?(\w+)`? \|", head, re.MULTILINE)
    assert set(answer.KINDS.values()) <= set(rows)
    assert {"0", "1", "2", "130"} <= set(rows)


EXAMPLES = re.findall(r"^(wxpub .*\| jq .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.skipif(shutil.which("jq") is None, reason="no jq found: install the package jq")
def test_the_examples_of_the_page_find_what_they_ask_for(letter: Path) -> None:
    """They run as they stand, in a folder with a draft and a published issue."""
    run("push b.md --sandbox")
    run("index add a.md https://mp.weixin.qq.com/s/AbCdEf")
    assert len(EXAMPLES) >= 4
    for example in EXAMPLES:
        wxpub = f"{sys.executable} -m wxpub"
        script = re.sub(r"^wxpub ", f"{wxpub} ", example).replace("issue.md", "a.md")
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() not in ("", "null"), example
