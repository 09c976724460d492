import { existsSync } from "node:fs";
import { GONE, isGone } from "./mend-store.ts";
import { openStore } from "./open-store.ts";
import { damageOf } from "./sqlite-damage.ts";
import { storeFile } from "./store-file.ts";

/** How a store is. */
export type StoreHealth =
  | { readonly state: "sound" }
  /** There is no file yet; one is made by the first process that needs it. */
  | { readonly state: "missing" }
  /** In words: what SQLite found. */
  | { readonly state: "damaged"; readonly damage: string };

/**
 * Looks through the whole store at `url` and changes nothing: every page of a SQLite
 * file, which takes some seconds a gigabyte; of PostgreSQL only that it answers.
 * Throws `store_failed` where it cannot be read for another reason.
 */
export async function checkStore(url: string, clock: () => number, cwd?: string): Promise<StoreHealth> {
  const file = storeFile(url, cwd);
  if (file !== undefined) {
    if (!existsSync(file)) return isGone(file) ? { state: "damaged", damage: GONE } : { state: "missing" };
    const damage = damageOf(file);
    return damage === undefined ? { state: "sound" } : { state: "damaged", damage };
  }
  const store = await openStore(url, { clock });
  await store.close();
  return { state: "sound" };
}
