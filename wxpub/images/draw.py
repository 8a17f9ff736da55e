"""Images made here: a text in, the PNG of a QR code or a cover out; the same bytes for the same text."""

from __future__ import annotations

import io
import os
import struct
import sys
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wxpub.errors import SourceError
from wxpub.limits import COVER_PIXELS, words

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

QR_BYTES = 1273  # a QR code of the largest size at level H holds this many; ours is level M, easier to read when short
QR_BOX, QR_BORDER = 10, 4  # pixels of a module; modules of margin, which readers need
COVER_COLOURS = ("#0f4c81", "#f0b429")  # ground and bar, where a theme has no accent
NO_FONT = "no Chinese font was found, so the cover carries no title"
_BAR = 14  # pixels of the bar at a cover's foot
_DESIGN = "2"  # changes when covers are drawn differently, so that they are uploaded anew
_MARK = b"tEXtSoftware\0wxpub"  # tells our own PNGs from those that somebody else made
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
# What a child process gets of the environment: enough to start and to find libraries and fonts, and no secret.
_PASSED_ON = words(
    "PATH HOME LANG LC_ALL PYTHONHOME PYTHONPATH PYTHONUSERBASE LD_LIBRARY_PATH DYLD_LIBRARY_PATH XDG_DATA_HOME "
    "FONTCONFIG_FILE SYSTEMROOT WINDIR APPDATA LOCALAPPDATA USERPROFILE"
)


def environment() -> dict[str, str]:
    """Return the environment for a program that draws or is asked about fonts."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


# --- QR codes ---------------------------------------------------------------------------------------------------------


def qrcode(text: str) -> bytes:
    """Draw a QR code of `text` (UTF-8) as a PNG. Raises SourceError if the text is empty or too long."""
    data = text.encode()
    if not data or len(data) > QR_BYTES:
        raise SourceError(f"a QR code of {len(data)} bytes; it takes 1 to {QR_BYTES}")
    code = _code(data, "M", QR_BORDER)
    try:
        code.make()
    except ValueError:  # "glog(0)": qrcode does not get on with a row of zeros
        raise SourceError("a QR code of this text cannot be drawn") from None
    side = (len(code.modules) + 2 * QR_BORDER) * QR_BOX
    blank = b"\0" + b"\xff" * ((side + 7) // 8)
    lines = [blank * (QR_BORDER * QR_BOX)]
    for row in code.modules:
        bits = "".join("0" * QR_BOX if dark else "1" * QR_BOX for dark in row)
        bits = "1" * (QR_BORDER * QR_BOX) + bits + "1" * (QR_BORDER * QR_BOX)
        line = int(bits.ljust((side + 7) // 8 * 8, "1"), 2).to_bytes((side + 7) // 8, "big")
        lines.append((b"\0" + line) * QR_BOX)  # each line begins with its filter: none
    lines.append(blank * (QR_BORDER * QR_BOX))
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit of grey
    chunks = (b"IHDR" + head, b"IDAT" + zlib.compress(b"".join(lines), 9), b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


def terminal_qrcode(text: str) -> str:
    """Draw a QR code of `text` with block characters, for a terminal with light letters on a dark ground."""
    out = io.StringIO()
    _code(text.encode(), "L", 2).print_ascii(out, invert=True)
    return out.getvalue()


def _code(data: bytes, level: str, border: int) -> Any:
    """Lay out a QR code.

    One mask does for all texts: trying all eight, to choose the one that the standard likes best, takes ten times as
    long, and readers need none in particular.
    """
    # qrcode looks for Pillow when it is imported, and takes a twentieth of a second to find it; it does without.
    drawers = "qrcode.image.styles.moduledrawers.pil"
    hidden = sys.modules.setdefault(drawers, None) is None  # type: ignore[arg-type]  # None says: not to be imported
    try:
        import qrcode as qr
    finally:
        if hidden:
            sys.modules.pop(drawers, None)
    code = qr.QRCode(error_correction=getattr(qr.constants, f"ERROR_CORRECT_{level}"), border=border, mask_pattern=3)
    code.add_data(data)
    return code


# --- covers -----------------------------------------------------------------------------------------------------------


def cover_key(title: str, colours: tuple[str, str]) -> bytes:
    """Return all that the cover of `title` depends on; equal bytes, equal covers."""
    drawn = "text" if chinese_font() else "plain"
    return "\0".join((_DESIGN, drawn, *colours, title)).encode()


def cover(title: str, colours: tuple[str, str] = COVER_COLOURS) -> tuple[bytes, str]:
    """Draw a cover of 900 × 383 pixels: `title` on a ground of `colours` (ground and bar, `#rrggbb`).

    Returns the PNG, and a remark if the title could not be drawn because the system has no Chinese font ("" if it
    could). Raises SourceError for a colour that is not one.
    """
    from PIL import Image, ImageDraw, ImageFont
    from PIL.PngImagePlugin import PngInfo

    width, height = COVER_PIXELS
    ground, accent = (_colour(each) for each in colours)
    image = Image.new("RGB", COVER_PIXELS, ground)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, height - _BAR, width, height), fill=accent)
    font = chinese_font()
    text = _drawable(title)
    if font and text:
        index = _index(font)
        face, lines = _fitting(text, lambda size: ImageFont.truetype(font, size, index=index))
        step = face.size * 1.35
        top = (height - _BAR - step * len(lines)) / 2 + step / 2
        for number, line in enumerate(lines):
            pen.text((width / 2, top + number * step), line, font=face, fill=_readable(ground), anchor="mm")
    else:
        pen.rectangle((width // 2 - 60, height // 2 - 6, width // 2 + 60, height // 2 + 6), fill=accent)
    out, made_by = io.BytesIO(), PngInfo()
    made_by.add_text("Software", "wxpub")
    image.save(out, "PNG", optimize=True, pnginfo=made_by)
    return out.getvalue(), "" if font else NO_FONT


def is_cover(data: bytes) -> bool:
    """Whether `cover` made this file."""
    return _MARK in data[:256]


def stand_in() -> bytes:
    """Draw the grey box that takes the place of an image that cannot be reached now."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (600, 80), "#d9d9d9").save(out, "PNG")
    return out.getvalue()


