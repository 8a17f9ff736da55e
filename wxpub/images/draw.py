"""What drawing needs of this machine, its fonts, and images made here: QR codes, the box of a missing one, diagrams.

Diagrams are drawn by programs of the user's choice, and kept.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import unicodedata
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wxpub.errors import SourceError, reason_of
from wxpub.language import tr
from wxpub.limits import words

if TYPE_CHECKING:
    from subprocess import Popen

    from PIL.ImageFont import FreeTypeFont

QR_BYTES = 1273  # a QR code of the largest size at level H holds this many; ours is level M, easier to read when short
QR_BOX, QR_BORDER = 10, 4  # pixels of a module; modules of margin, which readers need
FONT_PACKAGES = (
    "install fonts-noto-cjk (Debian, Ubuntu), google-noto-sans-cjk-fonts (Fedora) or noto-fonts-cjk (Arch, Alpine)"
)
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
_SERIF_FONTS = (
    "C:/Windows/Fonts/STZHONGS.TTF",
    "/System/Library/Fonts/Supplemental/Songti.ttc",
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc",
    "/usr/share/fonts/noto-cjk/NotoSerifCJK-Bold.ttc",
    "/usr/share/fonts/google-noto-serif-cjk-fonts/NotoSerifCJK-Bold.ttc",
)
# What a child process gets of the environment: enough to start and to find libraries and fonts, and no secret.
_PASSED_ON = words(
    "PATH HOME LANG LC_ALL PYTHONHOME PYTHONPATH PYTHONUSERBASE LD_LIBRARY_PATH DYLD_LIBRARY_PATH XDG_DATA_HOME "
    "FONTCONFIG_FILE SYSTEMROOT WINDIR APPDATA LOCALAPPDATA USERPROFILE JAVA_HOME PUPPETEER_EXECUTABLE_PATH"
)


def environment() -> dict[str, str]:
    """Return the environment for a program that draws or is asked about fonts."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


# --- QR codes ---------------------------------------------------------------------------------------------------------


def qrcode(text: str) -> bytes:
    """Draw a QR code of `text` (UTF-8) as a PNG. Raises SourceError if the text is empty or too long."""
    data = text.encode()
    if not data or len(data) > QR_BYTES:
        raise SourceError(tr("a QR code of {n} bytes; it takes 1 to {most}", n=len(data), most=QR_BYTES))
    code = _code(data, "M", QR_BORDER)
    try:
        code.make()
    except ValueError:  # "glog(0)": qrcode does not get on with a row of zeros
        raise SourceError(tr("a QR code of this text cannot be drawn")) from None
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


# --- diagrams ---------------------------------------------------------------------------------------------------------

QRCODE = "qrcode:"  # begins the source of an image that is drawn: `qrcode:TEXT`
DIAGRAM = "diagram:"  # begins the source of an image that is drawn: `diagram:LANGUAGE:TEXT`, the text percent-encoded
DIAGRAM_SECONDS = 60  # mermaid's program starts a browser for each
DIAGRAM_BYTES = 20 * 1024**2  # of all that the program writes
# Keeps Graphviz and PlantUML from reading files that a diagram names, and PlantUML from fetching any.
_ENCLOSED = {"SERVER_NAME": "wxpub", "PLANTUML_SECURITY_PROFILE": "SANDBOX"}
_LOOK_SECONDS = 0.05  # between two looks at what it does
_SAID = 4_000  # bytes of its complaint that are read


def diagram(language: str, text: str, command: Sequence[str]) -> bytes:
    """Let a program of the user's draw a diagram: `command` in words, in which `{in}` and `{out}` stand for files.

    Without `{in}` the text comes by standard input, without `{out}` the picture goes by standard output. No shell
    reads the command; the program works in an empty folder, with none of our secrets around it, and has a minute.
    What it has drawn is kept in the user's cache folder and not drawn again. Raises SourceError if there is no
    picture in the end, with what the program said.
    """
    place = _kept(command, text)
    if place is not None and place.is_file():
        return place.read_bytes()
    data = _drawn(language, text, command)
    if place is not None:
        try:
            draft = place.with_name(f"{place.name}.{os.getpid()}")
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
            draft.replace(place)
        except OSError:
            pass  # it is drawn again the next time
    return data


