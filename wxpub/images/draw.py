"""Pictures made here: a text in, a QR code or a cover out; the same bytes for the same text."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from wxpub.errors import SourceError
from wxpub.images.picture import Image, Source, digest
from wxpub.limits import COVER_PIXELS

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

QR_BYTES = 1273  # a QR code of the largest size at level H holds this many; ours is level M, easier to read when short
NO_FONT = "no Chinese font was found, so the cover carries no title"
_DESIGN = "1"  # changes when covers are drawn differently, so that they are uploaded anew
# Where Chinese fonts are on Windows, macOS and Linux: looking there is quicker than asking fontconfig.
_FONTS = (
    "C:/Windows/Fonts/msyhbd.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simhei.ttf",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "/System/Library/Fonts/STHeiti Medium.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)


def qrcode(src: str) -> Source:
    """Draw `qrcode:TEXT` as a PNG with the margin that readers need. Raises SourceError if it is too long."""
    text = src.removeprefix("qrcode:")
    if not text or len(text.encode()) > QR_BYTES:
        raise SourceError(f"a QR code of {len(text.encode())} bytes; it takes 1 to {QR_BYTES}")
    import qrcode as qr
    from qrcode.image.pil import PilImage

    code = qr.QRCode(error_correction=qr.constants.ERROR_CORRECT_M, box_size=10, border=4)
    code.add_data(text.encode())
    out = io.BytesIO()
    code.make_image(image_factory=PilImage).save(out)
    return Source(src, "qrcode.png", out.getvalue(), digest(src.encode()))


def terminal_qrcode(text: str) -> str:
    """Draw a QR code for a terminal; see `wxpub.images.terminal_qrcode`."""
    import qrcode as qr

    code = qr.QRCode(error_correction=qr.constants.ERROR_CORRECT_L, border=2)
    code.add_data(text.encode())
    out = io.StringIO()
    code.print_ascii(out, invert=True)
    return out.getvalue()


def cover_source(title: str, colours: tuple[str, str]) -> Source:
    """Name the cover of `title`, so that it is known again without being drawn; its `src` says all that it shows."""
    src = ":".join(("cover", *colours, title))
    drawn = "text" if font_path() else "plain"
    return Source(src, "cover.png", b"", digest("\0".join((_DESIGN, drawn, src)).encode()))


def draw_cover(source: Source) -> Image:
    """Draw what `cover_source` named; see `wxpub.images.cover`."""
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    width, height = COVER_PIXELS
    _, *colours, title = source.src.split(":", 3)
    ground, accent = (_colour(each) for each in colours)
    picture = Pillow.new("RGB", COVER_PIXELS, ground)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height - 14, width, height), fill=accent)
    font = font_path()
    text = _drawable(title)
    if font and text:
        # The square crop of message lists shows the middle 383 pixels alone: short lines keep the title whole there.
        face, lines = _fitting(draw, text, lambda size: ImageFont.truetype(font, size, index=_index(font)))
        step = face.size * 1.35
        top = (height - 14 - step * len(lines)) / 2 + step / 2
        for number, line in enumerate(lines):
            draw.text((width / 2, top + number * step), line, font=face, fill=_readable(ground), anchor="mm")
    else:
        draw.rectangle((width // 2 - 60, height // 2 - 6, width // 2 + 60, height // 2 + 6), fill=accent)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return Image("cover.png", out.getvalue(), "image/png", width, height, "" if font else NO_FONT)


def stand_in(src: str) -> tuple[Source, Image]:
    """Draw a grey picture; it is the same for every `src`."""
    from PIL import Image as Pillow

    out = io.BytesIO()
    Pillow.new("RGB", (600, 80), "#d9d9d9").save(out, "PNG")
    source = Source(src, src, out.getvalue(), digest(out.getvalue()))
    return source, Image("stand-in.png", source.data, "image/png", 600, 80)


def font_path() -> str | None:
    """Find a font with Chinese characters: a well-known file, else fontconfig's choice; None if there is none."""
    known = next((each for each in _FONTS if Path(each).is_file()), None)
    program = shutil.which("fc-list")
    if known or not program:
        return known
    question = [program, ":lang=zh-cn", "file"]
    asked = subprocess.run(question, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603  our own words
    found = sorted(filter(None, (line.rstrip(": ") for line in asked.stdout.splitlines())), key=_preference)
    return found[0] if found else None


def _preference(path: str) -> tuple[bool, bool, bool, str]:
    """Sort fonts: sans-serif before serif, bold first, outlines before bitmaps."""
    name = Path(path).name.lower()
    return (not name.endswith((".ttf", ".ttc", ".otf")), "serif" in name or "song" in name, "bold" not in name, path)


def _index(font: str) -> int:
    """Choose the simplified Chinese face of a collection; the first of Noto's is Japanese."""
    from PIL import ImageFont

    for index in range(12 if font.endswith(".ttc") else 0):
        try:
            family = ImageFont.truetype(font, 16, index=index).getname()[0] or ""
        except OSError:
            break
        if family.endswith(" SC") and "Mono" not in family:
            return index
    return 0


def _drawable(title: str) -> str:
    """Drop what the font has no shape for: emoji, control characters."""
    kept = (
        each
        for each in title
        if unicodedata.category(each) not in ("So", "Cc", "Cf", "Cs", "Co", "Cn") and ord(each) < 0x1F000
    )
    return " ".join("".join(kept).split())


def _fitting(draw: ImageDraw, text: str, face: object) -> tuple[FreeTypeFont, list[str]]:
    """Choose the largest size at which the title fits in three lines, and break it there."""
    assert callable(face)
    width = COVER_PIXELS[0] - 120
    for size in (64, 56, 48, 42, 36, 32, 28):
        font: FreeTypeFont = face(size)
        lines = _lines(draw, text, font, width)
        if len(lines) <= 3:
            return font, lines
    return font, [*lines[:2], lines[2][:-1] + "…"]


def _lines(draw: ImageDraw, text: str, font: FreeTypeFont, width: int) -> list[str]:
    """Break `text` as Chinese is: between any two characters, but not in a Latin word or before punctuation."""
    lines = [""]
    for piece in re.findall(r"[A-Za-z0-9_.+\-/]+\s*|.[，。、；：！？）】》」』,.;:!?)\]]*\s*", text):
        if lines[-1] and draw.textlength((lines[-1] + piece).rstrip(), font=font) > width:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines]


def _colour(text: str) -> tuple[int, int, int]:
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise SourceError(f"{text!r} is no colour", hint="write it as #rrggbb") from None
    return red, green, blue


def _readable(ground: tuple[int, int, int]) -> str:
    red, green, blue = ground
    return "#1f2329" if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else "#ffffff"
