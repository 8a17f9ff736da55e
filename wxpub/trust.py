"""What the user has allowed a newsletter's `wxpub.toml` to decide: wishes of a file in, permissions out.

A repository is checked out, not written, by the one who runs `wxpub` in it. So where its file wants secrets read from
or sent to a place of its own choice, the user is asked once, for that folder and that place (`wxpub trust`). The answer
is kept in the user's own configuration, never in the tree.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from wxpub import safe
from wxpub.errors import ConfigError, reason_of
from wxpub.language import tr

_VERSION = 1


class Wish(NamedTuple):
    """One thing that a file wants: `key` and `value` as it names them, and what follows from it, for a person."""

    key: str
    value: str
    effect: str

    def __str__(self) -> str:
        return f"{self.key} {self.value}"


def is_allowed(folder: Path, wish: Wish) -> bool:
    """Whether the user has allowed `wish` to the files of `folder`. Raises ConfigError if the record is damaged."""
    return str(wish) in _read().get(_name(folder), ())


def demand(folder: Path, path: Path, wish: Wish) -> None:
    """Raise ConfigError, which names file, key and command, unless the user has allowed `wish` to `folder`."""
    if not is_allowed(folder, wish):
        hint = tr("look at it, and if you agree: wxpub trust {folder}", folder=shlex.quote(str(folder)))
        what = tr("{key} = {value} is not allowed yet: {effect}", key=wish.key, value=wish.value, effect=wish.effect)
        raise ConfigError(what, path, hint)


def allow(folder: Path, wishes: Collection[Wish]) -> None:
    """Write down that the user allows `wishes` to `folder`, and nothing else that it was allowed before."""
    folders = {**_read(), _name(folder): sorted({str(each) for each in wishes})}
    _write({name: given for name, given in folders.items() if given})


def revoke(folder: Path) -> tuple[str, ...]:
    """Take back all that `folder` was allowed; give what that was."""
    folders = dict(_read())
    gone = folders.pop(_name(folder), [])
    if gone:
        _write(folders)
    return tuple(gone)


def permissions() -> Mapping[str, tuple[str, ...]]:
    """List all that was allowed, by folder."""
    return {name: tuple(given) for name, given in sorted(_read().items())}


def place() -> Path:
    """Where permissions are kept: the user's configuration folder."""
    from platformdirs import user_config_path

    return user_config_path("wxpub", appauthor=False) / "trust.json"


def _name(folder: Path) -> str:
    return str(folder.resolve())


def _read() -> dict[str, list[str]]:
    path = place()
    text = read_own(path)
    if text is None:
        return {}
    try:
        document = json.loads(text)
        folders = document["folders"]
        if document["version"] != _VERSION or not all(map(_is_entry, folders.items())):
            raise ValueError
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        folders = None
    if folders is None:
        raise ConfigError(tr("damaged; nothing is allowed"), path, tr("delete it, and allow again what you want"))
    return dict(folders)


def read_own(path: Path) -> str | None:
    """Read a file of the user's own configuration; None if there is none.

    Raises ConfigError if it cannot be read, or if others could have written it.
    """
    try:
        status = path.stat()
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error)
        raise ConfigError(tr("cannot be read: {reason}", reason=reason), path) from None
    if os.name == "posix" and (status.st_uid not in (os.geteuid(), 0) or status.st_mode & 0o022):
        hint = tr("make it your own, and yours alone to write")
        raise ConfigError(tr("could be changed by other users"), path, hint)
    return text


def _is_entry(entry: tuple[object, object]) -> bool:
    name, given = entry
    return isinstance(name, str) and isinstance(given, list) and all(isinstance(each, str) for each in given)


def _write(folders: Mapping[str, Collection[str]]) -> None:
    path = place()
    document = {"version": _VERSION, "folders": {name: list(given) for name, given in sorted(folders.items())}}
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        safe.write(path, (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode(), 0o600)
    except OSError as error:
        raise ConfigError(tr("cannot be written: {reason}", reason=reason_of(error)), path) from None
