"""HTML in a form in which only what a reader would see counts; and GitHub's own parser to compare with.

White space that a browser ignores is gone, percent-encoding is undone, and GitHub's markup of footnotes and of aligned
cells is brought into ours.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from lxml import html

KEPT = ("href", "src", "alt", "title", "align", "start", "checked", "type", "class", "data-note", "width")
BLOCKS = frozenset({
    "section", "div", "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre",
    "table", "thead", "tbody", "tr", "th", "td", "hr", "footnotes", "footnote",
})  # fmt: skip
Node = tuple  # (tag, attributes, children): children are nodes and strings


def github(markdown: str, *, hard_breaks: bool = False) -> str:
    """Render Markdown as GitHub does, raw HTML and footnotes included; with `hard_breaks` a line end is a `<br>`."""
    from cmarkgfm import cmark

    options = cmark.Options.CMARK_OPT_UNSAFE | cmark.Options.CMARK_OPT_FOOTNOTES
    if hard_breaks:
        options |= cmark.Options.CMARK_OPT_HARDBREAKS
    extensions = [
        "table",
        "autolink",
        "strikethrough",
        "tasklist",
    ]  # without the filter that escapes <script> and <iframe>
    return cmark.markdown_to_html_with_extensions(markdown, options, extensions)


def canonical(text: str) -> list:
    """Give the canonical children of an HTML fragment, whose comments and the like a browser does not show."""
    markup = r"<!--(?:-?>|.*?(?:-->|$))|<\?.*?\?>|<!\[CDATA\[.*?\]\]>|<![A-Za-z][^>]*>"
    text = re.sub(markup, "", text, flags=re.S)
    parser = html.HTMLParser(huge_tree=True)
    return canonical_tree(
        html.document_fromstring(f"<html><body><section>{text}</section></body></html>", parser=parser).body[0]
    )


def canonical_tree(root) -> list:
    """Give the canonical children of an element."""
    return _children(root, False)


def without_space(node):
    """Give canonical nodes without any white space in their text."""
    if isinstance(node, str):
        return re.sub(r"\s+", "", node)
    if isinstance(node, tuple):
        return (*node[:2], without_space(node[2]))
    return [kept for kept in map(without_space, node) if kept]


def _children(element, pre: bool) -> list:
    found: list = []
    _text(found, element.text, pre)
    for child in element:
        if isinstance(child.tag, str):
            _element(found, child, pre)
        _text(found, child.tail, pre)
    return found if pre else _trimmed(found, element.tag)


def _text(found: list, text: str | None, pre: bool) -> None:
    if not text:
        return
    if not pre:
        text = re.sub(r"[ \t\n\r\f]+", " ", text)
    if found and isinstance(found[-1], str):
        found[-1] = found[-1] + text if pre else re.sub(r" +", " ", found[-1] + text)
    else:
        found.append(text)


def _trimmed(found: list, tag: str) -> list:
    """Drop the spaces at the edges of blocks and around line breaks."""
    kept: list = []
    for index, node in enumerate(found):
        if isinstance(node, str):
            before = found[index - 1] if index else None
            after = found[index + 1] if index + 1 < len(found) else None
            if (before is None and tag in BLOCKS | {"body"}) or _breaks(before):
                node = node.lstrip(" ")
            if (after is None and tag in BLOCKS | {"body"}) or _breaks(after):
                node = node.rstrip(" ")
            if not node:
                continue
        kept.append(node)
    return kept


def _breaks(node) -> bool:
    return isinstance(node, tuple) and (node[0] in BLOCKS or node[0] in ("br", "input"))


def _element(found: list, element, pre: bool) -> None:
    tag, classes = element.tag, element.get("class", "")
    if classes == "footnote-backref":
        return
    if tag == "sup" and classes == "footnote-ref":
        label = element.get("data-note") or unquote(element[0].get("href").removeprefix("#fn-"))
        found.append(("footnote-ref", (("label", label),), []))
        return
    if tag == "section" and classes == "footnotes":
        notes = element[0] if len(element) and element[0].tag == "ol" else element
        found.append(("footnotes", (), [("footnote", (), _children(note, False)) for note in notes]))
        return
    if tag == "pre" and element.get("lang") and len(element):
        element[0].set("class", "language-" + element.attrib.pop("lang"))
    attributes = {name: element.get(name) for name in KEPT if element.get(name) is not None}
    if tag in ("li", "section", "p"):
        attributes.pop("class", None)
    for name in ("href", "src"):
        if name in attributes:
            attributes[name] = unquote(attributes[name])
    if "checked" in attributes:
        attributes["checked"] = ""
    found.append((tag, tuple(sorted(attributes.items())), _children(element, pre or tag in ("pre", "textarea"))))
    if tag == "strong" and any(above.tag == "strong" for above in element.iterancestors()):
        inner = found.pop()[2]  # GitHub writes bold in bold once
        for node in inner:
            _text(found, node, pre) if isinstance(node, str) else found.append(node)
    elif found[-1][0] == "div" and not found[-1][2] and not attributes:
        found.pop()


def words(node) -> str:
    """Give all text of canonical nodes, images by their alternative text."""
    if isinstance(node, str):
        return node
    if isinstance(node, tuple):
        return dict(node[1]).get("alt", "") + " ".join(words(child) for child in node[2])
    return " ".join(words(child) for child in node)


def difference(ours, theirs, path: str = "") -> str | None:
    """Say where two canonical trees first differ; None when they are equal."""
    if isinstance(ours, list) and isinstance(theirs, list):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            if found := difference(one, other, f"{path}/{index}"):
                return found
        if len(ours) != len(theirs):
            shorter = min(len(ours), len(theirs))
            return f"{path}: {len(ours)} children, not {len(theirs)}: {(ours + theirs)[shorter:][:1]!r}"[:400]
        return None
    if isinstance(ours, tuple) and isinstance(theirs, tuple) and ours[:2] == theirs[:2]:
        return difference(ours[2], theirs[2], f"{path}/{ours[0]}")
    return None if ours == theirs else f"{path}: {str(ours)[:200]!r}\n      not {str(theirs)[:200]!r}"
