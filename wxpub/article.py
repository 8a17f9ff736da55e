"""An issue as its author wrote it: a Markdown file in, an `Article` out; knows no HTML and no network."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wxpub.errors import ConfigError, SourceError

MAX_FRONT_MATTER = 100_000  # characters; YAML takes seconds to read as much
MAX_BYTES = 20 * 1024 * 1024  # far above any issue; keeps a mistaken `wxpub convert video.mp4` from eating the memory

# Front-matter keys as wxpub calls them, with the names that other tools use for the same thing.
KEYS: Mapping[str, tuple[str, ...]] = {
    "title": ("标题",),
    "author": ("authors", "作者"),
    "digest": ("description", "summary", "excerpt", "摘要"),
    "cover": ("image", "cover_image", "coverImage", "featureImage", "thumbnail", "封面"),
    "source_url": ("content_source_url", "sourceUrl", "original_url", "原文地址"),
    "date": ("日期",),
    "theme": ("样式",),
    "notes_heading": (),
    "open_comment": ("need_open_comment", "打开评论"),
    "fans_only_comment": ("only_fans_can_comment", "仅粉丝可评论"),
    "hard_breaks": (),
    "qrcode": (),
}
_SWITCHES = {"open_comment", "fans_only_comment", "hard_breaks", "qrcode"}
_TRUE, _FALSE = {"true", "yes", "on", "1", "是"}, {"false", "no", "off", "0", "否"}
_NOTHING = ("", "~", "null", "Null", "NULL")  # how YAML writes that there is no value


@dataclass(frozen=True, slots=True)
class Article:
    """One issue. `body` is its Markdown with the file's own line numbers: front matter became empty lines.

    An empty `title` or `digest` is to be found in the body; an empty `digest` after that is left to WeChat.
    """

    path: Path
    body: str
    title: str = ""
    author: str = ""
    digest: str = ""
    cover: str = ""
    source_url: str = ""
    date: str = ""
    theme: str = ""
    theme_variables: tuple[tuple[str, str], ...] = ()
    notes_heading: str = "阅读原文"
    open_comment: bool = False
    fans_only_comment: bool = False
    hard_breaks: bool = False
    qrcode: bool = True


def read(path: Path, defaults: Mapping[str, Any] | None = None, root: Path | None = None) -> Article:
    """Read the issue at `path`; front matter wins over `defaults`, which are `[article]` of `wxpub.toml`.

    `source_url` of the defaults may hold `{path}` (from `root`, percent-encoded), `{stem}` and `{date}`.
    Raises SourceError for what is wrong in the file, ConfigError for what is wrong in the defaults.
    """
    return parse(_text(path), path, defaults, root)


def parse(text: str, path: Path, defaults: Mapping[str, Any] | None = None, root: Path | None = None) -> Article:
    """Make an article of the `text` that stands, or stood, in the file `path`; see `read`."""
    meta, body = _split(text, path)
    found = _known(meta, path)
    fields = _defaults(defaults or {}) | found
    fields.setdefault("date", _date_of(path.stem))
    if "source_url" not in found and fields.get("source_url"):
        fields["source_url"] = _expand(fields["source_url"], path, root or path.parent, fields["date"])
    return Article(path=path, body=body, theme_variables=_variables(meta, path), **fields)


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            raise SourceError("is a folder, not a Markdown file", path)
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(f"is larger than {MAX_BYTES // 1024 // 1024} MB; is it the right file?", path)
        data = path.read_bytes()
    except FileNotFoundError:
        raise SourceError("no such file", path) from None
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", path) from None
    if b"\0" in data[:8192]:
        raise SourceError("is no text file", path, hint="give the issue's Markdown, saved as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(path, data, error) from None
    if not text.strip():
        raise SourceError("is empty", path)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _not_utf8(path: Path, data: bytes, error: UnicodeDecodeError) -> SourceError:
    line = data.count(b"\n", 0, error.start) + 1
    try:
        data.decode("gb18030")
        hint = "it looks like GBK: save it as UTF-8"
    except UnicodeDecodeError:
        hint = "save it as UTF-8"
    return SourceError(f"byte 0x{data[error.start]:02x} is not UTF-8", path, line, hint)


# --- front matter: `---` YAML `---` or `+++` TOML `+++`, at the very beginning ---------------------------------------


def _split(text: str, path: Path) -> tuple[Mapping[str, Any], str]:
    """Take the front matter off; what stays keeps its line numbers."""
    begin = re.match(r"(?:[ \t]*\n)*", text)
    above = begin[0].count("\n") if begin else 0
    pattern = re.compile(r"(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
    match = pattern.match(text, begin.end() if begin else 0)
    if not match or (above and not re.match(r"[\w-]+\s*[:=]", match[2])):
        return {}, text
    meta = _yaml(match[2], path, above) if match[1] == "---" else _toml(match[2], path, above)
    if meta is None:  # prose between two rules is no front matter
        return {}, text
    return meta, "\n" * (above + match[0].count("\n")) + text[match.end() :]


def _yaml(text: str, path: Path, above: int) -> Mapping[str, Any] | None:
    if (plain := _plain(text)) is not None:
        return plain
    import yaml

    class Loader(yaml.BaseLoader):  # makes strings, lists and dicts only
        def compose_node(self, parent: Any, index: Any) -> Any:
            """Refuse an alias: a few of them, one within another, stand for gigabytes."""
            if self.check_event(yaml.AliasEvent):
                event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML has no types here
                raise yaml.MarkedYAMLError(problem=f"*{event.anchor} is not read", problem_mark=event.start_mark)
            return super().compose_node(parent, index)

    _bounded(text, path)
    try:
        meta = yaml.load(text, Loader=Loader)  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise SourceError(
            f"front matter: {problem}", path, above + (mark.line + 2 if mark else 1), "put the value in quotes"
        ) from None
    except RecursionError:
        raise SourceError("front matter is nested too deeply", path, 1) from None
    if meta in (None, ""):
        return {}
    return meta if isinstance(meta, dict) else None


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


def _toml(text: str, path: Path, above: int) -> Mapping[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    _bounded(text, path)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SourceError("front matter is nested too deeply", path, 1) from None
    except ValueError as error:  # of which TOMLDecodeError is one, and a number of 5,000 digits another
        line = re.search(r"at line (\d+)", str(error))
        raise SourceError(f"front matter: {error}", path, above + (int(line[1]) + 1 if line else 1)) from None


def _bounded(text: str, path: Path) -> None:
    if len(text) > MAX_FRONT_MATTER:
        raise SourceError(f"front matter has more than {MAX_FRONT_MATTER:,} characters", path, 1)


def _known(meta: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Give the fields that `meta` sets, under our names; keys of other tools are none of our business."""
    fields = {}
    for key, aliases in KEYS.items():
        name = next((each for each in (key, *aliases) if each in meta), None)
        if name is None or meta[name] is None or meta[name] in _NOTHING:
            continue
        try:
            fields[key] = _value(key, meta[name])
        except ValueError as error:
            raise SourceError(f"front matter: {name} {error}", path, 1) from None
    return fields


