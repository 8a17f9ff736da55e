"""A newsletter's folder made ready: what is there is recognised and kept, what is missing is written.

wxpub.toml          author, 阅读原文, the name on covers
.gitignore          pages that the tool makes, and what a killed one leaves
.gitattributes      records and inboxes of two people merge line by line
a first issue       where there is none
a workflow          of GitHub Actions, where it is asked for: examples/github-action.yml, for this letter's folder
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from wxpub import article, safe
from wxpub.config import FILE_NAME, LEDGER_NAME
from wxpub.desk import skeleton
from wxpub.desk.letter import INBOX, Letter, own
from wxpub.desk.skeleton import Next
from wxpub.errors import SourceError, reason_of
from wxpub.language import tr

EDITORS = "编辑部"  # the author of a letter that names nobody
_MOST_BYTES = 1_000_000  # of a .gitignore
_REPOSITORY = re.compile(r"https://(?:github\.com|gitee\.com|gitlab\.com)/[^/\s]+/[^/\s]+/?")
_TOML = """\
# 这份简报的设置。文件头（front matter）优先于它，命令行选项优先于两者。

[article]
author = {author}
{source}
[cover]
series = {name}

# 要推送到的公众号。密钥不写在这里，从环境变量里取。
# [accounts.default]
# appid = "wx0123456789abcdef"
# secret_env = "WXPUB_SECRET"
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What an editor says of the letter: its name, who signs it, and its address on the web, "" for none."""

    name: str
    author: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a letter: what it will hold, or None if it is there already and stays as it is."""

    path: Path
    text: str | None


def guess(letter: Letter) -> Answers:
    """Read off the letter what its editor would answer: from settings, front matter, headings and the Git remote."""
    said = letter.settings.article
    author = str(said.get("author") or "")
    if not author and letter.last is not None:
        try:
            author = article.read(letter.last.path).author
        except SourceError:
            author = ""
    sites = letter.settings.sites
    url = str(said.get("source_url") or (sites[0] if sites else ""))
    if not url:
        url = next((_without_path(template) for template, _ in letter.settings.addresses), "")
    return Answers(skeleton.name_of(letter), author or EDITORS, url)


def reaches_up(letter: Letter) -> bool:
    """Whether the last issue, beside which the letter's folder lies, shows a picture of the folder above."""
    if letter.last is None or "/" in letter.shape:
        return False
    try:
        text = article.contents(letter.last.path).decode("utf-8", errors="replace")
    except SourceError:
        return False
    return re.search(r"""!\[[^\]]*\]\(\s*<?\.\./|<img[^>]*src=["']\.\./""", text) is not None


def _without_path(template: str) -> str:
    return re.sub(r"/blob/HEAD/\{path\}$", "", template)


def checked(answers: Answers) -> Answers:
    """Give answers without what no answer has. Raises SourceError for a name or an address that cannot be one."""
    name, author, url = (" ".join(each.split()) for each in (answers.name, answers.author, answers.url))
    if not name:
        raise SourceError(tr("the letter has no name"), hint=tr("give it with --name"))
    if url and not re.fullmatch(r"https?://[^/\s{}]+(?:/\S*)?", url):
        hint = tr("write for example {example}", example="https://github.com/me/letter")
        raise SourceError(tr("{url} is not an address of the web", url=url), hint=hint)
    unknown = [each for each in re.findall(r"\{(.*?)\}", url) if each not in ("path", "stem", "date")]
    if unknown:
        what = tr("url has an unknown {field}", field=f"{{{unknown[0]}}}")
        raise SourceError(what, hint=tr("known: {path}, {stem}, {date}"))
    return Answers(name, author or EDITORS, url)


