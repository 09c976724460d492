import type { LocalOnly, LockRequest, LockResult } from "../../src/local-only/local-only.ts";
import type { LayerState, LockStatus, Verification } from "../../src/local-only/lock-status.ts";

const NOW = Date.parse("2026-11-22T21:00:00Z");
export const clock = (): number => NOW;

export const GUARD: LayerState = { name: "guard", state: "closed", text: "turns go to local models" };
export const WALL: LayerState = { name: "wall", state: "closed", text: "open to local model servers and Discord" };
export const HELPERS: LayerState = { name: "helpers", state: "closed", text: "4 silent calls use ollama/qwen3:8b" };
export const absent = (layer: LayerState): LayerState => ({ ...layer, state: "absent", text: "not installed" });

export const VERIFICATION: Verification = {
  at: NOW - 60_000,
  paths: [
    {
      path: "Turn pinned to a cloud model",
      heldBy: "guard, wall",
      result: "proved",
      detail: "a local model answered",
    },
    { path: "Nightly memory job", heldBy: "wall", result: "configured", detail: "it would change the memory" },
  ],
  unknownSettings: [],
};

/** The lock in order, with guard and wall; `more` says otherwise. */
export const lockStatus = (isOn: boolean, more: Partial<LockStatus> = {}): LockStatus => ({
  enforcement: isOn ? "enforced" : "off",
  isOn,
  wanted: isOn ? "on" : "off",
  last: isOn ? { actor: "discord:123", reason: "the audit", at: NOW - 5 * 60_000 } : undefined,
  layers: [GUARD, WALL, HELPERS].map((layer) => ({ ...layer, state: isOn ? "closed" : "open" })),
  localModels: [{ provider: "ollama", model: "qwen3:8b" }],
  schedule: { next: undefined, daily: undefined },
  isWatched: true,
  kept: [],
  verification: isOn ? VERIFICATION : undefined,
  problems: [],
  ...more,
});

type Asked = LockRequest & { readonly restore?: string; readonly forMs?: number | undefined };
/** What was asked of the service. */
export interface LockCall {
  readonly what: string;
  readonly of?: string | undefined;
  readonly request?: Asked;
}

export interface FakeLock extends LocalOnly {
  readonly calls: LockCall[];
  now: LockStatus;
  /** What a change leaves; without it the lock is in order afterwards. */
  result: Partial<LockResult>;
  written: readonly string[];
  verification: Verification;
}

/** Stands in for the service: it writes down what was asked of it, and does as asked. */
export function fakeLock(now: LockStatus): FakeLock {
  const calls: LockCall[] = [];
  const change = (call: LockCall, after: LockStatus): LockResult => {
    calls.push(call);
    call.request?.onStep?.("closing the wall");
    const result = { changed: true, status: after, notes: [], ...fake.result };
    fake.now = result.status;
    return result;
  };
  const fake: FakeLock = {
    calls,
    now,
    result: {},
    written: [],
    verification: VERIFICATION,
    status: async () => fake.now,
    isOn: () => fake.now.isOn,
    isKeptLocal: () => fake.now.isOn,
    turnOn: async (request) => change({ what: "on", request }, lockStatus(true)),
    turnOff: async (request) => change({ what: "off", request }, lockStatus(false)),
    verifyNetwork: async () => [],
    writtenWhileOn: async () => ({ sessionKeys: fake.written }),
    async verify(onStep) {
      onStep?.("a recap");
      return fake.verification;
    },
    keepLocal: async (of, request) => change({ what: "keep", of, request }, fake.now),
    release: async (of, request) => change({ what: "release", of, request }, { ...fake.now, kept: [] }),
    setDaily: async (of, request) => change({ what: "daily", of, request }, fake.now).status,
  };
  return fake;
}
