"""The man page, made from the commands by `pytest tests/test_manual.py --update`, and the completion of shells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from conftest import ROOT

from wxpub.cli import COMMANDS, cli, paragraphs

PAGE = ROOT / "docs/wxpub.1"


# --- the man page -----------------------------------------------------------------------------------------------------


def roff(text: str) -> str:
    """Write text so that roff shows it as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"(?m)^(?=[.'])", r"\\&", text)


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli, info_name="wxpub")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {each}", inner) for each, inner in command.commands.items())


def described(name: str, command: click.Command) -> Iterator[str]:
    words = [each.metavar or (each.name or "").upper() for each in command.params if isinstance(each, click.Argument)]
    yield f".SS {roff(' '.join(('wxpub', name, *words)))}"
    for paragraph in paragraphs(command.help or ""):
        if paragraph.startswith("\b"):
            _, heading, *lines = paragraph.split("\n")
            yield from (".PP", roff(heading), ".RS", ".nf", *(roff(line.strip()) for line in lines), ".fi", ".RE")
        else:
            yield from (".PP", roff(paragraph))
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            choices = "|".join(map(str, param.type.choices)) if isinstance(param.type, click.Choice) else ""
            value = "" if param.is_flag else f" {param.metavar or choices or param.type.name.upper()}"
            yield from (".TP", f".B {roff(', '.join(param.opts) + value)}", roff(param.help or ""))


def page() -> str:
    lines = [
        '.\\" Made from the commands: pytest tests/test_manual.py --update',
        '.TH WXPUB 1 "" wxpub',
        ".SH NAME",
        roff(
            "wxpub - a newsletter's Markdown as a WeChat Official Account (微信公众号) article, and into the draft box"
        ),
        ".SH SYNOPSIS",
        ".B wxpub",
        roff("[--lang zh|en] COMMAND [OPTIONS] [FILE...]"),
        ".SH COMMANDS",
    ]
    for name, command in commands():
        lines += described(name, command)
    lines += [
        ".SH EXIT STATUS",
        roff("0 done, 1 refused, 2 called wrongly, 130 after Ctrl-C."),
        ".SH ENVIRONMENT",
        roff("WXPUB_APPID, WXPUB_SECRET: the account. WXPUB_API_BASE, WXPUB_RELAY_KEY: a relay. WXPUB_LANG: zh or en."),
        ".SH FILES",
        roff("wxpub.toml: a newsletter's settings. wxpub.ledger.json: the record of what was pushed and published."),
    ]
    return "\n".join(lines) + "\n"


def test_the_man_page_is_current(update: bool) -> None:
    if update:
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "run pytest tests/test_manual.py --update"


def test_the_man_page_names_every_command_and_option() -> None:
    text = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    for name, command in commands():
        assert f".SS wxpub {name}" in text
        for param in command.params:
            if isinstance(param, click.Option) and not param.hidden:
                assert param.opts[-1] in text, param.opts


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff found: install the package groff")
def test_the_man_page_has_no_mistakes_and_shows_its_examples() -> None:
    command = ["groff", "-man", "-K", "utf8", "-T", "utf8", "-ww", str(PAGE)]
    ran = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "wxpub push issue.md --sandbox --open" in re.sub(r"\x1b\[\d*m|.\x08", "", ran.stdout)


# --- completion -------------------------------------------------------------------------------------------------------


def complete(shell: str, folder: Path, words: str) -> str:
    given = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_WXPUB_COMPLETE": f"{shell}_complete"}
    if shell == "fish":
        given["COMP_CWORD"] = words.rpartition(" ")[2]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder), "WXPUB_LANG": "en", **given}
    ran = subprocess.run([sys.executable, "-m", "wxpub"], env=env, cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_options_and_choices(shell: str, tmp_path: Path) -> None:
    found = complete(shell, tmp_path, "wxpub pu")
    assert all(each in found for each in ("push", "pull", "publish")) and "check" not in found
    assert "--sandbox" in complete(shell, tmp_path, "wxpub push --sa")
    assert "github" in complete(shell, tmp_path, "wxpub check --format g")
    assert "list" in complete(shell, tmp_path, "wxpub drafts l")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_scripts_for_shells_are_there(shell: str, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "_WXPUB_COMPLETE": f"{shell}_source"}
    ran = subprocess.run([sys.executable, "-m", "wxpub"], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0 and "_WXPUB_COMPLETE" in ran.stdout
