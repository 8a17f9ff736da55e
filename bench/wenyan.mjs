// Prints, as JSON, the characters of HTML that @wenyan-md/core makes of each Markdown file named on the command line.
import { readFileSync } from "node:fs";
import { renderStyledContent } from "@wenyan-md/core/wrapper";

const sizes = {};
for (const path of process.argv.slice(2)) {
  const html = await renderStyledContent(readFileSync(path, "utf8"), {
    themeId: "default",
    hlThemeId: "solarized-light",
    isMacStyle: true,
    isAddFootnote: true,
  });
  sizes[path] = [...html].length;
}
console.log(JSON.stringify(sizes));
