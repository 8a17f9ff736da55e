"""The pipeline: an article in, laid out once, finished for each reader; pure, and its own documentation.

    compose   Markdown to a styled tree: all that does not depend on where images are served from      Layout
    finish    the tree written for a target: the parts of its HTML, images left open                   Page
    fill      the parts joined, every image at its address                                              str

Opens no file and no connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from lxml import etree

from wxpub import conform, dialect, kept, links, theme
from wxpub.article import Article
from wxpub.finding import Finding, Rule, file_and_line
from wxpub.language import tr
from wxpub.limits import DIGEST_CHARS, TITLE_CHARS
from wxpub.links import Home, Note
from wxpub.target import API, Placed, Target
from wxpub.tree import DIAGRAMS, fill, language_of, line_of, make, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from lxml.html import HtmlElement

    from wxpub import newspic
    from wxpub.blocks import Block
    from wxpub.theme import Theme

__all__ = ["Heading", "Home", "ImageRef", "Layout", "Page", "Placed", "compose", "finish", "render"]

TITLE_SHORTENED = Rule(
    "title-shortened",
    "warning",
    "the heading is longer than a title may be",
    'choose a short one with "title:"; the heading then leaves the text',
    reader="a short title above the article, and the whole heading again below it",
)
TITLE_FROM_FILE = Rule(
    "title-from-file",
    "warning",
    "no heading names the issue, so its title is the file's name",
    'write "title:" in the front matter, or one "# heading" above everything',
    reader="the name of the file as the title",
)
RULES = (TITLE_SHORTENED, TITLE_FROM_FILE, *kept.RULES)

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
Size = tuple[int, int]


class ImageRef(NamedTuple):
    """An image that the article shows: `src` as the source names it, `line` of its first use."""

    src: str
    alt: str = ""
    line: int | None = None
    file: str = ""  # the block in which it stands, "" for the issue itself


class Heading(NamedTuple):
    """A heading of the body, for outlines: `level` 1 to 6."""

    level: int
    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """An article laid out: its styled tree, and what was learned on the way.

    `article` has title and digest filled in; that of a 贴图 has neither author nor digest nor 阅读原文, and its first
    picture is its cover. `root` is read by everybody and changed by nobody; `source` is the tree as the Markdown made
    it, before titles, links and forms were taken care of, for those who judge what the author wrote; `left` are
    addresses in it that need not be shown, `text` is that of a 贴图. `files` are the blocks in it, whose lines have
    numbers of their own (see `finding.line_in`) until `placed` says which they are.
    """

    article: Article
    root: HtmlElement = field(compare=False, repr=False)
    source: HtmlElement = field(compare=False, repr=False)
    notes: tuple[Note, ...] = ()
    images: tuple[ImageRef, ...] = ()
    outline: tuple[Heading, ...] = ()
    findings: tuple[Finding, ...] = ()
    left: frozenset[str] = frozenset()
    text: str = ""
    files: tuple[Path, ...] = ()

    def placed(self, found: Iterable[Finding]) -> tuple[Finding, ...]:
        """Say of findings in blocks in which file they are, and on which line of it."""
        return tuple(self._placed(each) for each in found) if self.files else tuple(found)

    def _placed(self, finding: Finding) -> Finding:
        path, line = self.place(finding.line)
        return finding if line == finding.line else finding._replace(path=path, line=line)

    def place(self, line: int | None) -> tuple[Path, int | None]:
        """Say which line of which file a line of the tree is."""
        file, line = file_and_line(line)
        return self.files[file - 1] if 0 < file <= len(self.files) else self.article.path, line


@dataclass(frozen=True)
class Page:
    """An article as its reader gets it: `parts` is its HTML with the images open, `placed` where they are so far.

    `lost` says what of the source it does not show, which nothing else has explained.
    """

    layout: Layout
    target: Target
    parts: tuple[str | conform.Slot, ...]
    lost: tuple[Finding, ...] = ()
    placed: Mapping[str, Placed] = field(default_factory=dict)

    @property
    def article(self) -> Article:
        """The article with title and digest filled in."""
        return self.layout.article

    @property
    def notes(self) -> tuple[Note, ...]:
        return self.layout.notes

    @property
    def images(self) -> tuple[ImageRef, ...]:
        return self.layout.images

    @property
    def outline(self) -> tuple[Heading, ...]:
        return self.layout.outline

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.layout.placed(self.layout.findings + self.lost)

    @cached_property
    def html(self) -> str:
        """The article's HTML, each image where it is placed, else at the source that the author named."""
        return self.fill(self.placed)

    def fill(self, images: Mapping[str, Placed]) -> str:
        """Join the HTML, each image at its place in `images`, by source; one that is not there keeps its source."""
        return conform.fill(self.parts, images)

    def excerpt(self, blocks: Iterable[HtmlElement]) -> str:
        """Write `blocks`, which may be copies of some right under the root, as they look in the article."""
        root = deepcopy(self.layout.root)
        root[:] = [deepcopy(each) for each in blocks]
        return conform.fill(conform.finish(root, self.target), self.placed)

    @property
    def characters(self) -> int:
        """Count as WeChat documents its limit of 20,000: characters of HTML, markup included."""
        return len(self.html)

    @property
    def bytes(self) -> int:
        """Count the UTF-8 bytes of the HTML, which WeChat limits to 1 MB."""
        return len(self.html.encode())


