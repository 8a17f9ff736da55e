"""Reading an issue: front matter, encodings, and every way in which a file can be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, corpus_files
from hypothesis import example, given
from hypothesis import strategies as st

from wxpub import article, page, theme
from wxpub.errors import SourceError


def read(tmp_path: Path, text: str | bytes, name: str = "2026-11-15.md", **options: Any) -> article.Article:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return article.read(path, **options)


FRONT_MATTER = [
    ("---\ntitle: 一\n---\n正文", {"title": "一"}),
    ("---\ntitle: '2 | 0'\nauthor: 甲\n---\n", {"title": "2 | 0", "author": "甲"}),
    ("---\nauthor: [甲, 乙]\n---\n", {"author": "甲、乙"}),
    ("---\ndescription: 摘要\n---\n", {"digest": "摘要"}),
    ("---\n摘要: 这是摘要\n---\n", {"digest": "这是摘要"}),
    ("---\ndigest: 一\nsummary: 二\n---\n", {"digest": "一"}),
    ("---\ncontent_source_url: https://a.example/\n---\n", {"source_url": "https://a.example/"}),
    (
        "---\nneed_open_comment: 1\nonly_fans_can_comment: yes\n---\n",
        {"open_comment": True, "fans_only_comment": True},
    ),
    ("---\nqrcode: off\nhard_breaks: true\n---\n", {"qrcode": False, "hard_breaks": True}),
    ("---\ncaptions: alt\n---\n", {"captions": "alt"}),
    ("---\ntitle: 007\ndate: 2026-01-02 10:00:00\n---\n", {"title": "007", "date": "2026-01-02"}),
    ("---\ntheme_variables: {accent: '#123456'}\n---\n", {"theme_variables": (("accent", "#123456"),)}),
    ("---\nlayout: default\ntags: [a, {b: c}]\n---\n", {"title": ""}),
    ("---\n---\n正文", {"title": ""}),
    ("---\ntitle: 一\n...\n正文", {"title": "一"}),
    ("+++\ntitle = '一'\nhard_breaks = true\n+++\n", {"title": "一", "hard_breaks": True}),
    ("---\ntitle: null\nauthor: ~\ndescription: ~\n---\n", {"title": "", "author": "", "digest": ""}),
    ("---\n打开评论: 是\nqrcode: 否\n---\n", {"open_comment": True, "qrcode": False}),
    ("\n \n---\ntitle: 一\n---\n正文", {"title": "一", "body": "\n\n\n\n\n正文"}),
    ("\ufeff---\r\ntitle: 一\r\n---\r\n正文", {"title": "一", "body": "\n\n\n正文"}),
]


@pytest.mark.parametrize(("text", "fields"), FRONT_MATTER)
def test_front_matter_is_read(tmp_path: Path, text: str, fields: dict[str, Any]) -> None:
    found = read(tmp_path, text)
    assert {name: getattr(found, name) for name in fields} == fields


@pytest.mark.parametrize(
    "text",
    [
        "---\n正文没有结束的线\n\n# 标题\n",
        "---\n\n一段话\n\n---\n\n另一段\n",
        "# 标题\n\n---\n\ntitle: x\n\n---\n",
        "--- \nnot closed",
        "\n---\n\n甲: 一\n\n---\n\n另一段\n",
        "---\n注: 没有结束的线\n",
        "---\n注：两条线之间\n---\n",
        "---\nhttps://a.example/\n",
        "+++\n一 = 二\n",
    ],
)
def test_a_rule_is_no_front_matter(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).body == text


def test_the_body_keeps_the_lines_of_the_file(tmp_path: Path) -> None:
    body = read(tmp_path, "---\ntitle: 一\nlayout: x\n---\n第五行\n").body
    assert body.split("\n")[4] == "第五行"


WRONG = [
    (b"", "is empty"),
    (b" \n\t\n", "is empty"),
    (b"\x89PNG\r\n\x1a\n\0\0\0", "is no text file"),
    ("标题\n正文".encode("gb18030"), "2026-11-15.md:1: byte 0xb1 is not UTF-8; it looks like GBK"),
    (b"a\nb\xff\xfe\xff", "2026-11-15.md:2: byte 0xff is not UTF-8; save it as UTF-8"),
    (b"---\ntitle: a: b\n---\n", "2026-11-15.md:2: front matter: a colon stands where none can be"),
    (b"\n---\ntitle: a: b\n---\n", "2026-11-15.md:3: front matter: a colon stands where none can be"),
    (b"---\nok: 1\ntitle: [a\n---\n", "front matter: "),
    (b"---\ntitle: {a: b}\n---\n", "front matter: title is not one value but several"),
    (b"---\nqrcode: maybe\n---\n", "front matter: qrcode is neither true nor false"),
    (b"---\ntheme_variables: red\n---\n", "front matter: theme_variables is no table"),
    (b"---\na: " + b"[" * 5000 + b"\n---\n", "front matter"),
    (b"+++\ntitle = \n+++\n", "2026-11-15.md:2: front matter: not valid TOML: Invalid value"),
    ("+++\ndraft = true\ntitle = “一”\n+++\n", "front matter: not valid TOML: “ is no straight quotation mark"),
    (b"\n+++\na = 1\n", "2026-11-15.md:4: front matter: begins on line 2 and has no end; close it with a line of +++"),
    ("---\ntitle: 一\n----\n正文", "2026-11-15.md:3: front matter: begins on line 1 and has no end"),
    ("---\nlayout: post\ntags:\n- 甲\n\n正文", "2026-11-15.md:5: front matter: begins on line 1 and has no end"),
    ("---\n标题：一\n\n正文", "2026-11-15.md:3: front matter: begins on line 1 and has no end"),
    (b"---\nslug: a", "2026-11-15.md:3: front matter: begins on line 1 and has no end"),
    (
        "---\ntitle: 一\n\n# 标题\n\n正文\n\n---\n",
        ":6: front matter: a line has no colon; if the text has begun",
    ),
    (
        "---\ntitle：一\n---\n",
        "2026-11-15.md:2: front matter: cannot be read; ： is a full-width character: write title: ",
    ),
    (
        "---\nlayout: a\n日期：一\n---\n",
        "2026-11-15.md:3: front matter: a line has no colon; ： is a full-width",
    ),
    (b"---\ntitle:a\n---\n", "2026-11-15.md:2: front matter: cannot be read; write a space after title:"),
    (b"---\na:\n\tb: c\n---\n", "indent with spaces, not with a tab"),
    (
        b"---\nlayout: a\ntheme_variables:\n  size: 1\n  accent: #123\n---\n",
        ":5: front matter: theme_variables.accent",
    ),
    (b"---\ntheme_variables: {a: [b]}\n---\n", "theme_variables.a is not one value but several"),
    (b"---\nlayout: a\nopen_comment: maybe\n---\n", "2026-11-15.md:3: front matter: open_comment is neither"),
]


@pytest.mark.parametrize(("data", "message"), WRONG)
def test_a_wrong_file_gets_one_clear_line(tmp_path: Path, data: bytes | str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, data)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing\.md: no such file"):
        article.read(tmp_path / "nothing.md")
    with pytest.raises(SourceError, match="is a folder, not a Markdown file"):
        article.read(tmp_path)


# What is wrong and does no harm is said and left out.
DOUBTFUL = [
    ("---\nlayout: a\nautor: 甲\n---\n", [(3, "autor is not a key")]),
    ("+++\ntitle = 'a'\nsourceURL = 'x'\n+++\n", [(3, "sourceURL is not a key")]),
    ("---\nTheme-Variables: {a: b}\n---\n", [(2, "Theme-Variables is not a key")]),
    ("---\ndate: 2026-13-45\n---\n", [(2, "date: there is no day 2026-13-45")]),
    ("---\n日期: 2026-02-29\n---\n", [(2, "日期: there is no day 2026-02-29")]),
    ("---\ndate: Nov 15\n---\n", [(2, "date: Nov 15 is not a date")]),
    ("---\nimages: [a]\noriginal: true\nsubtitle: b\nCategories: c\nwhatever: d\n---\n", []),
]


@pytest.mark.parametrize(("text", "found"), DOUBTFUL)
def test_a_mistake_in_front_matter_is_a_finding_with_its_line(
    tmp_path: Path, text: str, found: list[tuple[int, str]]
) -> None:
    issue = read(tmp_path, text)
    assert [(each.line, each.message) for each in issue.findings] == [
        (line, f"front matter: {message}") for line, message in found
    ]
    assert issue.date == "2026-11-15", "the file's name says the date"
    assert all(each.fix.startswith("did you mean ") for each in issue.findings if each.rule == "key-unknown")
    assert set(page.compose(issue, theme.load()).findings) >= set(issue.findings)


@pytest.mark.parametrize(
    "text", ["2026/1/2", "2026-01-02T10:00:00+08:00", "2026年1月2日", "2026.01.02", "20260102", "2026-1-2 10:00"]
)
def test_a_date_is_read_as_people_and_tools_write_it(tmp_path: Path, text: str) -> None:
    issue = read(tmp_path, f"---\ndate: {text}\n---\n")
    assert (issue.date, issue.findings) == ("2026-01-02", ())


def test_a_file_of_nearly_the_same_name_is_offered(tmp_path: Path) -> None:
    (tmp_path / "issue-12.md").write_text("# 一\n", encoding="utf-8")
    for name in ("isue-12.md", "Issue_12.md", "issue-12"):
        with pytest.raises(SourceError, match=r"no such file; did you mean issue-12\.md\?"):
            article.read(tmp_path / name)
    with pytest.raises(SourceError, match="its folder does not exist either"):
        article.read(tmp_path / "letters" / "issue-12.md")


def test_front_matter_wins_over_the_settings(tmp_path: Path) -> None:
    found = read(tmp_path, "---\nauthor: 甲\n---\n", defaults={"author": "乙", "theme": "warm", "qrcode": False})
    assert (found.author, found.theme, found.qrcode) == ("甲", "warm", False)


SOURCE_URLS = [
    ("https://a.example/{path}", "https://a.example/issues/%E7%AC%AC1%E6%9C%9F%202026-11-15.md"),
    ("https://a.example/{stem}.html", "https://a.example/%E7%AC%AC1%E6%9C%9F%202026-11-15.html"),
    ("https://a.example/{date}/", "https://a.example/2026-11-15/"),
    ("https://a.example/", "https://a.example/"),
]


@pytest.mark.parametrize(("template", "url"), SOURCE_URLS)
def test_source_url_is_made_from_the_file_s_name(tmp_path: Path, template: str, url: str) -> None:
    (tmp_path / "issues").mkdir()
    found = read(tmp_path, "x", "issues/第1期 2026-11-15.md", defaults={"source_url": template}, root=tmp_path)
    assert found.source_url == url


def test_source_url_of_the_front_matter_is_taken_as_it_is(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "---\nsource_url: https://a.example/{x}\n---\n",
        defaults={"source_url": "https://b.example/"},
    )
    assert found.source_url == "https://a.example/{x}"


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("2020-08-26.md", "2020-08-26"),
        ("20200826.md", "2020-08-26"),
        ("issue-12.md", ""),
        ("2020-13-01.md", ""),
        ("v2020-08-261.md", ""),
    ],
)
def test_the_date_comes_from_the_file_s_name(tmp_path: Path, name: str, date: str) -> None:
    assert read(tmp_path, "x", name).date == date


@given(
    st.text(alphabet="ab1文.:#-'\"[]{}&*!|>%@` ~/,?_=\u00a0\u2028\x85\t\n", max_size=60), st.sampled_from(["", "key: "])
)
@example("key: a", "")
@example("key: a\nkey: b", "title: ")
def test_plain_front_matter_is_read_as_yaml_reads_it(text: str, before: str) -> None:
    import yaml

    found = article._plain(before + text)
    if found is not None:
        assert found == (yaml.load(before + text, Loader=yaml.BaseLoader) or {})


def test_most_front_matter_is_plain() -> None:
    assert article._plain("layout: default\ncover: ../images/cover.png\ntitle: 微光：小设备（2026-11-15）\n\n") == {
        "layout": "default",
        "cover": "../images/cover.png",
        "title": "微光：小设备（2026-11-15）",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# 题\n\n文\n", "---\ntheme: ink\n---\n\n# 题\n\n文\n"),
        ("---\n\n一条线\n", "---\ntheme: ink\n---\n\n---\n\n一条线\n"),
        ("---\ntitle: 一 # 注\n---\n文", "---\ntheme: ink\ntitle: 一 # 注\n---\n文"),
        ("---\ntitle: 一\ntheme:  plain   # 喜欢\n---\n文", "---\ntitle: 一\ntheme:  ink   # 喜欢\n---\n文"),
        ("---\ntheme:\n---\n文", "---\ntheme: ink\n---\n文"),
        ("\ufeff---\r\n样式: 'plain'\r\n---\r\n文\r\n", "\ufeff---\r\n样式: ink\r\n---\r\n文\r\n"),
        ("文\r\n\r\n文", "---\r\ntheme: ink\r\n---\r\n\r\n文\r\n\r\n文"),
        ("+++\ntitle = '一'\n+++\n文", "+++\ntheme = \"ink\"\ntitle = '一'\n+++\n文"),
        ("+++\ntheme = 'plain' # 注\n+++\n文", '+++\ntheme = "ink" # 注\n+++\n文'),
        ("---\ndigest: |\n  theme: plain\n---\n文", "---\ntheme: ink\ndigest: |\n  theme: plain\n---\n文"),
    ],
)
def test_a_theme_is_written_into_front_matter_and_nothing_else_changes(text: str, expected: str) -> None:
    changed = article.with_key(text, Path("issue.md"), "theme", "ink")
    assert changed == expected
    assert article.with_key(changed, Path("issue.md"), "theme", "ink") == changed


@pytest.mark.parametrize("text", ["---\n{title: 一}\n---\n文", "---\ntheme:\n  plain\n---\n文", "文\r文"])
def test_front_matter_of_an_unusual_form_is_left_alone(text: str) -> None:
    try:
        changed = article.with_key(text, Path("issue.md"), "theme", "ink")
    except SourceError as error:
        assert "unusual" in error.message and "theme: ink" in error.hint
    else:
        assert changed.endswith(text)


@pytest.mark.parametrize("path", [*corpus_files(), *sorted((ROOT / "examples/issues").glob("*.md"))])
def test_a_theme_is_written_into_real_issues(path: Path) -> None:
    text = path.read_bytes().decode()
    changed = article.with_key(text, path, "theme", "ink")
    kept = [line for line in text.splitlines() if not line.startswith("theme:")]
    assert changed.endswith(text) or [line for line in changed.splitlines() if line != "theme: ink"] == kept
    assert article.parse(changed, path).theme == "ink"
