"""What `check` tells an editor: of the source, of what surrounds it, and of whole issues."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from conftest import CORPUS, ROOT, corpus_files
from pushing import newsletter

from wxpub import issue, theme
from wxpub.article import Article, read
from wxpub.checks import check, check_html, metadata, source
from wxpub.cli.check import rules as every_rule
from wxpub.config import Config
from wxpub.finding import Finding, Rule, fold
from wxpub.images import Store
from wxpub.issue import Issue
from wxpub.target import API, PASTE, Placed, Target
from wxpub.theme import Theme

SOURCE_URL = {"source_url": "https://example.org/blob/main/{path}"}
EARLIER = {
    "2026-10-01.md": "- [旧](https://example.org/old?page=2)\n- [项目](https://example.org/project)\n"
    "\n| [x](https://example.org/new) |\n",
    "2026-10-15.md": "- [项目](https://example.org/project)\n\n## 联系\n\n- [编辑部](https://example.org/editor)\n",
    "2026-11-01.md": "- 见 https://example.org/project。\n",
    "notes.md": "- [新](https://example.org/new)\n",
}


@pytest.fixture(scope="module")
def plain() -> Theme:
    return theme.load("plain")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a newsletter's folder: three earlier issues, a file that is none, and a picture of the size of a cover."""
    for name, text in EARLIER.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    picture(tmp_path / "cover.png", 900, 383)
    return tmp_path


def picture(path: Path, width: int, height: int) -> None:
    from PIL import Image

    Image.new("RGB", (width, height)).save(path)


def issue_of(article: Article, style: Theme, root: Path, back_issues: Mapping[str, str] | None = None) -> Issue:
    """Make an issue of a project whose folder is `root`."""
    settings = Config(root, root / "wxpub.toml")
    return Issue(article, settings, style, back_issues or {}, Store(article.path, root))


def written(markdown: str, folder: Path, style: Theme, **options: Any) -> Issue:
    path = folder / "2026-11-15.md"
    path.write_text(markdown, encoding="utf-8")
    article = read(path, SOURCE_URL)
    if 'source_url: ""' in markdown:
        article = replace(article, source_url="")
    return issue_of(article, style, folder, **options)


def cases() -> list[tuple[str, str, list[str]]]:
    """Read `cases/check.txt`, which says at its top how a case is written."""
    text = (ROOT / "tests/cases/check.txt").read_text(encoding="utf-8")
    found = []
    for case in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        title, _, rest = case.partition("\n")
        markdown, _, expected = rest.rpartition("\n.\n")
        found.append((title, markdown + "\n", expected.split("\n")))
    return found


CASES = cases()


@pytest.mark.parametrize(("title", "markdown", "expected"), CASES, ids=[title for title, _, _ in CASES])
def test_the_source_rules_find(title: str, markdown: str, expected: list[str], folder: Path, plain: Theme) -> None:
    back_issues = {str(folder / "2026-09-01.md"): "https://mp.weixin.qq.com/s/Published1"}
    found = check(written(markdown, folder, plain, back_issues=back_issues))
    own = {rule.id for rule in (*source.RULES, *issue.RULES)}
    assert [f"{each.line} {each.rule}" for each in found if each.rule in own] == [each for each in expected if each]


def test_every_source_rule_has_a_case() -> None:
    shown = {line.split()[1] for _, _, expected in CASES for line in expected if line}
    assert shown == {rule.id for rule in (*source.RULES, *issue.RULES)}


LINKS = [
    ("[一](2026-09-01.md)", []),  # published
    ("[一](2026-10-99.md) [二](2026-10-01.html) [三](notes.md#a)", ["back-issue-unknown"]),
    ("[一](../nowhere/) [二](pptr.com/x)", ["link-lost"]),
    ("[一](cover.png)", ["link-file"]),
    ("- [一](..) [二](.)", ["link-file", "link-file"]),
    ("- [一](http://[/) [二](a%00b.md) [三](//) [四](#x) [五](mailto:a@b.cn)", ["back-issue-unknown"]),
    ("[一](https://example.org/blob/main/2026-10-01.md)", ["back-issue-unknown"]),
    ("[一](https://example.org/blob/main/2026-09-01.md)", []),
]


