import { z } from "zod";
import type { Conversation, ConversationKind } from "../models/conversation.ts";
import { isSessionNamed } from "./agent-route.ts";
import { canonicalAccount } from "./routing-config.ts";
import { foldKey, type ParsedSessionKey, parentKey, parseSessionKey } from "./session-key-syntax.ts";

const maybe = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const text = maybe(z.string().trim().min(1));
const id = maybe(z.union([z.string(), z.number()]).transform((value) => String(value).trim() || undefined));

const rowSchema = z.object({
  key: z.string(),
  chatType: text,
  channel: text,
  deliveryContext: maybe(z.object({ channel: text, to: text, accountId: text, threadId: id })),
  lastChannel: text,
  lastTo: text,
  lastAccountId: text,
  lastThreadId: id,
});

/**
 * Where a notice about a session has to be posted, from the session's row as
 * the gateway lists it; undefined where nothing says (a session that never
 * left the terminal or the dashboard, or a row that is none).
 *
 * A key that names a channel or a person is the session's identity, so its
 * place holds even if the last message went elsewhere. Keys are folded to lower
 * case while ids are not, so the id is read from the last delivery where that
 * went to the same place, and only else from the key: safe for Discord (digits)
 * and Slack (always upper case). Main sessions, subagents and jobs name no
 * place: theirs is that of the last delivery.
 *
 * `person` is empty in channels and groups. In a direct conversation `channel`
 * equals `person` unless the DM's own channel is known.
 */
export function conversationOfSession(row: unknown): Conversation | undefined {
  const parsed = rowSchema.safeParse(row);
  if (!parsed.success) return undefined;
  const key = parseSessionKey(parsed.data.key);
  const delivered = deliveryOf(parsed.data, key);
  const named = key && placeOfKey(key, parsed.data.key);
  if (!named) return isPlaceless(key) ? delivered : undefined;
  if (!delivered || delivered.platform !== named.platform) return asIds(named);
  const { space, thread: _, ...place } = delivered;
  const account = named.account ?? delivered.account;
  const also = { ...(account === undefined ? {} : { account }), ...(space === undefined ? {} : { space }) };
  const thread = named.thread === undefined ? {} : { thread: named.thread };
  // The key may have the name that identity links give to a person: only the delivery has the id then.
  if (named.kind === "direct" && delivered.kind === "direct") return { ...place, ...also, ...thread };
  if (same(delivered.channel, named.channel)) return asIds({ ...named, ...also, channel: delivered.channel });
  // A Discord thread whose last delivery named the parent channel and the thread apart.
  if (same(delivered.thread, named.channel)) return { ...delivered, kind: named.kind };
  return asIds({ ...named, ...also });
}

/**
 * Whether a session's row is the one of this conversation: for the results of
 * a search, where no derived key exists. Jobs that merely post into the
 * conversation (cron, hooks, subagents, heartbeats) don't count, except that a
 * thread may be bound to a subagent or ACP session, which then answers in it.
 */
export function matchesConversation(row: unknown, conversation: Conversation): boolean {
  const parsed = rowSchema.safeParse(row);
  if (!parsed.success) return false;
  const key = parseSessionKey(parsed.data.key);
  if (isSessionNamed(conversation)) {
    const wanted = foldKey(conversation.channel);
    return foldKey(parsed.data.key) === wanted || (key !== undefined && key.rest === wanted);
  }
  if (!mayHold(key, parsed.data.key, conversation)) return false;
  const place = conversationOfSession(row);
  if (place === undefined || place.platform !== conversation.platform.toLowerCase()) return false;
  if (conversation.kind === "direct") {
    return place.kind === "direct" && same(place.person, conversation.person) && sameAccount(key, conversation);
  }
  if (place.kind === "direct") return false;
  if (place.platform === "discord")
    return same(place.thread ?? place.channel, conversation.thread ?? conversation.channel);
  return same(place.channel, conversation.channel) && same(place.thread ?? "", conversation.thread ?? "");
}

type Row = z.infer<typeof rowSchema>;

const CONVERSATIONS: ReadonlySet<ParsedSessionKey["kind"]> = new Set(["main", "channel", "group", "direct", "thread"]);

function mayHold(key: ParsedSessionKey | undefined, raw: string, conversation: Conversation): boolean {
  if (key === undefined) return foldKey(raw) === "global";
  if (CONVERSATIONS.has(key.kind)) return true;
  return conversation.thread !== undefined && (key.kind === "subagent" || /^acp:(?!.*:heartbeat(:|$))/s.test(key.rest));
}

