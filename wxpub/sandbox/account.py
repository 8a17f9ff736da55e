"""Tokens, and the endpoints about an account itself: quotas, request ids, addresses of WeChat's servers.

Sources: api_getaccesstoken, api_getstableaccesstoken, api_clearquota, api_clearquotabyappsecret, api_clearapiquota,
api_getapiquota, api_getridinfo, api_getapidomainip, api_getcallbackip, api_callbackcheck.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping

from wxpub.sandbox.call import GET, OK, POST, Answer, Call, Endpoint, Refusal, text
from wxpub.sandbox.store import CONDITIONS, Profile, Store, day, minute, month

# --- tokens -----------------------------------------------------------------------------------------------------------
# Classic and stable tokens live apart (api_getstableaccesstoken): a new one of a kind leaves its predecessor five more
# minutes, `force_refresh` leaves it none.

SECONDS = 7200
OVERLAP = 300  # old and new token both work for five minutes
FORCE_PAUSE = 30  # a forced refresh sooner than this after the last one changes nothing
FORCED_A_DAY = 20
TOKEN_A_MINUTE = 10_000  # stable_token: api_getstableaccesstoken

_SHAPE = re.compile(r"\d{1,4}_[A-Za-z0-9_-]{100,}\Z")


def token(call: Call) -> Answer:
    """Answer `GET /cgi-bin/token`: a new token; its predecessor lives five more minutes, older ones die."""
    appid, profile = _admit(call, {name: call.query(name) for name in ("grant_type", "appid", "secret")})
    count(call.store, appid, call.table[call.path], profile, call.now)
    now = call.store.now()
    with call.store.transaction():
        sql = "UPDATE token SET expires = min(expires, ?), replaced = 1 WHERE appid = ? AND kind = 'classic'"
        call.store.run(sql, now + OVERLAP, appid)
        return {"access_token": _new_token(call.store, appid, "classic", now), "expires_in": SECONDS}


def stable_token(call: Call) -> Answer:
    """Answer `POST /cgi-bin/stable_token`."""
    given = call.json()
    appid, profile = _admit(call, given)
    force = given.get("force_refresh", False)
    if not isinstance(force, bool):
        raise Refusal(47001)
    if profile.quotas and not call.store.use(appid, call.path, minute(call.now), TOKEN_A_MINUTE):
        raise Refusal(45011)
    count(call.store, appid, call.table[call.path], profile, call.now)
    value, seconds = _stable(call.store, appid, force)
    return {"access_token": value, "expires_in": seconds}


def _stable(store: Store, appid: str, force: bool) -> tuple[str, int]:
    """Return the stable token with its remaining seconds: renewed in its last five minutes, or by force."""
    now = store.now()
    with store.transaction():
        row = store.row(
            "SELECT * FROM token WHERE appid = ? AND kind = 'stable' AND replaced = 0 AND expires > ? "
            "ORDER BY created DESC LIMIT 1",
            appid,
            now + OVERLAP,
        )
        if force:
            forced = store.value("SELECT max(created) FROM token WHERE appid = ? AND forced = 1", appid)
            if row is None or forced is None or now - float(forced) >= FORCE_PAUSE:
                if not store.use(appid, "force_refresh", day(now), FORCED_A_DAY):
                    raise Refusal(45009)
                store.run("UPDATE token SET expires = ?, replaced = 1 WHERE appid = ? AND kind = 'stable'", now, appid)
                return _new_token(store, appid, "stable", now, forced=1), SECONDS
        if row is not None:
            return row["token"], int(row["expires"] - now)
        return _new_token(store, appid, "stable", now), SECONDS


def _new_token(store: Store, appid: str, kind: str, now: float, forced: int = 0) -> str:
    value = f"95_{secrets.token_urlsafe(102)}"
    store.run("DELETE FROM token WHERE appid = ? AND expires < ?", appid, now - 86400)
    store.insert("token", token=value, appid=appid, kind=kind, created=now, expires=now + SECONDS, forced=forced)
    return value


def owner(store: Store, value: str | None) -> str:
    """Return the AppID that a token belongs to; refuse what is missing, malformed, replaced or expired."""
    if not value:
        raise Refusal(41001)
    if not _SHAPE.match(value):
        raise Refusal(40014)
    row = store.row("SELECT * FROM token WHERE token = ?", value)
    if row is None:
        raise Refusal(40001)
    if row["expires"] <= store.now():
        raise Refusal(40001 if row["replaced"] else 42001)
    return str(row["appid"])


def _admit(call: Call, given: Mapping[str, object]) -> tuple[str, Profile]:
    """Check grant type, AppID, AppSecret, the account's condition and the IP whitelist, in this order."""
    if text(given, "grant_type", 40002, 40002) != "client_credential":
        raise Refusal(40002)
    appid, profile = _identify(call, given, "secret")
    refused, _ = CONDITIONS[profile.condition]
    if refused is not None:
        raise Refusal(refused)
    address = profile.client_ip or call.ip
    if not profile.lets_in(address):
        raise Refusal(40164, ip=address)
    return appid, profile


