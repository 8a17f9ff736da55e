"""An issue as a mail: the HTML that mail clients keep, the same as plain text, and both as a message.

    write      images wherever they are placed: one HTML document                   `wxpub convert --format email`
    message    images in the message, by Content-ID, and a part of plain text       `wxpub convert --format eml`

What clients keep is taken from caniemail.com. All styles are inline, since some drop the sheet. Word, which draws mails
in Outlook on Windows, pads nothing but cells, so what has a ground or a border becomes a table of one cell. Nothing
is translucent. A mail is 600 pixels wide, and no wider than the screen. The sheet holds what only adds to it, which is
colours at night; where a client turns colours over by itself, each text has a colour and a ground to be turned with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape, unescape
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from lxml.html import fragment_fromstring, tostring

from wxpub import address, conform, darkmode, style
from wxpub.article import written_in
from wxpub.elsewhere.dress import GENERATOR, nights, palette
from wxpub.errors import SourceError
from wxpub.finding import Finding, Rule
from wxpub.images import remote
from wxpub.language import tr
from wxpub.preview.clipboard import plain_text
from wxpub.target import EMAIL, Placed
from wxpub.tree import PARSER, fill, make, take

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from wxpub.issue import Issue

CLIPPED = 102 * 1024  # bytes of HTML from which Gmail shows a mail only in part (reported; Google documents no number)
WIDTH = 600  # pixels of a mail, and of what is in it
_COLUMN = 560

MAIL_CLIPPED = Rule(
    "mail-clipped",
    "warning",
    "a mail has more HTML than Gmail shows at once (102 KB)",
    "leave something out, or send the beginning and a link to the web page",
    "mail",
    reader="in Gmail the beginning, and “[Message clipped] View entire message”",
)
MAIL_IMAGE_INSIDE = Rule(
    "mail-image-inside",
    "warning",
    "an image stands inside the mail's HTML, where Gmail and Outlook show none",
    "set [site] url to where the letter's files are on the web, or make a message (--format eml)",
    "mail",
    reader="in Gmail and Outlook a gap where the image should be",
)
RULES = (MAIL_CLIPPED, MAIL_IMAGE_INSIDE)

# What clients put around elements, where an article relies on WeChat's page to put nothing.
_RESET = {
    "p": {"margin": "0"},
    **{name: {"margin": "0", "font-weight": "400", "font-size": "16px"} for name in ("h1", "h2", "h3")},
    "blockquote": {"margin": "0"},
    "table": {"border-collapse": "collapse"},
    "th": {"text-align": "left", "word-break": "break-word"},
    "td": {"word-break": "break-word"},
}
_TABLE = {"width": "100%", "cellpadding": "0", "cellspacing": "0", "border": "0"}  # the attributes of one
_DROPPED = re.compile(
    r"overflow.*|-webkit-.*|box-shadow|text-shadow|opacity|transform.*|white-space|word-spacing|float|position"
    r"|text-underline-offset|font-variant-numeric|text-decoration-.*|background-(?:size|position|repeat|image)|word-break"
)
_EDGES = re.compile(r"border(?!-radius|-collapse|-spacing).*")
_FRAME = re.compile(r"margin.*|padding.*|background.*|border.*")
_COLOURED = re.compile(r"color\Z|background|border")
_VALUE = re.compile(r"""=(?:"[^"]*"|'([^']*)')""")
_TAG = re.compile(rf"<\w+(?:\s[\w:-]+(?:{_VALUE.pattern})?)+")
_STYLED = re.compile(r'(<\w+(?:\s[\w:-]+="[^"]*")*) style="([^"]*)"')
_INNER_SPACE = re.compile("(?<=[^\u00a0])\u00a0")
_GROUND = re.compile(r"background|background-color")
_FONTS = "-apple-system,'PingFang SC','Microsoft YaHei',Arial,sans-serif"


