"""Pictures: whatever an author has becomes what WeChat takes, as sharp as fits, and looks the same."""

from __future__ import annotations

import base64
import gzip
import io
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from PIL import features

from wxpub.errors import SourceError
from wxpub.images import Image, Source, Store, draw, hosted, read
from wxpub.images import fit as fitting
from wxpub.limits import COVER_PIXELS, IMAGE_HEIGHT, IMAGE_PIXELS, UPLOADIMG_BYTES


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


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd12::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b:1::7f00:1", False),
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("fec0::1", False),
    ],
)
def test_only_public_addresses_are_asked(address: str, public: bool) -> None:
    from wxpub.images.read import _public

    assert _public(address) is public


def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    with pytest.raises(SourceError, match=r"10\.0\.0\.1"):
        load("http://rebind.example/a.png", Path("a.md"), Path())


# --- what is drawn here -----------------------------------------------------------------------------------------------


def test_a_qr_code_says_what_it_was_given_and_is_the_same_every_time(tmp_path: Path) -> None:
    src = "qrcode:https://github.com/me/letter/blob/main/issues/2026-11-20.md"
    one, two = (load(src, tmp_path / "a.md", tmp_path) for _ in range(2))
    assert one == two
    assert one.width == one.height >= 300


def cover(title: str, colours: tuple[str, str] = ("#0f4c81", "#f0b429")) -> Image:
    store = Store(Path("a.md"), Path())
    return store.fit(store.cover(title, colours).src)


def test_a_cover_has_its_size_and_is_the_same_every_time() -> None:
    one, two = (cover("第一期：编译器与推理框架") for _ in range(2))
    assert one == two
    assert (one.width, one.height) == COVER_PIXELS
    source = Store(Path("a.md"), Path()).cover("第一期")
    assert source.key == Store(Path("b.md"), Path()).cover("第一期").key
    assert source.key != Store(Path("a.md"), Path()).cover("第二期").key


@pytest.mark.font
@pytest.mark.parametrize(
    "title", ["短", "一" * 64, "A very long Latin title " * 4, "🎉 庆祝 🎉", "第 42 期：Rust、C++/WASM", "️"]
)
def test_any_title_fits_its_cover(title: str) -> None:
    bitmap = opened(cover(title)).convert("L")
    for edge in ((0, 0, 20, 340), (880, 0, 900, 340), (0, 0, 900, 10)):
        assert len(set(bitmap.crop(edge).tobytes())) == 1, "the title stays away from the edge"


def test_without_a_chinese_font_the_cover_is_plain_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(draw, "_FONTS", ())
    plain = cover("题")
    assert "no Chinese font" in plain.remark
    assert opened(plain).size == COVER_PIXELS


def test_an_image_that_changed_is_read_again_once_it_is_forgotten(tmp_path: Path) -> None:
    place = tmp_path / "a.png"
    Pillow.new("RGB", (8, 4), "red").save(place)
    store = Store(tmp_path / "issue.md", tmp_path)
    assert (store.fit("a.png").width, store.size("a.png")) == (8, (8, 4))
    Pillow.new("RGB", (6, 3), "red").save(place)
    assert (store.fit("a.png").width, store.size("a.png")) == (8, (8, 4))
    store.forget("a.png")
    assert (store.fit("a.png").width, store.size("a.png")) == (6, (6, 3))
