"""Drafts: an article's JSON comes in and is stored as WeChat stores it, or refused; what is stored goes out again.

Sources: api_draft_add and api_draft_update (as of 2026-09), api_getdraft, api_draft_delete, api_draft_count,
api_draft_batchget, api_draft_switch, error constants of WxJava, measurements of publishing tools and replies that they
saw (`item`, `create_time`, `url` with a tempkey).
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from wxpub import limits
from wxpub.sandbox import filter, media
from wxpub.sandbox.call import (
    GET,
    OK,
    POST,
    TEXT,
    Answer,
    Call,
    Endpoint,
    Refusal,
    listing,
    mapping,
    read_articles,
    text,
    whole,
)
from wxpub.sandbox.store import IN_BOX

# --- articles ---------------------------------------------------------------------------------------------------------

# A coordinate of a crop has at most six decimals.
_CROP = re.compile(r"0|1|[01]\.\d{1,6}")
_RATIOS = {"1_1": 1.0, "16_9": 16 / 9, "2.35_1": limits.COVER_RATIO}


@dataclass(frozen=True, slots=True)
class Stored:
    """What a draft keeps of one article, and what its page shows of how it was sent."""

    article: dict[str, object]
    trace: dict[str, object]


def _store(call: Call, given: object, alone: bool) -> Stored:
    """Check one article and return what is stored of it; `alone` says that the draft has no other article."""
    given = mapping(given)
    # Tuples, not sets: what a client sends need not be hashable.
    kind = given.get("article_type") or "news"
    if kind not in ("news", "newspic"):
        raise Refusal(40097)
    title, author, digest, content = (text(given, name) for name in ("title", "author", "digest", "content"))
    if not title.strip():
        raise Refusal(40227)
    for value, most, errcode in (
        (title, call.profile.sizes().title_chars, 45003),
        (author, limits.AUTHOR_CHARS, 45110),
        (digest, limits.DIGEST_CHARS, 45004),
    ):
        if len(value) > most:
            raise Refusal(errcode)
    comments = _flag(given, "need_open_comment")
    fans_only = _flag(given, "only_fans_can_comment")
    if comments and not call.profile.may("comment"):
        raise Refusal(88000)
    article: dict[str, object] = {
        "article_type": kind,
        "title": title,
        "author": author,
        "digest": digest,
        "content": content,
        "content_source_url": _source_url(given),
        "thumb_media_id": "",
        "show_cover_pic": 0,
        "need_open_comment": comments,
        "only_fans_can_comment": fans_only,
        "pic_crop_235_1": _crop(given, "pic_crop_235_1"),
        "pic_crop_1_1": _crop(given, "pic_crop_1_1"),
        "thumb_url": "",
        "is_deleted": False,
    }
    _products(given)
    if "cover_info" in given:
        article["cover_info"] = _cover_info(given["cover_info"])
    trace = {"sent": content, "removed": [], "characters": len(content), "bytes": len(content.encode("utf-8"))}
    stored = Stored(article, trace)
    return _newspic(call, stored, given) if kind == "newspic" else _news(call, stored, given, alone)


def _news(call: Call, stored: Stored, given: Mapping[str, object], alone: bool) -> Stored:
    article, content = stored.article, str(stored.article["content"])
    if not content.strip():
        raise Refusal(44004)
    most = call.profile.sizes().content_chars
    if len(content.encode("utf-8")) >= limits.CONTENT_BYTES or (most is not None and len(content) >= most):
        raise Refusal(45002)
    cover = text(given, "thumb_media_id")
    article["thumb_url"], article["thumb_media_id"] = _picture(call, cover), cover
    for name, ratio in (("pic_crop_235_1", limits.COVER_RATIO), ("pic_crop_1_1", 1)):
        if (crop := str(article[name])) and not _has_ratio(crop, _pixels(call, cover), ratio):
            raise Refusal(53402)
    kept, stored.trace["removed"] = filter.keep(content, external_links=call.profile.external_links)
    article["content"] = filter.misstored(kept, call.profile.quirks)
    if alone and not article["digest"]:
        article["digest"] = filter.text(kept)[: limits.DIGEST_DEFAULT_CHARS]
    return stored


def _newspic(call: Call, stored: Stored, given: Mapping[str, object]) -> Stored:
    content = str(stored.article["content"])
    if len(content) > limits.NEWSPIC_CHARS or re.search(r"<[a-zA-Z/!]", content):
        raise Refusal(45166)
    info = given.get("image_info")
    images = info.get("image_list") if isinstance(info, Mapping) else None
    if not isinstance(images, list) or not images:
        raise Refusal(41011)
    if len(images) > limits.NEWSPIC_PICTURES:
        raise Refusal(40170)
    ids = [text(image, "image_media_id") if isinstance(image, Mapping) else "" for image in images]
    urls = [_picture(call, media_id) for media_id in ids]
    stored.article["thumb_media_id"], stored.article["thumb_url"] = ids[0], urls[0]
    for ratio, crop in _crops(stored.article.get("cover_info")):
        if not _has_ratio(crop, _pixels(call, ids[0]), ratio):
            raise Refusal(53402)
    stored.article["image_info"] = {"image_list": [{"image_media_id": media_id} for media_id in ids]}
    stored.trace["images"] = urls
    return stored


def _picture(call: Call, media_id: str) -> str:
    """Return the address of a cover or picture among the account's permanent images; refuse any other id (40007)."""
    sql = "SELECT * FROM media WHERE media_id = ? AND appid = ? AND permanent = 1"
    row = call.store.row(sql, media_id, call.appid)
    kinds = ("image", "thumb") if call.profile.thumb_covers else ("image",)
    if row is None or row["type"] not in kinds or call.now - row["created"] < call.profile.propagation:
        raise Refusal(40007)
    return str(row["url"])


