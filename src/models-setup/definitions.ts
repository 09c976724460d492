import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { classifyHost } from "../models/address.ts";
import { readSlot, type Slot, type SlotPath } from "../openclaw/config-slots.ts";
import type { ModelProfile } from "../registry/model-profile.ts";
import type { TriedModel } from "./set-up-model.ts";

export interface Definitions {
  readonly slots: readonly Slot[];
  /** What a person should know about them. */
  readonly notes: readonly string[];
}

const FREE = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
/** Of a window, what an answer may take at most, and no more than this, tokens. */
const MOST_ANSWER = 8_192;
/** OpenClaw drops a request to a model of one's own network that says nothing for so long, s. */
const USUAL_TIMEOUT_S = 300;
const TIMEOUTS_S = [300, 600, 1_200, 1_800] as const;

/**
 * What OpenClaw's configuration has to say so that agents can use these models of
 * an Ollama. A value that somebody has chosen stays, except the windows, which are
 * what was tried. `models` is what OpenClaw offers now. Throws `bad_config` where
 * OpenClaw reaches that provider elsewhere.
 */
export function definitionsFor(
  authored: unknown,
  server: { readonly id: string; readonly baseUrl: string },
  tried: readonly TriedModel[],
  models: readonly ModelProfile[],
): Definitions {
  const provider: SlotPath = ["models", "providers", server.id];
  const reads = (...steps: SlotPath): unknown => readSlot(authored, [...provider, ...steps]);
  const present = reads("baseUrl");
  if (typeof present === "string" && !isSamePlace(present, server.baseUrl)) {
    throw new ClutchError("bad_config", `OpenClaw reaches ${server.id} at ${present}, not at ${server.baseUrl}.`, {
      hint: "Correct servers in clutch.config.json or models.providers in OpenClaw's configuration, or choose another with --server.",
    });
  }
  const isNew = reads() === null;
  const timeout = timeoutFor(tried);
  const had = reads("timeoutSeconds");
  const missing =
    (...steps: SlotPath) =>
    (value: unknown): Slot[] =>
      reads(...steps) === null ? [{ path: [...provider, ...steps], value }] : [];
  const listed = z.array(z.unknown()).safeParse(reads("models")).data ?? [];
  const discovered = listed.length > 0 ? [] : models.filter(({ ref }) => ref.provider === server.id);
  const kept = discovered.filter(({ ref }) => !tried.some(({ name }) => name === ref.model));
  return {
    slots: [
      ...(present === null ? [{ path: [...provider, "baseUrl"], value: server.baseUrl }] : []),
      ...missing("api")("ollama"),
      // Ollama wants none, OpenClaw does.
      ...(isNew ? [{ path: [...provider, "apiKey"], value: "ollama-local" }] : []),
      ...(typeof had === "number" && had >= timeout ? [] : [{ path: [...provider, "timeoutSeconds"], value: timeout }]),
      ...kept.map(
        (profile): Slot => ({ path: [...provider, "models", { id: profile.ref.model }], value: asOffered(profile) }),
      ),
      ...tried.flatMap((model) => entrySlots(authored, [...provider, "models", { id: model.name }], model)),
      ...aliasSlots(authored, server.id, tried),
    ],
    notes: [
      ...(kept.length === 0
        ? []
        : [
            `OpenClaw looks for models by itself only where none is defined, so ${kept.map(({ ref }) => ref.model).join(", ")} ${kept.length === 1 ? "is" : "are"} defined as offered now.`,
          ]),
      ...notAllowed(authored, server.id, tried),
    ],
  };
}