@pytest.mark.parametrize(("markdown", "expected"), LINKS)
def test_one_link_has_one_finding(markdown: str, expected: list[str], folder: Path, plain: Theme) -> None:
    published = {str(folder / "2026-09-01.md"): "https://mp.weixin.qq.com/s/Published1"}
    made = written(markdown, folder, plain, back_issues=published)
    found = check(replace(made, settings=replace(made.settings, article=SOURCE_URL)))
    assert [each.rule for each in found if each.rule.startswith(("link-", "back-"))] == expected
    assert not any(each.rule == "content-lost" for each in found)


def test_what_may_be_wrong_with_a_back_issue_is_said_in_one_finding(folder: Path, plain: Theme) -> None:
    found = check(written("[一](2026-10-01.md) [二](2026-10-99.md)", folder, plain))
    (finding,) = (each for each in found if each.rule == "back-issue-unknown")
    assert "2 back issues" in finding.message
    assert finding.fix.endswith("or correct the path of those that are not there: 2026-10-99.md")
    found = check(written("[一](2026-10-98.md) [二](2026-10-99.md)", folder, plain))
    (finding,) = (each for each in found if each.rule == "back-issue-unknown")
    assert finding.fix.endswith("or correct the path: there is no such file")


def test_a_forgotten_scheme_is_said(folder: Path, plain: Theme) -> None:
    found = check(written("[一](../nowhere/) [二](pptr.com/x)", folder, plain))
    (finding,) = (each for each in found if each.rule == "link-lost")
    assert "2 links do not lead to a file" in finding.message
    assert finding.fix == "write https:// before what is an address: pptr.com/x"


# --- metadata ---------------------------------------------------------------------------------------------------------

SOUND = {
    "title": "题",
    "author": "编辑部",
    "digest": "摘要",
    "source_url": "https://example.org/",
    "cover": "cover.png",
}


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({}, ""),
        ({"title": ""}, "title-missing"),
        ({"title": "题" * 32}, ""),
        ({"title": "题" * 33}, "title-long"),
        ({"title": "题" * 64}, "title-long"),
        ({"title": "题" * 65}, "title-length"),
        ({"author": ""}, "author-missing"),
        ({"author": "嵌入式人工智能"}, ""),
        ({"author": "嵌入式人工智能简报"}, "author-long"),
        ({"author": "Sixteen letters."}, ""),
        ({"digest": ""}, "digest-missing"),
        ({"author": "a" * 17}, "author-length"),
        ({"digest": "摘" * 120}, ""),
        ({"digest": "摘" * 121}, "digest-length"),
        ({"source_url": ""}, ""),
        ({"source_url": "example.org/a"}, "source-url-invalid"),
        ({"source_url": "https://example.org/a b"}, "source-url-invalid"),
        ({"source_url": "https://[/"}, "source-url-invalid"),
        ({"source_url": "https://e.cn/" + "a" * 1011}, ""),
        ({"source_url": "https://e.cn/" + "a" * 1012}, "source-url-length"),
        ({"cover": ""}, ""),
        ({"cover": "https://example.org/cover.png"}, ""),
        ({"cover": "none.png"}, "cover-missing"),
        ({"cover": "notes.md"}, "cover-missing"),
        ({"cover": "square.png"}, "cover-ratio"),
        ({"cover": "small.png"}, "cover-small"),
        ({"cover": "narrow.png"}, "cover-ratio"),
        ({"cover": "near.png"}, ""),
        ({"fans_only_comment": True}, "comments-closed"),
        ({"fans_only_comment": True, "open_comment": True}, ""),
    ],
)
def test_the_metadata_rules_find(fields: dict[str, object], rule: str, folder: Path) -> None:
    picture(folder / "square.png", 1000, 1000)
    picture(folder / "small.png", 235, 100)
    picture(folder / "narrow.png", 1000, 501)  # a sixth from 2.35:1
    picture(folder / "near.png", 1000, 490)
    article = Article(path=folder / "issue.md", body="", **{**SOUND, **fields})  # type: ignore[arg-type]
    found = metadata.check_metadata(article, Store(article.path, folder))
    assert [each.rule for each in found] == ([rule] if rule else [])


