import { z } from "zod";
import type { Config } from "../../src/config.ts";
import { stall } from "./stalls.ts";

/** What the soak and the Clutch under it say to each other. */
export const toClutch = z.object({ kind: z.enum(["sample", "stop"]) });

/** How the Clutch under the soak is started; its configuration comes whole. */
export const settings = z.object({
  config: z.custom<Config>((value) => typeof value === "object" && value !== null),
  gateway: z.object({ url: z.string(), token: z.string() }),
  stateDirectory: z.string(),
});

const counts = z.record(z.string(), z.number());

const sample = z.object({
  /** Bytes, after a forced collection. */
  rss: z.number(),
  heapUsed: z.number(),
  heapTotal: z.number(),
  external: z.number(),
  arrayBuffers: z.number(),
  /** What V8 has from the C library, bytes. */
  malloced: z.number(),
  mapped: counts,
  /** By kind: what keeps the process alive, open files, listeners of the process. */
  resources: counts,
  files: counts,
  listeners: counts,
  /** Node's own, of too many listeners for one. */
  warnings: z.number(),
  /** Warnings and errors in the log, by their words. */
  logged: counts,
});
export type Sample = z.output<typeof sample>;

export const fromClutch = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("sample"), sample }),
  z.object({ kind: z.literal("stall"), stall }),
  z.object({
    kind: z.literal("outcome"),
    platform: z.string(),
    person: z.string(),
    title: z.string(),
    code: z.string().optional(),
  }),
]);
export type FromClutch = z.input<typeof fromClutch>;
