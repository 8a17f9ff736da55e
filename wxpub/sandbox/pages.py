"""The account's web pages: the draft box, articles as on a phone, the log; they read the store, write by `Control`.

No page runs a script, and an article is shown only in a frame that may run none, load nothing from elsewhere and reach
nothing around it. Forms carry a token that no other site can know.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import flask
from bs4 import BeautifulSoup, Tag
from werkzeug.wrappers import Response

from wxpub import darkmode, limits
from wxpub.errors import ConfigError
from wxpub.language import current, listed, tr, tr_n
from wxpub.sandbox import filter, publish
from wxpub.sandbox.call import Endpoint
from wxpub.sandbox.store import APPID, BEIJING, KINDS, Store, day

if TYPE_CHECKING:
    from wxpub.sandbox.control import Control

WIDTHS = (320, 375, 414, 586, 677)
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


def _sections() -> dict[str, str]:
    """Name the views of an article."""
    return {
        "phone": tr("On a phone"),
        "removed": tr("Removed"),
        "source": tr("Source"),
        "json": "JSON",
        "size": tr("Lengths"),
    }


def _states() -> dict[int, str]:
    """Name the states of a publication."""
    return {
        0: tr("published"),
        1: tr("being published"),
        2: tr("refused by the check of originality"),
        3: tr("not published: it failed"),
        4: tr("refused by WeChat's moderation"),
        5: tr("deleted"),
    }


def _kinds() -> dict[str, str]:
    """Name the kinds of accounts."""
    return {
        "personal": tr("personal subscription account"),
        "verified": tr("verified subscription account"),
        "service": tr("service account"),
        "expired": tr("account whose verification has expired"),
    }


@dataclass(frozen=True, slots=True)
class Bar:
    """A length beside its limit."""

    name: str
    value: int
    limit: int
    unit: str

    @property
    def is_over(self) -> bool:
        """Whether the limit is passed."""
        return self.value > self.limit


def add_to(app: flask.Flask, store: Store, control: Control, table: Mapping[str, Endpoint]) -> None:
    """Add the pages to the application; `control` leads to the controls of all accounts."""
    pages = _Pages(store, control, table)
    app.add_template_filter(_when, "when")
    app.jinja_env.globals.update(tr=tr, tr_n=tr_n, listed=listed)
    app.context_processor(pages.common)
    app.after_request(_protect)
    app.register_error_handler(404, _missing)
    for rule, view_function in (
        ("/", pages.home),
        ("/draft/<media_id>", pages.draft),
        ("/published/<number>", pages.published),
        ("/frame/<any(draft, published):kind>/<key>/<int:index>", pages.frame),
        ("/s/<slug>", pages.permalink),
        ("/s", pages.temporary),
        ("/<any(mmbiz_png, mmbiz_jpg, mmbiz_gif, mmbiz_bmp):kind>/<name>/<size>", pages.picture),
        ("/log", pages.log),
        ("/log/<int:number>", pages.call),
        ("/quota", pages.quota),
    ):
        app.add_url_rule(rule, view_func=view_function)
    app.add_url_rule("/do/<action>", view_func=pages.do, methods=["POST"])


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _protect(response: Response) -> Response:
    if flask.request.endpoint == "api":
        return response
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _missing(_error: object) -> tuple[str, int]:
    return flask.render_template("missing.html"), 404


class _Pages:
    """The pages of one store, a method each."""

    def __init__(self, store: Store, control: Control, table: Mapping[str, Endpoint]) -> None:
        self.store, self.control, self.table = store, control.account, table
        with store.transaction():
            if store.setting("csrf") is None:
                store.set_setting("csrf", secrets.token_urlsafe(24))

    def current(self) -> str:
        """Return the account that the browser looks at: the first one unless a cookie names another."""
        named = flask.request.cookies.get(ACCOUNT_COOKIE, APPID)
        return named if self.store.account(named) is not None else APPID

    def common(self) -> dict[str, object]:
        """Return what every template may use."""
        return {
            "csrf": self.store.setting("csrf"),
            "account": self.store.account(self.current()),
            "now": self.store.now(),
            "kinds": _kinds(),
            "lang": "zh-CN" if current() == "zh" else "en",
            "path_now": flask.request.path,
        }

    def home(self) -> str:
        store, appid = self.store, self.current()
        control = self.control(appid)
        publications = store.rows("SELECT * FROM publication WHERE appid = ? ORDER BY publish_id DESC LIMIT 200", appid)
        return flask.render_template(
            "home.html",
            drafts=[_card(row) for row in store.drafts(appid)[:200]],
            publications=[_card(row) for row in publications],
            states=_states(),
            state=lambda row: publish.status(row, store.now()),
            profile=control.profile,
            faults=control.faults(),
            accounts=store.rows("SELECT appid, name FROM account ORDER BY rowid"),
            media=store.rows(
                "SELECT * FROM media WHERE appid = ? AND permanent = 1 ORDER BY created DESC LIMIT 60", appid
            ),
        )

    def draft(self, media_id: str) -> str:
        return _article_page(self.store, "draft", _row(self.store, "draft", media_id), media_id)

    def published(self, number: str) -> str:
        return _article_page(self.store, "published", _row(self.store, "published", number), number)

    def frame(self, kind: str, key: str, index: int) -> Response:
        return _reader(self.store, _row(self.store, kind, key), index)

    def permalink(self, slug: str) -> Response:
        found = _find_slug(self.store, slug)
        if found is None:
            flask.abort(404)
        row, index = found
        if index + 1 in json.loads(row["deleted"]):
            return flask.Response(flask.render_template("deleted.html"), 410)
        return _reader(self.store, row, index)

    def temporary(self) -> Response:
        given = flask.request.args
        return _reader(self.store, _row(self.store, "draft", given.get("tempkey", "")), given.get("idx", 1, int) - 1)

    def picture(self, kind: str, name: str, size: str) -> Response:
        row = self.store.row("SELECT mime, data FROM file WHERE id = ?", name)
        if row is None:
            flask.abort(404)
        response = flask.Response(row["data"], content_type=row["mime"])
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    def log(self) -> str:
        path = flask.request.args.get("path") or None
        sql = "SELECT * FROM call WHERE ?1 IS NULL OR path = ?1 ORDER BY id DESC LIMIT ?2"
        rows = self.store.rows(sql, path, SHOWN_CALLS)
        paths = [row[0] for row in self.store.rows("SELECT DISTINCT path FROM call ORDER BY path LIMIT 100")]
        return flask.render_template("log.html", calls=rows, paths=paths, path=path)

    def call(self, number: int) -> str:
        row = self.store.row("SELECT * FROM call WHERE id = ?", number) if number < 2**62 else None
        if row is None:
            flask.abort(404)
        return flask.render_template("call.html", call=row, sent=_pretty(row["request"]), answer=_pretty(row["answer"]))

    def quota(self) -> str:
        today, appid = day(self.store.now()), self.current()
        used = [
            (endpoint, self.store.used(appid, path, today)) for path, endpoint in self.table.items() if endpoint.token
        ]
        return flask.render_template("quota.html", used=used, day=today)

    def do(self, action: str) -> Response:
        """Do what a button asks for, and go on with a page."""
        given = flask.request.form
        if not hmac.compare_digest(given.get("csrf", "").encode(), str(self.store.setting("csrf")).encode()):
            flask.abort(403)
        try:
            back = self._do(action, given)
        except ConfigError as error:
            return flask.Response(f"400: {error}\n", 400, mimetype="text/plain")
        if back is None:
            flask.abort(404)
        response = flask.redirect(back, 303)
        if action == "account":
            response.set_cookie(ACCOUNT_COOKIE, given.get("account", APPID), httponly=True, samesite="Strict")
        return response

    def _do(self, action: str, given: Mapping[str, str]) -> str | None:
        """Do what a button asks for; return the page to go on with, None for an unknown button."""
        store, key = self.store, given.get("key", "")
        if action in ("publish", "delete"):
            row = _row(store, "draft", key)
            if action == "publish":
                return f"/published/{publish.publish_by_hand(store, row['appid'], row['media_id'])}"
            self.control(row["appid"]).delete_draft(row["media_id"])
        elif action == "unpublish":
            row = _row(store, "published", key)
            with store.transaction():
                publish.delete_articles(store, row["publish_id"], range(1, len(json.loads(row["articles"])) + 1))
            return f"/published/{row['publish_id']}"
        elif action == "clock":
            hours = given.get("hours", "")
            if hours.isascii() and hours.isdigit() and len(hours) < 5:
                self.control(self.current()).move_clock(int(hours) * 3600)
        elif action == "kind" and given.get("kind") in KINDS:
            self.control(self.current()).set_profile(kind=given["kind"])
        elif action == "faults":
            self.control(self.current()).clear_faults()
        elif action != "account":
            return None
        return "/"


def _row(store: Store, kind: str, key: str) -> sqlite3.Row:
    number = key if key.isdigit() and len(key) < 18 else -1
    sql = "SELECT * FROM publication WHERE publish_id = ?"
    row = store.draft(key) if kind == "draft" else store.row(sql, number)
    if row is None:
        flask.abort(404)
    return row


def _card(row: sqlite3.Row) -> dict[str, object]:
    """Return what a list shows of a draft or a publication."""
    articles = json.loads(row["articles"])
    deleted = json.loads(row["deleted"]) if "deleted" in row.keys() else []  # noqa: SIM118 - a Row is not a mapping
    return {
        "row": row,
        "first": articles[0],
        "cover": _local(str(articles[0]["thumb_url"])),
        "others": articles[1:],
        "removed": sum(entry["times"] for trace in json.loads(row["traces"]) for entry in trace["removed"]),
        "deleted": deleted,
    }


def _article_page(store: Store, kind: str, row: sqlite3.Row, key: str) -> str:
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
        sections=_sections(),
        section=section if section in _sections() else "phone",
        stored=json.dumps(article, ensure_ascii=False, indent=2),
        bars=_bars(article, trace, store.profile(row["appid"]).sizes().title_chars),
        links=[publish.permalink(slug) for slug in json.loads(row["slugs"])] if kind == "published" else [],
        slugs=json.loads(row["slugs"]) if kind == "published" else [],
        deleted=json.loads(row["deleted"]) if kind == "published" else [],
    )


def _bars(article: Mapping[str, Any], trace: Mapping[str, Any], title_chars: int) -> list[Bar]:
    return [
        Bar(tr("Title"), len(article["title"]), title_chars, tr("characters")),
        Bar(tr("Author"), len(article["author"]), limits.AUTHOR_CHARS, tr("characters")),
        Bar(tr("Digest"), len(article["digest"]), limits.DIGEST_CHARS, tr("characters")),
        Bar(
            tr("Text with its tags, by the documented limit"),
            trace["characters"],
            limits.CONTENT_CHARS,
            tr("characters"),
        ),
        Bar(tr("Text with its tags, by the real limit"), trace["bytes"], limits.CONTENT_BYTES, tr("bytes")),
        Bar(tr("Source URL"), len(article["content_source_url"].encode()), limits.SOURCE_URL_BYTES, tr("bytes")),
    ]


def _reader(store: Store, row: sqlite3.Row, index: int) -> Response:
    """Return an article as the reader sees it, in a page that can do nothing."""
    articles, dark_mode = json.loads(row["articles"]), flask.request.args.get("dark") == "1"
    if not 0 <= index < len(articles):
        flask.abort(404)
    article, trace = articles[index], json.loads(row["traces"])[index]
    body = show(article["content"], dark_mode=dark_mode, knows=lambda slug: _find_slug(store, slug) is not None)
    html = flask.render_template(
        "reader.html",
        article=article,
        body=body,
        dark=dark_mode,
        pictures=[_local(url) for url in trace.get("images", [])],
        created=row["updated"] if "updated" in row.keys() else row["done"],  # noqa: SIM118 - a Row is not a mapping
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


# --- an article as a phone shows it -----------------------------------------------------------------------------------
# First what the page's own script does on load, then what the client makes of it (sources: WeChat's article page
# scripts and style sheet as mirrored publicly, measurements on phones by publishing tools). For display only.

# The classes that the page's script leaves alone; all others are blanked.
_CLASSES = frozenset(
    [
        *("rich_pages", "blockquote_info", "blockquote_biz", "blockquote_other", "blockquote_article", "js_jump_icon"),
        *("h5_image_link", "js_banner_container", "js_list_container", "js_cover", "js_tx_video_container"),
        *("img_loading", "list-paddingleft-1", "list-paddingleft-2", "list-paddingleft-3", "selectTdClass"),
        *("noBorderTable", "ue-table-interlace-color-single", "ue-table-interlace-color-double", "__bg_gif"),
        *("weapp_text_link", "weapp_image_link", "js_img_loading", "db"),
    ]
)
_CLASS_STARTS = ("cps_inner", "bizsvr_", "code-snippet", "qa__", "wx-edui-", "js_product_", "wx_video_")
_BLOCKS = ["section", "p", "div", "ul", "ol", "table", "blockquote", "pre", *(f"h{level}" for level in range(1, 7))]
_CHINESE_FONT = re.compile(
    r"[^\x00-\x7f]|pingfang|hiragino|heiti|songti|kaiti|stkaiti|stsong|stheiti|stfangsong|yahei|simsun|simhei|kaiti|"
    r"fangsong|noto s\w+ (cjk|sc|tc)|source han|lantinghei|yuanti|xingkai",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"(?:https?:)?//mmbiz\.qpic\.cn/", re.IGNORECASE)
_SLUG = re.compile(rf"https?://{re.escape(limits.ARTICLE_HOST)}/s/([A-Za-z0-9_-]+)")


def show(content: str, *, dark_mode: bool = False, knows: Callable[[str], bool] = lambda slug: False) -> str:
    """Return an article's HTML as a phone shows it; pictures and the articles that `knows` has point to the sandbox."""
    soup = filter.parse(content)
    _load(soup)
    for tag in filter.tags(soup):
        _client(tag)
    if dark_mode:
        _darken(soup)
    for tag in filter.tags(soup):
        _localise(tag, knows)
    return filter.serialise(soup)


