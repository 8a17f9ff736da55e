"""Files: pictures of articles, permanent material, temporary media; the bytes decide, their names hardly.

Sources: api_uploadimage, api_addmaterial, api_uploadtempmedia, api_batchgetmaterial, api_getmaterial,
api_getmaterialcount, api_delmaterial; shapes of addresses and ids from published articles and tools' notes; what is
refused with which errcode also from the issue trackers of publishing tools (caol64/wenyan-cli#4, caol64/wenyan-mcp#1).
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
import struct
from dataclasses import dataclass, replace

from wxpub import limits
from wxpub.sandbox.call import (
    GET,
    OK,
    POST,
    TEXT,
    Answer,
    Call,
    Endpoint,
    File,
    Refusal,
    listing,
    mapping,
    read_json,
    text,
)

# --- what is taken ----------------------------------------------------------------------------------------------------

MOST_PIXELS = 200_000_000  # an 18018 x 24477 PNG was refused with 40137

_SOUNDS = {"mp3": "audio/mpeg", "wma": "audio/x-ms-wma", "wav": "audio/wav", "amr": "audio/amr", "mp4": "video/mp4"}
MIMES = {name: f"image/{name}" for name in ("png", "jpeg", "gif", "bmp")} | _SOUNDS
EXTENSIONS = {"jpg": "jpeg", "jpeg": "jpeg", "jpe": "jpeg", **{name: name for name in MIMES if name != "jpeg"}}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that passed: its name, its bytes, and its format by its bytes (a key of `MIMES`)."""

    name: str
    data: bytes
    format: str

    @property
    def mime(self) -> str:
        """Return the format's media type."""
        return MIMES[self.format]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of upload takes, and the errcodes of a wrong format, a broken image and a wrong size."""

    formats: tuple[str, ...]
    most_bytes: int
    wrong_format: int = 40113
    broken: int = 40113
    too_big: int = 40006


PICTURE = Rule(("png", "jpeg"), limits.UPLOADIMG_BYTES - 1, wrong_format=40005, broken=40137, too_big=40009)
PERMANENT = {
    "image": Rule(("bmp", "png", "jpeg", "gif"), limits.MATERIAL_IMAGE_BYTES),
    "voice": Rule(("mp3", "wma", "wav", "amr"), 2 * 1024 * 1024),
    "video": Rule(("mp4",), 10 * 1024 * 1024),
    "thumb": Rule(("jpeg",), limits.THUMB_BYTES, too_big=40012),
}
TEMPORARY = {
    "image": Rule(("png", "jpeg", "gif"), limits.MATERIAL_IMAGE_BYTES, too_big=45001),
    "voice": Rule(("amr", "mp3"), 2 * 1024 * 1024, too_big=45001),
    "video": Rule(("mp4",), 10 * 1024 * 1024, too_big=45001),
    "thumb": Rule(("jpeg",), limits.THUMB_BYTES, too_big=40012),
}


def accept(call: Call, rule: Rule) -> Upload:
    """Take the file of the multipart field `media`; refuse what `rule` does not take."""
    if _unfinished(call.body):
        raise Refusal(40113)
    part = call.request.files.get("media")
    if part is None or not part.filename or not _plain_filename(call.body):
        raise Refusal(41005)
    data = part.stream.read()
    if not data:
        raise Refusal(41005)
    extension = part.filename.rpartition(".")[2].lower() if "." in part.filename else ""
    if not extension:
        raise Refusal(40113)
    if len(data) > rule.most_bytes:
        raise Refusal(rule.too_big)
    found = sniff(data)
    if found not in rule.formats or EXTENSIONS.get(extension) not in rule.formats:
        # A file that says it is a picture but is none, or another, is "broken" rather than of the wrong type.
        mislabelled = EXTENSIONS.get(extension) in rule.formats and found not in MIMES
        raise Refusal(rule.broken if mislabelled else rule.wrong_format)
    if not _sound(found, data):
        raise Refusal(rule.broken)
    return Upload(part.filename, data, found)


def _plain_filename(body: bytes) -> bool:
    """Whether the part names its file by `filename=`: the gateway does not read RFC 5987's `filename*=`."""
    header = re.search(rb'^content-disposition:[^\r\n]*\bname="?media"?[^\r\n]*', body, re.IGNORECASE | re.MULTILINE)
    return header is not None and re.search(rb"\bfilename=", header.group(), re.IGNORECASE) is not None


def _unfinished(body: bytes) -> bool:
    """Whether the closing boundary does not stand on a line of its own."""
    boundary = body[: body.find(b"\r\n")]
    closing = body.rfind(boundary + b"--")
    return boundary.startswith(b"--") and closing > 0 and body[closing - 2 : closing] != b"\r\n"


# "heic", "avif" and their kin are ISO files too, but not videos.
_STILL = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})


