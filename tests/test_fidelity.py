"""Nothing that an author wrote is lost between the Markdown and the page, whatever tags stand around it."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pytest
from canonical import github
from conftest import ROOT, corpus_files
from lxml.html import HtmlElement, fragment_fromstring

from wxpub import article, conform, theme
from wxpub.article import Article
from wxpub.dialect import elements
from wxpub.limits import words
from wxpub.page import Page, render
from wxpub.style import read as declarations
from wxpub.target import API, PASTE, Target

PLAIN = theme.load("plain")
INVENTED = words("animate geojson model my-element problem string tabs visual")
# Every element of HTML, of its past and of others' dialects, and some that there never were.
NAMES = sorted(
    elements.TAGS
    | elements.SVG_TAGS
    | elements.SHELL_TAGS
    | words(
        "applet bgsound image keygen listing math mi multicol plaintext portal search selectedcontent slot spacer xml "
        "mpvideo mpvoice mp-common-profile mp-common-miniprogram mp-common-videosnap qqmusic"
    )
    | INVENTED
)
SVG_ONLY = elements.SVG_TAGS - elements.TAGS
FORMS = {"open": "<{name}>in{n}x", "closed": "<{name}>in{n}x</{name}>after{n}x", "self-closed": "<{name}/>in{n}x"}
PLACES = {
    "sentence": ("", "before{n}x {tag} end{n}x。\n\n"),
    "cell": ("| head | two |\n|--|--|\n", "| before{n}x {tag} end{n}x | next{n}x |\n"),
    "item": ("", "- before{n}x {tag} end{n}x\n"),
    "quote": ("", "> before{n}x {tag} end{n}x\n\n"),
}
# A block of its own that a browser shows nothing of: docs/dialect.md.
HIDDEN = {"iframe", "noframes", "script", "style", "textarea", "title"}


def page(source: str) -> Page:
    return render(Article(Path("issue.md"), source, title="题"), PLAIN)


def shown(html: str) -> list[str]:
    return re.findall(r"[a-z]+\d+x", re.sub(r"<[^>]*>", " ", html))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", PLACES)
def test_no_tag_in_a_text_swallows_words(place: str, form: str) -> None:
    head, block = PLACES[place]
    tags = [FORMS[form].format(name=name, n=n) for n, name in enumerate(NAMES)]
    source = head + "".join(block.format(n=n, tag=tag) for n, tag in enumerate(tags)) + "\nlast0x\n"
    result = page(source)
    assert shown(result.html) == shown(github(source))
    assert not result.lost


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_no_tag_alone_on_a_line_swallows_words(name: str, form: str) -> None:
    tag = FORMS[form].format(name=name, n=0)
    source = f"before0x\n\n{tag}\n\nnext0x\n\n## head0x\n\n- item0x\n\nlast0x\n"
    wanted = shown(github(source))
    if name in HIDDEN and form == "closed":
        wanted.remove("in0x")
    result = page(source)
    assert sorted(shown(result.html)) == sorted(wanted)
    assert not result.lost


@pytest.mark.parametrize("name", ["select", "video", "svg", "table", "embed", "canvas", "template", "noscript"])
def test_a_tag_that_an_author_may_miss_is_named(name: str) -> None:
    (finding,) = page(f"一\n\n介绍 <{name}> 元素的后文\n").findings
    assert (finding.severity, finding.line) == ("warning", 3)
    assert f"<{name}>" in finding.message


@pytest.mark.parametrize(
    ("tag", "line"),
    [
        ('<video src="https://a.example/v.mp4" controls></video>', "视频：https://a.example/v.mp4"),
        ('<video src="https://a.example/v.mp4" controls>', "视频：https://a.example/v.mp4"),
        ('<video><source src="https://a.example/v.mp4"></video>', "视频：https://a.example/v.mp4"),
        ('<audio src="//a.example/a.mp3"></audio>', "音频：https://a.example/a.mp3"),
        ('<iframe src="https://v.qq.example/x?a=1&amp;b=2"></iframe>', "嵌入内容：https://v.qq.example/x?a=1&amp;b=2"),
        ('<embed src="https://a.example/x">', "嵌入内容：https://a.example/x"),
        ('<object data="https://a.example/x"></object>', "嵌入内容：https://a.example/x"),
    ],
)
def test_what_plays_leaves_its_address(tag: str, line: str) -> None:
    result = page(f"一\n\n{tag}\n\n二\n")
    assert re.findall(r"<p[^>]*>([^<]*)</p>", result.html) == ["一", line, "二"]
    assert [(each.rule, each.line) for each in result.findings] == [("html-lost", 3)]


@pytest.mark.parametrize(
    ("tag", "line"),
    [
        ('<mp-common-profile data-id="a" data-nickname="某报"></mp-common-profile>', "公众号：某报"),
        ('<mp-common-miniprogram data-miniprogram-title="某程序"></mp-common-miniprogram>', "小程序：某程序"),
        ('<mp-common-videosnap data-nickname="某人"></mp-common-videosnap>', "视频号：某人"),
        ('<mpvoice name="某段" voice_encode_fileid="a"></mpvoice>', "音频：某段"),
        ('<qqmusic music_name="某歌" musicid="1"/>', "音乐：某歌"),
        ("<mp-common-profile></mp-common-profile>", None),
    ],
)
def test_a_card_of_the_editor_is_named_and_leaves_its_name(tag: str, line: str | None) -> None:
    result = page(f"一\n\n{tag}\n\n二\n")
    assert re.findall(r"<p[^>]*>([^<]*)</p>", result.html) == ["一", *filter(None, [line]), "二"]
    (finding,) = result.findings
    assert (finding.rule, finding.line) == ("html-lost", 3)
    assert tag[1:].split(" ")[0].split(">")[0] in finding.message


def test_a_drawing_that_stands_still_is_named() -> None:
    drawing = '<svg viewBox="0 0 9 9"><title>题</title><circle r="3"><animate attributeName="r"/></circle></svg>'
    (finding,) = page(f"一\n\n{drawing}\n").findings
    assert (finding.rule, finding.line) == ("svg-lost", 3)
    assert finding.message.endswith("removes: animate")
    assert page(f"一\n\n{drawing.replace('animate', 'rect')}\n").findings == ()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<Tabs>\n<TabItem value='a'>\n\n甲\n\n</TabItem>\n</Tabs>", [(4, "<TabItem value='a'>"), (9, "</Tabs>")]),
        ('见 <Problem slug="a" />', [(3, '<Problem slug="a" />')]),
        ("一 <animate dur='1s'>字</animate>", [(3, "<animate dur='1s'>")]),
        ("`<Tabs a='b'/>` 是一个标签，List<String> 和 <model> 不是", []),
    ],
)
def test_a_tag_of_another_program_is_shown_and_named(source: str, found: list[tuple[int, str]]) -> None:
    result = page(f"一\n\n{source}\n")
    assert [(each.line, each.rule) for each in result.findings] == [(line, "tag-shown") for line, _ in found]
    for finding, (_, tag) in zip(result.findings, found, strict=True):
        assert finding.message.startswith(tag)
        assert escape(tag, quote=False) in result.html


def test_words_astray_in_a_table_stand_before_it() -> None:
    html = page("<table>w1x<tr>w2x<td>w3x</td>w4x</tr><tbody>w5x</tbody></table>\n").html
    assert sorted(shown(html)) == ["w1x", "w2x", "w3x", "w4x", "w5x"]


def test_every_title_of_a_fold_stays() -> None:
    html = page("<details><summary>w1x</summary>w2x<summary>w3x</summary></details>\n").html
    assert shown(html) == ["w1x", "w2x", "w3x"]


# --- what happens to each element of HTML -----------------------------------------------------------------------------

DIALECT = ROOT / "docs/dialect.md"
BEGIN, END = "<!-- made by `pytest tests/test_fidelity.py --update` -->\n", "<!-- end -->\n"
ADDRESS = ' src="https://a.example/"'
ATTRIBUTES = {
    "a": ' href="https://mp.weixin.qq.com/s/a"',
    "font": ' color="red"',
    "img": ' src="a.png"',
    "input": ' type="checkbox"',
    **dict.fromkeys(("mp-common-profile", "mp-common-videosnap"), ' data-nickname="某报"'),
    "mp-common-miniprogram": ' data-miniprogram-title="某报"',
    "qqmusic": ' music_name="某报"',
    "object": ADDRESS.replace("src", "data"),
    **dict.fromkeys(("audio", "embed", "frame", "iframe", "mpvideo", "mpvoice", "video"), ADDRESS),
}
# What makes sense only inside others, or with others inside: shown as a whole.
WHOLES = {
    "ul li": "<ul><li>乙</li></ul>",
    "ol": "<ol><li>乙</li></ol>",
    "menu dir": "<menu><li>乙</li></menu>",
    "dl dt": "<dl><dt>乙</dt></dl>",
    "dd": "<dl><dd>乙</dd></dl>",
    "table tbody tr td": "<table><tbody><tr><td>乙</td></tr></tbody></table>",
    "thead th": "<table><thead><tr><th>乙</th></tr></thead></table>",
    "tfoot": "<table><tfoot><tr><td>乙</td></tr></tfoot></table>",
    "caption": "<table><caption>乙</caption><tr><td></td></tr></table>",
    "col colgroup": "<table><colgroup><col></colgroup><tr><td>乙</td></tr></table>",
    "details": "<details>乙</details>",
    "summary": "<details><summary>乙</summary></details>",
    "figure": "<figure>乙</figure>",
    "figcaption": "<figure><figcaption>乙</figcaption></figure>",
    "fieldset": "<fieldset>乙</fieldset>",
    "legend": "<fieldset><legend>乙</legend></fieldset>",
    "ruby rb": "<ruby>乙</ruby>",
    "rt rtc": "<ruby>字<rt>乙</rt></ruby>",
    "rp": "<ruby>字<rp>乙</rp></ruby>",
    "picture source": '<picture><source srcset="b.png"><img src="a.png"></picture>',
    "svg": '<svg viewBox="0 0 9 9"><circle r="3"></circle></svg>',
}


def outcome(name: str, source: str) -> tuple[str, tuple[str, ...]]:
    """Say in a cell of a table what stands around 乙, or in its place, in the article; and name the findings."""
    result = page(source)
    root = fragment_fromstring(result.html)
    around = next((each for each in root.iter() if "乙" in (each.text or "")), None)
    before = next((each for each in root.iter() if "乙" in (each.tail or "")), None)
    holder = around if around is not None else None if before is None else before.getparent()
    inside = [] if holder is None else [each for each in (holder, *holder.iterancestors()) if each is not root]
    names = [f"`<{each.tag}>`" for each in reversed(inside) if each in root.iter()]
    if holder is not None and holder.tag == "span":  # how large and in which colour is the theme's to say
        said = declarations(holder.get("style") or "").items()
        shown = (f"{key}:{value}" if key in ("text-decoration", "vertical-align") else key for key, value in said)
        names[-1] = f"`{';'.join(each for each in shown if not each.startswith('padding'))}`"
    text = "".join(root.itertext())
    printed = re.search(r"(\w+)：(?:https://a\.example/|某报)", text.removeprefix("甲"))
    drawn = next((f"`<{each.tag}>`" for each in root.iter("img", "svg", "br", "hr")), "")
    if "<" in text:
        cell = "text, as it is written"
    elif "☐" in text:
        cell = "☐"
    elif printed:
        cell = f"a line {printed[0].replace('a.example/', '…')}" + ("; its words stay" if "乙" in text else "")
    elif holder is None:
        cell = drawn or "goes, with all that it holds"
    else:
        cell = " ".join(names) if names != ["`<p>`"] else drawn or "goes; its words stay"
    cell = "stays" if name == "p" else re.sub(r"^`<p>` ", "", cell).replace(f"`<{name}>`", "stays")
    return cell, tuple(dict.fromkeys(each.rule for each in result.findings))


def table() -> str:
    """Make the table of docs/dialect.md: the elements to which the same happens share a row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    tags = {name: f"<{name}{ATTRIBUTES.get(name, '')}>乙</{name}>" for name in NAMES if name not in SVG_ONLY | INVENTED}
    tags |= {name: whole for names, whole in WHOLES.items() for name in names.split()}
    for name, tag in sorted(tags.items()):
        (sentence, found), (alone, more) = outcome(name, f"甲 {tag} 丙"), outcome(name, f"甲\n\n{tag}\n\n丙")
        findings = ", ".join(f"`{each}`" for each in dict.fromkeys((*found, *more)))
        rows.setdefault((sentence, alone, findings), []).append(name)
    lines = ["| elements | in a sentence | on lines of its own | finding |", "|---|---|---|---|"]
    for (sentence, alone, findings), names in sorted(rows.items(), key=lambda row: (row[0][2], -len(row[1]), row[1])):
        shown = "the same" if alone == sentence else alone
        lines.append(f"| {' '.join(f'`{name}`' for name in names)} | {sentence} | {shown} | {findings} |")
    return "\n".join(lines) + "\n"


