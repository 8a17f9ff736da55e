"""From a draft to a published article, and from the account back to the ledger; prints nothing.

publish   submit, wait for WeChat's verdict, record the permalinks
rebuild   a new ledger from drafts by marks and published articles by mark or title, where the file was lost
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from wxpub.client import Client, Publication, Stored
from wxpub.drafts.compare import find_mark, issue_key, read_mark
from wxpub.errors import ApiError, NetworkError, SourceError, WxpubError
from wxpub.ledger import Draft, Fact, Ledger, Published, issue_name, now
from wxpub.limits import INVALID_MEDIA_ID, NOT_ALLOWED

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


def publish(
    client: Client, ledger: Ledger, account: str, name: str, pause: Callable[[float], None] = time.sleep
) -> dict[str, str]:
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
    keys = {mark.issue: (name, mark.draft) for name, fact in inside.items() if (mark := read_mark(fact.mark))}
    facts: dict[str, Fact] = {}
    for item in _publications(client):
        for article in item.articles:
            mark = find_mark(article.content)
            if mark and (known := keys.get(mark.issue)) and known[1] == mark.draft and article.url:
                facts[known[0]] = Published(article.url, item.id)
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


# --- a ledger from the account ----------------------------------------------------------------------------------------

_SKIP = {"node_modules", "site-packages", "__pycache__"}
_TITLE = re.compile(r"^(?:title:\s*[\"']?(.+?)[\"']?|#+\s+(.+?)\s*#*)\s*$", re.MULTILINE)


def rebuild(client: Client, path: Path, account: str, root: Path) -> tuple[Ledger, list[str]]:
    """Write a new ledger at `path` from what the account holds of the issues under `root`; give it and what was found.

    A ledger that was there is kept beside it under another name. Uploaded images cannot be listed, so they will be
    uploaded once more. Raises NetworkError and ApiError; the old file is then still in place.
    """
    issues = {issue_name(each, root): each for each in _issues(root)}
    by_key = {issue_key(name): name for name in issues}
    by_title = {title: name for name, each in issues.items() if (title := _title(each))}
    facts: dict[str, Fact] = {}
    found = []
    for item in client.drafts():
        for index, article in enumerate(item.articles):
            mark = find_mark(article.content)
            if mark and mark.issue in by_key:
                name = by_key[mark.issue]
                facts[name] = Draft(item.id, index, len(item.articles), str(mark))
                found.append(f"draft: {name}")
    permalinks: dict[str, Fact] = {}
    for item in _publications(client):
        for article in item.articles:
            mark = find_mark(article.content)
            known = by_key.get(mark.issue) if mark else by_title.get(article.title)
            if known and article.url:
                permalinks[known] = Published(article.url, item.id)
                found.append(f"published: {known}")
    _set_aside(path)
    ledger = Ledger(path)
    ledger.record(account, facts)
    ledger.record(account, permalinks)
    return ledger, found


def _publications(client: Client) -> Iterator[Stored]:
    """List what was published, as far as the account may ask."""
    try:
        yield from client.publications()
    except ApiError as error:
        if error.errcode != NOT_ALLOWED:
            raise


def _issues(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _SKIP)
        yield from (Path(folder) / each for each in sorted(files) if each.lower().endswith((".md", ".markdown")))


def _title(path: Path) -> str:
    """Read an issue's title: the front matter's or the first heading's; "" if it cannot be read."""
    try:
        found = _TITLE.search(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return ""
    return (found[1] or found[2]).strip() if found else ""


def _set_aside(path: Path) -> None:
    if not path.exists():
        return
    aside = path.with_name(f"{path.stem}.{now().replace(':', '')}.old.json")
    try:
        path.rename(aside)
    except OSError as error:
        raise SourceError(f"cannot be set aside: {error.strerror}", path) from None
