import type { types } from "@slack/bolt";

/** Control characters (but line breaks) and marks that turn the reading direction. */
const INVISIBLE = /(?!\n)\p{Cc}|[\u00ad\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text without what could disturb the lines around it. */
export const clean = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll("\t", "    ")
    .replace(/[\u2028\u2029]|\r\n?/g, "\n")
    .replace(INVISIBLE, "");

/** At most `max` UTF-16 units, ending in `…` where something was cut, never half a character. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const kept = text.slice(0, Math.max(0, max - 1));
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

/** Slack's three control characters as entities, without which `<!channel>` or a link cannot be. */
export const escapeSlack = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Escaped and then at most `max`, never half an entity. */
export function escapeWithin(text: string, max: number): string {
  const escaped = escapeSlack(clean(text));
  return escaped.length <= max
    ? escaped
    : `${escaped
        .slice(0, max - 1)
        .replace(/&[a-z]*$/, "")
        .replace(/[\ud800-\udbff]$/, "")}…`;
}

/** A text object in which nothing is markup, a mention or an emoji code. Slack takes no empty ones. */
export const plain = (text: string, max: number): types.PlainTextElement => ({
  type: "plain_text",
  text: cut(clean(text).trim(), max) || "–",
  emoji: false,
});