@dataclass(frozen=True, slots=True)
class Mail:
    """An issue as a mail: `html` is the document, `text` the same without markup; `findings` are those of a mail."""

    html: str
    text: str
    findings: tuple[Finding, ...]


def write(issue: Issue, images: Mapping[str, Placed] | None = None) -> Mail:
    """Make the mail of an issue whose images are placed; by default where `[site] url` says that its files are.

    Without such an address an image is inside the HTML, which gives a finding, as does a mail that is cut off.
    """
    findings: list[Finding] = []
    if images is None:
        images, missing = issue.embedded(EMAIL)
        images = {src: Placed(on_web(issue, src) or each.url, each.width, each.height) for src, each in images.items()}
        findings += missing
        inside = [each for each in issue.page(EMAIL).images if images.get(each.src, Placed("")).url[:5] == "data:"]
        findings += [
            MAIL_IMAGE_INSIDE.find(
                tr("the image {name} stands inside the HTML, where Gmail and Outlook show none", name=each.src[:80]),
                issue.path,
                each.line,
            )
            for each in inside
        ]
    html = _document(issue, images)
    size = len(html.encode())
    if size > CLIPPED and not any(each.url[:5] == "data:" for each in images.values()):
        said = tr("the mail has {size:,} bytes of HTML; Gmail shows {limit:,} at once", size=size, limit=CLIPPED)
        findings.append(MAIL_CLIPPED.find(said, issue.path, 1))
    return Mail(html, _text(issue), tuple(findings))


def on_web(issue: Issue, src: str) -> str:
    """Say where a file of the project is on the web, by the first `[site] url` that says it by its path; "" if none."""
    if ":" in src.partition("/")[0]:
        return ""
    root = issue.settings.root.resolve()
    folder = root if src.startswith("/") else issue.path.resolve().parent
    path = (folder / unquote(src).lstrip("/")).resolve()
    template = next((each for each in issue.settings.sites if "{path}" in each), "")
    if not template or not path.is_relative_to(root) or re.search(r"\{(?!path\})", template):
        return ""
    return template.replace("{path}", quote(path.relative_to(root).as_posix()))


def page(issue: Issue) -> tuple[str, tuple[Finding, ...]]:
    """Make the mail of an issue as one file of HTML, to be sent by a service that takes such."""
    mail = write(issue)
    return mail.html, mail.findings


def message(issue: Issue) -> tuple[str, tuple[Finding, ...]]:
    """Make a message of an issue (RFC 5322, all of it ASCII): plain text and HTML, and the images that are files.

    It has a subject, a date and an id, which are alike whenever it is made, and is marked as a draft (X-Unsent): the
    program that sends it says whom it is from and whom it goes to.
    """
    images: dict[str, Placed] = {}
    parts: list[tuple[str, bytes, str, str]] = []
    findings: list[Finding] = []
    place = _identity(issue)
    for at, each in enumerate(image for image in issue.page(EMAIL).images if not remote(image.src)):
        try:
            fitted = issue.images.fit(each.src)
        except SourceError as error:
            findings.append(issue.missing(each, error))
            continue
        name = f"image{at}.{place}"
        images[each.src] = Placed(f"cid:{name}", fitted.width, fitted.height)
        parts.append((name, fitted.data, fitted.mime, fitted.name))
    mail = write(issue, images)
    article = issue.page(EMAIL).article
    found = EmailMessage(policy=SMTP)
    found["Subject"] = " ".join(article.title.split())
    found["Date"] = format_datetime(_date(issue))
    found["Message-ID"] = f"<{place}>"
    found["X-Unsent"] = "1"
    found["X-Mailer"] = GENERATOR
    found.set_content(mail.text, cte="base64")
    found.add_alternative(mail.html, subtype="html", cte="base64")
    html = list(found.iter_parts())[1]
    assert isinstance(html, EmailMessage)
    for name, data, mime, filename in parts:
        kind, _, subkind = mime.partition("/")
        html.add_related(data, kind, subkind, cid=f"<{name}>", filename=filename, disposition="inline")
    for at, part in enumerate(each for each in found.walk() if each.is_multipart()):
        part.set_boundary(f"={place.partition('@')[0]}.{at}=")
    return found.as_string(), mail.findings + tuple(findings)


