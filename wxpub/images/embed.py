"""Pictures inside a page that stands alone: images of an article in, `data:` URLs out.

What browsers show is taken as it is. Everything else is converted as for a push, which tells a picture from any other
file of the project: the page is made to be copied and passed on.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

from wxpub.errors import SourceError
from wxpub.finding import Finding
from wxpub.images import fit
from wxpub.images.picture import Source
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
            url = _url(read(image.src, article_path, root=root))
        except SourceError as error:
            fix = error.hint or "name a file beside the issue"
            findings.append(Finding("image-missing", "error", error.message, article_path, image.line, fix))
            continue
        pictures[image.src] = Picture(url)
    return pictures, tuple(findings)


def _url(source: Source) -> str:
    data, kind = source.data, _kind(source.data)
    if not kind:
        image = fit(source)
        data, kind = image.data, image.mime
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _kind(data: bytes) -> str:
    """Tell the media type by the first bytes, as browsers do; "" for what they do not show."""
    head = data.lstrip()[:12]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return next((kind for magic, kind in _KINDS if head.startswith(magic)), "")
