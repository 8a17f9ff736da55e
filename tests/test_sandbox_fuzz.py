"""Random and malformed requests: always an answer that WeChat could give, never a 500, never a traceback."""

from __future__ import annotations

import json
import os
import random
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from raw_wechat import BMP, GIF, HEIC, MP3, MP4, WEBP, Raw, jpeg, png

from wxpub.sandbox import filter, pages, serve
from wxpub.sandbox.server import TABLE

# `WXPUB_FUZZ=10000 pytest tests/test_sandbox_fuzz.py` runs as many as the issue asks for; the suite itself runs fewer.
REQUESTS = int(os.environ.get("WXPUB_FUZZ", "1000"))
BATCH = 50

FIELDS = [
    *("articles", "media_id", "index", "offset", "count", "no_content", "title", "author", "digest", "content"),
    *("content_source_url", "thumb_media_id", "need_open_comment", "article_type", "image_info", "image_list"),
    *("pic_crop_235_1", "cover_info", "product_info", "publish_id", "article_id", "type", "appid", "secret"),
    *("grant_type", "force_refresh", "cgi_path", "rid", "filter", "msgtype", "mpnews", "towxname", "action"),
]
TEXTS = [
    *(
        "",
        "x",
        "标题",
        "\x00",
        "\u2028",
        "😀" * 40,
        "a" * 5000,
        "../../etc/passwd",
        "' OR 1=1 --",
        "{{7*7}}",
        "-1",
        "1e999",
    ),
    *("<p>x</p>", "<", "<a href=#>", "<p style='", "<svg><style>", "<!--", "<![CDATA[", "<a" * 500, "&" * 300),
    *("<b>" * 400, 'x style="url(', "news", "newspic", "image", "client_credential", "mpnews", "/cgi-bin/draft/add"),
    *("0_0_1_1", "http://[::", "http://mmbiz.qpic.cn/mmbiz_png/x/0", "6b00c399-6f90bc40-7c84e954", "\ud800"),
]
FILES = [
    b"",
    b"x",
    png(),
    png()[:30],
    jpeg(),
    jpeg()[:12],
    GIF,
    BMP,
    WEBP,
    HEIC,
    MP3,
    MP4,
    b"\xff\xd8\xff" + b"\xff" * 50,
]
METHODS = ["POST"] * 8 + ["GET"] * 4 + ["PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE", "BREW", "get"]