def _identity(issue: Issue) -> str:
    """Name a message for ever: by the issue's path in its project, and the project's name or the letter's host."""
    hosts = (address.parse(issue.article.source_url).host, issue.settings.project.partition("/")[0])
    host = next(filter(None, map(_ascii, hosts)), "wxpub.invalid")
    name = sha256(f"{issue.settings.project}\n{issue.name}\n{issue.article.title}".encode()).hexdigest()[:24]
    return f"{name}@{host}"


def _ascii(host: str) -> str:
    """Write a host's name as a message can hold it; "" for what is none."""
    with suppress(UnicodeError):
        host = host.encode("idna").decode()
        return host if re.fullmatch(r"[\w.-]+", host, re.ASCII) else ""
    return ""


def _date(issue: Issue) -> datetime:
    """Take the issue's own day, else when its file was last written; a draft's date is not yet that of its sending."""
    if issue.article.date:
        return datetime.fromisoformat(f"{issue.article.date}T08:00:00+08:00")
    return datetime.fromtimestamp(int(issue.path.stat().st_mtime)).astimezone()


def _text(issue: Issue) -> str:
    page = issue.page(EMAIL)
    article = page.article
    head = [article.title, " · ".join(filter(None, (article.author, article.date))), article.source_url]
    return "\n".join([*filter(None, head), "", plain_text(page.html)])


# --- the document -----------------------------------------------------------------------------------------------------


def _document(issue: Issue, images: Mapping[str, Placed]) -> str:
    page = issue.page(EMAIL)
    article, colours = page.article, palette(issue.theme.variables)
    language = written_in(f"{article.title}{article.digest}" or article.body)
    body = _kept(issue, images)
    said = " · ".join(escape(each) for each in (article.author, article.date) if each)
    words = "在网页上看" if language == "zh-CN" else "Read on the web"
    link = f'<a href="{escape(article.source_url)}" style="color:{colours.muted[0]}">{words}</a>'
    line = " · ".join(filter(None, (said, link if article.source_url else "")))
    title = escape(article.title)
    head = (
        '<h1 style="margin:0 0 8px;font-size:24px;font-weight:700;line-height:1.35;'
        f'color:{colours.text[0]}">{title}</h1>'
    )
    head += (
        f'<p style="margin:0 0 24px;font-size:14px;line-height:1.6;color:{colours.muted[0]}">{line}</p>' if line else ""
    )
    inner, sheet = _at_night(head + body)
    night = f".mail-ground{{background:{colours.ground[1]}!important;color:{colours.text[1]}!important}}\n"
    night += f"a{{color:{colours.link[1]}!important}}\n"
    ground, text = colours.ground[0], colours.text[0]
    return "".join(
        (
            f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n',
            '<meta name="viewport" content="width=device-width,initial-scale=1">\n',
            f'<meta name="generator" content="{GENERATOR}">\n<meta name="color-scheme" content="light dark">\n',
            '<meta name="supported-color-schemes" content="light dark">\n',
            f"<title>{title}</title>\n",
            f"<style>\n@media (prefers-color-scheme:dark){{\n{night}{sheet}}}\n</style>\n</head>\n",
            f'<body class="mail-ground" style="margin:0;padding:0;background:{ground};color:{text}">\n',
            _preheader(article.digest),
            f'<table role="presentation" class="mail-ground" width="100%" cellpadding="0" cellspacing="0" border="0" '
            f'style="table-layout:fixed;background:{ground}"><tr><td align="center" style="padding:24px 16px">\n',
            f'<!--[if mso]><table role="presentation" width="{WIDTH}"><tr><td><![endif]-->\n',
            f'<div lang="{language}" style="max-width:{WIDTH}px;text-align:left;word-wrap:break-word;'
            f'font-family:{_FONTS};font-size:16px;line-height:1.75;color:{text}" class="mail-ground">\n{inner}\n',
            "</div>\n",
            "<!--[if mso]></td></tr></table><![endif]-->\n</td></tr></table>\n</body>\n</html>\n",
        )
    )


