"""From the preview into WeChat's web editor: by a bookmarklet, by the browser extension, by the clipboard.

The editor is a stand-in (editors.py) at WeChat's own address, whose bridge behaves as WeChat documents it.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pack as extension
import pytest
from conftest import CHROMIUM, CHROMIUM_FLAGS
from editors import ADDRESS, Panel, stand
from previewing import DOT, TEXT, builder, preview, write
from pushing import picture
from test_preview_browser import axe

from wxpub.preview import pages
from wxpub.preview.editor import KEPT_BYTES, compare, package
from wxpub.preview.server import NAME_BYTES, Session

LOCAL = TEXT.replace("![远方的图](https://pictures.example.com/far.png)", "![二](two.png)\n\n![一又](dot.png)")


@pytest.fixture(autouse=True)
def _in_the_language_of_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for no language: what the tool itself says is English, by the locale."""
    monkeypatch.delenv("WXPUB_LANG")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


FILES = 4  # a cover, two pictures, one of them twice, and a QR code


@pytest.fixture
def issue(tmp_path: Path) -> Path:
    picture(tmp_path / "two.png", size=(600, 300))
    return write(tmp_path, LOCAL)


# --- the package and the comparison -----------------------------------------------------------------------------------


def test_a_package_has_every_picture_once_as_a_file(issue: Path) -> None:
    made = builder(issue)
    try:
        view = made()
        while view.shown["cover:"].pending:
            view = made()
        given = package(view)
    finally:
        made.close()
    assert (given["title"], given["author"], given["digest"], given["lost"]) == (
        "预览的一期",
        "编辑部",
        "一句话的摘要",
        0,
    )
    keys = [each["key"] for each in given["pictures"]]
    assert len(keys) == len(set(keys)) == FILES - 1
    assert re.findall(r'src="([^"]*)"', given["content"]) == [keys[0], keys[1], keys[0], keys[2]]
    assert {each["type"] for each in given["pictures"]} == {"image/png"}
    assert given["cover"]["crops"]["wide"] == [0, 0, 1, 1]
    left, top, right, bottom = given["cover"]["crops"]["square"]
    assert (top, bottom) == (0, 1) and 0.28 < left < 0.29 and 0.71 < right < 0.72
    assert json.loads(json.dumps(given)) == given


def test_a_picture_that_is_not_there_is_left_out_and_counted(tmp_path: Path) -> None:
    made = builder(write(tmp_path, TEXT.replace("dot.png", "none.png")))
    try:
        given = package(made())
    finally:
        made.close()
    assert given["lost"] == 2, "one is not there, and one on the web was not fetched yet"
    assert "none.png" not in given["content"] and "far.png" not in given["content"]
    assert re.findall(r'src="([^"]*)"', given["content"]) == [given["pictures"][0]["key"]], "the QR code alone"


def outcome(sent: str, kept: str, **fields: str) -> dict[str, Any]:
    return {"sent": {"title": "题", "content": sent}, "kept": {"title": "题", "content": kept, **fields}}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (outcome("<p>一</p><p>二</p>", '<p><span leaf="">一</span></p><p>二</p>'), []),
        (outcome("<p>一</p>", "<p>一</p>", title="別"), ["WeChat keeps title as '別', not '题'"]),
        (outcome("<blockquote><p>一</p></blockquote>", "<p>一</p>"), ["WeChat dropped tag blockquote (1 of 1)"]),
        (outcome('<p>一<img src=""></p>', "<p>一</p>"), []),
        (outcome("<p>一<br>二</p><p><br></p>", "<p>一二</p><p></p>"), ["WeChat dropped tag br (1 of 1)"]),
        (outcome('<section style="color:#333"><p>一</p></section>', "<p>一</p>"), []),
        (
            outcome(
                '<hr style="border:0;border-top:1px solid #ddd">',
                '<hr style="border-width: 1px 0 0; border-style: solid">',
            ),
            [],
        ),
        (
            outcome('<p style="border:0;margin:0">一</p>', '<p style="margin-top: 0">一</p>'),
            ["WeChat dropped style border (1 of 1)"],
        ),
        (
            outcome("<p><b>一</b><strong>二</strong><strong>三</strong></p>", "<p><b>一</b><strong>二三</strong></p>"),
            [],
        ),
        (
            outcome(
                '<p><span style="display:inline-block">一</span><span style="display:inline-block">二</span></p>',
                '<p><span style="display:inline-block">一二</span></p>',
            ),
            [],
        ),
        (
            outcome(
                '<p><span style="background:#eee">一</span><span style="background:#eee">二</span></p>',
                '<p><span style="background:#eee">一二</span></p>',
            ),
            ["WeChat dropped tag span (1 of 2)", "WeChat dropped style background (1 of 2)"],
        ),
        ({}, []),
        ({"sent": 3, "kept": [1]}, []),
        ({"sent": {"content": [1]}, "kept": {"title": None}}, ["WeChat keeps other words from '[1]' on: ''"]),
    ],
)
def test_what_the_editor_kept_is_compared_as_after_a_push(given: dict[str, Any], told: list[str]) -> None:
    assert compare(given) == told


