"""The same issue outside WeChat, as a web page and as a mail: nothing lost, every link live, what clients keep."""

from __future__ import annotations

import email
import email.policy
import json
import re
import subprocess
from collections.abc import Callable
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner, Result
from conftest import AXE, ROOT, corpus_files

from wxpub import address, issue, theme
from wxpub.cli import cli
from wxpub.elsewhere import dress, mail, web
from wxpub.issue import Issue
from wxpub.preview import pages

OWN = sorted((ROOT / "examples/issues").glob("*.md")) + sorted((ROOT / "tests/letters").glob("*.md"))
EVERY = OWN + corpus_files()
NODES = ROOT / "tests/data/nodes.md"
own_issue = pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
every_issue = pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
Wxpub = Callable[..., Result]


@cache
def opened(path: Path, look: str = "plain") -> Issue:
    return issue.open(path, theme=look)


@cache
def page_of(path: Path, look: str = "plain") -> str:
    return web.page(opened(path, look))[0]


@cache
def mail_of(path: Path, look: str = "plain") -> mail.Mail:
    return mail.write(opened(path, look))


def write(tmp_path: Path, text: str, name: str = "a.md") -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def words(text: str) -> str:
    return re.sub(r"[\s\u00a0]+", "", text)


# --- what both promise ------------------------------------------------------------------------------------------------


@every_issue
def test_every_link_outside_is_live_in_a_page_and_in_a_mail(path: Path) -> None:
    found = opened(path)
    left = found.page(web.WEB).layout.left  # what leads to another issue, or to a file, is not outside
    wanted = {
        to.identity
        for a in found.layout.source.iter("a")
        if (to := address.parse(a.get("href") or "")).outside and not to.expires and a.get("href") not in left
    }
    for html in (page_of(path), mail_of(path).html):
        assert wanted <= {address.parse(a["href"]).identity for a in soup(html).find_all("a", href=True)}


@own_issue
def test_a_page_and_a_mail_say_every_word_of_the_article(path: Path) -> None:
    shown = []
    for html in (opened(path).page(web.WEB).html, page_of(path), mail_of(path).html):
        page = soup(html)
        for each in page.find_all("svg"):
            each.replace_with(each["aria-label"])
        for each in page.find_all(string="左右滑动看全表 →"):
            each.extract()
        shown.append(page)
    article, page, sent = shown
    assert words(page.article.get_text()) == words(article.get_text())
    assert words(article.get_text()) in words(sent.body.get_text())


@pytest.mark.parametrize("look", theme.names())
def test_a_page_has_one_style_sheet_in_which_every_class_stands_and_runs_nothing(look: str) -> None:
    page = soup(page_of(NODES, look))
    (sheet,) = page.find_all("style")
    classes = {name for each in page.find_all(class_=True) for name in each["class"]}
    assert classes - {"byline", "source"} == set(re.findall(r"^\.([\w]+-\d+)\{", sheet.string, re.MULTILINE))
    assert not page.find_all(["script", "iframe", "object", "form"]) and not page.find_all(style=True)
    assert [each["rel"] for each in page.find_all("link")] == [["canonical"]]
    assert all(not name.startswith("on") for each in page.find_all(True) for name in each.attrs)


@pytest.mark.parametrize("look", theme.names())
def test_a_class_stands_for_what_the_article_says_inline(look: str) -> None:
    inline = opened(NODES, look).page(web.WEB).html
    html, rules = dress.classed(inline)
    by_day = rules.partition("@media")[0]
    styles = dict(re.findall(r"^\.([\w-]+)\{(.*)\}$", by_day, re.MULTILINE))
    again = re.sub(r' class="([\w-]+)"', lambda found: f' style="{styles[found[1]]}"', html)
    assert unescape(again) == unescape(inline)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_a_page_says_what_it_is(tmp_path: Path) -> None:
    text = (
        '---\ntitle: 第 7 期 <"芯">\nauthor: 甲 & 乙\ndate: 2026-11-15\ndigest: 摘“要”\n'
        "source_url: https://letter.example/7?a=1&b=2\ncover: https://letter.example/7.png\n---\n正文\n"
    )
    html, findings = web.page(issue.open(write(tmp_path, text)))
    page = soup(html)
    described = {
        each.get("property") or each.get("name"): each["content"]
        for each in page.find_all("meta")
        if each.get("content") and not each.get("http-equiv")
    }
    assert described == {
        "viewport": "width=device-width,initial-scale=1",
        "generator": dress.GENERATOR,
        "color-scheme": "light dark",
        "description": "摘“要”",
        "author": "甲 & 乙",
        "og:type": "article",
        "og:title": '第 7 期 <"芯">',
        "og:description": "摘“要”",
        "og:url": "https://letter.example/7?a=1&b=2",
        "og:image": "https://letter.example/7.png",
        "article:published_time": "2026-11-15",
        "article:author": "甲 & 乙",
    }
    assert page.find("link", rel="canonical")["href"] == "https://letter.example/7?a=1&b=2"
    assert page.html["lang"] == "zh-CN" and page.h1.string == page.title.string == '第 7 期 <"芯">'
    assert page.find("time")["datetime"] == "2026-11-15" and findings == ()


