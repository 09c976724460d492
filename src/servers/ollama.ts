import { Ollama } from "ollama";
import { keptEntries } from "./entries.ts";
import type { LocalModelServer, ModelServerOptions, RunningModel } from "./model-server.ts";
import { chatBody, chatEvents, goDuration } from "./ollama-chat.ts";
import { pullProgress } from "./ollama-pull.ts";
import {
  doneReply,
  hasShortenedHeads,
  modelDescription,
  modelsReply,
  runningEntry,
  runningModel,
  servedModel,
  showReply,
  successReply,
  tagEntry,
  versionReply,
} from "./ollama-replies.ts";
import { createServerConnection } from "./server-connection.ts";

type Fetch = typeof globalThis.fetch;

/**
 * The oldest server that says all that is asked here: `remote_host` came with the first
 * one that passes models on, 0.12.0, `context_length` in `/api/ps` with 0.10.0. What an
 * older one does not say stays undefined.
 */
export const OLLAMA_MIN_VERSION = "0.12.0";

/** False also for a version that is no number, such as a build of one's own. */
export const isOldOllama = (version: string): boolean =>
  /^\d/.test(version) && version.localeCompare(OLLAMA_MIN_VERSION, "en", { numeric: true }) < 0;

/**
 * Ollama over its native API (github.com/ollama/ollama, docs/api.md). Throws `bad_config`
 * where the options cannot be used.
 */
export function createOllamaServer(options: ModelServerOptions): LocalModelServer {
  const connection = createServerConnection(
    // OpenClaw drops it too: `/v1` is Ollama's OpenAI-compatible half, which cannot say what is remote.
    { ...options, baseUrl: options.baseUrl.replace(/\/v1\/*$/i, "") },
    (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  );
  const { loadTimeoutMs } = connection;
  const client = (fetch: Fetch) => new Ollama({ host: connection.baseUrl, fetch });
  const post = (fetch: Fetch, path: string, body: unknown): Promise<Response> =>
    fetch(`${connection.baseUrl}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  const readRunning = async (fetch: Fetch): Promise<readonly RunningModel[]> =>
    keptEntries(runningEntry, modelsReply.parse(await client(fetch).ps()).models).map(runningModel);

  return {
    id: options.id,
    kind: "ollama",
    baseUrl: connection.baseUrl,
    health: (signal) => connection.probe(signal, async (fetch) => versionReply.parse(await client(fetch).version())),
    list: (signal) =>
      connection.ask(signal, async (fetch) => {
        const [tags, running] = await Promise.all([
          client(fetch)
            .list()
            .then((reply) => keptEntries(tagEntry, modelsReply.parse(reply).models)),
          // What is in memory is an extra: a server that cannot say it still has its list.
          readRunning(fetch).catch(() => undefined),
        ]);
        return tags.map((entry) => servedModel(entry, running));
      }),
    running: (signal) => connection.ask(signal, readRunning),
    describe: (model, signal) =>
      connection.ask(
        signal,
        async (fetch) => {
          const reply = showReply.parse(await client(fetch).show({ model }));
          if (!hasShortenedHeads(reply)) return modelDescription(reply);
          // The long form has them, with the whole vocabulary: megabytes that only these models are worth.
          const long = await post(fetch, "/api/show", { model, verbose: true })
            .then(async (response) => showReply.parse(await response.json()))
            .catch(() => reply);
          return modelDescription(long);
        },
        { model },
      ),
    warm: async (model, { contextTokens, keepAliveMs }, signal) => {
      await connection.ask(
        signal,
        async (fetch) => {
          const reply = await client(fetch).generate({
            model,
            prompt: "",
            stream: false,
            ...(keepAliveMs === undefined ? {} : { keep_alive: goDuration(keepAliveMs) }),
            ...(contextTokens === undefined ? {} : { options: { num_ctx: contextTokens } }),
          });
          return doneReply.parse(reply);
        },
        { model, timeoutMs: loadTimeoutMs },
      );
    },
    unload: async (model, signal) => {
      await connection.ask(
        signal,
        async (fetch) =>
          doneReply.parse(await client(fetch).generate({ model, prompt: "", stream: false, keep_alive: 0 })),
        { model },
      );
    },
    generate: (request, signal) =>
      connection.stream(signal, (fetch) => chatEvents(() => post(fetch, "/api/chat", chatBody(request))), {
        model: request.model,
      }),
    pull: (model, signal) =>
      connection.stream(
        signal,
        async function* (fetch) {
          yield* pullProgress(model, await post(fetch, "/api/pull", { model, stream: true }));
        },
        // Checking the digest of what was downloaded takes minutes without a word.
        { model, timeoutMs: loadTimeoutMs },
      ),
    derive: async (name, { from, template, parameters }, signal) => {
      await connection.ask(
        signal,
        // Not by the package, which refuses where the working directory has a file of the model's name.
        async (fetch) => {
          const body = { model: name, from, template, parameters, stream: false };
          return successReply.parse(await (await post(fetch, "/api/create", body)).json());
        },
        { model: from, timeoutMs: loadTimeoutMs },
      );
    },
  };
}
