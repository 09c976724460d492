import { z } from "zod";
import { keptEntries, modelName } from "./entries.ts";
import type { ModelServer, ModelServerOptions, ServedModel } from "./model-server.ts";
import { createServerConnection, ServerFault } from "./server-connection.ts";

/** The largest page that the API gives; all of Anthropic's models fit on one. */
const PAGE_SIZE = 1000;
const MOST_PAGES = 20;

const model = z.object({
  id: modelName,
  max_input_tokens: z.number().int().positive().nullish().catch(undefined),
});
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

  async function readPage(fetch: typeof globalThis.fetch, query: Readonly<Record<string, string>>) {
    const response = await fetch(`${connection.baseUrl}/v1/models?${new URLSearchParams(query)}`);
    return page.parse(await response.json());
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
          models.push(...keptEntries(model, data).map(servedModel));
          if (!has_more || typeof last_id !== "string") return models;
          cursor = { after_id: last_id };
        }
        throw new ServerFault("not_understood", "sent a list of models without end");
      }),
  };
}

const servedModel = ({ id, max_input_tokens }: z.infer<typeof model>): ServedModel => ({
  name: id,
  ...(typeof max_input_tokens === "number" ? { contextLength: max_input_tokens } : {}),
});
