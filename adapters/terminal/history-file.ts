import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Lines that are remembered between two starts. */
export const MAX_HISTORY = 1_000;

/** Lines of earlier sessions, newest first; none where there is no readable file. */
export function readHistory(file: string): string[] {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines
      .filter((line) => line !== "")
      .slice(-MAX_HISTORY)
      .reverse();
  } catch {
    return [];
  }
}

/**
 * Writes the lines, given newest first, for the owner's eyes alone (mode 0600).
 * A history that cannot be written is no reason to disturb a conversation, so
 * nothing is thrown.
 */
export function writeHistory(file: string, lines: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const fresh = `${file}.${process.pid}`;
    writeFileSync(
      fresh,
      lines
        .slice(0, MAX_HISTORY)
        .toReversed()
        .map((line) => `${line}\n`)
        .join(""),
      { mode: 0o600 },
    );
    renameSync(fresh, file);
  } catch {
    // As said above.
  }
}
