"""`wxpub sandbox`, the pytest plugin, and the documentation of both."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import fields
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from conftest import ROOT

from wxpub.cli import cli
from wxpub.errors import ConfigError
from wxpub.sandbox import Profile, serve
from wxpub.sandbox.control import Control
from wxpub.sandbox.server import TABLE
from wxpub.sandbox.store import FAULTS

pytest_plugins = ["pytester"]
PLUGIN = "wxpub.sandbox.pytest_plugin"
DOCUMENT = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_runs_until_it_is_stopped(tmp_path: Path, stop: signal.Signals) -> None:
    db = tmp_path / "s.db"
    command = [sys.executable, "-m", "wxpub", "sandbox", "--port", "0", "--db", str(db), "--profile", "personal"]
    environment = {**os.environ, "WXPUB_LANG": "zh"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
        try:
            assert process.stdout is not None
            printed = "".join(process.stdout.readline() for _ in range(8))
            found = re.search(r"http://127\.0\.0\.1:\d+", printed)
            assert found, printed
            for text in ("wx0000000000000000", "0" * 32, f"WXPUB_API_BASE={found.group()}", "WXPUB_APPID=", str(db)):
                assert text in printed
            assert "个人订阅号" in requests.get(found.group(), timeout=5).text
            requests.get(found.group() + "/cgi-bin/draft/count", timeout=5)
            process.send_signal(stop)
            _, errors = process.communicate(timeout=10)
        finally:
            process.kill()  # one that did not stop would be waited for
    assert process.returncode == 0
    assert re.fullmatch(r"GET /cgi-bin/draft/count → 41001 \(\d+ ms\)\n", errors)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("personal", {"kind": "personal"}),
        ('{"limits": "documented", "quirks": ["drop-data"]}', {"limits": "documented", "quirks": ("drop-data",)}),
        ("", {"kind": "verified"}),
    ],
)
def test_the_environment_sets_the_profile(text: str, expected: dict[str, object], monkeypatch: Any) -> None:
    monkeypatch.setenv("WXPUB_SANDBOX_PROFILE", text)
    with serve() as wechat:
        assert {name: getattr(wechat.profile, name) for name in expected} == expected
    with serve(kind="service", limits="measured") as wechat:  # what is passed wins
        assert (wechat.profile.kind, wechat.profile.limits) == ("service", "measured")


@pytest.mark.parametrize("text", ["persnal", "{", '{"knd": "personal"}', "[1]"])
def test_a_profile_in_the_environment_that_means_nothing_is_an_error(text: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("WXPUB_SANDBOX_PROFILE", text)
    with pytest.raises(ConfigError), serve():
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_it_listens_where_it_is_told_to_and_knows_no_other_names_for_that() -> None:
    with serve(host="127.0.0.3", hosts=("wechat",)) as wechat:
        assert wechat.url.startswith("http://127.0.0.3:")
        status = {
            host: requests.get(wechat.url, headers={"Host": host}, timeout=5).status_code
            for host in ("wechat:8888", "localhost:8888", "evil.example")
        }
        assert status == {"wechat:8888": 200, "localhost:8888": 200, "evil.example": 403}
        with pytest.raises(requests.ConnectionError):
            requests.get(wechat.url.replace("127.0.0.3", "127.0.0.1"), timeout=5)
    with serve(host="0.0.0.0") as wechat:
        assert wechat.url.startswith("http://127.0.0.1:")
        assert requests.get(wechat.url, timeout=5).status_code == 200
    with pytest.raises(ConfigError, match=r"cannot listen on 203\.0\.113\.1:0"), serve(host="203.0.113.1"):
        pass


def test_the_container_starts_what_the_command_has() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    entry = json.loads(text.partition("ENTRYPOINT ")[2])
    port = entry[entry.index("--port") + 1]
    assert f"EXPOSE {port}\n" in text
    assert entry[0] == "wxpub"
    help = CliRunner().invoke(cli, [*entry[1:], "--allow-host", "wechat", "--help"])
    assert help.exit_code == 0, help.output
    words = [f"-p 127.0.0.1:{port}:{port}", "podman build -t wxpub-sandbox ."]
    readme = (ROOT / "wxpub/sandbox/README.md").read_text(encoding="utf-8")
    assert all(each in text and each in readme for each in words)


def test_a_file_that_is_no_database_is_an_error_of_one_line(tmp_path: Path) -> None:
    db = tmp_path / "x.db"
    db.write_text("no database " * 100)
    result = CliRunner().invoke(cli, ["sandbox", "--port", "0", "--db", str(db)])
    assert result.exit_code == 1
    assert "the local WeChat cannot use this file" in result.output and "Traceback" not in result.output


def test_help_has_an_example_and_options_exclude_each_other() -> None:
    assert "WXPUB_API_BASE=http://127.0.0.1:8888" in CliRunner().invoke(cli, ["sandbox", "--help"]).output
    assert CliRunner().invoke(cli, ["sandbox", "--temporary", "--db", "x"]).exit_code == 2


def test_other_projects_tests_get_a_fresh_sandbox_each(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("time", [1, 2])
        def test_fresh(wechat_sandbox, time):
            assert wechat_sandbox.calls() == ()
            wechat_sandbox.fail("empty")
            assert len(wechat_sandbox.faults()) == 1

        @pytest.mark.wechat(kind="personal")
        def test_profile(wechat_sandbox):
            assert wechat_sandbox.profile.kind == "personal"
        """
    )
    installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
    arguments = [] if installed else ["-p", PLUGIN]
    pytester.runpytest_subprocess("--strict-markers", *arguments).assert_outcomes(passed=3)


