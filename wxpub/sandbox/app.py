"""The Flask application: an HTTP request comes in; an API answer, a picture or a page of the account goes out.

It only finds out who is to answer, and refuses requests under names that are not the sandbox's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from wxpub.sandbox.exchange import Exchange
from wxpub.sandbox.store import Store

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.wrappers import Response

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# Clients with a hard-coded host may be brought here by name resolution and a private certificate authority.
API_HOSTS = (
    "api.weixin.qq.com",
    "api2.weixin.qq.com",
    "sh.api.weixin.qq.com",
    "sz.api.weixin.qq.com",
    "hk.api.weixin.qq.com",
    "mp.weixin.qq.com",
    "mmbiz.qpic.cn",
)


def make_app(store: Store, hosts: tuple[str, ...] = (), on_call: Callable[[str], None] | None = None) -> Flask:
    """Build the application over `store`; `hosts` are further names that the Host header may have.

    `on_call` is told one line about each API call.
    """
    import flask
    from werkzeug.routing import Rule

    from wxpub.sandbox import admin, pages

    app = flask.Flask(__name__, static_folder="static")
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    known = {*LOOPBACK, *API_HOSTS, *hosts}

    @app.before_request
    def _check_host() -> Response | None:
        host = flask.request.headers.get("Host", "").lower()
        if re.sub(r":\d+\Z", "", host) in known:
            return None
        return flask.Response("403: this sandbox answers to loopback names only\n", 403, mimetype="text/plain")

    def api(path: str = "") -> Response:
        return Exchange(store, flask.request, on_call).answer()

    # No method is left to Flask: what WeChat does not know, it refuses in its own words.
    app.url_map.add(Rule("/<path:path>", endpoint="api"))
    app.view_functions["api"] = api
    pages.add_to(app, store)
    admin.add_to(app, store)
    return app
