"""The page that stands alone, in a real Chromium, opened from a file as an editor does it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import AXE, EDITOR, ROOT, corpus_files
from previewing import TEXT, finding, line_of, load, pages, write

from wxpub import theme
from wxpub.night import night
from wxpub.preview.clipboard import plain_text
from wxpub.preview.pages import gallery, standalone
from wxpub.target import PASTE

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _in_the_language_of_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for no language: what the tool itself says is English, by the locale."""
    monkeypatch.delenv("WXPUB_LANG")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


class Watch:
    """Listens to a page: what it asks for, and what goes wrong in it."""

    def __init__(self, page: Any) -> None:
        self.requests: list[str] = []
        self.problems: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: message.type in ("error", "warning") and self.problems.append(message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))


@pytest.fixture
def browser_page(chromium: Any) -> Iterator[Any]:
    """Give a page of its own, with a clipboard, in Chinese."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 860}, locale="zh-CN", permissions=["clipboard-read", "clipboard-write"]
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write the page that stands alone, with a finding."""
    page, paste, placed = pages(write(tmp_path))
    made = standalone(page, fragment=paste, images=placed, findings=[finding()], theme="plain")
    place = tmp_path / "issue.html"
    place.write_text(made, encoding="utf-8")
    return place


@pytest.fixture
def fragment(tmp_path: Path) -> str:
    return pages(write(tmp_path))[1]


def copied(page: Any) -> dict[str, str]:
    """Give what a paste event gets from the clipboard, in a page of its own."""
    target = page.context.new_page()
    target.set_content("<textarea autofocus></textarea>")
    target.evaluate(
        """() => document.addEventListener("paste", (event) => {
            const [html, text] = ["text/html", "text/plain"].map((kind) => event.clipboardData.getData(kind));
            window.got = {html, text};
        })"""
    )
    target.focus("textarea")
    target.keyboard.press("Control+V")
    target.wait_for_function("window.got")
    got: dict[str, str] = target.evaluate("window.got")
    target.close()
    return got


def test_the_button_copies_the_article_to_the_byte(browser_page: Any, file: Path, fragment: str) -> None:
    browser_page.goto(file.as_uri())
    browser_page.click("#copy")
    browser_page.wait_for_selector("#toast.shown")
    got = copied(browser_page)
    assert re.sub(r"^<meta charset='utf-8'>", "", got["html"]) == fragment
    assert got["text"].replace("\r\n", "\n") == plain_text(fragment)


def test_the_key_copies_too_and_says_so(browser_page: Any, file: Path) -> None:
    browser_page.goto(file.as_uri())
    browser_page.keyboard.press("c")
    browser_page.wait_for_selector("#toast.shown")
    assert "已复制" in browser_page.inner_text("#toast")


def test_selected_words_are_copied_as_usual(browser_page: Any, file: Path) -> None:
    browser_page.goto(file.as_uri())
    browser_page.wait_for_selector("#panel-findings")
    browser_page.evaluate("getSelection().selectAllChildren(document.querySelector('#head-findings'))")
    browser_page.keyboard.press("Control+C")
    assert copied(browser_page)["text"].startswith("检查")


# Chrome drops what an inline style repeats of its surroundings, so that what counts is what each element looks like.
ELEMENTS = """(root) => [...root.querySelectorAll("*")].map((each) => {
    const style = getComputedStyle(each);
    const names = ["color", "backgroundColor", "fontSize", "fontWeight", "fontFamily", "lineHeight", "letterSpacing",
        "textAlign", "textIndent", "margin", "padding", "border", "borderRadius", "listStyleType", "whiteSpace",
        "overflowX", "display", "verticalAlign"];
    return [each.localName, ...names.map((name) => style[name])].join(" ");
})"""


