"""The endpoints about drafts.

Sources: api_draft_add, api_draft_update, api_getdraft, api_draft_delete, api_draft_count, api_draft_batchget,
api_draft_switch, and replies seen by tools (`item`, `create_time`, `url` with a tempkey).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from wxpub import limits
from wxpub.sandbox import articles, media
from wxpub.sandbox.answers import Refusal
from wxpub.sandbox.articles import Stored
from wxpub.sandbox.call import OK, Answer, Call, page, text, whole


def add(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/add`."""
    body = articles.read_body(call.body, call.profile.charset)
    if not isinstance(body, Mapping):
        raise Refusal(47001)
    given = body.get("articles")
    if not isinstance(given, list) or not given or any(isinstance(article, list) for article in given):
        raise Refusal(44003)
    if len(given) > limits.ARTICLES_PER_DRAFT:
        raise Refusal(45008)
    stored = [_store(call, article, alone=len(given) == 1) for article in given]
    media_id = call.store.new_media_id(call.appid)
    call.store.run(
        "INSERT INTO draft VALUES (?, ?, ?, ?, ?, ?)",
        media_id,
        call.appid,
        _dump([one.article for one in stored]),
        _dump([one.trace for one in stored]),
        call.now,
        call.now,
    )
    return {"media_id": media_id, "item": []}


def _store(call: Call, given: object, alone: bool) -> Stored:
    find = media.picture(call.store, call.appid, call.profile, call.now)
    return articles.store(given, call.profile, find, alone)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def update(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/update`: one article is replaced whole, none is added, removed or moved."""
    body = articles.read_body(call.body, call.profile.charset)
    if not isinstance(body, Mapping) or not isinstance(body.get("articles"), Mapping):
        raise Refusal(47001)
    row = _draft(call, body)
    index = whole(body, "index", None, 40114)
    count = len(json.loads(row["articles"]))
    if not 0 <= index < count:
        raise Refusal(40114)
    stored = _store(call, body["articles"], alone=count == 1)
    with call.store.transaction():
        row = _draft(call, body)
        kept, traces = json.loads(row["articles"]), json.loads(row["traces"])
        kept[index], traces[index] = stored.article, stored.trace
        call.store.run(
            "UPDATE draft SET articles = ?, traces = ?, updated = ? WHERE media_id = ?",
            _dump(kept),
            _dump(traces),
            call.now,
            row["media_id"],
        )
    return OK


def _draft(call: Call, given: Mapping[str, object]) -> sqlite3.Row:
    media_id = text(given, "media_id", 40007, 40007)
    row = call.store.row("SELECT * FROM draft WHERE media_id = ? AND appid = ?", media_id, call.appid)
    if row is None:
        raise Refusal(40007)
    return row


def get(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/get`."""
    row = _draft(call, call.json())
    return {**_content(row, True), "create_time": int(row["created"]), "update_time": int(row["updated"])}


def _content(row: sqlite3.Row, with_content: bool) -> dict[str, object]:
    items = []
    for index, article in enumerate(json.loads(row["articles"])):
        if not with_content:
            del article["content"]
        items.append({**article, "url": preview_address(row["media_id"], index)})
    return {"news_item": items}


def preview_address(media_id: str, index: int) -> str:
    """Give the address of a draft's preview: temporary, with a tempkey, never to be linked to."""
    return (
        f"http://mp.weixin.qq.com/s?__biz=MzAwMDAwMDAwMA==&mid={index + 100000001}&idx={index + 1}&tempkey={media_id}"
    )


def delete(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/delete`."""
    row = _draft(call, call.json())
    call.store.run("DELETE FROM draft WHERE media_id = ?", row["media_id"])
    return OK


def count(call: Call) -> Answer:
    """Answer `GET /cgi-bin/draft/count`."""
    return {"total_count": _total(call)}


def _total(call: Call) -> int:
    return int(call.store.value("SELECT count(*) FROM draft WHERE appid = ?", call.appid))


def batchget(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/batchget`: the latest change first."""
    given = call.json()
    offset, number = page(given)
    bare = whole(given, "no_content", 0) == 1
    rows = call.store.rows(
        "SELECT * FROM draft WHERE appid = ? ORDER BY updated DESC, rowid DESC LIMIT ? OFFSET ?",
        call.appid,
        number,
        offset,
    )
    items = [
        {
            "media_id": row["media_id"],
            "content": {
                **_content(row, not bare),
                "create_time": int(row["created"]),
                "update_time": int(row["updated"]),
            },
            "update_time": int(row["updated"]),
        }
        for row in rows
    ]
    return {"total_count": _total(call), "item_count": len(items), "item": items}


def switch(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/switch`: the draft box is open for every account by now."""
    return {**OK, "is_open": 1}
