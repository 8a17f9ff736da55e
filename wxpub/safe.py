"""What leaves this program, made safe for the place it goes to: text on a terminal, messages, files, child processes.

Nothing here knows what an article or an account is; whoever prints, quotes, writes or starts something asks here, and
who reads a file that somebody else may have put there.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from wxpub.language import tr

# --- terminals and logs -----------------------------------------------------------------------------------------------

# C0 but tab and newline, DEL, C1, what turns the direction of text, separators of lines, and half characters, which
# stand for bytes of a file's name that are not UTF-8 and cannot be printed at all.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# What a line of a log does to a CI: `::command` at its beginning, `##[command]` and `##vso[command]` anywhere.
_COMMAND = re.compile(r"^([^\S\n]*)(?=::)", re.MULTILINE)
_OLD_COMMAND = re.compile(r"#(?=#(?:\[|vso\[))")


def visible(value: object) -> str:
    """Return `value` as text that only shows: control characters and turns of direction become visible escapes.

    Newlines and tabs stay.
    """
    return _OLD_COMMAND.sub("#\\\\", _UNSEEN.sub(_escape, str(value)))


def text(value: object) -> str:
    """Return `value` visible, for output: no line begins with a command of a CI, since a backslash stands before it."""
    return _COMMAND.sub(r"\1\\", visible(value))


def line(value: object) -> str:
    """Return `value` as `text` does, in one line: a newline is shown as `\\n`."""
    return text(str(value).replace("\n", "\\n"))


def json_text(document: str) -> str:
    """Return a JSON document that reads the same and holds nothing that a terminal or a CI obeys."""
    shown = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", document)
    return re.sub(r"#(?=#(?:\[|vso\[))", r"\\u0023", shown)


def html_text(html: str) -> str:
    """Return HTML that means the same and holds nothing that a terminal or a CI obeys: references stand for it."""
    shown = _UNSEEN.sub(lambda found: f"&#{ord(found[0])};", html)
    return _OLD_COMMAND.sub("&#35;", re.sub(r"^([^\S\n]*):(?=:)", r"\1&#58;", shown, flags=re.MULTILINE))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


# --- messages ---------------------------------------------------------------------------------------------------------

_LEAST = 4  # characters of what is a secret at all
PIECE = 8  # characters: a shorter piece of a secret tells nothing that helps anybody
MASK = "***"
_SCANNED = 64 * 1024  # characters of a foreign text that are looked through, which is far more than is ever shown
_SHORT = 4 * 1024  # characters of a value up to which it is looked through one by one
# One character each, however it is written: %41 and %2541, \u0041 and \x41 however often escaped, &#65; &#x41; &amp;
_WRITTEN = re.compile(
    r"%(?:25)*([0-9a-fA-F]{2})|\\+(?:u00|x)([0-9a-fA-F]{2})|(&(?:amp;)*#?\w{1,12};)|\\+(?=[^\\])|.", re.DOTALL
)


class Mask:
    """Takes secrets out of texts that came from elsewhere: a proxy's error page may quote the request.

    Whole or in pieces of PIECE characters, in upper and lower case, percent-encoded, with JSON's or HTML's escapes, in
    base64 and in hexadecimal digits.
    """

    def __init__(self) -> None:
        self._grams: dict[int, set[str]] = {}
        self._samples: set[str] = set()
        self._known: set[str] = set()

    def add(self, secret: str) -> None:
        """Know one more secret; a word of a few letters is none."""
        if len(secret) < _LEAST or secret in self._known:
            return
        self._known.add(secret)
        for written, size in _writings(secret):
            size = min(size, len(written))
            folded = written.lower()
            pieces = [folded[at : at + size] for at in range(len(folded) - size + 1)]
            telling = {each for each in pieces if len(set(each)) > 2}  # 00000000 tells nothing
            self._grams = {**self._grams, size: self._grams.get(size, set()) | telling}
            self._samples = self._samples | (telling & set(pieces[::size]))

    def clean(self, value: str) -> str:
        """Return `value` with MASK for every piece of a secret; no more of it than would ever be shown."""
        value = value[:_SCANNED]
        folded, spans = value.lower(), None
        if len(folded) != len(value) or re.search(r"[%\\&]", value):
            plain, spans = _decoded(value)
            folded = plain.lower()
        marked = self._marked(folded)
        if not marked:
            return value
        kept, end = [], 0
        for start, stop in marked:
            first, last = (start, stop) if spans is None else (spans[start][0], spans[stop - 1][1])
            kept += [value[end:first], MASK]
            end = last
        return "".join((*kept, value[end:]))

    def clean_values(self, value: Any) -> Any:
        """Return the value of a JSON document with every text in it, keys too, cleaned.

        Of a text longer than a few thousand characters, which is an article's, a piece of twice PIECE is found.
        """
        if isinstance(value, str):
            if len(value) <= _SHORT:
                return self.clean(value)
            folded = value.lower()
            found = [each for each in self._samples if each in folded]
            return MASK if found else value
        if isinstance(value, list):
            return [self.clean_values(each) for each in value]
        if isinstance(value, dict):
            return {self.clean(key): self.clean_values(each) for key, each in value.items()}
        return value

    def _marked(self, folded: str) -> list[tuple[int, int]]:
        """List the stretches of `folded` that are made of pieces."""
        found = [
            (at, at + size)
            for size, grams in self._grams.items()
            for at in range(len(folded) - size + 1)
            if folded[at : at + size] in grams
        ]
        marked: list[tuple[int, int]] = []
        for start, stop in sorted(found):
            if marked and start <= marked[-1][1]:
                marked[-1] = (marked[-1][0], max(stop, marked[-1][1]))
            else:
                marked.append((start, stop))
        return marked


def _writings(secret: str) -> Iterator[tuple[str, int]]:
    """Yield how a secret may be written where that is not character by character, and the length of a piece."""
    import base64

    yield secret, PIECE
    for each in dict.fromkeys((secret, secret.lower(), secret.upper())):
        data = each.encode()
        yield data.hex(), 2 * PIECE
        for before in range(3):  # base64 looks different with every offset in a text
            written = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
            whole = written[-(-8 * before // 6) : len(written) - (1 if (before + len(data)) % 3 else 0)]
            yield whole, PIECE
            if (other := whole.replace("+", "-").replace("/", "_")) != whole:
                yield other, PIECE


def _decoded(value: str) -> tuple[str, list[tuple[int, int]]]:
    """Return `value` with one character for each that is written in another way, and where each stands."""
    from html import unescape

    letters: list[str] = []
    spans: list[tuple[int, int]] = []
    for found in _WRITTEN.finditer(value):
        if code := found[1] or found[2]:
            letter = chr(int(code, 16))
        elif found[3]:
            letter = unescape(re.sub(r"^&(amp;)+", "&", found[3]))
            if len(letter) != 1:  # no reference: its characters stand for themselves
                letters += found[3]
                spans += [(at, at + 1) for at in range(*found.span())]
                continue
        elif found[0].startswith("\\"):
            continue
        else:
            letter = found[0]
        # Lower case may be two characters for one, which would shift what follows; no secret holds such a letter.
        letters.append(letter if len(letter.lower()) == 1 else "?")
        spans.append(found.span())
    return "".join(letters), spans


def utf8(text: str) -> bytes:
    """Encode text as UTF-8, also where it holds a file's name that is not: what cannot be read is replaced."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").encode()
    except UnicodeEncodeError:  # half of a pair, as JSON can hold it
        return text.encode("utf-8", "replace")


