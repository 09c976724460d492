import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ClutchError } from "../errors.ts";

/**
 * Ends the guard's lock in its file, without the gateway: one that runs follows within
 * a second, one that starts finds it so. False where there was no lock. `now` in epoch
 * ms. Throws `store_failed`.
 */
export function forceGuardOff(directory: string, now: number): boolean {
  const file = join(directory, "guard.json");
  if (!existsSync(file)) return false;
  const { on, ...state } = readOr(DAMAGED, file);
  if (on === false) return false;
  const draft = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    writeFileSync(draft, `${JSON.stringify({ ...state, on: false, at: now })}\n`, { mode: 0o600, flush: true });
    renameSync(draft, file);
    return true;
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new ClutchError("store_failed", `The guard's file ${file} cannot be written, so the guard stays on.`, {
      hint: "Check the directory's permissions and the space on its disk.",
      cause,
    });
  }
}

/** As the guard takes a file that it cannot believe: on, by this name. */
const DAMAGED = { version: 1, on: true, id: "damaged", kept: {}, models: [], order: {}, tools: [] };

function readOr(otherwise: typeof DAMAGED, file: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(readFileSync(file, "utf8"));
    const isState = typeof found === "object" && found !== null && "version" in found && found.version === 1;
    return isState ? { ...otherwise, ...found } : otherwise;
  } catch {
    return otherwise;
  }
}
