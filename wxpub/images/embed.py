"""Pictures inside a page that stands alone: images of an article in, `data:` URLs out; decodes and converts nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

from wxpub.errors import SourceError
from wxpub.finding import Finding
from wxpub.images.source import hosted, read
from wxpub.page import ImageRef, Picture

_KINDS = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"<svg", "image/svg+xml"),
    (b"<?xml", "image/svg+xml"),
)


def embed(
    images: Iterable[ImageRef], article_path: Path, *, root: Path
) -> tuple[dict[str, Picture], tuple[Finding, ...]]:
    """Put every local picture and QR code into a `data:` URL; what stands on the web stays there.

    A picture that cannot be read keeps its source and gives a finding with its line.
    """
    pictures: dict[str, Picture] = {}
    findings = []
    for image in images:
        if hosted(image.src) or image.src.startswith(("http://", "https://", "//", "data:")):
            continue
        try:
            data = read(image.src, article_path, root=root).data
        except SourceError as error:
            fix = error.hint or "name a file beside the issue"
            findings.append(Finding("image-missing", "error", error.message, article_path, image.line, fix))
            continue
        url = f"data:{_kind(data)};base64,{base64.b64encode(data).decode()}"
        pictures[image.src] = Picture(url)
    return pictures, tuple(findings)


def _kind(data: bytes) -> str:
    """Tell the media type by the first bytes, as browsers do."""
    head = data.lstrip()[:12]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return next((kind for magic, kind in _KINDS if head.startswith(magic)), "application/octet-stream")
