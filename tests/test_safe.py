"""What others wrote only shows: no terminal and no CI obeys it, and JSON and HTML mean the same."""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pushing import SECRET
from raw_wechat import RawWeChat, http

from wxpub import safe
from wxpub.cli import cli

EVIL = (
    "\x1b]0;title\x07\x1b[31m\x9b2J\u202egnp.\u2066x\u2069\r::error file=z::oops\n"
    "  ::set-output name=a::b\n##[error]old ##vso[x]"
)
OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]|^\\s*::|##\\[|##vso\\[", re.MULTILINE
)


def test_text_only_shows() -> None:
    shown = safe.text(EVIL)
    assert not OBEYED.search(shown)
    assert "\\x1b]0;title\\x07" in shown
    assert "\\u202egnp." in shown
    assert "\\x0d::error file=z::oops\n  \\::set-output" in shown
    assert "\n" not in safe.line(EVIL)
    assert safe.text("你好，“世界” \t → C++::std a::b 🎉") == "你好，“世界” \t → C++::std a::b 🎉"
    assert safe.text("\udcff.md") == "\\udcff.md"


def test_json_and_html_mean_what_they_meant() -> None:
    value = {"title": EVIL, "name": "\udcff"}
    document = safe.json_text(json.dumps(value, ensure_ascii=False))
    assert not OBEYED.search(document)
    assert json.loads(document) == value
    page = safe.html_text(EVIL.replace("\x07", "").replace("\x1b", "").replace("\x9b", "").replace("\r", ""))
    assert not OBEYED.search(page)
    assert html.unescape(page) == EVIL.replace("\x07", "").replace("\x1b", "").replace("\x9b", "").replace("\r", "")


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def harmless(result: Result) -> None:
    """Hold that nothing is obeyed, but for the annotations that are ours."""
    own = re.sub(r"^::(?:error|warning|notice) (?:file=|title=)", "", result.stdout, flags=re.MULTILINE)
    assert not OBEYED.search(own), result.stdout
    assert not OBEYED.search(result.stderr), result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.skipif(os.name != "posix", reason="no file has such a name there")
@pytest.mark.parametrize("body", ["# 题\n\n正文。[x](#nowhere)\n", "", "\udcff"])
def test_a_file_name_steers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    monkeypatch.chdir(tmp_path)
    name = f"x\n::error file=z::{EVIL.replace('/', '')}.md"
    Path(name).write_text(body, encoding="utf-8", errors="surrogateescape")
    for words in (
        ("check", name),
        ("check", name, "--format", "github"),
        ("check", name, "--json"),
        ("convert", name),
        ("convert", name, name, "-o", "-"),
        ("convert", name, "--json"),
        ("push", name, "--sandbox"),
        ("publish", name, "--sandbox", "--yes"),
        ("index", "add", name, "https://mp.weixin.qq.com/s/AbCdEf"),
        ("index", "list"),
        ("drafts", "list", "--sandbox"),
        ("trust", name),
        ("cover", name),
        ("push", name + ".not-there", "--sandbox"),
    ):
        harmless(run(*words))


def test_what_wechat_says_steers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("wxpub.client.ATTEMPTS", 1)
    Path("a.md").write_text("# 题\n\n正文。\n", encoding="utf-8")
    with RawWeChat() as wechat:
        for name, value in {"APPID": "wx1", "SECRET": SECRET, "API_BASE": wechat.url}.items():
            monkeypatch.setenv(f"WXPUB_{name}", value)
        article = dict.fromkeys(("title", "author", "digest", "content_source_url", "url"), EVIL)
        wechat.drafts["one"] = [{**article, "content": f"<p>{EVIL}</p>"}]
        for words in ("list", "list --json", "show one", "show one --json", "show one --html", "delete one --yes"):
            harmless(run("drafts", *words.split()))
        for reply in (http({"errcode": 40013, "errmsg": EVIL}), http(EVIL), http(EVIL, 502, kind="text/x")):
            wechat.answers["*"] = lambda asked, reply=reply: reply
            for line in ("drafts list", "push a.md", "push a.md --json", "doctor", "doctor --json", "index rebuild"):
                harmless(run(*line.split()))
            del wechat.answers["*"]


