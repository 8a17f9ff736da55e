// A page of the preview gives its article to WeChat's web editor, and compares what the editor kept.
//
// Two may ask: WeChat's page that opened this one as its window, by `postMessage`; and the browser extension, which
// speaks through its content script in this very window. Nobody else gets an answer, and an answer goes to nobody else.

import { post } from "./server.js";

export const WECHAT = "https://mp.weixin.qq.com";

const answers = {
  offer: async () => ({ title: document.title, host: location.host }),
  article: handOver,
  compare: ({ outcome }) => compare(outcome),
};

/** Resolve to the article as a package for the editor, null if there is none now. */
export async function handOver() {
  const answer = await fetch("/editor/article").catch(() => null);
  return answer?.ok ? answer.json() : null;
}

/** Resolve to what is not in the editor as it was sent: `{ told: [sentence, …] }`. */
export const compare = (outcome) => post("/editor/compare", outcome);

/** Listen to those who may ask; `connected` is called when WeChat's page does. */
export function serve(connected = () => {}) {
  addEventListener("message", async ({ source, origin, data }) => {
    const extension = source === window && origin === location.origin;
    const editor = source !== null && source === window.opener && origin === WECHAT;
    const answer = data?.wxpub === "ask" && Object.hasOwn(answers, data.what) ? answers[data.what] : null;
    if (!answer || (!extension && !editor)) return;
    if (editor) connected();
    source.postMessage({ wxpub: "answer", id: data.id, answer: await answer(data).catch(() => null) }, origin);
  });
  window.opener?.postMessage({ wxpub: "here" }, WECHAT);
}
