"""What a push has to do: a job and WeChat's answers in, a `Plan` out; changes nothing at WeChat.

The mark is the identity. The ledger says in which draft an issue ought to be, the marks in that draft whether and
where it is; where the ledger knows none, the draft box is looked through for the marks. What is left unknown stops the
push and says what to look at.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import replace

from wxpub import safe
from wxpub.client import Stored, StoredArticle
from wxpub.drafts.compare import diff, find_mark, issue_key, lines, new_draft, read_mark, text_key
from wxpub.drafts.job import (
    Job,
    Plan,
    Ready,
    Standing,
    Use,
    box,
    fingerprint,
    record_new,
    stored_fingerprint,
    text_of,
)
from wxpub.drafts.publish import find_published
from wxpub.errors import ConflictError, SourceError, WxpubError
from wxpub.language import listed, tr, tr_n
from wxpub.ledger import NEWSPIC, Draft, Intent, Published, Publishing
from wxpub.limits import ARTICLES_PER_DRAFT

VERSIONS = 30  # of a file in Git, that are compared with the words of a draft which the ledger does not know


def plan(job: Job) -> Plan:
    """Find out what `push` would do. Asks WeChat, changes nothing there.

    Raises SourceError, before WeChat is asked, if any finding is an error or the job is not a draft; ConflictError
    where somebody else has changed the draft, or where two drafts or an unfinished publication leave open what to do.
    """
    _check(job)
    uploads = _missing(job)
    everything = tuple(range(len(job.articles)))
    found, broken_off = _resume(job)
    if job.new and not found:
        draft = broken_off or new_draft()
        reason = tr("a new draft, as asked")
        return Plan("create", reason, None, uploads, everything, draft, doubtful=bool(broken_off))
    known = any(job.ledger.get(Draft, job.account, name) for name in job.names)
    if not known and (url := _published_unchanged(job)):
        return Plan("published", url, None, (), (), "")
    standing, reason, replaced = locate(job)
    if standing is None and (url := _published_unchanged(job)):
        return Plan("published", url, None, (), (), "")
    if standing is None:
        draft = broken_off or new_draft()
        return Plan("create", reason, None, uploads, everything, draft, replaced, bool(broken_off))
    if not job.force:
        _refuse_foreign_changes(job, standing)
    draft = _draft_group(standing)
    changed = tuple(place for place in everything if _differs(job, standing, place, draft))
    if not changed:
        return Plan("nothing", tr("the draft is as it was sent"), standing, (), (), draft)
    return Plan("update", reason, standing, uploads, changed, draft)


def _check(job: Job) -> None:
    """Stop while nothing has been sent: at findings that are errors, and at what cannot be one draft."""
    errors = sum(each.severity == "error" for each in job.findings)
    if errors:
        raise SourceError(
            tr_n(
                "{n} error to correct first; nothing was sent", "{n} errors to correct first; nothing was sent", errors
            )
        )
    if len(job.articles) > ARTICLES_PER_DRAFT:
        n = len(job.articles)
        raise SourceError(tr("{n} files; a draft holds up to {most} articles", n=n, most=ARTICLES_PER_DRAFT))
    if len(job.articles) > 1 and any(each.issue.is_newspic for each in job.articles):
        raise SourceError(tr("a 贴图 is a draft of its own; push it alone"))
    twice = next((name for name in job.names if job.names.count(name) > 1), None)
    if twice:
        raise SourceError(tr("{name} is named twice; a draft holds every issue once", name=twice))
    for name in job.names:
        if job.ledger.get(Publishing, job.account, name):
            hint = tr("`wxpub publish` finds out how it ended; push again after that")
            raise ConflictError(tr("{name} is being published, and nobody knows yet how that ended", name=name), hint)


def _missing(job: Job) -> tuple[tuple[Use, str], ...]:
    """List the images that the ledger does not have, each once."""
    return tuple(dict.fromkeys(each for place in range(len(job.articles)) for each in job.missing(place)))


def _draft_group(standing: Standing) -> str:
    mark = read_mark(standing.facts[0].mark)
    return mark.draft if mark else new_draft()


def _differs(job: Job, standing: Standing, place: int, draft: str) -> bool:
    """Tell whether article `place` has to be sent: it is not what was sent last, or the draft not what was stored."""
    if job.missing(place):
        return True
    fact = standing.facts[place]
    if fact.stored and fact.stored != stored_fingerprint(standing.ours[place]):
        return True
    return fact.sent != fingerprint(job.payload(place, draft))


# --- what a broken-off push left --------------------------------------------------------------------------------------


def _resume(job: Job) -> tuple[bool, str]:
    """Look for a draft whose creation was begun and never recorded.

    Returns whether it was there, now recorded, and, if it was not, the group of its marks: it may still appear. A push
    of other issues than the one that was broken off takes a group of its own.
    """
    intents = job.ledger.of_account(Intent, job.account)
    begun = {name: intent for name in job.names if (intent := intents.get(name)) and not intent.media_id}
    groups = {mark.draft for intent in begun.values() if (mark := read_mark(intent.mark))}
    for group in groups:
        for draft in job.client.drafts():
            if facts := _held(job, draft, group):
                record_new(job, facts)
                job.say(tr("a draft of a push that was broken off is there; going on with it"))
                return True, ""
    together = {name for name, each in intents.items() if (mark := read_mark(each.mark)) and mark.draft in groups}
    return False, groups.pop() if together == set(job.names) else ""


def _held(job: Job, draft: Stored, group: str) -> dict[str, Draft]:
    """Say which of the issues with an intent of `group` a draft really holds, and where.

    Without a mark title and words are left to know one by, if no other push has made it.
    """
    facts: dict[str, Draft] = {}
    recorded = {fact.media_id for fact in job.ledger.of_account(Draft, job.account).values()}
    for name, intent in job.ledger.of_account(Intent, job.account).items():
        mark = read_mark(intent.mark)
        if not mark or mark.draft != group or intent.media_id:
            continue
        for index, article in enumerate(draft.articles):
            there, fresh = find_mark(article.html), draft.id not in recorded
            same = there and (there.issue, there.draft) == (mark.issue, mark.draft)
            same = same or (there is None and fresh and _says(article, mark.text))
            if same:
                facts[name] = Draft(draft.id, index, len(draft.articles), str(there or mark))
    return facts


def _says(article: StoredArticle, text: str) -> bool:
    """Tell whether title and words of a stored article are those of the mark's group `text`."""
    return text_key(article.title, article.html) == text


