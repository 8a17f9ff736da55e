"""What a letter of thousands of issues costs: `--write` fills its table in docs/performance.md.

    python bench/archive.py [--sizes 500,1000,2000] [--write]

The issues are generated, alike for everybody: some 8,000 bytes with twenty items, a table of back issues, links to the
issues before, a picture in every fourth, and a footer that leads to the neighbours. Each command is a process of its
own, run once for each size; what has to be linear shows in the processor time for an issue.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from costs import PAGE, ROOT, Cost, Job, run

SIZES = (500, 1_000, 2_000)
MARK, END = "<!-- made by bench/archive.py -->\n", "<!-- end -->\n"
WORDS = """
模型 压缩 量化 推理 芯片 传感器 唤醒词 语音 图像 检测 剪枝 蒸馏 编译器 内存 功耗 数据集 基准 论文 开源 部署 单片机 定点
稀疏 注意力 调度 固件 电池 摄像头 雷达 边缘
"""
SETTINGS = """[article]
author = "编辑部"
footer = "blocks/footer.md"
[cover]
series = "嵌入式简报"
[site]
url = "https://letter.example/"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of issues, the largest last")
    parser.add_argument("--write", action="store_true", help="write the table to docs/")
    options = parser.parse_args()
    costs: dict[int, dict[str, Cost]] = {}
    for size in map(int, options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as place:
            costs[size] = measured(Path(place), size)
        print(f"{size} issues measured", file=sys.stderr, flush=True)
    text = table(costs)
    print(text)
    if options.write:
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(MARK)
        PAGE.write_text(f"{head}{MARK}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def measured(place: Path, size: int) -> dict[str, Cost]:
    """Generate a letter of `size` issues and run the commands on it."""
    root = place / "letter"
    paths = letter(root, size)
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("WXPUB_", "XDG_", "PYTHON"))},
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(place / "cache"),
    }

    def wxpub(*arguments: str | Path) -> Cost:
        return run(Job([sys.executable, "-m", "wxpub", *arguments], env, folder=root))

    wxpub("convert", paths[0], "-o", place / "page.html")  # compiles the theme and keeps it
    costs = {"`site`, all pages": wxpub("site", place / "out")}
    costs["`site` again, nothing changed"] = wxpub("site", place / "out")
    paths[-1].write_text(paths[-1].read_text(encoding="utf-8") + "\n又一段。\n", encoding="utf-8")
    costs["`site` again, one issue changed"] = wxpub("site", place / "out")
    costs["`index table` of the newest"] = wxpub("index", "table", paths[-1])
    costs["`check` of the newest"] = wxpub("check", paths[-1])
    return costs


def letter(root: Path, size: int) -> list[Path]:
    """Write a letter of `size` issues, a week apart, and return their files."""
    chance = random.Random(size)
    for folder in ("issues", "images", "blocks"):
        (root / folder).mkdir(parents=True)
    shutil.copy(ROOT / "examples/images/battery.png", root / "images/picture.png")
    (root / "wxpub.toml").write_text(SETTINGS, encoding="utf-8")
    (root / "blocks/footer.md").write_text("{{ block neighbours }}\n\n本期采用 CC BY 4.0 许可。\n", encoding="utf-8")
    first = date(1985, 1, 2)
    days = [(first + timedelta(7 * number)).isoformat() for number in range(size)]
    paths = [root / f"issues/{day}.md" for day in days]
    for number, path in enumerate(paths):
        path.write_text(issue(number, days, chance), encoding="utf-8")
    return paths


def issue(number: int, days: Sequence[str], chance: random.Random) -> str:
    """Write the issue of a number."""
    known = WORDS.split()

    def words(count: int) -> str:
        return "".join(chance.choices(known, k=count))

    topics = "、".join(chance.sample(known, 3))
    parts = [f"# 嵌入式简报 第 {number + 1} 期：{topics}\n\n> 导读：本期二十条。{topics}。\n"]
    for section in ("新闻", "论文", "开源项目", "博文"):
        parts.append(f"\n## {section}\n\n")
        for item in range(5):
            url = f"https://{chance.choice(known).encode().hex()}.example/{number}/{item}"
            parts.append(
                f"- **[{words(6)}]({url})** | {words(2)}  \n  摘要：{words(30)}，`{item}` 与 {words(20)}。\n\n"
            )
    if number % 4 == 0:
        parts.append("![续航](../images/picture.png)\n\n")
    back = days[max(0, number - 24) : number]
    if back:
        parts.append("## 往期\n\n| | | | |\n|---|---|---|---|\n")
        cells = [f"[{day}]({day}.md)" for day in back]
        parts += [f"| {' | '.join(cells[at : at + 4])} |\n" for at in range(0, len(cells), 4)]
    return "".join(parts)


def table(costs: Mapping[int, Mapping[str, Cost]]) -> str:
    """Write what each command took, for each number of issues, as Markdown."""
    sizes = list(costs)
    lines = [
        f"| processor seconds (clock, on {os.cpu_count()} cores) | {' | '.join(f'{size:,} issues' for size in sizes)} "
        "| an issue of the most ÷ of the fewest | memory of the most, MB |",
        "|---|" + "--:|" * (len(sizes) + 2),
    ]
    for name in costs[sizes[0]]:
        found = [costs[size][name] for size in sizes]
        cells = [f"{each.cpu:.1f} ({each.wall:.1f})" for each in found]
        growth = found[-1].cpu / sizes[-1] / (found[0].cpu / sizes[0])
        lines.append(f"| {name} | {' | '.join(cells)} | {growth:.2f} | {found[-1].memory:,.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