def test_a_cover_says_how_much_of_it_is_cut_off(folder: Path) -> None:
    picture(folder / "square.png", 1000, 1000)
    article = Article(path=folder / "a.md", body="", **{**SOUND, "cover": "square.png"})
    found = metadata.check_metadata(article, Store(article.path, folder))
    assert "WeChat cuts 57% of it off above and below" in found[0].message


# --- whole issues -----------------------------------------------------------------------------------------------------


def test_findings_come_in_the_order_of_lines_and_each_once(folder: Path, plain: Theme) -> None:
    found = check(written("# 题\n\n[空]()\n\n## 一\n\n## 二\n\n![](cover.png)\n", folder, plain))
    lines = [each.line for each in found if each.line is not None]
    assert lines == sorted(lines)
    assert len(set(found)) == len(found)
    assert {"link-empty", "section-empty", "image-alt-missing"} <= {each.rule for each in found}


def test_every_rule_is_declared_once_and_can_be_explained() -> None:
    known = every_rule()
    assert len({rule.id for rule in known}) == len(known)
    for path in sorted((ROOT / "wxpub").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if not name.startswith(("wxpub.sandbox", "wxpub.__main__")):
            declared = [each for each in vars(import_module(name)).values() if isinstance(each, Rule)]
            assert [each for each in declared if each not in known] == [], name


def canonical() -> str:
    return (CORPUS.parent / "wechat" / "canonical.html").read_text(encoding="utf-8")


@pytest.mark.skipif(not CORPUS.exists(), reason="needs ../shared")
def test_html_that_wechat_keeps_breaks_no_rule() -> None:
    # The purple of its code has a contrast of 4.0 in dark mode, as the table of measured colours says too.
    found = [each for each in check_html(canonical()) if each.rule != "dark-weak-contrast"]
    assert found == []


@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.stem)
def test_a_real_issue_can_be_pushed(path: Path, plain: Theme) -> None:
    article = read(path, SOURCE_URL, CORPUS)
    found = check(issue_of(article, plain, CORPUS))
    assert [each for each in found if each.severity == "error"] == []


# Ordinary issues of other newsletters: a link digest with many pictures, a front-end letter with tags in its sentences,
# notes on papers with formulas, a list of projects with HTML around its pictures; the examples, and real ones.
PUBLISHED = [path for path in corpus_files() if path.parent.name == "issues"]
LETTERS = [*(ROOT / "tests/letters").glob("*.md"), *(ROOT / "examples/issues").glob("*.md"), *PUBLISHED]


@pytest.mark.parametrize("path", sorted(LETTERS), ids=lambda path: path.stem)
def test_an_ordinary_issue_has_three_warnings_at_most_each_with_a_line(path: Path) -> None:
    told = [each for each in fold(check(issue.open(path))) if each.severity != "info"]
    assert len(told) <= 3, told
    assert [each for each in told if not each.line] == []
    errors = {each.rule for each in told if each.severity == "error"}
    assert errors <= ({"read-more-missing"} if path in PUBLISHED else set())  # they have no source_url here


def page_findings(issue: Issue, target: Target) -> list[Finding]:
    """Check the page of an issue by all page rules, as if somebody else had made it; its images are uploaded."""
    page = issue.page(target)
    placed = Placed("https://mmbiz.qpic.cn/mmbiz_png/0/640", 1000, 500)
    html = page.fill({image.src: placed for image in page.images})
    return list(check_html(html, target=target))


@cache
def look(name: str) -> Theme:
    return theme.load(name)