def test_settings_steer_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.md").write_text("# 题\n\n正文。\n", encoding="utf-8")
    quoted = json.dumps(EVIL)
    for text in (
        f"[network]\napi_base = {quoted}\n",
        f"[network]\nproxy = {quoted}\n",
        f"[accounts.default]\nappid = 'wx1'\nsecret_file = {quoted}\n",
        f"[accounts.default]\nappid = 'wx1'\nsecret_env = {quoted}\n",
        f"[accounts.{quoted}]\nappid = 'wx1'\n",
        f"[{quoted}]\n",
        f"[markdown]\nextensions = [{quoted}]\n",
        f"[article]\ntheme = {quoted}\n",
        f"[theme]\n{quoted} = 'x'\n",
    ):
        Path("wxpub.toml").write_text(text, encoding="utf-8")
        for words in (("push", "a.md"), ("check", "a.md"), ("trust", "--yes"), ("doctor",), ("trust", "--list")):
            harmless(run(*words))


def test_a_written_file_is_whole_and_follows_no_link(tmp_path: Path) -> None:
    place = tmp_path / "page[1].html"
    safe.write(place, b"one")
    safe.write(place, b"two")
    assert place.read_bytes() == b"two"
    assert [each.name for each in tmp_path.iterdir()] == [place.name]
    stale = tmp_path / f".{place.name}.0123456789abcdef.tmp"
    stale.write_bytes(b"half")
    os.utime(stale, (1, 1))
    (tmp_path / f".{place.name}.new.tmp").write_bytes(b"another process is at work")
    safe.write(place, b"three")
    assert sorted(each.name for each in tmp_path.iterdir()) == [f".{place.name}.new.tmp", place.name]


def test_nobody_knows_the_name_under_which_a_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    real = os.open

    def listening(path: Path, *words: int) -> int:
        opened.append(path)
        return real(path, *words)

    monkeypatch.setattr(os, "open", listening)
    for _ in range(2):
        safe.write(tmp_path / "page.html", b"x")
    one, two = (each.name for each in opened if each.name.endswith(".tmp"))
    assert one != two


@pytest.mark.skipif(os.name != "posix", reason="links need rights here")
def test_a_link_under_the_name_of_the_new_file_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", bytes)  # somebody who knows the name all the same
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / f".page.html.{bytes(8).hex()}.tmp").symlink_to(victim)
    with pytest.raises(FileExistsError):
        safe.write(tmp_path / "page.html", b"x")
    assert victim.read_bytes() == b"mine"


# --- odd and hostile texts: one line, in bounded time -----------------------------------------------------------------

RULE = ".article { color: red }\n"
ALIASES = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
LETTERS: dict[str, tuple[str, str]] = {
    "YAML aliases": (f"---\n{ALIASES}theme_variables: {{accent: *i}}\n---\n# 题\n", "*a is not read"),
    "an alias of YAML": ("---\nbase: &a x\ntitle: *a\n---\n# 题\n", "*a is not read"),
    "deep YAML": (f"---\ntitle: {'[' * 5000}\n---\n# 题\n", "front matter"),
    "long YAML": (f"---\ntitle: [{'x' * 200_000}]\n---\n# 题\n", "has more than 100,000 characters"),
    "deep TOML": (f"+++\na = {'[' * 5000}\n+++\n# 题\n", "front matter"),
    "a zero in YAML": ('---\ntheme: "a\\0.css"\n---\n# 题\n', "a.md:2: front matter: a character cannot be shown"),
    "half a character in YAML": (
        '---\n标题: x\nauthor: ["\\uD800"]\n---\n',
        "a.md:3: front matter: a character cannot",
    ),
    "a zero in TOML": ('+++\n[wx]\n"a\\u0000" = 1\n+++\n# 题\n', "a.md:3: front matter: a character cannot be shown"),
    "a long TOML key": (f"+++\na{'.a' * 40_000} = 1\n+++\n# 题\n", "more than 200 dots in one line"),
    "a long number": (f"+++\na = {'1' * 5000}\n+++\n# 题\n", "front matter"),
}
FORMULAS = [
    *(r"\frac{1}{" * n + "1" + "}" * n for n in (15, 60)),
    r"\frac{1}{" * 800 + "1" + "}" * 800,
    r"\sqrt{" * 30 + "1" + "}" * 30,
    "x^{" * 30 + "1" + "}" * 30,
    "{" * 3000 + "1" + "}" * 3000,
    "{" * 20_000 + "1" + "}" * 20_000,
    r"\left(" * 30 + "1" + r"\right)" * 30,
    r"\begin{cases}" * 12 + "1" + r"\end{cases}" * 12,
    "x+" * 3000 + "1",
]
THEMES = {
    "variables of variables": (
        ":root{"
        + "".join(f"--v{n}: {f'var(--v{n + 1}) ' * 10};" for n in range(8))
        + "--v8: 1px;}\n.article{margin:var(--v0)}",
        "a value of more than 2,000 characters",
    ),
    "a long chain": (
        ":root{" + "".join(f"--v{n}: var(--v{n + 1});" for n in range(900)) + "--v900: red}" + RULE,
        "made of more than 20 others in turn",
    ),
    "a long selector": (f".article p{'a' * 90_000} {{ color: red }}", "has more than 300 characters"),
    "a deep selector": (f"{'p ' * 20_000}{{ color: red }}", "has more than 300 characters"),
    "many selectors": (",".join(["p a"] * 20_000) + "{color:red}", "a rule has more than 100 selectors"),
    "many rules": ("p{color:red}" * 5000, "more than 1,000 rules"),
    "many declarations": (f"p{{{'color:red;' * 5000}}}", "more than 1,000 rules, or a rule as many declarations"),
    "a long file": (RULE * 10_000, "has more than 100,000 characters"),
    "open comments": (RULE + "/*" * 40_000, ""),
    "open parentheses": (f"p{{color:{'(' * 1000}}}", "left open"),
}


