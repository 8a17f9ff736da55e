"""What an assistant may do with a newsletter: a tool's name and arguments in, the document of a command out.

    agents = Agents([Path("letter")])
    reply = await agents.call("check", {"files": ["issues/2026-11-20.md"]})

Every tool is a command line with `--json`, run in a process of its own: whatever holds for the command line holds here,
`wxpub trust` included. What an assistant must not do is no tool: no draft is deleted, nothing is allowed, no account is
chosen. Files are those of the folders that the user named. What goes to WeChat was shown before: a plan gives a token
that is good once, for these files as they are, for a few minutes.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wxpub import article, config, language, safe, theme
from wxpub.errors import ConfigError, ConflictError, SourceError, WxpubError
from wxpub.images.fit import part
from wxpub.language import tr
from wxpub.preview import pages, picture

GOOD_FOR = 600.0  # seconds that a token is good: time to read a plan, not to forget it
SECONDS = 900.0  # for a command; WeChat takes up to ten minutes to publish
DRAWN = 60.0  # seconds, for a picture
PART = 2000  # rows of a picture that are shown at once: more than a screen, less than an assistant makes smaller

Json = dict[str, Any]
Words = list[str]
# Runs a command line in a folder, for so many seconds at most, and gives what it printed on stdout.
Run = Callable[[Words, Path, Mapping[str, str], float], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One thing that an assistant can do.

    `words` make the command line of checked arguments; `command` is the command whose document is the answer.
    `plans` names the tool that this one is the dry run of, and that its token is for; `writes` and `outside` say what
    it changes, here and at WeChat; `asks` that it asks servers of others, `draws` that its answer is a picture.
    """

    name: str
    about: str
    command: str
    words: Callable[[Agents, Json], tuple[Path, Words]]
    fields: Mapping[str, Json] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    plans: str = ""
    writes: bool = False
    outside: bool = False
    asks: bool = False
    draws: bool = False

    @property
    def takes(self) -> Json:
        """The JSON Schema of its arguments."""
        return {
            "type": "object",
            "properties": dict(self.fields),
            "required": list(self.needed),
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True)
class Reply:
    """What a tool answers: the command's document, the same in words where it failed, and a PNG where it draws."""

    document: Json
    failed: bool = False
    picture: bytes = field(default=b"", repr=False)

    @property
    def text(self) -> str:
        """What an assistant reads: the document, or what went wrong and what to do."""
        if not self.failed:
            return json.dumps(self.document, ensure_ascii=False)
        error = self.document["error"] or {"message": "", "hint": ""}
        told = [
            f"{each['path']}:{each['line']}: {each['message']}; {each['fix']} [{each['rule']}]"
            for each in self.document["findings"]
            if each["severity"] == "error"
        ]
        return "\n".join(filter(None, (error["message"], error["hint"], *told)))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What was shown: the tool that may do it, on which arguments, with which fingerprint, until when."""

    tool: str
    arguments: str
    fingerprint: str
    until: float


class Agents:
    """Runs the tools in the newsletters of `roots`, with one account, for as long as an assistant is connected.

    `account` and `sandbox` are the user's choice, as on the command line. Raises ConfigError for a root that is no
    newsletter: without `wxpub.toml` or a Git repository there, pictures and settings could be those of folders above.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        run: Run,
        *,
        account: str = "",
        sandbox: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.roots = tuple(root.resolve() for root in roots)
        for root in self.roots:
            if not (root / config.FILE_NAME).is_file() and not (root / ".git").exists():
                hint = tr("`wxpub init` makes it one, and so does an empty wxpub.toml")
                raise ConfigError(tr("is not the folder of a newsletter"), root, hint)
        self.whom: Words = [*(["--account", account] if account else []), *(["--sandbox"] if sandbox else [])]
        self._run, self._clock = run, clock
        self._plans: dict[str, _Plan] = {}

    async def call(self, name: str, arguments: Json) -> Reply:
        """Run a tool. Raises WxpubError where the arguments cannot be had; what a command refuses is in the reply."""
        tool = next((each for each in TOOLS if each.name == name), None)
        if tool is None:
            raise WxpubError(tr("there is no tool {name}", name=name))
        given = dict(arguments)
        token = given.pop(TOKEN, "")
        fingerprint = self._confirmed(tool, given, token) if TOKEN in tool.fields else ""
        folder, words = tool.words(self, given)
        if tool.plans:
            words = ["--dry-run", *words]
        if fingerprint:
            words = ["--expect", fingerprint, *words]
        if tool.draws:
            return await self._drawn(tool, folder, words, given)
        return await self._answer(tool, folder, words, given)

    async def _answer(self, tool: Tool, folder: Path, words: Words, given: Json) -> Reply:
        env = {**os.environ, language.VARIABLE: language.current()}
        try:
            printed = await self._run(command([*tool.command.split(), "--json", *words]), folder, env, SECONDS)
        except ValueError:  # a zero byte, or half a character
            raise WxpubError(tr("an argument holds a character that no text has")) from None
        try:
            document = json.loads(printed)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise WxpubError(tr("wxpub {command} gave no answer", command=tool.command))
        result = document["result"] or {}
        if tool.plans and "fingerprint" in result and result.get("action") not in _IDLE:
            document[TOKEN] = self._shown(tool.plans, given, result["fingerprint"])
        return Reply(_short(document), bool(document["error"]) or (tool.outside and not document["ok"]))

    async def _drawn(self, tool: Tool, folder: Path, words: Words, given: Json) -> Reply:
        """Write a page in a folder of its own, and let a browser draw it, which is given no secret."""
        with TemporaryDirectory(prefix="wxpub-") as name:
            page = Path(name) / "page.html"
            target = page.with_suffix(".png")
            drawing = picture.command(page, target, dark=given.get("dark", False))
            reply = await self._answer(tool, folder, ["--format", "web", "-o", str(page), *words], given)
            if reply.failed:
                return reply
            page.write_text(picture.closed(page.read_text(encoding="utf-8")), encoding="utf-8")
            await self._run(drawing, page.parent, safe.environment(), DRAWN)
            if not target.is_file():
                raise WxpubError(tr("the browser {name} drew nothing", name=drawing[0]))
            data, parts = part(target.read_bytes(), PART, given.get("part", 1))
        reply.document["result"]["files"][0]["page"] = None
        return Reply({**reply.document, PARTS: parts}, picture=data)

    # --- what was shown -----------------------------------------------------------------------------------------------

    def _shown(self, tool: str, arguments: Json, fingerprint: str) -> str:
        """Keep what was shown, and give the token for it."""
        now = self._clock()
        self._plans = {token: plan for token, plan in self._plans.items() if plan.until > now}
        token = secrets.token_urlsafe(16)
        self._plans[token] = _Plan(tool, _plain(arguments), fingerprint, now + GOOD_FOR)
        return token

    def _confirmed(self, tool: Tool, arguments: Json, token: str) -> str:
        """Give the fingerprint of what was shown for this very call; the token is used up by it, whatever follows."""
        plan = self._plans.pop(token, None)
        first = f"plan_{tool.name}"
        hint = tr("call {tool} first, show its answer to the user, and pass its confirmation on", tool=first)
        if plan is None:
            raise ConflictError(tr("this confirmation is unknown, or was used before"), hint)
        if plan.until <= self._clock():
            raise ConflictError(tr("this confirmation is too old"), hint)
        if (plan.tool, plan.arguments) != (tool.name, _plain(arguments)):
            raise ConflictError(tr("this confirmation is for something else"), hint)
        return plan.fingerprint

    # --- arguments ----------------------------------------------------------------------------------------------------

    def file(self, name: str) -> tuple[Path, Path]:
        """Find a file: its root and its path from there. Raises SourceError for what is not inside a root."""
        for root in self.roots:
            try:
                found = (root / name).resolve(strict=True)
            except (OSError, RuntimeError, ValueError):
                continue
            if found.is_relative_to(root) and found.is_file():
                return root, found.relative_to(root)
        hint = tr("name a file of {folders}", folders=language.listed(map(str, self.roots)))
        raise SourceError(tr("{name}: no file that may be read", name=name), hint=hint)

    def files(self, names: Sequence[str]) -> tuple[Path, Words]:
        """Find files of one root, as arguments of a command that is run there."""
        found = [self.file(name) for name in names]
        for root, path in found:
            self._styled(root / path)
        if len({root for root, _ in found}) > 1:
            raise SourceError(tr("these files are of several newsletters"))
        return found[0][0], ["--", *(str(path) for _, path in found)]

    def _styled(self, path: Path) -> None:
        """Refuse an issue whose front matter or `wxpub.toml` names a CSS file that is not inside a root."""
        try:
            name = article.read(path).theme or str(config.find(path).article.get("theme", ""))
        except WxpubError:  # what is wrong with it, the command says
            return
        if name.endswith(".css"):
            self.file(str(path.parent / Path(name).expanduser()))

    def look(self, arguments: Json) -> Words:
        """Choose a theme: one of the program's, or a CSS file inside a root."""
        name = arguments.get("theme", "")
        if name and name not in theme.names():
            root, path = self.file(name)
            name = str(root / path)
        return ["--theme", name] if name else []

    def page(self, name: str) -> tuple[Path, Words]:
        """Say where the page of a file goes: beside it, where nobody else's page is."""
        root, path = self.file(name)
        place = path.with_suffix(".html")
        if (root / place).exists() and not pages.is_ours(root / place):
            raise SourceError(tr("exists and was not made by wxpub"), place)
        return root, ["-o", str(place)]


