// The preview's page “Into the editor”: the ways into WeChat's web editor, and the window that the bookmarklet opens.

import { $, h } from "./dom.js";
import { copy } from "./copy.js";
import { compare, handOver, serve } from "./handover.js";
import { remembered } from "./settings.js";
import { say, speak } from "./words.js";

function start() {
  speak();
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.scheme = remembered("scheme", "") || dark;
  const status = h("p", { class: "fine", role: "status" });
  const others = [
    h("p", {}, say.intoEditorHow),
    way(say.byBookmarklet, h("p", {}, say.bookmarkletHow),
      h("p", {}, h("a", { class: "second", id: "bookmarklet", href: $("#ways").dataset.bookmarklet, onclick: (event) => event.preventDefault() }, say.bookmarklet))),
    way(say.byExtension, h("p", {}, say.extensionHow)),
  ];
  $("#ways").replaceChildren(
    h("h1", {}, say.intoEditor),
    h("p", { class: "what" }, document.title),
    status,
    ...others,
    way(say.byClipboard, h("p", {}, say.clipboardHow),
      h("p", {}, h("button", { type: "button", class: "second", id: "copy-data", onclick: copyData }, say.copyData), " ", h("span", { id: "copied", role: "status" })),
      h("p", {}, say.keptHow),
      h("textarea", { id: "kept", "aria-label": say.keptHow, spellcheck: "false", oninput: compareKept }),
      h("div", { id: "told", role: "status" })),
    h("p", { class: "soft" }, say.unverified));
  serve(() => {
    status.textContent = say.connected;
    for (const each of others) each.hidden = true;
  });
  prepared = handOver();
}

const way = (title, ...content) => h("section", { class: "panel" }, h("h2", {}, title), content);

let prepared = null; // what a copy takes: it has to be there when the button is pressed

async function copyData() {
  const article = await prepared;
  const done = article && await copy(null, JSON.stringify(article));
  $("#copied").textContent = !article ? say.nothingToCopy : done ? say.dataCopied : say.copyFailed;
  prepared = handOver();
}

async function compareKept() {
  let outcome;
  try {
    outcome = JSON.parse($("#kept").value);
  } catch {
    return; // not all of it is there yet
  }
  const answer = await compare(outcome);
  $("#told").replaceChildren(!answer ? h("p", { class: "stop" }, say.refused)
    : answer.told.length ? h("ul", { class: "told" }, answer.told.map((each) => h("li", {}, each)))
      : h("p", { class: "fine" }, say.keptAll));
}

start();