def _kept(command: Sequence[str], text: str) -> Path | None:
    """Name the file in which a drawing is kept; None where the user has no home for it."""
    from hashlib import sha256

    from platformdirs import user_cache_path

    try:
        return (
            user_cache_path("wxpub", appauthor=False) / "diagrams" / sha256(repr((*command, text)).encode()).hexdigest()
        )
    except RuntimeError:
        return None


def _drawn(language: str, text: str, command: Sequence[str]) -> bytes:
    import shutil
    from tempfile import TemporaryDirectory

    program = shutil.which(Path(command[0]).expanduser())
    if program is None:
        raise _undrawn(language, tr("there is no program {name}", name=command[0]))
    with TemporaryDirectory(prefix="wxpub-", ignore_cleanup_errors=True) as name:
        source, picture, output, said = (Path(name, each) for each in ("diagram.txt", "diagram.png", "output", "said"))
        source.write_text(text, encoding="utf-8")
        words = [each.replace("{in}", str(source)).replace("{out}", str(picture)) for each in command[1:]]
        fault = _run([program, *words], source, output, said)
        data = _beginning(picture if picture.is_file() else output, DIAGRAM_BYTES + 1)
        if len(data) > DIAGRAM_BYTES:
            fault = _too_much()
        if fault or not is_picture(data):
            raise _undrawn(language, fault or _complaint(said) or tr("the program made no picture"))
    return data


