"""WeChat's dark mode, against what mp-darkmode 1.2.1 was measured to do in Chromium."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from conftest import ROOT
from lxml.html import HtmlElement
from nights import nights

from wxpub import style
from wxpub.darkmode import NIGHT, PAGE, Colour, Element, Night, colours, contrast, convert, parse, text

# Random fragments and what the script made of each of their elements in Chromium.
MEASURED = ROOT.parent / "shared/wechat/night-cases.jsonl"


def colour(value: str) -> Colour:
    found = parse(value)
    assert found is not None
    return found


def night(html: str) -> Night:
    """Return the night of a fragment's outermost element."""
    return nights(html)[0][1]


# --- colours ----------------------------------------------------------------------------------------------------------

# light text on the page, what it becomes, the contrast it then has
TEXTS = [
    ("rgba(0,0,0,.9)", "#959595", 5.9),
    ("#000", "#a3a3a3", 7.0),
    ("#222", "#a3a3a3", 7.0),
    ("#333", "#a3a3a3", 7.0),
    ("#3f3f3f", "#a3a3a3", 7.0),
    ("#444", "#a2a2a2", 6.9),
    ("#555", "#919191", 5.6),
    ("#595959", "#8d8d8d", 5.3),
    ("#5a5a5a", "#5a5a5a", 2.5),
    ("#666", "#666666", 3.1),
    ("#707070", "#707070", 3.6),
    ("#767676", "#767676", 3.9),
    ("#808080", "#808080", 4.5),
    ("#888", "#888888", 5.0),
    ("#999", "#999999", 6.2),
    ("rgba(0,0,0,.5)", "#5e5e5e", 2.7),
    ("#576b95", "#576b95", 3.3),
    ("#0f4c81", "#50a3eb", 6.6),
    ("#0b5394", "#3c9bf1", 6.0),
    ("#155e75", "#5cbddb", 8.2),
    ("#166534", "#64c88a", 8.5),
    ("#7c2d12", "#e77b57", 6.2),
    ("#92400e", "#ed803f", 6.5),
    ("#009874", "#009874", 4.8),
    ("#3eaf7c", "#3eaf7c", 6.4),
    ("#07c160", "#07c160", 7.4),
    ("#fa5151", "#fa5151", 5.4),
]
PANELS = [  # light background, light text on it, dark background, dark text
    ("#f7f7f7", "#333", "#212121", "#b3b3b3"),
    ("#f2f2f2", "#333", "#262626", None),
    ("#eeeeee", "#333", "#2a2a2a", None),
    ("#e5e5e5", "#333", "#333333", None),
    ("#fafbfc", "#333", "#1d1d1d", None),
    ("#f8f8f8", "#333", "#202020", "#b3b3b3"),
    ("#f6f8fa", "#333", "#bdbec0", None),
    ("#fff7e6", "#333", "#c4beb1", "#333333"),
    ("#e6f7ff", "#333", "#b4c1c8", "#333333"),
    ("#f0fff4", "#333", "#b7c2ba", "#333333"),
    ("#fff1f0", "#333", "#c6bbba", "#333333"),
    ("#fff3a3", "#333", "#ccc282", "#333333"),
    ("#ffe58f", "#333", "#d6c078", None),
    ("#282c34", "#fff", "#31363f", "#ffffff"),
    ("#1e1e1e", "#fff", "#383838", "#ffffff"),
    ("#0d1117", "#fff", "#293548", None),
    ("#272822", "#fff", "#3b3d34", None),
    ("#0f4c81", "#fff", "#0f4c81", "#ffffff"),
    ("#f7f7f7", "#005cc5", "#212121", "#077bff"),
    ("#f7f7f7", "#22863a", "#212121", "#50d370"),
    ("#f7f7f7", "#032f62", "#212121", "#6caefb"),
]


@pytest.mark.parametrize(("light", "dark", "ratio"), TEXTS)
def test_text_on_the_page_becomes_what_was_measured(light: str, dark: str, ratio: float) -> None:
    seen = night(f'<p style="color:{light}">字</p>')
    assert str(seen.text.over(seen.behind)) == dark
    assert contrast(seen.text, seen.behind) == pytest.approx(ratio, abs=0.11)


