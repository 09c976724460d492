import { formatSlot, readSlot, type SlotPath } from "../openclaw/config-slots.ts";

/**
 * Where OpenClaw's configuration has its key of Anthropic's, as its documentation
 * writes it. Undefined where it names none: then there is none, or it lies in an
 * agent's own database, which only OpenClaw reads.
 * @param authored What OpenClaw's file says.
 */
export function claudeKeyPlace(authored: unknown): string | undefined {
  const profiles = readSlot(authored, ["auth", "profiles"]);
  const own = Object.keys(typeof profiles === "object" && profiles !== null ? profiles : {}).filter(
    (id) => readSlot(profiles, [id, "provider"]) === "anthropic",
  );
  const places: readonly SlotPath[] = [
    ["models", "providers", "anthropic", "apiKey"],
    ...own.map((id) => ["auth", "profiles", id]),
    ["env", "vars", "ANTHROPIC_API_KEY"],
  ];
  const found = places.find((path) => readSlot(authored, path) !== null);
  return found && formatSlot(found);
}
