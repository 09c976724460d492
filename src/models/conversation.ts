/**
 * Where a command was typed. Adapters know their platform and fill this in;
 * everything below them works with it alone.
 */
export interface Conversation {
  /** `discord`, `slack`, `terminal`, …, or `session` where a session key is named outright. */
  readonly platform: string;
  /** OpenClaw's account id on the platform; undefined means its default account. */
  readonly account?: string;
  /** The platform's id of the channel, of the other person's DM, or the session key itself. */
  readonly channel: string;
  /** Discord: the thread's own channel id. Slack: the thread's root timestamp. */
  readonly thread?: string;
  readonly kind: ConversationKind;
  /** The person's id on the platform, needed where DMs have sessions of their own. */
  readonly person: string;
  /** Discord guild or Slack team, where known: agent bindings may name it. */
  readonly space?: string;
  /** Discord role ids of the person, where known: agent bindings may name them. */
  readonly roles?: readonly string[];
}

/** `unknown` is a place named by a script, of which only the id is known: channel or group. */
export type ConversationKind = "channel" | "group" | "direct" | "unknown";
