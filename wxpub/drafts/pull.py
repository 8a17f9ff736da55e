"""What was edited in a draft comes back into the Markdown: a job and WeChat's draft in, the changed file out.

    pull    find the draft and the text that was pushed, trace each edit back; nothing is written
    keep    write the file, and let the ledger know what was pulled

The base of the comparison is the very text that was pushed: the file, if its words have not changed since, else one of
its versions in Git, whose changes are then merged into the file as it is now. The ledger takes the draft for its own
only if nothing was left behind: so a push afterwards overwrites what was pulled and nothing else.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from wxpub import article, blocks, conform, safe
from wxpub.client import StoredArticle
from wxpub.drafts.compare import Mark, read_mark, text_key
from wxpub.drafts.job import Job, Ready, Standing, stored_fingerprint, text_of
from wxpub.drafts.plan import locate, says, versions
from wxpub.drafts.trace import Left, Line, read, trace
from wxpub.errors import ConflictError, SourceError, WxpubError, reason_of
from wxpub.finding import Finding, Rule, shorten
from wxpub.issue import Issue
from wxpub.language import tr
from wxpub.ledger import NEWSPIC, Draft
from wxpub.target import API, Placed

PULL_LEFT = Rule(
    "pull-left",
    "warning",
    "a change that was made in the draft has no place in the Markdown",
    "take it over by hand, or let `wxpub push --force` overwrite it",
    "push",
    reader="what was changed in the web editor, until the next push with --force",
)
RULES = (PULL_LEFT,)
_QUOTED = 30  # characters of the draft's words in a message


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull found: the file's text `before` and `after`, and what is `left`; nothing is written yet.

    `standing` is the draft that was compared.
    """

    path: Path
    before: str
    after: str
    left: tuple[Finding, ...]
    standing: Standing
    mark: str

    @property
    def diff(self) -> str:
        """The change of the file as a unified diff, "" for none."""
        name = self.path.name
        lines = difflib.unified_diff(_lines(self.before), _lines(self.after), f"a/{name}", f"b/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def pull(job: Job) -> Pulled:
    """Trace what was edited in the draft of the one issue of `job` back into its file. Changes nothing anywhere.

    Raises ConflictError where there is no draft or it is a 贴图, or the text that was pushed is not known any more or
    was changed in the very lines that the draft changes; NetworkError and ApiError where WeChat cannot be asked.
    """
    (ready,) = job.articles
    path = ready.issue.path
    by_hand = tr("look at it (wxpub drafts show MEDIA_ID), and write it into the file yourself")
    if ready.issue.is_newspic:
        raise ConflictError(tr("{file}: the text of a 贴图 tells nothing of its Markdown", file=path), by_hand)
    standing, _, _ = locate(replace(job, force=True))
    if standing is None and job.ledger.get(Draft, job.account, ready.issue.name + NEWSPIC):
        what = tr("{file} has a draft as a 贴图 only, whose text tells nothing of its Markdown", file=path)
        raise ConflictError(what, by_hand)
    if standing is None:
        hint = tr("push it first: wxpub push {file}", file=path)
        raise ConflictError(tr("{file} has no draft in the account's draft box", file=path), hint)
    (stored,), (fact,) = standing.ours, standing.facts
    text = _read(path)
    if fact.stored and fact.stored == stored_fingerprint(stored):
        return Pulled(path, text, text, (), standing, fact.mark)
    sent = read_mark(fact.mark)
    # A pull that was broken off, or left something, has written the draft's words: the file is what to go on from.
    written = ready.text == text_key(stored.title, stored.html)
    base = _base(ready, article.unix(text), sent) if sent and not written else article.unix(text)
    issue = ready.issue.version(base)
    images = _images(job, ready)
    ours, others = _shown(issue, images), _for_others(issue)

    def render(changed: str) -> list[Line] | None:
        try:
            version = issue.version(changed)
            return _shown(version, images) if _for_others(version) == others else None
        except WxpubError:
            return None

    traced = trace(base, ours, read(stored.content), render, {src: each.url for src, each in images.items()})
    after, unset = _with_fields(issue, traced.text, stored, alone=len(standing.articles) == 1)
    left = tuple(PULL_LEFT.find(_said(each), *issue.layout.place(each.line)) for each in traced.left)
    left += tuple(PULL_LEFT.find(each, path, 1) for each in (*unset, *_cover(job, stored)))
    merged = _merged(base, article.unix(text), after, path)
    pulled = ready.issue.version(merged)
    mark = Mark(sent.issue, sent.draft, text_of(pulled)) if sent else ""
    return Pulled(path, text, _with_ends(text, merged), left, standing, str(mark))


def keep(job: Job, pulled: Pulled) -> None:
    """Write what was pulled into the file, and let the ledger know if that was all.

    Raises SourceError if the file is a link, cannot be written, or was changed since it was read; ConfigError if the
    ledger cannot be written.
    """
    path = pulled.path
    if pulled.after != pulled.before:
        if path.is_symlink():
            hint = tr("give the file that it leads to")
            raise SourceError(tr("is a link: what it leads to is not written"), path, hint=hint)
        if _read(path) != pulled.before:
            raise SourceError(tr("was changed meanwhile; nothing is written"), path, hint=tr("pull again"))
        try:
            safe.write(path, pulled.after.encode(), path.stat().st_mode & 0o777)
        except OSError as error:
            raise SourceError(tr("cannot be written: {reason}", reason=reason_of(error)), path) from None
    (name,), (fact,), (stored,) = job.names, pulled.standing.facts, pulled.standing.ours
    if not pulled.left and (fact.stored != stored_fingerprint(stored) or fact.mark != pulled.mark):
        # As nothing was sent of these words, the next push sends them.
        known = replace(fact, mark=pulled.mark, sent="", stored=stored_fingerprint(stored), at="")
        with job.ledger.locked(lambda: job.say(tr("another push is at work; waiting for it"))):
            job.ledger.record(job.account, {name: known})


# --- the text that was pushed -----------------------------------------------------------------------------------------


def _read(path: Path) -> str:
    return article.decoded(path, article.contents(path))


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _with_ends(text: str, changed: str) -> str:
    """Return `changed` with the line ends, and the mark at its beginning, that the file's `text` has."""
    head = "\ufeff" if text.startswith("\ufeff") else ""
    raw = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text.removeprefix(head))
    old, new = [article.unix(each) for each in raw], _lines(changed)
    end = "\r\n" if any(each.endswith("\r\n") for each in raw) else "\n"
    found: list[str] = []
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        found += raw[i1:i2] if kind == "equal" else [each.replace("\n", end) for each in new[j1:j2]]
    return head + "".join(found)