@pytest.mark.parametrize(("light", "ink", "dark", "dark_ink"), PANELS)
def test_panels_and_the_text_on_them_become_what_was_measured(
    light: str, ink: str, dark: str, dark_ink: str | None
) -> None:
    seen = night(f'<section style="background-color:{light};color:{ink}">字</section>')
    assert seen.behind == parse(seen.style["background-color"]) == parse(dark)
    if dark_ink is not None:
        assert seen.text == parse(seen.style["color"]) == parse(dark_ink)


UNREADABLE = ["#1a73e8", "#0969da", "#2563eb", "#1d4ed8", "#7c3aed", "#c7254e", "#d4380d", "#b45309", "#3730a3"]


@pytest.mark.parametrize("light", UNREADABLE)
def test_colours_of_the_dead_zone_stay_unreadable(light: str) -> None:
    assert contrast(text(colour(light)), NIGHT) < 4


TINTS = ["rgba(15,76,129,.08)", "rgba(250,173,20,.12)", "rgba(22,163,74,.12)", "rgba(220,38,38,.1)"]


@pytest.mark.parametrize("tint", TINTS)
def test_translucent_tints_become_dark_panels_with_light_text(tint: str) -> None:
    seen = night(f'<section style="background-color:{tint};color:#333">字</section>')
    assert seen.style["color"] == "#b3b3b3"
    assert round(contrast(seen.text, seen.behind), 1) >= 6.7


TOKENS = [("#9aa5b1", 4.8), ("#c678dd", 4.0), ("#e06c75", 3.7), ("#98c379", 5.9), ("#61afef", 5.0), ("#d19a66", 4.8)]


@pytest.mark.parametrize(("ink", "ratio"), TOKENS)
def test_code_colours_on_a_dark_panel_have_the_measured_contrast(ink: str, ratio: float) -> None:
    panel = night('<section style="background-color:#282c34;color:#fff">字</section>').behind
    assert contrast(text(colour(ink), panel), panel) == pytest.approx(ratio, abs=0.15)


READABLE = [
    ("#abc", Colour(170, 187, 204)),
    ("#AABBCC", Colour(170, 187, 204)),
    ("#00000080", Colour(0, 0, 0, 128 / 255)),
    ("rgb(1, 2, 3)", Colour(1, 2, 3)),
    ("rgba(1,2,3,.5)", Colour(1, 2, 3, 0.5)),
    ("rgb(1 2 3 / 50%)", Colour(1, 2, 3, 0.5)),
    ("rgba(255,0,0,50%)", Colour(255, 0, 0, 0.5)),
    ("rgb(100%,0%,0%)", Colour(255, 0, 0)),
    ("hsl(0,0%,50%)", Colour(128, 128, 128)),
    ("hsl(0,100%,50%)", Colour(255, 0, 0)),
    ("white", Colour(255, 255, 255)),
    ("RebeccaPurple", Colour(102, 51, 153)),
    ("#333 !important", Colour(51, 51, 51)),
    ("transparent", Colour(255, 255, 255, 0)),
    ("none", None),
    ("#12", None),
    ("rgb(1)", None),
    ("rgb(1.2.3,0,0)", None),
    ("", None),
]


@pytest.mark.parametrize(("value", "expected"), READABLE)
def test_a_css_colour_is_read_or_refused(value: str, expected: Colour | None) -> None:
    assert parse(value) == expected


# --- elements ---------------------------------------------------------------------------------------------------------


def cases() -> dict[str, tuple[str, str]]:
    """Read `cases/darkmode.txt`, which says at its top how a case is written."""
    written = (ROOT / "tests/cases/darkmode.txt").read_text(encoding="utf-8").split("\n=== ")[1:]
    found = {}
    for case in written:
        name, _, rest = case.partition("\n")
        html, _, expected = rest.partition("\n.\n")
        found[name] = (html, expected.strip())
    return found


