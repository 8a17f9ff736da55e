"""What becomes public, whose drafts are whose, and what is said of the outcome: docs/push.md beyond a push cut off.

Always over HTTP, to the local WeChat, whose quirks play what nobody has tried on a live account.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pushing import Newsletter, no_pause

from wxpub import drafts
from wxpub.client import Client
from wxpub.drafts.publish import publish, rebuild
from wxpub.errors import ConflictError, NetworkError, WxpubError
from wxpub.ledger import FILE_NAME, Draft, Published, Publishing
from wxpub.sandbox import Sandbox

LEAVES = ("submit", "done", "never")  # when a published draft leaves the draft box: nobody knows
leaving = pytest.mark.parametrize("leaves", LEAVES)


@pytest.fixture
def paper(paper: Newsletter) -> Newsletter:
    paper.box.set_profile(kind="verified")
    return paper


def release(paper: Newsletter, name: str, **options: Any) -> dict[str, str]:
    """Publish as the command does, waiting for nothing but the account's clock."""
    client = Client(paper.account, pause=no_pause)
    job = paper.job(name)
    wait = lambda seconds: paper.box.move_clock(seconds)  # noqa: E731
    ledger, account = paper.ledger(), paper.account.appid
    return publish(client, ledger, account, job.names[0], wait, text=job.articles[0].text, **options)


def clone(paper: Newsletter, folder: Path, *, ledger: bool = False) -> Newsletter:
    """Check the newsletter out a second time."""
    other = Newsletter(folder, paper.account, paper.box)
    for path in paper.root.rglob("*"):
        if path.is_file() and (ledger or path.name != FILE_NAME):
            place = folder / path.relative_to(paper.root)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    return other


def submitted(paper: Newsletter) -> int:
    return paper.acted("freepublish/submit")


def texts(paper: Newsletter) -> list[str]:
    return [each["content"] for articles in paper.drafts().values() for each in articles]


# --- published once ---------------------------------------------------------------------------------------------------


@leaving
def test_the_same_commands_once_more_publish_nothing_a_second_time(paper: Newsletter, leaves: str) -> None:
    paper.box.set_profile(draft_leaves=leaves)
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    urls = release(paper, "a.md")
    assert paper.push("a.md").action == "published"
    assert release(paper, "a.md") == urls
    assert submitted(paper) == 1


@leaving
def test_a_fresh_checkout_publishes_nothing_a_second_time(paper: Newsletter, tmp_path: Path, leaves: str) -> None:
    paper.box.set_profile(draft_leaves=leaves)
    paper.issue("a.md", "第一期")
    other = clone(paper, tmp_path / "ci")
    paper.push("a.md")
    urls = release(paper, "a.md")
    receipt = other.push("a.md")
    if receipt.action != "published":  # the draft that never leaves is found first
        assert receipt.action in ("updated", "unchanged")
    assert release(other, "a.md") == urls
    assert submitted(paper) == 1


@leaving
@pytest.mark.parametrize("seconds", [0, 1, 600])
def test_an_unanswered_submit_is_looked_for_and_never_sent_again(
    paper: Newsletter, sandbox: Sandbox, leaves: str, seconds: float
) -> None:
    paper.box.set_profile(draft_leaves=leaves, publish_seconds=30)
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    sandbox.fail("cut-after", endpoint="/cgi-bin/freepublish/submit")
    with pytest.raises(NetworkError, match="is not known"):
        release(paper, "a.md")
    paper.box.move_clock(seconds)
    for _ in range(3):
        try:
            assert release(paper, "a.md")["a.md"].startswith("https://mp.weixin.qq.com/s/")
        except ConflictError as error:  # noqa: PERF203  three looks
            assert seconds < 30
            assert "发表记录" in str(error)
            with pytest.raises(ConflictError, match="is being published"):
                paper.push("a.md")
            with pytest.raises(ConflictError, match="is being published"):
                paper.push("a.md", new=True)
    assert submitted(paper) == 1
    paper.box.move_clock(600)
    assert release(paper, "a.md")["a.md"]
    assert submitted(paper) == 1