def test_a_paste_into_an_editable_page_keeps_elements_and_styles(browser_page: Any, file: Path, fragment: str) -> None:
    browser_page.goto(file.as_uri())
    browser_page.click("#copy")
    browser_page.wait_for_selector("#toast.shown")
    target = browser_page.context.new_page()
    place = "<style>div {text-align: justify; letter-spacing: .034em; font-size: 17px}</style>"  # as WeChat's is
    target.set_content(f"{place}<div id='sent'></div><div id='got' contenteditable></div>")
    target.evaluate("(html) => { document.querySelector('#sent').innerHTML = html; }", fragment)
    target.focus("#got")
    target.keyboard.press("Control+V")
    sent = target.eval_on_selector("#sent", ELEMENTS)
    got = target.eval_on_selector("#got", ELEMENTS)
    assert got == sent


LINES = r"""(root) => {
    const squeeze = (text) => text.replace(/[\u200b\ufeff]/g, "").replace(/[\s\u00a0]+/g, " ").trim();
    const own = [...root.querySelectorAll("p, section, h1, h2, h3, h4, h5, h6, td, th, li")]
        .filter((each) => !each.querySelector("p, section, h1, h2, h3, h4, h5, h6, ul, ol, table, li"));
    const lines = own.flatMap((each) => {
        const copy = each.cloneNode(true);
        copy.querySelectorAll("br").forEach((br) => br.replaceWith("\n"));
        return copy.textContent.split("\n");
    });
    return {
        lines: lines.map(squeeze).filter(Boolean),
        items: [...root.querySelectorAll("li")].map((each) => squeeze(each.textContent)),
        cells: [...root.querySelectorAll("td, th")].map((each) => squeeze(each.textContent)),
        images: [...root.querySelectorAll("img")].map((each) => each.getAttribute("src")).filter((src) => src),
        indents: lines.filter((line) => /return/.test(line)).map((line) => /^[\s\u00a0]*/.exec(line)[0].length),
    };
}"""


@pytest.mark.npm
def test_a_paste_into_an_editor_like_wechats_keeps_lines_items_and_cells(
    browser_page: Any, file: Path, fragment: str
) -> None:
    browser_page.goto(file.as_uri())
    browser_page.click("#copy")
    browser_page.wait_for_selector("#toast.shown")
    target = browser_page.context.new_page()
    target.set_content("<div id='sent'></div><div id='place'></div>")
    target.add_script_tag(path=EDITOR)
    target.evaluate("(html) => { document.querySelector('#sent').innerHTML = html; }", fragment)
    target.evaluate("() => { window.view = wechat.editor(document.querySelector('#place')); window.view.focus(); }")
    target.keyboard.press("Control+V")
    sent = target.eval_on_selector("#sent", LINES)
    got = target.eval_on_selector(".ProseMirror", LINES)
    assert got == sent
    assert got["indents"] == [4]
    assert len(got["cells"]) == 6


REAL = [*corpus_files(), *sorted((ROOT / "examples" / "issues").glob("*.md"))]


@pytest.mark.npm
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_real_issues_are_pasted_whole_and_have_their_colours_at_night(browser_page: Any, path: Path) -> None:
    html = load(path).page(PASTE).html
    browser_page.set_content("<div id='sent'></div><div id='place'></div>")
    browser_page.add_script_tag(path=EDITOR)
    browser_page.evaluate(
        """(html) => {
            document.querySelector("#sent").innerHTML = html.replaceAll(" src=", " data-src=");
            const put = (event) => { event.preventDefault(); event.clipboardData.setData("text/html", html); };
            document.addEventListener("copy", put, {once: true});
            document.execCommand("copy");
            wechat.editor(document.querySelector("#place")).focus();
        }""",
        html,
    )
    browser_page.keyboard.press("Control+V")
    sent = browser_page.eval_on_selector("#sent", LINES)
    got = browser_page.eval_on_selector(".ProseMirror", LINES)
    for what in ("lines", "items", "cells"):
        assert got[what] == sent[what]
    assert browser_page.eval_on_selector("#sent", "(each) => each.querySelectorAll('[style]').length") == len(
        night(html)
    )