@pytest.mark.parametrize(("html", "expected"), cases().values(), ids=cases())
def test_a_fragment_at_night(html: str, expected: str) -> None:
    seen = [
        f"{element.tag} {style.write(night.style) or '-'} | {night.text} on {night.behind}"
        for element, night in nights(html)
    ]
    assert seen == expected.split("\n")


def test_a_background_without_a_colour_gets_text_that_can_be_read() -> None:
    seen = night('<section style="background:#f7f7f7">字</section>')
    assert seen.style == {"background": "#212121", "color": "#cdcdcd"}
    assert contrast(seen.text, seen.behind) > 7


def test_links_and_quotes_without_a_colour_have_the_pages_own() -> None:
    assert night("<a>字</a>").text == parse("#7d90a9")
    quote = night("<blockquote>字</blockquote>")
    assert contrast(quote.text, quote.behind) == pytest.approx(2.7, abs=0.1)


def test_what_has_no_colour_stays() -> None:
    seen = night('<section style="margin:0 0 16px;background:none;border:0">字</section>')
    assert seen.style == {"margin": "0 0 16px", "background": "none", "border": "0"}
    assert (seen.day_behind, seen.behind) == (PAGE, NIGHT)


def test_other_text_by_default_is_the_cap_for_all() -> None:
    dark = Colour(152, 152, 152)
    (seen,) = convert([Element(0, "p", {"color": "#333"}, {}, True)], dark)
    assert seen.stamp == dark


# --- the script itself ------------------------------------------------------------------------------------------------

GROUNDS = ("background", "background-color", "background-image")
CELLS = ("table", "tr", "td", "th")


def same(one: list[Colour], other: list[Colour]) -> bool:
    """Whether colours differ by one of 255 steps at most; what is quite transparent has no colour."""
    return len(one) == len(other) and all(
        abs(a.a - b.a) <= 1 / 255
        and (a.a == b.a == 0 or max(abs(x - y) for x, y in zip(a.rgb, b.rgb, strict=True)) <= 1.001)
        for a, b in zip(one, other, strict=True)
    )


def painted(element: HtmlElement, seen: Night, shadow: str) -> dict[str, list[Colour]]:
    """Return the colours of an element as a browser computes them from its style at night."""
    grounds = {name: value for name, value in seen.style.items() if name in GROUNDS}
    if element.tag in CELLS and not {"background", "background-color"} & set(grounds):
        grounds["background-color"] = element.get("bgcolor", "")
    image = next((value for value in grounds.values() if "(" in value and ("gradient" in value or "url" in value)), "")
    plain = [each for value in grounds.values() if value != image for each in colours(value)]
    return {
        "color": [seen.text],
        "background": plain[-1:] or [Colour(0, 0, 0, 0)],
        "border": colours(seen.style.get("border-left", "")),
        "shadow": colours(shadow),
        "image": colours(image),
    }


def unlike(case: Mapping[str, Any]) -> list[str]:
    """List the colours of a measured fragment that the model has otherwise."""
    found = []
    shadows: dict[HtmlElement | None, str] = {}
    for (element, seen), measured in zip(nights(case["html"]), case["night"], strict=True):
        shadow = seen.style.get("text-shadow") or shadows.get(element.getparent(), "")  # it is inherited
        shadows[element] = shadow
        mine = painted(element, seen, shadow)
        found += [
            f"{element.tag} {what}: {' '.join(map(str, mine[what]))} for {measured.get(what)}"
            for what in mine
            if (what in measured or what == "image") and not same(mine[what], colours(measured.get(what, "")))
        ]
    return found


@pytest.mark.skipif(not MEASURED.exists(), reason="the measured fragments are not beside the repository")
def test_random_fragments_become_what_the_script_made_of_them() -> None:
    measured = [json.loads(line) for line in MEASURED.read_text(encoding="utf-8").splitlines()]
    wrong = {case["html"]: found for case in measured if (found := unlike(case))}
    assert len(measured) == 3000
    assert wrong == {}
