"""What several commands take and do alike: themes with overrides, and an issue with all that belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from wxpub import article, config
from wxpub.article import Article
from wxpub.config import Config
from wxpub.finding import Finding, Severity

if TYPE_CHECKING:
    from wxpub.theme import Theme

COLOURS: Mapping[Severity, str] = {"error": "red", "warning": "yellow", "info": "blue"}
F = TypeVar("F", bound=Callable[..., Any])


def files(command: F) -> F:
    """Take one or more Markdown files; what is wrong with them is said by `article.read`, not by click."""
    return click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))(command)


def theme(command: F) -> F:
    """Take `--theme` and `--set`, which win over front matter and `wxpub.toml`."""
    command = click.option(
        "--set",
        "variables",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_variables,
        help="Set a theme's colour or size.",
    )(command)
    return click.option("--theme", "theme_name", metavar="NAME|FILE.css", help="Use this theme; see `wxpub themes`.")(
        command
    )


def _variables(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not (name.strip() and equals and text.strip()):
            raise click.BadParameter(f"{value!r} is not NAME=VALUE, for example accent=#0f4c81")
        pairs[name.strip().removeprefix("--")] = text.strip()
    return pairs


def say(finding: Finding) -> None:
    """Print a finding for people, in the colour of its severity."""
    click.secho(str(finding), fg=COLOURS[finding.severity], err=True)


def counted(number: int, noun: str) -> str:
    """Give `1 note`, `2 notes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@dataclass(frozen=True, slots=True)
class Issue:
    """An article, its newsletter's settings, the theme it asks for, and where its back issues were published."""

    article: Article
    config: Config
    theme: Theme
    published: Mapping[str, str]


def load(path: Path, theme_name: str | None = None, variables: Mapping[str, str] | None = None) -> Issue:
    """Read the issue at `path` with all that `render` needs. Raises SourceError and ConfigError."""
    from wxpub import ledger
    from wxpub import theme as themes

    settings = config.find(path)
    source = article.read(path, settings.article, settings.root)
    chosen = theme_name or source.theme or themes.DEFAULT
    overrides = {**settings.theme, **dict(source.theme_variables), **(variables or {})}
    style = themes.load(chosen, overrides, Path.cwd() if theme_name else path.parent)
    return Issue(source, settings, style, ledger.published(settings.root))
