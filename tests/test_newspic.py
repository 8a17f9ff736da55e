"""贴图: an issue as pictures and a plain text, through the push of an article; over HTTP, to the sandbox."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import ROOT, corpus_files
from PIL import Image as Pillow
from pushing import SECRET, Newsletter, picture

from wxpub import issue, newspic, page, theme
from wxpub.article import parse
from wxpub.checks import check
from wxpub.cli import cli
from wxpub.client import Client, StoredArticle
from wxpub.drafts.compare import lines
from wxpub.drafts.publish import publish, rebuild
from wxpub.errors import ConflictError, SourceError
from wxpub.images import cards
from wxpub.images.cards import Card, Deck, broken, draw, key, lay
from wxpub.images.cover import Cover, is_ours, read_title
from wxpub.images.draw import Typeface, typeface
from wxpub.issue import Opener
from wxpub.ledger import FILE_NAME, Draft, Published
from wxpub.limits import NEWSPIC_CHARS, NEWSPIC_PICTURES
from wxpub.preview import pages
from wxpub.preview.build import Builder
from wxpub.sandbox import Sandbox
from wxpub.target import NEWSPIC


def only(paper: Newsletter) -> dict[str, Any]:
    """Give the one article of the one draft in the box."""
    ((article,),) = paper.drafts().values()
    return article


# --- the text ---------------------------------------------------------------------------------------------------------

CASES = re.findall(
    r"^=== (.*?)\n(.*?)\n\.\n(.*?)(?=\n*^=== |\n*\Z)",
    (ROOT / "tests/cases/newspic.txt").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)


@pytest.mark.parametrize(("markdown", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_text_is_plain_and_nothing_is_left_out(markdown: str, text: str) -> None:
    layout = page.compose(parse(markdown, Path("issue.md")), theme.load("plain"), target=NEWSPIC)
    assert layout.text == text


@pytest.mark.parametrize("path", corpus_files()[::9] + sorted((ROOT / "examples/issues").glob("*.md")), ids=str)
def test_every_word_and_every_address_of_an_issue_is_in_the_text(path: Path) -> None:
    layout = page.compose(parse(path.read_text(encoding="utf-8-sig"), path), theme.load("plain"), target=NEWSPIC)
    text, words = "".join(layout.text.split()), page.finish(layout, NEWSPIC).html
    for section in (layout.root,):
        for each in section.iter("p", "h2", "h3"):
            if each.get("class") in ("end-mark", "table-hint") or each.find(".//svg") is not None:
                continue
            for said in each.itertext():
                assert "".join(said.split()) in text or each.find(".//span[@class='section-number']") is not None
        for a in section.iter("a"):
            assert re.sub(r"^https?://|/$", "", a.get("href", "")) in layout.text
    assert "".join(lines(words)).replace(" ", "") == text


# --- what is pushed ---------------------------------------------------------------------------------------------------


def test_pictures_go_in_order_as_material_with_the_crops_of_the_first(paper: Newsletter) -> None:
    for name, size in (("1.png", (1080, 1440)), ("2.png", (40, 30)), ("3.png", (30, 40))):
        picture(paper.root / name, f"#{name[0] * 6}", size)
    front = "---\ntype: image\ntitle: 三张图\nimage_list:\n  - 1.png\n  - 3.png\nopen_comment: true\n---\n"
    paper.write("a.md", f"{front}\n说明，[链接](https://example.org)。\n\n![](2.png)\n\n![](3.png)\n")
    receipt = paper.push("a.md")
    assert (receipt.action, receipt.uploaded, receipt.findings) == ("created", 3, ())
    article = only(paper)
    assert (article["article_type"], article["title"], article["need_open_comment"]) == ("newspic", "三张图", 1)
    assert article["content"] == "说明，链接（https://example.org）。"
    sources = [paper.job("a.md").articles[0].sources[name].key for name in ("1.png", "3.png", "2.png")]
    material = [paper.ledger().upload(paper.account.appid, "cover", key) for key in sources]
    assert StoredArticle(article).pictures == tuple(each.media_id for each in material if each)
    crops = {each.pop("ratio"): list(each.values()) for each in article["cover_info"]["crop_percent_list"]}
    assert crops == {
        "1_1": ["0", "0.125", "1", "0.875"],
        "16_9": ["0", "0.288889", "1", "0.711111"],
        "2.35_1": ["0", "0.340278", "1", "0.659722"],
    }
    assert paper.acted("media/uploadimg") == 0


def test_pushed_twice_it_is_one_and_a_change_updates_it(paper: Newsletter) -> None:
    paper.newspic("a.md", "甲", "第一稿。", "1.png", "2.png")
    first = paper.push("a.md")
    assert paper.push("a.md").action == "unchanged"
    paper.newspic("a.md", "甲", "第一稿。", "2.png", "1.png")
    second = paper.push("a.md")
    assert (second.action, second.media_id, second.uploaded) == ("updated", first.media_id, 0)
    assert StoredArticle(only(paper)).pictures[0] == only(paper)["thumb_media_id"]
    assert paper.push("a.md").action == "unchanged"


def test_it_is_kept_apart_from_the_article_of_the_same_file(paper: Newsletter) -> None:
    paper.issue("a.md", "甲", "正文。", "1.png")
    article = paper.push("a.md")
    paper.newspic("a.md", "甲", "正文。", "1.png")
    newspic = paper.push("a.md")
    assert {article.media_id, newspic.media_id} == set(paper.drafts())
    assert paper.push("a.md").action == "unchanged"
    paper.issue("a.md", "甲", "正文。", "1.png")
    assert paper.push("a.md").media_id == article.media_id


@pytest.mark.parametrize(
    "change", [{"content": "别人的话。"}, {"title": "别的题目", "content": "别人的话。"}, {"need_open_comment": 1}]
)
def test_what_somebody_changed_in_the_web_editor_is_not_overwritten(
    paper: Newsletter, change: dict[str, object]
) -> None:
    paper.newspic("a.md", "甲", "第一稿。", "1.png")
    receipt = paper.push("a.md")
    paper.edit(receipt.media_id, **change)
    paper.newspic("a.md", "甲", "第二稿。", "1.png")
    with pytest.raises(ConflictError, match="edited in the web editor"):
        paper.push("a.md")
    assert change.items() <= only(paper).items()
    assert paper.push("a.md", force=True).action == "updated"
    assert only(paper)["content"] == "第二稿。"


def test_pictures_that_somebody_reordered_are_not_overwritten(paper: Newsletter) -> None:
    paper.newspic("a.md", "甲", "第一稿。", "1.png", "2.png")
    receipt = paper.push("a.md")
    paper.edit(receipt.media_id, image_info={"image_list": only(paper)["image_info"]["image_list"][::-1]})
    with pytest.raises(ConflictError):
        paper.push("a.md")


def test_a_lost_ledger_does_not_make_a_second_one(paper: Newsletter) -> None:
    paper.newspic("a.md", "甲", "第一稿。", "1.png")
    first = paper.push("a.md")
    (paper.root / FILE_NAME).unlink()
    assert paper.push("a.md").media_id == first.media_id
    assert len(paper.drafts()) == 1


def test_without_the_ledger_it_is_updated_only_if_git_knows_its_words(paper: Newsletter) -> None:
    paper.newspic("a.md", "甲", "第一稿。", "1.png")
    first = paper.push("a.md")
    paper.commit()
    (paper.root / FILE_NAME).unlink()
    paper.newspic("a.md", "甲", "第二稿。", "1.png")
    assert paper.push("a.md").media_id == first.media_id
    paper.edit(first.media_id, content="别人的话。")
    (paper.root / FILE_NAME).unlink()
    with pytest.raises(ConflictError, match="does not know"):
        paper.push("a.md")


def test_a_copy_that_wechat_made_late_is_found_and_deleted(paper: Newsletter, sandbox: Sandbox) -> None:
    paper.newspic("a.md", "甲", "第一稿。", "1.png")
    sandbox.fail("cut-while", 1.5, endpoint="/cgi-bin/draft/add")
    first = paper.push("a.md")
    deadline = time.monotonic() + 20
    while len(paper.drafts()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(paper.drafts()) == 2
    second = paper.push("a.md")
    assert list(paper.drafts()) == [first.media_id] == [second.media_id]


def test_pictures_that_were_deleted_from_the_material_are_uploaded_again(paper: Newsletter) -> None:
    paper.newspic("a.md", "甲", "第一稿。", "1.png", "2.png")
    paper.push("a.md")
    for media_id in StoredArticle(only(paper)).pictures:
        Client(paper.account).delete_material(media_id)
    paper.newspic("a.md", "甲", "第二稿。", "1.png", "2.png")
    assert paper.push("a.md").action == "updated"
    assert paper.push("a.md").action == "unchanged"


def test_it_is_a_draft_of_its_own(paper: Newsletter) -> None:
    paper.issue("a.md", "甲")
    paper.newspic("b.md", "乙", "文字。", "1.png")
    with pytest.raises(SourceError, match="a draft of its own"):
        paper.push("a.md", "b.md")


def test_it_is_published_and_later_issues_link_to_it(paper: Newsletter) -> None:
    path = paper.newspic("a.md", "甲", "文字。", "1.png")
    paper.push("a.md")
    client, ledger, job = Client(paper.account), paper.ledger(), paper.job("a.md")
    urls = publish(client, ledger, job.account, "a.md#newspic", lambda seconds: None, text=job.articles[0].text)
    (url,) = urls.values()
    assert paper.push("a.md").action == "published"
    paper.issue("b.md", "乙", "见[贴图](a.md)。")
    assert url in Opener().open(paper.root / "b.md").page().html
    assert paper.ledger().permalinks(paper.root)[str(path)] == url
    (paper.root / FILE_NAME).unlink()
    rebuild(client, paper.root / FILE_NAME, job.account, paper.root)
    assert list(paper.ledger().of_account(Published, job.account)) == ["a.md#newspic"]


def test_drafts_show_has_its_text_line_by_line_and_counts_its_pictures(
    paper: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper.newspic("a.md", "甲", "第一行。<br>第二行。", "1.png", "2.png")
    media_id = paper.push("a.md").media_id
    for name, value in (("APPID", paper.account.appid), ("SECRET", SECRET), ("API_BASE", paper.account.api_base)):
        monkeypatch.setenv(f"WXPUB_{name}", value)
    done = CliRunner().invoke(cli, ["drafts", "show", media_id])
    assert done.exit_code == 0, done.output
    assert {"《甲》", "2 pictures", "第一行。", "第二行。"} <= set(done.output.split("\n"))
    paper.issue("b.md", "甲")
    paper.push("b.md")
    lines = CliRunner().invoke(cli, ["drafts", "list"]).output.split("\n")
    assert sorted(line for line in lines if "甲" in line) == ["    《甲》", "    《甲》 贴图"]


def test_a_renamed_file_keeps_it(paper: Newsletter) -> None:
    paper.newspic("a.md", "甲", "文字。", "1.png")
    first = paper.push("a.md")
    (paper.root / "a.md").rename(paper.root / "b.md")
    assert paper.push("b.md").media_id == first.media_id
    assert "b.md#newspic" in paper.ledger().of_account(Draft, paper.account.appid)


# --- what is found ----------------------------------------------------------------------------------------------------


def found(paper: Newsletter, text: str, **front: str) -> list[tuple[int | None, str]]:
    head = "\n".join(f"{key}: {value}" for key, value in {"type": "贴图", "title": "题目", **front}.items())
    path = paper.write("a.md", f"---\n{head}\n---\n{text}")
    return [(each.line, each.rule) for each in check(issue.open(path))]


@pytest.mark.font
def test_what_wechat_refuses_is_found_before(paper: Newsletter) -> None:
    for number in range(NEWSPIC_PICTURES + 1):
        picture(paper.root / f"{number}.png", f"#0000{number:02x}")
    shown = "".join(f"![图]({number}.png)\n\n" for number in range(NEWSPIC_PICTURES))
    assert found(paper, "文字。\n") == []  # cards are drawn
    assert found(paper, shown) == []
    assert found(paper, f"{shown}![图](20.png)\n") == [(45, "newspic-pictures")]
    assert found(paper, "![图](0.png)\n\n1 < 2，a<5，`x <- y`\n") == []
    assert found(paper, "![图](0.png)\n\n用 `<b>`\n") == [(1, "newspic-tag")]
    assert found(paper, "![图](0.png)\n\n" + "字" * NEWSPIC_CHARS) == []
    assert found(paper, "![图](0.png)\n\n" + "字" * (NEWSPIC_CHARS + 1)) == [(1, "newspic-text")]


def test_what_loses_its_form_is_found_with_its_line(paper: Newsletter) -> None:
    picture(paper.root / "0.png")
    text = "![图](0.png)\n\n| 甲 |\n|---|\n| 1 |\n\n```\n代码\n```\n\n式 $a^2$\n"
    assert found(paper, text) == [(7, "newspic-plain"), (11, "newspic-plain"), (15, "newspic-plain")]


def test_a_cover_that_is_not_the_first_picture_is_found(paper: Newsletter) -> None:
    for name in ("0.png", "1.png"):
        picture(paper.root / name)
    assert found(paper, "![图](0.png)\n", cover="1.png") == [(4, "newspic-cover")]
    assert found(paper, "![图](0.png)\n", cover="0.png") == []


def test_the_type_of_another_tool_makes_no_newspic(paper: Newsletter) -> None:
    for kind in ("post", "image", "[a, b]", ""):
        path = paper.write("a.md", f"---\ntype: {kind}\n---\n# 题目\n\n文字。\n")
        assert not issue.open(path).is_newspic
    for kind in ("贴图", "newspic", "NewsPic", "图片消息"):
        assert issue.open(paper.write("a.md", f"---\ntype: {kind}\n---\n# 题目\n")).is_newspic


# --- cards ------------------------------------------------------------------------------------------------------------

LETTER = """---
title: 微光（第 3 期）：小设备
source_url: https://letter.example/3
cover: none.png
---

