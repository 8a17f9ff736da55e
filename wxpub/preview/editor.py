"""The article as WeChat's web editor takes it from a script, and what the editor kept of it.

    package   a view in; title, author, digest, HTML, and every picture as a file out
    compare   what was sent and what is kept in, as the page in the editor says it; sentences out

The scripts that do the rest run in the editor itself: `static/fill.js` says by which bridge and from what source.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wxpub.conform import without_guards
from wxpub.drafts.compare import differences
from wxpub.drafts.job import crop
from wxpub.drafts.send import lost
from wxpub.images import Image, hosted
from wxpub.language import tr
from wxpub.limits import COVER_RATIO
from wxpub.target import PASTE, Placed

if TYPE_CHECKING:
    from wxpub.preview.build import Shown, View

KEPT_BYTES = 8 * 1024 * 1024  # of what the editor's page may send to be compared; two articles of the largest size
# Neighbours of one style, which an editor writes as one. Of boxes that can be seen it makes fewer, and that is told.
_BOXED = r"(?![^\"]*(?:background|border|padding|width):)"
_NEIGHBOURS = re.compile(rf"(<(span|strong|em|code)(?: style=\"{_BOXED}[^\"]*\")?>)([^<]*)</\2>\1")
_LAST_BREAK = re.compile(r"<br>(?=</)")  # ends a line that ends anyway: editors keep one of their own there
_FORGOTTEN = {"-webkit-overflow-scrolling"}  # for old phones alone; no browser that an editor uses knows it any more
_FIELDS = ("title", "author", "digest")
_NOWHERE = re.compile(r'<img\s[^>]*?\bsrc=""[^>]*>')  # a picture that is not there, or not as a file


def package(view: View) -> dict[str, Any]:
    """Give `view` as plain values. A picture stands in the HTML under its key, and `pictures` has it as a file.

    One that WeChat has already keeps its address there; one that is not ready or not readable is left out and counted.
    """
    article = view.issue.layout.article
    own = {each.src: view.shown[each.src] for each in view.issue.layout.images if not hosted(each.src)}
    placed = {
        src: each.at(view.uploaded.get(each.source) or _key(each)) if each.image else Placed("")
        for src, each in own.items()
    }
    files = {_key(each): each.image for each in own.values() if each.image and each.source not in view.uploaded}
    cover = view.cover
    return {
        "title": article.title,
        "author": article.author,
        "digest": article.digest,
        "content": _NOWHERE.sub("", view.issue.page(PASTE).fill(placed)),
        "pictures": [_file(key, image) for key, image in files.items()],
        "cover": {**_file(_key(cover), cover.image), "crops": _crops(cover.image)} if cover.image else None,
        "lost": sum(each.image is None for each in own.values()),
    }


def _key(shown: Shown) -> str:
    return f"wxpub-picture:{shown.key}"


def _file(key: str, image: Image) -> dict[str, str]:
    name = f"{key.partition(':')[2][:12]}.{image.mime.partition('/')[2].replace('jpeg', 'jpg')}"
    return {"key": key, "name": name, "type": image.mime, "data": base64.b64encode(image.data).decode()}


def _crops(image: Image) -> dict[str, list[float]]:
    """Name the middles of a cover as `mp_editor_change_cover` wants them: `[x1, y1, x2, y2]`, from 0 to 1."""
    parts = {"wide": COVER_RATIO, "square": 1.0}
    return {name: [float(each) for each in crop(image.width, image.height, r).split("_")] for name, r in parts.items()}


def compare(outcome: Mapping[str, Any]) -> list[str]:
    """Say what of `outcome["sent"]` is not in `outcome["kept"]`, one sentence each, as after a push.

    Both come from a web page: whatever they are, they are compared as text and raise nothing.
    """
    sent, kept = (_texts(outcome.get(name)) for name in ("sent", "kept"))
    needed = _LAST_BREAK.sub("", _NOWHERE.sub("", without_guards(sent["content"])))
    while (joined := _NEIGHBOURS.sub(r"\1\3", needed)) != needed:
        needed = joined
    found = differences(needed, kept["content"], families=True)
    told = [lost(each) for each in found if each.what not in _FORGOTTEN]
    return told + [
        tr("WeChat keeps {key} as {kept!r}, not {sent!r}", key=name, kept=kept[name], sent=sent[name])
        for name in _FIELDS
        if sent[name] and sent[name] != kept[name]
    ]


def _texts(given: object) -> dict[str, str]:
    values = given if isinstance(given, dict) else {}
    return {name: str(values.get(name) or "") for name in (*_FIELDS, "content")}
