import { ollamaEnvironment } from "../hardware/ollama-environment.ts";
import type { SystemAccess } from "../hardware/system-access.ts";

export interface OllamaCloud {
  /** `off`: its service is told so. Nothing asks a running Ollama whether it goes by it. */
  readonly state: "off" | "on" | "unknown";
  /** One sentence. */
  readonly evidence: string;
}

const NAME = "OLLAMA_NO_CLOUD";

/**
 * Whether the Ollama of this machine may go to Ollama's cloud by itself, which no
 * proxy of OpenClaw's sees: by its service's environment and its `server.json`
 * (`disable_ollama_cloud`, Ollama pull request 14221).
 */
export async function ollamaCloud(
  system: Pick<SystemAccess, "run" | "read" | "list">,
  home: string,
): Promise<OllamaCloud> {
  const environment = await ollamaEnvironment(system);
  if (environment === undefined) return fromFile(system, home, undefined);
  const { of, values } = environment;
  const who = of === "process" ? "the running Ollama" : "Ollama's service";
  const value = values.get(NAME);
  if (isYes(value)) return { state: "off", evidence: `${who} has ${NAME}=${value}` };
  return fromFile(system, home, `${who} may use it`);
}

async function fromFile(
  system: Pick<SystemAccess, "read">,
  home: string,
  otherwise: string | undefined,
): Promise<OllamaCloud> {
  const text = await system.read(`${home}/.ollama/server.json`);
  if (text !== undefined && /"disable_ollama_cloud"\s*:\s*true/.test(text)) {
    return { state: "off", evidence: "its server.json has disable_ollama_cloud" };
  }
  if (otherwise !== undefined)
    return { state: "on", evidence: `${otherwise}; OLLAMA_NO_CLOUD=1 for its service ends that` };
  return { state: "unknown", evidence: "no Ollama was found on this machine that could be looked at" };
}

const isYes = (value: string | undefined): boolean => /^(1|true|yes|on)$/i.test(value ?? "");
