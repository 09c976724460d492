import type { UsageCall } from "../models/usage-call.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import { conversationOfSession, parseSessionKey } from "../openclaw/session-keys.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { RecordedCalls, UsageLedger } from "../store/usage-ledger.ts";
import type { CallPricer } from "./call-pricer.ts";
import { mergeCalls, type ObservedCall } from "./observed-call.ts";

/** Writes observed calls into the ledger, with where they ran, for whom, and what they cost. */
export interface CallWriter {
  write(calls: readonly ObservedCall[], signal?: AbortSignal): Promise<RecordedCalls>;
  /** Remembers where a session is talked to. */
  noteSession(row: SessionRow): void;
  /** Told of calls that are new in the ledger, or better known. */
  onRecorded(listener: (calls: readonly UsageCall[], isLive: boolean) => void): () => void;
}

/** What ended longer ago than this, ms, is history. */
const LIVE_MS = 10 * 60_000;
/** How many sessions' channels are remembered. */
const SESSIONS = 5_000;

export function createCallWriter(parts: {
  readonly ledger: Pick<UsageLedger, "record">;
  readonly pricer: CallPricer;
  readonly registry: Pick<ModelRegistry, "current" | "find">;
  readonly openclaw: Pick<OpenClaw, "readSession">;
  readonly clock: () => number;
}): CallWriter {
  const { ledger, pricer, registry, openclaw, clock } = parts;
  const listeners = new Set<(calls: readonly UsageCall[], isLive: boolean) => void>();
  /** By session key; undefined where nobody talks there. */
  const channels = new Map<string, string | undefined>();

  const remember = (key: string, channel: string | undefined): void => {
    channels.delete(key);
    channels.set(key, channel);
    const [oldest] = channels.keys();
    if (channels.size > SESSIONS && oldest !== undefined) channels.delete(oldest);
  };

  const noteSession = (row: SessionRow): void => remember(row.key, conversationOfSession(row.raw)?.platform);

  const channelOf = async (sessionKey: string, signal?: AbortSignal): Promise<string | undefined> => {
    const key = parseSessionKey(sessionKey);
    // What jobs and sub-agents do is said in no channel, even where its outcome is.
    if (key === undefined || key.kind === "cron" || key.kind === "subagent" || key.kind === "hook") return undefined;
    if (key.platform !== undefined) return key.platform;
    if (!channels.has(sessionKey)) {
      const row = await openclaw.readSession(sessionKey, signal === undefined ? {} : { signal });
      if (row === undefined) remember(sessionKey, undefined);
      else noteSession(row);
    }
    return channels.get(sessionKey);
  };

  const tell = (calls: readonly UsageCall[]): void => {
    const since = clock() - LIVE_MS;
    for (const isLive of [true, false]) {
      const some = calls.filter(({ at }) => at >= since === isLive);
      if (some.length > 0) for (const listener of [...listeners]) listener(some, isLive);
    }
  };

  return {
    noteSession,

    async write(calls, signal) {
      if (calls.length === 0) return { added: 0, completed: 0, tooOld: 0 };
      const { defaultAgentId } = await registry.current();
      const priced: UsageCall[] = [];
      for (const { agentId, ...call } of mergeCalls(calls)) {
        priced.push(
          pricer.price({
            ...call,
            agentId: parseSessionKey(call.sessionKey)?.agentId ?? agentId ?? defaultAgentId,
            channel: await channelOf(call.sessionKey, signal),
            locality: registry.find(call.model)?.bookedAs ?? "unknown",
          }),
        );
      }
      return ledger.record(priced, tell);
    },

    onRecorded(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
