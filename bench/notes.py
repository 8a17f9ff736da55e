"""Count what becomes of the links of real issues, and write docs/notes.md: `python bench/notes.py`.

Links: every `a` with an address in the issue as GitHub renders it. Each of them is exactly one of: live (a permalink or
a known back issue), numbered (the first of its target), merged (its target has a number already), printed (its text is
its address), text (a back issue without a known address, an empty, expired or local target).
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from wxpub import article, dialect, links  # noqa: E402

KINDS = ("links", "live", "numbered", "merged", "printed", "text", "findings")


def count(path: Path) -> Counter[str]:
    """Count what becomes of the links of the issue at `path`."""
    source = article.read(path)
    root, _ = dialect.parse(source.body, path)
    anchors = [a for a in root.iter("a") if a.get("href") is not None]
    notes, findings = links.resolve(root, source, {})
    found = Counter(links=len(anchors), findings=len(findings), numbered=len(notes))
    for a in anchors:
        kind = {"ref": "noted", "url": "printed"}.get(a.get("class", ""), "text") if a.tag != "a" else "live"
        found[kind] += 1
    found["merged"] = found["noted"] - found["numbered"]
    assert found["links"] == sum(found[kind] for kind in ("live", "numbered", "merged", "printed", "text"))
    return found


def main() -> None:
    """Write the table of all published issues beside the repository."""
    paths = sorted((ROOT.parent / "shared/corpus/issues").glob("*.md"))
    if not paths:
        sys.exit("the corpus of real issues is not beside the repository")
    counts = {path.stem: count(path) for path in paths}
    rows = [(name, *(each[kind] for kind in KINDS)) for name, each in counts.items()]
    rows.append(("all", *(sum(each[kind] for each in counts.values()) for kind in KINDS)))
    lines = [
        "# Notes made per issue",
        "",
        "What becomes of the links of twenty published issues of a real link digest; made by `python bench/notes.py`.",
        "",
        "- **live**: permalinks of WeChat articles, which readers can tap;",
        "- **numbered**: links outside, one note each; **merged**: further links to a page that has its number;",
        "- **printed**: the text is the address already, so it has no number;",
        "- **text**: back issues whose published address is not known (one finding for all of them), empty and expired",
        "  links (a finding each).",
        "",
        "| issue | " + " | ".join(KINDS) + " |",
        "|---|" + "---:|" * len(KINDS),
        *("| " + " | ".join(map(str, row)) + " |" for row in rows),
    ]
    (ROOT / "docs/notes.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[-len(rows) - 2 :]))


if __name__ == "__main__":
    main()