def test_nothing_is_asked_of_anybody_and_nothing_goes_wrong(browser_page: Any, file: Path) -> None:
    watch = Watch(browser_page)
    browser_page.goto(file.as_uri())
    for key in "cdd1234":
        browser_page.keyboard.press(key)
    browser_page.wait_for_timeout(200)
    assert [url for url in watch.requests if not url.startswith("data:")] == [file.as_uri()]
    assert watch.problems == []


@pytest.mark.parametrize("kind", ["alone", "gallery"])
def test_an_article_that_attacks_stays_in_its_frame(browser_page: Any, tmp_path: Path, kind: str) -> None:
    page, _, _ = pages(write(tmp_path))
    evil = (
        "<script>parent.hit = 1; top.hit = 1</script><img src=x onerror='parent.hit = 2; hit = 2'>"
        "<a id=bait href='javascript:parent.hit = 3' target=_top>x</a><svg onload='parent.hit = 4'></svg>"
        "<iframe srcdoc='<script>top.hit = 5</script>'></iframe><style>body{background:url(https://evil.example/s)}</style>"
        "<meta http-equiv=refresh content='0;url=https://evil.example/m'><form action='https://evil.example/f'></form>"
        "<p style='position:fixed;inset:0;background:url(https://evil.example/b)'>over</p><base href='https://evil.example/'>"
    )
    place = tmp_path / "evil.html"
    themed = (theme.load("plain"), replace(page, parts=(evil,)))
    made = standalone(page, fragment=evil) if kind == "alone" else gallery([themed])
    place.write_text(made, encoding="utf-8")
    watch = Watch(browser_page)
    browser_page.goto(place.as_uri())
    frame = browser_page.frame_locator("iframe").first
    frame.locator("#bait").click(force=True, timeout=2000)
    browser_page.wait_for_timeout(500)
    assert browser_page.evaluate("window.hit") is None
    assert browser_page.url == place.as_uri()
    assert browser_page.is_visible("#bar button")
    asked = {url for url in watch.requests if "evil.example" in url}
    assert asked <= (set() if kind == "alone" else {"https://evil.example/s", "https://evil.example/b"})  # as pictures


def test_widths_and_schemes_are_switched_and_remembered(browser_page: Any, file: Path) -> None:
    browser_page.emulate_media(reduced_motion="reduce")
    browser_page.goto(file.as_uri())
    for width, expected in ((320, 320), (414, 414), (677, 709), (375, 375)):
        browser_page.click(f"[data-width='{width}']")
        assert browser_page.eval_on_selector("#article", "(each) => each.clientWidth") == expected
    frame = browser_page.frame_locator("#article")
    paragraph = frame.locator(".wx-content p").first
    by_day = paragraph.evaluate("(each) => getComputedStyle(each).color")
    browser_page.click("#scheme")
    assert paragraph.evaluate("(each) => getComputedStyle(each).color") != by_day
    assert browser_page.evaluate("document.documentElement.dataset.scheme") == "dark"
    browser_page.click("[data-width='320']")
    browser_page.reload()
    browser_page.wait_for_selector("#panel-findings")
    assert browser_page.evaluate("document.documentElement.dataset.scheme") == "dark"
    assert browser_page.get_attribute("[data-width='320']", "aria-pressed") == "true"


def test_what_is_copied_is_the_same_by_night(browser_page: Any, file: Path, fragment: str) -> None:
    browser_page.goto(file.as_uri())
    browser_page.click("#scheme")
    browser_page.click("#copy")
    browser_page.wait_for_selector("#toast.shown")
    assert copied(browser_page)["html"].endswith(fragment)


