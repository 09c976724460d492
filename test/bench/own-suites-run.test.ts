import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradeAnswer } from "../../src/bench/grade-answer.ts";
import { itemsFor } from "../../src/bench/plan-run.ts";
import { seededRandom, seedOf } from "../../src/bench/seeded.ts";
import type { BenchItem } from "../../src/bench/suite.ts";
import { loadSuite } from "../../src/bench/suite-file.ts";
import { A } from "./lab-parts.ts";
import { startLab } from "./runner-lab.ts";
import type { AskedChat, Script } from "./scripted-ollama.ts";

const suites = readdirSync("suites").map((name) => loadSuite(readFileSync(`suites/${name}`, "utf8"), name));
const quick = itemsFor(suites, "quick");

/** What an item was asked, and which of its turns: told by all that was said before, since questions repeat. */
function askedIn({ system, messages }: AskedChat): { readonly item: BenchItem; readonly turn: number } | undefined {
  const said = messages.filter(({ role }) => role === "user").map(({ content }) => content);
  for (const item of quick) {
    if (!system.endsWith(item.system ?? "")) continue;
    if (!said.every((text, at) => text.endsWith(item.turns[at]?.say ?? "\0"))) continue;
    const turn = item.turns.slice(0, said.length).filter(({ reply }) => reply === undefined).length - 1;
    return { item, turn };
  }
  return undefined;
}

/** Answers with the key of what it knows, and with something else otherwise. */
const knowing =
  (knows: (item: BenchItem) => boolean) =>
  (chat: AskedChat): Script => {
    const found = askedIn(chat);
    if (found === undefined) return { text: "yes" };
    const key = found.item.key.turns[found.turn];
    return knows(found.item) && key !== undefined ? { text: key.text, toolCalls: key.toolCalls } : { text: "Perhaps." };
  };
const run = (answer: (chat: AskedChat) => Script) =>
  startLab({ suites, models: [A], answer, parts: { grade: gradeAnswer } });

describe("the project's own suites in a run", () => {
  it("score 100 % with the keys: every prompt, tool, turn and haystack reaches the model and its grader", async () => {
    const lab = await run(knowing(() => true));
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    const answers = await lab.answers();
    expect(answers).toHaveLength(quick.length);
    expect(answers.filter(({ passed, score }) => !passed || score !== 1)).toEqual([]);
  });

  it("score what a model knows, no more and no less", async () => {
    // Seven of ten, by the item's own name, whatever the order.
    const knows = ({ id }: BenchItem): boolean => seededRandom(seedOf(3, id))() < 0.7;
    const lab = await run(knowing(knows));
    await lab.work();
    const answers = await lab.answers();
    // A call that is not to be made is not made by saying something else either.
    const silent = new Set(
      quick.filter(({ grade }) => grade.kind === "tools" && grade.calls.length === 0).map(({ id }) => id),
    );
    for (const item of quick) {
      const answer = answers.find(({ itemId }) => itemId === item.id);
      expect(answer?.passed, item.id).toBe(knows(item) || silent.has(item.id));
    }
    expect(quick.filter(knows).length).toBeGreaterThan(quick.length / 2);
    expect(quick.filter(knows).length).toBeLessThan(quick.length);
  });

  it("score nothing with a model that says nothing", async () => {
    const lab = await run((chat) => (askedIn(chat) === undefined ? { text: "yes" } : { text: "" }));
    await lab.work();
    const answers = await lab.answers();
    expect(answers).toHaveLength(quick.length);
    expect(answers.every(({ outcome, score, passed }) => outcome === "empty" && score === 0 && !passed)).toBe(true);
  });
});
