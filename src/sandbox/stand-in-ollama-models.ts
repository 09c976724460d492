import { createHash } from "node:crypto";

/** A model as the stand-in offers it. `remoteHost` makes it a cloud model in disguise, as Ollama marks those. */
export interface OllamaModel {
  readonly name: string;
  readonly contextLength: number;
  readonly capabilities?: readonly string[];
  readonly parameterSize?: string;
  readonly remoteHost?: string;
  readonly sizeBytes?: number;
  /** Of these `/api/show` tells those that are given. */
  readonly layers?: number;
  readonly heads?: number;
  /** A list says it for each layer. */
  readonly kvHeads?: number | readonly number[];
  readonly headDim?: number;
  readonly parameters?: number;
  readonly experts?: { readonly count: number; readonly used: number; readonly width: number };
  /** How much of it the graphics processor can hold, bytes; all where absent. */
  readonly vramBytes?: number;
  /** The window that it gets where a request asks for none, tokens. */
  readonly numCtx?: number;
  readonly template?: string;
  /** How long it takes into memory, ms. */
  readonly loadMs?: number;
  /** Prints its tool calls as plain JSON text, as Qwen2.5-Coder does; another template mends it. */
  readonly textTools?: boolean;
}

/** What is in memory: with which window, and until when, epoch ms. */
export interface Loaded {
  readonly contextTokens: number;
  readonly expiresAt: number;
}

const SIZE_BYTES = 19_851_349_856;
const DEFAULT_WINDOW_TOKENS = 4_096;
const DEFAULT_KEEP_ALIVE_MS = 300_000;
const DEFAULT_TEMPLATE = "{{ .System }} {{ .Prompt }}";

export const sizeOf = (model: OllamaModel): number =>
  model.remoteHost === undefined ? (model.sizeBytes ?? SIZE_BYTES) : 384;

/** An entry of `/api/tags`. */
export const tag = (model: OllamaModel) => ({
  name: model.name,
  model: model.name,
  modified_at: "2026-11-01T00:00:00Z",
  size: sizeOf(model),
  digest: createHash("sha256").update(model.name).digest("hex"),
  details: {
    format: "gguf",
    family: model.name.split(/[.:]/)[0],
    parameter_size: model.parameterSize ?? "32.8B",
    quantization_level: "Q4_K_M",
  },
  ...remote(model),
});

/** An entry of `/api/ps`. */
export function running(model: OllamaModel, { contextTokens, expiresAt }: Loaded) {
  const size = sizeOf(model) + cacheBytes(model, contextTokens);
  return {
    ...tag(model),
    size,
    size_vram: Math.min(size, model.vramBytes ?? size),
    context_length: contextTokens,
    expires_at: new Date(expiresAt).toISOString(),
  };
}

/** The answer of `/api/show`. Unless it is `verbose`, lists of more than five come empty, as from Ollama. */
export function show(model: OllamaModel, verbose: boolean) {
  const kvHeads = typeof model.kvHeads === "object" && model.kvHeads.length > 5 && !verbose ? [] : model.kvHeads;
  const heads = model.heads ?? (typeof model.kvHeads === "number" ? model.kvHeads : undefined);
  const info = {
    "general.architecture": "demo",
    "general.parameter_count": model.parameters,
    "demo.context_length": model.contextLength,
    "demo.block_count": model.layers,
    "demo.embedding_length": model.headDim === undefined || heads === undefined ? undefined : model.headDim * heads,
    "demo.attention.head_count": heads,
    "demo.attention.head_count_kv": kvHeads,
    "demo.attention.key_length": model.headDim,
    "demo.expert_count": model.experts?.count,
    "demo.expert_used_count": model.experts?.used,
    "demo.expert_feed_forward_length": model.experts?.width,
  };
  return {
    details: tag(model).details,
    template: model.template ?? DEFAULT_TEMPLATE,
    ...(model.numCtx === undefined ? {} : { parameters: `${"num_ctx".padEnd(30)} ${model.numCtx}` }),
    model_info: info,
    capabilities: model.capabilities ?? ["completion", "tools"],
    ...remote(model),
  };
}

/** The window that a request gives its model, tokens. */
export function windowFor(body: Readonly<Record<string, unknown>>, model: OllamaModel): number {
  const asked = numberAt(body["options"], "num_ctx");
  return Math.min(asked > 0 ? asked : (model.numCtx ?? DEFAULT_WINDOW_TOKENS), model.contextLength);
}

/** The number of that name in a request's options; zero where there is none. */
export function numberAt(options: unknown, name: string): number {
  const value = typeof options === "object" && options !== null ? (options as Record<string, unknown>)[name] : 0;
  return typeof value === "number" ? value : 0;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** How long a request keeps its model, ms: seconds as a number, or Go's notation; below zero for good. */
export function keepAliveMs(value: unknown): number {
  if (typeof value === "number") return value < 0 ? Number.MAX_SAFE_INTEGER : value * 1_000;
  const [, sign, amount, unit] = /^(-?)([\d.]+)(ms|s|m|h)?$/.exec(typeof value === "string" ? value : "") ?? [];
  if (amount === undefined) return DEFAULT_KEEP_ALIVE_MS;
  return sign === "-" ? Number.MAX_SAFE_INTEGER : Number(amount) * (UNIT_MS[unit ?? "s"] ?? 0);
}

const remote = (model: OllamaModel) =>
  model.remoteHost === undefined ? {} : { remote_host: model.remoteHost, remote_model: model.name };

/** Keys and values, two bytes a number. */
function cacheBytes(model: OllamaModel, contextTokens: number): number {
  const heads = typeof model.kvHeads === "object" ? average(model.kvHeads) : (model.kvHeads ?? 0);
  return 2 * 2 * (model.layers ?? 0) * heads * (model.headDim ?? 0) * contextTokens;
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
