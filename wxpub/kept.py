"""Whether an article shows what its author wrote: the tree that the Markdown made, and the finished HTML, compared.

In: the two, the notes and what has been found already. Out: a `content-lost` for what is missing and was not explained.
Nothing between the two is asked how it works: words, code and formulas are looked for in the text that readers see, in
order, images among the addresses, links among those that are live, noted or printed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from lxml import etree

from wxpub import address
from wxpub.finding import Finding, Rule, shorten
from wxpub.language import tr
from wxpub.tree import line_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

CONTENT_LOST = Rule(
    "content-lost",
    "error",
    "what the issue says is missing in the article",
    "write it more plainly, and report it: it should never happen",
    reader="an article in which something is missing",
)
RULES = (CONTENT_LOST,)

# Rules whose findings say that something goes: what stands on their lines, or in elements there, is explained.
_EXPLAINING = frozenset({"html-lost", "html-unsafe", "svg-lost", "math", "link-expires", "link-unsafe"})
_UNSEEN = re.compile("[\u200b-\u200d\ufeff]")
_WINDOW = 2_000  # characters between two pieces that stand one after the other; a list of notes may be longer
_CERTAIN = 8  # characters of a piece that is hardly said twice
_TAG = re.compile(r"<[^>]*>")
_DRAWING = re.compile(r'<svg [^>]*?aria-label="([^"]*)"[^>]*>')
_TEXTS = etree.XPath("descendant::text()", smart_strings=False)  # in C: elements would take three times as long
_SOURCES = etree.XPath("descendant::img/@src", smart_strings=False)
_TARGETS = etree.XPath("descendant::a/@href", smart_strings=False)
_HREF = re.compile(r'href="([^"]*)"')


def missing(
    source: HtmlElement,
    html: str,
    images: Iterable[str],
    *,
    title: str,
    urls: Collection[str] | None,
    explained: Iterable[Finding] = (),
    path: Path | None = None,
) -> tuple[Finding, ...]:
    """Find what `source` has and the article does not show, with its lines, the lines of `explained` left out.

    `html` is the article without its images, `images` are their addresses in the source, `title` stands above the
    article, `urls` are the addresses in its list of notes; None where links need not be followed.
    """
    # A formula's TeX is the label of its drawing: it is read as text, in its place.
    text = _TAG.sub("", _DRAWING.sub(r"\1", html) if "<svg" in html else html)
    shown = _dense(title + _plain(text))
    pieces = _dense("\0".join(_strings(_TEXTS, source))).split("\0")
    lost_words = _absent(pieces, shown)
    if lost_words:  # most texts have no characters that show nothing, so they are looked at again only here
        lost_words = _absent(list(map(_seen, pieces)), _seen(shown))
    lost_images = Counter(map(str.strip, _strings(_SOURCES, source))) - Counter(["", *images])
    lost_links = set() if urls is None else _unreached(map(str.strip, _strings(_TARGETS, source)), html, shown, urls)
    if not (lost_words or lost_images or lost_links):
        return ()
    lines = {each.line for each in explained if each.rule in _EXPLAINING}
    texts: dict[int | None, list[str]] = {}
    for element, text in _words(source, lost_words):
        if not _explained(element, lines):
            texts.setdefault(line_of(element), []).append(text)
    found = [*_images(source, lost_images), *_links(source, lost_links)]
    kept = (each for each in found if not _explained(each[0], lines))
    said = [(line, _text_missing(" ".join(each))) for line, each in texts.items()]
    said += ((line_of(element), message) for element, message in kept)
    return tuple(CONTENT_LOST.find(message, path, line) for line, message in said)


def _text_missing(text: str) -> str:
    return tr("the text “{text}” is missing in the article", text=shorten(text, 60))


def _strings(path: etree.XPath, root: HtmlElement) -> list[str]:
    return cast("list[str]", path(root))


def _plain(text: str) -> str:
    if "&" not in text:
        return text
    return (
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&#13;", "").replace("&amp;", "&")
    )


def _dense(text: str) -> str:
    """Return `text` without white space."""
    return "".join(text.split())


def _seen(text: str) -> str:
    return _UNSEEN.sub("", text)


def _absent(pieces: list[str], shown: str) -> set[str]:
    """Find the pieces of text that are not in `shown`, or not as often as they should be."""
    at, absent, moved = 0, set[str](), Counter[str]()
    for piece in pieces:
        if not piece:
            continue
        found = shown.find(piece, at, at + len(piece) + _WINDOW)
        if found >= 0:
            at = found + len(piece)
        elif len(piece) < _CERTAIN:
            moved[piece] += 1
        elif (found := shown.find(piece, at)) >= 0:
            at = found + len(piece)
        else:
            moved[piece] += 1
    if moved:
        whole = "\0".join(pieces)
        for piece in moved:
            if piece not in shown or (len(piece) >= _CERTAIN and shown.count(piece) < whole.count(piece)):
                absent.add(piece)
    return absent


def _words(source: HtmlElement, absent: set[str]) -> Iterator[tuple[HtmlElement, str]]:
    """Find the elements whose text is among what is `absent`."""
    if not absent:
        return
    for element in source.iter():
        parent = element.getparent()
        for holder, text in ((element, element.text), (parent, element.tail)):
            if not text or holder is None or not isinstance(holder.tag, str):
                continue  # a comment says nothing
            if _seen(_dense(text)) in absent and not _silent(holder):
                yield holder, text


def _silent(element: HtmlElement) -> bool:
    """Whether the text of an element is never shown as it is.

    That are titles and the like in drawings, marks around a reading, a dash that fills a cell, and a footnote that is
    but a link: its address may have a number, and a name, already.
    """
    if element.tag in ("td", "th") and not len(element) and (element.text or "").strip() == "-":
        return True
    around = [element, *element.iterancestors()]
    if any(each.tag in ("svg", "rp") for each in around):
        return True
    return any(each.get("class") == "footnote" for each in around) and any(each.tag == "a" for each in around)


def _images(source: HtmlElement, absent: Counter[str]) -> Iterator[tuple[HtmlElement, str]]:
    for image in source.iter("img"):
        if absent and (src := (image.get("src") or "").strip()) in absent:
            yield image, tr("the image {src} is missing in the article", src=shorten(src, 60))


def _links(source: HtmlElement, absent: set[str]) -> Iterator[tuple[HtmlElement, str]]:
    for link in source.iter("a"):
        if absent and (href := (link.get("href") or "").strip()) in absent:
            yield link, tr("the address {url} is missing in the article", url=shorten(href, 60))


def _unreached(hrefs: Iterable[str], html: str, shown: str, urls: Collection[str]) -> set[str]:
    """Find the addresses of the web that are neither noted, live nor printed."""
    wanted = {each for each in hrefs if each not in urls and each.lower().startswith(("http:", "https:", "//"))}
    wanted.difference_update(map(_plain, _HREF.findall(html)))
    if not wanted:
        return wanted
    wanted = {each for each in wanted if each not in shown}
    if not wanted:
        return wanted
    live = {address.parse(each).identity for each in (*urls, *map(_plain, _HREF.findall(html)))}
    kept = ((each, address.parse(f"https:{each}" if each.startswith("//") else each).identity) for each in wanted)
    unlinked = {each: identity for each, identity in kept if identity not in live}
    if not unlinked:
        return set()
    printed = f"{shown}\0{unquote(shown)}".lower()
    return {
        each
        for each, identity in unlinked.items()
        if identity.strip("/").lower() not in printed and unquote(each).lower() not in printed
    }


def _explained(element: HtmlElement, lines: set[int | None]) -> bool:
    """Whether a finding stands on the line of `element`, or of an element around it."""
    return any((each.get("data-line") or "").isdigit() and int(each.get("data-line", "")) in lines
               for each in (element, *element.iterancestors()))  # fmt: skip
