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

from wxpub.errors import SourceError
from wxpub.style import PIECE

# A selector has to be decidable from the tags and classes on the way to an element.
_COMPOUND = r"(?:[a-z][a-z0-9]*(?:\.[\w-]+)*|(?:\.[\w-]+)+)"
_SELECTOR = re.compile(rf"{_COMPOUND}(?:\s*>\s*{_COMPOUND}|\s+{_COMPOUND})*")
_SELECTOR_HINT = "a selector is made of tags, classes, spaces and >"
_SELECTOR_FAULTS = (
    (re.compile(r"::|:(?:before|after|marker|first-line|first-letter)"), "pseudo-elements do not exist in an article"),
    (re.compile(r":"), "pseudo-classes cannot become a style attribute"),
    (re.compile(r"\["), "attribute selectors cannot be told by tag and class"),
    (re.compile(r"[+~]"), "sibling selectors cannot be told by tag and class"),
    (re.compile(r"#"), "WeChat removes every id"),
    (re.compile(r"\*"), "* would put a style on every element"),
)

# What a declaration may not be, and why (github.com/wechatjs/verify-article-structure-spec, and probes of draft/add).
_PROPERTY_FAULTS = (
    (re.compile(r"position|top|right|bottom|left|z-index|inset.*"), "WeChat removes position; use margins"),
    (re.compile(r"(-webkit-)?(backdrop-)?filter"), "WeChat removes filters"),
    (re.compile(r"(-webkit-)?(animation|transition)(-.*)?|will-change"), "an article has no keyframes"),
    (re.compile(r"font"), "the font shorthand sets a family; write font-size, font-weight, line-height"),
    (re.compile(r"caret-color|cursor|user-select"), "it makes an article uneditable"),
    (re.compile(r"text-underline-offset|text-decoration-thickness"), "WeChat removes it; use border-bottom"),
    (re.compile(r"(margin|padding|border)-(inline|block).*|place-.*"), "old phones do not know logical properties"),
    (re.compile(r"content|counter-.*|quotes"), "it needs a pseudo-element"),
)
_VALUE_FAULTS = (
    (re.compile(r"!\s*important"), "!important fights WeChat's own styles and dark mode"),
    (re.compile(r"\b(calc|min|max|clamp|env|attr)\("), "WeChat drops the whole declaration; write the result"),
    (re.compile(r"\burl\("), "pictures in a style are dropped unless they are WeChat's; use an image"),
    (re.compile(r"\b(oklch|oklab|lch|lab|color-mix|color|light-dark|hwb)\("), "old phones do not know this colour"),
    (re.compile(r"expression\(|javascript:", re.I), "scripts do not run in an article"),
    (re.compile(r"[\d.]rem\b"), "the root's font size is not the article's; use em or px"),
    (re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{4})\b"), "old phones do not know #rrggbbaa; use rgba()"),
    (re.compile(r"[{}<>@\\]"), "not a value"),
)
_WIDTHS = re.compile(r"(min-|max-)?width|flex-basis")
_HEIGHTS = re.compile(r"(max-)?height")
_PIXELS = re.compile(r"(\d+(?:\.\d+)?)px")
_SMALL = 64  # pixels: a bullet or an ornament, which may have a fixed size; text may not

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_VAR = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,((?:[^()]|\([^()]*\))*))?\)")