class Fuzzer:
    """Makes requests by chance; the same seed makes the same ones."""

    def __init__(self, seed: int, host: str, token: str, ids: list[str]) -> None:
        self.random = random.Random(seed)
        self.host, self.token, self.ids = host, token, ids

    def request(self) -> bytes:
        """Give the bytes of one request."""
        kind = self.random.choice([self.json, self.json, self.json, self.almost_json, self.multipart, self.page])
        head, body = kind()
        data = head.encode("latin-1", "replace") + b"\r\n" + body
        return self.broken(data) if self.random.random() < 0.12 else data

    def value(self, depth: int = 0) -> Any:
        chance = self.random.random()
        if depth < 4 and chance < 0.25:
            return {self.random.choice(FIELDS): self.value(depth + 1) for _ in range(self.random.randrange(6))}
        if depth < 4 and chance < 0.4:
            return [self.value(depth + 1) for _ in range(self.random.choice([0, 1, 1, 2, 9]))]
        if chance < 0.75:
            return self.random.choice([*TEXTS, *self.ids])
        return self.random.choice([0, 1, -1, 20, 21, 2**31, 2**63, 2**80, 1.5, -0.0, True, False, None])

    def body(self) -> Any:
        if self.random.random() < 0.5:
            return self.value()
        article = {"title": "题", "content": "<p>x</p>", "thumb_media_id": self.random.choice(self.ids)}
        for _ in range(self.random.randrange(3)):
            article[self.random.choice(FIELDS)] = self.value(2)
        whole = {"articles": self.random.choice([[article], article, [article] * 3])}
        return {**whole, "media_id": self.random.choice(self.ids), "index": self.random.choice([0, 0, 1, "0"])}

    def head(self, length: int, *headers: str) -> str:
        path = self.random.choice(
            [*TABLE, *TABLE, *TABLE, "/", "/cgi-bin//draft/add", "/cgi-bin/%00", "/x?y", "/%ff/é"]
        )
        token = self.random.choice([self.token] * 6 + ["", "x", "95_" + "y" * 140])
        query = f"access_token={token}&type={self.random.choice(['image', 'thumb', 'video', 'x', '%ff'])}"
        query += self.random.choice(
            ["", "&appid=%00", "&=&&&", "&media_id=" + quote(self.random.choice(self.ids)[:50])]
        )
        lines = [
            f"{self.random.choice(METHODS)} {path}?{query} HTTP/1.1",
            f"Host: {self.host}",
            f"Content-Length: {length}",
            *headers,
        ]
        return "\r\n".join(lines) + "\r\n"

    def json(self) -> tuple[str, bytes]:
        text = json.dumps(self.body(), ensure_ascii=self.random.random() < 0.3)
        data = text.encode("utf-8", "surrogatepass")
        return self.head(len(data), self.random.choice(["Content-Type: application/json", "X-A: b"])), data

    def almost_json(self) -> tuple[str, bytes]:
        _, data = self.json()
        noise = bytearray(data or b"{}")
        for _ in range(self.random.randrange(1, 6)):
            noise[self.random.randrange(len(noise))] = self.random.randrange(256)
        cut = bytes(noise[: self.random.randrange(len(noise) + 1)])
        return self.head(len(cut), "Content-Type: text/plain;charset=UTF-8"), cut

    def multipart(self) -> tuple[str, bytes]:
        boundary = self.random.choice(["b", "----x" * 3, "é"])
        name = self.random.choice(["media", "media", "media", "file", "description", ""])
        file_name = self.random.choice(["a.png", "a.jpg", "封面.png", "a", "", 'a".png', "a.mp4", "\x00.png"])
        part = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        end = self.random.choice([f"\r\n--{boundary}--\r\n", f"--{boundary}--", "", f"\r\n--{boundary}\r\n"]).encode()
        data = part + self.random.choice(FILES) + end
        kind = self.random.choice(["multipart/form-data", "multipart/form-data", "multipart/mixed"])
        told = self.random.choice([f"; boundary={boundary}", f'; boundary="{boundary}"', "", "; boundary="])
        return self.head(len(data), f"Content-Type: {kind}{told}"), data

    def page(self) -> tuple[str, bytes]:
        key = quote(self.random.choice([*self.ids, "x", "1", "-1", "9" * 30, "%"])[:80])
        path = self.random.choice(
            [
                *("/", "/log", "/log/1", f"/log/{10**20}", "/quota", "/s", "/s/x", "/do/publish", "/sandbox/state"),
                *(f"/draft/{key}", f"/draft/{key}?index=9&show=x&width=y&dark=z", f"/published/{key}"),
                *(f"/frame/draft/{key}/0", f"/frame/draft/{key}/{10**25}", f"/frame/published/{key}/0"),
                *(f"/mmbiz_png/{key}/0", "/static/../app.py", "/static/console.css", f"/s?tempkey={key}&idx={key}"),
            ]
        )
        admin = self.random.choice(["X-Sandbox-Admin: 1", "X-A: b"])
        method = self.random.choice(["GET", "GET", "GET", "POST", "DELETE"])
        body = self.random.choice([b"", b"csrf=x", b"{}", b"\xff"])
        return f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(body)}\r\n{admin}\r\n", body

    def broken(self, data: bytes) -> bytes:
        """Spoil a request at the level of HTTP."""
        spoils: list[Callable[[], bytes]] = [
            lambda: data.replace(b"Content-Length: ", b"Content-Length: -"),
            lambda: data.replace(b"Content-Length: ", b"Content-Length: x"),
            lambda: data.replace(b"Content-Length: ", b"Content-Length: 9999999999999"),
            lambda: data.replace(b"Content-Length:", b"Transfer-Encoding: chunked\r\nX:"),
            lambda: data.replace(b"HTTP/1.1", b"HTTP/9.9", 1),
            lambda: data.replace(b" HTTP/1.1", b"", 1),
            lambda: data.replace(b"Host: ", b"Host: evil.example\r\nX-Host: ", 1),
            lambda: data.replace(b"\r\n", b"\r\n" + b"X-Long: " + b"y" * 70_000 + b"\r\n", 1),
            lambda: data.replace(b"\r\n", b"\r\n" + b"X: y\r\n" * 150, 1),
            lambda: data.replace(b"/", b"/" + b"z" * 70_000, 1),
            lambda: bytes(self.random.randrange(256) for _ in range(200)) + b"\r\n\r\n",
            lambda: data[: self.random.randrange(1, len(data))],
            lambda: b"\r\n\r\n" + data,
        ]
        return self.random.choice(spoils)()


