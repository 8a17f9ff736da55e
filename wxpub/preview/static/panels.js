// What stands beside the article: each panel is a function of the state that gives an element.

import { h } from "./dom.js";
import { liveLinks, reveal } from "./article.js";
import { count, say, weight } from "./words.js";

/** Build all panels of `state`; `shown` are the images' addresses in the article, `open` shows the place of a finding. */
export function panels(state, shown, open) {
  return [findings(state, open), messages(state), sizes(state), images(state, shown), notes(state)];
}

function panel(name, title, badge, ...content) {
  return h("section", { class: "panel", id: `panel-${name}`, "aria-labelledby": `head-${name}` },
    h("h2", { id: `head-${name}` }, title, badge === null ? null : h("span", { class: "badge" }, count(badge))),
    content);
}

const empty = (text) => h("p", { class: "empty" }, text);

/** Build the outline; a click shows the heading. */
export function outline(state) {
  const entries = state.outline.map((heading) => h("li", { class: `level-${heading.level}` },
    h("button", { type: "button", onclick: () => reveal(heading.spot) }, heading.text)));
  return [h("h2", {}, say.outline), entries.length ? h("ol", {}, entries) : empty(say.noOutline)];
}

// --- findings ---

/** Fold the findings: what one rule says is one list, the worst rules first. */
export function folds(state) {
  const rank = { error: 0, warning: 1, info: 2 };
  const sorted = [...state.findings].sort((a, b) => rank[a.severity] - rank[b.severity] || (a.line ?? 0) - (b.line ?? 0));
  const rules = new Map();
  for (const each of sorted) rules.set(each.rule, [...(rules.get(each.rule) ?? []), each]);
  return [...rules.values()];
}

function findings(state, open) {
  const list = (found) => h("ul", { class: "findings" }, found);
  const told = folds(state).map(([first, ...others]) => finding(first, open,
    others.length ? h("details", {}, h("summary", {}, say.more(others.length)), list(others.map((each) => finding(each, open)))) : null));
  return panel("findings", say.findings, told.length, told.length ? list(told) : h("p", { class: "fine" }, say.noFindings));
}

function finding(each, open, others = null) {
  const body = [
    h("span", { class: `tag ${each.severity}` }, say[each.severity]),
    h("span", { class: "words" }, each.message),
    each.fix ? h("span", { class: "fix" }, each.fix) : null,
    h("span", { class: "where" }, [each.file, each.line ? say.line(each.line) : null, each.rule].filter(Boolean).join(" · ")),
  ];
  if (!each.place) return h("li", {}, h("div", { class: "finding" }, body), others);
  return h("li", {}, h("button", { type: "button", class: "finding", title: say.showPlace, onclick: () => open(each) }, body), others);
}

// --- the message list and the card of a forwarded article ---

function messages(state) {
  const cover = (shape) => state.cover
    ? h("div", { class: `cover ${shape}` }, h("img", { src: state.cover, alt: "" }))
    : h("div", { class: `cover ${shape} bare`, "aria-hidden": "true" }, state.title.slice(0, shape === "wide" ? 24 : 2));
  return panel("list", say.list, null,
    h("div", { class: "message" }, cover("wide"), h("p", { class: "message-title" }, state.title)),
    h("div", { class: "forward" },
      h("div", {},
        h("p", { class: "forward-title" }, state.title),
        state.newspic ? null : h("p", { class: state.digest ? "forward-digest" : "forward-digest empty" }, state.digest || say.noDigest)),
      cover("square")),
    coverNote(state));
}

function coverNote({ cover, coverName, coverProblem }) {
  if (coverProblem) return h("p", { class: "stop" }, coverProblem);
  if (cover) return coverName ? null : empty(say.drawnCover);
  return empty(coverName ? say.namedCover(coverName) : say.noCover);
}

// --- sizes ---

