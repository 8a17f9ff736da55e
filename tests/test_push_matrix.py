"""A push that is killed or cut off at every single point, and what the next one makes of it.

For every scenario below, every request of its push is cut before, after and in the middle of its answer, and the
process is killed (SIGKILL) before and after every request and at three places of every write of the ledger. Then
`push` runs again, and the draft box has to be as if nothing had happened.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from pushing import Newsletter, newsletter

from wxpub.drafts import send
from wxpub.errors import WxpubError
from wxpub.ledger import Intent, Leftover
from wxpub.sandbox import Sandbox, serve

FAULT_HEADER = "X-Sandbox-Fault"
CUTS = ("cut-before", "cut-after", "half", "html", "empty", "errcode=-1")
KILLS = (
    "kill before a request",
    "kill after a request",
    "kill before a write",
    "kill in a write",
    "kill after a write",
)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@dataclass(frozen=True)
class Scenario:
    """What is there before the push, what is pushed, and what must be there in the end.

    `uploads` are the pictures that the push has to upload, `drafts` the drafts in the box afterwards, `added` those
    that the push has to create; `points` is how many points there are at least.
    """

    prepare: Callable[[Newsletter], None]
    files: tuple[str, ...]
    titles: tuple[str, ...]
    uploads: int
    added: int
    points: int
    drafts: int = 1
    new: bool = False


def first(paper: Newsletter) -> None:
    paper.issue("a.md", "甲", "第一段。", "1.png", "2.png")


def changed(paper: Newsletter) -> None:
    paper.issue("a.md", "甲", "旧的。", "1.png")
    paper.push("a.md")
    paper.issue("a.md", "甲之二", "第一段。", "1.png", "2.png")


def several(paper: Newsletter) -> None:
    paper.issue("a.md", "甲", "第一段。", "1.png")
    paper.issue("b.md", "乙")


def several_changed(paper: Newsletter) -> None:
    several(paper)
    paper.issue("a.md", "旧", "旧的。")
    paper.push("a.md", "b.md")
    several(paper)
    paper.issue("b.md", "乙", "又一段。")


def one_more(paper: Newsletter) -> None:
    several(paper)
    paper.push("a.md")


def one_less(paper: Newsletter) -> None:
    several(paper)
    paper.issue("c.md", "丙")
    paper.push("a.md", "b.md", "c.md")


def gone(paper: Newsletter) -> None:
    paper.issue("a.md", "甲", "第一段。", "1.png")
    paper.box.delete_draft(paper.push("a.md").media_id)


def once_more(paper: Newsletter) -> None:
    paper.issue("a.md", "甲", "第一段。", "1.png")
    paper.push("a.md")


SCENARIOS = {
    "first push": Scenario(first, ("a.md",), ("甲",), uploads=3, added=1, points=70),
    "a changed issue": Scenario(changed, ("a.md",), ("甲之二",), uploads=2, added=0, points=60),
    "first push of several": Scenario(several, ("a.md", "b.md"), ("甲", "乙"), uploads=3, added=1, points=70),
    "several, changed": Scenario(several_changed, ("a.md", "b.md"), ("甲", "乙"), uploads=2, added=0, points=70),
    "one article more": Scenario(one_more, ("a.md", "b.md"), ("甲", "乙"), uploads=1, added=1, points=60),
    "one article less": Scenario(one_less, ("a.md", "b.md"), ("甲", "乙"), uploads=0, added=1, points=50),
    "the draft is gone": Scenario(gone, ("a.md",), ("甲",), uploads=0, added=1, points=40),
    "--new": Scenario(once_more, ("a.md",), ("甲",), uploads=0, added=1, points=32, drafts=2, new=True),
}


@pytest.fixture(scope="module")
def wechat() -> Iterator[Sandbox]:
    with serve() as sandbox:
        yield sandbox


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_push_that_is_cut_off_anywhere_is_finished_by_the_next(
    name: str, wechat: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "UPLOADERS", 1)  # the same order of requests every time
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # it is for power cuts, and slow; a kill needs none
    points = sum(_points(SCENARIOS[name], kind, wechat, tmp_path) for kind in (*CUTS, *KILLS))
    assert points >= SCENARIOS[name].points


def test_the_matrix_has_more_than_four_hundred_points() -> None:
    assert sum(each.points for each in SCENARIOS.values()) > 400


def _points(scenario: Scenario, kind: str, wechat: Sandbox, folder: Path) -> int:
    """Run every point of one kind; give how many there were."""
    place = 0
    while True:
        paper = newsletter(wechat, folder / f"{kind.replace(' ', '-')}-{place}")
        scenario.prepare(paper)
        before = paper.acted("draft/add"), _uploads(paper)
        hit = _cut(paper, scenario, kind, place) if kind in CUTS else _kill(paper, scenario, kind, place)
        if not hit:
            return place
        _recover(paper, scenario, before, f"{kind} {place}")
        place += 1


def _uploads(paper: Newsletter) -> int:
    return paper.acted("media/uploadimg") + paper.acted("material/add_material")


def _cut(paper: Newsletter, scenario: Scenario, kind: str, place: int) -> bool:
    """Push with a fault at request number `place`; tell whether there was such a request."""
    sent = 0
    original = requests.Session.request

    def request(self: requests.Session, *args: Any, **kwargs: Any) -> requests.Response:
        nonlocal sent
        if sent == place:
            kwargs["headers"] = {**(kwargs.get("headers") or {}), FAULT_HEADER: kind}
        sent += 1
        return original(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "request", request)
        try:
            paper.push(*scenario.files, new=scenario.new)
        except WxpubError as error:
            assert "\n" not in str(error), f"{kind} {place}: {error}"
    return sent > place


def _kill(paper: Newsletter, scenario: Scenario, kind: str, place: int) -> bool:
    """Push in a child process that kills itself at point `place`; tell whether it came that far."""
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        _arm(kind, place)
        try:
            paper.push(*scenario.files, new=scenario.new)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _arm(kind: str, place: int) -> None:
    """Set the trap, in the child only."""
    passed = 0

    def die_here() -> None:
        nonlocal passed
        if passed == place:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    def trap(function: Callable[..., Any], when: str) -> Callable[..., Any]:
        def trapped(*args: Any, **kwargs: Any) -> Any:
            if when == "before":
                die_here()
            result = function(*args, **kwargs)
            if when == "after":
                die_here()
            return result

        return trapped

    _, when, _, what = kind.split()
    if what == "request":
        requests.Session.request = trap(requests.Session.request, when)  # type: ignore[method-assign]
    elif when == "in":
        os.fsync = trap(os.fsync, "after")
    else:
        Path.replace = trap(Path.replace, when)  # type: ignore[method-assign]


def _recover(paper: Newsletter, scenario: Scenario, before: tuple[int, int], point: str) -> None:
    """Push again, and look whether everything is as it must be."""
    # What was killed while it made a new draft is run again as it was; a cut push may have come to its end by itself.
    begun = bool(paper.ledger().facts(Intent))
    added = paper.acted("draft/add") - before[0]
    again = scenario.new and (begun or not added)
    paper.push(*scenario.files, new=again)
    drafts = paper.drafts()
    assert len(drafts) == scenario.drafts, point
    receipt = paper.push(*scenario.files)
    assert receipt.action == "unchanged", point
    articles = drafts[receipt.media_id]
    assert tuple(each["title"] for each in articles) == scenario.titles, point
    for article, name in zip(articles, scenario.files, strict=True):
        source = (paper.root / name).read_text(encoding="utf-8")
        assert source.split("\n")[2] in article["content"], point
        assert article["content"].count("data-src=") == source.count("![]"), point
    assert paper.acted("draft/add") - before[0] == scenario.added, point
    assert _uploads(paper) - before[1] <= scenario.uploads + 1, point
    assert not paper.ledger().facts(Intent), point
    assert not paper.ledger().facts(Leftover), point
    assert not list(paper.root.glob("*.tmp")), point