def _preheader(digest: str) -> str:
    """Write what an inbox shows behind the subject and a mail nowhere; what follows keeps the text out of that line."""
    if not digest:
        return ""
    hidden = "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0"
    return f'<div style="{hidden}">{escape(digest)}{"&#847;&zwnj;&nbsp;" * 40}</div>\n'


def _at_night(html: str) -> tuple[str, str]:
    """Name every style whose colours change at night by a class, and give the rules of these classes."""
    changes = iter(nights(html))
    names: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        change = {name: value for name, value in next(changes).items() if _COLOURED.match(name)}
        day = f'{found[1]} style="{escape(_opaque(unescape(found[2])))}"'
        if not change:
            return day
        rule = ";".join(f"{name}:{_opaque(value, darkmode.NIGHT)}!important" for name, value in change.items())
        return f'{day} class="{names.setdefault(rule, f"n{len(names) + 1}")}"'

    html = _STYLED.sub(named, html)
    return html, "".join(f".{name}{{{rule}}}\n" for rule, name in names.items()).replace("<", "\\3c ")


def _kept(issue: Issue, images: Mapping[str, Placed]) -> str:
    """Write an issue's article as mail clients keep it."""
    page = issue.page(EMAIL)
    root = deepcopy(page.layout.root)
    for hint in list(root.iter("p")):
        if "table-hint" in (hint.get("class") or "").split():  # nothing can be moved sideways in a mail
            hint.drop_tree()
    html = conform.fill(conform.finish(root, EMAIL), images)
    tree: HtmlElement = fragment_fromstring(html, create_parent="div", parser=PARSER)
    link = palette(issue.theme.variables).link[0]
    for element in list(tree.iterdescendants("*")):
        if element.tag == "svg":
            _drawing(element)
    for element in list(tree.iterdescendants("*")):
        _element(element, link)
    for element in reversed(list(tree.iterdescendants("div", "blockquote"))):
        _panel(element)
    return "".join(_written(each) for each in tree)


def _written(element: HtmlElement) -> str:
    """Write HTML whose attributes all stand in double quotes; lxml puts those with double ones in single ones."""

    def doubled(found: re.Match[str]) -> str:
        return found[0] if found[1] is None else f'="{found[1].replace(chr(34), "&quot;")}"'

    return _TAG.sub(lambda tag: _VALUE.sub(doubled, tag[0]), tostring(element, encoding="unicode"))


def _drawing(svg: HtmlElement) -> None:
    """Put a formula's source in the place of its drawing, which no client but Apple's shows."""
    text = svg.get("aria-label") or ""
    tail = svg.tail
    code = make("code", "", [text])
    code.set("style", "font-family:Menlo,Consolas,monospace;font-size:15px")
    code.tail = tail
    parent = svg.getparent()
    assert parent is not None
    parent.replace(svg, code)


def _element(element: HtmlElement, link: str) -> None:
    """Say what clients would not guess, and leave out what they do not know."""
    tag = element.tag
    if tag == "section":
        element.tag = tag = "div"
    found = style.read(element.get("style") or "")
    margined = any(name.startswith("margin") for name in found)
    reset = {
        name: value
        for name, value in _RESET.get(tag, {}).items()
        if name not in found and (name != "margin" or not margined)
    }
    kept = {**reset, **{name: value for name, value in found.items() if not _DROPPED.fullmatch(name)}}
    if tag == "a":
        kept.setdefault("color", link)
        kept.setdefault("text-decoration", "underline")
    if tag == "table":
        element.attrib.pop("data-ignore-width", None)
        kept["width"] = "100%"
        for name, value in _TABLE.items():
            element.set(name, value)
    kept.pop("min-width", None)
    if found.get("white-space") == "nowrap":
        _breaking(element)
    if tag == "img":
        _picture(element, kept)
    if kept:
        element.set("style", style.write(kept))


