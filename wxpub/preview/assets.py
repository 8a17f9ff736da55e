"""The files that the preview is made of: names in, text out; reads only what is shipped with the package."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

_IMPORT = re.compile(r'^import\s[^"]*"\./([\w-]+\.js)";\n', re.MULTILINE)


def read(name: str) -> str:
    """Read a shipped file, for example `static/preview.css`."""
    return files(__package__).joinpath(*name.split("/")).read_text(encoding="utf-8")


def fill(name: str, **slots: str) -> str:
    """Fill the slots `{{name}}` of a template; the caller escapes what is no HTML."""
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: slots[slot[1]], read(f"templates/{name}"))


def frame() -> str:
    """Give the document that the phone shows: WeChat's style sheet, and empty places that the page's script fills."""
    return fill("frame.html", style=read("static/wechat.css"))


def script(entry: str) -> str:
    """Join a module with everything it imports into one script, since a page opened from a file can load no modules.

    Modules of the preview share no top-level names, import each other by `./name.js` and rename nothing.
    """
    done: dict[str, str] = {}

    def add(name: str) -> None:
        if name in done:
            return
        text = read(f"static/{name}")
        done[name] = ""  # before its imports: they may import each other
        for imported in _IMPORT.findall(text):
            add(imported)
        del done[name]
        done[name] = re.sub(r"^export ", "", _IMPORT.sub("", text), flags=re.MULTILINE)

    add(entry)
    return '"use strict";\n(() => {\n' + "\n".join(done.values()) + "})();\n"


def source_hash(text: str) -> str:
    """Name an inline script for a Content-Security-Policy, so that it runs and nothing else does."""
    return "'sha256-" + b64encode(sha256(text.encode()).digest()).decode() + "'"


def names() -> frozenset[str]:
    """List the files that a page may ask for."""
    return frozenset(each.name for each in files(__package__).joinpath("static").iterdir())
