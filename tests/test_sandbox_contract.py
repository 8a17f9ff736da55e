"""The contract: what the sandbox refuses with which errcode and text, one row each, and the shape of what succeeds.

Every errcode and limit of the public documentation that the sandbox can produce stands here: first those that come from
a request, then all of them as faults on request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from raw_wechat import AMR, BMP, GIF, HEIC, MP3, MP4, WAV, WEBP, WMA, Raw, jpeg, png

from wxpub.sandbox import account, serve, store
from wxpub.sandbox.call import HINT, MESSAGES

Answer = dict[str, Any]

RID = r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$"
FORMS = {HINT: r" hint: \[[A-Za-z0-9]{4}\d{7}-\d\]" + RID, "rid": RID}


@pytest.fixture
def raw(request: pytest.FixtureRequest) -> Iterator[Raw]:
    profile = getattr(request, "param", {})
    with serve(**profile) as wechat:
        client = Raw(wechat)
        yield client
        client.close()


def add(**fields: Any) -> Callable[[Raw], Answer]:
    return lambda raw: raw.send("draft/add", {"articles": [raw.article(**fields)]})


def add_raw(body: str | bytes) -> Callable[[Raw], Answer]:
    data = body if isinstance(body, bytes) else body.encode()
    return lambda raw: raw.send("draft/add", raw=data.replace(b"COVER", raw.add_image().encode()))


def update(index: object = 0, **fields: Any) -> Callable[[Raw], Answer]:
    return lambda raw: raw.send(
        "draft/update", {"media_id": raw.add_draft(), "index": index, "articles": raw.article(**fields)}
    )


def post(path: str, body: object, **values: Any) -> Callable[[Raw], Answer]:
    return lambda raw: raw.send(path, body, **values)


def upload(path: str, name: str, data: bytes, field: str = "media", kind: str = "") -> Callable[[Raw], Answer]:
    query = {"type": kind} if kind else {}
    return lambda raw: raw.send(path, files={field: (name, data)}, query=query)


def multipart(path: str, head: bytes, data: bytes, end: bytes, **query: str) -> Callable[[Raw], Answer]:
    body = b"--b\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + data + end
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return lambda raw: raw.send(path, raw=body, headers=headers, query=query)


def token(**values: Any) -> Callable[[Raw], Answer]:
    return lambda raw: raw.fetch_token(**values)


def classic(**query: str) -> Callable[[Raw], Answer]:
    return lambda raw: raw.get("token", token=None, query=query)


def newspic(count: int = 1, **fields: Any) -> Callable[[Raw], Answer]:
    def call(raw: Raw) -> Answer:
        cover = raw.add_image()
        images = {"image_list": [{"image_media_id": cover}] * count}
        article = {"article_type": "newspic", "title": "图", "content": "文字", "image_info": images, **fields}
        return raw.send("draft/add", {"articles": [article]})

    return call


def after(step: Callable[[Raw], object], call: Callable[[Raw], Answer]) -> Callable[[Raw], Answer]:
    def both(raw: Raw) -> Answer:
        step(raw)
        return call(raw)

    return both


def times(count: int, call: Callable[[Raw], Answer]) -> Callable[[Raw], Answer]:
    def repeat(raw: Raw) -> Answer:
        answers = [call(raw) for _ in range(count)]
        assert all(answer.get("errcode", 0) == 0 for answer in answers[:-1]), answers
        return answers[-1]

    return repeat


def with_draft(path: str, **body: Any) -> Callable[[Raw], Answer]:
    return lambda raw: raw.send(path, {"media_id": raw.add_draft(), **body})


def with_published(path: str, **body: Any) -> Callable[[Raw], Answer]:
    def call(raw: Raw) -> Answer:
        publish_id = raw.send("freepublish/submit", {"media_id": raw.add_draft()})["publish_id"]
        article_id = raw.send("freepublish/get", {"publish_id": publish_id})["article_id"]
        return raw.send(path, {"article_id": article_id, **body})

    return call


def mass(**values: Any) -> Callable[[Raw], Answer]:
    def call(raw: Raw) -> Answer:
        body = {"filter": {"is_to_all": True}, "msgtype": "mpnews", "mpnews": {"media_id": raw.add_draft()}}
        return raw.send("message/mass/sendall", {**body, **values})

    return call


def preview(**values: Any) -> Callable[[Raw], Answer]:
    def call(raw: Raw) -> Answer:
        body = {"towxname": "reader", "msgtype": "mpnews", "mpnews": {"media_id": raw.add_draft()}}
        return raw.send("message/mass/preview", {key: value for key, value in {**body, **values}.items() if value})

    return call


def quota_left(path: str, calls: int = 0) -> Callable[[Raw], object]:
    return lambda raw: raw.wechat.set_quota_left(path, calls)


def link(href: str) -> Callable[[Raw], Answer]:
    return add(content=f'<p><a href="{href}">x</a></p>')


BAD_TOKEN = "95_" + "x" * 136
OTHER = ("wx1111111111111111", "1" * 32)


def of_another_account(raw: Raw) -> str:
    """Give an image's media_id of another account."""
    raw.wechat.add_account(*OTHER)
    other = raw.send(
        "stable_token", {"grant_type": "client_credential", "appid": OTHER[0], "secret": OTHER[1]}, token=None
    )["access_token"]
    files = {"media": ("a.png", png())}
    return str(raw.send("material/add_material", token=other, query={"type": "image"}, files=files)["media_id"])


