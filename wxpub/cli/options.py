"""What several commands take and say alike: arguments in, values out; findings, questions and JSON printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from wxpub import safe
from wxpub.article import MAX_BYTES, STDIN
from wxpub.cli import answer
from wxpub.errors import SourceError, reason_of
from wxpub.finding import Finding, Severity, fold
from wxpub.language import tr

COLOURS: Mapping[Severity, str] = {"error": "red", "warning": "yellow", "info": "blue"}
F = TypeVar("F", bound=Callable[..., Any])


def files(command: F) -> F:
    """Take one or more Markdown files; what is wrong with them is said by `article.read`, not by click."""
    return click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))(command)


def stdin_filename(command: F) -> F:
    """Take the name that standard input goes by; see `standard_input`."""
    return click.option(
        "--stdin-filename",
        "stdin_name",
        metavar="PATH",
        type=click.Path(path_type=Path),
        help="Read `-` as if it were this file: its folder, its name, its kind.",
    )(command)


def standard_input(files: Sequence[Path], name: Path | None) -> tuple[list[Path], dict[Path, bytes]]:
    """Read standard input where `files` have `-`: give them with its name in that place, and what it holds.

    Without a name it is `-`, an issue in the working folder. Raises UsageError for two of them, and for a name alone.
    """
    if STDIN not in files:
        if name is not None:
            raise click.UsageError(tr("--stdin-filename is the name of standard input: give - as a file"))
        return list(files), {}
    if files.count(STDIN) > 1:
        raise click.UsageError(tr("standard input can be read once; give - once"))
    named = name or STDIN
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    return [named if path == STDIN else path for path in files], {named: data}


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
            raise click.BadParameter(tr("{value!r} is not NAME=VALUE, for example accent=#0f4c81", value=value))
        pairs[name.strip().removeprefix("--")] = text.strip()
    return pairs


def newspic(command: F) -> F:
    """Take `--as`."""
    return click.option(
        "--as",
        "as_newspic",
        type=click.Choice(("贴图", "newspic")),
        callback=lambda ctx, param, value: value is not None,
        help="Make a 贴图 of it: pictures to swipe through, drawn unless the issue is one with its own.",
    )(command)


def echo(text: object = "", *, err: bool = False, **style: Any) -> None:
    """Print text in which others may have had a say: it cannot steer a terminal, nor a CI that reads it.

    Where JSON is wanted, stdout is for that alone: what would go there is in the document.
    """
    if err or not answer.wanted():
        click.secho(safe.text(text), err=err, **style)


def watched(outcomes: Iterator[Any], count: int, label: str) -> Iterator[Any]:
    """Show on a terminal how many of `count` outcomes have come, as they are taken."""
    if not sys.stderr.isatty():
        yield from outcomes
        return
    with click.progressbar(outcomes, length=count, label=label, file=sys.stderr) as shown:
        yield from shown


def launch(place: str) -> None:
    """Open an address or a file in the user's browser, which is given no secret."""
    with safe.without_secrets():
        click.launch(place)


def say(found: Iterable[Finding]) -> None:
    """Print findings for people, on stderr, in the colours of their severities: one for each rule, as `fold` tells."""
    for finding in fold(found):
        echo(finding, fg=COLOURS[finding.severity], err=True)


def account(command: F) -> F:
    """Take `--account` and `--sandbox`."""
    command = click.option("--sandbox", is_flag=True, help="Use the local WeChat; needs no account and no network.")(
        command
    )
    return click.option("--account", "account_name", default="", metavar="NAME", help="An account of wxpub.toml.")(
        command
    )


def expect(command: F) -> F:
    """Take `--expect`."""
    return click.option(
        "--expect",
        "expected",
        default="",
        metavar="FINGERPRINT",
        help="Only if it is exactly what --dry-run has shown: the fingerprint that it printed.",
    )(command)


def as_json(command: F) -> F:
    """Take `--json`; a command gives its result to `print_json` then, and says nothing on stdout."""
    return click.option(
        "--json", "as_json", is_flag=True, is_eager=True, callback=_named, help="Print one JSON document; docs/json.md."
    )(command)


def _named(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    answer.name(ctx)
    return value


def confirm(question: str, yes: bool) -> None:
    """Ask before something that cannot be undone; without a terminal `--yes` is the only way to answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(tr("{question} Answer with --yes.", question=question))
    click.confirm(safe.line(question), abort=True, err=True)


def tell(message: str) -> None:
    """Tell a person what is going on."""
    echo(message, dim=True, err=True)


def print_json(result: Mapping[str, Any], findings: Iterable[Finding] = (), *, now: bool = False) -> None:
    """Give the command's result, as `wxpub.cli.schema` describes it, and its findings.

    They are printed when the command ends, in one document with what may still go wrong; with `now`, of a command that
    goes on until it is stopped, at once.
    """
    answer.find(findings)
    answer.give(result, now=now)


def write(place: Path, data: bytes) -> None:
    """Write a file whole or not at all; one that is there keeps its rights. Raises SourceError if it cannot be."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        there = place.is_file() and not place.is_symlink()
        safe.write(place, data, place.stat().st_mode & 0o777 if there else 0o666, lasting=False)
    except OSError as error:
        raise SourceError(tr("cannot be written: {reason}", reason=reason_of(error)), place) from None


@contextmanager
def stopping() -> Iterator[Callable[[], None]]:
    """Give what waits for Ctrl-C or SIGTERM; afterwards these do what they did before."""
    import signal
    from threading import Event

    stopped = Event()

    def wait() -> None:
        while not stopped.wait(0.5):  # on Windows a signal does not end a wait
            pass

    before = {each: signal.signal(each, lambda *_: stopped.set()) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wait
    finally:
        for each, did in before.items():
            signal.signal(each, did)
