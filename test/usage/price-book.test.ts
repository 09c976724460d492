import dns from "node:dns";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ModelRef } from "../../src/models/model-ref.ts";
import { type ModelCost, modelConfigOf } from "../../src/openclaw/model-config.ts";
import { readProfileFile } from "../../src/registry/profile-file.ts";
import { createPriceBook, type PriceBookParts } from "../../src/usage/price-book.ts";
import { costOf } from "../../src/usage/price-cost.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const OPUS: ModelRef = { provider: "anthropic", model: "claude-opus-5" };
const QWEN: ModelRef = { provider: "ollama", model: "qwen2.5-coder:32b" };
const STRANGE: ModelRef = { provider: "acme", model: "anvil-1" };

const bookOf = (parts: Partial<PriceBookParts> = {}) =>
  createPriceBook({ stated: () => new Map(), configuredCost: () => undefined, clock: () => NOW, ...parts });

const costing = (cost: ModelCost) => bookOf({ configuredCost: () => cost });

/** A book with the person's file, read as Clutch reads it. */
async function bookWithFile(models: unknown, parts: Partial<PriceBookParts> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "clutch-prices-"));
  const path = join(folder, "clutch.models.json");
  await writeFile(path, JSON.stringify({ models }));
  const stated = await readProfileFile(path);
  await rm(folder, { recursive: true });
  return bookOf({ stated: () => stated, ...parts });
}

const flat = (input: number, output: number, cacheRead: number, cacheWrite: number) => ({
  tiers: [{ input, output, cacheRead, cacheWrite }],
});

describe("the order of the sources", () => {
  const ofConfig = { configuredCost: () => ({ input: 7, output: 8, cacheRead: 1, cacheWrite: 9 }) };

  it("takes the person's word before everything else", async () => {
    const price = { value: flat(1, 2, 3, 4), date: "2026-11-01", source: "our contract" };
    const book = await bookWithFile({ "anthropic/claude-opus-5": { price } }, ofConfig);
    expect(book.rateFor(OPUS, NOW, 10)).toEqual({
      input: 1,
      output: 2,
      cacheRead: 3,
      cacheWrite: 4,
      source: "override",
      date: "2026-11-01",
    });
    expect(book.rateFor({ ...OPUS, model: "claude-opus-4-8" }, NOW, 10)?.source).toBe("openclaw");
  });

  it("takes OpenClaw's configuration before the catalogue, with the day on which it was read", () => {
    expect(bookOf(ofConfig).rateFor(OPUS, NOW - 9e9, 10)).toEqual({
      input: 7,
      output: 8,
      cacheRead: 1,
      cacheWrite: 9,
      source: "openclaw",
      date: "2026-11-22",
    });
  });

  it("takes the catalogue, then the supplement, then nothing", () => {
    const book = bookOf();
    const sourceOf = (model: ModelRef, at = NOW) => book.rateFor(model, at, 10)?.source;
    expect(sourceOf(OPUS)).toMatch(/^genai-prices /);
    expect(sourceOf({ ...OPUS, model: "claude-haiku-5-5" })).not.toMatch(/genai/);
    expect(book.rateFor({ ...OPUS, model: "claude-sonnet-5-5" }, NOW, 10)).toMatchObject({ date: "2026-10-07" });
    expect(book.rateFor({ ...OPUS, model: "claude-sonnet-5-5" }, Date.parse("2026-10-01"), 10)).toMatchObject({
      date: "2026-09-28",
      source: expect.stringContaining("anthropic.com/claude-haiku-5-5"),
    });
    expect(sourceOf(STRANGE)).toBeUndefined();
  });
});

