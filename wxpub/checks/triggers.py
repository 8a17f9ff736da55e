"""Decide where a page rule is broken: a rule as data and a document in, hits out; knows no particular rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import soupsieve
from bs4.element import Tag

from wxpub.checks import computed
from wxpub.checks.document import SPACE, Document, Text, chain, excerpt, shorten
from wxpub.checks.rule import PageRule


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that breaks a rule: `what` stands there, on `line` (1-based; None for the document as a whole)."""

    what: str
    line: int | None = None


def hits(rule: PageRule, document: Document) -> list[Hit]:
    """Give every place in `document` that breaks `rule`, in order."""
    found = _trigger(rule.trigger, document)
    return [
        _hit(document, tag, what, line)
        for tag, what, line in found
        if not (rule.unless and tag is not None and _excused(rule.unless, document, tag))
    ]


# What a trigger finds: the element concerned (None: the document), what to show ("": the element), its line if known.
_Found = tuple["Tag | None", str, "int | None"]


def _hit(document: Document, tag: Tag | None, what: str, line: int | None) -> Hit:
    if tag is not None:
        return Hit(what or excerpt(tag), line or document.line(tag))
    return Hit(what, line)


def _trigger(trigger: Mapping[str, Any], document: Document) -> Iterable[_Found]:
    match trigger:
        case {"any": several}:
            return [found for each in several for found in _trigger(each, document)]
        case {"sel": selector}:
            return ((tag, "", None) for tag in select(selector, document))
        case {"css": wanted}:
            return _css(wanted, document)
        case {"attr": wanted}:
            return _attributes(wanted, document)
        case {"re": pattern}:
            return _pattern(pattern, document)
        case {"text": wanted}:
            return _texts(wanted, document)
        case {"ws": {"parent": selector}}:
            return _white_space(selector, document)
        case {"fn": name, **rest}:
            return _computed(computed.CHECKS[name](document, *rest.get("args", ())))
    raise ValueError(f"unknown trigger {trigger}")


def _computed(places: computed.Places) -> Iterator[_Found]:
    for place in places:
        match place:
            case Text():
                yield place.parent, _between(place), place.line
            case Tag():
                yield place, "", None
            case (tag, what):
                yield tag, what, None
            case str():
                yield None, place, None


def _css(wanted: Mapping[str, str], document: Document) -> Iterator[_Found]:
    prop, value = _regex(wanted.get("prop", ".*")), _regex(wanted.get("val", ""))
    found: dict[int, tuple[Tag, str]] = {}
    for (name, text), tags in document.by_declaration.items():
        if prop.fullmatch(name) and value.search(text):
            for tag in _on(wanted, tags):
                found.setdefault(document.place(tag), (tag, f"{name}:{text} on {excerpt(tag)}"))
    for _, (tag, what) in sorted(found.items()):
        yield tag, what, None


def _attributes(wanted: Mapping[str, str], document: Document) -> Iterator[_Found]:
    attribute, value = _regex(wanted["name"]), _regex(wanted.get("val", ""))
    found: dict[int, tuple[Tag, str]] = {}
    for name, values in document.by_attribute.items():
        if not attribute.fullmatch(name):
            continue
        for text, tags in values.items():
            if value.search(text):
                for tag in _on(wanted, tags):
                    found.setdefault(document.place(tag), (tag, f"{name}={shorten(text, 60)} on {excerpt(tag)}"))
    for _, (tag, what) in sorted(found.items()):
        yield tag, what, None


def _on(wanted: Mapping[str, str], tags: Iterable[Tag]) -> Iterator[Tag]:
    if "on" not in wanted:
        return iter(tags)
    selector = soupsieve.compile(wanted["on"])
    return (tag for tag in tags if selector.match(tag))


def _pattern(pattern: str, document: Document) -> Iterator[_Found]:
    for match in _regex(pattern).finditer(document.html):
        line = document.html.count("\n", 0, match.start()) + document.first_line
        yield None, shorten(match[0], 60), line


def _texts(wanted: Mapping[str, str], document: Document) -> Iterator[_Found]:
    pattern = _regex(wanted["re"])
    for text in document.texts:
        if (match := pattern.search(text.value)) is None:
            continue
        inside = "in" not in wanted or _within(text.parent, wanted["in"])
        outside = "not_in" not in wanted or not _within(text.parent, wanted["not_in"])
        if inside and outside:
            yield text.parent, "", text.line + text.value.count("\n", 0, match.start())


def _within(tag: Tag, selector: str) -> bool:
    compiled = soupsieve.compile(selector)
    return any(compiled.match(each) for each in chain(tag) if each.parent is not None)


def _white_space(selector: str, document: Document) -> Iterator[_Found]:
    compiled = soupsieve.compile(selector)
    for text in document.texts:
        if not text.value.strip(SPACE) and text.parent.parent is not None and compiled.match(text.parent):
            yield text.parent, _between(text), text.line


def _between(text: Text) -> str:
    """Show where a text that shows nothing stands."""
    before = text.node.previous_sibling
    return f"white space behind <{before.name}>" if isinstance(before, Tag) else f"white space in <{text.parent.name}>"


def _excused(unless: Mapping[str, Any], document: Document, tag: Tag) -> bool:
    match unless:
        case {"sel": selector}:
            return bool(soupsieve.match(selector, tag))
        case {"css": wanted}:
            prop, value = _regex(wanted["prop"]), _regex(wanted.get("val", ""))
            return any(prop.fullmatch(name) and value.search(text) for name, text in document.style(tag).items())
        case {"attr": wanted}:
            name, value = _regex(wanted["name"]), _regex(wanted.get("val", ""))
            return any(name.fullmatch(key) and value.search(str(text)) for key, text in tag.attrs.items())
        case {"fn": name}:
            return computed.EXCUSES[name](document, tag)
    raise ValueError(f"unknown excuse {unless}")


def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# --- selectors --------------------------------------------------------------------------------------------------------
# A page has a thousand elements and the rules have two hundred selectors. Nearly all name a tag or an attribute that
# the matching element itself must have: only elements that have it are put to soupsieve.


def select(selector: str, document: Document) -> list[Tag]:
    """Give the elements of `document` that match a CSS `selector`, in order."""
    found: dict[int, Tag] = {}
    for alternative in _split(selector):
        candidates = _candidates(alternative, document)
        if candidates:
            compiled = soupsieve.compile(alternative)
            found |= {id(tag): tag for tag in candidates if compiled.match(tag)}
    return sorted(found.values(), key=document.place)


def _candidates(alternative: str, document: Document) -> Iterable[Tag]:
    bare = _without_arguments(alternative)
    subject = re.split(r"[\s>+~]+(?![^\[]*\])", bare.strip())[-1]
    if tag := re.match(r"[a-z][\w-]*", subject, re.IGNORECASE):
        return document.by_tag.get(tag[0].lower(), ())
    if attribute := re.search(r"\[((?:[\w-]|\\.)+)", subject):
        values = document.by_attribute.get(attribute[1].replace("\\", "").lower(), {})
        return [tag for tags in values.values() for tag in tags]
    return document.elements


def _split(selector: str) -> list[str]:
    """Split at the commas that stand in no bracket."""
    parts, depth = [""], 0
    for char in selector:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _without_arguments(selector: str) -> str:
    """Drop `(…)`: what stands in `:not()` and `:has()` is about other elements."""
    while (shorter := re.sub(r"\([^()]*\)", "", selector)) != selector:
        selector = shorter
    return selector
