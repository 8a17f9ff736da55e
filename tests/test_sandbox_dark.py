"""The sandbox's dark mode against what mp-darkmode 1.2.1 was measured to make of the same colours."""

from __future__ import annotations

import re

import pytest

from wxpub.sandbox import colours, dark, view
from wxpub.sandbox.colours import Colour

PANELS = {
    "#f7f7f7": "#212121",
    "#f2f2f2": "#262626",
    "#eeeeee": "#2a2a2a",
    "#e5e5e5": "#333333",
    "#fafbfc": "#1d1d1d",
    "#f8f8f8": "#202020",
    "#f6f8fa": "#bdbec0",
    "#fff7e6": "#c4beb1",
    "#e6f7ff": "#b4c1c8",
    "#f0fff4": "#b7c2ba",
    "#fff1f0": "#c6bbba",
    "#fff3a3": "#ccc282",
    "#ffe58f": "#d6c078",
    "#282c34": "#31363f",
    "#1e1e1e": "#383838",
    "#0d1117": "#293548",
    "#272822": "#3b3d34",
    "#0f4c81": "#0f4c81",
}
TEXTS = {
    "#000": "#a3a3a3",
    "#222": "#a3a3a3",
    "#333": "#a3a3a3",
    "#3f3f3f": "#a3a3a3",
    "#444": "#a2a2a2",
    "#555": "#919191",
    "#595959": "#8d8d8d",
    "#5a5a5a": "#5a5a5a",
    "#666": "#666666",
    "#707070": "#707070",
    "#888": "#888888",
    "#999": "#999999",
    "#576b95": "#576b95",
    "#0f4c81": "#50a3eb",
    "#0b5394": "#3c9bf1",
    "#155e75": "#5cbddb",
    "#166534": "#64c88a",
    "#7c2d12": "#e77b57",
    "#92400e": "#ed803f",
    "#009874": "#009874",
    "#3eaf7c": "#3eaf7c",
    "#07c160": "#07c160",
    "#fa5151": "#fa5151",
}
ON_GREY_PANEL = {"#333": "#b3b3b3", "#005cc5": "#077bff", "#22863a": "#50d370", "#032f62": "#6caefb"}


def colour(text: str) -> Colour:
    found = colours.read(text)
    assert found is not None
    return found


def near(one: str, other: str) -> bool:
    """Tell whether two colours differ by rounding at most."""
    first, second = colour(one), colour(other)
    return max(abs(first.red - second.red), abs(first.green - second.green), abs(first.blue - second.blue)) <= 1


@pytest.mark.parametrize(("light", "expected"), PANELS.items())
def test_a_panel_becomes(light: str, expected: str) -> None:
    assert near(dark.background(colour(light)).css(), expected)


@pytest.mark.parametrize(("light", "expected"), TEXTS.items())
def test_text_on_the_page_becomes(light: str, expected: str) -> None:
    assert near(dark.text(colour(light), dark.PAGE).css(), expected)


@pytest.mark.parametrize(("light", "expected"), ON_GREY_PANEL.items())
def test_text_on_a_grey_panel_becomes(light: str, expected: str) -> None:
    assert near(dark.text(colour(light), dark.background(colour("#f7f7f7"))).css(), expected)


def styles(content: str) -> list[str]:
    return re.findall(r'style="([^"]*)"', view.shown(content, dark_mode=True))


STYLES = [
    ('<p style="color:rgba(0,0,0,.9)">x</p>', ["color:rgba(163,163,163,0.9)"]),
    (
        '<section style="background-color:#f7f7f7"><p style="color:#333">x</p></section>',
        [
            "background-color:#212121;color:rgba(230,230,230,0.9);background:#212121;background-image:none",
            "color:#b3b3b3",
        ],
    ),
    ('<p style="margin:0">x</p>', ["margin:0"]),
    ('<p style="border-bottom:1px solid #eeeeee">x</p>', ["border-bottom:1px solid #2a2a2a"]),
    ('<svg style="color:#333"><path fill="#333"></path></svg>', ["color:#333"]),
    (
        '<section data-no-dark="data-no-dark" style="background-color:#fff"><p style="color:#333">x</p></section>',
        ["background-color:#fff", "color:#a3a3a3"],
    ),
    (
        '<section style="background-image:url(/a)"><p style="color:#333">x</p></section>',
        ["background-image:url(/a);color:rgba(0,0,0,0.9)", "color:#333"],
    ),
    ('<p style="background:linear-gradient(90deg,#f7f7f7,#eeeeee)"></p>', None),
]


@pytest.mark.parametrize(("content", "expected"), STYLES)
def test_an_article_is_darkened(content: str, expected: list[str] | None) -> None:
    found = styles(content)
    if expected is None:
        assert found == ["background:linear-gradient(90deg,#212121,#2a2a2a)"]
    else:
        assert [sorted(style.split(";")) for style in found] == [sorted(style.split(";")) for style in expected]


@pytest.mark.parametrize("panel", ["rgba(15,76,129,.08)", "rgba(250,173,20,.12)", "rgba(22,163,74,.12)"])
def test_text_on_a_tint_is_light(panel: str) -> None:
    _, text = styles(f'<section style="background-color:{panel}"><p style="color:#333">x</p></section>')
    assert text == "color:#b3b3b3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#fff", Colour(255, 255, 255)),
        ("#00000080", Colour(0, 0, 0, 128 / 255)),
        ("rgb(1, 2, 3)", Colour(1, 2, 3)),
        ("rgba(255,0,0,50%)", Colour(255, 0, 0, 0.5)),
        ("hsl(0,100%,50%)", Colour(255, 0, 0)),
        ("white", Colour(255, 255, 255)),
        ("rgb(1)", None),
        ("rgb(1.2.3,0,0)", None),
    ],
)
def test_a_colour_is_read(text: str, expected: Colour | None) -> None:
    assert colours.read(text) == expected
