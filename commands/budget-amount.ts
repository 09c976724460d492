import { ClutchError } from "../src/errors.ts";

/** More is no budget but a slip of the finger, in cents. */
const MOST_CENTS = 100_000_000;
const FORMS = "Write dollars, with cents after a point: $5, 5, 0.50 or 5 USD.";

/** Reads `$5`, `5`, `0.50` or `5 USD` and gives whole cents. Throws `bad_option`; $0.01 is the least, $1,000,000 the most. */
export function parseUsdCents(typed: string): number {
  const text = typed.trim();
  const shown = text.slice(0, 20);
  const refuse = (why: string, hint = FORMS): ClutchError =>
    new ClutchError("bad_option", `“${shown}” ${why}`, { hint });
  if (/^[^\d]*[-−]/u.test(text)) throw refuse("is less than nothing.");
  const [, before = "", number, after = ""] = /^([^\d.,]*)([\d.,]+)([^\d.,]*)$/u.exec(text) ?? [];
  if (number === undefined) throw refuse("is no amount.");
  const units = [before, after].map((unit) => unit.trim().toLowerCase()).filter((unit) => unit !== "");
  if (units.some((unit) => !["$", "usd", "us$"].includes(unit)) || units.length > 1) {
    throw isCurrency(units)
      ? refuse("is another currency.", `Prices are in US dollars, and so is the budget. ${FORMS}`)
      : refuse("is no amount.");
  }
  if (number.includes(",")) throw refuse("has a comma, which means different things to different people.");
  const [, dollars, cents = ""] = /^(\d*)(?:\.(\d+))?$/.exec(number) ?? [];
  if (dollars === undefined || number === "") throw refuse("is no amount.");
  if (cents.length > 2) throw refuse("is finer than a cent.");
  const all = Number(dollars) * 100 + Number(cents.padEnd(2, "0"));
  if (all === 0) throw refuse("leaves nothing to spend.", "To use local models alone: /localonly on");
  if (all > MOST_CENTS) throw refuse("is more than a million dollars.");
  return all;
}

/** A sign or three letters that people write beside money. */
const isCurrency = (units: readonly string[]): boolean =>
  units.length === 1 && units.every((unit) => /^(\p{Sc}|[a-z]{3})$/u.test(unit));
