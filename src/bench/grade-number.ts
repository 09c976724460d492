import { finalNumber } from "./answer-number.ts";
import { isNear } from "./field-rule.ts";
import type { NumberGrade } from "./grade.ts";
import { type Mark, markOf } from "./verdict.ts";

/** Grades the final number of an answer. */
export function gradeNumber(text: string, { value, within }: NumberGrade): Mark {
  const readings = finalNumber(text);
  if (readings.length === 0) return markOf(["there is no number in it"]);
  return markOf([readings.some((reading) => isNear(reading, value, within)) ? undefined : `it says ${readings[0]}`]);
}
