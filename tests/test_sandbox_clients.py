"""Clients that others wrote, in four languages, put a draft into the local WeChat: the examples of examples/clients."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml
from conftest import ROOT
from raw_wechat import png

from wxpub.sandbox import Sandbox

FOLDER = ROOT / "examples/clients"
TSX = str(FOLDER / "node_modules/.bin/tsx")
CLIENTS = {
    "wechatpy_client.py": ("wechatpy", [sys.executable]),
    "werobot_client.py": ("WeRoBot", [sys.executable]),
    "co-wechat-api.js": ("co-wechat-api", ["node"]),
    "node-easywechat.ts": ("node-easywechat", [TSX]),
    "curl.sh": ("curl", ["sh"]),
}
NPM = (".js", ".ts")
EACH = [pytest.param(name, marks=pytest.mark.npm if name.endswith(NPM) else ()) for name in CLIENTS]


def run(name: str, wechat: Sandbox, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    (folder / "cover.png").write_bytes(png())
    account = {"WECHAT_URL": wechat.url, "WECHAT_APPID": wechat.appid, "WECHAT_SECRET": wechat.secret}
    command = [*CLIENTS[name][1], str(FOLDER / name), "cover.png"]
    environment = {**os.environ, **account, **env}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", EACH)
def test_a_client_makes_a_draft_and_is_told_of_a_wrong_secret(name: str, wechat: Sandbox, tmp_path: Path) -> None:
    if name.endswith(".sh") and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    refused = run(name, wechat, tmp_path, WECHAT_SECRET="0" * 31 + "1")
    assert refused.returncode == 1 and "40125" in refused.stderr
    made = run(name, wechat, tmp_path)
    assert made.returncode == 0, made.stderr
    ((media_id, (article,)),) = wechat.drafts().items()
    assert made.stdout.split() == [media_id]
    assert article["title"] == f"来自 {CLIENTS[name][0]}"
    assert article["content"].startswith('<p>你好<img data-src="https://mmbiz.qpic.cn/')
    assert {call.errcode for call in wechat.calls()} == {0, 40125}


@pytest.mark.skipif(os.name != "posix" or shutil.which("curl") is None, reason="steps of a POSIX shell, with curl")
def test_the_workflow_of_github_does_what_it_says(tmp_path: Path) -> None:
    """Its job without a container is played step by step, at a port of its own, with the wxpub of this folder."""
    workflow = yaml.safe_load((ROOT / "examples/github-service.yml").read_text(encoding="utf-8"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "bin").mkdir()
    own = tmp_path / "bin/wxpub"
    own.write_text(f'#!/bin/sh\necho $$ > {tmp_path}/pid\nexec "{sys.executable}" -m wxpub "$@"\n')
    own.chmod(0o755)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "cover.png").write_bytes(png())
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{own.parent}:{os.environ['PATH']}", **workflow["env"]}
    env["WECHAT_URL"] = f"http://127.0.0.1:{port}"
    steps = [step for step in workflow["jobs"]["process"]["steps"] if "run" in step]
    assert steps[0]["run"] == "pip install wxpub"
    try:
        for step in steps[1:]:
            script = step["run"].replace("8888", str(port))
            done = subprocess.run(
                ["bash", "-e", "-c", script],
                cwd=tmp_path,
                env={**env, **step.get("env", {})},
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, f"{step['name']}\n{done.stdout}{done.stderr}"
        calls = json.loads(done.stdout)
        assert "/cgi-bin/draft/add" in str(calls)
        asked = Request(f"{env['WECHAT_URL']}/sandbox/state", headers={"X-Sandbox-Admin": "1"})
        with urlopen(asked, timeout=10) as state:
            assert b'"personal"' in state.read()
    finally:
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)
    service = workflow["jobs"]["service"]["services"]["wechat"]
    assert service["env"] == steps[1]["env"], "both ways are the same account"


def test_the_readme_of_the_local_wechat_shows_every_client() -> None:
    text = (ROOT / "wxpub/sandbox/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\S+)\]\(\.\./\.\./examples/clients/(\S+)\) \| (\w+) \|", text, re.MULTILINE)
    assert {file: name for name, file, _ in rows} == {file: name for file, (name, _) in CLIENTS.items()}
    assert {file.name for file in FOLDER.iterdir() if file.suffix in (".py", ".sh", *NPM)} == set(CLIENTS)
    assert len({language for _, _, language in rows}) == 4
