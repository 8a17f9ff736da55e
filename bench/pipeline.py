"""Time the pipeline on real issues, warm: what each room costs, as a share of the parsing.

Run with `make bench`. Ratios are of one interleaved run; the machine's absolute speed does not matter. Takes the
corpus beside the repository where it is, else the example issues. What whole processes cost: bench/costs.py.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import markdown  # noqa: E402

from wxpub import article, conform, dialect, kept, links, theme  # noqa: E402
from wxpub.page import render  # noqa: E402

ROUNDS = 9
PLAIN = "Python-Markdown"  # with extra, sane_lists and codehilite: the obvious parser, for scale
STAGES = {"dialect": (dialect, "parse"), "links": (links, "resolve"), "conform.shape": (conform, "shape"),
          "theme": (theme, "apply"), "conform.finish": (conform, "finish"),
          "kept.missing": (kept, "missing")}  # fmt: skip


def issues() -> list[Path]:
    """List the issues to measure."""
    found = sorted((ROOT.parent / "shared/corpus/issues").glob("*.md"))
    return found or sorted((ROOT / "examples/issues").glob("*.md"))


def warm() -> None:
    """Render every issue several times, and print where the time goes."""
    articles = [article.read(path) for path in issues()]
    style = theme.load("plain")
    converter = markdown.Markdown(extensions=["extra", "sane_lists", "codehilite"])
    for each in articles:
        render(each, style)
    spent: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        seconds: dict[str, float] = defaultdict(float)
        undo = [_timed(*place, name, seconds) for name, place in STAGES.items()]
        begin = time.perf_counter()
        for each in articles:
            render(each, style)
        seconds["render"] = time.perf_counter() - begin
        begin = time.perf_counter()
        for each in articles:
            converter.reset().convert(each.body)
        seconds[PLAIN] = time.perf_counter() - begin
        for restore in undo:
            restore()
        for name, value in seconds.items():
            spent[name].append(value / len(articles) * 1000)
    print(f"{len(articles)} issues, {ROUNDS} rounds, warm, one process\n")
    spent["after parsing"] = [whole - parsed for whole, parsed in zip(spent["render"], spent["dialect"], strict=True)]
    print(f"{'room':<16}{'ms an issue':>12}{'× parsing':>12}{'× ' + PLAIN:>20}")
    for name in (*STAGES, "render", "after parsing", PLAIN):
        row = f"{name:<16}{statistics.median(spent[name]):>12.2f}{_ratio(spent[name], spent['dialect']):>12.2f}"
        print(f"{row}{_ratio(spent[name], spent[PLAIN]):>20.2f}")
    share = _ratio(spent["kept.missing"], spent["render"])
    print(f"\nthe comparison with the source takes {share:.1%} of it; at most 5 % is wanted\n")


def _timed(module: Any, name: str, label: str, seconds: dict[str, float]) -> Callable[[], None]:
    plain = getattr(module, name)

    def timed(*args: Any, **kwargs: Any) -> Any:
        begin = time.perf_counter()
        try:
            return plain(*args, **kwargs)
        finally:
            seconds[label] += time.perf_counter() - begin

    setattr(module, name, timed)
    return lambda: setattr(module, name, plain)


def _ratio(values: list[float], base: list[float]) -> float:
    return statistics.median(value / other for value, other in zip(values, base, strict=True))


if __name__ == "__main__":
    warm()
