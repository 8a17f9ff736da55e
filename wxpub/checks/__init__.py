"""What an editor should know before a push: an `Issue` or anybody's article HTML in, findings out; repairs nothing.

source rules    the Markdown and what it names        source
metadata rules  title, author, digest, cover          metadata
page rules      the HTML, as WeChat will treat it     rules.jsonl, triggers, computed, dark
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wxpub.finding import Finding, Rule
from wxpub.target import API, PASTE, Target

if TYPE_CHECKING:
    from wxpub.checks.document import Document
    from wxpub.issue import Issue
    from wxpub.page import Page

__all__ = ["FILE_UNREADABLE", "check", "check_html", "issues_beside", "rules"]

FILE_UNREADABLE = Rule("file-unreadable", "error", "the file cannot be read as an issue", "do what the message says")

_SEVERITIES = {"error": 0, "warning": 1, "info": 2}
# Which channels' rules a target meets: pasted HTML never passes the API's filter, and the other way round.
_SKIPPED: Mapping[Target | None, str] = {API: "P", PASTE: "D", None: ""}


def check(issue: Issue, target: Target = API, *, others: Iterable[Path] | None = None) -> tuple[Finding, ...]:
    """Find everything that is to know about `issue`: what its making found, and what source, metadata and HTML show.

    `others` are the other issues of the newsletter (default: those in the folder). Ordered by line; the same finding
    once.
    """
    from wxpub.checks.metadata import check_metadata
    from wxpub.checks.source import check_source

    beside = issues_beside(issue.path) if others is None else tuple(others)
    page = issue.page(target)
    found = [
        *page.findings,
        *check_source(issue, beside),
        *check_metadata(page.article, issue.images),
        *_check_page(page, target),
    ]
    return _ordered(found)


def check_html(html: str, path: Path | None = None, target: Target | None = None) -> tuple[Finding, ...]:
    """Check article HTML that anybody made, by the page rules, with its line numbers.

    Of a page that `wxpub convert` wrote, or that was saved from WeChat, only the article is looked at. `target` leaves
    out the rules of the other channel; without one all apply, but to a page of `wxpub convert`, which is there to paste
    from, those of pasting.
    """
    from wxpub.checks.document import is_ours, open_document

    if target is None and is_ours(html):
        target = PASTE
    return _ordered(_findings(open_document(html, path), target))


def rules() -> tuple[Rule, ...]:
    """Give every rule that a finding of this program can name."""
    from wxpub import conform, dialect, issue, links, page
    from wxpub.checks import metadata, rule, source

    rooms = (source, metadata, dialect, links, page, conform, issue)
    return (FILE_UNREADABLE, *(each for room in rooms for each in room.RULES), *rule.page_rules())


def issues_beside(path: Path) -> tuple[Path, ...]:
    """List the other Markdown files in the folder of the issue at `path`."""
    folder = path.resolve().parent
    return tuple(sorted(each for each in folder.glob("*.md") if each != path.resolve()))


def _check_page(page: Page, target: Target) -> list[Finding]:
    from wxpub.checks.document import Document

    document = Document(page.html, path=page.article.path, article=page.article)
    # The HTML is made, and on one line: its line numbers mean nothing to the author.
    return [replace(each, line=None) for each in _findings(document, target)]


def _findings(document: Document, target: Target | None) -> list[Finding]:
    """Apply every page rule that `target` meets; what breaks a rule several times on a line is one finding."""
    from wxpub.checks.rule import page_rules
    from wxpub.checks.triggers import hits

    found = []
    for rule in page_rules():
        if rule.channel == _SKIPPED[target]:
            continue
        lines: dict[int | None, list[str]] = {}
        for hit in hits(rule, document):
            lines.setdefault(hit.line, []).append(hit.what)
        for line, whats in lines.items():
            more = f" (and {len(whats) - 1} more)" if len(whats) > 1 else ""
            found.append(rule.find(f"{whats[0]}{more}: {rule.message}", document.path, line))
    return found


def _ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Order findings as an editor works: down the file, the graver first, and what concerns the whole article last."""

    def place(finding: Finding) -> tuple[bool, int, int]:
        return finding.line is None, finding.line or 0, _SEVERITIES[finding.severity]

    return tuple(sorted(dict.fromkeys(found), key=place))
