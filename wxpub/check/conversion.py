"""Rules whose findings other rooms make, of conversion and of a push, so that each can be explained; finds nothing."""

from __future__ import annotations

from wxpub.finding import Kind, Rule, Severity


def _rule(id: str, message: str, fix: str, severity: Severity = "warning", kind: Kind = "conversion") -> Rule:
    return Rule(id, severity, message, fix, kind)


RULES = (
    _rule("file-unreadable", "the file cannot be read as an issue", "do what the message says", "error"),
    # links
    _rule("link-empty", "a link has no address, so it is left as text", "give it one, or make it plain text"),
    _rule(
        "link-expires",
        "a link copied from WeChat's search or a preview dies within hours, so it is left as text",
        "open it, and copy the article's permanent address (…/s/…)",
    ),
    _rule("link-unsafe", "a javascript:, data: or similar address is no link that WeChat keeps", "make it plain text"),
    _rule("link-file", "readers do not have the linked file, so it is left as text", "link to its address on the web"),
    _rule(
        "back-issue-unknown",
        "back issues that have no published address yet are left as text",
        "record where they were published: wxpub index add FILE URL",
    ),
    # page
    _rule("title-shortened", "the heading is longer than a title may be", 'choose a short one with "title:"'),
    # push
    _rule("image", "an image cannot be sent as it is", "do what the message says", kind="push"),
    _rule("cover", "the cover cannot be sent as it is", "do what the message says", kind="push"),
    _rule(
        "stored", "WeChat stored something else than was sent", "look at the draft; push again with --new", kind="push"
    ),
)
