"""A theme's CSS: a style sheet in, plain rules with every `var()` resolved out; refuses what an article cannot hold.

Styles reach a WeChat article only as `style` attributes, so a sheet is no more than rules for tags and classes. What
cannot become such an attribute, or is known to be dropped or to misbehave there, is refused with file and line when the
sheet is read, not found out on a phone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wxpub import darkmode, style
from wxpub.errors import SettingError, SourceError, did_you_mean
from wxpub.language import gettext, listed, tr

# A selector has to be decidable from the tags and classes on the way to an element.
_COMPOUND = r"(?:[a-z][a-z0-9]*(?:\.[\w-]+)*|(?:\.[\w-]+)+)"
_SELECTOR = re.compile(rf"{_COMPOUND}(?:\s*>\s*{_COMPOUND}|\s+{_COMPOUND})*")
SELECTOR_FAULTS = (
    (r"::|:(?:before|after|marker|first-line|first-letter)", "pseudo-elements do not exist in an article"),
    (r":", "pseudo-classes cannot become a style attribute"),
    (r"\[", "attribute selectors cannot be told by tag and class"),
    (r"[+~]", "sibling selectors cannot be told by tag and class"),
    (r"#", "WeChat removes every id"),
    (r"\*", "* would put a style on every element"),
    (r"", "a selector is made of tags, classes, spaces and >"),
)
_VALUE_CHARS = 2_000  # of a value whose variables were put in; real ones have a hundred
_SHEET_CHARS = 100_000  # of a theme; ours have 4,000
_RULES, _SELECTORS, _SELECTOR_CHARS = 1_000, 100, 300
_SHOWN = 80  # characters of a faulty value in a message
_CHAIN = 20  # variables of which one is made of the next

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)  # one that does not end goes on to the end, as in every style sheet
_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_VAR = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,((?:[^()]|\([^()]*\))*))?\)")


_SIZE = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:px|em|ex|ch|pt|pc|in|cm|mm|%)"
_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)"
_SIZED = re.compile(
    r"(?:margin|padding|border)(?:-.*)?|(?:min-|max-)?(?:width|height)|font-size|letter-spacing|text-indent"
)
_COLOURED = re.compile(r"color|.*-color|background")
_KEYWORDS = {"inherit", "initial", "unset", "revert", "currentcolor", "none"}
# What a value is that is not of the kind that it should be, and what to write; English, shown by `gettext`.
NO_KIND = {"colour": "it is not a colour", "size": "it is not a size", "number": "it is not a number"}
HINTS = {
    "colour": "write #rrggbb, rgb(), rgba(), or a name of CSS such as teal",
    "size": "write a number with its unit, such as 16px or 1.2em",
    "number": "write a number, such as 1.75",
}


@dataclass(frozen=True, slots=True)
class _Variable:
    """The value of a variable and where it stands; nowhere if it overrides the theme's."""

    value: str
    path: Path | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    """Selectors that share declarations: of each its name, its value and its line."""

    selectors: tuple[str, ...]
    declarations: tuple[tuple[str, str, int], ...]


def compiled(texts: Mapping[Path, str], overrides: Mapping[str, str]) -> tuple[str, str, str, dict[str, str]]:
    """Read style sheets, each on top of the one before, with the values of `overrides` put in.

    Return the title and the description that the last one's first comment says, plain CSS, and the variables' values by
    name without `--`. Raises SourceError, with path and line, for what is not a plain rule, and SettingError for an
    override that fits nothing.
    """
    sheets = [(path, *_parse(text, path)) for path, text in texts.items()]
    _, own = list(texts.items())[-1]
    variables: dict[str, _Variable] = {}
    for _, found, _ in sheets:
        kinds = {name: _kind(variables[name], variables) for name in found if name in variables}
        variables |= found
        for name, kind in kinds.items():
            value = _value(found[name], variables, name)
            if kind and not _fits(value, kind):
                what = tr("--{name} cannot be {value}: {reason}", name=name, value=value, reason=gettext(NO_KIND[kind]))
                raise SourceError(what, found[name].path, found[name].line, gettext(HINTS[kind]))
    kinds = {name: _kind(variables[name], variables) for name in overrides if name in variables}
    for name, value in overrides.items():
        if name not in variables:
            hint = did_you_mean(name, variables, tr("it has {names}", names=listed(variables)))
            raise SettingError(name, tr("the theme has no variable {name}", name=name), hint)
        if not value.strip() or re.search(r"[;{}]|/\*", value):
            raise SettingError(name, tr("{name} cannot be {value!r}", name=name, value=value), tr("give one CSS value"))
        variables[name] = _Variable(value.strip())
    for name, kind in kinds.items():
        _check_override(name, kind, variables)
    values = {name: _value(variable, variables, name) for name, variable in variables.items()}
    css = "".join(_plain(rule, variables, place) for place, _, rules in sheets for rule in rules)
    comment = _COMMENT.match(own.lstrip("\ufeff \t\r\n"))
    title, _, description = (comment[0][2:-2].strip() if comment else "").partition("\n")
    return title.strip(), " ".join(description.split()), css, values


