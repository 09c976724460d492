import { readSlot, type Slot } from "../openclaw/config-slots.ts";

/** What the change is for, in the journal. */
export const HIDDEN_COMMANDS = "hidden-commands";

/**
 * The settings by which OpenClaw registers no commands of its own where Clutch has
 * the same names, so that a person finds one `/model`. It can only be told to
 * register all or none. Empty where there is nothing to hide: OpenClaw is not on
 * that platform, or registers none already.
 * @param authored What OpenClaw's file says.
 * @param platforms Those that Clutch itself is on.
 */
export function hiddenCommandSlots(authored: unknown, platforms: readonly string[]): readonly Slot[] {
  return platforms.flatMap((platform): Slot[] => {
    const channel = readSlot(authored, ["channels", platform]);
    if (typeof channel !== "object" || channel === null) return [];
    if (readSlot(authored, ["channels", platform, "enabled"]) === false) return [];
    const path = ["channels", platform, "commands", "native"];
    const native = readSlot(authored, path) ?? readSlot(authored, ["commands", "native"]) ?? "auto";
    // By itself OpenClaw registers commands on Discord and none on Slack.
    const isShown = native === true || (native === "auto" && platform === "discord");
    return isShown ? [{ path, value: false }] : [];
  });
}
