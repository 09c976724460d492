import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The address of a file of a package, for the browser. */
export const packageFile = (path: string): string =>
  pathToFileURL(join(import.meta.dirname, "../../node_modules", path)).href;

export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** A letter on a coloured ground, so that nothing is fetched from anywhere. */
export const avatar = (letter: string, colour: string): string =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="80"><rect width="80" height="80" fill="${colour}"/><text x="40" y="56" font-family="sans-serif" font-size="46" font-weight="bold" fill="white" text-anchor="middle">${letter}</text></svg>`,
  )}`;

/** Shows Clutch's green mark as a picture, also inside of web components: not every machine has a font with emojis. */
export const MARK_SCRIPT = `<script>
const draw = (root) => {
  for (const element of root.querySelectorAll("*")) {
    if (element.shadowRoot) draw(element.shadowRoot);
    for (const text of [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.includes("✅"))) {
      const mark = document.createElement("span");
      mark.innerHTML = '<svg width="18" height="18" viewBox="0 0 20 20" style="vertical-align:-3px"><rect width="20" height="20" rx="4" fill="#3ba55d"/><path d="M5 10l3 3 7-7" stroke="white" stroke-width="2.4" fill="none"/></svg>';
      text.data = text.data.replace("✅", "");
      text.before(mark);
    }
  }
};
setTimeout(() => draw(document), 2000);
</script>`;
