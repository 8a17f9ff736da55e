"""bench/wechat_pages.py, which holds the local WeChat against WeChat's documentation, on pages made in its form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import wechat_pages
from strangers import serving

from wxpub.sandbox import server


def fence(rows: list[dict[str, str]]) -> str:
    return f"```json\n{json.dumps(rows, ensure_ascii=False, indent=2)}\n```\n"


def made(path: str, *, method: str = "", sent: tuple[str, ...] = ("access_token",), codes: tuple[int, ...] = ()) -> str:
    """Write a page as developers.weixin.qq.com does."""
    method = method or server.TABLE[path].method
    token = "" if "token" in path else "?access_token=ACCESS_TOKEN"
    return "\n".join(
        (
            "# 标题\n\n## 1. 调用方式\n\n### HTTPS 调用\n",
            f"```bash\n{method} https://api.weixin.qq.com{path}{token}\n```\n",
            "## 2. 请求参数\n\n### 请求体 `Request Payload`\n",
            fence([{"参数名": name, "类型": "string", "必填": "是", "说明": "x"} for name in sent]),
            "## 3. 返回参数\n\n### 返回体 `Response Payload`\n",
            fence([{"参数名": "answer_of_theirs", "类型": "number", "说明": "x"}]),
            "## 5. 代码示例\n\n```json\n{ media: 1, }\n```\n",
            "## 6. 错误码\n",
            fence([{"错误码": str(code), "错误描述": "x", "解决方案": "x"} for code in codes]),
        )
    )


@pytest.fixture
def site() -> Iterator[tuple[dict[str, str], str]]:
    """Serve pages: a dict of their texts by name, and the address below which they stand."""
    pages: dict[str, str] = {name: made(path, codes=(40001,)) for path, name in wechat_pages.PAGES.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = pages.get(self.path.removeprefix("/").removesuffix(".md"))
            self.send_response(200 if text else 404)
            self.end_headers()
            self.wfile.write((text or "nothing").encode())

        def log_message(self, *args: Any) -> None:
            pass

    with serving(Handler) as port:
        yield pages, f"http://127.0.0.1:{port}"


def run(base: str, monkeypatch: Any, capsys: Any, *options: str) -> tuple[int, list[str]]:
    monkeypatch.setattr("sys.argv", ["wechat_pages.py", "--base", base, *options])
    with pytest.raises(SystemExit) as ended:
        wechat_pages.main()
    return int(ended.value.code or 0), capsys.readouterr().out.splitlines()


def test_every_endpoint_has_a_page_or_is_known_to_have_none() -> None:
    assert {*wechat_pages.PAGES, *wechat_pages.WITHOUT} == set(server.TABLE)
    assert not wechat_pages.WITHOUT & set(wechat_pages.PAGES)


def test_what_the_pages_say_and_what_has_changed_is_listed(
    site: tuple[dict[str, str], str], tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    pages, base = site
    monkeypatch.setattr(wechat_pages, "KEPT", tmp_path / "kept.json")
    number = len(wechat_pages.PAGES)
    assert run(base, monkeypatch, capsys, "--write") == (0, [f"{number} of {number} pages read, 0 differences"])

    add, submit, count = "/cgi-bin/draft/add", "/cgi-bin/freepublish/submit", "/cgi-bin/draft/count"
    pages[wechat_pages.PAGES[add]] = made(add, sent=("access_token", "hologram"), codes=(40001, 99999))
    pages[wechat_pages.PAGES[count]] = made(count, method="POST", codes=())
    del pages[wechat_pages.PAGES[submit]]
    assert run(base, monkeypatch, capsys) == (
        1,
        [
            f"{add} takes 'hologram', which is nowhere here",
            f"{add} answers 99999, which has no text here",
            f"{add} has the new parameter 'hologram'",
            f"{add} has the new errcode 99999",
            f"{count} is called POST {count}, here GET {count}",
            f"{count} was called GET {count}, now POST {count}",
            f"{count} has lost the errcode 40001",
            f"{submit} has no page {wechat_pages.PAGES[submit]}.md any more",
            f"{number - 1} of {number} pages read, 8 differences",
        ],
    )
