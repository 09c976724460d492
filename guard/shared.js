import { randomUUID } from "node:crypto";
import { createCalls, readCalls } from "./calls.js";
import { createHealth } from "./health.js";
import { createLock } from "./lock.js";
import { serverHeaders } from "./server-headers.js";

/** @import { CallMemory } from "./calls.js" */
/** @import { HealthMemory } from "./health.js" */
/** @import { Canary, Escape, GuardState } from "./types.js" */

/**
 * OpenClaw registers a plugin several times in one process, after an update also a
 * newer version of it, and a flag in one registration's closure is not what the
 * hooks of another see. So what is remembered is there once in a process, and each
 * registration works on it with its own code.
 * @typedef {object} Memory
 * @property {GuardState | undefined} state
 * @property {HealthMemory} answers
 * @property {{ close(): void, hits(): number, isListening(): boolean } | undefined} canary
 * @property {Canary[]} canaries Turns that Clutch sent to see whether they are stopped.
 * @property {Escape[]} escapes Calls to models in the cloud that were begun while the lock was on.
 * @property {{ modelResolve: number, agentReply: number, agentRun: number }} heard How often each hook was asked about a turn on the canary: OpenClaw says of hooks that never run that all is well.
 * @property {string} [life] Of this process: what was proved of one says nothing of the next.
 */

/**
 * @typedef {object} Shared
 * @property {Memory} memory
 * @property {ReturnType<typeof createLock>} lock
 * @property {ReturnType<typeof createHealth>} health
 */

/** Another number where `Memory` takes another shape: then the file is read again. */
const KEY = Symbol.for("clutch.guard.1");

/**
 * @param {string} path The file of the lock.
 * @param {() => unknown} config What OpenClaw has in force now.
 * @returns {Shared}
 */
export function sharedState(path, config) {
  const store = /** @type {{ [KEY]?: Record<string, Memory> }} */ (globalThis);
  store[KEY] ??= {};
  store[KEY][path] ??= {
    state: undefined,
    answers: { servers: new Map(), out: new Map() },
    canary: undefined,
    canaries: [],
    escapes: [],
    heard: { modelResolve: 0, agentReply: 0, agentRun: 0 },
  };
  const memory = store[KEY][path];
  // An older version may have begun it.
  memory.life ??= randomUUID();
  return {
    memory,
    lock: createLock({ path, clock: Date.now, memory }),
    health: createHealth({
      fetch: globalThis.fetch,
      clock: Date.now,
      headersOf: (model) => serverHeaders(config(), model),
      memory: memory.answers,
    }),
  };
}

/** Another number where `CallMemory` takes another shape. */
const CALLS_KEY = Symbol.for("clutch.guard.calls.1");

/** @param {string} path The file of the calls. */
export function sharedCalls(path) {
  const store = /** @type {{ [CALLS_KEY]?: Record<string, CallMemory> }} */ (globalThis);
  store[CALLS_KEY] ??= {};
  store[CALLS_KEY][path] ??= readCalls({ path, clock: Date.now });
  return createCalls({ memory: store[CALLS_KEY][path], clock: Date.now });
}
