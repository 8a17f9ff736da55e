"""Everything that a push needs, made ready before anything is sent: issues in, a `Job` out, all that is wrong in it.

Whatever is wrong with any page or image is found here, all of it at once, while nothing has been done yet. Each page is
composed and finished once; its payload is the finished page with the images' addresses filled in.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Literal

from wxpub import checks, images
from wxpub.checks.source import READ_MORE_MISSING
from wxpub.client import Client, Json, StoredArticle
from wxpub.drafts.compare import Mark, form, issue_key, lines, put_mark, text_key
from wxpub.errors import NetworkError, SourceError
from wxpub.finding import Finding, Rule
from wxpub.images import Image, Source
from wxpub.issue import IMAGE_MISSING, Issue
from wxpub.ledger import Draft, Ledger, Upload
from wxpub.page import ImageRef, Page
from wxpub.target import Placed
from wxpub.wechat import Account

IMAGE = Rule("image", "error", "an image cannot be sent as it is", "do what the message says", "push")
IMAGE_CHANGED = Rule("image-changed", "warning", "an image loses something on its way", "replace it", "push")
IMAGE_SKIPPED = Rule(
    "image-skipped",
    "warning",
    "an image on the web that cannot be reached is replaced by a grey box",
    "push again when it can be reached",
    "push",
)
COVER = Rule("cover", "error", "the cover cannot be sent as it is", "do what the message says", "push")
COVER_CHANGED = Rule("cover-changed", "warning", "the cover loses something on its way", "replace it", "push")
COVER_PLAIN = Rule(
    "cover-plain",
    "warning",
    "the cover that is drawn carries no title, for want of a Chinese font",
    "install one, for example fonts-noto-cjk",
    "push",
)
REHEARSED = Rule(
    "read-more-rehearsal",
    "warning",
    "the text sends readers to 阅读原文, and there is none; a push to a real account stops here",
    READ_MORE_MISSING.fix,
    "push",
)

Done = Literal["created", "updated", "unchanged", "published", "failed"]
Use = Literal["body", "cover"]

# What an editor can change beside the content; times and temporary addresses change by themselves.
LASTING = (
    "title",
    "author",
    "digest",
    "content_source_url",
    "thumb_media_id",
    "need_open_comment",
    "only_fans_can_comment",
)


@dataclass(frozen=True)
class Ready:
    """An issue that is ready to go: `sources` are the images of its page by their `src`, the cover apart.

    `loaded` holds, by use and key, those to upload.
    """

    issue: Issue
    page: Page
    sources: Mapping[str, Source]
    cover: Source
    loaded: Mapping[tuple[Use, str], Image]
    findings: tuple[Finding, ...]

    @property
    def images(self) -> tuple[tuple[Use, str], ...]:
        """List every image as (use, key)."""
        return (*(("body", source.key) for source in self.sources.values()), ("cover", self.cover.key))

    def image(self, use: Use, key: str) -> Image:
        """Return an image as it is uploaded; one that the account had is converted only now."""
        sources = (*self.sources.values(), self.cover)
        src = next(source.src for source in sources if source.key == key)
        return self.loaded.get((use, key)) or self.issue.images.fit(src)

    @cached_property
    def text(self) -> str:
        """The mark's group for title and words, which no image's address changes."""
        return text_of(self.issue)

    @cached_property
    def lines(self) -> list[str]:
        """The lines that a reader sees, title first."""
        return [self.page.article.title, *lines(self.page.html)]


@dataclass(frozen=True)
class Job:
    """One push: issues made ready, in the order of the draft, and where they go; `account` is its name in the ledger.

    `force` overwrites what was changed in the web editor, `new` makes a draft beside the old one. `say` is told what
    happens, `tick` how many of how many images are uploaded, `pause` waits a number of seconds.
    """

    articles: tuple[Ready, ...]
    client: Client
    ledger: Ledger
    account: str
    force: bool = False
    new: bool = False
    say: Callable[[str], None] = lambda text: None
    tick: Callable[[int, int], None] = lambda done, of: None
    pause: Callable[[float], None] = time.sleep

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The issues' names in the ledger."""
        return tuple(each.issue.name for each in self.articles)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The marks' groups that stand for the issues."""
        return tuple(issue_key(each.issue.name, each.issue.settings.project) for each in self.articles)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What there is to know about all issues; one error stops the push."""
        return tuple(finding for each in self.articles for finding in each.findings)

    def missing(self, place: int) -> tuple[tuple[Use, str], ...]:
        """List the images of article `place` that the ledger does not have, as (use, key)."""
        wanted = self.articles[place].images
        return tuple(each for each in wanted if self.ledger.upload(self.account, *each) is None)

    def payload(self, place: int, draft: str) -> Json:
        """Make the article that draft/add and draft/update take; every image must be in the ledger.

        `draft` is the mark's group of the draft.
        """
        ready = self.articles[place]
        placed = {src: _placed(self._upload("body", source.key)) for src, source in ready.sources.items()}
        article = ready.page.article
        return {
            "article_type": "news",
            "title": article.title,
            "author": article.author,
            "digest": article.digest,
            "content": put_mark(ready.page.fill(placed), self.mark(place, draft)),
            "content_source_url": article.source_url,
            "thumb_media_id": self._upload("cover", ready.cover.key).media_id,
            "need_open_comment": int(article.open_comment),
            "only_fans_can_comment": int(article.fans_only_comment),
        }

    def mark(self, place: int, draft: str) -> Mark:
        """Make the mark that article `place` carries in the draft of the group `draft`."""
        return Mark(self.keys[place], draft, self.articles[place].text)

    def _upload(self, use: Use, key: str) -> Upload:
        found = self.ledger.upload(self.account, use, key)
        assert found, "a page is made ready to send only after its images were uploaded"
        return found


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
    own = [image for image in page.images if not images.hosted(image.src)]
    issue.images.prepare((image.src for image in own), partial(terms.known, "body"))
    body = [_body(image, issue, terms) for image in own]
    cover = _cover(issue, terms)
    loaded: dict[tuple[Use, str], Image] = {
        ("body", each.source.key): each.image for each in body if each.source and each.image
    }
    if cover.source and cover.image:
        loaded["cover", cover.source.key] = cover.image
    return Ready(
        issue,
        page,
        {image.src: each.source for image, each in zip(own, body, strict=True) if each.source},
        cover.source or Source("", "cover", b"", ""),
        loaded,
        (*_checked(issue, terms), *(each.finding for each in (*body, cover) if each.finding)),
    )


def _checked(issue: Issue, terms: _Terms) -> Iterator[Finding]:
    """Check the page, but for its images: those are loaded here, which says more."""
    for each in checks.check(issue):
        if each.rule == READ_MORE_MISSING.id and terms.rehearsal:
            yield REHEARSED.find(path=each.path, line=each.line)
        elif each.rule != IMAGE_MISSING.id:
            yield each


def _body(image: ImageRef, issue: Issue, terms: _Terms) -> _Loaded:
    """Load an image of the text."""
    path = issue.path
    try:
        source = issue.images.read(image.src)
        fitted = None if terms.known("body", source) else issue.images.fit(image.src)
    except SourceError as error:
        return _Loaded(finding=IMAGE.find(error.message, path, image.line, fix=error.hint))
    except NetworkError as error:
        if not terms.skip_unreachable:
            fix = f"{error.hint or 'try again later'}; --skip-unreachable pushes without it"
            return _Loaded(finding=IMAGE.find(error.message, path, image.line, fix=fix))
        fix = "a grey box takes its place; push again when it can be reached"
        source = issue.images.stand_in(image.src)
        finding = IMAGE_SKIPPED.find(error.message, path, image.line, fix=fix)
        return _Loaded(source, issue.images.fit(image.src), finding)
    if fitted is None or not fitted.remark:
        return _Loaded(source, fitted)
    said = f"image {source.name}: {fitted.remark}"
    return _Loaded(source, fitted, IMAGE_CHANGED.find(said, path, image.line, fix=""))


def _cover(issue: Issue, terms: _Terms) -> _Loaded:
    """Load the cover that the author named, else draw one from the title."""
    article, path = issue.layout.article, issue.path
    try:
        if article.cover:
            source = issue.images.read(article.cover)
        else:
            source = issue.images.cover(article.title, issue.cover_colours)
        if terms.known("cover", source):
            return _Loaded(source)
        fitted = issue.images.fit(source.src)
    except (SourceError, NetworkError) as error:
        return _Loaded(finding=COVER.find(f"cover: {error.message}", path, 1, fix=error.hint))
    rule = COVER_CHANGED if article.cover else COVER_PLAIN
    return _Loaded(source, fitted, rule.find(fitted.remark, path) if fitted.remark else None)


def text_of(issue: Issue) -> str:
    """Return the mark's group that stands for the issue's title and words as they are now."""
    return text_key(issue.layout.article.title, issue.page().html)


def _placed(upload: Upload) -> Placed:
    """Write the address with https, as WeChat itself does when it stores an article."""
    return Placed(secure(upload.url), upload.width, upload.height)


def secure(url: str) -> str:
    """Write an address of WeChat's with https."""
    return "https://" + url.removeprefix("http://") if url.startswith("http://") else url