# --- the draft --------------------------------------------------------------------------------------------------------


def locate(job: Job) -> tuple[Standing | None, str, tuple[str, ...]]:
    """Find the draft that holds the issues; else say why there is none, and which drafts a new one replaces.

    Raises ConflictError where two drafts hold them, ConfigError where the draft box cannot be looked through.
    """
    facts = tuple(job.ledger.get(Draft, job.account, name) for name in job.names)
    present = tuple(fact for fact in facts if fact)
    reason, split = "", False
    for media_id in dict.fromkeys(fact.media_id for fact in present):
        articles = job.client.find_draft(media_id)
        if articles is None:
            links = find_published(job.client, job.ledger, job.account, _kept_keys(job, media_id))
            if links:
                reason = tr("the draft before is gone: it was published: {urls}", urls=listed(links.values()))
            else:
                reason = tr("the draft before is gone: it was published or deleted")
        elif standing := _standing(job, media_id, articles, facts):
            first = standing.facts[0]
            alone = len(job.names) == 1 and len(articles) > 1
            place = tr("article {n} of {of} in its draft", n=first.index + 1, of=len(articles)) if alone else ""
            return standing, place, ()
        else:
            split = True
    if split:
        return None, tr("other articles than in the draft before"), _replaced(job, present)
    if standing := _search(job):
        return standing, tr("its draft was in the draft box, unknown to the ledger"), ()
    if not present and (moved := _moved(job)):
        name = job.names[0]
        hint = tr(
            "if it is the same issue: wxpub index move {old} {new}; if not, --new makes a draft", old=moved, new=name
        )
        what = tr("{name} has no draft, and {moved}, which has one, is not there any more", name=name, moved=moved)
        raise ConflictError(what, hint)
    if not present:
        names = dict(zip(job.keys, job.names, strict=True))
        links = find_published(job.client, job.ledger, job.account, names)
        known = (job.ledger.get(Published, job.account, name) for name in job.names)
        urls = [*links.values(), *(each.url for each in known if each)]
        reason = tr("published before: {url}", url=urls[0]) if urls else ""
    return None, reason, ()


def _kept_keys(job: Job, media_id: str) -> dict[str, str]:
    """Map marks' groups to the issues that the ledger knows in a draft."""
    drafts = job.ledger.of_account(Draft, job.account).items()
    marked = ((name, read_mark(fact.mark)) for name, fact in drafts if fact.media_id == media_id)
    return {mark.issue: name for name, mark in marked if mark}


def _standing(
    job: Job, media_id: str, articles: tuple[StoredArticle, ...], facts: tuple[Draft | None, ...]
) -> Standing | None:
    """Place every issue in a draft by its mark; None unless all are there, in the order in which they are known.

    Issues of ours that are not pushed make it another draft, unless a single one is pushed in its place. What an editor
    added by hand stays where it is.
    """
    known = [fact for fact in facts if fact and fact.media_id == media_id]
    indexes = [fact.index for fact in known]
    others = set(_kept_keys(job, media_id)) - set(job.keys)
    marked = {mark.issue for each in articles if (mark := find_mark(each.html))}
    if indexes != sorted(indexes) or (len(job.names) > 1 and others & marked):
        return None
    found: list[Draft] = []
    for place, fact in enumerate(facts):
        index = _index(job, place, articles, fact if fact and fact.media_id == media_id else None)
        if index is None or index in (each.index for each in found):
            return None
        ours = fact if fact and fact.media_id == media_id else None
        ours = ours or Draft(media_id, index, len(articles), str(find_mark(articles[index].html) or ""))
        found.append(replace(ours, index=index, of=len(articles)))
    return Standing(media_id, tuple(found), articles)


