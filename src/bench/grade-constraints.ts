import { createContext, Script } from "node:vm";
import { parseJson } from "./answer-blocks.ts";
import {
  countBullets,
  countLines,
  countNumbered,
  countParagraphs,
  countSentences,
  countWords,
} from "./answer-counts.ts";
import { evenText, searched } from "./answer-text.ts";
import type { Constraint, ConstraintsGrade } from "./grade.ts";
import { type Mark, markOf } from "./verdict.ts";

/** Grades rules of form. */
export const gradeConstraints = (text: string, { checks }: ConstraintsGrade): Mark =>
  markOf(checks.map((check) => constraintFlaw(text, check)));

/** What keeps a text from following a rule, in a few words; undefined where it does. Nothing follows any in an empty text. */
export function constraintFlaw(text: string, check: Constraint): string | undefined {
  if (text.trim() === "") return "says nothing";
  if ("words" in check) return rangeFlaw(countWords(text), check.words, "words");
  if ("sentences" in check) return rangeFlaw(countSentences(text), check.sentences, "sentences");
  if ("paragraphs" in check) return countFlaw(countParagraphs(text), check.paragraphs, "paragraphs");
  if ("bullets" in check) return countFlaw(countBullets(text), check.bullets, "bullets");
  if ("numbered" in check) return countFlaw(countNumbered(text), check.numbered, "numbered lines");
  if ("lines" in check) return countFlaw(countLines(text), check.lines, "lines");
  if ("startsWith" in check)
    return unless(searched(text).startsWith(check.startsWith), `does not begin with “${check.startsWith}”`);
  if ("endsWith" in check)
    return unless(searched(text).endsWith(check.endsWith), `does not end with “${check.endsWith}”`);
  if ("includes" in check) {
    if (check.times !== undefined)
      return countFlaw(timesIn(text, check.includes), check.times, `times “${check.includes}”`);
    return unless(timesIn(text, check.includes) > 0, `lacks “${check.includes}”`);
  }
  if ("excludes" in check) return unless(timesIn(text, check.excludes) === 0, `has “${check.excludes}”`);
  if ("noCharacter" in check)
    return unless(!text.includes(check.noCharacter), `has the character “${check.noCharacter}”`);
  if ("allCaps" in check) return unless(/\p{Lu}/u.test(text) && !/\p{Ll}/u.test(text), "is not all in capitals");
  if ("lowerCase" in check) return unless(!/[\p{Lu}\p{Lt}]/u.test(text), "is not all in lower case");
  if ("onlyJson" in check) {
    const value = parseJson(text);
    return unless(typeof value === "object" && value !== null, "is not JSON and nothing else");
  }
  if ("onlyOneOf" in check) {
    const whole = searched(text);
    return unless(
      check.onlyOneOf.some((allowed) => whole.equals(allowed)),
      `is none of ${check.onlyOneOf.join(", ")}`,
    );
  }
  if ("inOrder" in check)
    return unless(areInOrder(text, check.inOrder), `does not name in order ${check.inOrder.join(", ")}`);
  return matchFlaw(text, check.matches);
}

const unless = (holds: boolean, flaw: string): string | undefined => (holds ? undefined : flaw);

const countFlaw = (count: number, wanted: number, what: string): string | undefined =>
  unless(count === wanted, `has ${count} ${what}, not ${wanted}`);

const rangeFlaw = (count: number, { min = 0, max }: { readonly min?: number; readonly max?: number }, what: string) =>
  unless(
    count >= min && (max === undefined || count <= max),
    `has ${count} ${what}, not ${max === undefined ? `${min} or more` : min === max ? min : `${min} to ${max}`}`,
  );

function timesIn(text: string, wanted: string): number {
  const { findEnd } = searched(text);
  let times = 0;
  for (let end = findEnd(wanted); end !== undefined; end = findEnd(wanted, end)) times++;
  return times;
}

function areInOrder(text: string, wanted: readonly string[]): boolean {
  const { findEnd } = searched(text);
  let from: number | undefined = 0;
  for (const each of wanted) {
    from = findEnd(each, from);
    if (from === undefined) return false;
  }
  return true;
}

/** A pattern that takes longer on an answer than this, ms, is taken not to match. */
const MOST_MATCH_MS = 1_000;

const MATCH = new Script("new RegExp(pattern, 'u').test(text)");
/** A context of its own only because what runs in one can be ended: a pattern may take for ever on some text. */
const MATCH_CONTEXT = createContext({ pattern: "", text: "" });

function matchFlaw(text: string, pattern: string): string | undefined {
  try {
    Object.assign(MATCH_CONTEXT, { pattern, text: evenText(text) });
    const matches: unknown = MATCH.runInContext(MATCH_CONTEXT, { timeout: MOST_MATCH_MS });
    return unless(matches === true, `does not match ${pattern}`);
  } catch {
    return `took too long to compare with ${pattern}`;
  } finally {
    Object.assign(MATCH_CONTEXT, { pattern: "", text: "" });
  }
}
