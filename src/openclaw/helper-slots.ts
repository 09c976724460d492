import { z } from "zod";
import { readSlot, type Slot, type SlotPath } from "./config-slots.ts";
import type { ConfigSnapshot } from "./openclaw.ts";

/** Calls that OpenClaw makes by itself and that have a model setting of their own. */
export type HelperKind = "recaps" | "compaction" | "heartbeats" | "dreaming";

/** A setting that says which model such calls use. */
export interface HelperSlot {
  readonly kind: HelperKind;
  /** What the setting is for, where it is not for all of a kind: an agent's id, or a phase of dreaming. */
  readonly of: string | undefined;
  readonly path: SlotPath;
  /** As configured: a model or an alias; undefined where OpenClaw chooses. */
  readonly value: string | undefined;
  /** Why there are no such calls, or no model can be set for them: they are to be left alone. */
  readonly off: string | undefined;
  /** What has to stand beside a model so that OpenClaw uses it, and so that nothing else changes by it. */
  beside(model: string): readonly Slot[];
}

/**
 * The settings that decide, as OpenClaw 2026.9.6 reads them: the shared one of
 * each kind, and those of single agents or phases only where somebody set them,
 * since they beat the shared one.
 */
export function helperSlotsOf({ authored, config }: Pick<ConfigSnapshot, "authored" | "config">): HelperSlot[] {
  const text = (path: SlotPath): string | undefined => textSchema.parse(readSlot(authored, path));
  const agentIds = Object.keys(objectSchema.parse(readSlot(config, ["agents", "entries"])));
  const slot = (kind: HelperKind, path: SlotPath, more: Partial<HelperSlot> = {}): HelperSlot => ({
    kind,
    of: undefined,
    path,
    value: text(path) || undefined,
    off: undefined,
    beside: () => [],
    ...more,
  });
  const ofAgents = (kind: HelperKind, ...keys: string[]): HelperSlot[] =>
    agentIds.flatMap((of) => {
      const path = ["agents", "entries", of, ...keys];
      const value = text(path);
      const off = switchedOff(kind, value);
      return value || off ? [slot(kind, path, { of, off })] : [];
    });

  const recaps: SlotPath = [...DEFAULTS, "utilityModel"];
  return [
    slot("recaps", recaps, { off: switchedOff("recaps", text(recaps)) }),
    ...ofAgents("recaps", "utilityModel"),
    slot("compaction", [...DEFAULTS, "compaction", "model"]),
    slot("heartbeats", [...HEARTBEAT, "model"], heartbeatOwner(config, agentIds)),
    ...ofAgents("heartbeats", "heartbeat", "model"),
    ...dreamingSlots(authored, config, slot),
  ];
}

const DEFAULTS: SlotPath = ["agents", "defaults"];
const HEARTBEAT: SlotPath = [...DEFAULTS, "heartbeat"];
const MEMORY: SlotPath = ["plugins", "entries", "memory-core"];

const textSchema = z.string().trim().optional().catch(undefined);
const objectSchema = z.record(z.string(), z.unknown()).catch({});
const namesSchema = z.array(z.string()).catch([]);

/** An empty `utilityModel` means none; an empty model elsewhere says nothing. */
const switchedOff = (kind: HelperKind, value: string | undefined): string | undefined =>
  kind === "recaps" && value === "" ? "switched off" : undefined;

/**
 * Without a `heartbeat` block only OpenClaw's own agent has heartbeats; a block
 * that names no agent would give them to all, so a new one names it.
 */
function heartbeatOwner(config: unknown, agentIds: readonly string[]): Partial<HelperSlot> {
  const blocks = [HEARTBEAT, ...agentIds.map((id) => ["agents", "entries", id, "heartbeat"])];
  if (blocks.some((path) => readSlot(config, path) !== null)) return {};
  if (agentIds.length <= 1) return {};
  const owner = textSchema.parse(readSlot(config, [...DEFAULTS, "systemAgent", "agentId"]));
  if (owner === undefined || owner === "") return { off: "no agent has them" };
  return { beside: () => [{ path: [...HEARTBEAT, "agentId"], value: owner }] };
}

/** Nothing where another plugin keeps the memory, or none. */
function dreamingSlots(
  authored: unknown,
  config: unknown,
  slot: (kind: HelperKind, path: SlotPath, more?: Partial<HelperSlot>) => HelperSlot,
): HelperSlot[] {
  const [allow, deny] = [
    ["plugins", "allow"],
    ["plugins", "deny"],
  ].map((path) => namesSchema.parse(readSlot(config, path)));
  const keeper = readSlot(config, ["plugins", "slots", "memory"]) ?? "memory-core";
  const absent =
    keeper !== "memory-core" ||
    readSlot(config, ["plugins", "enabled"]) === false ||
    readSlot(config, [...MEMORY, "enabled"]) === false ||
    deny?.includes("memory-core") === true ||
    (allow !== undefined && allow.length > 0 && !allow.includes("memory-core"));
  if (absent) return [];

  const dreaming: SlotPath = [...MEMORY, "config", "dreaming"];
  const off = readSlot(config, [...dreaming, "enabled"]) === false ? "switched off" : undefined;
  const beside = (model: string): Slot[] => {
    const limit: SlotPath = [...MEMORY, "subagent", "allowedModels"];
    const allowed = namesSchema.parse(readSlot(authored, limit));
    const widened = readSlot(authored, limit) === null || allowed.includes(model) || allowed.includes("*");
    return [
      { path: [...MEMORY, "subagent", "allowModelOverride"], value: true },
      ...(widened ? [] : [{ path: limit, value: [...allowed, model] }]),
    ];
  };
  const shared = slot("dreaming", [...dreaming, "model"], { off, beside });
  const phases = [
    ["execution", "defaults"],
    ...["light", "deep", "rem"].map((phase) => ["phases", phase, "execution"]),
  ].map((keys) =>
    slot("dreaming", [...dreaming, ...keys, "model"], {
      of: keys[0] === "phases" ? keys[1] : "all phases",
      off,
      beside,
    }),
  );
  return [shared, ...phases.filter(({ value }) => value !== undefined)];
}
