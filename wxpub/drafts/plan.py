"""What a push has to do: a job and WeChat's answers in, a `Plan` out; changes nothing at WeChat.

The draft of an issue is known from the ledger; where that knows none, from the marks in the draft box.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from wxpub.client import StoredArticle
from wxpub.drafts.compare import Mark, diff, find_mark, intact, issue_key, lines, new_draft, read_mark
from wxpub.drafts.job import Job, Plan, Standing, Use, fingerprint, stored_fingerprint
from wxpub.drafts.publish import record_published
from wxpub.errors import ApiError, ConfigError, ConflictError, SourceError
from wxpub.ledger import Draft, Fact, Intent, Leftover, Published
from wxpub.limits import ARTICLES_PER_DRAFT, INVALID_MEDIA_ID, NO_SUCH_CALL, NOT_ALLOWED


def plan(job: Job) -> Plan:
    """Find out what `push` would do. Asks WeChat, changes nothing there.

    Raises SourceError, before WeChat is asked, if any finding is an error or the job is not a draft; ConflictError,
    with a diff, where somebody else has changed the draft.
    """
    _check(job)
    uploads = _missing(job)
    everything = tuple(range(len(job.articles)))
    found, broken_off = _resume(job)
    if job.new and not found:
        draft = broken_off or new_draft()
        return Plan("create", "a new draft, as asked", None, uploads, everything, draft, doubtful=bool(broken_off))
    standing, reason, replaced = _locate(job)
    if standing is None:
        draft = broken_off or new_draft()
        return Plan("create", reason, None, uploads, everything, draft, replaced, bool(broken_off))
    if not job.force:
        _refuse_foreign_changes(job, standing)
    draft = _draft_group(standing)
    changed = tuple(place for place in everything if _differs(job, standing, place, draft))
    if not changed:
        return Plan("nothing", "the draft is as it was sent", standing, (), (), draft)
    return Plan("update", reason, standing, uploads, changed, draft)


def _check(job: Job) -> None:
    """Stop while nothing has been sent: at findings that are errors, and at what cannot be one draft."""
    errors = sum(each.severity == "error" for each in job.findings)
    if errors:
        raise SourceError(f"{errors} error{'s' if errors > 1 else ''} to correct first; nothing was sent")
    if len(job.articles) > ARTICLES_PER_DRAFT:
        raise SourceError(f"{len(job.articles)} files; a draft holds up to {ARTICLES_PER_DRAFT} articles")
    twice = next((name for name in job.names if job.names.count(name) > 1), None)
    if twice:
        raise SourceError(f"{twice} is named twice; a draft holds every issue once")


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

    Gives whether it was there, now recorded, and, if it was not, the group of its marks: it may still appear.
    """
    begun = {
        name: intent
        for name in job.names
        if (intent := job.ledger.get(Intent, job.account, name)) and not intent.media_id
    }
    groups = {mark.draft for intent in begun.values() if (mark := read_mark(intent.mark))}
    if not groups:
        return False, ""
    for media_id, articles in _box(job):
        found = [find_mark(article.content) for article in articles]
        group = next((mark.draft for mark in found if mark and mark.draft in groups), None)
        if group:
            record_new(job, media_id, group)
            job.say("a draft of a push that was broken off is there; going on with it")
            return True, ""
    return False, groups.pop()


def record_new(
    job: Job, media_id: str, group: str, sent: dict[str, str] | None = None, *, doubtful: bool = False
) -> tuple[Draft, ...]:
    """Record that the draft whose marks have the group `group` was created, in one step with all that follows.

    Intents become facts; the facts of other issues in drafts that it replaces go. `sent` are fingerprints by issue.
    """
    facts: dict[str, Fact] = {}
    forget: dict[str, type[Fact]] = {}
    for name, intent in job.ledger.of_account(Intent, job.account).items():
        mark = read_mark(intent.mark)
        if mark and mark.draft == group and not intent.media_id:
            facts[name] = Draft(
                media_id, intent.index, intent.of, intent.mark, (sent or {}).get(name, ""), doubtful=doubtful
            )
    replaced = job.ledger.of_account(Leftover, job.account)
    for name, draft in job.ledger.of_account(Draft, job.account).items():
        if draft.media_id in replaced and name not in facts:
            forget[name] = Draft
    job.ledger.record(job.account, facts, forget, done=tuple(facts))
    recorded = (job.ledger.get(Draft, job.account, name) for name in job.names)
    return tuple(each for each in recorded if each)


# --- the draft --------------------------------------------------------------------------------------------------------


