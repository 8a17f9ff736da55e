"""WeChat's error texts: an errcode comes in, the JSON object that WeChat would answer goes out. It decides nothing.

Sources: the official "全局返回码" pages of developers.weixin.qq.com, the constants of binarywang/WxJava
(`WxOpenErrorMsgEnum`) and mudtools/MudWechat, and verbatim messages in public issue trackers.
"""

from __future__ import annotations

import random
import string

# What follows a message: gateway and token errors carry a request id, errors about content and material a hint as well.
RID = "rid"
HINT = "hint"

_GATEWAY = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest, could get access_token by "
    "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r",
    40002: "invalid grant_type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40066: "invalid url",
    40125: "invalid appsecret",
    40164: "invalid ip {ip} ipv6 ::ffff:{ip}, not in whitelist",
    40201: "invalid action",
    40202: "invalid check_operator",
    40203: "invalid callback url",
    40243: "invalid appsecret, the appsecret has been frozen",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43003: "require https",
    44002: "empty post data",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47001: "data format error",
    48001: "api unauthorized",
    48004: "api forbidden for irregularities, view detail on mp.weixin.qq.com",
    48006: "forbid to clear quota because of reaching the limit",
    50002: "user limited",
    50004: "user not allow to use accesstoken, maybe for punishment",
    50007: "user is frozen",
    61004: "access clientip is not registered",
    76001: "rid not found",
    76002: "invalid rid",
    76003: "rid does not belong to this account",
    76004: "rid expired",
    76021: "cgi_path not found, please check",
    76022: "could not use this cgi_path，no permission",
    89501: "the request of this ip is being confirmed by the admin",
    89503: "this ip needs the confirmation of the admin, please retry after the admin has confirmed",
    89506: "the admin refused this ip, retry after 24 hours",
    89507: "the admin refused this ip, retry after 1 hour",
}

_CONTENT = {
    40004: "invalid media type",
    40005: "invalid file type",
    40006: "invalid meida size",  # WeChat's own spelling
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40012: "invalid thumb size",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40035: "invalid args size",
    40097: "invalid args",
    40113: "unsupported file type",
    40114: "invalid index value",
    40118: "media_id size out of limit",
    40121: "invalid media_id type",
    40132: "invalid username",
    40137: "invalid image format",
    40155: "please don't contain other home page url",
    40170: "args count exceed count limit",
    40227: "title empty",
    41005: "media data missing",
    41006: "media_id missing",
    41011: "missing required fields! please check document and request json!",
    41039: "invalid content_source_url",
    41040: "originality check failed",
    43004: "require subscribe",
    44001: "empty media data",
    44003: "empty news data",
    44004: "empty content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45003: "title size out of limit",
    45004: "description size out of limit",
    45005: "url size out of limit",
    45008: "article size out of limit",
    45028: "has no masssend quota",
    45065: "clientmsgid exist",
    45066: "same clientmsgid retry too fast",
    45067: "clientmsgid size out of limit",
    45103: "This API has been unsupported",
    45106: "this API has been retired",
    45110: "author size out of limit",
    45166: "invalid content",
    46001: "media data no exist",
    48005: "forbid to delete material used by auto-reply or menu",
    48008: "no permission for this msgtype",
    48021: "the draft was saved automatically, send it from the console",
    53402: "cover crop failed",
    53404: "the account is restricted from selling goods",
    53405: "invalid product info",
    53406: "the account has not enabled selling",
    53503: "the draft failed the publish check",
    53504: "this draft can only be published on mp.weixin.qq.com",
    53505: "save the draft by hand on mp.weixin.qq.com before publishing",
    53600: "Article ID 无效",
    87014: "risky content",
    88000: "without comment privilege",
    89504: "the admin has not confirmed yet",
    89505: "the admin refused",
}

# errcode -> (what follows the message, the message as far as public reports show it)
MESSAGES: dict[int, tuple[str, str]] = {
    **{code: (RID, text) for code, text in _GATEWAY.items()},
    **{code: (HINT, text) for code, text in _CONTENT.items()},
}

_ALNUM = string.ascii_letters + string.digits


class Refusal(Exception):
    """End a call with an errcode; `values` fill the placeholders of its message."""

    def __init__(self, errcode: int, message: str | None = None, **values: str) -> None:
        self.errcode = errcode
        self.message = MESSAGES[errcode][1].format(**values) if message is None else message
        super().__init__(f"{errcode} {self.message}")


def make_rid(now: float) -> str:
    """Make a request id: three groups of hex digits, the first the time of the request (seconds since 1970)."""
    return f"{int(now) & 0xFFFFFFFF:08x}-{random.getrandbits(32):08x}-{random.getrandbits(32):08x}"


def refuse(errcode: int, message: str, rid: str) -> dict[str, object]:
    """Build the body of a refusal: `errcode`, then `errmsg` with the suffix that this kind of error carries."""
    form, _ = MESSAGES.get(errcode, (RID, ""))
    if form == HINT:
        letters = "".join(random.choices(_ALNUM, k=4))  # noqa: S311
        message += f" hint: [{letters}{random.randrange(10**7):07d}-{random.randrange(10)}]"  # noqa: S311
    return {"errcode": errcode, "errmsg": f"{message} rid: {rid}"}