def temporary(raw: Raw, kind: str = "image", name: str = "a.png", data: bytes | None = None) -> str:
    media = (name, png() if data is None else data)
    return str(raw.send("media/upload", query={"type": kind}, files={"media": media})["media_id"])


def old_temporary(raw: Raw) -> Answer:
    media_id = temporary(raw)
    later(3 * 86400 + 1)(raw)
    return raw.get("media/get", query={"media_id": media_id})


def later(seconds: float) -> Callable[[Raw], object]:
    """Move the clock and fetch a new token."""

    def step(raw: Raw) -> None:
        raw.wechat.move_clock(seconds)
        raw.token = str(raw.fetch_token()["access_token"])

    return step


def count_after(step: Callable[[Raw], object]) -> Callable[[Raw], Answer]:
    """Use a token, let `step` happen, use the token again."""
    count: Callable[[Raw], Answer] = lambda raw: raw.get("draft/count")  # noqa: E731
    return after(count, after(step, count))


def minute_used_up(raw: Raw) -> None:
    now = raw.wechat.now()
    for moment in (now, now + 60):  # the minute may end in between
        raw.wechat._store.set_used(
            raw.wechat.appid, "/cgi-bin/stable_token", store.minute(moment), account.TOKEN_A_MINUTE
        )


def last_rid(raw: Raw) -> Answer:
    """Look up the last call that was not for a token."""
    rids = [call.rid for call in raw.wechat.calls() if "token" not in call.path]
    return raw.send("openapi/rid/get", {"rid": rids[-1]})


def deleted_image(raw: Raw) -> str:
    media_id = raw.add_image()
    raw.send("material/del_material", {"media_id": media_id})
    return media_id


def wide_image(raw: Raw) -> str:
    """Upload a cover of 2.35:1."""
    return raw.add_image(png(900, 383))


def deleted_draft(raw: Raw) -> str:
    media_id = raw.add_draft()
    raw.send("draft/delete", {"media_id": media_id})
    return media_id


def published_draft(raw: Raw) -> str:
    media_id = raw.add_draft()
    raw.send("freepublish/submit", {"media_id": media_id})
    return media_id


def row(name: str, call: Callable[[Raw], Answer], errcode: int, errmsg: str = "", **profile: object) -> Any:
    text = errmsg or re.escape(MESSAGES[errcode][1])
    return pytest.param(profile, call, errcode, text, id=name.replace(" ", "_"))


