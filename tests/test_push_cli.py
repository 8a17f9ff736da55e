"""The commands around pushing as an editor meets them: output, exit codes, JSON, and no secret anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import ROOT, corpus_files
from PIL import Image as Pillow
from pushing import SECRET, picture

from wxpub import images
from wxpub.cli import cli
from wxpub.ledger import FILE_NAME
from wxpub.sandbox import Sandbox

CANARY = "canary5ecret" + "0" * 20


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a newsletter with one issue, and stand in it."""
    folder = tmp_path / "letter"
    folder.mkdir()
    (folder / "wxpub.toml").write_text("", encoding="utf-8")
    picture(folder / "1.png")
    (folder / "a.md").write_text("# 第一期\n\n正文。\n\n![图](1.png)\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("WXPUB_SANDBOX_DB", str(tmp_path / "sandbox" / "db.sqlite3"))
    return folder


def run(*words: str) -> Result:
    result = CliRunner().invoke(cli, words)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def pushed(*words: str) -> dict[str, object]:
    result = run("push", *words, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    return {**document["result"], "findings": document["findings"]}


def test_a_push_to_the_sandbox_needs_nothing_and_leaves_the_project_clean(project: Path) -> None:
    before = sorted(project.iterdir())
    first, second = pushed("a.md", "--sandbox"), pushed("a.md", "--sandbox")
    assert (first["action"], second["action"]) == ("created", "unchanged")
    assert first["media_id"] == second["media_id"]
    assert sorted(project.iterdir()) == before


def test_people_read_stderr_and_programs_ask_for_json(project: Path) -> None:
    result = run("push", "a.md", "--sandbox")
    assert result.stdout == ""
    assert "created: 《第一期》" in result.stderr
    assert "wxpub sandbox" in result.stderr


@pytest.mark.parametrize("options", [("--dry-run",), ()])
def test_a_digest_that_wechat_refuses_stops_before_any_upload(project: Path, options: tuple[str, ...]) -> None:
    """WeChat takes 120 characters; older documentation says 128."""
    (project / "long.md").write_text(f"---\ndigest: {'摘' * 125}\n---\n# 题\n\n字\n", encoding="utf-8")
    result = run("push", "long.md", "--sandbox", *options)
    assert result.exit_code == 1
    assert "digest-length" in result.stderr and "125 characters; 120 are the most" in result.stderr
    assert "uploaded" not in result.stdout


def test_a_dry_run_says_what_would_be_done(project: Path) -> None:
    result = run("push", "a.md", "--sandbox", "--dry-run")
    assert "would create a draft of 1 article\nwould upload 2 images\n" in result.stderr
    plan = json.loads(run("push", "a.md", "--sandbox", "--dry-run", "--json").stdout)["result"]
    assert plan["action"] == "create"
    assert json.loads(run("drafts", "list", "--sandbox", "--json").stdout)["result"]["drafts"] == []


# What makes another push of it than the one that was shown.
OTHERS = {
    "a word": lambda folder: (folder / "a.md").write_text("# 第一期\n\n别的。\n\n![图](1.png)\n", encoding="utf-8"),
    "the title": lambda folder: (folder / "a.md").write_text("# 另一期\n\n正文。\n\n![图](1.png)\n", encoding="utf-8"),
    "the digest": lambda folder: (folder / "wxpub.toml").write_text('[article]\ndigest = "摘要"\n', encoding="utf-8"),
    "a colour": lambda folder: (folder / "wxpub.toml").write_text('[theme]\naccent = "#166534"\n', encoding="utf-8"),
    "a picture of the same name": lambda folder: picture(folder / "1.png", "#000000"),
    "a setting": lambda folder: (folder / "wxpub.toml").write_text("[article]\nopen_comment = true\n"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_only_what_was_shown_is_pushed(project: Path, what: str) -> None:
    shown = pushed("a.md", "--sandbox", "--dry-run")["fingerprint"]
    assert pushed("a.md", "--sandbox", "--dry-run")["fingerprint"] == shown
    before = (project / "a.md").read_bytes()
    OTHERS[what](project)
    refused = run("push", "a.md", "--sandbox", "--expect", str(shown))
    assert (refused.exit_code, "not the push that was shown" in refused.stderr) == (1, True)
    assert json.loads(run("drafts", "list", "--sandbox", "--json").stdout)["result"]["drafts"] == []
    (project / "a.md").write_bytes(before)
    (project / "wxpub.toml").write_text("", encoding="utf-8")
    picture(project / "1.png")
    assert run("push", "a.md", "--sandbox", "--expect", str(shown), "--new").exit_code == 1
    assert pushed("a.md", "--sandbox", "--expect", str(shown))["action"] == "created"


def test_only_what_was_shown_is_published(project: Path) -> None:
    pushed("a.md", "--sandbox")
    run("push", "a.md", "--sandbox")
    shown = json.loads(run("publish", "a.md", "--sandbox", "--dry-run", "--json").stdout)["result"]
    assert shown["titles"] == ["第一期"]
    (project / "1.png").unlink()
    (project / "a.md").write_text("# 第一期\n\n别的。\n", encoding="utf-8")
    pushed("a.md", "--sandbox")
    refused = run("publish", "a.md", "--sandbox", "--yes", "--expect", shown["fingerprint"])
    assert (refused.exit_code, "not the draft that was shown" in refused.stderr) == (1, True)
    assert json.loads(run("index", "list", "--json").stdout)["result"]["published"] == []
    now = json.loads(run("publish", "a.md", "--sandbox", "--dry-run", "--json").stdout)["result"]["fingerprint"]
    assert run("publish", "a.md", "--sandbox", "--yes", "--expect", now).exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("push", "missing.md", "--sandbox"), 1, "missing.md: no such file"),
        (("push", "bad.md", "--sandbox"), 1, "bad.md:3: error: image missing.png: no such file"),
        (("push", "a.md"), 1, "no credentials"),
        (("push",), 2, "Missing argument"),
        (("push", "a.md", "--open"), 2, "--open goes with --sandbox"),
        (("push", "a.md", "--sandbox", "--theme", "nonsense"), 1, "nonsense"),
        (("publish", "a.md", "--sandbox", "--yes"), 1, "push it first"),
        (("publish", "a.md", "--sandbox"), 1, "push it first"),
        (("drafts", "show", "nonsense", "--sandbox"), 1, "40007"),
        (("drafts", "delete", "nonsense", "--sandbox", "--yes"), 1, "40007"),
        (("index", "add", "a.md", "https://example.com/"), 1, "not a permanent address"),
        (("index", "add", "a.md", "https://mp.weixin.qq.com/s?tempkey=x"), 1, "not a permanent address"),
        (("cover", " "), 1, "a title"),
        (("cover", "题", "--ground", "nonsense"), 1, "not a colour"),
        (("cover", "题", "--design", "cart"), 1, "no cover design 'cart'; did you mean card?"),
        (("cover", "题", "--picture", "none.png"), 1, "error: image none.png: no such file"),
        (("cover", "题", "--date", "soon"), 2, "does not match the format"),
    ],
)
def test_refusals_are_one_line_and_an_exit_code(project: Path, words: tuple[str, ...], code: int, said: str) -> None:
    (project / "bad.md").write_text("# 题\n\n![图](missing.png)\n", encoding="utf-8")
    result = run(*words)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_the_whole_way_from_draft_to_permanent_address_and_a_link_to_it(project: Path) -> None:
    receipt = pushed("a.md", "--sandbox")
    listed = json.loads(run("drafts", "list", "--sandbox", "--json").stdout)["result"]["drafts"]
    assert [(each["media_id"], each["articles"][0]["file"]) for each in listed] == [(receipt["media_id"], "a.md")]
    assert "正文。" in run("drafts", "show", str(receipt["media_id"]), "--sandbox").stdout
    unasked = run("publish", "a.md", "--sandbox")  # nobody is there to answer
    assert (unasked.exit_code, "《第一期》" in unasked.stderr, "--yes" in unasked.stderr) == (2, True, True)
    assert json.loads(run("publish", "a.md", "--sandbox", "--dry-run", "--json").stdout)["result"]["titles"]
    published = run("publish", "a.md", "--sandbox", "--yes")
    assert published.stdout.startswith("https://mp.weixin.qq.com/s/")
    run("index", "add", "a.md", published.stdout.strip())
    assert json.loads(run("index", "list", "--json").stdout)["result"]["published"] == [
        {"name": "a.md", "url": published.stdout.strip()}
    ]
    (project / "b.md").write_text("# 第二期\n\n见[上一期](a.md)。\n", encoding="utf-8")
    second = pushed("b.md", "--sandbox")
    assert published.stdout.strip() in run("drafts", "show", str(second["media_id"]), "--sandbox", "--html").stdout


def test_drafts_can_be_deleted(project: Path) -> None:
    receipt = pushed("a.md", "--sandbox")
    assert run("drafts", "delete", str(receipt["media_id"]), "--sandbox", "--yes").exit_code == 0
    assert json.loads(run("drafts", "list", "--sandbox", "--json").stdout)["result"]["drafts"] == []
    assert pushed("a.md", "--sandbox")["action"] == "created"


def test_a_preview_is_sent(project: Path) -> None:
    result = run("push", "a.md", "--sandbox", "--preview-to", "my-wechat-id")
    assert "preview sent to my-wechat-id" in result.stderr


def test_a_cover_does_not_overwrite_what_somebody_else_made(project: Path) -> None:
    photo = (project / "cover.png", b"\x89PNG\r\n\x1a\n of a photographer")
    photo[0].write_bytes(photo[1])
    result = run("cover", "题")
    assert result.exit_code == 1
    assert "cover.png: exists and is not a cover that wxpub made; name another file with -o" in result.stderr
    assert photo[0].read_bytes() == photo[1]
    assert run("cover", "题", "-o", "own.png").exit_code == 0
    assert run("cover", "第二题", "-o", "own.png").exit_code == 0, "our own is made anew"
    retouched = Pillow.open(project / "own.png")
    retouched.putpixel((0, 0), (255, 0, 0))
    retouched.save(project / "own.png")
    assert run("cover", "第三题", "-o", "own.png").exit_code == 1, "but not when somebody has worked on it"
    assert Pillow.open(project / "own.png").getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.font
def test_a_cover_is_drawn_as_the_options_say(project: Path, tmp_path: Path) -> None:
    def drawn(*words: str) -> bytes:
        assert run("cover", *words, "-o", "c.png").exit_code == 0
        return (project / "c.png").read_bytes()

    elsewhere = str(picture(tmp_path / "elsewhere" / "bg.png", size=(900, 383)))
    (project / "wxpub.toml").write_text('[cover]\ndesign = "card"\n', encoding="utf-8")
    ways = [("a.md",), ("a.md", "--design", "grid"), ("a.md", "--number", "9"), ("a.md", "--date", "2026-11-15")]
    ways += [("a.md", "--series", "微光"), ("a.md", "--ground", "#166534"), ("a.md", "--accent", "#dc2626")]
    ways += [("a.md", "--picture", elsewhere), ("a.md", "--logo", elsewhere), ("灯", "--design", "grid")]
    covers = [drawn(*way) for way in ways]
    assert len(set(covers)) == len(covers)
    assert drawn("微光（第 9 期）：灯", "--design", "card") == drawn(
        "灯", "--series", "微光", "--number", "9", "--design", "card"
    )


def test_the_doctor_says_what_is_missing(project: Path) -> None:
    well = run("doctor", "--sandbox")
    assert "✓ credentials" in well.stdout
    ill = run("doctor", "--json")
    assert ill.exit_code == 1
    failed = [each["name"] for each in json.loads(ill.stdout)["result"]["checks"] if each["state"] == "failed"]
    assert failed == (["credentials"] if images.draw.chinese_font() else ["Chinese font", "credentials"])


def test_the_doctor_names_the_address_to_let_in(
    project: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.add_account("wxdoctor", SECRET, whitelist=("10.0.0.1",))
    monkeypatch.setenv("WXPUB_APPID", "wxdoctor")
    monkeypatch.setenv("WXPUB_SECRET", SECRET)
    monkeypatch.setenv("WXPUB_API_BASE", sandbox.url)
    result = run("doctor")
    assert "✗ IP whitelist: 40164" in result.stdout
    assert "add 127.0.0.1 to the account's IP whitelist" in result.stdout


def test_the_doctor_tells_of_the_quotas_that_are_near_their_end(
    project: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.add_account("wxlimits", SECRET)
    monkeypatch.setenv("WXPUB_APPID", "wxlimits")
    monkeypatch.setenv("WXPUB_SECRET", SECRET)
    monkeypatch.setenv("WXPUB_API_BASE", sandbox.url)
    assert [line for line in run("doctor").stdout.splitlines() if "quota" in line] == [
        "✓ quotas: none is near its end today"
    ]
    sandbox.account("wxlimits").set_quota_left("/cgi-bin/draft/add", 3)
    sandbox.account("wxlimits").set_quota_left("/cgi-bin/draft/update", 0)
    lines = [line for line in run("doctor").stdout.splitlines() if "quota" in line]
    assert [line.partition(": ")[0] for line in lines] == ["· quota of draft/add", "✗ quota of draft/update"]
    assert ": 3 of " in lines[0] and "used up" in lines[1]


def test_accounts_of_the_settings_are_kept_apart(
    project: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = ""
    for name in ("weekly", "daily"):
        sandbox.add_account(f"wx{name}", SECRET)
        tables += f'[accounts.{name}]\nappid = "wx{name}"\nsecret_env = "{name.upper()}"\napi_base = "{sandbox.url}"\n'
        monkeypatch.setenv(name.upper(), SECRET)
    (project / "wxpub.toml").write_text(tables, encoding="utf-8")
    assert run("trust", "--yes").exit_code == 0
    one, two = pushed("a.md", "--account", "weekly"), pushed("a.md", "--account", "daily")
    assert one["action"] == two["action"] == "created"
    assert one["media_id"] != two["media_id"]
    assert pushed("a.md", "--account", "weekly")["media_id"] == one["media_id"]
    assert "choose one with --account" in run("push", "a.md").stderr


def test_a_damaged_ledger_is_rebuilt_from_the_account(
    project: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.add_account("wxrebuild", SECRET)
    monkeypatch.setenv("WXPUB_APPID", "wxrebuild")
    monkeypatch.setenv("WXPUB_SECRET", SECRET)
    monkeypatch.setenv("WXPUB_API_BASE", sandbox.url)
    receipt = pushed("a.md")
    (project / FILE_NAME).write_text("{", encoding="utf-8")
    assert "index rebuild" in run("push", "a.md").stderr
    assert "draft: a.md" in run("index", "rebuild").stdout
    assert pushed("a.md")["media_id"] == receipt["media_id"]


def test_two_processes_at_once_make_one_draft(project: Path, sandbox: Sandbox) -> None:
    sandbox.add_account("wxtwice", SECRET)
    own = {"WXPUB_APPID": "wxtwice", "WXPUB_SECRET": SECRET, "WXPUB_API_BASE": sandbox.url, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "wxpub", "push", "a.md", "--json"]
    running = [subprocess.Popen(words, env={**os.environ, **own}, stdout=subprocess.PIPE) for _ in range(2)]
    receipts = [json.loads(each.communicate()[0])["result"] for each in running]
    assert sorted(each["action"] for each in receipts) == ["created", "unchanged"]
    assert len(sandbox.account("wxtwice").drafts()) == 1


@pytest.mark.parametrize(
    "name",
    [
        "push",
        "drafts",
        "drafts list",
        "drafts show",
        "drafts delete",
        "doctor",
        "publish",
        "index",
        "index list",
        "index add",
        "index rebuild",
        "cover",
    ],
)
def test_every_help_has_an_example(name: str) -> None:
    assert "Example" in run(*name.split(), "--help").stdout


@pytest.mark.matrix(3)
@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_real_issue_is_pushed_and_the_second_time_unchanged(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WXPUB_SANDBOX_DB", str(tmp_path / "db.sqlite3"))
    first = pushed(str(path), "--sandbox")
    assert first["action"] == "created"
    assert not [each for each in first["findings"] if each["rule"] == "stored"]  # type: ignore[attr-defined]
    second = pushed(str(path), "--sandbox")
    assert (second["action"], second["media_id"]) == ("unchanged", first["media_id"])


@pytest.mark.parametrize("base", ["sandbox", "http://127.0.0.1:1", "http://nowhere.invalid"])
def test_no_secret_shows_in_the_output_of_a_real_process(project: Path, sandbox: Sandbox, base: str) -> None:
    if base == "sandbox":
        base = sandbox.url
        sandbox.add_account("wxcanary", CANARY)
    env = {
        **os.environ,
        "WXPUB_APPID": "wxcanary",
        "WXPUB_SECRET": CANARY,
        "WXPUB_API_BASE": base,
        "PYTHONPATH": str(ROOT),
    }
    commands = (("push", "a.md"), ("push", "a.md", "--json"), ("drafts", "list"), ("doctor",))
    for words in commands if base == sandbox.url else commands[:1]:
        done = subprocess.run(
            [sys.executable, "-m", "wxpub", *words], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1)
        assert "Traceback" not in done.stderr
        assert CANARY not in done.stdout + done.stderr
        assert "access_token=" not in done.stdout + done.stderr
    for path in project.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()
