import type { Difference } from "./comparison.ts";
import type { Estimate, Interval } from "./statistics/interval.ts";
import type { Spread } from "./statistics/spread.ts";

/** A task type as it stands in a sentence after “for”. */
export const TASK_WORDS: Readonly<Record<Difference["subject"], string>> = {
  code: "code",
  extraction: "extraction",
  reasoning: "reasoning",
  instructions: "following instructions",
  summary: "summaries",
  tools: "tool calls",
  persona: "keeping a persona",
  recall: "recall",
  overall: "all together",
};

/** 71, and 0.4 where rounding would make something nothing. */
export const rounded = (value: number): string => {
  const whole = Math.round(value);
  if (whole !== 0 || Math.abs(value) < 0.05) return String(whole === 0 ? 0 : whole);
  return value.toFixed(1);
};

const signed = (value: number): string => (value > 0 && rounded(value) !== "0" ? `+${rounded(value)}` : rounded(value));

/** “-4 to +6 points”. */
export const between = ({ low, high }: Interval): string => `${signed(low)} to ${signed(high)} points`;

/** “12 to 31 points”, whichever side it is on. */
export function by({ low, high }: Interval): string {
  const [least, most] = [Math.abs(low), Math.abs(high)].sort((one, other) => one - other);
  return `${rounded(least ?? 0)} to ${rounded(most ?? 0)} points`;
}

/** “a, b and c”. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

/** 2.5 or 12: a factor of at least 1. */
const factor = (value: number): string =>
  value < 9.95 ? value.toFixed(1).replace(/\.0$/, "") : String(Math.round(value));

/** What the time of one answer is against the other's, after “it”; undefined where nothing is shown. */
export function timeWords(time: Estimate | undefined): string | undefined {
  if (time === undefined) return undefined;
  const { value, low, high } = time;
  if (low > 0.8 && high < 1.25) return "takes about as long";
  if (low > 1)
    return value < 1.95 ? `takes ${Math.round(100 * (value - 1))} % longer` : `takes ${factor(value)} times as long`;
  if (high < 1)
    return 1 / value < 1.95
      ? `takes ${Math.round(100 * (1 - value))} % less time`
      : `is ${factor(1 / value)} times as fast`;
  return undefined;
}

/** 640 ms, 4.2 s, 75 s, 12 min: from ms. */
export function seconds(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 119_500) return `${Math.round(ms / 1_000)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** A wait and how long it can get: “4.2 s (p95 5.3 s)”, below 20 samples “590 ms (longest of 4: 640 ms)”. */
export function waitWords({ median, p95, longest, n }: Spread): string {
  if (n === 1) return `${seconds(median)} (one call)`;
  return `${seconds(median)} (${p95 === undefined ? `longest of ${n}: ${seconds(longest)}` : `p95 ${seconds(p95)}`})`;
}
