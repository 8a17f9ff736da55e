// What WeChat's published checker measures of an article, on several screens; gives a line for each fault.
async ([html, screens]) => {
  const BLOCKS = "p, section, li, h1, h2, h3, table, blockquote";
  const box = document.getElementById("article");
  box.innerHTML = html;
  await Promise.all([...box.querySelectorAll("img")].map((img) => img.decode().catch(() => {})));
  const found = [];
  const widths = new Map();
  const root = box.firstElementChild;
  for (const screen of screens) {
    box.style.width = `${screen}px`;
    const outer = box.getBoundingClientRect();
    if (box.scrollWidth > box.clientWidth + 1) found.push(`${screen}: the article is ${box.scrollWidth} wide`);
    for (const block of root.querySelectorAll(BLOCKS)) {
      if (block.querySelector(BLOCKS) || block.hasAttribute("data-ignore-width")) continue; // the innermost blocks only
      const rect = block.getBoundingClientRect();
      const shown = block.outerHTML.slice(0, 80);
      if (rect.left < outer.left - 1 || rect.right > outer.right + 1) found.push(`${screen}: overflow of ${shown}`);
      if (block.offsetHeight > outer.height + 20) found.push(`${screen}: higher than the article: ${shown}`);
    }
    for (const node of root.querySelectorAll("*")) {
      if (node.closest("svg")) continue;
      const style = getComputedStyle(node), rect = node.getBoundingClientRect();
      const text = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
      const size = parseFloat(style.fontSize), line = style.lineHeight === "normal" ? size * 1.2 : parseFloat(style.lineHeight);
      if (text && line < size * 0.95) found.push(`${screen}: line-height ${line} of ${size}`);
      if (text && rect.height < 1) found.push(`${screen}: no height: ${node.outerHTML.slice(0, 80)}`);
      if (text && size < 11) found.push(`${screen}: ${size}px is too small: ${node.outerHTML.slice(0, 80)}`);
      if (node.tagName === "PRE") found.push(`${screen}: pre`);
      const width = node.style.width;
      if (node.closest("[data-ignore-width]")) continue;
      if (node.tagName === "IMG" || (width && !/auto|100%/.test(width))) {
        if (!widths.has(node)) widths.set(node, []);
        widths.get(node).push([rect.width, rect.width / screen, rect.right > outer.right + 1]);
      }
    }
  }
  for (const [node, seen] of widths) {
    const exact = seen.some(([, ratio]) => ratio === 1) ? 0 : 0.2;
    const differ = seen.some(([width]) => Math.abs(width - seen[0][0]) > 10);
    const uneven = seen.some(([, ratio]) => Math.abs(ratio - seen[0][1]) > exact);
    if ((differ && uneven) || seen.some(([, , over]) => over)) found.push(`uneven width: ${node.outerHTML.slice(0, 120)}`);
  }
  return found;
}
