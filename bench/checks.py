"""Count what `wxpub check` tells an editor, before and now; writes docs/checks.md: `python bench/checks.py [FOLDER]`.

FOLDER holds the issues of a real newsletter (default: the corpus beside the repository). The other letters are those
among the tests and the examples. "Before" is the commit BEFORE, checked out for the time of the count; it told every
finding on a line of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BEFORE = "a27c6ef"
LETTERS = {
    "links": "a link digest with 33 pictures",
    "frontend": "a front-end letter with tags in its sentences",
    "papers": "notes on four papers with formulas",
    "projects": "a monthly list of projects with HTML around its pictures",
}
Findings = list[dict[str, Any]]


def found(program: Path, files: Sequence[Path]) -> list[Findings]:
    """Check files with the program in the folder `program`, old or new; gives what was found, file by file."""
    command = [sys.executable, "-m", "wxpub", "check", "--json", *map(str, files)]
    done = subprocess.run(command, cwd=program, capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(done.stderr)
    document = json.loads(done.stdout)
    if "findings" not in document:  # before, each file had its own
        return [each["findings"] for each in document["files"]]
    return [[each for each in document["findings"] if each["path"] == str(file)] for file in files]


def before(groups: Mapping[str, Sequence[Path]]) -> dict[str, list[Findings]]:
    """Check the groups of files with the program as it was."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "before"
        subprocess.run(["git", "worktree", "add", "-q", "--detach", place, BEFORE], cwd=ROOT, check=True)
        try:
            return {name: found(place, files) for name, files in groups.items()}
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", place], cwd=ROOT, check=True)


def grave(findings: Iterable[dict[str, Any]]) -> Findings:
    return [each for each in findings if each["severity"] != "info"]


def folded(findings: Iterable[dict[str, Any]]) -> int:
    """Count the lines that an editor reads now: one for each rule."""
    return len({each["rule"] for each in findings})


def main() -> None:
    """Check everything before and now, and write the tables."""
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared/corpus/issues"
    groups: dict[str, list[Path]] = {
        "real": sorted(corpus.resolve().glob("*.md")),
        "examples": sorted((ROOT / "examples/issues").glob("*.md")),
        **{name: [ROOT / f"tests/letters/{name}.md"] for name in LETTERS},
    }
    if not groups["real"]:
        sys.exit(f"no issues in {corpus}")
    then, now = before(groups), {name: found(ROOT, files) for name, files in groups.items()}
    assert all(each["line"] for files in now.values() for found in files for each in grave(found))
    text = f"""# What an editor is told

How many findings `wxpub check` tells of an ordinary issue, before and now; made by `python bench/checks.py`. Before
is commit {BEFORE}, which told every finding on a line of its own. Now findings of one rule are one line, and what
harms no reader is an info. No error and no warning lacks its line.

- **real**: {len(groups["real"])} published issues of a real link digest, on which the rules were made;
- **examples**: the {len(groups["examples"])} issues in `examples/`;
{chr(10).join(f"- **{name}**: {about}, in `tests/letters/{name}.md`;" for name, about in LETTERS.items())[:-1]}.

## Lines that are errors or warnings, in one issue

| | before, median | before, most | now, median | now, most |
|---|--:|--:|--:|--:|
{chr(10).join(_lines(name, then[name], now[name]) for name in groups)}

## Findings by rule

Findings before → now, in all issues of the column. Infos stand in brackets.

| rule | {" | ".join(groups)} |
|---|{"--:|" * len(groups)}
{chr(10).join(_rules(list(groups), then, now))}
"""
    (ROOT / "docs/checks.md").write_text(text, encoding="utf-8")
    print(text)


def _lines(name: str, then: list[Findings], now: list[Findings]) -> str:
    old = [len(grave(each)) for each in then]
    new = [folded(grave(each)) for each in now]
    return f"| {name} | {median(old):g} | {max(old)} | {median(new):g} | {max(new)} |"


def _rules(names: list[str], then: Mapping[str, list[Findings]], now: Mapping[str, list[Findings]]) -> list[str]:
    old, new = ({name: _counted(each[name]) for name in names} for each in (then, now))
    every = Counter[str]()
    for counts in (*old.values(), *new.values()):
        every.update({rule: number for (rule, _), number in counts.items()})

    def number(counts: Counter[tuple[str, bool]], rule: str) -> str:
        infos, others = counts[rule, True], counts[rule, False]
        return f"({infos})" if infos else str(others)

    def cell(name: str, rule: str) -> str:
        pair = number(old[name], rule), number(new[name], rule)
        return "" if pair == ("0", "0") else " → ".join(pair)

    return [f"| `{rule}` | {' | '.join(cell(name, rule) for name in names)} |" for rule, _ in every.most_common()]


def _counted(files: Iterable[Findings]) -> Counter[tuple[str, bool]]:
    """Count findings by rule, and by whether they are infos."""
    return Counter((each["rule"], each["severity"] == "info") for findings in files for each in findings)


if __name__ == "__main__":
    main()
