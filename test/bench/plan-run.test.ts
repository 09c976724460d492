import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blocksOf, itemsFor, planRun } from "../../src/bench/plan-run.ts";
import { type PlannedModel, type RunPlan, runPlan } from "../../src/bench/run-plan.ts";
import { formatModelRef } from "../../src/models/model-ref.ts";
import { someItem, someSuite, suiteOf, withLevels } from "./bench-items.ts";

const local = (model: string): PlannedModel => ({ ref: { provider: "ollama", model }, local: true, memory: "here" });
const SONNET: PlannedModel = { ref: { provider: "anthropic", model: "claude-sonnet-5" }, local: false };
const consent = { usd: 0.5, evict: false };
const base = { suites: [someSuite(25)], level: "quick", models: [local("a"), SONNET], seed: 7, consent } as const;
const order = (plan: RunPlan) =>
  blocksOf(plan).flatMap(({ model, asks }) =>
    asks.map(({ itemId, repeat }) => [formatModelRef(model), itemId, repeat]),
  );

describe("a plan", () => {
  it("asks what the level asks, and what the levels before it ask", () => {
    const suites = [withLevels(["quick", "standard", "full", "quick"])];
    const ids = (level: "quick" | "standard" | "full") => itemsFor(suites, level).map(({ id }) => id.split("/v")[1]);
    expect(ids("quick")).toEqual(["0", "3"]);
    expect(ids("standard")).toEqual(["0", "1", "3"]);
    expect(ids("full")).toEqual(["0", "1", "2", "3"]);
  });

  it("is the same for the same seed, and another for another", () => {
    expect(planRun(base)).toEqual(planRun(base));
    expect(planRun(base).items).not.toEqual(someSuite(25).items.map(({ id }) => id));
    expect(planRun({ ...base, seed: 8 }).items).not.toEqual(planRun(base).items);
    expect(planRun({ ...base, seed: 8 }).items.toSorted()).toEqual(planRun(base).items.toSorted());
  });

  it("survives being written down", () => {
    const plan = planRun({ ...base, through: { kind: "openclaw", agentId: "main" }, repeats: 3, temperature: 0.7 });
    expect(runPlan.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
    expect(runPlan.parse(JSON.parse(JSON.stringify(planRun(base))))).toEqual(planRun(base));
  });

  it.each([
    ["no model", { models: [] }, /No model/],
    ["a model twice", { models: [SONNET, SONNET] }, /anthropic\/claude-sonnet-5 is named twice/],
    ["no item of the level", { suites: [withLevels(["full"])] }, /sums belongs to the level quick/],
    ["no suite", { suites: [] }, /no suite/],
  ])("refuses %s", (_, change, message) => {
    const refused = () => planRun({ ...base, ...change });
    expect(refused).toThrow(expect.objectContaining({ code: "bad_option", message: expect.stringMatching(message) }));
  });

  it("leaves out through OpenClaw what an agent's own tools and history would change", () => {
    const tools = [{ name: "look", description: "Looks.", parameters: { type: "object" } }];
    const scripted = [{ say: "Hello", reply: "Ahoy" }, { say: "And now?" }];
    const suites = [suiteOf(someItem(0), someItem(1, { tools }), someItem(2, { turns: scripted }))];
    const through = { kind: "openclaw", agentId: "main" } as const;
    expect(planRun({ ...base, suites, through })).toMatchObject({ items: ["sums/even/v0"], through });
    expect(planRun({ ...base, suites, through }).speed).toBeUndefined();
    expect(planRun({ ...base, suites }).items).toHaveLength(3);
  });
});

describe("the order of a run", () => {
  it("asks every item of every model as often as it says, whatever the models share", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 45 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (items, repeats, locals, seed) => {
          const models = locals.map((isLocal, at) =>
            isLocal ? local(`m${at}`) : { ...SONNET, ref: { provider: "cloud", model: `m${at}` } },
          );
          const asked = order(planRun({ ...base, suites: [someSuite(items)], models, repeats, seed }));
          expect(asked).toHaveLength(items * repeats * models.length);
          expect(new Set(asked.map(String)).size).toBe(asked.length);
        },
      ),
    );
  });

  it("asks all models of an item before the next one, and begins with another each time", () => {
    const blocks = blocksOf(planRun(base));
    expect(blocks).toHaveLength(50);
    expect(blocks.every(({ asks }) => asks.length === 1)).toBe(true);
    const firsts = blocks.filter((_, at) => at % 2 === 0).map(({ model }) => model.model);
    expect(firsts.slice(0, 4)).toEqual(["a", "claude-sonnet-5", "a", "claude-sonnet-5"]);
    for (let at = 0; at < blocks.length; at += 2) expect(blocks[at]?.asks).toEqual(blocks[at + 1]?.asks);
  });

  it("loads models that share a memory once a batch, and the last of one batch goes on with the next", () => {
    const blocks = blocksOf(planRun({ ...base, models: [local("a"), SONNET, local("b")] }));
    expect(blocks.map(({ model, asks }) => [model.model, asks.length])).toEqual([
      ["a", 10],
      ["claude-sonnet-5", 10],
      ["b", 10],
      ["b", 10],
      ["claude-sonnet-5", 10],
      ["a", 10],
      ["a", 5],
      ["claude-sonnet-5", 5],
      ["b", 5],
    ]);
  });

  it("gives each round an order of its own", () => {
    const plan = planRun({ ...base, models: [SONNET], repeats: 2 });
    const rounds = [0, 1].map((round) => order(plan).filter(([, , repeat]) => repeat === round));
    expect(rounds[0]?.map(([, id]) => id)).not.toEqual(rounds[1]?.map(([, id]) => id));
    expect(rounds[0]?.map(([, id]) => id)).toEqual(plan.items);
  });
});
