import { gradeAnswer } from "./grade-answer.ts";
import type { BenchItem, ItemAnswer, Suite } from "./suite.ts";

export interface DryRunFinding {
  /** With an error the suite measures nothing; a warning is for whoever wrote it. */
  readonly kind: "error" | "warning";
  /** Id of the item, or the family. */
  readonly about: string;
  readonly message: string;
}

/** As many items at a time; those with code start a process each. */
const LANES = 2;
/** Characters of a token, on the safe side, to see whether an answer can be given at all. */
const CHARS_PER_TOKEN = 3;
/** Some 6,000 tokens; a longer text belongs into a haystack, whose length the level decides. */
const LONG_PROMPT_CHARS = 24_000;

/**
 * Answers every item of a suite without a model: by its key, which must score
 * 100 %, by nothing, which must score 0, and by the prompt said again, which ought
 * not to pass. In the order of the items. Rejects where the sandbox could not be had.
 */
export async function dryRun(suite: Suite, signal?: AbortSignal): Promise<readonly DryRunFinding[]> {
  const findings = new Map<string, readonly DryRunFinding[]>();
  const left = suite.items.values();
  const lane = async (): Promise<void> => {
    for (const item of left) findings.set(item.id, await findingsOf(item, signal));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return [...suite.items.flatMap(({ id }) => findings.get(id) ?? []), ...lonelyFamilies(suite)];
}

async function findingsOf(item: BenchItem, signal: AbortSignal | undefined): Promise<readonly DryRunFinding[]> {
  const found: DryRunFinding[] = [];
  const report = (kind: DryRunFinding["kind"], message: string): void =>
    void found.push({ kind, about: item.id, message });
  const options = signal === undefined ? {} : { signal };
  const grade = (answer: ItemAnswer) => gradeAnswer(item, answer, options);

  const key = await grade(item.key);
  if (!key.passed || key.score < 1) report("error", `the key scores ${percent(key.score)}: ${key.notes.join("; ")}`);
  const nothing = await grade(everyTurn(item, ""));
  if (nothing.score > 0) report("error", `an empty answer scores ${percent(nothing.score)}`);
  const isSilenceRight = item.grade.kind === "tools" && item.grade.calls.length === 0;
  if (!isSilenceRight) {
    const echo = await grade(everyTurn(item, item.turns.map(({ say }) => say).join("\n\n")));
    if (echo.passed) report("warning", "the prompt said again passes; it gives the answer away");
  }

  const longest = Math.max(
    ...item.key.turns.map(({ text, toolCalls }) => text.length + JSON.stringify(toolCalls).length),
  );
  if (longest / CHARS_PER_TOKEN > item.maxTokens) {
    report(
      "warning",
      `the key has some ${Math.ceil(longest / CHARS_PER_TOKEN)} tokens, but maxTokens is ${item.maxTokens}`,
    );
  }
  const asked =
    (item.system ?? "").length + item.turns.reduce((sum, { say, reply = "" }) => sum + say.length + reply.length, 0);
  if (asked > LONG_PROMPT_CHARS) {
    report("warning", `the prompt has ${asked} characters, more than many local models are given room for`);
  }
  return found;
}

const percent = (score: number): string => `${Math.floor(score * 100)} %`;

const everyTurn = (item: BenchItem, text: string): ItemAnswer => ({
  turns: item.key.turns.map(() => ({ text, toolCalls: [] })),
});

/** Statistics take a family for one idea; with one variant it says little of it. */
function lonelyFamilies({ items }: Suite): readonly DryRunFinding[] {
  const sizes = Map.groupBy(items, ({ family }) => family);
  return [...sizes].flatMap(([family, { length }]): DryRunFinding[] =>
    length > 1
      ? []
      : [{ kind: "warning", about: family, message: "this family has one item; write two variants or more" }],
  );
}
