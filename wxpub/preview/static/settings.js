// What the viewer chose last: kept by the browser where it keeps anything for this page, else for this visit.

/** Give the setting `name`, or `otherwise`. */
export function remembered(name, otherwise) {
  try {
    return localStorage.getItem(`wxpub.${name}`) ?? otherwise;
  } catch {
    return otherwise; // a browser may forbid storage to pages from files
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`wxpub.${name}`, value);
  } catch {
    // the choice holds for this visit
  }
}
