import { evenText, visibleText } from "./answer-text.ts";
import { type RunCode, runCode } from "./code-sandbox.ts";
import { gradeCode } from "./grade-code.ts";
import { gradeConstraints } from "./grade-constraints.ts";
import { gradeFacts, gradeNeedle } from "./grade-facts.ts";
import { gradeFields } from "./grade-fields.ts";
import { gradeNumber } from "./grade-number.ts";
import { gradePersona } from "./grade-persona.ts";
import { gradeTools } from "./grade-tools.ts";
import type { BenchItem, ItemAnswer } from "./suite.ts";
import { type Mark, shortNotes, type Verdict } from "./verdict.ts";

interface GradeOptions {
  /** How functions are called; in the sandbox where absent. */
  readonly run?: RunCode;
  readonly signal?: AbortSignal;
}

/**
 * Grades what a model answered to an item. The same answer gets the same verdict
 * for good: nothing is asked of another model. Persona items are graded by every
 * turn, all others by the last. Rejects only where the sandbox for code could not
 * be had, with `internal`, or with the signal's reason.
 */
export async function gradeAnswer(item: BenchItem, answer: ItemAnswer, options: GradeOptions = {}): Promise<Verdict> {
  const texts = answer.turns.map(({ text }) => visibleText(text));
  const calls = answer.turns.at(-1)?.toolCalls ?? [];
  const isEmpty = texts.every((text) => text === "") && calls.length === 0;
  const mark = isEmpty ? EMPTY : await markOf(item, texts, calls, options);
  const isCut = answer.turns.some(({ cut }) => cut === true);
  const isRefused = mark.score === 0 && !isEmpty && isRefusal(texts.at(-1) ?? "");
  return {
    score: mark.score,
    passed: mark.passed,
    notes: shortNotes(mark.notes),
    malformedTool: mark.malformedTool ?? false,
    outcome: isCut ? "cut" : isEmpty ? "empty" : isRefused ? "refused" : "answered",
  };
}

const EMPTY: Mark = { score: 0, passed: false, notes: ["says nothing"] };

async function markOf(
  item: BenchItem,
  texts: readonly string[],
  calls: ItemAnswer["turns"][number]["toolCalls"],
  { run = runCode, signal }: GradeOptions,
): Promise<Mark> {
  const { grade } = item;
  const text = texts.at(-1) ?? "";
  switch (grade.kind) {
    case "code":
      return gradeCode(text, grade, run, signal);
    case "fields":
      return gradeFields(text, grade);
    case "number":
      return gradeNumber(text, grade);
    case "constraints":
      return gradeConstraints(text, grade);
    case "facts":
      return gradeFacts(text, grade);
    case "needle":
      return gradeNeedle(text, grade);
    case "persona":
      return gradePersona(texts, grade);
    case "tools":
      return gradeTools(
        text,
        calls,
        grade,
        (item.tools ?? []).map(({ name }) => name),
      );
  }
}

/** How models begin who do not do what they were asked. */
const REFUSAL =
  /^(?:(?:i'm |i am |i’m )?(?:very |so |really )?sorry\b|i (?:must )?apologi[sz]e\b|(?:unfortunately,? |regrettably,? )?i(?:'m| am)? (?:can't|cannot|can not|won't|will not|unable|not able|don't have access|do not have access|must decline|have to decline)\b|as an ai\b|no,? i (?:can't|cannot|won't)\b)/i;

const isRefusal = (text: string): boolean => REFUSAL.test(evenText(text.slice(0, 200)).replace(/^[^\p{L}]+/u, ""));
