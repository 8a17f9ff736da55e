"""A release, made in a copy of the project, and what else is shipped: the pre-commit hook, files of images, extras."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from wxpub.cli import installing

IGNORED = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "build", "dist", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis", "demo"
)


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "init.defaultBranch=main"]
    ran = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the project as it is here, with something new in its changelog, and commit it."""
    folder = tmp_path_factory.mktemp("release") / "wxpub"
    shutil.copytree(ROOT, folder, ignore=IGNORED, symlinks=True)
    changelog = folder / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(
        text.replace("## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n- New.\n", 1), encoding="utf-8"
    )
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "1")
    return folder


def release(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(project / ".ci/release.py"), *words]
    env = {"PATH": os.environ["PATH"], "HOME": str(project.parent)}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)


def test_what_cannot_be_released_is_refused_and_changes_nothing(project: Path) -> None:
    before = git(project, "rev-parse", "HEAD")
    assert "not a version" in release(project, "1.2").stderr
    assert "not newer" in release(project, "0.0.9").stderr
    (project / "CHANGELOG.md").touch()
    (project / "new").write_text("", encoding="utf-8")
    assert "not clean" in release(project, "9.8.7").stderr
    (project / "new").unlink()
    git(project, "tag", "v9.8.6")
    assert "there already" in release(project, "9.8.6").stderr
    assert (git(project, "rev-parse", "HEAD"), git(project, "status", "--porcelain")) == (before, "")
    assert not (project / "dist").exists()


def test_a_release_is_one_step(project: Path) -> None:
    ran = release(project, "9.8.7")
    assert ran.returncode == 0, ran.stderr
    assert "twine upload dist/wxpub-9.8.7*" in ran.stdout
    assert git(project, "log", "-1", "--format=%s") == "Version 9.8.7"
    assert git(project, "describe", "--exact-match") == "v9.8.7"
    assert git(project, "status", "--porcelain") == ""
    text = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"## \[Unreleased\]\n\n## \[9\.8\.7\] - \d{4}-\d\d-\d\d\n\n### Added\n\n- New\.", text)
    assert "wxpub==9.8.7" in (project / "examples/github-action.yml").read_text(encoding="utf-8")
    assert "rev: v9.8.7" in (project / "README.en.md").read_text(encoding="utf-8")
    with zipfile.ZipFile(project / "dist/wxpub-9.8.7-py3-none-any.whl") as wheel:
        names = wheel.namelist()
        metadata = wheel.read("wxpub-9.8.7.dist-info/METADATA").decode()
    assert "wxpub-9.8.7.data/data/share/man/man1/wxpub.1" in names
    assert {"mcp", "math", "svg", "sandbox"} <= set(re.findall(r"^Provides-Extra: (.*)$", metadata, re.MULTILINE))
    with tarfile.open(project / "dist/wxpub-9.8.7.tar.gz") as source:
        inner = {name.partition("/")[2] for name in source.getnames()}
    assert {"action.yml", ".ci/release.py", ".pre-commit-hooks.yaml", "tests/test_release.py", "CHANGELOG.md"} <= inner
    assert "nothing under [Unreleased]" in release(project, "9.9.0").stderr


@pytest.mark.parametrize(
    ("library", "extra", "command"),
    [
        ("flask", "sandbox", ["push", "issue.md", "--sandbox"]),
        ("ziamath", "math", ["convert", "formula.md"]),
        ("resvg_py", "svg", ["push", "drawing.md", "--sandbox"]),
    ],
)
def test_a_library_that_was_left_out_is_named_with_its_extra(
    library: str, extra: str, command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "issue.md").write_text("# 题\n\n正文。\n", encoding="utf-8")
    (tmp_path / "formula.md").write_text("# 题\n\n$a^2$\n", encoding="utf-8")
    (tmp_path / "drawing.md").write_text("# 题\n\n![](a.svg)\n", encoding="utf-8")
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'
    (tmp_path / "a.svg").write_text(svg, encoding="utf-8")
    missing = tmp_path / "missing"
    missing.mkdir()
    (missing / f"{library}.py").write_text(
        f"raise ModuleNotFoundError(\"No module named '{library}'\", name={library!r})\n", encoding="utf-8"
    )
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": f"{missing}:{ROOT}", "WXPUB_LANG": "en"}
    ran = subprocess.run(
        [sys.executable, "-m", "wxpub", *command], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert ran.returncode == 1
    command = f'{sys.executable} -m pip install "wxpub[{extra}]"'
    assert ran.stderr.strip().endswith(f"which is not installed; install it: {command}")
    assert "Traceback" not in ran.stderr


def test_what_an_extra_brings_is_installed_without_asking_an_index_for_wxpub(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same for what came from an index and from a folder: the extras of what is installed count."""
    words = installing("sandbox").removeprefix(sys.executable).replace('"', "").split()
    assert words == ["-m", "pip", "install", "wxpub[sandbox]"]
    ran = subprocess.run([sys.executable, *words, "--no-index", "--dry-run"], capture_output=True, text=True)
    assert ran.returncode == 0 and "wxpub[sandbox]" in ran.stdout, ran.stderr
    monkeypatch.setattr("wxpub.cli.find_spec", lambda name: None)
    monkeypatch.setattr(sys, "executable", "/home/a b/python")
    assert installing("mcp") == 'uv pip install --python "/home/a b/python" "wxpub[mcp]"'
    assert installing() == 'uv pip install --python "/home/a b/python" wxpub'


def test_the_hook_for_pre_commit_is_sound_and_checks_an_issue(tmp_path: Path) -> None:
    place = ROOT / ".pre-commit-hooks.yaml"
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(place)]
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    assert subprocess.run(command, env=env, capture_output=True).returncode == 0
    (hook,) = yaml.safe_load(place.read_text(encoding="utf-8"))
    assert re.search(hook["files"], "issues/2026-11-15.md") and not re.search(hook["files"], "README.md")
    (tmp_path / "a.md").write_text("# 题\n\n![](none.png)\n", encoding="utf-8")
    words = [sys.executable, "-m", *hook["entry"].split(), "a.md"]
    ran = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert (ran.returncode, "image-missing" in ran.stderr + ran.stdout) == (1, True)


@pytest.mark.parametrize("path", sorted(ROOT.glob("Containerfile*")), ids=lambda path: path.name)
def test_images_are_built_as_the_linter_advises(path: Path) -> None:
    found = shutil.which("hadolint", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    if not found:
        pytest.skip("hadolint is there for Linux alone")
    ran = subprocess.run([found, "--failure-threshold", "warning", str(path)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
