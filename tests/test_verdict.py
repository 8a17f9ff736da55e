"""The model of WeChat's article checker, against what its engine (0.2.10) said of random fragments in Chromium."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from conftest import ROOT
from lxml.html import HtmlElement, fragment_fromstring

from wxpub import style
from wxpub.checks import check_html
from wxpub.verdict import Node, judge

# Random fragments with the number of elements that the engine reported, by rule.
MEASURED = ROOT.parent / "shared/wechat/checker-cases.jsonl"
# The least share of fragments in which both say the same; what is laid out in a browser there is guessed here.
AGREEMENT = {
    "darkmode-low-contrast": 1.0,
    "darkmode-whitelist": 1.0,
    "opacity": 1.0,
    "caret-color": 1.0,
    "text-align": 1.0,
    "height": 1.0,
    "line-height": 0.99,
    "nestNodes": 0.99,
    "pre": 0.99,
    "height-nodisplay": 0.98,
    "width": 0.95,
}
# The checker's rules and the page rules that say the same.
PAGE_RULES = {
    "darkmode-low-contrast": "dark-low-contrast",
    "opacity": "css-opacity-zero-img",
    "caret-color": "css-caret-color",
    "text-align": "css-text-align-start",
    "height": "css-height-zero",
    "line-height": "css-line-height-small",
    "nestNodes": "nest-depth",
    "pre": "pre-overflow",
    "width": "css-fixed-width",
}
needs_fragments = pytest.mark.skipif(
    not MEASURED.exists(), reason="the measured fragments are not beside the repository"
)


def node(element: HtmlElement, parent: Node | None = None) -> Node:
    made = Node(element.tag, style.read(element.get("style") or ""), dict(element.attrib), [], parent)
    made.children += [element.text] if element.text else []
    for child in element.iterchildren("*"):
        made.children += [node(child, made), *([child.tail] if child.tail else [])]
    return made


def verdict(html: str) -> set[str]:
    return set(judge(node(fragment_fromstring(html, create_parent="section"))))


def measured() -> list[tuple[str, set[str]]]:
    cases = map(json.loads, MEASURED.read_text(encoding="utf-8").splitlines())
    return [(case["html"], set(case["rules"])) for case in cases]


@needs_fragments
def test_the_verdict_on_random_fragments_is_the_engines() -> None:
    wrong: Counter[str] = Counter()
    for html, rules in measured():
        wrong.update(verdict(html) ^ rules)
    total = len(measured())
    assert total == 800 and set(wrong) <= set(AGREEMENT)
    assert {rule: 1 - wrong[rule] / total for rule in AGREEMENT if 1 - wrong[rule] / total < AGREEMENT[rule]} == {}


@needs_fragments
def test_a_check_of_their_html_finds_the_same() -> None:
    wrong: Counter[str] = Counter()
    for html, rules in measured()[::4]:
        found = {each.rule for each in check_html(html)}
        wrong.update(rule for rule, own in PAGE_RULES.items() if (rule in rules) != (own in found))
    assert {rule for rule in PAGE_RULES if 1 - wrong[rule] / 200 < min(AGREEMENT[rule], 0.99)} == set()


LONG = "文字" * 40
CASES = [
    ("<p>字</p>", set()),
    ('<p><img style="opacity:.0"></p>', {"opacity"}),
    ('<p style="opacity:0">字</p>', set()),
    ('<p style="caret-color: rgba( 0,0, 0,0)">字</p>', {"caret-color"}),
    ('<p style="caret-color:transparent">字</p>', set()),
    ('<p style="text-align:END">字</p>', {"text-align"}),
    ('<section style="text-align:end"><p>字</p></section>', set()),  # only blocks without blocks inside are looked at
    ('<p style="height:0px">字</p>', {"height", "height-nodisplay"} - {"height-nodisplay"}),
    ('<p style="height:0">\u200b\u00a0</p>', set()),
    ('<section data-mode="svg"><p style="height:0">字</p></section>', set()),
    ('<svg><set begin="touchstart"></set></svg>', {"animate-begin"}),
    ('<p data-no-dark="">字</p>', {"darkmode-whitelist"}),
    ('<p><code style="background:rgba(217,119,6,.1);color:#7c2d12">a</code></p>', {"darkmode-low-contrast"}),
    ('<p><code data-ignore-dm="low-contrast" style="background:rgba(217,119,6,.1);color:#7c2d12">a</code></p>', set()),
    (
        '<section data-ignore-dm="low-contrast"><code style="background:rgba(217,119,6,.1);color:#7c2d12">a</code>'
        "</section>",
        {"darkmode-low-contrast"},
    ),
    ('<section style="background:rgba(22,163,74,.1)"><p>字</p></section>', {"darkmode-low-contrast"}),
    ('<section style="background:url(a)"><p style="color:#191919">字</p></section>', set()),
    ('<section style="display:none"><p style="color:#888;background:#888">字</p></section>', set()),
    (f'<p style="line-height:.9">{LONG}</p>', {"line-height"}),
    ('<p style="line-height:.9">字</p>', set()),
    (f'<p style="line-height:.96">{LONG}</p>', set()),
    ('<p style="line-height:0;padding:4px">字</p>', {"line-height"}),
    (f"<pre>{'x' * 80}</pre>", {"pre"}),
    (f'<pre style="white-space:pre-wrap">{"x " * 80}</pre>', set()),
    ("<pre>" + "短行\n" * 60 + "</pre>", set()),
    ('<section><p><span style="display:inline-block;width:500px">字</span></p></section>', {"width"}),
    ('<section data-ignore-width=""><p><span style="display:inline-block;width:500px">字</span></p></section>', set()),
    ('<p style="width:500px">字</p>', set()),  # a block on top is only asked whether it runs out
    ('<p style="line-height:1.5;margin-left:294pt">字</p>', {"width"}),
    ('<p style="margin-left:294pt">字</p>', set()),  # nothing in it is measured, so it is passed over
    ("<section>" * 14 + "字" + "</section>" * 14, {"nestNodes"}),
    ("<section>" * 13 + "字" + "</section>" * 13, set()),
    ('<section style="height:1px"><p>字</p></section>', {"height-nodisplay"}),
]


@pytest.mark.parametrize(("html", "expected"), CASES)
def test_the_checker_says(html: str, expected: set[str]) -> None:
    assert verdict(html) == expected
