"""The page that stands alone, without a browser: what is in the file, and what can never be."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from previewing import finding, pages, write

from wxpub.checks import check_html
from wxpub.page import Placed
from wxpub.preview import pages as making
from wxpub.preview.clipboard import plain_text
from wxpub.preview.pages import at_night, night, paste_status, standalone


@pytest.fixture
def alone(tmp_path: Path) -> str:
    page, paste, placed = pages(write(tmp_path))
    return standalone(page, fragment=paste, images=placed, findings=[finding()], theme="plain")


def state(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="state">(.*?)</script>', page, re.DOTALL)
    assert found
    held: dict[str, Any] = json.loads(found[1])
    return held


def test_the_file_holds_the_article_to_the_byte(tmp_path: Path) -> None:
    page, paste, placed = pages(write(tmp_path))
    assert state(standalone(page, fragment=paste, images=placed))["html"] == paste


def test_a_script_in_the_article_stays_text_of_the_file(tmp_path: Path) -> None:
    page, _, _ = pages(write(tmp_path))
    evil = "<p>a</p></script><script>alert(1)</script><!--<script>"
    made = standalone(page, fragment=evil)
    assert state(made)["html"] == evil
    assert "alert(1)</script>" not in made


def test_the_policy_allows_one_script_and_no_address(alone: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', alone)
    script = re.search(r"<script>(.*?)</script>", alone, re.DOTALL)
    assert policy and script
    allowed = unescape(policy[1])
    assert "default-src 'none'" in allowed and "img-src data:;" in allowed
    assert making.source_hash(script[1]) in allowed
    assert "http" not in allowed and "'unsafe-inline'" not in allowed.partition("style-src")[0]


def test_the_file_names_its_maker_early(alone: str) -> None:
    assert '<meta name="generator" content="wxpub"' in alone[:4096]
    assert alone.count('name="generator"') == 1


def test_what_stands_around_the_article_is_described(alone: str) -> None:
    held = state(alone)
    assert held["title"] == "预览的一期"
    assert held["notes"][0]["url"] == "https://example.com/a"
    assert [each["status"] for each in held["images"]][:2] == ["embedded", "fetched"]
    assert held["findings"] == [
        {
            "rule": "link-empty",
            "severity": "warning",
            "message": "一个空链接 <b>",
            "fix": "补上地址",
            "line": 12,
            "path": "issue.md",
            "place": "issue.md:12",
            "spot": None,
        }
    ]
    assert {each["name"] for each in held["sizes"]["measures"]} == {"title", "author", "digest", "characters", "bytes"}


def test_a_meter_warns_where_the_rules_do(tmp_path: Path) -> None:
    page, _, _ = pages(write(tmp_path))
    measures = {each["name"]: each for each in state(standalone(page))["sizes"]["measures"]}
    assert "limit" not in measures["characters"], "no rule knows how many are too many"
    near, limit = (measures["bytes"][each] for each in ("near", "limit"))
    for size, rules in ((near - 1, set()), (near, {"content-chars"}), (limit, {"content-chars"})):
        assert {each.rule for each in check_html("x" * size) if each.rule.startswith("content-")} == rules
    assert "content-bytes" in {each.rule for each in check_html("x" * (limit + 1))}


def test_scripts_are_joined_without_a_trace_of_modules() -> None:
    joined = making.script("standalone.js")
    assert not re.search(r"^\s*(import|export)\b", joined, re.MULTILINE)
    names = re.findall(r"^(?:async )?(?:function|const|let) (\w+)", joined, re.MULTILINE)
    assert len(names) == len(set(names)), "modules share no top-level names"


def test_an_embedded_picture_stands_in_the_file_once(alone: str) -> None:
    assert alone.count("iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB") == 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("data:image/png;base64,AAAA", "embedded"),
        ("data:image/svg+xml;utf8,<svg/>", "lost"),
        ("https://mmbiz.qpic.cn/mmbiz_png/x/640", "hosted"),
        ("http://mmbiz.qpic.cn/mmbiz_png/x/640", "hosted"),
        ("https://qpic.cn.example.com/x.png", "fetched"),
        ("https://example.com/x.png", "fetched"),
        ("images/x.png", "lost"),
        ("file:///x.png", "lost"),
        ("qrcode:https://example.com", "lost"),
    ],
)
def test_what_the_web_editor_does_with_an_image(url: str, expected: str) -> None:
    assert paste_status(url) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>一</p><p>二<br>三</p>", "一\n二\n三\n"),
        ('<p style="margin:0 0 16px">一</p><p style="margin:0 0 16px">二</p>', "一\n\n二\n"),
        ("<section><p>def f():</p><p><br></p><p>\u00a0\u00a0pass</p></section>", "def f():\n\n  pass\n"),
        ("<ul><li><section><p>外</p><section><p>1. 里</p></section></section></li></ul>", "• 外\n1. 里\n"),
        ("<ul><li><section>甲</section></li><li><section>乙</section></li></ul><p>后</p>", "• 甲\n• 乙\n\n后\n"),
        ('<ol start="3"><li>三</li><li>四</li></ol>', "3. 三\n4. 四\n"),
        (
            "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td><td></td></tr></tbody></table>",
            "a\tb\nc\t\n",
        ),
        ("<p>a\u00a0\u00a0b</p>", "a  b\n"),
        ('<p><img src="x" alt="图"></p>', "[图]\n"),
        ("<section><h2>题</h2><section><p>文</p></section></section>", "题\n\n文\n"),
        ("<p>见<a href='https://mp.weixin.qq.com/s/x'>旧文</a>。</p>", "见旧文（https://mp.weixin.qq.com/s/x）。\n"),
        ("<!-- 注 --><p>a</p>", "a\n"),
    ],
)
def test_plain_text_reads_like_the_article(html: str, expected: str) -> None:
    assert plain_text(html) == expected


def test_sizes_add_up(tmp_path: Path) -> None:
    page, _, _ = pages(write(tmp_path))
    sizes = state(standalone(page))["sizes"]
    assert sum(sizes["kinds"].values()) == page.characters
    assert sum(each["used"] for each in sizes["sections"]) == page.characters
    assert len(sizes["properties"]) == 8 and sizes["properties"][0]["used"] >= sizes["properties"][-1]["used"]


def test_every_styled_element_has_a_style_at_night(tmp_path: Path) -> None:
    page, paste, _ = pages(write(tmp_path))
    for html in (page.html, paste):
        assert len(night(html)) == len(re.findall(r'<[^>]*\sstyle="', html))


def test_text_is_light_at_night_and_a_drawing_is_left_alone() -> None:
    html = '<p style="color:#333333">a</p><svg style="width:1em"><path style="fill:#000000"></path></svg>'
    assert night(html) == ("color:#a3a3a3", "width:1em", "fill:#000000")
    assert '<p style="color:#a3a3a3">a</p>' in at_night(html)


def test_a_picture_of_unknown_size_is_shown_all_the_same(tmp_path: Path) -> None:
    page, _, _ = pages(write(tmp_path))
    held = state(standalone(page, images={"dot.png": Placed("data:image/png;base64,AAAA")}))
    assert held["images"][0]["bytes"] == 3 and held["images"][0]["width"] == 0
