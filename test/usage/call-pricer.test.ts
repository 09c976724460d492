import { describe, expect, it } from "vitest";
import type { ModelRef } from "../../src/models/model-ref.ts";
import { createCallPricer, type UnpricedCall } from "../../src/usage/call-pricer.ts";
import { createPriceBook, type PriceBookParts } from "../../src/usage/price-book.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const anthropic = (model: string): ModelRef => ({ provider: "anthropic", model });
const HAIKU = anthropic("claude-haiku-5-5");
const QWEN: ModelRef = { provider: "ollama", model: "qwen3:30b" };

const call = (more: Partial<UnpricedCall> = {}): UnpricedCall => ({
  id: "message-1",
  at: NOW,
  sessionKey: "agent:main:main",
  agentId: "main",
  channel: undefined,
  model: QWEN,
  locality: "local",
  cause: "chat",
  tokens: { input: 20_000, output: 1_000, cacheRead: 0, cacheWrite: 0 },
  durationMs: 9_000,
  outcome: "answered",
  fallback: false,
  ...more,
});

function pricerOf(baseline: ModelRef | undefined, parts: Partial<PriceBookParts> = {}) {
  const book = createPriceBook({
    stated: () => new Map(),
    configuredCost: () => undefined,
    clock: () => NOW,
    ...parts,
  });
  return createCallPricer({ book, baselineOf: (agentId) => (agentId === "main" ? baseline : undefined) });
}

const stating = (price: { input: number; output: number }) => ({
  stated: () =>
    new Map([
      [
        QWEN.model,
        {
          price: {
            value: { tiers: [{ ...price, cacheRead: 0, cacheWrite: 0 }] },
            origin: "stated" as const,
            source: "",
            date: "2026-11-01",
          },
        },
      ],
    ]),
});

describe("a local call", () => {
  it("is free since it ran here, and compared at both ends of what the cache may save", () => {
    const priced = pricerOf(HAIKU).price(call());
    expect(priced).toMatchObject({ usd: 0, rate: { source: "local", date: "2026-11-22", input: 0, cacheWrite: 0 } });
    // 20,000 x 0.10 + 1,000 x 0.50, or 20,000 x 0.01 + 1,000 x 0.50, per million.
    expect(priced.baseline).toMatchObject({ model: HAIKU, low: 0.0007, high: 0.0025 });
    expect(priced.baseline?.prices).toMatch(/, 2026-\d\d-\d\d$/);
  });

  it("is compared by the tier of its own prompt, cached tokens included, up to the edge and beyond it", () => {
    const at = (input: number, cacheRead: number) =>
      pricerOf(HAIKU).price(call({ tokens: { input, output: 0, cacheRead, cacheWrite: 0 } })).baseline?.high;
    expect(at(40_000, 60_000)).toBe(0.01);
    expect(at(40_001, 60_000)).toBe(0.050_000_5);
  });

  it("is free whatever OpenClaw's configuration says, and costs what a person stated for it", () => {
    const configured = { configuredCost: () => ({ input: 7, output: 7, cacheRead: 0, cacheWrite: 0 }) };
    expect(pricerOf(HAIKU, configured).price(call()).usd).toBe(0);
    const stated = pricerOf(HAIKU, stating({ input: 1, output: 1 })).price(call());
    expect(stated).toMatchObject({ usd: 0.021, rate: { source: "override" }, baseline: { high: 0.0025 } });
  });

  it("is compared with nothing where nobody names or prices a baseline, or its size is not known", () => {
    expect(pricerOf(undefined).price(call())).toMatchObject({ usd: 0, baseline: undefined });
    expect(pricerOf(HAIKU).price(call({ agentId: "other" })).baseline).toBeUndefined();
    expect(pricerOf(anthropic("claude-next")).price(call()).baseline).toBeUndefined();
    const unsized = pricerOf(HAIKU).price(call({ tokens: undefined }));
    expect(unsized).toMatchObject({ usd: undefined, baseline: undefined, rate: { source: "local" } });
  });
});

describe.each(["cloud", "unknown"] as const)("a call of %s locality", (locality) => {
  it("costs what the book says for its prompt, and is compared with nothing", () => {
    const priced = pricerOf(HAIKU).price(call({ locality, model: anthropic("claude-opus-5") }));
    expect(priced).toMatchObject({ usd: 0.125, rate: { input: 5 }, baseline: undefined });
  });

  it("is unpriced where nobody states a price, and where its size is not known", () => {
    const unpriced = { rate: undefined, usd: undefined, baseline: undefined };
    expect(pricerOf(HAIKU).price(call({ locality }))).toMatchObject(unpriced);
    const opus = { locality, model: anthropic("claude-opus-5"), tokens: undefined };
    expect(pricerOf(HAIKU).price(call(opus))).toMatchObject(unpriced);
  });
});
