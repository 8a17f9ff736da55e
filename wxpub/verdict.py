"""The verdict of WeChat's article checker: an article's elements in, the rules that it would report out.

WeChat publishes a checker for other editors (github.com/wechatjs/verify-article-structure-spec, engine 0.2.10), offers
it as a service, and shows its result when something is pasted into the web editor. This is a model of it, of its
oddities as well. Contrast, opacity, caret, alignment and nesting follow the published rules. What the checker measures
in a browser, at 585, 677 and 375 pixels, is guessed here from inline styles and the length of texts: line height, the
width of boxes, code that runs out of its box, a child that is higher than the screen of blocks around it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from wxpub import darkmode
from wxpub.darkmode import Colour

LEAST_CONTRAST = 1.5
DARK_TEXT = Colour(152, 152, 152)  # the checker runs dark mode with its own text without a colour
_LAID_OUT = 100  # elements around one another, beyond which nothing is laid out
DEEPEST = 15  # elements around one another, from which wrappers are looked at
SCREENS = (585, 677, 375)  # widths of the screens that it lays an article out on, in pixels

_PARAGRAPHS = frozenset(("p", "div", "section", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "wx-view"))
_LINES = frozenset(("p", "div", "section", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "a"))
_INLINE = frozenset(("span", "strong", "em", "b", "i", "u", "s", "a", "code", "font", "sub", "sup", "br", "img", "kbd"))
_SHOWN = re.compile(r"[^\s\u200b\ufeff]")
_KEPT = re.compile(r"iframe|video|audio|cps|mp|img|animateTransform|hr|path|br|svg|^g$|^a$", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Node:
    """An element of an article: its declarations, its attributes, and the elements and texts inside."""

    tag: str
    style: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)
    parent: Node | None = None

    @property
    def elements(self) -> list[Node]:
        return [each for each in self.children if isinstance(each, Node)]

    @property
    def text(self) -> str:
        return "".join(each for node in self.walk() for each in node.children if isinstance(each, str))

    @property
    def own_text(self) -> str:
        return "".join(each for each in self.children if isinstance(each, str))

    @property
    def has_text(self) -> bool:
        """Whether it shows any text; white space, U+00A0 and U+200B show nothing."""
        return any(_SHOWN.search(each) for node in self.walk() for each in node.children if isinstance(each, str))

    def around(self) -> Iterator[Node]:
        """Yield the element and all around it, from the inside out."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def walk(self) -> Iterator[Node]:
        """Yield the element and all inside it, in document order; an article may be deeper than Python's stack."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack += reversed(node.elements)


def unlit(root: Node) -> Iterator[darkmode.Element]:
    """Yield what is inside `root` as dark mode takes it, in document order."""
    depths = {root: -1}
    for node in root.walk():
        if node.parent is not None:
            depths[node] = depths[node.parent] + 1
            yield darkmode.Element(depths[node], node.tag, node.style, node.attributes, node.has_text)


def judge(root: Node) -> dict[str, list[Node]]:
    """Return the rules that the article in `root` breaks, with the elements that break them, as the checker counts."""
    found: dict[str, list[Node]] = {}
    deepest = max(len(list(node.around())) for node in root.walk() if not node.elements)
    for rule, nodes in (
        ("darkmode-low-contrast", _low_contrast(root)),
        ("darkmode-whitelist", _left_alone(root)),
        ("nestNodes", _nested(root)),
        *_in_paragraphs(root),
        *(_measured(root) if deepest <= _LAID_OUT else ()),
    ):
        if each := list(nodes):
            found[rule] = each
    return found


# --- dark mode --------------------------------------------------------------------------------------------------------


def _low_contrast(root: Node) -> Iterator[Node]:
    """Find text that is hard to tell from its background at night, opacity left out, as the script stamped both."""
    nodes = list(root.walk())[1:]
    skipped: set[Node] = set()
    for node, night in zip(nodes, darkmode.convert(unlit(root), DARK_TEXT), strict=True):
        image = any("url(" in node.style.get(name, "") for name in ("background", "background-image"))
        if node.parent in skipped or node.tag == "svg" or image or node.style.get("display", "").startswith("none"):
            skipped.add(node)
        elif node.own_text.strip() and "low-contrast" not in node.attributes.get("data-ignore-dm", "").split():
            ink, ground = (night.stamp or DARK_TEXT)._replace(a=1), (night.ground or darkmode.NIGHT)._replace(a=1)
            if darkmode.contrast(ink, ground) < LEAST_CONTRAST:
                yield node


def _left_alone(root: Node) -> Iterator[Node]:
    return (node for node in root.walk() if "data-no-dark" in node.attributes)


# --- wrappers ---------------------------------------------------------------------------------------------------------


def _nested(root: Node) -> Iterator[Node]:
    """Find wrappers that the editor would take away: deep inside, alone in their parent, saying nothing new."""
    found: list[Node] = []

    def deep(node: Node, level: int) -> Iterator[Node]:
        if level >= DEEPEST:
            yield node
            return
        for each in node.elements:
            yield from deep(each, level + 1)

    for node in deep(root, 1):
        wrapper = _wrapper_above(node) or _wrapper_below(node)
        if wrapper is not None and wrapper not in found:
            found.append(wrapper)
    return iter(found)


def _says_something(node: Node, tags: set[str], declarations: set[str], known: set[str]) -> bool:
    """Whether a wrapper's tag is new, or one of its declarations; both are remembered."""
    if node.tag not in tags:
        tags.add(node.tag)
        return True
    written = set(node.attributes.get("style", "").split(";"))
    new = written - declarations - known
    declarations |= new
    return bool(new)