def compose(
    article: Article,
    style: Theme,
    *,
    back_issues: Mapping[str, str] | None = None,
    sizes: Callable[[Iterable[ImageRef]], Mapping[str, Size]] = lambda images: {},
    target: Target = API,
    extensions: Sequence[str] = (),
    home: Home | None = None,
    draws: Callable[[str], bool] = lambda language: False,
    load: Callable[[str], Block] | None = None,
    cards: Callable[[Article, Sequence[newspic.Part]], Sequence[str]] | None = None,
) -> Layout:
    """Lay `article` out in the theme `style`.

    `back_issues` maps the Markdown of published issues (absolute path) to their WeChat permalinks, `home` says by which
    addresses else these may be linked to. `sizes` is asked
    once, for all images, for their natural sizes in pixels by source; an image without one keeps its own. `target`
    decides about links and about the parts that its reader gets; `extensions` names extensions of Python-Markdown that
    run beside the dialect; `draws` says whether diagrams in a language become images; `load` gives the blocks that the
    article names (see `blocks.Blocks`). `cards` draws an issue that is to be a 贴图 although its author has not made it
    one, or has given it no picture: its parts in, sources of images out. Equal input gives equal layouts.
    """
    article = _for_reader(article, target)
    root, findings = _parse(article, extensions)
    findings = article.findings + findings
    heading = _title_heading(root, article.title)
    files: tuple[Path, ...] = ()
    if target.plain:  # a 贴图 has little room, and shows no more than itself
        article = replace(article, header="", footer="")
    if article.header or article.footer or "{{" in article.body:
        files, found = _fill(root, heading, article, target, extensions, load, home)
        findings += found
    _draw(root, draws)
    source = deepcopy(root)  # a fiftieth of the whole; parsing again would be a fifth
    article, found = _complete(article, root, heading, target)
    findings += found
    outline = tuple(Heading(int(each.tag[1]), text_of(each), line_of(each)) for each in root.iter(*HEADINGS))
    resolved = links.resolve(root, article, back_issues or {}, target, home)
    findings += resolved.findings
    images = _images(root, files)
    findings += conform.shape(root, article.path, sizes(images) if images else {}, article.captions, target)
    conform.furnish(root, number=style.words("section-number"), end=style.words("end-mark"))
    theme.apply(root, style)
    text = ""
    if target.plain:
        from wxpub import newspic  # few issues are one

        images = tuple({each.src: each for each in (*_listed(article), *images)}.values())
        text = newspic.text_of(root)
        if cards and not (article.is_newspic and images):
            drawn = cards(article, tuple(newspic.parts_of(root)))
            images = tuple(ImageRef(src, f"{n}/{len(drawn)}") for n, src in enumerate(drawn, 1))
            text = text if article.is_newspic else newspic.summary(article)
        findings += tuple(newspic.judge(root, article, text, [(each.src, each.line) for each in images]))
        article = replace(article, author="", digest="", source_url="", cover=images[0].src if images else "")
    return Layout(article, root, source, resolved.notes, images, outline, findings, resolved.left, text, files)


def _for_reader(article: Article, target: Target) -> Article:
    """Leave out the parts that are for others than the reader of `target`; every line keeps its number."""
    if "wxpub" not in article.body:  # the mark of a part
        return article
    from wxpub import blocks

    body, found = blocks.read_parts(article.body, target, article.path)
    return replace(article, body=body, findings=article.findings + found)