def test_an_article_that_comes_back_whole_loses_nothing(issue: Path) -> None:
    made = builder(issue)
    try:
        content = package(made())["content"]
    finally:
        made.close()
    inside = content[content.index(">") + 1 : -len("</section>")]
    assert compare(outcome(content, inside)) == []
    assert compare(outcome(content, inside.replace("最后一段", "最后"))) != []


# --- the server -------------------------------------------------------------------------------------------------------


def post(session: Session, path: str, size: int, **headers: str) -> int:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", session.port, timeout=10)
    body = json.dumps({"sent": "x" * size}).encode()
    own = {"Origin": f"http://127.0.0.1:{session.port}", "X-Wxpub-Token": session.access.token}
    connection.request("POST", path, body, {**own, "Content-Type": "application/json", **headers})
    status = connection.getresponse().status
    connection.close()
    return status


def test_only_a_comparison_may_be_long_and_only_the_own_page_may_ask_for_it(issue: Path) -> None:
    with preview(issue) as session:
        assert post(session, "/editor/compare", NAME_BYTES * 100) == 200
        assert post(session, "/editor/compare", 10, Origin="https://mp.weixin.qq.com") == 403
        assert post(session, "/editor/compare", 10, **{"X-Wxpub-Token": "x"}) == 403
        assert post(session, "/editor/compare", KEPT_BYTES) == 413
        assert post(session, "/theme", NAME_BYTES) == 413


# --- in a browser -----------------------------------------------------------------------------------------------------

in_a_browser = [pytest.mark.browser, pytest.mark.npm]


@pytest.fixture
def session(issue: Path) -> Iterator[Session]:
    with preview(issue) as running:
        yield running


@pytest.fixture
def context(chromium: Any) -> Iterator[Any]:
    """Give a context in which WeChat's editor is the stand-in."""
    made = chromium.new_context(
        locale="zh-CN", viewport={"width": 900, "height": 800}, permissions=["clipboard-read", "clipboard-write"]
    )
    stand(made)
    yield made
    made.close()


def bookmark(context: Any, session: Session) -> str:
    """Take the script of the bookmark off the preview's page."""
    page = context.new_page()
    page.goto(f"{session.url}editor")
    address = page.locator("#bookmarklet").get_attribute("href")
    page.close()
    assert address.startswith("javascript:")
    return unquote(address.removeprefix("javascript:")).replace("STEP = 250", "STEP = 40")  # a test has less time


PICTURES = "[...document.querySelectorAll('#ueditor_0 img:not(.ProseMirror-separator)')].map((each) => each.src)"


def ready(context: Any, session: Session, how: str = "", *, script: str = "") -> Panel:
    """Open the editor, and click the bookmark in it."""
    code = script or bookmark(context, session)
    page = context.new_page()
    page.goto(ADDRESS + how)
    page.wait_for_function("window.__MP_Editor_JSAPI__")
    page.evaluate(code)
    return Panel(page)


def wait_for_cover(session: Session) -> None:
    while session.live.snapshot.value is None or not session.live.snapshot.value.state["cover"]:
        session.live.wait(session.live.snapshot.epoch, 1)


