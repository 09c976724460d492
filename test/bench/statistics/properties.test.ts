import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { medianRatio } from "../../../src/bench/statistics/median-ratio.ts";
import { pairedDifference } from "../../../src/bench/statistics/paired-difference.ts";
import { scoreInterval } from "../../../src/bench/statistics/score-interval.ts";

const score = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const family = fc.constantFrom("a", "b", "c", "d", "e", "f");
const pairs = fc.array(fc.record({ family, a: score, b: score }), { minLength: 1, maxLength: 60 });
const tied = (families: number, size: number, a = 1, b = a) =>
  Array.from({ length: families * size }, (_, index) => ({ family: `${index % families}`, a, b }));
const scoresOf = (found: readonly { family: string; a: number }[]) =>
  found.map(({ family, a }) => ({ family, value: a }));

describe("the interval of a score", () => {
  it("holds the mean, within 0 and 1, whatever the scores", () => {
    fc.assert(
      fc.property(pairs, (given) => {
        const found = scoreInterval(scoresOf(given));
        expect(found?.low).toBeGreaterThanOrEqual(0);
        expect(found?.high).toBeLessThanOrEqual(1);
        expect(found?.low).toBeLessThanOrEqual(found?.value ?? -1);
        expect(found?.high).toBeGreaterThanOrEqual(found?.value ?? 2);
        expect(found?.n).toBe(given.length);
      }),
    );
  });

  it("is everything for one family, however many items", () => {
    expect(scoreInterval(scoresOf(tied(1, 50)))).toEqual({ value: 1, n: 50, families: 1, low: 0, high: 1 });
    expect(scoreInterval([])).toBeUndefined();
  });

  it("leaves room where all were right or wrong, or all half right", () => {
    expect(scoreInterval(scoresOf(tied(10, 3)))).toMatchObject({ low: expect.closeTo(0.854, 3), high: 1 });
    expect(scoreInterval(scoresOf(tied(10, 3, 0)))).toMatchObject({ low: 0, high: expect.closeTo(0.146, 3) });
    expect(scoreInterval(scoresOf(tied(3, 1, 0.5)))?.low).toBeLessThan(0.2);
  });
});

describe("the difference of pairs", () => {
  it("turns round with the models, and does not depend on the order of items", () => {
    fc.assert(
      fc.property(pairs, (given) => {
        const found = pairedDifference(given);
        const turned = pairedDifference(given.map(({ family, a, b }) => ({ family, a: b, b: a })).reverse());
        expect(found?.value).toBeCloseTo(-(turned?.value ?? Number.NaN), 9);
        expect(found?.low).toBeCloseTo(-(turned?.high ?? Number.NaN), 6);
        expect(found?.high).toBeCloseTo(-(turned?.low ?? Number.NaN), 6);
        expect(found?.p).toBeCloseTo(turned?.p ?? Number.NaN, 6);
      }),
    );
  });

  it("holds what was found, within -1 and 1, and leaves out zero only where p is small", () => {
    fc.assert(
      fc.property(pairs, (given) => {
        const found = pairedDifference(given);
        if (found === undefined) throw new Error("there are pairs");
        expect(found.low).toBeGreaterThanOrEqual(-1);
        expect(found.high).toBeLessThanOrEqual(1);
        expect(found.low).toBeLessThanOrEqual(found.value);
        expect(found.high).toBeGreaterThanOrEqual(found.value);
        if (found.low > 0 || found.high < 0) expect(found.p).toBeLessThan(0.0501);
      }),
      { numRuns: 500 },
    );
  });

  it("does not take ties for a proof: after 24 of them, 14 points are possible", () => {
    const { value, low, high } = pairedDifference(tied(8, 3)) ?? {};
    expect(value).toBe(0);
    // Exactly, if items were independent: 1 - 0.025 ^ (1 / 24) = 14.2 points.
    expect(high).toBeGreaterThan(0.137);
    expect(high).toBeLessThan(0.147);
    expect(low).toBeCloseTo(-(high ?? 0), 12);
    expect(pairedDifference(tied(20, 5))?.high).toBeLessThan(0.05);
  });

  it("needs more than two items that fell alike", () => {
    expect(pairedDifference(tied(2, 1, 1, 0))?.low).toBeLessThan(0);
    expect(pairedDifference(tied(3, 1, 1, 0))?.low).toBeLessThan(0);
    expect(pairedDifference(tied(8, 3, 1, 0))?.low).toBeGreaterThan(0.7);
  });

  it("is everything for one family", () => {
    expect(pairedDifference(tied(1, 40, 1, 0))).toEqual({ value: 1, n: 40, families: 1, low: -1, high: 1, p: 1 });
    expect(pairedDifference([])).toBeUndefined();
  });
});

describe("a median ratio", () => {
  it("is the same each time, and turns round with the models", () => {
    const given = Array.from({ length: 24 }, (_, index) => ({ family: `${index % 8}`, value: 2 + (index % 5) / 4 }));
    const found = medianRatio(given);
    expect(medianRatio(given)).toEqual(found);
    expect(found?.value).toBe(2.5);
    expect(found?.low).toBeGreaterThanOrEqual(2);
    expect(found?.high).toBeLessThanOrEqual(3);
    const turned = medianRatio(given.map(({ family, value }) => ({ family, value: 1 / value })));
    expect(turned?.low).toBeCloseTo(1 / (found?.high ?? 0), 1);
  });

  it("is open for one family, and nothing for nothing", () => {
    expect(medianRatio([{ family: "a", value: 3 }])).toEqual({ value: 3, n: 1, families: 1, low: 0, high: Infinity });
    expect(medianRatio([])).toBeUndefined();
  });
});
