// An editor that reads pasted HTML as WeChat's does: ProseMirror, with the schema that its saved articles show.
//
//   blocks keep their tag and style; text stands in blocks that hold nothing else
//   table → body → row → cell, cells hold blocks
//   drawings (SVG) stay as they are
//   list items hold blocks; what follows the first inline run is wrapped in a block of its own
//   `id`, event handlers and everything else that the schema does not name are gone
//
// `make packages` bundles it into build/editor.js, which tests load: editor(place) gives an EditorView.

import { Schema } from "prosemirror-model";
import { EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";

const BLOCKS = "p section h1 h2 h3 h4 h5 h6 blockquote pre hr ul ol li table".split(" ");
const BOXES = "p section h1 h2 h3 h4 h5 h6 blockquote pre";
const tags = (names) => names.split(" ");

const holdsBlocks = (element) => element.querySelector(BLOCKS.join(",")) !== null;
const keep = (element) => ({
  tag: element.localName,
  style: element.getAttribute("style"),
  data: [...element.attributes].filter(({ name }) => name.startsWith("data-")).map(({ name, value }) => [name, value]),
});
const shown = ({ attrs: { style, data } }) => ({ ...Object.fromEntries(data), ...(style ? { style } : {}) });

/** A node that keeps its tag, style and data attributes. */
function element(content, group, rules, extra = {}) {
  return {
    content, group, ...extra,
    attrs: { tag: { default: "p" }, style: { default: null }, data: { default: [] } },
    parseDOM: rules,
    toDOM: (node) => [node.attrs.tag, shown(node), 0],
  };
}

const schema = new Schema({
  nodes: {
    doc: { content: "block+" },
    line: element("inline*", "block", tags(BOXES).map((tag) => ({ tag, getAttrs: (dom) => !holdsBlocks(dom) && keep(dom) }))),
    box: element("block+", "block", tags(BOXES).map((tag) => ({ tag, getAttrs: (dom) => holdsBlocks(dom) && keep(dom) }))),
    list: element("item+", "block", tags("ul ol").map((tag) => ({ tag, getAttrs: keep }))),
    item: element("block+", "", [{ tag: "li", getAttrs: keep }]),
    rule: { ...element("", "block", [{ tag: "hr", getAttrs: keep }]), toDOM: (node) => ["hr", shown(node)] },
    table: element("table_body", "block", [{ tag: "table", getAttrs: keep }]),
    table_body: { content: "row+", parseDOM: [{ tag: "tbody" }], toDOM: () => ["tbody", 0] },
    row: element("cell+", "", [{ tag: "tr", getAttrs: keep }]),
    cell: element("block+", "", tags("td th").map((tag) => ({ tag, getAttrs: keep })), { isolating: true }),
    image: {
      inline: true, group: "inline", attrs: { src: {}, alt: { default: "" }, style: { default: null } },
      parseDOM: [{ tag: "img[src]", getAttrs: (dom) => ({ src: dom.getAttribute("src"), alt: dom.getAttribute("alt"), style: dom.getAttribute("style") }) }],
      toDOM: ({ attrs }) => ["img", { src: attrs.src, alt: attrs.alt, ...(attrs.style ? { style: attrs.style } : {}) }],
    },
    drawing: {
      inline: true, group: "inline", attrs: { html: {} },
      parseDOM: [{ tag: "svg", getAttrs: (dom) => ({ html: dom.outerHTML }) }],
      toDOM: ({ attrs }) => new DOMParser().parseFromString(attrs.html, "text/html").body.firstChild,
    },
    break: { inline: true, group: "inline", parseDOM: [{ tag: "br" }], toDOM: () => ["br"] },
    text: { group: "inline" },
  },
  marks: {
    link: { attrs: { href: {} }, parseDOM: [{ tag: "a[href]", getAttrs: (dom) => ({ href: dom.getAttribute("href") }) }], toDOM: ({ attrs }) => ["a", attrs, 0] },
    textstyle: {
      attrs: { style: {} }, excludes: "",
      parseDOM: [{ tag: "span[style]", getAttrs: (dom) => ({ style: dom.getAttribute("style") }) }],
      toDOM: ({ attrs }) => ["span", { textstyle: "", ...attrs }, 0],
    },
    inline: {
      attrs: { tag: {}, style: { default: null } }, excludes: "",
      parseDOM: tags("strong em code b i u s sub sup").map((tag) => ({ tag, getAttrs: (dom) => ({ tag, style: dom.getAttribute("style") }) })),
      toDOM: ({ attrs: { tag, style } }) => [tag, style ? { style } : {}, 0],
    },
  },
});

/** Put an empty editor into `place`. */
export function editor(place) {
  return new EditorView(place, { state: EditorState.create({ schema }) });
}
