// The page that `wxpub convert --review` writes: remarks beside the paragraphs, kept by the browser, sent back as one file
// or as the end of a link. A remark is text and nothing else, whoever wrote it.

import { $, h } from "./dom.js";
import { onPick, point, ready, reveal } from "./article.js";
import { copy } from "./copy.js";
import { remember, remembered } from "./settings.js";
import { setUp, show, showView, toast } from "./view.js";
import { count, say } from "./words.js";

const MOST = 1000; // remarks
const LONG = 10000; // characters of one
const QUOTE = 200; // of the words that it is about
const FIELDS = { id: 64, words: QUOTE, block: QUOTE, text: LONG, by: 64, at: 32 };

const state = JSON.parse($("#state").textContent);
const store = `remarks.${state.file}.${state.title}`;
const board = h("section", { class: "panel", id: "panel-remarks", "aria-labelledby": "head-remarks" });
let remarks = [];
let draft = null; // the remark that is being written

async function start() {
  await ready();
  remarks = read(remembered(store, "[]"));
  setUp({
    payload: async () => ({ html: state.html, text: state.text, lost: 0 }),
    shortcuts: { r: [say.remark, () => onPick.now?.()] },
    extra: [board],
  });
  show(state);
  onPick(state.review.map((each) => each.spot), begin);
  merge(fragment(location.hash));
  addEventListener("hashchange", () => merge(fragment(location.hash)));
  draw();
}

// --- remarks as values ---

/** Take the remarks out of JSON that somebody else may have written: what is none is left out. */
function read(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    return [];
  }
  const list = Array.isArray(found) ? found : found?.remarks;
  return (Array.isArray(list) ? list : []).slice(0, MOST).filter((each) => each && typeof each.text === "string" && each.text.trim()).map((each) => ({
    ...Object.fromEntries(Object.entries(FIELDS).map(([name, most]) => [name, String(each[name] ?? "").slice(0, most)])),
    line: Number.isInteger(each.line) ? each.line : null,
  }));
}

function written() {
  return JSON.stringify({ "wxpub-remarks": 1, file: state.file, title: state.title, remarks }, null, 1);
}

const fragment = (hash) => {
  try {
    const packed = /[#&]remarks=([\w-]+)/.exec(hash)?.[1].replace(/-/g, "+").replace(/_/g, "/");
    return packed ? new TextDecoder().decode(Uint8Array.from(atob(packed), (each) => each.charCodeAt(0))) : "[]";
  } catch {
    return "[]";
  }
};

function link() {
  const bytes = new TextEncoder().encode(written());
  const packed = btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join(""));
  return `${location.href.split("#")[0]}#remarks=${packed.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")}`;
}

/** Add the remarks of a file or a link to those that are here; of one that both have, the later counts. */
function merge(text) {
  const known = new Map(remarks.map((each) => [each.id, each]));
  for (const each of read(text)) if (!(known.get(each.id)?.at > each.at)) known.set(each.id, each);
  keep([...known.values()]);
}

function keep(found) {
  remarks = found.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || a.at.localeCompare(b.at)).slice(0, MOST);
  remember(store, JSON.stringify(remarks));
  draw();
}

// --- writing one ---

/** Begin a remark on block `number`, about the `words` that are selected in it, or all that it says. */
function begin(number, words, text) {
  const { line } = state.review[number];
  draft = { id: crypto.randomUUID?.() ?? String(Math.random()).slice(2), line, words: (words || text).slice(0, QUOTE), block: text.slice(0, QUOTE), text: "" };
  draw();
  showView("details");
  $("#panels").scrollTop = 0;
  $("textarea", board).focus();
}

function edit(each) {
  draft = { ...each };
  draw();
  $("textarea", board).focus();
}

function finish(event) {
  event.preventDefault();
  const [text, by] = [$("textarea", board).value.trim(), $("#remark-by").value.trim()];
  remember("reviewer", by);
  const done = { ...draft, text, by, at: new Date().toISOString().slice(0, 19) + "Z" };
  const others = remarks.filter((each) => each.id !== draft.id);
  draft = null;
  keep(text ? [...others, done] : others);
}

// --- what is seen ---

function draw() {
  point(remarks.map((each) => spotOf(each)));
  board.replaceChildren(...[
    h("h2", { id: "head-remarks" }, say.remarks, h("span", { class: "badge" }, count(remarks.length))),
    draft ? form() : h("p", { class: "empty" }, say.remarkHow),
    remarks.length ? h("ul", { class: "remarks" }, remarks.map(entry)) : null,
    sending(),
  ].filter(Boolean));
}

const spotOf = ({ line }) => state.review.findLast((each) => each.line <= line)?.spot ?? null;

function placeOf({ line }) {
  const at = state.review.find((each) => each.line === line)?.at ?? line;
  return typeof at === "number" && at ? say.line(at) : at;
}

function form() {
  return h("form", { class: "remark-form", onsubmit: finish },
    h("blockquote", {}, draft.words),
    h("label", {}, say.remark, h("textarea", { rows: 4, maxlength: LONG }, draft.text)),
    h("label", {}, say.reviewer, h("input", { id: "remark-by", value: draft.by || remembered("reviewer", ""), maxlength: 64, autocomplete: "name" })),
    h("div", { class: "buttons" },
      h("button", { type: "button", class: "second", onclick: () => { draft = null; draw(); } }, say.cancel),
      h("button", { type: "submit", class: "primary" }, say.keepRemark)));
}

function entry(each) {
  return h("li", {},
    h("button", { type: "button", class: "finding", onclick: () => { showView("article"); if (spotOf(each)) reveal(spotOf(each)); } },
      h("span", { class: "words quoted" }, each.words),
      h("span", { class: "words" }, each.text),
      h("span", { class: "where" }, [each.by, placeOf(each)].filter(Boolean).join(" · "))),
    h("div", { class: "actions" },
      h("button", { type: "button", class: "plain", onclick: () => edit(each) }, say.change),
      h("button", { type: "button", class: "plain", onclick: () => keep(remarks.filter((other) => other !== each)) }, say.remove)));
}

function sending() {
  const file = h("input", { type: "file", accept: ".json", hidden: true, onchange: () => file.files[0]?.text().then(merge) });
  return h("div", { class: "buttons" }, file,
    h("button", { type: "button", class: "second", onclick: () => file.click() }, say.openRemarks),
    h("button", { type: "button", class: "second", id: "copy-remarks", disabled: !remarks.length, onclick: async () => toast(await copy(null, link()) ? say.remarksCopied : say.copyFailed) }, say.copyRemarks),
    h("button", { type: "button", class: "primary", id: "save-remarks", disabled: !remarks.length, onclick: save }, say.saveRemarks));
}

function save() {
  const url = URL.createObjectURL(new Blob([written()], { type: "application/json" }));
  h("a", { href: url, download: state.file.replace(/\.\w+$/, "") + ".remarks.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

start();
