"""Every other element in its lasting form: paragraphs, images, tables, folds, definitions, readings, contents; and what
a letter has around its text: the lead, the numbers of its sections, the mark at its end, the card to follow it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wxpub import style
from wxpub.finding import file_and_line
from wxpub.limits import COLUMN_PIXELS
from wxpub.tree import BLOCKS, HEADINGS, Node, blank, blocks, fill, lines, make, replace, shown, take

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LARGE = 300  # pixels: a picture that is wider fills the column; WeChat's checker wants one share of every screen
# Pictures that share a line on GitHub, where it has about 840 pixels, share the column: a few, and none that is no
# higher than an icon, since badges go on in the next line like words.
_LINE, _SHARERS, _ICON = 840, 4, 64
_SPACE = "\u00a0"  # between pictures: the web editor drops a space that stands alone between two tags
_GAP = 2  # percent of the column that the space between two of them takes
_NAMELESS = re.compile(
    r"(?:image|img|picture|photo|screenshot|图片|截图|图)?[\s\d_.-]*|.*\.(?:png|jpe?g|gif|webp|svg|bmp)", re.IGNORECASE
)


def figure(p: HtmlElement, sizes: Mapping[str, tuple[int, int]], captions: str) -> None:
    """Tell a paragraph of pictures from text with a small picture in it; what `captions` says stands below them.

    A section that holds nothing else becomes such a paragraph. A picture of a known, large size fills the column
    (`wide`), unless its author gave it another width. All others keep theirs (`small`), and those side by side stay so.
    """
    pictures = [_picture(each) for each in p if each.tag != "br"]
    if not pictures or None in pictures or "".join(p.itertext()).strip():
        return
    p.tag = "p"
    if not p.get("class"):
        p.set("class", "figure")
    said = [text for each in pictures if each is not None and (text := _caption(each, captions))]
    content = lines(take(p))
    for line in content:
        _arrange([each for node in line if (each := _picture(node)) is not None], sizes)
    last: Node = ""
    for line in content:
        if len(p) and _flows(last) and any(map(_flows, line[:1])):
            fill(p, [make("br")])
        for before, node, after in zip(["", *line], line, [*line[1:], ""], strict=False):
            if not isinstance(node, str):
                fill(p, [node])
            elif _flows(before) and _flows(after):
                fill(p, [_SPACE])
        last = line[-1] if line else last
    if said:
        p.set("class", f"{p.get('class')} captioned")
        caption = make("p", "caption", ["；".join(said)])
        caption.tail, p.tail = p.tail, None
        p.addnext(caption)


def _picture(node: Node) -> HtmlElement | None:
    """Return the picture that `node` is, or holds as a link does, and nothing else."""
    if isinstance(node, str):
        return None
    inner = node[0] if node.tag in ("a", "span") and len(node) == 1 else node
    return inner if inner.tag == "img" else None


def _flows(node: Node) -> bool:
    """Whether a picture stands in a line, where a space or a line break beside it shows."""
    image = _picture(node)
    return image is not None and image.get("class") == "small"


def _caption(image: HtmlElement, source: str) -> str:
    """Take a picture's caption: from its title, with "alt" else from its text, unless that is a file's name."""
    title = image.attrib.pop("title", "").strip()
    if source == "none":
        return ""
    alt = (image.get("alt") or "").strip()
    return title or (alt if source == "alt" and not _NAMELESS.fullmatch(alt) else "")


def _arrange(images: list[HtmlElement], sizes: Mapping[str, tuple[int, int]]) -> None:
    """Decide about the widths of the pictures of a line."""
    found = [sizes.get(image.get("src", "")) or _said(image) for image in images]
    own = ["width" in style.read(image.get("style") or "") for image in images]
    whole = sum(width for width, _ in found)
    shared = 1 < len(images) <= _SHARERS and _LARGE < whole <= _LINE and not any(own)
    shared = shared and all(width and height > _ICON for width, height in found)
    for image, has_own, (width, _) in zip(images, own, found, strict=True):
        image.set("class", "small" if has_own or shared or width <= _LARGE else "wide")
        if shared:
            share = (100 - _GAP * (len(images) - 1)) * width // whole
            image.set("style", style.write({**style.read(image.get("style") or ""), "width": f"{share}%"}))


def _said(image: HtmlElement) -> tuple[float, float]:
    """Return the size that a picture copied from WeChat says itself, 0 if it says none."""
    width = _number(image.get("data-w"))
    return width, width * _number(image.get("data-ratio"))


def picture(image: HtmlElement, sizes: Mapping[str, tuple[int, int]]) -> None:
    """Turn a picture's width into a style, and one without a source into its text.

    A small drawing says its width, since it is sent as a picture that has twice as many pixels.
    """
    if not image.get("src"):
        replace(image, [image.get("alt") or ""])
        return
    for name in ("src", "alt"):
        image.set(name, (image.get(name) or "").strip())
    following = image.getnext()
    if following is not None and following.tag == "img" and image.tail and not image.tail.strip():
        image.tail = _SPACE
    width = image.attrib.pop("width", "").strip().removesuffix("px")
    found = style.read(image.get("style") or "")
    natural = sizes.get(image.get("src", ""), (0, 0))[0]
    if not width and "width" not in found and natural <= _LARGE and _DRAWING.search(image.get("src", "")):
        width = str(natural or "")
    if re.fullmatch(r"\d{1,3}%", width):
        found["width"] = width
    elif re.fullmatch(r"\d+(\.\d+)?", width):
        pixels = float(width)
        found["width"] = f"{pixels:g}px" if pixels <= _LARGE else f"{min(100, round(pixels / COLUMN_PIXELS * 100))}%"
    if found:
        image.set("style", style.write(found))


_DRAWING = re.compile(r"\.svg(?:$|[?#])|^data:image/svg", re.IGNORECASE)


def _number(value: str | None) -> float:
    return float(value) if value and re.fullmatch(r"\d+(\.\d+)?", value) else 0


def align(element: HtmlElement) -> None:
    """Turn the attribute `align` of a block into a style."""
    value = element.attrib.pop("align", "").lower()
    if value in ("left", "center", "right", "justify"):
        found = {"text-align": value, **style.read(element.get("style") or "")}
        element.set("style", style.write(found))


def contents(toc: HtmlElement) -> None:
    """Fill in the table of contents, as text: WeChat refuses links inside a page."""
    *_, root = toc.iterancestors()
    for heading in root.iter("h1", "h2", "h3", "h4"):
        shown = "".join(heading.itertext()).strip()
        if shown and heading.get("class") != "notes-title":
            toc.append(make("p", f"toc-{heading.tag[1]}", [shown]))


def panel(element: HtmlElement) -> None:
    """Mark the last block of a quote, an alert or a fold: a margin after it would widen the panel."""
    names = (element.get("class") or "").split()
    if not len(element) or not (element.tag == "blockquote" or {"alert", "details", "definition"} & set(names)):
        return
    last = element[-1]
    if last.tag in BLOCKS and not (last.tail or "").strip():
        last.set("class", f"{last.get('class') or ''} last".strip())


def fold(details: HtmlElement) -> None:
    """Open what a reader could have opened: its title in bold, then its content."""
    content = take(details)
    titles = [node for node in content if not isinstance(node, str) and node.tag == "summary"]
    title = take(titles[0]) if titles else []
    details.tag = "section"
    details.set("class", "details")
    if not blank(title):
        details.append(make("p", "summary", [make("strong", content=title)]))
    for part in blocks(node for node in content if node not in titles[:1]):
        details.append(part if not isinstance(part, list) else make("p", content=part))


def definitions(element: HtmlElement) -> None:
    """Write a definition list as paragraphs and indented sections."""
    for child in element:
        if child.tag == "dt":
            child.tag = "p"
            child.set("class", "term")
        elif child.tag == "dd":
            child.tag = "section"
            child.set("class", "definition")
    element.tag = "section"


def reading(ruby: HtmlElement) -> None:
    """Write a reading after its word: 汉字（hànzì）."""
    content: list[Node] = []
    for node in take(ruby):
        if isinstance(node, str):
            content.append(node)
        elif node.tag in ("rt", "rp"):
            shown = "".join(node.itertext()).strip()
            content += [f"（{shown}）"] if shown and node.tag == "rt" else []
        else:
            content += take(node)
    replace(ruby, content)


def quotation(q: HtmlElement) -> None:
    """Write the marks that a browser would draw around a quotation."""
    content = take(q)
    fill(q, ["“", *content, "”"])


# --- around a letter's text -------------------------------------------------------------------------------------------

_INVITATION = re.compile(r"二维码|公众号|关注|扫码|qr[-_ ]?code", re.I)  # what a picture is called that one scans
_ANNEX = frozenset({"follow", "notes", "qrcode"})  # what comes after a letter's text
_NUMBERED = re.compile(
    r"\s*(?:[第其]\s*[\d一二三四五六七八九十]+|0\d\b|part\b"
    r"|[#＃(（【]?\s*(?:\d{1,2}|[一二三四五六七八九十]{1,3})\s*(?:[、:：)）】]|[.．](?!\d)))",
    re.I,
)
_NUMERAL = re.compile(r"(01|1|一)")
_TENS = "一二三四五六七八九十"


def roles(root: HtmlElement) -> None:
    """Tell a letter's lead, the paragraphs that are not to be indented, and the card to follow the letter.

    The lead is the first paragraph, and the first quote before any heading; a quote behind more than two paragraphs, or
    with another quote in it, is one of the text.
    """
    children = list(root)
    first = next((at for at, each in enumerate(children) if each.tag in HEADINGS), len(children))
    opening = [each for each in children[:first] if not blank([each]) and not _of_block(each)]
    if opening and opening[0].tag == "p" and not opening[0].get("class"):
        opening[0].set("class", "lead")
    at = next((at for at, each in enumerate(opening) if each.tag == "blockquote"), len(opening))
    prose = [each for each in opening[:at] if each.tag == "p" and each.get("class") in (None, "lead")]
    if at < len(opening) and len(prose) < 3 and opening[at].find(".//blockquote") is None:
        opening[at].set("class", f"lead {opening[at].get('class') or ''}".strip())
    for each in children:
        if each.tag == "p" and each.get("class") in (None, "lead") and _flush(each):
            each.set("class", f"{each.get('class') or ''} flush".strip())
    for each in reversed(children):
        if each.tag in HEADINGS:
            break
        if "figure" in (each.get("class") or "").split() and _invites(each):
            _follow(each)
            break


def _flush(paragraph: HtmlElement) -> bool:
    """Whether a paragraph begins its lines itself: with full-width spaces, as verse, in the middle or at the right."""
    aligned = style.read(paragraph.get("style") or "").get("text-align") in ("center", "right", "end")
    return aligned or paragraph.find(".//br") is not None or shown([paragraph]).lstrip("\n\r\t ").startswith("\u3000")


def _of_block(element: HtmlElement) -> bool:
    """Whether an element comes from a block, which stands in many letters and is no part of this one's own text."""
    lines = (each.get("data-line") or "" for each in element.iter("*"))
    return bool(file_and_line(int(next(filter(str.isdigit, lines), "0")))[0])