def _locate(job: Job) -> tuple[Standing | None, str, tuple[str, ...]]:
    """Find the draft that holds the issues; else say why there is none, and which drafts a new one replaces."""
    facts = tuple(job.ledger.get(Draft, job.account, name) for name in job.names)
    present = tuple(fact for fact in facts if fact)
    if not present:
        if standing := _search(job):
            return standing, "its draft was in the draft box, unknown to the ledger", ()
        published = (job.ledger.get(Published, job.account, name) for name in job.names)
        urls = [each.url for each in published if each and each.url]
        return None, f"published before: {urls[0]}" if urls else "", ()
    first = present[0]
    alone = len(job.articles) == 1
    together = all(
        fact and (fact.media_id, fact.index) == (first.media_id, first.index + place)
        for place, fact in enumerate(facts)
    )
    if not together or not (alone or first.of == len(facts)):
        return None, "other articles than in the draft before", _replaced(job, present)
    try:
        articles = job.client.get_draft(first.media_id)
    except ApiError as error:
        if error.errcode != INVALID_MEDIA_ID:
            raise
        links = record_published(job.client, job.ledger, job.account, first.media_id)
        where = f"it was published: {', '.join(links.values())}" if links else "it was published or deleted"
        return None, f"the draft before is gone: {where}", ()
    if first.of != len(articles):
        return None, "the draft before has other articles now", ()
    reason = f"article {first.index + 1} of {first.of} in its draft" if first.of > 1 and alone else ""
    return Standing(first.media_id, present, articles, first.index), reason, ()


def _replaced(job: Job, present: tuple[Draft, ...]) -> tuple[str, ...]:
    """List the drafts that a new one makes needless: their issues are all in it, or it takes a part of theirs alone."""
    names = set(job.names)
    holders: dict[str, set[str]] = {}
    for name, fact in job.ledger.of_account(Draft, job.account).items():
        holders.setdefault(fact.media_id, set()).add(name)
    olds = dict.fromkeys(fact.media_id for fact in present)
    return tuple(old for old in olds if holders[old] <= names or names <= holders[old])


def _search(job: Job) -> Standing | None:
    """Look for the issues' draft by its marks: the ledger that knew of it was lost or never shared, or a file renamed.

    The title has to be the same, too: another newsletter of the account may have a file of the same name.
    """
    try:
        box = tuple(_box(job))
    except (ApiError, ConfigError) as error:
        if isinstance(error, ApiError) and error.errcode not in (NO_SUCH_CALL, NOT_ALLOWED):
            raise
        job.say(f"the draft box cannot be looked through: {error}")
        return None
    renamed = _renamed(job)
    count = len(job.articles)
    for media_id, articles in box:
        if count not in (1, len(articles)):
            continue
        found = [find_mark(article.content) for article in articles]
        for first in range(len(articles) - count + 1):
            held = found[first : first + count]
            if not _are(job, held, articles[first : first + count], renamed):
                continue
            facts = tuple(Draft(media_id, first + place, len(found), str(mark)) for place, mark in enumerate(held))
            gone = {renamed[mark.issue]: Draft for mark in held if mark and mark.issue in renamed}
            job.ledger.record(job.account, dict(zip(job.names, facts, strict=True)), forget=gone)
            return Standing(media_id, facts, articles, first)
    return None


def _are(job: Job, held: Sequence[Mark | None], articles: Sequence[StoredArticle], renamed: Mapping[str, str]) -> bool:
    """Tell whether these articles of a draft are the job's issues, in their order."""
    return all(
        mark and (mark.issue == issue_key(name) or mark.issue in renamed) and article.title == ready.page.article.title
        for name, ready, mark, article in zip(job.names, job.articles, held, articles, strict=True)
    )


def _renamed(job: Job) -> dict[str, str]:
    """Map marks' groups to issues that the ledger knows and whose files are no longer there."""
    root = job.articles[0].issue.settings.root
    gone = (name for name in job.ledger.of_account(Draft, job.account) if not (root / name).exists())
    return {issue_key(name): name for name in gone}


def _box(job: Job) -> Iterator[tuple[str, tuple[StoredArticle, ...]]]:
    """Read the draft box: media ids and articles."""
    return ((each.id, each.articles) for each in job.client.drafts())


def drafts_of(job: Job, group: str) -> tuple[str, ...]:
    """List the drafts whose articles carry the mark's group `group`."""
    return tuple(
        media_id
        for media_id, articles in _box(job)
        if any((mark := find_mark(article.content)) and mark.draft == group for article in articles)
    )


def _refuse_foreign_changes(job: Job, standing: Standing) -> None:
    """Stop where the draft holds words that nobody would have any more after an update."""
    for name, ready, fact, article in zip(job.names, job.articles, standing.facts, standing.ours, strict=True):
        if fact.stored == stored_fingerprint(article):
            continue
        title, html = article.title, article.content
        untouched, mark = intact(title, html), str(find_mark(html) or "")
        intent = job.ledger.get(Intent, job.account, name)
        if untouched and (not fact.stored or (intent and intent.mark == mark)):
            continue  # it is what we sent ourselves, before the push was broken off
        other = untouched and mark != fact.mark
        who = "pushed from another copy of this project" if other else "edited in the web editor"
        changes = "\n".join(diff([title, *lines(html)], ready.lines))
        changes = changes or "  (the words are the same; form, images or settings were changed)"
        raise ConflictError(
            f"{ready.issue.path}: the draft was {who} since the last push",
            f"--force overwrites it, --new makes another one\n- only in the draft, + only in the file:\n{changes}",
        )
