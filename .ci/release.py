#!/usr/bin/env python3
"""Make a release in one step: version, changelog, packages, their checks, commit and tag.

    make release VERSION=1.2.0
    .venv/bin/python .ci/release.py 1.2.0 --dry-run

Everything is done in a clone, so that what fails leaves the checkout as it was. Only when the packages are built and
checked do commit and tag come into the checkout, and the packages into dist/. Nothing is uploaded.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE = "wxpub/__init__.py"
# Where a version is named that is to be the new one: after `wxpub==`, or after `rev: v`.
PINNED = ("examples/github-action.yml", "wxpub/desk/github-action.yml", "README.md", "README.en.md")


def main() -> None:
    """Read the arguments, release, and say what is left to do."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("version", help="the new version, for example 1.2.0")
    parser.add_argument("--dry-run", action="store_true", help="build and check, and change nothing here")
    given = parser.parse_args()
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", given.version):
        sys.exit(f"{given.version} is not a version like 1.2.0")
    if git("status", "--porcelain"):
        sys.exit("the checkout is not clean: commit or stash first")
    if git("tag", "--list", f"v{given.version}"):
        sys.exit(f"v{given.version} is there already")
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "wxpub"
        run("git", "clone", "--quiet", str(ROOT), str(clone))
        release(clone, given.version)
        if given.dry_run:
            print(f"version {given.version} can be released")
            return
        git("pull", "--quiet", "--ff-only", "--tags", str(clone))
        shutil.copytree(clone / "dist", ROOT / "dist", dirs_exist_ok=True)
    print(f"left to do: git push --follow-tags; twine upload dist/wxpub-{given.version}*")


def release(clone: Path, version: str) -> None:
    """Write the version and the changelog, build and check the packages, commit and tag."""
    change(clone / MODULE, r'(?m)^__version__ = "([\d.]+)"$', f'__version__ = "{version}"', newer_than=version)
    for name in PINNED:
        change(clone / name, r"(?<=wxpub==)[\d.]+|(?<=rev: v)[\d.]+", version)
    changelog = clone / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    head, mark, rest = text.partition("## [Unreleased]\n")
    if not mark or not rest.partition("\n## ")[0].strip():
        sys.exit("CHANGELOG.md has nothing under [Unreleased]")
    today = datetime.now(timezone.utc).date().isoformat()
    changelog.write_text(f"{head}{mark}\n## [{version}] - {today}\n{rest}", encoding="utf-8", newline="\n")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(clone / "dist"), str(clone))
    packages = sorted(map(str, (clone / "dist").iterdir()))
    run(sys.executable, "-m", "twine", "check", "--strict", *packages)
    run(
        sys.executable,
        "-m",
        "check_wheel_contents",
        "--no-config",
        *(each for each in packages if each.endswith("whl")),
    )
    for key in ("user.name", "user.email"):
        run("git", "-C", str(clone), "config", key, git("config", "--default", "wxpub", key))
    run("git", "-C", str(clone), "commit", "--quiet", "--all", "--message", f"Version {version}")
    run("git", "-C", str(clone), "tag", "--annotate", f"v{version}", "--message", f"Version {version}")


def change(path: Path, pattern: str, new: str, newer_than: str = "") -> None:
    """Replace every `pattern` of a file. Ends the program where there is none, or what stands there is not older."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(pattern, text)
    if not found:
        sys.exit(f"{path.name} names no version")
    if newer_than and numbers(found[0]) >= numbers(newer_than):
        sys.exit(f"{newer_than} is not newer than {found[0]}")
    path.write_text(re.sub(pattern, new, text), encoding="utf-8", newline="\n")


def numbers(version: str) -> list[int]:
    return [int(each) for each in version.split(".")]


def git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True).stdout.strip()


def run(*command: str) -> None:
    """Run a program; where it fails, say what it said."""
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"{' '.join(command)}\n{ran.stdout}{ran.stderr}")


if __name__ == "__main__":
    main()
