// The article in its frame: a document that runs nothing, which this page writes to and reads from, never the other way round.

import { $ } from "./dom.js";
import { say } from "./words.js";

const BLOCKS = ":is(h1, h2, h3, h4, h5, h6, p, li, tr, img, .wx-missing)";
const NEVER = "script, style, link, meta, base, iframe, object, embed"; // WeChat removes them; none of them could run here
const squeeze = (text) => text.replace(/\s+/g, " ").trim();

const frame = () => $("#article");
const inside = () => frame().contentDocument;
const content = () => $(".wx-content", inside());
const blocks = () => [...content().querySelectorAll(BLOCKS)];

/** Resolve when the frame can be written to. */
export function ready() {
  return new Promise((resolve) => {
    if (inside()?.readyState === "complete" && content()) resolve();
    else frame().addEventListener("load", () => resolve(), { once: true });
  });
}

/** Show the article of `state` in one step, light or dark; the reader stays at the words that were being read. */
export function place(state, wanted) {
  const dark = wanted && Boolean(state.dark);
  const page = inside();
  const parsed = new DOMParser().parseFromString(state.html, "text/html").body; // loads nothing, runs nothing
  if (dark) darken(parsed, state.dark);
  parsed.querySelectorAll(NEVER).forEach((element) => element.remove());
  parsed.querySelectorAll("img").forEach((image) => settle(image, state.images));
  parsed.querySelectorAll("[style*='url(']").forEach(dropForeignBackground);
  const reading = view().scrollY > 0 ? marks() : [];
  page.documentElement.classList.toggle("dark", dark);
  $(".wx-title", page).textContent = state.title;
  $(".wx-author", page).textContent = state.author;
  $(".wx-date", page).textContent = state.date;
  $(".wx-foot", page).textContent = state.source_url ? "阅读原文" : "";
  patch(content(), parsed);
  resume(reading);
}

/** Replace every inline style by what WeChat's dark mode makes of it. */
function darken(parsed, { styles, use }) {
  const styled = parsed.querySelectorAll("[style]");
  if (styled.length !== use.length) return; // the browser read another tree than the server: rather no colours than wrong ones
  styled.forEach((element, index) => element.setAttribute("style", styles[use[index]]));
}

/** Keep an image's place free while it loads; where this page has nothing to show, say why. */
function settle(image, known) {
  const address = image.getAttribute("src") || "";
  if (isOurs(address)) {
    const [width, ratio] = [Number(image.dataset.w), Number(image.dataset.ratio)];
    if (width && ratio) [image.width, image.height] = [width, Math.round(width * ratio)];
    return;
  }
  const box = image.ownerDocument.createElement("span");
  box.className = "wx-missing";
  box.textContent = [image.alt, absence(address, known.find((each) => each.src === address))].filter(Boolean).join(" · ");
  image.replaceWith(box);
}

