"""The finished tree as HTML text: WeChat's own tags, no white space between them, and nothing that says nothing.

Names, classes and line numbers of the source end here. Text is escaped here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wxpub import style
from wxpub.conform.size import TEXT, Context, Leaner
from wxpub.limits import TAGS
from wxpub.target import Placed
from wxpub.tree import BLOCKS, VOID

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


@dataclass(frozen=True, slots=True)
class Slot:
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


def parts_of(root: HtmlElement, *, guards: bool = False) -> tuple[str | Slot, ...]:
    """Write `root`; with `guards` so that nothing is lost on the way through the web editor.

    The editor may lose the root, so every block right under it says the root's text styles again; it may lose the
    first and the last block, so a paragraph that shows nothing stands there; it drops a space alone between two tags.
    """
    writer = _Writer(guards)
    writer.root(root)
    return tuple(writer.parts())


def fill(parts: Iterable[str | Slot], images: Mapping[str, Placed]) -> str:
    """Join the parts of a page, each image as it is placed in `images`; without an entry it keeps its source."""
    return "".join(part if isinstance(part, str) else part.filled(images.get(part.src)) for part in parts)


@dataclass(frozen=True, slots=True)
class _Form:
    """What elements of one tag and style become at one place: the tag as written, its style, an inner tag."""

    tag: str
    style: str
    wrap: str  # a tag around the whole content
    inherited: Context
    boxed: bool  # equal neighbours would look different as one

    @property
    def opening(self) -> str:
        return _opening(self.tag, [], self.style)


@dataclass(slots=True)
class _Writer:
    guards: bool
    out: list[str] = field(default_factory=list)
    leaner: Leaner = field(default_factory=Leaner)
    forms: dict[tuple[str, str, int, bool], tuple[_Form, str]] = field(default_factory=dict)
    text_style: dict[str, str] = field(default_factory=dict)
    last_text: int = -1  # where in `out` the text is that a following space may join; -1 after an edge or a break
    spaced: bool = True  # the text so far ends with a space, or nothing is before it
    closed: list[str] = field(default_factory=list)  # the opening tags of what the end of `out` closes
    slots: dict[str, Slot] = field(default_factory=dict)  # by the tag that stands for each in `out`

    def root(self, root: HtmlElement) -> None:
        lean = self.leaner.lean("section", root.get("style") or "", {})
        if self.guards:
            self.text_style = {name: value for name, value in lean.declarations.items() if name in TEXT}
        self.out.append(_opening("section", [], lean.text))
        if self.guards:
            self.out.append(SENTINEL)
        self._content(root, "section", lean.inherited, top=True)
        if self.guards:
            self.out.append(SENTINEL)
        self.out.append("</section>")

    def parts(self) -> Iterator[str | Slot]:
        """Yield what was written: slots, and the text between them in one piece."""
        run: list[str] = []
        for each in self.out:
            if slot := self.slots.get(each):
                yield "".join(run)
                yield slot
                run = []
            else:
                run.append(each)
        yield "".join(run)

    def _content(self, element: HtmlElement, tag: str, context: Context, *, top: bool = False) -> None:
        if text := element.text:
            self._text(text, None)
        for child in element:
            self._element(child, tag, context, top)
            if text := child.tail:
                self._text(text, child)

    def _element(self, element: HtmlElement, parent: str, context: Context, top: bool) -> None:
        if element.tag == "svg":
            self._edge_inline()
            self._picture(element, context)
            return
        key = (element.tag, element.get("style") or "", id(context), top)
        known = self.forms.get(key)
        if known is None:
            form = self._form(element.tag, key[1], context, top)
            known = self.forms[key] = form, form.opening
        form, opening = known
        tag = form.tag
        if tag in _KEPT_ATTRIBUTES:
            kept = [(name, value) for name in _KEPT_ATTRIBUTES[tag] if (value := element.get(name)) is not None]
            if kept:
                opening = _opening(tag, kept, form.style)
            if kept and kept[0][0] == "src":
                self.slots[opening] = _slot(kept, form.style)
        elif self.guards and tag in ("ul", "ol"):
            opening = _opening(tag, [("class", "list-paddingleft-1")], form.style)
        if not form.style and tag in ("span", "section") and _is_needless(element, tag, parent):
            self._content(element, tag if tag == "section" else parent, form.inherited, top=top)
        elif tag in BLOCKS:
            self._block(element, form, opening)
        elif tag in VOID:
            self._void(tag, opening)
        else:
            self._inline(element, form, opening)

    def _form(self, tag: str, text: str, context: Context, top: bool) -> _Form:
        """Decide what a `tag` of the style `text` becomes in `context`."""
        source = tag
        if tag in _RENAMED:
            tag, default = _RENAMED[tag]
            text = text or default
        elif tag not in TAGS:
            tag = "section" if tag in BLOCKS else "span"
        lean = self.leaner.lean(tag, text, context)
        kept, written, wrap = lean.declarations, lean.text, ""
        if kept.get("font-weight") in ("600", "700") and (tag == "span" or (tag == "p" and source != "p")):
            kept = {name: value for name, value in kept.items() if name != "font-weight"}
            tag, wrap = ("strong", "") if tag == "span" else (tag, "strong")
            written = style.write(kept)
        if top and self.text_style and tag not in ("hr", "table", "img"):
            kept, said = {name: value for name, value in kept.items() if name not in TEXT}, kept
            kept |= {name: value for name in TEXT if (value := said.get(name) or self.text_style.get(name))}
            written = style.write(kept)
        return _Form(tag, written, wrap, lean.inherited, bool(_BOXED.search(written)))

    def _block(self, element: HtmlElement, form: _Form, opening: str) -> None:
        tag, wrap = form.tag, form.wrap
        self._edge()
        self.out.append(opening)
        if tag in VOID:
            return
        if wrap:
            self.out.append(f"<{wrap}>")
        start = len(self.out)
        self._content(element, tag, form.inherited)
        self._edge()
        while self.out[-1] == "<br>" and len(self.out) > start + 1:
            self.out.pop()  # a break before the end shows nothing
        if not any(self.out[start:]) and tag not in ("td", "th"):
            del self.out[start - (2 if wrap else 1) :]  # nothing was in it: WeChat would remove it
            return
        if wrap:
            self.out.append(f"</{wrap}>")
        self.out.append(f"</{tag}>")

    def _void(self, tag: str, opening: str) -> None:
        if tag == "br":
            self._edge()
        else:
            self._edge_inline()
        self.out.append(opening)

    def _inline(self, element: HtmlElement, form: _Form, opening: str) -> None:
        tag = form.tag
        if self.closed and self.closed[-1] == opening and tag in _MERGED and not form.boxed:
            self.out.pop()
            self.closed.pop()
            self._content(element, tag, form.inherited)
        else:
            start = len(self.out)
            self.out.append(opening)
            self.closed = []
            self._content(element, tag, form.inherited)
            if not any(self.out[start + 1 :]):
                del self.out[start:]
                return
        self.out.append(f"</{tag}>")
        self.closed.append(opening)

    def _text(self, text: str, after: HtmlElement | None) -> None:
        """Write text, `after` being the element before it in the same parent."""
        if "  " in text or "\n" in text or "\t" in text or "\r" in text:
            text = _SPACES.sub(" ", text)
        if self.spaced:
            text = text.lstrip(" ")
        if not text:
            return
        if self.guards and text == " " and self._is_between(after):
            self.out[self.last_text] += " "
        else:
            self.last_text = len(self.out)
            self.out.append(_escaped(text))
            self.closed = []
        self.spaced = text.endswith(" ")

    def _is_between(self, after: HtmlElement | None) -> bool:
        """Tell whether a space after an element stands between two inline tags, and can join the text before it."""
        if after is None or not self.closed or self.last_text < 0:
            return False
        following = after.getnext()
        return following is not None and after.tag not in BLOCKS and following.tag not in BLOCKS

    def _edge(self) -> None:
        """End a line: the space before it shows nothing."""
        if self.spaced and self.last_text >= 0:
            at = self.last_text
            self.out[at] = self.out[at].rstrip(" ")
            while not self.out[at] and self.closed and self.out[at - 1] == self.closed[0]:
                del self.out[at - 1 : at + 2]  # an inline tag, and the space that was all it held
                self.closed.pop(0)
                self.out.insert(at - 1, "")
                at -= 1
        self.last_text, self.spaced, self.closed = -1, True, []

    def _edge_inline(self) -> None:
        self.last_text, self.spaced, self.closed = -1, False, []

    def _picture(self, element: HtmlElement, context: Context) -> None:
        """Write a drawing; it was cleaned when the tree was shaped."""
        attributes = [(name, value) for name, value in element.items() if name not in ("class", "data-line", "style")]
        text = element.get("style") or ""
        if element.tag == "svg":
            text = self.leaner.lean("svg", text, context).text
        self.out.append(_opening(element.tag, attributes, text))
        if element.text and element.text.strip():
            self.out.append(_escaped(element.text))
        for child in element:
            self._picture(child, context)
            if child.tail and child.tail.strip():
                self.out.append(_escaped(child.tail))
        self.out.append(f"</{element.tag}>")


def _is_needless(element: HtmlElement, tag: str, parent: str) -> bool:
    """Tell whether a tag without attributes can go: a bare span, or a bare section of blocks in another section."""
    if tag == "span":
        return True
    if tag != "section" or parent not in ("section", "blockquote"):
        return False
    inline = bool((element.text or "").strip())
    return (
        len(element) > 0
        and not inline
        and all(child.tag in BLOCKS and not (child.tail or "").strip() for child in element)
    )


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


def is_sentinel(element: HtmlElement) -> bool:
    """Tell whether `element` is one of the paragraphs that guard a pasted article's ends."""
    return f'<p style="{element.get("style")}">{element.text}</p>' == SENTINEL
