"""`wxpub drafts`: what is in the account's draft box, and away with it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from wxpub import config
from wxpub.cli import wechat
from wxpub.ledger import Draft


@click.group()
def drafts() -> None:
    """List, show or delete drafts of the account.

    \b
    Examples:
      wxpub drafts list
      wxpub drafts show MEDIA_ID
      wxpub drafts delete MEDIA_ID --yes
    """


@drafts.command("list")
@wechat.account_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(account_name: str, sandbox: bool, as_json: bool) -> None:
    """List the drafts, with the issues that were pushed to them from here.

    \b
    Example:
      wxpub drafts list --json | jq -r '.[].media_id'
    """
    with wechat.connect(config.find(Path.cwd()), account_name, sandbox) as account:
        facts = account.ledger().of_account(Draft, account.key)
        files = {(fact.media_id, fact.index): name for name, fact in facts.items()}
        found = [_summary(item, files) for item in account.client.drafts(content=False)]
    found.sort(key=lambda each: str(each["updated"]), reverse=True)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for each in found:
        click.echo(f"{each['media_id']}  {each['updated'] or '':16}")
        for article in each["articles"]:
            source = f"  ({article['file']})" if article["file"] else ""
            click.echo(f"    《{article['title']}》{source}")
    click.echo(f"{len(found)} draft{'' if len(found) == 1 else 's'}", err=True)


def _summary(item: dict[str, Any], files: dict[tuple[str, int], str]) -> dict[str, Any]:
    media_id = str(item.get("media_id", ""))
    articles = (item.get("content") or {}).get("news_item") or ()
    titles = [
        {"title": each.get("title", ""), "file": files.get((media_id, index))} for index, each in enumerate(articles)
    ]
    return {"media_id": media_id, "updated": _time(item.get("update_time")), "articles": titles}


def _time(seconds: object) -> str:
    try:
        return datetime.fromtimestamp(int(str(seconds))).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


@drafts.command()
@click.argument("media_id")
@wechat.account_options
@click.option("--html", is_flag=True, help="Print the articles' HTML as WeChat keeps it.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")
def show(media_id: str, account_name: str, sandbox: bool, html: bool, as_json: bool) -> None:
    """Show a draft as WeChat keeps it: title, settings and text.

    \b
    Example:
      wxpub drafts show MEDIA_ID --html > kept.html
    """
    from wxpub.push.compare import lines

    with wechat.connect(config.find(Path.cwd()), account_name, sandbox) as account:
        articles = account.client.get_draft(media_id)
    if as_json:
        click.echo(json.dumps(articles, ensure_ascii=False, indent=2))
        return
    for article in articles:
        content = str(article.get("content", ""))
        if html:
            click.echo(content)
            continue
        click.secho(f"《{article.get('title', '')}》", bold=True)
        for label in ("author", "digest", "content_source_url", "url"):
            if article.get(label):
                click.echo(f"{label}: {article[label]}")
        click.echo("\n".join(["", *lines(content), ""]))


@drafts.command()
@click.argument("media_ids", nargs=-1, required=True, metavar="MEDIA_ID...")
@wechat.account_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(media_ids: tuple[str, ...], account_name: str, sandbox: bool, yes: bool) -> None:
    """Delete drafts for good.

    \b
    Example:
      wxpub drafts delete MEDIA_ID --yes
    """
    with wechat.connect(config.find(Path.cwd()), account_name, sandbox) as account:
        ledger = account.ledger()
        for media_id in media_ids:
            titles = "、".join(f"《{each.get('title', '')}》" for each in account.client.get_draft(media_id))
            wechat.confirm(f"Delete {titles} for good?", yes)
            with ledger.locked():
                account.client.delete_draft(media_id)
                facts = ledger.of_account(Draft, account.key)
                gone = [name for name, fact in facts.items() if fact.media_id == media_id]
                ledger.record(account.key, {}, forget=dict.fromkeys(gone, Draft))
            click.echo(f"deleted: {titles}", err=True)
