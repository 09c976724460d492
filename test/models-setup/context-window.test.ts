import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LEAST_WINDOW, windowToGive } from "../../src/models-setup/context-window.ts";

const UNKNOWN = { own: undefined, fits: undefined, asked: undefined, present: undefined };

describe("windowToGive", () => {
  it.each([
    ["the model's own where it is small", { own: 32_768, fits: 200_000 }, 32_768],
    ["no more than usual", { own: 131_072, fits: 131_072 }, 65_536],
    ["what fits, in steps", { own: 131_072, fits: 43_008 }, 40_960],
    ["what an agent needs, though it does not fit", { own: 131_072, fits: 0 }, 16_384],
    ["the model's own, though an agent needs more", { own: 8_192, fits: 131_072 }, 8_192],
    ["a careful one where memory is unknown", { own: 131_072 }, 32_768],
    ["a careful one where nothing is known", {}, 32_768],
    ["what is asked for", { own: 131_072, fits: 43_008, asked: 131_072 }, 131_072],
    ["what is asked for, as far as the model takes it", { own: 32_768, asked: 131_072 }, 32_768],
    ["less, where less is asked for", { own: 131_072, fits: 131_072, asked: 8_192 }, 8_192],
    ["what is configured, where that is more and fits", { own: 131_072, fits: 131_072, present: 131_072 }, 131_072],
    [
      "what is configured, where memory is a little less than it was",
      { own: 131_072, fits: 36_000, present: 40_960 },
      40_960,
    ],
    ["more than is configured, where much more fits", { own: 131_072, fits: 131_072, present: 32_768 }, 65_536],
    ["less than is configured, where that does not fit", { own: 131_072, fits: 30_000, present: 131_072 }, 28_672],
    ["more than is configured, where an agent needs more", { own: 131_072, fits: 20_000, present: 8_192 }, 16_384],
  ])("%s", (_, known, expected) => {
    expect(windowToGive({ ...UNKNOWN, ...known })).toBe(expected);
  });

  it("never gives more than the model takes, and the same again once it is configured", () => {
    const tokens = fc.integer({ min: 1_024, max: 300_000 });
    const maybe = fc.option(tokens, { nil: undefined });
    fc.assert(
      fc.property(maybe, fc.option(fc.integer({ min: 0, max: 300_000 }), { nil: undefined }), (own, fits) => {
        const first = windowToGive({ ...UNKNOWN, own, fits });
        expect(first).toBeLessThanOrEqual(own ?? first);
        expect(first).toBeGreaterThanOrEqual(Math.min(own ?? LEAST_WINDOW, LEAST_WINDOW));
        expect(windowToGive({ ...UNKNOWN, own, fits, present: first })).toBe(first);
      }),
    );
  });
});
