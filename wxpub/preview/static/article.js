// The article in its frame: a document that runs nothing, which this page writes to and reads from, never the other way round.

import { $ } from "./dom.js";
import { say } from "./words.js";

const frame = () => $("#article");
const inside = () => frame().contentDocument;

/** Resolve when the frame can be written to. */
export function ready() {
  return new Promise((resolve) => {
    if (inside()?.readyState === "complete" && $(".wx-content", inside())) resolve();
    else frame().addEventListener("load", () => resolve(), { once: true });
  });
}

/** Show the article of `state`, in one step, at the place where the reader is. */
export function place(state) {
  const page = inside();
  const parsed = new DOMParser().parseFromString(state.html, "text/html"); // loads nothing, runs nothing
  parsed.querySelectorAll("img").forEach(stayHome);
  parsed.querySelectorAll("[style*='url(']").forEach(dropForeignBackground);
  $(".wx-title", page).textContent = state.title;
  $(".wx-author", page).textContent = state.author;
  $(".wx-date", page).textContent = state.date;
  $(".wx-content", page).replaceChildren(...page.adoptNode(parsed.body).childNodes);
  $(".wx-foot", page).textContent = state.source_url ? "阅读原文" : "";
}

/** Put a note in the place of an image that this page does not fetch. */
function stayHome(image) {
  const address = image.getAttribute("src") || "";
  if (isOurs(address)) return;
  const box = image.ownerDocument.createElement("span");
  box.className = "wx-missing";
  const host = /^https?:\/\/([^/?#]+)/.exec(address)?.[1];
  box.textContent = [image.alt, host ? say.elsewhere(host) : say.unseen].filter(Boolean).join(" · ");
  image.replaceWith(box);
}

function dropForeignBackground(element) {
  const address = /url\(\s*["']?([^"')]*)/.exec(element.style.backgroundImage)?.[1];
  if (address && !isOurs(address)) element.style.backgroundImage = "none";
}

const isOurs = (address) => /^(data:|\/image\/)/.test(address);

/** Give the addresses of the article's pictures as the frame shows them, in order; "" for one that it does not show. */
export function pictures() {
  return [...inside().querySelectorAll(".wx-content img, .wx-content .wx-missing")].map((each) => each.getAttribute("src") || "");
}

/** Give the links that WeChat keeps alive. */
export function liveLinks() {
  return [...inside().querySelectorAll(".wx-content a[href]")].map((each) => ({ text: each.textContent, url: each.getAttribute("href") }));
}

export function setScheme(dark) {
  inside().documentElement.classList.toggle("dark", dark);
}

/** Listen for keys where the reader has clicked into the article. */
export function onKey(press) {
  inside().addEventListener("keydown", press);
}

/** Scroll to the `nth` heading or paragraph that says `text` and nothing else. */
export function reveal(text, nth = 0) {
  const squeeze = (string) => string.replace(/\s+/g, " ").trim();
  const blocks = [...inside().querySelectorAll(".wx-content :is(h1, h2, h3, h4, h5, h6, p)")];
  const target = blocks.filter((each) => squeeze(each.textContent) === squeeze(text))[nth];
  if (!target) return;
  const view = frame().contentWindow;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  view.scrollTo({ top: view.scrollY + target.getBoundingClientRect().top - 16, behavior: calm ? "auto" : "smooth" });
}