function sameAccount(key: ParsedSessionKey | undefined, { account }: Conversation): boolean {
  return account === undefined || key?.account === undefined || key.account === canonicalAccount(account);
}

/** True for keys that say nothing about where their session takes place. */
const isPlaceless = (key: ParsedSessionKey | undefined): boolean => key === undefined || key.platform === undefined;

/** The place that a key names, its ids still in lower case. */
function placeOfKey(key: ParsedSessionKey, raw: string): Conversation | undefined {
  const base = key.kind === "thread" ? parseSessionKey(parentKey(raw) ?? "") : key;
  if (key.platform === undefined || key.peer === undefined || base === undefined) return undefined;
  const target = targetOf(key.platform, key.peer);
  const kind = base.kind === "channel" || base.kind === "group" || base.kind === "direct" ? base.kind : undefined;
  if (kind === undefined) return undefined;
  return {
    platform: key.platform,
    ...(key.account === undefined ? {} : { account: key.account }),
    ...(target.space === undefined ? {} : { space: target.space }),
    channel: target.id,
    ...(key.thread === undefined ? {} : { thread: key.thread }),
    kind,
    person: kind === "direct" ? target.id : "",
  };
}

/** A place from a key alone, with ids as the platform writes them; undefined where the peer cannot be such an id. */
function asIds(place: Conversation): Conversation | undefined {
  if (place.platform === "discord") return /^\d+$/.test(place.channel) ? place : undefined;
  if (place.platform !== "slack") return place;
  const channel = place.channel.toUpperCase();
  const direct = place.kind === "direct";
  if (!(direct ? /^[UW][A-Z0-9]+$/ : /^[CDG][A-Z0-9]+$/).test(channel)) return undefined;
  const space = place.space === undefined ? {} : { space: place.space.toUpperCase() };
  return { ...place, ...space, channel, person: direct ? channel : "" };
}

function deliveryOf(row: Row, key: ParsedSessionKey | undefined): Conversation | undefined {
  const delivery = row.deliveryContext;
  const platform = (delivery?.channel ?? row.lastChannel ?? row.channel)?.toLowerCase();
  const to = delivery?.to ?? row.lastTo;
  if (platform === undefined || to === undefined) return undefined;
  const target = targetOf(platform, to);
  const account = delivery?.accountId ?? row.lastAccountId;
  const thread = delivery?.threadId ?? row.lastThreadId;
  const kind = target.kind ?? kindOf(platform, target.id, row, key);
  return {
    platform,
    ...(account === undefined ? {} : { account }),
    ...(target.space === undefined ? {} : { space: target.space }),
    channel: target.id,
    // Discord names a thread by its own channel id, in `to` as well.
    ...(thread === undefined || thread === target.id ? {} : { thread }),
    kind,
    person: kind !== "direct" ? "" : target.user ? target.id : personOf(platform, key),
  };
}

/** The key's person, where only the DM's channel was delivered to. */
function personOf(platform: string, key: ParsedSessionKey | undefined): string {
  const peer = key?.kind === "direct" ? (key.peer ?? "") : "";
  return platform === "slack" ? peer.toUpperCase() : peer;
}

interface Target {
  readonly id: string;
  readonly space?: string;
  readonly kind?: ConversationKind;
  readonly user?: boolean;
}

/** Reads `channel:C1`, `user:U1`, `discord:channel:1`, `team:T1:channel:C1` or a bare id. */
function targetOf(platform: string, to: string): Target {
  const bare = to.toLowerCase().startsWith(`${platform}:`) ? to.slice(platform.length + 1) : to;
  const match = /^(?:team:([^:]+):)?(?:(channel|group|user|direct|dm):)?(.+)$/is.exec(bare);
  const [, space, label, id = bare] = match ?? [];
  const named = label?.toLowerCase();
  const user =
    named === "user" || named === "direct" || named === "dm" || (platform === "slack" && /^[UW][A-Z0-9]+$/.test(id));
  const kind = user ? "direct" : named === "group" ? "group" : undefined;
  return { id, user, ...(space === undefined ? {} : { space }), ...(kind === undefined ? {} : { kind }) };
}

function kindOf(platform: string, id: string, row: Row, key: ParsedSessionKey | undefined): ConversationKind {
  if (key?.kind === "direct" || (platform === "slack" && id.startsWith("D"))) return "direct";
  return key?.kind === "group" || row.chatType === "group" ? "group" : "channel";
}

const same = (a: string | undefined, b: string | undefined): boolean => a?.toLowerCase() === b?.toLowerCase();
