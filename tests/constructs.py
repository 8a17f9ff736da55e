"""Every construct of a letter inside every other, for tests that look at all of them: nothing in, Markdown out."""

from __future__ import annotations

from collections.abc import Callable

# Inline marks around a text; the addresses differ, so that each link gets a note of its own.
_MARKS: dict[str, Callable[[str], str]] = {
    "bold": lambda text: f"**{text}**",
    "slanted": lambda text: f"*{text}*",
    "struck": lambda text: f"~~{text}~~",
    "marked": lambda text: f"=={text}==",
    "code": lambda text: f"<code>{text}</code>",
    "key": lambda text: f"<kbd>{text}</kbd>",
    "raised": lambda text: f"<sup>{text}</sup>",
    "link": lambda text: f"[{text}](https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv)",
    "noted": lambda text: f"[{text}](https://example.com/{abs(hash(text)) % 99991})",
}
LINE = "字[^1] https://example.com/printed " + " ".join(mark(name) for name, mark in _MARKS.items())
PAIRS = " ".join(
    mark(within(name))
    for outer, mark in _MARKS.items()
    for name, within in _MARKS.items()
    if outer != name and not {outer, name} <= {"link", "noted"}
)
_CODE = """```python
@decorator
def name(count: int) -> str:
    return "string" + str(12)  # comment
```

```diff
- removed
+ added
```"""


def _indented(text: str, by: str) -> str:
    return "\n".join(by + line if line else by.rstrip() for line in text.splitlines())


# What holds other blocks: a line and the blocks after it in, the whole out.
HOLDERS: dict[str, Callable[[str, str], str]] = {
    "quote": lambda line, text: _indented(f"{line}\n\n{text}", "> "),
    **{
        kind.lower(): lambda line, text, kind=kind: _indented(f"[!{kind}]\n{line}\n\n{text}", "> ")
        for kind in ("NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION")
    },
    "list": lambda line, text: f"- {line}\n\n{_indented(text, '  ')}\n- 二",
    "numbers": lambda line, text: f"1. {line}\n\n{_indented(text, '   ')}\n2. 二",
    "item": lambda line, text: (
        f"- [题 | 源](https://example.com/item)  \n  摘要：{line}  \n  代码：https://example.com/code\n\n"
        f"{_indented(text, '  ')}\n- [题 | 源](https://example.com/other)  \n  摘要：字"
    ),
    "inner": lambda line, text: f"- 一\n  - {line}\n\n{_indented(text, '    ')}",
    "fold": lambda line, text: f"<details><summary>折</summary>\n\n{line}\n\n{text}\n\n</details>",
    "definition": lambda line, text: f"<dl><dt>词</dt><dd>\n\n{line}\n\n{text}\n\n</dd></dl>",
}
# What holds text alone.
LEAVES: dict[str, str] = {
    "text": f"{LINE} $x^2$ {PAIRS}",
    **{f"heading {level}": f"{'#' * level} {LINE} {PAIRS}" for level in range(1, 5)},
    "table": "\n".join([f"| {LINE} {PAIRS} | 二 |", "|---|---|", *[f"| {LINE} | `b` |"] * 2]),
    "wide table": "\n".join([f"| {LINE} | 二 | 三 | 四 |", "|---|:-:|--:|---|", *[f"| {LINE} | `b` | 三 | 四 |"] * 2]),
    "code": _CODE,
    "picture": '![字](p.png "题注")',
    "tasks": "- [ ] 未\n- [x] 已",
    "rule": "---",
    "formula": "$$x^2$$",
    "grid": "| 2 | 0 | 2 | 6 |\n|---|---|---|---|\n"
    "| - | [2026-11-01](https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUw) | [2026-10-18](https://example.com/a) | |",
}
INNER_LEAVES = [leaf.replace(PAIRS, "") for leaf in LEAVES.values()]
_END = f"\n\n[^1]: 脚注，{LINE.replace('[^1]', '')}\n\n    > {LINE.replace('[^1]', '')}\n"


def everything() -> str:
    """Give the Markdown of one document: all leaves, all in each holder, and each holder in each holder."""
    alone = [*LEAVES.values()]
    once = [holder(LINE, "\n\n".join(INNER_LEAVES)) for holder in HOLDERS.values()]
    twice = [holder("字", within(LINE, "字")) for holder in HOLDERS.values() for within in HOLDERS.values()]
    text = "\n\n<!-- -->\n\n".join(["开头", "> 导读：字", "[TOC]", *alone, *once, *twice])
    return text + _END
