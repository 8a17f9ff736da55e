// What the page says, in Chinese and in English by the reader's browser.

const WORDS = {
  zh: {
    copy: "复制文章", copied: "已复制，可粘贴到公众号后台", copyFailed: "浏览器不许复制；请选中正文后按 Ctrl+C",
    lost: (n) => `已复制；有 ${n} 张图片贴不进去，请在后台补上`,
    width: "屏幕宽度", px: (n) => `${n} 像素`, scheme: "深浅模式", dark: "深色模式", light: "浅色模式",
    outline: "目录", noOutline: "文中没有标题", article: "文章", details: "详情", views: "显示",
    findings: "检查", noFindings: "没有发现问题", copyPlace: "点按复制位置", placeCopied: (place) => `已复制 ${place}`,
    error: "错误", warning: "警告", info: "提示",
    list: "列表与转发样式", noCover: "没有封面：推送时按标题生成", drawnCover: "没有指定封面：这是推送时按标题生成的样子", noDigest: "没有摘要：微信取正文开头",
    size: "篇幅", title: "标题", author: "作者", digest: "摘要", characters: "字符数", bytes: "字节数",
    kinds: { text: "文字", style: "样式", address: "链接与图片地址", markup: "标签" }, bySection: "各节字符", opening: "开头",
    images: "图片", noImages: "文中没有图片", line: (n) => `第 ${n} 行`, noAlt: "没有替代文字",
    fates: { embedded: "已嵌入，粘贴时由后台上传", hosted: "已在微信", fetched: "粘贴时由后台抓取，可能失败", lost: "粘贴会丢失：只有本机能看到", upload: "推送时上传", pending: "正在处理…", missing: "没有这张图片" },
    qrcode: "二维码（由阅读原文生成）",
    elsewhere: (host) => `图片在 ${host}，此页不向外取`, unseen: "图片只在源文件旁边",
    notes: "链接与注释", noNotes: "没有站外链接", source: "阅读原文", live: "可点", liveLinks: (n) => `${n} 个公众号链接保持可点`,
    theme: "主题", shortcuts: "快捷键", close: "关闭", refused: "服务器没有接受，请刷新页面",
    alive: "实时预览中", away: "连接中断，正在重试", problem: "文章暂时无法生成", recovers: "改好并保存后，预览会自动恢复。", nothingToCopy: "还没有可复制的文章",
    push: "推送", progress: "推送进度", pushHead: "推送到公众号", pushTheme: (name) => `主题：${name}`, pushErrors: (n) => `有 ${n} 个错误，推送会被拒绝：请先改好`,
    pushTo: (target) => target.name === "sandbox" ? "推送到沙盒" : `推送到草稿箱（${target.title}）`, look: "查看草稿",
    pushed: { created: "已新建草稿。", updated: "已更新草稿。", unchanged: "草稿已是最新，没有改动。" }, pushedImages: (sent, kept) => `图片：上传 ${sent} 张，沿用 ${kept} 张。`,
  },
  en: {
    copy: "Copy article", copied: "Copied: paste it into WeChat's editor", copyFailed: "The browser refused; select the text and press Ctrl+C",
    lost: (n) => `Copied, but ${n} image${n > 1 ? "s" : ""} cannot be pasted: add them in the editor`,
    width: "Screen width", px: (n) => `${n} pixels`, scheme: "Light or dark", dark: "Dark", light: "Light",
    outline: "Outline", noOutline: "No headings", article: "Article", details: "Details", views: "View",
    findings: "Findings", noFindings: "Nothing to mend", copyPlace: "Click to copy the place", placeCopied: (place) => `Copied ${place}`,
    error: "Error", warning: "Warning", info: "Hint",
    list: "In the message list", noCover: "No cover: a push makes one of the title", drawnCover: "No cover named: this is what a push makes of the title", noDigest: "No digest: WeChat takes the opening words",
    size: "Size", title: "Title", author: "Author", digest: "Digest", characters: "Characters", bytes: "Bytes",
    kinds: { text: "Text", style: "Styles", address: "Addresses", markup: "Markup" }, bySection: "Characters by section", opening: "Opening",
    images: "Images", noImages: "No images", line: (n) => `line ${n}`, noAlt: "no alternative text",
    fates: { embedded: "Embedded: the editor uploads it when pasted", hosted: "On WeChat already", fetched: "The editor fetches it when pasted, which may fail", lost: "Lost when pasted: only this computer has it", upload: "Uploaded by a push", pending: "Being made ready…", missing: "No such image" },
    qrcode: "QR code of 阅读原文",
    elsewhere: (host) => `Image on ${host}; this page asks no other host`, unseen: "The image is beside the source file only",
    notes: "Links and notes", noNotes: "No links outside", source: "阅读原文 (read the original)", live: "live", liveLinks: (n) => `${n} WeChat link${n > 1 ? "s stay" : " stays"} live`,
    theme: "Theme", shortcuts: "Shortcuts", close: "Close", refused: "The server refused; reload the page",
    alive: "Live", away: "Connection lost; trying again", problem: "The article cannot be built", recovers: "Mend and save it: the preview comes back by itself.", nothingToCopy: "There is no article to copy yet",
    push: "Push", progress: "Progress", pushHead: "Push to WeChat", pushTheme: (name) => `Theme: ${name}`, pushErrors: (n) => `${n} error${n > 1 ? "s" : ""} will stop it: mend ${n > 1 ? "them" : "it"} first`,
    pushTo: (target) => target.name === "sandbox" ? "To the sandbox" : `To the draft box (${target.title})`, look: "Look at the draft",
    pushed: { created: "Draft created.", updated: "Draft updated.", unchanged: "The draft is up to date; nothing was changed." }, pushedImages: (sent, kept) => `Images: ${sent} uploaded, ${kept} there already.`,
  },
};

const language = (navigator.language || "zh").toLowerCase().startsWith("zh") ? "zh" : "en";

/** Everything that the page says, in the reader's language. */
export const say = WORDS[language];

export function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

export const count = (number) => number.toLocaleString(language === "zh" ? "zh-CN" : "en");

/** Say a number of bytes as people do: `512 B`, `34 KB`, `1.2 MB`. */
export function weight(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
