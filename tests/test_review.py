"""Remarks: written on the page of `convert --review`, sent back as a file or a link, shown with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from previewing import TEXT, line_of, load, write
from test_preview_browser import Watch, copied

from wxpub.cli import cli
from wxpub.errors import SourceError
from wxpub.preview import remarks
from wxpub.preview.remarks import Remark

SAID = "这里 <b>再说</b>清楚一点。\n第二行。"


def run(*words: str, **named: Any) -> Result:
    result = CliRunner().invoke(cli, words, **named)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def sent(*found: dict[str, Any]) -> str:
    return json.dumps({"wxpub-remarks": 1, "file": "issue.md", "remarks": found})


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(chromium: Any, tmp_path: Path) -> Iterator[Any]:
    """Give the page that the command writes, open in a browser."""
    issue = write(tmp_path)
    result = run("convert", str(issue), "--review")
    assert (result.exit_code, (tmp_path / "issue.html").exists()) == (0, False)
    context = chromium.new_context(
        viewport={"width": 1280, "height": 860}, locale="zh-CN", permissions=["clipboard-read", "clipboard-write"]
    )
    opened = context.new_page()
    opened.goto((tmp_path / "issue.review.html").as_uri())
    opened.wait_for_selector("#panel-remarks")
    yield opened
    context.close()


def remark(page: Any, words: str, text: str = SAID) -> None:
    page.frame_locator("#article").get_by_text(words).first.click()
    page.fill("#panel-remarks textarea", text)
    page.fill("#remark-by", "李四")
    page.click("#panel-remarks [type=submit]")


def saved(page: Any) -> str:
    with page.expect_download() as download:
        page.click("#save-remarks")
    assert download.value.suggested_filename == "issue.remarks.json"
    return Path(download.value.path()).read_text(encoding="utf-8")


@pytest.mark.browser
def test_a_remark_goes_from_the_page_to_the_terminal_by_file_and_by_link(page: Any, tmp_path: Path) -> None:
    watch = Watch(page)
    remark(page, "最后一段。")
    remark(page, "段落里有", "另一条。")
    issue, file = tmp_path / "issue.md", tmp_path / "sent.json"
    file.write_text(saved(page), encoding="utf-8")
    page.click("#copy-remarks")
    page.wait_for_selector("#toast.shown")
    link = copied(page)["text"]
    last = line_of(TEXT, "最后一段")
    for given in (str(file), link):
        result = run("remarks", str(issue), given, "--json")
        told = [(each["line"], each["rule"], each["message"]) for each in json.loads(result.stdout)["findings"]]
        assert [line for line, _, _ in told] == [line_of(TEXT, "段落里有"), last]
        assert told[1][1:] == ("remark", f"“最后一段。”: 李四: {SAID}")
    assert f"issue.md:{last}: info: " in run("remarks", str(issue), str(file)).stdout
    assert not watch.problems
    assert not [each for each in watch.requests if not each.startswith(("file:", "blob:", "data:", "about:"))]


@pytest.mark.browser
def test_on_a_phone_a_tab_says_that_there_are_remarks(page: Any) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    assert page.locator("[data-shows]").all_inner_texts() == ["Article", "Remarks"]


@pytest.mark.browser
def test_remarks_are_kept_marked_changed_and_taken_back(page: Any) -> None:
    remark(page, "最后一段。")
    article = page.frame_locator("#article")
    assert article.locator("[data-remarked]").all_inner_texts() == ["最后一段。"]
    page.reload()
    page.wait_for_selector(".remarks li")
    page.keyboard.press("d")  # at night the article is placed anew
    assert article.locator("[data-remarked]").all_inner_texts() == ["最后一段。"]
    assert "<b>再说</b>" in page.inner_text(".remarks")
    page.click(".remarks .actions button >> nth=0")
    page.fill("#panel-remarks textarea", "改过的话")
    page.click("#panel-remarks [type=submit]")
    (only,) = json.loads(saved(page))["remarks"]
    assert only["text"] == "改过的话"
    page.click(".remarks .actions button >> nth=1")
    assert page.locator(".remarks li").count() == 0
    assert article.locator("[data-remarked]").count() == 0


@pytest.mark.browser
def test_the_words_that_are_selected_are_what_it_is_about(page: Any) -> None:
    page.frame_locator("#article").get_by_text("最后一段。").evaluate(
        """(each) => {
            const range = each.ownerDocument.createRange();
            range.setStart(each.firstChild, 2);
            range.setEnd(each.firstChild, 4);
            each.ownerDocument.getSelection().addRange(range);
        }"""
    )
    page.keyboard.press("r")
    page.fill("#panel-remarks textarea", "哪一段？")
    page.keyboard.press("Tab")
    page.click("#panel-remarks [type=submit]")
    (only,) = json.loads(saved(page))["remarks"]
    assert (only["words"], only["block"]) == ("一段", "最后一段。")


@pytest.mark.browser
def test_remarks_of_others_are_read_and_run_nothing(page: Any, tmp_path: Path) -> None:
    evil = {
        "id": "1",
        "line": 12,
        "words": "<img src=x onerror=alert(1)>",
        "text": "<script>alert(1)</script>",
        "by": 7,
    }
    file = tmp_path / "other.json"
    file.write_text(sent(evil, {"text": ["no text"]}, {"id": "2", "text": "  "}), encoding="utf-8")
    watch = Watch(page)
    page.set_input_files("#panel-remarks input[type=file]", str(file))
    page.wait_for_selector(".remarks li")
    assert page.locator(".remarks li").count() == 1
    assert "<script>alert(1)</script>" in page.inner_text(".remarks")
    page.evaluate("location.hash = '#remarks=nonsense'")
    assert page.locator(".remarks li").count() == 1
    assert not watch.problems


# --- what came back ---------------------------------------------------------------------------------------------------


def lines(folder: Path, text: str, *said: Remark) -> list[tuple[int | None, str]]:
    return [(each.line, each.fix) for each in remarks.placed(load(write(folder, text)), said)]


def test_a_remark_finds_its_words_after_an_edit(tmp_path: Path) -> None:
    before = line_of(TEXT, "最后一段")
    said = Remark("不清楚", "最后一段。", "最后一段。", line=before)
    assert lines(tmp_path, TEXT, said) == [(before, "")]
    moved = TEXT.replace("# 第一节", "新的一段。\n\n# 第一节")
    assert lines(tmp_path, moved, said) == [(before + 2, "")]
    edited = TEXT.replace("最后一段。", "这是最后一段了。")
    assert lines(tmp_path, edited, said) == [(before, "")]
    ((line, told),) = lines(tmp_path, TEXT.replace("最后一段。", "再见"), said)
    assert (line, "not there any more" in told) == (before, True)


def test_of_equal_words_the_nearest_are_meant_and_note_numbers_do_not_count(tmp_path: Path) -> None:
    text = "第一段。\n\n重复的话。\n\n第三段。\n\n重复的话。\n\n见[链接](https://a.example/)的话。\n"
    said = [Remark("", "重复的话。", line=line) for line in (2, 9)]
    assert [line for line, _ in lines(tmp_path, text, *said)] == [3, 7]
    assert lines(tmp_path, text, Remark("", "见链接[3]的话。", line=1)) == [(9, "")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "字",
        "{}",
        "[1]",
        '{"wxpub-remarks": 1, "remarks": [1]}',
        '{"wxpub-remarks": 2, "remarks": []}',
        "x#remarks=%",
        "#remarks=AAAA",
    ],
)
def test_what_holds_no_remarks_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="no remarks"):
        remarks.read(text)


def test_of_several_files_the_one_without_remarks_is_named(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "b.json").write_text("{}", encoding="utf-8")
    said = CliRunner().invoke(cli, ["remarks", str(path), str(tmp_path / "b.json")]).stderr
    assert "b.json: holds no remarks; give the file or the link" in said


def test_what_others_wrote_cannot_steer_a_terminal(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "sent.json").write_text(sent({"text": "\u001b[31mred\u202e", "by": "\n::error::x"}), encoding="utf-8")
    shown = run("remarks", str(tmp_path / "issue.md"), str(tmp_path / "sent.json")).output
    assert "\u001b" not in shown and "\u202e" not in shown and "\n::error" not in shown


def test_remarks_come_from_standard_input_and_from_several_at_once(tmp_path: Path) -> None:
    issue, file = write(tmp_path), tmp_path / "sent.json"
    file.write_text(sent({"text": "二", "line": 30}), encoding="utf-8")
    result = run("remarks", str(issue), str(file), "-", input=sent({"text": "一", "line": 9}))
    assert [each.split(": ")[2] for each in result.stdout.splitlines()] == ["一 [remark]", "二 [remark]"]
    assert run("remarks", str(issue), str(tmp_path / "none.json")).exit_code == 1