def fingerprint(value: object) -> str:
    """Return 24 hexadecimal digits that are the same for equal plain values."""
    return sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:24]


def stored_fingerprint(article: StoredArticle) -> str:
    """Fingerprint an article as WeChat keeps it."""
    return fingerprint([form(article.content), *(article.fields.get(key) for key in LASTING)])


# --- what is found, done and told -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """A draft that holds the issues: what we know of each, and its articles as WeChat keeps them.

    A fact's `index` is the place of its article, found by its mark. `adopted`: the ledger did not know the draft.
    """

    media_id: str
    facts: tuple[Draft, ...]
    articles: tuple[StoredArticle, ...] = ()
    adopted: bool = False

    @property
    def ours(self) -> tuple[StoredArticle, ...]:
        """The articles that this push is about, in the order of its issues; fewer where the draft has fewer."""
        return tuple(self.articles[fact.index] for fact in self.facts if fact.index < len(self.articles))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a push would do: `action` and why.

    `uploads` are the images that WeChat lacks, as (use, key); `changed` the places of the articles to send; `draft` the
    group of their marks that stands for the draft; `replaced` the drafts whose place a new one takes.
    """

    action: Literal["create", "update", "nothing", "published"]
    reason: str
    standing: Standing | None
    uploads: tuple[tuple[Use, str], ...]
    changed: tuple[int, ...]
    draft: str
    replaced: tuple[str, ...] = ()
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """One article of a receipt; `index` is its place in the draft, from 0."""

    path: Path
    title: str
    index: int
    changed: bool
    characters: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a push did. `url` is WeChat's own temporary link to the draft ("" if it gave none)."""

    action: Done
    reason: str
    account: str
    media_id: str
    url: str
    articles: tuple[Sent, ...]
    uploaded: int
    reused: int
    findings: tuple[Finding, ...]

    def to_json(self) -> Json:
        """Return the receipt as plain values."""
        return {
            **{name: getattr(self, name) for name in ("action", "reason", "account", "media_id", "url")},
            "articles": [{**asdict(each), "path": str(each.path)} for each in self.articles],
            "images": {"uploaded": self.uploaded, "reused": self.reused},
            "findings": [each.to_json() for each in self.findings],
        }
