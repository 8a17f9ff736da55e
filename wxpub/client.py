"""The Official Account API: one method per endpoint, values in, values out; knows no article and decides nothing.

What belongs to every call is done here once: the token, renewed once when WeChat no longer knows it; raw UTF-8 both
ways, whatever the answer's Content-Type says; success by the absence of an error code, since most successes carry
none; and repetition where that is safe:

    nothing was sent (no connection)          every call is repeated
    WeChat said no for now (45011)            every call is repeated, after its minute
    unknown (cut, timed out, 5xx, -1)         only calls that may happen twice; never draft/add, publishing, previews
    anything else WeChat said                 never: ApiError, with what to do about it

A token or a secret is never part of a message.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from wxpub import safe
from wxpub.config import Credentials
from wxpub.errors import ApiError, ConfigError, NetworkError
from wxpub.exchange import RELAY_STATE, Answer, Exchange, Question
from wxpub.language import gettext, tr
from wxpub.limits import (
    ADDRESS_REFUSED,
    API_BASE,
    ERRCODE_HINTS,
    INVALID_MEDIA_ID,
    NOT_ALLOWED,
    SLOW_DOWN,
    STALE_TOKEN,
    SYSTEM_BUSY,
)
from wxpub.safe import Mask

Json = dict[str, Any]

ATTEMPTS = 4
FIRST_PAUSE = 0.5  # seconds; doubles with every attempt, with jitter, so that two machines do not keep step
SLOW_DOWN_PAUSE = 20.0  # seconds after 45011, whose quota is by the minute: three pauses reach the next one
TOKEN = "stable_token"  # noqa: S105  the endpoint whose answer is a secret
TOKEN_MOST = 86_400  # seconds for which a token is believed, whatever its answer says; WeChat's lives for 7,200
TOKEN_MARGIN = 120  # seconds before its end at which a token is no longer used
PAGES = 1000  # in a listing, which is more than a day's calls allow
MESSAGE_CHARS = 300  # of a foreign text that are shown
PAGE = 20  # drafts in one answer of draft/batchget, the most it gives
PASSES = 5  # through a listing whose order changes while it is read


class File(Protocol):
    """What can be uploaded: a name with an extension, bytes and their media type."""

    @property
    def name(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def mime(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of an endpoint's calls today."""

    limit: int
    used: int
    left: int


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article as WeChat keeps it; `fields` is all that it answered, under the API's own names."""

    fields: Json

    @property
    def title(self) -> str:
        return str(self.fields.get("title") or "")

    @property
    def content(self) -> str:
        """Its HTML, or the plain text of a 贴图; "" where WeChat was asked to leave it out."""
        return str(self.fields.get("content") or "")

    @property
    def is_newspic(self) -> bool:
        """Whether it is a 贴图: pictures with a text below them."""
        return self.fields.get("article_type") == "newspic"

    @property
    def pictures(self) -> tuple[str, ...]:
        """The media_ids of a 贴图's pictures, in order."""
        info = self.fields.get("image_info")
        images = info.get("image_list") if isinstance(info, dict) else None
        listed = images if isinstance(images, list) else []
        return tuple(str(each.get("image_media_id") or "") for each in listed if isinstance(each, dict))

    @property
    def html(self) -> str:
        """Its content as HTML: a 贴图 as its pictures, by media_id, and a paragraph for each line."""
        if not self.is_newspic:
            return self.content
        pictures = "".join(f'<img src="{escape(each)}">' for each in self.pictures)
        return pictures + "".join(f"<p>{escape(each)}</p>" for each in self.content.splitlines())

    @property
    def url(self) -> str:
        """A draft's temporary address, a published article's permalink."""
        return str(self.fields.get("url") or "")


@dataclass(frozen=True, slots=True)
class Stored:
    """A draft or a publication in a listing: its `id` (media_id or article_id), its articles, Unix seconds."""

    id: str
    articles: tuple[StoredArticle, ...]
    updated: int


@dataclass(frozen=True, slots=True)
class Publication:
    """How far publishing has come: `status` of freepublish/get, and the permalinks once it is done.

    `urls` are by the article's place in its draft, from 0, as far as WeChat names it.
    """

    status: int
    article_id: str
    urls: Mapping[int, str]