def _base(ready: Ready, text: str, sent: Mark) -> str:
    """Find the text with the words that were sent: the file's own, or one of its last versions in Git."""
    for version in chain((text,), map(article.unix, versions(ready))):
        if says(ready, version) == sent.text:
            return version
    raise ConflictError(
        tr(
            "{file} was changed since it was pushed, and no version of it in Git has the words sent",
            file=ready.issue.path,
        ),
        tr("restore the text that was pushed and pull again; or compare by hand: `wxpub push --dry-run` shows both"),
    )


def _merged(base: str, text: str, after: str, path: Path) -> str:
    """Take the change from `base` to `after` over into `text`, which may have changed elsewhere.

    Raises ConflictError where both changed the same lines.
    """
    if base == text:
        return after
    start, now = _lines(base), _lines(text)
    places = {len(start): len(now)}  # of the lines that the file still has, by their numbers in the base
    for block in difflib.SequenceMatcher(None, start, now, autojunk=False).get_matching_blocks():
        places |= {block.a + n: block.b + n for n in range(block.size)}
    changed = _lines(after)
    found, at = [], 0
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, start, changed, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        where = [places.get(each) for each in range(i1, i2)] or [places.get(i1, places.get(i1 - 1, -2) + 1)]
        first = where[0]
        if first is None or first < at or where != list(range(first, first + len(where))):
            words = shorten("".join(start[i1:i2] or changed[j1:j2]), _QUOTED)
            what = tr("{file} and its draft changed the same lines: {words}", file=path, words=words)
            raise ConflictError(what, tr("restore the text that was pushed and pull again, then make your change"))
        found += [*now[at:first], *changed[j1:j2]]
        at = first + i2 - i1
    return "".join((*found, *now[at:]))


