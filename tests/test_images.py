"""Pictures: whatever an author has becomes what WeChat takes, as sharp as fits, and looks the same."""

from __future__ import annotations

import base64
import gzip
import io
import os
import random
import shutil
import socket
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from PIL import Image as Pillow
from PIL import features
from strangers import saying

from wxpub.errors import NetworkError, SourceError
from wxpub.images import Image, Source, Store, draw, hosted, read
from wxpub.images import fit as fitting
from wxpub.limits import IMAGE_HEIGHT, IMAGE_PIXELS, UPLOADIMG_BYTES


def encoded(bitmap: Pillow.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    bitmap.save(out, kind, **options)
    return out.getvalue()


def noise(width: int, height: int, mode: str = "RGB") -> Pillow.Image:
    """Make a picture that compresses as badly as any, the same every time."""
    data = random.Random(width * height).randbytes(width * height * len(mode))
    return Pillow.frombytes(mode, (width, height), data)


def fit(data: bytes, name: str = "picture.x") -> Image:
    return fitting.fit(Source(name, name, data, read.key_of(data)))


def load(src: str, article_path: Path, root: Path) -> Image:
    return Store(article_path, root).fit(src)


def opened(image: Image) -> Pillow.Image:
    return Pillow.open(io.BytesIO(image.data))


GRADIENT = Pillow.linear_gradient("L").resize((300, 200))
COLOURS = Pillow.merge("RGB", (GRADIENT, GRADIENT.rotate(180), GRADIENT))
CLEAR = COLOURS.convert("RGBA")
CLEAR.putalpha(GRADIENT)

KINDS: dict[str, bytes] = {
    "JPEG": encoded(COLOURS, "JPEG"),
    "PNG": encoded(COLOURS, "PNG"),
    "PNG with transparency": encoded(CLEAR, "PNG"),
    "PNG with palette": encoded(COLOURS.convert("P"), "PNG"),
    "PNG with 16 bits": encoded(GRADIENT.convert("I").point(lambda value: value * 256).convert("I;16"), "PNG"),
    "GIF": encoded(COLOURS, "GIF"),
    "BMP": encoded(COLOURS, "BMP"),
    "TIFF": encoded(COLOURS, "TIFF"),
    "TIFF in CMYK": encoded(COLOURS.convert("CMYK"), "TIFF"),
    "JPEG in CMYK": encoded(COLOURS.convert("CMYK"), "JPEG"),
    "WebP": encoded(COLOURS, "WEBP"),
    "WebP with transparency": encoded(CLEAR, "WEBP"),
    "ICO": encoded(COLOURS, "ICO", sizes=[(64, 64)]),
    "TGA": encoded(COLOURS, "TGA"),
    "PPM": encoded(COLOURS, "PPM"),
}
if features.check("avif"):
    KINDS["AVIF"] = encoded(COLOURS, "AVIF")


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_pillow_reads_becomes_what_wechat_takes(kind: str) -> None:
    image = fit(KINDS[kind])
    bitmap = opened(image)
    assert bitmap.format in ("JPEG", "PNG")
    assert image.mime == f"image/{bitmap.format.lower()}"
    assert bitmap.mode in ("RGB", "RGBA", "L", "P", "LA")
    assert (image.width, image.height) == bitmap.size
    assert len(image.data) < UPLOADIMG_BYTES
    assert image.name.isascii()
    assert "." in image.name


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "ICO"])
def test_the_picture_looks_the_same_afterwards(kind: str) -> None:
    with Pillow.open(io.BytesIO(KINDS[kind])) as before:
        wanted = (GRADIENT if "16 bits" in kind else before).convert("RGBA").resize((30, 20))
    got = opened(fit(KINDS[kind])).convert("RGBA").resize((30, 20))
    white = Pillow.new("RGBA", got.size, "white")
    one, two = (Pillow.alpha_composite(white, each).convert("RGB").tobytes() for each in (wanted, got))
    assert max(abs(a - b) for a, b in zip(one, two, strict=True)) < 40
    assert sum(abs(a - b) for a, b in zip(one, two, strict=True)) / len(one) < 8


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "PNG with transparency", "PNG with palette"])
def test_what_fits_already_is_left_alone(kind: str) -> None:
    assert fit(KINDS[kind]).data == KINDS[kind]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_large_picture_is_scaled_and_stays_below_one_megabyte(kind: str) -> None:
    image = fit(encoded(noise(2400, 1800), kind))
    assert len(image.data) < UPLOADIMG_BYTES
    assert image.width <= IMAGE_PIXELS
    assert abs(image.width / image.height - 4 / 3) < 0.01
    assert image.width >= 700, "half of the column's width would be blurred on a phone"


