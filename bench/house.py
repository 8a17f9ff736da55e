"""Measure the house beside four that are loved: how many rooms, how deep the stack, how long the functions.

    python bench/house.py [--base REVISION]

Prints a table: this tree, with --base another revision too, and markdown-it-py, httpx, flit_core and sqlite-utils,
which pip puts into build/house once, as source; where it cannot, ours stands alone. How each is counted:

modules         files ending in .py, without those of vendored packages
code lines      lines with code on them: no blank line, no comment, no docstring
module lines    all lines of a file; the median is of the modules longer than five lines
functions       `def` and `async def` anywhere, from `def` to the last line, without decorators; the median is of whole
                functions, the rest leaves docstrings out: a well-told function is not a long one
comment lines   lines with nothing but a comment
imports         one edge for each module that a module names: `from package import module` is one to the module, not to
                the package. Imports inside functions count, those for type checkers only do not
import depth    modules on the longest chain of imports; those of a circle stand side by side
names           at the top: `__all__` of the package, or what its `__init__` binds; public: functions and classes of
                modules without a leading underscore; private: modules whose path has one
test lines      all lines of the tests' .py, .txt and .md files, without copies of CommonMark's examples
"""

from __future__ import annotations

import argparse
import ast
import io
import statistics
import subprocess
import sys
import tarfile
import tempfile
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build/house"
# Name on PyPI → its version, the package's folder and that of its tests in the source distribution.
PEERS = {
    "markdown-it-py": ("4.3.0", "markdown_it", "tests"),
    "httpx": ("0.28.1", "httpx", "tests"),
    "flit_core": ("4.2.0", "flit_core", "tests_core"),
    "sqlite-utils": ("4.2", "sqlite_utils", "tests"),
}
LONG = 50  # a function of more lines is a long one
SHORT = 5  # modules up to this length say nothing about the others
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One file: its dotted name, its text, and its tree."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def is_private(self) -> bool:
        return any(part.startswith("_") and part != "__main__" for part in self.name.split("."))

    @cached_property
    def docstring_lines(self) -> set[int]:
        return {
            line
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Module | ast.ClassDef | _Function)
            for line in _docstring(node)
        }

    @cached_property
    def code_lines(self) -> set[int]:
        empty = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
        lines = {
            line for each in self._tokens if each.type not in empty for line in range(each.start[0], each.end[0] + 1)
        }
        return lines - self.docstring_lines

    @cached_property
    def comment_lines(self) -> set[int]:
        comments = {each.start[0] for each in self._tokens if each.type == tokenize.COMMENT}
        return comments - self.code_lines - self.docstring_lines

    @cached_property
    def functions(self) -> list[tuple[int, int]]:
        """List the lengths of all functions: whole, and without their docstring."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, _Function)]
        whole = [(node.end_lineno or node.lineno) - node.lineno + 1 for node in found]
        return [(length, length - len(_docstring(node))) for length, node in zip(whole, found, strict=True)]

    @property
    def public_names(self) -> list[str]:
        """List the functions and classes that a reader may take for anybody's."""
        found = [node.name for node in self.tree.body if isinstance(node, ast.ClassDef | _Function)]
        return [name for name in found if not name.startswith("_")]

    @cached_property
    def _tokens(self) -> list[tokenize.TokenInfo]:
        return list(tokenize.generate_tokens(io.StringIO(self.text).readline))


def _docstring(node: ast.AST) -> range:
    """Return the lines of a module's, class's or function's docstring."""
    first = getattr(node, "body", [None])[:1]
    if first and ast.get_docstring(node, clean=False) is not None:  # type: ignore[arg-type]  # callers pass the right kinds
        return range(first[0].lineno, first[0].end_lineno + 1)
    return range(0)