/** A whole entry where there is none; else the windows, and what is missing. */
function entrySlots(authored: unknown, path: SlotPath, model: TriedModel): Slot[] {
  const { contextLength, capabilities } = model.description;
  const contextWindow = contextLength ?? model.contextTokens;
  const wanted = {
    name: model.name,
    ...(capabilities?.includes("thinking") === true ? { reasoning: true } : {}),
    input: capabilities?.includes("vision") === true ? ["text", "image"] : ["text"],
    cost: FREE,
    maxTokens: Math.min(MOST_ANSWER, Math.floor(model.contextTokens / 4)),
  };
  const windows = { contextWindow, contextTokens: model.contextTokens, params: { num_ctx: model.contextTokens } };
  if (readSlot(authored, path) === null) return [{ path, value: { ...wanted, ...windows, id: model.name } }];
  const missing = Object.entries(wanted).filter(([key]) => readSlot(authored, [...path, key]) === null);
  return [
    ...missing.map(([key, value]): Slot => ({ path: [...path, key], value })),
    { path: [...path, "contextWindow"], value: contextWindow },
    { path: [...path, "contextTokens"], value: model.contextTokens },
    { path: [...path, "params", "num_ctx"], value: model.contextTokens },
  ];
}

/** As OpenClaw found it. */
const asOffered = ({ ref, name, windowTokens, facts }: ModelProfile): Record<string, unknown> => ({
  id: ref.model,
  name,
  cost: FREE,
  ...(windowTokens === undefined
    ? {}
    : { contextWindow: Math.max(windowTokens, facts.contextLength?.value ?? 0), contextTokens: windowTokens }),
});

/**
 * Short names, only where `agents.defaults.models` is in use: in an older
 * configuration a map that did not exist before would forbid every other model.
 */
function aliasSlots(authored: unknown, provider: string, tried: readonly TriedModel[]): Slot[] {
  const map: SlotPath = ["agents", "defaults", "models"];
  const entries = z.record(z.string(), z.unknown()).safeParse(readSlot(authored, map)).data ?? {};
  if (Object.keys(entries).length === 0) return [];
  const alias = z.object({ alias: z.string().toLowerCase() });
  const taken = new Set(Object.values(entries).flatMap((entry) => alias.safeParse(entry).data?.alias ?? []));
  return tried.flatMap(({ name }): Slot[] => {
    const short = (name.split("/").at(-1) ?? name).replace(/:.*$/, "").toLowerCase();
    if (taken.has(short) || readSlot(entries, [`${provider}/${name}`, "alias"]) !== null) return [];
    taken.add(short);
    return [{ path: [...map, `${provider}/${name}`, "alias"], value: short }];
  });
}

function notAllowed(authored: unknown, provider: string, tried: readonly TriedModel[]): string[] {
  const path = ["agents", "defaults", "modelPolicy", "allow"];
  const allowed = z.array(z.string()).safeParse(readSlot(authored, path)).data ?? [];
  const covers = (ref: string) => (rule: string) =>
    rule === ref || (rule.endsWith("/*") && ref.startsWith(rule.slice(0, -1)));
  const refs = tried.map(({ name }) => `${provider}/${name}`);
  const outside = allowed.length === 0 ? [] : refs.filter((ref) => !allowed.some(covers(ref)));
  return outside.map((ref) => `agents.defaults.modelPolicy.allow does not name ${ref}, so nobody can choose it yet.`);
}

/** Enough for a cold load and a full window to be read, by what was measured, with half as much to spare. */
function timeoutFor(tried: readonly TriedModel[]): number {
  const needs = tried.map(({ probe, contextTokens }) => {
    const paces = probe.points.flatMap(({ prefill }) => prefill ?? []);
    const slowest = paces.length === 0 ? undefined : Math.min(...paces);
    return 1.5 * ((probe.loadMs ?? 0) / 1_000 + (slowest === undefined ? 0 : contextTokens / slowest));
  });
  const most = Math.max(USUAL_TIMEOUT_S, ...needs);
  return TIMEOUTS_S.find((seconds) => seconds >= most) ?? TIMEOUTS_S[3];
}

function isSamePlace(a: string, b: string): boolean {
  const [one, other] = [URL.parse(a), URL.parse(b)];
  if (one === null || other === null) return a === b;
  const hosts = [one.hostname, other.hostname];
  const sameHost = hosts[0] === hosts[1] || hosts.every((host) => classifyHost(host) === "loopback");
  return sameHost && one.port === other.port && one.protocol === other.protocol;
}
