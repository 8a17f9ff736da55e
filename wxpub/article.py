"""An issue as its author wrote it: a Markdown file in, an `Article` out; knows no HTML and no network.

Front matter is shared with other tools, so what they know and we do not is none of our business. What cannot be meant
is said: as an error where nothing sensible could be printed, else as a finding.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wxpub.errors import SourceError, near, near_file, reason_of
from wxpub.finding import Finding, Rule, shorten
from wxpub.language import gettext, listed, tr

MAX_FRONT_MATTER = 100_000  # characters; YAML takes seconds to read as much
MAX_DOTS = 200  # in one line of TOML: a.b.c takes its reader time with the square of the parts
_UNSEEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # control characters, and halves of others
MAX_BYTES = 20 * 1024 * 1024  # far above any issue; keeps a mistaken `wxpub convert video.mp4` from eating the memory

# Front-matter keys as wxpub calls them, with the names that other tools use for the same thing.
KEYS: Mapping[str, tuple[str, ...]] = {
    "title": ("标题",),
    "author": ("authors", "作者"),
    "digest": ("description", "summary", "excerpt", "摘要"),
    "cover": ("image", "cover_image", "coverImage", "featureImage", "thumbnail", "封面"),
    "cover_design": ("封面设计",),
    "cover_series": (),
    "cover_picture": (),
    "cover_logo": (),
    "cover_ground": (),
    "cover_accent": (),
    "number": ("issue_number", "期号"),
    "source_url": ("content_source_url", "sourceUrl", "original_url", "原文地址"),
    "date": ("日期",),
    "theme": ("样式",),
    "notes_heading": (),
    "open_comment": ("need_open_comment", "打开评论"),
    "fans_only_comment": ("only_fans_can_comment", "仅粉丝可评论"),
    "hard_breaks": (),
    "qrcode": (),
    "captions": (),
    "header": (),
    "footer": (),
    "type": ("类型",),
    "image_list": ("图片列表",),
}
VARIABLES = "theme_variables"
STDIN = Path("-")  # the name of a text that has none
# Keys that other tools read, and that are no mistake although some look like ours.
_FOREIGN_KEYS = """
layout draft tags tag categories category comments comment keywords slug permalink url aliases id lang toc top
weight sticky series hidden published updated lastmod images subtitle original data math mathjax katex
"""
_FOREIGN = frozenset(_FOREIGN_KEYS.split())
_NAMES = dict.fromkeys((*KEYS, VARIABLES, *(name for others in KEYS.values() for name in others)))
# What the standard library says of the usual mistakes in TOML; the catalogue has them in Chinese.
TOML_FAULTS = (
    "Invalid value",
    "Invalid statement",
    "Expected '=' after a key in a key/value pair",
    "Expected newline or end of document after a statement",
    "Cannot overwrite a value",
    "Unclosed array",
    "Unterminated string",
)
_ALIKE = 0.8  # of 1: how much a key has to look like one of ours
_KEY_CHARS = 40  # of a key that is compared with ours
_SWITCHES = {"open_comment", "fans_only_comment", "hard_breaks", "qrcode"}
_CHOICES = {"captions": ("title", "alt", "none")}
_LISTS = {"image_list"}
OF_ONE_ISSUE = {"type", "image_list"}  # keys that no `wxpub.toml` sets for all
# What other tools say of an article's `type` is their business; "image" is one of ours beside a list of images.
NEWSPIC = ("贴图", "newspic", "图片消息")
_BLOCKS = ("header", "footer")
NO_BLOCK = "none"  # in an issue that goes without its letter's header or footer
_TRUE, _FALSE = {"true", "yes", "on", "1", "是"}, {"false", "no", "off", "0", "否"}
_NOTHING = ("", "~", "null", "Null", "NULL")  # how YAML writes that there is no value
_UNKNOWN = 100  # unknown keys that are compared with ours

KEY_UNKNOWN = Rule(
    "key-unknown",
    "warning",
    "a key of the front matter is unknown, though it looks like a known one, and is not used",
    "correct its name",
    "source",
    reader="the article as if the key were not there",
)
DATE_INVALID = Rule(
    "date-invalid",
    "warning",
    "the date of the front matter is not a day of the calendar, and is not used",
    "write it as 2026-11-15",
    "source",
    reader="nothing of it; addresses that are made of the date are made without it",
)
RULES = (KEY_UNKNOWN, DATE_INVALID)


@dataclass(frozen=True, slots=True)
class Article:
    """One issue. `body` is its Markdown with the file's own line numbers: front matter became empty lines.

    An empty `title` or `digest` is to be found in the body; an empty `digest` after that is left to WeChat. `findings`
    are mistakes in the front matter, `places` the lines of our keys that stand in it, "theme_variables.accent" too.
    `cover` is a picture; without one a cover is drawn, for which the `cover_…` and `number` are.
    """

    path: Path
    body: str
    title: str = ""
    author: str = ""
    digest: str = ""
    cover: str = ""
    cover_design: str = ""
    cover_series: str = ""
    cover_picture: str = ""
    cover_logo: str = ""
    cover_ground: str = ""
    cover_accent: str = ""
    number: str = ""
    source_url: str = ""
    date: str = ""
    theme: str = ""
    theme_variables: tuple[tuple[str, str], ...] = ()
    notes_heading: str = "阅读原文"
    open_comment: bool = False
    fans_only_comment: bool = False
    hard_breaks: bool = False
    qrcode: bool | None = None  # None: there is one unless the issue ends in one already
    header: str = ""  # files of blocks, from the project's folder, that stand below the title and at the end
    footer: str = ""
    captions: str = "title"  # what stands below a picture: its title, else its alternative text ("alt"), or "none"
    type: str = ""
    image_list: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_newspic(self) -> bool:
        """Whether its author made it a 贴图: pictures to swipe through, above a short text."""
        return self.type.lower() in NEWSPIC or (self.type == "image" and bool(self.image_list))


def read(
    path: Path, defaults: Mapping[str, Any] | None = None, root: Path | None = None, data: bytes | None = None
) -> Article:
    """Read the issue at `path`, or the `data` that stands for it; front matter wins over `defaults`.

    Those are `[article]` of `wxpub.toml`, each as `default` gives it. Their `source_url` may hold `{path}` (from
    `root`, percent-encoded), `{stem}` and `{date}`. Raises SourceError for what is wrong in the file.
    """
    return parse(_text(path, contents(path, data)), path, defaults, root)


def parse(text: str, path: Path, defaults: Mapping[str, Any] | None = None, root: Path | None = None) -> Article:
    """Make an article of the `text` that stands, or stood, in the file `path`; see `read`."""
    front, body = _split(text, path)
    found, findings = _known(front)
    fields = {**(defaults or {}), **found}
    fields.setdefault("date", date_in(path.stem))
    if "source_url" not in found and fields.get("source_url"):
        nameless = path == STDIN and "{" in fields["source_url"]
        fields["source_url"] = (
            "" if nameless else _expand(fields["source_url"], path, root or path.parent, fields["date"])
        )
    variables = _variables(front)
    places = {key: front.line(name) for key in KEYS if (name := _name_in(front.values, key))}
    places |= {f"{VARIABLES}.{name}": front.line(name, VARIABLES) for name, _ in variables}
    return Article(path=path, body=body, theme_variables=variables, findings=findings, places=places, **fields)


def default(key: str, value: Any) -> str | bool | tuple[str, ...]:
    """Read one default of `[article]` in `wxpub.toml`. Raises ValueError for a value that the key cannot have."""
    if key == "source_url" and isinstance(value, str):
        unknown = next((name for name in re.findall(r"\{(\w*)\}", value) if name not in _PLACEHOLDERS), None)
        if unknown is not None:
            known = listed(f"{{{each}}}" for each in _PLACEHOLDERS)
            raise ValueError(
                tr("{key} has an unknown {field}; known: {names}", key=key, field=f"{{{unknown}}}", names=known)
            )
    return _value(key, value, key)


def written_in(words: str) -> str:
    """Name the language of a letter as HTML does, by its words: Chinese, unless there is no Chinese character."""
    chinese = any("\u3400" <= each <= "\u9fff" or "\uf900" <= each <= "\ufaff" for each in words)
    return "zh-CN" if chinese else "en"


def contents(path: Path, data: bytes | None = None) -> bytes:
    """Read the file at `path`, unless `data` stands for it. Raises SourceError, also for more than MAX_BYTES."""
    try:
        if data is None and path.is_dir():
            raise SourceError(tr("is a folder, not a Markdown file"), path)
        if data is None:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)  # of a device without end, too
    except FileNotFoundError:
        raise SourceError(tr("no such file"), path, hint=near_file(path)) from None
    except OSError as error:
        raise SourceError(tr("cannot be read: {reason}", reason=reason_of(error)), path) from None
    if len(data) > MAX_BYTES:
        raise SourceError(tr("is larger than {n} MB; is it the right file?", n=MAX_BYTES // 1024 // 1024), path)
    return data


def _text(path: Path, data: bytes) -> str:
    if b"\0" in data[:8192]:
        raise SourceError(tr("is no text file"), path, hint=tr("give the issue's Markdown, saved as UTF-8"))
    text = decoded(path, data).removeprefix("\ufeff")
    if not text.strip():
        raise SourceError(tr("is empty"), path)
    return unix(text)


def decoded(path: Path, data: bytes) -> str:
    """Give the text of a file as it is. Raises SourceError for what is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(path, data, error) from None


