"""The sandbox's memory: tokens, clock, quotas, media, drafts and publications over time, and what profiles change."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from raw_wechat import Raw, jpeg, png

from wxpub.errors import ConfigError
from wxpub.sandbox import Sandbox, serve
from wxpub.sandbox.server import TABLE

APPID, SECRET = "wx0000000000000000", "0" * 32


def classic(raw: Raw) -> str:
    query = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
    return str(raw.get("token", token=None, query=query)["access_token"])


def works(raw: Raw, token: str) -> int:
    """Give the errcode of a call with `token`, 0 if it works."""
    return int(raw.get("draft/count", token=token).get("errcode", 0))


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_looks_like_wechats(raw: Raw) -> None:
    assert re.fullmatch(r"\d+_[A-Za-z0-9_-]{130,150}", classic(raw))


def test_a_new_classic_token_leaves_the_old_one_five_minutes(raw: Raw, wechat: Sandbox) -> None:
    old, new = classic(raw), classic(raw)
    wechat.move_clock(290)
    assert (works(raw, old), works(raw, new)) == (0, 0)
    wechat.move_clock(11)
    assert (works(raw, old), works(raw, new)) == (40001, 0)


def test_a_stable_token_is_the_same_with_the_seconds_that_remain(raw: Raw, wechat: Sandbox) -> None:
    first = raw.fetch_token()
    wechat.move_clock(6000)
    again = raw.fetch_token()
    assert again["access_token"] == first["access_token"]
    assert 1190 <= again["expires_in"] <= 1200


def test_a_stable_token_is_renewed_in_its_last_five_minutes_and_both_work(raw: Raw, wechat: Sandbox) -> None:
    old = raw.fetch_token()["access_token"]
    wechat.move_clock(7200 - 299)
    new = raw.fetch_token()
    assert (new["access_token"] != old, new["expires_in"]) == (True, 7200)
    assert (works(raw, old), works(raw, new["access_token"])) == (0, 0)
    wechat.move_clock(300)
    assert works(raw, old) == 42001


def test_a_forced_refresh_kills_the_old_stable_token_but_not_twice_in_half_a_minute(raw: Raw, wechat: Sandbox) -> None:
    old = raw.fetch_token()["access_token"]
    new = raw.fetch_token(force_refresh=True)["access_token"]
    assert (works(raw, old), works(raw, new)) == (40001, 0)
    assert raw.fetch_token(force_refresh=True)["access_token"] == new
    wechat.move_clock(31)
    assert raw.fetch_token(force_refresh=True)["access_token"] != new


def test_stable_and_classic_tokens_leave_each_other_alone(raw: Raw) -> None:
    stable, old = raw.fetch_token()["access_token"], classic(raw)
    classic(raw)
    raw.fetch_token(force_refresh=True)
    assert (works(raw, stable), works(raw, old)) == (40001, 0)


def test_the_whitelist_is_about_tokens_only(raw: Raw, wechat: Sandbox) -> None:
    token = raw.fetch_token()["access_token"]
    wechat.set_profile(whitelist=["10.0.0.0/8"])
    assert raw.fetch_token()["errcode"] == 40164
    assert works(raw, token) == 0
    wechat.set_profile(whitelist=["10.0.0.0/8", "127.0.0.0/30"])
    assert raw.fetch_token()["access_token"] == token


# --- quotas and request ids -------------------------------------------------------------------------------------------


def test_a_day_is_beijings_and_clear_quota_starts_it_anew(raw: Raw, wechat: Sandbox) -> None:
    wechat.set_quota_left("/cgi-bin/draft/count", 0)
    assert raw.get("draft/count")["errcode"] == 45009
    assert raw.send("clear_quota", {"appid": APPID})["errcode"] == 0
    assert "total_count" in raw.get("draft/count")
    wechat.set_quota_left("/cgi-bin/draft/count", 0)
    seconds_of_day = (wechat.now() + 8 * 3600) % 86400
    wechat.move_clock(86400 - seconds_of_day - 60)
    raw.token = raw.fetch_token()["access_token"]
    assert raw.get("draft/count").get("errcode", 0) == 45009
    wechat.move_clock(61)
    assert "total_count" in raw.get("draft/count")


@pytest.mark.parametrize("path", [path for path in TABLE if path.startswith("/cgi-bin/") and "news" not in path])
def test_a_quota_can_be_asked_for(raw: Raw, path: str) -> None:
    raw.get("draft/count")
    quota = raw.send("openapi/quota/get", {"cgi_path": path})["quota"]
    assert quota["daily_limit"] == TABLE[path].shown_limit
    assert quota["remain"] == quota["daily_limit"] - quota["used"]


def test_refused_calls_count_too(raw: Raw, wechat: Sandbox) -> None:
    for _ in range(3):
        raw.send("draft/get", {"media_id": "x"})
    assert wechat.quota_used("/cgi-bin/draft/get") == 3


@pytest.mark.parametrize("wechat", [{"quotas": False}], indirect=True)
def test_quotas_can_be_switched_off(raw: Raw, wechat: Sandbox) -> None:
    wechat.set_quota_left("/cgi-bin/draft/count", 0)
    assert "total_count" in raw.get("draft/count")


def test_a_rid_tells_its_time_and_can_be_looked_up(raw: Raw, wechat: Sandbox) -> None:
    answer = raw.send("draft/get", {"media_id": "nothing"})
    rid = answer["errmsg"].rpartition("rid: ")[2]
    assert abs(int(rid[:8], 16) - wechat.now()) < 5
    request = raw.send("openapi/rid/get", {"rid": rid})["request"]
    assert list(request) == [
        *("invoke_time", "cost_in_ms", "request_url", "request_body", "response_body", "client_ip")
    ]
    assert (request["request_body"], json.loads(request["response_body"])) == ('{"media_id": "nothing"}', answer)


# --- media ------------------------------------------------------------------------------------------------------------


def test_pictures_are_served_under_the_path_of_their_address(raw: Raw, wechat: Sandbox) -> None:
    url = raw.upload_picture(jpeg(), "a.jpg")
    assert re.fullmatch(r"http://mmbiz\.qpic\.cn/mmbiz_jpg/[A-Za-z0-9_-]+/0", url)
    for size in ("0", "640?from=appmsg"):
        answer = requests.get(wechat.url + url.removeprefix("http://mmbiz.qpic.cn")[:-1] + size, timeout=5)
        assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, jpeg(), "image/jpeg")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("preview.jpg", jpeg()[:4] + b"\x00\x12" + b"JFIF\x00" + b"\xff\xd9" * 5 + b"\0" + jpeg()[20:]),
        ("followed.jpg", jpeg() + b"\0" * 20_000),
        ("named-otherwise.png", jpeg()),
    ],
)
def test_odd_but_sound_pictures_are_taken(raw: Raw, name: str, data: bytes) -> None:
    assert raw.upload_picture(data, name).startswith("http://mmbiz.qpic.cn/mmbiz_jpg/")


def test_uploadimg_leaves_no_material(raw: Raw) -> None:
    raw.upload_picture()
    assert raw.get("material/get_materialcount")["image_count"] == 0


@pytest.mark.parametrize("wechat", [{"propagation": 3.0}], indirect=True)
def test_a_material_can_be_used_a_little_after_its_upload(raw: Raw, wechat: Sandbox) -> None:
    cover = raw.add_image()
    article = {"title": "t", "content": "x", "thumb_media_id": cover}
    assert raw.send("draft/add", {"articles": [article]})["errcode"] == 40007
    wechat.move_clock(3.1)
    assert raw.send("draft/add", {"articles": [article]})["media_id"]


def test_the_latest_material_is_listed_first_and_pages_do_not_overlap(raw: Raw) -> None:
    names = [f"{number}.png" for number in range(5)]
    for name in names:
        raw.add_image(name=name)
    pages = [
        raw.send("material/batchget_material", {"type": "image", "offset": offset, "count": 2}) for offset in (0, 2, 4)
    ]
    assert [item["name"] for page in pages for item in page["item"]] == names[::-1]
    assert [page["item_count"] for page in pages] == [2, 2, 1]


# --- drafts -----------------------------------------------------------------------------------------------------------


def stored(raw: Raw, **values: Any) -> dict[str, Any]:
    media_id = raw.add_draft(raw.article(**values))
    return dict(raw.send("draft/get", {"media_id": media_id})["news_item"][0])


def test_an_article_keeps_its_fields(raw: Raw) -> None:
    given = {
        "title": "题" * 64,
        "author": "名" * 16,
        "digest": "摘" * 120,
        "content": "<p>正文</p>",
        "content_source_url": "https://example.com/1",
        "need_open_comment": 1,
        "only_fans_can_comment": 1,
        "pic_crop_235_1": "0.1945_0_1_0.5236",
        "pic_crop_1_1": "0_0_1_1",
    }
    article = stored(raw, **given)
    assert {name: article[name] for name in given} == given
    assert article["thumb_url"].startswith("http://mmbiz.qpic.cn/")
    assert "tempkey=" in article["url"]


def test_a_lone_article_without_digest_gets_the_first_54_characters(raw: Raw) -> None:
    content = "<p>一二三四五</p><p>" + "字" * 100 + "</p>"
    assert stored(raw, content=content)["digest"] == "一二三四五" + "字" * 49
    media_id = raw.add_draft(raw.article(), raw.article())
    assert [item["digest"] for item in raw.send("draft/get", {"media_id": media_id})["news_item"]] == ["", ""]


def test_escaped_characters_are_stored_as_they_were_sent(raw: Raw) -> None:
    body = json.dumps({"articles": [raw.article(title="你好", content="<p>你\n\u0007</p>", digest="\\u4f60")]})
    media_id = raw.send("draft/add", raw=body.encode())["media_id"]
    item = raw.send("draft/get", {"media_id": media_id})["news_item"][0]
    assert item["title"] == r"\u4f60\u597d"
    assert item["content"] == "<p>\\u4f60\n\u0007</p>"
    assert item["digest"] == "\\u4f60"


@pytest.mark.parametrize("wechat", [{"charset": "decoded"}], indirect=True)
def test_escapes_can_be_decoded(raw: Raw) -> None:
    body = json.dumps({"articles": [raw.article(title="你" * 64)]})
    media_id = raw.send("draft/add", raw=body.encode())["media_id"]
    assert raw.send("draft/get", {"media_id": media_id})["news_item"][0]["title"] == "你" * 64


@pytest.mark.parametrize("wechat", [{"thumb_covers": True}], indirect=True)
def test_thumbs_can_be_allowed_as_covers(raw: Raw) -> None:
    assert raw.add_draft(raw.article(thumb_media_id=raw.add_image(jpeg(), "a.jpg", "thumb")))


def test_pictures_with_text_are_stored(raw: Raw) -> None:
    first, second = raw.add_image(), raw.add_image()
    images = [{"image_media_id": first}, {"image_media_id": second}]
    article = {"article_type": "newspic", "title": "图", "content": "文字", "image_info": {"image_list": images}}
    item = raw.send("draft/get", {"media_id": raw.add_draft(article)})["news_item"][0]
    assert item["image_info"] == {"image_list": images}
    assert (item["article_type"], item["thumb_media_id"], item["content"]) == ("newspic", first, "文字")


def test_the_draft_changed_last_is_listed_first(raw: Raw, wechat: Sandbox) -> None:
    ids = []
    for _ in range(3):
        ids.append(raw.add_draft())
        wechat.move_clock(1)
    raw.send("draft/update", {"media_id": ids[0], "index": 0, "articles": raw.article(title="新")})
    listed = raw.send("draft/batchget", {"offset": 0, "count": 20})
    assert [item["media_id"] for item in listed["item"]] == [ids[0], ids[2], ids[1]]
    assert [len(raw.send("draft/batchget", {"offset": offset, "count": 2})["item"]) for offset in (0, 2, 4)] == [
        2,
        1,
        0,
    ]


def test_what_draft_get_gives_can_be_sent_back(raw: Raw) -> None:
    url = raw.upload_picture()
    media_id = raw.add_draft(raw.article(content=f'<p><img src="{url}" alt="图"></p>'))
    before = raw.send("draft/get", {"media_id": media_id})["news_item"][0]
    assert raw.send("draft/update", {"media_id": media_id, "index": 0, "articles": before})["errcode"] == 0
    assert raw.send("draft/get", {"media_id": media_id})["news_item"][0] == before


def test_another_account_sees_nothing_of_this_one(raw: Raw, wechat: Sandbox) -> None:
    media_id = raw.add_draft()
    wechat.add_account("wx2", "2" * 32, kind="personal")
    token = raw.fetch_token(appid="wx2", secret="2" * 32)["access_token"]
    assert raw.get("draft/count", token=token)["total_count"] == 0
    assert raw.send("draft/get", {"media_id": media_id}, token=token)["errcode"] == 40007
    assert wechat.account("wx2").profile.kind == "personal"
    assert media_id[:20] == raw.add_draft()[:20]


# --- publishing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wechat", "counts"),
    [
        ({"publish_seconds": 60.0, "draft_leaves": "submit"}, [0, 0]),
        ({"publish_seconds": 60.0}, [1, 0]),
        ({"publish_seconds": 60.0, "draft_leaves": "never"}, [1, 1]),
        ({"draft_leaves": "done"}, [0, 0]),
    ],
    indirect=["wechat"],
)
def test_publishing_takes_its_time_and_the_draft_leaves_when_it_is_set_to(
    raw: Raw, wechat: Sandbox, counts: list[int]
) -> None:
    media_id = raw.add_draft()

    def in_the_box() -> int:
        found = raw.send("draft/get", {"media_id": media_id}).get("errcode") != 40007
        listed = raw.send("draft/batchget", {"offset": 0, "count": 20})["total_count"]
        assert found == listed == raw.get("draft/count")["total_count"] == len(wechat.drafts())
        assert requests.get(f"{wechat.url}/draft/{media_id}", timeout=5).status_code == (200 if found else 404)
        return int(found)

    publish_id = raw.send("freepublish/submit", {"media_id": media_id})["publish_id"]
    waiting = raw.send("freepublish/get", {"publish_id": publish_id})
    slow = wechat.profile.publish_seconds > 0
    assert (waiting["publish_status"], "article_id" in waiting) == ((1, False) if slow else (0, True))
    before = in_the_box()
    wechat.move_clock(60)
    done = raw.send("freepublish/get", {"publish_id": publish_id})
    assert (done["publish_status"], done["article_detail"]["count"]) == (0, 1)
    assert [before, in_the_box()] == counts


@pytest.mark.parametrize(
    ("wechat", "status", "fails"),
    [({"publish_status": 2}, 2, [1]), ({"publish_status": 3}, 3, []), ({"publish_status": 4}, 4, [1])],
    indirect=["wechat"],
)
def test_publishing_can_fail_and_leaves_the_draft(raw: Raw, status: int, fails: list[int]) -> None:
    publish_id = raw.send("freepublish/submit", {"media_id": raw.add_draft()})["publish_id"]
    outcome = raw.send("freepublish/get", {"publish_id": publish_id})
    assert (outcome["publish_status"], outcome["fail_idx"]) == (status, fails)
    assert raw.get("draft/count")["total_count"] == 1


def test_a_published_article_has_a_page_until_it_is_deleted(raw: Raw, wechat: Sandbox) -> None:
    media_id = raw.add_draft(raw.article(title="第一篇"), raw.article(title="第二篇"))
    publish_id = raw.send("freepublish/submit", {"media_id": media_id})["publish_id"]
    outcome = raw.send("freepublish/get", {"publish_id": publish_id})
    urls = [item["article_url"] for item in outcome["article_detail"]["item"]]
    pages = [wechat.url + url.removeprefix("https://mp.weixin.qq.com") for url in urls]
    assert ["第二篇" in requests.get(page, timeout=5).text for page in pages] == [False, True]

    assert raw.send("freepublish/delete", {"article_id": outcome["article_id"], "index": 2})["errcode"] == 0
    assert [requests.get(page, timeout=5).status_code for page in pages] == [200, 410]
    items = raw.send("freepublish/getarticle", {"article_id": outcome["article_id"]})["news_item"]
    assert [item["is_deleted"] for item in items] == [False, True]
    left = raw.send("freepublish/get", {"publish_id": publish_id})
    assert [item["idx"] for item in left["article_detail"]["item"]] == [1]


def test_a_mass_message_is_no_publication_in_the_list(raw: Raw) -> None:
    body = {"filter": {"is_to_all": True}, "msgtype": "mpnews", "mpnews": {"media_id": raw.add_draft()}}
    assert raw.send("message/mass/sendall", body)["errcode"] == 0
    assert raw.get("draft/count")["total_count"] == 0
    assert raw.send("freepublish/batchget", {"offset": 0, "count": 20})["total_count"] == 0


def test_the_console_publishes_too(raw: Raw, wechat: Sandbox) -> None:
    (url,) = wechat.publish(raw.add_draft())
    assert url.startswith("https://mp.weixin.qq.com/s/")
    assert raw.get("draft/count")["total_count"] == 0
    with pytest.raises(ConfigError, match="no draft"):
        wechat.publish("nothing")


# --- profiles ---------------------------------------------------------------------------------------------------------

MIMES = {
    "observed": ["application/json; encoding=utf-8", "text/plain", "text/plain", "application/json; encoding=utf-8"],
    "json": ["application/json; encoding=utf-8"] * 4,
    "text": ["text/plain"] * 4,
}


@pytest.mark.parametrize(
    ("wechat", "mimes"), [({"content_type": name}, mimes) for name, mimes in MIMES.items()], indirect=["wechat"]
)
def test_answers_say_what_they_are_as_users_saw_it(raw: Raw, mimes: list[str]) -> None:
    media_id = raw.add_draft()
    answers = [
        raw.request("draft/add", {"articles": [raw.article()]}),
        raw.request("draft/get", {"media_id": media_id}),
        raw.request("media/uploadimg", files={"media": ("a.png", png())}),
        raw.request("draft/get", {"media_id": "x"}),
    ]
    assert [answer.headers["Content-Type"] for answer in answers] == mimes
    assert {answer.status_code for answer in answers} == {200}
    assert all(set(answer.headers) == {"Connection", "Date", "Content-Type", "Content-Length"} for answer in answers)


@pytest.mark.parametrize("wechat", [{"uploadimg_errcode": True}], indirect=True)
def test_uploadimg_can_answer_as_its_page_says(raw: Raw) -> None:
    answer = raw.send("media/uploadimg", files={"media": ("a.png", png())})
    assert list(answer) == ["url", "errcode", "errmsg"]


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "x"},
        {"nothing": 1},
        {"whitelist": "10.0.0.1"},
        {"whitelist": ["x"]},
        {"quotas": 1},
        {"propagation": -1},
        {"draft_leaves": "soon"},
        {"quirks": "no-total"},
        {"quirks": ["no-such-quirk"]},
        {"quirks": [1]},
    ],
)
def test_an_impossible_profile_is_refused(wechat: Sandbox, values: dict[str, Any]) -> None:
    before = wechat.profile
    with pytest.raises(ConfigError):
        wechat.set_profile(**values)
    assert wechat.profile == before


# --- the file ---------------------------------------------------------------------------------------------------------


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    db = tmp_path / "deep" / "sandbox.db"
    with serve(db, kind="service") as wechat:
        raw = Raw(wechat)
        media_id = raw.add_draft()
        token = raw.token
        wechat.move_clock(50)
        wechat.fail("errcode", 45009, endpoint="/cgi-bin/draft/count")
        raw.close()
    with serve(db) as wechat:
        raw = Raw(wechat)
        raw.token = token
        assert raw.send("draft/get", {"media_id": media_id})["news_item"][0]["title"] == "标题"
        assert raw.get("draft/count")["errcode"] == 45009
        assert wechat.profile.kind == "service"
        raw.close()


def test_the_log_holds_no_whole_token_or_secret(tmp_path: Path) -> None:
    db = tmp_path / "sandbox.db"
    with serve(db) as wechat:
        wechat.add_account("wx3", "averysecretsecret0123456789abcde", kind="personal")
        raw = Raw(wechat)
        token = raw.fetch_token(appid="wx3", secret="averysecretsecret0123456789abcde")["access_token"]
        query = {"grant_type": "client_credential", "appid": "wx3", "secret": "averysecretsecret0123456789abcde"}
        raw.get("token", token=None, query=query)
        raw.get("draft/count", token=token)
        raw.send("stable_token", raw=b'{"secret":"averysecretsecret0123456789abcde"', token=None)
        raw.close()
        logged = repr(wechat.calls())
    assert "averysecret" not in logged
    assert token not in logged
    assert wechat.appid in logged or "wx3" in logged


@pytest.mark.parametrize("make", ["directory", "text"])
def test_a_file_that_cannot_be_used_is_an_error_of_one_line(tmp_path: Path, make: str) -> None:
    db = tmp_path / "x.db"
    if make == "directory":
        db.mkdir()
    else:
        db.write_text("this is no database, but long enough to look like one" * 20)
    with pytest.raises(ConfigError), serve(db):
        pass


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path, version: int) -> None:
    db = tmp_path / "x.db"
    connection = sqlite3.connect(db)
    connection.execute("CREATE TABLE letters (text)")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    before = db.read_bytes()
    with pytest.raises(ConfigError, match="another program") as caught, serve(db):
        pass
    assert "\n" not in str(caught.value)
    assert db.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE account DROP COLUMN name", "the local WeChat cannot use this file"),
        ("PRAGMA user_version = 99", "later version"),
    ],
    ids=["other columns", "a later version"],
)
def test_a_file_that_this_version_cannot_read_is_an_error_of_one_line(tmp_path: Path, change: str, said: str) -> None:
    db = tmp_path / "x.db"
    with serve(db):
        pass
    connection = sqlite3.connect(db)
    connection.execute(change)
    connection.close()
    with pytest.raises(ConfigError, match=said) as caught, serve(db):
        pass
    assert "\n" not in str(caught.value)


def test_a_file_of_the_version_before_keeps_its_drafts(tmp_path: Path) -> None:
    db = tmp_path / "x.db"
    with serve(db) as wechat:
        client = Raw(wechat)
        media_id = client.add_draft()
        client.close()
    connection = sqlite3.connect(db)
    connection.execute("ALTER TABLE draft DROP COLUMN leaves")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with serve(db) as wechat:
        assert list(wechat.drafts()) == [media_id]
        wechat.publish(media_id)
        assert wechat.drafts() == {}


def test_a_profile_of_another_version_is_read_as_far_as_it_goes(wechat: Sandbox) -> None:
    wechat._store.run("UPDATE account SET profile = ?", '{"kind": "service", "mood": "sunny"}')
    assert wechat.profile.kind == "service"


def test_a_taken_port_is_an_error_of_one_line(wechat: Sandbox) -> None:
    with pytest.raises(ConfigError, match="cannot listen"), serve(port=int(wechat.url.rpartition(":")[2])):
        pass


def test_two_servers_share_one_file(tmp_path: Path) -> None:
    db = tmp_path / "sandbox.db"
    with serve(db) as one, serve(db) as two:
        first, second = Raw(one), Raw(two)
        media_id = first.add_draft()
        assert second.send("draft/get", {"media_id": media_id})["news_item"]
        first.close()
        second.close()
    assert sqlite3.connect(db).execute("PRAGMA integrity_check").fetchone() == ("ok",)


# --- the connection ---------------------------------------------------------------------------------------------------


def test_a_body_may_come_in_chunks(raw: Raw) -> None:
    body = json.dumps({"media_id": raw.add_draft()}).encode()
    answer = raw.http.post(
        raw.wechat.url + "/cgi-bin/draft/get",
        params={"access_token": raw.token},
        data=iter([body[:10], body[10:]]),
        timeout=5,
    )
    assert answer.request.headers["Transfer-Encoding"] == "chunked"
    assert answer.json()["news_item"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Length: 2", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
        (["Content-Length: 2", "Content-Length: 3"], b"{}x"),
        (["Content-Length: 2", "Content-Length: 2"], b"{}"),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
        (["Transfer-Encoding: gzip, chunked"], b"0\r\n\r\n"),
        *(
            (["Transfer-Encoding: chunked"], size + b"\r\n{}\r\n0\r\n\r\n")
            for size in (b"+2", b"-2", b"0x2", b"0_2", b"")
        ),
    ],
)
def test_a_body_whose_end_can_be_read_in_two_ways_is_refused_as_nginx_does(
    wechat: Sandbox, headers: list[str], body: bytes
) -> None:
    parts = urlsplit(wechat.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        head = "\r\n".join(["POST /cgi-bin/draft/get HTTP/1.1", f"Host: {parts.netloc}", *headers])
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert wechat.calls() == ()


def test_a_connection_serves_many_calls(raw: Raw) -> None:
    for _ in range(5):
        assert raw.request("draft/count", method="GET").headers["Connection"] == "keep-alive"
    assert len(raw.http.adapters["http://"].poolmanager.pools) == 1


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    with serve() as wechat:
        client = Raw(wechat)
        client.add_draft()
    assert threading.active_count() <= before
    client.close()


# --- the structure check ----------------------------------------------------------------------------------------------

TINT = "background:rgba(217,119,6,.1);color:#7c2d12"
BROKEN = {
    "opacity": '<p><img style="opacity:0"></p>',
    "caret-color": '<p style="caret-color:rgba(0, 0, 0, 0)">x</p>',
    "line-height": '<p style="line-height:0;padding:4px">x</p>',
    "text-align": '<p style="text-align:start">x</p>',
    "width": '<section><p><span style="display:inline-block;width:500px">x</span></p></section>',
    "height": '<section style="height:0px">x</section>',
    "height-nodisplay": f'<section style="height:1px"><p>{"很长的一段文字，" * 200}</p></section>',
    "pre": f"<pre>{'x' * 80}</pre>",
    "animate-begin": '<svg><animate begin="touchstart"></animate></svg>',
    "nestNodes": "<section>" * 17 + "x" + "</section>" * 17,
    "darkmode-low-contrast": f'<p><code style="{TINT}">x</code></p>',
    "darkmode-whitelist": '<p data-no-dark="">x</p>',
}


@pytest.mark.parametrize(("rule", "content"), BROKEN.items())
def test_the_structure_check_finds_what_tags_and_styles_tell(raw: Raw, rule: str, content: str) -> None:
    sent = {"content": "<p>x</p>" + content}
    answer = raw.send("/article-bin/verify_article_structure", sent, token=None)
    assert answer["isValid"] is False
    assert list(answer["inValidInfo"]) == [rule]
    assert answer["inValidInfo"][rule]["items"][0]["paragraphIndex"] == 1
    assert answer["inValidInfo"][rule]["violateRules"]


def test_the_structure_check_shows_the_element_whole(raw: Raw) -> None:
    content = f'<p>x</p><p><code style="{TINT}">a &amp; <b>b</b></code></p>'
    answer = raw.send("/article-bin/verify_article_structure", {"content": content}, token=None)
    code, bold = answer["inValidInfo"]["darkmode-low-contrast"]["items"]
    assert code["outerHTML"] == f'<code style="{TINT}">a &amp; <b>b</b></code>'
    assert bold == {"paragraphIndex": 1, "outerHTML": "<b>b</b>"}


def test_the_structure_check_takes_an_article_of_any_depth(raw: Raw) -> None:
    deep = "<section>" * 1200 + "x" + "</section>" * 1200
    answer = raw.send("/article-bin/verify_article_structure", {"content": deep}, token=None)
    assert list(answer["inValidInfo"]) == ["nestNodes"]


@pytest.mark.parametrize(
    "content",
    [
        "<p>x</p>",
        '<p style="line-height:0">&nbsp;</p>',
        '<p style="caret-color:transparent">x</p>',
        '<p style="background:linear-gradient(#fff,#eee)">x</p>',
        "<section>" + "<p></p>" * 21 + "</section>",
        "",
    ],
)
def test_the_structure_check_lets_good_articles_pass(raw: Raw, content: str) -> None:
    answer = raw.send("/article-bin/verify_article_structure", {"content": content}, token=None)
    assert answer == {"isValid": True, "inValidInfo": {}}
