// The bookmarklet: the panel and the filling in one script, which asks a preview in a window that it opens.

import { fill, look } from "./fill.js";
import { panel } from "./panel.js";

const PREVIEW = "{{origin}}"; // where this bookmarklet came from
const OPENING = 6000; // milliseconds for the preview's window to open and to answer
const WAITING = 60000;

let preview = null; // the window
let asked = 0;

/** Open the preview's window; must run in a click. Resolves to whether it answers. */
function reach() {
  return new Promise((resolve) => {
    const here = ({ source, origin, data }) => origin === PREVIEW && source === preview && data?.wxpub === "here" && done(true);
    const done = (whether) => {
      removeEventListener("message", here);
      resolve(whether);
    };
    addEventListener("message", here);
    setTimeout(done, OPENING, false);
    preview = window.open(`${PREVIEW}/editor`, "wxpub-editor", "popup,width=460,height=640");
    if (!preview) done(false);
  });
}

function request(what, more = {}) {
  const id = ++asked;
  return new Promise((resolve) => {
    const heard = ({ source, origin, data }) => origin === PREVIEW && source === preview && data?.wxpub === "answer" && data.id === id && done(data.answer);
    const done = (answer) => {
      removeEventListener("message", heard);
      resolve(answer);
    };
    addEventListener("message", heard);
    setTimeout(done, WAITING, null);
    preview.postMessage({ wxpub: "ask", id, what, ...more }, PREVIEW);
  });
}

const source = {
  offers: async () => {
    const offer = await reach() ? await request("offer") : null;
    return offer ? [{ id: 0, ...offer }] : [];
  },
  article: () => request("article"),
  compare: (id, outcome) => request("compare", { outcome }),
};

document.querySelector("wxpub-panel")?.remove();
panel({ source, editor: { look, fill }, language: "{{language}}", by: "bookmarklet" });
