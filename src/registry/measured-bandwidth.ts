import { z } from "zod";
import type { Figure } from "../models/figure.ts";
import type { Measurements } from "../store/measurements.ts";

/** Kept among the models' measurements, under names that no model can have. */
const KEY = { provider: "", model: "", kind: "memory-bandwidth" };

/** What this machine's main memory gave when it was last measured, bytes a second; undefined where it never was. */
export async function measuredBandwidth(measurements: Measurements): Promise<Figure<number> | undefined> {
  const found = (await measurements.all()).find(
    ({ provider, model, kind }) => provider === KEY.provider && model === KEY.model && kind === KEY.kind,
  );
  const value = z.number().positive().safeParse(found?.value);
  if (found === undefined || !value.success) return undefined;
  const date = new Date(found.at).toISOString().slice(0, 10);
  return { value: value.data, origin: "measured", source: found.source, date };
}

export const keepBandwidth = (measurements: Measurements, { value, source }: Figure<number>): Promise<void> =>
  measurements.save({ ...KEY, value, source });
