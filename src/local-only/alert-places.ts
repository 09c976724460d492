import type { Conversation } from "../models/conversation.ts";
import { parsePlace } from "../models/place.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import { conversationOfSession } from "../openclaw/session-keys.ts";
import type { LockAlert } from "./create-local-only.ts";

/**
 * Where the owners hear of an alert: in the conversation in which the lock was
 * turned on, and each in a direct message. Owners that are named by a role, a group
 * or a slip of the pen have no direct conversation.
 */
export async function alertPlaces(
  { place }: Pick<LockAlert, "place">,
  parts: { readonly openclaw: Pick<OpenClaw, "readSession">; readonly owners: readonly string[] },
): Promise<readonly Conversation[]> {
  const row = place === undefined ? undefined : await parts.openclaw.readSession(place).catch(() => undefined);
  const here = row === undefined ? undefined : conversationOfSession(row.raw);
  const direct = parts.owners.flatMap((owner): Conversation[] => {
    const [, platform, id] = /^(discord(?=:\d+$)|slack(?=:[UW][A-Z0-9]+$)):(.+)$/.exec(owner) ?? [];
    return platform === undefined || id === undefined ? [] : [parsePlace(`${platform}:dm:${id}`, id)];
  });
  return [...(here === undefined ? [] : [here]), ...direct];
}
