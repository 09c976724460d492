import { describe, expect, it } from "vitest";
import { byFamily, scatter } from "../../../src/bench/statistics/families.ts";
import { holm } from "../../../src/bench/statistics/holm.ts";
import { mcnemar } from "../../../src/bench/statistics/mcnemar.ts";
import { spreadOf } from "../../../src/bench/statistics/spread.ts";
import { criticalT, logGamma, NORMAL, tail } from "../../../src/bench/statistics/student.ts";
import { wilsonInterval } from "../../../src/bench/statistics/wilson.ts";

describe("Student's t", () => {
  // Two-sided 5 % points: the t table of any textbook, e.g. Fisher and Yates, Statistical Tables, table III.
  it.each([
    [1, 12.706],
    [2, 4.303],
    [4, 2.776],
    [7, 2.365],
    [9, 2.262],
    [23, 2.069],
    [120, 1.98],
    [NORMAL, 1.96],
  ])("is %s degrees: %s", (freedom, t) => {
    expect(criticalT(freedom)).toBeCloseTo(t, 3);
    expect(tail(criticalT(freedom), freedom)).toBeCloseTo(0.05, 9);
  });

  it("agrees with the arctangent, which one degree of freedom is", () => {
    for (const t of [0.01, 0.5, 1, 3, 50, 1e4]) expect(tail(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 12);
  });

  it("agrees with t / √(2 + t²), which two degrees are", () => {
    for (const t of [0.01, 0.5, 1, 3, 50]) expect(tail(t, 2)).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 12);
  });

  it("knows nothing below one degree", () => {
    expect([criticalT(0), criticalT(0.9), tail(9, 0), tail(9, Number.NaN)]).toEqual([Infinity, Infinity, 1, 1]);
  });

  it("rests on factorials", () => {
    expect([1, 2, 5, 11].map((x) => Math.exp(logGamma(x)))).toEqual(
      [1, 1, 24, 3_628_800].map((factorial) => expect.closeTo(factorial, 3)),
    );
    expect(Math.exp(logGamma(0.5)) ** 2).toBeCloseTo(Math.PI, 9);
  });
});

describe("Wilson's interval", () => {
  // Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %s in %s", (right, n, low, high) => {
    const found = wilsonInterval(right / n, n);
    expect([found.low, found.high]).toEqual([expect.closeTo(low, 4), expect.closeTo(high, 4)]);
  });

  it("is everything where nothing was tried", () => {
    expect(wilsonInterval(Number.NaN, 0)).toEqual({ low: 0, high: 1 });
    expect(wilsonInterval(1, 30, Number.POSITIVE_INFINITY)).toEqual({ low: 0, high: 1 });
  });
});

describe("a mean by families", () => {
  // Lohr, Sampling: Design and Analysis, the example of students' grades in five suites of four out of a hundred suites:
  // mean 2.826, standard error 0.164, of which the share of suites that were visited is taken out here.
  const GRADES = [
    [3.08, 2.6, 3.44, 3.04],
    [2.36, 3.04, 3.28, 2.68],
    [2, 2.56, 2.52, 1.88],
    [3, 2.88, 3.44, 3.64],
    [2.68, 1.92, 3.28, 3.2],
  ];

  it("has the standard error of a cluster sample", () => {
    const grouped = byFamily(GRADES.flatMap((suite, index) => suite.map((value) => ({ family: `${index}`, value }))));
    expect(grouped.mean).toBeCloseTo(2.826, 3);
    expect(Math.sqrt((1 - 5 / 100) * scatter(grouped, grouped.mean)) / grouped.n).toBeCloseTo(0.164, 3);
    expect(grouped.freedom).toBe(4);
  });

  it("counts one family that holds nearly all as one", () => {
    const sizes = [97, 1, 1, 1];
    const { freedom } = byFamily(
      sizes.flatMap((size, index) => Array.from({ length: size }, () => ({ family: `${index}`, value: 1 }))),
    );
    expect(freedom).toBeLessThan(0.1);
  });
});

describe("McNemar's exact test", () => {
  // Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91 (2013): Bentur's 21 children and Cavo's patients.
  it.each([
    [1, 7, 0.07, 0.039],
    [6, 16, 0.052, 0.035],
  ])("of %s against %s", (onlyA, onlyB, exact, mid) => {
    expect(mcnemar(onlyA, onlyB)).toBeCloseTo(exact, 3);
    expect(mcnemar(onlyA, onlyB, { mid: true })).toBeCloseTo(mid, 3);
    expect(mcnemar(onlyB, onlyA)).toBe(mcnemar(onlyA, onlyB));
  });

  // Agresti, Categorical Data Analysis, the prime minister's approval: 150 and 86 changed their minds.
  it("stays finite for many", () => {
    expect(mcnemar(86, 150)).toBeGreaterThan(3e-5);
    expect(mcnemar(86, 150)).toBeLessThan(4.5e-5);
    expect(mcnemar(4_000, 4_000)).toBe(1);
  });

  it("finds nothing where nothing differs", () => {
    expect([mcnemar(0, 0), mcnemar(3, 3), mcnemar(0, 1)]).toEqual([1, 1, expect.closeTo(1, 9)]);
  });
});

describe("Holm's correction", () => {
  it("takes the least times their number, the next times one less, and never falls", () => {
    // Worked by hand after Holm, Scandinavian Journal of Statistics 6 (1979); R's p.adjust gives the same.
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02].map((p) => expect.closeTo(p, 12)));
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
    expect(holm([0.04])).toEqual([0.04]);
    expect(holm([])).toEqual([]);
  });
});

describe("a spread", () => {
  const upTo = (n: number) => Array.from({ length: n }, (_, index) => n - index);

  it("has a 95th percentile from 20 samples up", () => {
    expect(spreadOf(upTo(19))).toEqual({ n: 19, median: 10, shortest: 1, longest: 19, p95: undefined });
    expect(spreadOf(upTo(20))).toEqual({ n: 20, median: 10.5, shortest: 1, longest: 20, p95: 19 });
    expect(spreadOf(upTo(100))?.p95).toBe(95);
    expect(spreadOf([])).toBeUndefined();
  });
});
