"""GitHub's Markdown on Python-Markdown: an extension that reads a document as GitHub does.

In: Markdown, through `markdown.Markdown(extensions=[GfmExtension()])`. Out: HTML as cmark-gfm, GitHub's own parser,
makes it, up to the differences that `docs/dialect.md` lists. Must not read files, nor know CSS or WeChat.

Python-Markdown's stages stay: preprocessors, a block parser, treeprocessors, a serializer. The extension puts one of
its own into each of them:

    normalize     line ends, byte order mark, control characters               (here)
    parser        lines → blocks → elements that hold inline Markdown          (blocks, elements)
    inline        inline Markdown → elements                                   (inlines)
                  the author's own HTML made safe to parse, where asked for    (rawhtml)
    serializer    elements → HTML                                              (nodes)

`parse` is the way of the product: Markdown in, the lxml tree that everything else works on and findings out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree

import markdown
from lxml import html
from lxml.html import HtmlElement
from markdown.blockparser import BlockParser
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import Registry

from wxpub.dialect import blocks, elements, inlines, nodes, rawhtml
from wxpub.dialect.inlines import SoftBreak
from wxpub.finding import Finding, Rule

__all__ = ["RULES", "GfmExtension", "Notice", "SoftBreak", "parse"]

_CONTROL = re.compile("[\x01-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
EXPANSION = 100_000  # characters that the references of a short document may expand to; cmark has the same bound


COMMENT_UNCLOSED = Rule(
    "comment-unclosed", "warning", "a comment that never ends hides the text behind it", "end it with -->"
)
FOOTNOTE_UNUSED = Rule(
    "footnote-unused",
    "warning",
    "a footnote that nothing refers to is not printed",
    "refer to it with [^…], or delete it",
)
FOOTNOTE_REPEATED = Rule(
    "footnote-repeated",
    "warning",
    "a second footnote of the same label is not printed",
    "give it a label of its own",
)
CELLS_DROPPED = Rule(
    "cells-dropped",
    "warning",
    "a table's row has more cells than its head; the rest is not shown",
    "add columns above",
)
FENCE_UNCLOSED = Rule(
    "fence-unclosed",
    "warning",
    "a code block never ends, so everything below is code",
    "end it with such a line",
)
CONTAINERS_TOO_DEEP = Rule(
    "containers-too-deep", "warning", "quotes and lists are nested too deeply; further markers stay text", "nest less"
)
EMPHASIS_TOO_DEEP = Rule(
    "emphasis-too-deep", "warning", "emphasis is nested too deeply; what is further inside is plain", "nest less"
)
HTML_TOO_DEEP = Rule(
    "html-too-deep", "warning", "HTML is nested too deeply; what is further inside is left out", "nest less"
)
RULES = (
    COMMENT_UNCLOSED,
    FOOTNOTE_UNUSED,
    FOOTNOTE_REPEATED,
    CELLS_DROPPED,
    FENCE_UNCLOSED,
    CONTAINERS_TOO_DEEP,
    EMPHASIS_TOO_DEEP,
    HTML_TOO_DEEP,
)


def parse(
    body: str, path: Path | None = None, *, hard_breaks: bool = False, extensions: Iterable[str] = ()
) -> tuple[HtmlElement, tuple[Finding, ...]]:
    """Parse Markdown into a tree whose root is a `section`; return it with what the author should know about `path`.

    Blocks, links and images carry their 1-based line of `body` in `data-line`. A line end in a paragraph is nothing
    between two Chinese characters, else a space; with `hard_breaks`, a `<br>`. `extensions` names extensions of
    Python-Markdown that run beside the dialect.
    """
    dialect = GfmExtension(soft_breaks=SoftBreak.BREAK if hard_breaks else SoftBreak.JOIN, for_tree=True)
    text = markdown.Markdown(extensions=[dialect, *extensions]).convert(body)
    findings = (
        notice.rule.find(notice.message, path, notice.line)
        for notice in sorted(dialect.notices, key=lambda notice: notice.line)
    )
    return _element(text), tuple(findings)


def _element(text: str) -> HtmlElement:
    """Parse a fragment of HTML; libxml2 allows 2,048 levels, some four times what the dialect makes."""
    document = html.document_fromstring(f"<html><body>{text}</body></html>", parser=html.HTMLParser(huge_tree=True))
    root: HtmlElement = document[0]
    document.remove(root)
    root.tag = "section"
    return root


@dataclass(frozen=True, slots=True)
class Notice:
    """A broken `rule` at `line` of the source, said in its own words or, where those can be closer, in `message`."""

    rule: Rule
    line: int
    message: str = ""


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
    """Gather what every stage has noticed."""
    once = {
        FENCE_UNCLOSED: document.unclosed,
        CONTAINERS_TOO_DEEP: document.too_deep,
        EMPHASIS_TOO_DEEP: scope.too_deep,
        HTML_TOO_DEEP: cleaner.too_deep,
        COMMENT_UNCLOSED: cleaner.unclosed,
    }
    return (
        *(Notice(FOOTNOTE_UNUSED, note.line, f"nothing refers to footnote [^{note.label}]") for note in unused),
        *(
            Notice(FOOTNOTE_REPEATED, note.line, f"footnote [^{note.label}] is defined above; this one is not printed")
            for note in document.repeated
        ),
        *(Notice(CELLS_DROPPED, line) for line in document.crowded),
        *(Notice(rule, line) for rule, line in once.items() if line is not None),
    )