def modules(package: Path) -> list[Module]:
    """List the modules of the package in folder `package`."""
    found = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        if "vendor" not in parts and "tests" not in parts:
            found.append(Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


# --- imports ----------------------------------------------------------------------------------------------------------

Graph = Mapping[str, set[str]]


def graph(rooms: list[Module]) -> Graph:
    """Return, for each module's name, the names of those that it imports, at its top or inside a function."""
    names = {each.name for each in rooms}
    return {each.name: (set(_imports(each, names)) & names) - {each.name} for each in rooms}


def _imports(module: Module, names: set[str]) -> Iterator[str]:
    for_types = {
        id(inner)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(module.tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield whole if whole in names else base


def _base(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.name.split(".")
    up = node.level - (module.path.name == "__init__.py")
    return ".".join([*package[: len(package) - up], *([node.module] if node.module else [])])


def circles(imports: Graph) -> list[list[str]]:
    """List the groups of modules that import each other, be it by way of others."""
    return [group for group in _groups(imports) if len(group) > 1]


def depth(imports: Graph) -> int:
    """Return the number of modules on the longest chain of imports."""
    floors: dict[str, int] = {}
    for group in _groups(imports):  # a group comes after all that it imports
        below = [floors[name] for each in group for name in imports[each] if name not in group]
        floors.update(dict.fromkeys(group, 1 + max(below, default=0)))
    return max(floors.values(), default=0)


def _groups(imports: Graph) -> list[list[str]]:
    """Return the strongly connected components, those without further imports first (Tarjan's algorithm)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        open_.append(name)
        for other in sorted(imports[name]):
            if other not in number:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in open_:
                lowest[name] = min(lowest[name], number[other])
        if lowest[name] == number[name]:
            start = open_.index(name)
            groups.append(open_[start:])
            del open_[start:]

    for name in sorted(imports):
        if name not in number:
            visit(name)
    return groups


# --- the table --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class House:
    """A package as it is measured."""

    name: str
    package: Path
    tests: Path

    @cached_property
    def modules(self) -> list[Module]:
        return modules(self.package)

    @cached_property
    def graph(self) -> Graph:
        return graph(self.modules)

    @cached_property
    def code(self) -> int:
        return sum(len(each.code_lines) for each in self.modules)

    @property
    def whole_functions(self) -> list[int]:
        return sorted(whole for each in self.modules for whole, _ in each.functions)

    @property
    def functions(self) -> list[int]:
        return sorted(bare for each in self.modules for _, bare in each.functions)

    @property
    def comments(self) -> int:
        return sum(len(each.comment_lines) for each in self.modules)

    @property
    def docstrings(self) -> int:
        return sum(len(each.docstring_lines) for each in self.modules)

    @property
    def top(self) -> list[str]:
        """List what the package offers at its top."""
        tree = next(each.tree for each in self.modules if each.name == self.package.name)
        offered: list[str] = []
        bound: list[str] = []
        for node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            names = [each.id for each in targets if isinstance(each, ast.Name)]
            if names == ["__all__"] and isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value:
                offered += [str(each.value) for each in ast.walk(node.value) if isinstance(each, ast.Constant)]
            elif isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", "") != "__future__":
                bound += [alias.asname or alias.name for alias in node.names]
            else:
                bound += names or [name for name in [getattr(node, "name", "")] if name]
        return [name for name in offered or bound if not name.startswith("_")]

    @property
    def test_lines(self) -> int:
        found = [path for path in self.tests.rglob("*") if path.suffix in (".py", ".txt", ".md")]
        copies = ("spec", "commonmark")
        own = [path for path in found if "node_modules" not in path.parts and not path.stem.startswith(copies)]
        return sum(len(path.read_text(encoding="utf-8", errors="replace").splitlines()) for path in own)


def _long(house: House) -> str:
    return f"{sum(length > LONG for length in house.functions) / len(house.functions):.1%}"


def _functions(house: House) -> str:
    lengths = house.functions
    median = statistics.median(house.whole_functions)
    return f"{len(lengths):,}; {median:.0f} / {lengths[int(len(lengths) * 0.9)]} / {lengths[-1]}"


def _module_lines(house: House) -> str:
    lines = [each.lines for each in house.modules]
    return f"{statistics.median(each for each in lines if each > SHORT):.0f} / {max(lines):,}"


def _names(house: House) -> str:
    private = [each for each in house.modules if each.is_private]
    public = sum(len(each.public_names) for each in house.modules if not each.is_private)
    return f"{len(house.top)} / {public} / {len(private)} of {len(house.modules)}"


ROWS: dict[str, Callable[[House], str]] = {
    "modules / code lines": lambda house: f"{len(house.modules)} / {house.code:,}",
    "all lines of Python": lambda house: f"{sum(each.lines for each in house.modules):,}",
    "median / largest module (lines)": _module_lines,
    "functions; median / p90 / largest": _functions,
    f"functions > {LONG} lines": _long,
    "comment lines per code line": lambda house: f"{house.comments / house.code:.1%}",
    "docstring + comment per code": lambda house: f"{(house.docstrings + house.comments) / house.code:.2f}",
    "import depth / edges / circles": lambda house: (
        f"{depth(house.graph)} / {sum(map(len, house.graph.values()))} / {len(circles(house.graph))}"
    ),
    "names at the top / public / private modules": _names,
    "py.typed": lambda house: "yes" if (house.package / "py.typed").exists() else "no",
    "test lines per code line": lambda house: f"{house.test_lines / house.code:.2f}",
}


def table(houses: list[House]) -> str:
    """Write the figures of all houses as a Markdown table."""
    rows = [["", *(house.name for house in houses)], ["---"] + ["--:"] * len(houses)]
    rows += [[label, *(row(house) for house in houses)] for label, row in ROWS.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def peers() -> list[House]:
    """List the houses to compare with: downloaded once, none where that is impossible."""
    folders = {name: CACHE / f"{name.replace('-', '_')}-{version}" for name, (version, *_) in PEERS.items()}
    if not all(folder.is_dir() for folder in folders.values()):
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        wanted = [f"{name}=={version}" for name, (version, *_) in PEERS.items()]
        done = subprocess.run([*command, "--dest", str(CACHE), *wanted], capture_output=True, text=True)
        if done.returncode:
            print(f"the others are not to be had, so ours stands alone: {done.stderr.strip().splitlines()[-1]}\n")
            return []
        for archive in CACHE.glob("*.tar.gz"):
            with tarfile.open(archive) as opened:
                opened.extractall(CACHE, filter="data")
    return [
        House(f"{name} {version}", folders[name] / package, folders[name] / tests)
        for name, (version, package, tests) in PEERS.items()
    ]


def at(revision: str, folder: Path) -> House:
    """Unpack another revision of this repository into `folder`."""
    packed = subprocess.run(["git", "archive", revision, "wxpub", "tests"], cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as opened:
        opened.extractall(folder, filter="data")
    return House(f"wxpub {revision}", folder / "wxpub", folder / "tests")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--base", metavar="REVISION", help="measure this revision, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        before = [at(options.base, Path(folder))] if options.base else []
        print(table([House("wxpub", ROOT / "wxpub", ROOT / "tests"), *before, *peers()]))


if __name__ == "__main__":
    main()
