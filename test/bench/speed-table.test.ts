import { expect, it } from "vitest";
import { speedTable } from "../../src/bench/speed-table.ts";
import { QWEN, SONNET, speedOf } from "./answers.ts";

const timings = (firstTokenMs: number) => ({
  firstTokenMs,
  loadMs: 0,
  promptMs: firstTokenMs - 100,
  decodeMs: 10_000,
  totalMs: firstTokenMs + 10_000,
});

it("has one row for each model, prompt size and state of its memory", () => {
  const samples = [
    speedOf(QWEN, { cold: true, promptTokens: 500 }),
    speedOf(SONNET, {
      promptTokens: 500,
      tokens: { input: 500, output: 200 },
      timings: { firstTokenMs: 800, totalMs: 4_780 },
    }),
    ...[9_000, 9_500, 30_000].map((ms) => speedOf(QWEN, { timings: timings(ms), energy: 3_000 })),
    speedOf(QWEN, { promptTokens: 500 }),
  ];
  const rows = speedTable(samples);
  expect(rows.map(({ model, promptTokens, cold, n }) => [model.provider, promptTokens, cold, n])).toEqual([
    ["ollama", 500, false, 1],
    ["ollama", 16_000, false, 3],
    ["ollama", 500, true, 1],
    ["anthropic", 500, false, 1],
  ]);
  expect(rows[1]).toMatchObject({
    firstTokenMs: { median: 9_500, shortest: 9_000, longest: 30_000, p95: undefined },
    restMs: { median: 100 },
    decode: { median: 20 },
    prefill: { longest: expect.closeTo(16_000 / 8.9, 6) },
    joulesPerToken: { median: 15 },
  });
  // A server that says nothing of itself: its answers are timed from the first token on.
  expect(rows[3]).toMatchObject({
    loadMs: undefined,
    prefill: undefined,
    joulesPerToken: undefined,
    decode: { median: 50 },
  });
});
