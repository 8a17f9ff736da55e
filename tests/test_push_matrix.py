"""A push that is killed or cut off at every single point, and what the next one makes of it.

For every scenario below, every request of its push is cut before, after and in the middle of its answer, and the
process is killed (SIGKILL) before and after every request and at three places of every write of the ledger. Then
`push` runs again, and the draft box has to be as if nothing had happened.
"""

from __future__ import annotations

import os
import re
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from pushing import Newsletter, newsletter

from wxpub.client import StoredArticle
from wxpub.drafts import send
from wxpub.errors import WxpubError
from wxpub.ledger import FILE_NAME, Intent, Leftover
from wxpub.sandbox import Sandbox

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
    that the push has to create.
    """

    prepare: Callable[[Newsletter], None]
    files: tuple[str, ...]
    titles: tuple[str, ...]
    uploads: int
    added: int
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


def first_newspic(paper: Newsletter) -> None:
    paper.newspic("a.md", "甲", "第一段。", "1.png", "2.png")


def changed_newspic(paper: Newsletter) -> None:
    paper.newspic("a.md", "甲", "旧的。", "1.png")
    paper.push("a.md")
    paper.newspic("a.md", "甲之二", "第一段。", "2.png", "1.png", "3.png")


def newspic_gone(paper: Newsletter) -> None:
    first_newspic(paper)
    paper.box.delete_draft(paper.push("a.md").media_id)


def newspic_beside_its_article(paper: Newsletter) -> None:
    first(paper)
    paper.push("a.md")
    first_newspic(paper)


def newspic_once_more(paper: Newsletter) -> None:
    first_newspic(paper)
    paper.push("a.md")


SCENARIOS = {
    "first push": Scenario(first, ("a.md",), ("甲",), uploads=3, added=1),
    "a changed issue": Scenario(changed, ("a.md",), ("甲之二",), uploads=2, added=0),
    "first push of several": Scenario(several, ("a.md", "b.md"), ("甲", "乙"), uploads=3, added=1),
    "several, changed": Scenario(several_changed, ("a.md", "b.md"), ("甲", "乙"), uploads=2, added=0),
    "one article more": Scenario(one_more, ("a.md", "b.md"), ("甲", "乙"), uploads=1, added=1),
    "one article less": Scenario(one_less, ("a.md", "b.md"), ("甲", "乙"), uploads=0, added=1),
    "the draft is gone": Scenario(gone, ("a.md",), ("甲",), uploads=0, added=1),
    "--new": Scenario(once_more, ("a.md",), ("甲",), uploads=0, added=1, drafts=2, new=True),
    "a newspic (贴图)": Scenario(first_newspic, ("a.md",), ("甲",), uploads=2, added=1),
    "a changed newspic": Scenario(changed_newspic, ("a.md",), ("甲之二",), uploads=2, added=0),
    "a newspic that is gone": Scenario(newspic_gone, ("a.md",), ("甲",), uploads=0, added=1),
    "a newspic beside its article": Scenario(
        newspic_beside_its_article, ("a.md",), ("甲",), uploads=2, added=1, drafts=2
    ),
    "a newspic, --new": Scenario(newspic_once_more, ("a.md",), ("甲",), uploads=0, added=1, drafts=2, new=True),
}


@pytest.mark.matrix(3)
@pytest.mark.parametrize("kind", [*CUTS, *KILLS])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_push_that_is_broken_off_anywhere_is_finished_by_the_next(
    name: str, kind: str, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "UPLOADERS", 1)  # the same order of requests every time
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # it is for power cuts, and slow; a kill needs none
    scenario = SCENARIOS[name]
    places = _places(newsletter(sandbox, tmp_path / "whole"), scenario, kind)
    least = scenario.uploads + 3  # every upload, what is begun, what is made of it, what is read back
    assert places >= least, "the push passes by elsewhere: it has to be broken off there"
    for place in range(places):
        paper = newsletter(sandbox, tmp_path / str(place))
        scenario.prepare(paper)
        before = paper.acted("draft/add"), _uploads(paper)
        broken_off = _cut if kind in CUTS else _kill
        assert broken_off(paper, scenario, kind, place), f"{kind} {place} of {places}: it was not broken off"
        _recover(paper, scenario, before, f"{kind} {place}")


def _places(paper: Newsletter, scenario: Scenario, kind: str) -> int:
    """Count where a push can be broken off: the requests, or the writes of the ledger, of one that is left alone."""
    scenario.prepare(paper)
    with pytest.MonkeyPatch.context() as patch:
        passed = _count(patch, "request" if kind in CUTS else kind)
        paper.push(*scenario.files, new=scenario.new)
    return len(passed)


def _count(patch: pytest.MonkeyPatch, kind: str, there: Callable[[int], None] = lambda place: None) -> list[int]:
    """Call `there` with the number of every place of this kind that is passed; return the growing list of them."""
    passed: list[int] = []
    replace = Path.replace

    def pass_by() -> None:
        there(len(passed))
        passed.append(len(passed))

    def trap(function: Callable[..., Any]) -> Callable[..., Any]:
        def trapped(*args: Any, **kwargs: Any) -> Any:
            ours = function is not replace or Path(args[1]).name == FILE_NAME  # a theme may be kept meanwhile
            if ours and "after" not in kind and "in" not in kind.split():
                pass_by()
            result = function(*args, **kwargs)
            if ours and ("after" in kind or "in" in kind.split()):
                pass_by()
            return result

        return trapped

    if kind.endswith("request"):
        patch.setattr(requests.Session, "request", trap(requests.Session.request))
    elif kind == "kill in a write":
        patch.setattr(os, "fsync", trap(os.fsync))
    else:
        patch.setattr(Path, "replace", trap(replace))
    return passed


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
        signal.alarm(60)  # a child that hangs is one that was not broken off
        try:
            with pytest.MonkeyPatch.context() as patch:
                _count(patch, kind, lambda passed: os.kill(os.getpid(), signal.SIGKILL) if passed == place else None)
                paper.push(*scenario.files, new=scenario.new)
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM), f"{kind} {place}: the push hangs"
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _recover(paper: Newsletter, scenario: Scenario, before: tuple[int, int], point: str) -> None:
    """Push again, and look whether everything is as it must be."""
    # What was killed while it made a new draft is run again as it was; a cut push may have come to its end by itself.
    begun = bool(paper.ledger().facts(Intent))
    added = paper.acted("draft/add") - before[0]
    again = scenario.new and (begun or not added)
    receipt = paper.push(*scenario.files, new=again)
    drafts = paper.drafts()
    assert len(drafts) == scenario.drafts, point
    if receipt.action != "unchanged":
        receipt = paper.push(*scenario.files)
    assert receipt.action == "unchanged", point
    articles = drafts[receipt.media_id]
    assert tuple(each["title"] for each in articles) == scenario.titles, point
    for article, name in zip(articles, scenario.files, strict=True):
        source = (paper.root / name).read_text(encoding="utf-8")
        body, kept = source[source.index("# ") :].split("\n")[2], StoredArticle(article)
        assert body in article["content"], point
        pictures = kept.pictures if kept.is_newspic else re.findall("data-src=", kept.content)
        assert len(pictures) == source.count("![]"), point
    assert paper.acted("draft/add") - before[0] == scenario.added, point
    assert _uploads(paper) - before[1] <= scenario.uploads + 1, point
    assert not paper.ledger().facts(Intent), point
    assert not paper.ledger().facts(Leftover), point
    assert not list(paper.root.glob("*.tmp")), point
