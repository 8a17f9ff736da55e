"""Make the pictures of this folder: the live preview of an example issue, by day and by night, wide and narrow.

    python docs/screenshots/make.py

Needs Chromium, a Chinese font, the development requirements, and `make packages` for the stand-in of WeChat's editor.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from PIL import Image
from playwright.sync_api import sync_playwright

from wxpub import issue, language, push, serve
from wxpub.preview.build import Builder
from wxpub.preview.live import Destination, Outcome
from wxpub.preview.server import run

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))

from editors import ADDRESS, Panel, stand  # noqa: E402

EXAMPLES = HERE.parent.parent / "examples"
SIZES = {1280: 800, 375: 760}  # width → height, in pixels


def main() -> None:
    language.use("zh")
    with preview() as (url, path), sync_playwright() as playwright:
        chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            for width, height in SIZES.items():
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=scheme, locale="zh-CN"
                )
                page = context.new_page()
                page.goto(url)
                page.wait_for_selector("#panel-list img", state="attached")
                page.wait_for_timeout(300)
                save(page, f"preview-{scheme}-{width}")
                if width == 375:
                    page.click("[data-shows=details]")
                    page.wait_for_timeout(300)
                    save(page, f"preview-{scheme}-{width}-details")
                elif scheme == "light":
                    whole_story(page, path)
                context.close()
        into_the_editor(browser, url)
        phone_and_drafts(browser)
        browser.close()


def whole_story(page: Any, path: Path) -> None:
    """Show what an editor sees further down, and when something is wrong."""
    page.eval_on_selector("#panel-list", "(each) => each.scrollIntoView()")
    page.frame_locator("#article").locator("h2").nth(1).evaluate("(each) => each.scrollIntoView()")
    page.wait_for_timeout(200)
    save(page, "preview-panels")
    text = path.read_text(encoding="utf-8")
    path.write_text("---\ntitle: [本期\n---\n" + text, encoding="utf-8")
    page.wait_for_selector("#problem:not([hidden])")
    save(page, "preview-error")
    path.write_text(text, encoding="utf-8")
    page.wait_for_selector("#problem", state="hidden")


def into_the_editor(browser: Any, url: str) -> None:
    """Show the page with the ways into WeChat's editor, and the panel over a stand-in of it when all is done."""
    context = browser.new_context(viewport={"width": 900, "height": 800}, locale="zh-CN")
    stand(context)
    page = context.new_page()
    page.goto(f"{url}editor")
    address = page.get_attribute("#bookmarklet", "href")
    save(page, "editor-page")
    page.goto(ADDRESS)
    page.wait_for_function("window.__MP_Editor_JSAPI__")
    page.evaluate(unquote(address.removeprefix("javascript:")))
    panel = Panel(page)
    panel.click("取文章")
    panel.click("放进编辑器")
    panel.has("已放进编辑器", 60)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)
    save(page, "editor-panel")
    context.close()


def phone_and_drafts(browser: Any) -> None:
    """Show an issue as a phone shows it, beside the draft box of the local WeChat after a few pushes."""
    phone, box, height, gap, ground = 375, 880, 760, 32, "#e9eaec"
    with serve() as wechat, tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "weiguang"
        shutil.copytree(EXAMPLES, folder)
        receipts = [push(issue.open(path), account=wechat) for path in sorted((folder / "issues").glob("*.md"))]
        pictures = []
        for width, address in ((phone, f"/frame/draft/{receipts[-1].media_id}/0?dark=0"), (box, "/")):
            page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN", device_scale_factor=2)
            page.goto(wechat.url + address)
            page.wait_for_timeout(300)
            pictures.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
            page.close()
    sheet = Image.new("RGB", (2 * (phone + box + 3 * gap), 2 * (height + 2 * gap)), ground)
    sheet.paste(pictures[0], (2 * gap, 2 * gap))
    sheet.paste(pictures[1], (2 * (phone + 2 * gap), 2 * gap))
    sheet = sheet.resize((sheet.width // 2 * 3 // 2, sheet.height // 2 * 3 // 2), Image.Resampling.LANCZOS)
    sheet.quantize(256, dither=Image.Dither.NONE).save(HERE / "phone-and-drafts.png", optimize=True)


@contextmanager
def preview() -> Iterator[tuple[str, Path]]:
    """Run the preview of a copy of the example."""

    def pushed(destination: str, theme: str, say: Callable[[str], None], tick: Callable[[int, int], None]) -> Outcome:
        return Outcome("created")

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "weiguang"
        shutil.copytree(EXAMPLES, folder)
        path = folder / "issues" / "2026-11-15.md"
        destinations = (Destination("drafts", "微光"), Destination("sandbox"))
        builder = Builder(path, lambda theme: issue.open(path, theme=theme or None))
        with run(builder, port=0, push=pushed, destinations=destinations) as session:
            yield session.url, path


def save(page: Any, name: str) -> None:
    """Save what the page shows in 256 colours, which a screen of text does not notice."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(HERE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
