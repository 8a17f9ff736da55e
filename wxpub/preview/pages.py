"""The pages that the preview makes: an issue in, what a page says of it and the HTML around it out.

    describe  what a page shows, as one JSON document: the same for the file and for the live page
    alone     the file that `wxpub convert` writes; needs no server, no network and no other file
    gallery   an article in several themes, each by day and by night

What they are made of is shipped with the package, under static/ and templates/.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from wxpub import address, language, limits, safe
from wxpub.checks import heeded, measure
from wxpub.errors import SourceError
from wxpub.finding import Finding, file_and_line
from wxpub.images import remote
from wxpub.night import at_night, night
from wxpub.preview.clipboard import plain_text
from wxpub.target import PASTE, Placed
from wxpub.tree import HEADINGS, line_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from wxpub.issue import Issue
    from wxpub.page import Page
    from wxpub.theme import Theme

# --- the shipped files ------------------------------------------------------------------------------------------------

_IMPORT = re.compile(r'^import\s[^"]*"\./([\w-]+\.js)";\n', re.MULTILINE)


_HERE = Path(__file__).parent  # importlib.resources would take longer to import than this whole room


@cache
def read(name: str) -> str:
    """Read a shipped file, for example `static/preview.css`, once in a process."""
    return (_HERE / name).read_text(encoding="utf-8")


def fill(name: str, **slots: str) -> str:
    """Fill the slots `{{name}}` of a template; the caller escapes what is not HTML.

    `{{language}}` is the one that somebody asked for, which the page speaks; without one it speaks the browser's.
    """
    slots["language"] = language.asked()
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: slots[slot[1]], read(f"templates/{name}"))


@cache
def frame() -> str:
    """The document that the phone shows: WeChat's style sheet, and empty places for the page's script to fill."""
    return fill("frame.html", style=read("static/wechat.css"))


@cache
def script(entry: str) -> str:
    """Join a shipped module with everything it imports into one script; see `joined`."""
    return joined(read(f"static/{entry}"))


def joined(module: str) -> str:
    """Join the text of a module with the shipped modules that it imports: a page from a file can load no modules.

    Modules of the preview share no top-level names, import each other by `./name.js` and rename nothing.
    """
    done: dict[str, str] = {}

    def add(name: str, text: str) -> None:
        if name in done:
            return
        done[name] = ""  # before its imports: they may import each other
        for imported in _IMPORT.findall(text):
            add(imported, read(f"static/{imported}"))
        del done[name]
        done[name] = re.sub(r"^export ", "", _IMPORT.sub("", text), flags=re.MULTILINE)

    add("", module)
    return '"use strict";\n(() => {\n' + "\n".join(done.values()) + "})();\n"


def bookmarklet(origin: str) -> str:
    """Make the address of a bookmark that asks the preview at `origin`: a script that holds all that it needs."""
    code = re.sub(r"/\*\*[\s\S]*?\*/\n|^ *//.*\n|^ +", "", script("bookmarklet.js"), flags=re.MULTILINE)
    code = code.replace("{{origin}}", origin).replace("{{language}}", language.asked())
    return "javascript:" + quote(code, safe=" !$&'()*+,-./:;<=>?@[]^_`{|}~")


@cache
def source_hash(text: str) -> str:
    """Name an inline script for a Content-Security-Policy, so that it runs and nothing else does."""
    return "'sha256-" + b64encode(sha256(text.encode()).digest()).decode() + "'"


def names() -> frozenset[str]:
    """List the files that a page may ask for."""
    return frozenset(each.name for each in (_HERE / "static").iterdir())


# --- what a page shows ------------------------------------------------------------------------------------------------

PROPERTIES = 8  # of CSS, those that cost most


def describe(
    page: Page,
    *,
    html: str,
    sent: str,
    findings: Sequence[Finding],
    images: Sequence[Mapping[str, Any]],
    theme: str = "",
    cover: str = "",
) -> dict[str, Any]:
    """Describe `page` for the preview's scripts.

    `html` is the article with images that the viewer can see, `sent` the same as a push sends it, which is what is
    counted; `images` says what becomes of each image, `cover` is an address of the cover.
    """
    article, spots = page.article, _spots(page.layout.root)
    return {
        "file": article.path.name,
        "path": str(article.path),
        "theme": theme,
        "newspic": page.target.plain,
        "title": article.title,
        "author": article.author,
        "date": article.date,
        "digest": article.digest,
        "source_url": article.source_url,
        "cover": cover,
        "coverName": article.cover,
        "html": html,
        "dark": _numbered(night(html)),
        "text": plain_text(html),
        "outline": [
            {**each._asdict(), "line": file_and_line(each.line)[1], "spot": spots(each.line)} for each in page.outline
        ],
        "notes": [{**note._asdict(), "mark": note.mark} for note in page.notes],
        "images": list(images),
        "findings": [
            {
                **each.to_json(),
                "place": each.place,
                "spot": spots(each.line) if each.path == article.path else None,
                **({"file": each.path.name} if each.path in page.layout.files else {}),  # a block
            }
            for each in findings
        ],
        "sizes": _sizes(page, sent),
    }


_SPOT_TAGS = (*HEADINGS, "p", "li", "tr")  # what the script looks among
_SPOT_CHARS = 40  # of a block's beginning, white space left out; the script's number


def _spots(root: HtmlElement) -> Callable[[int | None], dict[str, Any] | None]:
    """Return a function that tells where the article shows a line of its source; None for a line above it.

    A spot is the `nth` of the innermost blocks that begin with `text`, or without a text the `nth` picture.
    """
    spots: dict[int, dict[str, Any]] = {}
    for line, spot, _ in blocks(root):
        spots.setdefault(line, spot)
    lines = sorted(spots)

    def spot_of(line: int | None) -> dict[str, Any] | None:
        at = bisect_right(lines, line or 0)
        return spots[lines[at - 1]] if at else None

    return spot_of


def blocks(root: HtmlElement) -> Iterator[tuple[int, dict[str, Any], HtmlElement]]:
    """Yield the innermost blocks and the pictures that come of the source: the line, the spot, the element."""
    met: Counter[str] = Counter()
    for element in root.iter(*_SPOT_TAGS, "img"):
        text = "" if element.tag == "img" else _beginning(element)
        inner = next(element.iterdescendants(*_SPOT_TAGS), None)
        if (not text and element.tag != "img") or (inner is not None and _beginning(inner) == text):
            continue
        if line := line_of(element):
            yield line, {"text": text, "nth": met[text]}, element
        met[text] += 1


def _beginning(element: HtmlElement) -> str:
    found = ""
    for text in element.itertext():
        found += "".join(text.split())
        if len(found) >= _SPOT_CHARS:
            break
    return found[:_SPOT_CHARS]


def _sizes(page: Page, html: str) -> dict[str, Any]:
    """Measure the article against its limits, and say what its characters are spent on."""
    article, size = page.article, measure(html)
    beside = [
        {"name": "author", "used": len(article.author), "limit": limits.AUTHOR_CHARS},
        {"name": "digest", "used": len(article.digest), "limit": limits.DIGEST_CHARS},
    ]
    return {
        "measures": [
            {"name": "title", "used": len(article.title), "limit": limits.TITLE_CHARS},
            *([] if page.target.plain else beside),
            {"name": "characters", "used": size.characters},  # the documented limit was never seen to be enforced
            {"name": "bytes", "used": size.bytes, "near": limits.CONTENT_BYTES_NEAR, "limit": limits.CONTENT_BYTES - 1},
        ],
        "kinds": {
            "text": size.kinds["text"],
            "style": size.kinds["style"],
            "address": size.kinds["address"],
            "markup": size.kinds["tag"] + size.kinds["attribute"],
        },
        "sections": [{"text": text, "used": used} for text, used in size.sections],
        "properties": [{"text": text, "used": used} for text, used in size.properties[:PROPERTIES]],
    }


def _numbered(styles: Sequence[str]) -> dict[str, list[Any]]:
    """Write every style once: an article has a thousand elements, and some fifty styles."""
    numbers = {style: number for number, style in enumerate(dict.fromkeys(styles))}
    return {"styles": list(numbers), "use": [numbers[style] for style in styles]}


def dump(state: Mapping[str, Any]) -> str:
    """Serialise for a `<script type="application/json">`: no `<` in it can end the element or open a comment."""
    return json.dumps(state, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


# --- the page that stands alone ---------------------------------------------------------------------------------------


class Alone(NamedTuple):
    """An issue as one file: `html` is the page, `fragment` the article in it, finished for pasting."""

    html: str
    fragment: str
    findings: tuple[Finding, ...]


_GENERATORS = b'name="generator" content="wxpub', b"X-Mailer: wxpub"


def is_ours(place: Path) -> bool:
    """Whether `wxpub convert` wrote the page or the mail at `place`."""
    try:
        begin = safe.read(place, 4096)
    except OSError:
        return False
    return any(each in begin for each in _GENERATORS)


def alone(issue: Issue, *, review: bool = False) -> Alone:
    """Make the page that `wxpub convert` writes: images inside, needing no server, no network and no other file.

    With `review` remarks can be written on it, which `wxpub remarks` reads.
    An image that cannot be read keeps its source and gives a finding with its line.
    """
    images, findings = issue.embedded()
    page, fragment = issue.page(), issue.page(PASTE).fill(images)
    named, cover = page.article.cover, ""
    with suppress(SourceError):
        cover = issue.images.embed(named) if named and not remote(named) else ""
    found = heeded(page.findings + findings, issue.settings)
    shown = standalone(
        page, fragment=fragment, findings=found, images=images, theme=issue.theme.name, cover=cover, review=review
    )
    return Alone(shown, fragment, findings)


def standalone(
    page: Page,
    *,
    fragment: str = "",
    findings: Sequence[Finding] | None = None,
    images: Mapping[str, Placed] | None = None,
    theme: str = "",
    cover: str = "",
    review: bool = False,
) -> str:
    """Make the file that `wxpub convert` writes: the article in a phone, what to know about it, a button to copy it.

    `fragment` is what is shown and copied: the article finished for pasting, with its images embedded; without it,
    `page.html`. Characters and bytes are counted in `page.html`, as it is sent. `findings` default to the page's own;
    `images` tells what became of them; `theme` is the theme's name, `cover` a data: address.

    The article cannot run: it lives in a sandboxed frame, and the page's Content-Security-Policy allows one script by
    its hash and no address outside the file.
    """
    code = script("review.js" if review else "standalone.js")
    described = describe(
        page,
        html=fragment or page.html,
        sent=page.html,
        findings=page.findings if findings is None else findings,
        images=_images(page, images or {}),
        theme=theme,
        cover=cover,
    )
    if review:
        described["review"] = [
            {"line": line, "spot": spot, "at": _at(page, line)} for line, spot, _ in blocks(page.layout.root)
        ]
    return fill(
        "standalone.html",
        policy=_policy(**{"script-src": source_hash(code), "img-src": "data:"}),
        title=escape(page.article.title or page.article.path.name),
        style=read("static/preview.css"),
        frame=escape(frame()),
        state=dump(described),
        script=code,
    )


def _at(page: Page, line: int) -> int | str:
    """Name a line of the tree: its number in the issue's file, or the block's file and the number there."""
    path, number = page.layout.place(line)
    return number or 0 if path == page.article.path else f"{path.name}:{number}"


def _policy(**allowed: str) -> str:
    """Allow `allowed` and inline styles, which are all that an article has; nothing else."""
    inline, none = "'unsafe-inline'", "'none'"
    kinds = {"default-src": none, **allowed, "style-src": inline, "base-uri": none, "form-action": none}
    return "; ".join(f"{kind} {source}" for kind, source in kinds.items())


def _images(page: Page, images: Mapping[str, Placed]) -> list[dict[str, Any]]:
    """Describe the images; each stands once in the file, so the list names it by its position in the article."""
    positions = [part.src for part in page.parts if not isinstance(part, str)]
    described = []
    for image in page.images:
        placed = images.get(image.src, Placed(image.src))
        embedded = placed.url.partition(",")[2] if placed.url.startswith("data:") else ""
        described.append(
            {
                **image._asdict(),
                "position": positions.index(image.src) if image.src in positions else -1,
                "width": placed.width,
                "height": placed.height,
                "bytes": len(embedded) * 3 // 4,
                "status": paste_status(placed.url),
            }
        )
    return described


def paste_status(url: str) -> str:
    """Say what the web editor does with an image at `url` when an article is pasted.

    It keeps what WeChat serves already, uploads what is embedded unless it is SVG, fetches what is public; nothing else
    arrives (reported by publishing tools).
    """
    if url[:5].lower() == "data:":
        return "lost" if url.startswith("data:image/svg") else "embedded"
    target = address.parse(url)
    if target.scheme not in ("http", "https"):
        return "lost"
    return "hosted" if target.hosted else "fetched"


# --- themes side by side ----------------------------------------------------------------------------------------------

PHONE = 375  # CSS pixels
_SHOWN_ITEMS = 3  # of a list in the gallery: what differs is seen in a few


def gallery(looks: Sequence[tuple[Theme, Page]]) -> str:
    """Show the same article in several themes side by side, part by part; its images are embedded or on the web.

    Each theme has a frame that runs nothing. The page's own script, allowed by its hash, moves the parts of all themes
    to equal heights, so that one scroll shows the same part of each.
    """
    code = script("gallery.js")
    state = [
        {
            "name": look.name,
            "title": look.title,
            "description": look.description,
            "parts": [kind for kind, _ in parts],
            "frame": phone(page, html := _joined(parts)),
            "dark": _numbered(night(html)),
        }
        for look, page in looks
        for parts in [_parts(page)]
    ]
    return fill(
        "gallery.html",
        policy=_policy(**{"script-src": source_hash(code), "img-src": "data: http: https:"}),  # the frames' too
        title=escape(looks[0][1].article.title) if looks else "",
        style=read("static/preview.css") + read("static/gallery.css"),
        state=dump({"looks": state}),
        script=code,
    )


def _parts(page: Page) -> list[tuple[str, str]]:
    """Cut out of an article what themes differ in, each kind once, and at the end all of it: kinds and their HTML."""
    blocks = list(page.layout.root)
    first = next((at for at, each in enumerate(blocks) if each.tag in HEADINGS), len(blocks))
    found: dict[str, list[HtmlElement]] = {"opening": blocks[: min(first, 2)]}
    heading: list[HtmlElement] = []
    for block in blocks[first:]:
        if block.tag in HEADINGS:
            heading = [block]
        elif kind := _kind(block):
            found.setdefault(kind, [*heading, _begun(block)] if kind == "items" else [block])
    found.setdefault("items", heading)
    kinds = ("opening", "items", "text", "quote", "alert", "code", "table", "picture", "notes")
    shown = [(kind, page.excerpt(found[kind])) for kind in kinds if found.get(kind)]
    return [*shown, ("whole", page.html)]


_KINDS = {"figure": "picture", "table": "table", "code": "code", "alert": "alert", "notes": "notes"}  # of classes
_TAG_KINDS = {"ul": "items", "ol": "items", "blockquote": "quote", "p": "text"}


def _kind(block: HtmlElement) -> str:
    """Name what themes treat a block as; "" for what says too little of them."""
    names = (block.get("class") or "").split()
    kind = next((_KINDS[name] for name in names if name in _KINDS), _TAG_KINDS.get(block.tag, ""))
    return "" if kind == "text" and (names or len(_beginning(block)) < _SPOT_CHARS) else kind


def _begun(block: HtmlElement) -> HtmlElement:
    """Copy a list's beginning."""
    copy = deepcopy(block)
    del copy[_SHOWN_ITEMS:]
    return copy


def _joined(parts: Sequence[tuple[str, str]]) -> str:
    return "".join(f'<div class="wx-part"><div>{html}</div></div>' for _, html in parts)


def phone(page: Page, html: str = "", *, dark: bool = False) -> str:
    """Show an article, or `html` in its place, as WeChat's page does, by day or by night; an HTML document."""
    html = html or page.html
    return fill(
        "phone.html",
        scheme=" class=dark" if dark else "",
        style=read("static/wechat.css"),
        title=escape(page.article.title),
        html=at_night(html) if dark else html,
    )
