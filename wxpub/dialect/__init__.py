"""GitHub's Markdown on Python-Markdown: an extension that reads a document as GitHub does.

In: Markdown, through `markdown.Markdown(extensions=[GfmExtension()])`. Out: HTML as cmark-gfm, GitHub's own parser,
makes it, up to the differences that `docs/dialect.md` lists. Must not know files, lxml or WeChat.

Python-Markdown's stages stay: preprocessors, a block parser, treeprocessors, a serializer. The extension puts one of
its own into each of them:

    normalize     line ends, byte order mark, control characters               (here)
    parser        lines → blocks → elements that hold inline Markdown          (blocks, elements)
    inline        inline Markdown → elements                                   (inlines)
                  the author's own HTML made safe to parse, where asked for    (rawhtml)
    serializer    elements → HTML                                              (nodes)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ElementTree

import markdown
from markdown.blockparser import BlockParser
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import Registry

from wxpub.dialect import blocks, elements, inlines, nodes, rawhtml
from wxpub.dialect.inlines import SoftBreak

__all__ = ["GfmExtension", "Notice", "SoftBreak"]

_CONTROL = re.compile("[\x01-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
EXPANSION = 100_000  # characters that the references of a short document may expand to; cmark has the same bound


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the author should know, at `line`, about `subject`.

    `kind` is "footnote-unused", "footnote-repeated", "cells-dropped", "fence-unclosed", "comment-unclosed",
    "containers-too-deep", "emphasis-too-deep" or "html-too-deep".
    """

    kind: str
    line: int
    subject: str = ""


class GfmExtension(Extension):
    """Make Python-Markdown read GitHub Flavored Markdown.

    `soft_breaks`: what a line end inside a paragraph becomes. `for_tree`: whether the HTML is made to be parsed, that
    is, blocks, links and images carry their line of the source in `data-line`, the author's own HTML is safe to parse
    (see `rawhtml`), and no white space stands between blocks. After a conversion, `notices` tells what the author
    should know.
    """

    def __init__(self, *, soft_breaks: SoftBreak = SoftBreak.NEWLINE, for_tree: bool = False) -> None:
        super().__init__()
        self.soft_breaks = soft_breaks
        self.for_tree = for_tree
        self.notices: tuple[Notice, ...] = ()

    def extendMarkdown(self, md: markdown.Markdown) -> None:
        """Put the dialect in the place of Python-Markdown's own stages."""
        parser = GfmParser(md)
        md.parser = parser
        md.preprocessors = Registry()
        md.preprocessors.register(Normalize(md), "normalize", 20)
        md.treeprocessors = Registry()
        md.treeprocessors.register(Inlines(md, parser, self), "inline", 20)
        md.postprocessors = Registry()
        self._md = md
        md.registerExtension(self)

    def reset(self) -> None:
        """Prepare for the next document: `Markdown` calls this, the first time after it chose its serializer."""
        self._md.serializer = nodes.serialize_without_space if self.for_tree else nodes.serialize
        self.notices = ()


class Normalize(Preprocessor):
    """Bring line ends into one form, and take out what no HTML can hold."""

    def run(self, lines: list[str]) -> list[str]:
        """Give the lines of the document, one for each line of the source."""
        text = "\n".join(lines).removeprefix("\ufeff")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = _CONTROL.sub("", text.replace("\0", "\ufffd").replace("\f", " "))
        return text.removesuffix("\n").split("\n")


class GfmParser(BlockParser):
    """Read the blocks of a document; what it defines for inlines is kept in `document`."""

    document: blocks.Document

    def parseDocument(self, lines: Iterable[str]) -> ElementTree:
        """Make the tree of elements, whose inline Markdown is still to be read."""
        self.document = blocks.read(lines)
        self.root = Element(self.md.doc_tag)
        elements.build(self.document, self.root)
        return ElementTree(self.root)


class Inlines(Treeprocessor):
    """Read the inline Markdown of the whole tree, and append the footnotes that it refers to."""

    def __init__(self, md: markdown.Markdown, parser: GfmParser, extension: GfmExtension) -> None:
        super().__init__(md)
        self.parser = parser
        self.extension = extension

    def run(self, root: Element) -> None:
        """Fill the elements of `root` in place."""
        document = self.parser.document
        labels = {key: note.label for key, note in document.footnotes.items()}
        scope = inlines.Scope(document.references, labels, max(EXPANSION, document.size))
        self._fill(root, scope)
        unused = self._append_footnotes(root, scope)
        cleaner = rawhtml.Cleaner()
        if self.extension.for_tree:
            cleaner.clean(root)
        else:
            _drop_lines(root)
        self.extension.notices = _notices(document, unused, scope, cleaner)

    def _fill(self, root: Element, scope: inlines.Scope) -> None:
        for element in list(root.iter()):
            source = element.text
            if type(source) is nodes.Source:
                element.text = None
                inlines.fill(element, source, scope, self.extension.soft_breaks)

    def _append_footnotes(self, root: Element, scope: inlines.Scope) -> list[blocks.Footnote]:
        """Append the footnotes in the order in which the text, or one of them, first refers to them; give the rest."""
        notes = {note.label: note for note in self.parser.document.footnotes.values()}
        waiting = _references(root)
        section = Element("section", {"class": "footnotes"})
        for label in waiting:  # grows while it is walked
            if label in notes:
                element = elements.footnote(notes.pop(label))
                section.append(element)
                self._fill(element, scope)
                waiting += _references(element)
        if len(section):
            root.append(section)
        return list(notes.values())


def _references(root: Element) -> list[str]:
    return [sup.get("data-note", "") for sup in root.iter("sup") if sup.get("class") == "footnote-ref"]


def _drop_lines(root: Element) -> None:
    for element in root.iter():
        element.attrib.pop(nodes.LINE, None)


def _notices(
    document: blocks.Document, unused: list[blocks.Footnote], scope: inlines.Scope, cleaner: rawhtml.Cleaner
) -> tuple[Notice, ...]:
    """Gather what every stage has noticed, by line."""
    once = {
        "fence-unclosed": document.unclosed,
        "containers-too-deep": document.too_deep,
        "emphasis-too-deep": scope.too_deep,
        "html-too-deep": cleaner.too_deep,
        "comment-unclosed": cleaner.unclosed,
    }
    notices = [
        *(Notice("footnote-unused", note.line, note.label) for note in unused),
        *(Notice("footnote-repeated", note.line, note.label) for note in document.repeated),
        *(Notice("cells-dropped", line) for line in document.crowded),
        *(Notice(kind, line) for kind, line in once.items() if line is not None),
    ]
    return tuple(sorted(notices, key=lambda notice: notice.line))
