// Pushing: a dialog that asks where to, then says how far it is and how it ended.

import { $, h } from "./dom.js";
import { post } from "./server.js";
import { toast } from "./view.js";
import { say } from "./words.js";

let destinations = [];
let progress = { running: false, steps: [] };

export function pushButton(state) {
  return h("button", { type: "button", class: "second", id: "push", hidden: true, "aria-keyshortcuts": "p", onclick: () => openPush(state) }, say.push);
}

/** Open the dialog for the article of `state()`. */
export function openPush(state) {
  if (!destinations.length || !state()) return;
  let dialog = $("#push-dialog");
  if (!dialog) {
    dialog = h("dialog", { id: "push-dialog", "aria-labelledby": "push-head" });
    document.body.append(dialog);
  }
  if (!progress.running) progress = { running: false, steps: [] };
  dialog.replaceChildren(...ask(state()));
  if (!dialog.open) dialog.showModal();
  report();
}

function ask(state) {
  const errors = state.findings.filter((finding) => finding.severity === "error").length;
  const theme = state.themes.find((each) => each.name === state.theme);
  return [
    h("h2", { id: "push-head" }, say.pushHead),
    h("p", { class: "what" }, state.title),
    h("p", { class: "soft" }, say.pushTheme(theme?.title || state.theme)),
    errors ? h("p", { class: "stop" }, say.pushErrors(errors)) : null,
    h("div", { id: "push-report", "aria-live": "polite" }),
    h("div", { class: "buttons" },
      h("button", { type: "button", class: "second", onclick: () => $("#push-dialog").close() }, say.close),
      destinations.map((destination, index) => h("button", { type: "button", class: index ? "second" : "primary", "data-destination": destination.name, onclick: () => begin(destination.name) }, say.pushTo(destination)))),
  ].filter(Boolean);
}

async function begin(destination) {
  if (!await post("/push", { destination })) toast(say.refused);
}

/** Take what the server says about pushing: where to, and how far the latest push is. */
export function showPush(news) {
  destinations = news.destinations;
  $("#push").hidden = !destinations.length;
  const ended = progress.running && !news.push.running;
  if (news.push.running || ended) progress = news.push;
  report();
  if (ended && !$("#push-dialog")?.open) toast(progress.error || say.pushed[progress.result.action]);
}

function report() {
  const place = $("#push-report");
  if (!place) return;
  for (const button of document.querySelectorAll("[data-destination]")) button.disabled = progress.running;
  const [done, all] = progress.images ?? [0, 0];
  place.replaceChildren(
    progress.steps.length ? h("ol", { class: "steps" }, progress.steps.map((step) => h("li", {}, step))) : "",
    progress.running ? h("progress", { "aria-label": say.progress, value: all ? done : null, max: all || 1 }) : "",
    progress.error ? h("p", { class: "stop" }, progress.error) : "",
    progress.result ? outcome(progress.result) : "");
}

function outcome({ action, uploaded, reused, url }) {
  return h("p", { class: "done" }, `${say.pushed[action]} ${say.pushedImages(uploaded, reused)} `,
    url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, say.look) : "");
}
