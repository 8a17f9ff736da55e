"""The GitHub action and the example workflow: linted, pinned, and their steps played on a newsletter of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from conftest import ROOT
from pushing import SECRET, Newsletter, newsletter

import wxpub
from wxpub.cli import cli
from wxpub.sandbox import serve

ACTION = ROOT / "action.yml"
WORKFLOW = ROOT / "examples/github-action.yml"
FILES = pytest.mark.parametrize("path", [ACTION, WORKFLOW], ids=lambda path: path.name)


def tool(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    assert found, f"{name} is among the development dependencies"
    return found


# --- what linters say -------------------------------------------------------------------------------------------------


@FILES
def test_the_file_has_the_form_that_github_reads(path: Path) -> None:
    kind = "vendor.github-actions" if path == ACTION else "vendor.github-workflows"
    command = [tool("check-jsonschema"), "--builtin-schema", kind, str(path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


@FILES
def test_the_file_has_none_of_the_weak_spots_that_are_known(path: Path, tmp_path: Path) -> None:
    place = tmp_path / ("action.yml" if path == ACTION else ".github/workflows/wxpub.yml")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, place)
    command = [tool("zizmor"), "--offline", "--no-config", "--persona=pedantic", "--no-progress", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


@FILES
def test_every_action_is_one_commit_and_secrets_come_by_env_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    uses = re.findall(r"uses: (.*)", text)
    assert uses and all(re.match(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in uses)
    for line in text.splitlines():
        if "secrets." in line:
            assert re.match(r"\s+WXPUB_\w+: \$\{\{ secrets\.WXPUB_\w+ \}\}$", line), line


def test_the_workflow_installs_this_version_and_the_wheel_carries_it() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    assert re.findall(r"wxpub==([\w.]+)", text) == [wxpub.__version__] * 2
    assert (ROOT / "wxpub/desk/github-action.yml").read_text(encoding="utf-8") == text


def test_init_writes_it_for_the_folder_that_the_issues_are_in(tmp_path: Path) -> None:
    def init(folder: Path) -> Any:
        words = ["init", str(folder), "--name", "周报", "--author", "编辑部", "--url", "", "--yes", "--workflow"]
        return CliRunner().invoke(cli, words)

    new, own, inner = tmp_path / "new", tmp_path / "own", tmp_path / "large" / "letter"
    assert init(new).exit_code == 0
    written = new / ".github/workflows/wxpub.yml"
    assert written.read_text(encoding="utf-8") == WORKFLOW.read_text(encoding="utf-8")
    written.write_text("mine\n", encoding="utf-8")
    assert init(new).exit_code == 0
    assert written.read_text(encoding="utf-8") == "mine\n"
    own.mkdir()
    (own / "2026-11-20.md").write_text("# 题\n", encoding="utf-8")
    assert init(own).exit_code == 0
    text = (own / ".github/workflows/wxpub.yml").read_text(encoding="utf-8")
    assert "issues/" not in text and "wxpub check *.md" in text
    (tmp_path / "large" / ".git").mkdir(parents=True)
    result = init(inner)
    assert (result.exit_code, "repository's own folder" in result.stderr) == (1, True)
    assert not inner.exists()


# --- played -----------------------------------------------------------------------------------------------------------


def evaluated(text: str, known: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: known[match[1]], text)


def play(steps: list[dict[str, Any]], known: Mapping[str, str], folder: Path, env: Mapping[str, str]) -> list[str]:
    """Run the steps that are commands of bash, as the runner does; return what each printed."""
    printed = []
    for step in steps:
        if "run" not in step or "pip install" in step["run"]:
            continue
        wanted = step.get("if", "").strip("${} ").replace(" && !cancelled()", "").replace("!cancelled()", "")
        left, _, right = wanted.partition(" != " if " != " in wanted else " == ")
        if wanted and (known[left] == right.strip("'")) == (" != " in wanted):
            continue
        own = {name: evaluated(value, known) for name, value in step.get("env", {}).items()}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        ran = subprocess.run(command, cwd=folder, env={**env, **own}, capture_output=True, text=True, timeout=60)
        printed.append(ran.stdout)
        assert ran.returncode == 0 or "wxpub check" in step["run"], ran.stderr
    return printed


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Newsletter]:
    with serve() as sandbox:
        paper = newsletter(sandbox, tmp_path / "paper")
        for number in (1, 2):
            paper.write(f"issues/第 {number} 期.md", f"# 第 {number} 期\n\n正文。\n")
        yield paper


def git(paper: Newsletter, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "init.defaultBranch=main"]
    ran = subprocess.run(["git", *who, *words], cwd=paper.root, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


@pytest.fixture
def before(paper: Newsletter) -> str:
    """Commit the letter, then a change of its second issue; give the commit before."""
    git(paper, "init", "-q")
    git(paper, "add", ".")
    git(paper, "commit", "-q", "-m", "1")
    paper.write("issues/第 2 期.md", "# 第 2 期\n\n改过的正文。\n")
    git(paper, "commit", "-q", "-a", "-m", "2")
    return git(paper, "rev-parse", "HEAD~1")


@pytest.fixture
def env(paper: Newsletter, tmp_path: Path) -> dict[str, str]:
    """Give a runner's environment, with the credentials, and this checkout's command."""
    command = tmp_path / "bin" / "wxpub"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m wxpub "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    (tmp_path / "runner").mkdir()
    (tmp_path / "home").mkdir()
    return {
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path / "home"),
        "LANG": "C.UTF-8",
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "WXPUB_APPID": paper.account.appid,
        "WXPUB_SECRET": SECRET,
        "WXPUB_API_BASE": paper.account.api_base,
    }


def titles(paper: Newsletter) -> list[str]:
    return [str(each["title"]) for articles in paper.drafts().values() for each in articles]


def action(paper: Newsletter, env: dict[str, str], **given: str) -> list[str]:
    document = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    inputs = {name: str(each["default"]) for name, each in document["inputs"].items()} | given
    known = {f"inputs.{name}": value for name, value in inputs.items()} | {
        "github.event.before": given.get("before", "")
    }
    return play(document["runs"]["steps"], known, paper.root, env)


def test_the_action_checks_builds_pages_and_pushes_what_changed(
    paper: Newsletter, before: str, env: dict[str, str], tmp_path: Path
) -> None:
    action(paper, env, push="true", before=before)
    assert titles(paper) == ["第 2 期"]
    assert {each.name for each in (tmp_path / "runner/wxpub-pages").iterdir()} == {"第 1 期.html", "第 2 期.html"}
    action(paper, env, push="true", before=before)
    assert titles(paper) == ["第 2 期"]


def test_the_action_pushes_nothing_unasked_or_without_history(
    paper: Newsletter, before: str, env: dict[str, str], tmp_path: Path
) -> None:
    action(paper, env, before=before, pages="")
    assert not (tmp_path / "runner/wxpub-pages").exists()
    assert "fetch-depth: 0" in "".join(action(paper, env, push="true", before="0" * 40))
    assert "No issue" in "".join(action(paper, env, push="true", before=before, files="none/*.md"))
    assert titles(paper) == []


def test_findings_stand_beside_the_lines_of_a_pull_request(paper: Newsletter, env: dict[str, str]) -> None:
    paper.write("issues/第 1 期.md", "# 第 1 期\n\n见[空]()。\n")
    printed = "".join(action(paper, env))
    assert re.search(r"^::warning file=issues/第 1 期\.md,line=3", printed, re.MULTILINE)


def test_the_workflow_checks_and_after_the_merge_pushes_and_keeps_the_ledger(
    paper: Newsletter, before: str, env: dict[str, str], tmp_path: Path
) -> None:
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    secrets = {f"secrets.{name}": env[name] for name in ("WXPUB_APPID", "WXPUB_API_BASE")}
    play(jobs["check"]["steps"], {}, paper.root, env)
    assert len([*(paper.root / "pages").iterdir()]) == 2
    git(paper, "init", "-q", "--bare", str(tmp_path / "far.git"))
    git(paper, "remote", "add", "origin", str(tmp_path / "far.git"))
    git(paper, "push", "-q", "-u", "origin", "main")
    known = {"github.event.before": before, "secrets.WXPUB_RELAY_KEY": "", **secrets}
    play(jobs["push"]["steps"], known, paper.root, env)
    assert titles(paper) == ["第 2 期"]
    assert "issues/第 2 期.md" in git(paper, "show", "origin/main:wxpub.ledger.json")
    play(jobs["push"]["steps"], known, paper.root, env)
    assert git(paper, "rev-list", "--count", "origin/main") == "3"