def test_a_letter_in_english_says_so(tmp_path: Path) -> None:
    page, _ = web.page(issue.open(write(tmp_path, "---\ntitle: Seven\ndigest: Chips\n---\nText\n")))
    assert '<html lang="en">' in page


def test_links_within_a_page_lead_to_headings_as_on_github(tmp_path: Path) -> None:
    text = "[一](#论文) [二](#论文-1) [三](#a-bc) [四](#没有)\n\n## 论文\n\n## 论文\n\n### A b.c!\n"
    page = soup(web.page(issue.open(write(tmp_path, text)))[0]).article
    assert [each.get("id") for each in page.find_all(["h2", "h3"])] == ["论文", "论文-1", "a-bc"]
    assert [each.get("href") for each in page.find_all("a")] == [
        "#%E8%AE%BA%E6%96%87", "#%E8%AE%BA%E6%96%87-1", "#a-bc", None,
    ]  # fmt: skip


def test_a_footnote_and_its_number_lead_to_each_other_on_a_page(tmp_path: Path) -> None:
    text = "甲[^a]乙[^b]甲[^a] [无](#fn-9)\n\n[^a]: 说明\n[^b]: https://a.example/\n"
    found = issue.open(write(tmp_path, text))
    page = soup(web.page(found)[0])
    links = [(each.get("id"), each.get("href"), each.string) for each in page.article.find_all("a")]
    assert links == [
        ("fnref-1", "#fn-1", "[1]"), ("fnref-2", "#fn-2", "[2]"), (None, "#fn-1", "[1]"), (None, None, "无"),
        ("fn-1", "#fnref-1", "[1]"),
        ("fn-2", "#fnref-2", "[2]"), (None, "https://a.example/", "https://a.example/"),
    ]  # fmt: skip
    sent = soup(mail.write(found).html)
    assert [each["href"] for each in sent.find_all("a")] == ["https://a.example/"], "a mail has no places to jump to"
    assert not soup(found.page().html).find_all("a"), "WeChat neither"


@pytest.mark.parametrize(
    "hostile",
    [
        "<p style=\"font-family:'</style><script>alert(1)</script>'\">x</p>",
        '<p style="color:red}*{display:none">x</p>',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="java\tscript:alert(1)">x</a>',
        "[x](javascript&colon;alert(1))",
        '<img src=x onerror="alert(1)">',
        "## <script>alert(1)</script> x",
        "<svg onload=alert(1)><path d='M0 0' fill='red'/></svg> x",
    ],
)
def test_what_an_author_writes_runs_nowhere(tmp_path: Path, hostile: str) -> None:
    path = write(tmp_path, f"---\ntitle: <script>alert(1)</script>\nauthor: '\"><b onclick=x>'\n---\n{hostile}\n")
    found = issue.open(path)
    for html in (web.page(found)[0], mail.write(found).html):
        page = soup(html)
        assert not page.find_all("script") and len(page.find_all("style")) == 1
        assert "display:none}" not in html and "*{display" not in html
        for each in page.find_all(True):
            assert not [name for name in each.attrs if name.startswith("on")]
            assert not re.match(r"\s*java", each.get("href", ""), re.IGNORECASE)


# --- the mail ---------------------------------------------------------------------------------------------------------

# What some clients leave out of our mails, and a reader does not miss: the colours at night and the grounds around the
# text, a hint for screen readers, round corners, breaks in long words, and what hides a preheader that is hidden by two
# other properties as well.
MERELY_ADDED = {
    "@media", "<style> element", "<body> element", "role attribute", "border-radius", "display:none", "table-layout",
    "word-break", "height property", "text-decoration", "list-style",
}  # fmt: skip


