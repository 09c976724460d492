import { styleText } from "node:util";
import type { Card } from "../../commands/card.ts";
import type { ChartTone } from "../../src/charts/chart.ts";
import { inertLine, inertText } from "./inert.ts";

export interface PenOptions {
  /** Width of the terminal in columns. */
  readonly columns: number;
  readonly colour: boolean;
  /** Draws with ASCII alone, for dumb terminals and locales other than UTF-8. */
  readonly ascii?: boolean;
}

export type Style = "title" | "quiet" | "command" | "current" | "head" | Card["tone"];

/** How things are drawn on one terminal: its marks, its colours, and texts of others made harmless for it. */
export interface Pen {
  readonly columns: number;
  readonly marks: Marks;
  paint(style: Style, text: string): string;
  /** A text of several lines. */
  text(raw: string): string;
  /** A text that stays on one line. */
  line(raw: string): string;
}

export interface Marks {
  readonly tone: Readonly<Record<Card["tone"], string>>;
  readonly prompt: string;
  readonly continued: string;
  readonly current: string;
  readonly other: string;
  readonly rule: string;
  readonly full: string;
  /** Parts of a full block from thin to thick; none where the bar has whole steps only. */
  readonly parts: readonly string[];
  readonly empty: string;
  /** What the parts of a stacked bar are filled with. */
  readonly stack: Readonly<Record<ChartTone, readonly string[]>>;
  /** Where a value is on a scale. */
  readonly dot: Readonly<Record<ChartTone, string>>;
  readonly ellipsis: string;
  readonly by: string;
}

const UNICODE: Marks = {
  tone: { info: "•", success: "✓", warning: "!", error: "✗" },
  prompt: "› ",
  continued: "… ",
  current: "●",
  other: "○",
  rule: "─",
  full: "█",
  parts: ["▏", "▎", "▍", "▌", "▋", "▊", "▉"],
  empty: "░",
  stack: { local: ["█", "▓"], cloud: ["▒", "░"], unknown: ["·", "∘"] },
  dot: { local: "●", cloud: "◆", unknown: "■" },
  ellipsis: "…",
  by: "—",
};

const ASCII: Marks = {
  tone: { info: "[i]", success: "[ok]", warning: "[!]", error: "[error]" },
  prompt: "> ",
  continued: "... ",
  current: "(*)",
  other: "( )",
  rule: "-",
  full: "#",
  parts: [],
  empty: ".",
  stack: { local: ["#", "="], cloud: ["+", "-"], unknown: ["?", "."] },
  dot: { local: "O", cloud: "X", unknown: "?" },
  ellipsis: "...",
  by: "--",
};

const STYLES: Readonly<Record<Style, Parameters<typeof styleText>[0]>> = {
  title: "bold",
  quiet: "dim",
  head: "dim",
  command: "cyan",
  current: "green",
  info: "cyan",
  success: "green",
  warning: "yellow",
  error: "red",
};

/** Below this nothing can be laid out sensibly; a terminal that claims less gets lines of this width. */
const MIN_COLUMNS = 12;

export function createPen({ columns, colour, ascii = false }: PenOptions): Pen {
  return {
    columns: Math.max(MIN_COLUMNS, Math.floor(columns) || 0),
    marks: ascii ? ASCII : UNICODE,
    paint: (style, text) => (colour && text !== "" ? styleText(STYLES[style], text, { validateStream: false }) : text),
    text: (raw) => inertText(raw, ascii),
    line: (raw) => inertLine(raw, ascii),
  };
}
