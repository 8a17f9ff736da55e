"""What a page and a mail have in common: a class for every style, the colours at night, and what names an issue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
from importlib.metadata import version
from typing import TYPE_CHECKING

from wxpub import darkmode, style
from wxpub.night import night

if TYPE_CHECKING:
    from wxpub.article import Article

FONTS = "system-ui,-apple-system,'PingFang SC','Hiragino Sans GB','Noto Sans CJK SC','Microsoft YaHei',sans-serif"
GENERATOR = f"wxpub {version('wxpub')}"
_STYLED = re.compile(r'<(\w+)((?:\s[\w:-]+="[^"]*")*) style="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of what stands around an article, each by day and at night: those of the article's theme."""

    text: tuple[str, str]
    muted: tuple[str, str]
    line: tuple[str, str]
    link: tuple[str, str]
    ground: tuple[str, str]

    def variables(self, at: int) -> str:
        """Write the colours by day (0) or at night (1) as variables of CSS."""
        return ";".join(f"--{name}:{getattr(self, name)[at]}" for name in self.__slots__)


def palette(variables: Mapping[str, str]) -> Palette:
    """Take the colours out of a theme's variables."""
    text, muted, link = (_both(variables.get(name, ""), "#333") for name in ("text", "muted", "accent"))
    line = darkmode.Colour(0, 0, 0, 0.15)
    return Palette(
        text,
        muted,
        (str(line.over(darkmode.PAGE)), str(darkmode.Colour(255, 255, 255, 0.15).over(darkmode.NIGHT))),
        link,
        (str(darkmode.PAGE), str(darkmode.NIGHT)),
    )


def _both(value: str, otherwise: str) -> tuple[str, str]:
    day = darkmode.parse(value) or darkmode.parse(otherwise)
    assert day is not None
    return str(day), str(darkmode.text(day))


def nights(html: str) -> list[dict[str, str]]:
    """List what changes at night in the style of every element of `html` that has one, in document order."""
    days = [style.read(unescape(found[3])) for found in _STYLED.finditer(html)]
    return [
        {name: value for name, value in style.read(dark).items() if day.get(name) != value}
        for day, dark in zip(days, night(html), strict=True)
    ]


def classed(html: str) -> tuple[str, str]:
    """Put classes in the place of all styles of `html`; returns it, and the rules of the classes by day and at night.

    A class stands for a tag, a style and its colours at night, so every kind of node has one.
    """
    dark = iter(nights(html))
    names: dict[tuple[str, str, str], str] = {}
    met: dict[str, int] = {}

    def put(found: re.Match[str]) -> str:
        tag, rest, day = found[1], found[2], unescape(found[3])
        key = (tag, day, style.write(next(dark)))
        if key not in names:
            met[tag] = met.get(tag, 0) + 1
            names[key] = f"{tag}-{met[tag]}"
        return f'<{tag}{rest} class="{names[key]}"'

    html = _STYLED.sub(put, html)
    by_day = "".join(f".{name}{{{_css(day)}}}\n" for (_, day, _), name in names.items() if day)
    at_night = "".join(f".{name}{{{_css(dark)}}}\n" for (_, _, dark), name in names.items() if dark)
    return html, by_day + (f"@media screen and (prefers-color-scheme:dark){{\n{at_night}}}\n" if at_night else "")


def _css(text: str) -> str:
    """Write declarations where no value can end the style sheet."""
    return text.replace("<", "\\3c ").replace("}", "\\7d ")


def byline(article: Article) -> str:
    """Write who wrote an issue and when, "" where neither is known."""
    date = f'<time datetime="{escape(article.date)}">{escape(article.date)}</time>' if article.date else ""
    return " · ".join(filter(None, (escape(article.author), date)))
