"""The dialect as an extension of Python-Markdown, `wxpub`, beside which other extensions take effect.

In: an instance of `markdown.Markdown`. Out: the same instance, which reads a document by the dialect's own blocks,
inlines and elements. Python-Markdown drives: it runs the preprocessors, the block parser, the treeprocessors, its own
serializer and the postprocessors, each by priority. Of its registries only what the dialect replaces is left out, and
that when a document is converted, so that the order in which extensions are named makes no difference.

Where others have a say, the dialect's reading is laid out like Python-Markdown's:

    blocks        what an extension takes is cut out; what stands between is read at once by the dialect
    text          stays text, with its line, until the treeprocessor "inline" reads it: `_Text`
    inlines       matches of other extensions become marks, in order of priority, before the dialect reads the text
    raw HTML      stays an element until the last treeprocessor puts it into Python-Markdown's stash
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast
from xml.etree.ElementTree import Element, ElementTree, SubElement

import markdown
from lxml import html
from lxml.html import HtmlElement
from markdown.blockparser import BlockParser
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE, HTML_PLACEHOLDER_RE, INLINE_PLACEHOLDER, INLINE_PLACEHOLDER_RE, AtomicString

from wxpub.dialect import blocks, elements, inlines
from wxpub.dialect.blocks import Reader, opens_fence
from wxpub.dialect.inlines import LINE, RAW
from wxpub.dialect.syntax import Target, fold
from wxpub.errors import ConfigError
from wxpub.finding import Finding
from wxpub.language import tr
from wxpub.tree import PARSER

# Python-Markdown's own patterns by name: extensions register more of their classes.
_PATTERNS = (
    *("backtick", "escape", "reference", "link", "image_link", "image_reference", "short_reference"),
    *(
        "short_image_ref",
        "autolink",
        "automail",
        "linebreak",
        "html",
        "entity",
        "not_strong",
        "em_strong",
        "em_strong2",
    ),
)
_AMPERSAND = re.compile(r"&(?=(?:#[0-9]+|#x[0-9a-f]+|[0-9a-z]+);)", re.I)  # what the serializer takes for an entity


class GfmExtension(Extension):
    """Make Python-Markdown read GitHub Flavored Markdown as `wxpub` does.

    `hard_breaks`: a line end inside a paragraph is a `<br>`. `for_tree`: the HTML is made to be parsed: blocks, links
    and images carry their line of the source in `data-line`, the author's own HTML is safe, and no white space stands
    between blocks. After a conversion, `findings` tells what the author of `path` should know.
    """

    def __init__(self, *, hard_breaks: bool = False, for_tree: bool = False, path: Path | None = None) -> None:
        super().__init__()
        self.hard_breaks = hard_breaks
        self.for_tree = for_tree
        self.path = path
        self.findings: tuple[Finding, ...] = ()

    def extendMarkdown(self, md: markdown.Markdown) -> None:
        """Put the dialect in the place of Python-Markdown's own stages."""
        self.md = md
        self.parser = _Parser(md)
        inline = _Inlines(self)
        md.preprocessors.register(_Source(self.parser), "wxpub_source", 1_000)
        md.preprocessors.register(_Normalize(), "normalize_whitespace", 30)
        md.preprocessors.register(_Lines(self.parser), "wxpub_lines", -1_000)
        md.treeprocessors.register(inline, "inline", 20)
        md.treeprocessors.register(_Finish(inline), "wxpub_finish", -1_000)
        md.registerExtension(self)

    def reset(self) -> None:
        """Prepare for the next document: `Markdown` calls this, the first time when all extensions are there."""
        self.findings = ()
        _drop_own(self.md.preprocessors, "html_block", "preprocessors")  # it would take all HTML out of the text
        if self.for_tree:
            _drop_own(self.md.treeprocessors, "prettify", "treeprocessors")


def makeExtension(**settings: Any) -> GfmExtension:
    """Return the extension, as Python-Markdown asks a module that is named as one."""
    return GfmExtension(**settings)


