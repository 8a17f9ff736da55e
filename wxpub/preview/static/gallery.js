// The gallery: an article in every theme, side by side; equal parts begin at equal heights, so that one scroll serves all.

import { copy } from "./copy.js";
import { $, h, icon } from "./dom.js";
import { remember, remembered } from "./settings.js";
import { say, speak } from "./words.js";

const MOON = "M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z";
const PART = ".wx-part + .wx-part { margin-top: 28px } .wx-part::before { content: attr(data-name); display: block; margin: 0 0 14px; padding-top: 6px; border-top: 1px dashed rgba(127, 127, 127, .45); color: #767676; font-size: 12px; line-height: 18px; text-align: left; letter-spacing: 0 } html { overflow: hidden }";
const system = matchMedia("(prefers-color-scheme: dark)");

let frames = []; // those that have been read
let dark = remembered("scheme", system.matches ? "dark" : "light") === "dark";

function start() {
  const { looks } = JSON.parse($("#state").textContent);
  speak();
  $("#bar").append(
    h("h1", { class: "file" }, h("b", {}, "wxpub"), h("span", {}, document.title)),
    h("button", { type: "button", class: "second", id: "scheme", onclick: toggle }, icon(MOON), " ", h("span", {}, say.scheme)));
  $("#looks").setAttribute("aria-label", say.themes);
  $("#looks").append(...looks.map(column));
  document.documentElement.dataset.scheme = dark ? "dark" : "light";
}

function column(look) {
  const line = `theme: ${look.name}`;
  const taken = h("button", { type: "button", class: "second", title: say.copyLine, onclick: () => take(taken, line) }, line);
  const frame = h("iframe", { title: look.title, sandbox: "allow-same-origin", srcdoc: look.frame, onload: () => ready(frame, look) });
  return h("section", { class: "look", id: `look-${look.name}` },
    h("header", {}, h("h2", {}, look.title, " ", h("span", {}, look.name)), taken, h("p", {}, look.description)),
    frame);
}

async function take(button, line) {
  const done = await copy(null, line);
  button.textContent = done ? say.lineCopied : say.copyFailed;
  setTimeout(() => (button.textContent = line), 2000);
}

/** Take up a frame that has been read: its parts get their names, and heights that fit those of the other themes. */
function ready(frame, look) {
  const page = frame.contentDocument;
  page.head.append(Object.assign(page.createElement("style"), { textContent: PART }));
  const parts = [...page.querySelectorAll(".wx-part")];
  parts.forEach((part, index) => (part.dataset.name = say.parts[look.parts[index]]));
  const styled = [...page.querySelectorAll(".wx-content [style]")];
  frames.push({ frame, page, parts, styled, day: styled.map((each) => each.getAttribute("style")), night: look.dark });
  const watch = new ResizeObserver(align);
  for (const part of parts) watch.observe(part.firstElementChild);
  paint(frames.at(-1));
}

function align() {
  even([...document.querySelectorAll(".look > header")]);
  even(frames.map(({ page }) => page.querySelector(".wx-title")));
  const most = Math.max(0, ...frames.map(({ parts }) => parts.length));
  for (let at = 0; at < most; at++) even(frames.map(({ parts }) => parts[at]).filter(Boolean));
  for (const { frame, page } of frames) frame.style.height = `${page.querySelector("main").getBoundingClientRect().height + 2}px`;
}

/** Make elements as high as the highest of them. */
function even(elements) {
  for (const each of elements) each.style.minHeight = "";
  const highest = Math.max(...elements.map((each) => each.getBoundingClientRect().height));
  for (const each of elements) each.style.minHeight = `${highest}px`;
}

function toggle() {
  dark = !dark;
  remember("scheme", dark === system.matches ? "" : dark ? "dark" : "light");
  document.documentElement.dataset.scheme = dark ? "dark" : "light";
  frames.forEach(paint);
}

/** Show an article by day or as WeChat's dark mode does. */
function paint({ page, styled, day, night }) {
  page.documentElement.classList.toggle("dark", dark);
  if (styled.length !== night.use.length) return; // read as another tree than the server's: rather no colours than wrong ones
  styled.forEach((each, index) => each.setAttribute("style", dark ? night.styles[night.use[index]] : day[index]));
}

start();
