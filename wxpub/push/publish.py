"""From a draft to a published article: submit, wait for WeChat's verdict, record the permalinks; prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from wxpub.client import Client, Publication
from wxpub.errors import ApiError, NetworkError, WxpubError
from wxpub.ledger import Draft, Fact, Ledger, Published
from wxpub.push import mark as marks

# Seconds between two looks at the verdict: 40 looks are ten minutes and well below the 100 calls of a day.
LOOKS = (1, 2, 4, 8, *(15,) * 38)
UNDER_WAY = 1
INVALID_MEDIA_ID = 40007
NOT_ALLOWED = 48001
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
        try:
            names, begun = _submit(client, ledger, account, draft)
        except ApiError as error:
            if error.errcode != INVALID_MEDIA_ID:
                raise
            if urls := record_published(client, ledger, account, draft.media_id):
                return urls
            raise WxpubError(f"{name}: the draft is gone: it was published or deleted; push it again") from None
    elif begun and begun.url:
        return {name: begun.url}
    else:
        raise WxpubError(f"{name} has no draft in this account; push it first")
    result = _wait(client, begun.publish_id, pause)
    if result.status != 0:
        _undo(ledger, account, names)
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
        hint = "run the same command again in a minute: it looks before it publishes"
        raise NetworkError(
            f"{error.message}; whether it is being published is unknown", error.endpoint, hint=hint
        ) from None
    before = ledger.of_account(Published, account)
    begun = {name: replace(before.get(name, Published()), publish_id=publish_id, at="") for name in names}
    ledger.record(account, begun)
    return names, begun[names[0]]


def _undo(ledger: Ledger, account: str, names: list[str]) -> None:
    """Forget a publication that failed, but not where an issue was published before."""
    facts = {name: fact for name, fact in ledger.of_account(Published, account).items() if name in names}
    kept = {name: replace(fact, publish_id="") for name, fact in facts.items() if fact.url}
    ledger.record(account, kept, forget={name: Published for name in names if name not in kept})


def record_published(client: Client, ledger: Ledger, account: str, media_id: str) -> dict[str, str]:
    """Look for a vanished draft among what the account has published; record and give its issues' permalinks.

    Gives nothing where it was not published or the account may not look (48001).
    """
    inside = {name: fact for name, fact in ledger.of_account(Draft, account).items() if fact.media_id == media_id}
    keys = {mark.issue: (name, mark.draft) for name, fact in inside.items() if (mark := marks.read(fact.mark))}
    facts: dict[str, Fact] = {}
    try:
        for item in client.publications():
            for article in (item.get("content") or {}).get("news_item") or ():
                mark = marks.find(str(article.get("content", "")))
                if mark and (known := keys.get(mark.issue)) and known[1] == mark.draft and article.get("url"):
                    facts[known[0]] = Published(str(article["url"]), str(item.get("article_id", "")))
    except ApiError as error:
        if error.errcode != NOT_ALLOWED:
            raise
    if facts:
        ledger.record(account, facts, forget=dict.fromkeys(inside, Draft))
    return {name: fact.url for name, fact in facts.items() if isinstance(fact, Published)}


def _wait(client: Client, publish_id: str, pause: Callable[[float], None]) -> Publication:
    for seconds in LOOKS:
        result = client.publication(publish_id)
        if result.status != UNDER_WAY:
            return result
        pause(seconds)
    raise NetworkError(
        "WeChat is still at work on it", "freepublish/get", hint="run the same command later to see the result"
    )