def command(words: Words) -> Words:
    """Write the command line that runs `wxpub` as it runs here; nothing that lies in the folder is imported."""
    code = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); from wxpub.__main__ import main; main()"
    return [sys.executable, "-I", "-c", code, json.dumps([each for each in sys.path if each]), *words]


def _plain(arguments: Json) -> str:
    return json.dumps(arguments, sort_keys=True)


def _short(document: Json) -> Json:
    """Leave out what fills an assistant's memory and tells it nothing: HTML, and where its characters go."""
    result = document["result"] or {}
    for each in result.get("files", ()):
        for held in (each.get("article") or {}, each.get("size") or {}):
            for key in LENGTHY & held.keys():
                del held[key]
    return document


_IDLE = ("nothing", "published")  # plans with nothing to confirm
LENGTHY = frozenset({"html", "kinds", "sections", "properties"})  # of an article or its size
PARTS = "parts"
TOKEN = "confirmation"  # noqa: S105  the name of a field

_FILE: Json = {"type": "string", "description": "the Markdown file, from the newsletter's folder"}
_FILES: Json = {"type": "array", "items": _FILE, "minItems": 1, "maxItems": 8, "description": "the Markdown files"}
_THEME: Json = {"type": "string", "description": "a theme of `themes`; by default the issue's own"}
_NEW: Json = {"type": "boolean", "description": "make a new draft and leave the one before alone"}
_FORCE: Json = {"type": "boolean", "description": "overwrite what was changed in the web editor: ask the user first"}
_CONFIRMATION: Json = {"type": "string", "description": "the confirmation of the plan that the user agreed to"}
_PUSHED = {"files": _FILES, "theme": _THEME, "new": _NEW, "force": _FORCE}


