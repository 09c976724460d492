import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { GatewayConnection, RequestOptions } from "./connection.ts";
import { listReply, parseReply, type SessionRow } from "./wire.ts";

/** Every session that OpenClaw still has, archived ones and those of no conversation too. */
export interface AllSessions {
  /** A page, the session with the newest change first; `next` is undefined after the last one. Throws the codes of `GatewayConnection.request`. */
  list(offset: number, options?: RequestOptions): Promise<AllSessionsPage>;
}

export interface AllSessionsPage {
  readonly sessions: readonly SessionRow[];
  readonly next: number | undefined;
  /** Of all pages; as many as are known where OpenClaw does not say. */
  readonly total: number;
}

const PAGE = 200;
const totals = z.looseObject({ totalCount: z.int().optional().catch(undefined) });

export function createAllSessions(connection: Pick<GatewayConnection, "request">): AllSessions {
  /** An older OpenClaw takes fewer. */
  let filters: Record<string, unknown> = { archived: "all", includeGlobal: true, includeUnknown: true };

  return {
    async list(offset, options) {
      const request = () =>
        connection.request("sessions.list", { limit: PAGE, offset, ...filters }, { timeoutMs: 60_000, ...options });
      let raw: unknown;
      try {
        raw = await request();
      } catch (thrown) {
        if (!(thrown instanceof ClutchError) || thrown.code !== "gateway_refused") throw thrown;
        filters = {};
        raw = await request();
      }
      const { sessions, hasMore, nextOffset } = parseReply(listReply, "sessions.list", raw);
      const seen = offset + sessions.length;
      return {
        sessions,
        next: hasMore && sessions.length > 0 ? (nextOffset ?? seen) : undefined,
        total: totals.parse(raw).totalCount ?? seen,
      };
    },
  };
}
