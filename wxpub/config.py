"""Settings of a newsletter: `wxpub.toml` and the environment in, `Config` out; opens nothing else and knows no article.

[article]                       # defaults for every issue; front matter wins
author = "编辑部"
theme = "digest"
source_url = "https://github.com/me/letter/blob/main/{path}"

[site]                          # where else the issues can be read: links to them become links between articles
url = "https://letter.example/"

[theme]                         # colours and sizes of any theme
accent = "#0f4c81"

[cover]                         # covers that are drawn; each key stands for cover_… of [article]
design = "masthead"
logo = "images/logo.png"        # from this file's folder

[accounts.default]              # never the secret itself
appid = "wx0123456789abcdef"
secret_env = "WXPUB_SECRET"

[markdown]
extensions = ["abbr"]           # of Python-Markdown, beside the dialect

[check]
ignore = ["image-alt-missing"]  # rules that this newsletter does without; errors stay

[ui]
language = "zh"                 # in which the tool speaks, "zh" or "en"; --lang and WXPUB_LANG win
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wxpub import article, language, safe, trust
from wxpub.errors import ConfigError, SourceError, did_you_mean, reason_of
from wxpub.language import LANGUAGES, listed, tr
from wxpub.trust import Wish

FILE_NAME = "wxpub.toml"
LEDGER_NAME = "wxpub.ledger.json"
_NEAR = {"localhost", "local", "internal", "lan", "home", "test", "invalid"}  # no public name ends so
_TABLES = {"article", "cover", "site", "theme", "accounts", "network", "markdown", "check", "ui"}
_COVER_KEYS = {"design", "series", "picture", "logo", "ground", "accent"}
_ACCOUNT_KEYS = {"appid", "secret_env", "secret_file", "api_base", "proxy"}
_OWN_VARIABLES = "WXPUB_"  # what the names of variables begin with in which a file may look for a secret unasked
_MOST_BYTES = 100_000  # of wxpub.toml, which has a few hundred
_SECRET_BYTES = 4096  # more than this no file with a secret has
_OWN_HOSTS = (".weixin.qq.com",)
# Extensions that have an entry point are meant to be named; a module of any other name would be imported, that is run.
_EXTENSIONS = ("markdown.extensions.", "pymdownx.")
_READERS = {"pymdownx.snippets", "pymdownx.b64"}  # they put files into an article, from wherever the command is run
_NETWORK_KEYS = {"api_base", "proxy", "allow_private"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An Official Account's credentials and the way to it; no secret shows in a representation.

    With a `relay_key` there is a relay at `api_base`, which may have the `secret` in its keeping: then it is "" here.
    """

    name: str
    appid: str
    secret: str = field(repr=False)
    api_base: str
    proxy: str = field(default="", repr=False)
    relay_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """What `wxpub.toml` says. `root` is its folder: the newsletter's project, beyond which no file is read or sent.

    `text` is the file as it was read, which tells where a setting stands.
    """

    root: Path
    path: Path | None = None
    text: str = field(default="", repr=False, compare=False)
    article: Mapping[str, Any] = field(default_factory=dict)
    sites: tuple[str, ...] = ()
    theme: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def fault(self, message: str, table: str, key: str = "", hint: str = "") -> ConfigError:
        """Make the error that says what is wrong with a table, or with its `key`, with the line on which it stands."""
        return ConfigError(
            tr("[{table}]: {message}", table=table, message=message), self.path, hint, line=_line(self.text, table, key)
        )

    @property
    def image_root(self) -> Path:
        """The folder that images may come from: the project, as `wxpub.toml` or a Git repository marks it.

        Without a mark there is no border to guard but the customary one: issues in a folder, images in the one above.
        """
        marked = self.path is not None or (self.root / ".git").exists()
        return self.root if marked else self.root.parent

    @property
    def project(self) -> str:
        """What names this newsletter alike in every clone: host and path of its Git remote, "" where it has none."""
        return next((place.lower() for name, place in _remotes(self.root) if name == "origin"), "")

    @property
    def addresses(self) -> tuple[tuple[str, str], ...]:
        """Where the project's files can be read on the web: templates as `source_url` is one, and what {path} is in.

        They come from `source_url`, from `[site] url` and from the remotes of the Git repository around the project.
        """
        templates = [each for each in (self.article.get("source_url"), *self.sites) if isinstance(each, str)]
        found = [(each, str(self.root.resolve())) for each in templates]
        if repository := repository_around(self.root):
            places = (place for _, place in _remotes(repository) if _WEB.fullmatch(place))
            found += [(f"https://{place}/blob/HEAD/{{path}}", str(repository.resolve())) for place in places]
        return tuple(dict.fromkeys(found))


