import type { webApi } from "@slack/bolt";
import type { Logger } from "pino";
import type { Conversation, ConversationKind } from "../../src/models/conversation.ts";
import { slackErrorName } from "./slack-problems.ts";

/** Where something happened in Slack, before we know what kind of channel it is. */
export interface Spot {
  readonly team: string;
  readonly channel: string;
  readonly user: string;
  /** The root timestamp of the thread. */
  readonly thread?: string;
}

/** How a button names where its card stands: the same words for the same channel or thread, whoever presses. */
export const placeOf = ({ team, channel, thread }: Omit<Spot, "user">): string =>
  `slack:${team}/${channel}${thread === undefined ? "" : `:${thread}`}`;

export const conversationOf = (spot: Spot, kind: ConversationKind): Conversation => ({
  platform: "slack",
  channel: spot.channel,
  ...(spot.thread === undefined ? {} : { thread: spot.thread }),
  kind,
  person: spot.user,
  space: spot.team,
});

export interface ChannelKinds {
  /** `name` is the channel's name where the payload gives one; group DMs have names of their own kind. */
  kindOf(channel: string, name?: string): Promise<ConversationKind>;
}

const MAX_KNOWN = 5_000;

/**
 * Tells channels from direct messages and groups. Mentions come without the
 * channel's name, so Slack is asked then, once a channel. That takes a scope
 * (`channels:read` and its like) which Clutch does not demand: without it the
 * kind is `unknown`, which means channel or group.
 */
export function createChannelKinds(client: webApi.WebClient, logger: Logger): ChannelKinds {
  const known = new Map<string, ConversationKind>();
  let mayAsk = true;

  const remember = (channel: string, kind: ConversationKind): ConversationKind => {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(channel, kind);
    return kind;
  };
  const ask = async (channel: string): Promise<ConversationKind> => {
    if (!mayAsk) return "unknown";
    try {
      const info = await client.conversations.info({ channel });
      return remember(channel, info.channel?.is_mpim === true ? "group" : "channel");
    } catch (thrown) {
      const name = slackErrorName(thrown);
      mayAsk = name !== "missing_scope";
      logger.debug({ channel, reason: name ?? "unreachable" }, "Slack did not say what kind of channel this is");
      return "unknown";
    }
  };
  return {
    async kindOf(channel, name) {
      if (channel.startsWith("D")) return "direct";
      if (name !== undefined && name !== "") return remember(channel, name.startsWith("mpdm-") ? "group" : "channel");
      return known.get(channel) ?? (await ask(channel));
    },
  };
}