def _invites(figure: HtmlElement) -> bool:
    """Whether a figure is one picture, named as one that readers scan in order to follow the account."""
    images = list(figure.iter("img"))
    caption = figure.getnext()
    title = shown([caption]) if caption is not None and caption.get("class") == "caption" else ""
    return len(images) == 1 and bool(_INVITATION.search(f"{images[0].get('alt')} {images[0].get('src')} {title}"))


def _follow(figure: HtmlElement) -> None:
    """Put a picture to scan and its caption on a card."""
    caption = figure.getnext()
    card = make("section", "follow")
    replace(figure, [card])
    card.append(figure)
    if caption is not None and caption.get("class") == "caption":
        card.append(caption)


def number(root: HtmlElement, pattern: str) -> None:
    """Number the sections as `pattern` does the first: "01", "1", "一", or a text with one of them; "" for no numbers.

    Sections are what the highest rank of headings begins that stands at the top level more than once. A letter whose
    headings have numbers of their own gets no others.
    """
    headings = [each for each in root if each.tag in HEADINGS and not _of_block(each)]
    rank = next((tag for tag in HEADINGS if sum(each.tag == tag for each in headings) > 1), None)
    sections = [each for each in headings if each.tag == rank]
    before, numeral, after = [*_NUMERAL.split(pattern, maxsplit=1), "", ""][:3]
    if not numeral or any(_NUMBERED.match(shown([each])) for each in sections):
        return
    for count, heading in enumerate(sections, 1):
        numerals = {"01": f"{count:02}", "1": str(count), "一": _chinese(count)}
        mark = make("span", "section-number", [f"{before}{numerals[numeral]}{after}"])
        mark.tail, heading.text = f" {(heading.text or '').lstrip()}", None
        heading.insert(0, mark)


