import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { z } from "zod";

const packageJson = z.object({ version: z.string() });

/** Of this Clutch, as its package says. */
export function clutchVersion(): string {
  const path = findPackageJSON(import.meta.url);
  return path === undefined ? "unknown" : packageJson.parse(JSON.parse(readFileSync(path, "utf8"))).version;
}
