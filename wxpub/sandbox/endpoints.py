"""The table of endpoints: what each is called, how it is asked, who may ask and how often, and who answers.

Limits of calls a day: the official page on call limits, for new accounts; None where no number is published.
"""

from __future__ import annotations

from dataclasses import dataclass

from wxpub.sandbox import account, checker, drafts, media, publish
from wxpub.sandbox.call import Run
from wxpub.sandbox.profiles import DRAFT, MASS, PREVIEW, PUBLISH

GET, POST = "GET", "POST"
JSON, TEXT = "application/json; encoding=utf-8", "text/plain"
UNPUBLISHED_LIMIT = 100_000  # what openapi/quota/get shows where no limit is published; never enforced


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint; `mime` is the Content-Type that users saw, `token` whether it takes an access token."""

    path: str
    method: str
    run: Run
    daily: int | None = None
    needs: str = ""
    mime: str = JSON
    token: bool = True

    @property
    def shown_limit(self) -> int:
        """Give the calls a day that openapi/quota/get tells."""
        return UNPUBLISHED_LIMIT if self.daily is None else self.daily


_ALL = (
    # The token endpoints count their calls themselves: they learn the account from their parameters.
    Endpoint("/cgi-bin/token", GET, account.token, 2000, token=False),
    Endpoint("/cgi-bin/stable_token", POST, account.stable_token, 500_000, token=False),
    Endpoint("/cgi-bin/clear_quota", POST, account.clear_quota),
    Endpoint("/cgi-bin/clear_quota/v2", POST, account.clear_quota_v2, token=False),
    Endpoint("/cgi-bin/openapi/quota/get", POST, account.quota),
    Endpoint("/cgi-bin/openapi/quota/clear", POST, account.clear_path_quota),
    Endpoint("/cgi-bin/openapi/rid/get", POST, account.request_info),
    Endpoint("/cgi-bin/get_api_domain_ip", GET, account.api_addresses),
    Endpoint("/cgi-bin/getcallbackip", GET, account.callback_addresses),
    Endpoint("/cgi-bin/callback/check", POST, account.callback_check),
    Endpoint("/cgi-bin/media/uploadimg", POST, media.upload_picture, mime=TEXT),
    Endpoint("/cgi-bin/media/upload", POST, media.upload_temporary, 100_000, mime=TEXT),
    Endpoint("/cgi-bin/media/get", GET, media.download_temporary, 200_000, mime=TEXT),
    Endpoint("/cgi-bin/material/add_material", POST, media.add_material, mime=TEXT),
    Endpoint("/cgi-bin/material/batchget_material", POST, media.list_material, mime=TEXT),
    Endpoint("/cgi-bin/material/get_material", POST, media.get_material, mime=TEXT),
    Endpoint("/cgi-bin/material/get_materialcount", GET, media.count_material),
    Endpoint("/cgi-bin/material/del_material", POST, media.delete_material),
    Endpoint("/cgi-bin/draft/add", POST, drafts.add, 1000, DRAFT),
    Endpoint("/cgi-bin/draft/get", POST, drafts.get, 500, DRAFT, mime=TEXT),
    Endpoint("/cgi-bin/draft/update", POST, drafts.update, 1000, DRAFT),
    Endpoint("/cgi-bin/draft/delete", POST, drafts.delete, 1000, DRAFT),
    Endpoint("/cgi-bin/draft/count", GET, drafts.count, 1000, DRAFT),
    Endpoint("/cgi-bin/draft/batchget", POST, drafts.batchget, 1000, DRAFT, mime=TEXT),
    Endpoint("/cgi-bin/draft/switch", POST, drafts.switch, needs=DRAFT),
    Endpoint("/cgi-bin/freepublish/submit", POST, publish.submit, 100, PUBLISH),
    Endpoint("/cgi-bin/freepublish/get", POST, publish.outcome, 100, PUBLISH),
    Endpoint("/cgi-bin/freepublish/delete", POST, publish.delete, 10, PUBLISH),
    Endpoint("/cgi-bin/freepublish/getarticle", POST, publish.get_article, 100, PUBLISH, mime=TEXT),
    Endpoint("/cgi-bin/freepublish/batchget", POST, publish.batchget, 100, PUBLISH, mime=TEXT),
    Endpoint("/cgi-bin/message/mass/preview", POST, publish.preview, 100, PREVIEW),
    Endpoint("/cgi-bin/message/mass/sendall", POST, publish.send_to_all, 100, MASS),
    Endpoint("/cgi-bin/material/add_news", POST, publish.retired),
    Endpoint("/cgi-bin/material/update_news", POST, publish.retired),
    Endpoint("/cgi-bin/media/uploadnews", POST, publish.retired),
    # On another host than the API (mp.weixin.qq.com), without a token.
    Endpoint("/article-bin/verify_article_structure", POST, checker.verify, token=False),
)
TABLE = {endpoint.path: endpoint for endpoint in _ALL}
