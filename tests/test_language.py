"""One catalogue, two languages: everything that a person reads is said in English and in Chinese."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
import string
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import jinja2
import pytest
from click.testing import CliRunner
from conftest import ROOT

import wxpub
from wxpub import article, language, style, theme
from wxpub.checks.pages import CHANNELS, CONFIDENCE, page_rules
from wxpub.cli import COMMANDS, cli, paragraphs
from wxpub.errors import REASONS, reason_of
from wxpub.finding import KINDS, Rule
from wxpub.limits import ERRCODE_HINTS
from wxpub.theme import sheet

PACKAGE = ROOT / "wxpub"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
WORDS = re.compile(r"[A-Za-z]{2,}[^A-Za-z_]+[A-Za-z]{2,}")  # two words and more are a sentence
# What takes a sentence that a person reads.
SAYS = {
    "SourceError", "ConfigError", "ConflictError", "NetworkError", "WxpubError",
    "UsageError", "BadParameter", "ClickException",
    "find", "echo", "tell", "confirm", "say", "notify", "_notify",
}  # fmt: skip


def places(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


def called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


@cache
def calls() -> tuple[tuple[str, ast.Call], ...]:
    """List every call in the product, with its place."""
    return tuple(
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    )


@cache
def in_templates() -> tuple[tuple[str, tuple[str, ...], frozenset[str]], ...]:
    """List what the pages' templates say: the place, the message or the two, and the places that are given a value."""
    found = []
    for path in sorted((PACKAGE / "sandbox/templates").glob("*.html")):
        for call in jinja2.Environment().parse(path.read_text(encoding="utf-8")).find_all(jinja2.nodes.Call):
            name = getattr(call.node, "name", "")
            if name in ("tr", "tr_n"):
                texts = tuple(each.as_const() for each in call.args[: 1 if name == "tr" else 2])
                given = {each.key for each in call.kwargs} | ({"n"} if name == "tr_n" else set())
                found.append((f"{path.relative_to(ROOT)}:{call.lineno}", texts, frozenset(given)))
    return tuple(found)


def commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), name)
            assert found
            yield from commands(found)


def rules() -> Iterator[Rule]:
    yield from page_rules()
    for info in pkgutil.walk_packages(wxpub.__path__, "wxpub."):
        if info.name.endswith(("__main__", "pytest_plugin")):
            continue
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, Rule):
                yield value
            elif isinstance(value, tuple):
                yield from (each for each in value if isinstance(each, Rule))


@cache
def said() -> dict[str, str]:
    """Give every message that the program can say, and where it does."""
    found: dict[str, str] = {}
    for place, call in calls():
        if called(call) in ("tr", "tr_n"):
            texts = call.args[: 1 if called(call) == "tr" else 2]
            for text in texts[-1:]:
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found[text.value] = place
    for command in commands(cli):
        module = inspect.getmodule(command.callback)
        place = f"{module.__name__.replace('.', '/')}.py: {command.name}" if module else ""
        for each in paragraphs(command.help or ""):
            found[each.split("\n")[1] if each.startswith("\b") else each] = place
        found |= {each.help: place for each in command.params if isinstance(each, click.Option) and each.help}
    found |= {texts[-1]: place for place, texts, _ in in_templates()}
    found |= dict.fromkeys(COMMANDS.values(), "commands")
    found |= dict.fromkeys(KINDS.values(), "kinds of rules")
    found |= dict.fromkeys((*CHANNELS.values(), *CONFIDENCE.values()), "wxpub/checks/pages.py")
    found |= {text: f"errcode {code}" for code, text in ERRCODE_HINTS.items()}
    look = (theme.load(name).about for name in theme.names())
    found |= {**dict.fromkeys(look, "styles/"), **dict.fromkeys(article.TOML_FAULTS, "what TOML is wrong")}
    found |= dict.fromkeys(REASONS, "what the system says")
    faults = (*style.PROPERTY_FAULTS, *style.VALUE_FAULTS, *sheet.SELECTOR_FAULTS)
    found |= dict.fromkeys((*(why for _, why in faults), style.OPEN), "faults of a style")
    found |= dict.fromkeys((*sheet.HINTS.values(), *sheet.NO_KIND.values()), "wxpub/theme/sheet.py")
    for rule in rules():
        found |= {text: f"{rule.kind} rule {rule.id}" for text in (rule.message, rule.fix, rule.reader) if text}
    return found


