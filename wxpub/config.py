"""Settings of a newsletter: `wxpub.toml` and the environment in, `Config` out; opens nothing else and knows no article.

[article]                       # defaults for every issue; front matter wins
author = "编辑部"
theme = "digest"
source_url = "https://github.com/me/letter/blob/main/{path}"

[theme]                         # colours and sizes of any theme
accent = "#0f4c81"

[accounts.default]              # never the secret itself
appid = "wx0123456789abcdef"
secret_env = "WXPUB_SECRET"

[markdown]
extensions = ["abbr"]           # of Python-Markdown, beside the dialect
"""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wxpub.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAME = "wxpub.toml"
_NEAR = {"localhost", "local", "internal", "lan", "home", "test", "invalid"}  # no public name ends so
_TABLES = {"article", "theme", "accounts", "network", "markdown"}
_ACCOUNT_KEYS = {"appid", "secret_env", "secret_file", "api_base", "proxy"}
_SECRET = re.compile(r"[0-9a-fA-F]{32}")  # what an AppSecret looks like; no appid, variable or file is named so
_NETWORK_KEYS = {"api_base", "proxy", "allow_private"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An Official Account's credentials and the way to it; the secret shows in no representation."""

    name: str
    appid: str
    secret: str = field(repr=False)
    api_base: str
    proxy: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """What `wxpub.toml` says. `root` is its folder: the newsletter's project, beyond which no file is read or sent."""

    root: Path
    path: Path | None = None
    article: Mapping[str, Any] = field(default_factory=dict)
    theme: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()

    @property
    def image_root(self) -> Path:
        """The folder that images may come from: the project, as `wxpub.toml` or a Git repository marks it.

        Without a mark there is no border to guard but the customary one: issues in a folder, images in the one above.
        """
        marked = self.path is not None or (self.root / ".git").exists()
        return self.root if marked else self.root.parent


def find(start: Path) -> Config:
    """Read the nearest `wxpub.toml` from `start` (a file or a folder) upwards; without one, the defaults.

    Without a `wxpub.toml` the project is the Git repository around `start`, else its folder.
    Raises ConfigError if the file is not TOML or has an unknown table or a value of a wrong kind.
    """
    folder = start if start.is_dir() else start.parent
    folder = folder.resolve()
    for candidate in (folder, *folder.parents):
        if (path := candidate / FILE_NAME).is_file():
            return _read(path)
    root = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)
    return Config(root=root)


def credentials(config: Config, name: str = "", env: Mapping[str, str] = os.environ) -> Credentials:
    """Find the account to push to: `name` of `wxpub.toml`, else WXPUB_APPID and WXPUB_SECRET, else the only one there.

    WXPUB_API_BASE and WXPUB_PROXY win over the file. Raises ConfigError that names what is missing.
    """
    if not name and env.get("WXPUB_APPID"):
        return _credentials("", {"appid": env["WXPUB_APPID"], "secret_env": "WXPUB_SECRET"}, config, env)
    if not name:
        name = _only_account(config)
    if name not in config.accounts:
        known = ", ".join(sorted(config.accounts)) or "none"
        raise ConfigError(f"no account {name!r}; known: {known}", config.path)
    return _credentials(name, config.accounts[name], config, env)


def _only_account(config: Config) -> str:
    if "default" in config.accounts:
        return "default"
    if len(config.accounts) == 1:
        return next(iter(config.accounts))
    if config.accounts:
        raise ConfigError(
            f"several accounts: {', '.join(sorted(config.accounts))}",
            config.path,
            "choose one with --account",
        )
    raise ConfigError(
        "no credentials",
        hint="set WXPUB_APPID and WXPUB_SECRET, or add [accounts.default] to wxpub.toml, or try it out with --sandbox",
    )


def _credentials(name: str, table: Mapping[str, str], config: Config, env: Mapping[str, str]) -> Credentials:
    label = f"[accounts.{name}]" if name else "WXPUB_APPID"
    if not table.get("appid"):
        raise ConfigError(f"{label} has no appid", config.path)
    base = env.get("WXPUB_API_BASE") or table.get("api_base") or config.network.get("api_base") or ""
    proxy = env.get("WXPUB_PROXY") or table.get("proxy") or config.network.get("proxy") or ""
    return Credentials(name or "default", table["appid"], _secret(label, table, config, env), _base(base), proxy)


