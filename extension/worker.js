// Carries questions from the panel in WeChat's editor to the pages of previews on this computer, and their answers back.
"use strict";

const EDITOR = "https://mp.weixin.qq.com/";
const PREVIEWS = ["http://127.0.0.1/*", "http://localhost/*"];

const ask = (tab, question) => chrome.tabs.sendMessage(tab, question, { frameId: 0 }).catch(() => null);

/** Ask every open preview what it offers. */
async function offers() {
  const tabs = await chrome.tabs.query({ url: PREVIEWS });
  const found = await Promise.all(tabs.map(async ({ id }) => ({ id, ...await ask(id, { what: "offer" }) })));
  return found.filter(({ title }) => title);
}

chrome.runtime.onMessage.addListener((question, sender, answer) => {
  if (!sender.url?.startsWith(EDITOR)) return false;
  const found = question.what === "offers" ? offers() : ask(question.id, question);
  found.then(answer, () => answer(null));
  return true; // the answer comes later
});
