"""The form of every document that `--json` prints, as JSON Schema (draft 2020-12): the one place where it is described.

`wxpub --schema` prints it, docs/json.md is made from it, and the tests hold every command to it. A new field may come
with any version; where one goes or means something else, `answer.SCHEMA` counts up.
"""

from __future__ import annotations

from typing import Any

from wxpub.cli.answer import KINDS, SCHEMA
from wxpub.finding import KINDS as RULE_KINDS

Schema = dict[str, Any]

# Commands without a document: what they say on stdout is a protocol of its own.
SPEAKING = frozenset({"mcp"})


# --- the notation -----------------------------------------------------------------------------------------------------


def text(what: str, *values: str) -> Schema:
    """Describe a text, or one of `values`."""
    return {"type": "string", "description": what, **({"enum": list(values)} if values else {})}


def number(what: str) -> Schema:
    """Describe a whole number."""
    return {"type": "integer", "description": what}


def switch(what: str) -> Schema:
    """Describe true or false."""
    return {"type": "boolean", "description": what}


def record(what: str, **fields: Schema) -> Schema:
    """Describe an object that has all of `fields`, each time; more may come with a later version."""
    return {"type": "object", "description": what, "properties": fields, "required": list(fields)}


def several(what: str, each: Schema) -> Schema:
    """Describe a list."""
    return {"type": "array", "description": what, "items": each}


def maybe(found: Schema) -> Schema:
    """Describe what may be null."""
    if "$ref" in found:
        return {"anyOf": [found, {"type": "null"}]}
    return found | {"type": [found["type"], "null"]}


def either(*forms: Schema) -> Schema:
    """Describe what has one of several forms."""
    return {"anyOf": list(forms)}


# --- what all documents have ------------------------------------------------------------------------------------------

FINDING = record(
    "One thing that an editor should know about a file.",
    rule=text("the rule that is broken; `wxpub check --explain RULE` says more"),
    severity=text("an error stops a push", "error", "warning", "info"),
    message=text("what is wrong, in the user's language"),
    path=maybe(text("the file, as it was named")),
    line=maybe(number("its line, from 1")),
    fix=text("what to do about it; may be empty"),
)

ERROR = record(
    "What stopped the command.",
    kind=text("what kind of error it is", *KINDS.values()),
    message=text("what happened, in the user's language"),
    hint=text("what to do about it; may be empty"),
    path=maybe(text("the file that it is about")),
    line=maybe(number("its line, from 1")),
    endpoint=maybe(text("the call of WeChat's API that failed")),
    errcode=maybe(number("WeChat's error number")),
    rid=maybe(text("what WeChat's support asks for")),
)

_FINDING: Schema = {"$ref": "#/$defs/finding"}
_ERROR: Schema = {"$ref": "#/$defs/error"}

# --- what each command answers ----------------------------------------------------------------------------------------

_COUNTED = record("A part and its characters.", name=text("the part"), characters=number("its characters"))
_PLACE = record("An issue and its address.", name=text("the issue's name in the ledger"), url=text("its permalink"))
_MATCHED = record(
    "An issue and the address that was found for it.",
    name=text("the issue's name in the ledger"),
    url=text("its permalink"),
    by=text("by what it was found", "file", "title", "number", "date", "similar title"),
)
_DRAFTED = record(
    "An article of a draft.",
    title=text("its title"),
    newspic=switch("whether it is a 贴图"),
    file=maybe(text("the issue that was pushed to it from here")),
)
_PERMISSION = record(
    "What a folder's wxpub.toml is allowed.",
    folder=text("the folder"),
    wishes=several("what it is allowed", text("key and value")),
)

