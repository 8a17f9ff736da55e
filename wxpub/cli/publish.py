"""`wxpub publish`: the draft of an issue in, its permanent address out."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from wxpub import config
from wxpub.cli import wechat
from wxpub.ledger import issue_name


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@wechat.account_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def publish(file: Path, account_name: str, sandbox: bool, yes: bool, as_json: bool) -> None:
    """Publish the draft of an issue.

    The draft that `wxpub push` made gets a permanent address and leaves the draft box; followers are not notified
    (that is 群发, on mp.weixin.qq.com). Waits for WeChat's verdict and records the address, so that later issues can
    link to this one. WeChat lets verified accounts only do this.

    \b
    Examples:
      wxpub publish issue.md
      wxpub publish issue.md --sandbox --yes
    """
    from wxpub.push.publish import publish as publish_draft

    settings = config.find(file)
    with wechat.connect(settings, account_name, sandbox) as account:
        wechat.confirm(f"Publish the draft of {file} for everybody?", yes)
        ledger = account.ledger()
        with ledger.locked(lambda: wechat.say("another push is at work; waiting for it")):
            name = issue_name(file, settings.root)
            urls = publish_draft(account.client, ledger, account.key, name, _wait)
    if as_json:
        click.echo(json.dumps(urls, ensure_ascii=False, indent=2))
        return
    for issue, url in urls.items():
        click.secho(f"published: {issue}", fg="green", err=True)
        click.echo(url)


def _wait(seconds: float) -> None:
    wechat.say("WeChat is at work on it")
    time.sleep(seconds)
