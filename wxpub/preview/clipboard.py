"""What a paste gets: an article's HTML in, readable text out, and both on the system's clipboard; knows no browser."""

from __future__ import annotations

import json
import os
import re
import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wxpub import safe
from wxpub.errors import ConfigError
from wxpub.language import tr

if TYPE_CHECKING:
    from lxml.html import HtmlElement

PATIENCE = 20  # seconds; PowerShell alone takes some to start

# JavaScript for Automation, which is a part of macOS; reads what to copy from its standard input.
_MACOS = """
ObjC.import("AppKit");
const data = $.NSFileHandle.fileHandleWithStandardInput.readDataToEndOfFile;
const given = JSON.parse(ObjC.unwrap($.NSString.alloc.initWithDataEncoding(data, $.NSUTF8StringEncoding)));
const board = $.NSPasteboard.generalPasteboard;
board.clearContents;
board.setStringForType(given.html, "public.html");
board.setStringForType(given.text, "public.utf8-plain-text");
"""
# Windows PowerShell; the input is ASCII, since its console has an encoding of its own.
_WINDOWS = """
Add-Type -AssemblyName System.Windows.Forms
$given = [Console]::In.ReadToEnd() | ConvertFrom-Json
$html = New-Object IO.MemoryStream (, [Convert]::FromBase64String($given.html))
$text = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($given.text))
$data = New-Object Windows.Forms.DataObject
$data.SetData('HTML Format', $html)
$data.SetData('UnicodeText', $text)
[Windows.Forms.Clipboard]::SetDataObject($data, $true)
"""
_POWERSHELL = ("-NoProfile", "-NonInteractive", "-STA", "-Command", _WINDOWS)


def copy_html(html: str, text: str, env: Mapping[str, str] = os.environ) -> None:
    """Put `html` on the clipboard, to be pasted into the web editor; where the system takes two forms, `text` as well.

    The tools of Linux (wl-copy, xclip) take one form only. Raises ConfigError where there is no tool or it fails.
    """
    tool = _tool(env)
    if tool == "osascript":
        _run([tool, "-l", "JavaScript", "-e", _MACOS], json.dumps({"html": html, "text": text}).encode())
    elif tool == "powershell.exe":
        given = {"html": b64encode(cf_html(html)).decode(), "text": b64encode(text.encode()).decode()}
        _run([tool, *_POWERSHELL], json.dumps(given).encode())
    elif tool == "wl-copy":
        _run([tool, "--type", "text/html"], html.encode())
    else:
        _run([tool, "-selection", "clipboard", "-t", "text/html"], html.encode())


def _tool(env: Mapping[str, str]) -> str:
    """Choose the tool of this system; on Linux inside Windows, that of Windows."""
    choices = {"darwin": ["osascript"], "win32": ["powershell.exe"]}.get(sys.platform)
    if choices is None:
        choices = [
            *(["wl-copy"] if env.get("WAYLAND_DISPLAY") else []),
            *(["xclip"] if env.get("DISPLAY") else []),
            *(["powershell.exe"] if env.get("WSL_DISTRO_NAME") else []),
        ]
    import shutil  # needed by a copy only, as subprocess is; every page asks this room for its text

    for name in choices:
        if shutil.which(name, path=env.get("PATH")):
            return name
    if choices:
        hint = tr("install wl-clipboard or xclip; or open the page (--open) and click Copy article in it")
        raise ConfigError(tr("no tool for the clipboard was found"), hint=hint)
    hint = tr("open the page in the browser of a computer and click Copy article in it")
    raise ConfigError(tr("there is no desktop here, and so no clipboard"), hint=hint)


def _run(command: list[str], given: bytes) -> None:
    import subprocess

    # wl-copy and xclip stay in the background and serve the clipboard: with our pipes open, `run` would wait for them.
    try:
        subprocess.run(  # noqa: S603  the commands are those above
            command,
            input=given,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=True,
            env=safe.environment(),
        )
    except (OSError, subprocess.SubprocessError) as error:
        if isinstance(error, subprocess.CalledProcessError):
            why = tr("exit code {code}", code=error.returncode)
        elif isinstance(error, subprocess.TimeoutExpired):
            why = tr("no end in {seconds} seconds", seconds=PATIENCE)
        else:
            why = str(error)
        hint = tr("open the page (--open) and click Copy article in it")
        said = tr("{program} could not take the article: {reason}", program=command[0], reason=why)
        raise ConfigError(said, hint=hint) from None


