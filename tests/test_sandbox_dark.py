"""The sandbox's article view at night: the styles of a stored article as the page's dark mode leaves them."""

from __future__ import annotations

import re

import pytest

from wxpub.sandbox import pages


def styles(content: str) -> list[str]:
    return re.findall(r'style="([^"]*)"', pages.show(content, dark_mode=True))


STYLES = [
    ('<p style="color:rgba(0,0,0,.9)">x</p>', ["color:rgba(163,163,163,0.9)"]),
    (
        '<section style="background-color:#f7f7f7"><p style="color:#333">x</p></section>',
        ["background-color:#212121;color:#cdcdcd", "color:#b3b3b3"],
    ),
    ('<p style="margin:0">x</p>', ["margin:0"]),
    ('<p style="border-bottom:1px solid #166534">x</p>', ["border-bottom:1px solid #64c88a"]),
    ('<svg style="color:#333"><path fill="#333"></path></svg>', ["color:#333"]),
    (
        '<section data-no-dark="data-no-dark" style="background-color:#fff"><p style="color:#333">x</p></section>',
        ["background-color:#fff", "color:#a3a3a3"],
    ),
    (
        '<section style="background-image:url(/a)"><p style="color:#333">x</p></section>',
        ["background-image:url(/a),linear-gradient(#ffffff,#ffffff);color:#191919", "color:#333"],
    ),
    (
        '<p style="background:linear-gradient(90deg,#f7f7f7,#eeeeee)"></p>',
        ["background:linear-gradient(90deg,#f7f7f7,#eeeeee);color:#cdcdcd"],
    ),
    (
        '<p style="background:linear-gradient(90deg,#f7f7f7,#eeeeee);color:#fff">x</p>',
        ["background:linear-gradient(90deg,#2a2a2a,#2a2a2a);color:#fff"],
    ),
    ('<table><tr><td bgcolor="#f7f7f7">x</td></tr></table>', ["color:#cdcdcd;background-color:#212121"]),
    ('<p style="font-family:&quot;a&quot;;color:#333">x</p>', ["font-family:&quot;a&quot;;color:#a3a3a3"]),
]


@pytest.mark.parametrize(("content", "expected"), STYLES)
def test_an_article_is_darkened(content: str, expected: list[str]) -> None:
    assert styles(content) == expected


@pytest.mark.parametrize("panel", ["rgba(15,76,129,.08)", "rgba(250,173,20,.12)", "rgba(22,163,74,.12)"])
def test_text_on_a_tint_is_light(panel: str) -> None:
    _, text = styles(f'<section style="background-color:{panel}"><p style="color:#333">x</p></section>')
    assert text == "color:#b3b3b3"
