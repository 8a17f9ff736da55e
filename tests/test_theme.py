"""Themes: what is read and refused, styles equal to premailer's, the cache, colours that can be read at any hour."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import cache
from itertools import combinations
from pathlib import Path

import constructs
import pytest
from click.testing import CliRunner
from conftest import ROOT, corpus_files
from lxml import html
from lxml.html import HtmlElement
from nights import nights
from premailer import Premailer
from test_verdict import node

from wxpub import article, conform, darkmode, dialect, issue, theme, verdict
from wxpub.cli import cli
from wxpub.errors import SettingError, SourceError, WxpubError
from wxpub.page import render
from wxpub.style import read as declarations

NODES = ROOT / "tests/data/nodes.md"
THEMES = theme.names()
SOURCES = [NODES, *corpus_files()[:8]]


@cache
def look(name: str) -> theme.Theme:
    return theme.load(name)


def load(tmp_path: Path, css: str, overrides: dict[str, str] | None = None) -> theme.Theme:
    (tmp_path / "my.css").write_text(css, encoding="utf-8")
    return theme.load("my.css", overrides, tmp_path)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_there_are_themes_to_choose_from() -> None:
    assert len(THEMES) >= 8
    assert THEMES[0] == theme.DEFAULT
    for name in THEMES:
        assert look(name).name == name
        assert look(name).title and look(name).description
        assert {"text", "accent", "muted", "background"} <= set(look(name).variables)


def test_variables_are_resolved_also_inside_each_other(tmp_path: Path) -> None:
    css = ":root { --a: #123456; --b: var(--a) } p { color: var(--b); background: var(--none, var(--a)) }"
    assert "p {color:#123456; background:#123456}" in load(tmp_path, css).css


def test_an_override_replaces_a_variable(tmp_path: Path) -> None:
    css = ":root { --a: #123456; --b: var(--a) } p { color: var(--b) }"
    assert "p {color:red}" in load(tmp_path, css, {"a": "red"}).css
    assert theme.load("plain", {"accent": "#166534"}).variables["accent"] == "#166534"


REFUSED = [
    ("p::before { color: red }", 1, "pseudo-elements"),
    ("\n\np:first-child { color: red }", 3, "pseudo-classes"),
    ("p:nth-child(2) { color: red }", 1, "pseudo-classes"),
    ("a[href^=x] { color: red }", 1, "attribute selectors"),
    ("p + p { color: red }", 1, "sibling"),
    ("p ~ p { color: red }", 1, "sibling"),
    ("#x { color: red }", 1, "id"),
    ("* { color: red }", 1, "every element"),
    ("p { color: red }\n@media print { p { color: red } }", 2, "@media"),
    ("@import 'x';", 1, "@import"),
    ("/* a\n b */\n@font-face { src: url(x) }", 3, "@font-face"),
    ("p {\n  color: red;\n  position: absolute }", 3, "position"),
    ("p { filter: blur(1px) }", 1, "filter"),
    ("p { transition: all 1s }", 1, "transition"),
    ("p { font: 12px serif }", 1, "font"),
    ("p { color: red !important }", 1, "!important"),
    ("p { width: calc(100% - 2px) }", 1, "calc"),
    ("p { width: 500px }", 1, "fixed width"),
    ("p { min-width: 320px }", 1, "fixed width"),
    ("p { height: 300px }", 1, "height"),
    ("p { background: url(a.png) }", 1, "url"),
    ("p { color: oklch(1 2 3) }", 1, "colour"),
    ("p { color: #11223344 }", 1, "rgba"),
    ("p { font-size: 2rem }", 1, "em or px"),
    ("p { text-align: start }", 1, "left"),
    ("p { line-height: 1 }", 1, "overlap"),
    ("p {\n color: var(--nothing) }", 2, "unknown variable --nothing"),
    (":root { --a: var(--b); --b: var(--a) } p { color: var(--a) }", 1, "circle"),
    (":root {\n --a: #123;\n --b: var(--c) } p { color: var(--a) }", 3, "unknown variable --c; define it on :root"),
    ("p { color: var(--acent) }", 1, "unknown variable --acent; did you mean accent?"),
    (":root {\n --accent: greenish }", 2, "--accent cannot be greenish: it is not a colour; write #rrggbb"),
    (":root {\n --brand: 2px;\n --accent: var(--brand) }", 3, "--accent cannot be 2px: it is not a colour"),
    (":root { --size: 16 }", 1, "--size cannot be 16: it is not a size; write a number with its unit"),
    (":root { --leading: wide }", 1, "--leading cannot be wide: it is not a number"),
    ("p { color: greenish }", 1, "it is not a colour"),
    ("p { background: greenish }", 1, "it is not a colour"),
    ("p { border-left-color: 0f4c81 }", 1, "it is not a colour"),
    ("p { margin: 0 16 }", 1, "it has no unit"),
    ("p { border: 1 solid red }", 1, "it has no unit"),
    (":root { color: red }", 1, ".article"),
    ("p { --a: 1 }", 1, "outside :root"),
    ("p { color }", 1, "not a declaration"),
    ("p { color: red", 1, "does not end"),
    ("p { color: red } }", 1, ""),
    ("p { margin-inline: 1px }", 1, "logical"),
]


@pytest.mark.parametrize(("css", "line", "part"), REFUSED)
def test_what_cannot_survive_is_refused_with_its_line(tmp_path: Path, css: str, line: int | None, part: str) -> None:
    with pytest.raises(SourceError) as caught:
        load(tmp_path, css)
    assert part in str(caught.value)
    assert caught.value.line == line
    assert str(caught.value).startswith(str(tmp_path / "my.css"))


ACCEPTED = """
:root { --accent: var(--brand); --size: 1.1em; --leading: 28px; --brand: teal; --none: 0 }
p { color: inherit; background: none; margin: 0 -1px .5em; border: 0; line-height: 1.8; width: 40% }
h2 { background: linear-gradient(#123, transparent); border-bottom: 1px solid currentColor; border-color: transparent }
"""


def test_what_is_a_colour_or_a_size_is_taken(tmp_path: Path) -> None:
    found = load(tmp_path, ACCEPTED, {"accent": "rgba(0, 0, 0, .5)", "size": "0", "text": "var(--accent)", "none": "x"})
    assert found.variables["text"] == "rgba(0, 0, 0, .5)"


WRONG_OVERRIDES = [
    ({"shade": "red"}, "the theme has no variable shade; it has text, "),
    ({"acent": "red"}, "the theme has no variable acent; did you mean accent?"),
    ({"accent": "red; } p { color: blue"}, "give one CSS value"),
    ({"accent": "greenish"}, "accent cannot be 'greenish': it is not a colour; write #rrggbb"),
    ({"accent": "red !important"}, "it is not a colour"),
    ({"size": "16"}, "size cannot be '16': it is not a size; write a number with its unit, such as 16px"),
    ({"leading": "wide"}, "leading cannot be 'wide': it is not a number"),
    ({"accent": "var(--size)"}, "accent cannot be 'var(--size)': it is not a colour"),
    ({"accent": "var(--nothing)"}, "accent cannot be 'var(--nothing)': unknown variable --nothing"),
]


@pytest.mark.parametrize(("overrides", "message"), WRONG_OVERRIDES)
def test_an_override_that_does_not_fit_is_refused(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        theme.load("plain", overrides)
    assert message in str(caught.value)
    assert caught.value.setting in overrides


# What asks for a theme or a variable that cannot be had is named: file, line and key.
BLAMED = [
    ("[theme]\nacent = 'red'\n", "", "wxpub.toml:2: [theme]: the theme has no variable acent; did you mean accent?"),
    ("[theme]\nsize = 16\n", "", "wxpub.toml:2: [theme]: size cannot be '16': it is not a size"),
    ("[article]\ntheme = 'digset'\n", "", "wxpub.toml:2: [article]: no theme 'digset'; did you mean digest?"),
    ("", "layout: a\ntheme: digset", "issue.md:3: front matter: no theme 'digset'; did you mean digest?"),
    ("", "theme: mine.css", "issue.md:2: front matter: there is no theme file "),
    ("", "theme_variables:\n  text: '#333'\n  size: 16", "issue.md:4: front matter: size cannot be '16'"),
    ("[theme]\nsize = '16px'\n", "theme_variables: {size: big}", "issue.md:2: front matter: size cannot be 'big'"),
]


@pytest.mark.parametrize(("settings", "front", "message"), BLAMED)
def test_the_file_that_asks_for_what_cannot_be_had_is_blamed(
    tmp_path: Path, settings: str, front: str, message: str
) -> None:
    (tmp_path / "wxpub.toml").write_text(settings, encoding="utf-8")
    path = tmp_path / "issue.md"
    path.write_text(f"---\n{front}\n---\n\n# 题\n", encoding="utf-8")
    with pytest.raises(WxpubError) as caught:
        issue.open(path)
    assert f"{tmp_path}/{message}" in str(caught.value)
    with pytest.raises(WxpubError) as caught:
        issue.open(path, theme="plian", variables={"acent": "red"})
    assert str(caught.value) == "no theme 'plian'; did you mean plain?", "who asks on the command line has no file"


def test_a_theme_of_nearly_the_same_name_is_offered(tmp_path: Path) -> None:
    (tmp_path / "letter.css").write_text("p { margin: 0 }", encoding="utf-8")
    with pytest.raises(SettingError, match=r"no theme .*leter\.css; did you mean letter\.css\?"):
        theme.load("leter.css", base=tmp_path)


def test_a_theme_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no theme 'pian'; did you mean plain\?"):
        theme.load("pian")
    with pytest.raises(SourceError, match=r"no theme 'x'; there are plain, .* or give the path of a \.css file"):
        theme.load("x")
    with pytest.raises(SourceError, match=r"no theme .*none\.css; `wxpub themes` lists those that come with"):
        theme.load("none.css", base=tmp_path)
    (tmp_path / "bad.css").write_bytes(b"\xff\xfe")
    with pytest.raises(SourceError, match="UTF-8"):
        theme.load("bad.css", base=tmp_path)


# --- styling ----------------------------------------------------------------------------------------------------------


def tree_of(path: Path) -> HtmlElement:
    root, _ = dialect.parse(article.read(path).body, path)
    conform.shape(root)
    return root


@pytest.mark.matrix(3)
@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_element_gets_what_premailer_gives_it_in_the_whole_document(path: Path, name: str) -> None:
    ours, theirs = tree_of(path), deepcopy(tree_of(path))  # a copy is a document of its own, as premailer wants it
    for element in (*ours.iter("*"), *theirs.iter("*")):
        element.attrib.pop("style", None)
    theme.apply(ours, look(name))
    Premailer(
        theirs,
        css_text=look(name).css,
        allow_network=False,
        disable_validation=True,
        disable_leftover_css=True,
        align_floating_images=False,
        cssutils_logging_level=50,
    ).transform()
    for one, other in zip(ours.iter("*"), theirs.iter("*"), strict=True):
        if next(one.iterancestors("svg"), None) is None:
            assert declarations(one.get("style") or "") == declarations(other.get("style") or "")


def test_an_elements_own_style_wins(tmp_path: Path) -> None:
    root = html.fragment_fromstring('<section><p style="color:blue;margin:0">a</p></section>')
    theme.apply(root, load(tmp_path, "p { color: red; margin-top: 4px; font-size: 15px }"))
    found = declarations(root[0].get("style"))
    assert found["color"] == "blue"
    assert list(found)[-1] == "margin"


# --- the cache --------------------------------------------------------------------------------------------------------

CONVERT = """
import sys
from pathlib import Path
from wxpub import article, theme
from wxpub.page import render
render(article.read(Path(sys.argv[1])), theme.load("plain"))
print(sorted({"premailer", "cssutils", "pygments", "PIL", "requests", "bs4"} & set(sys.modules)))
"""


def run(home: Path, path: Path) -> list[str]:
    env = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", CONVERT, str(path)], env=env, capture_output=True, text=True, check=True
    )
    return list(json.loads(done.stdout.replace("'", '"')))


def test_a_theme_that_is_known_needs_no_premailer(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# 题\n\n- [标题 | 来源](https://example.com)\n\n文字\n", encoding="utf-8")
    assert "premailer" in run(tmp_path, path)
    assert run(tmp_path, path) == []


def test_a_broken_cache_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# 题\n\n文字\n", encoding="utf-8")
    run(tmp_path, path)
    for broken in ("", "[]", '{"a": 1}', '[null, {"p": 3}]', "[" * 100_000):
        (cached,) = (tmp_path / "cache/wxpub/themes").glob("*.json")
        cached.write_text(broken, encoding="utf-8")
        killed = cached.with_name(f".{cached.name}.0123456789abcdef.tmp")
        killed.write_text("half", encoding="utf-8")
        os.utime(killed, (1, 1))
        assert "premailer" in run(tmp_path, path)
        assert run(tmp_path, path) == []
        assert list(cached.parent.iterdir()) == [cached]


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# 题\n\n文字\n", encoding="utf-8")
    (tmp_path / "cache").write_text("a file where a folder should be", encoding="utf-8")
    assert "premailer" in run(tmp_path, path)


def test_a_theme_is_read_anew_only_when_its_files_change(tmp_path: Path) -> None:
    first = load(tmp_path, "p { color: red }")
    assert load(tmp_path, "p { color: red }") is first
    assert theme.load("plain", {"accent": "red"}) is theme.load("plain", {"accent": "red"})
    assert theme.load("plain", {"accent": "red"}) is not theme.load("plain", {"accent": "blue"})
    assert "p {color:tan}" in load(tmp_path, "p { color: tan }").css


def test_threads_may_share_a_theme(tmp_path: Path) -> None:
    shared = load(tmp_path, "".join(f".k{each} {{ text-indent: {each + 1}px }} " for each in range(24)))

    def styled(number: int) -> list[str | None]:
        root = html.fragment_fromstring(
            "".join(f'<p class="k{(number + each) % 24}">a</p>' for each in range(3)), "section"
        )
        theme.apply(root, shared)
        return [each.get("style") for each in root]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(styled, range(24)))
    for number, styles in enumerate(found):
        indents = [declarations(each or "")["text-indent"] for each in styles]
        assert indents == [f"{(number + each) % 24 + 1}px" for each in range(3)]


def test_a_kind_that_is_known_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    known = load(tmp_path, "p { color: #010203 }")
    theme.apply(html.fragment_fromstring("<p>a</p>", "section"), known)
    (kept,) = (tmp_path / "cache/wxpub/themes").iterdir()
    kept.unlink()
    theme.apply(html.fragment_fromstring("<p>b</p><p>c</p>", "section"), known)
    assert not kept.exists()


# --- colours ----------------------------------------------------------------------------------------------------------


@cache
def everything(name: str) -> str:
    """Write every construct inside every other, two deep, in the theme `name`."""
    body = constructs.everything()
    return render(article.Article(path=ROOT / "everything.md", body=body, title="各种写法"), look(name)).html


@pytest.mark.parametrize("name", THEMES)
def test_every_text_in_every_construct_can_be_read_by_day_and_by_night(name: str) -> None:
    unreadable = set()
    for element, night in nights(everything(name)):
        texts = [element.text, *(child.tail for child in element)]
        if element.tag == "svg" or (not night.drawing and any(text and text.strip() for text in texts)):
            for ink, ground in ((night.day_text, night.day_behind), (night.text, night.behind)):
                if darkmode.contrast(ink, ground) < 4.5:
                    path = "/".join([each.tag for each in (element, *element.iterancestors())][::-1])
                    unreadable.add((path, str(ink), str(ground)))
    assert unreadable == set()


@pytest.mark.parametrize("name", THEMES)
def test_wechats_checker_objects_to_no_construct(name: str) -> None:
    found = verdict.judge(node(html.fragment_fromstring(everything(name))))
    assert {rule: [each.attributes.get("style") for each in nodes[:3]] for rule, nodes in found.items()} == {}


@pytest.mark.parametrize("name", THEMES)
def test_no_theme_colours_a_ground_that_it_does_not_cover(name: str) -> None:
    for element in html.fragment_fromstring(everything(name)).iter("*"):
        found = declarations(element.get("style") or "")
        grounds = darkmode.colours(found.get("background", ""))
        assert all(each.a == 1 for each in grounds)
        assert not grounds or "color" in found


# --- rhythm -----------------------------------------------------------------------------------------------------------

SPACES = re.compile(r"(margin|padding)(-top|-bottom)?")


@pytest.mark.parametrize("name", THEMES)
def test_all_space_above_and_below_blocks_is_counted_in_one_unit(name: str) -> None:
    unit = int(look(name).variables["unit"].removesuffix("px"))
    odd = []
    for selectors, body in re.findall(r"([^{}]+) \{([^}]*)\}", look(name).css):
        if INLINE.search(selectors):
            continue
        for property, value in declarations(body).items():
            if SPACES.fullmatch(property):
                sides = [value] if "-" in property else value.split()[::2]
                pixels = [float(each[:-2]) for each in sides if each.endswith("px")]
                odd += [f"{selectors} {property}: {value}" for each in pixels if each % unit]
    assert odd == []


# What stands in a line, and what is spaced with the notes.
INLINE = re.compile(r"code, kbd|^mark|\.label|\.note|\.qrcode|\.url|\.ref")


def test_no_two_themes_look_alike() -> None:
    """What a reader tells themes by: at least four of its seven parts are drawn otherwise, whatever their colours."""
    drawn = {name: [shape_of(name, part) for part in PARTS] for name in THEMES}
    for one, other in combinations(THEMES, 2):
        same = [part for part, a, b in zip(PARTS, drawn[one], drawn[other], strict=True) if a == b]
        assert len(same) <= 3, (one, other, same)


PARTS = ("h2", "blockquote", "blockquote.lead", ".item", "th", ".code", ".end-mark")


def shape_of(name: str, part: str) -> frozenset[str]:
    """Give the declarations of `part` that are not colours, colours in borders left out."""
    found: dict[str, str] = {}
    for selectors, body in re.findall(r"([^{}]+) \{([^}]*)\}", look(name).css):
        if part in [each.strip() for each in selectors.split(",")]:
            found |= declarations(body)
    found["words"] = look(name).words("end-mark") if part == ".end-mark" else look(name).words("section-number")
    found.pop("color", None)
    plain = (re.sub(r"#\w+|rgba?\([^)]*\)", "", f"{key}:{value}") for key, value in found.items())
    return frozenset(plain)


@pytest.mark.parametrize("name", THEMES)
def test_no_theme_sets_a_family_outside_code_or_a_fixed_width(name: str) -> None:
    page = html.fragment_fromstring(render(article.read(NODES), look(name)).html)
    for element in page.iter("*"):
        found = declarations(element.get("style") or "")
        if "font-family" in found:
            assert "monospace" in found["font-family"]
        assert not found.get("width", "").endswith("px")
    for element in page.iter("ul", "ol"):
        assert "list-style-type" in declarations(element.get("style") or "")


# --- the command and the documentation ------------------------------------------------------------------------------


def test_the_documentation_names_every_theme_and_every_class() -> None:
    text = (ROOT / "docs/themes.md").read_text(encoding="utf-8")
    css = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "styles").glob("*.css"))
    rules = re.sub(r"/\*.*?\*/|\{[^}]*\}", "", css, flags=re.S)
    chinese = (ROOT / "docs/zh/themes.md").read_text(encoding="utf-8")
    for name in THEMES:
        assert f"| [`{name}`](themes/{name}.png) | {look(name).title} | {look(name).description} |" in text
        assert f"| [`{name}`](../themes/{name}.png) | {look(name).title} | " in chinese
        assert (ROOT / f"docs/themes/{name}.png").is_file()
    for name in set(re.findall(r"\.([\w-]+)", rules)) - {"alert-important", "alert-warning", "alert-caution"}:
        for page in (text, chinese):
            assert name in page or re.sub(r"\d$", "2", name) in page, name
    for name in look("plain").variables:
        assert f"`{name}`" in text
        assert f"`{name}`" in chinese


def test_the_command_lists_the_themes_and_shows_an_issue_in_all(tmp_path: Path) -> None:
    listed = CliRunner().invoke(cli, ["themes"])
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.output.splitlines()] == list(THEMES)
    described = json.loads(CliRunner().invoke(cli, ["themes", "--json"]).output)["result"]["themes"]
    assert described[0]["variables"]["accent"] == look("plain").variables["accent"]
    place = tmp_path / "all.html"
    shown = CliRunner().invoke(cli, ["themes", str(NODES), "-o", str(place)])
    assert shown.exit_code == 0, shown.output
    page = html.document_fromstring(place.read_text(encoding="utf-8"))
    themed = json.loads(page.get_element_by_id("state").text)["looks"]
    assert [each["name"] for each in themed] == list(THEMES)
    assert "allow-scripts" not in place.read_text(encoding="utf-8")
    assert CliRunner().invoke(cli, ["themes", "--open"]).exit_code == 2
