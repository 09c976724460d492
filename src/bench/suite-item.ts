import type { BenchItem, BenchTurn, ItemAnswer, Level, Task, TurnAnswer } from "./suite.ts";
import type { WrittenItem } from "./suite-schema.ts";
import { DEFAULT_MAX_TOKENS } from "./suite-schema.ts";
import type { Flaw } from "./suite-words.ts";

/** An item as the bench has it. */
export function itemOf(id: string, task: Task, written: WrittenItem, variantLevel: Level | undefined): BenchItem {
  const { family, level, maxTokens = DEFAULT_MAX_TOKENS, system, tools, haystack, grade, key } = written;
  return {
    id,
    task,
    family,
    level: variantLevel ?? level ?? "standard",
    ...(system === undefined ? {} : { system }),
    turns: turnsOf(written),
    ...(tools === undefined ? {} : { tools }),
    ...(haystack === undefined ? {} : { haystack }),
    maxTokens,
    grade,
    key: answerOf(key),
  };
}

const turnsOf = ({ prompt, turns }: WrittenItem): readonly BenchTurn[] =>
  turns ?? (prompt === undefined ? [] : [{ say: prompt }]);

function answerOf(key: WrittenItem["key"]): ItemAnswer {
  if (typeof key === "object" && "turns" in key) return { turns: key.turns.map(turnOf) };
  return { turns: [turnOf(key)] };
}

type WrittenTurn = string | { text?: string; toolCalls?: TurnAnswer["toolCalls"][number][] };
const turnOf = (written: WrittenTurn): TurnAnswer =>
  typeof written === "string"
    ? { text: written, toolCalls: [] }
    : { text: written.text ?? "", toolCalls: written.toolCalls ?? [] };

/** What no single part of an item shows: parts that do not fit each other. */
export function itemFlaws(written: WrittenItem): readonly Flaw[] {
  const { prompt, turns, tools, grade, key } = written;
  const flaws: Flaw[] = [];
  const report = (path: readonly PropertyKey[], message: string): void => void flaws.push({ path, message });

  if (prompt === undefined && turns === undefined) report([], "write a prompt, or turns");
  if (prompt !== undefined && turns !== undefined) report(["turns"], "write a prompt or turns, not both");
  const asked = turnsOf(written);
  const firstAsked = asked.findIndex(({ reply }) => reply === undefined);
  const answered = asked.filter(({ reply }) => reply === undefined).length;
  if (asked.length > 0 && answered === 0) report(["turns"], "the last turn has no reply: the tested model answers it");
  const late = asked.findIndex(({ reply }, index) => reply !== undefined && index > firstAsked && firstAsked >= 0);
  if (late >= 0)
    report(["turns", late, "reply"], "turns with a reply come first; the tested model answers all after them");

  const answer = answerOf(key);
  const count = (number: number): string => `${number} ${number === 1 ? "turn" : "turns"}`;
  if (answered > 0 && answer.turns.length !== answered) {
    report(["key"], `the key answers ${count(answer.turns.length)}, but the tested model answers ${answered}`);
  }
  if (grade.kind === "persona" && answered > 0 && grade.turns.length !== answered) {
    report(
      ["grade", "turns"],
      `the checks are for ${count(grade.turns.length)}, but the tested model answers ${answered}`,
    );
  }
  if (grade.kind === "tools") {
    const known = new Set((tools ?? []).map(({ name }) => name));
    if (tools === undefined) report(["grade"], "grade tools needs the tools that the model may call");
    for (const [index, { name }] of grade.calls.entries()) {
      if (tools !== undefined && !known.has(name)) {
        report(["grade", "calls", index, "name"], `“${name}” is none of the item's tools: ${[...known].join(", ")}`);
      }
    }
  }
  const twice = (tools ?? []).findIndex(({ name }, index) =>
    (tools ?? []).slice(0, index).some((each) => each.name === name),
  );
  if (twice >= 0) report(["tools", twice, "name"], "this tool is there twice");
  return flaws;
}
