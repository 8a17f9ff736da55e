"""The live page: an issue's file in, HTTP on this machine until the block ends; reads no file but shipped ones.

GET  /               the page; on a network with ?key=…, once
GET  /state          what there is to show, as soon as it is not what the viewer has (a long poll)
GET  /fragment       the article as it is copied
GET  /image/<key>    an image of the article, by the hash of its bytes
GET  /static/<name>  the page's own scripts and styles
GET  /editor         the page that hands the article to WeChat's web editor
GET  /editor/article the article for that editor, with its pictures as files
POST /theme          show the article in another theme
POST /keep           write that theme into the issue's front matter or into wxpub.toml
POST /push           push the article as it is shown
POST /editor/compare say what WeChat's editor kept otherwise than it was sent

Any web page can make a browser send requests to this machine. It cannot choose their Host or Origin, does not know the
token, and, where the server is open to the local network, not the key that only the terminal shows.
"""

from __future__ import annotations

import hmac
import io
import ipaddress
import json
import math
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler

from wxpub import article, config, drafts, issue, wechat
from wxpub.config import Config, Credentials
from wxpub.drafts.job import secure
from wxpub.errors import ConfigError, WxpubError, reason_of
from wxpub.issue import Issue
from wxpub.language import tr
from wxpub.ledger import FILE_NAME, Ledger
from wxpub.preview import clipboard, editor, live, pages
from wxpub.preview.build import Builder, View
from wxpub.preview.live import Destination, Live, Outcome, Push, Pusher, Say, Tick

HOST = "127.0.0.1"
PORT = 7788  # the same every day, so that what the browser remembers of the preview is found again
POLL = 25.0  # seconds that a viewer waits for news before it asks again; some proxies close what is silent for 30
REQUEST_SECONDS = 10.0  # for a whole request to arrive: whoever stops halfway does not hold a thread
ANSWER_SECONDS = 60.0  # for each piece of an answer to be taken
GUESSES = 5  # wrong keys from one network that cost nothing; after that each doubles the wait, from 1 s to LOCKOUT
LOCKOUT = 600.0
GUESSERS = 256  # networks whose wrong keys are remembered; beyond that the one that guessed longest ago is forgotten

NAME_BYTES = 4096  # of a request; all that a page sends is a name, but to have an article compared

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


# --- one preview, from its start to its end ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Session:
    """A preview that is running: where, who may come in, and what it shows."""

    host: str
    port: int
    access: Access
    live: Live[View]

    @property
    def url(self) -> str:
        """The address to open: with the key, and of this machine in its network, where the preview is open to that."""
        name = _name_in_network() if ipaddress.ip_address(self.host).is_unspecified else self.host
        place = f"http://{f'[{name}]' if ':' in name else name}:{self.port}/"
        return f"{place}?key={self.access.key}" if self.access.locked else place