def cf_html(html: str) -> bytes:
    """Frame `html` as Windows' clipboard wants it, after a header of byte offsets.

    Source: learn.microsoft.com, HTML Clipboard Format.
    """
    head = "Version:0.9\r\nStartHTML:{:010d}\r\nEndHTML:{:010d}\r\nStartFragment:{:010d}\r\nEndFragment:{:010d}\r\n"
    opening, closing = b"<html><body><!--StartFragment-->", b"<!--EndFragment--></body></html>"
    fragment = html.encode()
    start = len(head.format(0, 0, 0, 0))
    inner = start + len(opening)
    end = inner + len(fragment)
    return head.format(start, end + len(closing), inner, end).encode() + opening + fragment + closing


# --- an article as plain text -----------------------------------------------------------------------------------------

_LINES = {"section", "div", "li", "tr", "p"}  # begin on a line of their own
_PARAGRAPHS = {"h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "pre", "table", "hr"}  # after an empty one


def plain_text(html: str) -> str:
    """Write `html` as readable text.

    A line per block, an empty one between paragraphs, items with their marks, tabs between cells, images as `[alt]`,
    addresses behind the links that are live.
    """
    from lxml.html import fragment_fromstring

    writer = _Writer()
    writer.visit(fragment_fromstring(html, create_parent="section"))
    return writer.text() + "\n"


@dataclass(slots=True)
class _Writer:
    """Collects text. Blocks ask for line breaks before and after themselves; of two wishes the larger counts, once."""

    parts: list[str] = field(default_factory=list)
    breaks: int = 0
    marked: bool = False  # right after an item's mark, where its first block goes on in the same line

    def text(self) -> str:
        lines = "".join(self.parts).replace("\u00a0", " ")
        return re.sub(r" +\n", "\n", lines).strip("\n ")

    def write(self, text: str, *, always: bool = False) -> None:
        if not text and not always:
            return
        if self.parts:
            self.parts.append("\n" * self.breaks)
        self.parts.append(text)
        self.breaks, self.marked = 0, False

    def part(self, breaks: int) -> None:
        if not self.marked:
            self.breaks = max(self.breaks, breaks)

    def visit(self, element: HtmlElement) -> None:
        tag = element.tag
        if not isinstance(tag, str):  # a comment
            return
        breaks = 2 if _is_paragraph(element) else 1 if tag in _LINES else 0
        self.part(breaks)
        if tag == "br":
            last = element.getnext() is None and not element.tail
            self.write("" if last else "\n", always=True)  # at a block's end it only keeps an empty line open
        elif tag == "img":
            self.write(f"[{element.get('alt') or '图片'}]")
        elif tag == "tr":
            self.write("\t".join(_cell(cell) for cell in element))
        else:
            if tag == "li":
                self.write(_mark(element))
                self.marked = True
            self.inside(element)
            if tag == "a" and (address := element.get("href", "")) not in element.text_content():
                self.write(f"（{address}）")
            self.marked = False
        self.part(breaks)

    def inside(self, element: HtmlElement) -> None:
        self.write(element.text or "")
        for child in element:
            self.visit(child)
            self.write(child.tail or "")


def _is_paragraph(element: HtmlElement) -> bool:
    """Whether there is space around a block. WeChat's page gives `p` none, so its own style decides."""
    if element.tag != "p":
        return element.tag in _PARAGRAPHS
    return re.search(r"margin:(?!0(;|$))", element.get("style", "")) is not None


def _cell(cell: HtmlElement) -> str:
    writer = _Writer()
    writer.inside(cell)
    return " ".join(writer.text().split())


def _mark(item: HtmlElement) -> str:
    parent = item.getparent()
    if parent is None or parent.tag != "ol":
        return "• "
    start = int(parent.get("start") or 1)
    return f"{start + len(list(item.itersiblings('li', preceding=True)))}. "