TRANSPORT = [
    row("unknown path", post("draft/remove", {}), 40066),
    row("unknown path outside the API", lambda raw: raw.send("/other", {}), 40066),
    row("unknown path without token", lambda raw: raw.get("nothing", token=None), 40066),
    row("no token", post("draft/get", {}, token=None), 41001),
    row("empty token", post("draft/get", {}, token=""), 41001),
    row("malformed token", post("draft/get", {}, token="abc"), 40014),
    row("token of nobody", post("draft/get", {}, token=BAD_TOKEN), 40001),
    row("token replaced by another program", count_after(lambda raw: raw.wechat.revoke_tokens()), 40001),
    row("token expired", count_after(lambda raw: raw.wechat.expire_tokens()), 42001),
    row("token two hours old", count_after(lambda raw: raw.wechat.move_clock(7201)), 42001),
    row(
        "token in a header",
        lambda raw: raw.get("draft/count", token=None, headers={"Authorization": "Bearer x"}),
        41001,
    ),
    row("GET for a POST endpoint", lambda raw: raw.get("draft/add"), 43002),
    row("PUT for a POST endpoint", lambda raw: raw.send("draft/add", {}, method="PUT"), 43002),
    row("DELETE for a POST endpoint", lambda raw: raw.send("draft/delete", {}, method="DELETE"), 43002),
    row("POST for a GET endpoint", post("draft/count", {}), 43001),
    row("POST for material count", post("material/get_materialcount", {}), 43001),
    row("empty body", lambda raw: raw.send("draft/get", raw=b""), 44002),
    row("blank body", lambda raw: raw.send("draft/add", raw=b"  \n"), 44002),
    row("no JSON", lambda raw: raw.send("draft/get", raw=b"media_id=1"), 47001),
    row("half of a JSON", lambda raw: raw.send("draft/get", raw=b'{"media_id": "'), 47001),
    row("a JSON array", post("draft/get", [1]), 47001),
    row("a JSON string", post("draft/batchget", "x"), 47001),
    row("JSON in Latin-1", lambda raw: raw.send("draft/get", raw=b'{"media_id": "\xe9"}'), 47001),
    row("JSON in UTF-16", lambda raw: raw.send("draft/get", raw='{"media_id": "x"}'.encode("utf-16")), 47001),
    row("NaN in JSON", lambda raw: raw.send("draft/batchget", raw=b'{"offset": NaN, "count": 1}'), 47001),
    row("a raw line break in a JSON string", lambda raw: raw.send("draft/get", raw=b'{"media_id": "a\nb"}'), 47001),
    row("a deep JSON", lambda raw: raw.send("draft/get", raw=b"[" * 100_000), 47001),
    row("a lone surrogate", lambda raw: raw.send("draft/get", raw=b'{"media_id": "\\ud800"}'), 47001),
    row("a form body", lambda raw: raw.send("draft/add", files={"articles": ("a.json", b"[]")}), 47001),
]
TOKENS = [
    row("classic without grant_type", classic(appid="x", secret="y"), 40002),
    row("classic with another grant_type", classic(grant_type="password", appid="x", secret="y"), 40002),
    row("classic without appid", classic(grant_type="client_credential"), 41002),
    row("classic without secret", classic(grant_type="client_credential", appid="x"), 41004),
    row("classic unknown appid", classic(grant_type="client_credential", appid="wxdead", secret="y"), 40013),
    row("classic wrong secret", classic(grant_type="client_credential", appid="wx0000000000000000", secret="y"), 40125),
    row("classic by POST", post("token", {}, token=None), 43001),
    row("stable by GET", lambda raw: raw.get("stable_token", token=None), 43002),
    row("stable without body", lambda raw: raw.send("stable_token", token=None, raw=b""), 44002),
    row("stable with a form body", lambda raw: raw.send("stable_token", token=None, raw=b"grant_type=x"), 47001),
    row("stable without grant_type", token(grant_type=None), 40002),
    row("stable with another grant_type", token(grant_type="refresh"), 40002),
    row("stable without appid", token(appid=""), 41002),
    row("stable without secret", token(secret=None), 41004),
    row("stable unknown appid", token(appid="wxdead"), 40013),
    row("stable wrong secret", token(secret="f" * 32), 40125),
    row("stable secret as a number", token(secret=0), 40125),
    row("stable force_refresh as a string", token(force_refresh="true"), 47001),
    row("wrong secret as documented", token(secret="f" * 32), 40001, secret_error=40001),
    row(
        "address not on the whitelist",
        token(),
        40164,
        r"invalid ip 127\.0\.0\.1 ipv6 ::ffff:127\.0\.0\.1, not in whitelist",
        whitelist=["10.0.0.1"],
    ),
    row(
        "address seen from outside",
        token(),
        40164,
        r"invalid ip 203\.0\.113\.9 ipv6 ::ffff:203\.0\.113\.9, not in",
        whitelist=[],
        client_ip="203.0.113.9",
    ),
    row(
        "classic not on the whitelist",
        classic(grant_type="client_credential", appid="wx0000000000000000", secret="0" * 32),
        40164,
        "invalid ip",
        whitelist=["10.0.0.0/8"],
    ),
    row("secret frozen", token(), 40243, condition="secret-frozen"),
    row("punished account's token", token(), 50004, condition="punished"),
    row("frozen account's token", token(), 50007, condition="frozen"),
    row("address to be confirmed", token(), 89503, condition="unconfirmed-ip"),
    row("confirmation pending", token(), 89501, condition="confirmation-pending"),
    row("address refused for a day", token(), 89506, condition="refused-for-a-day"),
    row("address refused for an hour", token(), 89507, condition="refused-for-an-hour"),
    row("punished account's call", count_after(lambda raw: raw.wechat.set_profile(condition="punished")), 48004),
    row("frozen account's call", count_after(lambda raw: raw.wechat.set_profile(condition="frozen")), 50002),
    row(
        "more forced refreshes than a day has",
        times(21, after(lambda raw: raw.wechat.move_clock(31), token(force_refresh=True))),
        45009,
    ),
]
QUOTAS = [
    *(
        row(f"quota of {path} used up", after(quota_left(f"/cgi-bin/{path}"), call), 45009)
        for path, call in [
            ("token", classic(grant_type="client_credential", appid="wx0000000000000000", secret="0" * 32)),
            ("stable_token", token()),
            ("draft/add", post("draft/add", {"articles": []})),
            ("draft/get", post("draft/get", {"media_id": "x"})),
            ("draft/update", post("draft/update", {})),
            ("draft/delete", post("draft/delete", {})),
            ("draft/count", lambda raw: raw.get("draft/count")),
            ("draft/batchget", post("draft/batchget", {"offset": 0, "count": 1})),
            ("media/upload", upload("media/upload", "a.png", png(), kind="image")),
            ("freepublish/submit", post("freepublish/submit", {})),
            ("freepublish/get", post("freepublish/get", {})),
            ("freepublish/delete", post("freepublish/delete", {})),
            ("freepublish/getarticle", post("freepublish/getarticle", {})),
            ("freepublish/batchget", post("freepublish/batchget", {})),
            ("message/mass/sendall", post("message/mass/sendall", {})),
            ("message/mass/preview", post("message/mass/preview", {})),
        ]
    ),
    row(
        "the last call but none",
        after(quota_left("/cgi-bin/draft/count", 1), times(2, lambda raw: raw.get("draft/count"))),
        45009,
    ),
    row("ten deletions of articles a day", times(11, lambda raw: with_published("freepublish/delete")(raw)), 45009),
    row("more stable tokens than a minute has", after(minute_used_up, token()), 45011),
    row("clear_quota of another account", post("clear_quota", {"appid": "wx1"}), 40013),
    row("clear_quota without appid", post("clear_quota", {}), 41002),
    row("clear_quota the eleventh time", times(11, post("clear_quota", {"appid": "wx0000000000000000"})), 48006),
    row("clear_quota v2 without appid", post("clear_quota/v2", {}, token=None), 41002),
    row("clear_quota v2 without appsecret", post("clear_quota/v2", {"appid": "wx0000000000000000"}, token=None), 41004),
    row(
        "clear_quota v2 wrong appsecret",
        post("clear_quota/v2", {"appid": "wx0000000000000000", "appsecret": "x"}, token=None),
        40125,
    ),
    row(
        "clear_quota v2 shares the ten",
        after(
            times(10, post("clear_quota", {"appid": "wx0000000000000000"})),
            post("clear_quota/v2", {"appid": "wx0000000000000000", "appsecret": "0" * 32}, token=None),
        ),
        48006,
    ),
    row("quota of an unknown path", post("openapi/quota/get", {"cgi_path": "/cgi-bin/x"}), 76021),
    row("quota without a path", post("openapi/quota/get", {}), 76021),
    row(
        "quota of a path that is not for this account",
        post("openapi/quota/get", {"cgi_path": "/cgi-bin/freepublish/submit"}),
        76022,
        kind="personal",
    ),
    row("clearing an unknown path", post("openapi/quota/clear", {"cgi_path": "draft/add"}), 76021),
    row(
        "clearing a path the 51st time",
        times(51, post("openapi/quota/clear", {"cgi_path": "/cgi-bin/draft/add"})),
        48006,
    ),
    row("rid not found", post("openapi/rid/get", {"rid": "6b00c399-6f90bc40-7c84e954"}), 76001),
    row("rid malformed", post("openapi/rid/get", {"rid": "x"}), 76002),
    row("rid missing", post("openapi/rid/get", {}), 76002),
    row("rid of another account", after(of_another_account, last_rid), 76003),
    row("rid older than a week", after(add(), after(later(7 * 86400 + 1), last_rid)), 76004),
    row("callback check of nothing", post("callback/check", {"action": "x", "check_operator": "CAP"}), 40201),
    row("callback check by nobody", post("callback/check", {"action": "all", "check_operator": "x"}), 40202),
]
UPLOADS = [
    row("uploadimg without a file", post("media/uploadimg", {}), 41005),
    row("uploadimg with another field", upload("media/uploadimg", "a.png", png(), field="file"), 41005),
    row("uploadimg with an empty file", upload("media/uploadimg", "a.png", b""), 41005),
    row("uploadimg without a file name", multipart("media/uploadimg", b'name="media"', png(), b"\r\n--b--\r\n"), 41005),
    row(
        "uploadimg with an RFC 5987 file name only",
        multipart("media/uploadimg", b"name=\"media\"; filename*=utf-8''a.png", png(), b"\r\n--b--\r\n"),
        41005,
    ),
    row("uploadimg without an extension", upload("media/uploadimg", "cover", png()), 40113),
    row(
        "uploadimg without a line break before the end",
        multipart("media/uploadimg", b'name="media"; filename="a.png"', png(), b"--b--\r\n"),
        40113,
    ),
    row("uploadimg GIF", upload("media/uploadimg", "a.gif", GIF), 40005),
    row("uploadimg BMP", upload("media/uploadimg", "a.bmp", BMP), 40005),
    row("uploadimg WebP", upload("media/uploadimg", "a.webp", WEBP), 40005),
    row("uploadimg GIF named png", upload("media/uploadimg", "a.png", GIF), 40005),
    row("uploadimg WebP named jpg", upload("media/uploadimg", "a.jpg", WEBP), 40137),
    row("uploadimg HEIC named png", upload("media/uploadimg", "a.png", HEIC), 40137),
    row("uploadimg text named png", upload("media/uploadimg", "a.png", b"not a picture"), 40137),
    row("uploadimg SVG", upload("media/uploadimg", "a.svg", b"<svg/>"), 40005),
    row("uploadimg cut PNG", upload("media/uploadimg", "a.png", png()[:40]), 40137),
    row("uploadimg cut JPEG", upload("media/uploadimg", "a.jpg", jpeg()[:-2]), 40137),
    row(
        "uploadimg of giant pixels",
        upload("media/uploadimg", "a.png", png().replace(b"\0\0\0\2\0\0\0\2", b"\0\0\x46\x62\0\0\x5f\x9d")),
        40137,
    ),
    row("uploadimg of one MiB", upload("media/uploadimg", "a.jpg", jpeg(1024 * 1024)), 40009),
    row("add_material without type", upload("material/add_material", "a.png", png()), 40004),
    row("add_material of an unknown type", upload("material/add_material", "a.png", png(), kind="news"), 40004),
    row("add_material without a file", post("material/add_material", {}, query={"type": "image"}), 41005),
    row("add_material with an empty file", upload("material/add_material", "a.png", b"", kind="image"), 41005),
    row("add_material without an extension", upload("material/add_material", "cover", png(), kind="image"), 40113),
    row("add_material WebP named png", upload("material/add_material", "a.png", WEBP, kind="image"), 40113),
    row("add_material HEIC named jpg", upload("material/add_material", "a.jpg", HEIC, kind="image"), 40113),
    row("add_material MP3 as an image", upload("material/add_material", "a.mp3", MP3, kind="image"), 40113),
    row(
        "add_material image over 10 MB",
        upload("material/add_material", "a.jpg", jpeg(10 * 1024 * 1024), kind="image"),
        40006,
    ),
    row(
        "add_material thumb over 64 KB", upload("material/add_material", "a.jpg", jpeg(64 * 1024), kind="thumb"), 40012
    ),
    row("add_material PNG as thumb", upload("material/add_material", "a.png", png(), kind="thumb"), 40113),
    row(
        "add_material voice over 2 MB",
        upload("material/add_material", "a.mp3", MP3 + bytes(2 * 1024 * 1024), kind="voice"),
        40006,
    ),
    row("add_material picture as voice", upload("material/add_material", "a.png", png(), kind="voice"), 40113),
    row("add_material video without description", upload("material/add_material", "a.mp4", MP4, kind="video"), 41011),
    row(
        "add_material video with a broken description",
        lambda raw: raw.send(
            "material/add_material", query={"type": "video", "description": "{"}, files={"media": ("a.mp4", MP4)}
        ),
        47001,
    ),
    row("media upload of an unknown type", upload("media/upload", "a.png", png(), kind="file"), 40004),
    row("media upload BMP", upload("media/upload", "a.bmp", BMP, kind="image"), 40113),
    row("media upload WAV", upload("media/upload", "a.wav", WAV, kind="voice"), 40113),
    row("media upload image over 10 MB", upload("media/upload", "a.jpg", jpeg(10 * 1024 * 1024), kind="image"), 45001),
    row(
        "media upload image over 2 MB as documented",
        upload("media/upload", "a.jpg", jpeg(2 * 1024 * 1024), kind="image"),
        45001,
        limits="documented",
    ),
    row("media upload thumb over 64 KB", upload("media/upload", "a.jpg", jpeg(64 * 1024), kind="thumb"), 40012),
    row("media get of nothing", lambda raw: raw.get("media/get", query={"media_id": "x"}), 40007),
    row("media get after three days", old_temporary, 40007),
    row(
        "material list of an unknown type",
        post("material/batchget_material", {"type": "thumb", "offset": 0, "count": 1}),
        40004,
    ),
    row("material list without type", post("material/batchget_material", {"offset": 0, "count": 1}), 40004),
    row("material list of 21", post("material/batchget_material", {"type": "image", "offset": 0, "count": 21}), 40097),
    row(
        "material list from -1", post("material/batchget_material", {"type": "image", "offset": -1, "count": 1}), 40097
    ),
    row("material of nothing", post("material/get_material", {"media_id": "x"}), 40007),
    row("material without media_id", post("material/get_material", {}), 40007),
    row(
        "material that is temporary", lambda raw: raw.send("material/get_material", {"media_id": temporary(raw)}), 40007
    ),
    row("deletion of nothing", post("material/del_material", {"media_id": "x"}), 40007),
    row("deletion twice", lambda raw: raw.send("material/del_material", {"media_id": deleted_image(raw)}), 40007),
    row("retired add_news", post("material/add_news", {}), 45106),
    row("retired update_news", post("material/update_news", {}), 45106),
    row("retired uploadnews", post("media/uploadnews", {}), 45106),
]
DRAFTS = [
    row("articles missing", post("draft/add", {}), 44003),
    row("articles capitalised", post("draft/add", {"Articles": []}), 44003),
    row("articles empty", post("draft/add", {"articles": []}), 44003),
    row("articles wrapped twice", post("draft/add", {"articles": [[{}]]}), 44003),
    row("articles an object", post("draft/add", {"articles": {}}), 44003),
    row("an article that is a string", post("draft/add", {"articles": ["x"]}), 47001),
    row("nine articles", lambda raw: raw.send("draft/add", {"articles": [raw.article()] * 9}), 45008),
    row("no title", add(title=""), 40227),
    row("title of spaces", add(title="  "), 40227),
    row("title missing", add(title=None), 40227),
    row("title a list", add(title=["x"]), 47001),
    row("title of 65", add(title="题" * 65), 45003),
    row("title of 33 as documented", add(title="题" * 33), 45003, limits="documented"),
    row(
        "title of 11 escaped",
        add_raw(json.dumps({"articles": [{"title": "题" * 11, "content": "x", "thumb_media_id": "COVER"}]})),
        45003,
    ),
    row("author of 17", add(author="名" * 17), 45110),
    row(
        "author of 3 escaped",
        add_raw(
            json.dumps({"articles": [{"title": "t", "author": "名" * 3, "content": "x", "thumb_media_id": "COVER"}]})
        ),
        45110,
    ),
    row("digest of 121", add(digest="摘" * 121), 45004),
    row(
        "escapes refused",
        add_raw(json.dumps({"articles": [{"title": "题", "content": "x", "thumb_media_id": "COVER"}]})),
        40033,
        charset="refused",
    ),
    row("content empty", add(content=""), 44004),
    row("content missing", add(content=None), 44004),
    row("content of one MiB", add(content="x" * 1024 * 1024), 45002),
    row("content of one MiB in Chinese", add(content="字" * 349_526), 45002),
    row("content of 20,000 as documented", add(content="x" * 20_000), 45002, limits="documented"),
    row("source URL over 1 KB", add(content_source_url="https://e.com/" + "x" * 1024), 45005),
    row("source URL without scheme", add(content_source_url="e.com/x"), 41039),
    row("source URL javascript", add(content_source_url="javascript:alert(1)"), 41039),
    row("cover missing", add(thumb_media_id=""), 40007),
    row("cover None", add(thumb_media_id=None), 40007),
    row("cover a URL", add(thumb_media_id="http://mmbiz.qpic.cn/mmbiz_png/x/0"), 40007),
    row("cover temporary", lambda raw: add(thumb_media_id=temporary(raw))(raw), 40007),
    row("cover of another account", lambda raw: add(thumb_media_id=of_another_account(raw))(raw), 40007),
    row("cover of type thumb", lambda raw: add(thumb_media_id=raw.add_image(jpeg(), "a.jpg", "thumb"))(raw), 40007),
    row("cover of type voice", lambda raw: add(thumb_media_id=raw.add_image(MP3, "a.mp3", "voice"))(raw), 40007),
    row("cover deleted", lambda raw: add(thumb_media_id=deleted_image(raw))(raw), 40007),
    row("cover uploaded just now", add(), 40007, propagation=3),
    row("comments by a personal account", add(need_open_comment=1), 88000, kind="personal"),
    row("comments neither on nor off", add(need_open_comment=2), 40097),
    row("fans_only neither on nor off", add(only_fans_can_comment="yes"), 40097),
    row("unknown article_type", add(article_type="video"), 40097),
    row("crop of three numbers", add(pic_crop_235_1="0_0_1"), 53402),
    row("crop beyond the picture", add(pic_crop_235_1="0_0_1.5_1"), 53402),
    row("crop of nothing", add(pic_crop_1_1="0.5_0_0.5_1"), 53402),
    row("crop of seven decimals", add(pic_crop_1_1="0.1234567_0_1_1"), 53402),
    row("crop of another ratio", lambda raw: add(thumb_media_id=wide_image(raw), pic_crop_1_1="0_0_1_1")(raw), 53402),
    row(
        "cover_info of an unknown ratio",
        add(cover_info={"crop_percent_list": [{"ratio": "4_3", "x1": "0", "y1": "0", "x2": "1", "y2": "1"}]}),
        53402,
    ),
    row("cover_info without list", add(cover_info={}), 47001),
    row("goods", add(product_info={"footer_product_info": {"product_key": "x"}}), 53406),
    row("goods without key", add(product_info={"footer_product_info": {"x": 1}}), 53405),
    row(
        "newspic with a crop of another ratio",
        newspic(cover_info={"crop_percent_list": [{"ratio": "2.35_1", "x1": "0", "y1": "0", "x2": "0.1", "y2": "1"}]}),
        53402,
    ),
    row("newspic without pictures", newspic(image_info=None), 41011),
    row("newspic of 21 pictures", newspic(21), 40170),
    row("newspic with HTML", newspic(content="<p>x</p>"), 45166),
    row("newspic of 1,001 characters", newspic(content="字" * 1001), 45166),
    row("newspic of a foreign picture", newspic(image_info={"image_list": [{"image_media_id": "x"}]}), 40007),
    row("link to a fragment", link("#fn1"), 45166),
    row("link to nowhere", link(""), 45166),
    row("link to a preview", link("https://mp.weixin.qq.com/s?__biz=x&amp;tempkey=abc"), 45166),
    row("link by media_id", link("https://mp.weixin.qq.com/s/" + "a" * 64), 45166),
    row("a mini program's card", add(content="<mp-miniprogram></mp-miniprogram>"), 45166),
    row("another mini program's card", add(content="<p><mp-common-miniprogram></mp-common-miniprogram></p>"), 45166),
    row("drafts of an expired account", add(), 48001, kind="expired"),
    row("update of nothing", post("draft/update", {"media_id": "x", "index": 0, "articles": {"title": "x"}}), 40007),
    row(
        "update with a list",
        lambda raw: raw.send("draft/update", {"media_id": raw.add_draft(), "index": 0, "articles": [raw.article()]}),
        47001,
    ),
    row("update without articles", with_draft("draft/update", index=0), 47001),
    row("update at 1 of one", update(1), 40114),
    row("update at -1", update(-1), 40114),
    row(
        "update without index",
        lambda raw: raw.send("draft/update", {"media_id": raw.add_draft(), "articles": raw.article()}),
        40114,
    ),
    row("update at half", update(0.5), 40114),
    row("update with a bad source URL", update(content_source_url="x"), 41039),
    row("update with a dead link", update(content='<a href="#x">x</a>'), 45166),
    row("update with comments", update(need_open_comment=1), 88000, kind="personal"),
    row("update with goods", update(product_info={"footer_product_info": {"product_key": "x"}}), 53406),
    row("update without a cover", update(thumb_media_id=""), 40007),
    row("update with a long title", update(title="题" * 65), 45003),
    row("get of nothing", post("draft/get", {"media_id": "x"}), 40007),
    row("get without media_id", post("draft/get", {}), 40007),
    row("get of a list", post("draft/get", {"media_id": ["x"]}), 40007),
    row("get after deletion", lambda raw: raw.send("draft/get", {"media_id": deleted_draft(raw)}), 40007),
    row("delete of nothing", post("draft/delete", {"media_id": "x"}), 40007),
    row("list of none", post("draft/batchget", {"offset": 0, "count": 0}), 40097),
    row("list of 21", post("draft/batchget", {"offset": 0, "count": 21}), 40097),
    row("list without count", post("draft/batchget", {"offset": 0}), 40097),
    row("list from a word", post("draft/batchget", {"offset": "a", "count": 1}), 40097),
    row("list from -1", post("draft/batchget", {"offset": -1, "count": 1}), 40097),
    row("list from beyond all numbers", post("draft/batchget", {"offset": 2**70, "count": 1}), 40097),
]
PUBLISHING = [
    *(
        row(f"{path} by a {kind} account", post(path, {}), 48001, kind=kind)
        for kind in ("personal", "expired")
        for path in (
            *("freepublish/submit", "freepublish/get", "freepublish/delete", "freepublish/getarticle"),
            *("freepublish/batchget", "message/mass/preview", "message/mass/sendall"),
        )
    ),
    row("submit of nothing", post("freepublish/submit", {"media_id": "x"}), 40007),
    row("submit of a mass message's body", lambda raw: raw.send("freepublish/submit", [1]), 47001),
    row("submit twice", lambda raw: raw.send("freepublish/submit", {"media_id": published_draft(raw)}), 40007),
    row("state of nothing", post("freepublish/get", {"publish_id": "1"}), 40002, "invalid argument"),
    row("state of a word", post("freepublish/get", {"publish_id": "x"}), 40002, "invalid argument"),
    row("state without id", post("freepublish/get", {}), 40002),
    row("article of nothing", post("freepublish/getarticle", {"article_id": "x"}), 53600),
    row("deletion of no article", post("freepublish/delete", {"article_id": "x"}), 53600),
    row("deletion of article 2 of one", with_published("freepublish/delete", index=2), 40114),
    row("list of published 21", post("freepublish/batchget", {"offset": 0, "count": 21}), 40097),
    row("mass message of no draft", mass(mpnews={"media_id": "x"}), 40007),
    row("mass message without mpnews", mass(mpnews=None), 44003),
    row("mass message to all as a string", mass(filter={"is_to_all": "true"}), 40008),
    row("mass message without filter", mass(filter=None), 40008),
    row("mass message of an unknown kind", mass(msgtype="news"), 40008),
    row("mass message with a long client id", mass(clientmsgid="x" * 33), 45067),
    row("mass message twice a day", times(2, lambda raw: mass()(raw)), 45028),
    row("mass message twice by client id", times(2, lambda raw: mass(clientmsgid="a")(raw)), 45065, kind="service"),
    row("mass message a fifth time a month", times(5, lambda raw: mass()(raw)), 45028, kind="service"),
    row("preview of no draft", preview(mpnews={"media_id": "x"}), 40007),
    row("preview to nobody", preview(towxname=""), 41011),
    row("preview to a number", preview(towxname=5), 40132),
    row("preview of an unknown kind", preview(msgtype="news"), 40008),
    row(
        "structure check of nothing",
        lambda raw: raw.send("/article-bin/verify_article_structure", {}, token=None),
        47001,
    ),
]
TABLE = [*TRANSPORT, *TOKENS, *QUOTAS, *UPLOADS, *DRAFTS, *PUBLISHING]


