"""The live preview over a long day: save an issue a thousand times, say how long it takes and what it leaves behind.

    python bench/preview.py [FILE] [SAVES]

A viewer asks for every new state and for what a copy takes, as the page does. Memory is the resident set in MB.
"""

from __future__ import annotations

import http.client
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from wxpub.preview.server import serve

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "issues" / "2026-11-15.md"


def main(file: Path = EXAMPLE, saves: int = 1000) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "letter"
        shutil.copytree(file.parent.parent, folder)
        path = folder / file.parent.name / file.name
        text = path.read_text(encoding="utf-8")
        with serve(path, port=0) as session:
            viewer = http.client.HTTPConnection("127.0.0.1", session.port)
            seen = ask(viewer, "/state")
            taken: list[float] = []
            print("saves  ms median  ms most  memory  threads")
            for number in range(1, saves + 1):
                path.write_text(f"{text}\n第 {number} 稿\n", encoding="utf-8")
                saved = time.perf_counter()
                while f"第 {number} 稿" not in seen.get("view", {}).get("html", ""):
                    seen = ask(viewer, f"/state?epoch={seen['epoch']}&build={seen['build']}")
                taken.append((time.perf_counter() - saved) * 1000)
                ask(viewer, "/fragment")
                if number % max(1, saves // 10) == 0:
                    last = taken[-saves // 10 :]
                    print(
                        f"{number:5}  {statistics.median(last):9.0f}  {max(last):7.0f}  {memory():6.1f}"
                        f"  {threading.active_count():7}",
                        flush=True,
                    )
            viewer.close()


def ask(viewer: http.client.HTTPConnection, path: str) -> dict[str, Any]:
    viewer.request("GET", path)
    answer: dict[str, Any] = json.loads(viewer.getresponse().read())
    return answer


def memory() -> float:
    """Give this process' resident memory in MB, as Linux tells it."""
    with Path("/proc/self/status").open(encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    main(*(Path(each) for each in sys.argv[1:2]), *(int(each) for each in sys.argv[2:3]))
