"""Reading an issue: front matter, encodings, and every way in which a file can be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wxpub import article
from wxpub.errors import ConfigError, SourceError


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
    (b"---\ntitle: a: b\n---\n", "2026-11-15.md:2: front matter: mapping values are not allowed here"),
    (b"\n---\ntitle: a: b\n---\n", "2026-11-15.md:3: front matter: mapping values are not allowed here"),
    (b"---\nok: 1\ntitle: [a\n---\n", "front matter: "),
    (b"---\ntitle: {a: b}\n---\n", "front matter: title is not one value but several"),
    (b"---\nqrcode: maybe\n---\n", "front matter: qrcode is neither true nor false"),
    (b"---\ntheme_variables: red\n---\n", "front matter: theme_variables is no table"),
    (b"---\na: " + b"[" * 5000 + b"\n---\n", "front matter"),
    (b"+++\ntitle = \n+++\n", "2026-11-15.md:2: front matter: Invalid value"),
]


@pytest.mark.parametrize(("data", "message"), WRONG)
def test_a_wrong_file_gets_one_clear_line(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, data)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing\.md: no such file"):
        article.read(tmp_path / "nothing.md")
    with pytest.raises(SourceError, match="is a folder, not a Markdown file"):
        article.read(tmp_path)


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
    ("defaults", "message"),
    [
        ({"authr": "甲"}, "unknown authr"),
        ({"qrcode": "maybe"}, "qrcode is neither true nor false"),
        ({"source_url": "https://a.example/{slug}"}, "unknown {slug}"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, defaults: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "x", defaults=defaults)
    assert message in str(caught.value)


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
