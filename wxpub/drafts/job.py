"""The values of a push, and what each knows of itself: a `Job` and its articles, the `Plan`, the `Receipt`.

Each page is composed and finished once; its payload is the finished page with the images' addresses filled in.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Literal

from wxpub.client import Client, Json, Stored, StoredArticle
from wxpub.drafts.compare import Mark, form, issue_key, lines, put_mark, read_mark, text_key
from wxpub.errors import ApiError, ConfigError, ConflictError
from wxpub.finding import Finding
from wxpub.images import Image, Source
from wxpub.issue import Issue
from wxpub.language import tr
from wxpub.ledger import Draft, Fact, Intent, Ledger, Leftover, Upload
from wxpub.limits import COVER_RATIO, NO_SUCH_CALL, NOT_ALLOWED
from wxpub.page import Layout, Page
from wxpub.target import Placed

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

    `loaded` holds, by use and key, those to upload. Of a 贴图 the first picture is the cover, and all are of its use:
    permanent material.
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
        return (*((self.use, source.key) for source in self.sources.values()), ("cover", self.cover.key))

    @property
    def use(self) -> Use:
        """What the images of the page are used for."""
        return "cover" if self.issue.is_newspic else "body"

    def image(self, use: Use, key: str) -> Image:
        """Return an image as it is uploaded; one that the account had is converted only now."""
        sources = (*self.sources.values(), self.cover)
        src = next(source.src for source in sources if source.key == key)
        return self.loaded.get((use, key)) or self.issue.images.fit(src)

    def spot(self, use: Use, key: str) -> str:
        """Say where an image stands and what it is called, as `a.md:7: image 1.png`."""
        file = self.issue.path
        if use != self.use:
            return tr("{file}: cover {name}", file=file, name=self.cover.name)
        src, source = next(each for each in self.sources.items() if each[1].key == key)
        image = next((image for image in self.page.images if image.src == src), None)
        line = image.line if image else None
        file = self.issue.file_of(image) if image else file
        return tr("{file}:{line}: image {name}", file=file, line=line or 1, name=source.name)

    @property
    def whole(self) -> list[object]:
        """All that there is of it to send, as plain values; pictures are their keys."""
        article = self.page.article
        told = (self.issue.is_newspic, self.text, article.title, article.author, article.digest, article.source_url)
        return [self.issue.name, *told, article.open_comment, article.fans_only_comment, self.page.html, *self.images]

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

    @property
    def fingerprint(self) -> str:
        """What stands for all that this push would send, and for the account: words, form, settings and pictures."""
        return fingerprint([self.account, self.force, self.new, *(each.whole for each in self.articles)])

    def expect(self, shown: str) -> None:
        """Raise ConflictError unless `shown` is the fingerprint of this very push."""
        if shown != self.fingerprint:
            hint = tr("look at what --dry-run says now, and give the fingerprint that it prints")
            raise ConflictError(tr("this is not the push that was shown: text, pictures or account differ"), hint)

    def missing(self, place: int) -> tuple[tuple[Use, str], ...]:
        """List the images of article `place` that the ledger does not have, as (use, key)."""
        wanted = self.articles[place].images
        return tuple(each for each in wanted if self.ledger.upload(self.account, *each) is None)

    def payload(self, place: int, draft: str) -> Json:
        """Make the article that draft/add and draft/update take; every image must be in the ledger.

        `draft` is the mark's group of the draft.
        """
        ready = self.articles[place]
        if ready.issue.is_newspic:
            return self._newspic(ready, ready.page.layout)
        placed = {src: _placed(self._upload("body", source.key)) for src, source in ready.sources.items()}
        article, cover = ready.page.article, self._upload("cover", ready.cover.key)
        return {
            "article_type": "news",
            "title": article.title,
            "author": article.author,
            "digest": article.digest,
            "content": put_mark(ready.page.fill(placed), self.mark(place, draft)),
            "content_source_url": article.source_url,
            "thumb_media_id": cover.media_id,
            "pic_crop_235_1": crop(cover.width, cover.height, COVER_RATIO),
            "pic_crop_1_1": crop(cover.width, cover.height, 1),
            "need_open_comment": int(article.open_comment),
            "only_fans_can_comment": int(article.fans_only_comment),
        }

    def _newspic(self, ready: Ready, layout: Layout) -> Json:
        """Make a 贴图, which has neither author nor digest nor 阅读原文 (api_draft_add, the example of newspic)."""
        pictures = [self._upload("cover", ready.sources[image.src].key) for image in layout.images]
        cover = pictures[0]
        return {
            "article_type": "newspic",
            "title": layout.article.title,
            "content": layout.text,
            "need_open_comment": int(layout.article.open_comment),
            "only_fans_can_comment": int(layout.article.fans_only_comment),
            "image_info": {"image_list": [{"image_media_id": each.media_id} for each in pictures]},
            "cover_info": {"crop_percent_list": _crops(cover.width, cover.height)},
        }

    def mark(self, place: int, draft: str) -> Mark:
        """Make the mark that article `place` carries in the draft of the group `draft`."""
        return Mark(self.keys[place], draft, self.articles[place].text)

    def _upload(self, use: Use, key: str) -> Upload:
        found = self.ledger.upload(self.account, use, key)
        assert found, "a page is made ready to send only after its images were uploaded"
        return found


def text_of(issue: Issue) -> str:
    """Return the mark's group that stands for the issue's title and words as they are now."""
    return text_key(issue.layout.article.title, issue.page().html)


def crop(width: int, height: int, ratio: float) -> str:
    """Return the middle of a picture as WeChat's `pic_crop_…` name a part: the largest of `ratio`, in whole pixels.

    The form is `X1_Y1_X2_Y2`, from 0 to 1 with at most six decimals, from the top left (api_draft_add). Without them
    WeChat was seen to take the middle too; one account reported in 2025 that it does so with them (unverified).
    """
    if not width or not height:
        return ""  # the ledger of an earlier version may not know the size
    inner = min(width, round(height * ratio)), min(height, round(width / ratio))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    places = left / width, top / height, (left + inner[0]) / width, (top + inner[1]) / height
    return "_".join(f"{each:.6f}".rstrip("0").rstrip(".") for each in places)


def _crops(width: int, height: int) -> list[dict[str, str]]:
    """Cut the cover of a 贴图 in its middle, for every place where WeChat shows a part of it (`crop_percent_list`)."""
    names = {"1_1": 1.0, "16_9": 16 / 9, "2.35_1": COVER_RATIO}
    found = {name: crop(width, height, ratio) for name, ratio in names.items()}
    corners = ("x1", "y1", "x2", "y2")
    return [{"ratio": name, **dict(zip(corners, cut.split("_"), strict=True))} for name, cut in found.items() if cut]


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
    return fingerprint([form(article.html), *(article.fields.get(key) for key in LASTING)])


def shown(account: str, articles: Sequence[StoredArticle], expected: str = "") -> str:
    """Return the fingerprint that stands for the articles of a draft as they are now, and for the account.

    Raises ConflictError if another one is `expected`: somebody has changed what was looked at.
    """
    found = fingerprint([account, *map(stored_fingerprint, articles)])
    if expected and found != expected:
        hint = tr("look at what --dry-run says now, and give the fingerprint that it prints")
        raise ConflictError(tr("this is not the draft that was shown: its articles or the account differ"), hint)
    return found


# --- what the account and the ledger hold -----------------------------------------------------------------------------


def box(job: Job) -> tuple[Stored, ...]:
    """Read the draft box. Raises ConfigError where that is not possible: whether a draft is there is then unknown."""
    job.client.token()  # who gets none is told why, and not to push with --new
    try:
        return tuple(job.client.drafts())
    except (ApiError, ConfigError) as error:
        if isinstance(error, ApiError) and error.errcode not in (NO_SUCH_CALL, NOT_ALLOWED):
            raise
        problem = error.message
    raise ConfigError(
        tr(
            "the draft box cannot be looked through, so there may be a draft of it already ({problem})", problem=problem
        ),
        hint=tr("look on mp.weixin.qq.com → 草稿箱; if there is none, push with --new"),
    )


def record_new(job: Job, facts: Mapping[str, Draft]) -> None:
    """Record drafts that were created, in one step with all that follows.

    The intents of their issues are done, and so are those that were made for the same draft and are not in it; the
    facts of other issues in drafts that this one replaces go.
    """
    groups = {mark.draft for fact in facts.values() if (mark := read_mark(fact.mark))}
    intents = job.ledger.of_account(Intent, job.account).items()
    done = [name for name, each in intents if (mark := read_mark(each.mark)) and mark.draft in groups]
    replaced = job.ledger.of_account(Leftover, job.account)
    drafts = job.ledger.of_account(Draft, job.account).items()
    forget: dict[str, type[Fact]] = {n: Draft for n, draft in drafts if draft.media_id in replaced and n not in facts}
    job.ledger.record(job.account, dict(facts), forget, done=(*done, *facts))


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