@pytest.mark.skipif(not corpus_files(), reason="needs ../shared/corpus")
@pytest.mark.matrix(3)
@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.stem)
def test_pages_made_of_real_issues_break_no_page_rule(path: Path) -> None:
    """Our pages are right by construction, so `check` spends no time on the page rules of an issue."""
    everywhere = path in corpus_files()[::5]  # what differs in the web editor is of the theme, not of the text
    for name in theme.names():
        real = issue_of(read(path, SOURCE_URL, CORPUS), look(name), CORPUS)
        for target in (API, PASTE) if everywhere else (API,):
            assert page_findings(real, target) == [], (name, target.name)


EVERYTHING = """段落，**粗**、*斜*、~~删~~、`code`、==标==、H~2~O、<kbd>Ctrl</kbd>、<ruby>汉<rt>hàn</rt></ruby>。
[^1] [外](https://example.org/a) 👩‍💻

**粗** *斜* `a` **b**

[^1]: 脚注

- 一
  - 二
    1. 三
- [x] 成

3. 三

   ```python
   def f(x):
       return  x  # a very long line that never ends, a very long line that never ends
   ```

> [!WARNING]
> 小心 `code`

| 一 | 二 | 三 | 四 | 五 |
|:--|:-:|--:|---|---|
| 很长很长很长很长 | b | c | `d` | ![图](cover.png) |

行内 $E=mc^2$：

$$\\int_0^1 x^2\\,dx$$

![图](cover.png "题注")

<div align="center"><img src="cover.png" width="300"><br>居中</div>

<p style="position:absolute;width:900px">段</p>

<svg viewBox="0 0 10 10"><circle cx="5" cy="5" r="4" fill="#333"/></svg>

<dl><dt>词</dt><dd>义</dd></dl>

###### 六级

* * *

| 表 |
|---|
"""


@pytest.mark.parametrize("target", [API, PASTE], ids=["api", "paste"])
@pytest.mark.parametrize("name", theme.names())
def test_a_page_of_everything_breaks_no_page_rule(name: str, target: Target, folder: Path) -> None:
    article = Article(path=folder / "a.md", body=EVERYTHING, title="题")
    assert page_findings(issue_of(article, look(name), folder), target) == []


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        ("请点击文末【阅读原文】跳转", "error"),
        ("详见“阅读原文”", "error"),
        ("点左下角的阅读原文", "error"),
        ("完整名单见阅读原文", "error"),
        ("如需阅读原文，请访问 https://example.org/", "info"),
        ("推荐直接阅读原文", "info"),
    ],
)
def test_only_what_points_to_the_missing_button_stops_a_push(
    words: str, severity: str, folder: Path, plain: Theme
) -> None:
    found = check(written(f'---\nsource_url: ""\n---\n{words}\n', folder, plain))
    own = {"read-more-missing": "error", "read-more-mentioned": "info"}
    assert [each.severity for each in found if each.rule in own] == [severity]
    assert all(each.severity == own[each.rule] for each in found if each.rule in own)


# --- code is code -----------------------------------------------------------------------------------------------------


# What breaks the rules on what becomes of the Markdown.
CONVERTED = {
    "cells-dropped": "| 一 |\n|---|\n| 二 | 三 |",
    "fence-unclosed": "~~~\n没有结束",
    "footnote-repeated": "字[^二]\n\n[^二]: 甲\n\n[^二]: 乙",
    "footnote-unused": "[^一]: 没有",
    "tag-dropped": "用 <select> 做下拉",
    "link-empty": "[空]()",
    "link-expires": "[文](https://mp.weixin.qq.com/s?__biz=1&tempkey=abc)",
    "link-unsafe": "[钮](javascript:go())",
    "back-issue-unknown": "[旧](2026-10-01.md)",
    "math": "式 $\\frac{1$ 与此",
    "html-lost": '<iframe src="https://v.qq.com/x"></iframe>',
    "html-unsafe": "<script>go()</script>",
    "svg-lost": "<svg viewBox='0 0 9 9'><image href='a.png'/><circle r='1'/></svg>",
    "comment-unclosed": "<!-- 没有结束\n\n字",
}


