"""What a command answers to a program that asked with `--json`: one document, however the command ends.

    {"wxpub": {"version": "0.1.0", "schema": 1}, "command": "push", "ok": true, "exit_code": 0,
     "result": {…}, "findings": […], "error": null}

Commands give their result, `Commands` what went wrong; what is printed stands in `wxpub.cli.schema`. Everything that is
said to a person goes to stderr meanwhile.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise
from typing import Any

import click

from wxpub import safe
from wxpub.errors import ApiError, ConfigError, ConflictError, NetworkError, SourceError, WxpubError
from wxpub.finding import Finding
from wxpub.language import tr

SCHEMA = 1  # counts up when a field goes, or means something else; a new field is no new version
# What an error is called, the first that fits; `docs/json.md` says what each means.
KINDS: Mapping[type[BaseException], str] = {
    SourceError: "source",
    ConfigError: "config",
    ConflictError: "conflict",
    NetworkError: "network",
    ApiError: "wechat",
    WxpubError: "refused",
    click.Abort: "declined",
    KeyboardInterrupt: "interrupted",
    click.ClickException: "usage",
    BaseException: "internal",
}


class Answer:
    """What is known of a command's end so far."""

    def __init__(self) -> None:
        self.command = ""
        self.result: Mapping[str, Any] | None = None
        self.findings: list[dict[str, Any]] = []
        self.error: dict[str, Any] | None = None
        self.told = False

    def tell(self, exit_code: int = 0) -> None:
        """Print the document, once, as UTF-8 whatever the console's own encoding."""
        if self.told:
            return
        self.told = True
        version = sys.modules["wxpub"].__version__  # no import: the package's front names every room
        document = {
            "wxpub": {"version": version, "schema": SCHEMA},
            "command": self.command,
            "ok": exit_code == 0,
            "exit_code": exit_code,
            "result": self.result,
            "findings": self.findings,
            "error": self.error,
        }
        click.echo(safe.utf8(safe.json_text(json.dumps(document, ensure_ascii=False, indent=2))))


_current: ContextVar[Answer | None] = ContextVar("answer", default=None)  # of the command that runs, if it is wanted


def wanted() -> bool:
    """Whether the command that runs was asked for JSON."""
    return _current.get() is not None


def asked(words: Sequence[str]) -> bool:
    """Whether a command line asks for JSON; it may be too wrong to be parsed."""
    options = [*words, "--"][: [*words, "--"].index("--")]
    return "--json" in options or "--format=json" in options or ("--format", "json") in pairwise(options)


@contextmanager
def answering(words: Sequence[str]) -> Iterator[None]:
    """Print the document of the command that runs inside, if it asks for one, whatever ends it."""
    if not asked(words):
        yield
        return
    answer = Answer()
    token = _current.set(answer)
    try:
        yield
        answer.tell()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if code or answer.result is not None:  # else it was asked for help
            answer.tell(code)
        raise
    except BaseException as error:  # nobody's fault but ours: its traceback goes to stderr
        fail(error)
        answer.tell(1)
        raise
    finally:
        _current.reset(token)


def name(context: click.Context) -> None:
    """Say which command it is, by its words without the program's: `drafts list`."""
    if answer := _current.get():
        answer.command = context.command_path.partition(" ")[2]


def give(result: Mapping[str, Any], *, now: bool = False) -> None:
    """Give the result of the command; with `now`, of a command that goes on, the document is printed at once."""
    if answer := _current.get():
        name(click.get_current_context())
        answer.result = result
        if now:
            answer.tell()


def find(findings: Iterable[Finding]) -> None:
    """Add to the findings of the command, which count even if it fails."""
    if answer := _current.get():
        answer.findings += [each.to_json() for each in findings]


def fail(error: BaseException | dict[str, Any]) -> None:
    """Say what went wrong, as an error or as `problem` has described it; of several the first counts."""
    if answer := _current.get():
        answer.error = answer.error or (error if isinstance(error, dict) else problem(error))
        if isinstance(error, click.UsageError) and error.ctx and not answer.command:
            name(error.ctx)


def problem(error: BaseException) -> dict[str, Any]:
    """Describe an error as plain values; every key is there, whatever kind it is of."""
    message, hint = type(error).__name__, ""
    if isinstance(error, WxpubError):
        message, hint = error.message, error.hint
    elif isinstance(error, click.ClickException):
        message = error.format_message()
    elif isinstance(error, KeyboardInterrupt):
        message = tr("interrupted")
    elif isinstance(error, click.Abort):
        message = tr("the answer was no")
    path = getattr(error, "path", None)
    return {
        "kind": next(kind for family, kind in KINDS.items() if isinstance(error, family)),
        "message": message,
        "hint": hint,
        "path": str(path) if path else None,
        **{key: getattr(error, key, None) for key in ("line", "endpoint", "errcode", "rid")},
    }