def test_the_plugin_imports_nothing_until_a_test_asks_for_its_fixture(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        """
        import sys

        def ours():
            return {name for name in sys.modules if name.partition(".")[0] in ("wxpub", "flask", "bs4", "sqlite3")}

        BEFORE = ours()

        def test_another_thing():
            assert ours() == BEFORE == {"wxpub", "wxpub.sandbox", "wxpub.sandbox.pytest_plugin"}

        def test_ours(wechat_sandbox):
            assert {"wxpub.sandbox.server", "flask"} <= ours()
        """
    )
    # Other plugins of this environment (ours among them, perhaps) would bring modules of their own.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.runpytest_subprocess("-p", PLUGIN).assert_outcomes(passed=2)


def loaded(code: str) -> set[str]:
    """Run some Python by itself and return the modules that it left loaded."""
    code = f"import sys; before = set(sys.modules); {code}; print(*set(sys.modules) - before)"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_importing_the_package_imports_no_other() -> None:
    assert {name for name in loaded("import wxpub.sandbox") if "wxpub" in name} == {"wxpub", "wxpub.sandbox"}
    assert loaded("import wxpub.sandbox").isdisjoint({"flask", "bs4", "sqlite3", "http.server"})


def test_a_running_sandbox_uses_nothing_of_wxpub_but_facts() -> None:
    names = {
        name.split(".")[1] for name in loaded("from wxpub.sandbox import serve\nwith serve(): pass") if "wxpub." in name
    }
    assert names == {"darkmode", "errors", "language", "limits", "sandbox", "verdict"}


ROOM = ROOT / "wxpub" / "sandbox"


def test_the_rooms_of_the_package_have_no_circle_and_at_most_five_floors() -> None:
    uses: dict[str, set[str]] = {}
    for path in ROOM.glob("*.py"):
        name = path.stem if path.stem != "__init__" else ""
        nodes = [
            node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)
        ]
        own = [node for node in nodes if (node.module or "").startswith("wxpub.sandbox")]
        uses[name] = {node.module.partition("sandbox")[2].lstrip(".") for node in own if node.module != "wxpub.sandbox"}
        uses[name] |= {alias.name for node in own if node.module == "wxpub.sandbox" for alias in node.names}
        uses[name] &= {path.stem for path in ROOM.glob("*.py")}
    # For types only: a call knows its store, the pages their controls.
    uses["call"].discard("store")
    uses["pages"].discard("control")
    assert len(uses) <= 12
    floors: list[set[str]] = []
    while sum(map(len, floors)) < len(uses):
        below = set().union(*floors)
        floors.append({name for name in uses if name not in below and uses[name] <= below})
        assert floors[-1], f"circle among {sorted(set(uses) - below)}"
    assert len(floors) <= 5


def test_the_readme_runs() -> None:
    readme = (ROOM / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    subprocess.run([sys.executable, "-c", block], check=True, timeout=60)


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.stem)
def test_the_readme_names_every_room(path: Path) -> None:
    assert f"`{path.stem}`" in (ROOM / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [field.name for field in fields(Profile)])
def test_the_document_tells_every_field_of_a_profile(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize("kind", FAULTS)
def test_the_document_tells_every_fault(kind: str) -> None:
    assert f"`{kind}`" in DOCUMENT


@pytest.mark.parametrize("name", [name for name in vars(Control) if not name.startswith("_")])
def test_the_document_tells_every_method(name: str) -> None:
    assert re.search(rf"`{name}\b|\b{name}`|`[^`]*\b{name}\(", DOCUMENT)


@pytest.mark.parametrize("path", TABLE)
def test_the_document_tells_every_endpoint(path: str) -> None:
    name = path.rsplit("/", 1)[1]
    assert name in DOCUMENT or path.split("/")[2] in DOCUMENT


def test_what_the_options_say_is_remembered_and_can_be_taken_back(tmp_path: Path) -> None:
    db = tmp_path / "s.db"
    networks, quirks = ("10.0.0.1", "10.1.0.0/16"), ("drop-data", "no-total")
    given = [
        "--whitelist",
        ", ".join(networks),
        "--no-quotas",
        "--quirks",
        ", ".join(quirks),
        "--draft-leaves",
        "never",
    ]
    for options, expected in [
        (given, (networks, False, quirks, "never")),
        ([], (networks, False, quirks, "never")),
        (["--whitelist", "off", "--quotas", "--quirks", "off", "--draft-leaves", "done"], (None, True, (), "done")),
    ]:
        command = [sys.executable, "-m", "wxpub", "sandbox", "--port", "0", "--db", str(db), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert "WeChat sandbox" in process.stdout.readline()
            process.terminate()
        with serve(db) as wechat:
            profile = wechat.profile
            assert (profile.whitelist, profile.quotas, profile.quirks, profile.draft_leaves) == expected


def test_an_unknown_quirk_is_an_error_that_names_them_all() -> None:
    result = CliRunner().invoke(cli, ["sandbox", "--port", "0", "--temporary", "--quirks", "sulk"])
    assert result.exit_code == 1
    assert "drop-data, empty-content" in result.output and "Traceback" not in result.output