def _breaking(element: HtmlElement) -> None:
    """Let lines of code break where they have a space, which cannot be moved sideways; they stay indented."""
    for each in element.iter():
        each.text = _INNER_SPACE.sub(" ", each.text) if each.text else each.text
        if each is not element and each.tail:
            each.tail = _INNER_SPACE.sub(" ", each.tail)


def _picture(image: HtmlElement, kept: dict[str, str]) -> None:
    """Say a picture's width in pixels too, since Word knows no other; none is wider than the mail."""
    natural = int(image.attrib.pop("data-w", "0") or 0)
    image.attrib.pop("data-ratio", None)
    width = kept.get("width", "")
    pixels = 0
    if width.endswith("%"):
        pixels = round(float(width[:-1]) * _COLUMN / 100)
    elif width.endswith("px"):
        pixels = round(float(width[:-2]))
    elif natural:
        pixels = min(natural, _COLUMN)
    if pixels:
        image.set("width", str(pixels))
        kept.setdefault("width", f"{pixels}px")
    kept |= {"max-width": "100%", "height": "auto", "border": "0"}


def _opaque(value: str, ground: darkmode.Colour = darkmode.PAGE) -> str:
    """Write colours of a value as they are seen on the ground: Word and some others know no translucent ones."""

    def seen(found: re.Match[str]) -> str:
        colour = darkmode.parse(found[0])
        return str(colour.over(ground)) if colour is not None else found[0]

    return re.sub(r"rgba?\([^)]*\)|hsla?\([^)]*\)", seen, value)


def _panel(element: HtmlElement) -> None:
    """Put what has a ground or a border, and padding, into a table of one cell."""
    found = style.read(element.get("style") or "")
    if not any(name.startswith("padding") for name in found) and len(element) == 1 and element[0].tag == "div":
        inner = style.read(element[0].get("style") or "")  # of code the frame is one element, the padding another
        found |= {name: inner.pop(name) for name in list(inner) if name.startswith("padding")}
        element[0].set("style", style.write(inner))
    framed = any(_GROUND.fullmatch(name) or _EDGES.fullmatch(name) for name in found)
    if not framed or not any(name.startswith("padding") for name in found):
        return
    margin = {name: value for name, value in found.items() if name.startswith("margin")}
    frame = {name: value for name, value in found.items() if _FRAME.fullmatch(name) and name not in margin}
    text = {name: value for name, value in found.items() if name not in margin and name not in frame}
    table = make("table")
    for name, value in {"role": "presentation", **_TABLE}.items():
        table.set(name, value)
    margin = {name: value for name, value in margin.items() if value != "0"}
    around = _aside(margin)  # a table as wide as what it is in has no room beside it
    table.set("style", style.write({**({} if around else margin), "table-layout": "fixed"}))
    cell = make("td", parent=make("tr", parent=table))
    cell.set("style", style.write({**frame, **text}))
    tail, element.tail = element.tail, None
    parent = element.getparent()
    assert parent is not None
    outer = make("div", content=[table]) if around else table
    if around:
        outer.set("style", style.write(margin))
    parent.replace(element, outer)
    outer.tail = tail
    fill(cell, take(element))


def _aside(margin: Mapping[str, str]) -> bool:
    """Whether margins leave room at the left or the right."""
    sides = margin.get("margin", "0").split()
    right = margin.get("margin-right", sides[min(1, len(sides) - 1)])
    left = margin.get("margin-left", sides[3] if len(sides) == 4 else right)
    return {left, right} - {"0", "auto"} != set()
