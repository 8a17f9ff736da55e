"""Load on the sandbox: mixed calls at a fixed rate for a minute, kill -9, and what was lost, took long and grew.

    python bench/sandbox.py [--rate 200] [--seconds 60]

The sandbox runs in a process of its own, as `wxpub sandbox` does, over a file on disk; the clients are threads of this
one. Prints a Markdown table; exits with 1 if a call failed, a draft was lost or memory grew.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from raw_wechat import png

SERVER = """
import sys, time
from pathlib import Path
from wxpub.sandbox import serve
with serve(Path(sys.argv[1]), quotas=False) as wechat:
    print(wechat.url, flush=True)
    time.sleep(3600)
"""
CLIENTS = 16
# How the calls are mixed, in percent: what a team of clients does in a day, with more writing than usual.
MIX = {
    "draft/add": 20,
    "draft/update": 10,
    "draft/get": 25,
    "draft/batchget": 10,
    "draft/count": 15,
    "draft/delete": 5,
    "media/uploadimg": 10,
    "stable_token": 5,
}
GROWTH = 1.25  # of memory between the second and the last quarter of the run


def article() -> str:
    """Give 34 kB of HTML, as a short issue has it."""
    paragraph = (
        '<p style="margin:0 0 16px;line-height:1.75;color:#333333;"><span leaf="">' + "正文" * 60 + "</span></p>"
    )
    return "<section>" + paragraph * 70 + "</section>"


@dataclass
class Tally:
    """What the clients saw, together."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    milliseconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in MIX})
    failures: list[str] = field(default_factory=list)
    drafts: dict[str, str] = field(default_factory=dict)


class Client:
    """One kept-alive connection and the calls that it makes."""

    def __init__(self, url: str, tally: Tally, seed: int) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        self.tally, self.random, self.content = tally, random.Random(seed), article()
        self.mine: list[str] = []
        self.token = self.stable_token()
        self.cover = self.upload("material/add_material", "&type=image")["media_id"]

    def ask(self, path: str, body: bytes | None = None, query: str = "", kind: str = "") -> dict[str, Any]:
        token = f"access_token={self.token}" if path != "stable_token" else ""
        headers = {"Content-Type": kind} if kind else {}
        self.connection.request("GET" if body is None else "POST", f"/cgi-bin/{path}?{token}{query}", body, headers)
        answer: dict[str, Any] = json.loads(self.connection.getresponse().read())
        if answer.get("errcode"):
            raise RuntimeError(f"{path}: {answer}")
        return answer

    def send(self, path: str, body: object) -> dict[str, Any]:
        return self.ask(path, json.dumps(body, ensure_ascii=False).encode())

    def upload(self, path: str, query: str = "") -> dict[str, Any]:
        head = b'--bench\r\nContent-Disposition: form-data; name="media"; filename="a.png"\r\n\r\n'
        return self.ask(path, head + png(64, 64) + b"\r\n--bench--\r\n", query, "multipart/form-data; boundary=bench")

    def stable_token(self) -> str:
        self.token = ""
        body = {"grant_type": "client_credential", "appid": "wx0000000000000000", "secret": "0" * 32}
        return str(self.send("stable_token", body)["access_token"])

    def call(self, name: str) -> None:
        """Make one call and note what it took."""
        started = time.perf_counter()
        try:
            self._call(name)
        except (RuntimeError, OSError, http.client.HTTPException, ValueError) as error:
            self.connection.close()
            with self.tally.lock:
                self.tally.failures.append(f"{name}: {error!r}"[:300])
            return
        took = (time.perf_counter() - started) * 1000
        with self.tally.lock:
            self.tally.milliseconds[name].append(took)

    def _call(self, name: str) -> None:
        title = f"标题 {self.random.randrange(10**9)}"
        given = {"title": title, "content": self.content, "thumb_media_id": self.cover}
        if name == "stable_token":
            self.token = self.stable_token()
        elif name == "media/uploadimg":
            self.upload(name)
        elif name == "draft/count":
            self.ask(name)
        elif name == "draft/batchget":
            self.send(name, {"offset": 0, "count": 5, "no_content": 1})
        elif name == "draft/add" or not self.mine:
            media_id = str(self.send("draft/add", {"articles": [given]})["media_id"])
            self.mine.append(media_id)
            self._keep(media_id, title)
        elif name == "draft/delete":
            media_id = self.mine.pop(self.random.randrange(len(self.mine)))
            self.send(name, {"media_id": media_id})
            self._keep(media_id, None)
        elif name == "draft/update":
            media_id = self.random.choice(self.mine)
            self.send(name, {"media_id": media_id, "index": 0, "articles": given})
            self._keep(media_id, title)
        else:
            self.send(name, {"media_id": self.random.choice(self.mine)})

    def _keep(self, media_id: str, title: str | None) -> None:
        with self.tally.lock:
            if title is None:
                del self.tally.drafts[media_id]
            else:
                self.tally.drafts[media_id] = title


