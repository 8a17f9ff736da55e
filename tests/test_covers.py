"""Covers: how a title is taken apart and broken into lines, what every design promises, and what is sent to WeChat."""

from __future__ import annotations

import io
import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageChops
from pushing import picture

from wxpub import darkmode, issue
from wxpub.checks import check
from wxpub.cli import themes
from wxpub.drafts import doctor
from wxpub.drafts.job import crop
from wxpub.errors import ConfigError, SourceError
from wxpub.images import Store, cover, draw
from wxpub.images.cover import DESIGNS, Cover, fit, is_ours, palette, read_title, units
from wxpub.images.cover import draw as drawn
from wxpub.limits import COVER_PIXELS
from wxpub.sandbox.drafts import _has_ratio, _is_crop

WIDTH, HEIGHT = COVER_PIXELS
SQUARE = ((WIDTH - HEIGHT) // 2, 0, (WIDTH + HEIGHT) // 2, HEIGHT)
COLUMN, BOX = 334.0, 240.0  # about the box that a design gives a headline
ISSUE = Cover(**read_title("科技爱好者周刊（第 372 期）：软件界的“杂交水稻”"))


def half(text: str) -> float:
    """Measure a text in sizes: an ASCII character is half a Chinese one."""
    return sum(0.5 if each.isascii() else 1.0 for each in text)


# --- words and lines --------------------------------------------------------------------------------------------------


def cases() -> list[tuple[str, str, str]]:
    """Read `cases/covers.txt`, which says at its top how a case is written."""
    text = (ROOT / "tests/cases/covers.txt").read_text(encoding="utf-8")
    blocks = [each.partition("\n") for each in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]]
    return [(name, *rest.partition("\n.\n")[::2]) for name, _, rest in blocks]


def said(title: str) -> str:
    words = read_title(title)
    _, lines = fit(words["headline"], half, COLUMN, BOX)
    return "\n".join(f"{name} {text}" for name, text in {**words, "lines": " / ".join(lines)}.items() if text)


@pytest.mark.parametrize(("name", "title", "expected"), cases(), ids=[name for name, _, _ in cases()])
def test_a_title_is_taken_apart_and_broken(name: str, title: str, expected: str) -> None:
    assert said(title) == expected.strip()


def test_what_the_author_gives_wins_over_the_title() -> None:
    words = read_title("微光：第一盏灯（2026-11-15）", series="微光", number="7", date="2026-11-16")
    assert words == {"series": "微光", "number": "第 7 期", "date": "2026-11-16", "headline": "第一盏灯"}


CLOSING, OPENING = "，。、；：！？）】》〉」』”’,.;:!?)]}%", "（【《〈「『“‘([{"
PARTS = "软件 界 的 第3期 42 12.5秒 50% 例 Ａ や ， ： （ ） “ ” 《 》 / —— … · ？！ 🎉"
WORDS = "C++ 1.95.0 state-of-the-art word https://e.org/a"
PIECES = st.sampled_from([*PARTS.split(), *WORDS.split(), " ", "Rust ", "第 3 期", "12.5 秒"])


@settings(max_examples=80, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=24).map("".join))
@example("（" * 30)
@example("不" * 64)
@example("软件“ 1.95.0")
@example("pneumonoultramicroscopicsilicovolcanoconiosis of the word")
def test_lines_keep_the_rules_of_chinese_typesetting(title: str) -> None:
    text = " ".join(title.split())
    size, lines = fit(text, half, COLUMN, BOX)
    assert all(half(line) * size <= COLUMN + 0.01 for line in lines)
    assert not lines or size * (1 + 1.26 * (len(lines) - 1)) <= BOX + 1
    whole, shown = text.replace(" ", ""), "".join(lines).replace(" ", "")
    assert shown == whole or (shown.endswith("…") and whole.startswith(shown.rstrip("…")))
    if any(half(each.strip()) * 16 > COLUMN for each in units(text)):
        return  # a word that is wider than the box at the least size has to be cut somewhere
    for one, two in itertools.pairwise(lines):
        assert two[0] not in CLOSING or set(two) <= set(CLOSING + "…—· "), (one, two)
        assert one.rstrip()[-1] not in OPENING, (one, two)
        assert f"{one} {two}" in text or not (one[-1:].isalnum() and one[-1].isascii() and two[0].isascii()), (one, two)


@pytest.mark.parametrize(
    "text", ["第 3 期", "3个", "12 月", "C++", "1.95.0", "（例）", "x=1", "50%", "好～", "甲·", "例 ；", "（例）%"]
)
def test_no_line_ends_within(text: str) -> None:
    assert units(text) == [text]


# --- designs ----------------------------------------------------------------------------------------------------------


def opened(data: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(data)).convert("RGB")