def _chinese(count: int) -> str:
    tens, units = divmod(count, 10)
    lead = _TENS[tens - 1] if tens > 1 else ""
    return f"{lead}{'十' if tens else ''}{_TENS[units - 1] if units else ''}"


def end(root: HtmlElement, mark: str) -> None:
    """Put `mark` where the letter's own text ends: before its back issues, the card, the notes, the footer.

    "" is no mark.
    """
    if not mark:
        return
    children = list(root)
    at = next((n for n, each in enumerate(children) if each.get("class") in _ANNEX), len(children))
    while at and _of_block(children[at - 1]):
        at -= 1
    at -= at > 0 and children[at - 1].tag == "hr"
    if at > 1 and children[at - 1].get("class") == "grid" and children[at - 2].tag in HEADINGS:
        at -= 2
    if at:
        root.insert(at, make("p", "end-mark", [mark]))


# --- tables -----------------------------------------------------------------------------------------------------------
# A scrolling section around plain rows: the editor loses the background of `thead` and `tr`, and takes white space
# between rows for rows (doocs/md #878); the checker measures a table against the page unless the table itself has
# data-ignore-width.

_NARROW = 3  # columns that a phone shows side by side
_SHORT = 12  # characters of a cell that need not break
_NARROW_COLUMN = 5  # characters of all cells of a column that stays whole beside a long one


