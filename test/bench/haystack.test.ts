import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillerText, haystackCharacters, haystackText } from "../../src/bench/haystack.ts";

const NEEDLE = "The password of the shed is heliotrope.";
const aim = { windowTokens: 131_072, reservedTokens: 500, charactersPerToken: undefined } as const;

describe("how long a haystack is", () => {
  it("is by the level, where the window takes it", () => {
    expect(haystackCharacters({ ...aim, level: "quick" })).toBe(16_000);
    expect(haystackCharacters({ ...aim, level: "standard" })).toBe(64_000);
    expect(haystackCharacters({ ...aim, level: "full" })).toBe((131_072 - 500) * 3);
  });

  it("is by the model's own count where that is known", () => {
    const characters = haystackCharacters({ ...aim, level: "full", charactersPerToken: 4.6 });
    expect(characters / 4.6).toBeLessThan(131_072 - 500);
    expect(characters / 4.6).toBeGreaterThan(0.95 * 131_072);
  });

  it("is never more than the window takes beside question and answer", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("quick" as const, "standard" as const, "full" as const),
        fc.integer({ min: 0, max: 200_000 }),
        fc.integer({ min: 0, max: 9_000 }),
        fc.option(fc.double({ min: 2, max: 6, noNaN: true }), { nil: undefined }),
        (level, windowTokens, reservedTokens, charactersPerToken) => {
          const characters = haystackCharacters({ level, windowTokens, reservedTokens, charactersPerToken });
          const tokens = characters / (charactersPerToken ?? 3);
          expect(tokens + Math.min(reservedTokens, windowTokens)).toBeLessThanOrEqual(windowTokens);
        },
      ),
    );
  });

  it("is careful where nobody knows the window", () => {
    expect(haystackCharacters({ ...aim, windowTokens: undefined, level: "full" })).toBe((8_192 - 500) * 3);
  });
});

describe("a haystack", () => {
  it("has its needle once, where it is to be, and is as long as it may be", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 2_000, max: 20_000 }),
        fc.nat(),
        (at, length, seed) => {
          const text = haystackText({ needle: NEEDLE, at }, length, seed);
          expect(text.length).toBeLessThanOrEqual(length);
          expect(text.length).toBeGreaterThan(length - 200);
          expect(text.split(NEEDLE)).toHaveLength(2);
          const place = text.indexOf(NEEDLE) / (text.length - NEEDLE.length);
          expect(Math.abs(place - at)).toBeLessThan(0.12);
        },
      ),
    );
  });

  it("has its decoys spread over it, and the needle still where it is to be", () => {
    const decoys = ["The password of the mill is lupin.", "The shed has no window.", "Nobody paints the shed."];
    for (const at of [0, 0.25, 0.9, 1]) {
      const text = haystackText({ needle: NEEDLE, at, decoys }, 16_000, 2);
      expect(text.length).toBeLessThanOrEqual(16_000);
      expect(Math.abs(text.indexOf(NEEDLE) / text.length - at)).toBeLessThan(0.05);
      const places = decoys.map((decoy) => text.indexOf(decoy) / text.length);
      [1 / 6, 3 / 6, 5 / 6].forEach((place, index) => {
        expect(Math.abs((places[index] ?? 0) - place)).toBeLessThan(0.05);
      });
    }
  });

  it("is the same for the same seed", () => {
    expect(fillerText(5_000, 1)).toBe(fillerText(5_000, 1));
    expect(fillerText(5_000, 1)).not.toBe(fillerText(5_000, 2));
  });

  it("is made of whole sentences without a slot left open", () => {
    const text = fillerText(60_000, 3);
    expect(text).not.toMatch(/[{}]|undefined/);
    for (const sentence of text.split(/(?<=\.) /)) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });

  it("keeps the needle even where there is room for nothing else", () => {
    expect(haystackText({ needle: NEEDLE, at: 0.5 }, 10, 1)).toBe(NEEDLE);
  });
});
