"""The WeChat Official Account API on loopback: HTTP requests come in, WeChat's answers go out, state lasts in one file.

It shares no code with what it checks: of wxpub it imports only `limits` and `errors`.

    from wxpub.sandbox import serve

    with serve() as wechat:
        ...  # wechat.url, wechat.appid, wechat.secret
"""

from __future__ import annotations

from wxpub.sandbox.faults import Fault
from wxpub.sandbox.profiles import Profile
from wxpub.sandbox.server import Sandbox, serve

__all__ = ["Fault", "Profile", "Sandbox", "serve"]
