"""What the documents show: themes on a phone, back issues on a small one, the gallery, every design of a cover, cards.

    docs/themes/NAME.png               two screens of one issue by day, the same two by night
    docs/themes/grid.png               two years of back issues at 320 px, in every theme
    docs/themes/gallery.png            the page that has all themes side by side
    docs/screenshots/covers.png        each design with the square that is left of it
    docs/screenshots/site.png          index and page of a site on a computer by day, and on a phone at night
    docs/screenshots/mail.png          a mail, likewise

    docs/screenshots/cards.png         three cards of one issue in every theme

    python bench/screenshots.py [ISSUE.md]

Needs Playwright and a Chromium, like the browser tests.
"""

from __future__ import annotations

import io
import shutil
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from wxpub import article, images, issue, language, theme  # noqa: E402
from wxpub.desk import letter  # noqa: E402
from wxpub.elsewhere import mail, site  # noqa: E402
from wxpub.images.cover import DESIGNS, Cover, draw, read_title  # noqa: E402
from wxpub.page import render  # noqa: E402
from wxpub.preview import pages  # noqa: E402
from wxpub.target import EMAIL, Placed  # noqa: E402

HEIGHT = 1400  # CSS pixels of an article that a screen shows
SMALL, SMALL_HEIGHT = 320, 660  # a small phone, and so much of it as the back issues take
GAP = 16


