"""Parts for one reader, and blocks that stand once: on the source, in the article, in findings and in a push."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import cases
from pushing import Newsletter, picture

import wxpub
from wxpub import blocks, theme
from wxpub.cli import cli
from wxpub.client import Client
from wxpub.config import Config
from wxpub.desk import letter
from wxpub.desk.letter import Letter
from wxpub.drafts import pull
from wxpub.finding import Finding
from wxpub.issue import Issue, open_all
from wxpub.preview import pages, remarks
from wxpub.preview.build import Builder
from wxpub.preview.remarks import Remark
from wxpub.target import API, EMAIL, TARGETS, WEB


def parts() -> dict[str, list[str]]:
    return {
        name: [each.strip("\n") for each in f"\n{rest.rstrip()}\n".split("\n.\n")] for name, rest in cases("parts.txt")
    }


def shown(body: str) -> str:
    return "\n".join(f"{number} {line}" for number, line in enumerate(body.split("\n"), 1) if line)


@pytest.mark.parametrize("case", parts().values(), ids=parts())
def test_a_part_is_for_its_reader_and_every_line_keeps_its_number(case: list[str]) -> None:
    source, wechat, web, *broken = case
    for target, expected in ((API, wechat), (WEB, web)):
        body, findings = blocks.read_parts(source, target, Path("a.md"))
        assert shown(body) == expected
        assert len(body.split("\n")) == len(source.split("\n"))
        assert "\n".join(f"{each.rule} {each.line}" for each in findings) == "".join(broken)


@pytest.mark.parametrize(
    ("above", "line"),
    [
        ("```\n字\n```", 0),
        ("- 项\n\n  ```\n  字\n  ```", 0),
        ("```\n- ```\n```", 0),
        ("例子：\n\n    ```\n    字", 8),
        ("- 项\n\n  ```\n  字\n- 项", 9),
        ("> ```\n> 字", 6),
        ("<div>\n```\n</div>", 7),
        ("<!--\n```\n-->", 7),
    ],
)
def test_what_is_for_others_is_not_shown_unsaid_below_any_code(above: str, line: int, tmp_path: Path) -> None:
    part = "<!-- wxpub:email -->\n只给邮件\n<!-- /wxpub -->\n"
    for extensions in ("", '[markdown]\nextensions = ["abbr"]\n'):
        issue = opened(tmp_path, a=f"# 题\n\n{above}\n\n{part}", toml=extensions)
        assert found(issue, "part-open") == ([f"a.md:{line}"] if line else [])
        assert ("只给邮件" in words(issue)) is bool(line)
    assert found(opened(tmp_path, a=f"# 题\n\n```\n{part}```\n", toml=""), "part-open") == []


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_names_of_readers_are_those_of_targets(target: wxpub.target.Target) -> None:
    own = target.name if target.name in blocks.READERS else blocks.WECHAT
    assert own == blocks.WECHAT or not target.wechat
    for name in blocks.READERS:
        body, findings = blocks.read_parts(f"<!-- wxpub:{name} -->\n甲\n<!-- /wxpub -->", target, Path("a.md"))
        assert findings == ()
        assert ("甲" in body) == (name in (own, blocks.WECHAT if target.wechat else blocks.ELSEWHERE))


FILES = {
    "wxpub.toml": '[article]\nheader = "blocks/header.md"\nfooter = "blocks/footer.md"\n',
    "blocks/header.md": "每两周一期。\n",
    "blocks/footer.md": "## 关注我们\n\n![二维码](../images/qr.png)\n\n{{ block licence }}\n",
    "blocks/licence.md": "本作品采用[知识共享][cc]许可。[^1]\n\n[cc]: https://cc.example/\n[^1]: 署名。\n",
    "issues/a.md": "# 第 1 期\n\n> 导读：本期 1 条。\n\n## 新闻\n\n- 一条。[^1]\n\n{{ block 赞助 }}\n\n尾。\n\n"
    "[^1]: 脚注。\n",
    "blocks/赞助.md": "**赞助**\n\n- [某云](https://cloud.example/)\n- 二\n",
}


def written(root: Path, files: dict[str, str]) -> Path:
    """Write a newsletter; give its issue."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    picture(root / "images/qr.png")
    return root / "issues/a.md"