class Client:
    """Speak for one account. Uploads may be called from several threads at once.

    `pause` waits a number of seconds, `notify` is told why something takes long. Every call ends in bounded time.
    """

    def __init__(
        self,
        account: Credentials,
        *,
        pause: Callable[[float], None] | None = None,
        notify: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.account = account
        self._exchange = Exchange(account.api_base or API_BASE, account.proxy, account.relay_key)
        self._pause, self._notify = pause or self._exchange.pause, notify
        self._lock = threading.Lock()
        self._token, self._token_ends = "", 0.0
        self._mask = Mask()
        self._mask.add(account.secret)
        self._mask.add(account.relay_key)
        self._mask.add(_password(account.proxy))

    def stop(self) -> None:
        """End the calls that are under way, in whatever thread, and make no other: somebody pressed Ctrl-C."""
        self._exchange.stop()

    # --- token --------------------------------------------------------------------------------------------------------

    def token(self) -> str:
        """Give a valid access token: WeChat's stable one, which other programs share and do not invalidate.

        Kept in memory only. Source: developers.weixin.qq.com getStableAccessToken (10,000 calls a minute).
        """
        with self._lock:
            if not self._token or time.monotonic() > self._token_ends:
                self._fetch_token(force=False)
            return self._token

    def renew_token(self) -> None:
        """Make WeChat issue a new stable token and drop the old one: only when a token has leaked (20 a day)."""
        with self._lock:
            self._fetch_token(force=True)

    def _fetch_token(self, *, force: bool) -> None:
        body = {"grant_type": "client_credential", "appid": self.account.appid, "secret": self.account.secret}
        answer = self._repeat(TOKEN, lambda: self._send(TOKEN, data=_encode(body | {"force_refresh": force})))
        token, seconds = answer.get("access_token"), answer.get("expires_in", 0)
        if not isinstance(token, str) or not token:
            hint = tr("is api_base the address of WeChat's API?")
            raise NetworkError(tr("the answer holds no token"), "stable_token", hint=hint)
        self._token = token
        self._mask.add(token)
        # By the monotonic clock: a computer whose clock jumps keeps a valid token and drops a dead one.
        self._token_ends = time.monotonic() + min(max(0, _whole(seconds) - TOKEN_MARGIN), TOKEN_MOST)

    def _forget_token(self, token: str) -> None:
        with self._lock:
            if self._token == token:  # another thread may have a newer one already
                self._token = ""

    # --- images -------------------------------------------------------------------------------------------------------

    def upload_image(self, file: File) -> str:
        """Upload an image of the body; give its address. It counts towards no quota and cannot be listed or deleted.

        JPEG or PNG, less than 1 MB. ApiError 40005, 40009, 40137: kind, size, format. Source: api_uploadimage.
        """
        answer = self._call("media/uploadimg", file=file)
        return _text(answer, "url", "media/uploadimg")

    def add_image(self, file: File) -> tuple[str, str]:
        """Add an image to the account's permanent material; give its media_id and its address.

        JPEG, PNG, BMP or GIF up to 10 MB; the account holds 100,000. ApiError 40113, 40006: kind, size.
        Source: api_addmaterial.
        """
        answer = self._call("material/add_material", query={"type": "image"}, file=file)
        return _text(answer, "media_id", "material/add_material"), str(answer.get("url", ""))

    def delete_material(self, media_id: str) -> None:
        """Delete permanent material; irreversible. ApiError 40007: there is none. Source: api_delmaterial."""
        self._call("material/del_material", {"media_id": media_id})

    def material_counts(self) -> Json:
        """Count permanent material: `image_count` and others. Source: api_getmaterialcount."""
        return self._call("material/get_materialcount")

    # --- drafts -------------------------------------------------------------------------------------------------------

    def add_draft(self, articles: Sequence[Json]) -> str:
        """Create a draft of one to eight articles; give its media_id. Never repeated when its outcome is unknown.

        NetworkError with `sent` says that the draft may exist: look for it before anything is sent again.
        ApiError 40007: the cover is no permanent material of this account; 45166: content that WeChat refuses.
        Source: api_draft_add (1,000 a day).
        """
        answer = self._call("draft/add", {"articles": list(articles)}, twice=False)
        return _text(answer, "media_id", "draft/add")

    def get_draft(self, media_id: str) -> tuple[StoredArticle, ...]:
        """Give the articles of a draft as WeChat keeps them.

        ApiError 40007: it is gone. Source: api_getdraft (500 a day).
        """
        return _articles(self._call("draft/get", {"media_id": media_id}).get("news_item"), "draft/get")

    def find_draft(self, media_id: str) -> tuple[StoredArticle, ...] | None:
        """Give the articles of a draft as `get_draft` does; None if it is gone."""
        try:
            return self.get_draft(media_id)
        except ApiError as error:
            if error.errcode != INVALID_MEDIA_ID:
                raise
            return None

    def update_draft(self, media_id: str, index: int, article: Json) -> None:
        """Replace article `index` (from 0) of a draft. Articles cannot be added, removed or moved.

        ApiError 40007: the draft or the cover is gone; 40114: no such index. Source: api_draft_update (1,000 a day).
        """
        self._call("draft/update", {"media_id": media_id, "index": index, "articles": article})

    def delete_draft(self, media_id: str) -> None:
        """Delete a draft; irreversible. One that is gone is no error. Source: api_draft_delete (1,000 a day)."""
        try:
            self._call("draft/delete", {"media_id": media_id})
        except ApiError as error:
            if error.errcode != INVALID_MEDIA_ID:
                raise

    def count_drafts(self) -> int:
        """Count the drafts. Source: api_draft_count (1,000 a day)."""
        return _whole(self._call("draft/count").get("total_count"))

    def drafts(self, *, content: bool = True) -> Iterator[Stored]:
        """List every draft; without `content`, without HTML.

        Source: api_draft_batchget (1,000 a day, 20 drafts each; their order is not documented).
        """
        return self._pages("draft/batchget", "media_id", content)

    # --- publishing ---------------------------------------------------------------------------------------------------

    def publish(self, media_id: str) -> str:
        """Ask WeChat to publish a draft; give the publish_id to follow it by. Never repeated on an unknown outcome.

        ApiError 48001: the kind of account may not; 53503: the draft fails WeChat's checks. Source: freepublish_submit.
        """
        return _text(
            self._call("freepublish/submit", {"media_id": media_id}, twice=False), "publish_id", "freepublish/submit"
        )

    def publication(self, publish_id: str) -> Publication:
        """Tell how far publishing has come: 0 done, 1 under way, 2 to 6 failed. Source: freepublish_get (100 a day)."""
        answer = self._call("freepublish/get", {"publish_id": publish_id})
        detail = answer.get("article_detail")
        items = detail.get("item") if isinstance(detail, dict) else None
        urls = {
            _whole(item.get("idx")) - 1: str(item["article_url"])
            for item in (items if isinstance(items, list) else ())
            if isinstance(item, dict) and item.get("article_url")
        }
        return Publication(_whole(answer.get("publish_status"), 1), str(answer.get("article_id", "")), urls)

    def publications(self) -> Iterator[Stored]:
        """List everything that was published.

        ApiError 48001: the kind of account may not. Source: freepublish_batchget (100 a day, 20 each).
        """
        return self._pages("freepublish/batchget", "article_id", content=True)

    def preview(self, media_id: str, wxid: str) -> None:
        """Send a draft to one phone; its owner must follow the account. Never repeated when its outcome is unknown.

        ApiError 40132: no such WeChat ID; 43004: does not follow; 48001: the account may not.
        Source: api_preview (100 a day).
        """
        body = {"towxname": wxid, "msgtype": "mpnews", "mpnews": {"media_id": media_id}}
        self._call("message/mass/preview", body, twice=False)

    # --- the account --------------------------------------------------------------------------------------------------

    def quota(self, endpoint: str) -> Quota:
        """Tell what is left of an endpoint's calls today. ApiError 76021: unknown endpoint. Source: api_getapiquota."""
        found = self._call("openapi/quota/get", {"cgi_path": f"/cgi-bin/{endpoint}"}).get("quota") or {}
        return Quota(*(_whole(found.get(each)) for each in ("daily_limit", "used", "remain")))

    def server_time(self) -> float | None:
        """Give the API server's clock in Unix seconds, from an answer that needs no token; None if it says none."""
        from email.utils import parsedate_to_datetime

        answer = self._exchange.ask(Question("/cgi-bin/token", {}), "token")
        try:
            return parsedate_to_datetime(answer.headers["date"]).timestamp()
        except (LookupError, ValueError, TypeError, OverflowError, OSError):
            return None

    def relay(self) -> Json | None:
        """Ask the relay at `api_base` about itself: AppIDs that it serves, endpoints; None if there is no wxpub relay.

        Raises ConfigError if it does not know the key.
        """
        answer = self._exchange.ask(Question(RELAY_STATE, {}), "relay")
        document = _document(answer.body)
        if not isinstance(document, dict) or not isinstance(why := document.get("relay"), str):
            return None
        if answer.status != 200:
            raise _relay_error("relay", answer.status, why)
        return _as_object(self._mask.clean_values(document))

    # --- what belongs to every call -----------------------------------------------------------------------------------

    def _pages(self, endpoint: str, key: str, content: bool) -> Iterator[Stored]:
        """List everything, page by page, once each.

        Nothing is built on `total_count`, which may be missing or capped, nor on the order, which is not documented and
        moves while others add and delete: a pass ends at a page that brings nothing new, and as long as WeChat claims
        more than was seen, or another number than before, there is another pass, up to PASSES.
        """
        seen: set[str] = set()
        for _ in range(PASSES):
            known, claims, offset = len(seen), set(), 0
            for _ in range(PAGES):
                items, claimed = self._page(endpoint, offset, content)
                claims.add(claimed)
                offset += len(items)
                fresh = {item[key]: item for item in items if isinstance(item.get(key), str) and item[key] not in seen}
                seen.update(fresh)
                yield from (_stored(item, name, endpoint) for name, item in fresh.items())
                if not fresh or (len(items) < PAGE and offset >= claimed > 0):
                    break
            else:
                raise NetworkError(tr("the list does not end after {n} pages", n=PAGES), endpoint)
            if (len(claims) == 1 and len(seen) >= claimed) or len(seen) == known:
                return

    def _page(self, endpoint: str, offset: int, content: bool) -> tuple[list[Json], int]:
        """Ask for one page of a listing; give its entries, and how many there are in all if that is told."""
        answer = self._call(endpoint, {"offset": offset, "count": PAGE, "no_content": 0 if content else 1})
        items = answer.get("item")
        if items is None:
            items = []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            hint = tr("is api_base the address of WeChat's API?")
            raise NetworkError(tr("the answer holds no list"), endpoint, hint=hint)
        return items, _whole(answer.get("total_count"))

    def _call(
        self,
        endpoint: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        file: File | None = None,
        twice: bool = True,
    ) -> Json:
        """Call `endpoint` with a token; `twice` tells whether it may happen twice when its outcome is unknown."""
        data = None if body is None else _encode(body)

        def send() -> Json:
            token = self.token()
            try:
                return self._send(endpoint, {"access_token": token, **(query or {})}, data, file)
            except ApiError as error:
                if error.errcode in STALE_TOKEN:
                    self._forget_token(token)
                raise

        def renewing() -> Json:
            try:
                return send()
            except ApiError as error:
                if error.errcode not in STALE_TOKEN:
                    raise
                return send()

        return self._repeat(endpoint, renewing, twice=twice)

    def _repeat(self, endpoint: str, send: Callable[[], Json], *, twice: bool = True) -> Json:
        """Send until an answer came, or until sending again could do harm or no good."""
        for attempt in range(1, ATTEMPTS + 1):
            failure: NetworkError | ApiError
            pause = FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)  # noqa: S311  no secret depends on it
            try:
                return send()
            except NetworkError as error:
                failure, harmless = error, twice or not error.sent
            except ApiError as error:
                if error.errcode not in (SYSTEM_BUSY, SLOW_DOWN):
                    raise
                failure, harmless = error, True
                if error.errcode == SLOW_DOWN:
                    pause = SLOW_DOWN_PAUSE
                elif not twice:
                    what = tr("WeChat's system is busy (-1); it may have acted")
                    failure, harmless = NetworkError(what, endpoint), False
            elsewhere = failure.endpoint != endpoint  # the token's own call was repeated already
            if not harmless or elsewhere or attempt == ATTEMPTS:
                raise failure from None
            said = f"{failure.endpoint}: {failure.message}"  # what to do is said where it fails for good
            self._notify(tr("{failure}; trying again in {seconds:.1f} s", failure=said, seconds=pause))
            self._pause(pause)
            if self._exchange.stopped:
                raise NetworkError(tr("interrupted"), endpoint, sent=False)
        raise AssertionError("the last attempt returns or raises")

    def _send(
        self,
        endpoint: str,
        query: Mapping[str, str] | None = None,
        data: bytes | None = None,
        file: File | None = None,
    ) -> Json:
        """Send one request and read its answer. Raises NetworkError and ApiError."""
        media = (file.name, file.data, file.mime) if file else None
        answer = self._exchange.ask(Question(f"/cgi-bin/{endpoint}", query or {}, data, media), endpoint)
        document = _document(answer.body)
        if isinstance(document, dict) and answer.status != 200 and isinstance(why := document.get("relay"), str):
            raise _relay_error(endpoint, answer.status, why)
        if isinstance(document, dict) and (code := _errcode(document, endpoint)):
            raise self._refusal(endpoint, code, document.get("errmsg"))
        if answer.status != 200:
            raise _status_error(endpoint, answer.status)
        if not isinstance(document, dict):
            raise self._unreadable(endpoint, answer)
        # What came is handed on, printed and written down; only a token's own answer holds a secret by right.
        return document if endpoint == TOKEN else _as_object(self._mask.clean_values(document))

    def _unreadable(self, endpoint: str, answer: Answer) -> NetworkError:
        """Say that an answer is not JSON, and how it begins; one that may hold a token is never quoted."""
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()
        kind = self._mask.clean(kind) if re.fullmatch(r"[a-z]+/[\w.+-]{1,60}", kind) else tr("nothing known")
        what = tr("the answer is not JSON but {kind}", kind=kind)
        if endpoint != TOKEN:
            what += ": " + repr(" ".join(self._clean(answer.body.decode("utf-8", "replace")).split())[:60])
        return NetworkError(what, endpoint, hint=tr("is a proxy or a login page in between?"))

    def _refusal(self, endpoint: str, code: int, said: object) -> ApiError:
        message = self._clean(said if isinstance(said, str) else "")
        if endpoint == TOKEN:  # it may quote a token that nobody has told us
            message = re.sub(r"(?<!rid: )\S{24,}", safe.MASK, message)
        rid = re.search(r"rid: ?([0-9a-f-]+)", message)
        shown = re.sub(r"\s*(hint: ?\[[^\]]*\]|rid: ?[0-9a-f-]+)", "", message)
        shown = " ".join(shown.split())[:MESSAGE_CHARS]
        return ApiError(endpoint, code, shown, rid=rid[1][:64] if rid else "", hint=_hint(endpoint, code, message))

    def _clean(self, text: str) -> str:
        """Take every secret out of a text that came from elsewhere, before anything of it is cut off."""
        return re.sub(r"((?:access_token|secret)=)[^&\s\"']+", rf"\1{safe.MASK}", self._mask.clean(text))


