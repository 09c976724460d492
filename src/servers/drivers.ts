import { ClutchError } from "../errors.ts";
import type { ServerKind } from "../models/locality.ts";
import { createAnthropicServer } from "./anthropic.ts";
import type { LocalModelServer, ModelServer, ModelServerOptions } from "./model-server.ts";
import { createOllamaServer } from "./ollama.ts";
import { createOpenAiCompatibleServer } from "./openai-compatible.ts";

/** Every kind of model server that Clutch can talk to: a new one is a file of its own and a line here. */
const DRIVERS: Readonly<Record<ServerKind, (options: ModelServerOptions) => ModelServer>> = {
  ollama: createOllamaServer,
  anthropic: createAnthropicServer,
  "openai-compatible": createOpenAiCompatibleServer,
};

/** Sends nothing. Throws `bad_config` where there is no such kind, or the base URL or the key cannot be used at all. */
export function createModelServer(kind: "ollama", options: ModelServerOptions): LocalModelServer;
export function createModelServer(kind: ServerKind, options: ModelServerOptions): ModelServer;
export function createModelServer(kind: ServerKind, options: ModelServerOptions): ModelServer {
  return driverOf(kind, options.id)(options);
}

/** Throws `bad_config` where there is no such kind, naming those that there are. */
export function checkServerKind(kind: ServerKind, id: string): void {
  driverOf(kind, id);
}

function driverOf(kind: ServerKind, id: string): (options: ModelServerOptions) => ModelServer {
  const driver = Object.hasOwn(DRIVERS, kind) ? DRIVERS[kind] : undefined;
  if (driver !== undefined) return driver;
  throw new ClutchError("bad_config", `“servers.${id}.kind” is wrong: Clutch knows no model server “${kind}”.`, {
    hint: `It knows ${Object.keys(DRIVERS).join(", ")}.`,
  });
}

/** Whether the server can be told what to keep on its disk and in its memory. */
export const isLocalModelServer = (server: ModelServer): server is LocalModelServer => "pull" in server;
