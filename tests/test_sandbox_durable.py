"""kill -9 in the middle of the work: everything that was acknowledged is there after a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from raw_wechat import Raw

from wxpub.sandbox import serve

SERVER = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from wxpub.sandbox import serve
with serve(Path(sys.argv[1]), quotas=False) as wechat:
    print(wechat.url, flush=True)
    time.sleep(600)
"""
WRITERS = 4


@pytest.mark.parametrize("enough", [15, 60, 120])
def test_no_acknowledged_effect_is_lost(tmp_path: Path, enough: int) -> None:
    db = tmp_path / "sandbox.db"
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(db)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        killed = threading.Event()
        with ThreadPoolExecutor(WRITERS) as pool:
            done: list[str] = []
            writers = [pool.submit(write, url, killed, done) for _ in range(WRITERS)]
            end = time.monotonic() + 30
            while len(done) < enough and time.monotonic() < end:
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGKILL)
            killed.set()
            acknowledged = [writer.result() for writer in writers]
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
    drafts = {key: value for one in acknowledged for key, value in one.items()}
    assert len(drafts) >= enough - WRITERS
    with serve(db) as wechat:
        kept = {media_id: str(articles[0]["title"]) for media_id, articles in wechat.drafts().items()}
        assert {media_id: kept.get(media_id) for media_id in drafts} == drafts
        # At most one call of each writer was on its way: done, but its answer was not read.
        assert len(kept) - len(drafts) <= WRITERS


def write(url: str, killed: threading.Event, done: list[str]) -> dict[str, str]:
    """Add and rename drafts until the server is gone; give the title of each as far as it was acknowledged."""
    acknowledged: dict[str, str] = {}
    raw = Raw(SimpleNamespace(url=url, appid="wx0000000000000000", secret="0" * 32))
    try:
        cover = raw.add_image()
        for number in range(100_000):
            article = {"title": f"草稿 {number}", "content": "<p>正文</p>" * 50, "thumb_media_id": cover}
            media_id = raw.add_draft(article)
            acknowledged[media_id] = f"草稿 {number}"
            done.append(media_id)
            if number % 3 == 0:
                body = {"media_id": media_id, "index": 0, "articles": {**article, "title": f"改 {number}"}}
                # Between sending and the answer, either title may be the one that is kept.
                del acknowledged[media_id]
                assert raw.send("draft/update", body)["errcode"] == 0
                acknowledged[media_id] = f"改 {number}"
    except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError):
        assert killed.wait(2)
    finally:
        raw.close()
    return acknowledged