def repository_around(folder: Path) -> Path | None:
    """Return the root of the Git repository that `folder` lies in, None where it lies in none."""
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)


def find(start: Path, *, ask: bool = True) -> Config:
    """Read the nearest `wxpub.toml` from `start` (a file or a folder) upwards; without one, the defaults.

    The search ends at the root of the Git repository around `start`. Without a `wxpub.toml` the project is that
    repository, else the folder of `start`. The language that it names is preferred from now on. Without `ask` the file
    is only looked at: nothing may be done by it. Raises ConfigError if the file is not TOML or has an unknown table or
    a value of a wrong kind, and unless the user has allowed it, if it belongs to somebody else or wants modules to be
    run.
    """
    folder = start if start.is_dir() else start.parent
    folder = folder.resolve()
    root = repository_around(folder)
    for candidate in (folder, *folder.parents):
        if (path := candidate / FILE_NAME).is_file():
            found = _read(path)
            for wish in (*_foreign(path), *_modules(found)) if ask else ():
                trust.demand(found.root, path, wish)
            return found
        if candidate == root:
            break
    language.prefer("")
    return Config(root=root or folder)


def wishes(config: Config) -> tuple[Wish, ...]:
    """List what `wxpub.toml` wants that takes effect only when the user has allowed it, each thing once."""
    if config.path is None:
        return ()
    found = [*_foreign(config.path), *_modules(config)]
    for table in (config.network, *config.accounts.values()):
        if base := table.get("api_base"):
            found += _elsewhere("api_base", base)
        if proxy := table.get("proxy"):
            found += _elsewhere("proxy", proxy)
    for table in config.accounts.values():
        if variable := table.get("secret_env"):
            found += _variable(variable)
        elif name := table.get("secret_file"):
            found.append(_file(_secret_path(config, name)))
    return tuple(dict.fromkeys(found))


def _foreign(path: Path) -> list[Wish]:
    """Say if a file belongs to somebody else, as Git does for a repository (safe.directory).

    The user's own files, root's, who can do everything anyway, and under `sudo` those of the one who called it count.
    """
    if os.name != "posix":
        return []
    owner = path.stat().st_uid
    own = {os.geteuid(), 0}
    if os.geteuid() == 0 and (caller := os.environ.get("SUDO_UID", "")).isdecimal():
        own.add(int(caller))
    if owner in own:
        return []
    return [Wish("owner", str(owner), tr("the file belongs to another user of this machine"))]


def _modules(config: Config) -> list[Wish]:
    """List the extensions that are no more than names of modules, and those that read other files."""
    if not config.extensions:
        return []
    from importlib.metadata import entry_points

    known = {each.name for each in entry_points(group="markdown.extensions")}
    found = []
    for each in config.extensions:
        if each.partition(":")[0] in _READERS:
            found.append(
                Wish("extension", each, tr("with it, an issue can put files of this machine into the article"))
            )
        elif each not in known and not each.startswith(_EXTENSIONS):
            found.append(Wish("extension", each, tr("the Python module of this name is run")))
    return found


