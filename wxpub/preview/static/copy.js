// The clipboard: exactly these strings go there, by a `copy` event, so that no computed style of this page gets in.

/** Put `html` and `text` on the clipboard; must run inside a click or a key press. Resolves to whether it worked. */
export async function copy(html, text) {
  return copyByEvent(html, text) || copyByClipboard(html, text);
}

function copyByEvent(html, text) {
  let taken = false;
  const put = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (html !== null) event.clipboardData.setData("text/html", html);
    event.clipboardData.setData("text/plain", text);
    taken = true;
  };
  const restore = select(); // Safari fires no copy event without a selection
  document.addEventListener("copy", put, { capture: true });
  try {
    document.execCommand("copy");
  } finally {
    document.removeEventListener("copy", put, { capture: true });
    restore();
  }
  return taken;
}

function select() {
  const selection = getSelection();
  const before = selection.rangeCount ? selection.getRangeAt(0) : null;
  const mark = document.createElement("span");
  mark.textContent = "\u00a0";
  mark.style.cssText = "position:fixed;top:0;opacity:0;user-select:text;-webkit-user-select:text";
  document.body.append(mark);
  selection.selectAllChildren(mark);
  return () => {
    selection.removeAllRanges();
    if (before) selection.addRange(before);
    mark.remove();
  };
}

async function copyByClipboard(html, text) {
  if (!navigator.clipboard || !globalThis.ClipboardItem) return false;
  const kinds = { "text/plain": new Blob([text], { type: "text/plain" }) };
  if (html !== null) kinds["text/html"] = new Blob([html], { type: "text/html" });
  try {
    await navigator.clipboard.write([new ClipboardItem(kinds)]);
    return true;
  } catch {
    return false; // the browser asked its user, who said no
  }
}