def _wrapper_above(node: Node) -> Node | None:
    tags: set[str] = set()
    declarations: set[str] = set()
    for _ in range(DEEPEST - 2):
        parent = node.parent
        above = parent.parent if parent is not None else None
        if parent is None or above is None or len(above.elements) != 1:
            continue
        if _says_something(parent, tags, declarations, set()):
            node = parent
        elif not _KEPT.search(parent.tag):
            return parent
    return None


def _wrapper_below(node: Node) -> Node | None:
    tags: set[str] = set()
    declarations: set[str] = set()
    stack = [(node, False)]
    while stack:
        node, fresh = stack.pop()
        if fresh:
            tags, declarations = set(), set()
        inside = node.elements
        if len(inside) == 1 and len(inside[0].elements) == 1:
            (child,) = inside
            if not child.elements[0].elements:
                continue
            if _says_something(child, tags, declarations, set()):
                stack.append((child, False))
            elif not _KEPT.search(child.tag):
                return child
        else:
            several = inside[0].elements if len(inside) == 1 else inside
            stack.extend((each, True) for each in reversed(several))
    return None


# --- paragraphs -------------------------------------------------------------------------------------------------------


def paragraphs(root: Node) -> Iterator[Node]:
    """Yield the blocks without blocks inside: the checker looks at inline styles in them alone."""
    stack = root.elements[::-1]
    while stack:
        node = stack.pop()
        if node.tag != "blockquote" and any(each.tag in _PARAGRAPHS for each in node.elements):
            stack += reversed(node.elements)
        else:
            yield node


def _in_paragraphs(root: Node) -> Iterator[tuple[str, list[Node]]]:
    found: dict[str, list[Node]] = {}
    for paragraph in paragraphs(root):
        if not paragraph.has_text and not any(each.tag != "br" for each in paragraph.elements):
            continue
        for rule, node in _in_paragraph(paragraph):
            found.setdefault(rule, []).append(node)
    yield from found.items()


def _in_paragraph(paragraph: Node) -> Iterator[tuple[str, Node]]:
    last: dict[str, Node] = {}  # it keeps one element a paragraph and rule: the last
    for node in paragraph.walk():
        for rule in _declared(node):
            last[rule] = node
    for rule, node in last.items():
        yield rule, node


def _declared(node: Node) -> Iterator[str]:
    style = node.style
    if node.tag == "img" and re.fullmatch(r"0*\.?0*", style.get("opacity", "1")):
        yield "opacity"
    if re.search(r"rgba\(0,0,0,0\)", re.sub(r"\s", "", style.get("caret-color", "")), re.IGNORECASE):
        yield "caret-color"
    if style.get("text-align", "").lower() in ("start", "end"):
        yield "text-align"
    drawn = any(each.tag == "svg" or each.attributes.get("data-mode") == "svg" for each in node.around())
    if re.fullmatch(r"0(px)?", style.get("height", ""), re.IGNORECASE) and node.has_text and not drawn:
        yield "height"
    begin = node.attributes.get("begin", "")
    if "touchstart" in begin and "click" not in begin:
        yield "animate-begin"


# --- layout -----------------------------------------------------------------------------------------------------------
# A browser's work, guessed: enough to tell a line from two, and a box that is too wide from one that fits.

