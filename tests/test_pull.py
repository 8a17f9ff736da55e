"""What is edited in a draft comes back into the Markdown: words, blocks, fields; and a push sees no stranger then."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import ROOT, corpus_files
from hypothesis import given, settings
from hypothesis import strategies as st
from pushing import Newsletter, picture

from wxpub import conform
from wxpub import issue as issues
from wxpub.article import parse
from wxpub.cli import cli
from wxpub.client import Client
from wxpub.drafts import pull as pulling
from wxpub.drafts.trace import OBJECT, Line, Traced, read, trace
from wxpub.errors import ConflictError, SourceError, WxpubError
from wxpub.issue import Issue


def opened(text: str, tmp_path: Path) -> Issue:
    path = tmp_path / "issue.md"
    path.write_bytes(text.encode())
    return issues.open(path)


def shown(issue: Issue) -> list[Line]:
    return read(conform.fill(conform.finish(issue.layout.root, lines=True), {}))


def traced(issue: Issue, text: str, edited: list[Line]) -> Traced:
    def render(changed: str) -> list[Line] | None:
        try:
            return shown(issue.version(changed))
        except WxpubError:
            return None

    return trace(text, shown(issue), edited, render, {image.src: image.src for image in issue.layout.images})


# --- cases ------------------------------------------------------------------------------------------------------------


def cases() -> Iterator[Any]:
    for case in re.split(r"^=== ", (ROOT / "tests/cases/pull.txt").read_text(encoding="utf-8"), flags=re.M)[1:]:
        name, _, rest = case.partition("\n")
        text, edit, after = re.split(r"^--- (?:edit|becomes)\n", rest, flags=re.M)
        becomes, _, left = after.partition("--- left\n")
        yield pytest.param(text, edit, becomes, left, id=name)


@pytest.mark.parametrize(("text", "edit", "becomes", "left"), [*cases()])
def test_an_edit_of_the_article_becomes_one_of_the_markdown(
    text: str, edit: str, becomes: str, left: str, tmp_path: Path
) -> None:
    issue = opened(f"---\ntitle: 题\n---\n{text}", tmp_path)
    html = issue.page().html
    for line in edit.strip().splitlines():
        old, new = (each.strip() for each in line.split("→"))
        assert old in html, html
        html = html.replace(old, new.replace("<话", "&lt;话"), 1)
    found = traced(issue, f"---\ntitle: 题\n---\n{text}", read(html))
    assert found.text.removeprefix("---\ntitle: 题\n---\n").strip() == becomes.strip()
    told = [f"{each.line - 3 if each.line else '-'}: {each.what} {each.words}" for each in found.left]
    assert told == left.strip().splitlines()


# --- any edit of words ------------------------------------------------------------------------------------------------


def edited(lines: list[Line], pick: random.Random, count: int) -> list[Line]:
    """Change words of some lines that come of the source: put in, take out, put in place of others."""
    lines = list(lines)
    places = [n for n, each in enumerate(lines) if each.line and len(each.text) > 3 and OBJECT not in each.tokens]
    for n in pick.sample(places, min(count, len(places))):
        line = lines[n]
        number = re.match(r"\d+\. ", line.text)  # of an item: written by the program
        start = pick.randrange(number.end() if number else 0, len(line.tokens))
        end = min(len(line.tokens) - (start == 0), start + pick.randrange(4))
        put = tuple(pick.choice(["", "新", "改了的字", "word", "，"]))
        if any(token[0] == OBJECT for token in line.tokens[start:end]):
            continue
        look = line.looks[max(0, start - 1)]
        tokens = (*line.tokens[:start], *put, *line.tokens[end:])
        looks = (*line.looks[:start], *([look] * len(put)), *line.looks[end:])
        keep = [
            k for k, token in enumerate(tokens) if token != " " or (0 < k < len(tokens) - 1 and tokens[k - 1] != " ")
        ]
        tokens, looks = tuple(tokens[k] for k in keep), tuple(looks[k] for k in keep)
        if tokens and tokens[-1] != " ":
            lines[n] = Line(tokens, looks, line.kind, line.line)
    return lines


def words(lines: list[Line]) -> list[str]:
    return [each.text for each in lines if each.line]


@pytest.mark.parametrize("path", sorted((ROOT / "examples/issues").glob("*.md")), ids=lambda path: path.name)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_the_markdown_renders_as_the_edited_article(path: Path, seed: int) -> None:
    issue, pick = issues.open(path), random.Random(seed)
    text = path.read_text(encoding="utf-8")
    wanted = edited(shown(issue), pick, 4)
    found = traced(issue, text, wanted)
    missed = {each.words for each in found.left if each.what == "words"}
    now, ought = words(shown(issue.version(found.text))), words(wanted)
    assert len(now) == len(ought)
    assert {two for one, two in zip(now, ought, strict=True) if one != two} <= missed
    assert not missed, found.left


@pytest.mark.parametrize("path", corpus_files()[::4], ids=lambda path: path.name)
def test_edits_of_real_issues_come_back_or_are_told(path: Path) -> None:
    issue, pick = issues.open(path), random.Random(path.name)
    wanted = edited(shown(issue), pick, 6)
    found = traced(issue, path.read_text(encoding="utf-8"), wanted)
    missed = [each for each in found.left if each.what != "look"]
    now, ought = words(shown(issue.version(found.text))), words(wanted)
    assert len({*ought} - {*now}) <= len(missed) <= 1


def test_an_article_that_nobody_edited_changes_nothing() -> None:
    for path in (*(ROOT / "examples/issues").glob("*.md"), *corpus_files()[::3]):
        issue, text = issues.open(path), path.read_text(encoding="utf-8")
        assert traced(issue, text, read(issue.page().html)) == Traced(text, ()), path


# --- through the draft box --------------------------------------------------------------------------------------------


def pull(paper: Newsletter, name: str = "a.md") -> pulling.Pulled:
    job = paper.job(name)
    pulled = pulling.pull(job)
    pulling.keep(job, pulled)
    return pulled


def test_after_a_pull_a_push_sees_no_stranger_and_sends_the_words(paper: Newsletter) -> None:
    issue = paper.issue("a.md", "第一期", "正文，很长。", "1.png")
    pushed = paper.push("a.md")
    paper.edit(pushed.media_id, ("很长", "不长"))
    with pytest.raises(ConflictError):
        paper.push("a.md")
    assert not pull(paper).left
    assert "正文，不长。" in issue.read_text(encoding="utf-8")
    assert paper.push("a.md").action == "updated"
    assert "正文，不长。" in str(paper.drafts()[pushed.media_id][0]["content"])
    assert paper.push("a.md").action == "unchanged"


def test_without_writing_nothing_changes(paper: Newsletter) -> None:
    issue = paper.issue("a.md", "第一期", "正文，很长。")
    pushed = paper.push("a.md")
    paper.edit(pushed.media_id, ("很长", "不长"))
    before, ledger = issue.read_bytes(), (paper.root / "wxpub.ledger.json").read_bytes()
    pulled = pulling.pull(paper.job("a.md", terms={"keep": False}))
    assert "+正文，不长。" in pulled.diff
    assert (issue.read_bytes(), (paper.root / "wxpub.ledger.json").read_bytes()) == (before, ledger)
    with pytest.raises(ConflictError):
        paper.push("a.md")


def test_what_is_left_is_not_overwritten(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期", "正文，很长。")
    pushed = paper.push("a.md")
    paper.edit(pushed.media_id, ("很长", '<span style="color:red">不长</span>'))
    (left,) = pull(paper).left
    assert (left.rule, left.line) == ("pull-left", 3)
    with pytest.raises(ConflictError):
        paper.push("a.md")
    assert paper.push("a.md", force=True).action == "updated"


def test_what_is_edited_after_the_pull_stops_the_push_and_is_pulled_next(paper: Newsletter) -> None:
    issue = paper.issue("a.md", "第一期", "正文，很长。")
    pushed = paper.push("a.md")
    paper.edit(pushed.media_id, ("很长", "不长"))
    pull(paper)
    paper.edit(pushed.media_id, ("正文", "本文"))
    with pytest.raises(ConflictError):
        paper.push("a.md")
    pull(paper)
    assert "本文，不长。" in issue.read_text(encoding="utf-8")
    assert paper.push("a.md").action == "updated"


def test_the_words_before_the_edit_are_sent_if_they_are_wanted_back(paper: Newsletter) -> None:
    issue = paper.issue("a.md", "第一期", "正文，很长。")
    pushed, before = paper.push("a.md"), issue.read_bytes()
    paper.edit(pushed.media_id, ("很长", "不长"))
    pull(paper)
    issue.write_bytes(before)
    assert paper.push("a.md").action == "updated"
    assert "很长" in str(paper.drafts()[pushed.media_id][0]["content"])


def test_title_author_and_digest_come_into_front_matter_and_heading(paper: Newsletter) -> None:
    issue = paper.write("a.md", '---\nauthor: 张三\ndigest: "旧摘要"\n---\n# 旧题\n\n正文。\n')
    pushed = paper.push("a.md")
    paper.edit(
        pushed.media_id, title="新题", author="李四", digest="新：摘要", content_source_url="https://a.example/1"
    )
    pulled = pull(paper)
    assert not pulled.left
    text = issue.read_text(encoding="utf-8")
    found = parse(text, issue)
    assert "\n# 新题\n" in text
    assert (found.author, found.digest, found.source_url) == ("李四", "新：摘要", "https://a.example/1")
    assert paper.push("a.md").action == "updated"


def test_a_cover_that_was_chosen_in_the_editor_is_told(paper: Newsletter) -> None:
    paper.issue("a.md", "第一期")
    pushed = paper.push("a.md")
    media_id, _ = Client(paper.account).add_image(_Picture(picture(paper.root / "new.png", "#ff0000", (900, 383))))
    paper.edit(pushed.media_id, thumb_media_id=media_id)
    (left,) = pull(paper).left
    assert "cover" in left.message


class _Picture:
    mime = "image/png"

    def __init__(self, path: Path) -> None:
        self.name, self.data = path.name, path.read_bytes()


def test_a_file_that_was_changed_elsewhere_keeps_its_change(paper: Newsletter) -> None:
    issue = paper.write("a.md", "# 题\n\n第一段。\n\n第二段。\n\n第三段。\n")
    paper.commit()
    pushed = paper.push("a.md")
    issue.write_text("# 题\n\n第一段，改了。\n\n第二段。\n\n第三段。\n\n第四段。\n", encoding="utf-8")
    paper.edit(pushed.media_id, ("第三段", "第 3 段"))
    pull(paper)
    assert issue.read_text(encoding="utf-8") == "# 题\n\n第一段，改了。\n\n第二段。\n\n第 3 段。\n\n第四段。\n"
    assert paper.push("a.md").action == "updated"


def test_a_footnote_that_was_taken_out_of_the_draft_is_not_pushed_again(paper: Newsletter) -> None:
    issue = paper.write("a.md", "# 题\n\n第一段。\n\n第二段[^1]。\n\n[^1]: 注。\n")
    pushed = paper.push("a.md")
    content = str(paper.drafts()[pushed.media_id][0]["content"])
    gone = [re.search(each, content) for each in ("<p [^>]*>第二段.*?</p>", "<h2 .*注。</p></section>")]
    paper.edit(pushed.media_id, *((each[0], "") for each in gone if each))
    assert not pull(paper).left
    assert issue.read_text(encoding="utf-8") == "# 题\n\n第一段。\n"
    assert paper.push("a.md").action == "updated"
    assert "注" not in str(paper.drafts()[pushed.media_id][0]["content"])


def test_both_changed_the_same_line(paper: Newsletter) -> None:
    issue = paper.write("a.md", "# 题\n\n第一段。\n")
    paper.commit()
    pushed = paper.push("a.md")
    issue.write_text("# 题\n\n第一段，改了。\n", encoding="utf-8")
    paper.edit(pushed.media_id, ("第一段", "第 1 段"))
    with pytest.raises(ConflictError, match="changed the same lines"):
        pull(paper)


def test_a_file_whose_pushed_words_nobody_knows_is_left_alone(paper: Newsletter) -> None:
    issue = paper.issue("a.md", "第一期", "正文。")
    pushed = paper.push("a.md")
    issue.write_text("# 第一期\n\n别的文字。\n", encoding="utf-8")
    paper.edit(pushed.media_id, ("正文", "本文"))
    with pytest.raises(ConflictError, match="no version of it in Git"):
        pull(paper)


def test_nothing_to_pull(paper: Newsletter) -> None:
    issue = paper.issue("a.md", "第一期", "正文。", "1.png")
    with pytest.raises(ConflictError, match="no draft"):
        pull(paper)
    paper.push("a.md")
    issue.write_text(issue.read_text(encoding="utf-8") + "\n新。\n", encoding="utf-8")
    pulled = pull(paper)
    assert (pulled.diff, pulled.left) == ("", ())


def test_a_file_that_was_changed_meanwhile_is_not_written(paper: Newsletter) -> None:
    issue = paper.issue("a.md", "第一期", "正文，很长。")
    pushed = paper.push("a.md")
    paper.edit(pushed.media_id, ("很长", "不长"))
    job = paper.job("a.md")
    pulled = pulling.pull(job)
    issue.write_text("# 第一期\n\n别的。\n", encoding="utf-8")
    with pytest.raises(SourceError, match="meanwhile"):
        pulling.keep(job, pulled)


def test_a_pull_that_was_broken_off_is_finished_by_the_next_one(
    paper: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = paper.issue("a.md", "第一期", "正文，很长。\n\n第二段。")
    pushed = paper.push("a.md")
    paper.edit(pushed.media_id, ("很长", "不长"))
    job = paper.job("a.md")
    pulled = pulling.pull(job)
    with monkeypatch.context() as killed:
        killed.setattr(type(job.ledger), "record", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            pulling.keep(job, pulled)
    written = issue.read_bytes()
    assert "不长" in written.decode()
    with pytest.raises(ConflictError):
        paper.push("a.md")
    assert (pull(paper).diff, issue.read_bytes()) == ("", written)
    assert paper.push("a.md").action == "updated"


def test_what_was_left_is_told_again_by_the_next_pull(paper: Newsletter) -> None:
    issue = paper.issue("a.md", "第一期", "正文，很长。\n\n第二段。")
    pushed = paper.push("a.md")
    paper.edit(pushed.media_id, ("很长", "不长"), ("第二段", '<span style="color:red">第二段</span>'))
    first = pull(paper)
    written = issue.read_bytes()
    second = pull(paper)
    assert [each.message for each in first.left] == [each.message for each in second.left] != []
    assert (second.diff, issue.read_bytes()) == ("", written)


def test_a_link_is_not_written_and_a_file_keeps_its_rights(paper: Newsletter) -> None:
    issue = paper.issue("a.md", "第一期", "正文，很长。")
    pushed = paper.push("a.md")
    issue.chmod(0o600)
    paper.edit(pushed.media_id, ("很长", "不长"))
    job = paper.job("a.md")
    pulled = pulling.pull(job)
    other = issue.rename(paper.root / "other.txt")
    issue.symlink_to(other)
    with pytest.raises(SourceError, match="is a link"):
        pulling.keep(job, pulled)
    assert issue.is_symlink() and "很长" in other.read_text(encoding="utf-8")
    issue.unlink()
    other.rename(issue)
    pulling.keep(job, pulled)
    assert "不长" in issue.read_text(encoding="utf-8")
    assert os.name != "posix" or issue.stat().st_mode & 0o777 == 0o600


def test_a_digest_that_wechat_ignores_is_not_pulled(paper: Newsletter) -> None:
    """Of a draft with several articles WeChat keeps none that was sent, and makes up its own."""
    issue = paper.write("a.md", "---\ndigest: 我们的摘要\n---\n# 题\n\n正文，很长。\n")
    paper.issue("b.md", "第二期", "别的。")
    pushed = paper.push("a.md", "b.md")
    paper.edit(pushed.media_id, ("很长", "不长"), digest="微信的摘要")
    assert pull(paper).left == ()
    assert issue.read_text(encoding="utf-8") == "---\ndigest: 我们的摘要\n---\n# 题\n\n正文，不长。\n"


def test_a_change_of_a_block_is_told_and_one_beside_it_comes(paper: Newsletter) -> None:
    paper.write("wxpub.toml", '[article]\nfooter = "blocks/foot.md"\n')
    paper.write("blocks/foot.md", "关注我们，每周一期。\n")
    issue = paper.write("a.md", "# 题\n\n正文，很长。\n\n{{ block foot }}\n\n最后。\n")
    pushed = paper.push("a.md")
    paper.edit(pushed.media_id, ("很长", "不长"), ("每周", "每月"), ("最后", "末尾"))
    pulled = pull(paper)
    assert issue.read_text(encoding="utf-8") == "# 题\n\n正文，不长。\n\n{{ block foot }}\n\n末尾。\n"
    assert [(each.path and each.path.name, each.line) for each in pulled.left] == [("foot.md", 1)] * 2
    assert all("每月一期" in each.message for each in pulled.left)


def test_what_only_others_read_outlives_every_edit(paper: Newsletter) -> None:
    part = "<!-- wxpub:elsewhere -->\n- 别处的一条\n<!-- /wxpub -->\n"
    paper.write("a.md", f"# 题\n\n- 一条\n{part}- 二条\n\n尾。\n")
    pushed = paper.push("a.md")
    item = re.search(r"<li[^>]*>(?:(?!</li>).)*一条.*?</li>", str(paper.drafts()[pushed.media_id][0]["content"]))
    assert item is not None
    paper.edit(pushed.media_id, (item[0].replace("data-src=", "src="), ""), ("尾。", "改。"))
    pulled = pull(paper)
    assert part in pulled.after and "改。" in pulled.after
    assert ("- 一条" in pulled.after) == bool(pulled.left)


def test_a_picture_post_is_not_pulled(paper: Newsletter) -> None:
    picture(paper.root / "1.png", size=(400, 300))
    paper.write("a.md", "---\ntype: 贴图\ntitle: 题\n---\n\n文字。\n\n![](1.png)\n")
    with pytest.raises(ConflictError, match="贴图"):
        pull(paper)


def test_line_ends_stay(paper: Newsletter) -> None:
    issue = paper.root / "a.md"
    issue.write_bytes("\ufeff# 第一期\r\n\r\n正文，很长。\r\n\r\n第二段。\n".encode())
    pushed = paper.push("a.md")
    paper.edit(pushed.media_id, ("很长", "不长"))
    pull(paper)
    assert issue.read_bytes() == "\ufeff# 第一期\r\n\r\n正文，不长。\r\n\r\n第二段。\n".encode()


def test_the_command_shows_a_diff_and_writes_on_demand(paper: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    issue = paper.issue("a.md", "第一期", "正文，很长。")
    account = paper.account
    for name, value in (("APPID", account.appid), ("SECRET", account.secret), ("API_BASE", account.api_base)):
        monkeypatch.setenv(f"WXPUB_{name}", value)
    monkeypatch.chdir(paper.root)

    def run(*args: str) -> Any:
        return CliRunner().invoke(cli, args, catch_exceptions=False)

    assert run("push", "a.md").exit_code == 0
    (media_id,) = paper.drafts()
    assert "nothing to pull" in run("pull", "a.md").stderr
    paper.edit(media_id, ("很长", '不<span style="color:red">长</span>'))
    result = run("pull", "a.md")
    assert (result.exit_code, "+正文，不长。" in result.stdout) == (0, True)
    assert "a.md:3: warning" in result.stderr and "--write" in result.stderr
    document = json.loads(run("pull", "a.md", "--write", "--json").stdout)
    assert document["result"]["written"] and document["findings"][0]["rule"] == "pull-left"
    assert "不长" in issue.read_text(encoding="utf-8")