def _check_override(name: str, kind: str, variables: Mapping[str, _Variable]) -> None:
    """Refuse an override that cannot be resolved, or that is of another kind than the theme's own value."""
    given = variables[name].value
    try:
        value = _value(variables[name], variables, name)
    except SourceError as error:
        raise SettingError(name, _cannot_be(name, given, error.message), error.hint) from None
    if kind and not _fits(value, kind):
        raise SettingError(name, _cannot_be(name, given, gettext(NO_KIND[kind])), gettext(HINTS[kind]))


def _cannot_be(name: str, value: str, reason: str) -> str:
    return tr("{name} cannot be {value!r}: {reason}", name=name, value=value, reason=reason)


def _kind(variable: _Variable, variables: Mapping[str, _Variable]) -> str:
    """Say what the value of a variable is: a colour, a size, a number, or "" for anything else."""
    value = _value(variable, variables)
    return next((kind for kind in HINTS if value != "0" and _fits(value, kind)), "")


def _fits(value: str, kind: str) -> bool:
    if kind == "colour":
        return darkmode.parse(value) is not None and "!" not in value
    return bool(re.fullmatch(rf"{_SIZE}|0" if kind == "size" else rf"{_NUMBER}|{_SIZE}", value))


def _parse(text: str, path: Path) -> tuple[dict[str, _Variable], list[_Rule]]:
    """Take a style sheet apart: the values of its variables, and its other rules."""
    if len(text) > _SHEET_CHARS:
        raise SourceError(tr("has more than {n:,} characters", n=_SHEET_CHARS), path)
    variables: dict[str, _Variable] = {}
    rules: list[_Rule] = []
    for rule, line in _rules(text, path):
        if len(rules) == _RULES or len(rule.declarations) > _RULES:
            what = tr("has more than {n:,} rules, or a rule as many declarations", n=_RULES)
            raise SourceError(what, path, line)
        if long := next((each for each in rule.selectors if len(each) > _SELECTOR_CHARS), ""):
            shown = long[:_SHOWN]
            what = tr("selector {text!r}… has more than {n} characters", text=shown, n=_SELECTOR_CHARS)
            raise SourceError(what, path, line)
        if len(rule.selectors) > _SELECTORS:
            raise SourceError(tr("a rule has more than {n} selectors", n=_SELECTORS), path, line)
        root = rule.selectors == (":root",)
        for selector in () if root else rule.selectors:
            if not _SELECTOR.fullmatch(selector):
                why = gettext(next(why for fault, why in SELECTOR_FAULTS if re.search(fault, selector)))
                raise SourceError(tr("selector {text!r}: {reason}", text=selector, reason=why), path, line)
        for name, value, at in rule.declarations:
            if root and not name.startswith("--"):
                what, hint = tr("{name} on :root", name=name), tr("put it on .article, the article's root")
                raise SourceError(what, path, at, hint)
            if not root and name.startswith("--"):
                what, hint = tr("{name} outside :root", name=name), tr("variables stand on :root")
                raise SourceError(what, path, at, hint)
            if root:
                variables[name[2:]] = _Variable(value, path, at)
        if not root:
            rules.append(rule)
    return variables, rules


def _plain(rule: _Rule, variables: Mapping[str, _Variable], path: Path) -> str:
    """Write a rule with `variables` put in; refuse what would not survive in an article."""
    declarations = []
    for name, value, line in rule.declarations:
        value = _resolve(value, variables, path, line)
        if fault := _fault(name, value):
            raise SourceError(f"{name}: {value[:_SHOWN]}", path, line, fault)
        declarations.append(f"{name}:{value}")
    return f"{', '.join(rule.selectors)} {{{'; '.join(declarations)}}}\n" if declarations else ""