def sniff(data: bytes) -> str:
    """Return a file's format by its first bytes; "" for one that WeChat does not take."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return "gif"
    if data.startswith(b"BM") and len(data) > 26:
        return "bmp"
    if data.startswith(b"ID3") or (len(data) > 2 and data[0] == 0xFF and data[1] & 0xE6 in {0xE2, 0xE4, 0xE6}):
        return "mp3"
    if data.startswith(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"):
        return "wma"
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return "wav"
    if data.startswith(b"#!AMR"):
        return "amr"
    return "mp4" if data[4:8] == b"ftyp" and data[8:12] not in _STILL else ""


def _sound(found: str, data: bytes) -> bool:
    """Whether an image is whole as far as its structure shows, and of a size that is decoded at all."""
    if found not in {"png", "jpeg", "gif", "bmp"}:
        return True
    width, height = pixels(found, data)
    return width > 0 and height > 0 and width * height <= MOST_PIXELS and _whole(found, data)


def _whole(found: str, data: bytes) -> bool:
    if found == "png":
        return b"IDAT" in data and b"IEND" in data[-32:]
    if found == "jpeg":
        # The end of the picture itself: a preview before the frame has one too, and anything may follow.
        return data.find(b"\xff\xd9", _jpeg_frame(data)) >= 0
    return True


def pixels(found: str, data: bytes) -> tuple[int, int]:
    """Read width and height of an image from its header; (0, 0) if they cannot be found."""
    try:
        if found == "png" and data[12:16] == b"IHDR":
            width, height = struct.unpack(">II", data[16:24])
        elif found == "gif":
            width, height = struct.unpack("<HH", data[6:10])
        elif found == "bmp":
            width, height = struct.unpack("<ii", data[18:26])
        elif found == "jpeg":
            width, height = _jpeg_pixels(data)
        else:
            return 0, 0
    except struct.error:
        return 0, 0
    return width, abs(height)


def _jpeg_pixels(data: bytes) -> tuple[int, int]:
    place = _jpeg_frame(data)
    height, width = struct.unpack(">HH", data[place + 5 : place + 9])
    return width, height


def _jpeg_frame(data: bytes) -> int:
    """Return the place of the start-of-frame marker; raise struct.error if there is none."""
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return place
        if marker == 0xFF:  # a fill byte
            place += 1
        elif marker in {0x01, *range(0xD0, 0xD9)}:  # markers without a length
            place += 2
        else:
            place += 2 + int(struct.unpack(">H", data[place + 2 : place + 4])[0])
    raise struct.error("no frame")


# --- the endpoints ----------------------------------------------------------------------------------------------------

TEMPORARY_SECONDS = 3 * 86400
LIBRARY = {"image": 100_000, "voice": 1_000, "video": 1_000, "thumb": 1_000}
COUNTED = ("voice", "video", "image", "news")


def upload_picture(call: Call) -> Answer:
    """Answer `POST /cgi-bin/media/uploadimg`."""
    upload = accept(call, PICTURE)
    url = _address(upload, _keep_file(call, upload))
    return {"url": url, **(OK if call.profile.uploadimg_errcode else {})}


def add_material(call: Call) -> Answer:
    """Answer `POST /cgi-bin/material/add_material`."""
    kind = call.query("type") or call.request.form.get("type", "")
    if kind not in PERMANENT:
        raise Refusal(40004)
    upload = accept(call, PERMANENT[kind])
    description = _description(call) if kind == "video" else {}
    with call.store.transaction():
        if _count(call, kind) >= LIBRARY[kind]:
            raise Refusal(45001)
        file = _keep_file(call, upload)
        url = _address(upload, file) + f"?wx_fmt={upload.format}" if kind in ("image", "thumb") else ""
        media_id = _keep_media(call, kind, upload, file, permanent=1, url=url, description=json.dumps(description))
    return {"media_id": media_id, **({"url": url} if kind in ("image", "video") else {}), "item": []}


def _description(call: Call) -> dict[str, str]:
    """Read a video's title and introduction: a form field, which some clients put into the query."""
    raw = call.request.form.get("description") or call.query("description")
    if not raw:
        raise Refusal(41011)
    given = mapping(read_json(raw.encode("utf-8", "replace")))
    return {name: text(given, name, 41011) for name in ("title", "introduction")}


def upload_temporary(call: Call) -> Answer:
    """Answer `POST /cgi-bin/media/upload`."""
    kind = call.query("type") or call.request.form.get("type", "")
    if kind not in TEMPORARY:
        raise Refusal(40004)
    rule = TEMPORARY[kind]
    if kind == "image":
        rule = replace(rule, most_bytes=call.profile.sizes().temporary_image_bytes)
    upload = accept(call, rule)
    with call.store.transaction():
        media_id = _keep_media(call, kind, upload, _keep_file(call, upload), permanent=0, url="", description="{}")
    return {"type": kind, "media_id": media_id, "created_at": int(call.now)}


