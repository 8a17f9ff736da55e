"""From a draft to a published article, and from the account back to the ledger; prints nothing.

    publish   look, write down the intent, submit, wait for WeChat's verdict, record the permalinks
    rebuild   what drafts and published articles tell by their marks, merged into the ledger

Publishing is public and cannot be taken back, so an issue is published a second time only if a person asks for it: an
intent stands in the ledger before WeChat is asked, and as long as it stands unanswered nothing is submitted again.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from wxpub import safe
from wxpub.article import MAX_BYTES
from wxpub.client import Client, Publication, Stored, StoredArticle
from wxpub.drafts.compare import Mark, find_mark, issue_key, read_mark, text_key
from wxpub.errors import ApiError, ConfigError, ConflictError, NetworkError, SourceError, WxpubError, reason_of
from wxpub.language import listed, tr
from wxpub.ledger import NEWSPIC, Draft, Fact, Ledger, Published, Publishing, issue_name, now
from wxpub.limits import NOT_ALLOWED

# Seconds between two looks at the verdict: 40 looks are ten minutes and well below the 100 calls of a day.
LOOKS = (1, 2, 4, 8, *(15,) * 38)
UNDER_WAY = 1


def publish(
    client: Client,
    ledger: Ledger,
    account: str,
    name: str,
    pause: Callable[[float], None] = time.sleep,
    *,
    text: str = "",
    again: bool = False,
    confirm: Callable[[Sequence[StoredArticle]], None] = lambda articles: None,
) -> dict[str, str]:
    """Publish the draft that holds the issue `name`; return the permalink of every issue of ours in it, by name.

    `text` is the mark's group for the words that the file has now ("" compares nothing). `confirm` is given all
    articles that will become public, as WeChat keeps them, and raises to stop. An issue that was published before is
    not published a second time, and a publication whose outcome is unknown is looked for, unless `again` asks for it.

    Raises WxpubError where there is no draft or WeChat rejects it, ConflictError where a person has to decide,
    NetworkError where WeChat is not done, ApiError 48001 where the account may not publish.
    """
    begun = ledger.get(Publishing, account, name)
    if begun and begun.publish_id:
        return _follow(client, ledger, account, begun.publish_id, name, pause)
    if begun and (urls := _seen(client, ledger, account, begun.media_id)):
        return urls
    if begun and not again:
        raise _unknown(name)
    if not again and (urls := _before(ledger, account, name, text)):
        return urls
    draft = ledger.get(Draft, account, name)
    if draft is None and ledger.get(Draft, account, name + NEWSPIC):
        hint = tr("wxpub publish {name} --as 贴图 publishes that one; or push the article first", name=name)
        raise WxpubError(tr("{name} has a draft as a 贴图 only", name=name), hint)
    if draft is None:
        raise WxpubError(tr("{name} has no draft in this account", name=name), tr("push it first"))
    if text and text != _words(draft.mark):
        hint = tr("push it first; its draft has the old words")
        raise ConflictError(tr("{name} has changed since it was pushed", name=name), hint)
    articles = client.find_draft(draft.media_id)
    if articles is None:
        _seen(client, ledger, account, draft.media_id)
        if not again and (urls := _before(ledger, account, name, text)):
            return urls
        hint = tr("look at mp.weixin.qq.com → 发表记录; if it is not there, push it again")
        what = tr("{name}: the draft is gone: it was deleted, or published without a trace here", name=name)
        raise ConflictError(what, hint)
    facts = _held(ledger, account, draft.media_id, articles)
    if name not in facts:
        hint = tr("push it again, and look at the draft before you publish it")
        raise ConflictError(tr("{name} is not in its draft any more, or with other words", name=name), hint)
    if text and text != _words(facts[name].mark):
        hint = tr("push it again: that shows what differs")
        what = tr("{name}: its draft was pushed from another copy of this project, with other words", name=name)
        raise ConflictError(what, hint)
    if not again:
        marked = ((mark.issue, f"《{each.title}》") for each in articles if (mark := find_mark(each.html)))
        keys = dict(marked) | {mark.issue: each for each, fact in facts.items() if (mark := read_mark(fact.mark))}
        before = find_published(client, ledger, account, keys)
        if urls := _before(ledger, account, name, text):
            return urls
        if found := [each for each in keys.values() if each in before or ledger.get(Published, account, each)]:
            hint = tr(
                "`wxpub push --new` makes a draft of {name} alone; `wxpub publish --again` publishes all of this one",
                name=name,
            )
            what = tr("{others}, in the same draft as {name}, was published before", others=listed(found), name=name)
            raise ConflictError(what, hint)
    confirm(articles)
    ledger.record(account, facts)
    publish_id = _submit(client, ledger, account, name, draft.media_id, tuple(facts))
    ledger.record(account, {each: replace(fact, publish_id=publish_id, at="") for each, fact in facts.items()})
    return _follow(client, ledger, account, publish_id, name, pause)


def _words(mark: str) -> str:
    found = read_mark(mark)
    return found.text if found else ""


def _before(ledger: Ledger, account: str, name: str, text: str) -> dict[str, str]:
    """Return the permalink of an issue that was published with the words that it has now; nothing if it never was.

    Raises ConflictError where its draft or its file has other words.
    """
    done, draft = ledger.get(Published, account, name), ledger.get(Draft, account, name)
    if done is None:
        return {}
    if draft and _words(done.mark) != _words(draft.mark):
        hint = tr("`wxpub publish --again` publishes the new draft, too")
        what = tr("{name} was published before, with other words: {url}", name=name, url=done.url)
        raise ConflictError(what, hint)
    if text and done.mark and text != _words(done.mark):
        hint = tr("push it, and `wxpub publish --again` publishes the new draft, too")
        raise ConflictError(tr("{name} has changed since it was published: {url}", name=name, url=done.url), hint)
    return {name: done.url}


def _unknown(name: str) -> ConflictError:
    return ConflictError(
        tr("whether {name} was published is not known: WeChat gave no answer, and does not list it", name=name),
        tr(
            "look at mp.weixin.qq.com → 发表记录; if it is there: wxpub index add {name} URL; "
            "if not: wxpub publish {name} --again",
            name=name,
        ),
    )


def _held(ledger: Ledger, account: str, media_id: str, articles: Sequence[StoredArticle]) -> dict[str, Publishing]:
    """Say which issues of the ledger the draft really holds, and where; a WeChat without marks is known by words."""
    facts: dict[str, Publishing] = {}
    for name, fact in ledger.of_account(Draft, account).items():
        sent = read_mark(fact.mark)
        if fact.media_id != media_id or sent is None:
            continue
        for index, article in enumerate(articles):
            mark = find_mark(article.html)
            same = mark.issue == sent.issue if mark else text_key(article.title, article.html) == sent.text
            if same and name not in facts:
                facts[name] = Publishing(media_id, index, str(mark or sent))
    return facts


def _submit(client: Client, ledger: Ledger, account: str, name: str, media_id: str, names: Sequence[str]) -> str:
    """Ask WeChat to publish. The intent stays if nobody knows whether it was heard."""
    try:
        return client.publish(media_id)
    except ApiError:
        ledger.record(account, {}, forget=dict.fromkeys(names, Publishing))
        raise
    except NetworkError as error:
        if not error.sent:
            ledger.record(account, {}, forget=dict.fromkeys(names, Publishing))
            raise
        what = tr("{problem}; whether {name} is being published is not known", problem=error.message, name=name)
    hint = tr("run the same command in a minute: it looks, and publishes nothing twice")
    raise NetworkError(what, "freepublish/submit", hint=hint)


def _follow(
    client: Client, ledger: Ledger, account: str, publish_id: str, name: str, pause: Callable[[float], None]
) -> dict[str, str]:
    """Wait for the verdict and record it: permalinks by the places of the articles in their draft."""
    facts = {
        each: fact for each, fact in ledger.of_account(Publishing, account).items() if fact.publish_id == publish_id
    }
    media_id = facts[name].media_id
    try:
        result = _wait(client, publish_id, pause)
    except ApiError:
        if urls := _seen(client, ledger, account, media_id):
            return urls
        ledger.record(account, {each: replace(fact, publish_id="", at="") for each, fact in facts.items()})
        raise _unknown(name) from None
    if result.status != 0:
        ledger.record(account, {}, forget=dict.fromkeys(facts, Publishing))
        what = tr("{name} was not published: {verdict}", name=name, verdict=_verdict(result.status))
        raise WxpubError(what, tr("mp.weixin.qq.com → 发表记录 says more"))
    published = {
        each: Published(url, result.article_id, fact.mark)
        for each, fact in facts.items()
        if (url := result.urls.get(fact.index))
    }
    if published:
        _record(ledger, account, published)
    else:
        _seen(client, ledger, account, media_id)
    urls = {each: fact.url for each in facts if (fact := ledger.get(Published, account, each))}
    if name not in urls:
        hint = tr("look at mp.weixin.qq.com → 发表记录, and record it: wxpub index add {name} URL", name=name)
        what = tr("{name} is published, and WeChat does not say where", name=name)
        raise NetworkError(what, "freepublish/get", hint=hint)
    return urls


def _verdict(status: int) -> str:
    """Say why WeChat did not publish, by freepublish/get's publish_status."""
    verdicts = {
        2: tr("the originality check (原创) objects"),
        3: tr("WeChat could not publish it"),
        4: tr("WeChat's moderation rejects it"),
        5: tr("all its articles were deleted meanwhile"),
        6: tr("WeChat has blocked all its articles"),
    }
    return verdicts.get(status, f"publish_status {status}")


