import { z } from "zod";
import type { GatewayConnection, RequestOptions } from "./connection.ts";
import { parseReply } from "./wire.ts";

/** A scheduled job of a person's that asks a model. */
export interface Job {
  readonly id: string;
  readonly name: string;
  /** Who runs it; undefined where OpenClaw does not say. */
  readonly agentId: string | undefined;
  readonly enabled: boolean;
  /** As the job names it, `provider/model` or an alias; undefined where it follows its agent. */
  readonly model: string | undefined;
  /** Changes whenever the job's definition does. */
  readonly revision: string | undefined;
  /** Runs with the rights of the person who had it made in a channel; OpenClaw drops some of them when others edit it. */
  readonly boundToAccount: boolean;
}

/** OpenClaw's scheduled jobs ("automations"). Every method throws the codes of `GatewayConnection.request`. */
export interface Jobs {
  /** Those that ask a model, switched off ones too, without those that OpenClaw keeps itself (heartbeats, reviews, dreaming). */
  listJobs(options?: RequestOptions): Promise<readonly Job[]>;
  /** Null lets it follow its agent. Refused where the job changed since it was listed. */
  setJobModel(job: Pick<Job, "id" | "revision">, model: string | null, options?: RequestOptions): Promise<void>;
}

const jobSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  displayName: z.string().optional(),
  description: z.string().optional(),
  declarationKey: z.string().optional(),
  agentId: z.string().optional(),
  /** Who runs it where it names no agent. */
  effectiveAgentId: z.string().optional(),
  enabled: z.boolean(),
  configRevision: z.string().optional(),
  scheduledToolPolicy: z.looseObject({ mode: z.string() }).optional().catch(undefined),
  payload: z.looseObject({ kind: z.string(), model: z.string().optional().catch(undefined) }),
});

const jobsReply = z.looseObject({
  jobs: z.array(jobSchema),
  hasMore: z.boolean().catch(false),
  nextOffset: z.number().nullish(),
});

/** Jobs that OpenClaw makes and keeps, by its own marks: it refuses to edit the first two, and rewrites the third. */
const isOwnedByOpenClaw = ({ declarationKey = "", description = "" }: z.infer<typeof jobSchema>): boolean =>
  declarationKey.startsWith("heartbeat:") ||
  declarationKey.startsWith("skill-collection-review:") ||
  description.startsWith("[managed-by=");

/** The most that one answer may hold. */
const PAGE = 200;

export function createJobs(connection: Pick<GatewayConnection, "request">): Jobs {
  return {
    async listJobs(options) {
      const found: Job[] = [];
      for (let offset: number | undefined = 0; offset !== undefined; ) {
        const params = { includeDisabled: true, limit: PAGE, offset };
        const reply: z.output<typeof jobsReply> = parseReply(
          jobsReply,
          "cron.list",
          await connection.request("cron.list", params, options),
        );
        for (const job of reply.jobs) {
          if (job.payload.kind !== "agentTurn" || isOwnedByOpenClaw(job)) continue;
          found.push({
            id: job.id,
            name: job.displayName ?? job.name,
            agentId: job.agentId ?? job.effectiveAgentId,
            enabled: job.enabled,
            model: job.payload.model,
            revision: job.configRevision,
            boundToAccount: job.scheduledToolPolicy?.mode === "account",
          });
        }
        offset = reply.hasMore && reply.jobs.length > 0 ? (reply.nextOffset ?? offset + reply.jobs.length) : undefined;
      }
      return found;
    },

    async setJobModel({ id, revision }, model, options) {
      await connection.request(
        "cron.update",
        {
          id,
          patch: { payload: { kind: "agentTurn", model } },
          ...(revision === undefined ? {} : { expectedConfigRevision: revision }),
        },
        options,
      );
    },
  };
}
