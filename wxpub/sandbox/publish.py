"""Letting articles out: publishing, sending to all followers, preview on a phone. Nothing leaves the sandbox.

Sources: api_freepublish_submit and its kin, api_sendall, api_preview, "发布能力" (states of a publication), and
community threads on msg ids.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wxpub.sandbox import filter
from wxpub.sandbox.call import OK, POST, TEXT, Answer, Call, Endpoint, Refusal, listing, text, whole
from wxpub.sandbox.store import KINDS, Profile, Store, day, month

PUBLISHED, PUBLISHING, ORIGINALITY, FAILED, REJECTED, DELETED = range(6)
CLIENT_ID_BYTES = 32
FIRST_PUBLISH_ID = 100_000_000  # as in the sample "100000001"
_KINDS_OF_MESSAGE = ("mpnews", "text", "voice", "music", "image", "video", "mpvideo", "wxcard")


def submit(call: Call) -> Answer:
    """Answer `POST /cgi-bin/freepublish/submit`: accepted only, the outcome is asked for by `publish_id`."""
    media_id = text(call.json(), "media_id", 40007, 40007)
    number = publish(call.store, call.appid, call.profile, media_id, "freepublish")
    return {**OK, "publish_id": str(FIRST_PUBLISH_ID + number), "msg_data_id": msg_data_id(number)}


def msg_data_id(number: int) -> int:
    """Return the id of the message data of publication `number`."""
    return 2_247_483_647 + number


def publish(store: Store, appid: str, profile: Profile, media_id: str, way: str) -> int:
    """Publish a draft and return the publication's number.

    `profile` says how long that takes, how it ends, and when the draft leaves the draft box; it stays if publishing
    fails. A draft that is not in the box is refused with 40007.
    """
    with store.transaction():
        draft, now = store.draft(media_id, appid), store.now()
        if draft is None:
            raise Refusal(40007)
        number = store.insert(
            "publication",
            appid=appid,
            media_id=media_id,
            article_id=secrets.token_urlsafe(48),
            way=way,
            msg_data_id=0,
            submitted=now,
            done=now + profile.publish_seconds,
            status=profile.publish_status,
            articles=draft["articles"],
            traces=draft["traces"],
            slugs=json.dumps([secrets.token_urlsafe(16) for _ in json.loads(draft["articles"])]),
            deleted="[]",
        )
        store.run("UPDATE publication SET msg_data_id = ? WHERE publish_id = ?", msg_data_id(number), number)
        if profile.publish_status == PUBLISHED and profile.draft_leaves != "never":
            leaves = now if profile.draft_leaves == "submit" else now + profile.publish_seconds
            store.run("UPDATE draft SET leaves = min(ifnull(leaves, ?1), ?1) WHERE media_id = ?2", leaves, media_id)
    return number


def publish_by_hand(store: Store, appid: str, media_id: str) -> int:
    """Publish a draft as somebody does in the web console: at once, and with success."""
    profile = replace(Profile(), draft_leaves=store.profile(appid).draft_leaves)
    return publish(store, appid, profile, media_id, "freepublish")


def status(publication: sqlite3.Row, now: float) -> int:
    """Return a publication's state: 0 published, 1 publishing, 2 originality, 3 failed, 4 rejected, 5 all deleted."""
    if now < publication["done"]:
        return PUBLISHING
    if publication["status"] == PUBLISHED and _all_deleted(publication):
        return DELETED
    return int(publication["status"])


def _all_deleted(publication: sqlite3.Row) -> bool:
    return len(json.loads(publication["deleted"])) == len(json.loads(publication["articles"]))


def permalink(slug: str) -> str:
    """Return the permanent address of a published article."""
    return f"https://mp.weixin.qq.com/s/{slug}"


def outcome(call: Call) -> Answer:
    """Answer `POST /cgi-bin/freepublish/get`."""
    publish_id = text(call.json(), "publish_id", 40002, 40002)
    number = int(publish_id) - FIRST_PUBLISH_ID if publish_id.isascii() and publish_id.isdigit() else 0
    row = (
        call.store.row("SELECT * FROM publication WHERE publish_id = ? AND appid = ?", number, call.appid)
        if 0 < number < 2**62
        else None
    )
    if row is None:
        raise Refusal(40002, "invalid argument")
    state = status(row, call.now)
    answer: dict[str, object] = {"publish_id": publish_id, "publish_status": state, "fail_idx": []}
    if state == PUBLISHED:
        deleted = json.loads(row["deleted"])
        items = [
            {"idx": index, "article_url": permalink(slug)}
            for index, slug in enumerate(json.loads(row["slugs"]), 1)
            if index not in deleted
        ]
        answer["article_id"] = row["article_id"]
        answer["article_detail"] = {"count": len(items), "item": items}
    elif state in (ORIGINALITY, REJECTED):
        answer["fail_idx"] = [1]
    return answer


def _article(call: Call, given: Mapping[str, object]) -> sqlite3.Row:
    article_id = text(given, "article_id", 53600, 53600)
    row = call.store.row("SELECT * FROM publication WHERE article_id = ? AND appid = ?", article_id, call.appid)
    if row is None or status(row, call.now) not in (PUBLISHED, DELETED):
        raise Refusal(53600)
    return row


