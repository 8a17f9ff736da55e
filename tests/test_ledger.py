"""The ledger: whole at every moment, readable by people, and merged line by line."""

from __future__ import annotations

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wxpub.errors import ConfigError
from wxpub.ledger import FILE_NAME, Draft, Intent, Ledger, Published, Publishing, Upload, issue_name, published


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def test_a_fact_is_read_back_as_it_was_written(path: Path) -> None:
    fact = Draft("m", 0, 2, "a.b.c", "s", "t", doubtful=True, at="2026-01-01T00:00:00Z")
    Ledger(path).record("wx1", {"期刊/第 1 期.md": fact})
    assert Ledger(path).get(Draft, "wx1", "期刊/第 1 期.md") == fact
    assert Ledger(path).get(Draft, "wx2", "期刊/第 1 期.md") is None


def test_facts_and_intents_change_in_one_step(path: Path) -> None:
    ledger = Ledger(path)
    ledger.record("wx1", {"a.md": Intent("a.b.c", 0, 1), "b.md": Intent("a.b.d", 1, 2)})
    ledger.record("wx1", {"a.md": Draft("m", 0, 1, "a.b.c")}, forget={"b.md": Intent}, done=["a.md"])
    assert Ledger(path).facts(Intent) == {}
    assert list(Ledger(path).of_account(Draft, "wx1")) == ["a.md"]


def test_no_account_is_told_the_facts_of_another(path: Path) -> None:
    ours, theirs = (Draft(name, 0, 1, "a.b.c", at="2026-01-01T00:00:00Z") for name in ("ours", "theirs"))
    Ledger(path).record("wx1", {"a.md": ours})
    Ledger(path).record("wx2", {"a.md": theirs, "b.md": theirs})
    assert Ledger(path).of_account(Draft, "wx1") == {"a.md": ours}


def test_nothing_is_written_where_nothing_changes(path: Path) -> None:
    fact = Upload("http://x/0", 1, 1, at="2026-01-01T00:00:00Z")
    Ledger(path).record("wx1", {"body k": fact})
    before = path.stat().st_mtime_ns, path.stat().st_ino
    Ledger(path).record("wx1", {"body k": fact})
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_a_rehearsal_writes_nothing(path: Path) -> None:
    ledger = Ledger(path, keep=False)
    ledger.record("wx1", {"a.md": Published("https://mp.weixin.qq.com/s/x")})
    assert ledger.of_account(Published, "wx1")
    assert not path.exists()


def test_threads_lose_none_of_each_others_facts(path: Path) -> None:
    ledger = Ledger(path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: ledger.record("wx1", {f"body {number}": Upload("u", 1, 1)}), range(40)))
    assert len(Ledger(path).facts(Upload)) == 40


def test_two_ledgers_of_one_file_take_turns(path: Path) -> None:
    def add(number: int) -> None:
        ledger = Ledger(path)
        with ledger.locked():
            ledger.record("wx1", {f"{number}.md": Published("u")})

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(Ledger(path).facts(Published)) == 12


def test_a_link_to_the_ledger_stays_a_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    Ledger(tmp_path / "elsewhere" / "ledger.json").record("wx1", {"b.md": Published("v")})
    path.symlink_to(tmp_path / "elsewhere" / "ledger.json")
    Ledger(path).record("wx1", {"a.md": Published("u")})
    assert path.is_symlink()
    assert len(Ledger(tmp_path / "elsewhere" / "ledger.json").facts(Published)) == 2


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '"x"', "null", '{"wxpub-ledger": "x"}', '{"wxpub-ledger": 1, "draft a b": 3}']
)
def test_a_damaged_ledger_is_refused_and_left_as_it_is(path: Path, damage: str) -> None:
    path.write_text(damage, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"damaged.*index rebuild"):
        Ledger(path)
    assert path.read_text(encoding="utf-8") == damage


def test_published_issues_are_named_by_their_absolute_path(tmp_path: Path) -> None:
    Ledger(tmp_path / FILE_NAME).record("wx1", {"issues/1.md": Published("https://mp.weixin.qq.com/s/x")})
    Ledger(tmp_path / FILE_NAME).record("wx1", {"issues/2.md": Publishing("media", 0, "a.b.c", "1")})
    assert published(tmp_path) == {str(tmp_path / "issues" / "1.md"): "https://mp.weixin.qq.com/s/x"}


def test_an_issue_has_one_name_on_every_machine(tmp_path: Path) -> None:
    composed, decomposed = "é.md", "e\u0301.md"
    assert issue_name(tmp_path / composed, tmp_path) == issue_name(tmp_path / decomposed, tmp_path)


@pytest.mark.skipif(os.system("git --version > /dev/null 2>&1") != 0, reason="no git")
def test_git_merges_the_ledgers_of_two_people(tmp_path: Path, path: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(("git", *who, *words), cwd=tmp_path, check=True, capture_output=True)

    git("init", "-b", "main")
    (tmp_path / ".gitattributes").write_text(f"{FILE_NAME} merge=union\n")
    early, late = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    Ledger(path).record("wx1", {"m.md": Published("u", at=early)})
    git("add", ".")
    git("commit", "-m", "base")
    git("checkout", "-b", "colleague")
    Ledger(path).record("wx1", {"n.md": Published("theirs"), "m.md": Published("later", at=late)})
    git("commit", "-am", "theirs")
    git("checkout", "main")
    Ledger(path).record("wx1", {"o.md": Published("ours"), "m.md": Published("u2", at="2026-01-01T12:00:00Z")})
    git("commit", "-am", "ours")
    git("merge", "colleague")
    facts = Ledger(path).of_account(Published, "wx1")
    assert {name: fact.url for name, fact in facts.items()} == {"m.md": "later", "n.md": "theirs", "o.md": "ours"}
    Ledger(path).record("wx1", {"p.md": Published("next")})
    assert path.read_text(encoding="utf-8").count("m.md") == 1