def _not_utf8(path: Path, data: bytes, error: UnicodeDecodeError) -> SourceError:
    line = data.count(b"\n", 0, error.start) + 1
    try:
        data.decode("gb18030")
        hint = tr("it looks like GBK: save it as UTF-8")
    except UnicodeDecodeError:
        hint = tr("save it as UTF-8")
    return SourceError(tr("byte {byte} is not UTF-8", byte=f"0x{data[error.start]:02x}"), path, line, hint)


# --- front matter: `---` YAML `---` or `+++` TOML `+++`, at the very beginning ---------------------------------------

_OPENING = re.compile(r"(?:[ \t]*\n)*(---|\+\+\+)[ \t]*\n")
_KEY = re.compile(
    r"""["']?([\w-]+)["']?[ \t]*([:：=＝])(?!//)(\s|\Z)?"""
)  # how a line with a key begins, rightly or not


@dataclass(frozen=True, slots=True)
class _FrontMatter:
    """Front matter as it was read: the values, and the text that begins on the line `first` of `path`."""

    path: Path
    text: str = ""
    first: int = 1
    values: Mapping[str, Any] = field(default_factory=dict)

    def line(self, name: str, table: str = "") -> int:
        """Give the line of the key `name`, or of one in a `table`; that of what is around it if it stands unusually."""
        found = 0
        for key, indent in ((table, ""), (name, "[ \t]*" if table else "")):
            pattern = re.compile(rf"""^{indent}\[?["']?{re.escape(key)}["']?[ \t]*[]:=]""", re.MULTILINE)
            if key and (match := pattern.search(self.text, found)):
                found = match.start()
        return self.first + self.text.count("\n", 0, found)

    def error(self, message: str, line: int, hint: str = "") -> SourceError:
        return SourceError(tr("front matter: {message}", message=message), self.path, line, hint)


