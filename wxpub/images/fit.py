"""Images as WeChat takes them: any bytes in, JPEG or PNG under 1 MB, or an animated GIF, out; knows no files.

Scale first, then quality: a photograph of twelve megapixels becomes 1,440 pixels wide at quality 88 in a third of the
time that it takes to bring it under 1 MB at full size, and looks better for it.
"""

from __future__ import annotations

import io
import re
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wxpub.errors import SourceError
from wxpub.images.draw import environment, typeface
from wxpub.language import tr, tr_n
from wxpub.limits import (
    COLUMN_PIXELS,
    IMAGE_FILE_BYTES,
    IMAGE_HEIGHT,
    IMAGE_PIXELS,
    IMAGE_TOTAL_PIXELS,
    MATERIAL_IMAGE_BYTES,
    UPLOADIMG_BYTES,
)

if TYPE_CHECKING:
    from PIL.Image import Image as Bitmap

    from wxpub.images.read import Source

QUALITIES = (90, 84, 76, 66, 54)
SMALLEST = 64  # pixels of width, below which nothing can be seen
DRAW_SECONDS = 20  # for one SVG; ordinary ones take a tenth of a second
# What issues hold and browsers have. Pillow knows more, and runs Ghostscript for one of them (EPS).
FORMATS = {"AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "PNG", "PPM", "QOI", "TGA", "TIFF", "WEBP"}
ORIENTATION = 0x0112  # the EXIF tag
LARGE = 6_000_000  # pixels
UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "em": 16.0}
_MAGIC = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"<svg": "image/svg+xml",
    b"<?xml": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Image:
    """An image within WeChat's limits: `mime` is image/jpeg, image/png or, if it moves, image/gif; sizes in pixels.

    `src` is what the article calls it. `name` is plain ASCII with the extension of its kind, as an upload wants it.
    `remark` says what was lost on the way ("" if nothing was).
    """

    name: str
    data: bytes = field(repr=False)
    mime: str
    width: int
    height: int
    remark: str = ""
    src: str = ""

    @property
    def animated(self) -> bool:
        """Whether it moves, and so has to become permanent material: uploadimg takes no GIF."""
        return self.mime == "image/gif"


def fit(source: Source) -> Image:
    """Convert `source` to what WeChat takes: JPEG or PNG under 1 MB and at most 1,440 pixels wide, or an animated GIF.

    Raises SourceError if it is not an image, is a damaged one, or cannot be made small enough.
    """
    data = source.data
    if _is_svg(data):
        data = _rasterise(data, source.name)
    try:
        return _fit(data, source)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, MemoryError) as error:
        # Pillow's decoders raise all of these for damaged files, with texts that help nobody.
        raise _damaged(source, error) from None


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
    remark = tr("only the first image of the animation is kept: WeChat animates GIF alone") if moves else ""
    if kind in ("JPEG", "PNG") and not moves and bitmap.size == full_size and _as_it_is(bitmap, data):
        return Image(_name(source, kind), data, f"image/{kind.lower()}", *bitmap.size, remark, source.src)
    bitmap = _scaled(_plain(_reduced(bitmap)))
    encoded, kind, size = _encode(bitmap, source, prefer_png=kind not in ("JPEG", "MPO", "WEBP", "AVIF"))
    return Image(_name(source, kind), encoded, f"image/{kind.lower()}", *size, remark, source.src)


def _open(data: bytes, source: Source) -> Bitmap:
    """Open the image, but decode nothing of one that would fill the memory."""
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        found = size(data) or (0, 0)
        if found[0] * found[1] <= IMAGE_TOTAL_PIXELS:
            return _pillow(data)
    except UnidentifiedImageError:
        raise _other(source.name, data) from None
    except Pillow.DecompressionBombError:
        said = tr("image {image} has too many pixels", image=source.name)
        raise SourceError(said, hint=tr("make it smaller")) from None
    width, height = found
    said = tr(
        "image {image} has {width} × {height} pixels; at most {most:,} pixels are read",
        image=source.name, width=width, height=height, most=IMAGE_TOTAL_PIXELS,
    )  # fmt: skip
    raise SourceError(said, hint=tr("make it smaller"))


def _pillow(data: bytes) -> Bitmap:
    """Let Pillow look at the head of the image; decodes nothing yet."""
    import warnings

    from PIL import Image as Pillow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about bombs, which are counted here, and odd tags
        Pillow.init()
        return Pillow.open(io.BytesIO(data), formats=sorted(FORMATS & Pillow.OPEN.keys()))