@pytest.mark.parametrize("rule", CONVERTED)
def test_a_conversion_says_what_it_could_not_do(rule: str, folder: Path, plain: Theme) -> None:
    found = check(written(f"# 题\n\n{CONVERTED[rule]}\n", folder, plain))
    assert [each.rule for each in found if each.rule in CONVERTED] == [rule]


def triggers() -> str:
    """Collect what breaks a rule: HTML of the page rules, Markdown of the source rules, and what was once mistaken."""
    rules = (ROOT / "tests/cases/rules.txt").read_text(encoding="utf-8")
    html = re.findall(r"^=== [^\n]*\n(.*?)\n\.$", rules, re.MULTILINE | re.DOTALL)
    once = [
        "\\u4f60\\u597d",
        "url(#shining)",
        "javascript:go()",
        "data:text/html,x",
        "s?tempkey=1",
        "{% raw %}",
        "<!--",
    ]
    return "\n".join([*html, *(markdown.strip() for _, markdown, _ in CASES), *CONVERTED.values(), *once])


TRIGGERS = triggers()


def fenced(sample: str) -> str:
    fence = max([*re.findall("`+", sample), "``"], key=len) + "`"
    return f"{fence}html\n{sample}\n{fence}\n"


def indented(sample: str) -> str:
    return "".join(f"    {line}\n" for line in sample.split("\n"))


def quoted(sample: str) -> str:
    return "".join(f"> {line}\n" for line in fenced(sample).splitlines())


def listed(sample: str) -> str:
    return "- 项\n\n" + "".join(f"  {line}\n" for line in fenced(sample).splitlines())


def preformatted(sample: str) -> str:
    return f"<pre><code>{escape(sample).replace(chr(10) * 2, chr(10))}</code></pre>\n"


def spans(sample: str) -> str:
    """Write every line as code in a sentence."""
    mark = max([*re.findall("`+", sample), ""], key=len) + "`"
    return "".join(f"写作 {mark} {line} {mark} 的话\n\n" for line in sample.split("\n") if line.strip())


def said(sample: str) -> str:
    """Write every line as words, with a character reference for each sign."""
    signs = re.sub(r"[^\w\s]", lambda sign: f"&#{ord(sign[0])};", sample)
    return "".join(f"字{line}字\n\n" for line in signs.split("\n") if line.strip())


@pytest.mark.parametrize("write", [fenced, indented, quoted, listed, preformatted, spans, said])
def test_what_breaks_a_rule_breaks_none_as_code(write: Callable[[str], str], folder: Path, plain: Theme) -> None:
    text = f"---\nauthor: 编辑部\n---\n# 题\n\n> 导读：几段代码。\n\n{write(TRIGGERS)}\n\n完\n"
    issue = written(text, folder, plain)
    found = [each for target in (API, PASTE) for each in check(issue, target)]
    if write is said:  # a reader sees these signs, and they may have been meant
        found = [each for each in found if each.rule != "markup-shown"]
    assert found == []
    assert [each for target in (API, PASTE) for each in page_findings(issue, target)] == []


def test_no_code_sample_stops_a_push(wechat_sandbox: Any, tmp_path: Path) -> None:
    project = newsletter(wechat_sandbox, tmp_path)
    project.write("a.md", f"# 题\n\n字：\n\n{fenced(TRIGGERS)}\n{spans(TRIGGERS)}\n")
    receipt = project.push("a.md")
    assert (receipt.action, receipt.findings) == ("created", ())


def test_an_article_of_escapes_is_not_one_that_speaks_of_them() -> None:
    def found(html: str) -> bool:
        return "literal-unicode-escape" in {each.rule for each in check_html(html)}

    assert found(r"<p>\u5d4c\u5165\u5f0f AI \u7b80\u62a5</p>")
    assert not found(r"<p>JSON may write \u4f60\u597d instead.</p>")
    assert not found(r"<p>写作</p><p>\u4f60\u597d</p>")


# --- what of the page rules an author can break -----------------------------------------------------------------------


