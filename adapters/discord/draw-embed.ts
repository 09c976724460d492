import type { APIEmbed, APIEmbedField } from "discord.js";
import stringWidth from "string-width";
import type { Card, Field, Meter, Table } from "../../commands/card.ts";
import { codeLine, markdownLine, markdownText, plainLine } from "./inert.ts";
import { LIMITS } from "./limits.ts";

const COLOURS = { info: 0x5865f2, success: 0x2d9d5f, warning: 0xe0a526, error: 0xd83c3e } as const;
/** A colour alone says nothing to who cannot see it. */
const MARKS = { info: "", success: "✅ ", warning: "⚠️ ", error: "❌ " } as const;

const BAR = 16;
const CELL = 40;
/** Fields whose name and value are this short stand beside each other. */
const SHORT = 28;
/** Room for saying what was left out. */
const NOTE = 60;

/** A card as an embed within Discord's limits; what does not fit is left out, and the embed says how much. */
export function drawEmbed(card: Card): APIEmbed {
  const title = MARKS[card.tone] + markdownLine(card.title, LIMITS.embedTitle - MARKS[card.tone].length);
  const footer = plainLine(card.footer ?? "", LIMITS.embedFooter);
  let left = LIMITS.embedTotal - title.length - footer.length - NOTE;

  const body = describe(card, Math.min(left, LIMITS.embedDescription - NOTE));
  left -= body.text.length;

  const wanted = [...(card.fields ?? []).map(drawField), ...(card.meter === undefined ? [] : [drawMeter(card.meter)])];
  const fields: APIEmbedField[] = [];
  for (const field of wanted) {
    const size = field.name.length + field.value.length;
    if (fields.length === LIMITS.embedFields || size > left) break;
    fields.push(field);
    left -= size;
  }
  const omitted = wanted.length - fields.length;
  const notes = [
    ...(body.rowsLeft > 0 ? [`${body.rowsLeft} more rows`] : []),
    ...(omitted > 0 ? [`${omitted} more entries`] : []),
  ];
  const description = [body.text, ...(notes.length > 0 ? [`*… and ${notes.join(", ")}*`] : [])]
    .filter((part) => part !== "")
    .join("\n");

  return {
    color: COLOURS[card.tone],
    title: title.trim() === "" ? "–" : title,
    ...(description === "" ? {} : { description }),
    ...(fields.length === 0 ? {} : { fields }),
    ...(footer === "" ? {} : { footer: { text: footer } }),
  };
}

function drawField({ name, value }: Field): APIEmbedField {
  return {
    name: markdownLine(name, LIMITS.fieldName) || "–",
    value: markdownText(value, LIMITS.fieldValue) || "–",
    inline: name.length <= SHORT && value.length <= SHORT,
  };
}

function drawMeter({ label, value, max, text }: Meter): APIEmbedField {
  const share = max > 0 && value > 0 ? Math.min(1, value / max) : 0;
  const filled = Math.round(share * BAR);
  const bar = `\`${"█".repeat(filled)}${"░".repeat(BAR - filled)}\` `;
  return {
    name: markdownLine(label, LIMITS.fieldName) || "–",
    value: bar + markdownLine(text, LIMITS.fieldValue - bar.length),
    inline: false,
  };
}

function describe({ body = [], table }: Card, limit: number): { text: string; rowsLeft: number } {
  // A long body leaves a table its share.
  const bodyLimit = table === undefined ? limit : Math.floor(limit / 2);
  let text = "";
  for (const paragraph of body) {
    const gap = text === "" ? "" : "\n\n";
    const drawn = markdownText(paragraph, bodyLimit - text.length - gap.length);
    if (drawn === "" || drawn === "…") continue;
    text += gap + drawn;
  }
  if (table === undefined) return { text, rowsLeft: 0 };
  const { block, rowsLeft } = drawTable(table, limit - text.length - 2);
  return { text: [text, block].filter((part) => part !== "").join("\n"), rowsLeft };
}

function drawTable({ columns, rows }: Table, limit: number): { block: string; rowsLeft: number } {
  const lines = [columns, ...rows].map((cells) => columns.map((_, index) => codeLine(cells[index] ?? "", CELL)));
  const widths = columns.map((_, index) =>
    Math.max(...lines.slice(0, 200).map((cells) => stringWidth(cells[index] ?? ""))),
  );
  const pad = (cell: string, width: number): string => cell + " ".repeat(Math.max(0, width - stringWidth(cell)));
  const FENCE = "```";
  let block = FENCE;
  let drawn = 0;
  for (const cells of lines) {
    const line = `\n${cells
      .map((cell, index) => pad(cell, widths[index] ?? 0))
      .join("  ")
      .trimEnd()}`;
    if (block.length + line.length + FENCE.length + 1 > limit) break;
    block += line;
    drawn += 1;
  }
  return drawn === 0
    ? { block: "", rowsLeft: rows.length }
    : { block: `${block}\n${FENCE}`, rowsLeft: lines.length - drawn };
}