_NORMAL = 1.2  # what the checker takes for `line-height:normal`
_AREA = 1.15  # height of an inline box, in font sizes
_UNITS = {"px": 1.0, "pt": 4 / 3, "": 1.0}
_SIZES = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67}
_MARGINS = {"p": 1.0, "blockquote": 1.0, "ul": 1.0, "ol": 1.0, "pre": 1.0, "h1": 0.67, "h2": 0.83, "h3": 1.0}


@dataclass(frozen=True, slots=True)
class Box:
    """Where an element lies, in pixels from the left edge of the article, with its font size and line height."""

    left: float
    width: float
    height: float
    size: float
    line: float
    inner: float = 0.0  # the width that its longest line wants


@dataclass(frozen=True, slots=True)
class _Context:
    """What is inherited: font size, line height as a factor or in pixels, and whether lines wrap."""

    size: float = 16.0
    factor: float | None = _NORMAL
    pixels: float = 0.0
    wraps: bool = True
    mono: bool = False

    @property
    def line(self) -> float:
        return self.pixels if self.factor is None else self.factor * self.size

    def of(self, node: Node) -> _Context:
        """Return what an element makes of it."""
        style = node.style
        inherited = 13.0 if node.tag in ("pre", "code") and self.size == 16 else self.size * _SIZES.get(node.tag, 1)
        size = _length(style.get("font-size", ""), self.size, self.size)
        size = inherited if size is None else size
        written = style.get("line-height", "").strip().lower()
        if written == "normal":
            found = replace(self, size=size, factor=_NORMAL)
        elif re.fullmatch(r"\d*\.?\d+", written):
            found = replace(self, size=size, factor=float(written))
        elif (pixels := _length(written, size, size)) is not None:
            found = replace(self, size=size, factor=None, pixels=pixels)
        else:
            found = replace(self, size=size)
        space = style.get("white-space", "").split("!")[0].strip()
        wraps = space not in ("nowrap", "pre") if space else node.tag != "pre" and self.wraps
        return replace(found, wraps=wraps, mono=self.mono or node.tag in ("pre", "code", "kbd"))


def _length(value: str, whole: float, size: float, view: float = 800.0) -> float | None:
    """Read a CSS length in pixels; a share is one of `whole`."""
    match = re.fullmatch(r"(-?\d*\.?\d+)(px|pt|em|rem|%|vw|)", value.split("!")[0].strip().lower())
    if match is None or (match[2] == "" and float(match[1]) != 0):
        return None
    units = {**_UNITS, "em": size, "rem": 16.0, "%": whole / 100, "vw": view / 100}
    return float(match[1]) * units[match[2]]


def _sides(node: Node, name: str, whole: float, size: float) -> tuple[float, float, float, float]:
    """Return a margin or padding: above, right, below, left."""
    default = _MARGINS.get(node.tag, 0.0) * size if name == "margin" else 0.0
    side = (
        40.0
        if (name == "padding" and node.tag in ("ul", "ol")) or (name == "margin" and node.tag == "blockquote")
        else 0.0
    )
    if name == "padding" and node.tag in ("td", "th"):
        default = side = 1.0
    sides = [
        default,
        side if node.tag == "blockquote" else 0.0 if name == "padding" and node.tag in ("ul", "ol") else side,
        default,
        side,
    ]
    parts = [_length(each, whole, size) or 0.0 for each in node.style.get(name, "").split()]
    if parts:
        sides = [
            parts[0],
            parts[len(parts) > 1],
            parts[2 if len(parts) > 2 else 0],
            parts[3 if len(parts) > 3 else len(parts) > 1],
        ]
    for place, edge in enumerate(("top", "right", "bottom", "left")):
        if (own := _length(node.style.get(f"{name}-{edge}", ""), whole, size)) is not None:
            sides[place] = own
    return sides[0], sides[1], sides[2], sides[3]


def _display(node: Node) -> str:
    shown = node.style.get("display", "").split("!")[0].strip()
    return shown or ("inline" if node.tag in _INLINE else "block")