@pytest.mark.npm
def test_mails_hold_nothing_that_a_client_would_drop_and_a_reader_miss() -> None:
    paths = [(path, "plain") for path in (*EVERY, NODES)] + [(NODES, name) for name in theme.names()]
    given = json.dumps([mail_of(*each).html for each in paths])
    script = ROOT / "tests/js/mail.mjs"
    run = subprocess.run(["node", script], input=given, capture_output=True, text=True, check=True)
    for path, found in zip(paths, json.loads(run.stdout), strict=True):
        assert {feature: clients for feature, clients in found if feature not in MERELY_ADDED} == {}, path


@pytest.mark.parametrize("look", theme.names())
def test_a_mail_is_made_of_what_every_client_draws(look: str) -> None:
    page = soup(mail_of(NODES, look).html)
    tags = {each.name for each in page.body.find_all(True)}
    assert not tags & {"section", "svg", "video", "script", "form", "time", "article", "main"}
    styles = " ".join(each["style"] for each in page.find_all(style=True))
    assert not re.search(r"flex|grid|overflow|position|float|rgba|hsla|var\(|calc\(|opacity", styles)
    for each in page.body.find_all(["p", "h1", "h2", "h3", "blockquote"]):
        assert "margin" in each["style"], each
    for each in page.body.find_all("img"):
        assert (
            each.get("alt") is not None
            and int(each.get("width", 0)) <= mail.WIDTH
            and "max-width:100%" in each["style"]
        )
    for each in page.body.find_all("div", style=re.compile("padding")):
        assert not re.search("background|border", each["style"]), "Word pads nothing but cells"


@own_issue
def test_colours_at_night_stand_in_the_sheet_alone_and_are_opaque(path: Path) -> None:
    page = soup(mail_of(path).html)
    rules = dict(re.findall(r"^\.([\w-]+)\{(.*)\}$", page.style.string, re.MULTILINE))
    used = {name for each in page.find_all(class_=True) for name in each["class"]}
    assert used == set(rules) and "rgba" not in page.style.string
    assert all(each.endswith("!important") for rule in rules.values() for each in rule.split(";"))


