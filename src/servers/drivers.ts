import type { ServerKind } from "../models/locality.ts";
import { createAnthropicServer } from "./anthropic.ts";
import type { ModelServer, ModelServerOptions } from "./model-server.ts";
import { createOllamaServer } from "./ollama.ts";

/** Every kind of model server that Clutch can talk to: a new one is a file of its own and a line here. */
const DRIVERS = {
  ollama: createOllamaServer,
  anthropic: createAnthropicServer,
} satisfies Partial<Record<ServerKind, (options: ModelServerOptions) => ModelServer>>;

export type DriverKind = keyof typeof DRIVERS;

/** Sends nothing. Throws `bad_config` where the base URL or the key cannot be used at all. */
export const createModelServer = (kind: DriverKind, options: ModelServerOptions): ModelServer => DRIVERS[kind](options);
