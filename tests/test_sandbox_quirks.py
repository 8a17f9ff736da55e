"""Quirks: what WeChat may do to articles and lists without saying so, each switched on by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from conftest import ROOT
from raw_wechat import Raw

from wxpub.sandbox import Sandbox, serve
from wxpub.sandbox.filter import OTHER_TEXT
from wxpub.sandbox.store import QUIRKS

PICTURE = "http://mmbiz.qpic.cn/mmbiz_png/abc/0"
CONTENT = (
    f'<section data-wxpub="mark" style="color:#333333;margin:0"><p data-no-dark="data-no-dark">正文</p>'
    f'<img src="{PICTURE}" alt="图" style="width:50%;border:1px solid #EEEEEE"></section>'
)
STORED = CONTENT.replace(f'src="{PICTURE}"', 'data-src="https://mmbiz.qpic.cn/mmbiz_png/abc/640?from=appmsg"')


def readings(raw: Raw, times: int = 3) -> list[str]:
    """Add a draft and read its first article back, again and again."""
    media_id = raw.add_draft(raw.article(content=CONTENT))
    return [raw.send("draft/get", {"media_id": media_id})["news_item"][0]["content"] for _ in range(times)]


def listed(raw: Raw, path: str = "draft", offset: int = 0) -> dict[str, Any]:
    return raw.send(f"{path}/batchget", {"offset": offset, "count": 20, "no_content": 1})


def ids(answer: dict[str, Any]) -> list[str]:
    return [str(item["media_id"]) for item in answer["item"]]


def add_many(raw: Raw, number: int) -> list[str]:
    cover = raw.add_image()
    return [raw.add_draft(raw.article(thumb_media_id=cover)) for _ in range(number)]


def test_without_quirks_an_article_comes_back_as_it_was_stored_each_time(raw: Raw) -> None:
    assert readings(raw) == [STORED] * 3


def drops_data(raw: Raw) -> None:
    assert readings(raw) == [STORED.replace(' data-wxpub="mark"', "")] * 3


def stores_nothing(raw: Raw) -> None:
    assert readings(raw) == [""] * 3


def stores_another_text(raw: Raw) -> None:
    assert readings(raw) == [STORED.replace("正文", OTHER_TEXT)] * 3


def drops_an_article(raw: Raw) -> None:
    media_id = raw.add_draft(raw.article(title="一"), raw.article(title="二"))
    assert [item["title"] for item in raw.send("draft/get", {"media_id": media_id})["news_item"]] == ["一"]
    alone = raw.add_draft()
    assert len(raw.send("draft/get", {"media_id": alone})["news_item"]) == 1


def attributes_vary(raw: Raw) -> None:
    one, two, _ = found = readings(raw)
    assert len(set(found)) == 3
    assert all('data-wxpub="mark"' in each and "data-imgfileid=" in each and "正文" in each for each in found)
    assert ("color:#333333; margin:0" in one) != ("color:#333333; margin:0" in two)


def pictures_vary(raw: Raw) -> None:
    found = readings(raw)
    assert len(set(found)) == 3
    assert len({each.split('data-src="https://')[1].split("/")[0] for each in found}) == 3
    assert all("/mmbiz_png/abc/640?" in each and "from=appmsg" in each for each in found)


def colours_vary(raw: Raw) -> None:
    one, two, three = readings(raw)
    assert {one, two} == {
        STORED.replace("#333333", "rgb(51, 51, 51)").replace("#EEEEEE", "rgb(238, 238, 238)"),
        STORED,
    }
    assert three == one


def lists_late(raw: Raw) -> None:
    (media_id,) = add_many(raw, 1)
    assert listed(raw)["total_count"] == 0
    assert "news_item" in raw.send("draft/get", {"media_id": media_id})
    raw.wechat.move_clock(61)
    raw.send("draft/update", {"media_id": media_id, "index": 0, "articles": raw.article(title="新")})
    assert ids(listed(raw)) == [media_id]
    raw.send("freepublish/submit", {"media_id": media_id})
    assert listed(raw, "freepublish")["item"] == []
    raw.wechat.move_clock(61)
    assert listed(raw, "freepublish")["total_count"] == 1


def counts_to_20(raw: Raw) -> None:
    add_many(raw, 22)
    assert listed(raw)["total_count"] == listed(raw, offset=20)["total_count"] == 20
    assert len(listed(raw, offset=20)["item"]) == 2


def has_no_total(raw: Raw) -> None:
    add_many(raw, 1)
    assert list(listed(raw)) == ["item_count", "item"]
    assert list(listed(raw, "freepublish")) == ["item_count", "item"]


def order_varies(raw: Raw) -> None:
    drafts = add_many(raw, 8)
    found = [ids(listed(raw)) for _ in range(20)]
    assert all(sorted(each) == sorted(drafts) for each in found)
    assert len({tuple(each) for each in found}) > 3


EFFECTS: dict[str, Callable[[Raw], None]] = {
    "drop-data": drops_data,
    "empty-content": stores_nothing,
    "other-text": stores_another_text,
    "drop-article": drops_an_article,
    "attributes-vary": attributes_vary,
    "pictures-vary": pictures_vary,
    "colours-vary": colours_vary,
    "late-list": lists_late,
    "total-20": counts_to_20,
    "no-total": has_no_total,
    "order-varies": order_varies,
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_quirk_does_what_it_says(quirk: str) -> None:
    with serve(quirks=[quirk], quotas=False) as wechat:
        raw = Raw(wechat)
        EFFECTS[quirk](raw)
        raw.close()


def test_published_articles_have_the_quirks_of_reading_too(raw: Raw, wechat: Sandbox) -> None:
    wechat.publish(raw.add_draft(raw.article(content=CONTENT)))
    wechat.set_profile(quirks=["colours-vary", "attributes-vary"])
    found = [
        raw.send("freepublish/batchget", {"offset": 0, "count": 1})["item"][0]["content"]["news_item"][0]["content"]
        for _ in range(2)
    ]
    assert found[0] != found[1]
    wechat.set_profile(quirks=())
    answer = raw.send("freepublish/batchget", {"offset": 0, "count": 1})
    assert answer["item"][0]["content"]["news_item"][0]["content"] == STORED


def test_quirks_are_switched_over_http_as_well(raw: Raw, wechat: Sandbox) -> None:
    headers = {"X-Sandbox-Admin": "1"}
    body = {"quirks": ["no-total", "order-varies"], "draft_leaves": "never"}
    requests.post(f"{wechat.url}/sandbox/profile", json=body, headers=headers, timeout=5)
    assert wechat.profile.quirks == ("no-total", "order-varies")
    state = json.loads(requests.get(f"{wechat.url}/sandbox/state", headers=headers, timeout=5).text)
    assert (state["known_quirks"], state["profile"]["draft_leaves"]) == (QUIRKS, "never")
    assert "total_count" not in listed(raw)


@pytest.mark.parametrize("quirk", QUIRKS)
def test_the_document_tells_every_quirk(quirk: str) -> None:
    assert f"| `{quirk}` |" in (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