def test_a_photograph_gets_the_width_of_the_column_twice_and_a_good_quality() -> None:
    photo = Pillow.linear_gradient("L").resize((4032, 3024)).convert("RGB")
    photo.paste(noise(500, 500), (100, 100))
    image = fit(encoded(photo, "JPEG", quality=95))
    assert (image.width, image.mime) == (IMAGE_PIXELS, "image/jpeg")


def test_a_very_tall_picture_is_brought_to_a_height_that_wechat_takes() -> None:
    image = fit(encoded(Pillow.new("RGB", (800, 20_000), "#abc"), "PNG"))
    assert image.height <= IMAGE_HEIGHT


def test_transparency_is_kept_or_put_on_white() -> None:
    assert opened(fit(KINDS["WebP with transparency"])).mode == "RGBA"
    large = fit(encoded(noise(1400, 1400, "RGBA"), "PNG"))
    assert large.mime == "image/jpeg"
    corner = Pillow.new("RGBA", (1400, 1400), (255, 0, 0, 0))
    corner.paste(noise(1400, 1200, "RGBA"), (0, 200))
    assert min(opened(fit(encoded(corner, "PNG"))).convert("RGB").getpixel((5, 5))) > 240  # type: ignore[call-overload]


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_photograph_that_lies_on_its_side_is_turned(orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    upright = Pillow.new("RGB", (60, 40), "blue")
    upright.paste("red", (0, 0, 20, 10))
    image = fit(encoded(upright, "JPEG", exif=exif, quality=95))
    assert (image.width, image.height) == ((40, 60) if orientation >= 5 else (60, 40))
    assert opened(image).getexif().get(0x0112, 1) == 1


def test_colours_of_another_profile_are_converted() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert "icc_profile" not in opened(fit(encoded(COLOURS, "PNG", icc_profile=profile))).info
    broken = opened(fit(encoded(COLOURS, "PNG", icc_profile=b"nonsense")))
    assert broken.size == COLOURS.size
    assert "icc_profile" not in broken.info


def test_where_a_photograph_was_taken_is_not_sent() -> None:
    exif = Pillow.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    image = fit(encoded(COLOURS, "JPEG", exif=exif))
    assert 0x8825 not in opened(image).getexif()


def test_an_animated_gif_stays_as_it_is_and_other_animations_keep_their_first_picture() -> None:
    frames = [Pillow.new("RGB", (30, 30), colour) for colour in ("red", "green", "blue")]
    gif = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    image = fit(gif)
    assert image.animated
    assert image.data == gif
    webp = fit(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=50))
    assert not webp.animated
    assert "first image" in webp.remark


@pytest.mark.parametrize(
    ("size", "width"),
    [('width="300" height="100"', 600), ('viewBox="0 0 300 100"', 600), ('width="3000" height="10"', 1440), ("", 1354)],
)
def test_svg_is_drawn_twice_as_wide_as_it_says(size: str, width: int) -> None:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect width="100%" height="100%" fill="#c00"/></svg>'
    for data in (svg.encode(), b'<?xml version="1.0"?>\n' + svg.encode(), gzip.compress(svg.encode())):
        image = fit(data, "a.svg")
        assert image.width == width
        assert opened(image).convert("RGB").getpixel((3, 3)) == (204, 0, 0)


