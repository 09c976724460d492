import { dirname, isAbsolute, join } from "node:path";
import type { Disk } from "../models/machine.ts";
import type { SystemAccess } from "./system-access.ts";

/**
 * Where Ollama keeps its models and how much is free there. Where nothing is
 * pulled yet, the folder above that exists already counts: the models will
 * lie on its file system.
 */
export async function modelsDisk(
  system: SystemAccess,
  { env, home }: { readonly env: Readonly<Record<string, string | undefined>>; readonly home: string },
): Promise<Disk | undefined> {
  const named = env["OLLAMA_MODELS"];
  const usual = [join(home, ".ollama/models"), "/usr/share/ollama/.ollama/models"];
  const candidates = named !== undefined && isAbsolute(named) ? [named] : usual;
  for (const path of candidates) {
    if (await system.exists(path)) return diskAt(system, path, path);
  }
  const [path] = candidates;
  return path === undefined ? undefined : diskAt(system, path, await existingAbove(system, path));
}

async function diskAt(system: SystemAccess, path: string, existing: string): Promise<Disk | undefined> {
  const freeBytes = await system.freeBytes(existing);
  return freeBytes === undefined ? undefined : { path, freeBytes };
}

/** The nearest folder above a path that exists. */
export async function existingAbove(system: Pick<SystemAccess, "exists">, path: string): Promise<string> {
  const above = dirname(path);
  return above === path || (await system.exists(above)) ? above : existingAbove(system, above);
}
