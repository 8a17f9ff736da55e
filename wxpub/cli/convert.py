"""`wxpub convert` and `wxpub preview`: issues in, pages out that stand alone, or follow every change of the issue."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from wxpub import safe, workers
from wxpub.article import STDIN
from wxpub.checks import heeded
from wxpub.cli import answer, options
from wxpub.errors import SourceError, WxpubError, reason_of
from wxpub.finding import Finding
from wxpub.issue import Issue, Opener
from wxpub.language import listed, tr, tr_n
from wxpub.page import Page
from wxpub.target import API, CHANNELS, EMAIL, WEB, Target

if TYPE_CHECKING:
    from wxpub.preview.server import Session

# What is made of an issue: the end of its file's name, and for whom the article is finished ("page" is for WeChat).
FORMATS: Mapping[str, tuple[str, Target | None]] = {
    "page": (".html", None),
    "review": (".review.html", None),
    "web": (".web.html", WEB),
    "email": (".email.html", EMAIL),
    "eml": (".eml", EMAIL),
}


@click.command()
@options.files
@options.stdin_filename
@click.option("-o", "--output", metavar="PATH", help="Write here; `-` is stdout; a folder for several files.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="page",
    help="A page to copy from, or to remark on; a web page, or a mail: as HTML, or as a message (.eml).",
)
@click.option("--review", is_flag=True, help="Write a page on which colleagues can remark; see `wxpub remarks`.")
@click.option("--fragment", is_flag=True, help="Write only the article's HTML, as WeChat takes it.")
@click.option(
    "--target",
    "target_name",
    type=click.Choice(list(CHANNELS)),
    default=API.name,
    help="Finish for the API or for the web editor.",
)
@options.theme
@options.newspic
@options.as_json
@click.option("--open", "open_page", is_flag=True, help="Show the page in the browser.")
@click.option("--copy", is_flag=True, help="Put the article on the clipboard, to paste into the web editor.")
def convert(
    files: tuple[Path, ...],
    stdin_name: Path | None,
    output: str | None,
    form: str,
    review: bool,
    fragment: bool,
    target_name: str,
    theme_name: str | None,
    variables: dict[str, str],
    as_newspic: bool,
    as_json: bool,
    open_page: bool,
    copy: bool,
) -> None:
    """Turn issues into pages to look at and copy from.

    Writes FILE.html beside each FILE: the article in a phone-wide column, what to know about it, and a button that
    copies it for WeChat's web editor. The page needs no network and no other file. A file that cannot be converted
    does not keep the others from it; the exit code is 1 then. `-` is standard input, an issue in the working folder,
    and its page goes to standard output; --stdin-filename says where it stands otherwise. With --json pages are
    written only with -o.

    For readers outside WeChat, with live links: --format web writes a web page (FILE.web.html), --format email a mail
    (FILE.email.html), and --format eml, or -o FILE.eml, a message with the images and a part of plain text.

    For colleagues: --review writes a page (FILE.review.html) on which they remark beside the paragraphs, without a
    server or an account; they send back a file or a link, and `wxpub remarks` shows it with file and line.

    \b
    Examples:
      wxpub convert issue.md --open
      wxpub convert issues/*.md -o pages/
      wxpub convert issue.md --format web
      wxpub convert issue.md --format email -o issue.eml
      wxpub convert issue.md --review
      wxpub convert issue.md --fragment -o - | wl-copy
      wxpub convert issue.md --json | jq .findings
      git show HEAD:issues/12.md | wxpub convert - --stdin-filename issues/12.md -o 12.html
    """
    if STDIN in files and len(files) > 1:
        raise click.UsageError(tr("standard input (-) is converted alone: name no other files beside it"))
    quiet = as_json or (copy and STDIN in files and output is None)
    if STDIN in files and output is None:
        output = "-"
    if open_page and output == "-":
        raise click.UsageError(tr("--open shows a file: name one with -o"))
    form = "review" if review and form == "page" else form
    if review and form != "review":
        raise click.UsageError(tr("--review is a page of its own; it does not go with --format {form}", form=form))
    if form != "page" and (fragment or copy or target_name != API.name):
        raise click.UsageError(
            tr("--fragment, --copy and --target are for WeChat; they do not go with --format {form}", form=form)
        )
    if form == "email" and (output or "").endswith(".eml"):
        form = "eml"
    suffix, elsewhere = FORMATS[form]
    paths, given = options.standard_input(files, stdin_name)
    places = _places(paths, output, suffix, quiet=quiet)
    target = elsewhere or CHANNELS[target_name]
    work = _Work(
        Opener(theme_name, variables, as_newspic=as_newspic),
        target,
        form,
        fragment,
        copy,
        output is None,
        as_json,
        given,
    )
    reports: list[Mapping[str, Any]] = []
    findings: list[Finding] = []
    failed, said = [], ""
    with _all(work, list(zip(paths, places, strict=True))) as outcomes:
        for path, outcome in zip(paths, outcomes, strict=True):
            if not outcome.error or outcome.error != said:  # wrong settings keep every file from it, and are said once
                outcome.say(quiet=as_json)
            said = outcome.error
            if outcome.problem:
                failed.append(str(path))
                answer.fail(outcome.problem)
            findings += outcome.findings
            reports.append(outcome.report or {})
            if open_page and outcome.place is not None and not outcome.error:
                options.launch(str(outcome.place))
    options.print_json({"files": reports}, findings)
    if failed and len(paths) > 1:
        said = tr("{n} of {all} files were not converted: {files}", n=len(failed), all=len(paths), files=listed(failed))
        options.echo(said, fg="red", err=True)
    if failed:
        raise click.exceptions.Exit(1)


class Outcome(NamedTuple):
    """What became of one file: where its page stands and what there is to say, or the error that kept it from it."""

    place: Path | None
    findings: tuple[Finding, ...] = ()
    summary: str = ""
    report: Mapping[str, Any] | None = None
    error: str = ""
    problem: dict[str, Any] | None = None  # the error as plain values

    def say(self, *, quiet: bool) -> None:
        """Print it for a person; with `quiet` only the error."""
        if self.error:
            options.echo(tr("error: {error}", error=self.error), fg="red", err=True)
        elif not quiet:
            options.say(self.findings)
            options.echo(self.summary, err=True)
            if self.place is not None and str(self.place) != "-":
                options.echo(str(self.place))


@dataclass(frozen=True, slots=True)
class _Work:
    """What is asked of every file."""

    opener: Opener
    target: Target
    form: str
    fragment: bool
    copy: bool
    ours: bool  # only a page that `convert` wrote may be replaced
    as_json: bool
    given: Mapping[Path, bytes]  # what stands for a file, by its path

    def convert(self, file: tuple[Path, Path | None]) -> Outcome:
        """Convert one file, for the place where its page goes."""
        path, place = file
        try:
            issue = self.opener.open(path, data=self.given.get(path))
            page = issue.page(self.target)
            findings = heeded(page.findings, issue.settings)
            if (place is not None and not self.fragment) or self.copy:
                findings += self._deliver(issue, place)
            if self.fragment and place is not None:
                self._write(place, page.html, ours=False)
        except WxpubError as error:
            problem = answer.problem(error)
            return Outcome(place, report=_report(path, error=problem), error=str(error), problem=problem)
        return Outcome(place, findings, _summary(page), _report(path, place, page) if self.as_json else None)

    def _deliver(self, issue: Issue, place: Path | None) -> tuple[Finding, ...]:
        """Write and copy the page that stands alone; gives what was found out about its images."""
        if self.form not in ("page", "review"):
            return self._deliver_elsewhere(issue, place)
        from wxpub.preview import pages

        alone = pages.alone(issue, review=self.form == "review")
        if place is not None and not self.fragment:
            self._write(place, alone.html, ours=self.ours)
        if self.copy:
            from wxpub.preview import clipboard

            clipboard.copy_html(alone.fragment, clipboard.plain_text(alone.fragment))
        return alone.findings

    def _deliver_elsewhere(self, issue: Issue, place: Path | None) -> tuple[Finding, ...]:
        """Write the page or the mail; gives what was found out about its images and its size."""
        from wxpub.elsewhere import mail, web

        text, found = {"web": web.page, "email": mail.page, "eml": mail.message}[self.form](issue)
        if place is not None:
            self._write(place, text, ours=self.ours)
        return found

    def _write(self, place: Path, text: str, *, ours: bool) -> None:
        """Write a page; one that somebody else made stays unless it is named with -o."""
        if str(place) == "-":
            sys.stdout.buffer.write(safe.utf8(text))
            return
        from wxpub.preview.pages import is_ours

        if ours and place.exists() and not is_ours(place):
            raise SourceError(tr("exists and was not made by wxpub"), place, hint=tr("name another place with -o"))
        options.write(place, safe.utf8(text))


@contextmanager
def _all(work: _Work, files: Sequence[tuple[Path, Path | None]]) -> Iterator[Iterator[Outcome]]:
    """Convert every file, in order; many files on all processors, with a bar on a terminal."""
    if work.copy or len(files) < workers.MANY:
        yield map(work.convert, files)  # the last one is on the clipboard in the end
        return
    old = work.opener
    anew = replace(work, opener=Opener(old.theme, old.variables, as_newspic=old.as_newspic))
    with workers.spread(work.convert, files, anew.convert) as outcomes:
        yield options.watched(outcomes, len(files), tr("converting"))


def _places(files: Sequence[Path], output: str | None, suffix: str, quiet: bool) -> list[Path | None]:
    """Decide where each page goes, and with which end of its name; None where it is not written."""
    if output == "-":
        if len(files) > 1:
            raise click.UsageError(tr("-o - takes one file only"))
        return [None if quiet else Path("-")]
    if output is None:
        return [None if quiet else path.with_suffix(suffix) for path in files]
    folder = Path(output)
    if len(files) == 1 and not folder.is_dir() and not output.endswith(("/", os.sep)):
        return [folder]
    names = [path.with_suffix(suffix).name for path in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise click.UsageError(tr("several files would become {page}", page=folder / twice[0]))
    if folder.exists() and not folder.is_dir():
        raise click.UsageError(tr("{path} is a file; several files need a folder", path=folder))
    return [folder / name for name in names]


def _report(
    path: Path, place: Path | None = None, page: Page | None = None, error: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Describe what became of one file: its article and where the page stands, or the error."""
    report = {"path": str(path), "page": str(place) if place else None, "article": None, "error": error}
    if page is None:
        return report
    article = page.article
    return report | {
        "article": {
            "title": article.title,
            "author": article.author,
            "digest": article.digest,
            "source_url": article.source_url,
            "html": page.html,
            "characters": page.characters,
            "bytes": page.bytes,
            "outline": [heading._asdict() for heading in page.outline],
            "notes": [note._asdict() for note in page.notes],
            "images": [image._asdict() for image in page.images],
        }
    }


def _summary(page: Page) -> str:
    return tr(
        "{title}: {characters:,} characters, {bytes:,} bytes, {notes}, {images}",
        title=page.article.title or tr("(no title)"),
        characters=page.characters,
        bytes=page.bytes,
        notes=tr_n("{n} note", "{n} notes", len(page.notes)),
        images=tr_n("{n} image", "{n} images", len(page.images)),
    )


# --- what colleagues remarked -----------------------------------------------------------------------------------------


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("given", nargs=-1, required=True, metavar="REMARKS...")
@options.as_json
def remarks(file: Path, given: tuple[str, ...], as_json: bool) -> None:
    """Show what colleagues remarked on an issue, with file and line.

    REMARKS is the file that they saved on the page of `wxpub convert --review`, or the link that they copied there; `-`
    is standard input. Several are shown together, in the order of the lines. A remark finds its words where they stand
    now, also after the issue was edited.

    \b
    Examples:
      wxpub remarks issue.md issue.remarks.json
      wxpub remarks issue.md "https://letter.example/issue.review.html#remarks=eyJ3..."
    """
    from wxpub import issue as issues
    from wxpub.preview import remarks as reading

    issue = issues.open(file)
    texts = [(_remarks_text(each), None if _is_link(each) else Path(each)) for each in given]
    said = [remark for text, path in texts for remark in reading.read(text, path)]
    found = reading.placed(issue, said)
    if as_json:
        options.print_json({"path": str(file), "remarks": len(found)}, found)
        return
    for each in found:
        options.echo(each)
    options.echo(tr_n("{n} remark", "{n} remarks", len(found)), err=True)


def _is_link(given: str) -> bool:
    return "#remarks=" in given


def _remarks_text(given: str) -> str:
    """Return a link as it is, and what a file holds. Raises SourceError where it cannot be read."""
    from wxpub.preview.remarks import MOST_BYTES

    if _is_link(given):
        return given
    try:
        data = sys.stdin.buffer.read(MOST_BYTES + 1) if given == "-" else safe.read_whole(Path(given), MOST_BYTES)
        return data.decode("utf-8-sig")
    except (OSError, UnicodeError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, (OSError, UnicodeError)) else tr("too large")
        raise SourceError(tr("cannot be read: {reason}", reason=reason), Path(given)) from None


# --- the live page ----------------------------------------------------------------------------------------------------


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Listen here; 0 takes a free port.")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="0.0.0.0 lets a phone in that has the key.")
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
@click.option("--account", "account_name", default="", metavar="NAME", help="Push to this account of wxpub.toml.")
@options.theme
@options.newspic
@options.as_json
def preview(
    file: Path,
    port: int | None,
    host: str,
    no_open: bool,
    account_name: str,
    theme_name: str | None,
    variables: dict[str, str],
    as_newspic: bool,
    as_json: bool,
) -> None:
    """Show an issue in the browser, live while you write.

    The page follows every change of the file, its images, wxpub.toml and the theme; it copies the article for
    WeChat's web editor, puts it in there by a bookmark or an extension, and pushes it. Ctrl-C ends it.

    \b
    Examples:
      wxpub preview issue.md
      wxpub preview issue.md --theme digest --port 8000
      wxpub preview issue.md --host 0.0.0.0
    """
    from wxpub.preview.server import serve

    served = serve(
        file,
        theme=theme_name,
        variables=variables,
        as_newspic=as_newspic,
        account=account_name,
        host=host,
        port=port,
        say=options.tell,
    )
    with served as session, options.stopping() as wait:
        options.print_json({"url": session.url}, now=True)
        _say(session)
        if not no_open:
            options.launch(session.url)
        wait()


def _say(session: Session) -> None:
    """Say where the preview is; where a key opens it, also as a code to scan, again whenever the key has been used."""
    from wxpub.images.draw import terminal_qrcode

    options.echo(tr("preview: {url}  (Ctrl-C ends it)", url=session.url), err=True)
    if session.access.locked:
        said = tr("the address lets one browser in, then there is a new one; scan it with a phone:")
        options.echo(f"{said}\n{terminal_qrcode(session.url)}", err=True)
        session.access.opened = lambda: _say(session)
