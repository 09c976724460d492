import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { GatewayConnection, RequestOptions } from "./connection.ts";
import { parseReply } from "./wire.ts";

/** A local model as the guard is told of it. */
export interface GuardModel {
  readonly provider: string;
  readonly model: string;
  /** As OpenClaw's configuration names it: where it differs at the time of a turn, the model is not used. */
  readonly baseUrl: string;
  readonly ollama: boolean;
}

/** Where turns may go. */
export interface GuardRules {
  readonly models: readonly GuardModel[];
  /** `provider/model`, best first, by agent id; `*` for all others. */
  readonly order: Readonly<Record<string, readonly string[]>>;
  /** Ids of tools that are refused. */
  readonly tools: readonly string[];
}

const rulesShape = {
  models: z.array(z.object({ provider: z.string(), model: z.string(), baseUrl: z.string(), ollama: z.boolean() })),
  order: z.record(z.string(), z.array(z.string())),
  tools: z.array(z.string()),
};

const guardStatus = z.object({
  protocol: z.literal(1),
  /** Where its file is, on the gateway's machine. */
  directory: z.string(),
  pid: z.int(),
  /** Another one after each restart of the gateway; an older guard does not tell. */
  life: z.string().optional(),
  state: z.object({
    on: z.boolean(),
    /** Of the lock that holds, or of the one that was ended last. */
    id: z.string(),
    /** Since when, epoch ms; 0 where it is not known. */
    at: z.number(),
    kept: z.record(z.string(), z.object({ why: z.enum(["here", "unreleased"]), at: z.number() })),
    /** Why its file cannot be believed; it is on then. */
    damage: z.string().optional(),
    ...rulesShape,
  }),
  /** Calls to models in the cloud that were begun while they should not have been, oldest first. */
  escapes: z.array(
    z.object({ provider: z.string(), model: z.string(), runId: z.string(), sessionKey: z.string(), at: z.number() }),
  ),
  /** Turns that began on the canary and where they ended, oldest first. */
  canaries: z.array(
    z.object({
      runId: z.string(),
      sessionKey: z.string(),
      model: z.string(),
      met: z.enum(["notice", "gate", "local"]),
      at: z.number(),
    }),
  ),
  canary: z.object({ port: z.number().optional(), hits: z.int(), listening: z.boolean() }),
  /** The proxy that the gateway was told to use; its address without credentials. */
  proxy: z.object({ enabled: z.boolean(), address: z.string().optional(), loopbackMode: z.string().optional() }),
  /** Whether OpenClaw lets it hear of turns at all. */
  mayHear: z.boolean(),
  /** How often each of its hooks was asked about a turn on the canary: it may hear, and not be asked. */
  heard: z.object({ modelResolve: z.int(), agentReply: z.int(), agentRun: z.int() }),
});

export type GuardStatus = z.output<typeof guardStatus>;

const count = z.int().nonnegative();
const guardCalls = z.object({
  /** Names the record: another one where it was begun anew. */
  log: z.string(),
  /** From when on it is complete, epoch ms. */
  since: z.number(),
  /** Whether calls are gone from it that this client never got. */
  lost: z.boolean(),
  /** The gateway's clock, epoch ms. */
  now: z.number(),
  calls: z.array(
    z.object({
      /** Among all calls of the gateway. */
      key: z.string().min(1),
      n: z.int(),
      runId: z.string(),
      sessionKey: z.string(),
      agentId: z.string().optional(),
      /** What began its run: `user`, `heartbeat`, `cron`, … */
      trigger: z.string().optional(),
      provider: z.string(),
      model: z.string(),
      /** Epoch ms, as are the other two. */
      startedAt: z.number(),
      endedAt: z.number().optional(),
      outcome: z.enum(["answered", "failed", "aborted"]),
      /** The moment that OpenClaw's message of it bears, in the transcript as well. */
      askedAt: z.number().optional(),
      tokens: z.object({ input: count, output: count, cacheRead: count, cacheWrite: count }).optional(),
      /** Another model had failed in the same run. */
      fallback: z.boolean(),
    }),
  ),
  more: z.boolean(),
});