function sizes(state) {
  const { measures, kinds, sections, properties } = state.sizes;
  const whole = Object.values(kinds).reduce((sum, used) => sum + used, 0);
  return panel("size", say.size, null,
    h("dl", { class: "measures" }, measures.map(measure)),
    h("div", { class: "kinds", role: "img", "aria-label": Object.entries(kinds).map(([kind, used]) => `${say.kinds[kind]} ${share(used, whole)}`).join(", ") },
      Object.entries(kinds).filter(([, used]) => used).map(([kind, used]) => part(kind, used))),
    h("ul", { class: "legend" }, Object.entries(kinds).map(([kind, used]) =>
      h("li", {}, h("span", { class: `swatch ${kind}` }), say.kinds[kind], h("b", {}, share(used, whole))))),
    sections.length > 1 ? spent(say.bySection, sections) : null,
    properties.length ? spent(say.byProperty, properties) : null);
}

function spent(title, entries) {
  return h("details", {}, h("summary", {}, title),
    h("ul", { class: "sections" }, entries.map((each) => h("li", {}, h("span", {}, each.text || say.opening), h("b", {}, count(each.used))))));
}

const share = (used, whole) => `${Math.round(100 * used / Math.max(whole, 1))}%`;

function part(kind, used) {
  const bar = h("span", { class: kind });
  bar.style.flexGrow = used;
  return bar;
}

/** Show how much of something is used: with a `limit`, in a meter that is yellow from `near` on and red beyond it. */
function measure({ name, used, limit, near = 0.9 * limit }) {
  const figure = name === "bytes" ? weight : count;
  const over = used > limit;
  const fill = h("span", { class: over ? "fill over" : used >= near ? "fill near" : "fill" });
  fill.style.width = `${Math.min(100, 100 * used / limit)}%`;
  return [
    h("dt", {}, say[name]),
    h("dd", {}, h("span", { class: over ? "used over" : "used" }, figure(used)),
      limit ? [` / ${figure(limit)}`, h("span", { class: "meter", "aria-hidden": "true" }, fill)] : null),
  ];
}

// --- images ---

function images(state, shown) {
  return panel("images", say.images, state.images.length,
    state.images.length ? h("ul", { class: "images" }, state.images.map((each) => image(each, each.url || shown[each.position]))) : empty(say.noImages));
}

function image(each, shown) {
  const thumbnail = shown ? h("img", { src: shown, alt: "" }) : h("span", { class: "blank", "aria-hidden": "true" });
  const facts = h("p", {}, measures(each));
  if (shown && !each.width) thumbnail.addEventListener("load", () => (facts.textContent = measures({ ...each, width: thumbnail.naturalWidth, height: thumbnail.naturalHeight })));
  return h("li", {},
    thumbnail,
    h("div", {},
      h("p", { class: "name" }, each.src.startsWith("qrcode:") ? say.qrcode : each.src.slice(0, 200)),
      h("p", {}, each.alt || say.noAlt),
      facts,
      h("p", { class: `status ${each.status}` }, say.statuses[each.status]),
      each.note ? h("p", { class: "note" }, each.note) : null));
}

function measures({ width, height, bytes, before, kind, line }) {
  const smaller = before > bytes ? `${weight(before)} → ${weight(bytes)}` : bytes ? weight(bytes) : "";
  return [width ? `${width} × ${height}` : "", kind, smaller, line ? say.line(line) : ""].filter(Boolean).join(" · ");
}

// --- links and notes ---

function notes(state) {
  const live = liveLinks();
  return panel("notes", say.notes, state.notes.length + live.length,
    state.source_url ? h("p", { class: "source" }, h("b", {}, say.source), address(state.source_url)) : null,
    state.notes.length || live.length || state.source_url ? null : empty(say.noNotes),
    state.notes.length ? h("ol", { class: "notes" }, state.notes.map((note) =>
      h("li", { value: note.number }, h("span", { class: "number" }, note.mark), h("div", {}, h("p", {}, note.text), note.url ? address(note.url) : null)))) : null,
    live.length ? h("details", {}, h("summary", {}, say.liveLinks(live.length)),
      h("ul", { class: "notes" }, live.map((link) => h("li", {}, h("div", {}, h("p", {}, link.text), address(link.url)))))) : null);
}

function address(url) {
  return /^https?:/.test(url)
    ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url)
    : h("span", { class: "address" }, url);
}
