"""A look for articles: a CSS file in, a `style` attribute for every element of a tree out; knows no Markdown.

premailer turns a theme's rules into `style` attributes, but takes 200 ms to import and longer than a whole conversion
to run. So it never sees an article: it styles *kinds* of element, paths of tags and classes from the root.

    section.article ─┬─ h2              one kind for all h2 at this place
                     ├─ p ─── strong
                     └─ ul ── li ── section ── p.item-title

Real newsletters have about a hundred. The kinds that a theme has not met are put into one skeleton document, premailer
inlines the rules into it once, and what it finds is kept: in the Theme, and from one run to the next in the user's
cache folder (on Linux `~/.cache/wxpub/themes`), together with the theme as it was read. That file is the only one that
is ever written here, and only when a kind is new. An article is then styled in one walk.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zlib import crc32

from wxpub import safe, style
from wxpub.errors import SettingError, SourceError, did_you_mean, near_file, reason_of
from wxpub.language import gettext, listed, tr

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["DEFAULT", "Theme", "apply", "load", "names"]

DEFAULT = "plain"
_BASE = "_base"  # what every theme builds on: scrollers, lists, superscripts
_MOST_BYTES = 1_000_000  # of a theme that is read at all; ours have 4,000
_FORMAT = 3  # of the files in the cache folder


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme that has been read: `css` is plain CSS with its variables resolved, `variables` are their values.

    `title` is its Chinese name, `about` says in English what it is for; both come from the file's first comment.
    Threads may share a theme.
    """

    name: str
    title: str
    about: str
    css: str
    variables: Mapping[str, str]
    _kinds: _Kinds = field(repr=False, compare=False)

    @property
    def description(self) -> str:
        """What the theme is for; in the user's language where the theme is one of ours."""
        return gettext(self.about)

    def words(self, name: str) -> str:
        """Return the words that a variable holds, without quotation marks; "" where it says `none`."""
        found = self.variables.get(name, "none")
        return "" if found == "none" else found.strip("\"'")


@lru_cache
def names() -> tuple[str, ...]:
    """List the themes that come with the program, the default one first."""
    found = sorted(path.stem for path in _folder().glob("*.css") if not path.stem.startswith("_"))
    return tuple(sorted(found, key=lambda name: name != DEFAULT))


def load(name: str = DEFAULT, overrides: Mapping[str, str] | None = None, base: Path | None = None) -> Theme:
    """Read the theme `name`: one of `names()`, or the path of a `.css` file, which is relative to `base`.

    `overrides` replace variables of the theme: {"accent": "#0f4c81"}. A theme whose files have not changed is the same
    Theme again. Raises SettingError for a theme that is not there and for an override that fits no variable,
    SourceError for CSS that an article cannot hold, with its line.
    """
    paths = (_folder() / f"{_BASE}.css", _find(name or DEFAULT, base))
    return _made(tuple((path, _text(path)) for path in paths), tuple(sorted((overrides or {}).items())))


def apply(root: HtmlElement, theme: Theme) -> None:
    """Give every element under `root` the theme's style for its kind; a `style` of its own is merged last, and wins."""
    for element, text in theme._kinds.styles(root):
        own = element.get("style")
        if own:
            text = style.write(style.read(f"{text};{own}"))
        if text:
            element.set("style", text)