def opened(root: Path, **changed: str) -> Issue:
    """Open the issue of a newsletter in which some files are others: `a`, `footer`, `toml` …"""
    names = {"toml": "wxpub.toml", "a": "issues/a.md"}
    return wxpub.open(
        written(root, FILES | {names.get(key, f"blocks/{key}.md"): text for key, text in changed.items()})
    )


def words(issue: Issue, target: wxpub.target.Target = API) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", issue.page(target).html).split())


def found(issue: Issue, rule: str) -> list[str]:
    """List where a rule is broken, with the file's name."""
    return [f"{each.path.name if each.path else ''}:{each.line}" for each in wxpub.check(issue) if each.rule == rule]


def test_blocks_stand_in_their_places(tmp_path: Path) -> None:
    issue = opened(tmp_path)
    said = words(issue)
    order = ["每两周一期", "导读", "一条", "赞助", "某云", "尾。", "关注我们", "知识共享", "注释", "脚注。", "署名。"]
    assert [said.index(each) for each in order] == sorted(said.index(each) for each in order)
    assert issue.layout.article.title == "第 1 期"
    assert issue.layout.article.digest == "本期 1 条。"
    assert wxpub.check(issue) == tuple(each for each in wxpub.check(issue) if each.rule.startswith("author"))


@pytest.mark.parametrize("extensions", [(), ("abbr",)])
def test_beside_other_extensions_blocks_are_the_same(extensions: tuple[str, ...], tmp_path: Path) -> None:
    toml = f"{FILES['wxpub.toml']}[markdown]\nextensions = {list(extensions)}\n"
    alone = words(opened(tmp_path / "alone"))
    assert words(opened(tmp_path / "beside", toml=toml)) == alone


def test_every_target_gets_the_blocks_and_its_parts(tmp_path: Path) -> None:
    footer = "{{ block licence }}\n\n<!-- wxpub:wechat\n扫码\n-->\n<!-- wxpub:elsewhere -->\n订阅\n<!-- /wxpub -->\n"
    issue = opened(tmp_path, footer=footer)
    assert {name: ("扫码" in words(issue, each), "订阅" in words(issue, each)) for name, each in TARGETS.items()} == {
        "api": (True, False),
        "paste": (True, False),
        "email": (False, True),
        "web": (False, True),
    }
    assert all("知识共享" in words(issue, each) for each in TARGETS.values())
    assert not [each for target in (API, EMAIL) for each in issue.page(target).findings if each.severity == "error"]


@pytest.mark.parametrize(
    ("around", "in_code"),
    [
        ("{{ block 赞助 }}", False),
        ("上文\n{{block 赞助}}\n下文", False),
        ("> {{ block 赞助 }}", False),
        ("- 项\n\n  {{ block 赞助 }}", False),
        ("```\n{{ block 赞助 }}\n```", True),
        ("    {{ block 赞助 }}", True),
        ("文 {{ block 赞助 }} 文", True),
        ("`{{ block 赞助 }}`", True),
    ],
)
def test_a_block_is_a_line_of_its_own_and_not_in_code(around: str, in_code: bool, tmp_path: Path) -> None:
    issue = opened(tmp_path, a=f"# 题\n\n{around}\n")
    assert ("某云" in words(issue)) is not in_code
    assert ("{{" in words(issue)) is in_code
    assert bool(found(issue, "markup-shown")) == around.startswith("文 ")


def test_a_block_is_a_document_of_its_own(tmp_path: Path) -> None:
    block = "```\n没有结束\n\n[cc]: https://block.example/\n"
    issue = opened(tmp_path, a="# 题\n\n{{ block x }}\n\n[正文][cc]\n\n[cc]: https://issue.example/\n", x=block)
    assert "https://issue.example/" in issue.page().html
    assert found(issue, "fence-unclosed") == ["x.md:1"]


