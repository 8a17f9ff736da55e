"""The plainest client and the plainest server of WeChat's API: they send what they are told and hide nothing."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
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


# --- a WeChat of another make -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A request as it came: the endpoint, its query and its body."""

    endpoint: str
    query: str
    body: bytes
    head: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Reply = bytes | Iterator[bytes] | None
Answerer = Callable[[Asked], Reply]


def http(body: object = None, status: int = 200, headers: Mapping[str, str] = {}, kind: str = "text/plain") -> bytes:
    """Write an answer: JSON of a value, bytes as they are, or text."""
    if isinstance(body, str):
        body = body.encode()
    data = body if isinstance(body, bytes) else json.dumps({} if body is None else body, ensure_ascii=False).encode()
    lines = {"Content-Type": kind, "Content-Length": str(len(data)), "Connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + data


class RawWeChat:
    """The API on a bare socket, which answers whatever a test wants: bytes, or pieces of them for as long as it wants.

    Without an answer of the test's it keeps drafts as WeChat does. `asked` is all that came.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answerer] = {}
        self.asked: list[Asked] = []
        self.drafts: dict[str, list[dict[str, Any]]] = {}
        self.secret = ""
        self.token = "tok-" + "kJ7_wQ2zLmN8-pXs5RtV" * 6
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> RawWeChat:
        return self

    def __exit__(self, *problem: object) -> None:
        self._over.set()
        self._listener.close()

    def calls(self, endpoint: str) -> int:
        return sum(each.endpoint == endpoint for each in self.asked)

    def for_ever(self, *pieces: bytes, begin: bytes = b"") -> Iterator[bytes]:
        """Send the same again and again, a piece at a time."""
        yield begin
        while not self._over.wait(0.01):
            yield from pieces

    def silence(self) -> Iterator[bytes]:
        """Send nothing."""
        self._over.wait()
        yield b""

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            asked = _read_request(connection)
            if asked is None:
                return
            self.asked.append(asked)
            reply = self.answers.get(asked.endpoint, self.answers.get("*", self.answer))(asked)
            for piece in [reply] if isinstance(reply, bytes) else reply or ():
                connection.sendall(piece)

    def answer(self, asked: Asked) -> bytes:
        """Answer as WeChat does, as far as a push needs it."""
        match asked.endpoint:
            case "stable_token":
                self.secret = asked.json["secret"]
                return http({"access_token": self.token, "expires_in": 7200})
            case "media/uploadimg":
                return http({"url": f"http://mmbiz.qpic.cn/raw/{len(self.asked)}/0"})
            case "material/add_material":
                name = f"cover{len(self.asked)}"
                return http({"media_id": name, "url": f"http://mmbiz.qpic.cn/raw/{name}/0"})
            case "draft/add":
                name = f"draft{len(self.drafts)}-of-another-make"
                self.drafts[name] = asked.json["articles"]
                return http({"media_id": name, "item": []})
            case "draft/update":
                self.drafts[asked.json["media_id"]][asked.json["index"]] = asked.json["articles"]
                return http({"errcode": 0, "errmsg": "ok"})
            case "draft/get":
                found = self.drafts.get(asked.json["media_id"])
                return http({"news_item": found} if found else {"errcode": 40007, "errmsg": "invalid media_id"})
            case "draft/delete":
                self.drafts.pop(asked.json["media_id"], None)
                return http({"errcode": 0, "errmsg": "ok"})
            case "draft/batchget":
                held = [
                    {"media_id": name, "content": {"news_item": articles}, "update_time": 1_700_000_000}
                    for name, articles in self.drafts.items()
                ]
                start = asked.json["offset"]
                page = held[start : start + asked.json["count"]]
                return http({"total_count": len(held), "item_count": len(page), "item": page})
            case "draft/count":
                return http({"total_count": len(self.drafts)})
            case "freepublish/batchget":
                return http({"total_count": 0, "item_count": 0, "item": []})
        return http({"errcode": 40066, "errmsg": "invalid url"})


def _read_request(connection: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (piece := connection.recv(65536)):
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    length = re.search(r"(?i)content-length: *(\d+)", text)
    while length and len(body) < int(length[1]):
        if not (piece := connection.recv(65536)):
            return None
        body += piece
    path, _, query = text.split(" ")[1].partition("?")
    return Asked(path.rpartition("/cgi-bin/")[2], query, body, text)