@pytest.mark.font
@pytest.mark.parametrize("font", ["", "font-family='Arial'", "font-family='sans-serif'", "font-family='PingFang SC'"])
def test_words_of_an_svg_are_drawn_in_a_font_of_this_machine(font: str) -> None:
    words = f'<text x="10" y="30" font-size="24" {font}>灯下 lamp</text>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="160" height="40"><path d="M0 0h1"/>{words}</svg>'
    image = opened(fit(svg.encode(), "a.svg")).convert("RGBA")
    assert sum(image.getchannel("A").histogram()[128:]) > 300


def test_svg_reads_no_file_of_this_machine(tmp_path: Path) -> None:
    Pillow.new("RGB", (10, 10), "red").save(tmp_path / "secret.png")
    for address in (f"file://{tmp_path}/secret.png", f"{tmp_path}/secret.png"):
        size = 'width="10" height="10"'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><image href="{address}" {size}/></svg>'
        pixel = opened(fit(svg.encode(), "a.svg")).convert("RGBA").getpixel((5, 5))
        assert pixel[3] == 0  # type: ignore[index]


HOSTILE_DRAWINGS = {
    "nested too deep": "<g>" * 100_000 + "</g>" * 100_000,
    "a copy of copies": '<g id="a0"><path d="M0 0h1"/></g>'
    + "".join(f'<g id="a{n}"><use href="#a{n - 1}"/><use href="#a{n - 1}"/></g>' for n in range(1, 30)),
    "never done": '<filter id="f"><feTurbulence numOctaves="1000000000" baseFrequency="0.5"/></filter>'
    '<rect width="20" height="20" filter="url(#f)"/>',
}


@pytest.mark.parametrize("kind", HOSTILE_DRAWINGS)
def test_a_drawing_that_breaks_the_renderer_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "DRAW_SECONDS", 2)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{HOSTILE_DRAWINGS[kind]}</svg>'
    with pytest.raises(SourceError, match="drawn"):
        fit(svg.encode(), "a.svg")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the limits of another process")
def test_a_drawing_ends_even_if_the_program_that_started_it_was_killed() -> None:
    import resource

    command = [sys.executable, str(Path(fitting.__file__).with_name("svg.py")), "20"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as drawing:
        assert drawing.stdin
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{HOSTILE_DRAWINGS["never done"]}</svg>'
        drawing.stdin.write(svg.encode())
        drawing.stdin.close()
        for _ in range(500):
            seconds, _most = resource.prlimit(drawing.pid, resource.RLIMIT_CPU)
            if seconds != resource.RLIM_INFINITY:
                break
            threading.Event().wait(0.02)
        drawing.kill()
    assert 0 < seconds <= 60


def test_a_drawing_of_a_size_that_no_memory_holds_is_refused() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="1440" height="20000000"><path d="M0 0h1"/></svg>'
    with pytest.raises(SourceError, match="not an SVG that can be drawn"):
        fit(svg.encode(), "a.svg")


def test_postscript_starts_no_interpreter() -> None:
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
    with pytest.raises(SourceError, match="PostScript"):
        fit(eps, "a.png")


# --- where they come from ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "src",
    [
        "img/图 一.png",
        "img/%E5%9B%BE%20%E4%B8%80.png",
        "./img/图%20一.png",
        "img/图 一.png?raw=true",
        "img/图 一.png#anchor",
        "/issues/img/图 一.png",
        "img\\图 一.png",
        "../issues/img/图 一.png",
    ],
)
def test_a_file_is_found_however_its_name_is_written(src: str, tmp_path: Path) -> None:
    folder = tmp_path / "issues" / "img"
    folder.mkdir(parents=True)
    COLOURS.save(folder / "图 一.png")
    image = load(src, tmp_path / "issues" / "a.md", tmp_path)
    assert (image.width, image.height) == COLOURS.size
    assert image.name.isascii()


def test_a_whole_path_inside_the_project_is_found(tmp_path: Path) -> None:
    COLOURS.save(tmp_path / "a.png")
    assert load(f"{tmp_path}/a.png", tmp_path / "a.md", tmp_path).width == COLOURS.width


