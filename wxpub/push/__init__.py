"""From issues to a draft: what to send, in which order, and what to do when it goes wrong; prints nothing.

    gather   render every page, load every picture                 nothing has been sent yet
    plan     find the draft of these issues, see what differs      WeChat is asked, nothing is changed there
    push     upload, create or update, read back, record           every effect is recorded before the next one

Whatever happens in between – the process is killed, the connection is cut, the disk is full – the next push goes on
from there: the ledger says what was about to be done, the mark in every article whether it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from wxpub.finding import Finding
from wxpub.ledger import Ledger, Upload
from wxpub.push import send
from wxpub.push.gather import Bundle, Issue, Terms, gather
from wxpub.push.job import Done, Job, Plan, Receipt, Sent, Standing, finding_json
from wxpub.push.plan import plan

__all__ = [
    "Bundle",
    "Issue",
    "Job",
    "Plan",
    "Receipt",
    "Terms",
    "account_key",
    "finding_json",
    "gather",
    "known",
    "plan",
    "push",
]

_DONE: Mapping[str, Done] = {"create": "created", "update": "updated", "nothing": "unchanged"}


def push(job: Job) -> Receipt:
    """Bring the account's draft box to what the files say, with as few calls as that takes.

    Raises SourceError, before anything is sent, if any finding is an error; WxpubError where somebody else has changed
    the draft; NetworkError, ApiError and ConfigError where a call or the ledger fails: the same push can be run again.
    """
    with job.ledger.locked(lambda: job.say("another push is at work; waiting for it")):
        todo = plan(job)
        findings: tuple[Finding, ...] = ()
        if todo.action == "nothing":
            assert todo.standing
            standing = todo.standing
            if not all(fact.stored for fact in standing.facts):  # broken off before it was read back
                standing, findings = send.verify(job, todo, standing)
        else:
            if todo.uploads:
                send.upload(job, todo.uploads)
            standing = send.create(job, todo) if todo.action == "create" else send.update(job, todo)
            standing, findings = send.verify(job, todo, standing)
        if not any(each.severity == "error" for each in findings):
            send.tidy(job, todo, standing)
        return _receipt(job, todo, standing, findings)


def known(ledger: Ledger, account: str) -> Callable[[str, str], bool]:
    """Tell `gather` which pictures the ledger has as uploaded."""
    return lambda use, key: ledger.get(Upload, account, f"{use} {key}") is not None


def account_key(appid: str, api_base: str) -> str:
    """Name an account in the ledger: by its AppID, and by the server too unless that is WeChat's own.

    So the ids and addresses of a sandbox are never sent to WeChat.
    """
    host = urlsplit(api_base).netloc
    return appid if not host or host.endswith(".weixin.qq.com") else f"{appid}@{host}"


def _receipt(job: Job, todo: Plan, standing: Standing, findings: tuple[Finding, ...]) -> Receipt:
    pictures = {each for bundle in job.bundles for each in bundle.pictures}
    return Receipt(
        action=_DONE[todo.action],
        reason=todo.reason,
        account=job.account,
        media_id=standing.media_id,
        url=str(standing.ours[0].get("url", "")) if standing.ours else "",
        articles=tuple(
            Sent(
                path=bundle.issue.article.path,
                title=bundle.page.article.title,
                index=standing.first + place,
                changed=place in todo.changed,
                characters=len(str(kept.get("content", ""))),
            )
            for place, (bundle, kept) in enumerate(zip(job.bundles, standing.ours, strict=False))
        ),
        uploaded=len(todo.uploads),
        reused=len(pictures) - len(todo.uploads),
        findings=findings,
    )
