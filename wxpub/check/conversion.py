"""Rules whose findings are made while an issue is converted, so that each can be explained; finds nothing itself."""

from __future__ import annotations

from wxpub.check.rule import Rule

RULES = (
    Rule("file-unreadable", "error", "the file cannot be read as an issue", "see the message", "conversion"),
    Rule(
        "nesting",
        "warning",
        "quotes or lists are nested too deeply; what is further inside stays text",
        "nest less",
        "conversion",
    ),
    Rule(
        "link-empty",
        "warning",
        "a link has no address, so it is left as text",
        "give it one, or make it plain text",
        "conversion",
    ),
    Rule(
        "link-expires",
        "warning",
        "a link copied from WeChat's search or a preview dies within hours, so it is left as text",
        "open it, and copy the article's permanent address (…/s/…)",
        "conversion",
    ),
    Rule(
        "link-unsafe",
        "warning",
        "a javascript:, data: or similar address is no link that WeChat keeps",
        "make it plain text",
        "conversion",
    ),
    Rule(
        "link-file",
        "warning",
        "readers do not have the linked file, so the link is left as text",
        "link to its address on the web",
        "conversion",
    ),
    Rule(
        "back-issue-unknown",
        "warning",
        "back issues that have no published address yet are left as text",
        "record where they were published: wxpub index add FILE URL",
        "conversion",
    ),
)
