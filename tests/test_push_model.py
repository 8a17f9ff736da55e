"""Whatever people, machines and networks do, in whatever order: the promises of docs/push.md hold after every step.

A state machine writes issues, pushes and publishes them from several checkouts, plays the editor in the web console,
cuts connections, kills commands, loses and merges ledgers. What really happened is read from the account itself.

WXPUB_MODEL=10000 takes so many steps, with the seed below; without it the suite takes a few hundred, always the same.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pushing import Newsletter, newsletter, no_pause, picture

from wxpub import ledger as ledger_room
from wxpub.client import Client
from wxpub.drafts import send
from wxpub.drafts.compare import lines
from wxpub.drafts.publish import publish
from wxpub.errors import WxpubError
from wxpub.ledger import FILE_NAME, Published, Publishing
from wxpub.sandbox import Sandbox, serve

STEPS = int(os.environ.get("WXPUB_MODEL", "0"))
SEED = int(os.environ.get("WXPUB_MODEL_SEED", "20261121"))
WORDS = {"a.md": "甲篇", "b.md": "乙篇", "c.md": "丙篇"}  # what an issue says in every version, and no other one
CUTS = ("cut-before", "cut-after", "half")
CALLS = ("draft/add", "draft/update", "freepublish/submit", "material/add_material", "draft/get", "draft/batchget")
KILLS = ("before a request", "after a request", "before a write", "after a write")
QUIRKS = ("", "", "", "drop-data", "attributes-vary", "pictures-vary", "colours-vary")


class Killed(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Break:
    """How a command is broken off: the next `number` calls of `where` are cut, or it is killed at point `number`."""

    kind: str
    where: str
    number: int


@dataclass(frozen=True)
class Release:
    """A publication of the account's: the words of its articles, its addresses, and whether WeChat is done with it."""

    number: int
    media_id: str
    articles: tuple[str, ...]
    urls: tuple[str, ...]
    under_way: bool


@dataclass
class Seen:
    """What is in the account now: articles of drafts by media_id, and everything that was published."""

    drafts: dict[str, list[dict[str, Any]]]
    releases: list[Release]


@dataclass
class Outcome:
    """What a command said, and what the account held before and after it."""

    before: Seen
    after: Seen
    result: Any = None
    error: BaseException | None = None
    said: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """Everything that a person was told."""
        findings = [each.message for each in getattr(self.result, "findings", ())]
        error = self.error
        hint = [error.message, error.hint] if isinstance(error, WxpubError) else []
        return "\n".join((*self.said, *findings, *hint))

    @property
    def made(self) -> list[str]:
        """The drafts that are new."""
        return [each for each in self.after.drafts if each not in self.before.drafts]

    @property
    def published(self) -> list[Release]:
        """The publications that are new."""
        return self.after.releases[len(self.before.releases) :]


COUNTED: Counter[str] = Counter()  # what commands came to: a machine that only ever refuses would show nothing
SERVER: list[Sandbox] = []  # the one that all runs share; each has an account of its own


