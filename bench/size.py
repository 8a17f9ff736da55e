"""How large articles are: characters of HTML, ours and that of @wenyan-md/core, issue by issue; writes docs/size.md.

    python bench/size.py [--corpus FOLDER]

The peer comes from npm into bench/node_modules (`make bench-size` sees to it); without it its column is empty.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from wxpub import article, theme  # noqa: E402
from wxpub.page import Page, render  # noqa: E402

LIMIT = 20_000  # characters that WeChat documents


@dataclass(frozen=True)
class Row:
    """One issue: characters of its Markdown, of our HTML without and with styles, and of the peer's."""

    name: str
    source: int
    bare: int
    ours: int
    peer: int | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared/corpus/issues", help="folder of issues")
    options = parser.parse_args()
    paths = sorted(options.corpus.glob("*.md"))
    if not paths:
        sys.exit(f"no issues in {options.corpus}; name a folder with --corpus")
    peer = measure_peer(paths)
    pages = {path: render(article.read(path), theme.load()) for path in paths}
    rows = [row(path, page, peer.get(str(path))) for path, page in pages.items()]
    text = report(rows, pages.values(), themes(paths))
    (ROOT / "docs/size.md").write_text(text, encoding="utf-8")
    print(text)


def row(path: Path, page: Page, peer: int | None) -> Row:
    return Row(path.stem, len(page.article.body), len(without_styles(page.html)), page.characters, peer)


def without_styles(html: str) -> str:
    return re.sub(r' style="[^"]*"', "", html)


def measure_peer(paths: list[Path]) -> dict[str, int]:
    """Return the characters that the peer makes of each issue: theme default, footnotes on."""
    if not (ROOT / "bench/node_modules/@wenyan-md").is_dir():
        return {}
    command = ["node", str(ROOT / "bench/wenyan.mjs"), *map(str, paths)]
    sizes: dict[str, int] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return sizes


def themes(paths: list[Path]) -> dict[str, list[int]]:
    """Give the characters of all issues in every theme."""
    sources = [article.read(path) for path in paths]
    return {
        name: [render(each, look).characters for each in sources]
        for name in theme.names()
        for look in [theme.load(name)]
    }


def report(rows: list[Row], pages: Iterable[Page], looks: dict[str, list[int]]) -> str:
    compared = [each for each in rows if each.peer]
    lines = [
        "# How large an article is",
        "",
        "WeChat documents 20,000 characters of HTML for an article, markup included. Made by `make bench-size`;",
        "the issues are not part of the project, the theme is the default one, and the target is `api`.",
        "",
        f"- **{median(each.ours / each.bare for each in rows):.2f} ×** the characters of the same article "
        "without any style (median)",
    ]
    if compared:
        share = median(each.ours / each.peer for each in compared if each.peer)
        lines.append(
            f"- **{share:.0%}** of what `@wenyan-md/core` 3.0.10 makes of the same file "
            "(median; theme `default`, footnotes on)"
        )
    lines += [
        f"- **{sum(each.ours < LIMIT for each in rows)} of {len(rows)}** under {LIMIT:,} characters"
        + (f"; the peer: {sum(each.peer < LIMIT for each in compared if each.peer)}" if compared else ""),
        "",
        "| issue | Markdown | without styles | with styles | × | wenyan | share |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for each in rows:
        peer = f"{each.peer:,} | {each.ours / each.peer:.0%}" if each.peer else " | "
        lines.append(
            f"| {each.name} | {each.source:,} | {each.bare:,} | {each.ours:,} | {each.ours / each.bare:.2f} | {peer} |"
        )
    lines += ["", "## Themes", "", "| theme | median | under the limit |", "|---|--:|--:|"]
    for name, sizes in looks.items():
        lines.append(f"| {name} | {median(sizes):,.0f} | {sum(size < LIMIT for size in sizes)} of {len(sizes)} |")
    lines += ["", "## Where the styles' characters go", "", "| declaration | times | characters |", "|---|--:|--:|"]
    for text, times in spent(pages).most_common(12):
        lines.append(f"| `{text}` | {times:,} | {times * (len(text) + 9):,} |")
    return "\n".join(lines) + "\n"


def spent(pages: Iterable[Page]) -> Counter[str]:
    """Count equal style attributes, the dearest first."""
    times = Counter(style for page in pages for style in re.findall(r' style="([^"]*)"', page.html))
    dearest = sorted(times, key=lambda text: -times[text] * (len(text) + 9))[:12]
    return Counter({text: times[text] for text in dearest})


if __name__ == "__main__":
    main()
