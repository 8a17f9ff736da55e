"""The dialect reads what GitHub reads: small cases, CommonMark's examples, the corpus, each compared as a tree."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from canonical import canonical, canonical_tree, difference, github, without_space
from conftest import COMMONMARK, ROOT, corpus_files

from wxpub import dialect
from wxpub.dialect import inlines

CASES = ROOT / "tests/cases/dialect"


def parsed(text: str, *, hard_breaks: bool = False) -> list:
    return canonical_tree(dialect.parse(text, hard_breaks=hard_breaks)[0])


def cases(path: Path) -> Iterator[tuple[str, str, str | None]]:
    """Read a case file: `=== title`, Markdown and, after a line with one dot, the HTML expected instead of GitHub's."""
    text = path.read_text(encoding="utf-8").translate({ord("→"): "\t", ord("␣"): " ", ord("␍"): "\r"})
    for case in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        title, _, rest = case.partition("\n")
        source, dot, expected = rest.partition("\n.\n")
        yield title, source.strip("\n") + "\n", expected if dot else None


ALL = [(path.stem, *case) for path in sorted(CASES.glob("*.txt")) for case in cases(path)]
AS_GITHUB = [pytest.param(source, id=f"{stem}: {title}") for stem, title, source, expected in ALL if expected is None]
OTHERWISE = [
    pytest.param(source, expected, id=f"{stem}: {title}")
    for stem, title, source, expected in ALL
    if expected is not None
]


def assert_as_github(source: str) -> None:
    """Compare the article's tree with what GitHub renders, once with visible line ends, once without.

    Between Chinese characters GitHub leaves a space where the article has nothing: white space does not count then.
    """
    assert difference(parsed(source, hard_breaks=True), canonical(github(source, hard_breaks=True))) is None
    assert difference(without_space(parsed(source)), without_space(canonical(github(source)))) is None


@pytest.mark.parametrize("source", AS_GITHUB)
def test_this_is_read_as_github_reads_it(source: str) -> None:
    assert_as_github(source)


@pytest.mark.parametrize(("source", "expected"), OTHERWISE)
def test_this_is_read_otherwise_on_purpose(source: str, expected: str) -> None:
    ours = parsed(source)
    assert difference(ours, canonical(expected)) is None
    assert difference(ours, canonical(github(source))) is not None, "no difference from GitHub any more"


@pytest.mark.parametrize("source", [pytest.param(case[2], id=f"{case[0]}: {case[1]}") for case in ALL])
def test_line_ends_and_the_last_of_them_make_no_difference(source: str) -> None:
    ours = parsed(source)
    assert difference(parsed(source.rstrip("\n")), ours) is None
    assert difference(parsed(re.sub(r"\r?\n|\r", "\r\n", source)), ours) is None
    assert difference(parsed("\ufeff" + source), ours) is None


def test_every_case_has_a_name_of_its_own() -> None:
    names = [(stem, title) for stem, title, *_ in ALL]
    assert sorted(set(names)) == sorted(names)
    assert {stem for stem, _ in names} == {path.stem for path in CASES.glob("*.txt")}


# --- CommonMark's examples --------------------------------------------------------------------------------------------

# The examples that are read otherwise than CommonMark 0.31.2 asks, by number, and why; what raw HTML becomes stands in
# cases/dialect/html-made-safe.txt.
ADDRESS = "GitHub makes a link of an address in running text"
UNKNOWN = "a tag that HTML does not know is text"
UNENDED = "a tag that never ends is text"
INSIDE = "raw HTML cannot reach out of the quote or the item that it stands in"
NOT_COMMONMARK = {
    63: "a first line of seven or more # is the title",
    354: "£ and € are no punctuation for GitHub's parser, which follows CommonMark 0.29 here",
    148: "a line end in a paragraph is a space, even in a raw <pre>",
    **dict.fromkeys((150, 163, 201, 491, 524, 536, 613, 614, 615, 617, 623), UNKNOWN),
    **dict.fromkeys((156, 157, 158, 173), UNENDED),
    **dict.fromkeys((174, 175), INSIDE),
    602: ADDRESS,
    606: ADDRESS,
    608: ADDRESS,
    611: ADDRESS,
    612: ADDRESS,
}


