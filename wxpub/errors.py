"""The exceptions that somebody can act on: each says what happened, where, and what to do about it.

    WxpubError
    ├── SourceError     the author: a file is missing, unreadable or wrong
    ├── ConfigError     the operator: a credential or a setting is missing or wrong
    ├── NetworkError    nobody: no usable answer came; says whether trying again is safe
    └── ApiError        WeChat said no: endpoint, errcode, errmsg, rid, hint

A problem inside an article that can be converted is no exception but a `Finding`. No message holds a secret.
"""

from __future__ import annotations

from pathlib import Path


class WxpubError(Exception):
    """A failure that a person can act on; `str()` is the one line to show."""


class SourceError(WxpubError):
    """Say what is wrong with a file that the author gave.

    `path` and `line` (1-based) tell where; `hint` what to do.
    """

    def __init__(self, message: str, path: Path | None = None, line: int | None = None, hint: str = "") -> None:
        self.message, self.path, self.line, self.hint = message, path, line, hint
        place = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(place + message + (f"; {hint}" if hint else ""))


class ConfigError(WxpubError):
    """Say which credential or setting is missing or wrong."""

    def __init__(self, message: str, path: Path | None = None, hint: str = "") -> None:
        self.message, self.path, self.hint = message, path, hint
        super().__init__(("" if path is None else f"{path}: ") + message + (f"; {hint}" if hint else ""))


class NetworkError(WxpubError):
    """Say that no usable answer came from `endpoint`.

    `sent` tells whether the request may have reached the other side: where it may have, repeating a call that is not
    idempotent (draft/add) could do it twice.
    """

    def __init__(self, message: str, endpoint: str = "", *, sent: bool = True, hint: str = "") -> None:
        self.message, self.endpoint, self.sent, self.hint = message, endpoint, sent, hint
        super().__init__((f"{endpoint}: " if endpoint else "") + message + (f"; {hint}" if hint else ""))


class ApiError(WxpubError):
    """Say what WeChat refused: `errcode` and `errmsg` as it answered, `rid` to ask it about, `hint` for the editor."""

    def __init__(self, endpoint: str, errcode: int, errmsg: str, *, rid: str = "", hint: str = "") -> None:
        self.endpoint, self.errcode, self.errmsg, self.rid, self.hint = endpoint, errcode, errmsg, rid, hint
        super().__init__(f"{endpoint}: {errcode} {errmsg}" + (f"; {hint}" if hint else ""))
