"""From issues to a draft: what to send, in which order, and what to do when it goes wrong; prints nothing.

    prepare  lay out every issue, load every image                 nothing has been sent yet
    plan     find the draft of these issues, see what differs      WeChat is asked, nothing is changed there
    push     upload, create or update, read back, record           every effect is recorded before the next one

Whatever happens in between – the process is killed, the connection is cut, the disk is full – the next push goes on
from there: the ledger says what was about to be done, the mark in every article whether it was.
"""

from __future__ import annotations

from collections.abc import Mapping

from wxpub.drafts import job as _job
from wxpub.drafts import send
from wxpub.drafts.job import Done, Job, Plan, Ready, Receipt, Sent, Standing, prepare, text_of
from wxpub.drafts.plan import plan
from wxpub.finding import Finding, Rule

__all__ = ["RULES", "Job", "Plan", "Ready", "Receipt", "plan", "prepare", "push", "text_of"]

RULES: tuple[Rule, ...] = (
    _job.IMAGE,
    _job.IMAGE_CHANGED,
    _job.IMAGE_SKIPPED,
    _job.COVER,
    _job.COVER_CHANGED,
    _job.COVER_PLAIN,
    _job.REHEARSED,
    send.STORED,
    send.STORED_SHORT,
    send.STORED_OTHER,
    send.MARK_LOST,
    send.DRAFT_TWICE,
)
_DONE: Mapping[str, Done] = {"create": "created", "update": "updated", "nothing": "unchanged", "published": "published"}


def push(job: Job) -> Receipt:
    """Bring the account's draft box to what the files say, with as few calls as that takes.

    Raises SourceError, before anything is sent, if any finding is an error; ConflictError where somebody else has
    changed the draft; NetworkError, ApiError and ConfigError where a call or the ledger fails: the same push can be
    run again.
    """
    with job.ledger.locked(lambda: job.say("another push is at work; waiting for it")):
        todo = plan(job)
        if todo.action == "published":
            return _receipt(job, todo, Standing("", ()), ())
        standing, findings = _carry_out(job, todo)
        if not any(each.severity == "error" for each in findings):
            findings += send.tidy(job, todo, standing)
        return _receipt(job, todo, standing, findings)


def _carry_out(job: Job, todo: Plan) -> tuple[Standing, tuple[Finding, ...]]:
    if todo.action == "nothing":
        assert todo.standing
        if all(fact.stored for fact in todo.standing.facts):
            return todo.standing, ()
        return send.verify(job, todo, todo.standing)  # broken off before it was read back
    if todo.uploads:
        send.upload(job, todo.uploads)
    return send.verify(job, todo, send.create(job, todo) if todo.action == "create" else send.update(job, todo))


def _receipt(job: Job, todo: Plan, standing: Standing, findings: tuple[Finding, ...]) -> Receipt:
    images = {each for ready in job.articles for each in ready.images}
    failed = any(each.severity == "error" for each in findings)
    return Receipt(
        action="failed" if failed else _DONE[todo.action],
        reason=todo.reason,
        account=job.account,
        media_id=standing.media_id,
        url=standing.ours[0].url if standing.ours else todo.reason if todo.action == "published" else "",
        articles=tuple(
            Sent(
                path=ready.issue.path,
                title=ready.page.article.title,
                index=fact.index,
                changed=place in todo.changed,
                characters=len(kept.content),
            )
            for place, (ready, fact, kept) in enumerate(zip(job.articles, standing.facts, standing.ours, strict=False))
        ),
        uploaded=len(todo.uploads),
        reused=len(images) - len(todo.uploads),
        findings=findings,
    )