@lru_cache
def _folder() -> Path:
    """Find the styles: inside the package where it is installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "styles"
    return inside if inside.is_dir() else package.parent / "styles"


def _find(name: str, base: Path | None) -> Path:
    if name.endswith(".css"):
        return (base or Path()) / Path(name).expanduser()
    if name not in names():
        known = tr("there are {names}; or give the path of a .css file", names=listed(names()))
        raise SettingError("", tr("no theme {name!r}", name=name), did_you_mean(name, names(), known))
    return _folder() / f"{name}.css"


def _text(path: Path) -> str:
    try:
        return safe.read_whole(path, _MOST_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        hint = near_file(path, tr("`wxpub themes` lists those that come with the program"))
        raise SettingError("", tr("there is no theme file {path}", path=path), hint) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error)
        hint = tr("a theme is a CSS file in UTF-8")
        raise SourceError(tr("cannot be read: {reason}", reason=reason), path, hint=hint) from None


@lru_cache(maxsize=32)
def _made(sheets: tuple[tuple[Path, str], ...], overrides: tuple[tuple[str, str], ...]) -> Theme:
    """Make the theme of style sheets, each on top of the one before; from the cache folder if it is there."""
    name = sheets[-1][0].stem
    source = [_FORMAT, _premailer_version(), [text for _, text in sheets], [list(each) for each in overrides]]
    kept = _kept(source)
    if kept is None:
        from wxpub.theme import sheet  # the reader of CSS is not needed once a theme is kept

        title, description, css, variables = sheet.compiled(dict(sheets), dict(overrides))
        top = _Kind()
    else:
        (title, description, css, variables), top = kept
    kinds = _Kinds(css, [source, [title, description, css, variables]], top)
    return Theme(name, title or name, description, css, MappingProxyType(variables), kinds)


# --- kinds ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Kind:
    """A path of tags and classes; `style` is None until premailer has seen it."""

    style: str | None = None
    children: dict[str, _Kind] = field(default_factory=dict)  # by "tag", or "tag class class"


class _Kinds:
    """The kinds that one style sheet has met. They are read without a lock, and only ever added to, under one."""

    def __init__(self, css: str, head: list[Any], top: _Kind) -> None:
        self._css, self._head, self._top = css, head, top
        self._lock = Lock()

    def styles(self, root: HtmlElement) -> list[tuple[HtmlElement, str]]:
        """Pair every element under `root` with the style of its kind."""
        found = self._known(root)
        if found is None:
            with self._lock:
                self._learn(root)
            found = self._known(root)
            assert found is not None
        return found

    def _known(self, root: HtmlElement) -> list[tuple[HtmlElement, str]] | None:
        """Pair every element with its style; None if there is an element of a new kind."""
        found: list[tuple[HtmlElement, str]] = []
        stack = [(root, self._top.children)]
        while stack:
            element, siblings = stack.pop()
            tag = element.tag
            kind = siblings.get(f"{tag} {names}" if (names := element.get("class")) else tag)
            if kind is None or kind.style is None:
                return None
            found.append((element, kind.style))
            if len(element) and tag != "svg":  # inside a drawing nothing has a kind
                children = kind.children
                stack += [(child, children) for child in element.iterchildren("*")]
        return found

    def _learn(self, root: HtmlElement) -> None:
        """Add the kinds under `root` that are new, let premailer style them, and keep them in the cache folder."""
        new = False
        stack = [(root, self._top)]
        while stack:
            element, parent = stack.pop()
            names = element.get("class")
            kind = parent.children.setdefault(f"{element.tag} {names}" if names else element.tag, _Kind())
            new = new or kind.style is None
            if element.tag != "svg":
                stack += [(child, kind) for child in element.iterchildren("*")]
        if new:
            _inline(self._top, self._css)
            _keep([*self._head, _packed(self._top)])


def _inline(top: _Kind, css: str) -> None:
    """Let premailer style one skeleton of all kinds."""
    import logging

    from lxml.html import Element
    from premailer import Premailer

    def skeleton(key: str, kind: _Kind) -> HtmlElement:
        tag, _, names = key.partition(" ")
        element: HtmlElement = Element(tag)
        if names:
            element.set("class", names)
        pairs.append((element, kind))
        element.extend([skeleton(each, child) for each, child in kind.children.items()])
        return element

    for key, kind in top.children.items():
        pairs: list[tuple[HtmlElement, _Kind]] = []
        Premailer(
            skeleton(key, kind),
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


# --- the cache folder -------------------------------------------------------------------------------------------------
# One file for each theme and set of overrides: what it was made of, the theme, and its kinds. The file's name is a
# checksum of what it was made of, which is compared in full; so nothing has to be hashed for safety.


def _kept(source: list[Any]) -> tuple[tuple[str, str, str, dict[str, str]], _Kind] | None:
    """Read what an earlier run kept of the theme made of `source`; None if there is nothing, or nothing sound."""
    try:
        path = _place(source)
        match path and json.loads(path.read_text(encoding="utf-8")):
            case [made_of, [str(title), str(description), str(css), dict(variables)], packed] if made_of == source:
                return (title, description, css, variables), _unpacked(packed)
    except (OSError, ValueError, RecursionError):
        pass  # no cache, or a broken one: it will be written anew
    return None


def _keep(content: list[Any]) -> None:
    """Write `content` for later runs; where that is impossible they take longer, nothing else."""
    try:
        path = _place(content[0])
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            safe.write(path, json.dumps(content, ensure_ascii=False).encode(), lasting=False)
    except OSError:
        pass


def _place(source: list[Any]) -> Path | None:
    """Name the cache file of a theme; None where the user has no home for it."""
    name = f"{crc32(json.dumps(source).encode()):08x}.json"
    try:
        if sys.platform == "linux":  # as platformdirs says, which takes longer to import than a theme to read
            folder = os.environ.get("XDG_CACHE_HOME", "").strip() or Path("~/.cache").expanduser()
            return Path(folder, "wxpub/themes", name)
        from platformdirs import user_cache_path

        return user_cache_path("wxpub", appauthor=False) / "themes" / name
    except RuntimeError:
        return None


def _premailer_version() -> str:
    """Read premailer's version from its file: importing it would cost what the cache saves."""
    spec = find_spec("premailer")
    text = Path(spec.origin).read_text(encoding="utf-8") if spec is not None and spec.origin else ""
    found = re.search(r"__version__ = \"([^\"]+)\"", text)
    return found[1] if found else ""


def _packed(kind: _Kind) -> list[Any]:
    return [kind.style, {key: _packed(child) for key, child in kind.children.items()}]


def _unpacked(packed: Any) -> _Kind:
    """Read what `_packed` wrote. Raises ValueError for anything else."""
    match packed:
        case [None | str() as text, dict() as children]:
            return _Kind(text, {key: _unpacked(child) for key, child in children.items()})
    raise ValueError("not a cache of kinds")