def _record(ledger: Ledger, account: str, published: Mapping[str, Published]) -> None:
    """Write permalinks down; in the same step the intent is history, and the very draft that was published."""
    drafts = ledger.of_account(Draft, account)
    over: dict[str, type[Fact]] = {
        name: Draft for name, fact in published.items() if name in drafts and fact.mark == drafts[name].mark
    }
    ledger.record(account, dict(published), forget=over, done=tuple(published))


def _seen(client: Client, ledger: Ledger, account: str, media_id: str) -> dict[str, str]:
    """Look for a draft among what the account has published; record and return the permalinks of its issues.

    Of a publication with an intent only the very words count that were submitted, and none that was known before.
    """
    begun = {name: fact for name, fact in ledger.of_account(Publishing, account).items() if fact.media_id == media_id}
    drafts = {name: fact for name, fact in ledger.of_account(Draft, account).items() if fact.media_id == media_id}
    marks = {name: mark for name, fact in (begun or drafts).items() if (mark := read_mark(fact.mark))}

    def matches(name: str, mark: Mark, article_id: str) -> bool:
        known = ledger.get(Published, account, name)
        if begun:
            return mark == marks[name] and not (known and known.article_id == article_id)
        return mark.draft == marks[name].draft

    return find_published(client, ledger, account, {mark.issue: name for name, mark in marks.items()}, matches)


