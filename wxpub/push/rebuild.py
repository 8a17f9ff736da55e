"""A ledger from the account itself, where the file was lost: drafts by marks, published articles by mark or title."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from wxpub.client import Client, Json
from wxpub.errors import ApiError, SourceError
from wxpub.ledger import Draft, Fact, Ledger, Published, issue_name, now
from wxpub.push import mark as marks

_NOT_ALLOWED = 48001
_SKIP = {"node_modules", "site-packages", "__pycache__"}
_TITLE = re.compile(r"^(?:title:\s*[\"']?(.+?)[\"']?|#+\s+(.+?)\s*#*)\s*$", re.MULTILINE)


def rebuild(client: Client, path: Path, account: str, root: Path) -> tuple[Ledger, list[str]]:
    """Write a new ledger at `path` from what the account holds of the issues under `root`; give it and what was found.

    A ledger that was there is kept beside it under another name. Uploaded pictures cannot be listed, so they will be
    uploaded once more. Raises NetworkError and ApiError; the old file is then still in place.
    """
    issues = {issue_name(each, root): each for each in _issues(root)}
    by_key = {marks.issue_key(name): name for name in issues}
    by_title = {title: name for name, each in issues.items() if (title := _title(each))}
    facts: dict[str, Fact] = {}
    found = []
    for item in client.drafts():
        for index, article, count in _articles(item):
            mark = marks.find(str(article.get("content", "")))
            if mark and mark.issue in by_key:
                name = by_key[mark.issue]
                facts[name] = Draft(str(item.get("media_id")), index, count, str(mark))
                found.append(f"draft: {name}")
    permalinks: dict[str, Fact] = {}
    for item in _publications(client):
        for _, article, _ in _articles(item):
            mark = marks.find(str(article.get("content", "")))
            known = by_key.get(mark.issue) if mark else by_title.get(str(article.get("title")))
            if known and article.get("url"):
                permalinks[known] = Published(str(article["url"]), str(item.get("article_id", "")))
                found.append(f"published: {known}")
    _set_aside(path)
    ledger = Ledger(path)
    ledger.record(account, facts)
    ledger.record(account, permalinks)
    return ledger, found


def _publications(client: Client) -> Iterator[Json]:
    """Give what was published, as far as the account may ask."""
    try:
        yield from client.publications()
    except ApiError as error:
        if error.errcode != _NOT_ALLOWED:
            raise


def _articles(item: Json) -> list[tuple[int, Json, int]]:
    articles = (item.get("content") or {}).get("news_item") or ()
    return [(index, each, len(articles)) for index, each in enumerate(articles) if isinstance(each, dict)]


def _issues(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _SKIP)
        yield from (Path(folder) / each for each in sorted(files) if each.lower().endswith((".md", ".markdown")))


def _title(path: Path) -> str:
    """Read an issue's title: the front matter's or the first heading's; "" if it cannot be read."""
    try:
        found = _TITLE.search(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return ""
    return (found[1] or found[2]).strip() if found else ""


def _set_aside(path: Path) -> None:
    if not path.exists():
        return
    aside = path.with_name(f"{path.stem}.{now().replace(':', '')}.old.json")
    try:
        path.rename(aside)
    except OSError as error:
        raise SourceError(f"cannot be set aside: {error.strerror}", path) from None