@pytest.mark.parametrize(("profile", "call", "errcode", "text"), TABLE)
def test_a_refusal_has_wechats_code_and_words(
    profile: dict[str, object], call: Callable[[Raw], Answer], errcode: int, text: str
) -> None:
    with serve(**profile) as wechat:
        raw = Raw(wechat)
        answer = call(raw)
        raw.close()
    assert list(answer) == ["errcode", "errmsg"], answer
    assert answer["errcode"] == errcode, answer
    assert re.match(text + ".*" + FORMS[MESSAGES[errcode][0]], answer["errmsg"]), answer


@pytest.mark.parametrize("errcode", sorted(MESSAGES))
def test_any_errcode_can_be_asked_for(raw: Raw, errcode: int) -> None:
    raw.wechat.fail("errcode", errcode, endpoint="/cgi-bin/draft/count", times=2)
    answers = [raw.get("draft/count") for _ in range(3)]
    assert [answer.get("errcode") for answer in answers] == [errcode, errcode, None]
    assert re.search(FORMS[MESSAGES[errcode][0]], answers[0]["errmsg"])
    assert "{" not in answers[0]["errmsg"]


def test_the_table_is_as_long_as_it_claims() -> None:
    assert len(TABLE) >= 150


# --- what succeeds ----------------------------------------------------------------------------------------------------


