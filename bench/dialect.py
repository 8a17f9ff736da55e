"""Measure the dialect: time per issue against other parsers, and how it grows: `python bench/dialect.py [--quick]`.

Times are processor seconds of this process. The comparison is paired: both parsers read the same files in turns, the
median of the ratios of each turn is what counts, since the speed of a busy machine drifts.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import markdown  # noqa: E402
from markdown_it import MarkdownIt  # noqa: E402

from wxpub import dialect  # noqa: E402
from wxpub.dialect.extension import GfmExtension  # noqa: E402

BOUND = 1.3  # times Python-Markdown with extra, sane_lists, codehilite
ROUNDS = 15
SIZES = (20_000, 40_000, 80_000, 320_000, 1_280_000, 5_120_000)  # characters
KINDS: dict[str, Callable[[str, int], str]] = {
    "real issues, one after another": lambda issues, n: (issues * (n // len(issues) + 1))[:n],
    "one line": lambda issues, n: "字 a *b* [x](y) `c` https://d.e/f " * (n // 32),
    "[": lambda issues, n: "[" * n,
    "[a](": lambda issues, n: "[a](" * (n // 4),
    "<a ": lambda issues, n: "<a " * (n // 3),
    "backticks of all lengths": lambda issues, n: "".join("`" * (i % 300 + 1) + " " for i in range(n // 150)),
    "**a *b ": lambda issues, n: "**a *b " * (n // 7),
    "> on a line": lambda issues, n: ">" * n,
    "- a, deeper and deeper": lambda issues, n: "".join(" " * (2 * i) + "- a\n" for i in range(int(n**0.5))),
    "footnotes": lambda issues, n: "".join(f"[^{i}]\n\n[^{i}]: note\n\n" for i in range(n // 28)),
}


def seconds(call: Callable[[], object]) -> float:
    """Measure the processor time of one call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def compare(issues: list[str]) -> bool:
    """Print the time per issue of each way to read one; tell whether the dialect keeps its bound."""
    usual = markdown.Markdown(extensions=["extra", "sane_lists", "codehilite"])
    beside = markdown.Markdown(extensions=[GfmExtension()])
    ways: dict[str, Callable[[str], object]] = {
        "Python-Markdown with extra, sane_lists, codehilite": lambda text: usual.reset().convert(text),
        "Python-Markdown with the dialect": lambda text: beside.reset().convert(text),
        "dialect.parse, the product's way: an lxml tree": dialect.parse,
    }
    library = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    ways["markdown-it-py: CommonMark, tables, strikethrough, to tokens"] = library.parse
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, read in ways.items():
            times[name].append(seconds(lambda read=read: [read(text) for text in issues]) / len(issues))  # type: ignore[misc]
    base, _, ours, library_parse = times
    print(
        f"{len(issues)} issues, {sum(map(len, issues)) // len(issues):,} characters each; {ROUNDS} interleaved rounds\n"
    )
    print(f"{'':60}{'ms/issue':>9}{'paired':>8}")
    ratio = 0.0
    for name, own in times.items():
        paired = statistics.median(one / other for one, other in zip(own, times[base], strict=True))
        ratio = paired if name == ours else ratio
        print(f"{name:60}{statistics.median(own) * 1e3:9.2f}{paired:8.2f}")
    tokens = statistics.median(one / other for one, other in zip(times[library_parse], times[ours], strict=True))
    print(f"\nmarkdown-it-py to tokens takes {tokens:.2f} times what the dialect takes to the article's tree")
    print(f"bound: {BOUND} times Python-Markdown: {'kept' if ratio <= BOUND else 'BROKEN'}")
    return ratio <= BOUND


def grow(issues: list[str], sizes: tuple[int, ...]) -> None:
    """Print milliseconds per 1,000 characters for texts of growing size: what is linear stays the same."""
    print(f"\nms per 1,000 characters{'':9}" + "".join(f"{size // 1000:>8,} KB" for size in sizes))
    text = "\n\n".join(issues)
    for name, make in KINDS.items():
        row = []
        for size in sizes:
            source = make(text, size)
            row.append(
                min(seconds(lambda source=source: dialect.parse(source)) for _ in range(3 if size < 200_000 else 1))
            )  # type: ignore[misc]
        print(f"{name:32}" + "".join(f"{own / size * 1e6:11.3f}" for own, size in zip(row, sizes, strict=True)))


def main() -> None:
    """Run both; exit with 1 when the dialect costs more than its bound."""
    corpus = sorted((ROOT.parent / "shared/corpus").glob("*/20*.md")) or sorted((ROOT / "examples").rglob("*.md"))
    issues = [path.read_text(encoding="utf-8") for path in corpus]
    kept = compare(issues)
    grow(issues, SIZES[:4] if "--quick" in sys.argv else SIZES)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