RESULTS: dict[str, Schema] = {
    "init": record(
        "A newsletter's folder.",
        folder=text("where it is"),
        name=text("what the newsletter is called"),
        issues=number("issues that were there before"),
        written=several("what was written, or got lines", text("a file")),
        kept=several("what stays as it is", text("a file")),
    ),
    "add": record(
        "Links that were found.",
        inbox=text("the file that they wait in"),
        links=several(
            "each link, in the order in which they were given",
            record(
                "A link.",
                url=text("its lasting address"),
                title=text("its title; may be empty"),
                site=text("the site or the account that it is from; may be empty"),
                date=text("the day on which it appeared; may be empty"),
                section=text("the section of the inbox that it was added to; may be empty"),
                state=text("what became of it", "added", "waiting", "sent"),
                before=maybe(
                    record(
                        "Where it was sent before.",
                        path=text("the issue"),
                        line=number("its line, from 1"),
                        date=text("the issue's day; may be empty"),
                        number=maybe(number("the issue's number")),
                        same=switch("whether the address is the same, and not only the title"),
                    )
                ),
                fault=text("why no more is known than the address; may be empty"),
            ),
        ),
    ),
    "new": record(
        "The next issue.",
        path=text("its file"),
        title=text("its title"),
        date=text("the day on which it appears"),
        number=maybe(number("its number")),
        items=number("items of the inbox that are in it"),
        left=number("items that stay in the inbox"),
        unlisted=text("why the list of back issues is not complete; may be empty"),
        text=maybe(text("with `--dry-run`: what the file would hold")),
    ),
    "convert": record(
        "The files that were converted.",
        files=several(
            "each file, in the order in which they were named",
            record(
                "What became of one file.",
                path=text("the file, as it was named"),
                page=maybe(text("where its page was written")),
                article=maybe(
                    record(
                        "The article.",
                        title=text("its title"),
                        author=text("its author"),
                        digest=text("its digest"),
                        source_url=text("what 阅读原文 opens"),
                        html=text("the article's HTML, images at their sources"),
                        characters=number("length of the HTML"),
                        bytes=number("length of the HTML in UTF-8"),
                        outline=several(
                            "its headings",
                            record(
                                "A heading.",
                                level=number("1 to 6"),
                                text=text("its words"),
                                line=maybe(number("its line, from 1")),
                            ),
                        ),
                        notes=several(
                            "the list of links at its end",
                            record(
                                "A note.", number=number("its number"), text=text("its words"), url=text("its address")
                            ),
                        ),
                        images=several(
                            "its pictures",
                            record(
                                "A picture.",
                                src=text("where it is"),
                                alt=text("what it shows"),
                                line=maybe(number("its line, from 1")),
                                file=text("the block in which it stands; empty for the issue itself"),
                            ),
                        ),
                    )
                ),
                error=maybe(_ERROR),
            ),
        ),
    ),
    "preview": record("Where the preview is; the command goes on until it is stopped.", url=text("its address")),
    "check": either(
        record(
            "The files that were checked.",
            files=several(
                "each file",
                record(
                    "What was measured of one file.",
                    path=text("the file, as it was named"),
                    size=maybe(
                        record(
                            "Where the characters go; null where the file cannot be read.",
                            characters=number("length of the HTML"),
                            bytes=number("length of the HTML in UTF-8"),
                            kinds=several("by kind: text, style, address, attribute, tag", _COUNTED),
                            sections=several("by section, named by its heading", _COUNTED),
                            properties=several("by property of CSS", _COUNTED),
                        )
                    ),
                ),
            ),
            counts=record(
                "How many findings there are, by severity.",
                error=number("errors"),
                warning=number("warnings"),
                info=number("infos"),
            ),
        ),
        record(
            "With `--explain`: rules.",
            rules=several(
                "each rule",
                record(
                    "A rule.",
                    rule=text("its name"),
                    severity=text("an error stops a push", "error", "warning", "info"),
                    kind=text("what it is about", *RULE_KINDS),
                    message=text("what goes wrong"),
                    fix=text("what to do about it; may be empty"),
                    reader=text("what readers see of it"),
                    can_ignore=switch("whether `[check] ignore` may name it"),
                ),
            ),
        ),
    ),
    "push": either(
        record(
            "The draft.",
            action=text("what was done", "created", "updated", "unchanged", "published", "failed"),
            reason=text("why; may be empty"),
            account=text("the account's name in the ledger"),
            media_id=text("the draft's number"),
            url=text("WeChat's temporary link to it, or the permalink; may be empty"),
            articles=several(
                "the articles that were pushed",
                record(
                    "An article.",
                    path=text("its file"),
                    title=text("its title"),
                    index=number("its place in the draft, from 0"),
                    changed=switch("whether it was sent"),
                    characters=number("length of its HTML as WeChat keeps it"),
                ),
            ),
            images=record(
                "Its pictures, the cover too.", uploaded=number("uploaded now"), reused=number("there before")
            ),
        ),
        record(
            "With `--dry-run`: what would be done.",
            action=text("what a push would do", "create", "update", "nothing", "published"),
            reason=text("why; may be empty"),
            uploads=number("pictures to upload"),
            changed=several("the files whose articles would be sent", text("a file")),
            replaces=several("the drafts that would be deleted", text("a draft's number")),
            fingerprint=text("what `--expect` takes: it stands for exactly this push"),
        ),
    ),
    "publish": either(
        record("What is published.", published=several("each article that is an issue of ours", _PLACE)),
        record(
            "With `--dry-run`, where nothing is published yet: what would become public.",
            titles=several("the articles", text("a title")),
            fingerprint=text("what `--expect` takes: it stands for exactly these articles"),
        ),
    ),
    "remarks": record(
        "What colleagues remarked; each remark is one of the findings.",
        path=text("the file"),
        remarks=number("how many there are"),
    ),
    "pull": record(
        "What was edited in the draft; what has no place in the Markdown is among the findings.",
        path=text("the file"),
        diff=text("the change of the file as a unified diff; empty for none"),
        written=switch("whether it was written"),
    ),
    "drafts list": record(
        "The draft box.",
        drafts=several(
            "each draft, the latest first",
            record(
                "A draft.",
                media_id=text("its number"),
                updated=text("when, in local time; may be empty"),
                articles=several("its articles", _DRAFTED),
            ),
        ),
    ),
    "drafts show": record(
        "A draft as WeChat keeps it.",
        media_id=text("its number"),
        articles=several("each article, with the fields that WeChat's API has", {"type": "object"}),
    ),
    "drafts delete": record("What is gone.", deleted=several("each draft", text("its number"))),
    "index list": record("What is published.", published=several("each issue", _PLACE)),
    "index add": _PLACE,
    "index rebuild": record(
        "What the account holds of the ledger's.",
        found=several("what was found, in words", text("a line")),
        kept=maybe(text("a copy of the ledger as it was")),
    ),
    "index import": record(
        "What a list says, and what became of it.",
        recorded=several("what is recorded, or would be with --write", _MATCHED),
        kept=several("issues of which another address is recorded, which stays", _MATCHED),
        same=number("how many are recorded already"),
        left=several(
            "what fits no issue, or several",
            record(
                "An address.",
                name=text("what the list calls it"),
                url=text("where it leads"),
                reason=text("why it is left"),
            ),
        ),
        written=switch("whether the ledger was written"),
    ),
    "index check": record(
        "What was looked at.",
        issues=number("how many issues the letter has"),
        published=number("how many of them are recorded as published"),
    ),
    "index move": record("The issue's names.", before=text("the old one"), after=text("the new one")),
    "index table": record(
        "The lists of back issues.",
        files=several(
            "each issue",
            record(
                "One issue.",
                path=text("its file"),
                added=several("what its list lacked", text("an issue's name in the ledger")),
            ),
        ),
        written=switch("whether the files were written"),
    ),
    "cards": record(
        "Cards to swipe through.",
        folder=text("where they were written"),
        cards=several("the pictures, in order", text("a file")),
        text=text("what stands below them in a 贴图"),
    ),
    "cover": record("The cover.", path=text("where it was written"), remark=text("what it lacks; empty as a rule")),
    "site": record(
        "The site that was written.",
        folder=text("where, as it was named"),
        address=text("where it will be on the web; empty if that is not known"),
        pages=number("pages of issues that the site has"),
        made=several("the issues whose pages were made anew", text("its path in the project")),
        written=several("the files that were written", text("its path in the folder")),
        removed=several("the files that were removed", text("its path in the folder")),
        left=several("files that the site no longer has, and that somebody changed", text("its path in the folder")),
        drafts=several("the issues that are drafts, and left out", text("its path in the project")),
        failed=several(
            "the issues that could not be read",
            record("An issue.", name=text("its path in the project"), reason=text("what is wrong")),
        ),
    ),
    "themes": record(
        "The themes.",
        themes=several(
            "each theme",
            record(
                "A theme.",
                name=text("its name"),
                title=text("its name in Chinese"),
                description=text("what it is for"),
                variables={
                    "type": "object",
                    "description": "what can be set, and its value",
                    "additionalProperties": {"type": "string"},
                },
            ),
        ),
        page=maybe(text("the page that shows an issue in all of them")),
    ),
    "sandbox": record(
        "The local WeChat; the command goes on until it is stopped.",
        url=text("its address"),
        appid=text("its AppID"),
        secret=text("its AppSecret, which is good for nothing else"),
        db=maybe(text("the file that it remembers in")),
    ),
    "relay": record(
        "The relay; the command goes on until it is stopped.",
        url=maybe(text("where it listens")),
        server=maybe(text("where calls go")),
        key=maybe(text("a new key, with `--make-key`, which does nothing else")),
    ),
    "trust": record(
        "Permissions.",
        allowed=several("what is allowed now, or with `--list` all that is", _PERMISSION),
        revoked=several("what is no longer allowed", text("key and value")),
    ),
    "doctor": record(
        "What was looked at.",
        checks=several(
            "each thing",
            record(
                "One thing.",
                name=text("what it is, in the user's language"),
                state=text("whether it works; an info is neither", "ok", "failed", "info"),
                message=text("what was seen"),
                fix=text("what to do about it; may be empty"),
            ),
        ),
    ),
}