@pytest.fixture(scope="module", autouse=True)
def wechat() -> Iterator[Sandbox]:
    with serve() as sandbox:
        SERVER[:] = [sandbox]
        yield sandbox


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the same way every time, and none for power cuts."""
    monkeypatch.setattr(send, "UPLOADERS", 1)
    monkeypatch.setattr(os, "fsync", lambda handle: None)


breaks = st.one_of(
    st.none(),
    st.none(),
    st.builds(Break, st.sampled_from(CUTS), st.sampled_from(CALLS), st.sampled_from((1, 2, 4))),
    st.builds(Break, st.just("kill"), st.sampled_from(KILLS), st.integers(0, 9)),
)
names = st.sampled_from(tuple(WORDS))
several = st.lists(names, min_size=1, max_size=2, unique=True).map(tuple)
several = st.one_of(names.map(lambda name: (name,)), several)
numbers = st.integers(0, 7)
checkouts = st.sampled_from((0, 0, 1, 2))


class Newsroom(RuleBasedStateMachine):
    """Three checkouts of a newsletter at most, one account, and everybody who has a hand in it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="wxpub-model-"))
        self.patch = pytest.MonkeyPatch()
        self.wechat = SERVER[0]
        self.version = 0
        self.order: list[str] = []  # drafts as they appeared
        self.kept: dict[str, list[str]] = {}  # what a person made of articles, by media_id
        self.copies: set[str] = set()  # drafts that an editor made and that we never took for ours
        self.told: set[str] = set()  # drafts that a person knows of besides the one that push names
        self.ledgers: list[str] = []  # as they were at some time

    def teardown(self) -> None:
        self.patch.undo()
        self.wechat.clear_faults()
        shutil.rmtree(self.folder, ignore_errors=True)

    @initialize(
        leaves=st.sampled_from(("submit", "done", "never")),
        seconds=st.sampled_from((0, 0, 30)),
        quirk=st.sampled_from(QUIRKS),
        remote=st.booleans(),
    )
    def start(self, leaves: str, seconds: int, quirk: str, remote: bool) -> None:
        paper = newsletter(self.wechat, self.folder / "0")
        picture(paper.root / "cover.png", size=(90, 40))
        if remote:
            (paper.root / ".git").mkdir()
            text = '[remote "origin"]\n\turl = https://host.example/me/letter.git\n'
            (paper.root / ".git" / "config").write_text(text, encoding="utf-8")
        self.box = paper.box
        self.quirk, self.leaves = quirk, leaves
        quirks = (quirk,) if quirk else ()
        self.box.set_profile(draft_leaves=leaves, publish_seconds=seconds, quirks=quirks, quotas=False)
        self.papers = [paper]
        self.patch.setattr(ledger_room, "now", self.clock)
        for name in WORDS:
            self.write(0, name, False)
        self.outcome: Outcome | None = None

    def clock(self) -> str:
        """Give the account's time as ledgers write it: all machines go by the same clock."""
        return datetime.fromtimestamp(self.box.now(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    # --- the account ------------------------------------------------------------------------------------------------

    def look(self) -> Seen:
        """Read from the account's own books what there is, whatever it says over HTTP."""
        sql = "SELECT publish_id, media_id, articles, slugs, done FROM publication WHERE appid = ? ORDER BY 1"
        releases = [
            Release(
                row["publish_id"],
                row["media_id"],
                tuple(each["title"] + each["content"] for each in json.loads(row["articles"])),
                tuple(f"https://mp.weixin.qq.com/s/{slug}" for slug in json.loads(row["slugs"])),
                row["done"] > self.box.now(),
            )
            for row in self.wechat._store.rows(sql, self.papers[0].account.appid)
        ]
        drafts = {media_id: list(articles) for media_id, articles in self.box.drafts().items()}
        self.order += [each for each in reversed(drafts) if each not in self.order]
        return Seen(drafts, releases)

    def draft(self, number: int) -> str:
        """Choose a draft that is in the box; "" where there is none."""
        there = self.box.drafts() if hasattr(self, "box") else {}
        known = [each for each in self.order if each in there]
        return known[number % len(known)] if known else ""

    def paper(self, number: int) -> Newsletter:
        return self.papers[number % len(self.papers)]

    # --- commands ---------------------------------------------------------------------------------------------------

    def run_command(self, command: Callable[[list[str]], Any], how: Break | None) -> Outcome:
        """Run a command, broken off or not. Any exception but those that a person is shown is a failure."""
        self.box.move_clock(2)
        outcome = Outcome(self.look(), Seen({}, []))
        with self.broken_off(how):
            try:
                outcome.result = command(outcome.said)
            except (WxpubError, Killed) as error:
                outcome.error = error
        self.wechat.clear_faults()
        outcome.after = self.look()
        self.ledgers += [text for each in self.papers if (text := read_ledger(each)) not in self.ledgers]
        return outcome

    @contextmanager
    def broken_off(self, how: Break | None) -> Iterator[None]:
        if how and how.kind != "kill":
            self.wechat.fail(how.kind, endpoint=f"/cgi-bin/{how.where}", times=how.number)
        with pytest.MonkeyPatch.context() as patch:
            if how and how.kind == "kill":
                place, name = (Client, "_send") if how.where.endswith("request") else (ledger_room, "_write")
                patch.setattr(place, name, deadly(getattr(place, name), how.number, how.where.startswith("after")))
            yield

    @rule(who=checkouts, name=names, retitle=st.booleans())
    def write(self, who: int, name: str, retitle: bool) -> None:
        self.version += 1
        title = f"{WORDS[name]}的题目" + (f"之 {self.version}" if retitle else "")
        text = f"---\ntitle: {title}\ncover: cover.png\n---\n\n{WORDS[name]}，第 {self.version} 稿。\n"
        self.paper(who).write(name, text)

    @rule(who=checkouts, files=several, how=breaks)
    def push(self, who: int, files: tuple[str, ...], how: Break | None) -> None:
        self.pushed(who, files, how)

    @rule(who=checkouts, name=names, how=breaks)
    def push_and_publish(self, who: int, name: str, how: Break | None) -> None:
        self.pushed(who, (name,), None)
        self.publish_one(who, name, how, again=False)

    @rule(who=checkouts, files=several, how=breaks)
    def push_changed(self, who: int, files: tuple[str, ...], how: Break | None) -> None:
        self.write(who, files[0], False)
        self.pushed(who, files, how)

    @rule(who=checkouts, files=several, how=breaks)
    def push_force(self, who: int, files: tuple[str, ...], how: Break | None) -> None:
        self.pushed(who, files, how, force=True)

    @rule(who=checkouts, files=several, how=breaks)
    def push_new(self, who: int, files: tuple[str, ...], how: Break | None) -> None:
        self.pushed(who, files, how, new=True)

    def pushed(
        self, who: int, files: tuple[str, ...], how: Break | None, *, force: bool = False, new: bool = False
    ) -> None:
        paper = self.paper(who)

        def command(said: list[str]) -> Any:
            return paper.push(*files, force=force, new=new, say=said.append)

        done = self.run_command(command, how)
        receipt = done.result
        COUNTED["push " + (receipt.action if receipt else type(done.error).__name__)] += 1
        assert not done.published
        self.check_kept(done, files if force else (), receipt.media_id if receipt else "")
        self.told.update(each for each in self.order if each in done.told)
        if new:  # asked for by somebody who knows the others
            self.told.update(
                each for each, articles in done.after.drafts.items() if any(holds(articles, name) for name in files)
            )
        if receipt is None:
            return
        if receipt.action == "published":
            for name in files:
                self.is_published(paper, name)
            return
        if receipt.action != "failed":
            stored = done.after.drafts[receipt.media_id]
            for name in files:
                title, body = words_of(paper, name)
                assert any(each["title"] == title and lines(each["content"]) == [body] for each in stored), (
                    f"{receipt.action}, and the draft does not hold {name} as it is"
                )
        if receipt.media_id in self.copies:  # a copy that nobody wrote in is as good as what it was made of
            self.copies.discard(receipt.media_id)
            self.kept.pop(receipt.media_id, None)
        for name in files if self.quirk != "drop-data" else ():  # without marks, other words are another issue's
            more = {each for each, articles in done.after.drafts.items() if holds(articles, name)}
            more -= {receipt.media_id, *self.told, *self.copies, *(each.media_id for each in done.after.releases)}
            assert not more, f"{name}: another draft of ours that nobody was told of"

    @precondition(lambda self: getattr(self, "order", ()))
    @rule(who=checkouts, name=names, how=breaks)
    def publish(self, who: int, name: str, how: Break | None) -> None:
        self.publish_one(who, name, how, again=False)

    @precondition(lambda self: getattr(self, "order", ()))
    @rule(who=checkouts, name=names, how=breaks)
    def publish_again(self, who: int, name: str, how: Break | None) -> None:
        self.publish_one(who, name, how, again=True)

    def publish_one(self, who: int, name: str, how: Break | None, *, again: bool) -> None:
        paper = self.paper(who)
        named: list[str] = []

        def command(said: list[str]) -> Any:
            job = paper.job(name)
            ledger = paper.ledger()
            with ledger.locked():
                return publish(
                    Client(paper.account, pause=no_pause),
                    ledger,
                    job.account,
                    name,
                    self.box.move_clock,
                    text=job.articles[0].text,
                    again=again,
                    confirm=lambda articles: named.extend(each.title for each in articles),
                )

        known = set(paper.ledger().of_account(Publishing, paper.account.appid))
        recorded = set(paper.ledger().of_account(Published, paper.account.appid))
        done = self.run_command(command, how)
        self.check_kept(done, (), "")
        COUNTED["publish " + (type(done.error).__name__ if done.error else "done" if done.published else "known")] += 1
        assert not done.made
        for release in done.published:
            assert any(WORDS[name] in each for each in release.articles), f"{name} was asked for, and is not in it"
            assert named, "nobody was asked"
            for other in WORDS:
                before = [each for each in done.before.releases if any(WORDS[other] in text for text in each.articles)]
                # Two checkouts at once are not kept apart: what WeChat is still at work on, and only others know of.
                before = [each for each in before if not each.under_way or other in known]
                if self.quirk == "drop-data" and other not in recorded:
                    before = [each for each in before if set(each.articles) & set(release.articles)]
                there = any(WORDS[other] in text for text in release.articles)
                assert again or not (there and before), f"{other} is published twice"
        if done.error is None:
            assert name in done.result
            if name not in known:  # what was submitted earlier has the words that the file had then
                self.is_published(paper, name)

    def is_published(self, paper: Newsletter, name: str) -> None:
        """The issue can be read under the address of the ledger, in the words of the file or of an editor."""
        fact = paper.ledger().get(Published, paper.account.appid, name)
        assert fact
        (text,) = (
            text
            for release in self.look().releases
            for url, text in zip(release.urls, release.articles, strict=True)
            if url == fact.url
        )
        title, body = words_of(paper, name)
        assert (title in text and body in text) or "编辑部" in text, f"{name} was published with other words"

    # --- people in the web console -----------------------------------------------------------------------------------

    def edit(self, media_id: str, articles: Sequence[dict[str, Any]]) -> None:
        self.box.edit_draft(media_id, articles)
        sql = "UPDATE draft SET updated = ? WHERE media_id = ?"
        self.box.move_clock(2)
        self.wechat._store.run(sql, self.box.now(), media_id)

    @precondition(lambda self: self.draft(0))
    @rule(number=numbers, place=numbers, what=st.sampled_from(("words", "title", "form", "author")))
    def edit_article(self, number: int, place: int, what: str) -> None:
        media_id = self.draft(number)
        articles = list(self.box.drafts()[media_id])
        place %= len(articles)
        old = articles[place]
        self.version += 1
        new = {
            "words": {"content": old["content"] + f"<p>编辑部改 {self.version}</p>"},
            "title": {"title": f"编辑部 {self.version}"},
            "form": {"content": old["content"] + '<p style="border-top:3px solid red"><br></p>'},
            "author": {"author": f"编辑部{self.version}"},
        }[what]
        articles[place] = {**old, **new}
        self.kept[media_id] = [each for each in self.kept.get(media_id, []) if each != essence(old)]
        if what in ("words", "title"):
            self.kept[media_id].append(essence(articles[place]))
        self.edit(media_id, articles)

    @precondition(lambda self: self.draft(0))
    @rule(number=numbers, what=st.sampled_from(("add", "add first", "swap")))
    def rearrange(self, number: int, what: str) -> None:
        media_id = self.draft(number)
        articles = list(self.box.drafts()[media_id])
        self.version += 1
        more = {**articles[0], "title": "编辑部的一篇", "content": f"<p>编辑部手写 {self.version}</p>"}
        if what == "swap":
            articles.reverse()
        elif len(articles) < 8:
            articles = [more, *articles] if what == "add first" else [*articles, more]
            self.kept.setdefault(media_id, []).append(essence(more))
        self.edit(media_id, articles)

    @precondition(lambda self: self.draft(0))
    @rule(number=numbers)
    def copy(self, number: int) -> None:
        media_id = self.draft(number)
        articles = self.box.drafts()[media_id]
        self.box.move_clock(700)
        made = self.wechat._store.new_media_id(self.papers[0].account.appid)
        now = self.box.now()
        columns = "appid, articles, traces, created, updated"
        sql = (
            f"INSERT INTO draft (media_id, {columns}) "
            "SELECT ?, appid, articles, traces, ?, ? FROM draft WHERE media_id = ?"
        )
        self.wechat._store.run(sql, made, now, now, media_id)
        self.copies.add(made)
        self.kept[made] = [essence(each) for each in articles]

    @precondition(lambda self: self.draft(0))
    @rule(number=numbers)
    def delete(self, number: int) -> None:
        media_id = self.draft(number)
        self.box.delete_draft(media_id)
        self.kept.pop(media_id, None)

    @precondition(lambda self: self.draft(0))
    @rule(number=numbers)
    def publish_by_hand(self, number: int) -> None:
        self.box.publish(self.draft(number))
        self.box.move_clock(2)

    # --- machines ---------------------------------------------------------------------------------------------------

    @rule(ledger=st.sampled_from(("own", "old", "none")), number=numbers)
    @precondition(lambda self: len(self.papers) < 3)
    def clone(self, ledger: str, number: int) -> None:
        first = self.papers[0]
        root = self.folder / str(len(self.papers))
        shutil.copytree(first.root, root, ignore=None if ledger == "own" else shutil.ignore_patterns(FILE_NAME))
        made = Newsletter(root, first.account, first.box)
        if ledger == "old" and self.ledgers and (text := self.ledgers[number % len(self.ledgers)]):
            (root / FILE_NAME).write_text(text, encoding="utf-8")
        self.papers.append(made)

    @precondition(lambda self: len(self.papers) > 1)
    @rule(old=checkouts, new=checkouts, name=names)
    def pull(self, old: int, new: int, name: str) -> None:
        """Fetch an issue's words, and not the ledger."""
        self.paper(new).write(name, (self.paper(old).root / name).read_text(encoding="utf-8"))

    @precondition(lambda self: len(self.papers) > 1)
    @rule(one=checkouts, two=checkouts)
    def merge(self, one: int, two: int) -> None:
        """Merge ledgers as merge=union does at its worst: every line of both."""
        texts = [text for each in (one, two) if (text := read_ledger(self.paper(each)))]
        if len(texts) < 2:
            return
        head, *_ = texts[0].split("\n")
        facts = sorted({line for text in texts for line in text.split("\n")[1:-3]})
        merged = "\n".join((head, *facts, *texts[0].split("\n")[-3:]))
        for each in (one, two):
            (self.paper(each).root / FILE_NAME).write_text(merged, encoding="utf-8")

    @rule(who=checkouts)
    def lose_the_ledger(self, who: int) -> None:
        (self.paper(who).root / FILE_NAME).unlink(missing_ok=True)

    @rule(seconds=st.sampled_from((1, 60, 3600, 90000)))
    def wait(self, seconds: int) -> None:
        self.box.move_clock(seconds)

    # --- what holds at any time --------------------------------------------------------------------------------------

    def check_kept(self, done: Outcome, forced: Sequence[str], named: str) -> None:
        """Nothing that a person made is gone: edited articles and copies are where they were, but for --force."""
        left = {each.media_id for each in done.after.releases} if self.leaves != "never" else set()
        for media_id, kept in list(self.kept.items()):
            there = [essence(each) for each in done.after.drafts.get(media_id, ())]
            for each in list(kept):
                if each in there:
                    continue
                there_still = media_id in done.after.drafts
                published = media_id in left and not there_still
                taken = media_id in self.copies and media_id == named
                overwritten = there_still and any(WORDS[name] in each for name in forced)
                if published or taken or overwritten:
                    kept.remove(each)
                else:
                    raise AssertionError(f"what a person made is gone: {each}")

    @invariant()
    def addresses_are_those_of_their_issues(self) -> None:
        if not hasattr(self, "papers"):
            return
        pages = {
            url: text
            for release in self.look().releases
            for url, text in zip(release.urls, release.articles, strict=True)
        }
        for paper in self.papers:
            for name, fact in paper.ledger().of_account(Published, paper.account.appid).items():
                assert WORDS[name] in pages[fact.url], f"{fact.url} is not {name}"


def read_ledger(paper: Newsletter) -> str:
    path = paper.root / FILE_NAME
    return path.read_text(encoding="utf-8") if path.exists() else ""


def words_of(paper: Newsletter, name: str) -> tuple[str, str]:
    """Give the title and the paragraph of a file."""
    rows = (paper.root / name).read_text(encoding="utf-8").split("\n")
    return rows[1].removeprefix("title: "), rows[5]


def holds(articles: Sequence[dict[str, Any]], name: str) -> bool:
    return any(WORDS[name] in each["content"] for each in articles)


def essence(article: dict[str, Any]) -> str:
    """What a person can change of an article."""
    return json.dumps([article["title"], article["content"], article["author"]], ensure_ascii=False)


def deadly(function: Callable[..., Any], number: int, after: bool) -> Callable[..., Any]:
    """Wrap a function that the process does not survive the call `number` of."""
    calls = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number + 1 and not after:
            raise Killed
        result = function(*args, **kwargs)
        if calls == number + 1:
            raise Killed
        return result

    return wrapped


LENGTH = 50 if STEPS else 20
COMMON = settings(
    deadline=None,
    database=None,
    stateful_step_count=LENGTH,
    max_examples=max(1, STEPS // LENGTH) if STEPS else 25,
    derandomize=not STEPS,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    phases=(Phase.generate, *((Phase.shrink,) if os.environ.get("WXPUB_SHRINK") else ())),
)


def test_the_promises_hold_whatever_happens() -> None:
    machine = seed(SEED)(Newsroom) if STEPS else Newsroom
    COUNTED.clear()
    run_state_machine_as_test(machine, settings=COMMON)
    print(f"seed {SEED}: {COUNTED}")
