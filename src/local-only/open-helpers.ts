import { z } from "zod";
import type { HelperCall } from "../agents/helper-calls.ts";
import { readSlot, type Slot, type SlotPath } from "../openclaw/config-slots.ts";
import { KNOWN_MODEL_SETTINGS } from "../openclaw/known-model-settings.ts";
import { readModelSettings } from "../openclaw/model-settings.ts";
import type { ConfigSnapshot } from "../openclaw/openclaw.ts";
import { agentAt, type IsLocal, keysAt, modelsIn, primaryOf } from "./local-reader.ts";

type Config = Pick<ConfigSnapshot, "authored" | "config">;

/** A helper call that would leave this network, and what holds it here. */
export interface OpenHelper {
  readonly name: string;
  readonly path: SlotPath;
  /** For people: what it uses now. */
  readonly uses: string;
  /** The models that are set for it, as written; undefined where others may answer as well. */
  readonly named: readonly string[] | undefined;
  /** What to set, given the local model's name. */
  closed(target: string): readonly Slot[];
}

/**
 * The helper calls that would not stay local, also those for which nobody set a
 * model: titles and compaction then follow a conversation's own model, which may be
 * pinned to the cloud whatever its agent's is; the others follow the agents' models.
 */
export function openHelpersOf(
  snapshot: Config,
  facts: { readonly isLocal: IsLocal; readonly calls: readonly HelperCall[] },
): OpenHelper[] {
  const { isLocal } = facts;
  const followsLocal = ownModelsIn(snapshot.config).every((model) => model !== undefined && isLocal(model));
  const others = otherHelpers(snapshot).flatMap(({ name, path }): OpenHelper[] => {
    const value = readSlot(snapshot.authored, path);
    const named = modelsIn(value);
    const isHeld = named.every(isLocal) && (primaryOf(value) !== undefined || followsLocal);
    if (isHeld) return [];
    const uses = named.join(", ") || "the agent's own model";
    const only = primaryOf(value) === undefined ? undefined : named;
    return [{ name, path, uses, named: only, closed: (target) => [{ path, value: target }] }];
  });
  return [
    ...openCalls(facts.calls, isLocal, followsLocal),
    ...others,
    ...describedPictures(snapshot, isLocal),
    ...switchedOff(snapshot),
  ];
}

/** Recaps and titles, compaction and dreaming. Heartbeats and jobs run hooks. */
function openCalls(calls: readonly HelperCall[], isLocal: IsLocal, followsLocal: boolean): OpenHelper[] {
  const isSet = (of: string): boolean =>
    calls.some(({ at }) => "slot" in at && at.slot.kind === "dreaming" && at.slot.of === of);
  // What all phases share is read only by a phase without a model of its own.
  const isShadowed = isSet("all phases") || ["light", "rem", "deep"].every(isSet);
  return calls.flatMap(({ at, name, now }): OpenHelper[] => {
    if (!("slot" in at) || at.slot.kind === "heartbeats") return [];
    const { slot } = at;
    if (slot.kind === "dreaming" && slot.off !== undefined) return [];
    const isHeld =
      slot.value === undefined ? slot.kind === "dreaming" && (followsLocal || isShadowed) : isLocal(slot.value);
    if (isHeld) return [];
    // Without recaps there still are titles, by each conversation's own model: gateway/config-agents/models. So
    // they get a model while the lock holds, and their empty setting back afterwards.
    const written = slot.value === undefined || slot.value === now.text ? now.text : `${slot.value} (${now.text})`;
    const uses = slot.off === undefined ? written : "titles by each conversation's own model";
    const closed = (target: string): Slot[] => [...slot.beside(target), { path: slot.path, value: target }];
    return [{ name, path: slot.path, uses, named: slot.value === undefined ? undefined : [slot.value], closed }];
  });
}

