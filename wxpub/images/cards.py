"""Cards made here: the parts of an issue in, pictures to swipe through out; the same bytes for the same values.

    lay     parts on cards of 3:4: a title, sections and items one below the other, an end with a QR code
    draw    one card as a PNG

A line ends where Unicode allows it (UAX 14), an item that does not fit on what is left of a card begins the next one,
and one that is longer than a card goes on there. Reads no files.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Literal, TypeAlias

from wxpub.errors import SourceError
from wxpub.images.cover import PRINT, WORDS, Colour, Cover, cut_up, fit, flat, mixed, readable, rgb, signed, units
from wxpub.images.draw import FONT_PACKAGES, Typeface, qrcode, typeface
from wxpub.language import gettext, tr
from wxpub.limits import CARD_PIXELS, NEWSPIC_PICTURES

if TYPE_CHECKING:
    from PIL.Image import Image as Bitmap
    from PIL.ImageDraw import ImageDraw as Pen

_VERSION = "2"  # changes when cards are drawn differently, so that they are uploaded anew
SIZE = _WIDTH, _HEIGHT = CARD_PIXELS
_MARGIN = 84
_COLUMN = _WIDTH - 2 * _MARGIN
_TOP, _BOTTOM = 196, _HEIGHT - 96  # between which the words stand
_PICTURE = 760  # pixels that a picture may be high on a card
_TOGETHER = 4  # rows with which a block begins on a card where it need not be whole
_INDENT = 36  # pixels from the bar beside an item to its words
_SCALES = (1.0, 0.92, 0.84, 0.76)  # of all sizes: the first at which an issue fits on as many cards as WeChat takes
_SCAN, _SWIPE = "长按识别二维码，阅读全文", "左滑查看"

# What an issue consists of: kinds of parts with their lines. The first line of an item is its title, a picture's is
# its source; a point is an item of a list that has no title.
Kind: TypeAlias = Literal["section", "item", "point", "lead", "text", "picture", "caption"]
Part: TypeAlias = tuple[Kind, tuple[str, ...]]
Style: TypeAlias = Literal["section", "title", "body", "lead", "point", "picture", "caption"]


@dataclass(frozen=True, slots=True)
class Deck:
    """What cards are made of: `words` has title and colours, `address` is where the whole issue is to be read."""

    words: Cover
    parts: tuple[Part, ...]
    address: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line on a card: its text, the top of its letters, size, how it is written; of a picture source and height."""

    text: str
    y: float
    size: int
    style: Style


@dataclass(frozen=True, slots=True)
class Card:
    """One card of a deck, from 0; the first has the title, and the last may have a QR code instead of lines."""

    number: int
    of: int
    lines: tuple[Line, ...] = ()
    end: bool = False

    @property
    def pictures(self) -> tuple[str, ...]:
        """The sources of the pictures that are drawn on it."""
        return tuple(each.text for each in self.lines if each.style == "picture")


@dataclass(frozen=True, slots=True)
class _Style:
    """How a kind of line is set: sizes in pixels, `before` the first one and between two lines."""

    size: int
    pitch: float
    bold: bool
    before: int


_STYLES = {
    "section": _Style(38, 1.4, bold=True, before=64),
    "title": _Style(50, 1.36, bold=True, before=52),
    "body": _Style(40, 1.55, bold=False, before=18),
    "lead": _Style(44, 1.6, bold=False, before=48),
    "point": _Style(40, 1.55, bold=False, before=26),
    "caption": _Style(32, 1.5, bold=False, before=14),
}


@lru_cache(4)
def _face(*, bold: bool) -> Typeface:
    """Find a face. Raises SourceError on a machine without a Chinese font: there would be nothing on the cards."""
    found = typeface(bold=bold)
    if not found.path:
        raise SourceError(tr("no Chinese font was found, so no cards can be drawn"), hint=gettext(FONT_PACKAGES))
    return found


# --- what stands where ------------------------------------------------------------------------------------------------


def lay(deck: Deck, sizes: Mapping[str, tuple[int, int]] | None = None) -> tuple[Card, ...]:
    """Lay a deck out; `sizes` has the widths and heights of its pictures by their sources, as far as they are known.

    Where there would be more cards than WeChat takes, items are parted, and words are made smaller, within reason.
    """
    for scale, whole in product(_SCALES, (True, False)):
        found = _laid(deck, _Writer(deck, sizes or {}, scale, whole))
        if len(found) <= NEWSPIC_PICTURES:
            break
    return tuple(replace(each, number=number, of=len(found)) for number, each in enumerate(found))


