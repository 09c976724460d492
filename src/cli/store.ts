import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { loadConfig } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { hideSecrets } from "../logger.ts";
import { type Backup, backUp, listBackups } from "../store/backups.ts";
import { checkStore } from "../store/check-store.ts";
import { newestGood, restoreStore } from "../store/mend-store.ts";
import { storeFile } from "../store/store-file.ts";
import { when } from "./mended-store.ts";
import type { ExitCode, Runtime } from "./runtime.ts";

export interface StoreOptions {
  readonly action: "backup" | "check" | "restore";
  /** The backup to restore; the newest good one where it is not named. */
  readonly file?: string | undefined;
  readonly json: boolean;
}

interface Answer {
  readonly text: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
  readonly exitCode: ExitCode;
}

/** Exit code 0 when it was done or is sound, 2 where the person has to correct something, 1 where the store is broken. */
export async function storeCommand(options: StoreOptions, runtime: Runtime): Promise<ExitCode> {
  const secrets: string[] = [];
  try {
    const config = await loadConfig(runtime);
    secrets.push(...config.secrets);
    const { text, json, exitCode } = await ACTIONS[options.action](config.store, options, runtime);
    const shown = options.json ? JSON.stringify(json) : text.join("\n");
    runtime.stdout.write(`${hideSecrets(shown, secrets)}\n`);
    return exitCode;
  } catch (thrown) {
    const { message, hint, code, isFault } = toClutchError(thrown);
    const shown = options.json
      ? JSON.stringify({ ok: false, error: { code, message, hint } })
      : [`✗ ${message}`, ...(hint === "" ? [] : [`  ${hint}`])].join("\n");
    (options.json ? runtime.stdout : runtime.stderr).write(`${hideSecrets(shown, secrets)}\n`);
    return isFault ? 1 : 2;
  }
}

const ACTIONS: Readonly<
  Record<StoreOptions["action"], (url: string, options: StoreOptions, runtime: Runtime) => Promise<Answer>>
> = { check, backup: makeBackup, restore };

async function check(url: string, _options: StoreOptions, { clock, cwd }: Runtime): Promise<Answer> {
  const health = await checkStore(url, clock, cwd);
  const file = storeFile(url, cwd);
  const backups = file === undefined ? [] : listBackups(file);
  const where = file ?? "The PostgreSQL store";
  const words = {
    sound: `✓ ${where} is sound.`,
    missing: `• ${where} does not exist yet; it is made when it is needed.`,
    damaged: `✗ ${where} is damaged: ${health.state === "damaged" ? health.damage : ""}.`,
  };
  const advice =
    health.state === "damaged"
      ? ["  Start Clutch, which restores the newest good backup, or: clutch store restore"]
      : [];
  return {
    text: [words[health.state], ...advice, ...backups.map(({ path, at }) => `  backup of ${when(at)}: ${path}`)],
    json: { ok: health.state !== "damaged", ...health, file: file ?? null, backups: backups.map(jsonOf) },
    exitCode: health.state === "damaged" ? 1 : 0,
  };
}

async function makeBackup(url: string, _options: StoreOptions, { clock, cwd }: Runtime): Promise<Answer> {
  const file = fileOf(url, cwd);
  if (!existsSync(file)) throw noStore(file);
  const made = await backUp(file, clock());
  return {
    text: [`✓ Backed up to ${made.path}. The newest three are kept.`],
    json: { ok: true, backup: jsonOf(made) },
    exitCode: 0,
  };
}

async function restore(url: string, options: StoreOptions, { clock, cwd }: Runtime): Promise<Answer> {
  const file = fileOf(url, cwd);
  const backup = options.file === undefined ? (await newestGood(file))?.path : resolve(cwd, options.file);
  if (backup === undefined) {
    throw new ClutchError("bad_option", `There is no good backup beside ${file}; nothing was changed.`, {
      hint: "Name one: clutch store restore FILE",
    });
  }
  const setAside = await restoreStore(file, backup, clock());
  const kept = setAside === undefined ? [] : [`  What was there before is kept as ${setAside}.`];
  return {
    text: [`✓ ${file} is now what ${backup} was.`, ...kept],
    json: { ok: true, restored: backup, setAside: setAside ?? null },
    exitCode: 0,
  };
}

const jsonOf = ({ path, at }: Backup): object => ({ path, at: new Date(at).toISOString() });

function fileOf(url: string, cwd: string): string {
  const file = storeFile(url, cwd);
  if (file !== undefined) return file;
  throw new ClutchError("bad_option", "The store is no SQLite file, so Clutch makes and restores no backups of it.", {
    hint: "PostgreSQL has pg_dump and pg_restore.",
  });
}

const noStore = (file: string): ClutchError =>
  new ClutchError("bad_option", `There is no store at ${file} yet.`, { hint: "Clutch makes it when it is needed." });
