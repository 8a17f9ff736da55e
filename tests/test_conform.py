"""The form that WeChat keeps: cases of structure, hostile HTML, lean styles, and what every page has to hold to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import pytest
from conforming import canonical
from conftest import ROOT, corpus_files
from lxml import html
from lxml.html import HtmlElement

from wxpub import article, conform, dialect, limits, style, theme
from wxpub.conform.sanitise import harmless
from wxpub.conform.size import lean, shorten
from wxpub.page import render
from wxpub.target import API, PASTE, TARGETS, Placed, Target
from wxpub.tree import BLOCKS, VOID, make, text_of

CASES = ROOT / "tests/cases/conform.txt"
LETTERS = ROOT / "tests/cases/furnish.txt"
NODES = ROOT / "tests/data/nodes.md"
EVERY = [NODES, *sorted((ROOT / "examples/issues").glob("*.md")), *corpus_files()]
THEMES = theme.names()


@cache
def look(name: str) -> theme.Theme:
    return theme.load(name)


# --- structure --------------------------------------------------------------------------------------------------------


def cases(path: Path) -> Iterator[tuple[str, str, str]]:
    for block in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        title, _, rest = block.partition("\n")
        source, _, expected = rest.partition("\n.\n")
        yield title, source, expected.strip("\n")


def shown(root: HtmlElement) -> str:
    """Write a shaped tree, roles included, a line per block, U+00A0 made visible."""
    text = "".join(html.tostring(each, encoding="unicode") for each in root)
    text = re.sub(r' data-line="\d+"| role="img"', "", text).replace("\u00a0", "·").replace('=""', "")
    text = re.sub(r'(<path d=")[^"]{40,}"', r'\1…"', text)
    return re.sub(r"(?<=>)(?=<(?:section|p|h\d|ul|ol|li|table|tr|blockquote)\b)", "\n", text)


def shaped(source: str) -> str:
    root, _ = dialect.parse(source)
    findings = conform.shape(root)
    return "\n".join([shown(root), *(f"! {each.rule}" for each in findings)]).strip("\n")


def furnished(source: str) -> str:
    root, _ = dialect.parse(source)
    conform.shape(root)
    conform.furnish(root, number="01", end="完")
    return shown(root).strip("\n")


@pytest.mark.parametrize(("title", "source", "expected"), list(cases(CASES)), ids=lambda value: value[:40])
def test_a_node_takes_the_form_that_lasts(title: str, source: str, expected: str) -> None:
    assert shaped(source) == expected


@pytest.mark.parametrize(("title", "source", "expected"), list(cases(LETTERS)), ids=lambda value: value[:40])
def test_a_letter_is_furnished(title: str, source: str, expected: str) -> None:
    assert furnished(source) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("1", ["1", "2", "12"]), ("其一", ["其一", "其二", "其十二"]), ("第 01 节", ["第 01 节", "第 02 节", "第 12 节"])],
)
def test_sections_are_counted_as_the_theme_counts_the_first(pattern: str, expected: list[str]) -> None:
    root, _ = dialect.parse("\n\n".join(["## 节"] * 12))
    conform.furnish(root, number=pattern)
    numbers = [each.text for each in root.iter("span")]
    assert [numbers[at] for at in (0, 1, 11)] == expected


def test_update_writes_the_cases_anew(update: bool) -> None:
    for path, written in ((CASES, shaped), (LETTERS, furnished)) if update else ():
        head = path.read_text(encoding="utf-8").partition("=== ")[0]
        blocks = [f"=== {title}\n{source}\n.\n{written(source)}\n" for title, source, _ in cases(path)]
        path.write_text(head + "\n".join(blocks), encoding="utf-8")


def test_a_formula_is_one_outline_in_the_texts_colour() -> None:
    root, _ = dialect.parse("$x^2$ 和\n\n$$\n\\frac{a}{b}\n$$")
    assert conform.shape(root) == ()
    page = conform.fill(conform.finish(root), {})
    drawings = html.fragment_fromstring(page).findall(".//svg")
    assert [each.get("aria-label") for each in drawings] == ["x^2", "\\frac{a}{b}"]
    for drawing in drawings:
        assert [(path.tag, path.get("fill")) for path in drawing] == [("path", "currentColor")]
        assert re.fullmatch(r"width:[\d.]+em;height:[\d.]+em;vertical-align:-?[\d.]+em", drawing.get("style", ""))
    assert len(page) < 2000


def formulas(*texts: str) -> list[html.HtmlElement]:
    root, _ = dialect.parse(" 与 ".join(f"${text}$" for text in texts))
    assert conform.shape(root) == ()
    return html.fragment_fromstring(conform.fill(conform.finish(root), {})).findall(".//svg")


def test_chinese_in_a_formula_is_text_of_the_readers_font_in_its_place() -> None:
    (plain, low, fraction) = formulas(r"\text{召回率（a）}", "P_{准}", r"\frac{\text{正确数}}{总}")
    assert "".join(each.text for each in plain.iter("text")) == "召回率（）"
    places = [int(each.get("x")) for each in plain.iter("text")]
    assert places == sorted(set(places))
    assert len({each.get("y") for each in plain.iter("text")}) == 1
    (small,) = low.iter("text")
    assert int(small.get("font-size")) < int(plain[-1].get("font-size"))
    ups = [int(each.get("y")) for each in fraction.iter("text")]
    assert ups[0] == ups[1] == ups[2] < ups[3]
    for drawing in (plain, low, fraction):
        left, top, width, height = map(int, drawing.get("viewbox", drawing.get("viewBox", "")).split())
        for each in drawing.iter("text"):
            x, y, size = (int(each.get(name)) for name in ("x", "y", "font-size"))
            assert left <= x - 0.46 * size and x + 0.46 * size <= left + width
            assert top <= y - 0.84 * size and y + 0.08 * size <= top + height
            assert each.get("fill") == "currentColor"


@pytest.mark.parametrize(
    ("written", "as_if"),
    [
        (r"a \newline b", r"a \\ b"),
        (r"\textcircled{1} + \textcircled a", "① + ⓐ"),
        (r"a = b \tag{1}", r"a = b\qquad\text{(1)}"),
        (r"\text{R\&D}", r"\text{R&D}"),
        (r"\text{a < b}", r"\text{a &lt; b}"),
        (r"\begin{aligned} a &= b \\ &= d \end{aligned}", r"\begin{align*} a &= b \\ &= d \end{align*}"),
        (r"\begin{aligned}[t] a &= b \end{aligned}", r"\begin{align*} a &= b \end{align*}"),
        (r"\begin{align} a &= b \label{eq} \notag \end{align}", r"\begin{align*} a &= b \end{align*}"),
        (r"\begin{alignat*}{2} a &= b \end{alignat*}", r"\begin{align*} a &= b \end{align*}"),
        (r"\begin{gathered} a \\ b \end{gathered}", r"\begin{matrix} a \\ b \end{matrix}"),
        (r"\begin{eqnarray} a &=& b \end{eqnarray}", r"\begin{array}{rcl} a &=& b \end{array}"),
        (r"\begin{dcases} a & b \end{dcases}", r"\begin{cases} a & b \end{cases}"),
        (r"\operatorname*{argmax}_x f", r"\operatorname{argmax}_x f"),
    ],
)
def test_a_formula_is_drawn_as_if_it_were_written_so(written: str, as_if: str) -> None:
    one, two = formulas(written, as_if)
    assert [each.get("d") for each in one] == [each.get("d") for each in two]


@pytest.mark.parametrize(
    "tex",
    [
        r"\begin{align*} a &= b + c \\ &= d \end{align*}",
        r"\begin{split} a &= b \\ c &= d \end{split}",
        r"\begin{rcases} a & b \\ c & d \end{rcases} = e",
        r"\left\{ \begin{aligned} a &= b \\ c &= d \end{aligned} \right.",
        r"\left. \frac{dy}{dx} \right|_{x=0}",
    ],
)
def test_lines_that_are_lined_up_are_drawn(tex: str) -> None:
    assert conform.shape(dialect.parse(f"$$\n{tex}\n$$")[0]) == ()


def test_a_formula_of_several_lines_is_named_on_one() -> None:
    (finding,) = conform.shape(dialect.parse("$$\na +\n\\foo\n$$")[0])
    assert finding.message == "the formula a + \\foo cannot be read: unknown command \\foo"


@pytest.mark.parametrize(
    ("tex", "why"),
    [
        ("x^{", "nothing stands behind a ^ or _"),
        (r"\left( a", "\\left and \\right do not come in pairs"),
        ("a_1_2", "two _ follow one another; put the first part in braces"),
        (r"\begin{matrix} a", "a \\begin has no \\end"),
        (r"\frac{a", "it is not complete, or has something in it that cannot be drawn"),
        (r"\foo", "unknown command \\foo"),
        (r"\textcircled{21}", "unknown command \\textcircled"),
        ("a & b", "an & stands outside of an environment that has columns"),
    ],
)
def test_a_formula_that_fails_says_so_in_an_authors_words(tex: str, why: str) -> None:
    (finding,) = conform.shape(dialect.parse(f"${tex}$")[0])
    assert finding.message == f"the formula {tex} cannot be read: {why}"


def test_a_source_is_no_longer_than_forty_characters() -> None:
    for length, found in ((40, "item"), (41, None)):
        root, _ = dialect.parse(f"- 标题 | {'源' * length}\n")
        conform.shape(root)
        assert root.find(".//li").get("class") == found


def test_very_long_code_has_no_colours() -> None:
    for text, coloured in (("x = None\n", True), ("x = None\n" * 6_667, False)):
        root, _ = dialect.parse(f"```python\n{text}```\n")
        conform.shape(root)
        assert (root.find(".//span") is not None) is coloured


@pytest.mark.parametrize("tag", sorted(BLOCKS - VOID))
def test_words_in_two_blocks_are_two_words(tag: str) -> None:
    inside = make("section", content=[make(tag, content=["a"]), make(tag, content=["b"]), "c"])
    assert text_of(inside) == "a b c"


# --- hostile HTML -----------------------------------------------------------------------------------------------------

HOSTILE = r"""
<script>alert(1)</script>
<p onclick="alert(1)">a</p>
<a href="javascript:alert(1)">b</a>
<a href="java&#10;script:alert(1)">b</a>
<a href=" &#1;javascript:alert(1)">b</a>
<a href="vbscript:alert(1)">b</a>
<a href="data:text/html,<script>alert(1)</script>">b</a>
<img src="javascript:alert(1)">
<img src=x onerror=alert(1)>
<img src="data:text/html,<script>alert(1)</script>">
<img src="data:image/svg+xml,<svg onload=alert(1)>">
<img src=x srcset="javascript:alert(1) 2x" style="position:fixed">
<svg onload=alert(1)><circle r=1></svg>
<svg viewBox="0 0 1 1"><script>alert(1)</script><path d="M0 0h1"/></svg>
<svg viewBox="0 0 1 1"><a href="javascript:alert(1)"><path d="M0 0"/></a><path d="M0 0"/></svg>
<svg viewBox="0 0 1 1"><style>*{background:url(//evil.example)}</style><path style="fill:url(#x)" d="M0"/></svg>
<svg viewBox="0 0 1 1"><foreignObject><iframe src=javascript:alert(1)></iframe></foreignObject><path d="M0"/></svg>
<svg viewBox="0 0 1 1"><animate attributeName=href values=javascript:alert(1) /><path d="M0"/></svg>
<svg viewBox="0 0 1 1"><image href="https://evil.example/x.png"/><path d="M0"/></svg>
<svg><p><style><img src=x onerror=alert(1)></style>
<svg><desc><p title="</desc><img src=x onerror=alert(1)>">a
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<math><mi xlink:href="javascript:alert(1)">x</mi></math>
<svg></p><style><a title="</style><img src=1 onerror=alert(1)>">
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<div style="background:url(https://evil.example/x.png);color:red">c</div>
<div style="width:expression(alert(1));color:blue">d</div>
<div style="wid\74 h:expr/**/ession(alert(1))">d</div>
<div style="position:fixed;top:0;left:0;width:100%;height:100%">e</div>
<div style='background:url("javascript:alert(1)")'>f</div>
<div style="behavior:url(x.htc);-moz-binding:url(x)">g</div>
<p style="color:red}body{display:none">h</p>
<iframe src="https://evil.example"></iframe><iframe srcdoc="<script>alert(1)</script>"></iframe>
<object data="javascript:alert(1)"></object><embed src="javascript:alert(1)"><applet code=x></applet>
<form action="javascript:alert(1)"><input name=a><button formaction="javascript:alert(1)">s</button></form>
<base href="https://evil.example/"><link rel=stylesheet href=//evil.example><meta http-equiv=refresh content=0>
<style>@import "//evil.example"</style>
<xmp><img src=x onerror=alert(1)></xmp>
<title><img src=x onerror=alert(1)></title>
<textarea><img src=x onerror=alert(1)></textarea>
<template><script>alert(1)</script></template>
<table background="javascript:alert(1)"><tr><td background="javascript:alert(1)">i</td></tr></table>
<custom-element onclick=alert(1)>j</custom-element>
<marquee onstart=alert(1)>k</marquee>
<details ontoggle=alert(1) open><summary>l</summary>m</details>
<video src=x onerror=alert(1)></video><audio src=x onerror=alert(1)></audio>
<p>n<!-- <script>alert(1)</script> --><?php echo 1 ?></p>
<a id=x name=y target=_top href="https://mp.weixin.qq.com/s/abc" ping=//evil.example>o</a>
<p class='"><script>alert(1)</script>' title='"><script>alert(1)</script>'>p</p>
""".strip().split("\n")

FORBIDDEN = re.compile(
    r"<script|on\w+\s*=|javascript:|vbscript:|evil\.example|expression|position|srcdoc|<style|<iframe", re.I
)


@pytest.mark.parametrize("source", HOSTILE)
def test_nothing_hostile_reaches_the_page(source: str) -> None:
    page = canonical(source)
    printed = "嵌入内容：https://evil.example"  # the address of what was embedded, as text
    assert not FORBIDDEN.search(page.replace("&lt;", "\u2039").replace(printed, ""))
    assert_allowed(page)
    assert canonical(page) == page


def test_what_is_taken_out_is_reported_with_its_line() -> None:
    root, _ = dialect.parse(
        '文字\n\n<div onclick="x()">a</div>\n\n<p>b<iframe src="https://example.com"></iframe></p>\n'
    )
    findings = conform.shape(root, Path("a.md"))
    assert [(each.rule, each.severity, each.place) for each in findings] == [
        ("html-unsafe", "warning", "a.md:3"),
        ("html-lost", "warning", "a.md:5"),
    ]


def test_nesting_without_end_ends() -> None:
    page = canonical("<div>" * 1500 + "a" + "</div>" * 1500)
    assert re.sub(r"<[^>]+>", "", page) == "a"


def assert_allowed(page: str) -> None:
    """Only tags and attributes of the lists, every attribute quoted, no white space between tags."""
    root = html.fragment_fromstring(page)
    assert "\n" not in page
    for element in root.iter():
        assert isinstance(element.tag, str)
        if element.tag == "svg" or any(each.tag == "svg" for each in element.iterancestors()):
            assert element.tag in limits.SVG_TAGS
            assert {each.lower() for each in element.attrib} <= {each.lower() for each in limits.SVG_ATTRIBUTES}
        else:
            assert element.tag in limits.TAGS
            allowed = limits.ATTRIBUTES["*"] | limits.ATTRIBUTES.get(element.tag, frozenset())
            assert set(element.attrib) <= allowed
    for inner in root.iter("ul", "ol", "table", "tbody", "tr"):
        assert not (inner.text or "").strip("\u00a0")
        assert all(not child.tail for child in inner)
    assert page == "<section></section>" or not re.search(r"<(?:p|section|span|li)(?: [^>]*)?></", page)


STYLES = [
    ("color: red !important; margin : 0", "color:red;margin:0"),
    ("text-align:start", "text-align:left"),
    ("color:#11223380", "color:rgba(17,34,51,0.5)"),
    ("margin:1rem", "margin:1em"),
    ("width:500px", ""),
    ("width:50%;height:20px", "width:50%"),
    ("width:calc(100% - 2px);color:var(--x)", ""),
    ("background:url(https://mmbiz.qpic.cn/a/0)", "background:url(https://mmbiz.qpic.cn/a/0)"),
    ("background:url(https://example.com/a.png)", ""),
    ("display:none;opacity:0;font-size:0;line-height:0", ""),
    ("font-family:'PingFang SC';color:red", "color:red"),
    ("font-family:Menlo,monospace", "font-family:Menlo,monospace"),
    ("margin-left:-40px;margin-top:-8px", "margin-top:-8px"),
    ("margin:0 -20px;margin-top:-19.5px", "margin-top:-19.5px"),
    ("margin-left:-5%;margin-top:0", "margin-top:0"),
    ("color:#1238;border-color:#0f08", "color:rgba(17,34,51,0.53);border-color:rgba(0,255,0,0.53)"),
    ("width:NaNpx;color:null", ""),
    ("/* a */color:red/* b", "color:red"),
    ("color:undefined;nonsense", ""),
]


@pytest.mark.parametrize(("given", "kept"), STYLES)
def test_of_an_authors_style_stays_what_wechat_keeps(given: str, kept: str) -> None:
    assert harmless(given) == kept


# --- size -------------------------------------------------------------------------------------------------------------

LEAN = [
    ("p", "margin:0;padding:0 0 0 0", {}, ""),
    ("p", "margin:0 0 16px 0", {}, "margin:0 0 16px"),
    ("p", "margin-top:8px;margin-bottom:8px", {}, "margin:8px 0"),
    ("p", "margin:0 0 16px;margin-top:4px", {}, "margin:4px 0 16px"),
    ("p", "margin-top:8px", {}, "margin:8px 0 0"),
    ("td", "padding:0", {}, "padding:0"),
    ("p", "color:#333333", {"color": "#333"}, ""),
    ("a", "color:#333333", {"color": "#333"}, "color:#333"),
    ("h2", "font-size:16px;font-weight:bold", {"font-size": "16px"}, "font-size:16px;font-weight:700"),
    ("strong", "font-weight:bold", {}, ""),
    ("span", "font-weight:normal", {"font-weight": "700"}, "font-weight:400"),
    ("p", "font-size:1em;line-height:1.50", {"font-size": "16px", "line-height": "1.5"}, ""),
    ("section", "background-color:rgb(255, 0, 0)", {}, "background:#f00"),
    ("section", "background-color: rgba(0, 0, 0, 0.50)", {}, "background:rgba(0,0,0,.5)"),
    ("section", 'font-family:Menlo, "Courier New"', {}, "font-family:Menlo,'Courier New'"),
    ("section", "border:none;text-decoration:none", {}, ""),
    ("hr", "border:none", {}, "border:0"),
]


@pytest.mark.parametrize(("tag", "given", "inherited", "short"), LEAN)
def test_only_what_changes_something_is_said(
    tag: str, given: str, inherited: dict[str, str | None], short: str
) -> None:
    assert style.write(lean(tag, given, frozenset(inherited.items()))[0]) == short
    assert style.write(lean(tag, short, frozenset(inherited.items()))[0]) == short


def test_a_length_relative_to_another_font_is_said_again() -> None:
    _, outer = lean("section", "font-size:16px;letter-spacing:.1em")
    inner, inherited = lean("p", "font-size:12px;letter-spacing:.1em", outer)
    assert style.write(inner) == "font-size:12px;letter-spacing:.1em"
    assert lean("span", "letter-spacing:.1em", inherited)[0] == {}


VALUES = [
    ("width", "0.50em", ".5em"),
    ("margin", "0px 10px", "0 10px"),
    ("line-height", "1.0", "1"),
    ("width", "100%", "100%"),
]


@pytest.mark.parametrize(("name", "value", "short"), VALUES)
def test_values_are_written_short(name: str, value: str, short: str) -> None:
    assert shorten(name, value) == short


def finished(markup: str, target: Target = API) -> str:
    root = html.fragment_fromstring(markup, create_parent="section")
    page = conform.fill(conform.finish(root, target), {})
    return page.removeprefix("<section>").removesuffix("</section>")


FINISHED = [
    (
        '<p><span style="color:red">a</span><span style="color:red">b</span></p>',
        '<p><span style="color:red">ab</span></p>',
    ),
    ('<p><span style="font-weight:bold">a</span></p>', "<p><strong>a</strong></p>"),
    ('<p><code style="padding:1px">a</code><code style="padding:1px">b</code></p>', None),
    ("<section><section><p>a</p></section></section>", "<p>a</p>"),
    ('<p><span style="display:inline-block">a</span><span style="display:inline-block">b</span></p>', None),
    ("<p> a <b> b</b> c </p> <p>d</p>", "<p>a <strong>b</strong> c</p><p>d</p>"),
    ("<p>a<span> </span>b</p>", "<p>a b</p>"),
    ("<p></p><section></section><span></span>", ""),
]


@pytest.mark.parametrize(("markup", "expected"), FINISHED)
def test_the_page_is_written_without_waste(markup: str, expected: str | None) -> None:
    assert finished(markup) == (markup if expected is None else expected)


def test_for_pasting_every_block_says_the_roots_text_styles() -> None:
    root = html.fragment_fromstring(
        '<section style="font-size:16px;color:#333;line-height:1.75">'
        '<p>a</p><h2 style="font-size:20px">b</h2></section>'
    )
    assert conform.fill(conform.finish(root, PASTE), {}) == (
        '<section style="font-size:16px;color:#333;line-height:1.75">'
        '<p style="margin:0;font-size:0;line-height:0">\u00a0</p>'
        '<p style="font-size:16px;line-height:1.75;color:#333">a</p>'
        '<h2 style="font-size:20px;line-height:1.75;color:#333">b</h2>'
        '<p style="margin:0;font-size:0;line-height:0">\u00a0</p></section>'
    )


def test_for_pasting_no_space_stands_alone_between_two_tags() -> None:
    assert "<strong>a </strong><em>b</em>" in finished("<p><b>a</b> <i>b</i></p>", PASTE)
    assert finished("<p><b>a</b> <i>b</i></p>") == "<p><strong>a</strong> <em>b</em></p>"


# --- every page -------------------------------------------------------------------------------------------------------


@pytest.mark.matrix(7)
@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_a_page_has_its_form_already(path: Path, name: str) -> None:
    source = article.read(path)
    for target in TARGETS.values():
        page = render(source, look(name), target=target)
        assert_allowed(page.html)
        assert canonical(page.html, target) == page.html


def test_a_picture_keeps_its_place() -> None:
    source = article.read(NODES)
    page = render(source, look("plain"), images={"images/picture.png": Placed("https://mmbiz.qpic.cn/a/0", 1080, 540)})
    assert '<img src="https://mmbiz.qpic.cn/a/0" alt="一张图的说明" data-w="1080" data-ratio="0.5" style=' in page.html


def test_images_are_filled_in_when_everything_else_is_written() -> None:
    root = html.fragment_fromstring(
        '<p><img src="a.png" alt="a&lt;b" style="width:100%"></p><p>c<img src="a.png"><img src="b.png" data-w="9"></p>',
        create_parent="section",
    )
    parts = conform.finish(root)
    assert [each if isinstance(each, str) else each.src for each in parts] == [
        "<section><p>", "a.png", "</p><p>c", "a.png", "", "b.png", "</p></section>",
    ]  # fmt: skip
    assert conform.fill(parts, {}) == (
        '<section><p><img src="a.png" alt="a&lt;b" style="width:100%"></p>'
        '<p>c<img src="a.png"><img src="b.png" data-w="9"></p></section>'
    )
    placed = {"a.png": Placed("https://x.example/?a&b", 1080, 540), "b.png": Placed('c"d')}
    assert conform.fill(parts, placed) == (
        '<section><p><img src="https://x.example/?a&amp;b" alt="a&lt;b" data-w="1080" data-ratio="0.5"'
        ' style="width:100%"></p>'
        '<p>c<img src="https://x.example/?a&amp;b" data-w="1080" data-ratio="0.5">'
        '<img src="c&quot;d" data-w="9"></p></section>'
    )


@pytest.mark.parametrize(
    ("source", "size", "name"),
    [
        ("![](a.png)", (300, 10), "small"),
        ("![](a.png)", (301, 10), "wide"),
        ("![](b.png)", (301, 10), "small"),
        ('<img src="a.png" width="80%">', (301, 10), "small"),
        ("![]( a.png )", (1, 1), "small"),
        ('<p><img src="b.png" data-w="300"></p>', (1, 1), "small"),
        ('<p><img src="a.png" data-w="300"></p>', (301, 1), "wide"),
    ],
)
def test_an_image_that_is_known_to_be_large_fills_the_column(source: str, size: tuple[int, int], name: str) -> None:
    root, _ = dialect.parse(source)
    conform.shape(root, sizes={"a.png": size})
    assert root[0][0].get("class") == name


SIZES = {"badge.png": (300, 20), "middle.png": (400, 300), "narrow.png": (200, 300), "wide.png": (900, 300)}
SIZES |= {"badge.svg": (120, 20), "drawing.svg": (500, 300)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("![](middle.png) ![](middle.png)", "small 49%, small 49%"),
        ("![](middle.png)\n![](narrow.png)", "small 65%, small 32%"),
        ("![](narrow.png)![](narrow.png)![](narrow.png)", "small 32%, small 32%, small 32%"),
        ("![](narrow.png)", "small"),
        ("![](badge.png) ![](badge.png)", "small, small"),
        ("![](middle.png) ![](middle.png) ![](middle.png)", "wide, wide, wide"),  # on GitHub they stand in three lines
        ("![](middle.png)\\\n![](middle.png)", "wide, wide"),
        ("![](middle.png) ![](far.png)", "wide, small"),
        ('<p><img src="wide.png" width="45%"> <img src="wide.png" width="45%"></p>', "small 45%, small 45%"),
        ('<p><img src="wide.png" width="100"> <img src="narrow.png"></p>', "small 100px, small"),
        ('<div align="center"><img src="middle.png"> <img src="middle.png"></div>', "small 49%, small 49%"),
        ("![](badge.svg)", "small 120px"),
        ("![](drawing.svg)", "wide"),
    ],
)
def test_pictures_side_by_side_stay_so_and_others_stand_alone(source: str, expected: str) -> None:
    root, _ = dialect.parse(source)
    conform.shape(root, sizes=SIZES)
    shown = [f"{each.get('class')} {(each.get('style') or '').removeprefix('width:')}" for each in root.iter("img")]
    assert ", ".join(each.strip() for each in shown) == expected


@pytest.mark.parametrize(
    "source", ["- ![](a.png)\n- ![](a.png) ![](b.png)", '<div align="center"><img src="a.png"></div>']
)
def test_pictures_that_have_their_form_keep_it(source: str) -> None:
    written = render(article.parse(source, Path("a.md")), theme.load("plain")).html
    assert canonical(written) == written


@pytest.mark.parametrize(
    "source", ["![](a.png) ![](a.png)", "字 ![](a.png) ![](a.png) 字", '<div><img src="a.png"> <img src="a.png"></div>']
)
def test_the_space_between_pictures_is_none_that_the_web_editor_drops(source: str) -> None:
    written = render(article.parse(source, Path("a.md")), theme.load("plain"), target=PASTE).html
    assert "\u00a0<img" in written and "> <" not in written


def test_a_drawing_in_a_line_of_text_keeps_its_size_as_a_bitmap_of_twice_as_many_pixels() -> None:
    root, _ = dialect.parse("文字 ![](badge.svg)")
    conform.shape(root, sizes=SIZES)
    assert next(root.iter("img")).get("style") == "width:120px"


@pytest.mark.parametrize(
    ("source", "captions", "expected"),
    [
        ('![替代](a.png "题注")', "title", "题注"),
        ("![替代](a.png)", "title", None),
        ('![替代](a.png "题注")', "alt", "题注"),
        ("![替代](a.png) ![另一](b.png)", "alt", "替代；另一"),
        ("![](a.png)", "alt", None),
        ("![image-20260101.png](a.png)", "alt", None),
        ("![图片 2](a.png)", "alt", None),
        ("![架构图](a.png)", "alt", "架构图"),
        ('![替代](a.png "题注")', "none", None),
    ],
)
def test_a_caption_is_what_the_setting_says(source: str, captions: str, expected: str | None) -> None:
    root, _ = dialect.parse(source)
    conform.shape(root, captions=captions)
    caption = next((each for each in root.iter("p") if each.get("class") == "caption"), None)
    assert (None if caption is None else caption.text) == expected
    assert all(each.get("title") is None for each in root.iter("img"))


# --- raw HTML at random -----------------------------------------------------------------------------------------------

TAGS = sorted(
    limits.words(
        "div p section span a b em ul ol li table tr td th thead tbody h2 h4 blockquote pre code img br hr svg path g "
        "script style details summary dl dt dd ruby rt q mark sup input figure figcaption font center custom-x button"
    )
)
ATTRIBUTES = [
    'style="color:red;margin:0 0 5px"',
    'style="font-weight:700"',
    'class="item last"',
    'class="toc"',
    'class="alert alert-note"',
    'href="https://mp.weixin.qq.com/s/abc"',
    'src="a.png" title="cap" width="50%"',
    'onclick="x" id=x align=center',
    'viewBox="0 0 1 1"',
    'd="M0 0h1"',
    "type=checkbox checked",
    "start=3 colspan=2",
]
TEXTS = ["文字", "a b", "  ", " ", "\n", "&lt;b&gt;", "摘要：内容", "标题 | 来源", "&nbsp;", "1. x", "☐ t", "\u200b"]


def random_html(chance: Random, depth: int = 0) -> str:
    parts = []
    for _ in range(chance.randint(0, 4)):
        if chance.random() < 0.45 or depth > 5:
            parts.append(chance.choice(TEXTS))
            continue
        tag = chance.choice(TAGS)
        parts.append(f"<{tag} {chance.choice(ATTRIBUTES)}>")
        if tag not in ("img", "br", "hr", "input"):
            parts.append(random_html(chance, depth + 1))
            parts.append(f"</{tag}>" if chance.random() < 0.93 else "")
    return "".join(parts)


@pytest.mark.parametrize("seed", range(0, 400, 40))
def test_no_html_breaks_the_form(seed: int) -> None:
    for each in range(seed, seed + 40):
        chance = Random(each)
        page = canonical(random_html(chance) + random_html(chance))
        html.fragment_fromstring(page)
        for element in html.fragment_fromstring(page).iter():
            assert element.tag in limits.TAGS | limits.SVG_TAGS
        assert not FORBIDDEN.search(page)
        again = canonical(page)
        assert canonical(again) == again
