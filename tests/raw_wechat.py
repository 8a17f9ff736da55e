"""The plainest client of WeChat's API, for the sandbox's own tests: it sends what it is told and hides nothing."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import requests

from wxpub.sandbox import Sandbox


class Raw:
    """Calls by path; a token is fetched when the first call needs one."""

    def __init__(self, wechat: Sandbox | SimpleNamespace) -> None:
        self.wechat = wechat
        self.http = requests.Session()
        self.token = ""

    def close(self) -> None:
        self.http.close()

    def fetch_token(self, **values: Any) -> dict[str, Any]:
        body = {"grant_type": "client_credential", "appid": self.wechat.appid, "secret": self.wechat.secret, **values}
        return self.send("stable_token", body, token=None)

    def send(self, path: str, body: object = None, **values: Any) -> dict[str, Any]:
        """Call `/cgi-bin/{path}` as `request` does, and give the JSON of the answer."""
        return json.loads(self.request(path, body, **values).content)

    def request(
        self,
        path: str,
        body: object = None,
        *,
        method: str = "POST",
        query: Mapping[str, str] = {},
        token: str | None = "own",
        files: Any = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] = {},
    ) -> requests.Response:
        if token == "own":
            self.token = token = self.token or str(self.fetch_token()["access_token"])
        params = {**({} if token is None else {"access_token": token}), **query}
        data = raw if body is None else json.dumps(body, ensure_ascii=False).encode()
        url = f"{self.wechat.url}{path}" if path.startswith("/") else f"{self.wechat.url}/cgi-bin/{path}"
        return self.http.request(method, url, params=params, data=data, files=files, headers=dict(headers), timeout=20)

    def get(self, path: str, **values: Any) -> dict[str, Any]:
        return self.send(path, method="GET", **values)

    def upload_picture(self, data: bytes | None = None, name: str = "a.png") -> str:
        answer = self.send("media/uploadimg", files={"media": (name, png() if data is None else data)})
        return str(answer["url"])

    def add_image(self, data: bytes | None = None, name: str = "cover.png", kind: str = "image") -> str:
        media = (name, png() if data is None else data)
        return str(self.send("material/add_material", query={"type": kind}, files={"media": media})["media_id"])

    def article(self, **values: Any) -> dict[str, Any]:
        """Give an article that can be added, with a cover of its own unless `thumb_media_id` is given."""
        cover = values.pop("thumb_media_id") if "thumb_media_id" in values else self.add_image()
        return {"title": "标题", "content": "<p>正文</p>", "thumb_media_id": cover, **values}

    def add_draft(self, *articles: Mapping[str, Any]) -> str:
        given = list(articles) or [self.article()]
        return str(self.send("draft/add", {"articles": given})["media_id"])


def png(width: int = 2, height: int = 2) -> bytes:
    """Make a small white PNG."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\xff" * 3 * width) * height)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def jpeg(extra: int = 0) -> bytes:
    """Make what passes for a JPEG: a frame header, `extra` bytes of data, an end."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, 2, 2, 3) + b"\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + frame + b"\0" * extra + b"\xff\xd9"


GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
BMP = b"BM" + struct.pack("<IHHIIiiHH", 70, 0, 0, 54, 40, 2, 2, 1, 24) + b"\0" * 40
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\0" * 24
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + b"\0" * 64
MP3 = b"ID3\x04" + b"\0" * 64
AMR = b"#!AMR\n" + b"\0" * 64
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\0" * 24
WMA = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + b"\0" * 64
