import { type Config, defaultConfig, loadConfig } from "../config.ts";
import { readConfigFile } from "../config-file.ts";
import { ClutchError } from "../errors.ts";
import { findOllama } from "../models-setup/find-ollama.ts";
import { readLocalGateway } from "../openclaw/find-gateway.ts";
import { modelConfigOf } from "../openclaw/model-config.ts";
import { hardwareInShort } from "./doctor-hardware.ts";
import type { Desk, InitFlags, Known } from "./init-answers.ts";
import type { Runtime } from "./runtime.ts";

/** Looks what is on this machine, says it, and remembers what must not be printed. Throws `bad_config`. */
export async function lookAround(
  { ollama: named }: InitFlags,
  desk: Desk,
  secrets: string[],
): Promise<{ readonly known: Known; readonly found: Readonly<Record<string, unknown>> }> {
  const { runtime, say } = desk;
  const file = readConfigFile(runtime);
  const config = file.text === undefined ? defaultConfig : await loadConfig(runtime);
  secrets.push(...config.secrets);
  const [local, ollama, hardware] = await Promise.all([
    readLocalGateway(runtime),
    lookForOllama(config, named, runtime),
    hardwareInShort(runtime).catch(() => ["What this machine has could not be read."]),
  ]);
  runtime.signal.throwIfAborted();
  if (local?.token !== undefined) {
    secrets.push(local.token);
    runtime.secrets?.push(local.token);
  }
  const claude = runtime.env["ANTHROPIC_API_KEY"] ? "env:ANTHROPIC_API_KEY" : null;
  const found = {
    openclaw:
      local === undefined ? null : { url: local.url, configPath: local.configPath, token: local.token !== undefined },
    ollama: ollama ?? null,
    claude,
    hardware,
  };
  say(
    local === undefined
      ? "OpenClaw: none is configured on this machine."
      : `OpenClaw: configured in ${local.configPath}, gateway ${local.url}${local.token === undefined ? "; its token is not there" : ""}.`,
    ollama === undefined
      ? "Ollama: none answers here."
      : `Ollama: ${ollama.baseUrl}${ollama.version === undefined ? "" : `, version ${ollama.version}`}.`,
    ...hardware,
    ...(claude === null
      ? []
      : ["Claude: ANTHROPIC_API_KEY is set; --claude-key env:ANTHROPIC_API_KEY has Clutch use it, too."]),
    "",
  );
  const gateway =
    local === undefined
      ? undefined
      : { url: local.url, hasToken: local.token !== undefined, configPath: local.configPath };
  return { known: { file, config, gateway, ollama }, found };
}

async function lookForOllama({ servers }: Config, ollama: string | undefined, runtime: Runtime) {
  const own = Object.entries(servers).map(([id, { kind, baseUrl }]) => [id, { kind, baseUrl }] as const);
  const named =
    ollama === undefined ? Object.fromEntries(own) : { ollama: { kind: "ollama" as const, baseUrl: ollama } };
  try {
    const { server, version } = await findOllama({
      id: undefined,
      servers: named,
      config: modelConfigOf({}),
      ollamaHost: runtime.env["OLLAMA_HOST"],
      fetch: runtime.fetch,
      signal: runtime.signal,
    });
    return { id: server.id, baseUrl: server.baseUrl, version };
  } catch (thrown) {
    if (ollama !== undefined || !(thrown instanceof ClutchError)) throw thrown;
    return undefined;
  }
}