def examples() -> list[tuple[str, str]]:
    """Read the examples of the CommonMark specification: Markdown and HTML."""
    text = COMMONMARK.read_text(encoding="utf-8").replace("→", "\t")
    return re.findall(r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.npm
def test_commonmarks_examples_are_read_as_it_asks_but_for_those_listed_here() -> None:
    found = examples()
    assert len(found) == 652
    differing = {
        number for number, (source, expected) in enumerate(found, 1) if difference(parsed(source), canonical(expected))
    }
    assert differing == set(NOT_COMMONMARK)


@pytest.mark.parametrize(("depth", "links"), [(4, 1), (32, 1), (33, 0)])
def test_a_destination_holds_as_many_parentheses_as_githubs_parser_lets_it(depth: int, links: int) -> None:
    source = f"[链](a{'(' * depth}b{')' * depth})\n"
    assert len(dialect.parse(source)[0].findall(".//a")) == links
    assert_as_github(source)


@pytest.mark.parametrize("delimiter", "/=#_%&?+-")
def test_behind_a_delimiter_chinese_goes_on_an_address(delimiter: str) -> None:
    address = f"https://example.org/a{delimiter}深度学习"
    assert [link.get("href") for link in dialect.parse(f"见 {address} 一文")[0].iter("a")] == [address]


# --- emphasis ---------------------------------------------------------------------------------------------------------

PIECES = ["*", "*", "**", "**", "***", "~~", "_", "__", "[", "](u)", "<u>题</u>", "<u>*题*</u>", "中", "文", "ab", "1",
          *" 　，。？「」《》“”().,%-"]  # fmt: skip


def nestings(pieces: list[str], seed: int) -> Iterator[str]:
    """Make texts of these pieces, the same each time: once in some 50,000 GitHub's parser overlooks a partner."""
    chance = random.Random(seed)
    for _ in range(2_000):
        yield "甲" + "".join(chance.choices(pieces, k=chance.randint(3, 14))) + chance.choice(["", "乙"]) + "\n"


def marks(text: str) -> int:
    return text.count("*") + text.count("~~")


def test_where_github_leaves_no_asterisk_its_reading_holds_and_elsewhere_none_is_added() -> None:
    mended = 0
    for source in nestings(PIECES, 1):
        theirs, root = github(source), dialect.parse(source)[0]
        left = marks(re.sub("<[^>]*>", "", theirs))
        assert left or difference(canonical_tree(root), canonical(theirs)) is None, source
        assert marks("".join(root.itertext())) <= left, source
        mended += marks("".join(root.itertext())) < left
    assert mended > 20


def test_a_mark_changes_nothing_of_the_emphasis_around_and_in_it() -> None:
    marked = 0
    for source in nestings([*(each for each in PIECES if "<" not in each), *["=="] * 4], 2):
        theirs, root = github(source), dialect.parse(source)[0]
        for mark in list(root.iter("mark")):
            marked += 1
            mark.text = "==" + (mark.text or "")
            inlines.append_text(mark, "==")
            mark.drop_tag()
        if not marks(re.sub("<[^>]*>", "", theirs)):
            assert difference(canonical_tree(root), canonical(theirs)) is None, source
    assert marked > 20


# --- real issues ------------------------------------------------------------------------------------------------------


def as_github_but_for_the_differences(text: str) -> str:
    """Write into the source what `docs/dialect.md` reads otherwise, in a way in which GitHub reads it so too."""
    text = re.sub(r"\A---\n.*?\n---\n", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    text = re.sub(r"\A(\s*)#{7,}(?= )", r"\1#", text)  # the title
    text = re.sub(r"(\d)~(?=\d)", r"\1\\~", text)  # 1~11层
    text = re.sub(r"(?=@\d\.\d)", "<!-- -->", text)  # 2xA76@2.2GHz
    return re.sub(
        r"(https?://[!-~]+)(?=[；，。、：）])", r"\1<!-- -->", text
    )  # an address before full-width punctuation


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem) for path in corpus_files()]
    or [pytest.param(None, marks=pytest.mark.skip(reason="no corpus beside the repository (../shared/corpus)"))],
)
def test_a_real_issue_has_githubs_structure(path: Path) -> None:
    source = as_github_but_for_the_differences(path.read_text(encoding="utf-8"))
    assert_as_github(source)
