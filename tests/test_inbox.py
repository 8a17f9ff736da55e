"""The inbox: what a page says of itself, where it was sent before, and a file in which no character is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import CORPUS, ROOT, cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strangers import serving, speak, stranger

from wxpub import dialect, ledger, safe
from wxpub.cli import cli
from wxpub.desk import clipping, letter, sent
from wxpub.desk.inbox import Entry, Inbox, write
from wxpub.tree import text_of

# --- the file ---------------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "# 收集箱", "## 论文", "### 小", "## 论文 ##", "- 人写的 [乙](https://b.example)", "* https://c.example/x",
        "- [甲](https://a.example/1) · 站 · 2026-11-21 – 好", "1. 一条", "  缩进的一行", "接着上一行", "", "", "```",
        "<!-- 注", "-->", "----", "> 引用", "\t制表", "- [ ] 待办", "- [丙](https://d.example/(1)) – – ·",
        "  - 里面的一条", "\x0b",
    ]
)  # fmt: skip
TEXTS = st.builds(
    lambda lines, ends, last: "".join(f"{line}{end}" for line, end in zip(lines, ends, strict=False)) + last,
    st.lists(PIECES, max_size=12),
    st.lists(st.sampled_from(["\n", "\r\n"]), min_size=12, max_size=12),
    st.sampled_from(["", "没有换行", "- 最后一条"]),
)
WORDS = st.text(st.sampled_from("灯火a1 []()\\*_`<>&$~=|·–-#!:^'\""), max_size=12)
ENTRIES = st.builds(
    Entry,
    url=st.sampled_from(["https://e.example/x", "https://e.example/a(b)?c=d", "http://f.example/q)"]),
    title=WORDS,
    site=WORDS.filter(lambda site: not {"·", "–"} & set(site)),
    date=st.sampled_from(["", "2026-11-21"]),
    note=st.sampled_from(["", "值得读", "a – b · c"]),
    section=st.sampled_from(["", "论文", "新的一节"]),
)


def rest(text: str, lines: list[str]) -> bool:
    """Whether `lines` stand in `text` in their order."""
    left = iter(text.splitlines())
    return all(line in left for line in lines)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, ENTRIES)
def test_adding_keeps_every_line_that_was_there(text: str, entry: Entry) -> None:
    added = Inbox(text).adding(entry).text
    assert rest(added, text.splitlines())
    assert write(entry) in added
    assert len(added.splitlines()) <= len(text.splitlines()) + (8 if not text else 5)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.lists(st.integers(0, 5)))
def test_taking_items_keeps_every_other_character(text: str, taken: list[int]) -> None:
    inbox = Inbox(text)
    items = [inbox.items[number] for number in sorted(set(taken)) if number < len(inbox.items)]
    left = text
    for item in items:
        assert item.text in left
        left = left.replace(item.text, "", 1) if left.count(item.text) == 1 else left
    found = inbox.without(items).text
    assert len(found) == len(text) - sum(len(item.text) for item in items)
    if all(text.count(item.text) == 1 for item in items):
        assert found == left
    assert inbox.without([]).text == text


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, ENTRIES)
def test_what_was_added_is_taken_without_a_trace(text: str, entry: Entry) -> None:
    before = Inbox(text)
    inbox = before.adding(entry)
    new = [item for item in inbox.items if item.text.rstrip("\r\n") == write(entry)]
    if new:  # nobody had opened a comment or code above
        assert rest(inbox.without(new[-1:]).text, text.splitlines())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ENTRIES, max_size=5))
def test_an_inbox_that_only_the_tool_wrote_is_read_as_it_was_meant(entries: list[Entry]) -> None:
    inbox = Inbox()
    for entry in entries:
        inbox = inbox.adding(entry)
    found = [item.entry for item in inbox.items]
    wanted = [
        Entry(
            each.url.replace(")", "%29") if each.url.endswith("q)") else each.url,
            " ".join(each.title.split()),
            " ".join(each.site.split()),
            each.date,
            each.note,
            each.section,
        )
        for each in entries
    ]
    by_section = [
        each
        for name in dict.fromkeys(["", *(each.section for each in wanted)])
        for each in wanted
        if each.section == name
    ]
    assert found == by_section


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS.filter(str.strip))
def test_a_title_is_read_by_markdown_as_it_is(title: str) -> None:
    line = write(Entry("https://e.example/x", title))
    tree, *_ = dialect.parse(line, Path("x.md"))
    (link,) = tree.iter("a")
    assert text_of(link) == " ".join(title.split())


def test_items_go_below_those_of_their_section() -> None:
    text = "# 收集箱\n\n随便写。\n\n## 论文\n\n- 一\n  续\n\n## 书\n"
    inbox = Inbox(text).adding(Entry("https://a.example/1", section=" 论文")).adding(Entry("https://a.example/2"))
    inbox = inbox.adding(Entry("https://a.example/3", section="书")).adding(Entry("https://a.example/4", section="新"))
    assert inbox.text == (
        "# 收集箱\n\n随便写。\n\n- https://a.example/2\n\n## 论文\n\n- 一\n  续\n- https://a.example/1\n\n"
        "## 书\n\n- https://a.example/3\n\n## 新\n\n- https://a.example/4\n"
    )


# --- what a page says -------------------------------------------------------------------------------------------------


def clippings() -> list[tuple[str, str, str, list[str]]]:
    found = []
    for name, rest in cases("clippings.txt"):
        page, _, expected = rest.rstrip("\n").partition("\n.\n")
        url, html = page.split("\n", 1)
        found.append((name, url, html, expected.split("\n")))
    return found


@pytest.mark.parametrize(("name", "url", "html", "expected"), clippings(), ids=[each[0] for each in clippings()])
def test_a_page_says(name: str, url: str, html: str, expected: list[str]) -> None:
    found = clipping.read(html, url)
    assert [found.title or "-", found.site or "-", found.date or "-", found.url] == expected


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300), st.sampled_from(["<title>{}</title>", '<meta property="og:title" content="{}">', "{}"]))
def test_a_page_may_be_anything(text: str, form: str) -> None:
    found = clipping.read(form.format(text), "https://example.org/a")
    assert found.url == "https://example.org/a" or found.url.startswith("https://example.org/")
    assert safe.line(found.title) == found.title and len(found.title) <= 200


PAGES: dict[str, tuple[int, str, bytes]] = {
    "/utf": (200, "text/html; charset=utf-8", "<title>灯</title>".encode()),
    "/gbk": (200, "text/html; charset=GB2312", "<title>镕灯</title>".encode("gb18030")),
    "/meta": (200, "text/html", '<meta charset="gbk"><title>灯</title>'.encode("gb18030")),
    "/unsaid": (200, "text/html", "<title>灯火通明</title>".encode("gb18030")),
    "/wrong": (200, "text/html; charset=nonsense", "<title>灯</title>".encode()),
    "/slow": (200, "text/html; charset=punycode", b"<title>x</title>" + 200_000 * b"a" + b"-" + 800_000 * b"a"),
    "/pdf": (200, "application/pdf", b"%PDF"),
    "/gone": (404, "text/html", b"<title>404</title>"),
    "/shut": (403, "text/html", b"<title>robot?</title>"),
    "/long": (200, "text/html", b"<title>x</title>" + b" " * 3_000_000),
    "/moved": (301, "/utf?utm_source=x", b""),
    "/login": (302, "/utf", b""),
    "/post": (200, "text/html", '<meta property="og:site_name" content="某站"><title>灯 - 某站</title>'.encode()),
}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, kind, body = PAGES.get(self.path.partition("?")[0], PAGES["/gone"])
        self.send_response(status)
        self.send_header("Location" if status in (301, 302) else "Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with serving(Pages) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("path", "title", "lasting", "fault"),
    [
        ("/utf", "灯", "/utf", ""),
        ("/gbk", "镕灯", "/gbk", ""),
        ("/meta", "灯", "/meta", ""),
        ("/unsaid", "灯火通明", "/unsaid", ""),
        ("/wrong", "灯", "/wrong", ""),
        ("/long", "x", "/long", ""),
        ("/slow", "x", "/slow", ""),
        ("/moved", "灯", "/utf", ""),
        ("/login", "灯", "/login", ""),
        ("/pdf?utm_medium=x", "", "/pdf", "is no web page but application/pdf"),
        ("/gone", "", "/gone", "answers 404"),
        ("/shut", "", "/shut", "answers 403"),
    ],
)
def test_a_server_answers(path: str, title: str, lasting: str, fault: str, web: str) -> None:
    (found,) = clipping.clip([web + path], allow_private=True)
    assert (found.title, found.url) == (title, web + lasting)
    assert fault in found.fault and bool(fault) == bool(found.fault)


def test_the_local_network_is_not_asked(web: str) -> None:
    (found,) = clipping.clip([f"{web}/utf"])
    assert (found.title, found.url) == ("", f"{web}/utf")
    assert "an address of the local network" in found.fault


def test_hosts_are_asked_side_by_side_but_not_all_at_once_and_each_one_thing_at_a_time() -> None:
    now: Counter[str] = Counter()
    most: Counter[str] = Counter()

    class Slow(Pages):
        def do_GET(self) -> None:
            host = self.headers["Host"]
            now.update([host, "all"])
            most.update({each: max(0, now[each] - most[each]) for each in (host, "all")})
            time.sleep(0.05)
            now.subtract([host, "all"])
            super().do_GET()

    with serving(Slow, "0.0.0.0") as port:
        hosts = [f"http://127.0.0.{number}:{port}" for number in range(1, 11)]
        pages = [f"{host}/{page}" for host in hosts for page in ("utf", "gbk", "post")]
        found = clipping.clip(pages, allow_private=True)
    assert [each.title for each in found] == ["灯", "镕灯", "灯"] * 10
    assert 1 < most.pop("all") <= clipping.AT_ONCE
    assert set(most.values()) == {1}


def test_a_page_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipping, "_SECONDS", 0.3)
    with stranger() as start:
        url = start(lambda connection, over: speak("headers by the byte", connection, over))
        (found,) = clipping.clip([url], allow_private=True)
    assert (found.url, found.title) == (url, "")
    assert "0.3 seconds" in found.fault


# --- what was sent before ---------------------------------------------------------------------------------------------

SENT = """# 灯下 第 12 期