def noise(colours: str = "checked") -> bytes:
    """Make a picture that is as hard to write on as can be."""
    image = (
        Pillow.effect_noise((470, 200), 200).convert("RGB")
        if colours == "checked"
        else Pillow.new("RGB", (9, 4), colours)
    )
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("design", DESIGNS)
def test_a_cover_has_its_size_and_is_the_same_every_time(design: str) -> None:
    one, two = (drawn(replace(ISSUE, design=design))[0] for _ in range(2))
    assert one == two and is_ours(one)
    assert opened(one).size == COVER_PIXELS


@pytest.mark.font
@pytest.mark.parametrize("headline", ["短", "字" * 64, "A very long Latin title " * 4, "C++/WASM 与 Rust", "", "🎉"])
@pytest.mark.parametrize("design", DESIGNS)
def test_all_words_stand_in_the_middle_square(design: str, headline: str) -> None:
    blank, written = (opened(drawn(replace(ISSUE, design=design, headline=each))[0]) for each in ("题", headline))
    changed = ImageChops.difference(blank, written).getbbox()
    assert changed or headline in ("", "🎉")
    if changed:
        assert changed[0] > SQUARE[0] + 10 and changed[2] < SQUARE[2] - 10, "cut off where WeChat shows the square"
        assert changed[1] > 8 and changed[3] < HEIGHT - 8


@pytest.mark.font
@pytest.mark.parametrize("design", DESIGNS)
def test_designs_take_colours_and_pictures(design: str) -> None:
    plain = replace(ISSUE, design=design)
    before = opened(drawn(plain)[0])
    others = [
        drawn(replace(plain, ground="#166534"))[0],
        drawn(replace(plain, accent="#dc2626"))[0],
        drawn(plain, picture=noise("#808080"))[0],
        drawn(plain, logo=noise("#dc2626"))[0],
    ]
    assert all(ImageChops.difference(before, opened(each)).getbbox() for each in others)


@pytest.mark.parametrize("picture", ["", "checked", "#ffffff", "#808080"])
@pytest.mark.parametrize("design", DESIGNS)
def test_words_can_be_read_on_any_ground(design: str, picture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[darkmode.Colour, Pillow.Image]] = []
    text = cover._Sheet.text

    def watched(sheet: Any, x: float, y: float, row: Any, **more: Any) -> None:
        sheet.settle()
        before = sheet.image.copy()
        text(sheet, x, y, row, **more)
        if row.size < 200:  # a larger one is an ornament
            area = ImageChops.difference(before, sheet.image).getbbox()
            assert area
            cells = max(1, (area[2] - area[0]) // 6), max(1, (area[3] - area[1]) // 6)
            written.append((darkmode.Colour(*row.colour), before.crop(area).resize(cells, Pillow.Resampling.BOX)))

    monkeypatch.setattr(cover._Sheet, "text", watched)
    faces = {"bold": draw.typeface(), "serif": draw.typeface(serif=True)}
    for ground in ("#0f4c81", "#f5d76e", "#808080"):
        under = opened(noise(picture)) if picture else None
        DESIGNS[design](cover._Sheet(replace(ISSUE, ground=ground), faces, under))
    assert len(written) >= 3
    for colour, ground in written:
        assert min(darkmode.contrast(colour, darkmode.Colour(*each)) for _, each in ground.getcolors(9999) or ()) > 4.3


@pytest.mark.parametrize("design", DESIGNS)
def test_without_a_chinese_font_a_cover_is_designed_all_the_same(design: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(draw, "_FONTS", ())
    monkeypatch.setattr(draw, "_SERIF_FONTS", ())
    nothing = opened(drawn(Cover("", design=design))[0])
    numbered, remark = drawn(replace(ISSUE, design=design))
    assert "no Chinese font" in remark and "fonts-noto-cjk" in doctor._font().fix
    middle = ImageChops.difference(nothing, opened(numbered)).crop(SQUARE).getbbox()
    assert middle, "the number stands in the square"
    latin = Cover("What is new", series="Weekly", number="#42", design=design)
    assert drawn(latin)[1] == "", "Latin needs no other font"


@pytest.mark.font
def test_a_typeface_drops_what_it_has_no_shape_for() -> None:
    assert draw.typeface().drawable("🎉 庆祝\ufe0f\u200d 十 年\x07") == "庆祝 十 年"


def test_translucent_colours_of_a_theme_are_left_to_the_defaults() -> None:
    assert palette({"accent": "teal", "text": "rgba(0,0,0,.8)", "background": "none"}) == {"ground": "#008080"}


def test_the_pages_on_covers_and_the_help_name_every_design() -> None:
    for name in ("docs/covers.md", "docs/zh/covers.md"):
        page = (ROOT / name).read_text(encoding="utf-8")
        assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(DESIGNS)
    (option,) = (each for each in themes.cover.params if each.name == "design")
    first, last = [*DESIGNS][:-1], [*DESIGNS][-1]
    assert str(getattr(option, "help", "")).endswith(", ".join(first) + f" or {last}.")


# --- where a cover comes from -----------------------------------------------------------------------------------------


def letter(
    folder: Path, front: str = "", settings: str = "", title: str = "微光：第一盏灯（2026-11-15）"
) -> issue.Issue:
    (folder / "wxpub.toml").write_text(settings, encoding="utf-8")
    path = folder / "issues" / "2026-11-15.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"---\nlayout: default\n{front}---\n# {title}\n\n正文。\n", encoding="utf-8")
    return issue.open(path)


def test_settings_and_front_matter_say_how_a_cover_is_drawn(tmp_path: Path) -> None:
    settings = '[cover]\ndesign = "card"\nseries = "微光"\nlogo = "art/logo.png"\naccent = "#dc2626"\n'
    settings += '[theme]\naccent = "#166534"\n'
    picture(tmp_path / "art" / "logo.png")
    found = letter(tmp_path, settings=settings)
    assert found.cover == Cover(
        "第一盏灯", "微光", "", "2026-11-15", "card", "#166534", "#dc2626", "#ffffff", "#333333", logo="/art/logo.png"
    )
    assert found.images.fit(found.images.cover(found.cover)).data
    own = letter(
        tmp_path, "cover_design: grid\ncover_picture: bg.png\nnumber: 7\ncover_ground: '#000000'\n", settings
    ).cover
    assert (own.design, own.picture, own.number, own.ground) == ("grid", "bg.png", "第 7 期", "#000000")


def test_wrong_settings_of_a_cover_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[cover\]: unknown key desing; did you mean design"):
        letter(tmp_path, settings='[cover]\ndesing = "card"\n')
    with pytest.raises(ConfigError, match=r"\[cover\]: design has a value of the wrong kind"):
        letter(tmp_path, settings="[cover]\ndesign = 3\n")


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("cover_design: mosiac\n", "cover: no cover design 'mosiac'"),
        ("cover_ground: dark\n", "cover: 'dark' is not a colour"),
        ("cover_picture: none.png\n", "cover: image none.png: no such file"),
        ("cover_logo: none.png\n", "cover: image none.png: no such file"),
        ("cover: none.png\ncover_design: mosiac\n", "cover: image none.png: no such file"),
    ],
)
def test_a_cover_that_cannot_be_drawn_is_found(tmp_path: Path, front: str, message: str) -> None:
    found = letter(tmp_path, front)
    assert [each.message for each in check(found) if each.rule == "cover-missing"] == [message]
    if "cover:" not in front:
        with pytest.raises(SourceError, match=re.escape(message.removeprefix("cover: "))):
            found.images.fit(found.images.cover(found.cover))


