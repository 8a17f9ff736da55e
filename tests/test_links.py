"""Links and notes: what every kind of link becomes, one series of numbers, and nothing lost."""

from __future__ import annotations

import re
from pathlib import Path

import notes
import pytest
from conftest import CORPUS, ROOT, corpus_files

from wxpub import address, article, dialect, links
from wxpub.article import Article
from wxpub.finding import Finding
from wxpub.links import Note

SITE = Path("/letter/issues")
PUBLISHED = {
    str(SITE / "2026-11-01.md"): "https://mp.weixin.qq.com/s/PublishedIssue0001",
    "/letter/docs/深度/第 7 期.md": "https://mp.weixin.qq.com/s/PublishedIssue0007",
}
HOME = links.Home(
    "/letter",
    (
        ("https://github.com/me/letter/blob/main/{path}", "/letter"),
        ("https://letter.example/{path}", "/letter"),
        ("https://blog.example/{date}/{stem}.html", "/letter"),
        ("https://read.example/show?file={path}", "/letter"),
        ("https://git.example/group/sub/letter/-/blob/main/{path}", "/letter"),
        ("https://gitee.com/me/letter/blob/master/{path}", "/letter"),
    ),
    ["/letter/issues/notes.md", "/letter/issues/data/table.csv", "/letter/issues/2020-01-01.md"].__contains__,
)


def resolve(markdown: str, **fields: object) -> tuple[str, tuple[Note, ...], tuple[Finding, ...]]:
    """Give the body as short markup (`⟨url⟩` live, `[n]` noted, `‹…›` bare address), the notes and the findings."""
    source = Article(SITE / "2026-11-15.md", markdown, **fields)  # type: ignore[arg-type]
    root, _ = dialect.parse(source.body, source.path)
    resolved = links.resolve(root, source, PUBLISHED, home=HOME)
    for section in list(root.iterchildren("section")):
        section.drop_tree()
    for a in root.iter("a"):
        a.text = f"{a.text or ''}⟨{a.get('href')}⟩"
    for span in root.iter("span"):
        if span.get("class") == "url":
            span.text = f"‹{span.text}›"
    return root.text_content().strip(), resolved.notes, resolved.findings


def cases() -> list[tuple[str, str, list[str]]]:
    """Read `cases/links.txt`, which says at its top how a case is written."""
    text = (ROOT / "tests/cases/links.txt").read_text(encoding="utf-8")
    found = []
    for case in re.split(r"^=== .*\n", text, flags=re.MULTILINE)[1:]:
        markdown, _, expected = case.strip("\n").partition("\n.\n")
        shown, *rest = expected.split("\n")
        found.append((markdown, shown, rest))
    return found


@pytest.mark.parametrize(("markdown", "text", "rest"), cases(), ids=[case[0][:40] for case in cases()])
def test_a_link_becomes(markdown: str, text: str, rest: list[str]) -> None:
    found_text, notes, findings = resolve(markdown)
    found_rest = [f"{note.mark} {note.text} | {note.url}".rstrip() for note in notes]
    found_rest += [f"! {finding.rule}" for finding in findings]
    assert (found_text, found_rest) == (text, [line.rstrip() for line in rest])


def test_unknown_back_issues_make_one_finding_at_the_first_of_them() -> None:
    table = "\n\n| [a](2019-01-01.md) | [b](2019-01-02.md) |\n|---|---|\n| [c](2019-01-03.md) | [d](2019-01-04.md) |\n"
    _, _, findings = resolve("正文" + table)
    assert [(finding.rule, finding.line) for finding in findings] == [("back-issue-unknown", 3)]
    assert "4 back issues" in findings[0].message


def test_findings_carry_the_line_of_their_link() -> None:
    _, _, findings = resolve("一\n\n- 二 [空]()  \n三 [x](https://mp.weixin.qq.com/s?tempkey=1)\n")
    assert [(finding.rule, finding.line) for finding in findings] == [("link-empty", 3), ("link-expires", 4)]


def notes_of(markdown: str, **fields: object) -> str:
    source = Article(SITE / "2026-11-15.md", markdown, **fields)  # type: ignore[arg-type]
    root, _ = dialect.parse(source.body, source.path)
    links.resolve(root, source, PUBLISHED)
    from lxml import etree

    return "".join(etree.tostring(each, encoding="unicode") for each in root.iterchildren("section"))


def test_the_list_gives_number_text_and_address() -> None:
    assert notes_of("[论文](https://a.example/p?a=1&b=2)", notes_heading="链接") == (
        '<section class="notes"><h2 class="notes-title">链接</h2><section class="note-list">'
        '<p class="note-item" data-note="1"><span class="note-number">[1]</span>\u00a0\u00a0 '
        '<span class="note-text">论文</span><br/><span class="url">https://a.example/p?a=1&amp;b=2</span></p>'
        "</section></section>"
    )


def test_footnotes_and_addresses_have_a_list_each_and_one_series_of_numbers() -> None:
    html = notes_of("一[a](https://a.example)二[^x]三[b](https://b.example)\n\n[^x]: 说明，见[c](https://c.example)\n")
    shown = re.sub(r"<br/>", "|", re.sub(r"</?span[^>]*>|\u00a0", "", html))
    assert re.findall(r"(?<=>)[^<>]+", shown) == [
        "注释",
        "[2] 说明，见c",
        "[4]",
        "阅读原文",
        "[1] a|https://a.example",
        "[3] b|https://b.example",
        "[4] c|https://c.example",
    ]
    assert "注释" not in notes_of("[a](https://a.example)") and "阅读原文" not in notes_of("一[^x]\n\n[^x]: 说明\n")


