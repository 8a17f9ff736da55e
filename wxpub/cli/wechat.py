"""Which WeChat a command talks to: options and settings in, a client and its ledger out; the sandbox included."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from wxpub import config
from wxpub.client import Client
from wxpub.config import Account, Config
from wxpub.ledger import FILE_NAME, Ledger

if TYPE_CHECKING:
    from wxpub.cli import options
    from wxpub.push import Job
    from wxpub.sandbox import Sandbox

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class WeChat:
    """An account that can be spoken to. `key` names it in the ledger; `sandbox` is set if it runs in this process.

    A WeChat on this machine is a `rehearsal`: no reader will ever see what is pushed.
    """

    client: Client
    ledger_path: Path
    key: str
    rehearsal: bool
    sandbox: Sandbox | None = None

    def ledger(self, *, keep: bool = True) -> Ledger:
        """Open the ledger; without `keep` nothing is written to it. Raises ConfigError if it is damaged."""
        return Ledger(self.ledger_path, keep=keep)


def account_options(command: F) -> F:
    """Take `--account` and `--sandbox`."""
    command = click.option("--sandbox", is_flag=True, help="Use the local WeChat; needs no account and no network.")(
        command
    )
    return click.option("--account", "account_name", default="", metavar="NAME", help="An account of wxpub.toml.")(
        command
    )


@contextmanager
def connect(settings: Config, account_name: str, sandbox: bool) -> Iterator[WeChat]:
    """Give the account that the options mean; the sandbox runs in this process until the block ends.

    Raises ConfigError where credentials are missing.
    """
    from wxpub.push import account_key

    if not sandbox:
        account = config.account(settings, account_name)
        key = account_key(account.appid, account.api_base)
        yield WeChat(Client(account, notify=say), settings.root / FILE_NAME, key, _is_local(account.api_base))
        return
    from wxpub.sandbox import serve

    db = sandbox_db()
    db.parent.mkdir(parents=True, exist_ok=True)
    with serve(db) as local:
        account = Account("sandbox", local.appid, local.secret, local.url)
        yield WeChat(Client(account, notify=say), _sandbox_ledger(db, settings.root), "sandbox", True, local)


def _is_local(api_base: str) -> bool:
    host = urlsplit(api_base).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def sandbox_db() -> Path:
    """Give the file that the local WeChat remembers in: WXPUB_SANDBOX_DB, else one in the user's data folder."""
    from platformdirs import user_data_path

    return Path(os.environ.get("WXPUB_SANDBOX_DB") or user_data_path("wxpub", appauthor=False) / "sandbox.sqlite3")


def _sandbox_ledger(db: Path, root: Path) -> Path:
    """Keep what was pushed to the sandbox with the sandbox: the newsletter's own ledger is for real accounts."""
    project = sha256(str(root.resolve()).encode()).hexdigest()[:8]
    return db.with_name(f"{db.stem}-{project}-{FILE_NAME}")


def say(message: str) -> None:
    """Tell a person what is going on."""
    click.secho(message, dim=True, err=True)


def job(account: WeChat, loaded: Sequence[options.Issue], *, keep: bool = True, skip_unreachable: bool = False) -> Job:
    """Gather what a push of the issues to `account` needs; without `keep` the ledger is not written."""
    from wxpub import push

    ledger, settings = account.ledger(keep=keep), loaded[0].config
    issues = tuple(
        push.Issue(
            each.article,
            each.theme,
            each.config.root,
            each.config.picture_root,
            {**each.published, **ledger.permalinks(each.config.root)},
        )
        for each in loaded
    )
    private = bool(settings.network.get("allow_private"))
    terms = push.Terms(push.known(ledger, account.key), private, skip_unreachable, account.rehearsal)
    return push.Job(push.gather(issues, terms), account.client, ledger, account.key, say=say)


def confirm(question: str, yes: bool) -> None:
    """Ask before something that cannot be undone; without a terminal `--yes` is the only way to answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Say so with --yes.")
    click.confirm(question, abort=True, err=True)
