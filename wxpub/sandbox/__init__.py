"""A local WeChat: the Official Account API on loopback, for tests and trials of any program that talks to WeChat.

    from wxpub.sandbox import serve

    with serve() as wechat:
        ...  # wechat.url, wechat.appid, wechat.secret

It shares no code with the programs that it checks: of wxpub it uses only the facts (`limits`), the errors, the
language and the colours of dark mode. Nothing is imported before `serve` is called: a test run with the pytest plugin
pays for what it uses. README.md beside this file is the way in.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wxpub.sandbox.control import Sandbox
    from wxpub.sandbox.store import Fault, Profile, Store

__all__ = ["Fault", "Profile", "Sandbox", "serve"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wxpub.sandbox import control, store

    return getattr(control if name == "Sandbox" else store, name)


@contextmanager
def serve(
    db: Path | None = None,
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    hosts: tuple[str, ...] = (),
    on_call: Callable[[str], None] | None = None,
    **options: object,
) -> Iterator[Sandbox]:
    """Run the sandbox in this process until the block ends.

    `db` is the SQLite file that it remembers in, None a store that ends with the block. `port` 0 takes a free one.
    `host` is the address to listen at: 0.0.0.0 in a container, where whoever reaches it can do everything.
    `hosts` are further values that the Host header may have; `on_call` is told one line about each API call; all other
    `options` are fields of `Profile` for the first account, and win over those of WXPUB_SANDBOX_PROFILE in the
    environment. Raise ConfigError for an option that is unknown or impossible, a port that is taken, or a file that
    cannot be used.
    """
    import threading

    from wxpub.errors import ConfigError, reason_of
    from wxpub.language import tr
    from wxpub.sandbox import control, pages, server

    store = _open(db, {**_profile(), **options})
    try:
        app = server.make_app(store, hosts, on_call)
        controls = control.Control(store, server.TABLE)
        pages.add_to(app, store, controls, server.TABLE)
        control.add_to(app, controls)
        try:
            listening = server.Server(app, port, host)
        except OSError as error:
            place = f"{host}:{port}"
            reason = reason_of(error)
            raise ConfigError(
                tr("cannot listen on {place}: {reason}", place=place, reason=reason), hint=tr("choose another port")
            ) from error
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,), name="wxpub-sandbox", daemon=True)
        thread.start()
        try:
            near = server.HOST if host == "0.0.0.0" else host  # noqa: S104  every address of this machine is one of them
            yield control.Sandbox(store, server.TABLE, f"http://{near}:{listening.server_port}")
        finally:
            listening.shutdown()
            thread.join()
            listening.server_close()
    finally:
        store.close()


def _profile() -> dict[str, object]:
    """Read the environment's WXPUB_SANDBOX_PROFILE: a kind of account, or a JSON object of `Profile` fields."""
    import json

    from wxpub.errors import ConfigError
    from wxpub.language import tr

    text = os.environ.get("WXPUB_SANDBOX_PROFILE", "").strip()
    if not text.startswith("{"):
        return {"kind": text} if text else {}
    try:
        fields: dict[str, object] = json.loads(text)
    except (ValueError, RecursionError) as error:
        said = tr("WXPUB_SANDBOX_PROFILE is not a JSON object: {reason}", reason=str(error))
        raise ConfigError(said, hint=tr('write personal, or {"kind": "personal", "limits": "documented"}')) from None
    return fields


def _open(db: Path | None, options: dict[str, object]) -> Store:
    """Open the store with its first account."""
    import sqlite3

    from wxpub.errors import ConfigError
    from wxpub.language import tr
    from wxpub.sandbox.store import APPID, SECRET, Profile, Store

    store: Store | None = None
    try:
        if db is not None:
            db.parent.mkdir(parents=True, exist_ok=True)
        store = Store(db)
        store.add_account(APPID, SECRET, tr("Sandbox account"), Profile())
        if options:
            store.change_profile(APPID, options)
    except (OSError, sqlite3.Error, ConfigError) as error:
        if store is not None:
            store.close()
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(tr("the local WeChat cannot use this file"), db, hint=str(error)) from error
    return store
