import type { ServerKind } from "../models/locality.ts";
import { createAnthropicServer } from "./anthropic.ts";
import type { LocalModelServer, ModelServer, ModelServerOptions } from "./model-server.ts";
import { createOllamaServer } from "./ollama.ts";
import { createOpenAiCompatibleServer } from "./openai-compatible.ts";

type ServerOf<K extends ServerKind> = K extends "ollama" ? LocalModelServer : ModelServer;

/** Every kind of model server that Clutch can talk to: a new one is a file of its own and a line here. */
const DRIVERS: { readonly [K in ServerKind]: (options: ModelServerOptions) => ServerOf<K> } = {
  ollama: createOllamaServer,
  anthropic: createAnthropicServer,
  "openai-compatible": createOpenAiCompatibleServer,
};

export type DriverKind = keyof typeof DRIVERS;

/** Sends nothing. Throws `bad_config` where the base URL or the key cannot be used at all. */
export const createModelServer = <K extends DriverKind>(kind: K, options: ModelServerOptions): ServerOf<K> =>
  DRIVERS[kind](options);

/** Whether the server can be told what to keep on its disk and in its memory. */
export const isLocalModelServer = (server: ModelServer): server is LocalModelServer => "pull" in server;
