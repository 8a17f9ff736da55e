"""Finished articles in a real browser: nothing runs off any screen, and nothing breaks what WeChat's checker measures.

The measures are those of WeChat's published checker (github.com/wechatjs/verify-article-structure-spec): the page's
box model, three screens of its own and two more of ours, and the same tolerances.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conforming import canonical
from conftest import ROOT, corpus_files
from test_conform import HOSTILE

from wxpub import article, theme
from wxpub.article import Article
from wxpub.page import render
from wxpub.preview.pages import phone
from wxpub.target import API, PASTE, Placed

pytestmark = pytest.mark.browser

SCREENS = (320, 375, 414, 585, 677)
TARGETS = (API, PASTE)
NODES = ROOT / "tests/data/nodes.md"
SOURCES = [NODES, *sorted((ROOT / "examples/issues").glob("*.md")), *corpus_files()[::6]]
PICTURE = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='1080' height='540'/%3E"

MEASURE = (ROOT / "tests/js/measure.js").read_text(encoding="utf-8")

SANDBOX = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><style>
body { margin: 0 }
* { margin: 0; padding: 0 }
#article { overflow: hidden; box-sizing: border-box; color: rgba(0,0,0,.9); font-size: 17px; line-height: 1.6;
           letter-spacing: .034em; text-align: justify }
#article * { max-width: 100% !important; box-sizing: border-box !important; word-wrap: break-word !important }
#article h1, #article h2, #article h3 { font-size: 16px; font-weight: 400 }
#article p { min-height: 1em; clear: both }
#article img { height: auto !important }
</style><div id="article" class="rich_media_content"></div></html>"""

BOXES = """(() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const range = document.createRange()
    range.selectNode(walker.currentNode)
    if (/[☐☑]/.test(range.toString())) found.push(range.getClientRects()[0].left)
  }
  return found
})()"""


def pages() -> list[tuple[str, str]]:
    found = []
    for name in theme.names():
        look = theme.load(name)
        for path in SOURCES if name == theme.DEFAULT else SOURCES[:2]:
            source = article.read(path)
            images = {each.src: Placed(PICTURE, 1080, 540) for each in render(source, look).images}
            found += [
                (f"{name} {path.stem} {target}", render(source, look, images=images, target=target).html)
                for target in TARGETS
            ]
    return found


def test_every_theme_holds_to_the_checkers_measures_on_every_screen(chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 800, "height": 900})
    page.set_content(SANDBOX)
    broken = {name: found for name, html in pages() if (found := page.evaluate(MEASURE, [html, list(SCREENS)]))}
    page.close()
    assert broken == {}


def test_a_phone_shows_no_theme_wider_than_itself_by_day_or_by_night(chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 320, "height": 640})
    wide = []
    for name in theme.names():
        rendered = render(article.read(NODES), theme.load(name))
        for dark in (False, True):
            page.set_content(phone(rendered, dark=dark))
            for width in SCREENS:
                page.set_viewport_size({"width": width, "height": 640})
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    wide.append((name, dark, width))
    page.close()
    assert wide == []


def test_code_and_wide_tables_scroll_inside_their_box(chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 375, "height": 640})
    for name in theme.names():
        page.set_content(phone(render(article.read(NODES), theme.load(name))))
        scrolling = page.evaluate(
            """() => [...document.querySelectorAll("section")]
                 .filter((each) => getComputedStyle(each).overflowX === "auto")
                 .filter((each) => each.scrollWidth > each.clientWidth).length"""
        )
        assert scrolling >= 2, name
    page.close()


PHONES = (320, 360, 375, 393)
TABLES = [NODES, *[path for path in corpus_files() if "---:|" in path.read_text(encoding="utf-8")][::4]]
SCROLLING = """() => {
  const off = [];
  if (document.documentElement.scrollWidth > innerWidth) off.push("the page scrolls");
  for (const table of document.querySelectorAll("table")) {
    const box = table.parentElement, said = box.previousElementSibling?.textContent.includes("左右滑动");
    if (box.scrollWidth > box.clientWidth + 1 && !said) off.push(`cut: ${table.textContent.slice(0, 40)}`);
  }
  const dates = document.evaluate("//text()[contains(., '20')]", document.body, null, 7);
  for (let i = 0; i < dates.snapshotLength; i++) {
    const text = dates.snapshotItem(i), range = document.createRange();
    if (!/^(19|20)\\d\\d(-\\d\\d-\\d\\d)?$/.test(text.data.trim())) continue;
    range.selectNode(text);
    const { right, height } = range.getBoundingClientRect();
    if (right > innerWidth - 16 || height > 40) off.push(`a date is cut or broken: ${text.data}`);
  }
  return off;
}"""


@pytest.mark.parametrize("name", theme.names())
def test_a_phone_shows_all_back_issues_and_a_wide_table_says_that_it_scrolls(chromium: Any, name: str) -> None:
    page = chromium.new_page(viewport={"width": 320, "height": 640})
    wrong = []
    for path in TABLES:
        page.set_content(phone(render(article.read(path), theme.load(name))))
        for width in PHONES:
            page.set_viewport_size({"width": width, "height": 640})
            wrong += [(path.stem, width, each) for each in page.evaluate(SCROLLING)]
    page.close()
    assert wrong == []


