// The page around the article: the bar with its switches, the panels, and what the two kinds of preview have in common.

import { $, h, icon } from "./dom.js";
import { follow, onKey, place, reveal, shownImages } from "./article.js";
import { copy } from "./copy.js";
import { folds, outline, panels } from "./panels.js";
import { remember, remembered } from "./settings.js";
import { count, say, speak } from "./words.js";

const WIDTHS = [320, 375, 414, 677];
const COPY = "M5.500 5.500v-3h8v8h-3M2.500 5.500h8v8h-8z";
const MOON = "M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z";
const SUN = "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1";

let current = null; // the state that is shown
let further = []; // panels that stand before those of the state

/**
 * Build the bar and the places of the panels. `payload` gives `{html, text, lost}` of the article to copy; `controls` and
 * `actions` are further elements of the bar, `extra` further panels, `shortcuts` further keys: `{key: [what it says, what it
 * does]}`.
 */
export function setUp({ payload, controls = [], actions = [], extra = [], shortcuts = {} }) {
  speak();
  further = extra;
  const copying = () => copyArticle(payload);
  $("#bar").replaceChildren(
    h("h1", { class: "file" }, h("b", {}, "wxpub"), h("span", { id: "file" })),
    h("div", { class: "controls" }, controls, widths(), schemeButton()),
    ...actions,
    h("button", { type: "button", class: "primary", id: "copy", "aria-keyshortcuts": "c", onclick: copying }, icon(COPY), h("span", {}, say.copy)));
  const keys = { c: [say.copy, copying], d: [say.scheme, toggleScheme], ...shortcuts };
  WIDTHS.forEach((width, index) => (keys[index + 1] = [say.px(width), () => setWidth(width)]));
  $("#room").prepend( // before the article: a keyboard reaches the page's own before the article's links
    h("div", { id: "side" }, h("nav", { id: "outline", "aria-label": say.outline }), legend(keys)),
    h("aside", { id: "panels", "aria-label": say.details }));
  $("#room").before(views());
  document.body.append(h("p", { id: "toast", role: "status" }));
  listen(keys);
  setWidth(Number(remembered("width", 375)));
  system.addEventListener("change", showScheme);
  showScheme();
}

/** Show `state`: the article and everything that stands around it. */
export function show(state) {
  current = state;
  place(state, isDark());
  document.title = state.title || state.file;
  $("#file").textContent = state.file;
  $("#file").title = state.path;
  renew($("#outline"), outline(state));
  renew($("#panels"), [...further, ...panels(state, shownImages(), openFinding)]);
  follow(state.outline.map((heading) => heading.spot), showCurrent);
  const told = state.review ? 0 : folds(state).length;
  $("#view-details").replaceChildren(state.review ? say.remarks : say.details, told ? h("span", { class: "badge" }, count(told)) : "");
}

/** Put `fresh` into `holder`; what has not changed stays as it is, with its focus and what is unfolded in it. */
function renew(holder, fresh) {
  const old = [...holder.children];
  fresh.forEach((element, index) => {
    old[index]?.querySelectorAll("details").forEach((each, at) => {
      const twin = element.querySelectorAll("details")[at];
      if (twin) twin.open = each.open;
    });
  });
  if (old.length !== fresh.length) return holder.replaceChildren(...fresh);
  fresh.forEach((element, index) => old[index].isEqualNode(element) || old[index].replaceWith(element));
}

export function toast(text) {
  const place = $("#toast");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => place.classList.remove("shown"), 4000);
}

async function copyArticle(payload) {
  const article = await payload();
  if (!article) return;
  const done = await copy(article.html, article.text);
  toast(!done ? say.copyFailed : article.lost ? say.lost(article.lost) : say.copied);
}

/** Mark the heading of the outline under which the reader is. */
function showCurrent(number) {
  document.querySelectorAll("#outline li button").forEach((button, index) => {
    if (index !== number) return button.removeAttribute("aria-current");
    if (button.hasAttribute("aria-current")) return;
    button.setAttribute("aria-current", "true");
    const [box, list] = [button.getBoundingClientRect(), $("#outline").getBoundingClientRect()];
    if (box.top < list.top || box.bottom > list.bottom) $("#outline").scrollTop += box.top - list.top - list.height / 3;
  });
}

/** Show where a finding is in the article, and copy its place in the file. */
function openFinding({ place, spot }) {
  if (spot) {
    showView("article");
    reveal(spot);
  }
  copyPlace(place);
}

/** Copy the place of a finding, as editors and terminals understand it. */
export async function copyPlace(place) {
  toast(await copy(null, place) ? say.placeCopied(place) : say.copyFailed);
}

// --- switches ---

function widths() {
  return h("div", { class: "choice", role: "group", "aria-label": say.width }, WIDTHS.map((width, index) =>
    h("button", { type: "button", "data-width": width, title: say.px(width), "aria-label": say.px(width), "aria-keyshortcuts": String(index + 1), onclick: () => setWidth(width) }, String(width))));
}

function setWidth(width) {
  const known = WIDTHS.includes(width) ? width : 375;
  document.body.dataset.screen = known;
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
  remember("scheme", next === (system.matches ? "dark" : "light") ? "" : next); // the system's own choice is followed again
  showScheme();
}

function showScheme() {
  const dark = isDark();
  document.documentElement.dataset.scheme = dark ? "dark" : "light";
  $("#scheme").replaceChildren(icon(dark ? SUN : MOON));
  $("#scheme").title = dark ? say.light : say.dark;
  $("#scheme").setAttribute("aria-label", dark ? say.light : say.dark);
  if (current) place(current, dark);
}

/** On a narrow screen one of two things is seen: the article, or what there is to know about it. */
function views() {
  document.body.dataset.view = "article";
  return h("nav", { class: "choice", id: "views", "aria-label": say.views },
    h("button", { type: "button", "data-shows": "article", "aria-pressed": "true", onclick: () => showView("article") }, say.article),
    h("button", { type: "button", "data-shows": "details", "aria-pressed": "false", id: "view-details", onclick: () => showView("details") }, say.details));
}

export function showView(name) {
  document.body.dataset.view = name;
  for (const button of document.querySelectorAll("[data-shows]")) button.setAttribute("aria-pressed", String(button.dataset.shows === name));
}

// --- keys ---

function legend(keys) {
  const letters = Object.entries(keys).filter(([key]) => !/\d/.test(key));
  return h("dl", { class: "keys", "aria-label": say.shortcuts },
    [...letters, [`1–${WIDTHS.length}`, [say.width]]].map(([key, [what]]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what))));
}

/** Listen for single keys, in the page and in the article, except where somebody types. */
function listen(keys) {
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || $("dialog[open]")) return;
    const action = keys[event.key.toLowerCase()]?.[1];
    if (!action) return;
    event.preventDefault();
    action();
  };
  document.addEventListener("keydown", press);
  onKey(press);
}