> 导读：本期两条。

## 新闻

- [两家厂商公布语音芯片](https://example.org/a) | 某报<br>摘要：它们把前端放在模拟电路里。
- [二](https://example.org/b)

## 空的一栏

## 图片

![图](1.png "图一")

第一段，**粗体**。

| 甲 | 乙 |
|---|---|
| 1 | 2 |
"""


def deck_of(text: str, **fields: Any) -> Deck:
    """Take an issue apart as a push does."""
    found = parse(text, Path("issue.md"))
    layout = page.compose(found, theme.load("plain"), target=NEWSPIC)
    words = Cover(**read_title(layout.article.title, number=found.number, date=found.date))
    return Deck(words, tuple(newspic.parts_of(layout.root)), found.source_url, **fields)


def test_a_section_begins_with_the_heading_below_it_and_one_without_content_is_left_out() -> None:
    text = "字。\n\n## 读诗\n\n### 旧的一首\n\n诗。\n\n### 空的\n\n## 也空\n\n## 文\n\n文。\n\n## 往期\n"
    assert [lines for _, lines in deck_of(text).parts] == [
        ("字。",), ("读诗",), ("旧的一首",), ("诗。",), ("文",), ("文。",)
    ]  # fmt: skip


def words_on(cards: Sequence[Card]) -> str:
    return "".join("".join(line.text.split()) for card in cards for line in card.lines)


def test_an_issue_is_taken_apart_in_order() -> None:
    assert deck_of(LETTER).parts == (
        ("lead", ("导读：本期两条。",)),
        ("section", ("新闻",)),
        ("item", ("两家厂商公布语音芯片 | 某报", "摘要：它们把前端放在模拟电路里。")),
        ("item", ("二",)),
        ("section", ("图片",)),
        ("picture", ("1.png",)),
        ("caption", ("图一",)),
        ("text", ("第一段，粗体。",)),
        ("text", ("甲 | 乙", "1 | 2")),
    )


@pytest.mark.font
@pytest.mark.parametrize("path", corpus_files()[::20] + sorted((ROOT / "examples/issues").glob("*.md")), ids=str)
def test_every_word_is_on_some_card_within_its_edges(path: Path) -> None:
    deck = deck_of(path.read_text(encoding="utf-8-sig"))
    cards = lay(deck)
    face = typeface(bold=False)
    kept = [part for part in deck.parts if part[0] not in ("section", "picture")]
    wanted = "".join("".join(face.drawable(line).split()) for _, lines in kept for line in lines)
    shown = words_on(
        [replace(each, lines=tuple(x for x in each.lines if x.style not in ("section", "picture"))) for each in cards]
    )
    assert shown == wanted
    for card in cards:
        assert all(line.y >= 196 and line.y + line.size <= 1440 - 96 + 1 for line in card.lines)
        ends = [line.y + line.size for line in card.lines]
        assert all(one <= line.y for one, line in zip(ends, card.lines[1:], strict=False))


def test_a_line_fits_its_column_and_ends_between_words() -> None:
    face = typeface(bold=False)
    text = "把卷积里的乘法换成绝对值距离，Convolution Without Multipliers，单帧延迟从 41 ms 降到 23 ms；" * 3
    lines = broken(text, face, 40, 600)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(face.width(line) * 40 <= 600 for line in lines)
    assert not any(
        re.search(r"[A-Za-z]$", one) and re.match(r"[A-Za-z]", two) and (one.split()[-1] + two.split()[0]) in text
        for one, two in pairwise(lines)
    )
    assert not any(line[0] in "，；。" for line in lines)
    (whole,) = broken("w" * 20, face, 40, 2000)
    assert "".join(broken("w" * 90, face, 40, 600)) == "w" * 90 != whole


@pytest.mark.font
def test_a_heading_never_stands_alone_at_the_end_of_a_card() -> None:
    text = "---\ntitle: 题\n---\n" + "".join(
        f"## 第{n}栏\n\n- 一条" + "很长的话，" * (7 * n % 40) + "\n\n" for n in range(30)
    )
    for card in lay(deck_of(text)):
        assert not card.lines or card.lines[-1].style != "section"


@pytest.mark.font
def test_where_there_would_be_too_many_cards_the_words_become_smaller() -> None:
    one = "- 题目\n摘要：" + "一句不长的话。" * 40 + "\n"
    sizes = {}
    for count in (4, 29):
        cards = lay(deck_of("---\ntitle: 题\n---\n" + one * count))
        assert len(cards) <= NEWSPIC_PICTURES
        sizes[count] = {line.size for card in cards for line in card.lines if line.style == "body"}
    assert sizes[4] == {40}
    assert max(sizes[29]) < 40
    assert len(lay(deck_of("---\ntitle: 题\n---\n" + one * 60))) > NEWSPIC_PICTURES


@pytest.mark.font
def test_a_card_is_drawn_alike_and_knows_what_it_depends_on(tmp_path: Path) -> None:
    deck = deck_of(LETTER)
    cards = lay(deck, {"1.png": (40, 30)})
    assert [bool(each.lines) for each in cards] == [False, *(len(cards) - 2) * [True], False]
    data = picture(tmp_path / "1.png", "#ff0000").read_bytes()
    for card in cards:
        drawn = draw(deck, card, {"1.png": data})
        assert drawn == draw(deck, card, {"1.png": data})
        assert is_ours(drawn)
        with Pillow.open(BytesIO(drawn)) as image:
            assert image.size == (1080, 1440)
            assert ((255, 0, 0) in dict.fromkeys(colour for _, colour in image.getcolors(1 << 21) or ())) == bool(
                card.pictures
            )
    keys = [key(deck, each) for each in cards]
    other = replace(deck, words=replace(deck.words, ground="#166534"))
    assert len({*keys, *(key(other, each) for each in cards)}) == 2 * len(cards)
    assert key(deck, cards[1], "a") != key(deck, cards[1], "b")


@pytest.mark.font
def test_an_ordinary_issue_is_pushed_as_its_cards(paper: Newsletter) -> None:
    picture(paper.root / "1.png", "#ff0000", (400, 300))
    paper.write("a.md", LETTER)
    receipt = paper.push("a.md", as_newspic=True)
    article = StoredArticle(only(paper))
    assert receipt.action == "created"
    assert article.content == "本期两条。\n\n全文：https://letter.example/3"
    assert len(article.pictures) == len(set(article.pictures)) == receipt.uploaded >= 3
    assert paper.push("a.md", as_newspic=True).action == "unchanged"
    picture(paper.root / "1.png", "#00ff00", (400, 300))
    changed = paper.push("a.md", as_newspic=True)
    assert (changed.action, changed.uploaded) == ("updated", 1)


@pytest.mark.font
def test_a_newspic_without_pictures_has_cards_and_keeps_its_text(paper: Newsletter) -> None:
    paper.newspic("a.md", "甲", "一句话。")
    paper.push("a.md")
    article = StoredArticle(only(paper))
    assert (article.content, len(article.pictures)) == ("一句话。", 2)
    paper.newspic("a.md", "甲", "一句话。", "1.png")
    paper.push("a.md", as_newspic=True)
    assert len(StoredArticle(only(paper)).pictures) == 1


@pytest.mark.font
def test_the_command_writes_cards_and_leaves_other_pictures_alone(paper: Newsletter) -> None:
    picture(paper.root / "1.png", "#ff0000")
    path = paper.write("a.md", LETTER)
    folder = paper.root / "a.cards"
    done = CliRunner().invoke(cli, ["cards", str(path)])
    assert done.exit_code == 0, done.output
    names = sorted(each.name for each in folder.iterdir())
    assert names == [f"card-{n:02}.png" for n in range(1, len(names) + 1)]
    paper.write("a.md", "---\ntitle: 短\n---\n一句。\n")
    assert CliRunner().invoke(cli, ["cards", str(path)]).exit_code == 0
    assert len(list(folder.iterdir())) == 2 < len(names)
    picture(folder / "card-02.png")
    done = CliRunner().invoke(cli, ["cards", str(path), "--lang", "en"])
    assert (done.exit_code, "is not a card that wxpub drew" in done.output) == (1, True)
    if Path("/dev/zero").exists():
        (folder / "card-02.png").unlink()
        (folder / "card-02.png").symlink_to("/dev/zero")
        assert CliRunner().invoke(cli, ["cards", str(path)]).exit_code == 1
    folder.rename(folder.with_name("others"))
    folder.symlink_to(paper.root.parent)
    done = CliRunner().invoke(cli, ["cards", str(path), "--lang", "en"])
    assert (done.exit_code, "out of the newsletter's folder" in done.output) == (1, True)


def test_without_a_chinese_font_no_cards_are_drawn(paper: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    path = paper.write("a.md", LETTER)
    monkeypatch.setattr("wxpub.images.cards.typeface", lambda **how: Typeface())
    cards._face.cache_clear()
    with pytest.raises(SourceError, match="no Chinese font"):
        _ = issue.open(path, as_newspic=True).layout
    cards._face.cache_clear()


# --- what is seen -----------------------------------------------------------------------------------------------------


def test_the_preview_shows_nothing_that_a_newspic_has_not(paper: Newsletter) -> None:
    front = "---\ntype: 贴图\nauthor: 甲\ndigest: 摘要\nsource_url: https://a.example/1\ncover: 2.png\n---\n"
    path = paper.issue("a.md", "题", "正文。", "1.png", "2.png")
    path.write_text(front + path.read_text(encoding="utf-8"), encoding="utf-8")
    builder = Builder(path, lambda theme: issue.open(path))
    alone = re.search(r'<script type="application/json" id="state">(.*?)</script>', pages.alone(issue.open(path)).html)
    assert alone is not None
    try:
        view = builder()
        for state in (view.state, json.loads(alone[1])):
            assert [state[name] for name in ("newspic", "author", "digest", "source_url")] == [True, "", "", ""]
            assert not {"author", "digest"} & {each["name"] for each in state["sizes"]["measures"]}
            assert state["coverName"] == "1.png"
        assert view.cover == view.shown["1.png"]
    finally:
        builder.close()


STRIP = """
var pictures = [...document.querySelectorAll("img")].slice(0, 3)
var strip = pictures[0]
while (getComputedStyle(strip).scrollSnapType === "none") strip = strip.parentElement
var middle = (box) => box.left + box.width / 2
var away = () => pictures.map((each) =>
    Math.abs(middle(each.getBoundingClientRect()) - middle(strip.getBoundingClientRect())))
var nearest = () => away().indexOf(Math.min(...away()))
"""


@pytest.mark.browser
@pytest.mark.parametrize("where", ["the page of convert", "the local WeChat"])
def test_its_pictures_are_swiped_one_by_one(chromium: Any, sandbox: Sandbox, paper: Newsletter, where: str) -> None:
    path = paper.newspic("a.md", "甲", "一行<br>另一行。", "1.png", "2.png", "3.png")
    if where == "the local WeChat":
        address = f"{sandbox.url}/frame/draft/{paper.push('a.md').media_id}/0"
    else:
        assert CliRunner().invoke(cli, ["convert", str(path)]).exit_code == 0
        address = path.with_suffix(".html").as_uri()
    tab = chromium.new_page(viewport={"width": 375, "height": 812}, color_scheme="dark")
    tab.goto(address)
    if where == "the page of convert":
        tab.locator("iframe").first.wait_for()
        frame = tab.frames[1]
    else:
        frame = tab.main_frame
    frame.locator("img").nth(2).wait_for()
    seen = []
    for place in (0, 0.4, 0.7, 1.6, 2.2):  # no timer runs where no script may
        frame.evaluate(f"{STRIP}; strip.scrollLeft = {place} * strip.clientWidth")
        tab.wait_for_timeout(700)
        seen.append(frame.evaluate(f"{STRIP}; nearest()"))
    assert seen == [0, 0, 1, 2, 2]
    assert frame.evaluate("document.documentElement.scrollWidth") <= 375
    assert "<script" not in issue.open(path).page().html
    tab.close()
