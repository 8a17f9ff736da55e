"""The live page: a `Live` of views in, HTTP on this machine out; renders nothing, and reads no file but shipped ones.

GET  /               the page; on a network with ?key=…, once
GET  /state          what there is to show, as soon as it is not what the viewer has (a long poll)
GET  /fragment       the article as it is copied
GET  /image/<key>    a picture of the article, by the hash of its bytes
GET  /static/<name>  the page's own scripts and styles
POST /theme          show the article in another theme
POST /push           push the article as it is shown
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any

from wxpub.preview import assets, plaintext
from wxpub.preview.delivery import Delivery
from wxpub.preview.doorman import Doorman

if TYPE_CHECKING:
    from flask import Flask, Request, Response
    from werkzeug.serving import BaseWSGIServer

    from wxpub.preview.build import Builder, View
    from wxpub.preview.live import Live, Snapshot

POLL = 25.0  # seconds that a viewer waits for news before it asks again; some proxies close what is silent for 30

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # all styles of an article are inline
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{kind} {source}" for kind, source in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_KINDS = {"css": "text/css", "js": "text/javascript"}


def app(live: Live[View], builder: Builder, delivery: Delivery, doorman: Doorman) -> Flask:
    """Make the application that shows what `live` has."""
    from flask import Flask, Response, abort, request

    flask = Flask(__name__, static_folder=None, template_folder=None)
    flask.config["MAX_CONTENT_LENGTH"] = 4096  # bytes; all that a page sends is a name
    cookie = f"wxpub-{doorman.port}"  # cookies do not keep ports apart
    run = str(live.snapshot.epoch)  # numbers this server among those that were here before

    @flask.before_request
    def guard() -> Response | None:
        if not doorman.knows_host(request.host):
            abort(403, "This server answers to its own address only.")
        if request.method == "POST" and not _ours(request, doorman):
            abort(403, "Changes are taken from this server's own page only.")
        if doorman.knows_session(request.cookies.get(cookie)):
            return None
        session = doorman.open(request.args.get("key", "")) if request.path == "/" else None
        if session is None:
            abort(403, "Scan the code on the terminal: a key opens the preview once.")
        answer = Response(status=303, headers={"Location": "/"})
        answer.set_cookie(cookie, session, httponly=True, samesite="Lax")  # Strict would not pass a link in a message
        return answer

    @flask.after_request
    def harden(answer: Response) -> Response:
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    @flask.get("/")
    def page() -> Response:
        title = escape(f"{builder.path.name} · wxpub")
        text = assets.fill("live.html", title=title, token=doorman.token, run=run, frame=escape(assets.frame()))
        return Response(text, mimetype="text/html")

    @flask.get("/static/<name>")
    def static(name: str) -> Response:
        kind = _KINDS.get(name.rpartition(".")[2])
        if kind is None or name not in assets.names():
            abort(404)
        return Response(assets.read(f"static/{name}"), mimetype=kind)

    @flask.get("/state")
    def state() -> Response:
        snapshot = live.wait(request.args.get("epoch", -1, type=int), POLL)
        known = request.args.get("build", -1, type=int)
        return _json({"run": run, **_news(snapshot, known, delivery)})

    @flask.get("/fragment")
    def fragment() -> Response:
        view = live.snapshot.value
        if view is None:
            abort(409, "There is no article to copy.")
        html = view.fragment()
        return _json({"build": live.snapshot.build, "html": html, "text": plaintext.text(html)})

    @flask.get("/image/<key>")
    def image(key: str) -> Response:
        view = live.snapshot.value
        picture = view.served.get(key) if view else None
        if picture is None:
            abort(404)
        # The address is the hash of the bytes: what it names never changes.
        return Response(
            picture.data, mimetype=picture.mime, headers={"Cache-Control": "private, max-age=31536000, immutable"}
        )

    @flask.post("/theme")
    def theme() -> Response:
        if not builder.choose(str(_body(request).get("name", ""))):
            abort(404, "There is no theme of that name.")
        live.rebuild()
        return _json({})

    @flask.post("/push")
    def push() -> Response:
        if not delivery.start(str(_body(request).get("target", "")), builder.theme):
            abort(409, "Another push is still running.")
        return _json({})

    return flask


def _ours(request: Request, doorman: Doorman) -> bool:
    return (
        request.headers.get("Origin") == f"http://{request.host}"
        and doorman.knows_token(request.headers.get("X-Wxpub-Token"))
        and request.is_json
    )


def _body(request: Request) -> Mapping[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def _news(snapshot: Snapshot[View], known: int, delivery: Delivery) -> dict[str, Any]:
    """Say what is new for a viewer who has the build `known`; the view itself only if it is another one."""
    news: dict[str, Any] = {"epoch": snapshot.epoch, "build": snapshot.build, "error": snapshot.error}
    if snapshot.value is not None and snapshot.build != known:
        news["view"] = snapshot.value.state
    return {**news, "push": asdict(delivery.progress), "targets": [asdict(each) for each in delivery.targets]}


def _json(value: Mapping[str, Any]) -> Response:
    from flask import Response

    return Response(json.dumps(value, ensure_ascii=False), mimetype="application/json")


def bind(host: str, port: int, make: Callable[[int], Flask]) -> BaseWSGIServer:
    """Open `host:port` (0: any free port) and answer there with what `make` makes for the port.

    Raises OSError if the address is taken or not this machine's.
    """
    from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

    class Quiet(WSGIRequestHandler):
        """Keeps requests off the terminal, where the editor reads what matters."""

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            return

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()  # all networks, also those of the address that is shown
    with socket.create_server(
        (host, port), family=family, dualstack_ipv6=both
    ) as listening:  # werkzeug itself would end the program
        server = ThreadedWSGIServer(host, port, _nothing, handler=Quiet, fd=listening.fileno())
    server.app = make(server.port)  # the doorman has to know the port, and the port is known now
    return server


def _nothing(environ: Any, start: Any) -> Any:
    start("503 Service Unavailable", [])
    return []
