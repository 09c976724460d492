import { ClutchError } from "../errors.ts";
import type { Conversation } from "../models/conversation.ts";
import { formatPlace, parsePlace } from "../models/place.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import { conversationOfSession } from "../openclaw/session-keys.ts";
import type { AlertTarget } from "../store/deliver-alerts.ts";
import type { LockAlert } from "./lock-alerts.ts";

/** Undefined where OpenClaw alone could say which conversation it is, and cannot be asked now. */
export type AlertPlace = Conversation | undefined;

/**
 * Where the owners hear of an alert: in the conversation in which the lock was
 * turned on, and each in a direct message. Owners that are named by a role, a group
 * or a slip of the pen have no direct conversation.
 */
export async function alertPlaces(
  { place }: Pick<LockAlert, "place">,
  parts: { readonly openclaw: Pick<OpenClaw, "readSession">; readonly owners: readonly string[] },
): Promise<readonly AlertPlace[]> {
  const here = place === undefined ? [] : await conversationAt(place, parts.openclaw);
  const direct = parts.owners.flatMap((owner): Conversation[] => {
    const [, platform, id] = /^(discord(?=:\d+$)|slack(?=:[UW][A-Z0-9]+$)):(.+)$/.exec(owner) ?? [];
    return platform === undefined || id === undefined ? [] : [parsePlace(`${platform}:dm:${id}`, id)];
  });
  return [...here, ...direct];
}

/** Empty where the session is gone, or is of no chat. */
async function conversationAt(key: string, openclaw: Pick<OpenClaw, "readSession">): Promise<readonly AlertPlace[]> {
  try {
    const row = await openclaw.readSession(key);
    const conversation = row === undefined ? undefined : conversationOfSession(row.raw);
    return conversation === undefined ? [] : [conversation];
  } catch (thrown) {
    if (!(thrown instanceof ClutchError)) throw thrown;
    return [undefined];
  }
}

/** These places, each once, and the terminal, for which no conversation is given. One that is not known yet waits. */
export function alertTargets(
  places: readonly AlertPlace[],
  post: (conversation: Conversation | undefined) => Promise<boolean | undefined>,
): readonly AlertTarget[] {
  const terminal: AlertTarget = {
    name: "terminal",
    async post() {
      await post(undefined);
      // Where nobody sits at it nobody ever will for this one.
      return true;
    },
  };
  const targets = places.map(
    (conversation): AlertTarget =>
      conversation === undefined
        ? { name: "a conversation that is not known yet", post: async () => false }
        : { name: formatPlace(conversation), post: async () => (await post(conversation)) !== false },
  );
  return [terminal, ...new Map(targets.map((target) => [target.name, target])).values()];
}
