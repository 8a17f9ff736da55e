// Questions to another window, or to the page of this one, and their answers: by messages, which anybody may send.

const WAITING = 60000; // milliseconds for an answer

let questions = 0;

/** Resolve to the first message of `from` that is `wanted`, null if none comes in `time` milliseconds. */
export function hear(from, home, wanted, time) {
  return new Promise((resolve) => {
    const heard = ({ source, origin, data }) => source === from && origin === home && data && wanted(data) && done(data);
    const done = (data) => {
      removeEventListener("message", heard);
      resolve(data);
    };
    addEventListener("message", heard);
    setTimeout(done, time, null);
  });
}

/** Ask the page of `home` in the window `to`, which answers by handover.js; resolves to the answer, null for none. */
export async function inquire(to, home, question) {
  const id = ++questions;
  const heard = hear(to, home, (data) => data.wxpub === "answer" && data.id === id, WAITING);
  to.postMessage({ ...question, wxpub: "ask", id }, home);
  return (await heard)?.answer ?? null;
}