# --- files ------------------------------------------------------------------------------------------------------------

_STALE = 3600.0  # seconds after which a temporary file belongs to nobody any more


def read(path: Path, most: int) -> bytes:
    """Read the first `most` bytes of a file; a pipe or a device is not waited for. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, tr("not a file"))
        return file.read(most)


def read_whole(path: Path, most: int) -> bytes:
    """Read a file as `read` does. Raises OSError, too, if it has more than `most` bytes."""
    data = read(path, most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, tr("larger than {n} bytes", n=f"{most:,}"))
    return data


def write(path: Path, data: bytes, mode: int = 0o666, *, lasting: bool = True, alone: bool = False) -> None:
    """Replace the file `path` in one step: whoever reads it, and whenever this process dies, it is whole.

    The new file is made beside it under a name that nobody can know before, and only where nothing has that name: no
    link that somebody left there is followed. Without `lasting` the system decides when it is on the disk, as it may
    where the file can be made again. `alone` says that nobody else can be writing it, as under a lock: what a killed
    process left then goes at once. Raises OSError.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    try:
        with os.fdopen(os.open(temporary, flags, mode), "wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
        if lasting:
            _sync(path.parent)
    except FileExistsError:  # by chance, or somebody else's: not ours to remove
        raise
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _tidy(path, 0 if alone else _STALE)


def is_left(path: Path) -> bool:
    """Whether a file is one that `write` began, by its name."""
    return re.fullmatch(r"\..+\.[0-9a-f]{16}\.tmp", path.name) is not None


def tidy(folder: Path) -> None:
    """Remove what killed processes left in a folder into which nobody else can be writing."""
    with suppress(OSError):
        for each in [each for each in folder.iterdir() if is_left(each)]:
            each.unlink()


def _tidy(path: Path, stale: float) -> None:
    """Remove what killed processes left of earlier writings."""
    with suppress(OSError), os.scandir(path.parent) as there:
        for each in there:
            if each.name.startswith(f".{path.name}.") and each.name.endswith(".tmp"):
                with suppress(OSError):
                    if time.time() - each.stat(follow_symlinks=False).st_mtime >= stale:
                        Path(each).unlink()


def _sync(folder: Path) -> None:
    """Make the new name last through a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- child processes --------------------------------------------------------------------------------------------------

_SECRET = re.compile(r"\s*[0-9a-fA-F]{32}\s*")


def environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for another program: without wxpub's own variables and what looks like an AppSecret."""
    return {name: value for name, value in (os.environ if env is None else env).items() if not _private(name, value)}


@contextmanager
def without_secrets() -> Iterator[None]:
    """Take from this process's environment, as long as the block runs, what no child process is to have."""
    held = {name: value for name, value in os.environ.items() if _private(name, value)}
    for name in held:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(held)


def _private(name: str, value: str) -> bool:
    return name.upper().startswith("WXPUB_") or _SECRET.fullmatch(value) is not None


def looks_like_secret(value: str) -> bool:
    """Whether `value` has the form of an AppSecret: 32 hexadecimal digits."""
    return re.fullmatch(r"[0-9a-fA-F]{32}", value) is not None
