"""Every theme as a phone shows it, by day and by night: writes docs/themes/NAME.png.

    python bench/screenshots.py [ISSUE.md]

Needs Playwright and a Chromium, like the browser tests.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from wxpub import article, images, theme  # noqa: E402
from wxpub.page import render  # noqa: E402
from wxpub.preview import pages  # noqa: E402
from wxpub.target import Placed  # noqa: E402

HEIGHT = 1400  # CSS pixels of an article that a picture shows
GAP = 16


def main() -> None:
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
            pair = []
            for dark in (False, True):
                page.set_content(pages.phone(shown, dark=dark))
                pair.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
            sheet = Image.new("RGB", (2 * pages.PHONE + GAP, HEIGHT), "#888")
            sheet.paste(pair[0], (0, 0))
            sheet.paste(pair[1], (pages.PHONE + GAP, 0))
            sheet.quantize(96).save(folder / f"{name}.png", optimize=True)
            print(folder / f"{name}.png")
        browser.close()


def picture(src: str, path: Path) -> Placed:
    """Embed a picture of the issue."""
    import base64

    image = images.Store(path, ROOT).fit(src)
    return Placed(f"data:{image.mime};base64,{base64.b64encode(image.data).decode()}", image.width, image.height)


if __name__ == "__main__":
    main()
