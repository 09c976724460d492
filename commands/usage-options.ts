import { ClutchError } from "../src/errors.ts";
import type { AccessLevel, OptionValues } from "./command.ts";
import { budgetAccess, checkBudgetOptions } from "./usage-budget.ts";

/** Whose figures. */
export const USAGE_SCOPES = ["here", "agent", "all"] as const;

/** Viewers see what is asked in their own conversation; what others do, and files of it, are for operators. */
export function usageAccess(options: OptionValues): AccessLevel {
  const { scope, export: format, budget } = options;
  if (budget !== undefined) return budgetAccess(options);
  return scope === "agent" || scope === "all" || format !== undefined ? "operator" : "viewer";
}

/** Options that only mean something together with others. Throws `bad_option`. */
export function checkUsageOptions(options: OptionValues): void {
  const { scope, agent } = options;
  checkBudgetOptions(options);
  if (scope === "all" && agent !== undefined) {
    throw new ClutchError("bad_option", "“agent:” does not go with scope:all, which is every agent.", {
      hint: `For one of them: /usage scope:agent agent:${agent}`,
    });
  }
}
