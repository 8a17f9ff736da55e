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

from pathlib import Path


class WxpubError(Exception):
    """A failure that a person can act on: `message` says what happened, `hint` what to do, `str()` both."""

    def __init__(self, message: str, hint: str = "", *, place: str = "") -> None:
        self.message, self.hint = message, hint
        super().__init__(place + message + (f"; {hint}" if hint else ""))


class SourceError(WxpubError):
    """Say what is wrong with a file that the author gave, or named to be written.

    `path` and `line` (1-based) tell where.
    """

    def __init__(self, message: str, path: Path | None = None, line: int | None = None, hint: str = "") -> None:
        self.path, self.line = path, line
        place = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(message, hint, place=place)


class ConfigError(WxpubError):
    """Say which credential or setting is missing or wrong; `path` is the file that holds it."""

    def __init__(self, message: str, path: Path | None = None, hint: str = "") -> None:
        self.path = path
        super().__init__(message, hint, place="" if path is None else f"{path}: ")


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

    def __init__(self, endpoint: str, errcode: int, errmsg: str, *, rid: str = "", hint: str = "") -> None:
        self.endpoint, self.errcode, self.errmsg, self.rid = endpoint, errcode, errmsg, rid
        super().__init__(f"{errcode} {errmsg}", hint, place=f"{endpoint}: ")