class _Layout:
    """An article laid out on one screen."""

    def __init__(self, root: Node, screen: float) -> None:
        self.boxes: dict[Node, Box] = {}
        self.screen = screen
        self.boxes[root] = Box(0, screen, self._flow(root, _Context(), 0, screen)[0], 16, 16 * _NORMAL)

    def _block(self, node: Node, outside: _Context, left: float, room: float, *, shrink: bool = False) -> float:
        """Lay out a block in `room` pixels from `left`; return the height that it takes, with its margins."""
        context = outside.of(node)
        above, right, below, before = _sides(node, "margin", room, context.size)
        padding = _sides(node, "padding", room, context.size)
        border = 4.0 if "border-left" in node.style else 0.0
        edges = padding[1] + padding[3] + border
        width = _length(node.style.get("width", ""), room, context.size)
        if width is None:
            width = max(room - before - right, 0.0)
            if shrink or node.tag == "table":
                width = min(width, self._wanted(node, context) + edges)
        width = max(min(width, max(room, 0.0)), edges)
        inner_left = left + before + padding[3] + border
        content, longest = self._flow(node, context, inner_left, width - edges)
        height = _length(node.style.get("height", ""), content, context.size)
        if height is None or "%" in node.style.get("height", "") or node.tag in ("table", "td", "th"):
            height = max(content + padding[0] + padding[2], height or 0.0)
        height = max(height, padding[0] + padding[2])
        self.boxes[node] = Box(
            left + before, width, height, context.size, context.line, longest + padding[1] + padding[3]
        )
        return height + above + below

    def _flow(self, node: Node, context: _Context, left: float, room: float) -> tuple[float, float]:
        """Lay out what is inside a block; return its height and the width of its longest line."""
        if node.tag == "table":
            return self._table(node, context, left, room), room
        if "flex" in _display(node):
            return self._row(node, context, left, room), room
        height, longest = 0.0, 0.0
        line: list[Node | str] = []
        for each in [*node.children, None]:
            if each is not None and (isinstance(each, str) or _display(each).startswith("inline")):
                line.append(each)
                continue
            if line:
                lines, wanted = self._lines(line, context, left, room)
                height, longest, line = height + lines, max(longest, wanted), []
            if isinstance(each, Node):
                height += self._block(each, context, left, room)
        return height, longest

    def _lines(self, line: list[Node | str], context: _Context, left: float, room: float) -> tuple[float, float]:
        """Wrap a run of text and inline elements; return its height and the width of its longest line."""
        heights: list[float] = []
        x, longest = 0.0, 0.0
        # The checker's page has no doctype: a line without text of the block itself knows nothing of its line height.
        strut = context.line if any(isinstance(each, str) and each.strip() for each in line) else 0.0

        def place(width: float, height: float, wraps: bool) -> None:
            nonlocal x, longest
            if not heights or (wraps and x > 0 and x + width > room):
                heights.append(0.0)
                x = 0.0
            x += width
            longest = max(longest, x)
            heights[-1] = max(heights[-1], height)

        def end() -> None:
            nonlocal x
            place(0.0, context.line, False)
            heights.append(0.0)
            x = 0.0

        def run(part: Node | str, around: _Context) -> None:
            if isinstance(part, str):
                for word, width in _words(part, around):
                    while around.wraps and width > room > 0:  # `word-wrap:break-word`
                        place(room, max(around.line, strut), True)
                        width -= room
                    if word == "\n":
                        end()
                    elif word.strip() or (heights and x > 0):
                        place(width, max(around.line, strut), around.wraps and bool(word.strip()))
                return
            if part.tag == "br":
                end()
                return
            if part.tag == "img":
                width = min(_image_width(part), room)
                self.boxes[part] = Box(left + x, width, width, around.size, around.line)
                place(width, max(width, strut), True)
                return
            if _display(part) != "inline":
                self._block(part, around, left, room, shrink=True)
                box = self.boxes[part]
                place(box.width, max(box.height, strut), True)
                self.boxes[part] = replace(box, left=left + x - box.width)
                return
            inside = around.of(part)
            before = len(heights)
            start = x
            x_before = x
            before_margin = _sides(part, "margin", room, inside.size)
            place(before_margin[3], 0.0, False)
            for each in part.children:
                run(each, inside)
            several = len(heights) - max(before, 1)
            width = room if several > 0 else x - start
            at = left if several > 0 else left + x_before + before_margin[3]
            tall = inside.size * _AREA + (sum(heights[max(before, 1) :]) if several > 0 else 0.0)
            self.boxes[part] = Box(at, width, tall, inside.size, inside.line)

        for part in line:
            run(part, context)
        return sum(heights), longest

    def _wanted(self, node: Node, context: _Context) -> float:
        """Return the width of what is inside an element when nothing wraps."""
        widths = [0.0]
        for each in node.children:
            if isinstance(each, str):
                widths[-1] += sum(width for _, width in _words(each, context))
                continue
            inside = context.of(each)
            padding = _sides(each, "padding", 0, inside.size)
            own = _length(each.style.get("width", ""), 0, inside.size)
            wanted = (
                _image_width(each) if each.tag == "img" else own or self._wanted(each, inside) + padding[1] + padding[3]
            )
            if _display(each).startswith("inline") or each.tag in ("td", "th") or "flex" in _display(node):
                widths[-1] += wanted
            else:
                widths += [wanted, 0.0]
        return max(widths)

    def _row(self, node: Node, context: _Context, left: float, room: float) -> float:
        """Lay out the children of a flex box side by side; they shrink where they do not fit."""
        items = node.elements
        wanted = [
            _length(each.style.get("width", ""), room, 16)
            or self._wanted(each, context.of(each)) + sum(_sides(each, "padding", room, 16)[1::2])
            for each in items
        ]
        share = min(1.0, room / sum(wanted)) if sum(wanted) else 1.0
        x, height = left, 0.0
        for each, width in zip(items, wanted, strict=True):
            height = max(height, self._block(each, context, x, width * share))
            x += width * share
        texts = [each for each in node.children if isinstance(each, str) and each.strip()]
        if texts:
            height = max(height, self._lines(list(texts), context, left, room)[0])
        return height

    def _table(self, node: Node, context: _Context, left: float, room: float) -> float:
        rows = [(each, _chain_context(each, node, context)) for each in node.walk() if each.tag == "tr"]
        columns: list[float] = []
        least: list[float] = []
        for row, around in rows:
            for place, cell in enumerate(row.elements):
                inside = around.of(cell)
                words = max((width for _, width in _words(cell.text, inside)), default=0.0)
                wanted = _length(cell.style.get("width", ""), room, inside.size) or self._wanted(cell, inside) + 2
                if place == len(columns):
                    columns.append(0.0)
                    least.append(0.0)
                columns[place] = max(columns[place], wanted)
                least[place] = max(least[place], min(words, wanted))
        spare = room - 2 * (len(columns) + 1)
        if sum(columns) > spare:
            extra = max(spare - sum(least), 0.0)
            slack = sum(columns) - sum(least) or 1.0
            columns = [low + (high - low) * extra / slack for low, high in zip(least, columns, strict=True)]
        total = 2.0
        for row, around in rows:
            x, height = left + 2, 0.0
            for place, cell in enumerate(row.elements):
                bare = replace(cell, style={k: v for k, v in cell.style.items() if k != "width"})
                self._block(bare, around, x, columns[place])
                self.boxes[cell] = self.boxes.pop(bare)
                height = max(height, self.boxes[cell].height)
                x += columns[place] + 2
            for cell in row.elements:
                self.boxes[cell] = replace(self.boxes[cell], height=height)
            self.boxes[row] = Box(left, room, height, around.size, around.line)
            total += height + 2
        return total


