"""Nothing that an author wrote is lost between the Markdown and the page, whatever tags stand around it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from canonical import github
from conftest import ROOT, corpus_files
from lxml.html import HtmlElement

from wxpub import article, conform, theme
from wxpub.article import Article
from wxpub.dialect import elements
from wxpub.limits import words
from wxpub.page import Page, render
from wxpub.target import API, PASTE, Target

PLAIN = theme.load("plain")
# Every element of HTML, of its past and of others' dialects, and some that there never were.
NAMES = sorted(
    elements.TAGS
    | elements.SVG_TAGS
    | elements.SHELL_TAGS
    | words(
        "applet bgsound image keygen listing math mi multicol plaintext portal search selectedcontent slot spacer xml "
        "mpvideo mpvoice mp-common-profile mp-common-miniprogram mp-common-videosnap qqmusic "
        "animate geojson model my-element problem string tabs visual"
    )
)
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


def test_words_astray_in_a_table_stand_before_it() -> None:
    html = page("<table>w1x<tr>w2x<td>w3x</td>w4x</tr><tbody>w5x</tbody></table>\n").html
    assert sorted(shown(html)) == ["w1x", "w2x", "w3x", "w4x", "w5x"]


def test_every_title_of_a_fold_stays() -> None:
    html = page("<details><summary>w1x</summary>w2x<summary>w3x</summary></details>\n").html
    assert shown(html) == ["w1x", "w2x", "w3x"]


# --- the article is compared with its source every time ---------------------------------------------------------------

EVERY = [*sorted((ROOT / "examples/issues").glob("*.md")), ROOT / "tests/data/nodes.md", *corpus_files()]


@pytest.mark.parametrize("target", [API, PASTE, Target("bare", notes=False)])
@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_nothing_is_lost_of_a_whole_issue(path: Path, target: Target) -> None:
    assert render(article.read(path), PLAIN, target=target).lost == ()


SOURCE = "一\n\n第二段，[有链接](https://a.example/x)。\n\n![图](a.png)\n\n- 项 `代码`\n\n$x^2$\n\n```\nprint(1)\n```"
BREAKS = [
    (".//p[.='第二段，有链接[1]。']", (3, "“第二段， 。”")),
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

    def broken(root: HtmlElement, report: conform.sanitise.Report) -> None:
        whole(root, report)
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
