"""Published extensions of Python-Markdown take effect beside the dialect, and the dialect beside them."""

from __future__ import annotations

import re
from pathlib import Path

import markdown
import pytest
from conftest import corpus_files
from lxml import etree
from test_dialect import ALL

from wxpub import dialect
from wxpub.dialect import extension
from wxpub.errors import ConfigError
from wxpub.tree import line_of

OWN = """\
**粗体？**后文 [链](https://a.cn/b "题") https://a.cn/b；见 `码*` 与注[^1]

| 甲 | 乙 |
|:--|--:|
| 一 | **二**三 |

- [x] 项

  续

- 二

[^1]: 注文
"""


def shape(text: str, *extensions: str) -> str:
    root, _ = extension.parse(text, extensions=extensions)
    return written(root)


def written(root: etree._Element) -> str:
    for element in root.iter():
        element.attrib.pop("data-line", None)
    return etree.canonicalize(root).removeprefix("<section>").removesuffix("</section>")


# What each extension makes of its own syntax: names, Markdown, the tree.
BESIDE = {
    "abbr": (["abbr"], "用 NPU 算\n\n*[NPU]: 处理器", '<p>用 <abbr title="处理器">NPU</abbr> 算</p>'),
    "abbr, in a list that goes on": (
        ["abbr"],
        "- NPU\n\n- 二 `NPU`\n\n*[NPU]: 处理器",
        '<ul><li><p><abbr title="处理器">NPU</abbr></p></li><li><p>二 <code>NPU</code></p></li></ul>',
    ),
    "abbr, between two lines": (
        ["abbr"],
        "甲 NPU\n*[NPU]: 处\n**乙**",
        '<p>甲 <abbr title="处">NPU</abbr></p><p><strong>乙</strong></p>',
    ),
    "def_list": (
        ["def_list"],
        "**词？**后\n: 义 https://a.b/c；\n\n    续",
        '<dl><dt><strong>词？</strong>后</dt><dd><p>义 <a href="https://a.b/c">https://a.b/c</a>；</p><p>续</p></dd></dl>',
    ),
    "def_list, loose": (
        ["def_list"],
        "前\n\n词\n\n:   义\n\n后",
        "<p>前</p><dl><dt>词</dt><dd><p>义</p></dd></dl><p>后</p>",
    ),
    "admonition": (
        ["admonition"],
        '!!! note "标 *题*"\n    一**粗？**后\n\n    - 项\n\n    ```py\n    x = 1\n    ```\n\n后',
        '<div class="admonition note"><p class="admonition-title">标 <em>题</em></p><p>一<strong>粗？</strong>后</p>'
        '<ul><li>项</li></ul><pre><code class="language-py">x = 1\n</code></pre></div><p>后</p>',
    ),
    "attr_list": (
        ["attr_list"],
        "## 题 {: #a .b }\n\n[链](u){: .c }",
        '<h2 class="b" id="a">题</h2><p><a class="c" href="u">链</a></p>',
    ),
    "toc": (["toc"], "# One\n\n## Two", '<h1 id="one">One</h1><h2 id="two">Two</h2>'),
    "meta": (["meta"], "author: 甲\n\n# 题", "<h1>题</h1>"),
    "smarty": (["smarty"], '"a" -- `"b" --`', '<p>“a” – <code>"b" --</code></p>'),
    "nl2br": (["nl2br"], "一\n二 `x\ny`", "<p>一<br></br>二 <code>x y</code></p>"),
    "wikilinks": (
        ["wikilinks"],
        "[[Page]] [a](b)",
        '<p><a class="wikilink" href="/Page/">Page</a> <a href="b">a</a></p>',
    ),
    "md_in_html": (
        ["md_in_html"],
        '<div markdown="1">\n**粗？**后\n</div>',
        "<div><p><strong>粗？</strong>后</p></div>",
    ),
    "pymdownx.keys": (
        ["pymdownx.keys"],
        "按 ++ctrl+c++ 与 `++ctrl+c++`",
        '<p>按 <span class="keys"><kbd class="key-control">Ctrl</kbd><span>+</span><kbd class="key-c">C</kbd></span>'
        " 与 <code>++ctrl+c++</code></p>",
    ),
    "pymdownx.caret": (
        ["pymdownx.caret"],
        "**m^2^** ^^加**入？**了^^ \\^a^ `^b^` https://a.b/^c^",
        "<p><strong>m<sup>2</sup></strong> <ins>加<strong>入？</strong>了</ins> ^a^ <code>^b^</code>"
        ' <a href="https://a.b/^c^">https://a.b/^c^</a></p>',
    ),
    "pymdownx.mark": (["pymdownx.mark"], "x ==m== y", "<p>x <mark>m</mark> y</p>"),
    "pymdownx.tilde": (["pymdownx.tilde"], "H~2~O ~~a~~", "<p>H<sub>2</sub>O <del>a</del></p>"),
    "pymdownx.critic": (
        ["pymdownx.critic"],
        "{++加++}**粗？**后",
        '<p><ins class="critic">加</ins><strong>粗？</strong>后</p>',
    ),
    "pymdownx.details": (
        ["pymdownx.details"],
        '??? note "题"\n    一**粗？**后\n\n后',
        '<details class="note"><summary>题</summary><p>一<strong>粗？</strong>后</p></details><p>后</p>',
    ),
    "pymdownx.blocks.details": (
        ["pymdownx.blocks.details"],
        "/// details | 题\n**字？**后\n///",
        "<details><summary>题</summary><p><strong>字？</strong>后</p></details>",
    ),
    "pymdownx.smartsymbols": (["pymdownx.smartsymbols"], "(c) --> `(c)`", "<p>© → <code>(c)</code></p>"),
    "pymdownx.inlinehilite": (
        ["pymdownx.inlinehilite"],
        "`#!py x` 与 `y`",
        '<p><code class="highlight"><span class="n">x</span></code> 与 <code>y</code></p>',
    ),
    "pymdownx.superfences": (
        ["pymdownx.superfences"],
        "```py\nx\n```\n\n**后？**文",
        '<div class="highlight"><pre><span></span><code><span class="n">x</span>\n</code></pre></div>'
        "<p><strong>后？</strong>文</p>",
    ),
    "several": (
        ["abbr", "pymdownx.keys", "def_list"],
        "NPU ++a++\n: 义\n\n*[NPU]: 处",
        '<dl><dt><abbr title="处">NPU</abbr> <span class="keys"><kbd class="key-a">A</kbd></span></dt><dd>义</dd></dl>',
    ),
}


