import { foldText } from "./answer-text.ts";
import type { FieldRule } from "./grade.ts";

/** What of numbers that are meant to be equal is only rounding. */
const ROUNDING = 1e-9;

/** Whether two numbers are the same within a tolerance, absolute where one is stated, else 1e-9 of the right one. */
export const isNear = (value: number, right: number, within = Math.abs(right) * ROUNDING): boolean =>
  // What a sum of decimals is off by must not decide at the edge of a stated tolerance either.
  Math.abs(value - right) <= within + Math.abs(right) * 1e-12;

/**
 * What is wrong with a value that ought to follow a rule, in a few words; undefined
 * where nothing is. Types count: `"12.5"` is no number, 12.5 no text.
 */
export function fieldFlaw(value: unknown, rule: FieldRule): string | undefined {
  if ("absent" in rule) return value === undefined || value === null ? undefined : "should not be there";
  if (value === undefined || value === null) return "is missing";
  if ("text" in rule) {
    if (typeof value !== "string") return "is no text";
    return [rule.text, ...(rule.also ?? [])].some((right) => foldText(right) === foldText(value))
      ? undefined
      : "differs";
  }
  if ("number" in rule) {
    if (typeof value !== "number") return "is no number";
    return isNear(value, rule.number, rule.within) ? undefined : "differs";
  }
  if ("boolean" in rule) {
    if (typeof value !== "boolean") return "is neither true nor false";
    return value === rule.boolean ? undefined : "differs";
  }
  if ("date" in rule) return value === rule.date ? undefined : "is not the date, written as 2026-11-22";
  if (!Array.isArray(value)) return "is no list";
  const sorted = (texts: readonly unknown[]): string =>
    JSON.stringify(texts.map((text) => (typeof text === "string" ? foldText(text) : [text])).sort());
  return sorted(value) === sorted(rule.set) ? undefined : "does not have the same entries";
}
