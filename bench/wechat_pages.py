"""Hold the local WeChat against WeChat's documentation: for every endpoint its page, as Markdown, is fetched and read.

    python bench/wechat_pages.py [--base https://developers.weixin.qq.com/doc/service/api] [--write]

Beside each page of developers.weixin.qq.com stands the same as Markdown (`api_draft_add.md`), with a fence of JSON for
every table. Two things are printed: what a page says and the local WeChat does not know (another method or path, a
parameter, an errcode), and what has changed since the pages were last kept in bench/wechat_pages.json, which `--write`
makes anew. Exit code 1 if there is anything. It needs a network; nothing else of this project asks these pages.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import requests

from wxpub.sandbox import call, server

BASE = "https://developers.weixin.qq.com/doc/service/api"
KEPT = Path(__file__).with_name("wechat_pages.json")
ROOM = Path(call.__file__).parent
SECONDS = 20  # for a page
MOST = 1_000_000  # characters of one

# Endpoint → its page below BASE, without ".md". Pages move now and then: one that is gone is said.
PAGES = {
    "/cgi-bin/token": "base/api_getaccesstoken",
    "/cgi-bin/stable_token": "base/api_getstableaccesstoken",
    "/cgi-bin/get_api_domain_ip": "base/api_getapidomainip",
    "/cgi-bin/getcallbackip": "base/api_getcallbackip",
    "/cgi-bin/callback/check": "base/api_callbackcheck",
    "/cgi-bin/clear_quota": "apimanage/api_clearquota",
    "/cgi-bin/clear_quota/v2": "apimanage/api_clearquotabyappsecret",
    "/cgi-bin/openapi/quota/get": "apimanage/api_getapiquota",
    "/cgi-bin/openapi/quota/clear": "apimanage/api_clearapiquota",
    "/cgi-bin/openapi/rid/get": "apimanage/api_getridinfo",
    "/cgi-bin/media/uploadimg": "notify/message/api_uploadimage",
    "/cgi-bin/media/upload": "material/temporary/api_uploadtempmedia",
    "/cgi-bin/media/get": "material/temporary/api_getmedia",
    "/cgi-bin/media/uploadnews": "notify/message/api_uploadnewsmsg",
    "/cgi-bin/material/add_material": "material/permanent/api_addmaterial",
    "/cgi-bin/material/get_material": "material/permanent/api_getmaterial",
    "/cgi-bin/material/get_materialcount": "material/permanent/api_getmaterialcount",
    "/cgi-bin/material/batchget_material": "material/permanent/api_batchgetmaterial",
    "/cgi-bin/material/del_material": "material/permanent/api_delmaterial",
    "/cgi-bin/draft/add": "draftbox/draftmanage/api_draft_add",
    "/cgi-bin/draft/get": "draftbox/draftmanage/api_getdraft",
    "/cgi-bin/draft/update": "draftbox/draftmanage/api_draft_update",
    "/cgi-bin/draft/delete": "draftbox/draftmanage/api_draft_delete",
    "/cgi-bin/draft/count": "draftbox/draftmanage/api_draft_count",
    "/cgi-bin/draft/batchget": "draftbox/draftmanage/api_draft_batchget",
    "/cgi-bin/draft/switch": "draftbox/draftmanage/api_draft_switch",
    "/cgi-bin/freepublish/submit": "public/api_freepublish_submit",
    "/cgi-bin/freepublish/get": "public/api_freepublish_get",
    "/cgi-bin/freepublish/delete": "public/api_freepublishdelete",
    "/cgi-bin/freepublish/getarticle": "public/api_freepublishgetarticle",
    "/cgi-bin/freepublish/batchget": "public/api_freepublish_batchget",
    "/cgi-bin/message/mass/preview": "notify/message/api_preview",
    "/cgi-bin/message/mass/sendall": "notify/message/api_sendall",
}
# Pages that the local WeChat has no need of: the endpoint was retired, or is documented outside of the API's pages.
WITHOUT = {
    "/cgi-bin/material/add_news",
    "/cgi-bin/material/update_news",
    "/article-bin/verify_article_structure",
}

_CALL = re.compile(r"\b(GET|POST) https://api\.weixin\.qq\.com(/[\w./-]+)")
_HEADING = re.compile(r"^#{1,6} +(.*)$", re.MULTILINE)
_FENCE = re.compile(r"^```json\s*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def read(text: str) -> dict[str, Any]:
    """Read a page: how it is called, the names of what is sent, the errcodes, each sorted."""
    called = _CALL.search(text)
    sent: set[str] = set()
    codes: set[int] = set()
    parts = _HEADING.split(text)
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        for fence in _FENCE.findall(body):
            try:
                rows = json.loads(fence)
            except ValueError:
                continue  # an example, which need not be JSON
            for row in rows if isinstance(rows, list) else ():
                if not isinstance(row, dict):
                    continue
                if "参数名" in row and not heading.startswith(("返回", "Res.")):
                    sent.add(str(row["参数名"]))
                if re.fullmatch(r"-?\d+", code := str(row.get("错误码", ""))):
                    codes.add(int(code))
    return {"call": list(called.groups()) if called else [], "sent": sorted(sent), "codes": sorted(codes)}


def unknown(path: str, page: dict[str, Any]) -> list[str]:
    """Say what a page says of the endpoint `path` and the local WeChat does not know."""
    endpoint = server.TABLE[path]
    found = []
    if page["call"] != [endpoint.method, path]:
        found.append(f"is called {' '.join(page['call']) or 'in no way that was found'}, here {endpoint.method} {path}")
    words = {word for file in ROOM.glob("*.py") for word in re.findall(r"\w+", file.read_text(encoding="utf-8"))}
    found += [f"takes {name!r}, which is nowhere here" for name in page["sent"] if name not in words]
    return found + [
        f"answers {code}, which has no text here" for code in page["codes"] if code and code not in call.MESSAGES
    ]


def changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Say how a page differs from what was kept of it."""
    found = [] if old["call"] == new["call"] else [f"was called {' '.join(old['call'])}, now {' '.join(new['call'])}"]
    for name, what in (("sent", "parameter"), ("codes", "errcode")):
        found += [f"has lost the {what} {each!r}" for each in old[name] if each not in new[name]]
        found += [f"has the new {what} {each!r}" for each in new[name] if each not in old[name]]
    return found


def fetch(base: str, page: str) -> str | None:
    """Fetch a page's Markdown; None where there is none."""
    answer = requests.get(f"{base}/{page}.md", timeout=SECONDS)
    if answer.status_code == 404 or "参数名" not in answer.content.decode("utf-8", "replace"):
        return None
    answer.raise_for_status()
    return answer.content.decode("utf-8", "replace")[:MOST]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--base", default=BASE, help="where the pages stand")
    parser.add_argument("--write", action="store_true", help="keep what the pages say now")
    args = parser.parse_args()
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    pages, said = {}, 0
    for path, name in PAGES.items():
        text = fetch(args.base, name)
        if text is None:
            lines = [f"has no page {name}.md any more"]
        else:
            pages[path] = read(text)
            lines = unknown(path, pages[path]) + (changed(kept[path], pages[path]) if path in kept else [])
        for line in lines:
            print(f"{path} {line}")
        said += len(lines)
    if args.write:
        KEPT.write_text(json.dumps(pages, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{len(pages)} of {len(PAGES)} pages read, {said} differences")
    sys.exit(1 if said else 0)


if __name__ == "__main__":
    main()
