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

from wxpub import style
from wxpub.errors import SourceError

# A selector has to be decidable from the tags and classes on the way to an element.
_COMPOUND = r"(?:[a-z][a-z0-9]*(?:\.[\w-]+)*|(?:\.[\w-]+)+)"
_SELECTOR = re.compile(rf"{_COMPOUND}(?:\s*>\s*{_COMPOUND}|\s+{_COMPOUND})*")
_SELECTOR_FAULTS = (
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


@dataclass(frozen=True, slots=True)
class _Rule:
    """Selectors that share declarations: of each its name, its value and its line."""

    selectors: tuple[str, ...]
    declarations: tuple[tuple[str, str, int], ...]


def compiled(texts: Mapping[Path, str], overrides: Mapping[str, str]) -> tuple[str, str, str, dict[str, str]]:
    """Read style sheets, each on top of the one before, with the values of `overrides` put in.

    Return the title and the description that the last one's first comment says, plain CSS, and the variables' values by
    name without `--`. Raises SourceError, with path and line, for what is not a plain rule, and for an override that
    fits nothing.
    """
    sheets = [(path, *_parse(text, path)) for path, text in texts.items()]
    path, own = list(texts.items())[-1]
    variables = {name: value for _, found, _ in sheets for name, value in found.items()}
    for key, value in overrides.items():
        if key not in variables:
            raise SourceError(f"the theme has no variable {key}", path, hint=f"it has {', '.join(variables)}")
        if not value.strip() or re.search(r"[;{}]|/\*", value):
            raise SourceError(f"{key} cannot be {value!r}", path, hint="give one CSS value")
        variables[key] = value.strip()
    variables = {name: _resolve(value, variables, path, None, (name,)) for name, value in variables.items()}
    css = "".join(_plain(rule, variables, place) for place, _, rules in sheets for rule in rules)
    comment = _COMMENT.match(own.lstrip("\ufeff \t\r\n"))
    title, _, description = (comment[0][2:-2].strip() if comment else "").partition("\n")
    return title.strip(), " ".join(description.split()), css, variables


def _parse(text: str, path: Path) -> tuple[dict[str, str], list[_Rule]]:
    """Take a style sheet apart: the values of its variables, and its other rules."""
    if len(text) > _SHEET_CHARS:
        raise SourceError(f"has more than {_SHEET_CHARS:,} characters", path)
    variables: dict[str, str] = {}
    rules: list[_Rule] = []
    for rule, line in _rules(text, path):
        if len(rules) == _RULES or len(rule.declarations) > _RULES:
            raise SourceError(f"has more than {_RULES:,} rules, or a rule as many declarations", path, line)
        if long := next((each for each in rule.selectors if len(each) > _SELECTOR_CHARS), ""):
            raise SourceError(f"selector {long[:_SHOWN]!r}… has more than {_SELECTOR_CHARS} characters", path, line)
        if len(rule.selectors) > _SELECTORS:
            raise SourceError(f"a rule has more than {_SELECTORS} selectors", path, line)
        root = rule.selectors == (":root",)
        for selector in () if root else rule.selectors:
            if not _SELECTOR.fullmatch(selector):
                why = next(why for fault, why in _SELECTOR_FAULTS if re.search(fault, selector))
                raise SourceError(f"selector {selector!r}: {why}", path, line)
        for name, value, at in rule.declarations:
            if root and not name.startswith("--"):
                raise SourceError(f"{name} on :root", path, at, "put it on .article, the article's root")
            if not root and name.startswith("--"):
                raise SourceError(f"{name} outside :root", path, at, "variables stand on :root")
            if root:
                variables[name[2:]] = value
        if not root:
            rules.append(rule)
    return variables, rules


def _plain(rule: _Rule, variables: Mapping[str, str], path: Path) -> str:
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
        raise SourceError(f"{at_rule[1]} cannot be used", path, line, "an article has style attributes only")
    end = 0
    while match := _RULE.match(text, end):
        selectors = tuple(re.sub(r"\s*>\s*", " > ", " ".join(each.split())) for each in match[1].split(","))
        pieces = (each for each in style.PIECE.finditer(match[2]) if each[0].strip())
        declarations = tuple(_declaration(each[0], line_at(match.start(2) + each.start()), path) for each in pieces)
        yield _Rule(selectors, declarations), line_at(match.start())
        end = match.end()
    if re.search(r"\{[^{}]*\}", text[end:]):
        raise SourceError("braces do not match", path, text.count("\n", 0, end) + 1)
    if text[end:].strip():
        raise SourceError("a rule does not end", path, line_at(end), "close it with }")


def _declaration(text: str, line: int, path: Path) -> tuple[str, str, int]:
    name, _, value = text.strip().partition(":")
    name = name.strip()
    if not value.strip() or not re.fullmatch(r"--[\w-]+|-?[a-zA-Z][a-zA-Z-]*", name):
        raise SourceError(f"{text.strip()!r} is not a declaration", path, line, "write property: value;")
    return name if name.startswith("--") else name.lower(), " ".join(value.split()), line


def _resolve(
    value: str, variables: Mapping[str, str], path: Path, line: int | None, within: tuple[str, ...] = ()
) -> str:
    """Put variables' values in; a fallback counts where a variable is unknown."""

    def put(match: re.Match[str]) -> str:
        name, fallback = match[1][2:], match[2]
        if name in within:
            chain = " -> ".join(f"--{each}" for each in (*within, name))
            raise SourceError(f"variables go in a circle: {chain}", path, line)
        if name in variables:
            return _resolve(variables[name], variables, path, line, (*within, name))
        if fallback is not None and fallback.strip():
            return _resolve(fallback.strip(), variables, path, line, within)
        raise SourceError(f"unknown variable --{name}", path, line, "define it on :root, or give a fallback")

    if "var(" not in value:
        return value
    if len(within) > _CHAIN:
        chain = " -> ".join(f"--{each}" for each in within[:4])
        raise SourceError(f"variables are made of more than {_CHAIN} others in turn: {chain} -> …", path, line)
    resolved = _VAR.sub(put, value)
    if len(resolved) > _VALUE_CHARS:
        raise SourceError(f"a value of more than {_VALUE_CHARS:,} characters", path, line, "write what it comes to")
    if "var(" in resolved:
        raise SourceError(f"{value!r} cannot be resolved", path, line, "write var(--name) or var(--name, fallback)")
    return resolved


def _fault(name: str, value: str) -> str:
    """Say why WeChat would not keep a declaration; "" if it does."""
    if fault := style.property_fault(name) or style.value_fault(value):
        return fault
    large = any(float(each) > style.SMALL for each in re.findall(r"(\d+(?:\.\d+)?)px", value))
    if large and re.fullmatch(r"(min-|max-)?width|flex-basis", name):
        return "a fixed width does not fit every screen; use %, em, or nothing"
    if re.fullmatch(r"(max-)?height", name) and (large or re.search(r"\dem|^0$", value)):
        return "text does not fit a fixed height; use padding"
    if name == "text-align" and value not in ("left", "right", "center", "justify"):
        return "write left, right, center or justify"
    if name == "line-height" and re.fullmatch(r"(0?\.\d+|0|1(\.[01]\d*)?)(px|em)?", value):
        return "lines would overlap; use 1.2 or more"
    return ""
