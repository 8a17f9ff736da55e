// In WeChat's web editor: puts an article in by the bridge that WeChat publishes for plug-ins, and reads it back.
//
//   window.__MP_Editor_JSAPI__.invoke({ apiName, apiParam, sucCb, errCb })
//     mp_editor_get_isready                                        → { isReady, isNew }
//     mp_editor_get_content                                        → { content }
//     mp_editor_set_content   { content }
//     mp_editor_change_cover  { oriImgUrl, picCrop_235_1, picCrop_1_1 }     crops: [x1, y1, x2, y2], 0 to 1
//
// Source: developers.weixin.qq.com/doc/subscription/guide/product/mp_editor_jsapi.html. The bridge takes no files, and
// the editor fetches pictures of other hosts badly (reported); so every picture is pasted as a file into the editor, which
// uploads it, and the article names the address that came of it. That the editor takes a file from a paste that a script
// made is reported by other extensions. Title, author and digest have no bridge: their fields are those that other
// extensions name. Unverified: nobody here tried any of this on a live account.

const PATIENCE = { ready: 10000, call: 15000, picture: 20000, rest: 8000 }; // milliseconds
const STEP = 250;
const TITLE = "#js_title_main .ProseMirror, .title-editor__input .ProseMirror";
const FIELDS = { title: "#title", author: "#author", digest: "#js_description" };
const BODY = "#ueditor_0 .ProseMirror, .rich_media_content .ProseMirror";

const sleep = (time) => new Promise((done) => setTimeout(done, time));

/** Ask until `ask()` gives something, or `time` is over: then null. */
async function until(ask, time) {
  for (const end = Date.now() + time; ;) {
    const found = await ask();
    if (found) return found;
    if (Date.now() > end) return null;
    await sleep(STEP);
  }
}

/** Call the bridge; rejects with one of "no-bridge", "no-answer", "refused". */
function invoke(apiName, apiParam = {}) {
  return new Promise((resolve, reject) => {
    const bridge = window.__MP_Editor_JSAPI__;
    if (typeof bridge?.invoke !== "function") return reject(new Error("no-bridge"));
    setTimeout(() => reject(new Error("no-answer")), PATIENCE.call);
    bridge.invoke({ apiName, apiParam, sucCb: (answer) => resolve(answer ?? {}), errCb: () => reject(new Error("refused")) });
  });
}

const content = async () => String((await invoke("mp_editor_get_content")).content ?? "");

/** Say what stands in the editor: `{ problem }`, "" if it can be filled, and `{ empty }`. */
export async function look() {
  try {
    const state = await until(async () => {
      if (!window.__MP_Editor_JSAPI__) return null;
      const answer = await invoke("mp_editor_get_isready");
      return answer.isReady ? answer : null;
    }, PATIENCE.ready);
    if (!state) return { problem: window.__MP_Editor_JSAPI__ ? "not-ready" : "no-bridge", empty: true };
    if (!state.isNew) return { problem: "old-editor", empty: true };
    const found = parse(await content());
    return { problem: "", empty: !found.body.textContent.trim() && !found.querySelector("img") };
  } catch (error) {
    return { problem: error.message, empty: true };
  }
}

const parse = (html) => new DOMParser().parseFromString(html, "text/html"); // runs nothing and loads nothing

/** List the addresses at WeChat of the pictures in `html`. */
function hosted(html) {
  return [...parse(html).querySelectorAll("img")]
    .map((image) => image.getAttribute("data-src") || image.getAttribute("src") || "")
    .filter((url) => /^https?:\/\/([a-z0-9-]+\.)*(qpic|qlogo)\.cn\//i.test(url));
}

/**
 * Put `article` into the editor, replacing what is there; `say(step, done, of)` is told how far it is. Resolves to what
 * was sent, what is kept, and which parts have to be put in by hand; rejects if the text itself could not be put in.
 */
export async function fill(article, say) {
  const missing = [];
  const urls = new Map();
  const files = new Map([article.cover, ...article.pictures].filter(Boolean).map((file) => [file.key, file]));
  for (const [done, file] of [...files.values()].entries()) {
    say("pictures", done, files.size);
    const url = await upload(file);
    if (url) urls.set(file.key, url);
    else if (!urls.size) break; // the editor takes no files from a script
  }
  say("text");
  const body = place(article, urls);
  await invoke("mp_editor_set_content", { content: body });
  const kept = { content: await settled() };
  for (const [name, write] of [["title", writeTitle], ["author", writeField], ["digest", writeField]]) {
    if (!article[name]) continue;
    kept[name] = await write(name, article[name]);
    if (kept[name] === null) missing.push(name);
  }
  if (!article.cover || !await cover(article.cover, urls.get(article.cover.key))) missing.push("cover");
  const { title, author, digest } = article;
  const inside = article.pictures.filter((picture) => !urls.has(picture.key)).map((picture) => picture.name);
  return { sent: { title, author, digest, content: place(article, urls, "") }, kept, missing, inside };
}

/** Write the article's HTML with its pictures at WeChat's addresses; one that has none is inside, as `data:`, or `other`. */
function place(article, urls, other = null) {
  return article.pictures.reduce((html, picture) =>
    html.replaceAll(`"${picture.key}"`, `"${urls.get(picture.key) ?? other ?? `data:${picture.type};base64,${picture.data}`}"`), article.content);
}

// --- pictures ---

/** Paste one picture into the editor and wait until it has an address; null if none comes. */
async function upload({ name, type, data }) {
  const before = tally(hosted(await content()));
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const box = new DataTransfer();
  box.items.add(new File([bytes], name, { type }));
  if (!paste(document.querySelector(BODY), box)) return null;
  return until(async () => {
    const now = tally(hosted(await content()));
    return [...now.keys()].find((url) => now.get(url) > (before.get(url) ?? 0)); // an equal picture may have its address
  }, PATIENCE.picture);
}

const tally = (urls) => urls.reduce((counts, url) => counts.set(url, (counts.get(url) ?? 0) + 1), new Map());

function paste(target, box) {
  if (!target) return false;
  target.focus();
  return !target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: box, bubbles: true, cancelable: true }));
}

async function cover({ crops }, url) {
  if (!url) return false;
  try {
    await invoke("mp_editor_change_cover", { oriImgUrl: url, picCrop_235_1: crops.wide, picCrop_1_1: crops.square });
    return true;
  } catch {
    return false;
  }
}

// --- what is kept ---

/** Read the content once it has come to rest. */
async function settled() {
  let before = null;
  return (await until(async () => {
    const now = await content();
    const same = now === before && now !== "";
    before = now;
    return same ? now : null;
  }, PATIENCE.rest)) ?? before;
}

/** Write the title, which is an editor of its own beside a hidden field; gives what stands there then, null for nothing. */
async function writeTitle(name, text) {
  const editor = document.querySelector(TITLE);
  if (!editor) return writeField(name, text);
  getSelection().selectAllChildren(editor);
  const box = new DataTransfer();
  box.setData("text/plain", text);
  if (!paste(editor, box)) document.execCommand("insertText", false, text);
  await sleep(STEP);
  return editor.textContent === text ? text : null;
}

async function writeField(name, text) {
  const field = document.querySelector(FIELDS[name]);
  if (!field) return null;
  // The page's framework watches the property `value` of the field itself: the prototype's setter gets past it.
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, text);
  for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
  await sleep(STEP);
  return field.value;
}