def _animation(data: bytes, bitmap: Bitmap, source: Source) -> Image:
    """Keep a GIF that moves as it is: scaling frames would cost more than it brings."""
    if len(data) > MATERIAL_IMAGE_BYTES:
        size = len(data) / 1024 / 1024
        hint = tr("make it shorter or smaller, or use a still image")
        said = tr(
            "image {image}: an animated GIF of {size:.1f} MB; WeChat takes up to 10", image=source.name, size=size
        )
        raise SourceError(said, hint=hint)
    bitmap.load()
    return Image(_name(source, "GIF"), data, "image/gif", *bitmap.size, "", source.src)


def _as_it_is(bitmap: Bitmap, data: bytes) -> bool:
    """Whether WeChat shows these bytes as the author sees them: then nothing is gained by encoding again."""
    return (
        len(data) < UPLOADIMG_BYTES
        and bitmap.width <= IMAGE_PIXELS
        and bitmap.height <= IMAGE_HEIGHT
        and bitmap.mode in ("RGB", "L", "P", "RGBA", "LA", "1")
        and bitmap.getexif().get(ORIENTATION, 1) == 1  # upright
        and 0x8825 not in bitmap.getexif()  # where the photograph was taken is nobody's business
        and "icc_profile" not in bitmap.info
    )


