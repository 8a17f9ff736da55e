"""Where images come from: a `src` of an article in, its bytes out, within bounds of place, size and time.

An issue is text that others may have written, so nothing in it is trusted. A file is read only from inside the
newsletter's project; what is on the web is asked for as `fetch` asks strangers. Nothing is converted here.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from wxpub import address
from wxpub import fetch as web
from wxpub.errors import NetworkError, SourceError, near_file, reason_of
from wxpub.language import tr
from wxpub.limits import IMAGE_FILE_BYTES

# What the kind of an image may begin with; some servers know no better name.
_KINDS = ("image/", "application/octet-stream", "binary/octet-stream", "application/x-")
_ACCEPT = "image/png,image/jpeg,image/gif,image/*;q=0.8"
_MB = 1024 * 1024
_REMOTE = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """An image as its author gave it.

    `src` is what the article calls it, `name` what messages call it. `key` is the same for the same image on every
    machine: it is made of the original bytes, not of the converted ones, which differ from one Pillow to the next.
    """

    src: str
    name: str
    data: bytes = field(repr=False)
    key: str


def key_of(data: bytes) -> str:
    """Make the key of `data`: 32 hexadecimal digits of its SHA-256."""
    return sha256(data).hexdigest()[:32]


def remote(src: str) -> bool:
    """Whether `src` is an address on the web."""
    return _REMOTE.match(src) is not None


def hosted(src: str) -> bool:
    """Whether WeChat itself serves `src`: such an image stays as it is."""
    return remote(src) and address.parse(src).hosted


def read(src: str, article_path: Path, root: Path, *, allow_private: bool = False) -> Source:
    """Read the image `src` of the article at `article_path`.

    `src` is a file (relative to the article; with a leading `/`, to `root`; percent-encoded or not), an http(s)
    address, or a `data:` URL. `allow_private` admits addresses of the local network.

    Raises SourceError if there is no such image or it may not be read, NetworkError if it cannot be reached.
    """
    src = src.strip()
    if not src:
        raise SourceError(tr("an image names no file"), article_path, hint=tr("write ![text](file.png)"))
    if src[:5].lower() == "data:":
        return _inline(src, article_path)
    if remote(src):
        url = src if src[0] != "/" else f"https:{src}"
        data = fetch(url, allow_private=allow_private)
        return Source(src, url, data, key_of(data))
    return _file(src, article_path, root)


def _inline(src: str, article_path: Path) -> Source:
    import base64

    head, comma, body = src[5:].partition(",")
    name = f"data:{head[:40]},…"
    try:
        if not comma:
            raise ValueError
        data = unquote_to_bytes(body)
        if head.lower().rstrip().endswith(";base64"):
            data = base64.b64decode(re.sub(rb"\s", b"", data), validate=True)
    except ValueError:
        said = tr("image {image} is not a valid data: URL", image=name)
        raise SourceError(said, article_path, hint=tr("save it as a file and name that")) from None
    if not data:
        raise SourceError(tr("image {image} is empty (0 bytes)", image=name), article_path)
    return Source(src, name, data, key_of(data))


# --- files ------------------------------------------------------------------------------------------------------------


def _file(src: str, article_path: Path, root: Path) -> Source:
    if (scheme := _SCHEME.match(src)) and len(scheme[1]) > 1:
        hint = tr("name a file relative to the issue, or an http(s) address")
        said = tr("image {image}: {scheme}: addresses are not read", image=_cut(src), scheme=scheme[1])
        raise SourceError(said, article_path, hint=hint)
    root = root.resolve()
    path = _find(src, article_path, root)
    if path.is_dir():
        raise SourceError(tr("image {image} is a folder", image=src), article_path)
    try:
        # What was found is opened once, and everything is asked of the open file: the path may lead elsewhere by now.
        handle = _open(path, root)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.ENXIO, "not a file")
            with open(handle, "rb", closefd=False) as file:
                data = file.read(IMAGE_FILE_BYTES + 1)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.EOPNOTSUPP):  # which a socket says to the one who opens it
            said = tr("image {image} is a pipe, a socket or a device, not a file", image=src)
            raise SourceError(said, article_path) from None
        said = tr("image {image} cannot be read: {reason}", image=src, reason=reason_of(error))
        raise SourceError(said, article_path) from None
    if len(data) > IMAGE_FILE_BYTES:
        size, most = max(status.st_size, len(data)) / _MB, IMAGE_FILE_BYTES // _MB
        said = tr("image {image} has {size:.0f} MB; at most {most} are read", image=src, size=size, most=most)
        raise SourceError(said, article_path)
    if not data:
        raise SourceError(tr("image {image} is empty (0 bytes)", image=src), article_path)
    return Source(src, path.name, data, key_of(data))


def _find(src: str, article_path: Path, root: Path) -> Path:
    """Find the file that `src` means: as written, without percent-encoding, without `?raw=true`, with backslashes."""
    plain = re.split(r"[?#]", src, maxsplit=1)[0]
    tries = dict.fromkeys((src, unquote(src), plain, unquote(plain), unquote(plain).replace("\\", "/")))
    outside = False
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
        hint = tr("copy it into the newsletter's project; nothing outside is sent")
        raise SourceError(tr("image {image} is outside {folder}", image=src, folder=root), article_path, hint=hint)
    base = root if src.startswith("/") else article_path.parent
    hint = near_file(base / unquote(plain).lstrip("/"), tr("names are relative to the issue's folder"))
    raise SourceError(tr("image {image}: no such file", image=_cut(src)), article_path, hint=hint)


def _open(path: Path, root: Path) -> int:
    """Open `path`, which was resolved and lies in `root`; give the descriptor.

    From `root` on, one name at a time, and no name may be a link: what has become one since `path` was resolved could
    lead out of the project. A pipe is opened without waiting for somebody who writes.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    if os.open not in os.supports_dir_fd:  # Windows
        return os.open(path, flags)
    inner = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for name in path.relative_to(root).parts:
        outer = inner
        try:
            inner = os.open(name, flags | os.O_NOFOLLOW, dir_fd=outer)
        finally:
            os.close(outer)
    return inner


