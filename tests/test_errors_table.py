"""Sixty and more things that go wrong, and the message for each: `docs/errors.md` is made from this table.

`pytest tests/test_errors_table.py --update` rewrites the page; the test fails while it is not up to date.
"""

from __future__ import annotations

import io
import logging
import random
import re
import struct
import threading
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import ROOT
from PIL import Image as Pillow
from pushing import SECRET, Newsletter, newsletter, no_pause, picture
from relaying import KEY, running

from wxpub import article, client, config, exchange, ledger, theme, trust
from wxpub.cli import cli
from wxpub.client import Client
from wxpub.config import Credentials
from wxpub.drafts.publish import publish
from wxpub.drafts.pull import pull
from wxpub.errors import ConfigError, WxpubError
from wxpub.images import Image, Store, cover
from wxpub.issue import open as open_issue
from wxpub.language import LANGUAGES
from wxpub.ledger import FILE_NAME, Ledger
from wxpub.limits import ERRCODE_HINTS
from wxpub.relay import Rules
from wxpub.sandbox import Sandbox

PAGE = ROOT / "docs" / "errors.md"


# --- a web server that serves bad pictures ----------------------------------------------------------------------------


class BadPictures(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.strip("/").partition("?")[0]
        if name == "loop":
            return self._answer(302, b"", location="/loop")
        if name == "to-file":
            return self._answer(302, b"", location="file:///etc/passwd")
        if name == "to-metadata":
            return self._answer(302, b"", location="http://169.254.169.254/latest/meta-data")
        if name == "page":
            return self._answer(200, b"<html></html>", kind="text/html; charset=utf-8")
        if name == "nothing":
            return self._answer(200, b"", kind="image/png")
        if name == "large":
            return self._answer(200, b"x" * 2_000_000, kind="image/png")
        if name == "text":
            return self._answer(200, b"hello", kind="image/png")
        if name == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")
            return None
        return self._answer(int(name) if name.isdigit() else 404, b"")

    def _answer(self, status: int, body: bytes, *, kind: str = "text/plain", location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BadPictures)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@dataclass(frozen=True)
class Desk:
    """Where a case is tried: a newsletter with an account, the sandbox and the web server."""

    paper: Newsletter
    wechat: Sandbox
    web: str
    patch: pytest.MonkeyPatch

    @property
    def root(self) -> Path:
        return self.paper.root


Case = Callable[[Desk], Any]


# --- issues -----------------------------------------------------------------------------------------------------------


def issue(data: bytes | str, name: str = "issue.md") -> Case:
    def case(desk: Desk) -> None:
        path = desk.root / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        article.read(path, {}, desk.root)

    return case


def no_issue(desk: Desk) -> None:
    article.read(desk.root / "missing.md")


def near_issue(desk: Desk) -> None:
    desk.paper.write("issue.md", "# x\n")
    article.read(desk.root / "isue.md")


def opened(settings: str = "", front: str = "") -> Case:
    """Open an issue with front matter, in a newsletter with settings."""

    def case(desk: Desk) -> None:
        (desk.root / "wxpub.toml").write_text(settings, encoding="utf-8")
        open_issue(desk.paper.write("issue.md", f"---\n{front or 'layout: x'}\n---\n\n# x\n"))

    return case


def folder_for_issue(desk: Desk) -> None:
    article.read(desk.root)


ISSUES: dict[str, Case] = {
    "a file that is not there": no_issue,
    "a folder": folder_for_issue,
    "an empty file": issue(""),
    "a picture in place of a text": issue(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    "a text in GBK": issue("# 第一期\n\n你好".encode("gbk")),
    "a byte that is not UTF-8": issue(b"# Title\n\nbad \xff\xfe\xfd byte\n\xff"),
    "front matter that is not YAML": issue("---\ntitle: a: b\n---\n\n# x\n"),
    "front matter with a list for a title": issue("---\ntitle: [a, b]\n---\n\n# x\n"),
    "a switch that is neither on nor off": issue("---\nopen_comment: perhaps\n---\n\n# x\n"),
    "theme variables that are no table": issue("---\ntheme_variables: red\n---\n\n# x\n"),
    "a theme variable that YAML takes for a comment": issue("---\ntheme_variables:\n  accent: #0f4c81\n---\n\n# x\n"),
    "a file of nearly the same name": near_issue,
    "front matter that has no end": issue("---\ntitle: 一\n----\n\n# x\n"),
    "front matter that has no end above a rule": issue("---\ntitle: 一\n\n# x\n\ntext\n\n---\n"),
    "a full-width colon": issue("---\ntitle: 一\nauthor：甲\n---\n\n# x\n"),
    "a colon without a space": issue("---\ntitle:一\n---\n\n# x\n"),
    "curly quotation marks in TOML": issue("+++\ntitle = “一”\n+++\n\n# x\n"),
    "a theme that is not there": opened(front="theme: digset"),
    "a variable that the theme does not have": opened(front="theme_variables: {acent: red}"),
    "a value that is not a colour": opened(front="theme_variables: {accent: greenish}"),
}


# --- settings ---------------------------------------------------------------------------------------------------------


def settings(text: str, account: str = "", *, allowed: bool = True, **env: str) -> Case:
    def case(desk: Desk) -> None:
        (desk.root / "wxpub.toml").write_text(text, encoding="utf-8")
        if allowed:
            with suppress(ConfigError):
                trust.allow(desk.root, config.wishes(config.find(desk.root)))
        config.credentials(config.find(desk.root), account, env)

    return case


TWO = '[accounts.a]\nappid = "wx1"\nsecret_env = "A"\n[accounts.b]\nappid = "wx2"\nsecret_env = "B"\n'
SETTINGS: dict[str, Case] = {
    "no credentials at all": settings(""),
    "an AppID without a secret": settings("", WXPUB_APPID="wx1"),
    "an environment variable that is not set": settings(
        '[accounts.default]\nappid = "wx1"\nsecret_env = "MY_SECRET"\n'
    ),
    "a secret file that was not allowed": settings(
        '[accounts.default]\nappid = "wx1"\nsecret_file = "secret.txt"\n', allowed=False
    ),
    "a relay that was not allowed": settings(
        '[network]\napi_base = "https://relay.example"\n', allowed=False, WXPUB_APPID="wx1", WXPUB_SECRET="0" * 32
    ),
    "what is not an AppSecret": settings("", WXPUB_APPID="wx1", WXPUB_SECRET="hunter2"),
    "a secret file that is not there": settings('[accounts.default]\nappid = "wx1"\nsecret_file = "secret.txt"\n'),
    "an account without a secret": settings('[accounts.default]\nappid = "wx1"\n'),
    "an account without an AppID": settings('[accounts.default]\nsecret_env = "A"\n', A="x"),
    "the secret itself in the file": settings(f'[accounts.default]\nappid = "wx1"\nsecret = "{SECRET}"\n'),
    "several accounts and none chosen": settings(TWO),
    "an account that is not there": settings(TWO, "c"),
    "a file that is not TOML": settings("[article\n"),
    "an unknown table": settings("[acounts]\n"),
    "an unknown key": settings('[accounts.default]\nappid = "wx1"\napi = "x"\n'),
    "an API address with a path": settings("", WXPUB_APPID="wx1", WXPUB_SECRET="x", WXPUB_API_BASE="https://h/cgi-bin"),
    "an unknown default": settings('[article]\nautor = "x"\n'),
    "a source_url with an unknown name": settings('[article]\nsource_url = "https://h/{file}"\n'),
    "curly quotation marks": settings("[article]\nauthor = “编辑部”\n"),
    "a date that does not exist": settings('[article]\ndate = "2026-02-30"\n'),
    "a theme of no such name": opened('[article]\ntheme = "digset"\n'),
    "an unknown variable": opened('[theme]\nacent = "#166534"\n'),
    "a size without a unit": opened("[theme]\nsize = 16\n"),
    "a colour that is a list": settings('[theme]\naccent = ["red"]\n'),
    "a theme file that is not there": lambda desk: theme.load("mine.css", base=desk.root),
}


# --- pictures ---------------------------------------------------------------------------------------------------------


def png(width: int, height: int) -> bytes:
    """Make a PNG that says it is this large, and holds no pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\0IDAT"


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Pillow.frombytes("L", (80, 80), random.Random(1).randbytes(6400)).save(out, kind)
    return out.getvalue()


def load(src: str, article_path: Path, root: Path, *, allow_private: bool = False) -> Image:
    return Store(article_path, root, allow_private=allow_private).fit(src)


def shown(src: str, **files: bytes) -> Case:
    """Load the picture `src` beside the files that are given."""

    def case(desk: Desk) -> None:
        for name, data in files.items():
            (desk.root / name.replace("_", ".")).write_bytes(data)
        load(src, desk.root / "issue.md", desk.root)

    return case


def outside(desk: Desk) -> None:
    picture(desk.root.parent / "secret.png")
    load("../secret.png", desk.root / "issue.md", desk.root)


def link_outside(desk: Desk) -> None:
    (desk.root / "innocent.png").symlink_to("/etc/hostname")
    load("innocent.png", desk.root / "issue.md", desk.root)


def folder_for_picture(desk: Desk) -> None:
    (desk.root / "pictures").mkdir()
    load("pictures", desk.root / "issue.md", desk.root)


def near_picture(desk: Desk) -> None:
    picture(desk.root / "Cover.PNG")
    load("cover.png", desk.root / "issue.md", desk.root)


def large_file(desk: Desk) -> None:
    with (desk.root / "large.png").open("wb") as file:
        file.truncate(51 * 1024 * 1024)
    load("large.png", desk.root / "issue.md", desk.root)


def large_animation(desk: Desk) -> None:
    dice = random.Random(1)
    frames = [Pillow.frombytes("L", (1000, 1000), dice.randbytes(1_000_000)) for _ in range(14)]
    frames[0].save(desk.root / "long.gif", save_all=True, append_images=frames[1:])
    load("long.gif", desk.root / "issue.md", desk.root)


PICTURES: dict[str, Case] = {
    "no source": shown(" "),
    "a file that is not there": shown("missing.png"),
    "a name with other capitals": near_picture,
    "a file in a folder that is not there": shown("img/missing.png"),
    "a folder": folder_for_picture,
    "a file outside the project": outside,
    "a link to a file outside the project": link_outside,
    "an absolute path": shown("/etc/hostname"),
    "an empty file": shown("empty.png", empty_png=b""),
    "a text": shown("text.png", text_png=b"hello"),
    "a saved web page": shown("page.png", page_png=b"<!DOCTYPE html><html>"),
    "a Git LFS pointer": shown("lfs.png", lfs_png=b"version https://git-lfs.github.com/spec/v1\n"),
    "a HEIC photograph": shown("photo.heic", photo_heic=b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
    "a PDF": shown("file.pdf", file_pdf=b"%PDF-1.7"),
    "a PNG that is cut short": shown("cut.png", cut_png=encoded("PNG")[:900]),
    "a JPEG that is cut short": shown("cut.jpg", cut_jpg=encoded("JPEG")[:900]),
    "a damaged PNG": shown("bad.png", bad_png=encoded("PNG")[:60] + b"\0" * 400),
    "a decompression bomb": shown("bomb.png", bomb_png=png(60_000, 60_000)),
    "too many pixels": shown("vast.png", vast_png=png(12_000, 12_000)),
    "a file of 51 MB": large_file,
    "an animated GIF of more than 10 MB": large_animation,
    "an SVG that is none": shown("bad.svg", bad_svg=b"<svg xmlns='http://www.w3.org/2000/svg'><rect"),
    "a file: address": shown("file:///etc/passwd"),
    "another kind of address": shown("ftp://example.com/a.png"),
    "a data: URL that is none": shown("data:image/png;base64,@@@"),
    "a data: URL without data": shown("data:image/png;base64,"),
    "a text too long for a QR code": shown("qrcode:" + "长" * 500),
    "a colour of a cover that is none": lambda desk: cover.check(cover.Cover("题", ground="nonsense")),
    "a design of a cover that there is not": lambda desk: cover.check(cover.Cover("题", design="poster")),
    "a design of a cover with a slip": lambda desk: cover.check(cover.Cover("题", design="mosiac")),
}


def remote(path: str, *, private: bool = True) -> Case:
    def case(desk: Desk) -> None:
        url = path if "://" in path else f"{desk.web}/{path}"
        load(url, desk.root / "issue.md", desk.root, allow_private=private)

    return case


def redirect_to_the_inside(desk: Desk) -> None:
    """The web server counts as public here, what it redirects to does not."""
    from wxpub import fetch

    desk.patch.setattr(fetch, "_public", lambda address: address == "127.0.0.1")
    load(f"{desk.web}/to-metadata", desk.root / "issue.md", desk.root)


def large_remote(desk: Desk) -> None:
    from wxpub.images import read as fetching

    desk.patch.setattr(fetching, "IMAGE_FILE_BYTES", 1024 * 1024)
    load(f"{desk.web}/large", desk.root / "issue.md", desk.root, allow_private=True)


REMOTE: dict[str, Case] = {
    "not found": remote("404"),
    "forbidden": remote("403"),
    "a server in trouble": remote("503"),
    "a page in place of a picture": remote("page"),
    "a text that says it is a picture": remote("text"),
    "an empty answer": remote("nothing"),
    "an answer that is cut": remote("cut"),
    "more bytes than are read": large_remote,
    "redirects in a circle": remote("loop"),
    "a redirect to a file": remote("to-file"),
    "a redirect into the local network": redirect_to_the_inside,
    "this machine": remote("text", private=False),
    "a cloud's metadata service": remote("http://169.254.169.254/latest", private=False),
    "an IPv6 address of the local network": remote("http://[fd00::1]/a.png", private=False),
    "an IPv4 address in IPv6 clothes": remote("http://[::ffff:127.0.0.1]/a.png", private=False),
    "nobody at the address": remote("http://127.0.0.1:1/a.png"),
    "a name that does not exist": remote("http://nowhere.invalid/a.png"),
    "a password in the address": remote("http://me:secret@127.0.0.1/a.png"),
    "an impossible port": remote("http://127.0.0.1:99999/a.png"),
}


# --- the network and what answers -------------------------------------------------------------------------------------


def answered(kind: str, value: float = 0, endpoint: str = "draft/count", times: int = 9) -> Case:
    def case(desk: Desk) -> None:
        desk.wechat.fail(kind, value, endpoint=f"/cgi-bin/{endpoint}", times=times)
        Client(desk.paper.account, pause=no_pause).count_drafts()

    return case


def at(base: str, proxy: str = "") -> Case:
    def case(desk: Desk) -> None:
        Client(Credentials("x", "wx1", SECRET, base, proxy), pause=no_pause).count_drafts()

    return case


def raw(answer: bytes, call: Callable[[Client], Any] = lambda it: it.count_drafts(), token: bool = True) -> Case:
    """Answer with these very bytes; the token, unless it is what is tried, comes as it should."""

    def case(desk: Desk) -> None:
        class Raw(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = (
                    b'{"access_token":"T0KEN","expires_in":7200}' if token and "stable_token" in self.path else answer
                )
                self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body)

            do_GET = do_POST

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Raw)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            account = Credentials("x", "wx1", SECRET, f"http://127.0.0.1:{server.server_port}")
            call(Client(account, pause=no_pause))
        finally:
            server.shutdown()
            server.server_close()

    return case


def slow(desk: Desk) -> None:
    desk.patch.setattr(exchange, "READ_SECONDS", 0.2)
    desk.patch.setattr(client, "ATTEMPTS", 1)
    answered("slow", 5)(desk)  # far more than 0.2, however busy the machine is


def wrong_account(appid: str = "", secret: str = SECRET) -> Case:
    def case(desk: Desk) -> None:
        own = desk.paper.account
        Client(Credentials("x", appid or own.appid, secret, own.api_base), pause=no_pause).token()

    return case


def not_let_in(desk: Desk) -> None:
    desk.paper.box.set_profile(whitelist=("10.0.0.1",))
    Client(desk.paper.account, pause=no_pause).token()


NETWORK: dict[str, Case] = {
    "nobody at the API's address": at("http://127.0.0.1:1"),
    "an API name that does not exist": at("http://nowhere.invalid"),
    "a proxy that is not there": at("http://example.invalid", proxy="http://me:hunter2@127.0.0.1:1"),
    "no answer in time": slow,
    "an answer that is cut": answered("half"),
    "a connection that is cut": answered("cut-after"),
    "a page in place of an answer": answered("html"),
    "an empty answer": answered("empty"),
    "a gateway in trouble": answered("status", 502),
    "an address that is not WeChat's": answered("status", 404),
    "an answer that is no JSON": raw(b"hello"),
    "an answer that is no object": raw(b"[]"),
    "an answer that is not UTF-8": raw(b"\xff\xfe"),
    "an error code that is no number": raw(b'{"errcode":"nonsense"}'),
    "an answer without a token": raw(b"{}", lambda it: it.token(), token=False),
    "an answer that quotes the request": raw(
        f"refused: /cgi-bin/draft/count?access_token=T0KEN&secret={SECRET}".encode()
    ),
    "an answer without a media_id": raw(b"{}", lambda it: it.add_draft([])),
    "an answer without articles": raw(b"{}", lambda it: it.get_draft("x")),
    "an unknown AppID": wrong_account("wxnobody"),
    "a wrong AppSecret": wrong_account(secret="f" * 32),
    "an address that is not on the whitelist": not_let_in,
}


def refused(code: int) -> Case:
    return answered("errcode", code)


def relayed(key: str = KEY, secret: str = SECRET, **rules: Any) -> Case:
    """Ask through a relay with these rules."""

    def case(desk: Desk) -> None:
        appid = desk.paper.account.appid
        with running(Rules(**{"keys": [KEY], "appids": [appid], "base": desk.wechat.url, **rules})) as relay:
            Client(Credentials("x", appid, secret, relay.url, relay_key=key), pause=no_pause).count_drafts()

    return case


RELAY: dict[str, Case] = {
    "no key": relayed(key=""),
    "a wrong key": relayed(key="x" * 40),
    "another account": relayed(appids=["wx1111111111111111"]),
    "no AppSecret on either side": relayed(secret=""),
    "a call that was left out": relayed(without=["draft/count"]),
    "too many calls a minute": relayed(calls_a_minute=1),
    "WeChat behind it out of reach": relayed(base="http://127.0.0.1:1"),
    "a relay without a key": relayed(keys=[]),
    "a relay with a short key": relayed(keys=["secret"]),
    "a relay without an account": relayed(appids=[]),
    "a relay without what there is not": relayed(without=["draft/counts"]),
}


REFUSALS: dict[str, Case] = {
    str(code): refused(code) for code in sorted(ERRCODE_HINTS, key=lambda code: (code < 0, code))
}


# --- the command line -------------------------------------------------------------------------------------------------

# What stands around the message: how to call the command, and the sum at a file's end.
_FRAME = r"Usage:|用法：|Try |查看帮助|sending cred|凭据将发往|\S+(: |：)[\d,]+ (characters|字符|error|warning|info|个)"
GOOD = "# 第一期\n\n> 导读：本期一条。\n\n## 新闻\n\n- [一条](https://example.com/a)：值得一读。\n"


def typed(*words: str, **files: str | bytes) -> Case:
    """Type `wxpub WORDS` in the project's folder, in which `a.md` and other files stand, and give what it says."""

    def case(desk: Desk) -> str:
        for name, data in {"a": GOOD, **files}.items():
            place = desk.root / FILES.get(name, f"{name}.md")
            place.write_bytes(data if isinstance(data, bytes) else data.encode())
        desk.patch.chdir(desk.root)
        account = {"WXPUB_APPID": desk.paper.account.appid, "WXPUB_SECRET": SECRET}
        environment = {**account, "WXPUB_API_BASE": desk.paper.account.api_base}
        done = CliRunner().invoke(cli, list(words), env=environment, prog_name="wxpub")
        lines = [line for line in done.output.splitlines() if line and not re.match(_FRAME, line)]
        worse = [line for line in lines if not re.search(r": (info: |提示：)", line)]
        return (worse or lines)[0]

    return case


FILM = bytes(4) + b"ftypisom" + bytes(100)
FILES = {"film": "film.mp4", "toml": "wxpub.toml", "page": "a.html"}  # the names of those that are no issues


def noted(line: str) -> Case:
    """Check an issue that has `line`."""
    return typed("check", "a.md", a=f"{GOOD}\n{line}\n")


def headed(front: str) -> Case:
    """Check an issue whose front matter is `front`."""
    return typed("check", "a.md", a=f"---\n{front}\n---\n{GOOD}")


def settled(toml: str) -> Case:
    """Check an issue in a project with these settings."""
    return typed("check", "a.md", toml=toml)


OLD = "# 第 12 期\n\n- [一](https://e.example/a/?utm_source=x)\n"
COMMANDS: dict[str, Case] = {
    "a path with a slip": typed("convert", "isues/a.md"),
    "a file name with a slip": typed("convert", "2026-11-12.md", **{"2026-11-21": GOOD}),
    "settings in place of an issue": typed("check", "wxpub.toml", toml='[article]\nauthor = "甲"\n'),
    "no file at all": typed("push"),
    "two files to preview": typed("preview", "a.md", "b.md"),
    "a command with a slip": typed("psuh", "a.md"),
    "an option with a slip": typed("push", "a.md", "--sandbx"),
    "a value that is no setting": typed("convert", "a.md", "--set", "accent"),
    "a theme with a slip": typed("convert", "a.md", "--theme", "diges"),
    "an unknown theme": typed("convert", "a.md", "--theme", "fancy"),
    "--open for a real account": typed("push", "a.md", "--open"),
    "a page that was not made by wxpub": typed("convert", "a.md", page="<p>mine</p>"),
    "a permalink that is none": typed("index", "add", "a.md", "https://example.com/a"),
    "a back issue that is not there": typed("index", "add", "b.md", "https://mp.weixin.qq.com/s/AbCdEf"),
    # A day far ahead, since after one in the past the next issue is due today.
    "the next issue on the day of another": typed("new", "2099-11-21", **{"2099-11-21": GOOD}),
    "a day that is none": typed("new", "2026-02-30"),
    "a template with a slip": typed("new", "--template", "t.md", t="# {{ titel }}\n"),
    "a link that is none": typed("add", "example.org/paper"),
    "a link that was sent before": typed("add", "https://e.example/a", "--offline", **{"2026-11-21": OLD}),
    "an address that is none": typed("init", "letter", "--url", "letter.example"),
    "an unknown rule": typed("check", "--explain", "link-lots"),
    "a key of the front matter with a slip": headed("titel: 题"),
    "a day that does not exist": headed("date: 2026-02-30"),
    "front matter that never ends": typed("check", "a.md", a="---\ntitle: 题\n\n正文。\n"),
    "an 81 character title": headed(f"title: {'题' * 81}"),
    "an issue without a title": typed("check", "a.md", a="正文。\n"),
    "a digest of 300 characters": headed(f"digest: {'摘' * 300}"),
    "an author of 20 characters": headed(f"author: {'名' * 20}"),
    "a source_url without https": headed("source_url: example.com/a"),
    "a cover that is not there": headed("cover: cover.png"),
    "a link without an address": noted("[文](  )"),
    "a link with a wrong scheme": noted("[文](htps://example.com)"),
    "a link with a space in it": noted("[文](https://example.com/a b)"),
    "a link whose bracket stays open": noted("[文](https://example.com"),
    "a link to an unpublished back issue": typed("check", "a.md", a=f"{GOOD}\n[往期](b.md)\n", b="# 往期\n\n正文。\n"),
    "a link to a file that is not there": noted("[往期](2020-01-01.md)"),
    "a picture by a path of Windows": noted("![图](C:\\\\图片\\\\a.png)"),
    "a picture by an absolute path": noted("![图](/home/me/a.png)"),
    "a film in place of a picture": typed("push", "a.md", a=f"{GOOD}\n![图](film.mp4)\n", film=FILM),
    "an embedded film": noted('<iframe src="https://example.com/film"></iframe>'),
    "a code block that never ends": noted("```\nx"),
    "curly quotes in settings": settled("[article]\nauthor = “甲”\n"),
    "a bare word in settings": settled("[article]\nauthor = 甲\n"),
    "a key of settings with a slip": settled('[article]\nauthr = "甲"\n'),
    "a key outside every table": settled('author = "甲"\n'),
    "a colour that is none": settled('[theme]\naccent = "greenish"\n'),
    "a variable that no theme has": settled('[theme]\nacent = "#111111"\n'),
    "an error that is to be ignored": settled('[check]\nignore = ["content-lost"]\n'),
}


# --- ledger and push --------------------------------------------------------------------------------------------------


def ledger_of(data: bytes) -> Case:
    def case(desk: Desk) -> None:
        (desk.root / FILE_NAME).write_bytes(data)
        Ledger(desk.root / FILE_NAME)

    return case


def locked(desk: Desk) -> None:
    desk.patch.setattr(ledger, "LOCK_SECONDS", 0.1)
    with desk.paper.ledger().locked(), desk.paper.ledger().locked():
        pass


def no_room(desk: Desk) -> None:
    import errno
    import os

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    desk.patch.setattr(os, "fsync", full)
    desk.paper.issue("a.md", "题")
    desk.paper.push("a.md")


def nine(desk: Desk) -> None:
    for number in range(9):
        desk.paper.issue(f"{number}.md", "题")
    desk.paper.push(*(f"{number}.md" for number in range(9)))


def twice(desk: Desk) -> None:
    desk.paper.issue("a.md", "题")
    desk.paper.push("a.md", "a.md")


def bad_picture(desk: Desk) -> None:
    desk.paper.write("a.md", "# 题\n\n![](missing.png)\n")
    desk.paper.push("a.md")


def edited(desk: Desk) -> None:
    desk.paper.issue("a.md", "题", "原来的字。")
    media_id = desk.paper.push("a.md").media_id
    it = Client(desk.paper.account)
    stored = {key: it.get_draft(media_id)[0].fields[key] for key in ("title", "content", "thumb_media_id")}
    it.update_draft(media_id, 0, {**stored, "content": stored["content"].replace("原来", "手改")})
    desk.paper.push("a.md")


def pulled(text: str) -> Case:
    def case(desk: Desk) -> None:
        desk.paper.issue("a.md", "题", "原来的字。")
        it = Client(desk.paper.account)
        if text:
            media_id = desk.paper.push("a.md").media_id
            stored = {key: it.get_draft(media_id)[0].fields[key] for key in ("title", "content", "thumb_media_id")}
            it.update_draft(media_id, 0, {**stored, "content": stored["content"].replace("原来", "手改")})
            desk.paper.issue("a.md", "题", text)
        pull(desk.paper.job("a.md"))

    return case


def not_pushed(desk: Desk) -> None:
    publish(Client(desk.paper.account), desk.paper.ledger(), desk.paper.account.appid, "a.md", no_pause)


def a_newspic_only(then: Case) -> Case:
    """Push a 贴图, make an article of its file, and go on."""

    def case(desk: Desk) -> object:
        desk.paper.newspic("a.md", "题", "原来的字。", "1.png")
        desk.paper.push("a.md")
        desk.paper.issue("a.md", "题", "原来的字。")
        return then(desk)

    return case


def rejected(desk: Desk) -> None:
    desk.paper.box.set_profile(kind="verified", publish_status=4)
    desk.paper.issue("a.md", "题")
    desk.paper.push("a.md")
    account = desk.paper.account
    publish(Client(account), desk.paper.ledger(), account.appid, "a.md", lambda _: desk.paper.box.move_clock(5))


def personal(desk: Desk) -> None:
    desk.paper.box.set_profile(kind="personal")
    desk.paper.issue("a.md", "题")
    desk.paper.push("a.md")
    publish(Client(desk.paper.account), desk.paper.ledger(), desk.paper.account.appid, "a.md", no_pause)


PUSHES: dict[str, Case] = {
    "a ledger that is no JSON": ledger_of(b"{"),
    "a ledger that is something else": ledger_of(b'{"name": "x"}'),
    "a ledger that is not UTF-8": ledger_of(b"\xff"),
    "a ledger with an incomplete fact": lambda desk: (
        ledger_of(b'{"wxpub-ledger": 1, "draft a b": {"of": 1}}')(desk),
        desk.paper.ledger().facts(ledger.Draft),
    ),
    "a ledger of a newer version": ledger_of(b'{"wxpub-ledger": 2}'),
    "a ledger with the marks of a conflict": ledger_of(b"{\n<<<<<<< HEAD\n=======\n>>>>>>> other\n}"),
    "another push at work": locked,
    "a full disk": no_room,
    "nine files": nine,
    "one file twice": twice,
    "a picture that is not there": bad_picture,
    "a draft that was edited in the web editor": edited,
    "an issue to pull that has no draft": pulled(""),
    "an issue to pull that was changed since its push": pulled("别的字。"),
    "an issue to pull that was pushed as a 贴图": a_newspic_only(pulled("")),
    "an issue to publish that was not pushed": not_pushed,
    "an issue to publish that was pushed as a 贴图": a_newspic_only(not_pushed),
    "an article that WeChat rejects": rejected,
    "an account that may not publish": personal,
}

TABLE: dict[str, dict[str, Case]] = {
    "On the command line": COMMANDS,
    "Issues": ISSUES,
    "Settings": SETTINGS,
    "Pictures": PICTURES,
    "Pictures on the web": REMOTE,
    "The network and what answers": NETWORK,
    "A relay": RELAY,
    "What WeChat refuses": REFUSALS,
    "Ledger, push and publish": PUSHES,
}


def message(case: Case, desk: Desk, language: str) -> str:
    """Give the message of a case as the page shows it, in a language: the same on every machine."""
    desk.patch.setenv("WXPUB_LANG", language)
    try:
        text = case(desk)
    except WxpubError as error:
        text = str(error)
        everything = "".join(traceback.format_exception(error))
        for secret in (SECRET, "T0KEN", "hunter2"):
            assert secret not in everything.replace("SECRET", "")
    assert isinstance(text, str), "nothing went wrong"
    text = text.replace(f"{desk.root}/", "").replace(str(desk.root), "the project's folder")
    text = text.replace(desk.paper.account.appid, "wx0123456789abcdef")
    text = re.sub(r"(not valid TOML: |不是有效的 TOML：)[A-Z][^;；]*", r"\1…", text)  # in the words of its Python
    return re.sub(r"(127\.0\.0\.1):\d{4,}", r"\1:8888", text)


@pytest.fixture
def desk(paper: Newsletter, sandbox: Sandbox, web: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(paper, sandbox, web, monkeypatch)


def page_rows() -> dict[tuple[str, str], list[str]]:
    """Read the page: the messages in every language, by group and case."""
    rows, group = {}, ""
    for line in PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else ():
        if line.startswith("## "):
            group = line[3:]
        elif line.startswith("| ") and not line.startswith("| when |"):
            name, *cells = re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |"))
            rows[group, name] = cells
    return rows


CASES = [(group, name) for group, cases in TABLE.items() for name in cases]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("group", "name"), CASES, ids=lambda value: value)
def test_every_failure_has_the_message_that_the_page_shows(
    group: str, name: str, language: str, desk: Desk, update: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    text = message(TABLE[group][name], desk, language)
    assert SECRET not in caplog.text
    assert not re.search(r"access_token=(?!\*\*\*)", caplog.text)
    first = text.partition("\n")[0]
    assert first, "a message says what is wrong"
    assert len(first) < 420
    if language == "zh":
        assert re.search(r"[\u4e00-\u9fff]", first.replace("第一期", ""))
    if not update:
        shown = page_rows()[group, name][LANGUAGES.index(language)]
        assert shown == cell(text), "run pytest --update and look at docs/errors.md"


def cell(text: str) -> str:
    """Write a message as code in a cell of a table: its first line."""
    first, *more = text.split("\n")
    line = (first + (" ⏎ …" if more else "")).replace("|", "\\|")
    return f"`` {line} ``" if "`" in line else f"`{line}`"


def test_the_page_lists_every_case_and_no_other(update: bool, sandbox: Sandbox, web: str, tmp_path: Path) -> None:
    if update:
        write_page(sandbox, web, tmp_path)
    assert list(page_rows()) == CASES
    assert len(CASES) > 160


def write_page(wechat: Sandbox, web: str, folder: Path) -> None:
    lines = [
        "# What can go wrong, and what is said about it · 会出什么错，会怎么说",
        "",
        "Made by `tests/test_errors_table.py`; `pytest --update` rewrites it. The program gave every one of them.",
        "由 `tests/test_errors_table.py` 生成；每一条都是程序真正说出来的。",
    ]
    for group, cases in TABLE.items():
        lines += ["", f"## {group}", "", "| when | 中文 | English |", "|---|---|---|"]
        for number, (name, case) in enumerate(cases.items()):
            cells = []
            for language in LANGUAGES:
                with pytest.MonkeyPatch.context() as patch:
                    paper = newsletter(wechat, folder / f"{len(lines)}-{number}-{language}" / "paper")
                    cells.append(cell(message(case, Desk(paper, wechat, web, patch), language)))
                    wechat.clear_faults()
            lines.append(f"| {name} | {' | '.join(cells)} |")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_every_error_code_says_what_to_do() -> None:
    for code, hint in ERRCODE_HINTS.items():
        assert len(hint) > 10, code
