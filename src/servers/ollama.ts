import { Ollama } from "ollama";
import { z } from "zod";
import { keptEntries, modelName, optionalText } from "./entries.ts";
import type { ModelServer, ModelServerOptions, ServedModel } from "./model-server.ts";
import { createServerConnection } from "./server-connection.ts";

const versionReply = z.object({ version: z.string() });

/** The package's types lack what newer servers send: `remote_host`, `remote_model`, `capabilities`, `context_length`. */
const tag = z.object({
  name: modelName,
  size: z.number().nonnegative().optional().catch(undefined),
  remote_host: optionalText,
  remote_model: optionalText,
  capabilities: z.array(z.string()).optional().catch(undefined),
  details: z
    .object({ context_length: z.number().int().positive().optional().catch(undefined) })
    .optional()
    .catch(undefined),
});
const tagsReply = z.object({ models: z.array(z.unknown()) });
const running = z.object({ name: modelName });

/** Ollama over its native API (github.com/ollama/ollama, docs/api.md). Throws `bad_config` where the options cannot be used. */
export function createOllamaServer(options: ModelServerOptions): ModelServer {
  const connection = createServerConnection(
    // OpenClaw drops it too: `/v1` is Ollama's OpenAI-compatible half, which cannot say what is remote.
    { ...options, baseUrl: options.baseUrl.replace(/\/v1\/*$/i, "") },
    (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  );
  const client = (fetch: typeof globalThis.fetch) => new Ollama({ host: connection.baseUrl, fetch });

  return {
    id: options.id,
    kind: "ollama",
    baseUrl: connection.baseUrl,
    health: (signal) => connection.probe(signal, async (fetch) => versionReply.parse(await client(fetch).version())),
    list: (signal) =>
      connection.ask(signal, async (fetch) => {
        const ollama = client(fetch);
        const [tags, loaded] = await Promise.all([
          ollama.list().then((reply) => keptEntries(tag, tagsReply.parse(reply).models)),
          // What is in memory is an extra: a server that cannot say it still has its list.
          ollama
            .ps()
            .then((reply) => new Set(keptEntries(running, tagsReply.parse(reply).models).map(({ name }) => name)))
            .catch(() => undefined),
        ]);
        return tags.map((entry) => servedModel(entry, loaded));
      }),
  };
}

function servedModel(entry: z.infer<typeof tag>, loaded: ReadonlySet<string> | undefined): ServedModel {
  const contextLength = entry.details?.context_length;
  return {
    name: entry.name,
    ...(entry.size === undefined ? {} : { sizeBytes: entry.size }),
    ...(contextLength === undefined ? {} : { contextLength }),
    ...(loaded === undefined ? {} : { loaded: loaded.has(entry.name) }),
    ...(entry.remote_host === undefined ? {} : { remoteHost: entry.remote_host }),
    ...(entry.remote_model === undefined ? {} : { remoteModel: entry.remote_model }),
    ...(entry.capabilities === undefined ? {} : { capabilities: entry.capabilities }),
  };
}
