"""What an article is finished for, as a value that every stage of its making receives; another reader is another value.

links.resolve    which links stay links, and whether the others get a number and a list
checks           which rules on article HTML apply
conform.finish   whether the ends are guarded and text styles repeated, as WeChat's web editor needs it
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A way to a reader.

    `live_links`: every link outside stays a link, as in a mail or on a web page; WeChat keeps those to its own articles
    alone. `notes`: a link that dies becomes its text and a number, and a list at the end has the addresses. `guards`:
    the web editor may lose the root and the first and last block, and drops a space alone between two tags, so text
    styles stand on every top-level block and paragraphs that can be lost stand at both ends. `channel` is the letter by
    which `checks/rules.jsonl` calls the way into WeChat: "D" the draft API, "P" pasting, "" neither.
    """

    name: str
    live_links: bool = False
    notes: bool = True
    guards: bool = False
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """What an image of the source becomes: where it is served from, and its size in pixels (0 if unknown)."""

    url: str
    width: int = 0
    height: int = 0


API = Target("api", channel="D")
PASTE = Target("paste", guards=True, channel="P")
TARGETS = {each.name: each for each in (API, PASTE)}
