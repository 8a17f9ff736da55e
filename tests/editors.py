"""A stand-in of WeChat's web editor: the page that its bridge for plug-ins is documented on, with ProseMirror inside.

`stand(context)` answers for https://mp.weixin.qq.com in a browser's context: a page with a strict policy, fields of
title, author and digest, and `window.__MP_Editor_JSAPI__` as the documentation has it. A file that is pasted is
"uploaded" a moment later. `window.was` says what was done to it. The address chooses what it does otherwise: `old`,
`late`, `refuses`, `bare` (no fields), `drops` (quotes go), `deaf` (no paste from a script counts), `stuck` (nothing
comes of a file).
"""

from __future__ import annotations

import base64
from typing import Any

from conftest import EDITOR
from previewing import DOT

ADDRESS = "https://mp.weixin.qq.com/cgi-bin/appmsg?t=media/appmsg_edit_v2&action=edit&isNew=1&type=77"

PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>公众号</title>
<style>body{margin:0 auto;max-width:677px;font:15px/1.7 sans-serif} .ProseMirror{outline:none;white-space:pre-wrap}
#js_title_main .ProseMirror{font-size:22px;min-height:34px} #ueditor_0 .ProseMirror{min-height:300px}
input,textarea{display:block;width:100%;border:0;font:inherit} #title{height:0;padding:0} img{max-width:100%}</style>
<div id="fields"><div id="js_title_main"><textarea id="title"></textarea></div>
<input id="author" placeholder="请输入作者"></div>
<div id="ueditor_0"><div class="rich_media_content"></div></div>
<div id="more"><textarea id="js_description" placeholder="摘要"></textarea></div>
<script src="/editor.js"></script><script src="/page.js"></script></html>"""

SCRIPT = """
const asked = new URLSearchParams(location.search);
window.was = { files: [], covers: [], calls: [] };
const body = wechat.editor(document.querySelector("#ueditor_0 .rich_media_content"));
const title = wechat.editor(document.querySelector("#js_title_main"));
if (asked.has("bare")) for (const id of ["fields", "more"]) document.getElementById(id).remove();
const deaf = { paste: (view, event) => asked.has("deaf") && !event.isTrusted };
title.setProps({ handleDOMEvents: deaf });
body.setProps({
  handleDOMEvents: deaf,
  handlePaste(view, event) {
    const files = [...(event.clipboardData?.files ?? [])];
    for (const file of asked.has("stuck") ? [] : files) {
      const number = was.files.push({ name: file.name, type: file.type, size: file.size });
      setTimeout(() => {
        const src = `https://mmbiz.qpic.cn/mmbiz_png/picture${number}/640?wx_fmt=png`;
        const image = view.state.schema.nodes.image.create({ src });
        view.dispatch(view.state.tr.insert(view.state.doc.content.size - 1, image));
      }, 100);
    }
    return files.length > 0;
  },
});
function read() {
  const copy = body.dom.cloneNode(true);
  for (const each of copy.querySelectorAll(".ProseMirror-trailingBreak, .ProseMirror-separator")) each.remove();
  for (const each of copy.querySelectorAll("img")) {
    each.setAttribute("data-src", each.getAttribute("src"));
    each.removeAttribute("src");
  }
  if (asked.has("drops")) for (const each of copy.querySelectorAll("blockquote")) each.replaceWith(...each.childNodes);
  return copy.innerHTML;
}
function write(html) {
  body.dispatch(body.state.tr.delete(0, body.state.doc.content.size));
  body.pasteHTML(html);
}
const start = Date.now();
const answers = {
  mp_editor_get_isready: () => ({ isReady: !asked.has("late") || Date.now() - start > 1500, isNew: !asked.has("old") }),
  mp_editor_get_content: () => ({ content: read() }),
  mp_editor_set_content: ({ content }) => asked.has("refuses") ? null : (write(content), {}),
  mp_editor_insert_html: ({ html }) => (body.pasteHTML(html), {}),
  mp_editor_change_cover: (given) => (was.covers.push(given), {}),
};
window.__MP_Editor_JSAPI__ = {
  invoke({ apiName, apiParam, sucCb, errCb }) {
    was.calls.push(apiName);
    const answer = answers[apiName]?.(apiParam ?? {}) ?? null;
    setTimeout(() => answer ? sucCb?.(answer) : errCb?.({ errMsg: "fail" }), 5);
  },
};
window.fill = write;
"""

POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' https: data: blob:; frame-src 'none'"
)


def stand(context: Any) -> None:
    """Answer for WeChat in `context`, and for nobody else."""

    def answer(route: Any) -> None:
        path = route.request.url.partition("mp.weixin.qq.com")[2]
        if path == "/editor.js":
            return route.fulfill(body=EDITOR.read_text(encoding="utf-8"), content_type="text/javascript")
        if path == "/page.js":
            return route.fulfill(body=SCRIPT, content_type="text/javascript; charset=utf-8")
        return route.fulfill(body=PAGE, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    context.route("https://mp.weixin.qq.com/**", answer)
    context.route("https://mmbiz.qpic.cn/**", lambda route: route.fulfill(body=DOT, content_type="image/png"))


class Panel:
    """The panel over the editor, as a person sees and presses it: its root is closed to scripts, so CDP has to look."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self._cdp = page.context.new_cdp_session(page)

    def _nodes(self) -> list[dict[str, Any]]:
        tree = self._cdp.send("DOM.getDocument", {"depth": -1, "pierce": True})["root"]
        found: list[dict[str, Any]] = []

        def visit(node: dict[str, Any], inside: bool) -> None:
            inside = inside or node["nodeName"] == "WXPUB-PANEL"
            if inside:
                found.append(node)
            for each in (*node.get("children", ()), *node.get("shadowRoots", ())):
                visit(each, inside)

        visit(tree, False)
        return found

    def text(self) -> str:
        return "\n".join(each["nodeValue"] for each in self._nodes() if each["nodeName"] == "#text")

    def has(self, words: str, seconds: float = 15) -> str:
        """Wait until it says `words`; give all that it says."""
        for _ in range(int(seconds * 20)):
            if words in (said := self.text()):
                return said
            self.page.wait_for_timeout(50)
        raise AssertionError(f"the panel does not say {words!r} but {self.text()!r}")

    def click(self, words: str) -> None:
        self.has(words)
        node = next(
            each
            for each in self._nodes()
            if each["nodeName"] in ("BUTTON", "SUMMARY")
            and words in "".join(child.get("nodeValue", "") for child in each.get("children", ()))
        )
        box = self._cdp.send("DOM.getBoxModel", {"nodeId": node["nodeId"]})["model"]["content"]
        self.page.mouse.click((box[0] + box[4]) / 2, (box[1] + box[5]) / 2)

    def write(self, text: str) -> None:
        """Paste `text` into its field."""
        (field,) = (each for each in self._nodes() if each["nodeName"] == "TEXTAREA")
        self._cdp.send("DOM.focus", {"nodeId": field["nodeId"]})
        self.page.keyboard.insert_text(text)


def pixel() -> str:
    return base64.b64encode(DOT).decode()
