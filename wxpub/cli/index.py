"""`wxpub index`: the record of where issues were published, so that links to back issues stay alive."""

from __future__ import annotations

import json
from pathlib import Path

import click

from wxpub import address, config
from wxpub.cli import wechat
from wxpub.errors import ConfigError, SourceError
from wxpub.ledger import FILE_NAME, Ledger, Published, issue_name


@click.group()
def index() -> None:
    """Keep the record of where issues were published.

    A link from one issue to another becomes a live link in WeChat when the record knows the other's address.

    \b
    Examples:
      wxpub index list
      wxpub index add issues/2026-11-06.md https://mp.weixin.qq.com/s/AbCdEf
      wxpub index rebuild
    """


@index.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(as_json: bool) -> None:
    """List the published issues and their addresses.

    \b
    Example:
      wxpub index list --json
    """
    facts = Ledger(config.find(Path.cwd()).root / FILE_NAME).facts(Published)
    found = {name: fact.url for (_, name), fact in sorted(facts.items()) if fact.url}
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for name, url in found.items():
        click.echo(f"{name}  {url}")
    click.echo(f"{len(found)} published issue{'' if len(found) == 1 else 's'}", err=True)


@index.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("url")
@click.option("--account", "account_name", default="", metavar="NAME", help="An account of wxpub.toml.")
def add(file: Path, url: str, account_name: str) -> None:
    """Record where an issue was published.

    \b
    Example:
      wxpub index add issues/2026-11-06.md https://mp.weixin.qq.com/s/AbCdEf
    """
    if not address.parse(url).permalink:
        hint = "open the article, ⋯ → 复制链接; it looks like https://mp.weixin.qq.com/s/…"
        raise SourceError(f"{url} is no permanent address of an article", hint=hint)
    if not file.is_file():
        raise SourceError("no such file", file)
    settings = config.find(file)
    ledger = Ledger(settings.root / FILE_NAME)
    with ledger.locked():
        ledger.record(_account(settings, account_name), {issue_name(file, settings.root): Published(url)})
    click.echo(f"recorded: {file}", err=True)


def _account(settings: config.Config, name: str) -> str:
    """Name the account as the ledger does, or "-" where none is set up: an address needs no credentials."""
    from wxpub.push import account_key

    if not name and not settings.accounts:
        return "-"
    try:
        account = config.account(settings, name)
    except ConfigError:
        if name and name not in settings.accounts:
            raise
        return "-"
    return account_key(account.appid, account.api_base)


@index.command()
@wechat.account_options
def rebuild(account_name: str, sandbox: bool) -> None:
    """Make a new ledger from the account, where the file was lost or damaged.

    Looks through drafts and published articles for the issues of this project. The old file is kept beside it.

    \b
    Example:
      wxpub index rebuild --account weekly
    """
    from wxpub.push.rebuild import rebuild as rebuild_ledger

    settings = config.find(Path.cwd())
    with wechat.connect(settings, account_name, sandbox) as account:
        _, found = rebuild_ledger(account.client, account.ledger_path, account.key, settings.root)
    for line in found:
        click.echo(line)
    click.echo(f"{len(found)} found; pictures will be uploaded once more", err=True)
