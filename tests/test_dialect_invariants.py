"""Whatever is written, the dialect reads it without failing, without losing a word, and in proportion to its length."""

from __future__ import annotations

import importlib
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from conftest import corpus_files
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from wxpub import dialect

# --- random mixtures --------------------------------------------------------------------------------------------------

# Each * is a word of its own. No fragment says that words are not shown: no definitions, comments or rows, and no
# addresses, which a link or an image inside an image loses.
FRAGMENTS = r"""
*|中*文|**|*** *|_|__*|~~|==|`|``|```|~~~|[|](|](/u)|]|![|!|[*](<u>)|![*](u "t")|<|>|<b>|</b>|</p>|</section>|'*'|"*"
<font color=red>|<model, *>|<*>|<br>|<div>|</div>|<td>|<li>|</ul>|</body>|<svg>|<a href="*">|https://a.b/*|www.a.b/*
&amp;|&*;|\|\\|#|##|-|- *|+|1.|1. *|10) *|>|> *|>>|---|===|$|$*$|$$|{*}|{汉字(*)}|“*”|。|，|？|（*）|a: *|^*|a\|*@a.b
    *|  *|→*|　*|*  |[ ] *|- [x] *|[^*]|{width=*}|*~*|[TOC] *|![*](u){width=30}|[!NOTE] *|(*)|é*|👍*
""".strip("\n").replace("→", "\t")
SEPARATORS = ["", "", " ", "\n", "\n", "\n\n", "\n  ", "\n    ", "\n- ", "\n> ", "  \n", "\n1. "]


def source(fragments: list[tuple[str, str]]) -> str:
    """Join fragments and separators, and number the words."""
    joined = "".join(fragment + separator for fragment, separator in fragments)
    pieces = re.split(r"\*(?!\*)(?<!\*\*)", joined)
    return "".join(f"{piece}w{number}w" for number, piece in enumerate(pieces[:-1])) + pieces[-1]


mixtures = st.lists(
    st.tuples(st.sampled_from(re.split(r"[|\n]", FRAGMENTS)), st.sampled_from(SEPARATORS)), max_size=25
).map(source)


def shown(root: Any) -> str:
    """Give what a reader, or a link, can get at: text and attributes, in order."""
    parts = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            parts += [element.text or "", *map(str, element.attrib.values())]
        else:
            parts.append(element.tail or "")
    return " ".join(parts)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example("<svg></p>w0w</svg></section>w1w")
@example("$$\nw0w\n\n$$ w1w")
@given(mixtures)
def test_no_mixture_fails_or_loses_a_word(text: str) -> None:
    root, _ = dialect.parse(text)
    text = re.sub(r"(```|~~~).*", "", text)  # of the words behind a fence, GitHub shows none
    assert set(re.findall(r"w\d+w", text)) <= set(re.findall(r"w\d+w", shown(root)))


@settings(max_examples=50, deadline=None)
@given(mixtures, st.booleans())
def test_the_same_text_gives_the_same_tree(text: str, hard_breaks: bool) -> None:
    once, twice = (etree.tostring(dialect.parse(text, hard_breaks=hard_breaks)[0]) for _ in range(2))
    assert once == twice


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=60))
def test_any_characters_give_a_tree_that_xml_can_hold(text: str) -> None:
    root, _ = dialect.parse(text)
    for element in root.iter():
        etree.Element("x").text = element.text


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="*_~=[]()!<>`\\&;:#-+.|$ \n\tab1中。^{}\"'/@wx", max_size=80))
def test_any_syntax_gives_a_tree(text: str) -> None:
    dialect.parse(text)


# --- real issues ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem) for path in corpus_files()]
    or [pytest.param(None, marks=pytest.mark.skip(reason="no corpus beside the repository (../shared/corpus)"))],
)
def test_a_real_issue_loses_no_word_and_keeps_their_order(path: Path) -> None:
    text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    root, _ = dialect.parse(text)
    source = re.sub(r"(?m)^[ >]*\d+[.)](?= )|</?[a-z]+|\b(?:alt|href|rel|src|style|color)=", " ", text)
    found = re.compile(r"[A-Za-z0-9]+|[\u4e00-\u9fff]").findall
    assert not Counter(found(source)) - Counter(found(shown(root)))
    rest = iter(found(text))
    assert all(word in rest for word in found("".join(f"{part} " for part in root.itertext())))


