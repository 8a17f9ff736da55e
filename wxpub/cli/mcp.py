"""`wxpub mcp`: the tools of `wxpub.agents` for an assistant, by the Model Context Protocol."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wxpub.cli import options, schema
from wxpub.errors import WxpubError
from wxpub.language import gettext, tr

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from wxpub.agents import Agents, Json, Tool, Words

# What an assistant is told first.
INSTRUCTIONS = """\
wxpub turns Markdown issues of a newsletter into WeChat Official Account (微信公众号) articles.
Work in this order: `check` the issue and mend what it finds; `convert` it and let the user look at the page; then
`plan_push`, show the plan to the user, and only when the user agrees `push` with its confirmation. `publish` makes
articles public for good: never without the user's word on what `plan_publish` has shown. Files are named from the
newsletter's folder."""
# Address, name, and what it holds.
RESOURCES = (
    ("wxpub://rules", "rules", "every rule that a finding can name, and what to do about it"),
    ("wxpub://themes", "themes", "the themes and what can be set in them"),
    ("wxpub://errors", "errors", "what to do about each of WeChat's error numbers"),
    ("wxpub://schema", "schema", "the JSON Schema of what every tool answers"),
)
_TOOLS_OF = {"wxpub://rules": ("explain", {"rule": "all"}), "wxpub://themes": ("themes", {})}


@click.command()
@click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A newsletter's folder whose files may be read and pushed; by default the working folder.",
)
@options.account
def mcp(roots: tuple[Path, ...], account_name: str, sandbox: bool) -> None:
    """Let an assistant check, convert and push, by MCP.

    Speaks the Model Context Protocol on standard input and output; an assistant's program starts it. An assistant reads
    and pushes files of the folders that --root names, to the account that is named here, and pushes and publishes only
    what a plan has shown before. It needs the extra [mcp]; docs/mcp.md says how to install it, and how to set it up.

    \b
    Examples:
      wxpub mcp --root ~/letter --sandbox
      claude mcp add wxpub -- wxpub mcp --root ~/letter
    """
    from mcp.server.stdio import stdio_server

    from wxpub.agents import Agents

    server = _server(Agents(roots or (Path.cwd(),), _run, account=account_name, sandbox=sandbox))

    async def serve() -> None:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    import anyio  # after mcp, which brings it, and which is named where both are missing

    anyio.run(serve)


async def _run(words: Words, folder: Path, env: Mapping[str, str], seconds: float) -> bytes:
    """Run a command line to its end; it ends with the call if the assistant gives up."""
    import anyio

    try:
        with anyio.fail_after(seconds):
            done = await anyio.run_process(
                words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            )
    except TimeoutError:
        raise WxpubError(tr("it took longer than {n} minutes and was stopped", n=round(seconds / 60))) from None
    return done.stdout


def _server(agents: Agents) -> Server[Any]:
    """Make the server that offers the tools and the resources."""
    import mcp_types as types
    from jsonschema import Draft202012Validator
    from mcp.server.lowlevel import Server

    from wxpub.agents import TOOLS

    known = {tool.name: tool for tool in TOOLS}

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    description=tool.about,
                    input_schema=tool.takes,
                    output_schema=_form(tool),
                    annotations=types.ToolAnnotations(
                        read_only_hint=not tool.writes,
                        destructive_hint=tool.outside,
                        open_world_hint=tool.outside or tool.asks,
                    ),
                )
                for tool in TOOLS
            ]
        )

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        given, tool = params.arguments or {}, known.get(params.name)
        wrong = next(iter(Draft202012Validator(tool.takes).iter_errors(given)), None) if tool else None
        try:
            if wrong:
                raise WxpubError(f"{wrong.json_path.removeprefix('$.')}: {wrong.message}")
            reply = await agents.call(params.name, given)
        except WxpubError as error:
            return types.CallToolResult(content=[types.TextContent(text=str(error))], is_error=True)
        content: list[Any] = [types.TextContent(text=reply.text)]
        if reply.picture:
            content.append(types.ImageContent(data=b64encode(reply.picture).decode(), mime_type="image/png"))
        return types.CallToolResult(content=content, structured_content=reply.document, is_error=reply.failed)

    async def list_resources(context: Any, params: Any) -> types.ListResourcesResult:
        found = [
            types.Resource(uri=uri, name=name, description=about, mime_type="application/json")
            for uri, name, about in RESOURCES
        ]
        return types.ListResourcesResult(resources=found)

    async def read_resource(context: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(params.uri)
        if uri in _TOOLS_OF:
            tool, given = _TOOLS_OF[uri]
            found = (await agents.call(tool, dict(given))).document["result"]
        elif uri in (each for each, _, _ in RESOURCES):
            found = schema.schema() if uri == "wxpub://schema" else _errors()
        else:
            raise WxpubError(tr("there is no resource {uri}", uri=uri))
        text = json.dumps(found, ensure_ascii=False, indent=2)
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=uri, mime_type="application/json", text=text)]
        )

    return Server(
        "wxpub",
        version=sys.modules["wxpub"].__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def _errors() -> Json:
    """Say what to do about each of WeChat's error numbers."""
    from wxpub.limits import ERRCODE_HINTS

    return {str(number): gettext(hint) for number, hint in ERRCODE_HINTS.items()}


def _form(tool: Tool) -> Json:
    """Describe what a tool answers: the document of its command, without what is left out, with its confirmation."""
    from wxpub.agents import LENGTHY, PARTS, TOKEN

    def shorter(form: Any) -> Any:
        if isinstance(form, list):
            return [shorter(each) for each in form]
        if not isinstance(form, dict):
            return form
        found = {key: shorter(each) for key, each in form.items()}
        if found.keys() >= {"properties", "required"} and LENGTHY & found["properties"].keys():
            found["properties"] = {key: each for key, each in found["properties"].items() if key not in LENGTHY}
            found["required"] = [key for key in found["required"] if key not in LENGTHY]
        return found

    form: Json = shorter(schema.of(tool.command))
    if tool.plans:
        form["properties"][TOKEN] = schema.text(f"what `{tool.plans}` takes; there is none where nothing is to be done")
    if tool.draws:
        form["properties"][PARTS] = schema.number("how many parts the picture has")
    return form
