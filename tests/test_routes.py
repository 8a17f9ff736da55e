"""One article by every route: `convert`, its copy button, `--fragment`, the live preview, a paste, a push.

Each route's article is laid out by Chromium under the style sheet of WeChat's page, as a phone shows it, after all that
stands in its way: the web editor for what is pasted, the API's filter for what is pushed. The boxes of all blocks and
pictures are then where the others have them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from conftest import EDITOR
from previewing import preview
from pushing import newsletter, picture

from wxpub import issue, theme
from wxpub.issue import Issue
from wxpub.preview import pages
from wxpub.preview.server import Session
from wxpub.sandbox import Sandbox

pytestmark = pytest.mark.browser

TOLERANCE = 1  # CSS pixel
Boxes = list[list[Any]]  # of each block what it is and says, and its left, top, width and height
PICTURES = {"badge.png": (88, 20), "small.png": (180, 120), "middle.png": (400, 300), "wide.png": (1200, 600)}
TEXT = """\
---
title: 每条路都一样
source_url: https://letter.example/routes
---

> 导读：这一期把每一种写法各写一次，看它走哪条路都在同一处。
>
> - 引用里的列表

# 一级标题

一段话，里面有**加粗**、*强调*、`code`、~~删除~~、H<sub>2</sub>O、脚注[^1]和[外面的链接](https://example.com/a)，写得长一些，长到换行。

## 二级标题

- [条目的标题，长到在手机上一定会换行，用来看第二行 | 来源](https://mp.weixin.qq.com/s/abcdefghijklmnopqrstuv)
  摘要：说明它为什么值得读。
- [外面的条目 | 某某博客](https://example.com/b)
  代码：https://github.com/example/a-repository
    1. 里层的列表
    2. 第二点，写得长一些，长到会换行，看看悬挂缩进是否对齐

### 三级标题

- 短条目
- 另一条，写得长一些，长到会换行，看看第二行是否与第一行的文字对齐而不是与圆点对齐
    - 里层
        - 再里层

1. 有序
2. 列表

   条目里的第二段

5. 从五开始
6. 接着六

- [ ] 没做完的事
- [x] 做完的事

#### 四级标题

---

```python
def fibonacci(count: int) -> list[int]:
    return [0, 1]  # a line that is much too long for a phone, so that it has to scroll sideways
```

| 模型 | 精度 | 说明 |
|:-----|:----:|-----:|
| A | 75.3% | 短 |
| B | 76.1% | 写得长一些，长到一格里要换几行 |

| 一 | 二 | 三 | 四 | 五 |
|----|----|----|----|----|
| 甲 | 乙 | 丙 | 丁 | 这一列的文字长到一格里要换几行才放得下 |

> [!NOTE]
> 说明：有 `code` 和**加粗**。

![一](badge.png)

![一](small.png "一张小图的题注")

![二](middle.png)

![三](wide.png "一张大图的题注")

文字里的 ![](badge.png) 小图。

![](badge.png) ![](badge.png) ![](badge.png) ![](badge.png) ![](badge.png)

![](middle.png) ![](middle.png)

![](small.png)
![](small.png)

<p align="center"><img src="wide.png" width="45%"> <img src="wide.png" width="45%"></p>

<div align="center"><img src="middle.png"> <img src="middle.png"></div>

文字里的 ![](badge.png) ![](badge.png) 两张小图。

<p align="center"><img src="wide.png" width="120"> <img src="middle.png" width="120"></p>

<img src="wide.png" width="600">

$$
e^{i\\pi}+1=0
$$

<details><summary>折叠的标题</summary>

折叠的内容

</details>

<dl><dt>术语</dt><dd>解释</dd></dl>

[^1]: 作者自己的脚注。
"""

# The boxes of all blocks and pictures: what each is, what it says, and where it is from the first one. Left out are
# blocks that say nothing (the editor's own empty line above what is pasted, the guards) and those whose only trace is
# where their content stands: sections, and paragraphs without a style, which the editor puts around text.
BOXES = r"""async (selector) => {
    const root = document.querySelector(selector);
    await Promise.all([...root.querySelectorAll("img")].map((image) => image.decode()));
    const squeeze = (text) => text.replace(/[\s\u00a0]+/g, "").slice(0, 12);
    const drawn = "hr, img, svg, td";
    const blocks = [...root.querySelectorAll(`p[style], h1, h2, h3, li, ul, ol, blockquote, table, th, ${drawn}`)]
        .filter((each) => squeeze(each.textContent) || each.matches(drawn) || each.querySelector(drawn))
        .map((each) => [`${each.localName} ${squeeze(each.textContent)}`, each.getBoundingClientRect()]);
    const top = blocks[0][1].top;
    return blocks.map(([name, box]) => [name, box.left, box.top - top, box.width, box.height]);
}"""
# What the web editor saves: its lists have a class, which indents them on WeChat's page (seen in saved articles).
SAVED = r"""() => {
    const saved = document.querySelector(".ProseMirror").cloneNode(true);
    saved.querySelectorAll("ul, ol").forEach((list) => list.classList.add("list-paddingleft-1"));
    saved.querySelectorAll("img.ProseMirror-separator, br.ProseMirror-trailingBreak").forEach((each) => each.remove());
    return saved.innerHTML;
}"""


@pytest.fixture(autouse=True)
def _in_the_language_of_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for no language: what the tool itself says is English, by the locale."""
    monkeypatch.delenv("WXPUB_LANG")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


class Phone:
    """A browser as wide as a phone that looks at an article by every route, in a theme; each gives its boxes."""

    def __init__(self, context: Any) -> None:
        self.page, self.editor = context.new_page(), context.new_page()

    def alone(self, opened: Issue, folder: Path) -> Boxes:
        """Open the page that `convert` writes."""
        place = folder / "page.html"
        place.write_text(pages.alone(opened).html, encoding="utf-8")
        self.page.goto(place.as_uri())
        return self.framed()

    def live(self, name: str, session: Session) -> Boxes:
        """Choose a theme in the live preview."""
        self.page.goto(session.url)
        self.page.wait_for_selector("#pulse.alive")
        self.page.select_option("#theme", name)
        for _ in range(2_000):
            if (view := session.live.snapshot.value) and view.state["theme"] == name:
                break
            self.page.wait_for_timeout(10)
        self.page.reload()
        return self.framed()

    def framed(self) -> Boxes:
        self.page.wait_for_selector("#panel-findings", state="attached")
        found: Boxes = self.page.frames[1].evaluate(BOXES, ".wx-content")
        return found

    def pasted(self) -> Boxes:
        """Click the copy button of what is open, paste into the web editor, and save there."""
        self.page.bring_to_front()
        self.page.click("#copy")
        self.page.wait_for_selector("#toast.shown")
        self.editor.bring_to_front()
        self.editor.set_content("<div id='place'></div>")
        self.editor.add_script_tag(path=EDITOR)
        self.editor.evaluate("() => wechat.editor(document.querySelector('#place')).focus()")
        self.editor.keyboard.press("Control+V")
        return self.read(self.editor.evaluate(SAVED))

    def read(self, html: str) -> Boxes:
        """Show an article's HTML on WeChat's page."""
        style = pages.read("static/wechat.css")
        self.editor.set_content(pages.fill("phone.html", scheme="", style=style, title="", html=html))
        found: Boxes = self.editor.evaluate(BOXES, ".wx-content")
        return found

    def sent(self, url: str) -> Boxes:
        """Open a draft as a reader sees it."""
        self.page.goto(url)
        found: Boxes = self.page.evaluate(BOXES, "#content")
        return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for name, size in PICTURES.items():
        picture(tmp_path / name, size=size)
    place = tmp_path / "issue.md"
    place.write_text(TEXT, encoding="utf-8")
    return place


@pytest.fixture
def phone(chromium: Any) -> Iterator[Phone]:
    context = chromium.new_context(
        viewport={"width": 375, "height": 800}, locale="zh-CN", permissions=["clipboard-read", "clipboard-write"]
    )
    yield Phone(context)
    context.close()


def moved(one: Boxes, other: Boxes) -> list[tuple[Any, Any]]:
    """List the first blocks that are not in the same place, or not there."""

    def same(a: list[Any], b: list[Any]) -> bool:
        return a[0] == b[0] and all(abs(x - y) <= TOLERANCE for x, y in zip(a[1:], b[1:], strict=True))

    return [(a, b) for a, b in zip_longest(one, other, fillvalue=["nothing", 0, 0, 0, 0]) if not same(a, b)][:3]


@pytest.mark.npm
def test_every_route_puts_every_block_at_the_same_place(phone: Phone, path: Path, wechat: Sandbox) -> None:
    letter = newsletter(wechat, path.parent)
    found = {}
    with preview(path) as session:
        for name in theme.names():
            opened = issue.open(path, theme=name)
            fragment = phone.read(opened.page().fill(opened.embedded()[0]))
            routes = {"convert": phone.alone(opened, path.parent), "paste": phone.pasted()}
            routes |= {"preview": phone.live(name, session)}
            view = session.live.snapshot.value
            assert view and view.fragment() == pages.alone(opened).fragment  # both copy the same
            letter.write("pushed.md", TEXT.replace("title:", f"theme: {name}\ntitle:"))
            routes |= {"push": phone.sent(f"{wechat.url}/frame/draft/{letter.push('pushed.md').media_id}/0")}
            found |= {f"{name}, {route}": lost for route, there in routes.items() if (lost := moved(fragment, there))}
    assert found == {}
