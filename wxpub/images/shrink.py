"""Pictures as WeChat takes them: any bytes in, JPEG or PNG under 1 MB, or an animated GIF, out; knows no files.

Scale first, then quality: a photograph of twelve megapixels becomes 1,440 pixels wide at quality 88 in a third of the
time that it takes to bring it under 1 MB at full size, and looks better for it.
"""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wxpub.errors import SourceError
from wxpub.images.picture import Image, Source
from wxpub.limits import (
    COLUMN_PIXELS,
    IMAGE_HEIGHT,
    IMAGE_PIXELS,
    IMAGE_TOTAL_PIXELS,
    MATERIAL_IMAGE_BYTES,
    UPLOADIMG_BYTES,
)

if TYPE_CHECKING:
    from PIL.Image import Image as Bitmap

QUALITIES = (90, 84, 76, 66, 54)
SMALLEST = 64  # pixels of width, below which nothing can be seen
DRAW_SECONDS = 20  # for one SVG; ordinary ones take a tenth of a second
# What issues hold and browsers have. Pillow knows more, and runs Ghostscript for one of them (EPS).
FORMATS = {"AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "QOI", "TGA", "TIFF", "WEBP"}
FIRST_FRAME = "only the first picture of the animation is kept: WeChat animates GIF alone"


def fit(source: Source) -> Image:
    """Convert `source`; see `wxpub.images.fit`."""
    data = source.data
    if _is_svg(data):
        data = _rasterise(data, source.name)
    try:
        return _fit(data, source)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, MemoryError) as error:
        # Pillow's decoders raise all of these for damaged files, with texts that help nobody.
        raise _damaged(source, data, error) from None


def _fit(data: bytes, source: Source) -> Image:
    bitmap = _open(data, source)
    kind = bitmap.format or ""
    moves = bool(getattr(bitmap, "is_animated", False)) and kind != "MPO"  # MPO: a telephone's JPEG with a depth map
    if kind == "GIF" and moves:
        return _animation(data, bitmap, source)
    full_size = bitmap.size
    if kind == "JPEG":
        bitmap.draft(bitmap.mode, (IMAGE_PIXELS, IMAGE_PIXELS))  # decodes at 1/2, 1/4, 1/8: no smaller than asked
    bitmap.load()
    remark = FIRST_FRAME if moves else ""
    if kind in ("JPEG", "PNG") and not moves and bitmap.size == full_size and _as_it_is(bitmap, data):
        return Image(_name(source, kind), data, f"image/{kind.lower()}", *bitmap.size, remark)
    bitmap = _scaled(_plain(bitmap))
    encoded, kind, size = _encode(bitmap, source, prefer_png=kind not in ("JPEG", "MPO", "WEBP", "AVIF"))
    return Image(_name(source, kind), encoded, f"image/{kind.lower()}", *size, remark)


def _open(data: bytes, source: Source) -> Bitmap:
    """Open the picture, but decode nothing of one that would fill the memory."""
    import warnings

    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            Pillow.init()
            bitmap = Pillow.open(io.BytesIO(data), formats=sorted(FORMATS & Pillow.OPEN.keys()))
    except UnidentifiedImageError:
        hint = "save it as PNG or JPEG"
        raise SourceError(f"image {source.name} is {_looks_like(data)}", hint=hint) from None
    except Pillow.DecompressionBombError:
        raise SourceError(f"image {source.name} has too many pixels", hint="make it smaller") from None
    if bitmap.width * bitmap.height > IMAGE_TOTAL_PIXELS:
        most = IMAGE_TOTAL_PIXELS // 1_000_000
        size = f"{bitmap.width} × {bitmap.height} pixels"
        raise SourceError(f"image {source.name} has {size}; at most {most} million are read", hint="make it smaller")
    return bitmap


def _animation(data: bytes, bitmap: Bitmap, source: Source) -> Image:
    """Keep a GIF that moves as it is: scaling frames would cost more than it brings."""
    if len(data) > MATERIAL_IMAGE_BYTES:
        size = len(data) / 1024 / 1024
        hint = "make it shorter or smaller, or use a still picture"
        raise SourceError(f"image {source.name}: an animated GIF of {size:.1f} MB; WeChat takes up to 10", hint=hint)
    bitmap.load()
    return Image(_name(source, "GIF"), data, "image/gif", *bitmap.size)


