"""docs/skill.md is right: its commands, run one after the other as they stand, work and say what it says they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml
from conftest import ROOT

TEXT = (ROOT / "docs/skill.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]


def test_its_front_matter_is_that_of_a_skill() -> None:
    front = yaml.safe_load(TEXT.split("---\n")[1])
    assert front.keys() == {"name", "description"}
    assert re.fullmatch(r"[a-z0-9-]{1,64}", front["name"])
    assert 0 < len(front["description"]) <= 1024


def test_its_commands_bring_an_issue_from_the_file_to_the_reader(tmp_path: Path) -> None:
    letter, programs = tmp_path / "letter", tmp_path / "bin"
    letter.mkdir()
    programs.mkdir()
    (programs / "wxpub").write_text(f'#!/bin/sh\nexec {sys.executable} -m wxpub "$@"\n')
    (programs / "wxpub").chmod(0o755)
    (letter / "wxpub.toml").write_text("", encoding="utf-8")
    (letter / "issue.md").write_text("# 第一期\n\n正文。\n\n[空]()\n", encoding="utf-8")
    env = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "WXPUB_SANDBOX_DB": str(tmp_path / "db.sqlite3"),
    }
    answers, shown = {}, ""
    for line in COMMANDS:
        line = line.replace("FINGERPRINT", shown)
        done = subprocess.run(["sh", "-c", line], cwd=letter, env=env, capture_output=True, text=True)
        no_font = line.startswith("wxpub doctor") and "Chinese font" in done.stdout
        assert done.returncode == 0 or no_font, f"{line}\n{done.stdout}{done.stderr}"
        if "--json" in line:
            found = json.loads(done.stdout)
            answers[found["command"], "--dry-run" in line] = found
            shown = (found["result"] or {}).get("fingerprint", "")
            if line == "wxpub check issue.md --json":
                assert ("link-empty", "issue.md", 5) in {(e["rule"], e["path"], e["line"]) for e in found["findings"]}
    assert answers["push", True]["result"].keys() >= {"action", "uploads", "replaces", "fingerprint"}
    assert answers["push", False]["result"]["action"] == "created"
    assert answers["publish", True]["result"]["titles"] == ["第一期"]
    assert answers["publish", False]["result"]["published"][0]["name"] == "issue.md"
    assert (letter / "issue.html").exists()