def _open(agents: Agents, given: Json) -> tuple[Path, Words]:
    root, file = agents.files([given["file"]])
    return root, [*agents.look(given), *file]


def _check(agents: Agents, given: Json) -> tuple[Path, Words]:
    return agents.files(given["files"])


def _convert(agents: Agents, given: Json) -> tuple[Path, Words]:
    root, place = agents.page(given["file"])
    return root, [*place, *_open(agents, given)[1]]


def _add(agents: Agents, given: Json) -> tuple[Path, Words]:
    told = [f"--{name}={given[name]}" for name in ("section", "note") if given.get(name)]
    chosen = [f"--{name}" for name in ("offline", "again") if given.get(name)]
    return agents.roots[0], [*told, *chosen, "--", *given["urls"]]


def _begin(agents: Agents, given: Json) -> tuple[Path, Words]:
    title = [f"--title={given['title']}"] if given.get("title") else []
    dry = ["--dry-run"] if given.get("dry_run") else []
    return agents.roots[0], [*title, *dry, *(["--", given["date"]] if given.get("date") else [])]


def _push(agents: Agents, given: Json) -> tuple[Path, Words]:
    root, files = agents.files(given["files"])
    chosen = [f"--{name}" for name in ("new", "force") if given.get(name)]
    return root, [*agents.whom, *chosen, *agents.look(given), *files]


def _pull(agents: Agents, given: Json) -> tuple[Path, Words]:
    root, file = agents.files([given["file"]])
    return root, [*agents.whom, *file]


def _publish(agents: Agents, given: Json) -> tuple[Path, Words]:
    root, words = _pull(agents, given)
    return root, ["--yes", *words]


def _account(agents: Agents, given: Json) -> tuple[Path, Words]:
    return agents.roots[0], [*agents.whom, *(["--", given["media_id"]] if "media_id" in given else [])]


def _nothing(agents: Agents, given: Json) -> tuple[Path, Words]:
    return agents.roots[0], []


