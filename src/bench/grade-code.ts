import { fencesIn } from "./answer-blocks.ts";
import { type CallOutcome, CODE_DEADLINE_MS, type RunCode } from "./code-sandbox.ts";
import { isSameValue, showValue } from "./code-value.ts";
import type { CodeCase, CodeGrade } from "./grade.ts";
import { type Mark, markOf } from "./verdict.ts";

/** Grades a function by its cases; the score is the share of them that it passes. */
export async function gradeCode(text: string, grade: CodeGrade, run: RunCode, signal?: AbortSignal): Promise<Mark> {
  const { entry, cases } = grade;
  const code = codeIn(text, entry);
  if (!code.includes(entry)) return { score: 0, passed: false, notes: [`there is no function ${entry}`] };
  const calls = cases.map(({ args }) => args);
  const outcomes = await run({ code, entry, calls, deadlineMs: CODE_DEADLINE_MS }, signal);
  return markOf(
    cases.map((each, index) => {
      const flaw = caseFlaw(outcomes[index], each);
      return flaw === undefined ? undefined : `case ${index + 1} ${flaw}`;
    }),
  );
}

function caseFlaw(outcome: CallOutcome | undefined, { returns, throws }: CodeCase): string | undefined {
  if (outcome === undefined) return "was not reached";
  if (outcome.kind === "failed") return `failed: ${outcome.why}`;
  if (outcome.kind === "threw") return throws === true ? undefined : `threw ${outcome.what}`;
  if (throws === true) return `returned ${showValue(outcome.value)} instead of throwing`;
  return isSameValue(outcome.value, returns) ? undefined : `returned ${showValue(outcome.value)}`;
}

/**
 * The code of an answer: of its fenced blocks the last complete one that defines
 * the function, else the last that names it, else what is not closed; without any
 * fence the lines from the first that looks like code on.
 */
export function codeIn(text: string, entry: string): string {
  const fences = fencesIn(text);
  const name = entry.replaceAll("$", "\\$");
  const defines = new RegExp(
    `\\b(?:function\\s*\\*?|class|const|let|var)\\s+${name}(?![\\w$])|(?<![\\w$])${name}\\s*=[^=]|export\\s+default`,
  );
  const complete = fences.filter(({ isComplete }) => isComplete).map(({ content }) => content);
  const found =
    complete.findLast((content) => defines.test(content)) ??
    complete.findLast((content) => content.includes(entry)) ??
    fences.find(({ isComplete }) => !isComplete)?.content;
  if (found !== undefined) return found;
  return fences.length > 0 ? "" : codeInProse(text);
}

const LOOKS_LIKE_CODE =
  /^\s*(?:export\s|async\s+function|function[\s*]|const\s|let\s|var\s|class\s|\/\/|\/\*|["']use strict)/;

function codeInProse(text: string): string {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => LOOKS_LIKE_CODE.test(line));
  const last = lines.findLastIndex((line) => /[};]\s*(?:\/\/.*)?$/.test(line));
  return first < 0 || last < first ? text : lines.slice(first, last + 1).join("\n");
}
