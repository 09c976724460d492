import { describe, expect, it } from "vitest";
import { estimateRun } from "../../src/bench/estimate-run.ts";
import { planRun, type RunRequest } from "../../src/bench/plan-run.ts";
import { createRunPreparer } from "../../src/bench/prepare-run.ts";
import type { PlannedModel } from "../../src/bench/run-plan.ts";
import { ClutchError } from "../../src/errors.ts";
import type { ModelRef } from "../../src/models/model-ref.ts";
import type { ModelFacts } from "../../src/registry/model-facts.ts";
import { someItem, someSuite, suiteOf } from "./bench-items.ts";
import { A, B, CLOUD, RATE } from "./lab-parts.ts";

const figure = (value: number) => ({ value, origin: "measured" as const, source: "a test", date: "2026-11-28" });
const SPEEDS: Pick<ModelFacts, "speeds" | "architecture" | "diskBytes" | "loadMs"> = {
  speeds: [
    { depthTokens: 0, decode: figure(10), prefill: figure(100) },
    { depthTokens: 100_000, decode: figure(10), prefill: figure(100) },
  ],
  architecture: undefined,
  diskBytes: undefined,
  loadMs: figure(30_000),
};
const planned = (ref: ModelRef): PlannedModel =>
  ref.provider === "ollama" ? { ref, local: true, memory: "this machine" } : { ref, local: false };

/** An item of 400 characters with its nonce, whose key has 400 as well: 100 tokens each. */
const item = (at: number) =>
  someItem(at, {
    turns: [{ say: "x".repeat(400 - "Note 0123456789.\n\n".length) }],
    maxTokens: 1_000,
    key: { turns: [{ text: "y".repeat(398), toolCalls: [] }] },
  });
const SUITE = suiteOf(...Array.from({ length: 20 }, (_, at) => item(at)));

function estimate(models: readonly ModelRef[], change: Partial<RunRequest> = {}, isPriced = true) {
  const plan = planRun({
    suites: [SUITE],
    level: "quick",
    models: models.map(planned),
    seed: 1,
    speed: false,
    consent: { usd: 1, evict: false },
    ...change,
  });
  const items = new Map(SUITE.items.map((each) => [each.id, each]));
  return estimateRun(plan, {
    item: (id) => items.get(id),
    facts: ({ provider }) => (provider === "ollama" ? SPEEDS : { ...SPEEDS, speeds: [] }),
    machine: () => undefined,
    rate: () => (isPriced ? RATE : undefined),
  });
}

