"""Kinds of account and ways of being strict: names come in, a `Profile` that the endpoints ask goes out."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from wxpub import limits
from wxpub.errors import ConfigError

DRAFT, PUBLISH, MASS, PREVIEW, COMMENT = "draft", "publish", "mass", "preview", "comment"


@dataclass(frozen=True, slots=True)
class Kind:
    """What an account of one kind may do, and how often it may send to everybody."""

    title: str
    may: frozenset[str]
    mass_sends: int = 0
    mass_period: str = "day"


# developers.weixin.qq.com "发布能力": since July 2025 personal and uncertified accounts lost all publish APIs; drafts
# still work for them in practice. An expired certification was seen to cost draft/add too (staff reply, 2026-03).
KINDS = {
    "personal": Kind("个人订阅号", frozenset({DRAFT})),
    "verified": Kind("认证订阅号", frozenset({DRAFT, PUBLISH, MASS, PREVIEW, COMMENT}), 1, "day"),
    "service": Kind("服务号", frozenset({DRAFT, PUBLISH, MASS, PREVIEW, COMMENT}), 4, "month"),
    "expired": Kind("认证已过期", frozenset()),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The sizes of an article's fields, where the documentation and what was measured differ."""

    title_chars: int
    content_chars: int | None
    temporary_image_bytes: int


LIMITS = {
    "measured": Limits(limits.TITLE_CHARS, None, 10 * 1024 * 1024),
    # The page of media/upload names both 2 MB and 10 MB for an image; this is the stricter reading.
    "documented": Limits(limits.TITLE_CHARS_DOCUMENTED, limits.CONTENT_CHARS, 2 * 1024 * 1024),
}

# What is wrong with the account as a whole: errcode of the token endpoints, errcode of all others.
CONDITIONS: dict[str, tuple[int | None, int | None]] = {
    "normal": (None, None),
    "secret-frozen": (40243, None),
    "punished": (50004, 48004),
    "frozen": (50007, 50002),
    "unconfirmed-ip": (89503, None),
    "confirmation-pending": (89501, None),
    "refused-for-a-day": (89506, None),
    "refused-for-an-hour": (89507, None),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """How one account behaves.

    `kind` decides 48001 and 88000; `limits` is "measured" or "documented". `charset` says what a `\\uXXXX` escape in an
    article's text becomes: "literal" (six characters, as WeChat stores it), "refused" (40033) or "decoded" (as JSON
    says). `content_type`: "observed" (JSON or text/plain by endpoint, as users met them), "json" or "text".
    `whitelist` holds addresses and CIDR networks, None means switched off; `client_ip` is the address that the sandbox
    pretends to see. `propagation` is the time in seconds until an uploaded material can be used. `quotas` switches
    45009 and 45011 on; `publish_seconds` is how long publishing takes and `publish_status` how it ends;
    `thumb_covers` takes type=thumb material as a cover; `uploadimg_errcode` adds errcode 0 to uploadimg's answer;
    `external_links` keeps links to other sites; `secret_error` is the errcode of a wrong AppSecret.
    """

    kind: str = "verified"
    limits: str = "measured"
    condition: str = "normal"
    charset: str = "literal"
    content_type: str = "observed"
    whitelist: tuple[str, ...] | None = None
    client_ip: str = ""
    propagation: float = 0.0
    quotas: bool = True
    publish_seconds: float = 0.0
    publish_status: int = 0
    thumb_covers: bool = False
    uploadimg_errcode: bool = False
    external_links: bool = False
    secret_error: int = 40125

    def may(self, permission: str) -> bool:
        """Tell whether an account of this kind may call what needs `permission`."""
        return not permission or permission in KINDS[self.kind].may

    def sizes(self) -> Limits:
        """Give the sizes that this profile enforces."""
        return LIMITS[self.limits]

    def lets_in(self, address: str) -> bool:
        """Tell whether `address` is on the IP whitelist, or the whitelist is off."""
        if self.whitelist is None:
            return True
        ip = ipaddress.ip_address(address)
        return any(ip in ipaddress.ip_network(entry, strict=False) for entry in self.whitelist)

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Profile:
        """Read a JSON object that `to_json` gave, perhaps of another version: fields that are gone are left out."""
        known = {field.name for field in fields(cls)}
        return change(cls(), {name: value for name, value in values.items() if name in known})

    def to_json(self) -> dict[str, object]:
        """Give the values as a JSON object."""
        return asdict(self)


_CHOICES: dict[str, tuple[object, ...]] = {
    "kind": tuple(KINDS),
    "limits": tuple(LIMITS),
    "condition": tuple(CONDITIONS),
    "charset": ("literal", "refused", "decoded"),
    "content_type": ("observed", "json", "text"),
    "publish_status": (0, 2, 3, 4),
    "secret_error": (40125, 40001),
}


def change(profile: Profile, values: Mapping[str, object]) -> Profile:
    """Give `profile` with `values` in place of its own; raise ConfigError for an unknown name or value."""
    known = {field.name: field for field in fields(Profile)}
    clean: dict[str, object] = {}
    for name, value in values.items():
        if name not in known:
            raise ConfigError(f"unknown sandbox setting {name!r}", hint=f"known: {', '.join(known)}")
        clean[name] = _checked(name, value, getattr(profile, name))
    return replace(profile, **clean)  # type: ignore[arg-type]


def _checked(name: str, value: object, example: object) -> object:
    if name in _CHOICES:
        if value not in _CHOICES[name] or isinstance(value, bool):
            raise ConfigError(
                f"sandbox setting {name}: {value!r}", hint=f"one of {', '.join(map(str, _CHOICES[name]))}"
            )
        return value
    if name == "whitelist":
        return None if value is None else _networks(value)
    if name == "client_ip":
        return _networks([value])[0] if value else ""
    if isinstance(example, bool):
        if not isinstance(value, bool):
            raise ConfigError(f"sandbox setting {name}: {value!r}", hint="true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**9:
        raise ConfigError(f"sandbox setting {name}: {value!r}", hint="a number of seconds")
    return float(value)


def _networks(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ConfigError(f"sandbox setting whitelist: {value!r}", hint="a list of addresses or CIDR networks")
    return tuple(_network(entry) for entry in value)


def _network(entry: object) -> str:
    try:
        ipaddress.ip_network(str(entry), strict=False)
    except ValueError as error:
        raise ConfigError(f"not an address or network: {entry!r}") from error
    return str(entry)
