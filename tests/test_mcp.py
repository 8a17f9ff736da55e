"""`wxpub mcp` as assistants use it: driven over stdio by clients that others wrote, well-meaning and hostile ones."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from conftest import ROOT
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from PIL import Image as Pillow
from pushing import picture

from wxpub.agents import GOOD_FOR, TOOLS, Agents
from wxpub.cli.mcp import RESOURCES, _run, _server
from wxpub.errors import ConfigError, ConflictError
from wxpub.sandbox import Sandbox

CANARY = "c0ffee5ec12e7" + "0" * 19


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """Make a newsletter of two issues, with secrets and an issue of somebody else beside it."""
    folder = tmp_path / "letter"
    folder.mkdir()
    (folder / "wxpub.toml").write_text("", encoding="utf-8")
    picture(folder / "1.png")
    (folder / "a.md").write_text("# 第一期\n\n正文。\n\n![图](1.png)\n\n[空]()\n", encoding="utf-8")
    (folder / "b.md").write_text("# 第二期\n\n正文。\n", encoding="utf-8")
    (tmp_path / "secret.md").write_text(f"# 机密\n\n{CANARY}\n", encoding="utf-8")
    return folder


def server(*words: str, **env: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "wxpub", "mcp", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        cwd=str(ROOT),
    )


Call = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def assistant(*roots: Path, sandbox: bool = True, process: bool = False, **env: str) -> AsyncIterator[Call]:
    """Connect, and give what calls a tool; every answer has the form that the tool announces.

    The server runs here, and only with `process` as an assistant's program starts it, which takes its time.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"WXPUB_SANDBOX_DB": str(roots[0].parent / "db.sqlite3"), **env}.items():
            patch.setenv(name, value)
        words = [*(f"--root={root}" for root in roots), *(["--sandbox"] if sandbox else [])]
        there = stdio_client(server(*words)) if process else _server(Agents(roots, _run, sandbox=sandbox))
        async with Client(there) as client:
            forms = {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}

            async def call(name: str, **arguments: Any) -> Any:
                result = await client.call_tool(name, arguments)
                if result.structured_content is not None:
                    Draft202012Validator(forms[name]).validate(result.structured_content)
                return result

            call.client = client  # type: ignore[attr-defined]
            yield call