def _as_it_is(bitmap: Bitmap, data: bytes) -> bool:
    """Tell whether WeChat shows these bytes as the author sees them: then nothing is gained by encoding again."""
    return (
        len(data) < UPLOADIMG_BYTES
        and bitmap.width <= IMAGE_PIXELS
        and bitmap.height <= IMAGE_HEIGHT
        and bitmap.mode in ("RGB", "L", "P", "RGBA", "LA", "1")
        and bitmap.getexif().get(0x0112, 1) == 1  # orientation: upright
        and 0x8825 not in bitmap.getexif()  # where the photograph was taken is nobody's business
        and "icc_profile" not in bitmap.info
    )


def _plain(bitmap: Bitmap) -> Bitmap:
    """Bring any mode to upright, eight-bit sRGB: "RGB", or "RGBA" if something shows through."""
    from PIL import ImageOps

    bitmap = _srgb(ImageOps.exif_transpose(bitmap))
    if bitmap.mode.startswith("I;16") or bitmap.mode in ("I", "F"):
        bitmap = _eight_bits(bitmap)
    if bitmap.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in bitmap.info:
        bitmap = bitmap.convert("RGBA")
        lowest, _ = bitmap.getchannel("A").getextrema()
        return bitmap if float(str(lowest)) < 255 else bitmap.convert("RGB")
    return bitmap.convert("RGB")


def _srgb(bitmap: Bitmap) -> Bitmap:
    """Apply the picture's colour profile: a telephone's wide colours look dull without it, print colours garish."""
    profile = bitmap.info.get("icc_profile")
    if not profile or bitmap.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return bitmap
    from PIL import ImageCms

    mode = "RGBA" if bitmap.mode == "RGBA" else "RGB"
    try:
        converted = ImageCms.profileToProfile(
            bitmap, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode=mode
        )
    except (ImageCms.PyCMSError, OSError):  # a broken profile: the colours as they stand
        converted = None
    bitmap = converted or bitmap
    bitmap.info.pop("icc_profile", None)  # it would be written again, and applied twice
    return bitmap


def _eight_bits(bitmap: Bitmap) -> Bitmap:
    """Scale sixteen-bit or floating grey values to eight bits; `convert` alone would cut them off at 255."""
    grey = bitmap.convert("F")
    _, highest = grey.getextrema()
    high = float(str(highest))
    scale = 1 / 256 if high > 255 else 1.0 if high > 1 else 255.0
    return grey.point(lambda value: value * scale + 0).convert("L")


def _scaled(bitmap: Bitmap, width: int = IMAGE_PIXELS) -> Bitmap:
    """Scale down to at most `width` pixels, and to a height that WeChat still takes."""
    from PIL.Image import Resampling

    ratio = min(width / bitmap.width, IMAGE_HEIGHT / bitmap.height, 1.0)
    if ratio == 1.0:
        return bitmap
    size = max(1, round(bitmap.width * ratio)), max(1, round(bitmap.height * ratio))
    return bitmap.resize(size, Resampling.LANCZOS, reducing_gap=3.0)