describe("what a run would take", () => {
  it("is reckoned by length: about by four characters a token, at most by three and answers as long as they may be", () => {
    const { models, usd, mostUsd, unpriced } = estimate([CLOUD]);
    // 100 tokens in, and one and a half keys out.
    expect(usd).toBeCloseTo((20 * (100 * 3 + 150 * 15)) / 1e6, 9);
    expect(mostUsd).toBeCloseTo((20 * (134 * 3 + 1_000 * 15)) / 1e6, 9);
    expect(unpriced).toEqual([]);
    expect(models).toEqual([{ model: CLOUD, asks: 20, usd, mostUsd, ms: undefined }]);
  });

  it("costs nothing where it runs here, and takes as long as the model's speed says", () => {
    const { models, ms } = estimate([A]);
    // 100 tokens at 100 a second and 150 at 10, twenty times, and a load.
    expect(models[0]).toMatchObject({ usd: 0, mostUsd: 0, asks: 20 });
    expect(ms).toBeCloseTo(20 * (1_000 + 15_000) + 30_000, -1);
  });

  it("counts each load where models share a memory", () => {
    const [a, b] = estimate([A, B]).models;
    // a b | b a: a is loaded twice, b once.
    expect(Math.round((a?.ms ?? 0) - (b?.ms ?? 0))).toBe(30_000);
  });

  it("counts what is asked to measure speed, warm-ups too", () => {
    const [without] = estimate([CLOUD]).models;
    const [cloud] = estimate([CLOUD], { speed: true }).models;
    expect((cloud?.asks ?? 0) - (without?.asks ?? 0)).toBe(2 * 4);
    expect((cloud?.usd ?? 0) - (without?.usd ?? 0)).toBeCloseTo((4 * (4_500 * 3 + 2 * 96 * 15)) / 1e6, 9);
    expect(estimate([A], { speed: true }).models[0]?.asks).toBe(20 + 2 * 4 + 1);
  });

  it("counts the agent's own prompt with every turn, where one is asked", () => {
    const through = { kind: "openclaw", agentId: "main" } as const;
    expect(estimate([CLOUD], { through }).usd - estimate([CLOUD]).usd).toBeCloseTo((20 * 16_000 * 3) / 1e6, 9);
  });

  it("is unknown where a part is: no price is not free, no speed is not fast", () => {
    const both = estimate([A, CLOUD], {}, false);
    expect(both).toMatchObject({ usd: 0, mostUsd: 0, unpriced: [CLOUD], ms: undefined });
    expect(both.models[1]).toMatchObject({ usd: undefined, mostUsd: undefined, ms: undefined });
  });

  it("asks every item as often as the plan does", () => {
    expect(estimate([CLOUD], { repeats: 3 }).usd).toBeCloseTo(3 * estimate([CLOUD]).usd, 9);
  });
});

describe("before a run", () => {
  function preparer(more: { readonly rate?: undefined; readonly evicts?: boolean; readonly locked?: boolean } = {}) {
    return createRunPreparer({
      targets: {
        async planned(ref) {
          if (more.locked === true && ref.provider === "cloud") throw new ClutchError("local_only", "on");
          return planned(ref);
        },
        evictions: async () => (more.evicts === true ? [{ model: "llama3:70b", usedBy: ["agent:main:main"] }] : []),
      },
      registry: { find: () => undefined },
      rate: () => ("rate" in more ? undefined : RATE),
      machine: () => undefined,
      askAboveUsd: 0.01,
    });
  }
  const request = { suites: [SUITE], level: "quick", seed: 1, speed: false, models: [A, CLOUD] } as const;
  const small = { ...request, suites: [someSuite(3)] };

  it("nothing is asked where it costs little and delays nobody", async () => {
    const { questions, plan } = await preparer().prepare(small);
    expect(questions).toEqual([]);
    expect(plan.consent).toEqual({ usd: 0.01, evict: false });
  });

  it.each([
    ["it may cost more than the limit", {}, request, { kind: "cost", mostUsd: expect.any(Number), limitUsd: 0.01 }],
    ["nobody knows what it costs", { rate: undefined }, small, { kind: "unpriced", models: [CLOUD] }],
    [
      "a conversation would wait for a load",
      { evicts: true },
      small,
      { kind: "evicts", evictions: [{ model: "llama3:70b", usedBy: ["agent:main:main"] }] },
    ],
  ])("a yes is asked for where %s", async (_, more, asked, question) => {
    expect((await preparer(more).prepare(asked)).questions).toEqual([question]);
  });

  it("the yes is in the plan, and no more than that", async () => {
    const { plan, estimate: reckoned } = await preparer({ evicts: true }).prepare(request);
    expect(plan.consent).toEqual({ usd: reckoned.mostUsd, evict: true });
    const said = await preparer({ evicts: true }).prepare({ ...small, evict: true });
    expect(said).toMatchObject({ questions: [], plan: { consent: { usd: 0.01, evict: true } } });
  });

  it("a cloud model is refused while local-only mode is on", async () => {
    await expect(preparer({ locked: true }).prepare(small)).rejects.toMatchObject({ code: "local_only" });
    expect((await preparer({ locked: true }).prepare({ ...small, models: [A] })).questions).toEqual([]);
  });
});