def test_findings_in_a_block_name_its_file_and_its_line(tmp_path: Path) -> None:
    licence = "字。\n\n![](none.png)\n\n[没有](none.pdf)\n\n<video src='https://v.example/a.mp4'></video>\n"
    issue = opened(tmp_path, licence=licence)
    assert found(issue, "image-missing") == ["licence.md:3"]
    assert found(issue, "image-alt-missing") == ["licence.md:3"]
    assert found(issue, "link-lost") == ["licence.md:5"]
    assert found(issue, "html-lost") == ["licence.md:7"]
    assert found(issue, "content-lost") == []
    assert {each.path for each in wxpub.check(issue)} <= {issue.path, tmp_path / "blocks/licence.md", None}


def test_a_blocks_items_are_not_the_issues(tmp_path: Path) -> None:
    assert found(opened(tmp_path), "count-wrong") == []
    assert found(opened(tmp_path, 赞助="## 新闻\n\n- 一\n- 二\n"), "heading-repeated") == []


def test_paths_in_a_block_are_from_its_own_file(tmp_path: Path) -> None:
    issue = opened(
        tmp_path,
        licence="![](<../images/qr.png>) [站](https://a.example/) ![](data:image/gif;base64,R0lGODlhAQABAAAAACw=)\n",
    )
    assert {each.src for each in issue.layout.images} >= {"/images/qr.png"}
    assert found(issue, "image-missing") == []


@pytest.mark.parametrize(
    ("changed", "rule", "place", "said"),
    [
        ({"a": "# 题\n\n{{ block 赞肋 }}\n"}, "block-missing", "a.md:3", "did you mean 赞助.md?"),
        ({"footer": "{{ block none }}\n"}, "block-missing", "footer.md:1", "there is no file blocks/none.md"),
        ({"toml": '[article]\nfooter = "../a.md"\n'}, "block-missing", "a.md:1", "outside"),
        (
            {"licence": "{{ block footer }}\n", "footer": "{{ block licence }}\n"},
            "block-endless",
            "licence.md:1",
            "itself",
        ),
    ],
)
def test_a_block_that_cannot_be_had_is_an_error_on_its_line(
    changed: dict[str, str], rule: str, place: str, said: str, tmp_path: Path
) -> None:
    issue = opened(tmp_path, **changed)
    assert found(issue, rule) == [place]
    (error,) = [each for each in wxpub.check(issue) if each.rule == rule]
    assert said in error.advice
    assert error.severity == "error"


def test_a_link_that_leads_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("秘密\n", encoding="utf-8")
    path = written(tmp_path / "letter", FILES)
    (tmp_path / "letter/blocks/licence.md").unlink()
    (tmp_path / "letter/blocks/licence.md").symlink_to(tmp_path / "secret.md")
    issue = wxpub.open(path)
    assert "秘密" not in words(issue)
    assert found(issue, "block-missing") == ["footer.md:5"]


def test_blocks_that_multiply_come_to_an_end(tmp_path: Path) -> None:
    doubling = {f"b{n}": f"{{{{ block b{n + 1} }}}}\n\n{{{{ block b{n + 1} }}}}\n" for n in range(40)}
    begun = time.process_time()
    issue = opened(tmp_path, a="# 题\n\n{{ block b0 }}\n", b40="字\n", **doubling)
    assert len(found(issue, "block-endless")) == 1
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    ("front", "headed"),
    [
        ("", True),
        ("header: none", False),
        ("header: blocks/licence.md", False),
        ("header:\n  image: a.jpg", True),
        ("header: true", True),
    ],
)
def test_an_issue_may_have_another_header_or_none(front: str, headed: bool, tmp_path: Path) -> None:
    issue = opened(tmp_path, a=f"---\nlayout: post\n{front}\n---\n# 题\n\n字。\n")
    assert ("每两周一期" in words(issue)) is headed


def test_a_header_that_is_no_file_is_an_error_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(wxpub.ConfigError, match=r"wxpub\.toml:2: \[article\]: header is not a Markdown file"):
        opened(tmp_path, toml='[article]\nheader = "每两周一期"\n')


