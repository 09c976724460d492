import type { Json } from "./json.ts";
import type { SlackApp } from "./slack-app.ts";
import type { Message, Workspace } from "./workspace.ts";

/** What an interaction's `response_url` may do. */
export interface ResponseTicket {
  readonly app: SlackApp;
  readonly user: string;
  readonly channel: string;
  readonly until: number;
  used: number;
  /** The message that was pressed, or the last that this url made for the person. */
  original?: { readonly channel: string; readonly ts: string };
}

const USES = 5;
const LIFE_MS = 30 * 60_000;

export interface ResponseUrls {
  /** Gives the path. */
  open(details: Pick<ResponseTicket, "app" | "user" | "channel"> & { readonly original?: Message }): string;
  /** Carries out one post; the status is Slack's. */
  use(path: string, body: Json): { readonly status: number; readonly answer: Json };
  /** The uses of each, in the order in which they were given out. */
  uses(): readonly number[];
}

export function createResponseUrls(
  workspace: Workspace,
  clock: () => number,
  content: (
    app: SlackApp,
    body: Json,
  ) => { readonly text: string; readonly blocks: unknown } | { readonly refusal: Json },
): ResponseUrls {
  const tickets = new Map<string, ResponseTicket>();
  const refused = (error: string, status = 404) => ({ status, answer: { ok: false, error } });

  return {
    open({ original, ...details }) {
      const path = `/response/${workspace.nextId("R")}`;
      const { channel, ts } = original ?? {};
      tickets.set(path, {
        ...details,
        used: 0,
        until: clock() + LIFE_MS,
        ...(channel === undefined || ts === undefined ? {} : { original: { channel, ts } }),
      });
      return path;
    },
    use(path, body) {
      const ticket = tickets.get(path);
      if (ticket === undefined) return refused("invalid_url");
      ticket.used += 1;
      if (ticket.used > USES) return refused("used_url");
      if (clock() > ticket.until) return refused("expired_url");
      const { original } = ticket;
      const done = { status: 200, answer: { ok: true } };
      if (body["delete_original"] === true) {
        if (original !== undefined) workspace.remove(original.channel, original.ts);
        return done;
      }
      const read = content(ticket.app, body);
      if ("refusal" in read) return { status: 400, answer: read.refusal };
      if (body["replace_original"] === true && original !== undefined) {
        workspace.edit(original.channel, original.ts, read);
        return done;
      }
      const forAll = body["response_type"] === "in_channel";
      const thread = body["thread_ts"];
      const message = workspace.post({
        channel: ticket.channel,
        by: ticket.app.id,
        ...read,
        ...(typeof thread === "string" ? { thread } : {}),
        ...(forAll ? {} : { onlyFor: ticket.user }),
      });
      if (original === undefined && !forAll) ticket.original = { channel: message.channel, ts: message.ts };
      return done;
    },
    uses: () => [...tickets.values()].map(({ used }) => used),
  };
}
