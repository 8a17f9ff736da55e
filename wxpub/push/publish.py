"""From a draft to a published article: submit, wait for WeChat's verdict, record the permalinks; prints nothing."""

from __future__ import annotations

from collections.abc import Callable

from wxpub.client import Client, Publication
from wxpub.errors import ApiError, NetworkError, WxpubError
from wxpub.ledger import Draft, Fact, Ledger, Published

# Seconds between two looks at the verdict: 40 looks are ten minutes and well below the 100 calls of a day.
LOOKS = (1, 2, 4, 8, *(15,) * 38)
UNDER_WAY = 1
# freepublish/get, publish_status
_VERDICTS = {
    2: "the originality check (原创) objects",
    3: "WeChat could not publish it",
    4: "WeChat's moderation rejects it",
    5: "all its articles were deleted meanwhile",
    6: "WeChat has blocked all its articles",
}


def publish(client: Client, ledger: Ledger, account: str, name: str, pause: Callable[[float], None]) -> dict[str, str]:
    """Publish the draft that holds the issue `name`; give the permalink of every issue in it.

    A publication that was begun before and not seen to its end is followed, not begun again. Raises WxpubError where
    there is no draft or WeChat rejects it, ApiError 48001 where the account may not publish.
    """
    begun = ledger.get(Published, account, name)
    draft = ledger.get(Draft, account, name)
    if begun and begun.publish_id:
        names = _begun_with(ledger, account, begun.publish_id)
    elif draft:
        names, begun = _submit(client, ledger, account, draft)
    elif begun and begun.url:
        return {name: begun.url}
    else:
        raise WxpubError(f"{name} has no draft in this account; push it first")
    result = _wait(client, begun.publish_id, pause)
    if result.status != 0:
        ledger.record(account, {}, forget=dict.fromkeys(names, Published))
        verdict = _VERDICTS.get(result.status, f"publish_status {result.status}")
        raise WxpubError(f"{name} was not published: {verdict}; mp.weixin.qq.com → 发表记录 says more")
    urls = dict(zip(names, result.urls, strict=False))
    facts: dict[str, Fact] = {each: Published(url, result.article_id) for each, url in urls.items()}
    ledger.record(account, facts, forget=dict.fromkeys(names, Draft))
    return urls


def _begun_with(ledger: Ledger, account: str, publish_id: str) -> list[str]:
    """List the issues that are being published together, in the order of their draft."""
    drafts = ledger.of_account(Draft, account)
    names = [name for name, fact in ledger.of_account(Published, account).items() if fact.publish_id == publish_id]
    return sorted(names, key=lambda name: drafts[name].index if name in drafts else 0)


def _submit(client: Client, ledger: Ledger, account: str, draft: Draft) -> tuple[list[str], Published]:
    """Begin, and record it for every issue of the draft, in their order."""
    facts = ledger.of_account(Draft, account)
    names = sorted(
        (name for name in facts if facts[name].media_id == draft.media_id), key=lambda name: facts[name].index
    )
    try:
        publish_id = client.publish(draft.media_id)
    except NetworkError as error:
        if not error.sent:
            raise
        hint = "look into mp.weixin.qq.com → 发表记录 before you try again"
        raise NetworkError(
            f"{error.message}; whether it is being published is unknown", error.endpoint, hint=hint
        ) from None
    except ApiError as error:
        if error.errcode != 40007:
            raise
        raise WxpubError(
            "the draft is gone: it was published or deleted; `wxpub index rebuild` looks where it is"
        ) from None
    begun = Published(publish_id=publish_id)
    ledger.record(account, dict.fromkeys(names, begun))
    return names, begun


def _wait(client: Client, publish_id: str, pause: Callable[[float], None]) -> Publication:
    for seconds in LOOKS:
        result = client.publication(publish_id)
        if result.status != UNDER_WAY:
            return result
        pause(seconds)
    raise NetworkError(
        "WeChat is still at work on it", "freepublish/get", hint="run the same command later to see the result"
    )
