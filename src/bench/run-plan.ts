import { z } from "zod";
import { TASKS } from "../registry/seed-profile.ts";
import { LEVELS } from "./suite.ts";

const model = z.object({
  ref: z.object({ provider: z.string(), model: z.string() }),
  /** Whether what it is asked stays on this network; unknown counts as cloud. */
  local: z.boolean(),
  /** Models of the same place push each other out of its memory: the host. Undefined in the cloud. */
  memory: z.string().exactOptional(),
  /** The most that question and answer may take together, tokens. */
  windowTokens: z.number().exactOptional(),
});

/**
 * What a run asks, of whom and in which order: all that a process needs to go on
 * where another one was interrupted. Kept with the run.
 */
export const runPlan = z.object({
  suites: z.array(z.object({ name: z.string(), title: z.string(), task: z.enum(TASKS), hash: z.string() })),
  level: z.enum(LEVELS),
  models: z.array(model),
  /** Ids, in the order in which they are asked at first. */
  items: z.array(z.string()),
  /** How often each is asked. */
  repeats: z.int().min(1),
  temperature: z.number().min(0),
  seed: z.int().nonnegative(),
  /** Undefined where speed is not measured. */
  speed: z
    .object({
      /** Prompt sizes that are aimed at, tokens. */
      promptTokens: z.array(z.int().positive()),
      /** At each size, with the model in memory. */
      samples: z.int().min(1),
      /** After it was loaded anew, at the smallest size; local models only. */
      coldSamples: z.int().min(0),
    })
    .exactOptional(),
  /** `servers`: asked directly. Otherwise the agent's id: its prompt, tools and the gateway count. */
  through: z.union([
    z.object({ kind: z.literal("servers") }),
    z.object({ kind: z.literal("openclaw"), agentId: z.string() }),
  ]),
  /** What a person said yes to. */
  consent: z.object({
    /** The most that the cloud may cost as far as prices are known, USD. */
    usd: z.number().min(0),
    /** Models that conversations use may be pushed out of memory. */
    evict: z.boolean(),
  }),
});

export type RunPlan = z.output<typeof runPlan>;
export type PlannedModel = z.output<typeof model>;