def chinese_font() -> str | None:
    """Find the font in which covers are drawn: a well-known file, else fontconfig's choice; None if there is none."""
    import shutil
    import subprocess

    known = next((each for each in _FONTS if Path(each).is_file()), None)
    program = shutil.which("fc-list")
    if known or not program:
        return known
    asked = subprocess.run(  # noqa: S603  our own words
        [program, ":lang=zh-cn", "file"], capture_output=True, text=True, check=False, timeout=20, env=environment()
    )
    found = sorted(filter(None, (line.rstrip(": ") for line in asked.stdout.splitlines())), key=_preference)
    return found[0] if found else None


def _preference(path: str) -> tuple[bool, bool, bool, str]:
    """Sort fonts: outlines before bitmaps, sans-serif before serif, bold first."""
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


def _fitting(text: str, face: Callable[[int], FreeTypeFont]) -> tuple[FreeTypeFont, list[str]]:
    """Choose the largest size at which the title fits in three lines, and break it into lines of about one length."""
    units, column = _units(text), COVER_PIXELS[0] - 120
    for size in (64, 56, 48, 42, 36, 32, 28):
        font = face(size)
        measured = [
            (piece, font.getlength(piece), font.getlength(piece.rstrip()))
            for unit in units
            for piece in (unit if font.getlength(unit) > column else (unit,))  # cut where it must be
        ]
        lines = _lines(measured, column)
        if len(lines) <= 3:
            break
    else:
        return font, [*lines[:2], lines[2][:-1] + "…"]
    # The narrowest column that takes no more lines than this evens them out.
    widest = max(width for _, _, width in measured)
    narrow, wide = int(widest), column
    while wide - narrow > 4:
        middle = (narrow + wide) // 2
        narrow, wide = (middle, wide) if len(_lines(measured, middle)) > len(lines) else (narrow, middle)
    return font, _lines(measured, wide)


def _units(text: str) -> list[str]:
    """Cut `text` where a line may end (UAX 14), but not inside what is written without a space, such as C++."""
    from uniseg.linebreak import line_break_units

    units = [""]
    for unit in line_break_units(text):
        last = units[-1][-1:]
        joined = last.isascii() and unit[:1].isascii() and last not in (" ", "-", "/")
        if joined:
            units[-1] += unit
        else:
            units.append(unit)
    return [each for each in units if each]


def _lines(units: list[tuple[str, float, float]], column: float) -> list[str]:
    """Fill lines of `column` pixels with units, each with its width and its width at a line's end."""
    lines, used = [""], 0.0
    for unit, width, last in units:
        if lines[-1] and used + last > column:
            lines.append("")
            used = 0.0
        lines[-1] += unit
        used += width
    return [line.strip() for line in lines]


def _colour(text: str) -> tuple[int, int, int]:
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise SourceError(f"{text!r} is not a colour", hint="write it as #rrggbb") from None
    return red, green, blue


def _readable(ground: tuple[int, int, int]) -> str:
    red, green, blue = ground
    return "#1f2329" if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else "#ffffff"
