"""Looks side by side: an article rendered in several themes in, one HTML page out, each theme by day and by night."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from wxpub.preview import assets
from wxpub.preview.dark import at_night

if TYPE_CHECKING:
    from wxpub.page import Page
    from wxpub.theme import Theme

PHONE = 375  # CSS pixels

_STYLE = """
body { margin: 0; padding: 24px; background: #ededed; color: #333; font: 15px/1.6 system-ui, sans-serif }
h1 { margin: 0 0 20px; font-size: 20px }
section { display: inline-block; margin: 0 24px 32px 0; vertical-align: top }
h2 { margin: 0; font-size: 17px }
p { max-width: 760px; margin: 0 0 10px; color: #595959 }
iframe { width: 375px; max-width: 100%; height: 780px; margin-right: 10px }
iframe { border: 0; border-radius: 12px; background: #fff }
@media (max-width: 480px) { body { padding: 12px } section, iframe { margin-right: 0 } }
@media (prefers-color-scheme: dark) { body { background: #101010; color: #ddd } p { color: #a6a6a6 } }
"""
# Frames of this kind have the page's policy: no article can run in them, or load anything but pictures.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: http: https:; base-uri 'none'; form-action 'none'"
)


def make(looks: Sequence[tuple[Theme, Page]]) -> str:
    """Show the same article in several themes, its pictures embedded or on the web; the article cannot run in it."""
    title = escape(looks[0][1].article.title) if looks else ""
    shown = "".join(
        f"<section><h2>{escape(theme.title)} {escape(theme.name)}</h2><p>{escape(theme.description)}</p>"
        f"{_frame(phone(page))}{_frame(phone(page, dark=True))}</section>"
        for theme, page in looks
    )
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><meta name="referrer" content="no-referrer">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{shown}</body></html>"
    )


def phone(page: Page, *, dark: bool = False) -> str:
    """Show an article as WeChat's page does, by day or by night; an HTML document of its own."""
    html = at_night(page.html) if dark else page.html
    return (
        f'<!doctype html><html lang="zh-CN"{" class=dark" if dark else ""}><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{assets.read('static/wechat.css')}</style></head>"
        f'<body><main><h1 class="wx-title">{escape(page.article.title)}</h1>'
        f'<div class="wx-content">{html}</div></main></body></html>'
    )


def _frame(document: str) -> str:
    return f'<iframe sandbox loading="lazy" srcdoc="{escape(document)}"></iframe>'
