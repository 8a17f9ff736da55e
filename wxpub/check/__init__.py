"""What an editor should know before a push: a `Page` or anybody's article HTML in, findings out; repairs nothing.

source rules    the Markdown and what it names        source
metadata rules  title, author, digest, cover          metadata
page rules      the HTML, as WeChat will treat it     rules.jsonl, triggers, computed, dark
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wxpub.finding import Finding, Rule

if TYPE_CHECKING:
    from wxpub.check.document import Document
    from wxpub.page import Page, Target

__all__ = ["Rule", "check", "check_html", "issues_beside", "rules"]

_SEVERITIES = {"error": 0, "warning": 1, "info": 2}
# Which channels' rules a target meets: pasted HTML never passes the API's filter, and the other way round.
_SKIPPED: Mapping[str | None, str] = {"api": "P", "paste": "D", None: ""}


def check(
    page: Page,
    *,
    target: Target = "api",
    root: Path | None = None,
    published: Mapping[str, str] | None = None,
    others: Iterable[Path] | None = None,
) -> tuple[Finding, ...]:
    """Give everything that is to know about `page`: what its making found, and what its source, metadata and HTML show.

    `root` is the newsletter's project, beyond which no image is read; `published` maps back issues (absolute path of
    their Markdown) to their permalinks; `others` are the other issues of the newsletter (default: those in the folder).
    Ordered by line; the same finding once.
    """
    from wxpub.check.metadata import check_metadata
    from wxpub.check.source import check_source

    path = page.article.path
    root = root or Path(path.resolve().anchor)
    beside = issues_beside(path) if others is None else tuple(others)
    found = [
        *page.findings,
        *check_source(page, root, published or {}, beside),
        *check_metadata(page.article, root),
        *_check_page(page, target),
    ]
    return _ordered(found)


def check_html(html: str, path: Path | None = None, target: Target | None = None) -> tuple[Finding, ...]:
    """Check article HTML that anybody made, by the page rules, with its line numbers.

    Of a page that `wxpub convert` wrote, or that was saved from WeChat, only the article is looked at. `target` leaves
    out the rules of the other channel; without one all apply, but to a page of `wxpub convert`, which is there to paste
    from, those of pasting.
    """
    from wxpub.check.document import is_ours, open_document

    if target is None and is_ours(html):
        target = "paste"
    return _ordered(_findings(open_document(html, path), target))


def rules() -> tuple[Rule, ...]:
    """Give every rule that a finding of this program can name."""
    from wxpub import conform, dialect
    from wxpub.check import conversion, metadata, rule, source

    return (*source.RULES, *dialect.RULES, *conform.RULES, *conversion.RULES, *metadata.RULES, *rule.page_rules())


def issues_beside(path: Path) -> tuple[Path, ...]:
    """List the other Markdown files in the folder of the issue at `path`."""
    folder = path.resolve().parent
    return tuple(sorted(each for each in folder.glob("*.md") if each != path.resolve()))


def _check_page(page: Page, target: Target) -> list[Finding]:
    from wxpub.check.document import Document

    document = Document(page.html, path=page.article.path, article=page.article)
    # The HTML is made, and on one line: its line numbers mean nothing to the author.
    return [
        Finding(each.rule, each.severity, each.message, each.path, None, each.fix)
        for each in _findings(document, target)
    ]


def _findings(document: Document, target: Target | None) -> list[Finding]:
    """Apply every page rule that `target` meets; what breaks a rule several times on a line is one finding."""
    from wxpub.check.rule import page_rules
    from wxpub.check.triggers import hits

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