def delete(call: Call) -> Answer:
    """Answer `POST /cgi-bin/freepublish/delete`: `index` counts from 1, 0 or none means all articles."""
    given = call.json()
    row = _article(call, given)
    index = whole(given, "index", 0, 40114)
    total = len(json.loads(row["articles"]))
    if not 0 <= index <= total:
        raise Refusal(40114)
    with call.store.transaction():
        delete_articles(call.store, row["publish_id"], range(1, total + 1) if index == 0 else [index])
    return OK


def delete_articles(store: Store, publish_id: int, indexes: Sequence[int]) -> None:
    """Mark articles of a publication (counted from 1) as deleted."""
    deleted = store.value("SELECT deleted FROM publication WHERE publish_id = ?", publish_id)
    store.run(
        "UPDATE publication SET deleted = ? WHERE publish_id = ?",
        json.dumps(sorted({*json.loads(deleted), *indexes})),
        publish_id,
    )


def get_article(call: Call) -> Answer:
    """Answer `POST /cgi-bin/freepublish/getarticle`."""
    return _content(call, _article(call, call.json()), True)


def _content(call: Call, row: sqlite3.Row, with_content: bool) -> dict[str, object]:
    deleted, slugs = json.loads(row["deleted"]), json.loads(row["slugs"])
    items = [
        {**article, "is_deleted": index in deleted, "url": permalink(slug)}
        for index, (article, slug) in enumerate(
            zip(filter.shown_articles(call, row["articles"], with_content), slugs, strict=True), 1
        )
    ]
    return {"news_item": items, "create_time": int(row["submitted"]), "update_time": int(row["done"])}


def batchget(call: Call) -> Answer:
    """Answer `POST /cgi-bin/freepublish/batchget`: what was published (not sent to followers), the latest first."""
    given = call.json()
    with_content = whole(given, "no_content", 0) != 1

    def item(row: sqlite3.Row) -> dict[str, object]:
        content = _content(call, row, with_content)
        return {"article_id": row["article_id"], "content": content, "update_time": int(row["done"])}

    rows = (
        f"publication WHERE appid = ? AND way = 'freepublish' AND status = {PUBLISHED} AND done <= ? "
        "AND json_array_length(deleted) < json_array_length(articles)"
    )
    return listing(call, given, rows, (call.appid, call.now), item, "done")


def preview(call: Call) -> Answer:
    """Answer `POST /cgi-bin/message/mass/preview`: `towxname` wins over `touser`; nothing is sent anywhere."""
    given = call.json()
    message = _message(call, given)
    name = given.get("towxname") or given.get("touser")
    if not name:
        raise Refusal(41011)
    if not isinstance(name, str) or not name.strip():
        raise Refusal(40132)
    if message is not None and call.store.draft(message, call.appid) is None:
        raise Refusal(40007)
    return {"errcode": 0, "errmsg": "preview success", "msg_id": 3_147_483_647 + int(call.now) % 10**6}


def send_to_all(call: Call) -> Answer:
    """Answer `POST /cgi-bin/message/mass/sendall`."""
    given = call.json()
    target = given.get("filter")
    if not isinstance(target, Mapping) or not isinstance(target.get("is_to_all", False), bool):
        raise Refusal(40008)
    message = _message(call, given)
    client_id = text(given, "clientmsgid", 45067) if given.get("clientmsgid") else ""
    if len(client_id.encode()) > CLIENT_ID_BYTES:
        raise Refusal(45067)
    if message is not None and call.store.draft(message, call.appid) is None:
        raise Refusal(40007)
    with call.store.transaction():
        if client_id and not call.store.use(call.appid, "clientmsgid " + client_id, most=1):
            raise Refusal(45065)
        _count_send(call)
        if message is not None:
            number = publish(call.store, call.appid, call.profile, message, "mass")
        else:  # texts, pictures and the like leave no trace but their number
            call.store.use(call.appid, "mass message")
            number = call.store.used(call.appid, "mass message")
    return {
        "errcode": 0,
        "errmsg": "send job submission success",
        "msg_id": 3_147_483_647 + number,
        "msg_data_id": msg_data_id(number),
    }


def _message(call: Call, given: Mapping[str, object]) -> str | None:
    """Read what is to be sent: a draft's media_id for `mpnews`, None for the other kinds of message."""
    kind = text(given, "msgtype", 40008, 40008)
    if kind not in _KINDS_OF_MESSAGE:
        raise Refusal(40008)
    part = given.get(kind)
    if not isinstance(part, Mapping):
        raise Refusal(44003 if kind == "mpnews" else 44004)
    return text(part, "media_id", 40007, 40007) if kind == "mpnews" else None


def _count_send(call: Call) -> None:
    kind = KINDS[call.profile.kind]
    period = day(call.now) if kind.mass_period == "day" else month(call.now)
    if call.profile.quotas and not call.store.use(call.appid, "mass send", period, kind.mass_sends):
        raise Refusal(45028)


ENDPOINTS = (
    Endpoint("/cgi-bin/freepublish/submit", POST, submit, 100, "publish"),
    Endpoint("/cgi-bin/freepublish/get", POST, outcome, 100, "publish"),
    Endpoint("/cgi-bin/freepublish/delete", POST, delete, 10, "publish"),
    Endpoint("/cgi-bin/freepublish/getarticle", POST, get_article, 100, "publish", mime=TEXT),
    Endpoint("/cgi-bin/freepublish/batchget", POST, batchget, 100, "publish", mime=TEXT),
    Endpoint("/cgi-bin/message/mass/preview", POST, preview, 100, "preview"),
    Endpoint("/cgi-bin/message/mass/sendall", POST, send_to_all, 100, "mass"),
)
