"""The account's web pages: the draft box, articles as on a phone, the log; they read the store, write by `Control`.

No page runs a script, and an article is shown only in a frame that may run none, load nothing from elsewhere and reach
nothing around it. Forms carry a token that no other site can know.
"""

from __future__ import annotations

import hmac
import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wxpub import limits
from wxpub.errors import ConfigError
from wxpub.sandbox import publish, quotas, view
from wxpub.sandbox.control import Control
from wxpub.sandbox.endpoints import TABLE
from wxpub.sandbox.profiles import KINDS, Profile
from wxpub.sandbox.store import APPID, Store

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.wrappers import Response

WIDTHS = (320, 375, 414, 586, 677)
SECTIONS = {"phone": "手机效果", "removed": "过滤记录", "source": "源码", "json": "JSON", "size": "长度"}
SHOWN_CALLS = 200
ACCOUNT_COOKIE = "account"

# Scripts are off everywhere, and twice for articles. The frame around one makes it a stranger to the page as well.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
ARTICLE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-same-origin"
)

STATES = {0: "已发布", 1: "发布中", 2: "原创审核不通过", 3: "发布失败", 4: "平台审核不通过", 5: "已删除"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A length beside its limit."""

    name: str
    value: int
    limit: int
    unit: str

    @property
    def is_over(self) -> bool:
        """Tell whether the limit is passed."""
        return self.value > self.limit


def add_to(app: Flask, store: Store) -> None:
    """Add the pages to the application."""
    import flask

    with store.transaction():
        if store.setting("csrf") is None:
            store.set_setting("csrf", secrets.token_urlsafe(24))

    def current() -> str:
        """Give the account that the browser looks at: the first one unless a cookie names another."""
        named = flask.request.cookies.get(ACCOUNT_COOKIE, APPID)
        return named if store.account(named) is not None else APPID

    @app.template_filter("when")
    def _when(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, quotas.BEIJING).strftime("%Y-%m-%d %H:%M:%S")

    @app.context_processor
    def _common() -> dict[str, object]:
        return {
            "csrf": store.setting("csrf"),
            "account": store.account(current()),
            "now": store.now(),
            "kinds": KINDS,
            "path_now": flask.request.path,
        }

    @app.after_request
    def _protect(response: Response) -> Response:
        if response.mimetype == "text/html" and flask.request.endpoint != "api":
            response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "no-store"
        if flask.request.endpoint != "api":
            response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.get("/")
    def home() -> str:
        appid = current()
        control = Control(store, appid)
        return flask.render_template(
            "home.html",
            drafts=[_card(row) for row in _drafts(store, appid)],
            publications=[_card(row) for row in _publications(store, appid)],
            states=STATES,
            state=lambda row: publish.status(row, store.now()),
            profile=control.profile,
            faults=control.faults(),
            accounts=store.rows("SELECT appid, name FROM account ORDER BY rowid"),
            media=store.rows(
                "SELECT * FROM media WHERE appid = ? AND permanent = 1 ORDER BY created DESC LIMIT 60", appid
            ),
        )

    @app.get("/draft/<media_id>")
    def draft(media_id: str) -> str:
        return _article_page(store, "draft", _row(store, "draft", media_id), media_id)

    @app.get("/published/<number>")
    def published(number: str) -> str:
        return _article_page(store, "published", _row(store, "published", number), number)

    @app.get("/frame/<any(draft, published):kind>/<key>/<int:index>")
    def frame(kind: str, key: str, index: int) -> Response:
        row = _row(store, kind, key)
        articles = json.loads(row["articles"])
        if not index < len(articles):
            flask.abort(404)
        return _reader(store, row, index, flask.request.args.get("dark") == "1")

    @app.get("/s/<slug>")
    def permalink(slug: str) -> Response:
        found = _find_slug(store, slug)
        if found is None:
            flask.abort(404)
        row, index = found
        if index + 1 in json.loads(row["deleted"]):
            return flask.Response(flask.render_template("deleted.html"), 410)
        return _reader(store, row, index, flask.request.args.get("dark") == "1")

    @app.get("/s")
    def temporary() -> Response:
        row = _row(store, "draft", flask.request.args.get("tempkey", ""))
        index = flask.request.args.get("idx", 1, type=int) - 1
        if not 0 <= index < len(json.loads(row["articles"])):
            flask.abort(404)
        return _reader(store, row, index, flask.request.args.get("dark") == "1")

    @app.get("/<any(mmbiz_png, mmbiz_jpg, mmbiz_gif, mmbiz_bmp):_kind>/<name>/<size>")
    def picture(_kind: str, name: str, size: str) -> Response:
        row = store.row("SELECT mime, data FROM file WHERE id = ?", name)
        if row is None:
            flask.abort(404)
        response = flask.Response(row["data"], content_type=row["mime"])
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    @app.get("/log")
    def log() -> str:
        path = flask.request.args.get("path") or None
        rows = store.rows(
            "SELECT * FROM call WHERE ? IS NULL OR path = ? ORDER BY id DESC LIMIT ?", path, path, SHOWN_CALLS
        )
        paths = [row[0] for row in store.rows("SELECT DISTINCT path FROM call ORDER BY path LIMIT 100")]
        return flask.render_template("log.html", calls=rows, paths=paths, path=path)

    @app.get("/log/<int:number>")
    def call(number: int) -> str:
        row = store.row("SELECT * FROM call WHERE id = ?", number) if number < 2**62 else None
        if row is None:
            flask.abort(404)
        return flask.render_template("call.html", call=row, sent=_pretty(row["request"]), answer=_pretty(row["answer"]))

    @app.get("/quota")
    def quota() -> str:
        day = quotas.day(store.now())
        used = [(endpoint, store.used(current(), endpoint.path, day)) for endpoint in TABLE.values() if endpoint.token]
        return flask.render_template("quota.html", used=used, day=day)

    @app.post("/do/<action>")
    def do(action: str) -> Response:
        given = flask.request.form
        if not hmac.compare_digest(given.get("csrf", "").encode(), str(store.setting("csrf")).encode()):
            flask.abort(403)
        if action == "account":
            response = flask.redirect("/", 303)
            response.set_cookie(ACCOUNT_COOKIE, given.get("account", APPID), httponly=True, samesite="Strict")
            return response
        try:
            back = _do(store, Control(store, current()), action, given)
        except ConfigError as error:
            return flask.Response(f"400: {error}\n", 400, mimetype="text/plain")
        if back is None:
            flask.abort(404)
        return flask.redirect(back, 303)

    @app.errorhandler(404)
    def missing(_error: object) -> tuple[str, int]:
        return flask.render_template("missing.html"), 404


def _drafts(store: Store, appid: str) -> Sequence[sqlite3.Row]:
    return store.rows("SELECT * FROM draft WHERE appid = ? ORDER BY updated DESC, rowid DESC LIMIT 200", appid)


def _publications(store: Store, appid: str) -> Sequence[sqlite3.Row]:
    return store.rows("SELECT * FROM publication WHERE appid = ? ORDER BY publish_id DESC LIMIT 200", appid)


def _row(store: Store, kind: str, key: str) -> sqlite3.Row:
    import flask

    row = (
        store.row("SELECT * FROM draft WHERE media_id = ?", key)
        if kind == "draft"
        else store.row("SELECT * FROM publication WHERE publish_id = ?", key if key.isdigit() and len(key) < 18 else -1)
    )
    if row is None:
        flask.abort(404)
    return row


def _card(row: sqlite3.Row) -> dict[str, object]:
    """Give what a list shows of a draft or a publication."""
    articles = json.loads(row["articles"])
    deleted = json.loads(row["deleted"]) if "deleted" in row.keys() else []  # noqa: SIM118 - a Row is no mapping
    return {
        "row": row,
        "first": articles[0],
        "cover": view.local(str(articles[0]["thumb_url"])),
        "others": articles[1:],
        "removed": sum(entry["times"] for trace in json.loads(row["traces"]) for entry in trace["removed"]),
        "deleted": deleted,
    }


def _article_page(store: Store, kind: str, row: sqlite3.Row, key: str) -> str:
    import flask

    articles, traces = json.loads(row["articles"]), json.loads(row["traces"])
    index = flask.request.args.get("index", 0, type=int)
    if not 0 <= index < len(articles):
        flask.abort(404)
    article, trace = articles[index], traces[index]
    section = flask.request.args.get("show", "phone")
    width = flask.request.args.get("width", 375, type=int)
    return flask.render_template(
        "article.html",
        kind=kind,
        key=key,
        row=row,
        articles=articles,
        article=article,
        trace=trace,
        index=index,
        widths=WIDTHS,
        width=width if width in WIDTHS else 375,
        dark=flask.request.args.get("dark") == "1",
        sections=SECTIONS,
        section=section if section in SECTIONS else "phone",
        stored=json.dumps(article, ensure_ascii=False, indent=2),
        bars=_bars(article, trace, store.profile(row["appid"]).sizes().title_chars),
        links=[publish.permalink(slug) for slug in json.loads(row["slugs"])] if kind == "published" else [],
        slugs=json.loads(row["slugs"]) if kind == "published" else [],
        deleted=json.loads(row["deleted"]) if kind == "published" else [],
    )


def _bars(article: Mapping[str, Any], trace: Mapping[str, Any], title_chars: int) -> list[Bar]:
    return [
        Bar("标题", len(article["title"]), title_chars, "字"),
        Bar("作者", len(article["author"]), limits.AUTHOR_CHARS, "字"),
        Bar("摘要", len(article["digest"]), limits.DIGEST_CHARS, "字"),
        Bar("正文（文档限制，含标签）", trace["characters"], limits.CONTENT_CHARS, "字符"),
        Bar("正文（实际限制，含标签）", trace["bytes"], limits.CONTENT_BYTES, "字节"),
        Bar("阅读原文链接", len(article["content_source_url"].encode()), limits.SOURCE_URL_BYTES, "字节"),
    ]


def _reader(store: Store, row: sqlite3.Row, index: int, dark_mode: bool) -> Response:
    """Give an article as the reader sees it, in a page that can do nothing."""
    import flask

    article, trace = json.loads(row["articles"])[index], json.loads(row["traces"])[index]
    body = view.shown(article["content"], dark_mode=dark_mode, knows=lambda slug: _find_slug(store, slug) is not None)
    html = flask.render_template(
        "reader.html",
        article=article,
        body=body,
        dark=dark_mode,
        pictures=[view.local(url) for url in trace.get("images", [])],
        created=row["updated"] if "updated" in row.keys() else row["done"],  # noqa: SIM118 - a Row is no mapping
    )
    response = flask.Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = ARTICLE_POLICY
    return response


def _find_slug(store: Store, slug: str) -> tuple[sqlite3.Row, int] | None:
    for row in store.rows("SELECT * FROM publication WHERE instr(slugs, ?) > 0", json.dumps(slug)):
        if publish.status(row, store.now()) in (publish.PUBLISHED, publish.DELETED):
            return row, json.loads(row["slugs"]).index(slug)
    return None


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def _do(store: Store, control: Control, action: str, given: Mapping[str, str]) -> str | None:
    """Do what a button asks for; give the page to go on with, None for an unknown button."""
    if action == "publish":
        row = _row(store, "draft", given.get("key", ""))
        number = publish.publish(store, row["appid"], Profile(), row["media_id"], "freepublish", store.now())
        return f"/published/{number}"
    if action == "delete":
        row = _row(store, "draft", given.get("key", ""))
        Control(store, row["appid"]).delete_draft(row["media_id"])
        return "/"
    if action == "unpublish":
        row = _row(store, "published", given.get("key", ""))
        with store.transaction():
            publish.delete_articles(store, row["publish_id"], range(1, len(json.loads(row["articles"])) + 1))
        return f"/published/{row['publish_id']}"
    if action == "clock":
        hours = given.get("hours", "")
        if hours.isascii() and hours.isdigit() and len(hours) < 5:
            control.move_clock(int(hours) * 3600)
        return "/"
    if action == "kind" and given.get("kind") in KINDS:
        control.set_profile(kind=given["kind"])
        return "/"
    if action == "faults":
        control.clear_faults()
        return "/"
    return None
