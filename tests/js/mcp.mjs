// A client of `wxpub mcp` by the Model Context Protocol's TypeScript SDK: reads {command, args, calls} from standard
// input, calls the tools one after the other, and prints what each answered. "$1" in an argument is the confirmation
// that the call before gave.
import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const { command, args, calls } = JSON.parse(readFileSync(0, "utf8"));
const client = new Client({ name: "wxpub-tests", version: "1" });
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
const { tools } = await client.listTools(); // from then on it holds every answer to the form that the tool announces
const answers = [];
let confirmation = "";
for (const [name, given] of calls) {
  const filled = JSON.parse(JSON.stringify(given).replaceAll("$1", confirmation));
  const { isError, content, structuredContent } = await client.callTool({ name, arguments: filled });
  confirmation = structuredContent?.confirmation ?? "";
  answers.push({ name, failed: Boolean(isError), text: content[0].text, document: structuredContent ?? null });
}
const { resources } = await client.listResources();
await client.close();
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), answers, resources: resources.map((each) => each.uri) }));