def test_an_issue_that_is_too_large_is_told_of(folder: Path, plain: Theme) -> None:
    def sizes(characters: int) -> list[tuple[str, str]]:
        found = check(written("# 题\n\n" + "字" * characters, folder, plain))
        return [(each.rule, each.severity) for each in found if each.rule.startswith("content-")]

    assert sizes(349_526) == [("content-bytes", "error")]
    assert sizes(320_000) == [("content-chars", "warning")]
    assert sizes(200_000) == []  # far more than is documented, and nobody saw it refused


OWN_COLOURS = [
    ('<span style="color:#666">灰</span>', ["dark-dead-zone-text"]),
    ('<font color="#666666">灰</font>', ["dark-dead-zone-text"]),
    ('<span style="background:#333;color:#888">字</span>', ["dark-weak-contrast"]),
    ('<font color="red">红</font>与<font color="grey">灰</font>', []),  # 4.49 and 4.45
    ('<section style="background:rgba(217,119,6,.1);color:#7c2d12">字</section>', ["dark-low-contrast"]),
    ('<span style="color:#595959">灰</span>', []),
    ('<span style="font-size:12px">小</span>', []),
    ("> [!TIP]\n> 主题自己的颜色", []),
]


def test_colours_stop_no_push_and_what_only_the_checker_sees_is_no_warning(folder: Path, plain: Theme) -> None:
    tint = '<section style="background:rgba(217,119,6,.1);color:#7c2d12">字</section>'
    dark = '<section style="background:#777;color:#777">字</section>'
    found = check(written(f"# 题\n\n{tint}\n\n{dark}\n", folder, plain))
    told = [(each.line, each.severity) for each in found if each.rule.startswith("dark-")]
    assert told == [(3, "info"), (5, "warning")], told


@pytest.mark.parametrize(("markdown", "expected"), OWN_COLOURS)
def test_colours_of_the_author_are_looked_at_by_night(
    markdown: str, expected: list[str], folder: Path, plain: Theme
) -> None:
    found = check(written(f"# 题\n\n{markdown}\n", folder, plain))
    dark = [each for each in found if each.rule.startswith("dark-")]
    assert [each.rule for each in dark] == expected
    assert all(each.line == 3 for each in dark)


def test_a_page_rule_names_the_line_of_the_source(folder: Path, plain: Theme) -> None:
    grey = '<font color="#666">字</font>'
    blocks = [
        f"- 项\n- {grey}",
        f"| 一 | 二 |\n|---|---|\n| 三 | {grey} |",
        f"> 引\n>\n> {grey}",
        f'<section style="color:#666">\n\n### 小标题\n\n文字{grey}\n</section>',
        f"段\n{grey}",
    ]
    text = "# 题\n\n" + "\n\n".join(blocks) + "\n"
    for target in (API, PASTE):
        found = check(written(text, folder, plain), target)
        assert [each.line for each in found if each.rule.startswith("dark-")] == [4, 8, 12, 16, 18, 22]


def test_what_is_too_large_says_where_it_is_largest(folder: Path, plain: Theme) -> None:
    text = "# 题\n\n字\n\n## 小\n\n字\n\n#### 大\n\n" + "字" * 349_526 + "\n"
    (found,) = (each for each in check(written(text, folder, plain)) if each.rule == "content-bytes")
    assert found.line == 9 and "大" in found.message


def test_only_an_earlier_issue_makes_a_link_old_news(folder: Path, plain: Theme) -> None:
    """An issue of the same number, a second language for one, is not an earlier one."""
    (folder / "2026-11-15-en.md").write_text("- [same](https://example.org/same)\n", encoding="utf-8")
    found = check(written("# 题\n\n- [同](https://example.org/same)\n", folder, plain))
    assert "link-known" not in {each.rule for each in found}


def test_a_check_opens_no_html_parser(folder: Path, plain: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    from wxpub.checks import pages

    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("the page rules were asked")

    monkeypatch.setattr(pages, "Document", refuse)
    monkeypatch.setattr(pages, "page_rules", refuse)
    check(written("# 题\n\n> 导读：一件事。\n\n一段文字。\n", folder, plain))
