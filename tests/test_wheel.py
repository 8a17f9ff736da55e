"""The wheel carries everything: built here, installed into an empty environment, it converts and pushes an issue."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of what Git tracks, with the build backend at hand: no network."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("wxpub", "styles"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(source / "dist"),
        str(source),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next((source / "dist").glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an empty environment that sees our dependencies, but not our checkout; give its `bin`."""
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    install = ["-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, *install], check=True, capture_output=True)
    packages = next(venv.glob("lib/python*/site-packages"))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return venv / "bin"


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    env["XDG_DATA_HOME"] = str(folder / "data")
    command = [str(installed / "wxpub"), *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120)


def test_the_wheel_carries_styles_pages_and_rules(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    for folder, inside in ((ROOT / "styles", "wxpub/styles"), (ROOT / "wxpub", "wxpub")):
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"{inside}/{path.relative_to(folder).as_posix()}" in carried


def test_an_installed_wheel_converts_an_issue(installed: Path, tmp_path: Path) -> None:
    issue = tmp_path / "issue.md"
    issue.write_text("# 标题\n\n见[论文](https://a.example/p)。\n", encoding="utf-8")
    result = run(installed, tmp_path, "convert", "issue.md")
    assert result.returncode == 0, result.stderr
    assert "https://a.example/p" in (tmp_path / "issue.html").read_text(encoding="utf-8")
    where = run(installed, tmp_path, "themes")
    assert where.returncode == 0, where.stderr


def test_an_installed_wheel_pushes_into_the_sandbox(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text("# 标题\n\n正文\n", encoding="utf-8")
    result = run(installed, tmp_path, "push", "issue.md", "--sandbox")
    assert result.returncode == 0, result.stderr


def test_scripts_that_import_an_installed_wheel_are_checked_against_its_types(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import wxpub\n\nversion: int = wxpub.__version__\n", encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(installed / "python"), "script.py"]
    found = subprocess.run(command, cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert found.stdout.count("error:") == 1, found.stdout
    assert 'expression has type "str", variable has type "int"' in found.stdout