# --- what both show ---------------------------------------------------------------------------------------------------


def _images(job: Job, ready: Ready) -> dict[str, Placed]:
    """Say where WeChat has the issue's images, by source; one that it does not have stays where it is."""
    found = {}
    for src, source in ready.sources.items():
        upload = job.ledger.upload(job.account, "body", source.key)
        found[src] = Placed(upload.url if upload else src)
    return {image.src: found.get(image.src, Placed(image.src)) for image in ready.page.images}


def _shown(issue: Issue, images: dict[str, Placed]) -> list[Line]:
    return read(conform.fill(conform.finish(issue.layout.root, lines=True), images))


def _for_others(issue: Issue) -> list[str]:
    """List the lines that WeChat's readers do not get: nobody who edits the draft has seen them, so they stay."""
    body = issue.article.body
    if not blocks.has_parts(body):
        return []
    shown, _ = blocks.read_parts(body, API, issue.path)
    return sorted(line for line, seen in zip(body.split("\n"), shown.split("\n"), strict=True) if line != seen)


def _said(left: Left) -> str:
    words = shorten(left.words, _QUOTED)
    return {
        "words": tr("the draft says otherwise here: “{words}”", words=words),
        "look": tr("the draft shows “{words}” otherwise: bold, colour, link or kind of paragraph", words=words),
        "added": tr("the draft changes a line that is made anew with every push: “{words}”", words=words),
        "note": tr("nothing refers to this footnote any more: “{words}”", words=words),
        "image-new": tr("an image was put into the draft: {words}", words=left.words),
        "image-gone": tr("an image was taken out of the draft"),
    }[left.what]


# --- beside the text --------------------------------------------------------------------------------------------------


def _with_fields(issue: Issue, text: str, stored: StoredArticle, *, alone: bool) -> tuple[str, list[str]]:
    """Set in `text` what the draft says beside its content; of what cannot be set, say so.

    Where a heading gives the title, the heading is changed.
    """
    unset: list[str] = []
    for key, field in (
        ("title", "title"),
        ("author", "author"),
        ("digest", "digest"),
        ("source_url", "content_source_url"),
    ):
        wanted, before = str(stored.fields.get(field) or ""), str(getattr(issue.layout.article, key))
        now = str(getattr(issue.version(text).layout.article, key))
        if wanted in (before, now) or (key == "digest" and (not before or not alone)):
            continue  # WeChat fills an empty digest in, and ignores it where a draft has several articles
        changed = next(
            (each for each in _settings(issue, text, key, now, wanted) if _says(issue, each, key, wanted)), None
        )
        if changed is None:
            unset.append(tr("the draft's {key} is “{words}”", key=key, words=shorten(wanted, _QUOTED)))
        text = changed or text
    return text, unset


def _settings(issue: Issue, text: str, key: str, now: str, wanted: str) -> Iterator[str]:
    if key == "title" and "title" not in issue.article.places and now:
        at = [match.start() for match in re.finditer(re.escape(now), text)]
        yield from (text[:each] + wanted + text[each + len(now) :] for each in at[:1])
    try:
        yield article.with_key(text, issue.path, key, wanted)
    except SourceError:
        return


def _says(issue: Issue, text: str, key: str, wanted: str) -> bool:
    try:
        return str(getattr(issue.version(text).layout.article, key)) == wanted
    except WxpubError:
        return False


def _cover(job: Job, stored: StoredArticle) -> Sequence[str]:
    known = {each.media_id for each in job.ledger.uploads(job.account, "cover").values()}
    kept = str(stored.fields.get("thumb_media_id") or "")
    return [tr("another cover was chosen in the draft")] if kept and known and kept not in known else []