def _document(body: bytes) -> object:
    """Read JSON by hand: `requests` reads text/plain as ISO-8859-1, and WeChat lets control characters through."""
    try:
        document: object = json.loads(body.decode("utf-8"), strict=False)
    except (UnicodeDecodeError, ValueError, RecursionError):
        return None
    return document


def _as_object(value: Any) -> Json:
    assert isinstance(value, dict)
    return value


def _encode(body: Mapping[str, Any]) -> bytes:
    """Write JSON as raw UTF-8: WeChat stores `\\u4f60` as those six characters and counts them as six."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _errcode(answer: Json, endpoint: str) -> int:
    """Give the answer's error code; 0 is success, and so is its absence."""
    given = answer.get("errcode")
    if given is None or given == "":
        return 0
    if isinstance(given, (int, str)) and not isinstance(given, bool) and re.fullmatch(r"-?\d{1,9}", str(given)):
        return int(given)
    raise NetworkError(tr("the answer's errcode is not a number"), endpoint)


def _text(answer: Json, key: str, endpoint: str) -> str:
    value = answer.get(key)
    if not isinstance(value, str) or not value or safe.MASK in value:
        hint = tr("is api_base the address of WeChat's API?")
        raise NetworkError(tr("the answer holds no {key}", key=key), endpoint, hint=hint)
    return value