def _fill(
    root: HtmlElement,
    heading: HtmlElement | None,
    article: Article,
    target: Target,
    extensions: Sequence[str],
    load: Callable[[str], Block] | None,
    home: Home | None,
) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:
    """Put blocks into their places, the header below the title and the footer at the end; give the blocks' files."""
    from wxpub.blocks import Blocks, top_of

    def parse(text: str, path: Path) -> tuple[HtmlElement, tuple[Finding, ...]]:
        block = _for_reader(replace(article, path=path, body=text, findings=()), target)
        tree, found = _parse(block, extensions)
        return tree, block.findings + found

    found = Blocks(load, parse, article.path, home.root if home else "")
    found.fill(root)
    if article.header:
        at = 0 if heading is None else root.index(top_of(heading, root)) + 1
        root[at:at] = found.tree(article.header, article.places.get("header", 1))
    if article.footer:
        root.extend(found.tree(article.footer, article.places.get("footer", 1)))
    return tuple(found.files), tuple(found.findings)


def _parse(article: Article, extensions: Sequence[str]) -> tuple[HtmlElement, tuple[Finding, ...]]:
    if extensions:
        from wxpub.dialect import extension  # Python-Markdown itself is needed only beside others

        root, found = extension.parse(
            article.body, article.path, hard_breaks=article.hard_breaks, extensions=extensions
        )
    else:
        root, found = dialect.parse(article.body, article.path, hard_breaks=article.hard_breaks)
    if "wxpub" in article.body:  # a mark of a part in code
        from wxpub import blocks

        found += blocks.unshown_marks(article.body, "".join(root.itertext()), article.path)
    return root, found


def _draw(root: HtmlElement, draws: Callable[[str], bool]) -> None:
    """Put images in the place of diagrams that are drawn; their source says what is to be drawn."""
    for pre in list(root.iter("pre")):
        language = DIAGRAMS.get(language_of(pre), "")
        if language and draws(language):
            text = quote("".join(pre.itertext()), safe="")
            line, around = pre.get("data-line", ""), pre.getparent()
            paragraph = make("p")
            paragraph.set("data-line", line)
            image = make("img", parent=paragraph)
            for name, value in (("src", f"diagram:{language}:{text}"), ("alt", language), ("data-line", line)):
                image.set(name, value)
            paragraph.tail = pre.tail
            assert around is not None
            around.replace(pre, paragraph)


def finish(layout: Layout, target: Target = API) -> Page:
    """Write the layout as HTML for `target`. The layout stays as it is and can be finished for other targets."""
    if target.plain:
        from wxpub import newspic

        pieces = newspic.parts(((each.src, each.alt) for each in layout.images), layout.text)
        slots = (each if isinstance(each, str) else conform.Slot(*each, "", ">") for each in pieces)
        return Page(layout, target, tuple(slots))
    parts = conform.finish(layout.root, target)
    lost = kept.missing(
        layout.source,
        "".join(each for each in parts if isinstance(each, str)),
        [each.src for each in parts if not isinstance(each, str)],
        title=layout.article.title,
        urls={*layout.left, *(note.url for note in layout.notes)} if target.notes and not target.live_links else None,
        explained=layout.findings,
        path=layout.article.path,
    )
    return Page(layout, target, parts, lost)


def render(
    article: Article,
    style: Theme,
    *,
    back_issues: Mapping[str, str] | None = None,
    images: Mapping[str, Placed] | None = None,
    target: Target = API,
) -> Page:
    """Compose and finish in one step, with `images` at their places: for those who have no issue, only an article."""
    placed = images or {}
    sizes = {src: (each.width, each.height) for src, each in placed.items() if each.width and each.height}
    layout = compose(article, style, back_issues=back_issues, sizes=lambda images: sizes, target=target)
    return replace(finish(layout, target), placed=placed)


