"""Every page rule, on HTML that breaks it and on HTML that does not."""

from __future__ import annotations

import base64
import warnings
from pathlib import Path

import pytest
from conftest import ROOT

from wxpub import limits
from wxpub.checks import check_html
from wxpub.checks.computed import FUNCTIONS
from wxpub.checks.pages import Document, hits, page_rules
from wxpub.preview.pages import dump
from wxpub.target import API, PASTE, Target

RULES = {rule.id: rule for rule in page_rules()}


def written() -> dict[str, tuple[list[str], list[str]]]:
    """Read `cases/rules.txt`, which says at its top how a case is written."""
    text = (ROOT / "tests/cases/rules.txt").read_text(encoding="utf-8")
    found = {}
    for case in text.split("\n=== ")[1:]:
        rule, *lines = case.strip("\n").split("\n")
        dot = lines.index(".")
        found[rule] = (lines[:dot], lines[dot + 1 :])
    return found


def nested(depth: int) -> str:
    return '<section style="padding:1px">' * depth + "文字" + "</section>" * depth


def embedded(data: bytes) -> str:
    return f'<p><img src="data:image/png;base64,{base64.b64encode(data).decode()}"></p>'


PNG = b"\x89PNG\r\n\x1a\n"

# Cases that are long: what breaks the rule, and what just does not.
MADE: dict[str, tuple[list[str], list[str]]] = {
    "nest-depth": ([nested(14)], [nested(13)]),
    "content-bytes": (["字" * 349_526], ["字" * 349_525]),
    "content-chars": (["x" * 943_718, "x" * 1_048_575], ["x" * 943_717, "x" * 1_048_576]),
    "clipboard-size": (["x" * 400_000], ["x" * 399_999]),
    "newspic-length": (["字" * 1001], ["字" * 1000, f"<p>{'字' * 1001}</p>"]),
    "image-upload-format": (
        [embedded(b"GIF89a"), embedded(PNG + b"\0" * limits.UPLOADIMG_BYTES)],
        [embedded(PNG), '<p><img src="https://mmbiz.qpic.cn/mmbiz_png/a/640"></p>', '<p><img src="none.gif"></p>'],
    ),
}
CASES = {**written(), **MADE}
BAD = [(rule, bad) for rule, (bads, _) in CASES.items() for bad in bads]
GOOD = [(rule, good) for rule, (_, goods) in CASES.items() for good in goods]


def broken(rule: str, given: str) -> bool:
    return bool(hits(RULES[rule], Document(given), FUNCTIONS))


def name(case: str) -> str:
    return case[:60]


def test_every_rule_has_a_case_that_breaks_it_and_one_that_does_not() -> None:
    assert len(RULES) == len(page_rules()), "no two have one name"
    assert set(CASES) == set(RULES)
    assert [rule for rule, (bads, goods) in CASES.items() if not (bads and goods)] == []


@pytest.mark.parametrize(("rule", "bad"), BAD, ids=name)
def test_a_rule_finds_what_breaks_it(rule: str, bad: str) -> None:
    assert broken(rule, bad)


@pytest.mark.parametrize(("rule", "good"), GOOD, ids=name)
def test_a_rule_lets_pass_what_does_not(rule: str, good: str) -> None:
    assert not broken(rule, good)


def test_a_limit_in_a_rule_is_one_of_wechats_own() -> None:
    """The number stands in `limits` alone; the cases above show that each rule goes by it."""
    named = {rule.id: rule.trigger["limit"] for rule in RULES.values() if "limit" in rule.trigger}
    assert named == {
        "content-bytes": "CONTENT_BYTES",
        "content-chars": "CONTENT_BYTES_NEAR",
        "clipboard-size": "CLIPBOARD_BYTES",
        "newspic-length": "NEWSPIC_CHARS",
    }
    assert all(isinstance(getattr(limits, name), int) for name in named.values())


# --- HTML of others ---------------------------------------------------------------------------------------------------


def test_findings_have_the_lines_of_the_file() -> None:
    html = "<section>\n<p>字</p>\n\n<div>字</div><ul>\n <li>字\n字</li></ul></section>"
    found = check_html(html, Path("a.html"))
    assert {("no-div", 4), ("list-whitespace", 4), ("inline-newline", 5)} <= {(each.rule, each.line) for each in found}
    assert [each.line for each in found if each.line] == sorted(each.line for each in found if each.line)


def test_what_breaks_a_rule_twice_on_a_line_is_one_finding() -> None:
    found = [each for each in check_html("<div>一</div><div>二</div>\n<div>三</div>") if each.rule == "no-div"]
    assert [(each.line, "1 more" in each.message) for each in found] == [(1, True), (2, False)]


def test_each_target_has_its_own_rules() -> None:
    html = '<article>字</article><a href="#a">字</a>'
    api, paste, both = ({each.rule for each in check_html(html, target=target)} for target in (API, PASTE, None))
    assert "href-fragment" in api - paste
    assert "no-semantic-wrapper" in paste - api
    assert both == api | paste
    assert {each.rule for each in check_html(html, target=Target("mail"))} == api & paste


@pytest.mark.parametrize("host", limits.IMAGE_HOSTS)
def test_a_picture_on_any_of_wechats_hosts_is_no_foreign_one(host: str) -> None:
    rules = {"img-src-host", "css-url-external", "svg-image-href"}
    html = '<p style="background:url({0})"><img src="{0}"><svg viewBox="0 0 1 1"><image href="{0}"></image></svg></p>'
    for there in (host, f"a.b.{host}"):
        assert rules.isdisjoint(each.rule for each in check_html(html.format(f"https://{there}/a/640")))
    for elsewhere in (f"x{host}", f"{host}.example", host.replace(".", "-", 1)):
        assert rules <= {each.rule for each in check_html(html.format(f"https://{elsewhere}/a/640"))}


def test_of_a_saved_page_only_the_article_is_checked() -> None:
    html = (
        '<html><head><title>题</title></head><body><div class="nav">栏</div>\n'
        '<div id="js_content" style="visibility:hidden">\n<p id="a">字</p></div>\n<div>尾</div></body></html>'
    )
    rules = ("no-div", "no-head-tag", "no-id-attr", "css-hidden-content")
    assert [(each.rule, each.line) for each in check_html(html) if each.rule in rules] == [("no-id-attr", 3)]


def test_of_a_page_that_stands_alone_only_the_article_is_checked() -> None:
    state = dump({"html": '<p id="a">字</p>'})
    html = (
        '<!doctype html><html><head><meta name="generator" content="wxpub"></head><body><div>壳</div>\n'
        f'<script type="application/json" id="state">{state}</script></body></html>'
    )
    found = {(each.rule, each.line) for each in check_html(html, Path("a.html"))}
    assert ("no-id-attr", 2) in found
    assert "no-div" not in {rule for rule, _ in found}


def test_pictures_beside_the_file_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a b.png").write_bytes(b"RIFF\0\0\0\0WEBP")
    html = '<p><img src="a%20b.png" alt=""></p>'
    assert "image-upload-format" in {each.rule for each in check_html(html, tmp_path / "a.html")}
    assert "image-upload-format" not in {each.rule for each in check_html(html)}


ODD = ["", "a.html", "<", "<![x", "<p>一</p>\n<![ x\n><div>二</div>", "<p style='color:rgba('", "\0", "&#x110000;"]


@pytest.mark.parametrize("html", ODD)
def test_html_may_be_anything(html: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = check_html(html)
    assert [each.line for each in found if each.rule == "no-div"] == ([3] if "<div>" in html else [])
