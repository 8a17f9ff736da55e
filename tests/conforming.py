"""Anybody's HTML through `conform` alone: what the tests of its form compare a page with."""

from __future__ import annotations

from lxml.html import HtmlElement, document_fromstring

from wxpub import conform
from wxpub.conform.write import SENTINEL
from wxpub.target import API, PASTE, Target
from wxpub.tree import PARSER


def canonical(html: str, target: Target | None = None) -> str:
    """Conform a fragment of HTML that anybody wrote; what `finish` wrote for `target` comes back unchanged."""
    document: HtmlElement = document_fromstring(f"<html><body>{html}</body></html>", parser=PARSER)
    body = document.body
    root = body[0] if len(body) == 1 and body[0].tag == "section" and not (body.text or "").strip() else body
    root.tag = "section"
    guards = [each for each in root.iterchildren("p") if f'<p style="{each.get("style")}">{each.text}</p>' == SENTINEL]
    for each in guards:
        each.drop_tree()
    target = target or (PASTE if guards else API)
    conform.shape(root, target=target)
    return conform.fill(conform.finish(root, target), {})
