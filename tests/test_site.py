"""A letter as a web site: closed in itself, made anew where something changed, and nothing of anybody else touched."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import feedparser
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner, Result
from conftest import AXE, ROOT
from lxml import etree

from wxpub import workers
from wxpub.article import written_in
from wxpub.cli import cli
from wxpub.desk import letter
from wxpub.elsewhere import site
from wxpub.elsewhere.site import MANIFEST, Report
from wxpub.errors import SourceError

Wxpub = Callable[..., Result]
BASE = "https://letter.example/w/"
PICTURE = ROOT / "examples/images/account.png"
SETTINGS = '[article]\nauthor = "编辑部"\ncover = "../pictures/a.png"\n[cover]\nseries = "嵌入式简报"\n'
ATOM = etree.RelaxNG(etree.parse(ROOT / "tests/data/atom.rng"))


def day(number: int) -> str:
    return (date(2025, 1, 1) + timedelta(14 * number)).isoformat()


def text(number: int, more: str = "") -> str:
    return (
        f"# 第 {number} 期：端侧<模型>\n\n> 导读：本期两条，第 {number} 次。\n\n## 论文\n\n"
        f"- **[量化 {number}](https://a.example/{number})**  \n  摘要。\n\n{more}"
    )


def issue(root: Path, number: int, more: str = "") -> Path:
    path = root / f"issues/{day(number)}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(number, more), encoding="utf-8")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a letter of ten issues: of pictures, links to others by file, by address and by permalink."""
    root = tmp_path / "letter"
    (root / "pictures").mkdir(parents=True)
    shutil.copy(PICTURE, root / "pictures/a.png")
    (root / "wxpub.toml").write_text(SETTINGS, encoding="utf-8")
    for number in range(1, 11):
        issue(root, number)
    issue(root, 5, f"[上期]({day(4)}.md)\n\n[下期]({day(6)}.md)\n\n![图](../pictures/a.png)\n")
    issue(root, 6, "[旧文](https://mp.weixin.qq.com/s/ThirdIssue)\n\n[别人的](https://mp.weixin.qq.com/s/Others)\n")
    for each in (["init", "-q"], ["add", "-A"]):
        os.system(f"git -C {root} {' '.join(each)} >/dev/null 2>&1")
    return root


def build(root: Path, out: Path, **given: Any) -> Report:
    return site.build(letter.find(root), out, **{"base": BASE, **given})


def files(out: Path) -> dict[str, bytes]:
    return {str(each.relative_to(out)): each.read_bytes() for each in sorted(out.rglob("*")) if each.is_file()}


def page(out: Path, number: int) -> BeautifulSoup:
    return BeautifulSoup((out / f"issues/{day(number)}.html").read_text(encoding="utf-8"), "html.parser")


# --- what it is -------------------------------------------------------------------------------------------------------