def test_a_finding_copies_its_place(browser_page: Any, file: Path) -> None:
    browser_page.goto(file.as_uri())
    browser_page.click("button.finding")
    browser_page.wait_for_selector("#toast.shown")
    got = copied(browser_page)
    assert got["text"] == "issue.md:12"
    assert browser_page.inner_text("button.finding .words") == "一个空链接 <b>"


def test_what_a_rule_finds_several_times_is_unfolded_on_request(browser_page: Any, tmp_path: Path) -> None:
    page, paste, placed = pages(write(tmp_path))
    other = finding(3)._replace(rule="link-lost", severity="info")
    found = [other, finding(12), finding(15), finding(40)]
    file = tmp_path / "issue.html"
    file.write_text(standalone(page, fragment=paste, images=placed, findings=found, theme="plain"), encoding="utf-8")
    browser_page.goto(file.as_uri())
    places = (
        "[...document.querySelectorAll('.finding .where')]"
        ".filter((each) => each.checkVisibility()).map((each) => each.innerText)"
    )
    assert browser_page.evaluate(places) == ["第 12 行 · link-empty", "第 3 行 · link-lost"]
    assert browser_page.inner_text("#head-findings .badge") == "2"
    browser_page.click("text=还有 2 处")
    assert [each[:4] for each in browser_page.evaluate(places)] == ["第 12", "第 15", "第 40", "第 3 "]


def test_the_outline_leads_to_the_heading(browser_page: Any, tmp_path: Path) -> None:
    text = (
        TEXT.replace("## 代码", "## [代码](https://example.com/code)")
        .replace("## 表格", "## constructor")
        .replace("> 引用的话。", "## 数组 a[1]")
    )
    place = tmp_path / "issue.html"
    place.write_text(standalone(pages(write(tmp_path, text))[0]), encoding="utf-8")
    browser_page.emulate_media(reduced_motion="reduce")
    browser_page.set_viewport_size({"width": 1280, "height": 400})
    browser_page.goto(place.as_uri())
    for name in ("代码", "constructor", "数组 a[1]"):
        browser_page.click(f"#outline button:has-text('{name}')")
        heading = browser_page.frame_locator("#article").locator(f"h2:has-text('{name}')")
        assert 0 <= heading.evaluate("(each) => each.getBoundingClientRect().top") < 40


# Blocks that begin alike, pictures, and a block that says nothing, between what findings and headings are about.
LONG = TEXT.replace(
    "最后一段。", "\n\n".join(f"同样的一段话，说了又说。\n\n## 第{n}节\n\n第{n}段，说了一些。" for n in range(30))
)
SPOTS = {
    "外链": "段落里有",
    "第二项": "第二项",
    "引用的话": "引用的话",
    "| 三": "三四",
    "dot.png": "一个点",
    "far.png": "远方的图",
    "第7段": "第7段",
    "## 第29节": "第29节",
}


@pytest.fixture
def spots(browser_page: Any, tmp_path: Path) -> Any:
    """Open a long page with a finding about each of SPOTS."""
    path = write(tmp_path, LONG)
    found = [finding(line_of(LONG, words), path) for words in SPOTS]
    place = tmp_path / "issue.html"
    place.write_text(standalone(pages(path)[0], findings=found), encoding="utf-8")
    browser_page.emulate_media(reduced_motion="reduce")
    browser_page.goto(place.as_uri())
    browser_page.wait_for_selector("#panel-findings", state="attached")
    return browser_page


MARKED = """(mark) => {
    const sides = (box) => [box.left, box.top, box.width, box.height].map(Math.round).join();
    const at = (each) => sides(each.getBoundingClientRect());
    const marked = [...document.querySelectorAll(".wx-content *")].find((each) => at(each) === at(mark));
    const top = mark.getBoundingClientRect().top;
    return [marked.textContent, top >= 0 && top < innerHeight];
}"""


