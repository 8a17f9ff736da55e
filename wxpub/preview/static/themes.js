// Themes: chosen for the server, remembered by the browser, and written into a file when that is asked for.

import { $, h } from "./dom.js";
import { remember, remembered } from "./settings.js";
import { post } from "./server.js";
import { toast } from "./view.js";
import { say } from "./words.js";

let shown = null; // the state that is shown

const setting = () => `theme ${shown.path}`;

export function themePicker() {
  return h("select", { id: "theme", "aria-label": say.theme, title: say.theme, "aria-keyshortcuts": "t", onchange: (event) => chooseTheme(event.target.value) });
}

export function keepButton() {
  return h("button", { type: "button", class: "second", id: "keep", hidden: true, title: say.keepTheme, onclick: openKeep }, say.keep);
}

export function showThemes(state) {
  shown = state;
  const options = state.themes.map((theme) => h("option", { value: theme.name, selected: theme.name === state.theme }, theme.title || theme.name));
  $("#theme").replaceChildren(...options);
  $("#theme").value = state.theme;
  $("#keep").hidden = !state.keep.length;
}

async function chooseTheme(name) {
  remember(setting(), name);
  if (!await post("/theme", { name })) toast(say.refused);
}

export function nextTheme({ themes, theme }) {
  const names = themes.map((each) => each.name);
  chooseTheme(names[(names.indexOf(theme) + 1) % names.length]);
}

export function recallTheme({ themes, theme }) {
  const name = remembered(setting(), "");
  if (name && name !== theme && themes.some((each) => each.name === name)) chooseTheme(name);
}

// --- kept: the files ask for it from now on ---

function openKeep() {
  const title = shown.themes.find((each) => each.name === shown.theme)?.title || shown.theme;
  const dialog = h("dialog", { id: "keep-dialog", "aria-labelledby": "keep-head", onclose: () => dialog.remove() },
    h("h2", { id: "keep-head" }, say.keepHead(title)),
    h("p", { class: "soft" }, say.keepHow),
    h("div", { class: "buttons" },
      shown.keep.map(({ place, file }, index) =>
        h("button", { type: "button", class: index ? "second" : "primary", "data-place": place, onclick: () => keep(place, dialog) }, say.keepIn[place](file))),
      h("button", { type: "button", class: "second", onclick: () => dialog.close() }, say.close)));
  document.body.append(dialog);
  dialog.showModal();
}

async function keep(place, dialog) {
  const answer = await post("/keep", { place });
  dialog.close();
  if (!answer || answer.error) return toast(answer?.error || say.refused);
  remember(setting(), ""); // the file rules
  toast(say.kept(answer.file));
}
