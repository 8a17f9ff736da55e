// In WeChat's page, in a world of its own: shows the panel, asks previews by the worker, and the editor by page.js.

import { panel } from "./panel.js";

let asked = 0;

/** Have page.js do something; `say` hears how far it is. */
function order(what, article = null, say = () => {}) {
  const id = ++asked;
  return new Promise((resolve, reject) => {
    addEventListener("message", function heard({ source, data }) {
      if (source !== window || data?.wxpub !== "did" || data.id !== id) return;
      if (data.step) return say(...data.step);
      removeEventListener("message", heard);
      if (data.error) reject(new Error(data.error));
      else resolve(data.result);
    });
    window.postMessage({ wxpub: "do", id, what, article }, location.origin);
  });
}

const question = (what, id, more = {}) => chrome.runtime.sendMessage({ what, id, ...more });

panel({
  source: {
    offers: async () => await question("offers") ?? [],
    article: (id) => question("article", id),
    compare: (id, outcome) => question("compare", id, { outcome }),
  },
  editor: { look: () => order("look"), fill: (article, say) => order("fill", article, say) },
  language: chrome.i18n.getUILanguage(),
  by: "extension",
});
