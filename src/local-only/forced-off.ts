import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const schema = z.object({ at: z.number(), actor: z.string() });

/**
 * The word of somebody who turned the lock off without gateway and store. It lies in
 * Clutch's state directory until a Clutch that has both has seen to the rest;
 * otherwise the journal would say that the lock is on, and the stricter wins.
 */
export interface ForcedOff {
  read(): Promise<z.output<typeof schema> | undefined>;
  write(word: z.output<typeof schema>): Promise<void>;
  forget(): Promise<void>;
}

export function createForcedOff(directory: string): ForcedOff {
  const path = join(directory, "forced-off.json");
  return {
    async read() {
      const text = await readFile(path, "utf8").catch(() => undefined);
      if (text === undefined) return undefined;
      try {
        return schema.parse(JSON.parse(text));
      } catch {
        // Who wrote half of it did not turn anything off.
        return undefined;
      }
    },
    async write(word) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(path, `${JSON.stringify(word)}\n`, { mode: 0o600 });
    },
    forget: () => rm(path, { force: true }),
  };
}
