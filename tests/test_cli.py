"""The command line: what `convert` writes where, exit codes, help, and one clear line for everything that is wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from conftest import ROOT, corpus_files

from wxpub.cli import COMMANDS, cli, options

Wxpub = Callable[..., Result]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf"
    "c0f01f000505027f9a5db7630000000049454e44ae426082"
)


@pytest.fixture
def wxpub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wxpub:
    """Run a command in `tmp_path`; an exception that is no exit fails the test."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **options: Any) -> Result:
        result = CliRunner().invoke(cli, arguments, **options)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return run


def write(name: str, text: str = "# 标题\n\n见[论文](https://a.example/p)。\n") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# --- convert ----------------------------------------------------------------------------------------------------------


def test_convert_writes_a_page_beside_the_issue(wxpub: Wxpub) -> None:
    write("issues/a.md")
    result = wxpub("convert", "issues/a.md")
    assert (result.exit_code, result.stdout) == (0, "issues/a.html\n")
    assert "1 note, 0 images" in result.stderr
    assert Path("issues/a.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_convert_again_replaces_its_own_page_and_nobody_else_s(wxpub: Wxpub) -> None:
    write("a.md")
    assert wxpub("convert", "a.md").exit_code == 0
    assert wxpub("convert", "a.md").exit_code == 0
    write("a.html", "<p>somebody's own page</p>")
    result = wxpub("convert", "a.md")
    assert result.exit_code == 1
    assert "a.html: exists and was not made by wxpub; name another place with -o" in result.stderr
    assert Path("a.html").read_text(encoding="utf-8") == "<p>somebody's own page</p>"
    assert wxpub("convert", "a.md", "-o", "a.html").exit_code == 0


def test_several_issues_go_into_a_folder_that_is_made(wxpub: Wxpub) -> None:
    write("a.md")
    write("b.md")
    assert wxpub("convert", "a.md", "b.md", "-o", "out/pages").exit_code == 0
    assert sorted(path.name for path in Path("out/pages").iterdir()) == ["a.html", "b.html"]


def test_a_fragment_is_the_article_s_html_alone(wxpub: Wxpub) -> None:
    write("a.md")
    html = wxpub("convert", "a.md", "--fragment", "-o", "-").stdout
    assert html.startswith("<section") and html.endswith("</section>")
    assert "标题" not in html and "论文" in html and "https://a.example/p" in html
    paste = wxpub("convert", "a.md", "--fragment", "--target", "paste", "-o", "-").stdout
    assert len(paste) > len(html)


def test_json_is_one_document_and_writes_no_file(wxpub: Wxpub) -> None:
    write(
        "a.md",
        "---\nauthor: 甲\n---\n# 标题\n\n> 导读：两句话。\n\n见[论文](https://a.example/p)，[空]()。\n\n![图](a.png)\n",
    )
    result = wxpub("convert", "a.md", "--json")
    found = json.loads(result.stdout)
    document = article(result)
    assert (document["title"], document["author"], document["digest"]) == ("标题", "甲", "两句话。")
    assert document["characters"] == len(document["html"])
    assert document["bytes"] == len(document["html"].encode())
    assert document["notes"] == [{"number": 1, "text": "论文", "url": "https://a.example/p"}]
    assert document["images"] == [{"src": "a.png", "alt": "图", "line": 10, "file": ""}]
    assert [(each["rule"], each["line"]) for each in found["findings"]] == [("link-empty", 8)]
    assert sorted(path.name for path in Path().iterdir()) == ["a.md"]
    write("b.md")
    assert len(json.loads(wxpub("convert", "a.md", "b.md", "--json").stdout)["result"]["files"]) == 2


def article(result: Result) -> dict[str, Any]:
    """Give the one article of `convert --json`."""
    (only,) = json.loads(result.stdout)["result"]["files"]
    found: dict[str, Any] = only["article"]
    return found


def test_a_file_that_cannot_be_read_does_not_keep_the_others_from_it(wxpub: Wxpub) -> None:
    names = [f"{number}.md" for number in range(10)]  # enough of them for several processes
    for name in names:
        write(name)
    write("0.md", " ")
    write("7.md", "---\ntitle: 一\n\n正文\n")
    result = wxpub("convert", *names)
    assert result.exit_code == 1
    assert sorted(path.stem for path in Path().glob("*.html")) == list("12345689")
    assert "0.md: is empty" in result.stderr
    assert result.stderr.endswith("2 of 10 files were not converted: 0.md, 7.md\n")
    document = json.loads(wxpub("convert", *names, "--json").stdout)
    reports = document["result"]["files"]
    assert [each["path"] for each in reports] == names
    assert [each["path"] for each in reports if each["error"]] == ["0.md", "7.md"]
    assert document["error"] == reports[0]["error"]


def test_wrong_settings_are_said_once_and_not_for_every_file(wxpub: Wxpub) -> None:
    names = [str(write(f"{number}.md")) for number in range(3)]
    write("wxpub.toml", "[article]\nautor = '甲'\n")
    result = wxpub("convert", *names)
    assert result.stderr.count("unknown key autor") == 1
    assert "3 of 3 files were not converted: 0.md, 1.md, 2.md" in result.stderr


def test_standard_input_is_an_issue_in_the_working_folder(wxpub: Wxpub) -> None:
    text = write("issues/2026-11-15.md", "# 标题\n\n正文。\n\n![图](a.png)\n").read_text(encoding="utf-8")
    write("wxpub.toml", "[article]\nsource_url = 'https://a.example/{path}'\nauthor = '甲'\n")
    Path("issues/a.png").write_bytes(PIXEL)
    named = wxpub("convert", "-", "--stdin-filename", "issues/2026-11-15.md", "--json", input=text)
    assert named.stdout == wxpub("convert", "issues/2026-11-15.md", "--json").stdout
    plain = wxpub("convert", "-", "--json", input=text)
    assert json.loads(plain.stdout)["result"]["files"][0]["path"] == "-"
    assert (article(plain)["author"], article(plain)["source_url"]) == ("甲", "")
    assert "a.png: no such file" in wxpub("convert", "-", input=text).stderr
    assert article(wxpub("convert", "-", "--json", input="正文。\n"))["title"] == ""


def test_standard_input_goes_to_standard_output_unless_a_place_is_named(wxpub: Wxpub) -> None:
    text = write("a.md").read_text(encoding="utf-8")
    page = wxpub("convert", "-", input=text).stdout
    assert page.startswith("<!doctype html>")
    wxpub("convert", "-", "-o", "b.html", input=text)
    assert Path("b.html").read_text(encoding="utf-8") == page
    assert sorted(path.name for path in Path().iterdir()) == ["a.md", "b.html"]


def test_the_page_needs_no_other_file(wxpub: Wxpub) -> None:
    write("a.md", "# 标题\n\n![图](a.png)\n")
    Path("a.png").write_bytes(PIXEL)
    assert wxpub("convert", "a.md").exit_code == 0
    page = Path("a.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in page
    assert not re.findall(r'(?:src|href)="(?!data:|#|https://mp\.weixin)[^"]+\.(?:png|css|js)"', page)


def test_an_extension_that_the_settings_name_takes_effect(wxpub: Wxpub) -> None:
    write("a.md", "# 题\n\n词\n:   义\n")
    plain = wxpub("convert", "a.md", "--fragment", "-o", "-").stdout
    assert ":   义" in plain or ": 义" in plain
    write("wxpub.toml", '[markdown]\nextensions = ["def_list"]\n')
    shown = re.sub(r"<[^>]*>", "|", wxpub("convert", "a.md", "--fragment", "-o", "-").stdout)
    assert re.search(r"词\|+义", shown)
    write("wxpub.toml", '[markdown]\nextensions = ["no.such"]\n')
    refused = wxpub("convert", "a.md")
    assert refused.exit_code == 1
    assert "no.such" in refused.stderr
    write("wxpub.toml", '[markdown]\nextensions = "abbr"\n')
    assert "is not a list of names" in wxpub("convert", "a.md").stderr


def test_a_file_that_is_no_picture_does_not_get_into_the_page(wxpub: Wxpub) -> None:
    write("a.md", "# 标题\n\n![图](keys.txt)\n")
    write("keys.txt", "a canary")
    result = wxpub("convert", "a.md")
    assert re.search(r"a\.md:3: error: image keys\.txt is not an image", result.stderr)
    assert "octet-stream" not in Path("a.html").read_text(encoding="utf-8")


def test_the_page_of_all_themes_has_its_pictures_in_it(wxpub: Wxpub) -> None:
    write("a.md", "# 标题\n\n![图](a.png)\n\n![图](no.png)\n")
    Path("a.png").write_bytes(PIXEL)
    result = wxpub("themes", "a.md", "-o", "out/all.html")
    assert (result.exit_code, result.stdout) == (0, "out/all.html\n")
    assert "a.md:5: error: image no.png: no such file" in result.stderr
    assert "data:image/png;base64," in Path("out/all.html").read_text(encoding="utf-8")
    assert "cannot be written" in wxpub("themes", "a.md", "-o", "a.png/all.html").stderr


def test_a_missing_picture_is_a_finding_with_its_line(wxpub: Wxpub) -> None:
    write("a.md", "# 标题\n\n文字\n\n![图](no.png)\n")
    result = wxpub("convert", "a.md")
    assert result.exit_code == 0
    assert re.search(r"a\.md:5: error: .*no\.png.*no such file", result.stderr)


def test_a_picture_s_address_that_is_none_breaks_nothing(wxpub: Wxpub) -> None:
    write("a.md", "# 标题\n\n![图](https://[bad/a.png)\n")
    assert wxpub("convert", "a.md").exit_code == 0


def test_flags_win_over_front_matter_and_front_matter_over_settings(wxpub: Wxpub) -> None:
    write("wxpub.toml", "[article]\ntheme = 'nowhere'\n[theme]\naccent = '#111111'\n")
    write("a.md", "# 标题\n\n## 节\n")
    assert "no theme 'nowhere'" in wxpub("convert", "a.md").stderr
    write("a.md", "---\ntheme: plain\n---\n# 标题\n\n## 节\n")
    assert "#111" in wxpub("convert", "a.md", "--fragment", "-o", "-").stdout
    assert "#222" in wxpub("convert", "a.md", "--set", "accent=#222222", "--fragment", "-o", "-").stdout


# --- what is wrong ----------------------------------------------------------------------------------------------------

WRONG: list[tuple[list[str], int, str]] = [
    (["convert", "missing.md"], 1, "error: missing.md: no such file"),
    (["convert", "folder"], 1, "error: folder: is a folder, not a Markdown file"),
    (["convert", "picture.png"], 1, "error: picture.png: is no text file"),
    (["convert", "empty.md"], 1, "error: empty.md: is empty"),
    (["convert", "gbk.md"], 1, "error: gbk.md:1: byte 0xb1 is not UTF-8; it looks like GBK: save it as UTF-8"),
    (["convert", "broken.md"], 1, "error: broken.md:2: front matter: a colon stands where none can be"),
    (["convert", "a.md", "--theme", "nope"], 1, "error: no theme 'nope'"),
    (["convert", "a.md", "--theme", "nope.css"], 1, "nope.css"),
    (["convert", "a.md", "--set", "accent"], 2, "is not NAME=VALUE"),
    (["convert", "a.md", "-o", "a.md/x.html"], 1, "cannot be written"),
    (["convert", "a.md", "b/a.md", "-o", "out"], 2, "several files would become out/a.html"),
    (["convert", "a.md", "b/a.md", "-o", "-"], 2, "-o - takes one file only"),
    (["convert"], 2, "Missing argument"),
    (["convert", "a.md", "--nope"], 2, "No such option"),
    (["convert", "folder.md"], 1, "error: folder.html: exists and was not made by wxpub"),
    (["convert", "a"], 1, "error: a: no such file; did you mean a.md?"),
    (["convert", "-", "a.md"], 2, "standard input (-) is converted alone"),
    (["convert", "-", "--open"], 2, "--open shows a file: name one with -o"),
    (["convert", "-"], 1, "error: -: is empty"),
    (["convert", "a.md", "--stdin-filename", "b.md"], 2, "--stdin-filename is the name of standard input: give - as"),
    (["check", "-", "-"], 2, "standard input can be read once"),
    (["convrt", "a.md"], 2, "Did you mean 'convert'?"),
    (["push", "missing.md", "--sandbox"], 1, "error: missing.md: no such file"),
    (["push", "nopicture.md", "--sandbox"], 1, "no.png"),
    (["push", "badpicture.md", "--sandbox"], 1, "bad.png"),
    (["push", "a.md"], 1, "error: no credentials; set WXPUB_APPID and WXPUB_SECRET"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG, ids=[" ".join(each[0]) for each in WRONG])
def test_what_is_wrong_gets_one_clear_line(wxpub: Wxpub, arguments: list[str], code: int, message: str) -> None:
    write("a.md")
    write("folder.md")
    Path("folder.html").mkdir()
    write("b/a.md")
    write("nopicture.md", "# 标题\n\n![图](no.png)\n")
    write("badpicture.md", "# 标题\n\n![图](bad.png)\n")
    write("bad.png", "this is no picture")
    write("broken.md", "---\ntitle: a: b\n---\n")
    Path("folder").mkdir()
    Path("picture.png").write_bytes(PIXEL)
    Path("empty.md").write_bytes(b"")
    Path("gbk.md").write_bytes("标题".encode("gb18030"))
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    result = wxpub(*arguments)
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_an_unreachable_api_is_told_apart_from_a_silent_one(wxpub: Wxpub) -> None:
    import socket

    write("a.md")
    env = {"WXPUB_APPID": "wx0", "WXPUB_SECRET": "canary-5ecret"}
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    result = wxpub("push", "a.md", env={**env, "WXPUB_API_BASE": address})
    assert result.exit_code == 1
    assert "error: " in result.stderr and "canary" not in result.output


# --- help -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_s_help_has_an_example_and_its_line_in_the_list(wxpub: Wxpub, name: str) -> None:
    result = wxpub(name, "--help")
    assert result.exit_code == 0
    assert f"wxpub {name}" in result.stdout.partition("\n")[2]
    assert COMMANDS[name] in " ".join(result.stdout.split())


@pytest.mark.parametrize("group", [(), ("index",), ("drafts",)])
def test_without_a_command_the_help_is_shown_and_no_error(wxpub: Wxpub, group: tuple[str, ...]) -> None:
    for tongue in ("zh", "en"):
        spoken = {"WXPUB_LANG": tongue}
        result = wxpub(*group, env=spoken)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == wxpub(*group, "--help", env=spoken).stdout


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = "import sys; from wxpub.cli import cli; cli(['--help'], standalone_mode=False)"
    code += "; print('wxpub.page' in sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True)
    assert done.stdout.split()[-1] == "False"


# --- real issues ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not corpus_files(), reason="the corpus is not beside the repository")
@pytest.mark.matrix(3)
@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_real_issue_converts_and_is_pushed_once(wxpub: Wxpub, path: Path) -> None:
    converted = wxpub("convert", str(path), "-o", "page.html")
    assert converted.exit_code == 0, converted.output
    env = {"WXPUB_SANDBOX_DB": "wechat.sqlite3"}
    first = wxpub("push", str(path), "--sandbox", "--json", env=env)
    assert first.exit_code == 0, first.output
    again = wxpub("push", str(path), "--sandbox", "--json", env=env)
    assert again.exit_code == 0, again.output
    assert json.loads(first.stdout)["result"]["media_id"] == json.loads(again.stdout)["result"]["media_id"]
    drafts = wxpub("drafts", "list", "--sandbox", "--json", env=env)
    assert len(json.loads(drafts.stdout)["result"]["drafts"]) == 1


# --- servers ----------------------------------------------------------------------------------------------------------


def test_a_signal_ends_the_waiting_and_then_does_what_it_did_before() -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    for each in before:
        with options.stopping() as wait:
            signal.raise_signal(each)
            wait()
    assert {each: signal.getsignal(each) for each in before} == before
