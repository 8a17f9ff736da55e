"""From issues to a draft: what to send, in which order, and what to do when it goes wrong; prints nothing.

    prepare  lay out every issue, load every image                 nothing has been sent yet
    plan     find the draft of these issues, see what differs      WeChat is asked, nothing is changed there
    push     upload, create or update, read back, record           every effect is recorded before the next one

Whatever happens in between – the process is killed, the connection is cut, the disk is full – the next push goes on
from there: the ledger says what was about to be done, the mark in every article whether it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from wxpub import checks, images
from wxpub.checks.metadata import COVER_MISSING
from wxpub.checks.source import READ_MORE_MISSING
from wxpub.drafts import send
from wxpub.drafts.job import Done, Job, Plan, Ready, Receipt, Sent, Standing, Use, text_of
from wxpub.drafts.plan import plan
from wxpub.errors import NetworkError, SourceError
from wxpub.finding import Finding, Rule
from wxpub.images import Image, Source
from wxpub.images.draw import FONT_PACKAGES
from wxpub.issue import IMAGE_MISSING, Issue
from wxpub.language import tr
from wxpub.ledger import Ledger
from wxpub.page import ImageRef
from wxpub.wechat import Account

__all__ = ["RULES", "Job", "Plan", "Ready", "Receipt", "plan", "prepare", "push", "text_of"]

IMAGE = Rule(
    "image",
    "error",
    "an image cannot be sent as it is",
    "do what the message says",
    "push",
    reader="nothing: the push stops before anything is sent",
)
IMAGE_CHANGED = Rule(
    "image-changed",
    "warning",
    "an image loses something on its way",
    "replace it",
    "push",
    reader="the image without what the finding names",
)
IMAGE_SKIPPED = Rule(
    "image-skipped",
    "warning",
    "an image on the web that cannot be reached is replaced by a grey box",
    "push again when it can be reached",
    "push",
    reader="a grey box where the image should be",
)
COVER = Rule(
    "cover",
    "error",
    "the cover cannot be sent as it is",
    "do what the message says",
    "push",
    reader="nothing: the push stops before anything is sent",
)
COVER_CHANGED = Rule(
    "cover-changed",
    "warning",
    "the cover loses something on its way",
    "replace it",
    "push",
    reader="the cover without what the finding names",
)
COVER_PLAIN = Rule(
    "cover-plain",
    "warning",
    "the cover that is drawn lacks its Chinese words, for want of a Chinese font",
    FONT_PACKAGES,
    "push",
    reader="a cover with number and date but without the title in the list of messages",
)
REHEARSED = Rule(
    "read-more-rehearsal",
    "warning",
    "the text sends readers to 阅读原文, and there is none; a push to a real account stops here",
    READ_MORE_MISSING.fix,
    "push",
    reader="nothing yet: this account is a rehearsal",
)
RULES: tuple[Rule, ...] = (
    IMAGE,
    IMAGE_CHANGED,
    IMAGE_SKIPPED,
    COVER,
    COVER_CHANGED,
    COVER_PLAIN,
    REHEARSED,
    send.STORED,
    send.STORED_SHORT,
    send.STORED_OTHER,
    send.MARK_LOST,
    send.DRAFT_TWICE,
)
_DONE: Mapping[str, Done] = {"create": "created", "update": "updated", "nothing": "unchanged", "published": "published"}


# --- making ready: whatever is wrong is found here, all at once, while nothing has been sent --------------------------


def prepare(
    account: Account,
    issues: Sequence[Issue],
    *,
    keep: bool = True,
    skip_unreachable: bool = False,
    pause: Callable[[float], None] = time.sleep,
    say: Callable[[str], None] = lambda text: None,
) -> Job:
    """Lay out and check every issue, and load every image of it; sends nothing.

    Without `keep` the ledger is not written. With `skip_unreachable`, and in a rehearsal, an image on the web that
    cannot be reached is replaced by a grey one. What is wrong is among the job's findings.
    """
    ledger = account.ledger(keep=keep)
    terms = _Terms(ledger, account.key, skip_unreachable or account.rehearsal, account.rehearsal)
    linked = [issue.to_send(ledger.permalinks(issue.settings.root)) for issue in issues]
    return Job(tuple(_ready(each, terms) for each in linked), account.client, ledger, account.key, pause=pause, say=say)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the ledger knows, and what may be left out."""

    ledger: Ledger
    account: str
    skip_unreachable: bool
    rehearsal: bool

    def known(self, use: Use, source: Source) -> bool:
        """Whether the account has the image already, so that it need not be converted."""
        return self.ledger.upload(self.account, use, source.key) is not None


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What became of one image: its source, its bytes if they have to be uploaded, and what there is to say."""

    source: Source | None = None
    image: Image | None = None
    finding: Finding | None = None


def _ready(issue: Issue, terms: _Terms) -> Ready:
    page = issue.page()
    # What WeChat serves already stays where it is, in an article; a 贴图 names pictures of this account's material.
    own = [image for image in page.images if issue.is_newspic or not images.hosted(image.src)]
    use: Use = "cover" if issue.is_newspic else "body"
    issue.images.prepare((image.src for image in own), partial(terms.known, use))
    body = [_body(image, issue, terms, use) for image in own]
    cover = _cover(issue, terms) if not issue.is_newspic else next(iter(body), _Loaded())
    loaded: dict[tuple[Use, str], Image] = {
        (use, each.source.key): each.image for each in body if each.source and each.image
    }
    if cover.source and cover.image:
        loaded["cover", cover.source.key] = cover.image
    return Ready(
        issue,
        page,
        {image.src: each.source for image, each in zip(own, body, strict=True) if each.source},
        cover.source or Source("", "cover", b"", ""),
        loaded,
        (*_checked(issue, terms), *dict.fromkeys(each.finding for each in (*body, cover) if each.finding)),
    )


def _checked(issue: Issue, terms: _Terms) -> Iterator[Finding]:
    """Check the page, but for its images and its cover: those are loaded here, which says more."""
    for each in checks.check(issue):
        if each.rule == READ_MORE_MISSING.id and terms.rehearsal:
            yield REHEARSED.find(path=each.path, line=each.line)
        elif each.rule not in (IMAGE_MISSING.id, COVER_MISSING.id):
            yield each


def _body(image: ImageRef, issue: Issue, terms: _Terms, use: Use) -> _Loaded:
    """Load an image of the page."""
    path = issue.file_of(image)
    try:
        source = issue.images.read(image.src)
        fitted = None if terms.known(use, source) else issue.images.fit(image.src)
    except SourceError as error:
        return _Loaded(finding=IMAGE.find(error.message, path, image.line, fix=error.hint))
    except NetworkError as error:
        if not terms.skip_unreachable:
            fix = tr("{hint}; --skip-unreachable pushes without it", hint=error.hint or tr("try again later"))
            return _Loaded(finding=IMAGE.find(error.message, path, image.line, fix=fix))
        fix = tr("a grey box takes its place; push again when it can be reached")
        source = issue.images.stand_in(image.src)
        finding = IMAGE_SKIPPED.find(error.message, path, image.line, fix=fix)
        return _Loaded(source, issue.images.fit(image.src), finding)
    if fitted is None or not fitted.remark:
        return _Loaded(source, fitted)
    said = tr("image {name}: {remark}", name=source.name, remark=fitted.remark)
    return _Loaded(source, fitted, IMAGE_CHANGED.find(said, path, image.line, fix=""))


def _cover(issue: Issue, terms: _Terms) -> _Loaded:
    """Load the cover that the author named, else draw one from the title."""
    article, path = issue.layout.article, issue.path
    try:
        source = issue.images.read(article.cover or issue.images.cover(issue.cover))
        if terms.known("cover", source):
            return _Loaded(source)
        fitted = issue.images.fit(source.src)
    except (SourceError, NetworkError) as error:
        return _Loaded(finding=COVER.find(tr("cover: {problem}", problem=error.message), path, 1, fix=error.hint))
    rule = COVER_CHANGED if article.cover else COVER_PLAIN
    return _Loaded(source, fitted, rule.find(fitted.remark, path) if fitted.remark else None)


# --- carrying out -----------------------------------------------------------------------------------------------------


def push(job: Job) -> Receipt:
    """Bring the account's draft box to what the files say, with as few calls as that takes.

    Raises SourceError, before anything is sent, if any finding is an error; ConflictError where somebody else has
    changed the draft; NetworkError, ApiError and ConfigError where a call or the ledger fails: the same push can be
    run again.
    """
    with job.ledger.locked(lambda: job.say(tr("another push is at work; waiting for it"))):
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
