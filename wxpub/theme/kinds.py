"""Kinds of element and the style that premailer gives each: a tree and CSS in, styles out; remembers them between runs.

    section.article ─┬─ h2              one Kind for all h2 at this place
                     ├─ p ─── strong
                     └─ ul ── li ── section ── p.item-title

Knows neither what the tags mean nor what WeChat makes of them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.html import HtmlElement

FORMAT = 1  # of the file in the cache folder


@dataclass(slots=True)
class Kind:
    """A path of tags and classes; `style` is None until premailer has seen it."""

    style: str | None = None
    children: dict[str, Kind] = field(default_factory=dict)  # by "tag", or "tag class class"


@dataclass(slots=True)
class Memory:
    """The kinds that one style sheet has met: in memory, and in the user's cache folder from one run to the next."""

    css: str
    top: Kind = field(default_factory=Kind)
    loaded: bool = False

    def pairs(self, root: HtmlElement) -> list[tuple[HtmlElement, Kind]]:
        """Pair every element under `root` with its kind, whose style is known when this returns."""
        if not self.loaded:
            self._load()
        found = list(_walk(root, self.top))
        if any(kind.style is None for _, kind in found):
            _inline(self.top, self.css)
            self._save()
        return found

    def _load(self) -> None:
        self.loaded = True
        path = self._path()
        if path is None:
            return
        try:
            self.top = _unpack(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            self.top = Kind()  # no cache, or a broken one: it will be written anew

    def _save(self) -> None:
        path = self._path()
        if path is None:
            return
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(_pack(self.top), ensure_ascii=False), encoding="utf-8")
            draft.replace(path)
        except OSError:
            pass  # a cache that cannot be written costs time, nothing else

    def _path(self) -> Path | None:
        """Name the cache file of this style sheet; None where the user has no home for it."""
        from platformdirs import user_cache_path

        key = sha256(f"{FORMAT}\n{_premailer_version()}\n{self.css}".encode()).hexdigest()[:32]
        try:
            return user_cache_path("wxpub", appauthor=False) / "themes" / f"{key}.json"
        except RuntimeError:
            return None


def _premailer_version() -> str:
    """Read premailer's version from its file: importing it would cost what the cache saves."""
    spec = find_spec("premailer")
    text = Path(spec.origin).read_text(encoding="utf-8") if spec is not None and spec.origin else ""
    found = re.search(r"__version__ = \"([^\"]+)\"", text)
    return found[1] if found else ""


def _walk(root: HtmlElement, top: Kind) -> Iterator[tuple[HtmlElement, Kind]]:
    """Give each element its kind, making those that are new. Inside a picture nothing has a kind."""
    stack = [(root, top)]
    while stack:
        element, parent = stack.pop()
        names = element.get("class")
        key = f"{element.tag} {names}" if names else element.tag
        kind = parent.children.get(key)
        if kind is None:
            kind = parent.children[key] = Kind()
        yield element, kind
        if element.tag != "svg":
            stack.extend((child, kind) for child in element.iterchildren("*"))


def _inline(top: Kind, css: str) -> None:
    """Let premailer style one skeleton of all kinds that have no style yet."""
    import logging

    from lxml.html import Element
    from premailer import Premailer

    for key, kind in top.children.items():
        pairs: list[tuple[HtmlElement, Kind]] = []
        skeleton = _skeleton(key, kind, Element, pairs)
        Premailer(
            skeleton,
            css_text=css,
            allow_network=False,
            cache_css_parsing=False,
            disable_validation=True,
            disable_leftover_css=True,
            align_floating_images=False,
            cssutils_logging_level=logging.CRITICAL,
        ).transform()
        for element, each in pairs:
            each.style = re.sub(r";\s+", ";", element.get("style") or "")


def _skeleton(key: str, kind: Kind, make: Any, pairs: list[tuple[HtmlElement, Kind]]) -> HtmlElement:
    tag, _, names = key.partition(" ")
    element: HtmlElement = make(tag)
    if names:
        element.set("class", names)
    pairs.append((element, kind))
    element.extend([_skeleton(each, child, make, pairs) for each, child in kind.children.items()])
    return element


def _pack(kind: Kind) -> list[Any]:
    return [kind.style, {key: _pack(child) for key, child in kind.children.items()}]


def _unpack(packed: Any) -> Kind:
    """Read what `_pack` wrote. Raises ValueError for anything else."""
    match packed:
        case [None | str() as style, dict() as children]:
            return Kind(style, {key: _unpack(child) for key, child in children.items()})
    raise ValueError("not a cache of kinds")
