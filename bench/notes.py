"""Count what becomes of the links of real issues, and write docs/notes.md: `python bench/notes.py`.

Links: every `a` with an address in the issue as GitHub renders it. Each of them is exactly one of: live (a permalink or
a known back issue), numbered (the first of its target), merged (its target has a number already), printed (its text is
its address), text (an empty, expired or local target).

All back issues that any of the issues links to are recorded as published. Once they are known by their files only, once
by the letter's own addresses too, whose template is found in the issues.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from wxpub import article, dialect, links  # noqa: E402
from wxpub.article import Article  # noqa: E402
from wxpub.links import Home  # noqa: E402

KINDS = ("links", "live", "numbered", "back issues", "merged", "printed", "text", "findings")
_ISSUE = re.compile(r"\d{4}-\d\d-\d\d\.md")


def count(issue: Article, published: Mapping[str, str], home: Home) -> Counter[str]:
    """Count what becomes of the links of an issue; `back issues` are those of its notes that lead to one."""
    root, _ = dialect.parse(issue.body, issue.path)
    anchors = [a for a in root.iter("a") if a.get("href") is not None]
    resolved = links.resolve(root, issue, published, home=home)
    found = Counter(links=len(anchors), findings=len(resolved.findings), numbered=len(resolved.notes))
    found["back issues"] = sum(_ISSUE.fullmatch(PurePosixPath(note.url).name) is not None for note in resolved.notes)
    for a in anchors:
        kind = {"ref": "noted", "url": "printed"}.get(a.get("class", ""), "text") if a.tag != "a" else "live"
        found[kind] += 1
    found["merged"] = found["noted"] - found["numbered"]
    assert found["links"] == sum(found[kind] for kind in ("live", "numbered", "merged", "printed", "text"))
    return found


def own_links(issues: list[Article]) -> tuple[str, str, set[str]]:
    """Find in the issues where they link to each other: the folder, the address that stands for it, and the files."""
    folders, addresses, names = Counter[str](), Counter[str](), set[str]()
    for issue in issues:
        root, _ = dialect.parse(issue.body, issue.path)
        for href in (a.get("href") or "" for a in root.iter("a")):
            place, _, name = href.rpartition("/")
            if _ISSUE.fullmatch(name):
                (addresses if "://" in href else folders)[place] += 1
                names.add(name)
    return PurePosixPath(folders.most_common(1)[0][0]).name, addresses.most_common(1)[0][0], names


def measure(folder: Path) -> dict[str, tuple[Counter[str], Counter[str]]]:
    """Count for all issues in `folder`, by name, without the letter's own addresses and with them."""
    issues = [article.read(path) for path in sorted(folder.glob("*.md"))]
    place, web, names = own_links(issues)
    published = {f"/letter/{place}/{name}": f"https://mp.weixin.qq.com/s/{name[:-3]}" for name in names}
    home = Home("/letter", ((f"{web}/{{path}}", f"/letter/{place}"),))
    found = {}
    for issue in issues:
        placed = replace(issue, path=Path("/letter", place, issue.path.name))
        found[issue.path.stem] = count(placed, published, Home()), count(placed, published, home)
    return found


def main() -> None:
    """Write the table of all published issues beside the repository."""
    folder = ROOT.parent / "shared/corpus/issues"
    if not folder.is_dir():
        sys.exit("the corpus of real issues is not beside the repository")
    counts = measure(folder)
    counts["all"] = (
        sum((each[0] for each in counts.values()), Counter()),
        sum((each[1] for each in counts.values()), Counter()),
    )
    rows = [(name, *cells(both)) for name, both in counts.items()]
    lines = [
        "# Notes made per issue",
        "",
        "What becomes of the links of twenty published issues of a real link digest, all of whose back issues are",
        "recorded; made by `python bench/notes.py`. Of two numbers the first one holds if back issues are known",
        "by relative paths alone, the second one if they are known by the letter's addresses on the web too.",
        "",
        "- **live**: permalinks of WeChat articles, and back issues, which readers can tap;",
        "- **numbered**: links outside, one note each; **back issues**: notes among them that lead to an issue of the",
        "  letter itself; **merged**: further links to a page that has its number;",
        "- **printed**: the text is the address already, so it has no number;",
        "- **text**: empty and expired links (a finding each).",
        "",
        "| issue | " + " | ".join(KINDS) + " |",
        "|---|" + "---:|" * len(KINDS),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    (ROOT / "docs/notes.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[-len(rows) - 2 :]))


def cells(both: tuple[Counter[str], ...]) -> list[str]:
    """Write the counts of every kind, before and after; one number where they agree."""
    return [" → ".join(dict.fromkeys(str(each[kind]) for each in both)) for kind in KINDS]


if __name__ == "__main__":
    main()