def published(raw: Raw) -> tuple[str, str]:
    publish_id = raw.send("freepublish/submit", {"media_id": raw.add_draft()})["publish_id"]
    return publish_id, raw.send("freepublish/get", {"publish_id": publish_id})["article_id"]


OK = ["errcode", "errmsg"]
SHAPES: list[Any] = [
    (
        "token",
        classic(grant_type="client_credential", appid="wx0000000000000000", secret="0" * 32),
        ["access_token", "expires_in"],
    ),
    ("stable_token", token(), ["access_token", "expires_in"]),
    ("clear_quota", post("clear_quota", {"appid": "wx0000000000000000"}), OK),
    (
        "clear_quota_v2",
        lambda raw: raw.send(
            "clear_quota/v2", token=None, query={"appid": "wx0000000000000000", "appsecret": "0" * 32}
        ),
        OK,
    ),
    ("quota_get", post("openapi/quota/get", {"cgi_path": "/cgi-bin/draft/add"}), [*OK, "quota"]),
    ("quota_clear", post("openapi/quota/clear", {"cgi_path": "/cgi-bin/draft/add"}), OK),
    ("rid_get", after(add(), last_rid), [*OK, "request"]),
    ("get_api_domain_ip", lambda raw: raw.get("get_api_domain_ip"), ["ip_list"]),
    ("getcallbackip", lambda raw: raw.get("getcallbackip"), ["ip_list"]),
    ("callback_check", post("callback/check", {"action": "all", "check_operator": "DEFAULT"}), ["dns", "ping"]),
    ("uploadimg", upload("media/uploadimg", "a.png", png()), ["url"]),
    ("media_upload", upload("media/upload", "a.amr", AMR, kind="voice"), ["type", "media_id", "created_at"]),
    ("add_material_image", upload("material/add_material", "a.gif", GIF, kind="image"), ["media_id", "url", "item"]),
    ("add_material_voice", upload("material/add_material", "a.wma", WMA, kind="voice"), ["media_id", "item"]),
    (
        "batchget_material",
        post("material/batchget_material", {"type": "image", "offset": 0, "count": 20}),
        ["total_count", "item_count", "item"],
    ),
    (
        "get_materialcount",
        lambda raw: raw.get("material/get_materialcount"),
        ["voice_count", "video_count", "image_count", "news_count"],
    ),
    ("del_material", lambda raw: raw.send("material/del_material", {"media_id": raw.add_image()}), OK),
    ("draft_add", add(), ["media_id", "item"]),
    ("draft_get", with_draft("draft/get"), ["news_item", "create_time", "update_time"]),
    ("draft_update", update(), OK),
    ("draft_delete", with_draft("draft/delete"), OK),
    ("draft_count", lambda raw: raw.get("draft/count"), ["total_count"]),
    ("draft_batchget", post("draft/batchget", {"offset": 0, "count": 20}), ["total_count", "item_count", "item"]),
    ("draft_switch", lambda raw: raw.send("draft/switch", raw=b"", query={"checkonly": "1"}), [*OK, "is_open"]),
    (
        "freepublish_submit",
        lambda raw: raw.send("freepublish/submit", {"media_id": raw.add_draft()}),
        [*OK, "publish_id", "msg_data_id"],
    ),
    (
        "freepublish_get",
        lambda raw: raw.send("freepublish/get", {"publish_id": published(raw)[0]}),
        ["publish_id", "publish_status", "fail_idx", "article_id", "article_detail"],
    ),
    ("freepublish_getarticle", with_published("freepublish/getarticle"), ["news_item", "create_time", "update_time"]),
    ("freepublish_delete", with_published("freepublish/delete", index=1), OK),
    (
        "freepublish_batchget",
        post("freepublish/batchget", {"offset": 0, "count": 20}),
        ["total_count", "item_count", "item"],
    ),
    ("mass_preview", preview(), [*OK, "msg_id"]),
    ("mass_sendall", mass(), [*OK, "msg_id", "msg_data_id"]),
    (
        "verify",
        lambda raw: raw.send("/article-bin/verify_article_structure", {"content": "<p>x</p>"}, token=None),
        ["isValid", "inValidInfo"],
    ),
]


@pytest.mark.parametrize(("name", "call", "keys"), SHAPES, ids=[shape[0] for shape in SHAPES])
def test_a_success_has_the_documented_shape(
    raw: Raw, name: str, call: Callable[[Raw], Answer], keys: list[str]
) -> None:
    answer = call(raw)
    assert list(answer) == keys
    assert answer.get("errcode", 0) == 0