def _split(text: str, path: Path) -> tuple[_FrontMatter, str]:
    """Take the front matter off; what stays keeps its line numbers.

    Prose between two rules is none, nor is one rule above prose. Raises SourceError for front matter that has no end,
    since readers would see it.
    """
    opening = _OPENING.match(text)
    if opening is None:
        return _FrontMatter(path), text
    fence, start = opening[1], opening.end()
    first = text.count("\n", 0, start) + 1
    closing = re.compile(rf"^(?:{re.escape(fence)}|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE).search(text, start)
    front = _FrontMatter(path, text[start : closing.start() if closing else len(text)], first)
    key = _KEY.match(front.text)
    if closing is None and (key is None or not _is_meant(key)):
        return _FrontMatter(path), text
    if closing is None:
        raise _unclosed(front, fence)
    if first > 2 and not re.match(r"[\w-]+\s*[:=]", front.text):
        return _FrontMatter(path), text
    values = _yaml(front) if fence == "---" else _toml(front)
    if values is None and key is not None and _is_meant(key):
        hint = _colon(front.text.partition("\n")[0]) or tr("write key: value")
        raise front.error(tr("cannot be read"), first, hint)
    if values is None:
        return _FrontMatter(path), text
    return replace(front, values=values), "\n" * text.count("\n", 0, closing.end()) + text[closing.end() :]


def _is_meant(key: re.Match[str]) -> bool:
    """Whether a first line that begins with `key` is one of front matter: its name is known, or a program's word."""
    return key[1] in _NAMES or key[1] in _FOREIGN or (key[1].isascii() and key[2] in ":=" and key[3] is not None)


def _unclosed(front: _FrontMatter, fence: str) -> SourceError:
    """Say where front matter that has no end was to have one: above the first line that cannot belong to it."""
    lines = front.text.split("\n")
    inner = r"[ \t]+\S|[-#] |\]|\}|" + _KEY.pattern
    end = next((number for number, line in enumerate(lines) if not re.match(inner, line)), len(lines))
    what, hint = (
        tr("begins on line {n} and has no end", n=front.first - 1),
        tr("close it with a line of {fence}", fence=fence),
    )
    return front.error(what, front.first + end, hint)


def _colon(line: str) -> str:
    """Write the hint on a line whose colon is not what YAML wants; "" where it is."""
    key = _KEY.match(line.strip())
    if key is None:
        return ""
    if key[2] in "：＝":
        return tr("{mark} is a full-width character: write {key}: and a space", mark=key[2], key=key[1])
    return tr("write a space after {key}:", key=key[1]) if key[2] == ":" and key[3] is None else ""


def _yaml(front: _FrontMatter) -> Mapping[str, Any] | None:
    if (plain := _plain(front.text)) is not None:
        return plain
    import yaml

    class Loader(yaml.BaseLoader):  # makes strings, lists and dicts only
        def compose_node(self, parent: Any, index: Any) -> Any:
            """Refuse an alias: a few of them, one within another, stand for gigabytes."""
            if self.check_event(yaml.AliasEvent):
                event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML has no types here
                what, hint = tr("*{name} is not read", name=event.anchor), tr("write the value itself")
                raise front.error(what, front.first + event.start_mark.line, hint)
            return super().compose_node(parent, index)

    _bounded(front)
    try:
        meta = yaml.load(front.text, Loader=Loader)  # noqa: S506
    except yaml.YAMLError as error:
        # A line without a colon is noticed only where the next one begins.
        began = getattr(error, "context", None) == "while scanning a simple key"
        mark = getattr(error, "context_mark" if began else "problem_mark", None)
        line = mark.line if mark else 0
        problem = _yaml_problem(getattr(error, "problem", None) or str(error))
        raise front.error(problem, front.first + line, _yaml_hint(front.text.split("\n")[: line + 1])) from None
    except RecursionError:
        raise front.error(tr("is nested too deeply"), front.first) from None
    try:
        _refuse_unseen(meta, front.text)
    except SourceError as error:
        raise front.error(error.message, front.first + (error.line or 1) - 1, error.hint) from None
    if meta in (None, ""):
        return {}
    return meta if isinstance(meta, dict) else None


def _yaml_problem(problem: str) -> str:
    """Say what is wrong in an author's words where an author is likely to meet it, else in PyYAML's."""
    if character := re.fullmatch(r"found character '(.+)' that cannot start any token", problem):
        return tr("{character} cannot stand here", character=character[1])
    common = {
        "mapping values are not allowed here": tr("a colon stands where none can be"),
        "could not find expected ':'": tr("a line has no colon"),
        "found unexpected end of stream": tr("a quotation mark is not closed"),
    }
    return common.get(problem) or tr("not valid YAML: {reason}", reason=problem)


def _yaml_hint(lines: list[str]) -> str:
    """Write the hint on YAML that cannot be read, of which the last of `lines` is to blame."""
    if hint := next(filter(None, map(_colon, reversed(lines[-2:]))), ""):
        return hint
    if re.match(r" *\t", lines[-1]):
        return tr("indent with spaces, not with a tab")
    if "" in lines:
        return tr("if the text has begun here, close the front matter above it with a line of ---")
    return tr("put the value in quotes")


def _plain(text: str) -> dict[str, str] | None:
    """Read YAML that is nothing but lines `key: value` without quotes; None for any other.

    So most issues are converted without the library, whose import takes longer than the conversion.
    """
    found = {}
    for line in filter(None, text.split("\n")):
        match = re.fullmatch(r"([A-Za-z_][\w-]{0,99}): +(\w|[./\w].*[^\s:])", line)
        if match is None or ": " in match[2] or " #" in match[2] or not line.isprintable():
            return None
        found[match[1]] = match[2]
    return found


def _toml(front: _FrontMatter) -> Mapping[str, Any]:
    _bounded(front)
    try:
        return toml(front.text)
    except SourceError as error:
        raise front.error(error.message, front.first + (error.line or 1) - 1, error.hint) from None


def with_key(text: str, path: Path, key: str, value: str) -> str:
    """Return an issue's `text`, line ends as they are, whose front matter sets one of KEYS to `value`; all else stays.

    Raises SourceError for what is wrong in it, and where the front matter is written so that no line can be set.
    """
    before = parse(unix(text), path)
    wanted: dict[str, Any] = {key: value}
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = re.findall(r"[^\n]*\n|[^\n]+", text.removeprefix(mark))
    front, _ = _split(unix(text), path)
    fence = lines[front.first - 2].strip() if front.first > 1 else ""
    plain = fence != "+++" and re.fullmatch(r"[\w./\-]+", value)
    written = value if plain else json.dumps(value, ensure_ascii=False)  # a string alike in YAML, TOML and JSON
    equals = " = " if fence == "+++" else ": "
    if name := _name_in(front.values, key):
        at = front.line(name) - 1
        lines[at] = _VALUE.sub(lambda match: f"{match[1]}{match[2] or ' '}{written}{match[4]}", lines[at])
    elif fence:
        lines.insert(front.first - 1, f"{key}{equals}{written}{end}")
    else:
        lines[:0] = [f"---{end}", f"{key}{equals}{written}{end}", f"---{end}", end]
    changed = mark + "".join(lines)
    try:
        sound = _said(parse(unix(changed), path)) == _said(replace(before, **wanted))
    except SourceError:
        sound = False
    if not sound:
        hint = tr("write {line} there yourself", line=f"{key}{equals}{written}")
        raise front.error(tr("its form is unusual, so nothing is written into it"), front.first, hint)
    return changed


# A line of front matter: the key up to its colon, space, the value, a comment and the line's end.
_VALUE = re.compile(r"""^([^:=]*[:=])([ \t]*)("[^"]*"|'[^']*'|[^"'#\r\n]*?)((?:[ \t]+#.*)?[ \t]*\r?\n?)$""")


def unix(text: str) -> str:
    """Return a text with unix line ends, and without the mark at its beginning."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _said(found: Article) -> tuple[Any, ...]:
    """Return all that an issue's text says; its lines may have moved."""
    return found.body.lstrip("\n"), replace(found, body="", findings=())


def toml(text: str) -> dict[str, Any]:
    """Read TOML. Raises SourceError, with the line in `text`, that says what is wrong in an author's words."""
    if sys.version_info >= (3, 11):  # imported where there is some: a plain convert has none, and shall start quickly
        import tomllib
    else:
        import tomli as tomllib
    if line := next((n for n, each in enumerate(text.split("\n"), 1) if each.count(".") > MAX_DOTS), 0):
        raise SourceError(tr("has more than {n} dots in one line", n=MAX_DOTS), line=line)
    try:
        values = tomllib.loads(text)
        _refuse_unseen(values, text)
        return values
    except RecursionError:
        raise SourceError(tr("is nested too deeply"), line=1) from None
    except ValueError as error:  # of which TOMLDecodeError is one, and a number of 5,000 digits another
        at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        message = str(error).replace(at[0], "") if at else str(error)
        line = int(at[1]) if at and at[1] else text.count("\n") + 1 if at else 1
    wrong = re.search(r"""^[^"'#]*?([“”„‘’＂＇「」『』])""", text.split("\n")[line - 1])
    if wrong:
        message = tr("{mark} is no straight quotation mark", mark=wrong[1])
        hint = tr('write "…", with straight quotation marks')
    else:
        hint = tr("text stands in straight quotation marks") if message == TOML_FAULTS[0] else ""
        unclosed = message == r"Illegal character '\n'"
        message = tr("a quotation mark is not closed") if unclosed else gettext(message)
    raise SourceError(tr("not valid TOML: {reason}", reason=message), line=line, hint=hint)


def _refuse_unseen(values: Any, text: str) -> None:
    """Raise SourceError, with the line in `text`, where a value holds what only an escape can write.

    A control character or half of a character can be neither shown nor sent, nor be in the name of a file.
    """
    left = [values]
    while left:
        value = left.pop()
        if isinstance(value, Mapping):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str) and _UNSEEN.search(value):
            line = next((n for n, each in enumerate(text.split("\n"), 1) if "\\" in each), 1)
            hint = tr("write the character itself, no escape")
            raise SourceError(tr("a character cannot be shown"), line=line, hint=hint)


