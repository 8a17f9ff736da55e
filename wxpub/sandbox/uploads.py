"""Uploaded files: a multipart body comes in, its one file goes out or WeChat's refusal; bytes count, names hardly.

Sources: api_uploadimage, api_addmaterial, api_uploadtempmedia; what is refused with which errcode also from the issue
trackers of publishing tools (caol64/wenyan-cli#4, caol64/wenyan-mcp#1 and others).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wxpub import limits
from wxpub.sandbox.answers import Refusal

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage, ImmutableMultiDict

MOST_PIXELS = 200_000_000  # an 18018 x 24477 PNG was refused with 40137

MIMES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "mp3": "audio/mpeg",
    "wma": "audio/x-ms-wma",
    "wav": "audio/wav",
    "amr": "audio/amr",
    "mp4": "video/mp4",
}
EXTENSIONS = {"jpg": "jpeg", "jpeg": "jpeg", "jpe": "jpeg", **{name: name for name in MIMES if name != "jpeg"}}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that passed: its name, its bytes, and its format by its bytes (a key of `MIMES`)."""

    name: str
    data: bytes
    format: str

    @property
    def mime(self) -> str:
        """Give the format's media type."""
        return MIMES[self.format]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of upload takes, and the errcodes of a wrong format, a broken image and a wrong size."""

    formats: tuple[str, ...]
    most_bytes: int
    wrong_format: int = 40113
    broken: int = 40113
    too_big: int = 40006


PICTURE = Rule(("png", "jpeg"), limits.UPLOADIMG_BYTES - 1, wrong_format=40005, broken=40137, too_big=40009)
PERMANENT = {
    "image": Rule(("bmp", "png", "jpeg", "gif"), limits.MATERIAL_IMAGE_BYTES),
    "voice": Rule(("mp3", "wma", "wav", "amr"), 2 * 1024 * 1024),
    "video": Rule(("mp4",), 10 * 1024 * 1024),
    "thumb": Rule(("jpeg",), limits.THUMB_BYTES, too_big=40012),
}
TEMPORARY = {
    "image": Rule(("png", "jpeg", "gif"), limits.MATERIAL_IMAGE_BYTES, too_big=45001),
    "voice": Rule(("amr", "mp3"), 2 * 1024 * 1024, too_big=45001),
    "video": Rule(("mp4",), 10 * 1024 * 1024, too_big=45001),
    "thumb": Rule(("jpeg",), limits.THUMB_BYTES, too_big=40012),
}


def accept(files: ImmutableMultiDict[str, FileStorage], body: bytes, rule: Rule) -> Upload:
    """Take the file of the field `media` from a parsed multipart `body`; refuse what `rule` does not take."""
    if _unfinished(body):
        raise Refusal(40113)
    part = files.get("media")
    if part is None or not part.filename or not _plain_filename(body):
        raise Refusal(41005)
    data = part.stream.read()
    if not data:
        raise Refusal(41005)
    extension = part.filename.rpartition(".")[2].lower() if "." in part.filename else ""
    if not extension:
        raise Refusal(40113)
    if len(data) > rule.most_bytes:
        raise Refusal(rule.too_big)
    found = sniff(data)
    if found not in rule.formats or EXTENSIONS.get(extension) not in rule.formats:
        # A file that says it is a picture but is none, or another, is "broken" rather than of the wrong type.
        mislabelled = EXTENSIONS.get(extension) in rule.formats and found not in MIMES
        raise Refusal(rule.broken if mislabelled else rule.wrong_format)
    if not _sound(found, data):
        raise Refusal(rule.broken)
    return Upload(part.filename, data, found)


def _plain_filename(body: bytes) -> bool:
    """Tell whether the part names its file by `filename=`: the gateway does not read RFC 5987's `filename*=`."""
    header = re.search(rb'^content-disposition:[^\r\n]*\bname="?media"?[^\r\n]*', body, re.IGNORECASE | re.MULTILINE)
    return header is not None and re.search(rb"\bfilename=", header.group(), re.IGNORECASE) is not None


def _unfinished(body: bytes) -> bool:
    """Tell whether the closing boundary does not stand on a line of its own."""
    boundary = body[: body.find(b"\r\n")]
    closing = body.rfind(boundary + b"--")
    return boundary.startswith(b"--") and closing > 0 and body[closing - 2 : closing] != b"\r\n"


def sniff(data: bytes) -> str:
    """Tell a file's format by its first bytes; "" if it is none that WeChat takes."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return "gif"
    if data.startswith(b"BM") and len(data) > 26:
        return "bmp"
    if data.startswith(b"ID3") or (len(data) > 2 and data[0] == 0xFF and data[1] & 0xE6 in {0xE2, 0xE4, 0xE6}):
        return "mp3"
    if data.startswith(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"):
        return "wma"
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return "wav"
    if data.startswith(b"#!AMR"):
        return "amr"
    # "heic", "avif" and their kin are ISO files too, but no videos
    if data[4:8] == b"ftyp" and data[8:12] not in {
        b"heic",
        b"heix",
        b"heim",
        b"heis",
        b"mif1",
        b"msf1",
        b"avif",
        b"avis",
    }:
        return "mp4"
    return ""


def _sound(found: str, data: bytes) -> bool:
    """Tell whether an image is whole as far as its structure shows, and of a size that is decoded at all."""
    if found not in {"png", "jpeg", "gif", "bmp"}:
        return True
    width, height = pixels(found, data)
    return width > 0 and height > 0 and width * height <= MOST_PIXELS and _whole(found, data)


def _whole(found: str, data: bytes) -> bool:
    if found == "png":
        return b"IDAT" in data and b"IEND" in data[-32:]
    if found == "jpeg":
        # The end of the picture itself: a preview before the frame has one too, and anything may follow.
        return data.find(b"\xff\xd9", _jpeg_frame(data)) >= 0
    return True


def pixels(found: str, data: bytes) -> tuple[int, int]:
    """Read width and height of an image from its header; (0, 0) if they cannot be found."""
    try:
        if found == "png" and data[12:16] == b"IHDR":
            width, height = struct.unpack(">II", data[16:24])
        elif found == "gif":
            width, height = struct.unpack("<HH", data[6:10])
        elif found == "bmp":
            width, height = struct.unpack("<ii", data[18:26])
        elif found == "jpeg":
            width, height = _jpeg_pixels(data)
        else:
            return 0, 0
    except struct.error:
        return 0, 0
    return width, abs(height)


def _jpeg_pixels(data: bytes) -> tuple[int, int]:
    place = _jpeg_frame(data)
    height, width = struct.unpack(">HH", data[place + 5 : place + 9])
    return width, height


def _jpeg_frame(data: bytes) -> int:
    """Give the place of the start-of-frame marker; raise struct.error if there is none."""
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return place
        if marker == 0xFF:  # a fill byte
            place += 1
        elif marker in {0x01, *range(0xD0, 0xD9)}:  # markers without a length
            place += 2
        else:
            place += 2 + int(struct.unpack(">H", data[place + 2 : place + 4])[0])
    raise struct.error("no frame")
