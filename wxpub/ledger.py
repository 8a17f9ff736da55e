"""What was pushed where: facts in, one JSON file out, made to be committed; asks no network and holds no secret.

    draft <account> <issue>         the draft that holds the issue, and what was sent of it
    image <account> <use> <key>     an image that was uploaded, by the hash of its original bytes
    intent <account> <issue>        written before a draft is created or changed, gone once the fact is recorded
    leftover <account> <media_id>   a draft that a new one replaced, to be deleted
    published <account> <issue>     the permalink of a published issue
    publishing <account> <issue>    written before a draft is published, gone once its permalink is known

One line per fact, sorted, every line of the same form, so that the ledgers of two people merge line by line
(`wxpub.ledger.json merge=union` in .gitattributes makes Git do it). A fact that both have is taken from the later one.
"""

from __future__ import annotations

import json
import os
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from wxpub import safe
from wxpub.config import LEDGER_NAME
from wxpub.errors import ConfigError, reason_of
from wxpub.language import tr

VERSION = 1
FILE_NAME = LEDGER_NAME
NEWSPIC = "#newspic"  # ends the name of an issue as a 贴图, which is another draft than its article
LOCK_SECONDS = 600
_HEADER = "wxpub-ledger"

_MOST_BYTES = 64 * 1024 * 1024  # thousands of times more than ten years of issues
_END = "~"  # the last line, which has no comma, is always the same: no merge ever touches it


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue's place in a draft: article `index` (from 0) `of` so many.

    `mark` stands in the article itself; `sent` is the fingerprint of what was sent, `stored` of what WeChat made of it
    ("" as long as that was not read). `doubtful`: an earlier attempt may have left a second copy; `beside`: it was made
    beside other drafts, as asked.
    """

    media_id: str
    index: int
    of: int
    mark: str
    sent: str = ""
    stored: str = ""
    doubtful: bool = False
    beside: bool = False
    at: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be sent: to the draft `media_id`, to a new one if that is empty. `mark` tells if it was."""

    mark: str
    index: int
    of: int
    media_id: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded image: its address, its size in pixels, and its media_id if it is permanent material."""

    url: str
    width: int
    height: int
    media_id: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A replaced draft; `stored` tells whether somebody has edited it since."""

    stored: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Publishing:
    """What is about to be published, or is: article `index` (from 0) of the draft `media_id`, as `mark` says.

    Written before WeChat is asked; without a `publish_id` nobody knows whether it was.
    """

    media_id: str
    index: int
    mark: str
    publish_id: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """Where an issue can be read for good; `mark` tells of which words, and is empty where a person recorded it."""

    url: str
    article_id: str = ""
    mark: str = ""
    at: str = ""


Fact = Draft | Intent | Upload | Leftover | Publishing | Published
F = TypeVar("F", Draft, Intent, Upload, Leftover, Publishing, Published)
_KINDS: Mapping[str, type[Fact]] = {
    "draft": Draft,
    "image": Upload,
    "intent": Intent,
    "leftover": Leftover,
    "published": Published,
    "publishing": Publishing,
}
_TYPES: Mapping[str, type] = {"str": str, "int": int, "bool": bool}  # of the facts' fields
_NAMES = {kind: name for name, kind in _KINDS.items()}


def now() -> str:
    """Give the time as the ledger writes it: UTC, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def issue_name(path: Path, root: Path) -> str:
    """Name the issue at `path` alike on every machine: its path from `root`, with `/`, composed characters."""
    try:
        relative = path.resolve().relative_to(root.resolve())
    except ValueError:
        relative = Path(path.name)
    return unicodedata.normalize("NFC", safe.utf8(relative.as_posix()).decode())


def published(root: Path) -> dict[str, str]:
    """Map every issue that the ledger of `root` knows as published to its permalink, by the issue's absolute path."""
    return Ledger(root / FILE_NAME).permalinks(root)