def _pixels(call: Call, media_id: str) -> tuple[int, int]:
    """Return width and height of a permanent image."""
    sql = "SELECT format, data FROM file WHERE id = (SELECT file FROM media WHERE media_id = ? AND appid = ?)"
    row = call.store.row(sql, media_id, call.appid)
    return media.pixels(row["format"], row["data"]) if row is not None else (0, 0)


def _has_ratio(crop: str, pixels: tuple[int, int], ratio: float) -> bool:
    """Whether what is cut out "meets the ratio" (api_draft_add); how closely it has to is a guess: 1 %, and a pixel."""
    left, top, right, bottom = map(float, crop.split("_"))
    width, height = (right - left) * pixels[0], (bottom - top) * pixels[1]
    return abs(width - ratio * height) <= max(width / 100, 1 + ratio)


def _flag(given: Mapping[str, object], name: str) -> int:
    value = given.get(name, 0)
    if value in (0, 1, "0", "1", None, ""):
        return int(value or 0)
    raise Refusal(40097)


def _source_url(given: Mapping[str, object]) -> str:
    url = text(given, "content_source_url")
    if len(url.encode("utf-8")) > limits.SOURCE_URL_BYTES:
        raise Refusal(45005)
    if url and not is_web_address(url):
        raise Refusal(41039)
    return url


def is_web_address(url: str) -> bool:
    """Whether `url` is a complete http or https address."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", url)
    except ValueError:  # such as "http://[::"
        return False


def _crop(given: Mapping[str, object], name: str) -> str:
    """Read a crop "X1_Y1_X2_Y2" of coordinates from 0 to 1, at most six decimals, origin at the top left."""
    value = text(given, name)
    if value and not _is_crop(value.split("_")):
        raise Refusal(53402)
    return value


def _is_crop(places: list[str]) -> bool:
    if len(places) != 4 or not all(_CROP.fullmatch(place) for place in places):
        return False
    left, top, right, bottom = map(float, places)
    return left < right <= 1 and top < bottom <= 1


def _cover_info(value: object) -> dict[str, object]:
    crops = value.get("crop_percent_list") if isinstance(value, Mapping) else None
    if not isinstance(crops, list):
        raise Refusal(47001)
    for crop in crops:
        if not isinstance(crop, Mapping) or crop.get("ratio") not in tuple(_RATIOS):
            raise Refusal(53402)
        if not _is_crop([text(crop, name) for name in ("x1", "y1", "x2", "y2")]):
            raise Refusal(53402)
    return {"crop_percent_list": crops}


def _crops(cover_info: object) -> list[tuple[float, str]]:
    """List the crops of a newspic's cover, each with the ratio that its name says."""
    crops = cover_info["crop_percent_list"] if isinstance(cover_info, dict) else []
    return [(_RATIOS[crop["ratio"]], "_".join(crop[name] for name in ("x1", "y1", "x2", "y2"))) for crop in crops]


def _products(given: Mapping[str, object]) -> None:
    """Refuse goods: an account of the sandbox has no shop."""
    info = given.get("product_info")
    if info is None:
        return
    footer = mapping(info).get("footer_product_info")
    if isinstance(footer, Mapping) and footer.get("product_key"):
        raise Refusal(53406)
    if footer:
        raise Refusal(53405)


# --- drafts -----------------------------------------------------------------------------------------------------------