def _cut(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"


# --- the web ----------------------------------------------------------------------------------------------------------


def fetch(url: str, *, allow_private: bool = False) -> bytes:
    """Fetch the image at `url`.

    Raises SourceError for an answer that will not change by asking again (not found, not an image, too large, a private
    address), NetworkError for one that may.
    """
    try:
        answer = web.fetch(url, most=IMAGE_FILE_BYTES, accept=_ACCEPT, kinds=_KINDS, allow_private=allow_private)
    except web.Failure as failure:
        said = failure.told(tr("image {image}", image=web.shown(failure.url)))
        hint = {
            "password": tr("save the image as a file"),
            "private": tr("allow_private = true under [network] of wxpub.toml admits it"),
            "unknown": tr("is there a network? or save the image as a file"),
            "unreachable": tr("is there a network? or save the image as a file"),
        }.get(failure.reason, "")
        raise (SourceError if failure.lasting else NetworkError)(said, hint=hint) from None
    shown = web.shown(answer.url)
    if answer.status != 200:
        said = tr("image {image}: the server answers {status}", image=shown, status=answer.status)
        if answer.status >= 500 or answer.status == 429:
            raise NetworkError(said)
        raise SourceError(said, hint=tr("open it in a browser and save it"))
    if answer.kind and not answer.kind.startswith(_KINDS):
        hint = tr("name the image itself, not the page that shows it") if "html" in answer.kind else ""
        raise SourceError(tr("image {image} is {kind}, not an image", image=shown, kind=answer.kind), hint=hint)
    if not answer.whole:
        raise SourceError(tr("image {image} is larger than {n} MB", image=shown, n=IMAGE_FILE_BYTES // _MB))
    if not answer.body:
        raise SourceError(tr("image {image} is empty (0 bytes)", image=shown))
    return answer.body
