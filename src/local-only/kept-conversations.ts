import { z } from "zod";
import type { GuardClient } from "../openclaw/guard-client.ts";
import type { ExpiringStore } from "../store/expiring-store.ts";

type Kept = Readonly<Record<string, { readonly why: "here" | "unreleased"; readonly at: number }>>;

/**
 * The conversations that stay local by themselves. The guard keeps them, and its file
 * may be lost; so the store has them too, and what either of them knows is kept. Only
 * who holds the lock's lease may change them.
 */
export interface KeptConversations {
  /** By session key; codes of `GuardClient`. */
  read(): Promise<Kept>;
  keep(keys: readonly string[], why: "here" | "unreleased"): Promise<void>;
  release(keys: readonly string[]): Promise<void>;
  /** Tells the guard of those that it forgot, and gives them. Nothing where there is no guard, or its file is damaged. */
  mend(): Promise<readonly string[]>;
}

const KEY = "kept";
const stored = z.record(z.string(), z.object({ why: z.enum(["here", "unreleased"]), at: z.number() }));

export function createKeptConversations(parts: {
  readonly guard: Pick<GuardClient, "status" | "keep" | "release">;
  readonly store: ExpiringStore;
  /** Epoch ms. */
  readonly clock: () => number;
}): KeptConversations {
  const { guard, store, clock } = parts;
  const remembered = async (): Promise<Kept> => stored.catch({}).parse((await store.get(KEY)) ?? {});
  const remember = async (kept: Kept): Promise<void> => void (await store.set(KEY, kept));
  const read = async (): Promise<Kept> => ({ ...(await remembered()), ...(await guard.status())?.state.kept });

  return {
    read,
    async keep(keys, why) {
      const added = keys.map((key) => [key.toLowerCase(), { why, at: clock() }] as const);
      await remember({ ...Object.fromEntries(added), ...(await read()) });
      await guard.keep(keys, why);
    },
    async release(keys) {
      const before = await read();
      if ((await guard.status()) !== undefined) await guard.release(keys);
      await remember(Object.fromEntries(Object.entries(before).filter(([key]) => !keys.includes(key))));
    },
    async mend() {
      const [known, now] = [await remembered(), await guard.status()];
      if (now === undefined || now.state.damage !== undefined) return [];
      const { kept } = now.state;
      const forgotten = Object.keys(known).filter((key) => !Object.hasOwn(kept, key));
      for (const why of ["here", "unreleased"] as const) {
        const keys = forgotten.filter((key) => known[key]?.why === why);
        if (keys.length > 0) await guard.keep(keys, why);
      }
      if (Object.keys(kept).some((key) => !Object.hasOwn(known, key))) await remember({ ...known, ...kept });
      return forgotten;
    },
  };
}
