"""Style declarations: what is read of a `style` attribute, and what of it WeChat loses, said once for all rooms."""

from __future__ import annotations

import pytest
from lxml import html
from test_rules import written

from wxpub import limits, style
from wxpub.checks import check_html
from wxpub.checks.pages import page_rules
from wxpub.conform.sanitise import harmless

READ = [
    ("", {}),
    (" Color : RED ;; margin:0 ", {"color": "RED", "margin": "0"}),
    ("nonsense;color:;margin: ;top", {}),
    ("background:url(a;b:c);color:red", {"background": "url(a;b:c)", "color": "red"}),
    ("font-family:'a;b', \"c;d\";color:red", {"font-family": "'a;b', \"c;d\"", "color": "red"}),
    ('content:"it\'s;";color:red', {"content": '"it\'s;"', "color": "red"}),
    ("background:url(a;color:red", {"background": "url(a;color:red"}),
    ("font-family:'a;color:red", {"font-family": "'a", "color": "red"}),
]


@pytest.mark.parametrize(("text", "declarations"), READ)
def test_a_semicolon_ends_a_declaration_outside_of_quotes_and_parentheses(
    text: str, declarations: dict[str, str]
) -> None:
    assert style.read(text) == declarations
    assert style.read(style.write(declarations)) == declarations


def test_the_last_value_of_a_property_counts_and_stands_at_its_place() -> None:
    assert style.write(style.read("margin-top:0;color:red;MARGIN-TOP:2px")) == "color:red;margin-top:2px"


def test_every_declaration_can_be_seen_repeated_and_empty_ones_too() -> None:
    assert list(style.pairs("color:red;Color:;x")) == [("color", "red"), ("color", "")]


# Rules on CSS, and HTML that breaks each; a few judge an element by what is around it, not by its style alone.
AROUND = {"css-fixed-width", "css-line-height-small"}
RULES = [rule for rule in page_rules() if rule.id.startswith("css-") and rule.severity != "info"]
BROKEN = [(rule.id, broken) for rule in RULES if rule.id not in AROUND for broken in written()[rule.id][0]]


@pytest.mark.parametrize(("rule", "broken"), BROKEN)
def test_an_authors_own_style_breaks_no_rule_once_it_is_harmless(rule: str, broken: str) -> None:
    assert rule in {each.rule for each in check_html(broken)}
    root = html.fragment_fromstring(broken, create_parent="section")
    for element in root.iter():
        if element.get("style") is not None:
            element.set("style", harmless(element.get("style"), element.tag))
    assert rule not in {each.rule for each in check_html(html.tostring(root, encoding="unicode"))}


# What is lost whatever the element, so that a theme is refused for it.
LOST = [
    "css-position",
    "css-offsets",
    "css-calc",
    "css-var",
    "css-modern-color",
    "css-hex-alpha",
    "css-filter",
    "css-animation",
    "css-url-quoted",
    "css-url-external",
    "css-url-data",
    "css-caret-color",
    "css-important",
    "css-font-shorthand",
    "css-rem-unit",
    "css-viewport-unit",
    "css-underline-detail",
    "css-logical-prop",
    "css-invalid-value",
]


@pytest.mark.parametrize("rule", LOST)
def test_what_a_rule_calls_lost_is_in_the_table(rule: str) -> None:
    for broken in written()[rule][0]:
        styles = [each.get("style", "") for each in html.fragment_fromstring(broken, create_parent="section").iter()]
        pairs = [pair for text in styles for pair in style.pairs(text)]
        assert any(style.property_fault(name) or style.value_fault(value) for name, value in pairs), broken


def test_no_property_that_an_author_may_set_is_in_the_table() -> None:
    assert [name for name in limits.CSS_PROPERTIES if style.property_fault(name)] == []
