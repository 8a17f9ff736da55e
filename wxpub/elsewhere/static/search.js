// The search of the index: every word has to stand in a title, a digest or an item of an issue. Needs no server: the
// list is a script too, which is asked for when somebody begins to search.
"use strict";
(() => {
  const form = document.querySelector("form");
  const field = form.querySelector("input");
  const found = document.getElementById("found");
  const issues = document.getElementById("issues");
  const MOST = 100;
  let asked = null;

  form.hidden = false;

  function load() {
    asked ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      Object.assign(script, { src: "search-data.js", onload: resolve, onerror: reject });
      document.head.append(script);
    });
    return asked;
  }

  function plain(text) {
    return text.normalize("NFKC").toLowerCase();
  }

  function marked(text, words) {
    const parts = document.createDocumentFragment();
    const low = text.toLowerCase();
    let at = 0;
    while (at < text.length) {
      const hits = words.map((word) => [low.indexOf(word, at), word]).filter(([place]) => place >= 0);
      if (!hits.length || low.length !== text.length) break;
      const [place, word] = hits.reduce((best, hit) => (hit[0] < best[0] ? hit : best));
      const mark = document.createElement("mark");
      mark.textContent = text.slice(place, place + word.length);
      parts.append(text.slice(at, place), mark);
      at = place + word.length;
    }
    parts.append(text.slice(at));
    return parts;
  }

  function row([page, title, date, texts], words) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = page.split("/").map(encodeURIComponent).join("/");
    link.append(marked(title, words));
    const time = document.createElement("time");
    time.textContent = date;
    const list = document.createElement("ul");
    for (const text of texts.filter((each) => words.some((word) => plain(each).includes(word))).slice(0, 3)) {
      const line = document.createElement("li");
      line.append(marked(text, words));
      list.append(line);
    }
    item.append(link, time, list);
    return item;
  }

  async function search() {
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    issues.hidden = words.length > 0;
    if (!words.length) return found.replaceChildren();
    await load();
    if (plain(field.value).split(/\s+/).filter(Boolean).join(" ") !== words.join(" ")) return;
    const hits = window.letter.filter(([, title, date, texts]) => {
      const all = plain([title, date, ...texts].join("\n"));
      return words.every((word) => all.includes(word));
    });
    found.replaceChildren(...hits.slice(0, MOST).map((hit) => row(hit, words)));
    if (!hits.length) {
      const none = document.createElement("li");
      none.textContent = found.dataset.none;
      found.append(none);
    }
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("focus", load);
  field.addEventListener("input", search);
})();