class Ledger:
    """The ledger in `path`, which need not exist yet. Every change is on disk when the call returns.

    Without `keep` changes stay in memory. Raises ConfigError if the file is damaged, which is left as it is.
    """

    def __init__(self, path: Path, *, keep: bool = True) -> None:
        self.path = path
        self._keep = keep
        self._lock = threading.RLock()
        self._lines = _read(path)

    def get(self, kind: type[F], account: str, name: str) -> F | None:
        """Give the fact of `kind` about `name`, if there is one."""
        value = self._lines.get(_key(kind, account, name))
        return None if value is None else _fact(kind, value, self.path)

    def facts(self, kind: type[F]) -> dict[tuple[str, str], F]:
        """Give all facts of `kind` by account and name."""
        found = {}
        for key, value in self._lines.items():
            word, _, rest = key.partition(" ")
            if word == _NAMES[kind]:
                account, _, name = rest.partition(" ")
                found[account, name] = _fact(kind, value, self.path)
        return found

    def of_account(self, kind: type[F], account: str) -> dict[str, F]:
        """Give all facts of `kind` about one account, by name."""
        return {name: fact for (owner, name), fact in self.facts(kind).items() if owner == account}

    def upload(self, account: str, use: str, key: str) -> Upload | None:
        """Return what became of an image: `use` is body or cover, `key` that of its original bytes."""
        return self.get(Upload, account, f"{use} {key}")

    def uploads(self, account: str, use: str) -> dict[str, Upload]:
        """Return all uploaded images of one `use`, by key."""
        found = self.of_account(Upload, account).items()
        return {name.removeprefix(f"{use} "): each for name, each in found if name.startswith(f"{use} ")}

    def record_upload(self, account: str, use: str, key: str, upload: Upload) -> None:
        """Write down that an image was uploaded."""
        self.record(account, {f"{use} {key}": upload})

    def move(self, kind: type[F], account: str, old: str, new: str) -> bool:
        """Let the fact of `kind` about `old` be about `new`; tell whether there was one."""
        fact = self.get(kind, account, old)
        if fact is not None:
            self.record(account, {new: fact}, forget={old: kind})
        return fact is not None

    def permalinks(self, root: Path) -> dict[str, str]:
        """Map every issue under `root` that is known as published to its permalink, by the issue's absolute path."""
        facts = {name: fact.url for (_, name), fact in self.facts(Published).items() if fact.url}
        # The article, where an issue was published as a 贴图 too.
        ordered = sorted(facts, key=lambda name: not name.endswith(NEWSPIC))
        return {str((root / name.removesuffix(NEWSPIC)).resolve()): facts[name] for name in ordered}

    def record(
        self,
        account: str,
        facts: Mapping[str, Fact],
        forget: Mapping[str, type[Fact]] | None = None,
        done: Collection[str] = (),
    ) -> None:
        """Write `facts` by name, drop those of `forget` and what was about to be done to `done`, all in one step.

        Raises ConfigError if the disk refuses.
        """
        with self._lock:
            lines = dict(self._lines)
            for name, kind in (forget or {}).items():
                lines.pop(_key(kind, account, name), None)
            for name in done:
                lines.pop(_key(Intent, account, name), None)
                lines.pop(_key(Publishing, account, name), None)
            for name, fact in facts.items():
                lines[_key(type(fact), account, name)] = _value(fact)
            if lines != self._lines:
                if self._keep:
                    _write(self.path, lines)
                self._lines = lines

    @contextmanager
    def locked(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Keep other pushes of this newsletter out, and read what they wrote; `waiting` is told that one is at work."""
        with alone(self.path, _real(self.path), waiting):
            self._lines = _read(self.path)
            yield


@contextmanager
def alone(path: Path, real: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Keep other commands out that read and then write the file `real`, which is named as `path` in errors.

    `waiting` is told that one is at work. Raises ConfigError if it does not end, or there can be no lock.
    """
    from filelock import FileLock, Timeout

    place = _lock_of(real)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(place)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        what = tr("another command holds it for more than {n} minutes", n=LOCK_SECONDS // 60)
        raise ConfigError(what, path) from None
    except OSError as error:
        hint = tr("is the folder writable? the lock is {place}", place=place)
        raise ConfigError(tr("cannot be locked: {reason}", reason=reason_of(error)), path, hint) from None
    try:
        yield
    finally:
        lock.release()


def _key(kind: type[Fact], account: str, name: str) -> str:
    return f"{_NAMES[kind]} {account} {name}"


def _value(fact: Fact) -> dict[str, Any]:
    """Give a fact's fields, without those that say nothing."""
    value = asdict(fact)
    value["at"] = value["at"] or now()
    return {name: each for name, each in value.items() if each is not False and each != ""}


def _fact(kind: type[F], value: Mapping[str, Any], path: Path) -> F:
    known = {field.name: _TYPES[str(field.type)] for field in fields(kind)}
    given = {name: each for name, each in value.items() if name in known}
    wrong = next((name for name, each in given.items() if not _fits(each, known[name])), "")
    if wrong:
        raise _damaged(path, f"{wrong} of a fact of {_NAMES[kind]} has a value of the wrong kind")
    try:
        return kind(**given)
    except TypeError:
        raise _damaged(path, f"a fact of {_NAMES[kind]} is incomplete") from None


def _fits(value: object, kind: type) -> bool:
    """Whether a value is of a field's very type; a number counts something, and true is not one."""
    return type(value) is kind and not (isinstance(value, int) and value < 0)


# --- the file ---------------------------------------------------------------------------------------------------------


def _lock_of(real: Path) -> Path:
    """Name the lock of a ledger: in the user's own folder, by the real file, so that all who share that share it."""
    from platformdirs import user_state_path

    key = sha256(os.fsencode(real)).hexdigest()[:32]
    return user_state_path("wxpub", appauthor=False) / "locks" / f"{key}.lock"


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        text = safe.read_whole(_real(path), _MOST_BYTES).decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise _damaged(path, tr("not UTF-8")) from None
    except OSError as error:
        raise ConfigError(tr("cannot be read: {reason}", reason=reason_of(error)), path) from None
    if "\n<<<<<<<" in text or "\n>>>>>>>" in text or text.startswith("<<<<<<<"):
        hint = tr("keep the lines of both sides, remove the marks (.gitattributes: wxpub.ledger.json merge=union)")
        raise ConfigError(tr("holds the marks of a merge conflict"), path, hint)
    try:
        pairs = json.loads(text, object_pairs_hook=lambda found: found)
        lines = dict(_latest(pairs))
    except json.JSONDecodeError as error:
        raise _damaged(path, tr("no ledger (line {n})", n=error.lineno)) from None
    except (ValueError, TypeError, RecursionError):
        raise _damaged(path, tr("no ledger")) from None
    version = lines.pop(_HEADER, {"": None})[""]
    lines.pop(_END, None)
    if not isinstance(version, int):
        raise _damaged(path, tr("its first line is missing"))
    if version > VERSION:
        raise ConfigError(tr("is of version {n}, made by a newer wxpub", n=version), path, tr("update wxpub"))
    return lines


def _latest(pairs: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every fact once, the later of two: after a union merge both people's lines may stand in the file."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in pairs:
        if isinstance(value, list):
            fact = dict(value)
            if not all(isinstance(each, (str, int, bool)) for each in fact.values()):
                raise TypeError
        elif key in (_HEADER, _END):
            fact = {"": value}
        else:
            raise TypeError
        if key not in found or str(fact.get("at", "")) >= str(found[key].get("at", "")):
            found[key] = fact
    yield from found.items()


def _damaged(path: Path, why: str) -> ConfigError:
    hint = tr("restore it from Git, or make a new one from the account with `wxpub index rebuild`")
    return ConfigError(tr("damaged: {why}; it is left as it is", why=why), path, hint)


def _write(path: Path, lines: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace the file in one step: whoever reads it, and whenever this process dies, it is whole."""
    try:
        safe.write(_real(path), _text(lines).encode(), alone=True)  # a link stays a link
    except OSError as error:
        reason = reason_of(error)
    else:
        return
    hint = tr("make room or give the right to write, then run again: what is already done will be found")
    raise ConfigError(tr("cannot be written: {reason}", reason=reason), path, hint)


def _real(path: Path) -> Path:
    """Find the file behind `path`. Raises ConfigError for a link that leads out of the project, or nowhere.

    The project is the folder of the ledger, or the Git repository around it: a repository that somebody else made does
    not choose which other file of this machine is replaced.
    """
    if not path.is_symlink():
        return path.parent.resolve() / path.name
    folder = path.parent.resolve()
    project = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)
    real: Path | None
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):  # nothing there, or a circle
        real = None
    hint = tr("replace the link by the file itself")
    if real is None:
        raise ConfigError(tr("is a link that leads nowhere; nothing is written through it"), path, hint)
    if not real.is_relative_to(project):
        raise ConfigError(tr("is a link that leads out of the project, to {file}", file=real), path, hint)
    return real


def _text(lines: Mapping[str, Mapping[str, Any]]) -> str:
    facts = "".join(f"{_json(key)}: {_json(lines[key])},\n" for key in sorted(lines))
    return f'{{\n"{_HEADER}": {VERSION},\n{facts}"{_END}": 0\n}}\n'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
