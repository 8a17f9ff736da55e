"""The command line: arguments in, one library call, lines out; commands are imported when they run."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Sequence
from copy import copy
from importlib.util import find_spec
from typing import Any

import click
import click.core
import click.decorators
import click.exceptions
import click.formatting
import click.parser
import click.termui
import click.types

from wxpub import language
from wxpub.cli import answer
from wxpub.errors import WxpubError, near
from wxpub.language import gettext, tr

# What `wxpub --help` shows, in the order of an editor's work; the first line of each command's help is repeated here
# so that listing the commands imports none of them (a test compares the two).
COMMANDS = {
    "init": "Make a folder ready for a newsletter.",
    "add": "Put links into the inbox of the next issue.",
    "new": "Begin the next issue, with what waits in the inbox.",
    "convert": "Turn issues into pages to look at and copy from.",
    "preview": "Show an issue in the browser, live while you write.",
    "remarks": "Show what colleagues remarked on an issue, with file and line.",
    "check": "Say what is wrong with issues, with file and line.",
    "push": "Put an issue into the account's draft box.",
    "pull": "Bring what was edited in the draft back into the Markdown.",
    "publish": "Publish the draft of an issue.",
    "drafts": "List, show or delete drafts of the account.",
    "index": "Keep the record of where issues were published.",
    "cover": "Make a cover picture from a title.",
    "cards": "Draw an issue as cards to swipe through.",
    "themes": "List the themes, or show an issue in all of them.",
    "site": "Write all issues as a web site into a folder.",
    "sandbox": "Run a local WeChat to try everything on.",
    "relay": "Forward the calls of a push to WeChat from a machine with a fixed address.",
    "trust": "Allow a newsletter's wxpub.toml what needs permission.",
    "mcp": "Let an assistant check, convert and push, by MCP.",
    "doctor": "Check credentials, whitelist, quotas, fonts and clock.",
}


# Libraries that a distribution may leave out of its package, and the extra that names each; see pyproject.toml.
LIBRARIES = {
    "flask": "sandbox",
    "werkzeug": "sandbox",
    "watchfiles": "sandbox",
    "mcp": "mcp",
    "mcp_types": "mcp",
    "anyio": "mcp",
    "jsonschema": "mcp",
    "resvg_py": "svg",
    "ziamath": "math",
    "ziafont": "math",
}
INTERRUPTED = 130  # the exit code after Ctrl-C, as shells have it: 128 and the signal's number
# Commands that share a module with another one.
_HOMES = {
    "init": "desk",
    "add": "desk",
    "new": "desk",
    "publish": "push",
    "pull": "push",
    "remarks": "convert",
    "cover": "themes",
    "cards": "themes",
    "drafts": "account",
    "trust": "account",
    "doctor": "account",
    "sandbox": "account",
    "preview": "convert",
}


class _Formatter(click.HelpFormatter):
    """Writes help with the colons of the user's language: click puts one, and a space, behind every heading."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, tr("Usage: {command}", command="") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        self.write(" " * self.current_indent + tr("{heading}:", heading=heading) + "\n")


def _speak() -> None:
    """Let click's own words (usage, errors, headings) come from the catalogue; it asks gettext for them otherwise."""
    for module in (
        click.core,
        click.decorators,
        click.exceptions,
        click.formatting,
        click.parser,
        click.termui,
        click.types,
    ):
        for name, spoken in (("_", gettext), ("ngettext", language.ngettext)):
            if hasattr(module, name):
                setattr(module, name, spoken)
    click.formatting.wrap_text = _wrap
    click.Context.formatter_class = _Formatter


def _in_words(command: click.Command) -> click.Command:
    """Give a command whose help, options and subcommands speak the user's language."""
    command = copy(command)
    if command.help:
        command.help = "\n\n".join(map(_paragraph, paragraphs(command.help)))
    command.options_metavar = gettext(command.options_metavar or "")
    command.params = [copy(each) for each in command.params]
    for param in command.params:
        if isinstance(param, click.Option) and param.help:
            param.help = gettext(param.help)
    if isinstance(command, click.Group):
        command.subcommand_metavar = gettext(command.subcommand_metavar)
        command.commands = {name: _in_words(each) for name, each in command.commands.items()}
    return command


def paragraphs(help: str) -> list[str]:
    """Cut a command's help into its paragraphs; one whose lines are to be kept begins with a line `\\b`."""
    found = inspect.cleandoc(help).split("\n\n")
    return [each if each.startswith("\b") else " ".join(each.split()) for each in found]


def _paragraph(text: str) -> str:
    """Put a paragraph into the user's language; of one whose lines are kept, its heading."""
    if not text.startswith("\b"):
        return gettext(text)
    mark, heading, *lines = text.split("\n")
    return "\n".join((mark, gettext(heading), *lines))


def _wrap(
    text: str,
    width: int = 78,
    initial_indent: str = "",
    subsequent_indent: str = "",
    preserve_paragraphs: bool = False,
) -> str:
    """Wrap text as click does, and Chinese by Unicode's rules (UAX 14) and by the columns that it takes."""
    if language.current() != "zh":
        return _WRAP_TEXT(text, width, initial_indent, subsequent_indent, preserve_paragraphs)
    from uniseg.wrap import tt_wrap

    def fill(paragraph: str) -> str:
        raw = paragraph.startswith("\b\n")
        lines = paragraph.split("\n")[1:] if raw else tt_wrap(paragraph, width - len(subsequent_indent))
        return initial_indent + ("\n" + subsequent_indent).join(line.rstrip() for line in lines)

    return "\n\n".join(map(fill, paragraphs(text) if preserve_paragraphs else [text]))


