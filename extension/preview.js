// In a page on this computer: if it is a preview of wxpub, passes questions on to it. Other pages are left alone.

import { inquire } from "./hear.js";

if (document.querySelector("meta[name=wxpub-run]")) {
  chrome.runtime.onMessage.addListener((question, sender, answer) => {
    if (sender.id !== chrome.runtime.id) return false;
    inquire(window, location.origin, question).then(answer);
    return true; // the answer comes later
  });
}
