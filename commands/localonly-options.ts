import { ClutchError } from "../src/errors.ts";
import type { AccessLevel, OptionValues } from "./command.ts";

/** The words that `/localonly` takes first. */
export const LOCK_ACTIONS = ["status", "on", "off", "verify", "release"] as const;

/** Who may do it: the lock is the system's, a conversation is its operators'. */
export function lockAccess({ action, here, all }: OptionValues): AccessLevel {
  if (here !== undefined || action === "verify") return "operator";
  if (action === "release") return all === undefined ? "operator" : "owner";
  return action === "on" || action === "off" ? "owner" : "viewer";
}

const refuse = (message: string, hint: string): never => {
  throw new ClutchError("bad_option", message, { hint });
};

/** Options that only mean something together with others. Throws `bad_option`, so that none is passed over in silence. */
export function checkLockOptions(options: OptionValues): void {
  const { action, here, all } = options;
  const isSwitch = action === "on" || action === "off";
  const given = (...names: readonly string[]): string | undefined => names.find((name) => options[name] !== undefined);

  if (here !== undefined && !isSwitch) {
    refuse("“here” goes with on or off.", "For instance: /localonly here on");
  }
  if (all !== undefined && action !== "release") {
    refuse("“all” goes with release.", "For instance: /localonly release all");
  }
  const ofLock = given("for", "daily", "restore");
  if (here !== undefined && ofLock !== undefined) {
    refuse(
      `“${ofLock}:” is about every conversation, so it does not go with “here”.`,
      "/localonly here on keeps this conversation local until /localonly here off",
    );
  }
  if (options["for"] !== undefined && options["daily"] !== undefined) {
    refuse("“for:” and “daily:” are two ways to end it.", "Give one of them: /localonly on for:2h");
  }
  if (options["for"] !== undefined && !isSwitch) {
    refuse("“for:” goes with on or off.", "For instance: /localonly on for:2h");
  }
  if (options["daily"] !== undefined && action !== "on") {
    refuse("“daily:” goes with on.", "To end the daily times: /localonly on daily:never");
  }
  if (options["restore"] !== undefined && action !== "off") {
    refuse("“restore:” goes with off.", "For instance: /localonly off restore:others");
  }
  if (options["reason"] !== undefined && !isSwitch && action !== "release") {
    refuse("“reason:” goes with a change.", 'For instance: /localonly on reason:"until the audit is over"');
  }
  if (options["agent"] !== undefined && here === undefined && (action !== "release" || all !== undefined)) {
    refuse("“agent:” goes with here, or with release alone.", "For instance: /localonly here on agent:main");
  }
}
