import { ClutchError } from "../src/errors.ts";
import type { AccessLevel, OptionValues } from "./command.ts";

/** Whose figures. */
export const USAGE_SCOPES = ["here", "agent", "all"] as const;

/** Viewers see what is asked in their own conversation; what others do, and files of it, are for operators. */
export const usageAccess = ({ scope, export: format }: OptionValues): AccessLevel =>
  scope === "agent" || scope === "all" || format !== undefined ? "operator" : "viewer";

/** Options that only mean something together with others. Throws `bad_option`. */
export function checkUsageOptions({ scope, agent }: OptionValues): void {
  if (scope === "all" && agent !== undefined) {
    throw new ClutchError("bad_option", "“agent:” does not go with scope:all, which is every agent.", {
      hint: `For one of them: /usage scope:agent agent:${agent}`,
    });
  }
}