def table(element: HtmlElement) -> None:
    """Give a table the form that lasts, one that scrolls; alignment and stripes become classes.

    One that has the form stays.
    """
    rows, astray = _rows(element)
    before = [make("p", content=part) if isinstance(part, list) else part for part in blocks(astray)]
    if not rows:
        replace(element, before)
        return
    if len(rows) > 1 and all(cell.tag == "th" and blank([cell]) for cell in rows[0]):
        del rows[0]  # Markdown asks for a head, so a grid without one has an empty one
    if (grid := _grid(rows)) is not None:
        replace(element, [*before, grid])
        return
    body = make("tbody", content=rows)
    element.append(body)
    wide = max(sum(_span(cell) for cell in row) for row in rows) > _NARROW
    striped = 0
    cells: dict[HtmlElement, list[str]] = {}
    for row in rows:
        header = all(cell.tag == "th" for cell in row)
        striped = 0 if header else striped + 1
        row.attrib.pop("class", None)
        if striped and striped % 2 == 0:
            row.set("class", "even")
        align = row.attrib.pop("align", None)
        cells |= {cell: _cell(cell, align, wide) for cell in row}
    if not wide:
        _keep_narrow(rows, cells)
    hint = [make("p", "table-hint", [_HINT])] if _width(rows, cells) > PHONE_COLUMN else []
    _hoist(element, cells)
    if element.get("data-ignore-width") is None:
        element.set("data-ignore-width", "")
        scroller = make("section", "table")
        replace(element, [*before, *hint, scroller])
        scroller.append(element)


