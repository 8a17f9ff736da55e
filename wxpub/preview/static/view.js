// The page around the article: the bar with its switches, the panels, and what the two kinds of preview have in common.

import { $, h, icon } from "./dom.js";
import { onKey, pictures, setScheme } from "./article.js";
import { copy } from "./copy.js";
import { outline, panels } from "./panels.js";
import { remember, remembered } from "./settings.js";
import { count, say, speak } from "./words.js";

const WIDTHS = [320, 375, 414, 677];
const COPY = "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z";
const MOON = "M13.5 9.5A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z";
const SUN = "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1";

/** Build the bar; `payload` gives `{html, text, lost}` of the article to copy, `more` further controls. */
export function furnish(payload, more = []) {
  speak();
  $("#bar").replaceChildren(
    h("h1", { class: "file" }, h("b", {}, "wxpub"), h("span", { id: "file" })),
    h("div", { class: "controls" }, more, widths(), schemeButton()),
    h("button", { type: "button", class: "primary", id: "copy", "aria-keyshortcuts": "c", onclick: () => copyArticle(payload) }, icon(COPY), h("span", {}, say.copy)));
  $("#room").append(h("div", { id: "outline" }), h("aside", { id: "panels", "aria-label": say.details }));
  $("#room").before(views());
  document.body.append(h("p", { id: "toast", role: "status" }));
  keys({ c: () => copyArticle(payload), d: toggleScheme, ...Object.fromEntries(WIDTHS.map((width, index) => [String(index + 1), () => setWidth(width)])) });
  setWidth(Number(remembered("width", 375)));
  useScheme();
}

/** Show everything of `state` but the article itself, which stands in its frame. */
export function show(state) {
  document.title = state.title || state.file;
  $("#file").textContent = state.file;
  $("#file").title = state.path;
  $("#outline").replaceWith(outline(state));
  $("#panels").replaceChildren(...panels(state, pictures(), { copyPlace }));
  $("#view-details").replaceChildren(say.details, state.findings.length ? h("span", { class: "badge" }, count(state.findings.length)) : "");
}

export function toast(text) {
  const place = $("#toast");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => place.classList.remove("shown"), 4000);
}

async function copyArticle(payload) {
  const { html, text, lost } = await payload();
  const done = await copy(html, text);
  toast(!done ? say.copyFailed : lost ? say.lost(lost) : say.copied);
  $("#copy").classList.toggle("done", done);
}

async function copyPlace(place) {
  toast(await copy(null, place) ? say.placeCopied(place) : say.copyFailed);
}

// --- switches ---

function widths() {
  return h("div", { class: "choice", role: "group", "aria-label": say.width }, WIDTHS.map((width, index) =>
    h("button", { type: "button", "data-width": width, title: say.px(width), "aria-label": say.px(width), "aria-keyshortcuts": String(index + 1), onclick: () => setWidth(width) }, String(width))));
}

function setWidth(width) {
  const known = WIDTHS.includes(width) ? width : 375;
  $("#stage").style.setProperty("--screen", `${known === 677 ? 709 : known}px`); // a computer's column is 677 without its margins
  for (const button of document.querySelectorAll("[data-width]")) button.setAttribute("aria-pressed", String(Number(button.dataset.width) === known));
  remember("width", known);
}

const system = matchMedia("(prefers-color-scheme: dark)");

function schemeButton() {
  return h("button", { type: "button", class: "quiet", id: "scheme", "aria-keyshortcuts": "d", onclick: toggleScheme });
}

function isDark() {
  const chosen = remembered("scheme", "");
  return chosen ? chosen === "dark" : system.matches;
}

function toggleScheme() {
  const next = isDark() ? "light" : "dark";
  remember("scheme", next === (system.matches ? "dark" : "light") ? "" : next);
  showScheme(next === "dark");
}

function useScheme() {
  showScheme(isDark());
  system.addEventListener("change", () => showScheme(isDark()));
}

function showScheme(dark) {
  document.documentElement.dataset.scheme = dark ? "dark" : "light";
  const other = dark ? say.light : say.dark;
  $("#scheme").replaceChildren(icon(dark ? SUN : MOON));
  $("#scheme").setAttribute("aria-label", other);
  $("#scheme").title = other;
  setScheme(dark);
}

/** On a narrow screen one of two things is seen: the article, or what there is to know about it. */
function views() {
  const choose = (name) => {
    document.body.dataset.view = name;
    for (const button of document.querySelectorAll("[data-shows]")) button.setAttribute("aria-pressed", String(button.dataset.shows === name));
  };
  document.body.dataset.view = "article";
  return h("div", { class: "choice", id: "views", role: "group", "aria-label": say.views },
    h("button", { type: "button", "data-shows": "article", "aria-pressed": "true", onclick: () => choose("article") }, say.article),
    h("button", { type: "button", "data-shows": "details", "aria-pressed": "false", id: "view-details", onclick: () => choose("details") }, say.details));
}

/** Listen for single keys, in the page and in the article, except where somebody types. */
function keys(actions) {
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  };
  document.addEventListener("keydown", press);
  onKey(press);
}
