import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/bench/seeded.ts";
import { holm } from "../../../src/bench/statistics/holm.ts";
import { medianRatio } from "../../../src/bench/statistics/median-ratio.ts";
import { pairedDifference } from "../../../src/bench/statistics/paired-difference.ts";
import { scoreInterval } from "../../../src/bench/statistics/score-interval.ts";
import { wilsonInterval } from "../../../src/bench/statistics/wilson.ts";
import { equal, shareOf, simulate, unequal, type World } from "./simulated.ts";

const RUNS = 1_000;
/** Both are right in 70 of 100; families make a third of what varies. */
const world = (more: Partial<World> = {}): World => ({
  seed: 8,
  families: equal(8, 3),
  a: 0.7,
  b: 0.7,
  shared: 0.5,
  own: 0.5,
  parts: 1,
  ...more,
});
const WORLDS: readonly (readonly [string, World])[] = [
  ["8 families of 3", world()],
  ["10 families of 4", world({ families: equal(10, 4) })],
  ["12 families of unequal size", world({ families: unequal(12) })],
  ["20 families of 2", world({ families: equal(20, 2) })],
  ["scores of five parts", world({ families: equal(10, 4), parts: 5 })],
];

const scoresOf = (pairs: ReturnType<ReturnType<typeof simulate>>) =>
  pairs.map(({ family, a }) => ({ family, value: a }));

describe.each(WORLDS)("over 1,000 runs with %s", (_, given) => {
  it("the interval of a score holds the truth in 93 to 97 of 100", () => {
    const run = simulate(given);
    const covered = shareOf(RUNS, () => {
      const { low = 1, high = 0 } = scoreInterval(scoresOf(run())) ?? {};
      return low <= given.a && given.a <= high;
    });
    expect(covered).toBeGreaterThanOrEqual(0.93);
    expect(covered).toBeLessThanOrEqual(0.97);
  });

  it("models that are alike are called different in less than 5 of 100", () => {
    const run = simulate(given);
    const claimed = shareOf(RUNS, () => {
      const found = pairedDifference(run());
      return found !== undefined && (found.low > 0 || found.high < 0);
    });
    expect(claimed).toBeLessThan(0.05);
    expect(claimed).toBeGreaterThan(0.01);
  });

  it("the interval of a difference of 20 points holds it in at least 93 of 100, and is worth having", () => {
    const run = simulate({ ...given, a: 0.9 });
    const widths: number[] = [];
    const covered = shareOf(RUNS, () => {
      const found = pairedDifference(run());
      widths.push((found?.high ?? 1) - (found?.low ?? -1));
      return found !== undefined && found.low <= 0.2 && 0.2 <= found.high;
    });
    expect(covered).toBeGreaterThanOrEqual(0.93);
    expect(widths.reduce((sum, width) => sum + width, 0) / RUNS).toBeLessThan(0.6);
  });
});

describe("near the ends of the scale", () => {
  // Where items hardly ever fail, most runs have families without any failure, and a plain t interval shrinks to nothing.
  it.each([0.9, 0.95, 0.98])("the interval of a score is not too narrow: %s", (a) => {
    const run = simulate(world({ a, families: equal(10, 4) }));
    const covered = shareOf(RUNS, () => {
      const { low = 1, high = 0 } = scoreInterval(scoresOf(run())) ?? {};
      return low <= a && a <= high;
    });
    expect(covered).toBeGreaterThanOrEqual(0.93);
  });

  it.each([
    [0.98, 0.9, 1],
    [0.999, 0.899, 1],
    [0.97, 0.87, 5],
  ])("nor is that of a difference: %s and %s", (a, b, parts) => {
    const run = simulate(world({ a, b, parts, families: equal(10, 4) }));
    const covered = shareOf(RUNS, () => {
      const { low = 1, high = -1 } = pairedDifference(run()) ?? {};
      return low <= a - b && a - b <= high;
    });
    expect(covered).toBeGreaterThanOrEqual(0.93);
  });

  it("models that are ten points apart are called as good in less than 5 of 100", () => {
    for (const families of [equal(8, 3), equal(10, 4), equal(20, 4)]) {
      const run = simulate(world({ a: 0.999, b: 0.899, families }));
      const claimed = shareOf(RUNS, () => {
        const { low = -1, high = 1 } = pairedDifference(run()) ?? {};
        return low > -0.1 && high < 0.1;
      });
      expect(claimed).toBeLessThan(0.05);
    }
  });
});

it("of eight tasks at once, none is called different in at least 95 of 100 runs where all are alike", () => {
  const run = simulate(world());
  const ps = () => Array.from({ length: 8 }, () => pairedDifference(run())?.p ?? 1);
  const corrected = shareOf(RUNS, () => holm(ps()).some((p) => p < 0.05));
  const bare = shareOf(RUNS, () => ps().some((p) => p < 0.05));
  expect(corrected).toBeLessThan(0.05);
  expect(bare).toBeGreaterThan(0.15);
});

it("without families and without correction it would go wrong: why this is done", () => {
  const run = simulate(world({ shared: 0.8, families: equal(8, 4) }));
  const covered = shareOf(RUNS, () => {
    const pairs = run();
    const { low, high } = wilsonInterval(pairs.reduce((sum, { a }) => sum + a, 0) / pairs.length, pairs.length);
    return low <= 0.7 && 0.7 <= high;
  });
  expect(covered).toBeLessThan(0.9);
});

it("the interval of a median ratio holds the truth in 91 to 99 of 100", () => {
  // 300 runs only: each draws 10,000 times. Three times as long, answers of a family alike.
  const random = seededRandom(3);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const covered = shareOf(300, () => {
    const ratios = equal(8, 3).flatMap((size, index) => {
      const family = Math.log(3) + 0.2 * normal();
      return Array.from({ length: size }, () => ({ family: `${index}`, value: Math.exp(family + 0.3 * normal()) }));
    });
    const { low = 9, high = 0 } = medianRatio(ratios) ?? {};
    return low <= 3 && 3 <= high;
  });
  expect(covered).toBeGreaterThanOrEqual(0.91);
  expect(covered).toBeLessThanOrEqual(0.99);
});