def test_inline_data_is_read(tmp_path: Path) -> None:
    packed = base64.b64encode(KINDS["PNG"]).decode()
    assert load(f"data:image/png;base64,{packed}", tmp_path / "a.md", tmp_path).data == KINDS["PNG"]
    svg = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='20' height='10'/%3E"
    assert load(svg, tmp_path / "a.md", tmp_path).width == 40


@pytest.mark.parametrize(
    ("src", "is_hosted"),
    [
        ("https://mmbiz.qpic.cn/mmbiz_png/x/640?wx_fmt=png", True),
        ("http://mmbiz.qpic.cn/a/0", True),
        ("//mmbiz.qpic.cn/a/0", True),
        ("https://mmbiz.qpic.cn.evil.example/a", False),
        ("https://evilqpic.cn/a", False),
        ("mmbiz.qpic.cn/a.png", False),
        ("img/a.png", False),
    ],
)
def test_what_wechat_serves_itself_is_known(src: str, is_hosted: bool) -> None:
    assert hosted(src) is is_hosted


# --- what is drawn here -----------------------------------------------------------------------------------------------


def test_a_qr_code_says_what_it_was_given_and_is_the_same_every_time(tmp_path: Path) -> None:
    src = "qrcode:https://github.com/me/letter/blob/main/issues/2026-11-20.md"
    one, two = (load(src, tmp_path / "a.md", tmp_path) for _ in range(2))
    assert one == two
    assert one.width == one.height >= 300


def test_an_image_that_changed_is_read_again_once_it_is_forgotten(tmp_path: Path) -> None:
    place = tmp_path / "a.png"
    Pillow.new("RGB", (8, 4), "red").save(place)
    store = Store(tmp_path / "issue.md", tmp_path)
    assert (store.fit("a.png").width, store.size("a.png")) == (8, (8, 4))
    Pillow.new("RGB", (6, 3), "red").save(place)
    assert (store.fit("a.png").width, store.size("a.png")) == (8, (8, 4))
    store.forget("a.png")
    assert (store.fit("a.png").width, store.size("a.png")) == (6, (6, 3))


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "1234567890" * 50,
        "A" * 300,
        "https://例子.example/期/１?q=1&b=二#三",
        "\0" * 40,
        "长" * 424,
        "x" * draw.QR_BYTES,
    ],
)
def test_a_qr_code_can_be_read(text: str) -> None:
    import zxingcpp

    data = draw.qrcode(text)
    bitmap = Pillow.open(io.BytesIO(data))
    assert bitmap.mode == "1" and set(bitmap.crop((0, 0, bitmap.width, 40)).tobytes()) <= {255, 0xFF & (0xFF << 6)}
    (found,) = zxingcpp.read_barcodes(bitmap.convert("L"))
    assert found.bytes == text.encode()


def test_a_qr_code_is_drawn_without_pillow() -> None:
    code = "import sys; from wxpub.images import draw; draw.qrcode('x'); print('PIL' in sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
    from qrcode.image.styles.moduledrawers.pil import RoundedModuleDrawer

    assert RoundedModuleDrawer, "what was hidden for a moment can be imported by others"


def test_a_qr_code_that_cannot_be_drawn_is_refused() -> None:
    for text in ("", "x" * (draw.QR_BYTES + 1), "0" * 500):
        with pytest.raises(SourceError, match="a QR code of"):
            draw.qrcode(text)