def _beginning(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _undrawn(language: str, reason: str) -> SourceError:
    hint = tr("correct the diagram, or the program's line under [render] in your config.toml")
    return SourceError(
        tr("the {language} diagram cannot be drawn: {reason}", language=language, reason=reason), hint=hint
    )


def _run(command: list[str], source: Path, output: Path, said: Path) -> str:
    """Run a program within bounds of time and of what it writes; return what went wrong with it, "" for nothing.

    It has a group of its own, which is ended with it: the browsers that it may have started.
    """
    import subprocess
    import time

    files, until = (output, said, source.with_name("diagram.png")), time.monotonic() + DIAGRAM_SECONDS
    with source.open("rb") as text, output.open("wb") as out, said.open("wb") as errors:
        try:
            process = subprocess.Popen(  # noqa: S603  the user's own words
                command, cwd=source.parent, env=environment() | _ENCLOSED, stdin=text, stdout=out, stderr=errors,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return tr("the program does not start: {reason}", reason=reason_of(error))
        try:
            while process.poll() is None:
                if time.monotonic() > until:
                    return tr("not done after {seconds} seconds", seconds=DIAGRAM_SECONDS)
                if sum(each.stat().st_size for each in files if each.exists()) > DIAGRAM_BYTES:
                    return _too_much()
                try:
                    process.wait(_LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            _end(process)
    if process.returncode:
        return _complaint(said) or tr("the program ended with {code}", code=process.returncode)
    return ""


def _end(process: Popen[bytes]) -> None:
    """End a program and all that it has started."""
    if os.name == "posix":
        import signal

        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _too_much() -> str:
    return tr("more than {size} MB were written", size=DIAGRAM_BYTES // 1024**2)


def _complaint(said: Path) -> str:
    """Find the line in which a program says what is wrong: the first that speaks of an error, else the first."""
    lines = [line for line in _beginning(said, _SAID).decode("utf-8", "replace").splitlines() if line.strip()]
    telling = next((line for line in lines if "error" in line.lower() and " " in line.strip()), next(iter(lines), ""))
    plain = "".join(char if char.isprintable() else " " for char in telling)
    return " ".join(plain.split())[:200]


def is_picture(data: bytes) -> bool:
    """Whether these bytes begin as a picture does that a program may have drawn."""
    return data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"<svg", b"<?xml", b"<!DOCTYPE svg"))


# --- fonts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Typeface:
    """A font file's face, or, without a file, the Latin one that Pillow carries."""

    path: str = ""
    index: int = 0

    @cached_property
    def _font(self) -> FreeTypeFont:
        from PIL import ImageFont

        if not self.path:
            return cast("FreeTypeFont", ImageFont.load_default(100))
        return ImageFont.truetype(self.path, 100, index=self.index, layout_engine=ImageFont.Layout.BASIC)

    @property
    def family(self) -> str:
        """The name of the font, by which other programs know it; "" for the one that Pillow carries."""
        return (self._font.getname()[0] or "") if self.path else ""

    def at(self, size: int) -> FreeTypeFont:
        """Return the face at a size in pixels."""
        return self._font.font_variant(size=size)

    def width(self, text: str) -> float:
        """Return the width of a text at the size of one pixel."""
        return self._font.getlength(text) / 100

    def drawable(self, text: str) -> str:
        """Drop what the face has no shape for, such as emoji, and what has none at all, such as control characters."""
        none = _shape(self._font, "\uffff")
        shaped = {each: each.isspace() or _shape(self._font, each) not in (none, _EMPTY) for each in set(text)}
        kept = (each if shaped[each] else " " for each in text if unicodedata.category(each) not in ("Cf", "Mn"))
        return " ".join("".join(kept).split())


_EMPTY = ((0, 0), b"")


def _shape(font: FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return (mask.size, bytes(mask)) if any(mask.size) else _EMPTY


def typeface(*, serif: bool = False, bold: bool = True) -> Typeface:
    """Find the face in which covers are written; on a machine without a Chinese font, the one that Pillow carries.

    One that is not `bold`, for running text, is the bold one where there is no other.
    """
    known = [each for each in _SERIF_FONTS if serif] + [each for each in _FONTS if not bold and not _is_bold(each)]
    font = next((each for each in known if Path(each).is_file()), None) or chinese_font()
    return Typeface(font, _index(font, bold=bold)) if font else Typeface()


def _is_bold(font: str) -> bool:
    return "bold" in font.lower() or font.endswith("bd.ttc")


def chinese_font() -> str | None:
    """Find the font in which covers are drawn: a well-known file, else fontconfig's choice; None if there is none."""
    import shutil
    import subprocess

    known = next((each for each in _FONTS if Path(each).is_file()), None)
    program = shutil.which("fc-list")
    if known or not program:
        return known
    asked = subprocess.run(  # noqa: S603  our own words
        [program, ":lang=zh-cn", "file"], capture_output=True, check=False, timeout=20, env=environment()
    )
    found = sorted(
        filter(None, (line.rstrip(": ") for line in os.fsdecode(asked.stdout).splitlines())), key=_preference
    )
    return found[0] if found else None


def _preference(path: str) -> tuple[bool, bool, bool, str]:
    """Sort fonts: outlines before bitmaps, sans-serif before serif, bold first."""
    name = Path(path).name.lower()
    return (not name.endswith((".ttf", ".ttc", ".otf")), "serif" in name or "song" in name, "bold" not in name, path)


def _index(font: str, *, bold: bool = True) -> int:
    """Choose the simplified Chinese face of a collection (the first of Noto's is Japanese), a heavy one if `bold`."""
    from PIL import ImageFont

    found: dict[int, str] = {}
    for index in range(40 if font.lower().endswith((".ttc", ".otc")) else 0):
        try:
            family, name = ImageFont.truetype(font, 16, index=index).getname()
        except OSError:
            break
        if (family or "").endswith(" SC") and "Mono" not in (family or ""):
            found[index] = name or ""
    wanted = ("Bold", "Semibold", "Heavy", "Black", "Medium") if bold else ("Regular", "Medium", "Light")
    named = (index for name in wanted for index, each in found.items() if each == name)
    return next(named, next(iter(found), 0))


# --- stand-ins --------------------------------------------------------------------------------------------------------


def stand_in() -> bytes:
    """Draw the grey box that takes the place of an image that cannot be reached now."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (600, 80), "#d9d9d9").save(out, "PNG")
    return out.getvalue()
