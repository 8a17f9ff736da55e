"""`wxpub check`: issues and article HTML in, findings with file and line out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wxpub import checks, config, safe
from wxpub.article import STDIN, contents, decoded
from wxpub.checks import measure
from wxpub.cli import options
from wxpub.errors import SourceError
from wxpub.finding import KINDS, Finding, Rule, fold, worded
from wxpub.issue import Opener
from wxpub.language import gettext, listed, tr, tr_n
from wxpub.limits import CONTENT_BYTES
from wxpub.target import API, CHANNELS, Target

if TYPE_CHECKING:
    from wxpub.checks import Size
    from wxpub.checks.online import Link
    from wxpub.checks.pages import Document
    from wxpub.config import Config

_ANNOTATIONS = {"error": "error", "warning": "warning", "info": "notice"}
_SUFFIXES = {".html", ".htm"}
_EACH = ("link-dead", "link-expired", "link-moved")  # an editor has to mend each, by what is said of it


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one file; where it could be read, the size of its HTML, its links and its settings."""

    path: Path
    findings: tuple[Finding, ...]
    size: Size | None = None
    links: tuple[Link, ...] = ()
    settings: Config | None = None


def _explain(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    """Answer `--explain RULE`, which needs no file; `--explain all` lists the rules."""
    if name is None:
        return
    from difflib import get_close_matches

    known = {rule.id: rule for rule in rules()}
    options.print_json({"rules": [_described(rule) for rule in known.values() if name in ("all", rule.id)]})
    if name == "all":
        options.echo(
            "\n".join(f"{rule.id:32} {worded(rule.severity):8} {gettext(rule.message)}" for rule in known.values())
        )
        ctx.exit()
    if name not in known:
        near = get_close_matches(name, known, 3)
        if near:
            said = tr("there is no rule {name!r}. Did you mean {near}?", name=name, near=listed(near))
        else:
            said = tr("there is no rule {name!r}. `--explain all` lists them.", name=name)
        raise click.BadParameter(said, ctx, param)
    options.echo(_explanation(known[name]))
    ctx.exit()


def rules() -> tuple[Rule, ...]:
    """List every rule that a finding of this program can name: what is found in an issue, and on its way to WeChat."""
    from wxpub import drafts
    from wxpub.desk import record
    from wxpub.drafts import pull
    from wxpub.elsewhere import mail
    from wxpub.preview import remarks

    return (*checks.rules(), *drafts.RULES, *pull.RULES, *mail.RULES, *remarks.RULES, *record.RULES)


def _described(rule: Rule) -> dict[str, Any]:
    """Describe a rule as plain values, in the user's words."""
    return {
        "rule": rule.id,
        "severity": rule.severity,
        "kind": rule.kind,
        **{key: gettext(getattr(rule, key)) for key in ("message", "fix", "reader")},
        "can_ignore": rule.severity != "error" and rule.kind != "push",
    }


def _explanation(rule: Rule) -> str:
    from wxpub.checks.pages import CHANNELS, CONFIDENCE, PageRule

    lines = [
        tr("severity     {severity}; stops a push", severity=worded(rule.severity))
        if rule.severity == "error"
        else tr("severity     {severity}", severity=worded(rule.severity)),
        tr("about        {kind}", kind=gettext(KINDS[rule.kind])),
        tr("readers see  {what}", what=gettext(rule.reader)),
    ]
    if rule.fix:
        lines.append(tr("what to do   {what}", what=gettext(rule.fix)))
    lines.append(tr("switch off   {how}", how=_off(rule)))
    if isinstance(rule, PageRule):
        lines.append(tr("matters to   {channel}", channel=gettext(CHANNELS[rule.channel])))
        lines.append(tr("known from   {source}", source=gettext(CONFIDENCE[rule.confidence])))
    return "\n  ".join([f"{rule.id}: {gettext(rule.message)}\n", *lines])


def _off(rule: Rule) -> str:
    """Say how a rule is switched off, or why it cannot be."""
    if rule.severity == "error":
        return tr("not possible: WeChat would refuse the article, or readers would miss something")
    if rule.kind == "push":
        return tr("not possible: it tells what a push did")
    if rule.kind == "record":
        return tr("not possible: `wxpub index check` alone tells it")
    if rule.kind == "mail":
        return tr("not possible: it tells what becomes of a mail")
    return tr('[check] ignore = ["{rule}"] in wxpub.toml', rule=rule.id)


@click.command()
@options.files
@options.stdin_filename
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github"]), default="text", help="How to print findings."
)
@options.as_json
@click.option("--all", "every", is_flag=True, help="List every finding, not one for each rule.")
@click.option("--online", is_flag=True, help="Ask the servers of all links which are dead, moved or expired.")
@click.option("--fresh", is_flag=True, help="With --online, ask again what was asked within a day.")
@click.option("--size", "show_size", is_flag=True, help="Say where the characters go, by section and by CSS property.")
@click.option(
    "--explain",
    metavar="RULE",
    callback=_explain,
    expose_value=False,
    is_eager=True,
    help="Say what a rule means, what readers see and what to do; `all` lists the rules.",
)
@options.theme
@options.newspic
@click.option(
    "--target",
    "target_name",
    type=click.Choice(list(CHANNELS)),
    help="Apply the rules of the API or of the web editor.",
)
@click.option("--official", is_flag=True, help="Send the article to WeChat's own checker too, and show its verdict.")
@click.option("--sandbox", is_flag=True, help="With --official: ask the local WeChat; nothing leaves this machine.")
def check(
    files: tuple[Path, ...],
    stdin_name: Path | None,
    strict: bool,
    form: str,
    as_json: bool,
    every: bool,
    online: bool,
    fresh: bool,
    show_size: bool,
    theme_name: str | None,
    variables: dict[str, str],
    as_newspic: bool,
    target_name: str | None,
    official: bool,
    sandbox: bool,
) -> None:
    """Say what is wrong with issues, with file and line.

    Markdown is rendered and checked: its links, sections and images, its title, digest and cover, and the HTML that
    WeChat would get. An .html file is checked as it is, whoever made it. What a rule finds several times in a file is
    one line with the first places; --all lists them one by one, and JSON has them all. `-` is standard input: Markdown
    in the working folder, or what --stdin-filename says. Exit code 1 if there is an error.

    With --online the servers of all links are asked, which the other checks never do: hosts side by side, one host's
    pages one after the other. What they answer is kept for a day. A server that refuses programs makes a link not
    known, not dead.

    --official asks WeChat's own article checker as well. It gets the article's HTML, without its pictures and without
    any account; what it objects to has the line of the Markdown. --sandbox asks the local WeChat in its place.

    \b
    Examples:
      wxpub check issue.md
      wxpub check issues/*.md --strict
      wxpub check issue.md --all
      wxpub check article.html --target paste
      wxpub check issue.md --online
      wxpub check issues/*.md --format github
      git show HEAD:issue.md | wxpub check - --stdin-filename issue.md
      wxpub check --explain link-known
      wxpub check issue.md --official
    """
    if sandbox and not official:
        raise click.UsageError(tr("--sandbox says whom --official asks: give both"))
    if fresh and not online:
        raise click.UsageError(tr("--fresh asks servers again: give --online too"))
    opener, target = Opener(theme_name, variables, as_newspic=as_newspic), CHANNELS.get(target_name or "")
    paths, given = options.standard_input(files, stdin_name)
    with ExitStack() as stack:
        ask = _official(stack, sandbox) if official else None
        reports = [_report(path, opener, target, given.get(path), ask, online) for path in paths]
    if online:
        reports = _asked(reports, fresh)
    form = "json" if as_json else form
    if form == "json":
        options.print_json(_document(reports), [finding for report in reports for finding in report.findings])
    for report in reports:
        told = report.findings if every or form == "json" else fold(report.findings, _EACH)
        if form == "text":
            _print(told)
            if show_size and report.size:
                options.echo(_size(report.size))
        elif form == "github":
            for finding in told:
                click.echo(annotation(finding))
        _summarise(report, told)
    severities = {finding.severity for report in reports for finding in report.findings}
    if "error" in severities or (strict and "warning" in severities):
        raise click.exceptions.Exit(1)


