"""Rules on what surrounds an article: title, author, digest, 阅读原文 and cover; an `Article` in, findings out."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from urllib.parse import urlsplit

from wxpub.article import Article
from wxpub.errors import SourceError
from wxpub.finding import Finding, Rule
from wxpub.images import Store, remote
from wxpub.images import cover as covers
from wxpub.images.cover import Cover
from wxpub.language import gettext, tr
from wxpub.limits import (
    AUTHOR_CHARS,
    COVER_PIXELS,
    DIGEST_CHARS,
    DIGEST_DEFAULT_CHARS,
    SOURCE_URL_BYTES,
    TITLE_CHARS,
    TITLE_CHARS_DOCUMENTED,
)

# A cover whose sides differ more than this from 2.35:1 loses something that a reader would miss.
_RATIO_TOLERANCE = 0.15

TITLE_MISSING = Rule(
    "title-missing",
    "error",
    "an article has no title",
    'add a "# heading" or "title:" in the front matter',
    "metadata",
    reader="nothing: WeChat takes no article without a title (40227)",
)
TITLE_LONG = Rule(
    "title-long",
    "warning",
    f"WeChat documents {TITLE_CHARS_DOCUMENTED} characters for a title",
    "shorten it",
    "metadata",
    reader="the title, cut off with … in lists of articles",
)
TITLE_LENGTH = Rule(
    "title-length",
    "error",
    f"WeChat refuses titles over {TITLE_CHARS} characters (45003)",
    "shorten it",
    "metadata",
    reader="nothing: the push is refused",
)
AUTHOR_MISSING = Rule(
    "author-missing",
    "info",
    "no author is shown",
    "set author in the front matter or in wxpub.toml",
    "metadata",
    reader="the account's name alone under the title",
)
AUTHOR_LONG = Rule(
    "author-long",
    "warning",
    "the web editor takes eight Chinese characters (or sixteen others) for an author",
    "shorten it",
    "metadata",
    reader="the name, cut off where the editor saves the article again",
)
AUTHOR_LENGTH = Rule(
    "author-length",
    "error",
    f"WeChat refuses authors over {AUTHOR_CHARS} characters (45110)",
    "shorten it",
    "metadata",
    reader="nothing: the push is refused",
)
DIGEST_MISSING = Rule(
    "digest-missing",
    "info",
    f"without a digest WeChat shows the first {DIGEST_DEFAULT_CHARS} characters of the text",
    'write a "> 导读：…" quote, or set digest in the front matter',
    "metadata",
    reader="the first words of the text under the title where the article is forwarded",
)
DIGEST_LENGTH = Rule(
    "digest-length",
    "error",
    f"WeChat refuses digests over {DIGEST_CHARS} characters (45004)",
    "shorten it",
    "metadata",
    reader="nothing: the push is refused",
)
SOURCE_URL_LENGTH = Rule(
    "source-url-length",
    "error",
    f"WeChat refuses a source_url over {SOURCE_URL_BYTES:,} bytes (45005)",
    "shorten it",
    "metadata",
    reader="nothing: the push is refused",
)
SOURCE_URL_INVALID = Rule(
    "source-url-invalid",
    "error",
    "WeChat refuses a source_url that is not a web address (41039)",
    "give a full https:// address",
    "metadata",
    reader="nothing: the push is refused",
)
COVER_MISSING = Rule(
    "cover-missing",
    "error",
    "the cover cannot be read, or not be drawn",
    "name a picture in the front matter",
    "metadata",
    reader="nothing: no draft is made without a cover",
)
COVER_RATIO = Rule(
    "cover-ratio",
    "warning",
    "WeChat cuts a cover to 2.35:1",
    "use {} × {} px".format(*COVER_PIXELS),
    "metadata",
    reader="a cover that lacks what stood at its edges",
)
COVER_SMALL = Rule(
    "cover-small",
    "warning",
    "a small cover looks blurred",
    "use {} × {} px or larger".format(*COVER_PIXELS),
    "metadata",
    reader="a blurred cover in the list of messages",
)
COMMENTS_CLOSED = Rule(
    "comments-closed",
    "warning",
    "fans_only_comment says nothing while comments are closed",
    "set open_comment: true too",
    "metadata",
    reader="no comments at all",
)


def check_title(article: Article, store: Store) -> list[Finding]:
    if not article.title:
        return [TITLE_MISSING.find(tr("no title"), article.path, 1)]
    length = len(article.title)
    if length > TITLE_CHARS:
        message = tr("the title has {n} characters; {most} are the most", n=length, most=TITLE_CHARS)
        return [TITLE_LENGTH.find(message, article.path, 1)]
    if length > TITLE_CHARS_DOCUMENTED and not article.title.endswith("…"):  # one shortened by us says so elsewhere
        message = tr(
            "the title has {n} characters; WeChat documents {documented}, and took {most}",
            n=length, documented=TITLE_CHARS_DOCUMENTED, most=TITLE_CHARS,
        )  # fmt: skip
        return [TITLE_LONG.find(message, article.path, 1)]
    return []


def check_author(article: Article, store: Store) -> list[Finding]:
    if not article.author:
        return [AUTHOR_MISSING.find(tr("no author"), article.path, 1)]
    if (length := len(article.author)) > AUTHOR_CHARS:
        message = tr("the author has {n} characters; {most} are the most", n=length, most=AUTHOR_CHARS)
        return [AUTHOR_LENGTH.find(message, article.path, 1)]
    width = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in article.author)
    if width > 16:
        why = gettext(AUTHOR_LONG.message)
        message = tr("the author “{author}” is long: {why}", author=article.author, why=why)
        return [AUTHOR_LONG.find(message, article.path, 1)]
    return []


def check_digest(article: Article, store: Store) -> list[Finding]:
    if not article.digest:
        return [DIGEST_MISSING.find(path=article.path, line=1)]
    if (length := len(article.digest)) > DIGEST_CHARS:
        message = tr("the digest has {n} characters; {most} are the most", n=length, most=DIGEST_CHARS)
        return [DIGEST_LENGTH.find(message, article.path, 1)]
    return []


def check_source_url(article: Article, store: Store) -> list[Finding]:
    url = article.source_url
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, url))
    except ValueError:
        sound = False
    if url and not sound:
        message = tr("source_url “{url}” is not a web address", url=url[:60])
        return [SOURCE_URL_INVALID.find(message, article.path, 1)]
    if (size := len(url.encode())) > SOURCE_URL_BYTES:
        message = tr("source_url has {n:,} bytes; {most:,} are the most", n=size, most=SOURCE_URL_BYTES)
        return [SOURCE_URL_LENGTH.find(message, article.path, 1)]
    return []


def check_cover(article: Article, store: Store) -> list[Finding]:
    """Look at a cover's pixels; one on the web is not fetched, and a drawing has none."""
    if not article.cover or article.cover.startswith(("http:", "https:", "//")) or article.cover.endswith(".svg"):
        return []
    try:
        store.read(article.cover)
    except SourceError as error:
        return [COVER_MISSING.find(tr("cover: {reason}", reason=error.message), article.path, 1, fix=error.hint)]
    size = store.size(article.cover)
    if size is None:
        message = tr("cover {image} is not an image that can be read", image=article.cover)
        return [COVER_MISSING.find(message, article.path, 1)]
    return _size(article, *size)


