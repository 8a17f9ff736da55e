"""`wxpub sandbox`: options in, a local WeChat that runs until it is interrupted out."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType

import click

from wxpub.cli import options


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8888, show_default=True, help="0 takes a free one.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="Remember in this SQLite file.")
@click.option("--temporary", is_flag=True, help="Forget everything at the end.")
@click.option(
    "--profile",
    "kind",
    type=click.Choice(["personal", "verified", "service", "expired"]),
    help="The kind of account; decides what it may do.",
)
@click.option("--limits", type=click.Choice(["measured", "documented"]), help="Which sizes to enforce.")
@click.option(
    "--charset",
    type=click.Choice(["literal", "refused", "decoded"]),
    help="What a \\uXXXX escape in an article becomes.",
)
@click.option("--content-type", type=click.Choice(["observed", "json", "text"]), help="What answers say they are.")
@click.option("--whitelist", metavar="IP[,IP…]|off", help="Addresses and CIDR networks that get tokens; off: all.")
@click.option("--propagation", type=click.FloatRange(0, 3600), metavar="SECONDS", help="Until a material can be used.")
@click.option(
    "--draft-leaves", type=click.Choice(["done", "submit", "never"]), help="When a published draft leaves the box."
)
@click.option("--quirks", metavar="NAME[,NAME…]|off", help="What it does without a word (docs/sandbox.md); off: none.")
@click.option("--quotas/--no-quotas", default=None, help="Limit the calls a day, or do not.")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="Answer to this Host header too.")
@click.option("-q", "--quiet", is_flag=True, help="Do not print a line for each call.")
def sandbox(
    port: int,
    db: Path | None,
    temporary: bool,
    kind: str | None,
    limits: str | None,
    charset: str | None,
    content_type: str | None,
    whitelist: str | None,
    propagation: float | None,
    draft_leaves: str | None,
    quirks: str | None,
    quotas: bool | None,
    hosts: tuple[str, ...],
    quiet: bool,
) -> None:
    """Run a local WeChat to try everything on.

    It is the Official Account API on loopback, with a web page of the account's drafts and articles. What it is told
    about its account (--profile and the like) it remembers.

    \b
    Example:
      wxpub sandbox --port 8888
      export WXPUB_API_BASE=http://127.0.0.1:8888
      export WXPUB_APPID=wx0000000000000000 WXPUB_SECRET=00000000000000000000000000000000
      wxpub push issue.md
    """
    from wxpub.sandbox import serve
    from wxpub.wechat import sandbox_db

    if temporary and db:
        raise click.UsageError("--temporary and --db exclude each other")
    values: dict[str, object] = {
        "kind": kind,
        "limits": limits,
        "charset": charset,
        "content_type": content_type,
        "propagation": propagation,
        "draft_leaves": draft_leaves,
        "quotas": quotas,
    }
    given = {name: value for name, value in values.items() if value is not None}
    if whitelist is not None:
        given["whitelist"] = None if whitelist == "off" else [entry.strip() for entry in whitelist.split(",")]
    if quirks is not None:
        given["quirks"] = [] if quirks == "off" else [name.strip() for name in quirks.split(",")]
    store = None if temporary else db or sandbox_db()
    on_call = None if quiet else lambda line: options.echo(line, err=True)
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    with serve(store, port, hosts=hosts, on_call=on_call, **given) as wechat:
        options.echo(f"WeChat sandbox: {wechat.url}")
        options.echo(f"  AppID          {wechat.appid}")
        options.echo(f"  AppSecret      {wechat.secret}")
        options.echo(f"  remembers in   {store or 'nothing: all is forgotten at the end'}")
        options.echo("Point wxpub at it:")
        options.echo(f"  export WXPUB_API_BASE={wechat.url}")
        options.echo(f"  export WXPUB_APPID={wechat.appid} WXPUB_SECRET={wechat.secret}")
        options.echo("Ctrl-C stops it.")
        stopped.wait()