def _elsewhere(key: str, url: str) -> list[Wish]:
    """Say if an address is not WeChat's own; where it names a user and a password, they stay out of what is shown."""
    place = url
    try:
        parts = urlsplit(url)
        if is_wechat(url) and key == "api_base":
            return []
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else url
    except ValueError:
        pass
    there, through = tr("the AppSecret and every call are sent there"), tr("the AppSecret and every call go through it")
    what = there if key == "api_base" else through
    return [Wish(key, safe.line(place), what)]


def is_wechat(base: str) -> bool:
    """Whether an API address, "" for the usual one, is of a server of WeChat's own, encrypted."""
    if not base:
        return True
    parts = urlsplit(base)
    return parts.scheme == "https" and (parts.hostname or "").endswith(_OWN_HOSTS) and parts.port in (None, 443)


def notice(account: Credentials) -> str:
    """Say where credentials go if that is not WeChat itself; "" if it is."""
    if is_wechat(account.api_base):
        return ""
    parts = urlsplit(account.api_base)
    return tr("sending credentials to {server}", server=safe.line(parts.netloc))


def _variable(name: str) -> list[Wish]:
    if name.startswith(_OWN_VARIABLES):
        return []
    return [Wish("secret_env", safe.line(name), tr("this environment variable is sent as AppSecret"))]


def _file(path: Path) -> Wish:
    return Wish("secret_file", safe.line(path), tr("what this file holds is sent as AppSecret"))


def _secret_path(config: Config, name: str) -> Path:
    return (config.root / Path(name).expanduser()).resolve()


def credentials(config: Config, name: str = "", env: Mapping[str, str] = os.environ) -> Credentials:
    """Find the account to push to: `name` of `wxpub.toml`, else WXPUB_APPID and WXPUB_SECRET, else the only one there.

    WXPUB_API_BASE and WXPUB_PROXY win over the file; WXPUB_RELAY_KEY is a key for whatever is not WeChat itself. Raises
    ConfigError that names what is missing, or what the file wants and the user has not allowed.
    """
    if not name and env.get("WXPUB_APPID"):
        return _credentials("", {"appid": env["WXPUB_APPID"], "secret_env": "WXPUB_SECRET"}, config, env)
    if not name:
        name = _only_account(config)
    if name not in config.accounts:
        known = tr("known accounts: {names}", names=listed(sorted(config.accounts)))
        hint = did_you_mean(name, config.accounts, known if config.accounts else tr("add [accounts.{name}]", name=name))
        raise ConfigError(tr("there is no account {name}", name=name), config.path, hint)
    return _credentials(name, config.accounts[name], config, env)


def _only_account(config: Config) -> str:
    if "default" in config.accounts:
        return "default"
    if len(config.accounts) == 1:
        return next(iter(config.accounts))
    if config.accounts:
        raise ConfigError(
            tr("there are several accounts: {names}", names=listed(sorted(config.accounts))),
            config.path,
            tr("choose one with --account"),
        )
    raise ConfigError(
        tr("no credentials"),
        hint=tr(
            "set WXPUB_APPID and WXPUB_SECRET, or add [accounts.default] to wxpub.toml, or try it out with --sandbox"
        ),
    )


def _credentials(name: str, table: Mapping[str, str], config: Config, env: Mapping[str, str]) -> Credentials:
    label = f"[accounts.{name}]" if name else "WXPUB_APPID"
    if not table.get("appid"):
        raise ConfigError(tr("{account} has no appid", account=label), config.path)
    asked: list[Wish] = []
    base, proxy = env.get("WXPUB_API_BASE", ""), env.get("WXPUB_PROXY", "")  # the user's own, as the environment is
    if not base and (base := table.get("api_base") or config.network.get("api_base") or ""):
        asked += _elsewhere("api_base", base)
    if not proxy and (proxy := table.get("proxy") or config.network.get("proxy") or ""):
        asked += _elsewhere("proxy", proxy)
    if name and (variable := table.get("secret_env")):
        asked += _variable(variable)
    elif name and (file := table.get("secret_file")):
        asked.append(_file(_secret_path(config, file)))
    if config.path is not None:
        for wish in asked:
            trust.demand(config.root, config.path, wish)
    base = api_base(base)
    relay_key = "" if is_wechat(base) else env.get("WXPUB_RELAY_KEY", "").strip()
    secret = _secret(label, table, config, env, relayed=bool(relay_key))
    return Credentials(name or "default", table["appid"], secret, base, proxy, relay_key)


