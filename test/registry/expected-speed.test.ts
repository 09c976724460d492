import { describe, expect, it } from "vitest";
import type { Figure, Origin } from "../../src/models/figure.ts";
import { decodeSpeed, prefillSpeed, type SpeedMachine } from "../../src/models/speed.ts";
import { expectedSpeed } from "../../src/registry/expected-speed.ts";
import type { SpeedPoint } from "../../src/registry/model-facts.ts";

const figure = (value: number, origin: Origin = "measured", date = "2026-11-01"): Figure<number> => ({
  value,
  origin,
  source: `${origin} in a test`,
  date,
});
const machine: SpeedMachine = {
  processor: { name: "a processor", cores: 8 },
  memory: { totalBytes: 64e9, availableBytes: 60e9, limitBytes: undefined, bandwidth: figure(90e9, "published") },
  gpus: [],
  disk: undefined,
  product: undefined,
  platform: "linux",
  virtual: false,
  compute: figure(10e12, "published"),
};
const architecture = { layers: 32, kvHeads: 8, headDim: 128, parameters: 8e9, activeParameters: 8e9 };
const point = (depthTokens: number, decode?: Figure<number>, prefill?: Figure<number>): SpeedPoint => ({
  depthTokens,
  decode,
  prefill,
});
const known = (...speeds: readonly SpeedPoint[]) => ({ speeds, architecture, diskBytes: figure(5e9, "reported") });

describe("a speed at a depth", () => {
  const facts = known(point(0, figure(40), figure(800)), point(10_000, figure(30)), point(30_000, figure(10)));

  it.each([
    [0, 40],
    [5_000, 35],
    [10_000, 30],
    [15_000, 25],
    [30_000, 10],
    // Close enough to the deepest point that is known.
    [60_000, 10],
  ])("at %d is %d", (depth, speed) => {
    const found = expectedSpeed("decode", facts, depth, undefined);
    const isPoint = [0, 10_000, 30_000, 60_000].includes(depth);
    expect(found?.origin).toBe(isPoint ? "measured" : "estimated");
    expect(found?.source).toContain("measured in a test");
    expect(found?.value).toBeCloseTo(speed);
  });

  it("beyond them is what the formula says, corrected by what it misses at the nearest one", () => {
    expect(expectedSpeed("decode", facts, 60_001, undefined)).toBeUndefined();
    const model = { weightsBytes: 5e9, architecture };
    const deep = expectedSpeed("decode", facts, 60_001, machine);
    const [there, here] = [30_000, 60_001].map((depth) => decodeSpeed(machine, model, depth)?.value ?? Number.NaN);
    expect(deep?.value).toBeCloseTo((10 * (here ?? Number.NaN)) / (there ?? Number.NaN));
    expect(deep).toMatchObject({
      origin: "estimated",
      source: expect.stringContaining("corrected by measured in a test"),
    });
    const [first, prompt] = [0, 10_000].map((depth) => prefillSpeed(machine, model, depth)?.value ?? Number.NaN);
    expect(expectedSpeed("prefill", facts, 10_000, machine)?.value).toBeCloseTo(
      (800 * (prompt ?? Number.NaN)) / (first ?? Number.NaN),
    );
  });

  it("without any point is what the formula says", () => {
    const model = { weightsBytes: 5e9, architecture };
    expect(expectedSpeed("decode", known(), 9_000, machine)).toEqual(decodeSpeed(machine, model, 9_000));
  });

  it("hardly changes over the first few thousand tokens", () => {
    const deep = known(point(4_096, figure(20)));
    expect(expectedSpeed("decode", deep, 0, undefined)?.value).toBe(20);
    expect(expectedSpeed("decode", known(point(8_192, figure(20))), 0, undefined)?.value).toBe(20);
    expect(expectedSpeed("decode", known(point(8_193, figure(20))), 0, undefined)).toBeUndefined();
    expect(expectedSpeed("decode", known(point(0, figure(20))), 8_192, undefined)?.value).toBe(20);
    expect(expectedSpeed("decode", known(point(0, figure(20))), 8_193, undefined)).toBeUndefined();
  });

  it("looks only at points that have it", () => {
    expect(expectedSpeed("prefill", facts, 0, undefined)?.value).toBe(800);
    expect(expectedSpeed("prefill", known(point(0, figure(40))), 0, undefined)).toBeUndefined();
  });
});

describe("between two points", () => {
  it.each<[string, Figure<number>, Figure<number>, Figure<number>]>([
    ["the weaker word counts", figure(40), figure(20, "published"), figure(20, "published")],
    ["whichever comes first", figure(40, "published"), figure(20, "stated"), figure(40, "published")],
    ["or the older", figure(40, "measured", "2026-01-01"), figure(20), figure(40, "measured", "2026-01-01")],
  ])("%s", (_, shallow, deep, { origin, source, date }) => {
    const found = expectedSpeed("decode", known(point(0, shallow), point(10_000, deep)), 5_000, undefined);
    expect(found).toMatchObject({ value: 30, origin: "estimated", source: expect.stringContaining(source), date });
    expect(found?.source).toContain(origin);
  });
});

it.each([
  ["the machine", undefined, architecture, figure(5e9)],
  ["how it is built", machine, undefined, figure(5e9)],
  ["its size", machine, architecture, undefined],
])("is unknown where nothing was measured and %s is not known", (_, here, built, diskBytes) => {
  for (const metric of ["decode", "prefill"] as const) {
    expect(expectedSpeed(metric, { speeds: [], architecture: built, diskBytes }, 5_000, here)).toBeUndefined();
  }
});