def test_every_message_is_said_whole_in_one_place_that_can_be_found() -> None:
    wrong = []
    for place, call in calls():
        if called(call) not in ("tr", "tr_n") or "language.py" in place:
            continue
        texts = call.args[: 1 if called(call) == "tr" else 2]
        given = {each.arg for each in call.keywords} | ({"n"} if called(call) == "tr_n" else set())
        for text in texts:
            if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
                wrong.append(f"{place}: not a literal")
            elif call.keywords and not places(text.value) <= given:
                wrong.append(f"{place}: {places(text.value) - given} has no value")
    for place, texts, given in in_templates():
        wrong += [f"{place}: {places(text) - given} has no value" for text in texts if not places(text) <= given]
    assert not wrong, "\n".join(wrong)


def test_every_message_is_in_the_catalogue() -> None:
    known = language.chinese()
    missing = [f"{place}: {text!r}" for text, place in said().items() if text not in known]
    assert not missing, "\n".join(missing)


def clicks() -> set[str]:
    """Give what the catalogue has for click, by the catalogue's first section."""
    text = (PACKAGE / "chinese.txt").read_text(encoding="utf-8")
    section = text.split("\n# --- ")[1]
    return {line.replace("\\n", "\n").replace("\\t", "\t") for line in section.splitlines()[1::2]}


