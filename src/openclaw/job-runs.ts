import { z } from "zod";
import type { ModelRef } from "../models/model-ref.ts";
import type { GatewayConnection, RequestOptions } from "./connection.ts";
import type { MessageTokens } from "./model-messages.ts";
import { parseReply } from "./wire.ts";

/** A run of a scheduled job that asked a model. */
export interface JobRun {
  readonly id: string;
  readonly sessionKey: string;
  /** Beginning and end, epoch ms. */
  readonly startedAt: number;
  readonly at: number;
  readonly model: ModelRef;
  /** Of all its calls together; undefined where OpenClaw does not tell input from cache. */
  readonly tokens: MessageTokens | undefined;
  readonly ok: boolean;
}

export interface JobRuns {
  /** Some of the runs of all jobs, the newest first; `next` is undefined after the last. Throws the codes of `GatewayConnection.request`. */
  list(
    offset: number,
    options?: RequestOptions,
  ): Promise<{ readonly runs: readonly JobRun[]; readonly next: number | undefined }>;
}

const PAGE = 200;

const count = z.number().nonnegative();
const entrySchema = z.looseObject({
  runId: z.string(),
  sessionKey: z.string(),
  ts: z.number(),
  runAtMs: z.number(),
  status: z.string().catch(""),
  provider: z.string(),
  model: z.string(),
  usage: z.looseObject({ input_tokens: count, output_tokens: count, total_tokens: count }),
});
const runsReply = z.looseObject({
  // Of what is no run of a model, something is missing.
  entries: z.array(z.union([entrySchema, z.unknown().transform(() => undefined)])),
  hasMore: z.boolean().catch(false),
  nextOffset: z.number().nullish().catch(undefined),
});

export function createJobRuns(connection: Pick<GatewayConnection, "request">): JobRuns {
  return {
    async list(offset, options) {
      const params = { scope: "all", limit: PAGE, offset };
      const reply = await connection.request("cron.runs", params, { timeoutMs: 60_000, ...options });
      const { entries, hasMore, nextOffset } = parseReply(runsReply, "cron.runs", reply);
      const next = nextOffset ?? offset + entries.length;
      return {
        runs: entries.flatMap((entry) => (entry === undefined ? [] : toRun(entry))),
        next: hasMore && next > offset ? next : undefined,
      };
    },
  };
}

function toRun({
  runId,
  sessionKey,
  ts,
  runAtMs,
  status,
  provider,
  model,
  usage,
}: z.output<typeof entrySchema>): JobRun {
  const { input_tokens: input, output_tokens: output, total_tokens: total } = usage;
  const isAll = input + output === total && total > 0;
  return {
    id: runId,
    sessionKey,
    startedAt: runAtMs,
    at: ts,
    model: { provider, model },
    tokens: isAll ? { input, output, cacheRead: 0, cacheWrite: 0 } : undefined,
    ok: status === "ok",
  };
}