LARGE_MODES: dict[str, Callable[[Pillow.Image], bytes]] = {
    "L": lambda grey: encoded(grey, "PNG"),
    "RGB": lambda grey: encoded(Pillow.merge("RGB", (grey, grey.rotate(180), grey)), "PNG"),
    "RGBA": lambda grey: encoded(Pillow.merge("RGBA", (grey, grey, grey.rotate(180), grey)), "PNG"),
    "LA": lambda grey: encoded(Pillow.merge("LA", (grey, grey)), "PNG"),
    "P": lambda grey: encoded(grey.convert("P"), "PNG"),
    "a palette that shows through": lambda grey: encoded(grey.convert("P"), "PNG", transparency=bytes(range(256))),
    "a colour that shows through": lambda grey: encoded(grey.convert("RGB"), "PNG", transparency=(0, 0, 0)),
    "1": lambda grey: encoded(grey.convert("1"), "PNG"),
    "16 bits": lambda grey: encoded(grey.convert("I").point(lambda value: value * 256).convert("I;16"), "PNG"),
    "CMYK": lambda grey: encoded(grey.convert("RGB").convert("CMYK"), "TIFF"),
    "F": lambda grey: encoded(grey.convert("F"), "TIFF"),
}


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("mode", LARGE_MODES)
def test_a_large_bitmap_looks_the_same_when_it_is_reduced_first(
    mode: str, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    grey = Pillow.linear_gradient("L").rotate(90).resize((9000, 90))
    if orientation == 6:
        grey = grey.transpose(Pillow.Transpose.ROTATE_90)
    with Pillow.open(io.BytesIO(LARGE_MODES[mode](grey))) as bitmap:
        options = {"transparency": bitmap.info["transparency"]} if "transparency" in bitmap.info else {}
        data = encoded(bitmap, bitmap.format or "", exif=exif, **options)
    before = Counted(monkeypatch, fitting, "_plain")
    reduced = fit(data)
    monkeypatch.setattr(fitting, "_reduced", lambda bitmap: bitmap)
    whole = fit(data)
    assert [max(bitmap.size) for bitmap in before.calls] == [4500, 9000]
    assert (reduced.width, reduced.height) == (whole.width, whole.height)
    white = Pillow.new("RGBA", (reduced.width, reduced.height), "white")
    one, two = (
        Pillow.alpha_composite(white, opened(each).convert("RGBA")).convert("RGB").tobytes()
        for each in (reduced, whole)
    )
    assert sum(abs(a - b) for a, b in zip(one, two, strict=True)) / len(one) < 3


# --- sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_is_known_from_the_head_alone(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded"))
    if kind.split()[0] in ("JPEG", "PNG", "GIF", "BMP", "WebP"):
        monkeypatch.setattr(fitting, "_pillow", lambda data: pytest.fail("Pillow was asked"))
    if kind != "ICO":  # Pillow decodes it as it opens it
        assert fitting.size(KINDS[kind]) == (300, 200)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("WEBP", {"lossless": True}),
        ("WEBP", {"lossless": False}),
        ("WEBP", {"exif": True}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"exif": True}),
        ("PNG", {"exif": True}),
        ("TIFF", {"exif": True}),
    ],
)
def test_the_size_is_that_of_the_image_as_it_is_shown(kind: str, options: dict[str, Any]) -> None:
    for orientation in range(1, 9) if options.pop("exif", False) else (0,):
        exif = Pillow.Exif()
        if orientation:
            exif[0x010F] = "maker"
            exif[0x0112] = orientation
            options["exif"] = exif
        data = encoded(Pillow.new("RGB", (301, 77), "#abc"), kind, **options)
        image = fit(data)
        assert fitting.size(data) == (image.width, image.height) == ((77, 301) if orientation >= 5 else (301, 77))


def test_sizes_of_old_bitmaps_and_upside_down_ones() -> None:
    core = b"BM" + b"\0" * 12 + struct.pack("<IHH", 12, 30, 20)
    assert fitting.size(core) == (30, 20)
    assert fitting.size(b"BM" + b"\0" * 12 + struct.pack("<Iii", 40, 30, -20)) == (30, 20)


@pytest.mark.parametrize(
    ("head", "size"),
    [
        ('width="300" height="100"', (300, 100)),
        ("width='300px' height='100px' viewBox='0 0 3 1'", (300, 100)),
        ('viewBox="0 0 300 100"', (300, 100)),
        ('width="300" viewBox="0,0,30,10"', (300, 100)),
        ('height="100" viewBox="0 0 30 10"', (300, 100)),
        ('width="1in" height="72pt"', (96, 96)),
        ('width="100%" height="100%" viewBox="0 0 30 10"', (30, 10)),
        ('width="100%"', None),
        ('width="1e999" height="2"', None),
        ("", None),
    ],
)
def test_the_size_of_a_drawing_is_what_it_says(head: str, size: tuple[int, int] | None) -> None:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {head}><path d="M0 0h1"/></svg>'.encode()
    assert fitting.size(svg) == fitting.size(gzip.compress(svg)) == size