def test_a_finding_leads_to_its_place_in_the_article(spots: Any) -> None:
    spots.click("summary:has-text('还有')")
    mark = spots.frame_locator("#article").locator(".wx-here")
    for words, shown in SPOTS.items():
        spots.click(f"button.finding:has-text('第 {line_of(LONG, words)} 行')")
        text, in_sight = mark.evaluate(MARKED)
        assert re.sub(r"\s", "", text).startswith(shown) and in_sight


def test_the_outline_follows_the_scroll(spots: Any) -> None:
    article = spots.frame_locator("#article")
    for name in ("第12节", "第3节", "第20节"):
        article.locator(f"h2:has-text('{name}')").evaluate("(each) => each.scrollIntoView({block: 'start'})")
        current = spots.locator(f"#outline [aria-current=true]:has-text('{name}')")
        current.wait_for()
        assert current.evaluate("(each) => each.getBoundingClientRect().bottom <= innerHeight")
    assert spots.locator("#outline [aria-current]").count() == 1


SMALL = """() => [...document.querySelectorAll("button, select, summary, a")].filter((each) => each.checkVisibility())
    .filter((each) => { const box = each.getBoundingClientRect(); return box.width < 44 || box.height < 44; })
    .map((each) => each.outerHTML.slice(0, 80))"""


def test_on_a_phone_a_finding_brings_the_article_back_and_nothing_to_hit_is_small(spots: Any) -> None:
    spots.set_viewport_size({"width": 375, "height": 720})
    assert spots.evaluate(SMALL) == []
    spots.click("[data-shows=details]")
    assert spots.evaluate(SMALL) == []
    spots.click("button.finding >> nth=0")
    assert spots.is_visible("#stage") and not spots.is_visible("#panels")
    assert spots.get_attribute("[data-shows=article]", "aria-pressed") == "true"


def test_a_keyboard_reaches_the_page_before_the_articles_links(spots: Any) -> None:
    order: list[str] = []
    while "article" not in order and len(order) < 200:
        spots.keyboard.press("Tab")
        order.append(spots.evaluate("document.activeElement.closest('[id]')?.id ?? ''"))
    assert order[-1] == "article" and {"copy", "outline", "panel-findings"} <= {*order}


@pytest.mark.npm
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_axe_finds_no_problem(browser_page: Any, file: Path, scheme: str, width: int) -> None:
    browser_page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    browser_page.set_viewport_size({"width": width, "height": 860})
    browser_page.goto(file.as_uri())
    browser_page.wait_for_selector("#panels .panel", state="attached")
    views = ["article", "details"] if width < 760 else ["article"]
    for view in views:
        if len(views) > 1:
            browser_page.click(f"[data-shows='{view}']")
        assert axe(browser_page) == []


def axe(page: Any) -> list[tuple[str, str]]:
    """Run axe-core on the page around the article: its rule and the first element that breaks it."""
    page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")  # as a debugger does: no policy stops it
    found = page.evaluate("axe.run(document, {iframes: false})")
    return [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]


def test_the_page_speaks_english_where_the_browser_does(chromium: Any, file: Path) -> None:
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.inner_text("#copy") == "Copy article"
    assert page.get_attribute("html", "lang") == "en"
    context.close()