def _complete(
    article: Article, root: HtmlElement, heading: HtmlElement | None, target: Target
) -> tuple[Article, tuple[Finding, ...]]:
    """Fill in the title and the digest from the body; a title that stands nowhere is made of the file's name.

    The `heading` that gives the title, or says it once more, leaves the body, but for its images: WeChat shows the
    title itself. One that is longer than WeChat takes is shortened, and stays, so that no word is lost; so does one
    with a link or a footnote, which a title cannot have. Readers elsewhere get the whole of it.
    """
    title, digest, findings = article.title, article.digest, []
    whole = "" if heading is None else text_of(heading)
    if heading is not None:
        title = shorten(title or whole, TITLE_CHARS) if target.wechat else title or whole
        if target.wechat and title != whole and len(whole) > TITLE_CHARS:
            said = tr(
                "the title has {n} characters, WeChat takes {limit}; it is shortened to “{title}”",
                n=len(whole),
                limit=TITLE_CHARS,
                title=title,
            )
            findings.append(TITLE_SHORTENED.find(said, article.path, line_of(heading)))
        elif not any(each.get("data-note") or (each.tag == "a" and text_of(each)) for each in heading.iter("a", "sup")):
            _take_title(heading)
    elif not title and (title := shorten(_words_of(article.path.stem), TITLE_CHARS)):
        said = tr("no heading names the issue; its title is the file's: “{title}”", title=title)
        findings.append(TITLE_FROM_FILE.find(said, article.path, 1))
    if not digest:
        guides = (_guide(quote) for quote in root.iter("blockquote"))
        digest = shorten(next(filter(None, guides), ""), DIGEST_CHARS)
    return replace(article, title=title, digest=digest), tuple(findings)


def _title_heading(root: HtmlElement, title: str) -> HtmlElement | None:
    """Find the heading that names the issue: the first of all, if it says `title`, but for spaces.

    Where there is no title yet, it is one if no other heading has its rank, or a higher one. Several headings of one
    rank are sections, and so is a lone one further down: no prose stands before the title; a banner may, even one that
    is a heading without words.
    """
    headings = [heading for heading in root.iter(*HEADINGS) if text_of(heading)]
    if not headings:
        return None
    if title and "".join(title.split()) != "".join(text_of(headings[0]).split()):
        return None
    if not title and any(each.tag <= headings[0].tag for each in headings[1:]):
        return None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if element is headings[0]:
            return headings[0]
        text = element.text if event == "start" else element.tail
        if text and text.strip() and isinstance(element.tag, str) and next(element.iterancestors("pre"), None) is None:
            return None
    return None


def _words_of(stem: str) -> str:
    """Return a file's name as words; the hyphens of a date stay."""
    return re.sub(r"(?<!\d)[-_]+|[-_]+(?!\d)", " ", stem).strip() if re.search(r"\w", stem) else ""


def _take_title(heading: HtmlElement) -> None:
    """Take the title's heading out of the body; images in it, a logo for one, stay as a paragraph, with their links."""
    images = list(heading.iter("img"))
    if not images:
        heading.drop_tree()
        return
    links = [next(image.iterancestors("a"), image) for image in images]
    heading.tag, heading.text = "p", None
    for child in list(heading):
        heading.remove(child)
    for each in links:
        each.tail = None
    fill(heading, dict.fromkeys(links))


def _guide(quote: HtmlElement) -> str:
    """Return the text of a `> 导读：…` quote, "" for any other quote."""
    text = re.sub(r"(?<=[，。；：！？、]) ", "", text_of(quote))
    match = re.match(r"【?导读】?\s*[:：]?\s*(.*)", text)
    return match[1] if match else ""


def shorten(text: str, limit: int) -> str:
    """Cut `text` to at most `limit` characters: after a sentence, else after a clause, else where it must be."""
    if len(text) <= limit:
        return text
    for marks, ending in ("。！？!?", ""), ("；;，,、/|｜", "…"):
        cut = max(text.rfind(mark, limit // 2, limit) for mark in marks)
        if cut > 0:
            return text[: cut + 1 - len(ending)] + ending
    return text[: limit - 1] + "…"


def _images(root: HtmlElement, files: Sequence[Path]) -> tuple[ImageRef, ...]:
    """List the images that the article shows, each source once, in order; those that `conform` refuses do not count."""
    found: dict[str, ImageRef] = {}
    for image in root.iter("img"):
        src = image.get("src", "").strip()
        if conform.is_safe_source(src):
            file, line = file_and_line(line_of(image))
            found.setdefault(src, ImageRef(src, image.get("alt", ""), line, str(files[file - 1]) if file else ""))
    return tuple(found.values())


def _listed(article: Article) -> Iterator[ImageRef]:
    """List the pictures that the front matter of a 贴图 names; they come before those of the text."""
    line = article.places.get("image_list", 1)
    return (ImageRef(src, line=line) for src in article.image_list if conform.is_safe_source(src))
