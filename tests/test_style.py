"""Style declarations: what is read of a `style` attribute, and that it can be written again."""

from __future__ import annotations

import pytest

from wxpub import style

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