function absence(address, known) {
  if (known?.status === "pending" || known?.status === "missing") return known.note || say.statuses[known.status];
  const host = /^(?:https?:)?\/\/([^/?#]+)/.exec(address)?.[1];
  return host ? say.elsewhere(host) : say.unseen;
}

function dropForeignBackground(element) {
  const address = /url\(\s*["']?([^"')]*)/.exec(element.style.backgroundImage)?.[1];
  if (address && !isOurs(address)) element.style.backgroundImage = "none";
}

const isOurs = (address) => /^(data:|\/image\/)/.test(address);

/** Make the children of `old` those of `fresh`; what is equal at both ends stays, with its loaded images. */
function patch(old, fresh) {
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  let start = 0;
  while (start < before.length && start < after.length && before[start].isEqualNode(after[start])) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end).isEqualNode(after.at(-1 - end))) end++;
  const [gone, come] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  if (gone.length === 1 && come.length === 1 && isSameBox(gone[0], come[0])) return patch(gone[0], come[0]);
  const next = before[before.length - end] ?? null;
  gone.forEach((node) => node.remove());
  come.forEach((node) => old.insertBefore(old.ownerDocument.adoptNode(node), next));
}

const isSameBox = (a, b) => a.nodeType === Node.ELEMENT_NODE && a.cloneNode().isEqualNode(b.cloneNode());

// --- where the reader is ---

const view = () => frame().contentWindow;

/** Remember the blocks in sight: what they say, and where they are. */
function marks() {
  const seen = blocks().map((block, index) => ({ block, index, box: block.getBoundingClientRect() }));
  return seen.filter(({ box }) => box.bottom > 0 && box.top < view().innerHeight)
    .map(({ block, index, box }) => ({ text: squeeze(block.textContent), index, top: box.top }));
}

/** Scroll so that the first of the remembered blocks that is still there is where it was. */
function resume(reading) {
  const now = reading.length ? blocks().map((block) => squeeze(block.textContent)) : [];
  for (const { text, index, top } of reading) {
    const same = text ? now.flatMap((each, at) => (each === text ? [at] : [])) : [];
    if (!same.length) continue;
    const nearest = same.reduce((best, at) => (Math.abs(at - index) < Math.abs(best - index) ? at : best));
    view().scrollBy({ top: blocks()[nearest].getBoundingClientRect().top - top, behavior: "instant" });
    return;
  }
}

// --- places in the article ---

const beginning = (block) => block.textContent.replace(/\s+/g, "").slice(0, 40); // as long as the server's

/** Find the elements that `spots` name: the nth block that begins with a text, or the nth picture; null for none. */
export function find(spots) {
  const pictures = [...content().querySelectorAll("img, .wx-missing")];
  const begun = new Map();
  for (const block of blocks()) begun.set(beginning(block), [...(begun.get(beginning(block)) ?? []), block]);
  return spots.map((spot) => {
    if (!spot) return null;
    if (!spot.text) return pictures[spot.nth] ?? null;
    const found = begun.get(spot.text) ?? [];
    return found.filter((each) => !found.some((inner) => inner !== each && each.contains(inner)))[spot.nth] ?? null;
  });
}

/** Scroll to what `spot` names, and mark it for a moment. */
export function reveal(spot) {
  const [place] = find([spot]);
  if (!place) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  view().scrollBy({ top: place.getBoundingClientRect().top - 16, behavior: calm ? "instant" : "smooth" });
  inside().querySelector(".wx-here")?.remove();
  const mark = inside().createElement("div");
  mark.className = "wx-here";
  const box = place.getBoundingClientRect();
  for (const side of ["left", "top", "width", "height"]) mark.style[side] = `${box[side] + (side === "top" ? view().scrollY : 0)}px`;
  inside().body.append(mark);
  setTimeout(() => mark.remove(), 2000);
}

/** Call `changed` with the number of the last of `spots` that has reached the top, -1 for none, now and with every scroll. */
export function follow(spots, changed) {
  const places = find(spots);
  const look = () => changed(places.findLastIndex((place) => place && place.getBoundingClientRect().top <= 48));
  view().onscroll = look;
  look();
}

// --- remarks ---

/** Call `pick` with a block that the reader clicks on, or selects words in: its number among `spots`, the words, its text. */
export function onPick(spots, pick) {
  const take = (element) => {
    const places = find(spots);
    const number = places.findLastIndex((place) => place && (place === element || place.contains(element)));
    if (number >= 0) pick(number, squeeze(String(inside().getSelection())), squeeze(places[number].textContent));
  };
  inside().addEventListener("click", (event) => event.target.closest("a") || take(event.target));
  onPick.now = () => { // by a key: where words are selected, else at the first block in sight
    const selected = inside().getSelection();
    const words = String(selected) && selected.anchorNode.parentElement;
    take(words || find(spots).find((place) => place?.getBoundingClientRect().bottom > 0));
  };
}

/** Mark the blocks that `spots` name, and no others, also after the article was placed anew. */
export function point(spots) {
  const mark = () => {
    content().querySelectorAll("[data-remarked]").forEach((each) => each.removeAttribute("data-remarked"));
    find(spots).forEach((place) => place?.setAttribute("data-remarked", ""));
  };
  point.seen?.disconnect();
  point.seen = new MutationObserver(mark);
  point.seen.observe(content(), { childList: true, subtree: true });
  mark();
}

// --- what the page around it wants to know ---

/** List the addresses of the article's images as the frame shows them, in order; "" for one that it does not show. */
export function shownImages() {
  return [...content().querySelectorAll("img, .wx-missing")].map((each) => each.getAttribute("src") || "");
}

/** List the links that WeChat keeps alive. */
export function liveLinks() {
  return [...content().querySelectorAll("a[href]")].map((each) => ({ text: each.textContent, url: each.getAttribute("href") }));
}

/** Listen for keys where the reader has clicked into the article. */
export function onKey(press) {
  inside().addEventListener("keydown", press);
}
