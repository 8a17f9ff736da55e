"""Turn a newsletter's Markdown into a WeChat Official Account article and put it in the draft box.

    import wxpub

    issue = wxpub.open("issue.md")
    print(*wxpub.checks(issue), sep="\\n")
    receipt = wxpub.push(issue)
    print(receipt.action, receipt.url)
    wxpub.publish(issue)

This is the whole library; docs/api.md has an example of each. Everything else is private to its room and may change.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wxpub.drafts import Receipt
    from wxpub.errors import ApiError, ConfigError, ConflictError, NetworkError, SourceError, WxpubError
    from wxpub.finding import Finding
    from wxpub.issue import Issue
    from wxpub.page import Page
    from wxpub.sandbox import Sandbox, serve

__version__ = "0.1.0"
__all__ = [
    "ApiError",
    "ConfigError",
    "ConflictError",
    "Finding",
    "Issue",
    "NetworkError",
    "Page",
    "Receipt",
    "Sandbox",
    "SourceError",
    "WxpubError",
    "check",
    "open",
    "publish",
    "push",
    "render",
    "serve",
]

# Where the names live that are more than a call; they are imported when they are asked for.
_HOMES = {
    **{name: "errors" for name in __all__ if name.endswith("Error")},
    "Finding": "finding",
    "Issue": "issue",
    "Page": "page",
    "Receipt": "drafts",
    **dict.fromkeys(("Sandbox", "serve"), "sandbox"),
}


def open(
    path: str | Path,
    *,
    theme: str | None = None,
    variables: Mapping[str, str] | None = None,
    as_newspic: bool = False,
) -> Issue:
    """Open the issue at `path`: its Markdown, with the `wxpub.toml`, the theme and the ledger that belong to it.

    `theme` (a name of `wxpub themes`, or the path of a CSS file) and `variables` win over front matter and settings.
    `as_newspic` makes a 贴图 of it, as `--as 贴图` does.
    Raises SourceError and ConfigError for what cannot be read.
    """
    from wxpub import issue

    return issue.open(Path(path), theme=theme, variables=variables, as_newspic=as_newspic)


def check(issue: Issue) -> tuple[Finding, ...]:
    """Find what an editor should know before a push, ordered by line; a finding of severity "error" would stop it.

    Leaves out what `[check] ignore` names. Raises ConfigError where that names an error, or no rule at all.
    """
    from wxpub import checks

    return checks.check(issue)


def render(issue: Issue, target: str = "api") -> Page:
    """Render the issue: `page.html` is the article for the API ("api") or for pasting into the web editor ("paste"),
    and with live links for a web page ("web") or a mail ("email").

    Images stand at their sources; `page.fill({src: Placed(url)})` puts them elsewhere. Raises KeyError for no target.
    """
    from wxpub.target import TARGETS

    return issue.page(TARGETS[target])


def push(*issues: Issue, account: str | Sandbox = "", sandbox: bool = False, force: bool = False) -> Receipt:
    """Put one to eight issues into one draft of the account's draft box, or bring the draft there up to date.

    `account` is a name in `wxpub.toml` (default: the environment's, or the only one there), or a local WeChat that
    `serve` runs; `sandbox` means the one that the command line uses. `force` overwrites what was changed in the web
    editor. Safe to repeat, whatever broke it off.

    Raises SourceError if a finding is an error, ConflictError where somebody else has changed the draft, NetworkError,
    ApiError and ConfigError where a call, the credentials or the ledger fail.
    """
    from dataclasses import replace

    from wxpub import drafts, wechat

    with wechat.connect(issues[0].settings, account, sandbox=sandbox) as connected:
        return drafts.push(replace(drafts.prepare(connected, issues), force=force))


def publish(issue: Issue, *, account: str | Sandbox = "", sandbox: bool = False, again: bool = False) -> dict[str, str]:
    """Publish the draft that holds the issue, for everybody; return the permalink of every issue in it, by name.

    Waits for WeChat's verdict, up to ten minutes. What was published before, or may have been, is published once more
    only with `again`. Raises WxpubError where there is no draft or WeChat rejects it, ConflictError where the file has
    changed since the push or a person has to look, ApiError 48001 where the account may not publish, NetworkError where
    WeChat is not done.
    """
    from wxpub import drafts, wechat
    from wxpub.drafts.publish import publish as publish_draft

    with wechat.connect(issue.settings, account, sandbox=sandbox) as connected:
        ledger = connected.ledger()
        with ledger.locked():
            text = drafts.text_of(issue)
            return publish_draft(connected.client, ledger, connected.key, issue.name, text=text, again=again)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wxpub' has no attribute {name!r}")
    return getattr(import_module(f"wxpub.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
