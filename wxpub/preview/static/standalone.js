// The page that `wxpub convert` writes: everything it shows is in the file.

import { $ } from "./dom.js";
import { ready } from "./article.js";
import { setUp, show } from "./view.js";

async function start() {
  const state = JSON.parse($("#state").textContent);
  const lost = state.images.filter((image) => image.status === "lost").length;
  await ready();
  setUp({ payload: async () => ({ html: state.html, text: state.text, lost }) });
  show(state);
}

start();