def _rules(text: str, path: Path) -> Iterator[tuple[_Rule, int]]:
    """Cut the text into rules with their lines, after its comments have become blanks that keep the lines' numbers."""
    text = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)

    def line_at(position: int) -> int:
        """Number the line of what stands at `position`, or after the blanks there."""
        there = re.compile(r"\s*").match(text, position)
        return text.count("\n", 0, there.end() if there else position) + 1

    at_rule = re.search(r"(?:^|[};])\s*(@[\w-]+)", text)
    if at_rule:
        line = line_at(at_rule.start(1))
        what = tr("{name} cannot be used", name=at_rule[1])
        raise SourceError(what, path, line, tr("an article has style attributes only"))
    end = 0
    while match := _RULE.match(text, end):
        selectors = tuple(re.sub(r"\s*>\s*", " > ", " ".join(each.split())) for each in match[1].split(","))
        pieces = (each for each in style.PIECE.finditer(match[2]) if each[0].strip())
        declarations = tuple(_declaration(each[0], line_at(match.start(2) + each.start()), path) for each in pieces)
        yield _Rule(selectors, declarations), line_at(match.start())
        end = match.end()
    if re.search(r"\{[^{}]*\}", text[end:]):
        raise SourceError(tr("braces do not match"), path, text.count("\n", 0, end) + 1)
    if text[end:].strip():
        raise SourceError(tr("a rule does not end"), path, line_at(end), tr("close it with }"))


def _declaration(text: str, line: int, path: Path) -> tuple[str, str, int]:
    name, _, value = text.strip().partition(":")
    name = name.strip()
    if not value.strip() or not re.fullmatch(r"--[\w-]+|-?[a-zA-Z][a-zA-Z-]*", name):
        what = tr("{text!r} is not a declaration", text=text.strip())
        raise SourceError(what, path, line, tr("write property: value;"))
    return name if name.startswith("--") else name.lower(), " ".join(value.split()), line


def _value(variable: _Variable, variables: Mapping[str, _Variable], *within: str) -> str:
    return _resolve(variable.value, variables, variable.path, variable.line, within)


def _resolve(
    value: str,
    variables: Mapping[str, _Variable],
    path: Path | None,
    line: int | None,
    within: tuple[str, ...] = (),
) -> str:
    """Put variables' values in; a fallback counts where a variable is unknown."""

    def put(match: re.Match[str]) -> str:
        name, fallback = match[1][2:], match[2]
        if name in within:
            chain = " -> ".join(f"--{each}" for each in (*within, name))
            raise SourceError(tr("variables go in a circle: {chain}", chain=chain), path, line)
        if name in variables:
            return _value(variables[name], variables, *within, name)
        if fallback is not None and fallback.strip():
            return _resolve(fallback.strip(), variables, path, line, within)
        hint = did_you_mean(name, variables, tr("define it on :root, or give a fallback"))
        raise SourceError(tr("unknown variable --{name}", name=name), path, line, hint)

    if "var(" not in value:
        return value
    if len(within) > _CHAIN:
        chain = " -> ".join(f"--{each}" for each in within[:4])
        what = tr("variables are made of more than {n} others in turn: {chain} -> …", n=_CHAIN, chain=chain)
        raise SourceError(what, path, line)
    resolved = _VAR.sub(put, value)
    if len(resolved) > _VALUE_CHARS:
        what, hint = tr("a value of more than {n:,} characters", n=_VALUE_CHARS), tr("write what it comes to")
        raise SourceError(what, path, line, hint)
    if "var(" in resolved:
        what, hint = tr("{value!r} cannot be resolved", value=value), tr("write var(--name) or var(--name, fallback)")
        raise SourceError(what, path, line, hint)
    return resolved


def _fault(name: str, value: str) -> str:
    """Say why WeChat would not keep a declaration; "" if it does."""
    if fault := style.property_fault(name) or style.value_fault(value):
        return gettext(fault)
    words = set(value.lower().split())
    plain = name != "background" or len(words) == 1  # of a shorthand only a colour alone is one for certain
    if _COLOURED.fullmatch(name) and plain and not words <= _KEYWORDS and not _fits(value, "colour"):
        return tr("{message}; {fix}", message=gettext(NO_KIND["colour"]), fix=gettext(HINTS["colour"]))
    if _SIZED.fullmatch(name) and any(re.fullmatch(_NUMBER, word) and float(word) for word in words):
        return tr("{message}; {fix}", message=tr("it has no unit"), fix=gettext(HINTS["size"]))
    large = any(float(each) > style.SMALL for each in re.findall(r"(\d+(?:\.\d+)?)px", value))
    if large and re.fullmatch(r"(min-|max-)?width|flex-basis", name):
        return tr("a fixed width does not fit every screen; use %, em, or nothing")
    if re.fullmatch(r"(max-)?height", name) and (large or re.search(r"\dem|^0$", value)):
        return tr("text does not fit a fixed height; use padding")
    if name == "text-align" and value not in ("left", "right", "center", "justify"):
        return tr("write left, right, center or justify")
    if name == "line-height" and re.fullmatch(r"(0?\.\d+|0|1(\.[01]\d*)?)(px|em)?", value):
        return tr("lines would overlap; use 1.2 or more")
    return ""
