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
import logging
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from wxpub import address
from wxpub.config import Credentials
from wxpub.errors import ApiError, ConfigError, NetworkError
from wxpub.limits import (
    ADDRESS_REFUSED,
    API_BASE,
    ERRCODE_HINTS,
    INVALID_MEDIA_ID,
    SLOW_DOWN,
    STALE_TOKEN,
    SYSTEM_BUSY,
)

if TYPE_CHECKING:
    import requests

Json = dict[str, Any]

CONNECT_SECONDS = 10
READ_SECONDS = 60
ATTEMPTS = 4
FIRST_PAUSE = 0.5  # seconds; doubles with every attempt, with jitter, so that two machines do not keep step
SLOW_DOWN_PAUSE = 20.0  # seconds after 45011, whose quota is by the minute: three pauses reach the next one
TOKEN_MARGIN = 120  # seconds before its end at which a token is no longer used
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
        """Its HTML; "" where WeChat was asked to leave it out."""
        return str(self.fields.get("content") or "")

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

    `pause` waits a number of seconds, `notify` is told why something takes long.
    """

    def __init__(
        self,
        account: Credentials,
        *,
        pause: Callable[[float], None] = time.sleep,
        notify: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.account = account
        self._base = account.api_base or API_BASE
        self._pause, self._notify = pause, notify
        self._lock = threading.Lock()
        self._token, self._token_ends = "", 0.0
        self._secrets = {account.secret} - {""}
        self._local = threading.local()

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
        answer = self._repeat(
            "stable_token", lambda: self._send("stable_token", data=_encode(body | {"force_refresh": force}))
        )
        token, seconds = answer.get("access_token"), answer.get("expires_in", 0)
        if not isinstance(token, str) or not token:
            raise NetworkError(
                "the answer holds no token", "stable_token", hint="is api_base the address of WeChat's API?"
            )
        self._token = token
        self._secrets.add(token)
        # By the monotonic clock: a computer whose clock jumps keeps a valid token and drops a dead one.
        self._token_ends = time.monotonic() + max(0, _whole(seconds) - TOKEN_MARGIN)

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

        response = self._request("token", {}, None, None)
        try:
            return parsedate_to_datetime(response.headers["Date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return None

    # --- what belongs to every call -----------------------------------------------------------------------------------

    def _pages(self, endpoint: str, key: str, content: bool) -> Iterator[Stored]:
        """List everything, page by page, once each.

        Nothing is built on `total_count`, which may be missing or capped, nor on the order, which is not documented and
        moves while others add and delete: a pass ends at a page that is not full or brings nothing new, and as long as
        WeChat claims more than was seen there is another pass, up to PASSES.
        """
        seen: set[str] = set()
        for _ in range(PASSES):
            offset, claimed = 0, 0
            while True:
                answer = self._call(endpoint, {"offset": offset, "count": PAGE, "no_content": 0 if content else 1})
                items = answer.get("item")
                items = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
                fresh = [item for item in items if str(item.get(key) or "") not in seen]
                seen.update(str(item.get(key) or "") for item in fresh)
                yield from (_stored(item, key) for item in fresh)
                offset, claimed = offset + len(items), _whole(answer.get("total_count"))
                if len(items) < PAGE or not fresh:
                    break
            if len(seen) >= claimed:
                return

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
                    failure, harmless = NetworkError("WeChat's system is busy (-1); it may have acted", endpoint), False
            elsewhere = failure.endpoint != endpoint  # the token's own call was repeated already
            if not harmless or elsewhere or attempt == ATTEMPTS:
                raise failure from None
            self._notify(f"{failure}; trying again in {pause:.1f} s")
            self._pause(pause)
        raise AssertionError("the last attempt returns or raises")

    def _send(
        self,
        endpoint: str,
        query: Mapping[str, str] | None = None,
        data: bytes | None = None,
        file: File | None = None,
    ) -> Json:
        """Send one request and read its answer. Raises NetworkError and ApiError."""
        response = self._request(endpoint, query or {}, data, file)
        try:
            # By hand: `requests` reads text/plain as ISO-8859-1; and WeChat lets control characters through.
            answer = json.loads(response.content.decode("utf-8"), strict=False)
        except (UnicodeDecodeError, ValueError, RecursionError):
            answer = None
        if isinstance(answer, dict) and (code := _errcode(answer, endpoint)):
            raise self._refusal(endpoint, code, str(answer.get("errmsg", "")))
        if response.status_code != 200:
            raise _status_error(endpoint, response.status_code)
        if not isinstance(answer, dict):
            kind = response.headers.get("content-type", "").partition(";")[0] or "nothing known"
            start = self._clean(" ".join(response.content[:60].decode("utf-8", "replace").split()))
            raise NetworkError(
                f"the answer is no JSON but {kind}: {start!r}", endpoint, hint="is a proxy or a login page in between?"
            )
        return answer

    def _request(
        self, endpoint: str, query: Mapping[str, str], data: bytes | None, file: File | None
    ) -> requests.Response:
        """Exchange one request; every exception of `requests` becomes ours here, since its texts hold the token."""
        import requests

        headers = {"Content-Type": "application/json; charset=utf-8"} if data is not None else {}
        proxy = self.account.proxy
        files = {"media": (file.name, file.data, file.mime)} if file else None
        try:
            return self._session().request(
                "GET" if data is None and file is None else "POST",
                f"{self._base}/cgi-bin/{endpoint}",
                params=dict(query),
                data=data,
                files=files,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                proxies={"http": proxy, "https": proxy} if proxy else None,
                allow_redirects=False,  # another host must not be given the token
            )
        except (requests.RequestException, ValueError) as error:  # a host that is none is not always theirs
            raise _translate(error, endpoint, self._base, bool(self.account.proxy)) from None

    def _session(self) -> requests.Session:
        """Give this thread's session: `requests` does not promise that threads may share one."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            import requests

            logging.getLogger("urllib3.connectionpool").addFilter(_redact)
            session = requests.Session()
            session.auth = lambda request: request  # keeps ~/.netrc out
            if address.is_loopback(urlsplit(self._base).hostname or "") and not self.account.proxy:
                session.trust_env = False  # a system-wide proxy cannot reach this machine's own services
            self._local.session = session
        return session

    def _refusal(self, endpoint: str, code: int, message: str) -> ApiError:
        message = self._clean(message)
        rid = re.search(r"rid: ?([0-9a-f-]+)", message)
        shown = re.sub(r"\s*(hint: ?\[[^\]]*\]|rid: ?[0-9a-f-]+)", "", message).strip()
        return ApiError(endpoint, code, shown, rid=rid[1] if rid else "", hint=_hint(code, message))

    def _clean(self, text: str) -> str:
        """Take every secret out of a text that came from elsewhere: a proxy's error page may quote the request."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return re.sub(r"((?:access_token|secret)=)[^&\s\"']+", r"\1***", text)


def _redact(record: logging.LogRecord) -> bool:
    """Take the token out of what urllib3 logs for those who debug: it logs every address whole."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            re.sub(r"(access_token=)[^&\s]+", r"\1***", each) if isinstance(each, str) else each for each in record.args
        )
    return True


