import { ClutchError } from "../src/errors.ts";
import type { Until } from "../src/sessions/temporary-switches.ts";
import type { OptionValues } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { wordOf } from "./model-undo.ts";

const refuse = (message: string, hint: string): never => {
  throw new ClutchError("bad_option", message, { hint });
};

/** Options that only mean something together with others. Throws `bad_option`, so that none is passed over in silence. */
export function checkTogether(options: OptionValues): void {
  const { name, scope = "here" } = options;
  const word = wordOf(name);
  const given = (...names: readonly string[]): string | undefined => names.find((one) => options[one] !== undefined);
  if (name === undefined) {
    const lonely = given(
      "once",
      "for",
      "plan",
      "compact",
      "force",
      "pull",
      "soul",
      "after",
      ...(scope === "helpers" ? [] : ["scope"]),
    );
    const example = lonely === "scope" ? "scope:agent" : lonely === "for" ? "for:30m" : lonely;
    if (lonely !== undefined)
      refuse(`“${lonely}” needs the name of a model before it.`, `For instance: /model qwen ${example}`);
  }
  if (options["task"] !== undefined)
    refuse("“task:” goes with /model advise.", "For instance: /model advise task:code");
  if (word !== "list") {
    const ofList = given("sort", "only");
    if (ofList !== undefined) refuse(`“${ofList}:” goes with /model list.`, "For instance: /model list only:local");
  } else {
    const other = given("scope", "once", "for", "plan", "compact", "force", "pull", "soul", "after", "agent");
    if (other !== undefined) refuse(`“${other}” does not go with /model list.`, "Leave one of them out.");
  }
  if (word === "undo" && scope !== "here") {
    refuse("“undo” takes back the last change made here, whatever its scope.", "Leave “scope:” out: /model undo");
  }
  const isModel = name !== undefined && word !== "default" && word !== "undo" && word !== "list";
  const ofSwitch = given("plan", "compact", "force", "pull");
  if (ofSwitch !== undefined && (!isModel || scope !== "here")) {
    refuse(
      `“${ofSwitch}” goes with the name of a model and this conversation alone.`,
      `For instance: /model qwen ${ofSwitch}`,
    );
  }
  const ofReal = given("compact", "force", "pull");
  if (options["plan"] !== undefined && ofReal !== undefined) {
    refuse(`“plan” only shows what would be, so “${ofReal}” has nothing to do.`, "Leave one of them out.");
  }
  const ofNow = given("plan", "once", "for", "compact");
  if (options["after"] !== undefined && (!isModel || ofNow !== undefined)) {
    refuse(
      `“after” sets a model for the time after local-only mode, so it does not go with ${ofNow === undefined ? `“${word}”` : `“${ofNow}”`}.`,
      "For instance: /model sonnet after",
    );
  }
  if (options["soul"] !== undefined && (!isModel || scope !== "agent")) {
    refuse("“soul” goes with the name of a model and scope:agent.", "For instance: /model qwen scope:agent soul");
  }
}

/** Undefined for a switch that stays. Throws `bad_option` where it does not go together with the rest. */
export function untilOf({ name, scope = "here", once, for: length }: OptionValues): Until | undefined {
  if (once === undefined && length === undefined) return undefined;
  const said = once === undefined ? "for:" : "once";
  if (once !== undefined && length !== undefined) {
    refuse("“once” and “for:” are two ways to end a switch.", "Give one of them.");
  }
  const word = wordOf(name);
  if (word === "undo" || word === "default") {
    refuse(`“${said}” goes with the name of a model, not with “${word}”.`, "For instance: /model qwen once");
  }
  if (scope !== "here") {
    refuse(
      `“${said}” is for this conversation alone, so it does not go with scope:${scope}.`,
      "Leave one of them out.",
    );
  }
  return length === undefined ? { kind: "turn" } : { kind: "time", ms: parseDuration(length) };
}
