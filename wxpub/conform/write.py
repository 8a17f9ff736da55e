"""The finished tree as HTML text: WeChat's own tags, no white space between them, and nothing that says nothing.

Names, classes and, unless somebody asks for them, line numbers of the source end here. Text is escaped here and nowhere
else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from wxpub import style
from wxpub.conform.size import TEXT, Context, lean
from wxpub.limits import TAGS
from wxpub.target import Placed
from wxpub.tree import BLOCKS

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Tags that no one has seen survive a paste become a span (or a p), with the look that browsers give them.
_RENAMED = {
    **dict.fromkeys(("del", "s", "strike"), ("span", "text-decoration:line-through")),
    **dict.fromkeys(("ins", "u"), ("span", "text-decoration:underline")),
    "sup": ("span", "font-size:.75em;vertical-align:super"),
    "sub": ("span", "font-size:.75em;vertical-align:sub"),
    "small": ("span", "font-size:.85em"),
    "big": ("span", "font-size:1.2em"),
    "mark": ("span", "background-color:#fff3a3;color:#333"),
    **dict.fromkeys(("kbd", "samp", "tt"), ("code", "")),
    **dict.fromkeys(("var", "cite", "dfn"), ("em", "")),
    **dict.fromkeys(("h4", "h5", "h6"), ("p", "font-weight:700")),
    **dict.fromkeys(("abbr", "time", "q", "label", "font"), ("span", "")),
    "b": ("strong", ""),
    "i": ("em", ""),
}
_KEPT_ATTRIBUTES = {
    "a": ("href",),
    "img": ("src", "alt", "data-w", "data-ratio"),
    "table": ("data-ignore-width",),
    "td": ("colspan", "rowspan"),
    "th": ("colspan", "rowspan"),
}
_MERGED = frozenset({"span", "strong", "em"})  # equal neighbours become one
_BOXED = re.compile(r"(?:^|;)(?:padding|margin|border|display)")  # would look different if merged
_SPACES = re.compile(r"[ \t\n\r\f]{2,}|[\t\n\r\f]")

SENTINEL = '<p style="margin:0;font-size:0;line-height:0">\u00a0</p>'


class Slot(NamedTuple):
    """An image in a finished page: all of its tag but the address and the size, which are filled in last.

    `src` is the image as the source names it. The tag is `<img src="`, the address, `before`, the size, `after`;
    `size` has the attributes that say it where the source itself does.
    """

    src: str
    before: str
    size: str
    after: str

    def filled(self, placed: Placed | None) -> str:
        """Write the tag of the image as it is `placed`, or as the source names it."""
        size = self.size
        if placed is not None and placed.width and placed.height:
            # From data-w and data-ratio the article's page keeps an image's place free while it loads.
            ratio = f"{placed.height / placed.width:.4f}".rstrip("0").rstrip(".")
            size = f' data-w="{placed.width}" data-ratio="{ratio}"'
        return f'<img src="{_quoted(placed.url if placed else self.src)}"{self.before}{size}{self.after}'


def parts_of(root: HtmlElement, *, guards: bool = False, lines: bool = False) -> tuple[str | Slot, ...]:
    """Write `root`; with `guards` so that nothing is lost on the way through the web editor; with `lines` as `finish`.

    The editor may lose the root, so every block right under it says the root's text styles again; it may lose the
    first and the last block, so a paragraph that shows nothing stands there; it drops a space alone between two tags.
    """
    writer = _Writer(guards, lines)
    writer.root(root)
    return tuple(writer.parts())


def without_guards(html: str) -> str:
    """Leave out of HTML with guards what is there to be lost: the root, and the paragraphs at its ends."""
    inside = re.sub(r"\A<section[^>]*>|</section>\Z", "", html)
    return inside.removeprefix(SENTINEL).removesuffix(SENTINEL)


def fill(parts: Iterable[str | Slot], images: Mapping[str, Placed]) -> str:
    """Join the parts of a page, each image as it is placed in `images`; without an entry it keeps its source."""
    return "".join(part if isinstance(part, str) else part.filled(images.get(part.src)) for part in parts)


class _Form(NamedTuple):
    """What elements of one tag and style become at one place; `opening` holds what attributes do not change."""

    tag: str
    style: str
    opening: str
    closing: str
    inherited: Context
    merged: bool  # whether equal neighbours become one


class _Writer:
    """Writes a tree into `out`, a list of tags and texts, in one walk.

    A space shows only between two things on one line. So the writer has to remember how the line ends so far:

        out        "<p>"  "文字 "  "<strong>"  "b "  "</strong>"
                                                ↑        ↑
                                        last_text        closed: the opening tags of what ends here, ["<strong>"]

    `spaced` says that the line ends with a space, or has not begun: another space would show nothing, and the one that
    is there shows nothing if the line ends now. `last_text` is the place of the line's last text, -1 if it has none
    since it began or since an image. `closed` is empty unless nothing but closing tags came after the last text.
    """

    def __init__(self, guards: bool, lines: bool) -> None:
        self.guards, self.lines = guards, lines
        self.text_style: Mapping[str, str] = {}  # what blocks of the top level say again
        self.forms: dict[tuple[str, str | None, Context, bool], _Form] = {}
        self.slots: dict[str, Slot] = {}  # by the tag that stands for each in `out`
        self.out: list[str] = []
        self.last_text, self.spaced, self.closed = -1, True, list[str]()

    def root(self, root: HtmlElement) -> None:
        kept, inherited = lean("section", root.get("style") or "")
        if self.guards:
            self.text_style = {name: value for name, value in kept.items() if name in TEXT}
        guard = [SENTINEL] if self.guards else []
        self.out += [_opening("section", [], style.write(kept)), *guard]
        self._content(root, "section", inherited, top=True)
        self.out += [*guard, "</section>"]

    def parts(self) -> Iterator[str | Slot]:
        """Yield what was written: slots, and the text between them in one piece."""
        start = 0
        for at, each in enumerate(self.out):
            if each.startswith("<img") and (slot := self.slots.get(each)):
                yield "".join(self.out[start:at])
                yield slot
                start = at + 1
        yield "".join(self.out[start:])

    def _content(self, element: HtmlElement, parent: str, context: Context, *, top: bool = False) -> None:
        """Write what is in `element`; `parent` is the tag around it, as it was written."""
        if text := element.text:
            self._text(text, None)
        if len(element):
            for child in element:
                self._element(child, parent, context, top)
                if text := child.tail:
                    self._text(text, child)

    def _element(self, element: HtmlElement, parent: str, context: Context, top: bool) -> None:
        source = element.tag
        if source == "svg":
            self._drawn()
            self._drawing(element, context)
            return
        text = element.get("style")
        key = (source, text, context, top)
        form = self.forms.get(key)
        if form is None:
            form = self.forms[key] = self._form(source, text or "", context, top)
        tag, opening = form.tag, form.opening
        if tag in _KEPT_ATTRIBUTES:
            kept = [(name, value) for name in _KEPT_ATTRIBUTES[tag] if (value := element.get(name)) is not None]
            if kept:
                opening = _opening(tag, kept, form.style)
            if kept and kept[0][0] == "src":
                self.slots[opening] = _slot(kept, form.style)
        if self.lines and opening not in self.slots and (line := element.get("data-line") or "").isdigit():
            opening = opening.replace(f"<{tag}", f'<{tag} data-line="{line}"', 1)
        if tag == "span" and not form.style:  # a tag that says nothing can go
            self._content(element, parent, form.inherited, top=top)
        elif tag == "section" and not form.style and parent in ("section", "blockquote") and _holds_blocks(element):
            self._content(element, tag, form.inherited, top=top)
        elif tag == "br" or tag == "hr":
            self._end_line()
            self.out.append(opening)
        elif tag == "img":
            self._drawn()
            self.out.append(opening)
        elif tag in BLOCKS:
            self._block(element, form, opening)
        else:
            self._inline(element, form, opening)

    def _form(self, source: str, text: str, context: Context, top: bool) -> _Form:
        """Decide what a tag `source` with the style `text` becomes in `context`."""
        plain = source if source in TAGS else "section" if source in BLOCKS else "span"
        tag, default = _RENAMED.get(source, (plain, ""))
        kept, inherited = lean(tag, text or default, context)
        bold = kept.get("font-weight") in ("600", "700")
        wrapped = bold and tag == "p" and source != "p"  # a small heading is a paragraph in bold
        if wrapped or (bold and tag == "span"):
            kept = {name: value for name, value in kept.items() if name != "font-weight"}
            tag = "p" if wrapped else "strong"
        if top and self.text_style and tag not in ("hr", "table", "img"):
            own = {name: value for name, value in kept.items() if name not in TEXT}
            kept = own | {name: value for name in TEXT if (value := kept.get(name) or self.text_style.get(name))}
        written = style.write(kept)
        listed = self.guards and tag in ("ul", "ol")
        opening = _opening(tag, [("class", "list-paddingleft-1")] if listed else [], written)
        return _Form(
            tag,
            written,
            f"{opening}<strong>" if wrapped else opening,
            f"</strong></{tag}>" if wrapped else f"</{tag}>",
            inherited,
            tag in _MERGED and not _BOXED.search(written),
        )

    def _block(self, element: HtmlElement, form: _Form, opening: str) -> None:
        self._end_line()
        self.out.append(opening)
        start = len(self.out)
        self._content(element, form.tag, form.inherited)
        self._end_line()
        while self.out[-1] == "<br>" and len(self.out) > start + 1:
            self.out.pop()  # a break before the end shows nothing
        if self._says_nothing(start) and form.tag not in ("td", "th"):
            del self.out[start - 1 :]  # WeChat would remove it
        else:
            self.out.append(form.closing)

    def _inline(self, element: HtmlElement, form: _Form, opening: str) -> None:
        if form.merged and self.closed and self.closed[-1] == opening:
            self.out.pop()
            self.closed.pop()
            self._content(element, form.tag, form.inherited)
        else:
            self.out.append(opening)
            start = len(self.out)
            self.closed = []
            self._content(element, form.tag, form.inherited)
            if self._says_nothing(start):
                del self.out[start - 1 :]
                return
        self.out.append(form.closing)
        self.closed.append(opening)

    def _says_nothing(self, start: int) -> bool:
        return len(self.out) == start or (not self.out[start] and not any(self.out[start:]))

    def _text(self, text: str, after: HtmlElement | None) -> None:
        """Write text, `after` being the element before it in the same parent."""
        if "  " in text or "\n" in text or "\t" in text or "\r" in text:
            text = _SPACES.sub(" ", text)
        if self.spaced:
            text = text.lstrip(" ")
        if not text:
            return
        if self.guards and text == " " and self._joins(after):
            self.out[self.last_text] += " "
        else:
            self.last_text = len(self.out)
            self.out.append(_escaped(text))
            self.closed = []
        self.spaced = text[-1] == " "

    def _joins(self, after: HtmlElement | None) -> bool:
        """Whether a space after an element stands between two inline tags, and can join the text before it."""
        if after is None or not self.closed or self.last_text < 0:
            return False
        following = after.getnext()
        return following is not None and after.tag not in BLOCKS and following.tag not in BLOCKS

    def _end_line(self) -> None:
        """End a line: the space before its end shows nothing, nor does an inline tag that holds that space alone."""
        if self.spaced and self.last_text >= 0:
            at = self.last_text
            self.out[at] = self.out[at].rstrip(" ")
            while not self.out[at] and self.closed and self.out[at - 1] == self.closed[0]:
                self.out[at - 1 : at + 2] = [""]
                self.closed.pop(0)
                at -= 1
        self.last_text, self.spaced, self.closed = -1, True, []

    def _drawn(self) -> None:
        """Go on after an image: a space behind it shows, one before it stays."""
        self.last_text, self.spaced, self.closed = -1, False, []

    def _drawing(self, element: HtmlElement, context: Context) -> None:
        """Write a drawing; it was cleaned when the tree was shaped."""
        attributes = [(name, value) for name, value in element.items() if name not in ("class", "data-line", "style")]
        text = element.get("style") or ""
        if element.tag == "svg":
            text = style.write(lean("svg", text, context)[0])
        self.out.append(_opening(element.tag, attributes, text))
        if element.text and element.text.strip():
            self.out.append(_escaped(element.text))
        for child in element:
            self._drawing(child, context)
            if child.tail and child.tail.strip():
                self.out.append(_escaped(child.tail))
        self.out.append(f"</{element.tag}>")


def _holds_blocks(element: HtmlElement) -> bool:
    """Whether there are blocks in `element`, and nothing else."""
    if not len(element) or (element.text or "").strip():
        return False
    return all(child.tag in BLOCKS and not (child.tail or "").strip() for child in element)


def _opening(tag: str, attributes: list[tuple[str, str]], text: str) -> str:
    if text:
        attributes = [*attributes, ("style", text)]
    return f"<{tag}{_attributes(attributes)}>"


def _attributes(attributes: list[tuple[str, str]]) -> str:
    return "".join(f' {name}="{_quoted(value)}"' for name, value in attributes)


def _slot(attributes: list[tuple[str, str]], text: str) -> Slot:
    """Make the slot of an image that has an address, its first attribute."""
    size = [(name, value) for name, value in attributes if name.startswith("data-")]
    before = [each for each in attributes[1:] if each not in size]
    return Slot(attributes[0][1], _attributes(before), _attributes(size), _opening("", [], text)[1:])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(value: str) -> str:
    return _SPACES.sub(" ", _escaped(value).replace('"', "&quot;"))
