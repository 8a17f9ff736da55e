"""Which WeChat is spoken to: settings in, an `Account` with its client and its ledger out; the local WeChat included.

with connect(issue.settings) as account:
    push(account, [issue])
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wxpub import address, config
from wxpub.client import Client
from wxpub.config import Config, Credentials
from wxpub.errors import ConfigError
from wxpub.ledger import FILE_NAME, Ledger

if TYPE_CHECKING:
    from wxpub.sandbox import Sandbox

Say = Callable[[str], None]
NOBODY = "-"  # the account of permalinks that were recorded where no account is set up


@dataclass(frozen=True, slots=True)
class Account:
    """An account that can be spoken to: its `client`, and the file and the name under which its ledger is kept.

    `sandbox` is set if it runs in this process. A WeChat on this machine is a `rehearsal`: no reader will ever see what
    is pushed.
    """

    client: Client
    ledger_path: Path
    key: str
    rehearsal: bool
    sandbox: Sandbox | None = None

    def ledger(self, *, keep: bool = True) -> Ledger:
        """Open the ledger; without `keep` nothing is written to it. Raises ConfigError if it is damaged."""
        return Ledger(self.ledger_path, keep=keep)

    def draft_url(self, media_id: str) -> str:
        """Where a person can look at a draft; the local WeChat has a page for each."""
        return f"{self.client.account.api_base}/draft/{media_id}" if self.rehearsal else "https://mp.weixin.qq.com/"


@contextmanager
def connect(
    settings: Config, account: str | Sandbox = "", *, sandbox: bool = False, say: Say = lambda text: None
) -> Iterator[Account]:
    """Connect to an account: one of `wxpub.toml` or of the environment, or a local WeChat that runs already.

    With `sandbox` the local WeChat runs in this process until the block ends. `say` is told why something takes long.
    Raises ConfigError where credentials are missing; asks WeChat nothing yet.
    """
    if not sandbox:
        found = config.credentials(settings, account) if isinstance(account, str) else _local(account)
        # A relay on this machine, or the near end of a tunnel to one, leads to readers.
        local = address.is_loopback(urlsplit(found.api_base).hostname or "") and not found.relay_key
        if isinstance(account, str) and (notice := config.notice(found)):
            say(notice)
        yield Account(Client(found, notify=say), settings.root / FILE_NAME, key(found), local)
        return
    from wxpub.sandbox import serve

    db = sandbox_db()
    db.parent.mkdir(parents=True, exist_ok=True)
    with serve(db) as server:
        yield Account(Client(_local(server), notify=say), _sandbox_ledger(db, settings.root), "sandbox", True, server)


def _local(server: Sandbox) -> Credentials:
    return Credentials("sandbox", server.appid, server.secret, server.url)


def key(account: Credentials) -> str:
    """Name an account in the ledger: by its AppID, and by the server too unless that is WeChat's own, or a relay to it.

    So the ids and addresses of a sandbox are never sent to WeChat.
    """
    host = urlsplit(account.api_base).netloc
    own = not host or account.relay_key != "" or host.endswith(".weixin.qq.com")
    return account.appid if own else f"{account.appid}@{host}"


def key_of(settings: Config, name: str = "") -> str:
    """Name the account in the ledger as far as settings tell, or NOBODY: recording an address needs no credentials.

    Raises ConfigError if `name` is asked for and not there.
    """
    if not name and not settings.accounts:
        return NOBODY
    try:
        return key(config.credentials(settings, name))
    except ConfigError:
        if name and name not in settings.accounts:
            raise
        return NOBODY


def sandbox_db() -> Path:
    """The file that the local WeChat remembers in: WXPUB_SANDBOX_DB, else one in the user's data folder."""
    if chosen := os.environ.get("WXPUB_SANDBOX_DB"):
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("wxpub", appauthor=False) / "sandbox.sqlite3"


def _sandbox_ledger(db: Path, root: Path) -> Path:
    """Keep what was pushed to the sandbox with the sandbox: the newsletter's own ledger is for real accounts."""
    project = sha256(str(root.resolve()).encode()).hexdigest()[:8]
    return db.with_name(f"{db.stem}-{project}-{FILE_NAME}")