/** Places that say which model a call without hooks uses, whether or not they do say it. */
function otherHelpers(snapshot: Config): { readonly name: string; readonly path: SlotPath }[] {
  const { authored } = snapshot;
  const made = readModelSettings(snapshot).filter(
    ({ pattern }) => /\.(summaryModel|reviewer\.model)$/.test(pattern) || pattern.startsWith("channels.clickclack"),
  );
  const reviewer = ["tools", "exec", "reviewer"];
  const unset: SlotPath[] = [
    [...reviewer, "model"],
    // An agent's own block replaces the shared one as a whole.
    ...keysAt(authored, ["agents", "entries"])
      .map((id) => [...agentAt(id), ...reviewer])
      .filter((path) => readSlot(authored, path) !== null)
      .map((path) => [...path, "model"]),
    // Only where somebody has speech: a change of `tts` makes chats connect anew.
    ...(speechIn(authored) ? [["tts", "summaryModel"]] : []),
    ...[["channels", "clickclack"], ...accountsOf(authored, "clickclack")]
      .filter((path) => readSlot(authored, [...path, "replyMode"]) === "model")
      .map((path) => [...path, "model"]),
  ];
  const paths = new Map([...made.map(({ path }) => path), ...unset].map((path) => [JSON.stringify(path), path]));
  return [...paths.values()].map((path) => ({ name: nameAt(path), path }));
}

/**
 * What cannot be pointed at a model that chats: models for decisions, and plugins that compact by themselves. Empty
 * means none to OpenClaw, and unlike nothing at all it shows whether somebody changed it since.
 */
function switchedOff(snapshot: Config): OpenHelper[] {
  return readModelSettings(snapshot).flatMap(({ pattern, name, path, value }): OpenHelper[] => {
    if (!/\.(decisionModel|compaction\.provider)$/.test(pattern)) return [];
    const uses = modelsIn(value).join(", ");
    // What a plugin compacts by is no model, and may be anywhere.
    const named = pattern.endsWith(".provider") ? undefined : modelsIn(value);
    return uses === "" ? [] : [{ name, path, uses, named, closed: () => [{ path, value: "" }] }];
  });
}

/**
 * A picture that comes with a message is described before the turn begins, by whatever can look: the models set for
 * that, else the conversation's own, else any vendor with a key (nodes/media-understanding). Whoever answers gets the
 * picture either way, so where no local model is set for it, the description is left out.
 */
function describedPictures({ authored }: Config, isLocal: IsLocal): OpenHelper[] {
  const media: SlotPath = ["tools", "media"];
  const path: SlotPath = [...media, "image", "enabled"];
  if (readSlot(authored, path) === false) return [];
  const entries = z
    .array(entrySchema)
    .catch([{}])
    .parse(readSlot(authored, [...media, "models"]) ?? []);
  const named = [
    ...modelsIn(readSlot(authored, ["agents", "defaults", "imageModel"])),
    ...modelsIn(readSlot(authored, [...media, "image", "preferredModel"])),
    ...entries
      .filter(({ capabilities }) => capabilities?.includes("image") ?? true)
      .map(({ provider, model }) => `${provider ?? "a program"}/${model ?? "?"}`),
  ];
  if (named.length > 0 && named.every(isLocal)) return [];
  const uses = named.join(", ") || "whichever model can look at them";
  return [{ name: "Pictures in messages", path, uses, named: undefined, closed: () => [{ path, value: false }] }];
}

const entrySchema = z.looseObject({
  provider: z.string().optional(),
  model: z.string().optional(),
  capabilities: z.array(z.string()).optional(),
});

/** The shared default and those of single agents; undefined where OpenClaw has to choose. */
function ownModelsIn(config: unknown): (string | undefined)[] {
  const own = keysAt(config, ["agents", "entries"])
    .map((id) => primaryOf(readSlot(config, [...agentAt(id), "model"])))
    .filter((model) => model !== undefined);
  return [primaryOf(readSlot(config, ["agents", "defaults", "model"])), ...own];
}

const accountsOf = (config: unknown, platform: string): SlotPath[] =>
  keysAt(config, ["channels", platform, "accounts"]).map((id) => ["channels", platform, "accounts", id]);

const speechIn = (authored: unknown): boolean =>
  [
    ["tts"],
    ...keysAt(authored, ["agents", "entries"]).map((id) => [...agentAt(id), "tts"]),
    ...["discord", "feishu"].flatMap((platform) =>
      [["channels", platform], ...accountsOf(authored, platform)].flatMap((path) => [
        [...path, "tts"],
        [...path, "voice", "tts"],
      ]),
    ),
  ].some((path) => readSlot(authored, path) !== null);

/** The name of a setting's pattern, with whose it is. */
function nameAt(path: SlotPath): string {
  const [area, platform, id] = path;
  const known =
    path.at(-2) === "reviewer"
      ? "tools.exec.reviewer.model"
      : platform === "clickclack"
        ? "channels.clickclack.model"
        : "tts.summaryModel";
  const name = KNOWN_MODEL_SETTINGS.get(known)?.name ?? known;
  return area === "agents" ? `${name} of ${id}` : name;
}