def check_drawn(wanted: Cover, path: Path, store: Store) -> list[Finding]:
    """Look whether a cover can be drawn as it is asked for; images on the web are not fetched."""
    try:
        covers.check(wanted)
        for each in (wanted.picture, wanted.logo):
            if each and not remote(each):
                store.read(each)
    except SourceError as error:
        return [COVER_MISSING.find(tr("cover: {reason}", reason=error.message), path, 1, fix=error.hint)]
    return []


def _size(article: Article, width: int, height: int) -> list[Finding]:
    wanted_width, wanted_height = COVER_PIXELS
    found = []
    ratio, wanted = width / height, wanted_width / wanted_height
    if abs(ratio - wanted) / wanted > _RATIO_TOLERANCE:
        lost = 1 - min(ratio, wanted) / max(ratio, wanted)
        message = tr(
            "the cover is {width} × {height} px; WeChat cuts {lost:.0%} of it off left and right",
            width=width,
            height=height,
            lost=lost,
        )
        if ratio < wanted:
            message = tr(
                "the cover is {width} × {height} px; WeChat cuts {lost:.0%} of it off above and below",
                width=width,
                height=height,
                lost=lost,
            )
        found.append(COVER_RATIO.find(message, article.path, 1))
    if width < wanted_width or height < wanted_height:
        message = tr("the cover is only {width} × {height} px", width=width, height=height)
        found.append(COVER_SMALL.find(message, article.path, 1))
    return found


def check_comments(article: Article, store: Store) -> list[Finding]:
    if article.fans_only_comment and not article.open_comment:
        return [COMMENTS_CLOSED.find(path=article.path, line=1)]
    return []


CHECKS = (check_title, check_author, check_digest, check_source_url, check_cover, check_comments)
OF_NEWSPIC = (check_title, check_comments)  # which has no author, no digest, no 阅读原文, and no cover of its own
RULES = (
    TITLE_MISSING,
    TITLE_LONG,
    TITLE_LENGTH,
    AUTHOR_MISSING,
    AUTHOR_LONG,
    AUTHOR_LENGTH,
    DIGEST_MISSING,
    DIGEST_LENGTH,
    SOURCE_URL_LENGTH,
    SOURCE_URL_INVALID,
    COVER_MISSING,
    COVER_RATIO,
    COVER_SMALL,
    COMMENTS_CLOSED,
)


def check_metadata(article: Article, store: Store) -> list[Finding]:
    """Check everything about `article` that is not its text; `store` has its images."""
    return [finding for check in CHECKS for finding in check(article, store)]


def check_newspic(article: Article, store: Store) -> list[Finding]:
    """Check what a 贴图 has beside its text and its pictures."""
    return [finding for check in OF_NEWSPIC for finding in check(article, store)]
