"""Somebody else's client, wechatpy, drives every endpoint that it knows of the sandbox, through its own classes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from raw_wechat import AMR, MP4, jpeg, png
from wechatpy import WeChatClient
from wechatpy.exceptions import APILimitedException, WeChatClientException

from wxpub.sandbox import Sandbox, serve

COVER = "封面 cover.png"


class Client(WeChatClient):
    """wechatpy's client as it is; only its address is another, which its own token URL does not follow."""

    def fetch_access_token(self) -> dict[str, Any]:
        params = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
        return self._fetch_access_token(url=self.API_BASE_URL + "token", params=params)


@pytest.fixture
def wechat() -> Iterator[Sandbox]:
    with serve() as sandbox:
        yield sandbox


@pytest.fixture
def client(wechat: Sandbox) -> Client:
    client = Client(wechat.appid, wechat.secret)
    client.API_BASE_URL = f"{wechat.url}/cgi-bin/"
    return client


def named(name: str, data: bytes) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


def article(client: Client, **values: Any) -> dict[str, Any]:
    cover = client.material.add("image", named(COVER, png()))["media_id"]
    return {"title": "标题", "content": "<p>正文</p>", "thumb_media_id": cover, **values}


def test_a_draft_goes_in_comes_back_changes_and_goes_out(client: Client) -> None:
    url = client.media.upload_image(named("图.png", png()))
    one = article(client, content=f'<p>你好<img src="{url}"></p>', author="作者", digest="摘要")
    media_id = client.draft.add([one, article(client)])["media_id"]
    assert client.draft.count()["total_count"] == 1

    items = client.draft.get(media_id)["news_item"]
    assert [item["title"] for item in items] == ["标题", "标题"]
    assert (items[0]["author"], items[0]["digest"]) == ("作者", "摘要")
    assert items[0]["content"].startswith('<p>你好<img data-src="https://mmbiz.qpic.cn/')

    assert client.draft.update(media_id, 1, {**article(client), "title": "改过的标题"})["errcode"] == 0
    listed = client.draft.batchget()
    assert (listed["total_count"], listed["item_count"]) == (1, 1)
    assert [item["title"] for item in listed["item"][0]["content"]["news_item"]] == ["标题", "改过的标题"]
    assert "content" not in client.draft.batchget(no_content=1)["item"][0]["content"]["news_item"][0]

    assert client.draft.delete(media_id)["errmsg"] == "ok"
    assert client.draft.count()["total_count"] == 0


def test_a_draft_is_published_read_listed_and_deleted(client: Client) -> None:
    media_id = client.draft.add([article(client)])["media_id"]
    publish_id = client.freepublish.submit(media_id)["publish_id"]
    outcome = client.freepublish.get(publish_id)
    assert outcome["publish_status"] == 0
    assert outcome["article_detail"]["item"][0]["article_url"].startswith("https://mp.weixin.qq.com/s/")
    assert client.draft.count()["total_count"] == 0

    article_id = outcome["article_id"]
    assert client.freepublish.getarticle(article_id)["news_item"][0]["title"] == "标题"
    assert client.freepublish.batchget(0, 20)["item"][0]["article_id"] == article_id
    assert client.freepublish.delete(article_id)["errcode"] == 0
    assert client.freepublish.get(publish_id)["publish_status"] == 5
    assert client.freepublish.batchget(0, 20)["total_count"] == 0


def test_material_of_every_type_is_added_counted_listed_read_and_deleted(client: Client) -> None:
    image = client.material.add("image", named(COVER, png()))
    assert image["url"].endswith("?wx_fmt=png")
    voice = client.material.add("voice", named("a.amr", AMR))["media_id"]
    video = client.material.add("video", named("a.mp4", MP4), title="片名", introduction="简介")["media_id"]
    thumb = client.material.add("thumb", named("a.jpg", jpeg()))["media_id"]
    assert client.material.get_count() == {"voice_count": 1, "video_count": 1, "image_count": 1, "news_count": 0}

    listed = client.material.batchget("image")
    assert (listed["total_count"], listed["item"][0]["name"]) == (1, COVER)
    assert client.material.get(image["media_id"]).content == png()
    assert client.material.get(voice).content == AMR
    assert client.material.get(thumb).content == jpeg()
    assert client.material.get(video)["title"] == "片名"
    for media_id in (image["media_id"], voice, video, thumb):
        assert client.material.delete(media_id)["errcode"] == 0
    assert client.material.get_count()["image_count"] == 0


def test_temporary_media_is_uploaded_and_downloaded(client: Client) -> None:
    answer = client.media.upload("image", named("a.png", png()))
    assert answer["type"] == "image"
    assert client.media.download(answer["media_id"]).content == png()


def test_messages_are_previewed_and_sent(client: Client) -> None:
    media_id = client.draft.add([article(client)])["media_id"]
    assert client.message.send_mass_article(media_id, "reader", preview=True)["errcode"] == 0
    assert client.message.send_mass_article(media_id, is_to_all=True, client_msg_id="one")["msg_id"]
    assert client.draft.count()["total_count"] == 0
    with pytest.raises(WeChatClientException, match="45028"):
        client.message.send_mass_text("第二条", is_to_all=True)


def test_servers_and_network_are_told(client: Client) -> None:
    assert client.misc.get_wechat_ips()
    assert {"dns", "ping"} <= client.misc.check_network().keys()


def test_retired_endpoints_are_refused(client: Client) -> None:
    with pytest.raises(WeChatClientException, match="45106"):
        client.media.upload_articles([article(client)])


def test_a_refusal_is_an_exception_with_wechats_code(client: Client) -> None:
    with pytest.raises(WeChatClientException) as caught:
        client.draft.add([{"title": "标题", "content": "<p>x</p>", "thumb_media_id": "no-such-id"}])
    assert caught.value.errcode == 40007


def test_a_replaced_token_is_fetched_anew_by_wechatpy_itself(client: Client, wechat: Sandbox) -> None:
    client.draft.count()
    wechat.revoke_tokens()
    assert client.draft.count()["total_count"] == 0
    assert len(wechat.calls("/cgi-bin/token")) == 2


def test_a_used_up_quota_is_wechatpys_limit(client: Client, wechat: Sandbox) -> None:
    wechat.set_quota_left("/cgi-bin/draft/count", 1)
    client.draft.count()
    with pytest.raises(APILimitedException):
        client.draft.count()
