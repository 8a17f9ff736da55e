"""`wxpub check` as an editor and a pull request see it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import ROOT

from wxpub import checks, config, language
from wxpub.checks import heeded, measure
from wxpub.checks.pages import CHANNELS
from wxpub.cli import cli
from wxpub.cli.check import annotation, rules
from wxpub.finding import KINDS, Finding, Rule, worded
from wxpub.language import gettext

SOUND = "# 题\n\n> 导读：一件事。\n\n一段正文，说明这一件事。\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a newsletter's folder."""
    (tmp_path / "wxpub.toml").write_text('[article]\nauthor = "编辑部"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["check", *arguments])


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_a_sound_issue_has_no_findings() -> None:
    result = run(write("a.md", SOUND))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "a.md: " in result.stderr
    assert "bytes of 1,048,576" in result.stderr
    assert "nothing found" in result.stderr


def test_standard_input_is_checked_as_the_file_whose_name_it_goes_by() -> None:
    text = SOUND + "\n## 论文\n\n- [论文](https://a.example/paper)：[空]()\n- [另一篇](https://a.example/other)：好\n"

    def piped(text: str, *arguments: str) -> str:
        return CliRunner().invoke(cli, ["check", "-", *arguments], input=text).stdout

    alone = run(write("12.md", text)).stdout
    assert piped(text, "--stdin-filename", "12.md") == alone
    assert piped(text) == alone.replace("12.md:", "-:"), "the issue in the folder may be the same one"
    assert "[link-known]" in piped(text, "--stdin-filename", "13.md")
    assert piped("<section><p>字</p><script>x</script></section>", "--stdin-filename", "x.html").startswith(
        "x.html:1: "
    )


def test_findings_go_to_stdout_and_the_summary_to_stderr() -> None:
    result = run(write("a.md", SOUND + "\n[空]()\n"))
    assert result.stdout.startswith("a.md:7: warning: ")
    assert result.stdout.endswith("[link-empty]\n")
    assert "1 warning" in result.stderr


@pytest.mark.parametrize(
    ("text", "flags", "code"),
    [
        ("\n[空]()\n", [], 0),
        ("\n[空]()\n", ["--strict"], 1),
        ("\n![图](none.png)\n", [], 1),
        ("", ["--strict"], 0),
    ],
)
def test_errors_fail_and_strictly_warnings_too(text: str, flags: list[str], code: int) -> None:
    assert run(write("a.md", SOUND + text), *flags).exit_code == code


def test_a_file_that_cannot_be_read_keeps_no_other_from_being_checked() -> None:
    write("latin.html", "")
    Path("latin.html").write_bytes(b"<p>\xff</p>")
    result = run("none.md", "latin.html", write("a.md", SOUND + "\n[空]()\n"))
    assert result.exit_code == 1
    assert [line.rsplit("[", 1)[1] for line in result.stdout.splitlines()] == ["file-unreadable]"] * 2 + ["link-empty]"]


def test_html_of_others_is_checked_as_it_is() -> None:
    result = run(write("a.html", '<section>\n<div style="position:absolute">字</div></section>\n'))
    assert result.exit_code == 1
    assert "a.html:2: error: position:absolute on <div> “字”" in result.stdout
    assert "[no-semantic-wrapper]" not in run(write("b.html", "<article>字</article>"), "--target", "api").stdout


def test_a_page_that_convert_wrote_is_checked_for_pasting() -> None:
    write("a.md", SOUND + "\n[站](https://example.org/)\n")
    assert CliRunner().invoke(cli, ["convert", "a.md"]).exit_code == 0
    result = run("a.html", "--strict", "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["findings"]) == (0, [])
    assert document["result"]["files"][0]["size"]["characters"] < 4_000  # of the article, not of the page around it


MANY = SOUND + "".join(f"\n![](https://example.org/{number}.png)\n" for number in range(8)) + "\n[空]()\n"


def test_what_a_rule_finds_several_times_is_one_line_with_the_first_places() -> None:
    result = run(write("a.md", MANY))
    first, other = result.stdout.splitlines()
    assert first.startswith("a.md:7: info: the image https://example.org/0.png has no text")
    assert " (and 7 more, on lines 9, 11, 13, 15, 17, …); " in first
    assert other.startswith("a.md:23: warning: ")
    assert "1 warning, 1 info (--all lists 7 more)" in result.stderr


def test_all_lists_every_finding_and_json_does_anyway() -> None:
    every = run(write("a.md", MANY), "--all")
    assert [line.split(":")[1] for line in every.stdout.splitlines()] == [str(7 + 2 * each) for each in range(9)]
    assert "1 warning, 8 info\n" in every.stderr
    document = json.loads(run("a.md", "--json").stdout)
    assert (len(document["findings"]), document["result"]["counts"]["info"]) == (9, 8)
    assert [len(run("a.md", "--format", "github", *flag).stdout.splitlines()) for flag in ([], ["--all"])] == [2, 9]


def test_two_files_are_not_folded_into_one() -> None:
    result = run(write("a.md", SOUND + "\n[空]()\n"), write("b.md", SOUND + "\n[空]()\n"))
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["a.md", "b.md"]


def test_convert_and_push_fold_too() -> None:
    write("a.md", SOUND + "\n[空]()\n\n[虚]()\n")
    for command in (["convert", "a.md"], ["push", "a.md", "--sandbox", "--dry-run"]):
        told = CliRunner().invoke(cli, command).stderr.splitlines()
        assert len([line for line in told if "link-empty" in line and "(and 1 more, on line 9)" in line]) == 1, told


def test_one_draft_of_two_issues_folds_each_by_itself() -> None:
    for name in ("a.md", "b.md"):
        write(name, SOUND + "\n[空]()\n")
    told = CliRunner().invoke(cli, ["push", "a.md", "b.md", "--sandbox", "--dry-run"]).stderr.splitlines()
    assert [line.split(":")[0] for line in told if "link-empty" in line] == ["a.md", "b.md"]


# --- what a newsletter does without -----------------------------------------------------------------------------------


def ignoring(*names: str) -> None:
    Path("wxpub.toml").write_text(
        f'[article]\nauthor = "编辑部"\n\n[check]\nignore = {json.dumps(names)}\n', encoding="utf-8"
    )


def test_an_ignored_rule_is_silent_everywhere_and_the_others_are_not() -> None:
    write("a.md", SOUND + "\n[空]()\n\n![](https://example.org/0.png)\n\n## 空\n")
    write("b.html", '<p><a href="https://example.org/">字</a>字</p>')
    told = {"image-alt-missing", "link-empty", "section-empty"}
    assert rules_told(run("a.md")) == told
    assert rules_told(run("b.html", "--target", "api")) == {"href-external", "text-color-missing"}
    ignoring("link-empty", "image-alt-missing", "href-external")
    assert rules_told(run("a.md")) == {"section-empty"}
    assert rules_told(run("a.md", "--all", "--json")) == {"section-empty"}
    assert rules_told(run("b.html", "--target", "api")) == {"text-color-missing"}
    for command in (["convert", "a.md"], ["push", "a.md", "--sandbox", "--dry-run"]):
        result = CliRunner().invoke(cli, command)
        assert (result.exit_code, "link-empty" in result.stderr) == (0, False), result.stderr
    assert "link-empty" not in Path("a.html").read_text(encoding="utf-8")


def rules_told(result: Result) -> set[str]:
    return set(re.findall(r'(?:"rule": "|\[)([a-z]+(?:-[a-z]+)+)["\]]', result.stdout))


@pytest.mark.parametrize("command", [["check"], ["convert"], ["push", "--sandbox"]])
def test_what_cannot_be_ignored_is_said_with_its_place(command: list[str]) -> None:
    write("a.md", SOUND + "\n![图](none.png)\n")
    for name, said in (
        ("link-emty", "ignore names link-emty, but `wxpub check` has no such rule; did you mean link-empty?"),
        ("image-missing", "ignore names image-missing: an error cannot be switched off; "),
        ("stored-other", "ignore names stored-other, but `wxpub check` has no such rule"),
    ):
        ignoring("link-empty", name)
        result = CliRunner().invoke(cli, [*command, "a.md"])
        assert result.exit_code != 0
        assert f"wxpub.toml:5: [check]: {said}" in str(result.exception) + result.stderr
        assert not Path("a.html").exists()


@pytest.mark.parametrize("flag", [["--json"], ["--format", "json"]])
def test_json_is_one_document(flag: list[str]) -> None:
    result = run(write("a.md", SOUND + "\n[空]()\n"), write("b.html", "<div>字</div>"), *flag)
    document = json.loads(result.stdout)
    files, findings = document["result"]["files"], document["findings"]
    assert [each["path"] for each in files] == ["a.md", "b.html"]
    first = findings[0]
    assert first.keys() == {"rule", "severity", "message", "path", "line", "fix"}
    assert (first["rule"], first["path"], first["line"]) == ("link-empty", "a.md", 7)
    assert files[0]["size"]["characters"] > 100
    assert document["result"]["counts"]["error"] == sum(each["severity"] == "error" for each in findings) > 0


def test_github_shows_findings_beside_the_lines() -> None:
    result = run(write("a.md", SOUND + "\n[空]()\n"), "--format", "github")
    assert result.stdout.startswith("::warning file=a.md,line=7,title=link-empty::")


def test_annotations_are_escaped() -> None:
    finding = Finding("rule", "info", "100 %\nnext, line: x", Path("a,b:c%.md"), 3, "fix")
    assert annotation(finding) == "::notice file=a%2Cb%3Ac%25.md,line=3,title=rule::100 %25%0Anext, line: x; fix"
    assert annotation(Finding("rule", "error", "m")) == "::error title=rule::m"


def test_annotations_name_files_as_the_repository_does(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project))
    (project / "issues").mkdir()
    monkeypatch.chdir(project / "issues")
    assert annotation(Finding("rule", "error", "m", Path("a.md"), 1)).startswith("::error file=issues/a.md,line=1")
    assert annotation(Finding("rule", "error", "m", project / "b.md", 1)).startswith("::error file=b.md,line=1")


def test_a_rule_is_explained_without_a_file() -> None:
    result = run("--explain", "no-div")
    assert result.exit_code == 0
    assert "no-div: phones ignore the style of a div" in result.stdout
    assert "write section instead" in result.stdout


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_every_rule_can_be_explained(rule: Rule) -> None:
    result = run("--explain", rule.id)
    assert result.exit_code == 0
    assert rule.message in result.stdout
    assert rule.reader and f"readers see  {rule.reader}\n" in result.stdout
    assert rule.fix and f"what to do   {rule.fix}\n" in result.stdout
    off = f'switch off   [check] ignore = ["{rule.id}"] in wxpub.toml'
    assert (off in result.stdout) == (rule.severity != "error" and rule.kind not in ("push", "mail", "record"))
    assert off in result.stdout or "switch off   not possible: " in result.stdout


@pytest.mark.parametrize(
    "rule", [each for each in checks.rules() if each.severity != "error"], ids=lambda rule: rule.id
)
def test_a_rule_is_switched_off_as_its_explanation_says(rule: Rule) -> None:
    found = (rule.find("found", Path("a.md"), 1), Finding("content-lost", "error", "lost"))
    assert heeded(found, replace(config.find(Path.cwd()), ignored=(rule.id,))) == found[1:]


def test_an_unknown_rule_names_those_that_may_have_been_meant() -> None:
    result = run("--explain", "no-dv")
    assert result.exit_code == 2
    assert "no-div" in result.stderr


def test_size_says_where_the_characters_go() -> None:
    result = run(write("a.md", SOUND + "\n## 论文\n\n- 一\n"), "--size")
    assert "characters by section" in result.stdout
    assert "论文" in result.stdout
    assert "line-height" in result.stdout


def test_a_size_adds_up() -> None:
    html = (
        '<section style="color:#333;margin:0"><p>前</p><h2 style="color:#333">题<span>[1]</span></h2>'
        '<p title="&gt;">字<img src="https://mmbiz.qpic.cn/a>b" alt="图"></p></section>'
    )
    size = measure(html)
    assert size.characters == len(html) == sum(size.kinds.values()) == sum(count for _, count in size.sections)
    assert size.bytes == len(html.encode())
    assert size.kinds["text"] == len("前题[1]字")
    assert size.kinds["style"] == len(' style="color:#333;margin:0" style="color:#333"')
    assert sum(count for _, count in size.properties) == size.kinds["style"]
    assert [name for name, _ in size.sections] == ["", "题"]


# --- docs/rules.md ----------------------------------------------------------------------------------------------------

INTRODUCTION = """# Rules

[中文](zh/rules.md)

What `wxpub check` looks for. An error stops a push; a warning is something that an editor would want to know; an info
may be left alone. `wxpub check --explain RULE` says the same in the terminal.

What a rule finds several times in a file is told in one line, with a count and the first places; `--all` lists them,
JSON has every one. A newsletter that does without a rule says so in `wxpub.toml`:

```toml
[check]
ignore = ["link-known", "image-alt-missing"]
```

An error cannot be switched off: WeChat would refuse the article, or readers would miss something. Nor can what a push
tells of what it did. How many findings an ordinary issue has is counted in [checks.md](checks.md).

`wxpub check issue.md --official` asks WeChat's own article checker as well, which other editors are to use (see
[wechatjs/verify-article-structure-spec](https://github.com/wechatjs/verify-article-structure-spec), section 1). It
sends the article's HTML to `https://mp.weixin.qq.com`, without pictures (a blank of the same size stands for each) and
without any account, says so first, and tells at which line of the Markdown the checker objects. Nothing is sent without
that option. An article that the checker objects to can be pushed: its findings are warnings. With `--sandbox` the local
WeChat answers, as its model of the checker says. WeChat's own service is unverified: nobody here could ask it.

This list is made from the rules themselves: `pytest tests/test_check_cli.py --update` rewrites it.
"""

CHINESE_INTRODUCTION = """# 规则

[English](../rules.md)

这里是 `wxpub check` 检查的内容。错误会中止推送；警告是编辑想知道的事；提示可以不管。在终端里运行
`wxpub check --explain RULE`，看到的是同样的说明。

同一条规则在一个文件里多次发现问题，只显示一行，写明次数和前几处；`--all` 逐条列出，JSON 里也有全部。某条规则不需要，
就在 `wxpub.toml` 里写明：

```toml
[check]
ignore = ["link-known", "image-alt-missing"]
```

错误不能关闭：否则微信会拒收文章，或读者会缺少内容。推送时报告做了什么的那些规则也不能关闭。普通的一期会有多少条提示，见
[checks.md](../checks.md)。

`wxpub check issue.md --official` 还会请微信自己的文章检测接口来判断，那是微信提供给第三方编辑器的（见
[wechatjs/verify-article-structure-spec](https://github.com/wechatjs/verify-article-structure-spec) 第 1 节）。
它把文章的 HTML 发到 `https://mp.weixin.qq.com`，不发图片（用同样大小的空白图代替），也不带任何账号；发送之前会先说明，
检测出的问题对应到 Markdown 的行号。不加这个选项，什么都不会发送。检测不通过的文章仍然可以推送，所以这些问题都是警告。
加 `--sandbox` 由本地微信回答，依据的是它对检测规则的模拟；微信的真实接口未经验证：开发时没有条件调用。

本页由规则本身生成：`pytest tests/test_check_cli.py --update` 重新写出。
"""
COLUMNS = ("rule", "severity", "matters to", "what", "what a reader sees", "what to do")
CHINESE_COLUMNS = ("规则", "级别", "影响渠道", "是什么问题", "读者看到什么", "怎么办")


def rulebook() -> str:
    """Write the page in the language that is spoken."""
    chinese = language.current() == "zh"
    columns = CHINESE_COLUMNS if chinese else COLUMNS
    parts = [CHINESE_INTRODUCTION if chinese else INTRODUCTION]
    for kind, about in KINDS.items():
        title = gettext(about)
        parts.append(f"\n## {title[0].upper()}{title[1:]}\n")
        page = kind == "page"
        shown = [each for each in columns if page or each != columns[2]]
        parts.append(f"| {' | '.join(shown)} |")
        parts.append("|" + "---|" * len(shown))
        for rule in (rule for rule in rules() if rule.kind == kind):
            channel = f"{gettext(CHANNELS[rule.channel])} | " if page else ""
            told = " | ".join(cell(gettext(each)) for each in (rule.message, rule.reader, rule.fix))
            parts.append(f"| `{rule.id}` | {worded(rule.severity)} | {channel}{told} |")
    return "\n".join(parts) + "\n"


def cell(text: str) -> str:
    """Write a text into a table: what it shows of Markdown and HTML stays text."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("](", "]\\(")


@pytest.mark.parametrize(("spoken", "name"), [("en", "docs/rules.md"), ("zh", "docs/zh/rules.md")])
def test_the_list_of_rules_in_the_docs_is_current(spoken: str, name: str, update: bool) -> None:
    path = ROOT / name
    language.use(spoken)
    try:
        page = rulebook()
    finally:
        language.use("")
    if update:
        path.write_text(page, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == page, "run pytest tests/test_check_cli.py --update"
