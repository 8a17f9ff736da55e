"""What an article is finished for, as a value that every stage of its making receives; another reader is another value.

links.resolve    which links stay links, and whether the others get a number and a list
page.compose     whether WeChat's limits hold for the title
checks           which rules on article HTML apply
conform.finish   whether the ends are guarded and text styles repeated, as WeChat's web editor needs it
"""

from __future__ import annotations

from typing import NamedTuple


class Target(NamedTuple):
    """A way to a reader.

    `live_links`: every link outside stays a link, as in a mail or on a web page; WeChat keeps those to its own articles
    alone. `anchors`: so does one to a heading of the same page. `wechat`: the reader is inside WeChat, whose limits
    hold, and gets what is written for WeChat alone; all others get what is written for elsewhere. `notes`: a link that
    dies becomes its text and a number, and a list at the end has the addresses. `guards`: the web editor may lose the
    root and the first and last block, and drops a space alone between two tags, so text styles stand on every top-level
    block and paragraphs that can be lost stand at both ends. `channel` is what `checks/rules.jsonl` calls the
    way into WeChat: "D" the draft API, "P" pasting, "" neither. `plain`: no article but pictures and a
    plain text, in which every link is written out.
    """

    name: str
    live_links: bool = False
    anchors: bool = False
    wechat: bool = True
    notes: bool = True
    guards: bool = False
    channel: str = ""
    plain: bool = False

    @property
    def layout(self) -> tuple[bool, ...]:
        """What an article is laid out by; targets that are alike in it share one layout."""
        return self.live_links, self.anchors, self.wechat, self.notes, self.plain


class Placed(NamedTuple):
    """What an image of the source becomes: where it is served from, and its size in pixels (0 if unknown)."""

    url: str
    width: int = 0
    height: int = 0


API = Target("api", channel="D")
PASTE = Target("paste", guards=True, channel="P")
EMAIL = Target("email", live_links=True, wechat=False)
WEB = Target("web", live_links=True, anchors=True, wechat=False)
NEWSPIC = Target("newspic", live_links=True, plain=True)  # for issues that are a 贴图, by every way into WeChat
TARGETS = {each.name: each for each in (API, PASTE, EMAIL, WEB)}
CHANNELS = {name: each for name, each in TARGETS.items() if each.channel}  # the ways into WeChat
