// What this page may tell its server: every change carries the token that came with the page.

import { $ } from "./dom.js";

/** Names the server that made this page; another one has another token. */
export const run = $("meta[name=wxpub-run]").content;

/** Ask for a change; resolves to the answer, null if it was not taken. */
export async function post(path, body) {
  const headers = { "Content-Type": "application/json", "X-Wxpub-Token": $("meta[name=wxpub-token]").content };
  try {
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
