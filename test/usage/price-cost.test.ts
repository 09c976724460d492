import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Rate, UsageTokens } from "../../src/models/usage-call.ts";
import { costOf, promptTokens } from "../../src/usage/price-cost.ts";

const SOURCE = { source: "test", date: "2026-11-22" };
const HAIKU: Rate = { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25, ...SOURCE };
const NONE: UsageTokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
const PARTS = ["input", "output", "cacheRead", "cacheWrite"] as const;

const count = fc.integer({ min: 0, max: 1_000_000 });
const tokensOf = fc.record({ input: count, output: count, cacheRead: count, cacheWrite: count });
/** As vendors write it: up to $200 per million, in steps of a millionth. */
const price = fc.integer({ min: 0, max: 200_000_000 }).map((steps) => steps / 1_000_000);
const rateOf = fc
  .record({ input: price, output: price, cacheRead: price, cacheWrite: price })
  .map((rate): Rate => ({ ...rate, ...SOURCE }));

const sum = (a: UsageTokens, b: UsageTokens): UsageTokens => ({
  input: a.input + b.input,
  output: a.output + b.output,
  cacheRead: a.cacheRead + b.cacheRead,
  cacheWrite: a.cacheWrite + b.cacheWrite,
});
const picodollars = (tokens: UsageTokens, rate: Rate): number =>
  Math.round((costOf(tokens, rate) ?? Number.NaN) * 1e12);

describe("the cost of a call", () => {
  it("is the sum of its parts", () => {
    expect(costOf({ input: 100, output: 10, cacheRead: 1000, cacheWrite: 8 }, HAIKU)).toBe(0.00026);
    expect(costOf(NONE, HAIKU)).toBe(0);
  });

  it.each(["cacheRead", "cacheWrite"] as const)(
    "is unknown without a rate for %s, but only where there are such tokens",
    (part) => {
      const rate: Rate = { ...HAIKU, [part]: undefined };
      expect(costOf({ ...NONE, input: 1000, [part]: 1 }, rate)).toBeUndefined();
      expect(costOf({ ...NONE, input: 1000 }, rate)).toBe(0.001);
    },
  );

  it("does not drift where a sum of doubles does", () => {
    const rate: Rate = { ...HAIKU, input: 0.1, output: 0.2 };
    const one = costOf({ ...NONE, input: 1, output: 1 }, rate) ?? 0;
    const doubles = Array.from({ length: 1000 }, () => one).reduce((total, usd) => total + usd, 0);
    expect(doubles).not.toBe(0.0003);
    expect(costOf({ ...NONE, input: 1000, output: 1000 }, rate)).toBe(0.0003);
    expect((Math.round(one * 1e12) * 1000) / 1e12).toBe(0.0003);
  });

  it("is linear: two calls at one rate cost what one of their size does, to the picodollar", () => {
    fc.assert(
      fc.property(tokensOf, tokensOf, rateOf, (a, b, rate) => {
        expect(picodollars(sum(a, b), rate)).toBe(picodollars(a, rate) + picodollars(b, rate));
      }),
    );
  });

  it("is what exact arithmetic makes of it", () => {
    fc.assert(
      fc.property(tokensOf, rateOf, (tokens, rate) => {
        const exact = PARTS.reduce(
          (total, part) => total + BigInt(tokens[part]) * BigInt(Math.round((rate[part] ?? 0) * 1e6)),
          0n,
        );
        expect(BigInt(picodollars(tokens, rate))).toBe(exact);
      }),
    );
  });

  it("never falls with more tokens or a higher rate, and is never negative", () => {
    fc.assert(
      fc.property(tokensOf, tokensOf, rateOf, fc.constantFrom(...PARTS), price, (a, b, rate, part, rise) => {
        const cost = costOf(a, rate) ?? Number.NaN;
        expect(cost).toBeGreaterThanOrEqual(0);
        expect(costOf(sum(a, b), rate)).toBeGreaterThanOrEqual(cost);
        expect(costOf(a, { ...rate, [part]: (rate[part] ?? 0) + rise })).toBeGreaterThanOrEqual(cost);
      }),
    );
  });
});

it("the prompt is all that was sent, cached or not", () => {
  expect(promptTokens({ input: 1, output: 10, cacheRead: 100, cacheWrite: 1000 })).toBe(1101);
});