_WRAP_TEXT = click.formatting.wrap_text


def _asked(args: Sequence[str]) -> str:
    """Give the language that arguments ask for; it has to be known before anything is said about them."""
    for argument, following in zip(args, (*args, "")[1:], strict=True):
        name, _, value = argument.partition("=")
        if name == "--lang":
            return value or following
    return ""


LANG = click.Option(
    ["--lang"],
    type=click.Choice(language.LANGUAGES),
    expose_value=False,
    help="Speak Chinese or English; also by WXPUB_LANG.",
)


class Commands(click.Group):
    """Find commands without importing them, and turn errors that a person can act on into one line and exit code 1."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> Any:
        words = sys.argv[1:] if args is None else args
        language.use(_asked(words))
        with answer.answering(words):
            return super().main(args, *rest, **named)

    def make_context(self, *given: Any, **named: Any) -> click.Context:
        try:
            return super().make_context(*given, **named)
        except click.UsageError as error:
            answer.fail(error)
            raise

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [gettext(each) for each in super().collect_usage_pieces(ctx)]

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"wxpub.cli.{_HOMES.get(name, name)}"), name)
        assert isinstance(command, click.Command)
        if LANG not in command.params:
            command.params.append(LANG)
        return _in_words(command)

    def get_help(self, ctx: click.Context) -> str:
        return click.Group.get_help(_in_words(self), ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(tr("Commands")):
            formatter.write_dl([(name, gettext(help)) for name, help in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            meant = near(args[0], COMMANDS)
            if not meant:
                raise
            raise click.UsageError(
                tr("No such command {name!r}. Did you mean {near!r}?", name=args[0], near=meant), ctx
            ) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (WxpubError, ModuleNotFoundError) as error:
            told = _missing(error) if isinstance(error, ModuleNotFoundError) else error
            if told is None:
                raise
            from wxpub.cli import options

            answer.fail(told)
            options.echo(tr("error: {error}", error=told), fg="red", err=True)
            ctx.exit(1)
        except (KeyboardInterrupt, click.Abort) as error:
            if not isinstance(error, KeyboardInterrupt) and not isinstance(error.__context__, KeyboardInterrupt):
                answer.fail(error)
                raise  # the answer was no
            from wxpub.cli import options

            answer.fail(KeyboardInterrupt())
            options.echo("\n" + tr("interrupted"), err=True)
            ctx.exit(INTERRUPTED)
        except click.exceptions.NoArgsIsHelpError:  # help, and no error's line
            raise
        except click.UsageError as error:
            from wxpub import safe

            message = error.format_message()
            if isinstance(error, click.NoSuchOption):  # said alike whichever version of click runs
                name = error.option_name
                message = tr("No such option {name}.", name=name)
                if error.possibilities:
                    message = tr("No such option {name}. Did you mean {near}?", name=name, near=error.possibilities[0])
            elif isinstance(error, click.MissingParameter) and isinstance(error.param, click.Argument):
                message = tr("Missing argument {name!r}.", name=error.param.human_readable_name.rstrip("."))
            refusal = click.UsageError(safe.text(message), error.ctx)
            answer.fail(refusal)
            raise refusal from None


def _missing(error: ModuleNotFoundError) -> WxpubError | None:
    """Say of a library that is not installed what needs it and how to get it; None for a module of our own."""
    library = (error.name or "").partition(".")[0]
    if library in ("", "wxpub"):
        return None
    needs = {
        "math": tr("formulas"),
        "mcp": tr("assistants"),
        "svg": tr("SVG images"),
        "sandbox": tr("the local WeChat and the preview"),
    }
    extra = LIBRARIES.get(library, "")
    message = tr("the Python package {name} is not installed", name=library)
    if extra:
        message = tr("{what} need the Python package {name}, which is not installed", what=needs[extra], name=library)
    return WxpubError(message, tr("install it: {command}", command=installing(extra)))


def installing(extra: str = "") -> str:
    """Write the command that brings what is missing to this very program; the `pip` of a shell is often another one's.

    It asks what is installed for its extras, so it is right for one that came from a folder, too, and is in no index.
    """
    package, python = f'"wxpub[{extra}]"' if extra else "wxpub", sys.executable
    python = f'"{python}"' if " " in python else python
    if find_spec("pip"):
        return f"{python} -m pip install {package}"
    return f"uv pip install --python {python} {package}"  # as `uv tool install` leaves it


_speak()


def _print_schema(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        import json

        from wxpub.cli import schema

        click.echo(json.dumps(schema.schema(), ensure_ascii=False, indent=2).encode())
        ctx.exit()


SCHEMA = click.Option(
    ["--schema"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of what --json prints.",
)


@click.group(cls=Commands, params=[LANG, SCHEMA], context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wxpub", prog_name="wxpub", message="%(prog)s %(version)s")
def cli() -> None:
    """Turn a newsletter's Markdown into a WeChat Official Account (微信公众号) article and put it in the draft box.

    \b
    A page to look at and copy from, the whole way on a local WeChat, into the account's draft box:
      wxpub convert issue.md
      wxpub push issue.md --sandbox
      wxpub push issue.md
    """
