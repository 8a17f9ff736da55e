"""What commands cost, beside @wenyan-md/core: whole processes in turns; `--write` fills docs/performance.md.

    python bench/costs.py [--base REVISION] [--rounds 9] [--write]

Processor seconds (user and system, of all processes of a command) and wall seconds; medians, and the median of the
ratios of each turn, since the speed of a busy machine drifts. `--base` measures a revision of this repository too, in
the same turns. The issues are those of the corpus beside the repository where it is, else the examples; the peer comes
from npm into bench/node_modules (`make bench` sees to it), and without it its column is empty.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/performance.md"
PLOT = ROOT / "docs/performance.svg"
PEER = "wenyan"
TIMES = (1, 4, 16, 64)  # issues' worth of text in one file
MANY = 40


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds of the processor, seconds on the clock, and megabytes at the most."""

    cpu: float
    wall: float
    memory: float


@dataclass(frozen=True)
class Job:
    """A command to measure, `rare` if it is long and is run in every third turn only; it runs in `folder`."""

    command: Sequence[str | Path]
    env: Mapping[str, str]
    rare: bool = False
    folder: Path = Path(tempfile.gettempdir())


@dataclass(frozen=True)
class Row:
    """A line of the table: `what` is the ratio of the jobs `above` and `below`, which should be `target` at most."""

    what: str
    above: str
    below: str
    target: float | None = None
    of: Callable[[Cost], float] = lambda cost: cost.cpu


ROWS = (
    Row("`convert` of an issue, cold ÷ wenyan", "convert", PEER, 0.10),
    Row(f"`convert` of {MANY} issues ÷ wenyan", "many", f"{PEER} many", 0.10),
    Row(f"… on the clock (wenyan has one process, `convert` {os.cpu_count()})", "many", f"{PEER} many", None,
        lambda cost: cost.wall),
    Row("peak memory of a `convert` ÷ wenyan", "convert", PEER, 0.2, lambda cost: cost.memory),
    Row(f"peak memory of `convert` of {MANY} issues ÷ wenyan", "many", f"{PEER} many", 0.2, lambda cost: cost.memory),
    Row("`check` of an issue ÷ its `convert`", "check", "convert", 2.0),
    Row("`push` without changes ÷ its `convert`", "push", "convert example", 1.3),
    *(Row(f"`convert` of {n} issues' worth of text in a file ÷ {n} × that of one", f"grow {n}", "grow 1", 1.0)
      for n in TIMES[1:]),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--base", metavar="REVISION", help="measure this revision too")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="write the table and the plot to docs/")
    options = parser.parse_args()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        trees = {"now": ROOT}
        if options.base:
            trees = {"before": archived(options.base, place / "base"), **trees}
        texts = Texts(place / "texts")
        jobs = peer(texts) if (ROOT / "bench/node_modules/@wenyan-md").is_dir() else {}
        for name, tree in trees.items():
            jobs |= {f"{name}: {job}": made for job, made in commands(tree, place / name, texts, stack).items()}
        costs = measure(jobs, options.rounds)
    text = table(costs, list(trees))
    print(text)
    if options.write:
        head, mark, _ = PAGE.read_text(encoding="utf-8").partition("<!-- made by bench/costs.py -->\n")
        PAGE.write_text(head + mark + "\n" + text, encoding="utf-8")
        PLOT.write_text(plot(costs, list(trees)), encoding="utf-8")


class Texts:
    """The files to convert: an issue of middling length, many of them, an example to push, and growing text."""

    def __init__(self, folder: Path) -> None:
        found = sorted((ROOT.parent / "shared/corpus/issues").glob("*.md")) or sorted(
            (ROOT / "examples").rglob("20*.md")
        )
        found.sort(key=lambda path: path.stat().st_size)
        middle = found[len(found) // 2]
        folder.mkdir()
        self.many = [folder / f"{number:02}.md" for number in range(MANY)]
        for number, path in enumerate(self.many):
            shutil.copyfile(found[number % len(found)], path)
        self.one = folder / "alone" / middle.name
        self.one.parent.mkdir()
        shutil.copyfile(middle, self.one)
        body = middle.read_text(encoding="utf-8").rpartition("\n---\n")[2] + "\n\n"
        self.grown = {times: self.one.with_name(f"grown-{times}.md") for times in TIMES}
        for times, path in self.grown.items():
            path.write_text(body * times, encoding="utf-8")


def archived(revision: str, place: Path) -> Path:
    """Unpack `revision` of the repository."""
    place.mkdir()
    tar = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", place], input=tar, check=True)
    return place


def peer(texts: Texts) -> dict[str, Job]:
    """List the commands of the peer."""
    script: list[str | Path] = ["node", ROOT / "bench/wenyan.mjs"]
    return {
        PEER: Job([*script, texts.one], os.environ),
        f"{PEER} many": Job([*script, *texts.many], os.environ, rare=True),
    }


def commands(tree: Path, place: Path, texts: Texts, stack: ExitStack) -> dict[str, Job]:
    """List the commands of the wxpub in `tree`, with a local WeChat for it that runs in a process of its own."""
    (place / "pages").mkdir(parents=True)
    # Without PYTHONDONTWRITEBYTECODE and the like: what is installed has been compiled.
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("WXPUB_", "XDG_", "PYTHON"))},
        "PYTHONPATH": str(tree),
        "XDG_CACHE_HOME": str(place / "cache"),
        "XDG_CONFIG_HOME": str(place / "config"),
        "XDG_DATA_HOME": str(place / "data"),
    }
    env |= stack.enter_context(wechat(env))
    shutil.copytree(ROOT / "examples", place / "examples")
    example = place / "examples/issues/2026-11-15.md"

    def wxpub(*arguments: str | Path, rare: bool = False) -> Job:
        return Job([sys.executable, "-m", "wxpub", *arguments], env, rare)

    page = place / "pages/page.html"
    return {
        "convert": wxpub("convert", texts.one, "-o", page),
        "convert example": wxpub("convert", example, "-o", page),
        "check": wxpub("check", texts.one),
        "push": wxpub("push", example),
        "many": wxpub("convert", *texts.many, "-o", place / "pages", rare=True),
        **{f"grow {n}": wxpub("convert", path, "-o", page, rare=True) for n, path in texts.grown.items()},
    }


