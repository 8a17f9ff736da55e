"""`wxpub doctor`: what works on the way to the draft box, what does not, and what to do about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from wxpub import config
from wxpub.cli import wechat

_SIGNS = {"ok": ("✓", "green"), "failed": ("✗", "red"), "info": ("·", "yellow")}


@click.command()
@wechat.account_options
@click.option("--renew-token", is_flag=True, help="First make WeChat drop the token, because it has leaked.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def doctor(ctx: click.Context, account_name: str, sandbox: bool, renew_token: bool, as_json: bool) -> None:
    """Check credentials, whitelist, quotas, fonts and clock.

    Says what works, what does not and what to do about it. Exit code 1 if something does not work.

    \b
    Examples:
      wxpub doctor
      wxpub doctor --account weekly --json
    """
    from wxpub.client import Client
    from wxpub.push.doctor import examine

    settings = config.find(Path.cwd())

    def client() -> Client:
        return Client(config.account(settings, account_name), notify=wechat.say)

    if renew_token:
        client().renew_token()
    if sandbox:
        with wechat.connect(settings, "", sandbox=True) as account:
            checks = list(examine(settings, lambda: account.client))
    else:
        checks = list(examine(settings, client))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in checks], ensure_ascii=False, indent=2))
    else:
        for each in checks:
            sign, colour = _SIGNS[each.state]
            click.echo(f"{click.style(sign, fg=colour)} {each.name}: {each.message}")
            if each.fix and each.state != "ok":
                click.echo(f"    → {each.fix}")
    if any(each.state == "failed" for each in checks):
        ctx.exit(1)