def _encode(bitmap: Bitmap, source: Source, *, prefer_png: bool) -> tuple[bytes, str, tuple[int, int]]:
    """Encode under 1 MB with the best quality that fits: PNG for drawings and what shows through, else JPEG."""
    if bitmap.mode == "RGBA" or prefer_png:
        data = _save(bitmap, "PNG")
        if len(data) < UPLOADIMG_BYTES:
            return data, "PNG", bitmap.size
    bitmap = _on_white(bitmap)
    while True:
        for quality in QUALITIES:
            data = _save(bitmap, "JPEG", quality=quality, optimize=True, progressive=True)
            if len(data) < UPLOADIMG_BYTES:
                return data, "JPEG", bitmap.size
        if bitmap.width <= SMALLEST:
            raise SourceError(f"image {source.name} cannot be brought under 1 MB", hint="cut it into several pictures")
        bitmap = _scaled(bitmap, bitmap.width * 3 // 4)


def _on_white(bitmap: Bitmap) -> Bitmap:
    from PIL import Image as Pillow

    if bitmap.mode != "RGBA":
        return bitmap
    ground = Pillow.new("RGB", bitmap.size, "white")
    ground.paste(bitmap, mask=bitmap.getchannel("A"))
    return ground


def _save(bitmap: Bitmap, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    bitmap.save(out, kind, **options)
    return out.getvalue()


def _name(source: Source, kind: str) -> str:
    """Name the upload in ASCII, with an extension: WeChat refuses names without one (40113)."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", source.name.rpartition("/")[2].rpartition(".")[0]).strip("-")[:40]
    return f"{stem or source.key[:12]}.{'jpg' if kind == 'JPEG' else kind.lower()}"


# --- what is no bitmap ------------------------------------------------------------------------------------------------


def _is_svg(data: bytes) -> bool:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return (head.startswith(b"<") and b"<svg" in head.lower()) or data[:2] == b"\x1f\x8b"


def _rasterise(data: bytes, name: str) -> bytes:
    """Draw an SVG twice as wide as it says, so that it is sharp on a phone, between the column's width and the most."""
    import gzip
    import zlib

    try:
        if data[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(IMAGE_TOTAL_PIXELS)
        # A drawing that somebody else made must not show files of the machine that draws it.
        text = re.sub(r"""(href\s*=\s*)(["'])(?!#|data:).*?\2""", r"\1\2\2", data.decode("utf-8-sig"), flags=re.DOTALL)
    except (ValueError, OSError, EOFError, zlib.error):
        raise _undrawable(name) from None
    return _draw(text, name)


def _draw(text: str, name: str) -> bytes:
    """Have the SVG drawn by another process, which may fall or hang without harm to this one."""
    command = [sys.executable, str(Path(__file__).with_name("svg.py")), str(_svg_width(text))]
    try:
        drawn = subprocess.run(command, input=text.encode(), capture_output=True, check=False, timeout=DRAW_SECONDS)  # noqa: S603  our own words
    except subprocess.TimeoutExpired:
        raise SourceError(f"image {name} is not drawn within {DRAW_SECONDS} seconds", hint="save it as PNG") from None
    except (OSError, ValueError):
        raise _undrawable(name) from None
    if drawn.returncode or not drawn.stdout:
        raise _undrawable(name)
    return drawn.stdout


def _undrawable(name: str) -> SourceError:
    return SourceError(f"image {name} is no SVG that can be drawn", hint="open it in a browser, or save it as PNG")


def _svg_width(text: str) -> int:
    root = re.search(r"<svg\b[^>]*>", text)
    head = root[0] if root else ""
    width = re.search(r"""\swidth\s*=\s*["']\s*([\d.]+)\s*(?:px)?\s*["']""", head)
    box = re.search(r"""\sviewBox\s*=\s*["']\s*[-\d.e]+[\s,]+[-\d.e]+[\s,]+([\d.e]+)""", head)
    try:
        natural = float((width or box or ["", "0"])[1])
    except ValueError:
        natural = 0.0
    return min(IMAGE_PIXELS, max(round(2 * natural), 1)) if natural else 2 * COLUMN_PIXELS


def _looks_like(data: bytes) -> str:
    """Say what the bytes are instead of a picture, as far as that helps."""
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "a web page, no picture"
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, no picture (run `git lfs pull`)"
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"):
        return "a HEIC photograph, which cannot be read here"
    if head.startswith(b"%!ps"):
        return "a PostScript drawing, which is not read"
    if head.startswith(b"%pdf"):
        return "a PDF, no picture"
    return "no picture that can be read"


def _damaged(source: Source, data: bytes, error: Exception) -> SourceError:
    if isinstance(error, SourceError):
        return error
    cut = "truncated" in str(error) or isinstance(error, EOFError)
    return SourceError(f"image {source.name} is {'cut short' if cut else 'damaged'}", hint="save or download it again")
