"""The endpoints about files: pictures of articles, permanent material, temporary media.

Sources: api_uploadimage, api_addmaterial, api_uploadtempmedia, api_batchgetmaterial, api_getmaterial,
api_getmaterialcount, api_delmaterial; shapes of addresses and ids from published articles and tools' notes.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from wxpub.sandbox import articles, uploads
from wxpub.sandbox.answers import Refusal
from wxpub.sandbox.call import OK, Answer, Call, File, page, text
from wxpub.sandbox.profiles import Profile
from wxpub.sandbox.store import Store

if TYPE_CHECKING:
    from wxpub.sandbox.uploads import Upload

TEMPORARY_SECONDS = 3 * 86400
LIBRARY = {"image": 100_000, "voice": 1_000, "video": 1_000, "thumb": 1_000}
COUNTED = ("voice", "video", "image", "news")


def upload_picture(call: Call) -> Answer:
    """Answer `POST /cgi-bin/media/uploadimg`."""
    upload = uploads.accept(call.request.files, call.body, uploads.PICTURE)
    with call.store.transaction():
        url = _address(upload, _keep_file(call.store, call.appid, upload))
    return {"url": url, **(OK if call.profile.uploadimg_errcode else {})}


def add_material(call: Call) -> Answer:
    """Answer `POST /cgi-bin/material/add_material`."""
    kind = call.query("type") or call.request.form.get("type", "")
    if kind not in uploads.PERMANENT:
        raise Refusal(40004)
    upload = uploads.accept(call.request.files, call.body, uploads.PERMANENT[kind])
    description = _description(call) if kind == "video" else {}
    with call.store.transaction():
        if _count(call, kind) >= LIBRARY[kind]:
            raise Refusal(45001)
        file = _keep_file(call.store, call.appid, upload)
        url = _address(upload, file) + f"?wx_fmt={upload.format}" if kind in ("image", "thumb") else ""
        media_id = _keep_media(call, kind, upload, file, url, permanent=True, description=description)
    answer: dict[str, object] = {"media_id": media_id}
    if kind in ("image", "video"):
        answer["url"] = url
    return {**answer, "item": []}


def _description(call: Call) -> dict[str, str]:
    """Read a video's title and introduction: a form field, which some clients put into the query."""
    raw = call.request.form.get("description") or call.query("description")
    if not raw:
        raise Refusal(41011)
    given = articles.read_json(raw.encode("utf-8", "replace"))
    if not isinstance(given, Mapping):
        raise Refusal(47001)
    return {name: text(given, name, 41011) for name in ("title", "introduction")}


def upload_temporary(call: Call) -> Answer:
    """Answer `POST /cgi-bin/media/upload`."""
    kind = call.query("type") or call.request.form.get("type", "")
    if kind not in uploads.TEMPORARY:
        raise Refusal(40004)
    rule = uploads.TEMPORARY[kind]
    if kind == "image":
        rule = replace(rule, most_bytes=call.profile.sizes().temporary_image_bytes)
    upload = uploads.accept(call.request.files, call.body, rule)
    with call.store.transaction():
        file = _keep_file(call.store, call.appid, upload)
        media_id = _keep_media(call, kind, upload, file, "", permanent=False, description={})
    return {"type": kind, "media_id": media_id, "created_at": int(call.now)}


def _keep_file(store: Store, appid: str, upload: Upload) -> str:
    name = secrets.token_urlsafe(48)
    store.run("INSERT INTO file VALUES (?, ?, ?, ?, ?)", name, appid, upload.format, upload.mime, upload.data)
    return name


def _address(upload: Upload, file: str) -> str:
    kind = "jpg" if upload.format == "jpeg" else upload.format
    return f"http://mmbiz.qpic.cn/mmbiz_{kind}/{file}/0"


