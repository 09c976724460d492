import { createCallFile } from "./call-file.js";

/** @import { ModelCall, RunContext } from "./types.js" */

/** How many calls can be asked for afterwards. */
const REMEMBERED = 5_000;
/** How many runs are known by what began them. */
const RUNS = 1_000;
/** How many calls one answer holds. */
const PAGE = 500;
/** A message bears the moment at which its call began, give or take this, ms. */
const SLACK_MS = 5;
/** A call whose run never ends, or whose end never comes, is believed to be over after this, ms. */
const PATIENCE_MS = 2 * 60 * 60_000;
/** Clutch's model in the cloud by definition, and its own sessions. */
const CANARY_PROVIDER = "clutch-canary";
const OWN_SESSIONS = /^agent:[^:]+:(?:dashboard:incognito-clutch|subagent:clutch)-/;

/**
 * @typedef {object} Run
 * @property {string | undefined} agentId
 * @property {string | undefined} trigger Such as `user`, `heartbeat` or `cron`.
 * @property {Set<string>} failed Models that did not answer in it, `provider/model`.
 */

/**
 * There once in a process, whichever of its registrations is asked.
 * @typedef {object} CallMemory
 * @property {ReturnType<typeof createCallFile>} file
 * @property {string} log
 * @property {number} since
 * @property {ModelCall[]} done Calls that are over, by their number.
 * @property {number} next The number of the next one.
 * @property {Map<string, ModelCall>} begun Calls of which more is to come, by what OpenClaw names them.
 * @property {Map<string, Run>} runs
 */

/**
 * Keeps every call that OpenClaw makes of a model, with or without a message of
 * it: who was asked, when, for what, and with what outcome; nothing of what was
 * said. It never throws, so that no hook fails for it.
 * @param {{ memory: CallMemory, clock: () => number }} parts `clock` gives epoch ms.
 */
export function createCalls({ memory, clock }) {
  const { file, done, begun, runs } = memory;

  /** @param {ModelCall} call */
  const write = (call) => file.append(call, () => begun.values());

  /** @param {string} name @param {ModelCall} call */
  const publish = (name, call) => {
    begun.delete(name);
    const numbered = { ...call, n: memory.next++ };
    done.push(numbered);
    if (done.length > REMEMBERED) done.splice(0, done.length - REMEMBERED);
    write(numbered);
  };

  /** @param {string} runId @returns {Run} */
  const runOf = (runId) => {
    const known = runs.get(runId);
    if (known !== undefined) return known;
    const run = { agentId: undefined, trigger: undefined, failed: new Set() };
    runs.set(runId, run);
    const [oldest] = runs.keys();
    if (runs.size > RUNS && oldest !== undefined) runs.delete(oldest);
    return run;
  };

  /** Calls that may be meant by a message. @param {Message} message @param {(call: ModelCall) => boolean} isMeant */
  const callOf = ({ provider, model, timestamp }, isMeant) => {
    /** @type {[string, ModelCall] | undefined} */
    let found;
    for (const [name, call] of begun) {
      const { startedAt, endedAt = Number.POSITIVE_INFINITY } = call;
      const isWithin = startedAt - SLACK_MS <= timestamp && timestamp <= endedAt + SLACK_MS;
      if (call.askedAt === undefined && call.provider === provider && call.model === model && isWithin && isMeant(call))
        found = [name, call];
    }
    return found;
  };

  /** @param {ModelCall} call @param {Message} message @returns {ModelCall} */
  const withMessage = (call, { timestamp, usage }) => {
    const tokens = tokensOf(usage);
    return { ...call, askedAt: timestamp, ...(tokens === undefined ? {} : { tokens }) };
  };

  const giveUp = () => {
    for (const [name, call] of begun) {
      if (clock() - (call.endedAt ?? call.startedAt) < PATIENCE_MS) break;
      publish(name, { outcome: "aborted", ...call });
    }
  };

  /** @template {unknown[]} Args @param {(...args: Args) => void} work */
  const never =
    (work) =>
    (/** @type {Args} */ ...args) => {
      try {
        work(...args);
      } catch {
        // Counting is not worth a turn.
      }
    };

  return {
    /** What a run is for. */
    seen: never((/** @type {RunContext} */ { runId, agentId, trigger }) => {
      if (runId === undefined) return;
      const run = runOf(word(runId));
      run.agentId ??= agentId === undefined ? undefined : word(agentId);
      run.trigger ??= trigger === undefined ? undefined : word(trigger);
    }),

    started: never((/** @type {CallEvent} */ event, /** @type {CallContext} */ context) => {
      const [runId, sessionKey] = [word(event.runId), word(event.sessionKey)];
      const [provider, model] = [word(event.provider, "?"), word(event.model, "?")];
      const callId = word(event.callId, runId);
      const name = word(context.trace?.spanId, callId);
      if (begun.has(name) || provider === CANARY_PROVIDER || OWN_SESSIONS.test(sessionKey)) return;
      giveUp();
      const { agentId, trigger, failed } = runOf(runId);
      const startedAt = clock();
      const call = {
        key: `${callId}/${startedAt.toString(36)}`,
        runId,
        sessionKey,
        ...(agentId === undefined ? {} : { agentId }),
        ...(trigger === undefined ? {} : { trigger }),
        provider,
        model,
        startedAt,
        fallback: failed.size > 0 && !failed.has(`${provider}/${model}`),
      };
      begun.set(name, call);
      write(call);
    }),

    ended: never((/** @type {CallEvent} */ event, /** @type {CallContext} */ context) => {
      const { outcome, failureKind } = event;
      const runId = word(event.runId);
      const name = word(context.trace?.spanId, word(event.callId, runId));
      const call = begun.get(name);
      if (call === undefined || call.endedAt !== undefined) return;
      const how = outcome === "completed" ? "answered" : failureKind === "aborted" ? "aborted" : "failed";
      if (how === "failed") runOf(runId).failed.add(`${call.provider}/${call.model}`);
      /** @type {ModelCall} */
      const over = { ...call, endedAt: clock(), outcome: how };
      // No message comes of a summary, and no end of its run.
      if (over.askedAt !== undefined || runId.includes(":compaction:")) publish(name, over);
      else {
        begun.set(name, over);
        write(over);
      }
    }),

    /** OpenClaw is about to write a message down. */
    written: never((/** @type {unknown} */ value, /** @type {{ sessionKey?: string }} */ { sessionKey }) => {
      const message = messageOf(value);
      const found = message && callOf(message, (call) => call.sessionKey === sessionKey);
      if (message === undefined || found === undefined) return;
      const [name, call] = found;
      const known = withMessage(call, message);
      if (known.endedAt === undefined) begun.set(name, known);
      else publish(name, known);
    }),

    /** A run is over, or one try of it. Of some of its messages OpenClaw keeps nothing else. */
    runEnded: never((/** @type {{ runId?: string, messages?: unknown[] }} */ { runId = "", messages = [] }) => {
      for (const [name, call] of [...begun]) {
        if (call.runId !== runId || call.endedAt === undefined) continue;
        publish(name, call.askedAt === undefined ? withAny(call, messages) : call);
      }
    }),

    /**
     * Calls that are over, from a number on; what was handed out is handed out again
     * to whoever names another record, or a number from before it.
     * @param {{ log?: unknown, after?: unknown }} from
     */
    after({ log, after }) {
      const isSame = log === memory.log && typeof after === "number";
      const start = isSame ? done.findIndex(({ n = 0 }) => n > after) : 0;
      const calls = start < 0 ? [] : done.slice(start, start + PAGE);
      const first = done[0]?.n ?? memory.next;
      return {
        log: memory.log,
        since: memory.since,
        /** Whether calls are gone that were not handed out. */
        lost: first > (isSame ? after : 0) + 1,
        now: clock(),
        calls,
        more: start >= 0 && start + PAGE < done.length,
      };
    },
  };

  /** @param {ModelCall} call @param {unknown[]} messages */
  function withAny(call, messages) {
    for (let index = messages.length - 1; index >= 0; index--) {
      const message = messageOf(messages[index]);
      if (message === undefined) continue;
      if (message.timestamp < call.startedAt - SLACK_MS) break;
      if (callOf(message, (each) => each === call) !== undefined) return withMessage(call, message);
    }
    return call;
  }
}

