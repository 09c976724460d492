import { countWords } from "./answer-counts.ts";
import { wordLine } from "./answer-text.ts";
import type { FactsGrade, NeedleGrade } from "./grade.ts";
import { type Mark, markOf } from "./verdict.ts";

const says = (line: string, wordings: readonly string[]): boolean =>
  wordings.some((wording) => line.includes(wordLine(wording)));

/**
 * Grades a summary: the score is the share of the facts that it names. It is 0
 * where a falsehood is in it, and shrinks as it grows longer than it may be, so that
 * the whole text said again is no good summary.
 */
export function gradeFacts(text: string, { must, mustNot, maxWords }: FactsGrade): Mark {
  const line = wordLine(text);
  const missing = must.filter((wordings) => !says(line, wordings));
  const falsehoods = mustNot.filter((wordings) => says(line, wordings));
  const words = countWords(text);
  const isTooLong = words > maxWords;
  const share = (must.length - missing.length) / must.length;
  return {
    score: falsehoods.length > 0 ? 0 : share * (isTooLong ? maxWords / words : 1),
    passed: missing.length === 0 && falsehoods.length === 0 && !isTooLong,
    notes: [
      ...falsehoods.map(([wording]) => `says “${wording}”, which is wrong`),
      ...missing.map(([wording]) => `leaves out “${wording}”`),
      ...(isTooLong ? [`has ${words} words of at most ${maxWords}`] : []),
    ],
  };
}

/** Grades whether what was hidden is named. */
export const gradeNeedle = (text: string, { value }: NeedleGrade): Mark =>
  markOf([says(wordLine(text), value) ? undefined : `does not name “${value[0]}”`]);