def envelope(result: Schema) -> Schema:
    """Describe the document of a command with this result, and what it refers to."""
    return record(
        "What a command answers.",
        wxpub=record(
            "What answers.",
            version=text("the version of wxpub"),
            schema={"const": SCHEMA, "description": "the version of this form"},
        ),
        command=text("the command; empty where there is none of that name"),
        ok=switch("whether the exit code is 0"),
        exit_code={"enum": [0, 1, 2, 130], "description": "0 done, 1 refused, 2 wrong usage, 130 after Ctrl-C"},
        result=result,
        findings=several("what there is to know about the files, each finding by itself", _FINDING),
        error=maybe(_ERROR),
    ) | {"$defs": {"finding": FINDING, "error": ERROR}}


def of(command: str) -> Schema:
    """Describe the document of one command."""
    return envelope(either(RESULTS[command], {"type": "null"}))


def schema() -> Schema:
    """Describe every document: which result it has, its `command` says."""
    found = envelope({"description": "what the command answers, if it came to that"})
    results = {name.replace(" ", "-"): result for name, result in RESULTS.items()}
    cases = [
        {
            "if": {"properties": {"command": {"const": name}}},
            "then": {
                "properties": {"result": {"anyOf": [{"$ref": f"#/$defs/{name.replace(' ', '-')}"}, {"type": "null"}]}}
            },
        }
        for name in RESULTS
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "wxpub --json",
        **found,
        "allOf": cases,
        "$defs": {**found["$defs"], **results},
    }
