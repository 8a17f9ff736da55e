"""The tree of an article: its shape, the lines it came from, raw HTML that cannot do harm, and what is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import corpus_files
from lxml import etree

from wxpub import dialect
from wxpub.tree import line_of


def shape(text: str, *, hard_breaks: bool = False) -> str:
    """Write the tree without lines and without its root."""
    root, _ = dialect.parse(text, hard_breaks=hard_breaks)
    for element in root.iter():
        element.attrib.pop("data-line", None)
    return etree.tostring(root, encoding="unicode", method="html").removeprefix("<section>").removesuffix("</section>")


def lines(text: str) -> list[tuple[str, int]]:
    root, _ = dialect.parse(text)
    return [(element.tag, int(element.get("data-line"))) for element in root.iter() if element.get("data-line")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一\n二", "一二"),
        ("一，\n二", "一，二"),
        ("一\n（二）", "一（二）"),
        ("“一”\n二", "“一”二"),
        ("一\nword", "一 word"),
        ("word\n一", "word 一"),
        ("one\ntwo", "one two"),
        ("“one”\ntwo", "“one” two"),
        ("“one”\n“two”", "“one” “two”"),
        ("一……\n二", "一……二"),
        ("100\n万", "100 万"),
        ("한국\n어", "한국 어"),
        ("日本\nカタカナ", "日本カタカナ"),
        ("**一**\n二", "<strong>一</strong>二"),
        ("一\n**二**", "一<strong>二</strong>"),
        ("[一](a)\n[二](b)", '<a href="a">一</a><a href="b">二</a>'),
        ("一\n![图](a)", '一 <img src="a" alt="图">'),
        ("一\n`x`", "一 <code>x</code>"),
        ("一\n<b>二</b>", "一<b>二</b>"),
        ("一  \n二", "一<br>二"),
        ("一\\\n二", "一<br>二"),
        ("一\n***[二](u)***", '一<em><strong><a href="u">二</a></strong></em>'),
        ("一<br>\n二", "一<br>二"),
        ("<b>一</b>\n二", "<b>一</b>二"),
    ],
)
def test_a_soft_line_break_is_a_space_except_between_chinese(text: str, expected: str) -> None:
    assert shape(text) == f"<p>{expected}</p>"


def test_a_footnote_mark_between_chinese_makes_no_space() -> None:
    assert dialect.parse("一[^1]\n二\n\n[^1]: 注")[0][0][0].tail == "二"


def test_hard_breaks_keep_every_line_break() -> None:
    assert shape("一\n二\nthree\n\n四", hard_breaks=True) == "<p>一<br>二<br>three</p><p>四</p>"


def test_every_block_link_and_image_knows_its_line() -> None:
    text = (
        "\n\n# 题\n\n文\n[甲](a)\n![乙](b) https://c.d\n\n- 项\n  续\n  - [丙](e)\n\n> 引\n> ***\n\n"
        "| 格 |\n|---|\n| [丁](f) |\n\n```\n码\n```\n\n二\n===\n\n<div>\n<img src=g>\n</div>\n\n"
        "文[^1]\n\n[^1]: [戊](h)\n"
    )
    assert lines(text) == [
        ("h1", 3),
        *[("p", 5), ("a", 6), ("img", 7), ("a", 7)],
        *[("li", 9), ("li", 11), ("a", 11)],
        *[("blockquote", 13), ("p", 13), ("hr", 14)],
        *[("table", 16), ("tr", 16), ("tr", 18), ("a", 18)],
        *[("pre", 20), ("h1", 24)],
        *[("div", 27), ("img", 28)],
        *[("p", 31), ("sup", 31), ("section", 33), ("p", 33), ("a", 33)],
    ]


def test_lines_stay_right_behind_definitions_and_across_breaks() -> None:
    assert lines("[r]: /u\n文  \n一 [a]\n[b](c) `x\ny` [d](e)\n") == [("p", 2), ("a", 4), ("a", 5)]


def test_lines_count_crlf_once() -> None:
    assert lines("一\r\n\r\n二\r\n") == [("p", 1), ("p", 3)]


def test_an_address_for_mail_knows_the_line_of_its_paragraph() -> None:
    root, _ = dialect.parse("\n文\na@example.org")
    assert line_of(root.find(".//a")) in (2, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("文 <model, accuracy> 文", "<p>文 &lt;model, accuracy&gt; 文</p>"),
        ("文 <model> 文", "<p>文 &lt;model&gt; 文</p>"),
        ("<model>\n", "&lt;model&gt;"),
        ("<div>\n<model, accuracy> a<b\n</div>", "<div>\n&lt;model, accuracy&gt; a&lt;b\n</div>"),
        ("List<List<String>> 与 Map<K, V>", "<p>List&lt;List&lt;String&gt;&gt; 与 Map&lt;K, V&gt;</p>"),
        ("一 </div></section></p></body></html> 二", "<p>一  二</p>"),
        ("> 引\n\n</blockquote>\n\n文", "<blockquote><p>引</p></blockquote>\n<p>文</p>"),
        ("一 <!-- 二 --> 三", "<p>一  三</p>"),
        ("<?php a > b ?> 三", "三"),
        ("<![CDATA[a > b]]> 三", "三"),
        ("文 <script>x</script>", "<p>文 &lt;script&gt;x&lt;/script&gt;</p>"),
        ("<script>\n\n*文*", "&lt;script&gt;\n\n*文*"),
        ("<textarea>\n</textarea>文", "<textarea>\n</textarea>文"),
        ("文 <title>题</title> 文", "<p>文 &lt;title&gt;题&lt;/title&gt; 文</p>"),
        ("<font color=red>*红*</font>", '<p><font color="red"><em>红</em></font></p>'),
        ("a </br> b", "<p>a <br> b</p>"),
        ("- <b>一\n- 二 </b>", "<ul><li><b>一</b></li><li>二 </li></ul>"),
        ("> <div>\n\n文", "<blockquote><div>\n</div></blockquote><p>文</p>"),
        ("<ul>\n<li>一\n<li>二\n</ul>", "<ul>\n<li>一\n</li><li>二\n</li></ul>"),
        ("<table><tr><td>一<td>二<tr><td>三</table>", None),
        ("<path> <svg><path d='M0'/></svg> <path>", None),
        ("<mp-common-profile data-id=1></mp-common-profile>", None),
    ],
)
def test_raw_html_is_kept_and_can_neither_hide_nor_break_anything(text: str, expected: str | None) -> None:
    if expected is not None:
        assert shape(text).rstrip("\n") == expected
    else:
        assert any(part in shape(text) for part in ("&lt;path&gt;", "<mp-common-profile", "<tr><td>三</td></tr>"))


def test_html_and_markdown_nest_in_each_other() -> None:
    text = '<div align="center">\n\n**粗** <a href="u"><img src="v"></a>\n\n</div>\n\n文'
    div, paragraph = dialect.parse(text)[0]
    assert [div.tag, div[0].tag, div[0][0].tag, div[0][1][0].tag, paragraph.tag] == ["div", "p", "strong", "img", "p"]


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("甲\n\n[^1]: 注", "footnote-unused", 3),
        ("甲[^1]\n\n[^1]: 注\n[^1]: 二", "footnote-repeated", 4),
        ("|甲|\n|-|\n|一|\n|一|二|\n|一||\n", "cells-dropped", 4),
        ("甲\n\n```py\n乙\n\n# 丙", "fence-unclosed", 3),
        ("甲\n\n<!-- 乙\n\n丙", "comment-unclosed", 3),
        ("\n" + ">" * 200, "containers-too-deep", 2),
        ("\n" + "**文 " * 200 + "文" + "**" * 200, "emphasis-too-deep", 2),
        ("\n\n" + "<b>" * 200, "html-too-deep", 3),
    ],
)
def test_what_the_author_should_know_is_found(text: str, rule: str, line: int) -> None:
    _, findings = dialect.parse(text, Path("a.md"))
    assert [(found.rule, found.line, found.path) for found in findings] == [(rule, line, Path("a.md"))]


def test_footnotes_stand_at_the_end_in_the_order_of_their_first_reference() -> None:
    root, findings = dialect.parse("甲[^b] 乙[^a] 丙[^b]\n\n[^a]: 一\n[^b]: 二[^c]\n[^c]: 三\n\n丁")
    assert [element.get("data-note") for element in root.iter("sup")] == ["b", "a", "b", "c"]
    assert [element.get("data-note") for element in root[-1]] == ["b", "a", "c"]
    assert (root[-1].get("class"), root[-1][0].get("class"), findings) == ("footnotes", "footnote", ())


def test_alerts_tasks_math_and_contents_are_told_by_their_class() -> None:
    text = "> [!TIP]\n> 文\n\n- [x] 一\n- [ ] 二\n\n$$\nx\n$$\n\n$y$\n\n[TOC]"
    root, _ = dialect.parse(text)
    assert [(each.tag, each.get("class")) for each in root.iter() if each.get("class")] == [
        ("section", "alert alert-tip"),
        ("p", "alert-title"),
        ("li", "task"),
        ("li", "task"),
        ("section", "math"),
        ("span", "math"),
        ("section", "toc"),
    ]
    assert [box.get("checked") for box in root.iter("input")] == ["", None]


@pytest.mark.parametrize("text", ["", "\n", " \n\t\n", "\ufeff", "<!-- -->"])
def test_nothing_gives_an_empty_section(text: str) -> None:
    root, _ = dialect.parse(text)
    assert (root.tag, len(root), "".join(root.itertext()).strip()) == ("section", 0, "")


def test_a_byte_order_mark_is_no_text() -> None:
    assert shape("\ufeff# 题") == "<h1>题</h1>"


def test_characters_that_html_cannot_hold_are_left_out() -> None:
    assert shape("a\x00b\x01c\x0bd\x1be&#0;&#1;f") == "<p>a�bcde��f</p>"


def test_what_looks_like_a_placeholder_is_text() -> None:
    assert shape("a\x02wzxhzdk:0\x03 `\x02klzzwxh:0001\x03`") == "<p>awzxhzdk:0 <code>klzzwxh:0001</code></p>"


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem) for path in corpus_files()]
    or [pytest.param(None, marks=pytest.mark.skip(reason="no corpus beside the repository (../shared/corpus)"))],
)
def test_the_lines_of_a_real_issue_hold_what_they_are_said_to(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    source = text.split("\n")
    root, _ = dialect.parse(text)
    for link in root.iter("a"):
        if link.get("href"):
            assert link.get("href").replace("mailto:", "") in source[line_of(link) - 1]
    for heading in root.iter("h1", "h2", "h3"):
        assert "".join(heading.itertext())[:4] in source[line_of(heading) - 1]


def test_rows_whose_end_tags_are_left_out_do_not_nest() -> None:
    root, findings = dialect.parse("<table>\n" + "<tr><td>甲<td>乙\n" * 200 + "</table>")
    assert len(root[0].findall("tr")) == 200
    assert findings == ()