@pytest.mark.parametrize("name", LETTERS)
def test_front_matter_is_bounded(tmp_path: Path, name: str) -> None:
    text, said = LETTERS[name]
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    result = run("convert", str(tmp_path / "a.md"))
    harmless(result)
    assert (result.exit_code, said in result.stderr, result.stderr.count("\n")) == (1, True, 1), result.stderr


@pytest.mark.parametrize("tex", FORMULAS, ids=lambda tex: f"{tex[:12]} {len(tex)}")
def test_a_formula_that_would_take_for_ever_is_shown_as_tex(tmp_path: Path, tex: str) -> None:
    (tmp_path / "a.md").write_text(f"# 题\n\n正文 ${tex}$ 。\n", encoding="utf-8")
    result = run("convert", str(tmp_path / "a.md"), "--json")
    harmless(result)
    document = json.loads(result.stdout)
    assert [each["rule"] for each in document["findings"]].count("math") == 1
    assert f">{html.escape(tex)}<" in document["result"]["files"][0]["article"]["html"]


def test_formulas_of_ordinary_depth_are_drawn(tmp_path: Path) -> None:
    deep, wide = r"\frac{1}{1+\frac{1}{1+\frac{1}{1+\frac{1}{x}}}}", r"\left(\sum_{i=1}^{n_{k}} x_{i}^{2^{j}}\right)"
    for tex in (deep, wide, "a+" * 150):
        (tmp_path / "a.md").write_text(f"# 题\n\n正文 ${tex}b$ 。\n", encoding="utf-8")
        assert "<svg" in run("convert", str(tmp_path / "a.md"), "--fragment", "-o", "-").stdout


@pytest.mark.parametrize("name", THEMES)
def test_a_theme_is_bounded(tmp_path: Path, name: str) -> None:
    css, said = THEMES[name]
    (tmp_path / "mine.css").write_text(css, encoding="utf-8")
    (tmp_path / "a.md").write_text("# 题\n\n正文。\n", encoding="utf-8")
    result = run("convert", str(tmp_path / "a.md"), "--theme", str(tmp_path / "mine.css"))
    harmless(result)
    assert said in result.stderr
    assert result.exit_code == 1 or not said
    assert max(map(len, result.stderr.splitlines())) < 500


@pytest.mark.parametrize(
    "fact",
    ['"index": "zero"', '"index": true', '"index": -1', '"mark": 5', '"of": "x"', '"media_id": true'],
)
def test_a_ledger_with_values_of_wrong_kinds_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fact: str
) -> None:
    monkeypatch.chdir(tmp_path)
    sound = {"media_id": "m", "index": 0, "of": 1, "mark": "x", "at": ""}
    line = json.dumps({**sound, **json.loads(f"{{{fact}}}")})
    key = '"draft wx1@127.0.0.1:1 a.md"'
    text = f'{{\n"wxpub-ledger": 1,\n{key}: {line},\n"~": 0\n}}\n'
    Path("wxpub.ledger.json").write_text(text, encoding="utf-8")
    Path("a.md").write_text("# 题\n\n正文。\n", encoding="utf-8")
    monkeypatch.setattr("wxpub.client.ATTEMPTS", 1)
    for name, value in {"APPID": "wx1", "SECRET": SECRET, "API_BASE": "http://127.0.0.1:1"}.items():
        monkeypatch.setenv(f"WXPUB_{name}", value)
    result = run("push", "a.md")
    harmless(result)
    assert "damaged: " in result.stderr
    assert Path("wxpub.ledger.json").read_text(encoding="utf-8") == text
    harmless(run("doctor"))
    harmless(run("drafts", "list"))
