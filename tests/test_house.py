"""The house keeps its shape: who imports whom, who owns which library, and what the wheel carries."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import house
import pytest
from conftest import ROOT

PACKAGE = ROOT / "wxpub"

# Room → rooms it may import. A room that is not here may not exist.
ROOMS: dict[str, set[str]] = {
    "language": set(),
    "errors": set(),
    "finding": set(),
    "limits": set(),
    "target": set(),
    "style": set(),
    "safe": set(),
    "workers": {"errors"},
    "trust": {"errors", "safe"},
    "article": {"errors", "finding"},
    "config": {"article", "errors", "safe", "tree", "trust"},
    "dialect": {"errors", "finding", "tree"},
    "darkmode": set(),
    "night": {"darkmode", "style"},
    "verdict": {"darkmode"},
    "tree": {"limits"},
    "address": {"limits"},
    "links": {"address", "article", "finding", "target", "tree"},
    "theme": {"darkmode", "errors", "safe", "style"},
    "conform": {"address", "finding", "limits", "style", "target", "tree"},
    "kept": {"address", "finding", "tree"},
    "blocks": {"errors", "finding", "target", "tree"},
    "page": {
        "article",
        "blocks",
        "conform",
        "dialect",
        "finding",
        "kept",
        "limits",
        "links",
        "newspic",
        "target",
        "theme",
        "tree",
    },
    "wire": set(),
    "fetch": {"errors", "wire"},
    "images": {"address", "darkmode", "errors", "fetch", "limits"},
    "exchange": {"address", "errors", "wire"},
    "relay": {"errors", "exchange", "limits", "wire"},
    "client": {"config", "errors", "exchange", "limits", "safe"},
    "ledger": {"config", "errors", "safe"},
    "newspic": {"article", "finding", "limits", "tree"},
    "issue": {
        "article",
        "blocks",
        "config",
        "desk",
        "errors",
        "finding",
        "images",
        "ledger",
        "page",
        "safe",
        "target",
        "theme",
    },
    "desk": {"address", "article", "config", "errors", "fetch", "finding", "ledger", "limits", "safe"},
    "wechat": {"address", "client", "config", "errors", "ledger", "sandbox"},
    "checks": {
        "address",
        "article",
        "blocks",
        "config",
        "conform",
        "darkmode",
        "dialect",
        "errors",
        "exchange",
        "fetch",
        "finding",
        "images",
        "issue",
        "limits",
        "links",
        "newspic",
        "page",
        "safe",
        "style",
        "target",
        "tree",
        "verdict",
    },
    "drafts": {
        "article",
        "blocks",
        "checks",
        "client",
        "config",
        "conform",
        "errors",
        "finding",
        "images",
        "issue",
        "ledger",
        "limits",
        "page",
        "safe",
        "style",
        "target",
        "tree",
        "trust",
        "wechat",
    },
    "preview": {
        "address",
        "article",
        "checks",
        "config",
        "conform",
        "darkmode",
        "drafts",
        "errors",
        "finding",
        "images",
        "issue",
        "ledger",
        "limits",
        "night",
        "page",
        "safe",
        "style",
        "target",
        "theme",
        "tree",
        "wechat",
    },
    "elsewhere": {
        "address",
        "article",
        "conform",
        "darkmode",
        "desk",
        "errors",
        "finding",
        "images",
        "issue",
        "ledger",
        "night",
        "page",
        "preview",
        "safe",
        "style",
        "target",
        "tree",
        "workers",
    },
    "agents": {"article", "config", "errors", "images", "preview", "safe", "theme"},
    "sandbox": {"darkmode", "errors", "limits", "verdict"},
}

# Library → the rooms that may import it. What is not listed is free.
OWNERS: dict[str, set[str]] = {
    "markdown": {"dialect"},
    "pymdownx": {"dialect"},
    "premailer": {"theme"},
    "cssutils": {"theme"},
    "qrcode": {"images"},
    "PIL": {"images"},
    "resvg_py": {"images"},
    "uniseg": {"cli", "images"},
    "certifi": {"fetch"},
    "requests": {"exchange"},
    "bs4": {"checks", "sandbox"},
    "ziamath": {"conform"},
    "pygments": {"conform"},
    "filelock": {"ledger"},
    "flask": {"sandbox", "preview"},
    "werkzeug": {"sandbox", "preview"},
    "watchfiles": {"preview"},
    "mcp": {"cli"},
    "mcp_types": {"cli"},
    "anyio": {"cli"},
}


for _room in ROOMS.keys() - {
    "language",
    "limits",
    "target",
    "style",
    "darkmode",
    "verdict",
    "tree",
    "address",
    "wire",
}:
    ROOMS[_room].add("language")  # whoever has something to say to a person


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield every imported module's dotted name, and whether it is imported for type checkers only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in for_types
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "wxpub":
                for alias in node.names:
                    yield f"wxpub.{alias.name}", id(node) in for_types
            else:
                yield node.module or "", id(node) in for_types


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__", "__main__", "cli"):
        return
    for name, _ in imports(path):
        parts = name.split(".")
        if parts[0] != "wxpub" or len(parts) == 1 or parts[1] in (room, "__version__"):
            continue
        assert parts[1] in ROOMS[room], f"{room} must not import {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_library_has_its_owner(path: Path) -> None:
    for name, for_types in imports(path):
        library = name.split(".")[0]
        if library in OWNERS and not for_types:
            assert room_of(path) in OWNERS[library], f"{path.name} must not import {library}"


def test_rooms_have_no_circle() -> None:
    done: set[str] = set()
    while done != set(ROOMS):
        ready = {room for room, needs in ROOMS.items() if room not in done and needs <= done}
        assert ready, f"circle among {sorted(set(ROOMS) - done)}"
        done |= ready


# bench/house.py prints the same figures beside those of other packages.
def test_no_module_imports_itself_by_way_of_others() -> None:
    assert house.circles(house.graph(house.modules(PACKAGE))) == []


def test_no_chain_of_imports_is_longer_than_eleven_modules() -> None:
    assert house.depth(house.graph(house.modules(PACKAGE))) <= 11


HEAVY = (
    "requests",
    "flask",
    "PIL",
    "rich",
    "werkzeug",
    "bs4",
    "watchfiles",
    "ziamath",
    "qrcode",
    "premailer",
    "cssutils",
    "pymdownx",
)


def test_convert_loads_only_what_it_needs(tmp_path: Path) -> None:
    issue = tmp_path / "issue.md"
    issue.write_text("# Title\n\nText with a [link](https://example.org/): at 12:30:15.\n", encoding="utf-8")
    code = (
        "import sys; from wxpub.cli import cli\n"
        f"cli(['convert', {str(issue)!r}, '-o', {str(tmp_path / 'page.html')!r}], standalone_mode=False)\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    run(tmp_path, code)  # the first run compiles the theme and keeps it
    assert run(tmp_path, code).splitlines()[-1].strip() == ""


def test_version_answers_before_anything_is_imported(tmp_path: Path) -> None:
    code = "import sys; sys.argv[1:] = ['--version']; from wxpub.__main__ import main; main()"
    code += "; print('click' in sys.modules)"
    assert run(tmp_path, code).split()[-1] == "False"


def run(home: Path, code: str) -> str:
    env = {**os.environ, "XDG_CACHE_HOME": str(home / "cache"), "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True).stdout