def _load(soup: BeautifulSoup) -> None:
    """Do what the page's script does on load."""
    for tag in filter.tags(soup):
        if tag.name == "map":
            filter.remove(tag)
        tag.attrs.pop("contenteditable", None)
        if "class" in tag.attrs:
            kept = [name for name in str(tag.attrs["class"]).split() if _is_known(name)]
            tag.attrs["class"] = " ".join(kept)
        if "data-src" in tag.attrs:
            tag.attrs["src"] = tag.attrs.pop("data-src")


def _is_known(name: str) -> bool:
    return name in _CLASSES or name.startswith(_CLASS_STARTS)


def _client(tag: Tag) -> None:
    """Do what the phone's client does to one element."""
    if tag.name == "div":
        tag.attrs.pop("style", None)
    if "nodeleaf" in tag.attrs:
        for child in tag.find_all(_BLOCKS, recursive=False):
            filter.remove(child)
    style = str(tag.attrs.get("style") or "")
    if "font-family" in style or "filter" in style:
        pieces = [_rendered(piece) for piece in filter.declarations(style)]
        tag.attrs["style"] = ";".join(piece for piece in pieces if piece)


def _rendered(declaration: str) -> str:
    """Return a declaration as the client takes it: no Chinese font families, no filters."""
    name, value = filter.split(declaration)
    if name in ("filter", "-webkit-filter", "backdrop-filter"):
        return ""
    if name != "font-family":
        return declaration
    families = [family for family in value.split(",") if not _CHINESE_FONT.search(family)]
    return filter.hidden(f"font-family:{','.join(families)}") if families else ""


