import { describe, expect, it } from "vitest";
import { speedSteps } from "../../src/bench/measure-speed.ts";
import { speedFigures } from "../../src/bench/speed-figures.ts";
import { speedPrompt } from "../../src/bench/speed-prompt.ts";

describe("where the time of a call went", () => {
  it("is by the server's own account where it gives one", () => {
    const timings = { loadMs: 2_000, promptMs: 4_000, decodeMs: 8_000, firstTokenMs: 6_250, totalMs: 14_300 };
    expect(speedFigures({ tokens: { input: 1_000, output: 96 }, timings })).toEqual({
      ...{ loadMs: 2_000, promptMs: 4_000, restMs: 250, firstTokenMs: 6_250, totalMs: 14_300 },
      decode: 12,
      prefill: 250,
    });
  });

  it("is seen from here otherwise: the first token ends the reading, the others are timed", () => {
    const timings = { firstTokenMs: 500, totalMs: 10_000 };
    expect(speedFigures({ tokens: { input: 1_000, output: 96 }, timings })).toEqual({
      ...{ loadMs: undefined, promptMs: undefined, restMs: 500, firstTokenMs: 500, totalMs: 10_000 },
      decode: 10,
      prefill: undefined,
    });
  });

  it("is unknown where there is too little to time", () => {
    const timings = { firstTokenMs: 500, totalMs: 600 };
    expect(speedFigures({ tokens: { input: 10, output: 7 }, timings }).decode).toBeUndefined();
    expect(speedFigures({ tokens: {}, timings: { totalMs: 600 } })).toMatchObject({
      ...{ restMs: undefined, decode: undefined, prefill: undefined },
    });
    // A clock that was set back, or a cache that had it all.
    expect(
      speedFigures({ tokens: { input: 0, output: 90 }, timings: { promptMs: 0, decodeMs: 0, totalMs: 1 } }),
    ).toMatchObject({
      ...{ decode: undefined, prefill: undefined },
    });
  });
});

describe("what is timed", () => {
  const speed = { promptTokens: [500, 4_000, 16_000], samples: 2, coldSamples: 1 };
  const sizes = (windowTokens: number | undefined) => [
    ...new Set(speedSteps(speed, { local: true, windowTokens }).map(({ promptTokens }) => promptTokens)),
  ];

  it("is each size as often as it says, and the smallest cold where the model can be loaded anew", () => {
    expect(speedSteps(speed, { local: true, windowTokens: 32_768 })).toEqual([
      { promptTokens: 500, cold: true, sample: 0 },
      ...[500, 4_000, 16_000].flatMap((promptTokens) =>
        [0, 1].map((sample) => ({ promptTokens, cold: false, sample })),
      ),
    ]);
    expect(speedSteps(speed, { local: false }).some(({ cold }) => cold)).toBe(false);
  });

  it("leaves out what a window cuts to about the size before", () => {
    expect(sizes(undefined)).toEqual([500, 4_000, 16_000]);
    expect(sizes(32_768)).toEqual([500, 4_000, 16_000]);
    expect(sizes(16_384)).toEqual([500, 4_000, 16_000]);
    expect(sizes(8_192)).toEqual([500, 4_000, 16_000]);
    expect(sizes(4_096)).toEqual([500, 4_000]);
    expect(sizes(1_000)).toEqual([500]);
  });

  it("asks with a prompt of about that length, whose beginning is new each time", () => {
    for (const characters of [2_000, 16_000, 64_000]) {
      const text = speedPrompt(characters, "4f", 3);
      expect(text).toMatch(/^Note 4f\./);
      expect(text.length).toBeLessThanOrEqual(characters);
      expect(text.length).toBeGreaterThan(characters - 200);
    }
    expect(speedPrompt(0, "4f", 3)).toMatch(/^Note 4f\.[\s\S]*Count from one/);
  });
});