def _chain_context(row: Node, table: Node, context: _Context) -> _Context:
    chain = []
    node: Node | None = row
    while node is not None and node is not table:
        chain.append(node)
        node = node.parent
    for each in reversed(chain):
        context = context.of(each)
    return context


def _words(text: str, context: _Context) -> Iterator[tuple[str, float]]:
    """Split a text where a line may end, each part with its width in pixels; "\\n" ends a line of code."""
    for match in re.finditer(r"\n|[^\S\n]+|[!-~]+|." if not context.wraps else r"\s+|[!-~]+|.", text):
        part = match[0]
        if part.isspace():
            yield part, context.size * 0.25
        elif part[0] < "\x7f":
            yield part, len(part) * context.size * (0.6 if context.mono else 0.5)
        else:
            yield part, context.size * (1.0 if unicodedata.east_asian_width(part) in "WF" else 0.5)


def _image_width(image: Node) -> float:
    """Return an image's width as the checker takes it where it does not load: its style's number, be it a share."""
    match = re.match(r"\d+(\.\d+)?", image.style.get("width", ""))
    for value in (match[0] if match else "", image.attributes.get("data-w", ""), image.attributes.get("width", "")):
        if (number := _length(value + "px", 0, 0)) is not None and number > 0:
            return number
    return 16.0


# --- what is measured -------------------------------------------------------------------------------------------------

_MEASURED = re.compile(
    r"\b(font-family|caret-color|opacity|line-height|text-align|width|height|animate)\b", re.IGNORECASE
)