# A grid of back issues: years, dates and numbers of issues, with nothing to tell one column from the next.
_YEAR = re.compile(r"(?:19|20)\d\d\s*年?")
_DAY_OF_YEAR = r"[01]?\d\s*[-./月]\s*[0-3]?\d\s*日?"
_DAY = re.compile(rf"(?:{_DAY_OF_YEAR}|[01]?\d\s*月)(?:\[\d+\])?")
_ISSUE = re.compile(
    rf"(?:(?:19|20)\d\d\s*[-./年]\s*(?:{_DAY_OF_YEAR}|[01]?\d\s*月?)"
    r"|第\s*[\d一二三四五六七八九十百]+\s*期|(?:vol|no|issue|#)[.\s]*\d+)(?:\[\d+\])?",  # and a note's number
    re.I,
)
_FILLER = frozenset({"", "-"})


def _grid(rows: Sequence[HtmlElement]) -> HtmlElement | None:
    """Write a table of back issues as years, and issues that run on as far as a line takes them; None for another one.

    A year may have a cell of its own, or one for each of its digits. Days without a year are issues where years stand
    beside them; else they may be any numbers.
    """
    texts = [[shown([cell]).strip() for cell in row] for row in rows]
    if max(map(len, texts)) < _NARROW or any(list(row.iter(*BLOCKS - _PARTS)) for row in rows):
        return None
    years: list[tuple[str, list[HtmlElement]]] = [("", [])]
    for row, said in zip(rows, texts, strict=True):
        cells = [(cell, text) for cell, text in zip(row, said, strict=True) if text not in _FILLER]
        whole = "".join(text for _, text in cells)
        if cells and _YEAR.fullmatch(whole):
            years.append((whole, []))
            continue
        if len(cells) > 1 and _YEAR.fullmatch(cells[0][1]):
            years.append((cells[0][1], []))
            del cells[0]
        if not all(_ISSUE.fullmatch(text) or (len(years) > 1 and _DAY.fullmatch(text)) for _, text in cells):
            return None
        years[-1][1].extend(cell for cell, _ in cells)
    issues = sum(len(cells) for _, cells in years)
    if not issues or (len(years) == 1 and issues < _NARROW):
        return None
    grid = make("section", "grid")
    for year, cells in years:
        if year:
            make("p", "grid-year", [year], grid)
        if cells:
            line = make("p", "grid-row", (), grid)
            for cell in cells:
                fill(line, [make("span", "grid-cell", take(cell)), " "])
    return grid


# How wide a table is, as far as its text tells: at 14 px, as most themes have it, with a cell's padding. One that may
# be wider than a small phone's column says that it can be moved.
PHONE_COLUMN = 288  # pixels, on the narrowest phone
_HINT = "左右滑动看全表 →"
_CELL_PIXELS, _LONG_PIXELS, _HAN_PIXELS, _LETTER_PIXELS = 13, 140, 14, 7.8


def _width(rows: Sequence[HtmlElement], classes: Mapping[HtmlElement, list[str]]) -> float:
    """Estimate the least width of a table in pixels."""
    columns: dict[int, float] = {}
    for row in rows:
        at = 0
        for cell in row:
            span = _span(cell)
            each = _least(shown([cell]), "short" in classes[cell]) / span + _CELL_PIXELS
            each = max(each, _LONG_PIXELS) if "long" in classes[cell] else each
            for column in range(at, at + span):
                columns[column] = max(columns.get(column, 0), each)
            at += span
    return sum(columns.values())


