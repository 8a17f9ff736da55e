"""Pushing: one issue is one draft, whatever happens; always over HTTP, to the sandbox."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml.html import HtmlElement
from pushing import SECRET, Newsletter, picture

from wxpub import conform, drafts
from wxpub.client import Client, StoredArticle
from wxpub.config import Credentials
from wxpub.drafts import job as jobs
from wxpub.drafts.compare import put_mark
from wxpub.drafts.job import stored_fingerprint
from wxpub.drafts.publish import publish, rebuild
from wxpub.errors import ApiError, ConfigError, ConflictError, NetworkError, SourceError, WxpubError
from wxpub.ledger import FILE_NAME, Draft, Ledger, Published, Upload
from wxpub.sandbox import Sandbox

# --- one issue is one draft -------------------------------------------------------------------------------------------


def test_the_first_push_makes_a_draft_with_its_pictures_and_a_cover(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png")
    receipt = paper.push("a.md")
    assert receipt.action == "created"
    assert (receipt.uploaded, receipt.reused) == (2, 0)
    (article,) = paper.drafts()[receipt.media_id]
    assert article["title"] == "第一期"
    assert "https://mmbiz.qpic.cn/" in article["content"]
    assert article["thumb_media_id"]
    assert (article["pic_crop_235_1"], article["pic_crop_1_1"]) == ("0_0_1_1", "0.286667_0_0.712222_1")
    assert not receipt.findings


def test_the_second_push_sends_nothing_but_the_look_whether_the_draft_is_there(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png")
    first = paper.push("a.md")
    before = len(paper.box.calls())
    second = paper.push("a.md")
    assert (second.action, second.media_id) == ("unchanged", first.media_id)
    assert [each.path for each in paper.box.calls()[before:]] == ["/cgi-bin/stable_token", "/cgi-bin/draft/get"]


def test_a_changed_issue_updates_its_draft_and_uploads_only_new_pictures(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png")
    first = paper.push("a.md")
    paper.issue("a.md", "第一期", "改过的正文。", "1.png", "2.png")
    second = paper.push("a.md")
    assert (second.action, second.media_id, second.uploaded) == ("updated", first.media_id, 1)
    assert "改过的正文" in paper.drafts()[first.media_id][0]["content"]


def test_a_draft_that_is_gone_is_made_anew_and_the_reason_is_told(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期")
    first = paper.push("a.md")
    paper.box.delete_draft(first.media_id)
    second = paper.push("a.md")
    assert second.action == "created"
    assert "gone" in second.reason
    assert list(paper.drafts()) == [second.media_id]


def test_new_makes_a_second_draft_and_leaves_the_first(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期")
    first = paper.push("a.md")
    second = paper.push("a.md", new=True)
    assert set(paper.drafts()) == {first.media_id, second.media_id}
    assert paper.push("a.md").media_id == second.media_id


def test_a_lost_ledger_does_not_make_a_second_draft(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期")
    first = paper.push("a.md")
    (paper.root / FILE_NAME).unlink()
    second = paper.push("a.md")
    assert second.media_id == first.media_id
    assert len(paper.drafts()) == 1


def test_a_lost_ledger_does_not_tear_an_article_out_of_its_draft(paper: Newsletter) -> None:
    names = three(paper)
    first = paper.push(*names)
    (paper.root / FILE_NAME).unlink()
    second = paper.push("b.md")
    assert (second.action, second.media_id, second.articles[0].index) == ("updated", first.media_id, 1)
    (paper.root / FILE_NAME).unlink()
    assert paper.push(*names).media_id == first.media_id
    assert len(paper.drafts()) == 1


def test_a_renamed_file_keeps_its_draft(paper: Newsletter) -> None:
    paper.issue("draft.md", "第一期")
    first = paper.push("draft.md")
    (paper.root / "draft.md").rename(paper.root / "2026-11-20.md")
    second = paper.push("2026-11-20.md")
    assert (second.action, second.media_id) == ("updated", first.media_id)
    assert list(paper.ledger().of_account(Draft, paper.account.appid)) == ["2026-11-20.md"]
    assert paper.push("2026-11-20.md").action == "unchanged"


@pytest.mark.parametrize("fault", [("errcode", 40066), ("errcode", 48001), ("status", 404), ("status", 403)])
def test_a_box_that_cannot_be_looked_through_stops_the_first_push_until_it_is_said_that_none_is_there(
    paper: Newsletter, sandbox: Sandbox, fault: tuple[str, int]
) -> None:
    paper.issue("a.md", "第一期")
    sandbox.fail(*fault, endpoint="/cgi-bin/draft/batchget")
    with pytest.raises(ConfigError, match="cannot be looked through"):
        paper.push("a.md")
    assert not paper.drafts()
    assert paper.push("a.md", new=True).action == "created"
    assert paper.push("a.md").action == "unchanged"


def test_an_issue_that_was_published_gets_a_new_draft_only_with_other_words_or_if_asked(paper: Newsletter) -> None:
    paper.box.set_profile(kind="verified")
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    account = paper.account.appid
    urls = publish(Client(paper.account), paper.ledger(), account, "a.md", lambda seconds: paper.box.move_clock(5))
    receipt = paper.push("a.md")
    assert (receipt.action, receipt.url) == ("published", urls["a.md"])
    assert not paper.drafts()
    paper.issue("a.md", "第一期", "更正。")
    receipt = paper.push("a.md")
    assert receipt.action == "created"
    assert urls["a.md"] in receipt.reason
    paper.issue("a.md", "第一期")
    assert paper.push("a.md").action == "updated"


def test_an_issue_of_the_same_name_in_another_project_is_not_taken_for_this_one(
    paper: Newsletter, sandbox: Sandbox, tmp_path: Path
) -> None:
    paper.issue("a.md", "第一期")
    first = paper.push("a.md")
    other = Newsletter(tmp_path / "other", paper.account, paper.box)
    other.issue("a.md", "另一份")
    assert other.push("a.md").media_id != first.media_id


def test_two_accounts_share_no_media_ids(paper: Newsletter, sandbox: Sandbox) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png")
    paper.push("a.md")
    sandbox.add_account("wxother", SECRET)
    other = Newsletter(paper.root, Credentials("o", "wxother", SECRET, sandbox.url), sandbox.account("wxother"))
    assert other.push("a.md").uploaded == 2
    assert (len(paper.drafts()), len(other.drafts())) == (1, 1)
    assert paper.push("a.md").action == other.push("a.md").action == "unchanged"


# --- several articles -------------------------------------------------------------------------------------------------


def three(paper: Newsletter) -> tuple[str, ...]:
    for name, title in (("a.md", "甲"), ("b.md", "乙"), ("c.md", "丙")):
        paper.issue(name, title)
    return "a.md", "b.md", "c.md"


def test_several_files_become_one_draft_and_each_is_updated_in_its_place(paper: Newsletter) -> None:
    names = three(paper)
    first = paper.push(*names)
    paper.issue("b.md", "乙", "改过。")
    before = paper.acted("draft/update")
    second = paper.push(*names)
    assert [each.changed for each in second.articles] == [False, True, False]
    assert paper.acted("draft/update") - before == 1
    assert [each["title"] for each in paper.drafts()[first.media_id]] == ["甲", "乙", "丙"]


def test_one_of_several_pushed_alone_is_updated_in_the_common_draft(paper: Newsletter) -> None:
    names = three(paper)
    first = paper.push(*names)
    paper.issue("c.md", "丙", "改过。")
    second = paper.push("c.md")
    assert (second.media_id, second.articles[0].index) == (first.media_id, 2)
    assert "改过" in paper.drafts()[first.media_id][2]["content"]
    assert paper.push(*names).action == "unchanged"


@pytest.mark.parametrize(("before", "after"), [(1, 3), (2, 3), (3, 2)])
def test_another_number_of_articles_takes_the_place_of_the_old_draft(
    paper: Newsletter, before: int, after: int
) -> None:
    names = three(paper)
    first = paper.push(*names[:before])
    second = paper.push(*names[:after])
    assert second.media_id != first.media_id
    assert list(paper.drafts()) == [second.media_id]


def test_a_replaced_draft_that_was_edited_stays(paper: Newsletter) -> None:
    names = three(paper)
    first = paper.push(*names[:2])
    paper.edit(first.media_id, ("正文", "手改的正文"))
    paper.push(*names)
    assert first.media_id in paper.drafts()


def test_a_draft_that_holds_an_issue_which_is_not_pushed_stays(paper: Newsletter) -> None:
    names = three(paper)
    first = paper.push(*names[:2])
    paper.push(*names[1:])
    assert first.media_id in paper.drafts()


def test_nine_articles_and_one_twice_are_refused(paper: Newsletter) -> None:
    for number in range(9):
        paper.issue(f"{number}.md", f"第{number}篇")
    with pytest.raises(SourceError, match="9 files"):
        paper.push(*(f"{number}.md" for number in range(9)))
    with pytest.raises(SourceError, match="twice"):
        paper.push("1.md", "1.md")
    assert not paper.drafts()


# --- edited elsewhere -------------------------------------------------------------------------------------------------


def test_what_was_edited_in_the_web_editor_is_not_overwritten_but_shown(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "原来的正文。")
    receipt = paper.push("a.md")
    paper.edit(receipt.media_id, ("原来", "手改"))
    with pytest.raises(WxpubError) as refusal:
        paper.push("a.md")
    assert "edited in the web editor" in str(refusal.value)
    assert "- 手改的正文。" in str(refusal.value)
    assert "+ 原来的正文。" in str(refusal.value)
    assert "手改" in paper.drafts()[receipt.media_id][0]["content"]


def test_a_change_of_form_alone_is_not_overwritten_either(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "原来的正文。")
    receipt = paper.push("a.md")
    paper.edit(receipt.media_id, ("原来", "<strong>原来</strong>"))
    with pytest.raises(WxpubError, match="the words are the same"):
        paper.push("a.md")


def test_what_wechat_changes_by_itself_is_no_edit() -> None:
    stored = {
        "title": "题",
        "content": '<p style="color:red"><img data-src="https://mmbiz.qpic.cn/x/640?from=appmsg">字</p>',
    }
    later = '<p style="color: red;" data-a="1"><img class="rich_pages" data-src="http://mmbiz.qpic.cn/x/0?wx_fmt=png"/>字</p>'
    changed = {**stored, "content": later, "update_time": 1, "url": "x"}
    assert stored_fingerprint(StoredArticle(stored)) == stored_fingerprint(StoredArticle(changed))


def test_force_overwrites_what_was_edited(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "原来的正文。")
    receipt = paper.push("a.md")
    paper.edit(receipt.media_id, ("原来", "手改"))
    assert paper.push("a.md", force=True).action == "updated"
    assert "原来的正文" in paper.drafts()[receipt.media_id][0]["content"]
    assert paper.push("a.md").action == "unchanged"


def test_a_colleagues_newer_push_is_not_overwritten(paper: Newsletter, tmp_path: Path) -> None:
    paper.issue("a.md", "第一期", "原来的正文。")
    paper.push("a.md")
    colleague = Newsletter(tmp_path / "clone", paper.account, paper.box)
    colleague.root.mkdir()
    (colleague.root / FILE_NAME).write_bytes((paper.root / FILE_NAME).read_bytes())
    colleague.issue("a.md", "第一期", "同事改的正文。")
    colleague.push("a.md")
    with pytest.raises(WxpubError, match="another copy of this project"):
        paper.push("a.md")


def test_a_lost_ledger_does_not_lose_what_was_edited(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "原来的正文。")
    receipt = paper.push("a.md")
    paper.edit(receipt.media_id, ("原来", "手改"))
    (paper.root / FILE_NAME).unlink()
    with pytest.raises(WxpubError, match="edited in the web editor"):
        paper.push("a.md")


# --- nothing is sent before everything is known to be right -----------------------------------------------------------


def test_a_bad_image_stops_before_any_upload(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png")
    (paper.root / "bad.png").write_bytes(b"no picture")
    with (paper.root / "a.md").open("a", encoding="utf-8") as file:
        file.write("\n![](bad.png)\n\n![](missing.png)\n")
    job = paper.job("a.md")
    assert [each.line for each in job.findings if each.severity == "error"] == [7, 9]
    before = len(paper.box.calls())
    with pytest.raises(SourceError, match="2 errors"):
        drafts.push(job)
    assert len(paper.box.calls()) == before


@pytest.mark.parametrize("force", [False, True])
def test_an_article_that_does_not_show_all_that_was_written_is_not_sent(
    paper: Newsletter, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    def without_its_second_line(root: HtmlElement, *rest: Any, **named: Any) -> None:
        whole(root, *rest, **named)
        root.xpath(".//p[.='第二段。']")[0].drop_tree()

    whole = conform.sanitise.sanitise
    monkeypatch.setattr(conform.sanitise, "sanitise", without_its_second_line)
    paper.write("a.md", "# 第一期\n\n第一段。\n\n第二段。\n")
    job = paper.job("a.md", force=force)
    assert [(each.rule, each.line) for each in job.findings if each.severity == "error"] == [("content-lost", 5)]
    before = len(paper.box.calls())
    with pytest.raises(SourceError, match="1 error"):
        drafts.push(job)
    assert len(paper.box.calls()) == before


def test_a_picture_that_cannot_be_reached_stops_a_push_unless_it_is_skipped(paper: Newsletter) -> None:
    paper.write("a.md", "# 第一期\n\n![图](http://127.0.0.1:1/a.png)\n")
    reach = {"allow_private": True}
    with pytest.raises(SourceError, match="1 error"):
        paper.push("a.md", terms=reach)
    job = paper.job("a.md", terms={**reach, "skip_unreachable": True})
    assert [each.severity for each in job.findings if each.rule == "image-skipped"] == ["warning"]
    receipt = drafts.push(job)
    assert paper.drafts()[receipt.media_id][0]["content"].count("data-src=") == 1


def test_readers_who_are_sent_to_a_missing_link_stop_a_push_but_no_rehearsal(paper: Newsletter) -> None:
    paper.write("a.md", "# 第一期\n\n打不开的链接，可以点文末的【阅读原文】。\n")
    with pytest.raises(SourceError, match="1 error"):
        paper.push("a.md")
    assert paper.push("a.md", terms={"rehearsal": True}).action == "created"


def test_a_dry_run_changes_nothing(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png")
    todo = drafts.plan(paper.job("a.md"))
    assert (todo.action, len(todo.uploads)) == ("create", 2)
    assert not paper.drafts()
    assert not (paper.root / FILE_NAME).exists()


def test_what_wechat_dropped_is_told(paper: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        jobs,
        "put_mark",
        lambda html, mark: put_mark(html, mark).replace(
            "</section>", '<form>x</form><p style="top:1px;position:fixed">y</p></section>', 1
        ),
    )
    paper.issue("a.md", "第一期")
    messages = [each.message for each in paper.push("a.md").findings]
    assert any("tag form" in each for each in messages)
    assert any("style position" in each for each in messages)


def test_a_refused_picture_is_named_with_its_place(paper: Newsletter, sandbox: Sandbox) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png", "2.png")
    sandbox.fail("errcode", 40137, endpoint="/cgi-bin/media/uploadimg", times=2)
    with pytest.raises(ApiError, match=r"a\.md:[57]: image [12]\.png: media/uploadimg: 40137 "):
        paper.push("a.md")
    paper.issue("b.md", "第二期")
    sandbox.fail("errcode", 40137, endpoint="/cgi-bin/material/add_material")
    with pytest.raises(ApiError, match=r"b\.md: cover cover\.png: material/add_material: 40137 "):
        paper.push("b.md")


def test_a_refused_article_is_named_where_a_draft_has_several(paper: Newsletter, sandbox: Sandbox) -> None:
    for name, title in (("a.md", "甲"), ("b.md", "乙")):
        paper.issue(name, title)
    sandbox.fail("errcode", 45166, endpoint="/cgi-bin/draft/add")
    with pytest.raises(ApiError, match=r"^in one of 《甲》, 《乙》: draft/add: 45166 "):
        paper.push("a.md", "b.md")
    paper.push("a.md", "b.md")
    paper.issue("b.md", "乙", "改过。")
    sandbox.fail("errcode", 87014, endpoint="/cgi-bin/draft/update")
    with pytest.raises(ApiError, match=r"^《乙》: draft/update: 87014 "):
        paper.push("a.md", "b.md")
    paper.issue("c.md", "丙")
    sandbox.fail("errcode", 45166, endpoint="/cgi-bin/draft/add")
    with pytest.raises(ApiError, match=r"^draft/add: 45166 "):
        paper.push("c.md")


# --- faults -----------------------------------------------------------------------------------------------------------


def test_a_token_that_is_revoked_in_mid_push_is_renewed_once(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png", "2.png")
    job = paper.job("a.md")
    revoked = threading.Event()

    def tick(now: int, of: int) -> None:
        if now and not revoked.is_set():  # once: a request that is sent again at a second time would be refused twice
            revoked.set()
            paper.box.revoke_tokens()

    receipt = drafts.push(replace(job, tick=tick))
    assert revoked.is_set()
    assert receipt.action == "created"
    assert len(paper.drafts()) == 1


def test_a_quota_that_ends_in_mid_push_keeps_what_was_done(paper: Newsletter, sandbox: Sandbox) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png", "2.png")
    paper.box.set_quota_left("/cgi-bin/draft/add", 0)
    with pytest.raises(ApiError, match="45009") as refusal:
        paper.push("a.md")
    assert "midnight in Beijing" in refusal.value.hint
    assert not paper.drafts()
    paper.box.set_quota_left("/cgi-bin/draft/add", 10)
    receipt = paper.push("a.md")
    assert (receipt.uploaded, receipt.reused) == (0, 3)


@pytest.mark.parametrize("seconds", [-86_400, 86_400 * 400])
def test_a_clock_that_jumps_does_no_harm(paper: Newsletter, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + seconds)
    assert paper.push("a.md").action == "unchanged"
    paper.issue("a.md", "第一期", "改过。")
    assert paper.push("a.md").action == "updated"


def test_a_draft_that_wechat_made_late_after_all_is_found_and_deleted(paper: Newsletter, sandbox: Sandbox) -> None:
    paper.issue("a.md", "第一期")
    sandbox.fail("cut-while", 1.5, endpoint="/cgi-bin/draft/add")
    receipt = paper.push("a.md")
    deadline = time.monotonic() + 20
    while len(paper.drafts()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(paper.drafts()) == 2
    assert paper.push("a.md").media_id == receipt.media_id
    assert list(paper.drafts()) == [receipt.media_id]


def test_a_cover_that_was_deleted_from_the_material_is_uploaded_again(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期")
    receipt = paper.push("a.md")
    cover = paper.drafts()[receipt.media_id][0]["thumb_media_id"]
    paper.box.delete_draft(receipt.media_id)
    Client(paper.account).delete_material(cover)
    assert paper.push("a.md").action == "created"
    assert len(paper.drafts()) == 1


def test_a_cover_that_wechat_does_not_know_yet_is_waited_for(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期")
    paper.box.set_profile(propagation=0.2)
    assert paper.push("a.md", pause=lambda seconds: time.sleep(0.2)).action == "created"


def test_a_full_disk_at_any_write_of_the_ledger_loses_nothing(
    paper: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import os

    from wxpub.drafts import send

    monkeypatch.setattr(send, "UPLOADERS", 1)
    real = os.fsync
    place = 0
    while True:
        name = f"{place}.md"
        paper.issue(name, f"第{place}期", "正文。", f"{place}.png")
        writes = 0

        def full(handle: int, at: int = place * 2) -> None:
            nonlocal writes
            writes += 1
            if writes > at:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            real(handle)

        monkeypatch.setattr(os, "fsync", full)
        try:
            paper.push(name)
        except ConfigError as error:
            assert "No space left" in str(error)
            assert "run again" in str(error)
        else:
            break
        finally:
            monkeypatch.setattr(os, "fsync", real)
        assert paper.push(name).action in ("created", "updated", "unchanged")
        place += 1
    assert place >= 4
    assert len(paper.drafts()) == place + 1


# --- at the same time -------------------------------------------------------------------------------------------------


def test_two_pushes_at_once_of_one_issue_make_one_draft(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png")
    start = threading.Barrier(4)

    def one(_: int) -> str:
        job = paper.job("a.md")
        start.wait()
        return drafts.push(job).action

    with ThreadPoolExecutor(4) as pool:
        actions = sorted(pool.map(one, range(4)))
    assert actions == ["created", "unchanged", "unchanged", "unchanged"]
    assert len(paper.drafts()) == 1
    assert paper.acted("media/uploadimg") == 1


def test_pushes_at_once_of_ten_issues_make_ten_drafts(paper: Newsletter) -> None:
    for number in range(10):
        paper.issue(f"{number}.md", f"第{number}期", "正文。", "shared.png")
    with ThreadPoolExecutor(10) as pool:
        receipts = list(pool.map(lambda number: paper.push(f"{number}.md"), range(10)))
    assert {each.action for each in receipts} == {"created"}
    assert len(paper.drafts()) == 10
    assert paper.acted("media/uploadimg") == 1
    assert len(paper.ledger().facts(Draft)) == 10


# --- publishing, and the ledger from the account ----------------------------------------------------------------------


def test_publishing_records_the_permalink_and_a_second_time_changes_nothing(paper: Newsletter) -> None:
    paper.box.set_profile(kind="verified")
    names = three(paper)
    paper.push(*names)
    account = paper.account.appid
    urls = publish(Client(paper.account), paper.ledger(), account, "b.md", lambda seconds: paper.box.move_clock(5))
    assert sorted(urls) == list(names)
    assert not paper.drafts()
    assert publish(Client(paper.account), paper.ledger(), account, "b.md", time.sleep) == {"b.md": urls["b.md"]}
    assert paper.acted("freepublish/submit") == 1
    assert paper.ledger().of_account(Published, account)["a.md"].url == urls["a.md"]


@pytest.mark.parametrize("kind", ["cut-before", "cut-after"])
def test_publishing_that_is_cut_off_is_never_done_twice(paper: Newsletter, sandbox: Sandbox, kind: str) -> None:
    paper.box.set_profile(kind="verified")
    paper.issue("a.md", "第一期")
    paper.push("a.md")

    def go(**options: bool) -> dict[str, str]:
        account = paper.account
        it = Client(account, pause=lambda seconds: None)
        return publish(it, paper.ledger(), account.appid, "a.md", lambda seconds: paper.box.move_clock(5), **options)

    sandbox.fail(kind, endpoint="/cgi-bin/freepublish/submit")
    with pytest.raises(NetworkError, match="run the same command in a minute"):
        go()
    if kind == "cut-before":  # nothing was published, and nobody can know that but who looks
        with pytest.raises(ConflictError, match="--again"):
            go()
        assert paper.acted("freepublish/submit") == 0
    paper.box.move_clock(60)
    urls = go(again=kind == "cut-before")
    assert urls["a.md"].startswith("https://mp.weixin.qq.com/s/")
    assert paper.acted("freepublish/submit") == 1
    assert paper.ledger().of_account(Published, paper.account.appid)["a.md"].url == urls["a.md"]


def test_what_was_published_by_hand_is_recorded_by_the_next_push(paper: Newsletter) -> None:
    paper.box.set_profile(kind="verified")
    paper.issue("a.md", "第一期")
    urls = paper.box.publish(paper.push("a.md").media_id)
    paper.box.move_clock(60)
    receipt = paper.push("a.md")
    assert (receipt.action, receipt.url) == ("published", urls[0])
    assert paper.ledger().of_account(Published, paper.account.appid)["a.md"].url == urls[0]


def test_a_rebuilt_ledger_knows_drafts_and_published_issues(paper: Newsletter) -> None:
    paper.box.set_profile(kind="verified")
    three(paper)
    first = paper.push("a.md", "b.md")
    paper.push("c.md")
    account = paper.account.appid
    publish(Client(paper.account), paper.ledger(), account, "c.md", lambda seconds: paper.box.move_clock(5))
    path = paper.root / FILE_NAME
    path.write_text("damaged", encoding="utf-8")
    with pytest.raises(ConfigError, match="damaged"):
        paper.push("a.md", "b.md")
    _, found = rebuild(Client(paper.account), path, account, paper.root)
    assert sorted(found) == ["draft: a.md", "draft: b.md", "published: c.md"]
    assert [each.read_text() for each in paper.root.glob("*.old.json")] == ["damaged"]
    assert paper.push("a.md", "b.md").media_id == first.media_id


# --- what is left behind ----------------------------------------------------------------------------------------------


def test_the_ledger_holds_no_secret_and_one_fact_a_line(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "正文。", "1.png")
    paper.push("a.md")
    text = (paper.root / FILE_NAME).read_text(encoding="utf-8")
    assert SECRET not in text
    lines = text.splitlines()
    assert len(lines) == 3 + 2 + 2  # frame, two pictures, one draft … and the end
    assert lines[2:-2] == sorted(lines[2:-2])
    assert json.loads(text)


def test_an_animated_picture_goes_the_way_of_permanent_material(paper: Newsletter) -> None:
    from PIL import Image as Pillow

    frames = [Pillow.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(paper.root / "1.gif", save_all=True, append_images=frames[1:], duration=100)
    paper.write("a.md", "# 第一期\n\n![](1.gif)\n")
    receipt = paper.push("a.md")
    assert paper.acted("media/uploadimg") == 0
    assert "mmbiz_gif" in paper.drafts()[receipt.media_id][0]["content"]
    uploads: dict[str, Any] = paper.ledger().of_account(Upload, paper.account.appid)
    assert all(each.media_id for each in uploads.values())


def test_a_named_cover_is_used(paper: Newsletter) -> None:
    picture(paper.root / "cover.jpg", size=(1000, 1000))
    paper.write("a.md", "---\ncover: cover.jpg\n---\n# 第一期\n\n正文。\n")
    receipt = paper.push("a.md")
    assert receipt.uploaded == 1
    (article,) = paper.drafts()[receipt.media_id]
    assert (article["pic_crop_235_1"], article["pic_crop_1_1"]) == ("0_0.287_1_0.713", "0_0_1_1")
    picture(paper.root / "cover.jpg", "#ff0000", size=(900, 383))
    assert paper.push("a.md").action == "updated"


def test_a_drawn_cover_is_sent_anew_when_its_picture_changes(paper: Newsletter) -> None:
    picture(paper.root / "bg.png", size=(900, 383))
    paper.write("a.md", "---\ncover_picture: bg.png\ncover_design: grid\n---\n# 第一期\n\n正文。\n")
    assert (paper.push("a.md").uploaded, paper.push("a.md").action) == (1, "unchanged")
    picture(paper.root / "bg.png", "#ff0000", size=(900, 383))
    assert paper.push("a.md").uploaded == 1


def test_a_cover_that_cannot_be_drawn_is_one_error(paper: Newsletter) -> None:
    paper.write("a.md", "---\ncover_design: mosiac\n---\n# 第一期\n\n正文。\n")
    errors = [(each.message, each.fix) for each in paper.job("a.md").findings if each.severity == "error"]
    assert errors == [("cover: no cover design 'mosiac'", "did you mean mosaic?")]


def test_the_ledger_class_opens_what_push_wrote(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    assert Ledger(paper.root / FILE_NAME).of_account(Draft, paper.account.appid)["a.md"].of == 1