def _bounded(front: _FrontMatter) -> None:
    if len(front.text) > MAX_FRONT_MATTER:
        raise front.error(tr("has more than {n:,} characters", n=MAX_FRONT_MATTER), front.first)


def _name_in(values: Mapping[str, Any], key: str) -> str:
    """Find the name under which `values` has our `key`; "" if it has none."""
    return next((each for each in (key, *KEYS.get(key, ())) if each in values), "")


def _known(front: _FrontMatter) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Give the fields that the front matter sets, under our names, and what is wrong with others."""
    fields, findings = {}, _unknown(front)
    for key in KEYS:
        name = _name_in(front.values, key)
        value = front.values.get(name)
        if value is None or value in _NOTHING or (key in _BLOCKS and not _is_block(value)):
            continue
        try:
            fields[key] = _value(key, value, name)
        except ValueError as error:
            if key != "date":
                raise front.error(str(error), front.line(name)) from None
            message = tr("front matter: {message}", message=error)
            findings.append(DATE_INVALID.find(message, front.path, front.line(name)))
    return fields, tuple(findings)


def _is_block(value: Any) -> bool:
    """Whether front matter means a block of ours: other tools have a `header` of their own, a table or a switch."""
    return isinstance(value, str) and (value == NO_BLOCK or value.lower().endswith((".md", ".markdown")))


def _unknown(front: _FrontMatter) -> list[Finding]:
    """Find keys that are none but look like one of ours."""
    names = (each for each in front.values if each not in _NAMES and str(each).lower() not in _FOREIGN)
    found = []
    for name in islice(names, _UNKNOWN):
        if len(str(name)) <= _KEY_CHARS and (meant := near(str(name), _NAMES, _ALIKE)):
            message, fix = tr("front matter: {name} is not a key", name=name), tr("did you mean {name}?", name=meant)
            found.append(KEY_UNKNOWN.find(message, front.path, front.line(str(name)), fix=fix))
    return found


def _value(key: str, value: Any, name: str) -> str | bool | tuple[str, ...]:
    """Read the value of `key`, which is written as `name`. Raises ValueError for one that it cannot have."""
    if key == "type" and not isinstance(value, str):
        return ""  # other tools have lists of types
    if key in _LISTS:
        several = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str) for each in several):
            raise ValueError(tr("{key} is not a list of names", key=name))
        return tuple(each.strip() for each in several if each.strip())
    if key in _SWITCHES:
        word = str(value).strip().lower()
        if word not in _TRUE | _FALSE:
            raise ValueError(tr("{key} is neither true nor false", key=name))
        return word in _TRUE
    if key == "author" and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "、".join(value)
    if isinstance(value, (list, dict)):
        raise ValueError(tr("{key} is not one value but several", key=name))
    text = " ".join(str(value).split())
    if key in _BLOCKS:
        if text and not _is_block(text):
            example = f'{key} = "blocks/{key}.md"'
            raise ValueError(tr("{key} is not a Markdown file, as in {example}", key=name, example=example))
        return "" if text == NO_BLOCK else text
    if key in _CHOICES and text not in _CHOICES[key]:
        raise ValueError(tr("{key} is none of {choices}", key=name, choices=listed(_CHOICES[key])))
    return _date(text, name) if key == "date" and text else text


def _variables(front: _FrontMatter) -> tuple[tuple[str, str], ...]:
    table = front.values.get(VARIABLES) or {}
    if not isinstance(table, dict):
        line = front.line(VARIABLES)
        hint = tr("write for example {example}", example=f"{VARIABLES}: {{accent: '#0f4c81'}}")
        raise front.error(tr("{key} is no table", key=VARIABLES), line, hint)
    for name, value in table.items():
        line = front.line(str(name), VARIABLES)
        if isinstance(value, (list, dict)):
            raise front.error(tr("{key} is not one value but several", key=f"{VARIABLES}.{name}"), line)
        if value in _NOTHING:
            hint = tr("a # begins a comment: write {example}", example=f"{name}: '#0f4c81'")
            raise front.error(tr("{key} is empty", key=f"{VARIABLES}.{name}"), line, hint)
    return tuple((str(key), str(value)) for key, value in table.items())


# --- the date, and the address of 阅读原文 ----------------------------------------------------------------------------

_PLACEHOLDERS = ("path", "stem", "date")


def _date(text: str, name: str) -> str:
    """Read the date that `name` says, with or without a time after it. Raises ValueError for what is none."""
    match = re.match(r"(\d{4})([-/._年]?)(\d{1,2})[-/._月]?(\d{1,2})日?(?!\d)", text)
    if match is None or (not match[2] and not re.match(r"\d{8}(?!\d)", text)):
        raise ValueError(tr("{key}: {text} is not a date", key=name, text=shorten(text, 40)))
    if not (found := date_of(match[1], match[3], match[4])):
        raise ValueError(tr("{key}: there is no day {text}", key=name, text=match[0]))
    return found


def date_in(text: str) -> str:
    """Find the issue's date, as in `2020-08-26.md` or `2020-08-26-title.md`; "" where there is none."""
    match = re.search(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)", text)
    return date_of(*match.groups()) if match else ""


def date_of(year: str, month: str, day: str) -> str:
    """Write a day of the calendar as 2020-08-26; "" for one that there is not."""
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return ""


def _expand(template: str, path: Path, root: Path, date: str) -> str:
    try:
        relative = path.resolve().relative_to(root.resolve())
    except ValueError:
        relative = Path(path.name)
    values = dict(zip(_PLACEHOLDERS, (quote(relative.as_posix()), quote(path.stem), date), strict=True))
    if "{date}" in template and not date:
        what = tr("source_url needs {date}, and neither the file's name nor its front matter has one")
        raise SourceError(what, path)
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], template)