@every_issue
def test_a_message_is_one_that_any_program_reads(path: Path) -> None:
    text, findings = mail.message(opened(path))
    assert text.isascii() and max(map(len, text.split("\r\n"))) <= 998  # RFC 5322
    assert mail.message(issue.open(path, theme="plain"))[0] == text, "made again, it is the same"
    found = email.message_from_string(text, policy=email.policy.default)
    article = opened(path).page(mail.EMAIL).article
    assert found["Subject"] == " ".join(article.title.split())
    assert found["Date"].datetime is not None and re.fullmatch(r"<[\w.]+@[\w.-]+>", found["Message-ID"])
    assert found["X-Unsent"] == "1" and found["From"] is None and found["To"] is None
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None and html is not None and found.get_content_type() == "multipart/alternative"
    assert article.title in plain.get_content() and "<" + "p style" not in plain.get_content()
    sent = {part["Content-ID"].strip("<>"): part for part in found.walk() if part["Content-ID"]}
    shown = set(re.findall(r'src="cid:([^"]+)"', html.get_content()))
    assert shown == set(sent) and "data:" not in html.get_content()
    assert {part.get_content_type() for part in sent.values()} <= {"image/png", "image/jpeg", "image/gif"}
    lost = {each.rule for each in findings}
    assert lost <= {"image-missing", "mail-clipped"}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://letter.example/1", "letter.example"),
        ("https://例子.中国/", "xn--fsqu00a.xn--fiqs8s"),
        ("http://[x", "wxpub.invalid"),
        ("https://a.example>\\r\\nBcc: b/", "wxpub.invalid"),
        ("https://" + "a" * 70 + ".example/", "wxpub.invalid"),
    ],
)
def test_whatever_stands_in_front_matter_a_message_has_its_own_headers(url: str, host: str, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    front = f'title: "题\\r\\nBcc: b@b.example"\nauthor: "a\\nX: y"\nsource_url: "{url}"'
    (tmp_path / "a\nBcc: b.png").write_bytes((ROOT / "examples/images/account.png").read_bytes())
    path.write_text(f"---\n{front}\n---\n字。\n\n![图](a%0ABcc:%20b.png)\n", encoding="utf-8")
    text, _ = mail.message(opened(path))
    assert text.isascii()
    found = email.message_from_string(text, policy=email.policy.default)
    assert sorted(found.keys()) == [
        "Content-Type", "Date", "MIME-Version", "Message-ID", "Subject", "X-Mailer", "X-Unsent"
    ]  # fmt: skip
    assert found["Message-ID"].rpartition("@")[2] == f"{host}>"
    assert not any("Bcc" in part for part in found.walk())


def test_an_image_of_a_mail_stands_where_the_site_has_it(tmp_path: Path) -> None:
    folder = write(tmp_path, "# 题\n\n![图](../图/a%201.png)\n", "issues/1.md").parent
    (tmp_path / "图").mkdir()
    (tmp_path / "图/a 1.png").write_bytes((ROOT / "examples/images/account.png").read_bytes())
    settings = write(tmp_path, '[site]\nurl = "https://letter.example"\n', "wxpub.toml")
    found = mail.write(issue.open(folder / "1.md"))
    assert 'src="https://letter.example/%E5%9B%BE/a%201.png"' in found.html and found.findings == ()
    settings.write_text("", encoding="utf-8")
    found = mail.write(issue.open(folder / "1.md"))
    assert 'src="data:image/png' in found.html
    assert [(each.rule, each.line) for each in found.findings] == [("mail-image-inside", 3)]
    settings.write_text('[site]\nurl = "https://letter.example/{date}/{stem}"\n', encoding="utf-8")
    assert 'src="data:image/png' in mail.write(issue.open(folder / "1.md")).html, "that tells of no file"


@pytest.mark.parametrize(
    "text",
    [
        """![说 "好"](https://a.example/1.png)""",
        """[一](https://a.example/"a'b")""",
        """- <https://a.example/"onclick=alert(1)>""",
        """$x"y$""",
    ],
)
def test_quotation_marks_in_an_attribute_end_no_mail(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"# 题\n\n{text}\n\n## 节\n\n尾。\n", encoding="utf-8")
    soup = BeautifulSoup(mail.page(issue.open(path))[0], "lxml")
    assert not [each for each in soup.find_all(True) if any(name.startswith("on") for name in each.attrs)]
    for src, name, value in (("![", "alt", '说 "好"'), ("[一", "href", """https://a.example/"a'b\"""")):
        if text.startswith(src):
            assert value in [unquote(str(each.get(name))) for each in soup.find_all(True)]


def test_a_mail_that_gmail_would_cut_off_is_found(tmp_path: Path) -> None:
    short = mail.write(issue.open(write(tmp_path, "# 题\n\n" + "字" * 20_000)))
    long = mail.write(issue.open(write(tmp_path, "# 题\n\n" + "字" * 40_000)))
    assert len(short.html.encode()) < mail.CLIPPED < len(long.html.encode())
    assert [[each.rule for each in found.findings] for found in (short, long)] == [[], ["mail-clipped"]]


def test_an_inbox_shows_the_digest_and_not_the_text_behind_it(tmp_path: Path) -> None:
    html = mail.write(issue.open(write(tmp_path, "---\ntitle: 题\ndigest: 本期要点\n---\n正文\n"))).html
    first = soup(html).body.div
    assert first.get_text().startswith("本期要点") and "display:none" in first["style"] and len(first.get_text()) > 100


def test_formulas_code_and_tables_of_a_mail_need_no_more_than_its_width(tmp_path: Path) -> None:
    text = "# 题\n\n$E=mc^2$\n\n```python\n    x = very_long(argument, another)\n```\n"
    html = mail.write(issue.open(write(tmp_path, text))).html
    assert "E=mc^2</code>" in html and "nowrap" not in html
    code = words_with_spaces(soup(html).find("span", string=re.compile("very")) or soup(html))
    assert "\u00a0\u00a0\u00a0\u00a0x" in code and "argument, another" in code, "indented, and free to break"


def test_what_is_set_in_at_the_side_of_a_mail_leaves_that_room_within_its_width(tmp_path: Path) -> None:
    text = "---\ntheme: ink\n---\n# 题\n\n字。\n\n## 节\n\n> 引\n>\n> > 中引\n"
    html = soup(mail.write(issue.open(write(tmp_path, text))).html)
    panels = [each for each in html.find_all("table", role="presentation") if "fixed" in each.get("style", "")][1:]
    assert [each.parent.name for each in panels] == ["div", "div"]
    assert all("margin" not in each["style"] and "2em" in each.parent["style"] for each in panels)


def words_with_spaces(found: Any) -> str:
    row = found.find_parent("p") or found
    return str(row.get_text())


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def wxpub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wxpub:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **options: CliRunner().invoke(cli, arguments, **options)


@pytest.mark.parametrize(
    ("arguments", "name", "begin"),
    [
        (["--format", "web"], "a.web.html", "<!doctype html>"),
        (["--format", "email"], "a.email.html", "<!doctype html>"),
        (["--format", "eml"], "a.eml", "Subject: "),
        (["--format", "email", "-o", "x.eml"], "x.eml", "Subject: "),
        (["--format", "web", "-o", "out/"], "out/a.web.html", "<!doctype html>"),
    ],
)
def test_convert_writes_the_format_asked_for(
    wxpub: Wxpub, tmp_path: Path, arguments: list[str], name: str, begin: str
) -> None:
    write(tmp_path, "# Title\n\nText\n")
    result = wxpub("convert", "a.md", *arguments)
    assert (result.exit_code, result.stdout) == (0, f"{name}\n")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)
    assert wxpub("convert", "a.md", *arguments).exit_code == 0, "its own file is written over"
    if "-o" not in arguments:
        write(tmp_path, "somebody's", name)
        result = wxpub("convert", "a.md", *arguments)
        assert result.exit_code == 1 and "was not made by wxpub" in result.stderr


