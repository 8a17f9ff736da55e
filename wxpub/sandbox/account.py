"""The endpoints about an account itself: tokens, quotas, request ids, addresses of WeChat's servers.

Sources: api_getaccesstoken, api_getstableaccesstoken, api_clearquota, api_clearquotabyappsecret, api_clearapiquota,
api_getapiquota, api_getridinfo, api_getapidomainip, api_getcallbackip, api_callbackcheck.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

from wxpub.sandbox import quotas, tokens
from wxpub.sandbox.answers import Refusal
from wxpub.sandbox.call import OK, Answer, Call, text
from wxpub.sandbox.profiles import CONDITIONS, Profile

RID_DAYS = 7
_RID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{1,8}-[0-9a-f]{1,8}\Z")

# Addresses of the sample answers on the official pages.
API_ADDRESSES = ("101.89.47.18", "101.91.34.103", "121.51.139.161", "121.51.166.37")
CALLBACK_ADDRESSES = ("101.226.62.77", "101.226.62.78", "101.226.62.79", "101.226.62.80")
_OPERATORS = ("CHINANET", "UNICOM", "CAP", "DEFAULT")


def token(call: Call) -> Answer:
    """Answer `GET /cgi-bin/token`."""
    appid, profile = _admit(call, {name: call.query(name) for name in ("grant_type", "appid", "secret")})
    quotas.count(call.store, appid, call.path, _daily(profile, 2000), call.now)
    value, seconds = tokens.classic(call.store, appid)
    return {"access_token": value, "expires_in": seconds}


def stable_token(call: Call) -> Answer:
    """Answer `POST /cgi-bin/stable_token`."""
    given = call.json()
    appid, profile = _admit(call, given)
    force = given.get("force_refresh", False)
    if not isinstance(force, bool):
        raise Refusal(47001)
    if profile.quotas:
        quotas.count_minute(call.store, appid, call.path, quotas.TOKEN_A_MINUTE, call.now)
    quotas.count(call.store, appid, call.path, _daily(profile, 500_000), call.now)
    value, seconds = tokens.stable(call.store, appid, force)
    return {"access_token": value, "expires_in": seconds}


def _daily(profile: Profile, limit: int) -> int | None:
    return limit if profile.quotas else None


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
        if call.store.used(appid, "clear_quota", quotas.month(call.now)) >= quotas.CLEARED_A_MONTH:
            raise Refusal(48006)
        call.store.use(appid, "clear_quota", quotas.month(call.now))
        call.store.run("DELETE FROM used WHERE appid = ? AND period = ?", appid, quotas.day(call.now))
    return OK


def clear_path_quota(call: Call) -> Answer:
    """Answer `POST /cgi-bin/openapi/quota/clear`."""
    path = _known_path(call)
    with call.store.transaction():
        if call.store.used(call.appid, "openapi/quota/clear", quotas.month(call.now)) >= quotas.CLEARED_PATHS_A_MONTH:
            raise Refusal(48006)
        call.store.use(call.appid, "openapi/quota/clear", quotas.month(call.now))
        call.store.set_used(call.appid, path, quotas.day(call.now), 0)
    return OK


def quota(call: Call) -> Answer:
    """Answer `POST /cgi-bin/openapi/quota/get`."""
    from wxpub.sandbox.endpoints import TABLE

    path = _known_path(call)
    endpoint = TABLE[path]
    if not call.profile.may(endpoint.needs):
        raise Refusal(76022)
    limit = endpoint.shown_limit
    used = call.store.used(call.appid, path, quotas.day(call.now))
    answer: dict[str, object] = {
        **OK,
        "quota": {"daily_limit": limit, "used": used, "remain": max(0, limit - used)},
    }
    if path == "/cgi-bin/stable_token":
        answer["rate_limit"] = {"call_count": quotas.TOKEN_A_MINUTE, "refresh_second": 60}
    return answer


def _known_path(call: Call) -> str:
    from wxpub.sandbox.endpoints import TABLE

    path = text(call.json(), "cgi_path", 76021, 76021)
    if path not in TABLE:
        raise Refusal(76021)
    return path


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
