// In the world of WeChat's page, which alone has the editor's bridge: fills the editor when the panel says so.

import { fill, look } from "./fill.js";

addEventListener("message", async ({ source, data }) => {
  if (source !== window || data?.wxpub !== "do") return;
  const tell = (more) => window.postMessage({ wxpub: "did", id: data.id, ...more }, location.origin);
  try {
    tell({ result: data.what === "look" ? await look() : await fill(data.article, (...step) => tell({ step })) });
  } catch (error) {
    tell({ error: error.message });
  }
});
