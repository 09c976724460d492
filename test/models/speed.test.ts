import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Figure } from "../../src/models/figure.ts";
import type { CacheArchitecture } from "../../src/models/fit.ts";
import type { Gpu } from "../../src/models/machine.ts";
import { decodeSpeed, EFFICIENCY, firstTokenWait, prefillSpeed, type SpeedMachine } from "../../src/models/speed.ts";

const GIB = 1024 ** 3;
const published = (value: number): Figure<number> => ({
  value,
  origin: "published",
  source: "a page",
  date: "2026-05-16",
});

const machine = (parts: { bandwidth?: Figure<number>; compute?: Figure<number>; gpus?: Gpu[] }): SpeedMachine => ({
  processor: { name: "some", cores: 8 },
  memory: { totalBytes: 128 * GIB, availableBytes: 120 * GIB, limitBytes: undefined, bandwidth: parts.bandwidth },
  gpus: parts.gpus ?? [],
  disk: undefined,
  product: undefined,
  platform: "linux",
  virtual: false,
  compute: parts.compute,
});

const card = (vramGib: number, bandwidth: Figure<number> | undefined): Gpu => ({
  name: "some",
  vendor: "nvidia",
  vramBytes: vramGib * GIB,
  sharedBytes: undefined,
  unified: false,
  bandwidth,
});

const DENSE: CacheArchitecture = { layers: 64, kvHeads: 8, headDim: 128, parameters: 32e9, activeParameters: 32e9 };
const MIXTURE: CacheArchitecture = { ...DENSE, activeParameters: 3.2e9 };
const model = (architecture: CacheArchitecture, weightsBytes = 20e9) => ({ weightsBytes, architecture });

const halo = machine({ bandwidth: published(256e9), compute: published(59.4e12) });

describe("decodeSpeed", () => {
  it("is bandwidth by what is read: the active weights, and the cache at that depth", () => {
    const { dense, mixture } = EFFICIENCY.decode;
    expect(decodeSpeed(halo, model(DENSE), 0)?.value).toBeCloseTo((256e9 * dense) / 20e9, 6);
    expect(decodeSpeed(halo, model(DENSE), 32_768)?.value).toBeCloseTo((256e9 * dense) / (20e9 + 8 * GIB), 6);
    expect(decodeSpeed(halo, model(MIXTURE), 0)?.value).toBeCloseTo((256e9 * mixture) / 2e9, 6);
    const small = { ...model(DENSE), cacheType: "q8_0" as const };
    expect(decodeSpeed(halo, small, 32_768)?.value).toBeCloseTo((256e9 * dense) / (20e9 + 4.25 * GIB), 6);
  });

  it("is an estimate, as old as the bandwidth that it rests on", () => {
    expect(decodeSpeed(halo, model(DENSE), 0)).toMatchObject({
      origin: "estimated",
      source: "bandwidth by bytes read for a token (a page)",
      date: "2026-05-16",
    });
  });

  it("takes a measured bandwidth for what a measurement reaches of the peak", () => {
    const measured = machine({ bandwidth: { ...published(212e9), origin: "measured" } });
    expect(decodeSpeed(measured, model(DENSE), 0)?.value).toBeCloseTo(
      decodeSpeed(halo, model(DENSE), 0)?.value ?? Number.NaN,
      6,
    );
  });

  it("is unknown without the bandwidth of a memory involved", () => {
    expect(decodeSpeed(machine({}), model(DENSE), 0)).toBeUndefined();
    const unknownCard = machine({ bandwidth: published(80e9), gpus: [card(24, undefined)] });
    expect(decodeSpeed(unknownCard, model(DENSE, 10e9), 0)).toBeUndefined();
    // Main memory does not matter where all is on the card.
    expect(decodeSpeed(machine({ gpus: [card(24, published(1e12))] }), model(DENSE, 10e9), 0)?.value).toBeCloseTo(
      (1e12 * EFFICIENCY.decode.dense) / 10e9,
      6,
    );
    expect(decodeSpeed(machine({ gpus: [card(24, published(1e12))] }), model(DENSE, 40e9), 0)).toBeUndefined();
  });

  it("slows down by the part that a card cannot hold", () => {
    const partly = machine({ bandwidth: published(80e9), gpus: [card(22, published(1e12))] });
    // 22 GiB less half a GiB for the card and 1.5 for buffers.
    const onCard = 20 * GIB;
    const seconds = onCard / 1e12 + (40e9 - onCard) / 80e9;
    expect(decodeSpeed(partly, model(DENSE, 40e9), 0)?.value).toBeCloseTo(EFFICIENCY.decode.dense / seconds, 6);
  });

  it("goes at the pace of the slowest card", () => {
    const two = machine({ gpus: [card(24, published(1e12)), card(24, published(5e11))] });
    expect(decodeSpeed(two, model(DENSE), 0)?.value).toBeCloseTo((5e11 * EFFICIENCY.decode.dense) / 20e9, 6);
  });

  it("never gets faster with depth, nor reading a prompt", () => {
    const depth = fc.integer({ min: 0, max: 262_144 });
    fc.assert(
      fc.property(fc.constantFrom(DENSE, MIXTURE), depth, depth, (architecture, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        for (const speed of [decodeSpeed, prefillSpeed]) {
          const [early, late] = [less, more].map((at) => speed(halo, model(architecture), at)?.value ?? Number.NaN);
          expect(late).toBeLessThanOrEqual(early ?? Number.NaN);
          expect(late).toBeGreaterThan(0);
        }
      }),
    );
  });
});

describe("prefillSpeed", () => {
  it("is operations by what a token takes", () => {
    const { dense, mixture, attention } = EFFICIENCY.prefill;
    expect(prefillSpeed(halo, model(DENSE), 0)?.value).toBeCloseTo((59.4e12 * dense) / 64e9, 6);
    expect(prefillSpeed(halo, model(MIXTURE), 0)?.value).toBeCloseTo((59.4e12 * mixture) / 6.4e9, 6);
    // Four operations for each of 64 × 8 × 128 numbers a token, eight query heads to each of the key-value heads.
    const looking = 4 * 10_000 * 64 * 8 * 128 * 8;
    expect(prefillSpeed(halo, model(DENSE), 10_000)?.value).toBeCloseTo(
      59.4e12 / (64e9 / dense + looking / attention),
      6,
    );
  });

  it("is unknown where the operations are, and with cards, whose rows were not found", () => {
    expect(prefillSpeed(machine({ bandwidth: published(256e9) }), model(DENSE), 0)).toBeUndefined();
    const withCard = machine({ compute: published(59.4e12), gpus: [card(24, published(1e12))] });
    expect(prefillSpeed(withCard, model(DENSE), 0)).toBeUndefined();
  });
});

describe("firstTokenWait", () => {
  const wait = (more: Partial<Parameters<typeof firstTokenWait>[0]>) =>
    firstTokenWait({
      weightsBytes: 20e9,
      loaded: false,
      diskRate: 2e9,
      promptTokens: 18_000,
      prefill: 200,
      ...more,
    });

  it("is loading and reading", () => {
    expect(wait({})).toEqual({ loadMs: 10_000, readMs: 90_000, totalMs: 100_000 });
    expect(wait({ loaded: true, diskRate: undefined })).toEqual({ loadMs: 0, readMs: 90_000, totalMs: 90_000 });
  });

  it("keeps apart what is unknown", () => {
    expect(wait({ diskRate: undefined })).toEqual({ loadMs: undefined, readMs: 90_000, totalMs: undefined });
    expect(wait({ prefill: undefined })).toEqual({ loadMs: 10_000, readMs: undefined, totalMs: undefined });
  });
});