Ask = Callable[["Document"], tuple[Finding, ...]]


def _official(stack: ExitStack, sandbox: bool) -> Ask:
    """Make what asks WeChat's checker, or the local WeChat as long as `stack`; a person is told before it is asked."""
    from wxpub.checks.official import PATH, ask, content
    from wxpub.exchange import Exchange
    from wxpub.limits import CHECKER_BASE

    base = CHECKER_BASE
    if sandbox:
        from wxpub.sandbox import serve

        base = stack.enter_context(serve()).url
    exchange = Exchange(base, os.environ.get("WXPUB_PROXY", ""))

    def asked(document: Document) -> tuple[Finding, ...]:
        size, name = len(content(document.html)), safe.line(document.path)
        options.tell(
            tr(
                "{file}: sending {n:,} characters of HTML to {url}, without pictures and without an account",
                file=name,
                n=size,
                url=f"{base}{PATH}",
            )
        )
        return ask(document, exchange)

    return asked


def _report(
    path: Path, opener: Opener, target: Target | None, data: bytes | None, ask: Ask | None, online: bool
) -> Report:
    try:
        if path.suffix.lower() in _SUFFIXES:
            return _foreign(path, target, data, ask, online)
        issue = opener.open(path, data=data)
        others = () if path == STDIN else None  # a text without a name may be one of those in the folder
        found = checks.check(issue, target or API, others=others)
        if ask:
            from wxpub.checks.official import prepared

            said = issue.layout.placed(ask(prepared(issue, target or API)))
            found = checks.ordered((*found, *checks.heeded(said, issue.settings)))
        links: tuple[Link, ...] = ()
        if online:
            from wxpub.checks.online import links_in_issue

            links = tuple(links_in_issue(issue))
        return Report(path, found, measure(issue.page(target or API).html), links, issue.settings)
    except SourceError as error:
        # One file that cannot be read does not keep the others from being checked.
        return Report(
            path, (checks.FILE_UNREADABLE.find(error.message, error.path or path, error.line, fix=error.hint),)
        )