def _explain(agents: Agents, given: Json) -> tuple[Path, Words]:
    return agents.roots[0], [f"--explain={given['rule']}"]


TOOLS: tuple[Tool, ...] = (
    Tool(
        "open",
        "Read an issue: title, digest, outline, notes, pictures, and what was found while it was converted.",
        "convert",
        _open,
        {"file": _FILE, "theme": _THEME},
        ("file",),
    ),
    Tool(
        "check",
        "Find what is wrong with issues, each finding with file, line and remedy. An error would stop a push.",
        "check",
        _check,
        {"files": _FILES},
        ("files",),
    ),
    Tool(
        "convert",
        "Write the page of an issue beside it, to look at and to copy from, and give its path.",
        "convert",
        _convert,
        {"file": _FILE, "theme": _THEME},
        ("file",),
        writes=True,
    ),
    Tool(
        "preview_picture",
        "See an issue as readers see it on a phone, in parts of 2,000 rows; `parts` says how many there are.",
        "convert",
        _open,
        {
            "file": _FILE,
            "theme": _THEME,
            "dark": {"type": "boolean", "description": "by night"},
            "part": {"type": "integer", "minimum": 1, "description": "which part, from 1"},
        },
        ("file",),
        draws=True,
    ),
    Tool(
        "add",
        "Put links into the inbox of the next issue, with the title, site and date that their pages name.",
        "add",
        _add,
        {
            "urls": {
                "type": "array",
                "items": {"type": "string", "pattern": "^https?://"},
                "minItems": 1,
                "maxItems": 20,
                "description": "the links",
            },
            "section": {"type": "string", "description": "the section that they are for"},
            "note": {"type": "string", "description": "what is to be said of them"},
            "offline": {"type": "boolean", "description": "do not ask the pages; keep the bare addresses"},
            "again": {"type": "boolean", "description": "also what an issue had already"},
        },
        ("urls",),
        writes=True,
        asks=True,
    ),
    Tool(
        "new",
        "Begin the file of the next issue, with what waits in the inbox.",
        "new",
        _begin,
        {
            "date": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$", "description": "the day on which it appears"},
            "title": {"type": "string", "description": "its title, if not that of the last issue, renewed"},
            "dry_run": {"type": "boolean", "description": "show the file, and write nothing"},
        },
        writes=True,
    ),
    Tool(
        "plan_push",
        "Say what a push would do, and change nothing. Show the answer to the user; its confirmation is for `push`.",
        "push",
        _push,
        _PUSHED,
        ("files",),
        plans="push",
    ),
    Tool(
        "push",
        "Put issues into the account's draft box, exactly as `plan_push` has shown them, once the user agrees.",
        "push",
        _push,
        {**_PUSHED, TOKEN: _CONFIRMATION},
        ("files", TOKEN),
        writes=True,
        outside=True,
    ),
    Tool(
        "plan_publish",
        "Say which articles would become public, and publish nothing. The confirmation in the answer is for `publish`.",
        "publish",
        _pull,
        {"file": _FILE},
        ("file",),
        plans="publish",
    ),
    Tool(
        "publish",
        "Publish the draft of an issue, for everybody and for good, once the user has agreed to `plan_publish`.",
        "publish",
        _publish,
        {"file": _FILE, TOKEN: _CONFIRMATION},
        ("file", TOKEN),
        writes=True,
        outside=True,
    ),
    Tool(
        "drafts", "List the drafts of the account, with the issues that they were pushed from.", "drafts list", _account
    ),
    Tool(
        "show_draft",
        "Show a draft as WeChat keeps it.",
        "drafts show",
        _account,
        {"media_id": {"type": "string", "description": "its number, as `drafts` lists it"}},
        ("media_id",),
    ),
    Tool(
        "pull",
        "Show as a diff of the file what was edited in its draft since the push; writes nothing.",
        "pull",
        _pull,
        {"file": _FILE},
        ("file",),
    ),
    Tool("index", "List the published issues and their permalinks.", "index list", _nothing),
    Tool("themes", "List the themes and what can be set in them.", "themes", _nothing),
    Tool(
        "explain",
        "Explain a rule that a finding names: what readers see of it, what to do, whether it can be ignored.",
        "check",
        _explain,
        {"rule": {"type": "string", "description": "its name, or `all`"}},
        ("rule",),
    ),
    Tool(
        "doctor",
        "Say what works and what does not: settings, credentials, whitelist, quotas, fonts.",
        "doctor",
        _account,
    ),
)