def _measured(root: Node) -> Iterator[tuple[str, list[Node]]]:
    layouts = [_Layout(root, screen) for screen in SCREENS]
    first = layouts[0].boxes
    lines = [node for node in root.walk() if node is not root and _overlaps(node, first)]
    wide: list[Node] = []
    code: list[Node] = []
    for paragraph in paragraphs(root):
        nodes = list(paragraph.walk())
        asked = any(
            each.tag == "pre" or _MEASURED.search(" ".join((*each.attributes, *each.attributes.values())))
            for each in nodes
        )
        if not asked or not (paragraph.has_text or any(each.tag != "br" for each in paragraph.elements)):
            continue
        wide += _uneven(paragraph, layouts)
        texts = [each for each in nodes if each.has_text and each.tag != "svg"]
        if texts and any(_jumps(texts[-1], layout.boxes) for layout in layouts):
            lines.append(texts[-1])
        blocks = [each for each in nodes if each.tag == "pre"]
        code += [each for each in blocks[-1:] if any(_runs_out(each, layout.boxes) for layout in layouts)]
    yield "line-height", lines
    yield "width", wide
    yield "pre", code
    tall = _taller(root, first[root].height, first, 0)
    yield "height-nodisplay", [tall] if tall is not None else []


def _overlaps(node: Node, boxes: Mapping[Node, Box]) -> bool:
    """Whether the lines of a block with text of its own lie over one another."""
    if node.tag not in _LINES or not node.own_text.strip() or node not in boxes:
        return False
    box = boxes[node]
    if box.line == 0:
        return box.height > 0
    lines = math.floor(box.height / box.line + 0.5)
    return lines >= 2 and box.height / lines < 0.95 * box.size


def _jumps(node: Node, boxes: Mapping[Node, Box]) -> bool:
    """Whether an element is higher than a line and its line is ten pixels lower than its font."""
    box = boxes.get(node)
    return box is not None and box.height > 1.2 * box.size and box.line + 10 < box.size


def _runs_out(node: Node, boxes: Mapping[Node, Box]) -> bool:
    box = boxes.get(node)
    return box is not None and box.inner > box.width + 1


def _taller(node: Node, height: float, boxes: Mapping[Node, Box], depth: int) -> Node | None:
    """Find an element that is higher than the whole article, because something around it has a height of its own."""
    allowed = height + (20 if height > 200 else 5)
    for each in node.elements if depth <= 10 else ():
        if re.search("auto|scroll", each.style.get("overflow-y", each.style.get("overflow", ""))):
            continue
        box = boxes.get(each)
        if box is not None and box.height > allowed:
            return each
        if (inside := _taller(each, height, boxes, depth + 1)) is not None:
            return inside
    return None


def _uneven(paragraph: Node, layouts: list[_Layout]) -> Iterator[Node]:
    """Find what runs out of the article, or is as wide as the screen on one and not on another."""
    ignored = any("data-ignore-width" in each.attributes for each in paragraph.around())
    if not ignored and any(_out(paragraph, layout) for layout in layouts):
        yield paragraph
    last: Node | None = None
    heads: list[Node] = []
    for node in paragraph.walk():
        width = node.style.get("width", "")
        if any("data-ignore-width" in each.attributes for each in node.around()):
            continue
        if node.tag == "table":
            heads = [each for head in node.walk() if head.tag == "thead" for each in head.walk() if each.tag == "th"]
        elif node.tag == "img" or (node.tag != "svg" and width and not re.search("auto|100%", width, re.IGNORECASE)):
            last = node
    candidates = [*heads, *([last] if last is not None and last not in heads else [])]
    for node in candidates:
        if node is not paragraph and _varies(node, layouts):
            yield node


def _out(node: Node, layout: _Layout) -> bool:
    box = layout.boxes.get(node)
    if box is None or abs(layout.screen - box.width) <= 1:
        return False
    return box.left < -1 or box.left + box.width > layout.screen + 1


def _varies(node: Node, layouts: list[_Layout]) -> bool:
    widths = [round(layout.boxes[node].width) if node in layout.boxes else 0 for layout in layouts]
    out = [_out(node, layout) for layout in layouts]
    full = [abs(screen - width) <= 1 for screen, width in zip(SCREENS, widths, strict=True)]
    shares = [width / screen for screen, width in zip(SCREENS, widths, strict=True)]
    if len(set(out)) > 1:
        return True
    if all(full):
        return False
    tolerance = 0 if any(share == 1 for share in shares) else 0.2
    moved = any(abs(width - widths[0]) > 10 for width in widths)
    return any(full) or (moved and any(abs(share - shares[0]) > tolerance for share in shares))
