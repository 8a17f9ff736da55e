"""What is done how often, counted by calls: an issue is laid out, finished and read once, whoever asks for it.

A keystroke of the preview is counted in test_preview_live.py; what all this costs in seconds, `make bench` measures.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from click.testing import CliRunner
from pushing import Newsletter

import wxpub
from wxpub import dialect, page
from wxpub.cli import cli
from wxpub.images import fit, read

STEPS = ((dialect, "parse"), (page, "compose"), (page, "finish"), (read, "read"), (fit, "fit"))
TWO = ("1.png", "2.png")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the calls of every step, and by its source every image that is read."""
    counted: Counter[str] = Counter()

    def counting(module: Any, name: str) -> None:
        whole = getattr(module, name)

        def count(*args: Any, **kwargs: Any) -> Any:
            counted[name] += 1
            if name == "read":
                counted[args[0]] += 1
            return whole(*args, **kwargs)

        monkeypatch.setattr(module, name, count)

    for module, name in STEPS:
        counting(module, name)
    return counted


def test_a_first_push_composes_and_finishes_once_and_reads_every_image_once(
    paper: Newsletter, done: Counter[str]
) -> None:
    paper.issue("a.md", "第一期", "正文。", *TWO)
    assert paper.push("a.md").action == "created"
    assert (done["parse"], done["compose"], done["finish"]) == (1, 1, 1)
    assert (done["1.png"], done["2.png"], done["read"]) == (1, 1, 2)


def test_a_changed_push_composes_and_finishes_once_and_reads_every_image_once(
    paper: Newsletter, done: Counter[str]
) -> None:
    paper.issue("a.md", "第一期", "正文。", *TWO)
    paper.push("a.md")
    paper.issue("a.md", "第一期", "别的正文。", *TWO, "3.png")
    done.clear()
    assert paper.push("a.md").action == "updated"
    assert (done["parse"], done["compose"], done["finish"]) == (1, 1, 1)
    assert (done["1.png"], done["2.png"], done["3.png"], done["read"]) == (1, 1, 1, 3)


def test_an_unchanged_push_composes_and_finishes_once_and_makes_no_image_smaller(
    paper: Newsletter, done: Counter[str]
) -> None:
    paper.issue("a.md", "第一期", "正文。", *TWO)
    paper.push("a.md")
    done.clear()
    assert paper.push("a.md").action == "unchanged"
    assert (done["parse"], done["compose"], done["finish"], done["fit"]) == (1, 1, 1, 0)
    assert (done["1.png"], done["2.png"], done["read"]) == (1, 1, 2)


def test_a_check_parses_and_composes_once_and_reads_every_image_once(paper: Newsletter, done: Counter[str]) -> None:
    path = paper.issue("a.md", "第一期", "正文。", *TWO)
    wxpub.check(wxpub.open(path))
    assert (done["parse"], done["compose"], done["finish"]) == (1, 1, 1)
    assert (done["1.png"], done["2.png"], done["read"]) == (1, 1, 2)


def test_a_conversion_composes_once_finishes_for_both_targets_and_reads_every_image_once(
    paper: Newsletter, done: Counter[str]
) -> None:
    path = paper.issue("a.md", "第一期", "正文。", *TWO)
    CliRunner().invoke(cli, ["convert", str(path)], catch_exceptions=False)
    assert (done["parse"], done["compose"], done["finish"]) == (1, 1, 2)
    assert (done["1.png"], done["2.png"], done["read"]) == (1, 1, 2)


def test_a_check_and_a_rendering_of_the_same_issue_share_its_layout_and_its_images(
    paper: Newsletter, done: Counter[str]
) -> None:
    issue = wxpub.open(paper.issue("a.md", "第一期", "正文。", *TWO))
    wxpub.check(issue)
    wxpub.render(issue)
    assert (done["parse"], done["compose"], done["finish"], done["read"]) == (1, 1, 1, 2)
