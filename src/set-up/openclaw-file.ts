import { chmodSync, copyFileSync, existsSync, readFileSync } from "node:fs";

/** Where OpenClaw's configuration is kept as it was before Clutch's first change. */
export const openclawFileCopy = (file: string): string => `${file}.before-clutch`;

/**
 * Whether OpenClaw's configuration loses something when a program changes it: OpenClaw
 * then writes it anew as plain JSON, without comments. False where it cannot be read.
 */
export function isHandWritten(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return false;
  } catch (error) {
    return error instanceof SyntaxError;
  }
}

/** Keeps a copy with mode 0600, where there is none from before. */
export function keepOpenclawFile(file: string): void {
  const copy = openclawFileCopy(file);
  if (existsSync(copy)) return;
  copyFileSync(file, copy);
  chmodSync(copy, 0o600);
}
