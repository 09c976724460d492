import { z } from "zod";
import { messageEvents, type ThinkingSwitch } from "./anthropic-messages.ts";
import { keptEntries, modelName } from "./entries.ts";
import type { ModelDescription, ModelServer, ModelServerOptions, ServedModel } from "./model-server.ts";
import { createServerConnection } from "./server-connection.ts";
import { ServerFault } from "./server-fault.ts";

/** The largest page that the API gives; all of Anthropic's models fit on one. */
const PAGE_SIZE = 1000;
const MOST_PAGES = 20;

const supported = z
  .object({ supported: z.boolean() })
  .nullish()
  .transform((entry) => entry?.supported === true)
  .catch(false);
const capabilities = z.object({
  image_input: supported,
  thinking: z
    .object({
      supported: z.boolean(),
      types: z.object({ adaptive: supported, enabled: supported, disabled: supported, between_tools: supported }),
    })
    .nullish()
    .catch(undefined),
});
const model = z.object({
  id: modelName,
  max_input_tokens: z.number().int().positive().nullish().catch(undefined),
  capabilities: capabilities.nullish().catch(undefined),
});
type Model = z.infer<typeof model>;
const page = z.object({
  data: z.array(z.unknown()),
  has_more: z.boolean().default(false),
  last_id: z.string().nullish(),
});

/** Anthropic's API, or one made after it (docs.anthropic.com, version 2023-06-01). Throws `bad_config` where the options cannot be used. */
export function createAnthropicServer(options: ModelServerOptions): ModelServer {
  const connection = createServerConnection(options, (apiKey) => ({ "x-api-key": apiKey }), {
    "anthropic-version": "2023-06-01",
  });
  const switches = new Map<string, ThinkingSwitch>();

  async function readPage(fetch: typeof globalThis.fetch, query: Readonly<Record<string, string>>) {
    const response = await fetch(`${connection.baseUrl}/v1/models?${new URLSearchParams(query)}`);
    return page.parse(await response.json());
  }

  const readModel = (name: string, signal: AbortSignal): Promise<Model> =>
    connection.ask(
      signal,
      async (fetch) =>
        model.parse(await (await fetch(`${connection.baseUrl}/v1/models/${encodeURIComponent(name)}`)).json()),
      { model: name },
    );

  /** Some models think unless they are told not to, others refuse to be told: each says which. */
  async function thinkingSwitch(name: string, signal: AbortSignal): Promise<ThinkingSwitch> {
    const known = switches.get(name);
    if (known !== undefined) return known;
    const found = await readModel(name, signal).then(switchOf, () => ({}));
    signal.throwIfAborted();
    if (found !== undefined) switches.set(name, found);
    return found ?? {};
  }

  return {
    id: options.id,
    kind: "anthropic",
    baseUrl: connection.baseUrl,
    health: (signal) =>
      connection.probe(signal, async (fetch) => {
        await readPage(fetch, { limit: "1" });
        return {};
      }),
    list: (signal) =>
      connection.ask(signal, async (fetch) => {
        const models: ServedModel[] = [];
        let cursor: Readonly<Record<string, string>> = {};
        for (let count = 0; count < MOST_PAGES; count++) {
          const { data, has_more, last_id } = await readPage(fetch, { limit: String(PAGE_SIZE), ...cursor });
          models.push(...keptEntries(model, data).map((entry) => ({ name: entry.id, ...modelDescription(entry) })));
          if (!has_more || typeof last_id !== "string") return models;
          cursor = { after_id: last_id };
        }
        throw new ServerFault("not_understood", "sent a list of models without end");
      }),
    describe: async (name, signal) => modelDescription(await readModel(name, signal)),
    warm: async () => undefined,
    async *generate(request, signal) {
      signal.throwIfAborted();
      const thinking = await thinkingSwitch(request.model, signal);
      yield* connection.stream(signal, (fetch) => messageEvents(connection.baseUrl, fetch, request, thinking), {
        model: request.model,
      });
    },
  };
}

function modelDescription({ max_input_tokens, capabilities: can }: Model) {
  return {
    ...(typeof max_input_tokens === "number" ? { contextLength: max_input_tokens } : {}),
    // Every model of this API completes and calls tools; the rest is told.
    ...(can === undefined || can === null
      ? {}
      : {
          capabilities: [
            "completion",
            "tools",
            ...(can.image_input ? ["vision"] : []),
            ...(can.thinking?.supported ? ["thinking"] : []),
          ],
        }),
  } satisfies ModelDescription;
}

function switchOf({ capabilities: can }: Model): ThinkingSwitch | undefined {
  const types = can?.thinking?.types;
  if (types === undefined) return undefined;
  return {
    ...(types.adaptive ? { on: "adaptive" } : types.enabled ? { on: "enabled" } : {}),
    ...(types.disabled ? { off: "disabled" } : types.between_tools ? { off: "between_tools" } : {}),
  };
}
