"""Where pictures come from: a `src` of the article in, its bytes out; converts nothing.

A file is read only from inside the newsletter's project, so that an issue which somebody else wrote cannot send a file
of the machine that pushes it; the addresses of remote pictures are checked in `remote`.
"""

from __future__ import annotations

import base64
import binascii
import re
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from wxpub import address
from wxpub.errors import SourceError
from wxpub.images.picture import Source, digest
from wxpub.limits import IMAGE_FILE_BYTES

_REMOTE = re.compile(r"(https?:)?//", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)


def hosted(src: str) -> bool:
    """Tell whether WeChat itself serves `src`: such a picture stays as it is."""
    return _REMOTE.match(src) is not None and address.parse(src).hosted


def read(src: str, article_path: Path, *, root: Path, allow_private: bool = False) -> Source:
    """Read the picture `src` of the article at `article_path`.

    `src` is a file (relative to the article; with a leading `/`, to `root`; percent-encoded or not), an http(s)
    address, a `data:` URL, or `qrcode:` and a text, which is drawn as a QR code. `allow_private` admits addresses of
    the local network.

    Raises SourceError where there is no such picture or it may not be read, NetworkError where it cannot be reached.
    """
    src = src.strip()
    if not src:
        raise SourceError("an image names no file", article_path, hint="write ![text](file.png)")
    if src.startswith("qrcode:"):
        from wxpub.images.draw import qrcode

        return qrcode(src)
    if src[:5].lower() == "data:":
        return _inline(src, article_path)
    if _REMOTE.match(src):
        from wxpub.images.remote import fetch

        url = src if src[0] != "/" else f"https:{src}"
        data = fetch(url, allow_private=allow_private)
        return Source(src, url, data, digest(data))
    return _file(src, article_path, root)


def _inline(src: str, article_path: Path) -> Source:
    head, comma, body = src[5:].partition(",")
    name = f"data:{head[:40]},…"
    try:
        if not comma:
            raise ValueError
        data = unquote_to_bytes(body)
        if head.lower().rstrip().endswith(";base64"):
            data = base64.b64decode(re.sub(rb"\s", b"", data), validate=True)
    except (ValueError, binascii.Error):
        raise SourceError(
            f"image {name} is not a valid data: URL", article_path, hint="save it as a file and name that"
        ) from None
    if not data:
        raise SourceError(f"image {name} is empty", article_path)
    return Source(src, name, data, digest(data))


def _file(src: str, article_path: Path, root: Path) -> Source:
    if (scheme := _SCHEME.match(src)) and len(scheme[1]) > 1:
        hint = "name a file relative to the issue, or an http(s) address"
        raise SourceError(f"image {src}: {scheme[1]}: is no source of pictures", article_path, hint=hint)
    path = _find(src, article_path, root)
    name = path.name
    try:
        if path.is_dir():
            raise SourceError(f"image {src} is a folder", article_path)
        size = path.stat().st_size
        if size > IMAGE_FILE_BYTES:
            most = IMAGE_FILE_BYTES // 1024 // 1024
            raise SourceError(f"image {src} has {size / 1024 / 1024:.0f} MB; at most {most} are read", article_path)
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"image {src} cannot be read: {error.strerror}", article_path) from None
    if not data:
        raise SourceError(f"image {src} is empty (0 bytes)", article_path)
    return Source(src, name, data, digest(data))


def _find(src: str, article_path: Path, root: Path) -> Path:
    """Find the file that `src` means: as written, without percent-encoding, without `?raw=true`, with backslashes."""
    plain = re.split(r"[?#]", src, maxsplit=1)[0]
    tries = dict.fromkeys((src, unquote(src), plain, unquote(plain), unquote(plain).replace("\\", "/")))
    root, outside = root.resolve(), False
    for text in filter(None, tries):
        # A leading "/" is the project's folder, as on GitHub; a whole path of this machine may lie in the project too.
        for path in (root / text.lstrip("/"), Path(text)) if text.startswith("/") else (article_path.parent / text,):
            try:
                found: Path = path.resolve()
                if found.exists():
                    if found.is_relative_to(root):
                        return found
                    outside = True
            except (OSError, ValueError, RuntimeError):  # noqa: PERF203  a name too long, a zero byte, a loop of links
                continue
    if outside:
        hint = "copy it into the newsletter's project; nothing outside is sent"
        raise SourceError(f"image {src} is outside {root}", article_path, hint=hint)
    base = root if src.startswith("/") else article_path.parent
    raise SourceError(f"image {_short(src)}: no such file", article_path, hint=_near(base / unquote(plain).lstrip("/")))


def _near(path: Path) -> str:
    """Name a file that may have been meant: the same but for upper and lower case, or nearly the same."""
    try:
        names = {each.name.lower(): each.name for each in path.parent.iterdir()}
    except (OSError, ValueError):
        return "its folder does not exist either"
    near = get_close_matches(path.name.lower(), names, 1, 0.8)
    return f"did you mean {names[near[0]]}?" if near else "names are relative to the issue's folder"


def _short(src: str) -> str:
    return src if len(src) <= 120 else src[:119] + "…"