def find_published(
    client: Client,
    ledger: Ledger,
    account: str,
    keys: Mapping[str, str],
    matches: Callable[[str, Mark, str], bool] | None = None,
) -> dict[str, str]:
    """Look for issues, by the marks' groups in `keys`, among what the account has published; record and return them.

    `matches` is given an issue, the mark and the id of what was published and says whether it counts; without it
    everything counts but what an open intent leaves in doubt. Issues that the ledger does not know are returned, and
    not recorded. Where WeChat drops marks, the words of the draft are looked for. Nothing is found where the account
    may not look (48001).
    """
    found: dict[str, Published] = {}
    sent = {name: fact for name in keys.values() if (fact := _known(ledger, account, name))}
    texts = {mark.text: mark for name, fact in sent.items() if (mark := read_mark(fact.mark))}
    for item in _publications(client) if keys else ():
        for article in item.articles:
            mark = find_mark(article.html) or texts.get(text_key(article.title, article.html))
            name = keys.get(mark.issue) if mark else None
            if mark is None or name is None or not article.url:
                continue
            if matches(name, mark, item.id) if matches else not isinstance(sent.get(name), Publishing):
                found.setdefault(name, Published(article.url, item.id, str(mark)))
    if known := {name: fact for name, fact in found.items() if name in sent or not name.startswith("《")}:
        _record(ledger, account, known)
    return {name: fact.url for name, fact in found.items()}