def test_what_a_person_published_is_not_pushed_again_unasked(paper: Newsletter) -> None:
    issue = paper.issue("a.md", "第一期")
    ledger, account = paper.ledger(), paper.account.appid
    with ledger.locked():
        ledger.record(account, {"a.md": Published("https://mp.weixin.qq.com/s/AbCdEf")})  # as `wxpub index add` does
    for _ in range(2):
        with pytest.raises(ConflictError, match=r"was published: https://mp\.weixin\.qq\.com/s/AbCdEf"):
            paper.push("a.md")
        issue.write_text(issue.read_text(encoding="utf-8") + "\n更正。\n", encoding="utf-8")
    assert paper.drafts() == {}
    assert paper.push("a.md", new=True).action == "created"


@leaving
def test_a_command_killed_between_submit_and_its_answer_is_taken_up(
    paper: Newsletter, monkeypatch: pytest.MonkeyPatch, leaves: str
) -> None:
    paper.box.set_profile(draft_leaves=leaves)
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    submit = Client.publish

    def killed(self: Client, media_id: str) -> str:
        submit(self, media_id)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Client, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            release(paper, "a.md")
    paper.box.move_clock(600)
    assert release(paper, "a.md")["a.md"]
    assert submitted(paper) == 1


def test_an_account_that_may_not_list_stops_and_asks_after_an_unanswered_submit(
    paper: Newsletter, sandbox: Sandbox
) -> None:
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    sandbox.fail("cut-after", endpoint="/cgi-bin/freepublish/submit")
    with pytest.raises(NetworkError):
        release(paper, "a.md")
    paper.box.move_clock(600)
    sandbox.fail("errcode", 48001, endpoint="/cgi-bin/freepublish/batchget")
    with pytest.raises(ConflictError, match="index add"):
        release(paper, "a.md")
    assert submitted(paper) == 1