def run(url: str, rate: float, seconds: float, tally: Tally) -> None:
    """Make calls at `rate` a second, shared out among the clients, each on its own beat."""
    names = [name for name, percent in MIX.items() for _ in range(percent)]
    begin = time.perf_counter() + 0.5

    def work(number: int) -> None:
        client = Client(url, tally, number)
        step = CLIENTS / rate
        due = begin + number / rate
        while due < begin + seconds:
            time.sleep(max(0.0, due - time.perf_counter()))
            client.call(client.random.choice(names))
            due += step
        client.connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def memory(pid: int) -> float:
    """Give the resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def percentile(values: list[float], share: float) -> float:
    """Give the value below which `share` of all values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def lost(url: str, drafts: dict[str, str]) -> list[str]:
    """Give the drafts that are not there, or not with the title that was acknowledged last."""
    client = Client(url, Tally(), 0)
    gone = []
    for media_id, title in drafts.items():
        try:
            found = client.send("draft/get", {"media_id": media_id})["news_item"][0]["title"]
        except RuntimeError:
            found = ""
        if found != title:
            gone.append(media_id)
    return gone


@contextmanager
def start(db: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a sandbox in a process of its own; end it with `kill -9`."""
    with subprocess.Popen([sys.executable, "-c", SERVER, str(db)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server, server.stdout.readline().strip()
        finally:
            server.kill()


def main() -> int:
    """Run the load and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    tally = Tally()
    weights: list[float] = []
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "sandbox.db"
        with start(db) as (server, url):

            def weigh() -> None:
                while not stop.wait(0.5):
                    weights.append(memory(server.pid))

            scale = threading.Thread(target=weigh)
            scale.start()
            started = time.perf_counter()
            run(url, options.rate, options.seconds, tally)
            took = time.perf_counter() - started - 0.5
            stop.set()
            scale.join()
        with start(db) as (_, url):  # what was acknowledged before the kill has to be there after it
            gone = lost(url, tally.drafts)
    return report(tally, weights, gone, took)


def report(tally: Tally, weights: list[float], gone: list[str], took: float) -> int:
    """Print the table and give the exit code."""
    print("| call | number | median ms | 99 % ms | worst ms |\n|---|---:|---:|---:|---:|")
    everything = [value for values in tally.milliseconds.values() for value in values]
    for name, values in {**tally.milliseconds, "**all**": everything}.items():
        figures = [percentile(values, share) for share in (0.5, 0.99, 1.0)]
        print(f"| {name} | {len(values)} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |")
    quarter = len(weights) // 4
    early, late = max(weights[quarter : 2 * quarter]), max(weights[-quarter:])
    print(f"\n{len(everything) / took:.0f} calls a second for {took:.0f} s; {len(tally.failures)} failed; ", end="")
    print(f"{len(tally.drafts)} drafts kept, {len(gone)} lost; memory {early:.0f} MiB early, {late:.0f} MiB late")
    for failure in tally.failures[:5]:
        print(failure, file=sys.stderr)
    return int(bool(tally.failures or gone) or late > early * GROWTH)


if __name__ == "__main__":
    sys.exit(main())