def _keep_media(
    call: Call, kind: str, upload: Upload, file: str, url: str, *, permanent: bool, description: dict[str, str]
) -> str:
    media_id = call.store.new_media_id(call.appid)
    call.store.run(
        "INSERT INTO media VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        media_id,
        call.appid,
        kind,
        int(permanent),
        file,
        upload.name,
        url,
        call.now,
        json.dumps(description, ensure_ascii=False),
    )
    return media_id


def download_temporary(call: Call) -> Answer:
    """Answer `GET /cgi-bin/media/get`."""
    row = call.store.row(
        "SELECT * FROM media WHERE media_id = ? AND appid = ? AND permanent = 0", call.query("media_id"), call.appid
    )
    if row is None or call.now - row["created"] >= TEMPORARY_SECONDS:
        raise Refusal(40007)
    return _file(call.store, row)


def _file(store: Store, media: sqlite3.Row) -> File:
    row = store.row("SELECT * FROM file WHERE id = ?", media["file"])
    if row is None:
        raise Refusal(46001)
    return File(row["data"], row["mime"], media["name"])


def list_material(call: Call) -> Answer:
    """Answer `POST /cgi-bin/material/batchget_material`."""
    given = call.json()
    kind = text(given, "type", 40004, 40004)
    if kind not in COUNTED:
        raise Refusal(40004)
    offset, count = page(given)
    rows = call.store.rows(
        "SELECT * FROM media WHERE appid = ? AND permanent = 1 AND type = ? ORDER BY created DESC, rowid DESC "
        "LIMIT ? OFFSET ?",
        call.appid,
        kind,
        count,
        offset,
    )
    items = [
        {
            "media_id": row["media_id"],
            "name": row["name"],
            "update_time": int(row["created"]),
            **({"url": row["url"]} if kind == "image" else {}),
        }
        for row in rows
    ]
    return {"total_count": _count(call, kind), "item_count": len(items), "item": items}


def count_material(call: Call) -> Answer:
    """Answer `GET /cgi-bin/material/get_materialcount`."""
    return {f"{kind}_count": _count(call, kind) for kind in COUNTED}


def _count(call: Call, kind: str) -> int:
    return int(
        call.store.value("SELECT count(*) FROM media WHERE appid = ? AND permanent = 1 AND type = ?", call.appid, kind)
    )


def _permanent(call: Call) -> sqlite3.Row:
    media_id = text(call.json(), "media_id", 40007, 40007)
    row = call.store.row("SELECT * FROM media WHERE media_id = ? AND appid = ? AND permanent = 1", media_id, call.appid)
    if row is None or call.now - row["created"] < call.profile.propagation:
        raise Refusal(40007)
    return row


def get_material(call: Call) -> Answer:
    """Answer `POST /cgi-bin/material/get_material`: a video as JSON, anything else as its bytes."""
    row = _permanent(call)
    if row["type"] == "video":
        description = json.loads(row["description"])
        return {
            "title": description["title"],
            "description": description["introduction"],
            "down_url": f"http://mp.weixin.qq.com/mp/mp/video?__biz=&mid=&sn={row['file']}",
        }
    return _file(call.store, row)


def delete_material(call: Call) -> Answer:
    """Answer `POST /cgi-bin/material/del_material`."""
    row = _permanent(call)
    # The file stays: articles that show the picture go on showing it.
    call.store.run("DELETE FROM media WHERE media_id = ?", row["media_id"])
    return OK


def picture(store: Store, appid: str, profile: Profile, now: float) -> articles.Picture:
    """Give the function that finds a cover or picture among the account's permanent images; it refuses with 40007."""
    kinds = ("image", "thumb") if profile.thumb_covers else ("image",)

    def find(media_id: str) -> str:
        row = store.row("SELECT * FROM media WHERE media_id = ? AND appid = ? AND permanent = 1", media_id, appid)
        if row is None or row["type"] not in kinds or now - row["created"] < profile.propagation:
            raise Refusal(40007)
        return str(row["url"])

    return find
