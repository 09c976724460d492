import { z } from "zod";
import type { ModelArchitecture } from "../models/architecture.ts";
import { modelName, optionalText } from "./entries.ts";
import type { ModelDescription, RunningModel, ServedModel } from "./model-server.ts";

/** What Ollama answers (github.com/ollama/ollama, api/types.go); the package's types lack what newer servers send. */

const bytes = z.number().nonnegative().optional().catch(undefined);
const tokens = z.number().int().positive().optional().catch(undefined);
const words = z.array(z.string()).nullish().catch(undefined);

export const versionReply = z.object({ version: z.string() });
export const modelsReply = z.object({ models: z.array(z.unknown()) });
export const doneReply = z.object({ done: z.literal(true) });
export const successReply = z.object({ status: z.literal("success") });

export const tagEntry = z.object({
  name: modelName,
  size: bytes,
  remote_host: optionalText,
  remote_model: optionalText,
  capabilities: words,
  details: z
    .object({ context_length: tokens, quantization_level: optionalText.catch(undefined) })
    .optional()
    .catch(undefined),
});

export const runningEntry = z.object({
  name: modelName,
  size: bytes,
  size_vram: bytes,
  context_length: tokens,
  expires_at: optionalText.catch(undefined),
});

export const showReply = z.object({
  parameters: optionalText,
  template: optionalText,
  remote_host: optionalText,
  remote_model: optionalText,
  capabilities: words,
  details: z.object({ quantization_level: optionalText.catch(undefined) }),
  model_info: z.record(z.string(), z.unknown()).nullish().catch(undefined),
});

/** `running` is undefined where the server cannot say what is in memory. */
export function servedModel(
  entry: z.infer<typeof tagEntry>,
  running: readonly RunningModel[] | undefined,
): ServedModel {
  const contextLength = entry.details?.context_length;
  const loaded = running?.find(({ name }) => name === entry.name);
  return {
    name: entry.name,
    ...(entry.size === undefined ? {} : { sizeBytes: entry.size }),
    ...(contextLength === undefined ? {} : { contextLength }),
    ...(running === undefined ? {} : { loaded: loaded !== undefined }),
    ...(loaded?.contextTokens === undefined ? {} : { loadedContextTokens: loaded.contextTokens }),
    ...(loaded?.memoryBytes === undefined ? {} : { memoryBytes: loaded.memoryBytes }),
    ...(loaded?.vramBytes === undefined ? {} : { vramBytes: loaded.vramBytes }),
    ...whatItIs(entry),
  };
}

export function runningModel(entry: z.infer<typeof runningEntry>): RunningModel {
  const expiresAt = Date.parse(entry.expires_at ?? "");
  return {
    name: entry.name,
    ...(entry.context_length === undefined ? {} : { contextTokens: entry.context_length }),
    ...(entry.size === undefined ? {} : { memoryBytes: entry.size }),
    ...(entry.size_vram === undefined ? {} : { vramBytes: entry.size_vram }),
    ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
  };
}

export function modelDescription(reply: z.infer<typeof showReply>): ModelDescription {
  const info = reply.model_info ?? {};
  const contextLength = numberIn(info, architectureKey(info, "context_length"));
  const architecture = architectureOf(info);
  const defaultContextTokens = Number(/^num_ctx\s+"?(\d+)"?\s*$/m.exec(reply.parameters ?? "")?.[1]);
  return {
    ...(contextLength === undefined ? {} : { contextLength }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(defaultContextTokens > 0 ? { defaultContextTokens } : {}),
    ...(reply.template === undefined ? {} : { template: reply.template }),
    ...whatItIs(reply),
  };
}

/** True where the heads of each layer differ and Ollama left the list out, as it does with lists of more than five. */
export function hasShortenedHeads({ model_info }: z.infer<typeof showReply>): boolean {
  const info = model_info ?? {};
  const heads = info[architectureKey(info, "attention.head_count_kv")];
  return Array.isArray(heads) && heads.length === 0;
}

function whatItIs(said: z.infer<typeof tagEntry> | z.infer<typeof showReply>) {
  const quantization = said.details?.quantization_level;
  return {
    ...(said.remote_host === undefined ? {} : { remoteHost: said.remote_host }),
    ...(said.remote_model === undefined ? {} : { remoteModel: said.remote_model }),
    ...(said.capabilities === undefined || said.capabilities === null ? {} : { capabilities: said.capabilities }),
    // What Ollama could not tell it calls "unknown".
    ...(quantization === undefined || quantization === "unknown" ? {} : { quantization }),
  };
}

type Info = Readonly<Record<string, unknown>>;

const architectureKey = (info: Info, key: string): string => `${String(info["general.architecture"])}.${key}`;

const numberIn = (info: Info, key: string): number | undefined => {
  const value = info[key];
  return typeof value === "number" && value > 0 ? value : undefined;
};

/** From a model file's metadata (GGUF). Undefined unless all that matters is known. */
function architectureOf(info: Info): ModelArchitecture | undefined {
  const own = (key: string): number | undefined => numberIn(info, architectureKey(info, key));
  const layers = own("block_count");
  const parameters = numberIn(info, "general.parameter_count");
  const heads = average(info[architectureKey(info, "attention.head_count")]);
  const width = own("embedding_length");
  const headDim = own("attention.key_length") ?? (width === undefined || !heads ? undefined : width / heads);
  const kvEntry = info[architectureKey(info, "attention.head_count_kv")];
  const kvHeads = kvEntry === undefined ? heads : average(kvEntry);
  if (layers === undefined || parameters === undefined || headDim === undefined || !kvHeads) return undefined;
  return { layers, kvHeads, headDim, parameters, activeParameters: parameters - idleParameters(own) };
}

/** A list has the heads of each layer; what a layer has on average gives the same cache. Undefined for an empty one. */
function average(entry: unknown): number | undefined {
  const values = Array.isArray(entry) ? entry : [entry];
  if (values.length === 0 || !values.every((value) => typeof value === "number" && value >= 0)) return undefined;
  return values.reduce((sum: number, value: number) => sum + value, 0) / values.length;
}

/** Experts that a token does not use: each has three matrices (gate, up, down) in every layer that has experts. */
function idleParameters(own: (key: string) => number | undefined): number {
  const experts = own("expert_count");
  const used = own("expert_used_count");
  const width = own("embedding_length");
  const inner = own("expert_feed_forward_length") ?? own("feed_forward_length");
  const layers = (own("block_count") ?? 0) - (own("leading_dense_block_count") ?? 0);
  if (experts === undefined || used === undefined || width === undefined || inner === undefined) return 0;
  return Math.max(0, layers * (experts - used) * 3 * width * inner);
}