def _index(job: Job, place: int, articles: tuple[StoredArticle, ...], fact: Draft | None) -> int | None:
    """Find the article of a draft that is issue `place`: by its mark, or by its words where marks are dropped."""
    marks = [find_mark(each.html) for each in articles]
    own = [index for index, mark in enumerate(marks) if mark and mark.issue == job.keys[place]]
    if fact and fact.index in own:
        return fact.index
    if own:
        return own[0]
    if fact and not any(marks) and fact.index < len(articles):
        article, mark, title = articles[fact.index], read_mark(fact.mark), job.articles[place].page.article.title
        known = fact.stored == stored_fingerprint(article) or (mark and _says(article, mark.text))
        known = known or article.is_newspic  # which nobody can put in the place of another one
        return fact.index if known or article.title == title else None
    return None


def _replaced(job: Job, present: tuple[Draft, ...]) -> tuple[str, ...]:
    """List the drafts that a new one makes needless: their issues are all in it, or it takes a part of theirs alone."""
    names = set(job.names)
    holders: dict[str, set[str]] = {}
    for name, fact in job.ledger.of_account(Draft, job.account).items():
        holders.setdefault(fact.media_id, set()).add(name)
    olds = dict.fromkeys(fact.media_id for fact in present if fact.media_id in holders)  # none that was published
    return tuple(old for old in olds if holders[old] <= names or names <= holders[old])


# --- drafts that the ledger does not know -----------------------------------------------------------------------------


def _search(job: Job) -> Standing | None:
    """Look for the issues' draft in the draft box: the ledger was lost or never shared, or a file renamed.

    Raises ConflictError where two drafts hold the issues, ConfigError where the box cannot be looked through.
    """
    renamed = _renamed(job)
    found: list[tuple[str, tuple[Draft, ...], tuple[StoredArticle, ...]]] = []
    for draft in box(job):
        marks = [find_mark(article.html) for article in draft.articles]
        places: list[int] = []
        for place, (key, ready) in enumerate(zip(job.keys, job.articles, strict=True)):
            title = ready.page.article.title
            for index, (mark, article) in enumerate(zip(marks, draft.articles, strict=True)):
                ours = mark and (mark.issue == key or (mark.issue in renamed and article.title == title))
                alike = mark is None and not any(marks) and _alike(article, ready)
                named = article.title == title or bool(ready.issue.settings.project)
                if index not in places and ((ours and named) or alike):
                    places.append(index)
                    break
            if len(places) <= place:
                break
        if len(places) == len(job.names) and (len(places) == 1 or len(places) == len(marks)):
            held = tuple(Draft(draft.id, index, len(marks), str(marks[index] or "")) for index in places)
            found.append((draft.id, held, draft.articles))
    if len(found) > 1:
        ids = listed(media_id for media_id, _, _ in found)
        hint = tr("look which one is right, and delete the other: wxpub drafts delete MEDIA_ID")
        raise ConflictError(tr("{n} drafts hold {name}: {ids}", n=len(found), name=job.names[0], ids=ids), hint)
    for media_id, facts, articles in found:
        marked = [mark for fact in facts if (mark := read_mark(fact.mark))]
        gone = {renamed[mark.issue]: Draft for mark in marked if mark.issue in renamed}
        standing = Standing(media_id, facts, articles, adopted=True)
        if not job.force:
            _refuse_foreign_changes(job, standing)
        job.ledger.record(job.account, dict(zip(job.names, facts, strict=True)), forget=dict(gone))
        return standing
    return None


def _alike(article: StoredArticle, ready: Ready) -> bool:
    """Tell whether an article without a mark is an issue's: it has its address and its title, or its words.

    Of a 贴图, which has neither mark nor address, the title is enough to be asked about.
    """
    ours = ready.page.article
    if ready.issue.is_newspic or article.is_newspic:
        return ready.issue.is_newspic == article.is_newspic and article.title == ours.title
    same_address = bool(ours.source_url) and article.fields.get("content_source_url") == ours.source_url
    return (same_address and article.title == ours.title) or _says(article, ready.text)


