"""What stands between an issue and its draft: settings and an account in, a line for each thing that works or not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wxpub import config, trust
from wxpub.client import Client
from wxpub.config import Config
from wxpub.errors import ApiError, ConfigError, NetworkError, WxpubError
from wxpub.images.draw import FONT_PACKAGES, chinese_font
from wxpub.language import tr
from wxpub.ledger import FILE_NAME, Draft, Ledger, Published, Upload
from wxpub.limits import ADDRESS_REFUSED, NOT_ALLOWED

CLOCK_SECONDS = 120  # a clock that is further off than this makes certificates and tokens look expired
# The programs that draw diagrams, as they are called.
RENDERERS = {"mermaid": "mmdc -i {in} -o {out}", "plantuml": "plantuml -tpng -pipe", "dot": "dot -Tpng"}
QUOTAS = (
    "stable_token",
    "media/uploadimg",
    "material/add_material",
    "draft/add",
    "draft/update",
    "draft/get",
    "draft/batchget",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: `state` "info" is neither good nor bad; `fix` says what to do about a failure."""

    name: str
    state: Literal["ok", "failed", "info"]
    message: str
    fix: str = ""


def examine(settings: Config, client: Callable[[], Client]) -> Iterator[Check]:
    """Look at settings, ledger, fonts, picture formats, diagrams, network, clock, credentials, rights and quotas.

    They come in this order. `client` makes the client, which fails where credentials are missing. What depends on a
    failed check is left out.
    """
    yield Check(
        "settings", "ok" if settings.path else "info", str(settings.path or "no wxpub.toml; the defaults are used")
    )
    yield from _permissions(settings)
    yield _ledger(settings)
    yield _font()
    yield _formats()
    yield from _renderers()
    try:
        account = client()
    except ConfigError as error:
        yield Check("credentials", "failed", error.message, error.hint)
        return
    yield from _account(account)


def _permissions(settings: Config) -> Iterator[Check]:
    """Say what `wxpub.toml` wants that needs permission, and whether the user gave it."""
    for wish in config.wishes(settings):
        try:
            given = trust.is_allowed(settings.root, wish)
        except ConfigError as error:
            yield Check("permissions", "failed", str(error))
            return
        state: Literal["ok", "info"] = "ok" if given else "info"
        said = "allowed" if given else "not allowed"
        yield Check("permissions", state, f"{said}: {wish}", f"{wish.effect}; `wxpub trust` allows it")


def _ledger(settings: Config) -> Check:
    try:
        ledger = Ledger(settings.root / FILE_NAME)
    except ConfigError as error:
        return Check("ledger", "failed", error.message, error.hint)
    drafts, pictures = len(ledger.facts(Draft)), len(ledger.facts(Upload))
    published = sum(1 for each in ledger.facts(Published).values() if each.url)
    return Check("ledger", "ok", f"{drafts} drafts, {pictures} pictures, {published} published issues")


def _font() -> Check:
    font = chinese_font()
    if font:
        return Check("Chinese font", "ok", font)
    return Check("Chinese font", "failed", "none found: drawn covers carry number and date only", FONT_PACKAGES)


def _formats() -> Check:
    from wxpub.images.fit import formats

    missing = [name for name, there in formats().items() if not there]
    return Check("picture formats", "info" if missing else "ok", f"without {', '.join(missing)}" if missing else "all")


def _renderers() -> Iterator[Check]:
    """Say which programs draw diagrams, and which that are here could: nothing runs that the user has not named."""
    import shutil

    name = tr("diagrams")
    try:
        named = config.renderers()
    except ConfigError as error:
        yield Check(name, "failed", str(error), error.hint)
        return
    for language, line in RENDERERS.items():
        program = named[language][0] if language in named else line.partition(" ")[0]
        place = shutil.which(Path(program).expanduser())
        if language in named and place:
            yield Check(name, "ok", tr("{place} draws {language}", place=place, language=language))
        elif language in named:
            said = tr("{program}, which draws {language}, is not to be found", program=program, language=language)
            yield Check(name, "failed", said, tr("install it, or correct [render] in {path}", path=config.own_place()))
        elif place:
            said = tr("{place} could draw {language}", place=place, language=language)
            fix = tr("write under [render] in {path}: {line}", path=config.own_place(), line=f'{language} = "{line}"')
            yield Check(name, "info", said, fix)


def _account(client: Client) -> Iterator[Check]:
    """Look at everything that needs the network; stop where the rest would only say the same again."""
    try:
        theirs = client.server_time()
    except (NetworkError, ConfigError) as error:
        yield Check("network", "failed", str(error))
        return
    yield Check("network", "ok", client.account.api_base or "api.weixin.qq.com answers")
    if theirs is not None:
        off = time.time() - theirs
        fix = "set this computer's clock" if abs(off) > CLOCK_SECONDS else ""
        yield Check("clock", "failed" if fix else "ok", f"{abs(off):.0f} s {'ahead' if off > 0 else 'behind'}", fix)
    try:
        client.token()
    except ApiError as error:
        name = "IP whitelist" if error.errcode == ADDRESS_REFUSED else "credentials"
        yield Check(name, "failed", f"{error.errcode} {error.errmsg}", error.hint)
        return
    except (NetworkError, ConfigError) as error:
        yield Check("credentials", "failed", str(error))
        return
    yield Check("credentials", "ok", f"a token for {client.account.appid}; this address is let in")
    yield _right("drafts", lambda: f"{client.count_drafts()} in the draft box")
    yield _right("material", lambda: f"{client.material_counts().get('image_count', 0)} of 100,000 pictures")
    yield _right("publishing", lambda: f"allowed; {sum(1 for _ in client.publications())} published", optional=True)
    for endpoint in QUOTAS:
        yield _quota(client, endpoint)


def _right(name: str, ask: Callable[[], str], *, optional: bool = False) -> Check:
    """Ask for something that the account may or may not do."""
    try:
        return Check(name, "ok", ask())
    except ApiError as error:
        allowed = error.errcode != NOT_ALLOWED
        state: Literal["info", "failed"] = "info" if optional and not allowed else "failed"
        return Check(name, state, f"{error.errcode} {error.errmsg}", error.hint)
    except WxpubError as error:
        return Check(name, "failed", str(error))


def _quota(client: Client, endpoint: str) -> Check:
    try:
        quota = client.quota(endpoint)
    except (ApiError, NetworkError, ConfigError) as error:
        return Check(f"quota of {endpoint}", "info", f"not known: {error}")
    if quota.limit and not quota.left:
        fix = "wait until midnight in Beijing"
        return Check(f"quota of {endpoint}", "failed", f"used up: {quota.used:,} of {quota.limit:,} today", fix)
    return Check(f"quota of {endpoint}", "ok", f"{quota.left:,} of {quota.limit:,} left today")
