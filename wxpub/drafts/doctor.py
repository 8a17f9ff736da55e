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
from wxpub.language import gettext, listed, tr
from wxpub.ledger import FILE_NAME, Draft, Ledger, Published, Upload
from wxpub.limits import ADDRESS_REFUSED, NOT_ALLOWED

QUOTA_NEAR = 10  # a quota is near its end when less than one part in so many is left
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
    if settings.path:
        yield Check(tr("settings"), "ok", str(settings.path))
    else:
        yield Check(tr("settings"), "info", tr("no wxpub.toml; the defaults are used"))
    yield from _permissions(settings)
    yield _ledger(settings)
    yield _font()
    yield _formats()
    yield from _renderers()
    try:
        account = client()
    except ConfigError as error:
        yield Check(tr("credentials"), "failed", error.message, error.hint)
        return
    yield from _account(account)


def _permissions(settings: Config) -> Iterator[Check]:
    """Say what `wxpub.toml` wants that needs permission, and whether the user gave it."""
    for wish in config.wishes(settings):
        try:
            given = trust.is_allowed(settings.root, wish)
        except ConfigError as error:
            yield Check(tr("permissions"), "failed", str(error))
            return
        if given:
            yield Check(tr("permissions"), "ok", tr("allowed: {wish}", wish=wish))
        else:
            fix = tr("{effect}; `wxpub trust` allows it", effect=wish.effect)
            yield Check(tr("permissions"), "info", tr("not allowed: {wish}", wish=wish), fix)


def _ledger(settings: Config) -> Check:
    try:
        ledger = Ledger(settings.root / FILE_NAME)
    except ConfigError as error:
        return Check(tr("ledger"), "failed", error.message, error.hint)
    said = tr(
        "drafts: {drafts}, pictures: {pictures}, published issues: {published}",
        drafts=len(ledger.facts(Draft)),
        pictures=len(ledger.facts(Upload)),
        published=sum(1 for each in ledger.facts(Published).values() if each.url),
    )
    return Check(tr("ledger"), "ok", said)


def _font() -> Check:
    font = chinese_font()
    if font:
        return Check(tr("Chinese font"), "ok", font)
    said = tr("none found: drawn covers carry number and date only")
    return Check(tr("Chinese font"), "failed", said, gettext(FONT_PACKAGES))


def _formats() -> Check:
    from wxpub.images.fit import formats

    missing = [name for name, there in formats().items() if not there]
    if missing:
        return Check(tr("picture formats"), "info", tr("without {formats}", formats=listed(missing)))
    return Check(tr("picture formats"), "ok", tr("all"))


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
    relayed = client.account.relay_key != ""
    if relayed or (client.account.api_base and not config.is_wechat(client.account.api_base)):
        relay = _relay(client)
        if relay:
            yield relay
        if relay and relay.state == "failed":
            return
    try:
        theirs = client.server_time()
    except (NetworkError, ConfigError) as error:
        yield Check(tr("network"), "failed", str(error))
        return
    server = client.account.api_base or "api.weixin.qq.com"
    yield Check(tr("network"), "ok", tr("{server} answers", server=server))
    if theirs is not None:
        off = time.time() - theirs
        fix = tr("set this computer's clock") if abs(off) > CLOCK_SECONDS else ""
        said = tr("{seconds:.0f} s ahead", seconds=off) if off > 0 else tr("{seconds:.0f} s behind", seconds=-off)
        yield Check(tr("clock"), "failed" if fix else "ok", said, fix)
    try:
        client.token()
    except ApiError as error:
        name = tr("IP whitelist") if error.errcode == ADDRESS_REFUSED else tr("credentials")
        yield Check(name, "failed", f"{error.errcode} {error.errmsg}", error.hint)
        return
    except (NetworkError, ConfigError) as error:
        yield Check(tr("credentials"), "failed", str(error))
        return
    appid = client.account.appid
    here = tr("a token for {appid}; this computer's address is let in", appid=appid)
    there = tr("a token for {appid}; the relay's address is let in", appid=appid)
    yield Check(tr("credentials"), "ok", there if relayed else here)
    yield _right(tr("drafts"), lambda: tr("{n} in the draft box", n=client.count_drafts()))
    yield _right(
        tr("material"), lambda: tr("{n} of 100,000 pictures", n=client.material_counts().get("image_count", 0))
    )
    yield _right(
        tr("publishing"), lambda: tr("allowed; {n} published", n=sum(1 for _ in client.publications())), optional=True
    )
    yield from _quotas(client)


def _relay(client: Client) -> Check | None:
    """Say whether the relay at the API's address serves the account; None where there is no relay of wxpub."""
    name, appid = tr("relay"), client.account.appid
    try:
        state = client.relay()
    except ConfigError as error:
        return Check(name, "failed", error.message, error.hint)
    except NetworkError:  # which is told as the network's
        return None
    appids = state.get("appids") if state else None
    if state is None or not isinstance(appids, dict):
        if not client.account.relay_key:
            return None
        said = tr("no relay of wxpub answers at {server}", server=client.account.api_base)
        return Check(name, "info", said, tr("the key of WXPUB_RELAY_KEY is sent there all the same"))
    if appid not in appids:
        said = tr("the relay does not serve {appid}", appid=appid)
        return Check(name, "failed", said, tr("start it with --appid {appid}", appid=appid))
    if not appids[appid] and not client.account.secret:
        said = tr("neither the relay nor this computer has the account's AppSecret")
        return Check(name, "failed", said, tr("set WXPUB_SECRET, or give the secret to the relay with --secret-env"))
    server = client.account.api_base
    serving = tr("{server} serves {appid}", server=server, appid=appid)
    keeping = tr("{server} serves {appid} and keeps its AppSecret", server=server, appid=appid)
    return Check(name, "ok", keeping if appids[appid] else serving)


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


def _quotas(client: Client) -> Iterator[Check]:
    """Name the calls whose quota of today is near its end; one line where none is, or where WeChat does not say."""
    unknown, near = "", False
    for endpoint in QUOTAS:
        try:
            quota = client.quota(endpoint)
        except (ApiError, NetworkError, ConfigError) as error:
            unknown = unknown or str(error)
            continue
        if not quota.limit or quota.left * QUOTA_NEAR >= quota.limit:
            continue
        near = True
        name = tr("quota of {endpoint}", endpoint=endpoint)
        if quota.left:
            said = tr("{left:,} of {limit:,} left today", left=quota.left, limit=quota.limit)
            yield Check(name, "info", said)
        else:
            said = tr("used up: {used:,} of {limit:,} today", used=quota.used, limit=quota.limit)
            yield Check(name, "failed", said, tr("wait until midnight in Beijing"))
    if unknown:
        yield Check(tr("quotas"), "info", tr("not known: {problem}", problem=unknown))
    elif not near:
        yield Check(tr("quotas"), "ok", tr("none is near its end today"))
