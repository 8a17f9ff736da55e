"""WeChat's dark mode, against what mp-darkmode 1.2.1 was measured to do in Chromium."""

from __future__ import annotations

import pytest

from wxpub.darkmode import PAGE, Colour, contrast, convert, parse, text

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
    ("#fa5151", "#fa5151", 5.4),
]
PANELS = [  # light background, light text on it, dark background, dark text
    ("#f7f7f7", "#333", "#212121", "#b3b3b3"),
    ("#f2f2f2", "#333", "#262626", None),
    ("#eeeeee", "#333", "#2a2a2a", None),
    ("#e5e5e5", "#333", "#333333", None),
    ("#fafbfc", "#333", "#1d1d1d", None),
    ("#f8f8f8", "#333", "#202020", "#b3b3b3"),
    ("#fff7e6", "#333", "#c4beb1", "#333333"),
    ("#e6f7ff", "#333", "#b4c1c8", "#333333"),
    ("#f0fff4", "#333", "#b7c2ba", "#333333"),
    ("#fff1f0", "#333", "#c6bbba", "#333333"),
    ("#fff3a3", "#333", "#ccc282", "#333333"),
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
    colour = parse(light)
    assert colour is not None
    seen = text(colour).over(PAGE.night_background)
    assert str(seen) == dark
    assert contrast(seen, PAGE.night_background) == pytest.approx(ratio, abs=0.11)


@pytest.mark.parametrize(("light", "ink", "dark", "dark_ink"), PANELS)
def test_panels_and_the_text_on_them_become_what_was_measured(
    light: str, ink: str, dark: str, dark_ink: str | None
) -> None:
    night, inside = convert("section", {"background-color": light, "color": ink})
    assert night["background-color"] == dark
    if dark_ink is not None:
        assert night["color"] == dark_ink
    assert inside.night_background == parse(dark)


UNREADABLE = ["#1a73e8", "#0969da", "#2563eb", "#1d4ed8", "#7c3aed", "#c7254e", "#d4380d", "#b45309", "#3730a3"]


@pytest.mark.parametrize("light", UNREADABLE)
def test_colours_of_the_dead_zone_stay_unreadable(light: str) -> None:
    colour = parse(light)
    assert colour is not None
    assert contrast(text(colour), PAGE.night_background) < 4


TINTS = ["rgba(15,76,129,.08)", "rgba(250,173,20,.12)", "rgba(22,163,74,.12)", "rgba(220,38,38,.1)"]


@pytest.mark.parametrize("tint", TINTS)
def test_translucent_tints_become_dark_panels_with_light_text(tint: str) -> None:
    night, inside = convert("section", {"background-color": tint, "color": "#333"})
    assert night["color"] == "#b3b3b3"
    assert contrast(inside.night_text, inside.night_background) > 6.7


TOKENS = [("#9aa5b1", 4.8), ("#c678dd", 4.0), ("#e06c75", 3.7), ("#98c379", 5.9), ("#61afef", 5.0), ("#d19a66", 4.8)]


@pytest.mark.parametrize(("ink", "ratio"), TOKENS)
def test_code_colours_on_a_dark_panel_have_the_measured_contrast(ink: str, ratio: float) -> None:
    _, inside = convert("section", {"background-color": "#282c34"})
    colour = parse(ink)
    assert colour is not None
    assert contrast(text(colour, inside.night_background), inside.night_background) == pytest.approx(ratio, abs=0.15)


def test_a_background_without_a_colour_gets_text_that_can_be_read() -> None:
    night, inside = convert("section", {"background": "#f7f7f7"})
    assert night == {"background": "#212121", "color": "#cdcdcd"}
    assert contrast(inside.night_text, inside.night_background) > 7


def test_a_background_starts_from_the_inherited_colour() -> None:
    _, outside = convert("section", {"color": "#0f4c81"})
    night, _ = convert("p", {"background": "#f7f7f7"}, outside)
    assert night["color"] == "#50a3eb"


def test_a_gradient_behind_text_becomes_its_last_colour() -> None:
    night, inside = convert("section", {"background": "linear-gradient(90deg,#667eea,#764ba2)", "color": "#fff"})
    assert night == {"background": "#764ba2", "color": "#ffffff"}
    assert inside.night_background == Colour(118, 75, 162)


def test_borders_are_converted_like_text_on_the_page() -> None:
    night, _ = convert("section", {"border-left": "4px solid #0f4c81"})
    assert night["border-left"] == "4px solid #50a3eb"


def test_links_and_quotes_without_a_colour_have_the_pages_own() -> None:
    assert convert("a", {})[1].night_text == parse("#7d90a9")
    _, quote = convert("blockquote", {})
    assert contrast(quote.night_text, quote.night_background) == pytest.approx(2.7, abs=0.1)


def test_what_has_no_colour_stays() -> None:
    style = {"margin": "0 0 16px", "background": "url(https://mmbiz.qpic.cn/a)", "border": "0"}
    assert convert("section", style) == (style, PAGE)


READABLE = [
    ("#abc", Colour(170, 187, 204)),
    ("#AABBCC", Colour(170, 187, 204)),
    ("rgb(1, 2, 3)", Colour(1, 2, 3)),
    ("rgba(1,2,3,.5)", Colour(1, 2, 3, 0.5)),
    ("rgb(100%,0%,0%)", Colour(255, 0, 0)),
    ("hsl(0,0%,50%)", Colour(127.5, 127.5, 127.5)),
    ("white", Colour(255, 255, 255)),
    ("transparent", Colour(255, 255, 255, 0)),
    ("none", None),
    ("#12", None),
    ("rgb(1)", None),
    ("rgb(1.2.3,0,0)", None),
    ("", None),
]


@pytest.mark.parametrize(("value", "colour"), READABLE)
def test_a_css_colour_is_read_or_refused(value: str, colour: Colour | None) -> None:
    assert parse(value) == colour
