import { describe, expect, it } from "vitest";
import type { Figure } from "../../src/models/figure.ts";
import { cacheBytes } from "../../src/models/fit.ts";
import { SEEDS, seedFor } from "../../src/registry/seeds.ts";

const GIB = 1024 ** 3;
const local = SEEDS.filter(({ where }) => where === "local");
const cloud = SEEDS.filter(({ where }) => where === "cloud");

describe("seedFor", () => {
  it.each([
    ["qwen2.5-coder:32b", "qwen2.5-coder:32b"],
    ["library/qwen2.5-coder:32b", "qwen2.5-coder:32b"],
    ["registry.ollama.ai/library/Qwen2.5-Coder:32B-Instruct-Q4_K_M", "qwen2.5-coder:32b"],
    ["gpt-oss", "gpt-oss:20b"],
    ["gpt-oss:latest", "gpt-oss:20b"],
    ["openai/gpt-oss-120b", "gpt-oss:120b"],
    ["llama3.1:70b", "llama3.1:70b"],
    ["claude-sonnet-5-5", "claude-sonnet-5-5"],
    ["claude-haiku-4-5-20251001", "claude-haiku-4-5"],
  ])("knows %s", (name, id) => {
    expect(seedFor(name)?.id).toBe(id);
  });

  it.each([
    "qwen2.5-coder",
    "qwen2.5-coder:7b",
    "qwen2.5-coder:32b-instruct-q8_0",
    "someone/qwen2.5-coder:32b",
    "gpt-oss:120b-cloud",
    "llama3.1",
    "llama3.3:70b",
    "claude-sonnet-5-5-preview",
    "claude-sonnet",
    "",
  ])("takes %j for no model that it knows", (name) => {
    expect(seedFor(name)).toBeUndefined();
  });
});

describe("the seeds", () => {
  it("know each name once", () => {
    for (const { id } of SEEDS) expect(SEEDS.filter((seed) => seed.matches(id)).map((seed) => seed.id)).toEqual([id]);
  });

  it("say of every figure where it is from and from when", () => {
    const figures: Figure<unknown>[] = [];
    const collect = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      if ("origin" in value) figures.push(value as Figure<unknown>);
      else for (const inner of Object.values(value)) collect(inner);
    };
    collect(SEEDS);
    expect(figures.length).toBeGreaterThan(80);
    for (const { origin, source, date } of figures) {
      // What nobody looked up must not pass as published.
      expect(origin).toBe(source === "general knowledge, not re-checked" ? "estimated" : "published");
      expect(source).not.toBe("");
      expect(date).toMatch(/^202[56]-\d\d-\d\d$/);
    }
  });

  it("have for a local model what fit and speed need", () => {
    expect(local.length).toBeGreaterThanOrEqual(8);
    for (const { id, architecture, diskBytes, contextLength, capabilities, price } of local) {
      expect({ id, ready: [architecture, diskBytes, contextLength, capabilities].includes(undefined) }).toEqual({
        id,
        ready: false,
      });
      // Its own costs are electricity, which depends on the machine; a price of 0 would be untrue.
      expect(price).toBeUndefined();
    }
  });

  it.each([
    ["qwen2.5-coder:32b", 8],
    ["llama3.1:70b", 10],
    ["qwen3-coder:30b", 3],
  ])("agree with the published cache of %s at 32k: %d GiB", (id, gibibytes) => {
    const architecture = seedFor(id)?.architecture;
    expect(architecture && cacheBytes(architecture, 32_768) / GIB).toBeCloseTo(gibibytes, 10);
  });

  it("warn of the model whose tool template is broken", () => {
    const broken = SEEDS.filter(({ knownProblems }) => knownProblems?.brokenToolTemplate?.value === true);
    expect(broken.map(({ id }) => id)).toEqual(["qwen2.5-coder:32b"]);
  });

  it("price every Claude model, none at 0, cached input always cheaper", () => {
    expect(cloud.length).toBeGreaterThanOrEqual(15);
    for (const { id, price, contextLength } of cloud) {
      expect({ id, window: contextLength?.value }).toEqual({ id, window: expect.any(Number) });
      const tiers = price?.value.tiers ?? [];
      expect(tiers.length).toBeGreaterThan(0);
      expect(tiers.at(-1)?.upToPromptTokens).toBeUndefined();
      for (const { input, output, cacheRead, cacheWrite } of tiers) {
        expect(cacheRead).toBeGreaterThan(0);
        expect(cacheRead).toBeLessThan(input);
        expect(cacheWrite).toBeCloseTo(1.25 * input, 10);
        expect(output).toBe(5 * input);
      }
    }
  });

  it("knows the rates of October 2026", () => {
    expect(seedFor("claude-sonnet-5-5")?.price).toMatchObject({
      value: { tiers: [{ input: 2, output: 10, cacheRead: 0.1 }] },
      date: "2026-10-07",
    });
    expect(seedFor("claude-haiku-5-5")?.price?.value.tiers).toMatchObject([
      { upToPromptTokens: 100_000, input: 0.1 },
      { upToPromptTokens: undefined, input: 0.5 },
    ]);
  });
});