def test_the_catalogue_is_pairs_of_lines() -> None:
    lines = (PACKAGE / "chinese.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    assert all(not line.startswith(" ") for line in lines[::2])
    assert all(re.match(r" {4}\S", line) for line in lines[1::2])
    assert not [line for line, number in Counter(lines[::2]).items() if number > 1]


def test_no_message_of_the_catalogue_is_left_over() -> None:
    left = set(language.chinese()) - clicks() - set(said())
    assert not left, "\n".join(sorted(left))


def test_a_message_has_the_same_places_in_both_languages() -> None:
    """A sentence of click's may leave one out; ours fill every place."""
    wrong = []
    for english, words in language.chinese().items():
        if english in said_with_places() and places(english) != places(words):
            wrong.append(f"{english!r} / {words!r}")
    assert not wrong, "\n".join(wrong)


@cache
def said_with_places() -> set[str]:
    found = set()
    for _, call in calls():
        if called(call) == "tr_n" or (called(call) == "tr" and call.keywords):
            found |= {each.value for each in call.args[:2] if isinstance(each, ast.Constant)}
    for _, texts, given in in_templates():
        found |= {*texts} if given else set()
    return found


def test_chinese_is_written_as_chinese() -> None:
    """Full-width punctuation between Chinese words, and a space beside none of it."""
    wrong = []
    for english, words in language.chinese().items():
        if not CHINESE.search(words) and re.search(r"[A-Za-z]", re.sub(r"\{[^{}]*\}", "", english)):
            wrong.append(f"no Chinese: {english!r}")
        if re.search(r"[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff]\.(\s|$)|[，。；：？！、] +(?=\S)", words):
            wrong.append(f"{words!r}")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_said_past_the_catalogue() -> None:
    wrong = []
    for place, call in calls():
        if called(call) not in SAYS:
            continue
        for value in (*call.args, *(each.value for each in call.keywords if each.arg in ("hint", "fix", "message"))):
            if isinstance(value, ast.IfExp):
                parts: list[ast.expr] = [value.body, value.orelse]
            else:
                parts = [value]
            for part in parts:
                text = ""
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    text = part.value
                elif isinstance(part, ast.JoinedStr):
                    text = "x".join(str(each.value) for each in part.values if isinstance(each, ast.Constant))
                if WORDS.search(text) and not text.lstrip().startswith("export ") and "/" not in text.partition(" ")[0]:
                    wrong.append(f"{place}: {text}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({"LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "zh_CN"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh_CN:en"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "WXPUB_LANG": "en"}, "en"),
        ({"WXPUB_LANG": "zh-CN"}, "zh"),
        ({"WXPUB_LANG": "klingon", "LANG": "zh_CN.UTF-8"}, "zh"),
        ({}, "en"),
    ],
)
def test_the_language_is_that_of_the_user(
    environment: dict[str, str], spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE", "WXPUB_LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language.current() == spoken


def test_what_the_system_says_of_a_file_is_said_in_chinese_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXPUB_LANG", "zh")
    assert reason_of(PermissionError(13, "Permission denied")) == "没有权限"
    assert reason_of(OSError(999, "what nobody has heard of")) == "what nobody has heard of"
    assert reason_of(OSError("no number")) == "no number"


def test_the_settings_count_before_the_locale_and_after_all_that_is_said_for_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, issue = tmp_path / "wxpub.toml", tmp_path / "a.md"
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    monkeypatch.delenv("WXPUB_LANG")

    def told(*options: str) -> str:
        return CliRunner().invoke(cli, ["convert", str(issue), *options]).stderr

    assert "no such file" in told()
    settings.write_text('[ui]\nlanguage = "zh"\n')
    assert "没有这个文件" in told()
    assert "no such file" in told("--lang", "en")
    monkeypatch.setenv("WXPUB_LANG", "en")
    assert "no such file" in told()
    assert "没有这个文件" in told("--lang", "zh")
    monkeypatch.delenv("WXPUB_LANG")
    settings.write_text('nonsense = 1\n[ui]\nlanguage = "zh"\n')
    assert "没有 nonsense 这个表" in told(), "in which wxpub.toml itself is spoken of, too"
    settings.unlink()
    assert "no such file" in told(), "no other folder's settings count"


def test_lang_wins_over_the_environment_wherever_it_stands() -> None:
    for line, said in (
        (["--lang", "zh", "psuh"], "没有命令 psuh"),
        (["push", "--lang=zh", "--sandbx"], "没有选项 --sandbx"),
        (["push", "--sandbx"], "No such option"),
        (["--lang", "en", "psuh"], "No such command"),
    ):
        assert said in CliRunner().invoke(cli, line, env={"WXPUB_LANG": "en"}).stderr
    assert "没有命令" in CliRunner().invoke(cli, ["psuh"], env={"WXPUB_LANG": "zh"}).stderr


def test_how_a_command_is_used_is_told_in_chinese() -> None:
    for line, usage, wrong in (
        ("add", "wxpub add [选项] URL...", "错误：缺少参数 URL。"),
        ("index psuh", "wxpub index [选项] 命令 [参数]...", "错误：没有命令 psuh。"),
        ("--nope", "wxpub [选项] 命令 [参数]...", "错误：没有选项 --nope。"),
    ):
        said = CliRunner().invoke(cli, line.split(), prog_name="wxpub", env={"WXPUB_LANG": "zh"}).stderr.splitlines()
        assert (said[0], said[-1]) == (f"用法：{usage}", wrong)


def test_help_has_the_colons_of_its_language() -> None:
    for spoken, usage, options in (
        ("zh", "用法：wxpub convert [选项] FILE...", "选项："),
        ("en", "Usage: ", "Options:"),
    ):
        line = ["convert", "--help"]
        said = CliRunner().invoke(cli, line, prog_name="wxpub", env={"WXPUB_LANG": spoken}).stdout.splitlines()
        assert said[0].startswith(usage) and options in said, said


def test_a_finding_is_told_in_chinese(tmp_path: Path) -> None:
    """A finding joins what stands there, what is wrong and what to do; programs read the same in both languages."""
    html = tmp_path / "a.html"
    html.write_text("<p>甲</p>\n<div>乙</div>\n<div>丙</div>", encoding="utf-8")
    runner = CliRunner()
    said = runner.invoke(cli, ["check", str(html)], env={"WXPUB_LANG": "zh"}).stdout
    message = "<div> “乙”：手机上 div 的 style 不起作用（另有 1 处，在第 3 行）；改用 section [no-div]"
    assert f"{html}:2: 错误：{message}" in said.splitlines()
    documents = [
        json.loads(runner.invoke(cli, ["check", "--json", str(html)], env={"WXPUB_LANG": each}).stdout)["findings"]
        for each in ("zh", "en")
    ]
    zh, en = ([(each["rule"], each["severity"], each["line"]) for each in findings] for findings in documents)
    assert zh == en
    explained = runner.invoke(cli, ["check", "--explain", "no-div"], env={"WXPUB_LANG": "zh"}).stdout
    assert explained.startswith("no-div: 手机上 div 的 style 不起作用\n")