def parse(
    body: str, path: Path | None = None, *, hard_breaks: bool = False, extensions: Iterable[str]
) -> tuple[HtmlElement, tuple[Finding, ...]]:
    """Parse `body` as `wxpub.dialect.parse` does, with Python-Markdown's `extensions` beside the dialect.

    Raises ConfigError for an extension that cannot be loaded.
    """
    dialect = GfmExtension(hard_breaks=hard_breaks, for_tree=True, path=path)
    md = markdown.Markdown(extensions=[dialect])
    for name in extensions:
        _load(md, name)
    md.reset()
    text = md.convert(body)
    document = html.document_fromstring(f"<html><body>{text}</body></html>", parser=PARSER)
    root: HtmlElement = document[0]
    document.remove(root)
    root.tag = "section"
    return root, dialect.findings


def _load(md: markdown.Markdown, name: str) -> None:
    try:
        md.registerExtensions([name], {})
    except Exception as error:  # whatever the extension raises
        raise ConfigError(
            tr("the Markdown extension {name!r} cannot be loaded: {reason}", name=name, reason=error),
            hint=tr("correct its name in [markdown] extensions, or install the package that it comes from"),
        ) from error


def _is_own(item: object, module: str) -> bool:
    """Whether an entry of a registry is Python-Markdown's own, or the dialect's, and not another extension's."""
    return type(item).__module__ in (f"markdown.{module}", __name__)


def _drop_own(registry: Any, name: str, module: str) -> None:
    if name in registry and _is_own(registry[name], module):
        registry.deregister(name)


# --- lines ------------------------------------------------------------------------------------------------------------


class _Source(Preprocessor):
    """Remember the lines that the author wrote."""

    def __init__(self, parser: _Parser) -> None:
        super().__init__()
        self.parser = parser

    def run(self, lines: list[str]) -> list[str]:
        """Return the lines as they are."""
        self.parser.source = blocks.lines_of("\n".join(lines))
        return lines


class _Normalize(Preprocessor):
    """Bring line ends into one form, and take out what no HTML can hold."""

    def run(self, lines: list[str]) -> list[str]:
        """Return the lines; those marks stay that extensions hide from Python-Markdown's stage of this name."""
        return blocks.lines_of("\n".join(lines), kept="\x01\x04")


class _Lines(Preprocessor):
    """Find out which line of the source each line is that the other preprocessors have left."""

    def __init__(self, parser: _Parser) -> None:
        super().__init__()
        self.parser = parser

    def run(self, lines: list[str]) -> list[str]:
        """Return the lines, without hidden marks that nobody has asked for."""
        source, most = self.parser.source, min(len(lines), len(self.parser.source))
        start = end = 0  # lines that are the same at the start and at the end
        while start < most and lines[start] == source[start]:
            start += 1
        while end < most - start and lines[-1 - end] == source[-1 - end]:
            end += 1
        self.parser.changed, self.parser.shift = range(start, len(lines) - end), len(source) - len(lines)
        return [line.replace("\x01", "").replace("\x04", "") for line in lines]


# --- blocks -----------------------------------------------------------------------------------------------------------


class _Text(str):
    """Inline Markdown that is still to be read, from `line` of the source."""

    line: int


class _Verbatim(AtomicString):
    """Text of the dialect's that nobody reads as Markdown again."""


class _Chunk(str):
    """Lines that stand between empty ones, from number `line` on; `gap` are the empty lines above."""

    line: int
    gap: tuple[str, ...]


def _text(text: str, line: int) -> _Text:
    made = _Text(text)
    made.line = line
    return made


def _chunk(text: str, line: int, gap: Iterable[str] = ("",)) -> _Chunk:
    made = _Chunk(text)
    made.line, made.gap = line, tuple(gap)
    return made


def _chunks(lines: Iterable[str], first: int) -> list[str]:
    """Cut lines into chunks, as Python-Markdown offers them to block processors."""
    chunks: list[str] = []
    held: list[str] = []
    gap: list[str] = []
    for number, line in enumerate([*lines, ""], first):
        if line.strip(" \t"):
            held.append(line)
            continue
        if held:
            chunks.append(_chunk("\n".join(held), number - len(held), gap))
            held, gap = [], []
        gap.append(line)
    return chunks