def plan(letter: Letter, answers: Answers, wanted: Next) -> list[File]:
    """Say which files the letter gets, and which it keeps. Raises SourceError for one that cannot be read."""
    root = letter.root
    toml = root / FILE_NAME
    found = [File(toml, None if _is_there(toml) else _settings(letter, answers))]
    beside = f"/{re.sub(r'{[^}]*}', '*', letter.shape.rpartition('/')[0])}/*".replace("//", "/")
    folder = wanted.path.parent
    pages = () if letter.issues and any(folder.glob("*.html")) else (f"{beside}.html",)  # they may be a site's own
    made = (*pages, f"{beside}.eml", f"{beside}.cards/")
    found.append(_with_lines(root / ".gitignore", (*made, f"/{Path(LEDGER_NAME).stem}.*.old.json", ".*.tmp")))
    union = tuple(f"{each} merge=union" for each in (LEDGER_NAME, INBOX))
    found.append(_with_lines(root / ".gitattributes", union))
    if not letter.issues:
        text = skeleton.first(letter, wanted)
        found.append(File(wanted.path, None if _is_there(wanted.path) else text))
    return found


def workflow(letter: Letter) -> File:
    """Plan the workflow of GitHub Actions, for the folder that the letter's issues are in.

    Raises SourceError for a letter inside a larger repository, where GitHub would not see it, and as `own` does.
    """
    path = letter.root / ".github" / "workflows" / "wxpub.yml"
    around = next((each for each in letter.root.resolve().parents if (each / ".git").exists()), None)
    if around and not (letter.root / ".git").exists():
        hint = tr("write one yourself after examples/github-action.yml, with the letter's folder in its paths")
        raise SourceError(
            tr("the workflow belongs into the repository's own folder, {folder}", folder=around), hint=hint
        )
    folder = letter.shape.rpartition("/")[0]
    text = (Path(__file__).parent / "github-action.yml").read_text(encoding="utf-8")
    text = text.replace("issues/**", f"{folder}/**" if folder else "**/*.md")
    text = text.replace("issues/*.md", f"{folder}/*.md" if folder else "*.md")
    return File(path, None if _is_there(own(path.parent, letter.root) / path.name) else text)


def _settings(letter: Letter, answers: Answers) -> str:
    """Write `wxpub.toml`; 阅读原文 leads to the issue's file in a repository, and else to the letter's page."""
    url = answers.url
    lines = []
    if url:
        source = f"{url.rstrip('/')}/blob/HEAD/{_below(letter)}{{path}}" if _REPOSITORY.fullmatch(url) else url
        lines.append(f"source_url = {_quoted(source)}  # 阅读原文打开的网页")
        if not _REPOSITORY.fullmatch(url) and "{" not in url:
            lines += ["", "[site]", f"url = {_quoted(url)}"]
    source_lines = "".join(f"{each}\n" for each in lines)
    return _TOML.format(author=_quoted(answers.author), name=_quoted(answers.name), source=source_lines)


def _below(letter: Letter) -> str:
    """Name the letter's folder in its Git repository, with a slash at its end; "" for the repository itself."""
    folders = (Path(folder) for template, folder in letter.settings.addresses if template.endswith("/blob/HEAD/{path}"))
    root = letter.root.resolve()
    folder = next((each for each in folders if root.is_relative_to(each)), root)
    below = root.relative_to(folder).as_posix()
    return "" if below == "." else f"{below}/"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _with_lines(path: Path, wanted: tuple[str, ...]) -> File:
    """Add to a file of patterns those lines whose pattern it does not have."""
    if not _is_there(path):
        return File(path, "".join(f"{each}\n" for each in wanted))
    try:
        text = safe.read_whole(path, _MOST_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(tr("cannot be read: {reason}", reason=reason_of(error)), path) from None
    known = {line.split()[0] for line in text.splitlines() if line.split()}
    missing = [each for each in wanted if each.split()[0] not in known]
    if not missing or path.is_symlink():
        return File(path, None)
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text or text.endswith("\n") else end
    return File(path, text + gap + "".join(f"{each}{end}" for each in missing))


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()
