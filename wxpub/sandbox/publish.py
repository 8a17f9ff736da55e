"""The endpoints that let articles out: publishing, sending to everybody, preview on a phone; and the retired ones.

Sources: api_freepublish_submit and its kin, api_sendall, api_preview, "发布能力" (states of a publication), and
community threads on msg ids. What is published here stays in the sandbox.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping

from wxpub.sandbox import quotas
from wxpub.sandbox.answers import Refusal
from wxpub.sandbox.call import OK, Answer, Call, page, text, whole
from wxpub.sandbox.profiles import KINDS, Profile
from wxpub.sandbox.store import Store

PUBLISHED, PUBLISHING, ORIGINALITY, FAILED, REJECTED, DELETED = range(6)
CLIENT_ID_BYTES = 32
FIRST_PUBLISH_ID = 100_000_000  # as in the sample "100000001"
_KINDS_OF_MESSAGE = ("mpnews", "text", "voice", "music", "image", "video", "mpvideo", "wxcard")


def submit(call: Call) -> Answer:
    """Answer `POST /cgi-bin/freepublish/submit`: accepted only, the outcome is asked for by `publish_id`."""
    media_id = text(call.json(), "media_id", 40007, 40007)
    number = publish(call.store, call.appid, call.profile, media_id, "freepublish", call.now)
    return {**OK, "publish_id": str(FIRST_PUBLISH_ID + number), "msg_data_id": msg_data_id(number)}


def msg_data_id(number: int) -> int:
    """Give the id of the message data of publication `number`."""
    return 2_247_483_647 + number


def publish(store: Store, appid: str, profile: Profile, media_id: str, way: str, now: float) -> int:
    """Let a draft out and give the publication's number; the draft leaves the draft box unless publishing fails."""
    with store.transaction():
        draft = store.row("SELECT * FROM draft WHERE media_id = ? AND appid = ?", media_id, appid)
        if draft is None:
            raise Refusal(40007)
        articles = json.loads(draft["articles"])
        article_id = secrets.token_urlsafe(48)
        number = store.insert(
            "INSERT INTO publication (appid, media_id, article_id, way, msg_data_id, submitted, done, status, "
            "articles, traces, slugs, deleted) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, '[]')",
            appid,
            media_id,
            article_id,
            way,
            now,
            now + profile.publish_seconds,
            profile.publish_status,
            draft["articles"],
            draft["traces"],
            json.dumps([secrets.token_urlsafe(16) for _ in articles]),
        )
        store.run("UPDATE publication SET msg_data_id = ? WHERE publish_id = ?", msg_data_id(number), number)
        if profile.publish_status == PUBLISHED:
            store.run("DELETE FROM draft WHERE media_id = ?", media_id)
    return number


def status(publication: sqlite3.Row, now: float) -> int:
    """Give a publication's state: 0 published, 1 publishing, 2 originality, 3 failed, 4 rejected, 5 all deleted."""
    if now < publication["done"]:
        return PUBLISHING
    if publication["status"] == PUBLISHED and _all_deleted(publication):
        return DELETED
    return int(publication["status"])


def _all_deleted(publication: sqlite3.Row) -> bool:
    return len(json.loads(publication["deleted"])) == len(json.loads(publication["articles"]))


def permalink(slug: str) -> str:
    """Give the permanent address of a published article."""
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


def delete_articles(store: Store, publish_id: int, indexes: range | list[int]) -> None:
    """Mark articles of a publication (counted from 1) as deleted."""
    deleted = store.value("SELECT deleted FROM publication WHERE publish_id = ?", publish_id)
    store.run(
        "UPDATE publication SET deleted = ? WHERE publish_id = ?",
        json.dumps(sorted({*json.loads(deleted), *indexes})),
        publish_id,
    )


def get_article(call: Call) -> Answer:
    """Answer `POST /cgi-bin/freepublish/getarticle`."""
    return _content(_article(call, call.json()), True)


def _content(row: sqlite3.Row, with_content: bool) -> dict[str, object]:
    deleted = json.loads(row["deleted"])
    items = []
    for index, (article, slug) in enumerate(zip(json.loads(row["articles"]), json.loads(row["slugs"]), strict=True), 1):
        if not with_content:
            del article["content"]
        items.append({**article, "is_deleted": index in deleted, "url": permalink(slug)})
    return {"news_item": items, "create_time": int(row["submitted"]), "update_time": int(row["done"])}


def batchget(call: Call) -> Answer:
    """Answer `POST /cgi-bin/freepublish/batchget`: what was published (not sent to everybody), the latest first."""
    given = call.json()
    offset, number = page(given)
    bare = whole(given, "no_content", 0) == 1
    rows = [
        row
        for row in call.store.rows(
            "SELECT * FROM publication WHERE appid = ? AND way = 'freepublish' ORDER BY done DESC, publish_id DESC",
            call.appid,
        )
        if status(row, call.now) == PUBLISHED
    ]
    items = [
        {"article_id": row["article_id"], "content": _content(row, not bare), "update_time": int(row["done"])}
        for row in rows[offset : offset + number]
    ]
    return {"total_count": len(rows), "item_count": len(items), "item": items}


def preview(call: Call) -> Answer:
    """Answer `POST /cgi-bin/message/mass/preview`: `towxname` wins over `touser`; nothing is sent anywhere."""
    given = call.json()
    message = _message(call, given)
    name = given.get("towxname") or given.get("touser")
    if not name:
        raise Refusal(41011)
    if not isinstance(name, str) or not name.strip():
        raise Refusal(40132)
    if message is not None:
        _sendable(call, message)
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
    if message is not None:
        _sendable(call, message)
    with call.store.transaction():
        if client_id and call.store.used(call.appid, "clientmsgid " + client_id, ""):
            raise Refusal(45065)
        _count_send(call)
        if client_id:
            call.store.use(call.appid, "clientmsgid " + client_id, "")
        if message is not None:
            number = publish(call.store, call.appid, call.profile, message, "mass", call.now)
        else:  # texts, pictures and the like leave no trace but their number
            call.store.use(call.appid, "mass message", "")
            number = call.store.used(call.appid, "mass message", "")
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


def _sendable(call: Call, media_id: str) -> None:
    if not call.store.value("SELECT 1 FROM draft WHERE media_id = ? AND appid = ?", media_id, call.appid):
        raise Refusal(40007)


def _count_send(call: Call) -> None:
    if not call.profile.quotas:
        return
    kind = KINDS[call.profile.kind]
    period = quotas.day(call.now) if kind.mass_period == "day" else quotas.month(call.now)
    if call.store.used(call.appid, "mass send", period) >= kind.mass_sends:
        raise Refusal(45028)
    call.store.use(call.appid, "mass send", period)


def retired(call: Call) -> Answer:
    """Answer the material endpoints for articles that drafts replaced on 2022-02-28."""
    raise Refusal(45106)