## 论文

- [从零实现一盏会呼吸的灯 | 某站](https://mp.weixin.qq.com/s?__biz=Mz&mid=2&idx=1&sn=ab&chksm=x#rd)
- [Lamps All the Way Down](http://www.arxiv.org/pdf/2611.00001v1.pdf)

## 项目

- 见 https://Example.org/%E7%81%AF/?utm_source=a，很好
- [第 3 讲：灯的历史与未来](https://b.example/3)
"""


@pytest.mark.parametrize(
    ("url", "title", "line", "same"),
    [
        ("https://mp.weixin.qq.com/s?sn=ab&idx=1&mid=2&__biz=Mz", "", 5, True),  # another order is no other address
        ("http://mp.weixin.qq.com/s?__biz=Mz&mid=2&idx=1&sn=ab&scene=1", "", 5, True),
        ("https://arxiv.org/abs/2611.00001", "", 6, True),
        ("https://arxiv.org/abs/2611.00001v3", "x", 6, True),
        ("https://arxiv.org/abs/2611.0000", "", 0, False),
        ("http://example.org/灯", "", 10, True),
        ("https://example.org/灯?p=1", "", 0, False),
        ("https://c.example/1", "从零实现一盏会呼吸的灯", 5, False),
        ("https://c.example/1", "从零开始实现一盏会呼吸的灯（转）", 5, False),
        ("https://c.example/1", "从零实现一个网站", 0, False),
        ("https://c.example/1", "lamps all the way down", 6, False),
        ("https://c.example/1", "第 4 讲：灯的历史与未来", 0, False),
        ("https://c.example/1", "灯", 0, False),
    ],
)
def test_a_link_was_sent_before(url: str, title: str, line: int, same: bool, tmp_path: Path) -> None:
    (tmp_path / "wxpub.toml").touch()
    (tmp_path / "2026-11-07.md").write_text(SENT, encoding="utf-8")
    (place,) = sent.before(letter.find(tmp_path), [(url, title)])
    assert (place.line if place else 0, place is not None and place.same) == (line, same)


def test_the_latest_issue_is_named(tmp_path: Path) -> None:
    for day in ("2026-10-10", "2026-10-24", "2026-11-07"):
        text = "- [灯](https://a.example/x)\n" if day < "2026-11" else "字\n"
        (tmp_path / f"{day}.md").write_text(text, encoding="utf-8")
    (place,) = sent.before(letter.find(tmp_path), [("https://a.example/x", "")])
    assert place and place.issue.date == "2026-10-24"


def test_every_link_of_the_real_letter_is_found_again() -> None:
    """By the fast way as by reading everything; of a link that was sent often the latest issue is named."""
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus is not at {CORPUS}")
    found = letter.find(CORPUS / "issues")
    links = [link for issue in found.issues for link in sent._links(issue, issue.path.read_text(encoding="utf-8"))]
    last = {sent.key(link.url): link.issue.name for link in links}
    wanted = sorted({link.url for link in links})[::4]
    places = sent.before(found, [(url, "") for url in wanted])
    assert [place and place.issue.name for place in places] == [last[sent.key(url)] for url in wanted]


def test_a_site_has_its_section(tmp_path: Path) -> None:
    (tmp_path / "2026-11-07.md").write_text(
        "# 灯\n\n## 论文\n\n"
        + "".join(f"- [甲](https://papers.example/{n})\n" for n in range(3))
        + "".join(f"- [乙 | 某号](https://mp.weixin.qq.com/s/a{n})\n" for n in range(3))
        + "\n## 项目\n\n- [丙 | 别号](https://mp.weixin.qq.com/s/b)\n- [丁](https://both.example/1)\n",
        encoding="utf-8",
    )
    found = letter.find(tmp_path)
    sites = [
        ("https://papers.example/new", ""),
        ("https://mp.weixin.qq.com/s/c", "某号"),
        ("https://mp.weixin.qq.com/s/c", ""),
    ]
    assert sent.sections(found, [*sites, ("https://both.example/2", "")]) == ["论文", "论文", "", ""]


@pytest.mark.parametrize(
    ("papers", "others", "issues", "section"), [(3, 1, 0, "论文"), (3, 2, 0, ""), (2, 0, 0, ""), (3, 0, 30, "")]
)
def test_three_links_of_four_in_the_last_thirty_issues_make_a_site_s_section(
    papers: int, others: int, issues: int, section: str, tmp_path: Path
) -> None:
    links = [f"- [甲](https://a.example/{n})\n" for n in range(papers + others)]
    text = f"# 第 1 期\n\n## 论文\n\n{''.join(links[:papers])}\n## 项目\n\n{''.join(links[papers:])}"
    (tmp_path / "issue-1.md").write_text(text, encoding="utf-8")
    for number in range(2, issues + 2):
        (tmp_path / f"issue-{number}.md").write_text("# 灯\n", encoding="utf-8")
    assert sent.sections(letter.find(tmp_path), [("https://www.a.example/new", "")]) == [section]


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wxpub.toml").write_text("[network]\nallow_private = true\n", encoding="utf-8")
    (tmp_path / "2026-11-07.md").write_text(SENT, encoding="utf-8")
    return tmp_path


def add(*words: str, given: str | None = None) -> str:
    done = CliRunner().invoke(cli, ["add", *words], input=given)
    assert done.exit_code == 0, done.output
    return done.stdout if "--json" in words else done.output


def test_a_link_is_added_with_what_its_page_says(desk: Path, web: str) -> None:
    assert "added to 项目: 灯" in add(f"{web}/post?utm_source=x", "--section", "项目", "--note", "值得读")
    text = (desk / "inbox.md").read_text(encoding="utf-8")
    assert text.endswith(f"\n\n## 项目\n\n- [灯]({web}/post) · 某站 – 值得读\n")
    assert "is in the inbox already: 灯" in add(f"{web}/post/#x?".removesuffix("/#x?"))
    assert (desk / "inbox.md").read_text(encoding="utf-8") == text


def test_what_was_sent_before_is_said_and_not_added(desk: Path) -> None:
    said = add("https://arxiv.org/abs/2611.00001", "--offline")
    assert "sent before, 2026-11-07, No. 12: https://arxiv.org/abs/2611.00001 (2026-11-07.md:6)" in said
    assert "not added; --again adds it" in said
    assert not (desk / "inbox.md").exists()
    assert "added" in add("https://arxiv.org/abs/2611.00001", "--offline", "--again")
    assert "https://arxiv.org/abs/2611.00001" in (desk / "inbox.md").read_text()


def test_nearly_the_same_title_is_said_and_added(desk: Path) -> None:
    said = add(
        "-", "--offline", given="从零实现一盏会呼吸的灯：https://c.example/1?fbclid=x\n\n- [b](https://d.example/2)\n"
    )
    assert "nearly the same title was sent before, 2026-11-07, No. 12" in said
    text = (desk / "inbox.md").read_text(encoding="utf-8")
    assert text.endswith("\n- [从零实现一盏会呼吸的灯](https://c.example/1)\n- [b](https://d.example/2)\n")


def test_a_page_that_cannot_be_had_is_kept_by_its_address(desk: Path, web: str) -> None:
    said = add(f"{web}/gone", f"{web}/pdf", f"{web}/utf", f"{web}/utf")
    assert f"{web}/gone answers 404" in said
    lines = (desk / "inbox.md").read_text(encoding="utf-8").splitlines()[-3:]
    assert lines == [f"- {web}/gone", f"- {web}/pdf", f"- [灯]({web}/utf)"]


def test_what_an_app_shares_is_a_link_with_its_title(desk: Path) -> None:
    add("会呼吸的台灯 https://c.example/1?spm=2 ", "--offline")
    assert (desk / "inbox.md").read_text(encoding="utf-8").endswith("\n- [会呼吸的台灯](https://c.example/1)\n")


@pytest.mark.parametrize("words", ["add --offline https://example.org/2", "new 2026-12-05"])
def test_no_link_is_lost_where_two_commands_are_at_work(words: str, desk: Path) -> None:
    inbox = desk / "inbox.md"
    inbox.write_text("## 项目\n\n- https://example.org/1\n", encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with ledger.alone(inbox, inbox.resolve()):
        other = subprocess.Popen([sys.executable, "-m", "wxpub", *words.split()], cwd=desk, env=env)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(2)
        inbox.write_text("## 项目\n\n- https://example.org/1\n- https://example.org/3\n", encoding="utf-8")
    assert other.wait(30) == 0
    kept = "".join(each.read_text(encoding="utf-8") for each in desk.rglob("*.md"))
    assert ("example.org/3" in inbox.read_text(encoding="utf-8")) is words.startswith("add")
    assert [kept.count(f"https://example.org/{n}") for n in (1, 2, 3)] == [1, words.count("add"), 1]


def test_it_is_json_for_programs(desk: Path) -> None:
    url = "https://mp.weixin.qq.com/s?__biz=Mz&mid=2&idx=1&sn=ab"
    found = json.loads(add(url, "https://e.example/x", "--offline", "--json"))["result"]
    assert [(each["url"], each["state"]) for each in found["links"]] == [
        (url, "sent"),
        ("https://e.example/x", "added"),
    ]
    place = found["links"][0]["before"]
    assert (place["date"], place["number"], place["line"], place["same"]) == ("2026-11-07", 12, 5, True)


def test_a_link_that_dies_is_said(desk: Path) -> None:
    assert "dies within hours" in add("https://mp.weixin.qq.com/s?timestamp=1&signature=x", "--offline")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["example.org"], "example.org is not an address of the web; write for example https://example.org/paper"),
        (["file:///etc/passwd"], "file:///etc/passwd is not an address of the web"),
        (["https://a.example", "https://b.example", "--note", "x"], "--note is for one link: give one address"),
        (["-"], "standard input has no link"),
    ],
)
def test_add_refuses(words: list[str], said: str, desk: Path) -> None:
    done = CliRunner().invoke(cli, ["add", *words], input="没有链接\n")
    assert done.exit_code == 2
    assert said in done.output
    assert not (desk / "inbox.md").exists()


def test_a_link_that_is_given_twice_at_once_is_added_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wxpub.toml").touch()
    words = ["add", "--offline", "--json", "https://example.org/1", "http://example.org/1?utm_source=x"]
    links = json.loads(CliRunner().invoke(cli, words).stdout)["result"]["links"]
    assert [each["state"] for each in links] == ["added", "waiting"]
    assert (tmp_path / "inbox.md").read_text(encoding="utf-8").count("example.org") == 1
