"""A look for articles: a CSS file in, a `style` attribute for every element of a tree out; knows no Markdown.

premailer turns a theme's rules into `style` attributes, but takes 200 ms to import and longer than a whole conversion
to run. So it never sees an article: it styles *kinds* of element. A kind is the path of tags and classes from the root;
real newsletters have about a hundred of them. The kinds that a theme has not met are put into one skeleton document,
premailer inlines the rules into it once, and each kind's style is kept, in the Theme and in the user's cache folder.
An article is then styled in one walk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from wxpub import style
from wxpub.errors import SourceError
from wxpub.theme import sheet
from wxpub.theme.kinds import Memory

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["DEFAULT", "Theme", "apply", "load", "names"]

DEFAULT = "plain"
_BASE = "_base"  # what every theme builds on: scrollers, lists, superscripts


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme that has been read: `css` is plain CSS with its variables resolved, `variables` are their values.

    `title` is its Chinese name, `description` what it is for; both come from the file's first comment.
    """

    name: str
    title: str
    description: str
    css: str
    variables: Mapping[str, str]
    _memory: Memory = field(repr=False, compare=False)


def names() -> tuple[str, ...]:
    """List the themes that come with the program, the default one first."""
    found = sorted(path.stem for path in _folder().glob("*.css") if not path.stem.startswith("_"))
    return tuple(sorted(found, key=lambda name: name != DEFAULT))


def load(name: str = DEFAULT, overrides: Mapping[str, str] | None = None, base: Path | None = None) -> Theme:
    """Read the theme `name`: one of `names()`, or the path of a `.css` file, which is relative to `base`.

    `overrides` replace variables of the theme: {"accent": "#0f4c81"}. Raises SourceError for a theme that is not there,
    an override of no variable, and for CSS that an article cannot hold, with its line.
    """
    ground, own = (_parse(path) for path in (_folder() / f"{_BASE}.css", _find(name or DEFAULT, base)))
    variables = {**ground.variables, **own.variables}
    for key, value in (overrides or {}).items():
        if key not in variables:
            raise SourceError(f"the theme has no variable {key}", own.path, hint=f"it has {', '.join(variables)}")
        if not value.strip() or re.search(r"[;{}]|/\*", value):
            raise SourceError(f"{key} cannot be {value!r}", own.path, hint="give one CSS value")
        variables[key] = value.strip()
    variables = sheet.resolve_variables(variables, own.path)
    css = sheet.resolve(ground, variables) + sheet.resolve(own, variables)
    title, _, description = own.comment.partition("\n")
    description = " ".join(description.split())
    return Theme(
        own.path.stem, title.strip() or own.path.stem, description, css, MappingProxyType(variables), Memory(css)
    )


def apply(root: HtmlElement, theme: Theme) -> None:
    """Give every element under `root` the theme's style for its kind; a `style` of its own is merged last, and wins."""
    for element, kind in theme._memory.pairs(root):
        own = element.get("style")
        text = style.write(style.read(f"{kind.style};{own}")) if own else kind.style
        if text:
            element.set("style", text)


def _folder() -> Path:
    """Find the styles: inside the package where it is installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "styles"
    return inside if inside.is_dir() else package.parent / "styles"


def _find(name: str, base: Path | None) -> Path:
    if name.endswith(".css"):
        return (base or Path()) / Path(name).expanduser()
    path = _folder() / f"{name}.css"
    if name not in names():
        raise SourceError(f"no theme {name!r}", hint=f"there are {', '.join(names())}; or give the path of a .css file")
    return path


def _parse(path: Path) -> sheet.Sheet:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SourceError("no such theme", path, hint=f"there are {', '.join(names())}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot be read: {error}", path, hint="a theme is a CSS file in UTF-8") from None
    return sheet.parse(text, path)
