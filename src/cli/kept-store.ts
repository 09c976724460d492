import { existsSync } from "node:fs";
import type { Config } from "../config.ts";
import { findRunningSandbox } from "../sandbox/sandbox-records.ts";
import { refuseGone } from "../store/mend-store.ts";
import { openStore, type Store } from "../store/open-store.ts";
import { storeFile } from "../store/store-file.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Looks into the store that a Clutch on this machine has written, without a
 * gateway. Looking makes no file: where there is none yet, nothing was kept yet,
 * and `nothing` is the answer.
 */
export async function withKeptStore<T>(
  config: Config,
  runtime: Runtime,
  look: (store: Store) => Promise<T>,
  nothing: T,
): Promise<T> {
  const url = await storeOf(config, runtime);
  refuseGone(url, runtime.cwd);
  if (isMissing(url, runtime)) return nothing;
  const store = await openStore(url, { clock: runtime.clock });
  try {
    return await look(store);
  } finally {
    await store.close();
  }
}

/** Without a store of one's own, that of the sandbox in another terminal, as `clutch exec` takes it. */
async function storeOf(config: Config, runtime: Runtime): Promise<string> {
  if (config.path !== undefined || !isMissing(config.store, runtime)) return config.store;
  return (await findRunningSandbox())?.store ?? config.store;
}

const isMissing = (store: string, { cwd }: Runtime): boolean => {
  const file = storeFile(store, cwd);
  return file !== undefined && !existsSync(file);
};