def test_the_table_of_elements_is_current(update: bool) -> None:
    head, rest = DIALECT.read_text(encoding="utf-8").split(BEGIN)
    old, tail = rest.split(END)
    if update:
        DIALECT.write_text(head + BEGIN + table() + END + tail, encoding="utf-8")
    assert update or old == table(), "run pytest tests/test_fidelity.py --update"


# --- the article is compared with its source every time ---------------------------------------------------------------

EVERY = [*sorted((ROOT / "examples/issues").glob("*.md")), ROOT / "tests/data/nodes.md", *corpus_files()]


@pytest.mark.parametrize("target", [API, PASTE, Target("bare", notes=False)])
@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_nothing_is_lost_of_a_whole_issue(path: Path, target: Target) -> None:
    assert render(article.read(path), PLAIN, target=target).lost == ()


SOURCE = "一\n\n第二段，[有链接](https://a.example/x)。\n\n![图](a.png)\n\n- 项 `代码`\n\n$x^2$\n\n```\nprint(1)\n```"
BREAKS = [
    (".//p[starts-with(., '第二段，')]", (3, "“第二段， 。”")),
    (".//img", (5, "a.png")),
    (".//li", (7, "“项 代码”")),
    (".//*[@class='math']", (9, "“x^2”")),
    (".//pre", (11, "“print(1)”")),
]


