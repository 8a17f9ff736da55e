"""Pictures for an article: a source as the author wrote it in, bytes that WeChat takes out; speaks no API.

    Source  what a source of the article holds: bytes and a key by which it is known again     read()
    Image   what is uploaded: JPEG, PNG or animated GIF within WeChat's limits                  fit(), load(), cover()

`read` and `fit` are two steps so that a picture which was uploaded before need not be converted again.
"""

from __future__ import annotations

from pathlib import Path

from wxpub.images.picture import Image, Source
from wxpub.images.source import hosted, read

__all__ = [
    "Image",
    "Source",
    "chinese_font",
    "cover",
    "cover_source",
    "fit",
    "formats",
    "hosted",
    "load",
    "read",
    "stand_in",
    "terminal_qrcode",
]


def load(src: str, article_path: Path, *, root: Path, allow_private: bool = False) -> Image:
    """Give the picture that `src` names in the article at `article_path`, as WeChat takes it.

    See `read` for what `src` may be and `fit` for what becomes of it. Raises SourceError, and NetworkError where a
    remote picture cannot be reached.
    """
    return fit(read(src, article_path, root=root, allow_private=allow_private))


def fit(source: Source) -> Image:
    """Convert `source` to what WeChat takes: JPEG or PNG under 1 MB and at most 1,440 pixels wide, or an animated GIF.

    Raises SourceError where it is no picture, a damaged one, or one that cannot be made small enough.
    """
    if source.src.startswith("cover:"):
        from wxpub.images.draw import draw_cover

        return draw_cover(source)
    from wxpub.images.shrink import fit as shrink

    return shrink(source)


def cover_source(title: str, colours: tuple[str, str]) -> Source:
    """Describe the cover of `title` without drawing it: equal titles and colours have equal keys. `fit` draws it."""
    from wxpub.images.draw import cover_source as describe

    return describe(title, colours)


def cover(title: str, colours: tuple[str, str]) -> Image:
    """Draw a cover of 900 × 383 pixels: `title` on a ground of `colours` (ground and bar, `#rrggbb`).

    `remark` says so if the title could not be drawn because the system has no Chinese font. Raises SourceError for
    what is no colour.
    """
    return fit(cover_source(title, colours))


def stand_in(src: str) -> tuple[Source, Image]:
    """Give a grey picture in place of `src`, which cannot be reached now."""
    from wxpub.images.draw import stand_in as draw

    return draw(src)


def terminal_qrcode(text: str) -> str:
    """Draw a QR code of `text` with block characters, for a terminal with light letters on a dark ground."""
    from wxpub.images.draw import terminal_qrcode as draw

    return draw(text)


def chinese_font() -> str | None:
    """Give the font in which covers are drawn; None if the system has none with Chinese characters."""
    from wxpub.images.draw import font_path

    return font_path()


def formats() -> dict[str, bool]:
    """Tell which of the formats that not every Pillow reads this one does."""
    from PIL import features

    return {
        "WebP": bool(features.check("webp")),
        "AVIF": bool(features.check("avif")),
        "TIFF": bool(features.check("libtiff")),
    }
