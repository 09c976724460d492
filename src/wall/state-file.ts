import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { createJudge, type WallRules } from "./wall-rules.ts";

/** What the wall remembers over restarts. */
export interface WallState {
  readonly closed: boolean;
  /** Of the closing that holds, or of the one that was ended last. */
  readonly id: string;
  /** When it came to be so, epoch ms. */
  readonly at: number;
  /** What passes during this closing beside what the wall was started with. */
  readonly rules: WallRules;
  /** Why the file cannot be believed; the wall is closed then. */
  readonly damage?: string;
}

/** The id under which a wall with a damaged state can be opened. */
export const DAMAGED_ID = "damaged";

const rules = z.strictObject({ allow: z.array(z.string()), local: z.array(z.string()) });
const schema = z.strictObject({
  version: z.literal(1),
  closed: z.boolean(),
  id: z.string().max(200),
  at: z.number(),
  rules,
});

/** Where the wall keeps its state and its control socket. */
export const stateDirectory = (env: Readonly<Record<string, string | undefined>>, home: string): string =>
  join(env["XDG_STATE_HOME"] || join(home, ".local", "state"), "clutch");

const fileIn = (directory: string): string => join(directory, "wall.json");

/**
 * Never throws. No file means that no wall ever ran here, or that a person took the
 * file away: open. A file that is there and cannot be read or understood: closed.
 */
export function readState(directory: string): WallState {
  let text: string;
  try {
    text = readFileSync(fileIn(directory), "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { closed: false, id: "", at: 0, rules: { allow: [], local: [] } };
    return damaged(`cannot be read (${codeOf(error)})`);
  }
  try {
    const { version: _, ...state } = schema.parse(JSON.parse(text));
    createJudge(state.rules);
    return state;
  } catch {
    return damaged("is damaged");
  }
}

/** Returns when the state is on the disk; a crash leaves the old one or the new one. Throws `store_failed`. */
export function writeState(directory: string, { closed, id, at, rules }: WallState): void {
  const draft = `${fileIn(directory)}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = openSync(draft, "wx", 0o600);
    try {
      writeFileSync(file, `${JSON.stringify({ version: 1, closed, id, at, rules })}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, fileIn(directory));
    syncDirectory(directory);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new ClutchError("store_failed", `The wall's state in ${directory} cannot be written (${codeOf(error)}).`, {
      hint: "Check the directory's permissions and the space on its disk.",
      cause: error,
    });
  }
}

/** The new name must be on the disk too, or a power cut brings the old file back. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const damaged = (damage: string): WallState => ({
  closed: true,
  id: DAMAGED_ID,
  at: 0,
  rules: { allow: [], local: [] },
  damage,
});

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unexpected error";