def _keep_narrow(rows: Sequence[HtmlElement], classes: Mapping[HtmlElement, list[str]]) -> None:
    """Keep columns of a few characters whole beside a long one, which would press them to one character a line."""
    columns = list(zip(*rows, strict=True)) if len({len(row) for row in rows}) == 1 else []
    said = [[shown([cell]).strip() for cell in column] for column in columns]
    widths = [max(_least(text, whole=True) for text in column) for column in said]
    if sum(widths) + _CELL_PIXELS * len(widths) <= PHONE_COLUMN or any(_span(cell) > 1 for row in rows for cell in row):
        return
    for column, texts in zip(columns, said, strict=True):
        if max(map(len, texts)) <= _NARROW_COLUMN:
            for cell in column:
                classes[cell].append("short")


def _least(text: str, whole: bool) -> float:
    """Estimate the width of a text in pixels: of the `whole` on one line, or of what cannot be broken."""
    runs = [text.strip()] if whole else re.findall(r"[^\s\x80-\U0010ffff-]+-?|[^\x00-\x7f]", text)
    return max((sum(_LETTER_PIXELS if each < "\u2e80" else _HAN_PIXELS for each in run) for run in runs), default=0)


def _hoist(table: HtmlElement, cells: Mapping[HtmlElement, list[str]]) -> None:
    """Say the classes that all cells have in common once, of the table: cells inherit them."""
    shared = [name for name in ("left", "center", "right", "short") if all(name in names for names in cells.values())]
    if shared:
        table.set("class", " ".join(filter(None, [table.get("class"), *shared])))
    for cell, names in cells.items():
        if own := [name for name in names if name not in shared]:
            cell.set("class", " ".join(own))
        else:
            cell.attrib.pop("class", None)


_PARTS = frozenset({"thead", "tbody", "tfoot", "tr", "td", "th"})


def _rows(table: HtmlElement) -> tuple[list[HtmlElement], list[Node]]:
    """Take the rows out: of the head, the bodies, the foot, in this order; and what stands in no cell of theirs."""
    order = {"thead": 0, "tfoot": 2}
    parts = sorted(
        (each for each in table if each.tag in ("thead", "tbody", "tfoot")), key=lambda each: order.get(each.tag, 1)
    )
    rows: list[HtmlElement] = []
    astray: list[Node] = []
    for part in [*parts, table]:
        for node in take(part):
            if isinstance(node, str) or node.tag not in _PARTS:
                astray.append(node)
            elif node.tag == "tr":
                content = take(node)
                node.extend(each for each in content if not isinstance(each, str) and each.tag in ("td", "th"))
                astray += [each for each in content if isinstance(each, str) or each.tag not in ("td", "th")]
                rows += [node] if len(node) else []
    return rows, astray


def _span(cell: HtmlElement) -> int:
    value = cell.get("colspan") or "1"
    return max(1, min(int(value), 100)) if value.isdigit() else 1


def _cell(cell: HtmlElement, row_align: str | None, wide: bool) -> list[str]:
    """Give a cell's content its form; return the cell's classes."""
    align = (cell.attrib.pop("align", None) or row_align or "").lower()
    names = [align] if align in ("left", "center", "right") else []
    parts = list(blocks(take(cell)))
    inline = all(isinstance(part, list) or part.tag == "p" for part in parts)
    for number, part in enumerate(parts):
        if not inline:
            fill(cell, part if isinstance(part, list) else [part])
            continue
        if number:  # paragraphs in a cell become lines: the editor adds its own blocks
            fill(cell, [make("br")])
        fill(cell, part if isinstance(part, list) else take(part))
    content = shown([cell]).strip()
    if wide:
        names.append("short" if len(content) <= _SHORT else "long")
    if not content and blank(list(cell)):
        fill(cell, ["\u00a0"])
    return names
