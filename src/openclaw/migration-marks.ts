import { isAtLeast } from "./version.ts";

/** From here on OpenClaw knows the mark; 2026.8.1 refuses a configuration that bears it. */
const SEPARATES_UTILITY_MODEL = "2026.9.5";

/**
 * Says that a configuration is of today's form and nothing in it is to be migrated;
 * without it OpenClaw reads a list of models as the list of those that are allowed.
 * @param version Of the OpenClaw that is to read it, such as `2026.9.6`.
 */
export const migrationMarks = (version: string): { readonly migrations: Readonly<Record<string, true>> } => ({
  migrations: {
    modelPolicyAllowlist: true,
    ...(isAtLeast(version, SEPARATES_UTILITY_MODEL) ? { utilityModelSeparation: true } : {}),
  },
});