def _secret(label: str, table: Mapping[str, str], config: Config, env: Mapping[str, str], *, relayed: bool) -> str:
    """Read the AppSecret from where `table` says; one that is nowhere may be in the keeping of a relay."""
    if variable := table.get("secret_env"):
        secret, place = env.get(variable, "").strip(), tr("the environment variable {name}", name=variable)
        if not secret and relayed:
            return ""
        if not secret:
            what = tr("{account}: the environment variable {name} is not set", account=label, name=variable)
            raise ConfigError(what, config.path)
    elif name := table.get("secret_file"):
        path = _secret_path(config, name)
        secret, place = _read_secret(path, label, config), f"secret_file {path}"
        if not secret:
            raise ConfigError(tr("{account}: {place} is empty", account=label, place=place), config.path)
    elif relayed:
        return ""
    else:
        hint = tr('add secret_env = "WXPUB_SECRET" or secret_file = "…"')
        raise ConfigError(tr("{account} names no secret", account=label), config.path, hint)
    if not safe.looks_like_secret(secret):
        hint = tr(
            "an AppSecret is 32 hexadecimal digits: copy it again from 设置与开发 → 开发接口管理; nothing was sent"
        )
        what = tr("{account}: {place} does not hold an AppSecret", account=label, place=place)
        raise ConfigError(what, config.path, hint)
    return secret


def _read_secret(path: Path, label: str, config: Config) -> str:
    try:
        return safe.read(path, _SECRET_BYTES).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error)
    what = tr("{account}: secret_file {file} cannot be read: {reason}", account=label, file=path, reason=reason)
    raise ConfigError(what, config.path)


def api_base(base: str) -> str:
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
            tr("api_base is not an address of the form https://host[:port]"),
            hint=tr("give scheme and host, no path"),
        )
    if parts.scheme == "http" and not _is_near(parts.hostname or ""):
        hint = tr("use https://, or an address of this machine or of its own network")
        raise ConfigError(tr("api_base would send the AppSecret unencrypted through the internet"), hint=hint)
    return f"{parts.scheme}://{parts.netloc}"