/** Calls of models that are over, as the guard saw them, in the order in which it knew it. */
export type GuardCalls = z.output<typeof guardCalls>;
export type GuardCall = GuardCalls["calls"][number];

/**
 * Talks to the guard inside the gateway. All changes may be repeated. Codes:
 * `not_installed` where the gateway has no guard, `changed_meanwhile` where the
 * guard is under another lock, and those of `GatewayConnection.request`.
 */
export interface GuardClient {
  /** Undefined where the gateway has no guard. */
  status(options?: RequestOptions): Promise<GuardStatus | undefined>;
  /** Some hundreds from a place on, or from the beginning; undefined where there is no guard, or one that does not keep them. */
  calls(
    after?: { readonly log: string; readonly after: number },
    options?: RequestOptions,
  ): Promise<GuardCalls | undefined>;
  on(id: string, rules: GuardRules): Promise<GuardStatus>;
  off(id: string): Promise<GuardStatus>;
  /** Where turns may go from now on, also while it is off: conversations that are kept local go by it. */
  setRules(rules: GuardRules): Promise<GuardStatus>;
  keep(keys: readonly string[], why: "here" | "unreleased"): Promise<GuardStatus>;
  release(keys: readonly string[]): Promise<GuardStatus>;
  /** Lets the gateway's process, or a child of it, try to reach a name below `.invalid`; gives what it met. */
  tryFrom(who: "gateway" | "child", url: string): Promise<string>;
  /** Lets a child that ignores every proxy try an address of nobody; gives what it met. */
  tryAround(): Promise<string>;
}

const METHODS = "clutch.guard";
const met = z.object({ status: z.int().optional(), error: z.string().optional(), said: z.string().optional() });

export function createGuardClient(connection: Pick<GatewayConnection, "request">): GuardClient {
  const call = async (name: string, params: object, options?: RequestOptions): Promise<unknown> => {
    try {
      return await connection.request(`${METHODS}.${name}`, params, { timeoutMs: 10_000, ...options });
    } catch (thrown) {
      if (!(thrown instanceof ClutchError)) throw thrown;
      // That is how it says that no plugin registered the method.
      if (thrown.code === "gateway_protocol") throw absent();
      if (/the lock is on by|was ended already/.test(thrown.message)) throw otherLock(thrown);
      throw thrown;
    }
  };
  const change = async (name: string, params: object): Promise<GuardStatus> =>
    parseReply(guardStatus, `${METHODS}.${name}`, await call(name, params));
  const told = async (name: string, params: object): Promise<string> => {
    const { status, error, said } = parseReply(met, `${METHODS}.${name}`, await call(name, params));
    return status === undefined ? (said ?? error ?? "nothing") : String(status);
  };

  const asked = async <Schema extends z.ZodType>(
    name: string,
    schema: Schema,
    params: object,
    options?: RequestOptions,
  ): Promise<z.output<Schema> | undefined> => {
    try {
      return parseReply(schema, `${METHODS}.${name}`, await call(name, params, options));
    } catch (thrown) {
      if (thrown instanceof ClutchError && thrown.code === "not_installed") return undefined;
      throw thrown;
    }
  };

  return {
    status: (options) => asked("status", guardStatus, {}, options),
    calls: (after, options) => asked("calls", guardCalls, after ?? {}, options),
    on: (id, rules) => change("on", { id, rules }),
    off: (id) => change("off", { id }),
    setRules: (rules) => change("rules", { rules }),
    keep: (keys, why) => change("keep", { keys, why }),
    release: (keys) => change("release", { keys }),
    tryFrom: (who, url) => told(who === "gateway" ? "fetch" : "child", { url }),
    tryAround: () => told("child", {}),
  };
}

const absent = (): ClutchError =>
  new ClutchError("not_installed", "The guard is not installed in this OpenClaw.", {
    hint: "Install it with clutch guard install.",
  });

const otherLock = (cause: ClutchError): ClutchError =>
  new ClutchError("changed_meanwhile", "The guard is under another lock than the one meant.", {
    hint: "Look with /localonly status.",
    cause,
  });