def _darken(soup: BeautifulSoup) -> None:
    """Rewrite the inline styles as the page's dark mode does."""
    depths = {id(soup): -1}
    elements = []
    tags = list(filter.tags(soup))
    for tag in tags:
        depth = depths[id(tag)] = depths[id(tag.parent)] + 1
        pairs = map(filter.split, filter.declarations(str(tag.attrs.get("style") or "")))
        style = {name: value for name, value in pairs if value}
        attributes = {name: filter.shown(value or "") for name, value in tag.attrs.items()}
        has_text = any(map(str.strip, tag.strings))
        elements.append(darkmode.Element(depth, tag.name, style, attributes, has_text))
    for tag, element, night in zip(tags, elements, darkmode.convert(elements), strict=True):
        if night.style != element.style:
            style_text = ";".join(f"{name}:{value}" for name, value in night.style.items())
            tag.attrs["style"] = filter.hidden(style_text)


def _localise(tag: Tag, knows: Callable[[str], bool]) -> None:
    for name in ("src", "href", "xlink:href", "style"):
        value = str(tag.attrs.get(name) or "")
        if "qpic.cn" in value:
            tag.attrs[name] = _local(value)
    if tag.name == "img" and not _is_local(str(tag.attrs.get("src", ""))):
        tag.attrs.pop("src", None)
    if tag.name == "a" and (found := _SLUG.match(filter.shown(tag.attrs.get("href") or ""))) and knows(found.group(1)):
        tag.attrs["href"] = "/s/" + found.group(1)


def _local(address: str) -> str:
    """Return the sandbox's own address of one of WeChat's pictures."""
    return _PICTURE.sub("/", address)


def _is_local(address: str) -> bool:
    """Whether an address is one of the sandbox's own."""
    return address.startswith("/") and not address.startswith("//") and not filter.is_picture_address(address[1:])