def add(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/add`."""
    given = mapping(read_articles(call.body, call.profile.charset)).get("articles")
    if not isinstance(given, list) or not given or any(isinstance(article, list) for article in given):
        raise Refusal(44003)
    if len(given) > limits.ARTICLES_PER_DRAFT:
        raise Refusal(45008)
    stored = [_store(call, article, alone=len(given) == 1) for article in given]
    if "drop-article" in call.profile.quirks and len(stored) > 1:
        stored.pop()
    media_id = call.store.new_media_id(call.appid)
    call.store.insert(
        "draft",
        media_id=media_id,
        appid=call.appid,
        articles=_dump([one.article for one in stored]),
        traces=_dump([one.trace for one in stored]),
        created=call.now,
        updated=call.now,
    )
    return {"media_id": media_id, "item": []}


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def update(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/update`: one article is replaced whole, none is added, removed or moved."""
    body = mapping(read_articles(call.body, call.profile.charset))
    given = mapping(body.get("articles"))
    count = len(json.loads(_draft(call, body)["articles"]))
    index = whole(body, "index", None, 40114)
    if not 0 <= index < count:
        raise Refusal(40114)
    stored = _store(call, given, alone=count == 1)
    with call.store.transaction():
        row = _draft(call, body)
        kept, traces = json.loads(row["articles"]), json.loads(row["traces"])
        kept[index], traces[index] = stored.article, stored.trace
        sql = "UPDATE draft SET articles = ?, traces = ?, updated = ? WHERE media_id = ?"
        call.store.run(sql, _dump(kept), _dump(traces), call.now, row["media_id"])
    return OK


def _draft(call: Call, given: Mapping[str, object]) -> sqlite3.Row:
    row = call.store.draft(text(given, "media_id", 40007, 40007), call.appid)
    if row is None:
        raise Refusal(40007)
    return row


def get(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/get`."""
    return _content(call, _draft(call, call.json()), True)


def _content(call: Call, row: sqlite3.Row, with_content: bool) -> dict[str, object]:
    items = [
        {**article, "url": preview_address(row["media_id"], index)}
        for index, article in enumerate(filter.shown_articles(call, row["articles"], with_content))
    ]
    return {"news_item": items, "create_time": int(row["created"]), "update_time": int(row["updated"])}


def preview_address(media_id: str, index: int) -> str:
    """Return the address of a draft's preview: temporary, with a tempkey, never to be linked to."""
    place = f"mid={index + 100000001}&idx={index + 1}&tempkey={media_id}"
    return f"http://mp.weixin.qq.com/s?__biz=MzAwMDAwMDAwMA==&{place}"


def delete(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/delete`."""
    call.store.run("DELETE FROM draft WHERE media_id = ?", _draft(call, call.json())["media_id"])
    return OK


def count(call: Call) -> Answer:
    """Answer `GET /cgi-bin/draft/count`."""
    sql = f"SELECT count(*) FROM draft WHERE appid = ? AND {IN_BOX}"  # noqa: S608 - our own words
    return {"total_count": int(call.store.value(sql, call.appid, call.now))}


def batchget(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/batchget`: the latest change first."""
    given = call.json()
    with_content = whole(given, "no_content", 0) != 1

    def item(row: sqlite3.Row) -> dict[str, object]:
        content = _content(call, row, with_content)
        return {"media_id": row["media_id"], "content": content, "update_time": int(row["updated"])}

    return listing(call, given, f"draft WHERE appid = ? AND {IN_BOX}", (call.appid, call.now), item, "updated")


def switch(call: Call) -> Answer:
    """Answer `POST /cgi-bin/draft/switch`: the draft box is open for every account by now."""
    return {**OK, "is_open": 1}


ENDPOINTS = (
    Endpoint("/cgi-bin/draft/add", POST, add, 1000, "draft"),
    Endpoint("/cgi-bin/draft/get", POST, get, 500, "draft", mime=TEXT),
    Endpoint("/cgi-bin/draft/update", POST, update, 1000, "draft"),
    Endpoint("/cgi-bin/draft/delete", POST, delete, 1000, "draft"),
    Endpoint("/cgi-bin/draft/count", GET, count, 1000, "draft"),
    Endpoint("/cgi-bin/draft/batchget", POST, batchget, 1000, "draft", mime=TEXT),
    Endpoint("/cgi-bin/draft/switch", POST, switch, needs="draft"),
    # On another host than the API (mp.weixin.qq.com), without a token.
    Endpoint("/article-bin/verify_article_structure", POST, filter.verify, token=False),
)