@contextmanager
def serve(
    path: Path,
    *,
    theme: str | None = None,
    variables: Mapping[str, str] | None = None,
    as_newspic: bool = False,
    account: str = "",
    host: str = HOST,
    port: int | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[Session]:
    """Show the issue at `path` live until the block ends, and push it when its page asks for that.

    `theme` and `variables` win over front matter and `wxpub.toml`, `account` is a name there. Without credentials
    pushes go to a local WeChat alone, and `say` is told why. `port` 0 takes a free port, as does None if the usual one
    is taken. Raises SourceError where there is no such file, ConfigError for wrong settings and for a `host` and `port`
    that cannot be had; whatever else is wrong is shown on the page.
    """
    if not path.is_file():
        article.read(path)  # says what is wrong

    def open_issue(chosen: str) -> Issue:
        return issue.open(path, theme=chosen or theme, variables=variables, as_newspic=as_newspic)

    with ExitStack() as stack:
        accounts = Accounts(open_issue, config.find(path), account, stack, say)
        own = [Path.cwd() / theme] if theme and theme.endswith(".css") else []
        begin = partial(
            run,
            Builder(path, open_issue, uploaded=accounts.uploaded, fixed_theme=theme is not None, files=own),
            host=host,
            push=accounts.push,
            destinations=accounts.destinations,
        )
        try:
            session = stack.enter_context(begin(port=PORT if port is None else port))
        except ConfigError:
            if port is not None:
                raise
            session = stack.enter_context(begin(port=0))  # another preview has the usual one
        yield session


def _push_nowhere(destination: str, theme: str, say: Say, tick: Tick) -> Outcome:
    raise AssertionError("a preview without destinations pushes nothing")


@contextmanager
def run(
    builder: Builder,
    *,
    host: str = HOST,
    port: int = PORT,
    push: Push = _push_nowhere,
    destinations: tuple[Destination, ...] = (),
) -> Iterator[Session]:
    """Show what `builder` builds until the block ends, and push by `push`; port 0 takes a free one.

    Beyond this machine (`host`) the page opens only for those who have the key. Raises ConfigError where `host` and
    `port` cannot be had.
    """
    address = _address(host)
    host = str(address)
    newest: Live[View] = Live(builder)
    pusher = Pusher(push, destinations, newest.announce)
    access = Access(locked=not address.is_loopback)
    stop = threading.Event()

    def make(port: int) -> Flask:
        access.port = port
        return Site(newest, builder, pusher, access).app()

    try:
        listener = _bind(host, port, make)
    except OSError as error:
        place, reason = f"{host}:{port}", reason_of(error)
        said = tr("cannot listen on {place}: {reason}", place=place, reason=reason)
        raise ConfigError(said, hint=tr("choose another port")) from None
    seen = live.look(builder.files())

    def arrived() -> None:
        live.rest(builder.files, seen)  # the moment is not of the editor's choice: a file may be half written
        newest.rebuild()

    builder.changed = arrived
    newest.rebuild()
    live.add(seen, builder.files())  # what was changed while it was being read is seen as changed
    watcher = threading.Thread(
        target=live.follow, args=(builder.files, newest.rebuild, stop, seen), name="watch", daemon=True
    )
    listening = threading.Thread(target=listener.serve_forever, args=(0.1,), name="preview", daemon=True)
    watcher.start()
    listening.start()
    try:
        yield Session(host, listener.port, access, newest)
    finally:
        stop.set()
        listener.shutdown()
        newest.announce()  # let go of everybody who waits
        listener.server_close()
        watcher.join()
        builder.close()


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        hint = tr("0.0.0.0 is this machine in all its networks")
        raise ConfigError(tr("--host {host} is not an address", host=host), hint=hint) from None


def _name_in_network() -> str:
    """Find this machine's address in its network: the one that it would send from. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation: it is nobody's
        except OSError:
            return HOST
        return str(probe.getsockname()[0])


# --- where a push goes ------------------------------------------------------------------------------------------------

SANDBOX, DRAFTS = "sandbox", "drafts"


class Accounts:
    """Where the page's button can push to: the account, if there is one, and always a local WeChat.

    That one starts with the first push to it and runs as long as `stack`, so that its drafts can be looked at.
    """

    def __init__(
        self, open_issue: Callable[[str], Issue], settings: Config, name: str, stack: ExitStack, say: Say
    ) -> None:
        self._open, self._settings, self._name, self._stack = open_issue, settings, name, stack
        self._sandbox: wechat.Account | None = None
        self._credentials: Credentials | None = None
        try:
            self._credentials = config.credentials(settings, name)
        except ConfigError as error:
            if name:
                raise
            say(tr("pushes go to the sandbox only: {reason}", reason=error))

    @property
    def destinations(self) -> tuple[Destination, ...]:
        own = [Destination(DRAFTS, self._credentials.name)] if self._credentials else []
        return (*own, Destination(SANDBOX))

    def uploaded(self) -> dict[str, str]:
        """Map the images that the account has, by the keys of their sources, to their addresses."""
        if self._credentials is None:
            return {}
        uploads = Ledger(self._settings.root / FILE_NAME).uploads(wechat.key(self._credentials), "body")
        return {key: secure(each.url) for key, each in uploads.items()}

    def push(self, destination: str, theme: str, say: Say, tick: Tick) -> Outcome:
        """Push the issue as `wxpub push` does; see `Push`."""
        issue = self._open(theme)
        if destination == SANDBOX:
            if self._sandbox is None:
                self._sandbox = self._stack.enter_context(wechat.connect(self._settings, sandbox=True))
            return _push(issue, self._sandbox, say, tick)
        with wechat.connect(self._settings, self._name) as account:
            return _push(issue, account, say, tick)


def _push(issue: Issue, account: wechat.Account, say: Say, tick: Tick) -> Outcome:
    job = replace(drafts.prepare(account, [issue]), say=say, tick=tick)
    for finding in job.findings:
        if finding.severity == "error":
            say(str(finding))
    receipt = drafts.push(job)
    return Outcome(receipt.action, receipt.uploaded, receipt.reused, account.draft_url(receipt.media_id))


# --- who may ask ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Access:
    """Who may talk to the server. `token` goes with every change; where `locked`, as on a network, a key is needed.

    A key opens a session once and is then replaced. Wrong keys make the network that they came from wait.
    """

    locked: bool = False
    port: int = 0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    key: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    opened: Callable[[], None] = lambda: None  # called when a key was used and the next one has taken its place
    _sessions: set[str] = field(default_factory=set, repr=False)
    _guesses: dict[str, tuple[int, float]] = field(default_factory=dict, repr=False)  # by network: how many, until when
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names this server: a literal address or localhost, with its port.

        Any other name may be an attacker's that was made to point here (DNS rebinding).
        """
        try:
            parts = urlsplit(f"http://{host}")
            if (parts.port or 80) != self.port or parts.username is not None:
                return False
            name = parts.hostname or ""
            return name == "localhost" or _is_local(name, network=self.locked)
        except ValueError:
            return False

    def knows_token(self, token: str | None) -> bool:
        return hmac.compare_digest((token or "").encode(), self.token.encode())

    def knows_session(self, session: str | None) -> bool:
        return not self.locked or session in self._sessions

    def open(self, key: str, address: str = "") -> str | None:
        """Take the key, which works once. Returns a session; None for a wrong key, and while `address` has to wait."""
        network = _network(address)
        with self._lock:
            count, until = self._guesses.get(network, (0, 0.0))
            if until > time.monotonic():
                return None
            self._guesses.pop(network, None)  # and back as the latest one, if it is wrong
            if not hmac.compare_digest(key.encode(), self.key.encode()):
                wait = min(2.0 ** (count - GUESSES), LOCKOUT) if count >= GUESSES else 0.0
                self._guesses[network] = count + 1, time.monotonic() + wait
                if len(self._guesses) > GUESSERS:
                    del self._guesses[next(iter(self._guesses))]
                return None
            self.key = secrets.token_urlsafe(16)
            session = secrets.token_urlsafe(24)
            self._sessions.add(session)
        self.opened()
        return session

    def wait(self, address: str) -> int:
        """Say for how many seconds no key is taken from `address`, because too many wrong ones came from there."""
        with self._lock:
            _, until = self._guesses.get(_network(address), (0, 0.0))
        return max(0, math.ceil(until - time.monotonic()))


def _is_local(name: str, network: bool) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or network


def _network(address: str) -> str:
    """Name who guesses: an IPv4 address, or the /64 of an IPv6 one, all of which one machine may use."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))


# --- what it answers --------------------------------------------------------------------------------------------------


class Site:
    """The answers of the live page: one method for each line at the top of this file."""

    def __init__(self, newest: Live[View], builder: Builder, pusher: Pusher, access: Access) -> None:
        self._live, self._builder, self._pusher, self._access = newest, builder, pusher, access
        self._cookie = f"wxpub-{access.port}"  # cookies do not keep ports apart
        self._run = str(newest.snapshot.epoch)  # tells this server from those that were here before

    def app(self) -> Flask:
        """Make the application that shows the newest view."""
        flask = Flask(__name__, static_folder=None, template_folder=None)
        flask.config["MAX_CONTENT_LENGTH"] = editor.KEPT_BYTES
        flask.before_request(self._guard)
        flask.after_request(_harden)
        flask.get("/")(self._page)
        flask.get("/static/<name>")(self._static)
        flask.get("/state")(self._state)
        flask.get("/fragment")(self._fragment)
        flask.get("/image/<key>")(self._image)
        flask.post("/theme")(self._theme)
        flask.post("/keep")(self._keep)
        flask.post("/push")(self._push)
        flask.get("/editor")(self._editor)
        flask.get("/editor/article")(self._article)
        flask.post("/editor/compare")(self._compare)
        return flask

    def _guard(self) -> Response | None:
        if not self._access.knows_host(request.host):
            abort(403, tr("This server answers to its own address only."))
        if request.method == "POST" and not self._is_own_change():
            abort(403, tr("Changes are taken from this server's own page only."))
        if (request.content_length or 0) > NAME_BYTES and request.path != "/editor/compare":
            abort(413)
        if self._access.knows_session(request.cookies.get(self._cookie)):
            return None
        key, address = request.args.get("key", "") if request.path == "/" else "", request.remote_addr or ""
        session = self._access.open(key, address) if key else None
        if session is None and key and (seconds := self._access.wait(address)):
            text = tr("Too many wrong keys; wait {seconds} s.", seconds=seconds)
            return Response(text, 429, {"Retry-After": str(seconds)}, mimetype="text/plain")
        if session is None:
            abort(403, tr("Scan the code on the terminal: a key opens the preview once."))
        answer = Response(status=303, headers={"Location": "/"})
        answer.set_cookie(
            self._cookie, session, httponly=True, samesite="Lax"
        )  # Strict would not pass a link in a message
        return answer

    def _is_own_change(self) -> bool:
        return (
            request.headers.get("Origin") == f"http://{request.host}"
            and self._access.knows_token(request.headers.get("X-Wxpub-Token"))
            and request.is_json
        )

    def _page(self) -> Response:
        text = self._served("live", f"{self._builder.path.name} · wxpub", frame=escape(pages.frame()))
        return Response(text, mimetype="text/html")

    def _served(self, kind: str, title: str, **slots: str) -> str:
        """Write the page that the script `kind` fills, with what it needs to ask for changes."""
        title = escape(title)
        body = pages.fill(f"{kind}.html", title=title, **slots)
        return pages.fill(
            "served.html", kind=kind, title=title, token=self._access.token, run=self._run, body=body.rstrip("\n")
        )

    def _static(self, name: str) -> Response:
        kind = _KINDS.get(name.rpartition(".")[2])
        if kind is None or name not in pages.names():
            abort(404)
        return Response(pages.read(f"static/{name}"), mimetype=kind)

    def _state(self) -> Response:
        """Say what is new for a viewer who has the build `build`; the view itself only if it is another one."""
        newest = self._live.wait(request.args.get("epoch", -1, type=int), POLL)
        news: dict[str, Any] = {"run": self._run, "epoch": newest.epoch, "build": newest.build, "error": newest.error}
        if newest.value is not None and newest.build != request.args.get("build", -1, type=int):
            news["view"] = newest.value.state
        news["push"] = asdict(self._pusher.progress)
        news["destinations"] = [asdict(each) for each in self._pusher.destinations]
        return _json(news)

    def _fragment(self) -> Response:
        newest = self._live.snapshot
        if newest.value is None:
            abort(409, tr("There is no article to copy."))
        html = newest.value.fragment()
        return _json({"build": newest.build, "html": html, "text": clipboard.plain_text(html)})

    def _image(self, key: str) -> Response:
        view = self._live.snapshot.value
        image = view.served.get(key) if view else None
        if image is None:
            abort(404)
        # The address is the hash of the bytes: what it names never changes.
        forever = {"Cache-Control": "private, max-age=31536000, immutable"}
        return Response(image.data, mimetype=image.mime, headers=forever)

    def _theme(self) -> Response:
        if not self._builder.choose(str(_body().get("name", ""))):
            abort(404, tr("There is no theme of that name."))
        self._live.rebuild()
        return _json({})

    def _keep(self) -> Response:
        try:
            path = self._builder.keep(str(_body().get("place", "")))
        except WxpubError as error:
            return _json({"error": str(error)})
        self._live.rebuild()
        return _json({"file": path.name})

    def _editor(self) -> Response:
        view = self._live.snapshot.value
        title = str(view.state["title"]) if view else self._builder.path.name
        text = self._served("editor", title, bookmarklet=escape(pages.bookmarklet(f"http://{request.host}")))
        # Any other value would cut this window off from the page that opened it, which is WeChat's editor.
        return Response(text, mimetype="text/html", headers={"Cross-Origin-Opener-Policy": "unsafe-none"})

    def _article(self) -> Response:
        newest = self._live.snapshot
        if newest.value is None or newest.error:
            abort(409, tr("There is no article to copy."))
        return _json(editor.package(newest.value))

    def _compare(self) -> Response:
        return _json({"told": editor.compare(_body())})

    def _push(self) -> Response:
        if not self._pusher.start(str(_body().get("destination", "")), self._builder.theme):
            abort(409, tr("Another push is still running."))
        return _json({})


def _harden(answer: Response) -> Response:
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


def _body() -> Mapping[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def _json(value: Mapping[str, Any]) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), mimetype="application/json")


# --- the socket -------------------------------------------------------------------------------------------------------


class _Incoming(io.RawIOBase):
    """What a client sends, for REQUEST_SECONDS in all: one that trickles bytes is let go like one that is silent."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._until = time.monotonic() + REQUEST_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request did not arrive in time")
        self._connection.settimeout(left)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(ANSWER_SECONDS)


class _Handler(WSGIRequestHandler):
    """Reads with a deadline, and keeps requests off the terminal, where the editor reads what matters."""

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_Incoming(self.connection))

    def log(self, type: str, message: str, *args: Any) -> None:
        return


def _bind(host: str, port: int, make: Callable[[int], Flask]) -> BaseWSGIServer:
    """Open `host:port` (0: any free port) and answer there with what `make` makes for the port.

    Raises OSError if the address is taken or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()  # all networks, also those of the address that is shown
    with socket.create_server(
        (host, port), family=family, dualstack_ipv6=both
    ) as listening:  # werkzeug itself would end the program
        server = ThreadedWSGIServer(host, port, _not_ready, handler=_Handler, fd=listening.fileno())
    server.app = make(server.port)  # access depends on the port, and the port is known only now
    return server


def _not_ready(environ: Any, start: Any) -> Any:
    start("503 Service Unavailable", [])
    return []
