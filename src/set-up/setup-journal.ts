import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../config-file.ts";

const schema = z.object({
  version: z.literal(1),
  /** Files that `clutch init` made, each noted before it is written. */
  files: z.array(z.string()),
  /** What was done, and when, epoch ms. */
  steps: z.array(z.object({ name: z.string(), at: z.number() })),
});

/**
 * What `clutch init` made on this machine, for `clutch uninstall` and the next
 * `clutch init`. What it changed in OpenClaw is in the journal of changes, in the
 * store.
 */
export interface SetupJournal {
  readonly path: string;
  read(): Readonly<z.output<typeof schema>>;
  /** Notes a file before it is written. */
  noteFile(file: string): void;
  noteStep(name: string): void;
  remove(): void;
}

/** `clock` gives epoch ms. */
export function createSetupJournal(stateDirectory: string, clock: () => number): SetupJournal {
  const path = join(stateDirectory, "setup.json");
  const read = (): z.output<typeof schema> => {
    try {
      return schema.parse(JSON.parse(readFileSync(path, "utf8")));
    } catch {
      return { version: 1, files: [], steps: [] };
    }
  };
  const write = (next: z.output<typeof schema>): void =>
    writeWhole(path, `${JSON.stringify(next, undefined, 2)}\n`, 0o600);
  return {
    path,
    read,
    noteFile(file) {
      const now = read();
      if (!now.files.includes(file)) write({ ...now, files: [...now.files, file] });
    },
    noteStep(name) {
      const now = read();
      write({ ...now, steps: [...now.steps.filter((step) => step.name !== name), { name, at: clock() }] });
    },
    remove() {
      if (existsSync(path)) rmSync(path);
    },
  };
}