def test_a_table_that_fits_a_small_phone_says_nothing(chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 320, "height": 640})
    page.set_content(phone(render(article.read(NODES), theme.load())))
    said = page.evaluate(
        """() => [...document.querySelectorAll("table")].map((table) => [
          table.parentElement.previousElementSibling.textContent.includes("左右滑动"),
          table.parentElement.scrollWidth > table.parentElement.clientWidth + 1,
        ])"""
    )
    page.close()
    assert said == [[False, False], [True, True]]


def test_lines_of_code_keep_their_indentation(chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 375, "height": 640})
    page.set_content(phone(render(article.read(NODES), theme.load("plain"))))
    lefts = page.evaluate(
        """() => {
          const range = document.createRange();
          return [...document.querySelectorAll("p")].filter((p) => /return|def.fib/.test(p.textContent)).map((p) => {
            const walker = document.createTreeWalker(p, NodeFilter.SHOW_TEXT);
            let node = walker.nextNode();
            while (!node.data.trim()) node = walker.nextNode();
            const at = node.data.search(/[^\\u00a0]/);
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            return range.getBoundingClientRect().left;
          });
        }"""
    )
    page.close()
    assert lefts[1] - lefts[0] == pytest.approx(4 * 13 * 0.6, rel=0.15)


def test_a_task_inside_a_task_stands_further_in_and_a_numbered_one_keeps_its_number(chromium: Any) -> None:
    source = "- [ ] 一\n  - [ ] 二\n    - [ ] 三\n\n1. [ ] 四\n   - [ ] 五\n"
    page = chromium.new_page(viewport={"width": 375, "height": 640})
    for name in theme.names():
        page.set_content(render(Article(Path("a.md"), source), theme.load(name)).html)
        starts = page.evaluate(BOXES)
        assert starts[0] + 12 < starts[1] and starts[1] + 12 < starts[2] and starts[3] + 12 < starts[4], name
        assert page.evaluate("getComputedStyle(document.querySelector('ol li')).listStyleType") != "none", name
    page.close()


def test_hostile_html_runs_nothing_and_asks_nobody(chromium: Any) -> None:
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.expose_function("alert", lambda *_: asked.append("alert"))
    for source in HOSTILE:
        page.set_content(f"<!doctype html><body>{canonical(source)}</body>")
        page.evaluate("document.querySelectorAll(':not(a)').forEach((each) => each.click && each.click())")
    page.wait_for_timeout(100)
    page.close()
    assert asked == []


def test_a_page_means_the_same_after_the_browser_has_read_it(chromium: Any) -> None:
    page = chromium.new_page()
    for name in theme.names():
        rendered = render(article.read(NODES), theme.load(name)).html
        page.set_content(SANDBOX)
        read = page.evaluate(
            "(html) => { const box = document.getElementById('article'); box.innerHTML = html; return box.innerHTML }",
            rendered,
        )
        assert canonical(read) == rendered
    page.close()


NOTES = """见 [Task-Agnostic Compression of Transformers for Microcontrollers with Extraordinarily Long Names](https://a.example/x)，
[第二](https://a.example/{path})，脚注[^1]。

[^1]: 说明 Transformers for Microcontrollers，换到下一行时与上一行的文字对齐，不与编号对齐。
"""
ENTRIES = """(() => [...document.querySelectorAll('p')].filter((p) => /^\\[\\d+\\]/.test(p.textContent)).map((p) => {
  const broken = [], lefts = [], range = document.createRange()
  const walker = document.createTreeWalker(p, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    for (const match of walker.currentNode.data.matchAll(/[^\\s\\u00a0]+/g)) {
      range.setStart(walker.currentNode, match.index)
      range.setEnd(walker.currentNode, match.index + match[0].length)
      const boxes = [...range.getClientRects()]
      lefts.push(...boxes.map((box) => box.left))
      if (/^[A-Za-z]+$/.test(match[0]) && boxes.some((box) => box.top !== boxes[0].top)) broken.push(match[0])
    }
  }
  const [number, ...texts] = lefts
  return {broken, hangs: texts.every((left) => left > number + 15), gap: parseFloat(getComputedStyle(p).marginBottom)}
}))()"""


def test_in_the_list_of_notes_words_stay_whole_numbers_hang_and_entries_stand_apart(chromium: Any) -> None:
    source = Article(Path("a.md"), NOTES.replace("{path}", "long-path/" * 12 + "x" * 90))
    page = chromium.new_page(viewport={"width": 320, "height": 640})
    for name in theme.names():
        page.set_content(phone(render(source, theme.load(name))))
        entries = page.evaluate(ENTRIES)
        assert [(each["broken"], each["hangs"]) for each in entries] == [([], True)] * 3, name
        assert all(each["gap"] >= 4 for each in entries), name
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
    page.close()
