import { CANARY } from "../models/canary.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import { readSlot } from "../openclaw/config-slots.ts";
import { KNOWN_MODEL_SETTINGS } from "../openclaw/known-model-settings.ts";
import { type ModelSetting, readModelSettings } from "../openclaw/model-settings.ts";
import type { ConfigSnapshot } from "../openclaw/openclaw.ts";
import { type IsLocal, keysAt, modelsIn, OWN_RUNTIMES, primaryOf } from "./local-reader.ts";
import { isLoopbackAddress } from "./loopback.ts";

type Config = Pick<ConfigSnapshot, "authored">;

/** A setting that leads to the cloud, or to somewhere unknown, and how it is held. */
export interface CloudSetting {
  readonly name: string;
  readonly setting: string;
  readonly how: string;
  readonly value: string;
  /** Whether it leads to the gateway's own machine, where a wall may not see it. */
  readonly onGateway: boolean;
}

/** What there is besides turns and helper calls, and is not proved to stay local; also what nobody set. */
export function cloudSettingsOf(
  snapshot: Config,
  facts: { readonly isLocal: IsLocal; readonly catalogue: readonly ModelRef[] },
): CloudSetting[] {
  const near = providersOnGateway(snapshot);
  return [...settingsMade(snapshot, { ...facts, near }), ...leftToOpenClaw(snapshot, near)];
}

/**
 * Outlets that are open where nobody set anything: memory is embedded by OpenAI (reference/memory-config), and what is
 * heard or filmed is understood by whichever vendor there is a key for (nodes/media-understanding).
 */
function leftToOpenClaw({ authored }: Config, near: ReadonlySet<string>): CloudSetting[] {
  const set = keysAt(authored, ["models", "providers"]).filter((id) => id !== CANARY.provider);
  const isOff = (...path: string[]): boolean => readSlot(authored, path) === false;
  const left = (name: string, setting: string, may: readonly string[]): CloudSetting => {
    const onGateway = may.some((id) => near.has(id));
    return { name, setting, how: "egress", value: "not set, so OpenClaw chooses", onGateway };
  };
  const hasMemory =
    readSlot(authored, ["memory", "search", "provider"]) === null && !isOff("memory", "search", "enabled");
  const hears = !["audio", "video"].every((kind) => isOff("tools", "media", kind, "enabled"));
  return [
    ...(hasMemory ? [left("Memory embeddings", "memory.search.provider", ["openai"])] : []),
    // Ollama hears nothing.
    ...(hears
      ? [
          left(
            "Voice and video in messages",
            "tools.media.audio",
            set.filter((id) => id !== "ollama"),
          ),
        ]
      : []),
  ];
}

function settingsMade(
  snapshot: Config,
  facts: { readonly isLocal: IsLocal; readonly catalogue: readonly ModelRef[]; readonly near: ReadonlySet<string> },
): CloudSetting[] {
  return readModelSettings(snapshot).flatMap((made): CloudSetting[] => {
    const { name, setting, how } = made;
    if (!["tool", "egress", "route"].includes(how) || staysLocal(made, facts)) return [];
    const value = modelsIn(made.value).map(presentable).join(", ");
    return [{ name, setting, how, value, onGateway: isOnGateway(snapshot, made, facts.near) }];
  });
}

/** Providers that OpenClaw looks for on its own machine where no address is set (its documentation, providers). */
const NEAR_BY_DEFAULT: readonly string[] = ["ollama", "lmstudio", "vllm", "sglang", "litellm"];

function providersOnGateway({ authored }: Config): ReadonlySet<string> {
  const addressOf = (id: string): unknown => readSlot(authored, ["models", "providers", id, "baseUrl"]);
  const set = keysAt(authored, ["models", "providers"]).filter((id) => namesLoopback(addressOf(id)));
  return new Set([...set, ...NEAR_BY_DEFAULT.filter((id) => addressOf(id) === null)]);
}

/** Whether it, or an address beside it, names the gateway's own machine, or a provider that is there. */
function isOnGateway(
  { authored }: Config,
  { path, value }: Pick<ModelSetting, "path" | "value">,
  near: ReadonlySet<string>,
): boolean {
  const beside = [["baseUrl"], ["remote", "baseUrl"]].map((keys) =>
    readSlot(authored, [...path.slice(0, -1), ...keys]),
  );
  const isNear = (name: string): boolean => near.has(name.split("/")[0] ?? "");
  return [readSlot(authored, path), ...beside].some(namesLoopback) || modelsIn(value).some(isNear);
}

/** Whether an address in it, however deep, is of the machine itself. */
function namesLoopback(value: unknown): boolean {
  if (typeof value === "string") return isLoopbackAddress(value.trim());
  return typeof value === "object" && value !== null && Object.values(value).some(namesLoopback);
}

/** Ways to search memory by words alone, and by a model within OpenClaw (concepts/memory-search). */
const NO_SERVICE: readonly string[] = ["none", "local"];

function staysLocal(
  { pattern, path, value }: ModelSetting,
  { isLocal, catalogue }: { readonly isLocal: IsLocal; readonly catalogue: readonly ModelRef[] },
): boolean {
  const named = modelsIn(value);
  if (named.length === 0 || named.every(isLocal)) return true;
  if (pattern === "proxy.enabled") return value === "true";
  if (/memory\.search\.(provider|fallback)$/.test(pattern)) return named.every((id) => NO_SERVICE.includes(id));
  if (pattern.endsWith(".agentRuntime")) return named.every((id) => OWN_RUNTIMES.includes(id));
  if (!pattern.startsWith("models.providers.") || !pattern.endsWith("aseUrl")) return false;
  const [, , provider, , entry] = path;
  const led = catalogue.filter(
    (ref) => ref.provider === provider && (typeof entry !== "object" || ref.model === entry.id),
  );
  return led.length > 0 && led.every((ref) => isLocal(formatModelRef(ref)));
}

/** Of an address only the host: what follows may be a secret. */
function presentable(value: string): string {
  const url = /^[a-z]+:\/\//i.test(value) ? URL.parse(value) : null;
  return url === null ? value : `${url.protocol}//${url.host}`;
}

/**
 * The tools that are to be blocked. One that looks at images, or reads PDFs, is
 * left out where the model that is set for it is proved local, fallbacks included.
 */
export function cloudTools({ authored }: Config, isLocal: IsLocal): string[] {
  const tools = new Set([...KNOWN_MODEL_SETTINGS.values()].flatMap(({ tool }) => tool ?? []));
  const isHeld = (tool: string): boolean => {
    const models = (TOOL_MODELS[tool] ?? []).map((key) => readSlot(authored, ["agents", "defaults", key]));
    const first = models.find((value) => primaryOf(value) !== undefined);
    return first !== undefined && modelsIn(first).every(isLocal);
  };
  return [...tools].filter((tool) => !isHeld(tool)).sort();
}

/** Which setting decides, the first that is made (tools/pdf of OpenClaw's documentation). */
const TOOL_MODELS: Readonly<Record<string, readonly string[]>> = {
  view_image: ["imageModel"],
  pdf: ["pdfModel", "imageModel"],
};
