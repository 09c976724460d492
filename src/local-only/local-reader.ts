import { z } from "zod";
import { type ModelRef, parseModelRef, sameModel } from "../models/model-ref.ts";
import { readSlot, type SlotPath } from "../openclaw/config-slots.ts";

/** A model as a setting names it, by its name or by an alias. */
export type IsLocal = (written: string) => boolean;

/**
 * Tells whether a name in a setting means a model that is proved local, whichever
 * agent OpenClaw reads it for. An agent may rename or drop the shared aliases; an
 * alias beats a model of that name; a bare name that is no alias, or also a model's
 * id, means that model of whatever provider is at work.
 */
export function localReader(
  config: unknown,
  { localModels, catalogue }: { readonly localModels: readonly ModelRef[]; readonly catalogue: readonly ModelRef[] },
): IsLocal {
  const readers = aliasesByReader(config);
  const isProved = (ref: ModelRef): boolean =>
    localModels.some((local) => sameModel(local, ref)) && !isDetoured(config, ref);
  return (written) => {
    const name = written.trim();
    const lower = name.toLowerCase();
    const literal = parseModelRef(name);
    if (literal === undefined && catalogue.some(({ model }) => model.toLowerCase() === lower)) return false;
    const meaning = readers.map((aliases) =>
      aliases.filter(({ alias, ref }) => [alias, `${ref.provider}/${alias}`.toLowerCase()].includes(lower)),
    );
    const isKnown = literal === undefined ? meaning.every((meant) => meant.length > 0) : isProved(literal);
    return isKnown && meaning.flat().every(({ ref }) => isProved(ref));
  };
}

/** Runtimes that are OpenClaw itself, which speaks to a model's server directly. */
export const OWN_RUNTIMES: readonly unknown[] = ["openclaw", "pi", "auto"];

/** Whether something stands between OpenClaw and a model's server. */
function isDetoured(config: unknown, { provider, model }: ModelRef): boolean {
  const entry: SlotPath = ["models", "providers", provider];
  const own: SlotPath = [...entry, "models", { id: model }];
  const proxies = [entry, own].map((path) => readSlot(config, [...path, "request", "proxy"]));
  const holders: SlotPath[] = [["agents", "defaults"], ...keysAt(config, ["agents", "entries"]).map(agentAt)];
  const runtimes = [
    ...[entry, own],
    ...holders.flatMap((path) => [`${provider}/${model}`, `${provider}/*`].map((key) => [...path, "models", key])),
  ].map((path) => readSlot(config, [...path, "agentRuntime"]));
  const isOwn = (runtime: unknown): boolean =>
    runtime === null || OWN_RUNTIMES.includes(readSlot(runtime, ["id"]) ?? runtime);
  return proxies.some((proxy) => proxy !== null) || !runtimes.every(isOwn);
}

interface Alias {
  readonly alias: string;
  readonly ref: ModelRef;
}

/** The aliases as whoever has none of its own reads them, and as each agent does. */
function aliasesByReader(config: unknown): Alias[][] {
  const aliasesOf = (holder: SlotPath): [string, Alias][] =>
    keysAt(config, [...holder, "models"]).flatMap((name) => {
      const alias = readSlot(config, [...holder, "models", name, "alias"]);
      const ref = parseModelRef(name);
      return typeof alias !== "string" || ref === undefined ? [] : [[name, { alias: alias.trim().toLowerCase(), ref }]];
    });
  const shared = aliasesOf(["agents", "defaults"]);
  const own = keysAt(config, ["agents", "entries"]).map((id) => aliasesOf(agentAt(id)));
  // An empty alias takes the shared one away.
  return [[], ...own].map((more) => [...new Map([...shared, ...more]).values()].filter(({ alias }) => alias !== ""));
}

/** Keys of an object in a configuration. */
export const keysAt = (config: unknown, path: SlotPath): string[] =>
  Object.keys(objectSchema.parse(readSlot(config, path)));

/** Where an agent's own settings are. */
export const agentAt = (id: string): SlotPath => ["agents", "entries", id];

const objectSchema = z.record(z.string(), z.unknown()).catch({});
const textSchema = z.string().trim().min(1).optional().catch(undefined);
const textsSchema = z.array(z.string().trim()).catch([]);

/** The model that a setting names first; undefined where it names none. */
export const primaryOf = (value: unknown): string | undefined =>
  textSchema.parse(readSlot(value, ["primary"]) ?? value);

/** The models that a setting names, fallbacks included. */
export const modelsIn = (value: unknown): string[] => [
  ...[primaryOf(value) ?? []].flat(),
  ...textsSchema.parse(readSlot(value, ["fallbacks"])).filter((model) => model !== ""),
];