def test_every_issue_has_a_page_and_nothing_in_the_site_leads_nowhere(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = build(root, out)
    assert (report.pages, report.failed, report.findings) == (10, {}, ())
    assert [str(each.relative_to(out / "issues")) for each in sorted((out / "issues").iterdir())] == [
        f"{day(number)}.html" for number in range(1, 11)
    ]
    for each in out.rglob("*.html"):
        html = BeautifulSoup(each.read_text(encoding="utf-8"), "html.parser")
        for found in html.find_all(["a", "img", "link", "script"]):
            address = found.get("href") or found.get("src") or ""
            if address.startswith("#") or urlsplit(address).scheme:
                continue
            assert (each.parent / unquote(address)).resolve().is_file(), f"{each.name}: {address}"
            assert (each.parent / unquote(address)).resolve().is_relative_to(out.resolve())


def test_links_between_issues_lead_to_pages_whatever_they_were_written_as(root: Path, tmp_path: Path) -> None:
    import wxpub.ledger as ledgers

    ledger = ledgers.Ledger(root / ledgers.FILE_NAME)
    with ledger.locked():
        ledger.record("default", {f"issues/{day(3)}.md": ledgers.Published("https://mp.weixin.qq.com/s/ThirdIssue")})
    issue(root, 7, f"[第二期]({BASE}issues/{day(2)}.html)\n")
    (root / "wxpub.toml").write_text(f'{SETTINGS}[site]\nurl = "{BASE}"\n', encoding="utf-8")
    out = tmp_path / "out"
    build(root, out)
    links = {number: [each["href"] for each in page(out, number).article.find_all("a")] for number in (5, 6, 7)}
    assert links[5][1:] == [f"../issues/{day(4)}.html", f"../issues/{day(6)}.html"]
    assert links[6][1:] == [f"../issues/{day(3)}.html", "https://mp.weixin.qq.com/s/Others"]
    assert links[7][1:] == [f"../issues/{day(2)}.html"]
    around = [(each["rel"], each["href"]) for each in page(out, 5).find(class_="around").find_all("a")]
    assert around == [(["prev"], f"../issues/{day(4)}.html"), (["next"], f"../issues/{day(6)}.html")]


def test_processes_that_make_pages_end_in_a_program_that_handles_sigterm(root: Path, tmp_path: Path) -> None:
    code = (
        "import signal, sys; from pathlib import Path; from wxpub.desk import letter; from wxpub.elsewhere import site;"
        "signal.signal(signal.SIGTERM, lambda *_: None);"
        "print(*(site.build(letter.find(Path(sys.argv[1])), Path(sys.argv[2]) / name).pages for name in 'abcdef'))"
    )
    command = [sys.executable, "-c", code, str(root), str(tmp_path / "out")]
    made = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert made.stdout.split() == ["10"] * 6, made.stderr


def test_a_page_names_its_address_and_its_picture(root: Path, tmp_path: Path) -> None:
    build(root, tmp_path / "out")
    html = page(tmp_path / "out", 5)
    url = f"{BASE}issues/{day(5)}.html"
    described = {each["property"]: each["content"] for each in html.find_all("meta", property=True)}
    assert described["og:url"] == html.find("link", rel="canonical")["href"] == url
    assert described["og:site_name"] == "嵌入式简报" and described["og:image"].startswith(f"{BASE}images/")
    assert (tmp_path / "out" / described["og:image"].removeprefix(BASE)).read_bytes() == PICTURE.read_bytes()


def test_an_issue_at_a_place_that_the_site_needs_gets_another(root: Path, tmp_path: Path) -> None:
    for number in range(1, 11):
        (root / f"issues/{day(number)}.md").unlink()
    for number in range(1, 4):
        (root / "images" / f"{number}").mkdir(parents=True)
        (root / "images" / f"{number}" / "index.md").write_text(text(number), encoding="utf-8")
        (root / f"{day(number)}.md").write_text(text(number), encoding="utf-8")
    (root / f"{day(1)}.markdown").write_text(text(9), encoding="utf-8")
    found = letter.find(root)
    pages = site._pages(found.issues)
    assert len(set(pages.values())) == len(pages) == len(found.issues)
    assert not {each.split("/")[0] for each in pages.values()} & {"images", "index.html", "feed.xml"}


# --- only what changed ------------------------------------------------------------------------------------------------


def test_a_second_time_nothing_is_written(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = build(root, out)
    before = {each: each.stat().st_mtime_ns for each in out.rglob("*") if each.name != MANIFEST}
    second = build(root, out)
    assert len(first.made) == 10 and second.made == second.written == second.removed == ()
    assert {each: each.stat().st_mtime_ns for each in before} == before


def test_a_changed_issue_is_made_again_and_those_that_show_it(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(root, out)
    issue(root, 2, "新的一段\n")
    report = build(root, out)
    assert report.made == (f"issues/{day(2)}.md",)
    assert report.written == ("feed.xml", f"issues/{day(2)}.html")
    path = root / f"issues/{day(2)}.md"
    path.write_text(path.read_text(encoding="utf-8").replace("端侧", "云上"), encoding="utf-8")
    report = build(root, out)
    assert report.made == tuple(f"issues/{day(number)}.md" for number in (1, 2, 3)), "neighbours name its title"
    assert "index.html" in report.written and "search-data.js" in report.written


def test_a_page_or_a_picture_that_is_gone_comes_back(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(root, out)
    before = files(out)
    (out / f"issues/{day(3)}.html").unlink()
    shutil.rmtree(out / "images")
    (out / "index.html").unlink()
    build(root, out)
    assert files(out) == before


def test_after_any_changes_the_site_is_the_same_as_one_made_anew(root: Path, tmp_path: Path) -> None:
    """Edits, new and deleted issues, pictures, settings, permalinks and names, in any order, a few at a time."""
    chance = random.Random(7)
    out = tmp_path / "out"
    build(root, out)
    number = 11

    def add() -> None:
        nonlocal number
        issue(root, number, f"[上期]({day(number - 1)}.md) [更早]({day(number - 3)}.md)\n")
        number += 1

    def edit() -> None:
        path = chance.choice(sorted(root.glob("issues/*.md")))
        path.write_text(f"{path.read_text(encoding='utf-8')}\n又 {chance.random()}\n", encoding="utf-8")

    def foresee() -> None:
        path = chance.choice(sorted(root.glob("issues/*.md")))
        path.write_text(f"{path.read_text(encoding='utf-8')}\n[预告]({day(number)}.md)\n", encoding="utf-8")

    def delete() -> None:
        chance.choice(sorted(root.glob("issues/*.md"))).unlink()

    def draw() -> None:
        png = bytearray(PICTURE.read_bytes())
        (root / "pictures/a.png").write_bytes(bytes(png) + bytes([chance.randrange(256)]))

    def sign() -> None:
        (root / "blocks").mkdir(exist_ok=True)
        (root / "blocks/end.md").write_text(f"落款 {chance.random()}\n\n{{{{ block neighbours }}}}\n", encoding="utf-8")
        path = chance.choice(sorted(root.glob("issues/*.md")))
        path.write_text(f"{path.read_text(encoding='utf-8')}\n{{{{ block end }}}}\n", encoding="utf-8")

    def settle() -> None:
        accent = f"#{chance.randrange(0x400000):06x}"
        (root / "wxpub.toml").write_text(f'{SETTINGS}[theme]\naccent = "{accent}"\n', encoding="utf-8")

    for turn in range(12):
        for change in chance.choices((add, edit, foresee, delete, draw, sign, settle), (4, 6, 3, 3, 2, 3, 1), k=2):
            change()
        build(root, out)
        if turn % 3 == 2:
            fresh = tmp_path / f"fresh{turn}"
            build(root, fresh)
            assert files(out) == files(fresh), turn


def test_a_block_is_in_the_pages_as_it_is_now_and_leads_to_pages(root: Path, tmp_path: Path) -> None:
    (root / "blocks").mkdir()
    (root / "blocks/end.md").write_text("甲\n\n{{ block neighbours }}\n", encoding="utf-8")
    issue(root, 5, "{{ block end }}\n\n<!-- wxpub:wechat -->\n只在公众号\n<!-- /wxpub -->\n")
    build(root, tmp_path / "out")
    article = page(tmp_path / "out", 5).article
    assert "甲" in article.text and "只在公众号" not in article.text
    assert [each["href"] for each in article.find_all("a")][1:] == [
        f"../issues/{day(number)}.html" for number in (4, 6)
    ]
    (root / "blocks/end.md").write_text("乙\n", encoding="utf-8")
    build(root, tmp_path / "out")
    assert "乙" in page(tmp_path / "out", 5).article.text


def test_a_build_that_is_broken_off_goes_on_the_next_time(root: Path, tmp_path: Path) -> None:
    def broken(outcomes: Iterator[Any], count: int) -> Iterator[Any]:
        for at, each in enumerate(outcomes):
            if at == count // 2:
                raise KeyboardInterrupt
            yield each

    out = tmp_path / "out"
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            build(root, out, watch=broken)
        assert list(out.rglob("*.html")), "something was written"
    build(root, out)
    build(root, tmp_path / "fresh")
    assert files(out) == files(tmp_path / "fresh")


def test_one_process_and_several_write_the_same(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(root, tmp_path / "several")
    monkeypatch.setattr(workers, "processors", lambda: 1)
    build(root, tmp_path / "one")
    assert files(tmp_path / "several") == files(tmp_path / "one")


# --- nothing of anybody else ------------------------------------------------------------------------------------------


def test_a_folder_with_others_files_is_refused(root: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "index.html").write_text("theirs", encoding="utf-8")
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    for place, why in (
        (theirs, "holds files that wxpub site did not write"),
        (root, "the newsletter itself is in this folder"),
        (root.parent, "the newsletter itself is in this folder"),
        (file, "is a file, not a folder"),
    ):
        before = sorted(place.rglob("*"))
        with pytest.raises(SourceError, match=why):
            build(root, place)
        assert sorted(place.rglob("*")) == before
    (tmp_path / "empty").mkdir()
    assert build(root, tmp_path / "empty").pages == 10
    assert build(root, root / "public").pages == 10, "inside the project is a good place"
    assert build(root, root / "public").made == ()


@pytest.mark.parametrize("manifest", ["{", "[]", '{"made by": "somebody"}', '{"made by": "wxpub 0", "format": 1}'])
def test_a_list_that_is_not_ours_or_damaged_stops_it(root: Path, tmp_path: Path, manifest: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / MANIFEST).write_text(manifest, encoding="utf-8")
    with pytest.raises(SourceError, match="is damaged"):
        build(root, out)


def test_what_goes_is_removed_and_what_somebody_changed_stays(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(root, out)
    for number in (9, 10):
        (root / f"issues/{day(number)}.md").unlink()
    (out / f"issues/{day(10)}.html").write_text("changed", encoding="utf-8")
    (out / "CNAME").write_text("letter.example", encoding="utf-8")
    report = build(root, out)
    assert report.removed == (f"issues/{day(9)}.html",) and report.left == (f"issues/{day(10)}.html",)
    assert (out / f"issues/{day(10)}.html").read_text(encoding="utf-8") == "changed"
    assert (out / "CNAME").exists() and not (out / f"issues/{day(9)}.html").exists()


def test_a_file_that_was_added_later_is_not_overwritten(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(root, out, base="")
    theirs = [out / f"issues/{day(11)}.html", out / "feed.xml"]
    for each in theirs:
        each.write_text("theirs", encoding="utf-8")
    issue(root, 11)
    for _ in range(2):
        report = build(root, out, base="")
        assert "did not write" in report.failed[f"issues/{day(11)}.md"] and report.pages == 10
        with pytest.raises(SourceError, match="did not write"):
            build(root, out)
    assert [each.read_text(encoding="utf-8") for each in theirs] == ["theirs", "theirs"]
    theirs[0].unlink()
    theirs[1].unlink()
    assert build(root, out).pages == 11


def test_a_run_that_ends_halfway_leaves_nothing_of_it(root: Path, tmp_path: Path) -> None:
    """An issue was changed, the run that made its page was killed, and the change was taken back."""
    out = tmp_path / "out"
    build(root, out)
    done, before = files(out), (root / f"issues/{day(1)}.md").read_text(encoding="utf-8")
    issue(root, 1, "不再要的话\n")
    new = issue(root, 11)

    def killed(outcomes: Iterator[Any], count: int) -> Iterator[Any]:
        yield next(outcomes)
        for _ in outcomes:
            pass
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(root, out, watch=killed)
    assert "不再要的话" in (out / f"issues/{day(1)}.html").read_text(encoding="utf-8")
    assert build(root, out).pages == 11, "a page of the killed run is the site's own"
    (root / f"issues/{day(1)}.md").write_text(before, encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        build(root, out, watch=killed)
    issue(root, 1, "不再要的话\n")
    assert "不再要的话" in page(build(root, out).folder, 1).text
    (root / f"issues/{day(1)}.md").write_text(before, encoding="utf-8")
    new.unlink()
    build(root, out)
    assert files(out) == done


@pytest.mark.parametrize("at", [MANIFEST, "issues", "index.html"])
def test_a_run_that_is_killed_leaves_nothing_half(root: Path, tmp_path: Path, at: str) -> None:
    out = tmp_path / "out"
    code = (
        "import os, sys\n"
        "def end(event, given):\n"
        f"    if event == 'os.rename' and {at!r} in os.fspath(given[0]):\n"
        "        os.kill(os.getpid(), 9)\n"
        "sys.addaudithook(end)\n"
        "from wxpub.cli import cli\ncli()\n"
    )
    words = ["site", str(out), "--base-url", BASE]
    killed = subprocess.run([sys.executable, "-c", code, *words], cwd=root, check=False, capture_output=True)
    assert killed.returncode and list(out.rglob("*.tmp")), killed.stderr
    build(root, out)
    build(root, tmp_path / "anew")
    assert {*files(out)} == {*files(tmp_path / "anew")}


def test_a_file_that_looks_begun_by_somebody_else_stays(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(root, out)
    (out / "images/.mine.tmp").write_text("mine", encoding="utf-8")
    build(root, out)
    assert (out / "images/.mine.tmp").exists()


def test_a_link_of_the_letter_leads_no_site_out_of_it(root: Path, tmp_path: Path) -> None:
    away, out = tmp_path / "away", tmp_path / "out"
    away.mkdir()
    (root / "public").symlink_to(away)
    for folder in (root / "public", root / "public/new"):
        with pytest.raises(SourceError, match="out of the newsletter's folder"):
            build(root, folder)
    build(root, out)
    for each in (out / "issues").iterdir():
        each.unlink()
    (out / "issues").rmdir()
    (out / "issues").symlink_to(away)
    (root / "issues/2026").mkdir()
    for each in (root / "issues").glob("*.md"):
        each.rename(root / "issues/2026" / each.name)
    assert "leads out" in next(iter(build(root, out).failed.values()))
    assert list(away.iterdir()) == []


def test_a_list_that_names_files_elsewhere_removes_none(root: Path, tmp_path: Path) -> None:
    out, victim = tmp_path / "out", tmp_path / "victim.txt"
    build(root, out)
    victim.write_text("mine", encoding="utf-8")
    (out / "away").symlink_to(tmp_path)
    state = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    digest = site._digest(b"mine")
    state["files"] |= {"../victim.txt": digest, "away/victim.txt": digest, str(victim): digest}
    (out / MANIFEST).write_text(json.dumps(state), encoding="utf-8")
    build(root, out)
    assert victim.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_is_a_link_is_not_written_through(root: Path, tmp_path: Path) -> None:
    out, away = tmp_path / "out", tmp_path / "away"
    build(root, out)
    away.mkdir()
    shutil.rmtree(out / "issues")
    (out / "issues").symlink_to(away)
    report = build(root, out)
    assert len(report.failed) == 10 and "leads out of the site's folder" in next(iter(report.failed.values()))
    assert list(away.iterdir()) == []


def test_only_pictures_of_the_project_are_shown_and_a_drawing_cannot_run(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PICTURE.read_bytes() + b"of somebody else")
    (root / "pictures/b.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><script>alert(1)</script>'
        '<rect width="8" height="8" fill="red"/></svg>', encoding="utf-8"
    )  # fmt: skip
    issue(root, 5, "![](../../secret.png) ![](../pictures/b.svg) ![](../wxpub.toml)\n")
    out = tmp_path / "out"
    report = build(root, out)
    assert [each.rule for each in report.findings if each.severity == "error"] == ["image-missing"] * 2
    held = files(out)
    assert not any(b"of somebody else" in data or b"<script>alert" in data for data in held.values())
    assert not any(name.endswith((".svg", ".toml", ".md")) for name in held)


def test_drafts_are_left_out_and_a_broken_issue_keeps_its_page(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(root, out)
    path = root / f"issues/{day(10)}.md"
    path.write_text("---\ndraft: true\n---\n" + text(10), encoding="utf-8")
    (root / f"issues/{day(4)}.md").write_bytes(b"\xff\xfe broken")
    report = build(root, out)
    assert report.drafts == (f"issues/{day(10)}.md",) and list(report.failed) == [f"issues/{day(4)}.md"]
    assert report.pages == 9 and not (out / f"issues/{day(10)}.html").exists()
    assert "第 4 期" in page(out, 4).h1.string


# --- the feed ---------------------------------------------------------------------------------------------------------


def test_the_feed_is_valid_and_says_the_same_whenever_it_is_made(root: Path, tmp_path: Path) -> None:
    path = root / f"issues/{day(10)}.md"
    path.write_text(
        '---\nauthor: "甲 & <乙>"\nupdated: 2026-01-02\n---\n' + text(10, "$x^2$\n\n&#x0; \x01\n"), encoding="utf-8"
    )
    build(root, tmp_path / "named", name="灯\x01下")
    assert etree.fromstring((tmp_path / "named/feed.xml").read_bytes())[0].text == "灯下"
    build(root, tmp_path / "out")
    data = (tmp_path / "out/feed.xml").read_bytes()
    tree = etree.fromstring(data)
    assert ATOM.validate(tree), ATOM.error_log
    found = feedparser.parse(data)
    assert not found.bozo and found.feed.title == "嵌入式简报" and found.feed.id == BASE
    assert found.feed.updated == "2026-01-02T00:00:00+08:00"
    assert [each.id for each in found.entries] == [f"{BASE}issues/{day(number)}.html" for number in range(10, 0, -1)]
    newest, *others = found.entries
    assert (newest.published, newest.updated) == (f"{day(10)}T00:00:00+08:00", "2026-01-02T00:00:00+08:00")
    assert newest.author == "甲 & <乙>" and "<code>x^2</code>" in newest.content[0].value
    assert all(each.updated == each.published for each in others)
    for each in found.entries:
        html = BeautifulSoup(each.content[0].value, "html.parser")
        assert not html.find_all(["svg", "script", "style"]) and not html.find_all(class_=True)
        assert all(urlsplit(a.get("href") or a.get("src")).scheme for a in html.find_all(["a", "img"]))
    links = BeautifulSoup(found.entries[5].content[0].value, "html.parser").find_all("a")
    assert urljoin(BASE, f"issues/{day(4)}.html") in [each["href"] for each in links]


def test_a_feed_that_says_what_none_may_is_not_valid() -> None:
    """The schema that feeds are held to tells right from wrong."""
    feed = '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>%s</id><updated>%s</updated>%s</feed>'
    good = feed % ("https://a.example/", "2026-01-01T00:00:00Z", "")
    assert ATOM.validate(etree.fromstring(good))
    for wrong in (
        feed % ("a", "2026-01-01T00:00:00Z", ""),
        feed % ("https://a.example/", "2026-01-01", ""),
        feed % ("https://a.example/", "2026-01-01T00:00:00Z", "<title>again</title>"),
        feed % ("https://a.example/", "2026-01-01T00:00:00Z", "<entry><title>t</title></entry>"),
        feed % ("https://a.example/", "2026-01-01T00:00:00Z", "<link/>"),
    ):
        assert not ATOM.validate(etree.fromstring(wrong)), wrong


def test_without_an_address_there_is_no_feed(root: Path, tmp_path: Path) -> None:
    build(root, tmp_path / "out", base="")
    assert not (tmp_path / "out/feed.xml").exists()
    assert "feed.xml" not in (tmp_path / "out/index.html").read_text(encoding="utf-8")
    assert page(tmp_path / "out", 5).find("link") is None


# --- the index and its search -----------------------------------------------------------------------------------------


def test_the_index_shows_the_newest_with_covers_and_the_others_by_year(root: Path, tmp_path: Path) -> None:
    for number in range(11, 41):
        issue(root, number)
    build(root, tmp_path / "out")
    index = BeautifulSoup((tmp_path / "out/index.html").read_text(encoding="utf-8"), "html.parser")
    cards = index.find(class_="cards").find_all("li")
    assert [each.a["href"] for each in cards] == [f"issues/{day(number)}.html" for number in range(40, 16, -1)]
    assert all((tmp_path / "out" / each.img["src"]).stat().st_size < 60_000 for each in cards)
    years = [each.string for each in index.find(id="issues").find_all("h2", recursive=False)]
    assert years == ["2025"] and index.h1.string == index.title.string == "嵌入式简报"
    assert len(index.find_all("a", href=lambda href: href.startswith("issues/"))) == 40
    assert "端侧<模型>" in cards[0].a.string


def test_a_letter_in_english_has_a_site_in_english(tmp_path: Path) -> None:
    for number in (1, 2):
        path = tmp_path / "letter" / f"{day(number)}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# Chips {number}\n\nText\n", encoding="utf-8")
    build(tmp_path / "letter", tmp_path / "out", name="Chips weekly")
    shown = "".join(each.read_text(encoding="utf-8") for each in (tmp_path / "out").rglob("*.html"))
    assert shown.count('<html lang="en">') == 3 and "2 issues" in shown and written_in(shown) == "en"


@pytest.mark.browser
def test_the_search_finds_chinese_without_a_server(root: Path, tmp_path: Path, chromium: Any) -> None:
    issue(root, 3, "## 推荐 </script><script>alert(1)</script>\n\n- **[猫眼芯片 RISC-V](https://c.example/)**\n")
    out = tmp_path / "out"
    build(root, out)
    context = chromium.new_context()
    shown = context.new_page()
    asked: list[str] = []
    problems: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("pageerror", lambda error: problems.append(str(error)))
    shown.on("dialog", lambda dialog: problems.append("alert"))
    shown.goto((out / "index.html").as_uri())
    assert not any("search-data" in url for url in asked), "the list is loaded by those who search"
    shown.fill("input", "眼芯 risc-v")
    shown.wait_for_selector("#found mark")
    assert [each.inner_text() for each in shown.query_selector_all("#found > li > a")] == ["第 3 期：端侧<模型>"]
    assert shown.inner_text("#found ul") == "猫眼芯片 RISC-V"
    assert [each.inner_text() for each in shown.query_selector_all("#found mark")] == ["眼芯", "RISC-V"]
    shown.fill("input", "没有的词")
    shown.wait_for_function("document.querySelector('#found').innerText === '没有找到'")
    shown.fill("input", "")
    shown.wait_for_selector(".cards", state="visible")
    shown.fill("input", day(3))
    shown.click("#found a")
    assert shown.inner_text("h1") == "第 3 期：端侧<模型>"
    assert problems == [] and all(url.startswith("file:") for url in asked)
    context.close()


@pytest.mark.browser
@pytest.mark.npm
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_site_fits_every_screen_and_every_reader(root: Path, tmp_path: Path, chromium: Any, scheme: str) -> None:
    out = tmp_path / "out"
    build(root, out)
    for width in (375, 1280):
        context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
        shown = context.new_page()
        for path in ("index.html", f"issues/{day(5)}.html"):
            shown.goto((out / path).as_uri())
            assert shown.evaluate("document.documentElement.scrollWidth") == width
            shown.add_script_tag(path=AXE)
            wrong = shown.evaluate("axe.run().then((found) => found.violations.map((each) => each.id))")
            assert wrong == [], path
        assert shown.evaluate("[...document.images].every((each) => each.naturalWidth > 0)")
        context.close()


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def wxpub(root: Path, monkeypatch: pytest.MonkeyPatch) -> Wxpub:
    monkeypatch.chdir(root)
    return lambda *arguments: CliRunner().invoke(cli, arguments)


def test_the_command_says_what_it_did(wxpub: Wxpub, root: Path) -> None:
    issue(root, 4, "![](none.png)\n")
    result = wxpub("site", "public", "--base-url", BASE)
    assert (result.exit_code, result.stdout) == (0, "public/index.html\n")
    assert "10 pages, 10 made anew; " in result.stderr and "none.png: no such file" in result.stderr
    result = wxpub("site", "public", "--base-url", BASE)
    assert "10 pages, 0 made anew; 0 files written, 0 removed" in result.stderr
    (root / f"issues/{day(2)}.md").write_bytes(b"\0")
    result = wxpub("site", "public", "--base-url", BASE)
    assert result.exit_code == 1 and f"{day(2)}.md: is no text file" in result.stderr


def test_the_address_is_that_of_the_settings_or_none(wxpub: Wxpub, root: Path) -> None:
    result = wxpub("site", "one")
    assert "without the site's address there is no feed" in result.stderr and not Path("one/feed.xml").exists()
    (root / "wxpub.toml").write_text(f'{SETTINGS}[site]\nurl = "{BASE}"\n', encoding="utf-8")
    wxpub("site", "two")
    assert Path("two/feed.xml").exists()
    (root / "wxpub.toml").write_text(f'{SETTINGS}[site]\nurl = "{BASE}{{date}}"\n', encoding="utf-8")
    wxpub("site", "three")
    assert not Path("three/feed.xml").exists()
    result = wxpub("site", "four", "--base-url", "letter.example")
    assert result.exit_code == 2 and "letter.example is not an address of the web" in result.stderr


def test_a_letter_is_called_as_asked_or_as_its_covers_say(wxpub: Wxpub) -> None:
    wxpub("site", "one")
    wxpub("site", "two", "--name", "另一个名字")
    for folder, name in (("one", "嵌入式简报"), ("two", "另一个名字")):
        index = BeautifulSoup(Path(folder, "index.html").read_text(encoding="utf-8"), "html.parser")
        assert index.h1.string == name