def _is_near(host: str) -> bool:
    """Tell whether `host` is this machine or one of its own network, by its address or by a name of such places."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.rpartition(".")[2] in _NEAR


def _read(path: Path) -> Config:
    try:
        text = safe.read_whole(path, _MOST_BYTES).decode("utf-8-sig")
        data = article.toml(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(tr("cannot be read: {reason}", reason=reason_of(error)), path) from None
    except SourceError as error:
        raise ConfigError(error.message, path, error.hint, line=error.line) from None
    config = Config(path.parent, path, text)
    language.prefer(_language(config, data.get("ui", {})))  # first: what else is wrong is said in it
    for name, table in data.items():
        line = _line(text, name)
        if name == "render":
            hint = tr("name them in {path}, which no checkout brings along", path=own_place())
            raise ConfigError(tr("[render] names programs to run, and a project may not"), path, hint, line=line)
        if name not in _TABLES:
            hint = did_you_mean(name, sorted(_TABLES), tr("known tables: {names}", names=listed(sorted(_TABLES))))
            raise ConfigError(tr("unknown table {name}", name=name), path, hint, line=line)
        if not isinstance(table, dict):
            raise _no_table(config, name)
    return replace(
        config,
        article={**_article(config, data.get("article", {})), **_cover(config, data.get("cover", {}))},
        sites=_sites(config, data.get("site", {})),
        theme=_theme(config, data.get("theme", {})),
        accounts=_accounts(config, data.get("accounts", {})),
        network=_checked(config, "network", data.get("network", {}), _NETWORK_KEYS),
        extensions=_names(config, "markdown", data, "extensions", "abbr"),
        ignored=_names(config, "check", data, "ignore", "link-known"),
    )


def _language(config: Config, table: Any) -> str:
    """Read `[ui] language`; "" where it names none."""
    if not isinstance(table, dict):
        raise _no_table(config, "ui")
    found = str(_checked(config, "ui", table, {"language"}).get("language", ""))
    if "language" in table and found not in LANGUAGES:
        hint = did_you_mean(found, LANGUAGES, tr('write language = "zh" or language = "en"'))
        raise config.fault(tr("{value} is not a language of this tool", value=repr(found)), "ui", "language", hint)
    return found


def _no_table(config: Config, name: str) -> ConfigError:
    what, hint = tr("{name} is not a table", name=name), tr("write [{name}]", name=name)
    return ConfigError(what, config.path, hint, line=_line(config.text, name))


def with_theme(text: str, path: Path, name: str) -> str:
    """Return the `text` of a `wxpub.toml` in which every issue gets the theme `name`; all else, comments too, stays.

    Raises ConfigError for what is wrong in it, and where it is written so that a line cannot be set.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    table = re.search(r"^[ \t]*\[[ \t]*article[ \t]*\][ \t]*(?:#.*)?$", text, re.MULTILINE)
    if table is None:
        gap = "" if not text or text.endswith("\n\n") else end if text.endswith("\n") else 2 * end
        changed = f'{text}{gap}[article]{end}theme = "{name}"{end}'
    else:
        head, rest = text[: table.end()], text[table.end() :]
        size = next((each.start() for each in re.finditer(r"^[ \t]*\[", rest, re.MULTILINE)), len(rest))
        own, found = re.subn(r"""(?m)^([ \t]*theme[ \t]*=[ \t]*)("[^"]*"|'[^']*')""", rf'\g<1>"{name}"', rest[:size])
        changed = head + ("" if found else f'{end}theme = "{name}"') + own + rest[size:]
    try:
        before = article.toml(text.removeprefix("\ufeff"))
        after = article.toml(changed.removeprefix("\ufeff"))
        sound = after == {**before, "article": {**before.get("article", {}), "theme": name}}
    except (SourceError, TypeError):
        sound = False
    if not sound:
        hint = tr('write theme = "{name}" in [article] yourself', name=name)
        raise ConfigError(tr("its form is unusual, so no theme is written into it"), path, hint)
    return changed


def _cover(config: Config, table: Mapping[str, Any]) -> dict[str, str]:
    """Read `[cover]` as what `[article]` says of covers; images are found from the file's folder, not the issue's."""
    _checked(config, "cover", table, _COVER_KEYS)
    images = {key: f"/{table[key]}" for key in ("picture", "logo") if re.match(r"(?!/|\w\w+:)", table.get(key, "/"))}
    return {f"cover_{key}": value for key, value in {**table, **images}.items()}


def own_place() -> Path:
    """Where the user's own settings are: programs that draw diagrams."""
    return trust.place().with_name("config.toml")


