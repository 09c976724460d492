import { z } from "zod";

const counts = {
  /** Connections that were let through. */
  passed: z.int(),
  denied: z.int(),
  /** Connections that stood when the wall closed and were ended by it. */
  cut: z.int(),
  /** Names that DNS had no answer for. */
  failed: z.int(),
};

/** What a running wall says of itself: hosts and numbers, nothing of what was said. */
export const wallStatusSchema = z.object({
  closed: z.boolean(),
  /** Of the closing that holds, or of the one that was ended last. */
  id: z.string(),
  /** Since when, epoch ms; 0 where it is not known. */
  at: z.number(),
  /** Why it is closed although nobody closed it. */
  damage: z.string().optional(),
  /** `host:port` of the proxy. */
  listen: z.string(),
  pid: z.int(),
  /** Epoch ms. */
  startedAt: z.number(),
  /** What passes while it is closed. */
  rules: z.object({ allow: z.array(z.string()), local: z.array(z.string()) }),
  /** Connections that stand now. */
  connections: z.int(),
  totals: z.object(counts),
  hosts: z.array(z.object({ host: z.string(), ...counts, lastReason: z.string(), lastAt: z.number() })),
});

export type WallStatus = z.output<typeof wallStatusSchema>;
export type TrafficCounts = WallStatus["totals"];
export type HostTraffic = WallStatus["hosts"][number];

/** What the control socket takes and gives: HTTP with JSON on a Unix socket. */
export const controlRequestSchema = z.strictObject({
  id: z.string().min(1).max(200),
  rules: z.strictObject({ allow: z.array(z.string()).max(1_000), local: z.array(z.string()).max(1_000) }).optional(),
});

export const controlReplySchema = z.union([
  z.object({ status: wallStatusSchema }),
  z.object({
    error: z.object({
      code: z.enum(["changed_meanwhile", "store_failed", "bad_option", "internal"]),
      message: z.string(),
      hint: z.string(),
    }),
  }),
]);

export const CONTROL_SOCKET = "wall.sock";
