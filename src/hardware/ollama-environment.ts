import type { SystemAccess } from "./system-access.ts";

/** With which variables the Ollama of this machine runs. */
export interface OllamaEnvironment {
  /** `process`: as it runs now. `service`: as its unit says, which holds from its next start on. */
  readonly of: "process" | "service";
  readonly values: ReadonlyMap<string, string>;
}

/** Undefined where no Ollama is found on this machine that could be looked at. */
export async function ollamaEnvironment(
  system: Pick<SystemAccess, "run" | "read" | "list">,
): Promise<OllamaEnvironment | undefined> {
  const processes = (await system.list("/proc")).filter((name) => /^\d+$/.test(name));
  for (const pid of processes) {
    const command = await system.read(`/proc/${pid}/cmdline`);
    if (command === undefined || !/(^|\/)ollama\0serve/.test(command)) continue;
    const environment = await system.read(`/proc/${pid}/environ`);
    if (environment === undefined) break;
    return { of: "process", values: valuesIn(environment.split("\0")) };
  }
  const service = await system.run("systemctl", ["show", "ollama", "--property=Environment", "--value"]);
  if (service === undefined || service === "") return undefined;
  return { of: "service", values: valuesIn(service.split(/\s+/)) };
}

const valuesIn = (entries: readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    entries.flatMap((entry): [string, string][] => {
      const at = entry.indexOf("=");
      return at < 1 ? [] : [[entry.slice(0, at), entry.slice(at + 1)]];
    }),
  );
