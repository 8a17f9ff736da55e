// Pushing: a dialog that asks where to, then says how far it is and how it ended.

import { $, h } from "./dom.js";
import { post } from "./server.js";
import { toast } from "./view.js";
import { say } from "./words.js";

let targets = [];
let progress = { running: false, steps: [] };

export function pushButton(state) {
  return h("button", { type: "button", class: "second", id: "push", hidden: true, "aria-keyshortcuts": "p", onclick: () => deliver(state) }, say.push);
}

/** Open the dialog for the article of `state()`. */
export function deliver(state) {
  if (!targets.length || !state()) return;
  let dialog = $("#delivery");
  if (!dialog) {
    dialog = h("dialog", { id: "delivery", "aria-labelledby": "delivery-head" });
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
    h("h2", { id: "delivery-head" }, say.pushHead),
    h("p", { class: "what" }, state.title),
    h("p", { class: "soft" }, say.pushTheme(theme?.title || state.theme)),
    errors ? h("p", { class: "stop" }, say.pushErrors(errors)) : null,
    h("div", { id: "delivery-report", "aria-live": "polite" }),
    h("div", { class: "buttons" },
      h("button", { type: "button", class: "second", onclick: () => $("#delivery").close() }, say.close),
      targets.map((target, index) => h("button", { type: "button", class: index ? "second" : "primary", "data-target": target.name, onclick: () => begin(target.name) }, say.pushTo(target)))),
  ].filter(Boolean);
}

async function begin(target) {
  if (!await post("/push", { target })) toast(say.refused);
}

/** Take what the server says about pushing: where to, and how far the latest push is. */
export function showPush(news) {
  targets = news.targets;
  $("#push").hidden = !targets.length;
  const ended = progress.running && !news.push.running;
  if (news.push.running || ended) progress = news.push;
  report();
  if (ended && !$("#delivery")?.open) toast(progress.error || say.pushed[progress.result.action]);
}

function report() {
  const place = $("#delivery-report");
  if (!place) return;
  for (const button of document.querySelectorAll("[data-target]")) button.disabled = progress.running;
  const [done, all] = progress.pictures ?? [0, 0];
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