@contextmanager
def wechat(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Run a local WeChat; gives the environment that leads to it."""
    command = [sys.executable, "-m", "wxpub", "sandbox", "--temporary", "--port", "0", "--no-quotas", "-q"]
    with subprocess.Popen(command, env=dict(env), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        found = [line.split("export ")[1] for line in map(str.strip, _until(lines, "Ctrl-C")) if "export " in line]
        try:
            yield dict(pair.split("=", 1) for line in found for pair in line.split())
        finally:
            process.terminate()


def _until(lines: Iterator[str], last: str) -> Iterator[str]:
    for line in lines:
        if line.startswith(last):
            return
        yield line


def measure(jobs: Mapping[str, Job], rounds: int) -> dict[str, list[Cost]]:
    """Run every job in turns; the first turn warms caches and does not count."""
    costs: dict[str, list[Cost]] = {name: [] for name in jobs}
    for turn in range(rounds + 1):
        for name, job in jobs.items():
            if turn and job.rare and turn % 3:
                continue
            cost = run(job)
            if turn:
                costs[name].append(cost)
        print(f"turn {turn} of {rounds}", end="\r", file=sys.stderr, flush=True)
    return costs


def run(job: Job) -> Cost:
    """Run a command to its end; what its own children used is counted with it."""
    began = time.perf_counter()
    process = subprocess.Popen([str(each) for each in job.command], env=dict(job.env), stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, cwd=job.folder)  # fmt: skip
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and "check" not in job.command:  # which exits with 1 where it finds something
        sys.exit(f"{' '.join(map(str, job.command))}\n{said.decode()}")
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss / 1024)


def ratio(costs: Mapping[str, Sequence[Cost]], row: Row, name: str) -> float | None:
    """Give the median of the ratios of each turn, None where nothing was measured."""
    keys = [each if each.startswith(PEER) else f"{name}: {each}" for each in (row.above, row.below)]
    above, below = (costs.get(key, ()) for key in keys)
    step = max(1, len(below) // max(1, len(above)))
    pairs = list(zip(above, below[step - 1 :: step], strict=False))
    if not pairs:
        return None
    scale = int(row.above.split()[1]) if row.above.startswith("grow") else 1
    return median(row.of(one) / row.of(other) / scale for one, other in pairs)


def table(costs: Mapping[str, Sequence[Cost]], names: Sequence[str]) -> str:
    """Write the ratios, and what they are made of, as Markdown."""
    lines = [f"| processor time, if nothing else is said | {' | '.join(names)} | at most |",
             "|---|" + "--:|" * (len(names) + 1)]  # fmt: skip
    for row in ROWS:
        found = [ratio(costs, row, name) for name in names]
        cells = ["" if each is None else f"{each:.2f}" for each in found]
        lines.append(f"| {row.what} | {' | '.join(cells)} | {'' if row.target is None else f'{row.target:.2f}'} |")
    lines += ["", "| medians | processor, ms | clock, ms | memory, MB |", "|---|--:|--:|--:|"]
    for name, each in costs.items():
        if each:
            cpu, wall, memory = (
                median(values) for values in zip(*((c.cpu, c.wall, c.memory) for c in each), strict=True)
            )
            lines.append(f"| {name} | {cpu * 1000:,.0f} | {wall * 1000:,.0f} | {memory:,.0f} |")
    return "\n".join(lines) + "\n"


def plot(costs: Mapping[str, Sequence[Cost]], names: Sequence[str]) -> str:
    """Draw the ratios as bars of their targets: the line is the target."""
    rows = [row for row in ROWS if row.target is not None]
    wide, high, left = 850, 22, 420
    step = high * len(names) + 14
    scale = (wide - left - 60) / 4  # four times the target fills the picture
    parts = []
    for index, row in enumerate(rows):
        top = index * step + 10
        parts.append(f'<text x="{left - 8}" y="{top + 15}" text-anchor="end">{row.what.replace("`", "")}</text>')
        for number, name in enumerate(names):
            if (found := ratio(costs, row, name)) is not None and row.target:
                length, y = min(4.0, found / row.target) * scale, top + number * high
                colour = "#c0c4cc" if name == "before" else "#0f4c81"
                parts.append(f'<rect x="{left}" y="{y}" width="{length:.0f}" height="{high - 4}" fill="{colour}"/>')
                parts.append(f'<text x="{left + length + 4:.0f}" y="{y + 14}">{found:.2f}</text>')
    bottom = len(rows) * step + 6
    parts.append(f'<path d="M{left + scale:.0f} 4V{bottom}" stroke="#c0392b" stroke-dasharray="4 3"/>')
    parts.append(f'<text x="{left + scale + 4:.0f}" y="{bottom + 10}" fill="#c0392b">target</text>')
    size = f'width="{wide}" height="{bottom + 18}" viewBox="0 0 {wide} {bottom + 18}"'
    style = 'font-family="sans-serif" font-size="12"'
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{ground}\n' + "\n".join(parts) + "\n</svg>\n"


if __name__ == "__main__":
    main()