def _secret(label: str, table: Mapping[str, str], config: Config, env: Mapping[str, str]) -> str:
    if variable := table.get("secret_env"):
        if secret := env.get(variable, "").strip():
            return secret
        raise ConfigError(f"{label}: the environment variable {variable} is not set", config.path)
    if name := table.get("secret_file"):
        path = (config.root / Path(name).expanduser()).resolve()
        try:
            secret = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{label}: cannot read secret_file {path}: {_reason(error)}", config.path) from None
        if secret:
            return secret
        raise ConfigError(f"{label}: secret_file {path} is empty", config.path)
    raise ConfigError(f"{label} names no secret", config.path, 'add secret_env = "WXPUB_SECRET" or secret_file = "…"')


def _base(base: str) -> str:
    """Check an API address: scheme and host only, since the client adds the path."""
    if not base:
        return ""
    try:
        parts = urlsplit(base)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        sound = False
    if not sound or parts.path.strip("/") or parts.query:
        raise ConfigError(
            "api_base is not an address of the form https://host[:port]", hint="give scheme and host, no path"
        )
    if parts.scheme == "http" and not _is_near(parts.hostname or ""):
        hint = "use https://, or an address of this machine or of its own network"
        raise ConfigError("api_base would send the AppSecret unencrypted through the internet", hint=hint)
    return f"{parts.scheme}://{parts.netloc}"


def _is_near(host: str) -> bool:
    """Tell whether `host` is this machine or one of its own network, by its address or by a name of such places."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.rpartition(".")[2] in _NEAR


def _read(path: Path) -> Config:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not valid TOML: {error}", path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {_reason(error)}", path) from None
    unknown = sorted(set(data) - _TABLES)
    if unknown:
        raise ConfigError(f"unknown {', '.join(unknown)}", path, f"known tables: {', '.join(sorted(_TABLES))}")
    for name, table in data.items():
        if not isinstance(table, dict):
            raise ConfigError(f"{name} is not a table", path, f"write [{name}]")
    accounts = _accounts(data.get("accounts", {}), path)
    network = data.get("network", {})
    _known(network, _NETWORK_KEYS, "[network]", path)
    _typed(network, "[network]", path)
    theme = {key: str(value) for key, value in data.get("theme", {}).items()}
    extensions = _extensions(data.get("markdown", {}), path)
    return Config(path.parent, path, data.get("article", {}), theme, accounts, network, extensions)


def _extensions(table: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    _known(table, {"extensions"}, "[markdown]", path)
    names = table.get("extensions", [])
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise ConfigError("[markdown]: extensions is not a list of names", path, 'write extensions = ["abbr"]')
    return tuple(names)


def _accounts(tables: Mapping[str, Any], path: Path) -> dict[str, Mapping[str, str]]:
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ConfigError(f"accounts.{name} is not a table", path, f"write [accounts.{name}]")
        if {"secret", "appsecret"} & table.keys() or any(_SECRET.fullmatch(str(each)) for each in table.values()):
            hint = "take it out (and reset it if the file was shared); use secret_env or secret_file"
            raise ConfigError(f"[accounts.{name}] holds the secret itself", path, hint)
        _known(table, _ACCOUNT_KEYS, f"[accounts.{name}]", path)
        _typed(table, f"[accounts.{name}]", path)
    return dict(tables)


def _known(table: Mapping[str, Any], keys: set[str], label: str, path: Path) -> None:
    unknown = sorted(set(table) - keys)
    if unknown:
        raise ConfigError(f"{label}: unknown {', '.join(unknown)}", path, f"known keys: {', '.join(sorted(keys))}")


def _typed(table: Mapping[str, Any], label: str, path: Path) -> None:
    """Refuse values of a wrong kind; above all `allow_private = "false"`, which would be true."""
    for key, value in table.items():
        kind, name = (bool, "true or false") if key == "allow_private" else (str, "text in quotes")
        if not isinstance(value, kind):
            raise ConfigError(f"{label}: {key} has a value of the wrong kind", path, f"give {name}")


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "not UTF-8"