def _foreign(path: Path, target: Target | None, data: bytes | None, ask: Ask | None, online: bool) -> Report:
    from wxpub.checks.pages import open_document

    html = decoded(path, contents(path, data)).removeprefix("\ufeff")
    settings, document = config.find(path), open_document(html, path)
    links: tuple[Link, ...] = ()
    if online:
        from wxpub.checks.online import links_in_page

        links = tuple(links_in_page(document))
    found = checks.ordered((*checks.check_html(html, path, target), *(ask(document) if ask else ())))
    return Report(path, checks.heeded(found, settings), measure(document.html), links, settings)


def _asked(reports: Sequence[Report], fresh: bool) -> list[Report]:
    """Add what the servers of all links say; an address that stands in several files is asked once."""
    from wxpub.checks import online

    with click.progressbar(length=1, label=tr("asking the servers of all links"), file=sys.stderr) as bar:

        def progress(done: int, every: int) -> None:
            bar.length = every
            bar.update(done - bar.pos)

        found = online.judge((link for each in reports for link in each.links), fresh=fresh, progress=progress)

    def completed(report: Report) -> Report:
        here = tuple(each for each in found if each.path == report.path)
        heeded = checks.heeded(here, report.settings) if report.settings else here
        return replace(report, findings=checks.ordered((*report.findings, *heeded)))

    return [completed(each) for each in reports]


