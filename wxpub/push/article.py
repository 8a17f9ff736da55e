"""One article as the API takes it, and its fingerprints; sends nothing."""

from __future__ import annotations

import json
from hashlib import sha256

from wxpub.article import Article
from wxpub.client import Json
from wxpub.ledger import Upload
from wxpub.page import Picture, render
from wxpub.push import mark as marks
from wxpub.push.compare import form, text_key
from wxpub.push.job import Job
from wxpub.push.mark import Mark

# What an editor can change beside the content; times and temporary addresses change by themselves.
_LASTING = (
    "title",
    "author",
    "digest",
    "content_source_url",
    "thumb_media_id",
    "need_open_comment",
    "only_fans_can_comment",
)


def payload(job: Job, place: int, draft: str) -> Json:
    """Make the article that draft/add and draft/update take, with its pictures at WeChat and its mark.

    Every picture must be in the ledger. `draft` is the mark's group of the draft.
    """
    bundle = job.bundles[place]
    pictures = {src: _picture(_upload(job, f"body {source.key}")) for src, source in bundle.sources.items()}
    issue = bundle.issue
    page = render(issue.article, issue.theme, published=issue.published, pictures=pictures)
    mark = Mark(marks.issue_key(job.names[place]), draft, text_key(page.article.title, page.html))
    return _fields(page.article, marks.put(page.html, mark), _upload(job, f"cover {bundle.cover.key}").media_id)


def _upload(job: Job, name: str) -> Upload:
    upload = job.ledger.get(Upload, job.account, name)
    assert upload, "a page is made ready to send only after its pictures were uploaded"
    return upload


def _picture(upload: Upload) -> Picture:
    """Write the address with https, as WeChat itself does when it stores an article."""
    url = upload.url
    return Picture(
        "https://" + url.removeprefix("http://") if url.startswith("http://") else url, upload.width, upload.height
    )


def _fields(article: Article, content: str, cover: str) -> Json:
    return {
        "article_type": "news",
        "title": article.title,
        "author": article.author,
        "digest": article.digest,
        "content": content,
        "content_source_url": article.source_url,
        "thumb_media_id": cover,
        "need_open_comment": int(article.open_comment),
        "only_fans_can_comment": int(article.fans_only_comment),
    }


def fingerprint(value: object) -> str:
    """Give 24 hexadecimal digits that are the same for equal plain values."""
    return sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:24]


def stored_fingerprint(article: Json) -> str:
    """Fingerprint an article as WeChat keeps it."""
    return fingerprint([form(str(article.get("content", ""))), *(article.get(key) for key in _LASTING)])