def test_damaged_heads_have_no_size() -> None:
    dice = random.Random(1)
    for data in KINDS.values():
        for _ in range(60):
            cut = bytearray(data[: dice.randrange(200)])
            for _ in range(dice.randrange(4)):
                cut and cut.__setitem__(dice.randrange(len(cut)), dice.randrange(256))
            fitting.size(bytes(cut))  # says nothing or something, and raises nothing
    assert fitting.size(b"") is None
    assert fitting.size(b"hello") is None
    assert fitting.size(b"\xff\xd8\xff" + b"\xff" * 100_000) is None
    assert fitting.size(b"\xff\xd8\xff" + b"\xe0\0\2\xff" * 100_000) is None


# --- the store --------------------------------------------------------------------------------------------------------


class Counted:
    """Counts the calls of a function of a module, by its first argument."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
        self.calls: list[Any] = []
        self._function = getattr(module, name)
        monkeypatch.setattr(module, name, self)

    def __call__(self, first: Any, *more: Any, **options: Any) -> Any:
        self.calls.append(first)
        return self._function(first, *more, **options)


def test_each_image_is_read_once_and_fitted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads, fits = Counted(monkeypatch, read, "read"), Counted(monkeypatch, fitting, "fit")
    for number in range(6):
        (tmp_path / f"{number}.tiff").write_bytes(KINDS["TIFF"])
    srcs = [f"{number}.tiff" for number in range(6)]
    store = Store(tmp_path / "a.md", tmp_path)
    store.prepare([*srcs, *srcs, "missing.png"])
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(store.fit, srcs * 8))
    assert store.size("0.tiff") == (300, 200)
    assert store.embed("0.tiff").startswith("data:image/")
    for _ in range(2):
        with pytest.raises(SourceError, match="no such file"):
            store.fit("missing.png")
    assert sorted(reads.calls) == sorted([*srcs, "missing.png"])
    assert len(fits.calls) == 6
    assert {image.src for image in images} == set(srcs)


def test_an_image_that_was_uploaded_before_is_read_but_not_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Counted(monkeypatch, fitting, "fit")
    (tmp_path / "old.png").write_bytes(KINDS["PNG"])
    (tmp_path / "new.png").write_bytes(KINDS["PNG with palette"])
    store = Store(tmp_path / "a.md", tmp_path)
    old = read.key_of(KINDS["PNG"])
    store.prepare(["old.png", "new.png"], lambda source: source.key == old)
    assert [source.src for source in fits.calls] == ["new.png"]


def test_the_size_of_an_image_on_the_web_is_known_once_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(url: str, *, allow_private: bool) -> bytes:
        asked.append(url)
        return KINDS["PNG"]

    monkeypatch.setattr(read, "fetch", fetch)
    store = Store(Path("a.md"), Path())
    assert store.size("https://a.example/b.png") is None
    assert store.size("//a.example/b.png") is None
    assert not asked
    store.read("https://a.example/b.png")
    assert store.size("https://a.example/b.png") == (300, 200)
    assert asked == ["https://a.example/b.png"]


def test_a_bug_is_not_remembered_as_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(KINDS["PNG"])
    store = Store(tmp_path / "a.md", tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "fit", lambda source: 1 / 0)
        store.prepare(["a.png"])
        with pytest.raises(ZeroDivisionError):
            store.fit("a.png")
    assert store.fit("a.png").width == 300


def test_a_grey_box_takes_the_place_of_what_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(url: str, *, allow_private: bool) -> bytes:
        raise NetworkError("cannot be reached")

    monkeypatch.setattr(read, "fetch", fetch)
    store, src = Store(Path("a.md"), Path()), "https://a.example/b.png"
    with pytest.raises(NetworkError):
        store.fit(src)
    assert store.stand_in(src) == store.read(src)
    assert store.fit(src).width == store.size(src)[0] == 600  # type: ignore[index]


def test_large_bitmaps_are_decoded_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "LARGE", 100_000)
    now, most, lock = [0], [0], threading.Lock()
    one = fitting.fit

    def watched(source: Source) -> Image:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            return one(source)
        finally:
            with lock:
                now[0] -= 1

    monkeypatch.setattr(fitting, "fit", watched)
    for number in range(6):
        (tmp_path / f"{number}.png").write_bytes(encoded(COLOURS.resize((400, 300 + number)), "PNG"))
    srcs = [f"{number}.png" for number in range(6)]
    Store(tmp_path / "a.md", tmp_path).prepare(srcs)
    assert most == [1]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(Store(tmp_path / "a.md", tmp_path).fit, srcs))
    assert most == [1]


# --- what must not be read --------------------------------------------------------------------------------------------


def irregular(kind: str, path: Path) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero
    else:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes that have a name")
@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_a_pipe_a_socket_and_a_device_are_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    try:
        irregular(kind, Path("a.png"))
    except PermissionError:
        pytest.skip("only root may make a device")
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir())) if descriptors.exists() else 0
    for _ in range(3):
        with pytest.raises(SourceError, match=r"image a\.png is a pipe, a socket or a device"):
            Store(tmp_path / "a.md", tmp_path).read("a.png")
    assert not before or len(list(descriptors.iterdir())) == before


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="a system without openat")
@pytest.mark.parametrize("part", ["folder", "file"])
def test_what_becomes_a_link_after_it_was_found_is_not_followed(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets, root = tmp_path / "secrets", tmp_path / "paper"
    for folder in (secrets, root / "img"):
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(KINDS["PNG"])
    find = read._find

    def swap(*arguments: Any) -> Path:
        found = find(*arguments)
        if part == "folder":
            shutil.rmtree(root / "img")
            (root / "img").symlink_to(secrets)
        else:
            found.unlink()
            found.symlink_to(secrets / "a.png")
        return found

    monkeypatch.setattr(read, "_find", swap)
    with pytest.raises(SourceError, match="cannot be read"):
        Store(root / "a.md", root).read("img/a.png")


def test_a_link_within_the_project_is_followed(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "a.png").write_bytes(KINDS["PNG"])
    (tmp_path / "img").symlink_to("all")
    (tmp_path / "b.png").symlink_to("img/a.png")
    store = Store(tmp_path / "a.md", tmp_path)
    assert store.read("img/a.png").key == store.read("b.png").key


def test_no_child_process_gets_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []
    run = subprocess.run

    def watched(*command: Any, **options: Any) -> Any:
        seen.append(options.get("env", os.environ))
        return run(*command, **options)

    monkeypatch.setattr(subprocess, "run", watched)
    monkeypatch.setattr(draw, "_FONTS", ())
    for name in ("WXPUB_SECRET", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "OTHER"):
        monkeypatch.setenv(name, "5ecretcanary")
    assert fit(b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9"/></svg>').width == 18
    draw.chinese_font()
    assert seen
    assert "5ecretcanary" not in str(seen)


def test_jpeg_2000_is_not_read() -> None:
    data = encoded(COLOURS, "JPEG2000") if features.check("jpg_2000") else b"\0\0\0\x0cjP  \r\n\x87\n"
    with pytest.raises(SourceError, match="JPEG 2000"):
        fit(data)


# --- images on the web ------------------------------------------------------------------------------------------------


def test_a_packed_answer_is_unpacked_within_bounds(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "IMAGE_FILE_BYTES", 1024 * 1024)
    bomb = gzip.compress(b"\0" * 200 * 1024 * 1024)
    url = server(saying("200 OK", b"Content-Encoding: gzip\r\n", bomb))
    with pytest.raises(SourceError, match="larger than 1 MB"):
        read.fetch(f"{url}/a.png", allow_private=True)


def test_packed_and_chunked_answers_are_read(server: Any) -> None:
    body = gzip.compress(KINDS["PNG"])
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in (body[:10], body[10:])) + b"0\r\n\r\n"
    url = server(saying("200 OK", b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", chunks))
    assert read.fetch(f"{url}/a.png", allow_private=True) == KINDS["PNG"]
