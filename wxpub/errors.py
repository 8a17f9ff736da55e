"""The exceptions that somebody can act on: each says what happened, where, and what to do about it.

    WxpubError
    ├── SourceError     the author: a file is missing, unreadable or wrong
    ├── ConfigError     the operator: a credential or a setting is missing or wrong
    ├── ConflictError   a person has to decide: somebody else made what would be overwritten or published
    ├── NetworkError    nobody: no usable answer came; says whether trying again is safe
    └── ApiError        WeChat said no: endpoint, errcode, errmsg, rid, hint

A problem inside an article that can be converted is no exception but a `Finding`. No message holds a secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from wxpub.language import gettext, tr

_NAMES = 1_000  # of a folder, that are compared with one that is not there
_ALIKE = 0.8  # of 1: how much they have to look like it


class WxpubError(Exception):
    """A failure that a person can act on: `message` says what happened, `hint` what to do, `str()` both."""

    def __init__(self, message: str, hint: str = "", *, place: str = "") -> None:
        self.message, self.hint = message, hint
        super().__init__(place + (tr("{message}; {fix}", message=message, fix=hint) if hint else message))


class SourceError(WxpubError):
    """Say what is wrong with a file that the author gave, or named to be written.

    `path` and `line` (1-based) tell where.
    """

    def __init__(self, message: str, path: Path | None = None, line: int | None = None, hint: str = "") -> None:
        self.path, self.line = path, line
        super().__init__(message, hint, place=_place(path, line))


class SettingError(SourceError):
    """Say that what was asked for cannot be had: a theme (`setting` is "") or a value of its variable `setting`.

    Only the one who asked knows in which file that stands.
    """

    def __init__(self, setting: str, message: str, hint: str = "") -> None:
        self.setting = setting
        super().__init__(message, hint=hint)


class ConfigError(WxpubError):
    """Say which credential or setting is missing or wrong; `path` and `line` (1-based) tell where it stands."""

    def __init__(self, message: str, path: Path | None = None, hint: str = "", *, line: int | None = None) -> None:
        self.path, self.line = path, line
        super().__init__(message, hint, place=_place(path, line))


class ConflictError(WxpubError):
    """Say that somebody has to decide: going on would overwrite, delete or publish what another person made."""


class NetworkError(WxpubError):
    """Say that no usable answer came from `endpoint`.

    `sent` tells whether the request may have reached the other side: where it may have, repeating a call that is not
    idempotent (draft/add) could do it twice.
    """

    def __init__(self, message: str, endpoint: str = "", *, sent: bool = True, hint: str = "") -> None:
        self.endpoint, self.sent = endpoint, sent
        super().__init__(message, hint, place=f"{endpoint}: " if endpoint else "")


class ApiError(WxpubError):
    """Say what WeChat refused: `errcode` and `errmsg` as it answered, `rid` to ask it about, `hint` for the editor."""

    def __init__(
        self, endpoint: str, errcode: int, errmsg: str, *, rid: str = "", hint: str = "", spot: str = ""
    ) -> None:
        self.endpoint, self.errcode, self.errmsg, self.rid = endpoint, errcode, errmsg, rid
        super().__init__(f"{errcode} {errmsg}", hint, place=f"{spot}: {endpoint}: " if spot else f"{endpoint}: ")

    def of(self, spot: str) -> ApiError:
        """Give the same refusal, said of `spot`: the image or the article that WeChat refused."""
        return ApiError(self.endpoint, self.errcode, self.errmsg, rid=self.rid, hint=self.hint, spot=spot)


def _place(path: Path | None, line: int | None) -> str:
    return "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "


# --- why a file cannot be had -----------------------------------------------------------------------------------------

# What the system says, in English; the catalogue has it in Chinese.
REASONS = (
    "No such file or directory",
    "Permission denied",
    "Operation not permitted",
    "Is a directory",
    "Not a directory",
    "File exists",
    "File name too long",
    "No space left on device",
    "Read-only file system",
    "Input/output error",
    "Too many levels of symbolic links",
    "Address already in use",
)


def reason_of(error: OSError | UnicodeError) -> str:
    """Say in the user's language why a file, or a port, could not be had."""
    return gettext(error.strerror or str(error)) if isinstance(error, OSError) else tr("not UTF-8")


# --- what was meant ---------------------------------------------------------------------------------------------------


def near(name: str, known: Iterable[str], alike: float = 0.6) -> str:
    """Give the one of `known` that `name` was probably meant to be, whatever its capitals and hyphens; "" for none.

    `alike` is how much they have to have in common, up to 1: more where `name` may be right as it is.
    """
    from difflib import get_close_matches

    def plain(text: str) -> str:
        return text.lower().replace("-", "").replace("_", "")

    names: dict[str, str] = {}
    for each in known:
        names.setdefault(plain(each), each)  # of several that look alike the first
    found = get_close_matches(plain(name), names, 1, alike)
    return names[found[0]] if found else ""


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Write the hint that names what is `near`, or the hint `otherwise`."""
    meant = near(name, known)
    return tr("did you mean {name}?", name=meant) if meant else otherwise


def near_file(path: Path, otherwise: str = "") -> str:
    """Write the hint for a file that is not there: one beside it that may have been meant, or `otherwise`."""
    try:
        names = [each.name for each in islice(path.parent.iterdir(), _NAMES)]
    except (OSError, ValueError):
        return tr("its folder does not exist either")
    without_suffix = next((each for each in names if Path(each).stem == path.name), "")
    meant = without_suffix or near(path.name, names, _ALIKE)
    return tr("did you mean {name}?", name=meant) if meant else otherwise