@pytest.mark.parametrize(("asked", "told"), [("en", "Copy article"), ("zh", "复制文章")])
def test_the_page_speaks_the_language_that_was_asked_for(
    asked: str, told: str, chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WXPUB_LANG", asked)
    page, _, _ = pages(write(tmp_path, TEXT))
    (tmp_path / "issue.html").write_text(standalone(page), encoding="utf-8")
    context = chromium.new_context(locale="zh-CN" if asked == "en" else "en-GB")
    opened = context.new_page()
    opened.goto((tmp_path / "issue.html").as_uri())
    assert opened.inner_text("#copy") == told
    context.close()


def test_lost_pictures_are_told_when_copying(browser_page: Any, tmp_path: Path) -> None:
    page, _, _ = pages(write(tmp_path, TEXT.replace("dot.png", "missing.png")))
    place = tmp_path / "issue.html"
    place.write_text(standalone(page), encoding="utf-8")
    browser_page.goto(place.as_uri())
    browser_page.click("#copy")
    browser_page.wait_for_selector("#toast.shown")
    assert "2 张图片" in browser_page.inner_text("#toast")  # the missing one, and the QR code that was not drawn


@pytest.fixture
def gallery_page(browser_page: Any, tmp_path: Path) -> Any:
    """Open the page of all themes."""
    path = write(tmp_path, TEXT.replace("![远方的图](https://pictures.example.com/far.png)", ""))
    looks = [load(path, name) for name in theme.names()]
    place = tmp_path / "gallery.html"
    embedded, _ = looks[0].embedded()
    place.write_text(gallery([(each.theme, replace(each.page(), placed=embedded)) for each in looks]), encoding="utf-8")
    browser_page.watch = Watch(browser_page)
    browser_page.goto(place.as_uri())
    browser_page.wait_for_load_state()
    return browser_page


PART_TOPS = """async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise(requestAnimationFrame);
    return [...document.querySelectorAll(".look iframe")].map((frame) => {
        const top = frame.getBoundingClientRect().top;
        return [...frame.contentDocument.querySelectorAll(".wx-part")]
            .map((part) => [part.dataset.name, Math.round(top + part.getBoundingClientRect().top)]);
    });
}"""


def test_the_gallery_has_equal_parts_at_equal_heights_and_one_scroll(gallery_page: Any) -> None:
    first, *others = gallery_page.evaluate(PART_TOPS)
    assert [name for name, _ in first] == ["标题与条目", "引用", "代码", "表格", "图片", "链接与注释", "全文"]
    assert len(others) == len(theme.names()) - 1 and all(each == first for each in others)
    gallery_page.eval_on_selector("#looks", "(each) => { each.scrollTop = 300; }")
    moved, *_ = gallery_page.evaluate(PART_TOPS)
    assert [top for _, top in moved] == [top - 300 for _, top in first]
    inner = """[...document.querySelectorAll(".look iframe")]
        .filter(({ contentDocument: { documentElement: page } }) => page.scrollHeight > page.clientHeight)"""
    assert gallery_page.evaluate(f"{inner}.length") == 0


def test_the_gallery_copies_the_line_that_takes_a_theme_and_shows_the_night(gallery_page: Any) -> None:
    gallery_page.click("#look-ink header button")
    gallery_page.wait_for_selector("#look-ink button:has-text('已复制')")
    assert copied(gallery_page)["text"] == "theme: ink"
    colours = """() => [...document.querySelectorAll(".look iframe")]
        .map((frame) => getComputedStyle(frame.contentDocument.querySelector(".wx-content section")).color)"""
    day = gallery_page.evaluate(colours)
    gallery_page.click("#scheme")
    night = gallery_page.evaluate(colours)
    assert all(one != other for one, other in zip(day, night, strict=True))
    gallery_page.click("#scheme")
    assert gallery_page.evaluate(colours) == day
    assert [url for url in gallery_page.watch.requests if not url.startswith(("data:", "file:"))] == []
    assert gallery_page.watch.problems == []


@pytest.mark.npm
@pytest.mark.parametrize("width", [1280, 375])
def test_axe_finds_no_problem_in_the_gallery(gallery_page: Any, width: int) -> None:
    gallery_page.set_viewport_size({"width": width, "height": 800})
    assert axe(gallery_page) == []
    if width < 760:
        assert gallery_page.evaluate(SMALL) == []


def test_the_state_is_data_and_runs_nothing(browser_page: Any, file: Path) -> None:
    browser_page.goto(file.as_uri())
    held = browser_page.eval_on_selector("#state", "(each) => [each.type, each.textContent]")
    assert held[0] == "application/json"
    assert json.loads(held[1])["title"] == "预览的一期"
