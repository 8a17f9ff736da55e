"""Whole issues: golden pages of our own, and what has to hold for every issue there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from conforming import canonical
from conftest import ROOT, corpus_files

from wxpub import address, article, dialect, theme
from wxpub.article import Article
from wxpub.page import Page, render, shorten
from wxpub.sandbox import filter as sandbox_filter
from wxpub.target import API, EMAIL, TARGETS, WEB, Placed, Target

OWN = sorted((ROOT / "examples/issues").glob("*.md")) + sorted((ROOT / "tests/issues").glob("*/issue.md"))
EVERY = OWN + corpus_files()
every_issue = pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parent.name}-{path.stem}")


@cache
def plain() -> theme.Theme:
    return theme.load("plain")


def read(path: Path) -> Article:
    return article.read(path, {"source_url": "https://letter.example/{stem}"})


def page_of(path: Path, target: Target = API) -> Page:
    """Render as for a push: every picture is hosted by WeChat already."""
    page = render(read(path), plain())
    pictures = {each.src: Placed("https://mmbiz.qpic.cn/mmbiz_png/a/0", 1080, 540) for each in page.images}
    return render(read(path), plain(), images=pictures, target=target)


# --- golden pages: `pytest tests/test_page.py --update` writes them anew, and the difference is reviewed --------------


@pytest.mark.parametrize("path", OWN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_page_is_as_it_was_reviewed(path: Path, update: bool) -> None:
    page = page_of(path)
    lines = [
        f"title: {page.article.title}",
        f"digest: {page.article.digest}",
        *(f"note: [{note.number}] {note.text} | {note.url}" for note in page.notes),
        *(f"finding: {each.line} {each.severity} {each.rule}" for each in page.findings),
        "",
        *re.sub(r"(?<=>)(?=<(?:section|p|h\d|ul|ol|li|table|tr|blockquote)\b)", "\n", page.html).split("\n"),
    ]
    name = path.stem if path.stem != "issue" else path.parent.name
    golden = ROOT / "tests/issues" / f"{name}.golden.html"
    text = "\n".join(lines) + "\n"
    if update:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


# --- invariants -------------------------------------------------------------------------------------------------------


def words(text: str) -> Iterator[str]:
    return (match[0] for match in re.finditer(r"\w+", text))


@every_issue
def test_no_word_is_lost_and_their_order_is_kept(path: Path) -> None:
    source = read(path)
    root, _ = dialect.parse(source.body, path)
    for footnotes in root.xpath("section[@class='footnotes']"):
        footnotes.drop_tree()  # they move into the notes; that none is lost is tested there
    for code in root.xpath(".//*[@class='math']"):
        code.drop_tree()  # becomes a picture with its source as label
    page = page_of(path)
    text = page.article.title + BeautifulSoup(page.html, "html.parser").get_text("")
    seen, position = re.sub(r"\s|\u00a0", "", text), 0
    for word in (word for text in root.itertext() for word in words(text)):
        found = seen.find(word, position)
        assert found >= 0, f"{word!r} is lost, or out of order, after {seen[max(0, position - 40) : position]!r}"
        position = found + len(word)


@every_issue
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_conform_changes_nothing_the_second_time(path: Path, target: Target) -> None:
    html = page_of(path, target).html
    assert canonical(html, target) == html


@every_issue
def test_the_filter_stores_what_was_sent(path: Path) -> None:
    html = page_of(path).html
    stored, removed = sandbox_filter.keep(html)
    assert not removed
    assert renamed(stored) == renamed(html)


def renamed(html: str) -> list[object]:
    """Give the elements of `html` with their attributes, up to the renames that WeChat itself makes.

    `src` becomes `data-src` with another size in its path, `viewBox` becomes `viewbox`, `data-ignore-width` its name.
    """
    found: list[object] = []
    for node in BeautifulSoup(html, "html.parser").descendants:
        if isinstance(node, str):
            found.append(str(node))
            continue
        attributes = {name.lower(): str(value) for name, value in node.attrs.items()}
        if "src" in attributes:
            attributes["data-src"] = re.sub(r"/0$", "/640?from=appmsg", attributes.pop("src"))
        if "data-ignore-width" in attributes:
            attributes["data-ignore-width"] = ""
        found.append((node.name, attributes))
    return found


@every_issue
def test_notes_run_from_one_and_every_link_outside_is_live_numbered_or_printed(path: Path) -> None:
    source = read(path)
    root, _ = dialect.parse(source.body, path)
    wanted = [a.get("href", "") for a in root.iter("a") if (a.get("href") or "").startswith("http")]
    page = page_of(path)
    assert [note.number for note in page.notes] == list(range(1, len(page.notes) + 1))
    soup = BeautifulSoup(page.html, "html.parser")
    live = {str(a["href"]) for a in soup.find_all("a")}
    assert all(address.parse(href).permalink for href in live)
    noted = {address.parse(note.url).identity for note in page.notes}
    text = re.sub(r"\s", "", soup.get_text(""))
    for href in wanted:
        target = address.parse(href)
        printed = target.identity.strip("/") in address.parse(text).identity
        reachable = target.url in live or target.url.replace("http:", "https:") in live or target.identity in noted
        assert reachable or printed or target.expires, href  # for what has expired there is a finding


@every_issue
def test_rendering_twice_gives_the_same_page(path: Path) -> None:
    assert page_of(path) == page_of(path)


# --- the title and the digest -----------------------------------------------------------------------------------------


def complete(markdown: str, **fields: str) -> Page:
    return render(replace(Article(Path("issue.md"), markdown), **fields), plain())  # type: ignore[arg-type]


TITLES = [
    ("# 一期\n\n正文\n\n# 二\n", ""),
    ("############### 十五个井号\n\n## 节\n", "十五个井号"),
    ("一期\n====\n\n## 节\n", "一期"),
    ("# 一 *斜*\n", "一 斜"),
    ("```\n# 注释\n```\n\n# 一期\n", "一期"),
    ("正文\n\n## 唯一的节\n", ""),
    ("## 甲\n\n## 乙\n", ""),
    ("正文\n", ""),
    ("# ![横幅](a.png)\n\n# 一期\n", "一期"),
    ("# ![](a.png)\n", ""),
    ("# Weekly<br>One\n", "Weekly One"),
]


@pytest.mark.parametrize(("markdown", "title"), TITLES)
def test_the_first_heading_is_the_title_and_leaves_the_text(markdown: str, title: str) -> None:
    page = complete(markdown)
    assert page.article.title == (title or "issue")
    assert [each.rule for each in page.findings] == ([] if title else ["title-from-file"])
    text = BeautifulSoup(page.html, "html.parser").get_text("")
    assert not title or title.replace(" ", "") not in text.replace(" ", "")


def test_a_picture_in_the_title_stays_in_the_text() -> None:
    page = complete("# 一期 [![徽章](a.png)](https://a.example) ![标志](b.png)\n\n正文\n")
    assert page.article.title == "一期"
    assert [image.src for image in page.images] == ["a.png", "b.png"]
    assert page.outline == ()


@pytest.mark.parametrize(
    "markdown",
    [
        "# AI 一期\n\n正文\n",
        "# AI一期\n\n正文\n\n# 二\n",
        "## **AI** 一期\n\n正文\n\n## 二\n\n# 三\n",
        "![横幅](a.png)\n\n# AI 一期\n",
    ],
)
def test_a_title_that_is_said_twice_is_shown_once(markdown: str) -> None:
    page = complete(markdown, title="AI 一期")
    assert page.article.title == "AI 一期"
    assert "一期" not in page.html
    assert page.findings == ()


def test_a_heading_further_down_stays_though_it_says_the_title() -> None:
    page = complete("正文\n\n# 一期\n\n# 二\n", title="一期")
    assert [each.text for each in page.outline] == ["一期", "二"]


def test_a_title_with_a_link_or_a_footnote_stays_in_the_text() -> None:
    page = complete("# [一](https://a.example/x) 期[^1]\n\n正文\n\n[^1]: 注\n")
    assert "一期" in page.article.title.replace(" ", "")
    assert [note.url or note.text for note in page.notes] == ["https://a.example/x", "注"]
    assert page.findings == ()


@pytest.mark.parametrize(
    ("name", "title"),
    [("2026-11-15", "2026-11-15"), ("24-小酒吧_听歌", "24 小酒吧 听歌"), ("my-first-issue", "my first issue")],
)
def test_without_a_heading_the_file_names_the_issue(name: str, title: str) -> None:
    page = render(Article(Path(f"{name}.md"), "正文\n\n## 节\n"), plain())
    assert page.article.title == title
    assert [(each.rule, each.severity, each.line) for each in page.findings] == [("title-from-file", "warning", 1)]


def test_a_title_in_the_front_matter_leaves_the_headings_alone() -> None:
    page = complete("# 一期\n", title="另一个")
    assert page.article.title == "另一个"
    assert "一期" in page.html


def test_a_title_that_is_too_long_is_shortened_and_stays_in_the_text() -> None:
    page = complete("# " + "长标题" * 30 + "\n\n正文")
    assert len(page.article.title) == 64
    assert "长标题" * 30 in page.html
    assert [(each.rule, each.line) for each in page.findings] == [("title-shortened", 1)]


DIGESTS = [
    ("> 导读：一句话。\n", "一句话。"),
    ("> **导读**: 一句话\n", "一句话"),
    ("> 【导读】一句话\n", "一句话"),
    ("> 导读：本期：\n> - 一条\n> - 两条\n>\n> 某某  \n> 主编\n", "本期：一条 两条 某某 主编"),
    ("> 导读：\n", ""),
    ("> 别的引用\n\n> 导读：后面的\n", "后面的"),
    ("导读：不是引用\n", ""),
]


@pytest.mark.parametrize(("markdown", "digest"), DIGESTS)
def test_the_guide_is_the_digest(markdown: str, digest: str) -> None:
    assert complete(markdown).article.digest == digest


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("一二三四五六七八九十", "一二三四五六七八九十"),
        ("一二三四五六七。九十一二", "一二三四五六七。"),
        ("一。三四五六七八九十一二", "一。三四五六七八九…"),
        ("一二三四五六；八九十一二", "一二三四五六…"),
        ("一二三四五六七八九十一", "一二三四五六七八九…"),
    ],
)
def test_a_text_is_cut_after_a_sentence_or_a_clause(text: str, short: str) -> None:
    assert shorten(text, 10) == short


def test_a_dash_that_fills_a_row_of_back_issues_goes_and_is_not_missed() -> None:
    body = "| | | |\n|---|---|---|\n| - | 第 3 期 | 第 2 期 |\n| 第 1 期 | - | - |"
    page = render(article.Article(path=ROOT / "a.md", body=body, title="题"), theme.load("plain"))
    assert page.findings == () and "第 1 期" in page.html and ">-<" not in page.html


def test_what_a_target_says_of_links_is_what_becomes_of_them() -> None:
    source = article.parse("[链接](https://a.example/x)，[旧文](https://mp.weixin.qq.com/s/abc)", Path("a.md"))
    for target, live, notes in (
        (API, ["https://mp.weixin.qq.com/s/abc"], 1),
        (Target("bare", notes=False), ["https://mp.weixin.qq.com/s/abc"], 0),
        (Target("mail", live_links=True), ["https://a.example/x", "https://mp.weixin.qq.com/s/abc"], 0),
    ):
        page = render(source, plain(), target=target)
        assert [each["href"] for each in BeautifulSoup(page.html, "html.parser").find_all("a")] == live
        assert len(page.notes) == notes


def test_readers_elsewhere_can_write_to_a_person_and_jump_on_a_page_and_run_nothing() -> None:
    text = "[信](mailto:a@b.example) [电话](tel:110) [节](#节) [脚本](javascript:alert(1)) [空]()\n\n## 节"
    source = article.parse(text, Path("a.md"))
    for target, live in (
        (API, []),
        (EMAIL, ["mailto:a@b.example", "tel:110"]),
        (WEB, ["mailto:a@b.example", "tel:110", "#节"]),
    ):
        page = render(source, plain(), target=target)
        assert [each["href"] for each in BeautifulSoup(page.html, "html.parser").find_all("a")] == live


def test_readers_elsewhere_get_the_whole_of_a_long_title() -> None:
    whole = "很长的标题" * 20
    for target, title, findings in ((API, shorten(whole, 64), ["title-shortened"]), (WEB, whole, [])):
        page = render(article.parse(f"# {whole}\n\n正文", Path("a.md")), plain(), target=target)
        assert (page.article.title, [each.rule for each in page.findings]) == (title, findings)
        assert (whole in page.html) == (target is API)
