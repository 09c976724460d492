import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Rate } from "../../src/models/usage-call.ts";
import { costOf } from "../../src/usage/price-cost.ts";
import { baselineCost, electricityCost } from "../../src/usage/price-savings.ts";

/** Sonnet 5.5. */
const RATE: Rate = { input: 2, output: 10, cacheRead: 0.1, cacheWrite: 2.5, source: "test", date: "2026-11-22" };

describe("what a local call would have cost", () => {
  it.each([
    // 60,000 x 2 + 1,000 x 10, or 60,000 x 0.1 + 1,000 x 10, per million
    [
      { input: 60_000, output: 1000, cacheRead: 0, cacheWrite: 0 },
      { low: 0.016, high: 0.13 },
    ],
    // What the local server had in its own cache is a part of the prompt like any other.
    [
      { input: 10_000, output: 1000, cacheRead: 45_000, cacheWrite: 5000 },
      { low: 0.016, high: 0.13 },
    ],
    [
      { input: 0, output: 1000, cacheRead: 0, cacheWrite: 0 },
      { low: 0.01, high: 0.01 },
    ],
    [
      { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
      { low: 0, high: 0 },
    ],
  ])("%j: %j", (tokens, range) => {
    expect(baselineCost(tokens, RATE)).toEqual(range);
  });

  it("is one figure where nobody says what cached tokens cost", () => {
    const tokens = { input: 60_000, output: 1000, cacheRead: 0, cacheWrite: 0 };
    expect(baselineCost(tokens, { ...RATE, cacheRead: undefined })).toEqual({ low: 0.13, high: 0.13 });
  });

  it("lies around every split of the prompt into new and cached tokens", () => {
    const count = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(count, count, count, (input, cacheRead, output) => {
        const tokens = { input, output, cacheRead, cacheWrite: 0 };
        const range = baselineCost(tokens, RATE);
        const real = costOf(tokens, RATE);
        expect(range?.low).toBeLessThanOrEqual(real ?? Number.NaN);
        expect(range?.high).toBeGreaterThanOrEqual(real ?? Number.NaN);
      }),
    );
  });
});

describe("electricity", () => {
  it.each([
    // 130 W for an hour is 0.13 kWh.
    [3_600_000, 130, 0.15, 0.0195],
    // A kilowatt for 36 seconds is a hundredth of a kWh.
    [36_000, 1000, 0.3, 0.003],
    [0, 130, 0.15, 0],
  ])("%d ms at %d W and %d per kWh cost %d", (durationMs, watts, pricePerKWh, cost) => {
    expect(electricityCost(durationMs, { watts, pricePerKWh })).toBeCloseTo(cost, 12);
  });
});