def renderers() -> dict[str, tuple[str, ...]]:
    """Read which programs draw diagrams, by language: commands, cut into words, of the user's own settings.

        [render]                             # in config.toml of the user's configuration folder, nowhere else
        mermaid = "mmdc -i {in} -o {out}"    # {in}, else standard input; {out}, else standard output
        dot = "dot -Tpng"

    Raises ConfigError if the file cannot be read, could be written by others, or does not say that.
    """
    from wxpub.tree import DIAGRAMS

    path = own_place()
    text = trust.read_own(path)
    if text is None:
        return {}
    try:
        data = article.toml(text)
    except SourceError as error:
        raise ConfigError(error.message, path, error.hint, line=error.line) from None
    own, table = Config(path.parent, path, text), data.get("render", {})
    for name in data:
        if name != "render":
            hint = tr("known tables: {names}", names="render")
            raise ConfigError(tr("unknown table {name}", name=name), path, hint, line=_line(text, name))
    if not isinstance(table, dict):
        raise ConfigError(tr("{name} is not a table", name="render"), path, tr("write [{name}]", name="render"), line=1)
    lines = _checked(own, "render", table, {*DIAGRAMS.values()})
    return {name: _command(own, name, line) for name, line in lines.items()}


def _command(own: Config, name: str, line: str) -> tuple[str, ...]:
    """Cut a command into words, as a shell would; no shell ever runs it."""
    import shlex

    try:
        found = tuple(shlex.split(line, posix=os.name == "posix"))
    except ValueError:  # a quotation mark that does not end
        found = ()
    if not found:
        hint = tr("write it as in a terminal: {example}", example='"mmdc -i {in} -o {out}"')
        raise own.fault(tr("{key} is no command", key=name), "render", name, hint)
    return found


def _sites(config: Config, table: Mapping[str, Any]) -> tuple[str, ...]:
    """Read the addresses of `[site] url` as templates: one without {path}, {stem} or {date} has {path} at its end."""
    _known(config, "site", table, {"url"})
    urls = table.get("url", [])
    found = []
    for url in urls if isinstance(urls, list) else [urls]:
        if not isinstance(url, str) or not re.match(r"https?://[^/\s{}]", url):
            hint = tr('write url = "https://letter.example/", or a list of such addresses')
            raise config.fault(tr("url is not an address of the web"), "site", "url", hint)
        fields = re.findall(r"\{(.*?)\}", url)
        if unknown := [each for each in fields if each not in ("path", "stem", "date")]:
            what = tr("url has an unknown {field}", field=f"{{{unknown[0]}}}")
            raise config.fault(what, "site", "url", tr("known: {path}, {stem}, {date}"))
        found.append(url if fields else f"{url.rstrip('/')}/{{path}}")
    return tuple(found)


def _line(text: str, table: str, key: str = "") -> int | None:
    """Find the line of a table's head, or of a key in it; None where they are written in an unusual way."""
    name = re.escape(table).replace(r"\.", r"""["']?\s*\.\s*["']?""")
    head = re.search(rf"""^\s*(?:\[\s*["']?{name}["']?\s*[\].]|["']?{name}["']?\s*[.=])""", text, re.MULTILINE)
    if head is None:
        return None
    found = head
    if key:
        pattern = rf"""^\s*["']?{re.escape(key)}["']?\s*[=.]|^\s*\[(?!\[)"""
        inside = re.compile(pattern, re.MULTILINE).search(text, head.end())
        found = inside if inside and "[" not in inside[0] else head
    return text.count("\n", 0, found.start() + len(found[0]) - len(found[0].lstrip())) + 1


def _article(config: Config, table: Mapping[str, Any]) -> dict[str, Any]:
    _known(config, "article", table, article.KEYS.keys() - article.OF_ONE_ISSUE)

    def read(key: str) -> Any:
        try:
            return article.default(key, table[key])
        except ValueError as error:
            raise config.fault(str(error), "article", key) from None

    return {key: read(key) for key in table}


def _theme(config: Config, table: Mapping[str, Any]) -> dict[str, str]:
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            what, hint = tr("{key} has a value of the wrong kind", key=key), tr('give text in quotes, "#0f4c81"')
            raise config.fault(what, "theme", key, hint)
    return {key: str(value) for key, value in table.items()}


