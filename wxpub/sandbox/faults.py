"""Faults on request: a description comes in, a `Fault` that the application and the server play goes out."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from wxpub.errors import ConfigError

KINDS = {
    "errcode": "answer with this errcode instead of acting",
    "status": "answer with this HTTP status and an HTML page instead of acting",
    "html": "act, then answer with an HTML page instead of JSON",
    "empty": "act, then answer with an empty body",
    "delay": "wait this many seconds before acting",
    "slow": "act, then wait this many seconds before answering",
    "cut-before": "close the connection before acting: nothing happened",
    "cut-while": "close the connection, then act this many seconds later",
    "cut-after": "act, then close the connection without an answer",
    "half": "act, then send half of the answer and close the connection",
    "too-long": "act, then announce more bytes than are sent and close the connection",
    "too-short": "act, then announce fewer bytes than the answer has",
}
MOST_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail: `kind` is a key of `KINDS`, `value` its errcode, HTTP status or seconds.

    `endpoint` is a path as in "/cgi-bin/draft/add", or "*"; `times` how many calls it will hit.
    """

    kind: str
    value: float = 0
    endpoint: str = "*"
    times: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"unknown fault {self.kind!r}", hint=f"one of {', '.join(KINDS)}")
        if self.kind == "status" and not 400 <= self.value <= 599:
            raise ConfigError(f"fault status: {self.value!r}", hint="an HTTP status from 400 to 599")
        if self.kind in {"delay", "slow", "cut-while"} and not 0 <= self.value <= MOST_SECONDS:
            raise ConfigError(f"fault {self.kind}: {self.value!r}", hint=f"seconds, at most {MOST_SECONDS:.0f}")
        if self.kind == "errcode" and (self.value == 0 or self.value % 1 != 0):
            raise ConfigError(f"fault errcode: {self.value!r}", hint="an errcode other than 0")
        if self.times < 1:
            raise ConfigError(f"fault times: {self.times!r}", hint="at least 1")

    def to_json(self) -> dict[str, object]:
        """Give the values as a JSON object."""
        return asdict(self)


def read(header: str) -> tuple[Fault, ...]:
    """Read the faults of one request from its `X-Sandbox-Fault` header: `kind` or `kind=value`, comma-separated."""
    return tuple(_read(part.strip()) for part in header.split(",") if part.strip())


def _read(part: str) -> Fault:
    kind, _, value = part.partition("=")
    try:
        return Fault(kind.strip(), float(value) if value else 0)
    except ValueError as error:
        raise ConfigError(f"fault {part!r}", hint="kind or kind=number") from error
