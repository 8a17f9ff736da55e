"""The system's clipboard: an article as HTML and as text in, nothing out; knows each system's tools, and no browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping

from wxpub.errors import ConfigError

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
    """Choose the tool of this system; the Windows around a Linux is reached by its own."""
    choices = {"darwin": ["osascript"], "win32": ["powershell.exe"]}.get(sys.platform)
    if choices is None:
        choices = [
            *(["wl-copy"] if env.get("WAYLAND_DISPLAY") else []),
            *(["xclip"] if env.get("DISPLAY") else []),
            *(["powershell.exe"] if env.get("WSL_DISTRO_NAME") else []),
        ]
    for name in choices:
        if shutil.which(name, path=env.get("PATH")):
            return name
    hint = "install wl-clipboard or xclip" if choices else "there is no desktop here"
    raise ConfigError(
        "no tool for the clipboard was found", hint=f"{hint}; or open the page (--open) and click 复制文章 in it"
    )


def _run(command: list[str], given: bytes) -> None:
    # wl-copy and xclip stay in the background and serve the clipboard: with our pipes open, `run` would wait for them.
    try:
        subprocess.run(  # noqa: S603  the commands are those above
            command, input=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        what = f"exit code {error.returncode}" if isinstance(error, subprocess.CalledProcessError) else str(error)
        hint = "open the page (--open) and click 复制文章 in it"
        raise ConfigError(f"{command[0]} could not take the article: {what}", hint=hint) from None


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
