"""贴图: an issue as pictures and a plain text, through the push of an article; over HTTP, to the sandbox."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, corpus_files
from pushing import Newsletter, newsletter, picture

from wxpub import issue, page, theme
from wxpub.article import parse
from wxpub.checks import check
from wxpub.client import Client, StoredArticle
from wxpub.drafts.compare import lines
from wxpub.drafts.publish import publish, rebuild
from wxpub.errors import ConflictError, SourceError
from wxpub.issue import Opener
from wxpub.ledger import FILE_NAME, Draft, Published
from wxpub.limits import NEWSPIC_CHARS, NEWSPIC_PICTURES
from wxpub.sandbox import Sandbox, serve
from wxpub.target import NEWSPIC


@pytest.fixture(scope="module")
def wechat() -> Iterator[Sandbox]:
    with serve() as sandbox:
        yield sandbox


@pytest.fixture
def paper(wechat: Sandbox, tmp_path: Path) -> Iterator[Newsletter]:
    yield newsletter(wechat, tmp_path / "paper")
    wechat.clear_faults()


def only(paper: Newsletter) -> dict[str, Any]:
    """Give the one article of the one draft in the box."""
    ((article,),) = paper.drafts().values()
    return article


def edit(paper: Newsletter, media_id: str, **fields: object) -> None:
    """Change a 贴图 as somebody does in the web editor."""
    article = dict(Client(paper.account).get_draft(media_id)[0].fields)
    for key in ("url", "thumb_url", "is_deleted", "show_cover_pic"):
        article.pop(key, None)
    Client(paper.account).update_draft(media_id, 0, {**article, **fields})


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


@pytest.mark.parametrize("path", corpus_files()[::4] + sorted((ROOT / "examples/issues").glob("*.md")), ids=str)
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
    edit(paper, receipt.media_id, **change)
    paper.newspic("a.md", "甲", "第二稿。", "1.png")
    with pytest.raises(ConflictError, match="edited in the web editor"):
        paper.push("a.md")
    assert change.items() <= only(paper).items()
    assert paper.push("a.md", force=True).action == "updated"
    assert only(paper)["content"] == "第二稿。"


def test_pictures_that_somebody_reordered_are_not_overwritten(paper: Newsletter) -> None:
    paper.newspic("a.md", "甲", "第一稿。", "1.png", "2.png")
    receipt = paper.push("a.md")
    edit(paper, receipt.media_id, image_info={"image_list": only(paper)["image_info"]["image_list"][::-1]})
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
    git = ["git", "-C", str(paper.root), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q"], ["add", "a.md"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    (paper.root / FILE_NAME).unlink()
    paper.newspic("a.md", "甲", "第二稿。", "1.png")
    assert paper.push("a.md").media_id == first.media_id
    edit(paper, first.media_id, content="别人的话。")
    (paper.root / FILE_NAME).unlink()
    with pytest.raises(ConflictError, match="does not know"):
        paper.push("a.md")


def test_a_copy_that_wechat_made_late_is_found_and_deleted(paper: Newsletter, wechat: Sandbox) -> None:
    paper.newspic("a.md", "甲", "第一稿。", "1.png")
    wechat.fail("cut-while", 1.5, endpoint="/cgi-bin/draft/add")
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


def test_what_wechat_refuses_is_found_before(paper: Newsletter) -> None:
    for number in range(NEWSPIC_PICTURES + 1):
        picture(paper.root / f"{number}.png", f"#0000{number:02x}")
    shown = "".join(f"![图]({number}.png)\n\n" for number in range(NEWSPIC_PICTURES))
    assert found(paper, "文字。\n") == [(2, "newspic-no-picture")]
    assert found(paper, shown) == []
    assert found(paper, f"{shown}![图](20.png)\n") == [(45, "newspic-pictures")]
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