class TestBookmarklet:
    pytestmark = in_a_browser

    def test_it_puts_the_article_in_and_finds_all_of_it_there(self, context: Any, session: Session) -> None:
        wait_for_cover(session)
        panel = ready(context, session)
        panel.click("取文章")
        assert "《预览的一期》" in panel.has("3 张图片")
        panel.click("放进编辑器")
        said = panel.has("已放进编辑器")
        assert "已连上打开此页的编辑器" in context.pages[-1].inner_text("#ways")
        assert "读回来对照过：内容都在。" in said and "还需要" not in said
        page = panel.page
        assert page.evaluate("document.querySelector('wxpub-panel').shadowRoot") is None, (
            "scripts press no button there"
        )
        assert page.evaluate("document.querySelector('#author').value") == "编辑部"
        assert page.evaluate("document.querySelector('#js_description').value") == "一句话的摘要"
        assert page.evaluate("document.querySelector('#js_title_main .ProseMirror').textContent") == "预览的一期"
        was = page.evaluate("was")
        assert len(was["files"]) == FILES and was["files"][1]["size"] == len(DOT)
        (cover,) = was["covers"]
        assert cover["oriImgUrl"].startswith("https://mmbiz.qpic.cn/") and cover["picCrop_235_1"] == [0, 0, 1, 1]
        shown = page.evaluate(PICTURES)
        assert [int(re.search(r"picture(\d)", each)[1]) for each in shown] == [2, 3, 2, 4]  # type: ignore[index]

    def test_what_the_editor_drops_is_said(self, context: Any, session: Session) -> None:
        panel = ready(context, session, "&drops")
        panel.click("取文章")
        panel.click("放进编辑器")
        said = panel.has("编辑器里的内容与发出的不同")
        assert "dropped tag blockquote (1 of 1)" in said

    def test_what_is_in_the_editor_already_is_named_before_it_goes(self, context: Any, session: Session) -> None:
        panel = ready(context, session)
        panel.page.evaluate("fill('<p>同事写的</p>')")
        panel.click("取文章")
        assert "《预览的一期》" in panel.has("会被全部替换")
        panel.click("取消")
        assert "同事写的" in panel.page.evaluate("document.querySelector('#ueditor_0').textContent")

    @pytest.mark.parametrize("how", ["&deaf", "&stuck"])
    def test_pictures_that_the_editor_does_not_take_stand_in_the_text_and_are_told(
        self, context: Any, session: Session, how: str
    ) -> None:
        wait_for_cover(session)
        script = re.sub(r"picture: \d+", "picture: 500", bookmark(context, session))
        panel = ready(context, session, how, script=script)
        panel.click("取文章")
        panel.click("放进编辑器")
        said = panel.has("还需要你自己动手")
        assert said.count("检查图片") == FILES - 1 and "设置封面" in said and "粘贴会上传图片" in said
        assert "填写标题" not in said, "the title was typed"
        assert [each[:11] for each in panel.page.evaluate(PICTURES)] == ["data:image/"] * 4

    def test_fields_that_are_not_there_are_left_to_a_person(self, context: Any, session: Session) -> None:
        panel = ready(context, session, "&bare")
        panel.click("取文章")
        panel.click("放进编辑器")
        said = panel.has("还需要你自己动手")
        assert all(each in said for each in ("填写标题", "填写作者", "填写摘要"))

    @pytest.mark.parametrize(
        ("how", "words"), [("&old", "旧版编辑器"), ("&refuses", "编辑器拒绝了这篇文章"), ("&late", "《预览的一期》")]
    )
    def test_another_state_of_the_editor_is_said(self, context: Any, session: Session, how: str, words: str) -> None:
        panel = ready(context, session, how)
        panel.click("取文章")
        if how == "&refuses":
            panel.click("放进编辑器")
        panel.has(words)

    def test_no_other_page_gets_an_answer(self, context: Any, session: Session) -> None:
        """A page that opens the preview's window as WeChat's editor does, from another address, hears nothing."""
        context.route("https://evil.example/**", lambda route: route.fulfill(body="<p>x", content_type="text/html"))
        page = context.new_page()
        page.goto("https://evil.example/")
        page.evaluate(
            """(url) => {
                window.heard = [];
                addEventListener("message", ({ data }) => heard.push(data));
                window.other = window.open(url, "_blank", "popup");
            }""",
            f"{session.url}editor",
        )
        other = page.wait_for_event("popup") if len(context.pages) < 2 else context.pages[-1]
        other.wait_for_selector("#copy-data")
        page.evaluate("for (const what of ['offer', 'article']) other.postMessage({ wxpub: 'ask', id: 1, what }, '*')")
        page.wait_for_timeout(500)
        assert page.evaluate("heard") == []

    def test_the_clipboard_does_where_the_window_cannot_be_reached(self, context: Any, session: Session) -> None:
        wait_for_cover(session)
        home = context.new_page()
        home.goto(f"{session.url}editor")
        home.click("#copy-data")
        home.wait_for_selector("text=已复制")
        article = home.evaluate("navigator.clipboard.readText()")
        panel = ready(context, session, "&drops")
        panel.click("用剪贴板")
        panel.write(article)
        panel.click("放进编辑器")
        panel.has("还没有对照")
        panel.click("复制编辑器留下的内容")
        panel.has("已复制")
        home.bring_to_front()
        home.fill("#kept", home.evaluate("navigator.clipboard.readText()"))
        home.wait_for_selector("#told li")
        assert "dropped tag blockquote (1 of 1)" in home.inner_text("#told")

    def test_it_speaks_english_where_the_browser_does(self, chromium: Any, session: Session) -> None:
        context = chromium.new_context(locale="en-GB", viewport={"width": 900, "height": 800})
        stand(context)
        panel = ready(context, session)
        panel.click("Take the article")
        panel.click("Put it in")
        panel.has("It is in the editor.")
        assert not re.search(r"[\u4e00-\u9fff]", panel.text())
        context.close()

    def test_the_preview_leads_there(self, context: Any, session: Session) -> None:
        page = context.new_page()
        page.goto(session.url)
        page.wait_for_selector("#panel-findings")
        with page.expect_popup() as opened:
            page.click("#into-editor")
        opened.value.wait_for_selector("#bookmarklet")
        assert axe(opened.value) == []
        assert "拖到浏览器的书签栏" in opened.value.inner_text("#ways")