def _whole(value: object, default: int = 0) -> int:
    """Read a number that WeChat writes as such or as a string; `default` for anything else, and what nothing counts."""
    if isinstance(value, (int, str)) and not isinstance(value, bool) and re.fullmatch(r"-?\d{1,18}", str(value)):
        return int(value)
    return default


def _stored(item: Json, name: str, endpoint: str) -> Stored:
    """Read an entry of a listing; asked for without content it has no articles' HTML, and may have no articles."""
    held = item.get("content")
    found = held.get("news_item") if isinstance(held, dict) else held
    articles = () if found is None else _articles(found, endpoint)
    return Stored(name, articles, _whole(item.get("update_time")))


def _articles(items: object, endpoint: str) -> tuple[StoredArticle, ...]:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise NetworkError(tr("the answer holds no articles"), endpoint)
    return tuple(map(StoredArticle, items))


def _password(proxy: str) -> str:
    """Find the password in a proxy's address; "" where there is none."""
    try:
        return unquote(urlsplit(proxy).password or "")
    except ValueError:
        return ""


def _hint(endpoint: str, code: int, message: str) -> str:
    """Say what to do about an error code; 40164 names the very address that has to be let in.

    Who may not publish (48001) learns why; of other calls the reason is another one.
    """
    if code == ADDRESS_REFUSED and (address := re.search(r"invalid ip ([0-9a-fA-F:.]+)", message)):
        return tr(
            "add {address} to the account's IP whitelist (mp.weixin.qq.com → 设置与开发 → 开发接口管理 → IP白名单); "
            "it takes about ten minutes",
            address=address[1],
        )
    if code == NOT_ALLOWED and endpoint.startswith("freepublish/"):
        return tr(
            "the account's type or certification does not allow this call (since July 2025 personal and unverified "
            "accounts cannot publish through the API; a certification may have expired): do it by hand on "
            "mp.weixin.qq.com"
        )
    if code in ERRCODE_HINTS:
        return gettext(ERRCODE_HINTS[code])
    return tr(
        "look the number up: https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html"
    )