describe("prices in clutch.models.json", () => {
  it("may name a model of every server, and a full name is stronger", async () => {
    const book = await bookWithFile({
      "anvil-1": { price: flat(1, 1, 1, 1) },
      "acme/anvil-1": { price: flat(2, 2, 2, 2) },
    });
    expect(book.rateFor(STRANGE, NOW, 10)?.input).toBe(2);
    expect(book.rateFor({ ...STRANGE, provider: "other" }, NOW, 10)?.input).toBe(1);
  });

  it("does not take an aggregator's model for the vendor's of that name", async () => {
    const book = await bookWithFile({ "anthropic/claude-opus-5": { price: flat(1, 1, 1, 1) } });
    const routed = { provider: "openrouter", model: "anthropic/claude-opus-5" };
    expect(book.rateFor(routed, NOW, 10)).toMatchObject({ input: 5, source: expect.stringMatching(/^genai/) });
  });

  it("are charged by the tier of the whole prompt, in whatever order they were written", async () => {
    const beyond = { input: 2, output: 20, cacheRead: 0.2, cacheWrite: 2.5 };
    const upTo = { ...beyond, input: 1, upToPromptTokens: 1000 };
    for (const tiers of [
      [upTo, beyond],
      [beyond, upTo],
    ]) {
      const book = await bookWithFile({ "acme/anvil-1": { price: { tiers } } });
      expect([999, 1000, 1001].map((prompt) => book.rateFor(STRANGE, NOW, prompt)?.input)).toEqual([1, 1, 2]);
    }
  });

  it("say nothing beyond their last limit, where the next source is asked", async () => {
    const tiers = [{ upToPromptTokens: 1000, input: 1, output: 1, cacheRead: 1, cacheWrite: 1 }];
    const book = await bookWithFile({ "anvil-1": { price: { tiers } }, "claude-opus-5": { price: { tiers } } });
    expect(book.rateFor(STRANGE, NOW, 1001)).toBeUndefined();
    expect(book.rateFor(OPUS, NOW, 1001)?.input).toBe(5);
  });

  it("may say that a model is free, here or in the cloud", async () => {
    const book = await bookWithFile({
      "acme/anvil-1": { price: flat(0, 0, 0, 0) },
      [QWEN.model]: { price: flat(0.2, 0.4, 0, 0) },
    });
    const tokens = { input: 1000, output: 1000, cacheRead: 5, cacheWrite: 5 };
    const free = book.rateFor(STRANGE, NOW, 1010);
    expect(free && costOf(tokens, free)).toBe(0);
    expect(book.rateFor(QWEN, NOW, 10)?.input).toBe(0.2);
  });
});

describe("OpenClaw's configured cost", () => {
  it("is a blank where it is all zeros, as OpenClaw fills in what is missing", () => {
    const blank = costing({ input: 0, output: 0, cacheRead: 0, cacheWrite: 0 });
    expect(blank.rateFor(OPUS, NOW, 10)).toMatchObject({ input: 5, source: expect.stringMatching(/^genai/) });
    expect(blank.rateFor(STRANGE, NOW, 10)).toBeUndefined();
    expect(blank.rateFor(QWEN, NOW, 10)).toBeUndefined();
  });

  it("knows no price for cached tokens where that is 0, so that such a call is unpriced", () => {
    const rate = costing({ input: 3, output: 15, cacheRead: 0, cacheWrite: 0 }).rateFor(STRANGE, NOW, 10);
    if (rate === undefined) expect.fail("it has a price");
    expect(costOf({ input: 1000, output: 1000, cacheRead: 0, cacheWrite: 0 }, rate)).toBe(0.018);
    expect(costOf({ input: 1000, output: 1000, cacheRead: 1, cacheWrite: 0 }, rate)).toBeUndefined();
    expect(costOf({ input: 1000, output: 1000, cacheRead: 0, cacheWrite: 1 }, rate)).toBeUndefined();
  });

  it("is no price where it is negative", () => {
    expect(costing({ input: -1, output: -1, cacheRead: 0, cacheWrite: 0 }).rateFor(STRANGE, NOW, 10)).toBeUndefined();
  });

  it("has tiers whose end is the first prompt of the next", () => {
    // GPT-6 Sol, as OpenClaw's own plugin writes it.
    const low = { input: 2, output: 10, cacheRead: 0.2, cacheWrite: 2.5 };
    const high = { input: 4, output: 15, cacheRead: 0.4, cacheWrite: 5 };
    const tieredPricing = [
      { ...low, range: [0, 272_001] as const },
      { ...high, range: [272_001] as const },
    ];
    const book = costing({ ...low, tieredPricing });
    expect([272_000, 272_001].map((prompt) => book.rateFor(STRANGE, NOW, prompt)?.input)).toEqual([2, 4]);
  });

  it("is read from OpenClaw's configuration", () => {
    const models = [{ id: "anvil-1", cost: { input: 3, output: 15 } }, { id: "anvil-2" }];
    const config = modelConfigOf({ models: { providers: { acme: { models } } } });
    const book = bookOf({
      configuredCost: ({ provider, model }) => config.providers.get(provider)?.models.get(model)?.cost,
    });
    expect(book.rateFor(STRANGE, NOW, 10)).toMatchObject({ input: 3, cacheRead: undefined });
    expect(book.rateFor({ ...STRANGE, model: "anvil-2" }, NOW, 10)).toBeUndefined();
  });
});

describe("the network", () => {
  afterEach(() => void vi.restoreAllMocks());

  it("is never touched, not even for a model that nobody knows", async () => {
    const asked = [
      vi.spyOn(globalThis, "fetch"),
      vi.spyOn(net.Socket.prototype, "connect"),
      vi.spyOn(dns, "lookup"),
    ] as const;
    const book = bookOf();
    for (const model of [OPUS, QWEN, STRANGE, { ...OPUS, model: "claude-haiku-5-5" }]) book.rateFor(model, NOW, 10);
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const spy of asked) expect(spy).not.toHaveBeenCalled();
  });
});