# --- the extension ----------------------------------------------------------------------------------------------------


@contextmanager
def extended(chromium: Any, folder: Path, profile: Path) -> Iterator[Any]:
    """Run a Chromium of its own with the extension in it."""
    context = chromium.browser_type.launch_persistent_context(
        str(profile),
        executable_path=CHROMIUM,
        locale="zh-CN",
        viewport={"width": 900, "height": 800},
        ignore_default_args=["--disable-extensions"],
        args=[*CHROMIUM_FLAGS, f"--disable-extensions-except={folder}", f"--load-extension={folder}"],
        env={**os.environ, "LANGUAGE": "zh_CN"},  # where Chromium takes the language of extensions from
    )
    stand(context)
    yield context
    context.close()


def test_the_extension_asks_for_wechat_and_this_machine_alone(tmp_path: Path) -> None:
    made = {name: data.decode() for name, data in extension.files().items()}
    manifest = json.loads(made["manifest.json"])
    allowed = {"https://mp.weixin.qq.com", "http://127.0.0.1", "http://localhost"}
    patterns = [
        *manifest["host_permissions"],
        *(each for script in manifest["content_scripts"] for each in script["matches"]),
    ]
    assert {re.match(r"https?://[^/]+", each)[0] for each in patterns} == allowed  # type: ignore[index]
    assert not {"permissions", "optional_permissions", "externally_connectable", "web_accessible_resources"} & set(
        manifest
    )
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    code = "\n".join(text for name, text in made.items() if name.endswith(".js"))
    assert not re.search(r"\beval\(|new Function|importScripts|\bimport\(|innerHTML|XMLHttpRequest|\bfetch\(", code)
    assert not re.search(r"^\s*(import|export)\b", code, re.MULTILINE)
    languages = [json.loads(text) for name, text in made.items() if name.startswith("_locales/")]
    assert len(languages) == 2 and languages[0].keys() == languages[1].keys()
    assert set(re.findall(r"__MSG_(\w+)__", made["manifest.json"])) == set(languages[0])
    folder = extension.build(tmp_path)
    with zipfile.ZipFile(tmp_path / "wxpub-extension.zip") as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == made
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == set(made)
    before = (tmp_path / "wxpub-extension.zip").read_bytes()
    extension.build(tmp_path)
    assert (tmp_path / "wxpub-extension.zip").read_bytes() == before


def test_the_bookmark_holds_all_that_it_needs() -> None:
    address = pages.bookmarklet("http://127.0.0.1:7788")
    assert address.startswith("javascript:") and len(address) < 60_000 and "\n" not in address
    code = unquote(address)
    assert "http://127.0.0.1:7788" in code and "{{" not in code.replace("{{language}}", "")
    assert not re.search(r"\beval\(|new Function|\bimport\(|innerHTML|\bfetch\(", code)


@pytest.mark.browser
@pytest.mark.npm
def test_the_extension_puts_the_article_in_and_says_what_was_dropped(
    chromium: Any, session: Session, tmp_path: Path
) -> None:
    wait_for_cover(session)
    with extended(chromium, extension.build(tmp_path / "out"), tmp_path / "profile") as context:
        editor = context.new_page()
        editor.goto(ADDRESS + "&drops")
        panel = Panel(editor)
        panel.click("wxpub")
        panel.click("取文章")
        panel.has("没有正在预览的文章")
        preview_page = context.new_page()
        preview_page.goto(session.url)
        preview_page.wait_for_selector("#panel-findings")
        editor.bring_to_front()
        panel.click("再试一次")
        assert "《预览的一期》" in panel.has("3 张图片")
        panel.click("放进编辑器")
        said = panel.has("编辑器里的内容与发出的不同", 30)
        assert "dropped tag blockquote (1 of 1)" in said and "还需要" not in said
        assert len(editor.evaluate("was.files")) == FILES
        assert editor.evaluate("document.querySelector('#author').value") == "编辑部"
        assert editor.evaluate("Object.keys(window).filter((each) => /wxpub|chrome\\.runtime/i.test(each))") == []
