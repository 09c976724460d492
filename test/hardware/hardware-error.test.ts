import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorsOf, fitAgain, fitted, heldOut, report } from "../../scripts/hardware-error.ts";
import { EFFICIENCY, SPEED_ERROR } from "../../src/models/speed.ts";
import { MODELS } from "../../src/registry/published-models.ts";

const twoPlaces = (value: number): number => Math.round(value * 100) / 100;

describe("the error of the expected speeds", () => {
  it("is found on at least half of the rows, of models that the fit has not seen", () => {
    expect(heldOut.length).toBeGreaterThanOrEqual(fitted.length);
    const seen = new Set(fitted.map(({ build }) => MODELS[build].name));
    expect(heldOut.filter(({ build }) => seen.has(MODELS[build].name))).toEqual([]);
  });

  it("comes with constants that are the fit, to two places", () => {
    const { decode, prefill } = fitAgain();
    expect({
      decode: { dense: twoPlaces(decode.dense), mixture: twoPlaces(decode.mixture) },
      prefill: {
        dense: twoPlaces(prefill.dense),
        mixture: twoPlaces(prefill.mixture),
        attention: twoPlaces(prefill.attention),
      },
    }).toEqual(EFFICIENCY);
  });

  it("is the one that people are told", () => {
    for (const metric of ["decode", "prefill"] as const) {
      const { median, worst } = errorsOf(metric);
      expect({ median: twoPlaces(median), worst: twoPlaces(worst) }).toEqual(SPEED_ERROR[metric]);
    }
  });

  it("stands in docs/hardware.md as the script prints it", async () => {
    expect(await readFile(join(import.meta.dirname, "../../docs/hardware.md"), "utf8")).toContain(report());
  });
});