def _known(ledger: Ledger, account: str, name: str) -> Draft | Publishing | None:
    return ledger.get(Publishing, account, name) or ledger.get(Draft, account, name)


def _wait(client: Client, publish_id: str, pause: Callable[[float], None]) -> Publication:
    for seconds in LOOKS:
        result = client.publication(publish_id)
        if result.status != UNDER_WAY:
            return result
        pause(seconds)
    hint = tr("run the same command later to see the result")
    raise NetworkError(tr("WeChat is still at work on it"), "freepublish/get", hint=hint)


# --- a ledger from the account ----------------------------------------------------------------------------------------

_SKIP = {"node_modules", "site-packages", "__pycache__"}
_TITLE = re.compile(r"^(?:title:\s*[\"']?(.+?)[\"']?|#+\s+(.+?)\s*#*)\s*$", re.MULTILINE)


def rebuild(client: Client, path: Path, account: str, root: Path, project: str = "") -> tuple[Path | None, list[str]]:
    """Add to the ledger at `path` what the account holds of the issues under `root`; say what was found.

    Nothing that the ledger knows is dropped: permalinks that a person recorded and the facts of other accounts stay. A
    copy of the file is kept beside it; a damaged one is set aside, and a new one begun. Returns the copy's path, if
    there was a file. Uploaded images cannot be listed. Raises NetworkError and ApiError before anything was changed.
    """
    issues = {issue_name(each, root): each for each in _issues(root)}
    by_key = {issue_key(name, project): name for name in issues}
    by_title = {title: name for name, each in issues.items() if (title := _title(each))}
    drafts: dict[str, tuple[int, Draft]] = {}
    for item in client.drafts():
        for index, article in enumerate(item.articles):
            mark = find_mark(article.html)
            name = by_key.get(mark.issue) if mark else None
            if mark and name and (name not in drafts or item.updated >= drafts[name][0]):
                drafts[name] = item.updated, Draft(item.id, index, len(item.articles), str(mark))
    permalinks: dict[str, Published] = {}
    for item in _publications(client):
        for article in item.articles:
            mark = find_mark(article.html)
            name = by_key.get(mark.issue) if mark else by_title.get(article.title)
            name = name and name + (NEWSPIC if article.is_newspic else "")
            if name and article.url:
                permalinks.setdefault(name, Published(article.url, item.id, str(mark or "")))
    aside = _aside(path)
    ledger = Ledger(path)
    with ledger.locked():
        kept = ledger.of_account(Draft, account)
        # A fact that knows what was sent is worth more than the bare place of the same draft.
        new = {name: fact for name, (_, fact) in drafts.items() if not _same(kept.get(name), fact)}
        ledger.record(account, new)
        ledger.record(
            account, {name: fact for name, fact in permalinks.items() if not ledger.get(Published, account, name)}
        )
    return aside, [
        *(tr("draft: {name}", name=name) for name in sorted(drafts)),
        *(tr("published: {name}", name=name) for name in sorted(permalinks)),
    ]


def _same(kept: Draft | None, found: Draft) -> bool:
    return kept is not None and (kept.media_id, kept.index) == (found.media_id, found.index)


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
        found = _TITLE.search(safe.read_whole(path, MAX_BYTES).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return ""
    return (found[1] or found[2]).strip() if found else ""


def _aside(path: Path) -> Path | None:
    """Keep the file beside itself under another name; a damaged one goes there."""
    if not path.exists():
        return None
    aside = path.with_name(f"{path.stem}.{now().replace(':', '')}.old.json")
    try:
        Ledger(path)
        damaged = False
    except ConfigError:
        damaged = True
    try:
        if damaged:
            path.rename(aside)
        else:
            safe.write(aside, path.read_bytes())
    except OSError as error:
        raise SourceError(tr("cannot be set aside: {reason}", reason=reason_of(error)), path) from None
    return aside