def _keep_file(call: Call, upload: Upload) -> str:
    name = secrets.token_urlsafe(48)
    call.store.insert("file", id=name, appid=call.appid, format=upload.format, mime=upload.mime, data=upload.data)
    return name


def _address(upload: Upload, file: str) -> str:
    kind = "jpg" if upload.format == "jpeg" else upload.format
    return f"http://mmbiz.qpic.cn/mmbiz_{kind}/{file}/0"


def _keep_media(call: Call, kind: str, upload: Upload, file: str, **values: object) -> str:
    media_id = call.store.new_media_id(call.appid)
    values = {"media_id": media_id, "appid": call.appid, "type": kind, "file": file, "name": upload.name, **values}
    call.store.insert("media", created=call.now, **values)
    return media_id


def download_temporary(call: Call) -> Answer:
    """Answer `GET /cgi-bin/media/get`."""
    row = _media(call, call.query("media_id"), permanent=0)
    if row is None or call.now - row["created"] >= TEMPORARY_SECONDS:
        raise Refusal(40007)
    return _file(call, row)


def _media(call: Call, media_id: str, permanent: int) -> sqlite3.Row | None:
    sql = "SELECT * FROM media WHERE media_id = ? AND appid = ? AND permanent = ?"
    return call.store.row(sql, media_id, call.appid, permanent)


def _file(call: Call, media: sqlite3.Row) -> File:
    row = call.store.row("SELECT * FROM file WHERE id = ?", media["file"])
    if row is None:
        raise Refusal(46001)
    return File(row["data"], row["mime"], media["name"])


_OF_KIND = "media WHERE appid = ? AND permanent = 1 AND type = ?"


def list_material(call: Call) -> Answer:
    """Answer `POST /cgi-bin/material/batchget_material`."""
    given = call.json()
    kind = text(given, "type", 40004, 40004)
    if kind not in COUNTED:
        raise Refusal(40004)

    def item(row: sqlite3.Row) -> dict[str, object]:
        told = {"media_id": row["media_id"], "name": row["name"], "update_time": int(row["created"])}
        return {**told, "url": row["url"]} if kind == "image" else told

    return listing(call, given, _OF_KIND, (call.appid, kind), item)


def count_material(call: Call) -> Answer:
    """Answer `GET /cgi-bin/material/get_materialcount`."""
    return {f"{kind}_count": _count(call, kind) for kind in COUNTED}


def _count(call: Call, kind: str) -> int:
    return int(call.store.value(f"SELECT count(*) FROM {_OF_KIND}", call.appid, kind))  # noqa: S608 - our own words


def _permanent(call: Call) -> sqlite3.Row:
    row = _media(call, text(call.json(), "media_id", 40007, 40007), permanent=1)
    if row is None or call.now - row["created"] < call.profile.propagation:
        raise Refusal(40007)
    return row


def get_material(call: Call) -> Answer:
    """Answer `POST /cgi-bin/material/get_material`: a video as JSON, anything else as its bytes."""
    row = _permanent(call)
    if row["type"] != "video":
        return _file(call, row)
    told = json.loads(row["description"])
    url = f"http://mp.weixin.qq.com/mp/mp/video?__biz=&mid=&sn={row['file']}"
    return {"title": told["title"], "description": told["introduction"], "down_url": url}


def delete_material(call: Call) -> Answer:
    """Answer `POST /cgi-bin/material/del_material`."""
    # The file stays: articles that show the picture go on showing it.
    call.store.run("DELETE FROM media WHERE media_id = ?", _permanent(call)["media_id"])
    return OK


def retired(call: Call) -> Answer:
    """Answer the material endpoints for articles that drafts replaced on 2022-02-28."""
    raise Refusal(45106)


ENDPOINTS = (
    Endpoint("/cgi-bin/media/uploadimg", POST, upload_picture, mime=TEXT),
    Endpoint("/cgi-bin/media/upload", POST, upload_temporary, 100_000, mime=TEXT),
    Endpoint("/cgi-bin/media/get", GET, download_temporary, 200_000, mime=TEXT),
    Endpoint("/cgi-bin/material/add_material", POST, add_material, mime=TEXT),
    Endpoint("/cgi-bin/material/batchget_material", POST, list_material, mime=TEXT),
    Endpoint("/cgi-bin/material/get_material", POST, get_material, mime=TEXT),
    Endpoint("/cgi-bin/material/get_materialcount", GET, count_material),
    Endpoint("/cgi-bin/material/del_material", POST, delete_material),
    Endpoint("/cgi-bin/material/add_news", POST, retired),
    Endpoint("/cgi-bin/material/update_news", POST, retired),
    Endpoint("/cgi-bin/media/uploadnews", POST, retired),
)
