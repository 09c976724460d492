import type { BenchReport } from "./bench-report.ts";
import { type Block, type DocumentTable, reportDocument } from "./report-document.ts";
import { inert } from "./report-text.ts";

/**
 * A report as GitHub's Markdown. Charts and the list of all items are left out: the
 * tables say the same, and a page of items belongs in the HTML report.
 */
export const reportMarkdown = (report: BenchReport): string =>
  `${[
    `# ${words(report.title)}`,
    ...reportDocument(report)
      .map(blockOf)
      .filter((block) => block !== ""),
  ].join("\n\n")}\n`;

function blockOf(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `## ${words(block.text)}`;
    case "text":
      return line(block.text);
    case "list":
      return block.items.map((item) => `- ${line(item)}`).join("\n");
    case "table":
      return tableOf(block.table);
    default:
      return "";
  }
}

const tableOf = ({ columns, rows }: DocumentTable): string =>
  [columns, columns.map(() => "---"), ...rows.map((row) => row.map(words))]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");

/** A text that stays text: what would be markup, a mention or a link is escaped. An address keeps its letters. */
const words = (text: string): string =>
  inert(text)
    .replace(/[\\`*_{}[\]<>#|~&@]|\$(?!\d)/g, "\\$&")
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/\b(www|mailto|xmpp)([.:])/gi, "$1\\$2");

/** The same at the beginning of a line, where a mark or a number would begin a list, a heading or a rule. */
const line = (text: string): string =>
  words(text).replace(/^([-+=]|\d+(?=[.)]))/, (start) => (/\d/.test(start) ? `${start}\\` : `\\${start}`));
