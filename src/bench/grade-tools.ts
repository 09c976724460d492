import { fencesIn, isJsonObject, type JsonObject, jsonObjectsIn } from "./answer-blocks.ts";
import { fieldFlaw } from "./field-rule.ts";
import type { ExpectedCall, ToolsGrade } from "./grade.ts";
import type { ToolCall } from "./suite.ts";
import type { Mark } from "./verdict.ts";

/**
 * Grades calls of tools, in any order: each expected call scores the share of its
 * arguments that are right, and a call too many counts as one expected that is
 * wrong. Where none is expected, none must be made and something said. A call that
 * was written as text is none: no agent acts on it.
 */
export function gradeTools(
  text: string,
  calls: readonly ToolCall[],
  grade: ToolsGrade,
  toolNames: readonly string[],
): Mark {
  if (calls.length === 0 && isCallAsText(text, toolNames)) {
    return { score: 0, passed: false, notes: ["wrote a call as text"], malformedTool: true };
  }
  if (grade.calls.length === 0) {
    if (calls.length === 0) return { score: 1, passed: true, notes: [] };
    return { score: 0, passed: false, notes: calls.map(({ name }) => `called ${name}, where none is needed`) };
  }
  const open = [...calls];
  const notes: string[] = [];
  let right = 0;
  for (const expected of grade.calls) {
    const graded = open.map((call) => gradeCall(call, expected)).map((mark, index) => ({ ...mark, index }));
    const best = graded.filter(({ isNamed }) => isNamed).sort((a, b) => b.share - a.share)[0];
    if (best === undefined) {
      notes.push(`did not call ${expected.name}`);
      continue;
    }
    open.splice(best.index, 1);
    right += best.share;
    notes.push(...best.notes);
  }
  notes.push(...open.map(({ name }) => `called ${name} without need`));
  const score = right / (grade.calls.length + open.length);
  return { score, passed: notes.length === 0, notes };
}

function gradeCall({ name, args }: ToolCall, expected: ExpectedCall) {
  const rules = Object.entries(expected.args);
  const flaws = rules.flatMap(([arg, rule]) => {
    const flaw = fieldFlaw(Object.hasOwn(args, arg) ? args[arg] : undefined, rule);
    return flaw === undefined ? [] : [`${name}: ${arg} ${flaw}`];
  });
  const known = new Set([...Object.keys(expected.args), ...(expected.optional ?? [])]);
  const extra = Object.keys(args).filter((arg) => !known.has(arg) && args[arg] !== null);
  const parts = rules.length + extra.length;
  return {
    isNamed: name === expected.name,
    share: parts === 0 ? 1 : (rules.length - flaws.length) / parts,
    notes: [...flaws, ...extra.map((arg) => `${name}: ${arg} was not asked for`)],
  };
}

/** How models mark calls that their server ought to have read. */
const CALL_MARKS =
  /<tool_call>|<function_call>|<function=|<\|tool_calls?(?:_begin)?\|>|\[TOOL_CALLS\]|<\|python_tag\|>/i;

/**
 * Whether a text is, or has in it, a call that its server took for text: in the tags
 * of some models, as JSON with a name and arguments, or as `name(…)` where it is all
 * that is said or a fenced block.
 */
function isCallAsText(text: string, toolNames: readonly string[]): boolean {
  if (CALL_MARKS.test(text)) return true;
  const isCall = (object: JsonObject): boolean => {
    const inner = object["function"];
    const { name, tool } = object;
    const hasArguments = ["arguments", "parameters", "args", "input"].some(
      (key) => isJsonObject(object[key]) || typeof object[key] === "string",
    );
    if (isJsonObject(inner)) return isCall(inner);
    const called = [name, tool, inner].find((each) => typeof each === "string");
    return called !== undefined && (hasArguments || toolNames.includes(called));
  };
  if (jsonObjectsIn(text).some(isCall)) return true;
  const pieces = [text, ...fencesIn(text).map(({ content }) => content)].map((piece) =>
    piece.trim().replace(/^\[/, ""),
  );
  return pieces.some((piece) => toolNames.some((name) => piece.startsWith(`${name}(`) && /\)\]?$/.test(piece)));
}
