import type { types } from "@slack/bolt";
import type { Card, Field, Meter } from "../../commands/card.ts";
import { LIMITS } from "./block-limits.ts";
import { clean, cut, escapeWithin, plain } from "./inert-text.ts";
import { tableText } from "./table-text.ts";

/** A message as Slack takes it. */
export interface Drawn {
  /** For notifications, screen readers and clients that cannot draw blocks. */
  readonly text: string;
  readonly blocks: types.KnownBlock[];
}

/** What can be pressed on a card, with the ids under which a press comes back. */
export interface Controls {
  readonly buttons: readonly Button[];
  /** The `action_id` of the select menu. */
  readonly menu?: string;
  /** Put before each `block_id`: it comes back with a press, and says in which thread the card stands. */
  readonly blockPrefix: string;
}

export interface Button {
  readonly actionId: string;
  readonly value: string;
  readonly label: string;
  readonly style: "primary" | "secondary" | "danger";
}

export const MAX_BUTTONS = 20;
const MAX_FIELDS = 40;
const MAX_PARAGRAPHS = 10;
const BAR = 20;

const MARKS: Readonly<Record<Card["tone"], string>> = { info: "", success: "✅ ", warning: "⚠️ ", error: "❌ " };

/**
 * Draws a card as Block Kit, whatever is in it: each part within its limit and
 * all of them within the message's. Only old, plain blocks are used, and texts
 * are `plain_text`, but for a table, which is escaped and fenced.
 */
export function cardBlocks(card: Card, controls: Controls): Drawn {
  const budget = createBudget(LIMITS.messageText);
  const blocks: types.KnownBlock[] = [
    { type: "header", text: budget.plain(MARKS[card.tone] + card.title, LIMITS.header) },
    ...paragraphs(card.body ?? [], budget),
    ...fieldBlocks(card.fields ?? [], budget),
    ...(card.meter === undefined ? [] : [section(budget.plain(meterText(card.meter), 500))]),
  ];
  const tail: types.KnownBlock[] = [
    ...(card.choices === undefined || controls.menu === undefined
      ? []
      : [
          {
            ...section(budget.plain(card.choices.label, 200)),
            block_id: `${controls.blockPrefix}menu`,
            accessory: {
              type: "external_select" as const,
              action_id: controls.menu,
              min_query_length: 0,
              placeholder: plain("Choose…", LIMITS.placeholder),
            },
          },
        ]),
    ...(controls.buttons.length === 0 ? [] : [buttonBlock(controls)]),
    ...(card.footer === undefined
      ? []
      : [{ type: "context" as const, elements: [budget.plain(card.footer, LIMITS.contextText)] }]),
  ];
  const tables =
    card.table === undefined ? [] : tableText(card.table, LIMITS.sectionText, Math.min(6_000, budget.left));
  return {
    text: fallbackText(card),
    blocks: [
      ...blocks,
      ...tables.map(
        (text): types.SectionBlock => ({ type: "section", text: { type: "mrkdwn", text, verbatim: true } }),
      ),
      ...tail,
    ].slice(0, LIMITS.blocks),
  };
}

const section = (text: types.PlainTextElement): types.SectionBlock => ({ type: "section", text });

function paragraphs(texts: readonly string[], budget: Budget): types.SectionBlock[] {
  return texts
    .filter((text) => text.trim() !== "")
    .slice(0, MAX_PARAGRAPHS)
    .flatMap((text) => (budget.left < 200 ? [] : [section(budget.plain(text, LIMITS.sectionText))]));
}

function fieldBlocks(fields: readonly Field[], budget: Budget): types.SectionBlock[] {
  const drawn: types.PlainTextElement[] = [];
  for (const { name, value } of fields.slice(0, MAX_FIELDS)) {
    if (budget.left < 500) break;
    drawn.push(budget.plain(`${cut(clean(name), 200)}\n${cut(clean(value), 600)}`, LIMITS.fieldText));
  }
  const more = fields.length - drawn.length;
  const rows = Array.from({ length: Math.ceil(drawn.length / LIMITS.sectionFields) }, (_, index) => ({
    type: "section" as const,
    fields: drawn.slice(index * LIMITS.sectionFields, (index + 1) * LIMITS.sectionFields),
  }));
  return more > 0 ? [...rows, section(budget.plain(`and ${more} more`, 100))] : rows;
}

function buttonBlock({ buttons, blockPrefix }: Controls): types.ActionsBlock {
  return {
    type: "actions",
    block_id: `${blockPrefix}buttons`,
    elements: buttons.slice(0, MAX_BUTTONS).map(({ actionId, value, label, style }) => ({
      type: "button",
      action_id: actionId,
      value,
      text: plain(label, LIMITS.buttonText),
      ...(style === "secondary" ? {} : { style }),
    })),
  };
}

function meterText({ label, value, max, text }: Meter): string {
  const share = max > 0 && value > 0 ? Math.min(1, value / max) : 0;
  const filled = Math.round(share * BAR);
  return `${label}  ${"▰".repeat(filled)}${"▱".repeat(BAR - filled)}  ${text}`;
}

function fallbackText(card: Card): string {
  const lines = [
    MARKS[card.tone] + card.title,
    ...(card.body ?? []),
    ...(card.fields ?? []).slice(0, MAX_FIELDS).map(({ name, value }) => `${name}: ${value}`),
    ...(card.meter === undefined ? [] : [`${card.meter.label}: ${card.meter.text}`]),
    ...(card.image === undefined ? [] : [card.image.alt]),
  ];
  return escapeWithin(lines.join("\n"), LIMITS.fallbackText);
}

interface Budget {
  readonly left: number;
  plain(text: string, max: number): types.PlainTextElement;
}

/** Texts of one message share a length; what comes late gets what is left. */
function createBudget(total: number): Budget {
  let left = total;
  return {
    get left() {
      return left;
    },
    plain(text, max) {
      const drawn = plain(text, Math.max(1, Math.min(max, left)));
      left -= drawn.text.length;
      return drawn;
    },
  };
}