/**
 * @param {{ path: string, clock: () => number, mostBytes?: number }} parts The file of the calls.
 * @returns {CallMemory}
 */
export function readCalls(parts) {
  const file = createCallFile(parts);
  const { log, since, calls } = file.read();
  const numbered = calls.filter(({ n }) => n !== undefined).sort((a, b) => (a.n ?? 0) - (b.n ?? 0));
  let next = (numbered.at(-1)?.n ?? 0) + 1;
  // What was begun by a process that is gone never ended.
  const cut = calls
    .filter(({ n }) => n === undefined)
    .map((call) => /** @type {ModelCall} */ ({ outcome: "aborted", ...call, n: next++ }));
  for (const call of cut) file.append(call, () => []);
  return {
    ...{ file, log, since, next },
    done: [...numbered, ...cut].slice(-REMEMBERED),
    begun: new Map(),
    runs: new Map(),
  };
}

/** @param {unknown} value */
const word = (value, otherwise = "") => (typeof value === "string" ? value.slice(0, 500) : otherwise);

/** @typedef {{ runId?: string, callId?: string, sessionKey?: string, provider?: string, model?: string, outcome?: string, failureKind?: string }} CallEvent */
/** @typedef {{ trace?: { spanId?: string } }} CallContext */
/** @typedef {{ provider: string, model: string, timestamp: number, usage: unknown }} Message */

/** Undefined for what no model said. @param {unknown} value @returns {Message | undefined} */
function messageOf(value) {
  const { role, provider, model, timestamp, usage } = /** @type {Record<string, unknown>} */ (value ?? {});
  if (role !== "assistant" || typeof provider !== "string" || typeof model !== "string") return undefined;
  return typeof timestamp === "number" && provider !== "openclaw" ? { provider, model, timestamp, usage } : undefined;
}

/** All zero is what stands there where the server counted nothing. @param {unknown} usage */
function tokensOf(usage) {
  const counts = /** @type {Record<string, unknown>} */ (usage ?? {});
  const [input = 0, output = 0, cacheRead = 0, cacheWrite = 0] = ["input", "output", "cacheRead", "cacheWrite"].map(
    (name) => {
      const count = counts[name];
      return typeof count === "number" && count > 0 ? count : 0;
    },
  );
  return input + output + cacheRead + cacheWrite === 0 ? undefined : { input, output, cacheRead, cacheWrite };
}
