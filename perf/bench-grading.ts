import { runCode } from "../src/bench/code-sandbox.ts";
import { gradeAnswer } from "../src/bench/grade-answer.ts";
import { loadSuite } from "../src/bench/suite-file.ts";
import { type Measurement, median, percentile, timed } from "./measure.ts";

const ROUNDS = 300;
const LONG_CHARS = 1_000_000;
const RUNS = 20;
/** A model needs seconds for an answer; beside that neither may count. */
const ANSWER_MS = 1;
const LONG_ANSWER_MS = 1_000;
const RUN_MS = 500;

const SUITE = `
suite: perf
title: One item of each kind
task: instructions
items:
  - {family: fields, prompt: "?", grade: {kind: fields, fields: {a: {text: x}, b.c: {number: 1}, d: {set: [x, y]}}}, key: '{"a": "x", "b": {"c": 1}, "d": ["y", "x"]}'}
  - {family: number, prompt: "?", grade: {kind: number, value: 1234.5}, key: "The answer is 1,234.5."}
  - {family: constraints, prompt: "?", grade: {kind: constraints, checks: [{words: {min: 5}}, {sentences: {min: 1}}, {paragraphs: 3}, {excludes: never}, {matches: words}]}, key: "These are some words."}
  - {family: facts, prompt: "?", grade: {kind: facts, must: [[on Friday], [3200 francs], [Zürich]], mustNot: [[on Tuesday]], maxWords: 500}, key: "In Zürich on Friday, 3,200 francs."}
  - {family: needle, prompt: "?", grade: {kind: needle, value: [AMBER-4417]}, key: amber 4417}
  - {family: tools, prompt: "?", tools: [{name: get, description: Gets., parameters: {type: object}}], grade: {kind: tools, calls: [{name: get, args: {x: {text: y}}}]}, key: {toolCalls: [{name: get, args: {x: y}}]}}
`;

/** What grading costs: answers of the usual length, one of a million characters, and a function in the sandbox. */
export async function gradingCosts(): Promise<Measurement[]> {
  const { items } = loadSuite(SUITE, "perf");
  const filler = "So let us see what there is to say of it, and in which order. ".repeat(10);
  const answerOf = (key: (typeof items)[number]["key"], around: string) => ({
    turns: key.turns.map((turn) => ({
      ...turn,
      text: `<think>${around}</think>\n${around}\n\n${turn.text}\n\n${around}`,
    })),
  });
  const usual = items.map((item) => ({ item, answer: answerOf(item.key, filler) }));
  const long = items.map((item) => ({
    item,
    answer: answerOf(item.key, filler.repeat(LONG_CHARS / filler.length / 3)),
  }));
  const gradeAll = async (all: typeof usual): Promise<void> => {
    for (const { item, answer } of all) await gradeAnswer(item, answer);
  };

  await gradeAll(usual);
  const rounds = await timed(async () => {
    for (let round = 0; round < ROUNDS; round++) await gradeAll(usual);
  });
  const usualMs = rounds / ROUNDS / items.length;
  const longMs = (await timed(() => gradeAll(long))) / items.length;

  const job = { code: "function f(n) { return n * 2; }", entry: "f", calls: [[1], [2], [3]], deadlineMs: 2_000 };
  const runs: number[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await timed(() => runCode(job)));
  const together = await timed(() => Promise.all([1, 2, 3, 4].map(() => runCode(job))));

  return [
    {
      name: "bench: grading an answer",
      found: `${usualMs.toFixed(3)} ms, ${Math.round(1_000 / usualMs)} answers/s of 2,000 characters`,
      ratio: usualMs / ANSWER_MS,
      goal: `under ${ANSWER_MS} ms`,
    },
    {
      name: "bench: grading 1 million characters",
      found: `${longMs.toFixed(0)} ms`,
      ratio: longMs / LONG_ANSWER_MS,
      goal: `under ${LONG_ANSWER_MS} ms`,
    },
    {
      name: "bench: a function in the sandbox",
      found: `median ${median(runs).toFixed(0)} ms, p95 ${percentile(runs, 95).toFixed(0)} ms, four at a time ${together.toFixed(0)} ms (n=${RUNS})`,
      ratio: median(runs) / RUN_MS,
      goal: `median under ${RUN_MS} ms`,
    },
  ];
}
