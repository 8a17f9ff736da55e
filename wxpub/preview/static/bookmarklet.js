// The bookmarklet: the panel and the filling in one script, which asks a preview in a window that it opens.

import { fill, look } from "./fill.js";
import { hear, inquire } from "./hear.js";
import { panel } from "./panel.js";

const PREVIEW = "{{origin}}"; // where this bookmarklet came from
const OPENING = 6000; // milliseconds for the preview's window to open and to answer

let preview = null; // the window

/** Open the preview's window; must run in a click. Resolves to whether it answers. */
async function reach() {
  preview = window.open(`${PREVIEW}/editor`, "wxpub-editor", "popup,width=460,height=640");
  return preview !== null && await hear(preview, PREVIEW, (data) => data.wxpub === "here", OPENING) !== null;
}

const request = (what, more = {}) => inquire(preview, PREVIEW, { what, ...more });

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
