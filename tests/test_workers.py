"""Work on all processors: in order, in processes that end by themselves and leave nothing half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from wxpub import language, workers
from wxpub.errors import WxpubError
from wxpub.language import tr

copies = pytest.mark.skipif(sys.platform != "linux", reason="processes are copies on Linux only")


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "processors", lambda: 2)


def slowly(number: int) -> tuple[int, int]:
    time.sleep(0.01)
    return number * number, os.getpid()


def said(_: int) -> tuple[str, int]:
    return tr("Commands"), os.getpid()


@copies
def test_what_is_made_comes_in_order_from_several_processes_and_the_first_from_here() -> None:
    with workers.spread(slowly, range(100)) as outcomes:
        squares, processes = zip(*outcomes, strict=True)
    assert list(squares) == [number * number for number in range(100)]
    assert processes[0] == os.getpid() and os.getpid() not in processes[1:] and len(set(processes)) == 3


def test_little_work_is_done_here() -> None:
    with workers.spread(slowly, range(workers.MANY - 1)) as outcomes:
        assert {process for _, process in outcomes} == {os.getpid()}


def test_where_processes_begin_anew_they_are_given_what_can_be_sent_and_speak_the_same_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "_COPIES", False)
    monkeypatch.setattr(language, "_chosen", "zh")
    with workers.spread(lambda number: said(number), range(workers.MANY)) as outcomes:
        assert {process for _, process in outcomes} == {os.getpid()}
    with workers.spread(lambda number: said(number), range(workers.MANY), said) as outcomes:
        words, processes = zip(*outcomes, strict=True)
    assert set(words) == {"命令"} and len(set(processes)) > 1


@copies
def test_whoever_leaves_early_waits_for_what_was_begun_and_for_no_more(tmp_path: Path) -> None:
    def make(number: int) -> None:
        (tmp_path / f"{number}.begun").touch()
        time.sleep(0.05)
        (tmp_path / f"{number}.done").touch()

    with pytest.raises(KeyboardInterrupt), workers.spread(make, range(1000)) as outcomes:
        for at, _ in enumerate(outcomes):
            if at == 20:
                raise KeyboardInterrupt
    begun, done = ({each.stem for each in tmp_path.glob(f"*.{end}")} for end in ("begun", "done"))
    time.sleep(0.2)
    assert begun == done and len(list(tmp_path.iterdir())) == 2 * len(done) and 20 < len(done) < 500


@copies
def test_ctrl_c_breaks_off_no_process_in_the_middle_of_a_piece(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, time; from wxpub import workers; workers.processors = lambda: 2\n"
        "def make(number):\n"
        "    pathlib.Path(f'{number}.begun').touch()\n"
        "    if number == 30: os.killpg(0, signal.SIGINT)\n"
        "    time.sleep(0.05)\n"
        "    pathlib.Path(f'{number}.done').touch()\n"
        "with workers.spread(make, range(1000)) as outcomes: list(outcomes)"
    )
    command, env = [sys.executable, "-c", code], {**os.environ, "PYTHONPATH": str(ROOT)}
    made = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, start_new_session=True)
    assert made.returncode == -signal.SIGINT and made.stderr.count("KeyboardInterrupt") == 1, made.stderr
    begun, done = ({each.stem for each in tmp_path.glob(f"*.{end}")} for end in ("begun", "done"))
    assert begun == done and 30 < len(done) < 500


@copies
def test_a_process_that_is_killed_is_an_error_and_no_wait() -> None:
    here = os.getpid()

    def make(number: int) -> int:
        if number == 50 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.raises(WxpubError, match="was ended"), workers.spread(make, range(100)) as outcomes:
        list(outcomes)


# --- whole programs ---------------------------------------------------------------------------------------------------

LETTERS = 400


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    for number in range(LETTERS):
        (tmp_path / f"{number}.md").write_text(f"# 第 {number} 期\n\n" + "一条 [消息](https://a.example/)。\n\n" * 40)
    return tmp_path


def converting(letters: Path) -> subprocess.Popen[str]:
    """Start `wxpub convert` of all letters in a group of its own, as a terminal does; return when pages are written."""
    command: Sequence[str] = [sys.executable, "-m", "wxpub", "convert", *(f"{each}.md" for each in range(LETTERS))]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "WXPUB_LANG": "en"}
    given: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = subprocess.Popen(command, cwd=letters, env=env, start_new_session=True, **given)
    while len(list(letters.glob("*.html"))) < 5:
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    return running


def alive(session: int) -> list[str]:
    """List the processes of a session that have not ended."""
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, its = each.read_text().rpartition(")")[2].split()[:4]
            found += [each.parent.name] if state != "Z" and int(its) == session else []
    return found


def whole(letters: Path) -> int:
    """Count the pages, each of which is whole."""
    pages = list(letters.glob("*.html"))
    assert all(page.read_text(encoding="utf-8").rstrip().endswith("</html>") for page in pages)
    return len(pages)


@pytest.mark.skipif(sys.platform != "linux", reason="groups of processes are as they are on Linux")
def test_ctrl_c_ends_a_convert_of_many_files_with_one_line_and_leaves_whole_pages(letters: Path) -> None:
    running = converting(letters)
    os.killpg(running.pid, signal.SIGINT)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in told and told.splitlines()[-1] == "interrupted", told
    assert whole(letters) < LETTERS and not list(letters.glob("*.tmp")) and not list(letters.glob(".*"))


@copies
def test_when_a_convert_of_many_files_is_killed_its_processes_end_too(letters: Path) -> None:
    running = converting(letters)
    assert len(alive(running.pid)) > 1
    running.kill()
    running.wait()
    for _ in range(600):
        if not alive(running.pid):
            break
        time.sleep(0.05)
    assert not alive(running.pid)
    assert whole(letters) < LETTERS