def exchange(host: str, data: bytes) -> bytes:
    """Send bytes, then nothing more; give everything that comes back."""
    name, _, port = host.partition(":")
    answer = b""
    with socket.create_connection((name, int(port)), timeout=20) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                answer += chunk
        except OSError:  # reset: refused before it was read to the end
            pass
    return answer


PLAUSIBLE = {b"200", b"303", b"400", b"403", b"404", b"405", b"410", b"413", b"414", b"431", b"505"}


def plausible(answer: bytes) -> bool:
    """Tell whether WeChat could have given an answer: none at all, an answer or page, or a refusal by HTTP."""
    return not answer or (answer.startswith(b"HTTP/1.1 ") and answer[9:12] in PLAUSIBLE)


@pytest.mark.parametrize("batch", range(max(1, REQUESTS // BATCH)))
def test_every_answer_is_one_that_wechat_could_give(batch: int, capfd: pytest.CaptureFixture[str]) -> None:
    with serve(quotas=False) as wechat:
        raw = Raw(wechat)
        draft = raw.add_draft(raw.article(), raw.article())
        ids = [raw.add_image(), raw.add_image(jpeg(), "a.jpg", "thumb"), draft, draft, "nothing", "x" * 64]
        raw.send("freepublish/submit", {"media_id": raw.add_draft()})
        host = urlsplit(wechat.url).netloc
        fuzzer = Fuzzer(batch, host, raw.token, ids)
        for number in range(BATCH):
            data = fuzzer.request()
            answer = exchange(host, data)
            assert plausible(answer), (batch, number, data[:2000], answer[:2000])
            assert b"Traceback" not in answer, (batch, number, data[:2000])
        assert "total_count" in raw.get("draft/count")
        raw.close()
    assert "Traceback" not in capfd.readouterr().err


ODD: list[Any] = [None, True, 0, -1, 1.5, 2**63, "", "x", "0", [], ["x"], {}, {"x": 1}, [[]], "\x00", "9" * 300]


def bodies(raw: Raw) -> dict[str, dict[str, Any]]:
    """Give a good body for every endpoint that takes one."""
    draft, image, published = raw.add_draft(), raw.add_image(), raw.add_draft()
    publish_id = raw.send("freepublish/submit", {"media_id": published})["publish_id"]
    article_id = raw.send("freepublish/get", {"publish_id": publish_id})["article_id"]
    crop = {"ratio": "1_1", "x1": "0", "y1": "0", "x2": "1", "y2": "1"}
    article = {
        "article_type": "news",
        "title": "题",
        "author": "名",
        "digest": "摘",
        "content": "<p>x</p>",
        "content_source_url": "https://e.com",
        "thumb_media_id": image,
        "need_open_comment": 0,
        "only_fans_can_comment": 0,
        "pic_crop_235_1": "0_0_1_1",
        "cover_info": {"crop_percent_list": [crop]},
        "product_info": {"footer_product_info": {"product_key": ""}},
    }
    pictures = {"article_type": "newspic", "title": "图", "image_info": {"image_list": [{"image_media_id": image}]}}
    return {
        "draft/add": {"articles": [article, pictures]},
        "draft/update": {"media_id": draft, "index": 0, "articles": article},
        "draft/batchget": {"offset": 0, "count": 1, "no_content": 0},
        "draft/get": {"media_id": draft},
        "draft/delete": {"media_id": "x"},
        "material/batchget_material": {"type": "image", "offset": 0, "count": 1},
        "material/get_material": {"media_id": image},
        "material/del_material": {"media_id": "x"},
        "freepublish/submit": {"media_id": "x"},
        "freepublish/get": {"publish_id": publish_id},
        "freepublish/getarticle": {"article_id": article_id},
        "freepublish/delete": {"article_id": "x", "index": 1},
        "freepublish/batchget": {"offset": 0, "count": 1, "no_content": 1},
        "message/mass/preview": {"towxname": "a", "touser": "b", "msgtype": "mpnews", "mpnews": {"media_id": draft}},
        "message/mass/sendall": {
            "filter": {"is_to_all": True, "tag_id": 1},
            "msgtype": "mpnews",
            "mpnews": {"media_id": "x"},
            "clientmsgid": "a",
            "send_ignore_reprint": 0,
        },
        "openapi/quota/get": {"cgi_path": "/cgi-bin/draft/add"},
        "openapi/quota/clear": {"cgi_path": "/cgi-bin/draft/add"},
        "openapi/rid/get": {"rid": "6b00c399-6f90bc40-7c84e954"},
        "callback/check": {"action": "all", "check_operator": "CAP"},
        "clear_quota": {"appid": "wx0"},
        "clear_quota/v2": {"appid": "wx0", "appsecret": "0"},
        "stable_token": {"grant_type": "client_credential", "appid": "wx0", "secret": "0", "force_refresh": False},
        "/article-bin/verify_article_structure": {"content": "x"},
    }


def spoiled(value: Any) -> Iterator[Any]:
    """Give every copy of a JSON value in which one part is odd or gone."""
    if isinstance(value, dict):
        for key, part in value.items():
            rest = {name: other for name, other in value.items() if name != key}
            yield rest
            yield from ({**rest, key: other} for other in [*ODD, *spoiled(part)])
    elif isinstance(value, list):
        yield from (
            [*value[:place], other, *value[place + 1 :]]
            for place in range(len(value))
            for other in [*ODD, *spoiled(value[place])]
        )


def test_no_part_of_any_body_can_be_so_odd_that_there_is_no_answer() -> None:
    with serve(quotas=False) as wechat:
        raw = Raw(wechat)
        for path, body in bodies(raw).items():
            for odd in spoiled(body):
                answer = raw.request(path, odd)
                assert answer.status_code == 200, (path, odd, answer.text[:300])
        raw.close()


SOUP = [
    *(
        "<p>",
        "</p>",
        '<section style="color:red;position:x;">',
        "</section>",
        "<b",
        "<",
        ">",
        "&amp;",
        "&",
        "&#",
        "'",
        '"',
    ),
    *("&quot;", "<!--", "-->", "<![CDATA[", "]]>", "<?x", "?>", "<!doctype x>", "<script>", "</script>", "<style>"),
    *("</style>", "<svg viewBox=1>", "</svg>", "<a href='https://e.com'>", "</a>", "<iframe src=x>", "</iframe>"),
    *(
        "<img src=http://mmbiz.qpic.cn/a/0>",
        "<details>",
        "<summary>",
        "</summary>",
        "</details>",
        "<textarea>",
        "<title>",
    ),
    *(
        "<br/>",
        "</br>",
        "<td>",
        "<li>",
        " style='background:url(\"x\")'",
        " onx=1",
        " id=a",
        "=",
        "/",
        "\x00",
        "\n",
        "  ",
    ),
    *(
        "\ufdd0",
        "😀",
        "字",
        "<p style='a:b;;c:url(http://x/;)'>",
        '<p style="background:url(http://mmbiz.qpic.cn/a/0)">',
    ),
    *("<code>\n", "</code>", "<body>", "</body>", "<html>", "<head>", "</head>", "<section nodeleaf>", "<plaintext>"),
    *(
        '<p style="font-family:宋体;filter:x">',
        "<p style='color:rgb(1,2,3);background:#f7f7f7'>",
        "<noscript>",
        "<math>",
    ),
]


@pytest.mark.parametrize("seed", range(8))
def test_the_filter_makes_something_lasting_of_any_tag_soup(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(REQUESTS // 8):
        content = "".join(chance.choice(SOUP) for _ in range(chance.randrange(1, 25)))
        kept, _ = filter.keep(content)
        assert filter.keep(kept)[0] == kept, content
        assert "<script" not in kept.lower(), content
        pages.show(kept, dark_mode=True)
        filter.violations(kept)