def _encode(body: Mapping[str, Any]) -> bytes:
    """Write JSON as raw UTF-8: WeChat stores `\\u4f60` as those six characters and counts them as six."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _errcode(answer: Json, endpoint: str) -> int:
    """Give the answer's error code; 0 is success, and so is its absence."""
    try:
        return int(answer.get("errcode") or 0)
    except (TypeError, ValueError):
        raise NetworkError("the answer's errcode is no number", endpoint) from None


def _text(answer: Json, key: str, endpoint: str) -> str:
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise NetworkError(f"the answer holds no {key}", endpoint, hint="is api_base the address of WeChat's API?")
    return value


def _whole(value: object, default: int = 0) -> int:
    """Read a number that WeChat writes as such or as a string; `default` for anything else."""
    try:
        return int(str(value))
    except ValueError:
        return default


def _stored(item: Json, key: str) -> Stored:
    held = item.get("content")
    articles = held.get("news_item") if isinstance(held, dict) else None
    found = (
        tuple(StoredArticle(each) for each in articles if isinstance(each, dict)) if isinstance(articles, list) else ()
    )
    return Stored(str(item.get(key) or ""), found, _whole(item.get("update_time")))


def _articles(items: object, endpoint: str) -> tuple[StoredArticle, ...]:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise NetworkError("the answer holds no articles", endpoint)
    return tuple(map(StoredArticle, items))


def _hint(code: int, message: str) -> str:
    """Say what to do about an error code; 40164 names the very address that has to be let in."""
    hint = ERRCODE_HINTS.get(code, "")
    if code == ADDRESS_REFUSED and (address := re.search(r"invalid ip ([0-9a-fA-F:.]+)", message)):
        return hint.replace("this computer's address", address[1])
    return hint


def _status_error(endpoint: str, status: int) -> NetworkError | ConfigError:
    if status >= 500 or status == 429:
        return NetworkError(f"the server answers {status}", endpoint)
    if status == 413:
        return ConfigError(
            f"{endpoint}: the server answers 413, too large", hint="a proxy or relay limits the size of requests"
        )
    return ConfigError(f"{endpoint}: the server answers {status}", hint="is api_base the address of WeChat's API?")


def _translate(error: Exception, endpoint: str, base: str, proxied: bool) -> NetworkError | ConfigError:
    """Say in our words why no answer came; those of `requests` quote the whole address with its token."""
    import requests.exceptions as known
    from urllib3.exceptions import NameResolutionError, NewConnectionError

    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, known.ProxyError):
        return NetworkError(
            "the proxy cannot be reached or refuses", endpoint, sent=False, hint="check proxy and WXPUB_PROXY"
        )
    if isinstance(error, known.SSLError):
        hint = "a wrong clock or a filtering network can be the cause"
        return NetworkError(f"the certificate of {base} cannot be trusted", endpoint, sent=False, hint=hint)
    if isinstance(error, known.ConnectTimeout):
        return NetworkError(f"{base} does not answer (no connection in {CONNECT_SECONDS} s)", endpoint, sent=False)
    if isinstance(reason, NameResolutionError):
        return NetworkError(f"cannot find {base}", endpoint, sent=False, hint="is there a network?")
    if isinstance(reason, NewConnectionError):
        what = "the proxy" if proxied else base
        return NetworkError(
            f"{what} refuses the connection", endpoint, sent=False, hint="is there a network? is api_base right?"
        )
    if isinstance(error, known.Timeout):
        return NetworkError(f"no answer within {READ_SECONDS} s", endpoint)
    if isinstance(error, ValueError):  # among them all invalid addresses of `requests`
        return ConfigError("api_base or proxy is no valid address", hint="write https://host[:port]")
    return NetworkError("the connection was cut before the whole answer came", endpoint)
