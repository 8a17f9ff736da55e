// In a page on this computer: if it is a preview of wxpub, passes questions on to it. Other pages are left alone.
"use strict";

const WAITING = 60000; // milliseconds for the preview to answer

let asked = 0;

function ask(question) {
  const id = `extension-${++asked}`;
  return new Promise((resolve) => {
    const heard = ({ source, data }) => source === window && data?.wxpub === "answer" && data.id === id && done(data.answer);
    const done = (answer) => {
      removeEventListener("message", heard);
      resolve(answer);
    };
    addEventListener("message", heard);
    setTimeout(done, WAITING, null);
    window.postMessage({ ...question, wxpub: "ask", id }, location.origin);
  });
}

if (document.querySelector("meta[name=wxpub-run]")) {
  chrome.runtime.onMessage.addListener((question, sender, answer) => {
    if (sender.id !== chrome.runtime.id) return false;
    ask(question).then(answer);
    return true; // the answer comes later
  });
}
