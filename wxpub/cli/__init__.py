"""The command line: arguments in, one library call, lines out; commands are imported when they run."""

from __future__ import annotations

import importlib
from typing import Any

import click

from wxpub.errors import WxpubError, near

# What `wxpub --help` shows, in the order of an editor's work; the first line of each command's help is repeated here
# so that listing the commands imports none of them (a test compares the two).
COMMANDS = {
    "convert": "Turn issues into pages to look at and copy from.",
    "preview": "Show an issue in the browser, live while you write.",
    "check": "Say what is wrong with issues, with file and line.",
    "push": "Put an issue into the account's draft box.",
    "publish": "Publish the draft of an issue.",
    "drafts": "List, show or delete drafts of the account.",
    "index": "Keep the record of where issues were published.",
    "cover": "Make a cover picture from a title.",
    "themes": "List the themes, or show an issue in all of them.",
    "sandbox": "Run a local WeChat to try everything on.",
    "trust": "Allow a newsletter's wxpub.toml what needs permission.",
    "doctor": "Check credentials, whitelist, quotas, fonts and clock.",
}


# Commands that share a module with another one.
_HOMES = {
    "publish": "push",
    "cover": "themes",
    "drafts": "account",
    "index": "account",
    "trust": "account",
    "doctor": "account",
    "sandbox": "account",
    "preview": "convert",
}


class Commands(click.Group):
    """Find commands without importing them, and turn errors that a person can act on into one line and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"wxpub.cli.{_HOMES.get(name, name)}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            meant = near(args[0], COMMANDS)
            hint = f" Did you mean {meant!r}?" if meant else ""
            raise click.UsageError(error.message + hint, ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WxpubError as error:
            from wxpub.cli import options

            options.echo(f"error: {error}", fg="red", err=True)
            ctx.exit(1)
        except click.UsageError as error:
            from wxpub import safe

            raise click.UsageError(safe.text(error.format_message()), error.ctx) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wxpub", prog_name="wxpub", message="%(prog)s %(version)s")
def cli() -> None:
    """Turn a newsletter's Markdown into a WeChat Official Account (微信公众号) article and put it in the draft box.

    \b
    wxpub convert issue.md            a page to look at and copy from
    wxpub push issue.md --sandbox     the whole way, on a local WeChat
    wxpub push issue.md               into the account's draft box
    """
