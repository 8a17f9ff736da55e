// What caniemail.com says of mails: a JSON list of HTML documents in, for each a list of what some client does not
// support out, [feature, [client, …]].
import { readFileSync } from "node:fs";
import { doIUseEmail } from "@jsx-email/doiuse-email";

// Thunderbird is left out: the list does not know it for every feature, and the checker throws.
const emailClients = ["gmail.*", "apple-mail.*", "outlook.*", "yahoo.*", "fastmail.*", "samsung-email.*"];

function unsupported(html) {
  const found = {};
  for (const error of doIUseEmail(html, { emailClients }).errors ?? []) {
    const [, feature, client] = error.match(/^`(.*)` is not supported by `(.*)`$/s);
    (found[feature] ??= new Set()).add(client);
  }
  return Object.entries(found).map(([feature, clients]) => [feature, [...clients].sort()]);
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(unsupported)));
