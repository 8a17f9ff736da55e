// The panel that stands over WeChat's web editor: takes an article from a preview and shows what became of it.

import { h } from "./dom.js";
import { copy } from "./copy.js";
import { speakOf } from "./panelwords.js";

const STYLE = `
:host { all: initial; position: fixed; z-index: 2147483000; left: 24px; bottom: 24px; }
* { box-sizing: border-box; margin: 0; }
section { width: 320px; max-height: calc(100vh - 48px); overflow: auto; padding: 16px; border-radius: 12px; background: #fff; color: #1c1d1b;
  border: 1px solid #e2e2dc; box-shadow: 0 12px 32px rgb(0 0 0 / 14%); font: 14px/1.6 -apple-system, BlinkMacSystemFont, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
header { display: flex; align-items: center; justify-content: space-between; margin-bottom: 8px; font-weight: 650; }
p, ul, progress, textarea, details { margin-top: 8px; }
ul { padding-left: 18px; }
li { overflow-wrap: anywhere; }
.soft { color: #5d5f5a; font-size: 13px; }
.stop { color: #b3261e; }
.fine { color: #0b7a45; }
.warn { color: #85550a; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
button { font: inherit; color: inherit; padding: 4px 14px; border: 1px solid #e2e2dc; border-radius: 8px; background: #fff; cursor: pointer; }
button.primary { background: #0b7a45; border-color: #0b7a45; color: #fff; }
button.close { padding: 0 8px; border: 0; font-size: 18px; line-height: 1; }
button:focus-visible, textarea:focus-visible, summary:focus-visible { outline: 2px solid #0b7a45; outline-offset: 2px; }
textarea { display: block; width: 100%; height: 56px; font: 12px/1.4 ui-monospace, monospace; }
progress { display: block; width: 100%; accent-color: #0b7a45; }
.pill { padding: 6px 14px; border-radius: 16px; font: 600 13px/20px system-ui, sans-serif; box-shadow: 0 2px 8px rgb(0 0 0 / 14%); }
@media (prefers-color-scheme: dark) {
  section, button { background: #1b1c1a; color: #e9eae6; border-color: #2d2f2b; }
  .soft { color: #a3a69f; } .stop { color: #ff8a80; } .fine { color: #4fc98b; } .warn { color: #e8b45c; }
  button.primary { background: #4fc98b; border-color: #4fc98b; color: #06180f; }
  textarea { background: #111210; color: #e9eae6; }
}`;

/**
 * Make the panel. `source` has `offers()` → [{ id, title, host }], `article(id)` and `compare(id, outcome)` → { told };
 * `editor` has `look()` and `fill(article, say)` of fill.js. `by` says how articles come: "extension" or "bookmarklet".
 */
export function panel({ source, editor, language, by }) {
  const say = speakOf(language);
  const host = document.createElement("wxpub-panel");
  const root = host.attachShadow({ mode: "closed" }); // the page around it cannot press its buttons
  const sheet = new CSSStyleSheet(); // a style element would need the page's leave
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  document.documentElement.append(host);

  const show = (...content) => root.replaceChildren(h("section", { role: "dialog", "aria-label": "wxpub" },
    h("header", {}, "wxpub", h("button", { type: "button", class: "close", "aria-label": say.close, onclick: fold }, "×")), content));
  const button = (text, onclick, kind = "") => h("button", { type: "button", class: kind, onclick }, text);
  const buttons = (...each) => h("div", { class: "buttons" }, each);
  const fold = () => by === "bookmarklet" ? host.remove() : root.replaceChildren(h("button", { type: "button", class: "pill", onclick: open }, "wxpub"));

  function open() {
    show(h("p", {}, say.start), buttons(button(say.take, choose, "primary")), byHand());
  }

  /** Let an article come by the clipboard, where the preview cannot be asked. */
  function byHand() {
    const box = h("textarea", { "aria-label": say.byHand, spellcheck: "false", oninput: () => {
      const article = read(box.value);
      if (article) confirm(null, article);
    } });
    return h("details", {}, h("summary", { class: "soft" }, say.byHand), h("p", { class: "soft" }, say.byHandHow), box);
  }

  async function choose() {
    show(h("p", {}, say.looking));
    const found = await source.offers();
    if (!found.length) return show(h("p", { class: "stop" }, say.nobody[by]), buttons(button(say.again, choose, "primary")), byHand());
    if (found.length === 1) return take(found[0]);
    show(h("p", {}, say.which), h("ul", {}, found.map((each) => h("li", {}, button(`${each.title} · ${each.host}`, () => take(each))))));
  }

  async function take(offer) {
    show(h("p", {}, say.taking(offer.title)));
    const article = valid(await source.article(offer.id));
    if (!article) return failed(say.nothing);
    confirm(offer.id, article);
  }

  async function confirm(id, article) {
    show(h("p", {}, say.looking));
    const state = await editor.look();
    if (state.problem) return failed(say.problems[state.problem] ?? state.problem);
    show(h("p", {}, say.title(article.title)), h("p", { class: "soft" }, say.pictures(article.pictures.length)),
      article.lost ? h("p", { class: "warn" }, say.lost(article.lost)) : null,
      state.empty ? null : h("p", { class: "warn" }, say.replaces),
      buttons(button(say.fill, () => fill(id, article), "primary"), button(say.cancel, open)));
  }

  async function fill(id, article) {
    const line = h("p", { role: "status" }, say.begins), bar = h("progress", { "aria-label": say.begins });
    show(line, bar, h("p", { class: "soft" }, say.hands));
    let outcome;
    try {
      outcome = await editor.fill(article, (step, done, of) => {
        line.textContent = say.steps[step](done, of);
        if (of) [bar.value, bar.max] = [done, of];
      });
    } catch (error) {
      return failed(say.problems[error.message] ?? error.message);
    }
    result(outcome, id === null ? null : await source.compare(id, outcome));
  }

  function result(outcome, answer) {
    const told = answer?.told ?? [];
    const todo = [...outcome.missing.map((name) => say.missing[name]), ...outcome.inside.map(say.inside)];
    show(h("p", { class: "fine" }, say.done),
      todo.length ? [h("p", { class: "warn" }, say.todo), h("ul", {}, todo.map((each) => h("li", {}, each)))] : null,
      outcome.inside.length ? h("p", { class: "soft" }, say.insideHow) : null,
      !answer ? h("p", { class: "soft" }, say.unchecked)
        : told.length ? [h("p", { class: "warn" }, say.differs), h("ul", {}, told.map((each) => h("li", {}, each)))]
          : h("p", { class: "fine" }, say.same),
      h("p", { class: "soft" }, say.save),
      buttons(answer ? null : button(say.copyKept, async () => await copy(null, JSON.stringify(outcome)) && line(say.copied)), button(say.close, fold)));
    const line = (text) => root.querySelector(".buttons").after(h("p", { class: "soft", role: "status" }, text));
  }

  const failed = (text) => show(h("p", { class: "stop", role: "alert" }, text), buttons(button(say.again, open, "primary")));

  if (by === "bookmarklet") open();
  else fold();
}

function read(text) {
  try {
    return valid(JSON.parse(text));
  } catch {
    return null; // not all of it is there yet
  }
}

/** Give `article` if it is one: what comes from elsewhere may be anything. */
function valid(article) {
  const words = (each) => typeof each === "string";
  const picture = (each) => each && [each.key, each.name, each.type, each.data].every(words);
  return article && [article.title, article.author, article.digest, article.content].every(words)
    && Array.isArray(article.pictures) && article.pictures.every(picture) && (article.cover === null || picture(article.cover)) ? article : null;
}
