"""The effects of a push: a `Plan` in, a draft out; every effect is recorded before the next one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from wxpub.client import Json, Stored, StoredArticle
from wxpub.drafts.compare import Difference, differences, find_mark, read_mark, text_key
from wxpub.drafts.job import LASTING, Job, Plan, Standing, Use, box, fingerprint, record_new, stored_fingerprint
from wxpub.errors import ApiError, NetworkError
from wxpub.finding import Finding, Rule
from wxpub.images import Image
from wxpub.language import listed, tr, tr_n
from wxpub.ledger import Draft, Intent, Leftover, Upload
from wxpub.limits import ARTICLE_REFUSED, INVALID_MEDIA_ID, PICTURE_REFUSED

STORED = Rule(
    "stored",
    "warning",
    "WeChat stored something else than was sent",
    "look at the draft; push again with --new",
    "push",
    reader="an article that may look or read otherwise than the preview did",
)
STORED_SHORT = Rule(
    "stored-short",
    "error",
    "WeChat stored fewer articles than were sent",
    "push again with --new",
    "push",
    reader="nothing yet: the draft lacks articles",
)
STORED_OTHER = Rule(
    "stored-other",
    "error",
    "WeChat stored other words than were sent",
    "look at the draft before anything else; push again when you know why",
    "push",
    reader="other words than the issue has, once the draft is published",
)
MARK_LOST = Rule(
    "mark-lost",
    "warning",
    "WeChat does not keep the mark by which a draft is known again",
    "commit wxpub.ledger.json: without it drafts are known by address, title and words only",
    "push",
    reader="the article as it should be",
)
DRAFT_TWICE = Rule(
    "draft-twice",
    "error",
    "another draft holds the same issue",
    "look which one is right, and delete the other: wxpub drafts delete MEDIA_ID",
    "push",
    reader="the article twice, if both drafts are published",
)

R = TypeVar("R")

UPLOADERS = 4  # images that are uploaded at once
LOOKS = (0, 2, 6)  # seconds before each look for a draft whose creation had no answer
LATE_SECONDS = 600  # how long after it was asked for a draft may be made without an answer
SETTLING = (2, 5)  # seconds that WeChat may need until what was just made is visible everywhere


def upload(job: Job, wanted: Sequence[tuple[Use, str]]) -> None:
    """Upload images, a few at a time; each is recorded as soon as WeChat has it."""
    holders = {each: ready for ready in job.articles for each in ready.images}

    def send(each: tuple[Use, str]) -> None:
        use, key = each
        ready = holders[each]
        image = ready.image(use, key)
        try:
            sent = _uploaded(job, use, image)
        except ApiError as error:
            if error.errcode not in PICTURE_REFUSED:
                raise
            raise error.of(ready.spot(use, key)) from None
        job.ledger.record_upload(job.account, use, key, sent)

    job.tick(0, len(wanted))
    with ThreadPoolExecutor(UPLOADERS) as pool:
        running = [pool.submit(send, each) for each in wanted]
        try:
            for done, each in enumerate(as_completed(running), 1):
                each.result()
                job.tick(done, len(wanted))
        except KeyboardInterrupt:
            job.client.stop()  # the pool waits for its threads, and a call may take minutes
            raise
        finally:
            for each in running:
                each.cancel()


def _uploaded(job: Job, use: Use, image: Image) -> Upload:
    """Send an image the way that its use and kind ask for."""
    if use == "cover" or image.animated:
        media_id, url = job.client.add_image(image)
        return Upload(url, image.width, image.height, media_id)
    return Upload(job.client.upload_image(image), image.width, image.height)


def create(job: Job, todo: Plan) -> Standing:
    """Create the draft: first the intent, then the draft, then the record."""
    count = len(todo.changed)
    begun = {job.names[place]: Intent(str(job.mark(place, todo.draft)), place, count) for place in todo.changed}
    leftovers = {old: Leftover(_stored_before(job, old)) for old in todo.replaced}
    job.ledger.record(job.account, {**begun, **leftovers})
    media_id, doubtful = _add(job, todo)
    facts = {
        job.names[place]: Draft(
            media_id,
            place,
            count,
            str(job.mark(place, todo.draft)),
            fingerprint(job.payload(place, todo.draft)),
            doubtful=doubtful or todo.doubtful,
            beside=job.new,
        )
        for place in todo.changed
    }
    record_new(job, facts)
    return Standing(media_id, tuple(facts.values()))


def _add(job: Job, todo: Plan) -> tuple[str, bool]:
    """Call draft/add; without an answer, look for the draft before sending again. Gives whether two may exist now."""
    doubtful = False
    for last in (False, True):
        try:
            return _with_cover(job, todo, todo.changed, job.client.add_draft), doubtful
        except NetworkError as error:  # noqa: PERF203  two rounds at most
            if not error.sent:
                raise
            job.say(tr("{problem}; looking whether the draft was made", problem=error.message))
            if media_id := _look(job, todo):
                return media_id, doubtful
            if last:
                raise
            doubtful = True
    raise AssertionError("the second attempt returns or raises")


def _look(job: Job, todo: Plan) -> str:
    """Look for a draft whose creation had no answer: by its marks, or by its words where WeChat drops marks."""
    known = {fact.media_id for fact in job.ledger.of_account(Draft, job.account).values()}
    texts = [job.mark(place, todo.draft).text for place in todo.changed]
    for seconds in LOOKS:
        job.pause(seconds)
        for draft in job.client.drafts():
            marks = [find_mark(each.html) for each in draft.articles]
            unmarked = not any(marks) and draft.id not in known
            if any(mark and mark.draft == todo.draft for mark in marks) or (
                unmarked and [text_key(each.title, each.html) for each in draft.articles] == texts
            ):
                return draft.id
    return ""


def update(job: Job, todo: Plan) -> Standing:
    """Send the articles that differ to their places in the draft."""
    assert todo.standing
    standing, facts = todo.standing, list(todo.standing.facts)
    media_id, count = standing.media_id, len(standing.articles)
    marked = {place: str(job.mark(place, todo.draft)) for place in todo.changed}
    indexes = {place: standing.facts[place].index for place in todo.changed}
    begun = {job.names[place]: Intent(mark, indexes[place], count, media_id) for place, mark in marked.items()}
    job.ledger.record(job.account, begun)
    for place, mark in marked.items():
        _with_cover(job, todo, (place,), partial(_update_one, job, media_id, indexes[place]))
        sent = fingerprint(job.payload(place, todo.draft))
        facts[place] = replace(facts[place], mark=mark, sent=sent, stored="", at="")
        job.ledger.record(job.account, {job.names[place]: facts[place]}, done=(job.names[place],))
    return replace(standing, facts=tuple(facts), articles=())


def _update_one(job: Job, media_id: str, index: int, articles: list[Json]) -> None:
    (article,) = articles
    job.client.update_draft(media_id, index, article)


def _with_cover(job: Job, todo: Plan, places: Sequence[int], send: Callable[[list[Json]], R]) -> R:
    """Give the articles of `places` to `send`; where WeChat does not know a cover, see to that and send once more.

    A cover that was uploaded a moment ago may need seconds to be known; an older one was deleted from the material.
    """

    def sent() -> R:
        try:
            return send([job.payload(place, todo.draft) for place in places])
        except ApiError as error:
            if error.errcode not in ARTICLE_REFUSED or len(job.articles) == 1:
                raise
            raise error.of(_titles(job, places)) from None

    fresh = {key for use, key in todo.uploads if use == "cover"}
    covers = {key for place in places for use, key in job.articles[place].images if use == "cover"}
    for seconds in SETTLING:
        try:
            return sent()
        except ApiError as error:
            if error.errcode != INVALID_MEDIA_ID:
                raise
        if deleted := covers - fresh:
            job.say(tr("a cover was deleted from the account's material; uploading it again"))
            upload(job, [("cover", key) for key in deleted])
            fresh |= deleted
        else:
            job.say(tr("WeChat does not know the cover yet; waiting {seconds} s", seconds=seconds))
            job.pause(seconds)
    return sent()


def _titles(job: Job, places: Sequence[int]) -> str:
    """Name the article that was sent; of several WeChat does not say which one it means."""
    titles = [f"《{job.articles[place].page.article.title}》" for place in places]
    return titles[0] if len(titles) == 1 else tr("in one of {titles}", titles=listed(titles))


# --- afterwards -------------------------------------------------------------------------------------------------------


def verify(job: Job, todo: Plan, standing: Standing) -> tuple[Standing, tuple[Finding, ...]]:
    """Read the draft back, and say what WeChat dropped of it; `tidy` records what it keeps."""
    articles = _read_back(job, standing.media_id)
    standing = replace(standing, articles=articles)
    findings: list[Finding] = []
    if len(standing.ours) < len(standing.facts):
        message = tr_n(
            "the draft has {n} article; {sent} were sent",
            "the draft has {n} articles; {sent} were sent",
            len(articles),
            sent=len(standing.facts),
        )
        return standing, (STORED_SHORT.find(message, job.articles[0].issue.path),)
    facts: dict[str, Draft] = {}
    for place, (name, fact, article) in enumerate(zip(job.names, standing.facts, standing.ours, strict=True)):
        path, sent, mark = job.articles[place].issue.path, read_mark(fact.mark), find_mark(article.html)
        if place in todo.changed:
            findings += _losses(job, place, job.payload(place, todo.draft), article)
            if mark is None and not article.is_newspic:  # which has none
                findings.append(MARK_LOST.find(path=path))
        if sent and text_key(article.title, article.html) != sent.text:
            if article.content:
                said = tr("the draft has other words: {title}", title=f"《{article.title}》")
            else:
                said = tr("the draft is empty")
            findings.append(STORED_OTHER.find(said, path))
            facts[name] = replace(fact, stored="", at="")  # what nobody sent is never taken for what was sent
        else:
            facts[name] = replace(fact, stored=stored_fingerprint(article), at="")
    return replace(standing, facts=tuple(facts.values())), tuple(findings)


def _read_back(job: Job, media_id: str) -> tuple[StoredArticle, ...]:
    for seconds in SETTLING:
        try:
            return job.client.get_draft(media_id)
        except ApiError as error:  # noqa: PERF203  three rounds at most
            if error.errcode != INVALID_MEDIA_ID:
                raise
            job.pause(seconds)
    return job.client.get_draft(media_id)


def _losses(job: Job, place: int, sent: Json, stored: StoredArticle) -> list[Finding]:
    path = job.articles[place].issue.path
    found = [STORED.find(lost(each), path, fix="") for each in differences(StoredArticle(sent).html, stored.html)]
    single = len(job.articles) == 1
    for key in LASTING:
        kept = stored.fields.get(key)
        if key not in sent or key == "thumb_media_id" or (key == "digest" and (not sent[key] or not single)):
            continue  # WeChat fills an empty digest in, and ignores it where a draft has several articles
        if (sent[key] or "") != (kept or ""):  # 0, "" and nothing are the same
            said = tr("WeChat keeps {key} as {kept!r}, not {sent!r}", key=key, kept=kept, sent=sent[key])
            found.append(STORED.find(said, path, fix=""))
    return found


def lost(each: Difference) -> str:
    """Say one difference in a sentence."""
    if each.kind == "text":
        return tr("WeChat keeps other words from {sent!r} on: {kept!r}", sent=each.what, kept=each.instead)
    what, n, of = each.what, each.lost, each.sent
    return {
        "tag": tr("WeChat dropped tag {what} ({n} of {of})", what=what, n=n, of=of),
        "style": tr("WeChat dropped style {what} ({n} of {of})", what=what, n=n, of=of),
        "image": tr("WeChat dropped image {what} ({n} of {of})", what=what, n=n, of=of),
        "link": tr("WeChat dropped link {what} ({n} of {of})", what=what, n=n, of=of),
    }[each.kind]


def tidy(job: Job, todo: Plan, standing: Standing) -> tuple[Finding, ...]:
    """Delete what the verified draft makes needless: a copy that WeChat made late, and drafts that it replaced.

    Nothing goes that somebody has edited or that holds anything else. What WeChat keeps of the draft is recorded after
    other drafts were looked for: a push that is broken off before that is verified and looks again. Returns which
    drafts hold the same issues.
    """
    findings = _copies(job, todo, standing)
    if todo.action != "create":  # a doubtful draft was looked for at its creation and at one push more
        settled = (replace(fact, doubtful=False, at="") if fact.doubtful else fact for fact in standing.facts)
        standing = replace(standing, facts=tuple(settled))
    job.ledger.record(job.account, dict(zip(job.names, standing.facts, strict=True)))
    referred = {fact.media_id for fact in job.ledger.of_account(Draft, job.account).values()}
    for old, leftover in job.ledger.of_account(Leftover, job.account).items():
        if old not in referred:
            articles = job.client.find_draft(old) or ()
            marks = [find_mark(each.html) for each in articles]
            if any(marks) and not any(mark and mark.issue in job.keys for mark in marks):
                continue  # it holds none of the issues of this push: not its to delete, whatever the ledger says
            if articles and fingerprint([stored_fingerprint(each) for each in articles]) == leftover.stored:
                job.client.delete_draft(old)
                job.say(tr("the draft that it replaces was deleted"))
            elif articles:
                said = tr("the draft that it replaces was edited, or holds something else, and stays: {old}", old=old)
                job.say(said)
        job.ledger.record(job.account, {}, forget={old: Leftover})
    return findings


def _copies(job: Job, todo: Plan, standing: Standing) -> tuple[Finding, ...]:
    """Look for other drafts of the same issues after one was made, and while an unanswered attempt may still show.

    An attempt that WeChat carried out late is deleted if it is the very same and was made in time. Every other draft is
    somebody's: it is named.
    """
    doubtful = any(fact.doubtful for fact in standing.facts)
    before = todo.standing.facts if todo.standing else ()
    made = todo.action == "create" or any(not fact.stored and not fact.beside for fact in before)
    if not doubtful and (not made or job.new):
        return ()
    ours = [stored_fingerprint(each) for each in standing.ours]
    leaving = {standing.media_id, *todo.replaced, *job.ledger.of_account(Leftover, job.account)}
    known = {fact.media_id for fact in job.ledger.of_account(Draft, job.account).values()}
    beside = any(fact.beside for fact in standing.facts)  # then a twin may be the draft that was to stay
    findings: list[Finding] = []
    for draft in box(job):
        marks = [find_mark(each.html) for each in draft.articles]
        twin = not beside and draft.id not in known and _is_twin(draft, standing)
        if draft.id in leaving or not (twin or {mark.issue for mark in marks if mark} & set(job.keys)):
            continue
        attempt = doubtful and (twin or all(mark and mark.draft == todo.draft for mark in marks))
        same = [stored_fingerprint(each) for each in draft.articles] == ours
        if attempt and same and _in_time(draft.updated, standing):
            job.client.delete_draft(draft.id)
            job.say(tr("a second copy of the draft, which WeChat made late, was deleted"))
        elif attempt or (made and not job.new):
            said = tr("two drafts hold this issue: {one} and {other}", one=standing.media_id, other=draft.id)
            findings.append(DRAFT_TWICE.find(said, job.articles[0].issue.path))
    return tuple(findings)


def _is_twin(draft: Stored, standing: Standing) -> bool:
    """Tell whether another draft is the same 贴图, which no mark tells: the same title above the same words."""
    texts = [[text_key(each.title, each.html) for each in articles] for articles in (draft.articles, standing.ours)]
    return all(each.is_newspic for each in draft.articles) and texts[0] == texts[1]


def _in_time(updated: int, standing: Standing) -> bool:
    """Tell whether a draft was made about when ours was; a copy that an editor makes comes later."""
    try:
        made = datetime.strptime(standing.facts[0].at, "%Y-%m-%dT%H:%M:%S%z").timestamp()
    except ValueError:
        return True
    return updated <= made + LATE_SECONDS


def _stored_before(job: Job, media_id: str) -> str:
    """Fingerprint a draft as it was stored when it was pushed last."""
    facts = job.ledger.of_account(Draft, job.account).values()
    known = sorted((fact.index, fact.stored) for fact in facts if fact.media_id == media_id)
    return fingerprint([stored for _, stored in known])
