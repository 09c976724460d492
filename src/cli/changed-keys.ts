import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config.ts";

type Keys = Readonly<Record<string, unknown>>;

/** Dotted names of what differs between two configurations, secrets that were read anew among them; never a value. */
export function changedKeys(before: Config, after: Config): readonly string[] {
  return differences(settingsOf(before), settingsOf(after), []);
}

const settingsOf = ({ path: _, secrets: __, plainSecrets: ___, ...settings }: Config): Keys => settings;

function differences(before: unknown, after: unknown, at: readonly string[]): readonly string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!hasKeys(before) || !hasKeys(after)) return [at.join(".")];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => differences(before[name], after[name], [...at, name]));
}

const hasKeys = (value: unknown): value is Keys => typeof value === "object" && value !== null && !Array.isArray(value);