def said(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


def played(scene: Callable[..., Awaitable[None]], *given: Any) -> None:
    """Play a scene on a thread of its own: this one may drive a browser, which has a loop of events."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(anyio.run, scene, *given).result()


# --- what it is for ---------------------------------------------------------------------------------------------------


def test_an_assistant_brings_an_issue_from_the_file_to_its_permalink(letter: Path) -> None:
    async def scene() -> None:
        async with assistant(letter, process=True) as call:
            opened = (await call("open", file="a.md")).structured_content["result"]["files"][0]["article"]
            assert (opened["title"], "html" in opened) == ("第一期", False)
            checked = (await call("check", files=["a.md", "b.md"])).structured_content
            assert ("link-empty", "a.md", 7) in {(e["rule"], e["path"], e["line"]) for e in checked["findings"]}
            assert "link-empty" in said(await call("explain", rule="link-empty"))
            page = (await call("convert", file="a.md")).structured_content["result"]["files"][0]["page"]
            assert "第一期" in (letter / page).read_text(encoding="utf-8")
            plan = (await call("plan_push", files=["a.md"])).structured_content
            assert (plan["result"]["action"], plan["result"]["changed"]) == ("create", ["a.md"])
            assert (await call("drafts")).structured_content["result"]["drafts"] == []
            pushed = await call("push", files=["a.md"], confirmation=plan["confirmation"])
            assert pushed.structured_content["result"]["action"] == "created", said(pushed)
            (draft,) = (await call("drafts")).structured_content["result"]["drafts"]
            shown = await call("show_draft", media_id=draft["media_id"])
            assert shown.structured_content["result"]["articles"][0]["title"] == "第一期"
            again = (await call("plan_push", files=["a.md"])).structured_content
            assert (again["result"]["action"], "confirmation" in again) == ("nothing", False)
            assert (await call("pull", file="a.md")).structured_content["result"]["diff"] == ""
            public = (await call("plan_publish", file="a.md")).structured_content
            assert public["result"]["titles"] == ["第一期"]
            done = await call("publish", file="a.md", confirmation=public["confirmation"])
            assert done.structured_content["result"]["published"][0]["name"] == "a.md", said(done)
            assert (await call("index")).structured_content["result"]["published"] == []  # of a real account

    played(scene)


def test_the_resources_are_the_rules_the_themes_the_errors_and_the_schema(letter: Path) -> None:
    async def scene() -> None:
        async with assistant(letter) as call:
            client = call.client  # type: ignore[attr-defined]
            found = {}
            for each in (await client.list_resources()).resources:
                found[each.name] = json.loads((await client.read_resource(each.uri)).contents[0].text)
            assert "link-known" in {rule["rule"] for rule in found["rules"]["rules"]}
            assert "plain" in {look["name"] for look in found["themes"]["themes"]}
            assert "whitelist" in found["errors"]["40164"]
            Draft202012Validator.check_schema(found["schema"])

    played(scene)


def test_links_that_were_found_go_into_the_next_issue(letter: Path) -> None:
    (letter / "2026-11-20.md").write_text("# 微光（2026-11-20）\n\n## 新闻\n\n- [一](https://a.example/1)。\n")

    async def scene() -> None:
        async with assistant(letter) as call:
            added = await call("add", urls=["https://b.example/2"], section="新闻", note="值得一读", offline=True)
            assert added.structured_content["result"]["links"][0]["state"] == "added", said(added)
            begun = await call("new", date="2026-12-04")
            assert begun.structured_content["result"]["items"] == 1, said(begun)
            for urls in (["file:///etc/passwd"], ["-"], ["--again"]):
                assert (await call("add", urls=urls)).is_error
            assert (await call("new", date="../x")).is_error

    played(scene)
    assert "https://b.example/2" in (letter / "2026-12-04.md").read_text(encoding="utf-8")


@pytest.mark.browser
def test_an_assistant_sees_the_article_as_readers_do(letter: Path) -> None:
    picture(letter.parent / "secret.png", "#ff0000", (300, 300))
    quoted = f"![]({letter.parent / 'secret.png'})\n\n<img src='file://{letter.parent}/secret.png'>"
    text = "# 长\n\n![](1.png)\n\n" + "一段正文。\n\n" * 50 + quoted
    (letter / "long.md").write_text(text, encoding="utf-8")

    async def scene() -> None:
        async with assistant(letter) as call:

            async def drawn(**given: Any) -> Pillow.Image:
                result = await call("preview_picture", file="long.md", **given)
                assert not result.is_error, said(result)
                _, image = result.content
                assert image.mime_type == "image/png"
                parts.add(result.structured_content["parts"])
                return Pillow.open(io.BytesIO(b64decode(image.data))).convert("RGB")

            parts: set[int] = set()
            day, end = await drawn(), await drawn(part=2, dark=True)
            assert parts == {2}
            assert (day.size, end.width, end.height < 2000) == ((390, 2000), 390, True)
            assert day.getpixel((2, 2)) == (255, 255, 255) and sum(end.getpixel((2, 2))) < 150
            reds = [each for image in (day, end) for each in image.getcolors(1 << 20) if each[1] == (255, 0, 0)]
            assert not reds, "a picture from outside the folder"
            assert (51, 102, 153) in {colour for _, colour in day.getcolors(1 << 20)}, "and the one inside is there"
            refused = await call("preview_picture", file="long.md", part=3)
            assert refused.is_error and "there are 2 parts" in said(refused)

    played(scene)


def test_without_a_browser_a_picture_is_refused_in_words(letter: Path) -> None:
    async def scene() -> None:
        async with assistant(letter, PATH="/nonexistent") as call:
            refused = await call("preview_picture", file="a.md")
            assert refused.is_error and "no browser was found" in said(refused)

    played(scene)


def test_what_a_command_refuses_is_told_in_words(letter: Path) -> None:
    (letter / "bad.md").write_text("# 题\n\n![图](missing.png)\n", encoding="utf-8")

    async def scene() -> None:
        async with assistant(letter) as call:
            refused = await call("plan_push", files=["bad.md"])
            assert refused.is_error and "bad.md:3: image missing.png: no such file" in said(refused)
            assert "confirmation" not in refused.structured_content
            refused = await call("show_draft", media_id="--json")
            assert refused.is_error and "40007" in said(refused)

    played(scene)


@pytest.mark.npm
def test_the_typescript_client_does_the_same(letter: Path) -> None:
    calls = [
        ["check", {"files": ["a.md"]}],
        ["plan_push", {"files": ["a.md"]}],
        ["push", {"files": ["a.md"], "confirmation": "$1"}],
        ["push", {"files": ["a.md"], "confirmation": "$1"}],
        ["open", {"file": "../secret.md"}],
        ["plan_publish", {"file": "a.md"}],
        ["publish", {"file": "a.md", "confirmation": "$1"}],
    ]
    words = ["-m", "wxpub", "mcp", "--root", str(letter), "--sandbox"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "WXPUB_SANDBOX_DB": str(letter.parent / "db.sqlite3")}
    given = json.dumps({"command": sys.executable, "args": words, "calls": calls})
    script = ["node", str(ROOT / "tests/js/mcp.mjs")]
    done = subprocess.run(script, input=given, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    heard = json.loads(done.stdout)
    assert heard["tools"] == [tool.name for tool in TOOLS]
    assert heard["resources"] == [uri for uri, _, _ in RESOURCES]
    assert [each["failed"] for each in heard["answers"]] == [False, False, False, True, True, False, False]
    assert heard["answers"][2]["document"]["result"]["action"] == "created"
    assert heard["answers"][6]["document"]["result"]["published"][0]["name"] == "a.md"


# --- what it must not do ----------------------------------------------------------------------------------------------


def test_no_file_outside_the_folder_is_read_or_written(letter: Path) -> None:
    (letter / "link.md").symlink_to(letter.parent / "secret.md")
    (letter / "up").symlink_to(letter.parent)
    (letter / "quote.md").write_text("# 题\n\n![图](../secret.png)\n\n![图](/etc/hostname)\n", encoding="utf-8")
    picture(letter.parent / "secret.png")
    (letter / "b.html").write_text("somebody's page", encoding="utf-8")
    (letter.parent / "look.css").write_text("p {color: red}", encoding="utf-8")
    (letter / "styled.md").write_text("---\ntheme: ../look.css\n---\n# 题\n\n字。\n", encoding="utf-8")
    (letter / "--fragment").write_text("# 题\n\n字。\n", encoding="utf-8")
    (letter / "part").mkdir()
    (letter / "part/wxpub.toml").write_text('[article]\ntheme = "../../look.css"\n', encoding="utf-8")
    (letter / "part/styled.md").write_text("# 题\n\n字。\n", encoding="utf-8")
    (letter / "inbox.md").symlink_to(letter.parent / "secret.md")
    outside = [
        "../secret.md",
        str(letter.parent / "secret.md"),
        "link.md",
        "up/secret.md",
        "/etc/passwd",
        "",
        "-",
        "a\0",
    ]
    before = sorted(letter.parent.iterdir())

    async def scene() -> None:
        async with assistant(letter) as call:
            for name in outside:
                for tool, given in (("open", {"file": name}), ("check", {"files": ["a.md", name]})):
                    refused = await call(tool, **given)
                    assert refused.is_error and "no file that may be read" in said(refused), name
            for name in ("../look.css", "/etc/passwd", "--json"):
                assert (await call("open", file="a.md", theme=name)).is_error
            for name in ("styled.md", "part/styled.md"):
                assert "no file that may be read" in said(await call("open", file=name))
            for tool, given in (("new", {}), ("add", {"urls": ["https://example.org/1"], "offline": True})):
                refused = await call(tool, **given)
                assert refused.is_error and CANARY not in said(refused)
            named = (await call("open", file="--fragment")).structured_content["result"]
            assert [each["path"] for each in named["files"]] == ["--fragment"], "a file, and no option"
            quoted = said(await call("check", files=["quote.md"]))
            assert quoted.count("image-missing") == 2
            refused = await call("convert", file="b.md")
            assert refused.is_error and "not made by wxpub" in said(refused)

    played(scene)
    assert (letter / "b.html").read_text(encoding="utf-8") == "somebody's page"
    assert sorted(letter.parent.iterdir()) == before


def test_nothing_is_pushed_that_was_not_shown(letter: Path) -> None:
    async def scene() -> None:
        async with assistant(letter) as call:

            async def token(*files: str, **more: Any) -> str:
                return str((await call("plan_push", files=list(files), **more)).structured_content["confirmation"])

            async def refused(why: str, tool: str = "push", **given: Any) -> None:
                result = await call(tool, **given)
                assert result.is_error and why in said(result), said(result)

            await refused("'confirmation' is a required property", files=["a.md"])
            await refused("unknown", files=["a.md"], confirmation="")
            await refused("unknown", files=["a.md"], confirmation="8f2c0d4a6b1e3c5d7f9a0b2c")
            await refused("something else", files=["a.md"], force=True, confirmation=await token("a.md"))
            await refused("something else", "publish", file="a.md", confirmation=await token("a.md"))
            used = await token("a.md")
            await refused("something else", files=["a.md", "b.md"], confirmation=used)
            await refused("used before", files=["a.md"], confirmation=used)
            old = await token("a.md")
            (letter / "a.md").write_text("# 第一期\n\n换过的正文。\n", encoding="utf-8")
            await refused("not the push that was shown", files=["a.md"], confirmation=old)
            assert (await call("drafts")).structured_content["result"]["drafts"] == []
            good = await token("a.md")
            assert not (await call("push", files=["a.md"], confirmation=good)).is_error
            await refused("used before", files=["a.md"], confirmation=good)

    played(scene)


def test_a_confirmation_grows_old(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXPUB_SANDBOX_DB", str(letter.parent / "db.sqlite3"))
    now = [0.0]

    async def scene() -> None:
        agents = Agents([letter], _run, sandbox=True, clock=lambda: now[0])
        plan = await agents.call("plan_push", {"files": ["b.md"]})
        now[0] = GOOD_FOR - 1
        other = await agents.call("plan_push", {"files": ["b.md"]})
        now[0] = GOOD_FOR
        with pytest.raises(ConflictError, match="too old"):
            await agents.call("push", {"files": ["b.md"], "confirmation": plan.document["confirmation"]})
        pushed = await agents.call("push", {"files": ["b.md"], "confirmation": other.document["confirmation"]})
        assert pushed.document["result"]["action"] == "created"

    played(scene)


def test_no_answer_holds_a_secret_and_the_rules_of_trust_hold(letter: Path, wechat: Sandbox) -> None:
    wechat.add_account("wxcanary", CANARY)
    own = {"WXPUB_APPID": "wxcanary", "WXPUB_SECRET": CANARY, "WXPUB_API_BASE": wechat.url}
    heard: list[str] = []

    async def scene() -> None:
        async with assistant(letter, sandbox=False, **own) as call:
            plan = await call("plan_push", files=["a.md"])
            token = plan.structured_content["confirmation"]
            answers = [plan, await call("push", files=["a.md"], confirmation=token), await call("drafts")]
            answers.append(await call("doctor"))
            heard.extend(each.model_dump_json() for each in answers)
        (letter / "wxpub.toml").write_text('[network]\napi_base = "http://thief.example"\n', encoding="utf-8")
        own.pop("WXPUB_API_BASE")
        async with assistant(letter, sandbox=False, **own) as call:
            stopped = await call("plan_push", files=["a.md"])
            assert stopped.is_error and "wxpub trust" in said(stopped)

    played(scene)
    assert len(wechat.account("wxcanary").drafts()) == 1
    assert not any(CANARY in each for each in heard)
    tools = {tool.name for tool in TOOLS}
    assert not tools & {"trust", "delete", "drafts_delete"}


def test_what_lies_in_the_folder_is_not_run(letter: Path) -> None:
    for name in ("click.py", "wxpub.py", "lxml.py", "json.py", "sitecustomize.py"):
        (letter / name).write_text("raise SystemExit('run')\n", encoding="utf-8")

    async def scene() -> None:
        async with assistant(letter) as call:
            assert not (await call("check", files=["b.md"])).is_error

    played(scene)


def test_arguments_of_a_wrong_kind_are_told(letter: Path) -> None:
    async def scene() -> None:
        async with assistant(letter) as call:
            for tool, given in (
                ("open", {}),
                ("open", {"file": 1}),
                ("open", {"file": "a.md", "output": "/tmp/x"}),
                ("check", {"files": []}),
                ("check", {"files": "a.md"}),
                ("push", {"files": ["a.md"], "account": "other", "confirmation": "x"}),
                ("new", {"title": "a\0b"}),
                ("delete_everything", {}),
            ):
                assert (await call(tool, **given)).is_error, tool

    played(scene)


def test_a_folder_that_is_no_newsletter_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not the folder of a newsletter"):
        Agents([tmp_path], _run)
    words = [sys.executable, "-m", "wxpub", "mcp", "--root", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, "wxpub init" in done.stderr) == (1, True)


def test_without_the_package_it_says_what_to_install(letter: Path) -> None:
    code = "import sys; sys.modules['mcp'] = None; from wxpub.cli import cli; cli(['mcp'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    said = "error: assistants need the Python package mcp, which is not installed; install it: "
    assert (done.returncode, done.stderr) == (1, f'{said}{sys.executable} -m pip install "wxpub[mcp]"\n')


def test_several_folders_are_kept_apart(letter: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "wxpub.toml").write_text("", encoding="utf-8")
    (other / "c.md").write_text("# 丙\n\n正文。\n", encoding="utf-8")

    async def scene() -> None:
        async with assistant(letter, other) as call:
            assert (await call("open", file="c.md")).structured_content["result"]["files"][0]["path"] == "c.md"
            assert not (await call("open", file=str(other / "c.md"))).is_error
            mixed = await call("check", files=["a.md", "c.md"])
            assert mixed.is_error and "several newsletters" in said(mixed)

    played(scene)


@pytest.mark.parametrize("page", ["docs/mcp.md", "docs/zh/mcp.md"])
def test_the_page_names_every_tool_and_resource(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == sorted(tool.name for tool in TOOLS)
    assert set(re.findall(r"wxpub://\w+", text)) == {uri for uri, _, _ in RESOURCES}