@pytest.mark.parametrize(("path", "wanted"), BREAKS)
def test_a_pass_that_loses_something_is_noticed(
    path: str, wanted: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = conform.sanitise.sanitise

    def broken(root: HtmlElement, report: conform.sanitise.Report, **how: bool) -> None:
        whole(root, report, **how)
        (element,) = root.xpath(path)
        element.drop_tree()

    assert page(SOURCE).findings == ()
    monkeypatch.setattr(conform.sanitise, "sanitise", broken)
    (finding,) = page(SOURCE).findings
    assert (finding.rule, finding.severity, finding.line) == ("content-lost", "error", wanted[0])
    assert wanted[1] in finding.message


def test_a_link_without_a_note_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wxpub.links._Series._outside", lambda series, a, *rest: a.drop_tag())
    (finding,) = page("一\n\n[链接](https://a.example/x)\n").findings
    assert (finding.rule, finding.line) == ("content-lost", 3)
    assert "https://a.example/x" in finding.message


def test_what_another_finding_explains_is_not_said_twice() -> None:
    found = page("一\n\n<style>\np{}\n</style>\n\n<img src='javascript:x'>\n").findings
    assert "content-lost" not in {each.rule for each in found}
    assert len(found) == 2


def test_a_fence_may_be_named_by_a_space_that_is_none() -> None:
    assert "x1y" in page("```&nbsp;\nx1y\n```\n").html