def _identify(call: Call, given: Mapping[str, object], secret_name: str) -> tuple[str, Profile]:
    appid = text(given, "appid", 41002, 40013)
    secret = text(given, secret_name, 41004, 40125)
    row = call.store.account(appid)
    if row is None:
        raise Refusal(40013)
    profile = call.store.profile(appid)
    if not hmac.compare_digest(str(row["secret"]).encode(), secret.encode()):
        raise Refusal(profile.secret_error)
    return appid, profile


# --- quotas -----------------------------------------------------------------------------------------------------------

CLEARED_A_MONTH = 10  # clear_quota and clear_quota/v2 together: api_clearquota
CLEARED_PATHS_A_MONTH = 50  # openapi/quota/clear: api_clearapiquota


def count(store: Store, appid: str, endpoint: Endpoint, profile: Profile, now: float) -> None:
    """Count one call of an endpoint; refuse with 45009 when the day's calls are used up."""
    if not store.use(appid, endpoint.path, day(now), endpoint.daily if profile.quotas else None):
        raise Refusal(45009)


def clear_quota(call: Call) -> Answer:
    """Answer `POST /cgi-bin/clear_quota`."""
    if text(call.json(), "appid", 41002, 40013) != call.appid:
        raise Refusal(40013)
    return _clear(call, call.appid)


def clear_quota_v2(call: Call) -> Answer:
    """Answer `POST /cgi-bin/clear_quota/v2`: AppID and AppSecret instead of a token, in the query or the body."""
    given: Mapping[str, object] = {name: call.query(name) for name in ("appid", "appsecret")}
    if not any(given.values()):
        given = call.json() if call.body.strip() else {}
    appid, _ = _identify(call, given, "appsecret")
    return _clear(call, appid)


def _clear(call: Call, appid: str) -> Answer:
    with call.store.transaction():
        if not call.store.use(appid, "clear_quota", month(call.now), CLEARED_A_MONTH):
            raise Refusal(48006)
        call.store.run("DELETE FROM used WHERE appid = ? AND period = ?", appid, day(call.now))
    return OK


def clear_path_quota(call: Call) -> Answer:
    """Answer `POST /cgi-bin/openapi/quota/clear`."""
    path = _known_path(call)
    with call.store.transaction():
        if not call.store.use(call.appid, "openapi/quota/clear", month(call.now), CLEARED_PATHS_A_MONTH):
            raise Refusal(48006)
        call.store.set_used(call.appid, path, day(call.now), 0)
    return OK


def quota(call: Call) -> Answer:
    """Answer `POST /cgi-bin/openapi/quota/get`."""
    path = _known_path(call)
    if not call.profile.may(call.table[path].needs):
        raise Refusal(76022)
    limit, used = call.table[path].shown_limit, call.store.used(call.appid, path, day(call.now))
    shown = {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}
    if path == "/cgi-bin/stable_token":
        return {**OK, "quota": shown, "rate_limit": {"call_count": TOKEN_A_MINUTE, "refresh_second": 60}}
    return {**OK, "quota": shown}