def test_all_numbers_are_equally_wide() -> None:
    html = notes_of(" ".join(f"[a{n}](https://a.example/{n})" for n in range(1, 101)))
    assert {len(each.replace("\u00a0\u00a0", "0")) for each in re.findall(r">(\[\d+\]</span>\u00a0*) ", html)} == {12}


def test_a_footnote_keeps_its_blocks_and_its_emphasis() -> None:
    html = notes_of("一[^x]\n\n[^x]: 说明**很重要**\n\n    - 甲\n    - 乙\n")
    assert '说明<strong>很重要</strong></p><section class="note-more"><ul' in html
    assert html.count("<li") == 2


LABELS = [
    ("- 小模型训练营（[via](https://a.example)）", "小模型训练营"),
    ("- **小模型训练营**：很好的课程，[这里](https://a.example)报名", "小模型训练营"),
    ("- 很好的**小模型训练营**，[这里](https://a.example)报名", "很好的小模型训练营，报名"),
    ("- **训练营**：" + "很长的说明" * 20 + "，见[这里](https://a.example)", "训练营"),
    ("- [训练营 | 某某网](https://b.example)  \n  相关：[1](https://a.example)", "训练营"),
    ("- 训练营\n\n  正文，[点这里](https://a.example)。", "训练营"),
    ("- 训练营\n  - [链接](https://a.example)", "训练营"),
    ("## 训练营\n\n介绍。\n\n详情见[这个链接](https://a.example)。", "训练营"),
    ("## 工具\n\n3、训练营[^1]\n\n介绍。\n\n（[via](https://a.example)）\n\n[^1]: 注", "训练营"),
    ("**训练营**\n\n介绍。[→](https://a.example)", "训练营"),
    ("[①](https://a.example)", "①"),
    ("- [论文](https://a.example) 训练营", "论文"),
    ("- 训练营 [2026](https://a.example)", "2026"),
    ("- 训练营 [代码](https://a.example) [这里](https://a.example)", "代码"),
    ("[这里](https://a.example) 或 [训练营](https://a.example)", "训练营"),
    ("- 训练营 [![](a.png)](https://a.example)", "训练营"),
]


@pytest.mark.parametrize(("markdown", "text"), LABELS)
def test_a_note_whose_label_says_nothing_has_its_items_title(markdown: str, text: str) -> None:
    _, found, _ = resolve(markdown)
    assert next(each.text for each in found if each.url == "https://a.example") == text


def test_source_url_gives_a_qr_code_after_the_notes() -> None:
    html = notes_of("[a](https://a.example)", source_url="https://me.example/1?a=1&b=2")
    assert html.index('class="notes"') < html.index('src="qrcode:https://me.example/1?a=1&amp;b=2"')
    assert html.count("阅读原文") == 1
    assert "qrcode" not in notes_of("[a](https://a.example)", source_url="https://me.example/", qrcode=False)


@pytest.mark.parametrize(
    ("end", "codes"),
    [
        ("![](../wechat_qrcode.jpg)", 0),
        ("![公众号二维码](account.png)\n\n> 投稿\n\n本作品采用许可协议。", 0),
        ("![](square.png)", 1),
        ("![二维码](account.png)\n" + "\n正文\n" * 10, 1),
    ],
)
def test_an_issue_that_ends_in_a_qr_code_gets_no_second_one(end: str, codes: int) -> None:
    assert notes_of(f"正文\n\n{end}\n", source_url="https://me.example/").count("qrcode:") == codes
    assert notes_of(f"正文\n\n{end}\n", source_url="https://me.example/", qrcode=True).count("qrcode:") == 1
    assert notes_of(f"正文\n\n{end}\n", source_url="https://me.example/", qrcode=False).count("qrcode:") == 0


def test_no_links_no_list() -> None:
    assert notes_of("正文") == ""


@pytest.mark.skipif(not corpus_files(), reason="the corpus is not beside the repository")
def test_no_note_in_real_issues_leads_to_a_back_issue_that_was_published() -> None:
    counts = [after for _, after in notes.measure(CORPUS / "issues").values()]
    assert sum(each["numbered"] for each in counts) > 0
    assert [each["back issues"] for each in counts] == [0] * len(counts)


@pytest.mark.skipif(not corpus_files(), reason="the corpus is not beside the repository")
@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_note_is_noise_in_real_issues(path: Path) -> None:
    source = article.read(path)
    root, _ = dialect.parse(source.body, path)
    wanted = [a.get("href", "") for a in root.iter("a")]
    notes = links.resolve(root, source, {}).notes
    assert [note.number for note in notes] == list(range(1, len(notes) + 1))
    assert all(note.url.startswith("http") and note.text for note in notes)
    assert not any(address.parse(note.url).permalink for note in notes)
    assert len({address.parse(note.url).identity for note in notes}) == len(notes)
    live = {a.get("href") for a in root.iter("a")}
    printed = {address.parse(span.text_content()).identity for span in root.iter("span") if span.get("class") == "url"}
    text = root.text_content()
    for href in filter(lambda href: href.startswith("http"), wanted):
        safe = href.replace("http://", "https://")
        assert (
            safe in live
            or address.parse(href).identity in printed
            or any(address.parse(note.url).identity == address.parse(href).identity for note in notes)
            or "signature=" in href
        ), href
    assert text.strip()