def _laid(deck: Deck, writer: _Writer) -> list[Card]:
    found = [Card(0, 0)]
    for block in _blocks(deck.parts):
        found += writer.add(block)
    found += writer.turned()
    return [*found, Card(0, 0, end=True)] if deck.address else found


def _blocks(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Group parts into what stays together: a heading and what comes first below it, a picture and its caption."""
    block: list[Part] = []
    for part in parts:
        if block and part[0] != "caption" and block[-1][0] != "section":
            yield block
            block = []
        block.append(part)
    if block:
        yield block


@dataclass
class _Writer:
    """Fills cards from the top; a block goes `whole` onto a card if one takes it, else at least its beginning does."""

    deck: Deck
    sizes: Mapping[str, tuple[int, int]]
    scale: float
    whole: bool
    lines: list[Line] = field(default_factory=list)
    y: float = _TOP

    def add(self, block: Sequence[Part]) -> Iterator[Card]:
        """Set a block; gives the cards that are full by then."""
        rows = [row for part in block for row in self._rows(part)]
        begin = rows if self.whole else rows[:_TOGETHER]
        height = sum(before + size * pitch for _, _, size, pitch, before in begin)
        if self.lines and self.y + height > _BOTTOM:
            yield from self.turned()
        for text, style, size, pitch, before in rows:
            if self.lines and self.y + before + size > _BOTTOM:
                yield from self.turned()
            self.y += before if self.lines else 0
            self.lines.append(Line(text, self.y, size, style))
            self.y += size * pitch

    def turned(self) -> Iterator[Card]:
        """Give the card that was begun, and begin another one."""
        if self.lines:
            yield Card(0, 0, tuple(self.lines))
        self.lines, self.y = [], _TOP

    def _rows(self, part: Part) -> Iterator[tuple[str, Style, int, float, float]]:
        """Break a part into rows: text, style, size, pitch, and the room before it."""
        kind, lines = part
        if kind == "picture":
            yield lines[0], "picture", _shown(self.sizes.get(lines[0], (4, 3)))[1], 1.0, 40.0
            return
        for place, text in enumerate(lines):
            style = _style(kind, place)
            how = _STYLES[style]
            size = round(how.size * self.scale)
            face = _face(bold=how.bold)
            first_of_text = kind == "text" and place == 0
            before = self.scale * (40 if first_of_text else how.before if place == 0 or style == "body" else 10.0)
            for row in broken(_drawable(text, face), face, size, _COLUMN - _INDENT):
                yield row, style, size, how.pitch, before
                before, style = 0, "body" if style == "point" else style


def _style(kind: Kind, place: int) -> Style:
    """Say how line `place` of a part is set."""
    if kind == "item":
        return "body" if place else "title"
    if kind == "point":
        return "body" if place else "point"
    return "body" if kind == "text" else kind


def _shown(size: tuple[int, int]) -> tuple[int, int]:
    """Say how large a picture is drawn: at most as wide as the column, twice its own size, and not too high."""
    width, height = size
    factor = min(_COLUMN / width, _PICTURE / height, 2.0 if width > 4 else _COLUMN)
    return round(width * factor), round(height * factor)


def broken(text: str, face: Typeface, size: int, column: float) -> list[str]:
    """Break a text into lines of `column` pixels, between words; a word that is wider than a line is cut."""
    lines: list[list[str]] = [[]]
    used = 0.0
    for piece, width, bare in _pieces(text, face, column / size):
        if lines[-1] and (used + bare) * size > column:
            # A known word goes down as a whole.
            begun = len(lines[-1]) > 1 and lines[-1][-1][-1:] + piece[:1] in WORDS
            lines.append([lines[-1].pop()] if begun else [])
            used = face.width("".join(lines[-1]))
        lines[-1].append(piece)
        used += width
    return [line for each in lines if (line := "".join(each).strip())]


@lru_cache(4096)  # a text is broken again for each size that is tried
def _pieces(text: str, face: Typeface, column: float) -> tuple[tuple[str, float, float], ...]:
    """Cut a text where a line may end: each piece with its width at one pixel, and that without space behind it."""
    found = (piece for unit in _units(text) for piece in cut_up(unit, _width(face), column))
    return tuple((each, _width(face)(each), _width(face)(each.rstrip())) for each in found)


@lru_cache(4096)
def _drawable(text: str, face: Typeface) -> str:
    return face.drawable(text)


@lru_cache(4096)
def _units(text: str) -> tuple[str, ...]:
    return tuple(units(text))


@lru_cache(4)
def _width(face: Typeface) -> Callable[[str], float]:
    """Measure texts in a face at one pixel, each once."""
    return lru_cache(16384)(face.width)


# --- pictures ---------------------------------------------------------------------------------------------------------


def key(deck: Deck, card: Card, *images: str) -> bytes:
    """Return all that a card depends on, with the keys of its pictures: equal bytes, equal cards."""
    known = [_VERSION, *astuple(deck.words), deck.address if card.end else "", *astuple(card), *images]
    return "\0".join(map(str, known)).encode()


def draw(deck: Deck, card: Card, pictures: Mapping[str, bytes] | None = None) -> bytes:
    """Draw a card as a PNG of 1080 × 1440 pixels, with its `pictures` by their sources.

    Raises SourceError for a colour that is none, or without a font.
    """
    from PIL import Image, ImageDraw

    words = deck.words
    colours = _Colours(rgb(words.ground), rgb(words.accent), rgb(words.paper), rgb(words.ink))
    image: Bitmap = Image.new("RGB", SIZE, colours.paper)
    pen = ImageDraw.Draw(image)
    if card.end:
        _end(deck, card, colours, image, pen)
    elif card.lines:
        _text(deck, card, colours, pen)
        for line in card.lines:
            if line.style == "picture":
                _paste(image, line, (pictures or {})[line.text])
    else:
        _title(deck, card, colours, image, pen)
    out = io.BytesIO()
    image.save(out, "PNG")
    return signed(out.getvalue())


@dataclass(frozen=True, slots=True)
class _Colours:
    ground: Colour
    accent: Colour
    paper: Colour
    ink: Colour

    @property
    def words(self) -> Colour:
        """What is read on the ground."""
        return readable((255, 255, 255), self.ground)

    @property
    def strong(self) -> Colour:
        """What titles are written in on the paper."""
        return readable(self.ink, self.paper, least=PRINT)

    @property
    def soft(self) -> Colour:
        """What stands out on the paper."""
        return readable(self.ground, self.paper)


def _title(deck: Deck, card: Card, colours: _Colours, image: Bitmap, pen: Pen) -> None:
    """The title in the middle, where every crop of the cover keeps it, on the theme's colour."""
    face, words, ground = _face(bold=True), deck.words, colours.ground
    white = colours.words
    away = (16, 18, 22) if sum(white) > sum(ground) else (255, 255, 255)
    for row in range(_HEIGHT):
        pen.line((0, row, _WIDTH, row), fill=mixed(ground, away, 0.3 * row / _HEIGHT))
    faint = mixed(ground, white, 0.07)
    soft = readable(colours.accent, ground, faint, mixed(ground, away, 0.3))
    if figure := face.drawable(words.figure):
        size = min(820, round(1040 / max(face.width(figure), 0.5)))
        pen.text((_WIDTH / 2, _HEIGHT / 2), figure, font=face.at(size), fill=faint, anchor="mm")
    headline, series = face.drawable(words.headline), face.drawable(words.series)
    if not headline:
        headline, series = series, ""
    size, lines = fit(headline, face.width, _COLUMN, 420) if headline else (1, [])
    height = round(size * 1.26 * len(lines))
    y: float = (_HEIGHT - height) / 2 + 20
    if series:
        small = min(56, round(_COLUMN / max(face.width(series), 1)))
        pen.text((_WIDTH / 2, y - 76), series, font=face.at(small), fill=soft, anchor="ms")
        pen.rectangle((_WIDTH / 2 - 40, y - 44, _WIDTH / 2 + 40, y - 38), fill=soft)
    for number, line in enumerate(lines):
        pen.text((_WIDTH / 2, y + size * 1.26 * number), line, font=face.at(size), fill=white, anchor="mt")
    foot = "  ·  ".join(filter(None, (face.drawable(words.number), words.date.replace("-", "."))))
    if foot:
        pen.text((_WIDTH / 2, y + height + 52), foot, font=face.at(44), fill=soft, anchor="mt")
    if card.of > 1:
        hint = f"{_SWIPE}  1 / {card.of}"
        pen.text((_WIDTH / 2, _HEIGHT - 110), hint, font=face.at(34), fill=white, anchor="ms")


def _head(deck: Deck, card: Card, colours: _Colours, pen: Pen) -> None:
    """What stands above every card of text: whose it is, and how many there are."""
    face = _face(bold=True)
    muted = readable(mixed(colours.ink, colours.paper, 0.4), colours.paper)
    pen.rectangle((0, 0, _WIDTH, 20), fill=colours.ground)
    count = f"{card.number + 1} / {card.of}"
    name = face.drawable(deck.words.series or deck.words.headline)
    room = _COLUMN - face.width(count) * 32 - 40
    if face.width(name) * 32 > room:
        name = fit_end(name, face, 32, room)
    pen.text((_MARGIN, 120), name, font=face.at(32), fill=muted, anchor="ls")
    pen.text((_WIDTH - _MARGIN, 120), count, font=face.at(32), fill=muted, anchor="rs")
    pen.rectangle((_MARGIN, 144, _WIDTH - _MARGIN, 146), fill=mixed(colours.paper, colours.ink, 0.15))


def fit_end(text: str, face: Typeface, size: int, room: float) -> str:
    """Shorten a running title to `room` pixels; it stands whole on the first card."""
    while text and face.width(text + "…") * size > room:
        text = text[:-1]
    return text.rstrip() + "…"


_NUMBERED = re.compile(r"\d+\. ")  # a point with a number needs no other mark


def _text(deck: Deck, card: Card, colours: _Colours, pen: Pen) -> None:
    """Sections and items on the theme's paper; a bar stands beside an item's title."""
    _head(deck, card, colours, pen)
    plain = readable(mixed(colours.ink, colours.paper, 0.15), colours.paper)
    for line in card.lines:
        if line.style == "picture":
            continue
        style = _STYLES[line.style]
        font = _face(bold=style.bold).at(line.size)
        base = line.y + line.size * 0.9
        if line.style == "section":
            width = font.getlength(line.text)
            box = (_MARGIN, line.y - 14, _MARGIN + width + 48, line.y + line.size * 1.18 + 10)
            pen.rounded_rectangle(box, 10, fill=colours.ground)
            pen.text((_MARGIN + 24, base), line.text, font=font, fill=colours.words, anchor="ls")
            continue
        if line.style in ("title", "lead"):
            bar = colours.soft if line.style == "title" else mixed(colours.paper, colours.soft, 0.4)
            pen.rectangle((_MARGIN, line.y - 2, _MARGIN + 8, line.y + line.size * style.pitch - 2), fill=bar)
        if line.style == "point" and not _NUMBERED.match(line.text):
            pen.rectangle((_MARGIN, line.y + 14, _MARGIN + 12, line.y + 26), fill=colours.soft)
        ink = colours.strong if line.style == "title" else plain
        pen.text((_MARGIN + _INDENT, base), line.text, font=font, fill=ink, anchor="ls")


def _paste(image: Bitmap, line: Line, data: bytes) -> None:
    """Set a picture of the author's into a card, in its middle."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        width, height = opened.size
        shown = flat(opened, image.getpixel((0, _HEIGHT - 1)))
    room = min(_COLUMN / width, line.size / height)
    shown = shown.resize((max(1, round(width * room)), max(1, round(height * room))), Image.Resampling.LANCZOS)
    image.paste(shown, ((_WIDTH - shown.width) // 2, round(line.y + (line.size - shown.height) / 2)))


def _end(deck: Deck, card: Card, colours: _Colours, image: Bitmap, pen: Pen) -> None:
    """Where the whole issue is: a QR code, which is pressed for long on a phone."""
    from PIL import Image

    _head(deck, card, colours, pen)
    face, side = _face(bold=True), 560
    left, top = (_WIDTH - side) // 2, 360
    code = Image.open(io.BytesIO(qrcode(deck.address))).convert("RGB")
    pen.rounded_rectangle((left - 32, top - 32, left + side + 32, top + side + 32), 28, fill=colours.ground)
    image.paste(code.resize((side, side), Image.Resampling.NEAREST), (left, top))
    pen.text((_WIDTH / 2, top + side + 110), _SCAN, font=face.at(46), fill=colours.strong, anchor="mt")
    title = face.drawable(deck.words.headline or deck.words.series)
    for number, line in enumerate(broken(title, face, 38, _COLUMN)[:3]):
        pen.text((_WIDTH / 2, top + side + 200 + 54 * number), line, font=face.at(38), fill=colours.soft, anchor="mt")
