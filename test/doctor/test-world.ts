import { defaultConfig } from "../../src/config.ts";
import type { Attached, Check, Finding, Look, World } from "../../src/doctor/check.ts";
import { ClutchError } from "../../src/errors.ts";
import type { RegistrySnapshot } from "../../src/registry/model-registry.ts";
import { fakeSystem } from "../hardware/fake-system.ts";

export const NODE = { processor: "A processor", cores: 2, totalBytes: 8e9, freeBytes: 4e9 };
export const NO_GATEWAY = new ClutchError("no_gateway", "No OpenClaw gateway was found on this machine.", {
  hint: "Start it with `openclaw gateway`.",
});

/** A world in which nothing is set up and no gateway answers, but for what a test says. */
export function testWorld(parts: Partial<World> = {}): World {
  return {
    config: defaultConfig,
    stateDirectory: "/nowhere/clutch",
    env: { OLLAMA_HOST: "127.0.0.1:1" },
    home: "/home/me",
    system: fakeSystem({ node: NODE }),
    fetch: globalThis.fetch,
    resolve: async () => ["127.0.0.1"],
    clock: () => Date.parse("2026-11-28T12:00:00Z"),
    platforms: async () => [],
    gateway: NO_GATEWAY,
    secrets: [],
    ...parts,
  };
}

/** What a check finds, always as a list. */
export async function findings(check: Check, world: World, how: Partial<Look> = {}): Promise<readonly Finding[]> {
  return [await check.look(world, { deep: false, signal: new AbortController().signal, ...how })].flat();
}

/** A snapshot of the registry with these parts. */
export const snapshotWith = (parts: Partial<RegistrySnapshot>): RegistrySnapshot => ({
  at: 0,
  models: [],
  agentIds: ["main"],
  defaultAgentId: "main",
  config: { hash: undefined, config: {}, authored: {} },
  stated: new Map(),
  routing: {} as RegistrySnapshot["routing"],
  modelConfig: {
    defaultModel: { raw: null, primary: undefined, fallbacks: [] },
    agentModels: new Map(),
    channelModels: new Map(),
    aliases: new Map(),
    providers: new Map(),
  },
  ...parts,
});

/** A Clutch whose registry shows this snapshot; a check that asks for anything else that is not given fails. */
export const attachedTo = (snapshot: RegistrySnapshot, parts: Partial<Attached> = {}): Attached =>
  ({
    registry: { current: async () => snapshot },
    hasStore: true,
    ...parts,
  }) as Partial<Attached> as Attached;