def _names(config: Config, label: str, data: Mapping[str, Any], key: str, example: str) -> tuple[str, ...]:
    """Read a table whose only key is a list of names."""
    table = data.get(label, {})
    _known(config, label, table, {key})
    names = table.get(key, [])
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        hint = tr('write {key} = ["{example}"]', key=key, example=example)
        raise config.fault(tr("{key} is not a list of names", key=key), label, key, hint)
    return tuple(names)


def _accounts(config: Config, tables: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    for name, table in tables.items():
        label = f"accounts.{name}"
        if not isinstance(table, dict):
            raise _no_table(config, label)
        if {"secret", "appsecret"} & table.keys() or any(safe.looks_like_secret(str(each)) for each in table.values()):
            hint = tr("take it out (and reset it if the file was shared); use secret_env or secret_file")
            raise config.fault(tr("holds the secret itself"), label, hint=hint)
        _checked(config, label, table, _ACCOUNT_KEYS)
    return dict(tables)


def _checked(config: Config, label: str, table: Mapping[str, Any], keys: Collection[str]) -> Mapping[str, Any]:
    """Refuse unknown keys, and values of a wrong kind; above all `allow_private = "false"`, which would be true."""
    _known(config, label, table, keys)
    for key, value in table.items():
        switch = key == "allow_private"
        if not isinstance(value, bool if switch else str):
            hint = tr("give true or false") if switch else tr("give text in quotes")
            raise config.fault(tr("{key} has a value of the wrong kind", key=key), label, key, hint)
    return table


def _known(config: Config, label: str, table: Mapping[str, Any], keys: Collection[str]) -> None:
    for key in table:
        if key not in keys:
            hint = did_you_mean(key, sorted(keys), tr("known keys: {names}", names=listed(sorted(keys))))
            raise config.fault(tr("unknown key {key}", key=key), label, key, hint)


# --- the Git repository around a project, read without Git ------------------------------------------------------------

_GIT_BYTES = 256 * 1024  # of a repository's configuration, far above any
_MOST_REMOTES = 16
_SECTION = re.compile(r'\s*\[\s*([\w.-]+)(?:\s+"([^"]*)")?\s*\]')
_URL = re.compile(r'\s*url\s*=\s*"?([^\s"#;]+)', re.IGNORECASE)
_WEB = re.compile(r"[\w-]+(?:\.[\w-]+)+/[^\s?#{}]+")  # what a remote on a server becomes, and one on a disk does not


def _remotes(root: Path) -> list[tuple[str, str]]:
    """List the remotes of the repository at `root`, each with its host and path; one may stand there several times."""
    found, name = [], ""
    for line in _git_config(root).splitlines():
        if section := _SECTION.match(line):
            name = (section[2] or "") if section[1].lower() == "remote" else ""
            line = line[section.end() :]
        if name and (url := _URL.match(line)):
            # https://user@host/me/letter.git, ssh://git@host:22/me/letter and git@host:me/letter are one place
            place = re.sub(r"^[a-z+]+://", "", url[1]).rpartition("@")[2].removeprefix("ssh.")
            found.append((name, re.sub(r":(\d+/)?", "/", place).removesuffix("/").removesuffix(".git")))
    return found[:_MOST_REMOTES]


def _git_config(root: Path) -> str:
    """Read the configuration of the repository at `root`, "" where it has none.

    `.git` is a folder, or in a worktree and a submodule a file that names one; a worktree's names the repository's.
    """
    git = root / ".git"
    try:
        if git.is_file():
            git = root / safe.read(git, _GIT_BYTES).decode("utf-8").partition("gitdir:")[2].strip()
            if (common := git / "commondir").is_file():
                git /= safe.read(common, _GIT_BYTES).decode("utf-8").strip()
        return safe.read(git / "config", _GIT_BYTES).decode("utf-8")
    except (OSError, ValueError):  # not there, not UTF-8, or no name that a file can have
        return ""