@dataclass(frozen=True, slots=True)
class Declaration:
    """`name: value`, and the line it stands on."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Selectors that share declarations, and the line they stand on."""

    selectors: tuple[str, ...]
    declarations: tuple[Declaration, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet as written: what its first comment says, its variables by name without `--`, its rules."""

    path: Path
    comment: str
    variables: Mapping[str, str]
    rules: tuple[Rule, ...]


def parse(text: str, path: Path) -> Sheet:
    """Read the style sheet `text` of `path`. Raises SourceError, with the line, for what is no plain rule."""
    variables, rules = {}, []
    for rule in _rules(text, path):
        if rule.selectors != (":root",):
            rules.append(_plain(rule, path))
            continue
        for each in rule.declarations:
            if not each.name.startswith("--"):
                raise SourceError(f"{each.name} on :root", path, each.line, "put it on .article, the article's root")
            variables[each.name[2:]] = each.value
    comment = _COMMENT.match(text.lstrip("\ufeff \t\r\n"))
    return Sheet(path, comment[0][2:-2].strip() if comment else "", variables, tuple(rules))


def resolve_variables(variables: Mapping[str, str], path: Path) -> dict[str, str]:
    """Give every variable its final value. Raises SourceError for an unknown one, and for a circle."""
    return {name: _resolve(value, variables, path, None, (name,)) for name, value in variables.items()}


def resolve(sheet: Sheet, variables: Mapping[str, str]) -> str:
    """Write the rules of `sheet` as plain CSS with `variables` put in; refuse what would not survive in an article."""
    lines = []
    for rule in sheet.rules:
        declarations = [f"{each.name}:{_value(each, variables, sheet.path)}" for each in rule.declarations]
        if declarations:
            lines.append(f"{', '.join(rule.selectors)} {{{'; '.join(declarations)}}}")
    return "\n".join(lines) + "\n"


def _plain(rule: Rule, path: Path) -> Rule:
    for selector in rule.selectors:
        if not _SELECTOR.fullmatch(selector):
            why = next((why for fault, why in _SELECTOR_FAULTS if fault.search(selector)), _SELECTOR_HINT)
            raise SourceError(f"selector {selector!r}: {why}", path, rule.line)
    for each in rule.declarations:
        if each.name.startswith("--"):
            raise SourceError(f"{each.name} outside :root", path, each.line, "variables stand on :root")
    return rule


def _value(declaration: Declaration, variables: Mapping[str, str], path: Path) -> str:
    value = _resolve(declaration.value, variables, path, declaration.line)
    if fault := _fault(declaration.name, value):
        raise SourceError(f"{declaration.name}: {value}", path, declaration.line, fault)
    return value


def _rules(text: str, path: Path) -> Iterator[Rule]:
    """Cut the text into rules, after its comments have become blanks that keep the lines' numbers."""
    text = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    at_rule = re.search(r"(?:^|[};])\s*(@[\w-]+)", text)
    if at_rule:
        line = text.count("\n", 0, at_rule.start(1)) + 1
        raise SourceError(f"{at_rule[1]} cannot be used", path, line, "an article has style attributes only")
    end = 0
    for match in _RULE.finditer(text):
        line = _line(text, match, 1)
        if match.start() != end:
            raise SourceError("braces do not match", path, text.count("\n", 0, end) + 1)
        selectors = tuple(re.sub(r"\s*>\s*", " > ", " ".join(each.split())) for each in match[1].split(","))
        offset = match.start(2)
        pieces = [(each[0], _line(text, each, 0, offset)) for each in PIECE.finditer(match[2]) if each[0].strip()]
        yield Rule(selectors, tuple(_declaration(piece, at, path) for piece, at in pieces), line)
        end = match.end()
    rest = text[end:]
    if rest.strip():
        line = text.count("\n", 0, len(text) - len(rest.lstrip())) + 1
        raise SourceError("a rule does not end", path, line, "close it with }")


def _line(text: str, match: re.Match[str], group: int, offset: int = 0) -> int:
    """Number the line on which what `group` matched begins, blanks aside."""
    start = offset + match.start(group)
    return text.count("\n", 0, start + len(match[group]) - len(match[group].lstrip())) + 1


def _declaration(text: str, line: int, path: Path) -> Declaration:
    name, colon, value = text.strip().partition(":")
    name = name.strip()
    if not colon or not value.strip() or not re.fullmatch(r"--[\w-]+|-?[a-zA-Z][a-zA-Z-]*", name):
        raise SourceError(f"{text.strip()!r} is no declaration", path, line, "write property: value;")
    return Declaration(name if name.startswith("--") else name.lower(), " ".join(value.split()), line)


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

    resolved = _VAR.sub(put, value)
    if "var(" in resolved:
        raise SourceError(f"{value!r} cannot be resolved", path, line, "write var(--name) or var(--name, fallback)")
    return resolved


def _fault(name: str, value: str) -> str:
    """Say why WeChat would not keep a declaration; "" if it does."""
    for fault, why in _PROPERTY_FAULTS:
        if fault.fullmatch(name):
            return why
    for fault, why in _VALUE_FAULTS:
        if fault.search(value):
            return why
    if value.count("(") != value.count(")") or value.count('"') % 2 or value.count("'") % 2:
        return "a quotation mark or a parenthesis is left open"
    pixels = [float(each) for each in _PIXELS.findall(value)]
    if _WIDTHS.fullmatch(name) and any(each > _SMALL for each in pixels):
        return "a fixed width does not fit every screen; use %, em, or nothing"
    if _HEIGHTS.fullmatch(name) and (any(each > _SMALL for each in pixels) or re.search(r"\dem|^0$", value)):
        return "text does not fit a fixed height; use padding"
    if name == "text-align" and value not in ("left", "right", "center", "justify"):
        return "write left, right, center or justify"
    if name == "line-height" and re.fullmatch(r"(0?\.\d+|0|1(\.[01]\d*)?)(px|em)?", value):
        return "lines would overlap; use 1.2 or more"
    return ""
