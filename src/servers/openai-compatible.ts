import { z } from "zod";
import { keptEntries, modelName, optionalText } from "./entries.ts";
import type { ModelServer, ModelServerOptions, ServedModel } from "./model-server.ts";
import { completionEvents } from "./openai-completions.ts";
import { createServerConnection } from "./server-connection.ts";
import { missingModel } from "./server-fault.ts";

const tokens = z.number().int().positive().optional().catch(undefined);

/** `id` is all that the servers agree on; each has its own words for the window. */
const entry = z.object({
  id: modelName,
  /** vLLM. */
  max_model_len: tokens,
  /** LM Studio. */
  max_context_length: tokens,
  loaded_context_length: tokens,
  state: optionalText.catch(undefined),
  quantization: optionalText.catch(undefined),
  /** OpenRouter. */
  context_length: tokens,
  /** llama.cpp. */
  meta: z
    .object({ n_ctx_train: tokens, size: z.number().positive().optional().catch(undefined) })
    .nullish()
    .catch(undefined),
});
const modelsReply = z.object({ data: z.array(z.unknown()) });

/**
 * Any server that speaks OpenAI's chat completions: LM Studio, vLLM, llama.cpp. The base
 * URL may end in its version or not. Throws `bad_config` where the options cannot be used.
 */
export function createOpenAiCompatibleServer(options: ModelServerOptions): ModelServer {
  const connection = createServerConnection(options, (apiKey) => ({ authorization: `Bearer ${apiKey}` }));
  const { baseUrl } = connection;
  const apiRoot = /\/v\d\w*(\/|$)/.test(new URL(baseUrl).pathname) ? baseUrl : `${baseUrl}/v1`;

  const readModels = async (fetch: typeof globalThis.fetch): Promise<readonly ServedModel[]> => {
    const reply = modelsReply.parse(await (await fetch(`${apiRoot}/models`)).json());
    return keptEntries(entry, reply.data).map(servedModel);
  };

  return {
    id: options.id,
    kind: "openai-compatible",
    baseUrl,
    health: (signal) =>
      connection.probe(signal, async (fetch) => {
        await readModels(fetch);
        return {};
      }),
    list: (signal) => connection.ask(signal, readModels),
    // Not every one of these servers can be asked for a single model.
    describe: (model, signal) =>
      connection.ask(signal, async (fetch) => {
        const found = (await readModels(fetch)).find(({ name }) => name === model);
        if (found === undefined) throw missingModel(model);
        const { contextLength, quantization } = found;
        return {
          ...(contextLength === undefined ? {} : { contextLength }),
          ...(quantization === undefined ? {} : { quantization }),
        };
      }),
    warm: async () => undefined,
    generate: (request, signal) =>
      connection.stream(signal, (fetch) => completionEvents(apiRoot, fetch, request), { model: request.model }),
  };
}

function servedModel(said: z.infer<typeof entry>): ServedModel {
  const contextLength = said.max_model_len ?? said.max_context_length ?? said.context_length ?? said.meta?.n_ctx_train;
  return {
    name: said.id,
    ...(said.meta?.size === undefined ? {} : { sizeBytes: said.meta.size }),
    ...(contextLength === undefined ? {} : { contextLength }),
    ...(said.state === undefined ? {} : { loaded: said.state === "loaded" }),
    ...(said.loaded_context_length === undefined ? {} : { loadedContextTokens: said.loaded_context_length }),
    ...(said.quantization === undefined ? {} : { quantization: said.quantization }),
  };
}
