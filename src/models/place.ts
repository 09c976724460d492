import { ClutchError } from "../errors.ts";
import type { Conversation } from "./conversation.ts";

const FORMS =
  "Write discord:CHANNEL[:THREAD], discord:dm:USER, slack:CHANNEL[:THREAD_TS], slack:dm:USER or session:KEY, " +
  "with the platform's ids; @ACCOUNT/ goes before the channel where OpenClaw has several accounts (discord:@work/123).";

interface Grammar {
  readonly channel: RegExp;
  readonly user: RegExp;
  readonly thread: RegExp;
}

const GRAMMARS: Readonly<Record<string, Grammar>> = {
  discord: { channel: /^\d+$/, user: /^\d+$/, thread: /^\d+$/ },
  slack: { channel: /^[CDG][A-Z0-9]+$/, user: /^[UW][A-Z0-9]+$/, thread: /^\d+\.\d+$/ },
};

/** Platform, account, `dm:`, account again for who writes it after `dm:`, id, thread. */
const PLACE = /^(discord|slack):(?:@([^/:\s]+)\/)?(dm:)?(?:@([^/:\s]+)\/)?([^:]+)(?::([^:]+))?$/;

/**
 * Reads the WHERE of the command line. `person` is who the command runs as; in
 * `dm:USER` it is that user's direct conversation instead, whoever runs the
 * command. A channel's kind cannot be told from its id, so it is `unknown`.
 *
 * In a direct conversation `channel` equals `person` unless the DM's own
 * channel was named (`slack:D…`).
 *
 * @throws ClutchError `bad_option`, naming the accepted forms.
 */
export function parsePlace(text: string, person: string): Conversation {
  const place = text.trim();
  const session = /^session:(.*)$/s.exec(place)?.[1]?.trim();
  if (session) return { platform: "session", channel: session, kind: "unknown", person };

  const [, platform = "", before, dm, after, id = "", thread] = PLACE.exec(place) ?? [];
  const grammar = GRAMMARS[platform];
  const twoAccounts = before !== undefined && after !== undefined;
  if (!grammar || twoAccounts || !(dm ? grammar.user : grammar.channel).test(id)) throw badPlace(place);
  if (thread !== undefined && !(grammar.thread.test(thread) && !(dm && platform === "discord"))) throw badPlace(place);

  const account = before ?? after;
  const direct = dm !== undefined || (platform === "slack" && id.startsWith("D"));
  return {
    platform,
    ...(account === undefined ? {} : { account }),
    channel: id,
    ...(thread === undefined ? {} : { thread }),
    kind: direct ? "direct" : "unknown",
    person: dm ? id : person,
  };
}

/**
 * Writes a conversation as `parsePlace` reads it. A direct conversation is
 * named by its person, a terminal by the session that it talks to. Platforms
 * that the command line does not know are written alike, for people to read.
 */
export function formatPlace(conversation: Conversation): string {
  const { platform, account, channel, thread, kind, person } = conversation;
  if (platform === "session" || platform === "terminal") return `session:${channel}`;
  const where = kind === "direct" ? `dm:${person || channel}` : channel;
  return `${platform}:${account === undefined ? "" : `@${account}/`}${where}${thread === undefined ? "" : `:${thread}`}`;
}

const badPlace = (place: string): ClutchError =>
  new ClutchError("bad_option", `"${place}" is not a place that Clutch knows how to find.`, { hint: FORMS });