def test_a_letter_is_furnished_without_its_blocks(tmp_path: Path) -> None:
    header = "> 每两周一期。\n\n第二段。\n"
    a = "# 题\n\n> 导读：字。\n\n## 甲\n\n字。\n\n## 乙\n\n尾。\n"
    issue = replace(opened(tmp_path, header=header, a=a), theme=theme.load("ink"))
    leads = [each for each in issue.layout.root if "lead" in (each.get("class") or "").split()]
    assert ["".join(each.itertext()).strip() for each in leads] == ["导读：字。"]
    said = words(issue)
    assert "其二" in said
    assert "其三" not in said
    assert said.index("完") < said.index("关注我们")


def test_the_header_stands_below_a_title_in_html_too(tmp_path: Path) -> None:
    said = words(opened(tmp_path, a='<div align="center">\n\n![](../images/qr.png)\n\n# 题\n\n</div>\n\n正文。\n'))
    assert said.startswith("每两周一期") and said.index("正文") > said.index("每两周一期")


# --- previous and next ------------------------------------------------------------------------------------------------

THREE = {
    f"issues/2026-11-{day}.md": f"# 第 {number} 期：题{number}\n\n字。\n"
    for number, day in ((1, "01"), (2, "08"), (3, "15"))
}


def record(root: Path, day: str) -> None:
    CliRunner().invoke(
        cli, ["index", "add", str(root / f"issues/2026-11-{day}.md"), f"https://mp.weixin.qq.com/s/N{day}"]
    )


def test_the_neighbours_are_the_issues_before_and_after(tmp_path: Path) -> None:
    written(
        tmp_path,
        {"wxpub.toml": '[article]\nfooter = "blocks/end.md"\n', "blocks/end.md": "{{ block neighbours }}\n", **THREE},
    )
    middle = tmp_path / "issues/2026-11-08.md"
    assert "上一期： 第 1 期：题1" not in words(wxpub.open(middle)), "it has no address"
    assert found(wxpub.open(middle), "back-issue-unknown") == ["end.md:1"]
    record(tmp_path, "01")
    record(tmp_path, "15")
    html = wxpub.open(middle).page().html
    assert '上一期：<a href="https://mp.weixin.qq.com/s/N01">第 1 期：题1</a>' in html
    assert '下一期：<a href="https://mp.weixin.qq.com/s/N15">第 3 期：题3</a>' in html
    first, last = (words(wxpub.open(tmp_path / f"issues/2026-11-{day}.md")) for day in ("01", "15"))
    assert "上一期" not in first and "下一期" not in last
    assert "下一期" not in first, "the one after it was not published"


def test_the_neighbours_are_named_in_the_language_of_the_letter(tmp_path: Path) -> None:
    issues = {name: f"# Issue {number}: bread\n\nText.\n" for number, name in enumerate(THREE, 1)}
    written(tmp_path, {"wxpub.toml": "", **issues})
    middle = tmp_path / "issues/2026-11-08.md"
    middle.write_text("# Issue 2: milk\n\n{{ block neighbours }}\n", encoding="utf-8")
    record(tmp_path, "01")
    record(tmp_path, "15")
    assert "Earlier: Issue 1: bread" in words(wxpub.open(middle)) and "Later: Issue 3: bread" in words(
        wxpub.open(middle)
    )


def test_issues_that_are_opened_together_read_their_letter_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, {"wxpub.toml": "", **THREE})
    paths = [tmp_path / name for name in THREE]
    for path in paths:
        path.write_text(f"{path.read_text(encoding='utf-8')}\n{{{{ block neighbours }}}}\n", encoding="utf-8")
    roots: list[Path] = []
    whole = letter.read

    def read(root: Path, settings: Config) -> Letter:
        roots.append(root)
        return whole(root, settings)

    monkeypatch.setattr(letter, "read", read)
    texts = ["".join(issue.page(target).html for target in (API, WEB)) for issue in open_all(paths)]
    assert [text.count("上一期") for text in texts] == [0, 2, 2]
    assert roots == [tmp_path]