def _known_path(call: Call) -> str:
    path = text(call.json(), "cgi_path", 76021, 76021)
    if path not in call.table:
        raise Refusal(76021)
    return path


# --- request ids and addresses ----------------------------------------------------------------------------------------

RID_DAYS = 7
_RID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{1,8}-[0-9a-f]{1,8}\Z")

# Addresses of the sample answers on the official pages.
API_ADDRESSES = ("101.89.47.18", "101.91.34.103", "121.51.139.161", "121.51.166.37")
CALLBACK_ADDRESSES = ("101.226.62.77", "101.226.62.78", "101.226.62.79", "101.226.62.80")
_OPERATORS = ("CHINANET", "UNICOM", "CAP", "DEFAULT")


def request_info(call: Call) -> Answer:
    """Answer `POST /cgi-bin/openapi/rid/get`: what the call was that got this request id."""
    rid = text(call.json(), "rid", 76002, 76002)
    if not _RID.match(rid):
        raise Refusal(76002)
    row = call.store.row("SELECT * FROM call WHERE rid = ?", rid)
    if row is None:
        raise Refusal(76001)
    if row["appid"] != call.appid:
        raise Refusal(76003)
    if call.now - row["at"] > RID_DAYS * 86400:
        raise Refusal(76004)
    return {
        **OK,
        "request": {
            "invoke_time": int(row["at"]),
            "cost_in_ms": row["cost_ms"],
            "request_url": row["query"],
            "request_body": row["request"],
            "response_body": row["answer"],
            "client_ip": row["ip"],
        },
    }


def api_addresses(call: Call) -> Answer:
    """Answer `GET /cgi-bin/get_api_domain_ip`."""
    return {"ip_list": list(API_ADDRESSES)}


def callback_addresses(call: Call) -> Answer:
    """Answer `GET /cgi-bin/getcallbackip`."""
    return {"ip_list": list(CALLBACK_ADDRESSES)}


def callback_check(call: Call) -> Answer:
    """Answer `POST /cgi-bin/callback/check`: nothing is looked up, the answer has the shape only."""
    given = call.json()
    action = text(given, "action", 40201, 40201)
    operator = text(given, "check_operator", 40202, 40202)
    if action not in ("dns", "ping", "all"):
        raise Refusal(40201)
    if operator not in _OPERATORS:
        raise Refusal(40202)
    answer: dict[str, object] = {}
    if action != "ping":
        answer["dns"] = [{"ip": "127.0.0.1", "real_operator": "UNKNOWN"}]
    if action != "dns":
        from_operator = "CAP" if operator == "DEFAULT" else operator
        answer["ping"] = [{"ip": "127.0.0.1", "from_operator": from_operator, "package_loss": "0%", "time": "0.052ms"}]
    return answer


ENDPOINTS = (
    # The token endpoints count their calls themselves: they learn the account from their parameters.
    Endpoint("/cgi-bin/token", GET, token, 2000, token=False),
    Endpoint("/cgi-bin/stable_token", POST, stable_token, 500_000, token=False),
    Endpoint("/cgi-bin/clear_quota", POST, clear_quota),
    Endpoint("/cgi-bin/clear_quota/v2", POST, clear_quota_v2, token=False),
    Endpoint("/cgi-bin/openapi/quota/get", POST, quota),
    Endpoint("/cgi-bin/openapi/quota/clear", POST, clear_path_quota),
    Endpoint("/cgi-bin/openapi/rid/get", POST, request_info),
    Endpoint("/cgi-bin/get_api_domain_ip", GET, api_addresses),
    Endpoint("/cgi-bin/getcallbackip", GET, callback_addresses),
    Endpoint("/cgi-bin/callback/check", POST, callback_check),
)
