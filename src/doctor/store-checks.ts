import { accessSync, constants } from "node:fs";
import { dirname } from "node:path";
import { ClutchError } from "../errors.ts";
import { existingAbove } from "../hardware/models-disk.ts";
import { listBackups } from "../store/backups.ts";
import { lookAtStore, type StoreLook } from "../store/look-at-store.ts";
import { storeFile } from "../store/store-file.ts";
import { broken, type Check, configCheck, type Finding, ok, problem, skipped, warning } from "./check.ts";
import { bytes } from "./words.ts";

export const storeCheck: Check = configCheck({
  part: "store",
  name: "Database",
  deadlineMs: 60_000,
  async look({ config }, { deep }) {
    try {
      return judge(await lookAtStore(config.store, { whole: deep }));
    } catch (thrown) {
      if (!(thrown instanceof ClutchError)) throw thrown;
      return problem("broken", thrown);
    }
  },
});

const DAY_MS = 24 * 60 * 60_000;
const OLD_DAYS = 3;

export const backupsCheck: Check = configCheck({
  part: "store",
  name: "Backups",
  async look({ config, clock }) {
    const file = storeFile(config.store);
    if (file === undefined) return skipped("Only of a SQLite file Clutch makes backups by itself.");
    const [newest] = listBackups(file);
    if (newest === undefined) return skipped("There is none yet; a Clutch that runs makes one a day.");
    const days = Math.floor((clock() - newest.at) / DAY_MS);
    const found = `The newest is of ${new Date(newest.at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
    if (days <= OLD_DAYS) return ok(`${found}.`);
    return warning(`${found}, ${days} days old; a Clutch that runs makes one a day.`, "clutch store backup");
  },
});

/** Whether a store can be opened as it is: without a file to be made, and without a migration. */
export async function isStoreReady(url: string): Promise<"ready" | "missing" | "unusable"> {
  try {
    const look = await lookAtStore(url);
    if (look.kind === "missing") return "missing";
    const isUsable = look.kind === "there" && look.pending.length === 0 && judge(look).state !== "broken";
    return isUsable ? "ready" : "unusable";
  } catch {
    return "unusable";
  }
}

function judge(look: StoreLook): Finding {
  if (look.kind === "missing") {
    if (look.place === ":memory:") return ok("It is kept in memory alone and is gone when Clutch ends.");
    return ok(`There is none yet; ${look.place} is made at the first start.`);
  }
  if (look.kind === "damaged") {
    return broken(
      `The SQLite file ${look.place} is damaged: ${look.damage}.`,
      "(re)start Clutch, which puts the newest good backup in its place, or: clutch store restore",
    );
  }
  const { product, place, journal, isChecked, pending, unknown } = look;
  const what = `${product} at ${place}, ${bytes(look.sizeBytes)}`;
  if (unknown.length > 0) {
    return broken(
      `${what}: it was written by a newer version of Clutch, and this one does not touch it.`,
      "npm install --global openclaw-clutch@latest",
    );
  }
  if (pending.length > 0) {
    return ok(`${what}. ${pending.length} of its tables' changes are due; the next start makes them.`);
  }
  if (product === "SQLite" && journal !== "wal") {
    return warning(
      `${what}: its journal is “${journal}”, so whoever reads waits for whoever writes.`,
      "restart Clutch, which sets it to WAL; a folder on a network drive cannot have that",
    );
  }
  if (product === "SQLite" && !isChecked) {
    return ok(`${what}, up to date. It is too large to be checked page by page each time; clutch doctor --deep does.`);
  }
  return ok(`${what}, up to date${product === "SQLite" ? " and without damage" : " and reachable"}.`);
}

/** Less than this is a matter of days, bytes. */
const SCARCE = 1024 ** 3;
const NONE = 100 * 1024 ** 2;

export const storeSpaceCheck: Check = configCheck({
  part: "disk",
  name: "Where the store is",
  async look({ config, system }) {
    const file = storeFile(config.store);
    if (file === undefined) return skipped("The store is no file here.");
    const folder = dirname(file);
    const existing = (await system.exists(folder)) ? folder : await existingAbove(system, folder);
    if (!isWritable(existing)) {
      return broken(
        `${existing} cannot be written, so nothing can be kept there.`,
        `give the user that runs Clutch write access to ${existing}, or name another path as "store" in clutch.config.json`,
      );
    }
    return judgeSpace(await system.freeBytes(existing), existing, "Clutch stops when it is full");
  },
});

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function judgeSpace(free: number | undefined, folder: string, what: string): Finding {
  if (free === undefined) return skipped(`This system does not tell how much is free in ${folder}.`);
  const found = `${bytes(free)} are free in ${folder}`;
  if (free < NONE) return broken(`${found}; ${what}.`, "free some space on that disk");
  if (free < SCARCE) return warning(`${found}; ${what}.`, "free some space on that disk");
  return ok(`${found}.`);
}