# --- growth -----------------------------------------------------------------------------------------------------------

# What could make a parser look at the same text again and again: a text of about n characters.
HOSTILE: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "[" * n,
    "brackets and words": lambda n: "a [b " * (n // 5),
    "links that do not end": lambda n: "[a](" * (n // 4),
    "destinations that do not end": lambda n: "[a](<b" * (n // 6),
    "titles that do not end": lambda n: '[a](b "' * (n // 7),
    "brackets around links": lambda n: "[" * (n // 2) + "[a](b)" * (n // 12),
    "images in images": lambda n: "![x" * (n // 8) + "](y)" * (n // 8),
    "balanced brackets": lambda n: "[x]: b\n\n" + "[" * (n // 2) + "]" * (n // 2),
    "references that do not end": lambda n: "[a]: b\n\n" + "[a][" * (n // 4),
    "one long reference, often": lambda n: "[a]: /" + "u" * (n // 2) + "\n\n" + "[a] " * (n // 8),
    "definitions": lambda n: "".join(f"[a{i}]: /u\n" for i in range(n // 12)),
    "definitions whose titles do not end": lambda n: '[a]: b "c\n' * (n // 10),
    "backticks": lambda n: "`" * n,
    "backticks of many lengths": lambda n: "".join("`" * (i % 300 + 1) + " " for i in range(n // 150)),
    "emphasis that opens": lambda n: "*a " * (n // 3),
    "emphasis of two kinds that opens": lambda n: "**a *b " * (n // 7),
    "emphasis that may open or close": lambda n: "*a**b" * (n // 5),
    "emphasis that does not match": lambda n: "*a_ " * (n // 4),
    "emphasis that only a Chinese reader ends": lambda n: "**甲？**乙" * (n // 7),
    "emphasis that never ends": lambda n: "**甲？**" + "*乙 ~~丙 " * (n // 7),
    "underscores in a word": lambda n: "_a" * (n // 2),
    "stars": lambda n: "*" * n,
    "stars and tildes": lambda n: "~*" * (n // 2),
    "marks": lambda n: "==a " * (n // 4),
    "tags that do not end": lambda n: "<a " * (n // 3),
    "attributes that do not end": lambda n: '<a b="' * (n // 6),
    "one tag of many attributes": lambda n: "<a" + " x=y" * (n // 4),
    "tags": lambda n: "<b>" * (n // 3),
    "tags in paragraphs": lambda n: "a <b>\n\n" * (n // 7),
    "end tags": lambda n: "a </b>" * (n // 6),
    "unknown tags": lambda n: "<x>" * (n // 3),
    "HTML blocks": lambda n: "<div>\n\n" * (n // 7),
    "scripts that do not end": lambda n: "<div>" + "<script>" * (n // 8),
    "comments that do not end": lambda n: "a <!-- " * (n // 7),
    "instructions that do not end": lambda n: "<div>" + "a <?" * (n // 4),
    "sections that do not end": lambda n: "<div>" + "a <![CDATA[" * (n // 11),
    "entities": lambda n: "&a" * (n // 2),
    "backslashes": lambda n: "\\" * n,
    "quotes on a line": lambda n: ">" * n,
    "quotes, then lazy lines": lambda n: ">" * 200 + "a\n" + "b\n" * (n // 2),
    "lists on a line": lambda n: "- " * (n // 2) + "a",
    "stars on a line": lambda n: "* " * (n // 2) + "a",
    "numbers on a line": lambda n: "1. " * (n // 3) + "a",
    "deep lists": lambda n: "".join(" " * (2 * i) + "- a\n" for i in range(int(n**0.5))),
    "many items": lambda n: "- a\nb\n" * (n // 6),
    "empty items": lambda n: "-\n" * (n // 2),
    "many paragraphs in an item": lambda n: "- a\n" + "\n  b\n" * (n // 5),
    "a paragraph of many lines": lambda n: "> a\n" * (n // 4),
    "one long line": lambda n: "字" * n,
    "one long line of everything": lambda n: "字 a *b* [x](y) `c` https://d.e/f " * (n // 32),
    "footnotes": lambda n: (
        "".join(f"[^{i}] " for i in range(n // 30)) + "".join(f"\n\n[^{i}]: note" for i in range(n // 30))
    ),
    "footnotes in footnotes": lambda n: "[^1]: " * (n // 6),
    "rows": lambda n: "|a|b|\n|-|-|\n" + "|x|y|\n" * (n // 6),
    "a delimiter row of spaces": lambda n: "a\n|-" + " " * n + "x",
    "a delimiter row of dashes": lambda n: "a\n|" + "-" * n + "x",
    "a label without end": lambda n: "[a]: b\n\n[x][" + "a" * n,
    "a tag of spaces": lambda n: "<a x" + " " * n,
    "a value without end": lambda n: "<a x='" + "y" * n,
    "an address in angle brackets without end": lambda n: "<a" + "@" * (n // 2) + "." * (n // 2),
    "a host without end": lambda n: "http://" + "a." * (n // 2) + "字" * (n // 2),
    "columns": lambda n: "|a" * (n // 4) + "\n" + "|-" * (n // 4),
    "lines that might be heads": lambda n: "a|b\n|-\n" * (n // 7),
    "headings": lambda n: "a\n=\n" * (n // 4),
    "tabs": lambda n: "-\t" * (n // 2) + "a",
    "spaces": lambda n: "a" + " " * n + "b",
    "fences": lambda n: "```\n" * (n // 4),
    "addresses": lambda n: "http://a.b " * (n // 11),
    "schemes": lambda n: "http://" * (n // 7),
    "www": lambda n: "www._ " * (n // 6),
    "parentheses behind an address": lambda n: "http://a.b/" + "(" * (n // 2) + ")" * (n // 2),
    "entities behind an address": lambda n: "http://a.b/" + "&a;" * (n // 3),
    "at signs": lambda n: "a@" * (n // 2),
    "a local part without end": lambda n: "a." * (n // 2) + " @",
    "dollars": lambda n: "$a " * (n // 3),
    "formulas that do not end": lambda n: "> $$a\nb\n" * (n // 8) + "$$",
    "braces": lambda n: "{汉|" * (n // 3),
}


def work(text: str) -> int:
    """Count the calls, of Python and of C, that parsing makes; patterns that it is the first to need do not count."""
    dialect.parse(text[:1_000])
    count = 0

    def event(frame: FrameType, kind: str, argument: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(event)
    try:
        dialect.parse(text)
    finally:
        sys.setprofile(None)
    return count


class Counting:
    """A compiled pattern that counts the characters it goes over: up to its match or, searching in vain, to the end."""

    looked_at = 0

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.compiled = COMPILE(pattern, flags)
        self.pattern = pattern

    def match(self, text: str, *span: int) -> re.Match[str] | None:
        return self.counted(self.compiled.match(text, *span), span[0] if span else 0, 1)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        return self.counted(self.compiled.fullmatch(text), 0, 1)

    def search(self, text: str, *span: int) -> re.Match[str] | None:
        start, end = (*span, len(text))[:2] if span else (0, len(text))
        return self.counted(self.compiled.search(text, *span), start, end - start)

    def finditer(self, text: str, *span: int) -> Iterator[re.Match[str]]:
        Counting.looked_at += len(text) - (span[0] if span else 0)
        return self.compiled.finditer(text, *span)

    def sub(self, new: Any, text: str) -> str:
        Counting.looked_at += len(text)
        return self.compiled.sub(new, text)

    def counted(self, found: re.Match[str] | None, start: int, otherwise: int) -> re.Match[str] | None:
        Counting.looked_at += otherwise if found is None else found.end() - start
        return found


COMPILE = re.compile


@pytest.fixture(scope="module")
def counting_parse() -> Iterator[Callable[[str], int]]:
    """Give a function that parses with patterns which count, and says how many characters they went over."""
    names = [name for name in sys.modules if name.startswith("wxpub.dialect")]
    kept = {name: sys.modules.pop(name) for name in names}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(re, "compile", Counting)
        counted = importlib.import_module("wxpub.dialect")

        def parse(text: str) -> int:
            Counting.looked_at = 0
            counted.parse(text)
            return Counting.looked_at

        yield parse
    for name in [name for name in sys.modules if name.startswith("wxpub.dialect")]:
        del sys.modules[name]
    sys.modules.update(kept)
    sys.modules["wxpub"].dialect = kept["wxpub.dialect"]  # type: ignore[attr-defined]  # a submodule


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_four_times_the_text_makes_at_most_four_times_the_work(make: Callable[[int], str]) -> None:
    assert work(make(8_000)) <= 4.3 * work(make(2_000)) + 2_000


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_eight_times_the_text_is_looked_at_no_more_than_eight_times_as_often(
    make: Callable[[int], str], counting_parse: Callable[[str], int]
) -> None:
    """Calls do not show how far a pattern goes in one of them; so the characters are counted that it goes over."""
    short, long = make(4_000), make(32_000)
    assert counting_parse(long) <= 1.1 * len(long) / len(short) * counting_parse(short) + 4_000


def test_references_expand_to_no_more_than_the_text_or_a_fixed_length() -> None:
    root, _ = dialect.parse("[a]: /" + "u" * 4_999 + "\n\n" + "[a] " * 1_000)
    links = [element.get("href") for element in root.iter("a")]
    assert sum(map(len, links)) == 100_000
    assert "".join(root.itertext()).count("[a]") == 1_000 - len(links)
    root, _ = dialect.parse("[a]: /" + "u" * 4_999 + "\n\n" + "[a] " * 1_000 + "\n\n" + "文" * 200_000)
    assert sum(len(element.get("href")) for element in root.iter("a")) == 205_000


def test_rows_are_filled_up_to_a_number_of_cells() -> None:
    """No table grows with the square of its text: 300 columns, rows of one cell."""
    root, _ = dialect.parse("|a" * 300 + "\n" + "|-" * 300 + "\n" + "|b\n" * 300)
    cells = sum(1 for _ in root.iter("td"))
    assert 19_000 < cells <= 20_300
    assert "".join(root.itertext()).count("b") == 300


# --- depth ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (">" * 10_000 + "文", ["containers-too-deep"]),
        ("- " * 10_000 + "文", ["containers-too-deep"]),
        ("".join(" " * (2 * i) + "- 文\n" for i in range(300)), ["containers-too-deep"]),
        ("".join(f"[^{i}]: 文[^{i + 1}]\n    " for i in range(200)) + "\n\n甲[^0]", None),
        ("[^1]: " * 1_000 + "\n\n甲[^1]", None),
        ("*_" * 10_000 + "文" + "_*" * 10_000, []),
        ("**文 " * 2_000 + "文" + "**" * 2_000, ["emphasis-too-deep"]),
        ("[" * 10_000 + "文", []),
        ("![" * 10_000 + "文" + "](a)" * 10_000, []),
        ("<b>" * 10_000 + "文", ["html-too-deep"]),
        ("<div>\n\n" * 10_000 + "文", ["html-too-deep"]),
        ("> " * 90 + "- " * 20 + "**文 " * 60 + "**" * 60 + "<b>" * 200, None),
    ],
    ids=lambda value: value[:8] if isinstance(value, str) else "",
)
def test_depth_is_bounded_and_nothing_is_lost(text: str, rules: list[str] | None) -> None:
    root, findings = dialect.parse(text)
    assert "".join(root.itertext()).count("文") + sum(image.get("alt").count("文") for image in root.iter("img")) == (
        text.count("文")
    )
    if rules is not None:
        assert [finding.rule for finding in findings] == rules
    assert all(finding.line for finding in findings)


def test_mixtures_of_everything_do_not_fail() -> None:
    random_text = random.Random(20261120)
    pieces = [make(40) for make in HOSTILE.values()]
    for _ in range(40):
        dialect.parse("".join(random_text.choice(pieces) for _ in range(30)))
