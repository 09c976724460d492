import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CacheArchitecture, cacheBytes, fitOf, largestContext } from "../../src/models/fit.ts";
import type { Gpu, Machine } from "../../src/models/machine.ts";

const GIB = 1024 ** 3;

const CODER_32B: CacheArchitecture = {
  layers: 64,
  kvHeads: 8,
  headDim: 128,
  parameters: 32.76e9,
  activeParameters: 32.76e9,
};
const WEIGHTS = 19.84e9;

const machine = (availableGib: number, ...gpus: Gpu[]): Machine => ({
  processor: { name: "some", cores: 8 },
  memory: {
    totalBytes: 2 * availableGib * GIB,
    availableBytes: availableGib * GIB,
    limitBytes: undefined,
    bandwidth: undefined,
  },
  gpus,
  disk: undefined,
  product: undefined,
  platform: "linux",
  virtual: false,
});

const gpu = (parts: Partial<Gpu>): Gpu => ({
  name: "some",
  vendor: "amd",
  vramBytes: undefined,
  sharedBytes: undefined,
  unified: true,
  bandwidth: undefined,
  ...parts,
});

const coder = (contextTokens: number) => ({ weightsBytes: WEIGHTS, architecture: CODER_32B, contextTokens });

describe("cacheBytes", () => {
  it.each([
    [CODER_32B, 8_192, "f16", 2],
    [CODER_32B, 32_768, "f16", 8],
    [CODER_32B, 32_768, "q8_0", 4.25],
    [CODER_32B, 32_768, "q4_0", 2.25],
    [{ ...CODER_32B, layers: 80 }, 32_768, "f16", 10],
    [{ ...CODER_32B, layers: 48, kvHeads: 4 }, 131_072, "f16", 12],
    [{ ...CODER_32B, growingLayers: 16 }, 32_768, "f16", 2],
  ] as const)("follows the formula: %o at %i in %s takes %d GiB", (architecture, tokens, type, expected) => {
    expect(cacheBytes(architecture, tokens, type) / GIB).toBeCloseTo(expected, 10);
  });

  it("lets layers with a window grow to it and no further", () => {
    const sliding = { layers: 50, kvHeads: 16, headDim: 256, windowTokens: 1_024 };
    const windowed = { ...CODER_32B, growingLayers: 0, sliding };
    expect(cacheBytes(windowed, 512)).toBe(2 * 50 * 16 * 256 * 512 * 2);
    expect(cacheBytes(windowed, 1_024)).toBe(cacheBytes(windowed, 100_000));
  });
});

describe("fitOf", () => {
  it("adds up its parts", () => {
    const { needBytes, parts } = fitOf(machine(64), coder(32_768));
    expect(parts).toEqual({ weights: WEIGHTS, cache: 8 * GIB, buffers: 1.5 * GIB, system: 4 * GIB });
    expect(needBytes).toBe(WEIGHTS + 13.5 * GIB);
  });

  it.each([
    [64, "fits"],
    [34, "fits"],
    [33, "tight"],
    [32, "tight"],
    [31, "does-not-fit"],
    [8, "does-not-fit"],
  ])("in %d GiB of main memory: %s", (available, kind) => {
    expect(fitOf(machine(available), coder(32_768)).kind).toBe(kind);
  });

  it("counts memory that is set aside once, and what is shared once", () => {
    const shared = gpu({ vramBytes: 0.5 * GIB, sharedBytes: 120 * GIB });
    expect(fitOf(machine(100, shared), coder(32_768)).haveBytes).toBe(100.5 * GIB);
    const setAside = gpu({ vramBytes: 96 * GIB, sharedBytes: 15 * GIB });
    // Of the 28 GiB left, the graphics processor reaches 15; 4 more are for the system anyway.
    expect(fitOf(machine(28, setAside), coder(32_768)).haveBytes).toBe(115 * GIB);
  });

  it("spills where the graphics processor reaches less than main memory has", () => {
    const half = gpu({ vramBytes: 1 * GIB, sharedBytes: 16 * GIB });
    expect(fitOf(machine(40, half), coder(32_768))).toMatchObject({ kind: "spills", haveBytes: 21 * GIB });
  });

  it.each([
    [32, 50, "fits"],
    [28.5, 50, "tight"],
    [24, 50, "spills"],
    [24, 8, "does-not-fit"],
  ])("on a card of %d GiB with %d GiB of main memory: %s", (vram, available, kind) => {
    const card = gpu({ vendor: "nvidia", vramBytes: vram * GIB, unified: false });
    expect(fitOf(machine(available, card), coder(32_768)).kind).toBe(kind);
  });

  it("takes cards together", () => {
    const card = gpu({ vendor: "nvidia", vramBytes: 16 * GIB, unified: false });
    expect(fitOf(machine(50, card, card), coder(32_768))).toMatchObject({ kind: "fits", haveBytes: 32 * GIB });
  });

  it("is unknown without a figure, unless the rest is too much already", () => {
    const unknown = { weightsBytes: undefined, architecture: CODER_32B, contextTokens: 32_768 };
    expect(fitOf(machine(64), unknown)).toMatchObject({
      kind: "unknown",
      needBytes: undefined,
      largestContextTokens: undefined,
    });
    const shapeless = { weightsBytes: WEIGHTS, architecture: undefined, contextTokens: 32_768 };
    expect(fitOf(machine(64), shapeless).kind).toBe("unknown");
    expect(fitOf(machine(16), shapeless).kind).toBe("does-not-fit");
  });
});

describe("largestContext", () => {
  it("is what fits, and not one step more", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 128 }),
        fc.constantFrom("f16" as const, "q8_0" as const, "q4_0" as const),
        fc.integer({ min: 2_048, max: 262_144 }),
        (available, cacheType, contextLength) => {
          const question = { weightsBytes: WEIGHTS, architecture: CODER_32B, cacheType, contextLength };
          const kindAt = (contextTokens: number) => fitOf(machine(available), { ...question, contextTokens }).kind;
          const largest = largestContext(machine(available), question) ?? Number.NaN;
          expect(largest).toBeLessThanOrEqual(contextLength);
          if (largest > 0) expect(["fits", "tight"]).toContain(kindAt(largest));
          if (largest < contextLength) {
            expect(largest % 1_024).toBe(0);
            expect(kindAt(largest + 1_024)).toBe("does-not-fit");
          }
        },
      ),
    );
  });

  it("is 0 where the weights alone are too big", () => {
    expect(largestContext(machine(16), coder(0))).toBe(0);
  });
});
