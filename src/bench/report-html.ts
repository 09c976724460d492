import { dotSvg } from "../charts/dot-svg.ts";
import { escaped } from "../charts/svg-parts.ts";
import type { BenchReport } from "./bench-report.ts";
import { type Block, type DocumentTable, reportDocument } from "./report-document.ts";
import { inert } from "./report-text.ts";

/**
 * A report as one HTML page that needs nothing else: no script, no font, no picture
 * from elsewhere, and it tells the browser to load none. Light and dark as the reader
 * has it, light on paper.
 */
export const reportHtml = (report: BenchReport): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${words(report.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${words(report.title)}</h1>
${reportDocument(report).map(blockOf).join("\n")}
</main>
</body>
</html>
`;

const SHORT = 22;
const LONG = 90;

/** As on a page: its own ground and fonts, colours by the style sheet. */
const ON_PAGE = {
  colours: { ground: "none", grid: "var(--grid)", text: "var(--ink)", quiet: "var(--quiet)" },
  shade: (tone: string, shade: number) => `var(--${tone}-${shade})`,
  font: "inherit",
} as const;

function blockOf(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `<h2>${words(block.text)}</h2>`;
    case "text":
      return `<p>${words(block.text)}</p>`;
    case "list":
      return `<ul>${block.items.map((item) => `<li>${words(item)}</li>`).join("")}</ul>`;
    case "table":
      return tableOf(block.table);
    case "chart":
      return `<figure role="img" aria-label="${words(block.chart.alt)}">${dotSvg(block.chart, ON_PAGE).svg}</figure>`;
    case "details":
      return `<details><summary>${words(block.summary)}</summary>${tableOf(block.table)}</details>`;
  }
}

function tableOf({ columns, rows }: DocumentTable): string {
  const head = columns.map((column) => `<th scope="col">${words(column)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map(cellOf).join("")}</tr>`).join("\n");
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

/** What is short stays on one line: “4.2 s” is one thing. */
function cellOf(cell: string): string {
  const size = cell.length <= SHORT ? ' class="short"' : cell.length >= LONG ? ' class="long"' : "";
  return `<td${size}>${words(cell)}</td>`;
}

const words = (text: string): string => escaped(inert(text));

const LIGHT = `--page:#fff;--ink:#1f2430;--quiet:#5a6475;--grid:#d7dce5;--row:#f4f6f9;
--local-0:#12805e;--local-1:#35b58c;--local-2:#0b5740;--local-3:#6aa893;
--cloud-0:#b9630a;--cloud-1:#e0903a;--cloud-2:#7d4206;--cloud-3:#c98f5c;
--unknown-0:#6c7690;--unknown-1:#9aa3b8;--unknown-2:#454d61;--unknown-3:#8a93a8;`;
const DARK = `--page:#171b24;--ink:#eef1f6;--quiet:#aeb6c4;--grid:#3b4252;--row:#1f2430;
--local-0:#35c79a;--local-1:#1c8465;--local-2:#a5ecd3;--local-3:#5a9c87;
--cloud-0:#f5a142;--cloud-1:#b06212;--cloud-2:#ffd7a3;--cloud-3:#cf8f57;
--unknown-0:#a9b1c2;--unknown-1:#6c7690;--unknown-2:#dfe3ec;--unknown-3:#8a93a8;`;

const STYLE = `
:root{${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:62rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 1rem}
h2{font-size:1.2rem;margin:2.25rem 0 .6rem}
p,ul{max-width:46rem;overflow-wrap:anywhere}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;min-width:60%}
th,td{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem .4rem;border-bottom:1px solid var(--grid);overflow-wrap:break-word;max-width:34rem}
td.short{white-space:nowrap}
td.long{min-width:24rem}
th{color:var(--quiet);font-weight:600}
tbody tr:nth-child(even){background:var(--row)}
figure{margin:1rem 0;max-width:46rem}
figure svg{width:100%;height:auto}
summary{cursor:pointer;margin:2rem 0 .6rem;font-weight:600}
@media print{
:root{${LIGHT}}
body{font-size:11pt}
main{max-width:none;padding:0}
.wide{overflow:visible}
h2{break-after:avoid}
figure,tr{break-inside:avoid}
figure svg{width:auto;max-width:100%;max-height:23cm}
details:not([open]){display:none}
}
`;