def _defaults(table: Mapping[str, Any]) -> dict[str, Any]:
    fields = {}
    for key, value in table.items():
        if key not in KEYS:
            raise ConfigError(f"[article]: unknown {key}", hint=f"known keys: {', '.join(sorted(KEYS))}")
        try:
            fields[key] = _value(key, value)
        except ValueError as error:
            raise ConfigError(f"[article]: {key} {error}") from None
    return fields


def _value(key: str, value: Any) -> str | bool:
    if key in _SWITCHES:
        word = str(value).strip().lower()
        if word not in _TRUE | _FALSE:
            raise ValueError("is neither true nor false")
        return word in _TRUE
    if key == "author" and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "、".join(value)
    if isinstance(value, (list, dict)):
        raise ValueError("is not one value but several")
    text = " ".join(str(value).split())
    return text[:10] if key == "date" and _date_of(text[:10]) else text


def _variables(meta: Mapping[str, Any], path: Path) -> tuple[tuple[str, str], ...]:
    table = meta.get("theme_variables") or {}
    if not isinstance(table, dict):
        raise SourceError(
            "front matter: theme_variables is no table",
            path,
            1,
            "write for example theme_variables: {accent: '#0f4c81'}",
        )
    return tuple((str(key), str(value)) for key, value in table.items())


# --- the address of 阅读原文 -----------------------------------------------------------------------------------------


def _date_of(text: str) -> str:
    """Find the issue's date, as in `2020-08-26.md` or `2020-08-26-title.md`; "" where there is none."""
    match = re.search(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)", text)
    if not match or not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31):
        return ""
    return "-".join(match.groups())


def _expand(template: str, path: Path, root: Path, date: str) -> str:
    try:
        relative = path.resolve().relative_to(root.resolve())
    except ValueError:
        relative = Path(path.name)
    names = {"path": quote(relative.as_posix()), "stem": quote(path.stem), "date": date}
    if "{date}" in template and not date:
        raise SourceError("source_url needs {date}, and neither the file's name nor its front matter has one", path)
    unknown = [name for name in re.findall(r"\{(\w*)\}", template) if name not in names]
    if unknown:
        raise ConfigError(f"[article]: source_url: unknown {{{unknown[0]}}}", hint="known: {path}, {stem}, {date}")
    return re.sub(r"\{(\w+)\}", lambda match: names[match[1]], template)