def test_a_format_for_readers_elsewhere_takes_nothing_of_wechat_s(wxpub: Wxpub, tmp_path: Path) -> None:
    write(tmp_path, "# Title\n\nText\n")
    for arguments in (["--fragment"], ["--copy"], ["--target", "paste"]):
        result = wxpub("convert", "a.md", "--format", "web", *arguments)
        assert result.exit_code == 2 and "are for WeChat; they do not go with --format web" in result.stderr


def test_a_message_goes_to_standard_output_and_says_what_is_wrong(wxpub: Wxpub, tmp_path: Path) -> None:
    write(tmp_path, "# Title\n\n![](none.png)\n")
    result = wxpub("convert", "a.md", "--format", "eml", "-o", "-")
    assert email.message_from_string(result.stdout)["Subject"] == "Title"
    assert "a.md:3: error: image none.png: no such file" in result.stderr


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["web", "mail"])
def test_nothing_is_wider_than_a_phone(chromium: Any, kind: str) -> None:
    context = chromium.new_context(viewport={"width": 375, "height": 800})
    shown = context.new_page()
    for path in (*OWN, NODES):
        for look in theme.names() if path == NODES else ("plain",):
            shown.set_content(page_of(path, look) if kind == "web" else mail_of(path, look).html)
            assert shown.evaluate("document.documentElement.scrollWidth") == 375, (path, look)
    context.close()


@pytest.mark.browser
@pytest.mark.npm
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_can_be_read_by_everybody_by_day_and_at_night(chromium: Any, scheme: str) -> None:
    context = chromium.new_context(viewport={"width": 375, "height": 800}, color_scheme=scheme, bypass_csp=True)
    shown = context.new_page()
    for path in (each for each in OWN if "color" not in each.read_text(encoding="utf-8")):  # its author chose others
        shown.set_content(page_of(path))
        shown.add_script_tag(path=AXE)
        wrong = shown.evaluate("axe.run().then((found) => found.violations.map((each) => each.id))")
        assert wrong == [], path
    context.close()


COLOURS = """(root) => [...document.querySelectorAll(root + " *")]
    .filter((each) => !each.closest("a, svg"))
    .map((each) => [each.tagName, getComputedStyle(each).color, getComputedStyle(each).backgroundColor])"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_are_those_that_wechat_shows(chromium: Any, scheme: str) -> None:
    context = chromium.new_context(color_scheme=scheme)
    shown = context.new_page()
    for look in theme.names():
        shown.set_content(page_of(NODES, look))
        ours = shown.evaluate(COLOURS, "article")
        shown.set_content(pages.phone(opened(NODES, look).page(web.WEB), dark=scheme == "dark"))
        assert shown.evaluate(COLOURS, ".wx-content") == ours, look
    context.close()


@pytest.mark.browser
def test_paper_is_white_at_night_too(chromium: Any) -> None:
    context = chromium.new_context(color_scheme="dark")
    shown = context.new_page()
    shown.set_content(page_of(OWN[0]))
    colour = "getComputedStyle(document.querySelector('article > section')).color"
    night = shown.evaluate(colour)
    shown.emulate_media(media="print")
    assert shown.evaluate(colour) == "rgb(51, 51, 51)" != night
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    context.close()