@pytest.mark.parametrize(("extensions", "text", "expected"), BESIDE.values(), ids=BESIDE.keys())
def test_a_published_extension_takes_effect(extensions: list[str], text: str, expected: str) -> None:
    assert shape(text, *extensions) == expected


@pytest.mark.parametrize(("extensions", "text", "expected"), BESIDE.values(), ids=BESIDE.keys())
def test_beside_an_extension_the_dialect_reads_as_ever(extensions: list[str], text: str, expected: str) -> None:
    """Tables, tasks, Chinese emphasis, addresses, code and footnotes, in the same document."""
    both = shape(f"{text}\n\n{OWN}", *extensions)
    if "toc" in extensions:
        both = re.sub(r' id="[^"]*"', "", both)
        expected = re.sub(r' id="[^"]*"', "", expected)
    own = shape(OWN, "nl2br" if extensions == ["nl2br"] else "meta")
    assert both == expected + own


@pytest.mark.parametrize("others", [["abbr", "pymdownx.keys"], ["def_list", "attr_list"]], ids=" ".join)
def test_the_order_of_the_names_makes_no_difference(others: list[str]) -> None:
    text = f"词 NPU ++a++\n: 义 {{: .x}}\n\n*[NPU]: 处\n\n{OWN}"
    first, last = (markdown.markdown(text, extensions=names) for names in (["wxpub", *others], [*others, "wxpub"]))
    assert first == last
    assert "<strong>粗体？</strong>后文" in first
    assert "data-line" not in first


def test_the_entry_point_is_the_extension() -> None:
    assert markdown.markdown("**粗？**后 &copy; `&copy;`", extensions=["wxpub"]) == (
        "<p><strong>粗？</strong>后 © <code>&amp;copy;</code></p>"
    )
    md = markdown.Markdown(extensions=["wxpub.dialect.extension"])
    assert [md.reset().convert(text) for text in ("[a]: /b\n\n[a]", "[a]")] == [
        '<p><a href="/b">a</a></p>',
        "<p>[a]</p>",
    ]


def test_an_extension_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"'no\.such\.extension'"):
        extension.parse("文", extensions=["abbr", "no.such.extension"])


def test_lines_stay_right_behind_what_preprocessors_take_away() -> None:
    root, found = extension.parse("author: 甲\ndate: 乙\n\n# 题\n\n文\n\n[^1]: 注", extensions=["meta"])
    assert [(element.tag, line_of(element)) for element in root] == [("h1", 4), ("p", 6)]
    assert [(finding.rule, finding.line) for finding in found] == [("footnote-unused", 8)]


def test_lines_stay_right_between_the_blocks_of_an_extension() -> None:
    text = "文\n\n!!! note\n    注\n\n    [链](u)\n\n## 题\n\n- 项\n\n```\n!!! 甲\n\n    码\n```\n\n末"
    root, _ = extension.parse(text, extensions=["admonition"])
    assert [(element.tag, line_of(element)) for element in root.iter("h2", "li", "pre", "a")] == [
        ("a", 6),
        ("h2", 8),
        ("li", 10),
        ("pre", 12),
    ]
    assert line_of(root[-1]) == 18


def test_raw_html_stays_safe_beside_extensions() -> None:
    text = "> </blockquote><script>\n\nNPU <model> </p></section>\n\n<div>\n\n**粗？**后\n\n</div>\n\n*[NPU]: 处"
    assert shape(text, "abbr") == (
        "<blockquote>&lt;script&gt;\n</blockquote>"
        '<p><abbr title="处">NPU</abbr> &lt;model&gt; </p><div>\n<p><strong>粗？</strong>后</p></div>'
    )


# --- one reading, two ways --------------------------------------------------------------------------------------------


def both_ways(text: str) -> tuple[str, str]:
    (direct, found), (driven, same) = dialect.parse(text), extension.parse(text, extensions=())
    assert found == same
    return written(direct), written(driven)


@pytest.mark.parametrize("source", [pytest.param(case[2], id=f"{case[0]}: {case[1]}") for case in ALL])
def test_python_markdown_drives_the_same_reading(source: str) -> None:
    """Without other extensions the article's tree is made without Python-Markdown; with it, it is the same tree."""
    direct, driven = both_ways(source)
    assert direct == driven


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in corpus_files()])
def test_python_markdown_drives_the_same_reading_of_a_real_issue(path: Path) -> None:
    direct, driven = both_ways(path.read_text(encoding="utf-8"))
    assert direct == driven