def _numbered(block: str, last: _Chunk | None, line: int) -> _Chunk:
    """Return the number of a chunk's line: it may be what an extension has left of the `last` one."""
    if isinstance(block, _Chunk):
        return block
    if last is not None and block and last.endswith(block):
        line = last.line + last[: -len(block)].count("\n")
    return _chunk(block, line)


def _later(element: Element, text: str, line: int) -> None:
    """Leave inline Markdown where the treeprocessor finds it."""
    if len(element):
        element[-1].tail = _text((element[-1].tail or "") + text, line)
    else:
        element.text = _text((element.text or "") + text, line)


class _Parser(BlockParser):
    """Read the blocks of a document: other extensions what is theirs, the dialect what stands between."""

    def __init__(self, md: markdown.Markdown) -> None:
        super().__init__(md)
        self.blockprocessors = md.parser.blockprocessors
        for processor in self.blockprocessors:
            processor.parser = self
        md.parser = self
        self.source: list[str] = []
        self.changed = range(0)  # the lines that preprocessors have changed …
        self.shift = 0  # … and how far off those behind them are
        self.others: list[Any] = []
        self.greedy: list[Any] = []  # of the others those that want to see every chunk
        self.line = 1  # of the chunk that is being read
        self.document = blocks.Document(1)

    def parseDocument(self, lines: Iterable[str]) -> ElementTree:
        """Return the tree of elements, whose inline Markdown is still to be read."""
        self.document = blocks.Document(1)
        scope = elements.scope_of(self.document, SubElement, _Verbatim, hard_breaks=False)
        self.builder = elements.Builder(scope, _later)
        self.root = Element(self.md.doc_tag)
        self.others = [item for item in self.blockprocessors if not _is_own(item, "blockprocessors")]
        self.greedy = [item for item in self.others if item.test(Element("div"), "a")]
        if self.others:
            self.parseBlocks(self.root, _chunks(lines, 1))
        else:
            reader = self._reader(1)
            reader.take_all(lines)
            self._build(self.root, reader)
        return ElementTree(self.root)

    def parseChunk(self, parent: Element, text: str) -> None:
        """Read the Markdown `text` into `parent`; extensions call this for what stands inside their blocks."""
        self.parseBlocks(parent, _chunks(text.split("\n"), self.line))

    def parseBlocks(self, parent: Element, blocks: list[str]) -> None:
        """Read the chunks `blocks`, which are used up, into `parent`.

        Other extensions are offered every chunk but those that go on a list, a quote or code of the dialect's. Some,
        such as abbreviations, look at every chunk and mostly leave it: the dialect's list does not end at each of them.
        """
        reader: Reader | None = None
        last: _Chunk | None = None
        while blocks:
            last = chunk = _numbered(blocks[0], last, self.line)
            self.line = chunk.line
            if reader is not None:
                reader.take_all(chunk.gap)
            line = chunk.partition("\n")[0]
            if not (opens_fence(line) or (reader is not None and reader.goes_on(line))):
                known = any(item.test(parent, chunk) for item in self.others if item not in self.greedy)
                if reader is not None and known:
                    self._build(parent, reader)
                    reader = None
                place = parent if reader is None else Element(parent.tag)
                if self._offer(place, blocks, self.others if known else self.greedy):
                    if reader is not None and len(place):
                        self._build(parent, reader)
                        parent.extend(place)
                        reader = None
                    continue
            del blocks[0]
            reader = reader or self._reader(chunk.line)
            reader.take_all(chunk.split("\n"))
        if reader is not None:
            self._build(parent, reader)

    def _build(self, parent: Element, reader: Reader) -> None:
        tight = self.state.isstate("list")  # of another extension's lists
        self.builder.add_all(parent, reader.finish(), loose=not tight)

    def _offer(self, parent: Element, blocks: list[str], processors: list[Any]) -> bool:
        """Let one of the processors read the first of `blocks` into `parent`; whether one did."""
        return any(item.test(parent, blocks[0]) and item.run(parent, blocks) is not False for item in processors)

    def _reader(self, line: int) -> Reader:
        """Return a reader of blocks from number `line` of the lines that the preprocessors have left."""
        if line > self.changed.start:
            line = line + self.shift if line > self.changed.stop else self.changed.start + 1
        return Reader(self.document, line)