def test_a_cover_is_known_by_what_it_is_made_of(tmp_path: Path) -> None:
    def key(wanted: Cover) -> str:
        store = Store(tmp_path / "a.md", tmp_path)
        return store.read(store.cover(wanted)).key

    picture(tmp_path / "bg.png")
    changed = [replace(ISSUE, **{name: "x"}) for name in ("headline", "series", "number", "date")]
    changed += [replace(ISSUE, design="card"), replace(ISSUE, ground="#000000"), replace(ISSUE, picture="bg.png")]
    keys = [key(each) for each in (ISSUE, *changed)]
    assert len(set(keys)) == len(keys) and key(ISSUE) == keys[0]
    picture(tmp_path / "bg.png", "#ff0000")
    assert key(changed[-1]) != keys[-1], "another picture under the same name"


@pytest.mark.font
def test_another_chinese_font_makes_no_other_cover(monkeypatch: pytest.MonkeyPatch) -> None:
    here = cover.key(ISSUE)
    other = draw.typeface(serif=True).path
    monkeypatch.setattr(draw, "_FONTS", (other,))
    assert cover.key(ISSUE) == here


def test_a_file_that_somebody_changed_is_no_longer_ours() -> None:
    data = drawn(ISSUE)[0]
    again = io.BytesIO()
    Pillow.open(io.BytesIO(data)).save(again, "PNG")
    for each in (b"", b"\x89PNG\r\n\x1a\n", data[:-1], data + b"x", data[:500] + b"x" + data[501:], again.getvalue()):
        assert not is_ours(each)


# --- what WeChat is told ----------------------------------------------------------------------------------------------


def test_a_drawn_cover_is_sent_whole_and_by_its_middle() -> None:
    assert (crop(*COVER_PIXELS, 2.35), crop(*COVER_PIXELS, 1)) == ("0_0_1_1", "0.286667_0_0.712222_1")
    assert crop(0, 0, 1) == ""


@given(st.integers(20, 10_000), st.integers(20, 10_000), st.sampled_from([1.0, 2.35]))
def test_crops_of_any_picture_are_what_wechat_takes(width: int, height: int, ratio: float) -> None:
    text = crop(width, height, ratio)
    places = text.split("_")
    assert _is_crop(places) and _has_ratio(text, (width, height), ratio)
    left, top, right, bottom = map(float, places)
    assert abs(left + right - 1) <= 1 / width + 1e-5 and abs(top + bottom - 1) <= 1 / height + 1e-5
    assert right - left > 0.999 or bottom - top > 0.999, "as much of the picture as there can be"
