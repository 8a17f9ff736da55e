"""What the tests share: the corpus, a browser, what others wrote, and `--update` for golden files."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wxpub import images

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
EDITOR = ROOT / "tests/js/build/editor.js"  # made by `make packages`, as are the next five
AXE = ROOT / "tests/js/node_modules/axe-core/axe.min.js"
MAIL = ROOT / "tests/js/node_modules/@jsx-email/doiuse-email/dist/index.mjs"
COMMONMARK = ROOT / "tests/js/node_modules/commonmark-spec/spec.txt"
MCP = ROOT / "tests/js/node_modules/@modelcontextprotocol/sdk/package.json"
CLIENTS = ROOT / "examples/clients/node_modules/.installed"
NEEDS = {
    "browser": "no Chromium found: install the package chromium",
    "font": "no Chinese font found: install the package fonts-noto-cjk",
    "graphviz": "no Graphviz found: install the package graphviz",
    "npm": "packages of npm are missing: run `make packages`, which needs npm",
}
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def corpus_files() -> list[Path]:
    """List the real issues and drafts beside the repository; none where they are not."""
    return sorted(CORPUS.glob("issues/*.md")) + sorted(CORPUS.glob("drafts/*.md"))


def cases(name: str) -> list[tuple[str, str]]:
    """Read a file of cases: the title of each, `=== title`, and what is below it; its form, the file tells first."""
    text = (ROOT / "tests/cases" / name).read_text(encoding="utf-8")
    return [(title, rest) for title, _, rest in (case.partition("\n") for case in text.split("\n=== ")[1:])]


def missing() -> dict[str, str]:
    """List what this machine lacks: the mark of the tests that need it, and what to install."""
    there = {
        "browser": CHROMIUM is not None,
        "font": images.draw.chinese_font() is not None,
        "graphviz": shutil.which("dot") is not None,
        "npm": all(path.exists() for path in (EDITOR, AXE, COMMONMARK, MAIL, MCP, CLIENTS)),
    }
    return {mark: reason for mark, reason in NEEDS.items() if not there[mark]}


def pytest_configure(config: pytest.Config) -> None:
    """Listen to Ctrl-C as in a terminal, and so do the programs that are started: in the background it is ignored."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite golden files; review the difference")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests that need what this machine lacks, and of a matrix run every third test, say.

    With WXPUB_REQUIRE_ALL every test runs, and fails without what it needs.
    """
    if os.environ.get("WXPUB_REQUIRE_ALL"):
        return
    met: Counter[str] = Counter()
    left_out = []
    for item in items:
        if matrix := item.get_closest_marker("matrix"):
            name = item.nodeid.partition("[")[0]
            if met[name] % matrix.args[0]:
                left_out.append(item)
            met[name] += 1
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
    for mark, reason in missing().items():
        for item in items:
            if mark in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_report_header(config: pytest.Config) -> list[str]:
    browser = CHROMIUM or "none found"
    corpus = f"{len(corpus_files())} files" if corpus_files() else "not beside the repository"
    return [f"chromium: {browser}", f"corpus: {corpus}"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped: one line for each reason, with the number of tests."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(each.longrepr[2]).removeprefix("Skipped: ") for each in skipped)
    for reason, number in reasons.most_common():
        terminalreporter.write_line(f"skipped {number}: {reason}")


@pytest.fixture(scope="session")
def update(request: pytest.FixtureRequest) -> bool:
    """Tell whether golden files are to be rewritten."""
    return bool(request.config.getoption("--update"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test away from the user's settings, caches and credentials."""
    base = tmp_path_factory.getbasetemp() / "home"
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(base / name.lower()))
    for name in [name for name in os.environ if name.startswith("WXPUB_") and name != "WXPUB_REQUIRE_ALL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WXPUB_LANG", "en")  # whatever the user speaks


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Give a running headless Chromium, driven by Playwright, one for each worker."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "no Chromium found: install the package chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Any]:
    """Give a local WeChat that the tests of a module share, each with an account of its own."""
    from wxpub.sandbox import serve

    with serve() as running:
        yield running


@pytest.fixture
def paper(sandbox: Any, tmp_path: Path) -> Iterator[Any]:
    """Give a newsletter with an account of the shared WeChat."""
    from pushing import newsletter

    yield newsletter(sandbox, tmp_path / "paper")
    sandbox.clear_faults()


@pytest.fixture
def wechat(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Give a fresh local WeChat; an indirect parameter holds fields of its account's profile."""
    from wxpub.sandbox import serve

    with serve(**getattr(request, "param", {})) as sandbox:
        yield sandbox


@pytest.fixture
def raw(wechat: Any) -> Iterator[Any]:
    """Give a client without manners, that sends what it is told to."""
    from raw_wechat import Raw

    client = Raw(wechat)
    yield client
    client.close()


@pytest.fixture
def server() -> Iterator[Any]:
    """Give what starts a server of a stranger, which answers as it is told, and tells its address."""
    from strangers import stranger

    with stranger() as start:
        yield start