def test_again_publishes_what_was_published_before(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    first = release(paper, "a.md")
    paper.issue("a.md", "第一期", "更正。")
    paper.push("a.md")
    with pytest.raises(ConflictError, match="--again"):
        release(paper, "a.md")
    assert release(paper, "a.md", again=True) != first
    assert submitted(paper) == 2


def test_a_publication_that_failed_can_be_taken_up_again(paper: Newsletter) -> None:
    paper.box.set_profile(publish_status=4)
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    with pytest.raises(WxpubError, match="moderation"):
        release(paper, "a.md")
    assert not paper.ledger().facts(Publishing)
    paper.box.set_profile(publish_status=0)
    assert release(paper, "a.md")["a.md"]


# --- the right issue --------------------------------------------------------------------------------------------------


def test_an_issue_whose_draft_was_never_made_does_not_publish_another_one(paper: Newsletter, sandbox: Sandbox) -> None:
    paper.issue("a.md", "甲")
    paper.issue("b.md", "乙")
    for _ in range(2):
        sandbox.fail("cut-before", endpoint="/cgi-bin/draft/add", times=1)
    with pytest.raises(NetworkError):
        paper.push("a.md", "b.md")
    assert paper.push("a.md").action == "created"
    with pytest.raises(WxpubError, match=r"b\.md has no draft"):
        release(paper, "b.md")
    assert submitted(paper) == 0


def test_permalinks_go_by_the_places_that_wechat_names(paper: Newsletter) -> None:
    paper.issue("a.md", "甲")
    paper.issue("b.md", "乙")
    paper.push("a.md", "b.md")
    (paper.root / FILE_NAME).unlink()
    paper.push("b.md")
    urls = release(paper, "b.md")
    published = {each["title"]: each["url"] for item in Client(paper.account).publications() for each in
                 (article.fields for article in item.articles)}  # fmt: skip
    assert urls == {"b.md": published["乙"]}


def test_permalinks_go_by_their_places_where_one_article_is_gone_already(paper: Newsletter) -> None:
    paper.issue("a.md", "甲")
    paper.issue("b.md", "乙")
    paper.push("a.md", "b.md")
    paper.box.set_profile(publish_seconds=30)
    client = Client(paper.account, pause=no_pause)

    def wait(seconds: float) -> None:
        """Let somebody delete the first article as soon as it is public."""
        paper.box.move_clock(60)
        (item,) = client.publications()
        client._call("freepublish/delete", {"article_id": item.id, "index": 1})

    urls = publish(client, paper.ledger(), paper.account.appid, "b.md", wait)
    (item,) = client.publications()
    assert urls == {"b.md": item.articles[1].url}


def test_every_article_that_becomes_public_is_named_first(paper: Newsletter) -> None:
    paper.issue("a.md", "甲")
    paper.issue("b.md", "乙")
    paper.push("a.md", "b.md")
    named: list[str] = []

    def refuse(articles: Any) -> None:
        named.extend(each.title for each in articles)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        release(paper, "b.md", confirm=refuse)
    assert named == ["甲", "乙"]
    assert submitted(paper) == 0
    assert not paper.ledger().facts(Publishing)


def test_a_file_that_has_changed_since_the_push_is_not_published(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    paper.issue("a.md", "第一期", "更正。")
    with pytest.raises(ConflictError, match="has changed since it was pushed"):
        release(paper, "a.md")
    assert submitted(paper) == 0


def test_articles_that_were_swapped_by_hand_are_updated_where_they_are(paper: Newsletter) -> None:
    paper.issue("a.md", "甲")
    paper.issue("b.md", "乙")
    media_id = paper.push("a.md", "b.md").media_id
    client = Client(paper.account)
    first, second = (dict(each.fields) for each in client.get_draft(media_id))
    for index, article in enumerate((second, first)):
        kept = {key: article[key] for key in ("title", "content", "thumb_media_id", "digest", "author")}
        client.update_draft(media_id, index, {**kept, "content": kept["content"].replace("data-src=", "src=")})
    paper.issue("a.md", "甲", "改过。")
    paper.push("a.md", force=True)
    assert [each["title"] for each in paper.drafts()[media_id]] == ["乙", "甲"]
    assert "改过" in paper.drafts()[media_id][1]["content"]


# --- nothing of anybody's ---------------------------------------------------------------------------------------------


def test_a_ledger_that_names_another_issues_draft_neither_overwrites_nor_deletes_it(paper: Newsletter) -> None:
    paper.issue("a.md", "甲")
    paper.issue("b.md", "乙", "乙的正文。")
    theirs = paper.push("b.md").media_id
    path = paper.root / FILE_NAME
    lines = path.read_text(encoding="utf-8").split("\n")
    (line,) = (each for each in lines if each.startswith('"draft ') and "b.md" in each)
    fact = line.replace("b.md", "a.md")
    planted = json.dumps(f"leftover {paper.account.appid} {theirs}") + ': {"stored": "0"},'
    path.write_text("\n".join([*lines[:-3], fact, planted, *lines[-3:]]), encoding="utf-8")
    receipt = paper.push("a.md", force=True)
    assert (receipt.action, receipt.media_id == theirs) == ("created", False)
    assert "乙的正文" in paper.drafts()[theirs][0]["content"]


def test_a_copy_that_an_editor_made_stays(paper: Newsletter, sandbox: Sandbox) -> None:
    paper.box.move_clock(time.time() - paper.box.now())  # other tests have moved it, and a late copy stays anyway
    paper.issue("a.md", "第一期")
    sandbox.fail("cut-before", endpoint="/cgi-bin/draft/add")  # an attempt that nobody answered: now two might exist
    media_id = paper.push("a.md").media_id
    client = Client(paper.account)
    (article,) = (dict(each.fields) for each in client.get_draft(media_id))
    copy = {key: article[key] for key in ("content", "thumb_media_id")}
    copied = client.add_draft([{**copy, "title": "下期预告", "content": copy["content"].replace("data-src=", "src=")}])
    for _ in range(3):
        paper.push("a.md")
    assert copied in paper.drafts()


@pytest.mark.parametrize(("seconds", "late"), [(300, True), (3600, False)])
def test_a_second_copy_is_deleted_only_if_it_was_made_in_time(
    paper: Newsletter, sandbox: Sandbox, seconds: float, late: bool
) -> None:
    paper.box.move_clock(time.time() - paper.box.now())  # other tests have moved it
    paper.issue("a.md", "第一期")
    sandbox.fail("cut-before", endpoint="/cgi-bin/draft/add")  # an attempt that nobody answered
    media_id = paper.push("a.md").media_id
    client = Client(paper.account)
    (article,) = (each.fields for each in client.get_draft(media_id))
    sent = {key: article[key] for key in ("title", "thumb_media_id")}
    paper.box.move_clock(seconds)  # carried out after all, or copied by an editor who has changed nothing yet
    copied = client.add_draft([{**sent, "content": article["content"].replace("data-src=", "src=")}])
    receipt = paper.push("a.md")
    assert (copied in paper.drafts()) != late
    assert [each.rule for each in receipt.findings] == ([] if late else ["draft-twice"])


def test_an_older_checkout_does_not_take_a_colleagues_words_back(paper: Newsletter, tmp_path: Path) -> None:
    paper.issue("a.md", "第一期", "旧的。")
    old = clone(paper, tmp_path / "old")
    paper.issue("a.md", "第一期", "新的。")
    paper.push("a.md")
    with pytest.raises(ConflictError, match="does not know"):
        old.push("a.md")
    assert "新的" in "".join(texts(paper))


def test_a_newer_checkout_whose_git_knows_the_words_updates_them(paper: Newsletter, tmp_path: Path) -> None:
    paper.issue("a.md", "第一期", "旧的。")
    paper.commit()
    paper.push("a.md")
    (paper.root / FILE_NAME).unlink()
    paper.issue("a.md", "第一期", "新的。")
    assert paper.push("a.md").action == "updated"
    assert "新的" in "".join(texts(paper))


def test_a_letter_with_another_remote_is_another_letter(paper: Newsletter, tmp_path: Path) -> None:
    other = clone(paper, tmp_path / "other")
    for letter, url in ((paper, "git@host.example:me/one.git"), (other, "https://host.example/me/two")):
        (letter.root / ".git").mkdir(parents=True)
        (letter.root / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {url}\n', encoding="utf-8")
        letter.issue("index.md", "周报", f"{url}。")
    assert paper.push("index.md").action == other.push("index.md").action == "created"
    assert len(paper.drafts()) == 2


def test_rebuilding_drops_nothing_and_keeps_a_copy(paper: Newsletter) -> None:
    account = paper.account.appid
    paper.issue("a.md", "甲")
    paper.push("a.md")
    by_hand = {"old.md": Published("https://mp.weixin.qq.com/s/ByHand")}
    paper.ledger().record(account, by_hand)
    paper.ledger().record("wxother", by_hand)
    before = (paper.root / FILE_NAME).read_text(encoding="utf-8")
    aside, found = rebuild(Client(paper.account), paper.root / FILE_NAME, account, paper.root)
    assert found == ["draft: a.md"]
    assert aside is not None
    assert aside.read_text(encoding="utf-8") == before
    assert (paper.root / FILE_NAME).read_text(encoding="utf-8") == before
    assert paper.push("a.md").action == "unchanged"


def test_rebuilding_leaves_the_address_that_a_person_recorded(paper: Newsletter) -> None:
    paper.issue("a.md", "甲")
    paper.push("a.md")
    release(paper, "a.md")
    by_hand = Published("https://mp.weixin.qq.com/s/ByHand")
    paper.ledger().record(paper.account.appid, {"a.md": by_hand})
    _, found = rebuild(Client(paper.account), paper.root / FILE_NAME, paper.account.appid, paper.root)
    assert "published: a.md" in found
    kept = paper.ledger().get(Published, paper.account.appid, "a.md")
    assert kept
    assert kept.url == by_hand.url


def test_rebuilding_takes_the_newer_of_two_drafts(paper: Newsletter) -> None:
    paper.issue("a.md", "甲")
    paper.push("a.md")
    paper.box.move_clock(60)
    newer = paper.push("a.md", new=True).media_id
    (paper.root / FILE_NAME).unlink()
    rebuild(Client(paper.account), paper.root / FILE_NAME, paper.account.appid, paper.root)
    assert paper.ledger().of_account(Draft, paper.account.appid)["a.md"].media_id == newer


# --- one draft --------------------------------------------------------------------------------------------------------


def test_a_colleagues_common_draft_is_found_when_the_old_one_is_gone(paper: Newsletter, tmp_path: Path) -> None:
    paper.issue("a.md", "甲")
    paper.issue("b.md", "乙")
    paper.push("a.md")
    colleague = clone(paper, tmp_path / "colleague", ledger=True)
    together = colleague.push("a.md", "b.md").media_id
    assert list(paper.drafts()) == [together]
    receipt = paper.push("a.md")
    assert (receipt.media_id, len(paper.drafts())) == (together, 1)


def test_an_article_that_an_editor_added_makes_no_second_draft(paper: Newsletter, sandbox: Sandbox) -> None:
    paper.issue("a.md", "甲")
    media_id = paper.push("a.md").media_id
    stored = paper.box.drafts()[media_id]
    client = Client(paper.account)
    more = {**stored[0], "title": "手写的一篇", "content": "<p>手写。</p>"}
    paper.box.edit_draft(media_id, [*stored, more])
    assert len(client.get_draft(media_id)) == 2
    paper.issue("a.md", "甲", "改过。")
    assert (paper.push("a.md").action, len(paper.drafts())) == ("updated", 1)
    assert [each["title"] for each in paper.drafts()[media_id]] == ["甲", "手写的一篇"]


def test_two_checkouts_that_push_at_once_are_told_of_both_drafts(paper: Newsletter, tmp_path: Path) -> None:
    paper.issue("a.md", "甲")
    other = clone(paper, tmp_path / "other")
    late = other.job("a.md")
    theirs: list[str] = []
    add = late.client.add_draft
    late.client.add_draft = lambda articles: theirs.append(paper.push("a.md").media_id) or add(articles)  # type: ignore
    receipt = drafts.push(late)
    assert receipt.action == "failed"
    (finding,) = (each for each in receipt.findings if each.rule == "draft-twice")
    assert theirs[0] in finding.message
    assert receipt.media_id in finding.message


def test_a_push_that_finds_two_drafts_refuses_and_names_both(paper: Newsletter) -> None:
    paper.issue("a.md", "甲")
    one, two = paper.push("a.md").media_id, paper.push("a.md", new=True).media_id
    (paper.root / FILE_NAME).unlink()
    paper.issue("a.md", "甲", "新的。")
    with pytest.raises(ConflictError) as caught:
        paper.push("a.md", force=True)
    assert one in str(caught.value)
    assert two in str(caught.value)
    assert not any("新的" in each for each in texts(paper))


def test_a_renamed_file_with_another_title_asks_whether_it_is_the_same(paper: Newsletter) -> None:
    paper.issue("draft.md", "草稿")
    paper.push("draft.md")
    (paper.root / "draft.md").unlink()
    paper.issue("2026-11-20.md", "第一期")
    with pytest.raises(ConflictError, match=r"index move draft\.md 2026-11-20\.md"):
        paper.push("2026-11-20.md")
    assert len(paper.drafts()) == 1
    assert paper.push("2026-11-20.md", new=True).action == "created"


@pytest.mark.parametrize("quirk", ["total-20", "no-total", "order-varies"])
def test_a_box_that_is_listed_oddly_is_looked_through_to_its_end(paper: Newsletter, quirk: str) -> None:
    paper.issue("a.md", "甲")
    first = paper.push("a.md").media_id
    article = {key: paper.drafts()[first][0][key] for key in ("thumb_media_id",)}
    for number in range(45):
        Client(paper.account).add_draft([{**article, "title": f"别的 {number}", "content": "<p>别的。</p>"}])
    (paper.root / FILE_NAME).unlink()
    paper.box.set_profile(quirks=(quirk,))
    assert paper.push("a.md").media_id == first
    assert len(paper.drafts()) == 46


def test_drafts_are_known_by_their_words_where_wechat_drops_marks(paper: Newsletter, sandbox: Sandbox) -> None:
    paper.box.set_profile(quirks=("drop-data",))
    paper.issue("a.md", "甲", "甲的正文。")
    sandbox.fail("cut-after", endpoint="/cgi-bin/draft/add")
    receipt = paper.push("a.md")
    assert [each.rule for each in receipt.findings] == ["mark-lost"]
    assert paper.push("a.md").action == "unchanged"
    (paper.root / FILE_NAME).unlink()
    assert paper.push("a.md").media_id == receipt.media_id
    paper.issue("a.md", "甲", "改过的正文。")
    assert paper.push("a.md").action == "updated"
    assert len(paper.drafts()) == 1


# --- the truth about the outcome --------------------------------------------------------------------------------------


@pytest.mark.parametrize("quirk", ["empty-content", "other-text"])
def test_a_draft_that_was_stored_otherwise_is_a_failure_each_time(paper: Newsletter, quirk: str) -> None:
    paper.box.set_profile(quirks=(quirk,))
    paper.issue("a.md", "甲", "甲的正文。")
    for _ in range(2):
        try:
            receipt = paper.push("a.md")
        except ConflictError:
            continue
        assert receipt.action == "failed"
        assert "stored-other" in {each.rule for each in receipt.findings}


def test_a_draft_that_lacks_an_article_is_a_failure(paper: Newsletter) -> None:
    paper.box.set_profile(quirks=("drop-article",))
    paper.issue("a.md", "甲")
    paper.issue("b.md", "乙")
    receipt = paper.push("a.md", "b.md")
    assert (receipt.action, [each.rule for each in receipt.findings]) == ("failed", ["stored-short"])


@pytest.mark.parametrize("quirk", ["attributes-vary", "pictures-vary", "colours-vary"])
def test_what_wechat_changes_by_itself_at_every_look_is_no_edit(paper: Newsletter, quirk: str) -> None:
    paper.box.set_profile(quirks=(quirk,))
    paper.issue("a.md", "甲", "`code` 与 **粗体**。", "1.png")
    paper.push("a.md")
    for _ in range(4):
        assert paper.push("a.md").action == "unchanged"
    paper.issue("a.md", "甲", "改过的 `code`。", "1.png")
    assert paper.push("a.md").action == "updated"


def test_the_publication_that_names_no_address_is_not_passed_over_in_silence(
    paper: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper.issue("a.md", "甲")
    paper.push("a.md")
    look = Client._call

    def bare(self: Client, endpoint: str, *args: Any, **options: Any) -> Any:
        answer = look(self, endpoint, *args, **options)
        if endpoint == "freepublish/get":
            answer.pop("article_detail", None)
        return {"item": [], "total_count": 0} if endpoint == "freepublish/batchget" else answer

    monkeypatch.setattr(Client, "_call", bare)
    with pytest.raises(NetworkError, match="does not say where"):
        release(paper, "a.md")
    assert submitted(paper) == 1
    monkeypatch.undo()
    assert release(paper, "a.md")["a.md"]
    assert submitted(paper) == 1


# --- found by tests/test_push_model.py --------------------------------------------------------------------------------


def test_an_issue_that_was_published_alone_is_not_published_again_with_another(paper: Newsletter) -> None:
    paper.issue("a.md", "甲")
    paper.issue("b.md", "乙")
    paper.push("a.md")
    alone = release(paper, "a.md")
    paper.push("a.md", "b.md", new=True)
    for _ in range(2):
        with pytest.raises(ConflictError, match=r"a\.md, in the same draft as b\.md, was published before"):
            release(paper, "b.md")
    assert submitted(paper) == 1
    both = release(paper, "b.md", again=True)
    assert both["b.md"]
    assert both["a.md"] != alone["a.md"]


def test_an_issue_that_only_the_draft_knows_is_not_published_again_with_another(
    paper: Newsletter, tmp_path: Path
) -> None:
    paper.issue("a.md", "甲")
    paper.issue("b.md", "乙")
    paper.push("a.md")
    release(paper, "a.md")
    paper.push("a.md", "b.md", new=True)
    other = clone(paper, tmp_path / "other")
    other.push("b.md")
    with pytest.raises(ConflictError, match="《甲》, in the same draft as b"):
        release(other, "b.md")
    assert submitted(paper) == 1


def test_a_file_that_has_changed_since_it_was_published_is_not_said_to_be_public(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    release(paper, "a.md")
    paper.issue("a.md", "第一期", "更正。")
    with pytest.raises(ConflictError, match="has changed since it was published"):
        release(paper, "a.md")


def test_a_draft_with_a_colleagues_newer_words_is_not_published_from_an_older_file(
    paper: Newsletter, tmp_path: Path
) -> None:
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    colleague = clone(paper, tmp_path / "colleague", ledger=True)
    colleague.issue("a.md", "第一期", "新的。")
    colleague.push("a.md")
    with pytest.raises(ConflictError, match="pushed from another copy"):
        release(paper, "a.md")
    assert submitted(paper) == 0


def test_an_older_publication_is_not_taken_for_the_draft_of_newer_words(paper: Newsletter, tmp_path: Path) -> None:
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    release(paper, "a.md")
    paper.issue("a.md", "第一期", "更正。")
    other = clone(paper, tmp_path / "ci")
    other.push("a.md")
    for _ in range(2):
        with pytest.raises(ConflictError, match="--again"):
            release(other, "a.md")
    assert release(other, "a.md", again=True)["a.md"]
    assert submitted(paper) == 2


def test_an_unheard_submit_of_newer_words_does_not_find_the_publication_before(
    paper: Newsletter, sandbox: Sandbox
) -> None:
    paper.box.set_profile(draft_leaves="never")
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    release(paper, "a.md")
    paper.issue("a.md", "第一期", "更正。")
    paper.push("a.md", force=True)
    sandbox.fail("cut-before", endpoint="/cgi-bin/freepublish/submit")
    with pytest.raises(NetworkError, match="is not known"):
        release(paper, "a.md", again=True)
    with pytest.raises(ConflictError, match="发表记录"):
        release(paper, "a.md")


def test_publications_are_known_by_their_words_where_wechat_drops_marks(paper: Newsletter) -> None:
    paper.box.set_profile(quirks=("drop-data",), draft_leaves="never")
    paper.issue("a.md", "第一期")
    paper.push("a.md")
    release(paper, "a.md")
    (paper.root / FILE_NAME).unlink()
    paper.push("a.md")
    assert release(paper, "a.md")["a.md"]
    assert submitted(paper) == 1


def test_an_issue_that_was_published_by_hand_makes_room_for_a_common_draft(paper: Newsletter) -> None:
    paper.issue("a.md", "甲")
    paper.issue("b.md", "乙")
    paper.box.publish(paper.push("a.md").media_id)
    paper.box.move_clock(60)
    paper.push("b.md")
    assert paper.push("a.md", "b.md").action == "created"


def test_a_replaced_draft_is_deleted_by_the_next_push_of_its_issue(
    paper: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, title in (("a.md", "甲"), ("b.md", "乙"), ("c.md", "丙")):
        paper.issue(name, title)
    old = paper.push("a.md").media_id
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Client, "delete_draft", _killed)
        paper.push("a.md", "b.md")
    said: list[str] = []
    paper.push("c.md", say=said.append)
    assert not said
    assert old in paper.drafts()
    paper.push("a.md", "b.md")
    assert len(paper.drafts()) == 2
    assert old not in paper.drafts()


def test_a_second_draft_is_named_though_the_push_that_made_it_was_killed(
    paper: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, title in (("a.md", "甲"), ("b.md", "乙"), ("c.md", "丙")):
        paper.issue(name, title)
    old = paper.push("a.md", "c.md").media_id
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Client, "drafts", _killed)  # after the draft was read back
        paper.push("a.md", "b.md")
    receipt = paper.push("a.md")
    assert receipt.action == "failed"
    assert [old in each.message for each in receipt.findings if each.rule == "draft-twice"] == [True]


def _killed(*args: Any, **options: Any) -> Any:
    raise KeyboardInterrupt


# --- it ends ----------------------------------------------------------------------------------------------------------


def test_an_interrupt_ends_uploads_that_nobody_answers(paper: Newsletter, sandbox: Sandbox) -> None:
    paper.issue("a.md", "甲", "正文。", "1.png", "2.png", "3.png")
    sandbox.fail("delay", 600, endpoint="/cgi-bin/media/uploadimg", times=2)
    job = paper.job("a.md")
    stopped = []

    def interrupt(done: int, of: int) -> None:
        if done:
            raise KeyboardInterrupt

    stop = job.client.stop
    job.client.stop = lambda: (stopped.append(True), stop())[1]  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        drafts.push(replace(job, tick=interrupt))
    assert stopped
    sandbox.clear_faults()
    assert paper.push("a.md").action == "created"