def _reduced(bitmap: Bitmap) -> Bitmap:
    """Scale a very large bitmap down by a whole factor, band by band, before anything copies it at its full size."""
    from PIL import Image as Pillow

    orientation = bitmap.getexif().get(ORIENTATION, 1)
    width, height = bitmap.size[::-1] if orientation >= 5 else bitmap.size
    factor = int(max(width / IMAGE_PIXELS, height / IMAGE_HEIGHT) / 3)
    mode = {"1": "L", "P": "RGB", "PA": "RGBA", "I": "F"}.get(bitmap.mode, bitmap.mode)
    mode = "F" if mode.startswith("I;16") else "RGBA" if "transparency" in bitmap.info else mode
    if factor < 2 or mode not in ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "F"):
        return bitmap
    small = Pillow.new(mode, (-(-bitmap.width // factor), -(-bitmap.height // factor)))
    for top in range(0, bitmap.height, 8 * factor):
        band = bitmap.crop((0, top, bitmap.width, min(top + 8 * factor, bitmap.height)))
        small.paste(band.convert(mode).reduce(factor), (0, top // factor))
    small.info = {name: value for name, value in bitmap.info.items() if name == "icc_profile"}
    small.getexif()[ORIENTATION] = orientation
    return small


def _plain(bitmap: Bitmap) -> Bitmap:
    """Bring any mode to upright, eight-bit sRGB: "RGB", or "RGBA" if something shows through."""
    from PIL import ImageOps

    ImageOps.exif_transpose(bitmap, in_place=True)
    bitmap = _srgb(bitmap)
    if bitmap.mode.startswith("I;16") or bitmap.mode in ("I", "F"):
        bitmap = _eight_bits(bitmap)
    if bitmap.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in bitmap.info:
        bitmap = bitmap.convert("RGBA")
        lowest, _ = bitmap.getchannel("A").getextrema()
        return bitmap if float(str(lowest)) < 255 else bitmap.convert("RGB")
    return bitmap if bitmap.mode == "RGB" else bitmap.convert("RGB")


def _srgb(bitmap: Bitmap) -> Bitmap:
    """Apply the image's colour profile: a telephone's wide colours look dull without it, print colours garish."""
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
            said = tr("image {image} cannot be brought under 1 MB", image=source.name)
            raise SourceError(said, hint=tr("cut it into several images"))
        bitmap = _scaled(bitmap, bitmap.width * 3 // 4)


def small(image: Image, width: int) -> bytes:
    """Scale an image down to at most `width` pixels, as a JPEG."""
    bitmap = _pillow(image.data)
    return _save(_scaled(_on_white(_plain(bitmap)), width), "JPEG", quality=82, optimize=True, progressive=True)


def part(data: bytes, height: int, number: int) -> tuple[bytes, int]:
    """Cut part `number`, from 1, of `height` rows out of a tall picture without its even end; say how many there are.

    Raises SourceError for a part that is not there.
    """
    from PIL import Image, ImageChops

    bitmap = Image.open(io.BytesIO(data)).convert("RGB")
    width, whole = bitmap.size
    ground = Image.new("RGB", bitmap.size, bitmap.getpixel((0, whole - 1)))
    box = ImageChops.difference(bitmap, ground).getbbox()
    bottom = min(whole, box[3] + 24) if box else height
    parts = -(-bottom // height)
    if not 1 <= number <= parts:
        raise SourceError(tr_n("there is {n} part", "there are {n} parts", parts))
    top = (number - 1) * height
    return _save(bitmap.crop((0, top, width, min(bottom, top + height))), "PNG", optimize=True), parts


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


# --- what is not a bitmap ---------------------------------------------------------------------------------------------


def _is_svg(data: bytes) -> bool:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return (head.startswith(b"<") and b"<svg" in head.lower()) or data[:2] == b"\x1f\x8b"


def _svg_text(data: bytes) -> str:
    """Read a drawing, packed or not. Raises ValueError if it is not text or does not end."""
    if data[:2] == b"\x1f\x8b":
        try:
            data = zlib.decompressobj(47).decompress(data, IMAGE_FILE_BYTES)
        except zlib.error as error:
            raise ValueError(str(error)) from None
    return data.decode("utf-8-sig")


def _svg_size(text: str) -> tuple[float, float]:
    """Read the size that a drawing gives itself, in pixels of a screen; 0 for what it leaves open."""
    root = re.search(r"<svg\b[^>]*>", text[:8192])
    head = root[0] if root else ""
    box = re.search(r"""\sviewBox\s*=\s*["']\s*[-\d.e]+[\s,]+[-\d.e]+[\s,]+([\d.e]+)[\s,]+([\d.e]+)""", head)
    across, down = (float(box[1]), float(box[2])) if box else (0.0, 0.0)
    said = [re.search(rf"""\s{name}\s*=\s*["']\s*([\d.]+)\s*(\w*)\s*["']""", head) for name in ("width", "height")]
    width, height = (float(each[1]) * UNITS.get(each[2], 0) if each else 0.0 for each in said)
    if width and not height:
        height = width * down / across if across else 0.0
    elif height and not width:
        width = height * across / down if down else 0.0
    return (width, height) if width else (across, down)


def _rasterise(data: bytes, name: str) -> bytes:
    """Draw an SVG in another process, which may fall or hang without harm to this one.

    Twice as wide as it says, so that it is sharp on a phone; within the width that WeChat takes.
    """
    import subprocess

    try:
        text = _svg_text(data)
        natural = _svg_size(text)[0]
        width = min(IMAGE_PIXELS, max(round(2 * natural), 1)) if natural else 2 * COLUMN_PIXELS
        # A drawing that somebody else made must not show files of the machine that draws it.
        text = re.sub(r"""(href\s*=\s*)(["'])(?!#|data:).*?\2""", r"\1\2\2", text, flags=re.DOTALL)
        command = [sys.executable, str(Path(__file__).with_name("svg.py")), str(width)]
        if "<text" in text:
            command.append(typeface(bold=False).family or "DejaVu Sans")
        drawn = subprocess.run(  # noqa: S603  our own words
            command, input=text.encode(), capture_output=True, check=False, timeout=DRAW_SECONDS, env=environment()
        )
    except subprocess.TimeoutExpired:
        said = tr("image {image} is not drawn within {seconds} seconds", image=name, seconds=DRAW_SECONDS)
        raise SourceError(said, hint=tr("save it as PNG")) from None
    except (OSError, ValueError, OverflowError):
        drawn = None
    if drawn is not None and drawn.returncode and b"ModuleNotFoundError" in drawn.stderr:
        raise ModuleNotFoundError(name="resvg_py")
    if drawn is None or drawn.returncode or not drawn.stdout:
        hint = tr("open it in a browser, or save it as PNG")
        raise SourceError(tr("image {image} is not an SVG that can be drawn", image=name), hint=hint)
    return drawn.stdout


def _other(name: str, data: bytes) -> SourceError:
    """Say what the bytes are instead of an image, as far as that helps, and what to do."""
    head = data[:512].lstrip().lower()
    hint = tr("save it as PNG or JPEG")
    if head.startswith((b"<!doctype html", b"<html")):
        return SourceError(
            tr("image {image} is a web page, not an image", image=name),
            hint=tr("open it in a browser and save the picture itself"),
        )
    if head.startswith(b"version https://git-lfs"):
        return SourceError(
            tr("image {image} is a Git LFS pointer, not an image", image=name), hint=tr("run `git lfs pull`")
        )
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"):
        return SourceError(tr("image {image} is a HEIC photograph, which is not read", image=name), hint=hint)
    if data[4:8] == b"ftyp" and data[8:12] not in (b"avif", b"avis"):  # ISO base media: MP4, QuickTime
        hint = tr("insert it in WeChat's editor, and show a still of it here")
        return SourceError(tr("image {image} is a video", image=name), hint=hint)
    if data[4:12] == b"jP  \r\n\x87\n" or data[:4] == b"\xff\x4f\xff\x51":
        return SourceError(tr("image {image} is a JPEG 2000 image, which is not read", image=name), hint=hint)
    if head.startswith(b"%!ps"):
        return SourceError(tr("image {image} is a PostScript drawing, which is not read", image=name), hint=hint)
    if head.startswith(b"%pdf"):
        return SourceError(tr("image {image} is a PDF, not an image", image=name), hint=hint)
    return SourceError(tr("image {image} is not an image that can be read", image=name), hint=hint)


def _damaged(source: Source, error: Exception) -> SourceError:
    hint = tr("save or download it again")
    if "truncated" in str(error) or isinstance(error, EOFError):
        return SourceError(tr("image {image} is cut short", image=source.name), hint=hint)
    return SourceError(tr("image {image} is damaged", image=source.name), hint=hint)


# --- what the first bytes tell ----------------------------------------------------------------------------------------


def media_type(data: bytes) -> str:
    """Tell the media type by the first bytes, as browsers do; "" for what they do not show."""
    head = data[:512].lstrip()[:12]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")


def size(data: bytes) -> tuple[int, int] | None:
    """Read width and height in pixels, as a browser shows the image, from its head; None if that does not tell.

    Nothing is decoded, and Pillow is asked only about what issues seldom hold: neither PNG, JPEG, GIF, WebP, BMP nor
    SVG.
    """
    try:
        if _is_svg(data):
            width, height = map(round, _svg_size(_svg_text(data)))
            return (width, height) if width and height else None
        kind = media_type(data)
        if kind in _HEADS:
            width, height, exif = _HEADS[kind](data)
            return (height, width) if _on_its_side(data[exif : exif + 65536]) else (width, height)
        with _pillow(data) as bitmap:
            tags = getattr(bitmap, "tag_v2", {})  # of a TIFF, which some Pillows have turned by now and some have not
            width, height = tags.get(256, bitmap.width), tags.get(257, bitmap.height)
            return (height, width) if bitmap.getexif().get(ORIENTATION, 1) >= 5 else (width, height)
    except Exception:  # whatever a decoder makes of damaged bytes: the one who needs the image hears of it
        return None


def is_large(data: bytes) -> bool:
    """Whether so many pixels are decoded that it is done for one image at a time. Of a JPEG, an eighth is, if large."""
    width, height = size(data) or (LARGE, 1)
    return width * height > (8 * LARGE if media_type(data) == "image/jpeg" else LARGE)


# Each gives width, height, and where EXIF begins; 0, where none can be, if there is none.


def _webp_head(data: bytes) -> tuple[int, int, int]:
    if data[12:16] == b"VP8X":  # the canvas of a file with alpha, animation or EXIF
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height, data.find(b"EXIF", 30) + 8
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 0
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF, 0


def _bmp_head(data: bytes) -> tuple[int, int, int]:
    old = data[14:18] == b"\x0c\0\0\0"
    width, height = struct.unpack("<HH" if old else "<ii", data[18 : 22 if old else 26])
    return width, abs(height), 0  # a negative height counts from the top


def _jpeg_head(data: bytes) -> tuple[int, int, int]:
    """Walk from segment to segment: a marker (FF xx), a length, the content; SOF0 to SOF15 hold the size."""
    at, exif = 2, 0
    for _ in range(10_000):
        kind = data[at + 1]
        if kind == 0xFF or kind == 1 or 0xD0 <= kind <= 0xD8:  # filling, or a marker without content
            at += 1 if kind == 0xFF else 2
            continue
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height, exif
        if kind == 0xE1 and data[at + 4 : at + 8] == b"Exif":
            exif = at + 10
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    raise ValueError("too many segments")


def _on_its_side(exif: bytes) -> bool:
    """Whether the orientation turns width into height: read the first directory of a TIFF head, twelve bytes a tag."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if not order:
        return False
    (start,) = struct.unpack(order + "I", exif[4:8])
    (count,) = struct.unpack(order + "H", exif[start : start + 2])
    for at in range(start + 2, start + 2 + 12 * min(count, 100), 12):
        tag, _, _, value = struct.unpack(order + "HHIH", exif[at : at + 10])
        if tag == ORIENTATION:
            return bool(5 <= value <= 8)
    return False


_HEADS: dict[str, Callable[[bytes], tuple[int, int, int]]] = {
    "image/png": lambda data: (*struct.unpack(">II", data[16:24]), data.find(b"eXIf") + 4),
    "image/jpeg": _jpeg_head,
    "image/gif": lambda data: (*struct.unpack("<HH", data[6:10]), 0),
    "image/bmp": _bmp_head,
    "image/webp": _webp_head,
}


def formats() -> dict[str, bool]:
    """Say of each format that not every Pillow reads whether this one does."""
    from PIL import features

    return {
        "WebP": bool(features.check("webp")),
        "AVIF": bool(features.check("avif")),
        "TIFF": bool(features.check("libtiff")),
    }