def main() -> None:
    language.use("zh")
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples/issues/2026-11-15.md"
    source = article.read(path)
    folder = ROOT / "docs/themes"
    folder.mkdir(exist_ok=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": pages.PHONE, "height": HEIGHT})
        for name in theme.names():
            look = theme.load(name)
            shown = render(source, look)
            shown = render(source, look, images={each.src: picture(each.src, path) for each in shown.images})
            screens = []
            for dark in (False, True):
                page.set_content(pages.phone(shown, dark=dark))
                for top in (0, HEIGHT):
                    page.evaluate("(top) => scrollTo(0, top)", top)
                    screens.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
            save(beside(screens), f"{name}.png")
        grid(browser)
        gallery(browser, path)
        elsewhere(browser, path)
        browser.close()
    covers(ROOT / "docs/screenshots/covers.png")
    cards(path, ROOT / "docs/screenshots/cards.png")


COVERS = {
    "微光周刊（第 42 期）：装进口袋的编译器": ("#0f4c81", "#f0b429"),
    "产品更新（2026-11-15）：三个你等了很久的功能": ("#166534", "#f0b429"),
    "读书札记 第 7 期｜《小城的钟表匠》与慢下来的时间": ("#861f0f", "#b45309"),
    "设计漫谈 No.12：网格之外": ("#7c2d6b", "#f6ad55"),
    "嵌入式周报 (2026-11-15) 定点数入门/INT4 点积/毫瓦级唤醒词/一行命令转成 C 数组": ("#155e75", "#f0b429"),
    "夜航船｜第十八期｜写给秋天的一封信": ("#3f5d4e", "#c2512d"),
}


def covers(place: Path) -> None:
    """Draw one cover in each design, with the square that is left of it."""
    wide, square, gap = (630, 268), (268, 268), 12
    sheet = Image.new("RGB", (2 * (wide[0] + square[0] + 3 * gap), 3 * (wide[1] + gap) + gap), "#e9e9e6")
    for number, (design, (title, (ground, accent))) in enumerate(zip(DESIGNS, COVERS.items(), strict=True)):
        data, _ = draw(Cover(**read_title(title), design=design, ground=ground, accent=accent))
        whole = Image.open(io.BytesIO(data))
        middle = (whole.width - whole.height) // 2
        x = gap + number % 2 * (wide[0] + square[0] + 3 * gap)
        y = gap + number // 2 * (wide[1] + gap)
        sheet.paste(whole.resize(wide, Image.Resampling.LANCZOS), (x, y))
        cut = whole.crop((middle, 0, middle + whole.height, whole.height))
        sheet.paste(cut.resize(square, Image.Resampling.LANCZOS), (x + wide[0] + gap, y))
    sheet.quantize(256, dither=Image.Dither.NONE).save(place, optimize=True)
    print(place)


def cards(path: Path, place: Path) -> None:
    """Draw the title, one card of items and the end of an issue in every theme."""
    size, gap = (216, 288), 10
    names = theme.names()
    sheet = Image.new("RGB", (6 * (size[0] + gap) + gap, -(-len(names) // 2) * (size[1] + gap) + gap), "#e9e9e6")
    for number, name in enumerate(names):
        opened = issue.open(path, theme=name, as_newspic=True)
        sources = [each.src for each in opened.layout.images]
        for column, src in enumerate((sources[0], sources[3], sources[-1])):
            card = Image.open(io.BytesIO(opened.images.fit(src).data)).resize(size, Image.Resampling.LANCZOS)
            sheet.paste(card, (gap + (number % 2 * 3 + column) * (size[0] + gap), gap + number // 2 * (size[1] + gap)))
    sheet.quantize(192, dither=Image.Dither.NONE).save(place, optimize=True)
    print(place)


def beside(screens: list[Image.Image]) -> Image.Image:
    """Put pictures of one height side by side."""
    width = sum(each.width + GAP for each in screens) - GAP
    sheet = Image.new("RGB", (width, screens[0].height), "#888")
    left = 0
    for each in screens:
        sheet.paste(each, (left, 0))
        left += each.width + GAP
    return sheet


def save(sheet: Image.Image, name: str) -> None:
    """Save a picture for the documents in 192 colours, which text does not notice."""
    path = ROOT / "docs/themes" / name
    sheet.quantize(192, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path)


def grid(browser: Browser) -> None:
    """Show a letter's back issues on a small phone: an issue every other week of two years, as a table of four columns.

    The digits of each year stand in cells of their own, as letters write them.
    """
    rows = []
    for year in (2026, 2025):
        dates = [date(year, 12, 20) - timedelta(days=14 * each) for each in range(20)]
        cells = [*(str(year)), *(f"[{each}](https://mp.weixin.qq.com/s/{each:%Y%m%d}-aBcDeFgHiJkLm)" for each in dates)]
        rows += [f"| {' | '.join(cells[at : at + 4])} |" for at in range(0, len(cells), 4)]
    body = "\n".join(["## 往期回顾", "", rows[0], "|:-:|:-:|:-:|:-:|", *rows[1:]])
    source = article.Article(path=ROOT / "grid.md", body=body, title="微光")
    page = browser.new_page(viewport={"width": SMALL, "height": SMALL_HEIGHT})
    screens = []
    for name in theme.names():
        page.set_content(pages.phone(render(source, theme.load(name))))
        screens.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    half = len(screens) // 2
    upper, lower = beside(screens[:half]), beside(screens[half:])
    sheet = Image.new("RGB", (upper.width, upper.height + GAP + lower.height), "#888")
    sheet.paste(upper, (0, 0))
    sheet.paste(lower, (0, upper.height + GAP))
    save(sheet, "grid.png")


def gallery(browser: Browser, path: Path) -> None:
    """Show the page that has all themes side by side, scrolled to the headings and items."""
    opened = issue.open(path)
    embedded, _ = opened.embedded()
    looks = [replace(opened, theme=theme.load(name)) for name in theme.names()]
    page = browser.new_page(viewport={"width": 1440, "height": 960}, locale="zh-CN")
    page.set_content(pages.gallery([(each.theme, replace(each.page(), placed=embedded)) for each in looks]))
    page.wait_for_timeout(1000)
    page.evaluate("document.querySelector('#looks').scrollTop = 520")
    page.wait_for_timeout(300)
    shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    shown.quantize(128, dither=Image.Dither.NONE).save(ROOT / "docs/themes/gallery.png", optimize=True)
    print(ROOT / "docs/themes/gallery.png")


def elsewhere(browser: Browser, path: Path) -> None:
    """Show what readers outside WeChat get of the example letter: its site, and an issue as a mail."""
    with TemporaryDirectory() as folder:
        out = Path(folder)
        site.build(letter.find(path), out / "site", base="https://letter.example/", name="微光")
        index, page = (out / "site" / name for name in ("index.html", f"issues/{path.stem}.html"))
        sent = out / "mail.html"
        opened = issue.open(path)
        sent.write_text(mail.write(opened, opened.embedded(EMAIL)[0]).html, encoding="utf-8")
        for name, shown in (("site", (index, page)), ("mail", (sent,))):
            wide = [screen(browser, each, 1280, "light") for each in shown]
            narrow = [screen(browser, each, pages.PHONE, "dark") for each in shown]
            place = ROOT / f"docs/screenshots/{name}.png"
            beside([*wide, *narrow]).quantize(192, dither=Image.Dither.NONE).save(place, optimize=True)
            print(place)


def screen(browser: Browser, place: Path, width: int, scheme: Literal["light", "dark"]) -> Image.Image:
    """Show a file as a browser of `width` pixels does, in half the size where that is a computer's."""
    page = browser.new_page(viewport={"width": width, "height": 1600 if width > 1000 else 800}, color_scheme=scheme)
    page.goto(place.as_uri())
    page.wait_for_timeout(200)
    found = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return found.resize((width // 2, 800), Image.Resampling.LANCZOS) if width > 1000 else found


def picture(src: str, path: Path) -> Placed:
    """Embed a picture of the issue."""
    import base64

    image = images.Store(path, ROOT).fit(src)
    return Placed(f"data:{image.mime};base64,{base64.b64encode(image.data).decode()}", image.width, image.height)


if __name__ == "__main__":
    main()
