"""`wxpub preview`: an issue in, a page in the browser that follows every change of it until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wxpub import article, config, ledger, wechat
from wxpub import issue as issues
from wxpub.cli import options
from wxpub.errors import ConfigError

if TYPE_CHECKING:
    from wxpub.config import Config, Credentials
    from wxpub.issue import Issue
    from wxpub.preview.build import Opened
    from wxpub.preview.live import Destination, Outcome, Say, Tick
    from wxpub.preview.server import Session

SANDBOX, DRAFTS = "sandbox", "drafts"  # where the page's button may push to


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Listen here; 0 takes a free port.")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="0.0.0.0 lets a phone in that has the key.")
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
@click.option("--account", "account_name", default="", metavar="NAME", help="Push to this account of wxpub.toml.")
@options.theme
def preview(
    file: Path,
    port: int | None,
    host: str,
    no_open: bool,
    account_name: str,
    theme_name: str | None,
    variables: dict[str, str],
) -> None:
    """Show an issue in the browser, live while you write.

    The page follows every change of the file, its pictures, wxpub.toml and the theme; it copies the article for
    WeChat's web editor, and pushes it. Ctrl-C ends it.

    \b
    Examples:
      wxpub preview issue.md
      wxpub preview issue.md --theme digest --port 8000
      wxpub preview issue.md --host 0.0.0.0      also on a phone in the same network
    """
    from wxpub.preview.server import PORT, serve

    if not file.is_file():
        article.read(file)  # says what is wrong; everything else can be mended while the preview shows it
    settings = config.find(file)
    account = _account(settings, account_name)
    reader = Reader(file, theme_name, variables, account)
    with ExitStack() as stack:
        courier = Courier(reader, settings, account_name, stack)
        begin = partial(serve, file, reader.issue, host=host, push=courier, destinations=courier.destinations())
        try:
            session = stack.enter_context(begin(port=PORT if port is None else port))
        except ConfigError:
            if port is not None:
                raise
            session = stack.enter_context(begin(port=0))  # another preview has the usual one
        ended = _listen()
        _say(session)
        if not no_open:
            click.launch(session.url)
        while not ended.wait(0.5):  # on Windows a signal does not end a wait
            pass


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the issue anew, in the theme of the command line or in another one."""

    path: Path
    theme_name: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    account: Credentials | None = None

    def load(self, theme: str = "") -> Issue:
        return issues.open(self.path, theme=theme or self.theme_name, variables=self.variables)

    def issue(self, theme: str = "") -> Opened:
        """Open the issue with all that the preview needs."""
        from wxpub.preview.build import Opened

        issue = self.load(theme)
        return Opened(issue, self._uploaded(issue.settings), tuple(self._files(issue)), self.theme_name is not None)

    def _uploaded(self, settings: Config) -> dict[str, str]:
        """Find the addresses of the images that the account has, by their keys."""
        if self.account is None:
            return {}
        known = ledger.Ledger(settings.root / ledger.FILE_NAME)
        uploads = known.uploads(wechat.key(self.account), "body")
        return {key: each.url.replace("http://", "https://", 1) for key, each in uploads.items()}

    def _files(self, loaded: Issue) -> list[Path]:
        """List what the issue depends on, there or not yet there: settings, published issues, a theme of one's own."""
        root = loaded.settings.root
        files = [self.path.parent / config.FILE_NAME, root / config.FILE_NAME, root / ledger.FILE_NAME]
        if (self.theme_name or "").endswith(".css"):
            files.append(Path.cwd() / str(self.theme_name))
        elif loaded.article.theme.endswith(".css"):
            files.append(self.path.parent / loaded.article.theme)
        return files


@dataclass(frozen=True, slots=True)
class Courier:
    """Pushes the issue for the page's button. The local WeChat runs as long as `stack`, to be looked at."""

    reader: Reader
    settings: Config
    account_name: str
    stack: ExitStack
    _running: list[wechat.Account] = field(default_factory=list)

    def destinations(self) -> tuple[Destination, ...]:
        """List where a push can go: to the account, if there is one, and always to the sandbox."""
        from wxpub.preview.live import Destination

        account = self.reader.account
        return (*([Destination(DRAFTS, account.name)] if account else []), Destination(SANDBOX))

    def __call__(self, destination: str, theme: str, say: Say, tick: Tick) -> Outcome:
        if destination == SANDBOX:
            account = self._sandbox()
            return self._push(account, theme, say, tick)
        with wechat.connect(self.settings, self.account_name, say=options.tell) as account:
            return self._push(account, theme, say, tick)

    def _push(self, account: wechat.Account, theme: str, say: Say, tick: Tick) -> Outcome:
        from wxpub import drafts
        from wxpub.preview.live import Outcome

        job = drafts.prepare(account, [self.reader.load(theme)], say=say)
        for finding in job.findings:
            if finding.severity == "error":
                say(str(finding))
        receipt = drafts.push(replace(job, tick=tick))
        url = account.draft_url(receipt.media_id) if account.sandbox else "https://mp.weixin.qq.com/"
        return Outcome(receipt.action, receipt.uploaded, receipt.reused, url)

    def _sandbox(self) -> wechat.Account:
        """The local WeChat; it starts with the first push to it."""
        if not self._running:
            connected = wechat.connect(self.settings, sandbox=True, say=options.tell)
            self._running.append(self.stack.enter_context(connected))
        return self._running[0]


def _account(settings: Config, name: str) -> Credentials | None:
    """Find the account to push to; None, with the reason, where there is none and none was asked for."""
    try:
        return config.credentials(settings, name)
    except ConfigError as error:
        if name:
            raise
        click.secho(f"pushes go to the sandbox only: {error}", dim=True, err=True)
        return None


def _say(session: Session) -> None:
    """Say where the preview is; where a key opens it, also as a code to scan, again whenever the key has been used."""
    from wxpub.images.draw import terminal_qrcode

    click.echo(f"preview: {session.url}  (Ctrl-C ends it)", err=True)
    if session.access.locked:
        click.echo(f"each key lets one browser in; scan it with a phone:\n{terminal_qrcode(session.url)}", err=True)
        session.access.opened = lambda: _say(session)


def _listen() -> threading.Event:
    """Give an event that Ctrl-C and SIGTERM set."""
    ended = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda number, frame: ended.set())
    return ended
