"""`wxpub relay`: settings in, a server that forwards the calls of a push until it is stopped."""

from __future__ import annotations

import os
import threading

import click

from wxpub import config, safe
from wxpub.cli import options
from wxpub.errors import ConfigError
from wxpub.language import tr
from wxpub.limits import API_BASE
from wxpub.relay import CALLS_A_MINUTE, HOST, PORT, Relay, Rules, Server


@click.command()
@click.option(
    "--appid", "appids", multiple=True, metavar="APPID", help="Serve this account; may be given several times."
)
@click.option("--host", default=HOST, show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="The port to listen at.")
@click.option(
    "--secret-env",
    metavar="NAME",
    help="Keep the AppSecret of the one account here, in this environment variable; clients then need none.",
)
@click.option(
    "--without", multiple=True, metavar="ENDPOINT", help="Do not forward this call, for example freepublish/submit."
)
@click.option(
    "--rate",
    type=click.IntRange(1, 100_000),
    default=CALLS_A_MINUTE,
    show_default=True,
    help="Calls a minute that each key has.",
)
@click.option("--api-base", metavar="URL", default="", help="Forward to this address and not to WeChat: for trials.")
@click.option("--make-key", is_flag=True, help="Print a new key and do nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Do not print a line for each call.")
@options.as_json
def relay(
    appids: tuple[str, ...],
    host: str,
    port: int,
    secret_env: str | None,
    without: tuple[str, ...],
    rate: int,
    api_base: str,
    make_key: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Forward the calls of a push to WeChat from a machine with a fixed address.

    For accounts whose editors have no fixed address that WeChat's IP whitelist could hold. Whoever knows the key in
    WXPUB_RELAY_KEY (several are separated by spaces) may make the calls that wxpub makes, for the named accounts and no
    others. It speaks plain HTTP: let a reverse proxy before it do TLS (docs/relay.md).

    \b
    Examples:
      wxpub relay --make-key
      WXPUB_RELAY_KEY=… wxpub relay --appid wx0123456789abcdef
      WXPUB_RELAY_KEY=… wxpub relay --appid wx0123456789abcdef --secret-env WXPUB_SECRET --without freepublish/submit
    """
    if make_key:
        import secrets

        key = secrets.token_urlsafe(32)
        options.print_json({"url": None, "server": None, "key": key})
        options.echo(key)
        return
    keys = os.environ.get("WXPUB_RELAY_KEY", "").split()
    rules = Rules(
        keys, appids, without, _secrets(appids, secret_env), config.api_base(api_base) or API_BASE, calls_a_minute=rate
    )
    say = (lambda line: None) if quiet else (lambda line: options.echo(line, err=True))
    forwarding = Relay(rules)
    server = Server(forwarding, host, port, say)
    shown = f"[{host}]" if ":" in host else host
    place = f"http://{shown}:{server.server_address[1]}"
    with options.stopping() as wait:
        threading.Thread(target=server.serve_forever, args=(0.1,), name="wxpub-relay", daemon=True).start()
        options.print_json({"url": place, "server": rules.base, "key": None}, now=True)
        options.echo(tr("relay: {place} → {server}", place=place, server=rules.base))
        options.echo(tr("Ctrl-C stops it."))
        wait()
        server.stop()


def _secrets(appids: tuple[str, ...], variable: str | None) -> dict[str, str]:
    """Read the AppSecret that the relay keeps for its one account."""
    if not variable:
        return {}
    if len(appids) != 1:
        raise click.UsageError(tr("--secret-env is the AppSecret of one account: give one --appid"))
    secret = os.environ.get(variable, "").strip()
    if not safe.looks_like_secret(secret):
        raise ConfigError(
            tr("the environment variable {name} does not hold an AppSecret", name=variable),
            hint=tr("an AppSecret is 32 hexadecimal digits"),
        )
    return {appids[0]: secret}
