"""The live preview in a real Chromium: what an editor sees while writing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from previewing import DOT, TEXT, preview, write
from test_preview_browser import Watch, axe, copied

from wxpub.preview.live import QUIET, Destination, Outcome
from wxpub.preview.server import Session

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _in_the_language_of_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for no language: what the tool itself says is English, by the locale."""
    monkeypatch.delenv("WXPUB_LANG")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def push(destination: str, theme: str, say: Callable[[str], None], tick: Callable[[int, int], None]) -> Outcome:
    """Push to nobody, as slowly as it takes to be seen."""
    say(f"{destination} {theme}")
    for done in range(3):
        tick(done, 2)
        time.sleep(0.1)
    return Outcome("created", 2, 1, "http://127.0.0.1:1/draft")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with preview(
        write(tmp_path), push=push, destinations=(Destination("drafts", "周刊"), Destination("sandbox"))
    ) as running:
        yield running


@pytest.fixture
def live(chromium: Any, session: Session) -> Iterator[Any]:
    """Give a page that shows the preview."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 600}, locale="zh-CN", permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    page.watch = Watch(page)
    page.goto(session.url)
    page.wait_for_selector("#panel-findings")
    yield page
    context.close()


def inside(page: Any, selector: str) -> Any:
    return page.frame_locator("#article").locator(selector)


def long(number: int) -> str:
    """Give an issue long enough to scroll, whose first and last words change with `number`."""
    middle = "\n\n".join(f"第 {line} 段，说了一些话，好让这一页足够长。" for line in range(60))
    return TEXT.replace("# 第一节", f"# 第一节\n\n开头第{number}稿\n\n{middle}").replace(
        "最后一段", f"结尾第{number}稿"
    )


# Notes when words arrive, and whether the article was ever seen with one end of another draft than the other.
OBSERVE = r"""() => {
    const content = document.querySelector("#article").contentDocument.querySelector(".wx-content");
    window.seen = {};
    window.torn = [];
    const look = () => {
        const text = content.textContent;
        const [first, last] = [/开头第(\d+)稿/.exec(text)?.[1], /结尾第(\d+)稿/.exec(text)?.[1]];
        if (first !== last || first === undefined) window.torn.push([first, last]);
        else window.seen[first] = true;
        requestAnimationFrame(look);
    };
    look();
}"""


def test_every_save_is_seen_and_never_half(live: Any, tmp_path: Path) -> None:
    path = tmp_path / "issue.md"
    path.write_text(long(0), encoding="utf-8")
    inside(live, "text=结尾第0稿").wait_for()
    live.evaluate(OBSERVE)
    paused = set()
    for number in range(1, 21):
        if number % 2:
            draft = path.with_suffix(".tmp")
            draft.write_text(long(number), encoding="utf-8")
            draft.replace(path)  # as most editors do
        else:
            text, began = long(number), time.monotonic()
            with path.open("w", encoding="utf-8") as file:  # in two pieces, as a slow disk does
                file.write(text[: len(text) // 2])
                file.flush()
                file.write(text[len(text) // 2 :])
            if time.monotonic() - began >= QUIET:  # this machine was busy: the half was there long enough to be a save
                paused.add(str(number))
        for _ in range(2_000):
            if live.evaluate(f"window.seen[{number}]"):
                break
            live.wait_for_timeout(10)
        else:
            pytest.fail(f"draft {number} is never seen")
    assert [each for each in live.evaluate("window.torn") if each[0] not in paused] == []
    assert len(paused) < 10, "no save in two pieces was quick enough to show anything"
    assert live.watch.problems == []


def test_the_reader_stays_at_the_words_that_were_being_read(live: Any, tmp_path: Path) -> None:
    path = tmp_path / "issue.md"
    path.write_text(long(0), encoding="utf-8")
    inside(live, "text=结尾第0稿").wait_for()
    inside(live, "text=第 30 段").evaluate("(each) => each.scrollIntoView({block: 'start'})")
    before = inside(live, "text=第 30 段").evaluate("(each) => each.getBoundingClientRect().top")
    path.write_text(long(1).replace("开头第1稿", "开头第1稿\n\n多出一段\n\n再多一段"), encoding="utf-8")
    inside(live, "text=再多一段").wait_for(state="attached")
    after = inside(live, "text=第 30 段").evaluate("(each) => each.getBoundingClientRect().top")
    assert abs(after - before) < 2


def test_an_error_stands_in_place_of_the_article_and_goes_by_itself(live: Any, tmp_path: Path) -> None:
    path = tmp_path / "issue.md"
    path.write_text("---\ntitle: [\n---\n正文", encoding="utf-8")
    live.wait_for_selector("#problem:not([hidden])")
    assert "issue.md:" in live.inner_text("#problem")
    live.click("#problem .plain")
    live.wait_for_selector("#toast.shown")
    assert copied(live)["text"].endswith("issue.md:3")
    path.unlink()
    live.wait_for_selector("#problem:has-text('no such file')")
    write(tmp_path, TEXT.replace("预览的一期", "修好了"))
    live.wait_for_selector("#problem", state="hidden")
    assert inside(live, ".wx-title").inner_text() == "修好了"


def test_while_an_article_cannot_be_built_nothing_looks_as_if_it_could(live: Any, tmp_path: Path) -> None:
    assert live.is_enabled("#copy") and live.is_enabled("#push")
    (tmp_path / "issue.md").write_text("---\ntitle: [\n---\n正文", encoding="utf-8")
    live.wait_for_selector("#pulse.broken")
    assert live.is_disabled("#copy") and live.is_disabled("#push")
    assert live.eval_on_selector("#panels", "(each) => each.inert && Number(getComputedStyle(each).opacity) < .5")
    assert live.eval_on_selector("#outline", "(each) => each.inert")
    live.keyboard.press("p")
    assert live.query_selector("#push-dialog[open]") is None
    live.keyboard.press("c")
    live.wait_for_selector("#toast.shown:has-text('还没有可复制的文章')")
    write(tmp_path)
    live.wait_for_selector("#pulse.alive")
    assert live.is_enabled("#copy") and live.is_enabled("#push")
    assert not live.eval_on_selector("#panels", "(each) => each.inert")


def test_a_picture_that_changes_is_seen(live: Any, tmp_path: Path) -> None:
    before = inside(live, ".wx-content img").first.get_attribute("src")
    from PIL import Image

    Image.new("RGB", (8, 4), "red").save(tmp_path / "dot.png")
    live.wait_for_selector("#panel-images:has-text('8 × 4')")
    image = inside(live, ".wx-content img").first
    assert image.get_attribute("src") != before
    assert image.evaluate("(each) => each.decode().then(() => each.naturalWidth)") == 8


def test_a_missing_picture_is_told_and_arrives(live: Any, tmp_path: Path) -> None:
    write(tmp_path, TEXT.replace("dot.png", "later/dot.png"))
    live.wait_for_selector("#panel-images li:has-text('dot.png') .missing")
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "dot.png").write_bytes(DOT)
    live.wait_for_selector("#panel-images li:has-text('dot.png') .upload")


def test_the_theme_is_switched_and_remembered(live: Any, session: Session) -> None:
    other = live.evaluate("[...document.querySelector('#theme').options].map((each) => each.value)")[-1]
    before = inside(live, ".wx-content h1").evaluate("(each) => each.getAttribute('style')")
    live.select_option("#theme", other)
    live.wait_for_timeout(50)
    for _ in range(100):
        if inside(live, ".wx-content h1").evaluate("(each) => each.getAttribute('style')") != before:
            break
        live.wait_for_timeout(50)
    assert live.input_value("#theme") == other
    view = session.live.snapshot.value
    assert view and view.state["theme"] == other
    live.focus("#theme")
    live.keyboard.press("d")  # in the list a key means the list
    assert live.get_attribute("html", "data-scheme") == "light"
    live.reload()
    live.wait_for_selector("#panel-findings")
    assert live.input_value("#theme") == other


@pytest.mark.npm
def test_the_theme_that_was_picked_can_be_kept(live: Any, tmp_path: Path) -> None:
    assert live.is_hidden("#keep")
    live.select_option("#theme", "ink")
    live.click("#keep")
    assert "水墨" in live.inner_text("#keep-dialog h2")
    assert axe(live) == []
    live.click("#keep-dialog [data-place=issue]")
    live.wait_for_selector("#toast.shown:has-text('已写入 issue.md')")
    live.wait_for_selector("#keep", state="hidden")
    assert "theme: ink\ntitle: 预览的一期" in (tmp_path / "issue.md").read_text(encoding="utf-8")
    write(tmp_path, TEXT.replace("title:", "theme: card\ntitle:"))
    for _ in range(2_000):
        if live.input_value("#theme") == "card":
            break
        live.wait_for_timeout(10)
    live.reload()
    live.wait_for_selector("#panel-findings")
    assert live.input_value("#theme") == "card"  # what the browser remembered has given way to the file


def test_the_copy_has_its_pictures_inside(live: Any, session: Session) -> None:
    live.click("#copy")
    live.wait_for_selector("#toast.shown")
    view = session.live.snapshot.value
    assert view
    html = copied(live)["html"]
    assert html.endswith(view.fragment()) and "data:image/png;base64," in html and "/image/" not in html


@pytest.mark.npm
def test_a_push_shows_its_progress_and_its_end(live: Any) -> None:
    live.keyboard.press("p")
    assert "预览的一期" in live.inner_text("#push-dialog")
    live.click("[data-destination=drafts]")
    live.wait_for_selector("#push-dialog progress")
    assert live.is_disabled("[data-destination=drafts]")
    live.wait_for_selector("#push-dialog .done")
    assert "已新建草稿" in live.inner_text("#push-dialog .done")
    assert live.get_attribute("#push-dialog .done a", "href") == "http://127.0.0.1:1/draft"
    assert axe(live) == []
    live.keyboard.press("Escape")
    assert live.is_hidden("#push-dialog")


@pytest.mark.npm
def test_axe_finds_no_problem_in_an_article_that_cannot_be_built(live: Any, tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text("---\ntitle: [\n---\n正文", encoding="utf-8")
    live.wait_for_selector("#pulse.broken")
    assert axe(live) == []


@pytest.mark.npm
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")])
def test_axe_finds_no_problem(live: Any, width: int, scheme: str) -> None:
    live.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    live.set_viewport_size({"width": width, "height": 800})
    assert axe(live) == []
    if width < 760:
        live.click("[data-shows=details]")
        assert axe(live) == []


def test_both_languages_say_the_same_things(live: Any) -> None:
    said = live.evaluate(
        """async () => {
            const { WORDS } = await import("/static/words.js");
            const flat = (words) => Object.entries(words).flatMap(([name, word]) =>
                typeof word === "object" ? flat(word).map((inner) => name + "." + inner) : [name + " " + typeof word]);
            return [flat(WORDS.zh), flat(WORDS.en)];
        }"""
    )
    assert said[0] == said[1] and len(said[0]) > 50


def test_a_picture_that_is_not_there_is_told_in_its_place(live: Any, tmp_path: Path) -> None:
    write(tmp_path, TEXT.replace("dot.png", "nowhere.png"))
    inside(live, ".wx-missing:has-text('nowhere.png: no such file')").wait_for()


def test_only_the_server_is_asked_and_nothing_goes_wrong(live: Any, session: Session) -> None:
    for key in "dd1234t":
        live.keyboard.press(key)
        live.wait_for_timeout(50)
    asked = [url for url in live.watch.requests if not url.startswith(("data:", session.url))]
    assert asked == [] and live.watch.problems == []


def test_everything_is_reached_by_keyboard_in_the_order_it_is_seen(live: Any) -> None:
    order = []
    for _ in range(12):
        live.keyboard.press("Tab")
        order.append(live.evaluate("document.activeElement.id || document.activeElement.dataset.width || ''"))
    expected = ["theme", "320", "375", "414", "677", "scheme", "push", "copy"]
    assert [each for each in order if each in expected] == expected


def test_a_server_that_is_gone_is_told_and_the_next_one_found(chromium: Any, tmp_path: Path) -> None:
    path = write(tmp_path)
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    with preview(path) as session:
        page.goto(session.url)
        page.wait_for_selector("#pulse.alive")
        port = session.port
    page.wait_for_selector("#pulse.lost")
    with preview(path, port=port):
        page.wait_for_selector("#pulse.alive", timeout=10_000)
        assert page.frame_locator("#article").locator(".wx-title").inner_text() == "预览的一期"
    context.close()


def test_a_phone_comes_in_with_the_key(chromium: Any, tmp_path: Path) -> None:
    with preview(write(tmp_path), host="0.0.0.0") as session:
        context = chromium.new_context(viewport={"width": 375, "height": 700}, locale="zh-CN")
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{session.port}/?key={session.access.key}")
        page.wait_for_selector("#copy")
        assert "key" not in page.url
        page.frame_locator("#article").locator(".wx-title:has-text('预览的一期')").wait_for()
        page.reload()
        page.wait_for_selector("#copy")
        context.close()
