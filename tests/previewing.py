"""What the tests of the preview share: an issue that has everything, its page, and the words a reader sees of HTML."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wxpub import issue
from wxpub.finding import Finding, Rule
from wxpub.issue import Issue
from wxpub.page import Page
from wxpub.preview.build import Builder
from wxpub.preview.server import Session, run
from wxpub.target import PASTE, Placed

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LINK_EMPTY = Rule("link-empty", "warning", "a link has no address")
TEXT = """\
---
title: 预览的一期
author: 编辑部
digest: 一句话的摘要
date: 2026-11-20
source_url: https://example.com/letter/1
---

# 第一节

段落里有**加粗**、`inline code` 和[外链](https://example.com/a)，还有[旧文](https://mp.weixin.qq.com/s/abcdef)。

- 要点：**一**行；
- 第二项
  1. 里层一
  2. 里层二
- 第三项

> 引用的话。

## 表格

| 甲 | 乙 |
|----|----|
| 一 | 二 |
| 三 | 四 |

## 代码

```python
def answer():
    return 42   # 三个空格

print(answer())
```

![一个点](dot.png "图注")

![远方的图](https://pictures.example.com/far.png)

最后一段。
"""


def write(folder: Path, text: str = TEXT) -> Path:
    """Write the issue and its picture into `folder`."""
    (folder / "dot.png").write_bytes(DOT)
    path = folder / "issue.md"
    path.write_text(text, encoding="utf-8")
    return path


def load(path: Path, name: str = "") -> Issue:
    """Open the issue as the command does."""
    return issue.open(path, theme=name or None)


def pages(path: Path) -> tuple[Page, str, dict[str, Placed]]:
    """Finish the issue as it is sent, and write it as it is pasted, its own image embedded."""
    opened = load(path)
    placed = {"dot.png": Placed("data:image/png;base64," + base64.b64encode(DOT).decode(), 1, 1)}
    return opened.page(), opened.page(PASTE).fill(placed), placed


def finding(line: int = 12, path: Path = Path("issue.md")) -> Finding:
    return LINK_EMPTY.find("一个空链接 <b>", path, line, fix="补上地址")


def line_of(text: str, words: str) -> int:
    """Return the number of the first line of `text` that has `words`."""
    return next(number for number, line in enumerate(text.split("\n"), 1) if words in line)


def builder(path: Path, **options: Any) -> Builder:
    return Builder(path, lambda name: load(path, name), **options)


@contextmanager
def preview(path: Path, **options: Any) -> Iterator[Session]:
    """Run the preview of the issue at `path`, on a free port unless one is asked for."""
    with run(builder(path), **{"port": 0, **options}) as session:
        yield session