def _relay_error(endpoint: str, status: int, why: str) -> NetworkError | ConfigError:
    """Say why a relay of wxpub did not forward a call."""
    if why == "key":
        hint = tr("set WXPUB_RELAY_KEY to the key that the relay was started with")
        return ConfigError(tr("the relay does not know the key"), hint=hint)
    if why == "appid":
        return ConfigError(tr("the relay does not serve this AppID"), hint=tr("start it with --appid for this account"))
    if why == "secret":
        hint = tr("set WXPUB_SECRET, or give the secret to the relay with --secret-env")
        return ConfigError(tr("neither the relay nor this computer has the account's AppSecret"), hint=hint)
    if why == "endpoint":
        said = tr("{endpoint}: the relay does not forward this call", endpoint=endpoint)
        return ConfigError(said, hint=tr("it was started without it, or it is older than this wxpub"))
    if why in ("rate", "not-sent"):
        slow = tr("the relay takes no more calls this minute")
        said = slow if why == "rate" else tr("the relay cannot reach WeChat")
        return NetworkError(said, endpoint, sent=False)
    if why == "no-answer":
        return NetworkError(tr("WeChat gave the relay no answer"), endpoint)
    return _status_error(endpoint, status)


def _status_error(endpoint: str, status: int) -> NetworkError | ConfigError:
    if status >= 500 or status == 429:
        return NetworkError(tr("the server answers {status}", status=status), endpoint)
    if status == 413:
        what = tr("{endpoint}: the server answers 413, too large", endpoint=endpoint)
        return ConfigError(what, hint=tr("a proxy or relay limits the size of requests"))
    what = tr("{endpoint}: the server answers {status}", endpoint=endpoint, status=status)
    return ConfigError(what, hint=tr("is api_base the address of WeChat's API?"))