# --- inlines ----------------------------------------------------------------------------------------------------------


class _Inlines(Treeprocessor):
    """Read the inline Markdown of the whole tree, and append the footnotes that it refers to."""

    def __init__(self, extension: GfmExtension) -> None:
        super().__init__(extension.md)
        self.extension = extension
        self.parser = extension.parser

    def run(self, root: Element) -> None:
        """Fill the elements of `root` in place."""
        document = self.parser.document
        for label, (url, title) in self.md.references.items():
            document.references.setdefault(fold(label), Target(url, title))
        for label, target in document.references.items():
            self.md.references.setdefault(label, (target.url, target.title or ""))
        self.scope = elements.scope_of(document, SubElement, _Verbatim, hard_breaks=self.extension.hard_breaks)
        self.scope.escaped |= {*self.md.ESCAPED_CHARS}
        self.scope.inserted = self._inserted
        self.stashed_nodes: dict[str, Element | str] = {}  # by this name, other extensions look into it
        self.masked: dict[str, str] = {}
        self.patterns = self._patterns()
        for element in list(root.iter()):
            self._read_inside(element, 1)
        self.unused = elements.Builder(self.scope, self._read).add_footnotes(root, document)

    def _patterns(self) -> tuple[list[Any], list[Any], list[Any]]:
        """Return other extensions' patterns: above code spans, above escapes, and the rest."""
        stages: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
        stage = 0
        names = {"backtick": 1, "escape": 2}
        registry = self.md.inlinePatterns
        known = {id(registry[name]): name for name in _PATTERNS if name in registry}
        for item in registry:
            name = known.get(id(item), "")
            if not name or not _is_own(item, "inlinepatterns"):
                stages[stage].append(item)
            stage = max(stage, names.get(name, 0))
        return stages

    def _read_inside(
        self, element: Element, line: int, stage: int = 0, first: int = 0, around: Sequence[str] = ()
    ) -> None:
        """Read the texts of an element as Markdown: what is in it, and what stands behind its children."""
        children = list(element)
        texts = [element.text, *(child.tail for child in children)]
        if element.tag == RAW or not any(_is_markdown(text) for text in texts):
            return
        element.text = None
        for child in children:
            element.remove(child)
            child.tail = None
        around = (*around, str(element.tag).lower())
        for number, text in enumerate(texts):
            if number:
                element.append(children[number - 1])
            if text and _is_markdown(text):
                self._read(element, text, getattr(text, "line", line), stage, first, around)
            elif text:
                inlines.append_text(element, text)

    def _read(
        self, element: Element, text: str, line: int, stage: int = 0, first: int = 0, around: Sequence[str] = ()
    ) -> None:
        """Append the Markdown `text` to `element`; of the `stage`, the patterns from number `first` on have a say."""
        if any(self.patterns):
            for number in range(stage, len(self.patterns)):
                if number:
                    text = self._mask(text, code=number == 1)
                for pattern in self.patterns[number][first if number == stage else 0 :]:
                    text = self._apply(pattern, text, line, around)
            text = self._unmasked(text)
        inlines.fill(element, text, line, self.scope)

    def _apply(self, pattern: Any, text: str, line: int, around: Sequence[str]) -> str:
        """Put marks in the place of what one pattern matches."""
        if any(tag.lower() in around for tag in pattern.ANCESTOR_EXCLUDES):
            return text
        pos = 0
        while match := self._match(pattern, text, pos):
            node, start, end = match
            if node is None:
                pos = max(end, pos + 1)
                continue
            mark = self._stash(self._unmasked(node) if isinstance(node, str) else node)
            if not isinstance(node, str) and not isinstance(node.text, AtomicString):
                stage, number = next(
                    (stage, items.index(pattern)) for stage, items in enumerate(self.patterns) if pattern in items
                )
                for child in list(node.iter()):
                    self._read_inside(child, line, stage, number + 1, around)
            elif not isinstance(node, str):
                node.text = AtomicString(self._unmasked(node.text or ""))
            text = text[:start] + mark + text[end:]
            pos = start + len(mark)
        return text

    def _match(self, pattern: Any, text: str, pos: int) -> tuple[Element | str | None, int, int] | None:
        """Return what a pattern makes of its next match, or None to pass it over, and where that stands."""
        if isinstance(pattern, InlineProcessor):
            for found in pattern.getCompiledRegExp().finditer(text, pos):
                node, start, end = pattern.handleMatch(found, text)
                if start is not None and end is not None:
                    return node, start, end
            return None
        found = pattern.getCompiledRegExp().match(text[pos:])  # an old one: text before, the match, text behind
        if found is None or (node := pattern.handleMatch(found)) is None:
            return None
        return node, pos + found.end(1), pos + found.start(found.re.groups)

    # --- marks, which look like Python-Markdown's own

    def _stash(self, node: Element | str) -> str:
        key = f"{len(self.stashed_nodes):04}"
        self.stashed_nodes[key] = node
        return INLINE_PLACEHOLDER % key

    def _inserted(self, text: str, pos: int) -> tuple[Element | str, int] | None:
        found = INLINE_PLACEHOLDER_RE.match(text, pos)
        node = self.stashed_nodes.get(found[1]) if found else None
        return None if found is None or node is None else (node, found.end())

    def _mask(self, text: str, *, code: bool) -> str:
        """Put marks in the place of what no pattern may look into: code, escapes, tags, addresses, destinations."""
        parts: list[str] = []
        done = 0
        for start, end in inlines.opaque(text, self.scope, code=code):
            if start >= done:
                mark = self._stash(text[start:end])
                self.masked[mark] = text[start:end]
                parts += [text[done:start], mark]
                done = end
        return "".join([*parts, text[done:]])

    def _unmasked(self, text: str) -> str:
        def source(found: re.Match[str]) -> str:
            return self._unmasked(self.masked[found[0]]) if found[0] in self.masked else found[0]

        return INLINE_PLACEHOLDER_RE.sub(source, text)


