import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ago, bytes, dollars, tokens, wait } from "../../commands/amounts.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe("amounts as people read them", () => {
  it.each([
    [0, "0"],
    [950, "950"],
    [999, "999"],
    [1_000, "1k"],
    [12_345, "12.3k"],
    [24_576, "24.6k"],
    [99_949, "99.9k"],
    [99_950, "100k"],
    [131_072, "131k"],
    [999_499, "999k"],
    [999_500, "1M"],
    [1_048_576, "1M"],
    [1_250_000, "1.3M"],
  ])("%d tokens: %s", (count, words) => expect(tokens(count)).toBe(words));

  it.each([
    [0, "under a second"],
    [949, "under a second"],
    [950, "1 s"],
    [40 * SECOND, "40 s"],
    [89.9 * SECOND, "90 s"],
    [90 * SECOND, "2 min"],
    [59 * MINUTE, "59 min"],
    [59.5 * MINUTE, "1 h 0 min"],
    [80 * MINUTE, "1 h 20 min"],
  ])("a wait of %d ms: %s", (ms, words) => expect(wait(ms)).toBe(words));

  it.each([
    [-5 * MINUTE, "just now"],
    [MINUTE - 1, "just now"],
    [5 * MINUTE, "5 min ago"],
    [HOUR - 1, "59 min ago"],
    [HOUR, "1 h ago"],
    [48 * HOUR - 1, "47 h ago"],
    [48 * HOUR, "2 days ago"],
  ])("%d ms ago: %s", (ms, words) => expect(ago(ms)).toBe(words));

  it.each([
    [0, "0 MB"],
    [639.6e6, "640 MB"],
    [999.4e6, "999 MB"],
    [999.5e6, "1 GB"],
    [19.85e9, "19.9 GB"],
    [43e9, "43 GB"],
  ])("%d bytes: %s", (count, words) => expect(bytes(count)).toBe(words));

  it.each([
    [0, "$0"],
    [0.00009, "under $0.0001"],
    [0.000123, "$0.00012"],
    [0.0456, "$0.046"],
    [0.0994, "$0.099"],
    [0.0996, "$0.10"],
    [0.1, "$0.10"],
    [0.999, "$1.00"],
    [12.345, "$12.35"],
  ])("%d USD: %s", (usd, words) => expect(dollars(usd)).toBe(words));

  it("say about what they were given", () => {
    const read = (words: string): number =>
      Number(/[\d.]+/.exec(words)?.[0]) * ({ k: 1e3, M: 1e6 }[words.slice(-1)] ?? 1);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50_000_000 }), (count) => {
        expect(Math.abs(read(tokens(count)) / count - 1)).toBeLessThanOrEqual(0.05);
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: 0.0001, max: 1_000, noNaN: true }), (usd) => {
        expect(Math.abs(Number(dollars(usd).slice(1)) / usd - 1)).toBeLessThanOrEqual(0.051);
      }),
    );
  });
});
