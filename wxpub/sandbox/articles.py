"""An article of a draft: the JSON object of `articles[]` comes in, what WeChat would store goes out, or its refusal.

Sources: api_draft_add and api_draft_update (as of 2026-09), error constants of WxJava, measurements of publishing
tools.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from wxpub import limits
from wxpub.sandbox import filter
from wxpub.sandbox.answers import Refusal
from wxpub.sandbox.profiles import COMMENT, Profile

NEWSPIC_CHARS = 1000  # 1,000 taken, 1,001 refused with 45166 (2026-08-05)
NEWSPIC_IMAGES = 20

# A cover or picture of an article: its media_id comes in, its URL goes out; refuses what is no permanent image.
Picture = Callable[[str], str]

# A coordinate of a crop has at most six decimals.
_CROP = re.compile(r"0|1|[01]\.\d{1,6}")
_ESCAPE = re.compile(rb"(?<!\\)(\\\\)*\\u(?!00[01])(?=[0-9a-fA-F]{4})")


@dataclass(frozen=True, slots=True)
class Stored:
    """What a draft keeps of one article, and what its page tells about the way there."""

    article: dict[str, object]
    trace: dict[str, object]


def read_body(body: bytes, charset: str) -> object:
    """Parse the raw body of draft/add or draft/update.

    A `\\uXXXX` escape in it is no character to WeChat: with charset "literal" it stays the six characters that were
    sent, with "refused" the call ends with 40033, with "decoded" it is what JSON says. Escapes of control characters,
    which JSON cannot do without, are always decoded.
    """
    if charset != "decoded" and _ESCAPE.search(body):
        if charset == "refused":
            raise Refusal(40033)
        body = _ESCAPE.sub(lambda match: (match.group(1) or b"") + rb"\\u", body)
    return read_json(body)


def read_json(body: bytes) -> object:
    """Parse a JSON body; refuse an empty one (44002) and what is no JSON in UTF-8 (47001)."""
    if not body.strip():
        raise Refusal(44002)
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
        # A lone surrogate is no text: it could be neither stored nor sent back.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise Refusal(47001) from error
    return value


def _no_constant(name: str) -> object:
    raise ValueError(name)


def store(given: object, profile: Profile, picture: Picture, alone: bool) -> Stored:
    """Check one article and give what is stored of it; `alone` tells whether the draft has no other article."""
    if not isinstance(given, Mapping):
        raise Refusal(47001)
    # Tuples, not sets: what a client sends need not be hashable.
    kind = given.get("article_type") or "news"
    if kind not in ("news", "newspic"):
        raise Refusal(40097)
    title = _text(given, "title")
    author = _text(given, "author")
    digest = _text(given, "digest")
    content = _text(given, "content")
    if not title.strip():
        raise Refusal(40227)
    _at_most(title, profile.sizes().title_chars, 45003)
    _at_most(author, limits.AUTHOR_CHARS, 45110)
    _at_most(digest, limits.DIGEST_CHARS, 45004)
    comments = _flag(given, "need_open_comment")
    fans_only = _flag(given, "only_fans_can_comment")
    if comments and not profile.may(COMMENT):
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
    if kind == "newspic":
        return _newspic(article, given, picture)
    return _news(article, given, profile, picture, alone)


def _news(
    article: dict[str, object], given: Mapping[str, object], profile: Profile, picture: Picture, alone: bool
) -> Stored:
    content = str(article["content"])
    if not content.strip():
        raise Refusal(44004)
    size = len(content.encode("utf-8"))
    most = profile.sizes().content_chars
    if size >= limits.CONTENT_BYTES or (most is not None and len(content) >= most):
        raise Refusal(45002)
    cover = _text(given, "thumb_media_id")
    article["thumb_url"] = picture(cover)
    article["thumb_media_id"] = cover
    kept, removed = filter.keep(content, external_links=profile.external_links)
    article["content"] = kept
    if alone and not article["digest"]:
        article["digest"] = filter.text(kept)[: limits.DIGEST_DEFAULT_CHARS]
    return Stored(article, {"sent": content, "removed": removed, "characters": len(content), "bytes": size})


def _newspic(article: dict[str, object], given: Mapping[str, object], picture: Picture) -> Stored:
    content = str(article["content"])
    if len(content) > NEWSPIC_CHARS or re.search(r"<[a-zA-Z/!]", content):
        raise Refusal(45166)
    info = given.get("image_info")
    images = info.get("image_list") if isinstance(info, Mapping) else None
    if not isinstance(images, list) or not images:
        raise Refusal(41011)
    if len(images) > NEWSPIC_IMAGES:
        raise Refusal(40170)
    ids = [_text(image, "image_media_id") if isinstance(image, Mapping) else "" for image in images]
    urls = [picture(media_id) for media_id in ids]
    article["thumb_media_id"] = ids[0]
    article["thumb_url"] = urls[0]
    article["image_info"] = {"image_list": [{"image_media_id": media_id} for media_id in ids]}
    size = len(content.encode("utf-8"))
    return Stored(article, {"sent": content, "removed": [], "characters": len(content), "bytes": size, "images": urls})


def _text(given: Mapping[str, object], name: str) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refusal(47001)
    return str(value)


def _at_most(text: str, characters: int, errcode: int) -> None:
    if len(text) > characters:
        raise Refusal(errcode)


def _flag(given: Mapping[str, object], name: str) -> int:
    value = given.get(name, 0)
    if value in (0, 1, "0", "1", None, ""):
        return int(value or 0)
    raise Refusal(40097)


def _source_url(given: Mapping[str, object]) -> str:
    url = _text(given, "content_source_url")
    if len(url.encode("utf-8")) > limits.SOURCE_URL_BYTES:
        raise Refusal(45005)
    if url and not is_web_address(url):
        raise Refusal(41039)
    return url


def is_web_address(url: str) -> bool:
    """Tell whether `url` is a complete http or https address."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", url)
    except ValueError:  # such as "http://[::"
        return False


def _crop(given: Mapping[str, object], name: str) -> str:
    """Read a crop "X1_Y1_X2_Y2" of coordinates from 0 to 1, at most six decimals, origin at the top left."""
    value = _text(given, name)
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
        if not isinstance(crop, Mapping) or crop.get("ratio") not in ("1_1", "16_9", "2.35_1"):
            raise Refusal(53402)
        if not _is_crop([_text(crop, name) for name in ("x1", "y1", "x2", "y2")]):
            raise Refusal(53402)
    return {"crop_percent_list": crops}


def _products(given: Mapping[str, object]) -> None:
    """Refuse goods: an account of the sandbox has no shop."""
    info = given.get("product_info")
    if info is None:
        return
    if not isinstance(info, Mapping):
        raise Refusal(47001)
    footer = info.get("footer_product_info")
    if isinstance(footer, Mapping) and footer.get("product_key"):
        raise Refusal(53406)
    if footer:
        raise Refusal(53405)