def _renamed(job: Job) -> dict[str, str]:
    """Map marks' groups to issues that the ledger knows and whose files are no longer there."""
    settings = job.articles[0].issue.settings
    names = job.ledger.of_account(Draft, job.account)
    gone = (name for name in names if not (settings.root / name.removesuffix(NEWSPIC)).exists())
    return {issue_key(name, settings.project): name for name in gone}


def _moved(job: Job) -> str:
    """Name an issue whose file is gone and whose draft is still there: it may be the one that is pushed."""
    if len(job.names) > 1:
        return ""
    drafts = job.ledger.of_account(Draft, job.account)
    return next((name for name in _renamed(job).values() if job.client.find_draft(drafts[name].media_id)), "")


# --- what must not be overwritten -------------------------------------------------------------------------------------


def _published_unchanged(job: Job) -> str:
    """Return the permalink if every issue was published with the very words of its file; "" if there is more to push.

    Raises ConflictError where a person recorded the permalink: nobody knows of which words.
    """
    facts = [job.ledger.get(Published, job.account, name) for name in job.names]
    if not all(facts):
        return ""
    by_hand = next((name for name, fact in zip(job.names, facts, strict=True) if fact and not fact.mark), None)
    if by_hand:
        url = next(fact.url for fact in facts if fact and not fact.mark)
        what = tr("{name} was published: {url}", name=by_hand, url=url)
        raise ConflictError(what, tr("--new makes a draft of it all the same"))
    marks = [read_mark(fact.mark) for fact in facts if fact]
    same = all(mark and mark.text == ready.text for mark, ready in zip(marks, job.articles, strict=True))
    return next(fact.url for fact in facts if fact) if same else ""


def _refuse_foreign_changes(job: Job, standing: Standing) -> None:
    """Stop where the draft holds words that nobody would have any more after an update."""
    for name, ready, fact, article in zip(job.names, job.articles, standing.facts, standing.ours, strict=True):
        if fact.stored == stored_fingerprint(article):
            continue
        file, title, html, mark = ready.issue.path, article.title, article.html, find_mark(article.html)
        intent = job.ledger.get(Intent, job.account, name)
        sent, begun = read_mark(fact.mark), read_mark(intent.mark) if intent else None
        kept = text_key(title, html)
        untouched = mark.text == kept if mark else kept in [each.text for each in (sent, begun) if each]
        carried_out = begun == mark if mark else bool(begun and begun.text == kept)
        if standing.adopted:
            known = untouched and mark is not None
            if kept == ready.text or ((known or article.is_newspic) and _was_written(ready, kept)):
                continue
            if known or article.is_newspic:
                what = tr("{file}: the draft holds words that this copy of the project does not know", file=file)
            else:
                what = tr("{file}: the draft was edited in the web editor", file=file)
        elif untouched and (not fact.stored or carried_out):
            continue  # it is what we sent ourselves, before the push was broken off
        elif untouched and mark and str(mark) != fact.mark:
            what = tr("{file}: the draft was pushed from another copy of this project since the last push", file=file)
        else:
            what = tr("{file}: the draft was edited in the web editor since the last push", file=file)
        changes = "\n".join(diff([title, *lines(html)], ready.lines))
        if not changes:
            changes = "  " + tr("(the words are the same; form, images or settings were changed)")
        hint = tr("`wxpub pull` takes the edit over, --force overwrites it, --new makes another draft")
        raise ConflictError(what, f"{hint}\n{tr('- only in the draft, + only in the file:')}\n{changes}")


def _was_written(ready: Ready, text: str) -> bool:
    """Tell whether an earlier version of the file in Git has the words `text`: then ours is the newer one."""
    return any(says(ready, version) == text for version in versions(ready))


def says(ready: Ready, version: str) -> str:
    """Return the mark's group for a version of the issue's text, "" for one that cannot be laid out."""
    try:
        return text_of(ready.issue.version(version))
    except WxpubError:
        return ""


def versions(ready: Ready) -> Iterable[str]:
    """Read the file's last committed versions, newest first; none where there is no Git."""
    path = ready.issue.path.resolve()
    # Nothing that the repository configures is run: no monitors, no drivers, no program that checks signatures.
    git = ["git", "-c", "core.fsmonitor=false", "-C", str(path.parent)]
    try:
        listed = _run([*git, "log", f"-n{VERSIONS}", "--no-show-signature", "--format=%H", "--", path.name])
        for commit in listed.split():
            yield _run([*git, "show", "--no-textconv", "--no-ext-diff", f"{commit}:./{path.name}"])
    except (OSError, subprocess.SubprocessError):
        return


def _run(command: list[str]) -> str:
    # No protocol: what the repository lacks would be fetched, by a command of its own choice.
    env = {**safe.environment(), "GIT_ALLOW_PROTOCOL": "none"}
    ran = subprocess.run(command, capture_output=True, check=True, timeout=20, env=env)  # noqa: S603  our own words
    return ran.stdout.decode("utf-8", "replace")
