import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { CANARY } from "../models/canary.ts";
import { readSlot, type Slot, type SlotPath } from "../openclaw/config-slots.ts";

/** OpenClaw's name for the guard. */
export const GUARD_ID = "clutch-guard";

const LOAD_PATHS: SlotPath = ["plugins", "load", "paths"];
const ALLOW: SlotPath = ["plugins", "allow"];
const DENY: SlotPath = ["plugins", "deny"];
const ENTRY: SlotPath = ["plugins", "entries", GUARD_ID];
const PROVIDER: SlotPath = ["models", "providers", CANARY.provider];

/**
 * What OpenClaw's configuration has to hold for the guard. Throws `bad_config` where
 * it forbids the guard or all plugins.
 * @param authored What the file says.
 */
export function guardSlots(
  authored: unknown,
  guard: { readonly path: string; readonly directory: string; readonly canaryPort: number },
): readonly Slot[] {
  if (readSlot(authored, ["plugins", "enabled"]) === false) throw pluginsOff();
  if (namesAt(authored, DENY).includes(GUARD_ID)) throw denied();
  const paths = namesAt(authored, LOAD_PATHS);
  const allowed = namesAt(authored, ALLOW);
  return [
    { path: LOAD_PATHS, value: paths.includes(guard.path) ? paths : [...paths, guard.path] },
    // An empty list allows everything.
    ...(allowed.length === 0 || allowed.includes(GUARD_ID) ? [] : [{ path: ALLOW, value: [...allowed, GUARD_ID] }]),
    { path: [...ENTRY, "enabled"], value: true },
    { path: [...ENTRY, "hooks", "allowConversationAccess"], value: true },
    { path: [...ENTRY, "config", "directory"], value: guard.directory },
    { path: [...ENTRY, "config", "canaryPort"], value: guard.canaryPort },
    { path: PROVIDER, value: canaryProvider(guard.canaryPort) },
  ];
}

/** What of the guard still stands in the configuration, each with the value that takes it out. */
export function leftoverSlots(authored: unknown, path: string): readonly Slot[] {
  const without = (list: SlotPath, name: string, whole: SlotPath = list): Slot[] => {
    const names = namesAt(authored, list);
    if (!names.includes(name)) return [];
    const rest = names.filter((other) => other !== name);
    return [rest.length === 0 ? { path: whole, value: null } : { path: list, value: rest }];
  };
  return [
    ...without(LOAD_PATHS, path, LOAD_PATHS.slice(0, -1)),
    ...without(ALLOW, GUARD_ID),
    ...[ENTRY, PROVIDER].flatMap((slot) => (readSlot(authored, slot) === null ? [] : [{ path: slot, value: null }])),
  ];
}

/** Whether OpenClaw is told to load a guard from there. */
export const isConfigured = (authored: unknown, path: string): boolean => namesAt(authored, LOAD_PATHS).includes(path);

/** The port that the canary was given before. */
export const canaryPortIn = (authored: unknown): number | undefined =>
  port.safeParse(readSlot(authored, [...ENTRY, "config", "canaryPort"])).data;

const port = z.int().min(1).max(65_535);
const names = z.array(z.string());
const namesAt = (authored: unknown, path: SlotPath): readonly string[] =>
  names.safeParse(readSlot(authored, path)).data ?? [];

/** As OpenClaw knows a model of Anthropic's; what it is asked stays on this machine. */
const canaryProvider = (canaryPort: number) => ({
  api: "anthropic-messages",
  baseUrl: `http://127.0.0.1:${canaryPort}`,
  apiKey: "canary",
  models: [
    {
      id: CANARY.model,
      name: "Clutch canary",
      contextWindow: 200_000,
      maxTokens: 1_000,
      cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    },
  ],
});

const pluginsOff = (): ClutchError =>
  new ClutchError("bad_config", "OpenClaw's plugins are switched off (plugins.enabled), and the guard is one.", {
    hint: "Switch them on: openclaw config set plugins.enabled true. Those that you don't want can be disabled one by one.",
  });

const denied = (): ClutchError =>
  new ClutchError("bad_config", `OpenClaw's plugins.deny names ${GUARD_ID}.`, {
    hint: "Somebody did not want it here. Take it out of that list, then run this again.",
  });
