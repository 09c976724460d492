import type { Command } from "commander";
import type { Run } from "./run.ts";

export function storeArguments(program: Command, run: Run): void {
  const store = program
    .command("store")
    .description("look after what Clutch remembers: backups, and whether it is sound");
  const add = (action: "backup" | "check", does: string): void => {
    store
      .command(action)
      .description(does)
      .option("--json", "print one object")
      .action(async ({ json = false }: { json?: boolean }) => {
        const { storeCommand } = await import("../store.ts");
        run.exitCode = await storeCommand({ action, json }, run.runtime);
      });
  };
  add("check", "look through the whole store, and list its backups; exit code 1 where it is damaged");
  add("backup", "copy a SQLite store, while it is in use as well");
  store
    .command("restore [file]")
    .description("put a backup in the store's place, the newest good one where none is named; Clutch must not run")
    .option("--json", "print one object")
    .action(async (file: string | undefined, { json = false }: { json?: boolean }) => {
      const { storeCommand } = await import("../store.ts");
      run.exitCode = await storeCommand({ action: "restore", file, json }, run.runtime);
    });
}