def test_a_file_of_the_name_takes_the_place_of_the_neighbours(tmp_path: Path) -> None:
    written(tmp_path, {"wxpub.toml": "", "blocks/neighbours.md": "自己写的\n", **THREE})
    (tmp_path / "issues/2026-11-08.md").write_text("# 题\n\n{{ block neighbours }}\n", encoding="utf-8")
    assert "自己写的" in words(wxpub.open(tmp_path / "issues/2026-11-08.md"))


# --- a push, the preview ----------------------------------------------------------------------------------------------


def test_a_push_sees_that_a_block_has_changed(paper: Newsletter) -> None:
    written(paper.root, FILES)
    assert paper.push("issues/a.md").action == "created"
    assert paper.push("issues/a.md").action == "unchanged"
    paper.write("blocks/licence.md", "保留所有权利。\n")
    receipt = paper.push("issues/a.md")
    assert (receipt.action, len(paper.drafts())) == ("updated", 1)
    (draft,) = paper.drafts().values()
    assert "保留所有权利" in str(draft)


def test_a_push_stops_at_a_block_that_is_not_there(paper: Newsletter) -> None:
    written(paper.root, FILES)
    (paper.root / "blocks/licence.md").unlink()
    with pytest.raises(wxpub.SourceError):
        paper.push("issues/a.md")
    assert not paper.drafts()


def test_the_preview_follows_blocks_those_too_that_are_not_there_yet(tmp_path: Path) -> None:
    path = written(tmp_path, FILES)
    (tmp_path / "blocks/赞助.md").unlink()
    builder = Builder(path, lambda theme: wxpub.open(path))
    view = builder()
    assert {tmp_path / f"blocks/{name}.md" for name in ("header", "footer", "licence", "赞助")} <= set(builder.files())
    (missing,) = [each for each in view.state["findings"] if each["rule"] == "block-missing"]
    assert (missing["line"], "file" in missing) == (9, False)
    (tmp_path / "blocks/licence.md").write_text("![](none.png)\n", encoding="utf-8")
    (lost,) = [each for each in builder().state["findings"] if each["rule"] == "image-missing"]
    assert (lost["line"], lost["file"], lost["spot"]) == (1, "licence.md", None)


def test_an_ordinary_issue_asks_for_no_blocks(tmp_path: Path) -> None:
    import subprocess
    import sys

    issue = tmp_path / "issue.md"
    issue.write_text("# 题\n\n字。\n", encoding="utf-8")
    code = (
        "import sys; from wxpub.cli import cli\n"
        f"cli(['convert', {str(issue)!r}, '-o', {str(tmp_path / 'page.html')!r}], standalone_mode=False)\n"
        "print(*[name for name in ('wxpub.blocks', 'wxpub.desk') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1].strip() == ""


def test_what_an_editor_changed_in_a_block_of_the_draft_is_told_with_the_blocks_line(paper: Newsletter) -> None:
    written(paper.root, FILES)
    paper.push("issues/a.md")
    ((media_id, _),) = paper.drafts().items()
    client = Client(paper.account)
    fields = dict(client.get_draft(media_id)[0].fields)
    client.update_draft(media_id, 0, {**fields, "content": fields["content"].replace("某云", "某某云")})
    pulled = pull.pull(paper.job("issues/a.md", terms={"keep": False}))
    assert pulled.after == pulled.before, "a block is not the issue's"
    assert "赞助.md:3" in [f"{each.path.name if each.path else ''}:{each.line}" for each in pulled.left]


def test_a_remark_on_a_block_names_the_block(tmp_path: Path) -> None:
    issue = opened(tmp_path)
    (line,) = [line for line, _, element in pages.blocks(issue.layout.root) if "某云" in "".join(element.itertext())]
    found = remarks.placed(
        issue, [Remark("换一句", "某云", "某云", line=line), Remark("哪里", "没有", "", line=1 << 40)]
    )
    assert [(each.path, each.line) for each in found if "换一句" in each.message] == [(tmp_path / "blocks/赞助.md", 3)]


def test_a_finding_has_its_line_in_its_file(tmp_path: Path) -> None:
    assert all(isinstance(each, Finding) and (each.line or 0) < 1_000 for each in wxpub.check(opened(tmp_path)))
