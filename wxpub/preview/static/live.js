// The live page: asks the server what is new, shows it, and asks again.

import { $, h } from "./dom.js";
import { ready } from "./article.js";
import { serve } from "./handover.js";
import { openPush, pushButton, showPush } from "./push.js";
import { run } from "./server.js";
import { keepButton, nextTheme, recallTheme, showThemes, themePicker } from "./themes.js";
import { copyPlace, setUp, show, toast } from "./view.js";
import { say } from "./words.js";

let state = null; // the view that is shown
let seen = { epoch: -1, build: -1 };
let broken = false; // the article cannot be built: what is shown is the last one that could
let fragment = null; // what a copy takes: a promise, since images have to be put into it

async function start() {
  await ready();
  setUp({
    payload,
    controls: [themePicker(), keepButton()],
    actions: [h("a", { class: "second", id: "into-editor", href: "/editor", target: "_blank", rel: "noopener", title: say.intoEditorTitle, "aria-keyshortcuts": "e" }, say.intoEditor), pushButton(() => state)],
    shortcuts: { e: [say.intoEditor, () => $("#into-editor").click()], t: [say.theme, () => nextTheme(state)], p: [say.push, () => broken || openPush(() => state)] },
  });
  $(".file").append(h("span", { id: "pulse", role: "img" }));
  $(".phone").append(h("div", { id: "problem", role: "alert", hidden: true }));
  for (const event of ["pointerenter", "focus"]) $("#copy").addEventListener(event, prepare);
  document.addEventListener("visibilitychange", () => document.hidden && asking?.abort());
  serve();
  for (;;) await step();
}

// --- the long poll ---

let asking = null;

/** Wait for news and show them. A page that nobody sees does not wait: browsers allow few connections to one server. */
async function step() {
  if (document.hidden && state) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  const news = await ask();
  if (news) apply(news);
}

async function ask() {
  asking = new AbortController();
  try {
    const answer = await fetch(`/state?epoch=${seen.epoch}&build=${seen.build}`, { signal: asking.signal });
    if (answer.ok) return await answer.json();
  } catch (error) {
    if (error.name === "AbortError") return null; // nobody looks any more
  }
  pulse(false);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return null;
}

function apply(news) {
  if (news.run !== run) return location.reload(); // another server: its page and its token are others, too
  seen = { epoch: news.epoch, build: news.build };
  showProblem(news.error);
  pulse(true);
  showPush(news);
  if (!news.view) return;
  const first = state === null;
  state = news.view;
  fragment = null;
  showThemes(state);
  show(state);
  if (first && !state.fixedTheme) recallTheme(state);
}

function pulse(alive) {
  const [name, text] = !alive ? ["lost", say.away] : broken ? ["broken", say.problem] : ["alive", say.alive];
  $("#pulse").className = name;
  $("#pulse").title = text;
  $("#pulse").setAttribute("aria-label", text);
}

/**
 * Show what keeps the article from being built, in its place. Until it is fixed, what was found out about the last
 * article is greyed, and nothing can be copied or pushed.
 */
function showProblem(message) {
  const place = $("#problem");
  broken = Boolean(message);
  for (const button of [$("#copy"), $("#push"), $("#keep")]) button.disabled = broken;
  for (const stale of [$("#outline"), $("#panels")]) stale.inert = broken;
  place.hidden = !message;
  if (!message) return place.replaceChildren();
  const where = /^(.*?:\d+): /.exec(message)?.[1];
  place.replaceChildren(
    h("h2", {}, say.problem),
    h("p", {}, message),
    where ? h("button", { type: "button", class: "plain", onclick: () => copyPlace(where) }, say.copyPlace) : "",
    h("p", { class: "soft" }, say.recovers));
}

// --- copying ---

function prepare() {
  fragment ??= fetch("/fragment").then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
  return fragment;
}

async function payload() {
  const made = broken ? null : await prepare();
  if (!made) {
    fragment = null;
    toast(say.nothingToCopy);
    return null;
  }
  return { ...made, lost: state.images.filter((image) => image.status === "missing" || image.status === "pending").length };
}

start();
