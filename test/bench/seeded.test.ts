import { expect, it } from "vitest";
import { seededRandom, seedOf, shuffled } from "../../src/bench/seeded.ts";

it("gives the same numbers for the same seed, spread evenly from 0 to 1", () => {
  const draw = (seed: number, count: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: count }, random);
  };
  expect(draw(3, 5)).toEqual(draw(3, 5));
  expect(draw(3, 5)).not.toEqual(draw(4, 5));
  const many = draw(0, 20_000);
  expect(many.every((number) => number >= 0 && number < 1)).toBe(true);
  for (let tenth = 0; tenth < 10; tenth++) {
    const share = many.filter((number) => Math.floor(number * 10) === tenth).length / many.length;
    // Four standard deviations of a fair tenth.
    expect(Math.abs(share - 0.1)).toBeLessThan(4 * Math.sqrt((0.1 * 0.9) / many.length));
  }
});

it("shuffles fairly: each entry comes first as often as any other", () => {
  const firsts = new Map<string, number>();
  for (let seed = 0; seed < 3_000; seed++) {
    const [first = ""] = shuffled(["a", "b", "c"], seededRandom(seed));
    firsts.set(first, (firsts.get(first) ?? 0) + 1);
  }
  for (const count of firsts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(4 * Math.sqrt(3_000 * (2 / 9)));
  expect(firsts.size).toBe(3);
});

it("has a seed of its own for each text", () => {
  expect(seedOf(1, "a")).toBe(seedOf(1, "a"));
  expect(new Set([seedOf(1, "a"), seedOf(1, "b"), seedOf(2, "a"), seedOf(12, ""), seedOf(1, "2")]).size).toBe(5);
});
