import { expect } from "vitest";
import { createConfigChanges } from "../../src/agents/config-changes.ts";
import { createHelperLock } from "../../src/local-only/helper-lock.ts";
import { type ModelRef, parseModelRef, sameModel } from "../../src/models/model-ref.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import type { RegistrySnapshot } from "../../src/registry/model-registry.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { openStore } from "../../src/store/open-store.ts";
import { listsLost, mergePatch } from "../openclaw/openclaw-merge.ts";

export const SONNET = "anthropic/claude-sonnet-5";
export const GPT = "openai/gpt-6";
export const QWEN = "ollama/qwen3:8b";
/** A relay to the cloud on the gateway's own machine. */
export const RELAYED = "litellm/gpt-6";
export const PHI = "ollama/phi4";
export const LOCAL: readonly string[] = [QWEN, PHI];

export const ref = (name: string): ModelRef => {
  const parsed = parseModelRef(name);
  if (parsed === undefined) throw new Error(name);
  return parsed;
};

export type Config = Record<string, unknown>;

/** A gateway's configuration in memory, which takes patches as OpenClaw does, and the real store beside it. */
export async function openBench() {
  let config: Config = {};
  const faults: { beforePatch?: (() => void) | undefined; afterPatch?: (() => void) | undefined } = {};
  let patches = 0;
  const openclaw = {
    readConfig: async () => ({ hash: JSON.stringify(config), config, authored: config }),
    async patchConfig(patch: Config, hash: string | undefined, replacePaths: readonly string[] = []) {
      faults.beforePatch?.();
      expect(hash).toBe(JSON.stringify(config));
      const next = mergePatch(config, patch, replacePaths) as Config;
      expect(listsLost(config, patch, next).filter((path) => !replacePaths.includes(path))).toEqual([]);
      config = next;
      patches += 1;
      faults.afterPatch?.();
    },
  };
  const models = [SONNET, GPT, RELAYED, ...LOCAL].map((name) => ({
    ref: ref(name),
    onGateway: [RELAYED, ...LOCAL].includes(name),
    locality: { kind: LOCAL.includes(name) ? "local" : "cloud", evidence: "it says so" },
  })) as unknown as ModelProfile[];
  const registry = {
    invalidate: () => undefined,
    current: async () => ({ models, agentIds: agentsOf(config) }) as unknown as RegistrySnapshot,
    find: (model: ModelRef) => models.find((profile) => sameModel(profile.ref, model)),
  };
  const { db } = await openStore("sqlite::memory:", { clock: Date.now });
  const journal = createChangeJournal(db, Date.now);
  const audit = createAuditLog(db, Date.now);
  const changes = createConfigChanges({ openclaw, registry, journal, audit, clock: Date.now });
  const parts = {
    ...{ openclaw, changes, registry, journal },
    localModels: async () => LOCAL.map(ref),
    readSchema: async (): Promise<unknown> => ({ type: "object", properties: {} }),
  };
  return {
    parts,
    faults,
    lock: createHelperLock(parts),
    config: () => config,
    setConfig(next: Config) {
      config = next;
    },
    patches: () => patches,
  };
}

const agentsOf = (config: Config): string[] => {
  const { entries = {} } = (config["agents"] ?? {}) as { entries?: Config };
  return Object.keys(entries);
};