def _is_markdown(text: str | None) -> bool:
    return bool(text) and not isinstance(text, AtomicString)


# --- the end ----------------------------------------------------------------------------------------------------------


class _Finish(Treeprocessor):
    """Make the tree ready for Python-Markdown's serializer, and gather the findings."""

    def __init__(self, inline: _Inlines) -> None:
        super().__init__(inline.md)
        self.inline = inline

    def run(self, root: Element) -> None:
        """Hand raw HTML over to the stash, and write every `&` so that the serializer keeps it."""
        extension, inline = self.inline.extension, self.inline
        cleaner = elements.Cleaner()
        if extension.for_tree:
            cleaner.clean_text(root)
        for element in list(root.iter()):
            if element.tag == RAW:
                element.text = AtomicString(self.md.htmlStash.store(element.text or ""))
                element.tag = cast(str, None)  # the serializer writes its text alone
            elif not extension.for_tree or _is_stashed(element):
                element.attrib.pop(LINE, None)
            for name, value in element.items():
                element.set(name, _keep_ampersands(value))
            if not isinstance(element.text, AtomicString) or isinstance(element.text, _Verbatim):
                element.text = _keep_ampersands(element.text)
            if not isinstance(element.tail, AtomicString):
                element.tail = _keep_ampersands(element.tail)
        document = inline.parser.document
        extension.findings = elements.findings(document, inline.scope, cleaner, inline.unused, extension.path)


def _is_stashed(element: Element) -> bool:
    """Whether a paragraph holds but a piece of the stash, for which Python-Markdown drops a paragraph that is plain."""
    return element.tag == "p" and not len(element) and bool(HTML_PLACEHOLDER_RE.fullmatch(element.text or ""))


def _keep_ampersands(text: Any) -> Any:
    return _AMPERSAND.sub(AMP_SUBSTITUTE + "amp;", text) if text and "&" in text else text