# --- what is printed --------------------------------------------------------------------------------------------------


def _print(findings: Iterable[Finding]) -> None:
    for finding in findings:
        place = f"{safe.text(finding.place)}: " if finding.path else ""
        severity = click.style(worded(finding.severity), fg=options.COLOURS[finding.severity])
        text = safe.text(f"{finding.advice} [{finding.rule}]")
        click.echo(place + tr("{severity}: {text}", severity=severity, text=text))


def annotation(finding: Finding) -> str:
    """Write a finding as a workflow command of GitHub Actions, which shows it beside the line in a pull request.

    Escapes as docs.github.com "Workflow commands" and @actions/core do.
    """
    properties = {"file": finding.path and _in_repository(finding.path), "line": finding.line, "title": finding.rule}
    shown = ",".join(f"{name}={_escape(str(value), ':,')}" for name, value in properties.items() if value)
    return f"::{_ANNOTATIONS[finding.severity]} {shown}::{_escape(finding.advice)}"


def _in_repository(path: Path) -> str:
    """Name a file from the repository's root, where GitHub knows it by its path."""
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    absolute = path.resolve()
    return (absolute.relative_to(root) if absolute.is_relative_to(root) else path).as_posix()


def _escape(text: str, more: str = "") -> str:
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return safe.visible(text)


def _summarise(report: Report, told: Sequence[Finding]) -> None:
    """Say how large the article is, and how many findings were `told`."""
    counts = _counts(told)
    found = listed(
        words
        for count, words in (
            (counts["error"], tr_n("{n} error", "{n} errors", counts["error"])),
            (counts["warning"], tr_n("{n} warning", "{n} warnings", counts["warning"])),
            (counts["info"], tr("{n} info", n=counts["info"])),
        )
        if count
    )
    found = found or tr("nothing found")
    if folded := len(report.findings) - len(told):
        found = tr("{found} (--all lists {n} more)", found=found, n=folded)
    if report.size:
        found = tr(
            "{characters:,} characters, {bytes:,} bytes of {most:,}; {found}",
            characters=report.size.characters,
            bytes=report.size.bytes,
            most=CONTENT_BYTES,
            found=found,
        )
    options.echo(tr("{file}: {text}", file=safe.line(report.path), text=found), err=True)


def _counts(found: Sequence[Finding]) -> dict[str, int]:
    return {name: sum(each.severity == name for each in found) for name in ("error", "warning", "info")}


def _size(size: Size) -> str:
    """Lay the size out as three short tables; shares are of all characters."""

    def table(title: str, rows: Iterable[tuple[str, int]]) -> list[str]:
        return [title, *(f"  {count:>7,} {count / size.characters:>6.1%}  {name}" for name, count in rows if count)]

    kinds = {
        "text": tr("text"),
        "style": tr("style"),
        "address": tr("addresses"),
        "attribute": tr("other attributes"),
        "tag": tr("tags"),
    }
    return "\n".join(
        [
            *table(tr("characters by kind"), ((kinds[name], count) for name, count in size.kinds.items())),
            *table(
                tr("characters by section"),
                ((name or tr("(before the first heading)"), count) for name, count in size.sections),
            ),
            *table(tr("characters of style by property"), size.properties),
        ]
    )


def _measured(size: Size) -> dict[str, Any]:
    def parts(rows: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
        return [{"name": name, "characters": count} for name, count in rows]

    return {
        "characters": size.characters,
        "bytes": size.bytes,
        "kinds": parts(size.kinds.items()),
        "sections": parts(size.sections),
        "properties": parts(size.properties),
    }


def _document(reports: Sequence[Report]) -> dict[str, Any]:
    return {
        "files": [
            {
                "path": str(report.path),
                "size": _measured(report.size) if report.size else None,
            }
            for report in reports
        ],
        "counts": _counts([each for report in reports for each in report.findings]),
    }
