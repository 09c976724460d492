import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { ModelRef } from "../models/model-ref.ts";

/**
 * The gateway's answers, reduced to what Clutch uses. Unknown fields are
 * ignored, so that a newer gateway can say more; a missing optional field is
 * undefined, never guessed.
 */

const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().catch(undefined);

const rowSchema = z.looseObject({
  key: z.string(),
  sessionId: maybe(z.string()),
  agentId: maybe(z.string()),
  modelProvider: maybe(z.string()),
  model: maybe(z.string()),
  modelOverrideSource: maybe(z.string()),
  activeModelProvider: maybe(z.string()),
  activeModel: maybe(z.string()),
  contextTokens: maybe(z.number()),
  totalTokens: maybe(z.number()),
  totalTokensFresh: maybe(z.boolean()),
  parentSessionKey: maybe(z.string()),
  hasActiveRun: maybe(z.boolean()),
  status: maybe(z.string()),
  updatedAt: maybe(z.number()),
  contextBudgetStatus: maybe(
    z.looseObject({ estimatedPromptTokens: maybe(z.number()), reserveTokens: maybe(z.number()) }),
  ),
});

/** A session as the gateway lists it. Token figures are those of the last turn's prompt. */
export interface SessionRow {
  readonly key: string;
  /** OpenClaw's id of this incarnation of the session: a reset changes it, a switch does not. */
  readonly sessionId: string | undefined;
  readonly agentId: string | undefined;
  /** The model selected for the next turn. */
  readonly model: ModelRef | undefined;
  /** Who selected it: `user` for a pin, `inherited` for the parent channel's pin, undefined for configuration. */
  readonly pinSource: string | undefined;
  /** The model that stands in while a fallback is in effect. */
  readonly activeModel: ModelRef | undefined;
  /** Window of the selected model as OpenClaw uses it, tokens. */
  readonly windowTokens: number | undefined;
  /** Size of the conversation's prompt, tokens; undefined before the first turn. */
  readonly usedTokens: number | undefined;
  readonly parentKey: string | undefined;
  readonly running: boolean;
  readonly updatedAt: number | undefined;
  /** The row as it came, for delivery facts that `session-keys.ts` reads. */
  readonly raw: Readonly<Record<string, unknown>>;
}

const refOf = (provider: string | null | undefined, model: string | null | undefined): ModelRef | undefined =>
  provider && model ? { provider, model } : undefined;

function toRow(row: z.infer<typeof rowSchema>): SessionRow {
  const estimated = row.contextBudgetStatus?.estimatedPromptTokens ?? undefined;
  const total =
    row.totalTokens !== undefined && row.totalTokens !== null && row.totalTokens > 0 ? row.totalTokens : undefined;
  return {
    key: row.key,
    sessionId: row.sessionId ?? undefined,
    agentId: row.agentId ?? undefined,
    model: refOf(row.modelProvider, row.model),
    pinSource: row.modelOverrideSource ?? undefined,
    activeModel: refOf(row.activeModelProvider, row.activeModel),
    windowTokens: row.contextTokens ?? undefined,
    usedTokens: total ?? estimated,
    parentKey: row.parentSessionKey ?? undefined,
    running: row.hasActiveRun === true || row.status === "running",
    updatedAt: row.updatedAt ?? undefined,
    raw: row,
  };
}

export const sessionRow = rowSchema.transform(toRow);
export const describeReply = z.looseObject({ session: z.union([z.null(), sessionRow]).optional() });
export const listReply = z.looseObject({
  sessions: z.array(sessionRow),
  hasMore: z.boolean().catch(false),
  nextOffset: z.number().nullish(),
});
export const compactReply = z.looseObject({ compacted: z.boolean().catch(false) });
export const resolveReply = z.looseObject({ ok: z.boolean(), key: z.string().optional() });

export const modelsReply = z.looseObject({
  models: z.array(
    z.looseObject({
      id: z.string(),
      provider: z.string(),
      name: maybe(z.string()),
      contextWindow: maybe(z.number()),
      contextTokens: maybe(z.number()),
      local: maybe(z.boolean()),
      available: maybe(z.boolean()),
    }),
  ),
});

export const agentsReply = z.looseObject({
  defaultId: maybe(z.string()),
  mainKey: maybe(z.string()),
  agents: z.array(z.looseObject({ id: z.string(), name: maybe(z.string()) })),
});

export const configReply = z.looseObject({
  hash: z.string().optional(),
  config: z.record(z.string(), z.unknown()).catch({}),
  sourceConfig: maybe(z.record(z.string(), z.unknown())),
  /** The file as it is written: without what it includes, its variables not put in. */
  parsed: maybe(z.record(z.string(), z.unknown())),
  includedPaths: maybe(z.array(z.string())),
  configRevisionHash: maybe(z.string()),
  appliedConfigHash: maybe(z.string()),
});

const historyMessage = z.looseObject({
  role: z.string().catch(""),
  provider: maybe(z.string()),
  model: maybe(z.string()),
  timestamp: maybe(z.number()),
  stopReason: maybe(z.string()),
  __openclaw: maybe(z.looseObject({ id: maybe(z.string()), runId: maybe(z.string()), kind: maybe(z.string()) })),
});

export const historyReply = z.looseObject({
  messages: z.array(historyMessage).catch([]),
  sessionInfo: maybe(sessionRow),
  inFlightRun: maybe(z.looseObject({ runId: z.string() })),
});

/** Parses an answer, or throws `unexpected_reply`: a gateway whose answers look different is not one to change things on. */
export function parseReply<T extends z.ZodType>(schema: T, method: string, reply: unknown): z.output<T> {
  const parsed = schema.safeParse(reply);
  if (parsed.success) return parsed.data;
  throw new ClutchError("unexpected_reply", `The gateway's answer to ${method} is not one that Clutch understands.`, {
    hint: "Nothing was changed on the strength of it. Is this a version of OpenClaw that Clutch supports (2026.8.1 or later)?",
    cause: parsed.error,
  });
}
